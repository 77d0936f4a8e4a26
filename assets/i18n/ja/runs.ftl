# Runs: their table, groups, comparison of two.

runs-none = 実行はまだありません
runs-none-next = 枝刈り（Ctrl+Enter）を行うと、レシピをすべて適用し、実行をここに残します
runs-filter = 絞り込み
runs-filter-name = 実行を絞り込む
runs-group-by = グループ
runs-group-by-name = 実行のグループ分け
runs-by-nothing = なし
    .hint = すべての実行を一つの一覧にします
runs-by-method = 手法
    .hint = 除去の順位の付け方と、精度回復の有無
runs-by-tag = タグ
    .hint = 各実行の最初のタグ
runs-by-network = ネットワーク
    .hint = ネットワークとその大きさ
runs-no-tag = タグなし
runs-nothing-removed = 除去なし
runs-method-of-edges = { $edges }（エッジ）
runs-method-of-weights = { $weights }（重み）
runs-method-of-both = { $edges }（エッジ）、{ $weights }（重み）
runs-caption-one = 実行 1 件
runs-caption = 実行 { $n } 件 · 二つ選んで比較
runs-show-comparison = 比較を表示
runs-save-table = 表を保存…
    .hint = ここに見える実行の全列を、閾値、手法、メモ、タグとともに完全な精度で保存します
runs-copy-table = 表をコピー
    .hint = 同じ内容を表計算ソフト用にコピーします
runs-writer = 実行の表を保存

# Columns: a space in a name may become a line break.
runs-column-run = 実行
    .hint = 実行した順
runs-column-test = テスト
    .hint = テストノードでの枝刈り後のモデルの精度
runs-column-validation = 検証
    .hint = 検証ノードでの枝刈り後のモデルの精度
runs-column-edges = エッジの 除去率
    .hint = 全層を通したグラフのエントリーの除去率
runs-column-weights = 重みの 除去率
    .hint = 全層を通した重みの除去率
runs-column-operations = 積和演算
    .hint = 枝刈り後の順伝播の積和演算の数
runs-column-time = 時間
    .hint = 枝刈り後の順伝播の計測時間
runs-column-speedup = 高速化
    .hint = 枝刈り前の順伝播に対する計測値
runs-click-to-sort =
    { $says }

    クリックで並べ替え

runs-tick = { $name } を比較
    .hint = ほかの実行と比較します
runs-pinned = 先頭に固定
runs-actions = { $name } の操作
runs-take-over = レシピを採用
runs-rename = 名前を変更…
runs-note = メモ…
runs-tags = タグ…
runs-type-name = 新しい名前
runs-type-note = メモ
runs-type-tags = タグ（コンマ区切り）
runs-pin = 先頭に固定
runs-unpin = 固定を解除
runs-export = バンドルを書き出す…
runs-delete = 削除
    .hint = 「元に戻す」で戻せます

# Groups.
runs-group-actions = グループ { $name } の操作
runs-group-numbers = グループの最良値。下は平均 ± 最小と最大の差の半分です
runs-group-count = { $n ->
       *[other] 実行 { $n } 件
    }
runs-group-says = グループ { $name }、{ $n ->
       *[other] 実行 { $n } 件
    }
runs-group-says-test = グループ { $name }、{ $n ->
       *[other] 実行 { $n } 件
    }、テストの最良 { $best }、平均 { $mean }
runs-group-pin = グループを先頭に固定
runs-group-unpin = グループの固定を解除
runs-group-keep = このグループだけを残す
runs-group-keep-says = ほかの実行 { $n ->
       *[other] { $n } 件
    }を、絞り込みで隠れているものも含めて削除します。「元に戻す」で戻せます
runs-group-delete = グループを削除
    .hint = 一度の操作です。「元に戻す」で戻せます

# Two runs on one page.
compared-back = ← すべての実行
    .hint = 表に戻ります。二つは選ばれたままです
compared-title = { $a } と { $b } の比較
compared-names = A は { $a }、B は { $b }
compared-impossible = この二つは比較できません
compared-running = 比較しています
compared-running-says = マスク、予測、レシピを比較しています
compared-other-graphs = 二つの実行はグラフが異なるため、エントリー、予測、精度は比較しません
compared-other-splits = 二つの実行は評価に使った分割が異なるため、精度は比較しません
compared-same-classes = 全 { $all } ノードのクラスが同じです
compared-other-classes = { $all } ノード中 { $n } ノードのクラスが異なります（{ $share }）
compared-least-points = わずかに（0.1 ポイント未満）
compared-accuracy-same = { $part }：測定できる差はありません。B は A と同じです（{ $metric ->
        [micro-f1] マイクロ F1 の
       *[accuracy] {""}
    }95 % 信頼区間 { $low }〜{ $high } ポイント、ノードごとの比較）
compared-accuracy-above = { $part }：測定できる差はありません。B は A より { $points }高い値です（{ $metric ->
        [micro-f1] マイクロ F1 の
       *[accuracy] {""}
    }95 % 信頼区間 { $low }〜{ $high } ポイント、ノードごとの比較）
