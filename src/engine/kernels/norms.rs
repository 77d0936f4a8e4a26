//! Norms and sums in double precision, always in the same order.

use multiversion::multiversion;
use ndarray::{Array2, ArrayView2};

use super::dot::whole;
use super::exact::{ExactSum, SUM_ROWS};
use super::{Rows, contiguous, rows_per_block};
use crate::engine::control::Control;
use crate::engine::error::EngineError;

/// Columns summed together.
const COLUMN_BLOCK: usize = 32;

/// `‖x[u]‖₂` of every row.
///
/// # Shapes
/// `x: [n, width]` in standard layout, result `[n]`
///
/// # Errors
/// [`EngineError::Cancelled`].
pub fn row_norms(x: ArrayView2<'_, f32>, ctl: &Control) -> Result<Vec<f32>, EngineError> {
    let width = x.ncols();
    let mut norms = vec![0.0f32; x.nrows()];
    let x = contiguous(x);
    ctl.for_row_blocks(&mut norms, 1, rows_per_block(width), |first, norms| {
        let mut squares = vec![0.0; norms.len()];
        add_squares_of_rows(&x[first * width..][..norms.len() * width], width, &mut squares);
        norms.iter_mut().zip(squares).for_each(|(norm, square)| *norm = square.sqrt() as f32);
    })?;
    Ok(norms)
}

/// Adds `‖x[u]‖₂²` of a block of columns to every `squares[u]`. Blocks of whole [`GROUP`]s, from the left, give the bits of all columns at
/// once. `rows: [n, width]`, `squares: [n]`
#[multiversion(targets("x86_64+avx512f+avx512vl+fma+avx2", "x86_64+avx2+fma", "aarch64+neon"))]
pub(crate) fn add_squares_of_rows(rows: &[f32], width: usize, squares: &mut [f64]) {
    for (row, square) in rows.chunks_exact(width.max(1)).zip(squares) {
        *square = row.chunks(GROUP).map(square_of_group).fold(*square, |sum, square| sum + square);
    }
}

/// `|value[k]| · norm[index[k]]` of every entry.
///
/// # Shapes
/// `values`, `indices`, `scores`: one per entry
#[multiversion(targets("x86_64+avx512f+avx512vl+fma+avx2", "x86_64+avx2+fma", "aarch64+neon"))]
pub(crate) fn message_scores(values: &[f32], indices: &[u32], norms: &[f32], scores: &mut [f32]) {
    for ((score, value), v) in scores.iter_mut().zip(values).zip(indices) {
        *score = value.abs() * norms[*v as usize];
    }
}

/// The sum of all `scores`, in a fixed order, and how many are below `limit`.
#[multiversion(targets("x86_64+avx512f+avx512vl+fma+avx2", "x86_64+avx2+fma", "aarch64+neon"))]
pub(crate) fn sum_and_count_below(scores: &[f32], limit: f32) -> (f64, usize) {
    let mut sums = [0.0f64; 8];
    let mut n_below = [0u32; 8];
    let chunks = scores.chunks_exact(8);
    let rest = chunks.remainder();
    for chunk in chunks {
        for ((sum, n), score) in sums.iter_mut().zip(&mut n_below).zip(chunk) {
            *sum += f64::from(*score);
            *n += u32::from(*score < limit);
        }
    }
    let tail: f64 = rest.iter().map(|s| f64::from(*s)).sum();
    let n_tail = rest.iter().filter(|s| **s < limit).count();
    (sums.iter().sum::<f64>() + tail, n_below.iter().map(|n| *n as usize).sum::<usize>() + n_tail)
}

/// Values of a row that are squared and added together; the sums of a row's groups are one chain in ascending order. So it does not
/// matter whether all columns lie together in memory.
pub(crate) const GROUP: usize = 32;

#[inline(always)]
fn sum_of_squares(row: &[f32]) -> f64 {
    row.chunks(GROUP).map(square_of_group).fold(0.0, |sum, square| sum + square)
}

