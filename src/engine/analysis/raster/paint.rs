//! Fills texels from entries. Every texel is summed up by one thread in the order of its entries, so the bits do not depend
//! on the number of threads.

use ndarray::Array2;

use super::atlas::Atlas;
use super::viewport::{Bins, Viewport};
use super::{Raster, RasterMode, RasterRequest, Side};
use crate::engine::analysis::run::Run;
use crate::engine::control::Control;
use crate::engine::error::EngineError;

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

/// Draws one part of one matrix.
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
    match request.side {
        Side::Edges => edges(run, atlas, request, ctl),
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

pub(super) fn absent(request: &RasterRequest) -> EngineError {
    EngineError::mismatch("heatmap", format!("a step with {}", request.side.title()), format!("step {}", request.step))
}

fn edges(run: &Run, atlas: &Atlas, request: &RasterRequest, ctl: &Control) -> Result<Raster, EngineError> {
    let step = run.pruned.steps.get(request.step).ok_or_else(|| absent(request))?;
    let trace = step.edges.as_ref().ok_or_else(|| absent(request))?;
    let mask = &run.pruned.masks.edges;
    let n = atlas.ordering().len();
    if mask.removed_at().len() != atlas.values().len() || trace.source_norms.len() != n {
        return Err(EngineError::mismatch("heatmap", format!("a graph of {n} nodes"), run.dataset.n_nodes()));
    }
    let indices = run.dataset.topology().indices();
    let delta = trace.delta as f32;
    let coefficients = trace.coefficients.as_deref();
    let value = |k: usize, is_own: bool| match (&trace.pushed_share, request.mode) {
        (_, RasterMode::Attention(head)) => coefficients.map_or(f32::NAN, |c| used(coefficient(c, k, head))),
        (_, RasterMode::Kept | RasterMode::WhenRemoved) | (Some(_), RasterMode::Margin) => f32::NAN,
        (Some(share), RasterMode::Strength) => share[k],
        (None, mode) => {
            let score = trace.score(k, indices[k] as usize, atlas.value(k));
            match mode {
                RasterMode::Margin if is_own => f32::INFINITY,
                RasterMode::Margin => margin(score, delta),
                _ => score,
            }
        }
    };
    let view = request.viewport;
    let (across, down) =
        (Bins::new(view.x0, view.x1, n, request.width_px), Bins::new(view.y0, view.y1, n, request.height_px));
    let columns = across.first..across.end;
    paint(request.mode, across, down, ctl, |first, texels| {
        for (i, row) in texels.chunks_exact_mut(across.n).enumerate() {
            for p in down.entries(first + i..first + i + 1) {
                for (column, k) in atlas.row(p, &columns) {
                    let removed_at = mask.removed_at()[k];
                    let is_kept = removed_at as usize > step.idx;
                    row[across.texel(column)].add(is_kept, u32::from(removed_at), value(k, column == p));
                }
            }
        }
    })
}

fn weights(run: &Run, nth: usize, request: &RasterRequest, ctl: &Control) -> Result<Raster, EngineError> {
    let step = run.pruned.steps.get(request.step).ok_or_else(|| absent(request))?;
    let trace = step.weights.get(nth).ok_or_else(|| absent(request))?;
    let weight = &run.model.weight(trace.idx).ok_or_else(|| absent(request))?.values;
    let mask = run.pruned.masks.weights.get(trace.idx).ok_or_else(|| absent(request))?;
    if mask.dim() != weight.dim() {
        return Err(EngineError::mismatch("weight mask", format!("{:?}", weight.dim()), format!("{:?}", mask.dim())));
    }
    let (n_in, n_out) = weight.dim();
    let view = request.viewport;
    let (across, down) =
        (Bins::new(view.x0, view.x1, n_in, request.width_px), Bins::new(view.y0, view.y1, n_out, request.height_px));
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
