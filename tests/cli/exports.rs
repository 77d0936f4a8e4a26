//! `export`: every family in every form, read back by our own readers and by the programs it is written for.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use ndarray::Array2;
use predicates::str::contains;
use unifews::engine::control::Control;
use unifews::engine::experiment::{Run, RunOptions, run};
use unifews::engine::graph::{Dataset, Features, Labels};
use unifews::engine::model::{Architecture, Family, Model};
use unifews::engine::sparsify::Recipe;
use unifews::io::bundle::{read_bundle, write_bundle};
use unifews::io::export::{ExportItem, ExportReport, ExportSource, export};
use unifews::io::{read_model, read_recipe};

use super::common::{SMALL, cases, folder, json, other_families, python, small_graph, small_model, stdout, unifews};

/// Everything that can differ, as runs.
fn runs(dataset: &Arc<Dataset>, ctl: &Control) -> Vec<(String, Run)> {
    let preview = |name: &str, model: Model, recipe: &Recipe| {
        run(dataset, &Arc::new(model), recipe, RunOptions::PREVIEW, None, ctl).expect(name)
    };
    let small = cases().into_iter().map(|(name, family, recipe)| {
        let (model, _) = read_model(small_model(family)).expect("a model");
        (name.to_owned(), preview(name, model, &recipe))
    });
    let families = other_families().into_iter().map(|(name, model, recipe)| {
        let run = preview(&name, model, &recipe);
        (name, run)
    });
    small.chain(families).collect()
}

#[test]
fn every_form_of_every_family_comes_back_and_runs_elsewhere() {
    let python = python("every_form_of_every_family_comes_back_and_runs_elsewhere");
    // A graph whose nodes have ids of their own.
    let mut parts = small_graph().to_parts();
    parts.node_ids = Some((0..300).map(|u| format!("node, {}", 7 * u)).collect());
    let dataset = Dataset::try_new(parts).expect("a graph").shared();
    let ctl = Control::new(2).expect("workers");
    let folder = folder();
    let mut pairs = Vec::new();
    for (at, (name, run)) in runs(&dataset, &ctl).into_iter().enumerate() {
        let (bundle, from_run, from_bundle) = (
            folder.path().join(format!("b{at}")),
            folder.path().join(format!("r{at}")),
            folder.path().join(format!("e{at}")),
        );
        write_bundle(&run, &bundle, &ctl).expect(&name);
        let first = export(&ExportSource::of_run(&run), &ExportItem::ALL, &from_run, &ctl).expect(&name);
        let read = read_bundle(&bundle).expect(&name);
        let source = ExportSource::of_bundle(&read, &dataset).expect(&name);
        let second = export(&source, &ExportItem::ALL, &from_bundle, &ctl).expect(&name);
        assert_eq!((&first.files, &first.left_out), (&second.files, &second.left_out), "{name}");
        for file in &first.files {
            let bytes = |folder: &Path| std::fs::read(folder.join(&file.path)).expect("the file");
            assert_eq!(bytes(&from_run), bytes(&from_bundle), "{name}: {}", file.path);
            let is_exact = !file.path.contains("dgl");
            assert!(!is_exact || file.max_difference == 0.0, "{name}: {file:?}");
        }
        check_left_out(&name, &run, &first);
        pairs.extend([bundle, from_run]);
    }
    if let Some(python) = python {
        read_by_others(&python, &pairs);
    }
}

/// What no other program has a place for, and nothing else.
fn check_left_out(name: &str, run: &Run, report: &ExportReport) {
    let left_out: Vec<_> = report.left_out.iter().map(|l| (l.item.key(), l.reason.as_str())).collect();
    let no_bias = "DGL's GATv2Conv has no bias of its own, and the coefficients of a node no longer add up to 1";
    let no_graph = "the model propagates over no graph";
    let has_bias = run.model.parameters.iter().any(|p| p.name == "convs.0.bias" && p.values.iter().any(|b| *b != 0.0));
    let expected: Vec<(&str, &str)> = if run.pruned.masks.edges.n_steps() == 0 {
        ["graphs-npz", "graphs-mtx", "graphs-csv", "graphs-pyg"].map(|key| (key, no_graph)).into()
    } else if name.contains("GAT") && name.contains("official") && has_bias {
        ["weights-dgl-safetensors", "weights-dgl-pt"].map(|key| (key, no_bias)).into()
    } else {
        Vec::new()
    };
    assert_eq!(left_out, expected, "{name}");
}

