//! Training reaches the authors' accuracy, within a point.
//!
//! One run of their code is a draw from a distribution: the unpruned networks in plain PyTorch
//! (`tests/clients/reference_accuracy.py`) scatter by 0.6 points on one split. Where that distribution was measured, its mean is what
//! ours is held against, else the single run of `../shared/golden/accuracy.md`.

use unifews::engine::control::Control;
use unifews::engine::experiment::{RunOptions, run};
use unifews::engine::graph::{
    Dataset, DatasetParts, Direction, Features, Labels, PowerLaw, SelfLoops, Topology, power_law_communities,
    with_neighbour_tags,
};
use unifews::engine::model::{Architecture, Family};
use unifews::engine::sparsify::{Compat, Quirk, Recipe, Schedule, Training};
use unifews::engine::train::train;

use crate::shared::{control, dataset};
use crate::shared_folder::shared_path;

/// Three initialisations, by the seeds of the authors' splits.
const SEEDS: [u64; 3] = [41, 42, 43];
/// How far below the reference the mean may lie.
const TOLERANCE: f64 = 0.01;

/// Mean test accuracy over [`SEEDS`], no entry put back.
fn mean_accuracy(folder: &std::path::Path, recipe: &Recipe, split: &str, ctl: &Control) -> f64 {
    let cora = dataset(folder, "cora");
    let accuracies = SEEDS.map(|seed| {
        let recipe = Recipe { seed, split: split.to_owned(), ..recipe.clone() };
        let trained = train(&cora, &recipe, ctl, |_| {}).expect("trains");
        trained.model.trained_on.as_ref().expect("recorded").test_accuracy
    });
    println!("{} {:?} {split}: {accuracies:?}", recipe.model.architecture.title(), recipe.edges.delta);
    accuracies.iter().sum::<f64>() / SEEDS.len() as f64
}

fn check(test: &str, family: Family, delta: f64, references: [(&str, f64); 2]) {
    let Some(folder) = shared_path(test, ".") else { return };
    let ctl = control(0);
    let schedule = if delta > 0.0 { Schedule::During } else { Schedule::Dense };
    let mut recipe = Recipe {
        model: Architecture::new(family),
        training: Some(Training { schedule, ..Training::official(family) }),
        ..Recipe::default()
    };
    if family == Family::Sgc {
        // The authors propagate over another matrix.
        recipe.compat = Compat::CLEAN.with(Quirk::SgcRowStochastic);
    }
    recipe.edges.delta = vec![delta];
    recipe.weights.delta = vec![delta];
    for (split, reference) in references {
        let mean = mean_accuracy(&folder, &recipe, split, &ctl);
        assert!(mean >= reference - TOLERANCE, "{test}, {split}: mean test accuracy {mean:.4}, reference {reference}");
    }
}

/// Every family learns a graph whose nodes have any number of classes, densely and while it prunes.
#[test]
fn every_family_learns_several_classes_per_node() {
    let ctl = control(0);
    let shape = PowerLaw { n_nodes: 600, n_entries: 6_000, n_features: 24, n_classes: 5, seed: 2 };
    let graph = with_neighbour_tags(&power_law_communities(&shape, &ctl).expect("possible"), &ctl).expect("valid");
    let tags = graph.labels().and_then(Labels::tags).expect("several classes");
    let share = tags.iter().filter(|t| **t).count() as f64 / tags.len() as f64;
    // What a model reaches that says yes to everything.
    let trivial = 2.0 * share / (1.0 + share);
    for family in Family::ALL {
        for schedule in [Schedule::Dense, Schedule::During] {
            let model = Architecture { hidden: 32, ..Architecture::new(family) };
            let training = Training { epochs: 60, learning_rate: 1e-2, schedule, ..Training::official(family) };
            let mut recipe = Recipe { model, training: Some(training), ..Recipe::default() };
            recipe.model.hops = recipe.model.hops.min(3);
            recipe.edges.delta = vec![0.3];
            recipe.weights.delta = vec![0.2];
            let trained = train(&graph, &recipe, &ctl, |_| {}).expect("trains");
            let score = trained.model.trained_on.as_ref().expect("recorded").test_accuracy;
            assert!(
                score > trivial + 0.1,
                "{family:?} {schedule:?}: micro-F1 {score:.3}, saying yes to all {trivial:.3}"
            );
        }
    }
}

