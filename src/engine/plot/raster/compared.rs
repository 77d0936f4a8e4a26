//! The masks of two runs, one over the other: which entries the first alone keeps, the second alone, both, or neither.

use std::ops::Range;

use super::atlas::Atlas;
use super::entries::absent;
use super::mixture::N_FATES;
use super::tiles::{Block, Fineness, Tiles};
use super::viewport::{Bins, Viewport};
use super::{Raster, RasterRequest, Side};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::experiment::Run;
use crate::engine::sparsify::{EdgeMask, StepTrace};

/// Entries of a texel by what becomes of them.
type Counts = [u32; N_FATES];

/// Counts an entry that the first and the second keep or not.
fn count(counts: &mut Counts, kept: [bool; 2]) {
    let at = match kept {
        [true, false] => 0,
        [false, true] => 1,
        [true, true] => 2,
        [false, false] => 3,
    };
    counts[at] += 1;
}

impl Block for Counts {
    type Sums = Self;

    const NOTHING: Self = [0; N_FATES];

    fn add_all(&mut self, other: &Self) {
        self.iter_mut().zip(other).for_each(|(n, more)| *n += more);
    }

    fn held(&self) -> Self {
        *self
    }

    fn is_empty(sums: &Self) -> bool {
        sums.iter().all(|n| *n == 0)
    }
}

/// What blocks of the edges of two runs count, so that the picture of any part of a large matrix costs its texels and not its entries.
///
/// It belongs to two runs, one step and one order of the nodes, and counts exactly what the entries count. It takes as much memory as a
/// [`Pyramid`](super::Pyramid), and is worth it from as many entries on.
#[derive(Debug, Clone)]
pub struct ComparedPyramid {
    tiles: Tiles<Counts>,
}

impl ComparedPyramid {
    /// Adds the edges of the first run's step at `step` up, with the second run's step of the same kind and number over it.
    ///
    /// # Errors
    /// As [`raster_of_two`].
    ///
    /// # Complexity
    /// O(nodes + entries).
    pub fn new(first: &Run, second: &Run, atlas: &Atlas, step: usize, ctl: &Control) -> Result<Self, EngineError> {
        let (step, _) = steps(first, second, Side::Edges, step)?;
        Masks::of(first, second, step, atlas)?.pyramid(atlas, Fineness::STANDARD, ctl)
    }

    /// What it takes of the memory.
    pub fn size_bytes(&self) -> usize {
        self.tiles.size_bytes()
    }
}

/// Draws one part of one matrix of two runs, in the mode [`RasterMode::Compared`](super::RasterMode::Compared).
///
/// `request.step` is the step's position in the first run; the second run's step of the same kind and number is laid over it. `atlas` is of
/// the graph of both. `pyramid` is of these runs, this step and order; it is used for edges in blocks of powers of two, and changes the
/// time it takes, never what is counted.
///
/// [`Raster::kept`] counts what either keeps, [`Raster::removed`] what neither keeps; a value is the share on which both agree.
///
/// # Errors
/// [`EngineError::Mismatch`] when one of the runs has no such step or matrix, or they differ in size; [`EngineError::Cancelled`].
///
/// # Complexity
/// O(rows in view · log degree + entries in view + texels). With a pyramid O(texels), and what is finer than the pyramid is read.
pub fn raster_of_two(
    first: &Run,
    second: &Run,
    atlas: &Atlas,
    pyramid: Option<&ComparedPyramid>,
    request: &RasterRequest,
    ctl: &Control,
) -> Result<Raster, EngineError> {
    let (step, other) = steps(first, second, request.side, request.step)?;
    match request.side {
        Side::Edges => Masks::of(first, second, step, atlas)?.raster(atlas, pyramid, request, ctl),
        Side::Weights(nth) => {
            let gone = || absent(request.side, request.step);
            let idx = |step: &StepTrace| step.weights.get(nth).map(|weights| weights.idx).ok_or_else(gone);
            weights([first, second], [idx(step)?, idx(other)?], request, ctl)
        }
    }
}

/// The step of the first run, and that of the second which is laid over it.
fn steps<'a>(
    first: &'a Run,
    second: &'a Run,
    side: Side,
    at: usize,
) -> Result<(&'a StepTrace, &'a StepTrace), EngineError> {
    let gone = || absent(side, at);
    let step = first.pruned.steps.get(at).ok_or_else(gone)?;
    let is_same = |other: &&StepTrace| (other.kind, other.idx) == (step.kind, step.idx);
    Ok((step, second.pruned.steps.iter().find(is_same).ok_or_else(gone)?))
}

/// The edges of one step in two masks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Masks<'a> {
    pub(super) first: &'a EdgeMask,
    pub(super) second: &'a EdgeMask,
    /// The step, counted among those that propagate over the graph.
    pub(super) idx: usize,
    /// Whether self-loops count among the shares.
    pub(super) counts_self_loops: bool,
}

impl<'a> Masks<'a> {
    fn of(first: &'a Run, second: &'a Run, step: &StepTrace, atlas: &Atlas) -> Result<Self, EngineError> {
        let [first, second] = [first, second].map(|run| &run.pruned.masks.edges);
        let n_entries = atlas.values().len();
        for mask in [first, second] {
            if mask.n_entries() != n_entries || step.idx >= mask.n_steps() {
                let expected = format!("{n_entries} entries, and step {}", step.idx + 1);
                let found = format!("{} entries, {} steps", mask.n_entries(), mask.n_steps());
                return Err(EngineError::mismatch("heatmap of two runs", expected, found));
            }
        }
        let counts_self_loops = step.edges.as_ref().is_some_and(|edges| edges.counts_self_loops);
        Ok(Self { first, second, idx: step.idx, counts_self_loops })
    }

