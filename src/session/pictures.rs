//! What the heatmaps and distributions have computed in the background, as requests to the [`super::Desk`].
//!
//! Every request holds what it is computed from by `Arc`; two are equal when they hold the very same values.

use std::sync::Arc;

use super::desk::Request;
use crate::engine::EngineError;
use crate::engine::analysis::{
    Atlas, LogHistogram, NodeOrder, Raster, RasterRequest, Run, ScoreHistogram, Side, SortedScores, raster, scores,
};
use crate::engine::control::Control;
use crate::engine::graph::Dataset;

/// The nodes of a graph in an order for the eye.
#[derive(Debug, Clone)]
pub struct AtlasRequest {
    /// The graph.
    pub dataset: Arc<Dataset>,
    /// `r` of the diffusion matrix.
    pub norm_r: f64,
    /// Which order.
    pub by: NodeOrder,
    /// Seed of the communities.
    pub seed: u64,
}

impl PartialEq for AtlasRequest {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.dataset, &other.dataset)
            && self.norm_r.to_bits() == other.norm_r.to_bits()
            && (self.by, self.seed) == (other.by, other.seed)
    }
}

impl Request for AtlasRequest {
    type Answer = Arc<Atlas>;

    fn slot(&self) -> String {
        format!("order {}", self.by.title())
    }

    fn compute(&self, ctl: &Control) -> Result<Arc<Atlas>, EngineError> {
        Atlas::new(&self.dataset, self.norm_r, self.by, self.seed, ctl).map(Arc::new)
    }
}

/// Texels of a part of a matrix.
#[derive(Debug, Clone)]
pub struct RasterJob {
    /// The run whose masks and scores are drawn.
    pub run: Arc<Run>,
    /// The order of its nodes.
    pub atlas: Arc<Atlas>,
    /// Which part.
    pub request: RasterRequest,
    /// Whether this is the small map of the whole, beside a zoomed one.
    pub is_map: bool,
}

impl RasterJob {
    /// The slot of one heatmap.
    pub fn slot_of(side: Side, step: usize, is_map: bool) -> String {
        format!("{} {} {step}", if is_map { "map" } else { "heatmap" }, side.title())
    }
}

impl PartialEq for RasterJob {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.run, &other.run) && Arc::ptr_eq(&self.atlas, &other.atlas) && self.request == other.request
    }
}

impl Request for RasterJob {
    type Answer = Arc<Raster>;

    fn slot(&self) -> String {
        Self::slot_of(self.request.side, self.request.step, self.is_map)
    }

    fn compute(&self, ctl: &Control) -> Result<Arc<Raster>, EngineError> {
        raster(&self.run, &self.atlas, &self.request, ctl).map(Arc::new)
    }
}

/// The distribution of the scores of one side of one step.
#[derive(Debug, Clone)]
pub struct HistogramJob {
    /// The run.
    pub run: Arc<Run>,
    /// For the values of `T`.
    pub atlas: Arc<Atlas>,
    /// Position in the run's steps.
    pub step: usize,
    /// Which matrix.
    pub side: Side,
}

impl HistogramJob {
    /// Bins of a histogram under a heatmap.
    pub const BINS: usize = 96;

    /// The slot of one histogram.
    pub fn slot_of(side: Side, step: usize) -> String {
        format!("histogram {} {step}", side.title())
    }
}

impl PartialEq for HistogramJob {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.run, &other.run) && (self.step, self.side) == (other.step, other.side)
    }
}

impl Request for HistogramJob {
    type Answer = ScoreHistogram;

    fn slot(&self) -> String {
        Self::slot_of(self.side, self.step)
    }

    fn compute(&self, ctl: &Control) -> Result<ScoreHistogram, EngineError> {
        ScoreHistogram::of(&self.run, self.atlas.values(), self.step, self.side, Self::BINS, ctl)
    }
}

/// Distributions of one side of one step, exact.
#[derive(Debug, Clone)]
pub struct DistributionJob {
    /// What is asked of the histogram, too.
    pub of: HistogramJob,
}

/// Everything the entries view draws.
#[derive(Debug, Clone)]
pub struct Distribution {
    /// The scores with their threshold.
    pub scores: ScoreHistogram,
    /// The values themselves: of `T` without self-loops, or of `W`.
    pub values: LogHistogram,
    /// Exact counts for any threshold.
    pub sorted: SortedScores,
    /// `[log10 δ, share removed]` of the scores, for drawing.
    pub cumulative: Vec<[f64; 2]>,
}

impl PartialEq for DistributionJob {
    fn eq(&self, other: &Self) -> bool {
        self.of == other.of
    }
}

impl Request for DistributionJob {
    type Answer = Distribution;

    fn slot(&self) -> String {
        format!("distribution {}", self.of.side.title())
    }

    fn compute(&self, ctl: &Control) -> Result<Distribution, EngineError> {
        const CURVE_POINTS: usize = 240;
        let HistogramJob { run, atlas, step, side } = &self.of;
        let found = ScoreHistogram::of(run, atlas.values(), *step, *side, HistogramJob::BINS, ctl)?;
        let values: Vec<f32> = match side {
            Side::Edges => {
                let entries = run.dataset.topology().entries().zip(atlas.values());
                entries.filter(|((u, v), _)| u != v).map(|(_, t)| *t).collect()
            }
            Side::Weights => run
                .pruned
                .steps
                .get(*step)
                .and_then(|s| run.model.layers.get(s.idx))
                .map_or_else(Vec::new, |l| l.linear.weight.iter().copied().collect()),
        };
        ctl.check()?;
        let sorted = SortedScores::new(scores(run, atlas.values(), *step, *side)?);
        let cumulative = sorted.cumulative(CURVE_POINTS);
        Ok(Distribution { scores: found, values: LogHistogram::of(&values, HistogramJob::BINS), sorted, cumulative })
    }
}
