//! Finds how much can go within a budget of accuracy.

use std::sync::Arc;

use super::{Need, Task, TaskError};
use crate::engine::control::Control;
use crate::engine::experiment::{Budget, BudgetPoint, FoundBudget, RunOptions, find_budget};
use crate::engine::graph::Dataset;
use crate::engine::model::Model;
use crate::engine::sparsify::Recipe;
use crate::session::format::percent;
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

/// What was found, in one sentence.
pub(crate) fn says(budget: Budget, found: &FoundBudget) -> String {
    let points = 100.0 * budget.lose_at_most;
    let Some(point) = found.point() else {
        let least = found.points.iter().min_by(|a, b| a.share.total_cmp(&b.share));
        let (share, lost) = least.map_or((0.0, 0.0), |point| (point.share, 100.0 * point.loss));
        return format!(
            "Nothing can go within {points} points: {} for {} already lose {lost:.1}",
            percent(share),
            budget.goal.title().to_lowercase()
        );
    };
    let certified = match &found.certificate {
        Some(certificate) => format!(
            "{:.1} points lost on validation, certified at most {:.1} ({:.0} %, {} validation nodes that nobody looked at)",
            100.0 * point.loss,
            100.0 * certificate.limit,
            100.0 * certificate.level,
            certificate.nodes.len()
        ),
        None => format!("{:.1} points lost at most, which is how many nodes changed their class", 100.0 * point.loss),
    };
    format!(
        "Within {points} points: removes {} of the entries and {} of the weights: {certified}",
        percent(point.edge_sparsity),
        percent(point.weight_sparsity),
    )
}
