//! Bundles: written, replayed bit for bit, refused when changed, and run by Python.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use ndarray::Axis;
use predicates::str::contains;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};
use unifews::engine::control::Control;
use unifews::engine::experiment::{Run, RunOptions, Server, ValueType, run};
use unifews::engine::sparsify::{Allocation, Compat, EdgeMode, NodesAre, RecoveryRule, WeightMode};
use unifews::io::bundle::{BundleOptions, PlannedSize, contents, read_bundle, replay, write_bundle, write_bundle_as};
use unifews::io::{read_graph, read_model};

use super::common::{SMALL, cases, folder, json, other_families, python, small_graph, small_model, stdout, unifews};

#[test]
fn every_family_replays_with_the_same_bits_and_runs_in_python() {
    let folder = folder();
    let dataset = small_graph().shared();
    let python = python("every_family_replays_with_the_same_bits_and_runs_in_python");
    let ctl = Control::new(2).expect("workers");
    for (name, model, recipe) in other_families() {
        let run = run(&dataset, &Arc::new(model), &recipe, RunOptions::PREVIEW, None, &ctl).expect(&name);
        check_replay(&run, &folder.path().join("b"), python.as_deref(), &name);
    }
}

#[test]
fn every_family_recovered_replays_with_the_same_bits_runs_in_python_and_is_exported() {
    let folder = folder();
    let dataset = small_graph().shared();
    let python = python("every_family_recovered_replays_with_the_same_bits_runs_in_python_and_is_exported");
    let ctl = Control::new(2).expect("workers");
    let all = NodesAre::ALL.into_iter().flat_map(|nodes| other_families().into_iter().map(move |one| (one, nodes)));
    for ((name, model, mut recipe), nodes_are) in all {
        if recipe.compat != Compat::CLEAN || model.architecture.n_graph_steps() == 0 {
            continue;
        }
        (recipe.edges.mode, recipe.edges.delta) = (EdgeMode::Target, vec![0.6]);
        (recipe.weights.mode, recipe.weights.delta) = (WeightMode::Target, vec![0.5]);
        let model = Arc::new(model);
        let fitted = RecoveryRule { nodes_are, allocation: Allocation::AsGiven, ..RecoveryRule::default() };
        let trained = (nodes_are == NodesAre::Static).then(|| RecoveryRule { train_epochs: 6, ..fitted.clone() });
        for rule in [Some(fitted), trained].into_iter().flatten() {
            let name = format!("{name}, {}, {} epochs", nodes_are.mark(), rule.train_epochs);
            recipe.recovery = Some(rule);
            let run = run(&dataset, &model, &recipe, RunOptions::PREVIEW, None, &ctl).expect(&name);
            check_replay(&run, &folder.path().join("b"), python.as_deref(), &name);
            // What another program cannot compute is left out with a reason; the rest is read back and compared.
            unifews(folder.path()).args(["export", "b", "-o", "out", "--as", "all", "--quiet"]).assert().success();
            std::fs::remove_dir_all(folder.path().join("out")).expect("written");
        }
    }
}

/// Writes a run's bundle to `target`, reads it and runs it again, here and by Python.
fn check_replay(run: &Run, target: &Path, python: Option<&Path>, name: &str) {
    let ctl = Control::new(2).expect("workers");
    write_bundle(run, target, &ctl).expect(name);
    let bundle = read_bundle(target).expect(name);
    assert_eq!(bundle.masks(run.dataset.topology()).expect(name), run.pruned.masks, "{name}");
    let report = replay(&bundle, &run.dataset, &ctl).expect(name);
    assert!(report.is_identical(), "{name}: {report:?}");
    // Fitted values and attention are nowhere but in the bundle: only those of the graph's own matrix are compared with it.
    let is_of_matrix = run.pruned.masks.edges.values().is_none() && !run.recipe.model.has("attention");
    let has_graph = run.recipe.model.n_graph_steps() > 0;
    assert_eq!(report.n_edge_values > 0, is_of_matrix && has_graph, "{name}: {report:?}");
    let masks = bundle.masks(run.dataset.topology()).expect(name);
    let embedding = bundle.embedding.as_ref();
    let server = Server::pruned(&run.dataset, &bundle.model, &bundle.recipe, &masks, embedding, &ctl);
    let answer = server.expect(name).score(&[5, 299, 5, 17], &ctl).expect(name);
    let stored = bundle.logits.select(Axis(0), &[5, 299, 5, 17]);
    let is_same = answer.logits.iter().zip(&stored).all(|(a, b)| a.to_bits() == b.to_bits());
    assert!(is_same && answer.logits.dim() == stored.dim(), "{name}: the bits of the whole forward");
    if let Some(python) = python {
        run_client(python, target, name);
        let said = client(python, target, &["--nodes", "5,299,5,17"]).expect(name);
        assert_eq!(said.lines().next(), Some("node,class,margin"), "{name}");
        let firsts: Vec<&str> = said.lines().skip(1).filter_map(|line| Some(line.split_once(',')?.0)).take(4).collect();
        assert_eq!(firsts, ["5", "299", "5", "17"], "{name}: {said}");
    }
}

