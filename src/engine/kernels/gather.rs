//! The inner loops over segments: a row of a product, and squares of rows; compiled for several instruction sets.

use std::ops::Range;

use half::{bf16, f16};
use multiversion::multiversion;

use super::RowBlock;
use super::dot::whole;
use super::fresh::store_fence;
use super::norms::{GROUP, square_of_group};
use super::segments::{COLUMNS, Full, Half, Segment};
use super::stored::{StoredValue, scaled};

/// Rows are prefetched this many terms before they are added: they are short, and the caches answer sooner than memory.
const PREFETCH_DISTANCE: usize = 32;

/// The squares of rows of a kind of segments, compiled for several instruction sets.
pub(super) trait Compiled: Segment {
    /// [`squares_of_segments`].
    fn squares(rows: &[Self], stride: usize, squares: &mut [f64]);
}

/// A kind of values that segments of kind `S` are gathered with, compiled for several instruction sets.
pub(super) trait GathersInto<S: Segment>: StoredValue {
    /// [`gather_segments`].
    fn gather(
        out: &mut [S],
        stride: usize,
        lists: RowBlock<'_, Self>,
        scales: &[f32],
        x: &[S],
        start: &[S],
        non_temporal: bool,
        squares: &mut [f64],
    );
}

/// A kind of values that segments of either kind are gathered with.
pub(super) trait Gathered: GathersInto<Full> + GathersInto<Half> {}

impl<V: GathersInto<Full> + GathersInto<Half>> Gathered for V {}

macro_rules! compiled {
    ($segment:ty, $squares:ident) => {
        #[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl+fma+avx2", "x86_64+avx2+fma", "aarch64+neon"))]
        fn $squares(rows: &[$segment], stride: usize, squares: &mut [f64]) {
            squares_of_segments(rows, stride, squares);
        }

        impl Compiled for $segment {
            fn squares(rows: &[Self], stride: usize, squares: &mut [f64]) {
                $squares(rows, stride, squares);
            }
        }
    };
}

macro_rules! gathers {
    ($value:ty, $segment:ty, $gather:ident) => {
        #[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl+fma+avx2", "x86_64+avx2+fma", "aarch64+neon"))]
        fn $gather(
            out: &mut [$segment],
            stride: usize,
            (indptr, indices, values): (&[usize], &[u32], &[$value]),
            scales: &[f32],
            x: &[$segment],
            start: &[$segment],
            non_temporal: bool,
            squares: &mut [f64],
        ) {
            let lists = RowBlock { indptr, indices, values };
            gather_segments(out, stride, lists, scales, x, start, non_temporal, squares);
        }

        impl GathersInto<$segment> for $value {
            fn gather(
                out: &mut [$segment],
                stride: usize,
                lists: RowBlock<'_, Self>,
                scales: &[f32],
                x: &[$segment],
                start: &[$segment],
                non_temporal: bool,
                squares: &mut [f64],
            ) {
                let RowBlock { indptr, indices, values } = lists;
                $gather(out, stride, (indptr, indices, values), scales, x, start, non_temporal, squares);
            }
        }
    };
}

compiled!(Full, squares_of_full);
compiled!(Half, squares_of_half);
gathers!(f32, Full, gather_f32_full);
gathers!(f32, Half, gather_f32_half);
gathers!(bf16, Full, gather_bf16_full);
gathers!(bf16, Half, gather_bf16_half);
gathers!(f16, Full, gather_f16_full);
gathers!(f16, Half, gather_f16_half);
gathers!(i8, Full, gather_i8_full);
gathers!(i8, Half, gather_i8_half);

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
/// of what comes out to `squares`, if there are some. Scaled values begin at 0, and the scaled sum is added to the row of `start`.
///
/// # Shapes
/// `out: [rows, stride]`, `x: [n, stride]`, `start: [≥ rows, stride]` or empty, `scales`, `squares: [rows]` or empty
#[inline(always)]
fn gather_segments<S: Segment, V: StoredValue>(
    out: &mut [S],
    stride: usize,
    lists: RowBlock<'_, V>,
    scales: &[f32],
    x: &[S],
    start: &[S],
    non_temporal: bool,
    squares: &mut [f64],
) {
    // The usual panel has code of its own: rows are short, and most of them have few entries once some are removed.
    if stride == S::PER_PANEL && start.is_empty() {
        gather_all(out, S::PER_PANEL, lists, scales, x, &[], non_temporal, squares);
    } else {
        gather_all(out, stride, lists, scales, x, start, non_temporal, squares);
    }
    if non_temporal {
        store_fence();
    }
}

#[inline(always)]
fn gather_all<S: Segment, V: StoredValue>(
    out: &mut [S],
    stride: usize,
    lists: RowBlock<'_, V>,
    scales: &[f32],
    x: &[S],
    start: &[S],
    non_temporal: bool,
    squares: &mut [f64],
) {
    let mut starts = start.chunks_exact(stride);
    let (mut scales, mut squares) = (scales.iter(), squares.iter_mut());
    for (row, ends) in out.chunks_exact_mut(stride).zip(lists.indptr.windows(2)) {
        let entries = ends[0]..ends[1];
        let start = starts.next().unwrap_or_default();
        let scale = scales.next().copied().unwrap_or(1.0);
        let mut square = squares.next();
        let mut at = 0;
        while at + 4 <= stride {
            let sums = gather::<S, V, 4>(at, stride, entries.clone(), lists, scale, x, start);
            put(&mut row[at..], sums, non_temporal, square.as_deref_mut());
            at += 4;
        }
        if at + 2 <= stride {
            let sums = gather::<S, V, 2>(at, stride, entries.clone(), lists, scale, x, start);
            put(&mut row[at..], sums, non_temporal, square.as_deref_mut());
            at += 2;
        }
        if at < stride {
            let sums = gather::<S, V, 1>(at, stride, entries, lists, scale, x, start);
            put(&mut row[at..], sums, non_temporal, square);
        }
    }
}

/// The sums of `N` segments of one row, kept in registers over all terms.
#[inline(always)]
fn gather<S: Segment, V: StoredValue, const N: usize>(
    at: usize,
    stride: usize,
    entries: Range<usize>,
    lists: RowBlock<'_, V>,
    scale: f32,
    x: &[S],
    start: &[S],
) -> [[f32; COLUMNS]; N] {
    let start = start.get(at..).and_then(|start| start.first_chunk::<N>());
    // Whole arrays at once: what is written part by part does not stay in registers.
    let mut sums = match start {
        Some(start) if !V::IS_SCALED => start.map(|segment| segment.values()),
        _ => [[0.0; COLUMNS]; N],
    };
    let later = (entries.start + PREFETCH_DISTANCE).min(lists.indices.len() - entries.len());
    let later = &lists.indices[later..later + entries.len()];
    for ((v, value), later) in lists.indices[entries.clone()].iter().zip(&lists.values[entries]).zip(later) {
        prefetch::<S, N>(x, *later as usize * stride + at);
        let Some(source) = x.get(*v as usize * stride + at..).and_then(|x| x.first_chunk::<N>()) else { return sums };
        let value = value.widen();
        for (sum, x) in sums.iter_mut().zip(source) {
            for (sum, x) in sum.iter_mut().zip(&x.values()) {
                *sum = value.mul_add(*x, *sum);
            }
        }
    }
    if V::IS_SCALED {
        for (segment, sums) in sums.iter_mut().enumerate() {
            let start = start.map(|start| start[segment].values());
            for (column, sum) in sums.iter_mut().enumerate() {
                *sum = scaled(*sum, scale, start.map(|start| start[column]));
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
