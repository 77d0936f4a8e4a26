//! Files that options, recipes and bundles name: a split as a table, and what lies where nobody should look unasked.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use predicates::prelude::PredicateBooleanExt as _;
use predicates::str::contains;
use sha2::{Digest as _, Sha256};
use unifews::io::{TensorBytes, encode_tensors};

use super::common::{folder, json, stdout, unifews};

const EDGES: usize = 24;

/// A ring of nodes with text ids, their features and classes, and splits that say the same in two forms.
fn tables(at: &Path) {
    let write = |name: &str, text: String| std::fs::write(at.join(name), text).expect("writable");
    let id = |u: usize| format!("n{}", u % EDGES);
    let rows = |row: &dyn Fn(usize) -> String| (0..EDGES).map(|u| row(u) + "\n").collect::<String>();
    write("edges.csv", format!("source,target\n{}", rows(&|u| format!("{},{}", id(u), id(u + 1)))));
    write("f.csv", format!("id,a,b\n{}", rows(&|u| format!("{},{},{}", id(u), u % 3, u % 5))));
    write("c.csv", format!("id,label\n{}", rows(&|u| format!("{},{}", id(u), ["x", "y"][u % 2]))));
    let part = |u: usize| ["train", "train", "val", "test"][u % 4];
    // In another order than that of the graph: the ids join them.
    write("parts.csv", format!("id,split\n{}", rows(&|u| format!("{},{}", id(u * 5), part(u * 5 % EDGES)))));
    write("parts.tsv", format!("id\tsplit\n{}", rows(&|u| format!("{}\t{}", id(u * 5), part(u * 5 % EDGES)))));
}

const GRAPH: [&str; 5] = ["edges.csv", "--feature-file", "f.csv", "--label-file", "c.csv"];

#[test]
fn a_table_given_as_split_is_read_as_the_split_file_is() {
    let folder = folder();
    let at = folder.path();
    tables(at);
    let train = |out: &str, how: &[&str]| {
        let call = [&["train"], &GRAPH[..], &["-o", out, "--hidden", "4", "--epochs", "3", "--dropout", "0"], how];
        json(at, &call.concat())
    };
    let first = train("a.safetensors", &["--split-file", "parts.csv"]);
    assert_eq!(first["recipe"]["graph"]["split_file"], "parts.csv");
    let scores = |out: &serde_json::Value| {
        let mut history = out["history"].clone();
        for epoch in history.as_array_mut().expect("epochs") {
            epoch["elapsed_secs"] = 0.into();
        }
        (history, out["trained_on"]["split"].clone())
    };
    assert_eq!(scores(&first).1, "parts");
    let recipe = "format = \"unifews-recipe/1\"\nsplit = \"parts.csv\"\n[model]\nhidden = 4\n";
    std::fs::write(at.join("r.toml"), recipe).expect("writable");
    for (out, how) in [
        ("b.safetensors", &["--split", "parts.csv"][..]),
        ("c.safetensors", &["--split", "parts.tsv"]),
        ("d.safetensors", &["--recipe", "r.toml"]),
        ("e.safetensors", &["--split", "parts.csv", "--split-file", "parts.csv"]),
    ] {
        let again = train(out, how);
        assert_eq!(scores(&again), scores(&first), "{how:?}");
        assert_eq!(again["recipe"]["split"], "auto", "{how:?}");
    }
    // What is written is complete: it reads the same split again.
    let again = train("f.safetensors", &["--recipe", "a.recipe.toml"]);
    assert_eq!(scores(&again), scores(&first));
    // A recipe that names a split of the graph does not make the option a dead letter.
    let recipe = "format = \"unifews-recipe/1\"\nsplit = \"stratified:50/25/25@3\"\n[model]\nhidden = 4\n";
    std::fs::write(at.join("s.toml"), recipe).expect("writable");
    let again = train("g.safetensors", &["--recipe", "s.toml", "--split-file", "parts.csv"]);
    assert_eq!(scores(&again), scores(&first));
    let refused = |how: &[&str]| {
        let call = [&["train"], &GRAPH[..], &["-o", "x.safetensors", "--quiet"], how].concat();
        unifews(at).args(call).assert()
    };
    refused(&["--split", "parts.csv", "--split-file", "c.csv"]).code(2).stderr(contains(
        "--split: expected the name of a split beside --split-file c.csv, found another file (parts.csv)",
    ));
    refused(&["--split", "no.csv"]).code(1).stderr(contains("no.csv"));
    refused(&["--split", "parts"]).code(1).stderr(contains("expected auto or stratified:50/25/25@SEED, found parts"));
    // A table that says no split says what one has.
    refused(&["--split", "f.csv"])
        .code(1)
        .stderr(contains("a column that says train, val or test").and(contains("id")));
}

