//! What else the terminal can do, from the menus.

use std::sync::Arc;

use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use unifews::engine::experiment::TruthWay;
use unifews::engine::model::Family;
use unifews::engine::sparsify::{EdgeMode, NodesAre, RecoveryRule};
use unifews::io::atomic::write_atomic;
use unifews::io::stored::StoredGraph;
use unifews::session::jobs::Lane;
use unifews::session::{Command, Level, Phase, PublishedTable, ReproducePlan, TruthPlan};
use unifews::ui::App;
use unifews::ui::dialogs::Ask;

use super::{Choices, wait, window, with_karate};

const SIZE: [f32; 2] = [1440.0, 900.0];
const SMALL: &str = "sample:powerlaw?nodes=300&edges=1800&features=16&classes=4&seed=7";

/// Opens a menu and chooses from it.
fn choose(h: &mut Harness<'_, App>, menu: &str, item: &str) {
    h.get_by_role_and_label(Role::Button, menu).click();
    h.run_steps(2);
    h.get_by_role_and_label(Role::Button, item).click();
    h.run_steps(3);
}

#[test]
fn the_open_graph_is_stored_for_work_from_the_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    let stored = folder.path().join("karate");
    choices.then(&stored);
    choose(&mut h, "File", "Store for work from the disk…");
    wait(&mut h, "the folder", |s| {
        s.is_idle() && s.store().notices.all().iter().any(|n| n.title.starts_with("Stored"))
    });
    assert_eq!(choices.last_asked(), Some(Ask::NewFolder { name: "karate-club-stored".to_owned() }));
    let graph = h.state().session().store().graph.clone().expect("open");
    let found = StoredGraph::open(&stored).expect("a stored graph");
    assert_eq!((found.size().n_nodes, found.size().n_entries), (graph.stats.n_nodes, graph.stats.n_entries));
    assert!(h.state().session().store().notices.all().iter().all(|n| n.level == Level::Info));
}

#[test]
fn this_machine_is_measured_shown_and_copied() {
    let choices = Choices::default();
    let mut h = window(SIZE, &choices);
    choose(&mut h, "Tools", "Measure this machine…");
    h.get_by_role_and_label(Role::CheckBox, "Quick").click();
    h.run_steps(2);
    h.get_by_role_and_label(Role::Button, "Measure").click();
    wait(&mut h, "the figures", |s| s.store().bench.phase == Phase::Done);
    assert!(h.query_by_label("faster from").is_some(), "the table of products is there");
    assert!(h.query_by_label_contains("medians of 1").is_some(), "and how often it was measured");
    h.get_by_role_and_label(Role::Button, "Copy table").click();
    h.run_steps(2);
    assert!(h.state().session().store().notices.all().is_empty(), "nothing small is kept, and nothing failed");

    // Stopped where it is shown.
    h.state().send(Command::Bench(false));
    wait(&mut h, "its beginning", |s| s.jobs().iter().any(|job| job.lane == Lane::Bench && job.is_running));
    let label = "Cancel Measure this machine";
    let stop = h.query_all_by_label(label).next().expect("a button beside the progress");
    stop.click();
    wait(&mut h, "the end", |s| s.store().bench.phase == Phase::Cancelled);
    h.key_press(Key::Escape);
    h.run_steps(2);
    assert!(h.query_by_role_and_label(Role::Button, "Measure").is_none(), "closed");
}

#[test]
fn some_nodes_are_scored_with_the_run_that_is_shown() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    choose(&mut h, "Tools", "Score some nodes…");
    assert!(h.get_by_role_and_label(Role::Button, "Score").accesskit_node().is_disabled(), "nothing is asked yet");
    let ask = |h: &mut Harness<'_, App>, text: &str| {
        h.get_by_role_and_label(Role::TextInput, "Nodes").focus();
        h.run_steps(2);
        h.key_press_modifiers(Modifiers::COMMAND, Key::A);
        h.get_by_role_and_label(Role::TextInput, "Nodes").type_text(text);
        h.run_steps(2);
        h.get_by_role_and_label(Role::Button, "Score").click();
        h.run_steps(2);
    };
    ask(&mut h, "33, 0");
    wait(&mut h, "the answers", |s| s.store().answers.phase == Phase::Done);
    assert!(h.query_by_label_contains("receptive field: ").is_some(), "what the answers depend on");
    let run = h.state().session().store().shown().cloned().expect("a preview");
    assert!(h.query_by_label(&run.dataset.node_id(33)).is_some(), "a row for the node");
    assert!(h.query_by_label_contains("by the model with removed ").is_some(), "what answered");
    // The recipe moves on; the answers say that they did not.
    let stale = "not the run that is shown";
    assert!(h.query_by_label(stale).is_none());
    let mut recipe = h.state().session().store().recipe.clone();
    recipe.edges.delta = vec![0.123];
    h.state().send(Command::SetRecipe(Box::new(recipe), None));
    h.run_steps(2);
    wait(&mut h, "the next preview", |s| s.is_idle() && s.store().shown().is_some_and(|run| s.store().is_current(run)));
    assert!(h.query_by_label(stale).is_some());
    ask(&mut h, "nobody");
    wait(&mut h, "the refusal", |s| s.store().answers.phase == Phase::Failed);
    let notices = h.state().session().store().notices.all();
    assert!(notices.iter().any(|notice| format!("{notice:?}").contains("found nobody")), "{notices:?}");
    assert!(h.query_by_label_contains("receptive field: ").is_some(), "the answers before stay");
}

