//! Section `[training]`: how a model is trained, and whether that prunes.

use serde::{Deserialize, Serialize};

use super::weights::WeightMode;
use crate::engine::error::EngineError;
use crate::engine::model::Family;
use crate::engine::sparsify::baselines::Ramp;

/// Whether training prunes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// Nothing is removed while training.
    #[default]
    Dense,
    /// Masks are recomputed in every step; in the second half of the epochs weight masks only grow (the paper's).
    During,
    /// Train, remove a part of the weights, go back to the initial values of the others, and again (Frankle and Carbin, ICLR
    /// 2019; for graphs: Chen et al., ICML 2021). Entries of the graph go as in [`Schedule::During`].
    Lottery,
}

/// How a model is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Training {
    /// Passes over the training nodes.
    pub epochs: usize,
    /// Adam's step size.
    pub learning_rate: f64,
    /// L2 penalty added to the gradient, as PyTorch's Adam does.
    pub weight_decay: f64,
    /// Whether training prunes.
    pub schedule: Schedule,
    /// Training nodes per step, models that do not propagate between layers only; 0 = all at once.
    pub batch_size: usize,
    /// Epochs without a better validation accuracy after which the step size is halved.
    pub patience: usize,
    /// How the thresholds grow over the first half of the epochs.
    pub ramp: Ramp,
    /// [`Schedule::Lottery`]: how often weights are removed and the others set back.
    pub rounds: usize,
    /// Whether the test nodes and their entries are not there while the model is trained, so that they are new to it; without pruning only.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub inductive: bool,
}

impl Default for Training {
    fn default() -> Self {
        Self {
            epochs: 200,
            learning_rate: 1e-3,
            weight_decay: 1e-5,
            schedule: Schedule::Dense,
            batch_size: 0,
            patience: 15,
            ramp: Ramp::Constant,
            rounds: 3,
            inductive: false,
        }
    }
}

impl Training {
    /// The authors' settings for a family of models.
    pub fn official(family: Family) -> Self {
        if family.is_trained_in_batches() {
            Self { learning_rate: 1e-2, batch_size: 512, ..Self::default() }
        } else {
            Self::default()
        }
    }

    /// Checks ranges and what goes with the mode of the weight side.
    ///
    /// # Errors
    /// [`EngineError::Recipe`] naming the key, what is allowed and what was given.
    pub(super) fn check(&self, mode: WeightMode) -> Result<(), EngineError> {
        if self.schedule == Schedule::Lottery {
            if mode != WeightMode::Target {
                return Err(EngineError::recipe("weights.mode", "target with the lottery schedule", mode.key()));
            }
            if !(1..=64).contains(&self.rounds) {
                return Err(EngineError::recipe("training.rounds", "1 to 64", self.rounds));
            }
        }
        if self.inductive && self.schedule != Schedule::Dense {
            return Err(EngineError::recipe("training.inductive", "false while training prunes", true));
        }
        if self.epochs == 0 {
            return Err(EngineError::recipe("training.epochs", "at least 1", 0));
        }
        for (field, value) in
            [("training.learning_rate", self.learning_rate), ("training.weight_decay", self.weight_decay)]
        {
            if !(value.is_finite() && value >= 0.0) {
                return Err(EngineError::recipe(field, "a number of at least 0", value));
            }
        }
        Ok(())
    }
}
