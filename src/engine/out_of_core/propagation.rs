//! What is propagated out of memory, and what of a recipe cannot be.

use super::arrays::Storage;
use super::plan::{GraphSize, MemoryPlan};
use crate::engine::error::EngineError;
use crate::engine::model::HopWeights;
use crate::engine::sparsify::{EdgeMode, Recipe};

/// What to propagate and how.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "a storage may be anything")]
pub struct StoredPropagation<'a> {
    /// Where graph and embeddings lie.
    pub storage: &'a dyn Storage,
    /// What the graph holds.
    pub size: &'a GraphSize,
    /// Of a decoupled model.
    pub recipe: &'a Recipe,
    /// Which targets keep all their entries. `[n_nodes]`
    pub locked: Option<&'a [bool]>,
    /// How wide blocks are.
    pub plan: MemoryPlan,
}

impl StoredPropagation<'_> {
    pub(super) fn check(&self) -> Result<(), EngineError> {
        self.recipe.check()?;
        let shape = &self.recipe.model;
        if !shape.is_decoupled() {
            let found = shape.architecture.key();
            return Err(EngineError::recipe("model.architecture", "a decoupled family out of memory", found));
        }
        if self.recipe.edges.mode == EdgeMode::Mass || self.recipe.edges.ranking.is_some() {
            let expected = "absolute, relative or target by messages out of memory";
            return Err(EngineError::recipe("edges.mode", expected, "mass or a ranking"));
        }
        if !self.recipe.edges.pins.is_empty() {
            return Err(EngineError::recipe("edges.pins", "none out of memory", "entries decided by hand"));
        }
        Ok(())
    }

    pub(super) fn has_sum(&self) -> bool {
        sums_hops(self.recipe)
    }

    /// Columns of a block: the first and how many.
    pub(super) fn columns(&self, block: usize) -> (usize, usize) {
        let first = block * self.plan.block_width;
        (first, self.plan.block_width.min(self.size.n_features - first))
    }
}

/// Whether the embedding is a sum over hops, not the last one alone.
pub fn sums_hops(recipe: &Recipe) -> bool {
    let shape = &recipe.model;
    shape.architecture.definition().hop_weights(shape) != HopWeights::Last
}
