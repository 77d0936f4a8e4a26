//! What a pruned model and its graphs take when they are stored sparse.
//!
//! Every tensor is stored in the smallest of three encodings, in PyTorch's orientation:
//!
//! ```text
//! dense    n_values × v
//! bitmask  ⌈n_values / 8⌉ + n_stored × v             one bit per value, row-major
//! csr      (rows + 1) × 4 + n_stored × (c + v)       c = 2 up to 65,536 columns, else 4; matrices only
//! ```
//! `v` is 4 (f32), 2 (bf16, f16) or 1 (int8, with 4 bytes more for the scale of every output), and a value is stored where its bits are not
//! those of +0. What is never here: bytes; `io` writes them.

use serde::{Deserialize, Serialize};

use crate::engine::graph::Topology;
use crate::engine::kernels::{StoredValues, ValueType, contiguous};
use crate::engine::model::Model;
use crate::engine::sparsify::{EdgeMask, EntryValues, StoredWeights};

/// Bytes of a tensor's values in memory over the bytes of its compressed sparse rows, at most: what a reader may count on.
pub const MAX_CSR_EXPANSION: u64 = 256;
/// Tensors of no more values than this may expand by more.
pub const MAX_FREE_VALUES: u64 = 1 << 22;
/// Largest number of columns whose indices are stored in 16 bits.
pub const MAX_SHORT_COLUMNS: u64 = 1 << 16;

/// How one tensor is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// Every value.
    Dense,
    /// One bit per value, and the values whose bit is set.
    Bitmask,
    /// Compressed sparse rows.
    Csr,
}

impl Encoding {
    /// The smallest encoding of a tensor of `shape` with `n_stored` values that are not +0, and its bytes.
    pub fn smallest(shape: &[usize], n_stored: u64, values: ValueType) -> (Self, u64) {
        let v = values.n_bytes();
        let n_values: u64 = shape.iter().map(|d| *d as u64).product();
        let mut best = (Self::Dense, n_values * v);
        let mut consider = |encoding, bytes| {
            if bytes < best.1 {
                best = (encoding, bytes);
            }
        };
        consider(Self::Bitmask, n_values.div_ceil(8) + n_stored * v);
        if let [rows, columns] = shape {
            let index = if *columns as u64 <= MAX_SHORT_COLUMNS { 2 } else { 4 };
            let bytes = (*rows as u64 + 1) * 4 + n_stored * (index + v);
            let is_safe = n_values <= MAX_FREE_VALUES || n_values * 4 <= MAX_CSR_EXPANSION * bytes;
            if is_safe && u32::try_from(n_stored).is_ok() {
                consider(Self::Csr, bytes);
            }
        }
        best
    }
}

/// One tensor as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorSize {
    /// Its PyTorch name.
    pub name: String,
    /// In PyTorch's orientation.
    pub shape: Vec<usize>,
    /// The smallest encoding.
    pub encoding: Encoding,
    /// What its values are stored as.
    pub values: ValueType,
    /// Values of the tensor.
    pub n_values: u64,
    /// Values that are not +0.
    pub n_stored: u64,
    /// Bytes of all values as 32-bit floats.
    pub dense_bytes: u64,
    /// Bytes in its encoding, scales included.
    pub sparse_bytes: u64,
}

/// A model as it is stored: tensors by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelSize {
    /// What weight matrices are stored as.
    pub values: ValueType,
    /// Every tensor, by name.
    pub tensors: Vec<TensorSize>,
}

impl ModelSize {
    /// Counts what is not +0, with weight matrices stored as `values`; int8 with scales at which the largest weights fit.
    pub fn of(model: &Model, values: ValueType) -> Self {
        Self::stored(&StoredWeights::new(model, values))
    }

    /// The same of weights that are stored.
    pub fn stored(weights: &StoredWeights) -> Self {
        let size = |name: &str,
                    shape: Vec<usize>,
                    (values, n_scales): (ValueType, usize),
                    all: &mut dyn Iterator<Item = f32>| {
            let n_values: u64 = shape.iter().map(|d| *d as u64).product();
            let n_stored = all.filter(|v| v.to_bits() != 0).count() as u64;
            let (encoding, sparse_bytes) = Encoding::smallest(&shape, n_stored, values);
            let (name, dense_bytes, sparse_bytes) = (name.to_owned(), n_values * 4, sparse_bytes + 4 * n_scales as u64);
            TensorSize { name, shape, encoding, values, n_values, n_stored, dense_bytes, sparse_bytes }
        };
        let model = &weights.model;
        let parameters = model.parameters.iter().map(|p| {
            let (kind, scales) = weights.of(&p.name);
            size(&p.name, p.torch_shape(), (kind, scales.len()), &mut p.values.iter().copied())
        });
        let mut tensors: Vec<TensorSize> = parameters.collect();
        if let Some(scaler) = &model.scaler {
            for (name, part) in [("scaler.mean", &scaler.mean), ("scaler.scale", &scaler.scale)] {
                tensors.push(size(name, part.shape().to_vec(), (ValueType::F32, 0), &mut part.iter().copied()));
            }
        }
        tensors.sort_by(|a, b| a.name.cmp(&b.name));
        Self { values: weights.values, tensors }
    }

    /// Bytes of all values as 32-bit floats.
    pub fn dense_bytes(&self) -> u64 {
        self.tensors.iter().map(|t| t.dense_bytes).sum()
    }

