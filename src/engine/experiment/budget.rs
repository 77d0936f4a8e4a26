//! A budget instead of thresholds: how much can go while at most so much accuracy is lost.
//!
//! A path of recipes that is fixed beforehand is walked from little to much, every one with recovery, as long as the loss on the first half of
//! the validation nodes stays within the budget. The one that is found is certified on the second half, whose labels nobody looked at.

use std::sync::Arc;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::options::RunOptions;
use super::run::run;
use crate::engine::certify::{Calibration, Candidate, Certificate, CertifyOptions, Paired, certify, halves};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, resolve_split};
use crate::engine::model::Model;
use crate::engine::score::predictions;
use crate::engine::sparsify::{Compat, EdgeMode, EdgeRule, NodesAre, Recipe, WeightMode, WeightRule};

/// What is to be gained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// Time: entries and weights go together.
    #[default]
    Time,
    /// A smaller model: weights go.
    Size,
    /// A smaller graph: entries go.
    Entries,
}

impl Goal {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Time, Self::Size, Self::Entries];

    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Time => "Time",
            Self::Size => "Model size",
            Self::Entries => "Graph entries",
        }
    }

    /// As options and files have it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Size => "size",
            Self::Entries => "entries",
        }
    }
}

/// What may be lost, and for what.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// Accuracy that may be lost on validation nodes, a share: 0.01 is one point.
    pub lose_at_most: f64,
    /// What is to be gained.
    pub goal: Goal,
}

/// Shares that are tried on the way, least first.
const PATH: [f64; 6] = [0.5, 0.7, 0.8, 0.9, 0.95, 0.98];
/// How often the gap between what holds and what does not is halved.
const N_HALVINGS: usize = 2;
/// Confidence of the certificate.
const LEVEL: f64 = 0.95;
/// Labelled nodes that half of the validation nodes need, to tune or to certify.
const LEAST_NODES: usize = 30;

/// One recipe that was tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BudgetPoint {
    /// The share that was asked for.
    pub share: f64,
    /// Removed share of the entries and of the weights, `0..=1`.
    pub edge_sparsity: f64,
    /// The same of the weights.
    pub weight_sparsity: f64,
    /// Accuracy lost on the nodes that decide, a share; negative where it rose.
    pub loss: f64,
    /// Share of all nodes that keep the unpruned model's class.
    pub agreement: f64,
    /// Whether that is within the budget.
    pub is_within: bool,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundBudget {
    /// What was tried, in order.
    pub points: Vec<BudgetPoint>,
    /// The one that removes most within the budget, with its recipe; `None` where the first was too much.
    pub chosen: Option<(usize, Recipe)>,
    /// The largest loss that the held-out half does not rule out, tested; `None` without enough labelled validation nodes, or with several
    /// classes per node. Then the share of nodes that changed their class decided, which no loss exceeds.
    pub certificate: Option<Certificate>,
}

impl FoundBudget {
    /// The point that was chosen.
    pub fn point(&self) -> Option<&BudgetPoint> {
        self.chosen.as_ref().and_then(|(at, _)| self.points.get(*at))
    }
}

/// The recipe that removes `share` for `goal`, with the recovery of `base` or the usual one.
fn asking(base: &Recipe, goal: Goal, share: f64) -> Recipe {
    let mut recipe = base.clone();
    let shares = match goal {
        Goal::Time => (share, share),
        Goal::Size => (0.0, share),
        Goal::Entries => (share, 0.0),
    };
    recipe.compat = Compat::CLEAN;
    recipe.edges = EdgeRule {
        mode: EdgeMode::Target,
        delta: vec![shares.0],
        lock: base.edges.lock.clone(),
        ..EdgeRule::default()
    };
    recipe.weights = WeightRule { mode: WeightMode::Target, delta: vec![shares.1], ..WeightRule::default() };
    recipe.recovery = Some(base.recovery.clone().unwrap_or_default());
    recipe
}

