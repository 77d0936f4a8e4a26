//! Cross-entropy of the softmax, and its gradient.

use ndarray::Array2;

use crate::engine::graph::Labels;

/// Mean of `-log softmax(logits[u])[label(u)]` over the labelled `nodes`; row of node `u` is `row_of(position, u)`.
pub(super) fn cross_entropy(logits: &Array2<f32>, labels: &Labels, nodes: &[u32]) -> f64 {
    let mut sum = 0.0;
    let mut n = 0usize;
    for &u in nodes {
        if let Some(class) = labels.of(u as usize) {
            let (shift, total) = log_sum(logits.row(u as usize).as_slice().unwrap_or(&[]));
            sum += total.ln() + shift - f64::from(logits[[u as usize, class]]);
            n += 1;
        }
    }
    sum / n.max(1) as f64
}

/// Largest logit, and the sum of the exponentials above it.
fn log_sum(row: &[f32]) -> (f64, f64) {
    let shift = f64::from(row.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    (shift, row.iter().map(|v| (f64::from(*v) - shift).exp()).sum())
}

/// Loss and gradient: row `rows[i]` of `logits` belongs to node `nodes[i]`. Rows not named get gradient 0.
pub(super) fn cross_entropy_gradient(
    logits: &Array2<f32>,
    labels: &Labels,
    rows: impl Iterator<Item = (usize, u32)> + Clone,
) -> (f64, Array2<f32>) {
    let mut gradient = Array2::zeros(logits.dim());
    let n = rows.clone().filter(|(_, u)| labels.of(*u as usize).is_some()).count().max(1) as f64;
    let mut loss = 0.0;
    for (row, u) in rows {
        let Some(class) = labels.of(u as usize) else { continue };
        let values = logits.row(row);
        let (shift, total) = log_sum(values.as_slice().unwrap_or(&[]));
        loss += total.ln() + shift - f64::from(values[class]);
        for (j, value) in values.iter().enumerate() {
            let probability = (f64::from(*value) - shift).exp() / total;
            gradient[[row, j]] = ((probability - f64::from(u8::from(j == class))) / n) as f32;
        }
    }
    (loss / n, gradient)
}