#[test]
fn every_sort_of_run_replays_with_the_same_bits() {
    let folder = folder();
    let dataset = small_graph().shared();
    for (name, family, recipe) in cases() {
        let (model, _) = read_model(small_model(family)).expect("a model");
        let ctl = Control::new(2).expect("workers");
        let run = run(&dataset, &Arc::new(model), &recipe, RunOptions::FULL, None, &ctl).expect(name);
        for target in ["b", "b.zip"] {
            let target = folder.path().join(target);
            let report = write_bundle(&run, &target, &ctl).expect(name);
            assert!(report.files.contains_key("manifest.json") && report.size_bytes > 0);
            let bundle = read_bundle(&target).expect(name);
            assert_eq!(bundle.masks(dataset.topology()).expect(name), run.pruned.masks, "{name}");
            assert_eq!(bundle.logits, run.pruned.logits, "{name}");
            let one_thread = Control::new(1).expect("a worker");
            let report = replay(&bundle, &dataset, &one_thread).expect(name);
            assert!(report.is_identical(), "{name}: {report:?}");
            assert_eq!(report.n_logits, 300 * 4);
        }
    }
}

#[test]
fn python_runs_every_sort_of_bundle() {
    let Some(python) = python("python_runs_every_sort_of_bundle") else { return };
    let folder = folder();
    let dataset = small_graph().shared();
    for (name, family, recipe) in cases() {
        let (model, _) = read_model(small_model(family)).expect("a model");
        let ctl = Control::new(2).expect("workers");
        let run = run(&dataset, &Arc::new(model), &recipe, RunOptions::PREVIEW, None, &ctl).expect(name);
        write_bundle(&run, folder.path().join("b"), &ctl).expect(name);
        run_client(&python, &folder.path().join("b"), name);
    }
}

#[test]
fn cora_is_pruned_replayed_and_run_by_python() {
    let folder = folder();
    let train = ["train", "sample:cora", "-o", "m.safetensors", "--hidden", "32", "--epochs", "5"];
    stdout(folder.path(), &train);
    let out = json(
        folder.path(),
        &["prune", "sample:cora", "m.safetensors", "-o", "b.zip", "--delta-a", "0.5", "--delta-w", "0.5"],
    );
    assert_eq!(out["metrics"]["steps"][0]["edges"]["n_entries"], 12_623);
    assert!(out["metrics"]["scores"]["test"]["official_lock"]["accuracy"].is_number());
    let out = json(folder.path(), &["replay", "b.zip"]);
    assert_eq!((out["is_identical"].as_bool(), out["n_logits"].as_u64()), (Some(true), Some(2_485 * 7)));
    let Some(python) = python("cora_is_pruned_replayed_and_run_by_python") else { return };
    let archive = std::fs::File::open(folder.path().join("b.zip")).expect("a bundle");
    zip::ZipArchive::new(archive).expect("an archive").extract(folder.path().join("b")).expect("unpacked");
    run_client(&python, &folder.path().join("b"), "cora");
}

pub(crate) fn run_client(python: &Path, bundle: &Path, name: &str) {
    let said = client(python, bundle, &[]).expect(name);
    let sparse = client(python, bundle, &["--sparse"]).expect(name);
    assert_eq!(said, sparse, "{name}: the sparse model has the bits of the dense one");
    eprintln!("{name}: {}", said.trim());
}

/// What the bundle's script says; as an error where it ends with a failure.
fn client(python: &Path, bundle: &Path, arguments: &[&str]) -> Result<String, String> {
    let script = bundle.join("load_bundle.py");
    let output = Command::new(python).arg(script).args(arguments).output().expect("Python started");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(said) } else { Err(said) }
}

