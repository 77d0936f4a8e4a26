//! A training starts with a small form, and a cancelled one can be kept.

use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use unifews::engine::sparsify::Training;
use unifews::session::{Command, Phase};
use unifews::ui::App;

use super::{Choices, wait, with_karate};

const SIZE: [f32; 2] = [1280.0, 800.0];

fn open_form(h: &mut Harness<'_, App>) {
    h.key_press_modifiers(Modifiers::COMMAND, Key::T);
    h.run_steps(3);
    assert!(h.query_by_role_and_label(Role::Button, "Start training").is_some(), "the form is open");
}

#[test]
fn the_form_says_what_it_takes_and_enter_starts_with_what_was_chosen() {
    let mut h = with_karate(SIZE, &Choices::default());
    open_form(&mut h);
    assert!(h.query_by_label_contains("of memory;").is_some(), "what it takes");
    assert_eq!(h.state().session().store().training.phase, Phase::Done, "nothing starts before it is asked for");
    // It had a training already, with the sample: how long an epoch takes is known.
    assert!(h.query_by_label_contains("as long as an epoch took the last time").is_some());
    h.key_press(Key::Escape);
    h.run_steps(3);
    assert!(h.query_by_role_and_label(Role::Button, "Start training").is_none(), "Escape closes it");

    let before = h.state().session().store().recipe.clone();
    open_form(&mut h);
    let typed = |h: &mut Harness<'_, App>, name: &str, value: f64| {
        h.get_by_role_and_label(Role::SpinButton, name).set_value_accesskit(value);
        h.run_steps(3);
    };
    typed(&mut h, "Epochs to train", 3.0);
    typed(&mut h, "Hidden width", 4.0);
    h.get_by_role_and_label(Role::Button, "Not now").click();
    h.run_steps(3);
    assert_eq!(h.state().session().store().recipe, before, "not now changes nothing");

    open_form(&mut h);
    typed(&mut h, "Epochs to train", 3.0);
    typed(&mut h, "Hidden width", 4.0);
    h.key_press(Key::Enter);
    h.run_steps(3);
    wait(&mut h, "the model", |s| {
        s.is_idle() && s.store().training.history.len() == 3 && s.store().training.phase == Phase::Done
    });
    let store = h.state().session().store();
    let recipe = &store.recipe;
    assert_eq!((recipe.model.hidden, recipe.training.as_ref().map(|t| t.epochs)), (4, Some(3)));
    assert_eq!(store.model.as_ref().expect("trained").model.architecture.hidden, 4);
    assert!(h.query_by_role_and_label(Role::Button, "Start training").is_none(), "the form is closed");
}

#[test]
fn a_cancelled_training_offers_its_best_epoch() {
    let mut h = with_karate(SIZE, &Choices::default());
    let mut recipe = h.state().session().store().recipe.clone();
    recipe.training = Some(Training { epochs: 100_000, ..Training::default() });
    h.state().send(Command::SetRecipe(Box::new(recipe), None));
    h.run_steps(2);
    open_form(&mut h);
    h.key_press(Key::Enter);
    wait(&mut h, "some epochs", |s| s.store().training.n_epochs == 100_000 && s.store().training.history.len() > 3);
    h.key_press(Key::Escape);
    wait(&mut h, "the cancel", |s| s.store().training.phase == Phase::Cancelled && s.is_idle());
    let best = h.state().session().store().training.history.best().expect("epochs").epoch;
    h.get_by_role_and_label(Role::Button, &format!("Keep epoch {best}")).click();
    h.run_steps(3);
    wait(&mut h, "the model", |s| {
        let trained = s.store().model.as_ref().and_then(|m| m.model.trained_on.clone());
        s.is_idle() && trained.is_some_and(|trained| trained.best_epoch == best)
    });
    let name = format!("Keep epoch {best}");
    assert!(h.query_by_role_and_label(Role::Button, &name).is_none(), "it is kept once");
}
