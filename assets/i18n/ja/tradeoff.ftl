# Trade-off: sweeps, methods, layers, noise.

# What is tried: the choice in the toolbar.
tradeoff-by-thresholds = 閾値別
    .hint = 閾値の組ごとに、精度の代償と効果を見ます
tradeoff-by-method = 手法別
    .hint = 同じ除去率での Unifews とほかの手法
tradeoff-by-layer = 層別
    .hint = 各層が単独でどこまで耐えられるか
tradeoff-all-trials = 全試行
    .hint = すべての実行とスイープの点を、平行軸上の線で示します
tradeoff-under-stress = 負荷試験
    .hint = エッジ、特徴量、予測するノードが変わったとき、枝刈り後とベースラインの精度がどう下がるか

# How many points are there.
tradeoff-points = { $n } / { $all } 点
tradeoff-points-complete = { $n } / { $all } 点、完了
tradeoff-points-cancelled = { $n } / { $all } 点、キャンセル済み
tradeoff-points-failed = { $n } / { $all } 点、失敗

tradeoff-accuracy = 精度
tradeoff-accuracy-of = 精度の対象
tradeoff-on-test-says = テストノードでの精度。報告に使う値です
tradeoff-on-validation-says = 検証ノードでの精度。閾値を選ぶ基準に使えます

# What stands along the axis.
tradeoff-against = 横軸
tradeoff-cost-choice = 横軸のコスト
tradeoff-cost-edges = エッジの除去率
    .hint = 全層を通したグラフのエントリーの除去率
tradeoff-cost-weights = 重みの除去率
    .hint = 全層を通した重みの除去率
tradeoff-cost-macs = 積和演算
    .hint = 枝刈り後の順伝播の積和演算の数（保持したエントリーで数えます）
tradeoff-cost-time = 時間（グラフ全体）
    .hint = グラフ全体での枝刈り後の順伝播にかかった時間の中央値
tradeoff-cost-request = 時間（要求）
    .hint = 無作為な 64 ノードの予測要求にかかった時間の中央値。受容野だけを計算します
tradeoff-axis-edges = エッジの除去率（%）
tradeoff-axis-weights = 重みの除去率（%）
tradeoff-axis-macs = 積和演算（百万 MAC）
tradeoff-axis-time = 計測した時間（グラフ全体、ms）
tradeoff-axis-request = 計測した時間（64 ノードの要求、ms）
tradeoff-axis-part = 枝刈り前に対する割合（%）
tradeoff-axis-score = { $metric }（%）
tradeoff-axis-score-on = { $part }{ $metric }（%）

# Charts of a sweep.
tradeoff-chart-accuracy = コストに対する精度
tradeoff-chart-costs = 時間と演算
tradeoff-costs-title = コスト
tradeoff-combinations = δa と δw の組 { $all } 通り中 { $n } 通り
tradeoff-curve-pareto = パレート、テスト
tradeoff-curve-test = テスト、95 %
tradeoff-curve-validation = 検証
tradeoff-curve-larger-edges = 大きい点：δa 大
tradeoff-curve-larger-weights = 大きい点：δw 大
tradeoff-curve-tried = 予算内の試行、テスト
tradeoff-curve-chosen = 選択
tradeoff-curve-unpruned = 枝刈り前
tradeoff-curve-unpruned-test = 枝刈り前、テスト
tradeoff-curve-unpruned-validation = 枝刈り前、検証
tradeoff-curve-time = 計測した時間
tradeoff-curve-request = 要求の時間
tradeoff-curve-macs = 積和演算
tradeoff-point = 点 δa { $a } δw { $w }
tradeoff-click-or-shift = 点をクリックするとレシピを採用、Shift＋クリックで比較
tradeoff-click = 点をクリックするとレシピを採用
tradeoff-chosen = 予算内で選択
tradeoff-chosen-says = エントリーの { $edges }、重みの { $weights } を除去、テスト{ $metric } { $score }

# Where there is nothing yet.
tradeoff-open-first = まずグラフとモデルを開いてください
tradeoff-points-appear = 計算が済んだ点から表示します
tradeoff-nothing-came = まだ結果はありません
tradeoff-change-recipe = 理由は通知にあります。レシピを変えて、もう一度お試しください
tradeoff-change-choices = 理由は通知にあります。選択を変えて、もう一度お試しください
tradeoff-sweep-nothing = スイープする対象がありません
tradeoff-sweep-failed = スイープは失敗しました
tradeoff-sweep-cancelled = スイープはキャンセルされました
tradeoff-sweep-running = スイープしています
tradeoff-sweep-none = スイープはまだありません
tradeoff-sweep-next = δa と δw の組 { $n } 通りで、精度の代償と効果を調べます
tradeoff-sweep-now = スイープを開始

