//! The main job with mouse and keyboard.

use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use unifews::engine::experiment::ValueType;
use unifews::engine::sparsify::{Recipe, RecoveryRule, Training};
use unifews::io::atomic::write_atomic;
use unifews::io::bundle::{BundleOptions, contents};
use unifews::session::jobs::Lane;
use unifews::session::{Command, Phase, RunId, Session};
use unifews::ui::App;
use unifews::ui::actions::Action;
use unifews::ui::dialogs::Ask;
use unifews::ui::views::Pane;

use super::{Bell, Choices, Dropped, wait, window, with_karate};

const SIZE: [f32; 2] = [1440.0, 900.0];

fn is_current(session: &Session) -> bool {
    session.is_idle() && session.store().shown().is_some_and(|r| session.store().is_current(r))
}

fn delta_a(app: &App) -> f64 {
    app.session().store().recipe.edges.delta[0]
}

#[test]
fn open_slide_prune_sweep_take_over_a_point_and_undo() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    assert_eq!(h.state().shown_pane(), Some(Pane::Layers), "the heatmaps come first");

    // A value through the accessibility tree, then a drag.
    h.get_by_role_and_label(Role::Slider, "δa").set_value_accesskit(0.8);
    wait(&mut h, "the preview", is_current);
    assert!((delta_a(h.state()) - 0.8).abs() < 1e-9, "{}", delta_a(h.state()));
    let rect = h.get_by_role_and_label(Role::Slider, "δa").rect();
    h.hover_at(rect.center());
    h.step();
    h.drag_at(rect.center());
    h.step();
    for step in 1..=4 {
        h.hover_at(rect.center() + vec2(step as f32 * 8.0, 0.0));
        h.step();
    }
    h.drop_at(rect.center() + vec2(32.0, 0.0));
    wait(&mut h, "the preview", is_current);
    let dragged = delta_a(h.state());
    assert!((dragged - 0.8).abs() > 1e-3, "the drag changed it to {dragged}");

    h.get_by_role_and_label(Role::Button, "Prune").click();
    wait(&mut h, "the run", |s| s.store().runs.len() == 1 && s.is_idle());
    assert!(h.state().session().store().finished_run().is_some(), "the run answers the recipe");

    h.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::Enter);
    wait(&mut h, "the sweep", |s| s.store().sweep.phase == Phase::Done && s.is_idle());
    assert_eq!(h.state().shown_pane(), Some(Pane::Tradeoff));
    h.get_by_role_and_label(Role::Button, "Map cell δa 0.2 δw 0").click();
    wait(&mut h, "the point's preview", is_current);
    assert!((delta_a(h.state()) - 0.2).abs() < 1e-9, "{}", delta_a(h.state()));

    // Back over the point, and over the drag as one step.
    for expected in [dragged, 0.8, 0.5] {
        h.key_press_modifiers(Modifiers::COMMAND, Key::Z);
        h.run_steps(2);
        assert!((delta_a(h.state()) - expected).abs() < 1e-9, "{} is not {expected}", delta_a(h.state()));
    }
    h.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    h.run_steps(2);
    assert!((delta_a(h.state()) - 0.8).abs() < 1e-9, "made again");
}

#[test]
fn a_long_job_shows_its_progress_and_can_be_cancelled_and_run_again() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    let mut recipe = h.state().session().store().recipe.clone();
    recipe.training = Some(Training { epochs: 200_000, ..Training::default() });
    h.state().send(Command::SetRecipe(Box::new(recipe), None));
    h.run_steps(2);
    h.get_by_role_and_label(Role::Button, "Train").click();
    h.run_steps(3);
    h.get_by_role_and_label(Role::Button, "Start training").click();
    wait(&mut h, "some epochs", |s| s.store().training.history.len() > 3);
    assert!(h.query_by_role_and_label(Role::ProgressIndicator, "Progress").is_some(), "the status bar shows it");
    let jobs = h.state().session().jobs();
    let label = jobs.into_iter().find(|j| j.lane == Lane::Train).map(|j| j.label).expect("it runs");
    h.get_by_label(&format!("Cancel {label}")).click();
    wait(&mut h, "the cancel", |s| s.store().training.phase == Phase::Cancelled);
    assert!(!h.state().session().is_busy(&Lane::Train), "nothing runs");

    h.key_press_modifiers(Modifiers::COMMAND, Key::T);
    h.run_steps(3);
    h.key_press(Key::Enter);
    wait(&mut h, "epochs again", |s| {
        s.store().training.phase == Phase::Running && !s.store().training.history.is_empty()
    });
    h.key_press(Key::Escape);
    wait(&mut h, "the second cancel", |s| s.store().training.phase == Phase::Cancelled);
}

