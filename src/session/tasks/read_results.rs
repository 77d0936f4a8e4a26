//! Reads what the runs of a project found, so that they need not be computed again.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Task, TaskError};
use crate::engine::control::Control;
use crate::engine::graph::Dataset;
use crate::engine::model::Model;
use crate::engine::sparsify::Recipe;
use crate::io::kept_runs::{KeptRun, KeptRuns, read_kept_runs};
use crate::io::{LoadError, escaped_text};

/// Reads the results of a project's runs.
#[derive(Debug)]
pub(crate) struct ReadResults {
    pub(crate) path: PathBuf,
    pub(crate) dataset: Arc<Dataset>,
    pub(crate) model: Arc<Model>,
    /// The recipes of the runs that are wanted.
    pub(crate) recipes: Vec<Recipe>,
}

/// What of it can be used.
#[derive(Debug)]
pub(crate) struct ReadBack {
    /// For every recipe its run, where it was kept.
    pub(crate) runs: Vec<Option<KeptRun>>,
    /// The preview, where it was kept.
    pub(crate) preview: Option<KeptRun>,
    /// Why runs are missing, for people.
    pub(crate) fault: Option<String>,
}

impl Task for ReadResults {
    type Point = ();
    type Output = ReadBack;

    fn label(&self) -> String {
        "Read the results of the project".to_owned()
    }

    fn run(self, ctl: &Control, _: &mut dyn FnMut(())) -> Result<ReadBack, TaskError> {
        let Self { path, dataset, model, recipes } = self;
        ctl.progress("reading", 0, 0);
        let read = match read_kept_runs(&path, &dataset, &model, &recipes) {
            Ok(read) => read,
            Err(LoadError::Cancelled) => return Err(LoadError::Cancelled.into()),
            Err(error) => {
                let runs = recipes.iter().map(|_| None).collect();
                return Ok(ReadBack { runs, preview: None, fault: Some(words(&error)) });
            }
        };
        let KeptRuns { runs, preview } = read;
        let fault = runs.iter().find_map(|run| run.as_ref().err().map(words));
        Ok(ReadBack { runs: runs.into_iter().map(Result::ok).collect(), preview, fault })
    }
}

fn words(error: &LoadError) -> String {
    escaped_text(&error.to_string()).into_owned()
}
