# The report.

report-title = { $model } on { $graph }: pruning report
report-title-several = { $n } pruned models side by side
report-subtitle = From the bundle { $bundle }, written by { $program } { $version }
report-subtitle-several = From their bundles; the page of each follows the comparison
report-bundle-heading = { $bundle }: { $title }

report-decision =
    { $sides ->
        [entries] { $entries } of the entries
        [weights] { $weights } of the weights
       *[both] { $entries } of the entries and { $weights } of the weights
    } { $certified ->
        [holds] can go
       *[other] were removed
    }: { $change ->
        [lost] { $points } points of { $metric } lost on { $nodes } { $part }
        [gained] { $points } points of { $metric } gained on { $nodes } { $part }
        [same] the same { $metric } on { $nodes } { $part }
       *[unmeasured] accuracy was not measured, { $agreement } of the predictions stay
    }{ $certified ->
        [holds] , certified at most { $limit } at { $level }
        [fails] , a loss within { $limit } points is not certified
       *[none] , no certificate
    }{ $time ->
        [faster] , { $factor } times as fast on the whole graph
        [slower] , { $factor } times as slow on the whole graph
        [same] , no speed-up shown on the whole graph
        [few] , timed too rarely to say how much faster
       *[unmeasured] , time not measured
    }{ $request ->
        [one] , { $request_factor } times for a request of one node
        [faster] , { $request_factor } times for a request of { $request_nodes } nodes
       *[none] {""}
    }{ $size ->
        [smaller] , { $smaller } times smaller
       *[same] {""}
    }

report-accuracy = accuracy
report-micro-f1 = micro-F1
report-train-nodes = training nodes
report-validation-nodes = validation nodes
report-test-nodes = test nodes
report-interval = { $low } to { $high }
report-no-interval = too few for an interval
report-none = none
report-usd = USD { $amount }
report-jpy = ¥{ $amount }
report-eur = €{ $amount }

report-fact-accuracy = { $metric ->
        [accuracy] Accuracy
       *[other] { $metric }
    }, { $part }
report-fact-accuracy-note = 95 % interval { $before } before, { $after } after; { $nodes } nodes
report-fact-certificate = Certificate
report-fact-no-certificate = Nobody tested the loss on held-out nodes
report-fact-certified = at most { $points } points lost
report-fact-not-certified = not within { $points } points
report-fact-certificate-note = at { $level } confidence, { $nodes } held-out nodes; the smallest limit that holds alone is { $smallest }
report-fact-entries = Graph entries removed
report-fact-weights = Weights removed
report-fact-kept = { $kept } of { $all } kept
report-fact-time = One pass over the graph
report-fact-no-time = Time was not measured
report-fact-time-note =
    { $time ->
        [faster] { $factor } times as fast, 95 % interval { $interval }
        [slower] { $factor } times as slow; ratio of speeds { $interval }
        [same] no difference shown; ratio of speeds { $interval }
       *[few] too few passes for an interval
    }
report-fact-size = Model size
report-fact-size-note = { $factor } times smaller, stored sparse, weights as { $values }
report-fact-operations = Operations (MACs)
report-fact-operations-note = { $removed } fewer
report-fact-cost = Cost of a million predictions
report-fact-cost-note = at { $price } per core-hour; formula in the appendix

report-identity = What was pruned
report-graph = Graph
report-graph-says = { $name }, read from { $source }: { $nodes } nodes, { $entries } entries, { $features } features, { $classes } classes
report-model = Model
report-model-trained = { $model }, trained on { $graph }, split { $split }, epoch { $best } of { $epochs }, seed { $seed }
report-split = Evaluated
report-split-says = On split { $split }; { $agreement } of all nodes keep the class that the unpruned model gives
report-machine = Timed on
report-machine-says = { $processor }, { $system }, { $threads } threads
report-hashes = SHA-256
report-hashes-say = graph { $graph }…, unpruned model { $model }…, manifest { $bundle }… (in full with the replay)
report-hash-graph = SHA-256 of the graph
report-hash-model = SHA-256 of the unpruned model
report-hash-bundle = SHA-256 of the manifest
report-checks = Checked since
report-checks-say = { $n } times, first { $first }, last { $last } (UTC)

report-tradeoff = Trade-off
report-no-sweep = No sweep is given: what other thresholds would give is not shown
report-sweep-empty = The sweep has no scored point: there were no labelled test nodes
report-tradeoff-title = Accuracy against operations saved
report-tradeoff-recovered = { $n } recipes tried with accuracy recovered on this graph; star: the bundle with its 95 % interval
report-tradeoff-published = { $n } recipes tried without recovery; star: the bundle with its 95 % interval
report-tradeoff-x = operations saved, %
report-score-axis = test { $metric }, %
report-unpruned = unpruned
report-tried = tried
report-front = none better on validation nodes
report-chosen = this bundle