compared-accuracy-below = { $part }：測定できる差はありません。B は A より { $points }低い値です（{ $metric ->
        [micro-f1] マイクロ F1 の
       *[accuracy] {""}
    }95 % 信頼区間 { $low }〜{ $high } ポイント、ノードごとの比較）
compared-accuracy-worse = { $part }：B は A より { $points }劣ります（{ $metric ->
        [micro-f1] マイクロ F1 の
       *[accuracy] {""}
    }95 % 信頼区間 { $low }〜{ $high } ポイント、ノードごとの比較）
compared-accuracy-better = { $part }：B は A より { $points }優れています（{ $metric ->
        [micro-f1] マイクロ F1 の
       *[accuracy] {""}
    }95 % 信頼区間 { $low }〜{ $high } ポイント、ノードごとの比較）
compared-removes-same = { $what ->
        [entries] エントリーの除去率は同じです：{ $a }
       *[weights] 重みの除去率は同じです：{ $a }
    }
compared-removes-more = { $what ->
        [entries] B はエントリーの除去率が { $points }高くなっています：{ $b }（A は { $a }）
       *[weights] B は重みの除去率が { $points }高くなっています：{ $b }（A は { $a }）
    }
compared-removes-less = { $what ->
        [entries] B はエントリーの除去率が { $points }低くなっています：{ $b }（A は { $a }）
       *[weights] B は重みの除去率が { $points }低くなっています：{ $b }（A は { $a }）
    }
compared-operations-same = 積和演算はどちらも { $a } です
compared-operations-fewer = B は積和演算が { $share } 少なくなっています：{ $b }（A は { $a }）
compared-operations-more = B は積和演算が { $share } 多くなっています：{ $b }（A は { $a }）
compared-time-faster = B は A より高速です：高速化 { $b }（A は { $a }、95 % 信頼区間）
compared-time-slower = B は A より低速です：高速化 { $b }（A は { $a }、95 % 信頼区間）
compared-time-same = 時間に測定できる差はありません：高速化 { $b }（A は { $a }、95 % 信頼区間）
compared-row-test = テストの精度
    .hint = 枝刈り後のモデルの精度と 95 % 信頼区間。差はノードごとに検定します
compared-row-validation = 検証の精度
    .hint = 枝刈り後のモデルの精度と 95 % 信頼区間。差はノードごとに検定します
compared-row-edges = エッジの除去率
    .hint = 全層を通したグラフのエントリーの除去率
compared-row-weights = 重みの除去率
    .hint = 全層を通した重みの除去率
compared-row-operations = 積和演算
    .hint = 枝刈り後の順伝播の積和演算の数
compared-row-size = モデルのサイズ
    .hint = 重みをスパース形式で保存した枝刈り後のモデルのサイズ
compared-row-time = 時間
    .hint = 枝刈り後の順伝播にかかった時間の中央値。実行ごとに別々に計測しています
compared-row-speedup = 高速化
    .hint = 交互に計測した枝刈り前の順伝播に対する比と 95 % 信頼区間
compared-numbers = 数値
compared-column-change = A に対する B
    .hint = + は増加、1× を超える倍率も増加です
compared-better = { $change } 良い
compared-worse = { $change } 悪い
compared-masks = マスク
compared-nodes = ノード
compared-order = ノードの並び順
compared-order-class = クラス順
compared-order-degree = 次数順
compared-order-community = コミュニティ順
compared-order-original = ファイルの順
compared-weights = 重み
compared-matrix-name = 重み行列
compared-matrix = 行列 { $n }
    .hint = 層のどの重み行列を見るか
compared-colours = 橙：A だけが保持 · 緑：B だけ · 青：両方 · 灰：どちらも除去
compared-ordering = ノードを並べています
compared-recipes = レシピ
compared-recipes-same = レシピは同じです
compared-recipes-signs = − は A だけ、+ は B だけにある行です
compared-recipes-all = 同じ行も表示
compared-keeps = 両方が保持するもの
compared-keeps-says = Jaccard：いずれかが保持するもののうち両方が保持する割合。重なり：保持の少ないほうのうち両方が保持する割合。自己ループは数えません
compared-into = 受信先
compared-a-only = A だけ
compared-b-only = B だけ
compared-both = 両方
compared-neither = どちらも除去
compared-all-nodes = 全ノード
compared-step-edges = { $step }、エッジ
compared-step-weights = { $step }、重み
compared-step-matrix = { $step }、{ $matrix }、重み
compared-degree = 次数 { $lowest }
compared-degrees = 次数 { $lowest }〜{ $highest }
compared-predictions = 予測
compared-class = クラス { $class }
compared-confusion = A と B の予測クラスの組ごとの数（全ノード）
compared-a-says = A の予測
    .hint = A が予測するクラス
compared-b-says = B の予測
    .hint = B が予測するクラス
compared-column-nodes = ノード
compared-groups-says = 予測の変わるノード：ラベル別と次数の四分位別（全ノード）
compared-change = 変化
compared-a-right = A が正解、B が誤り
compared-b-right = B が正解、A が誤り
compared-no-node = クラスの変わるノードはありません
compared-changed = 予測の変わるノード（確信度の高い順）
compared-changed-click = 予測の変わるノード（確信度の高い順）。クリックするとノードを調べます
compared-node = ノード
compared-node-class = クラス
    .hint = ノードのラベル
