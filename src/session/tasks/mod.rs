//! The use cases, one file each: what the window hands to the job runner and the terminal calls.
//!
//! A task is a snapshot: the values it works on (behind `Arc`s) and what is asked of it. It knows what it is called, how much memory it
//! takes and how it is done; it gives its points as they come and its output at the end. What is never here: a screen, the session, a
//! default that another task decides, too (`session/defaults.rs` has those).

mod alike;
pub(crate) mod autosave;
pub(crate) mod bench;
pub(crate) mod budget;
pub(crate) mod certify;
pub(crate) mod check;
pub(crate) mod cluster;
pub(crate) mod compare;
pub(crate) mod compare_runs;
pub(crate) mod controls;
pub(crate) mod diagnose;
pub(crate) mod draw;
pub(crate) mod errors;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod look;
pub(crate) mod open;
pub(crate) mod pilot;
pub(crate) mod predict;
pub(crate) mod preview;
pub(crate) mod propagate;
pub(crate) mod prune;
pub(crate) mod read_results;
pub(crate) mod report;
pub(crate) mod reproduce;
pub(crate) mod safe_start;
pub(crate) mod save_project;
pub(crate) mod sensitivity;
pub(crate) mod sketch;
pub(crate) mod source;
pub(crate) mod store_graph;
pub(crate) mod stress;
pub(crate) mod sweep;
pub(crate) mod train;
pub(crate) mod write;

use crate::engine::EngineError;
use crate::engine::control::Control;
use crate::engine::experiment::{RunOptions, dataset_bytes, run_bytes, training_bytes};
use crate::engine::graph::Dataset;
use crate::engine::model::Model;
use crate::engine::sparsify::Recipe;
use crate::io::figure::FigureError;
use crate::io::{ExportError, LoadError};

/// One use case with everything it needs.
pub trait Task: Send + 'static {
    /// What it gives on the way, for example one point of a sweep.
    type Point: Send + 'static;
    /// What it gives in the end.
    type Output: Send + 'static;

    /// What it does, for people, for example `Prune cora, GCN`.
    fn label(&self) -> String;

    /// The memory it takes, where that is worth asking.
    fn memory(&self) -> Option<Need> {
        None
    }

    /// Leaves out what takes memory beside the main work, one thing at a time, and says what; `None` where nothing is left to leave out.
    fn leave_out(&mut self) -> Option<&'static str> {
        None
    }

    /// Does it. Polls `ctl` often enough that a cancel is answered within 100 ms.
    ///
    /// # Errors
    /// Whatever stops it, a cancel among them: see [`TaskError::is_cancelled`].
    fn run(self, ctl: &Control, on_point: &mut dyn FnMut(Self::Point)) -> Result<Self::Output, TaskError>;
}

/// The memory that a task takes at its most demanding moment, at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// What takes it, for people, for example `a run takes at most`.
    pub takes: &'static str,
    /// Bytes of the inputs, which are there already.
    pub held: u64,
    /// Bytes beside them.
    pub needed: u64,
    /// What takes less.
    pub way_out: &'static str,
}

impl Need {
    /// Of a run, or of many one after the other, on this graph and this model.
    pub(crate) fn of_run(dataset: &Dataset, model: &Model, recipe: &Recipe, options: RunOptions) -> Self {
        let model_bytes: usize = model.parameters.iter().map(|p| size_of::<f32>() * p.values.len()).sum();
        Self {
            takes: "a run takes at most",
            held: dataset_bytes(dataset) + model_bytes as u64,
            needed: run_bytes(dataset, model, recipe, options),
            way_out: "unifews store and unifews propagate work from the disk",
        }
    }

    /// Of training the recipe's network; of a recipe that does not hold there is nothing to count.
    pub(crate) fn of_training(dataset: &Dataset, recipe: &Recipe) -> Option<Self> {
        recipe.check().ok().map(|()| Self {
            takes: "training takes at most",
            held: dataset_bytes(dataset),
            needed: training_bytes(dataset, recipe),
            way_out: "a smaller --hidden or --layers takes less",
        })
    }
}

/// Why a task gave nothing: the reason as it came, so that both faces can tell a wrong call from a failure and a cancel from both.
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
    /// A figure could not be drawn.
    #[error(transparent)]
    Figure(#[from] FigureError),
    /// Something that was asked for cannot be meant.
    #[error("{what}: expected {expected}, found {found}")]
    Wrong {
        /// What it is called where it was asked for.
        what: &'static str,
        /// What would have been right.
        expected: String,
        /// What was given.
        found: String,
    },
    /// There is nothing of what was asked for; the message is for people.
    #[error("{0}")]
    Nothing(String),
}

impl TaskError {
    /// Whether the user, or a newer request, asked for the stop. That is never shown as an error.
    pub fn is_cancelled(&self) -> bool {
        matches!(
            self,
            Self::Engine(EngineError::Cancelled)
                | Self::Load(LoadError::Cancelled)
                | Self::Export(ExportError::Cancelled)
        )
    }
}

/// For a task that gives nothing on the way.
pub(crate) fn no_points(_: ()) {}
