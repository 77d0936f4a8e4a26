//! Many recipes on one graph and model: the trade-off.

use std::sync::Arc;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::options::RunOptions;
use super::run::{Run, Timing, run};
use super::serve::RequestTiming;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Metric};
use crate::engine::model::Model;
use crate::engine::sparsify::baselines::WeightRanking;
use crate::engine::sparsify::{EdgeMode, Recipe, WeightMode};
use crate::engine::timing::median_interval;

/// Which thresholds to try: every δa with every δw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SweepGrid {
    /// Values of δa, one for all layers.
    pub delta_a: Vec<f64>,
    /// Values of δw, one for all layers.
    pub delta_w: Vec<f64>,
}

/// One recipe of a sweep and what it gives.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SweepPoint {
    /// Position in the grid, δa running fastest.
    pub idx: usize,
    /// δa of all layers.
    pub delta_a: f64,
    /// δw of all layers.
    pub delta_w: f64,
    /// Removed share of graph entries over all steps, `0..=1`.
    pub edge_sparsity: f64,
    /// Removed share of weights over all layers, `0..=1`.
    pub weight_sparsity: f64,
    /// What the accuracies are.
    #[serde(default)]
    pub metric: Metric,
    /// Accuracy of the pruned model on validation nodes, `0..=1`.
    pub val_accuracy: f64,
    /// Accuracy of the pruned model on test nodes, `0..=1`.
    pub test_accuracy: f64,
    /// Accuracy of the unpruned model on validation nodes, `0..=1`.
    #[serde(rename = "dense_val_accuracy")]
    pub baseline_val_accuracy: f64,
    /// Accuracy of the unpruned model on test nodes, `0..=1`.
    #[serde(rename = "dense_test_accuracy")]
    pub baseline_test_accuracy: f64,
    /// Share of nodes whose class did not change, `0..=1`.
    pub agreement: f64,
    /// Operations of the unpruned forward.
    #[serde(rename = "macs_dense")]
    pub macs_baseline: u64,
    /// Operations of the pruned forward.
    pub macs_pruned: u64,
    /// Measured seconds of the unpruned forward, median.
    #[serde(rename = "dense_secs")]
    pub baseline_secs: f64,
    /// Measured seconds of the pruned forward, median.
    pub pruned_secs: f64,
    /// Lower end of the 95 % interval of that median; none where there were too few passes.
    #[serde(default)]
    pub pruned_secs_low: Option<f64>,
    /// Its upper end.
    #[serde(default)]
    pub pruned_secs_high: Option<f64>,
    /// Lower end of the 95 % interval of how many times as fast as unpruned it is; none where there were too few passes.
    #[serde(default)]
    pub speedup_low: Option<f64>,
    /// Its upper end.
    #[serde(default)]
    pub speedup_high: Option<f64>,
    /// Measured seconds of a request for [`RequestTiming::OF_A_POINT`] nodes, unpruned, median; none where there was none.
    #[serde(default)]
    pub baseline_request_secs: Option<f64>,
    /// The same, pruned.
    #[serde(default)]
    pub request_secs: Option<f64>,
    /// Lower end of the 95 % interval of how many times as fast as unpruned a request is.
    #[serde(default)]
    pub request_speedup_low: Option<f64>,
    /// Its upper end.
    #[serde(default)]
    pub request_speedup_high: Option<f64>,
    /// Lower end of the 95 % interval of the accuracy on test nodes, `0..=1`.
    #[serde(default)]
    pub test_low: Option<f64>,
    /// Its upper end.
    #[serde(default)]
    pub test_high: Option<f64>,
    /// Bytes of the unpruned model's values as 32-bit floats; none in points of earlier versions.
    #[serde(default, rename = "bytes_dense")]
    pub baseline_bytes: Option<u64>,
    /// Bytes of the pruned model with every tensor in its smallest encoding.
    #[serde(default, rename = "bytes_pruned")]
    pub pruned_bytes: Option<u64>,
}

impl Default for SweepGrid {
    fn default() -> Self {
        Self { delta_a: vec![0.0, 0.1, 0.2, 0.5, 0.7, 1.0, 1.5, 2.0], delta_w: vec![0.0, 0.1, 0.2, 0.5, 1.0, 2.0] }
    }
}

