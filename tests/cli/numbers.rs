//! The same numbers as the library, whatever the number of threads.

use std::sync::Arc;

use unifews::engine::control::Control;
use unifews::engine::experiment::{RunOptions, SweepGrid, SweepPoint, run, sweep};
use unifews::engine::graph::resolve_split;
use unifews::engine::model::{Architecture, Family};
use unifews::engine::sparsify::{EdgeMode, Precision, Recipe, propagate};
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
        m.steps.iter_mut().for_each(|s| (s.baseline_secs, s.pruned_secs) = (None, None));
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
    sweep(
        &small_graph().shared(),
        &Arc::new(model),
        &Recipe::default(),
        &grid,
        (RunOptions::SWEEP, None),
        &ctl,
        |p, _| expected.push(p),
    )
    .expect("fits");
    let mut found: Vec<SweepPoint> = serde_json::from_value(out["points"].clone()).expect("points");
    for point in expected.iter_mut().chain(&mut found) {
        (point.baseline_secs, point.pruned_secs) = (0.0, 0.0);
        // Six pairs are always measured, and so there are intervals.
        for end in [
            &mut point.pruned_secs_low,
            &mut point.pruned_secs_high,
            &mut point.speedup_low,
            &mut point.speedup_high,
            &mut point.baseline_request_secs,
            &mut point.request_secs,
            &mut point.request_speedup_low,
            &mut point.request_speedup_high,
        ] {
            assert!(end.take().is_some_and(|end| end > 0.0));
        }
    }
    assert_eq!(found, expected);
    let table = std::fs::read_to_string(folder.path().join("s/results.csv")).expect("a table");
    assert_eq!(table.lines().count(), 7, "{table}");
    assert!(table.starts_with("idx,delta_a,delta_w,edge_sparsity"), "{table}");
    let header = table.lines().next().unwrap_or_default();
    assert!(header.ends_with(",bytes_dense,bytes_pruned"), "behind the others: {header}");
    assert!(found.iter().all(|point| point.pruned_bytes > Some(0)), "{found:?}");
    assert!(!out["pareto"].as_array().expect("a list").is_empty());
    // One layer alone: the other keeps its threshold, here 0, and loses nothing.
    let layer = json(folder.path(), &[&arguments[..], &["--layer", "2"]].concat());
    assert_eq!((&layer["layer"], &out["layer"]), (&serde_json::json!(2), &serde_json::Value::Null));
    let share = |of: &serde_json::Value| of["points"][5]["weight_sparsity"].as_f64().expect("a share");
    assert!(share(&layer) > 0.0 && share(&layer) < share(&out), "{} {}", share(&layer), share(&out));
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

#[test]
fn sweep_compares_methods_and_tries_every_layer_alone() {
    let folder = folder();
    let arguments =
        ["sweep", SMALL, small_model("gcn"), "-o", "s", "--grid-a", "0.5", "--grid-w", "0.5", "--sensitivity"];
    let compared = ["--methods", "unifews,random,weights:magnitude", "--shares", "0.2,0.5", "--seeds", "1,2"];
    let out = json(folder.path(), &[&arguments[..], &compared].concat());
    let points = out["comparison"]["points"].as_array().expect("points");
    assert_eq!(points.len(), 2 * (1 + 2 + 1), "two shares; only random has a point per seed");
    for point in points {
        let side = if point["method"]["weights"].is_string() { "weight_sparsity" } else { "edge_sparsity" };
        let removed = point["result"][side].as_f64().expect("a share");
        assert!(removed >= point["share"].as_f64().expect("a share") - 0.01, "{point}");
    }
    assert_eq!(out["sensitivity"].as_array().expect("points").len(), 4);
    let more = ["--methods", "unifews,random", "--shares", "0.5", "--seeds", "1,2", "--no-timing"];
    let said = stdout(folder.path(), &[&arguments[..3], &["-o", "s2"], &arguments[5..], &more].concat());
    assert!(said.contains("50.0 % removed: ") && said.contains("Unifews"), "{said}");
    assert!(said.contains("by layer, each alone losing at most 1 point of val: --delta-a 0"), "{said}");
    for file in ["comparison.csv", "sensitivity.csv", "comparison_edges.png", "comparison_weights.svg"] {
        assert!(folder.path().join("s").join(file).is_file(), "{file}");
    }
    let wrong = ["sweep", SMALL, small_model("gcn"), "-o", "t", "--methods", "magic"];
    let said = super::common::unifews(folder.path()).args(wrong).assert().code(2);
    let said = String::from_utf8_lossy(&said.get_output().stderr).into_owned();
    assert!(said.contains("--methods: expected all, or some of edges:unifews, edges:random,"), "{said}");
}

