//! The paper's guarantees, beside what was measured.
//!
//! Unifews (ICML 2025): Definition 2 (ε-similarity), Lemma 2 (`ε ≤ qa δa / ‖p‖`).

use serde::{Deserialize, Serialize};

use crate::engine::control::Control;
use crate::engine::diffusion::Diffusion;
use crate::engine::error::EngineError;
use crate::engine::graph::Dataset;
use crate::engine::sparsify::{Pruned, Recipe};

/// Guarantee and measurement for one graph step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    /// Layer or hop, from 0.
    pub step: usize,
    /// Entries this step lacks against the full graph.
    pub n_removed: usize,
    /// Lemma 2: `qa · δa / ‖P‖_F`. Loose: an upper bound. NaN where no threshold on messages decided, which it speaks of.
    pub lemma_2_epsilon: f64,
    /// Definition 2, measured: `‖T - T̂‖₂` of the symmetric part, by power iteration; fitted values are in `T̂`.
    pub measured_epsilon: f64,
}

/// Lemma 2's bound on ε for `n_removed` entries below `delta`, for a signal of norm `signal_norm`.
pub fn lemma_2_epsilon(n_removed: usize, delta: f64, signal_norm: f64) -> f64 {
    if n_removed == 0 { 0.0 } else { n_removed as f64 * delta / signal_norm }
}

/// Steps of the power iteration; the estimate approaches the norm from below.
const POWER_STEPS: usize = 60;
/// The iteration ends early when the estimate moves by less than this share.
const CONVERGED: f64 = 1e-6;

/// `‖(M + Mᵀ)/2‖₂` of a removed part `M = T - T̂`, given by its entries `(u, v, value)`, by power iteration.
///
/// # Errors
/// [`EngineError::Cancelled`].
pub fn spectral_distance(n: usize, removed: &[(u32, u32, f32)], ctl: &Control) -> Result<f64, EngineError> {
    if removed.is_empty() {
        return Ok(0.0);
    }
    // A fixed, positive, uneven start: never orthogonal to the leading vector of a non-negative matrix.
    let mut x: Vec<f64> = (0..n).map(|i| 1.0 + ((i * 7919) % 101) as f64 / 101.0).collect();
    let mut estimate = 0.0;
    for _ in 0..POWER_STEPS {
        ctl.check()?;
        let norm = x.iter().map(|v| v * v).sum::<f64>().sqrt();
        let mut next = vec![0.0f64; n];
        for &(u, v, value) in removed {
            let half = 0.5 * f64::from(value) / norm;
            next[u as usize] += half * x[v as usize];
            next[v as usize] += half * x[u as usize];
        }
        let now = next.iter().map(|v| v * v).sum::<f64>().sqrt();
        let moved = (now - estimate).abs();
        estimate = now;
        if moved <= CONVERGED * now {
            break;
        }
        x = next;
    }
    Ok(estimate)
}

/// Guarantee and measurement of every graph step of a pruned model.
///
/// # Errors
/// [`EngineError::Cancelled`].
pub(crate) fn bounds(
    dataset: &Dataset,
    recipe: &Recipe,
    pruned: &Pruned,
    ctl: &Control,
) -> Result<Vec<Bounds>, EngineError> {
    let topology = dataset.topology();
    let diffusion = Diffusion::of(dataset, recipe.matrix());
    let edges: Vec<_> = pruned.steps.iter().filter_map(|s| s.edges.as_ref()).collect();
    let mut out = Vec::with_capacity(edges.len());
    for (step, trace) in edges.into_iter().enumerate() {
        let mask = &pruned.masks.edges;
        // One value per entry; attention's are of several heads, and of no fixed matrix.
        let fitted = mask.values_of(step).filter(|values| values.ncols() == 1);
        let mut kept_values = fitted.map(|values| values.iter());
        let mut removed = Vec::new();
        let mut n_removed = 0;
        for (k, (u, v)) in topology.entries().enumerate() {
            let value = diffusion.values()[k];
            let lacking = if mask.is_kept(k, step) {
                kept_values.as_mut().and_then(Iterator::next).map_or(0.0, |fitted| value - fitted)
            } else {
                n_removed += 1;
                value
            };
            if lacking != 0.0 {
                removed.push((u, v, lacking));
            }
        }
        let signal_norm = trace.source_norms.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>().sqrt();
        out.push(Bounds {
            step,
            n_removed,
            lemma_2_epsilon: match trace.scores {
                None => lemma_2_epsilon(n_removed, trace.delta, signal_norm),
                Some(_) => f64::NAN,
            },
            measured_epsilon: spectral_distance(topology.n_nodes(), &removed, ctl)?,
        });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn power_iteration_finds_the_norm_of_a_path() {
        let ctl = Control::new(1).expect("workers");
        let path = [(0, 1, 2.0), (1, 0, 2.0), (1, 2, 2.0), (2, 1, 2.0)];
        let found = spectral_distance(3, &path, &ctl).expect("not cancelled");
        assert!((found - 2.0 * std::f64::consts::SQRT_2).abs() < 1e-4, "{found}");
        assert!(spectral_distance(3, &[], &ctl).expect("not cancelled").abs() < 1e-12);
    }
}
