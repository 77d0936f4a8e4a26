//! New matrices that are written block by block.
//!
//! `Array2::zeros` sets memory to 0 on the calling thread alone before anything is computed, which for an embedding takes as long as a
//! fifth of the product that then overwrites it. Here every worker clears its own block, while it is in its cache.

use std::mem::MaybeUninit;

use ndarray::Array2;

use super::contiguous;
use crate::engine::control::Control;
use crate::engine::error::EngineError;

/// A copy, made by all workers.
///
/// # Errors
/// [`EngineError::Cancelled`].
pub(crate) fn copied(x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
    const ROWS: usize = 256;
    let (n, width) = x.dim();
    let values = contiguous(x.view());
    let (copy, _) = from_row_blocks(n, width, ROWS, ctl, |first, rows| {
        rows.copy_from_slice(&values[first * width..][..rows.len()]);
    })?;
    Ok(copy)
}

/// A matrix made by `f(first_row, rows)` on blocks of `rows_per_block` rows, in parallel, with what `f` says of every block, in order.
/// `f` has to write every value: it finds zeros, or what was in memory that was given back.
///
/// # Errors
/// [`EngineError::Cancelled`].
///
/// # Panics
/// When `rows_per_block` is 0 while the matrix is not empty.
#[expect(unsafe_code, reason = "memory that was written by many workers cannot be declared written in safe code")]
pub(crate) fn from_row_blocks<R: Send>(
    n: usize,
    width: usize,
    rows_per_block: usize,
    ctl: &Control,
    f: impl Fn(usize, &mut [f32]) -> R + Send + Sync,
) -> Result<(Array2<f32>, Vec<R>), EngineError> {
    if let Some(Ok(mut matrix)) = ctl.spare(n * width).map(|spare| Array2::from_shape_vec((n, width), spare)) {
        let rows = matrix.as_slice_mut().unwrap_or_default();
        let results = ctl.map_row_blocks(rows, width, rows_per_block, f)?;
        return Ok((matrix, results));
    }
    let mut matrix = Array2::<f32>::uninit((n, width));
    let slots = matrix.as_slice_mut().unwrap_or_default();
    let results = ctl.map_row_blocks(slots, width, rows_per_block, |first, slots| {
        for slot in &mut *slots {
            *slot = MaybeUninit::new(0.0);
        }
        // SAFETY: the loop above has written every value of the block.
        let rows = unsafe { slots.assume_init_mut() };
        f(first, rows)
    })?;
    // SAFETY: a matrix from `uninit` is one slice, the blocks cover it, and each was written before its value came back; a cancelled
    // call has returned above.
    Ok((unsafe { matrix.assume_init() }, results))
}
