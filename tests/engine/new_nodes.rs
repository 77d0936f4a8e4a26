//! Recovery for nodes that arrive later: against the slow way, and that nothing of theirs decides but their features and entries.

use std::collections::BTreeSet;
use std::sync::Arc;

use ndarray::{Array1, Array2, Axis};
use unifews::engine::experiment::{
    Budget, ControlKind, Goal, Run, RunOptions, controls, find_budget, masked_forward, run,
};
use unifews::engine::graph::{
    Dataset, DatasetParts, Direction, Features, Labels, PowerLaw, SelfLoops, Split, Topology, power_law_communities,
};
use unifews::engine::model::{Architecture, Family, Model, Norm};
use unifews::engine::sparsify::{
    Allocation, EdgeMode, EntryChoice, NodesAre, Recipe, RecoveryRule, ValueRule, WeightMode, WeightRecovery,
};

use crate::shared::{control, distance, with_features};

/// Entries and weights removed by share, for nodes that arrive later.
fn recipe(shape: &Architecture, entries: f64, weights: f64, rule: RecoveryRule) -> Recipe {
    let rule = RecoveryRule { nodes_are: NodesAre::New, ..rule };
    let mut recipe = Recipe { model: shape.clone(), recovery: Some(rule), ..Recipe::default() };
    (recipe.edges.mode, recipe.edges.delta) = (EdgeMode::Target, vec![entries]);
    (recipe.weights.mode, recipe.weights.delta) = (WeightMode::Target, vec![weights]);
    recipe
}

fn graph() -> Arc<Dataset> {
    let shape = PowerLaw { n_nodes: 300, n_entries: 2_400, n_features: 40, n_classes: 4, seed: 1 };
    power_law_communities(&shape, &control(1)).expect("possible").shared()
}

/// The same nodes with entries into test nodes from all others, and none from test nodes to others.
fn one_way(graph: &Dataset, is_test: &[bool]) -> Arc<Dataset> {
    let pairs = graph.topology().entries().filter(|(u, v)| is_test[*u as usize] || !is_test[*v as usize]);
    let pairs: Vec<(u32, u32)> = pairs.map(|(u, v)| (v, u)).collect();
    let (topology, _) =
        Topology::from_edges(graph.n_nodes(), &pairs, Direction::AsStored, SelfLoops::AsStored).expect("valid");
    Arc::new(Dataset::try_new(DatasetParts { topology, ..graph.to_parts() }).expect("valid"))
}

fn shape_of(family: Family) -> Architecture {
    let mut shape = Architecture { hidden: 24, ..Architecture::new(family) };
    shape.hops = shape.hops.min(3);
    shape
}

fn pruned(graph: &Arc<Dataset>, model: &Arc<Model>, recipe: &Recipe, n_threads: usize) -> Run {
    run(graph, model, recipe, RunOptions::PREVIEW, None, &control(n_threads)).expect("runs")
}

fn is_test(run: &Run) -> Vec<bool> {
    let mut flags = vec![false; run.dataset.n_nodes()];
    run.split.test.iter().for_each(|u| flags[*u as usize] = true);
    flags
}

/// The same graph with other features of the test nodes.
fn with_other_test_features(graph: &Arc<Dataset>, is_test: &[bool]) -> Arc<Dataset> {
    let mut features = graph.features().to_dense();
    for (u, mut row) in features.axis_iter_mut(Axis(0)).enumerate().filter(|(u, _)| is_test[*u]) {
        let shift = (u as f32 * 0.37).sin();
        row.mapv_inplace(|v| 2.0 * shift - 1.5 * v);
    }
    with_features(graph, Features::from_dense(features))
}

