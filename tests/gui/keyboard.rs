//! The main job without a pointer: Tab, arrows, Enter and shortcuts alone.

use std::sync::Arc;

use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use unifews::session::{Phase, Session, format};
use unifews::ui::App;
use unifews::ui::dialogs::Ask;
use unifews::ui::views::Pane;

use super::{Choices, wait, window};

const SIZE: [f32; 2] = [1440.0, 900.0];
/// Everything on the screen has had the focus after so many steps.
const MAX_STEPS: usize = 200;

/// Goes on with Tab until a widget has the focus.
fn tab_to(h: &mut Harness<'_, App>, role: Role, name: &str) {
    let has_come = (0..MAX_STEPS).any(|_| {
        let is_there = h.get_by_role_and_label(role, name).is_focused();
        if !is_there {
            h.key_press(Key::Tab);
            h.run_steps(2);
        }
        is_there
    });
    assert!(has_come, "{role:?} {name} never had the focus");
}

fn press(h: &mut Harness<'_, App>, key: Key) {
    h.key_press(key);
    h.run_steps(2);
}

fn is_current(session: &Session) -> bool {
    session.is_idle() && session.store().shown().is_some_and(|run| session.store().is_current(run))
}

#[test]
fn a_sample_is_opened_pruned_read_and_exported_without_a_pointer() {
    let folder = tempfile::tempdir().expect("a folder");
    let choices = Choices::default();
    let mut h = window(SIZE, &choices);

    tab_to(&mut h, Role::Button, "Karate club");
    press(&mut h, Key::Enter);
    wait(&mut h, "the first picture", is_current);

    tab_to(&mut h, Role::Slider, "δa");
    let delta = |h: &Harness<'_, App>| h.state().session().store().recipe.edges.delta[0];
    let before = delta(&h);
    for _ in 0..3 {
        press(&mut h, Key::ArrowRight);
    }
    wait(&mut h, "the preview", is_current);
    assert!(delta(&h) > before, "{} after {before}", delta(&h));
    h.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    h.run_steps(2);
    wait(&mut h, "the preview", is_current);
    assert!((delta(&h) - before).abs() < 1e-12, "the arrows are one step to undo");

    tab_to(&mut h, Role::Button, "Prune");
    press(&mut h, Key::Enter);
    wait(&mut h, "the run", |s| s.store().runs.len() == 1 && s.is_idle());

    // The verdict, as a screen reader has it: what is removed, what stays right, and what kind of numbers they are.
    let run = Arc::clone(&h.state().session().store().runs[0].run);
    for text in [
        format::percent(run.pruned.edge_sparsity()),
        format::percent(run.evaluation.agreement),
        "Removed".to_owned(),
        "Time".to_owned(),
        "exact".to_owned(),
    ] {
        assert!(h.query_all_by_label(&text).next().is_some(), "{text}");
    }
    assert!(h.query_all_by_label("stale").next().is_none(), "the run answers the recipe");

    choices.then(folder.path().join("bundle"));
    h.key_press_modifiers(Modifiers::COMMAND, Key::E);
    wait(&mut h, "the export", |s| s.store().export.phase == Phase::Done && s.is_idle());
    assert_eq!(choices.last_asked(), Some(Ask::NewFolder { name: "karate-club-gcn-run-1".to_owned() }));
    assert_eq!(h.state().shown_pane(), Some(Pane::Export));
    assert!(h.query_by_label("✓ Verified").is_some());
    assert!(folder.path().join("bundle/manifest.json").is_file());
    assert!(!h.ctx.input(|input| input.pointer.has_pointer()), "nothing was pointed at");
}

#[test]
fn a_menu_and_the_palette_are_reached_with_keys() {
    let choices = Choices::default();
    let mut h = window(SIZE, &choices);
    tab_to(&mut h, Role::Button, "File");
    press(&mut h, Key::Enter);
    tab_to(&mut h, Role::Button, "Save recipe…");
    press(&mut h, Key::Enter);
    assert_eq!(choices.last_asked(), Some(Ask::Save { name: "recipe.toml".to_owned() }));

    h.key_press_modifiers(Modifiers::COMMAND, Key::K);
    h.run_steps(3);
    h.get_by_role_and_label(Role::TextInput, "Find an action").type_text("shortcuts");
    h.run_steps(3);
    press(&mut h, Key::Enter);
    assert!(h.query_by_label("Sliders, plots and heatmaps").is_some(), "the page is open");
    press(&mut h, Key::Escape);
    assert!(h.query_by_label("Sliders, plots and heatmaps").is_none(), "and closed");
    assert!(!h.ctx.input(|input| input.pointer.has_pointer()), "nothing was pointed at");
}
