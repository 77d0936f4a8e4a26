//! How much memory a run will take, before it starts.

use super::run::RunOptions;
use crate::engine::graph::{Dataset, HopOrder};
use crate::engine::model::Model;
use crate::engine::sparsify::Recipe;

/// Bytes that a run takes at its most demanding moment beside graph and model, at most: when nothing is removed.
///
/// Counted are the diffusion matrix, what two steps walk, masks, three matrices of the widest step, norms, the logits of the unpruned and
/// the pruned model, and what is kept to compare steps. `docs/SCALE.md` sets measured peaks beside it.
pub fn run_bytes(dataset: &Dataset, model: &Model, recipe: &Recipe, options: RunOptions) -> u64 {
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
    let reference = if options.compare_steps { reference_bytes(dataset, model).unwrap_or(0) } else { 0 };
    PER_ENTRY * m + per_node * n + reordered + reference
}

/// Bytes of the outputs of all steps of the unpruned model, which pruned ones are compared with; `None` where they are too many to keep.
pub(super) fn reference_bytes(dataset: &Dataset, model: &Model) -> Option<u64> {
    const MOST: u64 = 2 << 30;
    let shape = &model.architecture;
    let hops = shape.hops * dataset.features().width();
    let layers = (0..shape.layers).map(|l| shape.layer_widths(l, model.d_in(), model.n_classes()).1);
    let bytes = size_of::<f32>() as u64 * dataset.n_nodes() as u64 * (hops + layers.sum::<usize>()) as u64;
    (bytes <= MOST).then_some(bytes)
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
        let bytes_with = |n_nodes, n_entries, hidden, options| {
            let shape = PowerLaw { n_nodes, n_entries, ..PowerLaw::default() };
            let dataset = power_law_communities(&shape, &ctl).expect("a graph");
            let recipe =
                Recipe { model: Architecture { hidden, ..Architecture::new(Family::Gcn) }, ..Recipe::default() };
            let model = Model::init(&recipe.model, 64, 8, 1);
            run_bytes(&dataset, &model, &recipe, options)
        };
        let bytes = |n_nodes, n_entries, hidden| bytes_with(n_nodes, n_entries, hidden, RunOptions::PREVIEW);
        let base = bytes(100, 400, 64);
        // 100 nodes: 3 matrices of 64 columns, 2 of 8, norms of 2 steps; 500 entries with self-loops.
        assert_eq!(base, 4 * 100 * (3 * 64 + 2 * 8 + 2) + 30 * 500);
        assert_eq!(bytes(100, 600, 64) - base, 30 * 200);
        assert_eq!(bytes(100, 400, 128) - base, 4 * 100 * 3 * 64);
        // What two layers of 64 and 8 columns gave, to compare with.
        assert_eq!(bytes_with(100, 400, 64, RunOptions::FULL) - base, 4 * 100 * (64 + 8));
    }
}
