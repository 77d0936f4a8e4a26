//! Weights that go, and what the others become: by what the pruned network gives every matrix on the graph of known nodes.
//!
//! Optimal Brain Surgeon and least squares towards the matrix's own output: what is removed is made up for, and nothing else is fitted.

use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::Known;
use crate::engine::kernels::Rows;
use crate::engine::model::Model;
use crate::engine::model::exec::infer::forward;
use crate::engine::model::exec::policy::WeightAt;
use crate::engine::recovery::gram::FitRows;
use crate::engine::recovery::plan::Plan;
use crate::engine::recovery::reconstruct::{self, Fitted, Removal};
use crate::engine::sparsify::masked_inference::{MaskedInference, WithProducts};
use crate::engine::sparsify::transform::product;
use crate::engine::sparsify::weight_pass::masked;
use crate::engine::sparsify::{EdgeMask, Recipe, RecoveryRule, WeightMask, WeightRecovery};

/// The model with the weights that stay, and the masks of all matrices that may be pruned.
///
/// # Errors
/// [`EngineError::NotFinite`], [`EngineError::Cancelled`].
pub(super) fn fit(
    known: &Known,
    model: &Model,
    recipe: &Recipe,
    rule: &RecoveryRule,
    plan: &Plan,
    edges: &EdgeMask,
    ctl: &Control,
) -> Result<(Model, Vec<WeightMask>), EngineError> {
    let masks: Vec<WeightMask> = model.weights().map(|p| WeightMask::from_elem(p.values.dim(), true)).collect();
    let mut out = model.clone();
    if plan.n_removed.iter().all(|n| *n == 0) {
        return Ok((out, masks));
    }
    let inference = MaskedInference::pruned(&known.dataset, recipe, edges, None, None, ctl)?;
    // One per matrix that may be pruned, where something was removed.
    let mut found: Vec<Option<Fitted>> = masks.iter().map(|_| None).collect();
    let product = |_: &mut MaskedInference, weight: WeightAt<'_>, x: Rows<'_>, ctl: &Control| match weight
        .prunable
        .filter(|(_, idx)| plan.n_removed[*idx] > 0)
    {
        None => product(x, weight.values, ctl),
        Some((_, idx)) => {
            let fitted = fitted(rule, plan, (weight, idx), x.reborrow(), ctl)?;
            let out = product(x, &fitted.weight, ctl);
            found[idx] = Some(fitted);
            out
        }
    };
    forward(&model.program(), model, known.dataset.features(), &mut WithProducts { inference, product }, ctl)?;
    let all = out.weights_mut().zip(masks).zip(found);
    let masks = all.map(|((weight, whole), found)| match found {
        Some(Fitted { weight: values, mask }) => {
            weight.values = values;
            mask
        }
        None => whole,
    });
    let masks = masks.collect();
    Ok((out, masks))
}

/// Fits a matrix to its own output on what it meets.
fn fitted(
    rule: &RecoveryRule,
    plan: &Plan,
    (weight, idx): (WeightAt<'_>, usize),
    x: Rows<'_>,
    ctl: &Control,
) -> Result<Fitted, EngineError> {
    if rule.weights == WeightRecovery::AsIs {
        let mask = match &plan.masks {
            Some(masks) => masks.weights[idx].clone(),
            None => WeightMask::from_elem(weight.values.dim(), true),
        };
        return Ok(Fitted { weight: masked(weight.values, &mask), mask });
    }
    let rows = FitRows::of(x).of_nodes(plan.nodes.as_deref());
    let target = product(rows.rows(), weight.values, ctl)?;
    reconstruct::fit(&rows, &target, weight.values, Removal::Number(plan.n_removed[idx]), ctl)
}
