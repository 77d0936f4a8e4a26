//! What pruning loses on labelled nodes, with its uncertainty: node beside node, since both models see the same ones.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::engine::certify::Paired;
use crate::engine::graph::Labels;
use crate::engine::score::{largest, predictions};

/// Accuracy (for several classes per node: micro-F1) lost on nodes, and its standard error.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct PairedLoss {
    /// Labelled nodes that were looked at.
    pub n_nodes: usize,
    /// Lost score, a share; negative where pruning helps.
    pub loss: f64,
    /// Standard error of the loss over nodes like these, a share.
    pub standard_error: f64,
}

impl PairedLoss {
    /// Of the labelled ones of `nodes`.
    ///
    /// One class per node: with `h` nodes harmed and `k` helped of `n`, the loss is `(h - k) / n`; its standard error is
    /// `√((h' + k') - (h' - k')² / n') / n'` with `h' = h + ½`, `k' = k + ½`, `n' = n + 2` (Agresti and Min, 2005), so that few nodes without
    /// a change are not taken for certainty. Several classes: micro-F1 of both models, linearised node by node.
    ///
    /// # Shapes
    /// `unpruned, pruned: [n_nodes, n_classes]`, logits.
    pub fn of(labels: &Labels, nodes: &[u32], unpruned: &Array2<f32>, pruned: &Array2<f32>) -> Self {
        if labels.tags().is_some() {
            return Self::of_decisions(labels, nodes, unpruned, pruned);
        }
        let paired = Paired::of(&predictions(unpruned), &predictions(pruned), labels, nodes);
        let (harmed, helped, n) = (paired.harmed as f64 + 0.5, paired.helped as f64 + 0.5, paired.n as f64 + 2.0);
        let net = harmed - helped;
        let standard_error = if paired.n == 0 { 0.0 } else { (harmed + helped - net * net / n).sqrt() / n };
        Self { n_nodes: paired.n, loss: paired.loss(), standard_error }
    }

    /// The 95 % interval of the loss over nodes like these, a share: 1.96 standard errors to each side. The whole range without nodes.
    pub fn interval(&self) -> [f64; 2] {
        const NORMAL_95: f64 = 1.959_963_984_540_054;
        if self.n_nodes == 0 {
            return [-1.0, 1.0];
        }
        let reach = NORMAL_95 * self.standard_error;
        [(self.loss - reach).max(-1.0), (self.loss + reach).min(1.0)]
    }

    /// Micro-F1 as [`PairedLoss::shares`] has it.
    fn of_decisions(labels: &Labels, nodes: &[u32], unpruned: &Array2<f32>, pruned: &Array2<f32>) -> Self {
        let labelled: Vec<u32> = nodes.iter().copied().filter(|u| labels.is_labelled(*u as usize)).collect();
        let (loss, shares) = Self::shares(labels, &labelled, unpruned, pruned);
        let square: f64 = shares.iter().map(|share| share * share).sum();
        // As above: few nodes without a change are not taken for certainty.
        let floor = if labelled.is_empty() { 0.0 } else { 1.0 / (labelled.len() as f64 + 2.0) };
        Self { n_nodes: labelled.len(), loss, standard_error: square.sqrt().max(floor) }
    }

    /// The loss over labelled nodes, and what every node adds to its deviation from the loss over all nodes like these: the root of the sum
    /// of their squares is the standard error, and shares of two losses on the same nodes may be subtracted first.
    ///
    /// One class per node: `(d - loss) / n` with `d` 1 where the node is harmed, -1 where it is helped. Micro-F1 is
    /// `Σ 2 tp / Σ (2 tp + fp + fn)`, a ratio of sums over nodes: what a node adds to it is `(2 tp - F1 (2 tp + fp + fn)) / Σ`, and the
    /// difference of two models varies as the difference of what it adds to each.
    pub(in crate::engine::experiment) fn shares(
        labels: &Labels,
        labelled: &[u32],
        unpruned: &Array2<f32>,
        pruned: &Array2<f32>,
    ) -> (f64, Vec<f64>) {
        let parts = |logits: &Array2<f32>| -> Vec<(f64, f64)> {
            let of_node = |u: &u32| decisions(labels, logits, *u as usize);
            labelled.iter().map(of_node).collect()
        };
        let influence = |parts: &[(f64, f64)]| -> (f64, Vec<f64>) {
            let (hits, named) = parts.iter().fold((0.0, 0.0), |(h, n), part| (h + part.0, n + part.1));
            let whole = f64::max(named, 1.0);
            let score = hits / whole;
            (score, parts.iter().map(|(hits, named)| (hits - score * named) / whole).collect())
        };
        let (before, of_before) = influence(&parts(unpruned));
        let (after, of_after) = influence(&parts(pruned));
        (before - after, of_before.iter().zip(&of_after).map(|(a, b)| a - b).collect())
    }
}

