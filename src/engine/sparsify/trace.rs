//! What happened in a pruned forward pass, step by step: the numbers beside every heatmap and in every export.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::any_number;
use super::channel_trace::ChannelTrace;
use super::mask::Masks;
use crate::engine::model::families::definition::OfficialCounts;
use crate::engine::model::{Model, StepKind};
use ndarray::Array2;

/// One step of the network, in order of computation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepTrace {
    /// What it does.
    pub kind: StepKind,
    /// Position among the steps of its side, from 0: the hop, or the layer.
    pub idx: usize,
    /// Input width.
    pub d_in: usize,
    /// Output width.
    pub d_out: usize,
    /// The graph side; absent for [`StepKind::Linear`].
    pub edges: Option<EdgeTrace>,
    /// The weight side, one for every matrix that may be pruned; empty for [`StepKind::Hop`].
    pub weights: Vec<WeightTrace>,
    /// `‖Ĥ - H‖_F / ‖H‖_F` of this step's output against the unpruned forward; `None` where it was not requested.
    pub relative_error: Option<f64>,
    /// `‖Ĥ‖_F` of this step's output.
    #[serde(with = "any_number")]
    pub output_norm: f64,
    /// Operations.
    pub macs: Macs,
}

impl StepTrace {
    /// Human-readable, for example `Layer 1` or `Hop 3`.
    pub fn title(&self) -> String {
        match self.kind {
            StepKind::Hop => format!("Hop {}", self.idx + 1),
            StepKind::Convolution | StepKind::Linear => format!("Layer {}", self.idx + 1),
        }
    }

    /// The name of its `nth` weight matrix, unique within the step, for example `lin_l`, or `lins 2` of several `lins`.
    pub fn matrix_name(&self, nth: usize) -> String {
        let Some(own) = self.weights.get(nth) else { return String::new() };
        let is_alike = |w: &&WeightTrace| w.name == own.name;
        if self.weights.iter().filter(is_alike).count() < 2 {
            return own.name.clone();
        }
        format!("{} {}", own.name, self.weights[..=nth].iter().filter(is_alike).count())
    }
}

/// Multiply-accumulate operations of one step, by the rule `kept-entries`.
///
/// Propagation counts kept non-loop entries × width; transformation counts kept weights × rows, or × the input's stored entries
/// where it is sparse. See `docs/EQUATIONS.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Macs {
    /// Propagation, unpruned.
    #[serde(rename = "edges_dense")]
    pub edges_baseline: u64,
    /// Propagation over what was kept.
    pub edges_pruned: u64,
    /// Transformation, unpruned.
    #[serde(rename = "weights_dense")]
    pub weights_baseline: u64,
    /// Transformation over what was kept.
    pub weights_pruned: u64,
}

impl Macs {
    /// Name of the counting rule, written beside the counts.
    pub const RULE: &'static str = "kept-entries";

    /// Both parts, unpruned.
    pub fn baseline(&self) -> u64 {
        self.edges_baseline + self.weights_baseline
    }

    /// Both parts, pruned.
    pub fn pruned(&self) -> u64 {
        self.edges_pruned + self.weights_pruned
    }
}

impl std::iter::Sum for Macs {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::default(), |a, b| Self {
            edges_baseline: a.edges_baseline + b.edges_baseline,
            edges_pruned: a.edges_pruned + b.edges_pruned,
            weights_baseline: a.weights_baseline + b.weights_baseline,
            weights_pruned: a.weights_pruned + b.weights_pruned,
        })
    }
}

/// The graph side of one step. Written down, it is without its lists, one value per node or entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EdgeTrace {
    /// δa as the recipe gives it.
    #[serde(with = "any_number")]
    pub requested: f64,
    /// The absolute δ that was compared with every message norm.
    #[serde(with = "any_number")]
    pub delta: f64,
    /// Entries of the graph, self-loops included.
    pub n_entries: usize,
    /// Self-loops among them; they are never removed.
    pub n_self_loops: usize,
    /// Entries the step before left.
    pub n_before: usize,
    /// Entries this step propagates over.
    pub n_after: usize,
    /// Mean norm of the messages over the entries before, self-loops included.
    #[serde(with = "any_number")]
    pub mean_message: f64,
    /// `‖P̂[v]‖₂` of every source node.
    #[serde(skip)]
    pub source_norms: Arc<Vec<f32>>,
    /// Width of what is propagated.
    pub width: usize,
    /// Operations per entry: the width; twice that for attention, which also scores.
    pub macs_per_entry: usize,
    /// The same of the unpruned network: attention whose coefficients recovery fixed scores nothing, unpruned it does.
    pub unpruned_macs_per_entry: usize,
    /// What every entry of the graph was judged by, where that is not `|T[u,v]| · source_norms[v]`; NaN where the entry was
    /// removed before.
    #[serde(skip)]
    pub scores: Option<Arc<Vec<f32>>>,
    /// Attention only: the coefficient of every entry and head as it was used; 0 where the entry was removed. `[entries, heads]`
    #[serde(skip)]
    pub coefficients: Option<Arc<Array2<f32>>>,
    /// Mass mode only: for every entry the share of the feature columns that were pushed over it.
    #[serde(skip)]
    pub pushed_share: Option<Arc<Vec<f32>>>,
    /// Whether shares are of all entries, self-loops included, as the authors count; else of those that can be removed.
    pub counts_self_loops: bool,
}

