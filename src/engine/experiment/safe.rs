//! Thresholds to begin with: measured on the graph, so that the first picture of a model is not that of a broken one.
//!
//! Only the validation nodes and the predictions decide; the test nodes are left to judge the result.

use std::sync::Arc;

use super::evaluate::Evaluation;
use super::options::RunOptions;
use super::run::run;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::Dataset;
use crate::engine::model::Model;
use crate::engine::sparsify::Recipe;

/// Thresholds that are tried for each side, largest first; the first one is the authors' middle setting.
const LADDER: [f64; 6] = [0.5, 0.3, 0.2, 0.1, 0.05, 0.02];
/// What is tried for both sides at once where one forward pass takes more than [`MAX_TRIED_MACS`].
const SHORT_LADDER: [f64; 2] = [0.1, 0.02];
/// One forward pass of more operations than this is not repeated for every threshold.
const MAX_TRIED_MACS: u64 = 20_000_000_000;
/// Validation accuracy that a recipe to begin with may lose, `0..=1`.
pub const SAFE_LOSS: f64 = 0.005;
/// Predictions that may change, `0..=1`: a validation set may be too small to show what is lost, or have no labels.
pub const SAFE_CHANGES: f64 = 0.02;

/// Finds the largest thresholds of a short ladder, for both sides of `recipe`, that keep the accuracy.
///
/// They lose at most [`SAFE_LOSS`] of the validation accuracy and change at most [`SAFE_CHANGES`] of the predictions: one value for all
/// layers of a side. Where none is that gentle: zeros, which remove nothing.
///
/// The edges come first, the weights are added to them.
///
/// # Errors
/// As [`run`].
pub fn safe_thresholds(
    dataset: &Arc<Dataset>,
    model: &Arc<Model>,
    recipe: &Recipe,
    ctl: &Control,
) -> Result<Recipe, EngineError> {
    const N_TRIES: usize = 7;
    let quiet = ctl.quiet();
    let mut dense_logits = None;
    let mut n_tried = 0;
    let mut macs = 0;
    let mut is_safe = |edges: f64, weights: f64| -> Result<(bool, u64), EngineError> {
        ctl.progress("looking for safe thresholds", n_tried, N_TRIES);
        n_tried = (n_tried + 1).min(N_TRIES - 1);
        let asked = with_thresholds(recipe, edges, weights);
        let tried = run(dataset, model, &asked, RunOptions::PREVIEW, dense_logits.clone(), &quiet)?;
        dense_logits = Some(Arc::clone(&tried.dense_logits));
        macs = tried.pruned.macs().dense();
        Ok((is_gentle(&tried.evaluation), macs))
    };
    let (is_middle_safe, macs) = is_safe(LADDER[0], LADDER[0])?;
    if is_middle_safe {
        return Ok(with_thresholds(recipe, LADDER[0], LADDER[0]));
    }
    if macs > MAX_TRIED_MACS {
        for delta in SHORT_LADDER {
            if is_safe(delta, delta)?.0 {
                return Ok(with_thresholds(recipe, delta, delta));
            }
        }
        return Ok(with_thresholds(recipe, 0.0, 0.0));
    }
    let edges = largest_safe(&LADDER, |edges| Ok(is_safe(edges, 0.0)?.0))?;
    // Both together were tried first.
    let rest = if edges >= LADDER[0] { &LADDER[1..] } else { &LADDER[..] };
    let weights = largest_safe(rest, |weights| Ok(is_safe(edges, weights)?.0))?;
    Ok(with_thresholds(recipe, edges, weights))
}

/// The largest value of a falling ladder that is safe, found by halving, since what is lost grows with the threshold; 0 where none is.
/// What it answers with was tried.
fn largest_safe(ladder: &[f64], mut is_safe: impl FnMut(f64) -> Result<bool, EngineError>) -> Result<f64, EngineError> {
    let (mut from, mut to) = (0, ladder.len());
    while from < to {
        let middle = usize::midpoint(from, to);
        if is_safe(ladder[middle])? {
            to = middle;
        } else {
            from = middle + 1;
        }
    }
    Ok(ladder.get(to).copied().unwrap_or(0.0))
}

fn with_thresholds(recipe: &Recipe, edges: f64, weights: f64) -> Recipe {
    let mut recipe = recipe.clone();
    recipe.edges.delta = vec![edges];
    recipe.weights.delta = vec![weights];
    recipe
}

fn is_gentle(evaluation: &Evaluation) -> bool {
    let loss = evaluation.val.dense.accuracy - evaluation.val.pruned.accuracy;
    // Without labelled validation nodes both are 0, and the predictions decide.
    loss <= SAFE_LOSS && 1.0 - evaluation.agreement <= SAFE_CHANGES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_safe_value_of_a_ladder_is_found_in_three_tries() {
        for limit in [0.0, 0.01, 0.02, 0.07, 0.1, 0.25, 0.4, 0.5, 1.0] {
            let mut n_tries = 0;
            let found = largest_safe(&LADDER, |delta| {
                n_tries += 1;
                Ok(delta <= limit)
            });
            let expected = LADDER.into_iter().find(|delta| *delta <= limit).unwrap_or(0.0);
            assert!(found.is_ok_and(|found| found.to_bits() == expected.to_bits()), "{limit}");
            assert!(n_tries <= 3, "{n_tries}");
        }
    }
}
