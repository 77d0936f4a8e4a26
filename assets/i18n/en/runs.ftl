# Runs: their table, groups, comparison of two.

runs-none = No runs yet
runs-none-next = Prune (Ctrl+Enter) applies the recipe completely and keeps the run here
runs-filter = Filter
runs-filter-name = Filter runs
runs-group-by = Group by
runs-group-by-name = Group runs by
runs-by-nothing = no groups
    .hint = All runs in one list
runs-by-method = method
    .hint = How the recipe ranks what it removes, and whether it recovers
runs-by-tag = tag
    .hint = The first tag of every run
runs-by-network = network
    .hint = The network and its sizes
runs-no-tag = no tag
runs-nothing-removed = Nothing removed
runs-method-of-edges = { $edges } (edges)
runs-method-of-weights = { $weights } (weights)
runs-method-of-both = { $edges } (edges), { $weights } (weights)
runs-caption-one = 1 run
runs-caption = { $n } runs · tick two to compare
runs-show-comparison = Show the comparison
runs-save-table = Save table…
    .hint = Every column with full precision, thresholds, method, note and tags, of the runs that are seen here
runs-copy-table = Copy table
    .hint = The same, for a spreadsheet
runs-writer = Save the table of runs

# Columns: a space in a name may become a line break.
runs-column-run = Run
    .hint = In order of their time
runs-column-test = Test
    .hint = Accuracy of the pruned model on the test nodes
runs-column-validation = Validation
    .hint = Accuracy of the pruned model on the validation nodes
runs-column-edges = Edges removed
    .hint = Removed share of graph entries over all layers
runs-column-weights = Weights removed
    .hint = Removed share of weights over all layers
runs-column-operations = Operations
    .hint = Multiply-accumulate operations of the pruned forward pass
runs-column-time = Time
    .hint = Measured time of the pruned forward pass
runs-column-speedup = Speed-up
    .hint = Measured, against the unpruned forward pass
runs-click-to-sort =
    { $says }

    Click to sort

runs-tick = Compare { $name }
    .hint = Compare with another
runs-pinned = Pinned to the top
runs-actions = Actions for { $name }
runs-take-over = Take over its recipe
runs-rename = Rename…
runs-note = Note…
runs-tags = Tags…
runs-type-name = New name
runs-type-note = Note
runs-type-tags = Tags, with commas between
runs-pin = Pin to the top
runs-unpin = Unpin
runs-export = Export bundle…
runs-delete = Delete
    .hint = Undo brings it back

# Groups.
runs-group-actions = Actions for the group { $name }
runs-group-numbers = Best of the group, and below it the mean ± half of what lies between lowest and highest
runs-group-count = { $n ->
        [one] 1 run
       *[other] { $n } runs
    }
runs-group-says = Group { $name }, { $n ->
        [one] 1 run
       *[other] { $n } runs
    }
runs-group-says-test = Group { $name }, { $n ->
        [one] 1 run
       *[other] { $n } runs
    }, test best { $best }, mean { $mean }
runs-group-pin = Pin the group to the top
runs-group-unpin = Unpin the group
runs-group-keep = Keep this group alone
runs-group-keep-says = Deletes { $n ->
        [one] 1 run
       *[other] { $n } runs
    } outside of it, also those that the filter hides; undo brings them back
runs-group-delete = Delete the group
    .hint = One step; undo brings it back

# Two runs on one page.
compared-back = ← All runs
    .hint = Back to the table; the two stay ticked
compared-title = { $a } against { $b }
compared-names = A is { $a }, B is { $b }
compared-impossible = The two cannot be compared
compared-running = Comparing
compared-running-says = Masks, predictions and recipes are held against each other
compared-other-graphs = The runs are of different graphs: entries, predictions and accuracy are not held against each other
compared-other-splits = The runs were evaluated on different splits: accuracy is not held against each other
compared-same-classes = All { $all } nodes get the same class
compared-other-classes = { $n } of { $all } nodes get another class ({ $share })
compared-least-points = less than 0.1 points
compared-accuracy-same = No measurable difference on { $part }: B scores the same (95 % interval { $low } to { $high } points{ $metric ->
        [micro-f1] {" "}of micro-F1
       *[accuracy] {""}
    }, node beside node)
