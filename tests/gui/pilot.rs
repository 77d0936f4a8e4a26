//! Export › For a pilot: who answers is chosen, and a run is written beside its baseline.

use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use unifews::session::{Command, Phase};
use unifews::ui::dialogs::Ask;

use super::{Choices, wait, with_karate};

#[test]
fn a_run_is_written_beside_its_baseline() {
    let folder = tempfile::tempdir().expect("a folder");
    let choices = Choices::default();
    let mut h = with_karate([1600.0, 1400.0], &choices);
    h.get_by_role_and_label(Role::Button, "Prune").click();
    wait(&mut h, "the run", |s| s.store().runs.len() == 1 && s.is_idle());
    h.key_press_modifiers(Modifiers::COMMAND, Key::Num7);
    h.run_steps(4);
    assert!(h.query_by_label_contains("Not this run: a node").is_none(), "one class per node");
    assert!(h.query_by_label_contains("May lose").is_some(), "the limit is said before");
    let share = |h: &egui_kittest::Harness<'_, unifews::ui::App>| {
        h.get_by_role_and_label(Role::SpinButton, "Nodes to the pruned model").accesskit_node().numeric_value()
    };
    assert_eq!(share(&h), Some(50.0));
    let mut options = h.state().session().store().export.pilot;
    options.share = 0.2;
    h.state().send(Command::SetPilot(options));
    h.run_steps(3);
    assert_eq!(share(&h), Some(20.0));
    choices.then(folder.path().join("pilot"));
    h.get_by_role_and_label(Role::Button, "Export pilot…").click();
    wait(&mut h, "the export", |s| s.store().export.phase == Phase::Done && s.is_idle());
    assert_eq!(choices.last_asked(), Some(Ask::NewFolder { name: "karate-club-gcn-run-1-pilot".to_owned() }));
    h.run_steps(2);
    assert!(h.query_by_label("✓ Verified").is_some(), "the view says so");
    assert!(h.query_by_label_contains("README.md says how to start the server").is_some());
    let note = std::fs::read(folder.path().join("pilot/pilot.json")).expect("written");
    let note: serde_json::Value = serde_json::from_slice(&note).expect("JSON");
    assert_eq!((note["share"].as_f64(), note["sample"].as_f64()), (Some(0.2), Some(0.25)));
    let limit = h.state().session().store().limit;
    assert_eq!((note["limit"].as_f64(), note["limit_is"].as_str()), (Some(limit), Some("asked")));
    for file in ["serve.py", "read_log.py", "README.md", "baseline/load_bundle.py", "pruned/manifest.json"] {
        assert!(folder.path().join("pilot").join(file).is_file(), "{file}");
    }
    // Nothing above 0 can be shown where nothing may be lost.
    h.state().send(Command::SetLimit(0.0));
    h.run_steps(3);
    assert!(h.get_by_role_and_label(Role::Button, "Export pilot…").accesskit_node().is_disabled());
}
