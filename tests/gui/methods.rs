//! Methods side by side and layers one at a time: chosen, run, cancelled, run again, read and taken over.

use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use unifews::engine::experiment::{ComparePlan, EvaluatedOn, Method, best_rival, summarise, thresholds_by_layer};
use unifews::engine::sparsify::baselines::{EdgeRanking, WeightRanking};
use unifews::engine::sparsify::{EdgeMode, MaskChoice, WeightMode};
use unifews::session::jobs::Lane;
use unifews::session::{Command, Phase, Session, first_plan};
use unifews::ui::App;
use unifews::ui::views::Pane;

use super::{Choices, wait, with_karate};

const SIZE: [f32; 2] = [1440.0, 900.0];

fn is_compared(session: &Session) -> bool {
    session.store().comparison.phase == Phase::Done && session.is_idle()
}

/// The part of the trade-off view where methods are chosen, in front.
fn by_method(h: &mut Harness<'_, App>) {
    h.key_press_modifiers(Modifiers::COMMAND, Key::Num2);
    h.run_steps(2);
    h.get_by_label("By method").click();
    h.run_steps(2);
}

fn few() -> ComparePlan {
    ComparePlan { shares: vec![0.2, 0.5], seeds: vec![1, 2], ..first_plan() }
}

#[test]
fn methods_are_chosen_compared_and_a_point_is_taken_over() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    by_method(&mut h);
    assert!(h.query_by_label("No comparison yet").is_some(), "an empty state says what comes");
    let plan = |h: &Harness<'_, App>| h.state().session().store().plan.clone();
    for (title, is_chosen) in [("Unifews", true), ("Random", true), ("Degree", false)] {
        let name = format!("Method {title} of edges");
        let node = h.get_by_role_and_label(Role::CheckBox, &name);
        assert_eq!(node.accesskit_node().toggled(), Some(is_chosen.into()), "{title}");
    }
    h.get_by_role_and_label(Role::CheckBox, "Method Degree of edges").click();
    h.run_steps(2);
    h.get_by_role_and_label(Role::CheckBox, "Method Random of weights").click();
    h.run_steps(2);
    h.get_by_role_and_label(Role::SpinButton, "Steps").set_value_accesskit(3.0);
    h.run_steps(2);
    h.get_by_role_and_label(Role::SpinButton, "Seeds").set_value_accesskit(2.0);
    h.run_steps(2);
    let chosen = plan(&h);
    let keys: Vec<String> = chosen.methods.iter().map(|m| m.key()).collect();
    assert_eq!(keys, ["edges:unifews", "edges:random", "edges:degree", "weights:unifews", "weights:magnitude"]);
    assert_eq!((chosen.shares, chosen.seeds), (vec![0.1, 0.5, 0.9], vec![1, 2]));

    h.get_by_role_and_label(Role::Button, "Compare").click();
    wait(&mut h, "the comparison", is_compared);
    for name in ["Methods of edges", "Methods of weights"] {
        h.get_by_role_and_label(Role::Image, name);
    }
    assert!(h.query_by_label("18 of 18 points, complete").is_some(), "the chip counts what there is");
    // How Unifews stands beside the best of the others is said above each chart; where it is worse, that one is a click away.
    let summary = summarise(&h.state().session().store().comparison.points, EvaluatedOn::Test);
    for is_of_edges in [true, false] {
        let rival = best_rival(&summary, is_of_edges).expect("others were compared");
        assert!((rival.share - 0.9).abs() < 1e-12, "the largest share");
    }
    assert_eq!(h.query_all_by_label_contains("90.0 % removed: ").count(), 2, "a sentence for each side");
    let n_better = [true, false].into_iter().filter_map(|side| best_rival(&summary, side));
    let n_better = n_better.filter(|rival| !rival.is_within_ranges && rival.accuracy[1] > rival.accuracy[0]).count();
    assert_eq!(h.query_all_by_role_and_label(Role::Button, "Use it").count(), n_better);
    h.get_by_role_and_label(Role::Button, "Magnitude per layer of weights, 50.0 %").click_accesskit();
    h.run_steps(3);
    let recipe = &h.state().session().store().recipe;
    assert_eq!((recipe.weights.mode, recipe.weights.ranking), (WeightMode::Target, Some(WeightRanking::Magnitude)));
    assert_eq!((recipe.weights.delta.clone(), recipe.edges.delta.clone()), (vec![0.5], vec![0.0]));
    h.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    h.run_steps(2);
    assert_eq!(h.state().session().store().recipe.weights.mode, WeightMode::Relative, "one step back");

    // Validation instead of test; the same points.
    h.get_by_role_and_label(Role::ComboBox, "Accuracy").click();
    h.run_steps(3);
    h.get_by_label("validation").click();
    h.run_steps(3);
    h.get_by_role_and_label(Role::Button, "Unifews of edges, 10.0 %");
}