compared-accuracy-above = No measurable difference on { $part }: B is { $points } above A (95 % interval { $low } to { $high } points{ $metric ->
        [micro-f1] {" "}of micro-F1
       *[accuracy] {""}
    }, node beside node)
compared-accuracy-below = No measurable difference on { $part }: B is { $points } below A (95 % interval { $low } to { $high } points{ $metric ->
        [micro-f1] {" "}of micro-F1
       *[accuracy] {""}
    }, node beside node)
compared-accuracy-worse = B is { $points } worse than A on { $part } (95 % interval { $low } to { $high } points{ $metric ->
        [micro-f1] {" "}of micro-F1
       *[accuracy] {""}
    }, node beside node)
compared-accuracy-better = B is { $points } better than A on { $part } (95 % interval { $low } to { $high } points{ $metric ->
        [micro-f1] {" "}of micro-F1
       *[accuracy] {""}
    }, node beside node)
compared-removes-same = { $what ->
        [entries] Both remove the same share of the entries: { $a }
       *[weights] Both remove the same share of the weights: { $a }
    }
compared-removes-more = { $what ->
        [entries] B removes { $points } more of the entries: { $b } against { $a }
       *[weights] B removes { $points } more of the weights: { $b } against { $a }
    }
compared-removes-less = { $what ->
        [entries] B removes { $points } less of the entries: { $b } against { $a }
       *[weights] B removes { $points } less of the weights: { $b } against { $a }
    }
compared-operations-same = Both take { $a } operations
compared-operations-fewer = B takes { $share } fewer operations: { $b } against { $a }
compared-operations-more = B takes { $share } more operations: { $b } against { $a }
compared-time-faster = B is faster than A: speed-up { $b } against { $a } (95 % intervals)
compared-time-slower = B is slower than A: speed-up { $b } against { $a } (95 % intervals)
compared-time-same = No measurable difference in time: speed-up { $b } against { $a } (95 % intervals)
compared-row-test = Test accuracy
    .hint = Accuracy of the pruned model with its 95 % interval; the difference is tested node beside node
compared-row-validation = Validation accuracy
    .hint = Accuracy of the pruned model with its 95 % interval; the difference is tested node beside node
compared-row-edges = Edges removed
    .hint = Removed share of graph entries over all layers
compared-row-weights = Weights removed
    .hint = Removed share of weights over all layers
compared-row-operations = Operations
    .hint = Multiply-accumulate operations of the pruned forward pass
compared-row-size = Model size
    .hint = What the pruned model takes stored, its weights sparse
compared-row-time = Time
    .hint = Median wall time of the pruned forward pass; each run was measured by itself
compared-row-speedup = Speed-up
    .hint = Against the unpruned forward pass that was measured in turn, with its 95 % interval
compared-numbers = Numbers
compared-column-change = B against A
    .hint = + is more, and a factor above 1× is more
compared-better = { $change } better
compared-worse = { $change } worse
compared-masks = Masks
compared-nodes = Nodes
compared-order = Order of nodes
compared-order-class = by class
compared-order-degree = by degree
compared-order-community = by community
compared-order-original = as in the file
compared-weights = Weights
compared-matrix-name = Weight matrix
compared-matrix = matrix { $n }
    .hint = Which of a layer's weight matrices
compared-colours = Orange: A alone keeps it · green: B alone · blue: both · grey: neither
compared-ordering = Ordering the nodes
compared-recipes = Recipes
compared-recipes-same = The recipes are the same
compared-recipes-signs = − stands in A alone, + in B alone
compared-recipes-all = Show the lines that are the same
compared-keeps = What both keep
compared-keeps-says = Jaccard: what both keep, of what either keeps. Overlap: of what the one that keeps less keeps. Self-loops are not counted
compared-into = into
compared-a-only = A only
compared-b-only = B only
compared-both = both
compared-neither = neither
compared-all-nodes = all nodes
compared-step-edges = { $step }, edges
compared-step-weights = { $step }, weights
compared-step-matrix = { $step }, { $matrix }, weights
compared-degree = degree { $lowest }
compared-degrees = degree { $lowest } to { $highest }
compared-predictions = Predictions
compared-class = class { $class }
compared-confusion = How often A and B say which classes, over all nodes
compared-a-says = A says
    .hint = The class that A gives it
compared-b-says = B says
    .hint = The class that B gives it
