//! Weights that go, and what the others become: by what the pruned network gives every matrix on the graph of known nodes.
//!
//! Optimal Brain Surgeon and least squares towards the matrix's own output: what is removed is made up for, and nothing else is fitted.

use ndarray::Array2;

use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Known, Permutation};
use crate::engine::kernels::{AttentionInput, Panels, Rows};
use crate::engine::model::Model;
use crate::engine::model::exec::infer::forward;
use crate::engine::model::exec::policy::{Policy, WeightAt};
use crate::engine::recovery::gram::FitRows;
use crate::engine::recovery::plan::Plan;
use crate::engine::recovery::reconstruct::{self, Fitted, Removal};
use crate::engine::sparsify::masked_inference::MaskedInference;
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
    let found = masks.iter().map(|_| None).collect();
    let mut pass = Fitting { inference, rule, plan, found };
    forward(&model.program(), model, known.dataset.features(), &mut pass, ctl)?;
    let all = out.weights_mut().zip(masks).zip(pass.found);
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

/// Follows the masks of entries, and fits every matrix when it is met.
struct Fitting<'a> {
    inference: MaskedInference,
    rule: &'a RecoveryRule,
    plan: &'a Plan,
    /// One per matrix that may be pruned, where something was removed.
    found: Vec<Option<Fitted>>,
}

impl Fitting<'_> {
    fn fitted(&self, weight: WeightAt<'_>, idx: usize, x: Rows<'_>, ctl: &Control) -> Result<Fitted, EngineError> {
        if self.rule.weights == WeightRecovery::AsIs {
            let mask = match &self.plan.masks {
                Some(masks) => masks.weights[idx].clone(),
                None => WeightMask::from_elem(weight.values.dim(), true),
            };
            return Ok(Fitted { weight: masked(weight.values, &mask), mask });
        }
        let rows = FitRows::of(x).of_nodes(self.plan.nodes.as_deref());
        let target = product(rows.rows(), weight.values, ctl)?;
        reconstruct::fit(&rows, &target, weight.values, Removal::Number(self.plan.n_removed[idx]), ctl)
    }
}

impl Policy for Fitting<'_> {
    fn transform(
        &mut self,
        weight: WeightAt<'_>,
        x: Rows<'_>,
        _: Rows<'_>,
        ctl: &Control,
    ) -> Result<Array2<f32>, EngineError> {
        match weight.prunable.filter(|(_, idx)| self.plan.n_removed[*idx] > 0) {
            None => product(x, weight.values, ctl),
            Some((_, idx)) => {
                let fitted = self.fitted(weight, idx, x.reborrow(), ctl)?;
                let out = product(x, &fitted.weight, ctl);
                self.found[idx] = Some(fitted);
                out
            }
        }
    }

    fn propagate(&mut self, step: usize, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        self.inference.propagate(step, x, ctl)
    }

    fn propagate_max(&mut self, step: usize, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        self.inference.propagate_max(step, x, ctl)
    }

    fn hop(&mut self, step: usize, x: &Panels, out: &mut Panels, ctl: &Control) -> Result<(), EngineError> {
        self.inference.hop(step, x, out, ctl)
    }

    fn order(&self) -> Option<&Permutation> {
        self.inference.order()
    }

    fn attend(&mut self, step: usize, input: &AttentionInput<'_>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        self.inference.attend(step, input, ctl)
    }
}