    fn add(&self, counts: &mut Counts, k: usize) {
        count(counts, [self.first.is_kept(k, self.idx), self.second.is_kept(k, self.idx)]);
    }

    pub(super) fn pyramid(
        &self,
        atlas: &Atlas,
        fineness: Fineness,
        ctl: &Control,
    ) -> Result<ComparedPyramid, EngineError> {
        let tiles = Tiles::of(atlas, fineness, ctl, |counts: &mut Counts, k, _| self.add(counts, k))?;
        Ok(ComparedPyramid { tiles })
    }

    pub(super) fn raster(
        &self,
        atlas: &Atlas,
        pyramid: Option<&ComparedPyramid>,
        request: &RasterRequest,
        ctl: &Control,
    ) -> Result<Raster, EngineError> {
        let n = atlas.ordering().len();
        let (across, down) = request.bins(n, n);
        let read = |row: &mut [Counts], p: usize, columns: &Range<usize>| {
            for (column, k) in atlas.row(p, columns) {
                self.add(&mut row[across.texel(column)], k);
            }
        };
        let tiles = pyramid
            .map(|pyramid| &pyramid.tiles)
            .filter(|tiles| tiles.n_nodes() == n && across.block.is_power_of_two() && down.block.is_power_of_two());
        let block = across.block.min(down.block);
        let counts = counted(across, down, ctl, |at, texels| {
            let rows = down.entries(at..at + texels.len() / across.n);
            let top = rows.start;
            let row_of = |p: usize| (p - top) / down.block * across.n;
            let read_all = |texels: &mut [Counts], rows: Range<usize>, columns: &Range<usize>| {
                for p in rows {
                    read(&mut texels[row_of(p)..][..across.n], p, columns);
                }
            };
            let Some(tiles) = tiles else { return read_all(texels, rows, &(across.first..across.end)) };
            for part in tiles.parts(rows, across.first..across.end, block) {
                for (x, y, sums) in part.blocks::<Counts>() {
                    texels[row_of(y) + across.texel(x)].add_all(sums);
                }
                for columns in &part.unknown {
                    read_all(texels, part.rows.clone(), columns);
                }
            }
        })?;
        let own = |x: usize, y: usize| {
            let is_beside = !self.counts_self_loops;
            if is_beside { atlas.n_own(&across.entries(x..x + 1), &down.entries(y..y + 1)) } else { 0 }
        };
        Ok(finished(across, down, counts, own))
    }
}

fn weights(runs: [&Run; 2], idx: [usize; 2], request: &RasterRequest, ctl: &Control) -> Result<Raster, EngineError> {
    let mask = |at: usize| runs[at].pruned.masks.weights.get(idx[at]).ok_or_else(|| absent(request.side, request.step));
    let (first, second) = (mask(0)?, mask(1)?);
    if first.dim() != second.dim() {
        let [expected, found] = [first, second].map(|mask| format!("{:?}", mask.dim()));
        return Err(EngineError::mismatch("weights of two runs", expected, found));
    }
    let (n_in, n_out) = first.dim();
    let (across, down) = request.bins(n_in, n_out);
    let counts = counted(across, down, ctl, |at, texels| {
        let outputs = down.entries(at..at + texels.len() / across.n);
        for j in across.first..across.end {
            let (column, by_first, by_second) = (across.texel(j), first.row(j), second.row(j));
            for i in outputs.clone() {
                let texel = (i - outputs.start) / down.block * across.n + column;
                count(&mut texels[texel], [by_first[i], by_second[i]]);
            }
        }
    })?;
    Ok(finished(across, down, counts, |_, _| 0))
}

fn counted(
    across: Bins,
    down: Bins,
    ctl: &Control,
    fill: impl Fn(usize, &mut [Counts]) + Send + Sync,
) -> Result<Vec<Counts>, EngineError> {
    /// Rows of texels that are filled in one piece of parallel work.
    const ROWS: usize = 16;
    let mut counts = vec![[0; N_FATES]; across.n * down.n];
    ctl.for_row_blocks(&mut counts, across.n.max(1), ROWS, fill)?;
    Ok(counts)
}

fn finished(across: Bins, down: Bins, compared: Vec<Counts>, own: impl Fn(usize, usize) -> u32) -> Raster {
    let own: Vec<u32> = (0..compared.len()).map(|at| own(at % across.n, at / across.n)).collect();
    let value = |([a, b, both, neither], own): (&Counts, &u32)| {
        let (same, n) = (both + neither - own, a + b + both + neither - own);
        // A texel of self-loops alone is kept by both.
        if n == 0 && *own == 0 {
            f32::NAN
        } else if n == 0 {
            1.0
        } else {
            same as f32 / n as f32
        }
    };
    let values: Vec<f32> = compared.iter().zip(&own).map(value).collect();
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let range = finite().reduce(f32::min).zip(finite().reduce(f32::max));
    Raster {
        w: across.n,
        h: down.n,
        cover: Viewport::of_bins(&across, &down),
        block: (across.block, down.block),
        kept: compared.iter().map(|[a, b, both, _]| a + b + both).collect(),
        removed: compared.iter().map(|[_, _, _, neither]| *neither).collect(),
        never: vec![0; values.len()],
        values,
        own,
        compared,
        range,
    }
}
