//! `stress`: what is printed, written and refused.

use std::fs;
use std::path::Path;

use predicates::str::contains;

use super::common::{SMALL, folder, json, small_model, unifews};

/// What is printed, with a graph that the reader warns of.
fn warned_stdout(folder: &Path, arguments: &[&str]) -> String {
    let output = unifews(folder).args(arguments).arg("--quiet").assert().success().get_output().clone();
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn karate_under_stress_is_told_in_sentences_and_written_as_tables_and_curves() {
    let folder = folder();
    let karate = "sample:karate";
    warned_stdout(folder.path(), &["train", karate, "-o", "m.safetensors", "--hidden", "8", "--epochs", "30"]);
    let told = warned_stdout(
        folder.path(),
        &["stress", karate, "m.safetensors", "-o", "out", "--edge-mode", "target", "--delta-a", "0.5", "--seeds", "2"],
    );
    for kind in
        ["False edges: pruned and baseline", "Missing edges between classes: ", "Feature noise: ", "Bias by degree: "]
    {
        assert!(told.contains(kind), "{kind}: {told}");
    }
    assert!(told.contains("95 % interval") && told.contains("; masks carried over)"), "{told}");
    assert!(told.contains("Left out: Uniform label noise (the recipe trains nothing on labels"), "{told}");
    let out = folder.path().join("out");
    let names = ["added-edges", "dropped-between-classes", "feature-noise", "class-imbalance"];
    for name in names {
        let svg = fs::read_to_string(out.join(format!("{name}.svg"))).expect("a curve");
        assert!(svg.contains("baseline") && svg.contains("pruned"), "{name}");
        assert!(out.join(format!("{name}.png")).exists());
    }
    assert!(!out.join("uniform-labels.svg").exists());
    let table = fs::read_to_string(out.join("stress.csv")).expect("a table");
    let all = table.lines().filter(|line| line.contains(",all,all,")).count();
    assert_eq!(all, 8 * (1 + 5 * 2), "a line for every graph");
    assert!(table.lines().any(|line| line.contains(",class,")) && table.lines().any(|line| line.contains(",degree,")));
    // The same call writes the same bytes, on any number of threads.
    let args = ["--edge-mode", "target", "--delta-a", "0.5", "--seeds", "2", "--threads", "1"];
    warned_stdout(folder.path(), &[&["stress", karate, "m.safetensors", "-o", "again"][..], &args].concat());
    for name in ["stress.csv", "stress.json", "recipe.toml", "added-edges.svg"] {
        let [first, again] = ["out", "again"].map(|out| fs::read(folder.path().join(out).join(name)).expect(name));
        assert!(first == again, "{name}");
    }
}

#[test]
fn recovery_is_held_against_the_same_recipe_without_it() {
    let folder = folder();
    let removed = ["--edge-mode", "target", "--delta-a", "0.8", "--weight-mode", "target", "--delta-w", "0.5"];
    let call = [
        "stress",
        SMALL,
        small_model("gcn"),
        "--kinds",
        "dropped-edges",
        "--levels",
        "0.3",
        "--seeds",
        "2",
        "--masks",
        "decided",
    ];
    let document = json(folder.path(), &[&call[..], &removed, &["--recover", "one-shot"]].concat());
    assert_eq!((&document["command"], &document["format"]), (&"stress".into(), &"unifews-stress/1".into()));
    assert_eq!((&document["masks"], &document["plan"]["masks"]), (&"decided-anew".into(), &"decided-anew".into()));
    let points = document["points"].as_array().expect("points");
    assert_eq!(points.len(), 2 * (1 + 2));
    for pair in points.chunks(2) {
        assert_eq!((&pair[0]["way"], &pair[1]["way"]), (&"as-given".into(), &"without-recovery".into()));
        let removed = |point: &serde_json::Value| point["edge_sparsity"].as_f64().expect("a share");
        assert!((removed(&pair[0]) - removed(&pair[1])).abs() < 0.01);
        assert_eq!(pair[0]["baseline"], pair[1]["baseline"]);
    }
    let sentences = document["sentences"].as_array().expect("sentences");
    let says = |at: usize| sentences[at].as_str().expect("text");
    assert!(says(0).starts_with("Missing edges: pruned with recovery and baseline"), "{}", says(0));
    assert!(says(1).starts_with("Missing edges: pruned without recovery and baseline"), "{}", says(1));
}

#[test]
fn what_cannot_be_meant_is_refused_in_words() {
    let folder = folder();
    let check = |more: &[&str], code: i32, says: &str| {
        let call = [&["stress", SMALL, small_model("gcn"), "--quiet"][..], more].concat();
        unifews(folder.path()).args(call).assert().code(code).stderr(contains(says));
    };
    check(&["--kinds", "rain"], 2, "--kinds: expected all, or some of added-edges, ");
    check(&["--levels", "0.5,1"], 2, "--levels: expected 0 to below 1 for class-imbalance, found 1");
    check(&["--levels=-0.5"], 2, "--levels: expected 0 to 10 for added-edges, found -0.5");
    check(&["--masks", "mine"], 2, "--masks: expected carried or decided, found mine");
    check(&["--seeds", "0"], 2, "--seeds: expected 1 to 1000, found 0");
    check(&["--kinds", "uniform-labels"], 1, "nothing is left to disturb (uniform-labels: the recipe trains nothing");
    fs::write(folder.path().join("other"), "mine").expect("written");
    check(&["-o", "other"], 1, "other");
}
