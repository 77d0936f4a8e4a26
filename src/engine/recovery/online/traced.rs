//! One pass over the whole graph with what was decided, traced step by step: the numbers beside every heatmap and in every export.

use std::sync::Arc;

use ndarray::Array2;

use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::Dataset;
use crate::engine::kernels::{AttentionInput, Panels, Rows, frobenius, row_norms};
use crate::engine::model::exec::infer::forward;
use crate::engine::model::exec::policy::{Policy, WeightAt};
use crate::engine::model::{Model, StepKind};
use crate::engine::recovery::step::mean_message;
use crate::engine::sparsify::attention::attend;
use crate::engine::sparsify::edges::{OperatorSource, check_norms};
use crate::engine::sparsify::masked_inference::MaskedInference;
use crate::engine::sparsify::pruned_operator::PrunedOperator;
use crate::engine::sparsify::trace_writer::{TraceWriter, relative_distance};
use crate::engine::sparsify::transform::product;
use crate::engine::sparsify::weights::trace_of;
use crate::engine::sparsify::{EdgeTrace, HopRule, Masks, Recipe, RecoveryRule, StepTrace, WeightTrace};

/// The trace of `model` over `masks`, whose entries were chosen by `keys`: logarithms of their worth to base 2. `reference` is the unpruned
/// model's output of every step, where the error against it is wanted.
///
/// # Errors
/// [`EngineError::NotFinite`], [`EngineError::Cancelled`].
pub(super) fn trace(
    dataset: &Dataset,
    model: &Model,
    recipe: &Recipe,
    rule: &RecoveryRule,
    (masks, keys): (&Masks, Vec<f32>),
    reference: Option<&[Array2<f32>]>,
    ctl: &Control,
) -> Result<Vec<StepTrace>, EngineError> {
    // Norms are told of nodes as they are stored.
    let recipe = Recipe { propagation: HopRule::default(), ..recipe.clone() };
    let operators = OperatorSource::new(dataset, &recipe);
    let mut pass = Traced {
        inference: MaskedInference::pruned(dataset, &recipe, &masks.edges, None, None, ctl)?,
        everything: operators.all()?,
        operators,
        worth: Arc::new(keys.into_iter().map(f32::exp2).collect()),
        recipe: &recipe,
        is_progressive: rule.progressive,
        masks,
        writer: TraceWriter::new(reference),
    };
    forward(&model.program(), model, dataset.features(), &mut pass, ctl)?;
    Ok(pass.writer.into_steps())
}

struct Traced<'a> {
    inference: MaskedInference,
    operators: OperatorSource,
    everything: PrunedOperator,
    /// What entries were chosen by.
    worth: Arc<Vec<f32>>,
    recipe: &'a Recipe,
    is_progressive: bool,
    masks: &'a Masks,
    writer: TraceWriter<'a>,
}

impl Traced<'_> {
    /// Traces which entries step `step` keeps; `norms` are those of the rows that are propagated, `values` those of all entries, a
    /// row of `heads` for each.
    fn note(
        &mut self,
        step: usize,
        norms: Vec<f32>,
        width: usize,
        (values, heads): (&[f32], usize),
        coefficients: Option<Array2<f32>>,
    ) -> Result<(), EngineError> {
        check_norms(&norms, step)?;
        let (topology, mask) = (&self.operators.topology, &self.masks.edges);
        let n_entries = topology.n_entries();
        let others = topology.entries().enumerate().filter(|(k, (u, v))| u != v && mask.is_kept(*k, step));
        let cut = others.map(|(k, _)| self.worth[k]).fold(f32::INFINITY, f32::min);
        let before = step.checked_sub(1).filter(|_| self.is_progressive);
        let macs_per_entry = if coefficients.is_some() { 2 * width } else { width };
        self.writer.edges(EdgeTrace {
            requested: self.recipe.delta_a(step),
            delta: if cut.is_finite() { f64::from(cut) } else { 0.0 },
            n_entries,
            n_self_loops: topology.n_self_loops(),
            n_before: before.map_or(n_entries, |before| mask.n_kept(before)),
            n_after: mask.n_kept(step),
            mean_message: mean_message(topology, values, heads, &norms),
            source_norms: Arc::new(norms),
            width,
            macs_per_entry,
            unpruned_macs_per_entry: macs_per_entry,
            scores: Some(Arc::clone(&self.worth)),
            coefficients: coefficients.map(Arc::new),
            pushed_share: None,
            counts_self_loops: false,
        });
        Ok(())
    }

    fn note_propagation(&mut self, step: usize, norms: Vec<f32>, width: usize) -> Result<(), EngineError> {
        let everything = self.everything.clone();
        self.note(step, norms, width, (everything.values(), 1), None)
    }
}