#[test]
fn methods_get_the_same_recovery_where_it_is_asked_for_and_are_named_so() {
    let folder = folder();
    let sweep = ["sweep", SMALL, small_model("gcn"), "-o", "s", "--grid-a", "0", "--grid-w", "0", "--no-timing"];
    let compared = ["--shares", "0.6", "--seeds", "1", "--methods"];
    let with = |methods: &'static str| [&sweep[..], &compared, &[methods, "--recover", "one-shot"]].concat();
    let out = json(folder.path(), &with("random,edges:omp,weights:magnitude,weights:obs"));
    assert_eq!(out["comparison"]["plan"]["has_recovery"], true);
    assert_eq!(out["comparison"]["points"].as_array().map(Vec::len), Some(4));
    let table = std::fs::read_to_string(folder.path().join("s/comparison.csv")).expect("written");
    assert!(table.contains("\nedges:random + recovery,0.6,1,"), "{table}");
    let text = stdout(folder.path(), &with("random"));
    assert!(text.contains("edges:random + recovery") && text.contains("every method got the same recovery"), "{text}");
    // Recovery's own choice is nothing without recovery.
    let plain = [&sweep[..], &compared, &["edges:omp"]].concat();
    let said = super::common::unifews(folder.path()).args(plain).assert().code(2);
    let said = String::from_utf8_lossy(&said.get_output().stderr).into_owned();
    assert!(said.contains("--methods: expected all, or some of edges:unifews"), "{said}");
}

#[test]
fn two_classes_have_an_area_under_the_curve_in_numbers_and_words() {
    let folder = folder();
    let two = "sample:powerlaw?nodes=300&edges=1800&features=16&classes=2&seed=7";
    let size = ["--hidden", "8", "--epochs", "40", "--lr", "0.02"];
    stdout(folder.path(), &[&["train", two, "-o", "m.safetensors"][..], &size].concat());
    let prune = ["prune", two, "m.safetensors", "-o", "b", "--delta-a", "0.4", "--no-timing"];
    let out = json(folder.path(), &prune);
    let area = &out["metrics"]["scores"]["test"]["pruned"]["auc"];
    let value = area["value"].as_f64().expect("an area");
    let interval = area["interval"].as_array().expect("an interval");
    assert!(interval[0].as_f64() < Some(value) && Some(value) < interval[1].as_f64() && value > 0.5, "{area}");
    let text = stdout(folder.path(), &prune);
    assert!(text.contains("test: unpruned ROC AUC ") && text.contains(" (95 % interval "), "{text}");
    let readme = std::fs::read_to_string(folder.path().join("b/README.md")).expect("written");
    assert!(readme.contains("Of the test nodes: unpruned ROC AUC "), "{readme}");
}

