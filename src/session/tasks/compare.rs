//! Holds methods of pruning against each other, at the same removed shares.

use std::sync::Arc;

use super::{Need, Task, TaskError};
use crate::engine::control::Control;
use crate::engine::experiment::{ComparePlan, ComparePoint, RunOptions, compare, models_of_seeds, with_fixed_split};
use crate::engine::graph::Dataset;
use crate::engine::model::Model;
use crate::engine::sparsify::Recipe;
use crate::session::inputs::Baseline;

/// Prunes once for every method, share and seed of a plan.
#[derive(Debug, Clone)]
pub(crate) struct Compare {
    dataset: Arc<Dataset>,
    model: Arc<Model>,
    baseline: Baseline,
    base: Recipe,
    plan: ComparePlan,
}

impl Compare {
    /// Methods that remove entries are left out where the network propagates over no graph, parts of recovery where there is none; the split is fixed, so that no seed changes it.
    /// A split that the graph does not have fails in the run, which says so.
    pub(crate) fn new(
        dataset: Arc<Dataset>,
        model: Arc<Model>,
        baseline: Baseline,
        recipe: &Recipe,
        plan: ComparePlan,
    ) -> Self {
        let plan = plan.runnable(model.architecture.n_graph_steps() > 0);
        let base = with_fixed_split(&dataset, recipe).unwrap_or_else(|_| recipe.clone());
        // Models that are trained for the seeds have an output of their own.
        let baseline = if plan.has_model_per_seed { Baseline::Own } else { baseline };
        Self { dataset, model, baseline, base, plan }
    }

    /// The recipe whose rules are replaced.
    pub(crate) fn base(&self) -> &Recipe {
        &self.base
    }

    /// What is compared.
    pub(crate) fn plan(&self) -> &ComparePlan {
        &self.plan
    }
}

impl Task for Compare {
    type Point = Box<ComparePoint>;
    type Output = ();

    fn label(&self) -> String {
        let with = if self.plan.has_recovery { " with recovery" } else { "" };
        format!("Compare {} methods{with}, {}, {}", self.plan.methods.len(), self.dataset.name(), self.model.title())
    }

    fn memory(&self) -> Option<Need> {
        let of_runs = Need::of_run(&self.dataset, &self.model, &self.base, RunOptions::PREVIEW);
        let of_training = Need::of_training(&self.dataset, &self.base).filter(|_| self.plan.has_model_per_seed);
        Some(of_training.filter(|need| need.needed > of_runs.needed).unwrap_or(of_runs))
    }

    fn run(self, ctl: &Control, on_point: &mut dyn FnMut(Self::Point)) -> Result<(), TaskError> {
        let Self { dataset, model, baseline, base, plan } = self;
        let models =
            if plan.has_model_per_seed { models_of_seeds(&dataset, &base, &plan.seeds, ctl)? } else { vec![model] };
        let on_point = |point| on_point(Box::new(point));
        Ok(compare(&dataset, (&models, baseline.logits()), &base, &plan, ctl, on_point)?)
    }
}