#[test]
fn typed_numbers_arrows_and_double_click_move_a_slider() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    h.get_by_role_and_label(Role::Slider, "δw").focus();
    h.run_steps(2);
    let before = h.get_by_role_and_label(Role::Slider, "δw").accesskit_node().numeric_value().expect("a number");
    h.key_press(Key::ArrowRight);
    h.run_steps(2);
    let after = h.get_by_role_and_label(Role::Slider, "δw").accesskit_node().numeric_value().expect("a number");
    assert!(after > before, "{before} then {after}");
    h.key_press(Key::ArrowRight);
    h.run_steps(2);
    h.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    h.run_steps(2);
    let undone = h.state().session().store().recipe.weights.delta[0];
    assert!((undone - before).abs() < 1e-12, "two arrows in a row are one step, {undone}");
    let centre = h.get_by_role_and_label(Role::Slider, "δw").rect().center() - vec2(40.0, 0.0);
    for _ in 0..2 {
        h.hover_at(centre);
        h.step();
        h.drag_at(centre);
        h.step();
        h.drop_at(centre);
        h.step();
    }
    h.run_steps(3);
    assert_eq!(h.state().session().store().recipe.weights.delta, [0.5], "the default");
}

#[test]
fn paths_are_typed_and_dropped() {
    let choices = Choices::default();
    let mut h = window(SIZE, &choices);
    h.get_by_role_and_label(Role::TextInput, "Path").focus();
    h.run_steps(2);
    h.get_by_role_and_label(Role::TextInput, "Path").type_text("sample:karate");
    h.run_steps(2);
    h.key_press(Key::Enter);
    wait(&mut h, "the graph", |s| s.store().graph.is_some() && s.is_idle());
    h.input_mut().dropped_files.push(std::sync::Arc::new(Dropped("/nowhere/at.all".into())));
    wait(&mut h, "the notice", |s| !s.store().notices.all().is_empty());
    let notice = h.state().session().store().notices.all()[0].clone();
    assert!(notice.title.contains("/nowhere/at.all"), "{notice:?}");
}

#[test]
fn files_are_shown_before_they_are_opened() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("who.csv");
    let lines: Vec<String> = (0..20).map(|u| format!("monday|{u}|{}\n", (u * 7 + 1) % 20)).collect();
    write_atomic(&path, format!("when|from|to\n{}", lines.concat()).as_bytes()).expect("a file");
    let choices = Choices::default();
    let mut h = window(SIZE, &choices);
    choices.then(&path);
    h.key_press_modifiers(Modifiers::COMMAND, Key::O);
    wait(&mut h, "the report", |s| s.store().import.is_some() && s.is_idle());
    assert!(h.query_by_label("Open these files?").is_some());
    assert!(h.get_by_role_and_label(Role::Button, "Accept").accesskit_node().is_disabled(), "nothing was read yet");
    let pick = |h: &mut egui_kittest::Harness<'_, App>, name: &str, choice: &str| {
        h.get_by_role_and_label(Role::ComboBox, name).click();
        h.run_steps(2);
        h.get_by_role_and_label(Role::Button, choice).click();
        h.run_steps(2);
        wait(h, "another report", Session::is_idle);
    };
    pick(&mut h, "Separator", "vertical bar");
    pick(&mut h, "Column 1", "ignored");
    pick(&mut h, "Column 2", "source");
    pick(&mut h, "Column 3", "target");
    let nodes = |h: &egui_kittest::Harness<'_, App>| {
        let report = h.state().session().store().import.as_ref().and_then(|i| i.report.clone());
        report.and_then(|r| r.graph).map(|g| g.stats.n_nodes)
    };
    let state = h.state().session().store().import.clone().expect("a report");
    assert_eq!(nodes(&h), Some(20), "{:?}, {:?}", state.options, state.report.map(|r| r.faults));
    h.get_by_role_and_label(Role::Button, "Accept").click();
    wait(&mut h, "the graph", |s| s.store().graph.is_some() && s.is_idle());
    assert!(h.query_by_label("Open these files?").is_none());
    // Dropped files get a report too, and Escape forgets it.
    h.input_mut().dropped_files.push(std::sync::Arc::new(Dropped(path)));
    wait(&mut h, "the report", |s| s.store().import.is_some());
    h.key_press(Key::Escape);
    wait(&mut h, "the end", |s| s.store().import.is_none());
}

