//! Norms and sums in double precision, always in the same order.

use ndarray::{Array2, ArrayView2};

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
        for (i, norm) in norms.iter_mut().enumerate() {
            *norm = sum_of_squares(&x[(first + i) * width..][..width]).sqrt() as f32;
        }
    })?;
    Ok(norms)
}

/// Eight running sums, so that the additions overlap; their order is fixed.
fn sum_of_squares(row: &[f32]) -> f64 {
    let mut sums = [0.0f64; 8];
    let chunks = row.chunks_exact(8);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum += f64::from(*value) * f64::from(*value);
        }
    }
    let tail: f64 = rest.iter().map(|v| f64::from(*v) * f64::from(*v)).sum();
    sums.iter().sum::<f64>() + tail
}

/// `‖x[:,j]‖₂` of every column.
///
/// # Shapes
/// `x: [n, width]`, result `[width]`
///
/// # Errors
/// [`EngineError::Cancelled`].
pub fn column_norms(x: Rows<'_>, ctl: &Control) -> Result<Vec<f32>, EngineError> {
    let squares = match x {
        Rows::Dense(x) => column_fold(x, ctl, |v| v * v)?,
        Rows::Sparse(x) => {
            let mut sums = vec![0.0f64; x.cols()];
            for (j, value) in x.indices().iter().zip(x.data()) {
                sums[*j as usize] += f64::from(*value) * f64::from(*value);
            }
            sums
        }
    };
    Ok(squares.into_iter().map(|s| s.sqrt() as f32).collect())
}

/// Sum of every column.
///
/// # Shapes
/// `x: [n, width]` in standard layout, result `[width]`
///
/// # Errors
/// [`EngineError::Cancelled`].
pub fn column_sums(x: ArrayView2<'_, f32>, ctl: &Control) -> Result<Vec<f64>, EngineError> {
    column_fold(x, ctl, |v| v)
}

fn column_fold(
    x: ArrayView2<'_, f32>,
    ctl: &Control,
    f: impl Fn(f64) -> f64 + Sync + Send,
) -> Result<Vec<f64>, EngineError> {
    let (n, width) = x.dim();
    let mut sums = vec![0.0f64; width];
    let x = contiguous(x);
    ctl.for_row_blocks(&mut sums, 1, COLUMN_BLOCK, |first, sums| {
        for u in 0..n {
            for (sum, value) in sums.iter_mut().zip(&x[u * width + first..]) {
                *sum += f(f64::from(*value));
            }
        }
    })?;
    Ok(sums)
}

/// `‖x‖_F`.
pub fn frobenius(x: &Array2<f32>) -> f64 {
    x.as_slice().map_or_else(|| x.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>(), sum_of_squares).sqrt()
}
