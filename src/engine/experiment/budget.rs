//! A budget instead of thresholds: how much can go while at most so much accuracy is lost.
//!
//! A path of recipes that is fixed beforehand is walked from little to much, every one with recovery, as long as the loss on the first half of
//! the validation nodes stays within the budget; then a few tries move removed shares between sides and layers. The one that is found is
//! certified on the second half, whose labels nobody looked at.

use std::sync::Arc;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::options::RunOptions;
use super::run::run;
use super::sweep::SweepPoint;
use crate::engine::certify::{Calibration, Candidate, Certificate, CertifyOptions, Paired, certify, halves};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Features, Labels, resolve_split};
use crate::engine::model::Model;
use crate::engine::score::predictions;
use crate::engine::sparsify::{
    Allocation, ChannelRule, Compat, EdgeMode, EdgeRule, NodesAre, Recipe, RecoveryRule, WeightMode, WeightRule,
};

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

    /// Human-readable.
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
/// Tries that move removed shares between sides and layers.
const N_SPREADS: usize = 4;
/// Shares of the hidden channels that are tried where time is to be gained, from little to much.
const CHANNELS: [f64; 3] = [0.5, 0.75, 0.875];
/// Confidence of the certificate.
const LEVEL: f64 = 0.95;
/// Labelled nodes that half of the validation nodes need, to tune or to certify.
const MIN_NODES: usize = 30;

/// One recipe that was tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BudgetPoint {
    /// The share that was asked for along the path; where shares differ between steps or sides, the largest.
    pub share: f64,
    /// Shares of the entries that were asked for: one for all steps, or one each.
    pub edges: Vec<f64>,
    /// Shares of the weights that were asked for.
    pub weights: Vec<f64>,
    /// Share of the hidden channels that was asked to go as a whole, `0..1`.
    #[serde(skip_serializing_if = "is_zero")]
    pub channels: f64,
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
    /// Everything else that it gives, for a picture; test nodes had no say.
    #[serde(skip)]
    pub result: SweepPoint,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(share: &f64) -> bool {
    *share == 0.0
}

impl BudgetPoint {
    /// What it gains for a goal, `0..=1`: operations that are saved, or what is removed.
    fn gain(&self, goal: Goal) -> f64 {
        match goal {
            Goal::Time => 1.0 - self.result.macs_pruned as f64 / self.result.macs_baseline.max(1) as f64,
            Goal::Size => self.weight_sparsity,
            Goal::Entries => self.edge_sparsity,
        }
    }
}

/// Removed shares from which on this machine is faster; above 1 it never is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FasterFrom {
    /// Of the entries, for propagation; absent where there is no propagation.
    pub entries: Option<f64>,
    /// Of the weights of the largest matrix, for its product.
    pub weights: f64,
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
    /// From where on this machine removing is faster.
    pub faster_from: FasterFrom,
}

impl FoundBudget {
    /// The point that was chosen.
    pub fn point(&self) -> Option<&BudgetPoint> {
        self.chosen.as_ref().and_then(|(at, _)| self.points.get(*at))
    }

