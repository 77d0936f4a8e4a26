//! What a pruned model and its graphs take when they are stored sparse.
//!
//! Every tensor is stored in the smallest of three encodings, in PyTorch's orientation:
//!
//! ```text
//! dense    n_values × v
//! bitmask  ⌈n_values / 8⌉ + n_stored × v             one bit per value, row-major
//! csr      (rows + 1) × 4 + n_stored × (c + v)       c = 2 up to 65,536 columns, else 4; matrices only
//! ```
//! `v` is 4 (f32) or 2 (bf16, f16), and a value is stored where its bits are not those of +0. What is never here: bytes; `io` writes them.

use serde::{Deserialize, Serialize};

use crate::engine::model::{Model, Parameter};
use crate::engine::sparsify::{EdgeMask, EntryValues};

/// Bytes of a tensor's values in memory over the bytes of its compressed sparse rows, at most: what a reader may count on.
pub const MAX_CSR_EXPANSION: u64 = 256;
/// Tensors of no more values than this may expand by more.
pub const MAX_FREE_VALUES: u64 = 1 << 22;
/// Largest number of columns whose indices are stored in 16 bits.
pub const MAX_SHORT_COLUMNS: u64 = 1 << 16;

/// How the values of stored weight matrices are written. Vectors (biases, normalisations, attention) stay 32-bit floats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValueType {
    /// 32-bit floats: the same bits.
    #[default]
    F32,
    /// The upper half of 32-bit floats, rounded to even: 8 bits of precision, the same range.
    Bf16,
    /// IEEE half precision: 11 bits of precision, up to 65,504. A matrix with larger values stays f32.
    F16,
}

impl ValueType {
    /// Every type.
    pub const ALL: [Self; 3] = [Self::F32, Self::Bf16, Self::F16];

    /// As options and files write it.
    pub fn key(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::F16 => "f16",
        }
    }

    /// Bytes of one value.
    pub fn n_bytes(self) -> u64 {
        match self {
            Self::F32 => 4,
            Self::Bf16 | Self::F16 => 2,
        }
    }

    /// The nearest value that this type holds.
    pub fn round(self, value: f32) -> f32 {
        match self {
            Self::F32 => value,
            Self::Bf16 => half::bf16::from_f32(value).to_f32(),
            Self::F16 => half::f16::from_f32(value).to_f32(),
        }
    }

    /// The type that a parameter's values are stored in where this one is asked for.
    pub fn of(self, parameter: &Parameter) -> Self {
        let fits = || parameter.values.iter().all(|v| self.round(*v).is_finite());
        if parameter.is_matrix() && fits() { self } else { Self::F32 }
    }
}

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
    /// Bytes in its encoding.
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
    /// Counts what is not +0, with weight matrices stored as `values`.
    pub fn of(model: &Model, values: ValueType) -> Self {
        let size = |name: &str, shape: Vec<usize>, stored_as: ValueType, all: &mut dyn Iterator<Item = f32>| {
            let n_values: u64 = shape.iter().map(|d| *d as u64).product();
            let n_stored = all.filter(|v| stored_as.round(*v).to_bits() != 0).count() as u64;
            let (encoding, sparse_bytes) = Encoding::smallest(&shape, n_stored, stored_as);
            let (name, values, dense_bytes) = (name.to_owned(), stored_as, n_values * 4);
            TensorSize { name, shape, encoding, values, n_values, n_stored, dense_bytes, sparse_bytes }
        };
        let mut tensors: Vec<TensorSize> = model
            .parameters
            .iter()
            .map(|p| size(&p.name, p.torch_shape(), values.of(p), &mut p.values.iter().copied()))
            .collect();
        if let Some(scaler) = &model.scaler {
            for (name, part) in [("scaler.mean", &scaler.mean), ("scaler.scale", &scaler.scale)] {
                tensors.push(size(name, part.shape().to_vec(), ValueType::F32, &mut part.iter().copied()));
            }
        }
        tensors.sort_by(|a, b| a.name.cmp(&b.name));
        Self { values, tensors }
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
    let pointer = if u32::try_from(n_entries).is_ok() { 4 } else { 8 };
    n_entries as u64 * 8 + (n_rows as u64 + 1) * pointer
}

/// The model with its weight matrices rounded to what `values` holds.
pub fn rounded(model: &Model, values: ValueType) -> Model {
    let mut model = model.clone();
    for parameter in &mut model.parameters {
        let stored_as = values.of(parameter);
        parameter.values.mapv_inplace(|v| stored_as.round(v));
    }
    model
}

/// The mask with its fitted values rounded to what `values` holds; `None` where none are fitted, nothing is rounded, or one is beyond the
/// range.
pub fn rounded_entries(edges: &EdgeMask, values: ValueType) -> Option<EdgeMask> {
    let own = edges.values().filter(|_| values != ValueType::F32)?;
    let steps = own.steps.iter().map(|of_step| of_step.mapv(|v| values.round(v))).collect();
    edges.clone().with_values(EntryValues { steps }).ok()
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
        assert_eq!(rounded(&model, ValueType::F16).parameters[at], model.parameters[at]);
        let bf16 = rounded(&model, ValueType::Bf16);
        assert_ne!(bf16.parameters[at], model.parameters[at]);
        assert_eq!(rounded(&bf16, ValueType::Bf16), bf16, "rounding twice is rounding once");
        let f32 = ModelSize::of(&model, ValueType::F32);
        assert_eq!(rounded(&model, ValueType::F32), model);
        assert!(f32.sparse_bytes() <= f32.dense_bytes());
    }
}
