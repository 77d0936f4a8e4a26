//! One run: a recipe applied to a graph and a model, with everything that came back. Views read runs, exporters write them.

use std::sync::Arc;

use ndarray::Array2;

use super::bounds::Bounds;
use super::evaluate::Evaluation;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Split};
use crate::engine::model::Model;
use crate::engine::sparsify::{Masks, Product, Pruned, Recipe};

/// How much of a run to compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunOptions {
    /// Timed forward passes of each sort, after one warm-up; 0 measures nothing.
    pub n_timed: usize,
    /// Also evaluate as the authors' code reports it.
    pub official_lock: bool,
    /// Also run the unpruned forward in lockstep, for the error after every step.
    pub compare_steps: bool,
    /// Also measure the spectral distance of every step's matrix and state the bounds.
    pub bounds: bool,
}

impl RunOptions {
    /// As fast as it goes: masks, logits and accuracy.
    pub const PREVIEW: Self = Self { n_timed: 0, official_lock: false, compare_steps: false, bounds: false };
    /// Everything, with 5 timed passes.
    pub const FULL: Self = Self { n_timed: 5, official_lock: true, compare_steps: true, bounds: true };
    /// One point of a sweep: timed, without the extras.
    pub const SWEEP: Self = Self { n_timed: 3, official_lock: false, compare_steps: false, bounds: false };
}

/// Measured wall times: medians over repeats, unpruned and pruned in turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Timing {
    /// Threads that computed.
    pub n_threads: usize,
    /// Timed passes of each sort.
    pub n_repeats: usize,
    /// Unpruned forward, seconds per step in the order of [`Pruned::steps`].
    pub dense_step_secs: Vec<f64>,
    /// Pruned forward over frozen masks, seconds per step.
    pub pruned_step_secs: Vec<f64>,
    /// Unpruned forward, seconds in all.
    pub dense_secs: f64,
    /// Pruned forward over frozen masks, seconds in all.
    pub pruned_secs: f64,
    /// Which product was faster for every weight layer, and was used.
    pub products: Vec<Product>,
}

impl Timing {
    /// How many times faster the pruned forward is; below 1 it is slower.
    pub fn speedup(&self) -> f64 {
        self.dense_secs / self.pruned_secs.max(f64::MIN_POSITIVE)
    }
}

/// What came back from applying a recipe.
#[derive(Debug, Clone)]
pub struct Run {
    /// Complete, as used.
    pub recipe: Recipe,
    /// The graph.
    pub dataset: Arc<Dataset>,
    /// The model as given, unpruned.
    pub model: Arc<Model>,
    /// The split that was evaluated; empty parts without labels.
    pub split: Split,
    /// Masks, pruned model, logits and the trace of every step.
    pub pruned: Pruned,
    /// The given model's output on the whole graph. `[n_nodes, n_classes]`.
    pub dense_logits: Arc<Array2<f32>>,
    /// Accuracy and agreement; scores are over 0 nodes without labels.
    pub evaluation: Evaluation,
    /// Measured times, if asked for.
    pub timing: Option<Timing>,
    /// Guarantees beside measurements, one per graph step, if asked for.
    pub bounds: Vec<Bounds>,
}

/// Decides the masks of `model` on `dataset` under `recipe` and evaluates the result.
///
/// `dense_logits` are the unpruned model's, where the caller has them already.
///
/// # Errors
/// [`EngineError::Recipe`], [`EngineError::Mismatch`] when graph, model and recipe do not fit, [`EngineError::Cancelled`].
pub fn run(
    dataset: &Arc<Dataset>,
    model: &Arc<Model>,
    recipe: &Recipe,
    options: RunOptions,
    dense_logits: Option<Arc<Array2<f32>>>,
    ctl: &Control,
) -> Result<Run, EngineError> {
    todo!()
}

/// Runs a model over frozen masks: what a bundle's replay does. Bit-identical to [`Pruned::logits`] of the run that decided them.
///
/// `embedding` is [`Pruned::embedding`], needed in mass mode only.
///
/// # Errors
/// [`EngineError::Mismatch`], [`EngineError::Cancelled`].
pub fn forward_frozen(
    dataset: &Dataset,
    model: &Model,
    recipe: &Recipe,
    masks: Option<&Masks>,
    embedding: Option<&Array2<f32>>,
    ctl: &Control,
) -> Result<Array2<f32>, EngineError> {
    todo!()
}