compared-column-nodes = nodes
compared-groups-says = Nodes that change, by their label and by the quartiles of their degree, over all nodes
compared-change = change
compared-a-right = A right, B wrong
compared-b-right = B right, A wrong
compared-no-node = No node changes its class
compared-changed = Nodes that change, the surest first
compared-changed-click = Nodes that change, the surest first; a click looks at a node
compared-node = Node
compared-node-class = Class
    .hint = Its label
compared-margin-a = Margin in A
    .hint = By how much the logit of A's class is above the next one
compared-margin-b = Margin in B
    .hint = By how much the logit of B's class is above the next one
compared-changed-node = Changed node { $id }
compared-picture-edges = { $step ->
        [hop] Edges of hop { $n }, A and B
       *[layer] Edges of layer { $n }, A and B
    }
compared-picture-weights = { $step ->
        [hop] Weights of hop { $n }, A and B
       *[layer] Weights of layer { $n }, A and B
    }
compared-picture-matrix = { $step ->
        [hop] Weights { $matrix } of hop { $n }, A and B
       *[layer] Weights { $matrix } of layer { $n }, A and B
    }
compared-axis-source = source node, { $order }
compared-axis-target = target node
compared-axis-input = input feature
compared-axis-output = output feature
compared-jaccard = Jaccard { $share }
    .hint = What both keep, of what either keeps
compared-drawing = drawing
compared-weight = input { $input } → output { $output }
compared-self-loop = a self-loop, never removed
compared-kept-by = kept by: { $fate }
compared-block = block of { $columns } × { $rows } entries
compared-block-part = { $fate }: { $n }
compared-block-loops = and { $n } self-loops, which stay
compared-zoom = zoom in for single entries
compared-save = Save { $file }

# A run beside one that lies somewhere.
runs-jaccard = Jaccard
runs-overlap = overlap
runs-page-step = layer or hop
runs-page-both = entries kept by both
runs-page-first = by the first alone
runs-page-second = by the second alone
runs-page-class = class
runs-page-nodes-first = nodes of the first
runs-page-nodes-second = of the second
runs-page-nodes-change = of the first that change
runs-page-other-graphs = different graphs: { $n } nodes are in both, { $others } in one alone
runs-page-same-logits = { $n } logits have the same bits
runs-page-other-logits = { $n } of { $all } logits have other bits, by at most { $most }
runs-page-same-classes = all { $n } nodes have the same class
runs-page-other-classes = { $n } of { $all } nodes have another class

# What this machine does per second.
speed-unknown-processor = unknown processor
speed-machine = { $processor }, { $system }, { $threads } threads; medians of { $repeats }
speed-graph = { $graph }: { $nodes } nodes, { $entries } entries with self-loops, { $features } features
speed-memory = memory: { $one } on one thread, { $all } on all (triad over { $size })
speed-hop = one hop: { $all }, { $one } on one thread ({ $times } times as fast on all); { $rate } without reuse, { $share } of the memory's own rate
speed-gather = a row of { $columns } columns gathered and added, all threads together: { $each } each in the hop; from rows in no order that lie in
speed-orders = Nodes in another order in memory, { $hops } hops unpruned: the same bits
speed-order = order
speed-order-found = finding it
speed-all-hops = all hops
speed-times-as-fast = times as fast
speed-order-pays = finding { $order } is paid back after { $n } propagations
speed-no-order = no order saves time on this graph
speed-products = Products with weights: all of them, or the kept ones alone
speed-hops = { $n } hops
speed-removed = removed
speed-all = all
speed-from-second = from the second on
speed-ratio = { $ratio } ({ $low } to { $high })
speed-sizes = rows x inputs x outputs
speed-input = input
speed-all-weights = all weights
speed-share-removed = { $share } removed
speed-faster-from = faster from
speed-stored = { $share } stored
speed-dense = dense
speed-never = never
speed-forward = { $model }: forward { $unpruned } unpruned; { $pruned } with { $entries } of the entries and { $weights } of the weights removed: { $speedup }
speed-dead-columns = of it dead columns, which are not computed (hidden { $before } → { $after } columns): { $speedup }
speed-channels = { $with ->
        [some] without channels (hidden { $before } → { $after } columns) and { $entries } of the entries: { $time }, { $speedup }
       *[none] without channels (hidden { $before } → { $after } columns): { $time }, { $speedup }
    }
speed-epoch = one epoch of training it, a step and an evaluation of all nodes: { $time }
