//! Fills texels from entries. Every texel is summed up by one thread in the order of its entries, so the bits do not depend
//! on the number of threads.

use ndarray::Array2;

use super::atlas::Atlas;
use super::pyramid::{Pyramid, Sums};
use super::scale::MARGIN_DECADES;
use super::viewport::{Bins, Viewport};
use super::{Raster, RasterMode, RasterRequest, Side};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::experiment::Run;
use crate::engine::sparsify::{EdgeTrace, StepTrace};

/// A mean while values are added: what is infinite counts beside the finite ones.
#[derive(Clone, Copy)]
pub(super) struct Adding {
    sum: f64,
    n_finite: u32,
    n_above: u32,
    n_below: u32,
    /// The last value as it is: that of the whole where there is one.
    last: f32,
}

/// A mean in a form that can be stored, of 8 bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stored {
    /// Infinite where all values are, on the same side; of a single value itself.
    sum: f32,
    /// How many values there are, the infinite ones included.
    n: u32,
}

/// How the mean of a block is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mean {
    /// Over the finite values.
    Finite,
    /// Over all, with what is beyond the ends of the scale of margins at these ends: a mixture of the colours of the entries, in which
    /// no single one outweighs the others.
    Margins,
}

impl Mean {
    pub(super) fn of(mode: RasterMode) -> Self {
        if mode == RasterMode::Margin { Self::Margins } else { Self::Finite }
    }
}

impl Adding {
    pub(super) const NOTHING: Self = Self { sum: 0.0, n_finite: 0, n_above: 0, n_below: 0, last: f32::NAN };

    pub(super) fn add(&mut self, value: f32, mean: Mean) {
        if value.is_nan() {
            return;
        }
        self.last = value;
        if value.is_finite() {
            let value = f64::from(value);
            self.sum += if mean == Mean::Margins { value.clamp(-MARGIN_DECADES, MARGIN_DECADES) } else { value };
            self.n_finite += 1;
        } else if value > 0.0 {
            self.n_above += 1;
        } else {
            self.n_below += 1;
        }
    }

    pub(super) fn add_all(&mut self, other: &Self) {
        self.sum += other.sum;
        self.n_finite += other.n_finite;
        self.n_above += other.n_above;
        self.n_below += other.n_below;
        if other.n() > 0 {
            self.last = other.last;
        }
    }

    fn add_stored(&mut self, stored: Stored, mean: Mean) {
        match stored.n {
            0 => {}
            1 => self.add(stored.sum, mean),
            n if stored.sum == f32::INFINITY => (self.n_above, self.last) = (self.n_above + n, stored.sum),
            n if stored.sum == f32::NEG_INFINITY => (self.n_below, self.last) = (self.n_below + n, stored.sum),
            n => (self.sum, self.n_finite) = (self.sum + f64::from(stored.sum), self.n_finite + n),
        }
    }

    fn n(&self) -> u32 {
        self.n_finite + self.n_above + self.n_below
    }

    /// The sum with what is infinite at the ends, and how many that are; `None` where all are infinite on the same side, or there
    /// is none.
    fn mixed(&self, mean: Mean) -> Option<(f64, u32)> {
        let is_mixed = self.n_finite > 0 || (self.n_above > 0 && self.n_below > 0);
        match mean {
            Mean::Finite if self.n_finite > 0 => Some((self.sum, self.n_finite)),
            Mean::Margins if is_mixed => {
                let ends = f64::from(self.n_above) - f64::from(self.n_below);
                Some((self.sum + MARGIN_DECADES * ends, self.n()))
            }
            _ => None,
        }
    }

    fn infinite(&self) -> f32 {
        match (self.n_above, self.n_below) {
            (0, 0) => f32::NAN,
            (0, _) => f32::NEG_INFINITY,
            _ => f32::INFINITY,
        }
    }

    pub(super) fn stored(&self, mean: Mean) -> Stored {
        match (self.n(), self.mixed(mean)) {
            (0, _) => Stored { sum: 0.0, n: 0 },
            (1, _) => Stored { sum: self.last, n: 1 },
            // Of two values one of which is not finite, the other stands for both.
            (_, Some((sum, 1))) => Stored { sum: sum as f32, n: 1 },
            (_, Some((sum, n))) => Stored { sum: sum as f32, n },
            (n, None) => Stored { sum: self.infinite(), n },
        }
    }

    fn value(&self, mean: Mean) -> f32 {
        match (self.n(), self.mixed(mean)) {
            (1, _) => self.last,
            (_, Some((sum, n))) => (sum / f64::from(n)) as f32,
            (_, None) => self.infinite(),
        }
    }
}

