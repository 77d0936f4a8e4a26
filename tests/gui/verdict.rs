//! The head of the verdict: its pill and sentence, its limit, and the question that static numbers stand or fall with.

use eframe::egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use unifews::engine::sparsify::{Allocation, EdgeMode, NodesAre, RecoveryRule, WeightMode};
use unifews::session::{Command, Grade, Session, Verdict};
use unifews::ui::App;

use super::{Choices, wait, with_karate};

const SIZE: [f32; 2] = [1440.0, 1400.0];

fn is_current(session: &Session) -> bool {
    session.is_idle() && session.store().shown().is_some_and(|run| session.store().is_current(run))
}

fn verdict(h: &Harness<'_, App>) -> Verdict {
    let store = h.state().session().store();
    Verdict::of(store.shown().expect("a run"), store.limit)
}

/// Sets thresholds that break any model.
fn strongest(h: &mut Harness<'_, App>) {
    let mut recipe = h.state().session().store().recipe.clone();
    (recipe.edges.delta, recipe.weights.delta) = (vec![9.0], vec![9.0]);
    h.state().send(Command::SetRecipe(Box::new(recipe), None));
    h.run_steps(3);
    wait(h, "the preview", is_current);
}

#[test]
fn the_pill_follows_the_run_and_the_limit_and_the_limit_is_kept() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    assert_eq!(verdict(&h).grade, Grade::Safe, "{:?}", verdict(&h));
    h.get_by_label("✓ Safe");
    strongest(&mut h);
    let broken = verdict(&h);
    assert_ne!(broken.grade, Grade::Safe, "{broken:?}");
    assert!(h.query_by_label("✓ Safe").is_none());
    h.get_by_label_contains(&broken.word);
    h.get_by_label(&broken.sentence);
    h.get_by_role_and_label(Role::SpinButton, "Limit").set_value_accesskit(50.0);
    h.run_steps(3);
    assert!((h.state().session().store().limit - 0.5).abs() < 1e-9);
    assert!((h.state().to_save().limit - 0.5).abs() < 1e-9, "kept with the window's settings");
    let within = verdict(&h);
    assert_ne!(within, broken);
    h.get_by_label_contains(&within.word);
}

#[test]
fn a_recovered_run_asks_whether_its_nodes_are_in_the_graph_now() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    let question = "Are the nodes to be scored in this graph now?";
    assert!(h.query_by_label(question).is_none());
    let mut recipe = h.state().session().store().recipe.clone();
    (recipe.edges.mode, recipe.weights.mode) = (EdgeMode::Target, WeightMode::Target);
    (recipe.edges.delta, recipe.weights.delta) = (vec![0.6], vec![0.6]);
    // As the program's own start has it.
    recipe.recovery = Some(RecoveryRule { allocation: Allocation::AsGiven, ..RecoveryRule::default() });
    h.state().send(Command::SetRecipe(Box::new(recipe), None));
    h.run_steps(3);
    wait(&mut h, "the recovered preview", is_current);
    h.get_by_label(question);
    assert!(verdict(&h).sentence.starts_with("Static: removes"), "{:?}", verdict(&h));
    let answer = |h: &Harness<'_, App>| h.state().session().store().recipe.recovery.as_ref().map(|rule| rule.nodes_are);
    h.get_by_role_and_label(Role::RadioButton, "No, they arrive later").click();
    h.run_steps(3);
    assert_eq!(answer(&h), Some(NodesAre::New));
    let rule = h.state().session().store().recipe.recovery.clone().expect("recovery");
    assert_eq!(rule.allocation, Allocation::Agreement, "for new nodes what is kept goes where it serves them");
    wait(&mut h, "the preview for new nodes", is_current);
    assert!(verdict(&h).sentence.starts_with("For new nodes: removes"), "{:?}", verdict(&h));
    h.get_by_role_and_label(Role::RadioButton, "Yes, static").click();
    h.run_steps(3);
    assert_eq!(answer(&h), Some(NodesAre::Static));
    wait(&mut h, "the static preview", is_current);
    h.get_by_role_and_label(Role::Button, "Unifews as published").scroll_to_me();
    h.run_steps(4);
    h.get_by_role_and_label(Role::Button, "Unifews as published").click();
    h.run_steps(3);
    wait(&mut h, "the plain preview", is_current);
    assert_eq!(h.state().session().store().recipe.recovery, None);
    assert!(h.query_by_label(question).is_none());
}
