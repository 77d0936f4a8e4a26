# The report.

report-title = { $graph } の { $model }：枝刈り報告書
report-title-several = 枝刈り後のモデル { $n } 件の比較
report-subtitle = バンドル { $bundle } より作成（{ $program } { $version }）
report-subtitle-several = 各バンドルより作成。比較のあとに個別の報告が続きます
report-bundle-heading = { $bundle }：{ $title }

report-decision =
    { $sides ->
        [entries] エントリーの { $entries } を
        [weights] 重みの { $weights } を
       *[both] エントリーの { $entries } と重みの { $weights } を
    }{ $certified ->
        [holds] 除去できます
       *[other] 除去しました
    }：{ $change ->
        [lost] { $nodes } { $part }で{ $metric }の低下は { $points } ポイント
        [gained] { $nodes } { $part }で{ $metric }が { $points } ポイント上昇
        [same] { $nodes } { $part }で{ $metric }は同じ
       *[unmeasured] 精度は未測定、予測の { $agreement } が一致
    }{ $certified ->
        [holds] 、信頼水準 { $level } で低下は { $limit } ポイント以内と保証
        [fails] 、{ $limit } ポイント以内という保証は得られず
       *[none] 、保証書なし
    }{ $time ->
        [faster] 、グラフ全体で { $factor } 倍速い
        [slower] 、グラフ全体で { $factor } 倍遅い
        [same] 、グラフ全体では高速化を確認できず
        [few] 、時間の測定回数が少なく速さは不明
       *[unmeasured] 、時間は未測定
    }{ $request ->
        [one] 、1 ノードの要求で { $request_factor } 倍速い
        [faster] 、{ $request_nodes } ノードの要求で { $request_factor } 倍速い
       *[none] {""}
    }{ $size ->
        [smaller] 、サイズ 1/{ $smaller }
       *[same] {""}
    }

report-accuracy = 精度
report-micro-f1 = マイクロ F1
report-train-nodes = 学習ノード
report-validation-nodes = 検証ノード
report-test-nodes = テストノード
report-interval = { $low }〜{ $high }
report-no-interval = 区間を出すには少なすぎます
report-none = なし
report-usd = { $amount } 米ドル
report-jpy = { $amount } 円
report-eur = { $amount } ユーロ

report-fact-accuracy = { $metric }（{ $part }）
report-fact-accuracy-note = 95 % 信頼区間：枝刈り前 { $before }、枝刈り後 { $after }（{ $nodes } ノード）
report-fact-certificate = 保証書
report-fact-no-certificate = 取り分けたノードでの精度の低下は検定していません
report-fact-certified = 低下は { $points } ポイント以内
report-fact-not-certified = { $points } ポイント以内と保証できず
report-fact-certificate-note = 信頼水準 { $level }、取り分けた { $nodes } ノード。単独で成り立つ最小の限度は { $smallest }
report-fact-entries = エントリーの除去
report-fact-weights = 重みの除去
report-fact-kept = { $all } のうち { $kept } を保持
report-fact-time = グラフ全体の推論 1 回
report-fact-no-time = 時間は測定していません
report-fact-time-note =
    { $time ->
        [faster] { $factor } 倍速い（95 % 信頼区間 { $interval }）
        [slower] { $factor } 倍遅い（速さの比 { $interval }）
        [same] 差を確認できず（速さの比 { $interval }）
       *[few] 区間を出すには測定回数が少なすぎます
    }
report-fact-size = モデルのサイズ
report-fact-size-note = サイズ 1/{ $factor }（スパース形式、重みは { $values }）
report-fact-operations = 積和演算
report-fact-operations-note = { $removed } 減
report-fact-cost = 予測 100 万件の費用
report-fact-cost-note = 1 コア時間 { $price } の場合。計算式は付録

report-identity = 枝刈りの対象
report-graph = グラフ
report-graph-says = { $name }（{ $source } より）：ノード { $nodes }、エントリー { $entries }、特徴量 { $features }、クラス { $classes }
report-model = モデル
report-model-trained = { $model }（{ $graph } の分割 { $split } で学習、{ $epochs } エポック中 { $best } 番目、シード { $seed }）
report-split = 評価
report-split-says = 分割 { $split }。全ノードの { $agreement } で枝刈り前のモデルと予測が一致
report-machine = 測定環境
report-machine-says = { $processor }、{ $system }、{ $threads } スレッド
report-hashes = SHA-256
report-hashes-say = グラフ { $graph }…、枝刈り前のモデル { $model }…、マニフェスト { $bundle }…（全桁は再生の項）
report-hash-graph = グラフの SHA-256
report-hash-model = 枝刈り前のモデルの SHA-256
report-hash-bundle = マニフェストの SHA-256
report-checks = その後の点検
report-checks-say = { $n } 回（最初 { $first }、最後 { $last }、UTC）

