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
