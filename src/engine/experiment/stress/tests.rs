//! Every disturbance against its definition, and what stress makes of it.

use std::collections::BTreeSet;

use super::*;
use crate::engine::graph::{Direction, Features, PowerLaw, SelfLoops, Topology, power_law_communities};
use crate::engine::model::{Architecture, Family};
use crate::engine::sparsify::RecoveryRule;

const SEEDS: [u64; 2] = [1, 2];

fn ctl(n_threads: usize) -> Control {
    Control::new(n_threads).expect("workers")
}

fn graph() -> Arc<Dataset> {
    let shape = PowerLaw { n_nodes: 300, n_entries: 1_800, n_features: 12, n_classes: 4, seed: 3 };
    power_law_communities(&shape, &ctl(2)).expect("a graph").shared()
}

fn split(dataset: &Dataset) -> Split {
    resolve_split(dataset, "stratified", 5).expect("a split")
}

fn at(dataset: &Arc<Dataset>, kind: StressKind, level: f64, seed: u64) -> Disturbed {
    disturbed(dataset, &split(dataset), kind, level, seed, &ctl(2)).expect("a disturbed graph")
}

/// Undirected edges without self-loops.
fn edges(dataset: &Dataset) -> BTreeSet<(u32, u32)> {
    dataset.topology().entries().filter(|(u, v)| u < v).collect()
}

fn class(dataset: &Dataset, u: u32) -> usize {
    dataset.labels().and_then(|labels| labels.of(u as usize)).expect("a class")
}

fn is_between(dataset: &Dataset, (u, v): (u32, u32)) -> bool {
    class(dataset, u) != class(dataset, v)
}

#[test]
fn level_0_is_the_same_graph_and_the_same_seed_gives_the_same_bits_on_any_number_of_threads() {
    let (dataset, split) = (graph(), split(&graph()));
    for kind in StressKind::ALL {
        let same = at(&dataset, kind, 0.0, 1);
        assert!(Arc::ptr_eq(&same.dataset, &dataset) && same.nodes == split.test, "{kind:?}");
        let [one, four] = [1, 4].map(|n| disturbed(&dataset, &split, kind, 0.5, 7, &ctl(n)).expect("disturbed"));
        assert_eq!(one.dataset.content_hash(), four.dataset.content_hash(), "{kind:?}");
        assert_eq!(one.nodes, four.nodes, "{kind:?}");
        let other = at(&dataset, kind, 0.5, 8);
        let is_pairwise_alike = one.dataset.content_hash() == other.dataset.content_hash() && one.nodes == other.nodes;
        assert!(!is_pairwise_alike, "{kind:?}: another seed disturbs otherwise");
        let is_changed = one.dataset.content_hash() != dataset.content_hash();
        assert_eq!(is_changed, !kind.is_of_scoring(), "{kind:?}");
        assert!(disturbed(&dataset, &split, kind, -0.1, 7, &ctl(1)).is_err(), "{kind:?}");
        assert!(disturbed(&dataset, &split, kind, f64::NAN, 7, &ctl(1)).is_err(), "{kind:?}");
    }
}

#[test]
fn false_edges_are_as_many_as_asked_new_both_ways_and_between_classes_where_they_should_be() {
    let dataset = graph();
    let before = edges(&dataset);
    for kind in [StressKind::AddedEdges, StressKind::AddedBetweenClasses] {
        let mut lower = BTreeSet::new();
        for level in [0.1, 0.5] {
            let changed = at(&dataset, kind, level, 1).dataset;
            assert!(changed.topology().is_symmetric());
            assert_eq!(changed.topology().n_self_loops(), dataset.topology().n_self_loops());
            let after = edges(&changed);
            assert!(after.is_superset(&before), "{kind:?}");
            let added: BTreeSet<(u32, u32)> = after.difference(&before).copied().collect();
            assert_eq!(added.len(), (level * before.len() as f64).round() as usize, "{kind:?} {level}");
            assert!(added.is_superset(&lower), "a higher level has all that a lower one has");
            if kind == StressKind::AddedBetweenClasses {
                assert!(added.iter().all(|edge| is_between(&dataset, *edge)));
            } else {
                assert!(added.iter().any(|edge| !is_between(&dataset, *edge)));
            }
            lower = added;
        }
    }
}