#[test]
fn nodes_that_arrive_are_scored_with_a_run_for_new_nodes() {
    let folder = tempfile::tempdir().expect("a folder");
    let choices = Choices::default();
    let mut h = with_karate([1280.0, 800.0], &choices);
    let dataset = Arc::clone(&h.state().session().store().shown().expect("a preview").dataset);
    let (width, known) = (dataset.features().width(), dataset.node_id(0));
    let [features, edges] = ["new.csv", "links.csv"].map(|name| folder.path().join(name));
    write_atomic(&features, format!("newcomer{}", ",0.25".repeat(width)).as_bytes()).expect("written");
    write_atomic(&edges, format!("source,target\n{known},newcomer\n").as_bytes()).expect("written");
    choose(&mut h, "Tools", "Score some nodes…");
    let button = "Score new nodes";
    let is_disabled =
        |h: &Harness<'_, App>| h.get_by_role_and_label(Role::Button, button).accesskit_node().is_disabled();
    // One is chosen, one is typed.
    choices.then(&features);
    h.get_by_role_and_label(Role::Button, "Choose features of new nodes").click();
    h.run_steps(4);
    let name = "Edges of new nodes";
    h.get_by_role_and_label(Role::TextInput, name).focus();
    h.run_steps(2);
    h.get_by_role_and_label(Role::TextInput, name).type_text(&edges.display().to_string());
    h.run_steps(3);
    let why = "The run that is shown belongs to the nodes of its graph: say that nodes arrive later, and prune";
    // Norms decide whoever comes; a static recovery has fitted the nodes that are there.
    let mut recipe = h.state().session().store().recipe.clone();
    (recipe.edges.mode, recipe.edges.delta) = (EdgeMode::Target, vec![0.5]);
    for nodes_are in NodesAre::ALL {
        recipe.recovery = Some(RecoveryRule { nodes_are, ..RecoveryRule::default() });
        h.state().send(Command::SetRecipe(Box::new(recipe.clone()), None));
        h.run_steps(2);
        wait(&mut h, "the preview", |s| s.is_idle() && s.store().shown().is_some_and(|run| s.store().is_current(run)));
        h.run_steps(2);
        let is_static = nodes_are == NodesAre::Static;
        assert_eq!((is_disabled(&h), h.query_by_label(why).is_some()), (is_static, is_static));
    }
    h.get_by_role_and_label(Role::Button, button).click();
    h.run_steps(2);
    wait(&mut h, "the answers", |s| s.store().answers.phase == Phase::Done);
    h.run_steps(2);
    assert!(h.query_by_label("newcomer").is_some(), "a row for who came");
    assert!(h.query_by_label_contains("receptive field: ").is_some());
    // What is wrong with a file is said with its line.
    write_atomic(&edges, b"nobody,newcomer\n").expect("written");
    h.get_by_role_and_label(Role::Button, button).click();
    h.run_steps(2);
    wait(&mut h, "the refusal", |s| s.store().answers.phase == Phase::Failed);
    let notices = h.state().session().store().notices.all();
    assert!(notices.iter().any(|notice| format!("{notice:?}").contains("line 1")), "{notices:?}");
}

#[test]
fn a_published_table_is_reproduced_into_a_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let choices = Choices::default();
    let mut h = window(SIZE, &choices);
    choose(&mut h, "Tools", "Reproduce published tables…");
    h.get_by_role_and_label(Role::TextInput, "Seeds").focus();
    h.run_steps(2);
    h.key_press_modifiers(Modifiers::COMMAND, Key::A);
    h.run_steps(2);
    h.get_by_role_and_label(Role::TextInput, "Seeds").type_text("one");
    h.run_steps(3);
    let is_disabled =
        |h: &Harness<'_, App>| h.get_by_role_and_label(Role::Button, "Reproduce…").accesskit_node().is_disabled();
    assert!(is_disabled(&h), "a seed is a number");
    h.key_press_modifiers(Modifiers::COMMAND, Key::A);
    h.run_steps(2);
    h.get_by_role_and_label(Role::TextInput, "Seeds").type_text("42");
    h.run_steps(3);
    assert!(!is_disabled(&h));

    // The smallest that is a page: a graph of the table's, and a network of one epoch.
    let plan = ReproducePlan {
        graphs: vec![SMALL.to_owned()],
        seeds: vec![42],
        epochs: Some(1),
        hidden: Some(8),
        ..ReproducePlan::default()
    };
    let page = folder.path().join("fig10.md");
    h.state().send(Command::Reproduce(Box::new(plan), page.clone()));
    wait(&mut h, "the page", |s| s.store().reproduce.phase == Phase::Done && s.is_idle());
    let state = h.state().session().store().reproduce.clone();
    assert!(state.n_lines > 0 && state.n_lines == state.n_in_all, "{} of {}", state.n_lines, state.n_in_all);
    assert_eq!(std::fs::read_to_string(&page).expect("written"), state.page);
    assert!(h.query_by_label(&format!("{0} of {0} lines", state.n_lines)).is_some(), "the window says how many");

    // Asked for where to write, with the name of the table.
    h.get_by_role_and_label(Role::Button, "Reproduce…").click();
    h.run_steps(3);
    assert_eq!(choices.last_asked(), Some(Ask::Save { name: "paper-fig10.md".to_owned() }));
}

