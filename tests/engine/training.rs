//! Training reaches the authors' accuracy.

use unifews::engine::control::Control;
use unifews::engine::model::{Architecture, Family};
use unifews::engine::sparsify::{Recipe, Schedule, Training};
use unifews::engine::train::train;

use crate::shared::{control, dataset, shared};

/// Mean test accuracy over three initialisations, no entry put back.
fn mean_accuracy(folder: &std::path::Path, recipe: &Recipe, split: &str, ctl: &Control) -> f64 {
    let cora = dataset(folder, "cora");
    let accuracies = [1, 2, 3].map(|seed| {
        let recipe = Recipe { seed, split: split.to_owned(), ..recipe.clone() };
        let trained = train(&cora, &recipe, ctl, |_| {}).expect("trains");
        trained.model.trained_on.as_ref().expect("recorded").test_accuracy
    });
    println!("{} {:?} {split}: {accuracies:?}", recipe.model.architecture.title(), recipe.edges.delta);
    accuracies.iter().sum::<f64>() / 3.0
}

fn check(test: &str, family: Family, delta: f64, bars: [(&str, f64); 2]) {
    let Some(folder) = shared(test) else { return };
    let ctl = control(0);
    let schedule = if delta > 0.0 { Schedule::During } else { Schedule::Dense };
    let mut recipe = Recipe {
        model: Architecture::new(family),
        training: Some(Training { schedule, ..Training::official(family) }),
        ..Recipe::default()
    };
    recipe.edges.delta = vec![delta];
    recipe.weights.delta = vec![delta];
    for (split, bar) in bars {
        let mean = mean_accuracy(&folder, &recipe, split, &ctl);
        assert!(mean >= bar, "{test}, {split}: mean test accuracy {mean:.4}, wanted {bar}");
    }
}

#[test]
fn dense_gcn_reaches_the_authors_accuracy_on_cora() {
    check("dense_gcn_reaches_the_authors_accuracy_on_cora", Family::Gcn, 0.0, [("seed42", 0.884), ("seed43", 0.861)]);
}

#[test]
fn gcn_pruned_during_training_reaches_the_authors_accuracy_on_cora() {
    let test = "gcn_pruned_during_training_reaches_the_authors_accuracy_on_cora";
    check(test, Family::Gcn, 0.5, [("seed42", 0.868), ("seed43", 0.847)]);
}

#[test]
fn sgc_reaches_the_authors_accuracy_on_cora() {
    check("sgc_reaches_the_authors_accuracy_on_cora", Family::Sgc, 0.0, [("seed42", 0.868), ("seed43", 0.853)]);
}
