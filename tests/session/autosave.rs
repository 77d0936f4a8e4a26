//! What would be lost is kept while the session is at work, and comes back when it did not end.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use unifews::engine::experiment::{Budget, Goal, SweepGrid, SweepPoint, ValueType};
use unifews::engine::sparsify::Recipe;
use unifews::io::atomic::write_atomic;
use unifews::io::autosave::{STATE_NAME, SessionFolder, left_behind};
use unifews::io::bundle::BundleOptions;
use unifews::session::jobs::Lane;
use unifews::session::kept::{Autosaved, KeptSweep, KeptTrials};
use unifews::session::project::{PROJECT_FORMAT, Project, ProjectRun};
use unifews::session::{Command, Level, Phase, Session, project};

use super::wait;

/// A session that is kept below `root`, once it knows what was left there.
fn kept(root: &Path) -> Session {
    let mut session = super::session().with_autosave(root.to_owned());
    wait(&mut session, "what was left", Session::is_idle);
    session
}

/// Lets so much time pass that what changed is written, and waits for that.
fn write(session: &mut Session, now: &mut Duration) {
    wait(session, "an end of all work", Session::is_idle);
    for _ in 0..3 {
        *now += Duration::from_secs(2);
        session.tick(*now, || "layout".to_owned());
        wait(session, "the write", |s| !s.is_busy(&Lane::Autosave));
    }
}

/// The state that a session left which was just dropped.
fn state_of(root: &Path) -> Project {
    let left = left_behind(root);
    assert_eq!(left.len(), 1, "one session was left");
    project::read(&left[0].path(STATE_NAME)).expect("readable")
}

fn titles(session: &Session) -> Vec<String> {
    session.store().notices.all().iter().map(|notice| notice.title.clone()).collect()
}

/// A session with work of every kind.
fn with_work(root: &Path, now: &mut Duration) -> Session {
    let mut session = kept(root);
    session.apply(Command::OpenSample("sample:karate".to_owned()));
    wait(&mut session, "the first preview", |s| s.store().preview.is_some() && s.is_idle());
    for delta in [0.3, 0.6] {
        let mut recipe = session.store().recipe.clone();
        recipe.edges.delta = vec![delta];
        session.apply(Command::SetRecipe(Box::new(recipe), None));
        session.apply(Command::Prune);
        wait(&mut session, "a run", Session::is_idle);
    }
    let ids: Vec<_> = session.store().runs.iter().map(|run| run.id).collect();
    session.apply(Command::RenameRun(ids[0], "the one".to_owned()));
    session.apply(Command::PinRun(ids[0], true));
    session.apply(Command::Sweep(SweepGrid { delta_a: vec![0.0, 0.5, 1.0], delta_w: vec![0.0, 0.2] }));
    wait(&mut session, "the sweep", |s| s.store().sweep.phase == Phase::Done && s.is_idle());
    session.apply(Command::ComparePoint(4));
    session.apply(Command::SetLimit(0.035));
    session.apply(Command::SetBudget(Budget { lose_at_most: 0.02, goal: Goal::Size }));
    session.apply(Command::SetBundleOptions(BundleOptions {
        values: ValueType::Bf16,
        without_features: true,
        ..BundleOptions::default()
    }));
    session.apply(Command::SelectNode(Some(5)));
    write(&mut session, now);
    session
}

#[test]
fn a_session_that_did_not_end_comes_back_with_everything() {
    let folder = tempfile::tempdir().expect("a folder");
    let (root, mut now) = (folder.path().join("sessions"), Duration::ZERO);
    let session = with_work(&root, &mut now);
    let before = session.store().to_project();
    let model = Arc::clone(&session.store().model.as_ref().expect("trained").model);
    // As if it had been killed: it does not end, and its lock goes with it.
    drop(session);

    let mut session = kept(&root);
    assert!(session.store().graph.is_none() && !session.has_unsaved_work(), "nothing is opened unasked");
    let lost = session.store().lost.clone();
    assert_eq!(lost.len(), 1);
    assert_eq!((lost[0].n_runs, lost[0].n_points, &lost[0].fault), (2, 6, &None));
    assert!(lost[0].graph.contains("arate") && lost[0].model.contains("trained here"), "{lost:?}");
    let age = SystemTime::now().duration_since(lost[0].at).expect("in the past");
    assert!(age < Duration::from_hours(1), "{age:?}");
    session.apply(Command::Restore(lost[0].id));
    wait(&mut session, "the runs", |s| s.store().runs.len() == 2 && s.is_idle());
    assert_eq!(session.store().to_project(), before);
    let back = session.store().model.as_ref().expect("restored");
    assert!(back.model.parameters.iter().zip(&model.parameters).all(|(a, b)| a.values == b.values), "the same bits");
    assert!(back.spec.is_empty() && back.name == lost[0].model);
    let names: Vec<_> = session.store().runs.iter().map(|run| (run.name.as_str(), run.is_pinned)).collect();
    assert_eq!(names, [("the one", true), ("Run 2", false)]);
    assert_eq!(session.store().sweep.phase, Phase::Done);
    assert!(session.has_unsaved_work(), "it is still to be saved");
    assert_eq!(session.take_window().as_deref(), Some("layout"));
    assert!(session.store().lost.is_empty() && session.store().recent.iter().all(|recent| recent.kind != "model"));
    assert!(titles(&session).contains(&"Restored the last session".to_owned()), "{:?}", titles(&session));

    // What it was restored from goes once it is kept anew.
    write(&mut session, &mut now);
    drop(session);
    let after = state_of(&root);
    assert_eq!((after.runs, after.trials), (before.runs, before.trials));
    assert!(after.autosave.expect("an autosave").is_changed);
}

