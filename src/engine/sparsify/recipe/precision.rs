//! Section `[precision]`: what the finished pruned model is stored as, beside its 32-bit floats.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::engine::kernels::{Precision, ValueType};

/// What weights and entries are stored as in low precision.
///
/// Masks, recovery and the logits of the run are those of 32-bit floats whatever it says: it is applied to the finished model and measured beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PrecisionRule {
    /// Kept weights of every matrix; int8 with a scale of every output.
    pub weights: ValueType,
    /// Values of kept entries; int8 with a scale of every row, and of every head of attention.
    pub entries: ValueType,
}

impl PrecisionRule {
    /// Whether everything stays 32-bit floats.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What a model in low precision is stored as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct StoredAs {
    /// Weights.
    pub weights: ValueType,
    /// Values of entries.
    pub entries: ValueType,
    /// Embeddings where they are propagated.
    pub embeddings: Precision,
}

impl StoredAs {
    /// 32-bit floats but for embeddings as bf16: all that earlier versions could measure.
    pub(crate) fn halved_embeddings() -> Self {
        Self { embeddings: Precision::Bf16, ..Self::default() }
    }
}

impl fmt::Display for StoredAs {
    /// `weights int8, entries bf16`: what is not stored as 32-bit floats.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts =
            [("weights", self.weights.key()), ("entries", self.entries.key()), ("embeddings", self.embeddings.key())];
        let parts = parts.into_iter().filter(|(_, key)| *key != ValueType::F32.key());
        f.write_str(&parts.map(|(what, key)| format!("{what} {key}")).collect::<Vec<_>>().join(", "))
    }
}
