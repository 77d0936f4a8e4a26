//! Controls of a recovered run: the same recovery with what it is said to live on taken away.

use std::sync::Arc;

use super::{Need, Task, TaskError};
use crate::engine::control::Control;
use crate::engine::experiment::{ControlScore, Run, RunOptions, controls};

/// Computes the controls of a run.
#[derive(Debug, Clone)]
pub(crate) struct Controls {
    pub(crate) run: Arc<Run>,
}

impl Task for Controls {
    type Point = ();
    type Output = Vec<ControlScore>;

    fn label(&self) -> String {
        format!("Controls of {}, {}", self.run.dataset.name(), self.run.model.title())
    }

    fn memory(&self) -> Option<Need> {
        let Run { dataset, model, recipe, .. } = &*self.run;
        Some(Need::of_run(dataset, model, recipe, RunOptions::PREVIEW))
    }

    fn run(self, ctl: &Control, _: &mut dyn FnMut(())) -> Result<Vec<ControlScore>, TaskError> {
        Ok(controls(&self.run, ctl)?)
    }
}
