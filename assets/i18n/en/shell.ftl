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

guide-remove = How much can I remove?
    .hint = Lose at most, at the head of the recipe, takes the points of accuracy that you can spare; Find removes as much as they allow. Or move δa (entries of the graph) and δw (weights) yourself: Layers shows what goes.
guide-cost = What does it cost?
    .hint = Verdict begins with one sentence: what is removed, and what accuracy is lost on nodes that trained nothing. Certify proves a bound. Click an entry, or press Ctrl+F and type an id, to see whether one node's class changed, and why.
guide-gain = What do I gain?
    .hint = Prune measures the unpruned and the pruned model in turn on this machine: time of the whole graph and of requests, operations, bytes. Export writes what production runs, with a script that checks it.
word-entry = Entry
    .hint = A nonzero of the diffusion matrix T, T[u,v]: how much target u receives from source v. Every edge is one in each direction that counts.
word-message = Message
    .hint = An entry times what its source sends: T[u,v] · P[v]. Its norm is how much it carries.
word-threshold = Threshold δ
    .hint = What carries less is removed: δa for entries, δw for weights, for all layers or each. Relative to the mean, absolute, or as a share to remove.
word-removed = Removed
    .hint = The share of entries or weights that a layer does without. It is never the share that stays.
word-unpruned = Unpruned
    .hint = The model as it was opened, the baseline: every loss and every speed-up is against it.
word-recovery = Recovery
    .hint = What is kept is fitted so that every layer gives what it gave unpruned. Static: it holds for this graph as it stands.
word-certificate = Certificate
    .hint = At most so many points are lost, at 95 % confidence, by a test on held-out nodes.
word-margin = Margin
    .hint = By how much the class that is predicted is ahead of the next. Pruning changes a class when its margin is used up.
guide-words = Eight words

palette-preset = Preset: { $preset }
palette-sample = Open sample { $sample }
palette-recent = Open again { $file }
palette-run = Show run { $run }
palette-word = What it means: { $word }
palette-node = Look at node { $node }
palette-nodes = Look at { $n } nodes
