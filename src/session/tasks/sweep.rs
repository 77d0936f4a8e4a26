//! Tries a grid of thresholds.

use std::sync::Arc;

use super::{Need, Task, TaskError};
use crate::engine::control::Control;
use crate::engine::experiment::{RunOptions, SweepGrid, SweepPoint, sweep_layer};
use crate::engine::graph::Dataset;
use crate::engine::model::Model;
use crate::engine::sparsify::Recipe;
use crate::session::inputs::Baseline;

/// Prunes once for every pair of thresholds.
#[derive(Debug, Clone)]
pub(crate) struct Sweep {
    pub(crate) dataset: Arc<Dataset>,
    pub(crate) model: Arc<Model>,
    /// What the pruned models are held against.
    pub(crate) baseline: Baseline,
    /// The recipe whose thresholds are replaced.
    pub(crate) base: Recipe,
    pub(crate) grid: SweepGrid,
    /// The one layer (from 0) whose thresholds are replaced; none: those of all.
    pub(crate) layer: Option<usize>,
    /// How much is computed of every point.
    pub(crate) options: RunOptions,
}

impl Task for Sweep {
    type Point = Box<SweepPoint>;
    type Output = ();

    fn label(&self) -> String {
        let of = self.layer.map_or_else(String::new, |layer| format!(" of layer {}", layer + 1));
        format!("Sweep {} points{of}, {}, {}", self.grid.len(), self.dataset.name(), self.model.title())
    }

    fn memory(&self) -> Option<Need> {
        Some(Need::of_run(&self.dataset, &self.model, &self.base, self.options))
    }

    fn run(self, ctl: &Control, on_point: &mut dyn FnMut(Self::Point)) -> Result<(), TaskError> {
        let Self { dataset, model, baseline, base, grid, layer, options } = self;
        let on_point = |point, _| on_point(Box::new(point));
        Ok(sweep_layer(&dataset, &model, &base, (&grid, layer), (options, baseline.logits()), ctl, on_point)?)
    }
}