/// The sum of the squares of at most [`GROUP`] values: eight running sums, so that the additions overlap, which are then added by halves.
/// Zeros at the end change nothing.
#[inline(always)]
pub(super) fn square_of_group(values: &[f32]) -> f64 {
    let mut sums = [0.0f64; 8];
    let (eights, rest) = values.as_chunks::<8>();
    for eight in eights {
        for (sum, value) in sums.iter_mut().zip(eight) {
            *sum += f64::from(*value) * f64::from(*value);
        }
    }
    for (sum, value) in sums.iter_mut().zip(rest) {
        *sum += f64::from(*value) * f64::from(*value);
    }
    let sums = whole(sums);
    let four: [f64; 4] = std::array::from_fn(|i| sums[i] + sums[i + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

/// `‖x[:,j]‖₂` of every column.
///
/// # Shapes
/// `x: [n, width]`, result `[width]`
///
/// # Errors
/// [`EngineError::Cancelled`].
pub fn column_norms(x: Rows<'_>, ctl: &Control) -> Result<Vec<f32>, EngineError> {
    Ok(column_squares(x, ctl)?.iter().map(norm_of_column).collect())
}

/// The norm of a column from the sum of its squares.
pub(crate) fn norm_of_column(squares: &ExactSum) -> f32 {
    squares.value().sqrt() as f32
}

/// `‖x[:,j]‖₂²` of every column. Sums of row blocks of a multiple of [`SUM_ROWS`] rows, merged, are those of all rows.
///
/// # Shapes
/// `x: [n, width]`, result `[width]`
///
/// # Errors
/// [`EngineError::Cancelled`].
pub(crate) fn column_squares(x: Rows<'_>, ctl: &Control) -> Result<Vec<ExactSum>, EngineError> {
    match x {
        Rows::Dense(x) => sums_of_terms(x, |value| f64::from(value) * f64::from(value), ctl),
        Rows::Sparse(x) => {
            let (n, width) = x.shape();
            let mut sums = vec![ExactSum::default(); width];
            let mut chain = vec![0.0f64; width];
            for start in (0..n).step_by(SUM_ROWS) {
                ctl.check()?;
                let rows =
                    x.indptr().outer_inds_sz(start).start..x.indptr().outer_inds_sz(n.min(start + SUM_ROWS) - 1).end;
                for (j, value) in x.indices()[rows.clone()].iter().zip(&x.data()[rows]) {
                    chain[*j as usize] += f64::from(*value) * f64::from(*value);
                }
                for (sum, squares) in sums.iter_mut().zip(&mut chain).filter(|(_, squares)| **squares != 0.0) {
                    sum.add(std::mem::take(squares));
                }
            }
            Ok(sums)
        }
    }
}

/// `Σ_u x[u,j]` of every column, as [`column_squares`] adds up.
///
/// # Shapes
/// `x: [n, width]`, result `[width]`
///
/// # Errors
/// [`EngineError::Cancelled`].
pub(crate) fn exact_column_sums(x: ArrayView2<'_, f32>, ctl: &Control) -> Result<Vec<ExactSum>, EngineError> {
    sums_of_terms(x, f64::from, ctl)
}

/// The sum of what `term` makes of the values of every column.
fn sums_of_terms(
    x: ArrayView2<'_, f32>,
    term: impl Fn(f32) -> f64 + Sync,
    ctl: &Control,
) -> Result<Vec<ExactSum>, EngineError> {
    let (n, width) = x.dim();
    let mut sums = vec![ExactSum::default(); width];
    let x = contiguous(x);
    ctl.for_row_blocks(&mut sums, 1, COLUMN_BLOCK, |first, sums| {
        let mut chain = [0.0f64; COLUMN_BLOCK];
        let chain = &mut chain[..sums.len()];
        for start in (0..n).step_by(SUM_ROWS) {
            chain.fill(0.0);
            for u in start..n.min(start + SUM_ROWS) {
                for (sum, value) in chain.iter_mut().zip(&x[u * width + first..]) {
                    *sum += term(*value);
                }
            }
            sums.iter_mut().zip(&*chain).for_each(|(sum, chain)| sum.add(*chain));
        }
    })?;
    Ok(sums)
}

/// The sum of the scores of entries that lie row after row, `scores` those of the rows from `rows.start` on, each row's at
/// `indptr[row] - indptr[rows.start]`. A first row that is a multiple of [`SUM_ROWS`] gives sums that merge to those of all rows.
pub(crate) fn sum_of_scores(indptr: &[usize], rows: std::ops::Range<usize>, scores: &[f32]) -> ExactSum {
    let mut sum = ExactSum::default();
    for start in rows.clone().step_by(SUM_ROWS) {
        let end = rows.end.min(start + SUM_ROWS);
        let chain = &scores[indptr[start] - indptr[rows.start]..indptr[end] - indptr[rows.start]];
        sum.add(chain.iter().map(|score| f64::from(*score)).sum());
    }
    sum
}

/// Sum of every column.
///
/// # Shapes
/// `x: [n, width]` in standard layout, result `[width]`
///
/// # Errors
/// [`EngineError::Cancelled`].
pub fn column_sums(x: ArrayView2<'_, f32>, ctl: &Control) -> Result<Vec<f64>, EngineError> {
    let (n, width) = x.dim();
    let mut sums = vec![0.0f64; width];
    let x = contiguous(x);
    ctl.for_row_blocks(&mut sums, 1, COLUMN_BLOCK, |first, sums| {
        for u in 0..n {
            for (sum, value) in sums.iter_mut().zip(&x[u * width + first..]) {
                *sum += f64::from(*value);
            }
        }
    })?;
    Ok(sums)
}

/// `‖x‖_F`.
pub fn frobenius(x: &Array2<f32>) -> f64 {
    x.as_slice().map_or_else(|| x.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>(), sum_of_squares).sqrt()
}