/// Puts another recipe or manifest into a bundle, hashes and all.
fn crafted(bundle: &Path, change: impl Fn(String) -> String, source: Option<&str>) {
    let recipe = change(std::fs::read_to_string(bundle.join("recipe.toml")).expect("a recipe"));
    std::fs::write(bundle.join("recipe.toml"), &recipe).expect("writable");
    let text = std::fs::read_to_string(bundle.join("manifest.json")).expect("a manifest");
    let mut manifest: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let sum: String = Sha256::digest(recipe.as_bytes()).iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().concat();
    manifest["files"]["recipe.toml"] = serde_json::json!({ "sha256": sum, "size_bytes": recipe.len() });
    if let Some(source) = source {
        manifest["graph"]["source"] = source.into();
    }
    std::fs::write(bundle.join("manifest.json"), manifest.to_string()).expect("writable");
}

/// The same bundle as one file.
fn zipped(bundle: &Path, to: &Path) {
    fn add(zip: &mut zip::ZipWriter<std::fs::File>, root: &Path, folder: &Path) {
        let mut entries: Vec<_> =
            std::fs::read_dir(folder).expect("a folder").map(|e| e.expect("one").path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                add(zip, root, &path);
                continue;
            }
            let name = path.strip_prefix(root).expect("below").to_str().expect("UTF-8").to_owned();
            let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
            zip.start_file(name, stored).expect("a file");
            zip.write_all(&std::fs::read(&path).expect("a file")).expect("written");
        }
    }
    let mut zip = zip::ZipWriter::new(std::fs::File::create(to).expect("a file"));
    add(&mut zip, bundle, bundle);
    zip.finish().expect("an archive");
}

#[test]
fn a_bundle_whose_recipe_points_elsewhere_is_not_followed_unasked() {
    let (home, elsewhere) = (folder(), folder());
    let (at, away) = (home.path(), elsewhere.path());
    tables(at);
    let train = [&["train"], &GRAPH[..], &["-o", "m.safetensors", "--hidden", "4", "--epochs", "2"]].concat();
    stdout(at, &train);
    let prune = [&["prune", "edges.csv", "m.safetensors", "-o", "b", "--delta-a", "0.2"], &GRAPH[1..]].concat();
    assert!(stdout(at, &prune).contains("replay with: unifews replay b\n"));
    assert!(stdout(at, &["replay", "b"]).starts_with("identical"));

    let secret = away.join("secret.csv");
    std::fs::write(&secret, "root:x:0:0:hidden:/root:/bin/bash\nid,split\n").expect("writable");
    let secret = secret.to_str().expect("UTF-8").to_owned();
    let bare = |recipe: String| -> String {
        let without =
            |line: &&str| !["feature_file", "label_file", "split_file"].iter().any(|key| line.starts_with(key));
        recipe.lines().filter(without).map(|line| line.to_owned() + "\n").collect()
    };
    let named = |key: &str| format!("[graph]\n{key} = \"{secret}\"\n");
    let harmless = |err: &str| assert!(!err.contains("root:x") && !err.contains("hidden"), "{err}");
    for key in ["feature_file", "label_file", "split_file"] {
        let bundle = at.join("crafted");
        drop(std::fs::remove_dir_all(&bundle));
        copy(&at.join("b"), &bundle);
        crafted(&bundle, |recipe| bare(recipe).replace("[graph]\n", &named(key)), None);
        zipped(&bundle, &at.join("crafted.zip"));
        for name in ["crafted", "crafted.zip"] {
            for command in [&["replay", name][..], &["export", name, "-o", "x"]] {
                let call = || unifews(at).args(command).arg("--quiet").assert().code(1);
                let err = String::from_utf8_lossy(&call().get_output().stderr).into_owned();
                let expected = format!("recipe, graph.{key}: expected a file in the folder of the recipe");
                assert!(err.contains(&expected) && err.contains("--trust-recipe") && err.contains("--graph"), "{err}");
                harmless(&err);
                // Allowed, it is read; what it holds is not told.
                let trusting = unifews(at).args(command).args(["--trust-recipe", "--quiet"]).assert().code(1);
                let err = String::from_utf8_lossy(&trusting.get_output().stderr).into_owned();
                assert!(err.contains("secret.csv"), "{err}");
                harmless(&err);
            }
        }
    }
    // The graph itself is named, too.
    let bundle = at.join("crafted");
    crafted(&bundle, |recipe| bare(recipe).replace(&named("split_file"), "[graph]\n"), Some(&secret));
    zipped(&bundle, &at.join("crafted.zip"));
    for name in ["crafted", "crafted.zip"] {
        let assert = unifews(at).args(["replay", name, "--quiet"]).assert().code(1);
        let err = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
        assert!(err.contains("secret.csv"), "{err}");
        harmless(&err);
    }
    // From another folder the parts are the user's own where the graph's folder is named.
    let path = |name: &str| at.join(name).to_str().expect("UTF-8").to_owned();
    let (edges, f, c, m) = (path("edges.csv"), path("f.csv"), path("c.csv"), path("m.safetensors"));
    let said =
        stdout(away, &["prune", &edges, &m, "-o", "b", "--feature-file", &f, "--label-file", &c, "--delta-a", "0.2"]);
    let replay = format!("unifews replay b --graph {edges}");
    assert!(said.contains(&format!("replay with: {replay}\n")), "{said}");
    assert!(stdout(away, &["replay", "b", "--graph", &edges]).starts_with("identical"));
    unifews(away).args(["replay", "b"]).assert().code(1).stderr(contains("say with --graph PATH"));
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("copied");
        }
    }
}