impl EdgeTrace {
    /// The same of a step that propagates `width` columns by values that are fixed, in place of attention or of the matrix.
    pub(crate) fn of_width(self, width: usize, for_attention: bool) -> Self {
        let unpruned_macs_per_entry = if for_attention { 2 * width } else { width };
        Self { width, macs_per_entry: width, unpruned_macs_per_entry, ..self }
    }

    /// What entry `k` from source `v` was compared by; `t` is its value in the recipe's matrix.
    pub fn score(&self, k: usize, v: usize, t: f32) -> f32 {
        match &self.scores {
            Some(scores) => scores[k],
            None => t.abs() * self.source_norms[v],
        }
    }

    /// Entries that shares are of: those that can be removed, which self-loops cannot.
    pub fn n_removable(&self) -> usize {
        let beside = if self.counts_self_loops { 0 } else { self.n_self_loops };
        self.n_entries.saturating_sub(beside)
    }

    /// Removable entries that this step does not use.
    pub fn n_removed(&self) -> usize {
        self.n_entries.saturating_sub(self.n_after).min(self.n_removable())
    }

    /// Removable entries that this step uses.
    pub fn n_kept(&self) -> usize {
        self.n_removable() - self.n_removed()
    }

    /// Removed share of the removable entries, in `0..=1`.
    pub fn sparsity(&self) -> f64 {
        self.n_removed() as f64 / self.n_removable().max(1) as f64
    }
}

/// Which product computed a transformation. All give the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Product {
    /// Every weight takes part, removed ones as zeros.
    #[default]
    DenseWeight,
    /// Removed weights are skipped.
    SparseWeight,
}

/// The weight side of one step. Written down, it is without its lists, one value per feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WeightTrace {
    /// The last part of its PyTorch name, for example `lin_l`.
    pub name: String,
    /// Position among the matrices that may be pruned: of the mask, and of the model's weight.
    pub idx: usize,
    /// Inputs of the matrix.
    pub d_in: usize,
    /// Outputs of the matrix.
    pub d_out: usize,
    /// δw as the recipe gives it.
    #[serde(with = "any_number")]
    pub requested: f64,
    /// For every input feature `j` the number that `|W[j,i]|` was compared with.
    #[serde(skip)]
    pub thresholds: Arc<Vec<f32>>,
    /// `‖P̂[:,j]‖₂` of every input feature; the score of weight `(j,i)` is `|W[j,i]| · column_norms[j]`.
    #[serde(skip)]
    pub column_norms: Arc<Vec<f32>>,
    /// The two above are by output `i`, not by input `j` (authors' GCNII, docs/DIFFERENCES.md#d8).
    pub is_by_output: bool,
    /// Weights of the matrix.
    pub n_weights: usize,
    /// Weights kept.
    pub n_after: usize,
    /// Multiply-adds of the unpruned product: every stored value of the input meets the weights of its feature.
    pub macs_baseline: u64,
    /// Multiply-adds over the kept weights.
    pub macs_pruned: u64,
}

impl WeightTrace {
    /// Where the threshold and the norm of weight `(input, output)` stand.
    pub fn feature(&self, input: usize, output: usize) -> usize {
        if self.is_by_output { output } else { input }
    }

    /// Removed share of the matrix, in `0..=1`.
    pub fn sparsity(&self) -> f64 {
        1.0 - self.n_after as f64 / self.n_weights.max(1) as f64
    }
}

/// A training that was part of deciding: over masks that grew, or after the fits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RecoveryTraining {
    /// Epochs that were trained: fewer than requested where what there was by then was kept.
    pub n_epochs: usize,
    /// The one whose weights stayed, from 1.
    pub best_epoch: usize,
    /// Mean Kullback-Leibler divergence of what it says from the unpruned model's soft answers, over the nodes whose answers were followed, nats.
    pub divergence: f64,
    /// Whether the labels of the training nodes were learnt, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub uses_labels: bool,
}

impl std::fmt::Display for RecoveryTraining {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { n_epochs, best_epoch, divergence, uses_labels } = self;
        let labels = if *uses_labels { " and the training nodes' labels" } else { "" };
        write!(
            f,
            "trained for {n_epochs} epochs towards the unpruned model's answers{labels}; epoch {best_epoch} stays, {divergence:.4} nats from the answers"
        )
    }
}

