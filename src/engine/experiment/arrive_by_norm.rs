//! Nodes that arrive where thresholds on the norms of messages decide: each entry of their rows is tested in its step, as it was while pruning.

use ndarray::Array2;

use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::kernels::{AttentionInput, Rows, row_norms};
use crate::engine::model::exec::policy::{Policy, WeightAt};
use crate::engine::sparsify::edges::check_norms;
use crate::engine::sparsify::masked_inference::MaskedInference;

/// An inference in which the entries of the first rows, those of nodes that arrive, are tested once their messages are there. What a step
/// removes stays removed.
pub(super) struct DecidingByNorm<'a> {
    pub(super) inference: &'a mut MaskedInference,
    /// The threshold in force in every step.
    pub(super) cuts: &'a [f32],
    /// How many rows are tested.
    pub(super) n_new: usize,
    /// Which of their entries are left, in the order of the rows.
    pub(super) kept: Vec<bool>,
}

impl DecidingByNorm<'_> {
    fn decide(&mut self, step: usize, x: &Array2<f32>, ctl: &Control) -> Result<(), EngineError> {
        let norms = row_norms(x.view(), ctl)?;
        check_norms(&norms, step)?;
        let cut = self.cuts.get(step).copied().unwrap_or_default();
        let operator = self.inference.operator(step)?;
        let lists = operator.structure();
        for u in 0..self.n_new {
            for k in lists.indptr[u]..lists.indptr[u + 1] {
                let v = lists.indices[k] as usize;
                let is_below = operator.values()[k].abs() * norms[v] < cut;
                self.kept[k] &= v == u || !is_below;
            }
        }
        let left = operator.without_in_front(&self.kept);
        self.inference.put_operator(step, left);
        Ok(())
    }
}

impl Policy for DecidingByNorm<'_> {
    fn transform(
        &mut self,
        weight: WeightAt<'_>,
        x: Rows<'_>,
        measured: Rows<'_>,
        ctl: &Control,
    ) -> Result<Array2<f32>, EngineError> {
        self.inference.transform(weight, x, measured, ctl)
    }

    fn propagate(&mut self, step: usize, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        self.decide(step, x, ctl)?;
        self.inference.propagate(step, x, ctl)
    }

    fn propagate_max(&mut self, step: usize, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        self.decide(step, x, ctl)?;
        self.inference.propagate_max(step, x, ctl)
    }

    fn rows(&self) -> Option<&[usize]> {
        self.inference.rows()
    }

    fn attend(&mut self, step: usize, input: &AttentionInput<'_>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        self.inference.attend(step, input, ctl)
    }
}
