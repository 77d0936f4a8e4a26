//! What long work would take, before it is begun: memory and time.

use super::Session;
use super::fit::fitted_to;
use crate::engine::experiment::{RunOptions, run_bytes};
use crate::engine::sparsify::{Recipe, Schedule, Training};

use super::tasks::Need;
use super::tasks::train::Train;

impl Session {
    /// Bytes that pruning what is open would take at most, and bytes that are free; once a graph and a model are open.
    pub fn prune_memory(&self) -> Option<(u64, u64)> {
        let free = self.free_memory();
        let all = self.run_bytes(RunOptions::FULL)?;
        // What is left out where memory is short.
        let least = RunOptions { compare_steps: false, requests: &[], ..RunOptions::FULL };
        Some((if all > free { self.run_bytes(least)? } else { all }, free))
    }

    /// The same of a sweep.
    pub fn sweep_memory(&self) -> Option<(u64, u64)> {
        Some((self.run_bytes(RunOptions::SWEEP)?, self.free_memory()))
    }

    /// Bytes that training the network of `recipe` on the open graph would take at most, and bytes that are free.
    pub fn train_memory(&self, recipe: &Recipe) -> Option<(u64, u64)> {
        let graph = self.store.graph.as_ref()?;
        let mut recipe = self.training_recipe(recipe.clone());
        let family = recipe.model.architecture;
        recipe.training.get_or_insert_with(|| Training::official(family));
        Some((Need::of_training(&graph.dataset, &recipe)?.needed, self.free_memory()))
    }

    /// Seconds that training the network of `recipe` would take, as long as its last training took for an epoch; `None` where there was none.
    pub fn train_secs(&self, recipe: &Recipe) -> Option<f64> {
        let graph = self.store.graph.as_ref()?;
        let task = Train::new(std::sync::Arc::clone(&graph.dataset), self.training_recipe(recipe.clone()));
        let (history, last) = (&self.store.training.history, &self.store.training.label);
        let n = history.len();
        if *last != task.title() || n == 0 {
            return None;
        }
        // The last ones are enough, and their number does not grow.
        let first = n.saturating_sub(MAX_AVERAGED);
        let secs: f64 = (first..n).filter_map(|at| history.get(at)).map(|epoch| epoch.elapsed_secs).sum();
        Some(secs / (n - first) as f64 * task.n_epochs() as f64)
    }

    /// The recipe that a training of this one's network follows.
    pub(super) fn training_recipe(&self, recipe: Recipe) -> Recipe {
        let prunes = recipe.training.as_ref().is_some_and(|training| training.schedule != Schedule::Dense);
        let recipe = if prunes { self.without_own_recovery(recipe) } else { recipe };
        let mut recipe = fitted_to(&recipe, &recipe.model);
        if let Some(graph) = &self.store.graph {
            recipe.graph.clone_from(&graph.options);
        }
        recipe
    }

    fn run_bytes(&self, options: RunOptions) -> Option<u64> {
        let (graph, model) = (self.store.graph.as_ref()?, self.store.model.as_ref()?);
        Some(run_bytes(&graph.dataset, &model.model, &self.store.effective_recipe(), options))
    }
}

/// Epochs whose mean is taken.
const MAX_AVERAGED: usize = 50;
