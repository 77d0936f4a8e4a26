# Nodes and matrices that are looked at closely.

certificate-title = Certificate
errors-title = Errors and bounds
certificate-points = {" "}points
certificate-busy = Certifying
certificate-certify = Certify
errors-busy = Computing errors
errors-compute = Compute errors
certificate-at-most = At most
certificate-at-most-says = Points of accuracy that may be lost
certificate-certify-says = An exact paired test on half of the validation nodes. Goes into the bundle as certificate.json
certificate-what = What held-out nodes prove about the accuracy that this run costs, per class and per degree, too
errors-compute-says = One forward pass, and one product per layer
errors-what = What the removed entries change at every node, beside what bounds it
errors-of-nodes = Error of the nodes
errors-save = Save every node as CSV…

# A weight and its matrix.
matrix-title = Weights { $name }
matrix-close = Close
    .hint = Select nothing (Esc)
matrix-copy = Copy
    .hint = All of it, as Markdown
