//! Fits a recipe to a network: the one place that decides what of it can stay.

use crate::engine::model::{Aggregation, Architecture};
use crate::engine::sparsify::{EdgeMode, HopOrder, Identity, Recipe};

/// The recipe with this network; a list that does not fit its layers is cut to one value, a mode that the family does not
/// know becomes the default.
pub fn fitted_to(recipe: &Recipe, network: &Architecture) -> Recipe {
    let mut recipe = recipe.clone();
    recipe.model = network.clone();
    if recipe.edges.mode == EdgeMode::Mass && !network.is_decoupled() {
        recipe.edges.mode = EdgeMode::default();
        recipe.edges.ranking = None;
    }
    if !network.is_decoupled() {
        recipe.propagation.order = HopOrder::default();
    }
    if network.has("attention") || network.aggregation == Aggregation::Max {
        recipe.edges.identity = Identity::default();
    }
    if network.has("attention") {
        // Attention reads all columns of what it attends to.
        recipe.channels = None;
    }
    let fit = |deltas: &mut Vec<f64>, n: usize| {
        if deltas.len() != 1 && deltas.len() != n {
            deltas.truncate(1);
        }
        if deltas.is_empty() {
            deltas.push(0.0);
        }
    };
    fit(&mut recipe.edges.delta, recipe.model.n_graph_steps());
    fit(&mut recipe.weights.delta, recipe.model.layers);
    recipe
}