#[test]
fn a_gcn_keeps_what_the_slow_way_keeps() {
    let graph = graph();
    let topology = graph.topology();
    let shape = Architecture { norm: Norm::None, ..shape_of(Family::Gcn) };
    let model = Arc::new(Model::init(&shape, 40, 4, 3));
    let run = pruned(&graph, &model, &recipe(&shape, 0.6, 0.0, RecoveryRule::default()), 2);
    let is_test = is_test(&run);
    // The network by hand: two products and a rectifier, over any list of entries with values.
    let parameter = |name: &str| {
        let found = model.parameters.iter().find(|p| p.name == name).expect("there");
        found.values.mapv(f64::from)
    };
    let x = graph.features().to_dense().mapv(f64::from);
    let logits = |entries: &[(usize, usize, f64)]| {
        let propagated = |h: &Array2<f64>| {
            let mut out = Array2::<f64>::zeros(h.dim());
            for (u, v, t) in entries {
                let message = &h.row(*v) * *t;
                out.row_mut(*u).scaled_add(1.0, &message);
            }
            out
        };
        let first = propagated(&x.dot(&parameter("convs.0.lin.weight"))) + parameter("convs.0.bias").row(0);
        propagated(&first.mapv(|v| v.max(0.0)).dot(&parameter("convs.1.lin.weight"))) + parameter("convs.1.bias").row(0)
    };
    let values = |keep: &dyn Fn(usize) -> bool| -> Vec<(usize, usize, f64)> {
        let pairs = || topology.entries().map(|(u, v)| (u as usize, v as usize)).filter(|(u, v)| keep(*u) && keep(*v));
        let mut degree = vec![0.0f64; 300];
        pairs().for_each(|(u, _)| degree[u] += 1.0);
        pairs().map(|(u, v)| (u, v, (degree[u] * degree[v]).powf(-0.5))).collect()
    };
    let everything = values(&|_| true);
    assert!(distance(&logits(&everything).mapv(|v| v as f32), &run.baseline_logits) < 1e-4, "the network by hand");
    let mut sums = vec![0.0; 300];
    for (u, _, t) in &everything {
        sums[*u] += t;
    }
    let alone = logits(&(0..300).map(|u| (u, u, sums[u])).collect::<Vec<_>>());
    let among = logits(&values(&|u| !is_test[u]));
    let entropy = |logits: &Array2<f64>, u: usize| {
        let total: f64 = logits.row(u).iter().map(|v| v.exp()).sum();
        logits.row(u).iter().map(|v| v.exp() / total).map(|p| -p * p.ln()).sum::<f64>()
    };
    let worth = |u: usize, v: usize| {
        let source = if is_test[v] { entropy(&alone, v) } else { entropy(&among, v) };
        entropy(&alone, u) * (1.0 - source / 4f64.ln())
    };
    let mut expected = BTreeSet::new();
    for group in [false, true] {
        let mut scored: Vec<(f64, usize)> = Vec::new();
        for u in (0..300).filter(|u| is_test[*u] == group) {
            let others = topology.row_range(u).map(|k| (k, topology.indices()[k] as usize)).filter(|(_, v)| *v != u);
            let mut row: Vec<(f64, usize)> = others.map(|(k, v)| (worth(u, v), k)).collect();
            row.sort_by(|a, b| b.0.total_cmp(&a.0));
            scored.extend(row.iter().enumerate().map(|(rank, (worth, k))| (worth * (-(rank as f64)).exp2(), *k)));
        }
        let n_keep = scored.len() - (0.6 * scored.len() as f64).ceil() as usize;
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        expected.extend(scored[..n_keep].iter().map(|(_, k)| *k));
    }
    let mask = &run.pruned.masks.edges;
    let is_own = |k: &usize| topology.entries().nth(*k).is_some_and(|(u, v)| u == v);
    for l in 0..2 {
        let found: BTreeSet<usize> = (0..topology.n_entries()).filter(|k| mask.is_kept(*k, l) && !is_own(k)).collect();
        assert!(found.symmetric_difference(&expected).count() <= 2, "layer {l}: but for near ties");
        // Every row has its sum.
        let of_kept = mask.values_of(l).expect("values").column(0).to_owned();
        let mut after = vec![0.0f64; 300];
        let kept = (0..topology.n_entries()).filter(|k| mask.is_kept(*k, l));
        for (k, value) in kept.zip(of_kept) {
            let (u, _) = topology.entries().nth(k).expect("an entry");
            after[u as usize] += f64::from(value);
        }
        assert!(sums.iter().zip(&after).all(|(a, b)| (a - b).abs() < 1e-5), "layer {l}");
    }
}

