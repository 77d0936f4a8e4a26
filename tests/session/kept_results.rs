//! What runs found is kept with a project: reopened, nothing is computed again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use unifews::engine::experiment::{Run, StressMasks, SweepGrid};
use unifews::engine::sparsify::{RecoveryRule, Training};
use unifews::io::atomic::write_atomic;
use unifews::session::{Command, Level, Phase, Session, Verdict};

use super::{session, wait, with_karate};

/// A session with two runs, one of them recovered, and a preview of a third recipe, saved as a project.
fn saved(folder: &Path) -> (Session, PathBuf) {
    let path = folder.join("mine.unifews");
    let mut session = with_karate();
    for (delta, rule) in [(0.4, None), (0.8, Some(RecoveryRule::default()))] {
        let mut recipe = session.store().recipe.clone();
        (recipe.edges.delta, recipe.recovery) = (vec![delta], rule);
        session.apply(Command::SetRecipe(Box::new(recipe), None));
        let n = session.store().runs.len();
        session.apply(Command::Prune);
        wait(&mut session, "a run", |s| s.store().runs.len() == n + 1 && s.is_idle());
    }
    let mut recipe = session.store().recipe.clone();
    recipe.edges.delta = vec![0.6];
    recipe.recovery = None;
    session.apply(Command::SetRecipe(Box::new(recipe), None));
    wait(&mut session, "the preview", |s| s.is_idle() && s.store().preview.is_some());
    save(&mut session, &path);
    (session, path)
}

fn save(session: &mut Session, path: &Path) {
    session.apply(Command::SaveProject(path.to_owned()));
    wait(session, "the files", Session::is_idle);
}

/// Opens a project; answers with the labels of all jobs that there were on the way.
fn reopened(path: &Path) -> (Session, Vec<String>) {
    let mut session = session();
    session.apply(Command::Open(path.display().to_string()));
    let mut labels = Vec::new();
    let began = std::time::Instant::now();
    while !(session.is_idle() && session.store().project.is_some()) {
        session.poll();
        labels.extend(session.jobs().into_iter().map(|job| job.label));
        assert!(began.elapsed() < super::PATIENCE, "{:?}", session.store().notices.all());
        std::thread::yield_now();
    }
    labels.sort();
    labels.dedup();
    (session, labels)
}

/// All that a run says, every list and number with its bits.
fn told(run: &Run) -> String {
    let numbers = (&run.recipe, &run.split, &run.evaluation, &run.timing, &run.bounds, &run.size, &run.hidden);
    format!("{:?} {:?} {numbers:?} {:?}", run.pruned, run.baseline_logits, run.certificate)
}

fn results_of(path: &Path) -> PathBuf {
    path.with_file_name("mine.unifews-runs")
}

#[test]
fn a_reopened_project_computes_nothing_and_shows_the_same_bits_and_the_same_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let (before, path) = saved(folder.path());
    let size = std::fs::metadata(results_of(&path)).expect("there").len();
    let notice = before.store().notices.all().last().expect("told").clone();
    assert!(notice.detail.contains("with the results of 2 runs") && size > 1000, "{notice:?}");
    let (again, labels) = reopened(&path);
    let opening = ["Hash what is open", "Open ", "Read the results of the project"];
    assert!(labels.iter().all(|label| opening.iter().any(|known| label.starts_with(known))), "{labels:?}");
    assert!(labels.iter().any(|label| label == "Read the results of the project"));
    assert_eq!(again.store().runs.len(), 2);
    for (a, b) in before.store().runs.iter().zip(&again.store().runs) {
        assert_eq!((&a.name, &a.tags, a.elapsed_secs.to_bits()), (&b.name, &b.tags, b.elapsed_secs.to_bits()));
        assert_eq!(told(&a.run), told(&b.run), "{}", a.name);
        assert_eq!(Verdict::of(&a.run, 0.01).lines(), Verdict::of(&b.run, 0.01).lines());
    }
    let [shown, kept] = [&before, &again].map(|s| Arc::clone(s.store().shown().expect("shown")));
    assert!(again.store().is_current(&kept), "the preview of the recipe as it stands");
    assert_eq!(told(&shown), told(&kept));
    assert!(!again.has_unsaved_work(), "as it was saved");
    // And it is saved again as it is, into the same file.
    let bytes = std::fs::read(results_of(&path)).expect("there");
    let mut again = again;
    save(&mut again, &path);
    assert_eq!(std::fs::read(results_of(&path)).expect("there"), bytes);
    assert_eq!(std::fs::read_dir(folder.path()).expect("there").count(), 3, "project, model, results");
}

