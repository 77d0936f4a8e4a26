//! Fills texels from entries. Every texel is summed up by one thread in the order of its entries, so the bits do not depend
//! on the number of threads.

use ndarray::Array2;

use super::atlas::Atlas;
use super::pyramid::{Pyramid, Sums};
use super::viewport::{Bins, Viewport};
use super::{Raster, RasterMode, RasterRequest, Side};
use crate::engine::analysis::run::Run;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::sparsify::EdgeTrace;

/// A texel while entries are added.
#[derive(Clone, Copy)]
struct Texel {
    sum: f64,
    n_finite: u32,
    kept: u32,
    removed: u32,
    has_above: bool,
    has_below: bool,
    /// Earliest step that removes an entry.
    earliest: u32,
}

impl Texel {
    const EMPTY: Self =
        Self { sum: 0.0, n_finite: 0, kept: 0, removed: 0, has_above: false, has_below: false, earliest: u32::MAX };

    fn add(&mut self, is_kept: bool, removed_at: u32, value: f32) {
        if is_kept {
            self.kept += 1;
        } else {
            self.removed += 1;
        }
        self.earliest = self.earliest.min(removed_at);
        if value.is_finite() {
            self.sum += f64::from(value);
            self.n_finite += 1;
        } else if !value.is_nan() {
            self.has_above |= value > 0.0;
            self.has_below |= value < 0.0;
        }
    }

    /// Adds a block of entries whose sums are known.
    fn add_block(&mut self, sums: &Sums, mode: RasterMode) {
        self.kept += sums.kept;
        self.removed += sums.removed;
        self.earliest = self.earliest.min(u32::from(sums.earliest));
        let of_mode = match mode {
            RasterMode::Strength => &sums.strength,
            RasterMode::Margin => &sums.margin,
            RasterMode::Kept | RasterMode::WhenRemoved | RasterMode::Attention(_) => return,
        };
        if of_mode.n > 0 {
            self.sum += f64::from(of_mode.sum);
            self.n_finite += of_mode.n;
        }
        self.has_above |= of_mode.sum == f32::INFINITY;
        self.has_below |= of_mode.sum == f32::NEG_INFINITY;
    }

    fn value(&self, mode: RasterMode) -> f32 {
        let n = self.kept + self.removed;
        if n == 0 {
            return f32::NAN;
        }
        match mode {
            RasterMode::Kept => self.kept as f32 / n as f32,
            RasterMode::WhenRemoved => self.earliest as f32,
            RasterMode::Strength | RasterMode::Margin | RasterMode::Attention(_) => {
                if self.n_finite > 0 {
                    (self.sum / f64::from(self.n_finite)) as f32
                } else if self.has_above {
                    f32::INFINITY
                } else if self.has_below {
                    f32::NEG_INFINITY
                } else {
                    f32::NAN
                }
            }
        }
    }
}

/// Draws one part of one matrix from its entries.
///
/// `atlas` gives the order of the nodes; it must be of the run's graph. The weight side does not use it.
///
/// # Errors
/// [`EngineError::Mismatch`] when the run has no such step or side, or the atlas is of another graph;
/// [`EngineError::Cancelled`].
///
/// # Complexity
/// O(rows in view · log degree + entries in view + texels).
pub fn raster(run: &Run, atlas: &Atlas, request: &RasterRequest, ctl: &Control) -> Result<Raster, EngineError> {
    raster_from(run, atlas, None, request, ctl)
}

/// As [`raster`], from the sums of a pyramid where there is one of this run, order and step. It is used for edges in blocks of
/// powers of two, in every mode but attention.
///
/// Counts are those of the entries; means differ by rounding.
///
/// # Errors
/// As [`raster`].
///
/// # Complexity
/// O(texels), and for each texel that is finer than the pyramid at most [`Pyramid::ENTRIES_PER_TEXEL`] entries in the mean, which are
/// read one by one, with O(rows in view · log degree) to find them.
pub fn raster_from(
    run: &Run,
    atlas: &Atlas,
    pyramid: Option<&Pyramid>,
    request: &RasterRequest,
    ctl: &Control,
) -> Result<Raster, EngineError> {
    match request.side {
        Side::Edges => edges(run, atlas, pyramid, request, ctl),
        Side::Weights(nth) => weights(run, nth, request, ctl),
    }
}

