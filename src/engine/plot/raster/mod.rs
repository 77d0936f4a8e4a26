//! Heatmaps as numbers: any part of a matrix of entries, at any zoom, as a grid of texels.
//!
//! Far away a texel is a block of entries and shows a mixture of them: their mean strength, the share kept, the mean margin, or the
//! shares that go and stay; near by it is one entry. The work is that of the entries in view and of the texels; from a [`Pyramid`], which holds
//! the sums of larger and larger blocks, that of the texels alone.
//! Scores are those that the masks were decided by: `|T[u,v]| · ‖P̂[v]‖` (Unifews Eq. 9) and `|W[j,i]| · ‖P̂[:,j]‖` (Eq. 14).

mod atlas;
mod compared;
#[cfg(test)]
mod compared_tests;
mod describe;
mod entries;
mod mean;
mod mixture;
mod paint;
mod pyramid;
#[cfg(test)]
mod recovered_tests;
mod scale;
#[cfg(test)]
mod tests;
mod tiles;
mod viewport;

pub use atlas::Atlas;
pub use compared::{ComparedPyramid, raster_of_two};
pub use describe::{EntryFacts, EntryPlace, describe, describe_weight, entry_under, first_entry};
pub use mixture::{FATES, N_FATES, shares_of};
pub use paint::{raster, raster_from};
pub use pyramid::Pyramid;
pub use scale::{N_COLOURS, N_OPACITIES, Ramp, Scale, Shade, Tick, power_of_ten};
pub use viewport::Viewport;

use viewport::Bins;

use crate::engine::sparsify::StepTrace;

/// Which matrix of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub enum Side {
    /// The diffusion matrix: down the targets, across the sources.
    #[default]
    Edges,
    /// A weight matrix, by its position among those of the step: down the outputs, across the inputs.
    Weights(usize),
}

impl Side {
    /// The weights of a step that has one matrix.
    pub const WEIGHTS: Self = Self::Weights(0);

    /// The sides of a step: its edges, then every weight matrix.
    pub fn of(step: &StepTrace) -> impl Iterator<Item = Self> + '_ {
        step.edges.iter().map(|_| Self::Edges).chain((0..step.weights.len()).map(Self::Weights))
    }

    /// The size of its matrix in a step: across and down.
    pub fn size(self, step: &StepTrace, n_nodes: usize) -> (usize, usize) {
        match self {
            Self::Edges => (n_nodes, n_nodes),
            Self::Weights(nth) => step.weights.get(nth).map_or((0, 0), |w| (w.d_in, w.d_out)),
        }
    }

    /// How many heads' attention coefficients there are of it in a step; 0 without attention.
    pub fn n_heads(self, step: &StepTrace) -> usize {
        let edges = step.edges.as_ref().filter(|_| self == Self::Edges);
        edges.and_then(|e| e.coefficients.as_ref()).map_or(0, |c| c.ncols())
    }

    /// Short and unique within a step, for file names and slots: `edges`, `weights`, `weights_2`.
    pub fn key(self) -> String {
        match self {
            Self::Edges | Self::Weights(0) => self.title().to_owned(),
            Self::Weights(nth) => format!("{}_{}", self.title(), nth + 1),
        }
    }

    /// Human-readable, for example `edges`.
    pub fn title(self) -> &'static str {
        match self {
            Self::Edges => "edges",
            Self::Weights(_) => "weights",
        }
    }
}

/// What a texel's value says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RasterMode {
    /// The score; of a block the mean.
    #[default]
    Strength,
    /// The share kept of what can be removed, `0..=1`.
    Kept,
    /// `log10(score / threshold)`, of what was removed before by the threshold that removed it, so that exactly what is removed is below 0.
    /// Infinite where nothing is or can be removed. Of a block the mean, in which what is beyond the ends of the scale stands at them.
    Margin,
    /// The graph step that removes the entry, from 0; the number of steps where none does. Of a block the mean, and beside it the
    /// share that no step removes ([`Raster::never`]). For weights, which are decided once, 0 for removed and 1 for kept.
    WhenRemoved,
    /// The attention coefficient that was used, of one head (from 0) or the mean over all; of a block the mean over what stays.
    /// NaN in networks without attention; weights show their strength.
    Attention(Option<usize>),
    /// `log2(value / value before)` of what is kept, where values were recovered: of `T`, or of the given weight. Of a block the mean, in
    /// which what is beyond the ends of the scale stands at them. NaN where nothing was recovered, of what was removed, and of attention,
    /// whose coefficients have no value before.
    Changed,
    /// Of two runs ([`raster_of_two`]): which entries the first alone keeps, the second alone, both, or neither; of a block the mixture.
    /// With one run as [`RasterMode::Kept`].
    Compared,
}

