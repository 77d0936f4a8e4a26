//! Recovery in the window: switched on, marked as static, its controls, its values in the heatmaps, and the way out of a conflict.

use std::path::Path;

use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use unifews::engine::model::{Architecture, Family, Model};
use unifews::engine::plot::{RasterMode, Side};
use unifews::engine::sparsify::{
    ChannelRule, EdgeMode, EntryChoice, Identity, NodesAre, RecoveryRule, ValueRule, WeightMode,
};
use unifews::io::write_model;
use unifews::session::{Command, PictureRequest, Session, Verdict};
use unifews::ui::App;
use unifews::ui::actions::Action;
use unifews::ui::views::Pane;

use super::{Choices, wait, window, with_karate};

const SIZE: [f32; 2] = [1440.0, 1400.0];

fn choose(h: &mut Harness<'_, App>, name: &str, choice: &str) {
    h.get_by_role_and_label(Role::ComboBox, name).scroll_to_me();
    h.run_steps(4);
    h.get_by_role_and_label(Role::ComboBox, name).click();
    h.run_steps(3);
    h.get_by_label(choice).click();
    h.run_steps(3);
}

/// Folds a part of the recipe out.
fn unfold(h: &mut Harness<'_, App>, title: &str) {
    h.get_by_label_contains(title).scroll_to_me();
    h.run_steps(4);
    h.get_by_label_contains(title).click();
    h.run_steps(12);
}

fn is_current(session: &Session) -> bool {
    session.is_idle() && session.store().shown().is_some_and(|run| session.store().is_current(run))
}

#[test]
fn accuracy_is_recovered_the_verdict_says_static_and_controls_come_on_demand() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    assert!(h.query_by_label("static").is_none() && h.query_by_role_and_label(Role::Button, "Controls").is_none());
    h.get_by_label("Presets ▼").click();
    h.run_steps(3);
    h.get_by_label("Recovered 90 / 90").click();
    h.run_steps(3);
    wait(&mut h, "the recovered preview", is_current);
    let recipe = h.state().session().store().recipe.clone();
    assert_eq!((recipe.recovery, recipe.edges.delta), (Some(RecoveryRule::default()), vec![0.9]));
    h.get_by_label("static");
    h.get_by_label_contains("for other graphs or new nodes these numbers do not hold");
    use egui_kittest::kittest::NodeT as _;
    assert!(h.get_by_role_and_label(Role::Button, "Controls").accesskit_node().is_disabled(), "a preview has none");
    h.get_by_role_and_label(Role::Button, "Prune").click();
    wait(&mut h, "the run", |s| s.store().runs.len() == 1 && s.is_idle());
    h.get_by_role_and_label(Role::Button, "Controls").click();
    let id = h.state().session().store().runs[0].id;
    h.run_steps(2);
    wait(&mut h, "the controls", move |s| s.is_idle() && !s.store().controls_of(id).is_empty());
    for control in ["no entries", "random entries", "fitted without test nodes"] {
        h.get_by_label(control);
    }
    h.get_by_label_contains("its kept entries carry");

    // What became of values is drawn, of entries and of weights.
    choose(&mut h, "Show", "changed values");
    for side in [Side::Edges, Side::WEIGHTS] {
        wait(&mut h, "the changes", move |s| {
            let slot = PictureRequest::slot_of(side, 0, false);
            let drawn = s.store().desk.answer::<PictureRequest>(&slot);
            s.is_idle() && drawn.is_some_and(|(request, _)| request.raster.mode == RasterMode::Changed)
        });
    }
    assert_eq!(h.query_all_by_label("value / T").count(), 2, "the legends of both layers");
    // Off again: Unifews as published, and the mode that nothing fills is gone.
    h.get_by_role_and_label(Role::CheckBox, "Recover accuracy").click();
    h.run_steps(3);
    wait(&mut h, "the plain preview", is_current);
    assert_eq!(h.state().session().store().recipe.recovery, None);
    assert!(h.query_by_label("static").is_none() && h.query_all_by_label("value / T").count() == 0);
    h.get_by_label("Unifews as published");
}

