//! Pruned models stored sparse (`unifews-sparse-model/1`, and `/2` where weights are int8), in the container of safetensors.
//!
//! ```text
//! metadata  format, architecture, trained_on as in a dense file of ours; values: f32 | bf16 | f16 | int8;
//!           tensors: JSON {"NAME": {"encoding": "dense" | "bitmask" | "csr", "values": "f32" | "bf16" | "f16" | "int8", "shape": […]}}
//! dense     NAME         every value, row-major
//! bitmask   NAME.mask    U8, ⌈n / 8⌉: bit k of byte j is 1 where value 8 j + k is stored (numpy.unpackbits, bitorder "little")
//!           NAME.values  those values, in order
//! csr       NAME.indptr  U32, rows + 1
//!           NAME.indices U16 (up to 65,536 columns) or U32: columns, ascending in every row
//!           NAME.values  their values
//! ```
//! int8      NAME.scales  F32, one for every output: the rows of a matrix [out, in], with "outputs": 1 in its note the columns of [in, out];
//!                        a weight is its integer (I8) times the scale of its output
//! Values are F32, F16 or I8; bf16 is stored as U16, the upper halves of 32-bit floats, since NumPy has no such type. What is not stored is
//! +0, so that a file of f32 gives every bit of the model back. Which encoding is the smallest: `engine/experiment/size.rs`.
//!
//! Here they are read; `sparse_write` writes them. What is never allocated: more than [`MAX_CSR_EXPANSION`] times the bytes of a tensor, but for tensors of up to [`MAX_FREE_VALUES`]
//! values.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use ndarray::{ArrayD, Axis, IxDyn};
use safetensors::SafeTensors;
use safetensors::tensor::Dtype;
use serde::{Deserialize, Serialize};

use crate::engine::experiment::{Encoding, MAX_CSR_EXPANSION, MAX_FREE_VALUES, ValueType};
use crate::io::reading::{self, Pace};
use crate::io::report::LoadError;
use crate::io::text::shortened;

/// Name and version of the metadata.
pub const SPARSE_MODEL_FORMAT: &str = "unifews-sparse-model/1";
/// The version of files that hold integers, which earlier programs do not know.
pub(super) const SPARSE_MODEL_FORMAT_2: &str = "unifews-sparse-model/2";

/// How one tensor is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    pub(super) encoding: Encoding,
    pub(super) values: ValueType,
    pub(super) shape: Vec<usize>,
    /// The axis that outputs, which have scales, lie along.
    #[serde(default, skip_serializing_if = "is_first")]
    pub(super) outputs: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_first(axis: &usize) -> bool {
    *axis == 0
}

/// The type of a file's values, and its name.
pub(crate) fn dtype_of(values: ValueType) -> (Dtype, &'static str) {
    match values {
        ValueType::F32 => (Dtype::F32, "F32"),
        ValueType::Bf16 => (Dtype::U16, "U16"),
        ValueType::F16 => (Dtype::F16, "F16"),
        ValueType::Int8 => (Dtype::I8, "I8"),
    }
}

fn values_of(values: ValueType, bytes: &[u8]) -> Vec<f32> {
    let halves = || bytes.as_chunks::<2>().0.iter();
    match values {
        ValueType::F32 => bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
        ValueType::Bf16 => halves().map(|b| half::bf16::from_le_bytes(*b).to_f32()).collect(),
        ValueType::F16 => halves().map(|b| half::f16::from_le_bytes(*b).to_f32()).collect(),
        ValueType::Int8 => bytes.iter().map(|b| f32::from(b.cast_signed())).collect(),
    }
}

/// Where it is said how tensors are stored.
const PLACE: &str = "metadata tensors";

fn notes_of(metadata: &HashMap<String, String>, path: &Path) -> Result<BTreeMap<String, Note>, LoadError> {
    let fault =
        |found: String| LoadError::content(path, PLACE, "how every tensor is stored, in JSON", shortened(&found));
    let text = metadata.get("tensors").ok_or_else(|| fault("no such key".to_owned()))?;
    serde_json::from_str(text).map_err(|error| fault(error.to_string()))
}