#[test]
fn results_that_are_broken_or_of_something_else_are_said_and_the_runs_are_computed_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let (before, path) = saved(folder.path());
    let results = results_of(&path);
    let whole = std::fs::read(&results).expect("there");
    let mut other = whole.clone();
    *other.last_mut().expect("bytes") ^= 1;
    let of_others = {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("mine.unifews");
        let mut session = with_karate();
        let mut recipe = session.store().recipe.clone();
        (recipe.seed, recipe.training) = (7, Some(Training { epochs: 2, ..Training::default() }));
        session.apply(Command::SetRecipe(Box::new(recipe), None));
        session.apply(Command::Train);
        wait(&mut session, "another model", |s| s.store().training.phase == Phase::Done && s.is_idle());
        save(&mut session, &path);
        std::fs::read(results_of(&path)).expect("there")
    };
    let cases = [
        ("one bit", Some(other), "the SHA-256 that it names"),
        ("cut off", Some(whole[..whole.len() / 2].to_vec()), "safetensors"),
        ("of another model", Some(of_others), "results of the graph and the model that are open"),
        ("no results", Some(b"somebody's".to_vec()), "safetensors"),
        ("gone", None, "mine.unifews-runs"),
    ];
    for (case, bytes, says) in cases {
        match bytes {
            Some(bytes) => write_atomic(&results, &bytes).expect("written"),
            None => std::fs::remove_file(&results).expect("there"),
        }
        let (again, labels) = reopened(&path);
        let notice = again.store().notices.all().iter().find(|n| n.title.starts_with("Results left out")).cloned();
        let notice = notice.unwrap_or_else(|| panic!("{case}: {:?}", again.store().notices.all()));
        assert!(notice.level == Level::Warning && notice.detail.contains(says), "{case}: {notice:?}");
        assert!(labels.iter().any(|label| label.starts_with("Prune ")), "{case}: {labels:?}");
        let masks = |s: &Session| s.store().runs.iter().map(|e| e.run.pruned.masks.clone()).collect::<Vec<_>>();
        assert_eq!(masks(&before), masks(&again), "{case}");
        let logits = |s: &Session| s.store().runs.iter().map(|e| e.run.pruned.logits.clone()).collect::<Vec<_>>();
        assert_eq!(logits(&before), logits(&again), "{case}");
    }
}

#[test]
fn a_run_that_is_not_among_the_results_is_computed_and_a_project_names_no_file_elsewhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, path) = saved(folder.path());
    let text = std::fs::read_to_string(&path).expect("a project");
    let mut project: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    project["runs"][0]["recipe"]["edges"]["delta"] = serde_json::json!([0.41]);
    write_atomic(&path, project.to_string().as_bytes()).expect("written");
    let (again, labels) = reopened(&path);
    let names: Vec<&str> = again.store().runs.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(names, ["Run 2", "Run 1"], "what was read, then what was computed");
    assert_eq!(labels.iter().filter(|label| label.starts_with("Prune ")).count(), 1, "{labels:?}");
    project["results"] = serde_json::json!("../mine.unifews-runs");
    write_atomic(&path, project.to_string().as_bytes()).expect("written");
    let (again, labels) = reopened(&path);
    assert!(again.store().runs.len() == 2 && !labels.iter().any(|label| label.starts_with("Read ")), "{labels:?}");
}

#[test]
fn what_is_no_file_of_results_is_not_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let theirs = folder.path().join("mine.unifews-runs");
    write_atomic(&theirs, b"somebody's").expect("written");
    let (_, path) = saved(folder.path());
    assert_eq!(std::fs::read(&theirs).expect("there"), b"somebody's");
    assert!(folder.path().join("mine.unifews-runs-2").is_file());
    let (again, labels) = reopened(&path);
    assert!(again.store().runs.len() == 2 && !labels.iter().any(|label| label.starts_with("Prune ")), "{labels:?}");
}

#[test]
fn stress_and_maps_by_layer_are_there_again_without_a_job() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mine.unifews");
    let mut session = with_karate();
    let mut recipe = session.store().recipe.clone();
    (recipe.edges.delta, recipe.recovery) = (vec![0.3], None);
    session.apply(Command::SetRecipe(Box::new(recipe), None));
    wait(&mut session, "the preview", Session::is_idle);
    session.apply(Command::Stress(StressMasks::Carried));
    wait(&mut session, "stress", |s| s.store().stress.phase == Phase::Done && s.is_idle());
    let grid = SweepGrid { delta_a: vec![0.2, 0.5], delta_w: vec![0.0, 0.3] };
    session.apply(Command::Sweep(grid));
    wait(&mut session, "the sweep", |s| s.store().sweep.phase == Phase::Done && s.is_idle());
    session.apply(Command::SweepLayer(Some(1)));
    wait(&mut session, "one layer", |s| s.store().sweep.layer == Some(1) && s.store().sweep.phase == Phase::Done);
    save(&mut session, &path);

    let (mut again, labels) = reopened(&path);
    assert!(labels.iter().all(|label| !label.starts_with("Stress") && !label.starts_with("Sweep")), "{labels:?}");
    let (before, after) = (&session.store().stress, &again.store().stress);
    assert_eq!((after.phase, after.masks, after.n_points), (Phase::Done, StressMasks::Carried, before.n_points));
    assert_eq!(after.points, before.points);
    assert_eq!(after.results, before.results, "sentences, means and what was left out");
    let (before, after) = (&session.store().sweep, &again.store().sweep);
    assert_eq!((after.layer, &after.points), (before.layer, &before.points));
    // The map of all layers comes back without a sweep.
    for session in [&mut session, &mut again] {
        session.apply(Command::SweepLayer(None));
        assert_eq!((session.store().sweep.layer, session.store().sweep.phase), (None, Phase::Done));
        assert!(session.is_idle(), "nothing is computed");
    }
    assert_eq!(session.store().sweep.points, again.store().sweep.points);

    // A project of before there were such is read as it was, and one that is broken leaves the rest.
    let text = std::fs::read_to_string(&path).expect("a project");
    let mut value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    value["trials"].as_object_mut().expect("trials").remove("stress");
    value["trials"].as_object_mut().expect("trials").remove("other_sweeps");
    write_atomic(&path, value.to_string().as_bytes()).expect("written");
    let (old, _) = reopened(&path);
    assert!(old.store().stress.points.is_empty() && old.store().sweep.phase == Phase::Done);
    assert!(old.store().notices.all().iter().all(|notice| notice.level != Level::Warning));
    value["trials"]["stress"] = serde_json::json!({ "points": 3 });
    write_atomic(&path, value.to_string().as_bytes()).expect("written");
    assert_eq!(reopened(&path).0.store().sweep.phase, Phase::Done);
}
