//! How right predictions are: accuracy (for several classes per node: micro-F1) and macro-F1, and for two classes the area under the ROC
//! curve, with their uncertainty.

mod auc;

use ndarray::{Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use crate::engine::graph::{Labels, Metric};

pub use auc::Auc;

/// How well one set of predictions does on one set of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Score {
    /// Labelled nodes evaluated.
    pub n_nodes: usize,
    /// Nodes whose predicted class is theirs; with several classes per node, pairs of node and class that are rightly found.
    pub n_correct: usize,
    /// [`Metric::Accuracy`], or [`Metric::MicroF1`] with several classes per node, `0..=1`; 0 without nodes.
    pub accuracy: f64,
    /// Unweighted mean of the classes' F1, over classes that occur or are predicted. `0..=1`.
    pub macro_f1: f64,
    /// Lower end of the 95 % interval of the accuracy (Wilson; of the micro-F1, by way of `TP / (TP + FP + FN)`).
    pub low: f64,
    /// Upper end of that interval.
    pub high: f64,
    /// Area under the ROC curve of class 1 against class 0, by the difference of their logits; where there are two classes, one of them per
    /// node, and nodes of both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auc: Option<Auc>,
}

/// The class of every node: the first largest logit.
///
/// # Shapes
/// `logits: [n_nodes, n_classes]`
pub fn predictions(logits: &Array2<f32>) -> Vec<u32> {
    logits.rows().into_iter().map(largest).collect()
}

/// The class of one node: the first largest logit.
pub(in crate::engine) fn largest(row: ArrayView1<'_, f32>) -> u32 {
    let mut best = 0;
    for (class, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = class;
        }
    }
    best as u32
}

impl Score {
    /// Compares what the logits say with the labels of `nodes`; nodes without a label are left out.
    ///
    /// One class per node: the largest logit's. Several: all whose logit is above 0.
    ///
    /// # Shapes
    /// `logits: [n_nodes, n_classes]`
    pub fn of(logits: &Array2<f32>, labels: &Labels, nodes: &[u32]) -> Self {
        let n_classes = labels.n_classes().max(logits.ncols());
        let mut counts = Counts { hits: vec![0; n_classes], real: vec![0; n_classes], predicted: vec![0; n_classes] };
        let mut n_nodes = 0;
        let is_binary = n_classes == 2 && logits.ncols() == 2 && labels.tags().is_none();
        let mut margins = Vec::new();
        for u in nodes.iter().map(|u| *u as usize).filter(|u| labels.is_labelled(*u)) {
            n_nodes += 1;
            if let Some(tags) = labels.tags() {
                for (class, logit) in logits.row(u).iter().enumerate() {
                    let is_real = tags.get((u, class)).is_some_and(|t| *t);
                    counts.add(is_real.then_some(class), (*logit > 0.0).then_some(class));
                }
            } else {
                counts.add(labels.of(u), Some(largest(logits.row(u)) as usize));
                if is_binary {
                    margins.push((f64::from(logits[[u, 1]]) - f64::from(logits[[u, 0]]), labels.of(u) == Some(1)));
                }
            }
        }
        Self { auc: Auc::of(&margins), ..counts.score(n_nodes, labels.metric()) }
    }
}

/// Per class, how often it was rightly found, is there, and was predicted.
struct Counts {
    hits: Vec<usize>,
    real: Vec<usize>,
    predicted: Vec<usize>,
}

impl Counts {
    /// One decision: the class that is there, and the one that was predicted.
    fn add(&mut self, real: Option<usize>, predicted: Option<usize>) {
        if let Some(class) = real {
            self.real[class] += 1;
            self.hits[class] += usize::from(predicted == real);
        }
        if let Some(class) = predicted {
            self.predicted[class] += 1;
        }
    }

