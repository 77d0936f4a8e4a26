# Nodes and matrices that are looked at closely.

certificate-title = 保証書
errors-title = 誤差と上界
certificate-points = {" "}ポイント
certificate-busy = 検定中
certificate-certify = 検定する
errors-busy = 誤差を計算中
errors-compute = 誤差を計算
certificate-at-most = 上限
certificate-at-most-says = 失ってよい精度のポイント
certificate-certify-says = 検証ノードの半分による厳密な対応のある検定。certificate.json としてバンドルに入ります
certificate-what = 取り分けたノードが、この実行で失う精度について証明すること。クラス別、次数別にも示します
errors-compute-says = 順伝播 1 回と、層ごとに積 1 回
errors-what = 除去したエントリーが各ノードで変えるものと、その上界
errors-of-nodes = ノードの誤差
errors-save = 全ノードを CSV で保存…

# A weight and its matrix.
matrix-title = 重み { $name }
matrix-close = 閉じる
    .hint = 選択を解除します（Esc）
matrix-copy = コピー
    .hint = すべてを Markdown としてコピーします
