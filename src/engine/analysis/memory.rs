//! How much memory a run will take, before it starts.

use crate::engine::graph::{Dataset, HopOrder};
use crate::engine::model::Model;
use crate::engine::sparsify::Recipe;

/// Bytes that a run takes at its most demanding moment beside graph and model, at most: when nothing is removed.
///
/// Counted are the diffusion matrix, what two steps walk, masks, three matrices of the widest step, norms, and the logits of the
/// unpruned and the pruned model. `docs/SCALE.md` sets measured peaks beside it.
pub fn run_bytes(dataset: &Dataset, model: &Model, recipe: &Recipe) -> u64 {
    // Values; sources, values and numbers of the entries before and after a step; masks as decided and as followed.
    const PER_ENTRY: u64 = 4 + 2 * 12 + 2;
    let shape = &model.architecture;
    let (n, m) = (dataset.n_nodes() as u64, dataset.topology().n_entries() as u64);
    let (d_in, n_classes) = (dataset.features().width(), model.n_classes());
    let layers = (0..shape.layers).map(|l| shape.layer_widths(l, d_in, n_classes));
    let widest =
        layers.map(|(from, to)| from.max(to)).max().unwrap_or(d_in).max(if shape.is_decoupled() { d_in } else { 0 });
    let per_node = 4 * (3 * widest + 2 * n_classes + recipe.model.n_graph_steps()) as u64;
    // Lists for nodes in another order, beside those they are made of.
    let reordered = if recipe.propagation.order == HopOrder::Stored { 0 } else { 8 * m + 16 * n };
    PER_ENTRY * m + per_node * n + reordered
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::control::Control;
    use crate::engine::graph::{PowerLaw, power_law_communities};
    use crate::engine::model::{Architecture, Family};

    #[test]
    fn it_grows_with_entries_nodes_and_widths() {
        let ctl = Control::new(1).expect("a worker");
        let bytes = |n_nodes, n_entries, hidden| {
            let shape = PowerLaw { n_nodes, n_entries, ..PowerLaw::default() };
            let dataset = power_law_communities(&shape, &ctl).expect("a graph");
            let recipe =
                Recipe { model: Architecture { hidden, ..Architecture::new(Family::Gcn) }, ..Recipe::default() };
            let model = Model::init(&recipe.model, 64, 8, 1);
            run_bytes(&dataset, &model, &recipe)
        };
        let base = bytes(100, 400, 64);
        // 100 nodes: 3 matrices of 64 columns, 2 of 8, norms of 2 steps; 500 entries with self-loops.
        assert_eq!(base, 4 * 100 * (3 * 64 + 2 * 8 + 2) + 30 * 500);
        assert_eq!(bytes(100, 600, 64) - base, 30 * 200);
        assert_eq!(bytes(100, 400, 128) - base, 4 * 100 * 3 * 64);
    }
}