#[test]
fn nothing_is_offered_after_an_end_nor_after_closing_what_was_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let (root, mut now) = (folder.path().join("sessions"), Duration::ZERO);
    let mut session = with_work(&root, &mut now);
    session.end();
    session.tick(now + Duration::from_secs(9), String::new);
    drop(session);
    assert!(left_behind(&root).is_empty() && kept(&root).store().lost.is_empty());

    let mut session = with_work(&root, &mut now);
    session.apply(Command::CloseInputs);
    write(&mut session, &mut now);
    drop(session);
    assert!(left_behind(&root).is_empty(), "whoever closes it was asked");
    // A session that never opens anything leaves no trace.
    drop(kept(&root));
    assert!(left_behind(&root).is_empty());
}

#[test]
fn windows_at_the_same_time_keep_what_is_theirs() {
    let folder = tempfile::tempdir().expect("a folder");
    let (root, mut now) = (folder.path().join("sessions"), Duration::ZERO);
    let (first, second) = (with_work(&root, &mut now), with_work(&root, &mut now));
    assert!(kept(&root).store().lost.is_empty(), "both are at work");
    drop(first);
    let third = kept(&root);
    assert_eq!(third.store().lost.len(), 1, "one is not");
    assert!(kept(&root).store().lost.is_empty(), "it is offered once");
    drop((second, third));
    let mut fourth = kept(&root);
    assert_eq!(fourth.store().lost.len(), 2, "nobody wanted the first one yet");
    for lost in fourth.store().lost.clone() {
        fourth.apply(Command::DiscardLost(lost.id));
    }
    assert!(fourth.store().lost.is_empty());
    drop(fourth);
    assert!(left_behind(&root).is_empty(), "discarded for good");
}

#[test]
fn the_state_is_written_once_for_what_changed_and_not_again_for_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (root, mut now) = (folder.path().join("sessions"), Duration::ZERO);
    let mut session = with_work(&root, &mut now);
    let state = |root: &Path| std::fs::read(left_by(root)).expect("written");
    let before = state(&root);
    // Looking at the notices changes nothing that would be missed.
    session.apply(Command::SeeNotices);
    session.touch();
    write(&mut session, &mut now);
    assert_eq!(state(&root), before);
    session.apply(Command::SelectNode(Some(7)));
    write(&mut session, &mut now);
    assert_ne!(state(&root), before);
    drop(session);
    assert_eq!(state_of(&root).selected, Some(7));
}

/// Puts a state into a folder as a session leaves it that is killed.
fn leave(root: &Path, state: &[u8]) {
    SessionFolder::begin(root).expect("made").write(STATE_NAME, state).expect("written");
}

