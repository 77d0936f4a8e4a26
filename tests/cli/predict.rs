//! `predict`: some nodes of a bundle, from their receptive field alone.

use std::path::PathBuf;

use predicates::str::contains;
use serde_json::Value;

use super::common::{SMALL, folder, json, small_model, stdout, unifews};

#[test]
fn nodes_are_looked_at_beside_a_run() {
    let folder = folder();
    let prune = ["prune", SMALL, small_model("gcn"), "-o", "b", "--delta-a", "0.9", "--recover", "none", "--no-timing"];
    let said = stdout(folder.path(), &[&prune[..], &["--look", "3, 250"]].concat());
    for words in ["ode 3 ", "ode 250 ", "neighbours heard", "put back", "unpruned"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    std::fs::write(folder.path().join("nodes.txt"), "17\n").expect("written");
    let document = json(folder.path(), &[&prune[..], &["--look", "nodes.txt"]].concat());
    let nodes = document["nodes"].as_array().expect("a list");
    assert_eq!((nodes.len(), &nodes[0]["node"]), (1, &17.into()));
    let neighbours = nodes[0]["neighbours"].as_array().expect("a list");
    let is_cut =
        |neighbour: &&Value| neighbour["steps"].as_array().expect("steps").iter().any(|e| e["is_kept"] == false);
    assert!(neighbours.iter().filter(is_cut).all(|neighbour| neighbour["effect"].is_number()), "{document}");
    // Text ids, one of them with a control character, and a node without an edge.
    std::fs::write(folder.path().join("g.csv"), "source,target\na\u{1b}[31m,b\nb,c\n").expect("written");
    let table = "id,width,height\na\u{1b}[31m,1,2\nb,2,3\nc,4,1\nlonely,3,3\n";
    std::fs::write(folder.path().join("g.features.csv"), table).expect("written");
    let labels = "id,label\na\u{1b}[31m,0\nb,1\nc,0\nlonely,1\n";
    std::fs::write(folder.path().join("g.labels.csv"), labels).expect("written");
    stdout(folder.path(), &["train", "g.csv", "-o", "g.safetensors", "--hidden", "4", "--epochs", "3"]);
    let prune = ["prune", "g.csv", "g.safetensors", "-o", "d", "--delta-a", "3", "--recover", "none", "--no-timing"];
    let said = stdout(folder.path(), &[&prune[..], &["--look", "lonely,b"]].concat());
    assert!(
        said.contains("It hears nobody but itself") && said.contains("ode b ") && !said.contains('\u{1b}'),
        "{said}"
    );
    let bundle = folder.path().join("c");
    let asked = ["prune", SMALL, small_model("gcn"), "-o", "c", "--look", "nobody", "--quiet"];
    unifews(folder.path()).args(asked).assert().code(2).stderr(contains("found nobody"));
    assert!(!bundle.exists(), "nothing is computed for a node that is not there");
}

#[test]
fn the_graph_and_what_reaches_a_node_are_drawn_beside_a_run() {
    let folder = folder();
    let prune = ["prune", SMALL, small_model("gcn"), "-o", "b", "--delta-a", "0.9", "--recover", "none", "--no-timing"];
    let drawings = ["--draw", "graph.svg", "--draw-around", "3=near.csv", "--draw-around", "3=near.png"];
    let said = stdout(folder.path(), &[&prune[..], &drawings].concat());
    assert!(said.contains("wrote graph.svg: 300 nodes") && said.contains("within 2 hops of node 3"), "{said}");
    let read = |name: &str| std::fs::read(folder.path().join(name)).expect("written");
    assert!(read("graph.svg").starts_with(b"<svg") && read("near.png").starts_with(b"\x89PNG"));
    let table = String::from_utf8(read("near.csv")).expect("text");
    assert!(table.starts_with("source,target,hop,layer,T,message,threshold,kept\n"), "{table}");
    let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|line| line.split(',').collect()).collect();
    assert!(rows.iter().any(|row| row[2] == "2") && rows.iter().any(|row| row[7] == "false"), "{table}");
    for row in rows.iter().filter(|row| row[2] == "1") {
        assert_eq!(row[1], "3", "whoever is one hop away is heard by the node itself");
    }
    for row in &rows {
        let number = |at: usize| row[at].parse::<f64>().expect("a number");
        assert!((number(5) >= number(6)) == (row[7] == "true") || row[7] == "false", "{row:?}");
    }
    // Fewer hops are a part of that.
    stdout(folder.path(), &[&prune[..], &["--draw-around", "3=one.csv", "--draw-hops", "1"]].concat());
    let one = String::from_utf8(read("one.csv")).expect("text");
    let nearest = rows.iter().filter(|row| row[2] == "1").count();
    assert_eq!(one.lines().count(), 1 + nearest);
    // A weight, as a click on it shows it.
    let said = stdout(folder.path(), &[&prune[..], &["--look-weight", "convs.0.lin.weight,3,2"]].concat());
    assert!(said.contains("W[3, 2] = ") && said.contains("inputs that no kept weight reads"), "{said}");
    let asked = ["prune", SMALL, small_model("gcn"), "-o", "c", "--look-weight", "convs.0.lin.weight,3,99", "--quiet"];
    unifews(folder.path()).args(asked).assert().code(2).stderr(contains("an output below 16"));
    // What cannot be drawn is said before anything is computed.
    for (wrong, says) in [("3=near.pdf", "ends in .svg"), ("nobody=near.svg", "found nobody"), ("3", "NODE=FILE")] {
        let asked = ["prune", SMALL, small_model("gcn"), "-o", "c", "--draw-around", wrong, "--quiet"];
        unifews(folder.path()).args(asked).assert().code(2).stderr(contains(says));
    }
    assert!(!folder.path().join("c").exists());
}

