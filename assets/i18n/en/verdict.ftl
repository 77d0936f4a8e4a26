# The verdict, with what its numbers mean.

head-plain-says = Unifews as published at these thresholds; the recovered answer takes longer and follows
head-grades = { $why }

    Safe: the loss on validation and test nodes and its standard error together keep within the limit, or no more nodes change their class than that. Breaks: more than { $times } times the limit is lost
head-new-says = Static numbers do not hold for those: entries go by a rule that asks the unpruned model nothing about them, and the test nodes play them
head-plain = as published, recovered follows
head-limit = Limit
head-limit-says = Points of accuracy that a run may lose and still be called safe; kept with the window's settings
head-limit-label = limit
head-question = Are the nodes to be scored in this graph now?
head-static = Yes, static
head-static-says = Entries, values and weights are fitted to what the unpruned model says of these very nodes

head-new = No, they arrive later

verdict-exact = exact
verdict-measured = measured
verdict-counted = counted
verdict-published = as published
verdict-stale = stale
verdict-accuracy = Accuracy
verdict-micro-f1 = Micro-F1
verdict-test = Test
verdict-score = { $what } { $score }, 95 % interval { $low } to { $high }, macro-F1 { $macro }
verdict-nodes = { $n } nodes, { $change }
verdict-unpruned = unpruned
verdict-pruned = pruned
verdict-published-later = { $says }. Prune computes it
verdict-of = { $after } of { $before }
verdict-behind = behind { $weight }: { $counts }
verdict-hidden-says = Columns that no kept weight reads, or that hold a constant, are left out of the forward that is timed
verdict-known-rows = rows of { $n } known nodes: removed { $share } of { $all }
verdict-new-rows = rows of { $n } nodes that arrive later: removed { $share } of { $all }
verdict-kept = kept { $kept } of { $all }
verdict-kept-says = kept { $kept } of { $all } that can be removed, over all layers
verdict-n-nodes = { $n ->
        [one] 1 node
       *[other] { $n } nodes
    }
verdict-passes = Medians of { $n } passes each in turn, with { $threads } threads
verdict-claim-says = 95 % interval of the ratio, pass beside pass (sign test). A speed-up is claimed only where it excludes 1 by more than 3 %, which another start of the program can move it by. A busy machine is known by passes that waited or scatter
verdict-requests-says = Requests for some nodes are timed by Prune, but for more nodes than the graph has, networks that normalise over all nodes, and graphs of which one request can take more than 1 GiB
verdict-requests = { $n ->
        [one] { $requests } requests for one random node each, scored on their receptive field alone, unpruned → pruned in turn
       *[other] { $requests } requests for { $n } random nodes each, scored on their receptive field alone, unpruned → pruned in turn
    }
verdict-answers = the pruned model answers { $speedup }
verdict-slowest = 99 of 100 take at most { $change }
verdict-rate = { $change } requests per second
verdict-field-nodes = { $change } nodes in the field
verdict-field-entries = { $change } entries over all layers
verdict-low-says = The pruned forward with { $stored }, timed in turn with the others; against the pruned one with 32-bit floats it is { $speedup }
verdict-same = { $share } same
verdict-low-error-says = Predictions that stay the same, and the relative difference of the logits; the largest is { $largest }
verdict-low-test = Test accuracy { $before } with 32-bit floats, { $after } in low precision
verdict-low-in-memory = in memory, unpruned → pruned → low: { $bytes }
verdict-low-in-files = model and graphs in files: { $bytes }
verdict-model-says = Bytes of all tensors as 32-bit floats, and stored sparse: each in the smaller of dense, bitmask and compressed sparse rows, as model_sparse.safetensors of a bundle is
verdict-begin = Open a graph to begin
verdict-open-model = Open a model, or train one
verdict-first = Computing the first preview
verdict-none = No result yet
verdict-no-preview = ✕ No preview of this recipe
verdict-moved = The recipe has moved since this was computed
verdict-accuracy-says = Counted on the nodes of the split, over the kept entries alone: what production gets
verdict-no-labels = The graph has no labels to compare with
verdict-agreement = Agreement
verdict-agreement-accuracy = Share of all nodes that keep the class the unpruned model gives them
verdict-agreement-f1 = Share of all decisions, on every node and class, that are the unpruned model's
verdict-no-nodes = no nodes
verdict-no-nodes-says = The split has no labelled nodes in this part
verdict-as-published-row = {"  "}as published
verdict-removed = Removed
verdict-removed-says = Counted entry by entry over all layers
verdict-edges = Edges
verdict-weights = Weights
verdict-hidden = Hidden columns computed
verdict-time = Time
verdict-time-says = Wall time of one forward pass over the whole graph, unpruned and pruned in turn: medians and what they carry
verdict-time-swept = Measured by the sweep: wall time of one forward pass over the whole graph
verdict-time-estimated = From the operations alone; Prune measures it
verdict-forward = Forward
verdict-at-most = at most
verdict-at-most-says = Ratio of the operations; a sparse product is slower per operation. Prune measures it
verdict-not-measured-row = {"  "}not measured
verdict-by-sweep = {"  "}by the sweep, 95 %
verdict-not-measured = not measured
verdict-busy = {"  "}busy machine
verdict-faster = {"  "}faster, 95 %
verdict-slower = {"  "}slower, 95 %
verdict-no-difference = {"  "}no difference, 95 %
verdict-too-few = {"  "}too few passes
verdict-disturbed = something else kept the machine busy
verdict-low = Low precision
verdict-low-error = {"  "}its error
verdict-low-memory = {"  "}its memory
verdict-low-files = Scores, logits and files beside logits_low.npy are those of 32-bit floats
verdict-low-memory-says = Kept weights and lists of entries, pruned with 32-bit floats and in low precision
verdict-cost = Operations and size
verdict-cost-says = Multiply-accumulates over kept entries; bytes dense and stored sparse
verdict-macs-says = Multiply-accumulate operations of one forward pass, unpruned and pruned, counted over kept entries
verdict-model = Model
verdict-graphs = Graphs
verdict-graphs-says = The graph of every layer as compressed sparse rows, with every entry and with the kept ones

