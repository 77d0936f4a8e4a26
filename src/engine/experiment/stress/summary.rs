//! What the seeds of a level have in common, and how far pruned and baseline fall alike.

use serde::{Deserialize, Serialize};

use super::StressPoint;
use super::kinds::StressKind;
use super::outcome::StressWay;
use crate::engine::experiment::loss::PairedLoss;

/// Groups of fewer scored nodes are nobody's worst.
const SMALLEST_WORST: usize = 10;

/// Mean and range over seeds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct StressSpread {
    /// Mean.
    pub mean: f64,
    /// The lowest.
    pub low: f64,
    /// The highest.
    pub high: f64,
}

impl StressSpread {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let values: Vec<f64> = values.collect();
        let (low, high) = (values.iter()).fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
        Self { mean: values.iter().sum::<f64>() / values.len().max(1) as f64, low, high }
    }
}

/// All seeds of one kind, recipe and level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StressSummary {
    /// What is disturbed.
    pub kind: StressKind,
    /// With which recipe.
    pub way: StressWay,
    /// How far.
    pub level: f64,
    /// Seeds; 1 at level 0.
    pub n_seeds: usize,
    /// Scored nodes.
    pub n_nodes: usize,
    /// Removed share of the entries, `0..=1`, mean over seeds.
    pub edge_sparsity: f64,
    /// Removed share of the weights, `0..=1`, mean over seeds.
    pub weight_sparsity: f64,
    /// Accuracy of the baseline.
    pub baseline: StressSpread,
    /// Accuracy of the pruned model.
    pub pruned: StressSpread,
    /// By how much more the pruned model lies below its baseline than it does undisturbed: the mean over seeds, with the standard error
    /// over nodes of one seed (the root of the mean square), which more seeds do not make smaller.
    pub extra: PairedLoss,
    /// Lowest accuracy of the baseline over classes and quartiles of at least 10 scored nodes, mean over seeds; absent where all are smaller.
    pub worst_baseline: Option<f64>,
    /// The same of the pruned model.
    pub worst_pruned: Option<f64>,
}

/// How far pruned and baseline fall alike.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alike<'a> {
    /// The highest level up to which, at every level tried, the 95 % interval of the extra loss holds 0; none where it does at none.
    pub up_to: Option<&'a StressSummary>,
    /// The first level at which it does not.
    pub departs: Option<&'a StressSummary>,
    /// The undisturbed graph.
    pub undisturbed: &'a StressSummary,
    /// The highest level tried.
    pub last: &'a StressSummary,
}

impl StressPoint {
    /// The lowest accuracy over groups that are large enough: the baseline's, or the pruned model's.
    pub fn worst(&self, is_pruned: bool) -> Option<f64> {
        let large = self.groups.iter().filter(|group| group.loss.n_nodes >= SMALLEST_WORST);
        large.map(|group| if is_pruned { group.pruned } else { group.baseline }).reduce(f64::min)
    }
}

/// The seeds of every kind, recipe and level together, in the order in which they came.
pub fn summarise_stress(points: &[StressPoint]) -> Vec<StressSummary> {
    let of = |point: &StressPoint| (point.kind, point.way, point.level.to_bits());
    let mut keys: Vec<(StressKind, StressWay, u64)> = Vec::new();
    for point in points {
        if !keys.contains(&of(point)) {
            keys.push(of(point));
        }
    }
    let together = |key: &(StressKind, StressWay, u64)| {
        let own: Vec<&StressPoint> = points.iter().filter(|point| of(point) == *key).collect();
        let n = own.len() as f64;
        let mean = |value: &dyn Fn(&StressPoint) -> f64| own.iter().map(|point| value(point)).sum::<f64>() / n;
        let worst = |is_pruned: bool| {
            let all: Option<Vec<f64>> = own.iter().map(|point| point.worst(is_pruned)).collect();
            all.map(|all| all.iter().sum::<f64>() / n)
        };
        StressSummary {
            kind: key.0,
            way: key.1,
            level: f64::from_bits(key.2),
            n_seeds: own.len(),
            n_nodes: own[0].loss.n_nodes,
            edge_sparsity: mean(&|point| point.edge_sparsity),
            weight_sparsity: mean(&|point| point.weight_sparsity),
            baseline: StressSpread::of(own.iter().map(|point| point.baseline)),
            pruned: StressSpread::of(own.iter().map(|point| point.pruned)),
            extra: PairedLoss {
                n_nodes: own[0].extra.n_nodes,
                loss: mean(&|point| point.extra.loss),
                standard_error: mean(&|point| point.extra.standard_error.powi(2)).sqrt(),
            },
            worst_baseline: worst(false),
            worst_pruned: worst(true),
        }
    };
    keys.iter().map(together).collect()
}

/// How far pruned and baseline fall alike under one kind; none where nothing was tried.
pub fn alike(summary: &[StressSummary], kind: StressKind, way: StressWay) -> Option<Alike<'_>> {
    let mut own: Vec<&StressSummary> = summary.iter().filter(|s| s.kind == kind && s.way == way).collect();
    own.sort_by(|a, b| a.level.total_cmp(&b.level));
    let undisturbed = *own.first().filter(|first| first.level == 0.0)?;
    let levels = &own[1..];
    let holds_0 = |s: &&StressSummary| {
        let [low, high] = s.extra.interval();
        low <= 0.0 && 0.0 <= high
    };
    let n_alike = levels.iter().take_while(|s| holds_0(s)).count();
    Some(Alike {
        up_to: n_alike.checked_sub(1).map(|at| levels[at]),
        departs: levels.get(n_alike).copied(),
        undisturbed,
        last: levels.last().copied()?,
    })
}