/// A texel while entries are added.
#[derive(Clone, Copy)]
struct Texel {
    kept: u32,
    removed: u32,
    never: u32,
    values: Adding,
}

impl Texel {
    const EMPTY: Self = Self { kept: 0, removed: 0, never: 0, values: Adding::NOTHING };

    fn add(&mut self, is_kept: bool, value: f32, mean: Mean) {
        self.kept += u32::from(is_kept);
        self.removed += u32::from(!is_kept);
        self.values.add(value, mean);
    }

    /// Adds a block of entries whose sums are known; of `n_steps` steps.
    fn add_block(&mut self, sums: &Sums, mode: RasterMode, n_steps: usize) {
        self.kept += sums.kept;
        self.removed += sums.removed;
        match mode {
            RasterMode::Strength => self.values.add_stored(sums.strength, Mean::Finite),
            RasterMode::Margin => self.values.add_stored(sums.margin, Mean::Margins),
            RasterMode::WhenRemoved => {
                self.never += sums.never;
                self.values.sum += f64::from(sums.steps) + f64::from(sums.never) * n_steps as f64;
                self.values.n_finite += sums.kept + sums.removed;
                // Of a single entry the sum is its own step.
                self.values.last = self.values.sum as f32;
            }
            RasterMode::Kept | RasterMode::Attention(_) => {}
        }
    }

