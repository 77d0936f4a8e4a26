//! The application without a screen: what is open, commands, undo, jobs in the background.
//!
//! What is never here: egui. Every change goes through [`Session::apply`]; views and the command line read [`Session::store`].

mod activity;
mod answer_page;
mod apply;
mod assumptions;
mod autosave;
mod beside;
mod by_hand;
mod certificate_page;
mod check_import;
mod check_page;
mod command;
mod compare;
mod compare_words;
pub mod crash;
pub mod defaults;
mod desk;
mod discreet;
mod ego;
mod estimate;
mod export;
mod fit;
mod graph_pictures;
mod history;
mod import;
mod inputs;
pub mod jobs;
mod keeping;
pub mod kept;
mod low_precision;
mod matrix_page;
mod needs;
mod node_page;
mod nodes_page;
mod notice;
mod outcome;
mod outside;
mod page;
mod pictures;
pub mod project;
mod readings;
mod recipe_diff;
mod report;
mod report_page;
mod reports;
mod request_page;
mod results;
mod rival_says;
mod roles;
mod run_groups;
mod run_page;
mod runs_table;
mod selection;
mod slot;
mod speed_page;
mod start;
mod state;
mod store;
mod stress_page;
mod take_over;
pub mod tasks;
mod tools;
mod trial_lines;
pub(crate) mod trial_words;
mod trials;
mod undo;
mod verdict;
pub mod words;

use crate::engine::EngineError;
use crate::engine::control::Workers;
use crate::io::{free_memory, read_calibration};

pub use crate::io::format;

pub use activity::{Activity, ActivityLog};
pub(crate) use answer_page::answer_page;
pub use assumptions::{Assumption, ReadingScore};
pub use certificate_page::{certificate_page, certificate_says};
pub(crate) use check_page::check_page;
pub use check_page::{CheckPages, finding_says, level_says, level_title, record_page};
pub use command::{Command, FileWriter, Gesture};
pub use compare::{CompareRequest, Comparison};
pub use compare_words::NumberRow;
pub use desk::{AnyRequest, Desk, Request};
pub use ego::{EgoDrawing, EgoPicture, EgoRequest};
pub use fit::fitted_to;
pub use graph_pictures::{LayoutRequest, MarksRequest, ShadesRequest};
pub use history::History;
pub use inputs::{Baseline, ClosedModel, LoadedGraph, LoadedModel};
pub(crate) use low_precision::{bytes_say, low_says};
pub use node_page::NodeReport;
pub use nodes_page::{NodesReport, NodesRequest};
pub use notice::{Level, Notice, Notices};
pub use page::{PagePart, PageTable, markdown};
pub use pictures::{
    AtlasRequest, ComparedPictureRequest, ComparedPyramidRequest, Distribution, DistributionRequest, MatrixRequest,
    NodeRequest, Picture, PictureRequest, PyramidRequest,
};
pub use readings::{Reading, Readings, read_as, reading_of, settled};
pub use recipe_diff::{DiffLine, DiffSide, recipe_diff};
pub use report_page::{Currency, Price, ReportChoice, ReportOptions};
pub use request_page::request_page;
pub use rival_says::rival_says;
pub use roles::{ImportFile, NextStep, RolesByHand, belong_together};
pub use run_groups::{GroupBy, GroupNumber, RunGroup, method_of};
pub(crate) use run_page::run_page;
pub use runs_table::{runs_as_text, runs_writer};
pub use selection::{KeptSelection, WeightPlace};
pub use speed_page::speed_page;
pub use store::{
    AnswerState, AnsweredBy, BenchState, BudgetState, CheckAsk, CompareState, ExportState, ImportState, MonitorState,
    Phase, Recent, ReproduceState, RunEntry, RunId, SensitivityState, Store, StressState, SweepState, TrainingState,
    Trial, first_plan,
};
pub use stress_page::{stress_kind_page, stress_page, stress_says};
pub use tasks::autosave::LostSession;
pub use tasks::diagnose::Diagnosis;
pub use tasks::errors::ErrorReport;
pub use tasks::export::{Exported, WrittenFile, replay_command};
pub use tasks::import::{ClassCount, FitCheck, FitScores, ImportReport, model_on_graph, read_together};
pub use tasks::open::OutsideFiles;
pub use tasks::report::WrittenReport;
pub use tasks::reproduce::{PublishedTable, ReproducePlan, TruthPlan};
pub use tasks::store_graph::StoreForm;
pub use trial_lines::{LineOf, TrialLines};
pub use undo::UndoStep;
pub use verdict::{BREAKS_AT, Grade, Verdict, removed_in_short};