#[test]
fn a_run_is_exported_for_other_programs() {
    let folder = tempfile::tempdir().expect("a folder");
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    h.get_by_role_and_label(Role::Button, "Prune").click();
    wait(&mut h, "the run", |s| s.store().runs.len() == 1 && s.is_idle());
    h.key_press_modifiers(Modifiers::COMMAND, Key::Num7);
    h.run_steps(2);
    for form in ["Network: ONNX", "Recipe: YAML", "Weights: DGL, .pt"] {
        h.get_by_role_and_label(Role::CheckBox, form).click();
        h.run_steps(2);
    }
    choices.then(folder.path().join("files"));
    h.get_by_role_and_label(Role::Button, "Export files…").click();
    wait(&mut h, "the export", |s| s.store().export.phase == Phase::Done && s.is_idle());
    assert_eq!(choices.last_asked(), Some(Ask::NewFolder { name: "karate-club-gcn-run-1-files".to_owned() }));
    assert!(h.query_by_label("✓ Verified").is_some(), "the view says so");
    for file in ["model.onnx", "recipe.yaml", "recipe.toml", "model-dgl.pt", "graphs-npz/layer_01.npz", "exports.json"]
    {
        assert!(folder.path().join("files").join(file).is_file(), "{file}");
    }
}

#[test]
fn a_run_is_written_as_a_job_for_a_cluster_and_compared_with_one_on_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let choices = Choices::default();
    let mut h = with_karate([1600.0, 1400.0], &choices);
    let recovered = Recipe { recovery: Some(RecoveryRule::default()), ..h.state().session().store().recipe.clone() };
    let plain = Recipe { recovery: None, ..recovered.clone() };
    for recipe in [recovered, plain] {
        h.state().send(Command::SetRecipe(Box::new(recipe), None));
        wait(&mut h, "the preview", is_current);
        let n = h.state().session().store().runs.len();
        h.state().send(Command::Prune);
        wait(&mut h, "a run", |s| s.store().runs.len() == n + 1 && s.is_idle());
    }
    let runs: Vec<RunId> = h.state().session().store().runs.iter().map(|run| run.id).collect();
    let bundle = folder.path().join("bundle");
    h.state().send(Command::Export(runs[0], bundle.clone()));
    wait(&mut h, "the export", |s| s.store().export.phase == Phase::Done && s.is_idle());
    h.key_press_modifiers(Modifiers::COMMAND, Key::Num7);
    h.run_steps(4);
    assert!(h.query_by_label_contains("Not this run").is_none(), "the newest has no recovery");
    choices.then(folder.path().join("job"));
    h.get_by_role_and_label(Role::Button, "Export job…").click();
    let is_said =
        |s: &Session| s.store().notices.all().iter().any(|notice| notice.title.contains("A job for PySpark 4"));
    wait(&mut h, "the job", |s| s.is_idle() && is_said(s));
    assert_eq!(choices.last_asked(), Some(Ask::NewFolder { name: "karate-club-gcn-run-2-job".to_owned() }));
    assert!(folder.path().join("job/job.py").is_file() && folder.path().join("job/README.md").is_file());
    choices.then(&bundle);
    h.get_by_role_and_label(Role::Button, "Compare with a run on disk…").click();
    wait(&mut h, "the comparison", |s| s.is_idle() && s.store().export.compared.is_some());
    assert_eq!(choices.last_asked(), Some(Ask::Folder));
    h.run_steps(2);
    assert!(h.query_by_label("This run beside").is_some() && h.query_by_label("entries kept by both").is_some());
    // The graph as tables, by the menu's action.
    choices.then(folder.path().join("tables"));
    let ctx = h.ctx.clone();
    h.state_mut().perform(Action::StoreTables, &ctx);
    wait(&mut h, "the tables", |s| s.is_idle() && folder.path().join("tables/edges.parquet").is_file());
    // What recovery fitted is no job for a cluster, and says why.
    h.get_by_role_and_label(Role::ComboBox, "Run to export").scroll_to_me();
    h.run_steps(4);
    h.get_by_role_and_label(Role::ComboBox, "Run to export").click();
    h.run_steps(4);
    h.get_by_label_contains("Run 1 · ").click();
    h.run_steps(4);
    assert!(h.query_by_label_contains("Not this run").is_some(), "said before anything is asked");
}

