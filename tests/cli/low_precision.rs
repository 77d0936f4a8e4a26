//! Models in low precision: recipe, numbers, bundle, replay and Python.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use predicates::str::contains;
use unifews::engine::control::Control;
use unifews::engine::experiment::{RunOptions, run};
use unifews::engine::sparsify::{
    Allocation, Compat, EdgeMode, Precision, PrecisionRule, RecoveryRule, ValueType, WeightMode,
};
use unifews::io::bundle::{read_bundle, replay, write_bundle};
use unifews::io::{read_model, read_recipe};

use super::common::{SMALL, cases, folder, json, other_families, python, small_graph, small_model, stdout, unifews};

/// Runs the bundle's script; what it says, where it failed.
fn client(python: &Path, bundle: &Path, arguments: &[&str]) -> Result<(), String> {
    let out = Command::new(python).arg(bundle.join("load_bundle.py")).args(arguments).output().expect("python runs");
    let said = || format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    if out.status.success() { Ok(()) } else { Err(said()) }
}

#[test]
fn a_bundle_in_low_precision_is_measured_replayed_and_run_by_python() {
    let folder = folder();
    let python = python("a_bundle_in_low_precision_is_measured_replayed_and_run_by_python");
    let recovered = ["--recover", "one-shot", "--edge-mode", "target", "--weight-mode", "target"];
    let residual = ["--identity", "residual"];
    let both = ["--identity", "residual-loop"];
    let cases: [(&str, &[&str], [&str; 3]); 9] = [
        ("gcn", &[], ["int8", "int8", "f32"]),
        ("gcn", &[], ["f16", "f16", "f32"]),
        ("gcn", &[], ["int8", "bf16", "bf16"]),
        ("gcn", &[], ["f32", "f32", "bf16"]),
        ("gcn", &residual, ["bf16", "int8", "f32"]),
        ("gcn", &both, ["f32", "int8", "f32"]),
        ("gcn", &recovered, ["int8", "int8", "f32"]),
        ("sgc", &[], ["int8", "bf16", "bf16"]),
        ("sgc", &[], ["int8", "int8", "f32"]),
    ];
    for (at, (family, more, [weights, entries, embeddings])) in cases.into_iter().enumerate() {
        let (name, out) = (format!("{family} {more:?} {weights} {entries} {embeddings}"), format!("b{at}"));
        let low = ["--weights-as", weights, "--entries-as", entries, "--embeddings", embeddings];
        let prune = ["prune", SMALL, small_model(family), "-o", &out, "--delta-a", "0.3", "--delta-w", "0.4"];
        let metrics = json(folder.path(), &[&prune[..], more, &low, &["--no-timing"]].concat());
        let found = &metrics["metrics"]["low"];
        assert_eq!(found["stored_as"]["weights"], weights, "{name}");
        assert_eq!(found["stored_as"]["entries"], entries, "{name}");
        let error = found["relative_error"].as_f64().expect("a number");
        assert!(error > 0.0 && error < 0.1, "{name}: {error}");
        assert!(found["agreement"].as_f64() > Some(0.8) && found["secs"].is_null(), "{name}: {found}");
        let disk = |way: &str| found["disk"][way].as_u64().expect("bytes");
        assert!(disk("low") <= disk("pruned") && disk("pruned") <= disk("dense"), "{name}: {found}");
        let bundle = folder.path().join(&out);
        assert!(bundle.join("logits_low.npy").exists(), "{name}");
        assert_eq!(bundle.join("entry_values.safetensors").exists(), entries != "f32", "{name}");
        let replayed = json(folder.path(), &["replay", &out]);
        assert_eq!((&replayed["is_identical"], &replayed["low"]["n_different"]), (&true.into(), &0.into()), "{name}");
        let recipe = read_recipe(bundle.join("recipe.toml")).expect("a recipe");
        let said =
            (recipe.precision.weights.key(), recipe.precision.entries.key(), recipe.propagation.embeddings.key());
        assert_eq!(said, (weights, entries, embeddings), "{name}");
        if let Some(python) = &python {
            for arguments in [&["--low"][..], &["--sparse"], &[]] {
                client(python, &bundle, arguments).unwrap_or_else(|said| panic!("{name} {arguments:?}: {said}"));
            }
        }
    }
}

