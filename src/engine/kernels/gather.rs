//! The inner loops over segments: a row of a product, and squares of rows; compiled for several instruction sets.

use std::ops::Range;

use multiversion::multiversion;

use super::RowBlock;
use super::dot::whole;
use super::fresh::store_fence;
use super::norms::{GROUP, square_of_group};
use super::segments::{COLUMNS, Full, Half, Segment};

/// Rows are prefetched this many terms before they are added: they are short, and the caches answer sooner than memory.
const PREFETCH_DISTANCE: usize = 32;

/// The inner loops over a kind of segments, compiled for several instruction sets.
pub(super) trait Compiled: Segment {
    /// [`gather_segments`].
    fn gather(
        out: &mut [Self],
        stride: usize,
        lists: RowBlock<'_>,
        x: &[Self],
        start: &[Self],
        non_temporal: bool,
        squares: &mut [f64],
    );
    /// [`squares_of_segments`].
    fn squares(rows: &[Self], stride: usize, squares: &mut [f64]);
}

macro_rules! compiled {
    ($segment:ty, $gather:ident, $squares:ident) => {
        #[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl+fma+avx2", "x86_64+avx2+fma", "aarch64+neon"))]
        fn $gather(
            out: &mut [$segment],
            stride: usize,
            (indptr, indices, values): (&[usize], &[u32], &[f32]),
            x: &[$segment],
            start: &[$segment],
            non_temporal: bool,
            squares: &mut [f64],
        ) {
            let lists = RowBlock { indptr, indices, values };
            gather_segments(out, stride, lists, x, start, non_temporal, squares);
        }

        #[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl+fma+avx2", "x86_64+avx2+fma", "aarch64+neon"))]
        fn $squares(rows: &[$segment], stride: usize, squares: &mut [f64]) {
            squares_of_segments(rows, stride, squares);
        }

        impl Compiled for $segment {
            fn gather(
                out: &mut [Self],
                stride: usize,
                lists: RowBlock<'_>,
                x: &[Self],
                start: &[Self],
                non_temporal: bool,
                squares: &mut [f64],
            ) {
                let RowBlock { indptr, indices, values } = lists;
                $gather(out, stride, (indptr, indices, values), x, start, non_temporal, squares);
            }

            fn squares(rows: &[Self], stride: usize, squares: &mut [f64]) {
                $squares(rows, stride, squares);
            }
        }
    };
}

compiled!(Full, gather_full, squares_of_full);
compiled!(Half, gather_half, squares_of_half);

#[inline(always)]
fn squares_of_segments<S: Segment>(rows: &[S], stride: usize, squares: &mut [f64]) {
    for (row, square) in rows.chunks_exact(stride).zip(squares) {
        for group in row.chunks(GROUP / COLUMNS) {
            let mut values = [0.0; GROUP];
            for (values, segment) in values.as_chunks_mut::<COLUMNS>().0.iter_mut().zip(group) {
                *values = segment.values();
            }
            *square += square_of_group(&values);
        }
    }
}

/// `out[i] = Σ_k value[k] · x[index[k]]` in ascending order of `k`, beginning with the rows of `start`, if there are some; adds the squares
/// of what comes out to `squares`, if there are some.
///
/// # Shapes
/// `out: [rows, stride]`, `x: [n, stride]`, `start: [≥ rows, stride]` or empty, `squares: [rows]` or empty
#[inline(always)]
fn gather_segments<S: Segment>(
    out: &mut [S],
    stride: usize,
    lists: RowBlock<'_>,
    x: &[S],
    start: &[S],
    non_temporal: bool,
    squares: &mut [f64],
) {
    // The usual panel has code of its own: rows are short, and most of them have few entries once some are removed.
    if stride == S::PER_PANEL && start.is_empty() {
        gather_all(out, S::PER_PANEL, lists, x, &[], non_temporal, squares);
    } else {
        gather_all(out, stride, lists, x, start, non_temporal, squares);
    }
    if non_temporal {
        store_fence();
    }
}

