//! Looks for a recipe that keeps the accuracy of what was opened.

use std::sync::Arc;
use std::time::Instant;

use super::{Task, TaskError};
use crate::engine::control::Control;
use crate::engine::experiment::{RunOptions, SafeStart, run_bytes, safe_start};
use crate::engine::graph::Dataset;
use crate::engine::model::Model;
use crate::engine::sparsify::{Recipe, RecoveryRule};

/// Tries recovered recipes, then gentler and gentler thresholds, until the accuracy stays.
#[derive(Debug)]
pub(crate) struct FindStart {
    pub(crate) dataset: Arc<Dataset>,
    pub(crate) model: Arc<Model>,
    /// What the thresholds are put into.
    pub(crate) recipe: Recipe,
    /// Bytes that the work may take: recovery takes more than thresholds do.
    pub(crate) free_bytes: u64,
}

impl Task for FindStart {
    type Point = ();
    /// What was found, and how long one try took, seconds.
    type Output = (SafeStart, f64);

    fn label(&self) -> String {
        format!("Find a safe recipe for {}", self.dataset.name())
    }

    fn run(self, ctl: &Control, _: &mut dyn FnMut(())) -> Result<Self::Output, TaskError> {
        let Self { dataset, model, recipe, free_bytes } = self;
        let began = Instant::now();
        let recovered =
            Recipe { model: model.architecture.clone(), recovery: Some(RecoveryRule::default()), ..recipe.clone() };
        let may_recover = run_bytes(&dataset, &model, &recovered, RunOptions::PREVIEW) <= free_bytes;
        let found = safe_start(&dataset, &model, &recipe, may_recover, ctl)?;
        let secs = began.elapsed().as_secs_f64() / found.n_tried.max(1) as f64;
        Ok((found, secs))
    }
}
