//! What happened in every hop, and how far a propagation has come.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::engine::model::StepKind;
use crate::engine::sparsify::trace::count_macs;
use crate::engine::sparsify::{EdgeTrace, StepTrace};

/// What happened in a hop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HopRecord {
    /// From 0.
    pub hop: usize,
    /// δa as the recipe gives it.
    #[serde(rename = "asked")]
    pub requested: f64,
    /// The absolute δ that messages were compared with.
    pub delta: f64,
    /// Mean message over the entries before, where they were tested.
    pub mean_message: Option<f64>,
    /// Entries of the graph, self-loops included.
    pub n_entries: usize,
    /// Self-loops among them.
    pub n_self_loops: usize,
    /// Entries the hop before left.
    pub n_before: usize,
    /// Entries this hop propagates over.
    pub n_after: usize,
    /// `‖P̂(hop + 1)‖_F`.
    pub output_norm: f64,
    /// Wall time of the hop, seconds. Of a hop that was interrupted the part since.
    pub secs: f64,
}

impl HopRecord {
    /// The same as the trace of a hop in memory, but for the norms of sources, which are not kept. `width` is that of what was propagated;
    /// `counts_self_loops` as in [`EdgeTrace`].
    pub fn to_trace(&self, width: usize, counts_self_loops: bool) -> StepTrace {
        let edges = EdgeTrace {
            requested: self.requested,
            delta: self.delta,
            n_entries: self.n_entries,
            n_self_loops: self.n_self_loops,
            n_before: self.n_before,
            n_after: self.n_after,
            mean_message: self.mean_message.unwrap_or(f64::NAN),
            source_norms: Arc::default(),
            width,
            macs_per_entry: width,
            unpruned_macs_per_entry: width,
            scores: None,
            coefficients: None,
            counts_self_loops,
            pushed_share: None,
        };
        StepTrace {
            kind: StepKind::Hop,
            idx: self.hop,
            d_in: width,
            d_out: width,
            macs: count_macs(Some(&edges), &[]),
            edges: Some(edges),
            weights: Vec::new(),
            relative_error: None,
            output_norm: self.output_norm,
        }
    }
}

/// How far a propagation has come: everything before it is in the storage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PropagationState {
    /// Columns of a block.
    pub block_width: usize,
    /// Entries of the lists of the first hop, and self-loops of the graph.
    pub(super) n_first: usize,
    pub(super) n_self_loops: usize,
    /// The hop that is under way; `P̂(hop)` is there.
    pub hop: usize,
    /// Whether it has decided.
    pub(super) is_decided: bool,
    /// Blocks of `P̂(hop + 1)` that are there.
    pub n_blocks_done: usize,
    /// The lists that it propagates over.
    pub(super) lists_since: usize,
    #[serde(rename = "n_walked")]
    pub(super) n_active_entries: usize,
    /// Of the hop that is under way, once it has decided.
    pub(super) deciding: Option<(f64, Option<f64>, usize)>,
    pub(super) masks_until: Option<usize>,
    /// The finished hops.
    pub records: Vec<HopRecord>,
    /// Whether the embedding is there.
    pub is_finished: bool,
}