#[test]
fn missing_edges_are_as_many_as_asked_and_of_the_kind_that_is_asked() {
    let dataset = graph();
    let before = edges(&dataset);
    let n_between = before.iter().filter(|edge| is_between(&dataset, **edge)).count();
    for (kind, of) in [(StressKind::DroppedEdges, before.len()), (StressKind::DroppedBetweenClasses, n_between)] {
        let mut lower = BTreeSet::new();
        for level in [0.2, 1.0] {
            let changed = at(&dataset, kind, level, 2).dataset;
            assert!(changed.topology().is_symmetric());
            assert_eq!(changed.topology().n_self_loops(), dataset.topology().n_self_loops());
            let dropped: BTreeSet<(u32, u32)> = before.difference(&edges(&changed)).copied().collect();
            assert_eq!(dropped.len(), (level * of as f64).round() as usize, "{kind:?} {level}");
            assert!(dropped.is_superset(&lower));
            assert!(kind == StressKind::DroppedEdges || dropped.iter().all(|edge| is_between(&dataset, *edge)));
            lower = dropped;
        }
    }
}

#[test]
fn weights_stay_with_their_edges_and_false_edges_have_one_of_theirs() {
    // A directed graph whose weights name their entries.
    let pairs: Vec<(u32, u32)> = (0..40u32).flat_map(|u| [(u, (u + 1) % 40), (u, (u + 7) % 40)]).collect();
    let (topology, _) = Topology::from_edges(40, &pairs, Direction::AsStored, SelfLoops::Added).expect("ids");
    let weight = |u: u32, v: u32| (41 * u + v) as f32;
    let mut parts = graph().to_parts();
    parts.edge_weights = Some(topology.entries().map(|(u, v)| weight(u, v)).collect());
    parts.features = Features::Dense(ndarray::Array2::ones((40, 1)));
    parts.labels = Some(Labels::new((0..40).map(|u| u % 2).collect()));
    (parts.topology, parts.splits, parts.node_ids) = (topology, Vec::new(), None);
    let dataset = Dataset::try_new(parts).expect("parts that fit").shared();
    let own: BTreeSet<u32> = dataset.edge_weights().expect("weights").iter().map(|w| w.to_bits()).collect();
    let n_edges = dataset.topology().n_entries() - 40;
    for (kind, n) in [(StressKind::AddedEdges, n_edges + n_edges / 2), (StressKind::DroppedEdges, n_edges / 2)] {
        let changed = at(&dataset, kind, 0.5, 1).dataset;
        let topology = changed.topology();
        assert_eq!(topology.n_entries() - topology.n_self_loops(), n, "{kind:?}");
        for ((u, v), found) in topology.entries().zip(changed.edge_weights().expect("weights")) {
            if dataset.topology().find(u as usize, v as usize).is_some() {
                assert_eq!(found.to_bits(), weight(u, v).to_bits(), "{u} {v}");
            } else {
                assert!(own.contains(&found.to_bits()), "{u} {v}: {found}");
            }
        }
    }
}

#[test]
fn noise_is_as_large_as_asked_and_grows_with_the_level_in_every_value_alike() {
    let dataset = graph();
    let x = dataset.features().to_dense();
    let noise = |level: f64| at(&dataset, StressKind::FeatureNoise, level, 1).dataset.features().to_dense() - &x;
    let (half, whole) = (noise(0.5), noise(1.0));
    for (column, values) in x.columns().into_iter().enumerate() {
        let deviation = f64::from(values.std(0.0));
        let found = f64::from(whole.column(column).std(0.0));
        assert!((found / deviation - 1.0).abs() < 0.2, "column {column}: {found} of {deviation}");
        assert!(f64::from(whole.column(column).mean().expect("rows")).abs() < 0.25 * deviation);
    }
    assert!(half.iter().zip(&whole).all(|(a, b)| (2.0 * a - b).abs() < 1e-4));
}

#[test]
fn missing_features_are_as_many_as_asked_stored_either_way() {
    let dataset = graph();
    let dense = dataset.features().to_dense();
    // Most values 0, so that they are stored sparsely.
    let thin = dense.mapv(|v| if v > 1.2 { v } else { 0.0 });
    let mut parts = dataset.to_parts();
    parts.features = Features::from_dense(thin.clone());
    assert!(matches!(parts.features, Features::Sparse(_)));
    let sparse = Dataset::try_new(parts).expect("parts that fit").shared();
    for (dataset, x) in [(dataset, dense), (sparse, thin)] {
        let n = x.iter().filter(|v| **v != 0.0).count();
        let features = at(&dataset, StressKind::MissingFeatures, 0.3, 1).dataset.features().clone();
        assert_eq!(matches!(features, Features::Sparse(_)), matches!(dataset.features(), Features::Sparse(_)));
        let after = features.to_dense();
        let gone = x.iter().zip(&after).filter(|(a, b)| **a != 0.0 && **b == 0.0).count();
        assert_eq!(gone, (0.3 * n as f64).round() as usize);
        assert!(x.iter().zip(&after).all(|(a, b)| *b == 0.0 || a.to_bits() == b.to_bits()));
    }
}