/// Finds the recipe that removes most while at most `budget.lose_at_most` is lost. `on_point` is told every try.
///
/// # Errors
/// As [`run`]; [`EngineError::Mismatch`] for a budget that is not a share.
pub fn find_budget(
    dataset: &Arc<Dataset>,
    model: &Arc<Model>,
    base: &Recipe,
    budget: Budget,
    unpruned: Option<Arc<Array2<f32>>>,
    ctl: &Control,
    mut on_point: impl FnMut(&BudgetPoint),
) -> Result<FoundBudget, EngineError> {
    if !(0.0..1.0).contains(&budget.lose_at_most) {
        return Err(EngineError::mismatch("budget", "points to lose from 0 to below 100", 100.0 * budget.lose_at_most));
    }
    let split = resolve_split(dataset, &base.split, base.seed)?;
    let labels = dataset.labels().filter(|labels| labels.tags().is_none());
    let labelled = |nodes: Vec<u32>| {
        let is_labelled = |u: &u32| labels.is_some_and(|labels| labels.is_labelled(*u as usize));
        nodes.into_iter().filter(is_labelled).collect::<Vec<u32>>()
    };
    let (tune, calibrate) = halves(&labelled(split.val.clone()), base.seed);
    let has_labels = tune.len() >= LEAST_NODES && calibrate.len() >= LEAST_NODES;
    let is_new = base.recovery.as_ref().is_some_and(|rule| rule.nodes_are == NodesAre::New);
    let mut unpruned = unpruned;
    let n_tries = PATH.len() + N_HALVINGS;
    let mut points: Vec<BudgetPoint> = Vec::new();
    let mut best: Option<(usize, Recipe, Vec<u32>)> = None;
    let mut try_share = |share: f64, points: &mut Vec<BudgetPoint>| -> Result<(bool, Recipe, Vec<u32>), EngineError> {
        ctl.progress("looking along the path", points.len(), n_tries);
        ctl.check()?;
        let recipe = asking(base, budget.goal, share);
        let tried = run(dataset, model, &recipe, RunOptions::PREVIEW, unpruned.clone(), &ctl.quiet())?;
        unpruned = Some(Arc::clone(&tried.dense_logits));
        let (before, after) = (predictions(&tried.dense_logits), predictions(&tried.pruned.logits));
        let loss = match labels.filter(|_| has_labels) {
            Some(labels) => Paired::of(&before, &after, labels, &tune).loss(),
            // Nobody can lose more than what changed.
            None if is_new => 1.0 - agreement(&before, &after, &split.test),
            None => 1.0 - tried.evaluation.agreement,
        };
        let point = BudgetPoint {
            share,
            edge_sparsity: tried.pruned.edge_sparsity(),
            weight_sparsity: tried.pruned.weight_sparsity(),
            loss,
            agreement: tried.evaluation.agreement,
            is_within: loss <= budget.lose_at_most,
        };
        on_point(&point);
        let is_within = point.is_within;
        points.push(point);
        Ok((is_within, recipe, after))
    };
    let mut too_much = None;
    for share in PATH {
        let (is_within, recipe, after) = try_share(share, &mut points)?;
        if !is_within {
            too_much = Some(share);
            break;
        }
        best = Some((points.len() - 1, recipe, after));
    }
    if let Some(mut above) = too_much {
        for _ in 0..N_HALVINGS {
            let below = best.as_ref().map_or(0.0, |(at, ..)| points[*at].share);
            let middle = f64::midpoint(below, above);
            let (is_within, recipe, after) = try_share(middle, &mut points)?;
            if is_within {
                best = Some((points.len() - 1, recipe, after));
            } else {
                above = middle;
            }
        }
    }
    let Some((at, recipe, after)) = best else {
        return Ok(FoundBudget { points, chosen: None, certificate: None });
    };
    let certificate = match (labels.filter(|_| has_labels), &unpruned) {
        (Some(labels), Some(unpruned)) => {
            let baseline = predictions(unpruned);
            // The smallest loss that the held-out nodes rule out exceeding, and the budget itself where that is larger.
            let smallest = Paired::of(&baseline, &after, labels, &calibrate).smallest_limit(LEVEL);
            let limit = ((1e3 * smallest).ceil() / 1e3).max(budget.lose_at_most).clamp(1e-3, 0.999);
            let title = format!("{:.1} % of {}", 100.0 * points[at].share, budget.goal.title().to_lowercase());
            let candidate = [Candidate { title: &title, predictions: &after }];
            let options = CertifyOptions { limit, level: LEVEL, calibration: Calibration::Half { seed: base.seed } };
            let found = certify(dataset.topology(), labels, &split, &baseline, &candidate, options, ctl)?.beside(0);
            Some(if is_new && !split.test.is_empty() { found.of_known_nodes() } else { found })
        }
        _ => None,
    };
    Ok(FoundBudget { points, chosen: Some((at, recipe)), certificate })
}

