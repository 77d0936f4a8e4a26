//! The same numbers as the library, whatever the number of threads.

use std::sync::Arc;

use unifews::engine::analysis::{RunOptions, SweepGrid, SweepPoint, run, sweep};
use unifews::engine::control::Control;
use unifews::engine::graph::resolve_split;
use unifews::engine::model::{Architecture, Family};
use unifews::engine::sparsify::{EdgeMode, Recipe, propagate};
use unifews::io::bundle::Metrics;
use unifews::io::{read_model, read_recipe};

use super::common::{SMALL, folder, json, small_graph, small_model, stdout};

#[test]
fn prune_prints_what_the_library_computes() {
    let folder = folder();
    let path = small_model("gcn");
    let out = json(
        folder.path(),
        &["prune", SMALL, path, "-o", "b", "--delta-a", "0.4,0.6", "--delta-w", "0.3", "--threads", "2"],
    );
    let mut recipe = Recipe { threads: 2, ..Recipe::default() };
    recipe.edges.delta = vec![0.4, 0.6];
    recipe.weights.delta = vec![0.3];
    let (model, _) = read_model(path).expect("a model");
    let ctl = Control::new(1).expect("a worker");
    let expected = run(&small_graph().shared(), &Arc::new(model), &recipe, RunOptions::FULL, None, &ctl).expect("fits");
    let mut found: Metrics = serde_json::from_value(out["metrics"].clone()).expect("metrics");
    // Through JSON too: reading a number may round its last bit.
    let text = serde_json::to_string(&Metrics::of(&expected)).expect("JSON");
    let mut metrics: Metrics = serde_json::from_str(&text).expect("metrics");
    assert!(metrics.totals.edge_sparsity > 0.1 && metrics.totals.weight_sparsity > 0.1, "the case removes something");
    for m in [&mut found, &mut metrics] {
        // Measured times are the only numbers that may differ.
        m.timing = None;
        m.steps.iter_mut().for_each(|s| (s.dense_secs, s.pruned_secs) = (None, None));
    }
    assert_eq!(found, metrics);
    assert_eq!(read_recipe(folder.path().join("b/recipe.toml")).expect("a recipe"), expected.recipe);
}

#[test]
fn options_beat_the_recipe_file_and_the_whole_recipe_is_written() {
    let folder = folder();
    let path = small_model("gcn");
    std::fs::write(
        folder.path().join("r.toml"),
        "format = \"unifews-recipe/1\"\nseed = 3\nthreads = 1\n[edges]\nmode = \"target\"\ndelta = 0.3\n[weights]\ndelta = 0.7\n",
    )
    .expect("a file");
    let out = json(folder.path(), &["prune", SMALL, path, "-o", "b", "--recipe", "r.toml", "--delta-w", "0.1"]);
    assert_eq!(out["metrics"]["timing"]["n_threads"], 1);
    let recipe = read_recipe(folder.path().join("b/recipe.toml")).expect("a recipe");
    assert_eq!((recipe.seed, recipe.edges.mode), (3, EdgeMode::Target));
    assert_eq!((recipe.edges.delta, recipe.weights.delta), (vec![0.3], vec![0.1]));
    assert_eq!(recipe.model.hidden, 16, "the network is the model's own");
}

#[test]
fn propagate_writes_the_librarys_embedding() {
    use ndarray_npy::ReadNpyExt as _;
    let folder = folder();
    let out = json(folder.path(), &["propagate", SMALL, "-o", "p", "--hops", "3", "--delta-a", "0.5"]);
    let model = Architecture { hops: 3, ..Architecture::new(Family::Sgc) };
    let mut recipe = Recipe { model, ..Recipe::default() };
    recipe.edges.delta = vec![0.5];
    let dataset = small_graph();
    let split = resolve_split(&dataset, "auto", recipe.seed).expect("a split");
    let expected = propagate(&dataset, &recipe, &split, None, &Control::new(1).expect("a worker")).expect("possible");
    let file = std::fs::File::open(folder.path().join("p/embedding.npy")).expect("a file");
    let embedding = ndarray::Array2::<f32>::read_npy(file).expect("a NumPy array");
    assert_eq!(embedding, expected.embedding);
    assert_eq!(out["metrics"]["steps"].as_array().expect("a list").len(), 3);
    assert!(out["metrics"]["edge_sparsity"].as_f64().expect("a number") > 0.1);
    assert!(read_recipe(folder.path().join("p/recipe.toml")).is_ok());
}

#[test]
fn sweep_writes_every_point() {
    let folder = folder();
    let path = small_model("gcn");
    let arguments = ["sweep", SMALL, path, "-o", "s", "--grid-a", "0,0.5,1", "--grid-w", "0,0.5"];
    let out = json(folder.path(), &arguments);
    let grid = SweepGrid { delta_a: vec![0.0, 0.5, 1.0], delta_w: vec![0.0, 0.5] };
    let (model, _) = read_model(path).expect("a model");
    let mut expected = Vec::new();
    let ctl = Control::new(1).expect("a worker");
    sweep(&small_graph().shared(), &Arc::new(model), &Recipe::default(), &grid, &ctl, |p, _| expected.push(p))
        .expect("fits");
    let mut found: Vec<SweepPoint> = serde_json::from_value(out["points"].clone()).expect("points");
    for point in expected.iter_mut().chain(&mut found) {
        (point.dense_secs, point.pruned_secs) = (0.0, 0.0);
    }
    assert_eq!(found, expected);
    let table = std::fs::read_to_string(folder.path().join("s/results.csv")).expect("a table");
    assert_eq!(table.lines().count(), 7, "{table}");
    assert!(table.starts_with("idx,delta_a,delta_w,edge_sparsity"), "{table}");
    assert!(!out["pareto"].as_array().expect("a list").is_empty());
    // Without a model, one is trained first; the folder of the last sweep is replaced.
    stdout(
        folder.path(),
        &["sweep", SMALL, "-o", "s", "--grid-a", "0", "--grid-w", "0", "--hidden", "8", "--epochs", "2"],
    );
}

#[test]
fn training_gives_the_same_file_for_any_number_of_threads() {
    let folder = folder();
    let mut files = Vec::new();
    for threads in ["1", "2"] {
        let file = format!("m{threads}.safetensors");
        let arguments = [
            "train",
            SMALL,
            "-o",
            &file,
            "--hidden",
            "8",
            "--epochs",
            "4",
            "--threads",
            threads,
            "--schedule",
            "during",
        ];
        stdout(folder.path(), &[&arguments[..], &["--delta-a", "0.3", "--delta-w", "0.3"]].concat());
        files.push(std::fs::read(folder.path().join(&file)).expect("a model"));
        assert!(read_recipe(folder.path().join(format!("m{threads}.recipe.toml"))).is_ok());
    }
    assert_eq!(files[0], files[1]);
}