/// A pruned bundle in a folder of its own.
fn pruned() -> (tempfile::TempDir, PathBuf) {
    let folder = folder();
    let arguments = ["prune", SMALL, small_model("gcn"), "-o", "b", "--delta-a", "0.5", "--delta-w", "0.5"];
    stdout(folder.path(), &arguments);
    let bundle = folder.path().join("b");
    (folder, bundle)
}

#[test]
fn the_bundle_has_every_file_and_its_hash() {
    let (_folder, path) = pruned();
    let bundle = read_bundle(&path).expect("a bundle");
    let names: Vec<_> = bundle.manifest.files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "README.md",
            "edges/layer_00.npz",
            "edges/layer_01.npz",
            "features.npy",
            "load_bundle.py",
            "logits.npy",
            "masks.safetensors",
            "metrics.json",
            "model.safetensors",
            "model_sparse.safetensors",
            "new_nodes.safetensors",
            "predictions.csv",
            "recipe.toml",
        ]
    );
    assert!(bundle.manifest.machine.is_some_and(|m| m.n_threads > 0), "times name their threads");
    let table = std::fs::read_to_string(path.join("predictions.csv")).expect("a table");
    assert_eq!(table.lines().next(), Some("node,label,dense_prediction,pruned_prediction,margin"));
    assert_eq!(table.lines().count(), 301);
}

#[test]
fn the_sparse_model_is_smaller_than_the_dense_one_and_a_model_like_any_other() {
    let folder = folder();
    let prune = ["prune", "sample:cora", "sample:cora-gcn", "-o", "b", "--delta-a", "0.5", "--delta-w", "0.5"];
    let out = json(folder.path(), &prune);
    let bytes = |name: &str| out["bundle"]["files"][name]["size_bytes"].as_u64().expect("a size");
    let size = &out["metrics"]["size"];
    let (dense, sparse) = (size["model_dense_bytes"].as_u64().expect("bytes"), size["model_sparse_bytes"].as_u64());
    let sparse = sparse.expect("bytes");
    let removed = out["metrics"]["totals"]["weight_sparsity"].as_f64().expect("a share");
    assert!(removed > 0.2 && sparse < dense * 4 / 5, "{sparse} of {dense} with {removed} removed");
    for (name, counted) in [("model.safetensors", dense), ("model_sparse.safetensors", sparse)] {
        assert!(
            (counted..counted + 4_000).contains(&bytes(name)),
            "{name}: {counted} counted, {} written",
            bytes(name)
        );
    }
    assert_eq!(size["tensors"]["convs.0.lin.weight"]["encoding"], "bitmask");
    for graph in size["graphs"].as_array().expect("graphs") {
        assert_eq!(graph["bytes_before"], 12_623 * 8 + 2_486 * 4);
        assert!(graph["bytes_after"].as_u64() < graph["bytes_before"].as_u64(), "{graph}");
    }
    // What the manifest says, what replay runs, and what any command reads as a model.
    let bundle = read_bundle(folder.path().join("b")).expect("a bundle");
    let note = bundle.manifest.model.sparse.as_ref().expect("a note");
    assert_eq!((note.file.as_str(), note.sparse_bytes), ("model_sparse.safetensors", sparse));
    assert_eq!(bundle.stored.as_ref().map(|stored| stored.model.state_dict()), Some(bundle.model.state_dict()));
    let replayed = json(folder.path(), &["replay", "b"]);
    assert_eq!(replayed["sparse"]["n_different"], 0);
    let table = stdout(folder.path(), &["inspect", "b/model_sparse.safetensors"]);
    assert!(table.contains("GCN 1433-") && table.contains("weights that are 0"), "{table}");
    let readme = std::fs::read_to_string(folder.path().join("b/README.md")).expect("a page");
    assert!(readme.contains(&format!("| model, weights as f32 | {dense} | {sparse} |")), "{readme}");
}

