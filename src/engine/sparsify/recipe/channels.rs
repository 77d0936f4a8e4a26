//! How many hidden channels go as a whole: the recipe's section `[channels]`.

use serde::{Deserialize, Serialize};

use crate::engine::error::EngineError;

/// Whole columns of hidden representations that are removed, with all weights into them and out of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelRule {
    /// Share of every hidden representation's columns, `0..1`; as many columns as there are classes stay.
    pub share: f64,
}

impl ChannelRule {
    pub(super) fn check(self) -> Result<(), EngineError> {
        if (0.0..1.0).contains(&self.share) {
            return Ok(());
        }
        Err(EngineError::recipe("channels.share", "a share of at least 0 and below 1", self.share))
    }
}
