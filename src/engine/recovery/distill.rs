//! A short training after the fits: masks and entry values stay, weights follow the unpruned model's soft answers (Hinton et al. 2015).
//!
//! No label, no dropout, no weight decay: labels lose what the fits won (see `docs/EQUATIONS.md`, *Recovery of accuracy*).

use std::borrow::Cow;

use ndarray::Array2;

use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Features};
use crate::engine::kernels::{AttentionInput, Rows};
use crate::engine::model::batch_norm::update_running;
use crate::engine::model::elementwise::feature_rows;
use crate::engine::model::exec::hops::hops;
use crate::engine::model::exec::infer::infer;
use crate::engine::model::exec::policy::{Policy, WeightAt};
use crate::engine::model::exec::tape::{InputTranspose, Tape};
use crate::engine::model::exec::train::train_forward;
use crate::engine::model::{Model, Op};
use crate::engine::sparsify::edges::Walk;
use crate::engine::sparsify::frozen::Frozen;
use crate::engine::sparsify::saved::SavedForBackward;
use crate::engine::sparsify::transform::product;
use crate::engine::sparsify::{Masks, Recipe};
use crate::engine::train::optimizer::Adam;

/// Step of the optimiser.
const LEARNING_RATE: f64 = 3e-3;

/// Training over entries and weights that are given: what goes back is known beforehand.
struct Following<'a>(SavedForBackward<'a>);

impl Policy for Following<'_> {
    fn transform(
        &mut self,
        weight: WeightAt<'_>,
        x: Rows<'_>,
        _: Rows<'_>,
        ctl: &Control,
    ) -> Result<Array2<f32>, EngineError> {
        self.0.weights[weight.matrix].clone_from(weight.values);
        product(x, weight.values, ctl)
    }

    fn propagate(&mut self, step: usize, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        self.0.entries[step].propagate(x, ctl)
    }

    fn propagate_max(&mut self, _: usize, _: &Array2<f32>, _: &Control) -> Result<Array2<f32>, EngineError> {
        unreachable!("recovery refuses the maximum of neighbours")
    }

    fn attend(&mut self, _: usize, _: &AttentionInput<'_>, _: &Control) -> Result<Array2<f32>, EngineError> {
        Err(EngineError::recipe("recovery.distill_epochs", "0 for attention, whose coefficients were fitted", "more"))
    }
}

/// Trains `model`, whose removed weights are 0, towards `unpruned` for some epochs over `masks`; the epoch closest to it stays.
/// `unpruned: [n, n_classes]`
///
/// # Errors
/// [`EngineError::Recipe`] for attention, [`EngineError::NotFinite`], [`EngineError::Cancelled`].
pub(super) fn distill(
    dataset: &Dataset,
    model: &Model,
    recipe: &Recipe,
    masks: &Masks,
    unpruned: &Array2<f32>,
    n_epochs: usize,
    ctl: &Control,
) -> Result<Model, EngineError> {
    let program = model.program().inference();
    let walks = program.instructions.iter().any(|i| matches!(i.op, Op::Propagate { .. } | Op::Attention { .. }));
    let walk = Walk::new(dataset, recipe);
    let mut steps = Vec::new();
    for step in 0..if walks { masks.edges.n_steps() } else { 0 } {
        let entries = walk.select(true, |_| true, |_, k| masks.edges.is_kept(k, step))?;
        steps.push(match masks.edges.values_of(step) {
            Some(values) => entries.with_values(values)?,
            None => entries,
        });
    }
    let transpose = walks.then(|| dataset.topology().transposed());
    let quiet = ctl.quiet();
    let input = if model.architecture.is_decoupled() {
        let mut frozen = Frozen::pruned(dataset, recipe, &masks.edges, None, None, &quiet)?;
        let mut embedding = hops(dataset.features(), &model.architecture, &mut frozen, &quiet)?;
        if let Some(scaler) = &model.scaler {
            scaler.apply(&mut embedding, &quiet)?;
        }
        Cow::Owned(Features::Dense(embedding))
    } else {
        Cow::Borrowed(dataset.features())
    };
    let input_transpose = InputTranspose::of(&input, &quiet)?;
    let is_multi = dataset.labels().is_some_and(|labels| labels.tags().is_some());
    let mut saved = SavedForBackward::new(model, transpose.as_ref());
    (saved.entries, saved.masks) = (steps, masks.weights.clone());
    let mut policy = Following(saved);
    let momentum = model.architecture.architecture.definition().norm_momentum();
    let (mut now, mut adam) = (model.clone(), Adam::default());
    let mut best: Option<(f64, Model)> = None;
    for epoch in 0..n_epochs {
        ctl.progress("distilling", epoch, n_epochs);
        ctl.check()?;
        let mut tape = Tape::new(recipe.seed, epoch as u64);
        let logits = train_forward(&program, &now, feature_rows(&input), &mut policy, &mut tape, &quiet)?;
        let d_logits = divergence(&logits, unpruned, is_multi).1;
        let statistics = std::mem::take(&mut tape.batch_statistics);
        let gradients = tape.backward(d_logits, now.parameters.len(), &policy.0, &input_transpose, &quiet)?;
        adam.begin_step();
        for (at, (parameter, gradient)) in now.parameters.iter_mut().zip(&gradients).enumerate() {
            if let (Some(gradient), Some(values)) = (gradient, parameter.values.as_slice_mut()) {
                adam.update(at, values, gradient.as_slice().unwrap_or(&[]), LEARNING_RATE, 0.0);
            }
        }
        for (at, mean, var) in statistics {
            update_running(&mut now.parameters[at + 2].values, &mean, momentum);
            update_running(&mut now.parameters[at + 3].values, &var, momentum);
        }
        // Running statistics follow with a delay, so early epochs say little about where they lead.
        if epoch % 2 == 1 || epoch + 1 == n_epochs {
            let logits = infer(&program, &now, feature_rows(&input), &mut policy, &quiet)?;
            let (distance, _) = divergence(&logits, unpruned, is_multi);
            if !distance.is_finite() {
                return Err(EngineError::NotFinite {
                    what: "distance while distilling".into(),
                    found: distance.to_string(),
                });
            }
            if best.as_ref().is_none_or(|(least, _)| distance < *least) {
                best = Some((distance, now.clone()));
            }
        }
    }
    let mut chosen = best.map_or_else(|| model.clone(), |(_, model)| model);
    // A weight that is kept is never 0, so that what is stored says what is kept.
    for (weight, mask) in chosen.weights_mut().zip(&masks.weights) {
        ndarray::Zip::from(&mut weight.values).and(mask).for_each(|w, kept| {
            if *kept && *w == 0.0 {
                *w = f32::MIN_POSITIVE;
            }
        });
    }
    Ok(chosen)
}

