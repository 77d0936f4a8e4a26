//! What the heatmaps and distributions have computed in the background, as requests to the [`super::Desk`].
//!
//! Every request holds what it is computed from by `Arc`; two are equal when they hold the very same values.

use std::sync::Arc;

use super::desk::Request;
use super::matrix_page::matrix_page;
use super::node_page::NodeReport;
use super::page::PagePart;
use super::selection::WeightPlace;
use crate::engine::EngineError;
use crate::engine::control::Control;
use crate::engine::diffusion::Matrix;
use crate::engine::experiment::Run;
use crate::engine::graph::Dataset;
use crate::engine::plot::{
    Atlas, ComparedPyramid, LogHistogram, NodeOrder, Pyramid, Raster, RasterMode, RasterRequest, Scale, ScoreHistogram,
    Shade, Side, SortedScores, raster_from, raster_of_two, scores,
};

/// The nodes of a graph in an order for the eye.
#[derive(Debug, Clone)]
pub struct AtlasRequest {
    /// The graph.
    pub dataset: Arc<Dataset>,
    /// Which matrix its entries carry.
    pub matrix: Matrix,
    /// Which order.
    pub by: NodeOrder,
    /// Seed of the communities.
    pub seed: u64,
}

impl PartialEq for AtlasRequest {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.dataset, &other.dataset)
            && (self.matrix, self.by, self.seed) == (other.matrix, other.by, other.seed)
    }
}

impl Request for AtlasRequest {
    type Answer = Atlas;

    fn slot(&self) -> String {
        format!("order {}", self.by.title())
    }

    fn compute(&self, ctl: &Control) -> Result<Atlas, EngineError> {
        Atlas::new(&self.dataset, self.matrix, self.by, self.seed, ctl)
    }
}

/// The sums of blocks of a step's edges, for the heatmaps of a large graph.
#[derive(Debug, Clone)]
pub struct PyramidRequest {
    /// The run whose masks and scores are added up.
    pub run: Arc<Run>,
    /// The order of its nodes.
    pub atlas: Arc<Atlas>,
    /// Position in the run's steps.
    pub step: usize,
}

impl PyramidRequest {
    /// The slot of one step.
    pub fn slot_of(step: usize) -> String {
        format!("pyramid {step}")
    }
}

impl PartialEq for PyramidRequest {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.run, &other.run) && Arc::ptr_eq(&self.atlas, &other.atlas) && self.step == other.step
    }
}

impl Request for PyramidRequest {
    type Answer = Pyramid;

    fn slot(&self) -> String {
        Self::slot_of(self.step)
    }

    fn compute(&self, ctl: &Control) -> Result<Pyramid, EngineError> {
        Pyramid::new(&self.run, &self.atlas, self.step, ctl)
    }
}

/// A part of a matrix as texels, with their scale and the distribution of all scores.
#[derive(Debug, Clone)]
pub struct PictureRequest {
    /// The run whose masks and scores are drawn.
    pub run: Arc<Run>,
    /// The order of its nodes.
    pub atlas: Arc<Atlas>,
    /// The sums of its blocks, where they are held. They change the time it takes, never what is shown.
    pub pyramid: Option<Arc<Pyramid>>,
    /// Which part.
    pub raster: RasterRequest,
    /// Whether this is the small map of the whole, beside a zoomed one.
    pub is_map: bool,
    /// The distribution of the same run, step and side, where it is known from an earlier answer.
    pub scores: Option<Arc<ScoreHistogram>>,
}

/// What a heatmap paints.
#[derive(Debug, Clone)]
pub struct Picture {
    /// Values and counts.
    pub raster: Arc<Raster>,
    /// What they mean.
    pub scale: Scale,
    /// What to paint, see [`Scale::shades`].
    pub shades: Vec<Shade>,
    /// The distribution of all scores of the matrix; absent where two runs are laid over each other, which have no common score.
    pub scores: Option<Arc<ScoreHistogram>>,
}

impl PictureRequest {
    /// Bins of a histogram under a heatmap.
    pub const BINS: usize = 96;

    /// The slot of one heatmap.
    pub fn slot_of(side: Side, step: usize, is_map: bool) -> String {
        format!("{} {} {step}", if is_map { "map" } else { "heatmap" }, side.key())
    }
}