# Numbers of a point.
tradeoff-point-click = クリックで採用、Shift＋クリックで比較
tradeoff-row-test-interval = テスト、95 %
tradeoff-row-agreement = 予測の一致率
tradeoff-row-edges = エッジの除去率
tradeoff-row-weights = 重みの除去率
tradeoff-row-macs = 積和演算
tradeoff-row-time = 時間（グラフ全体）
tradeoff-row-request = 時間（64 ノード）
tradeoff-row-size = サイズ
tradeoff-range = { $low }〜{ $high }
tradeoff-part-of = { $part } / { $all }
tradeoff-compared = 比較
tradeoff-copy-table = 表をコピー
tradeoff-copy-picture = 図をコピー
tradeoff-leave-all-out = すべて外す
    .hint = コストの図に戻ります
tradeoff-take-over-this = このレシピを採用します
tradeoff-leave-out = δa { $a } δw { $w } を外す
    .hint = 比較から外します

# The map of thresholds.
tradeoff-map = 閾値の地図
tradeoff-map-layers = 地図の対象の層
tradeoff-map-all-layers = 全層
    .hint = すべての層に同じ δa と δw
tradeoff-map-layer = 第 { $layer } 層
    .hint = この層の δa と δw だけを変えます。ほかの層は、スイープ開始時のレシピのままです
tradeoff-map-range = テスト{ $metric } { $low }〜{ $high }
tradeoff-map-cell = 地図のセル δa { $a } δw { $w }
tradeoff-map-edges = δa、エッジ
tradeoff-map-weights = δw、重み

# Methods side by side.
tradeoff-methods-nothing = 比較する対象がありません
tradeoff-methods-running = 比較しています
tradeoff-methods-failed = 比較は失敗しました
tradeoff-methods-cancelled = 比較はキャンセルされました
tradeoff-methods-none = 比較はまだありません
tradeoff-methods-next = 手法を選び、それぞれでどれだけ精度が残るかを比較します
tradeoff-rival-says = どちらも実行した最大の除去率での比較です。シード間の範囲が重ならないときに差があるとみなします
tradeoff-use-it = 採用
    .hint = この手法のレシピを採用します
tradeoff-methods-subtitle = { $model ->
        [none] シード { $n } 個の平均と範囲、{ $models ->
            [several] シードごとのモデル
           *[one] 一つのモデル
        }
       *[some] { $title }、シード { $n } 個の平均と範囲、{ $models ->
            [several] シードごとのモデル
           *[one] 一つのモデル
        }
    }
tradeoff-methods-chart = { $side ->
        [edges] エッジの手法
       *[weights] 重みの手法
    }
tradeoff-methods-title = { $side ->
        [edges] エッジを除去する手法
       *[weights] 重みを除去する手法
    }
tradeoff-methods-title-recovered = { $side ->
        [edges] エッジを除去する手法（同じ精度回復）
       *[weights] 重みを除去する手法（同じ精度回復）
    }
tradeoff-method-point = { $side ->
        [edges] エッジの{ $method }、{ $share }
       *[weights] 重みの{ $method }、{ $share }
    }
tradeoff-method-heading = { $side ->
        [edges] { $method } · エッジ
       *[weights] { $method } · 重み
    }
tradeoff-row-removed = 除去
tradeoff-row-range = 範囲
tradeoff-row-deviation = 標準偏差
tradeoff-row-seeds = シード
tradeoff-asked = { $removed }（目標 { $share }）
tradeoff-no-lot = 1（乱数は使いません）
tradeoff-click-recipe = クリックでレシピを採用
tradeoff-click-recipe-open-model = クリックでレシピを採用（モデルは開いているもののまま）

# Which methods are compared.
tradeoff-choice-edges = エッジ
tradeoff-choice-weights = 重み
tradeoff-choice-no-graph = このネットワークはグラフ上で伝播しないため、除去するエントリーがありません
tradeoff-choice-compare = 比較
tradeoff-choice-needs = グラフ、モデル、一つ以上の手法が必要です
tradeoff-choice-runs = { $n } 回の実行
    .hint = 手法 × 除去率。シードで変わる手法はさらに × シード
tradeoff-choice-none = すべて外す
tradeoff-choice-all = すべて選ぶ
tradeoff-choice-none-of = { $side ->
        [edges] エッジの手法をすべて外す
       *[weights] 重みの手法をすべて外す
    }
tradeoff-choice-all-of = { $side ->
        [edges] エッジの手法をすべて選ぶ
       *[weights] 重みの手法をすべて選ぶ
    }
