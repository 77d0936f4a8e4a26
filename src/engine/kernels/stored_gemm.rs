//! Products over kept weights that are stored in fewer bits.
//!
//! Sums are the chains of `sparse_gemm.rs`; over integers they are multiplied with the scale of their output at the end.

use half::{bf16, f16};
use multiversion::multiversion;
use ndarray::{Array2, ArrayView2};
use sprs::CsMatI;

use super::sparse_gemm::{Index, KeptColumns, LANES, compress, product_of_columns};
use super::stored::{StoredValue, StoredValues, ValueType, ValuesRef, quantised, scaled};
use super::{Rows, contiguous, from_row_blocks, rows_per_block};
use crate::engine::control::Control;
use crate::engine::error::EngineError;

/// The weights of a matrix with their values in fewer bits.
///
/// The kept ones column after column (one per output) for dense input, row after row for sparse input; or, for sparse input where few are removed,
/// all of them row after row.
#[derive(Debug, Clone)]
pub struct StoredWeight {
    depth: usize,
    width: usize,
    /// Empty where all weights are stored.
    indptr: Vec<usize>,
    indices: Indices,
    /// Integers have a scale of every output, whichever way they lie.
    values: StoredValues,
    is_by_row: bool,
}

/// Places of kept weights, in 16 bits where these are enough.
#[derive(Debug, Clone)]
enum Indices {
    Short(Vec<u16>),
    Long(Vec<u32>),
}

impl StoredWeight {
    /// Keeps the values of `w: [depth, width]` that are not 0 as `kind`, for input of which all values are there or only stored ones. Of integers
    /// `w` holds what they stand for, and `scales` those of its outputs.
    ///
    /// # Panics
    /// For integers without as many scales as outputs.
    pub fn new(w: ArrayView2<'_, f32>, kind: ValueType, scales: &[f32], sparse_input: bool) -> Self {
        let (depth, width) = w.dim();
        let (indptr, indices, kept) = if sparse_input { compress(w) } else { compress(w.t()) };
        let n_indices = if sparse_input { width } else { depth };
        let mut outputs = Vec::new();
        if kind == ValueType::Int8 {
            for (row, ends) in indptr.windows(2).enumerate() {
                outputs.extend((ends[0]..ends[1]).map(|k| if sparse_input { indices[k] as usize } else { row }));
            }
        }
        let values = in_fewer_bits(kept, kind, (scales, width), |k| outputs[k]);
        let indices = if n_indices <= 1 << 16 {
            Indices::Short(indices.iter().map(|k| *k as u16).collect())
        } else {
            Indices::Long(indices)
        };
        Self { depth, width, indptr, indices, values, is_by_row: sparse_input }
    }

    /// The same for sparse input with every weight stored, removed ones as 0: additions side by side instead of places to look up.
    ///
    /// # Panics
    /// For integers without as many scales as outputs.
    pub fn whole(w: ArrayView2<'_, f32>, kind: ValueType, scales: &[f32]) -> Self {
        let (depth, width) = w.dim();
        let values = in_fewer_bits(w.iter().copied().collect(), kind, (scales, width), |k| k % width);
        Self { depth, width, indptr: Vec::new(), indices: Indices::Short(Vec::new()), values, is_by_row: true }
    }

    /// Bytes in memory.
    pub(crate) fn n_bytes(&self) -> usize {
        let indices = match &self.indices {
            Indices::Short(indices) => size_of_val(&indices[..]),
            Indices::Long(indices) => size_of_val(&indices[..]),
        };
        size_of_val(&self.indptr[..]) + indices + self.values.n_bytes()
    }

    fn n_kept(&self) -> usize {
        self.indptr.last().copied().unwrap_or(self.depth * self.width)
    }
}

