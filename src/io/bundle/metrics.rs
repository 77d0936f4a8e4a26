//! `metrics.json`: what was removed, what it saves and what it costs. What was not measured is `null`, never 0.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::low::LowMetrics;
use super::requests::RequestMetrics;
use super::size::SizeMetrics;
use super::stored::Stored;
use crate::engine::EngineError;
use crate::engine::control::Control;
use crate::engine::experiment::{
    Bounds, ControlScore, ModelSize, PartScores, Run, StepErrors, Timing, ValueType, rounding,
};
use crate::engine::graph::Metric;
use crate::engine::model::{HiddenColumns, StepKind};
use crate::engine::score::Score;
use crate::engine::sparsify::{
    ChannelTrace, EdgeTrace, EntryChoice, Macs, NodesAre, Product, RecoveryRule, RecoveryTraining, RowCount, StepTrace,
    WeightTrace,
};
use crate::engine::timing::{Speedup, Spread};

/// Name and version of the file's form.
pub const METRICS_FORMAT: &str = "unifews-metrics/1";

/// The numbers of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Always [`METRICS_FORMAT`].
    pub format: String,
    /// Name of the rule that operations are counted by.
    pub macs_rule: String,
    /// Every step in order of computation.
    pub steps: Vec<StepMetrics>,
    /// Over all steps.
    pub totals: Totals,
    /// Accuracy and macro-F1; absent without labels.
    pub scores: Option<Scores>,
    /// Share of all nodes that keep the unpruned model's class, `0..=1`.
    pub agreement: f64,
    /// Measured wall times in seconds, medians; absent where nothing was measured.
    pub timing: Option<TimingMetrics>,
    /// The paper's guarantees beside measurements; absent where they were not asked for.
    pub bounds: Option<Vec<BoundMetrics>>,
    /// Bytes of model and graphs, dense and sparse; absent in bundles of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<SizeMetrics>,
    /// The pruned model in low precision; absent where the recipe does not ask for it, and in bundles of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<LowMetrics>,
    /// How many columns of every hidden representation the timed pruned forward computes: not those that no kept weight reads, or that
    /// hold a constant. Empty in bundles of earlier versions and where no column may be left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden: Vec<HiddenColumns>,
    /// Hidden channels that went as a whole; empty where none were asked to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<ChannelMetrics>,
    /// Whether accuracy was recovered on this graph, so that the numbers hold for it alone, not for other graphs or new nodes.
    #[serde(default, rename = "static", skip_serializing_if = "std::ops::Not::not")]
    pub is_static: bool,
    /// What went from the rows of known nodes and of nodes that arrive later, where accuracy was recovered for those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_nodes: Option<NewNodesMetrics>,
    /// How weights were trained while accuracy was recovered; absent where they were not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<RecoveryTraining>,
    /// The same recovery with what it is said to live on taken away; empty where it was not computed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<ControlScore>,
    /// What the removed entries change in every graph step, and its bounds; empty where it was not computed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<StepErrors>,
}

/// Channels of one hidden representation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChannelMetrics {
    /// The first weight that makes them.
    pub weight: String,
    /// Channels of the unpruned network.
    pub n_channels: usize,
    /// Those that went.
    pub n_removed: usize,
    /// Relative error of what reads them once they are gone and the others make up for them, before entries, single weights and training.
    pub error: f64,
    /// All that may go, in the order in which they do; the first `n_removed` went.
    pub order: Vec<u32>,
    /// The same error once each of them and all before it are gone.
    pub errors: Vec<f32>,
}

impl ChannelMetrics {
    fn of(trace: &ChannelTrace) -> Self {
        Self {
            weight: trace.weight.clone(),
            n_channels: trace.n_channels,
            n_removed: trace.n_removed,
            error: trace.error_without(trace.n_removed),
            order: trace.order.clone(),
            errors: trace.errors.clone(),
        }
    }
}