/// Every tensor of a sparse file, all values in their places.
///
/// # Errors
/// [`LoadError::Content`] naming the tensor, what was expected and what was found.
pub(super) fn decode(
    file: &SafeTensors<'_>,
    metadata: &HashMap<String, String>,
    path: &Path,
) -> Result<BTreeMap<String, ArrayD<f32>>, LoadError> {
    let notes = notes_of(metadata, path)?;
    let mut tensors = BTreeMap::new();
    let mut n_parts = 0;
    for (name, note) in notes {
        let parts = Parts { file, path, name: &name };
        n_parts += match note.encoding {
            Encoding::Dense => 1,
            Encoding::Bitmask => 2,
            Encoding::Csr => 3,
        } + usize::from(note.values == ValueType::Int8);
        let tensor = parts.decode(&note)?;
        tensors.insert(name, tensor);
    }
    if n_parts != file.len() {
        let expected = format!("{n_parts} arrays, as {PLACE} says");
        return Err(LoadError::content(path, "whole file", expected, format!("{} arrays", file.len())));
    }
    Ok(tensors)
}

/// The scales of every tensor of a file that is stored as integers, by name.
///
/// # Errors
/// [`LoadError::Content`] naming the tensor, what was expected and what was found.
pub(crate) fn scales_of_sparse_model(bytes: &[u8], path: &Path) -> Result<BTreeMap<String, Vec<f32>>, LoadError> {
    let fault = |error: &dyn std::fmt::Display| {
        LoadError::content(path, "whole file", "safetensors", shortened(&error.to_string()))
    };
    let file = SafeTensors::deserialize(bytes).map_err(|error| fault(&error))?;
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| fault(&error))?;
    let notes = notes_of(&header.metadata().clone().unwrap_or_default(), path)?;
    let integers = notes.into_iter().filter(|(_, note)| note.values == ValueType::Int8);
    integers.map(|(name, note)| Ok((name.clone(), Parts { file: &file, path, name: &name }.scales(&note)?))).collect()
}

/// The arrays that one tensor is stored in.
struct Parts<'a> {
    file: &'a SafeTensors<'a>,
    path: &'a Path,
    name: &'a str,
}

impl<'a> Parts<'a> {
    fn fault(&self, part: &str, expected: impl ToString, found: impl ToString) -> LoadError {
        let place = format!("tensor {}{part}", shortened(self.name));
        LoadError::content(self.path, place, expected.to_string(), found.to_string())
    }

    /// The bytes of a part of one of these types, and which it is.
    fn part(&self, part: &str, types: &[Dtype]) -> Result<(Dtype, &'a [u8]), LoadError> {
        let view = self
            .file
            .tensor(&format!("{}{part}", self.name))
            .map_err(|_missing| self.fault(part, "an array of this name, as metadata tensors says", "none"))?;
        if types.contains(&view.dtype()) {
            return Ok((view.dtype(), view.data()));
        }
        let expected: Vec<String> = types.iter().map(|t| format!("{t:?}")).collect();
        Err(self.fault(part, expected.join(" or "), format!("{:?}", view.dtype())))
    }

    fn values(&self, part: &str, note: &Note, expected: u64) -> Result<Vec<f32>, LoadError> {
        let (_, bytes) = self.part(part, &[dtype_of(note.values).0])?;
        let values = values_of(note.values, bytes);
        if values.len() as u64 == expected {
            Ok(values)
        } else {
            Err(self.fault(part, format!("{expected} values"), values.len()))
        }
    }

    fn decode(&self, note: &Note) -> Result<ArrayD<f32>, LoadError> {
        let too_many = || self.fault("", "a tensor that fits into memory", format!("shape {:?}", note.shape));
        let n_values = note.shape.iter().try_fold(1u64, |n, d| n.checked_mul(*d as u64)).ok_or_else(too_many)?;
        if n_values == 0 {
            return Err(self.fault("", "at least one value", format!("shape {:?}", note.shape)));
        }
        let values = match note.encoding {
            Encoding::Dense => self.values("", note, n_values)?,
            Encoding::Bitmask => self.decode_bitmask(note, n_values)?,
            Encoding::Csr => self.decode_rows(note, n_values)?,
        };
        let tensor = ArrayD::from_shape_vec(IxDyn(&note.shape), values);
        let mut tensor = tensor.map_err(|error| self.fault("", "a tensor", error))?;
        if note.values == ValueType::Int8 {
            let scales = self.scales(note)?;
            for (mut of_output, scale) in tensor.axis_iter_mut(Axis(note.outputs)).zip(scales) {
                of_output.mapv_inplace(|integer| integer * scale);
            }
        }
        Ok(tensor)
    }

