//! Saving and leaving: one question before unsaved work goes, and files that are what their names say.

use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers, ViewportEvent};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use unifews::session::{Command, Session};
use unifews::ui::App;
use unifews::ui::dialogs::Ask;

use super::{Choices, wait, window, with_karate};

const SIZE: [f32; 2] = [1280.0, 800.0];
const CTRL: Modifiers = Modifiers::COMMAND;

/// A window with a run that no project keeps.
fn with_work(choices: &Choices) -> Harness<'static, App> {
    let mut h = with_karate(SIZE, choices);
    h.state().send(Command::Prune);
    wait(&mut h, "the run", |s| s.store().runs.len() == 1 && s.is_idle());
    h
}

fn quit(h: &mut Harness<'_, App>) {
    h.key_press_modifiers(CTRL, Key::Q);
    h.run_steps(3);
}

fn is_asked(h: &Harness<'_, App>) -> bool {
    h.query_by_label_contains("Save the changes to").is_some()
}

fn answer(h: &mut Harness<'_, App>, button: &str) {
    h.get_by_role_and_label(Role::Button, button).click();
    h.run_steps(3);
}

#[test]
fn without_unsaved_work_nothing_is_asked() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    quit(&mut h);
    assert!(!is_asked(&h) && h.state().is_closing(), "a sample comes again");
    let mut h = window(SIZE, &choices);
    quit(&mut h);
    assert!(h.state().is_closing(), "nothing is open");
}

#[test]
fn unsaved_work_is_asked_about_once_and_kept_discarded_or_saved() {
    let folder = tempfile::tempdir().expect("a folder");
    let choices = Choices::default();
    let mut h = with_work(&choices);
    quit(&mut h);
    assert!(is_asked(&h) && !h.state().is_closing(), "Ctrl+Q asks");
    answer(&mut h, "Keep working");
    assert!(!is_asked(&h) && !h.state().is_closing(), "back to work");
    quit(&mut h);
    h.key_press(Key::Escape);
    h.run_steps(3);
    assert!(!is_asked(&h) && !h.state().is_closing(), "Escape is the same");

    // The window's own button asks too.
    h.input_mut().viewports.entry(eframe::egui::ViewportId::ROOT).or_default().events.push(ViewportEvent::Close);
    h.run_steps(3);
    assert!(is_asked(&h) && !h.state().is_closing(), "so does the window's own button");
    // Nothing chosen in the dialog: nothing is left.
    answer(&mut h, "Save");
    assert_eq!(choices.last_asked(), Some(Ask::Save { name: "karate-club-gcn.unifews".to_owned() }));
    h.run_steps(5);
    assert!(!is_asked(&h) && !h.state().is_closing(), "not saved, so still here");

    // A folder that does not exist: the notice says so, nothing is left.
    quit(&mut h);
    choices.then(folder.path().join("nowhere/mine.unifews"));
    answer(&mut h, "Save");
    wait(&mut h, "the refusal", |s| s.is_idle() && s.store().notices.all().iter().any(|n| n.title.contains("failed")));
    h.run_steps(5);
    assert!(!h.state().is_closing() && h.state().session().has_unsaved_work(), "still here");

    quit(&mut h);
    choices.then(folder.path().join("mine.unifews"));
    answer(&mut h, "Save");
    wait(&mut h, "the project", |s| s.store().project.is_some() && s.is_idle());
    h.run_steps(5);
    assert!(h.state().is_closing() && folder.path().join("mine.unifews").is_file(), "saved, then gone");

    let mut h = with_work(&choices);
    quit(&mut h);
    answer(&mut h, "Discard");
    assert!(h.state().is_closing());
}

#[test]
fn closing_what_is_open_asks_too_and_forgets_the_project() {
    let folder = tempfile::tempdir().expect("a folder");
    let choices = Choices::default();
    let mut h = with_work(&choices);
    choices.then(folder.path().join("mine"));
    h.key_press_modifiers(CTRL, Key::S);
    wait(&mut h, "the project", |s| s.store().project.is_some() && s.is_idle());
    h.key_press_modifiers(CTRL, Key::W);
    h.run_steps(4);
    assert!(!is_asked(&h), "everything is saved");
    assert!(h.state().session().store().graph.is_none() && h.state().session().store().project.is_none());

    // Ctrl+S of other work does not touch the old project.
    let mut h2 = with_work(&choices);
    h2.key_press_modifiers(CTRL, Key::W);
    h2.run_steps(4);
    assert!(is_asked(&h2) && h2.state().session().store().graph.is_some(), "Ctrl+W asks");
    answer(&mut h2, "Discard");
    h2.run_steps(3);
    assert!(h2.state().session().store().graph.is_none() && !h2.state().is_closing(), "closed, and the window stays");
}

