//! Parallel coordinates: a line for every run and point; axes are turned, moved and limited; a click takes a recipe over.

use eframe::egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use unifews::engine::experiment::SweepGrid;
use unifews::session::{Command, Phase};
use unifews::ui::App;
use unifews::ui::actions::Action;
use unifews::ui::views::Pane;

use super::{Choices, wait, with_karate};

/// A window with a run and a sweep of 3 × 2 points, all together in front.
fn together(choices: &Choices) -> Harness<'static, App> {
    let mut h = with_karate([1440.0, 900.0], choices);
    let mut recipe = h.state().session().store().recipe.clone();
    recipe.recovery = None;
    recipe.edges.delta = vec![0.3];
    recipe.weights.delta = vec![0.3];
    h.state().send(Command::SetRecipe(Box::new(recipe), None));
    h.run_steps(2);
    h.state().send(Command::Prune);
    wait(&mut h, "a run", |s| s.store().runs.len() == 1 && s.is_idle());
    let grid = SweepGrid { delta_a: vec![0.0, 0.4, 0.8], delta_w: vec![0.1, 0.6] };
    h.state().send(Command::Sweep(grid));
    wait(&mut h, "the sweep", |s| s.store().sweep.phase == Phase::Done && s.is_idle());
    let ctx = h.ctx.clone();
    h.state_mut().perform(Action::Show(Pane::Tradeoff), &ctx);
    h.run_steps(3);
    h.get_by_label("All trials").click();
    h.run_steps(4);
    h
}

fn deltas(h: &Harness<'_, App>) -> (f64, f64) {
    let recipe = &h.state().session().store().recipe;
    (recipe.edges.delta[0], recipe.weights.delta[0])
}

fn says(h: &Harness<'_, App>, text: &str) -> bool {
    h.query_by_label(text).is_some()
}

#[test]
fn a_click_on_a_line_takes_its_recipe_over() {
    let choices = Choices::default();
    let mut h = together(&choices);
    assert!(says(&h, "7 of 7 trials within the limits"));
    assert!(h.query_by_role_and_label(Role::Button, "Line Run 1").is_some(), "runs are lines, too");
    h.get_by_role_and_label(Role::Button, "Line δa 0.8 δw 0.6").click_accesskit();
    h.run_steps(3);
    assert_eq!(deltas(&h), (0.8, 0.6));
    // The line itself: that of the smallest δa and δw runs along the bottom.
    let axis =
        |h: &Harness<'_, App>, name: &str| h.get_by_role_and_label(Role::Image, &format!("Values of {name}")).rect();
    let (from, to) = (axis(&h, "δa"), axis(&h, "δw"));
    let middle = eframe::egui::pos2(f32::midpoint(from.center().x, to.center().x), from.bottom() - 5.0);
    h.hover_at(middle);
    h.run_steps(2);
    h.drag_at(middle);
    h.step();
    h.drop_at(middle);
    h.run_steps(3);
    assert_eq!(deltas(&h), (0.0, 0.1));
}

#[test]
fn limits_are_dragged_and_typed() {
    let choices = Choices::default();
    let mut h = together(&choices);
    let bar = h.get_by_role_and_label(Role::Image, "Values of δa").rect();
    let at = |share: f32| eframe::egui::pos2(bar.center().x, bar.bottom() - 4.0 - share * (bar.height() - 8.0));
    h.hover_at(at(0.45));
    h.step();
    h.drag_at(at(0.45));
    h.step();
    for share in [0.6, 0.8, 1.0] {
        h.hover_at(at(share));
        h.run_steps(2);
    }
    h.drop_at(at(1.0));
    h.run_steps(3);
    assert!(says(&h, "4 of 7 trials within the limits"), "δa of 0.4 and 0.8 with two δw each");
    assert!(h.query_by_role_and_label(Role::Button, "Line δa 0 δw 0.6").is_none(), "it lies outside");
    h.get_by_role_and_label(Role::Button, "Clear limits").click();
    h.run_steps(3);
    assert!(says(&h, "7 of 7 trials within the limits"));
    h.get_by_role_and_label(Role::SpinButton, "Most of δa").set_value_accesskit(0.3);
    h.run_steps(3);
    assert!(h.query_by_role_and_label(Role::Button, "Line δa 0.8 δw 0.6").is_none());
    assert!(h.query_by_role_and_label(Role::Button, "Line δa 0 δw 0.6").is_some());
}

#[test]
fn axes_are_turned_around_and_moved() {
    let choices = Choices::default();
    let mut h = together(&choices);
    let x = |h: &Harness<'_, App>, name: &str| {
        h.get_by_role_and_label(Role::Image, &format!("Values of {name}")).rect().center().x
    };
    let (first, second) = (x(&h, "δa"), x(&h, "δw"));
    assert!(first < second);
    h.get_by_role_and_label(Role::Button, "Move δa right").click();
    h.run_steps(3);
    assert_eq!((x(&h, "δw"), x(&h, "δa")), (first, second));
    assert!(h.get_by_role_and_label(Role::Button, "Move δw left").accesskit_node().is_disabled());
    let y = |h: &Harness<'_, App>, name: &str| h.get_by_role_and_label(Role::SpinButton, name).rect().center().y;
    assert!(y(&h, "Most of δw") < y(&h, "Least of δw"));
    h.get_by_role_and_label(Role::Button, "Turn δw around").click();
    h.run_steps(3);
    assert!(y(&h, "Most of δw") > y(&h, "Least of δw"), "the largest stands below");
}