/// `values`, each of the output that `output_of` its place gives. Integers have `scales` of all `n_outputs`.
fn in_fewer_bits(
    values: Vec<f32>,
    kind: ValueType,
    (scales, n_outputs): (&[f32], usize),
    output_of: impl Fn(usize) -> usize,
) -> StoredValues {
    match kind {
        ValueType::F32 => StoredValues::F32(values),
        ValueType::Bf16 => StoredValues::Bf16(values.iter().map(|v| bf16::from_f32(*v)).collect()),
        ValueType::F16 => StoredValues::F16(values.iter().map(|v| f16::from_f32(*v)).collect()),
        ValueType::Int8 => {
            assert_eq!(scales.len(), n_outputs, "a scale for every output");
            let integers = values.iter().enumerate().map(|(k, v)| quantised(*v, scales[output_of(k)]));
            StoredValues::Int8 { values: integers.collect(), scales: scales.to_vec() }
        }
    }
}

/// The same with kinds of values and indices that are known: what a block is multiplied with.
trait Multiplies<I>: StoredValue {
    fn by_columns(out: &mut [f32], width: usize, x: &[f32], w: &KeptColumns<'_, I, Self>);
    fn scatter(out: &mut [f32], x: (&[u32], &[f32]), w: &KeptColumns<'_, I, Self>);
}

macro_rules! multiplies {
    ($value:ty, $index:ty, $by_columns:ident, $scatter:ident) => {
        #[multiversion(targets("x86_64+avx512f+avx512vl+fma+avx2", "x86_64+avx2+fma", "aarch64+neon"))]
        fn $by_columns(
            out: &mut [f32],
            width: usize,
            (x, depth): (&[f32], usize),
            (indptr, indices): (&[usize], &[$index]),
            (values, scales): (&[$value], &[f32]),
        ) {
            product_of_columns(out, width, x, &KeptColumns { depth, indptr, indices, values, scales });
        }

        #[multiversion(targets("x86_64+avx512f+avx512vl+fma+avx2", "x86_64+avx2+fma", "aarch64+neon"))]
        fn $scatter(
            out: &mut [f32],
            (columns, x): (&[u32], &[f32]),
            (indptr, indices): (&[usize], &[$index]),
            (values, scales): (&[$value], &[f32]),
        ) {
            scatter_row(out, columns, x, &KeptColumns { depth: 0, indptr, indices, values, scales });
        }

        impl Multiplies<$index> for $value {
            fn by_columns(out: &mut [f32], width: usize, x: &[f32], w: &KeptColumns<'_, $index, Self>) {
                $by_columns(out, width, (x, w.depth), (w.indptr, w.indices), (w.values, w.scales));
            }

            fn scatter(out: &mut [f32], x: (&[u32], &[f32]), w: &KeptColumns<'_, $index, Self>) {
                $scatter(out, x, (w.indptr, w.indices), (w.values, w.scales));
            }
        }
    };
}

multiplies!(f32, u16, columns_f32_u16, scatter_f32_u16);
multiplies!(f32, u32, columns_f32_u32, scatter_f32_u32);
multiplies!(bf16, u16, columns_bf16_u16, scatter_bf16_u16);
multiplies!(bf16, u32, columns_bf16_u32, scatter_bf16_u32);
multiplies!(f16, u16, columns_f16_u16, scatter_f16_u16);
multiplies!(f16, u32, columns_f16_u32, scatter_f16_u32);
multiplies!(i8, u16, columns_i8_u16, scatter_i8_u16);
multiplies!(i8, u32, columns_i8_u32, scatter_i8_u32);

/// One row of sparse input: `w` lies row after row, its scales by column.
#[inline(always)]
fn scatter_row<I: Index, V: StoredValue>(out: &mut [f32], indices: &[u32], values: &[f32], w: &KeptColumns<'_, I, V>) {
    let is_whole = w.indptr.is_empty();
    for (j, x) in indices.iter().zip(values) {
        if is_whole {
            let weights = &w.values[*j as usize * out.len()..][..out.len()];
            out.iter_mut().zip(weights).for_each(|(sum, weight)| *sum = x.mul_add(weight.widen(), *sum));
            continue;
        }
        for k in w.indptr[*j as usize]..w.indptr[*j as usize + 1] {
            let slot = &mut out[w.indices[k].at()];
            *slot = x.mul_add(w.values[k].widen(), *slot);
        }
    }
    if V::IS_SCALED {
        out.iter_mut().zip(w.scales).for_each(|(sum, scale)| *sum = scaled(*sum, *scale, None));
    }
}

/// Does the same with values and indices of any kinds.
macro_rules! each_kind {
    ($w:expr, |$kept:ident| $do:expr) => {{
        let StoredWeight { depth, indptr, indices, values, .. } = $w;
        macro_rules! with_indices {
            ($all:expr, $scales:expr) => {
                match indices {
                    Indices::Short(indices) => {
                        let $kept = KeptColumns { depth: *depth, indptr, indices, values: $all, scales: $scales };
                        $do
                    }
                    Indices::Long(indices) => {
                        let $kept = KeptColumns { depth: *depth, indptr, indices, values: $all, scales: $scales };
                        $do
                    }
                }
            };
        }
        match values.as_ref() {
            ValuesRef::F32(values) => with_indices!(values, &[]),
            ValuesRef::Bf16(values) => with_indices!(values, &[]),
            ValuesRef::F16(values) => with_indices!(values, &[]),
            ValuesRef::Int8 { values, scales } => with_indices!(values, scales),
        }
    }};
}

/// Rows times kept weights that are stored for such rows. `[n, depth] → [n, width]`
///
/// # Errors
/// [`EngineError::Cancelled`].
///
/// # Panics
/// When the inner sizes differ, or the weight was made ready for the other kind of input.
pub fn matmul_stored_weight(x: Rows<'_>, w: &StoredWeight, ctl: &Control) -> Result<Array2<f32>, EngineError> {
    assert_eq!(x.width(), w.depth, "inner sizes of a product");
    match x {
        Rows::Dense(x) => {
            assert!(!w.is_by_row, "a weight is made ready for the input it meets");
            let (n, x) = (x.nrows(), contiguous(x));
            let (out, _) = from_row_blocks(n, w.width, block_of(w), ctl, |first, rows| {
                each_kind!(w, |kept| Multiplies::by_columns(rows, w.width, &x[first * w.depth..], &kept));
            })?;
            Ok(out)
        }
        Rows::Sparse(x) => sparse_product(x, w, ctl),
    }
}

/// Rows of a block of dense input.
fn block_of(w: &StoredWeight) -> usize {
    rows_per_block(w.depth + w.n_kept()).next_multiple_of(LANES)
}

fn sparse_product(x: &CsMatI<f32, u32, usize>, w: &StoredWeight, ctl: &Control) -> Result<Array2<f32>, EngineError> {
    assert!(w.is_by_row, "a weight is made ready for the input it meets");
    let indptr = x.indptr();
    let block = rows_per_block(w.width + w.n_kept() / x.cols().max(1) * (x.nnz() / x.rows().max(1)));
    let (out, _) = from_row_blocks(x.rows(), w.width, block, ctl, |first, rows| {
        for (i, row) in rows.chunks_exact_mut(w.width).enumerate() {
            let range = indptr.outer_inds_sz(first + i);
            row.fill(0.0);
            let stored = (&x.indices()[range.clone()], &x.data()[range]);
            each_kind!(w, |kept| Multiplies::scatter(row, stored, &kept));
        }
    })?;
    Ok(out)
}

/// As [`matmul_stored_weight`], where `make(first_row, rows)` writes rows of the left side when their turn comes. It finds zeros.
///
/// # Errors
/// [`EngineError::Cancelled`].
pub(crate) fn matmul_stored_weight_made(
    n: usize,
    make: &(dyn Fn(usize, &mut [f32]) + Sync),
    w: &StoredWeight,
    ctl: &Control,
) -> Result<Array2<f32>, EngineError> {
    let (out, _) = from_row_blocks(n, w.width, block_of(w), ctl, |first, rows| {
        let mut x = vec![0.0; rows.len() / w.width * w.depth];
        if w.depth > 0 {
            make(first, &mut x);
        }
        each_kind!(w, |kept| Multiplies::by_columns(rows, w.width, &x, &kept));
    })?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::Features;
    use crate::engine::kernels::stored::{dequantised, scale_of};

    /// A weight with zeros, as integers with scales of its columns stand for it.
    fn weight(depth: usize, width: usize, kind: ValueType) -> (Array2<f32>, Vec<f32>) {
        let mut w =
            Array2::from_shape_fn(
                (depth, width),
                |(i, j)| {
                    if (i + j) % 3 == 0 { ((i * j + i) as f32).cos() } else { 0.0 }
                },
            );
        let scales: Vec<f32> =
            w.columns().into_iter().map(|c| scale_of(0.8 * c.fold(0.0f32, |m, v| m.max(v.abs())))).collect();
        if kind == ValueType::Int8 {
            w.indexed_iter_mut().for_each(|((_, j), v)| *v = dequantised(quantised(*v, scales[j]), scales[j]));
        } else {
            w.mapv_inplace(|v| kind.round(v));
        }
        (w, scales)
    }

    #[test]
    fn every_product_is_the_chain_over_kept_weights() {
        let [one, two] = [1, 2].map(|n| Control::new(n).expect("workers"));
        // Also more inputs, and more outputs, than 16 bits count.
        for (n, depth, width) in [(1, 40, 19), (15, 40, 1), (130, 64, 33), (2, 66_000, 2), (2, 2, 66_000)] {
            let x =
                Array2::from_shape_fn(
                    (n, depth),
                    |(i, j)| {
                        if (i * j) % 5 == 1 { (i + 3 * j % 17) as f32 * 0.1 } else { 0.0 }
                    },
                );
            for kind in ValueType::ALL {
                let (w, scales) = weight(depth, width, kind);
                let mut expected = Array2::<f32>::zeros((n, width));
                for ((i, j), out) in expected.indexed_iter_mut() {
                    let factor = |k: usize| match kind {
                        ValueType::Int8 => f32::from(quantised(w[[k, j]], scales[j])),
                        _ => w[[k, j]],
                    };
                    for k in (0..depth).filter(|k| w[[*k, j]] != 0.0) {
                        *out = x[[i, k]].mul_add(factor(k), *out);
                    }
                    *out = if kind == ValueType::Int8 { scales[j] * *out } else { *out };
                }
                let dense = StoredWeight::new(w.view(), kind, &scales, false);
                let mut found = vec![
                    matmul_stored_weight(Rows::Dense(x.view()), &dense, &one),
                    matmul_stored_weight(Rows::Dense(x.view()), &dense, &two),
                ];
                let make = |first: usize, rows: &mut [f32]| {
                    rows.copy_from_slice(&contiguous(x.view())[first * depth..][..rows.len()]);
                };
                found.push(matmul_stored_weight_made(n, &make, &dense, &two));
                if let Features::Sparse(stored) = Features::from_dense(x.clone()) {
                    let by_row = StoredWeight::new(w.view(), kind, &scales, true);
                    found.push(matmul_stored_weight(Rows::Sparse(&stored), &by_row, &two));
                    let whole = StoredWeight::whole(w.view(), kind, &scales);
                    found.push(matmul_stored_weight(Rows::Sparse(&stored), &whole, &two));
                }
                for found in found {
                    let found = found.expect("not cancelled");
                    let same = expected
                        .iter()
                        .zip(&found)
                        .all(|(a, b)| a.to_bits() == b.to_bits() || (*a == 0.0 && *b == 0.0));
                    assert!(same, "{kind:?} {n} {depth} {width}");
                }
            }
        }
    }

    #[test]
    fn fewer_bits_take_less_memory() {
        let bytes = |kind| {
            let (w, scales) = weight(64, 32, kind);
            let n = w.iter().filter(|v| **v != 0.0).count();
            (StoredWeight::new(w.view(), kind, &scales, false).n_bytes() - 33 * 8, n)
        };
        let of = |(found, n): (usize, usize), value: usize, scales: usize| assert_eq!(found, n * (2 + value) + scales);
        of(bytes(ValueType::F32), 4, 0);
        of(bytes(ValueType::Bf16), 2, 0);
        of(bytes(ValueType::F16), 2, 0);
        of(bytes(ValueType::Int8), 1, 32 * 4);
    }
}