report-tradeoff = トレードオフ
report-no-sweep = スイープの結果がないため、ほかの閾値との比較は示していません
report-sweep-empty = ラベル付きのテストノードがなく、スイープに採点された点がありません
report-tradeoff-title = 精度と削減した積和演算
report-tradeoff-recovered = このグラフで精度回復をした { $n } 件のレシピ。星印はこのバンドルと 95 % 信頼区間
report-tradeoff-published = 精度回復なしの { $n } 件のレシピ。星印はこのバンドルと 95 % 信頼区間
report-tradeoff-x = 削減した積和演算、%
report-score-axis = テストノードの{ $metric }、%
report-unpruned = 枝刈り前
report-tried = 試行
report-front = 検証ノードで上回る試行なし
report-chosen = このバンドル

report-risks = この報告書で示していないこと
report-risk-no-certificate = 保証書がありません。精度の低下が最大でいくらかは、取り分けたノードで検定していません。分かっているのは一組のノードでの測定値だけです
report-risk-not-certified = 保証は得られていません。取り分けた { $nodes } ノードでは、信頼水準 { $level } で { $limit } ポイントを超える低下を否定できません。保証できる最小の限度は { $smallest } ポイントです
report-risk-certificate = 保証書が述べるのは、検定した { $nodes } ノードと同様のノードの平均で、当時のこのグラフについてだけです。新規ノード、変化したグラフ、個々のクラスやグループは対象外です
report-risk-no-labels = 採点できるラベル付きノードがなく、精度は測定していません
report-risk-test-size = 採点したのは { $nodes } { $part }です。{ $metric }の不確かさは約 ±{ $half } ポイントで、別のノードとのそれより小さい差は見分けられません
report-risk-class = 最も低下が大きいクラスは { $name } で、{ $nodes } ノードで { $points } ポイントです。クラスごとのノードは少なく、個々の値はばらつきます
report-risk-no-speedup = グラフ全体では高速化を主張しません。比の 95 % 信頼区間は { $interval } です
report-risk-slower = グラフ全体では枝刈り後のモデルのほうが時間がかかります
report-risk-few-times = 時間の測定回数が少なく、信頼区間がありません
report-risk-no-time = 時間は測定していません
report-risk-machine = 時間は { $processor }、{ $threads } スレッドでの値です。ほかの環境では比が変わるため、導入先で測定してください
report-risk-disturbed = 時間の測定中に、ほかの処理が計算機を使っていました
report-risk-static = 精度回復はこのグラフのノードで行いました。ほかのグラフや新規ノードには当てはまりません
report-risk-no-new-nodes = 新規ノードは、それを含めてバンドルを作り直すまで予測できません
report-risk-never-checked = ドリフト：後のグラフでの点検はまだしていません
report-risk-last-check = 後のグラフでの最後の点検（{ $day }、UTC）の判定：{ $answer }
report-risk-no-stress = ノイズ、特徴量の欠落、誤ったエッジの影響は試していません