#[test]
fn nodes_that_arrive_later_are_an_answer_in_the_panel_and_the_verdict_says_new_nodes() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    h.get_by_role_and_label(Role::CheckBox, "Recover accuracy").click();
    h.run_steps(3);
    unfold(&mut h, "Recovery settings");
    choose(&mut h, "Entries by", EntryChoice::PerNode.title());
    choose(&mut h, "Nodes to be scored", NodesAre::New.title());
    wait(&mut h, "the preview", is_current);
    // What looks at the unpruned model's answers is not offered, and no such choice is left.
    let expected = RecoveryRule { nodes_are: NodesAre::New, ..RecoveryRule::default() };
    assert_eq!(h.state().session().store().recipe.recovery, Some(expected));
    for gone in ["Entries by", "Entry values", "Fit on", "Distil epochs", "Bias and normalisation", "static"] {
        assert!(h.query_by_label(gone).is_none(), "{gone}");
    }
    h.get_by_label("new nodes");
    h.get_by_label_contains("The test nodes play those that arrive later");
    h.get_by_label_contains("the test nodes played those that arrive later");
    h.get_by_role_and_label(Role::Button, "Prune").click();
    wait(&mut h, "the run", |s| s.store().runs.len() == 1 && s.is_idle());
    let (id, arrivals) = {
        let entry = &h.state().session().store().runs[0];
        (entry.id, entry.run.pruned.arrivals.expect("counted"))
    };
    assert_eq!(arrivals.known.n_nodes + arrivals.unseen.n_nodes, 34);
    h.get_by_role_and_label(Role::Button, "Controls").click();
    h.run_steps(2);
    wait(&mut h, "the controls", move |s| s.is_idle() && !s.store().controls_of(id).is_empty());
    for control in ["no entries", "random entries"] {
        h.get_by_label(control);
    }
    assert!(h.query_by_label("fitted without test nodes").is_none());
    choose(&mut h, "Nodes to be scored", NodesAre::Static.title());
    wait(&mut h, "the static preview", is_current);
    assert!(h.query_by_label("new nodes").is_none());
    h.get_by_label("static");
    h.get_by_role_and_label(Role::ComboBox, "Entries by");
}

#[test]
fn every_part_is_chosen_in_the_panel_and_a_conflict_says_the_way_out() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    h.get_by_role_and_label(Role::CheckBox, "Recover accuracy").click();
    h.run_steps(3);
    unfold(&mut h, "Recovery settings");
    choose(&mut h, "Entries by", EntryChoice::PerNode.title());
    choose(&mut h, "Entry values", ValueRule::RowSum.title());
    h.get_by_role_and_label(Role::CheckBox, "Choose again in every layer").click();
    h.run_steps(3);
    h.get_by_role_and_label(Role::CheckBox, "Last matrix whole").click();
    h.run_steps(3);
    h.get_by_role_and_label(Role::SpinButton, "Least per node").set_value_accesskit(2.0);
    h.run_steps(3);
    let expected = RecoveryRule {
        entries: EntryChoice::PerNode,
        values: ValueRule::RowSum,
        progressive: true,
        last_matrix_whole: false,
        least_per_node: 2,
        ..RecoveryRule::default()
    };
    assert_eq!(h.state().session().store().recipe.recovery, Some(expected));
    wait(&mut h, "the preview", is_current);
    let mut recipe = h.state().session().store().recipe.clone();
    recipe.edges.identity = Identity::Residual;
    h.state().send(Command::SetRecipe(Box::new(recipe), None));
    h.run_steps(4);
    wait(&mut h, "the refusal", |s| s.is_idle() && s.store().preview_fault.is_some());
    h.get_by_label_contains("Recovery needs the identity self-loop: choose it below");
}

#[test]
fn epochs_under_masks_are_asked_for_and_the_verdict_says_how_it_went() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    h.get_by_role_and_label(Role::CheckBox, "Recover accuracy").click();
    h.run_steps(3);
    unfold(&mut h, "Recovery settings");
    h.get_by_role_and_label(Role::SpinButton, "Epochs under masks").set_value_accesskit(6.0);
    h.run_steps(3);
    let expected = RecoveryRule { train_epochs: 6, ..RecoveryRule::default() };
    assert_eq!(h.state().session().store().recipe.recovery, Some(expected));
    wait(&mut h, "the trained preview", is_current);
    h.get_by_label_contains("Weights trained for 6 epochs towards the unpruned model's answers; epoch ");
    h.get_by_role_and_label(Role::SpinButton, "Distil epochs").set_value_accesskit(5.0);
    h.run_steps(4);
    h.get_by_label_contains("set one of both to 0");
}