tradeoff-choice-method = { $side ->
        [edges] エッジの手法 { $method }
       *[weights] 重みの手法 { $method }
    }
tradeoff-choice-share = 除去率
    .hint = 各手法に求める除去率。図には実際の除去率を示します
tradeoff-choice-from = 最小
    .hint = 最小の除去率
tradeoff-choice-to = 最大
    .hint = 最大の除去率
tradeoff-choice-steps = 段階数
    .hint = 最小から最大までの除去率の数
tradeoff-choice-seeds = シード
    .hint = 無作為な選択のシード。シードごとにモデルを学習するときは、その学習にも使います。ひげはばらつきを示します
tradeoff-choice-model-per-seed = シードごとのモデル
    .hint = 開いているモデルと同じネットワークを、学習の設定のとおり、シードごとに密で学習します。オフでは開いているモデルを共用します
tradeoff-choice-recovery = 同じ精度回復
    .hint = 何を除去するかは各手法が決め、保持した値、重み、バイアス、正規化は同じ方法で調整します。オフでは文献のとおりです。結果はこのグラフ専用です

# Layers one at a time.
tradeoff-layers-nothing = 試す層がありません
tradeoff-layers-running = 層を試しています
tradeoff-layers-failed = 層ごとの試行は失敗しました
tradeoff-layers-cancelled = 層ごとの試行はキャンセルされました
tradeoff-layers-none = 層ごとの試行はまだありません
tradeoff-layers-next = ほかの層はそのままにして、一層ずつ閾値を上げながら枝刈りします
tradeoff-layers-try = すべての層を試す
tradeoff-layers-try-again = もう一度試す
tradeoff-layers-subtitle = ほかの層はそのまま
tradeoff-layers-subtitle-of = { $model }、ほかの層はそのまま
tradeoff-layers-chart = { $side ->
        [edges] 層ごとのエッジ
       *[weights] 層ごとの重み
    }
tradeoff-layers-title = { $side ->
        [edges] { $step ->
            [hop] 一つのホップだけのエッジ
           *[layer] 一つの層だけのエッジ
        }
       *[weights] { $step ->
            [hop] 一つのホップだけの重み
           *[layer] 一つの層だけの重み
        }
    }
tradeoff-layers-axis = { $side ->
        [edges] { $step ->
            [hop] このホップのエッジの除去率（%）
           *[layer] この層のエッジの除去率（%）
        }
       *[weights] { $step ->
            [hop] このホップの重みの除去率（%）
           *[layer] この層の重みの除去率（%）
        }
    }
tradeoff-layers-point = { $side ->
        [edges] { $step }のエッジ、δ { $delta }
       *[weights] { $step }の重み、δ { $delta }
    }
tradeoff-layers-heading = { $side ->
        [edges] { $step } · エッジ
       *[weights] { $step } · 重み
    }
tradeoff-layers-take = 採用
tradeoff-layers-take-name = 層ごとの閾値を採用
tradeoff-layers-take-says = 各層で、単独での精度の低下が検証ノードで { $points }（判定の限度）以内に収まる最大の閾値を採用します。全層を合わせた低下は、その後の判定が示します

# All trials as lines.
tradeoff-lines = 試行の線図
tradeoff-lines-hint = 軸に沿ってドラッグすると範囲を限定、線をクリックするとレシピを採用
tradeoff-lines-clear = 範囲を解除
tradeoff-lines-none = 試行はまだありません
tradeoff-lines-next = 枝刈りまたはスイープを行うと、実行と点がそれぞれ一本の線になります
tradeoff-line = 線 { $name }
tradeoff-lines-one = 試行 1 件
tradeoff-lines-within = 試行 { $all } 件中 { $n } 件が範囲内
tradeoff-line-click = クリックで採用

# Under stress.
tradeoff-stress-says = エッジの追加と除外、特徴量のノイズと欠損、クラスや次数の大きいノードの減少を、5 段階、シード 3 個で試します。マスクは引き継ぐか、グラフごとに決め直します（数百回の実行と同じだけかかります）
tradeoff-stress-disturbed = 変化の種類
tradeoff-stress-again = もう一度試験
tradeoff-stress-start = 負荷試験を開始
tradeoff-stress-masks = 負荷試験のマスク
tradeoff-stress-carried = マスクを引き継ぐ
    .hint = 運用中のバンドルと同じです。決めたものは変えず、新しいエントリーは保持します
tradeoff-stress-decided = マスクを決め直す
    .hint = 変化したグラフごとに枝刈りし直す場合に当たります