#[test]
fn what_is_left_is_measured_into_a_page_and_goes_on_where_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let choices = Choices::default();
    let mut h = window(SIZE, &choices);
    choose(&mut h, "Tools", "Reproduce published tables…");
    assert!(h.query_by_label("Data folder").is_none(), "the other tables have their graphs");
    h.get_by_label_contains("at the same true sparsity").click();
    h.run_steps(3);
    h.get_by_role_and_label(Role::TextInput, "Data folder").focus();
    h.run_steps(2);
    h.get_by_role_and_label(Role::TextInput, "Data folder").type_text("data");
    h.run_steps(2);
    for family in ["GCN", "GAT", "GraphSAGE"] {
        h.get_by_role_and_label(Role::CheckBox, family).click();
        h.run_steps(2);
    }
    let is_disabled =
        |h: &Harness<'_, App>| h.get_by_role_and_label(Role::Button, "Reproduce…").accesskit_node().is_disabled();
    assert!(is_disabled(&h), "no network is left");
    h.get_by_role_and_label(Role::CheckBox, "GCN").click();
    h.run_steps(3);
    assert!(!is_disabled(&h));

    let truth = TruthPlan {
        families: vec![Family::Gcn],
        splits: vec!["7".to_owned()],
        shares: vec!["90/90".parse().expect("shares")],
        ways: vec![TruthWay::Published, TruthWay::OneShot],
        ..TruthPlan::default()
    };
    let plan = ReproducePlan {
        table: PublishedTable::Truth,
        graphs: vec![SMALL.to_owned()],
        seeds: vec![42],
        epochs: Some(3),
        hidden: Some(8),
        truth,
        ..ReproducePlan::default()
    };
    let page = folder.path().join("truth.md");
    h.state().send(Command::Reproduce(Box::new(plan.clone()), page.clone()));
    wait(&mut h, "the page", |s| s.store().reproduce.phase == Phase::Done && s.is_idle());
    let state = h.state().session().store().reproduce.clone();
    assert_eq!((state.n_lines, state.n_in_all), (2, 2));
    assert_eq!(std::fs::read_to_string(&page).expect("written"), state.page);
    let kept = std::fs::read_to_string(folder.path().join("truth.jsonl")).expect("kept");
    assert_eq!(kept.lines().count(), 2);
    // One way more: what is there stays as it is.
    let mut more = plan;
    more.truth.ways.push(TruthWay::NoEntries);
    h.state().send(Command::Reproduce(Box::new(more), page.clone()));
    h.run_steps(2);
    wait(&mut h, "the page again", |s| s.store().reproduce.n_in_all == 3 && s.is_idle());
    let again = std::fs::read_to_string(folder.path().join("truth.jsonl")).expect("kept");
    assert!(again.starts_with(&kept) && again.lines().count() == 3, "{again}");
}

#[test]
fn the_history_says_what_every_step_changed_and_goes_to_any_of_them() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    let n_before = h.state().session().steps().len();
    let delta = |h: &Harness<'_, App>| h.state().session().store().recipe.edges.delta.clone();
    let first = delta(&h);
    for step in [0.11, 0.22] {
        let mut recipe = h.state().session().store().recipe.clone();
        recipe.edges.delta = vec![step];
        h.state().send(Command::SetRecipe(Box::new(recipe), None));
        h.run_steps(2);
    }
    choose(&mut h, "Edit", "History");
    assert!(h.query_by_label("edges.delta: [0.11] → [0.22]").is_some(), "what the last step changed");
    let name = format!("Step {}, Recipe", n_before + 1);
    h.get_by_role_and_label(Role::Button, &name).click_accesskit();
    h.run_steps(3);
    assert_eq!(delta(&h), [0.11]);
    h.get_by_role_and_label(Role::Button, "Start of the session").click_accesskit();
    h.run_steps(3);
    assert!(h.state().session().steps().iter().all(|step| !step.is_done));
    h.state().send(Command::StepTo(n_before));
    h.run_steps(3);
    assert_eq!(delta(&h), first);
    h.key_press(Key::Escape);
    h.run_steps(2);
    assert!(h.query_by_label("Start of the session").is_none(), "closed");
}