/// Recovery for nodes that arrive later: the same share is removed from the rows of both kinds of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NewNodesMetrics {
    /// Nodes that were known when the masks were made: all but the test nodes of the split.
    pub known: RowMetrics,
    /// The test nodes, which play those that arrive later; none where the split has none.
    pub unseen: RowMetrics,
}

/// Rows of some nodes, over all steps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RowMetrics {
    /// Nodes.
    pub n_nodes: usize,
    /// Removable entries of their rows, over all steps.
    pub n_removable: usize,
    /// Removed share of them, `0..=1`.
    pub edge_sparsity: f64,
}

impl RowMetrics {
    fn of(count: &RowCount) -> Self {
        Self { n_nodes: count.n_nodes, n_removable: count.n_removable, edge_sparsity: count.sparsity() }
    }
}

/// One layer or hop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepMetrics {
    /// For people, for example `Layer 1`.
    pub title: String,
    /// What it does.
    pub kind: StepKind,
    /// Position among the steps of its kind, from 0.
    pub idx: usize,
    /// Input width.
    pub d_in: usize,
    /// Output width.
    pub d_out: usize,
    /// The graph side.
    pub edges: Option<EdgeMetrics>,
    /// The weight side; where a step has several matrices, all of them together.
    pub weights: Option<WeightMetrics>,
    /// Where a step has several matrices, each of them by its short name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub matrices: BTreeMap<String, WeightMetrics>,
    /// `‖Ĥ‖_F` of the output; absent for the hops of mass mode, which never stand as one matrix.
    pub output_norm: Option<f64>,
    /// `‖Ĥ - H‖_F / ‖H‖_F` against the unpruned forward.
    pub relative_error: Option<f64>,
    /// Operations.
    pub macs: Macs,
    /// Unpruned, seconds.
    #[serde(rename = "dense_secs")]
    pub baseline_secs: Option<f64>,
    /// Pruned, seconds.
    pub pruned_secs: Option<f64>,
}

/// The graph side of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EdgeMetrics {
    /// δa as the recipe gives it.
    pub delta_asked: f64,
    /// The absolute δ that message norms were compared with; absent in mass mode, and where recovery chose entries by anything else.
    pub delta_used: Option<f64>,
    /// Entries of the graph, self-loops included.
    pub n_entries: usize,
    /// Self-loops among them.
    pub n_self_loops: usize,
    /// Entries the step before left.
    pub n_before: usize,
    /// Entries this step propagates over.
    pub n_after: usize,
    /// Removed share of the removable entries, `0..=1`: `(n_entries - n_after) / (n_entries - n_self_loops)`; with `compat = "official"` of
    /// all entries.
    pub sparsity: f64,
    /// Mean message norm over the entries before; absent in mass mode, which has no messages of whole rows.
    pub mean_message: Option<f64>,
    /// Width of what is propagated.
    pub width: usize,
}

/// The weight side of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WeightMetrics {
    /// δw as the recipe gives it.
    pub delta_asked: f64,
    /// Smallest number that a weight's size was compared with, over the input features; absent where recovery chose the weights.
    pub threshold_min: Option<f64>,
    /// Largest number that a weight's size was compared with.
    pub threshold_max: Option<f64>,
    /// Weights of the matrix.
    pub n_weights: usize,
    /// Weights kept.
    pub n_after: usize,
    /// Removed share, `0..=1`.
    pub sparsity: f64,
    /// `‖P̂‖_F` of the input.
    pub input_norm: f64,
}

/// Over all steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    /// Removed share of the removable graph entries, `0..=1`.
    pub edge_sparsity: f64,
    /// Removed share of weights, `0..=1`.
    pub weight_sparsity: f64,
    /// Operations.
    pub macs: Macs,
    /// Operations unpruned, both kinds.
    #[serde(rename = "macs_dense")]
    pub macs_baseline: u64,
    /// Operations pruned, both kinds.
    pub macs_pruned: u64,
}

