//! What is seen first: thresholds that keep the accuracy, and why there is no model.

use unifews::engine::model::{Architecture, Family, Model};
use unifews::io::{samples, write_model};
use unifews::session::{Command, Session};

use super::{session, wait};

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
    let lost = |part: &unifews::engine::experiment::PartScores| part.dense.accuracy - part.pruned.accuracy;
    let (val, test) = (lost(&evaluation.val), lost(&evaluation.test));
    assert!(val <= 0.005, "{what}: validation loses {val} with {:?}", store.recipe.edges.delta);
    assert!(test <= MAX_TEST_LOSS, "{what}: test loses {test} with {:?}", store.recipe.edges.delta);
    assert!(run.pruned.edge_sparsity() + run.pruned.weight_sparsity() > 0.0, "{what}: something is removed");
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