#[test]
fn every_family_loses_the_same_share_of_both_kinds_of_rows_and_has_the_same_bits_on_any_threads() {
    let graph = graph();
    let topology = graph.topology();
    for family in Family::ALL.into_iter().filter(|family| *family != Family::Mlp) {
        let model = Arc::new(Model::init(&shape_of(family), 40, 4, 3));
        let with = recipe(&model.architecture, 0.7, 0.6, RecoveryRule::default());
        let [one, three] = [1, 3].map(|n| pruned(&graph, &model, &with, n));
        assert_eq!(one.pruned.masks, three.pruned.masks, "{family:?}");
        assert_eq!(one.pruned.steps, three.pruned.steps, "{family:?}");
        let is_same =
            |logits: &Array2<f32>| logits.iter().zip(&one.pruned.logits).all(|(a, b)| a.to_bits() == b.to_bits());
        assert!(is_same(&three.pruned.logits), "{family:?}");
        let masks = Some(&one.pruned.masks);
        let replayed = masked_forward(&graph, &one.pruned.model, &one.recipe, masks, None, &control(2)).expect("runs");
        assert!(is_same(&replayed), "{family:?}");
        let arrivals = one.pruned.arrivals.expect("counted");
        let is_test = is_test(&one);
        let n_test = is_test.iter().filter(|is_test| **is_test).count();
        assert_eq!((arrivals.known.n_nodes, arrivals.unseen.n_nodes), (300 - n_test, n_test), "{family:?}");
        let mask = &one.pruned.masks.edges;
        for (rows, group) in [(arrivals.known, false), (arrivals.unseen, true)] {
            assert!((rows.sparsity() - 0.7).abs() < 0.01, "{family:?}: {rows:?}");
            let others =
                || topology.entries().enumerate().filter(|(_, (u, v))| u != v && is_test[*u as usize] == group);
            let n_removed: usize =
                (0..mask.n_steps()).map(|l| others().filter(|(k, _)| !mask.is_kept(*k, l)).count()).sum();
            assert_eq!(
                (rows.n_removable, rows.n_removed),
                (mask.n_steps() * others().count(), n_removed),
                "{family:?}"
            );
        }
        assert_eq!(arrivals.known.n_removed + arrivals.unseen.n_removed, {
            let steps = one.pruned.steps.iter().filter_map(|step| step.edges.as_ref());
            steps.map(unifews::engine::sparsify::EdgeTrace::n_removed).sum::<usize>()
        });
        let (kept, all) =
            one.pruned.masks.weights.iter().flatten().fold((0, 0), |(k, n), w| (k + usize::from(*w), n + 1));
        assert!((kept as f64 / f64::from(all) - 0.4).abs() < 0.02, "{family:?}: {kept} of {all} weights");
        for (weight, mask) in one.pruned.model.weights().zip(&one.pruned.masks.weights) {
            assert!(weight.values.iter().zip(mask).all(|(w, kept)| (*w != 0.0) == *kept), "{family:?}");
        }
        // Attention computes its coefficients over what is kept; all others have values.
        assert_eq!(mask.values().is_none(), family == Family::Gat, "{family:?}");
        let off = |run: &Run| distance(&run.pruned.logits, &run.baseline_logits);
        let random = recipe(
            &model.architecture,
            0.7,
            0.6,
            RecoveryRule { entries: EntryChoice::Random, ..RecoveryRule::default() },
        );
        let random = pruned(&graph, &model, &random, 2);
        assert_ne!(random.pruned.masks.edges, one.pruned.masks.edges, "{family:?}");
        assert!(off(&one).is_finite() && off(&random).is_finite());
    }
}

