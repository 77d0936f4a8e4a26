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

verdict-exact = 正確
verdict-measured = 実測
verdict-counted = 計数
verdict-published = 原論文どおり
verdict-stale = 古い
verdict-accuracy = 精度
verdict-micro-f1 = マイクロ F1
verdict-test = テスト
verdict-score = { $what } { $score }、95 % 信頼区間 { $low }〜{ $high }、マクロ F1 { $macro }
verdict-nodes = ノード { $n }、{ $change }
verdict-unpruned = 枝刈り前
verdict-pruned = 枝刈り後
verdict-published-later = { $says }。「枝刈り」で計算します
verdict-of = { $after } / { $before }
verdict-behind = { $weight } の後：{ $counts }
verdict-hidden-says = 保持した重みが読まない列や一定の列は、時間を測る順伝播から除きます
verdict-known-rows = 既知ノード { $n } の行：{ $all } のうち除去 { $share }
verdict-new-rows = 後から到着するノード { $n } の行：{ $all } のうち除去 { $share }
verdict-kept = 保持 { $kept } / { $all }
verdict-kept-says = 全層で除去できる { $all } のうち { $kept } を保持
verdict-n-nodes = ノード { $n }
verdict-passes = 交互に { $n } 回ずつの中央値、{ $threads } スレッド
verdict-claim-says = 比の 95 % 信頼区間（符号検定）。高速化は、区間が 1 から 3 % より離れているときだけ主張します。プログラムを起動し直すとそれだけ動きうるためです。待たされた、またはばらついた測定から、マシンの混雑がわかります
verdict-requests-says = いくつかのノードへの要求は「枝刈り」で測ります。グラフより多いノード、全ノードで正規化するネットワーク、1 要求が 1 GiB を超えうるグラフは除きます
verdict-requests = 無作為な { $n } ノードへの要求 { $requests } 回。受容野だけで予測し、枝刈り前 → 後を交互に測定
verdict-answers = 枝刈り後のモデルの応答：{ $speedup }
verdict-slowest = 100 回中 99 回は { $change } 以内
verdict-rate = 毎秒 { $change } 要求
verdict-field-nodes = 受容野のノード { $change }
verdict-field-entries = 全層のエントリー { $change }
verdict-low-says = { $stored } での枝刈り後の順伝播。ほかと交互に測定。32 ビット浮動小数点の枝刈り後に対して { $speedup }
verdict-same = { $share } 同じ
verdict-low-error-says = 同じままの予測と、ロジットの相対差。最大の差は { $largest }
verdict-low-test = テスト精度：32 ビット浮動小数点 { $before }、低精度 { $after }
verdict-low-in-memory = メモリ、枝刈り前 → 後 → 低精度：{ $bytes }
verdict-low-in-files = ファイルのモデルとグラフ：{ $bytes }
verdict-model-says = 全テンソルのバイト数。32 ビット浮動小数点と、スパース形式（密、ビットマスク、圧縮行のうち最小。バンドルの model_sparse.safetensors と同じ）
verdict-begin = まずグラフを開いてください
verdict-open-model = モデルを開くか、学習してください
verdict-first = 最初のプレビューを計算しています
verdict-none = まだ結果がありません
verdict-no-preview = ✕ このレシピのプレビューはありません
verdict-moved = これを計算した後にレシピが変わりました
verdict-accuracy-says = 分割のノードで、保持したエントリーだけを使って数えます。本番で得られる値です
verdict-no-labels = グラフに比べるラベルがありません
verdict-agreement = 一致率
verdict-agreement-accuracy = 枝刈り前のモデルと同じクラスのままのノードの割合
verdict-agreement-f1 = 全ノード、全クラスの判断のうち、枝刈り前のモデルと同じものの割合
verdict-no-nodes = ノードなし
verdict-no-nodes-says = 分割のこの部分にラベルのあるノードがありません
verdict-as-published-row = {"  "}原論文の手順
verdict-removed = 除去
verdict-removed-says = 全層のエントリーを一つずつ数えます
verdict-edges = エッジ
verdict-weights = 重み
verdict-hidden = 計算する隠れ表現の列
verdict-time = 時間
verdict-time-says = グラフ全体の順伝播 1 回の実時間。枝刈り前と後を交互に測った中央値と、そこから言えること
verdict-time-swept = スイープが測った、グラフ全体の順伝播 1 回の実時間
verdict-time-estimated = 演算数だけから。「枝刈り」で測ります
verdict-forward = 順伝播
verdict-at-most = 最大
verdict-at-most-says = 演算数の比。スパースな積は演算あたりでは遅くなります。「枝刈り」で測ります
verdict-not-measured-row = {"  "}未測定
verdict-by-sweep = {"  "}スイープ、95 %
verdict-not-measured = 未測定
verdict-busy = {"  "}マシンが混雑
verdict-faster = {"  "}高速、95 %
verdict-slower = {"  "}低速、95 %
verdict-no-difference = {"  "}差なし、95 %
verdict-too-few = {"  "}回数が不足
verdict-disturbed = ほかの処理がマシンを使っていました
verdict-low = 低精度
verdict-low-error = {"  "}その誤差
verdict-low-memory = {"  "}そのメモリ
verdict-low-files = logits_low.npy 以外のスコア、ロジット、ファイルは 32 ビット浮動小数点のものです
verdict-low-memory-says = 保持した重みとエントリーの一覧。枝刈り後の 32 ビットと低精度
verdict-cost = 演算数とサイズ
verdict-cost-says = 保持したエントリーの積和演算。密とスパースのバイト数
verdict-macs-says = 順伝播 1 回の積和演算、枝刈り前と後。保持したエントリーで数えます
verdict-model = モデル
verdict-graphs = グラフ
verdict-graphs-says = 各層のグラフの圧縮行形式。全エントリーと、保持したもの

