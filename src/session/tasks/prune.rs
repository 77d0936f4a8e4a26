//! Applies a recipe completely: decides masks, evaluates, times the unpruned and the pruned forward in turn.

use std::sync::Arc;

use super::{Need, Task, TaskError};
use crate::engine::control::Control;
use crate::engine::experiment::{Run, RunOptions, run};
use crate::engine::graph::Dataset;
use crate::engine::model::Model;
use crate::engine::sparsify::Recipe;
use crate::session::inputs::Baseline;

/// Prunes the graph and the model by a recipe.
#[derive(Debug, Clone)]
pub(crate) struct Prune {
    pub(crate) dataset: Arc<Dataset>,
    pub(crate) model: Arc<Model>,
    /// What the pruned model is held against.
    pub(crate) baseline: Baseline,
    pub(crate) recipe: Recipe,
    /// How much is computed of it.
    pub(crate) options: RunOptions,
}

impl Task for Prune {
    type Point = ();
    type Output = Run;

    fn label(&self) -> String {
        format!("Prune {}, {}", self.dataset.name(), self.model.title())
    }

    fn memory(&self) -> Option<Need> {
        Some(Need::of_run(&self.dataset, &self.model, &self.recipe, self.options))
    }

    fn leave_out(&mut self) -> Option<&'static str> {
        if std::mem::take(&mut self.options.compare_steps) {
            return Some("the error after every step");
        }
        let had_requests = !std::mem::take(&mut self.options.requests).is_empty();
        had_requests.then_some("times of requests for a few nodes")
    }

    fn run(self, ctl: &Control, _: &mut dyn FnMut(())) -> Result<Run, TaskError> {
        // Step by step only the model itself can be compared with.
        let compare_steps = self.options.compare_steps && self.baseline.is_own();
        let options = RunOptions { compare_steps, ..self.options };
        Ok(run(&self.dataset, &self.model, &self.recipe, options, self.baseline.logits(), ctl)?)
    }
}