#[test]
fn save_as_asks_for_another_name_and_goes_on_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let choices = Choices::default();
    let mut h = with_work(&choices);
    let save_as = |h: &mut Harness<'_, App>, name: &str| {
        choices.then(folder.path().join(name));
        h.key_press_modifiers(CTRL | Modifiers::SHIFT, Key::S);
        let path = folder.path().join(name);
        wait(h, "the project", move |s| s.store().project.as_ref() == Some(&path) && s.is_idle());
    };
    save_as(&mut h, "first.unifews");
    save_as(&mut h, "second.json");
    assert_eq!(choices.last_asked(), Some(Ask::Save { name: "first.unifews".to_owned() }), "the old name is suggested");
    let before = std::fs::read(folder.path().join("first.unifews")).expect("there");
    h.get_by_role_and_label(Role::Slider, "δa").set_value_accesskit(1.2);
    wait(&mut h, "the preview", Session::is_idle);
    h.key_press_modifiers(CTRL, Key::S);
    wait(&mut h, "the file", |s| s.is_idle() && !s.store().is_changed);
    let (first, second) =
        (std::fs::read(folder.path().join("first.unifews")), std::fs::read(folder.path().join("second.json")));
    assert_eq!(first.expect("there"), before, "the first file stays as it was");
    assert!(String::from_utf8(second.expect("there")).expect("text").contains("1.2"), "the second one is saved");
}

#[test]
fn a_picture_is_what_its_name_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let choices = Choices::default();
    let mut h = with_work(&choices);
    let save = |h: &mut Harness<'_, App>, as_what: &str, name: &str| {
        choices.then(folder.path().join(name));
        let centre = h.get_by_role_and_label(Role::Image, "Edges of layer 1").rect().center();
        h.hover_at(centre);
        h.step();
        h.get_by_role_and_label(Role::Image, "Edges of layer 1").click_secondary();
        h.run_steps(3);
        h.get_by_label(as_what).click();
        h.run_steps(3);
        wait(h, "the file", Session::is_idle);
        let notices = h.state().session().store().notices.all();
        notices.last().map(|n| n.title.clone()).unwrap_or_default()
    };
    save(&mut h, "Save PNG…", "a.svg");
    save(&mut h, "Save SVG…", "b.png");
    save(&mut h, "Save PNG…", "c.csv");
    let told = save(&mut h, "Save PNG…", "d.pdf");
    let start = |name: &str| {
        let bytes = std::fs::read(folder.path().join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes[..bytes.len().min(12)]).into_owned()
    };
    assert!(start("a.svg").starts_with("<svg") || start("a.svg").starts_with("<?xml"), "{:?}", start("a.svg"));
    assert!(start("b.png").contains("PNG"), "{:?}", start("b.png"));
    assert!(start("c.csv").starts_with("\"source node"), "{:?}", start("c.csv"));
    assert!(start("d.pdf.png").contains("PNG") && start("d.pdf").is_empty(), "{told}");
    assert!(told.ends_with("d.pdf.png"), "the notice names the file that is there: {told}");
}

#[test]
fn where_the_desktop_has_no_file_dialog_a_path_is_typed() {
    let folder = tempfile::tempdir().expect("a folder");
    let choices = Choices::default();
    *choices.is_without.lock().expect("not poisoned") = true;
    let mut h = with_karate(SIZE, &choices);
    h.key_press_modifiers(Modifiers::COMMAND, Key::S);
    h.run_steps(3);
    assert!(h.query_by_label_contains("shows no file dialog").is_some(), "it says why");
    let line = h.get_by_role_and_label(Role::TextInput, "Path of the file or folder");
    assert_eq!(line.value().as_deref(), Some("karate-club-gcn.unifews"), "the name is suggested");
    // Thought better of it: nothing is written, and Escape cancels nothing else.
    h.key_press(Key::Escape);
    h.run_steps(3);
    assert!(h.query_by_label_contains("shows no file dialog").is_none());
    assert!(h.state().session().store().project.is_none());

    h.key_press_modifiers(Modifiers::COMMAND, Key::S);
    h.run_steps(3);
    let path = folder.path().join("typed.unifews");
    h.key_press_modifiers(Modifiers::COMMAND, Key::A);
    h.get_by_role_and_label(Role::TextInput, "Path of the file or folder").type_text(&path.display().to_string());
    h.run_steps(3);
    h.get_by_role_and_label(Role::Button, "Save").click();
    wait(&mut h, "the project", |s| s.store().project.is_some() && s.is_idle());
    assert!(path.is_file(), "what was typed is where it is");
    // A file that is there is named before it is replaced.
    h.state().send(Command::Prune);
    wait(&mut h, "a run", |s| s.store().runs.len() == 1 && s.is_idle());
    h.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::S);
    h.run_steps(3);
    h.key_press_modifiers(Modifiers::COMMAND, Key::A);
    h.get_by_role_and_label(Role::TextInput, "Path of the file or folder").type_text(&path.display().to_string());
    h.run_steps(3);
    assert!(h.query_by_label("replaces the file that is there").is_some());
}
