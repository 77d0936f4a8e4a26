//! Recovery of accuracy: against the probe that the method was found with, against the published rule where every part is switched off,
//! and against itself.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use ndarray::{Array1, Array2, ArrayD, Axis};
use unifews::engine::experiment::{Run, RunOptions, masked_forward, run};
use unifews::engine::graph::{Dataset, DatasetParts, Features, Labels, PowerLaw, Topology, power_law_communities};
use unifews::engine::model::{Architecture, Family, Model, Norm};
use unifews::engine::sparsify::{
    Allocation, EdgeMode, EntryChoice, FitNodes, Identity, Recipe, RecoveryRule, ValueRule, WeightMode, WeightRecovery,
};

use crate::shared::{Golden, control, distance};

/// Entries and weights removed by share, with recovery.
fn recipe(shape: Architecture, entries: f64, weights: f64, rule: RecoveryRule) -> Recipe {
    let mut recipe = Recipe { model: shape, recovery: Some(rule), ..Recipe::default() };
    (recipe.edges.mode, recipe.edges.delta) = (EdgeMode::Target, vec![entries]);
    (recipe.weights.mode, recipe.weights.delta) = (WeightMode::Target, vec![weights]);
    recipe
}

fn graph() -> Arc<Dataset> {
    let shape = PowerLaw { n_nodes: 300, n_entries: 2_400, n_features: 40, n_classes: 4, seed: 1 };
    power_law_communities(&shape, &control(1)).expect("possible").shared()
}

fn shape_of(family: Family) -> Architecture {
    let mut shape = Architecture { hidden: 24, ..Architecture::new(family) };
    shape.hops = shape.hops.min(3);
    shape
}

fn pruned(graph: &Arc<Dataset>, model: &Arc<Model>, recipe: &Recipe, n_threads: usize) -> Run {
    run(graph, model, recipe, RunOptions::PREVIEW, None, &control(n_threads)).expect("runs")
}

