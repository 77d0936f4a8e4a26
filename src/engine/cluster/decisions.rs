//! What is decided of what all blocks found.

use serde::{Deserialize, Serialize};

use super::job::ClusterJob;
use super::normalise::{Statistics, finite};
use super::stage::{Stage, Task};
use super::summary::Summary;
use crate::engine::error::EngineError;
use crate::engine::kernels::{HalfFound, norm_of_column};
use crate::engine::model::{Model, Op};
use crate::engine::sparsify::WeightMask;
use crate::engine::sparsify::threshold::{self, EdgeThreshold, Removable};
use crate::engine::sparsify::weight_pass::masked;
use crate::engine::sparsify::weights::mask_of;

/// What was decided so far. Every later stage needs it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Decisions {
    /// Nodes.
    pub n_nodes: u64,
    /// Entries of the graph, self-loops included.
    pub n_entries: u64,
    /// Self-loops among them.
    pub n_self_loops: u64,
    /// Entries of the longest row.
    pub(super) max_degree: u64,
    /// With mass thresholds, the masses of the features' columns: of positive numbers, behind them of negative ones. `[2 · width]`
    pub(super) masses: Vec<f32>,
    /// For the normalisation at hand.
    pub(super) statistics: Statistics,
    /// Graph steps, in order.
    pub steps: Vec<StepDecision>,
    /// Weight matrices that were decided, in order of computation.
    pub weights: Vec<WeightDecision>,
    /// Half of a threshold that is being counted.
    half: Option<HalfFound>,
    /// The effective threshold of the step at hand, with the mean score where it is relative to it.
    threshold: Option<(f32, Option<f64>)>,
}

/// A graph step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepDecision {
    /// δa as the recipe gives it.
    pub requested: f64,
    /// What scores were compared with.
    pub delta: f32,
    /// The mean score, where the threshold is relative to it.
    pub mean: Option<f64>,
    /// Entries before, self-loops included.
    pub n_before: u64,
    /// Entries that it propagates over, likewise.
    pub n_after: u64,
    /// Columns of what it propagates.
    pub width: u64,
    /// With mass thresholds, numbers other than 0 that it pushes.
    pub n_pushed: Option<u64>,
}

/// A weight matrix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WeightDecision {
    /// The parameter's name.
    pub name: String,
    /// Position among the matrices that may be pruned.
    pub idx: usize,
    /// δw as the recipe gives it.
    pub requested: f64,
    /// `‖P̂‖_F` of the layer's input.
    pub input_norm: f64,
    /// Rows of the input.
    pub n_rows: u64,
    /// Values of every input column that are not 0.
    pub n_nonzero: Vec<u64>,
    /// Kept weights, a bit each, eight to a byte, the first in the lowest bit; row by row.
    kept: Vec<u8>,
}

