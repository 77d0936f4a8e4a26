//! Tries every layer alone.

use std::sync::Arc;

use super::{Need, Task, TaskError};
use crate::engine::control::Control;
use crate::engine::experiment::{RunOptions, SensitivityPoint, SweepGrid, sensitivity};
use crate::engine::graph::Dataset;
use crate::engine::model::Model;
use crate::engine::sparsify::Recipe;
use crate::session::inputs::Baseline;

/// Prunes one layer at a time over the thresholds of a grid.
#[derive(Debug, Clone)]
pub(crate) struct Sensitivity {
    pub(crate) dataset: Arc<Dataset>,
    pub(crate) model: Arc<Model>,
    /// What the pruned models are held against.
    pub(crate) baseline: Baseline,
    /// The recipe whose thresholds are replaced.
    pub(crate) base: Recipe,
    pub(crate) grid: SweepGrid,
}

impl Sensitivity {
    /// How many points it gives.
    pub(crate) fn n_points(&self) -> usize {
        self.base.model.n_graph_steps() * self.grid.delta_a.len() + self.base.model.layers * self.grid.delta_w.len()
    }
}

impl Task for Sensitivity {
    type Point = Box<SensitivityPoint>;
    type Output = ();

    fn label(&self) -> String {
        format!("Layer by layer, {}, {}", self.dataset.name(), self.model.title())
    }

    fn memory(&self) -> Option<Need> {
        Some(Need::of_run(&self.dataset, &self.model, &self.base, RunOptions::PREVIEW))
    }

    fn run(self, ctl: &Control, on_point: &mut dyn FnMut(Self::Point)) -> Result<(), TaskError> {
        let Self { dataset, model, baseline, base, grid } = self;
        let on_point = |point| on_point(Box::new(point));
        Ok(sensitivity(&dataset, &model, &base, &grid, baseline.logits(), ctl, on_point)?)
    }
}
