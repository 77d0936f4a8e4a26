//! The main job on real input: open, preview, prune, sweep, train, export, reopen.

use std::sync::Arc;
use std::time::Instant;

use unifews::engine::EngineError;
use unifews::engine::control::Control;
use unifews::engine::experiment::SweepGrid;
use unifews::engine::sparsify::Training;
use unifews::session::jobs::Lane;
use unifews::session::{AnyRequest, Command, CompareRequest, DiffSide, Level, Phase, Request, Session};

use super::{PROMPT, best_of_three, session, wait, with_karate};

fn set_delta_a(session: &mut Session, delta: f64) {
    let mut recipe = session.store().recipe.clone();
    recipe.edges.delta = vec![delta];
    session.apply(Command::SetRecipe(Box::new(recipe), None));
}

#[test]
fn the_preview_follows_the_recipe_and_a_finished_run_replaces_it() {
    let mut session = with_karate();
    for step in 1..=8 {
        set_delta_a(&mut session, f64::from(step) / 10.0);
    }
    wait(&mut session, "the preview", |s| s.is_idle() && s.store().shown().is_some_and(|r| s.store().is_current(r)));
    let sparsity = session.store().shown().map(|r| r.pruned.edge_sparsity());
    assert!(sparsity.is_some_and(|s| s > 0.0), "{sparsity:?}");
    assert!(session.store().shown().is_some_and(|r| r.timing.is_none()), "a preview measures nothing");

    session.apply(Command::Prune);
    wait(&mut session, "the run", |s| !s.store().runs.is_empty());
    let shown = session.store().shown().expect("a run");
    assert!(shown.timing.is_some() && session.store().is_current(shown), "the finished run is what is shown");

    set_delta_a(&mut session, 0.05);
    wait(&mut session, "another preview", Session::is_idle);
    let id = session.store().runs[0].id;
    session.apply(Command::ShowRun(id));
    assert!(session.is_idle(), "a recipe that was run needs no preview");
    assert_eq!(session.store().finished_run().map(|e| e.id), Some(id));
}

/// A run answers the recipe, so its preview is stopped; where the run is stopped, the preview comes after all.
#[test]
fn a_cancelled_run_leaves_the_preview_of_its_recipe() {
    let mut session = with_karate();
    set_delta_a(&mut session, 0.7);
    session.apply(Command::Prune);
    assert!(
        !session.is_busy(&Lane::Preview) || session.jobs().iter().all(|j| j.lane != Lane::Preview || j.is_stopping)
    );
    let id = session.jobs().iter().find(|job| job.lane == Lane::Prune).expect("a run").id;
    session.apply(Command::Cancel(id));
    wait(&mut session, "the preview", |s| {
        s.is_idle() && s.store().preview.as_ref().is_some_and(|r| s.store().is_current(r))
    });
    let preview = session.store().preview.as_ref().expect("a preview");
    assert_eq!(preview.recipe.edges.delta, [0.7]);
    assert!(session.store().runs.is_empty(), "the run was stopped");
}

#[test]
fn what_does_not_fit_into_memory_is_refused_before_it_starts() {
    let session = with_karate();
    let (needed, free) = session.prune_memory().expect("a graph and a model are open");
    assert!(needed > 10_000 && free > needed, "{needed} of {free}");
    let mut session = with_karate().with_memory_limit(1000);
    session.apply(Command::Prune);
    assert!(session.is_idle(), "nothing was started");
    let notice = session.store().notices.all().last().expect("told").clone();
    assert!(notice.level == Level::Error && notice.title == "Not enough memory to prune", "{notice:?}");
    assert!(notice.detail.contains("and 1 kB are free") && notice.next.contains("from the disk"), "{notice:?}");
    session.apply(Command::Sweep(SweepGrid { delta_a: vec![0.0, 0.5], delta_w: vec![0.0] }));
    assert!(session.is_idle() && session.store().sweep.phase == Phase::Idle, "nothing was started");
    assert_eq!(session.store().notices.all().last().expect("told").title, "Not enough memory to sweep");
}

#[test]
fn what_is_beside_the_main_work_is_left_out_where_memory_is_short() {
    let (needed, _) = with_karate().prune_memory().expect("a graph and a model are open");
    let mut session = with_karate().with_memory_limit(needed - 1);
    let (least, free) = session.prune_memory().expect("a graph and a model are open");
    assert!(least <= free && free == needed - 1, "{least} of {free}");
    session.apply(Command::Prune);
    wait(&mut session, "the run", |s| s.is_idle() && s.store().runs.len() == 1);
    let notices = session.store().notices.all();
    let titles: Vec<&str> = notices.iter().map(|notice| notice.title.as_str()).collect();
    assert!(titles.contains(&"Left out for want of memory: the error after every step"), "{titles:?}");
    let run = &session.store().runs[0].run;
    assert!(run.pruned.steps.iter().all(|step| step.relative_error.is_none()) && run.timing.is_some());
}