#[test]
fn weights_of_16_bits_halve_the_model_and_say_what_that_costs() {
    let folder = folder();
    let python = python("weights_of_16_bits_halve_the_model_and_say_what_that_costs");
    let mut sizes = Vec::new();
    for values in ["f32", "bf16", "f16"] {
        let prune = ["prune", SMALL, small_model("gcn"), "-o", values, "--delta-w", "0.5", "--values", values];
        let out = json(folder.path(), &prune);
        let size = &out["metrics"]["size"];
        assert_eq!(size["values"], values);
        assert_eq!(size["tensors"]["convs.0.bias"]["values"], "f32");
        sizes.push(size["model_sparse_bytes"].as_u64().expect("bytes"));
        let replayed = json(folder.path(), &["replay", values]);
        assert_eq!((&replayed["is_identical"], &replayed["sparse"]["values"]), (&true.into(), &values.into()));
        let rounding = &size["rounding"];
        if values == "f32" {
            assert!(rounding.is_null());
        } else {
            let largest = rounding["largest_difference"].as_f64().expect("a difference");
            assert!(largest > 0.0 && largest < 0.2, "{largest}");
            let replayed = replayed["sparse"]["max_abs_difference"].as_f64().expect("a difference");
            assert!((replayed - largest).abs() < 1e-6, "{replayed} replayed, {largest} said");
            assert!(rounding["agreement"].as_f64() > Some(0.9) && rounding["test"]["accuracy"].is_number());
        }
        if let Some(python) = &python {
            let bundle = folder.path().join(values);
            client(python, &bundle, &["--sparse"]).expect(values);
            // The sparse file alone is enough.
            std::fs::remove_file(bundle.join("model.safetensors")).expect("removed");
            client(python, &bundle, &[]).expect(values);
        }
    }
    assert!(sizes[1] < sizes[0] * 2 / 3 && sizes[1] == sizes[2], "{sizes:?}");
    let said = stdout(folder.path(), &["prune", SMALL, small_model("gcn"), "-o", "b", "--values", "bf16"]);
    assert!(said.contains("weights rounded to bf16: logits "), "{said}");
}

#[test]
fn fitted_values_of_entries_go_with_the_weights_into_16_bits() {
    let folder = folder();
    let python = python("fitted_values_of_entries_go_with_the_weights_into_16_bits");
    for (family, values) in [("gcn", "bf16"), ("gcn", "f16"), ("gat", "bf16"), ("gcn", "f32")] {
        let name = format!("{family}-{values}");
        let target = ["--edge-mode", "target", "--delta-a", "0.6", "--weight-mode", "target", "--delta-w", "0.5"];
        let prune = ["prune", SMALL, small_model(family), "-o", &name, "--recover", "one-shot", "--values", values];
        let out = json(folder.path(), &[&prune[..], &target[..]].concat());
        let file = folder.path().join(&name).join("entry_values.safetensors");
        assert_eq!(file.exists(), values != "f32", "{name}");
        let replayed = json(folder.path(), &["replay", &name]);
        assert_eq!(replayed["is_identical"], true, "{name}");
        if values == "f32" {
            continue;
        }
        let largest = out["metrics"]["size"]["rounding"]["largest_difference"].as_f64().expect("a difference");
        let again = replayed["sparse"]["max_abs_difference"].as_f64().expect("a difference");
        assert!(largest > 0.0 && (again - largest).abs() < 1e-6, "{name}: {again} replayed, {largest} said");
        if let Some(python) = &python {
            client(python, &folder.path().join(&name), &["--sparse"]).expect(&name);
        }
        let mut bytes = std::fs::read(&file).expect("the file");
        *bytes.last_mut().expect("a value") ^= 1;
        forge(&folder.path().join(&name), "entry_values.safetensors", &bytes);
        let error = read_and_replay(&folder.path().join(&name)).expect_err("another value");
        assert!(error.contains(&format!("as {values}, found others")), "{error}");
    }
}

#[test]
fn a_bundle_of_an_earlier_version_still_opens() {
    let (folder, path) = pruned();
    let metrics: serde_json::Value =
        serde_json::from_slice(&std::fs::read(path.join("metrics.json")).expect("metrics")).expect("JSON");
    let mut metrics = metrics.as_object().expect("an object").clone();
    assert!(metrics.remove("size").is_some());
    forge(&path, "metrics.json", &serde_json::to_vec(&metrics).expect("JSON"));
    let manifest = path.join("manifest.json");
    let mut value: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&manifest).expect("a manifest")).expect("JSON");
    assert!(value["model"].as_object_mut().expect("an object").remove("sparse").is_some());
    assert!(value["files"].as_object_mut().expect("an object").remove("model_sparse.safetensors").is_some());
    std::fs::write(&manifest, value.to_string()).expect("written");
    std::fs::remove_file(path.join("model_sparse.safetensors")).expect("removed");
    let replayed = json(folder.path(), &["replay", "b"]);
    assert_eq!((&replayed["is_identical"], &replayed["sparse"]), (&true.into(), &serde_json::Value::Null));
}

