# Trade-off: sweeps, methods, layers, noise.

# What is tried: the choice in the toolbar.
tradeoff-by-thresholds = By thresholds
    .hint = Pairs of thresholds: what accuracy costs and gains
tradeoff-by-method = By method
    .hint = Unifews and other methods at the same shares
tradeoff-by-layer = By layer
    .hint = What each layer alone can bear
tradeoff-all-trials = All trials
    .hint = Every run and every point of the sweep as a line over parallel axes
tradeoff-under-stress = Under stress
    .hint = How pruned and baseline fall when edges, features or the nodes that are scored change

# How many points are there.
tradeoff-points = { $n } of { $all } points
tradeoff-points-complete = { $n } of { $all } points, complete
tradeoff-points-cancelled = { $n } of { $all } points, cancelled
tradeoff-points-failed = { $n } of { $all } points, failed

tradeoff-accuracy = Accuracy
tradeoff-accuracy-of = Accuracy of
tradeoff-on-test-says = On the test nodes: what is reported
tradeoff-on-validation-says = On the validation nodes: what thresholds may be chosen by

# What stands along the axis.
tradeoff-against = Against
tradeoff-cost-choice = Cost on the axis
tradeoff-cost-edges = edges removed
    .hint = Removed share of graph entries over all layers
tradeoff-cost-weights = weights removed
    .hint = Removed share of weights over all layers
tradeoff-cost-macs = operations
    .hint = Multiply-accumulate operations of the pruned forward pass, by the rule kept entries
tradeoff-cost-time = time, whole graph
    .hint = Median wall time of the pruned forward pass over the whole graph
tradeoff-cost-request = time, request
    .hint = Median wall time of a request for 64 random nodes, scored on their receptive field alone
tradeoff-axis-edges = edges removed, %
tradeoff-axis-weights = weights removed, %
tradeoff-axis-macs = operations, million MACs
tradeoff-axis-time = measured time, whole graph, ms
tradeoff-axis-request = measured time, request for 64 nodes, ms
tradeoff-axis-part = part of the unpruned, %
tradeoff-axis-score = { $metric }, %
tradeoff-axis-score-on = { $part } { $metric }, %

# Charts of a sweep.
tradeoff-chart-accuracy = Accuracy against cost
tradeoff-chart-costs = Time and operations
tradeoff-costs-title = Cost
tradeoff-combinations = { $n } of { $all } combinations of δa and δw
tradeoff-curve-pareto = Pareto, test
tradeoff-curve-test = test, 95 %
tradeoff-curve-validation = validation
tradeoff-curve-larger-edges = larger: more δa
tradeoff-curve-larger-weights = larger: more δw
tradeoff-curve-tried = tried within the budget, test
tradeoff-curve-chosen = chosen
tradeoff-curve-unpruned = unpruned
tradeoff-curve-unpruned-test = unpruned, test
tradeoff-curve-unpruned-validation = unpruned, validation
tradeoff-curve-time = measured time
tradeoff-curve-request = time of a request
tradeoff-curve-macs = operations
tradeoff-point = Point δa { $a } δw { $w }
tradeoff-click-or-shift = click a point to take over its recipe, shift-click to compare
tradeoff-click = click a point to take over its recipe
tradeoff-chosen = Chosen within the budget
tradeoff-chosen-says = removed { $edges } of the entries and { $weights } of the weights, test { $metric } { $score }

# Where there is nothing yet.
tradeoff-open-first = Open a graph and a model first
tradeoff-points-appear = Points appear as they are computed
tradeoff-nothing-came = Nothing had come yet
tradeoff-change-recipe = The notices say why; change the recipe and try again
tradeoff-change-choices = The notices say why; change the choices and try again
tradeoff-sweep-nothing = Nothing to sweep yet
tradeoff-sweep-failed = The sweep failed
tradeoff-sweep-cancelled = The sweep was cancelled
tradeoff-sweep-running = Sweeping
tradeoff-sweep-none = No sweep yet
tradeoff-sweep-next = { $n } combinations of δa and δw show what accuracy costs and gains
tradeoff-sweep-now = Sweep now