#[test]
fn entries_by_hand_are_in_the_recipe_and_the_bundle() {
    let folder = folder();
    // From 0 to 1 and from 17 to 1 are entries of the sample.
    let (graph, model) = (SMALL, small_model("gcn"));
    let free =
        json(folder.path(), &["prune", graph, model, "-o", "a", "--recover", "none", "--no-timing", "--look", "1"]);
    let neighbours = free["nodes"][0]["neighbours"].as_array().expect("a list");
    assert!(neighbours.len() > 1 && neighbours.iter().all(|neighbour| neighbour.get("by_hand").is_none()), "{free}");
    let [kept, removed] = [0, 1].map(|at| neighbours[at]["source"].as_u64().expect("a number"));
    let recipe = format!(
        "format = \"unifews-recipe/1\"\n[edges]\nmode = \"absolute\"\ndelta = 1e9\n[edges.pins]\nkeep = [[{kept}, 1]]\nremove = [[{removed}, 1]]\n"
    );
    std::fs::write(folder.path().join("r.toml"), &recipe).expect("written");
    let prune = ["prune", graph, model, "--recipe", "r.toml", "--recover", "none", "--no-timing", "-o"];
    let found = json(folder.path(), &[&prune[..], &["b", "--look", "1"]].concat());
    for neighbour in found["nodes"][0]["neighbours"].as_array().expect("a list") {
        let source = neighbour["source"].as_u64().expect("a number");
        let is_kept = neighbour["steps"][0]["is_kept"].as_bool().expect("a flag");
        assert_eq!(is_kept, source == kept, "{neighbour}");
        let by_hand = [(kept, true), (removed, false)].into_iter().find(|(other, _)| *other == source);
        assert_eq!(
            neighbour.get("by_hand").and_then(Value::as_bool),
            by_hand.map(|(_, is_kept)| is_kept),
            "{neighbour}"
        );
    }
    let written = std::fs::read_to_string(folder.path().join("b/recipe.toml")).expect("a recipe");
    assert!(written.contains(&format!("[edges.pins]\nkeep = [[{kept}, 1]]\nremove = [[{removed}, 1]]\n")), "{written}");
    stdout(folder.path(), &["replay", "b"]);
    let said = stdout(folder.path(), &[&prune[..], &["c", "--look", "1"]].concat());
    assert!(said.contains("all, by hand") && said.contains("none, by hand"), "{said}");
    std::fs::write(folder.path().join("r.toml"), recipe.replace(", 1]", ", 300]")).expect("written");
    let refused = [&prune[..], &["d"]].concat();
    unifews(folder.path())
        .args(refused)
        .assert()
        .failure()
        .stderr(contains("edges.pins.keep: expected entries between"));
    assert!(!folder.path().join("d").exists());
}