#[test]
fn a_finished_run_is_certified_and_its_errors_are_drawn_and_saved() {
    let folder = tempfile::tempdir().expect("a folder");
    let choices = Choices::default();
    let mut h = super::window(SIZE, &choices);
    let spec = "sample:powerlaw?nodes=300&edges=1800&features=16&classes=4&seed=7";
    h.state().send(Command::OpenSample(spec.to_owned()));
    wait(&mut h, "the first picture", |s| s.is_idle() && s.store().shown().is_some());
    assert!(h.query_by_label("Certificate").is_none(), "a preview has none");
    h.get_by_role_and_label(Role::Button, "Prune").click();
    wait(&mut h, "the run", |s| s.store().runs.len() == 1 && s.is_idle());
    let id = h.state().session().store().runs[0].id;
    h.get_by_label("Certificate").scroll_to_me();
    h.run_steps(4);
    h.get_by_label("Certificate").click();
    h.run_steps(20);
    h.get_by_role_and_label(Role::SpinButton, "At most").set_value_accesskit(30.0);
    h.run_steps(3);
    h.get_by_role_and_label(Role::Button, "Certify").scroll_to_me();
    h.run_steps(4);
    h.get_by_role_and_label(Role::Button, "Certify").click();
    h.run_steps(2);
    wait(&mut h, "the certificate", move |s| s.is_idle() && s.store().certificate_of(id).is_some());
    let limit = h.state().session().store().certificate_of(id).expect("certified").limit;
    assert!((limit - 0.3).abs() < 1e-9);
    h.run_steps(4);
    h.get_by_label_contains("ertified: ");
    h.get_by_label("Does not cover:");
    h.get_by_label_contains("new nodes, which arrive after pruning");
    assert!(h.query_all_by_label_contains("degree ").count() > 0, "a row for every group");
    // What is certified goes into the bundle.
    let bundle = folder.path().join("b");
    h.state().send(Command::Export(id, bundle.clone()));
    h.run_steps(2);
    wait(&mut h, "the bundle", |s| s.is_idle() && s.store().export.last.is_some());
    assert!(bundle.join("certificate.json").is_file());

    h.get_by_label("Certificate").click();
    h.run_steps(20);
    h.get_by_label("Errors and bounds").scroll_to_me();
    h.run_steps(4);
    h.get_by_label("Errors and bounds").click();
    h.run_steps(20);
    h.get_by_role_and_label(Role::Button, "Compute errors").scroll_to_me();
    h.run_steps(4);
    h.get_by_role_and_label(Role::Button, "Compute errors").click();
    h.run_steps(2);
    wait(&mut h, "the errors", move |s| s.is_idle() && s.store().errors.contains_key(&id));
    h.run_steps(4);
    h.get_by_role_and_label(Role::Image, "Error of the nodes");
    let path = folder.path().join("nodes.csv");
    choices.then(&path);
    h.get_by_role_and_label(Role::Button, "Save every node as CSV…").scroll_to_me();
    h.run_steps(4);
    h.get_by_role_and_label(Role::Button, "Save every node as CSV…").click();
    h.run_steps(2);
    wait(&mut h, "the table", |s| s.is_idle() && path.exists());
    let table = std::fs::read_to_string(&path).expect("written");
    assert!(table.starts_with("node,step,entries_missing,error,bound,bound_by_threshold\n"), "{table}");
    assert_eq!(table.lines().count(), 1 + 2 * 300);
}

#[test]
fn a_budget_is_asked_for_and_what_was_found_is_pruned_by_and_certified() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    h.get_by_role_and_label(Role::SpinButton, "Lose at most").set_value_accesskit(40.0);
    h.run_steps(3);
    choose(&mut h, "To gain", "Graph entries");
    h.get_by_role_and_label(Role::Button, "Find").click();
    h.run_steps(2);
    wait(&mut h, "what was found", |s| {
        s.is_idle()
            && s.store().budget.found.as_ref().is_some_and(|found| found.chosen.is_some())
            && s.store().runs.len() == 1
    });
    let store = h.state().session().store();
    let found = store.budget.found.as_ref().expect("found");
    let (at, recipe) = found.chosen.as_ref().expect("within");
    assert_eq!((&store.recipe.edges, &store.recipe.recovery), (&recipe.edges, &recipe.recovery));
    assert!(found.points[*at].loss <= 0.4);
    // Karate has too few labelled validation nodes for a certificate.
    assert_eq!(store.runs[0].run.certificate.is_some(), found.certificate.is_some());
    h.get_by_label_contains("Within 40 points: removes");
    h.get_by_role_and_label(Role::Button, "Find");
}