/// The same graph with other classes of the test nodes.
fn with_other_test_labels(graph: &Dataset, is_test: &[bool]) -> Arc<Dataset> {
    let labels = graph.labels().expect("drawn");
    let other = |(u, class): (usize, &u32)| if is_test[u] { (class + 1) % 4 } else { *class };
    let labels = Some(Labels::new(labels.classes().iter().enumerate().map(other).collect()));
    Arc::new(Dataset::try_new(DatasetParts { labels, ..graph.to_parts() }).expect("valid"))
}

#[test]
fn weights_do_not_hear_of_test_nodes_nor_where_they_are_trained() {
    let graph = graph();
    for family in Family::ALL.into_iter().filter(|family| *family != Family::Mlp) {
        let model = Arc::new(Model::init(&shape_of(family), 40, 4, 3));
        let with = recipe(&model.architecture, 0.0, 0.6, RecoveryRule::default());
        let ours = pruned(&graph, &model, &with, 2);
        let is_test = is_test(&ours);
        let others = with_other_test_features(&with_other_test_labels(&graph, &is_test), &is_test);
        let trained =
            recipe(&model.architecture, 0.0, 0.6, RecoveryRule { train_epochs: 4, ..RecoveryRule::default() });
        let [here, there] = [&graph, &others].map(|graph| pruned(graph, &model, &trained, 2));
        assert_eq!(here.pruned.model.parameters, there.pruned.model.parameters, "{family:?}");
        assert_ne!(here.pruned.model.parameters, ours.pruned.model.parameters, "{family:?}: it is trained");
        let other = pruned(&others, &model, &with, 2);
        assert!(
            distance(&ours.baseline_logits, &other.baseline_logits) > 0.01,
            "{family:?}: known nodes have such neighbours"
        );
        assert_eq!(ours.pruned.masks.weights, other.pruned.masks.weights, "{family:?}");
        assert_eq!(ours.pruned.model.parameters, other.pruned.model.parameters, "{family:?}");
        // Nobody moves biases or moments.
        for (a, b) in model.parameters.iter().zip(&ours.pruned.model.parameters).filter(|(p, _)| !p.is_matrix()) {
            assert_eq!(a, b, "{family:?}");
        }
    }
}

#[test]
fn training_keeps_the_masks_and_their_values_and_has_the_same_bits_on_any_threads() {
    let graph = graph();
    for family in Family::ALL.into_iter().filter(|family| *family != Family::Mlp) {
        let model = Arc::new(Model::init(&shape_of(family), 40, 4, 3));
        let as_given = RecoveryRule { allocation: Allocation::AsGiven, ..RecoveryRule::default() };
        let plain = pruned(&graph, &model, &recipe(&model.architecture, 0.7, 0.6, as_given.clone()), 2);
        let with = recipe(&model.architecture, 0.7, 0.6, RecoveryRule { train_epochs: 6, ..as_given });
        let [one, three] = [1, 3].map(|n| pruned(&graph, &model, &with, n));
        assert_eq!(one.pruned.masks, plain.pruned.masks, "{family:?}");
        assert_eq!(one.pruned.arrivals, plain.pruned.arrivals, "{family:?}");
        assert_eq!((&one.pruned.masks, &one.pruned.model), (&three.pruned.masks, &three.pruned.model), "{family:?}");
        let training = one.pruned.training.expect("trained");
        assert_eq!(training.n_epochs, 6, "{family:?}");
        assert!(training.best_epoch <= 6 && training.divergence.is_finite(), "{family:?}");
        let masks = Some(&one.pruned.masks);
        let replayed = masked_forward(&graph, &one.pruned.model, &one.recipe, masks, None, &control(2)).expect("runs");
        for logits in [&replayed, &three.pruned.logits] {
            assert!(logits.iter().zip(&one.pruned.logits).all(|(a, b)| a.to_bits() == b.to_bits()), "{family:?}");
        }
        for (weight, mask) in one.pruned.model.weights().zip(&one.pruned.masks.weights) {
            assert!(weight.values.iter().zip(mask).all(|(w, kept)| (*w != 0.0) == *kept), "{family:?}");
        }
    }
    // Without labels, what the unpruned model says of known nodes is learnt alone.
    let model = Arc::new(Model::init(&shape_of(Family::Gcn), 40, 4, 3));
    let rule = RecoveryRule { train_epochs: 6, ..RecoveryRule::default() };
    let unlabelled = DatasetParts { labels: None, ..graph.to_parts() };
    let unlabelled = Arc::new(Dataset::try_new(unlabelled).expect("valid"));
    let run = pruned(&unlabelled, &model, &recipe(&model.architecture, 0.7, 0.6, rule), 2);
    assert_eq!(run.pruned.training.map(|training| training.n_epochs), Some(6));
}