#[inline(always)]
fn gather_all<S: Segment>(
    out: &mut [S],
    stride: usize,
    lists: RowBlock<'_>,
    x: &[S],
    start: &[S],
    non_temporal: bool,
    squares: &mut [f64],
) {
    let mut starts = start.chunks_exact(stride);
    let mut squares = squares.iter_mut();
    for (row, ends) in out.chunks_exact_mut(stride).zip(lists.indptr.windows(2)) {
        let entries = ends[0]..ends[1];
        let start = starts.next().unwrap_or_default();
        let mut square = squares.next();
        let mut at = 0;
        while at + 4 <= stride {
            let sums = gather::<S, 4>(at, stride, entries.clone(), lists, x, start);
            put(&mut row[at..], sums, non_temporal, square.as_deref_mut());
            at += 4;
        }
        if at + 2 <= stride {
            let sums = gather::<S, 2>(at, stride, entries.clone(), lists, x, start);
            put(&mut row[at..], sums, non_temporal, square.as_deref_mut());
            at += 2;
        }
        if at < stride {
            let sums = gather::<S, 1>(at, stride, entries, lists, x, start);
            put(&mut row[at..], sums, non_temporal, square);
        }
    }
}

/// The sums of `N` segments of one row, kept in registers over all terms.
#[inline(always)]
fn gather<S: Segment, const N: usize>(
    at: usize,
    stride: usize,
    entries: Range<usize>,
    lists: RowBlock<'_>,
    x: &[S],
    start: &[S],
) -> [[f32; COLUMNS]; N] {
    // Whole arrays at once: what is written part by part does not stay in registers.
    let mut sums = match start.get(at..).and_then(|start| start.first_chunk::<N>()) {
        Some(start) => start.map(|segment| segment.values()),
        None => [[0.0; COLUMNS]; N],
    };
    let later = (entries.start + PREFETCH_DISTANCE).min(lists.indices.len() - entries.len());
    let later = &lists.indices[later..later + entries.len()];
    for ((v, value), later) in lists.indices[entries.clone()].iter().zip(&lists.values[entries]).zip(later) {
        prefetch::<S, N>(x, *later as usize * stride + at);
        let Some(source) = x.get(*v as usize * stride + at..).and_then(|x| x.first_chunk::<N>()) else { return sums };
        for (sum, x) in sums.iter_mut().zip(source) {
            for (sum, x) in sum.iter_mut().zip(&x.values()) {
                *sum = value.mul_add(*x, *sum);
            }
        }
    }
    whole(sums)
}

/// Prefetches `x[at..at + N]`. Changes nothing but time.
#[inline(always)]
fn prefetch<S: Segment, const N: usize>(x: &[S], at: usize) {
    #[cfg(target_arch = "x86_64")]
    #[expect(unsafe_code, reason = "there is no safe prefetch")]
    for segment in (0..N).step_by(S::PER_LINE) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the instruction is part of every x86_64 and only a hint: it reads and writes nothing, and faults on no address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(x.as_ptr().wrapping_add(at + segment).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (x, at);
}

/// Writes sums down, and adds the squares of what is stored up where they are wanted.
#[inline(always)]
fn put<S: Segment, const N: usize>(
    row: &mut [S],
    sums: [[f32; COLUMNS]; N],
    non_temporal: bool,
    square: Option<&mut f64>,
) {
    let Some(row) = row.first_chunk_mut::<N>() else { return };
    let stored = sums.map(|sums| S::of(&sums));
    if let Some(square) = square {
        for group in stored.map(|segment| segment.values()).chunks(GROUP / COLUMNS) {
            *square += square_of_group(group.as_flattened());
        }
    }
    if non_temporal {
        for (segment, stored) in row.iter_mut().zip(&stored) {
            segment.write_non_temporal(stored);
        }
    } else {
        *row = stored;
    }
}