tradeoff-stress-nothing = 試験する対象がありません
tradeoff-stress-running = グラフに変化を加えています
tradeoff-stress-failed = 負荷試験は失敗しました
tradeoff-stress-cancelled = 負荷試験はキャンセルされました
tradeoff-stress-none = 負荷試験はまだありません
tradeoff-stress-next = 偽のエッジやノイズがあるとき、予測するノードが変わるときも、このレシピで大丈夫でしょうか
tradeoff-stress-coming = まだ計算中の段階とシードがあります
tradeoff-stress-chart = 負荷試験での精度
tradeoff-stress-subtitle = { $model }、{ $masks }
tradeoff-stress-baseline = ベースライン
tradeoff-stress-pruned = 枝刈り後
tradeoff-stress-pruned-recovered = 枝刈り後、精度回復あり
tradeoff-stress-pruned-alone = 枝刈り後、精度回復なし
tradeoff-kind-added-edges = 偽のエッジ
tradeoff-kind-added-between-classes = クラス間の偽のエッジ
tradeoff-kind-dropped-edges = エッジの欠落
tradeoff-kind-dropped-between-classes = クラス間のエッジの欠落
tradeoff-kind-feature-noise = 特徴量のノイズ
tradeoff-kind-missing-features = 特徴量の欠損
tradeoff-kind-uniform-labels = 一様なラベルの誤り
tradeoff-kind-pairwise-labels = 隣のクラスへのラベルの誤り
tradeoff-kind-class-imbalance = クラスの偏り
tradeoff-kind-degree-bias = 次数の偏り
tradeoff-level-added-edges = 加えた偽のエッジ（エッジ数の %）
tradeoff-level-added-between-classes = 加えたクラス間の偽のエッジ（エッジ数の %）
tradeoff-level-dropped-edges = 欠落したエッジ（%）
tradeoff-level-dropped-between-classes = 欠落したクラス間のエッジ（%）
tradeoff-level-feature-noise = ノイズ（特徴量の標準偏差の %）
tradeoff-level-missing-features = 欠損した特徴量の値（%）
tradeoff-level-labels = 学習での誤ったラベル（%）
tradeoff-level-class-imbalance = 除いた最も少ないクラスのテストノード（%）
tradeoff-level-degree-bias = 除いた最も次数の大きいテストノード（%）

# What several views of trials say.
trial-metric-accuracy = 精度
trial-metric-accuracy-heading = 精度
trial-metric-micro-f1 = マイクロ F1
trial-metric-micro-f1-heading = マイクロ F1
trial-on-test = テスト
trial-on-validation = 検証
trial-method-random = ランダム
trial-method-degree = 次数
trial-method-top-k = ノードごとの上位 k 個
trial-method-effective-resistance = 有効抵抗
trial-method-jaccard = Jaccard 類似度
trial-method-cosine = コサイン類似度
trial-method-diffusion = 拡散行列の値
trial-method-k-random = ランダムな隣接 K 個
trial-method-k-message = メッセージの上位 K 個
trial-method-magnitude = 大きさ（層ごと）
trial-method-magnitude-global = 大きさ（全層）
trial-method-reconstruction = 再構成
trial-method-recovered = { $method } ＋ 精度回復
trial-step = { $kind ->
        [hop] ホップ { $n }
       *[layer] 第 { $n } 層
    }
trial-points = { $n ->
       *[other] { $points } ポイント
    }
trial-recovered-static = このグラフ専用：精度はこのグラフで回復させたもので、ほかのグラフや新規ノードでは成り立ちません
trial-recovered-new = 新規ノード向け：テストノードは特徴量とエントリーだけを使ったため、同じ規則で後から到着するノードでの推定値になります
trial-rival-alike = 除去 { $share }：Unifews と{ $name }に明確な差はありません（{ $part }で { $own } と { $other }）
trial-rival-better = 除去 { $share }：{ $name }は Unifews より { $points }高い精度を保ちます（{ $part }で { $own } に対し { $other }）
trial-rival-worse = 除去 { $share }：Unifews は、ほかで最良の{ $name }より { $points }高い精度を保ちます（{ $part }で { $own } と { $other }）
trial-axis-edges = エッジ除去 %
trial-axis-weights = 重み除去 %
trial-axis-macs = 積和演算 M
trial-axis-time = 時間 ms
trial-axis-size = サイズ kB
trial-axis-validation = 検証 %
trial-axis-test = テスト %

# What cannot be done yet: verbs, then what is needed.
trial-what-sweep = スイープ
trial-what-compare = 比較
trial-what-layers = 層ごとの試行
trial-what-stress = 負荷試験
trial-what-budget = レシピの探索
trial-what-controls = 対照の計算
trial-needs-both = グラフとモデル
trial-needs-method = このネットワークで使える手法、除去率、シード
trial-choose-methods = トレードオフの画面で選んでください