/// Mean Kullback-Leibler divergence of what `logits` say from what `wanted` say, and its gradient. Softmax over the classes; of several
/// classes per node, the mean over sigmoids.
fn divergence(logits: &Array2<f32>, wanted: &Array2<f32>, is_multi: bool) -> (f64, Array2<f32>) {
    let (n, n_classes) = (logits.nrows().max(1) as f64, logits.ncols().max(1) as f64);
    let mut gradient = Array2::zeros(logits.dim());
    let mut sum = 0.0;
    for ((row, target), mut slope) in logits.rows().into_iter().zip(wanted.rows()).zip(gradient.rows_mut()) {
        if is_multi {
            for ((a, b), slope) in row.iter().zip(target).zip(&mut slope) {
                let (a, b) = (f64::from(*a), f64::from(*b));
                let (p, q) = (1.0 / (1.0 + (-a).exp()), 1.0 / (1.0 + (-b).exp()));
                // -log σ(x) = log(1 + e^-x), without overflow.
                let soft = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
                sum += (q * (soft(-a) - soft(-b)) + (1.0 - q) * (soft(a) - soft(b))) / n_classes;
                *slope = ((p - q) / (n * n_classes)) as f32;
            }
        } else {
            let (a, b) = (log_softmax(row.iter()), log_softmax(target.iter()));
            for ((a, b), slope) in a.into_iter().zip(b).zip(&mut slope) {
                sum += b.exp() * (b - a);
                *slope = ((a.exp() - b.exp()) / n) as f32;
            }
        }
    }
    (sum / n, gradient)
}

fn log_softmax<'a>(logits: impl Iterator<Item = &'a f32> + Clone) -> Vec<f64> {
    let shift = f64::from(logits.clone().copied().fold(f32::NEG_INFINITY, f32::max));
    let total: f64 = logits.clone().map(|v| (f64::from(*v) - shift).exp()).sum();
    logits.map(|v| f64::from(*v) - shift - total.ln()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn the_divergence_is_0_where_both_agree_and_its_gradient_matches_differences() {
        let logits = array![[0.5f32, -1.0, 2.0], [30.0, -40.0, 1.0]];
        let wanted = array![[0.1f32, 0.3, -0.4], [2.0, 1.0, 0.0]];
        for is_multi in [false, true] {
            assert!(divergence(&wanted, &wanted, is_multi).0.abs() < 1e-12);
            let (_, gradient) = divergence(&logits, &wanted, is_multi);
            for ((u, j), found) in gradient.indexed_iter() {
                let at = |nudge: f32| {
                    let mut nudged = logits.clone();
                    nudged[[u, j]] += nudge;
                    divergence(&nudged, &wanted, is_multi).0
                };
                let numeric = (at(1e-2) - at(-1e-2)) / 2e-2;
                assert!((numeric - f64::from(*found)).abs() < 1e-3, "{is_multi} {u} {j}: {numeric} {found}");
            }
        }
    }
}
