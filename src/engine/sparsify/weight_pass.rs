//! The weight side of a pruning pass: which entries of each matrix stay, decided by their products or before.

use ndarray::Array2;

use super::mask::WeightMask;
use super::recipe::{Quirk, Recipe};
use super::trace::WeightTrace;
use super::weights;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::kernels::Rows;
use crate::engine::model::exec::policy::WeightAt;
use crate::engine::model::{Family, Model};

/// Decides weights, matrix after matrix.
pub(crate) struct WeightPass<'a> {
    recipe: &'a Recipe,
    /// Masks that are decided already: by a ranking, in an earlier round, or in the first batch of an epoch, as the authors'
    /// MLP does.
    given: Option<Vec<WeightMask>>,
    masks: Vec<WeightMask>,
}

/// A matrix whose mask is decided.
pub(super) struct MaskedWeight {
    /// `W ⊙ mask`.
    pub(super) values: Array2<f32>,
    /// What was measured; of a mask that was given only where a trace is wanted.
    pub(super) trace: Option<WeightTrace>,
}

impl<'a> WeightPass<'a> {
    /// For the matrices of `model`; `given` are masks that are not decided here.
    pub(crate) fn new(recipe: &'a Recipe, model: &Model, given: Option<Vec<WeightMask>>) -> Self {
        let masks = model.weights().map(|p| WeightMask::from_elem(p.values.dim(), true)).collect();
        Self { recipe, given, masks }
    }

    /// For a propagation alone, which has no weights.
    pub(super) fn without_weights(recipe: &'a Recipe) -> Self {
        Self { recipe, given: None, masks: Vec::new() }
    }

    /// What was decided so far.
    pub(super) fn masks(&self) -> &[WeightMask] {
        &self.masks
    }

    /// One mask per matrix that may be pruned.
    pub(super) fn into_masks(self) -> Vec<WeightMask> {
        self.masks
    }

    /// Decides the mask of `weight`, which is matrix `idx` of those that may be pruned and belongs to `layer`.
    pub(super) fn decide(
        &mut self,
        weight: WeightAt<'_>,
        (layer, idx): (usize, usize),
        x: Rows<'_>,
        measured: Rows<'_>,
        is_traced: bool,
        ctl: &Control,
    ) -> Result<MaskedWeight, EngineError> {
        let requested = self.recipe.delta_w(layer);
        let (mask, trace) = if let Some(given) = &self.given {
            let mask = given[idx].clone();
            let trace = is_traced.then(|| weights::trace_of(weight.values, &mask, x, requested));
            (mask, trace)
        } else {
            let by_output =
                self.recipe.compat.has(Quirk::Gcn2ThresholdAxis) && self.recipe.model.architecture == Family::Gcn2;
            let measured = if by_output { measured.reborrow() } else { x.reborrow() };
            let mode = self.recipe.weights.mode;
            let (mask, trace) = weights::decide(weight.values, x, measured, by_output, mode, requested, ctl)?;
            (mask, Some(trace))
        };
        let values = masked(weight.values, &mask);
        self.masks[idx] = mask;
        let trace = trace.map(|trace| WeightTrace { idx, name: weight.name.to_owned(), ..trace });
        Ok(MaskedWeight { values, trace })
    }
}

/// `W ⊙ mask`.
pub(crate) fn masked(weight: &Array2<f32>, mask: &WeightMask) -> Array2<f32> {
    let mut out = weight.clone();
    ndarray::Zip::from(&mut out).and(mask).for_each(|w, keep| {
        if !keep {
            *w = 0.0;
        }
    });
    out
}
