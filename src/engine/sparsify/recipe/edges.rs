//! Section `[edges]`: how entries of the diffusion matrix are removed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::deltas::{check_deltas, one_or_many, zero};
use super::pins::Pins;
use crate::engine::error::EngineError;
use crate::engine::model::{Aggregation, Architecture};
use crate::engine::sparsify::baselines::EdgeRanking;

/// How a threshold on the messages is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EdgeMode {
    /// The number itself (paper Eq. 9).
    Absolute,
    /// Times the mean message norm of the layer's current entries (authors' code, iterative models).
    #[default]
    Relative,
    /// Per node and feature, scaled by the feature's total mass (authors' code, decoupled models).
    Mass,
    /// The share of the removable entries to remove; the threshold is found by selection.
    Target,
}

impl EdgeMode {
    /// As recipes and options spell it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Absolute => "absolute",
            Self::Relative => "relative",
            Self::Mass => "mass",
            Self::Target => "target",
        }
    }
}

/// What stands on the diagonal of `T̂`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Identity {
    /// Its self-loop `T[u,u]`, never removed. At threshold 0 this is exactly `T P`.
    #[default]
    SelfLoop,
    /// Itself with weight 1 instead of its self-loop (paper Algorithm 1, line 3).
    Residual,
    /// Itself with weight 1 and its self-loop too (authors' C++ propagation).
    ResidualLoop,
}

impl Identity {
    /// As recipes and options spell it.
    pub fn key(self) -> &'static str {
        match self {
            Self::SelfLoop => "self-loop",
            Self::Residual => "residual",
            Self::ResidualLoop => "residual-loop",
        }
    }
}

/// Which nodes keep all their incoming entries.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Lock {
    /// None: what is reported is what production gets.
    #[default]
    None,
    /// The validation nodes of the split.
    Val,
    /// The test nodes of the split.
    Test,
    /// The nodes listed in a file, one id per line.
    File(String),
}

impl From<String> for Lock {
    fn from(text: String) -> Self {
        match text.as_str() {
            "none" => Self::None,
            "val" => Self::Val,
            "test" => Self::Test,
            _ => Self::File(text),
        }
    }
}

impl From<Lock> for String {
    fn from(lock: Lock) -> Self {
        match lock {
            Lock::None => "none".to_owned(),
            Lock::Val => "val".to_owned(),
            Lock::Test => "test".to_owned(),
            Lock::File(path) => path,
        }
    }
}

/// The graph side of a recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EdgeRule {
    /// How `delta` is meant.
    #[serde(default)]
    pub mode: EdgeMode,
    /// δa: one value for all layers or hops, or one for each. For [`EdgeMode::Target`] the share of the
    /// removable entries to remove, `0..=1`.
    #[serde(default = "zero", deserialize_with = "one_or_many")]
    pub delta: Vec<f64>,
    /// What stands on the diagonal of `T̂`.
    #[serde(default)]
    pub identity: Identity,
    /// Which nodes keep all their incoming entries.
    #[serde(default)]
    pub lock: Lock,
    /// What entries are ranked by instead of their messages: a method that Unifews is compared with. With
    /// [`EdgeMode::Target`] only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ranking: Option<EdgeRanking>,
    /// Entries that were kept or removed by hand; shared, since recipes are copied for every frame.
    #[serde(default, skip_serializing_if = "Pins::is_empty")]
    pub pins: Arc<Pins>,
}

impl Default for EdgeRule {
    fn default() -> Self {
        Self {
            mode: EdgeMode::default(),
            delta: zero(),
            identity: Identity::default(),
            lock: Lock::default(),
            ranking: None,
            pins: Arc::default(),
        }
    }
}

impl EdgeRule {
    /// Checks ranges, list lengths and what goes with the network.
    ///
    /// # Errors
    /// [`EngineError::Recipe`] naming the key, what is allowed and what was given.
    pub(super) fn check(&self, model: &Architecture) -> Result<(), EngineError> {
        check_deltas("edges.delta", &self.delta, model.n_graph_steps(), self.mode == EdgeMode::Target)?;
        if self.mode == EdgeMode::Mass {
            if !model.is_decoupled() {
                let found = format!("mass with {}", model.architecture.key());
                return Err(EngineError::recipe("edges.mode", "mass for decoupled models only", found));
            }
            if self.lock != Lock::None {
                return Err(EngineError::recipe("edges.lock", "none in mass mode", String::from(self.lock.clone())));
            }
        }
        self.pins.check()?;
        if model.has("attention") && self.identity != Identity::SelfLoop {
            return Err(EngineError::recipe("edges.identity", "self-loop with attention", self.identity.key()));
        }
        if model.aggregation == Aggregation::Max && self.identity != Identity::SelfLoop {
            let expected = "self-loop with the maximum of the neighbours";
            return Err(EngineError::recipe("edges.identity", expected, self.identity.key()));
        }
        match self.ranking {
            Some(ranking) if self.mode != EdgeMode::Target => {
                let expected = format!("target with edges.ranking {}", ranking.key());
                Err(EngineError::recipe("edges.mode", expected, self.mode.key()))
            }
            _ => Ok(()),
        }
    }
}