#[test]
fn files_are_asked_for_and_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    choices.then(folder.path().join("mine"));
    h.key_press_modifiers(Modifiers::COMMAND, Key::S);
    wait(&mut h, "the project", |s| s.store().project.is_some() && s.is_idle());
    assert_eq!(choices.last_asked(), Some(Ask::Save { name: "karate-club-gcn.unifews".to_owned() }));
    assert!(folder.path().join("mine.unifews").is_file(), "the ending is added");
    // Nothing chosen is no command.
    h.key_press_modifiers(Modifiers::COMMAND, Key::O);
    h.run_steps(3);
    assert_eq!(choices.last_asked(), Some(Ask::Files));
    assert!(h.state().session().is_idle(), "nothing was opened");
}

#[test]
fn runs_are_renamed_compared_and_deleted() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    h.state().send(Command::Prune);
    wait(&mut h, "a run", |s| s.store().runs.len() == 1);
    h.get_by_role_and_label(Role::Slider, "δa").set_value_accesskit(1.5);
    h.run_steps(2);
    h.state().send(Command::Prune);
    wait(&mut h, "another run", |s| s.store().runs.len() == 2 && s.is_idle());
    h.key_press_modifiers(Modifiers::COMMAND, Key::Num6);
    h.run_steps(2);
    h.get_by_label("Compare Run 1").click();
    h.run_steps(2);
    h.get_by_label("Compare Run 2").click();
    h.run_steps(2);
    assert!(h.query_by_label("Run 1 against Run 2").is_some(), "two ticked runs are compared");
    wait(&mut h, "the differences", Session::is_idle);
    assert!(h.query_by_label_contains("34 nodes get ").is_some(), "nodes of the same class are counted");
    h.get_by_role_and_label(Role::Button, "← All runs").click();
    h.run_steps(2);
    h.get_by_label("Actions for Run 2").click();
    h.run_steps(2);
    h.get_by_label("Delete").click();
    h.run_steps(2);
    assert_eq!(h.state().session().store().runs.len(), 1);
    h.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    h.run_steps(2);
    assert_eq!(h.state().session().store().runs.len(), 2, "undo brings it back");
}

