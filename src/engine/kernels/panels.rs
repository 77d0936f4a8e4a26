//! Embeddings stored as panels of columns, and the propagation over them.
//!
//! A hop reads every row as often as a node has neighbours, in no order. While one panel of 32 columns of all rows fits the largest
//! cache, most of these reads come from there; a whole embedding rarely fits. Where not even a panel fits, whole rows are one panel:
//! then memory is read in long runs instead.
//!
//! Every value is the same chain of fused multiply-adds as in `rows.rs`, so the layout changes no bit. Stored in half as many bits,
//! values are rounded once in every hop.

use std::ops::Range;

use ndarray::Array2;

use super::caches::largest_cache;
use super::gather::{Compiled, Gathered, GathersInto};
use super::segments::{COLUMNS, Full, Half, Precision, Segment, Segments};
use super::stored::ValuesRef;
use super::{Csr, RowBlock, Rows, contiguous, from_row_blocks, rows_per_block};
use crate::engine::control::Control;
use crate::engine::error::EngineError;

/// A matrix of which every panel of some columns lies in memory as a whole, row after row. `[n, width]`
#[derive(Debug)]
pub(crate) struct Panels {
    n: usize,
    width: usize,
    /// Segments of a row in one panel: whole groups of columns that are squared together, or all. The last panel may have fewer.
    per_panel: usize,
    segments: Stored,
}

/// The values of a matrix, as they are stored.
#[derive(Debug)]
enum Stored {
    Full(Segments<Full>),
    Half(Segments<Half>),
}

/// Does the same with segments of either kind.
macro_rules! either {
    ($stored:expr, $segments:ident => $do:expr) => {
        match $stored {
            Stored::Full($segments) => $do,
            Stored::Half($segments) => $do,
        }
    };
}

/// One panel: its columns, counted in segments, and where its rows lie.
#[derive(Clone)]
struct Panel {
    columns: Range<usize>,
    at: Range<usize>,
}

impl Panels {
    /// Zeros, laid out as suits this machine.
    pub(crate) fn zeros(n: usize, width: usize, precision: Precision) -> Self {
        Self::with_layout(n, width, precision, segments_per_panel(n, width, precision, largest_cache()))
    }

    /// Zeros in the layout of `self`, as 32-bit floats.
    pub(crate) fn sums(&self) -> Self {
        Self::with_layout(self.n, self.width, Precision::F32, self.per_panel)
    }

    fn with_layout(n: usize, width: usize, precision: Precision, per_panel: usize) -> Self {
        let len = n * width.div_ceil(COLUMNS);
        let segments = match precision {
            Precision::F32 => Stored::Full(Segments::zeros(len)),
            Precision::Bf16 => Stored::Half(Segments::zeros(len)),
        };
        Self { n, width, per_panel, segments }
    }

    /// Whether it is laid out as new zeros of this shape would be.
    pub(crate) fn is_as_new(&self, n: usize, width: usize, precision: Precision) -> bool {
        let is_stored_so = match self.segments {
            Stored::Full(_) => precision == Precision::F32,
            Stored::Half(_) => precision == Precision::Bf16,
        };
        let per_panel = segments_per_panel(n, width, precision, largest_cache());
        is_stored_so && (self.n, self.width, self.per_panel) == (n, width, per_panel)
    }

