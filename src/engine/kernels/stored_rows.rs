//! Sparse rows times dense rows, where values, rows or both are stored in fewer bits; compiled for several instruction sets.
//!
//! Every sum is the chain of `rows.rs`; over integers it begins at 0 and is scaled at its end.

use half::{bf16, f16};
use multiversion::multiversion;
use ndarray::{Array2, ArrayView2};

use super::rows::{RowBlock, gather_rows_of};
use super::stored::{RowsRef, StoredValue, ValuesRef, scaled};
use super::{contiguous, from_row_blocks, rows_per_block};
use crate::engine::control::Control;
use crate::engine::error::EngineError;

/// Entries of some rows: pointers, one more than rows, and the number of the first row, which its scales are found by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StoredBlock<'a> {
    pub(crate) first: usize,
    pub(crate) indptr: &'a [usize],
    pub(crate) indices: &'a [u32],
    pub(crate) values: ValuesRef<'a>,
}

/// A kind of values that rows of kind `X` are gathered with.
trait Gathers<X>: StoredValue {
    fn rows(out: &mut [f32], width: usize, block: RowBlock<'_, Self>, scales: &[f32], x: &[X], residual: bool);
    /// Head by head; entries that are not `kept` are passed over.
    fn heads(out: &mut [f32], shape: Heads, block: RowBlock<'_, Self>, scales: &[f32], kept: Option<&[bool]>, x: &[X]);
}

/// Columns of a row, and how many heads they belong to.
#[derive(Debug, Clone, Copy)]
struct Heads {
    width: usize,
    heads: usize,
}

macro_rules! gathers {
    ($value:ty, $x:ty, $rows:ident, $heads:ident) => {
        #[multiversion(targets("x86_64+avx512f+avx512vl+fma+avx2", "x86_64+avx2+fma", "aarch64+neon"))]
        fn $rows(
            out: &mut [f32],
            width: usize,
            (indptr, indices, values): (&[usize], &[u32], &[$value]),
            scales: &[f32],
            x: &[$x],
            residual: bool,
        ) {
            gather_rows_of(out, width, RowBlock { indptr, indices, values }, scales, x, residual);
        }

        #[multiversion(targets("x86_64+avx512f+avx512vl+fma+avx2", "x86_64+avx2+fma", "aarch64+neon"))]
        fn $heads(
            out: &mut [f32],
            shape: Heads,
            (indptr, indices, values): (&[usize], &[u32], &[$value]),
            scales: &[f32],
            kept: Option<&[bool]>,
            x: &[$x],
        ) {
            gather_heads(out, shape, RowBlock { indptr, indices, values }, scales, kept, x);
        }

        impl Gathers<$x> for $value {
            fn rows(
                out: &mut [f32],
                width: usize,
                block: RowBlock<'_, Self>,
                scales: &[f32],
                x: &[$x],
                residual: bool,
            ) {
                $rows(out, width, (block.indptr, block.indices, block.values), scales, x, residual);
            }

            fn heads(
                out: &mut [f32],
                shape: Heads,
                block: RowBlock<'_, Self>,
                scales: &[f32],
                kept: Option<&[bool]>,
                x: &[$x],
            ) {
                $heads(out, shape, (block.indptr, block.indices, block.values), scales, kept, x);
            }
        }
    };
}

gathers!(f32, f32, rows_f32_f32, heads_f32_f32);
gathers!(f32, bf16, rows_f32_bf16, heads_f32_bf16);
gathers!(bf16, f32, rows_bf16_f32, heads_bf16_f32);
gathers!(bf16, bf16, rows_bf16_bf16, heads_bf16_bf16);
gathers!(f16, f32, rows_f16_f32, heads_f16_f32);
gathers!(f16, bf16, rows_f16_bf16, heads_f16_bf16);
gathers!(i8, f32, rows_i8_f32, heads_i8_f32);
gathers!(i8, bf16, rows_i8_bf16, heads_i8_bf16);

/// `out[i] = Σ_k value[k, h] · x[index[k]]` head by head, in ascending order of `k`. `out` is found as zeros.
#[inline(always)]
fn gather_heads<V: StoredValue, X: StoredValue>(
    out: &mut [f32],
    Heads { width, heads }: Heads,
    block: RowBlock<'_, V>,
    scales: &[f32],
    kept: Option<&[bool]>,
    x: &[X],
) {
    let channels = width / heads;
    for (i, (row, ends)) in out.chunks_exact_mut(width).zip(block.indptr.windows(2)).enumerate() {
        for k in (ends[0]..ends[1]).filter(|k| kept.is_none_or(|kept| kept[*k])) {
            let source = &x[block.indices[k] as usize * width..][..width];
            let values = &block.values[k * heads..][..heads];
            for ((out, x), value) in row.chunks_exact_mut(channels).zip(source.chunks_exact(channels)).zip(values) {
                let value = value.widen();
                for (sum, x) in out.iter_mut().zip(x) {
                    *sum = value.mul_add(x.widen(), *sum);
                }
            }
        }
        if V::IS_SCALED {
            for (out, scale) in row.chunks_exact_mut(channels).zip(&scales[i * heads..][..heads]) {
                for sum in out {
                    *sum = scaled(*sum, *scale, None);
                }
            }
        }
    }
}

/// Does the same with values and rows of any kinds.
macro_rules! each_kind {
    ($block:expr, $heads:expr, $x:expr, |$lists:ident, $scales:ident, $rows:ident| $do:expr) => {{
        let StoredBlock { first, indptr, indices, values } = $block;
        macro_rules! with_rows {
            ($values:expr, $all:expr) => {{
                let ($lists, $scales) = (RowBlock { indptr, indices, values: $values }, $all);
                match $x {
                    RowsRef::F32($rows) => $do,
                    RowsRef::Bf16($rows) => $do,
                }
            }};
        }
        match values {
            ValuesRef::F32(values) => with_rows!(values, &[][..]),
            ValuesRef::Bf16(values) => with_rows!(values, &[][..]),
            ValuesRef::F16(values) => with_rows!(values, &[][..]),
            ValuesRef::Int8 { values, scales } => with_rows!(values, &scales[first * $heads..]),
        }
    }};
}

/// Some rows of a product, from the block's first on, starting from the rows as they are where `residual` is set.
///
/// # Shapes
/// `out: [rows, width]`, `x: [m, width]`
pub(crate) fn gather_stored(out: &mut [f32], width: usize, block: StoredBlock<'_>, x: RowsRef<'_>, residual: bool) {
    each_kind!(block, 1, x, |lists, scales, rows| Gathers::rows(out, width, lists, scales, rows, residual));
}

/// The same with a value for every head; `out` is found as zeros, and entries that are not `kept` are passed over.
///
/// # Shapes
/// `out: [rows, width]`, `x: [m, width]`; `width` a multiple of `heads`
pub(crate) fn gather_stored_heads(
    out: &mut [f32],
    (width, heads): (usize, usize),
    block: StoredBlock<'_>,
    kept: Option<&[bool]>,
    x: RowsRef<'_>,
) {
    let shape = Heads { width, heads };
    each_kind!(block, heads, x, |lists, scales, rows| Gathers::heads(out, shape, lists, scales, kept, rows));
}

/// The upper halves of a matrix's values, rounded to even.
///
/// # Errors
/// [`EngineError::Cancelled`].
pub(crate) fn upper_halves(x: ArrayView2<'_, f32>, ctl: &Control) -> Result<Vec<bf16>, EngineError> {
    const BLOCK: usize = 1 << 14;
    let values = contiguous(x);
    let mut halves = vec![bf16::ZERO; values.len()];
    ctl.for_row_blocks(&mut halves, 1, BLOCK, |first, halves| {
        halve(halves, &values[first..]);
    })?;
    Ok(halves)
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl+fma+avx2", "x86_64+avx2+fma", "aarch64+neon"))]
fn halve(halves: &mut [bf16], values: &[f32]) {
    for (half, value) in halves.iter_mut().zip(values) {
        *half = bf16::from_bits(super::segments::upper_half_of(*value));
    }
}

/// A sparse matrix whose values are stored in fewer bits times dense rows: the kernel of low precision, for benches and tests.
#[derive(Debug, Clone)]
pub struct StoredCsr {
    indptr: Vec<usize>,
    indices: Vec<u32>,
    values: super::stored::StoredValues,
}

impl StoredCsr {
    /// The matrix with its values as `kind`, int8 with a scale of every row.
    pub fn new(a: super::Csr<'_>, kind: super::ValueType) -> Self {
        let values = super::stored::StoredValues::new(a.values, a.indptr, 1, kind);
        Self { indptr: a.indptr.to_vec(), indices: a.indices.to_vec(), values }
    }

    /// `A x`, with `x` as it is or, where `halves` is set, stored as bf16. `[m, width] → [n, width]`
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    pub fn times(&self, x: ArrayView2<'_, f32>, halves: bool, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        let (n, width) = (self.indptr.len() - 1, x.ncols());
        let halves = if halves { Some(upper_halves(x, ctl)?) } else { None };
        let x = halves.as_deref().map_or_else(|| RowsRef::F32(contiguous(x)), RowsRef::Bf16);
        let block = rows_per_block(width * (1 + self.indices.len() / n.max(1)));
        let (out, _) = from_row_blocks(n, width, block, ctl, |first, rows| {
            let indptr = &self.indptr[first..=first + rows.len() / width];
            let block = StoredBlock { first, indptr, indices: &self.indices, values: self.values.as_ref() };
            gather_stored(rows, width, block, x, false);
        })?;
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::super::stored::{StoredValues, ValueType};
    use super::*;

    /// Rows of many lengths, some empty.
    fn lists(n: usize) -> (Vec<usize>, Vec<u32>, Vec<f32>) {
        let (mut indptr, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
        for u in 0..n {
            for v in (0..n).filter(|v| u % 5 != 3 && (u * 7 + v * 13) % (2 + u % 11) == 0) {
                indices.push(v as u32);
                values.push(((u * 3 + v) as f32 * 0.7).sin());
            }
            indptr.push(indices.len());
        }
        (indptr, indices, values)
    }

    /// Integers and scales, or widened values with scales of 1.
    fn plain(values: &StoredValues, at: usize, group: usize) -> (f32, Option<f32>) {
        match values {
            StoredValues::F32(values) => (values[at], None),
            StoredValues::Bf16(values) => (values[at].to_f32(), None),
            StoredValues::F16(values) => (values[at].to_f32(), None),
            StoredValues::Int8 { values, scales } => (f32::from(values[at]), Some(scales[group])),
        }
    }

    #[test]
    fn every_kind_is_the_chain_of_one_term_after_the_other() {
        let n = 40;
        let (indptr, indices, values) = lists(n);
        for kind in ValueType::ALL {
            let stored = StoredValues::new(&values, &indptr, 1, kind);
            for width in [1, 7, 8, 37, 64, 127] {
                let x: Vec<f32> = (0..n * width).map(|at| (at as f32 * 0.37).sin()).collect();
                let halves: Vec<bf16> = x.iter().map(|v| bf16::from_f32(*v)).collect();
                let rounded: Vec<f32> = halves.iter().map(|v| v.to_f32()).collect();
                for (rows, read) in [(RowsRef::F32(&x), &x), (RowsRef::Bf16(&halves), &rounded)] {
                    for residual in [false, true] {
                        // From a row on that is not the first: scales must be found.
                        let first = 3;
                        let mut out = x[first * width..].to_vec();
                        let block =
                            StoredBlock { first, indptr: &indptr[first..], indices: &indices, values: stored.as_ref() };
                        gather_stored(&mut out, width, block, rows, residual);
                        for u in first..n {
                            for j in 0..width {
                                let start = if residual { x[u * width + j] } else { 0.0 };
                                let is_scaled = kind == ValueType::Int8;
                                let mut sum = if is_scaled { 0.0 } else { start };
                                let mut scale = 0.0;
                                for k in indptr[u]..indptr[u + 1] {
                                    let (value, of_row) = plain(&stored, k, u);
                                    scale = of_row.unwrap_or(1.0);
                                    sum = value.mul_add(read[indices[k] as usize * width + j], sum);
                                }
                                if is_scaled {
                                    sum = if residual { scale.mul_add(sum, start) } else { scale * sum };
                                }
                                let found = out[(u - first) * width + j];
                                assert_eq!(found.to_bits(), sum.to_bits(), "{kind:?} {width} {residual} {u} {j}");
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn heads_have_values_and_scales_of_their_own() {
        let (n, heads, channels) = (30, 3, 5);
        let width = heads * channels;
        let (indptr, indices, first) = lists(n);
        let values: Vec<f32> = first.iter().flat_map(|v| [*v, v * 0.3, 1.0 - v]).collect();
        let x: Vec<f32> = (0..n * width).map(|at| (at as f32 * 0.19).cos()).collect();
        let kept: Vec<bool> = (0..indices.len()).map(|k| k % 4 != 1).collect();
        for kind in ValueType::ALL {
            let stored = StoredValues::new(&values, &indptr, heads, kind);
            for kept in [None, Some(&kept[..])] {
                let mut out = vec![0.0; n * width];
                let block = StoredBlock { first: 0, indptr: &indptr, indices: &indices, values: stored.as_ref() };
                gather_stored_heads(&mut out, (width, heads), block, kept, RowsRef::F32(&x));
                for u in 0..n {
                    for j in 0..width {
                        let (mut sum, mut scale) = (0.0f32, None);
                        for k in (indptr[u]..indptr[u + 1]).filter(|k| kept.is_none_or(|kept| kept[*k])) {
                            let head = j / channels;
                            let value = plain(&stored, k * heads + head, u * heads + head);
                            scale = value.1;
                            sum = value.0.mul_add(x[indices[k] as usize * width + j], sum);
                        }
                        let sum = scale.map_or(sum, |scale| scale * sum);
                        assert_eq!(out[u * width + j].to_bits(), sum.to_bits(), "{kind:?} {u} {j}");
                    }
                }
            }
        }
    }

    #[test]
    fn an_integer_row_is_off_by_half_a_scale_for_every_number_it_reads() {
        let (indptr, indices, values) = lists(60);
        let a = super::super::Csr { indptr: &indptr, indices: &indices, values: &values };
        let x = Array2::from_shape_fn((60, 9), |(i, j)| ((i * 31 + j * 7) as f32 * 0.3).sin());
        let [one, three] = [1, 3].map(|n| Control::new(n).expect("workers"));
        for kind in ValueType::ALL {
            let stored = StoredCsr::new(a, kind);
            for halves in [false, true] {
                let out = stored.times(x.view(), halves, &one).expect("not cancelled");
                let again = stored.times(x.view(), halves, &three).expect("not cancelled");
                assert!(out.iter().zip(&again).all(|(a, b)| a.to_bits() == b.to_bits()), "{kind:?}");
            }
        }
        let stored = StoredCsr::new(a, ValueType::Int8);
        let StoredValues::Int8 { scales, .. } = &stored.values else { panic!("int8") };
        let out = stored.times(x.view(), false, &one).expect("not cancelled");
        for u in 0..60 {
            for j in 0..9 {
                let row = indptr[u]..indptr[u + 1];
                let term = |k: usize| (f64::from(values[k]), f64::from(x[[indices[k] as usize, j]]));
                let exact: f64 = row.clone().map(|k| term(k).0 * term(k).1).sum();
                let read: f64 = row.clone().map(|k| term(k).1.abs()).sum();
                let size: f64 = row.map(|k| (term(k).0 * term(k).1).abs()).sum();
                let bound = 0.5 * f64::from(scales[u]) * read + 1e-5 * size;
                assert!((f64::from(out[[u, j]]) - exact).abs() <= bound, "{u} {j}");
            }
        }
    }
}
