//! Finds how much can go within a budget of accuracy.

use std::sync::Arc;

use super::{Need, Task, TaskError};
use crate::engine::control::Control;
use crate::engine::experiment::{Budget, BudgetPoint, FoundBudget, RunOptions, find_budget};
use crate::engine::graph::Dataset;
use crate::engine::model::Model;
use crate::engine::sparsify::Recipe;
use crate::session::inputs::Baseline;

/// Walks a path of recipes with recovery, as long as the accuracy stays within the budget.
#[derive(Debug, Clone)]
pub(crate) struct FindWithinBudget {
    pub(crate) dataset: Arc<Dataset>,
    pub(crate) model: Arc<Model>,
    /// What the pruned models are held against.
    pub(crate) baseline: Baseline,
    /// The recipe whose thresholds are replaced.
    pub(crate) base: Recipe,
    pub(crate) budget: Budget,
}

impl Task for FindWithinBudget {
    type Point = BudgetPoint;
    type Output = FoundBudget;

    fn label(&self) -> String {
        format!("Find within a budget, {}, {}", self.dataset.name(), self.model.title())
    }

    fn memory(&self) -> Option<Need> {
        let recovered = Recipe { recovery: Some(self.base.recovery.clone().unwrap_or_default()), ..self.base.clone() };
        Some(Need::of_run(&self.dataset, &self.model, &recovered, RunOptions::PREVIEW))
    }

    fn run(self, ctl: &Control, on_point: &mut dyn FnMut(BudgetPoint)) -> Result<FoundBudget, TaskError> {
        let Self { dataset, model, baseline, base, budget } = self;
        let on_point = |point: &BudgetPoint| on_point(point.clone());
        Ok(find_budget(&dataset, &model, &base, budget, baseline.logits(), ctl, on_point)?)
    }
}