#[test]
fn a_sweep_hands_out_points_and_keeps_them_when_it_is_cancelled() {
    let mut session = with_karate();
    let grid = SweepGrid { delta_a: (0..40).map(|i| f64::from(i) * 0.05).collect(), delta_w: vec![0.0, 0.5, 1.0] };
    let answered = best_of_three(|| {
        session.apply(Command::Sweep(grid.clone()));
        wait(&mut session, "two points", |s| s.store().sweep.points.len() >= 2);
        let id = session.jobs().iter().find(|j| j.lane == Lane::Sweep).map(|j| j.id).expect("running");
        session.apply(Command::Cancel(id));
        let asked = Instant::now();
        wait(&mut session, "the cancel", |s| s.store().sweep.phase == Phase::Cancelled);
        asked.elapsed()
    });
    assert!(answered < PROMPT, "answered after {answered:?}");
    let n_points = session.store().sweep.points.len();
    assert!((2..grid.len()).contains(&n_points), "{n_points} points were there and stay");
    assert!(session.store().notices.all().iter().all(|n| n.level != Level::Error), "a cancel is no error");

    session.apply(Command::LoadPoint(1));
    assert_eq!(session.store().recipe.edges.delta, [0.05]);
}

#[test]
fn training_can_be_cancelled_and_leaves_the_model_as_it_was() {
    let mut session = with_karate();
    let before = session.store().model.as_ref().map(|m| m.name.clone());
    let mut recipe = session.store().recipe.clone();
    recipe.training = Some(Training { epochs: 100_000, ..Training::default() });
    session.apply(Command::SetRecipe(Box::new(recipe), None));
    let answered = best_of_three(|| {
        session.apply(Command::Train);
        wait(&mut session, "an epoch", |s| !s.store().training.history.is_empty());
        session.apply(Command::CancelAll);
        let asked = Instant::now();
        wait(&mut session, "the cancel", |s| s.store().training.phase == Phase::Cancelled);
        asked.elapsed()
    });
    assert!(answered < PROMPT, "answered after {answered:?}");
    assert_eq!(session.store().model.as_ref().map(|m| m.name.clone()), before);
}

#[test]
fn what_cannot_be_opened_is_said_once_and_changes_nothing() {
    let mut session = with_karate();
    let n_before = session.store().notices.all().len();
    session.apply(Command::Open("sample:atlantis".to_owned()));
    wait(&mut session, "the answer", Session::is_idle);
    let notices = &session.store().notices.all()[n_before..];
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert!(notices[0].level == Level::Error && notices[0].detail.contains("atlantis"), "{notices:?}");
    assert!(session.store().graph.is_some() && session.undo_label() != Some("Open"), "the session is as it was");
}

#[test]
fn without_inputs_a_command_says_what_it_needs() {
    let mut session = session();
    for command in [Command::Prune, Command::Sweep(SweepGrid::default()), Command::Train] {
        session.apply(command);
    }
    assert_eq!(session.store().notices.all().len(), 3);
    assert!(session.is_idle(), "nothing was started");
}

#[derive(Debug, Clone, PartialEq)]
struct Double(u32);

impl Request for Double {
    type Answer = u32;

    fn slot(&self) -> String {
        "double".to_owned()
    }

    fn compute(&self, _ctl: &Control) -> Result<u32, EngineError> {
        assert!(self.0 != 13, "unlucky");
        Ok(self.0 * 2)
    }
}

#[test]
fn a_view_gets_its_answer_with_the_request_it_answers() {
    let mut session = session();
    let ask = |session: &mut Session, n: u32| session.apply(Command::Compute(AnyRequest::new(Double(n))));
    (1..=5).for_each(|n| ask(&mut session, n));
    assert!(session.store().desk.is_settled(&Double(5)) && !session.store().desk.is_settled(&Double(4)), "latest wins");
    wait(&mut session, "the answer", Session::is_idle);
    let answer = session.store().desk.answer::<Double>("double").map(|(r, a)| (r.clone(), *a));
    assert_eq!(answer, Some((Double(5), 10)));
    ask(&mut session, 13);
    wait(&mut session, "the panic", Session::is_idle);
    assert_eq!(session.store().desk.failure("double"), Some("unlucky"));
    assert!(session.store().desk.is_settled(&Double(13)), "asking again would panic again");
}

