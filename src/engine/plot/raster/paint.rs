//! Fills texels from entries. Every texel is summed up by one thread in the order of its entries, so the bits do not depend
//! on the number of threads.

use super::atlas::Atlas;
use super::entries::{EdgeEntries, absent, change, changes, margin, of_mask};
use super::mean::{Adding, Mean};
use super::pyramid::{Adds, Pyramid, Sums};
use super::viewport::{Bins, Viewport};
use super::{Raster, RasterMode, RasterRequest, Side};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::experiment::Run;
use crate::engine::plot::judged::has_no_weight_threshold;

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
                let steps = f64::from(sums.steps) + f64::from(sums.never) * n_steps as f64;
                self.values.add_sum(steps, sums.kept + sums.removed);
            }
            RasterMode::Kept | RasterMode::Compared | RasterMode::Attention(_) | RasterMode::Changed => {}
        }
    }

    /// What it shows when `own` of its entries are self-loops, beside the shares.
    fn value(&self, mode: RasterMode, own: u32, n_steps: usize) -> f32 {
        let (n, others) = (self.kept + self.removed, self.kept + self.removed - own);
        match mode {
            _ if n == 0 => f32::NAN,
            RasterMode::Kept | RasterMode::Compared if others == 0 => 1.0,
            RasterMode::Kept | RasterMode::Compared => (self.kept - own) as f32 / others as f32,
            RasterMode::WhenRemoved if others > 0 => {
                ((self.values.sum() - f64::from(own) * n_steps as f64) / f64::from(others)) as f32
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
/// powers of two, in every mode but attention and changed values.
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

fn edges(
    run: &Run,
    atlas: &Atlas,
    pyramid: Option<&Pyramid>,
    request: &RasterRequest,
    ctl: &Control,
) -> Result<Raster, EngineError> {
    let entries = EdgeEntries::of(run, atlas, request.step)?;
    let mode = request.mode;
    let changes = if mode == RasterMode::Changed { changes(run, atlas, entries.idx()) } else { Vec::new() };
    let entries = entries.with_changes(&changes);
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
            && !matches!(mode, RasterMode::Attention(_) | RasterMode::Changed)
    });
    let own = |x: usize, y: usize| {
        let is_beside = !entries.counts_self_loops();
        if is_beside { atlas.n_own(&across.entries(x..x + 1), &down.entries(y..y + 1)) } else { 0 }
    };
    let picture = Picture { mode, across, down, n_steps: entries.n_steps() };
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
            for (x, y, sums) in part.blocks::<Adds>() {
                texels[row_of(y) + across.texel(x)].add_block(sums, mode, entries.n_steps());
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
    let fitted = run.pruned.model.weight(trace.idx).map(|w| &w.values).filter(|fitted| fitted.dim() == weight.dim());
    let has_threshold = !has_no_weight_threshold(run);
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
                        RasterMode::Margin if !has_threshold => {
                            if kept[i] {
                                f32::INFINITY
                            } else {
                                f32::NEG_INFINITY
                            }
                        }
                        RasterMode::Changed => match fitted {
                            Some(fitted) if kept[i] => change(row[i], fitted[[j, i]]),
                            _ => f32::NAN,
                        },
                        RasterMode::Margin => of_mask(kept[i], margin(w, thresholds[trace.feature(j, i)])),
                        RasterMode::Kept | RasterMode::Compared => f32::NAN,
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
        cover: Viewport::of_bins(&across, &down),
        block: (across.block, down.block),
        values,
        kept: texels.iter().map(|t| t.kept).collect(),
        removed: texels.iter().map(|t| t.removed).collect(),
        never: texels.iter().map(|t| t.never).collect(),
        own,
        compared: Vec::new(),
        range,
    })
}