#[test]
fn what_is_left_is_measured_at_the_counted_shares_and_a_second_call_measures_nothing_again() {
    let folder = folder();
    let truth = ["reproduce", "truth", SMALL, "-o", "truth.md", "--epochs", "10", "--hidden", "16"];
    let ways = "published,published-recovered,one-shot,no-entries";
    let part = ["--families", "gcn", "--splits", "1,2", "--seeds", "5", "--shares", "80/60", "--ways", ways];
    let call = [&truth[..], &part].concat();
    let out = json(folder.path(), &call);
    let rows = out["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 2 * 4, "splits, ways");
    let number = |row: &serde_json::Value, key: &str| row[key].as_f64().expect("a number");
    for row in rows {
        let asked = if row["way"] == "no-entries" { 1.0 } else { 0.8 };
        assert!((number(row, "edge_sparsity") - asked).abs() < 0.01, "{row}");
        assert!((number(row, "weight_sparsity") - 0.6).abs() < 0.01, "{row}");
        assert!(number(row, "secs") > 0.0 && row["accuracy"][0].as_f64() > Some(0.2), "{row}");
    }
    let agreement = |way: &str| rows.iter().filter(|r| r["way"] == way).map(|r| number(r, "agreement")).sum::<f64>();
    assert!(agreement("one-shot") > agreement("published"), "{out}");
    assert!(agreement("published-recovered") > agreement("published"), "{out}");
    let kept = std::fs::read(folder.path().join("truth.jsonl")).expect("kept");
    let page = std::fs::read_to_string(folder.path().join("truth.md")).expect("written");
    assert!(page.contains("| 80/60 | **static, one-shot** |") && !page.contains("Not finished"), "{page}");
    // Stopped after a few lines, it goes on where it was; what is there stays as it is.
    let text = String::from_utf8(kept.clone()).expect("UTF-8");
    let few = text.split_inclusive('\n').take(5).collect::<String>();
    std::fs::write(folder.path().join("truth.jsonl"), &few).expect("a file");
    let again = json(folder.path(), &call);
    assert_eq!(again["rows"].as_array().map(Vec::len), Some(8));
    let again = std::fs::read_to_string(folder.path().join("truth.jsonl")).expect("kept");
    assert!(again.starts_with(&few));
    // The same bits but for the times.
    let without_times = |text: &str| -> Vec<serde_json::Value> {
        let line = |line: &str| {
            let mut line: serde_json::Value = serde_json::from_str(line).expect("JSON");
            line.as_object_mut().expect("an object").retain(|key, _| !key.ends_with("secs"));
            line
        };
        text.lines().map(line).collect()
    };
    assert_eq!(without_times(&again), without_times(&text));

    let refused = |arguments: &[&str], text: &str| {
        let said = super::common::unifews(folder.path()).args(arguments).assert().failure();
        let said = String::from_utf8_lossy(&said.get_output().stderr).into_owned();
        assert!(said.contains(text), "{said}");
    };
    refused(&["reproduce", "paper-fig10", "-o", "a.md", "--ways", "one-shot"], "--ways: expected the table truth");
    refused(&["reproduce", "truth", "-o", "a.md", "--shares", "90"], "as 90/90");
    refused(&["reproduce", "truth", "flickr", "-o", "a.md", "--data", "."], "as one of flickr, unifews/flickr");
    std::fs::write(folder.path().join("b.jsonl"), "mine\n").expect("a file");
    refused(&["reproduce", "truth", "-o", "b.md"], "unifews-truth/1");
    assert_eq!(std::fs::read(folder.path().join("b.jsonl")).expect("there"), b"mine\n");
}

#[test]
fn a_published_table_is_reproduced_line_by_line() {
    let folder = folder();
    let small = ["--seeds", "1,2", "--epochs", "2", "--hidden", "8"];
    let out = json(folder.path(), &[&["reproduce", "paper-fig10", SMALL, "-o", "page.md"][..], &small].concat());
    let rows = out["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 16);
    assert!(rows.iter().all(|r| r["runs"].as_array().is_some_and(|s| s.len() == 2) && r["paper"].is_null()));
    let page = std::fs::read_to_string(folder.path().join("page.md")).expect("a page");
    assert_eq!(page.lines().filter(|l| l.starts_with("| powerlaw")).count(), 16, "{page}");
    // Every run that a line is the mean of lies beside the page.
    let lines = std::fs::read_to_string(folder.path().join("page.jsonl")).expect("lines");
    let lines: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), rows.len());
    for (line, row) in lines.iter().zip(rows) {
        assert_eq!((&line["format"], &line["table"]), (&"unifews-reproduced/1".into(), &"paper-fig10".into()));
        assert_eq!(line["runs"], row["runs"]);
    }
}

