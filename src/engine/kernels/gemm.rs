//! Dense product in register tiles.

use multiversion::multiversion;
use ndarray::{Array2, ArrayView2, s};

use super::{contiguous, from_row_blocks, rows_per_block};
use crate::engine::control::Control;
use crate::engine::error::EngineError;

/// Columns of a register tile.
const TILE_COLS: usize = 16;
/// Rows of a register tile.
const TILE_ROWS: usize = 6;
/// Rows of a block of work, at least.
const MIN_ROWS: usize = 24;
/// Terms that are added before the next tile has its turn: so much of a panel stays in the first cache.
const TERMS: usize = 384;

/// The right side of a product, in panels of `TILE_COLS` columns, the last one filled up with zeros.
#[derive(Debug, Clone)]
pub struct Packed {
    depth: usize,
    width: usize,
    panels: Vec<f32>,
}

impl Packed {
    /// Bytes in memory.
    pub(crate) fn n_bytes(&self) -> usize {
        size_of_val(&self.panels[..])
    }

    /// Packs `w: [depth, width]`; a transposed view packs the transpose.
    pub fn new(w: ArrayView2<'_, f32>) -> Self {
        let (depth, width) = w.dim();
        let mut panels = vec![0.0; depth * width.div_ceil(TILE_COLS) * TILE_COLS];
        for (p, panel) in panels.chunks_exact_mut((depth * TILE_COLS).max(1)).enumerate() {
            let first = p * TILE_COLS;
            let columns = first..width.min(first + TILE_COLS);
            let part = w.slice(s![.., columns]);
            for (row, values) in panel.chunks_exact_mut(TILE_COLS).zip(part.rows()) {
                row.iter_mut().zip(values).for_each(|(slot, value)| *slot = *value);
            }
        }
        Self { depth, width, panels }
    }
}

/// `x w`.
///
/// # Shapes
/// `x: [n, depth]` in standard layout, `w: [depth, width]` packed, result `[n, width]`
///
/// # Errors
/// [`EngineError::Cancelled`].
///
/// # Panics
/// When the inner sizes differ.
pub fn matmul(x: ArrayView2<'_, f32>, w: &Packed, ctl: &Control) -> Result<Array2<f32>, EngineError> {
    let (n, depth) = x.dim();
    assert_eq!(depth, w.depth, "inner sizes of a product");
    if w.width == 0 || depth == 0 {
        return Ok(Array2::zeros((n, w.width)));
    }
    let x = contiguous(x);
    // The right side goes through the caches once per block of rows: where it is long, the blocks are not thin.
    let block = rows_per_block(depth * w.width).max(MIN_ROWS).next_multiple_of(TILE_ROWS);
    let (out, _) = from_row_blocks(n, w.width, block, ctl, |first, rows| {
        let n_rows = rows.len() / w.width;
        product(rows, w.width, &x[first * depth..(first + n_rows) * depth], depth, &w.panels);
    })?;
    Ok(out)
}

/// As [`matmul`], where `make(first_row, rows)` writes rows of the left side when their turn comes: they never lie in memory together.
/// It finds zeros.
///
/// # Shapes
/// left side: `[n, depth]`, `w: [depth, width]` packed, result `[n, width]`
///
/// # Errors
/// [`EngineError::Cancelled`].
pub(crate) fn matmul_made(
    n: usize,
    make: &(dyn Fn(usize, &mut [f32]) + Sync),
    w: &Packed,
    ctl: &Control,
) -> Result<Array2<f32>, EngineError> {
    let depth = w.depth;
    if w.width == 0 || depth == 0 {
        return Ok(Array2::zeros((n, w.width)));
    }
    let block = rows_per_block(depth * w.width).max(MIN_ROWS).next_multiple_of(TILE_ROWS);
    let (out, _) = from_row_blocks(n, w.width, block, ctl, |first, rows| {
        let mut x = vec![0.0; rows.len() / w.width * depth];
        make(first, &mut x);
        product(rows, w.width, &x, depth, &w.panels);
    })?;
    Ok(out)
}