verdict-validation = 検証
verdict-published-says = 著者らの手順（マスクなしの評価）：評価するノードへの除去したエントリーも数えます。本番で得られる値ではありません

says-safe = 安全
says-costs = { $points }低下
says-may-cost = 最大 { $points }低下
says-breaks = モデルが破綻
says-no-labels = ラベルがなく判定不能
says-too-few = ノードが少なく判定不能
says-limit = 限度 { $points }
says-changed-within = { $what }は { $share }。このグラフでの低下がそれを超えることはありません：{ $limit }以内
says-certified-within = 取り分けた検証ノードで保証（{ $level } %）：低下は { $points }以内、{ $limit }以内
says-changed-unlabelled = { $what }は { $share }。精度が下がるかどうかを示すラベルがありません
says-ruling-safe = 合わせて{ $limit }以内
says-ruling-unclear = { $limit }を判定するにはノードが不足
says-ruling-breaks = { $limit }の { $times } 倍超
says-ruling-costs = { $limit }を超過
says-lost-on-test = テストノード { $nodes } 個で { $loss } ± { $error } ポイント低下（± は標準誤差、ノードごとの対応）：{ $ruling }
says-lost-on-both = 検証とテストのノード { $nodes } 個で { $loss } ± { $error } ポイント低下（± は標準誤差、ノードごとの対応）：{ $ruling }
says-nodes-change = クラスが変わるノード
says-decisions-change = 変わる判断
says-removes-weights = { $recovered ->
        [static] 静的：重みの { $weights } を除去
        [new] 新規ノード用：重みの { $weights } を除去
       *[plain] 重みの { $weights } を除去
    }
says-removes-entries = { $recovered ->
        [static] 静的：エントリーの { $entries } と重みの { $weights } を除去
        [new] 新規ノード用：エントリーの { $entries } と重みの { $weights } を除去
       *[plain] エントリーの { $entries } と重みの { $weights } を除去
    }
says-removes-weights-channels = { $recovered ->
        [static] 静的：重みの { $weights } と隠れチャネルの { $channels } を除去
        [new] 新規ノード用：重みの { $weights } と隠れチャネルの { $channels } を除去
       *[plain] 重みの { $weights } と隠れチャネルの { $channels } を除去
    }
says-removes-all = { $recovered ->
        [static] 静的：エントリーの { $entries }、重みの { $weights }、隠れチャネルの { $channels } を除去
        [new] 新規ノード用：エントリーの { $entries }、重みの { $weights }、隠れチャネルの { $channels } を除去
       *[plain] エントリーの { $entries }、重みの { $weights }、隠れチャネルの { $channels } を除去
    }
says-nothing-lost = { $part ->
        [test] テスト
       *[validation] 検証
    }での低下なし
says-lost = { $part ->
        [test] テスト
       *[validation] 検証
    }で { $loss } { $unit ->
        [micro-f1] マイクロ F1 ポイント
       *[points] ポイント
    }低下
says-gained = { $part ->
        [test] テスト
       *[validation] 検証
    }で { $loss } { $unit ->
        [micro-f1] マイクロ F1 ポイント
       *[points] ポイント
    }向上
says-changed = { $what }は { $share }
says-certified = { $points } ポイント以内と保証（{ $level } %）
says-requests = { $nodes } ノードの要求で{ $time }
says-smaller = サイズ 1/{ $times }
says-comma = 、
says-sentence = { $removed }：{ $parts }
says-faster = { $ratio } 倍速い（{ $low }〜{ $high }）
says-slower = { $ratio } 倍遅い（{ $low }〜{ $high }）
says-no-difference = 時間に測れる差はなし
says-busy = { $text }（混雑したマシン）
says-points = { $number ->
       *[other] { $points } ポイント
    }
