//! What a user may choose of a bundle.

use serde::{Deserialize, Serialize};

use crate::engine::experiment::{Run, ValueType};
use crate::engine::sparsify::Recipe;

/// What is written into a bundle, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BundleOptions {
    /// What the weight matrices of `model_sparse.safetensors` are stored as, where the recipe's `[precision]` does not say it. Those of
    /// `model.safetensors` are always 32-bit floats.
    pub values: ValueType,
    /// Leave the node features out: whoever runs the bundle must have the graph.
    pub without_features: bool,
    /// Leave out what decides of nodes that arrive later, which may hold unpruned matrices: they cannot be scored then.
    pub without_new_nodes: bool,
}

impl BundleOptions {
    /// What the weight matrices of the sparse model of a run with this recipe are stored as.
    pub fn weights_of(self, recipe: &Recipe) -> ValueType {
        let asked = recipe.precision.weights;
        if asked == ValueType::F32 { self.values } else { asked }
    }

    /// What values of entries are stored as beside the edge files, which always have 32-bit floats: f32 where there is no such file.
    pub fn entries_of(self, run: &Run) -> ValueType {
        let asked = run.recipe.stored_as().unwrap_or_default().entries;
        let are_fitted = run.pruned.masks.edges.values().is_some();
        if asked == ValueType::F32 && are_fitted { self.values } else { asked }
    }
}
