//! Recipes that are taken over: of a point of a sweep, a comparison or a sensitivity analysis, or of a run.

use super::Session;
use super::store::RunId;
use crate::engine::experiment::thresholds_by_layer;

impl Session {
    /// Of a sweep's point, by its index in the grid.
    pub(super) fn load_point(&mut self, idx: usize) {
        let sweep = &self.store.sweep;
        let recipe = sweep.grid.recipe_of(&sweep.base, idx, sweep.layer);
        self.set_recipe(recipe, &self.words().text("undo-take-point"), None);
    }

    /// Of a comparison's point, by its place among the points.
    pub(super) fn load_method(&mut self, at: usize) {
        let state = &self.store.comparison;
        if let Some(recipe) = state.points.get(at).map(|p| state.recipe_of(p)) {
            self.set_recipe(recipe, &self.words().text("undo-take-method"), None);
        }
    }

    /// Of a layer's point, by its place among the points.
    pub(super) fn load_layer(&mut self, at: usize) {
        let state = &self.store.sensitivity;
        if let Some(recipe) = state.points.get(at).map(|p| p.recipe(&state.base)) {
            self.set_recipe(recipe, &self.words().text("undo-take-layer"), None);
        }
    }

    /// For every layer the largest threshold that alone loses at most so much validation accuracy, a share.
    pub(super) fn load_layers(&mut self, lose_at_most: f64) {
        let state = &self.store.sensitivity;
        if let Some(recipe) = thresholds_by_layer(&state.points, &state.base, lose_at_most) {
            self.set_recipe(recipe, &self.words().text("undo-take-layers"), None);
        }
    }

    /// Of a run, with the graph and the model it was made on.
    pub(super) fn show_run(&mut self, id: RunId) {
        if let Some(entry) = self.store.run(id).cloned() {
            self.change_inputs(&self.words().text("undo-take-run"), None, |i| {
                i.recipe = entry.run.recipe.clone();
                i.graph = Some(entry.graph);
                i.model = Some(entry.model);
            });
            self.changed();
        }
    }

    /// Marks a run for comparison, or unmarks it; the third replaces the oldest.
    pub(super) fn compare_run_in_table(&mut self, id: RunId) {
        let compared = &mut self.store.compared;
        if let Some(at) = compared.iter().position(|c| *c == id) {
            compared.remove(at);
        } else {
            compared.push(id);
            if compared.len() > 2 {
                compared.remove(0);
            }
        }
    }
}