#[test]
fn a_state_that_cannot_be_read_is_named_and_stops_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (root, mut now) = (folder.path().join("sessions"), Duration::ZERO);
    drop(with_work(&root, &mut now));
    let whole = {
        let mut left = left_behind(&root);
        let text = std::fs::read_to_string(left[0].path(STATE_NAME)).expect("text");
        left.remove(0).remove();
        text
    };
    let future = whole.replace(PROJECT_FORMAT, "unifews-project/2");
    let other_types = whole.replace("\"recipe\": {", "\"recipe\": 3, \"was\": {");
    let deep = format!("{{\"format\": \"{PROJECT_FORMAT}\", \"runs\": {}", "[".repeat(100_000));
    let broken: [(&[u8], &str); 6] = [
        (&whole.as_bytes()[..whole.len() / 2], "line"),
        (b"", "line"),
        (b"\xff\xfe\x00\x00 no text", ""),
        (future.as_bytes(), "unifews-project/2"),
        (other_types.as_bytes(), "struct Recipe"),
        (deep.as_bytes(), "recursion"),
    ];
    for (state, says) in broken {
        leave(&root, state);
        let mut session = kept(&root);
        let lost = session.store().lost.clone();
        let fault = lost[0].fault.clone().expect("it cannot be read");
        assert!(!fault.is_empty() && fault.contains(says), "{fault}");
        // Asked for all the same, it is refused with a notice, and everything else goes on.
        session.apply(Command::Restore(lost[0].id));
        wait(&mut session, "the refusal", |s| s.is_idle() && !s.store().notices.all().is_empty());
        assert_eq!(session.store().notices.all()[0].level, Level::Error);
        session.apply(Command::OpenSample("sample:karate".to_owned()));
        wait(&mut session, "a preview", |s| s.store().preview.is_some() && s.is_idle());
        session.apply(Command::DiscardLost(lost[0].id));
        session.end();
        drop(session);
        assert!(left_behind(&root).is_empty());
    }
    // Larger than any state.
    leave(&root, b"{");
    let large = left_behind(&root).remove(0);
    let file = std::fs::File::options().write(true).open(large.path(STATE_NAME)).expect("there");
    file.set_len(1 << 30).expect("sparse");
    drop(large);
    assert!(kept(&root).store().lost[0].fault.is_some());
}

#[test]
fn a_hostile_state_is_restored_as_far_as_it_makes_sense() {
    let folder = tempfile::tempdir().expect("a folder");
    let (root, mut now) = (folder.path().join("sessions"), Duration::ZERO);
    write_atomic(folder.path().join("secret.safetensors"), b"mine").expect("written");
    let mut state = {
        drop(with_work(&root, &mut now));
        let mut left = left_behind(&root);
        let state = project::read(&left[0].path(STATE_NAME)).expect("readable");
        left.remove(0).remove();
        state
    };
    let trials = state.trials.as_mut().expect("trials");
    let sweep = trials.sweep.as_mut().expect("a sweep");
    sweep.points[0].idx = usize::MAX;
    sweep.compared = vec![usize::MAX, 3, 3];
    (state.limit, state.selected) = (Some(-7.0), Some(u32::MAX));
    let kept_part = state.autosave.as_mut().expect("an autosave");
    kept_part.at = u64::MAX;
    kept_part.model_file = Some("../../secret.safetensors".to_owned());
    kept_part.window = Some("no layout".to_owned());
    leave(&root, serde_json::to_string(&state).expect("JSON").as_bytes());

    let mut session = kept(&root);
    session.apply(Command::Restore(session.store().lost[0].id));
    wait(&mut session, "the graph", |s| s.store().graph.is_some() && s.is_idle());
    let store = session.store();
    assert!(store.model.is_none(), "no file of another folder is read");
    assert_eq!(store.sweep.points.len(), 5, "the point that is nowhere is left out");
    assert_eq!(store.sweep.compared, [3]);
    assert!(store.limit > 0.0 && store.selected_node().is_none());
    assert!(
        titles(&session).iter().any(|title| title.contains("Without runs: the one, Run 2")),
        "{:?}",
        titles(&session)
    );
}

#[test]
fn a_file_that_changed_or_is_gone_is_named_and_the_rest_is_restored() {
    let folder = tempfile::tempdir().expect("a folder");
    let (root, edges) = (folder.path().join("sessions"), folder.path().join("edges.txt"));
    let mut now = Duration::ZERO;
    let path = edges.display().to_string();
    let session = |now: &mut Duration| {
        write_atomic(&edges, b"0 1\n1 2\n2 3\n3 0\n").expect("written");
        let mut session = kept(&root);
        session.apply(Command::Open(path.clone()));
        wait(&mut session, "the graph", |s| s.store().graph.is_some() && s.is_idle());
        let mut recipe = session.store().recipe.clone();
        recipe.seed = 77;
        session.apply(Command::SetRecipe(Box::new(recipe), None));
        session.apply(Command::SelectNode(Some(2)));
        write(&mut session, now);
        session
    };
    drop(session(&mut now));
    assert_eq!(state_of(&root).files.len(), 1, "its hash is known");
    write_atomic(&edges, b"0 1\n1 2\n2 3\n").expect("changed");
    let mut changed = kept(&root);
    changed.apply(Command::Restore(changed.store().lost[0].id));
    wait(&mut changed, "the graph", |s| s.store().graph.is_some() && s.is_idle());
    assert!(titles(&changed).iter().any(|title| title.ends_with("edges.txt has changed")), "{:?}", titles(&changed));
    assert_eq!((changed.store().recipe.seed, changed.store().selected_node()), (77, Some(2)));
    changed.end();
    drop(changed);

    // What was restored in part is still there. Of what is gone the recipe is left.
    std::fs::remove_file(&edges).expect("gone");
    let mut gone = kept(&root);
    gone.apply(Command::Restore(gone.store().lost[0].id));
    wait(&mut gone, "the refusal", |s| s.is_idle() && s.store().recipe.seed == 77);
    assert!(titles(&gone).iter().any(|title| title.ends_with("edges.txt is gone")), "{:?}", titles(&gone));
    assert!(gone.store().graph.is_none());
    drop(gone);
    assert_eq!(kept(&root).store().lost.len(), 1, "offered again");
}

