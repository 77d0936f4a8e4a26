//! Training: Adam, the plateau schedule and cross-entropy, dense or pruning as it goes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::Dataset;
use crate::engine::model::Model;
use crate::engine::sparsify::Recipe;

/// One epoch of training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// From 1.
    pub epoch: usize,
    /// Mean cross-entropy over the training nodes.
    pub train_loss: f64,
    /// Mean cross-entropy over the validation nodes.
    pub val_loss: f64,
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

/// A trained model with its history.
#[derive(Debug, Clone)]
pub struct Trained {
    /// The weights of the epoch with the best validation accuracy; removed weights are zero.
    pub model: Arc<Model>,
    /// Every epoch.
    pub history: Vec<EpochRecord>,
}

/// Trains a fresh model of `recipe.model` on `dataset` as `recipe.training` says.
///
/// `on_epoch` is called after every epoch, from the calling thread.
///
/// # Errors
/// [`EngineError::Recipe`] (also when `recipe.training` is absent), [`EngineError::Mismatch`] when there are no labels or no
/// training nodes, [`EngineError::Cancelled`].
pub fn train(
    dataset: &Dataset,
    recipe: &Recipe,
    ctl: &Control,
    on_epoch: impl FnMut(&EpochRecord),
) -> Result<Trained, EngineError> {
    todo!()
}