#[test]
fn the_plain_answer_comes_first_where_recovery_takes_longer_and_the_heatmaps_stay() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    let ask = |h: &mut Harness<'_, App>, share: f64| {
        let mut recipe = h.state().session().store().recipe.clone();
        (recipe.edges.mode, recipe.weights.mode) = (EdgeMode::Target, WeightMode::Target);
        (recipe.edges.delta, recipe.weights.delta) = (vec![share], vec![share]);
        // So long that nobody's machine does it in a moment.
        recipe.recovery = Some(RecoveryRule { distill_epochs: 1_000, ..RecoveryRule::default() });
        h.state().send(Command::SetRecipe(Box::new(recipe), None));
        h.run_steps(2);
    };
    ask(&mut h, 0.6);
    wait(&mut h, "the first answer", is_current);
    let before = h.state().session().store().shown().cloned().expect("shown");
    let mark = "as published, recovered follows";
    assert!(h.query_by_label(mark).is_none());
    ask(&mut h, 0.7);
    wait(&mut h, "the plain answer", |s| s.store().plain().is_some());
    let store = h.state().session().store();
    let plain = std::sync::Arc::clone(store.plain().expect("there"));
    assert!(plain.recipe.recovery.is_none() && (plain.pruned.edge_sparsity() - 0.7).abs() < 0.02);
    assert!(std::sync::Arc::ptr_eq(store.shown().expect("shown"), &before), "the heatmaps stay");
    h.get_by_label(mark);
    let chips = h.query_all_by_label("as published").count();
    assert!(chips >= 3, "accuracy, removed and size say so, {chips} do");
    wait(&mut h, "the recovered answer", is_current);
    assert!(h.query_by_label(mark).is_none() && h.state().session().store().plain().is_none());
    h.get_by_label("static");
}

/// A window with a graph whose validation nodes judge a fit, and a model so sure of one class that no pruning changes what it says.
fn with_judges(folder: &Path, choices: &Choices) -> Harness<'static, App> {
    let mut model = Model::init(&Architecture { hidden: 8, ..Architecture::new(Family::Gcn) }, 24, 4, 5);
    let biases = model.parameters.iter_mut().filter(|p| p.name.ends_with("bias") && p.values.len() == 4);
    biases.for_each(|bias| bias.values[[0, 0]] = 1e3);
    let path = folder.join("sure.safetensors");
    write_model(&path, &model).expect("written");
    let h = window(SIZE, choices);
    let graph = "sample:powerlaw?nodes=200&edges=1200&features=24&classes=4&seed=7".to_owned();
    h.state().send(Command::OpenMany(vec![graph, path.display().to_string()]));
    h
}

#[test]
fn a_preset_is_a_budget_and_the_trade_off_shows_where_it_ended() {
    let choices = Choices::default();
    let folder = tempfile::tempdir().expect("a folder");
    let mut h = with_judges(folder.path(), &choices);
    h.run_steps(2);
    wait(&mut h, "the first picture", |s| s.is_idle() && s.store().shown().is_some());
    h.get_by_label("Presets ▼").click();
    h.run_steps(3);
    h.get_by_label("Bold: lose at most 2 points").click();
    h.run_steps(3);
    wait(&mut h, "what was found", |s| {
        s.is_idle()
            && s.store().budget.found.as_ref().is_some_and(|found| found.chosen.is_some())
            && s.store().runs.len() == 1
    });
    let store = h.state().session().store();
    assert!((store.budget.asked.lose_at_most - 0.02).abs() < 1e-12);
    let run = std::sync::Arc::clone(&store.runs[0].run);
    // With the run it says what the verdict does.
    h.get_by_label_contains("Within 2 points: removes");
    let sentence = Verdict::of(&run, 0.02).sentence;
    let rest = sentence.split(": ").last().expect("what it costs").to_owned();
    assert!(h.query_all_by_label_contains(&rest).count() >= 2, "{sentence}");
    let ctx = h.ctx.clone();
    h.state_mut().perform(Action::Show(Pane::Tradeoff), &ctx);
    h.run_steps(4);
    h.get_by_role_and_label(Role::Image, "Accuracy against cost");
    let mut other = h.state().session().store().recipe.clone();
    other.edges.delta = vec![0.3];
    h.state().send(Command::SetRecipe(Box::new(other), None));
    h.run_steps(3);
    h.get_by_role_and_label(Role::Button, "Chosen within the budget").click_accesskit();
    h.run_steps(3);
    let store = h.state().session().store();
    assert_eq!((&store.recipe.edges, &store.recipe.weights), (&run.recipe.edges, &run.recipe.weights));
}