#[test]
fn wrong_labels_are_of_training_alone_and_pairwise_ones_are_the_next_class() {
    let (dataset, split) = (graph(), split(&graph()));
    let n = split.train.len() + split.val.len();
    for kind in [StressKind::UniformLabels, StressKind::PairwiseLabels] {
        let changed = at(&dataset, kind, 0.4, 1).dataset;
        let wrong: Vec<u32> = (0..300).filter(|u| class(&dataset, *u) != class(&changed, *u)).collect();
        assert_eq!(wrong.len(), (0.4 * n as f64).round() as usize, "{kind:?}");
        assert!(wrong.iter().all(|u| split.train.contains(u) || split.val.contains(u)));
        assert_eq!(changed.n_classes(), 4);
        let steps: BTreeSet<usize> =
            wrong.iter().map(|u| (class(&changed, *u) + 4 - class(&dataset, *u)) % 4).collect();
        let expected = if kind == StressKind::PairwiseLabels { BTreeSet::from([1]) } else { BTreeSet::from([1, 2, 3]) };
        assert_eq!(steps, expected, "{kind:?}");
    }
}

#[test]
fn scored_nodes_are_as_rare_as_asked_in_the_last_group_and_whole_in_the_first() {
    let (dataset, split) = (graph(), split(&graph()));
    let n_of = |nodes: &[u32], c: usize| nodes.iter().filter(|u| class(&dataset, **u) == c).count();
    let few = at(&dataset, StressKind::ClassImbalance, 0.9, 1).nodes;
    let mut shares: Vec<f64> = (0..4).map(|c| n_of(&few, c) as f64 / n_of(&split.test, c) as f64).collect();
    shares.sort_by(f64::total_cmp);
    let expected = [0.1, 0.1f64.powf(2.0 / 3.0), 0.1f64.cbrt(), 1.0];
    assert!(shares.iter().zip(expected).all(|(a, b)| (a - b).abs() < 0.06), "{shares:?}");
    let mean_degree = |nodes: &[u32]| {
        nodes.iter().map(|u| dataset.topology().degree(*u as usize)).sum::<usize>() as f64 / nodes.len() as f64
    };
    let low = at(&dataset, StressKind::DegreeBias, 0.9, 1).nodes;
    assert!(mean_degree(&low) < 0.8 * mean_degree(&split.test));
    assert!(low.iter().all(|u| split.test.contains(u)) && low.is_sorted());
}

fn points(plan: &StressPlan, recipe: &Recipe, n_threads: usize) -> Vec<StressPoint> {
    let model = Arc::new(Model::init(&recipe.model, 12, 4, 5));
    let mut points = Vec::new();
    stress(&graph(), &model, recipe, plan, &ctl(n_threads), |point| points.push(point)).expect("stress");
    points
}

fn recipe(recovery: bool) -> Recipe {
    let shape = Architecture { hidden: 8, ..Architecture::new(Family::Gcn) };
    let mut recipe = Recipe { model: shape, ..Recipe::default() };
    (recipe.edges.mode, recipe.edges.delta) = (EdgeMode::Target, vec![0.6]);
    (recipe.weights.mode, recipe.weights.delta) = (WeightMode::Target, vec![0.5]);
    recipe.recovery = recovery.then(RecoveryRule::default);
    recipe
}

#[test]
fn a_recipe_that_removes_nothing_falls_as_its_baseline_does() {
    let kinds = vec![StressKind::AddedEdges, StressKind::DegreeBias];
    let plan = StressPlan { kinds, levels: Some(vec![0.5, 0.2]), seeds: SEEDS.to_vec(), masks: StressMasks::Decided };
    let mut whole = recipe(false);
    (whole.edges.delta, whole.weights.delta) = (vec![0.0], vec![0.0]);
    let points = points(&plan, &whole, 2);
    assert_eq!(points.len(), plan.n_graphs());
    for point in &points {
        assert_eq!(point.baseline.to_bits(), point.pruned.to_bits(), "{point:?}");
        assert!(point.extra.loss.abs() < 1e-15);
        assert!(point.extra.standard_error > 0.0, "few nodes prove nothing");
    }
    let summary = summarise_stress(&points);
    let found = alike(&summary, StressKind::AddedEdges, StressWay::AsGiven).expect("it was tried");
    assert_eq!((found.up_to.map(|s| s.level), found.departs), (Some(0.5), None));
    assert!(alike(&summary, StressKind::AddedEdges, StressWay::WithoutRecovery).is_none());
}

