//! A bundle is checked in the window: what is asked for, the answer, its history.

use std::path::PathBuf;

use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use unifews::engine::monitor::Level;
use unifews::session::{CheckAsk, Command, Session, StoreForm};
use unifews::ui::App;
use unifews::ui::actions::Action;
use unifews::ui::views::Pane;

use super::{Choices, Dropped, wait, window, with_karate};

#[test]
fn a_bundle_is_checked_against_a_graph_and_the_history_is_drawn() {
    let folder = tempfile::tempdir().expect("a folder");
    let bundle = folder.path().join("b");
    let choices = Choices::default();
    let mut h = with_karate([1280.0, 800.0], &choices);
    h.state().send(Command::Prune);
    h.run_steps(2);
    wait(&mut h, "the run", |s| s.store().runs.len() == 1 && s.is_idle());
    let id = h.state().session().store().runs[0].id;
    h.state().send(Command::Export(id, bundle.clone()));
    h.run_steps(2);
    wait(&mut h, "the bundle", |s| s.is_idle() && s.store().export.last.is_some());

    let ctx = h.ctx.clone();
    h.state_mut().perform(Action::Show(Pane::Monitor), &ctx);
    h.run_steps(4);
    h.get_by_label("No check yet");
    assert!(h.get_by_role_and_label(Role::Button, "Check").accesskit_node().is_disabled());
    choices.then(&bundle);
    h.get_by_role_and_label(Role::Button, "Choose bundle").click();
    h.run_steps(4);
    wait(&mut h, "the choice", |s| !s.store().monitor.asked.bundle.is_empty());
    h.get_by_role_and_label(Role::TextInput, "Today's graph").click();
    h.run_steps(3);
    h.get_by_role_and_label(Role::TextInput, "Today's graph").type_text("sample:karate");
    h.run_steps(4);
    assert_eq!(h.state().session().store().monitor.asked.graph, "sample:karate");
    for n in 1..=2 {
        h.get_by_role_and_label(Role::Button, "Check").click();
        h.run_steps(2);
        wait(&mut h, "the check", move |s| s.is_idle() && s.store().monitor.history.len() == n);
    }
    let newest = h.state().session().store().monitor.history[1].clone();
    assert_eq!((newest.check.level, newest.check.n_arrived, newest.graph.as_str()), (Level::Fine, 0, "sample:karate"));
    h.get_by_label("✓ Fine");
    h.get_by_label("Nothing speaks against the pruned model on this graph");
    h.get_by_role_and_label(Role::Image, "Checks over time");
    assert!(folder.path().join("b.checks.jsonl").exists() && !bundle.join("b.checks.jsonl").exists());

    // What cannot be read is said, and the answer from before stays.
    let asked = CheckAsk { graph: "no such graph".into(), ..h.state().session().store().monitor.asked.clone() };
    h.state().send(Command::SetCheck(Box::new(asked)));
    h.state().send(Command::CheckBundle);
    h.run_steps(2);
    wait(&mut h, "the refusal", Session::is_idle);
    assert_eq!(h.state().session().store().monitor.history.len(), 2);
    assert!(!h.state().session().store().notices.all().is_empty(), "it is among the notices");
}

#[test]
fn checks_are_reached_without_anything_open_and_left_again() {
    let choices = Choices::default();
    let mut h = window([1280.0, 800.0], &choices);
    h.run_steps(2);
    h.get_by_role_and_label(Role::Button, "Check a bundle").click();
    h.run_steps(3);
    h.get_by_label("No check yet");
    h.get_by_role_and_label(Role::TextInput, "Bundle");
    assert_eq!(h.state().shown_pane(), Some(Pane::Monitor));
    h.get_by_role_and_label(Role::Button, "← Back").click();
    h.run_steps(3);
    assert!(h.query_by_label("No check yet").is_none());
    h.get_by_label("Start with a sample");
    // By its shortcut, and back by Esc.
    h.key_press_modifiers(Modifiers::COMMAND, Key::Num8);
    h.run_steps(3);
    h.get_by_label("No check yet");
    h.key_press(Key::Escape);
    h.run_steps(3);
    h.get_by_label("Start with a sample");
    // A graph that is opened then is shown as ever.
    h.key_press_modifiers(Modifiers::COMMAND, Key::Num8);
    h.run_steps(3);
    h.state().send(Command::OpenSample("sample:karate".into()));
    h.run_steps(2);
    wait(&mut h, "karate", |s| s.store().graph.is_some() && s.is_idle());
    h.run_steps(2);
    assert!(h.query_by_role_and_label(Role::Button, "← Back").is_none());
}

#[test]
fn a_graph_that_is_dropped_is_held_against_the_bundle() {
    let folder = tempfile::tempdir().expect("a folder");
    let (bundle, later) = (folder.path().join("b"), folder.path().join("later"));
    let choices = Choices::default();
    let mut h = with_karate([1280.0, 800.0], &choices);
    h.state().send(Command::Prune);
    h.run_steps(2);
    wait(&mut h, "the run", |s| s.store().runs.len() == 1 && s.is_idle());
    let id = h.state().session().store().runs[0].id;
    h.state().send(Command::Export(id, bundle.clone()));
    h.state().send(Command::StoreGraph(later.clone(), StoreForm::Arrays));
    h.run_steps(2);
    wait(&mut h, "bundle and graph", |s| s.is_idle() && s.store().export.last.is_some());
    let drop_files = |h: &mut Harness<'_, App>, paths: &[&PathBuf]| {
        for path in paths {
            h.input_mut().dropped_files.push(std::sync::Arc::new(Dropped((*path).clone())));
        }
        h.step();
        wait(h, "the report", |s| s.store().import.is_some() && s.is_idle());
        h.run_steps(2);
    };
    let button = "Check the bundle against it";
    // No bundle is known: a graph is opened, and that is all.
    drop_files(&mut h, &[&later]);
    assert!(h.query_by_role_and_label(Role::Button, button).is_none());
    h.get_by_role_and_label(Role::Button, "Discard").click();
    h.run_steps(3);
    // With the bundle, nothing has to be named.
    drop_files(&mut h, &[&bundle, &later]);
    h.get_by_role_and_label(Role::Button, "Accept");
    h.get_by_role_and_label(Role::Button, button).click();
    h.run_steps(3);
    wait(&mut h, "the check", |s| s.is_idle() && s.store().monitor.history.len() == 1);
    h.run_steps(2);
    assert_eq!(h.state().shown_pane(), Some(Pane::Monitor));
    h.get_by_label("✓ Fine");
    let store = h.state().session().store();
    assert!(store.import.is_none() && store.graph.as_ref().is_some_and(|graph| graph.spec == "sample:karate"));
    assert_eq!(store.monitor.asked.bundle, bundle.display().to_string());
    assert_eq!(store.monitor.asked.graph, later.display().to_string());
    // Now it is known: the next graph comes alone.
    drop_files(&mut h, &[&later]);
    h.get_by_role_and_label(Role::Button, button).click();
    h.run_steps(3);
    wait(&mut h, "the second check", |s| s.is_idle() && s.store().monitor.history.len() == 2);
}
