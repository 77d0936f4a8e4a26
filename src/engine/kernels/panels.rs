//! Embeddings stored as panels of columns, and the propagation over them.
//!
//! A hop reads every row as often as a node has neighbours, in no order. While one panel of 32 columns of all rows fits the largest
//! cache, most of these reads come from there; a whole embedding rarely fits. Where not even a panel fits, whole rows are one panel:
//! then memory is read in long runs instead.
//!
//! Every value is the same chain of fused multiply-adds as in `rows.rs`, so the layout changes no bit.

use std::ops::Range;

#[cfg(target_os = "linux")]
use memmap2::Advice;
use memmap2::MmapMut;
use multiversion::multiversion;
use ndarray::Array2;

use super::caches::largest_cache;
use super::fresh::{LINE, settle, write_line};
use super::norms::{GROUP, square_of_group};
use super::{Csr, RowBlock, Rows, contiguous, from_row_blocks, rows_per_block};
use crate::engine::control::Control;
use crate::engine::error::EngineError;

/// Columns of a [`Segment`].
const COLUMNS: usize = LINE;

/// Neighbouring columns of one row: a line of memory. The last one of a row is filled up with zeros.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Segment([f32; COLUMNS]);

/// A matrix of which every panel of some columns lies in memory as a whole, row after row. `[n, width]`
#[derive(Debug)]
pub(crate) struct Panels {
    n: usize,
    width: usize,
    /// Segments of a row in one panel: whole groups of columns that are squared together, or all. The last panel may have fewer.
    per_panel: usize,
    segments: Segments,
}

/// The memory of a matrix.
#[derive(Debug)]
enum Segments {
    Small(Vec<Segment>),
    /// Asked of the system in large pages where it has some: else it clears small ones one by one, which for two embeddings takes as long
    /// as three hops.
    Large {
        memory: MmapMut,
        len: usize,
    },
}

impl Segments {
    /// Zeros.
    fn zeros(len: usize) -> Self {
        const LARGE: usize = 8 << 20;
        let bytes = len.saturating_mul(size_of::<Segment>());
        if bytes >= LARGE
            && let Ok(memory) = MmapMut::map_anon(bytes)
        {
            // A system that refuses gives small pages.
            #[cfg(target_os = "linux")]
            drop(memory.advise(Advice::HugePage));
            return Self::Large { memory, len };
        }
        Self::Small(vec![Segment([0.0; COLUMNS]); len])
    }

    #[expect(unsafe_code, reason = "memory that the system gave has no type")]
    fn all(&self) -> &[Segment] {
        match self {
            Self::Small(segments) => segments,
            // SAFETY: a mapping begins at a page, which is a multiple of 64 bytes, and is as long as `len` segments; all bytes of it were
            // set to 0 by the system, which are values, and nobody else has it.
            Self::Large { memory, len } => unsafe { std::slice::from_raw_parts(memory.as_ptr().cast(), *len) },
        }
    }

    #[expect(unsafe_code, reason = "memory that the system gave has no type")]
    fn all_mut(&mut self) -> &mut [Segment] {
        match self {
            Self::Small(segments) => segments,
            // SAFETY: as above, and it is borrowed for writing.
            Self::Large { memory, len } => unsafe { std::slice::from_raw_parts_mut(memory.as_mut_ptr().cast(), *len) },
        }
    }
}

/// One panel: its columns, counted in segments, and where its rows lie.
#[derive(Clone)]
struct Panel {
    columns: Range<usize>,
    at: Range<usize>,
}

impl Panels {
    /// Zeros, laid out as suits this machine.
    pub(crate) fn zeros(n: usize, width: usize) -> Self {
        Self::with_layout(n, width, segments_per_panel(n, width, largest_cache()))
    }

    fn with_layout(n: usize, width: usize, per_panel: usize) -> Self {
        Self { n, width, per_panel, segments: Segments::zeros(n * width.div_ceil(COLUMNS)) }
    }