report-risks = What this page does not show
report-risk-no-certificate = No certificate: nobody tested on held-out nodes how much accuracy is lost at most. What was measured on one set of nodes is all that is known
report-risk-not-certified = Not certified: a loss above { $limit } points cannot be ruled out at { $level } with { $nodes } held-out nodes. The smallest limit that could be is { $smallest } points
report-risk-certificate = The certificate speaks of nodes like the { $nodes } it was tested on, on average, on this graph as it was. It covers no new nodes, no changed graph, and no single class or group
report-risk-no-labels = Accuracy was not measured: there were no labelled nodes to score
report-risk-test-size = { $nodes } { $part } were scored: { $metric } is known to about ±{ $half } points, and smaller differences between two sets of nodes are not seen
report-risk-class = The class that loses most is { $name }: { $points } points on { $nodes } nodes. Classes have few nodes each, so that single numbers scatter
report-risk-no-speedup = No speed-up is claimed for the whole graph: the 95 % interval of the ratio is { $interval }
report-risk-slower = The pruned model takes longer on the whole graph
report-risk-few-times = Passes were timed too rarely for an interval
report-risk-no-time = Time was not measured
report-risk-machine = Times are of { $processor } with { $threads } threads. Another machine has another ratio: measure there before counting on it
report-risk-disturbed = Something else kept the machine busy while times were measured
report-risk-static = Accuracy was recovered on the nodes of this graph: the numbers hold for no other graph and no new node
report-risk-no-new-nodes = Nodes that arrive cannot be scored with this bundle until it is made again with them
report-risk-never-checked = Drift: the bundle has not been checked against a later graph
report-risk-last-check = The last check on a later graph, { $day } (UTC), said: { $answer }
report-risk-no-stress = Noise, missing features and wrong edges were not tried

report-plan = Roll-out
report-plan-pilot = 1 Pilot
report-plan-own-pilot = There is no ready pilot for several classes per node: let your service send a tenth of the nodes to the pruned model, and log both answers
report-plan-pilot-do = Answer one node in ten with the pruned model: { $command }, then { $serve }
report-plan-pilot-watch = Watch: { $command }. Exit code 0: go on; 3: wait for more requests
report-plan-pilot-stop = Stop at exit code 4 (more than { $points } points lost): share 0 in pilot.json, restart the server
report-plan-half = 2 A/B test
report-plan-half-do = Raise the share to half of the nodes in pilot.json, for as long as was settled before
report-plan-half-watch = Watch, once labels have come in: { $command }. Exit code 0: roll out; 3: not shown yet
report-plan-half-stop = Stop at exit code 4: the loss is above { $points } points. Share 0, and prune less
report-plan-full = 3 Full roll-out
report-plan-full-do = Serve PILOT/pruned alone: it is this bundle, byte for byte
report-plan-full-watch = Check every month: { $command }. Exit code 0: fine; 3: prune and certify again; 4: stop
report-plan-full-limits = Prune again ({ $limits }): stability index above { $arrivals } for nodes that arrive or { $messages } for messages, less than { $overlap } of the entries in common with a new decision, agreement { $agreement } or accuracy { $accuracy } points lower, { $loss } points lost against the unpruned model
report-plan-full-stop = Stop, and answer with the unpruned model: agreement { $agreement } or accuracy { $accuracy } points lower
report-plan-own-limits = limits of the recipe
report-plan-usual-limits = usual limits

report-numbers = Appendix: numbers in full
report-scores = Scores
report-scores-caption = Of { $metric }, unpruned and pruned, with 95 % intervals (Wilson)
report-scores-say = Both models are scored on the same nodes, so the change is known better than either score: overlapping intervals do not say that there is no change
report-no-labels = No labelled node was scored
report-part = Nodes
report-nodes = Count
report-before = Unpruned
report-after = Pruned
report-interval-before = Interval
report-interval-after = Interval
report-change = Change, points
report-time = Time
report-time-caption = Medians of passes in turn, unpruned and pruned; the interval is of the ratio, by the sign test
report-what = What
report-time-before = Unpruned
report-time-after = Pruned
report-speedup = Speed
report-ratio-interval = 95 % interval
report-measured = Pairs
report-whole-graph = Whole graph
report-request = Request for { $nodes } nodes
report-speedup-says =
    { $time ->
        [faster] { $factor } × as fast
        [slower] { $factor } × as slow
        [same] no difference
       *[few] not known
    }
report-cost = Cost
report-no-cost = No price was given, or no time measured: no cost is said
report-cost-formula = Cost of a million predictions = price of a core-hour × threads × seconds of the pass or request ÷ 3,600 ÷ predictions of it × 1,000,000. Memory, network, idle hours and people are not in it
report-cost-caption = At { $price } per core-hour and { $threads } threads
report-predictions = Predictions
report-cost-before = Per million, unpruned
report-cost-after = Per million, pruned