/// `log10(score / threshold)` without the cases that have no meaning.
fn margin(score: f32, threshold: f32) -> f32 {
    if threshold > 0.0 { (score / threshold).log10() } else { f32::INFINITY }
}

/// Of entry `k`, one head's coefficient or the mean over all. A head that is not there has the last one's.
fn coefficient(coefficients: &Array2<f32>, k: usize, head: Option<usize>) -> f32 {
    let row = coefficients.row(k);
    match head {
        Some(head) => row.get(head.min(row.len().saturating_sub(1))).copied().unwrap_or(f32::NAN),
        None => row.sum() / row.len().max(1) as f32,
    }
}

/// What was removed has no coefficient, and is not to pale what stays beside it.
fn used(coefficient: f32) -> f32 {
    if coefficient > 0.0 { coefficient } else { f32::NAN }
}

pub(super) fn absent(side: Side, step: usize) -> EngineError {
    EngineError::mismatch("heatmap", format!("a step with {}", side.title()), format!("step {step}"))
}

/// The entries of the graph as one step of a run sees them.
#[derive(Clone, Copy)]
pub(super) struct EdgeEntries<'a> {
    atlas: &'a Atlas,
    trace: &'a EdgeTrace,
    /// The step, counted among those that walk the graph.
    idx: usize,
    removed_at: &'a [u8],
    indices: &'a [u32],
}

impl<'a> EdgeEntries<'a> {
    /// # Errors
    /// [`EngineError::Mismatch`] when the run has no such step, or the atlas is of another graph.
    pub(super) fn of(run: &'a Run, atlas: &'a Atlas, step: usize) -> Result<Self, EngineError> {
        let found = run.pruned.steps.get(step).ok_or_else(|| absent(Side::Edges, step))?;
        let trace = found.edges.as_ref().ok_or_else(|| absent(Side::Edges, step))?;
        let removed_at = run.pruned.masks.edges.removed_at();
        let n = atlas.ordering().len();
        if removed_at.len() != atlas.values().len() || trace.source_norms.len() != n {
            return Err(EngineError::mismatch("heatmap", format!("a graph of {n} nodes"), run.dataset.n_nodes()));
        }
        Ok(Self { atlas, trace, idx: found.idx, removed_at, indices: run.dataset.topology().indices() })
    }

    /// The step that removes entry `k`.
    pub(super) fn removed_at(&self, k: usize) -> u8 {
        self.removed_at[k]
    }

    /// Whether this step walks entry `k`.
    pub(super) fn is_kept(&self, k: usize) -> bool {
        usize::from(self.removed_at[k]) > self.idx
    }

    /// Strength and margin of entry `k`; `is_own` for a node's entry to itself, which is never removed.
    pub(super) fn strength_and_margin(&self, k: usize, is_own: bool) -> (f32, f32) {
        if let Some(share) = &self.trace.pushed_share {
            return (share[k], f32::NAN);
        }
        let score = self.trace.score(k, self.indices[k] as usize, self.atlas.value(k));
        (score, if is_own { f32::INFINITY } else { margin(score, self.trace.delta as f32) })
    }

    /// What a mode shows of entry `k`.
    fn value(&self, mode: RasterMode, k: usize, is_own: bool) -> f32 {
        match mode {
            RasterMode::Kept | RasterMode::WhenRemoved => f32::NAN,
            RasterMode::Attention(head) => {
                self.trace.coefficients.as_deref().map_or(f32::NAN, |c| used(coefficient(c, k, head)))
            }
            // Whose logarithm nobody asks for must not cost one.
            RasterMode::Strength => self.strength_and_margin(k, true).0,
            RasterMode::Margin => self.strength_and_margin(k, is_own).1,
        }
    }
}