/// Scores by part of the split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Name of the split.
    pub split: String,
    /// What stands under `accuracy`.
    #[serde(default)]
    pub metric: Metric,
    /// Training nodes.
    pub train: PartMetrics,
    /// Validation nodes.
    pub val: PartMetrics,
    /// Test nodes.
    pub test: PartMetrics,
}

/// Scores on one part; absent where the part has no labelled node.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PartMetrics {
    /// The given model.
    #[serde(rename = "dense")]
    pub baseline: Option<Score>,
    /// The pruned model, as production gets it.
    pub pruned: Option<Score>,
    /// Unmasked evaluation, as the authors report it: entries into the evaluated nodes put back.
    pub official_lock: Option<Score>,
}

/// Measured wall times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimingMetrics {
    /// What was timed.
    pub what: String,
    /// Threads that computed.
    pub n_threads: usize,
    /// Timed passes of each kind, in turn; the times are their medians.
    pub n_repeats: usize,
    /// Unpruned forward, seconds.
    #[serde(rename = "dense_secs")]
    pub baseline_secs: f64,
    /// Pruned forward over fixed masks, seconds.
    pub pruned_secs: f64,
    /// Unpruned over pruned, median of the pairs; below 1 the pruned forward is slower.
    pub speedup: f64,
    /// 95 % interval of that median by the sign test. A speed-up is claimed only where it excludes 1. Absent of fewer than six pairs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speedup_interval: Option<[f64; 2]>,
    /// Whether something else kept the machine busy meanwhile.
    #[serde(default)]
    pub is_disturbed: bool,
    /// Where the seconds of the unpruned forward lie.
    #[serde(rename = "dense", default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Spread>,
    /// Where the seconds of the pruned forward lie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pruned: Option<Spread>,
    /// Every pass, in the order in which they were made: pass `i` of one kind stands beside pass `i` of the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<SampleMetrics>,
    /// Which product was used for every weight layer.
    pub products: Vec<Product>,
    /// What earlier versions measured of embeddings stored as bf16; now [`Metrics::low`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bf16: Option<LowMetrics>,
    /// Requests for a few nodes, from small to large; none where they were not timed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<RequestMetrics>,
}

impl TimingMetrics {
    /// How many times as fast the pruned forward is, and whether that may be claimed.
    pub fn speedup(&self) -> Speedup {
        Speedup { ratio: self.speedup, interval: self.speedup_interval, n_pairs: self.n_repeats }
    }
}

/// Every measured pass, seconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names are keys of metrics.json, which say their unit")]
pub struct SampleMetrics {
    /// Unpruned forward, wall time.
    #[serde(rename = "dense_secs")]
    pub baseline_secs: Vec<f64>,
    /// Pruned forward, wall time.
    pub pruned_secs: Vec<f64>,
    /// Unpruned forward, time of all processors; empty where the system does not tell.
    #[serde(rename = "dense_processor_secs")]
    pub baseline_processor_secs: Vec<f64>,
    /// Pruned forward, time of all processors.
    pub pruned_processor_secs: Vec<f64>,
}

/// Guarantee and measurement for one graph step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BoundMetrics {
    /// Layer or hop, from 0.
    pub step: usize,
    /// Entries this step lacks against the full graph.
    pub n_removed: usize,
    /// Lemma 2's bound on ε; absent in mass mode, which has no one δ, and where a ranking or recovery decided, which has none on messages.
    pub lemma_2_epsilon: Option<f64>,
    /// Definition 2's ε, measured: `‖T - T̂‖₂` of the symmetric part.
    pub measured_epsilon: Option<f64>,
}

