//! Export › Report: language, form and price are chosen, and the page of a run is written.

use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use unifews::session::words::Language;
use unifews::session::{Command, Currency};
use unifews::ui::dialogs::Ask;

use super::{Choices, wait, with_karate};

#[test]
fn the_page_of_a_run_is_written_in_the_chosen_language() {
    let folder = tempfile::tempdir().expect("a folder");
    let choices = Choices::default();
    let mut h = with_karate([1600.0, 1800.0], &choices);
    h.get_by_role_and_label(Role::Button, "Prune").click();
    wait(&mut h, "the run", |s| s.store().runs.len() == 1 && s.is_idle());
    h.key_press_modifiers(Modifiers::COMMAND, Key::Num7);
    h.run_steps(4);
    choices.then(folder.path().join("english.html"));
    h.get_by_role_and_label(Role::Button, "Write report…").click();
    wait(&mut h, "the report", |s| s.store().export.last_report.is_some() && s.is_idle());
    assert_eq!(choices.last_asked(), Some(Ask::Save { name: "karate-club-gcn-run-1-report.html".to_owned() }));
    let english = std::fs::read_to_string(folder.path().join("english.html")).expect("written");
    assert!(english.contains("<html lang=\"en\">") && english.contains("Roll-out"), "{english}");
    assert!(!english.contains("million predictions at"), "no price was set");
    let notices = h.state().session().store().notices.all().to_vec();
    assert!(notices.iter().any(|notice| notice.title.starts_with("Report written to")), "{notices:?}");
    h.run_steps(2);
    assert!(h.query_by_label("Show the report in its folder").is_some());

    h.get_by_label("Language of the report: 日本語").click();
    h.run_steps(3);
    let mut choice = h.state().session().store().export.report;
    assert_eq!(choice.language, Some(Language::Japanese));
    (choice.per_core_hour, choice.currency) = (6.0, Currency::Jpy);
    h.state().send(Command::SetReport(choice));
    h.run_steps(2);
    // A name without an ending gets one.
    choices.then(folder.path().join("japanese"));
    h.get_by_role_and_label(Role::Button, "Write report…").click();
    wait(&mut h, "the report", |s| {
        s.is_idle()
            && s.store().export.last_report.as_ref().is_some_and(|(_, last)| last.path.ends_with("japanese.html"))
    });
    let japanese = std::fs::read_to_string(folder.path().join("japanese.html")).expect("written");
    assert!(japanese.contains("<html lang=\"ja\">") && japanese.contains("導入計画"), "{japanese}");
    let left = std::fs::read_dir(folder.path()).expect("a folder").flatten().map(|entry| entry.file_name());
    let mut left: Vec<String> = left.map(|name| name.to_string_lossy().into_owned()).collect();
    left.sort();
    assert_eq!(left, ["english.html", "japanese.html"], "nothing else stays behind");
}
