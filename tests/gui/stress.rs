//! Under stress: started, watched, read kind by kind, and forgotten with the graph.

use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use unifews::engine::experiment::StressMasks;
use unifews::session::{Command, Phase, Trial};

use super::{Choices, wait, with_karate};

#[test]
fn a_recipe_is_put_under_stress_and_every_kind_says_how_far_both_fall_alike() {
    let choices = Choices::default();
    let mut h = with_karate([1440.0, 900.0], &choices);
    let mut recipe = h.state().session().store().recipe.clone();
    recipe.recovery = None;
    (recipe.edges.delta, recipe.weights.delta) = (vec![0.3], vec![0.1]);
    h.state().send(Command::SetRecipe(Box::new(recipe), None));
    h.key_press_modifiers(Modifiers::COMMAND, Key::Num2);
    h.run_steps(2);
    h.get_by_label("Under stress").click();
    h.run_steps(2);
    assert!(h.query_by_label("Not under stress yet").is_some(), "an empty state says what comes");
    h.get_by_role_and_label(Role::ComboBox, "Masks under stress").click();
    h.run_steps(3);
    h.get_by_role_and_label(Role::Button, "masks decided anew").click();
    h.run_steps(3);
    h.get_by_role_and_label(Role::Button, "Put it under stress").click();
    wait(&mut h, "stress", |s| s.store().stress.phase == Phase::Done && s.is_idle());
    let store = h.state().session().store();
    assert_eq!((store.trial.0, store.stress.masks), (Trial::Stress, StressMasks::Decided));
    let results = store.stress.results.clone().expect("complete");
    assert_eq!(store.stress.points.len(), results.plan.n_graphs());
    let n = store.stress.points.len();
    h.get_by_role_and_label(Role::Image, "Accuracy under stress");
    assert!(h.query_by_label(&format!("{n} of {n} points, complete")).is_some());
    assert!(h.query_by_label(&results.sentences[0]).is_some(), "{}", results.sentences[0]);
    assert!(h.query_by_label_contains("Left out: Uniform label noise").is_some(), "what is not tried is said");
    h.get_by_role_and_label(Role::ComboBox, "Disturbed").click();
    h.run_steps(3);
    h.get_by_label("Missing edges").click();
    h.run_steps(3);
    let says = results.sentences.iter().find(|says| says.starts_with("Missing edges: ")).expect("a sentence");
    assert!(h.query_by_label(says).is_some() && h.query_by_label(&results.sentences[0]).is_none());
    h.state().send(Command::CloseInputs);
    h.run_steps(2);
    assert!(h.state().session().store().stress.points.is_empty(), "it belongs to the graph");
}
