//! Transposing in cache-sized tiles.

use ndarray::Array2;

use super::{contiguous, from_row_blocks};

use crate::engine::control::Control;
use crate::engine::error::EngineError;

/// Side of a tile.
const TILE: usize = 32;
/// Side of what is transposed in registers.
const SIDE: usize = 4;

/// `xᵀ`, in standard layout.
///
/// # Shapes
/// `x: [n, width]` in standard layout, result `[width, n]`
///
/// # Errors
/// [`EngineError::Cancelled`].
pub fn transposed(x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
    let (n, width) = x.dim();
    let x = contiguous(x.view());
    let (out, _) = from_row_blocks(width, n, TILE, ctl, |first, rows| {
        let n_rows = rows.len() / n;
        for from in (0..n).step_by(TILE) {
            transpose_into(&x[from * width + first..], width, TILE.min(n - from), n_rows, &mut rows[from..], n);
        }
    })?;
    Ok(out)
}

/// Writes `from: [n_rows, n_columns]`, whose rows begin `from_stride` values after one another, as columns of `to`, whose rows begin
/// `to_stride` values after one another.
///
/// # Panics
/// When a slice is shorter than that.
#[inline(always)]
pub(super) fn transpose_into(
    from: &[f32],
    from_stride: usize,
    n_rows: usize,
    n_columns: usize,
    to: &mut [f32],
    to_stride: usize,
) {
    /// Rows that are read side by side, so that whole cache lines are written.
    const GROUP: usize = 16;
    let (whole_rows, whole_columns) = (n_rows / SIDE * SIDE, n_columns / SIDE * SIDE);
    for group in (0..whole_rows).step_by(GROUP) {
        for column in (0..whole_columns).step_by(SIDE) {
            for row in (group..whole_rows.min(group + GROUP)).step_by(SIDE) {
                let (from, to) = (&from[row * from_stride + column..], &mut to[column * to_stride + row..]);
                transpose_in_registers(from, from_stride, to, to_stride);
            }
        }
    }
    let edge = |row: usize| if row < whole_rows { whole_columns..n_columns } else { 0..n_columns };
    for row in 0..n_rows {
        for column in edge(row) {
            to[column * to_stride + row] = from[row * from_stride + column];
        }
    }
}

/// In-register transpose of a square of [`SIDE`] rows.
#[inline(always)]
#[cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "compilers move such squares value by value; measured: 1.3 to 1.6 times the whole product"
    )
)]
fn transpose_in_registers(from: &[f32], from_stride: usize, to: &mut [f32], to_stride: usize) {
    assert!(
        from.len() >= (SIDE - 1) * from_stride + SIDE && to.len() >= (SIDE - 1) * to_stride + SIDE,
        "a whole square"
    );
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{
            _mm_loadu_ps, _mm_movehl_ps, _mm_movelh_ps, _mm_storeu_ps, _mm_unpackhi_ps, _mm_unpacklo_ps,
        };
        // SAFETY: the line above has seen that four values lie at each of four strides in both; SSE is part of every x86_64.
        unsafe {
            let row = |r: usize| _mm_loadu_ps(from.as_ptr().add(r * from_stride));
            let (a, b, c, d) = (row(0), row(1), row(2), row(3));
            let (ab, cd) = (_mm_unpacklo_ps(a, b), _mm_unpacklo_ps(c, d));
            let (ab_high, cd_high) = (_mm_unpackhi_ps(a, b), _mm_unpackhi_ps(c, d));
            let columns = [
                _mm_movelh_ps(ab, cd),
                _mm_movehl_ps(cd, ab),
                _mm_movelh_ps(ab_high, cd_high),
                _mm_movehl_ps(cd_high, ab_high),
            ];
            for (c, column) in columns.into_iter().enumerate() {
                _mm_storeu_ps(to.as_mut_ptr().add(c * to_stride), column);
            }
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    for row in 0..SIDE {
        for column in 0..SIDE {
            to[column * to_stride + row] = from[row * from_stride + column];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_columns() {
        let ctl = Control::new(2).expect("workers");
        for (n, width) in [(1, 1), (3, 5), (70, 33), (32, 64), (101, 6), (0, 3)] {
            let x = Array2::from_shape_fn((n, width), |(i, j)| (i * 100 + j) as f32);
            assert_eq!(transposed(&x, &ctl).expect("not cancelled"), x.t());
        }
    }
}
