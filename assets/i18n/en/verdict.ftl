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
