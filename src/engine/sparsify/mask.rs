//! What was removed: the frozen masks of a pruned model. They are what is exported and replayed.

use ndarray::Array2;

use crate::engine::error::EngineError;
use crate::engine::graph::Topology;

/// For every entry of the graph, the step (layer or hop) that removed it.
///
/// One number per entry holds the masks of all steps, because removal is progressive: what a step removed is gone in every
/// later one, `E(l+1) ⊆ E(l)`. The representation admits nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgeMask {
    removed_at: Vec<u8>,
    n_steps: usize,
}

impl EdgeMask {
    /// The most steps a mask can hold.
    pub const MAX_STEPS: usize = 255;

    /// A mask that keeps every entry in all `n_steps` steps.
    ///
    /// # Panics
    /// When there are more than [`EdgeMask::MAX_STEPS`] steps.
    pub fn keep_all(n_entries: usize, n_steps: usize) -> Self {
        assert!(n_steps <= Self::MAX_STEPS, "at most {} steps", Self::MAX_STEPS);
        Self { removed_at: vec![n_steps as u8; n_entries], n_steps }
    }

    /// Takes over the removing step of every entry; `n_steps` means never.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] when a value is above `n_steps`, or a self-loop of `topology` is removed, or the count of
    /// values is not that of the entries.
    pub fn try_new(removed_at: Vec<u8>, n_steps: usize, topology: &Topology) -> Result<Self, EngineError> {
        if removed_at.len() != topology.n_entries() {
            return Err(EngineError::mismatch(
                "edge mask",
                format!("{} entries", topology.n_entries()),
                removed_at.len(),
            ));
        }
        if let Some(step) = removed_at.iter().find(|s| **s as usize > n_steps) {
            return Err(EngineError::mismatch("edge mask", format!("steps up to {n_steps}"), step));
        }
        Ok(Self { removed_at, n_steps })
    }

    /// For every entry the step that removed it, counted from 0; [`EdgeMask::n_steps`] where it stays.
    pub fn removed_at(&self) -> &[u8] {
        &self.removed_at
    }

    /// Number of steps.
    pub fn n_steps(&self) -> usize {
        self.n_steps
    }

    /// Whether step `step` walks entry `k`.
    pub fn is_kept(&self, k: usize, step: usize) -> bool {
        self.removed_at[k] as usize > step
    }

    /// How many entries step `step` walks.
    pub fn n_kept(&self, step: usize) -> usize {
        self.removed_at.iter().filter(|s| **s as usize > step).count()
    }

    /// Share of the entries removed, over all steps: `1 - Σ kept / (steps · m)`, `0..=1`.
    pub fn sparsity(&self) -> f64 {
        let (m, steps) = (self.removed_at.len(), self.n_steps);
        if m == 0 || steps == 0 {
            return 0.0;
        }
        let kept: usize = self.removed_at.iter().map(|s| *s as usize).sum();
        1.0 - kept as f64 / (steps * m) as f64
    }

    /// The same of `n_removable` of the entries, without those that no step can remove.
    pub fn sparsity_of(&self, n_removable: usize) -> f64 {
        let never = self.n_steps;
        let removed: usize = self.removed_at.iter().map(|s| never - *s as usize).sum();
        removed as f64 / (never * n_removable).max(1) as f64
    }

    pub(crate) fn remove(&mut self, k: usize, step: usize) {
        self.removed_at[k] = step as u8;
    }
}

/// Which weights of one matrix are kept. `[d_in, d_out]`, `true` = kept.
pub type WeightMask = Array2<bool>;

/// The frozen masks of a pruned model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masks {
    /// The graph's, over all layers or hops.
    pub edges: EdgeMask,
    /// One per weight layer.
    pub weights: Vec<WeightMask>,
}

impl Masks {
    /// Share of graph entries removed, over all steps, `0..=1`.
    pub fn edge_sparsity(&self) -> f64 {
        self.edges.sparsity()
    }

    /// Share of weights removed, over all layers. In `0..=1`.
    pub fn weight_sparsity(&self) -> f64 {
        let all: usize = self.weights.iter().map(Array2::len).sum();
        let kept: usize = self.weights.iter().map(|w| w.iter().filter(|k| **k).count()).sum();
        if all == 0 { 0.0 } else { 1.0 - kept as f64 / all as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sparsity_is_the_removed_share() {
        let mut edges = EdgeMask::keep_all(4, 2);
        edges.remove(0, 0);
        edges.remove(1, 1);
        assert_eq!((edges.n_kept(0), edges.n_kept(1)), (3, 2));
        let masks = Masks { edges, weights: vec![Array2::from_shape_fn((2, 2), |(i, _)| i == 0)] };
        assert!((masks.edge_sparsity() - 3.0 / 8.0).abs() < 1e-12);
        assert!((masks.weight_sparsity() - 0.5).abs() < 1e-12);
    }
}
