//! Values of entries in fewer bits (`entry_values.safetensors`): those of the edge files, which are always 32-bit floats, rounded.
//!
//! ```text
//! metadata  format: unifews-entry-values/1, or /2 with int8; values: bf16 | f16 | int8
//! layer_00  [entries, heads] in the order of `edges/layer_00.npz`; bf16 as U16, the upper halves of 32-bit floats; int8 as I8
//! layer_00.scales  int8 alone: F32 [rows, heads]; a value is its integer times the scale of its row and head
//! ```
//! What an identity form puts on the diagonal of an edge file is not in them: it is added to what they stand for.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::SafeTensors;

use super::matrix::StepMatrix;
use crate::engine::experiment::ValueType;
use crate::engine::graph::Topology;
use crate::engine::kernels::{StoredValues, contiguous};
use crate::engine::sparsify::Identity;
use crate::io::model::{TensorBytes, dtype_of, encode_tensors, value_bytes};
use crate::io::report::LoadError;

/// Name and version of the metadata.
const FORMAT: &str = "unifews-entry-values/1";
/// The version of files that hold integers.
const FORMAT_2: &str = "unifews-entry-values/2";

fn name_of(step: usize) -> String {
    format!("layer_{step:02}")
}

/// The values of one step in fewer bits.
pub(super) struct StepValues {
    stored: StoredValues,
    /// Entries and heads.
    shape: [usize; 2],
}

impl StepValues {
    /// Those of `matrix` as `kind`. Where an identity form stands on its diagonal, `entries` says what the graph's entries are multiplied with: the
    /// graph, and a value for each of its entries.
    pub(super) fn of(
        matrix: &StepMatrix,
        identity: Identity,
        (topology, entries): (&Topology, &[f32]),
        kind: ValueType,
    ) -> Self {
        if identity == Identity::SelfLoop {
            return Self::as_stored(matrix, &matrix.values, kind);
        }
        // What the entry itself carries, if it is propagated over at all.
        let own = |u: u32| match identity {
            Identity::ResidualLoop => topology.find(u as usize, u as usize).map_or(0.0, |k| entries[k]),
            Identity::SelfLoop | Identity::Residual => 0.0,
        };
        let places = matrix.structure.entries().zip(&matrix.values);
        let values: Vec<f32> = places.map(|((u, v), value)| if u == v { own(u) } else { *value }).collect();
        Self::as_stored(matrix, &values, kind)
    }

    fn as_stored(matrix: &StepMatrix, values: &[f32], kind: ValueType) -> Self {
        let indptr = matrix.structure.indptr();
        match &matrix.coefficients {
            Some(all) => {
                let stored = StoredValues::new(contiguous(all.view()), indptr, all.ncols(), kind);
                Self { stored, shape: [all.nrows(), all.ncols()] }
            }
            None => Self { stored: StoredValues::new(values, indptr, 1, kind), shape: [values.len(), 1] },
        }
    }

    fn kind(&self) -> ValueType {
        self.stored.kind()
    }

    fn value_bytes(&self) -> Vec<u8> {
        match &self.stored {
            StoredValues::Int8 { values, .. } => values.iter().map(|q| q.cast_unsigned()).collect(),
            StoredValues::F32(values) => value_bytes(ValueType::F32, values.iter().copied()),
            StoredValues::Bf16(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            StoredValues::F16(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        }
    }

    fn scale_bytes(&self) -> Option<Vec<u8>> {
        let StoredValues::Int8 { scales, .. } = &self.stored else { return None };
        Some(value_bytes(ValueType::F32, scales.iter().copied()))
    }
}

/// The file of all steps, whose values were asked for as `kind`.
pub(super) fn encode(steps: &[StepValues], kind: ValueType) -> Vec<u8> {
    let mut tensors = Vec::new();
    for (step, of_step) in steps.iter().enumerate() {
        let heads = of_step.shape[1];
        tensors.push(TensorBytes {
            name: name_of(step),
            dtype: dtype_of(of_step.kind()).1,
            shape: of_step.shape.to_vec(),
            bytes: of_step.value_bytes(),
        });
        if let Some(bytes) = of_step.scale_bytes() {
            let shape = vec![bytes.len() / 4 / heads.max(1), heads];
            tensors.push(TensorBytes { name: format!("{}.scales", name_of(step)), dtype: "F32", shape, bytes });
        }
    }
    let format = if kind == ValueType::Int8 { FORMAT_2 } else { FORMAT };
    let metadata = [("format", format), ("values", kind.key())].map(|(key, value)| (key.to_owned(), value.to_owned()));
    encode_tensors(&tensors, &BTreeMap::from(metadata))
}

/// Checks that a file holds what the values of `matrices` are rounded to. What an identity form put on a diagonal cannot be taken off again: with one,
/// only that every step is there is checked.
///
/// # Errors
/// [`LoadError::Content`] naming the step whose values are others.
pub(super) fn check(
    bytes: &[u8],
    path: &Path,
    (matrices, identity): (&[StepMatrix], Identity),
    kind: ValueType,
) -> Result<(), LoadError> {
    let file = SafeTensors::deserialize(bytes)
        .map_err(|error| LoadError::content(path, "whole file", "safetensors", error))?;
    for (step, matrix) in matrices.iter().enumerate() {
        let expected = StepValues::as_stored(matrix, &matrix.values, kind);
        let name = name_of(step);
        let has = |name: &str, dtype, bytes: &[u8]| {
            file.tensor(name).is_ok_and(|found| {
                found.dtype() == dtype
                    && if identity == Identity::SelfLoop {
                        found.data() == bytes
                    } else {
                        found.data().len() == bytes.len()
                    }
            })
        };
        let has_values = has(&name, dtype_of(expected.kind()).0, &expected.value_bytes());
        let has_scales = expected
            .scale_bytes()
            .is_none_or(|bytes| has(&format!("{name}.scales"), dtype_of(ValueType::F32).0, &bytes));
        if !(has_values && has_scales) {
            let expected = format!("the values of {} as {}", super::names::edges(step), kind.key());
            return Err(LoadError::content(path, format!("tensor {name}"), expected, "others"));
        }
    }
    Ok(())
}