#[test]
fn methods_get_the_same_recovery_by_a_switch_and_say_so() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    h.state().send(Command::SetPlan(ComparePlan { shares: vec![0.5], seeds: vec![1], ..first_plan() }));
    by_method(&mut h);
    assert!(h.query_by_label("Method Reconstruction of edges").is_none(), "it is a part of recovery");
    h.get_by_role_and_label(Role::CheckBox, "Same recovery").click();
    h.run_steps(3);
    assert!(h.state().session().store().plan.has_recovery);
    h.get_by_role_and_label(Role::CheckBox, "Method Reconstruction of edges").click();
    h.run_steps(2);
    h.get_by_role_and_label(Role::CheckBox, "Method Optimal Brain Surgeon of weights").click();
    h.run_steps(2);
    h.get_by_role_and_label(Role::Button, "Compare").click();
    wait(&mut h, "the comparison", is_compared);
    assert_eq!(h.state().session().store().comparison.points.len(), 7);
    h.get_by_label_contains("for other graphs or new nodes these numbers do not hold");
    h.get_by_role_and_label(Role::Button, "Random + recovery of edges, 50.0 %").click_accesskit();
    h.run_steps(3);
    // The recipe that is taken over is the one that was run.
    let recipe = h.state().session().store().recipe.clone();
    let rule = recipe.recovery.as_ref().expect("recovered");
    assert_eq!((rule.masks, recipe.edges.ranking), (MaskChoice::Rules, Some(EdgeRanking::Random)));
    wait(&mut h, "its preview", |s| s.is_idle() && s.store().shown().is_some_and(|run| s.store().is_current(run)));
    let run = h.state().session().store().shown().expect("shown");
    let point = &h.state().session().store().comparison.points[1];
    assert_eq!(run.pruned.edge_sparsity().to_bits(), point.result.edge_sparsity.to_bits());
    assert_eq!(run.evaluation.agreement.to_bits(), point.result.agreement.to_bits());
}

#[test]
fn a_comparison_is_cancelled_keeps_its_points_and_runs_again() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    let shares: Vec<f64> = (1..100).map(|i| f64::from(i) / 100.0).collect();
    let seeds: Vec<u64> = (1..=20).collect();
    h.state().send(Command::SetPlan(ComparePlan { methods: Method::all(), shares, seeds, ..first_plan() }));
    h.run_steps(2);
    h.key_press_modifiers(Modifiers::COMMAND, Key::B);
    wait(&mut h, "points", |s| s.store().comparison.points.len() > 5);
    assert_eq!(h.state().shown_pane(), Some(Pane::Tradeoff), "the shortcut brings it to the front");
    h.get_by_role_and_label(Role::Image, "Methods of edges");
    h.key_press(Key::Escape);
    wait(&mut h, "the cancel", |s| s.store().comparison.phase == Phase::Cancelled);
    assert!(!h.state().session().is_busy(&Lane::Compare) && h.state().session().store().comparison.points.len() > 5);
    h.get_by_role_and_label(Role::Image, "Methods of edges");
    assert!(h.query_by_label_contains("points, cancelled").is_some(), "it says so");
    h.state().send(Command::SetPlan(few()));
    h.run_steps(2);
    h.get_by_role_and_label(Role::Button, "Compare").click();
    wait(&mut h, "the comparison", is_compared);
    assert_eq!(h.state().session().store().comparison.points.len(), few().len());
}

#[test]
fn nothing_chosen_cannot_be_compared_and_all_are_chosen_at_once() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    h.state().send(Command::SetPlan(ComparePlan { methods: Vec::new(), ..first_plan() }));
    by_method(&mut h);
    assert!(h.get_by_role_and_label(Role::Button, "Compare").accesskit_node().is_disabled(), "nothing is chosen");
    h.get_by_role_and_label(Role::Link, "All methods of weights").click();
    h.run_steps(2);
    let plan = h.state().session().store().plan.clone();
    assert_eq!(plan.methods, Method::all().into_iter().filter(|m| !m.is_of_edges()).collect::<Vec<_>>());
    h.get_by_role_and_label(Role::CheckBox, "A model per seed").click();
    h.run_steps(2);
    assert!(h.state().session().store().plan.has_model_per_seed);
    h.get_by_role_and_label(Role::Link, "No methods of weights").click();
    h.run_steps(2);
    assert!(h.state().session().store().plan.methods.is_empty());
}

