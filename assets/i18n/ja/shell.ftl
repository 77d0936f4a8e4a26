# The frame of the window: bars, palette, help, notices, questions, faults.

pane-inputs = 入力
pane-layers = 層
pane-tradeoff = トレードオフ
pane-graph = グラフ
pane-entries = エントリー
pane-training = 学習
pane-runs = 実行
pane-export = 書き出し
pane-monitor = 監視
pane-recipe = レシピ
pane-verdict = 判定
pane-node = インスペクター
# Who did something outside of the panes: menus, shortcuts, dialogs.
by-window = ウィンドウ

lost-older = ほかに古いもの { $n } 件
lost-numbered = { $verb }（{ $n } 番目のセッション）
lost-discard = 破棄
lost-restore = 復元
lost-title = 前回のセッションを復元
lost-unreadable = 前回のセッションを読めません
lost-changed = 閉じられていません。最後の変更は { $time } 前
lost-changed-now = 閉じられていません。最後の変更はたった今
lost-runs = 実行 { $n } 件
lost-points = 試行の点 { $n } 件
lost-discard-says = 忘れます。元に戻せません
lost-restore-says = 開いていたものを、レシピ、実行、試行とともに開きます

outside-title = この { $kind } はフォルダーの外のファイルを読みます
outside-more = ほかに { $n } 件
outside-advice = この { $kind } の出どころがわかる場合だけ読んでください
outside-read = 読む
outside-not = 開かない

status-no-notices = 通知なし
status-n-notices = 通知 { $n } 件
status-new-notices = 新しい通知 { $n } 件
status-just-now = たった今
status-ago = { $time } 前
status-ready = 準備完了
status-more = ほか { $n } 件
status-estimated = 除去の見積もり：エッジ { $edges }、重み { $weights }
status-stale = 古い結果 ·{" "}
status-test = テスト { $accuracy } ·{" "}
status-cancel-what = キャンセル：{ $what }
status-keep-what = 残す：{ $what }
status-stopping = 停止中
status-waiting = 待機中
status-left = 残り { $time } · { $rate }/s
status-stage = {" "}· { $stage } { $done } / { $total }
status-notices = 通知
status-clear = 空にする
status-nothing = 起きたことがここに書かれます
status-copy = 詳細をコピー
status-progress = 進捗
status-cancel = キャンセル
status-keep = 残す
status-keep-says = これまでで最良のエポックで学習を終えます

bar-memory = メモリは最大で約 { $needed } 必要です。空きは { $free }
bar-zoom = ズーム：Ctrl と +、−、0。クリックで 100 %

app-drop = ドロップして開く
app-back = ← 戻る
app-back-says = 最初の画面へ

guide-remove = どれだけ除去できるか
    .hint = レシピの先頭の「失ってよい精度」に、許せる精度のポイントを入れます。「探す」が、その範囲でできるだけ多く除去します。δa（グラフのエントリー）と δw（重み）を自分で動かすこともできます。何が除去されるかは「層」に出ます。
guide-cost = 何を失うか
    .hint = 「判定」は一文で始まります。何が除去され、学習に使っていないノードで精度がどれだけ下がるか。「検定する」は上界を証明します。エントリーをクリックするか、Ctrl+F で ID を入力すると、一つのノードのクラスが変わったか、なぜかがわかります。
guide-gain = 何を得るか
    .hint = 「枝刈り」は、枝刈り前と後のモデルをこのマシンで交互に測ります。グラフ全体と要求の時間、演算数、バイト数です。「書き出し」は、本番で動くものを、確かめるスクリプトとともに書き出します。
word-entry = エントリー
    .hint = 拡散行列 T の非ゼロ要素 T[u,v]。受信ノード u が送信ノード v からどれだけ受け取るか。エッジは、意味のある向きごとに一つのエントリーです。
word-message = メッセージ
    .hint = エントリーと送信ノードの値の積 T[u,v] · P[v]。ノルムが、運ぶ量です。
word-threshold = 閾値 δ
    .hint = これより少なく運ぶものを除去します。δa はエントリー、δw は重み。全層共通、または層ごと。平均に対する相対値、絶対値、または除去する割合です。
word-removed = 除去
    .hint = 層がなしで済ませるエントリーまたは重みの割合。残る割合ではありません。
word-unpruned = 枝刈り前
    .hint = 開いたままのモデル、つまりベースライン。低下も高速化もすべてこれと比べます。
word-recovery = 精度回復
    .hint = 各層の出力が枝刈り前と同じになるように、残ったものを合わせます。静的：いまのこのグラフについて成り立ちます。
word-certificate = 保証書
    .hint = 取り分けたノードでの検定により、信頼水準 95 % で、低下はこのポイント以内。
word-margin = 余裕
    .hint = 予測したクラスが次のクラスをどれだけ上回るか。枝刈りで余裕がなくなると、クラスが変わります。
guide-words = 八つの言葉

palette-preset = プリセット：{ $preset }
palette-sample = サンプルを開く：{ $sample }
palette-recent = もう一度開く：{ $file }
palette-run = 実行を表示：{ $run }
palette-word = 意味：{ $word }
palette-node = ノード { $node } を見る
palette-nodes = { $n } 個のノードを見る