#[test]
fn a_project_brings_back_inputs_recipe_and_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mine.unifews");
    let mut session = session();
    session.apply(Command::OpenSample("sample:karate".to_owned()));
    wait(&mut session, "a model", |s| s.store().model.is_some() && s.is_idle());
    let model = folder.path().join("karate.safetensors");
    session.apply(Command::SaveModel(model.clone()));
    wait(&mut session, "the model's file", Session::is_idle);
    session.apply(Command::Open(model.display().to_string()));
    wait(&mut session, "the model", Session::is_idle);
    set_delta_a(&mut session, 0.4);
    session.apply(Command::Prune);
    wait(&mut session, "the run", |s| s.store().runs.len() == 1 && s.is_idle());
    let id = session.store().runs[0].id;
    session.apply(Command::RenameRun(id, "the one".to_owned()));
    let logits = session.store().runs[0].run.pruned.logits.clone();
    session.apply(Command::SaveProject(path.clone()));
    wait(&mut session, "the file", Session::is_idle);
    assert!(!session.store().is_changed, "saved");

    let mut other = super::session();
    other.apply(Command::Open(path.display().to_string()));
    wait(&mut other, "the run", |s| s.store().runs.len() == 1 && s.is_idle());
    assert_eq!(other.store().recipe.edges.delta, [0.4]);
    assert_eq!(other.store().runs[0].name, "the one");
    assert_eq!(other.store().runs[0].run.pruned.logits, logits, "the same bits");
}

#[test]
fn an_exported_bundle_is_verified_and_opens_again_with_the_same_bits() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("my bundle");
    let mut session = with_karate();
    session.apply(Command::Prune);
    wait(&mut session, "the run", |s| s.store().runs.len() == 1 && s.is_idle());
    let run = session.store().runs[0].clone();
    session.apply(Command::Export(run.id, target.clone()));
    wait(&mut session, "the export", |s| s.store().export.phase == Phase::Done);
    let exported = session.store().export.last.clone().expect("written");
    assert!(exported.is_verified, "it was read back and run again");
    assert!(exported.files.iter().any(|file| file.name == "manifest.json" && file.size_bytes > 0), "{exported:?}");
    assert_eq!(exported.replay, Some(format!("unifews replay '{}'", target.display())));

    let mut other = super::session();
    other.apply(Command::Open(target.display().to_string()));
    wait(&mut other, "the run", |s| s.store().runs.len() == 1 && s.is_idle());
    let again = &other.store().runs[0];
    assert_eq!(again.name, "my bundle");
    assert_eq!(again.run.pruned.logits, run.run.pruned.logits, "the same bits");
    assert_eq!(again.run.pruned.masks.edges, run.run.pruned.masks.edges, "the same masks");
    assert!(other.store().is_current(&again.run), "it is what is shown");
}

#[test]
fn an_export_into_somebody_elses_folder_fails_and_leaves_it_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let theirs = folder.path().join("theirs.txt");
    unifews::io::atomic::write_atomic(&theirs, b"precious").expect("writable");
    let mut session = with_karate();
    session.apply(Command::Prune);
    wait(&mut session, "the run", |s| s.store().runs.len() == 1 && s.is_idle());
    let id = session.store().runs[0].id;
    session.apply(Command::Export(id, folder.path().to_owned()));
    wait(&mut session, "the refusal", |s| s.store().export.phase == Phase::Failed);
    let notice = session.store().notices.all().last().expect("told").clone();
    assert!(notice.level == Level::Error && notice.detail.contains("a folder with other files"), "{notice:?}");
    assert_eq!(std::fs::read(theirs).expect("still there"), b"precious");
}

#[test]
fn two_runs_are_held_against_each_other() {
    let mut session = with_karate();
    session.apply(Command::Prune);
    wait(&mut session, "a run", |s| s.store().runs.len() == 1 && s.is_idle());
    set_delta_a(&mut session, 1.5);
    session.apply(Command::Prune);
    wait(&mut session, "another run", |s| s.store().runs.len() == 2 && s.is_idle());
    let (a, b) = (Arc::clone(&session.store().runs[0].run), Arc::clone(&session.store().runs[1].run));
    for (other, is_same) in [(Arc::clone(&a), true), (b, false)] {
        session.apply(Command::Compute(AnyRequest::new(CompareRequest { a: Arc::clone(&a), b: other })));
        wait(&mut session, "the comparison", Session::is_idle);
        let answer = session.store().desk.answer::<CompareRequest>(CompareRequest::SLOT).expect("an answer").1;
        let topology = a.dataset.topology();
        let n_removable = (topology.n_entries() - topology.n_self_loops()) as u64;
        for step in &answer.difference.steps {
            assert_eq!(step.entries.n(), n_removable);
            assert_eq!(step.entries.jaccard() == Some(1.0), is_same, "{step:?}");
        }
        assert_eq!(answer.recipe.iter().all(|line| line.side == DiffSide::Both), is_same);
    }
}
