# The verdict, with what its numbers mean.

head-plain-says = この閾値での原論文どおりの Unifews。回復後の結果は時間がかかり、後から続きます
head-grades = { $why }

    安全：検証ノードとテストノードでの低下とその標準誤差の合計が限度以内、またはクラスが変わるノードがそれ以下。破綻：限度の { $times } 倍を超える低下
head-new-says = 静的な数値はそれらには当てはまりません。エントリーは、枝刈り前のモデルに何も尋ねない規則で選ばれ、テストノードがその役をします
head-plain = 原論文どおり。回復後の結果が続きます
head-limit = 限度
head-limit-says = 実行が失っても安全とみなす精度のポイント。ウィンドウの設定とともに保存されます
head-limit-label = 限度
head-question = 予測するノードは今このグラフにありますか
head-static = はい（静的）
head-static-says = エントリー、値、重みを、枝刈り前のモデルがまさにこれらのノードについて言うことに合わせます

head-new = いいえ、後から到着