    fn scales(&self, note: &Note) -> Result<Vec<f32>, LoadError> {
        let Some(n_outputs) = note.shape.get(note.outputs).copied() else {
            return Err(self.fault("", "outputs along an axis of the shape", note.outputs));
        };
        let (_, bytes) = self.part(".scales", &[Dtype::F32])?;
        let scales = values_of(ValueType::F32, bytes);
        if scales.len() == n_outputs && scales.iter().all(|scale| scale.is_finite() && *scale >= 0.0) {
            Ok(scales)
        } else {
            Err(self.fault(
                ".scales",
                format!("{n_outputs} numbers of at least 0"),
                format!("{} numbers", scales.len()),
            ))
        }
    }

    /// Asks for a tensor with all its values in their places.
    fn ask(&self, n_values: u64) -> Result<(), LoadError> {
        let n_bytes = n_values.saturating_mul(size_of::<f32>() as u64);
        reading::ask(self.path, n_bytes, || format!("{n_values} values (tensor {})", shortened(self.name)))
    }

    fn decode_bitmask(&self, note: &Note, n_values: u64) -> Result<Vec<f32>, LoadError> {
        let (_, bits) = self.part(".mask", &[Dtype::U8])?;
        if bits.len() as u64 != n_values.div_ceil(8) {
            let expected = format!("{} bytes for {n_values} values", n_values.div_ceil(8));
            return Err(self.fault(".mask", expected, bits.len()));
        }
        let n_stored: u64 = bits.iter().map(|b| u64::from(b.count_ones())).sum();
        let stored = self.values(".values", note, n_stored)?;
        self.ask(n_values)?;
        let mut values = vec![0.0; n_values as usize];
        let mut stored = stored.into_iter();
        let mut pace = Pace::default();
        for (j, byte) in bits.iter().enumerate() {
            pace.step(8)?;
            for k in (0..8).filter(|k| byte >> k & 1 == 1) {
                let Some(slot) = values.get_mut(8 * j + k) else {
                    return Err(self.fault(".mask", "no bit behind the last value", format!("bit {}", 8 * j + k)));
                };
                *slot = stored.next().unwrap_or_default();
            }
        }
        Ok(values)
    }

    fn decode_rows(&self, note: &Note, n_values: u64) -> Result<Vec<f32>, LoadError> {
        let [rows, columns] = note.shape[..] else {
            return Err(self.fault("", "a matrix", format!("shape {:?}", note.shape)));
        };
        let (_, indptr) = self.part(".indptr", &[Dtype::U32])?;
        let (kind, indices) = self.part(".indices", &[Dtype::U16, Dtype::U32])?;
        let indptr: Vec<usize> = indptr.as_chunks::<4>().0.iter().map(|b| u32::from_le_bytes(*b) as usize).collect();
        let indices: Vec<usize> = if kind == Dtype::U16 {
            indices.as_chunks::<2>().0.iter().map(|b| usize::from(u16::from_le_bytes(*b))).collect()
        } else {
            indices.as_chunks::<4>().0.iter().map(|b| u32::from_le_bytes(*b) as usize).collect()
        };
        let n_stored = indices.len();
        if indptr.len() != rows.saturating_add(1) || !indptr.is_sorted() || indptr[0] != 0 || indptr[rows] != n_stored {
            let expected = format!("{} row pointers that rise from 0 to {n_stored}", rows.saturating_add(1));
            return Err(self.fault(".indptr", expected, format!("{} others", indptr.len())));
        }
        let stored = self.values(".values", note, n_stored as u64)?;
        let stored_bytes = (indptr.len() * 4 + n_stored * 6) as u64;
        if n_values > MAX_FREE_VALUES && n_values.saturating_mul(4) > MAX_CSR_EXPANSION.saturating_mul(stored_bytes) {
            let expected = format!("at most {MAX_CSR_EXPANSION} times the {stored_bytes} bytes that are stored");
            return Err(self.fault("", expected, format!("shape {:?}", note.shape)));
        }
        self.ask(n_values)?;
        let mut values = vec![0.0; n_values as usize];
        let mut pace = Pace::default();
        for (row, bounds) in indptr.windows(2).enumerate() {
            let mut before = None;
            pace.step(1 + bounds[1] - bounds[0])?;
            for at in bounds[0]..bounds[1] {
                let column = indices[at];
                if column >= columns || before.is_some_and(|b| b >= column) {
                    let expected = format!("columns below {columns}, ascending in every row");
                    return Err(self.fault(".indices", expected, format!("{column} in row {row}")));
                }
                values[row * columns + column] = stored[at];
                before = Some(column);
            }
        }
        Ok(values)
    }
}