impl RasterMode {
    /// Every mode that all networks have.
    pub const ALL: [Self; 4] = [Self::Strength, Self::Kept, Self::Margin, Self::WhenRemoved];

    /// For a picker, for example `kept or removed`.
    pub fn title(self) -> &'static str {
        match self {
            Self::Strength => "strength",
            Self::Kept => "kept or removed",
            Self::Margin => "margin to the threshold",
            Self::WhenRemoved => "when removed",
            Self::Attention(_) => "attention",
            Self::Changed => "changed values",
            Self::Compared => "kept by",
        }
    }
}

/// Which part of which matrix to draw, and how large.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RasterRequest {
    /// Position in [`crate::engine::sparsify::Pruned::steps`].
    pub step: usize,
    /// Which matrix of the step.
    pub side: Side,
    /// What to show.
    pub mode: RasterMode,
    /// The part to show, in entries: x across, y down.
    pub viewport: Viewport,
    /// Most texels across.
    pub width_px: usize,
    /// Most texels down.
    pub height_px: usize,
    /// How many entries one texel stands for.
    pub blocks: Blocks,
}

/// How entries are gathered to texels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Blocks {
    /// The smallest blocks with which the texels stay as few as they may be.
    #[default]
    Smallest,
    /// The power of two across, and down, that is nearest to one texel per pixel: what a [`Pyramid`] holds. There may be 1.5 times
    /// as many texels, each way, as pixels.
    Doubling,
    /// This many entries across and down.
    Exactly(usize, usize),
}

impl RasterRequest {
    /// The same with a margin around the viewport, at the same size of blocks: a little panning then needs no new raster.
    #[must_use]
    pub fn with_margin(&self, whole: &Viewport) -> Self {
        const MARGIN: f64 = 0.3;
        let view = self.viewport;
        let (dx, dy) = (MARGIN * view.width(), MARGIN * view.height());
        let wide = Viewport {
            x0: (view.x0 - dx).max(whole.x0),
            y0: (view.y0 - dy).max(whole.y0),
            x1: (view.x1 + dx).min(whole.x1),
            y1: (view.y1 + dy).min(whole.y1),
        };
        let (across, down) = self.block();
        if self.blocks != Blocks::Smallest {
            return Self { viewport: wide, blocks: Blocks::Exactly(across, down), ..*self };
        }
        // Blocks that are cut at the borders need room, too.
        let texels = |span: f64, block: usize| (span / block as f64).ceil() as usize + 3;
        Self { viewport: wide, width_px: texels(wide.width(), across), height_px: texels(wide.height(), down), ..*self }
    }

    /// Whether a raster of the same matrix in the same mode shows the viewport as finely as this asks for.
    pub fn is_served_by(&self, raster: &Raster) -> bool {
        let (view, cover) = (self.viewport, raster.cover);
        let is_inside = cover.x0 <= view.x0 && cover.y0 <= view.y0 && cover.x1 >= view.x1 && cover.y1 >= view.y1;
        let wanted = self.block();
        if self.blocks != Blocks::Smallest {
            return is_inside && raster.block == wanted;
        }
        // Much finer than the pixels would flicker.
        let is_fit = |block: usize, wanted: usize| block <= wanted && 2 * block > wanted;
        is_inside && is_fit(raster.block.0, wanted.0) && is_fit(raster.block.1, wanted.1)
    }