#[test]
fn the_first_start_is_recovered_and_a_button_leads_to_unifews_as_published() {
    let choices = Choices::default();
    let folder = tempfile::tempdir().expect("a folder");
    let mut h = with_judges(folder.path(), &choices);
    h.run_steps(2);
    wait(&mut h, "the first picture", |s| s.is_idle() && s.store().shown().is_some());
    let begun = h.state().session().store().recipe.clone();
    assert!(begun.recovery.is_some(), "{begun:?}");
    h.get_by_label("static");
    h.get_by_label("Found on opening: keeps validation accuracy");
    h.get_by_role_and_label(Role::Button, "Unifews as published").scroll_to_me();
    h.run_steps(4);
    h.get_by_role_and_label(Role::Button, "Unifews as published").click();
    h.run_steps(3);
    wait(&mut h, "the plain preview", is_current);
    let recipe = h.state().session().store().recipe.clone();
    assert_eq!((recipe.recovery, recipe.edges.mode, recipe.edges.delta), (None, EdgeMode::Relative, vec![0.5]));
    assert!(h.query_by_label("static").is_none());
    h.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    h.run_steps(3);
    assert_eq!(h.state().session().store().recipe, begun, "taken back in one step");
}

#[test]
fn hidden_channels_are_drawn_and_their_line_is_dragged() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    let line = "Channels removed after layer 1, share";
    assert!(h.query_by_role_and_label(Role::Slider, line).is_none(), "none are asked to go");
    let mut recipe = h.state().session().store().recipe.clone();
    recipe.recovery = Some(RecoveryRule::default());
    recipe.channels = Some(ChannelRule { share: 0.5 });
    h.state().send(Command::SetRecipe(Box::new(recipe), None));
    h.run_steps(3);
    wait(&mut h, "the recovered preview", |s| {
        is_current(s) && s.store().shown().is_some_and(|run| !run.pruned.channels.is_empty())
    });
    h.get_by_label("Layer 1 channels");
    let share = |h: &Harness<'_, App>| h.state().session().store().recipe.channels.map(|rule| rule.share);
    h.get_by_role_and_label(Role::Slider, line).increment_accesskit();
    wait(&mut h, "the next preview", is_current);
    assert_eq!(share(&h), Some(0.51));
    // Each step counts, whether the one before is computed or not; what is no number asks for nothing.
    for _ in 0..2 {
        h.get_by_role_and_label(Role::Slider, line).increment_accesskit();
        h.step();
    }
    h.get_by_role_and_label(Role::Slider, line).set_value_accesskit(f64::NAN);
    wait(&mut h, "the preview of both", is_current);
    assert_eq!(share(&h), Some(0.53));
    h.get_by_role_and_label(Role::Slider, line).set_value_accesskit(0.51);
    wait(&mut h, "the preview of the value", is_current);
    assert_eq!(share(&h), Some(0.51));
    let rect = h.get_by_role_and_label(Role::Slider, line).rect();
    let at = |share: f32| rect.left_center() + vec2(rect.width() * share, 0.0);
    h.hover_at(at(0.51));
    h.step();
    h.drag_at(at(0.51));
    h.step();
    for place in [0.4, 0.3, 0.25] {
        h.hover_at(at(place));
        h.step();
    }
    h.drop_at(at(0.25));
    wait(&mut h, "the preview of the share", is_current);
    let dragged = share(&h).expect("still some");
    assert!((dragged - 0.25).abs() < 0.011, "{dragged}");
    let run = std::sync::Arc::clone(h.state().session().store().shown().expect("a run"));
    let trace = &run.pruned.channels[0];
    assert_eq!(trace.n_removed, trace.n_without(dragged), "what was asked for is what went");
    h.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    h.run_steps(2);
    assert_eq!(share(&h), Some(0.51), "one step back");
    // Off again, and nothing is left of it.
    let mut recipe = h.state().session().store().recipe.clone();
    recipe.channels = None;
    h.state().send(Command::SetRecipe(Box::new(recipe), None));
    wait(&mut h, "the preview without", |s| {
        is_current(s) && s.store().shown().is_some_and(|run| run.pruned.channels.is_empty())
    });
    assert!(h.query_by_role_and_label(Role::Slider, line).is_none());
}