    /// What it shows when `own` of its entries are self-loops, beside the shares.
    fn value(&self, mode: RasterMode, own: u32, n_steps: usize) -> f32 {
        let (n, others) = (self.kept + self.removed, self.kept + self.removed - own);
        match mode {
            _ if n == 0 => f32::NAN,
            RasterMode::Kept if others == 0 => 1.0,
            RasterMode::Kept => (self.kept - own) as f32 / others as f32,
            RasterMode::WhenRemoved if others > 0 => {
                ((self.values.sum - f64::from(own) * n_steps as f64) / f64::from(others)) as f32
            }
            _ => self.values.value(Mean::of(mode)),
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

/// A margin on the side of the mask: what is kept is not below its threshold, what is removed is, although a rounding or another way of
/// choosing says otherwise.
fn of_mask(is_kept: bool, margin: f32) -> f32 {
    match is_kept {
        true if margin < 0.0 => 0.0,
        false if margin >= 0.0 => -f32::EPSILON,
        _ => margin,
    }
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
    /// How many steps walk the graph.
    n_steps: usize,
    /// Every step of the run, for what went before this one.
    steps: &'a [StepTrace],
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
        let (steps, n_steps) = (run.pruned.steps.as_slice(), run.pruned.masks.edges.n_steps());
        let indices = run.dataset.topology().indices();
        Ok(Self { atlas, trace, idx: found.idx, n_steps, steps, removed_at, indices })
    }

    /// The step that removes entry `k`.
    pub(super) fn removed_at(&self, k: usize) -> u8 {
        self.removed_at[k]
    }

    /// Whether this step walks entry `k`.
    pub(super) fn is_kept(&self, k: usize) -> bool {
        usize::from(self.removed_at[k]) > self.idx
    }

    /// Whether no step removes entry `k`.
    pub(super) fn is_never_removed(&self, k: usize) -> bool {
        usize::from(self.removed_at[k]) >= self.n_steps
    }

    /// The score of entry `k`; in mass mode the share of feature columns that are pushed over it.
    pub(super) fn strength(&self, k: usize) -> f32 {
        match &self.trace.pushed_share {
            Some(share) => share[k],
            None => self.score_in(self.trace, k),
        }
    }

    fn score_in(&self, trace: &EdgeTrace, k: usize) -> f32 {
        trace.score(k, self.indices[k] as usize, self.atlas.value(k))
    }

    /// How far entry `k` is above the threshold that judged it; `is_own` for a node's entry to itself, which is never removed.
    pub(super) fn margin(&self, k: usize, is_own: bool) -> f32 {
        if self.trace.pushed_share.is_some() {
            return f32::NAN;
        }
        if is_own {
            return f32::INFINITY;
        }
        let removed_at = usize::from(self.removed_at[k]);
        if removed_at < self.idx {
            let removing = self.steps.iter().filter(|s| s.idx == removed_at).find_map(|s| s.edges.as_ref());
            return removing
                .map_or(f32::NAN, |trace| of_mask(false, margin(self.score_in(trace, k), trace.delta as f32)));
        }
        let margin = margin(self.score_in(self.trace, k), self.trace.delta as f32);
        match self.is_kept(k) {
            // Kept below its threshold: its target is locked, and nothing can remove it.
            true if margin < 0.0 => f32::INFINITY,
            is_kept => of_mask(is_kept, margin),
        }
    }

    /// What a mode shows of entry `k`.
    fn value(&self, mode: RasterMode, k: usize, is_own: bool) -> f32 {
        match mode {
            RasterMode::Kept => f32::NAN,
            RasterMode::WhenRemoved => f32::from(self.removed_at[k]),
            RasterMode::Attention(head) => {
                self.trace.coefficients.as_deref().map_or(f32::NAN, |c| used(coefficient(c, k, head)))
            }
            RasterMode::Strength => self.strength(k),
            RasterMode::Margin => self.margin(k, is_own),
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
    let (mean, has_steps) = (Mean::of(mode), mode == RasterMode::WhenRemoved);
    let read = |row: &mut [Texel], p: usize, columns: &std::ops::Range<usize>| {
        for (column, k) in atlas.row(p, columns) {
            let value = entries.value(mode, k, column == p);
            let texel = &mut row[across.texel(column)];
            texel.add(entries.is_kept(k), value, mean);
            texel.never += u32::from(has_steps && entries.is_never_removed(k));
        }
    };
    let pyramid = pyramid.filter(|pyramid| {
        let is_power = |block: usize| block.is_power_of_two();
        pyramid.n_nodes() == n
            && is_power(across.block)
            && is_power(down.block)
            && !matches!(mode, RasterMode::Attention(_))
    });
    let own = |x: usize, y: usize| {
        let is_beside = !entries.trace.counts_self_loops;
        if is_beside { atlas.n_own(&across.entries(x..x + 1), &down.entries(y..y + 1)) } else { 0 }
    };
    let picture = Picture { mode, across, down, n_steps: entries.n_steps };
    let Some(pyramid) = pyramid else {
        let columns = across.first..across.end;
        return paint(picture, own, ctl, |first, texels| {
            for (i, row) in texels.chunks_exact_mut(across.n).enumerate() {
                for p in down.entries(first + i..first + i + 1) {
                    read(row, p, &columns);
                }
            }
        });
    };
    let block = across.block.min(down.block);
    paint(picture, own, ctl, |first, texels| {
        let rows = down.entries(first..first + texels.len() / across.n);
        let top = rows.start;
        let row_of = |p: usize| (p - top) / down.block * across.n;
        for part in pyramid.parts(rows, across.first..across.end, block) {
            for (x, y, sums) in part.blocks() {
                texels[row_of(y) + across.texel(x)].add_block(sums, mode, entries.n_steps);
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
    let (mean, has_steps) = (Mean::of(request.mode), request.mode == RasterMode::WhenRemoved);
    let picture = Picture { mode: request.mode, across, down, n_steps: 1 };
    paint(
        picture,
        |_, _| 0,
        ctl,
        |first, texels| {
            let outputs = down.entries(first..first + texels.len() / across.n);
            for j in across.first..across.end {
                let column = across.texel(j);
                let (row, kept) = (weight.row(j), mask.row(j));
                for i in outputs.clone() {
                    let w = row[i].abs();
                    let value = match request.mode {
                        RasterMode::Strength | RasterMode::Attention(_) => w * norms[trace.feature(j, i)],
                        RasterMode::Margin => of_mask(kept[i], margin(w, thresholds[trace.feature(j, i)])),
                        RasterMode::Kept => f32::NAN,
                        RasterMode::WhenRemoved => f32::from(u8::from(kept[i])),
                    };
                    let texel = (i - outputs.start) / down.block * across.n + column;
                    texels[texel].add(kept[i], value, mean);
                    texels[texel].never += u32::from(has_steps && kept[i]);
                }
            }
        },
    )
}

/// What is painted.
#[derive(Clone, Copy)]
struct Picture {
    mode: RasterMode,
    across: Bins,
    down: Bins,
    /// What entries that stay count for among the removing steps.
    n_steps: usize,
}

/// `own` says how many self-loops a texel holds, which stand beside its shares.
fn paint(
    Picture { mode, across, down, n_steps }: Picture,
    own: impl Fn(usize, usize) -> u32,
    ctl: &Control,
    fill: impl Fn(usize, &mut [Texel]) + Send + Sync,
) -> Result<Raster, EngineError> {
    /// Rows of texels painted in one piece of parallel work.
    const ROWS: usize = 16;
    let mut texels = vec![Texel::EMPTY; across.n * down.n];
    ctl.for_row_blocks(&mut texels, across.n.max(1), ROWS, fill)?;
    let own: Vec<u32> = (0..texels.len()).map(|at| own(at % across.n, at / across.n)).collect();
    let values: Vec<f32> = texels.iter().zip(&own).map(|(t, own)| t.value(mode, *own, n_steps)).collect();
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
        never: texels.iter().map(|t| t.never).collect(),
        own,
        range,
    })
}
