//! The weight side: which entries of a weight matrix carry too little (Unifews Eq. 14 and Algorithm 2).
//!
//! Entry `W[j,i]` is removed when `|W[j,i]| · ‖P̂[:,j]‖₂ < δ`. Authors' code: `archs/layers.py:374-378` and `archs/prunes.py:44-49`
//! (relative δ, clamped so that a layer never loses every entry).

use std::sync::Arc;

use ndarray::{Array2, Zip};

use super::baselines::{WeightRanking, weight_masks};
use super::mask::WeightMask;
use super::recipe::{Recipe, WeightMode};
use super::threshold;
use super::trace::WeightTrace;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::kernels::{Rows, column_norms};
use crate::engine::model::{Model, Parameter};

/// Decides which weights stay, from the norms of the columns of `measured`, which is the input `x` itself unless
/// `is_by_output`: the authors' GCNII measures another value and indexes its columns by the weight's output (docs/DIFFERENCES.md#d8).
///
/// # Shapes
/// `weight: [d_in, d_out]`, `x: [n, d_in]`, `measured: [n, d_in]`, mask `[d_in, d_out]`
///
/// # Errors
/// [`EngineError::NotFinite`] when a column's norm is not finite, [`EngineError::Cancelled`].
pub(crate) fn decide(
    weight: &Array2<f32>,
    x: Rows<'_>,
    measured: Rows<'_>,
    is_by_output: bool,
    mode: WeightMode,
    requested: f64,
    ctl: &Control,
) -> Result<(WeightMask, WeightTrace), EngineError> {
    let norms = column_norms(measured, ctl)?;
    let (mask, thresholds) = mask_of(weight, &norms, is_by_output, mode, requested)?;
    let (macs_baseline, macs_pruned) = count_macs(x, &mask);
    let trace = WeightTrace {
        name: String::new(),
        idx: 0,
        d_in: weight.nrows(),
        d_out: weight.ncols(),
        requested,
        thresholds: Arc::new(thresholds),
        column_norms: Arc::new(norms),
        is_by_output,
        n_weights: weight.len(),
        n_after: mask.iter().filter(|k| **k).count(),
        macs_baseline,
        macs_pruned,
    };
    Ok((mask, trace))
}

/// Which weights stay where the columns of the input have these norms, and what `|W|` was compared with, feature by feature.
///
/// # Shapes
/// `weight: [d_in, d_out]`, `norms: [features]`, mask `[d_in, d_out]`, thresholds `[features]`
///
/// # Errors
/// [`EngineError::NotFinite`] when a norm is not finite.
pub(crate) fn mask_of(
    weight: &Array2<f32>,
    norms: &[f32],
    is_by_output: bool,
    mode: WeightMode,
    requested: f64,
) -> Result<(WeightMask, Vec<f32>), EngineError> {
    if let Some(found) = norms.iter().find(|v| !v.is_finite()) {
        return Err(EngineError::NotFinite { what: "column norm of a layer's input".into(), found: found.to_string() });
    }
    let by_feature = if is_by_output { weight.t() } else { weight.view() };
    let thresholds = threshold::of_weights(mode, requested, by_feature, norms);
    let mut mask = WeightMask::from_elem(by_feature.dim(), true);
    Zip::from(mask.rows_mut()).and(by_feature.rows()).and(&ndarray::ArrayView1::from(&thresholds)).for_each(
        |mut mask, weights, threshold| {
            mask.iter_mut().zip(weights).for_each(|(keep, w)| *keep = !is_removed(*w, *threshold));
        },
    );
    if is_by_output {
        mask = mask.reversed_axes().as_standard_layout().into_owned();
    }
    Ok((mask, thresholds))
}

