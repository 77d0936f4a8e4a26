//! The one rule from a mode and a requested threshold to the effective threshold of a step.
//!
//! The deciders of entries (`edges.rs`, `attention.rs`, out of memory `engine::out_of_core`) and of weights (`weights.rs`) say what their
//! scores are; what an `absolute`, a `relative` and a `target` threshold make of them is written here alone. The `mass` mode has a
//! threshold per node and feature instead (`push.rs`).

use ndarray::ArrayView2;

use super::recipe::{EdgeMode, WeightMode};
use crate::engine::error::EngineError;
use crate::engine::kernels::kth_smallest;

/// A relative threshold never exceeds this multiple of the largest weight, so the largest always stays.
pub(in crate::engine) const CLAMP: f32 = 0.999;
/// Below this mean norm an input carries nothing to compare with, and nothing is removed.
pub(in crate::engine) const SMALLEST_INPUT: f64 = 1e-8;

/// The entries that a share is of.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Removable {
    /// Removed in steps before.
    pub(in crate::engine) n_removed: usize,
    /// All that can be removed, those included.
    pub(in crate::engine) n_removable: usize,
}

impl Removable {
    /// How many more entries have to be removed until it is this share of the removable ones.
    pub(in crate::engine) fn n_missing(self, share: f64) -> usize {
        let wanted = (share * self.n_removable as f64).ceil() as usize;
        wanted.saturating_sub(self.n_removed)
    }
}

/// The effective threshold of a step of the graph side.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct EdgeThreshold {
    /// What scores are compared with: an entry is removed below it.
    pub(in crate::engine) delta: f32,
    /// The mean score, where the threshold is relative to it.
    pub(in crate::engine) mean: Option<f64>,
}

/// The effective threshold of a step of the graph side. `mean` is that of the scores, `nth_smallest` gives the n-th smallest score of the
/// entries that may be removed, counted from 1 (of fewer the largest, of none `None`); only what the mode needs is computed.
///
/// In target mode it is the smallest δ at which at least the requested share is removed; equal scores go together.
///
/// # Errors
/// Those of `mean` and `nth_smallest`.
pub(in crate::engine) fn of_edges(
    mode: EdgeMode,
    requested: f64,
    removable: Removable,
    mean: impl FnOnce() -> Result<f64, EngineError>,
    nth_smallest: impl FnOnce(usize) -> Result<Option<f32>, EngineError>,
) -> Result<EdgeThreshold, EngineError> {
    Ok(match mode {
        EdgeMode::Absolute | EdgeMode::Mass => EdgeThreshold { delta: requested as f32, mean: None },
        EdgeMode::Relative => {
            let mean = mean()?;
            EdgeThreshold { delta: (requested * mean) as f32, mean: Some(mean) }
        }
        EdgeMode::Target => {
            let last = match removable.n_missing(requested) {
                0 => None,
                n => nth_smallest(n)?,
            };
            EdgeThreshold { delta: last.map_or(0.0, f32::next_up), mean: None }
        }
    })
}

/// The effective threshold of a weight, one for each feature of `weights`: the row that is compared with it. `norms` are those of the
/// columns of the layer's input.
///
/// # Shapes
/// `weights: [features, other side]`, `norms: [features]`, thresholds `[features]`
pub(super) fn of_weights(mode: WeightMode, requested: f64, weights: ArrayView2<'_, f32>, norms: &[f32]) -> Vec<f32> {
    match mode {
        WeightMode::Absolute => by_score(norms, requested as f32),
        WeightMode::Relative => relative(weights, norms, requested),
        WeightMode::Target => by_score(norms, target_score(weights, norms, requested)),
    }
}

/// `δ / ‖P̂[:,j]‖`: infinite for a silent input, which removes its weights for any δ above 0.
fn by_score(norms: &[f32], delta: f32) -> Vec<f32> {
    norms.iter().map(|c| delta / c).collect()
}

fn relative(weights: ArrayView2<'_, f32>, norms: &[f32], requested: f64) -> Vec<f32> {
    let scale = mean_input_norm(norms);
    if scale <= SMALLEST_INPUT {
        return vec![0.0; norms.len()];
    }
    let largest = weights.iter().fold(0.0f32, |m, w| m.max(w.abs()));
    let clamp = CLAMP * largest;
    norms
        .iter()
        .map(|c| {
            let threshold = (requested * scale / f64::from(*c)) as f32;
            if threshold > clamp { clamp } else { threshold }
        })
        .collect()
}

/// The smallest score at which at least the requested share of the weights is removed, by selection; equal scores go together.
fn target_score(weights: ArrayView2<'_, f32>, norms: &[f32], share: f64) -> f32 {
    let mut scores: Vec<f32> = weights
        .rows()
        .into_iter()
        .zip(norms)
        .flat_map(|(row, c)| row.to_vec().into_iter().map(move |w| w.abs() * c))
        .collect();
    let wanted = (share * scores.len() as f64).ceil() as usize;
    // The test divides where the score multiplies: two roundings apart at most, so the threshold is moved by as much.
    kth_smallest(&mut scores, wanted).map_or(0.0, |kth| kth * (1.0 + 4.0 * f32::EPSILON) + f32::MIN_POSITIVE)
}

/// `‖P̂‖_F / f_in`, what a relative δw is multiplied with (authors' code).
pub(in crate::engine) fn mean_input_norm(column_norms: &[f32]) -> f64 {
    let total: f64 = column_norms.iter().map(|c| f64::from(*c) * f64::from(*c)).sum();
    total.sqrt() / column_norms.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scores 1 to 8, of which two more were removed before.
    fn check(mode: EdgeMode, requested: f64, expected: f32, why: &str) {
        let scores: Vec<f32> = (1..=8u8).map(f32::from).collect();
        let removable = Removable { n_removed: 2, n_removable: 10 };
        let nth = |n: usize| Ok(scores.get(n.min(scores.len()) - 1).copied());
        let found = of_edges(mode, requested, removable, || Ok(4.5), nth).expect("no error").delta;
        assert_eq!(found.to_bits(), expected.to_bits(), "{mode:?} {requested}: {found}, {why}");
    }

    #[test]
    fn each_mode_asks_for_what_it_needs() {
        check(EdgeMode::Absolute, 0.25, 0.25, "");
        check(EdgeMode::Relative, 2.0, 9.0, "");
        check(EdgeMode::Target, 0.0, 0.0, "");
        check(EdgeMode::Target, 0.2, 0.0, "removed already");
        check(EdgeMode::Target, 0.5, 3f32.next_up(), "two before and three now");
        check(EdgeMode::Target, 0.51, 4f32.next_up(), "at least the share");
        check(EdgeMode::Target, 1.0, 8f32.next_up(), "");
        let unused = || Err(EngineError::Cancelled);
        let removable = Removable { n_removed: 0, n_removable: 10 };
        let absolute = of_edges(EdgeMode::Absolute, 1.0, removable, unused, |_| Err(EngineError::Cancelled));
        assert_eq!(absolute.expect("nothing is asked for").mean, None);
        let target = of_edges(EdgeMode::Target, 0.0, removable, unused, |_| Err(EngineError::Cancelled));
        assert_eq!(target.expect("no share, no score").delta.to_bits(), 0);
    }
}
