//! The table of runs: notes and tags are typed in its menu and found by the filter; it is saved and copied with every number.

use eframe::egui::accesskit::Role;
use eframe::egui::{Key, OutputCommand};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use unifews::ui::App;

use super::{Choices, wait, with_runs};

/// Types a text into the field of a run's menu.
fn typed(h: &mut Harness<'_, App>, run: &str, menu: &str, field: &str, text: &str) {
    h.get_by_label(&format!("Actions for {run}")).click();
    h.run_steps(3);
    h.get_by_role_and_label(Role::Button, menu).click();
    h.run_steps(3);
    h.get_by_role_and_label(Role::TextInput, field).type_text(text);
    h.run_steps(2);
    h.key_press(Key::Enter);
    h.run_steps(3);
}

#[test]
fn notes_and_tags_are_typed_and_found() {
    let choices = Choices::default();
    let mut h = with_runs([1440.0, 900.0], &choices, [(0.3, 0.3), (1.5, 0.3)]);
    for heading in ["Edges removed", "Weights removed", "Operations"] {
        assert_eq!(h.query_all_by_role_and_label(Role::Button, heading).count(), 1, "{heading}");
    }
    typed(&mut h, "Run 1", "Note…", "Note", "for the board");
    typed(&mut h, "Run 2", "Tags…", "Tags, with commas between", "bold, June");
    let runs = &h.state().session().store().runs;
    assert_eq!(runs[0].note, "for the board");
    assert_eq!(runs[1].tags, ["bold", "June"]);
    assert!(h.query_by_label("for the board").is_some() && h.query_by_label("bold").is_some());
    for (wanted, left) in [("board", "Run 1"), ("june", "Run 2")] {
        let field = h.get_by_role_and_label(Role::TextInput, "Filter runs");
        field.focus();
        h.run_steps(1);
        h.key_press_modifiers(eframe::egui::Modifiers::COMMAND, Key::A);
        h.get_by_role_and_label(Role::TextInput, "Filter runs").type_text(wanted);
        h.run_steps(3);
        let rows = ["Run 1", "Run 2"].map(|name| h.query_by_role_and_label(Role::Row, name).is_some());
        assert_eq!(rows, [left == "Run 1", left == "Run 2"], "{wanted}");
    }
}

#[test]
fn escape_leaves_a_note_as_it_was() {
    let choices = Choices::default();
    let mut h = with_runs([1440.0, 900.0], &choices, [(0.3, 0.3), (1.5, 0.3)]);
    h.get_by_label("Actions for Run 1").click();
    h.run_steps(3);
    h.get_by_role_and_label(Role::Button, "Note…").click();
    h.run_steps(3);
    h.get_by_role_and_label(Role::TextInput, "Note").type_text("never mind");
    h.run_steps(2);
    h.key_press(Key::Escape);
    h.run_steps(3);
    assert!(h.state().session().store().runs[0].note.is_empty());
    assert!(h.query_by_role_and_label(Role::TextInput, "Note").is_none());
}

#[test]
fn the_table_is_saved_and_copied_with_what_is_seen() {
    let folder = tempfile::tempdir().expect("a folder");
    let choices = Choices::default();
    let mut h = with_runs([1440.0, 900.0], &choices, [(0.3, 0.3), (1.5, 0.3)]);
    let file = folder.path().join("runs.csv");
    choices.then(file.clone());
    h.get_by_role_and_label(Role::Button, "Save table…").click();
    h.run_steps(3);
    wait(&mut h, "the file", |s| s.is_idle() && file.is_file());
    let text = std::fs::read_to_string(&file).expect("written");
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(text.starts_with("run,note,tags,") && text.contains("\nRun 2,"), "{text}");
    h.get_by_role_and_label(Role::TextInput, "Filter runs").focus();
    h.run_steps(1);
    h.get_by_role_and_label(Role::TextInput, "Filter runs").type_text("Run 1");
    h.run_steps(3);
    h.get_by_role_and_label(Role::Button, "Copy table").click();
    let mut copied = String::new();
    for _ in 0..3 {
        h.step();
        for command in &h.output().platform_output.commands {
            if let OutputCommand::CopyText(text) = command {
                copied.clone_from(text);
            }
        }
    }
    let names: Vec<&str> = copied.lines().map(|line| line.split('\t').next().unwrap_or_default()).collect();
    assert_eq!(names, ["run", "Run 1"], "{copied}");
}

/// The rows that head groups, as they are read out.
fn headings(h: &Harness<'_, App>) -> Vec<String> {
    let rows = h.query_all_by_role(Role::Row);
    rows.filter_map(|row| row.accesskit_node().label()).filter(|label| label.starts_with("Group ")).collect()
}

fn group_by(h: &mut Harness<'_, App>, by: &str) {
    h.get_by_role_and_label(Role::ComboBox, "Group by").click();
    h.run_steps(3);
    h.get_by_role_and_label(Role::Button, by).click();
    h.run_steps(3);
}

#[test]
fn runs_stand_in_groups_that_are_kept_and_deleted_as_one() {
    let choices = Choices::default();
    let mut h = with_runs([1440.0, 900.0], &choices, [(0.3, 0.0), (1.5, 0.3)]);
    assert!(headings(&h).is_empty(), "no groups at first");
    group_by(&mut h, "method");
    let found = headings(&h);
    // The newest run is the first row, and so is its group.
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("Group Unifews, 1 run, test best ") && found[0].ends_with(" ±0.0 %"), "{found:?}");
    assert!(found[1].starts_with("Group Unifews (edges), 1 run, "), "{found:?}");
    group_by(&mut h, "network");
    let found = headings(&h);
    assert!(found.len() == 1 && found[0].contains(", 2 runs, test best "), "{found:?}");
    typed(&mut h, "Run 2", "Tags…", "Tags, with commas between", "bold, June");
    group_by(&mut h, "tag");
    let found = headings(&h);
    assert!(found[0].starts_with("Group bold, 1 run") && found[1].starts_with("Group no tag, 1 run"), "{found:?}");
    for name in ["Run 1", "Run 2"] {
        assert_eq!(h.query_all_by_role_and_label(Role::Row, name).count(), 1, "every run stands once");
    }
    let act = |h: &mut Harness<'_, App>, what: &str| {
        h.get_by_label("Actions for the group bold").click();
        h.run_steps(3);
        h.get_by_role_and_label(Role::Button, what).click();
        h.run_steps(3);
        h.state().session().store().runs.iter().map(|run| run.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(act(&mut h, "Delete the group"), ["Run 1"]);
    h.key_press_modifiers(eframe::egui::Modifiers::COMMAND, Key::Z);
    h.run_steps(3);
    assert_eq!(act(&mut h, "Keep this group alone"), ["Run 2"]);
    assert_eq!(headings(&h).len(), 1);
}
