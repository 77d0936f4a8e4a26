//! Looks for thresholds that keep the accuracy of what was opened.

use std::sync::Arc;

use super::{Task, TaskError};
use crate::engine::control::Control;
use crate::engine::experiment::safe_thresholds;
use crate::engine::graph::Dataset;
use crate::engine::model::Model;
use crate::engine::sparsify::Recipe;

/// Tries gentler thresholds than the recipe's, until the accuracy stays.
#[derive(Debug)]
pub(crate) struct FindThresholds {
    pub(crate) dataset: Arc<Dataset>,
    pub(crate) model: Arc<Model>,
    pub(crate) recipe: Recipe,
}

impl Task for FindThresholds {
    type Point = ();
    type Output = Recipe;

    fn label(&self) -> String {
        format!("Find safe thresholds for {}", self.dataset.name())
    }

    fn run(self, ctl: &Control, _: &mut dyn FnMut(())) -> Result<Recipe, TaskError> {
        Ok(safe_thresholds(&self.dataset, &self.model, &self.recipe, ctl)?)
    }
}
