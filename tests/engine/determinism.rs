//! One thread or many: the same bits.

use std::sync::Arc;

use unifews::engine::experiment::{RunOptions, masked_forward, propagated, run};
use unifews::engine::graph::{
    Dataset, DatasetParts, Direction, Features, PowerLaw, SelfLoops, Split, Topology, power_law_communities,
};
use unifews::engine::model::{Architecture, Family, HopWeights, Model};
use unifews::engine::sparsify::{
    Compat, EdgeMode, HopOrder, Identity, Recipe, Schedule, Training, WeightMode, propagate,
};
use unifews::engine::train::train;

use crate::shared::control;

fn graph() -> Arc<Dataset> {
    let shape = PowerLaw { n_nodes: 700, n_entries: 6_000, n_features: 33, n_classes: 5, seed: 1 };
    power_law_communities(&shape, &control(1)).expect("possible").shared()
}

fn recipes() -> Vec<Recipe> {
    let mut all = Vec::new();
    for family in Family::ALL {
        for identity in [Identity::SelfLoop, Identity::Residual, Identity::ResidualLoop] {
            for (mode, delta) in
                [(EdgeMode::Absolute, 0.4), (EdgeMode::Relative, 0.6), (EdgeMode::Target, 0.3), (EdgeMode::Mass, 1e-3)]
            {
                let mut recipe =
                    Recipe { model: Architecture { hidden: 24, ..Architecture::new(family) }, ..Recipe::default() };
                recipe.model.hops = recipe.model.hops.min(4);
                if mode == EdgeMode::Mass && !recipe.model.is_decoupled()
                    || identity != Identity::SelfLoop && recipe.model.has("attention")
                {
                    continue;
                }
                recipe.edges.mode = mode;
                recipe.edges.delta = vec![delta];
                recipe.edges.identity = identity;
                recipe.weights.mode = WeightMode::Relative;
                recipe.weights.delta = vec![0.7];
                all.push(Recipe { compat: Compat::OFFICIAL, ..recipe.clone() });
                all.push(recipe);
            }
        }
    }
    all
}

#[test]
fn pruning_gives_the_same_bits_on_1_2_and_4_threads_and_replays_them() {
    let graph = graph();
    for recipe in recipes() {
        let model = Arc::new(Model::init(&recipe.model, 33, 5, 3));
        let runs = [1, 2, 4]
            .map(|n| run(&graph, &model, &recipe, RunOptions::PREVIEW, None, &control(n)).expect("runs").pruned);
        let first = &runs[0];
        for other in &runs[1..] {
            assert_eq!(first.masks, other.masks, "{recipe:?}");
            assert!(first.logits.iter().zip(&other.logits).all(|(a, b)| a.to_bits() == b.to_bits()), "{recipe:?}");
        }
        let embedding = first.embedding.as_deref();
        let again =
            masked_forward(&graph, &first.model, &recipe, Some(&first.masks), embedding, &control(2)).expect("runs");
        assert!(first.logits.iter().zip(&again).all(|(a, b)| a.to_bits() == b.to_bits()), "replay of {recipe:?}");
    }
}

/// The same nodes with few features, heard in one direction only, some of them by nobody.
pub(crate) fn directed(graph: &Dataset) -> Arc<Dataset> {
    let pairs: Vec<_> =
        graph.topology().entries().filter(|(u, v)| (2 * u + v) % 5 < 3 && u % 7 != 0 && v % 7 != 0).collect();
    let n = graph.n_nodes();
    let (topology, _) =
        Topology::from_edges(n, &pairs, Direction::AsStored, SelfLoops::AsStored).expect("pairs of its own");
    assert!(!topology.is_symmetric() && (0..n).any(|u| topology.degree(u) == 0));
    let features = Features::from_dense(graph.features().to_dense().mapv(|x| if x > 1.0 { x } else { 0.0 }));
    assert!(matches!(features, Features::Sparse(_)));
    Dataset::try_new(DatasetParts { topology, features, ..graph.to_parts() }).expect("parts that fit").shared()
}

#[test]
fn the_order_of_nodes_in_memory_changes_no_bit() {
    let graphs = [graph(), directed(&graph())];
    let options = RunOptions { official_lock: true, compare_steps: true, ..RunOptions::PREVIEW };
    for (family, identity) in [
        (Family::Sgc, Identity::SelfLoop),
        (Family::Sgc, Identity::Residual),
        (Family::Appnp, Identity::SelfLoop),
        (Family::Appnp, Identity::ResidualLoop),
    ] {
        let mut recipe =
            Recipe { model: Architecture { hidden: 24, hops: 4, ..Architecture::new(family) }, ..Recipe::default() };
        recipe.edges.mode = EdgeMode::Target;
        recipe.edges.delta = vec![0.1, 0.3, 0.3, 0.6];
        recipe.edges.identity = identity;
        recipe.weights.delta = vec![0.7];
        for graph in &graphs {
            let model = Arc::new(Model::init(&recipe.model, 33, 5, 3));
            let stored = run(graph, &model, &recipe, options, None, &control(2)).expect("runs");
            let masks = &stored.pruned.masks;
            assert!(masks.edges.n_kept(3) < masks.edges.n_kept(0));
            let embedding = propagated(graph, &recipe, masks, &control(2)).expect("propagates");
            for (order, n_threads) in HopOrder::ALL.into_iter().flat_map(|order| [(order, 1), (order, 3)]) {
                let mut recipe = recipe.clone();
                recipe.propagation.order = order;
                let ctl = control(n_threads);
                let case = format!("{family:?}, {identity:?}, {order:?}, {n_threads} threads");
                let same = |a: &ndarray::Array2<f32>, b: &ndarray::Array2<f32>| {
                    assert!(a.dim() == b.dim() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits()), "{case}");
                };
                let pruned = &stored.pruned;
                same(
                    &masked_forward(graph, &pruned.model, &recipe, Some(masks), None, &ctl).expect("runs"),
                    &pruned.logits,
                );
                same(&masked_forward(graph, &model, &recipe, None, None, &ctl).expect("runs"), &stored.baseline_logits);
                same(&propagated(graph, &recipe, masks, &ctl).expect("propagates"), &embedding);
                // Decided in the stored order, compared with the unpruned hops in the other one.
                let found = run(graph, &model, &recipe, options, None, &ctl).expect("runs");
                assert_eq!(found.pruned.masks, *masks, "{case}");
                same(&found.baseline_logits, &stored.baseline_logits);
                assert_eq!(found.evaluation, stored.evaluation, "{case}");
                for (a, b) in found.pruned.steps.iter().zip(&stored.pruned.steps) {
                    assert_eq!((a.relative_error, a.output_norm), (b.relative_error, b.output_norm), "{case}");
                }
            }
        }
    }
}

