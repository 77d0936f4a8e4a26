//! Projects and what belongs to them: where they are saved, what closing forgets, how runs are called, what a bundle is held against.

use std::path::PathBuf;

use unifews::engine::sparsify::{EdgeMode, Training, WeightMode};
use unifews::io::atomic::write_atomic;
use unifews::session::{Command, FileWriter, Level, Phase, Session, WeightPlace};

use super::{session, wait, with_karate};

fn set_delta_a(session: &mut Session, delta: f64) {
    let mut recipe = session.store().recipe.clone();
    recipe.edges.delta = vec![delta];
    session.apply(Command::SetRecipe(Box::new(recipe), None));
}

fn prune(session: &mut Session) {
    let n = session.store().runs.len();
    session.apply(Command::Prune);
    wait(session, "a run", |s| s.store().runs.len() == n + 1 && s.is_idle());
}

fn names(session: &Session) -> Vec<&str> {
    session.store().runs.iter().map(|e| e.name.as_str()).collect()
}

/// A session with the smallest sample and its model in a file, as a project needs it.
fn with_saved_model(folder: &tempfile::TempDir) -> Session {
    let mut session = with_karate();
    let model = folder.path().join("model.safetensors");
    session.apply(Command::SaveModel(model.clone()));
    wait(&mut session, "the model's file", Session::is_idle);
    session.apply(Command::Open(model.display().to_string()));
    wait(&mut session, "the model", Session::is_idle);
    session
}

#[test]
fn a_project_is_known_by_its_content_whatever_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = with_saved_model(&folder);
    set_delta_a(&mut session, 0.4);
    for name in ["mine.json", "mine.txt", "mine.unifews"] {
        let path = folder.path().join(name);
        session.apply(Command::SaveProject(path.clone()));
        wait(&mut session, "the file", Session::is_idle);
        for command in [Command::Open(path.display().to_string()), Command::Import(vec![path.display().to_string()])] {
            let mut other = super::session();
            other.apply(command);
            wait(&mut other, "the project", |s| s.store().project.is_some() && s.is_idle());
            assert_eq!(other.store().recipe.edges.delta, [0.4], "{name}");
            assert_eq!(other.store().project.as_ref(), Some(&path));
        }
    }
    // Other JSON stays what it is.
    let other = folder.path().join("other.json");
    write_atomic(&other, br#"{"note": "a unifews-project/1 is something else", "format": 3}"#).expect("writable");
    let mut session = super::session();
    session.apply(Command::Open(other.display().to_string()));
    wait(&mut session, "the refusal", |s| !s.store().notices.all().is_empty());
    assert!(
        !session.store().notices.all()[0].detail.contains("unifews-project"),
        "{:?}",
        session.store().notices.all()
    );
}

#[test]
fn a_project_that_could_not_be_saved_is_not_saved_and_the_notice_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = with_karate();
    set_delta_a(&mut session, 0.4);
    assert!(session.has_unsaved_work(), "a recipe was changed");
    session.apply(Command::SaveProject(folder.path().join("nowhere/mine.unifews")));
    wait(&mut session, "the refusal", Session::is_idle);
    assert_eq!(session.store().project, None, "nothing was saved, so nothing is saved over");
    assert!(session.has_unsaved_work(), "and the work is still to be saved");
    let notice = session.store().notices.all().last().expect("told").clone();
    assert!(notice.level == Level::Error && notice.next.contains("Choose a folder that exists"), "{notice:?}");

    let path = folder.path().join("mine.unifews");
    session.apply(Command::SaveProject(path.clone()));
    wait(&mut session, "the file", Session::is_idle);
    assert_eq!(session.store().project, Some(path));
    assert!(!session.has_unsaved_work(), "saved");
    set_delta_a(&mut session, 0.6);
    assert!(session.has_unsaved_work(), "changed since");
    session.apply(Command::Undo);
    assert!(session.has_unsaved_work(), "what was taken back is a change too");
}

#[test]
fn opening_a_sample_is_no_work_that_could_be_lost() {
    let mut session = with_karate();
    assert!(!session.has_unsaved_work(), "the sample and its small model come again");
    prune(&mut session);
    assert!(session.has_unsaved_work(), "a run is");
}

#[test]
fn closing_forgets_the_project_and_everything_of_the_old_work_but_its_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mine.unifews");
    let mut session = with_saved_model(&folder);
    prune(&mut session);
    session.apply(Command::SaveProject(path.clone()));
    wait(&mut session, "the file", Session::is_idle);
    // A training that fails: its split does not exist.
    let mut recipe = session.store().recipe.clone();
    "no such split".clone_into(&mut recipe.split);
    session.apply(Command::SetRecipe(Box::new(recipe), None));
    session.apply(Command::Train);
    wait(&mut session, "the failure", |s| s.store().training.phase == Phase::Failed && s.is_idle());

    session.apply(Command::CloseInputs);
    assert_eq!(session.store().project, None, "saving must ask where to");
    assert_eq!(session.store().training.phase, Phase::Idle, "the old failure is gone");
    assert!(session.store().training.label.is_empty() && session.store().preview_fault.is_none());
    assert!(!session.has_unsaved_work(), "nothing is open");
    assert_eq!(names(&session), ["Run 1"], "runs stay to be looked at");
    session.apply(Command::Undo);
    assert!(session.store().graph.is_some(), "open again");
    assert_eq!(session.store().project, None, "as work without a file");
}