    fn score(&self, n_nodes: usize, metric: Metric) -> Score {
        let total = |counts: &[usize]| counts.iter().sum::<usize>();
        let (n_correct, n_named) = (total(&self.hits), total(&self.real) + total(&self.predicted));
        let present: Vec<usize> = (0..self.hits.len()).filter(|c| self.real[*c] + self.predicted[*c] > 0).collect();
        let f1 = |c: usize| 2.0 * self.hits[c] as f64 / (self.real[c] + self.predicted[c]) as f64;
        let (accuracy, low, high) = match metric {
            Metric::Accuracy => {
                let (low, high) = wilson_95(n_correct, n_nodes);
                (n_correct as f64 / n_nodes.max(1) as f64, low, high)
            }
            Metric::MicroF1 => {
                // F1 is a rising function of TP / (TP + FP + FN), which is a share of something.
                let from_share = |share: f64| 2.0 * share / (1.0 + share);
                let (low, high) = wilson_95(n_correct, n_named - n_correct);
                (2.0 * n_correct as f64 / n_named.max(1) as f64, from_share(low), from_share(high))
            }
        };
        Score {
            n_nodes,
            n_correct,
            accuracy,
            macro_f1: present.iter().map(|c| f1(*c)).sum::<f64>() / present.len().max(1) as f64,
            low,
            high,
            auc: None,
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

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn scores_match_a_case_done_by_hand() {
        let labels = Labels::new(vec![0, 0, 1, 1, Labels::UNLABELLED]);
        let logits = array![[1.0f32, 0.0], [0.0, 1.0], [-2.0, -1.0], [0.0, 3.0], [1.0, 0.0]];
        let score = Score::of(&logits, &labels, &[0, 1, 2, 3, 4]);
        assert_eq!((score.n_nodes, score.n_correct), (4, 3));
        assert!((score.accuracy - 0.75).abs() < 1e-12);
        assert!((score.macro_f1 - f64::midpoint(2.0 / 3.0, 4.0 / 5.0)).abs() < 1e-12);
        assert!((score.low - 0.300_642).abs() < 1e-5 && (score.high - 0.954_413).abs() < 1e-5, "{score:?}");
    }

    #[test]
    fn two_classes_have_an_area_under_the_curve_and_others_have_none() {
        let labels = Labels::new(vec![0, 0, 1, 1, Labels::UNLABELLED]);
        let logits = array![[0.0f32, 0.1], [0.2, 0.6], [1.0, 1.35], [0.0, 0.8], [0.0, 9.0]];
        let auc = |labels: &Labels, nodes: &[u32]| Score::of(&logits, labels, nodes).auc.map(|auc| auc.value);
        // 3 of 4 pairs are in order; the node without a label is in none.
        assert!((auc(&labels, &[0, 1, 2, 3, 4]).expect("two classes") - 0.75).abs() < 1e-12);
        assert_eq!(auc(&labels, &[0, 1]), None, "one class alone");
        assert_eq!(auc(&Labels::new(vec![0, 0, 1, 2, 1]), &[0, 1, 2, 3]), None, "three classes");
        assert_eq!(auc(&Labels::multi(Array2::from_elem((5, 2), true)), &[0]), None);
        let text = serde_json::to_string(&Score::of(&logits, &labels, &[0, 1])).expect("JSON");
        assert!(!text.contains("auc"), "{text}");
    }

    /// As scikit-learn's `f1_score(average="micro")` and `"macro"`: TP 3, FP 1, FN 2; the classes' F1 are 1, 2/3 and 0.
    #[test]
    fn scores_of_several_classes_match_a_case_done_by_hand() {
        let labels = Labels::multi(array![[true, false, true], [true, true, false], [false, false, true]]);
        let logits = array![[1.0f32, 2.0, -1.0], [0.5, 0.1, -3.0], [-1.0, -1.0, -0.5]];
        let score = Score::of(&logits, &labels, &[0, 1, 2]);
        assert_eq!((score.n_nodes, score.n_correct), (3, 3));
        assert!((score.accuracy - 6.0 / 9.0).abs() < 1e-12);
        assert!((score.macro_f1 - (1.0 + 2.0 / 3.0) / 3.0).abs() < 1e-12, "{score:?}");
        assert!(score.low < score.accuracy && score.accuracy < score.high);
    }
}