/// The weight masks of a ranking, one per matrix that may be pruned; `None` where weights go by their products.
pub(crate) fn ranked_masks(recipe: &Recipe, model: &Model) -> Option<Vec<WeightMask>> {
    let ranking = recipe.weights.ranking?;
    let weights: Vec<_> = model.weights().map(|w| w.values.view()).collect();
    if ranking == WeightRanking::MagnitudeGlobal {
        return Some(weight_masks(ranking, &weights, recipe.delta_w(0), recipe.seed));
    }
    let share = |w: &Parameter| recipe.delta_w(w.prunable_layer().unwrap_or_default());
    // Each with the seed of its place, as in a list of all.
    let all: Vec<_> =
        model.weights().map(share).map(|share| weight_masks(ranking, &weights, share, recipe.seed)).collect();
    Some(all.into_iter().enumerate().filter_map(|(at, masks)| masks.into_iter().nth(at)).collect())
}

/// What a mask that was decided by a ranking comes to: scores are `|W|`, and the threshold is the smallest one kept.
pub(crate) fn trace_of(weight: &Array2<f32>, mask: &WeightMask, x: Rows<'_>, requested: f64) -> WeightTrace {
    let kept = weight.iter().zip(mask).filter(|(_, keep)| **keep).map(|(w, _)| w.abs());
    let threshold = kept.fold(f32::INFINITY, f32::min);
    let (macs_baseline, macs_pruned) = count_macs(x, mask);
    WeightTrace {
        name: String::new(),
        idx: 0,
        d_in: weight.nrows(),
        d_out: weight.ncols(),
        requested,
        thresholds: Arc::new(vec![threshold; weight.nrows()]),
        column_norms: Arc::new(vec![1.0; weight.nrows()]),
        is_by_output: false,
        n_weights: weight.len(),
        n_after: mask.iter().filter(|k| **k).count(),
        macs_baseline,
        macs_pruned,
    }
}

/// Multiply-adds of the product with all weights and with the kept ones.
fn count_macs(x: Rows<'_>, mask: &WeightMask) -> (u64, u64) {
    let stored_per_feature = match x {
        Rows::Dense(x) => vec![x.nrows() as u64; x.ncols()],
        Rows::Sparse(x) => {
            let mut counts = vec![0u64; x.cols()];
            for j in x.indices() {
                counts[*j as usize] += 1;
            }
            counts
        }
    };
    let baseline = stored_per_feature.iter().sum::<u64>() * mask.ncols() as u64;
    let kept = |row: ndarray::ArrayView1<'_, bool>| row.iter().filter(|k| **k).count() as u64;
    let pruned = stored_per_feature.iter().zip(mask.rows()).map(|(stored, row)| stored * kept(row)).sum();
    (baseline, pruned)
}

/// A threshold that is NaN (0 / 0: nothing requested of a silent input) removes nothing.
fn is_removed(w: f32, threshold: f32) -> bool {
    w.abs() < threshold
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn check(mode: WeightMode, requested: f64, expected: [[bool; 2]; 3]) {
        let ctl = Control::new(1).expect("workers");
        let x = array![[3.0f32, 0.0, 1.0], [4.0, 0.0, 0.0]];
        let w = array![[0.1f32, -0.5], [0.3, 0.9], [0.2, -2.0]];
        let (mask, trace) =
            decide(&w, Rows::Dense(x.view()), Rows::Dense(x.view()), false, mode, requested, &ctl).expect("finite");
        assert_eq!(mask, Array2::from(expected.to_vec()), "{mode:?} {requested}");
        assert_eq!(trace.n_after, expected.iter().flatten().filter(|k| **k).count());
    }

    /// Norms are 5, 0, 1.
    #[test]
    fn each_mode_removes_what_its_rule_says() {
        check(WeightMode::Absolute, 0.0, [[true, true], [true, true], [true, true]]);
        // What is at its threshold stays: 0.1 · 5 and 0.5.
        check(WeightMode::Absolute, 0.5, [[true, true], [false, false], [false, true]]);
        check(WeightMode::Absolute, 1.0, [[false, true], [false, false], [false, true]]);
        check(WeightMode::Relative, 0.0, [[true, true], [true, true], [true, true]]);
        check(WeightMode::Relative, 1.0, [[false, true], [false, false], [false, true]]);
        check(WeightMode::Relative, 1e9, [[false, false], [false, false], [false, true]]);
        check(WeightMode::Target, 0.5, [[true, true], [false, false], [false, true]]);
        check(WeightMode::Target, 1.0, [[false, false], [false, false], [false, false]]);
    }
}
