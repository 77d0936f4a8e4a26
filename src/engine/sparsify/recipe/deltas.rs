//! Lists of thresholds: one value for all steps, or one for each.

use serde::Deserialize;

use crate::engine::error::EngineError;

/// Removes nothing.
pub(super) fn zero() -> Vec<f64> {
    vec![0.0]
}

/// Reads a number as a list of one.
pub(super) fn one_or_many<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(f64),
        Many(Vec<f64>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(value) => vec![value],
        OneOrMany::Many(values) => values,
    })
}

/// The value of step `step`.
pub(super) fn per_step(deltas: &[f64], step: usize) -> f64 {
    if deltas.len() == 1 { deltas[0] } else { deltas[step] }
}

/// Checks that there is one value, or one per step, and that each is in range.
pub(super) fn check_deltas(field: &str, deltas: &[f64], n_steps: usize, is_share: bool) -> Result<(), EngineError> {
    if deltas.len() != 1 && deltas.len() != n_steps {
        return Err(EngineError::recipe(field, format!("1 or {n_steps} values"), format!("{} values", deltas.len())));
    }
    for &delta in deltas {
        if !(delta.is_finite() && delta >= 0.0) {
            return Err(EngineError::recipe(field, "numbers of at least 0", delta));
        }
        if is_share && delta > 1.0 {
            return Err(EngineError::recipe(field, "shares between 0 and 1 in target mode", delta));
        }
    }
    Ok(())
}
