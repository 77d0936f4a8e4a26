//! What is noted of every epoch.

use serde::{Deserialize, Serialize};

use crate::engine::graph::Metric;

/// One epoch of training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// From 1.
    pub epoch: usize,
    /// Mean cross-entropy over the training nodes, with dropout, before the epoch's last step.
    pub train_loss: f64,
    /// Mean cross-entropy over the validation nodes.
    pub val_loss: f64,
    /// What the accuracies are.
    #[serde(default)]
    pub metric: Metric,
    /// Accuracy on the training nodes in evaluation mode, `0..=1`.
    pub train_accuracy: f64,
    /// Accuracy on the validation nodes, `0..=1`.
    pub val_accuracy: f64,
    /// Accuracy on the test nodes, `0..=1`.
    pub test_accuracy: f64,
    /// Adam's step size in this epoch.
    pub learning_rate: f64,
    /// Removed share of graph entries in this epoch's masks, `0..=1`.
    pub edge_sparsity: f64,
    /// Removed share of weights, `0..=1`.
    pub weight_sparsity: f64,
    /// Wall time of the epoch, training and evaluation, seconds.
    pub elapsed_secs: f64,
}