#[test]
fn a_sparse_model_with_other_values_is_refused() {
    let (folder, path) = pruned();
    let other = ["prune", SMALL, small_model("gcn"), "-o", "other", "--delta-w", "0.9"];
    stdout(folder.path(), &other);
    let bytes = std::fs::read(folder.path().join("other/model_sparse.safetensors")).expect("a model");
    forge(&path, "model_sparse.safetensors", &bytes);
    unifews(folder.path())
        .args(["replay", "b", "--quiet"])
        .assert()
        .code(1)
        .stderr(contains("tensor convs.0.lin.weight: expected the values of model.safetensors as f32, found others"));
}

#[test]
fn without_features_the_graph_is_needed_and_asked_for() {
    let folder = folder();
    let graph = folder.path().join("graph");
    stdout(folder.path(), &["store", SMALL, "-o", "graph"]);
    let prune = ["prune", "graph", small_model("gcn"), "-o", "b", "--delta-a", "0.5", "--without-features"];
    let said = stdout(folder.path(), &prune);
    assert!(said.contains("replay with: unifews replay b --graph graph"), "{said}");
    let bundle = folder.path().join("b");
    assert!(!bundle.join("features.npz").exists() && !bundle.join("features.npy").exists());
    let readme = std::fs::read_to_string(bundle.join("README.md")).expect("a page");
    assert!(readme.contains("The node features were left out"), "{readme}");
    stdout(folder.path(), &["replay", "b", "--graph", "graph"]);
    std::fs::rename(&graph, folder.path().join("elsewhere")).expect("moved");
    unifews(folder.path())
        .args(["replay", "b", "--quiet"])
        .assert()
        .code(1)
        .stderr(contains("graph of the bundle, which was written without the node features: expected the graph that it was made from"))
        .stderr(contains("--graph PATH says where it is), found "));
    stdout(folder.path(), &["replay", "b", "--graph", "elsewhere"]);
    // The script runs with a file of them, and asks for one.
    let said = stdout(folder.path(), &["prune", "elsewhere", small_model("gcn"), "-o", "with", "--delta-a", "0.5"]);
    assert!(said.contains("the node features are in it (features.npy)"), "{said}");
    let Some(python) = python("without_features_the_graph_is_needed_and_asked_for") else { return };
    let refused = client(&python, &bundle, &[]).expect_err("no features");
    assert!(refused.contains("written without node features") && refused.contains("--features"), "{refused}");
    let features = folder.path().join("with/features.npy").into_os_string().into_string().expect("UTF-8");
    client(&python, &bundle, &["--features", &features]).expect("with features");
}

#[test]
fn without_timing_the_same_call_writes_the_same_bytes_with_any_number_of_threads() {
    for (graph, model) in [(SMALL, small_model("gcn")), ("sample:cora", "sample:cora-gcn")] {
        let mut first: Option<Vec<(PathBuf, Vec<u8>)>> = None;
        for threads in ["1", "3", "0"] {
            let folder = folder();
            for target in ["b", "b.zip"] {
                let prune = ["prune", graph, model, "-o", target, "--delta-a", "0.5", "--delta-w", "0.5"];
                stdout(folder.path(), &[&prune[..], &["--no-timing", "--threads", threads]].concat());
            }
            let files = files_of(folder.path());
            assert!(files.len() > 10);
            match &first {
                None => first = Some(files),
                Some(first) => {
                    for (a, b) in first.iter().zip(&files) {
                        assert!(a == b, "{} of {threads} threads differs from that of one", b.0.display());
                    }
                    assert_eq!(first.len(), files.len());
                }
            }
            let bundle = read_bundle(folder.path().join("b.zip")).expect("a bundle");
            assert!(bundle.manifest.machine.is_none() && bundle.metrics.timing.is_none(), "nothing was measured");
        }
    }
}

/// Every file below a folder after the same call with one thread and with three.
fn files_with_threads(calls: &[&[&str]]) -> [Vec<(PathBuf, Vec<u8>)>; 2] {
    ["1", "3"].map(|threads| {
        let folder = folder();
        for call in calls {
            stdout(folder.path(), &[call, &["--threads", threads][..]].concat());
        }
        files_of(folder.path())
    })
}

