# Checks in operation.

monitor-none = No check yet
monitor-none-next = Name a bundle and a later graph: what came, what drifted, whether the answers still hold
monitor-curves = Checks over time
monitor-bundle = Bundle
    .hint = What Export wrote: a folder or .zip
monitor-graph = Today's graph
    .hint = With the same ids and features: a folder, a file or sample:NAME
monitor-model = Unpruned model
    .hint = Says how often the pruned model still agrees with it; may be left out
monitor-labels = Labels
    .hint = Of today's graph, where they lie elsewhere; may be left out
monitor-reference = First graph
    .hint = The one the bundle was made from, where it is not where the bundle says
monitor-choose = Choose…
monitor-choose-what = { $field ->
        [bundle] Choose bundle
        [graph] Choose today's graph
        [model] Choose unpruned model
        [labels] Choose labels
       *[reference] Choose first graph
    }
monitor-check = Check
    .hint = Adds a line to the history beside the bundle; the bundle stays as it is
monitor-checking = Checking
monitor-name-both = Name a bundle and a later graph
monitor-copy = Copy page
