//! Nodes that arrive at a bundle: by the program and by its script with the same numbers, from files that are right and from others.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use ndarray::Array2;
use predicates::str::contains;
use unifews::engine::control::Control;
use unifews::engine::experiment::{ArrivalServer, NewEdge, NewNodes, NewNodesRule, Run, RunOptions, arrival_way, run};
use unifews::engine::graph::{Dataset, Features};
use unifews::engine::sparsify::{Allocation, Compat, EdgeMode, Identity, NodesAre, Recipe, RecoveryRule, WeightMode};
use unifews::io::bundle::{BundleOptions, graph_of, read_bundle, write_bundle, write_bundle_as};
use unifews::io::{MemoryBudget, read_arrivals, read_graph, read_model};

use super::bundle::forge;
use super::common::{folder, json, other_families, python, small_graph, small_model, stdout, unifews};

fn control(n_threads: usize) -> Control {
    Control::new(n_threads).expect("workers")
}

fn for_new_nodes(mut recipe: Recipe, removed: f64) -> Recipe {
    (recipe.edges.mode, recipe.edges.delta) = (EdgeMode::Target, vec![removed]);
    (recipe.weights.mode, recipe.weights.delta) = (WeightMode::Target, vec![0.5]);
    let rule = RecoveryRule { nodes_are: NodesAre::New, allocation: Allocation::AsGiven, ..RecoveryRule::default() };
    recipe.recovery = Some(rule);
    recipe
}

/// Some nodes that look like known ones, each linked with a few of them and with the new one before it.
fn some_nodes(dataset: &Dataset, k: usize) -> (Array2<f32>, Vec<NewEdge>) {
    let n = dataset.n_nodes();
    let rows: Vec<u32> = (0..k).map(|at| ((at * 37 + 11) % n) as u32).collect();
    let mut features = dataset.features().select(&rows).to_dense();
    features.indexed_iter_mut().filter(|((u, j), _)| (u + j) % 3 == 0).for_each(|(_, value)| *value *= 0.5);
    let mut edges = Vec::new();
    for at in 0..k {
        let mut sources: Vec<usize> = (0..2 + at % 4).map(|i| (at * 53 + i * 71 + 7) % n).collect();
        sources.sort_unstable();
        sources.dedup();
        sources.extend((at > 0).then(|| n + at - 1));
        edges.extend(sources.into_iter().map(|v| NewEdge { source: v as u32, target: (n + at) as u32, weight: 1.0 }));
    }
    (features, edges)
}

