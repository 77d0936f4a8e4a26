# The frame of the window: bars, palette, help, notices, questions, faults.

pane-inputs = Inputs
pane-layers = Layers
pane-tradeoff = Trade-off
pane-graph = Graph
pane-entries = Entries
pane-training = Training
pane-runs = Runs
pane-export = Export
pane-monitor = Monitor
pane-recipe = Recipe
pane-verdict = Verdict
pane-node = Inspector
# Who did something outside of the panes: menus, shortcuts, dialogs.
by-window = window
