//! Recovery in the window: switched on, marked as static, its controls, its values in the heatmaps, and the way out of a conflict.

use eframe::egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use unifews::engine::plot::{RasterMode, Side};
use unifews::engine::sparsify::{EntryChoice, Identity, RecoveryRule, ValueRule};
use unifews::session::{Command, PictureRequest, Session};
use unifews::ui::App;

use super::{Choices, wait, with_karate};

const SIZE: [f32; 2] = [1440.0, 1400.0];

fn choose(h: &mut Harness<'_, App>, name: &str, choice: &str) {
    h.get_by_role_and_label(Role::ComboBox, name).scroll_to_me();
    h.run_steps(4);
    h.get_by_role_and_label(Role::ComboBox, name).click();
    h.run_steps(3);
    h.get_by_label(choice).click();
    h.run_steps(3);
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
fn every_part_is_chosen_in_the_panel_and_a_conflict_says_the_way_out() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    h.get_by_role_and_label(Role::CheckBox, "Recover accuracy").click();
    h.run_steps(3);
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
    let certificate = h.state().session().store().certificate_of(id).expect("certified").clone();
    assert!((certificate.limit - 0.3).abs() < 1e-9);
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