    /// Number of columns.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    fn panels(&self) -> impl Iterator<Item = Panel> + use<> {
        let (n, per_panel, all) = (self.n, self.per_panel, self.width.div_ceil(COLUMNS));
        (0..all).step_by(per_panel).map(move |first| {
            let end = all.min(first + per_panel);
            Panel { columns: first..end, at: first * n..end * n }
        })
    }

    /// Takes over the values of `rows`: row `u` those of row `from[u]`, or else of its own.
    ///
    /// # Shapes
    /// `rows: [n, width]`
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    ///
    /// # Panics
    /// When the shapes differ, or rows with all values stored are not in standard layout.
    pub(crate) fn write(&mut self, rows: Rows<'_>, from: Option<&[u32]>, ctl: &Control) -> Result<(), EngineError> {
        assert_eq!((rows.n_rows(), rows.width()), (self.n, self.width), "shape of what is taken over");
        let width = self.width;
        for Panel { columns, at } in self.panels() {
            let stride = columns.len();
            let columns = columns.start * COLUMNS..width.min(columns.end * COLUMNS);
            ctl.for_row_blocks(&mut self.segments.all_mut()[at], stride, COPIED_ROWS, |first, segments| {
                for (u, row) in (first..).zip(segments.chunks_exact_mut(stride)) {
                    let u = from.map_or(u, |from| from[u] as usize);
                    match rows {
                        Rows::Dense(x) => {
                            let values = &contiguous(x)[u * width..(u + 1) * width];
                            for (segment, values) in row.iter_mut().zip(values[columns.clone()].chunks(COLUMNS)) {
                                segment.0[..values.len()].copy_from_slice(values);
                            }
                        }
                        Rows::Sparse(x) => {
                            row.fill(Segment([0.0; COLUMNS]));
                            for (column, value) in x.outer_view(u).iter().flat_map(|row| row.iter()) {
                                if columns.contains(&column) {
                                    let column = column - columns.start;
                                    row[column / COLUMNS].0[column % COLUMNS] = *value;
                                }
                            }
                        }
                    }
                }
            })?;
        }
        Ok(())
    }

    /// Row after row: row `u` is row `from[u]` of this, or else its own.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    pub(crate) fn to_rows(&self, from: Option<&[u32]>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        let width = self.width;
        let (rows, _) = from_row_blocks(self.n, width, COPIED_ROWS, ctl, |first, rows| {
            for Panel { columns, at } in self.panels() {
                let (stride, column) = (columns.len(), columns.start * COLUMNS);
                let panel = &self.segments.all()[at];
                for (u, row) in (first..).zip(rows.chunks_exact_mut(width)) {
                    let segments = &panel[from.map_or(u, |from| from[u] as usize) * stride..][..stride];
                    for (values, segment) in row[column..].chunks_mut(COLUMNS).zip(segments) {
                        values.copy_from_slice(&segment.0[..values.len()]);
                    }
                }
            }
        })?;
        Ok(rows)
    }

    /// `self += weight · x`, fused.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    ///
    /// # Panics
    /// When the layouts differ.
    pub(crate) fn add(&mut self, weight: f32, x: &Self, ctl: &Control) -> Result<(), EngineError> {
        const BLOCK: usize = 1 << 12;
        assert!(self.is_laid_out_as(x), "layouts of a sum");
        ctl.for_row_blocks(self.segments.all_mut(), 1, BLOCK, |first, sums| {
            for (sum, x) in sums.iter_mut().zip(&x.segments.all()[first..]) {
                sum.0.iter_mut().zip(&x.0).for_each(|(s, x)| *s = weight.mul_add(*x, *s));
            }
        })
    }

    fn is_laid_out_as(&self, other: &Self) -> bool {
        (self.n, self.width, self.per_panel) == (other.n, other.width, other.per_panel)
    }

    /// `‖x[u]‖₂²` of every row.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    pub(crate) fn squares(&self, ctl: &Control) -> Result<Vec<f64>, EngineError> {
        let mut squares = vec![0.0; self.n];
        for Panel { columns, at } in self.panels() {
            let (stride, panel) = (columns.len(), &self.segments.all()[at]);
            ctl.for_row_blocks(&mut squares, 1, COPIED_ROWS, |first, squares| {
                squares_of_segments(&panel[first * stride..], stride, squares);
            })?;
        }
        Ok(squares)
    }

    /// `out = A x`, or `out = x + A x` where `residual` is set, and `‖out[u]‖₂²` of every row where `squares` is as long as there are
    /// rows, else empty.
    ///
    /// # Shapes
    /// `a: [n, n]`, `self: [n, width]`, `out: [n, width]`
    ///
    /// # Errors
    /// [`EngineError::Cancelled`]; `out` is then partly written.
    ///
    /// # Panics
    /// When the layouts differ.
    pub(crate) fn propagate(
        &self,
        a: Csr<'_>,
        residual: bool,
        out: &mut Self,
        squares: &mut [f64],
        ctl: &Control,
    ) -> Result<(), EngineError> {
        assert!(self.is_laid_out_as(out), "layouts of a hop");
        squares.fill(0.0);
        // What is as large as the cache is not read again before it has left it.
        let past_caches = size_of_val(out.segments.all()) > largest_cache();
        let per_row = 1 + a.indices.len() / self.n.max(1);
        for Panel { columns, at } in self.panels() {
            let stride = columns.len();
            let block = rows_per_block(stride * COLUMNS * per_row);
            let source = &self.segments.all()[at.clone()];
            let mut norms = squares.chunks_mut(block);
            let rows = out.segments.all_mut()[at].chunks_mut(block * stride).enumerate();
            let mut places: Vec<_> =
                rows.map(|(at, rows)| (at * block, rows, norms.next().unwrap_or_default())).collect();
            ctl.for_row_blocks(&mut places, 1, 1, |_, places| {
                for (first, rows, norms) in places {
                    let indptr = &a.indptr[*first..=*first + rows.len() / stride];
                    let lists = RowBlock { indptr, indices: a.indices, values: a.values };
                    let start = residual.then(|| &source[*first * stride..]);
                    gather_segments(rows, stride, lists, source, start.unwrap_or_default(), past_caches, norms);
                }
            })?;
        }
        Ok(())
    }
}

