//! The curves: points that take over their recipe, the map, the comparison, saving; and the views of entries and training.

use std::sync::Arc;

use eframe::egui::accesskit::Role;
use eframe::egui::{self, Key, Modifiers, OutputCommand, ViewportCommand};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use unifews::engine::experiment::SweepGrid;
use unifews::session::{Command, Phase, Session};
use unifews::ui::App;
use unifews::ui::actions::Action;
use unifews::ui::views::Pane;

use super::{Choices, wait, with_karate};

fn show(h: &mut Harness<'_, App>, pane: Pane) {
    let ctx = h.ctx.clone();
    h.state_mut().perform(Action::Show(pane), &ctx);
    h.run_steps(4);
}

fn is_swept(session: &Session) -> bool {
    session.store().sweep.phase == Phase::Done && session.is_idle()
}

/// A window with a finished sweep of 3 × 2 points in front.
fn swept(choices: &Choices) -> Harness<'static, App> {
    let mut h = with_karate([1440.0, 900.0], choices);
    let grid = SweepGrid { delta_a: vec![0.0, 0.4, 0.8], delta_w: vec![0.1, 0.6] };
    h.state().send(Command::Sweep(grid));
    wait(&mut h, "the sweep", is_swept);
    show(&mut h, Pane::Tradeoff);
    h
}

fn deltas(h: &Harness<'_, App>) -> (f64, f64) {
    let recipe = &h.state().session().store().recipe;
    (recipe.edges.delta[0], recipe.weights.delta[0])
}

#[test]
fn a_click_on_a_point_takes_over_its_recipe() {
    let choices = Choices::default();
    let mut h = swept(&choices);
    h.get_by_role_and_label(Role::Button, "Point δa 0.8 δw 0.6").click_accesskit();
    h.run_steps(3);
    assert_eq!(deltas(&h), (0.8, 0.6));
    h.get_by_role_and_label(Role::Button, "Map cell δa 0.4 δw 0.1").click();
    h.run_steps(3);
    assert_eq!(deltas(&h), (0.4, 0.1));
    h.get_by_role_and_label(Role::Button, "Point δa 0 δw 0.6").focus();
    h.run_steps(2);
    h.key_press(Key::Enter);
    h.run_steps(3);
    assert_eq!(deltas(&h), (0.0, 0.6), "keys alone suffice");
    // What the sweep measured of it stands in the verdict, before anything is pruned.
    wait(&mut h, "the preview", |s| s.is_idle() && s.store().shown().is_some_and(|run| s.store().is_current(run)));
    h.run_steps(3);
    assert!(h.state().session().store().sweep.points.iter().all(|point| point.pruned_secs.is_finite()));
    h.get_by_label_contains("by the sweep, 95 %");
    for expected in [(0.4, 0.1), (0.8, 0.6)] {
        h.key_press_modifiers(Modifiers::COMMAND, Key::Z);
        h.run_steps(2);
        assert_eq!(deltas(&h), expected, "taken back");
    }
}

#[test]
fn a_point_under_the_pointer_is_clicked_where_it_is_drawn() {
    let choices = Choices::default();
    let mut h = swept(&choices);
    // The strongest point stands alone at the right.
    let rect = h.get_by_role_and_label(Role::Button, "Point δa 0.8 δw 0.6").rect();
    let plot = h.get_by_role_and_label(Role::Image, "Accuracy against cost").rect();
    assert!(plot.contains(rect.center()), "{rect:?} in {plot:?}");
    h.get_by_role_and_label(Role::Button, "Point δa 0.8 δw 0.6").click();
    h.run_steps(3);
    let (delta_a, _) = deltas(&h);
    assert!((delta_a - 0.8).abs() < 1e-9, "{delta_a}");
}

#[test]
fn shift_click_compares_and_a_link_takes_over() {
    let choices = Choices::default();
    let mut h = swept(&choices);
    for name in ["Map cell δa 0.4 δw 0.1", "Map cell δa 0.8 δw 0.6"] {
        h.get_by_role_and_label(Role::Button, name).click_modifiers(Modifiers::SHIFT);
        h.run_steps(3);
    }
    assert_eq!(h.state().session().store().sweep.compared, [1, 5]);
    assert_ne!(deltas(&h), (0.4, 0.1), "comparing takes nothing over");
    h.get_by_label("Compared");
    h.get_by_role_and_label(Role::Button, "Leave out δa 0.4 δw 0.1").click();
    h.run_steps(3);
    assert_eq!(h.state().session().store().sweep.compared, [5]);
    h.get_by_role_and_label(Role::Link, "δa 0.80 · δw 0.60").click();
    h.run_steps(3);
    assert_eq!(deltas(&h), (0.8, 0.6));
}

#[test]
fn what_is_compared_takes_the_place_of_the_costs_and_moves_no_other_chart() {
    let choices = Choices::default();
    let mut h = swept(&choices);
    let places = |h: &Harness<'_, App>| {
        let chart = h.get_by_role_and_label(Role::Image, "Accuracy against cost").rect();
        (chart, h.get_by_role_and_label(Role::Button, "Map cell δa 0.8 δw 0.6").rect())
    };
    let before = places(&h);
    h.get_by_role_and_label(Role::Button, "Map cell δa 0.4 δw 0.1").click_modifiers(Modifiers::SHIFT);
    h.run_steps(3);
    assert_eq!(places(&h), before);
    assert!(h.query_by_role_and_label(Role::Image, "Time and operations").is_none());
    h.get_by_role_and_label(Role::Button, "Copy table").click();
    let table = after(&mut h, |command| match command {
        OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    });
    assert!(table.starts_with("\tδa 0.4 δw 0.1\ntest\t"), "{table}");
    h.get_by_role_and_label(Role::Button, "Leave all out").click();
    h.run_steps(3);
    assert_eq!(places(&h), before);
    h.get_by_role_and_label(Role::Image, "Time and operations");
}

