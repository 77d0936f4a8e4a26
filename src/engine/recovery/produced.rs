//! What production computes of a recovered model.

use ndarray::Array2;

use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::Dataset;
use crate::engine::model::Model;
use crate::engine::model::exec::infer::forward;
use crate::engine::sparsify::masked_inference::MaskedInference;
use crate::engine::sparsify::{Masks, Recipe};

/// What production computes, by production's own executor: the same bits as a replay.
pub(super) fn logits(
    dataset: &Dataset,
    model: &Model,
    recipe: &Recipe,
    masks: &Masks,
    ctl: &Control,
) -> Result<Array2<f32>, EngineError> {
    let mut inference = MaskedInference::pruned(dataset, recipe, &masks.edges, None, None, ctl)?;
    forward(&model.program(), model, dataset.features(), &mut inference, ctl)
}