# Numbers of a point.
tradeoff-point-click = click takes over, shift-click compares
tradeoff-row-test-interval = test, 95 %
tradeoff-row-agreement = agreement
tradeoff-row-edges = edges removed
tradeoff-row-weights = weights removed
tradeoff-row-macs = MACs
tradeoff-row-time = time, whole graph
tradeoff-row-request = time, 64 nodes
tradeoff-row-size = size
tradeoff-range = { $low } to { $high }
tradeoff-part-of = { $part } of { $all }
tradeoff-compared = Compared
tradeoff-copy-table = Copy table
tradeoff-copy-picture = Copy picture
tradeoff-leave-all-out = Leave all out
    .hint = Costs are here again
tradeoff-take-over-this = Take over this recipe
tradeoff-leave-out = Leave out δa { $a } δw { $w }
    .hint = Leave out of the comparison

# The map of thresholds.
tradeoff-map = Map of thresholds
tradeoff-map-layers = Layers of the map
tradeoff-map-all-layers = all layers
    .hint = One δa and one δw for every layer
tradeoff-map-layer = layer { $layer }
    .hint = Only this layer's δa and δw vary; the others stay as they were in the recipe when the sweep began
tradeoff-map-range = test { $metric } { $low } to { $high }
tradeoff-map-cell = Map cell δa { $a } δw { $w }
tradeoff-map-edges = δa, edges
tradeoff-map-weights = δw, weights

# Methods side by side.
tradeoff-methods-nothing = Nothing to compare yet
tradeoff-methods-running = Comparing
tradeoff-methods-failed = The comparison failed
tradeoff-methods-cancelled = The comparison was cancelled
tradeoff-methods-none = No comparison yet
tradeoff-methods-next = Choose methods, then compare what each leaves of the accuracy
tradeoff-rival-says = At the largest share that both were run with; a difference counts where the ranges over the seeds do not touch
tradeoff-use-it = Use it
    .hint = Take over its recipe
tradeoff-methods-subtitle = { $model ->
        [none] mean and range of { $n } seeds, { $models ->
            [several] a model per seed
           *[one] one model
        }
       *[some] { $title }, mean and range of { $n } seeds, { $models ->
            [several] a model per seed
           *[one] one model
        }
    }
tradeoff-methods-chart = { $side ->
        [edges] Methods of edges
       *[weights] Methods of weights
    }
tradeoff-methods-title = { $side ->
        [edges] Methods that remove edges
       *[weights] Methods that remove weights
    }
tradeoff-methods-title-recovered = { $side ->
        [edges] Methods that remove edges, with the same recovery
       *[weights] Methods that remove weights, with the same recovery
    }
tradeoff-method-point = { $side ->
        [edges] { $method } of edges, { $share }
       *[weights] { $method } of weights, { $share }
    }
tradeoff-method-heading = { $side ->
        [edges] { $method } · edges
       *[weights] { $method } · weights
    }
tradeoff-row-removed = removed
tradeoff-row-range = range
tradeoff-row-deviation = deviation
tradeoff-row-seeds = seeds
tradeoff-asked = { $removed } (asked { $share })
tradeoff-no-lot = 1, nothing is drawn by lot
tradeoff-click-recipe = click takes over the recipe
tradeoff-click-recipe-open-model = click takes over the recipe; the model stays the open one

# Which methods are compared.
tradeoff-choice-edges = Edges
tradeoff-choice-weights = Weights
tradeoff-choice-no-graph = This network propagates over no graph: there are no entries to remove
tradeoff-choice-compare = Compare
tradeoff-choice-needs = Needs a graph, a model and at least one method
tradeoff-choice-runs = { $n } runs
    .hint = Methods × shares, and × seeds for those that seeds change
tradeoff-choice-none = none
tradeoff-choice-all = all
tradeoff-choice-none-of = { $side ->
        [edges] No methods of edges
       *[weights] No methods of weights
    }
