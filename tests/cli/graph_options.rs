//! Options that say how a graph's file is read: they reach the reader, the written recipe and a replayed bundle.

use predicates::prelude::PredicateBooleanExt as _;
use predicates::str::contains;

use crate::common::{folder, json, stdout, unifews as program};

#[test]
fn options_reach_the_reader_and_the_recipe() {
    let folder = folder();
    let unifews = || program(folder.path());
    let path = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let lines: Vec<String> = (0..40).map(|u| format!("x|{}|{}|{}\n", u, (u * 7 + 1) % 40, 1 + u % 3)).collect();
    let lines = lines.concat();
    std::fs::write(path("e.psv"), lines).expect("written");
    let list = path("e.psv");
    unifews()
        .args(["inspect", &list])
        .assert()
        .code(1)
        .stderr(contains("features of nodes (a table)").and(contains("--columns")));
    let how = ["--separator", "bar", "--columns", "ignored,source,target,weight"];
    let asked = ["inspect", &list, "--direction", "as-stored", "--self-loops", "as-stored"];
    let read = &json(folder.path(), &[&asked[..], &how[..]].concat())[0];
    assert_eq!((read["is_symmetric"].as_bool(), read["n_entries"].as_u64()), (Some(false), Some(40)));
    let facts = read["report"]["facts"].as_array().expect("facts");
    let fact = |name: &str| facts.iter().find(|f| f["name"] == name).and_then(|f| f["value"].as_str());
    assert_eq!((fact("edge weights"), fact("edges are used")), (Some("1 to 3"), Some("as stored")));
    unifews().args(["inspect", &list, "--direction", "backwards"]).assert().code(2).stderr(contains("`reversed`"));
    unifews()
        .args(["inspect", &list, "--max-memory", "0.0000001"])
        .args(how)
        .assert()
        .code(1)
        .stderr(contains("memory: expected at most 0.0 MiB"));
    // The recipe that is written says how the graph was read, and a later call without options reads it so.
    unifews()
        .args(["propagate", &list, "-o", &path("out"), "--arch", "sgc", "--hops", "2", "--direction", "reversed"])
        .args(how)
        .assert()
        .success();
    let recipe = std::fs::read_to_string(path("out/recipe.toml")).expect("a recipe");
    assert!(recipe.contains("[graph]\ndirection = \"reversed\"\nseparator = \"bar\"\n"), "{recipe}");
    unifews().args(["propagate", &list, "-o", &path("again"), "--recipe", &path("out/recipe.toml")]).assert().success();
    let embedding = |name: &str| std::fs::read(path(&format!("{name}/embedding.npy"))).expect("an embedding");
    assert_eq!(embedding("out"), embedding("again"));
}

#[test]
fn a_bundle_of_a_turned_and_weighted_graph_replays() {
    let folder = folder();
    let graph = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/graphs/directed.gml");
    let how = ["--direction", "reversed", "--self-loops", "added", "--features", "age,score"];
    let run = |arguments: &[&str]| stdout(folder.path(), arguments);
    run(&[&["train", graph, "-o", "m.safetensors", "--epochs", "3", "--hidden", "8"], &how[..]].concat());
    run(&[&["prune", graph, "m.safetensors", "-o", "bundle", "--delta-a", "0.5"], &how[..]].concat());
    assert!(run(&["replay", "bundle"]).starts_with("identical"));
    let recipe = std::fs::read_to_string(folder.path().join("bundle/recipe.toml")).expect("a recipe");
    assert!(recipe.contains("direction = \"reversed\"") && recipe.contains("features = ["), "{recipe}");
    // Another way of reading is another graph.
    let refused = ["prune", graph, "m.safetensors", "-o", "other", "--features", "age"];
    program(folder.path()).args(refused).assert().code(1).stderr(contains("expected"));
}
