//! The unpruned and the pruned model on the parts of a split, and how often they agree.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::loss::PairedLoss;
use crate::engine::graph::{Labels, Metric, Split};
use crate::engine::score::{Score, predictions};

/// The same nodes under the unpruned and the pruned model.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct PartScores {
    /// The given model.
    #[serde(rename = "dense")]
    pub baseline: Score,
    /// The pruned model, as production gets it: nothing put back.
    pub pruned: Score,
    /// Unmasked evaluation, as the authors report it: entries into the evaluated nodes put back. Only on request.
    pub official_lock: Option<Score>,
}

/// Scores on the three parts of a split.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Evaluation {
    /// Name of the split.
    pub split: String,
    /// What the scores are.
    pub metric: Metric,
    /// Training nodes.
    pub train: PartScores,
    /// Validation nodes.
    pub val: PartScores,
    /// Test nodes.
    pub test: PartScores,
    /// What is lost on validation and test nodes together, node beside node.
    #[serde(default)]
    pub held_out: PairedLoss,
    /// Share of all nodes that the pruned model gives the unpruned model's class, `0..=1`; with several classes per node, share of
    /// all decisions that are the same.
    pub agreement: f64,
}

impl Evaluation {
    /// Scores the logits of the baseline and of the pruned model on the parts of `split`. `locked` are the scores of the unmasked evaluation,
    /// if it was requested; they are one forward pass per part, since each part's own nodes are locked: `[train, val, test]`.
    pub fn of(
        labels: &Labels,
        split: &Split,
        baseline: &Array2<f32>,
        pruned: &Array2<f32>,
        locked: Option<[Score; 3]>,
    ) -> Self {
        let part = |nodes: &[u32], at: usize| PartScores {
            baseline: Score::of(baseline, labels, nodes),
            pruned: Score::of(pruned, labels, nodes),
            official_lock: locked.map(|scores| scores[at]),
        };
        let (same, all) = if labels.tags().is_some() {
            let same = baseline.iter().zip(pruned).filter(|(a, b)| (**a > 0.0) == (**b > 0.0)).count();
            (same, baseline.len())
        } else {
            let (baseline, pruned) = (predictions(baseline), predictions(pruned));
            (baseline.iter().zip(&pruned).filter(|(a, b)| a == b).count(), baseline.len())
        };
        let held_out = [split.val.as_slice(), split.test.as_slice()].concat();
        Self {
            split: split.name.clone(),
            metric: labels.metric(),
            train: part(&split.train, 0),
            val: part(&split.val, 1),
            test: part(&split.test, 2),
            held_out: PairedLoss::of(labels, &held_out, baseline, pruned),
            agreement: same as f64 / all.max(1) as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn decisions_of_several_classes_agree_one_by_one() {
        let labels = Labels::multi(array![[true, false, true], [true, true, false], [false, false, true]]);
        let logits = array![[1.0f32, 2.0, -1.0], [0.5, 0.1, -3.0], [-1.0, -1.0, -0.5]];
        let evaluation = Evaluation::of(&labels, &Split::default(), &logits, &(-&logits), None);
        assert_eq!(evaluation.metric, Metric::MicroF1);
        assert!(evaluation.agreement.abs() < 1e-12);
    }
}
