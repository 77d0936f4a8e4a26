//! The masks of two runs, one over the other: which entries the first alone keeps, the second alone, both, or neither.

use super::atlas::Atlas;
use super::entries::absent;
use super::mixture::N_FATES;
use super::viewport::{Bins, Viewport};
use super::{Raster, RasterRequest, Side};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::experiment::Run;
use crate::engine::sparsify::StepTrace;

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

/// Draws one part of one matrix of two runs, in the mode [`RasterMode::Compared`](super::RasterMode::Compared).
///
/// `request.step` is the step's position in the first run; the second run's step of the same kind and number is laid over it. `atlas` is of
/// the graph of both.
///
/// [`Raster::kept`] counts what either keeps, [`Raster::removed`] what neither keeps; a value is the share on which both agree.
///
/// # Errors
/// [`EngineError::Mismatch`] when one of the runs has no such step or matrix, or they differ in size; [`EngineError::Cancelled`].
///
/// # Complexity
/// O(rows in view · log degree + entries in view + texels).
pub fn raster_of_two(
    first: &Run,
    second: &Run,
    atlas: &Atlas,
    request: &RasterRequest,
    ctl: &Control,
) -> Result<Raster, EngineError> {
    let gone = || absent(request.side, request.step);
    let step = first.pruned.steps.get(request.step).ok_or_else(gone)?;
    let is_same = |other: &&StepTrace| (other.kind, other.idx) == (step.kind, step.idx);
    let other = second.pruned.steps.iter().find(is_same).ok_or_else(gone)?;
    match request.side {
        Side::Edges => edges([first, second], step, atlas, request, ctl),
        Side::Weights(nth) => {
            let idx = |step: &StepTrace| step.weights.get(nth).map(|weights| weights.idx).ok_or_else(gone);
            weights([first, second], [idx(step)?, idx(other)?], request, ctl)
        }
    }
}

fn edges(
    runs: [&Run; 2],
    step: &StepTrace,
    atlas: &Atlas,
    request: &RasterRequest,
    ctl: &Control,
) -> Result<Raster, EngineError> {
    let [first, second] = runs.map(|run| &run.pruned.masks.edges);
    let (n, n_entries) = (atlas.ordering().len(), atlas.values().len());
    for mask in [first, second] {
        if mask.n_entries() != n_entries || step.idx >= mask.n_steps() {
            let expected = format!("{n_entries} entries, and step {}", step.idx + 1);
            let found = format!("{} entries, {} steps", mask.n_entries(), mask.n_steps());
            return Err(EngineError::mismatch("heatmap of two runs", expected, found));
        }
    }
    let (across, down) = request.bins(n, n);
    let columns = across.first..across.end;
    let counts = counted(across, down, ctl, |at, texels| {
        for (i, row) in texels.chunks_exact_mut(across.n).enumerate() {
            for p in down.entries(at + i..at + i + 1) {
                for (column, k) in atlas.row(p, &columns) {
                    count(&mut row[across.texel(column)], [first.is_kept(k, step.idx), second.is_kept(k, step.idx)]);
                }
            }
        }
    })?;
    let counts_own = step.edges.as_ref().is_some_and(|edges| edges.counts_self_loops);
    let own = |x: usize, y: usize| {
        if counts_own { 0 } else { atlas.n_own(&across.entries(x..x + 1), &down.entries(y..y + 1)) }
    };
    Ok(finished(across, down, counts, own))
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
