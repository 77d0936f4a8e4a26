//! The application without a screen: what is open, commands, undo, jobs in the background.
//!
//! What is never here: egui. Every change goes through [`Session::apply`]; views and the command line read [`Session::store`].

mod apply;
mod assumptions;
mod command;
mod compare;
mod desk;
mod estimate;
mod export;
pub mod format;
mod history;
mod import;
pub mod jobs;
mod notice;
mod outcome;
mod pictures;
pub mod project;
mod roles;
mod start;
mod store;
mod trials;
mod undo;

use crate::engine::EngineError;
use crate::engine::control::Workers;
use crate::engine::experiment::{ComparePoint, Run, RunOptions, ScoreSketch, SensitivityPoint, SweepPoint, run_bytes};
use crate::engine::sparsify::Recipe;
use crate::engine::train::{EpochRecord, Trained};
use crate::io::{free_memory, read_calibration};

pub use assumptions::{Assumption, ReadingScore};
pub use command::{Command, FileWriter, Gesture};
pub use compare::{Agreement, CompareRequest, Differences};
pub use desk::{AnyRequest, Desk, Request};
pub use export::replay_command;
pub use history::History;
pub use import::ImportState;
pub use jobs::import::{ClassCount, FitCheck, FitScores, ImportReport, model_on_graph, read_together};
pub use jobs::open::OutsideFiles;
pub use notice::{Level, Notice, Notices};
pub use pictures::{AtlasRequest, Distribution, DistributionRequest, Picture, PictureRequest, PyramidRequest};
pub use roles::{ImportFile, NextStep, RolesByHand, belong_together};
pub use store::{
    Baseline, ClosedModel, CompareState, ExportState, Exported, LoadedGraph, LoadedModel, Phase, Recent, RunEntry,
    RunId, SensitivityState, Store, SweepState, TrainingState, Trial, WrittenFile, first_plan, fitted_to,
};

use jobs::{JobRunner, JobStatus, Lane, Waker};

/// What the session's jobs answer.
enum Answer {
    Opened(jobs::open::Opened),
    /// Thresholds that keep the accuracy of what was opened.
    FoundThresholds(Box<Recipe>),
    Imported(jobs::import::Imported),
    /// A preview and how long it took, seconds.
    Previewed(Box<Run>, f64),
    Sketched(Box<ScoreSketch>),
    Pruned(Box<PrunedRun>),
    Point(Box<SweepPoint>),
    Swept,
    Compared(Box<ComparePoint>),
    Sensed(Box<SensitivityPoint>),
    TrialDone,
    Epoch(EpochRecord),
    Trained(Box<Trained>),
    Exported(Exported),
    Propagated(jobs::propagate::Propagated),
    Written(String),
    /// The project was written, in the state of so many changes.
    SavedProject(std::path::PathBuf, u64),
    Computed {
        slot: String,
        request: desk::Kept,
        answer: desk::Kept,
    },
}

/// A finished run with what it was made from.
struct PrunedRun {
    run: Run,
    graph: LoadedGraph,
    model: LoadedModel,
    known: Option<KnownRun>,
}

/// What a project or a bundle says of a run that is computed anew.
#[derive(Default)]
struct KnownRun {
    name: String,
    is_pinned: bool,
    /// Relative errors of the steps against a model that is not at hand any more; empty where they are measured.
    errors: Vec<Option<f64>>,
}

/// What is done once everything that was asked for is open.
enum AfterLoad {
    /// The rest of a project: its recipe and runs.
    Project(Box<project::Project>, String),
    /// A sample without a model: train a small one.
    TrainSmall,
}