/// Share of the nodes but `others` that keep their class: nobody asks the unpruned model about nodes that arrive later.
fn agreement(before: &[u32], after: &[u32], others: &[u32]) -> f64 {
    let mut counts = vec![true; before.len()];
    for u in others {
        counts[*u as usize] = false;
    }
    let (mut n, mut n_same) = (0usize, 0usize);
    for ((a, b), _) in before.iter().zip(after).zip(counts).filter(|(_, counts)| *counts) {
        n += 1;
        n_same += usize::from(a == b);
    }
    n_same as f64 / n.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::{PowerLaw, power_law_communities};
    use crate::engine::model::{Architecture, Family};

    #[test]
    fn a_wide_budget_takes_all_of_the_path_and_none_takes_what_changes_nothing() {
        let ctl = Control::new(2).expect("workers");
        let shape = PowerLaw { n_nodes: 300, n_entries: 1_800, n_features: 24, n_classes: 4, seed: 3 };
        let dataset = power_law_communities(&shape, &ctl).expect("a graph").shared();
        let shape = Architecture { hidden: 16, ..Architecture::new(Family::Gcn) };
        let model = Arc::new(Model::init(&shape, 24, 4, 5));
        let base = Recipe { model: shape, ..Recipe::default() };
        for goal in Goal::ALL {
            let mut seen = Vec::new();
            let find = |lose_at_most: f64, seen: &mut Vec<f64>| {
                let budget = Budget { lose_at_most, goal };
                find_budget(&dataset, &model, &base, budget, None, &ctl, |point| seen.push(point.share)).expect("runs")
            };
            let all = find(0.99, &mut seen);
            assert_eq!(seen, PATH, "{goal:?}");
            let (at, recipe) = all.chosen.as_ref().expect("within");
            assert_eq!((*at, all.points.len()), (PATH.len() - 1, PATH.len()), "{goal:?}");
            let wanted = |is_asked: bool| if is_asked { vec![0.98] } else { vec![0.0] };
            assert_eq!(recipe.edges.delta, wanted(goal != Goal::Size), "{goal:?}");
            assert_eq!(recipe.weights.delta, wanted(goal != Goal::Entries), "{goal:?}");
            assert!(recipe.recovery.is_some());
            let tight = find(0.0, &mut Vec::new());
            assert!(tight.points.iter().all(|point| point.is_within == (point.loss <= 0.0)), "{goal:?}");
            if let Some(point) = tight.point() {
                assert!(point.is_within && tight.points.iter().all(|p| !p.is_within || p.share <= point.share));
            }
            for found in [&all, &tight] {
                if let Some(certificate) = &found.certificate {
                    assert!(certificate.holds(), "{goal:?}: a limit that the held-out half allows");
                    assert_eq!(certificate.calibration, Calibration::Half { seed: base.seed });
                }
            }
        }
        let wrong = Budget { lose_at_most: 1.5, goal: Goal::Time };
        let error = find_budget(&dataset, &model, &base, wrong, None, &ctl, |_| {}).unwrap_err().to_string();
        assert_eq!(error, "budget: expected points to lose from 0 to below 100, found 150");
    }
}