impl SweepGrid {
    /// A grid that makes sense in the recipe's modes: shares in target mode, decades where a threshold is an absolute number. Fewer shares
    /// with recovery, each of which takes its time.
    pub fn suited_to(recipe: &Recipe) -> Self {
        const SHARES: [f64; 8] = [0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9];
        const RECOVERED: [f64; 5] = [0.0, 0.5, 0.8, 0.9, 0.95];
        const NUMBERS: [f64; 8] = [0.0, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0];
        const MASSES: [f64; 8] = [0.0, 1e-7, 1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 1e-3];
        let default = Self::default();
        let shares = if recipe.recovery.is_some() { RECOVERED.to_vec() } else { SHARES.to_vec() };
        let delta_a = match recipe.edges.mode {
            _ if recipe.model.n_graph_steps() == 0 => vec![0.0],
            EdgeMode::Relative => default.delta_a,
            EdgeMode::Absolute => NUMBERS.to_vec(),
            EdgeMode::Mass => MASSES.to_vec(),
            EdgeMode::Target => shares.clone(),
        };
        let delta_w = match recipe.weights.mode {
            WeightMode::Relative => default.delta_w,
            WeightMode::Absolute => NUMBERS.to_vec(),
            WeightMode::Target => shares,
        };
        Self { delta_a, delta_w }
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.delta_a.len() * self.delta_w.len()
    }

    /// Whether there is nothing to try.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The recipe of point `idx`: `base` with its thresholds replaced.
    pub fn recipe(&self, base: &Recipe, idx: usize) -> Recipe {
        let mut recipe = base.clone();
        recipe.edges.delta = vec![self.delta_a[idx % self.delta_a.len()]];
        recipe.weights.delta = vec![self.delta_w[idx / self.delta_a.len()]];
        recipe
    }

    /// The same, where only one layer (from 0) has the grid's thresholds and every other has those of `base`; `None`: all layers.
    ///
    /// A target of entries is cumulative, so that a layer never has a smaller one than those before it.
    pub fn recipe_of(&self, base: &Recipe, idx: usize, layer: Option<usize>) -> Recipe {
        let mut recipe = self.recipe(base, idx);
        let Some(layer) = layer else { return recipe };
        let all = |deltas: &[f64], n: usize| -> Vec<f64> {
            (0..n.max(1))
                .map(|at| if deltas.len() == 1 { deltas[0] } else { deltas.get(at).copied().unwrap_or(0.0) })
                .collect()
        };
        let put = |own: &mut Vec<f64>, base: &[f64], n: usize| {
            let delta = own[0];
            *own = all(base, n);
            if let Some(at) = own.get_mut(layer) {
                *at = delta;
            }
        };
        put(&mut recipe.edges.delta, &base.edges.delta, base.model.n_graph_steps());
        put(&mut recipe.weights.delta, &base.weights.delta, base.model.layers);
        if recipe.edges.mode == EdgeMode::Target {
            let mut most: f64 = 0.0;
            for delta in &mut recipe.edges.delta {
                most = most.max(*delta);
                *delta = most;
            }
        }
        if recipe.weights.ranking == Some(WeightRanking::MagnitudeGlobal) {
            // One threshold over all layers cannot be that of one.
            recipe.weights.ranking = Some(WeightRanking::Magnitude);
        }
        recipe
    }

    /// Layers that a sweep can be of: those with both a matrix of the graph and a weight matrix.
    pub fn n_layers(base: &Recipe) -> usize {
        base.model.n_graph_steps().min(base.model.layers)
    }
}

/// Runs every point of the grid in order and hands each out as soon as it is there.
///
/// `options` is [`RunOptions::SWEEP`], timed or not. `baseline` is what results are held against where that is not the model's own output. `[n_nodes, n_classes]`
///
/// # Errors
/// As [`super::run`].
pub fn sweep(
    dataset: &Arc<Dataset>,
    model: &Arc<Model>,
    base: &Recipe,
    grid: &SweepGrid,
    as_asked: (RunOptions, Option<Arc<Array2<f32>>>),
    ctl: &Control,
    on_point: impl FnMut(SweepPoint, Run),
) -> Result<(), EngineError> {
    sweep_layer(dataset, model, base, (grid, None), as_asked, ctl, on_point)
}

/// The same over the thresholds of one layer (from 0), see [`SweepGrid::recipe_of`]; `None`: of all layers.
///
/// # Errors
/// As [`super::run`]; [`EngineError::Recipe`] for a layer that the network does not have.
pub fn sweep_layer(
    dataset: &Arc<Dataset>,
    model: &Arc<Model>,
    base: &Recipe,
    (grid, layer): (&SweepGrid, Option<usize>),
    (options, baseline): (RunOptions, Option<Arc<Array2<f32>>>),
    ctl: &Control,
    mut on_point: impl FnMut(SweepPoint, Run),
) -> Result<(), EngineError> {
    let base = &Recipe { model: model.architecture.clone(), ..base.clone() };
    let n_layers = SweepGrid::n_layers(base);
    if let Some(layer) = layer.filter(|layer| *layer >= n_layers) {
        return Err(EngineError::recipe("sweep.layer", format!("a layer from 1 to {n_layers}"), layer + 1));
    }
    let mut baseline_logits = baseline;
    for idx in 0..grid.len() {
        ctl.check()?;
        ctl.progress("recipe", idx, grid.len());
        let recipe = grid.recipe_of(base, idx, layer);
        let run = run(dataset, model, &recipe, options, baseline_logits.clone(), &ctl.quiet())?;
        baseline_logits = Some(Arc::clone(&run.baseline_logits));
        let (delta_a, delta_w) = (grid.delta_a[idx % grid.delta_a.len()], grid.delta_w[idx / grid.delta_a.len()]);
        on_point(SweepPoint { delta_a, delta_w, ..SweepPoint::of(idx, &run) }, run);
    }
    ctl.progress("recipe", grid.len(), grid.len());
    Ok(())
}