impl Policy for Traced<'_> {
    fn transform(
        &mut self,
        weight: WeightAt<'_>,
        x: Rows<'_>,
        _: Rows<'_>,
        ctl: &Control,
    ) -> Result<Array2<f32>, EngineError> {
        match weight.prunable {
            Some((layer, idx)) => {
                let requested = self.recipe.delta_w(layer);
                let trace = trace_of(weight.values, &self.masks.weights[idx], x.reborrow(), requested);
                self.writer.weights(WeightTrace { idx, name: weight.name.to_owned(), ..trace });
            }
            None => self.writer.unpruned_product((x.n_stored() * weight.values.ncols()) as u64),
        }
        product(x, weight.values, ctl)
    }

    fn propagate(&mut self, step: usize, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        self.note_propagation(step, row_norms(x.view(), ctl)?, x.ncols())?;
        self.inference.propagate(step, x, ctl)
    }

    fn propagate_max(&mut self, step: usize, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        self.note_propagation(step, row_norms(x.view(), ctl)?, x.ncols())?;
        self.inference.propagate_max(step, x, ctl)
    }

    fn hop(&mut self, step: usize, x: &Panels, out: &mut Panels, ctl: &Control) -> Result<(), EngineError> {
        let norms = x.squares(ctl)?.into_iter().map(|square| square.sqrt() as f32).collect();
        self.note_propagation(step, norms, x.width())?;
        self.inference.hop(step, x, out, ctl)
    }

    fn attend(&mut self, step: usize, input: &AttentionInput<'_>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        let (mask, n_entries) = (&self.masks.edges, self.operators.topology.n_entries());
        let all = attend(&self.everything, None, input, ctl)?.coefficients;
        let operator = self.operators.select(false, |_| true, |_, k| mask.is_kept(k, step))?;
        let attended = attend(&operator, None, input, ctl)?;
        let mut coefficients = Array2::zeros((n_entries, input.heads()));
        let kept = (0..n_entries).filter(|k| mask.is_kept(*k, step));
        for (k, row) in kept.zip(attended.coefficients.rows()) {
            coefficients.row_mut(k).assign(&row);
        }
        let out = attended.gather(input.source, ctl)?;
        let norms = row_norms(input.source.view(), ctl)?;
        let values = all.as_slice().unwrap_or_default();
        self.note(step, norms, input.source.ncols(), (values, input.heads()), Some(coefficients))?;
        Ok(out)
    }

    fn finished(&mut self, kind: StepKind, idx: usize, output: &Array2<f32>) {
        let relative_error = self.writer.reference().map(|r| relative_distance(output, r));
        self.writer.finish_step(kind, idx, output.ncols(), relative_error, frobenius(output));
    }

    fn finished_hop(&mut self, idx: usize, output: &Panels, ctl: &Control) -> Result<(), EngineError> {
        let relative_error = match self.writer.reference() {
            Some(reference) => Some(relative_distance(&output.to_rows(None, ctl)?, reference)),
            None => None,
        };
        let norm = output.squares(ctl)?.iter().sum::<f64>().sqrt();
        self.writer.finish_step(StepKind::Hop, idx, output.width(), relative_error, norm);
        Ok(())
    }
}
