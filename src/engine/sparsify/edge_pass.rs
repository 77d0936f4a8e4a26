//! The graph side of a pruning pass: which entries each step propagates over, and with what state one step follows another.

use std::sync::Arc;

use ndarray::Array2;

use super::attention::{DecidedAttention, attend_and_remove};
use super::edges::{EdgeStep, Removed, remove};
use super::exempt::Exempt;
use super::mask::EdgeMask;
use super::pruned_operator::PrunedOperator;
use super::recipe::Recipe;
use super::trace::EdgeTrace;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::kernels::{Attended, AttentionInput, Panels, row_norms};

/// Decides entries, step after step.
pub(crate) struct EdgePass<'a> {
    recipe: &'a Recipe,
    /// What entries are compared by, where a ranking decides.
    ranking: Option<Arc<Vec<f32>>>,
    /// What no threshold decides.
    exempt: Exempt,
    /// The entries that are still there.
    current: PrunedOperator,
    mask: EdgeMask,
    /// Squares of the row norms of the last hop's output.
    squares: Option<Vec<f64>>,
}

impl<'a> EdgePass<'a> {
    /// Over the entries of `everything`, a graph of `n_entries`.
    pub(crate) fn new(
        recipe: &'a Recipe,
        everything: PrunedOperator,
        n_entries: usize,
        exempt: Exempt,
        ranking: Option<Arc<Vec<f32>>>,
    ) -> Self {
        let mask = EdgeMask::keep_all(n_entries, recipe.model.n_graph_steps());
        Self { recipe, ranking, exempt, current: everything, mask, squares: None }
    }

    /// For what does not propagate over the graph: the network behind the hops of a decoupled model.
    pub(super) fn without_graph(recipe: &'a Recipe) -> Self {
        Self::new(recipe, PrunedOperator::empty(), 0, Exempt::default(), None)
    }

    /// The entries that the last step propagated over.
    pub(super) fn current(&self) -> &PrunedOperator {
        &self.current
    }

    /// Which entries were removed, and in which step.
    pub(super) fn into_mask(self) -> EdgeMask {
        self.mask
    }

    /// Decides step `step`, then `T̂ x`.
    pub(super) fn propagate(
        &mut self,
        step: usize,
        x: &Array2<f32>,
        ctl: &Control,
    ) -> Result<(Array2<f32>, EdgeTrace), EngineError> {
        let norms = row_norms(x.view(), ctl)?;
        let trace = self.remove(step, norms, x.ncols(), ctl)?;
        Ok((self.current.propagate(x, ctl)?, trace))
    }

    /// Decides step `step`, then the maximum over what is left, column by column.
    pub(super) fn propagate_max(
        &mut self,
        step: usize,
        x: &Array2<f32>,
        ctl: &Control,
    ) -> Result<(Array2<f32>, EdgeTrace), EngineError> {
        let norms = row_norms(x.view(), ctl)?;
        let trace = self.remove(step, norms, x.ncols(), ctl)?;
        Ok((self.current.largest(x, ctl)?, trace))
    }

    /// Decides hop `step`, then `out = T̂ x`.
    pub(super) fn hop(
        &mut self,
        step: usize,
        x: &Panels,
        out: &mut Panels,
        ctl: &Control,
    ) -> Result<EdgeTrace, EngineError> {
        let mut squares = self.squares.take().map_or_else(|| x.squares(ctl), Ok)?;
        let norms = squares.iter().map(|s| s.sqrt() as f32).collect();
        let trace = self.remove(step, norms, x.width(), ctl)?;
        self.current.hop(x, out, &mut squares, ctl)?;
        self.squares = Some(squares);
        Ok(trace)
    }

    /// `‖·‖_F` of the last hop's output.
    pub(super) fn norm_of_hop(&self) -> f64 {
        self.squares.as_ref().map_or(f64::NAN, |squares| squares.iter().sum()).sqrt()
    }

    /// Decides step `step`, then attends over what is left.
    pub(super) fn attend(
        &mut self,
        step: usize,
        input: &AttentionInput<'_>,
        ctl: &Control,
    ) -> Result<(Array2<f32>, Attended, EdgeTrace), EngineError> {
        let (requested, ranking) = (self.recipe.delta_a(step), self.ranking.as_ref());
        let (before, mask) = (&self.current, &mut self.mask);
        let DecidedAttention { output, removed, attended } =
            attend_and_remove(before, input, step, requested, self.recipe, ranking, &self.exempt, mask, ctl)?;
        self.current = removed.operator;
        Ok((output, attended, removed.trace))
    }

    fn remove(&mut self, step: usize, norms: Vec<f32>, width: usize, ctl: &Control) -> Result<EdgeTrace, EngineError> {
        let how = EdgeStep {
            step,
            requested: self.recipe.delta_a(step),
            mode: self.recipe.edges.mode,
            ranking: self.ranking.as_ref(),
            exempt: &self.exempt,
            counts_self_loops: self.recipe.counts_self_loops(),
        };
        let Removed { operator, trace } = remove(&self.current, norms, width, how, &mut self.mask, ctl)?;
        self.current = operator;
        Ok(trace)
    }
}
