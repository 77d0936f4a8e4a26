//! Section `[weights]`: how entries of the weight matrices are removed.

use serde::{Deserialize, Serialize};

use super::deltas::{check_deltas, one_or_many, zero};
use crate::engine::error::EngineError;
use crate::engine::model::Architecture;
use crate::engine::sparsify::baselines::WeightRanking;

/// How a threshold on the weights is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WeightMode {
    /// The number itself (paper Eq. 14).
    Absolute,
    /// Times the layer's input norm per feature (authors' code).
    #[default]
    Relative,
    /// The share of the layer's weights to remove; the threshold is found by selection.
    Target,
}

impl WeightMode {
    /// As recipes and options spell it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Absolute => "absolute",
            Self::Relative => "relative",
            Self::Target => "target",
        }
    }
}

/// The weight side of a recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightRule {
    /// How `delta` is meant.
    #[serde(default)]
    pub mode: WeightMode,
    /// δw: one value for all layers, or one for each. For [`WeightMode::Target`] the share to remove, `0..=1`.
    #[serde(default = "zero", deserialize_with = "one_or_many")]
    pub delta: Vec<f64>,
    /// What weights are ranked by instead of their products: a method that Unifews is compared with. With
    /// [`WeightMode::Target`] only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ranking: Option<WeightRanking>,
}

impl Default for WeightRule {
    fn default() -> Self {
        Self { mode: WeightMode::default(), delta: zero(), ranking: None }
    }
}

impl WeightRule {
    /// Checks ranges, list lengths and what goes with a ranking.
    ///
    /// # Errors
    /// [`EngineError::Recipe`] naming the key, what is allowed and what was given.
    pub(super) fn check(&self, model: &Architecture) -> Result<(), EngineError> {
        check_deltas("weights.delta", &self.delta, model.layers, self.mode == WeightMode::Target)?;
        let Some(ranking) = self.ranking else { return Ok(()) };
        if self.mode != WeightMode::Target {
            let expected = format!("target with weights.ranking {}", ranking.key());
            return Err(EngineError::recipe("weights.mode", expected, self.mode.key()));
        }
        if ranking == WeightRanking::MagnitudeGlobal && self.delta.len() != 1 {
            let found = format!("{} values", self.delta.len());
            return Err(EngineError::recipe("weights.delta", "one value for a ranking over all layers", found));
        }
        Ok(())
    }
}
