//! The loss and its gradient: cross-entropy of the softmax for one class per node, of the sigmoids for any number of them.
//!
//! Authors' code, `run_fb.py`: `CrossEntropyLoss` and `BCEWithLogitsLoss`, which is a mean over nodes and classes.

use ndarray::{Array2, ArrayView1};

use crate::engine::graph::Labels;

/// Mean loss over the labelled `nodes`. `logits: [n_nodes, n_classes]`
pub(super) fn loss(logits: &Array2<f32>, labels: &Labels, nodes: &[u32]) -> f64 {
    let labelled = || nodes.iter().map(|u| *u as usize).filter(|u| labels.is_labelled(*u));
    let sum: f64 = labelled().map(|u| of_node(logits.row(u), labels, u, |_, _| {})).sum();
    sum / labelled().count().max(1) as f64
}

/// Loss and gradient: row `rows[i]` of `logits` belongs to node `nodes[i]`. Rows not named get gradient 0.
pub(crate) fn loss_gradient(
    logits: &Array2<f32>,
    labels: &Labels,
    rows: impl Iterator<Item = (usize, u32)> + Clone,
) -> (f64, Array2<f32>) {
    let mut gradient = Array2::zeros(logits.dim());
    let labelled = rows.map(|(row, u)| (row, u as usize)).filter(|(_, u)| labels.is_labelled(*u));
    let n = labelled.clone().count().max(1) as f64;
    let mut sum = 0.0;
    for (row, u) in labelled {
        let mut target = gradient.row_mut(row);
        sum += of_node(logits.row(row), labels, u, |j, slope| target[j] = (slope / n) as f32);
    }
    (sum / n, gradient)
}

/// Loss of one node; `slope(j, d)` is told its derivative by every logit.
fn of_node(logits: ArrayView1<'_, f32>, labels: &Labels, u: usize, mut slope: impl FnMut(usize, f64)) -> f64 {
    if let Some(tags) = labels.tags() {
        let n_classes = logits.len().max(1) as f64;
        let mut sum = 0.0;
        for (j, logit) in logits.iter().map(|v| f64::from(*v)).enumerate() {
            let wanted = f64::from(u8::from(tags.get((u, j)).is_some_and(|t| *t)));
            // log(1 + e^x) - y x, without overflow.
            sum += logit.max(0.0) - wanted * logit + (-logit.abs()).exp().ln_1p();
            slope(j, (1.0 / (1.0 + (-logit).exp()) - wanted) / n_classes);
        }
        return sum / n_classes;
    }
    let Some(class) = labels.of(u) else { return 0.0 };
    let shift = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let total: f64 = logits.iter().map(|v| (f64::from(*v) - shift).exp()).sum();
    for (j, logit) in logits.iter().enumerate() {
        let probability = (f64::from(*logit) - shift).exp() / total;
        slope(j, probability - f64::from(u8::from(j == class)));
    }
    total.ln() + shift - f64::from(logits[class])
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    /// By hand: `-log softmax` and `log(1 + e^x) - y x`; the gradient against central differences.
    #[test]
    fn losses_match_a_case_done_by_hand_and_their_gradients_match_differences() {
        let logits = array![[0.5f32, -1.0, 2.0], [0.0, 0.0, 0.0], [30.0, -40.0, 1.0]];
        let single = Labels::new(vec![2, 0, Labels::UNLABELLED]);
        let expected = [0.5f64, -1.0, 2.0].iter().map(|v| (v - 2.0).exp()).sum::<f64>().ln();
        assert!((loss(&logits, &single, &[0, 2]) - expected).abs() < 1e-12);
        let multi = Labels::multi(array![[true, false, true], [false, false, false], [true, false, false]]);
        let expected = 2.0f64.ln();
        assert!((loss(&logits, &multi, &[1]) - expected).abs() < 1e-12);
        for labels in [single, multi] {
            let rows = [(0, 0u32), (2, 2)];
            let (value, gradient) = loss_gradient(&logits, &labels, rows.iter().copied());
            assert!((value - loss(&logits, &labels, &[0, 2])).abs() < 1e-12);
            for ((u, j), found) in gradient.indexed_iter() {
                let at = |nudge: f32| {
                    let mut nudged = logits.clone();
                    nudged[[u, j]] += nudge;
                    loss(&nudged, &labels, &[0, 2])
                };
                let numeric = (at(1e-2) - at(-1e-2)) / 2e-2;
                assert!((numeric - f64::from(*found)).abs() < 1e-3, "{u} {j}: {numeric} {found}");
            }
        }
    }
}