#[test]
fn training_gives_the_same_bits_on_1_and_3_threads() {
    let graph = graph();
    for family in Family::ALL {
        let mut recipe =
            Recipe { model: Architecture { hidden: 16, ..Architecture::new(family) }, ..Recipe::default() };
        recipe.model.hops = recipe.model.hops.min(3);
        recipe.edges.delta = vec![0.5];
        recipe.weights.delta = vec![0.5];
        recipe.training =
            Some(Training { epochs: 4, schedule: Schedule::During, batch_size: 100, ..Training::default() });
        let [a, b] = [1, 3].map(|n| train(&graph, &recipe, &control(n), |_| {}).expect("trains").model);
        assert_eq!(a, b);
    }
}

#[test]
fn thresholds_of_zero_remove_nothing_and_change_nothing() {
    let graph = graph();
    for family in Family::ALL {
        let recipe = Recipe { model: Architecture::new(family), ..Recipe::default() };
        let model = Arc::new(Model::init(&Architecture { hidden: 24, ..recipe.model.clone() }, 33, 5, 9));
        let found = run(&graph, &model, &recipe, RunOptions::PREVIEW, None, &control(2)).expect("runs");
        assert!(found.pruned.edge_sparsity().abs() < 1e-12 && found.pruned.weight_sparsity().abs() < 1e-12);
        assert!(found.pruned.logits.iter().zip(&*found.baseline_logits).all(|(a, b)| a.to_bits() == b.to_bits()));
        assert!((found.evaluation.agreement - 1.0).abs() < 1e-12);
    }
}

/// A push that passes every message is the propagation, whatever the weights of the hops.
#[test]
fn mass_mode_at_a_threshold_of_zero_propagates() {
    let graph = graph();
    let given = HopWeights::Given(vec![0.1, -0.4, 0.3, 0.2]);
    for (family, hop_weights) in [
        (Family::Sgc, HopWeights::Ppr),
        (Family::Appnp, HopWeights::Ppr),
        (Family::Gbp, HopWeights::Heat),
        (Family::Gbp, HopWeights::Mean),
        (Family::Gbp, given),
    ] {
        let model = Architecture { hops: 3, hop_weights, ..Architecture::new(family) };
        let plain = Recipe { model, ..Recipe::default() };
        let mut mass = plain.clone();
        mass.edges.mode = EdgeMode::Mass;
        let [expected, found] = [&plain, &mass]
            .map(|r| propagate(&graph, r, &Split::default(), None, &control(2)).expect("propagates").embedding);
        let largest = expected.iter().fold(0.0f32, |most, v| most.max(v.abs()));
        let off = expected.iter().zip(&found).fold(0.0f32, |most, (a, b)| most.max((a - b).abs()));
        assert!(off < 1e-5 * largest, "{family:?}: off by {off:e} of {largest:e}");
    }
}

#[test]
fn targets_are_met_and_removal_is_progressive() {
    let graph = graph();
    let model = Arc::new(Model::init(&Architecture { layers: 3, hidden: 24, ..Architecture::default() }, 33, 5, 9));
    for share in [0.1, 0.5, 0.8] {
        let mut recipe = Recipe::default();
        recipe.edges.mode = EdgeMode::Target;
        recipe.edges.delta = vec![share / 2.0, share, share];
        recipe.weights.mode = WeightMode::Target;
        recipe.weights.delta = vec![share];
        let found = run(&graph, &model, &recipe, RunOptions::PREVIEW, None, &control(2)).expect("runs").pruned;
        let m = graph.topology().n_entries();
        for (l, step) in found.steps.iter().enumerate() {
            let edges = step.edges.as_ref().expect("edges");
            // Of what can be removed: self-loops cannot.
            let wanted = (recipe.edges.delta[l] * (m - edges.n_self_loops) as f64).ceil() as usize;
            let gone = m - edges.n_after;
            assert!(gone >= wanted && gone <= wanted + 8, "{gone} gone, {wanted} wanted");
            let weights = step.weights.first().expect("weights");
            let off = weights.sparsity() - share;
            assert!((-1e-9..0.02).contains(&off), "weights: {} for {share}", weights.sparsity());
        }
    }
}
