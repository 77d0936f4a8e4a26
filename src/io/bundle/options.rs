//! What a user may choose of a bundle.

use serde::{Deserialize, Serialize};

use crate::engine::experiment::ValueType;

/// What is written into a bundle, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BundleOptions {
    /// What the weight matrices of `model_sparse.safetensors` are stored as. Those of `model.safetensors` are always 32-bit floats.
    pub values: ValueType,
    /// Leave the node features out: whoever runs the bundle must have the graph.
    pub without_features: bool,
    /// Leave out what decides of nodes that arrive later, which may hold unpruned matrices: they cannot be scored then.
    pub without_new_nodes: bool,
}
