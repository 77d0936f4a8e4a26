//! A recipe to begin with: measured on the graph, so that the first picture of a model is not that of a broken one.
//!
//! Recovered where that can be judged and does not take long, else plain thresholds. Only the validation nodes and the predictions decide;
//! the test nodes are left to judge the result.

use std::sync::Arc;

use ndarray::Array2;

use super::evaluate::Evaluation;
use super::options::RunOptions;
use super::run::{Run, run};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, resolve_split};
use crate::engine::model::Model;
use crate::engine::sparsify::{Allocation, ChannelRule, EdgeMode, Recipe, RecoveryRule, WeightMode};

/// Shares of entries and of weights that are tried together with recovery, largest first. Weights bear more, and most of the size and the time
/// is theirs.
const SHARES: [(f64, f64); 4] = [(0.9, 0.9), (0.8, 0.9), (0.8, 0.8), (0.5, 0.5)];
/// Shares of the hidden channels that are then tried beside them, largest first: most of the time is theirs.
const CHANNELS: [f64; 2] = [0.75, 0.5];
/// Predictions that may change with recovery, `0..=1`: it fits them, so they say less than those of plain thresholds, and the accuracy of
/// the validation nodes has to hold as well.
pub const SAFE_CHANGES_RECOVERED: f64 = 0.05;
/// Labelled validation nodes without which no recovered recipe is taken: predictions that are fitted cannot judge the fit.
pub const MIN_JUDGES: usize = 30;
/// Operations that all tries with recovery together may take, see [`recovery_operations`].
const MAX_RECOVERED_OPERATIONS: u64 = 500_000_000_000;
/// Thresholds that are tried for each side without recovery, largest first; the first one is the authors' middle setting.
const LADDER: [f64; 6] = [0.5, 0.3, 0.2, 0.1, 0.05, 0.02];
/// What is tried for both sides at once where one forward pass takes more than [`MAX_TRIED_MACS`].
const SHORT_LADDER: [f64; 2] = [0.1, 0.02];
/// One forward pass of more operations than this is not repeated for every threshold.
const MAX_TRIED_MACS: u64 = 20_000_000_000;
/// Validation accuracy that a recipe to begin with may lose, `0..=1`.
pub const SAFE_LOSS: f64 = 0.005;
/// Predictions that may change, `0..=1`: a validation set may be too small to show what is lost, or have no labels.
pub const SAFE_CHANGES: f64 = 0.02;

/// A recipe to begin with.
#[derive(Debug, Clone)]
pub struct SafeStart {
    /// It.
    pub recipe: Recipe,
    /// What it gives; absent where nothing was safe, and nothing is removed.
    pub run: Option<Run>,
    /// Recipes that were tried.
    pub n_tried: usize,
}

/// What is tried, one after the other.
struct Search<'a> {
    dataset: &'a Arc<Dataset>,
    model: &'a Arc<Model>,
    ctl: &'a Control,
    baseline_logits: Option<Arc<Array2<f32>>>,
    n_tried: usize,
    /// The last one that was safe: every search below narrows down to it.
    best: Option<Run>,
    /// Operations of the unpruned forward, once one was run.
    macs: u64,
}