#[test]
fn entries_between_known_nodes_do_not_hear_of_test_nodes_but_as_sources() {
    let graph = graph();
    for family in [Family::Gcn, Family::Sage, Family::Gat, Family::Sgc] {
        let model = Arc::new(Model::init(&shape_of(family), 40, 4, 3));
        let with = recipe(&model.architecture, 0.6, 0.5, RecoveryRule::default());
        let ours = pruned(&graph, &model, &with, 2);
        let is_test = is_test(&ours);
        // Test nodes that hear others and are not heard: rows of known nodes, their values and all weights stay as they are.
        let directed = one_way(&graph, &is_test);
        let before = pruned(&directed, &model, &with, 2);
        let after = pruned(&with_other_test_features(&directed, &is_test), &model, &with, 2);
        assert_eq!(before.pruned.masks.weights, after.pruned.masks.weights, "{family:?}");
        assert_eq!(before.pruned.model.parameters, after.pruned.model.parameters, "{family:?}");
        let (mut n_moved, mut places) = (0, [0usize; 2]);
        for (k, (u, _)) in directed.topology().entries().enumerate() {
            for l in 0..before.pruned.masks.edges.n_steps() {
                let kept = [&before, &after].map(|run| run.pruned.masks.edges.is_kept(k, l));
                if is_test[u as usize] {
                    n_moved += usize::from(kept[0] != kept[1]);
                } else {
                    assert_eq!(kept[0], kept[1], "{family:?}: entry {k} of node {u}");
                }
                if l == 0 {
                    let values = [&before, &after].map(|run| run.pruned.masks.edges.values_of(0));
                    let value = |at: usize| values[at].filter(|_| kept[at]).map(|v| v[[places[at], 0]].to_bits());
                    assert!(is_test[u as usize] || value(0) == value(1), "{family:?}: value of entry {k}");
                    places.iter_mut().zip(kept).for_each(|(place, kept)| *place += usize::from(kept));
                }
            }
        }
        assert!(n_moved > 0, "{family:?}: rows of test nodes do hear of it");
        // Where they are heard they compete as sources; the order among known sources stays, so of two rows one holds the other.
        let other = pruned(&with_other_test_features(&graph, &is_test), &model, &with, 2);
        let topology = graph.topology();
        for u in (0..300).filter(|u| !is_test[*u]) {
            let kept = |run: &Run| -> BTreeSet<usize> {
                let known = topology.row_range(u).filter(|k| !is_test[topology.indices()[*k] as usize]);
                known.filter(|k| run.pruned.masks.edges.is_kept(*k, 0)).collect()
            };
            let (a, b) = (kept(&ours), kept(&other));
            assert!(a.is_subset(&b) || b.is_subset(&a), "{family:?}: row {u}: {a:?} {b:?}");
        }
    }
}

