//! A bundle that is opened again: its model is the pruned one, and every number stands beside the model that it was made of.

use std::path::Path;

use unifews::engine::experiment::{ComparePlan, SweepGrid, SweepPoint};
use unifews::engine::score::Score;
use unifews::session::{Baseline, Command, Phase, Session, first_plan};

use super::{forge, session, wait, with_karate};

/// Prunes so much that the pruned model is a worse one, and exports it.
fn exported(target: &Path) -> (Score, Score) {
    let mut session = with_karate();
    let mut recipe = session.store().recipe.clone();
    (recipe.edges.delta, recipe.weights.delta) = (vec![2.0], vec![4.0]);
    session.apply(Command::SetRecipe(Box::new(recipe), None));
    session.apply(Command::Prune);
    wait(&mut session, "the run", |s| s.store().runs.len() == 1 && s.is_idle());
    let entry = session.store().runs[0].clone();
    session.apply(Command::Export(entry.id, target.to_owned()));
    wait(&mut session, "the export", |s| s.store().export.phase == Phase::Done);
    let scores = &entry.run.evaluation.test;
    (scores.baseline, scores.pruned)
}

fn reopened(bundle: &Path) -> Session {
    let mut session = session();
    session.apply(Command::Open(bundle.display().to_string()));
    wait(&mut session, "the run", |s| s.store().runs.len() == 1 && s.is_idle());
    session
}

/// The points of a sweep, a comparison and of every layer alone.
fn all_points(session: &mut Session) -> Vec<SweepPoint> {
    let grid = SweepGrid { delta_a: vec![0.0, 0.5], delta_w: vec![0.0] };
    session.apply(Command::Sweep(grid.clone()));
    wait(session, "the sweep", |s| s.store().sweep.phase == Phase::Done && s.is_idle());
    session.apply(Command::Compare(ComparePlan { shares: vec![0.3], seeds: vec![1], ..first_plan() }));
    wait(session, "the comparison", |s| s.store().comparison.phase == Phase::Done && s.is_idle());
    session.apply(Command::Sensitivity(grid));
    wait(session, "the layers", |s| s.store().sensitivity.phase == Phase::Done && s.is_idle());
    let store = session.store();
    let of_methods = store.comparison.points.iter().map(|point| &point.result);
    let of_layers = store.sensitivity.points.iter().map(|point| &point.result);
    store.sweep.points.iter().chain(of_methods).chain(of_layers).cloned().collect()
}

#[test]
fn every_trial_of_a_reopened_bundle_is_held_against_the_model_it_was_made_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let bundle = folder.path().join("bundle");
    let (baseline, pruned) = exported(&bundle);
    assert!(pruned.accuracy < baseline.accuracy, "{pruned:?}, {baseline:?}");
    let mut session = reopened(&bundle);
    let model = session.store().model.clone().expect("a model");
    assert!(matches!(model.baseline, Baseline::Known(_)));
    let says = |note: &str| model.report.warnings.iter().any(|warning| warning.contains(note));
    assert!(says("that of the model before it was pruned") && says("open that model to prune it anew"));
    let points = all_points(&mut session);
    assert!(points.len() > 8, "{}", points.len());
    for point in &points {
        assert!((point.baseline_test_accuracy - baseline.accuracy).abs() < 1e-12, "{point:?} beside {baseline:?}");
    }
    // At δ = 0 the bundle's weights are what is left, and they do not agree with all that the unpruned model said.
    assert!(points[0].agreement < 1.0, "{:?}", points[0]);
}

#[test]
fn a_bundle_that_does_not_say_what_the_model_gave_before_says_so_beside_every_number() {
    let folder = tempfile::tempdir().expect("a folder");
    let bundle = folder.path().join("bundle");
    exported(&bundle);
    let csv = std::fs::read_to_string(bundle.join("predictions.csv")).expect("a table");
    // A class that the model does not have stands where the unpruned model's was.
    let without: String = csv.lines().enumerate().map(|(at, line)| line_without_baseline(at, line) + "\n").collect();
    forge(&bundle, "predictions.csv", without.as_bytes());
    let mut session = reopened(&bundle);
    let model = session.store().model.clone().expect("a model");
    assert!(matches!(model.baseline, Baseline::Unknown), "{:?}", model.baseline);
    let note = model.baseline.note().expect("a note");
    assert!(note.contains("all numbers are against the pruned model") && note.contains("open the model"), "{note}");
    assert!(model.report.warnings.iter().any(|warning| warning == note));
    assert!(all_points(&mut session).len() > 8);
}

fn line_without_baseline(at: usize, line: &str) -> String {
    let mut fields: Vec<&str> = line.split(',').collect();
    if at > 0 {
        fields[2] = "99";
    }
    fields.join(",")
}
