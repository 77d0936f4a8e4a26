//! Writes the trace of a pruning pass: what its sides say of a step is held until the step is finished.

use ndarray::Array2;

use super::trace::{EdgeTrace, StepTrace, WeightTrace, count_macs};
use crate::engine::kernels::frobenius;
use crate::engine::model::StepKind;

/// The trace as far as it is written.
pub(crate) struct TraceWriter<'a> {
    /// The baseline's output of every step, where the error against it is wanted.
    reference: Option<&'a [Array2<f32>]>,
    pending_edges: Option<EdgeTrace>,
    pending_weights: Vec<WeightTrace>,
    /// Operations on weights that are never pruned.
    pending_macs: u64,
    /// Operations that the unpruned network alone needs.
    pending_left_out: u64,
    steps: Vec<StepTrace>,
}

impl<'a> TraceWriter<'a> {
    pub(crate) fn new(reference: Option<&'a [Array2<f32>]>) -> Self {
        let (pending_edges, pending_weights) = (None, Vec::new());
        let steps = Vec::new();
        Self { reference, pending_edges, pending_weights, pending_macs: 0, pending_left_out: 0, steps }
    }

    pub(crate) fn into_steps(self) -> Vec<StepTrace> {
        self.steps
    }

    pub(crate) fn edges(&mut self, trace: EdgeTrace) {
        self.pending_edges = Some(trace);
    }

    pub(crate) fn weights(&mut self, trace: WeightTrace) {
        self.pending_weights.push(trace);
    }

    /// A product with weights that are never pruned.
    pub(crate) fn unpruned_product(&mut self, n_macs: u64) {
        self.pending_macs += n_macs;
    }

    /// A product that the pruned network does without.
    pub(crate) fn left_out(&mut self, n_macs: u64) {
        self.pending_left_out += n_macs;
    }

    /// The baseline's output of the step that is finished next.
    pub(crate) fn reference(&self) -> Option<&'a Array2<f32>> {
        self.reference.and_then(|r| r.get(self.steps.len()))
    }

    /// A step is finished: `d_out` columns wide, `output_norm` is `‖·‖_F` of what came out.
    pub(crate) fn finish_step(
        &mut self,
        kind: StepKind,
        idx: usize,
        d_out: usize,
        relative_error: Option<f64>,
        output_norm: f64,
    ) {
        let (edges, weights) = (self.pending_edges.take(), std::mem::take(&mut self.pending_weights));
        let d_in = weights.first().map_or(d_out, |w| w.d_in);
        let mut macs = count_macs(edges.as_ref(), &weights);
        macs.weights_baseline += self.pending_macs + std::mem::take(&mut self.pending_left_out);
        macs.weights_pruned += std::mem::take(&mut self.pending_macs);
        self.steps.push(StepTrace { kind, idx, d_in, d_out, edges, weights, relative_error, output_norm, macs });
    }
}

/// `‖a - b‖_F / ‖b‖_F`.
pub(crate) fn relative_distance(a: &Array2<f32>, b: &Array2<f32>) -> f64 {
    let mut squares = 0.0f64;
    ndarray::Zip::from(a).and(b).for_each(|a, b| squares += (f64::from(*a) - f64::from(*b)).powi(2));
    let norm = frobenius(b);
    if norm == 0.0 { 0.0 } else { squares.sqrt() / norm }
}