/// What deciding the masks of a model in one forward pass gives.
#[derive(Debug, Clone)]
pub struct Pruned {
    /// What was removed.
    pub masks: Masks,
    /// The given model with removed weights set to zero (and the embedding's scaler refitted where the recipe asks).
    pub model: Arc<Model>,
    /// The pruned forward's output. `[n_nodes, n_classes]`.
    pub logits: Array2<f32>,
    /// Every step in order.
    pub steps: Vec<StepTrace>,
    /// Mass mode only: the propagated features, since no single graph reproduces them. `[n_nodes, n_features]`.
    pub embedding: Option<Arc<Array2<f32>>>,
    /// Recovery for new nodes only: what was removed from the rows of nodes that were known, and of those that arrive later.
    pub arrivals: Option<Arrivals>,
    /// Recovery only: how its weights were trained, where they were.
    pub training: Option<RecoveryTraining>,
    /// Recovery only: the channels of every hidden representation, where some were to go as a whole; in order of computation.
    pub channels: Vec<ChannelTrace>,
}

/// What was removed from the rows of some nodes, over all steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "counts are named n_… throughout")]
pub struct RowCount {
    /// Nodes.
    pub n_nodes: usize,
    /// Entries of their rows that can be removed, over all steps.
    pub n_removable: usize,
    /// Those that were.
    pub n_removed: usize,
}

impl RowCount {
    /// Removed share of the removable entries, in `0..=1`.
    pub fn sparsity(&self) -> f64 {
        self.n_removed as f64 / self.n_removable.max(1) as f64
    }
}

/// Rows by whether their node was known when the masks were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Arrivals {
    /// Of nodes that were known.
    pub known: RowCount,
    /// Of nodes that arrive later.
    pub unseen: RowCount,
}

impl Pruned {
    /// Operations of all steps.
    pub fn macs(&self) -> Macs {
        self.steps.iter().map(|s| s.macs).sum()
    }

    /// Operations of every layer as the authors count them, unpruned and pruned (`cnt_flops` of `archs/layers.py`; docs/DIFFERENCES.md#d38 to #d40);
    /// `None` where they have no rule for the family.
    pub fn official_macs(&self, n_nodes: usize) -> Option<Vec<[u64; 2]>> {
        let shape = &self.model.architecture;
        if !shape.is_of_the_authors() {
            return None;
        }
        let of_layer = |step: &StepTrace| {
            let (edges, first) = (step.edges.as_ref()?, step.weights.first()?);
            let kept: Vec<(u64, u64)> = step.weights.iter().map(|w| (w.n_after as u64, w.n_weights as u64)).collect();
            let count = |n_entries: usize, weights| {
                let (d_in, d_out, n_entries) = (first.d_in, first.d_out, n_entries as u64);
                let n_nodes = n_nodes as u64;
                let counts = OfficialCounts { shape, l: step.idx, d_in, d_out, n_nodes, n_entries, weights };
                shape.architecture.definition().official_macs(&counts)
            };
            Some([count(edges.n_entries, None)?, count(edges.n_after, Some(kept.as_slice()))?])
        };
        self.steps.iter().filter(|s| s.kind == StepKind::Convolution).map(of_layer).collect::<Option<Vec<_>>>()
    }

    /// Removed share of graph entries over all steps, in `0..=1`.
    pub fn edge_sparsity(&self) -> f64 {
        let (removed, all) = self
            .steps
            .iter()
            .filter_map(|s| s.edges.as_ref())
            .fold((0usize, 0usize), |(removed, all), e| (removed + e.n_removed(), all + e.n_removable()));
        removed as f64 / all.max(1) as f64
    }

    /// Removed share of weights over all layers, in `0..=1`; matrices that are not computed any more, because only attention's scores
    /// needed them, are not counted.
    pub fn weight_sparsity(&self) -> f64 {
        let weights = self.steps.iter().flat_map(|step| &step.weights);
        let (kept, all) = weights.fold((0usize, 0usize), |(kept, all), w| (kept + w.n_after, all + w.n_weights));
        if all == 0 { 0.0 } else { 1.0 - kept as f64 / all as f64 }
    }
}

/// The rule `kept-entries`: see [`Macs`].
pub(crate) fn count_macs(edges: Option<&EdgeTrace>, weights: &[WeightTrace]) -> Macs {
    let mut macs = Macs::default();
    if let Some(e) = edges {
        let others = |n: usize, each: usize| (n.saturating_sub(e.n_self_loops) * each) as u64;
        macs.edges_baseline = others(e.n_entries, e.unpruned_macs_per_entry);
        macs.edges_pruned = others(e.n_after, e.macs_per_entry);
    }
    for w in weights {
        macs.weights_baseline += w.macs_baseline;
        macs.weights_pruned += w.macs_pruned;
    }
    macs
}