/// What test nodes are, have and say does not reach a model that is trained without them; they are scored in the whole graph.
#[test]
fn inductive_training_does_not_hear_of_test_nodes() {
    let shape = PowerLaw { n_nodes: 300, n_entries: 2_400, n_features: 24, n_classes: 4, seed: 3 };
    let graph = power_law_communities(&shape, &control(1)).expect("possible").shared();
    let is_test = {
        let mut flags = vec![false; 300];
        graph.splits()[0].test.iter().for_each(|u| flags[*u as usize] = true);
        flags
    };
    // Other features, other classes, and no entry of theirs but self-loops.
    let parts = graph.to_parts();
    let mut features = parts.features.to_dense();
    for (u, mut row) in features.axis_iter_mut(ndarray::Axis(0)).enumerate().filter(|(u, _)| is_test[*u]) {
        row.mapv_inplace(|v| 3.0 - v * (u as f32).cos());
    }
    let classes = graph.labels().expect("drawn").classes().iter().enumerate();
    let classes = classes.map(|(u, class)| if is_test[u] { 0 } else { *class }).collect();
    let known = |pair: &(u32, u32)| !is_test[pair.0 as usize] && !is_test[pair.1 as usize];
    let pairs: Vec<(u32, u32)> = graph.topology().entries().filter(known).collect();
    let (topology, _) = Topology::from_edges(300, &pairs, Direction::AsStored, SelfLoops::Added).expect("pairs");
    let (features, labels) = (Features::from_dense(features), Some(Labels::new(classes)));
    let other = Dataset::try_new(DatasetParts { topology, features, labels, ..parts }).expect("valid").shared();
    for family in [Family::Gcn, Family::Gat, Family::Sgc] {
        let mut model = Architecture { hidden: 16, ..Architecture::new(family) };
        model.hops = model.hops.min(3);
        let training = Training { epochs: 30, learning_rate: 1e-2, inductive: true, ..Training::official(family) };
        let recipe = Recipe { model, training: Some(training), ..Recipe::default() };
        let [ours, theirs] = [&graph, &other].map(|graph| train(graph, &recipe, &control(2), |_| {}).expect("trains"));
        assert_eq!(ours.model.parameters, theirs.model.parameters, "{family:?}");
        assert_eq!(ours.model.scaler, theirs.model.scaler, "{family:?}");
        assert_eq!(ours.edges.n_entries(), graph.topology().n_entries(), "{family:?}");
        let seen =
            Recipe { training: recipe.training.clone().map(|t| Training { inductive: false, ..t }), ..recipe.clone() };
        let seen = train(&graph, &seen, &control(2), |_| {}).expect("trains");
        assert_ne!(seen.model.parameters, ours.model.parameters, "{family:?}");
        // Scored in the whole graph, as everybody scores it.
        let noted = ours.model.trained_on.as_ref().expect("noted");
        let unpruned = Recipe { training: None, ..recipe.clone() };
        let run = run(&graph, &ours.model, &unpruned, RunOptions::PREVIEW, None, &control(2)).expect("runs");
        assert!(
            noted.inductive && (run.evaluation.test.baseline.accuracy - noted.test_accuracy).abs() < 1e-12,
            "{family:?}"
        );
        assert!(noted.test_accuracy > 0.4, "{family:?}: {}", noted.test_accuracy);
    }
}

/// PyTorch, 15 and 4 seeds; single runs of the authors' code: 89.4 and 87.1 %.
#[test]
fn dense_gcn_reaches_the_authors_accuracy_on_cora() {
    check("dense_gcn_reaches_the_authors_accuracy_on_cora", Family::Gcn, 0.0, [("seed42", 0.885), ("seed43", 0.877)]);
}

/// Single runs of the authors' code.
#[test]
fn gcn_pruned_during_training_reaches_the_authors_accuracy_on_cora() {
    let test = "gcn_pruned_during_training_reaches_the_authors_accuracy_on_cora";
    check(test, Family::Gcn, 0.5, [("seed42", 0.878), ("seed43", 0.857)]);
}

/// PyTorch, 7 seeds; single runs of the authors' code: 87.8 and 86.3 %.
#[test]
fn sgc_reaches_the_authors_accuracy_on_cora() {
    check("sgc_reaches_the_authors_accuracy_on_cora", Family::Sgc, 0.0, [("seed42", 0.885), ("seed43", 0.863)]);
}