#[test]
fn a_file_beside_the_graph_that_changed_is_named_and_one_that_was_not_read_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let (root, edges) = (folder.path().join("sessions"), folder.path().join("edges.txt"));
    let file = |name: &str, text: &str| write_atomic(folder.path().join(name), text.as_bytes()).expect("written");
    file("edges.txt", "0 1\n1 2\n2 3\n3 0\n");
    file("edges.features.csv", "id,f1,f2\n0,1,0\n1,0,1\n2,1,1\n3,0.5,0\n");
    file("diary.txt", "nothing yet");
    let mut session = kept(&root);
    session.apply(Command::Open(edges.display().to_string()));
    wait(&mut session, "the graph", |s| s.store().graph.is_some() && s.is_idle());
    let mut now = Duration::ZERO;
    write(&mut session, &mut now);
    drop(session);
    let hashed: Vec<String> = state_of(&root).files.into_iter().map(|file| file.path).collect();
    assert_eq!(hashed.len(), 2, "{hashed:?}");
    assert!(hashed.iter().any(|path| path.ends_with("edges.features.csv")), "{hashed:?}");
    file("diary.txt", "a graph was opened");
    file("edges.features.csv", "id,f1,f2\n0,1,0\n1,0,1\n2,1,1\n3,0.25,0\n");
    let mut changed = kept(&root);
    changed.apply(Command::Restore(changed.store().lost[0].id));
    wait(&mut changed, "the graph", |s| s.store().graph.is_some() && s.is_idle());
    let said: Vec<String> = titles(&changed).into_iter().filter(|title| title.ends_with("has changed")).collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].ends_with("edges.features.csv has changed"), "{said:?}");
}

/// A run of a project, to be computed with seed `n`.
fn run(n: u64) -> ProjectRun {
    ProjectRun {
        name: format!("run {n}"),
        is_pinned: false,
        note: String::new(),
        tags: Vec::new(),
        recipe: Recipe { seed: n, ..Recipe::default() },
    }
}

#[test]
fn runs_that_are_still_to_be_computed_are_kept_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let (root, mut now) = (folder.path().join("sessions"), Duration::ZERO);
    let state = Project {
        format: PROJECT_FORMAT.to_owned(),
        graph: Some("sample:karate".to_owned()),
        model: Some("tests/fixtures/v1/gcn.safetensors".to_owned()),
        runs: (0..40).map(run).collect(),
        autosave: Some(Autosaved::default()),
        ..Project::default()
    };
    leave(&root, serde_json::to_string(&state).expect("JSON").as_bytes());
    let mut session = kept(&root);
    session.apply(Command::Restore(session.store().lost[0].id));
    wait(&mut session, "the first runs", |s| !s.store().runs.is_empty());
    now += Duration::from_secs(1);
    session.tick(now, String::new);
    now += Duration::from_secs(1);
    session.tick(now, String::new);
    wait(&mut session, "the write", |s| !s.is_busy(&Lane::Autosave));
    // Killed once more before they are all there.
    drop(session);
    let names: Vec<String> = state_of(&root).runs.into_iter().map(|run| run.name).collect();
    assert_eq!(names, (0..40).map(|n| format!("run {n}")).collect::<Vec<_>>());
}