/// What the bundle's script says of nodes that arrive.
fn by_python(python: &Path, bundle: &Path, features: &Array2<f32>, edges: &[NewEdge]) -> Array2<f32> {
    let place = |name: &str| bundle.with_file_name(name);
    ndarray_npy::write_npy(place("new.npy"), features).expect("written");
    let ends: Vec<i64> = edges.iter().flat_map(|edge| [i64::from(edge.source), i64::from(edge.target)]).collect();
    let ends = Array2::from_shape_vec((edges.len(), 2), ends).expect("pairs");
    ndarray_npy::write_npy(place("ends.npy"), &ends).expect("written");
    let code = "import sys, numpy as np\n\
                sys.path.insert(0, sys.argv[1])\n\
                import load_bundle as b\n\
                out = b.arrive(b.load(sys.argv[1]), np.load(sys.argv[2]), np.load(sys.argv[3]))\n\
                np.save(sys.argv[4], out.astype(np.float32))\n";
    let files = [bundle.to_owned(), place("new.npy"), place("ends.npy"), place("out.npy")];
    let output = Command::new(python).arg("-c").arg(code).args(files).output().expect("Python started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    ndarray_npy::read_npy(place("out.npy")).expect("logits")
}

/// Writes a bundle, reads it, and asks the program and the script; returns the program's answer.
fn check(run: &Run, target: &Path, python: Option<&Path>, what: (&Array2<f32>, &[NewEdge]), name: &str) -> Array2<f32> {
    write_bundle(run, target, &control(2)).expect(name);
    let bundle = read_bundle(target).expect(name);
    let masks = bundle.masks(run.dataset.topology()).expect(name);
    let rule = bundle.new_nodes.clone().expect(name);
    if let NewNodesRule::Confidence(rule) = &rule {
        assert_eq!(rule.unpruned.state_dict(), run.model.state_dict(), "{name}");
    }
    let mut server = ArrivalServer::new(&run.dataset, &bundle.model, &bundle.recipe, &masks, rule).expect(name);
    let (features, edges) = what;
    let nodes = NewNodes::try_new(&run.dataset, Features::from_dense(features.clone()), edges.to_vec()).expect(name);
    let answer = server.score(&nodes, &control(2)).expect(name).logits;
    if let Some(python) = python {
        let theirs = by_python(python, target, features, edges);
        let largest = answer.iter().fold(0.0f32, |most, v| most.max(v.abs()));
        let off = answer.iter().zip(&theirs).fold(0.0f32, |most, (a, b)| most.max((a - b).abs())) / largest;
        assert!(theirs.dim() == answer.dim() && off < 1e-5, "{name}: {off}");
        eprintln!("{name}: Python is off by {off:.1e} of the largest logit");
    }
    answer
}

#[test]
fn the_script_says_what_the_program_says_of_every_family() {
    let folder = folder();
    let dataset = small_graph().shared();
    let python = python("the_script_says_what_the_program_says_of_every_family");
    let (features, edges) = some_nodes(&dataset, 9);
    for (name, model, recipe) in other_families() {
        if recipe.compat != Compat::CLEAN || model.architecture.n_graph_steps() == 0 {
            continue;
        }
        let model = Arc::new(model);
        let mut ways = vec![for_new_nodes(recipe.clone(), 0.6)];
        for identity in [Identity::SelfLoop, Identity::Residual, Identity::ResidualLoop] {
            let mut by_norm = recipe.clone();
            by_norm.model = model.architecture.clone();
            by_norm.edges.identity = identity;
            ways.extend(arrival_way(&by_norm).is_ok().then_some(by_norm));
        }
        assert_eq!(ways.len(), if model.architecture.has("attention") { 1 } else { 4 }, "{name}");
        for recipe in ways {
            let name = format!("{name}, {:?}", recipe.edges.identity);
            let run = run(&dataset, &model, &recipe, RunOptions::PREVIEW, None, &control(2)).expect(&name);
            check(&run, &folder.path().join("b"), python.as_deref(), (&features, &edges), &name);
        }
    }
}

#[test]
fn the_script_says_what_the_program_says_on_cora() {
    let folder = folder();
    let python = python("the_script_says_what_the_program_says_on_cora");
    let cora = read_graph("sample:cora", &control(2)).expect("a sample").0.shared();
    let model = Arc::new(read_model("sample:cora-gcn").expect("a sample").0);
    let (features, edges) = some_nodes(&cora, 60);
    let mut recipe = for_new_nodes(Recipe::default(), 0.8);
    // Fits of weights take most of the time, and are another test's subject.
    recipe.weights.delta = vec![0.0];
    let run = run(&cora, &model, &recipe, RunOptions::PREVIEW, None, &control(2)).expect("runs");
    check(&run, &folder.path().join("b"), python.as_deref(), (&features, &edges), "Cora");
    // Left out, it is not there, and everything else is.
    let with_it = read_bundle(folder.path().join("b")).expect("a bundle").manifest.files;
    let options = BundleOptions { without_new_nodes: true, ..BundleOptions::default() };
    write_bundle_as(&run, options, folder.path().join("c"), &control(2)).expect("written");
    let bundle = read_bundle(folder.path().join("c")).expect("a bundle");
    assert!(bundle.new_nodes.is_none() && with_it.contains_key("new_nodes.safetensors"));
    assert_eq!(bundle.manifest.files.len() + 1, with_it.len());
    let readme = |bundle: &str| std::fs::read_to_string(folder.path().join(bundle).join("README.md")).expect("written");
    assert!(readme("b").contains("`new_nodes.safetensors` (") && readme("c").contains("cannot be scored"));
}

/// A graph in two tables with ids of its own, pruned for new nodes as `g` and `b`; and what arrives, as `new.csv` and `links.csv`.
fn tables(folder: &Path) {
    let dataset = small_graph();
    let names = (0..16).map(|j| format!("f{j}")).collect::<Vec<_>>().join(",");
    let (mut nodes, mut new) = (vec![format!("id,label,{names}")], vec![format!("id,{names}")]);
    let dense = dataset.features().to_dense();
    let labels = dataset.labels().expect("drawn");
    let is_new = |u: usize| u % 25 == 3;
    for u in 0..dataset.n_nodes() {
        let row = dense.row(u).iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        if is_new(u) {
            new.push(format!("n{u},{row}"));
        } else {
            nodes.push(format!("n{u},c{},{row}", labels.of(u).expect("a class")));
        }
    }
    let (mut edges, mut links) = (vec!["source,target".to_owned()], vec!["source,target".to_owned()]);
    for (u, v) in dataset.topology().entries().filter(|(u, v)| u < v) {
        let list = if is_new(u as usize) || is_new(v as usize) { &mut links } else { &mut edges };
        list.push(format!("n{v},n{u}"));
    }
    std::fs::create_dir(folder.join("g")).expect("a folder");
    for (name, text) in [("g/nodes.csv", nodes), ("g/edges.csv", edges), ("new.csv", new), ("links.csv", links)] {
        std::fs::write(folder.join(name), text.join("\n")).expect("written");
    }
    let [nodes, edges] = ["g/nodes.csv", "g/edges.csv"].map(|name| folder.join(name).display().to_string());
    let prune =
        ["prune", &edges, small_model("gcn"), "-o", "b", "--no-timing", "--recover", "one-shot", "--nodes-are", "new"];
    let shares = ["--edge-mode", "target", "--delta-a", "0.5", "--weight-mode", "target", "--delta-w", "0.5"];
    stdout(folder, &[&prune[..], &shares, &["--feature-file", &nodes]].concat());
}

#[test]
fn predict_answers_for_nodes_that_arrive() {
    let folder = folder();
    tables(folder.path());
    let arrive = ["predict", "b", "--arrivals", "new.csv", "--edges", "links.csv"];
    let answers = json(folder.path(), &arrive);
    let answers = answers.as_array().expect("a list");
    assert_eq!(answers.len(), 12);
    assert_eq!((&answers[0]["node"], &answers[11]["node"]), (&"n3".into(), &"n278".into()));
    assert!(answers[0]["class_name"].as_str().is_some_and(|name| name.starts_with('c')), "{}", answers[0]);
    // The bits of the library.
    let bundle = read_bundle(folder.path().join("b")).expect("a bundle");
    let dataset = Arc::new(graph_of(&bundle, None, MemoryBudget::SYSTEM, &control(1)).expect("the graph").0);
    let place = |name: &str| folder.path().join(name);
    let arriving = read_arrivals(place("new.csv"), place("links.csv"), &dataset, &control(1)).expect("readable");
    let masks = bundle.masks(dataset.topology()).expect("masks");
    let rule = bundle.new_nodes.clone().expect("a rule");
    let mut server = ArrivalServer::new(&dataset, &bundle.model, &bundle.recipe, &masks, rule).expect("fits");
    let expected = server.score(&arriving.nodes, &control(3)).expect("scored").logits;
    for (answer, row) in answers.iter().zip(expected.rows()) {
        let logits = answer["logits"].as_array().expect("logits");
        let is_same =
            logits.iter().zip(row).all(|(a, b)| a.as_f64().is_some_and(|a| (a as f32).to_bits() == b.to_bits()));
        assert!(is_same, "{answer}: {row}");
    }
    let text = stdout(folder.path(), &arrive);
    assert!(text.contains("n278") && text.contains("receptive field: "), "{text}");
    assert_eq!(text, stdout(folder.path(), &[&arrive[..], &["--threads", "1"]].concat()));
    // One by one they know fewer, but who has no new neighbour hears the same but for degrees; a file of NumPy has no ids.
    let alone =
        std::fs::read_to_string(place("new.csv")).expect("written").lines().take(2).collect::<Vec<_>>().join("\n");
    std::fs::write(place("one.csv"), alone).expect("written");
    std::fs::write(place("link.csv"), "n0,n3\nn3,n1\n").expect("written");
    let one = json(folder.path(), &["predict", "b", "--arrivals", "one.csv", "--edges", "link.csv"]);
    let first = small_graph().features().select(&[3]).to_dense();
    ndarray_npy::write_npy(place("one.npy"), &first).expect("written");
    std::fs::write(place("link.csv"), "from,to\nn0,288\n288,n1\n").expect("written");
    let unnamed = json(folder.path(), &["predict", "b", "--arrivals", "one.npy", "--edges", "link.csv"]);
    assert_eq!((&one[0]["node"], &unnamed[0]["node"]), (&"n3".into(), &"288".into()));
    assert_eq!(one[0]["logits"], unnamed[0]["logits"]);
    let Some(python) = python("predict_answers_for_nodes_that_arrive") else { return };
    let script = |features: &str, edges: &str| {
        let mut command = Command::new(&python);
        let output = command
            .current_dir(folder.path())
            .arg("b/load_bundle.py")
            .args(["--arrivals", features, "--edges", edges])
            .output();
        let output = output.expect("Python started");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let said = script("new.csv", "links.csv");
    assert_eq!(said.lines().count(), 13, "{said}");
    for (line, answer) in said.lines().skip(1).zip(answers) {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(answer["node"], cells[0], "{line}");
        assert_eq!(answer["class"], cells[1].parse::<i64>().expect("a class"), "{line}");
        let margin = answer["margin"].as_f64().expect("a margin") - cells[2].parse::<f64>().expect("a margin");
        assert!(margin.abs() < 2e-4, "{line}: {answer}");
    }
    assert_eq!(script("one.npy", "link.csv").lines().nth(1).and_then(|line| line.split(',').next()), Some("288"));
}

#[test]
fn files_that_cannot_be_meant_are_refused_by_program_and_script() {
    let folder = folder();
    tables(folder.path());
    let python = python("files_that_cannot_be_meant_are_refused_by_program_and_script");
    let row = |id: &str, value: &str| format!("{id},{value}{}", ",0.5".repeat(15));
    let good = row("x", "0.1");
    let both = |features: &str, edges: &str, says: &'static str, script_says: &str| {
        std::fs::write(folder.path().join("f.csv"), features).expect("written");
        std::fs::write(folder.path().join("e.csv"), edges).expect("written");
        let arrive = ["--arrivals", "f.csv", "--edges", "e.csv"];
        let mut command = unifews(folder.path());
        command.args(["predict", "b", "--quiet"]).args(arrive).assert().failure().code(1).stderr(contains(says));
        let Some(python) = &python else { return };
        let mut command = Command::new(python);
        let output = command.current_dir(folder.path()).arg("b/load_bundle.py").args(arrive).output().expect("started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && said.contains(script_says), "{script_says}: {said}");
        assert!(!said.contains("Traceback"), "{said}");
    };
    both(&row("n0", "0.1"), "n0,n1\n", "line 1: expected an id that no node of the graph has, found n0", "found n0");
    both(&good, "nobody,x\n", "line 1: expected ids of nodes of the graph", "found nobody");
    both(&good, "source,target\nn0,x\nn0,y\n", "line 3: expected ids of nodes of the graph", "line 3");
    both(&good, "n0,n1\nn0,x\n", "expected a node that arrives at one end, found n0 and n1, both known", "at one end");
    both(&good, "n0,x\nn1,x\nn0,x\n", "every edge once, found n0 to x of line 1 again", "found one twice");
    both(&good, "n0,x,1\n", "the graph has no weights", "found 3 fields");
    both(&good, "", "at least one row", "at least one edge");
    both(&good, "source,target\n", "at least one edge", "at least one edge");
    both("x,1,2\n", "n0,x\n", "line 1: expected 16 numbers, or an id and 16 numbers, found 3 fields", "found 3 fields");
    both(&row("x", "nan"), "n0,x\n", "line 1: expected a finite number in column 2", "finite");
    both(&row("x", "many"), "n0,x\n", "line 1: expected a finite number in column 2, found `many`", "'many'");
    both(&format!("{good}\n{good}"), "n0,x\n", "line 2: expected every id once, found x of line 1 again", "id once");
    both("", "n0,x\n", "at least one row", "at least one node");
    both(&row("id", "f").replace(",0.5", ",g"), "n0,x\n", "at least one node", "at least one node");
    std::fs::write(folder.path().join("f.csv"), &good).expect("written");
    // Half of the options, and both ways of asking.
    let refused = |arguments: &[&str], code: i32, says: &'static str| {
        let mut command = unifews(folder.path());
        command.args(["predict", "b"]).args(arguments).assert().failure().code(code).stderr(contains(says));
    };
    refused(&["--arrivals", "f.csv"], 2, "--edges");
    refused(&["--edges", "e.csv", "--nodes", "n0"], 2, "--edges");
    refused(&["--arrivals", "f.csv", "--edges", "none.csv"], 1, "none.csv");
}

#[test]
fn other_bundles_say_how_nodes_that_arrive_are_prepared_for() {
    let folder = folder();
    let model = small_model("gcn");
    let prune = ["prune", super::common::SMALL, model, "--no-timing", "--delta-a", "0.5", "--delta-w", "0.5", "-o"];
    let arrive = ["--arrivals", "f.csv", "--edges", "e.csv"];
    std::fs::write(folder.path().join("f.csv"), format!("x{}", ",0.5".repeat(16))).expect("written");
    std::fs::write(folder.path().join("e.csv"), "0,x\n").expect("written");
    for (at, (more, says)) in [
        (&["--recover", "one-shot"][..], "--nodes-are new"),
        (&["--recover", "one-shot", "--nodes-are", "new", "--without-new-nodes"], "--without-new-nodes"),
        (&["--compat", "official"], "--nodes-are new"),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("b{at}");
        stdout(folder.path(), &[&prune[..], &[name.as_str()], more].concat());
        let mut command = unifews(folder.path());
        command
            .args(["predict", name.as_str(), "--quiet"])
            .args(arrive)
            .assert()
            .failure()
            .code(1)
            .stderr(contains(says));
        let Some(python) = python("other_bundles_say_how_nodes_that_arrive_are_prepared_for") else { continue };
        let script = folder.path().join(&name).join("load_bundle.py");
        let output =
            Command::new(python).current_dir(folder.path()).arg(script).args(arrive).output().expect("started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && said.contains("--nodes-are new"), "{said}");
    }
}

#[test]
fn a_file_of_the_rule_that_holds_something_else_is_refused() {
    let folder = folder();
    let dataset = small_graph().shared();
    let model = Arc::new(read_model(small_model("gcn")).expect("a model").0);
    let run = run(&dataset, &model, &for_new_nodes(Recipe::default(), 0.5), RunOptions::PREVIEW, None, &control(2))
        .expect("runs");
    let target = folder.path().join("b");
    write_bundle(&run, &target, &control(2)).expect("written");
    let read = |name: &str| std::fs::read(target.join(name)).expect("written");
    let (file, manifest) = (read("new_nodes.safetensors"), String::from_utf8(read("manifest.json")).expect("UTF-8"));
    // Changed, with a hash that fits: what the reader itself must see.
    let put = |bytes: &[u8], manifest: &str| {
        std::fs::write(target.join("manifest.json"), manifest).expect("written");
        forge(&target, "new_nodes.safetensors", bytes);
    };
    let refused = |bytes: &[u8], manifest: &str, says: &str| {
        put(bytes, manifest);
        let error = read_bundle(&target).expect_err(says).to_string();
        assert!(error.contains(says), "{error}: {says}");
    };
    let as_text = |from: &str, to: &str| {
        assert_eq!(from.len(), to.len());
        let at = file.windows(from.len()).position(|part| part == from.as_bytes()).expect("in the header");
        [&file[..at], to.as_bytes(), &file[at + from.len()..]].concat()
    };
    refused(b"no tensors", &manifest, "safetensors");
    refused(&as_text("unifews-new-nodes/1", "unifews-new-nodes/9"), &manifest, "unifews-new-nodes/1");
    refused(&as_text("\"certainty\"", "\"uncertain\""), &manifest, "tensor certainty");
    refused(&as_text("\"unpruned.convs.0", "\"unpruned.convs.7"), &manifest, "a tensor of the model");
    refused(&file, &manifest.replace("\"nested\": false", "\"nested\": true"), "what the recipe says");
    refused(&file, &manifest.replace("\"file\": \"new_nodes.safetensors\"", "\"file\": \"../x\""), "../x");
    // Values that no rule has.
    let header = u64::from_le_bytes(file[..8].try_into().expect("eight bytes")) as usize + 8;
    let with = |at: usize, bytes: &[u8]| [&file[..header + at], bytes, &file[header + at + bytes.len()..]].concat();
    refused(&with(8 * 300 + 8, &1.5f64.to_le_bytes()), &manifest, "numbers from 0 to 1");
    refused(&with(8, &f64::NAN.to_le_bytes()), &manifest, "finite numbers of at least 0");
    refused(&with(16 * 300, &f32::NAN.to_le_bytes()), &manifest, "tensor cut");
    refused(&with(16 * 300 + 8, &f32::INFINITY.to_le_bytes()), &manifest, "new_nodes.safetensors");
    for at in (0..file.len()).step_by(file.len() / 60) {
        let (mut changed, short) = (file.clone(), &file[..at]);
        changed[at] ^= 0x41;
        for bytes in [&changed[..], short] {
            // Whatever it says, nothing panics.
            put(bytes, &manifest);
            drop(read_bundle(&target));
        }
    }
}
