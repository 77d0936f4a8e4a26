//! The pass that decides masks: one forward pass of a network in which each step sees what the pruned steps before it produced
//! (Unifews Algorithms 1 and 2).
//!
//! What decides entries is `edge_pass.rs`, what decides weights `weight_pass.rs`; here they meet the network. A pass is made for its
//! trace (`trace_writer.rs`) or for a step of training, whose backward pass needs what was decided (`saved.rs`).

use ndarray::Array2;

use super::edge_pass::EdgePass;
use super::mask::Masks;
use super::saved::SavedForBackward;
use super::trace::{EdgeTrace, StepTrace};
use super::trace_writer::{TraceWriter, relative_distance};
use super::transform::product;
use super::weight_pass::{MaskedWeight, WeightPass};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::Transpose;
use crate::engine::kernels::{AttentionInput, Panels, Rows, frobenius};
use crate::engine::model::exec::policy::{Policy, WeightAt};
use crate::engine::model::exec::tape::Tape;
use crate::engine::model::exec::train::train_forward;
use crate::engine::model::{Model, StepKind};

/// What a pass leaves beside its output.
enum PassRecord<'a> {
    /// What happened, step by step.
    Trace(TraceWriter<'a>),
    /// What the backward pass needs.
    Saved(SavedForBackward<'a>),
}

/// The policy that decides.
pub(crate) struct PruningPass<'a> {
    edges: EdgePass<'a>,
    weights: WeightPass<'a>,
    record: PassRecord<'a>,
}

impl<'a> PruningPass<'a> {
    /// A pass that writes its trace. `reference` holds the baseline's output of every step, where the error against it is wanted.
    pub(super) fn new(edges: EdgePass<'a>, weights: WeightPass<'a>, reference: Option<&'a [Array2<f32>]>) -> Self {
        Self { edges, weights, record: PassRecord::Trace(TraceWriter::new(reference)) }
    }

    /// What was decided, and the trace.
    pub(super) fn into_parts(self) -> (Masks, Vec<StepTrace>) {
        let masks = Masks { edges: self.edges.into_mask(), weights: self.weights.into_masks() };
        let steps = match self.record {
            PassRecord::Trace(trace) => trace.into_steps(),
            PassRecord::Saved(_) => Vec::new(),
        };
        (masks, steps)
    }

    fn trace_edges(&mut self, trace: EdgeTrace) {
        if let PassRecord::Trace(writer) = &mut self.record {
            writer.edges(trace);
        }
    }
}

/// One training forward that decides as it goes: its output, the masks, and what the backward pass needs of them. `transpose` is the
/// graph's, where the network propagates over it.
///
/// # Errors
/// [`EngineError::NotFinite`], [`EngineError::Cancelled`].
pub(crate) fn training_forward<'a>(
    edges: EdgePass<'a>,
    weights: WeightPass<'a>,
    model: &Model,
    input: Rows<'_>,
    tape: &mut Tape,
    transpose: Option<&'a Transpose>,
    ctl: &Control,
) -> Result<(Array2<f32>, Masks, SavedForBackward<'a>), EngineError> {
    let mut pass = PruningPass { edges, weights, record: PassRecord::Saved(SavedForBackward::new(model, transpose)) };
    let output = train_forward(&model.program(), model, input, &mut pass, tape, ctl)?;
    let PruningPass { edges, weights, record } = pass;
    let PassRecord::Saved(mut saved) = record else { unreachable!("made so above") };
    saved.masks = weights.masks().to_vec();
    let masks = Masks { edges: edges.into_mask(), weights: weights.into_masks() };
    Ok((output, masks, saved))
}

impl Policy for PruningPass<'_> {
    fn transform(
        &mut self,
        weight: WeightAt<'_>,
        x: Rows<'_>,
        measured: Rows<'_>,
        ctl: &Control,
    ) -> Result<Array2<f32>, EngineError> {
        let masked = if let Some(place) = weight.prunable {
            let is_traced = matches!(self.record, PassRecord::Trace(_));
            let MaskedWeight { values, trace } =
                self.weights.decide(weight, place, x.reborrow(), measured, is_traced, ctl)?;
            if let (PassRecord::Trace(writer), Some(trace)) = (&mut self.record, trace) {
                writer.weights(trace);
            }
            values
        } else {
            if let PassRecord::Trace(writer) = &mut self.record {
                writer.unpruned_product((x.n_stored() * weight.values.ncols()) as u64);
            }
            weight.values.clone()
        };
        let out = product(x, &masked, ctl)?;
        if let PassRecord::Saved(saved) = &mut self.record {
            saved.weights[weight.matrix] = masked;
        }
        Ok(out)
    }

    fn propagate(&mut self, step: usize, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        let (out, trace) = self.edges.propagate(step, x, ctl)?;
        match &mut self.record {
            PassRecord::Trace(writer) => writer.edges(trace),
            PassRecord::Saved(saved) => saved.entries.push(self.edges.current().clone()),
        }
        Ok(out)
    }

    fn propagate_max(&mut self, step: usize, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        let (out, trace) = self.edges.propagate_max(step, x, ctl)?;
        match &mut self.record {
            PassRecord::Trace(writer) => writer.edges(trace),
            PassRecord::Saved(saved) => saved.entries.push(self.edges.current().clone()),
        }
        Ok(out)
    }

    fn hop(&mut self, step: usize, x: &Panels, out: &mut Panels, ctl: &Control) -> Result<(), EngineError> {
        let trace = self.edges.hop(step, x, out, ctl)?;
        self.trace_edges(trace);
        Ok(())
    }

    fn attend(&mut self, step: usize, input: &AttentionInput<'_>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        let (out, attended, trace) = self.edges.attend(step, input, ctl)?;
        match &mut self.record {
            PassRecord::Trace(writer) => writer.edges(trace),
            PassRecord::Saved(saved) => saved.attended.push(attended),
        }
        Ok(out)
    }

    fn finished(&mut self, kind: StepKind, idx: usize, output: &Array2<f32>) {
        if let PassRecord::Trace(writer) = &mut self.record {
            let relative_error = writer.reference().map(|r| relative_distance(output, r));
            writer.finish_step(kind, idx, output.ncols(), relative_error, frobenius(output));
        }
    }

    fn finished_hop(&mut self, idx: usize, output: &Panels, ctl: &Control) -> Result<(), EngineError> {
        let PassRecord::Trace(writer) = &mut self.record else { return Ok(()) };
        let relative_error = match writer.reference() {
            Some(reference) => Some(relative_distance(&output.to_rows(None, ctl)?, reference)),
            None => None,
        };
        writer.finish_step(StepKind::Hop, idx, output.width(), relative_error, self.edges.norm_of_hop());
        Ok(())
    }
}
