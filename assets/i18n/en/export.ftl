# Exports.

export-nothing = Nothing to export yet
export-nothing-next = Prune (Ctrl+Enter) makes the run that a bundle is written from
export-run = Run
export-run-name = Run to export
export-bundle = Export bundle…
    .hint = Choose a folder and write
export-writing = Writing, then replaying to verify
export-cancelled = Cancelled; nothing was left behind
export-failed = ✕ It could not be written; see the notices

# What a bundle holds.
export-section-bundle = Bundle
export-weights = Weights of the sparse model
export-weights-by-recipe = As the recipe stores weights
export-as-f32 = 32-bit floats: the same bits
export-as-bf16 = 16 bits, rounded; what that costs stands in metrics.json and below
export-as-f16 = 16 bits, rounded, up to 65,504; what that costs stands in metrics.json and below
export-as-int8 = 8 bits with a scale of every output, chosen on training nodes; what that costs stands in metrics.json and below
export-no-features = Leave the node features out
    .hint = To run the bundle then takes the graph: unifews replay BUNDLE --graph GRAPH
export-no-new-nodes = Leave out what decides of nodes that arrive
    .hint = It may hold unpruned matrices; without it nodes that arrive cannot be scored with the bundle
export-features-leave = ⚠ Node features leave the house: { $file }
export-embedding-leaves = ⚠ embedding.npy, which the model starts from, is made of the node features
export-features-stay = Node features stay here: whoever runs the bundle needs the graph
export-total = { $n } files, about { $size }
export-file-model = kept weights, zeros where removed; PyTorch names
export-file-sparse = the same stored sparse, weights as { $values }
export-file-masks = 1 = kept, same shapes
export-file-entries = values of entries as { $values }
export-file-edges = { $step }: SciPy CSR of the kept entries
export-file-new-nodes = what decides of nodes that arrive
export-file-new-nodes-unpruned = what decides of nodes that arrive, with the unpruned matrices
export-file-features = the node features of the graph
export-file-embedding = the features propagated over the graph, which the model starts from
export-file-logits = output of the pruned model
export-file-logits-low = the same in low precision: { $stored }
export-file-predictions = node, label, class before and after, margin
export-file-metrics = all numbers of the run
export-file-recipe = the complete recipe
export-file-client = runs the bundle with numpy and scipy
export-file-readme = for whoever receives this
export-file-manifest = how everything is ordered, and the hash of every file

# Forms for other programs.
export-section-items = For other programs
export-group-weights = Weights
export-group-graphs = Graph of every layer
export-group-network = Network
export-group-predictions = Predictions
export-group-metrics = Numbers of the run
export-group-recipe = Recipe
export-edge-list = edge list
export-item = { $group }: { $form }
export-items = Export files…
    .hint = Choose a folder; every file is read back and compared

# A cluster.
export-section-cluster = For a cluster
export-cluster-says = The same recipe as a job for Apache Spark, for graphs that no single machine holds. It reads nodes and edges as Parquet.
export-not-this-run = Not this run: { $why }
export-job = Export job…
    .hint = Choose a folder; its README has the spark-submit lines
export-compare = Compare with a run on disk…
    .hint = What a job wrote, or a bundle: masks, classes and logits
export-beside = This run beside

# What was written.
export-verified = ✓ Verified
    .hint = Read back and compared
export-not-verified = ⚠ Not verified
export-written = { $n } files, { $size }
export-same-logits = every logit has the same bits
export-same-numbers = every number has the same bits
export-difference = largest difference { $largest }
export-copy-replay = Copy replay command
export-reveal = Show in folder
export-left-out = Left out: { $name }: { $why }
export-files = Files
export-same-bits = same bits
export-compared = Compared: { $what }

# A pilot.
export-section-pilot = For a pilot
export-pilot-says = Baseline and pruned model in one folder, with a server that answers requests for single nodes and a script that reads its log and says whether the difference keeps within the limit.
export-pilot-share = Nodes to the pruned model
    .hint = By a hash of the node's id: the same id is always answered by the same model
export-pilot-sample = Nodes with both answers in the log
    .hint = By another hash of the id; the script that reads the log compares the models on these nodes
export-pilot-limit-certified = May lose { $points } points, as certified of this run
export-pilot-limit-asked = May lose { $points } points, as set beside the verdict
export-pilot = Export pilot…
    .hint = Choose a folder; its README says how to start, route, read and stop
export-pilot-no-limit = A pilot shows that no more than a limit above 0 is lost

# What is told when it is done.
export-done = Exported to { $folder }
export-job-done = A job for PySpark 4 in { $folder }
export-job-next = Its README has the spark-submit lines; File › Store for a cluster writes the graph as Parquet
export-stored = Stored { $name } in { $folder }
export-stored-arrays = { $size } of arrays
export-stored-arrays-next = unifews propagate works from this folder with less memory than the graph
export-stored-tables = nodes.parquet and edges.parquet
export-stored-tables-next = A cluster's job reads both; so does this program

# What cannot be done yet: verbs, then what is needed.
export-what = export
export-what-store = store
export-needs-form = at least one form
export-needs-graph = a graph
export-tick-form = Tick one under For other programs