    /// Bytes of all segments.
    pub(crate) fn size_bytes(&self) -> usize {
        either!(&self.segments, segments => size_of_val(segments.all()))
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

    /// Takes over the values of `rows`, row `u` from row `from[u]` or else from its own, rounded where they are stored in fewer bits.
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
        for panel in self.panels() {
            either!(&mut self.segments, segments => write_panel(segments.all_mut(), panel, rows, from, ctl))?;
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
            for panel in self.panels() {
                either!(&self.segments, segments => read_panel(segments.all(), panel, first, from, rows, width));
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
        assert!(self.is_laid_out_as(x), "layouts of a sum");
        either!(&mut self.segments, sums => either!(&x.segments, x => add(sums.all_mut(), weight, x.all(), ctl)))
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
            let stride = columns.len();
            ctl.for_row_blocks(&mut squares, 1, COPIED_ROWS, |first, squares| {
                either!(&self.segments, segments => {
                    Compiled::squares(&segments.all()[at.clone()][first * stride..], stride, squares);
                });
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
        let Csr { indptr, indices, values } = a;
        self.gathered(RowBlock { indptr, indices, values }, &[], residual, out, squares, ctl)
    }

    /// The same where the entries' values are stored in fewer bits, without squares.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`]; `out` is then partly written.
    ///
    /// # Panics
    /// When the layouts differ.
    pub(crate) fn propagate_stored(
        &self,
        (indptr, indices): (&[usize], &[u32]),
        values: ValuesRef<'_>,
        residual: bool,
        out: &mut Self,
        ctl: &Control,
    ) -> Result<(), EngineError> {
        macro_rules! gathered {
            ($values:expr, $scales:expr) => {
                self.gathered(RowBlock { indptr, indices, values: $values }, $scales, residual, out, &mut [], ctl)
            };
        }
        match values {
            ValuesRef::F32(values) => gathered!(values, &[]),
            ValuesRef::Bf16(values) => gathered!(values, &[]),
            ValuesRef::F16(values) => gathered!(values, &[]),
            ValuesRef::Int8 { values, scales } => gathered!(values, scales),
        }
    }

    fn gathered<V: Gathered>(
        &self,
        lists: RowBlock<'_, V>,
        scales: &[f32],
        residual: bool,
        out: &mut Self,
        squares: &mut [f64],
        ctl: &Control,
    ) -> Result<(), EngineError> {
        assert!(self.is_laid_out_as(out), "layouts of a hop");
        let (panels, lists) = (self.panels(), (lists, scales));
        match (&self.segments, &mut out.segments) {
            (Stored::Full(x), Stored::Full(out)) => hop(panels, lists, residual, x.all(), out.all_mut(), squares, ctl),
            (Stored::Half(x), Stored::Half(out)) => hop(panels, lists, residual, x.all(), out.all_mut(), squares, ctl),
            _ => unreachable!("a hop does not change how values are stored"),
        }
    }
}

/// Takes the columns of a panel over.
fn write_panel<S: Segment>(
    all: &mut [S],
    Panel { columns, at }: Panel,
    rows: Rows<'_>,
    from: Option<&[u32]>,
    ctl: &Control,
) -> Result<(), EngineError> {
    let (stride, width) = (columns.len(), rows.width());
    let columns = columns.start * COLUMNS..width.min(columns.end * COLUMNS);
    ctl.for_row_blocks(&mut all[at], stride, COPIED_ROWS, |first, segments| {
        let mut row_values = vec![0.0; stride * COLUMNS];
        for (u, row) in (first..).zip(segments.chunks_exact_mut(stride)) {
            let u = from.map_or(u, |from| from[u] as usize);
            match rows {
                Rows::Dense(x) => {
                    row_values[..columns.len()].copy_from_slice(&contiguous(x)[u * width..][columns.clone()]);
                }
                Rows::Sparse(x) => {
                    row_values.fill(0.0);
                    for (column, value) in x.outer_view(u).iter().flat_map(|row| row.iter()) {
                        if columns.contains(&column) {
                            row_values[column - columns.start] = *value;
                        }
                    }
                }
            }
            for (segment, values) in row.iter_mut().zip(row_values.as_chunks::<COLUMNS>().0) {
                *segment = S::of(values);
            }
        }
    })
}

/// Writes the columns of a panel into rows from `first` on.
fn read_panel<S: Segment>(
    all: &[S],
    Panel { columns, at }: Panel,
    first: usize,
    from: Option<&[u32]>,
    rows: &mut [f32],
    width: usize,
) {
    let (stride, column) = (columns.len(), columns.start * COLUMNS);
    let panel = &all[at];
    for (u, row) in (first..).zip(rows.chunks_exact_mut(width)) {
        let segments = &panel[from.map_or(u, |from| from[u] as usize) * stride..][..stride];
        for (values, segment) in row[column..].chunks_mut(COLUMNS).zip(segments) {
            values.copy_from_slice(&segment.values()[..values.len()]);
        }
    }
}

fn add<S: Segment, T: Segment>(sums: &mut [S], weight: f32, x: &[T], ctl: &Control) -> Result<(), EngineError> {
    const BLOCK: usize = 1 << 12;
    ctl.for_row_blocks(sums, 1, BLOCK, |first, sums| {
        for (sum, x) in sums.iter_mut().zip(&x[first..]) {
            let mut values = sum.values();
            values.iter_mut().zip(&x.values()).for_each(|(s, x)| *s = weight.mul_add(*x, *s));
            *sum = S::of(&values);
        }
    })
}

/// One panel after the other.
fn hop<S: Segment, V: GathersInto<S>>(
    panels: impl Iterator<Item = Panel>,
    (a, scales): (RowBlock<'_, V>, &[f32]),
    residual: bool,
    x: &[S],
    out: &mut [S],
    squares: &mut [f64],
    ctl: &Control,
) -> Result<(), EngineError> {
    squares.fill(0.0);
    // What is as large as the cache is not read again before it has left it.
    let non_temporal = size_of_val(out) > largest_cache();
    let per_row = 1 + a.indices.len() / (a.indptr.len() - 1).max(1);
    for Panel { columns, at } in panels {
        let stride = columns.len();
        let block = rows_per_block(stride * COLUMNS * per_row);
        let source = &x[at.clone()];
        let mut norms = squares.chunks_mut(block);
        let rows = out[at].chunks_mut(block * stride).enumerate();
        let mut places: Vec<_> = rows.map(|(at, rows)| (at * block, rows, norms.next().unwrap_or_default())).collect();
        ctl.for_row_blocks(&mut places, 1, 1, |_, places| {
            for (first, rows, norms) in places {
                let indptr = &a.indptr[*first..=*first + rows.len() / stride];
                let lists = RowBlock { indptr, indices: a.indices, values: a.values };
                let scales = scales.get(*first..).unwrap_or_default();
                let start = residual.then(|| &source[*first * stride..]);
                V::gather(rows, stride, lists, scales, source, start.unwrap_or_default(), non_temporal, norms);
            }
        })?;
    }
    Ok(())
}

/// Rows copied at once.
const COPIED_ROWS: usize = 256;

/// Segments of a row in one panel: few enough that such a panel fits `cache` bytes, else all of them.
fn segments_per_panel(n: usize, width: usize, precision: Precision, cache: usize) -> usize {
    let (per_panel, segment_bytes) = match precision {
        Precision::F32 => (Full::PER_PANEL, size_of::<Full>()),
        Precision::Bf16 => (Half::PER_PANEL, size_of::<Half>()),
    };
    let all = width.div_ceil(COLUMNS).max(1);
    let fits = n.saturating_mul(per_panel * segment_bytes) <= cache;
    if fits { per_panel.min(all) } else { all }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::super::stored::{RowsRef, StoredValues, ValueType};
    use super::super::stored_rows::{StoredBlock, gather_stored};
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
                let new = || Panels::with_layout(n, width, Precision::F32, per_panel);
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

    /// The nearest value of 8 significant bits, by trying both neighbours; the even one where both are as near.
    fn rounded(v: f32) -> f32 {
        let low = v.to_bits() >> 16;
        let [below, above] = [low, low + 1].map(|bits| f32::from_bits(bits << 16));
        match (v - below).abs().total_cmp(&(above - v).abs()) {
            Ordering::Equal if low.is_multiple_of(2) => below,
            Ordering::Less => below,
            _ => above,
        }
    }

    #[test]
    fn halves_are_rounded_once_in_every_hop() {
        let ctl = Control::new(2).expect("workers");
        let n = 70;
        let (indptr, indices, values) = lists(n);
        let a = Csr { indptr: &indptr, indices: &indices, values: &values };
        for width in [1, 16, 33, 64, 100, 151] {
            let x = Array2::from_shape_fn((n, width), |(i, j)| ((i * 37 + j) as f32 * 0.37).sin());
            let stored = x.mapv(rounded);
            for per_panel in [2, 4, 64] {
                let new = || Panels::with_layout(n, width, Precision::Bf16, per_panel);
                let (mut from, mut to, mut squares) = (new(), new(), vec![f64::NAN; n]);
                from.write(Rows::Dense(x.view()), None, &ctl).expect("not cancelled");
                assert_eq!(from.to_rows(None, &ctl).expect("not cancelled"), stored);
                for residual in [false, true] {
                    let expected = spmm(a, stored.view(), residual, &ctl).expect("not cancelled").mapv(rounded);
                    from.propagate(a, residual, &mut to, &mut squares, &ctl).expect("not cancelled");
                    assert_eq!(to.to_rows(None, &ctl).expect("not cancelled"), expected, "{width} {per_panel}");
                    assert_eq!(squares, to.squares(&ctl).expect("not cancelled"));
                }
                let mut sum = from.sums();
                sum.add(0.5, &from, &ctl).expect("not cancelled");
                assert_eq!(sum.to_rows(None, &ctl).expect("not cancelled"), stored.mapv(|v| 0.5 * v));
            }
        }
    }

    #[test]
    fn values_of_every_kind_give_the_bits_of_whole_rows() {
        let ctl = Control::new(2).expect("workers");
        let n = 70;
        let (indptr, indices, values) = lists(n);
        for (kind, width) in ValueType::ALL.into_iter().flat_map(|kind| [1, 33, 100].map(|width| (kind, width))) {
            let x = Array2::from_shape_fn((n, width), |(i, j)| ((i * 37 + j) as f32 * 0.37).sin());
            let stored = StoredValues::new(&values, &indptr, 1, kind);
            for (precision, residual) in Precision::ALL.into_iter().flat_map(|p| [(p, false), (p, true)]) {
                let new = || Panels::with_layout(n, width, precision, 2);
                let (mut from, mut to) = (new(), new());
                from.write(Rows::Dense(x.view()), None, &ctl).expect("not cancelled");
                from.propagate_stored((&indptr, &indices), stored.as_ref(), residual, &mut to, &ctl)
                    .expect("not cancelled");
                let read = from.to_rows(None, &ctl).expect("not cancelled");
                let mut expected = read.clone();
                let block = StoredBlock { first: 0, indptr: &indptr, indices: &indices, values: stored.as_ref() };
                let rows = expected.as_slice_mut().expect("standard layout");
                gather_stored(rows, width, block, RowsRef::F32(contiguous(read.view())), residual);
                if precision == Precision::Bf16 {
                    expected.mapv_inplace(rounded);
                }
                assert_eq!(to.to_rows(None, &ctl).expect("not cancelled"), expected, "{kind:?} {width} {precision:?}");
            }
        }
    }

    #[test]
    fn large_matrices_are_as_small_ones() {
        let ctl = Control::new(2).expect("workers");
        let (n, width) = (70_000, 40);
        let x = Array2::from_shape_fn((n, width), |(i, j)| (i * width + j) as f32);
        let mut panels = Panels::with_layout(n, width, Precision::F32, 2);
        assert!(matches!(panels.segments, Stored::Full(Segments::Large { .. })));
        panels.write(Rows::Dense(x.view()), None, &ctl).expect("not cancelled");
        assert_eq!(panels.to_rows(None, &ctl).expect("not cancelled"), x);
    }

    #[test]
    fn stored_values_become_rows() {
        let ctl = Control::new(2).expect("workers");
        let x = Array2::from_shape_fn((40, 50), |(i, j)| if (i * j) % 7 == 1 { (i + j) as f32 } else { 0.0 });
        let Features::Sparse(stored) = Features::from_dense(x.clone()) else { panic!("sparse enough") };
        let mut panels = Panels::zeros(40, 50, Precision::F32);
        panels.write(Rows::Sparse(&stored), None, &ctl).expect("not cancelled");
        assert_eq!(panels.to_rows(None, &ctl).expect("not cancelled"), x);
    }

    #[test]
    fn panels_are_narrow_while_they_fit_the_cache() {
        let of = |n, width| [Precision::F32, Precision::Bf16].map(|p| segments_per_panel(n, width, p, 32 << 20));
        assert_eq!(of(169_343, 128), [2, Half::PER_PANEL]);
        assert_eq!(of(2_400_000, 100), [7, 7]);
        assert_eq!(of(1_000, 5), [1, 1]);
        assert_eq!(of(usize::MAX, 0), [1, 1]);
    }
}