#[test]
fn every_family_in_low_precision_replays_and_runs_in_python() {
    let folder = folder();
    let dataset = small_graph().shared();
    let python = python("every_family_in_low_precision_replays_and_runs_in_python");
    let ctl = Control::new(2).expect("workers");
    let mass = cases().into_iter().filter(|(name, ..)| name.contains("mass")).map(|(name, family, recipe)| {
        let model = read_model(small_model(family)).expect("a model").0;
        (name.to_owned(), model, recipe)
    });
    for (name, model, recipe) in other_families().into_iter().chain(mass) {
        let (is_clean, model) = (recipe.compat == Compat::CLEAN, Arc::new(model));
        let mut asked = vec![(ValueType::Int8, ValueType::Int8, Precision::F32, false)];
        if is_clean && recipe.edges.mode != EdgeMode::Mass {
            asked.push((ValueType::F16, ValueType::Bf16, Precision::Bf16, false));
        }
        if is_clean && recipe.model.has("attention") {
            asked.push((ValueType::F32, ValueType::Int8, Precision::F32, true));
        }
        for (weights, entries, embeddings, recovers) in asked {
            let mut recipe = recipe.clone();
            recipe.model = model.architecture.clone();
            recipe.precision = PrecisionRule { weights, entries };
            recipe.propagation.embeddings = embeddings;
            if recovers {
                (recipe.edges.mode, recipe.weights.mode) = (EdgeMode::Target, WeightMode::Target);
                recipe.recovery = Some(RecoveryRule { allocation: Allocation::AsGiven, ..RecoveryRule::default() });
            }
            let name = format!("{name}, {:?}", recipe.stored_as());
            let run = run(&dataset, &model, &recipe, RunOptions::PREVIEW, None, &ctl).expect(&name);
            let place = folder.path().join("b");
            write_bundle(&run, &place, &ctl).expect(&name);
            let report = replay(&read_bundle(&place).expect(&name), &dataset, &ctl).expect(&name);
            assert!(report.is_identical() && report.low.is_some(), "{name}: {report:?}");
            if let Some(python) = &python {
                let said = client(python, &place, &["--low"]);
                if is_clean || !recipe.model.has("attention") {
                    said.unwrap_or_else(|said| panic!("{name}: {said}"));
                } else {
                    assert!(said.is_err_and(|said| said.contains("removed entries take part")), "{name}");
                }
            }
        }
    }
}

#[test]
fn times_and_bytes_in_memory_stand_beside_the_error_and_nothing_else_changes() {
    let folder = folder();
    let prune = |out: &str, more: &[&str]| {
        let prune = ["prune", SMALL, small_model("gcn"), "-o", out, "--delta-a", "0.3", "--delta-w", "0.4"];
        json(folder.path(), &[&prune[..], more].concat())
    };
    prune("a", &[]);
    let low = &prune("b", &["--weights-as", "int8", "--entries-as", "int8"])["metrics"]["low"];
    for key in ["secs", "speedup", "over_pruned"] {
        assert!(low[key].as_f64() > Some(0.0), "{key}: {low}");
    }
    let memory = |way: &str| low["memory"][way].as_u64().expect("bytes");
    assert!(memory("low") < memory("pruned"), "{low}");
    for file in ["logits.npy", "masks.safetensors", "predictions.csv", "model.safetensors"] {
        let read = |bundle: &str| std::fs::read(folder.path().join(bundle).join(file)).expect("a file");
        assert_eq!(read("a"), read("b"), "{file}");
    }
    assert!(!folder.path().join("a/logits_low.npy").exists());
    let said = stdout(folder.path(), &["replay", "b"]);
    assert!(said.contains("in low precision (weights int8, entries int8) the same bits"), "{said}");
}

#[test]
fn what_does_not_go_together_is_refused_and_what_changes_nothing_is_said() {
    let folder = folder();
    stdout(folder.path(), &["train", SMALL, "-o", "g.safetensors", "--arch", "gat", "--hidden", "8", "--epochs", "2"]);
    let prune = |more: &[&str]| {
        let mut command = unifews(folder.path());
        command.args(["prune", SMALL, "g.safetensors", "-o", "b", "--no-timing"]).args(more);
        command.assert()
    };
    prune(&["--weights-as", "int4"]).failure().stderr(contains("int4"));
    let both = prune(&["--weights-as", "int8", "--values", "bf16"]).failure();
    both.stderr(contains("--values: expected int8, as the recipe stores weights, found bf16"));
    let low = ["--entries-as", "bf16", "--weights-as", "f16"];
    let said =
        stdout(folder.path(), &[&["prune", SMALL, "g.safetensors", "-o", "b", "--no-timing"][..], &low].concat());
    assert!(said.contains("values of entries stay f32: attention computes its coefficients anew"), "{said}");
    assert!(said.contains("low precision (weights f16): "), "{said}");
    let recipe = "[precision]\nweights = \"int8\"\nentries = \"f16\"\n[propagation]\nembeddings = \"bf16\"\n";
    let path = folder.path().join("r.toml");
    std::fs::write(&path, format!("format = \"unifews-recipe/1\"\n{recipe}")).expect("written");
    let read = read_recipe(&path).expect("a recipe");
    assert_eq!((read.precision.weights, read.precision.entries), (ValueType::Int8, ValueType::F16));
    assert_eq!(read.propagation.embeddings, Precision::Bf16);
    std::fs::write(&path, "format = \"unifews-recipe/1\"\n[precision]\nweights = \"int4\"\n").expect("written");
    let refused = read_recipe(&path).expect_err("refused").to_string();
    assert!(refused.contains("int4"), "{refused}");
}

#[test]
fn a_certificate_tests_low_precision_next() {
    let folder = folder();
    let prune =
        ["prune", SMALL, small_model("gcn"), "-o", "b", "--no-timing", "--weights-as", "int8", "--certify", "5"];
    let out = json(folder.path(), &prune);
    let path = out["certificate"]["path"].as_array().expect("models").clone();
    assert_eq!(path.len(), 2);
    assert!(path[1]["title"].as_str().is_some_and(|title| title.ends_with("stored as weights int8")), "{path:?}");
    assert_eq!(out["certificate"]["overall"]["points"].as_array().map(Vec::len), Some(2));
}
