//! The scores of a run as quantiles, which moves of a slider are answered from.

use std::sync::Arc;

use super::{Task, TaskError};
use crate::engine::control::Control;
use crate::engine::experiment::{Run, ScoreSketch};
use crate::engine::sparsify::Recipe;

/// Sketches the scores of a run for thresholds like those of a recipe.
#[derive(Debug)]
pub(crate) struct Sketch {
    pub(crate) run: Arc<Run>,
    pub(crate) recipe: Recipe,
}

impl Task for Sketch {
    type Point = ();
    type Output = Box<ScoreSketch>;

    fn label(&self) -> String {
        "Estimate".to_owned()
    }

    fn run(self, ctl: &Control, _: &mut dyn FnMut(())) -> Result<Self::Output, TaskError> {
        Ok(Box::new(ScoreSketch::new(&self.run, &self.recipe, ctl)?))
    }
}