#[test]
fn from_four_fifths_on_what_is_kept_goes_to_the_first_steps() {
    let graph = graph();
    let n_removable = graph.topology().n_entries() - graph.topology().n_self_loops();
    for (family, share, allocation, train_epochs, expected) in [
        (Family::Gcn, 0.8, Allocation::Agreement, 0, vec![0.4, 0.0]),
        (Family::Gcn, 0.8, Allocation::AsGiven, 0, vec![0.2, 0.2]),
        (Family::Gcn, 0.5, Allocation::Agreement, 0, vec![0.5, 0.5]),
        (Family::Sgc, 0.8, Allocation::Agreement, 0, vec![0.6, 0.0, 0.0]),
        // Where weights are trained afterwards, from a half on, and no step keeps more than four fifths.
        (Family::Gcn, 0.5, Allocation::Agreement, 1, vec![0.8, 0.2]),
        (Family::Gcn, 0.4, Allocation::Agreement, 1, vec![0.6, 0.6]),
        (Family::Gcn, 0.5, Allocation::AsGiven, 1, vec![0.5, 0.5]),
        (Family::Gcn, 0.9, Allocation::Agreement, 1, vec![0.2, 0.0]),
    ] {
        let model = Arc::new(Model::init(&shape_of(family), 40, 4, 3));
        let rule = RecoveryRule { allocation, train_epochs, ..RecoveryRule::default() };
        let run = pruned(&graph, &model, &recipe(&model.architecture, share, 0.0, rule), 2);
        for (l, expected) in expected.into_iter().enumerate() {
            let kept = (run.pruned.masks.edges.n_kept(l) - graph.topology().n_self_loops()) as f64 / n_removable as f64;
            assert!((kept - expected).abs() < 0.005, "{family:?} {share} {allocation:?} step {l}: {kept}");
        }
        assert!((run.pruned.edge_sparsity() - share).abs() < 0.005);
    }
}

#[test]
fn thresholds_count_on_known_nodes_and_the_recipes_own_weights_are_theirs() {
    let graph = graph();
    let model = Arc::new(Model::init(&shape_of(Family::Gcn), 40, 4, 3));
    let rule = RecoveryRule { weights: WeightRecovery::AsIs, values: ValueRule::AsIs, ..RecoveryRule::default() };
    let mut with = recipe(&model.architecture, 0.0, 0.0, rule);
    (with.edges.mode, with.edges.delta) = (EdgeMode::Relative, vec![0.9]);
    (with.weights.mode, with.weights.delta) = (WeightMode::Relative, vec![0.8]);
    let ours = pruned(&graph, &model, &with, 2);
    let other = pruned(&with_other_test_features(&graph, &is_test(&ours)), &model, &with, 2);
    assert_eq!(ours.pruned.masks.weights, other.pruned.masks.weights);
    for l in 0..2 {
        assert_eq!(ours.pruned.masks.edges.n_kept(l), other.pruned.masks.edges.n_kept(l), "layer {l}");
    }
    assert!(ours.pruned.edge_sparsity() > 0.1 && ours.pruned.weight_sparsity() > 0.1);
    let kept: Array1<f32> = ours.pruned.masks.edges.values_of(0).expect("values").column(0).to_owned();
    let topology = graph.topology();
    let degree = |u: u32| topology.degree(u as usize) as f64;
    let entries = topology.entries().enumerate().filter(|(k, _)| ours.pruned.masks.edges.is_kept(*k, 0));
    for ((_, (u, v)), value) in entries.zip(kept) {
        assert!((f64::from(value) - (degree(u) * degree(v)).powf(-0.5)).abs() < 1e-6, "as they are");
    }
}