tradeoff-choice-all-of = { $side ->
        [edges] All methods of edges
       *[weights] All methods of weights
    }
tradeoff-choice-method = { $side ->
        [edges] Method { $method } of edges
       *[weights] Method { $method } of weights
    }
tradeoff-choice-share = Share removed
    .hint = What every method is asked to remove; the chart shows what it removed
tradeoff-choice-from = From
    .hint = Smallest share
tradeoff-choice-to = To
    .hint = Largest share
tradeoff-choice-steps = Steps
    .hint = Shares from the smallest to the largest
tradeoff-choice-seeds = Seeds
    .hint = Of random choices, and of training where every seed has its own model; whiskers show their spread
tradeoff-choice-model-per-seed = A model per seed
    .hint = Trains a model of the open one's network for every seed, dense, with the settings under Training; else all seeds share the open model
tradeoff-choice-recovery = Same recovery
    .hint = Every method says what goes, and what it keeps is fitted alike: values, weights, biases and normalisation. Off: as published. What comes out is static

# Layers one at a time.
tradeoff-layers-nothing = No layers to try yet
tradeoff-layers-running = Trying layers
tradeoff-layers-failed = Trying the layers failed
tradeoff-layers-cancelled = Trying the layers was cancelled
tradeoff-layers-none = No layer was tried alone yet
tradeoff-layers-next = Each layer is pruned at rising thresholds while all others stay whole
tradeoff-layers-try = Try every layer
tradeoff-layers-try-again = Try again
tradeoff-layers-subtitle = all others whole
tradeoff-layers-subtitle-of = { $model }, all others whole
tradeoff-layers-chart = { $side ->
        [edges] Layers by edges
       *[weights] Layers by weights
    }
tradeoff-layers-title = { $side ->
        [edges] { $step ->
            [hop] Edges of one hop alone
           *[layer] Edges of one layer alone
        }
       *[weights] { $step ->
            [hop] Weights of one hop alone
           *[layer] Weights of one layer alone
        }
    }
tradeoff-layers-axis = { $side ->
        [edges] { $step ->
            [hop] edges of this hop removed, %
           *[layer] edges of this layer removed, %
        }
       *[weights] { $step ->
            [hop] weights of this hop removed, %
           *[layer] weights of this layer removed, %
        }
    }
tradeoff-layers-point = { $side ->
        [edges] { $step } edges, δ { $delta }
       *[weights] { $step } weights, δ { $delta }
    }
tradeoff-layers-heading = { $side ->
        [edges] { $step } · edges
       *[weights] { $step } · weights
    }
tradeoff-layers-take = Take over
tradeoff-layers-take-name = Take over thresholds by layer
tradeoff-layers-take-says = For every layer the largest threshold that alone loses at most { $points } on validation nodes, the limit of the verdict; what all together lose, the verdict says then

# All trials as lines.
tradeoff-lines = Trials as lines
tradeoff-lines-hint = drag along an axis to limit it, click a line to take over its recipe
tradeoff-lines-clear = Clear limits
tradeoff-lines-none = Nothing was tried yet
tradeoff-lines-next = Prune, or sweep: every run and every point becomes a line
tradeoff-line = Line { $name }
tradeoff-lines-one = 1 trial
tradeoff-lines-within = { $n } of { $all } trials within the limits
tradeoff-line-click = click takes over

# Under stress.
tradeoff-stress-says = Adds and drops edges, puts noise on features or takes values away, makes classes and nodes with many neighbours rare: five levels, three seeds. Masks are carried over, or decided anew on every graph, which takes as long as a few hundred runs
tradeoff-stress-disturbed = Disturbed
tradeoff-stress-again = Stress again
tradeoff-stress-start = Put it under stress
tradeoff-stress-masks = Masks under stress
tradeoff-stress-carried = masks carried over
    .hint = As a bundle in production: what was decided stays, new entries are kept
tradeoff-stress-decided = masks decided anew
    .hint = As if every disturbed graph were pruned again
