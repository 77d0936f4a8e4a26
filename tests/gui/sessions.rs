//! The welcome page offers a session that did not end.

use std::path::Path;

use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use unifews::io::autosave::left_behind;
use unifews::session::{Command, Session};
use unifews::ui::views::Pane;
use unifews::ui::{App, Settings};

use super::{Choices, canvas, wait, with_settings};

const SIZE: [f32; 2] = [1280.0, 800.0];

/// A window whose session is kept below `root`.
fn kept(root: &Path) -> Harness<'static, App> {
    let settings = Settings { sessions: Some(root.to_owned()), ..Settings::default() };
    let mut h = with_settings(SIZE, &Choices::default(), &canvas::Canvas::default(), settings);
    wait(&mut h, "what was left", Session::is_idle);
    h
}

/// A window with a run, kept, and then gone without an end.
fn leave_work(root: &Path) {
    let mut h = kept(root);
    h.get_by_role_and_label(Role::Button, "Karate club").click();
    wait(&mut h, "the first picture", |s| s.is_idle() && s.store().shown().is_some());
    h.state().send(Command::Prune);
    wait(&mut h, "the run", |s| s.store().runs.len() == 1 && s.is_idle());
    h.key_press_modifiers(Modifiers::COMMAND, Key::Num6);
    // The time of the window goes on with its frames.
    h.run_steps(150);
    wait(&mut h, "the write", Session::is_idle);
    h.run_steps(150);
    wait(&mut h, "the write", Session::is_idle);
    drop(h);
    assert_eq!(left_behind(root).len(), 1, "kept");
}

#[test]
fn a_session_that_did_not_end_is_offered_and_restored_with_a_click() {
    let root = tempfile::tempdir().expect("a folder");
    leave_work(root.path());
    let mut h = kept(root.path());
    assert!(h.query_by_label("Restore last session").is_some());
    assert!(h.query_by_label_contains("1 run").is_some(), "it says what it holds");
    assert!(h.state().session().store().graph.is_none(), "nothing is opened unasked");
    h.get_by_role_and_label(Role::Button, "Restore").click();
    wait(&mut h, "the run", |s| s.store().runs.len() == 1 && s.is_idle());
    assert_eq!(h.state().shown_pane(), Some(Pane::Runs), "the layout is as it was");
    assert!(h.state().session().has_unsaved_work());
}

#[test]
fn what_is_discarded_or_ended_is_not_offered_again() {
    let root = tempfile::tempdir().expect("a folder");
    leave_work(root.path());
    let mut h = kept(root.path());
    h.get_by_role_and_label(Role::Button, "Discard").click();
    h.run_steps(3);
    assert!(h.query_by_label("Restore last session").is_none());
    drop(h);
    assert!(kept(root.path()).query_by_label("Restore last session").is_none());

    // Left with an answer: nothing is offered.
    leave_work(root.path());
    let mut h = kept(root.path());
    h.get_by_role_and_label(Role::Button, "Restore").click();
    wait(&mut h, "the run", |s| s.store().runs.len() == 1 && s.is_idle());
    h.run_steps(150);
    wait(&mut h, "the write", Session::is_idle);
    h.key_press_modifiers(Modifiers::COMMAND, Key::Q);
    h.run_steps(3);
    h.get_by_role_and_label(Role::Button, "Discard").click();
    h.run_steps(3);
    assert!(h.state().is_closing());
    eframe::App::on_exit(h.state_mut(), None);
    drop(h);
    assert!(left_behind(root.path()).is_empty());
}

#[test]
fn one_that_cannot_be_read_says_why_and_only_goes() {
    let root = tempfile::tempdir().expect("a folder");
    let folder = unifews::io::autosave::SessionFolder::begin(root.path()).expect("made");
    folder.write(unifews::io::autosave::STATE_NAME, b"{\"format\": \"unifews-project/9\"}").expect("written");
    drop(folder);
    let mut h = kept(root.path());
    assert!(h.query_by_label("The last session cannot be read").is_some());
    assert!(h.query_by_label_contains("unifews-project/9").is_some(), "why");
    assert!(h.query_by_role_and_label(Role::Button, "Restore").is_none());
    h.get_by_role_and_label(Role::Button, "Discard").click();
    h.run_steps(3);
    assert!(h.query_by_label("The last session cannot be read").is_none());
}