compared-margin-a = A の余裕
    .hint = A の予測クラスのロジットが次点をどれだけ上回るか
compared-margin-b = B の余裕
    .hint = B の予測クラスのロジットが次点をどれだけ上回るか
compared-changed-node = 予測の変わるノード { $id }
compared-picture-edges = { $step ->
        [hop] ホップ { $n } のエッジ、A と B
       *[layer] 第 { $n } 層 のエッジ、A と B
    }
compared-picture-weights = { $step ->
        [hop] ホップ { $n } の重み、A と B
       *[layer] 第 { $n } 層 の重み、A と B
    }
compared-picture-matrix = { $step ->
        [hop] ホップ { $n } の重み { $matrix }、A と B
       *[layer] 第 { $n } 層 の重み { $matrix }、A と B
    }
compared-axis-source = 送信ノード、{ $order }
compared-axis-target = 受信ノード
compared-axis-input = 入力特徴量
compared-axis-output = 出力特徴量
compared-jaccard = Jaccard 係数 { $share }
    .hint = いずれかが保持するもののうち、両方が保持する割合
compared-drawing = 描画しています
compared-weight = 入力 { $input } → 出力 { $output }
compared-self-loop = 自己ループ（除去しません）
compared-kept-by = 保持：{ $fate }
compared-block = { $columns } × { $rows } エントリーのブロック
compared-block-part = { $fate }：{ $n }
compared-block-loops = ほかに自己ループ { $n } 個（除去しません）
compared-zoom = 拡大すると一つずつ見えます
compared-save = { $file } を保存

# A run beside one that lies somewhere.
runs-jaccard = Jaccard 係数
runs-overlap = 重なり
runs-page-step = 層またはホップ
runs-page-both = 両方が保持
runs-page-first = 一方目だけ
runs-page-second = 二方目だけ
runs-page-class = クラス
runs-page-nodes-first = 一方目のノード
runs-page-nodes-second = 二方目のノード
runs-page-nodes-change = 一方目のうち変わるノード
runs-page-other-graphs = グラフが異なります：両方にあるノード { $n }、一方だけのノード { $others }
runs-page-same-logits = ロジット { $n } 個がビット単位で一致します
runs-page-other-logits = ロジット { $all } 個中 { $n } 個が異なります（最大差 { $most }）
runs-page-same-classes = 全 { $n } ノードのクラスが同じです
runs-page-other-classes = { $all } ノード中 { $n } ノードのクラスが異なります

# What this machine does per second.
speed-unknown-processor = 不明なプロセッサー
speed-machine = { $processor }、{ $system }、{ $threads } スレッド、{ $repeats } 回の中央値
speed-graph = { $graph }：ノード { $nodes }、エントリー { $entries }（自己ループを含む）、特徴量 { $features }
speed-memory = メモリ：1 スレッドで { $one }、全スレッドで { $all }（{ $size } での triad）
speed-hop = 1 ホップ：{ $all }、1 スレッドで { $one }（全スレッドで { $times } 倍速い）。再利用なしで { $rate }、メモリ自体の速度の { $share }
speed-gather = { $columns } 列の行を集めて足す時間（全スレッド合計）：ホップでは 1 行 { $each }。無作為な順の行では、置き場所の大きさ別に
speed-orders = メモリ内のノードの並べ替え、枝刈り前の { $hops } ホップ：結果はビット単位で同じ
speed-order = 並び順
speed-order-found = 並べ替え
speed-all-hops = 全ホップ
speed-times-as-fast = 倍速い
speed-order-pays = { $order } の並べ替えは { $n } 回の伝播で元が取れます
speed-no-order = このグラフでは、並べ替えで時間は縮まりません
speed-products = 重みとの積：すべての重み、または保持した重みだけ
speed-hops = { $n } ホップ
speed-removed = 除去
speed-all = 全体
speed-from-second = 2 ホップ目以降
speed-ratio = { $ratio }（{ $low }〜{ $high }）
speed-sizes = 行 x 入力 x 出力
speed-input = 入力
speed-all-weights = すべての重み
speed-share-removed = 除去 { $share }
speed-faster-from = 速くなる除去率
speed-stored = { $share } を格納
speed-dense = 密
speed-never = なし
speed-forward = { $model }：順伝播は枝刈り前 { $unpruned }、エントリーの { $entries } と重みの { $weights } の除去で { $pruned }：{ $speedup }
speed-dead-columns = うち、計算しない使われない列によるもの（隠れ列 { $before } → { $after }）：{ $speedup }
speed-channels = { $with ->
        [some] チャネルの除去（隠れ列 { $before } → { $after }）とエントリーの { $entries } の除去：{ $time }、{ $speedup }
       *[none] チャネルの除去（隠れ列 { $before } → { $after }）：{ $time }、{ $speedup }
    }
speed-epoch = 学習の 1 エポック（1 ステップと全ノードの評価）：{ $time }