tradeoff-stress-nothing = Nothing to disturb yet
tradeoff-stress-running = Disturbing the graph
tradeoff-stress-failed = Stress failed
tradeoff-stress-cancelled = Stress was cancelled
tradeoff-stress-none = Not under stress yet
tradeoff-stress-next = Would this recipe hold on a graph with false edges, noise or other nodes to score?
tradeoff-stress-coming = Levels and seeds are still coming
tradeoff-stress-chart = Accuracy under stress
tradeoff-stress-subtitle = { $model }, { $masks }
tradeoff-stress-baseline = baseline
tradeoff-stress-pruned = pruned
tradeoff-stress-pruned-recovered = pruned, recovered
tradeoff-stress-pruned-alone = pruned, no recovery
tradeoff-kind-added-edges = False edges
tradeoff-kind-added-between-classes = False edges between classes
tradeoff-kind-dropped-edges = Missing edges
tradeoff-kind-dropped-between-classes = Missing edges between classes
tradeoff-kind-feature-noise = Feature noise
tradeoff-kind-missing-features = Missing features
tradeoff-kind-uniform-labels = Uniform label noise
tradeoff-kind-pairwise-labels = Pairwise label noise
tradeoff-kind-class-imbalance = Class imbalance
tradeoff-kind-degree-bias = Bias by degree
tradeoff-level-added-edges = false edges added, % of the edges
tradeoff-level-added-between-classes = false edges between classes added, % of the edges
tradeoff-level-dropped-edges = edges missing, %
tradeoff-level-dropped-between-classes = edges between classes missing, %
tradeoff-level-feature-noise = noise, % of the features' standard deviation
tradeoff-level-missing-features = feature values missing, %
tradeoff-level-labels = wrong labels in training, %
tradeoff-level-class-imbalance = test nodes of the rarest class left out, %
tradeoff-level-degree-bias = test nodes of the highest degrees left out, %

# What several views of trials say.
trial-metric-accuracy = accuracy
trial-metric-accuracy-heading = Accuracy
trial-metric-micro-f1 = micro-F1
trial-metric-micro-f1-heading = Micro-F1
trial-on-test = test
trial-on-validation = validation
trial-method-random = Random
trial-method-degree = Degree
trial-method-top-k = Top k per node
trial-method-effective-resistance = Effective resistance
trial-method-jaccard = Jaccard similarity
trial-method-cosine = Cosine similarity
trial-method-diffusion = Diffusion weight
trial-method-k-random = K random neighbours
trial-method-k-message = K largest messages
trial-method-magnitude = Magnitude per layer
trial-method-magnitude-global = Magnitude over all layers
trial-method-reconstruction = Reconstruction
trial-method-recovered = { $method } + recovery
trial-step = { $kind ->
        [hop] Hop { $n }
       *[layer] Layer { $n }
    }
trial-points = { $n ->
        [one] 1 point
       *[other] { $points } points
    }
trial-recovered-static = static: recovered on this graph; for other graphs or new nodes these numbers do not hold
trial-recovered-new = new nodes: nothing of the test nodes was used but their features and entries, so these numbers are an estimate for nodes that arrive later by the same rule
trial-rival-alike = { $share } removed: no clear difference between Unifews and { $name } ({ $own } and { $other } { $part })
trial-rival-better = { $share } removed: { $name } keeps { $points } more than Unifews ({ $own } and { $other } { $part })
trial-rival-worse = { $share } removed: Unifews keeps { $points } more than { $name }, the best other ({ $own } and { $other } { $part })
trial-axis-edges = edges removed, %
trial-axis-weights = weights removed, %
trial-axis-macs = operations, M
trial-axis-time = time, ms
trial-axis-size = size, kB
trial-axis-validation = validation, %
trial-axis-test = test, %

# What cannot be done yet: verbs, then what is needed.
trial-what-sweep = sweep
trial-what-compare = compare
trial-what-layers = try layers
trial-what-stress = stress
trial-what-budget = look for a recipe
trial-what-controls = compute the controls
trial-needs-both = a graph and a model
trial-needs-method = a method that this network can use, a share and a seed
trial-choose-methods = Choose them in the trade-off view