#[test]
fn several_classes_per_node_are_trained_pruned_and_replayed() {
    let folder = folder();
    let graph = "sample:powerlaw?nodes=200&edges=1600&features=12&classes=4&labels=multi";
    for arch in ["gat", "sgc"] {
        let model = format!("{arch}.safetensors");
        let size = ["--hidden", "16", "--epochs", "30", "--lr", "0.01"];
        let trained = json(folder.path(), &[&["train", graph, "-o", &model, "--arch", arch][..], &size].concat());
        assert!(trained["history"].as_array().expect("epochs").len() == 30);
        let deltas = ["--delta-a", "0.2", "--delta-w", "0.2"];
        let out = json(folder.path(), &[&["prune", graph, &model, "-o", arch][..], &deltas].concat());
        assert_eq!(out["metrics"]["scores"]["metric"], "micro-f1", "{out}");
        let table = std::fs::read_to_string(folder.path().join(arch).join("predictions.csv")).expect("a table");
        let mut labels = table.lines().skip(1).map(|l| l.split(',').nth(1).expect("label"));
        assert!(labels.any(|l| l.split(' ').count() > 1), "{table}");
        stdout(folder.path(), &["replay", arch]);
        // What a number is stands beside it, wherever it goes.
        assert_eq!(trained["history"][0]["metric"], "micro-f1");
        assert!(stdout(folder.path(), &["inspect", &model]).contains("micro-F1"));
        let grid = ["--grid-a", "0,0.5", "--grid-w", "0"];
        stdout(folder.path(), &[&["sweep", graph, &model, "-o", "s"][..], &grid].concat());
        let table = std::fs::read_to_string(folder.path().join("s/results.csv")).expect("a table");
        assert!(table.contains("micro-f1"), "{table}");
        let picture = std::fs::read_to_string(folder.path().join("s/accuracy.svg")).expect("a picture");
        assert!(picture.contains("test micro-F1, %"), "{arch}");
    }
}

#[test]
fn embeddings_stored_as_bf16_are_timed_with_their_error_and_change_no_file() {
    let folder = folder();
    let path = small_model("sgc");
    let prune = |out: &str, more: &[&str]| {
        json(folder.path(), &[&["prune", SMALL, path, "-o", out, "--delta-a", "0.4"][..], more].concat())
    };
    let (plain, rounded) = (prune("a", &[]), prune("b", &["--embeddings", "bf16"]));
    assert!(plain["metrics"]["low"].is_null());
    let bf16 = &rounded["metrics"]["low"];
    let number =
        |value: &serde_json::Value, key: &str| value[key].as_f64().unwrap_or_else(|| panic!("{key} of {value}"));
    // 8 significant bits: every hop rounds by at most 2^-9, and errors of either sign partly cancel.
    let off = number(bf16, "relative_error");
    assert!((1e-6..2e-2).contains(&off), "{off}");
    assert!(number(bf16, "largest_difference") > 0.0 && number(bf16, "secs") > 0.0 && number(bf16, "speedup") > 0.0);
    assert!(number(bf16, "agreement") > 0.9 && bf16["test"]["n_nodes"].as_u64() > Some(0));
    for file in ["logits.npy", "masks.safetensors", "predictions.csv"] {
        let read = |bundle: &str| std::fs::read(folder.path().join(bundle).join(file)).expect("a file");
        assert_eq!(read("a"), read("b"), "{file}");
    }
    assert!(stdout(folder.path(), &["replay", "b"]).contains("same bits"));
    assert_eq!(
        read_recipe(folder.path().join("b/recipe.toml")).expect("a recipe").propagation.embeddings,
        Precision::Bf16
    );
    let hops = [
        "propagate",
        SMALL,
        "-o",
        "c",
        "--arch",
        "appnp",
        "--hops",
        "5",
        "--edge-mode",
        "relative",
        "--delta-a",
        "0.3",
    ];
    let out = json(folder.path(), &[&hops[..], &["--embeddings", "bf16", "--node-order", "rcm"]].concat());
    let followed = &out["metrics"]["followed"];
    assert_eq!((&followed["rule"]["embeddings"], &followed["rule"]["order"]), (&"bf16".into(), &"rcm".into()));
    assert!((1e-6..2e-2).contains(&number(followed, "relative_error")), "{followed}");
    let out = json(folder.path(), &[&hops[..], &["--node-order", "community"]].concat());
    assert_eq!(out["metrics"]["followed"]["largest_difference"], 0.0, "an order changes no bit");
}

