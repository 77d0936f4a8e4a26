//! Bundles: written, replayed bit for bit, refused when changed, and run by Python.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use predicates::str::contains;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};
use unifews::engine::analysis::{RunOptions, run};
use unifews::engine::control::Control;
use unifews::io::bundle::{read_bundle, replay, write_bundle};
use unifews::io::read_model;

use super::common::{SMALL, cases, folder, json, other_families, python, small_graph, small_model, stdout, unifews};

#[test]
fn every_family_replays_with_the_same_bits_and_runs_in_python() {
    let folder = folder();
    let dataset = small_graph().shared();
    let python = python("every_family_replays_with_the_same_bits_and_runs_in_python");
    let ctl = Control::new(2).expect("workers");
    for (name, model, recipe) in other_families() {
        let run = run(&dataset, &Arc::new(model), &recipe, RunOptions::PREVIEW, None, &ctl).expect(&name);
        let target = folder.path().join("b");
        write_bundle(&run, &target, &ctl).expect(&name);
        let bundle = read_bundle(&target).expect(&name);
        assert_eq!(bundle.masks(dataset.topology()).expect(&name), run.pruned.masks, "{name}");
        let report = replay(&bundle, &dataset, &ctl).expect(&name);
        assert!(report.is_identical(), "{name}: {report:?}");
        if let Some(python) = &python {
            run_client(python, &target, &name);
        }
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

fn run_client(python: &Path, bundle: &Path, name: &str) {
    let output = Command::new(python).arg(bundle.join("load_bundle.py")).output().expect("Python started");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {said}");
    eprintln!("{name}: {}", said.trim());
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
    std::fs::write(&manifest, text.replace("unifews-bundle/1", "unifews-bundle/2")).expect("written");
    unifews(folder.path())
        .args(["replay", "b", "--quiet"])
        .assert()
        .code(1)
        .stderr(contains("manifest.json: expected unifews-bundle/1, found unifews-bundle/2"));
    std::fs::write(&manifest, text.replace(SMALL, "gone.npz")).expect("written");
    unifews(folder.path()).args(["replay", "b", "--quiet"]).assert().code(1).stderr(contains("--graph"));
    std::fs::write(&manifest, text.replace("\"edges/layer_00.npz\"", "\"../layer_00.npz\"")).expect("written");
    unifews(folder.path()).args(["replay", "b", "--quiet"]).assert().code(1).stderr(contains("../layer_00.npz"));
}

/// Puts `bytes` in the place of a bundle's file, and their hash into the manifest: what a forger would do.
fn forge(bundle: &Path, name: &str, bytes: &[u8]) {
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