fn read_by_others(python: &Path, pairs: &[PathBuf]) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/read_exports.py");
    let output = Command::new(python).arg(script).args(pairs).output().expect("Python started");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    for line in said.lines().filter(|line| line.contains("onnx") || line.contains("installed")) {
        eprintln!("{line}");
    }
}

#[test]
fn nodes_with_any_number_of_classes_are_exported_too() {
    let mut parts = small_graph().to_parts();
    parts.labels = Some(Labels::multi(Array2::from_shape_fn((300, 4), |(u, c)| (u + c) % 3 == 0)));
    let dataset = Dataset::try_new(parts).expect("a graph").shared();
    let ctl = Control::new(2).expect("workers");
    let mut model = Model::init(&Architecture { hidden: 16, ..Architecture::new(Family::Gcn) }, 16, 4, 7);
    // So that the model gives some nodes no class at all.
    let last = model.position("convs.1.bias").expect("a bias");
    model.parameters[last].values.fill(-0.2);
    let run = run(&dataset, &Arc::new(model), &Recipe::default(), RunOptions::PREVIEW, None, &ctl).expect("a run");
    let without = run.pruned.logits.rows().into_iter().filter(|row| row.iter().all(|v| *v <= 0.0)).count();
    assert!(without > 0 && without < 300, "{without} nodes without a class");
    let folder = folder();
    let (bundle, exports) = (folder.path().join("b"), folder.path().join("e"));
    write_bundle(&run, &bundle, &ctl).expect("a bundle");
    export(&ExportSource::of_run(&run), &ExportItem::ALL, &exports, &ctl).expect("every form");
    let read = read_bundle(&bundle).expect("a bundle");
    let source = ExportSource::of_bundle(&read, &dataset).expect("its graph");
    export(&source, &ExportItem::ALL, folder.path().join("again"), &ctl).expect("every form");
    let Some(python) = python("nodes_with_any_number_of_classes_are_exported_too") else { return };
    read_by_others(&python, &[bundle, exports]);
}

/// A bundle of [`SMALL`] in a folder of its own.
fn bundle() -> tempfile::TempDir {
    let folder = folder();
    let arguments = ["prune", SMALL, small_model("gcn"), "-o", "b", "--delta-a", "0.5", "--delta-w", "0.5"];
    stdout(folder.path(), &arguments);
    folder
}

#[test]
fn the_command_writes_what_is_asked_for_and_says_the_largest_difference() {
    let folder = bundle();
    let arguments = ["export", "b", "-o", "out", "--as", "weights,graphs-csv,recipe-yaml,predictions-parquet"];
    let out = json(folder.path(), &arguments);
    let paths: Vec<_> =
        out["files"].as_array().expect("files").iter().map(|f| f["path"].as_str().expect("a path")).collect();
    assert_eq!(
        paths,
        [
            "model-pyg.safetensors",
            "model-pyg.pt",
            "model-dgl.safetensors",
            "model-dgl.pt",
            "graphs-csv/layer_00.csv",
            "graphs-csv/layer_01.csv",
            "nodes.csv",
            "recipe.yaml",
            "predictions.parquet",
        ]
    );
    for file in out["files"].as_array().expect("files") {
        assert_eq!(file["max_difference"].as_f64(), Some(0.0), "{file}");
    }
    let written: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("out/exports.json")).expect("a report"))
            .expect("JSON");
    assert_eq!((&written["format"], &written["files"]), (&"unifews-exports/1".into(), &out["files"]));
    let recipe = read_recipe(folder.path().join("out/recipe.yaml")).expect("a recipe");
    assert_eq!(recipe, read_recipe(folder.path().join("b/recipe.toml")).expect("a recipe"));
    // What it wrote may be replaced, what others wrote may not.
    let table = stdout(folder.path(), &["export", "b", "-o", "out", "--as", "metrics"]);
    assert!(table.contains("metrics.parquet") && table.contains("2 layers"), "{table}");
    assert!(!folder.path().join("out/model-pyg.pt").exists(), "the folder is replaced as a whole");
    unifews(folder.path())
        .args(["export", "b", "-o", "b", "--quiet"])
        .assert()
        .code(1)
        .stderr(contains("found a folder with other files: b"));
}