#[test]
fn a_class_among_the_features_is_named_and_no_refusal_where_labels_have_a_file() {
    let folder = folder();
    let at = folder.path();
    tables(at);
    let rows = (0..EDGES).map(|u| format!("n{u},{},{}.5\n", u % 3, u % 7)).collect::<Vec<_>>().concat();
    std::fs::write(at.join("f.csv"), format!("id,a,y\n{rows}")).expect("writable");
    let alone = &json(at, &["inspect", "edges.csv", "--feature-file", "f.csv", "--label-file", "c.csv"])[0];
    let together = &json(at, &["inspect", "edges.csv", "f.csv", "c.csv"])[0]["graph"];
    for graph in [alone, together] {
        assert_eq!((graph["n_features"].as_u64(), graph["n_classes"].as_u64()), (Some(1), Some(2)));
        let ignored = graph["report"]["ignored"].to_string();
        assert!(ignored.contains("column y of f.csv: labels are read from c.csv"), "{ignored}");
    }
    let kept = &json(at, &[&["inspect"], &GRAPH[..], &["--features", "a,y"]].concat())[0];
    assert_eq!(kept["n_features"], 2);
}

/// A network as PyG writes it, for the features and classes of [`tables`].
fn foreign_model(path: &Path) {
    let tensor = |name: &str, shape: &[usize]| {
        let n: usize = shape.iter().product();
        let values = (0..n).flat_map(|i| ((i * 37 % 11) as f32 / 11.0 - 0.4).to_le_bytes());
        TensorBytes { name: name.to_owned(), dtype: "F32", shape: shape.to_vec(), bytes: values.collect() }
    };
    let tensors = [
        tensor("conv1.lin.weight", &[4, 2]),
        tensor("conv1.bias", &[4]),
        tensor("conv2.lin.weight", &[2, 4]),
        tensor("conv2.bias", &[2]),
    ];
    std::fs::write(path, encode_tensors(&tensors, &BTreeMap::new())).expect("writable");
}

#[test]
fn what_a_models_file_leaves_open_is_told_with_its_score() {
    let folder = folder();
    let at = folder.path();
    tables(at);
    foreign_model(&at.join("m.safetensors"));
    let named = [&["m.safetensors"], &GRAPH[..], &["--split-file", "parts.csv"]].concat();
    // Graph and model side by side: a report of each, and what one gets on the other.
    let found = json(at, &[&["inspect"], &named[..]].concat());
    let kinds: Vec<&str> = found.as_array().expect("items").iter().filter_map(|item| item["kind"].as_str()).collect();
    assert_eq!(kinds, ["model", "graph"]);
    let fit = &found[0]["fit"];
    let together = &json(at, &["inspect", "edges.csv", "f.csv", "c.csv", "parts.csv", "m.safetensors"])[0]["fit"];
    let prune =
        [&["prune", "edges.csv", "m.safetensors", "-o", "b"], &GRAPH[1..], &["--split-file", "parts.csv"]].concat();
    let output = unifews(at).args(&prune).args(["--quiet", "--json"]).assert().success().get_output().clone();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    let pruned: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one document");
    let baseline = &pruned["metrics"]["scores"]["test"]["dense"]["accuracy"];
    for all in [&fit["assumptions"], &together["assumptions"], &pruned["assumptions"]] {
        let all = all.as_array().expect("a list");
        assert!(all.iter().any(|a| a["reading"].as_str().is_some_and(|r| r.contains("norm_r 0.5 assumed"))), "{all:?}");
        for one in all {
            assert_eq!(&one["score"]["score"], baseline, "{one}");
            assert_eq!((&one["score"]["part"], &one["score"]["split"]), (&"test".into(), &"parts".into()));
            let reading = one["reading"].as_str().expect("a text");
            assert!(err.contains(reading), "prune warns of {reading}: {err}");
        }
    }
    assert_eq!(err.matches("norm_r 0.5 assumed").count(), 1, "{err}");
    assert!(err.contains("warning: with what was assumed the unpruned model scores accuracy "), "{err}");
    let said = stdout(at, &[&["inspect"], &named[..]].concat());
    assert!(said.contains("norm_r 0.5 assumed: accuracy ") && said.contains(" test nodes of split parts"), "{said}");
}
