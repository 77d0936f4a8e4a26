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