report-layers = Appendix: every layer
report-layers-say = Shares of entries are of those that can be removed; self-loops never are. The error is of the layer’s output against the unpruned model’s, relative to its size
report-step = Step
report-layer = Layer { $n }
report-hop = Hop { $n }
report-linear = Layer { $n } of the MLP
report-width = Width
report-entries-kept = Entries kept / all
report-entries-removed = Entries removed
report-weights-kept = Weights kept / all
report-weights-removed = Weights removed
report-operations-removed = Operations saved
report-error = Error
report-step-time = Time
report-masks = Masks
report-masks-say = Blue is kept, grey is removed; pale blocks hold few. Entries: targets down, sources across, nodes by predicted class; a bundle has no entry that every layer removes, so those are not drawn. Weights: outputs down, inputs across
report-entries-picture = Entries of { $step }: removed { $removed }
report-weights-picture = { $name }: removed { $removed }

report-classes = Appendix: every class
report-no-classes = The bundle has no single class for every node to count
report-classes-test = Share of the test nodes of a class that are found
report-classes-all = Share of all labelled nodes of a class that are found, training nodes among them: the bundle does not say which nodes were tested
report-class = Class
report-found-before = Found, unpruned
report-found-after = Found, pruned
report-class-limit = Certified at most, points
report-classes-say = Each limit holds for a class that was chosen before looking; – : not tested, or too few nodes

report-methods = Appendix: other methods
report-no-methods = No comparison is given (unifews sweep --methods all): whether another method does better is not shown
report-methods-recovered = Every method removes the same share and gets the same recovery of what it keeps; { $n } seeds
report-methods-published = Every method removes the same share, without recovery; { $n } seeds
report-methods-entries = Methods that remove entries
report-methods-weights = Methods that remove weights
report-methods-caption = Scores on test nodes, mean over seeds; the curves have lowest and highest
report-entries-axis = entries removed, %
report-weights-axis = weights removed, %
report-method-random = Random
report-method-magnitude = Magnitude
report-method = Method
report-removes = Removes
report-entries = entries
report-weights = weights
report-removed-share = { $share } removed

report-stress = Appendix: under stress
report-no-stress = No stress test is given (unifews stress): how both models fall where data are disturbed is not shown
report-stress-carried = Masks are carried over from the undisturbed graph, as in production. Extra loss: how many points more the pruned model lies below its baseline than undisturbed
report-stress-decided = Masks are decided anew on every disturbed graph. Extra loss: how many points more the pruned model lies below its baseline than undisturbed
report-stress-caption = Alike: the 95 % interval of the extra loss holds 0 up to this level
report-disturbance = Disturbance
report-alike = Pruned and baseline
report-alike-to-the-end = alike up to { $level }
report-departs = part at { $level }
report-highest-level = Highest level
report-baseline-there = Unpruned there
report-pruned-there = Pruned there
report-extra-loss = Extra loss there, points
report-extra = { $extra } ({ $low } to { $high })
report-baseline = baseline
report-pruned = pruned
report-pruned-recovered = pruned, with recovery
report-pruned-plain = pruned, without recovery
report-level-axis = level, %
report-added-edges = False edges
report-added-between-classes = False edges between classes
report-dropped-edges = Missing edges
report-dropped-between-classes = Missing edges between classes
report-feature-noise = Feature noise
report-missing-features = Missing features
report-uniform-labels = Wrong labels, any class
report-pairwise-labels = Wrong labels, the next class
report-class-imbalance = Rare classes
report-degree-bias = Rare high degrees

report-history = Appendix: checks since
report-history-caption = Times are UTC
report-day = When
report-answer = Answer
report-arrived = Nodes that arrived
report-agreement = Agreement
report-measured-accuracy = Accuracy
report-fine = fine
report-re-evaluate = prune again
report-stop = stop

report-recipe = Appendix: recipe and replay
report-recipe-says = With this file, unifews prune makes the same masks again
report-replay = Replay
report-replay-says = The first command computes every logit again and compares each bit; the second does it with Python alone

report-comparison-caption = Unpruned and pruned: accuracy on test nodes, or validation nodes where there are none
report-comparison-says = Numbers of different graphs, splits or machines cannot be held against each other
report-bundle = Bundle
report-graph-and-model = Graph and model
report-smaller = { $factor } × smaller

report-window-title = Report
report-window-about = One page for who decides, with what is saved, what is risked and how to roll out, and appendices with every number. It says what the bundle of this run says.
report-window-language = Language of the report
report-window-form = Written as
report-window-price = Price of a core-hour
report-window-price-says = For the cost of a million predictions; the formula stands in the report
report-window-no-price = none
report-window-write = Write report…
report-window-write-says = Choose a file; nothing in it loads anything
report-window-written = Report written to { $path }
report-window-failed = The report was not written
report-window-last = ✓ { $path } ({ $size })
report-window-show = Show the report in its folder