    /// Whether what was chosen can be faster here at all: one side removes enough for it.
    pub fn can_be_faster(&self) -> bool {
        self.point().is_some_and(|point| {
            let entries = self.faster_from.entries.is_some_and(|from| point.edge_sparsity >= from);
            point.channels > 0.0 || entries || point.weight_sparsity >= self.faster_from.weights
        })
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
    recipe.channels = None;
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

/// What is tried, one after the other.
struct Search<'a> {
    dataset: &'a Arc<Dataset>,
    model: &'a Arc<Model>,
    budget: Budget,
    /// Labels, where enough nodes have one to decide by, and the nodes that do.
    judges: Option<(&'a Labels, Vec<u32>)>,
    /// Nodes that arrive later: nobody asks the unpruned model about them.
    unasked: Vec<u32>,
    unpruned: Option<Arc<Array2<f32>>>,
    points: Vec<BudgetPoint>,
    /// What gains most within the budget so far: its place, its recipe, and the classes that it predicts.
    best: Option<(usize, Recipe, Vec<u32>)>,
    ctl: &'a Control,
    on_point: &'a mut dyn FnMut(&BudgetPoint),
}

impl Search<'_> {
    /// Runs a recipe, and keeps it where it is within the budget and gains most; answers whether it is within.
    fn tries(&mut self, recipe: Recipe) -> Result<bool, EngineError> {
        let n_channels = if self.budget.goal == Goal::Time { 2 * CHANNELS.len() } else { 0 };
        let n_tries = PATH.len() + N_HALVINGS + N_SPREADS + n_channels;
        self.ctl.progress("looking along the path", self.points.len(), n_tries);
        self.ctl.check()?;
        let baseline = self.unpruned.clone();
        let tried = run(self.dataset, self.model, &recipe, RunOptions::PREVIEW, baseline, &self.ctl.quiet())?;
        self.unpruned = Some(Arc::clone(&tried.baseline_logits));
        let (before, after) = (predictions(&tried.baseline_logits), predictions(&tried.pruned.logits));
        let evaluation = &tried.evaluation;
        let loss = match &self.judges {
            Some((labels, nodes)) => Paired::of(&before, &after, labels, nodes).loss(),
            // Nobody can lose more than what changed.
            None => 1.0 - agreement(&before, &after, &self.unasked),
        };
        let (edges, weights) = (recipe.edges.delta.clone(), recipe.weights.delta.clone());
        let point = BudgetPoint {
            share: edges.iter().chain(&weights).copied().fold(0.0, f64::max),
            edges,
            weights,
            channels: recipe.channels.map_or(0.0, |rule| rule.share),
            edge_sparsity: tried.pruned.edge_sparsity(),
            weight_sparsity: tried.pruned.weight_sparsity(),
            loss,
            agreement: evaluation.agreement,
            is_within: loss <= self.budget.lose_at_most,
            result: SweepPoint::of(self.points.len(), &tried),
        };
        (self.on_point)(&point);
        let (is_within, gain) = (point.is_within, point.gain(self.budget.goal));
        let best = self.best.as_ref().map(|(at, ..)| &self.points[*at]);
        // What is computed for fewer columns takes less time, whatever else is the same.
        let is_narrower = best.is_some_and(|best| point.channels > best.channels);
        let is_more = best.is_none_or(|best| gain > best.gain(self.budget.goal));
        self.points.push(point);
        if is_within && (is_narrower || is_more) {
            self.best = Some((self.points.len() - 1, recipe, after));
        }
        Ok(is_within)
    }

    /// Walks the path as far as the budget goes, then halves the gap; answers the share that was too much on the path.
    fn walk(&mut self, base: &Recipe) -> Result<Option<f64>, EngineError> {
        let goal = self.budget.goal;
        let mut below = 0.0;
        let mut too_much = None;
        for share in PATH {
            if !self.tries(asking(base, goal, share))? {
                too_much = Some(share);
                break;
            }
            below = share;
        }
        if let Some(mut above) = too_much {
            for _ in 0..N_HALVINGS {
                let middle = f64::midpoint(below, above);
                if self.tries(asking(base, goal, middle))? {
                    below = middle;
                } else {
                    above = middle;
                }
            }
        }
        Ok(too_much)
    }

    /// Tries to do without whole channels, as many as the budget allows: time is gained by them above all. With a short distillation where it
    /// takes that.
    fn narrow(&mut self, base: &Recipe) -> Result<(), EngineError> {
        for share in CHANNELS {
            let found = self.best.as_ref().map(|(_, found, _)| found.clone());
            let found = found.unwrap_or_else(|| asking(base, self.budget.goal, 0.0));
            let mut recipe = Recipe { channels: Some(ChannelRule { share }), ..found };
            let Some(mut is_within) = self.tries_channels(recipe.clone())? else { return Ok(()) };
            if let Some(rule) = recipe.recovery.as_mut().filter(|rule| !is_within && rule.distill_epochs == 0) {
                rule.distill_epochs = RecoveryRule::DISTILL_EPOCHS;
                is_within = self.tries(recipe)?;
            }
            if !is_within {
                break;
            }
        }
        Ok(())
    }

    /// As [`Search::tries`]; `None` where the network has no channels that can go.
    fn tries_channels(&mut self, recipe: Recipe) -> Result<Option<bool>, EngineError> {
        if recipe.check().is_err() {
            return Ok(None);
        }
        match self.tries(recipe) {
            Err(EngineError::Recipe { field, .. }) if field == "channels" => Ok(None),
            tried => tried.map(Some),
        }
    }

    /// Tries to remove more of one side or of some layers than of the others: first each alone as much as was too much for all, which shows
    /// how sensitive it is; then, where no part of the graph steps bears it, so much of the less sensitive part and less of the other.
    fn spread(&mut self, too_much: f64) -> Result<(), EngineError> {
        let Some((_, found, _)) = self.best.clone() else { return Ok(()) };
        let goal = self.budget.goal;
        let n_at_start = self.points.len();
        let left = |search: &Self| (n_at_start + N_SPREADS).saturating_sub(search.points.len());
        // The spread is what is searched for: recovery does not have to try ways of its own.
        let given = |mut recipe: Recipe| {
            if let Some(rule) = &mut recipe.recovery {
                rule.allocation = Allocation::AsGiven;
            }
            recipe
        };
        let share_of = |deltas: &[f64]| deltas.first().copied().unwrap_or(0.0);
        let network = &self.model.architecture;
        if goal == Goal::Time && share_of(&found.weights.delta) < too_much {
            let mut recipe = found.clone();
            recipe.weights.delta = vec![too_much];
            self.tries(recipe)?;
        }
        let n_steps = network.n_graph_steps();
        if goal == Goal::Size || n_steps < 2 {
            return Ok(());
        }
        let share = share_of(&found.edges.delta);
        let is_first = |step: usize| step < n_steps.div_ceil(2);
        let mut losses = [f64::INFINITY; 2];
        for (part, loss) in losses.iter_mut().enumerate() {
            let Some((_, base, _)) = self.best.clone().filter(|_| left(self) > 0) else { return Ok(()) };
            let deltas = (0..n_steps).map(|step| if is_first(step) == (part == 0) { too_much } else { share });
            let mut recipe = given(base);
            recipe.edges.delta = deltas.collect();
            if self.tries(recipe)? {
                return Ok(());
            }
            *loss = self.points.last().map_or(f64::INFINITY, |point| point.loss);
        }
        let Some((_, base, _)) = self.best.clone().filter(|_| left(self) > 0) else { return Ok(()) };
        let tough = usize::from(losses[1] < losses[0]);
        let spared = share - f64::midpoint(0.0, too_much - share);
        let deltas = (0..n_steps).map(|step| if is_first(step) == (tough == 0) { too_much } else { spared });
        let mut recipe = given(base);
        recipe.edges.delta = deltas.collect();
        self.tries(recipe).map(|_| ())
    }
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
    let has_judges = tune.len() >= MIN_NODES && calibrate.len() >= MIN_NODES;
    let is_new = base.recovery.as_ref().is_some_and(|rule| rule.nodes_are == NodesAre::New);
    let mut search = Search {
        dataset,
        model,
        budget,
        judges: labels.filter(|_| has_judges).map(|labels| (labels, tune)),
        unasked: if is_new { split.test.clone() } else { Vec::new() },
        unpruned,
        points: Vec::new(),
        best: None,
        ctl,
        on_point: &mut on_point,
    };
    if let Some(too_much) = search.walk(base)? {
        search.spread(too_much)?;
    }
    if budget.goal == Goal::Time {
        search.narrow(base)?;
    }
    let Search { judges, unpruned, points, best, .. } = search;
    let faster_from = faster_from(dataset, model, ctl);
    let Some((at, recipe, after)) = best else {
        return Ok(FoundBudget { points, chosen: None, certificate: None, faster_from });
    };
    let certificate = match (judges, &unpruned) {
        (Some((labels, _)), Some(unpruned)) => {
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
    Ok(FoundBudget { points, chosen: Some((at, recipe)), certificate, faster_from })
}

/// What this machine says of removing entries, and weights of the largest matrix.
fn faster_from(dataset: &Dataset, model: &Model, ctl: &Control) -> FasterFrom {
    let shape = &model.architecture;
    let layers = (0..shape.layers).map(|l| shape.layer_widths(l, dataset.features().width(), model.n_classes()));
    let largest = layers.enumerate().max_by_key(|(_, (from, to))| from * to);
    let (layer, (_, d_out)) = largest.unwrap_or_default();
    let reads_sparse = layer == 0 && !shape.is_decoupled() && matches!(dataset.features(), Features::Sparse(_));
    FasterFrom {
        entries: (shape.n_graph_steps() > 0).then(|| ctl.cost().entries_faster_from()),
        weights: ctl.cost().advice(d_out, reads_sparse, 0.0).faster_from,
    }
}

/// Share of the nodes but `others` that keep their class.
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
            // Where time is to be gained, channels go after the path.
            let n_channels = if goal == Goal::Time { CHANNELS.len() } else { 0 };
            assert_eq!(seen[..PATH.len()], PATH, "{goal:?}");
            let (at, recipe) = all.chosen.as_ref().expect("within");
            let n_tries = PATH.len() + n_channels;
            assert_eq!((*at, all.points.len(), seen.len()), (n_tries - 1, n_tries, n_tries), "{goal:?}");
            assert_eq!(recipe.channels.map(|rule| rule.share), CHANNELS.last().copied().filter(|_| n_channels > 0));
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
