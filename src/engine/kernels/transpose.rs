//! Transposing in cache-sized tiles.

use ndarray::Array2;

use super::{contiguous, from_row_blocks};

use crate::engine::control::Control;
use crate::engine::error::EngineError;

/// Side of a tile.
const TILE: usize = 32;

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
        for from in (0..n).step_by(TILE) {
            for (j, row) in rows.chunks_exact_mut(n).enumerate() {
                for u in from..n.min(from + TILE) {
                    row[u] = x[u * width + first + j];
                }
            }
        }
    })?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_rows_into_columns() {
        let ctl = Control::new(2).expect("workers");
        for (n, width) in [(1, 1), (70, 33), (32, 64), (0, 3)] {
            let x = Array2::from_shape_fn((n, width), |(i, j)| (i * 100 + j) as f32);
            assert_eq!(transposed(&x, &ctl).expect("not cancelled"), x.t());
        }
    }
}