#[test]
fn without_timing_sweeps_and_propagations_write_the_same_bytes_with_any_number_of_threads() {
    let few = ["--grid-a", "0,0.5", "--grid-w", "0,0.5", "--sensitivity", "--no-timing"];
    let more = ["--methods", "unifews,random", "--shares", "0.3", "--seeds", "1,2"];
    let swept = [&["sweep", SMALL, small_model("gcn"), "-o", "s"][..], &few, &more].concat();
    let trained = [&["sweep", SMALL, "-o", "t", "--hidden", "8", "--epochs", "3"][..], &few].concat();
    let hops = ["--hops", "3", "--delta-a", "0.5", "--no-timing"];
    let plain = [&["propagate", SMALL, "-o", "p"][..], &hops].concat();
    let followed = [&["propagate", SMALL, "-o", "f", "--embeddings", "bf16"][..], &hops].concat();
    let [one, three] = files_with_threads(&[&swept, &trained, &plain, &followed]);
    assert!(one.len() > 20, "{}", one.len());
    for (a, b) in one.iter().zip(&three) {
        assert!(a == b, "{} differs between one thread and three", b.0.display());
    }
    assert_eq!(one.len(), three.len());
    let text = |name: &str| {
        let found = one.iter().find(|(path, _)| path.ends_with(name)).expect("a file");
        String::from_utf8_lossy(&found.1).into_owned()
    };
    for name in ["s/results.json", "p/metrics.json", "f/metrics.json"] {
        assert!(!text(name).contains("n_threads"), "{name} names threads of times that were not measured");
    }
    let followed = text("f/metrics.json");
    for key in ["elapsed_secs", "plain_secs", "\"secs\""] {
        assert!(!followed.contains(key) && followed.contains("relative_error"), "{key}: {followed}");
    }
    assert!(one.iter().all(|(path, _)| !path.ends_with("s/time.png")), "no picture of times");
    // With times they are there.
    let folder = folder();
    let timed = [&["propagate", SMALL, "-o", "p", "--embeddings", "bf16"][..], &hops[..4]].concat();
    let metrics = &json(folder.path(), &timed)["metrics"];
    for key in ["elapsed_secs", "n_threads"] {
        assert!(metrics[key].as_f64().is_some_and(|number| number > 0.0), "{key}");
    }
    assert!(metrics["followed"]["plain_secs"].is_number() && metrics["followed"]["secs"].is_number());
}

/// Every file below a folder, by its place.
fn files_of(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    fn walk(root: &Path, folder: &Path, out: &mut Vec<(PathBuf, Vec<u8>)>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(root, &path, out);
            } else {
                let bytes = std::fs::read(&path).expect("a file");
                out.push((path.strip_prefix(root).expect("below").to_owned(), bytes));
            }
        }
    }
    let mut out = Vec::new();
    walk(folder, folder, &mut out);
    out.sort();
    out
}

#[test]
fn every_file_that_is_written_was_announced_with_its_size() {
    let folder = folder();
    let ctl = Control::new(2).expect("workers");
    let cora = read_graph("sample:cora", &ctl).expect("a sample").0.shared();
    let (cora_gcn, _) = read_model("sample:cora-gcn").expect("a sample");
    let small = small_graph().shared();
    let mut runs = vec![("cora", run(&cora, &Arc::new(cora_gcn), &cases()[0].2, RunOptions::FULL, None, &ctl))];
    for (name, family, recipe) in cases() {
        let (model, _) = read_model(small_model(family)).expect("a model");
        runs.push((name, run(&small, &Arc::new(model), &recipe, RunOptions::FULL, None, &ctl)));
    }
    for (_, model, recipe) in other_families().into_iter().filter(|(name, ..)| name.contains("GAT")) {
        runs.push(("GAT", run(&small, &Arc::new(model), &recipe, RunOptions::PREVIEW, None, &ctl)));
    }
    for (name, run) in runs {
        let run = run.expect(name);
        for (values, without_features) in [(ValueType::F32, false), (ValueType::Bf16, true)] {
            let options = BundleOptions { values, without_features, ..BundleOptions::default() };
            let mut planned = contents(&run, options);
            let report = write_bundle_as(&run, options, folder.path().join("b"), &ctl).expect(name);
            planned.sort_by(|a, b| a.name.cmp(&b.name));
            let names: Vec<&String> = planned.iter().map(|file| &file.name).collect();
            assert_eq!(names, report.files.keys().collect::<Vec<_>>(), "{name}");
            assert_eq!(names.iter().any(|name| name.starts_with("features.")), !without_features);
            for (file, note) in planned.iter().zip(report.files.values()) {
                let written = note.size_bytes;
                let holds = match file.size {
                    PlannedSize::AtMost(bytes) => written <= bytes,
                    PlannedSize::About(bytes) => written <= 2 * bytes && bytes <= 2 * written,
                };
                assert!(holds, "{name}, {}: {:?} announced, {written} written", file.name, file.size);
            }
        }
    }
}

