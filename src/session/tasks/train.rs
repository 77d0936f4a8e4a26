//! Trains a model of a recipe's network.

use std::sync::Arc;

use super::{Need, Task, TaskError};
use crate::engine::control::Control;
use crate::engine::graph::Dataset;
use crate::engine::sparsify::{Recipe, Schedule, Training};
use crate::engine::train::{EpochRecord, Trained, train_or_leave};

/// What a training gives on the way.
#[derive(Debug)]
pub(crate) enum TrainPoint {
    /// An epoch is done.
    Epoch(EpochRecord),
    /// It was cancelled, and this is what it had by then.
    Left(Box<Trained>),
}

/// Trains on a graph as a recipe says.
#[derive(Debug, Clone)]
pub(crate) struct Train {
    dataset: Arc<Dataset>,
    recipe: Recipe,
}

impl Train {
    /// Where the recipe does not say how, as the authors trained its family.
    pub(crate) fn new(dataset: Arc<Dataset>, mut recipe: Recipe) -> Self {
        let family = recipe.model.architecture;
        recipe.training.get_or_insert_with(|| Training::official(family));
        Self { dataset, recipe }
    }

    /// What is trained, for people.
    pub(crate) fn title(&self) -> String {
        self.recipe.model.title(self.dataset.features().width(), self.dataset.n_classes())
    }

    /// Epochs of all rounds.
    pub(crate) fn n_epochs(&self) -> usize {
        let Some(training) = &self.recipe.training else { return 0 };
        let n_trainings = if training.schedule == Schedule::Lottery { training.rounds + 1 } else { 1 };
        training.epochs.saturating_mul(n_trainings)
    }
}

impl Task for Train {
    type Point = TrainPoint;
    type Output = Box<Trained>;

    fn label(&self) -> String {
        format!("Train {} on {}", self.title(), self.dataset.name())
    }

    /// What is wrong with a recipe that does not hold is said by the run.
    fn memory(&self) -> Option<Need> {
        Need::of_training(&self.dataset, &self.recipe)
    }

    fn run(self, ctl: &Control, on_point: &mut dyn FnMut(TrainPoint)) -> Result<Box<Trained>, TaskError> {
        let mut left = None;
        let on_epoch = |epoch: &EpochRecord| on_point(TrainPoint::Epoch(*epoch));
        let trained = train_or_leave(&self.dataset, &self.recipe, ctl, on_epoch, &mut left);
        if let Some(left) = left {
            on_point(TrainPoint::Left(Box::new(left)));
        }
        Ok(Box::new(trained?))
    }
}
