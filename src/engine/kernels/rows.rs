//! Sparse rows times dense rows: `out[u] = Σ_k value[k] · x[index[k]]`.
//!
//! Serves the propagation `T̂ P` and the product of sparse features with a weight matrix alike.

use std::ops::Range;

use multiversion::multiversion;
use ndarray::{Array2, ArrayView2};

use super::stored::{StoredValue, scaled};
use super::{contiguous, from_row_blocks, rows_per_block};
use crate::engine::control::Control;
use crate::engine::error::EngineError;

/// A borrowed compressed sparse row matrix. Trusted: built from a checked structure.
#[derive(Debug, Clone, Copy)]
pub struct Csr<'a> {
    /// Row pointers, one more than rows.
    pub indptr: &'a [usize],
    /// Column of every value.
    pub indices: &'a [u32],
    /// The values.
    pub values: &'a [f32],
}

/// `out = A x`, or `out = x + A x` where `residual` is set.
///
/// # Shapes
/// `a: [n, m]`, `x: [m, width]`, result `[n, width]`
///
/// # Errors
/// [`EngineError::Cancelled`].
///
/// # Panics
/// When `residual` is set and `x` has fewer rows than `a`, or `x` is not in standard layout.
pub fn spmm(a: Csr<'_>, x: ArrayView2<'_, f32>, residual: bool, ctl: &Control) -> Result<Array2<f32>, EngineError> {
    let (n, width) = (a.indptr.len() - 1, x.ncols());
    assert!(!residual || n <= x.nrows(), "a residual needs the row itself");
    let x = contiguous(x);
    let block = rows_per_block(width * (1 + a.indices.len() / n.max(1)));
    let (out, _) = from_row_blocks(n, width, block, ctl, |first, rows| {
        if residual {
            rows.copy_from_slice(&x[first * width..first * width + rows.len()]);
        }
        let indptr = &a.indptr[first..=first + rows.len() / width];
        gather_rows(rows, width, RowBlock { indptr, indices: a.indices, values: a.values }, x, residual);
    })?;
    Ok(out)
}

/// Row pointers of a block of rows, one more than rows, and what they point into. Rows may look ahead into those that follow.
#[derive(Clone, Copy)]
pub(crate) struct RowBlock<'a, V = f32> {
    pub(crate) indptr: &'a [usize],
    pub(crate) indices: &'a [u32],
    pub(crate) values: &'a [V],
}

/// `out[i] = Σ_k value[k] · x[index[k]]` in ascending order of `k`, starting from the row as it is where `residual` is set. The sums
/// of a tile of columns stay in registers over all terms.
///
/// # Shapes
/// `out: [rows, width]`, `x: [m, width]`
#[multiversion(targets("x86_64+avx512f+avx512vl+fma+avx2", "x86_64+avx2+fma", "aarch64+neon"))]
pub(crate) fn gather_rows<'a>(out: &mut [f32], width: usize, block: RowBlock<'a>, x: &[f32], residual: bool) {
    gather_rows_of(out, width, block, &[], x, residual);
}

/// The same over values and rows of any kind; `scales` has one for every row where values are scaled. Inlined into multiversioned callers.
#[inline(always)]
pub(super) fn gather_rows_of<V: StoredValue, X: StoredValue>(
    out: &mut [f32],
    width: usize,
    block: RowBlock<'_, V>,
    scales: &[f32],
    x: &[X],
    residual: bool,
) {
    let mut scales = scales.iter();
    for (row, ends) in out.chunks_exact_mut(width).zip(block.indptr.windows(2)) {
        let entries = ends[0]..ends[1];
        let scale = scales.next().copied().unwrap_or(1.0);
        let mut column = 0;
        while column + 64 <= width {
            gather_tile::<V, X, 64>(row, column, entries.clone(), block, scale, x, residual);
            column += 64;
        }
        if column + 32 <= width {
            gather_tile::<V, X, 32>(row, column, entries.clone(), block, scale, x, residual);
            column += 32;
        }
        if column + 16 <= width {
            gather_tile::<V, X, 16>(row, column, entries.clone(), block, scale, x, residual);
            column += 16;
        }
        if column + 8 <= width {
            gather_tile::<V, X, 8>(row, column, entries.clone(), block, scale, x, residual);
            column += 8;
        }
        if column < width {
            let row = &mut row[column..];
            let mut start = [0.0; 8];
            start[..row.len()].copy_from_slice(row);
            if !residual || V::IS_SCALED {
                row.fill(0.0);
            }
            for (v, value) in block.indices[entries.clone()].iter().zip(&block.values[entries]) {
                axpy(row, value.widen(), &x[*v as usize * width + column..][..width - column]);
            }
            if V::IS_SCALED {
                row.iter_mut()
                    .zip(start)
                    .for_each(|(sum, start)| *sum = scaled(*sum, scale, residual.then_some(start)));
            }
        }
    }
}