#[test]
fn ids_that_a_spreadsheet_takes_for_formulas_are_kept_and_noted() {
    let mut parts = small_graph().to_parts();
    let risky = ["=HYPERLINK(\"http://x\")", "+1", "-2", "@cmd"];
    let id = |u: usize| risky.get(u).map_or_else(|| format!("n{u}"), |id| (*id).to_owned());
    parts.node_ids = Some((0..300).map(id).collect());
    let dataset = Dataset::try_new(parts).expect("a graph").shared();
    let ctl = Control::new(2).expect("workers");
    let (model, _) = unifews::io::read_model(small_model("gcn")).expect("a model");
    let run = run(&dataset, &Arc::new(model), &Recipe::default(), RunOptions::PREVIEW, None, &ctl).expect("a run");
    let folder = folder();
    let out = folder.path().join("e");
    let report = export(&ExportSource::of_run(&run), &ExportItem::ALL, &out, &ctl).expect("every form");
    let [note] = &report.notes[..] else { panic!("one note in {:?}", report.notes) };
    for words in
        ["nodes.csv", "predictions.csv", "graphs-csv/layer_00.csv", "4 of 300 node ids", "begin with =, +, - or @"]
    {
        assert!(note.contains(words), "{words} in {note}");
    }
    let written = std::fs::read_to_string(out.join("exports.json")).expect("a report");
    assert!(written.contains("4 of 300 node ids begin with =, +, - or @"), "{written}");
    // They are the graph's own ids, so that tables can be joined.
    let table = std::fs::read_to_string(out.join("nodes.csv")).expect("a table");
    assert!(table.contains("0,\"=HYPERLINK(\"\"http://x\"\")\"\n1,+1\n2,-2\n3,@cmd\n4,n4\n"), "{table}");
    let bundle = folder.path().join("b");
    write_bundle(&run, &bundle, &ctl).expect("a bundle");
    let readme = std::fs::read_to_string(bundle.join("README.md")).expect("a page");
    assert!(readme.contains("`predictions.csv`: 4 of 300 node ids begin with"), "{readme}");
    // Where no table has ids, and where no id is risky, nothing is said.
    let items = ExportItem::named("recipe");
    let report = export(&ExportSource::of_run(&run), &items, folder.path().join("r"), &ctl).expect("recipes");
    assert!(report.notes.is_empty());
}

#[test]
fn wrong_calls_are_named() {
    let folder = bundle();
    let run = |arguments: &[&str]| unifews(folder.path()).args(arguments).arg("--quiet").assert();
    run(&["export", "b", "-o", "out", "--as", "tflite"])
        .code(2)
        .stderr(contains(
            "--as: expected all, weights, graphs, predictions, metrics, recipe or one of weights-pyg-safetensors",
        ))
        .stderr(contains("found tflite"));
    run(&["export", "b", "-o", "out", "--graph", "sample:karate"])
        .code(1)
        .stderr(contains("graph: expected powerlaw 300 (SHA-256"));
    assert!(!folder.path().join("out").exists(), "nothing half-written is left");
}

#[test]
fn a_model_without_a_graph_has_no_graph_to_write() {
    let folder = folder();
    let train = ["train", SMALL, "-o", "m.safetensors", "--arch", "mlp", "--hidden", "8", "--epochs", "2"];
    stdout(folder.path(), &train);
    stdout(folder.path(), &["prune", SMALL, "m.safetensors", "-o", "b"]);
    unifews(folder.path()).args(["export", "b", "-o", "out", "--as", "graphs-npz", "--quiet"]).assert().code(1).stderr(
        contains("graphs-npz: expected a model that this form has a place for, found the model propagates over no graph: out"),
    );
    let out = json(folder.path(), &["export", "b", "-o", "out", "--as", "onnx"]);
    assert_eq!(out["files"][0]["path"], "model.onnx");
}

#[test]
fn sparse_features_and_a_sample_go_through_the_network_too() {
    let dataset = small_graph();
    assert!(matches!(dataset.features(), Features::Dense(_)), "the other sort is Cora's");
    let Some(python) = python("sparse_features_and_a_sample_go_through_the_network_too") else { return };
    let folder = folder();
    stdout(
        folder.path(),
        &["prune", "sample:cora", "sample:cora-gcn", "-o", "b", "--delta-a", "0.5", "--delta-w", "0.5"],
    );
    stdout(folder.path(), &["export", "b", "-o", "e"]);
    read_by_others(&python, &[folder.path().join("b"), folder.path().join("e")]);
}
