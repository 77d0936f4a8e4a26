//! What is seen first: a recipe that keeps the accuracy, recovered where that can be judged, and why there is no model.

use unifews::engine::experiment::{MIN_JUDGES, SAFE_CHANGES_RECOVERED};
use unifews::engine::model::{Architecture, Family, Model};
use unifews::engine::sparsify::{Schedule, Training};
use unifews::io::{samples, write_model};
use unifews::session::defaults::{as_published, start_recipe};
use unifews::session::{Command, Level, Phase, Session};

use super::{session, wait, with_karate};

/// Small, and with enough labelled validation nodes to judge a fit.
const JUDGED: &str = "sample:powerlaw?nodes=600&edges=3600&features=24&classes=4&seed=7";

/// What the recipe that is opened may lose on the test nodes, which had no say in it.
const MAX_TEST_LOSS: f64 = 0.015;

/// Many forward passes take long where the program is not optimised.
fn patiently(session: &mut Session, is_there: impl Fn(&Session) -> bool) {
    let began = std::time::Instant::now();
    while !is_there(session) {
        session.poll();
        assert!(began.elapsed() < 10 * super::PATIENCE, "notices {:?}", session.store().notices.all());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

fn check(session: &Session, what: &str) {
    let store = session.store();
    let run = store.preview.as_ref().expect("a preview");
    assert!(store.is_current(run), "{what}: the recipe's own preview");
    let evaluation = &run.evaluation;
    let lost = |part: &unifews::engine::experiment::PartScores| part.baseline.accuracy - part.pruned.accuracy;
    let (val, test) = (lost(&evaluation.val), lost(&evaluation.test));
    assert!(val <= 0.005, "{what}: validation loses {val} with {:?}", store.recipe.edges.delta);
    assert!(test <= MAX_TEST_LOSS, "{what}: test loses {test} with {:?}", store.recipe.edges.delta);
    assert!(run.pruned.edge_sparsity() + run.pruned.weight_sparsity() > 0.0, "{what}: something is removed");
    let is_recovered = run.recipe.recovery.is_some();
    assert_eq!(is_recovered, evaluation.val.baseline.n_nodes >= MIN_JUDGES, "{what}: recovered where it can be judged");
    if is_recovered {
        assert!(1.0 - evaluation.agreement <= SAFE_CHANGES_RECOVERED, "{what}: {} agree", evaluation.agreement);
        assert!(run.pruned.edge_sparsity() > 0.45 && run.pruned.weight_sparsity() > 0.45, "{what}: visibly less");
    }
    assert!(session.has_own_thresholds(), "{what}");
}

#[test]
fn every_sample_and_model_opens_with_a_recipe_that_keeps_its_accuracy() {
    let mut session = session();
    for sample in samples() {
        for model in sample.models {
            session.apply(Command::OpenMany(vec![sample.spec.to_owned(), (*model).to_owned()]));
            patiently(&mut session, |s| s.store().preview.is_some() && s.is_idle());
            assert!(session.store().notices.all().is_empty(), "{:?}", session.store().notices.all());
            check(&session, model);
            session.apply(Command::CloseInputs);
        }
        if sample.models.is_empty() && sample.n_nodes < 1000 {
            session.apply(Command::OpenSample(sample.spec.to_owned()));
            patiently(&mut session, |s| s.store().preview.is_some() && s.is_idle());
            check(&session, sample.spec);
            session.apply(Command::CloseInputs);
        }
    }
}

#[test]
fn a_model_that_does_not_fit_leaves_its_reason_in_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("other.safetensors");
    let mut shape = Architecture::new(Family::Gcn);
    shape.hidden = 4;
    write_model(&path, &Model::init(&shape, 5, 3, 1)).expect("a model");
    let mut session = session();
    session.apply(Command::OpenMany(vec!["sample:karate".to_owned(), path.display().to_string()]));
    wait(&mut session, "the graph", |s| s.store().graph.is_some() && s.is_idle());
    let closed = session.store().closed_model.clone().expect("it is not there any more");
    assert!(session.store().model.is_none());
    assert_eq!(closed.why, "model input width: expected 34 (features of the graph), found 5");
    assert!(session.store().notices.all().iter().any(|n| n.detail == closed.why), "and it is among the notices");
    session.apply(Command::Open("sample:karate".to_owned()));
    wait(&mut session, "the graph again", |s| s.store().closed_model.is_none() && s.is_idle());
}

#[test]
fn published_pruning_is_one_step_away_from_a_recovered_start_and_stays_chosen() {
    let mut session = session();
    session.apply(Command::OpenSample(JUDGED.to_owned()));
    patiently(&mut session, |s| s.store().preview.is_some() && s.is_idle());
    check(&session, JUDGED);
    let begun = session.store().recipe.clone();
    let mut published = begun.clone();
    as_published(&mut published);
    session.apply(Command::SetRecipe(Box::new(published.clone()), None));
    wait(&mut session, "the plain preview", |s| {
        s.is_idle() && s.store().preview.as_ref().is_some_and(|run| s.store().is_current(run))
    });
    let run = session.store().preview.clone().expect("a preview");
    assert!(run.pruned.masks.edges.values().is_none() && run.recipe.recovery.is_none());
    assert_eq!((&run.recipe.edges, &run.recipe.weights), (&start_recipe().edges, &start_recipe().weights));
    assert!(!session.has_own_thresholds(), "the user has chosen them");
    session.apply(Command::Open(JUDGED.to_owned()));
    wait(&mut session, "the graph again", |s| s.is_idle() && s.store().preview.is_some());
    assert_eq!(session.store().recipe.recovery, None, "what the user chose stays");
    session.apply(Command::Undo);
    session.apply(Command::Undo);
    assert_eq!(session.store().recipe, begun, "taken back in one step");
}

#[test]
fn thresholds_of_the_user_are_not_replaced_when_something_is_opened() {
    let mut session = with_karate();
    assert_eq!(session.store().recipe.recovery, None, "8 validation nodes judge no fit");
    let mut recipe = session.store().recipe.clone();
    recipe.edges.delta = vec![0.33];
    session.apply(Command::SetRecipe(Box::new(recipe.clone()), None));
    session.apply(Command::OpenSample(JUDGED.to_owned()));
    patiently(&mut session, |s| s.store().preview.is_some() && s.is_idle());
    let now = &session.store().recipe;
    assert_eq!((&now.edges, &now.weights, &now.recovery), (&recipe.edges, &recipe.weights, &recipe.recovery));
}

#[test]
fn what_no_recovery_goes_with_is_done_as_published_after_a_recovered_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = session();
    session.apply(Command::OpenSample(JUDGED.to_owned()));
    patiently(&mut session, |s| s.store().preview.is_some() && s.is_idle());
    assert!(session.store().recipe.recovery.is_some());
    let target = folder.path().join("propagated");
    session.apply(Command::Propagate(target.clone()));
    wait(&mut session, "the embedding", |s| s.is_idle() && target.join("embedding.npy").exists());
    let mut recipe = session.store().recipe.clone();
    recipe.training = Some(Training { epochs: 3, schedule: Schedule::During, ..Training::default() });
    session.apply(Command::SetRecipe(Box::new(recipe), None));
    session.apply(Command::Train);
    wait(&mut session, "the training", |s| s.is_idle() && s.store().training.phase == Phase::Done);
    assert!(
        session.store().notices.all().iter().all(|n| n.level != Level::Error),
        "{:?}",
        session.store().notices.all()
    );
}
