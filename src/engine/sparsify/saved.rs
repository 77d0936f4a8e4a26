//! What the backward pass of a training step needs of the decisions that its forward pass made.

use ndarray::Array2;

use super::mask::WeightMask;
use super::pruned_operator::PrunedOperator;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::Transpose;
use crate::engine::kernels::Attended;
use crate::engine::model::Model;
use crate::engine::model::exec::tape::Retrace;

/// Saved by a training forward, read by its backward pass.
pub(crate) struct SavedForBackward<'a> {
    transpose: Option<&'a Transpose>,
    pub(crate) entries: Vec<PrunedOperator>,
    pub(crate) attended: Vec<Attended>,
    /// One per matrix of the model.
    pub(crate) weights: Vec<Array2<f32>>,
    /// One per matrix that may be pruned.
    pub(crate) masks: Vec<WeightMask>,
}

impl<'a> SavedForBackward<'a> {
    /// Nothing yet. `transpose` is the full graph's, where the network propagates over it.
    pub(crate) fn new(model: &Model, transpose: Option<&'a Transpose>) -> Self {
        let mut weights = Vec::new();
        weights.resize_with(model.parameters.iter().filter(|p| p.is_matrix()).count(), Default::default);
        Self { transpose, entries: Vec::new(), attended: Vec::new(), weights, masks: Vec::new() }
    }
}

impl Retrace for SavedForBackward<'_> {
    fn weight(&self, matrix: usize) -> &Array2<f32> {
        &self.weights[matrix]
    }

    fn mask(&self, prunable: usize) -> &Array2<bool> {
        &self.masks[prunable]
    }

    fn propagate_back(&self, step: usize, g: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        match self.transpose {
            Some(transpose) => self.entries[step].propagate_back(g, transpose, ctl),
            None => unreachable!("a network that propagates over the graph is trained with its transpose"),
        }
    }

    fn propagate_max_back(
        &self,
        step: usize,
        x: &Array2<f32>,
        out: &Array2<f32>,
        g: &Array2<f32>,
        ctl: &Control,
    ) -> Result<Array2<f32>, EngineError> {
        match self.transpose {
            Some(transpose) => self.entries[step].largest_back(x, out, g, transpose, ctl),
            None => unreachable!("a network that propagates over the graph is trained with its transpose"),
        }
    }

    fn attended(&self, step: usize) -> &Attended {
        &self.attended[step]
    }
}
