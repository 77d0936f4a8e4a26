//! Sparse rows times dense rows: `out[u] = Σ_k value[k] · x[index[k]]`.
//!
//! Serves the propagation `T̂ P` and the product of sparse features with a weight matrix alike.

use multiversion::multiversion;
use ndarray::{Array2, ArrayView2};

use super::{contiguous, rows_per_block};
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
/// When `residual` is set and `a` is not square, or `x` is not in standard layout.
pub fn spmm(a: Csr<'_>, x: ArrayView2<'_, f32>, residual: bool, ctl: &Control) -> Result<Array2<f32>, EngineError> {
    let (n, width) = (a.indptr.len() - 1, x.ncols());
    assert!(!residual || n == x.nrows(), "a residual needs a square matrix");
    let mut out = Array2::zeros((n, width));
    let x = contiguous(x);
    let Some(rows) = out.as_slice_mut().filter(|_| width > 0) else { return Ok(out) };
    let block = rows_per_block(width * (1 + a.indices.len() / n.max(1)));
    ctl.for_row_blocks(rows, width, block, |first, rows| {
        if residual {
            rows.copy_from_slice(&x[first * width..first * width + rows.len()]);
        }
        product(rows, width, first, a.indptr, a.indices, a.values, x);
    })?;
    Ok(out)
}

#[multiversion(targets("x86_64+avx512f+avx512vl+fma+avx2", "x86_64+avx2+fma", "aarch64+neon"))]
fn product(out: &mut [f32], width: usize, first: usize, indptr: &[usize], indices: &[u32], values: &[f32], x: &[f32]) {
    for (i, row) in out.chunks_exact_mut(width).enumerate() {
        let entries = indptr[first + i]..indptr[first + i + 1];
        gather(row, &indices[entries.clone()], &values[entries], x);
    }
}

/// `row += Σ_k value[k] · x[index[k]]`, in ascending order of `k`. The sums of a tile of columns stay in registers over all terms.
/// Inlined into multiversioned callers, which give it their vectors.
///
/// # Shapes
/// `row: [width]`, `x: [m, width]`
#[inline(always)]
pub(crate) fn gather(row: &mut [f32], indices: &[u32], values: &[f32], x: &[f32]) {
    let width = row.len();
    let mut column = 0;
    while column + WIDE <= width {
        gather_tile::<WIDE>(row, column, indices, values, x);
        column += WIDE;
    }
    while column + NARROW <= width {
        gather_tile::<NARROW>(row, column, indices, values, x);
        column += NARROW;
    }
    if column < width {
        for (v, value) in indices.iter().zip(values) {
            axpy(&mut row[column..], *value, &x[*v as usize * width + column..][..width - column]);
        }
    }
}

/// Columns of a tile: as many sums as the registers of the widest vectors hold with room to spare, …
const WIDE: usize = 64;
/// … and what is left of a row by one vector each.
const NARROW: usize = 16;

#[inline(always)]
fn gather_tile<const COLUMNS: usize>(row: &mut [f32], column: usize, indices: &[u32], values: &[f32], x: &[f32]) {
    let width = row.len();
    let Some(out) = row[column..].first_chunk_mut::<COLUMNS>() else { return };
    let mut sums = *out;
    for (v, value) in indices.iter().zip(values) {
        let Some(source) = x[*v as usize * width + column..].first_chunk::<COLUMNS>() else { return };
        for (sum, x) in sums.iter_mut().zip(source) {
            *sum = value.mul_add(*x, *sum);
        }
    }
    *out = sums;
}

/// `out += a · x`, fused. Inlined into multiversioned callers, which give it their vectors.
#[inline(always)]
pub(super) fn axpy(out: &mut [f32], a: f32, x: &[f32]) {
    for (o, x) in out.iter_mut().zip(x) {
        *o = a.mul_add(*x, *o);
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