#[test]
fn a_changed_file_is_named() {
    let (folder, path) = pruned();
    let names: Vec<String> = read_bundle(&path).expect("a bundle").manifest.files.into_keys().collect();
    for name in names {
        let file = path.join(&name);
        let whole = std::fs::read(&file).expect("the file");
        let mut changed = whole.clone();
        let at = changed.len() / 2;
        changed[at] ^= 1;
        for broken in [changed, whole[..whole.len() - 1].to_vec(), [&whole[..], b"x"].concat()] {
            std::fs::write(&file, broken).expect("written");
            unifews(folder.path()).args(["replay", "b", "--quiet"]).assert().code(1).stderr(contains(name.as_str()));
        }
        std::fs::remove_file(&file).expect("removed");
        unifews(folder.path())
            .args(["replay", "b", "--quiet"])
            .assert()
            .code(1)
            .stderr(contains(format!("{name}: expected this file in the bundle, found none")));
        std::fs::write(&file, whole).expect("written");
    }
    stdout(folder.path(), &["replay", "b"]);
}

#[test]
fn another_version_and_another_graph_are_refused() {
    let (folder, path) = pruned();
    unifews(folder.path())
        .args(["replay", "b", "--graph", "sample:karate", "--quiet"])
        .assert()
        .code(1)
        .stderr(contains("graph: expected powerlaw 300 (SHA-256"))
        .stderr(contains("found Karate club (SHA-256"));
    let manifest = path.join("manifest.json");
    let text = std::fs::read_to_string(&manifest).expect("a manifest");
    std::fs::write(&manifest, text.replace("unifews-bundle/2", "unifews-bundle/3")).expect("written");
    unifews(folder.path())
        .args(["replay", "b", "--quiet"])
        .assert()
        .code(1)
        .stderr(contains("manifest.json: expected unifews-bundle/2, found unifews-bundle/3"));
    std::fs::write(&manifest, text.replace(SMALL, "gone.npz")).expect("written");
    unifews(folder.path()).args(["replay", "b", "--quiet"]).assert().code(1).stderr(contains("--graph"));
    std::fs::write(&manifest, text.replace("\"edges/layer_00.npz\"", "\"../layer_00.npz\"")).expect("written");
    unifews(folder.path()).args(["replay", "b", "--quiet"]).assert().code(1).stderr(contains("../layer_00.npz"));
}

#[test]
fn bundles_of_version_1_replay_and_another_program_is_refused() {
    let (folder, path) = pruned();
    let file = path.join("manifest.json");
    let manifest: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).expect("a manifest")).expect("JSON");
    let write = |manifest: &serde_json::Value| {
        std::fs::write(&file, serde_json::to_vec(manifest).expect("JSON")).expect("written");
    };
    let refused = |reason: &str| {
        let place = "manifest.json, forward.program: expected the operations of the recipe's model, found ";
        let replay = unifews(folder.path()).args(["replay", "b", "--quiet"]).assert().code(1);
        replay.stderr(contains(format!("{place}{reason}")));
    };
    assert_eq!(manifest["format"], "unifews-bundle/2");
    let instructions = manifest["forward"]["program"]["instructions"].as_array().expect("a list");
    let ops: Vec<_> = instructions.iter().map(|i| i["op"].as_str().expect("a name")).collect();
    assert_eq!(ops, ["matmul", "propagate", "bias", "batch-norm", "relu", "matmul", "propagate", "bias"]);

    let mut other = manifest.clone();
    other["forward"].as_object_mut().expect("an object").remove("program");
    write(&other);
    refused("none");
    other["format"] = "unifews-bundle/1".into();
    write(&other);
    let replayed = json(folder.path(), &["replay", "b"]);
    assert_eq!(replayed["is_identical"], true, "{replayed}");

    let mut other = manifest.clone();
    other["forward"]["program"]["instructions"][4]["op"] = "scale".into();
    other["forward"]["program"]["instructions"][4]["a"] = 2.0.into();
    write(&other);
    refused("another at position 4");
    let mut other = manifest.clone();
    other["forward"]["program"]["instructions"].as_array_mut().expect("a list").pop();
    write(&other);
    refused("7 in place of 8");
    let mut other = manifest.clone();
    other["forward"]["program"]["output"] = 3.into();
    write(&other);
    refused("another output");
    write(&manifest);
    stdout(folder.path(), &["replay", "b"]);
}