/// Rows are asked for this many terms before they are added: they are short, and the caches answer sooner than memory.
const AHEAD: usize = 32;

/// Rows copied at once.
const COPIED_ROWS: usize = 256;

/// Segments of a row in a narrow panel.
const PANEL: usize = 2;

/// Segments of a row in one panel: 32 columns while such a panel fits `cache` bytes, else all of them.
fn segments_per_panel(n: usize, width: usize, cache: usize) -> usize {
    let all = width.div_ceil(COLUMNS).max(1);
    let fits = n.saturating_mul(PANEL * size_of::<Segment>()) <= cache;
    if fits { PANEL.min(all) } else { all }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+fma+avx2", "x86_64+avx2+fma", "aarch64+neon"))]
fn squares_of_segments(rows: &[Segment], stride: usize, squares: &mut [f64]) {
    for (row, square) in rows.chunks_exact(stride).zip(squares) {
        for group in row.chunks(GROUP / COLUMNS) {
            let mut values = [0.0; GROUP];
            for (values, segment) in values.as_chunks_mut::<COLUMNS>().0.iter_mut().zip(group) {
                *values = segment.0;
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
#[multiversion(targets("x86_64+avx512f+avx512vl+fma+avx2", "x86_64+avx2+fma", "aarch64+neon"))]
fn gather_segments<'a>(
    out: &mut [Segment],
    stride: usize,
    lists: RowBlock<'a>,
    x: &[Segment],
    start: &[Segment],
    past_caches: bool,
    squares: &mut [f64],
) {
    // The usual panel has code of its own: rows are short, and most of them have few entries once some are removed.
    if stride == PANEL && start.is_empty() {
        gather_all(out, PANEL, lists, x, &[], past_caches, squares);
    } else {
        gather_all(out, stride, lists, x, start, past_caches, squares);
    }
    if past_caches {
        settle();
    }
}

#[inline(always)]
fn gather_all(
    out: &mut [Segment],
    stride: usize,
    lists: RowBlock<'_>,
    x: &[Segment],
    start: &[Segment],
    past_caches: bool,
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
            let sums = gather::<4>(at, stride, entries.clone(), lists, x, start);
            put(&mut row[at..], sums, past_caches, square.as_deref_mut());
            at += 4;
        }
        if at + 2 <= stride {
            let sums = gather::<2>(at, stride, entries.clone(), lists, x, start);
            put(&mut row[at..], sums, past_caches, square.as_deref_mut());
            at += 2;
        }
        if at < stride {
            let sums = gather::<1>(at, stride, entries, lists, x, start);
            put(&mut row[at..], sums, past_caches, square);
        }
    }
}

/// The sums of `N` segments of one row, kept in registers over all terms.
#[inline(always)]
fn gather<const N: usize>(
    at: usize,
    stride: usize,
    entries: Range<usize>,
    lists: RowBlock<'_>,
    x: &[Segment],
    start: &[Segment],
) -> [[f32; COLUMNS]; N] {
    // Whole arrays at once: what is written part by part does not stay in registers.
    let mut sums = match start.get(at..).and_then(|start| start.first_chunk::<N>()) {
        Some(start) => start.map(|segment| segment.0),
        None => [[0.0; COLUMNS]; N],
    };
    let later = (entries.start + AHEAD).min(lists.indices.len() - entries.len());
    let later = &lists.indices[later..later + entries.len()];
    for ((v, value), later) in lists.indices[entries.clone()].iter().zip(&lists.values[entries]).zip(later) {
        ask::<N>(x, *later as usize * stride + at);
        let Some(source) = x.get(*v as usize * stride + at..).and_then(|x| x.first_chunk::<N>()) else { return sums };
        for (sum, x) in sums.iter_mut().zip(source) {
            for (sum, x) in sum.iter_mut().zip(&x.0) {
                *sum = value.mul_add(*x, *sum);
            }
        }
    }
    sums
}

/// Asks memory for `x[at..at + N]`, without waiting. Changes nothing but time.
#[inline(always)]
fn ask<const N: usize>(x: &[Segment], at: usize) {
    #[cfg(target_arch = "x86_64")]
    #[expect(unsafe_code, reason = "there is no safe way to ask memory ahead")]
    for segment in 0..N {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the instruction is part of every x86_64 and only a hint: it reads and writes nothing, and faults on no address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(x.as_ptr().wrapping_add(at + segment).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (x, at);
}

/// Writes sums down, and adds their squares up where they are wanted.
#[inline(always)]
fn put<const N: usize>(row: &mut [Segment], sums: [[f32; COLUMNS]; N], past_caches: bool, square: Option<&mut f64>) {
    let Some(row) = row.first_chunk_mut::<N>() else { return };
    if let Some(square) = square {
        for group in sums.chunks(GROUP / COLUMNS) {
            *square += square_of_group(group.as_flattened());
        }
    }
    if past_caches {
        for (segment, sums) in row.iter_mut().zip(&sums) {
            write_line(&mut segment.0, sums);
        }
    } else {
        *row = sums.map(Segment);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{row_norms, spmm};
    use super::*;
    use crate::engine::graph::Features;

    /// A matrix in which some rows are long, some empty.
    fn lists(n: usize) -> (Vec<usize>, Vec<u32>, Vec<f32>) {
        let (mut indptr, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
        for u in 0..n {
            let row = (0..n).filter(|v| u % 5 != 3 && (u * 7 + v * 13) % (2 + u % 11) == 0);
            for v in row {
                indices.push(v as u32);
                values.push(((u * 3 + v) as f32 * 0.7).sin());
            }
            indptr.push(indices.len());
        }
        (indptr, indices, values)
    }

    #[test]
    fn every_layout_gives_the_bits_of_whole_rows() {
        let ctl = Control::new(2).expect("workers");
        let n = 70;
        let (indptr, indices, values) = lists(n);
        let a = Csr { indptr: &indptr, indices: &indices, values: &values };
        for width in [0, 1, 15, 16, 33, 64, 100, 151] {
            let x = Array2::from_shape_fn((n, width), |(i, j)| ((i * 37 + j) as f32 * 0.37).sin());
            for per_panel in [2, 4, 6, 64] {
                let new = || Panels::with_layout(n, width, per_panel);
                let (mut from, mut to, mut squares) = (new(), new(), vec![f64::NAN; n]);
                from.write(Rows::Dense(x.view()), None, &ctl).expect("not cancelled");
                assert_eq!(from.to_rows(None, &ctl).expect("not cancelled"), x);
                assert_eq!(from.squares(&ctl).expect("not cancelled").len(), n);
                for residual in [false, true] {
                    let expected = spmm(a, x.view(), residual, &ctl).expect("not cancelled");
                    from.propagate(a, residual, &mut to, &mut squares, &ctl).expect("not cancelled");
                    let out = to.to_rows(None, &ctl).expect("not cancelled");
                    assert!(out.iter().zip(&expected).all(|(a, b)| a.to_bits() == b.to_bits()), "{width} {per_panel}");
                    let norms = row_norms(expected.view(), &ctl).expect("not cancelled");
                    let same =
                        squares.iter().zip(&norms).all(|(s, norm)| (s.sqrt() as f32).to_bits() == norm.to_bits());
                    assert!(same && squares == to.squares(&ctl).expect("not cancelled"), "{width} {per_panel}");
                    let mut again = new();
                    from.propagate(a, residual, &mut again, &mut [], &ctl).expect("not cancelled");
                    assert_eq!(again.to_rows(None, &ctl).expect("not cancelled"), out);
                }
                let mut sum = new();
                sum.add(0.5, &from, &ctl).expect("not cancelled");
                sum.add(0.25, &to, &ctl).expect("not cancelled");
                let expected = to.to_rows(None, &ctl).expect("not cancelled").mapv(|v| 0.25 * v) + x.mapv(|v| 0.5 * v);
                let off =
                    (sum.to_rows(None, &ctl).expect("not cancelled") - expected).iter().map(|d| d.abs()).sum::<f32>();
                assert!(off < 1e-2, "{off}");
            }
        }
    }

    #[test]
    fn large_matrices_are_as_small_ones() {
        let ctl = Control::new(2).expect("workers");
        let (n, width) = (70_000, 40);
        let x = Array2::from_shape_fn((n, width), |(i, j)| (i * width + j) as f32);
        let mut panels = Panels::with_layout(n, width, 2);
        assert!(matches!(panels.segments, Segments::Large { .. }));
        panels.write(Rows::Dense(x.view()), None, &ctl).expect("not cancelled");
        assert_eq!(panels.to_rows(None, &ctl).expect("not cancelled"), x);
    }

    #[test]
    fn stored_values_become_rows() {
        let ctl = Control::new(2).expect("workers");
        let x = Array2::from_shape_fn((40, 50), |(i, j)| if (i * j) % 7 == 1 { (i + j) as f32 } else { 0.0 });
        let Features::Sparse(stored) = Features::from_dense(x.clone()) else { panic!("sparse enough") };
        let mut panels = Panels::zeros(40, 50);
        panels.write(Rows::Sparse(&stored), None, &ctl).expect("not cancelled");
        assert_eq!(panels.to_rows(None, &ctl).expect("not cancelled"), x);
    }

    #[test]
    fn panels_are_narrow_while_they_fit_the_cache() {
        assert_eq!(segments_per_panel(169_343, 128, 32 << 20), 2);
        assert_eq!(segments_per_panel(2_400_000, 100, 32 << 20), 7);
        assert_eq!(segments_per_panel(1_000, 5, 32 << 20), 1);
        assert_eq!(segments_per_panel(usize::MAX, 0, 32 << 20), 1);
    }
}
