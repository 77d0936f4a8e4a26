//! Section `[propagation]`: how embeddings are stored where they are propagated, and in which order the hops of a decoupled model go.

use serde::{Deserialize, Serialize};

use super::edges::EdgeMode;
use crate::engine::error::EngineError;
use crate::engine::graph::HopOrder;
use crate::engine::kernels::Precision;
use crate::engine::model::Architecture;

/// How embeddings are propagated over masks that are decided: what that costs and how it rounds, never what is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HopRule {
    /// How embeddings are stored: between hops, or what every layer propagates.
    pub embeddings: Precision,
    /// How the nodes of a decoupled model's embeddings are ordered in memory.
    pub order: HopOrder,
}

impl HopRule {
    /// Whether hops go as they are decided.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Checks what goes with the network and with the mode of the graph side.
    ///
    /// # Errors
    /// [`EngineError::Recipe`] naming the key, what is allowed and what was given.
    pub(super) fn check(self, model: &Architecture, mode: EdgeMode) -> Result<(), EngineError> {
        if self.is_default() {
            return Ok(());
        }
        let found = format!("{}, {}", self.embeddings.key(), self.order.key());
        if mode == EdgeMode::Mass {
            return Err(EngineError::recipe("propagation", "f32, stored in mass mode, which pushes", found));
        }
        if !model.is_decoupled() && self.order != HopOrder::Stored {
            let found = format!("{} with {}", self.order.key(), model.architecture.key());
            return Err(EngineError::recipe("propagation.order", "stored but for decoupled models", found));
        }
        Ok(())
    }
}