/// `recovery.npz`: see the README beside it.
fn golden() -> Golden {
    Golden::open(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden/recovery.npz"))
}

#[test]
fn a_gcn_is_recovered_as_the_probe_recovers_it() {
    let mut golden = golden();
    let indptr = golden.vector::<i64>("indptr").iter().map(|v| usize::try_from(*v).expect("positive")).collect();
    let indices = golden.vector::<i64>("indices").iter().map(|v| u32::try_from(*v).expect("positive")).collect();
    let labels = golden.vector::<i64>("labels").iter().map(|v| u32::try_from(*v).expect("positive")).collect();
    let dataset = Dataset::try_new(DatasetParts {
        name: "probe".into(),
        source: "recovery.npz".into(),
        topology: Topology::try_new(indptr, indices).expect("valid"),
        features: Features::from_dense(golden.matrix::<f32>("features")),
        labels: Some(Labels::new(labels)),
        splits: Vec::new(),
        node_ids: None,
        edge_weights: None,
    });
    let dataset = dataset.expect("valid").shared();
    let mut tensors = BTreeMap::<String, ArrayD<f32>>::new();
    for l in 0..2 {
        let weight: Array2<f32> = golden.matrix(&format!("W{l}"));
        tensors.insert(format!("convs.{l}.lin.weight"), weight.t().to_owned().into_dyn());
        tensors.insert(format!("convs.{l}.bias"), golden.vector::<f32>(&format!("b{l}")).into_dyn());
    }
    for (ours, theirs) in
        [("weight", "gamma"), ("bias", "beta"), ("running_mean", "running_mean"), ("running_var", "running_var")]
    {
        tensors.insert(format!("norms.0.{ours}"), golden.vector::<f32>(theirs).into_dyn());
    }
    let (model, unused) = Model::from_state_dict(&Architecture::new(Family::Gcn), tensors).expect("a GCN");
    assert!(unused.is_empty(), "{unused:?}");
    let model = Arc::new(model);
    for (name, entries, progressive) in [
        ("omp", EntryChoice::Omp, false),
        ("omp_progressive", EntryChoice::Omp, true),
        ("per_node", EntryChoice::PerNode, false),
    ] {
        let rule = RecoveryRule { entries, progressive, allocation: Allocation::AsGiven, ..RecoveryRule::default() };
        let run = pruned(&dataset, &model, &recipe(model.architecture.clone(), 0.7, 0.8, rule), 2);
        assert!(distance(&run.baseline_logits, &golden.matrix::<f32>("logits_raw")) < 1e-5);
        let mask = &run.pruned.masks.edges;
        for l in 0..2 {
            let kept: Array1<bool> = golden.vector(&format!("{name}_keep{l}"));
            let found: Vec<bool> = (0..mask.n_entries()).map(|k| mask.is_kept(k, l)).collect();
            let n_other = kept.iter().zip(&found).filter(|(a, b)| a != b).count();
            assert_eq!(n_other, 0, "{name}: entries of layer {l} that one of both keeps");
            let values: Array1<f32> = golden.vector(&format!("{name}_value{l}"));
            let ours = mask.values_of(l).expect("fitted").column(0).to_owned();
            let theirs = kept.iter().zip(&values).filter(|(kept, _)| **kept).map(|(_, value)| *value);
            let largest = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(largest < 2e-3, "{name}: values of layer {l} differ by {largest}");
            let weight: Array2<f32> = golden.matrix(&format!("{name}_W{l}"));
            let ours = &run.pruned.model.weight(l).expect("a matrix").values;
            let n_other = ours.iter().zip(&weight).filter(|(a, b)| (**a == 0.0) != (**b == 0.0)).count();
            assert_eq!(n_other, 0, "{name}: weights of layer {l} that one of both keeps");
            assert!(distance(ours, &weight) < 5e-3, "{name}: weights of layer {l}: {}", distance(ours, &weight));
        }
        let logits: Array2<f32> = golden.matrix(&format!("{name}_logits"));
        assert!(distance(&run.pruned.logits, &logits) < 5e-3, "{name}: {}", distance(&run.pruned.logits, &logits));
    }
}

#[test]
fn with_every_part_switched_off_it_is_unifews_as_published() {
    let graph = graph();
    let off = RecoveryRule {
        entries: EntryChoice::MessageNorm,
        progressive: true,
        values: ValueRule::AsIs,
        weights: WeightRecovery::AsIs,
        last_matrix_whole: false,
        moments: false,
        allocation: Allocation::AsGiven,
        ..RecoveryRule::default()
    };
    for family in [Family::Gcn, Family::Sgc, Family::Appnp] {
        let shape = Architecture { norm: Norm::None, ..shape_of(family) };
        let model = Arc::new(Model::init(&shape, 40, 4, 3));
        let with = recipe(shape, 0.6, 0.5, off.clone());
        let without = Recipe { recovery: None, ..with.clone() };
        let (ours, published) = (pruned(&graph, &model, &with, 2), pruned(&graph, &model, &without, 2));
        assert_eq!(ours.pruned.masks.weights, published.pruned.masks.weights, "{family:?}");
        // Equal scores go together as published, and as many as asked here; decoupled hops are compared behind the first matrix.
        if family == Family::Gcn {
            let (a, b) = (&ours.pruned.masks.edges, &published.pruned.masks.edges);
            let n_other = (0..a.n_entries()).filter(|k| (0..2).any(|l| a.is_kept(*k, l) != b.is_kept(*k, l))).count();
            assert!(n_other <= 2, "{n_other} entries");
        }
        for (a, b) in ours.pruned.steps.iter().zip(&published.pruned.steps) {
            let n_after = |step: &unifews::engine::sparsify::StepTrace| step.edges.as_ref().map(|e| e.n_after);
            assert!(n_after(a).unwrap_or(0).abs_diff(n_after(b).unwrap_or(0)) <= 2, "{family:?}");
        }
    }
}

#[test]
fn every_family_comes_closer_than_the_published_rule_at_the_same_counts_and_replays_its_bits_on_any_threads() {
    let graph = graph();
    let topology = graph.topology();
    let n_removable = topology.n_entries() - topology.n_self_loops();
    for family in Family::ALL.into_iter().filter(|family| *family != Family::Mlp) {
        let model = Arc::new(Model::init(&shape_of(family), 40, 4, 3));
        let with = recipe(model.architecture.clone(), 0.7, 0.6, RecoveryRule::default());
        let without = Recipe { recovery: None, ..with.clone() };
        let [one, two] = [1, 2].map(|n| pruned(&graph, &model, &with, n));
        assert_eq!(one.pruned.masks, two.pruned.masks, "{family:?}");
        assert!(
            one.pruned.logits.iter().zip(&two.pruned.logits).all(|(a, b)| a.to_bits() == b.to_bits()),
            "{family:?}"
        );
        let replayed =
            masked_forward(&graph, &one.pruned.model, &one.recipe, Some(&one.pruned.masks), None, &control(2));
        let replayed = replayed.expect("runs");
        assert!(replayed.iter().zip(&one.pruned.logits).all(|(a, b)| a.to_bits() == b.to_bits()), "{family:?}");
        let mask = &one.pruned.masks.edges;
        let n_steps = mask.n_steps();
        let kept: usize = (0..n_steps).map(|l| mask.n_kept(l) - topology.n_self_loops()).sum();
        let asked = n_steps * (n_removable - (0.7 * n_removable as f64).ceil() as usize);
        assert!(kept.abs_diff(asked) <= n_steps, "{family:?}: {kept} of {asked} entries");
        // Of the weights that are computed: attention's scores are not, once its coefficients are values of the entries.
        let weights = one.pruned.weight_sparsity();
        assert!((weights - 0.6).abs() < 0.01, "{family:?}: {weights} of the weights");
        let plain = pruned(&graph, &model, &without, 2);
        let off = |run: &Run| distance(&run.pruned.logits, &run.baseline_logits);
        assert!(off(&one) < 0.7 * off(&plain), "{family:?}: {} against {}", off(&one), off(&plain));
    }
}

#[test]
fn thresholds_say_how_much_goes_and_recovery_says_which() {
    let graph = graph();
    let model = Arc::new(Model::init(&shape_of(Family::Gcn), 40, 4, 3));
    let mut without = Recipe { model: model.architecture.clone(), ..Recipe::default() };
    (without.edges.mode, without.edges.delta) = (EdgeMode::Relative, vec![0.9]);
    (without.weights.mode, without.weights.delta) = (WeightMode::Relative, vec![1.2]);
    let rule = RecoveryRule { allocation: Allocation::AsGiven, ..RecoveryRule::default() };
    let with = Recipe { recovery: Some(rule), ..without.clone() };
    let (ours, plain) = (pruned(&graph, &model, &with, 2), pruned(&graph, &model, &without, 2));
    for l in 0..2 {
        assert_eq!(ours.pruned.masks.edges.n_kept(l), plain.pruned.masks.edges.n_kept(l), "layer {l}");
    }
    let n_weights = |run: &Run| run.pruned.masks.weights.iter().flatten().filter(|kept| !**kept).count();
    assert!(n_weights(&ours).abs_diff(n_weights(&plain)) <= 1);
    assert!(ours.pruned.masks.weights[1].iter().all(|kept| *kept), "the last matrix stays whole");
}

#[test]
fn controls_differ_and_a_fit_on_some_nodes_looks_at_no_other() {
    let graph = graph();
    let model = Arc::new(Model::init(&shape_of(Family::Gcn), 40, 4, 3));
    let with = |rule: RecoveryRule| pruned(&graph, &model, &recipe(model.architecture.clone(), 0.7, 0.6, rule), 2);
    let off = |run: &Run| distance(&run.pruned.logits, &run.baseline_logits);
    let ours = with(RecoveryRule::default());
    let none = with(RecoveryRule { entries: EntryChoice::None, ..RecoveryRule::default() });
    let random = with(RecoveryRule { entries: EntryChoice::Random, ..RecoveryRule::default() });
    assert_eq!(none.pruned.masks.edges.n_kept(0), graph.topology().n_self_loops());
    assert!(off(&ours) < off(&random) && off(&ours) < off(&none), "{} {} {}", off(&ours), off(&random), off(&none));
    let fit_on = FitNodes::TrainVal;
    let some = with(RecoveryRule { fit_on, allocation: Allocation::AsGiven, ..RecoveryRule::default() });
    // Other features on a node outside of the fit that nobody hears of: the weights stay.
    let split = &some.split;
    let lonely = split.test.iter().copied().find(|u| {
        let heard = |(target, source): (u32, u32)| source == *u && target != *u;
        !graph.topology().entries().any(heard)
    });
    if let Some(u) = lonely {
        let mut features = graph.features().to_dense();
        features.index_axis_mut(Axis(0), u as usize).mapv_inplace(|v| 3.0 - v);
        let other = crate::shared::with_features(&graph, Features::from_dense(features));
        let rule = RecoveryRule { fit_on, allocation: Allocation::AsGiven, ..RecoveryRule::default() };
        let again = pruned(&other, &model, &recipe(model.architecture.clone(), 0.7, 0.6, rule), 2);
        let first = |run: &Run| run.pruned.model.weight(0).map(|w| w.values.clone());
        assert!(distance(&first(&some).expect("one"), &first(&again).expect("one")) < 0.2);
    }
}

#[test]
fn distillation_comes_closer_or_leaves_the_fits_as_they_are() {
    let graph = graph();
    for family in [Family::Gcn, Family::Sage, Family::Sgc] {
        let model = Arc::new(Model::init(&shape_of(family), 40, 4, 3));
        let with = |distill_epochs: usize| {
            let rule = RecoveryRule { distill_epochs, allocation: Allocation::AsGiven, ..RecoveryRule::default() };
            pruned(&graph, &model, &recipe(model.architecture.clone(), 0.9, 0.9, rule), 2)
        };
        let (fits, after) = (with(0), with(30));
        assert!(after.evaluation.agreement >= fits.evaluation.agreement, "{family:?}");
        assert_eq!(after.pruned.masks, fits.pruned.masks, "{family:?}: masks and values stay");
        for (weight, mask) in after.pruned.model.weights().zip(&after.pruned.masks.weights) {
            assert!(weight.values.iter().zip(mask).all(|(w, kept)| (*w != 0.0) == *kept), "{family:?}");
        }
    }
}

#[test]
fn what_recovery_cannot_follow_is_refused_in_words() {
    let graph = graph();
    let check = |change: fn(&mut Recipe), expected: &str| {
        let mut recipe = recipe(shape_of(Family::Sgc), 0.5, 0.5, RecoveryRule::default());
        change(&mut recipe);
        let model = Arc::new(Model::init(&recipe.model, 40, 4, 3));
        let error = run(&graph, &model, &recipe, RunOptions::PREVIEW, None, &control(1)).expect_err("refused");
        assert_eq!(error.to_string(), expected);
    };
    check(
        |r| (r.edges.mode, r.edges.delta) = (EdgeMode::Mass, vec![0.1]),
        "recipe, recovery: expected edges.mode absolute, relative or target (or no recovery), found mass",
    );
    check(
        |r| r.edges.identity = Identity::Residual,
        "recipe, recovery: expected edges.identity self-loop (or no recovery), found a residual identity",
    );
}

#[test]
fn a_last_matrix_that_is_large_beside_what_stays_is_not_left_whole() {
    let graph = graph();
    let shape = Architecture { hidden: 8, layers: 3, ..Architecture::new(Family::Gcn) };
    let model = Arc::new(Model::init(&shape, 40, 4, 3));
    // 320, 64 and 32 weights: 42 stay, a third of them in the last matrix.
    let run = pruned(&graph, &model, &recipe(shape, 0.5, 0.9, RecoveryRule::default()), 1);
    let kept = |at: usize| run.pruned.masks.weights[at].iter().filter(|kept| **kept).count();
    assert_eq!([0, 1, 2].map(kept).iter().sum::<usize>(), 42);
    assert_eq!(kept(2), 14);
    assert!(kept(0) > 15 && kept(1) > 2, "{:?}", [0, 1, 2].map(kept));
}