#[test]
fn without_test_nodes_every_node_is_known_and_controls_are_the_two_that_say_something() {
    let graph = graph();
    let model = Arc::new(Model::init(&shape_of(Family::Gcn), 40, 4, 3));
    let with = recipe(&model.architecture, 0.6, 0.5, RecoveryRule::default());
    let run = pruned(&graph, &model, &with, 2);
    let found = controls(&run, &control(2)).expect("computed");
    assert_eq!(found.iter().map(|c| c.kind).collect::<Vec<_>>(), [ControlKind::NoEntries, ControlKind::RandomEntries]);
    assert!((found[0].edge_sparsity - 1.0).abs() < 1e-12);
    assert!((found[1].edge_sparsity - run.pruned.edge_sparsity()).abs() < 1e-12);
    let all = Split { name: "all".into(), train: (0..200).collect(), val: (200..300).collect(), test: Vec::new() };
    let parts = DatasetParts { splits: vec![all], ..graph.to_parts() };
    let without = Arc::new(Dataset::try_new(parts).expect("valid"));
    let arrivals = pruned(&without, &model, &with, 2).pruned.arrivals.expect("counted");
    assert_eq!((arrivals.known.n_nodes, arrivals.unseen.n_nodes, arrivals.unseen.n_removable), (300, 0, 0));
    let labels = None::<Labels>;
    let parts = DatasetParts { labels, splits: Vec::new(), ..graph.to_parts() };
    let unlabelled = Arc::new(Dataset::try_new(parts).expect("valid"));
    assert_eq!(pruned(&unlabelled, &model, &with, 2).pruned.arrivals.expect("counted").unseen.n_nodes, 0);
}

#[test]
fn a_budget_for_new_nodes_says_that_its_certificate_does_not_cover_them() {
    let graph = graph();
    let model = Arc::new(Model::init(&shape_of(Family::Gcn), 40, 4, 3));
    let base = recipe(&model.architecture, 0.0, 0.0, RecoveryRule::default());
    let budget = Budget { lose_at_most: 0.9, goal: Goal::Entries };
    let found = find_budget(&graph, &model, &base, budget, None, &control(2), |_| {}).expect("found");
    let (_, chosen) = found.chosen.as_ref().expect("within");
    assert_eq!(chosen.recovery.as_ref().map(|rule| rule.nodes_are), Some(NodesAre::New));
    let certificate = found.certificate.expect("enough nodes");
    assert!(certificate.does_not_cover.iter().any(|not| not.contains("so the two are not exchangeable")));
    assert!(certificate.covers.iter().any(|covered| covered.starts_with("nodes that were known")));
    assert!(!certificate.covers.iter().any(|covered| covered.contains("without treating the two differently")));
    let base = Recipe { recovery: Some(RecoveryRule::default()), ..base };
    let found = find_budget(&graph, &model, &base, budget, None, &control(2), |_| {}).expect("found");
    let certificate = found.certificate.expect("enough nodes");
    assert!(!certificate.does_not_cover.iter().any(|not| not.contains("not exchangeable")));
}

#[test]
fn what_new_nodes_cannot_go_with_is_refused_in_words() {
    let graph = graph();
    let model = Arc::new(Model::init(&shape_of(Family::Gcn), 40, 4, 3));
    let check = |rule: RecoveryRule, expected: &str| {
        let with = recipe(&model.architecture, 0.6, 0.5, rule);
        let error = run(&graph, &model, &with, RunOptions::PREVIEW, None, &control(1)).expect_err("refused");
        assert_eq!(error.to_string(), expected);
    };
    check(
        RecoveryRule { distill_epochs: 5, ..RecoveryRule::default() },
        "recipe, recovery: expected distill_epochs 0 with nodes_are new, where train_epochs train on the known nodes, found more",
    );
    check(
        RecoveryRule { entries: EntryChoice::PerNode, ..RecoveryRule::default() },
        "recipe, recovery: expected entries omp (then by uncertainty), random or none with nodes_are new, found a choice by the norm of \
         messages",
    );
    let everything = Split { name: "all".into(), test: (0..300).collect(), ..Split::default() };
    let parts = DatasetParts { splits: vec![everything], ..graph.to_parts() };
    let tested = Arc::new(Dataset::try_new(parts).expect("valid"));
    let with = recipe(&model.architecture, 0.6, 0.5, RecoveryRule::default());
    let error = run(&tested, &model, &with, RunOptions::PREVIEW, None, &control(1)).expect_err("refused");
    assert!(
        error.to_string().starts_with("nodes that arrive later: expected a split with nodes beside its test nodes")
    );
}