impl Search<'_> {
    /// Runs a recipe, and keeps it where it is safe.
    fn is_safe(&mut self, recipe: &Recipe, most_changes: f64) -> Result<bool, EngineError> {
        const N_TRIES: usize = 9;
        self.ctl.progress("looking for a safe recipe", self.n_tried.min(N_TRIES - 1), N_TRIES);
        self.n_tried += 1;
        let baseline = self.baseline_logits.clone();
        let tried = run(self.dataset, self.model, recipe, RunOptions::PREVIEW, baseline, &self.ctl.quiet())?;
        self.baseline_logits = Some(Arc::clone(&tried.baseline_logits));
        self.macs = tried.pruned.macs().baseline();
        let is_safe = is_gentle(&tried.evaluation, most_changes);
        if is_safe {
            self.best = Some(tried);
        }
        Ok(is_safe)
    }

    /// Tries to do without whole channels, too, where the network has some.
    fn narrow(&mut self, recovered: &Recipe) -> Result<(), EngineError> {
        for share in CHANNELS {
            let recipe = Recipe { channels: Some(ChannelRule { share }), ..recovered.clone() };
            if recipe.check().is_err() {
                return Ok(());
            }
            match self.is_safe(&recipe, SAFE_CHANGES_RECOVERED) {
                Ok(true) | Err(EngineError::Recipe { .. } | EngineError::NotFinite { .. }) => return Ok(()),
                Ok(false) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn found(self, recipe: &Recipe) -> SafeStart {
        let recipe = self.best.as_ref().map_or_else(|| plain(recipe, 0.0, 0.0), |run| run.recipe.clone());
        SafeStart { recipe, run: self.best, n_tried: self.n_tried }
    }
}

/// Finds a recipe that keeps the accuracy, with its run.
///
/// It is the strongest of a few recovered ones (at most [`SAFE_LOSS`] of the validation accuracy lost, at most [`SAFE_CHANGES_RECOVERED`] of
/// the predictions changed), without as many whole channels as that allows, else the largest thresholds of a short ladder.
///
/// Recovered ones are tried where that is allowed (`may_recover`), where the network and the recipe allow it, where the fits take a moment, and where at least
/// [`MIN_JUDGES`] labelled validation nodes judge them. Of plain thresholds, one value for all layers of a side, [`SAFE_LOSS`] and
/// [`SAFE_CHANGES`] are asked; the edges come first, the weights are added to them. Where none is that gentle: zeros, which remove nothing.
///
/// # Errors
/// As [`run`].
pub fn safe_start(
    dataset: &Arc<Dataset>,
    model: &Arc<Model>,
    recipe: &Recipe,
    may_recover: bool,
    ctl: &Control,
) -> Result<SafeStart, EngineError> {
    let mut search = Search { dataset, model, ctl, baseline_logits: None, n_tried: 0, best: None, macs: 0 };
    if may_recover && has_judges(dataset, recipe)? {
        let n_tries = MAX_RECOVERED_OPERATIONS / recovery_operations(dataset, model).max(1);
        for (entries, weights) in SHARES.into_iter().take(usize::try_from(n_tries).unwrap_or(usize::MAX)) {
            match search.is_safe(&recovered(recipe, entries, weights), SAFE_CHANGES_RECOVERED) {
                Ok(true) => {
                    search.narrow(&recovered(recipe, entries, weights))?;
                    return Ok(search.found(recipe));
                }
                Ok(false) => {}
                // What recovery cannot fit is pruned as published.
                Err(EngineError::Recipe { .. } | EngineError::NotFinite { .. }) => break,
                Err(error) => return Err(error),
            }
        }
    }
    if search.is_safe(&plain(recipe, LADDER[0], LADDER[0]), SAFE_CHANGES)? {
        return Ok(search.found(recipe));
    }
    if search.macs > MAX_TRIED_MACS {
        for delta in SHORT_LADDER {
            if search.is_safe(&plain(recipe, delta, delta), SAFE_CHANGES)? {
                break;
            }
        }
        return Ok(search.found(recipe));
    }
    let mut is_safe = |edges: f64, weights: f64| search.is_safe(&plain(recipe, edges, weights), SAFE_CHANGES);
    let edges = largest_safe(&LADDER, |edges| is_safe(edges, 0.0))?;
    // Both together were tried first.
    let rest = if edges >= LADDER[0] { &LADDER[1..] } else { &LADDER[..] };
    largest_safe(rest, |weights| is_safe(edges, weights))?;
    Ok(search.found(recipe))
}

/// Whether enough labelled validation nodes can judge a fit.
fn has_judges(dataset: &Dataset, recipe: &Recipe) -> Result<bool, EngineError> {
    let Some(labels) = dataset.labels() else { return Ok(false) };
    let split = resolve_split(dataset, &recipe.split, recipe.seed)?;
    Ok(split.val.iter().filter(|u| labels.is_labelled(**u as usize)).count() >= MIN_JUDGES)
}

/// Operations that recovery takes, about: products of every layer's input with itself, their factors, the fits of the weights, and the pursuits
/// in the rows of every graph step.
pub fn recovery_operations(dataset: &Dataset, model: &Model) -> u64 {
    /// Factorisation, inverse and triangular products of one matrix.
    const PER_CUBE: u64 = 3;
    /// Products of input and output in both networks.
    const PER_PRODUCT: u64 = 4;
    /// Picks in a row, about.
    const N_PICKS: u64 = 8;
    let shape = &model.architecture;
    let (n, m) = (dataset.n_nodes() as u64, dataset.topology().n_entries() as u64);
    let layers = (0..shape.layers).map(|l| shape.layer_widths(l, dataset.features().width(), model.n_classes()));
    let widths: Vec<(u64, u64)> = layers.map(|(from, to)| (from as u64, to as u64)).collect();
    let fits =
        widths.iter().map(|(from, to)| n * from * from + PER_CUBE * from * from * from + PER_PRODUCT * n * from * to);
    let widest = widths.iter().map(|(_, to)| *to).max().unwrap_or(0);
    fits.sum::<u64>() + N_PICKS * m * widest * shape.n_graph_steps() as u64
}

/// The largest value of a falling ladder that is safe, found by halving, since what is lost grows with the threshold; 0 where none is.
/// What it answers with was tried.
fn largest_safe(ladder: &[f64], mut is_safe: impl FnMut(f64) -> Result<bool, EngineError>) -> Result<f64, EngineError> {
    let (mut from, mut to) = (0, ladder.len());
    while from < to {
        let middle = usize::midpoint(from, to);
        if is_safe(ladder[middle])? {
            to = middle;
        } else {
            from = middle + 1;
        }
    }
    Ok(ladder.get(to).copied().unwrap_or(0.0))
}

/// Thresholds without recovery, relative to what a layer carries.
fn plain(recipe: &Recipe, edges: f64, weights: f64) -> Recipe {
    let mut recipe = recipe.clone();
    (recipe.edges.mode, recipe.edges.delta, recipe.edges.ranking) = (EdgeMode::Relative, vec![edges], None);
    (recipe.weights.mode, recipe.weights.delta, recipe.weights.ranking) = (WeightMode::Relative, vec![weights], None);
    (recipe.recovery, recipe.channels) = (None, None);
    recipe
}

/// Shares of both sides with recovery, spread as given: other ways to spread them would take as many runs.
fn recovered(recipe: &Recipe, entries: f64, weights: f64) -> Recipe {
    let mut recipe = plain(recipe, entries, weights);
    (recipe.edges.mode, recipe.weights.mode) = (EdgeMode::Target, WeightMode::Target);
    recipe.recovery = Some(RecoveryRule { allocation: Allocation::AsGiven, ..RecoveryRule::default() });
    recipe
}

fn is_gentle(evaluation: &Evaluation, most_changes: f64) -> bool {
    let loss = evaluation.val.baseline.accuracy - evaluation.val.pruned.accuracy;
    // Without labelled validation nodes both are 0, and the predictions decide.
    loss <= SAFE_LOSS && 1.0 - evaluation.agreement <= most_changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::{PowerLaw, power_law_communities};
    use crate::engine::model::{Aggregation, Architecture, Family};

    fn start(shape: &Architecture, n_nodes: usize, may_recover: bool) -> SafeStart {
        let ctl = Control::new(2).expect("workers");
        let graph = PowerLaw { n_nodes, n_entries: 6 * n_nodes, n_features: 24, n_classes: 4, seed: 3 };
        let dataset = power_law_communities(&graph, &ctl).expect("a graph").shared();
        let mut model = Model::init(shape, 24, 4, 5);
        // So sure of one class that no pruning changes what it says.
        let biases = model.parameters.iter_mut().filter(|p| p.name.ends_with("bias") && p.values.len() == 4);
        biases.for_each(|bias| bias.values[[0, 0]] = 1e3);
        let model = Arc::new(model);
        let recipe = Recipe { model: shape.clone(), ..Recipe::default() };
        safe_start(&dataset, &model, &recipe, may_recover, &ctl).expect("runs")
    }

    #[test]
    fn recovery_begins_where_it_can_be_judged_and_fitted() {
        let gcn = Architecture { hidden: 16, ..Architecture::new(Family::Gcn) };
        let found = start(&gcn, 300, true);
        let run = found.run.expect("something is safe");
        assert_eq!(run.recipe, found.recipe);
        let rule = found.recipe.recovery.as_ref().expect("recovered");
        assert_eq!((rule.allocation, found.recipe.edges.mode), (Allocation::AsGiven, EdgeMode::Target));
        assert!(is_gentle(&run.evaluation, SAFE_CHANGES_RECOVERED) && run.pruned.edge_sparsity() > 0.85);
        assert_eq!(found.recipe.channels, Some(ChannelRule { share: CHANNELS[0] }), "nothing needs more channels");
        // 80 nodes have 20 to validate on; others may not, or cannot.
        let max = Architecture { aggregation: Aggregation::Max, hidden: 16, ..Architecture::new(Family::Sage) };
        for found in [start(&gcn, 80, true), start(&gcn, 300, false), start(&max, 300, true)] {
            assert_eq!((&found.recipe.recovery, found.recipe.edges.mode), (&None, EdgeMode::Relative));
            assert!(found.run.is_none_or(|run| is_gentle(&run.evaluation, SAFE_CHANGES)));
        }
    }

    #[test]
    fn what_recovery_takes_grows_with_the_widest_layer() {
        let ctl = Control::new(1).expect("a worker");
        let of = |n_features: usize| {
            let graph = PowerLaw { n_nodes: 100, n_entries: 400, n_features, n_classes: 4, seed: 3 };
            let dataset = power_law_communities(&graph, &ctl).expect("a graph");
            let shape = Architecture { hidden: 16, ..Architecture::new(Family::Gcn) };
            recovery_operations(&dataset, &Model::init(&shape, n_features, 4, 5))
        };
        let fits = |d: u64, to: u64| 100 * d * d + 3 * d * d * d + 4 * 100 * d * to;
        assert_eq!(of(32) - of(24), fits(32, 16) - fits(24, 16));
    }

    #[test]
    fn the_largest_safe_value_of_a_ladder_is_found_in_three_tries() {
        for limit in [0.0, 0.01, 0.02, 0.07, 0.1, 0.25, 0.4, 0.5, 1.0] {
            let mut n_tries = 0;
            let found = largest_safe(&LADDER, |delta| {
                n_tries += 1;
                Ok(delta <= limit)
            });
            let expected = LADDER.into_iter().find(|delta| *delta <= limit).unwrap_or(0.0);
            assert!(found.is_ok_and(|found| found.to_bits() == expected.to_bits()), "{limit}");
            assert!(n_tries <= 3, "{n_tries}");
        }
    }
}
