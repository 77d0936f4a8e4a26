//! Every size of the window: what has to be in view without scrolling, and where panes go when there is little room.

use eframe::egui::Rect;
use eframe::egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use unifews::session::{Command, Session};
use unifews::ui::App;

use super::{Choices, wait, with_karate};

fn tab(h: &Harness<'_, App>, name: &str) -> Rect {
    h.get_by_role_and_label(Role::Tab, name).rect()
}

fn select(h: &mut Harness<'_, App>) {
    h.state().send(Command::SelectNode(Some(5)));
    h.run_steps(6);
    wait(h, "the node", Session::is_idle);
    h.run_steps(6);
}

#[test]
fn a_small_window_shows_the_whole_recipe_and_has_the_inspector_beside_the_verdict() {
    let choices = Choices::default();
    let mut h = with_karate([1280.0, 800.0], &choices);
    select(&mut h);
    let (verdict, inspector) = (tab(&h, "Verdict"), tab(&h, "Inspector"));
    assert!((verdict.top() - inspector.top()).abs() < 1.0, "{verdict:?} {inspector:?}");
    let controls =
        [(Role::ComboBox, "Edge mode"), (Role::ComboBox, "Weight mode"), (Role::CheckBox, "Recover accuracy")];
    let folds = ["More settings", "Network"].map(|name| (name, h.get_by_label_contains(name).rect()));
    let controls = controls.map(|(role, name)| (name, h.get_by_role_and_label(role, name).rect()));
    for (name, rect) in controls.into_iter().chain(folds) {
        assert!(rect.bottom() <= verdict.top(), "{name} {rect:?} is above {verdict:?}");
    }
    h.state().send(Command::SelectNode(None));
    h.run_steps(6);
    assert!(h.query_by_role_and_label(Role::Tab, "Inspector").is_none());
}

#[test]
fn a_window_that_grows_has_the_inspector_below_the_verdict_and_one_that_shrinks_beside_it() {
    let choices = Choices::default();
    let mut h = with_karate([1600.0, 1200.0], &choices);
    select(&mut h);
    let is_below = |h: &Harness<'_, App>| tab(h, "Inspector").top() > tab(h, "Verdict").bottom() + 60.0;
    assert!(is_below(&h));
    for _ in 0..2 {
        h.set_size([1600.0, 800.0].into());
        h.run_steps(6);
        assert!(!is_below(&h));
        h.set_size([1600.0, 1200.0].into());
        h.run_steps(6);
        assert!(is_below(&h));
        for pane in ["Recipe", "Verdict", "Inspector"] {
            assert!(tab(&h, pane).width() > 0.0);
        }
    }
}

#[test]
fn a_wide_window_gives_its_width_to_the_centre() {
    let choices = Choices::default();
    let mut h = with_karate([1440.0, 900.0], &choices);
    for (width, height) in [(3840.0, 2160.0), (1280.0, 800.0), (3840.0, 2160.0), (1440.0, 900.0)] {
        h.set_size([width, height].into());
        h.run_steps(6);
        let (centre, right) = (tab(&h, "Layers").left(), tab(&h, "Recipe").left());
        assert!((190.0..=330.0).contains(&centre), "the inputs take {centre} of {width}");
        assert!((275.0..=330.0).contains(&(width - right)), "the recipe takes {} of {width}", width - right);
    }
}
