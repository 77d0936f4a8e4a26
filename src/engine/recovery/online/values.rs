//! Masks with the values of what they keep: every row keeps its sum.

use ndarray::Array2;

use crate::engine::control::Control;
use crate::engine::diffusion::Diffusion;
use crate::engine::error::EngineError;
use crate::engine::graph::Dataset;
use crate::engine::recovery::refit;
use crate::engine::recovery::side::Side;
use crate::engine::sparsify::{EdgeMask, EntryValues, Recipe, RecoveryRule, ValueRule};

/// The mask that keeps what `kept` says, step by step, on `dataset`.
///
/// Attention needs no values: over what is kept its coefficients have their row's sum again, head by head, whoever arrives.
///
/// # Errors
/// [`EngineError::Cancelled`].
pub(super) fn mask(
    dataset: &Dataset,
    recipe: &Recipe,
    rule: &RecoveryRule,
    kept: &[Vec<bool>],
    ctl: &Control,
) -> Result<EdgeMask, EngineError> {
    let topology = dataset.topology();
    if recipe.model.has("attention") {
        let removed_at = |k: usize| kept.iter().position(|of_step| !of_step[k]).unwrap_or(kept.len()) as u8;
        return EdgeMask::try_new((0..topology.n_entries()).map(removed_at).collect(), kept.len(), topology);
    }
    let diffusion = Diffusion::of(dataset, recipe.matrix());
    let nothing = Array2::zeros((0, 0));
    let side = Side { topology, candidates: &nothing, targets: &nothing, values: diffusion.values(), heads: 1 };
    let values = if rule.values == ValueRule::AsIs { ValueRule::AsIs } else { ValueRule::RowSum };
    let mut steps: Vec<Array2<f32>> = Vec::with_capacity(kept.len());
    for (step, of_step) in kept.iter().enumerate() {
        // Hops mostly keep what the hop before keeps.
        let again = step.checked_sub(1).filter(|before| kept[*before] == *of_step).map(|before| steps[before].clone());
        steps.push(match again {
            Some(values) => values,
            None => refit::values(&side, of_step, values, false, ctl)?,
        });
    }
    EdgeMask::of_steps(kept.to_vec(), Some(EntryValues { steps }), topology)
}