/// A pruned bundle in a folder of its own.
fn pruned(graph: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = folder();
    let arguments =
        ["prune", graph, small_model("gcn"), "-o", "b", "--delta-a", "0.5", "--delta-w", "0.5", "--no-timing"];
    stdout(folder.path(), &arguments);
    let bundle = folder.path().join("b");
    (folder, bundle)
}

#[test]
fn the_answers_are_those_of_the_bundle_s_tables() {
    let (folder, bundle) = pruned(SMALL);
    let nodes = [3usize, 250, 3];
    let answers = json(folder.path(), &["predict", "b", "--nodes", "3, 250,3"]);
    let logits: ndarray::Array2<f32> = ndarray_npy::read_npy(bundle.join("logits.npy")).expect("logits");
    let table = std::fs::read_to_string(bundle.join("predictions.csv")).expect("a table");
    let answers = answers.as_array().expect("a list");
    assert_eq!(answers.len(), 3);
    for (answer, u) in answers.iter().zip(nodes) {
        let cells: Vec<&str> = table.lines().nth(u + 1).expect("a row").split(',').collect();
        assert_eq!(answer["node"], cells[0]);
        assert_eq!(answer["class"], cells[3].parse::<i64>().expect("a class"));
        let close = |value: &Value, text: f64| (value.as_f64().expect("a number") - text).abs() < 1e-5;
        assert!(close(&answer["margin"], cells[4].parse().expect("a margin")), "{answer} and {cells:?}");
        let row = answer["logits"].as_array().expect("logits");
        assert!(row.len() == 4 && row.iter().zip(logits.row(u)).all(|(a, b)| close(a, f64::from(*b))), "{answer}");
    }
    // The same from a file, and for people.
    std::fs::write(folder.path().join("nodes.txt"), "# ours\n3\n\n 250\r\n3\n").expect("written");
    assert_eq!(json(folder.path(), &["predict", "b", "--nodes", "nodes.txt"]).as_array(), Some(answers));
    let said = stdout(folder.path(), &["predict", "b", "--nodes", "250"]);
    assert!(said.contains("margin") && said.contains("receptive field: ") && said.lines().count() >= 4, "{said}");
    let whole = stdout(folder.path(), &["predict", "b", "--nodes", "250", "--threads", "1"]);
    assert_eq!(said, whole);
}

#[test]
fn a_node_that_is_not_there_a_list_of_none_and_another_graph_are_refused() {
    let (folder, _) = pruned(SMALL);
    let refused = |arguments: &[&str], says: &'static str| {
        let mut command = unifews(folder.path());
        command.args(["predict", "b"]).args(arguments).arg("--quiet").assert().failure().stderr(contains(says));
    };
    refused(&["--nodes", "3,300"], "nodes: expected numbers from 0 to 299, or a file of them, found 300");
    refused(&["--nodes", "nodes.txt"], "found nodes.txt");
    refused(&["--nodes", " , "], "nodes: expected at least one node id, found none");
    std::fs::write(folder.path().join("nodes.txt"), "3\n-7\n").expect("written");
    refused(&["--nodes", "nodes.txt"], "line 2");
    std::fs::write(folder.path().join("nodes.txt"), "").expect("written");
    refused(&["--nodes", "nodes.txt"], "at least one node id");
    let other = "sample:powerlaw?nodes=300&edges=1800&features=16&classes=4&seed=8";
    refused(&["--nodes", "3", "--graph", other], "SHA-256");
    unifews(folder.path()).args(["predict", "b"]).assert().failure().code(2).stderr(contains("--nodes"));
}
