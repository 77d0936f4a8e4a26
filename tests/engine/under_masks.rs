//! Training under masks, and distillation: what is kept, that no label is looked at, and the same bits on any number of threads.

use std::sync::Arc;

use unifews::engine::experiment::{Run, RunOptions, masked_forward, run};
use unifews::engine::graph::{Dataset, DatasetParts, Labels, PowerLaw, power_law_communities};
use unifews::engine::model::{Architecture, AttentionForm, Family, Model};
use unifews::engine::sparsify::{
    Allocation, EdgeMode, EntryChoice, FitNodes, NodesAre, Recipe, RecoveryRule, WeightMode,
};

use crate::shared::{control, distance};

fn graph() -> Arc<Dataset> {
    let shape = PowerLaw { n_nodes: 300, n_entries: 2_400, n_features: 40, n_classes: 4, seed: 1 };
    power_law_communities(&shape, &control(1)).expect("possible").shared()
}

fn shape_of(family: Family) -> Architecture {
    let mut shape = Architecture { hidden: 24, ..Architecture::new(family) };
    shape.hops = shape.hops.min(3);
    shape
}

fn trained(train_epochs: usize) -> RecoveryRule {
    RecoveryRule { train_epochs, ..RecoveryRule::default() }
}

fn recipe(shape: Architecture, entries: f64, weights: f64, rule: RecoveryRule) -> Recipe {
    let mut recipe = Recipe { model: shape, recovery: Some(rule), ..Recipe::default() };
    (recipe.edges.mode, recipe.edges.delta) = (EdgeMode::Target, vec![entries]);
    (recipe.weights.mode, recipe.weights.delta) = (WeightMode::Target, vec![weights]);
    recipe
}

fn pruned(graph: &Arc<Dataset>, model: &Arc<Model>, recipe: &Recipe, n_threads: usize) -> Run {
    run(graph, model, recipe, RunOptions::PREVIEW, None, &control(n_threads)).expect("runs")
}

fn assert_same_bits(a: &Run, b: &Run, what: &str) {
    assert_eq!(a.pruned.masks, b.pruned.masks, "{what}");
    assert_eq!(a.pruned.model, b.pruned.model, "{what}");
    assert!(a.pruned.logits.iter().zip(&b.pruned.logits).all(|(a, b)| a.to_bits() == b.to_bits()), "{what}");
}

/// The families that recovery supports, and the older form of attention.
fn shapes() -> Vec<Architecture> {
    let mut shapes: Vec<_> = Family::ALL.into_iter().filter(|f| *f != Family::Mlp).map(shape_of).collect();
    shapes.push(Architecture { attention: AttentionForm::V1, ..shape_of(Family::Gat) });
    shapes
}

