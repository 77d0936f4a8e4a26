//! Values stored in fewer bits than they are computed with: halves, and integers of 8 bits with a scale.
//!
//! ```text
//! bf16  the upper half of a 32-bit float, rounded to even
//! f16   IEEE half precision
//! int8  q = round(v / s) within ±127; one s per row (and head), or per column of a weight matrix
//! ```
//! Kernels widen a value to a 32-bit float where they read it and add up 32-bit floats. An int8 sum is a chain over `q` and is multiplied
//! with its scale at the end.

use half::{bf16, f16};
use serde::{Deserialize, Serialize};

/// How the values of stored weight matrices and entries are written. Vectors (biases, normalisations, attention) stay 32-bit floats.
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
    /// Integers from -127 to 127, symmetric, with a scale of every output of a weight matrix or of every row of entries.
    Int8,
}

impl ValueType {
    /// Every type.
    pub const ALL: [Self; 4] = [Self::F32, Self::Bf16, Self::F16, Self::Int8];

    /// As recipes, options and files write it.
    pub fn key(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::F16 => "f16",
            Self::Int8 => "int8",
        }
    }

    /// Bytes of one value, without scales.
    pub fn n_bytes(self) -> u64 {
        match self {
            Self::F32 => 4,
            Self::Bf16 | Self::F16 => 2,
            Self::Int8 => 1,
        }
    }

    /// The nearest value that this type holds. Of int8 that is a question of the scale: see [`quantised`].
    pub(crate) fn round(self, value: f32) -> f32 {
        match self {
            Self::F32 | Self::Int8 => value,
            Self::Bf16 => bf16::from_f32(value).to_f32(),
            Self::F16 => f16::from_f32(value).to_f32(),
        }
    }

    /// The type that `values` are stored in where this one is asked for: what would not stay finite stays 32-bit floats.
    pub(crate) fn of<'a>(self, values: impl IntoIterator<Item = &'a f32>) -> Self {
        if values.into_iter().all(|v| self.round(*v).is_finite()) { self } else { Self::F32 }
    }
}

/// Integers lie between this and its negative.
pub(crate) const MAX_INT8: f32 = 127.0;

/// The scale at which values of `largest` magnitude just fit.
pub(crate) fn scale_of(largest: f32) -> f32 {
    largest / MAX_INT8
}

/// The integer of a value, ties to even. A scale of 0 holds nothing but 0.
pub(crate) fn quantised(value: f32, scale: f32) -> i8 {
    if scale > 0.0 { (value / scale).round_ties_even().clamp(-MAX_INT8, MAX_INT8) as i8 } else { 0 }
}

/// What an integer stands for.
pub(crate) fn dequantised(integer: i8, scale: f32) -> f32 {
    f32::from(integer) * scale
}

/// A value as it lies in memory.
pub(crate) trait StoredValue: Copy + Send + Sync + 'static {
    /// Whether a sum is multiplied with a scale at its end.
    const IS_SCALED: bool = false;
    /// As it is computed with.
    fn widen(self) -> f32;
}

impl StoredValue for f32 {
    #[inline(always)]
    fn widen(self) -> f32 {
        self
    }
}

impl StoredValue for bf16 {
    #[inline(always)]
    fn widen(self) -> f32 {
        f32::from_bits(u32::from(self.to_bits()) << 16)
    }
}

impl StoredValue for f16 {
    /// Finite values alone. The exponent is moved by a product, which is exact for subnormal values, too.
    #[inline(always)]
    fn widen(self) -> f32 {
        /// `2^112`: the difference of the exponents' biases.
        const SHIFT: f32 = f32::from_bits((112 + 127) << 23);
        let bits = u32::from(self.to_bits());
        let magnitude = f32::from_bits((bits & 0x7fff) << 13) * SHIFT;
        f32::from_bits(magnitude.to_bits() | (bits & 0x8000) << 16)
    }
}

impl StoredValue for i8 {
    const IS_SCALED: bool = true;

    #[inline(always)]
    fn widen(self) -> f32 {
        f32::from(self)
    }
}

/// The end of a sum that began at 0 and is to be scaled, beside what the row starts from.
#[inline(always)]
pub(super) fn scaled(sum: f32, scale: f32, start: Option<f32>) -> f32 {
    match start {
        Some(start) => scale.mul_add(sum, start),
        None => scale * sum,
    }
}

/// Values row after row, a fixed number of columns (heads) for each entry of a row.
#[derive(Debug, Clone)]
pub(crate) enum StoredValues {
    F32(Vec<f32>),
    Bf16(Vec<bf16>),
    F16(Vec<f16>),
    /// `scales: [rows · heads]`
    Int8 {
        values: Vec<i8>,
        scales: Vec<f32>,
    },
}

