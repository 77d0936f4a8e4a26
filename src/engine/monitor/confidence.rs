//! How sure a model is of its answers, and what accuracy that lets expect.

use ndarray::{Array2, ArrayView1};

use crate::engine::graph::Labels;

/// How sure the rows of logits of these nodes are of what they say, `0..=1`: the largest probability of its softmax; of several classes per
/// node the mean over their sigmoids of the side that is said. `logits: [n, n_classes]`, result one per node
pub(super) fn confidences(logits: &Array2<f32>, is_multi: bool, nodes: impl Iterator<Item = usize>) -> Vec<f32> {
    let rows = nodes.map(|u| logits.row(u));
    rows.map(|row| if is_multi { of_sigmoids(row) } else { of_softmax(row) } as f32).collect()
}

fn of_softmax(row: ArrayView1<'_, f32>) -> f64 {
    let most = f64::from(row.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    1.0 / row.iter().map(|v| (f64::from(*v) - most).exp()).sum::<f64>()
}

fn of_sigmoids(row: ArrayView1<'_, f32>) -> f64 {
    row.iter().map(|v| 1.0 / (1.0 + (-f64::from(v.abs())).exp())).sum::<f64>() / row.len().max(1) as f64
}

/// Average thresholded confidence (Garg, Balakrishnan, Lipton, Neyshabur and Sedghi, ICLR 2022): the confidence below which as many of the
/// labelled nodes are as are answered wrongly. The share of other nodes above it is what accuracy is to be expected on them, as long as what
/// changes is who comes and not what a class is. `None` without labelled nodes, or with several classes per node.
///
/// `confidences`: one per node of `nodes`; `predictions`: one per node of the graph
pub(super) fn threshold(confidences: &[f32], predictions: &[u32], labels: &Labels, nodes: &[u32]) -> Option<f32> {
    if labels.tags().is_some() {
        return None;
    }
    let mut known: Vec<(f32, bool)> = confidences
        .iter()
        .zip(nodes.iter().map(|u| *u as usize))
        .filter_map(|(confidence, u)| Some((*confidence, labels.of(u)? == predictions[u] as usize)))
        .collect();
    let n_wrong = known.iter().filter(|(_, is_right)| !is_right).count();
    known.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    match known.get(n_wrong) {
        Some((at, _)) => Some(*at),
        // All are wrong: nothing is above.
        None => known.last().map(|_| f32::INFINITY),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn as_many_are_below_the_threshold_as_are_wrong() {
        let confidences = [0.9f32, 0.4, 0.8, 0.6, 0.7];
        let labels = Labels::new(vec![0, 1, 1, 0, Labels::UNLABELLED]);
        // Nodes 1 and 3 are wrong.
        let at = threshold(&confidences, &[0, 0, 1, 1, 0], &labels, &[0, 1, 2, 3, 4]).expect("labels");
        assert!((at - 0.8).abs() < 1e-6, "{at}: 0.4 and 0.6 lie below");
        assert_eq!(threshold(&confidences, &[1, 0, 0, 1, 0], &labels, &[0, 1, 2, 3]), Some(f32::INFINITY));
        assert_eq!(threshold(&confidences[4..], &[0; 5], &labels, &[4]), None);
    }

    #[test]
    fn confidence_is_the_largest_probability() {
        let logits = array![[0.0f32, 0.0], [1000.0, -1000.0], [3f32.ln(), 0.0]];
        let found = confidences(&logits, false, 0..3);
        for (found, expected) in found.iter().zip([0.5f32, 1.0, 0.75]) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        let sides = confidences(&array![[3f32.ln(), -(3f32.ln())]], true, 0..1);
        assert!((sides[0] - 0.75).abs() < 1e-6, "{sides:?}");
    }
}