/// Rows are prefetched this many terms before they are added: about as long as memory takes.
const PREFETCH_DISTANCE: usize = 16;

#[inline(always)]
fn gather_tile<V: StoredValue, X: StoredValue, const COLUMNS: usize>(
    row: &mut [f32],
    column: usize,
    entries: Range<usize>,
    block: RowBlock<'_, V>,
    scale: f32,
    x: &[X],
    residual: bool,
) {
    let width = row.len();
    let Some(out) = row[column..].first_chunk_mut::<COLUMNS>() else { return };
    let mut sums = if residual && !V::IS_SCALED { *out } else { [0.0; COLUMNS] };
    let later = (entries.start + PREFETCH_DISTANCE).min(block.indices.len() - entries.len());
    let later = &block.indices[later..later + entries.len()];
    for ((v, value), later) in block.indices[entries.clone()].iter().zip(&block.values[entries]).zip(later) {
        prefetch::<X, COLUMNS>(x, *later as usize * width + column);
        let Some(source) = x[*v as usize * width + column..].first_chunk::<COLUMNS>() else { return };
        let value = value.widen();
        for (sum, x) in sums.iter_mut().zip(source) {
            *sum = value.mul_add(x.widen(), *sum);
        }
    }
    if V::IS_SCALED {
        for (sum, start) in sums.iter_mut().zip(&*out) {
            *sum = scaled(*sum, scale, residual.then_some(*start));
        }
    }
    *out = sums;
}

/// Prefetches `x[at..at + COLUMNS]`. Changes nothing but time.
#[inline(always)]
pub(super) fn prefetch<X, const COLUMNS: usize>(x: &[X], at: usize) {
    #[cfg(target_arch = "x86_64")]
    #[expect(unsafe_code, reason = "there is no safe prefetch; measured: a third more rows per second")]
    for line in (0..COLUMNS).step_by(64 / size_of::<X>()) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the instruction is part of every x86_64 and only a hint: it reads and writes nothing, and faults on no address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(x.as_ptr().wrapping_add(at + line).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (x, at);
}

/// `out += a · x`, fused. Inlined into multiversioned callers, which give it their vectors.
#[inline(always)]
pub(super) fn axpy<X: StoredValue>(out: &mut [f32], a: f32, x: &[X]) {
    for (o, x) in out.iter_mut().zip(x) {
        *o = a.mul_add(x.widen(), *o);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_the_triple_loop_bit_for_bit() {
        let ctl = Control::new(2).expect("workers");
        let (indptr, indices, values) = ([0, 2, 2, 5], [0, 2, 0, 1, 2], [0.5, -1.25, 3.0, 0.1, 7.5]);
        let a = Csr { indptr: &indptr, indices: &indices, values: &values };
        // Less than a tile, a tile and a rest, and tiles of both sizes.
        for width in [1, 7, 16, 37, 64, 151] {
            let x = Array2::from_shape_fn((3, width), |(i, j)| ((i * 37 + j) as f32 * 0.37).sin());
            for residual in [false, true] {
                let out = spmm(a, x.view(), residual, &ctl).expect("not cancelled");
                for u in 0..3 {
                    for j in 0..width {
                        let mut sum = if residual { x[[u, j]] } else { 0.0 };
                        for k in indptr[u]..indptr[u + 1] {
                            sum = f32::mul_add(values[k], x[[indices[k] as usize, j]], sum);
                        }
                        assert_eq!(out[[u, j]].to_bits(), sum.to_bits());
                    }
                }
            }
        }
    }
}