#[test]
fn every_family_is_trained_to_what_was_asked_for_and_replays_its_bits_on_any_threads() {
    let graph = graph();
    let topology = graph.topology();
    let n_removable = topology.n_entries() - topology.n_self_loops();
    for shape in shapes() {
        let what = format!("{:?} {:?}", shape.architecture, shape.attention);
        let model = Arc::new(Model::init(&shape, 40, 4, 3));
        let with = recipe(shape, 0.7, 0.6, trained(40));
        let [one, two, four] = [1, 2, 4].map(|n| pruned(&graph, &model, &with, n));
        assert_same_bits(&one, &two, &what);
        assert_same_bits(&one, &four, &what);
        let replayed =
            masked_forward(&graph, &one.pruned.model, &one.recipe, Some(&one.pruned.masks), None, &control(2));
        let replayed = replayed.expect("runs");
        assert!(replayed.iter().zip(&one.pruned.logits).all(|(a, b)| a.to_bits() == b.to_bits()), "{what}");
        let mask = &one.pruned.masks.edges;
        for step in 0..mask.n_steps() {
            let n_kept = n_removable - (0.7 * n_removable as f64).ceil() as usize;
            assert_eq!(mask.n_kept(step) - topology.n_self_loops(), n_kept, "{what}, step {step}");
            let sums = mask.values_of(step).map(|values| values.sum_axis(ndarray::Axis(0)));
            assert!(sums.expect("values").iter().all(|sum| sum.is_finite()), "{what}");
        }
        for (weight, mask) in one.pruned.model.weights().zip(&one.pruned.masks.weights) {
            assert!(weight.values.iter().zip(mask).all(|(w, kept)| (*w != 0.0) == *kept), "{what}");
        }
        let asked = pruned(&graph, &model, &recipe(model.architecture.clone(), 0.7, 0.6, as_given()), 2);
        let removed = [&one, &asked].map(|run| run.pruned.weight_sparsity().to_bits());
        assert_eq!(removed[0], removed[1], "{what}: as many as one-shot");
        assert_eq!(one.pruned.steps.len(), asked.pruned.steps.len(), "{what}");
        for (ours, fits) in one.pruned.steps.iter().zip(&asked.pruned.steps) {
            assert_eq!((ours.kind, ours.idx, ours.d_in, ours.d_out), (fits.kind, fits.idx, fits.d_in, fits.d_out));
            assert_eq!(ours.macs, fits.macs, "{what}: the same counts cost the same");
            assert!(ours.relative_error.is_some_and(f64::is_finite), "{what}");
        }
        let plain = pruned(&graph, &model, &Recipe { recovery: None, ..with.clone() }, 2);
        let unpruned = |run: &Run| run.pruned.steps.iter().map(|step| step.macs.baseline()).collect::<Vec<_>>();
        assert_eq!(unpruned(&one), unpruned(&plain), "{what}: the unpruned network is the same");
        // By what it is trained for, as long as it is trained where nobody says otherwise: the answers, not the logits, which may all move.
        let epochs = RecoveryRule::usual_train_epochs(NodesAre::Static);
        let long = pruned(&graph, &model, &recipe(model.architecture.clone(), 0.7, 0.6, trained(epochs)), 2);
        let off = |run: &Run| divergence(&run.baseline_logits, &run.pruned.logits);
        assert!(off(&long) < off(&plain), "{what}: {} against {}", off(&long), off(&plain));
        let said = long.pruned.training.expect("trained").divergence;
        assert!((said - off(&long)).abs() < 1e-5, "{what}: {said} said, {} found", off(&long));
    }
}

/// `KL(softmax unpruned ‖ softmax pruned)`, the mean over all nodes.
fn divergence(unpruned: &ndarray::Array2<f32>, pruned: &ndarray::Array2<f32>) -> f64 {
    let logs = |row: ndarray::ArrayView1<'_, f32>| -> Vec<f64> {
        let total: f64 = row.iter().map(|v| f64::from(*v).exp()).sum();
        row.iter().map(|v| f64::from(*v) - total.ln()).collect()
    };
    let rows = unpruned.rows().into_iter().zip(pruned.rows());
    let of_row = |(a, b)| logs(a).iter().zip(logs(b)).map(|(p, q)| p.exp() * (p - q)).sum::<f64>();
    rows.map(of_row).sum::<f64>() / unpruned.nrows() as f64
}

fn as_given() -> RecoveryRule {
    RecoveryRule { allocation: Allocation::AsGiven, ..RecoveryRule::default() }
}

/// The same graph with every label another one, and other nodes without.
fn with_other_labels(graph: &Dataset) -> Arc<Dataset> {
    let labels = graph.labels().expect("labels");
    let other = |(u, class): (usize, &u32)| if u.is_multiple_of(7) { Labels::UNLABELLED } else { (class + 1) % 4 };
    let parts = DatasetParts {
        name: "other labels".into(),
        source: String::new(),
        topology: graph.topology().clone(),
        features: graph.features().clone(),
        labels: Some(Labels::new(labels.classes().iter().enumerate().map(other).collect())),
        splits: graph.splits().to_vec(),
        node_ids: None,
        edge_weights: None,
    };
    Dataset::try_new(parts).expect("valid").shared()
}

#[test]
fn no_label_is_looked_at() {
    let graph = graph();
    let other = with_other_labels(&graph);
    let model = Arc::new(Model::init(&shape_of(Family::Sage), 40, 4, 3));
    let distilled = RecoveryRule { distill_epochs: 6, ..RecoveryRule::default() };
    for rule in [trained(12), distilled] {
        let with = recipe(model.architecture.clone(), 0.8, 0.8, rule);
        assert_same_bits(&pruned(&graph, &model, &with, 2), &pruned(&other, &model, &with, 2), "other labels");
    }
}

