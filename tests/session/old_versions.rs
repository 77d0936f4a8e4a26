//! The project of an earlier version is opened for ever: `tests/fixtures/v1/project.unifews` is in the form of version
//! 0.1.0, around recipes that it wrote.

use std::path::Path;

use unifews::engine::sparsify::{EdgeMode, WeightMode};
use unifews::session::{Command, Level};

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
    // As in the bundle beside it, which version 0.1.0 made with this recipe.
    let kept = [0, 1].map(|step| second.pruned.masks.edges.n_kept(step));
    assert_eq!(kept, [173, 48]);
    assert_eq!(store.recipe.edges.delta, [0.4]);
    assert!(store.notices.all().iter().all(|notice| notice.level != Level::Error));
}