impl Decisions {
    /// Takes up what all blocks found in `stage`.
    ///
    /// # Errors
    /// [`EngineError::NotFinite`], [`EngineError::Mismatch`] for what does not belong to the job.
    pub fn absorb(&mut self, job: &ClusterJob, stage: &Stage, found: &Summary) -> Result<(), EngineError> {
        for task in &stage.tasks {
            match task {
                Task::Degrees => {
                    (self.n_nodes, self.n_entries) = (found.n_rows, found.n_entries);
                    (self.n_self_loops, self.max_degree) = (found.n_self_loops, found.max_degree);
                }
                Task::SumMasses => {
                    let masses = found.columns.iter().map(|mass| mass.value() as f32).collect();
                    self.masses = finite("mass of a feature", masses)?;
                }
                Task::SumColumns { at } => self.statistics.take_sums(job, *at, found)?,
                Task::Centre { at } => self.statistics.take_squares(job, *at, found)?,
                Task::Push { hop } => {
                    let requested = job.recipe.delta_a(*hop);
                    let width = found.width;
                    // As many entries as pushed as much over all columns.
                    let n_after = (found.n_pushed as f64 / width.max(1) as f64).round() as u64;
                    let n_before = self.steps.last().map_or(self.n_entries, |step| step.n_after);
                    let (delta, n_pushed) = (requested as f32, Some(found.n_pushed));
                    self.steps.push(StepDecision { requested, delta, mean: None, n_before, n_after, width, n_pushed });
                }
                Task::SumScores => {
                    let mean = found.scores.value() / found.n_scores.max(1) as f64;
                    self.decide(job, || Ok(mean), |_| Ok(None))?;
                }
                Task::CountUpper => {
                    let missing = self.n_missing(job);
                    self.half = match missing {
                        0 => None,
                        n => HalfFound::among(&found.all_counts(), n as u64),
                    };
                }
                Task::CountLower => {
                    let value = self.half.take().and_then(|half| half.value_among(&found.all_counts()));
                    self.decide(job, || Ok(0.0), |_| Ok(value))?;
                }
                Task::MeasureColumns { at } => self.decide_weight(job, *at, found)?,
                Task::Propagate { .. } | Task::Attend(_) => {
                    let requested = job.recipe.delta_a(self.steps.len());
                    let (delta, mean) = match self.threshold.take() {
                        Some(decided) => decided,
                        None => (self.delta(job), None),
                    };
                    let (n_before, n_after, width) = (found.n_before, found.n_after, found.width);
                    let n_pushed = None;
                    self.steps.push(StepDecision { requested, delta, mean, n_before, n_after, width, n_pushed });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What scores of the step at hand are compared with.
    pub(super) fn delta(&self, job: &ClusterJob) -> f32 {
        self.threshold.map_or_else(|| job.recipe.delta_a(self.steps.len()) as f32, |(delta, _)| delta)
    }

    /// The half that lower halves are counted under.
    pub(super) fn half(&self) -> Option<HalfFound> {
        self.half
    }

    fn removable(&self) -> Removable {
        let left = self.steps.last().map_or(self.n_entries, |step| step.n_after);
        Removable {
            n_removed: (self.n_entries - left.min(self.n_entries)) as usize,
            n_removable: self.n_entries.saturating_sub(self.n_self_loops) as usize,
        }
    }

    fn n_missing(&self, job: &ClusterJob) -> usize {
        self.removable().n_missing(job.recipe.delta_a(self.steps.len()))
    }

    fn decide(
        &mut self,
        job: &ClusterJob,
        mean: impl FnOnce() -> Result<f64, EngineError>,
        nth: impl FnOnce(usize) -> Result<Option<f32>, EngineError>,
    ) -> Result<(), EngineError> {
        let requested = job.recipe.delta_a(self.steps.len());
        let EdgeThreshold { delta, mean } =
            threshold::of_edges(job.recipe.edges.mode, requested, self.removable(), mean, nth)?;
        self.threshold = Some((delta, mean));
        Ok(())
    }

    fn decide_weight(&mut self, job: &ClusterJob, at: usize, found: &Summary) -> Result<(), EngineError> {
        let Some(Op::Matmul { weight: name, .. }) = job.program.instructions.get(at).map(|i| &i.op) else {
            return Err(EngineError::mismatch("stage of a cluster's job", "a product", at));
        };
        let place = job.model.weights().enumerate().find(|(_, w)| w.name == *name);
        let (idx, parameter) =
            place.ok_or_else(|| EngineError::mismatch("model tensors", name, "none of that name"))?;
        let norms: Vec<f32> = found.columns.iter().map(norm_of_column).collect();
        if norms.len() != parameter.values.nrows() {
            return Err(EngineError::mismatch("columns of a layer's input", parameter.values.nrows(), norms.len()));
        }
        let requested = job.recipe.delta_w(parameter.prunable_layer().unwrap_or_default());
        let (mut mask, _) = mask_of(&parameter.values, &norms, false, job.recipe.weights.mode, requested)?;
        if let Some(before) = job.masks.get(idx) {
            mask.zip_mut_with(before, |keep, was_kept| *keep &= was_kept);
        }
        let flags: Vec<bool> = mask.iter().copied().collect();
        let kept = flags.chunks(8).map(|eight| eight.iter().rev().fold(0u8, |byte, keep| byte << 1 | u8::from(*keep)));
        let input_norm = norms.iter().map(|norm| f64::from(*norm).powi(2)).sum::<f64>().sqrt();
        self.weights.push(WeightDecision {
            name: name.clone(),
            idx,
            requested,
            input_norm,
            n_rows: found.n_rows,
            n_nonzero: found.n_nonzero.clone(),
            kept: kept.collect(),
        });
        Ok(())
    }

    /// The masks of all matrices: what was decided, and of the others what the job came with.
    pub fn masks(&self, job: &ClusterJob) -> Vec<WeightMask> {
        let mut masks = job.masks.clone();
        for decided in &self.weights {
            if let Some(mask) = masks.get_mut(decided.idx) {
                let kept =
                    (0..mask.len()).map(|at| decided.kept.get(at / 8).is_some_and(|byte| byte >> (at % 8) & 1 == 1));
                mask.iter_mut().zip(kept).for_each(|(keep, kept)| *keep = kept);
            }
        }
        masks
    }

    /// The model with what was decided so far removed.
    pub fn model(&self, job: &ClusterJob) -> Model {
        let mut model = job.model.clone();
        for (weight, mask) in model.weights_mut().zip(self.masks(job)) {
            weight.values = masked(&weight.values, &mask);
        }
        model
    }
}
