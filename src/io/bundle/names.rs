//! Names of the files in a bundle.

pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const RECIPE: &str = "recipe.toml";
pub(super) const MODEL: &str = "model.safetensors";
pub(super) const MODEL_SPARSE: &str = "model_sparse.safetensors";
pub(super) const ENTRY_VALUES: &str = "entry_values.safetensors";
pub(super) const MASKS: &str = "masks.safetensors";
pub(super) const NEW_NODES: &str = "new_nodes.safetensors";
pub(super) const FEATURES_SPARSE: &str = "features.npz";
pub(super) const FEATURES_DENSE: &str = "features.npy";
pub(super) const EMBEDDING: &str = "embedding.npy";
pub(super) const LOGITS: &str = "logits.npy";
pub(super) const LOGITS_LOW: &str = "logits_low.npy";
pub(super) const PREDICTIONS: &str = "predictions.csv";
pub(super) const METRICS: &str = "metrics.json";
pub(super) const CERTIFICATE: &str = "certificate.json";
pub(super) const CLIENT: &str = "load_bundle.py";
pub(super) const README: &str = "README.md";

/// The edge file of graph step `step`.
pub(super) fn edges(step: usize) -> String {
    format!("edges/layer_{step:02}.npz")
}
