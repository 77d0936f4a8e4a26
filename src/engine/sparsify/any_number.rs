//! Numbers in JSON that may be none: NaN where nothing was compared, infinity for a threshold that removes everything.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number, or the word that JSON has none for.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Finite(f64),
    Other(String),
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
pub(super) fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
    let written = if value.is_finite() { Written::Finite(*value) } else { Written::Other(value.to_string()) };
    written.serialize(to)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    match Written::deserialize(from)? {
        Written::Finite(value) => Ok(value),
        Written::Other(word) => word.parse().map_err(serde::de::Error::custom),
    }
}