/// Puts `bytes` in the place of a bundle's file, and their hash into the manifest: what a forger would do.
pub(crate) fn forge(bundle: &Path, name: &str, bytes: &[u8]) {
    std::fs::write(bundle.join(name), bytes).expect("written");
    let path = bundle.join("manifest.json");
    let mut manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&path).expect("a manifest")).expect("JSON");
    let hash: String = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().concat();
    manifest["files"][name] = serde_json::json!({"sha256": hash, "size_bytes": bytes.len()});
    std::fs::write(&path, serde_json::to_vec(&manifest).expect("JSON")).expect("written");
}

/// Reads and replays, which must end in a value or an error.
fn read_and_replay(bundle: &Path) -> Result<(), String> {
    let ctl = Control::new(1).expect("a worker");
    let bundle = read_bundle(bundle).map_err(|error| error.to_string())?;
    let report = replay(&bundle, &small_graph(), &ctl).map_err(|error| error.to_string())?;
    if report.is_identical() { Ok(()) } else { Err(format!("{report:?}")) }
}

#[test]
fn a_forged_file_is_refused_and_never_a_panic() {
    let (_folder, path) = pruned();
    let mut rng = StdRng::seed_from_u64(11);
    let names: Vec<String> = read_bundle(&path).expect("a bundle").manifest.files.into_keys().collect();
    for name in names {
        let whole = std::fs::read(path.join(&name)).expect("the file");
        for _ in 0..60 {
            let mut broken = whole.clone();
            for _ in 0..rng.random_range(1..4) {
                let at = rng.random_range(0..broken.len());
                broken[at] = rng.random();
            }
            if rng.random_bool(0.2) {
                broken.truncate(rng.random_range(0..broken.len()));
            }
            forge(&path, &name, &broken);
            // What matters is that it ends: a changed README is fine, a changed weight is not, and none is a panic.
            drop(read_and_replay(&path));
        }
        forge(&path, &name, &whole);
    }
    read_and_replay(&path).expect("whole again");
    let manifest = std::fs::read(path.join("manifest.json")).expect("the manifest");
    for _ in 0..200 {
        let mut broken = manifest.clone();
        let at = rng.random_range(0..broken.len());
        broken[at] = rng.random_range(32..127);
        std::fs::write(path.join("manifest.json"), broken).expect("written");
        drop(read_and_replay(&path));
    }
}

#[test]
fn files_that_contradict_each_other_are_refused() {
    let (_folder, path) = pruned();
    let (_other_folder, other) = pruned();
    let check = |name: &str, bytes: &[u8], message: &str| {
        let whole = std::fs::read(path.join(name)).expect("the file");
        forge(&path, name, bytes);
        let error = read_and_replay(&path).expect_err(message);
        assert!(error.contains(message), "{message} in {error}");
        forge(&path, name, &whole);
    };
    let file = |name: &str| std::fs::read(other.join(name)).expect("the file");
    // A graph of fewer entries is a graph too: only the logits tell.
    check("edges/layer_00.npz", &file("edges/layer_01.npz"), "n_edge_values_different: 0");
    check("edges/layer_01.npz", &file("logits.npy"), "expected a zip archive");
    check("logits.npy", &file("features.npy"), "expected shape [300, 4], found [300, 16]");
    check("model.safetensors", &file("masks.safetensors"), "expected 32-bit floats (F32), found U8");
    let masks = file("masks.safetensors");
    let all_removed: Vec<u8> = {
        let header = 8 + u64::from_le_bytes(masks[..8].try_into().expect("8 bytes")) as usize;
        masks[..header].iter().copied().chain(std::iter::repeat_n(0, masks.len() - header)).collect()
    };
    check("masks.safetensors", &all_removed, "expected zero for every removed weight");
    let recipe = String::from_utf8(file("recipe.toml")).expect("text");
    check(
        "recipe.toml",
        recipe.replace("layers = 2", "layers = 3").as_bytes(),
        "expected GCN 16-16-16-4, found GCN 16-16-4",
    );
    read_and_replay(&path).expect("whole again");
}
