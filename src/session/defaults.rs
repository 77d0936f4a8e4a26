//! What is taken where nobody says otherwise: one place for both faces.

use crate::engine::experiment::SweepGrid;
use crate::engine::sparsify::{EdgeMode, Recipe, Schedule, Training, WeightMode};

/// δa and δw, relative, that a session begins with: the authors' middle setting, where nothing gentler is found to be necessary.
pub const START_DELTA: f64 = 0.5;
/// Width between layers of a model that is trained only to have one.
pub const SMALL_HIDDEN: usize = 64;
/// Epochs that such a model is trained for where no window shows how it goes.
pub const SMALL_EPOCHS: usize = 100;

/// What a session begins with.
pub fn start_recipe() -> Recipe {
    let mut recipe = Recipe::default();
    as_published(&mut recipe);
    recipe
}

/// Makes the recipe prune as published: relative thresholds at the authors' middle, and nothing is recovered.
pub fn as_published(recipe: &mut Recipe) {
    (recipe.edges.mode, recipe.weights.mode) = (EdgeMode::Relative, WeightMode::Relative);
    (recipe.edges.delta, recipe.weights.delta) = (vec![START_DELTA], vec![START_DELTA]);
    (recipe.edges.ranking, recipe.weights.ranking) = (None, None);
    (recipe.recovery, recipe.channels) = (None, None);
}

/// The training of a model that is only trained to have one.
pub fn small_training(recipe: &Recipe) -> Training {
    Training { epochs: SMALL_EPOCHS, schedule: Schedule::Dense, ..Training::official(recipe.model.architecture) }
}

/// What the main job tries around `recipe` without a window: little, so that there is something to see soon.
pub fn small_grid(recipe: &Recipe) -> SweepGrid {
    match (recipe.edges.mode, recipe.weights.mode) {
        (EdgeMode::Relative, WeightMode::Relative) => {
            SweepGrid { delta_a: vec![0.0, 0.25, 0.5, 1.0, 1.5, 2.0], delta_w: vec![0.0, 0.5] }
        }
        (EdgeMode::Target, WeightMode::Target) => SweepGrid { delta_a: vec![0.5, 0.8, 0.9], delta_w: vec![0.5, 0.9] },
        _ => SweepGrid::suited_to(recipe),
    }
}

/// Loss of accuracy, a share, that a verdict calls safe before anybody says otherwise.
pub const LIMIT: f64 = 0.01;
/// Accuracy that a budget lets go before anybody says otherwise, a share: as much as some 600 validation nodes can certify.
pub const LOSE_AT_MOST: f64 = 0.02;
