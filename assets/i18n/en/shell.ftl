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

lost-older = and { $n } older
lost-numbered = { $verb } session { $n }
lost-discard = Discard
lost-restore = Restore
lost-title = Restore last session
lost-unreadable = The last session cannot be read
lost-changed = not closed, last change { $time } ago
lost-changed-now = not closed, last change just now
lost-runs = { $n ->
        [one] 1 run
       *[other] { $n } runs
    }
lost-points = { $n ->
        [one] 1 point of trials
       *[other] { $n } points of trials
    }
lost-discard-says = Forget it; nothing of it can be brought back
lost-restore-says = Open what was open, with recipe, runs and trials

outside-title = This { $kind } reads files outside its folder
outside-more = and { $n } more
outside-advice = Read them if you know where this { $kind } comes from
outside-read = Read them
outside-not = Do not open

status-no-notices = No notices
status-n-notices = { $n ->
        [one] 1 notice
       *[other] { $n } notices
    }
status-new-notices = { $n ->
        [one] 1 new notice
       *[other] { $n } new notices
    }
status-just-now = just now
status-ago = { $time } ago
status-ready = Ready
status-more = { $n } more
status-estimated = removes about { $edges } of edges, { $weights } of weights
status-stale = stale ·{" "}
status-test = test { $accuracy } ·{" "}
status-cancel-what = Cancel { $what }
status-keep-what = Keep { $what }
status-stopping = stopping
status-waiting = waiting
status-left = { $time } left · { $rate }/s
status-stage = {" "}· { $stage } { $done } of { $total }
status-notices = Notices
status-clear = Clear
status-nothing = What happens is written here
status-copy = Copy details
status-progress = Progress
status-cancel = Cancel
status-keep = Keep
status-keep-says = Ends the training with its best epoch so far

bar-memory = Takes at most about { $needed } of memory; { $free } are free
bar-zoom = Zoom: Ctrl and +, −, 0; click for 100 %

app-drop = Drop to open
app-back = ← Back
app-back-says = To the welcome page