#[test]
fn the_authors_decoupled_runs_are_reproduced_line_by_line() {
    let folder = folder();
    let small = ["--seeds", "1,2", "--epochs", "2", "--hidden", "8"];
    let out = json(folder.path(), &[&["reproduce", "authors-decoupled", SMALL, "-o", "page.md"][..], &small].concat());
    let rows = out["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 9);
    let removed = |row: &serde_json::Value| row["runs"][0]["edge_sparsity"].as_f64().expect("a share");
    assert!(removed(&rows[0]).abs() < 1e-12 && removed(&rows[3]) > removed(&rows[1]), "{out}");
}

#[test]
fn every_setting_of_a_family_has_an_option() {
    let folder = folder();
    let size = ["--hidden", "8", "--epochs", "1"];
    let gat = ["--arch", "gat", "--heads", "2", "--out-heads", "3", "--share-weights", "true"];
    let out = json(folder.path(), &[&["train", SMALL, "-o", "g.safetensors"][..], &gat, &size].concat());
    let model = &out["recipe"]["model"];
    assert_eq!((model["out_heads"].as_u64(), model["share_weights"].as_bool()), (Some(3), Some(true)), "{model}");
    let gbp = ["--arch", "gbp", "--hops", "3", "--hop-weights", "heat", "--heat-time", "2.5"];
    let out = json(folder.path(), &[&["train", SMALL, "-o", "h.safetensors"][..], &gbp, &size].concat());
    assert_eq!(out["recipe"]["model"]["heat_time"], 2.5);
    let wrong = ["prune", SMALL, "g.safetensors", "-o", "b", "--arch", "gat", "--out-heads", "1"];
    let said = super::common::unifews(folder.path()).args(wrong).assert().code(2);
    let said = String::from_utf8_lossy(&said.get_output().stderr).into_owned();
    assert!(said.contains("--out-heads: expected 3 (the model's), found 1"), "{said}");
}

#[test]
fn a_table_that_cannot_be_made_or_kept_is_refused_before_anything_is_trained() {
    let folder = folder();
    let refused = |arguments: &[&str], code: i32, text: &str| {
        let said = super::common::unifews(folder.path()).args(arguments).assert().code(code);
        let said = String::from_utf8_lossy(&said.get_output().stderr).into_owned();
        assert!(said.contains(text) && !said.contains("δa"), "{said}");
    };
    refused(&["reproduce", "paper-fig10", SMALL, "-o", "a.jsonl"], 2, "another ending than .jsonl");
    std::fs::write(folder.path().join("b.jsonl"), "{\"mine\": 1}\n").expect("a file");
    refused(&["reproduce", "paper-fig10", SMALL, "-o", "b.md"], 1, "unifews-reproduced/1");
    assert_eq!(std::fs::read(folder.path().join("b.jsonl")).expect("there"), b"{\"mine\": 1}\n");
    let graphs = "GRAPH: expected cora, citeseer or pubmed (the graphs of this table), found powerlaw 300";
    refused(&["reproduce", "paper-table3", SMALL, "-o", "page.md"], 2, graphs);
    assert!(!folder.path().join("page.md").exists());
    let small = ["--seeds", "1", "--epochs", "1", "--hidden", "4"];
    let nowhere = [&["reproduce", "paper-fig10", SMALL, "-o", "no/where/page.md"][..], &small].concat();
    refused(&nowhere, 1, "cannot create");
}
