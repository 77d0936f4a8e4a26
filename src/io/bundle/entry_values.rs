//! Fitted values of entries in 16 bits (`entry_values.safetensors`): those of the edge files, which are always 32-bit floats, rounded.
//!
//! ```text
//! metadata  format: unifews-entry-values/1; values: bf16 | f16
//! layer_00  [entries, heads] in the order of `edges/layer_00.npz`; bf16 as U16, the upper halves of 32-bit floats
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::SafeTensors;

use super::matrix::StepMatrix;
use crate::engine::experiment::ValueType;
use crate::engine::sparsify::EntryValues;
use crate::io::model::{TensorBytes, dtype_of, encode_tensors, value_bytes};
use crate::io::report::LoadError;

/// Name and version of the metadata.
const FORMAT: &str = "unifews-entry-values/1";

fn name_of(step: usize) -> String {
    format!("layer_{step:02}")
}

/// The file of values that are rounded to `values` already.
pub(super) fn encode(rounded: &EntryValues, values: ValueType) -> Vec<u8> {
    let tensors = rounded.steps.iter().enumerate().map(|(step, of_step)| TensorBytes {
        name: name_of(step),
        dtype: dtype_of(values).1,
        shape: of_step.shape().to_vec(),
        bytes: value_bytes(values, of_step.iter().copied()),
    });
    let metadata =
        [("format", FORMAT), ("values", values.key())].map(|(key, value)| (key.to_owned(), value.to_owned()));
    encode_tensors(&tensors.collect::<Vec<_>>(), &BTreeMap::from(metadata))
}

/// Checks that a file holds what the values of `matrices` are rounded to.
///
/// # Errors
/// [`LoadError::Content`] naming the step whose values are others.
pub(super) fn check(bytes: &[u8], path: &Path, matrices: &[StepMatrix], values: ValueType) -> Result<(), LoadError> {
    let file = SafeTensors::deserialize(bytes)
        .map_err(|error| LoadError::content(path, "whole file", "safetensors", error))?;
    for (step, matrix) in matrices.iter().enumerate() {
        let name = name_of(step);
        let expected = match &matrix.coefficients {
            Some(coefficients) => value_bytes(values, coefficients.iter().copied()),
            None => value_bytes(values, matrix.values.iter().copied()),
        };
        let found = file.tensor(&name).ok();
        if found.is_none_or(|found| found.dtype() != dtype_of(values).0 || found.data() != expected) {
            let expected = format!("the values of {} as {}", super::names::edges(step), values.key());
            return Err(LoadError::content(path, format!("tensor {name}"), expected, "others"));
        }
    }
    Ok(())
}