impl PartialEq for PictureRequest {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.run, &other.run) && Arc::ptr_eq(&self.atlas, &other.atlas) && self.raster == other.raster
    }
}

impl Request for PictureRequest {
    type Answer = Picture;

    fn slot(&self) -> String {
        Self::slot_of(self.raster.side, self.raster.step, self.is_map)
    }

    fn compute(&self, ctl: &Control) -> Result<Picture, EngineError> {
        let Self { run, atlas, raster: RasterRequest { step, side, mode, .. }, .. } = self;
        let scores = match &self.scores {
            Some(scores) => Arc::clone(scores),
            None => Arc::new(ScoreHistogram::of(run, atlas.values(), *step, *side, Self::BINS, ctl)?),
        };
        let raster = raster_from(run, atlas, self.pyramid.as_deref(), &self.raster, ctl)?;
        let architecture = &run.model.architecture;
        let scale =
            Scale::new(*mode, *side, scores.scores.range(), architecture.n_graph_steps(), architecture.is_decoupled())
                .named(run, *mode, *side, *step);
        Ok(Picture { shades: scale.shades(&raster), raster: Arc::new(raster), scale, scores: Some(scores) })
    }
}

/// What blocks of the edges of two runs count, for their heatmaps over a large graph.
#[derive(Debug, Clone)]
pub struct ComparedPyramidRequest {
    /// A, whose steps are counted.
    pub a: Arc<Run>,
    /// B.
    pub b: Arc<Run>,
    /// The order of the nodes of both.
    pub atlas: Arc<Atlas>,
    /// Position in A's steps.
    pub step: usize,
}

impl ComparedPyramidRequest {
    /// The slot of one step.
    pub fn slot_of(step: usize) -> String {
        format!("compared {}", PyramidRequest::slot_of(step))
    }
}

impl PartialEq for ComparedPyramidRequest {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.a, &other.a)
            && Arc::ptr_eq(&self.b, &other.b)
            && Arc::ptr_eq(&self.atlas, &other.atlas)
            && self.step == other.step
    }
}

impl Request for ComparedPyramidRequest {
    type Answer = ComparedPyramid;

    fn slot(&self) -> String {
        Self::slot_of(self.step)
    }

    fn compute(&self, ctl: &Control) -> Result<ComparedPyramid, EngineError> {
        ComparedPyramid::new(&self.a, &self.b, &self.atlas, self.step, ctl)
    }
}

/// A part of a matrix of two runs, one over the other.
#[derive(Debug, Clone)]
pub struct ComparedPictureRequest {
    /// A, whose steps are counted.
    pub a: Arc<Run>,
    /// B.
    pub b: Arc<Run>,
    /// The order of the nodes of both.
    pub atlas: Arc<Atlas>,
    /// What its blocks count, where that is held. It changes the time it takes, never what is shown.
    pub pyramid: Option<Arc<ComparedPyramid>>,
    /// Which part.
    pub raster: RasterRequest,
    /// Whether this is the small map of the whole, beside a zoomed one.
    pub is_map: bool,
}

impl ComparedPictureRequest {
    /// The slot of one heatmap.
    pub fn slot_of(side: Side, step: usize, is_map: bool) -> String {
        format!("compared {}", PictureRequest::slot_of(side, step, is_map))
    }
}

impl PartialEq for ComparedPictureRequest {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.a, &other.a)
            && Arc::ptr_eq(&self.b, &other.b)
            && Arc::ptr_eq(&self.atlas, &other.atlas)
            && self.raster == other.raster
    }
}

impl Request for ComparedPictureRequest {
    type Answer = Picture;

    fn slot(&self) -> String {
        Self::slot_of(self.raster.side, self.raster.step, self.is_map)
    }

    fn compute(&self, ctl: &Control) -> Result<Picture, EngineError> {
        let raster = raster_of_two(&self.a, &self.b, &self.atlas, self.pyramid.as_deref(), &self.raster, ctl)?;
        let architecture = &self.a.model.architecture;
        let (n_steps, is_decoupled) = (architecture.n_graph_steps(), architecture.is_decoupled());
        let scale = Scale::new(RasterMode::Compared, self.raster.side, None, n_steps, is_decoupled);
        Ok(Picture { shades: scale.shades(&raster), raster: Arc::new(raster), scale, scores: None })
    }
}