verdict-validation = Validation
verdict-published-says = Unmasked evaluation, the authors' protocol: removed entries into the evaluated nodes count; not what production gets

says-safe = Safe
says-costs = Costs { $points }
says-may-cost = May cost { $points }
says-breaks = Breaks the model
says-no-labels = No labels to tell
says-too-few = Too few nodes to tell
says-limit = the limit of { $points }
says-changed-within = { $share } of { $what }, and no loss on this graph is larger: within { $limit }
says-certified-within = certified on held-out validation nodes ({ $level } %): at most { $points } lost, within { $limit }
says-changed-unlabelled = { $share } of { $what }; no labels say whether that costs accuracy
says-ruling-safe = together within { $limit }
says-ruling-unclear = too few nodes to tell for { $limit }
says-ruling-breaks = more than { $times } times { $limit }
says-ruling-costs = not within { $limit }
says-lost-on-test = { $loss } ± { $error } points lost on { $nodes } test nodes (± one standard error, node beside node): { $ruling }
says-lost-on-both = { $loss } ± { $error } points lost on { $nodes } validation and test nodes (± one standard error, node beside node): { $ruling }
says-nodes-change = the nodes change their class
says-decisions-change = the decisions change
says-removes-weights = { $recovered ->
        [static] Static: removes { $weights } of the weights
        [new] For new nodes: removes { $weights } of the weights
       *[plain] Removes { $weights } of the weights
    }
says-removes-entries = { $recovered ->
        [static] Static: removes { $entries } of the entries and { $weights } of the weights
        [new] For new nodes: removes { $entries } of the entries and { $weights } of the weights
       *[plain] Removes { $entries } of the entries and { $weights } of the weights
    }
says-removes-weights-channels = { $recovered ->
        [static] Static: removes { $weights } of the weights and { $channels } of the hidden channels
        [new] For new nodes: removes { $weights } of the weights and { $channels } of the hidden channels
       *[plain] Removes { $weights } of the weights and { $channels } of the hidden channels
    }
says-removes-all = { $recovered ->
        [static] Static: removes { $entries } of the entries, { $weights } of the weights and { $channels } of the hidden channels
        [new] For new nodes: removes { $entries } of the entries, { $weights } of the weights and { $channels } of the hidden channels
       *[plain] Removes { $entries } of the entries, { $weights } of the weights and { $channels } of the hidden channels
    }
says-nothing-lost = nothing lost on { $part ->
        [test] test
       *[validation] validation
    }
says-lost = { $loss }{ $unit ->
        [points] {" "}points
        [micro-f1] {" "}points of micro-F1
       *[none] {""}
    } lost on { $part ->
        [test] test
       *[validation] validation
    }
says-gained = { $loss }{ $unit ->
        [points] {" "}points
        [micro-f1] {" "}points of micro-F1
       *[none] {""}
    } gained on { $part ->
        [test] test
       *[validation] validation
    }
says-changed = { $share } of { $what }
says-certified = certified at most { $points } ({ $level } %)
says-requests = requests for { $nodes } nodes { $time }
says-smaller = { $times } times smaller
says-comma = {", "}
says-sentence = { $removed }: { $parts }
says-faster = { $ratio } times faster ({ $low } to { $high })
says-slower = { $ratio } times slower ({ $low } to { $high })
says-no-difference = no measurable difference in time
says-busy = { $text } on a busy machine
says-points = { $number ->
        [one] 1 point
       *[other] { $points } points
    }
