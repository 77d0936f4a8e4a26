//! What the session remembers that no view reads.

use std::sync::Arc;

use super::defaults::START_DELTA;
use super::inputs::{LoadedGraph, LoadedModel};
use super::project::Project;
use crate::engine::experiment::{Run, ScoreSketch};
use crate::engine::sparsify::Recipe;

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

/// Who chose the thresholds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum ThresholdsBy {
    /// The program, these for δa and δw: it may choose them anew.
    ByProgram(f64, f64),
    /// A recipe, a project, a bundle.
    ByFile,
}

impl Default for ThresholdsBy {
    fn default() -> Self {
        Self::ByProgram(START_DELTA, START_DELTA)
    }
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
