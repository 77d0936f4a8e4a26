//! What a recipe removes and costs, without times: follows the sliders.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ndarray::Array2;

use super::{Task, TaskError};
use crate::engine::control::Control;
use crate::engine::experiment::{Run, RunOptions, run};
use crate::engine::graph::Dataset;
use crate::engine::model::Model;
use crate::engine::sparsify::Recipe;

/// A slider that was not moved for so long rests.
const REST: Duration = Duration::from_millis(150);

/// Decides the masks of a recipe.
#[derive(Debug)]
pub(crate) struct Preview {
    pub(crate) dataset: Arc<Dataset>,
    pub(crate) model: Arc<Model>,
    /// What it is held against, where that is known. `[n_nodes, n_classes]`
    pub(crate) baseline: Option<Arc<Array2<f32>>>,
    pub(crate) recipe: Recipe,
    /// Whether to wait until the slider rests. A newer move cancels the wait.
    pub(crate) waits: bool,
    /// Whether to answer without recovery first, which is there sooner.
    pub(crate) plain_first: bool,
}

/// The same recipe without recovery.
pub(crate) fn without_recovery(recipe: &Recipe) -> Recipe {
    Recipe { recovery: None, channels: None, ..recipe.clone() }
}

impl Task for Preview {
    /// The recipe without recovery, where that comes first.
    type Point = Box<Run>;
    /// The run, and how long deciding alone took, seconds.
    type Output = (Box<Run>, f64);

    fn label(&self) -> String {
        "Preview".to_owned()
    }

    fn run(self, ctl: &Control, on_point: &mut dyn FnMut(Box<Run>)) -> Result<Self::Output, TaskError> {
        const LOOK_EVERY: Duration = Duration::from_millis(10);
        let asked = Instant::now();
        while self.waits && asked.elapsed() < REST {
            ctl.check()?;
            std::thread::sleep(LOOK_EVERY);
        }
        let Self { dataset, model, mut baseline, recipe, plain_first, .. } = self;
        if plain_first && recipe.recovery.is_some() {
            let plain = run(&dataset, &model, &without_recovery(&recipe), RunOptions::PREVIEW, baseline, ctl)?;
            baseline = Some(Arc::clone(&plain.baseline_logits));
            on_point(Box::new(plain));
        }
        let began = Instant::now();
        let run = run(&dataset, &model, &recipe, RunOptions::PREVIEW, baseline, ctl)?;
        Ok((Box::new(run), began.elapsed().as_secs_f64()))
    }
}
