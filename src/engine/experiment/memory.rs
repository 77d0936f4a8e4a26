//! How much memory a run or a training will take, before it starts.

use super::options::RunOptions;
use super::serve::request_bytes;
use crate::engine::graph::{Dataset, Features, HopOrder};
use crate::engine::kernels::Precision;
use crate::engine::model::Model;
use crate::engine::sparsify::{NodesAre, Recipe, StoredAs};

/// Bytes that a run takes at its most demanding moment beside graph and model, at most: when nothing is removed.
///
/// Counted are the diffusion matrix, what two steps propagate over, masks, three matrices of the widest step, norms, the logits of the unpruned and
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
    let low = recipe.stored_as().filter(|_| options.timed.is_some()).unwrap_or_default();
    // Room for embeddings of half as many bits is kept beside that for whole ones.
    let halves = match low.embeddings {
        Precision::F32 => 0,
        Precision::Bf16 if shape.is_decoupled() => 4 * n * d_in.next_multiple_of(16) as u64,
        Precision::Bf16 => 2 * n * widest as u64,
    };
    // Lists of their own for every step of the pass in low precision, and logits.
    let steps = recipe.model.n_graph_steps() as u64;
    let is_low = low != StoredAs::default();
    let low = if is_low { steps * (8 * m + 12 * n) + 4 * n * n_classes as u64 } else { 0 };
    let reference = if options.compare_steps { reference_bytes(dataset, model).unwrap_or(0) } else { 0 };
    let is_served = !options.requests.is_empty() && options.timed.is_some();
    let requests = if is_served { request_bytes(dataset, model) } else { 0 };
    PER_ENTRY * m
        + per_node * n
        + reordered
        + halves
        + low
        + reference
        + requests.max(recovery_bytes(dataset, model, recipe))
}

/// Bytes that recovery takes beside the masks: what both networks have at hand, the products of a layer's input with itself, its factors, and
/// values and scores of the entries, once as they are tried and once as the best so far.
fn recovery_bytes(dataset: &Dataset, model: &Model, recipe: &Recipe) -> u64 {
    let Some(rule) = &recipe.recovery else { return 0 };
    let shape = &model.architecture;
    let (n, m) = (dataset.n_nodes() as u64, dataset.topology().n_entries() as u64);
    let (d_in, n_classes) = (dataset.features().width(), model.n_classes());
    let layers = (0..shape.layers).map(|l| shape.layer_widths(l, d_in, n_classes));
    let widths: Vec<(u64, u64)> = layers.map(|(from, to)| (from as u64, to as u64)).collect();
    let widest = widths.iter().map(|(from, to)| *from.max(to)).max().unwrap_or(0);
    let squares = widths.iter().map(|(from, to)| 4 * (5 * from * from + 6 * from * to)).max().unwrap_or(0);
    let heads = if shape.has("attention") { shape.heads.max(shape.out_heads) as u64 } else { 1 };
    let per_entry = 24 + recipe.model.n_graph_steps() as u64 * 2 * (1 + 4 + 4 * heads);
    // The graph of known nodes, which the unpruned model is asked about.
    let known = if rule.nodes_are == NodesAre::New { dataset_bytes(dataset) + 16 * m } else { 0 };
    let fits = 4 * n * 10 * widest + squares + per_entry * m + known;
    if rule.train_epochs == 0 && rule.distill_epochs == 0 {
        return fits;
    }
    // All nodes at once, however the model was trained before.
    let alone = Recipe { model: shape.clone(), training: None, ..recipe.clone() };
    fits + training_bytes(dataset, &alone)
}

/// Bytes that a graph takes once it is there: structure, weights, features, labels, splits and ids.
pub fn dataset_bytes(dataset: &Dataset) -> u64 {
    let topology = dataset.topology();
    let weights = dataset.edge_weights().map_or(0, |w| 4 * w.len());
    let features = match dataset.features() {
        Features::Dense(x) => 4 * x.len(),
        Features::Sparse(x) => 8 * x.nnz() + 8 * x.rows(),
    };
    let labels = dataset.labels().map_or(0, |l| 4 * l.classes().len() + l.tags().map_or(0, ndarray::ArrayBase::len));
    let splits: usize = dataset.splits().iter().map(|s| 4 * (s.train.len() + s.val.len() + s.test.len())).sum();
    let ids: usize = dataset.node_ids().map_or(0, |ids| ids.iter().map(|id| size_of::<String>() + id.len()).sum());
    (topology.size_bytes() + weights + features + labels + splits + ids) as u64
}