    /// Bytes with every tensor in its smallest encoding.
    pub fn sparse_bytes(&self) -> u64 {
        self.tensors.iter().map(|t| t.sparse_bytes).sum()
    }
}

/// Bytes of a graph's matrix as compressed sparse rows: 32-bit columns and values, and row pointers of 32 bits, or 64 where there are
/// more entries than those count.
pub fn csr_bytes(n_rows: usize, n_entries: usize) -> u64 {
    csr_bytes_as(n_rows, n_entries, ValueType::F32)
}

/// The same with values stored as `values`; int8 with a scale of every row.
pub fn csr_bytes_as(n_rows: usize, n_entries: usize, values: ValueType) -> u64 {
    let pointer = if u32::try_from(n_entries).is_ok() { 4 } else { 8 };
    let scales = if values == ValueType::Int8 { 4 * n_rows as u64 } else { 0 };
    n_entries as u64 * (4 + values.n_bytes()) + (n_rows as u64 + 1) * pointer + scales
}

/// The mask with its fitted values rounded to what `values` holds, int8 with a scale of every row and head; `None` where none are fitted, or nothing
/// is rounded.
pub fn rounded_entries(edges: &EdgeMask, topology: &Topology, values: ValueType) -> Option<EdgeMask> {
    let own = edges.values().filter(|_| values != ValueType::F32)?;
    let steps = own.steps.iter().enumerate().map(|(step, of_step)| {
        let (indptr, heads) = (kept_rows(edges, topology, step), of_step.ncols());
        let stored = StoredValues::new(contiguous(of_step.view()), &indptr, heads, values);
        let widened = stored.widened(&indptr, heads);
        ndarray::Array2::from_shape_vec(of_step.dim(), widened).unwrap_or_else(|_| of_step.clone())
    });
    edges.clone().with_values(EntryValues { steps: steps.collect() }).ok()
}

/// Row pointers of the entries that a step keeps.
fn kept_rows(edges: &EdgeMask, topology: &Topology, step: usize) -> Vec<usize> {
    let mut indptr = vec![0];
    let mut n_kept = 0;
    for u in 0..topology.n_nodes() {
        n_kept += topology.row_range(u).filter(|k| edges.is_kept(*k, step)).count();
        indptr.push(n_kept);
    }
    indptr
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::model::{Architecture, Family};

    #[test]
    fn the_smallest_encoding_is_chosen() {
        let chosen = |n_stored| Encoding::smallest(&[256, 1_433], n_stored, ValueType::F32);
        let n = 256 * 1_433;
        assert_eq!(chosen(n), (Encoding::Dense, n * 4));
        assert_eq!(chosen(n / 2), (Encoding::Bitmask, n / 8 + n / 2 * 4));
        assert_eq!(chosen(n / 100), (Encoding::Csr, 257 * 4 + n / 100 * 6));
        assert_eq!(chosen(0), (Encoding::Csr, 257 * 4));
        // A vector has no rows; seven values take one byte of bits.
        assert_eq!(Encoding::smallest(&[7], 1, ValueType::F32), (Encoding::Bitmask, 5));
        assert_eq!(Encoding::smallest(&[1], 1, ValueType::F32), (Encoding::Dense, 4));
        // What would expand without bound is not stored as rows.
        let (encoding, bytes) = Encoding::smallest(&[100, 1 << 20], 0, ValueType::F32);
        assert_eq!((encoding, bytes), (Encoding::Bitmask, 100 << 17));
    }

    #[test]
    fn values_that_are_rounded_away_are_not_stored_and_those_too_large_stay() {
        let shape = Architecture { hidden: 8, bias: true, ..Architecture::new(Family::Gcn) };
        let mut model = Model::init(&shape, 12, 3, 7);
        let at = model.position("convs.0.lin.weight").expect("a weight");
        model.parameters[at].values.fill(1e-9);
        let size = ModelSize::of(&model, ValueType::F16);
        let of =
            |size: &ModelSize, name: &str| size.tensors.iter().find(|t| t.name == name).cloned().expect("a tensor");
        assert_eq!(of(&size, "convs.0.lin.weight").n_stored, 0, "below the smallest half");
        assert_eq!(of(&size, "convs.0.bias").values, ValueType::F32, "vectors are not rounded");
        model.parameters[at].values[[0, 0]] = 1e6;
        let size = ModelSize::of(&model, ValueType::F16);
        assert_eq!(of(&size, "convs.0.lin.weight").values, ValueType::F32, "beyond the largest half");
        let rounded = |model: &Model, values| StoredWeights::new(model, values).model;
        assert_eq!(rounded(&model, ValueType::F16).parameters[at], model.parameters[at]);
        let bf16 = rounded(&model, ValueType::Bf16);
        assert_ne!(bf16.parameters[at], model.parameters[at]);
        assert_eq!(rounded(&bf16, ValueType::Bf16), bf16, "rounding twice is rounding once");
        // A byte for every weight, and a scale for each of 8 outputs.
        let int8 = ModelSize::of(&model, ValueType::Int8);
        let weight = of(&int8, "convs.0.lin.weight");
        let (_, without) = Encoding::smallest(&weight.shape, weight.n_stored, ValueType::Int8);
        assert_eq!((weight.values, weight.sparse_bytes), (ValueType::Int8, without + 8 * 4));
        let f32 = ModelSize::of(&model, ValueType::F32);
        assert_eq!(rounded(&model, ValueType::F32), model);
        assert!(f32.sparse_bytes() <= f32.dense_bytes());
    }
}
