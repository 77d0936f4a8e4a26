//! Several classes per node: what readers do with them.

use ndarray::Array2;

use super::Draft;

/// Takes over which classes every node has, 1 where it has one. `[n_nodes, n_classes]`
///
/// This is the one place where several classes per node come in, whatever the format: today they are reported and not used.
pub(super) fn multi_label(targets: &Array2<u8>, draft: &mut Draft) {
    let (n, n_classes) = targets.dim();
    draft.report.warnings.push(format!("multi-label targets ({n_classes} classes for each of {n} nodes) are not used"));
}
