//! How a disturbed pair of models is scored: overall, per class, per quartile of the degree, and beside the undisturbed pair.

use std::sync::Arc;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::engine::certify::{degree_ranges, degrees};
use crate::engine::experiment::loss::PairedLoss;
use crate::engine::graph::{Dataset, Labels};
use crate::engine::score::Score;

/// What the nodes of a group have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StressGroupBy {
    /// Their class.
    Class,
    /// The quartile of their degree in the undisturbed graph.
    Degree,
}

impl StressGroupBy {
    /// As it is spelt in files.
    pub fn key(self) -> &'static str {
        match self {
            Self::Class => "class",
            Self::Degree => "degree",
        }
    }
}

/// Both models on some of the scored nodes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StressGroup {
    /// What its nodes have in common.
    pub by: StressGroupBy,
    /// For example `class 3` or `degree 2 to 4`.
    pub name: String,
    /// Accuracy of the baseline, `0..=1`.
    pub baseline: f64,
    /// Accuracy of the pruned model, `0..=1`.
    pub pruned: f64,
    /// The one less the other, node beside node, and on how many nodes.
    pub loss: PairedLoss,
}

/// What both models say of all nodes. `[n_nodes, n_classes]` each.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    pub(super) baseline: Arc<Array2<f32>>,
    pub(super) pruned: Arc<Array2<f32>>,
}

/// Groups and labels of the undisturbed graph.
pub(super) struct Judge<'a> {
    labels: &'a Labels,
    groups: Vec<(StressGroupBy, String, Vec<bool>)>,
    n_nodes: usize,
}

/// Scores of one pair of models.
pub(super) struct Judged {
    pub(super) baseline: f64,
    pub(super) pruned: f64,
    pub(super) loss: PairedLoss,
    pub(super) groups: Vec<StressGroup>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(dataset: &Dataset, labels: &'a Labels) -> Self {
        let n_nodes = dataset.n_nodes();
        let n_classes = if labels.tags().is_some() { 0 } else { labels.n_classes() };
        let degrees = degrees(dataset.topology());
        let class = |class: usize| {
            let name = labels.names.get(class).cloned().unwrap_or_else(|| format!("class {class}"));
            (StressGroupBy::Class, name, (0..n_nodes).map(|u| labels.of(u) == Some(class)).collect())
        };
        let degree = |(low, high): (usize, usize)| {
            let name = if low == high { format!("degree {low}") } else { format!("degree {low} to {high}") };
            (StressGroupBy::Degree, name, degrees.iter().map(|degree| (low..=high).contains(degree)).collect())
        };
        let groups = (0..n_classes).map(class).chain(degree_ranges(&degrees).into_iter().map(degree)).collect();
        Self { labels, groups, n_nodes }
    }

    /// Scores a pair on some nodes.
    pub(super) fn score(&self, pair: &Pair, nodes: &[u32]) -> Judged {
        let accuracy = |logits: &Array2<f32>, nodes: &[u32]| Score::of(logits, self.labels, nodes).accuracy;
        let loss = |nodes: &[u32]| PairedLoss::of(self.labels, nodes, &pair.baseline, &pair.pruned);
        let group = |(by, name, belongs): &(StressGroupBy, String, Vec<bool>)| {
            let own: Vec<u32> = nodes.iter().copied().filter(|u| belongs[*u as usize]).collect();
            let loss = loss(&own);
            let (baseline, pruned) = (accuracy(&pair.baseline, &own), accuracy(&pair.pruned, &own));
            (loss.n_nodes > 0).then(|| StressGroup { by: *by, name: name.clone(), baseline, pruned, loss })
        };
        Judged {
            baseline: accuracy(&pair.baseline, nodes),
            pruned: accuracy(&pair.pruned, nodes),
            loss: loss(nodes),
            groups: self.groups.iter().filter_map(group).collect(),
        }
    }

    /// By how much more the pruned model lies below its baseline on a disturbed graph than on the undisturbed one.
    ///
    /// Every node adds its share of the one loss less its share of the other, so what both have in common cancels out node by node; the
    /// standard error is the root of the sum of squares of what the nodes add (the linearised difference). Few nodes without a change are
    /// not taken for certainty: it is at least `1 / (n + 2)`.
    pub(super) fn extra(&self, now: (&Pair, &[u32]), before: (&Pair, &[u32])) -> PairedLoss {
        let mut adds = vec![0.0f64; self.n_nodes];
        let mut add = |(pair, nodes): (&Pair, &[u32]), sign: f64| {
            let labelled: Vec<u32> = nodes.iter().copied().filter(|u| self.labels.is_labelled(*u as usize)).collect();
            let (loss, shares) = PairedLoss::shares(self.labels, &labelled, &pair.baseline, &pair.pruned);
            labelled.iter().zip(shares).for_each(|(u, share)| adds[*u as usize] += sign * share);
            (loss, labelled.len())
        };
        let ((after, n_nodes), (before, _)) = (add(now, 1.0), add(before, -1.0));
        let square: f64 = adds.iter().map(|share| share * share).sum();
        let least = if n_nodes == 0 { 0.0 } else { 1.0 / (n_nodes as f64 + 2.0) };
        PairedLoss { n_nodes, loss: after - before, standard_error: square.sqrt().max(least) }
    }
}