#[test]
fn a_project_keeps_points_of_trials_as_long_as_its_inputs_are_what_they_were() {
    let folder = tempfile::tempdir().expect("a folder");
    let (model, path) = (folder.path().join("model.safetensors"), folder.path().join("mine.unifews"));
    let mut session = super::with_karate();
    session.apply(Command::SaveModel(model.clone()));
    wait(&mut session, "the file", Session::is_idle);
    session.apply(Command::Open(model.display().to_string()));
    wait(&mut session, "the model", Session::is_idle);
    session.apply(Command::Sweep(SweepGrid { delta_a: vec![0.0, 0.5], delta_w: vec![0.0] }));
    wait(&mut session, "the sweep", |s| s.store().sweep.phase == Phase::Done && s.is_idle());
    session.apply(Command::SaveProject(path.clone()));
    wait(&mut session, "the file", Session::is_idle);
    let points = session.store().sweep.points.clone();
    let open = || {
        let mut session = super::session();
        session.apply(Command::Open(path.display().to_string()));
        wait(&mut session, "the project", |s| s.store().project.is_some() && s.is_idle());
        session
    };
    let same = open();
    assert_eq!((&same.store().sweep.points, same.store().sweep.phase), (&points, Phase::Done));
    assert!(!same.has_unsaved_work());
    // Computed by another version: they are not shown.
    let text = std::fs::read_to_string(&path).expect("text");
    let program = format!("\"program\": \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(text.contains(&program));
    write_atomic(&path, text.replace(&program, "\"program\": \"0.0.1\"").as_bytes()).expect("written");
    assert!(open().store().sweep.points.is_empty());
    write_atomic(&path, text.as_bytes()).expect("written");
    // Another model under the same name.
    let mut recipe = session.store().recipe.clone();
    recipe.seed += 1;
    session.apply(Command::SetRecipe(Box::new(recipe), None));
    session.apply(Command::Train);
    wait(&mut session, "another model", |s| s.store().training.phase == Phase::Done && s.is_idle());
    session.apply(Command::SaveModel(model));
    wait(&mut session, "the file", Session::is_idle);
    let other = open();
    assert!(
        titles(&other).iter().any(|title| title.ends_with("model.safetensors has changed")),
        "{:?}",
        titles(&other)
    );
    assert!(other.store().sweep.points.is_empty(), "they are of another model");
}

#[test]
#[ignore = "a measurement: how long a frame waits for what is kept"]
fn the_longest_frame_of_the_autosave() {
    let folder = tempfile::tempdir().expect("a folder");
    let (root, mut now) = (folder.path().join("sessions"), Duration::ZERO);
    let grid = SweepGrid {
        delta_a: (0..25).map(f64::from).collect(),
        delta_w: (0..20).map(|n| f64::from(n) / 10.0).collect(),
    };
    let points = (0..500).map(|idx| SweepPoint { idx, val_accuracy: 1.0 / (idx + 3) as f64, ..SweepPoint::default() });
    let (base, points) = (Recipe::default(), points.collect());
    let sweep = Some(KeptSweep { grid, base, layer: None, points, compared: Vec::new(), is_complete: true });
    let state = Project {
        format: PROJECT_FORMAT.to_owned(),
        graph: Some("sample:cora".to_owned()),
        model: Some("sample:cora-gcn".to_owned()),
        runs: (0..20).map(run).collect(),
        trials: Some(KeptTrials { program: env!("CARGO_PKG_VERSION").to_owned(), sweep, ..KeptTrials::default() }),
        autosave: Some(Autosaved::default()),
        ..Project::default()
    };
    leave(&root, serde_json::to_string(&state).expect("JSON").as_bytes());
    let mut session = kept(&root);
    session.apply(Command::Restore(session.store().lost[0].id));
    wait(&mut session, "the trials", |s| s.store().sweep.points.len() == 500);
    let mut took = Vec::new();
    for n in 0..50 {
        session.apply(Command::SelectNode(Some(n)));
        for _ in 0..2 {
            now += Duration::from_secs(1);
            let began = Instant::now();
            session.tick(now, String::new);
            took.push(began.elapsed());
            wait(&mut session, "the write", |s| !s.is_busy(&Lane::Autosave));
        }
    }
    let state = session.store().to_project();
    assert_eq!((state.runs.len(), state.trials.and_then(|t| t.sweep).map(|t| t.points.len())), (20, Some(500)));
    took.sort_unstable();
    let n_bytes = std::fs::metadata(left_by(&root)).expect("written").len();
    eprintln!(
        "{n_bytes} bytes; a frame waits {:?} (median), {:?} at most",
        took[took.len() / 4 * 3],
        took[took.len() - 1]
    );
}

/// Where the state of the one session lies that is at work.
fn left_by(root: &Path) -> std::path::PathBuf {
    let folders = std::fs::read_dir(root).expect("there").flatten().map(|entry| entry.path().join(STATE_NAME));
    folders
        .filter(|state| state.is_file())
        .max_by_key(|state| state.metadata().ok().and_then(|m| m.modified().ok()))
        .expect("one")
}