#[multiversion(targets("x86_64+avx512f+avx512vl+fma+avx2", "x86_64+avx2+fma", "aarch64+neon"))]
fn product(out: &mut [f32], width: usize, x: &[f32], depth: usize, panels: &[f32]) {
    let n_rows = x.len() / depth;
    // Sums that are put down after some terms and taken up again are the same chain.
    for from in (0..depth).step_by(TERMS) {
        for (p, panel) in panels.chunks_exact(depth * TILE_COLS).enumerate() {
            let column = p * TILE_COLS;
            let n_cols = TILE_COLS.min(width - column);
            // The last panel is narrow, and all of its terms are added at once.
            let terms = if n_cols == TILE_COLS { from..depth.min(from + TERMS) } else { 0..depth };
            if from > 0 && n_cols < TILE_COLS {
                continue;
            }
            let panel = &panel[terms.start * TILE_COLS..terms.end * TILE_COLS];
            let mut row = 0;
            while row + TILE_ROWS <= n_rows {
                let rows: [&[f32]; TILE_ROWS] = std::array::from_fn(|r| &x[(row + r) * depth..][terms.clone()]);
                tile(&mut out[row * width + column..], width, n_cols, rows, panel, from > 0);
                row += TILE_ROWS;
            }
            while row < n_rows {
                let rows = [&x[row * depth..][terms.clone()]];
                tile(&mut out[row * width + column..], width, n_cols, rows, panel, from > 0);
                row += 1;
            }
        }
    }
}

#[inline(always)]
fn tile<const R: usize>(
    out: &mut [f32],
    width: usize,
    n_cols: usize,
    rows: [&[f32]; R],
    panel: &[f32],
    continues: bool,
) {
    let mut sums = [[0.0f32; TILE_COLS]; R];
    if continues {
        for (r, sums) in sums.iter_mut().enumerate() {
            let Some(before) = out[r * width..].first_chunk::<TILE_COLS>() else { return };
            *sums = *before;
        }
    }
    let sums = chains(sums, rows, panel);
    for (r, sums) in sums.iter().enumerate() {
        out[r * width..r * width + n_cols].copy_from_slice(&sums[..n_cols]);
    }
}

/// The sums with the terms of a panel added. By value, so that they stay in registers.
#[inline(always)]
fn chains<const R: usize>(mut sums: [[f32; TILE_COLS]; R], rows: [&[f32]; R], panel: &[f32]) -> [[f32; TILE_COLS]; R] {
    let (terms, _) = panel.as_chunks::<TILE_COLS>();
    // All of one length, which spares the loop its checks.
    let rows = rows.map(|row| &row[..terms.len()]);
    for (k, w) in terms.iter().enumerate() {
        let w = *w;
        for r in 0..R {
            let a = rows[r][k];
            for c in 0..TILE_COLS {
                sums[r][c] = a.mul_add(w[c], sums[r][c]);
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_the_triple_loop_bit_for_bit_at_awkward_sizes() {
        let ctl = Control::new(2).expect("workers");
        for (n, depth, width) in [(1, 1, 1), (7, 5, 16), (13, 33, 23), (6, 64, 7), (13, 1000, 17), (0, 3, 2), (3, 0, 2)]
        {
            let x = Array2::from_shape_fn((n, depth), |(i, j)| ((i * 7 + j) as f32 * 0.31).sin());
            let w = Array2::from_shape_fn((depth, width), |(i, j)| ((i + j * 5) as f32 * 0.17).cos());
            let out = matmul(x.view(), &Packed::new(w.view()), &ctl).expect("not cancelled");
            let w_t = w.t().as_standard_layout().into_owned();
            let same = matmul(x.view(), &Packed::new(w_t.t()), &ctl).expect("not cancelled");
            assert_eq!(out, same);
            let make = |first: usize, rows: &mut [f32]| {
                assert!(rows.iter().all(|v| *v == 0.0), "rows that are made find zeros");
                rows.copy_from_slice(&contiguous(x.view())[first * depth..][..rows.len()]);
            };
            assert_eq!(out, matmul_made(n, &make, &Packed::new(w.view()), &ctl).expect("not cancelled"));
            for ((i, j), value) in out.indexed_iter() {
                let sum = (0..depth).fold(0.0f32, |sum, k| x[[i, k]].mul_add(w[[k, j]], sum));
                assert_eq!(value.to_bits(), sum.to_bits(), "{n} {depth} {width}");
            }
        }
    }
}