#[test]
fn every_file_of_a_bundle_is_listed_and_features_can_stay_at_home() {
    let folder = tempfile::tempdir().expect("a folder");
    let choices = Choices::default();
    let mut h = with_karate([1600.0, 1400.0], &choices);
    h.get_by_role_and_label(Role::Button, "Prune").click();
    wait(&mut h, "the run", |s| s.store().runs.len() == 1 && s.is_idle());
    h.key_press_modifiers(Modifiers::COMMAND, Key::Num7);
    h.run_steps(4);
    let features = h.query_all_by_label_contains("⚠ Node features leave the house: features.np").count();
    assert_eq!(features, 1, "said before anything is written");
    h.get_by_role_and_label(Role::CheckBox, "Leave the node features out").click();
    h.run_steps(2);
    h.get_by_label("bf16").click();
    h.run_steps(4);
    let chosen = BundleOptions { values: ValueType::Bf16, without_features: true, ..BundleOptions::default() };
    assert_eq!(h.state().session().store().export.options, chosen);
    assert!(h.query_by_label_contains("Node features stay here").is_some());
    // The model's size is that of what is written, and says so.
    for row in ["Model", "Graphs"] {
        assert!(h.query_all_by_label(row).count() >= 1, "{row} in the verdict");
    }
    let planned = contents(&h.state().session().store().runs[0].run, chosen);
    for file in &planned {
        assert!(h.query_all_by_label(&file.name).count() >= 1, "{} is listed", file.name);
    }
    choices.then(folder.path().join("bundle"));
    h.get_by_role_and_label(Role::Button, "Export bundle…").click();
    wait(&mut h, "the export", |s| s.store().export.phase == Phase::Done && s.is_idle());
    let store = h.state().session().store();
    let last = store.export.last.as_ref().expect("written");
    let mut names: Vec<&str> = planned.iter().map(|file| file.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(last.files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), names);
    assert!(last.is_verified && last.replay.as_ref().is_some_and(|replay| replay.ends_with("--graph GRAPH")));
    assert!(last.notes.iter().any(|note| note.contains("of the predictions stay")), "{:?}", last.notes);
}

#[test]
fn a_run_is_exported_and_its_bundle_opened_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    h.get_by_role_and_label(Role::Button, "Prune").click();
    wait(&mut h, "the run", |s| s.store().runs.len() == 1 && s.is_idle());
    let bundle = folder.path().join("bundle");
    choices.then(&bundle);
    h.key_press_modifiers(Modifiers::COMMAND, Key::E);
    wait(&mut h, "the export", |s| s.store().export.phase == Phase::Done && s.is_idle());
    assert_eq!(choices.last_asked(), Some(Ask::NewFolder { name: "karate-club-gcn-run-1".to_owned() }));
    assert_eq!(h.state().shown_pane(), Some(Pane::Export));
    assert!(h.query_by_label("✓ Verified").is_some(), "the view says so");
    h.get_by_label("Copy replay command").click();
    h.run_steps(2);

    // The result is brought into view, however fast it came: here it is there before a frame has shown that it is made.
    h.set_size(vec2(SIZE[0], 500.0));
    h.run_steps(30);
    let run = h.state().session().store().runs[0].id;
    h.state().send(Command::Export(run, folder.path().join("another")));
    h.step();
    let (began, bell) = (std::time::Instant::now(), Bell::of(&h));
    while !folder.path().join("another/manifest.json").exists() && began.elapsed() < super::PATIENCE {
        bell.wait(Bell::LOOK_EVERY);
    }
    // The end of the job rings once more.
    bell.wait(10 * Bell::LOOK_EVERY);
    wait(&mut h, "the second export", |s| s.store().export.phase == Phase::Done && s.is_idle());
    h.run_steps(30);
    let verified = h.get_by_label("✓ Verified").rect();
    assert!(h.ctx.content_rect().contains_rect(verified), "{verified:?} lies below what is seen");
    h.set_size(vec2(SIZE[0], SIZE[1]));
    h.run_steps(2);

    choices.then(&bundle);
    h.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::O);
    wait(&mut h, "the bundle's run", |s| s.store().runs.len() == 2 && s.is_idle());
    let runs = &h.state().session().store().runs;
    assert_eq!(runs[0].run.pruned.logits, runs[1].run.pruned.logits, "the same bits");
    h.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    h.run_steps(2);
    let model = h.state().session().store().model.as_ref().map(|m| m.name.clone());
    assert_eq!(model.as_deref(), Some("GCN trained here"), "undo goes back to what was open");
}