impl Metrics {
    /// The numbers of `run`.
    pub fn of(run: &Run) -> Self {
        let macs = run.pruned.macs();
        let secs = |times: fn(&Timing) -> &Vec<f64>, step: usize| {
            run.timing.as_ref().and_then(|t| times(t).get(step)).copied()
        };
        let steps = run.pruned.steps.iter().enumerate().map(|(at, step)| {
            StepMetrics::of(step, secs(|t| &t.baseline_step_secs, at), secs(|t| &t.pruned_step_secs, at))
        });
        let steps = steps.map(|step| match &run.recipe.recovery {
            Some(rule) => step.recovered_by(rule),
            None => step,
        });
        let evaluation = &run.evaluation;
        Self {
            format: METRICS_FORMAT.to_owned(),
            macs_rule: Macs::RULE.to_owned(),
            steps: steps.collect(),
            totals: Totals {
                edge_sparsity: run.pruned.edge_sparsity(),
                weight_sparsity: run.pruned.weight_sparsity(),
                macs,
                macs_baseline: macs.baseline(),
                macs_pruned: macs.pruned(),
            },
            scores: run.dataset.labels().map(|_| Scores {
                split: evaluation.split.clone(),
                metric: evaluation.metric,
                train: part_metrics(&evaluation.train),
                val: part_metrics(&evaluation.val),
                test: part_metrics(&evaluation.test),
            }),
            agreement: evaluation.agreement,
            timing: run.timing.as_ref().map(timing_metrics),
            bounds: (!run.bounds.is_empty()).then(|| run.bounds.iter().map(bound_metrics).collect()),
            size: Some(SizeMetrics::of(run, &run.size, None)),
            low: LowMetrics::of_run(run),
            hidden: run.hidden.clone(),
            channels: run.pruned.channels.iter().map(ChannelMetrics::of).collect(),
            is_static: run.recipe.recovery.as_ref().is_some_and(|rule| rule.nodes_are == NodesAre::Static),
            new_nodes: run.pruned.arrivals.as_ref().map(|arrivals| NewNodesMetrics {
                known: RowMetrics::of(&arrivals.known),
                unseen: RowMetrics::of(&arrivals.unseen),
            }),
            training: run.pruned.training,
            controls: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// The numbers of `run` where weights and entries are stored as `stored` says; with fewer bits the rounded model is run, too.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    pub(super) fn stored_as(run: &Run, stored: &Stored, ctl: &Control) -> Result<Self, EngineError> {
        let mut metrics = Self::of(run);
        if stored.weights.values != ValueType::F32 {
            let rounding = rounding(run, &stored.weights, stored.fitted_entries(), ctl)?;
            metrics.size = Some(SizeMetrics::of(run, &ModelSize::stored(&stored.weights), rounding.as_ref()));
        }
        metrics.low = stored.low.as_ref().map(|low| LowMetrics::of(&low.precision, run.timing.as_ref()));
        Ok(metrics)
    }
}

impl StepMetrics {
    /// The numbers of one step; its seconds where they were measured.
    pub fn of(step: &StepTrace, baseline_secs: Option<f64>, pruned_secs: Option<f64>) -> Self {
        Self {
            title: step.title(),
            kind: step.kind,
            idx: step.idx,
            d_in: step.d_in,
            d_out: step.d_out,
            edges: step.edges.as_ref().map(edge_metrics),
            weights: all_weights(&step.weights),
            matrices: match step.weights.as_slice() {
                [] | [_] => BTreeMap::new(),
                several => several.iter().map(|w| (w.name.clone(), weight_metrics(w))).collect(),
            },
            output_norm: finite(step.output_norm),
            relative_error: step.relative_error,
            macs: step.macs,
            baseline_secs,
            pruned_secs,
        }
    }
}

impl StepMetrics {
    /// Without the thresholds that there are not where recovery chose.
    fn recovered_by(mut self, rule: &RecoveryRule) -> Self {
        let by_norm = !rule.chooses_entries() || rule.entries == EntryChoice::MessageNorm;
        if let Some(edges) = self.edges.as_mut().filter(|_| !by_norm) {
            edges.delta_used = None;
        }
        for weights in self.weights.iter_mut().chain(self.matrices.values_mut()) {
            (weights.threshold_min, weights.threshold_max) = (None, None);
        }
        self
    }
}

fn edge_metrics(trace: &EdgeTrace) -> EdgeMetrics {
    EdgeMetrics {
        delta_asked: trace.requested,
        // In mass mode every feature has a threshold of its own, so there is no one number.
        delta_used: trace.pushed_share.is_none().then_some(trace.delta),
        n_entries: trace.n_entries,
        n_self_loops: trace.n_self_loops,
        n_before: trace.n_before,
        n_after: trace.n_after,
        sparsity: trace.sparsity(),
        mean_message: finite(trace.mean_message),
        width: trace.width,
    }
}

/// The matrices of a step together; the norm is that of the first one's input.
fn all_weights(traces: &[WeightTrace]) -> Option<WeightMetrics> {
    let (first, others) = traces.split_first()?;
    let mut all = weight_metrics(first);
    for other in others.iter().map(weight_metrics) {
        all.threshold_min = all.threshold_min.into_iter().chain(other.threshold_min).min_by(f64::total_cmp);
        all.threshold_max = all.threshold_max.into_iter().chain(other.threshold_max).max_by(f64::total_cmp);
        all.n_weights += other.n_weights;
        all.n_after += other.n_after;
    }
    all.sparsity = 1.0 - all.n_after as f64 / all.n_weights.max(1) as f64;
    Some(all)
}

fn weight_metrics(trace: &WeightTrace) -> WeightMetrics {
    let thresholds = || trace.thresholds.iter().copied().filter(|t| t.is_finite()).map(f64::from);
    WeightMetrics {
        delta_asked: trace.requested,
        threshold_min: thresholds().min_by(f64::total_cmp),
        threshold_max: thresholds().max_by(f64::total_cmp),
        n_weights: trace.n_weights,
        n_after: trace.n_after,
        sparsity: trace.sparsity(),
        input_norm: trace.column_norms.iter().map(|c| f64::from(*c).powi(2)).sum::<f64>().sqrt(),
    }
}

fn bound_metrics(bounds: &Bounds) -> BoundMetrics {
    BoundMetrics {
        step: bounds.step,
        n_removed: bounds.n_removed,
        lemma_2_epsilon: finite(bounds.lemma_2_epsilon),
        measured_epsilon: finite(bounds.measured_epsilon),
    }
}

/// JSON has no other numbers.
fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

fn part_metrics(scores: &PartScores) -> PartMetrics {
    let measured = |score: Score| (score.n_nodes > 0).then_some(score);
    PartMetrics {
        baseline: measured(scores.baseline),
        pruned: measured(scores.pruned),
        official_lock: scores.official_lock.and_then(measured),
    }
}

fn timing_metrics(timing: &Timing) -> TimingMetrics {
    let speedup = timing.speedup();
    // Nobody measures below a tenth of a microsecond.
    let rounded = |secs: f64| (secs * 1e7).round() / 1e7;
    let wall = |way: usize| timing.samples.ways[way].iter().map(|pass| rounded(pass.secs)).collect();
    let processor =
        |way: usize| timing.samples.ways[way].iter().filter_map(|pass| pass.processor_secs.map(rounded)).collect();
    TimingMetrics {
        what: "one forward pass over the whole graph, evaluation mode, masks decided before; wall time, unpruned and \
               pruned in turn"
            .to_owned(),
        n_threads: timing.n_threads,
        n_repeats: timing.samples.n_turns(),
        baseline_secs: timing.baseline_secs(),
        pruned_secs: timing.pruned_secs(),
        speedup: speedup.ratio,
        speedup_interval: speedup.interval,
        is_disturbed: timing.samples.is_disturbed(),
        baseline: timing.samples.spread(Timing::BASELINE),
        pruned: timing.samples.spread(Timing::PRUNED),
        samples: Some(SampleMetrics {
            baseline_secs: wall(Timing::BASELINE),
            pruned_secs: wall(Timing::PRUNED),
            baseline_processor_secs: processor(Timing::BASELINE),
            pruned_processor_secs: processor(Timing::PRUNED),
        }),
        products: timing.products.clone(),
        bf16: None,
        requests: timing.requests.iter().map(RequestMetrics::of).collect(),
    }
}
