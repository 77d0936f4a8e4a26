//! The project of an earlier version is opened for ever: `tests/fixtures/v1/project.unifews` was saved by version 0.1.0.

use std::path::Path;

use unifews::engine::sparsify::{EdgeMode, WeightMode};
use unifews::session::{Command, Session};

use super::{session, wait};

#[test]
fn a_project_of_version_1_opens_with_its_runs() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/v1/project.unifews");
    let mut session = session();
    session.apply(Command::Open(project.display().to_string()));
    wait(&mut session, "the project with its runs", |s| s.store().runs.len() == 2 && s.is_idle());
    let store = session.store();
    assert_eq!(store.project.as_deref(), Some(project.as_path()));
    assert_eq!(store.graph.as_ref().expect("a graph").spec, "sample:karate");
    assert_eq!(store.model.as_ref().expect("a model").spec, "tests/fixtures/v1/gcn.safetensors");
    let names: Vec<_> = store.runs.iter().map(|run| (run.name.as_str(), run.is_pinned)).collect();
    assert_eq!(names, [("half of the weights", true), ("Run 2", false)]);
    let [half, second] = [0, 1].map(|at| &store.runs[at].run);
    assert_eq!((half.recipe.weights.mode, &half.recipe.weights.delta[..]), (WeightMode::Target, &[0.5][..]));
    // What such a recipe removes is what it removed then.
    assert!((half.pruned.weight_sparsity() - 0.5).abs() < 1e-12, "{}", half.pruned.weight_sparsity());
    assert_eq!((second.recipe.edges.mode, &second.recipe.edges.delta[..]), (EdgeMode::Absolute, &[0.05, 0.1][..]));
    let kept = [0, 1].map(|step| second.pruned.masks.edges.n_kept(step));
    assert_eq!(kept, [0, 0]);
    assert_eq!(store.recipe.edges.delta, [0.4]);
    assert!(store.notices.all().iter().all(|notice| notice.level != unifews::session::Level::Error));
}

#[test]
fn write_it_once() {
    let mut session: Session = session();
    session.apply(Command::Open("sample:karate".to_owned()));
    wait(&mut session, "the graph", |s| s.store().graph.is_some() && s.is_idle());
    session.apply(Command::Open("tests/fixtures/v1/gcn.safetensors".to_owned()));
    wait(&mut session, "the model", Session::is_idle);
    let start = session.store().recipe.clone();
    let mut recipe = start.clone();
    recipe.edges.delta = vec![0.0];
    recipe.weights.mode = WeightMode::Target;
    recipe.weights.delta = vec![0.5];
    session.apply(Command::SetRecipe(Box::new(recipe), None));
    session.apply(Command::Prune);
    wait(&mut session, "a run", |s| s.store().runs.len() == 1 && s.is_idle());
    let mut recipe = start.clone();
    recipe.edges.mode = EdgeMode::Absolute;
    recipe.edges.delta = vec![0.05, 0.1];
    recipe.weights.delta = vec![0.0];
    session.apply(Command::SetRecipe(Box::new(recipe), None));
    session.apply(Command::Prune);
    wait(&mut session, "a run", |s| s.store().runs.len() == 2 && s.is_idle());
    let id = session.store().runs[0].id;
    session.apply(Command::RenameRun(id, "half of the weights".to_owned()));
    session.apply(Command::PinRun(id, true));
    let mut recipe = start;
    recipe.edges.delta = vec![0.4];
    session.apply(Command::SetRecipe(Box::new(recipe), None));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/v1/project.unifews");
    session.apply(Command::SaveProject(path));
    wait(&mut session, "the file", Session::is_idle);
    let kept = [0, 1].map(|step| session.store().runs[1].run.pruned.masks.edges.n_kept(step));
    assert_eq!(kept, [1, 1], "kept");
}