fn edges(
    run: &Run,
    atlas: &Atlas,
    pyramid: Option<&Pyramid>,
    request: &RasterRequest,
    ctl: &Control,
) -> Result<Raster, EngineError> {
    let entries = EdgeEntries::of(run, atlas, request.step)?;
    let mode = request.mode;
    let n = atlas.ordering().len();
    let (across, down) = request.bins(n, n);
    let read = |row: &mut [Texel], p: usize, columns: &std::ops::Range<usize>| {
        for (column, k) in atlas.row(p, columns) {
            let value = entries.value(mode, k, column == p);
            row[across.texel(column)].add(entries.is_kept(k), u32::from(entries.removed_at(k)), value);
        }
    };
    let pyramid = pyramid.filter(|pyramid| {
        let is_power = |block: usize| block.is_power_of_two();
        pyramid.n_nodes() == n
            && is_power(across.block)
            && is_power(down.block)
            && !matches!(mode, RasterMode::Attention(_))
    });
    let Some(pyramid) = pyramid else {
        let columns = across.first..across.end;
        return paint(mode, across, down, ctl, |first, texels| {
            for (i, row) in texels.chunks_exact_mut(across.n).enumerate() {
                for p in down.entries(first + i..first + i + 1) {
                    read(row, p, &columns);
                }
            }
        });
    };
    let block = across.block.min(down.block);
    paint(mode, across, down, ctl, |first, texels| {
        let rows = down.entries(first..first + texels.len() / across.n);
        let top = rows.start;
        let row_of = |p: usize| (p - top) / down.block * across.n;
        for part in pyramid.parts(rows, across.first..across.end, block) {
            for (x, y, sums) in part.blocks() {
                texels[row_of(y) + across.texel(x)].add_block(sums, mode);
            }
            for columns in &part.unknown {
                for p in part.rows.clone() {
                    read(&mut texels[row_of(p)..][..across.n], p, columns);
                }
            }
        }
    })
}

fn weights(run: &Run, nth: usize, request: &RasterRequest, ctl: &Control) -> Result<Raster, EngineError> {
    let step = run.pruned.steps.get(request.step).ok_or_else(|| absent(request.side, request.step))?;
    let trace = step.weights.get(nth).ok_or_else(|| absent(request.side, request.step))?;
    let weight = &run.model.weight(trace.idx).ok_or_else(|| absent(request.side, request.step))?.values;
    let mask = run.pruned.masks.weights.get(trace.idx).ok_or_else(|| absent(request.side, request.step))?;
    if mask.dim() != weight.dim() {
        return Err(EngineError::mismatch("weight mask", format!("{:?}", weight.dim()), format!("{:?}", mask.dim())));
    }
    let (n_in, n_out) = weight.dim();
    let (across, down) = request.bins(n_in, n_out);
    let (norms, thresholds) = (&trace.column_norms, &trace.thresholds);
    paint(request.mode, across, down, ctl, |first, texels| {
        let outputs = down.entries(first..first + texels.len() / across.n);
        for j in across.first..across.end {
            let column = across.texel(j);
            let (row, kept) = (weight.row(j), mask.row(j));
            for i in outputs.clone() {
                let w = row[i].abs();
                let value = match request.mode {
                    RasterMode::Strength | RasterMode::Attention(_) => w * norms[trace.feature(j, i)],
                    RasterMode::Margin => margin(w, thresholds[trace.feature(j, i)]),
                    RasterMode::Kept | RasterMode::WhenRemoved => f32::NAN,
                };
                let texel = (i - outputs.start) / down.block * across.n + column;
                texels[texel].add(kept[i], u32::from(kept[i]), value);
            }
        }
    })
}

fn paint(
    mode: RasterMode,
    across: Bins,
    down: Bins,
    ctl: &Control,
    fill: impl Fn(usize, &mut [Texel]) + Send + Sync,
) -> Result<Raster, EngineError> {
    /// Rows of texels painted in one piece of parallel work.
    const ROWS: usize = 16;
    let mut texels = vec![Texel::EMPTY; across.n * down.n];
    ctl.for_row_blocks(&mut texels, across.n.max(1), ROWS, fill)?;
    let values: Vec<f32> = texels.iter().map(|t| t.value(mode)).collect();
    let range = values.iter().filter(|v| v.is_finite()).fold(None, |range, v| match range {
        None => Some((*v, *v)),
        Some((low, high)) => Some((v.min(low), v.max(high))),
    });
    Ok(Raster {
        w: across.n,
        h: down.n,
        cover: Viewport {
            x0: across.first as f64,
            y0: down.first as f64,
            x1: (across.first + across.n * across.block) as f64,
            y1: (down.first + down.n * down.block) as f64,
        },
        block: (across.block, down.block),
        values,
        kept: texels.iter().map(|t| t.kept).collect(),
        removed: texels.iter().map(|t| t.removed).collect(),
        range,
    })
}
