//! Recovered runs: no estimate stands for them, controls beside them, exported and opened again.

use unifews::engine::experiment::ControlKind;
use unifews::engine::sparsify::{EdgeMode, NodesAre, RecoveryRule, WeightMode};
use unifews::session::jobs::Lane;
use unifews::session::{Command, Level, Phase, Session};

use super::{session, wait, with_karate};

/// The smallest sample, with half of everything removed and accuracy recovered.
fn recovered() -> Session {
    let mut session = with_karate();
    let mut recipe = session.store().recipe.clone();
    (recipe.edges.mode, recipe.weights.mode) = (EdgeMode::Target, WeightMode::Target);
    (recipe.edges.delta, recipe.weights.delta) = (vec![0.6], vec![0.6]);
    recipe.recovery = Some(RecoveryRule::default());
    session.apply(Command::SetRecipe(Box::new(recipe), None));
    wait(&mut session, "its preview", |s| s.is_idle() && s.store().shown().is_some_and(|r| s.store().is_current(r)));
    session
}

fn prune(session: &mut Session) {
    let n = session.store().runs.len();
    session.apply(Command::Prune);
    wait(session, "the run", |s| s.store().runs.len() == n + 1 && s.is_idle());
}

#[test]
fn controls_stand_beside_a_recovered_run_and_go_with_its_bundle() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = recovered();
    assert!(session.store().estimated().is_none());
    prune(&mut session);
    let entry = session.store().runs[0].clone();
    assert!(entry.run.pruned.masks.edges.values().is_some() && session.store().controls_of(entry.id).is_empty());
    session.apply(Command::Controls(entry.id));
    assert!(session.is_busy(&Lane::Controls));
    wait(&mut session, "the controls", |s| s.is_idle() && !s.store().controls_of(entry.id).is_empty());
    let found = session.store().controls_of(entry.id).to_vec();
    assert_eq!(found.iter().map(|c| c.kind).collect::<Vec<_>>(), ControlKind::ALL);
    assert!((found[0].edge_sparsity - 1.0).abs() < 1e-12, "{found:?}");
    assert!((found[1].edge_sparsity - entry.run.pruned.edge_sparsity()).abs() < 0.02, "{found:?}");
    assert!(found.iter().all(|c| c.test.is_some_and(|score| score.n_nodes > 0)), "{found:?}");

    // What is done to the run meanwhile, and taken back, does not lose them.
    session.apply(Command::RenameRun(entry.id, "Mine".to_owned()));
    session.apply(Command::Undo);
    assert_eq!(session.store().controls_of(entry.id), found.as_slice());

    let target = folder.path().join("bundle");
    session.apply(Command::Export(entry.id, target.clone()));
    wait(&mut session, "the export", |s| s.store().export.phase == Phase::Done && s.is_idle());
    assert!(session.store().export.last.as_ref().is_some_and(|last| last.is_verified));
    let text = std::fs::read_to_string(target.join("metrics.json")).expect("written");
    let metrics: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((&metrics["static"], metrics["controls"].as_array().map(Vec::len)), (&true.into(), Some(3)));
}

#[test]
fn controls_of_a_run_without_recovery_are_refused_in_words() {
    let mut session = with_karate();
    prune(&mut session);
    let id = session.store().runs[0].id;
    session.apply(Command::Controls(id));
    wait(&mut session, "the refusal", |s| s.is_idle() && !s.store().notices.all().is_empty());
    let told = session
        .store()
        .notices
        .all()
        .iter()
        .any(|n| n.level == Level::Error && n.detail.contains("recovered accuracy"));
    assert!(told && session.store().controls_of(id).is_empty(), "{:?}", session.store().notices.all());
}

#[test]
fn a_static_bundle_opens_its_graph_and_recipe_and_says_that_its_model_goes_with_its_entries_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = recovered();
    prune(&mut session);
    let (id, logits) = (session.store().runs[0].id, session.store().runs[0].run.pruned.logits.clone());
    let target = folder.path().join("bundle");
    session.apply(Command::Export(id, target.clone()));
    wait(&mut session, "the export", |s| s.store().export.phase == Phase::Done && s.is_idle());
    let model = folder.path().join("model.safetensors");
    session.apply(Command::SaveModel(model.clone()));
    wait(&mut session, "the model", |s| s.is_idle() && model.exists());

    let mut other = self::session();
    other.apply(Command::Open(target.display().to_string()));
    wait(&mut other, "the graph", |s| s.is_idle() && s.store().graph.is_some());
    assert!(other.store().runs.is_empty() && other.store().model.is_none(), "no run of other numbers stands for it");
    let told = other.store().notices.all().iter().any(|n| n.title.contains("is static") && n.next.contains("prune"));
    assert!(told, "{:?}", other.store().notices.all());
    // The way out leads to the same bits.
    other.apply(Command::Open(model.display().to_string()));
    wait(&mut other, "the model", |s| s.is_idle() && s.store().model.is_some());
    prune(&mut other);
    assert_eq!(other.store().runs[0].run.pruned.logits, logits);
}

#[test]
fn a_bundle_for_new_nodes_is_told_from_a_static_one_and_the_way_out_leads_to_the_same_bits() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = recovered();
    let mut recipe = session.store().recipe.clone();
    recipe.recovery = Some(RecoveryRule { nodes_are: NodesAre::New, ..RecoveryRule::default() });
    session.apply(Command::SetRecipe(Box::new(recipe), None));
    wait(&mut session, "its preview", |s| s.is_idle() && s.store().shown().is_some_and(|r| s.store().is_current(r)));
    prune(&mut session);
    let (id, logits) = (session.store().runs[0].id, session.store().runs[0].run.pruned.logits.clone());
    let target = folder.path().join("bundle");
    session.apply(Command::Export(id, target.clone()));
    wait(&mut session, "the export", |s| s.store().export.phase == Phase::Done && s.is_idle());
    assert!(session.store().export.last.as_ref().is_some_and(|last| last.is_verified));
    let model = folder.path().join("model.safetensors");
    session.apply(Command::SaveModel(model.clone()));
    wait(&mut session, "the model", |s| s.is_idle() && model.exists());

    let mut other = self::session();
    other.apply(Command::Open(target.display().to_string()));
    wait(&mut other, "the graph", |s| s.is_idle() && s.store().graph.is_some());
    let told =
        other.store().notices.all().iter().any(|n| n.title.contains("is for new nodes: its model was not opened"));
    assert!(told && other.store().model.is_none(), "{:?}", other.store().notices.all());
    other.apply(Command::Open(model.display().to_string()));
    wait(&mut other, "the model", |s| s.is_idle() && s.store().model.is_some());
    prune(&mut other);
    assert_eq!(other.store().runs[0].run.pruned.logits, logits);
}