report-plan = 導入計画
report-plan-pilot = 1 試験運用
report-plan-own-pilot = 1 ノードに複数のクラスがある場合の試験運用は用意されていません。ノードの 1 割を枝刈り後のモデルに回し、両方の答えを記録してください
report-plan-pilot-do = ノードの 1 割に枝刈り後のモデルで答える：{ $command }、続いて { $serve }
report-plan-pilot-watch = 監視：{ $command }。終了コード 0 なら次へ、3 なら要求が増えるのを待つ
report-plan-pilot-stop = 終了コード 4（低下が { $points } ポイントを超える）なら中止：pilot.json の share を 0 にして再起動
report-plan-half = 2 A/B テスト
report-plan-half-do = pilot.json の share をノードの半分に上げ、あらかじめ決めた期間続ける
report-plan-half-watch = ラベルがそろったら監視：{ $command }。終了コード 0 なら全面導入、3 ならまだ判断できない
report-plan-half-stop = 終了コード 4（低下が { $points } ポイントを超える）なら中止：share を 0 にし、除去を減らす
report-plan-full = 3 全面導入
report-plan-full-do = PILOT/pruned だけで答える。このバンドルと 1 バイトも違わない
report-plan-full-watch = 毎月の点検：{ $command }。終了コード 0 なら問題なし、3 なら枝刈りと保証をやり直す、4 なら中止
report-plan-full-limits = やり直す条件（{ $limits }）：安定度指標が到着したノードで { $arrivals }、メッセージで { $messages } を超える、新しい判断と共通のエントリーが { $overlap } 未満、予測の一致率が { $agreement } ポイントまたは精度が { $accuracy } ポイント低下、枝刈り前に対する低下が { $loss } ポイントを超える
report-plan-full-stop = 中止して枝刈り前のモデルで答える条件：予測の一致率が { $agreement } ポイントまたは精度が { $accuracy } ポイント低下
report-plan-own-limits = レシピの値
report-plan-usual-limits = 既定の値

report-numbers = 付録：数値の詳細
report-scores = スコア
report-scores-caption = 枝刈り前と枝刈り後の{ $metric }、95 % 信頼区間（Wilson）
report-scores-say = 両モデルを同じノードで採点しているため、差はそれぞれのスコアより正確に分かります。区間の重なりは差がないことを意味しません
report-no-labels = 採点したラベル付きノードはありません
report-part = ノード
report-nodes = 数
report-before = 枝刈り前
report-after = 枝刈り後
report-interval-before = 区間
report-interval-after = 区間
report-change = 差、ポイント
report-time = 時間
report-time-caption = 枝刈り前と枝刈り後を交互に測定した中央値。区間は比のもの（符号検定）
report-what = 対象
report-time-before = 枝刈り前
report-time-after = 枝刈り後
report-speedup = 速さ
report-ratio-interval = 95 % 信頼区間
report-measured = 測定の組
report-whole-graph = グラフ全体
report-request = { $nodes } ノードの要求
report-speedup-says =
    { $time ->
        [faster] { $factor } 倍速い
        [slower] { $factor } 倍遅い
        [same] 差なし
       *[few] 不明
    }
report-cost = 費用
report-no-cost = 価格の指定または時間の測定がないため、費用は示していません
report-cost-formula = 予測 100 万件の費用 ＝ 1 コア時間の価格 × スレッド数 × 推論または要求の秒数 ÷ 3,600 ÷ その予測の件数 × 1,000,000。メモリ、通信、待機時間、人件費は含みません
report-cost-caption = 1 コア時間 { $price }、{ $threads } スレッドの場合
report-predictions = 予測
report-cost-before = 100 万件、枝刈り前
report-cost-after = 100 万件、枝刈り後

report-layers = 付録：各層
report-layers-say = エントリーの割合は、除去できるものに対する割合です。自己ループは除去しません。誤差は、枝刈り前のモデルに対する層の出力の相対誤差です
report-step = 段階
report-layer = 第 { $n } 層
report-hop = ホップ { $n }
report-linear = MLP の第 { $n } 層
report-width = 幅
report-entries-kept = エントリー、保持 / 全体
report-entries-removed = エントリーの除去
report-weights-kept = 重み、保持 / 全体
report-weights-removed = 重みの除去
report-operations-removed = 積和演算の削減
report-error = 誤差
report-step-time = 時間
report-masks = マスク
report-masks-say = 青は保持、灰色は除去。薄い区画は数が少ないことを示します。エントリー：縦が受信ノード、横が送信ノードで、予測クラスの順。どの層でも除去したエントリーはバンドルになく、描いていません。重み：縦が出力、横が入力
report-entries-picture = { $step }のエントリー：除去 { $removed }
report-weights-picture = { $name }：除去 { $removed }

report-classes = 付録：各クラス
report-no-classes = ノードごとに 1 つのクラスがバンドルになく、数えられません
report-classes-test = 各クラスのテストノードのうち正しく予測した割合
report-classes-all = 各クラスの全ラベル付きノード（学習ノードを含む）のうち正しく予測した割合。どれがテストノードかはバンドルにありません
report-class = クラス
report-found-before = 正しい予測、枝刈り前
report-found-after = 正しい予測、枝刈り後
report-class-limit = 保証できる限度、ポイント
report-classes-say = 限度は、結果を見る前に選んだ 1 つのクラスについて成り立ちます。– は検定なし、またはノード不足

