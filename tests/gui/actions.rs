//! The registry of actions: keys are unique and work, the palette finds everything, the documentation is made from it.

use std::collections::BTreeMap;

use eframe::egui::Key;
use eframe::egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
use unifews::session::words::{Language, Words};
use unifews::ui::actions::{Action, Menu, shortcuts_page};
use unifews::ui::views::Pane;

use super::{Choices, with_karate};

#[test]
fn no_two_actions_share_keys_or_a_name() {
    let mut keys = BTreeMap::new();
    let mut names = BTreeMap::new();
    for action in Action::ALL {
        if action.shortcut().is_some()
            && let Some(other) = keys.insert(action.keys(), action)
        {
            panic!("{action:?} and {other:?} share {}", action.keys());
        }
        for words in Language::ALL.map(Words::of) {
            let (name, says) = (action.name(words), action.says(words));
            if let Some(other) = names.insert((words.language().key(), name.clone()), action) {
                panic!("{action:?} and {other:?} share the name {name}");
            }
            assert!(!says.is_empty() && !says.ends_with(['.', '。']), "{action:?} says {says:?}");
        }
    }
    assert!(Menu::ALL.iter().all(|m| Action::ALL.iter().any(|a| a.menu() == *m)), "no empty menu");
}

#[test]
fn every_shortcut_does_its_action() {
    let choices = Choices::default();
    let mut h = with_karate([1440.0, 900.0], &choices);
    h.state().send(unifews::session::Command::Prune);
    super::wait(&mut h, "a run", |s| s.store().runs.len() == 1 && s.is_idle());
    // Something to redo, something to undo; leaving and closing last.
    let mut recipe = h.state().session().store().recipe.clone();
    recipe.seed = 7;
    h.state().send(unifews::session::Command::SetRecipe(Box::new(recipe), None));
    h.run_steps(2);
    let last = |a: &Action| matches!(a, Action::CloseInputs | Action::Quit);
    let actions: Vec<Action> = Action::ALL.into_iter().filter(|a| a.shortcut().is_some()).collect();
    for action in actions.iter().filter(|a| !last(a)).chain(actions.iter().filter(|a| last(a))) {
        let keys = action.shortcut().expect("filtered");
        h.key_press_modifiers(keys.modifiers, keys.logical_key);
        h.run_steps(2);
        assert_eq!(h.state().last_action(), Some(*action), "{}", action.keys());
        // What it opened must not take the next keys.
        if matches!(action, Action::Palette | Action::Guide | Action::Sweep | Action::Train | Action::Prune) {
            h.key_press(Key::Escape);
            h.run_steps(3);
            super::wait(&mut h, "an end of the work", unifews::session::Session::is_idle);
        }
    }
}

#[test]
fn the_palette_finds_and_does() {
    let choices = Choices::default();
    let mut h = with_karate([1280.0, 800.0], &choices);
    h.state_mut();
    let keys = Action::Palette.shortcut().expect("it has one");
    h.key_press_modifiers(keys.modifiers, keys.logical_key);
    h.run_steps(3);
    h.get_by_role_and_label(Role::TextInput, "Find an action").type_text("runs");
    h.run_steps(3);
    h.key_press(Key::Enter);
    h.run_steps(3);
    assert_eq!(h.state().shown_pane(), Some(Pane::Runs));
    assert!(h.query_by_role_and_label(Role::TextInput, "Find an action").is_none(), "closed");
}

#[test]
fn the_palette_finds_presets_runs_settings_and_words() {
    let choices = Choices::default();
    let mut h = with_karate([1280.0, 800.0], &choices);
    h.state().send(unifews::session::Command::Prune);
    h.run_steps(2);
    super::wait(&mut h, "a run", |s| s.store().runs.len() == 1 && s.is_idle());
    let run = h.state().session().store().runs[0].name.clone();
    let recipe = h.state().session().store().recipe.clone();
    let choose = |h: &mut egui_kittest::Harness<'_, unifews::ui::App>, typed: &str, found: &str| {
        let keys = Action::Palette.shortcut().expect("it has one");
        h.key_press_modifiers(keys.modifiers, keys.logical_key);
        h.run_steps(3);
        h.get_by_role_and_label(Role::TextInput, "Find an action").type_text(typed);
        h.run_steps(3);
        h.get_by_role_and_label(Role::Button, found).click();
        h.run_steps(4);
    };
    choose(&mut h, "half of", "Preset: Half of everything");
    let half = h.state().session().store().recipe.clone();
    assert_eq!((half.edges.delta.clone(), half.recovery.clone()), (vec![0.5], None));
    choose(&mut h, &run.to_lowercase(), &format!("Show run {run}"));
    assert_eq!(h.state().session().store().recipe.edges, recipe.edges, "the run's recipe");
    choose(&mut h, "lock", "Recipe: lock");
    assert!(h.query_by_role_and_label(Role::ComboBox, "Lock").is_some());
    choose(&mut h, "certificate", "What it means: certificate");
    assert!(h.query_by_label("How much can I remove?").is_some(), "the guide is open");
    assert!(h.query_by_label("Eight words").is_some());
    h.get_by_role_and_label(Role::Tab, "Keys").click();
    h.run_steps(3);
    assert!(h.query_by_label("Sliders, plots and heatmaps").is_some() && h.query_by_label("Eight words").is_none());
    h.key_press(Key::F1);
    h.run_steps(3);
    assert!(h.query_by_label("Eight words").is_some(), "F1 leads to the guide");
    h.key_press(Key::Escape);
    h.run_steps(3);
    assert!(h.query_by_label("Eight words").is_none());
}

#[test]
fn the_page_of_shortcuts_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/SHORTCUTS.md");
    let page = shortcuts_page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        unifews::io::atomic::write_atomic(path, page.as_bytes()).expect("writable");
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(written, page, "make it again with UPDATE_DOCS=1 cargo test --test gui shortcuts");
}