#[test]
fn a_running_training_ends_with_what_it_was_about() {
    let mut session = with_karate();
    let mut recipe = session.store().recipe.clone();
    recipe.training = Some(Training { epochs: 1_000_000, ..Training::default() });
    session.apply(Command::SetRecipe(Box::new(recipe), None));
    session.apply(Command::Train);
    wait(&mut session, "an epoch", |s| !s.store().training.history.is_empty());
    session.apply(Command::CloseInputs);
    wait(&mut session, "the end", Session::is_idle);
    assert!(session.store().training.history.is_empty() && session.store().training.phase == Phase::Idle);
    assert!(session.store().model.is_none() && session.store().graph.is_none(), "nothing came back");
}

#[test]
fn another_graph_is_another_project() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mine.unifews");
    let mut session = with_saved_model(&folder);
    session.apply(Command::SaveProject(path.clone()));
    wait(&mut session, "the file", Session::is_idle);
    set_delta_a(&mut session, 0.3);
    assert_eq!(session.store().project, Some(path), "another recipe is the same project");
    session.apply(Command::OpenSample("sample:karate".to_owned()));
    wait(&mut session, "the sample", Session::is_idle);
    assert_eq!(session.store().project, None, "a sample is not saved over it");
}

#[test]
fn no_two_runs_have_one_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mine.unifews");
    let mut session = with_saved_model(&folder);
    prune(&mut session);
    set_delta_a(&mut session, 0.9);
    prune(&mut session);
    let first = session.store().runs[0].id;
    session.apply(Command::DeleteRun(first));
    session.apply(Command::SaveProject(path.clone()));
    wait(&mut session, "the file", Session::is_idle);

    let mut other = super::session();
    other.apply(Command::Open(path.display().to_string()));
    wait(&mut other, "the run", |s| s.store().runs.len() == 1 && s.is_idle());
    assert!(!other.has_unsaved_work(), "it is as it was saved");
    set_delta_a(&mut other, 0.2);
    prune(&mut other);
    set_delta_a(&mut other, 0.1);
    prune(&mut other);
    assert_eq!(names(&other), ["Run 2", "Run 3", "Run 4"]);
    // A number is not given again while undo can bring its run back.
    let last = other.store().runs[2].id;
    other.apply(Command::DeleteRun(last));
    set_delta_a(&mut other, 0.3);
    prune(&mut other);
    assert_eq!(names(&other), ["Run 2", "Run 3", "Run 5"]);
    let id = other.store().runs[1].id;
    other.apply(Command::RenameRun(id, "Run 2".to_owned()));
    assert_eq!(names(&other), ["Run 2", "Run 2 (2)", "Run 5"]);
}

#[test]
fn a_reopened_bundle_is_held_against_the_model_before_it_was_pruned() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("bundle");
    let mut session = session();
    session.apply(Command::OpenSample("sample:cora".to_owned()));
    wait(&mut session, "the first preview", |s| s.store().preview.is_some() && s.is_idle());
    let mut recipe = session.store().recipe.clone();
    // As published: what was opened begins with a recovered recipe.
    (recipe.recovery, recipe.channels) = (None, None);
    (recipe.edges.mode, recipe.weights.mode) = (EdgeMode::Relative, WeightMode::Relative);
    (recipe.edges.delta, recipe.weights.delta) = (vec![0.2], vec![1.5]);
    session.apply(Command::SetRecipe(Box::new(recipe), None));
    prune(&mut session);
    let run = session.store().runs[0].clone();
    session.apply(Command::Export(run.id, target.clone()));
    wait(&mut session, "the export", |s| s.store().export.phase == Phase::Done);

    let mut other = super::session();
    other.apply(Command::Open(target.display().to_string()));
    wait(&mut other, "the run", |s| s.store().runs.len() == 1 && s.is_idle());
    let again = std::sync::Arc::clone(&other.store().runs[0].run);
    let told = |e: &unifews::engine::experiment::Evaluation| [e.train, e.val, e.test].map(|p| (p.baseline, p.pruned));
    assert_eq!(told(&again.evaluation), told(&run.run.evaluation), "every score, of both models");
    assert_eq!(again.evaluation.agreement.to_bits(), run.run.evaluation.agreement.to_bits());
    let errors =
        |r: &unifews::engine::experiment::Run| r.pruned.steps.iter().map(|s| s.relative_error).collect::<Vec<_>>();
    assert!(errors(&run.run).iter().all(Option::is_some));
    assert_eq!(errors(&again), errors(&run.run), "as they were measured");
    // Another recipe has the same baseline, in previews and in sweeps.
    set_delta_a(&mut other, 0.0);
    wait(&mut other, "the preview", |s| s.is_idle() && s.store().shown().is_some_and(|r| s.store().is_current(r)));
    let shown = other.store().shown().expect("a preview");
    assert_eq!(shown.evaluation.test.baseline, run.run.evaluation.test.baseline);
    let grid = unifews::engine::experiment::SweepGrid { delta_a: vec![0.0], delta_w: vec![0.0] };
    other.apply(Command::Sweep(grid));
    wait(&mut other, "the sweep", |s| s.store().sweep.phase == Phase::Done);
    let told = other.store().sweep.points[0].baseline_test_accuracy;
    assert!((told - run.run.evaluation.test.baseline.accuracy).abs() < 1e-12, "{told}");
}

