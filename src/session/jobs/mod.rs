//! Background work: what a job is, and the runner that keeps them apart.
//!
//! A job is a task on a thread: it gets a snapshot and answers with a value; nothing is shared and mutated. The runner knows nothing of
//! what the answers mean: the session gives it the type of its answers and applies them.

mod runner;

use std::sync::Arc;

use super::tasks::TaskError;

pub use runner::{JobRunner, Outcome, Waker};

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
    /// Controls of recovered runs. In order.
    Controls,
    /// Certificates of runs. In order.
    Certify,
    /// Errors of the nodes of runs. In order.
    Errors,
    /// Looking for what can go within a budget. In order.
    Budget,
    /// Sweeps. In order.
    Sweep,
    /// Comparisons of methods. In order.
    Compare,
    /// Layers one at a time. In order.
    Sensitivity,
    /// Disturbed graphs. In order.
    Stress,
    /// Training. In order.
    Train,
    /// Whatever writes files. In order.
    Export,
    /// Measuring this machine. In order.
    Bench,
    /// Scoring some nodes. In order.
    Answer,
    /// Reproducing published tables. In order.
    Reproduce,
    /// Keeping what would be lost with the program, and looking for what was lost. In order.
    Autosave,
    /// Hashes of what is open. Latest wins.
    Hash,
    /// Looking at this machine, and for reports of internal errors. Latest wins.
    Diagnose,
    /// What a view wants computed, by the view's own key. Latest wins.
    View(String),
}

impl Lane {
    /// Whether a newer job replaces the ones before it.
    pub fn is_latest_wins(&self) -> bool {
        matches!(self, Self::Import | Self::Preview | Self::Estimate | Self::Hash | Self::Diagnose | Self::View(_))
    }

    /// Whether the job is listed in the status bar; the others come and go too fast to be read.
    pub fn is_listed(&self) -> bool {
        !matches!(self, Self::View(_) | Self::Estimate | Self::Autosave | Self::Hash | Self::Diagnose)
    }
}

/// Why a job has no result.
#[derive(Debug, Clone, thiserror::Error)]
pub enum JobError {
    /// The user, or a newer request, asked for the stop. Never shown as an error.
    #[error("cancelled")]
    Cancelled,
    /// It could not be done, for this reason.
    #[error(transparent)]
    Failed(Arc<TaskError>),
    /// Our own bug: the job panicked, with these words.
    #[error("{0}")]
    Panicked(String),
}

impl From<TaskError> for JobError {
    fn from(error: TaskError) -> Self {
        if error.is_cancelled() { Self::Cancelled } else { Self::Failed(Arc::new(error)) }
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
    /// Whether it can be asked to end with what it has by now, and was not yet.
    pub can_keep: bool,
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