impl SweepPoint {
    /// 95 % interval of the median seconds of the pruned forward.
    pub fn pruned_secs_interval(&self) -> Option<[f64; 2]> {
        Some([self.pruned_secs_low?, self.pruned_secs_high?])
    }

    /// 95 % interval of the accuracy on test nodes, `0..=1`.
    pub fn test_interval(&self) -> Option<[f64; 2]> {
        Some([self.test_low?, self.test_high?])
    }

    /// 95 % interval of how many times as fast as unpruned it is.
    pub fn speedup_interval(&self) -> Option<[f64; 2]> {
        Some([self.speedup_low?, self.speedup_high?])
    }

    /// 95 % interval of the seconds of a request, from how many times as fast as unpruned it is.
    pub fn request_secs_interval(&self) -> Option<[f64; 2]> {
        let (before, [low, high]) = (self.baseline_request_secs?, self.request_speedup_interval()?);
        Some([before / high, before / low])
    }

    /// 95 % interval of how many times as fast as unpruned a request is.
    pub fn request_speedup_interval(&self) -> Option<[f64; 2]> {
        Some([self.request_speedup_low?, self.request_speedup_high?])
    }

    /// The numbers of one run. Times that were not measured are NaN.
    pub fn of(idx: usize, run: &Run) -> Self {
        let macs = run.pruned.macs();
        let scores = &run.evaluation;
        let secs = run.timing.as_ref().and_then(|t| median_interval(&t.samples.secs(Timing::PRUNED)));
        let speedup = run.timing.as_ref().and_then(|t| t.speedup().interval);
        let requests = run.timing.as_ref().map_or(&[][..], |t| &t.requests);
        let request = requests.iter().find(|request| request.n_asked == RequestTiming::OF_A_POINT);
        let request_speedup = request.and_then(|request| request.speedup().interval);
        Self {
            idx,
            delta_a: run.recipe.delta_a(0),
            delta_w: run.recipe.delta_w(0),
            edge_sparsity: run.pruned.edge_sparsity(),
            weight_sparsity: run.pruned.weight_sparsity(),
            metric: scores.metric,
            val_accuracy: scores.val.pruned.accuracy,
            test_accuracy: scores.test.pruned.accuracy,
            baseline_val_accuracy: scores.val.baseline.accuracy,
            baseline_test_accuracy: scores.test.baseline.accuracy,
            agreement: scores.agreement,
            macs_baseline: macs.baseline(),
            macs_pruned: macs.pruned(),
            baseline_secs: run.timing.as_ref().map_or(f64::NAN, Timing::baseline_secs),
            pruned_secs: run.timing.as_ref().map_or(f64::NAN, Timing::pruned_secs),
            pruned_secs_low: secs.map(|[low, _]| low),
            pruned_secs_high: secs.map(|[_, high]| high),
            speedup_low: speedup.map(|[low, _]| low),
            speedup_high: speedup.map(|[_, high]| high),
            baseline_request_secs: request.map(|request| request.secs(RequestTiming::BASELINE)),
            request_secs: request.map(|request| request.secs(RequestTiming::PRUNED)),
            request_speedup_low: request_speedup.map(|[low, _]| low),
            request_speedup_high: request_speedup.map(|[_, high]| high),
            test_low: Some(scores.test.pruned.low).filter(|_| scores.test.pruned.n_nodes > 0),
            test_high: Some(scores.test.pruned.high).filter(|_| scores.test.pruned.n_nodes > 0),
            baseline_bytes: Some(run.size.dense_bytes()),
            pruned_bytes: Some(run.size.sparse_bytes()),
        }
    }
}

/// Indices of the points that no other beats in accuracy (validation) and operations at once, by rising operations.
pub fn pareto_front(points: &[SweepPoint]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|a, b| {
        let (a, b) = (&points[*a], &points[*b]);
        a.macs_pruned.cmp(&b.macs_pruned).then(b.val_accuracy.total_cmp(&a.val_accuracy)).then(a.idx.cmp(&b.idx))
    });
    let mut best = f64::NEG_INFINITY;
    order.retain(|i| {
        let better = points[*i].val_accuracy > best;
        best = best.max(points[*i].val_accuracy);
        better
    });
    order
}