/// Bytes that training a model of `recipe.model` takes at its most demanding moment beside the graph, at most.
///
/// Counted are the parameters with gradients, moments and snapshots; of every layer what its backward pass needs; the lists
/// that both passes propagate over; the features transposed; and the evaluation after every epoch.
pub fn training_bytes(dataset: &Dataset, recipe: &Recipe) -> u64 {
    // Values, gradient, two moments of Adam; the model of this epoch, the best one, and the one that is evaluated.
    const PER_PARAMETER: u64 = 4 * 8;
    // Diffusion matrix, active lists, those before them, transposed ones with the numbers of their entries, masks.
    const PER_ENTRY: u64 = 4 + 2 * 12 + 12 + 12 + 4;
    // Coefficients of attention before and after the softmax, and what comes back for both.
    const PER_HEAD_AND_ENTRY: u64 = 6 * 4;
    let shape = &recipe.model;
    let (n, m) = (dataset.n_nodes() as u64, dataset.topology().n_entries() as u64);
    let (d_in, n_classes) = (dataset.features().width(), dataset.n_classes());
    let parameters = PER_PARAMETER.saturating_mul(Model::n_values(shape, d_in, n_classes));
    let batch = recipe.training.as_ref().map_or(0, |training| training.batch_size) as u64;
    let in_batches = shape.architecture.is_trained_in_batches();
    let rows = if in_batches && batch > 0 { batch.min(n) } else { n };
    let layers: Vec<(usize, usize)> = (0..shape.layers).map(|l| shape.layer_widths(l, d_in, n_classes)).collect();
    let widest = layers.iter().map(|(from, to)| from.max(to)).max().copied().unwrap_or(d_in) as u64;
    let kept: u64 = layers.iter().map(|(from, to)| 2 * *from as u64 + 8 * *to as u64).sum();
    let heads = if shape.has("attention") { (shape.heads.max(shape.out_heads) * shape.layers) as u64 } else { 0 };
    let lists = if in_batches { 0 } else { (PER_ENTRY + PER_HEAD_AND_ENTRY * heads) * m + 16 * n };
    let transposed = match dataset.features() {
        _ if in_batches => 4 * rows * d_in as u64,
        Features::Dense(x) => 4 * x.len() as u64,
        Features::Sparse(x) => 8 * x.nnz() as u64 + 8 * d_in as u64,
    };
    // The embedding and, while it is made, two more with the lists of two hops.
    let propagated = if shape.is_decoupled() { 3 * 4 * n * d_in as u64 + 29 * m } else { 0 };
    let evaluated = 4 * n * (3 * widest + 2 * n_classes as u64);
    // The graph without its test nodes, and the whole one to score them in.
    let is_inductive = recipe.training.as_ref().is_some_and(|training| training.inductive);
    let apart = if is_inductive { dataset_bytes(dataset) + lists + transposed + propagated } else { 0 };
    [4 * rows * kept, lists, transposed, propagated, evaluated, apart].into_iter().fold(parameters, u64::saturating_add)
}

/// Bytes of the outputs of all steps of the unpruned model, which pruned ones are compared with; `None` where they are too many to keep.
pub(super) fn reference_bytes(dataset: &Dataset, model: &Model) -> Option<u64> {
    const MAX_BYTES: u64 = 2 << 30;
    let shape = &model.architecture;
    let hops = shape.hops * dataset.features().width();
    let layers = (0..shape.layers).map(|l| shape.layer_widths(l, model.d_in(), model.n_classes()).1);
    let bytes = size_of::<f32>() as u64 * dataset.n_nodes() as u64 * (hops + layers.sum::<usize>()) as u64;
    (bytes <= MAX_BYTES).then_some(bytes)
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
        // What two layers of 64 and 8 columns gave, to compare with; and a request for all nodes: two matrices of the wider layer, features, lists
        // of two steps twice.
        let requests = 100 * 4 * (2 * 64 + 4) + 4 * 100 * 64 + 2 * (8 + 8) * 500 * 2;
        assert_eq!(bytes_with(100, 400, 64, RunOptions::FULL) - base, 4 * 100 * (64 + 8) + requests);
        assert_eq!(
            bytes_with(100, 400, 64, RunOptions { requests: &[], ..RunOptions::FULL }) - base,
            4 * 100 * (64 + 8)
        );
    }

    #[test]
    fn embeddings_of_half_as_many_bits_have_room_of_their_own() {
        let ctl = Control::new(1).expect("a worker");
        let shape = PowerLaw { n_nodes: 100, n_entries: 400, n_features: 20, ..PowerLaw::default() };
        let dataset = power_law_communities(&shape, &ctl).expect("a graph");
        let bytes = |family, embeddings, options| {
            let mut recipe = Recipe { model: Architecture::new(family), ..Recipe::default() };
            recipe.propagation.embeddings = embeddings;
            let model = Model::init(&recipe.model, 20, 8, 1);
            run_bytes(&dataset, &model, &recipe, options)
        };
        let more = |family, options| bytes(family, Precision::Bf16, options) - bytes(family, Precision::F32, options);
        // Lists of every step, and logits of 8 classes.
        let m = dataset.topology().n_entries() as u64;
        let beside = |family| Architecture::new(family).n_graph_steps() as u64 * (8 * m + 12 * 100) + 4 * 100 * 8;
        // Two embeddings of 20 columns, filled up to 32, in two bytes each.
        assert_eq!(more(Family::Sgc, RunOptions::FULL), 2 * 2 * 32 * 100 + beside(Family::Sgc));
        // What the widest layer propagates.
        let hidden = Architecture::new(Family::Gcn).hidden as u64;
        assert_eq!(more(Family::Gcn, RunOptions::FULL), 2 * 100 * hidden + beside(Family::Gcn));
        assert_eq!([Family::Sgc, Family::Gcn].map(|family| more(family, RunOptions::PREVIEW)), [0, 0]);
    }
}
