//! New matrices that are written block by block.
//!
//! `Array2::zeros` sets memory to 0 on the calling thread alone before anything is computed, which for an embedding takes as long as a
//! fifth of the product that then overwrites it. Here every worker clears its own block, while it is in its cache. A matrix that is
//! larger than the caches is written with non-temporal stores: else every line of it would be read before it is written.

use std::mem::MaybeUninit;

use ndarray::Array2;

use super::caches::largest_cache;
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

/// Some rows of a matrix in standard layout, in the given order, picked by all workers.
///
/// # Errors
/// [`EngineError::Cancelled`].
pub(crate) fn picked(x: &Array2<f32>, rows: &[u32], ctl: &Control) -> Result<Array2<f32>, EngineError> {
    const ROWS: usize = 256;
    let width = x.ncols();
    let values = contiguous(x.view());
    let (picked, _) = from_row_blocks(rows.len(), width, ROWS, ctl, |first, out| {
        for (out, u) in out.chunks_exact_mut(width.max(1)).zip(&rows[first..]) {
            out.copy_from_slice(&values[*u as usize * width..][..width]);
        }
    })?;
    Ok(picked)
}

/// A matrix made by `f(first_row, rows)` on blocks of `rows_per_block` rows, in parallel, with what `f` says of every block, in order.
/// `f` finds zeros.
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
    /// Bytes of a block that stays in the second cache until it is copied.
    const LARGEST_BLOCK: usize = 512 << 10;
    let len = n * width;
    let mut values = ctl.spare(len).unwrap_or_else(|| Vec::with_capacity(len));
    values.clear();
    let slots = &mut values.spare_capacity_mut()[..len];
    let bytes = |n: usize| n.saturating_mul(size_of::<f32>());
    let non_temporal = bytes(len) > largest_cache() && bytes(width.saturating_mul(rows_per_block)) <= LARGEST_BLOCK;
    let results = ctl.map_row_blocks(slots, width, rows_per_block, |first, slots| {
        if non_temporal {
            let mut rows = vec![0.0; slots.len()];
            let result = f(first, &mut rows);
            copy_non_temporal(slots, &rows);
            return result;
        }
        slots.fill(MaybeUninit::new(0.0));
        // SAFETY: the line above has written every value of the block.
        let rows = unsafe { slots.assume_init_mut() };
        f(first, rows)
    })?;
    // SAFETY: the blocks cover the first `len` slots, and each was written before its value came back; a cancelled call has returned.
    unsafe { values.set_len(len) };
    match Array2::from_shape_vec((n, width), values) {
        Ok(matrix) => Ok((matrix, results)),
        Err(_) => unreachable!("as many values as the shape has"),
    }
}

/// Copies values of which none is read again soon.
///
/// # Panics
/// When the lengths differ.
fn copy_non_temporal(to: &mut [MaybeUninit<f32>], from: &[f32]) {
    assert_eq!(to.len(), from.len(), "lengths of a copy");
    // Whole cache lines are written with non-temporal stores, what is left at both ends is not.
    let head = to.as_ptr().align_offset(LINE * size_of::<f32>()).min(to.len());
    let (to_head, to) = to.split_at_mut(head);
    let (from_head, from) = from.split_at(head);
    let (to, to_tail) = to.as_chunks_mut::<LINE>();
    let (from, from_tail) = from.as_chunks::<LINE>();
    to_head.write_copy_of_slice(from_head);
    to_tail.write_copy_of_slice(from_tail);
    for (to, from) in to.iter_mut().zip(from) {
        write_line(to, from);
    }
    store_fence();
}

/// Where a value goes, whether or not there is one already.
pub(super) trait Slot {
    /// Puts a value there.
    #[cfg_attr(target_arch = "x86_64", expect(dead_code, reason = "lines are written as a whole"))]
    fn put(&mut self, value: f32);
}

impl Slot for f32 {
    fn put(&mut self, value: f32) {
        *self = value;
    }
}

impl Slot for MaybeUninit<f32> {
    fn put(&mut self, value: f32) {
        self.write(value);
    }
}

/// Values of a cache line.
pub(super) const LINE: usize = 16;