#[test]
fn without_recovery_the_same_shares_go_and_threads_change_no_bit() {
    let kinds = vec![StressKind::DroppedEdges, StressKind::ClassImbalance];
    let plan = StressPlan { kinds, levels: Some(vec![0.5]), seeds: SEEDS.to_vec(), masks: StressMasks::Decided };
    let found = points(&plan, &recipe(true), 1);
    assert_eq!(found, points(&plan, &recipe(true), 4));
    assert_eq!(found.len(), 2 * plan.n_graphs());
    for pair in found.chunks(2) {
        assert_eq!([pair[0].way, pair[1].way], [StressWay::AsGiven, StressWay::WithoutRecovery]);
        assert_eq!(pair[0].baseline.to_bits(), pair[1].baseline.to_bits());
        assert!((pair[0].edge_sparsity - pair[1].edge_sparsity).abs() < 0.01, "{pair:?}");
        assert!((pair[0].weight_sparsity - pair[1].weight_sparsity).abs() < 0.02, "{pair:?}");
    }
}

#[test]
fn groups_divide_the_scored_nodes_and_the_extra_loss_is_the_difference_of_two_losses() {
    let plan = StressPlan {
        kinds: vec![StressKind::FeatureNoise],
        levels: Some(vec![2.0]),
        seeds: SEEDS.to_vec(),
        masks: StressMasks::Decided,
    };
    let points = points(&plan, &recipe(false), 2);
    for point in &points {
        for by in [StressGroupBy::Class, StressGroupBy::Degree] {
            let own = || point.groups.iter().filter(|group| group.by == by);
            assert_eq!(own().map(|group| group.loss.n_nodes).sum::<usize>(), point.loss.n_nodes);
            let right: f64 = own().map(|group| group.pruned * group.loss.n_nodes as f64).sum();
            assert!((right / point.loss.n_nodes as f64 - point.pruned).abs() < 1e-12);
        }
        assert!((point.loss.loss - (point.baseline - point.pruned)).abs() < 1e-12);
        assert!((point.extra.loss - (point.loss.loss - points[0].loss.loss)).abs() < 1e-12);
    }
    assert!(points[0].extra.loss.abs() < 1e-15);
}

#[test]
fn kinds_that_say_nothing_are_left_out_with_the_reason() {
    let (dataset, mut plan) = (graph(), StressPlan::default());
    let left = plan.leave_out(&dataset, &recipe(true), &ctl(1)).expect("no stop");
    let kinds: Vec<StressKind> = left.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [StressKind::UniformLabels, StressKind::PairwiseLabels]);
    assert!(left[0].1.contains("trains nothing on labels"), "{left:?}");
    assert_eq!(plan.kinds.len(), 8);
    let mut plan = StressPlan { kinds: vec![StressKind::PairwiseLabels], ..StressPlan::default() };
    let trains = Recipe { training: Some(Training::official(Family::Gcn)), ..recipe(false) };
    assert!(plan.leave_out(&dataset, &trains, &ctl(1)).expect("no stop").is_empty());
    // A complete graph has no room for another edge.
    let pairs: Vec<(u32, u32)> = (0..12u32).flat_map(|u| (0..u).map(move |v| (u, v))).collect();
    let mut parts = dataset.to_parts();
    (parts.topology, _) = Topology::from_edges(12, &pairs, Direction::Symmetrised, SelfLoops::Added).expect("ids");
    parts.features = Features::Dense(ndarray::Array2::ones((12, 1)));
    parts.labels = Some(Labels::new((0..12).map(|u| u % 2).collect()));
    (parts.edge_weights, parts.splits, parts.node_ids) = (None, Vec::new(), None);
    let complete = Dataset::try_new(parts).expect("parts that fit");
    let mut plan = StressPlan { kinds: vec![StressKind::AddedEdges], ..StressPlan::default() };
    let left = plan.leave_out(&complete, &recipe(false), &ctl(1)).expect("no stop");
    assert!(left[0].1.contains("too few pairs"), "{left:?}");
}

