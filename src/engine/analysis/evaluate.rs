//! Accuracy, macro-F1 and agreement, with their uncertainty.

use ndarray::{Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use crate::engine::graph::{Labels, Split};

/// How well one set of predictions does on one set of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Score {
    /// Labelled nodes evaluated.
    pub n_nodes: usize,
    /// Nodes whose predicted class is theirs.
    pub n_correct: usize,
    /// `n_correct / n_nodes`, `0..=1`; 0 without nodes.
    pub accuracy: f64,
    /// Unweighted mean of the classes' F1, over classes that occur or are predicted. `0..=1`.
    pub macro_f1: f64,
    /// Lower end of the 95 % interval of the accuracy (Wilson).
    pub low: f64,
    /// Upper end of the 95 % interval of the accuracy (Wilson).
    pub high: f64,
}

/// The same nodes under the unpruned and the pruned model.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct PartScores {
    /// The given model.
    pub dense: Score,
    /// The pruned model, as production gets it: nothing put back.
    pub pruned: Score,
    /// The pruned model as the authors report it: entries into the evaluated nodes put back. Only on request.
    pub official_lock: Option<Score>,
}

/// Scores on the three parts of a split.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Evaluation {
    /// Name of the split.
    pub split: String,
    /// Training nodes.
    pub train: PartScores,
    /// Validation nodes.
    pub val: PartScores,
    /// Test nodes.
    pub test: PartScores,
    /// Share of all nodes that the pruned model gives the unpruned model's class, `0..=1`.
    pub agreement: f64,
}

/// The class of every node: the first largest logit.
///
/// # Shapes
/// `logits: [n_nodes, n_classes]`
pub fn predictions(logits: &Array2<f32>) -> Vec<u32> {
    logits.rows().into_iter().map(largest).collect()
}

fn largest(row: ArrayView1<'_, f32>) -> u32 {
    let mut best = 0;
    for (class, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = class;
        }
    }
    best as u32
}

impl Score {
    /// Compares predictions with labels on `nodes`; nodes without a label are left out.
    pub fn of(predicted: &[u32], labels: &Labels, nodes: &[u32]) -> Self {
        let n_classes = labels.n_classes().max(predicted.iter().max().map_or(0, |c| *c as usize + 1));
        let (mut hits, mut true_count, mut predicted_count) =
            (vec![0; n_classes], vec![0; n_classes], vec![0; n_classes]);
        for &u in nodes {
            let Some(class) = labels.of(u as usize) else { continue };
            let guess = predicted[u as usize] as usize;
            true_count[class] += 1;
            predicted_count[guess] += 1;
            hits[class] += usize::from(class == guess);
        }
        let n_nodes: usize = true_count.iter().sum();
        let n_correct: usize = hits.iter().sum();
        let present = (0..n_classes).filter(|c| true_count[*c] + predicted_count[*c] > 0).collect::<Vec<_>>();
        let f1_sum: f64 =
            present.iter().map(|c| 2.0 * hits[*c] as f64 / (true_count[*c] + predicted_count[*c]) as f64).sum();
        let (low, high) = wilson_95(n_correct, n_nodes);
        Self {
            n_nodes,
            n_correct,
            accuracy: n_correct as f64 / n_nodes.max(1) as f64,
            macro_f1: f1_sum / present.len().max(1) as f64,
            low,
            high,
        }
    }
}

/// Wilson's score interval at 95 %.
fn wilson_95(n_correct: usize, n: usize) -> (f64, f64) {
    const Z: f64 = 1.959_963_984_540_054;
    if n == 0 {
        return (0.0, 1.0);
    }
    let (p, n) = (n_correct as f64 / n as f64, n as f64);
    let centre = p + Z * Z / (2.0 * n);
    let spread = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    (((centre - spread) / scale).max(0.0), ((centre + spread) / scale).min(1.0))
}

impl Evaluation {
    /// Scores dense, pruned and (on request) locked logits on the parts of `split`. The locked logits are one forward pass
    /// per part, since each part's own nodes are locked: `[train, val, test]`.
    pub fn of(
        labels: &Labels,
        split: &Split,
        dense: &Array2<f32>,
        pruned: &Array2<f32>,
        locked: Option<&[Array2<f32>; 3]>,
    ) -> Self {
        let (dense, pruned) = (predictions(dense), predictions(pruned));
        let locked = locked.map(|l| [predictions(&l[0]), predictions(&l[1]), predictions(&l[2])]);
        let part = |nodes: &[u32], at: usize| PartScores {
            dense: Score::of(&dense, labels, nodes),
            pruned: Score::of(&pruned, labels, nodes),
            official_lock: locked.as_ref().map(|l| Score::of(&l[at], labels, nodes)),
        };
        let same = dense.iter().zip(&pruned).filter(|(a, b)| a == b).count();
        Self {
            split: split.name.clone(),
            train: part(&split.train, 0),
            val: part(&split.val, 1),
            test: part(&split.test, 2),
            agreement: same as f64 / dense.len().max(1) as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_match_a_case_done_by_hand() {
        let labels = Labels::new(vec![0, 0, 1, 1, Labels::UNLABELLED]);
        let score = Score::of(&[0, 1, 1, 1, 0], &labels, &[0, 1, 2, 3, 4]);
        assert_eq!((score.n_nodes, score.n_correct), (4, 3));
        assert!((score.accuracy - 0.75).abs() < 1e-12);
        assert!((score.macro_f1 - f64::midpoint(2.0 / 3.0, 4.0 / 5.0)).abs() < 1e-12);
        assert!((score.low - 0.300_642).abs() < 1e-5 && (score.high - 0.954_413).abs() < 1e-5, "{score:?}");
    }
}
