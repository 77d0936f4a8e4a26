//! The paper's guarantees, beside what was measured.
//!
//! Unifews (ICML 2025): Definition 2 (ε-similarity), Lemma 2 (`ε ≤ qa δa / ‖p‖`).

use serde::{Deserialize, Serialize};

/// Guarantee and measurement for one graph step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    /// Layer or hop, from 0.
    pub step: usize,
    /// Entries this step lacks against the full graph.
    pub n_removed: usize,
    /// Lemma 2: `qa · δa / ‖P‖_F`. Loose: an upper bound.
    pub lemma_2_epsilon: f64,
    /// Definition 2, measured: `‖T - T̂‖₂` of the symmetric part, by power iteration.
    pub measured_epsilon: f64,
}

/// Lemma 2's bound on ε for `n_removed` entries below `delta`, for a signal of norm `signal_norm`.
pub fn lemma_2_epsilon(n_removed: usize, delta: f64, signal_norm: f64) -> f64 {
    if n_removed == 0 { 0.0 } else { n_removed as f64 * delta / signal_norm }
}

/// `‖(M + Mᵀ)/2‖₂` of the removed part `M = T - T̂` after step `step`, by power iteration.
///
/// # Errors
/// `Cancelled`.
pub fn spectral_distance() {
    todo!()
}
