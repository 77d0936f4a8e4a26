//! Background work: what a job is, and the runner that keeps them apart.
//!
//! A job gets a snapshot (values behind `Arc`s and a recipe) and answers with a value; nothing is shared and mutated. The
//! runner knows nothing of what the answers mean: the session gives it the type of its answers and applies them.

pub(crate) mod import;
pub(crate) mod open;
pub(crate) mod propagate;
mod runner;

use crate::engine::EngineError;
use crate::engine::control::Control;
use crate::io::{ExportError, LoadError};

pub use runner::{JobRunner, Outcome, Partial, Waker};

/// One job of a runner; ascending in the order of submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u64);

/// Which jobs compete: at most one job of a lane runs at a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Reading graphs, models and bundles. In order.
    Load,
    /// Reading files for the import report. Latest wins.
    Import,
    /// The preview that follows the sliders. Latest wins.
    Preview,
    /// The scores that estimates are made from, while the preview takes longer than a moment. Latest wins.
    Estimate,
    /// Complete runs. In order.
    Prune,
    /// Sweeps. In order.
    Sweep,
    /// Comparisons of methods. In order.
    Compare,
    /// Layers one at a time. In order.
    Sensitivity,
    /// Training. In order.
    Train,
    /// Whatever writes files. In order.
    Export,
    /// What a view wants computed, by the view's own key. Latest wins.
    View(String),
}

impl Lane {
    /// Whether a newer job replaces the ones before it.
    pub fn is_latest_wins(&self) -> bool {
        matches!(self, Self::Import | Self::Preview | Self::Estimate | Self::View(_))
    }

    /// Whether the job is listed in the status bar; the others come and go too fast to be read.
    pub fn is_listed(&self) -> bool {
        !matches!(self, Self::View(_) | Self::Estimate)
    }
}

/// Work that runs in the background with a typed result.
pub trait Job: Send + 'static {
    /// What it answers.
    type Output: Send + 'static;

    /// For the status bar, for example `Prune cora, GCN`.
    fn label(&self) -> String;

    /// Does the work. Polls `ctl` often enough that a cancel is answered within 100 ms.
    ///
    /// # Errors
    /// Whatever stops it; a cancel is [`JobError::Cancelled`].
    fn run(self, ctl: &Control) -> Result<Self::Output, JobError>;
}

/// Why a job has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobError {
    /// The user, or a newer request, asked for the stop. Never shown as an error.
    Cancelled,
    /// It could not be done; the message is for people.
    Failed(String),
    /// Our own bug: the job panicked.
    Panicked(String),
}

/// Why a use case that both faces run gave nothing: the reason as it came, so that the terminal can tell a wrong call from a failure.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// The engine could not do it, or was stopped.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Something could not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Something could not be written.
    #[error(transparent)]
    Export(#[from] ExportError),
}

impl From<TaskError> for JobError {
    fn from(error: TaskError) -> Self {
        match error {
            TaskError::Engine(error) => error.into(),
            TaskError::Load(error) => error.into(),
            TaskError::Export(error) => error.into(),
        }
    }
}

impl From<EngineError> for JobError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Cancelled => Self::Cancelled,
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<ExportError> for JobError {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Cancelled => Self::Cancelled,
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<LoadError> for JobError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Cancelled => Self::Cancelled,
            other => Self::Failed(other.to_string()),
        }
    }
}

/// One job as the status bar shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct JobStatus {
    /// Which job.
    pub id: JobId,
    /// Which queue it is in.
    pub lane: Lane,
    /// What it does.
    pub label: String,
    /// Whether it computes already, or waits for its turn.
    pub is_running: bool,
    /// Whether it was asked to stop.
    pub is_stopping: bool,
    /// What it does just now; empty before the first report.
    pub stage: String,
    /// Units of the stage finished.
    pub done: u64,
    /// Units of the stage in all; 0 where it is not known.
    pub total: u64,
    /// Seconds since the job started.
    pub elapsed_secs: f64,
    /// Units per second in this stage.
    pub rate: f64,
    /// Seconds left in this stage, once it can be told.
    pub left_secs: Option<f64>,
}

impl JobStatus {
    /// Finished share of the stage, `0..=1`, where it is known.
    pub fn share(&self) -> Option<f32> {
        (self.total > 0).then(|| (self.done as f64 / self.total as f64).clamp(0.0, 1.0) as f32)
    }
}

/// Runs something short-lived that only waits, such as a file dialog, on a named thread; answers whether it was started.
pub fn spawn_helper(name: &str, wait: impl FnOnce() + Send + 'static) -> bool {
    std::thread::Builder::new().name(name.to_owned()).spawn(wait).is_ok()
}