#[test]
fn what_is_written_is_told_by_the_name_it_has() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = session();
    let named = |path: &std::path::Path, _: &unifews::engine::control::Control| {
        let path: PathBuf = unifews::io::with_known_ending(path, &["png"])?;
        Ok((path, b"\x89PNG".to_vec()))
    };
    session.apply(Command::WriteFile(FileWriter::new("Save a picture", named), folder.path().join("a.pdf")));
    wait(&mut session, "the file", Session::is_idle);
    assert!(folder.path().join("a.pdf.png").is_file() && !folder.path().join("a.pdf").exists());
    assert!(session.store().notices.all()[0].title.ends_with("a.pdf.png"), "{:?}", session.store().notices.all());
}

#[test]
fn names_in_notices_do_nothing() {
    let mut session = session();
    session.apply(Command::Open("/nowhere/\u{1b}[31m\u{202e}name".to_owned()));
    wait(&mut session, "the refusal", |s| !s.store().notices.all().is_empty());
    let notice = session.store().notices.all()[0].clone();
    let text = format!("{} {}", notice.title, notice.detail);
    assert!(text.contains(r"\u{1b}[31m\u{202e}name"), "{text}");
    assert!(!text.chars().any(|c| c.is_control() || c == '\u{202e}'), "{text:?}");
}

#[test]
fn a_model_that_was_trained_here_is_saved_beside_the_project_and_nothing_else_is_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, model) = (folder.path().join("mine.unifews"), folder.path().join("mine-model.safetensors"));
    write_atomic(&model, b"somebody's").expect("written");
    let mut session = with_karate();
    prune(&mut session);
    session.apply(Command::SaveProject(path.clone()));
    wait(&mut session, "the files", Session::is_idle);
    assert_eq!(std::fs::read(&model).expect("there"), b"somebody's");
    let spec = session.store().model.as_ref().expect("open").spec.clone();
    assert!(spec.ends_with("mine-model-2.safetensors") && !session.has_unsaved_work(), "{spec}");
    let before = std::sync::Arc::clone(&session.store().model.as_ref().expect("open").model);
    drop(session);
    let mut session = super::session();
    session.apply(Command::Open(path.display().to_string()));
    wait(&mut session, "the run", |s| s.store().runs.len() == 1 && s.is_idle());
    let model = &session.store().model.as_ref().expect("a model").model;
    assert!(model.parameters.iter().zip(&before.parameters).all(|(a, b)| a.values == b.values), "the same bits");
}

#[test]
fn what_is_selected_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.unifews");
    let mut session = with_saved_model(&folder);
    wait(&mut session, "the preview", Session::is_idle);
    let (target, source) = {
        let topology = session.store().graph.as_ref().expect("open").dataset.topology();
        (0u32, topology.row(0).iter().copied().find(|v| *v != 0).expect("a neighbour"))
    };
    let place = WeightPlace { matrix: 0, input: 3, output: 1 };
    let reopened = |session: &mut Session, select: Command| {
        session.apply(select);
        session.apply(Command::SaveProject(path.clone()));
        wait(session, "the file", Session::is_idle);
        let mut later = super::session();
        later.apply(Command::Open(path.display().to_string()));
        wait(&mut later, "the project", Session::is_idle);
        later
    };
    let later = reopened(&mut session, Command::SelectNodes(vec![9, 2, 5]));
    assert_eq!(later.store().selected_nodes().map(|nodes| nodes.to_vec()), Some(vec![2, 5, 9]));
    let later = reopened(&mut session, Command::SelectEntry { target, source });
    assert_eq!(later.store().selected_entry(), Some((target, source)));
    let later = reopened(&mut session, Command::SelectWeight(place));
    assert_eq!(later.store().selected_weight(), Some(place));
    let later = reopened(&mut session, Command::SelectNode(None));
    assert!(!later.store().has_selection(), "and nothing where nothing was");
}