/// Writes a cache line that begins at a multiple of its size with non-temporal stores, where the processor has them.
#[inline(always)]
#[cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "there is no safe non-temporal store; measured: 3 to 10 % of a hop")
)]
pub(super) fn write_line<T: Slot>(to: &mut [T; LINE], from: &[f32; LINE]) {
    #[cfg(target_arch = "x86_64")]
    for (to, from) in to.as_chunks_mut::<4>().0.iter_mut().zip(from.as_chunks::<4>().0) {
        use std::arch::x86_64::{_mm_loadu_ps, _mm_stream_ps};
        debug_assert!(
            to.as_ptr().cast::<[f32; 4]>().addr().is_multiple_of(16),
            "a line begins at a multiple of its size"
        );
        // SAFETY: both are four values, a slot is the size of one, and both callers pass lines that begin at a multiple of 64 bytes: every
        // four of them begin at one of 16.
        unsafe { _mm_stream_ps(to.as_mut_ptr().cast(), _mm_loadu_ps(from.as_ptr())) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    to.iter_mut().zip(from).for_each(|(to, from)| to.put(*from));
}

/// Writes half a cache line that begins at a multiple of its size with non-temporal stores, where the processor has them.
#[inline(always)]
#[cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "there is no safe non-temporal store"))]
pub(super) fn write_half_line(to: &mut [u16; LINE], from: &[u16; LINE]) {
    #[cfg(target_arch = "x86_64")]
    for (to, from) in to.as_chunks_mut::<8>().0.iter_mut().zip(from.as_chunks::<8>().0) {
        use std::arch::x86_64::{_mm_loadu_si128, _mm_stream_si128};
        debug_assert!(to.as_ptr().addr().is_multiple_of(16), "half a line begins at a multiple of its size");
        // SAFETY: both are eight values of two bytes, and the caller passes halves of lines that begin at a multiple of 32 bytes.
        unsafe { _mm_stream_si128(to.as_mut_ptr().cast(), _mm_loadu_si128(from.as_ptr().cast())) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    to.copy_from_slice(from);
}

/// Store fence: waits until non-temporal stores can be seen by other threads.
#[inline(always)]
#[cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "the fence of non-temporal stores"))]
pub(super) fn store_fence() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the instruction is part of every x86_64 and only puts writes in order.
    unsafe {
        std::arch::x86_64::_mm_sfence();
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn non_temporal_copies_arrive_whole() {
        let from: Vec<f32> = (0..200).map(|i| i as f32).collect();
        for (first, len) in [(0, 200), (1, 150), (5, 3), (15, 33), (7, 0)] {
            let mut to = vec![MaybeUninit::new(-1.0f32); 200];
            copy_non_temporal(&mut to[first..first + len], &from[..len]);
            let mut expected = vec![-1.0; 200];
            expected[first..first + len].copy_from_slice(&from[..len]);
            // Every value was set when the list was made.
            let mut found = vec![0.0; 200];
            found.iter_mut().zip(&to).for_each(|(f, t)| *f = read(*t));
            assert_eq!(found, expected, "{first} {len}");
        }
    }

    #[expect(unsafe_code, reason = "a test reads what was written")]
    fn read(value: MaybeUninit<f32>) -> f32 {
        // SAFETY: all values of the test's list were set.
        unsafe { value.assume_init() }
    }

    #[test]
    fn a_matrix_larger_than_the_caches_is_the_same() {
        let ctl = Control::new(2).expect("workers");
        let n = largest_cache() / size_of::<f32>() / 7 + 1;
        let (matrix, firsts) = from_row_blocks(n, 7, 1000, &ctl, |first, rows| {
            assert!(rows.iter().all(|v| *v == 0.0));
            rows.iter_mut().enumerate().for_each(|(i, v)| *v = (first * 7 + i) as f32);
            first
        })
        .expect("not cancelled");
        assert!(matrix.iter().enumerate().all(|(i, v)| v.to_bits() == (i as f32).to_bits()));
        assert!(firsts.iter().enumerate().all(|(i, first)| *first == 1000 * i));
    }
}
