//! *Help › Report a problem*: what is copied, and what internal errors left.

use eframe::egui::accesskit::Role;
use eframe::egui::{Key, OutputCommand};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use unifews::io::crash_reports::{crash_reports, write_crash_report};
use unifews::session::Session;
use unifews::ui::{App, Settings};

use super::{Choices, canvas, wait, with_settings};

/// What a click on a button puts on the clipboard.
fn copied_by(h: &mut Harness<'_, App>, button: &str) -> Option<String> {
    h.get_by_role_and_label(Role::Button, button).click();
    (0..4).find_map(|_| {
        h.step();
        h.output().platform_output.commands.iter().find_map(|command| match command {
            OutputCommand::CopyText(text) => Some(text.clone()),
            _ => None,
        })
    })
}

#[test]
fn a_problem_is_reported_from_the_menu() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("crashes");
    write_crash_report(&root, "a report\nerror: index out of bounds\nplace: x.rs:1\n", 0).expect("written");
    let settings = Settings { crash_reports: Some(root.clone()), renderer: "glow".to_owned(), ..Settings::default() };
    let mut h = with_settings([1280.0, 800.0], &Choices::default(), &canvas::Canvas::default(), settings);
    wait(&mut h, "the reports", |s| s.is_idle() && !s.diagnosis().reports.is_empty());
    h.run_steps(2);
    assert!(h.query_by_label_contains("The program met an internal error").is_some(), "it says so");

    h.get_by_role_and_label(Role::Button, "Help").click();
    h.run_steps(2);
    h.get_by_role_and_label(Role::Button, "Report a problem").click();
    h.run_steps(2);
    wait(&mut h, "a look at the machine", Session::is_idle);
    h.run_steps(2);
    assert!(h.query_by_label_contains("index out of bounds").is_some());
    let text = copied_by(&mut h, "Copy diagnostics").expect("on the clipboard");
    for part in [env!("CARGO_PKG_VERSION"), "Processor: ", "Drawn by: glow", "Window: 1280 × 800", "Recipe"] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert!(copied_by(&mut h, "Copy report 1").is_some_and(|text| text.contains("place: x.rs:1")));
    h.get_by_role_and_label(Role::Button, "Remove reports").click();
    wait(&mut h, "an empty list", |s| s.is_idle() && s.diagnosis().reports.is_empty());
    assert!(crash_reports(&root).is_empty());
    h.run_steps(2);
    assert!(h.query_by_role_and_label(Role::Button, "Remove reports").is_none());
    h.key_press(Key::Escape);
    h.run_steps(2);
    assert!(h.query_by_role_and_label(Role::Button, "Copy diagnostics").is_none(), "closed");
}