/// Of one node: twice its right decisions, and what they are counted of. One class per node is one decision: `(2, 2)` where it is right, else
/// `(0, 2)`, so that their ratio over nodes is the accuracy.
fn decisions(labels: &Labels, logits: &Array2<f32>, u: usize) -> (f64, f64) {
    let Some(tags) = labels.tags() else {
        let is_right = labels.of(u) == Some(largest(logits.row(u)) as usize);
        return (2.0 * f64::from(u8::from(is_right)), 2.0);
    };
    let (mut hits, mut named) = (0.0, 0.0);
    for (class, logit) in logits.row(u).iter().enumerate() {
        let is_real = tags.get((u, class)).is_some_and(|tag| *tag);
        let is_predicted = *logit > 0.0;
        hits += f64::from(u8::from(is_real && is_predicted));
        named += f64::from(u8::from(is_real)) + f64::from(u8::from(is_predicted));
    }
    (2.0 * hits, named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    /// Logits that say the class.
    fn saying(classes: &[u32]) -> Array2<f32> {
        Array2::from_shape_fn((classes.len(), 3), |(u, c)| if classes[u] as usize == c { 1.0 } else { 0.0 })
    }

    #[test]
    fn harmed_and_helped_nodes_are_counted_and_few_nodes_prove_nothing() {
        let n = 400;
        let real: Vec<u32> = (0..n).map(|u| u % 3).collect();
        let wrong = |from: u32, to: u32| -> Vec<u32> {
            (0..n).map(|u| if (from..to).contains(&u) { (u + 1) % 3 } else { u % 3 }).collect()
        };
        let labels = Labels::new(real);
        let nodes: Vec<u32> = (0..n).collect();
        // 10 wrong before, 16 others after: 16 harmed, 10 helped.
        let found = PairedLoss::of(&labels, &nodes, &saying(&wrong(0, 10)), &saying(&wrong(10, 26)));
        assert!((found.loss - 6.0 / 400.0).abs() < 1e-12, "{found:?}");
        let expected = (27.0f64 - 36.0 / 402.0).sqrt() / 402.0;
        assert!((found.standard_error - expected).abs() < 1e-12, "{found:?}");
        let same = |nodes: &[u32]| PairedLoss::of(&labels, nodes, &saying(&wrong(0, 10)), &saying(&wrong(0, 10)));
        assert!(same(&nodes).standard_error < 0.003 && same(&nodes[..8]).standard_error > 0.09);
        assert_eq!(same(&[]), PairedLoss::default());
    }

    #[test]
    fn micro_f1_varies_as_left_out_nodes_say() {
        let tags = Array2::from_shape_fn((60, 4), |(u, c)| (u * 7 + c * 5).is_multiple_of(3));
        let labels = Labels::multi(tags);
        let logits = |salt: usize| {
            Array2::from_shape_fn((60, 4), |(u, c)| {
                let is_wrong = (u * 13 + c * 11 + salt).is_multiple_of(9);
                if (u * 7 + c * 5).is_multiple_of(3) == is_wrong { -1.0 } else { 1.0 }
            })
        };
        let (before, after) = (logits(0), logits(4));
        let nodes: Vec<u32> = (0..60).collect();
        let found = PairedLoss::of(&labels, &nodes, &before, &after);
        // The slow way: the jackknife.
        let without = |left: u32| {
            let nodes: Vec<u32> = nodes.iter().copied().filter(|u| *u != left).collect();
            PairedLoss::of(&labels, &nodes, &before, &after).loss
        };
        let losses: Vec<f64> = nodes.iter().map(|u| without(*u)).collect();
        let mean = losses.iter().sum::<f64>() / 60.0;
        let square = losses.iter().map(|loss| (loss - mean).powi(2)).sum::<f64>() * 59.0 / 60.0;
        assert!((found.standard_error / square.sqrt() - 1.0).abs() < 0.05, "{found:?} {}", square.sqrt());
        let score = crate::engine::score::Score::of(&before, &labels, &nodes).accuracy
            - crate::engine::score::Score::of(&after, &labels, &nodes).accuracy;
        assert!((found.loss - score).abs() < 1e-12, "{found:?} {score}");
        let one = PairedLoss::of(&Labels::multi(array![[true]]), &[0], &array![[1.0]], &array![[1.0]]);
        assert!((one.standard_error - 1.0 / 3.0).abs() < 1e-12, "{one:?}");
    }
}