/// The same, borrowed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ValuesRef<'a> {
    F32(&'a [f32]),
    Bf16(&'a [bf16]),
    F16(&'a [f16]),
    Int8 { values: &'a [i8], scales: &'a [f32] },
}

impl StoredValues {
    /// `values` as `kind`; 32-bit floats where one would not stay finite.
    ///
    /// # Shapes
    /// `values: [entries · heads]`, `indptr: [rows + 1]` of entries
    pub(crate) fn new(values: &[f32], indptr: &[usize], heads: usize, kind: ValueType) -> Self {
        match kind.of(values) {
            ValueType::F32 => Self::F32(values.to_vec()),
            ValueType::Bf16 => Self::Bf16(values.iter().map(|v| bf16::from_f32(*v)).collect()),
            ValueType::F16 => Self::F16(values.iter().map(|v| f16::from_f32(*v)).collect()),
            ValueType::Int8 => {
                let mut scales = Vec::with_capacity((indptr.len() - 1) * heads);
                let mut integers = Vec::with_capacity(values.len());
                for ends in indptr.windows(2) {
                    let row = &values[ends[0] * heads..ends[1] * heads];
                    let first = scales.len();
                    for head in 0..heads {
                        let largest = row.iter().skip(head).step_by(heads).fold(0.0f32, |most, v| most.max(v.abs()));
                        scales.push(scale_of(largest));
                    }
                    integers.extend((0..row.len()).map(|at| quantised(row[at], scales[first + at % heads])));
                }
                Self::Int8 { values: integers, scales }
            }
        }
    }

    /// What they stand for. `indptr` and `heads` as they were made with.
    pub(crate) fn widened(&self, indptr: &[usize], heads: usize) -> Vec<f32> {
        match self {
            Self::F32(values) => values.clone(),
            Self::Bf16(values) => values.iter().map(|v| v.widen()).collect(),
            Self::F16(values) => values.iter().map(|v| v.widen()).collect(),
            Self::Int8 { values, scales } => {
                let mut out = Vec::with_capacity(values.len());
                for (row, ends) in indptr.windows(2).enumerate() {
                    let scale = |at: usize| scales[row * heads + at % heads];
                    let of_row = values[ends[0] * heads..ends[1] * heads].iter().enumerate();
                    out.extend(of_row.map(|(at, q)| dequantised(*q, scale(at))));
                }
                out
            }
        }
    }

    pub(crate) fn as_ref(&self) -> ValuesRef<'_> {
        match self {
            Self::F32(values) => ValuesRef::F32(values),
            Self::Bf16(values) => ValuesRef::Bf16(values),
            Self::F16(values) => ValuesRef::F16(values),
            Self::Int8 { values, scales } => ValuesRef::Int8 { values, scales },
        }
    }

    /// What they are stored as.
    pub(crate) fn kind(&self) -> ValueType {
        match self {
            Self::F32(_) => ValueType::F32,
            Self::Bf16(_) => ValueType::Bf16,
            Self::F16(_) => ValueType::F16,
            Self::Int8 { .. } => ValueType::Int8,
        }
    }

    /// Bytes in memory.
    pub(crate) fn n_bytes(&self) -> usize {
        match self {
            Self::F32(values) => size_of_val(&values[..]),
            Self::Bf16(values) => size_of_val(&values[..]),
            Self::F16(values) => size_of_val(&values[..]),
            Self::Int8 { values, scales } => size_of_val(&values[..]) + size_of_val(&scales[..]),
        }
    }
}

/// Rows that are gathered, as they are stored. `[n, width]`
#[derive(Debug, Clone, Copy)]
pub(crate) enum RowsRef<'a> {
    F32(&'a [f32]),
    Bf16(&'a [bf16]),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_widens_to_what_it_stands_for() {
        for bits in 0..=u16::MAX {
            let half = f16::from_bits(bits);
            if half.is_finite() {
                assert_eq!(half.widen().to_bits(), half.to_f32().to_bits(), "{bits:#06x}");
            }
            let upper = bf16::from_bits(bits);
            if !upper.is_nan() {
                assert_eq!(upper.widen().to_bits(), upper.to_f32().to_bits(), "{bits:#06x}");
            }
        }
    }

    #[test]
    fn integers_come_back_from_what_they_stand_for() {
        for scale in [1e-30f32, 0.003, 0.1, 1.0, 7.3e20] {
            for q in -127..=127i8 {
                assert_eq!(quantised(dequantised(q, scale), scale), q, "{scale}");
            }
        }
        assert_eq!((quantised(1.0, 0.0), quantised(300.0, 1.0), quantised(-300.0, 1.0)), (0, 127, -127));
        assert_eq!((quantised(0.5, 1.0), quantised(1.5, 1.0)), (0, 2), "ties to even");
    }

    #[test]
    fn rows_and_heads_have_scales_of_their_own() {
        let (indptr, heads) = ([0, 2, 2, 3], 2);
        let values = [1.0, -20.0, 0.5, 10.0, 0.0, 3.0];
        let stored = StoredValues::new(&values, &indptr, heads, ValueType::Int8);
        let StoredValues::Int8 { values: integers, scales } = &stored else { panic!("int8") };
        assert_eq!(integers, &[127, -127, 64, 64, 0, 127]);
        assert_eq!(scales, &[1.0 / 127.0, 20.0 / 127.0, 0.0, 0.0, 0.0, 3.0 / 127.0]);
        for (v, w) in values.iter().zip(stored.widened(&indptr, heads)) {
            assert!((v - w).abs() <= 0.5 * 20.0 / 127.0, "{v} {w}");
        }
        assert_eq!(stored.n_bytes(), 6 + 6 * 4);
        let too_large = StoredValues::new(&[1e6], &[0, 1], 1, ValueType::F16);
        assert_eq!(too_large.kind(), ValueType::F32, "beyond the largest half");
    }
}