pub(crate) use verdict::{in_points, lower_first};

use jobs::{JobId, JobRunner, JobStatus, Lane, Waker};
use state::AfterLoad;
use words::{Language, Words};

type Apply = Box<dyn FnOnce(&mut Session, JobId, f64) + Send>;

/// What a job of the session hands over: what is done with it once it is polled, given which job it came from and how long that took,
/// seconds.
struct JobAnswer(Apply);

impl JobAnswer {
    fn new(apply: impl FnOnce(&mut Session, JobId, f64) + Send + 'static) -> Self {
        Self(Box::new(apply))
    }
}

/// The application without a screen.
pub struct Session {
    store: Store,
    activity: ActivityLog,
    runner: JobRunner<JobAnswer>,
    history: undo::UndoHistory,
    next_run: u64,
    /// The number that the last run was called by.
    last_number: u64,
    after_load: Option<AfterLoad>,
    /// Thresholds that the program chose, which it may choose anew.
    chosen_thresholds: state::ThresholdsBy,
    /// Whether the user went back to what is published: those thresholds are then not the program's.
    chose_published: bool,
    /// Whether what is being opened is to be shown with a safe recipe.
    wants_safe_start: bool,
    /// Whether what the runs of a project found is being read.
    reads_results: bool,
    /// Whether the running training is the one that comes with a sample, and nobody's work.
    is_sample_training: bool,
    /// The gesture of the last change of the recipe.
    last_gesture: Option<Gesture>,
    /// Counts what changed that a project would keep: a file that was written meanwhile holds an older state.
    n_changes: u64,
    estimates: state::Estimates,
    /// What the running import reads, and its job.
    pending_import: Option<(JobId, ImportState)>,
    /// What is kept of the session, where it is.
    autosave: Option<state::AutosaveState>,
    /// Counts whatever would be missed if the program were killed.
    n_touched: u64,
    /// What is being hashed, or was.
    hash_asked: Vec<String>,
    /// What is known of faults.
    reports: state::Reports,
    /// What the window of a restored session had kept.
    restored_window: Option<String>,
    /// Bytes that work may take; without, as many as the system has left.
    memory_limit: Option<u64>,
    language: Language,
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
            store: Store { recipe: defaults::start_recipe(), ..Store::default() },
            activity: ActivityLog::default(),
            runner,
            history: undo::UndoHistory::default(),
            next_run: 1,
            last_number: 0,
            after_load: None,
            chosen_thresholds: state::ThresholdsBy::default(),
            chose_published: false,
            wants_safe_start: false,
            reads_results: false,
            is_sample_training: false,
            last_gesture: None,
            n_changes: 0,
            estimates: state::Estimates::default(),
            pending_import: None,
            autosave: None,
            n_touched: 0,
            hash_asked: Vec::new(),
            reports: state::Reports::default(),
            restored_window: None,
            memory_limit: None,
            language: Language::default(),
        })
    }

    /// The same session with so many bytes for its work, whatever the system has left.
    #[must_use]
    pub fn with_memory_limit(mut self, n_bytes: u64) -> Self {
        self.memory_limit = Some(n_bytes);
        self
    }

    fn free_memory(&self) -> u64 {
        self.memory_limit.or_else(free_memory).unwrap_or(u64::MAX)
    }

    /// Takes over what was opened in earlier sessions, newest first.
    pub fn set_recent(&mut self, recent: Vec<Recent>) {
        self.store.recent = recent;
    }

    /// Takes over the limit that verdicts were held against in earlier sessions, a share of accuracy.
    pub fn set_limit(&mut self, limit: f64) {
        self.store.limit = limit;
    }

    /// Speaks this language from now on. What was said before stays as it was said.
    pub fn set_language(&mut self, language: Language) {
        self.language = language;
    }

    /// The language that people are spoken to in.
    pub fn language(&self) -> Language {
        self.language
    }

    /// The words of that language.
    pub fn words(&self) -> &'static Words {
        Words::of(self.language)
    }

    /// Everything a view may read.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What was done lately.
    pub fn activity(&self) -> &ActivityLog {
        &self.activity
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

    /// Another number after every change of [`Session::steps`], which are not made for every frame.
    pub fn steps_revision(&self) -> u64 {
        self.history.revision()
    }

    /// All steps that can be taken back or made again, oldest first.
    pub fn steps(&self) -> Vec<UndoStep> {
        self.history.steps(self.words())
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
