//! A training that is ended early gives its best epoch so far.

use std::sync::Arc;

use unifews::engine::sparsify::{EdgeMode, RecoveryRule, Training, WeightMode};
use unifews::session::{Command, Phase, Session};

use super::{wait, with_karate};

/// Asks the job that has something to keep to end with it, once it is in its `nth` epoch.
fn keep(session: &mut Session, stage: &str, nth: u64) {
    let ready = |s: &Session| s.jobs().into_iter().find(|job| job.can_keep && job.stage == stage && job.done >= nth);
    wait(session, stage, |s| ready(s).is_some());
    let job = ready(session).expect("waited for");
    session.apply(Command::Keep(job.id));
    assert!(!session.jobs().iter().any(|job| job.can_keep), "asked once");
}

#[test]
fn a_training_that_is_ended_early_opens_the_model_of_its_best_epoch() {
    let mut session = with_karate();
    let before = Arc::clone(&session.store().model.as_ref().expect("trained").model);
    let mut recipe = session.store().recipe.clone();
    recipe.training = Some(Training { epochs: 1_000_000, ..Training::default() });
    session.apply(Command::SetRecipe(Box::new(recipe), None));
    session.apply(Command::Train);
    keep(&mut session, "epoch", 3);
    wait(&mut session, "the model", |s| {
        s.is_idle() && s.store().model.as_ref().is_some_and(|model| !Arc::ptr_eq(&model.model, &before))
    });
    let trained = session.store().model.as_ref().expect("opened").model.trained_on.clone().expect("noted");
    assert_eq!(trained.epochs, session.store().training.history.len());
    assert!(trained.best_epoch <= trained.epochs && trained.epochs < 1_000_000);
}

#[test]
fn a_cancelled_training_leaves_its_best_epoch_until_the_next_one_starts() {
    let mut session = with_karate();
    let before = Arc::clone(&session.store().model.as_ref().expect("trained").model);
    let mut recipe = session.store().recipe.clone();
    recipe.training = Some(Training { epochs: 1_000_000, ..Training::default() });
    session.apply(Command::SetRecipe(Box::new(recipe.clone()), None));
    let train_and_cancel = |session: &mut Session| {
        session.apply(Command::Train);
        assert!(session.store().training.left.is_none(), "that of the last one is gone");
        wait(session, "some epochs", |s| s.store().training.history.len() > 3);
        session.apply(Command::CancelAll);
        wait(session, "the end", |s| s.store().training.phase == Phase::Cancelled && s.is_idle());
    };
    train_and_cancel(&mut session);
    assert!(Arc::ptr_eq(&session.store().model.as_ref().expect("open").model, &before), "nothing is opened unasked");
    let best = session.store().training.history.best().expect("epochs").epoch;
    let notice = session.store().notices.all().last().expect("told").clone();
    assert!(notice.next.contains(&format!("Keep epoch {best}")), "{notice:?}");
    session.apply(Command::KeepLeft);
    wait(&mut session, "the preview", Session::is_idle);
    let model = &session.store().model.as_ref().expect("opened").model;
    assert!(!Arc::ptr_eq(model, &before) && session.has_unsaved_work());
    let trained = model.trained_on.clone().expect("noted");
    let history = &session.store().training.history;
    assert_eq!((trained.best_epoch, trained.epochs), (best, history.len()));
    assert!((trained.val_accuracy - history.best().expect("epochs").val_accuracy).abs() < 1e-12);
    session.apply(Command::KeepLeft);
    assert!(session.is_idle(), "it is kept once");

    // What keeping it at the same moment gives: a training of just as many epochs.
    let kept = Arc::clone(&session.store().model.as_ref().expect("opened").model);
    recipe.training = Some(Training { epochs: trained.epochs, ..Training::default() });
    session.apply(Command::SetRecipe(Box::new(recipe), None));
    session.apply(Command::Train);
    wait(&mut session, "the model", |s| s.store().training.phase == Phase::Done && s.is_idle());
    let again = &session.store().model.as_ref().expect("opened").model;
    assert!(kept.parameters.iter().zip(&again.parameters).all(|(a, b)| a.values == b.values), "the same bits");
}

#[test]
fn a_training_that_was_cancelled_before_its_first_epoch_leaves_nothing() {
    let mut session = with_karate();
    session.apply(Command::Train);
    session.apply(Command::CancelAll);
    wait(&mut session, "the end", Session::is_idle);
    let training = &session.store().training;
    assert_eq!(training.left.is_some(), !training.history.is_empty());
}

#[test]
fn a_run_whose_training_under_masks_is_ended_early_removes_all_that_was_asked_for() {
    let mut session = with_karate();
    let mut recipe = session.store().recipe.clone();
    (recipe.edges.mode, recipe.weights.mode) = (EdgeMode::Target, WeightMode::Target);
    (recipe.edges.delta, recipe.weights.delta) = (vec![0.6], vec![0.6]);
    recipe.recovery = Some(RecoveryRule { train_epochs: 1_000_000, ..RecoveryRule::default() });
    session.apply(Command::SetRecipe(Box::new(recipe), None));
    // Its preview would train as long.
    let stage = "training under masks";
    keep(&mut session, stage, 3);
    wait(&mut session, "the preview", |s| s.is_idle() && s.store().shown().is_some_and(|r| s.store().is_current(r)));
    session.apply(Command::Prune);
    keep(&mut session, stage, 3);
    wait(&mut session, "the run", |s| s.store().runs.len() == 1 && s.is_idle());
    let run = &session.store().runs[0].run;
    let training = run.pruned.training.expect("trained");
    assert!(training.best_epoch <= training.n_epochs && training.n_epochs < 1_000_000, "{training:?}");
    assert!((run.pruned.edge_sparsity() - 0.6).abs() < 0.02 && (run.pruned.weight_sparsity() - 0.6).abs() < 0.02);
}