/// What is put on the clipboard within a few frames.
fn after<T>(h: &mut Harness<'_, App>, of: impl Fn(&OutputCommand) -> Option<T>) -> T {
    (0..8)
        .find_map(|_| {
            h.step();
            h.output().platform_output.commands.iter().find_map(&of)
        })
        .expect("copied")
}

#[test]
fn a_plot_is_copied_as_a_table_and_as_it_is_seen() {
    let choices = Choices::default();
    let mut h = swept(&choices);
    let menu = |h: &mut Harness<'_, App>, item: &str| {
        h.get_by_role_and_label(Role::Image, "Time and operations").click_secondary();
        h.run_steps(3);
        h.get_by_label(item).click();
    };
    menu(&mut h, "Copy table");
    let table = after(&mut h, |command| match command {
        OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    });
    assert!(table.starts_with("series\tedges removed, %\t"), "{table}");
    assert!(table.lines().count() > 12, "a line for every point: {table}");
    menu(&mut h, "Copy picture");
    let asked = (0..8).find_map(|_| {
        h.step();
        let mut out = h.output().viewport_output.values().flat_map(|out| &out.commands);
        out.find_map(|c| if let ViewportCommand::Screenshot(callback) = c { Some(callback.clone()) } else { None })
    });
    // What is asked for in a frame is taken of the next.
    h.step();
    assert!(h.query_by_label("Copy picture").is_none(), "the menu is gone before the picture is taken");
    let seen = egui::ColorImage::filled([1440, 900], egui::Color32::RED);
    asked.expect("asked for what is seen").complete(Arc::new(seen));
    let size = after(&mut h, |command| match command {
        OutputCommand::CopyImage(image) => Some(image.size),
        _ => None,
    });
    let plot = h.get_by_role_and_label(Role::Image, "Time and operations").rect();
    assert!(size[0] as f32 >= plot.width() && size[0] < 1440, "{size:?} for {plot:?}");
    assert!(size[1] as f32 >= plot.height() && size[1] < 600, "{size:?} for {plot:?}");
}

#[test]
fn plots_are_saved_as_picture_and_as_table() {
    let folder = tempfile::tempdir().expect("a folder");
    let choices = Choices::default();
    let mut h = swept(&choices);
    for (item, file, begins) in
        [("Save SVG…", "a.svg", "<"), ("Save data as CSV…", "a.csv", "series,\"edges removed, %\"")]
    {
        let path = folder.path().join(file);
        choices.then(&path);
        h.get_by_role_and_label(Role::Image, "Time and operations").click_secondary();
        h.run_steps(3);
        h.get_by_label(item).click();
        h.run_steps(2);
        wait(&mut h, file, |s| s.is_idle() && path.exists());
        let text = std::fs::read_to_string(&path).expect("written");
        assert!(text.starts_with(begins), "{}", &text[..text.len().min(60)]);
        assert!(text.contains("measured time"), "the series are named");
    }
}

#[test]
fn entries_say_exactly_what_a_threshold_removes() {
    let choices = Choices::default();
    let mut h = with_karate([1440.0, 900.0], &choices);
    show(&mut h, Pane::Entries);
    wait(&mut h, "the distribution", Session::is_idle);
    h.get_by_label("would remove exactly");
    let run = h.state().session().store().shown().expect("a run");
    let edges = run.pruned.steps[0].edges.as_ref().expect("a convolution");
    h.get_by_label(&(edges.n_before - edges.n_after).to_string());
    for name in ["Values", "Scores", "Removed against δ"] {
        h.get_by_role_and_label(Role::Image, name);
    }
}

#[test]
fn training_draws_its_curves_while_it_runs() {
    let choices = Choices::default();
    let mut h = with_karate([1440.0, 900.0], &choices);
    h.state().send(Command::Train);
    wait(&mut h, "an epoch", |s| !s.store().training.history.is_empty());
    show(&mut h, Pane::Training);
    for name in ["Loss", "Accuracy by epoch", "Sparsity by epoch", "Step size"] {
        h.get_by_role_and_label(Role::Image, name);
    }
    wait(&mut h, "the end", Session::is_idle);
    assert_eq!(h.state().session().store().training.phase, Phase::Done);
}

#[test]
fn the_map_is_of_one_layer_where_that_is_chosen() {
    let choices = Choices::default();
    let mut h = swept(&choices);
    h.get_by_role_and_label(Role::ComboBox, "Layers of the map").click();
    h.run_steps(3);
    h.get_by_role_and_label(Role::Button, "layer 2").click();
    h.run_steps(2);
    wait(&mut h, "the layer", |s| s.store().sweep.layer == Some(1) && is_swept(s));
    h.run_steps(3);
    let base = h.state().session().store().sweep.base.clone();
    h.get_by_role_and_label(Role::Button, "Map cell δa 0.8 δw 0.6").click();
    h.run_steps(3);
    let recipe = h.state().session().store().recipe.clone();
    assert_eq!(recipe.edges.delta[1].to_bits(), 0.8_f64.max(base.edges.delta[0]).to_bits());
    assert_eq!((recipe.edges.delta[0], recipe.weights.delta[0]), (base.delta_a(0), base.delta_w(0)));
    assert_eq!(recipe.weights.delta[1].to_bits(), 0.6_f64.to_bits());
}