/// The application without a screen.
pub struct Session {
    store: Store,
    runner: JobRunner<Answer>,
    history: undo::History,
    next_run: u64,
    /// The number that the last run was called by.
    last_number: u64,
    after_load: Option<AfterLoad>,
    sweep_job: Option<jobs::JobId>,
    compare_job: Option<jobs::JobId>,
    sensitivity_job: Option<jobs::JobId>,
    train_job: Option<jobs::JobId>,
    export_job: Option<jobs::JobId>,
    import_job: Option<jobs::JobId>,
    /// Thresholds that the program chose, which it may choose anew.
    chosen_thresholds: start::Chosen,
    /// Whether what is being opened is to be shown with safe thresholds.
    wants_safe_start: bool,
    /// Whether the running training is the one that comes with a sample, and nobody's work.
    is_sample_training: bool,
    /// Counts what changed that a project would keep: a file that was written meanwhile holds an older state.
    n_changes: u64,
    estimates: estimate::Estimates,
    /// What the running import reads.
    pending_import: Option<import::ImportState>,
    /// Bytes that work may take; without, as many as the system has left.
    memory_limit: Option<u64>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("runner", &self.runner).finish_non_exhaustive()
    }
}

impl Session {
    /// An empty session with `n_threads` workers (0 = all cores) that calls `waker`, from any thread, whenever
    /// [`Session::poll`] has something new.
    ///
    /// # Errors
    /// [`EngineError::Threads`].
    pub fn new(n_threads: usize, waker: Waker) -> Result<Self, EngineError> {
        let runner = JobRunner::new(Workers::new(n_threads)?, waker).with_cost(read_calibration());
        Ok(Self {
            store: Store { recipe: start::start_recipe(), ..Store::default() },
            runner,
            history: undo::History::default(),
            next_run: 1,
            last_number: 0,
            after_load: None,
            sweep_job: None,
            compare_job: None,
            sensitivity_job: None,
            train_job: None,
            export_job: None,
            import_job: None,
            chosen_thresholds: start::Chosen::default(),
            wants_safe_start: false,
            is_sample_training: false,
            n_changes: 0,
            estimates: estimate::Estimates::default(),
            pending_import: None,
            memory_limit: None,
        })
    }

    /// The same session with so many bytes for its work, whatever the system has left.
    #[must_use]
    pub fn with_memory_limit(mut self, n_bytes: u64) -> Self {
        self.memory_limit = Some(n_bytes);
        self
    }

    /// Bytes that pruning what is open would take at most, and bytes that are free; once a graph and a model are open.
    pub fn prune_memory(&self) -> Option<(u64, u64)> {
        let (graph, model) = (self.store.graph.as_ref()?, self.store.model.as_ref()?);
        let needed = run_bytes(&graph.dataset, &model.model, &self.store.effective_recipe(), RunOptions::FULL);
        Some((needed, self.free_memory()))
    }

    fn free_memory(&self) -> u64 {
        self.memory_limit.or_else(free_memory).unwrap_or(u64::MAX)
    }

    /// Takes over what was opened in earlier sessions, newest first.
    pub fn set_recent(&mut self, recent: Vec<Recent>) {
        self.store.recent = recent;
    }

    /// Everything a view may read.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The jobs, running ones first.
    pub fn jobs(&self) -> Vec<JobStatus> {
        self.runner.statuses()
    }

    /// Whether a job of the lane runs or waits.
    pub fn is_busy(&self, lane: &Lane) -> bool {
        self.runner.is_busy(lane)
    }

    /// Whether no job runs or waits.
    pub fn is_idle(&self) -> bool {
        self.runner.is_idle()
    }

    /// Whether closing would lose something that can be saved.
    pub fn has_unsaved_work(&self) -> bool {
        self.store.is_changed && (self.store.graph.is_some() || self.store.model.is_some())
    }

    /// Notes that something changed which a project would keep.
    fn changed(&mut self) {
        self.n_changes += 1;
        self.store.is_changed = true;
    }

    /// What undo would take back, for people.
    pub fn undo_label(&self) -> Option<&str> {
        self.history.undo_label()
    }

    /// What redo would make again, for people.
    pub fn redo_label(&self) -> Option<&str> {
        self.history.redo_label()
    }

    /// Takes over what jobs have answered; returns whether anything changed.
    pub fn poll(&mut self) -> bool {
        let outcomes = self.runner.poll();
        let has_news = !outcomes.is_empty();
        for outcome in outcomes {
            self.take(outcome);
        }
        if has_news && !self.runner.is_busy(&Lane::Load) {
            self.after_load();
        }
        has_news
    }
}