#[test]
fn layers_are_tried_alone_and_their_points_taken_over() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    h.key_press_modifiers(Modifiers::COMMAND, Key::L);
    wait(&mut h, "the layers", |s| s.store().sensitivity.phase == Phase::Done && s.is_idle());
    for name in ["Layers by edges", "Layers by weights"] {
        h.get_by_role_and_label(Role::Image, name);
    }
    h.get_by_role_and_label(Role::Button, "Layer 2 edges, δ 0.5").click_accesskit();
    h.run_steps(3);
    let recipe = &h.state().session().store().recipe;
    assert_eq!((recipe.edges.delta.clone(), recipe.weights.delta.clone()), (vec![0.0, 0.5], vec![0.0, 0.0]));
    // Each layer's largest threshold within the limit, all at once.
    h.get_by_role_and_label(Role::Button, "Take over thresholds by layer").click();
    h.run_steps(3);
    let store = h.state().session().store();
    let state = &store.sensitivity;
    let expected = thresholds_by_layer(&state.points, &state.base, store.limit).expect("points");
    assert_eq!(
        (&store.recipe.edges.delta, &store.recipe.weights.delta),
        (&expected.edges.delta, &expected.weights.delta)
    );
    assert_eq!(h.state().session().undo_label(), Some("Take over thresholds by layer"));
    let recipe = &h.state().session().store().recipe;
    // In target mode the thresholds are shares.
    let mut recipe = recipe.clone();
    recipe.edges.mode = EdgeMode::Target;
    h.state().send(Command::SetRecipe(Box::new(recipe), None));
    h.run_steps(2);
    h.get_by_role_and_label(Role::Button, "Try again").click();
    // What was there before is done as well.
    h.run_steps(2);
    wait(&mut h, "the layers again", |s| s.store().sensitivity.phase == Phase::Done && s.is_idle());
    h.get_by_role_and_label(Role::Button, "Layer 1 edges, δ 0.9");
}

#[test]
fn charts_of_methods_are_saved_as_picture_and_as_table() {
    let folder = tempfile::tempdir().expect("a folder");
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    h.state().send(Command::Compare(few()));
    wait(&mut h, "the comparison", is_compared);
    by_method(&mut h);
    for (item, file, begins) in [
        ("Save PNG…", "m.png", &b"\x89PNG"[..]),
        ("Save SVG…", "m.svg", b"<"),
        ("Save data as CSV…", "m.csv", b"series,\"edges removed, %\",\"test accuracy, %\",lowest,highest\nUnifews,"),
    ] {
        let path = folder.path().join(file);
        choices.then(&path);
        h.get_by_role_and_label(Role::Image, "Methods of edges").click_secondary();
        h.run_steps(3);
        h.get_by_label(item).click();
        h.run_steps(2);
        wait(&mut h, file, |s| s.is_idle() && path.exists());
        let bytes = std::fs::read(&path).expect("written");
        assert!(bytes.starts_with(begins), "{file}: {:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(90)]));
    }
}

#[test]
fn the_parts_of_the_trade_off_draw_at_every_size() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    h.state().send(Command::Compare(few()));
    wait(&mut h, "the comparison", is_compared);
    h.key_press_modifiers(Modifiers::COMMAND, Key::L);
    wait(&mut h, "the layers", |s| s.store().sensitivity.phase == Phase::Done && s.is_idle());
    for size in [[200.0, 120.0], [640.0, 420.0], [900.0, 700.0], [1280.0, 800.0], [3840.0, 2160.0]] {
        h.set_size(eframe::egui::vec2(size[0], size[1]));
        h.run_steps(3);
        for part in ["By thresholds", "By method", "By layer"] {
            if let Some(tab) = h.query_by_label(part) {
                tab.click_accesskit();
            }
            h.run_steps(3);
        }
    }
}

#[test]
fn a_threshold_beyond_its_slider_stays_what_a_file_said() {
    let mut h = with_karate(SIZE, &Choices::default());
    let mut recipe = h.state().session().store().recipe.clone();
    recipe.edges.delta = vec![1e9];
    recipe.weights.delta = vec![123.0];
    h.state().send(Command::SetRecipe(Box::new(recipe.clone()), None));
    wait(&mut h, "the preview", Session::is_idle);
    h.run_steps(4);
    let store = h.state().session().store();
    assert_eq!((&store.recipe.edges.delta, &store.recipe.weights.delta), (&recipe.edges.delta, &recipe.weights.delta));
    h.state().send(Command::Undo);
    h.run_steps(2);
    assert_ne!(h.state().session().store().recipe.edges.delta, recipe.edges.delta, "one step to undo, not two");
}
