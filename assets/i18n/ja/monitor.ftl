# Checks in operation.

monitor-none = 点検はまだありません
monitor-none-next = バンドルと後のグラフを指定すると、到着したノード、ドリフト、予測がまだ有効かを調べます
monitor-curves = 点検の推移
monitor-bundle = バンドル
    .hint = 書き出したバンドル：フォルダーまたは .zip
monitor-graph = 現在のグラフ
    .hint = ID と特徴量が同じグラフ：フォルダー、ファイル、sample:NAME
monitor-model = 枝刈り前のモデル
    .hint = 枝刈り後のモデルとの一致率を調べます（省略可）
monitor-labels = ラベル
    .hint = 現在のグラフとは別の場所にあるラベル（省略可）
monitor-reference = 最初のグラフ
    .hint = バンドルの元のグラフ（バンドルの示す場所にない場合）
monitor-choose = 選択…
monitor-choose-what = { $field ->
        [bundle] バンドルを選択
        [graph] 現在のグラフを選択
        [model] 枝刈り前のモデルを選択
        [labels] ラベルを選択
       *[reference] 最初のグラフを選択
    }
monitor-check = 点検
    .hint = バンドルの隣の履歴に一行加えます。バンドルは変わりません
monitor-checking = 点検しています
monitor-name-both = バンドルと後のグラフを指定してください
monitor-copy = ページをコピー