#[test]
fn wrong_labels_change_a_model_that_is_trained_on_them_and_training_without_them_is_the_reference() {
    let plan = StressPlan {
        kinds: vec![StressKind::UniformLabels],
        levels: Some(vec![1.0]),
        seeds: vec![1],
        ..StressPlan::default()
    };
    let training = Training { epochs: 80, learning_rate: 0.02, ..Training::default() };
    let found = points(&plan, &Recipe { training: Some(training), ..recipe(false) }, 2);
    let [before, after] = &found[..] else { panic!("{} points", found.len()) };
    assert!(before.baseline > 0.5, "trained on right labels: {}", before.baseline);
    assert!(after.baseline < before.baseline - 0.2, "trained on wrong ones: {}", after.baseline);
}

#[test]
fn a_stop_is_answered_and_levels_out_of_range_are_refused() {
    let model = Arc::new(Model::init(&recipe(false).model, 12, 4, 5));
    let (levels, kinds) = (Some(vec![1.5]), vec![StressKind::DroppedEdges]);
    let plan = StressPlan { levels, kinds, seeds: vec![1], ..StressPlan::default() };
    let error = stress(&graph(), &model, &recipe(false), &plan, &ctl(1), |_| {}).unwrap_err();
    assert_eq!(error.to_string(), "levels of stress: expected 0 to 1 for dropped-edges, found 1.5");
    let stopped = ctl(1);
    stopped.canceller().cancel();
    let plan = StressPlan::default();
    let error = stress(&graph(), &model, &recipe(false), &plan, &stopped, |_| {}).unwrap_err();
    assert_eq!(error, EngineError::Cancelled);
}

#[test]
fn masks_that_are_carried_over_keep_what_was_decided_and_all_that_is_new() {
    let (dataset, recipe) = (graph(), recipe(true));
    let model = Arc::new(Model::init(&recipe.model, 12, 4, 5));
    let found = run(&dataset, &model, &recipe, RunOptions::PREVIEW, None, &ctl(2)).expect("a run");
    let undisturbed = [Outcome::of(StressWay::AsGiven, &found)];
    let snapshot = Snapshot::of(&dataset, &ctl(1)).expect("no stop");
    let on =
        |graph: &Dataset| masks::carried((&undisturbed, &snapshot), graph, &model, &ctl(2)).expect("carried").remove(0);
    let same = on(&dataset);
    let bits = |of: &ndarray::Array2<f32>| of.iter().map(|v| v.to_bits()).collect::<Vec<u32>>();
    assert_eq!(bits(&same.pair.pruned), bits(&found.pruned.logits), "nothing changed: the bits of the run");
    assert_eq!(bits(&same.pair.baseline), bits(&found.baseline_logits));
    assert!((same.edge_sparsity - found.pruned.edge_sparsity()).abs() < 1e-12);
    // False edges are kept, so a smaller share of all is removed; a run would remove the same share again.
    let grown = on(&at(&dataset, StressKind::AddedEdges, 0.5, 1).dataset);
    assert!((grown.edge_sparsity - same.edge_sparsity / 1.5).abs() < 0.01, "{}", grown.edge_sparsity);
    let plan = StressPlan {
        kinds: vec![StressKind::AddedEdges, StressKind::FeatureNoise],
        levels: Some(vec![0.5]),
        seeds: SEEDS.to_vec(),
        masks: StressMasks::Carried,
    };
    let carried = points(&plan, &recipe, 1);
    assert_eq!(carried, points(&plan, &recipe, 3));
    let decided = points(&StressPlan { masks: StressMasks::Decided, ..plan.clone() }, &recipe, 2);
    assert_eq!(carried.len(), decided.len());
    for (carried, decided) in carried.iter().zip(&decided) {
        assert_eq!(carried.baseline.to_bits(), decided.baseline.to_bits(), "the baseline has no masks");
        let are_alike = (carried.edge_sparsity - decided.edge_sparsity).abs() < 0.01;
        assert_eq!(are_alike, carried.level < 0.1 || carried.kind == StressKind::FeatureNoise, "{carried:?}");
    }
    let mass = Recipe { recovery: None, ..recipe };
    let mut mass = Recipe { model: Architecture { hidden: 8, ..Architecture::new(Family::Sgc) }, ..mass };
    mass.edges.mode = EdgeMode::Mass;
    assert_eq!(StressMasks::suited_to(&mass), StressMasks::Decided);
    let model = Arc::new(Model::init(&mass.model, 12, 4, 5));
    let error = stress(&dataset, &model, &mass, &plan, &ctl(1), |_| {}).unwrap_err();
    assert!(error.to_string().contains("belongs to its graph"), "{error}");
}