    /// Entries that one texel stands for, across and down.
    fn block(&self) -> (usize, usize) {
        let per_pixel = |span: f64, px: usize| (span / px.max(1) as f64).max(1.0);
        let (x, y) =
            (per_pixel(self.viewport.width(), self.width_px), per_pixel(self.viewport.height(), self.height_px));
        match self.blocks {
            Blocks::Smallest => (x.ceil() as usize, y.ceil() as usize),
            // Half a unit more and the logarithm is rounded up: a texel is between 0.7 and 1.4 pixels wide.
            Blocks::Doubling => (1 << x.log2().round() as u32, 1 << y.log2().round() as u32),
            Blocks::Exactly(across, down) => (across.max(1), down.max(1)),
        }
    }

    /// The viewport in a matrix of so many columns and rows, divided into texels.
    fn bins(&self, n_columns: usize, n_rows: usize) -> (Bins, Bins) {
        let view = self.viewport;
        if self.blocks == Blocks::Smallest {
            return (
                Bins::new(view.x0, view.x1, n_columns, self.width_px),
                Bins::new(view.y0, view.y1, n_rows, self.height_px),
            );
        }
        let (across, down) = self.block();
        (Bins::of_blocks(view.x0, view.x1, n_columns, across), Bins::of_blocks(view.y0, view.y1, n_rows, down))
    }
}

/// A grid of texels, row after row from the top.
#[derive(Debug, Clone, PartialEq)]
pub struct Raster {
    /// Texels across.
    pub w: usize,
    /// Texels down.
    pub h: usize,
    /// What the texels cover, in entries: the viewport, widened to whole texels.
    pub cover: Viewport,
    /// Entries of one texel across and down; 1 and 1 when near.
    pub block: (usize, usize),
    /// What the mode says of each texel; NaN where there is no entry.
    pub values: Vec<f32>,
    /// Entries of each texel that the step keeps or uses.
    pub kept: Vec<u32>,
    /// Entries of each texel that were removed, in this step or before.
    pub removed: Vec<u32>,
    /// Entries of each texel that no step removes; 0 in all modes but [`RasterMode::WhenRemoved`].
    pub never: Vec<u32>,
    /// Self-loops of each texel, which are among the kept ones: no threshold removes them, so shares are of the others. A texel of
    /// self-loops alone is kept. 0 where shares count them.
    pub own: Vec<u32>,
    /// Of two runs, the entries of each texel that the first alone keeps, the second alone, both, and neither, self-loops among those of
    /// both; empty with one run.
    pub compared: Vec<[u32; N_FATES]>,
    /// Smallest and largest finite value; `None` where there is none.
    pub range: Option<(f32, f32)>,
}

/// One texel of a raster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TexelPlace {
    /// Position in the raster's arrays.
    pub index: usize,
    /// Entries across.
    pub columns: std::ops::Range<usize>,
    /// Entries down.
    pub rows: std::ops::Range<usize>,
}

impl Raster {
    /// Whether every texel is one entry.
    pub fn is_single_entries(&self) -> bool {
        self.block == (1, 1)
    }

    /// Entries kept, entries removed, over all texels.
    pub fn totals(&self) -> (u64, u64) {
        let sum = |counts: &[u32]| counts.iter().map(|c| u64::from(*c)).sum();
        (sum(&self.kept), sum(&self.removed))
    }

    /// Of a texel, the entries that can be removed: kept, removed.
    pub fn removable(&self, texel: usize) -> (u32, u32) {
        let own = self.own.get(texel).copied().unwrap_or(0);
        (self.kept[texel].saturating_sub(own), self.removed[texel])
    }

    /// The texel that holds an entry, and the entries it stands for; `None` outside.
    pub fn texel_at(&self, column: usize, row: usize) -> Option<TexelPlace> {
        let (left, top) = (self.cover.x0 as usize, self.cover.y0 as usize);
        let (x, y) = (column.checked_sub(left)? / self.block.0, row.checked_sub(top)? / self.block.1);
        if x >= self.w || y >= self.h {
            return None;
        }
        let from = (left + x * self.block.0, top + y * self.block.1);
        Some(TexelPlace {
            index: y * self.w + x,
            columns: from.0..from.0 + self.block.0,
            rows: from.1..from.1 + self.block.1,
        })
    }

    /// The most entries in one texel.
    pub fn densest(&self) -> u32 {
        self.kept.iter().zip(&self.removed).map(|(k, r)| k + r).max().unwrap_or(0)
    }
}
