# Exports.

export-nothing = 書き出すものはまだありません
export-nothing-next = 枝刈り（Ctrl+Enter）を行うと、書き出せる実行ができます
export-run = 実行
export-run-name = 書き出す実行
export-bundle = バンドルを書き出す…
    .hint = フォルダーを選んで書き出します
export-writing = 書き出してから、再生して検証しています
export-cancelled = キャンセルしました。何も残っていません
export-failed = ✕ 書き出せませんでした。通知をご覧ください

# What a bundle holds.
export-section-bundle = バンドル
export-weights = スパースモデルの重み
export-weights-by-recipe = レシピの指定どおりの形式です
export-as-f32 = 32 ビット浮動小数点数：ビット単位で同じ
export-as-bf16 = 16 ビットに丸めます。その影響は metrics.json と下に示します
export-as-f16 = 16 ビットに丸めます（最大 65,504）。その影響は metrics.json と下に示します
export-as-int8 = 8 ビット。出力ごとの尺度は学習ノードで選びます。その影響は metrics.json と下に示します
export-no-features = ノードの特徴量を含めない
    .hint = バンドルの実行にはグラフが必要になります：unifews replay BUNDLE --graph GRAPH
export-no-new-nodes = 新規ノードの判定に使うものを含めない
    .hint = 枝刈り前の行列を含むことがあります。含めないと、到着したノードをバンドルで予測できません
export-features-leave = ⚠ ノードの特徴量が外部に渡ります：{ $file }
export-embedding-leaves = ⚠ モデルの入力となる embedding.npy は、ノードの特徴量から作られています
export-features-stay = ノードの特徴量は含まれません。バンドルの実行にはグラフが必要です
export-total = { $n } ファイル、約 { $size }
export-file-model = 保持した重み（除去したものは 0）、PyTorch の名前
export-file-sparse = 同じ重みのスパース形式、重みは { $values }
export-file-masks = 1 = 保持、同じ形状
export-file-entries = エントリーの値、{ $values }
export-file-edges = { $step }：保持したエントリー（SciPy CSR）
export-file-new-nodes = 到着したノードの判定に使うもの
export-file-new-nodes-unpruned = 到着したノードの判定に使うもの（枝刈り前の行列を含む）
export-file-features = グラフのノードの特徴量
export-file-embedding = グラフ上で伝播した特徴量（モデルの入力）
export-file-logits = 枝刈り後のモデルの出力
export-file-logits-low = 低精度での同じ出力：{ $stored }
export-file-predictions = ノード、ラベル、枝刈り前後のクラス、余裕
export-file-metrics = 実行のすべての数値
export-file-recipe = 完全なレシピ
export-file-client = numpy と scipy でバンドルを実行
export-file-readme = 受け取る人への説明
export-file-manifest = 全体の並びと、各ファイルのハッシュ

# Forms for other programs.
export-section-items = ほかのプログラム用
export-group-weights = 重み
export-group-graphs = 各層のグラフ
export-group-network = ネットワーク
export-group-predictions = 予測
export-group-metrics = 実行の数値
export-group-recipe = レシピ
export-edge-list = エッジの一覧
export-item = { $group }：{ $form }
export-items = ファイルを書き出す…
    .hint = フォルダーを選びます。すべてのファイルを読み直して照合します

# A cluster.
export-section-cluster = クラスター用
export-cluster-says = 一台に収まらないグラフのための、同じレシピの Apache Spark ジョブです。ノードとエッジは Parquet から読みます。
export-not-this-run = この実行では使えません：{ $why }
export-job = ジョブを書き出す…
    .hint = フォルダーを選びます。spark-submit の使い方は README にあります
export-compare = ディスク上の実行と比較…
    .hint = ジョブの出力またはバンドルと、マスク、クラス、ロジットを比較します
export-beside = この実行との比較

# What was written.
export-verified = ✓ 検証済み
    .hint = 読み直して照合しました
export-not-verified = ⚠ 未検証
export-written = { $n } ファイル、{ $size }
export-same-logits = すべてのロジットがビット単位で一致
export-same-numbers = すべての数値がビット単位で一致
export-difference = 最大差 { $largest }
export-copy-replay = 再生コマンドをコピー
export-reveal = フォルダーを表示
export-left-out = 含まれないもの：{ $name }：{ $why }
export-files = ファイル
export-same-bits = ビット単位で一致
export-compared = 照合：{ $what }

# A pilot.
export-section-pilot = 試験運用用
export-pilot-says = ベースラインと枝刈り後のモデルを一つのフォルダーにまとめます。単一ノードの要求に答えるサーバーと、その記録から差が限度に収まるかを判定するスクリプトが付きます。
export-pilot-share = 枝刈り後のモデルで答えるノード
    .hint = ノード ID のハッシュで決めます。同じ ID には常に同じモデルが答えます
export-pilot-sample = 両方の答えを記録するノード
    .hint = ID の別のハッシュで決めます。記録を読むスクリプトは、これらのノードで二つのモデルを比較します
export-pilot-limit-certified = 許容する低下は { $points } ポイント（この実行の保証のとおり）
export-pilot-limit-asked = 許容する低下は { $points } ポイント（判定の設定のとおり）
export-pilot = 試験運用を書き出す…
    .hint = フォルダーを選びます。開始、振り分け、記録の読み方、停止の方法は README にあります
export-pilot-no-limit = 試験運用で低下を確かめるには、0 より大きい限度が必要です

# What is told when it is done.
export-done = { $folder } に書き出しました
export-job-done = PySpark 4 のジョブを { $folder } に書き出しました
export-job-next = spark-submit の使い方は README にあります。「ファイル › クラスター用に保存」でグラフを Parquet に書き出せます
export-stored = { $name } を { $folder } に保存しました
export-stored-arrays = 配列 { $size }
export-stored-arrays-next = unifews propagate は、このフォルダーからグラフより少ないメモリで処理します
export-stored-tables = nodes.parquet と edges.parquet
export-stored-tables-next = クラスターのジョブも、このプログラムも、両方を読めます

# What cannot be done yet: verbs, then what is needed.
export-what = 書き出し
export-what-store = 保存
export-needs-form = 一つ以上の形式
export-needs-graph = グラフ
export-tick-form = 「ほかのプログラム用」で選んでください
