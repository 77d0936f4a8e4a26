//! A published experiment again: train under its recipe for every seed, evaluate both ways.

use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use super::options::RunOptions;
use super::run::{locked_logits, run};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Split, resolve_split};
use crate::engine::score::Score;
use crate::engine::sparsify::{EdgeMode, Recipe, propagate};
use crate::engine::train::train;

/// The random choices of one training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Draw {
    /// Of the split.
    pub split: u64,
    /// Of initial weights, dropout and batches.
    pub seed: u64,
}

/// One training of a reproduced experiment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReproducedSeed {
    /// Its random choices.
    pub draw: Draw,
    /// Score on test nodes over the masks of the training step, nothing put back. `0..=1`
    pub test: f64,
    /// Score on test nodes with masks decided anew in evaluation mode, nothing put back. `0..=1`
    pub test_fresh: f64,
    /// Score on test nodes by unmasked evaluation, as the authors report it: entries into test nodes put back (docs/DIFFERENCES.md#d31). `0..=1`
    pub test_official_lock: Option<f64>,
    /// Removed share of graph entries, `0..=1`.
    pub edge_sparsity: f64,
    /// Removed share of weights, `0..=1`.
    pub weight_sparsity: f64,
    /// Operations of the pruned forward.
    pub macs_pruned: u64,
    /// Operations of the unpruned forward.
    #[serde(rename = "macs_dense")]
    pub macs_baseline: u64,
    /// Epoch that was kept.
    pub best_epoch: usize,
    /// Median wall time of an epoch, training and evaluation, seconds.
    pub epoch_secs: f64,
    /// Wall time of the pruned propagation, decoupled families only, seconds.
    pub propagation_secs: Option<f64>,
    /// Operations of the pruned propagation, decoupled families only.
    pub propagation_macs: Option<u64>,
}

/// The split of `seed`: the graph's own of that name, else half, a quarter and a quarter, stratified (docs/DIFFERENCES.md#d35).
fn split_of(dataset: &Dataset, seed: u64) -> String {
    let own = format!("seed{seed}");
    if dataset.splits().iter().any(|s| s.name == own) { own } else { format!("stratified:50/25/25@{seed}") }
}

/// Trains `recipe` once per draw and evaluates what comes out.
///
/// # Errors
/// As [`train`] and [`run`].
pub fn reproduce(
    dataset: &Arc<Dataset>,
    recipe: &Recipe,
    draws: &[Draw],
    ctl: &Control,
) -> Result<Vec<ReproducedSeed>, EngineError> {
    let mut found = Vec::with_capacity(draws.len());
    for (at, &draw) in draws.iter().enumerate() {
        ctl.progress("training", at, draws.len());
        let quiet = ctl.quiet();
        let recipe = Recipe { seed: draw.seed, split: split_of(dataset, draw.split), ..recipe.clone() };
        let trained = train(dataset, &recipe, &quiet, |_| {})?;
        let result = run(dataset, &trained.model, &recipe, RunOptions::PREVIEW, None, &quiet)?;
        let macs = result.pruned.macs();
        let mut secs: Vec<f64> = trained.history.iter().map(|e| e.elapsed_secs).collect();
        secs.sort_by(f64::total_cmp);
        let (mut propagation_secs, mut propagation_macs) = (None, None);
        if recipe.model.is_decoupled() {
            let split = resolve_split(dataset, &recipe.split, draw.seed)?;
            let start = Instant::now();
            let propagated = propagate(dataset, &recipe, &split, None, &quiet)?;
            propagation_secs = Some(start.elapsed().as_secs_f64());
            propagation_macs = Some(propagated.steps.iter().map(|s| s.macs.edges_pruned).sum());
        }
        let trained_on = trained.model.trained_on.as_ref();
        let put_back = if recipe.model.n_graph_steps() > 0 && !recipe.model.is_decoupled() {
            let split = &result.split;
            let logits = locked_logits(dataset, &trained.model, &trained.edges, &recipe, &split.test, &quiet)?;
            dataset.labels().map(|labels| Score::of(&logits, labels, &split.test).accuracy)
        } else {
            None
        };
        found.push(ReproducedSeed {
            draw,
            test: trained_on.map_or(f64::NAN, |t| t.test_accuracy),
            test_fresh: result.evaluation.test.pruned.accuracy,
            test_official_lock: put_back,
            edge_sparsity: if put_back.is_some() { trained.edges.sparsity() } else { result.pruned.edge_sparsity() },
            weight_sparsity: result.pruned.weight_sparsity(),
            macs_pruned: macs.pruned(),
            macs_baseline: macs.baseline(),
            best_epoch: trained_on.map_or(0, |t| t.best_epoch),
            epoch_secs: secs.get(secs.len() / 2).copied().unwrap_or(f64::NAN),
            propagation_secs,
            propagation_macs,
        });
    }
    ctl.progress("training", draws.len(), draws.len());
    Ok(found)
}

/// The δ of mass mode at which the share `share` of the pushes is removed, by bisection on a logarithmic scale.
///
/// # Errors
/// As [`propagate`].
pub fn mass_delta(dataset: &Dataset, recipe: &Recipe, share: f64, ctl: &Control) -> Result<f64, EngineError> {
    const STEPS: usize = 14;
    let mut recipe = recipe.clone();
    recipe.edges.mode = EdgeMode::Mass;
    let (mut low, mut high) = (1e-9f64, 1.0f64);
    for _ in 0..STEPS {
        let middle = (low * high).sqrt();
        recipe.edges.delta = vec![middle];
        let steps = propagate(dataset, &recipe, &Split::default(), None, &ctl.quiet())?.steps;
        let (kept, all) = (steps.iter().map(|s| s.macs))
            .fold((0, 0), |(kept, all), m| (kept + m.edges_pruned, all + m.edges_baseline));
        let removed = 1.0 - kept as f64 / all.max(1) as f64;
        if removed < share { low = middle } else { high = middle }
    }
    Ok((low * high).sqrt())
}