report-methods = 付録：ほかの手法
report-no-methods = 手法の比較（unifews sweep --methods all）がないため、ほかの手法が優れるかは示していません
report-methods-recovered = どの手法も同じ割合を除去し、保持した部分に同じ精度回復をしています（シード { $n } 個）
report-methods-published = どの手法も同じ割合を除去し、精度回復はしていません（シード { $n } 個）
report-methods-entries = エントリーを除去する手法
report-methods-weights = 重みを除去する手法
report-methods-caption = テストノードでのスコア、シードの平均。曲線に最低と最高を示します
report-entries-axis = エントリーの除去、%
report-weights-axis = 重みの除去、%
report-method-random = ランダム
report-method-magnitude = 大きさ
report-method = 手法
report-removes = 対象
report-entries = エントリー
report-weights = 重み
report-removed-share = { $share } 除去

report-stress = 付録：負荷試験
report-no-stress = 負荷試験（unifews stress）がないため、データの乱れによる両モデルの低下は示していません
report-stress-carried = マスクは実運用と同じく、乱れのないグラフのものを使います。追加の低下：乱れのない場合に比べ、枝刈り後がベースラインを余分に下回るポイント数
report-stress-decided = マスクは乱れたグラフごとに決め直します。追加の低下：乱れのない場合に比べ、枝刈り後がベースラインを余分に下回るポイント数
report-stress-caption = 「同様」は、その強さまで追加の低下の 95 % 信頼区間が 0 を含むこと
report-disturbance = 乱れ
report-alike = 枝刈り後とベースライン
report-alike-to-the-end = { $level } まで同様
report-departs = { $level } で差が出る
report-highest-level = 最大の強さ
report-baseline-there = そのときの枝刈り前
report-pruned-there = そのときの枝刈り後
report-extra-loss = 追加の低下、ポイント
report-extra = { $extra }（{ $low }〜{ $high }）
report-baseline = ベースライン
report-pruned = 枝刈り後
report-pruned-recovered = 枝刈り後、精度回復あり
report-pruned-plain = 枝刈り後、精度回復なし
report-level-axis = 強さ、%
report-added-edges = 誤ったエッジ
report-added-between-classes = クラス間の誤ったエッジ
report-dropped-edges = エッジの欠落
report-dropped-between-classes = クラス間のエッジの欠落
report-feature-noise = 特徴量のノイズ
report-missing-features = 特徴量の欠落
report-uniform-labels = ラベルの誤り（任意のクラス）
report-pairwise-labels = ラベルの誤り（次のクラス）
report-class-imbalance = まれなクラス
report-degree-bias = まれな高次数

report-history = 付録：その後の点検
report-history-caption = 時刻は UTC
report-day = 日時
report-answer = 判定
report-arrived = 到着したノード
report-agreement = 予測の一致率
report-measured-accuracy = 精度
report-fine = 問題なし
report-re-evaluate = 枝刈りをやり直す
report-stop = 中止

report-recipe = 付録：レシピと再生
report-recipe-says = このファイルを使うと、unifews prune が同じマスクを作ります
report-replay = 再生
report-replay-says = 1 つ目のコマンドはすべてのロジットを計算し直してビット単位で比較し、2 つ目は Python だけで同じことをします

report-comparison-caption = 枝刈り前と枝刈り後：テストノードの精度、なければ検証ノードの精度
report-comparison-says = グラフ、分割、測定環境が異なる数値どうしは比べられません
report-bundle = バンドル
report-graph-and-model = グラフとモデル
report-smaller = サイズ 1/{ $factor }

report-window-title = 報告書
report-window-about = 何が減り、何が危険で、どう導入するかを決める人のための 1 ページと、すべての数値の付録です。この実行のバンドルの内容を述べます。
report-window-language = 報告書の言語
report-window-form = 形式
report-window-price = 1 コア時間の価格
report-window-price-says = 予測 100 万件の費用のため。計算式は報告書にあります
report-window-no-price = なし
report-window-write = 報告書を書き出す…
report-window-write-says = ファイルを選びます。ほかのものは読み込みません
report-window-written = 報告書を { $path } に書き出しました
report-window-failed = 報告書を書き出せませんでした
report-window-last = ✓ { $path }（{ $size }）を書き出しました
report-window-show = 報告書をフォルダーで表示
