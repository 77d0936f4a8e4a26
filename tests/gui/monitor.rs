//! A bundle is checked in the window: what is asked for, the answer, its history.

use eframe::egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use unifews::engine::monitor::Level;
use unifews::session::{CheckAsk, Command, Session};
use unifews::ui::actions::Action;
use unifews::ui::views::Pane;

use super::{Choices, wait, with_karate};

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