/// What pruning did around a node.
#[derive(Debug, Clone)]
pub struct NodeRequest {
    /// The run.
    pub run: Arc<Run>,
    /// The node.
    pub node: u32,
}

impl NodeRequest {
    /// The one slot.
    pub const SLOT: &str = "node";
}

impl PartialEq for NodeRequest {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.run, &other.run) && self.node == other.node
    }
}

impl Request for NodeRequest {
    type Answer = NodeReport;

    fn slot(&self) -> String {
        Self::SLOT.to_owned()
    }

    fn compute(&self, ctl: &Control) -> Result<NodeReport, EngineError> {
        NodeReport::of(&self.run, self.node, ctl)
    }
}

/// A weight matrix, and the weights around one of them.
#[derive(Debug, Clone)]
pub struct MatrixRequest {
    /// The run.
    pub run: Arc<Run>,
    /// The weight.
    pub place: WeightPlace,
}

impl MatrixRequest {
    /// The one slot.
    pub const SLOT: &str = "weight matrix";
}

impl PartialEq for MatrixRequest {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.run, &other.run) && self.place == other.place
    }
}

impl Request for MatrixRequest {
    type Answer = Vec<PagePart>;

    fn slot(&self) -> String {
        Self::SLOT.to_owned()
    }

    fn compute(&self, _: &Control) -> Result<Vec<PagePart>, EngineError> {
        matrix_page(&self.run, self.place)
    }
}

/// Distributions of one side of one step, exact.
#[derive(Debug, Clone)]
pub struct DistributionRequest {
    /// The run.
    pub run: Arc<Run>,
    /// For the values of `T`.
    pub atlas: Arc<Atlas>,
    /// Position in the run's steps.
    pub step: usize,
    /// Which matrix.
    pub side: Side,
}

/// Everything the entries view draws.
#[derive(Debug, Clone)]
pub struct Distribution {
    /// The scores with their threshold.
    pub scores: ScoreHistogram,
    /// The values themselves: of `T` without self-loops, of attention the mean over the heads of what stays, or of `W`.
    pub values: LogHistogram,
    /// Exact counts for any threshold.
    pub sorted: SortedScores,
    /// `[log10 δ, share removed]` of the scores, for drawing.
    pub cumulative: Vec<[f64; 2]>,
}

impl DistributionRequest {
    /// The slot of one side.
    pub fn slot_of(side: Side) -> String {
        format!("distribution {}", side.title())
    }
}

impl PartialEq for DistributionRequest {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.run, &other.run) && (self.step, self.side) == (other.step, other.side)
    }
}

impl Request for DistributionRequest {
    type Answer = Distribution;

    fn slot(&self) -> String {
        Self::slot_of(self.side)
    }

    fn compute(&self, ctl: &Control) -> Result<Distribution, EngineError> {
        const BINS: usize = 96;
        const CURVE_POINTS: usize = 240;
        let Self { run, atlas, step, side } = self;
        let found = ScoreHistogram::of(run, atlas.values(), *step, *side, BINS, ctl)?;
        let values: Vec<f32> = match side {
            Side::Edges => {
                let attention = run.pruned.steps.get(*step).and_then(|s| s.edges.as_ref()?.coefficients.as_ref());
                let entries = run.dataset.topology().entries().enumerate().filter(|(_, (u, v))| u != v);
                match attention {
                    Some(alpha) => entries.filter_map(|(k, _)| alpha.row(k).mean().filter(|a| *a > 0.0)).collect(),
                    None => entries.map(|(k, _)| atlas.value(k)).collect(),
                }
            }
            Side::Weights(nth) => (run.pruned.steps.get(*step))
                .and_then(|s| s.weights.get(*nth))
                .and_then(|w| run.model.weight(w.idx))
                .map_or_else(Vec::new, |p| p.values.iter().copied().collect()),
        };
        ctl.check()?;
        let sorted = SortedScores::new(scores(run, atlas.values(), *step, *side)?);
        let cumulative = sorted.cumulative(CURVE_POINTS);
        Ok(Distribution { scores: found, values: LogHistogram::of(&values, BINS), sorted, cumulative })
    }
}
