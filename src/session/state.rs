//! What the session remembers that no view reads.

use std::sync::Arc;

use super::inputs::{LoadedGraph, LoadedModel};
use super::project::Project;
use crate::engine::experiment::{Run, ScoreSketch};
use crate::engine::sparsify::baselines::{EdgeRanking, WeightRanking};
use crate::engine::sparsify::{ChannelRule, EdgeMode, Recipe, RecoveryRule, WeightMode};

/// A finished run with what it was made from.
pub(super) struct PrunedRun {
    pub(super) run: Run,
    pub(super) graph: LoadedGraph,
    pub(super) model: LoadedModel,
    pub(super) known: Option<KnownRun>,
    /// Wall time of the whole run, seconds.
    pub(super) elapsed_secs: f64,
}

/// What a project or a bundle says of a run that is computed anew.
#[derive(Default)]
pub(super) struct KnownRun {
    pub(super) name: String,
    pub(super) is_pinned: bool,
    pub(super) note: String,
    pub(super) tags: Vec<String>,
    /// Relative errors of the steps against a model that is not at hand any more; empty where they are measured.
    pub(super) errors: Vec<Option<f64>>,
}

/// What is done once everything that was asked for is open.
pub(super) enum AfterLoad {
    /// The rest of a project: its recipe and runs.
    Project(Box<Project>, String),
    /// A sample without a model: train a small one.
    TrainSmall,
}

/// How much a recipe removes of both sides, and whether it recovers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Thresholds {
    edges: (EdgeMode, Vec<f64>, Option<EdgeRanking>),
    weights: (WeightMode, Vec<f64>, Option<WeightRanking>),
    channels: Option<ChannelRule>,
    recovery: Option<RecoveryRule>,
}

impl Thresholds {
    /// Those of a recipe.
    pub(super) fn of(Recipe { edges, weights, channels, recovery, .. }: &Recipe) -> Self {
        Self {
            edges: (edges.mode, edges.delta.clone(), edges.ranking),
            weights: (weights.mode, weights.delta.clone(), weights.ranking),
            channels: *channels,
            recovery: recovery.clone(),
        }
    }

    /// Puts them into a recipe.
    pub(super) fn put_into(self, recipe: &mut Recipe) {
        let Self { edges, weights, channels, recovery } = self;
        (recipe.edges.mode, recipe.edges.delta, recipe.edges.ranking) = edges;
        (recipe.weights.mode, recipe.weights.delta, recipe.weights.ranking) = weights;
        (recipe.channels, recipe.recovery) = (channels, recovery);
    }
}

/// Who chose the thresholds.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum ThresholdsBy {
    /// The program, as a session begins: it may choose them anew.
    #[default]
    Start,
    /// The program, for what is open: it may choose them anew.
    ByProgram(Box<Thresholds>),
    /// A recipe, a project, a bundle.
    ByFile,
}

/// Where previews take longer than this, seconds, moves of a slider are answered by estimates.
const MOMENT: f64 = 0.1;

/// What estimates are made from.
#[derive(Debug, Default)]
pub(super) struct Estimates {
    pub(super) sketch: Option<Box<ScoreSketch>>,
    /// What is being sketched, and the recipe it was asked for.
    pub(super) asked: Option<(Arc<Run>, Recipe)>,
    /// How long the last preview of these inputs took, seconds.
    pub(super) preview_secs: f64,
}

impl Estimates {
    /// Whether a preview takes longer than a moment.
    pub(super) fn are_needed(&self) -> bool {
        self.preview_secs > MOMENT
    }
}