#[test]
fn soft_answers_are_followed_on_the_nodes_that_are_asked_for() {
    let graph = graph();
    let model = Arc::new(Model::init(&shape_of(Family::Gcn), 40, 4, 3));
    let with = |fit_on: FitNodes| {
        let rule = RecoveryRule { fit_on, ..trained(80) };
        pruned(&graph, &model, &recipe(model.architecture.clone(), 0.8, 0.8, rule), 2)
    };
    let [all, some] = [FitNodes::All, FitNodes::TrainVal].map(with);
    let off_on_test = |run: &Run| {
        let rows: Vec<usize> = run.split.test.iter().map(|u| *u as usize).collect();
        let of = |logits: &ndarray::Array2<f32>| logits.select(ndarray::Axis(0), &rows);
        distance(&of(&run.pruned.logits), &of(&run.baseline_logits))
    };
    assert!(off_on_test(&all) < off_on_test(&some), "{} {}", off_on_test(&all), off_on_test(&some));
}

#[test]
fn controls_and_progressive_masks_hold_while_training_too() {
    let graph = graph();
    let topology = graph.topology();
    let model = Arc::new(Model::init(&shape_of(Family::Gat), 40, 4, 3));
    let with = |rule: RecoveryRule| pruned(&graph, &model, &recipe(model.architecture.clone(), 0.7, 0.5, rule), 2);
    let none = with(RecoveryRule { entries: EntryChoice::None, ..trained(10) });
    assert_eq!(none.pruned.masks.edges.n_kept(0), topology.n_self_loops());
    let progressive = with(RecoveryRule { progressive: true, ..trained(10) });
    let mask = &progressive.pruned.masks.edges;
    assert!((0..mask.n_entries()).all(|k| mask.is_kept(k, 0) || !mask.is_kept(k, 1)));
    let anew = with(trained(10));
    let mask = &anew.pruned.masks.edges;
    assert!((0..mask.n_entries()).any(|k| !mask.is_kept(k, 0) && mask.is_kept(k, 1)), "among all entries");
    // Coefficients are a softmax over what is kept.
    for step in 0..mask.n_steps() {
        let values = mask.values_of(step).expect("coefficients");
        let mut at = 0;
        for u in 0..topology.n_nodes() {
            let n = topology.row_range(u).filter(|k| mask.is_kept(*k, step)).count();
            for head in 0..values.ncols() {
                let sum: f32 = (at..at + n).map(|k| values[[k, head]]).sum();
                assert!((sum - 1.0).abs() < 1e-5, "row {u}, head {head}: {sum}");
            }
            at += n;
        }
    }
}

#[test]
fn distillation_over_fixed_coefficients_comes_closer() {
    let graph = graph();
    let model = Arc::new(Model::init(&shape_of(Family::Gat), 40, 4, 3));
    let with = |distill_epochs: usize| {
        let rule = RecoveryRule { distill_epochs, ..as_given() };
        pruned(&graph, &model, &recipe(model.architecture.clone(), 0.9, 0.9, rule), 2)
    };
    let (fits, after) = (with(0), with(40));
    assert_eq!(after.pruned.masks, fits.pruned.masks, "masks and coefficients stay");
    assert!(after.evaluation.agreement > fits.evaluation.agreement, "one that trained nothing would agree as much");
    let scores = |run: &Run| {
        let names = ["convs.0.att", "convs.0.lin_r.weight", "convs.0.lin_r.bias"];
        names.map(|name| run.pruned.model.parameters.iter().find(|p| p.name == name).map(|p| p.values.clone()))
    };
    assert_eq!(scores(&after), scores(&fits), "what only scores need is not trained");
}

#[test]
fn both_ways_of_training_at_once_are_refused() {
    let graph = graph();
    let model = Arc::new(Model::init(&shape_of(Family::Gcn), 40, 4, 3));
    let rule = RecoveryRule { distill_epochs: 5, ..trained(5) };
    let recipe = recipe(model.architecture.clone(), 0.5, 0.5, rule);
    let error = run(&graph, &model, &recipe, RunOptions::PREVIEW, None, &control(1)).expect_err("refused");
    assert_eq!(
        error.to_string(),
        "recipe, recovery: expected distill_epochs 0 with train_epochs, which end in the same training, found both"
    );
}
