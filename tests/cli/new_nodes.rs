//! Recovery for nodes that arrive later on the terminal: asked for, counted for both kinds of rows, told apart from static runs everywhere.

use predicates::str::contains;

use super::bundle::run_client;
use super::common::{SMALL, folder, json, python, small_model, stdout, unifews};

const SHARES: [&str; 8] = ["--edge-mode", "target", "--delta-a", "0.6", "--weight-mode", "target", "--delta-w", "0.6"];
const NEW: [&str; 4] = ["--recover", "one-shot", "--nodes-are", "new"];

#[test]
fn a_run_for_new_nodes_says_so_everywhere_and_replays() {
    let folder = folder();
    let model = small_model("gcn");
    let prune = ["prune", SMALL, model, "-o", "b", "--no-timing", "--controls"];
    let text = stdout(folder.path(), &[&prune[..], &SHARES, &NEW].concat());
    assert!(text.contains("new nodes: nothing of the test nodes was used but their features and entries"), "{text}");
    assert!(
        text.contains("removed from rows of known nodes: 60.") && text.contains("; of nodes that arrive later: 60."),
        "{text}"
    );
    assert!(!text.contains("static") && !text.contains("fitted without test nodes"), "{text}");
    assert!(text.contains("no entries") && text.contains("random entries"), "{text}");
    let read = |name: &str| std::fs::read_to_string(folder.path().join("b").join(name)).expect("written");
    let metrics: serde_json::Value = serde_json::from_str(&read("metrics.json")).expect("JSON");
    assert!(metrics.get("static").is_none());
    let rows = &metrics["new_nodes"];
    assert_eq!(
        rows["known"]["n_nodes"].as_u64().zip(rows["unseen"]["n_nodes"].as_u64()).map(|(a, b)| a + b),
        Some(300)
    );
    for kind in ["known", "unseen"] {
        assert!((rows[kind]["edge_sparsity"].as_f64().expect("a share") - 0.6).abs() < 0.02, "{rows}");
    }
    let kinds: Vec<&str> =
        metrics["controls"].as_array().expect("controls").iter().map(|c| c["kind"].as_str().expect("a kind")).collect();
    assert_eq!(kinds, ["no-entries", "random-entries"]);
    let readme = read("README.md");
    assert!(
        readme.contains("**This bundle is for new nodes.**") && readme.contains("test nodes played them"),
        "{readme}"
    );
    assert!(!readme.contains("static") && read("recipe.toml").contains("nodes_are = \"new\""));
    assert!(stdout(folder.path(), &["replay", "b"]).contains("identical"));
    if let Some(python) = python("a_run_for_new_nodes_says_so_everywhere_and_replays") {
        run_client(&python, &folder.path().join("b"), "new nodes");
    }
    let text = stdout(folder.path(), &["inspect", "b"]);
    assert!(text.contains("new nodes: the rule may be applied to nodes that arrive"), "{text}");

    // On another graph the masks name other entries, and the refusal says what to do.
    let other = SMALL.replace("seed=7", "seed=8");
    unifews(folder.path())
        .args(["replay", "b", "--graph", &other, "--quiet"])
        .assert()
        .failure()
        .code(1)
        .stderr(contains("whose entries its masks name (this bundle is for new nodes: "));
    // The file says the rest, the option beats it.
    let again = ["prune", SMALL, model, "-o", "c", "--no-timing", "--recipe", "b/recipe.toml"];
    let document = json(folder.path(), &again);
    assert_eq!(document["metrics"]["new_nodes"], metrics["new_nodes"]);
    let document = json(folder.path(), &[&again[..], &["--nodes-are", "static"]].concat());
    assert_eq!((&document["metrics"]["static"], document["metrics"].get("new_nodes")), (&true.into(), None));
}

#[test]
fn a_model_that_has_not_seen_the_test_nodes_is_trained_and_recovered_for_them_with_a_training() {
    let folder = folder();
    let size = ["--arch", "gcn", "--hidden", "8", "--epochs", "30", "--threads", "1"];
    let call =
        |more: &[&str]| json(folder.path(), &[&["train", SMALL, "-o", "m.safetensors"][..], &size, more].concat());
    let seen = call(&[]);
    let unseen = call(&["--inductive"]);
    assert_eq!((seen["trained_on"].get("inductive"), &unseen["trained_on"]["inductive"]), (None, &true.into()));
    assert_ne!(seen["history"][29]["train_loss"], unseen["history"][29]["train_loss"]);
    let text = stdout(folder.path(), &["inspect", "m.safetensors"]);
    assert!(text.contains("without its test nodes"), "{text}");
    let prune =
        ["prune", SMALL, "m.safetensors", "-o", "b", "--no-timing", "--edge-mode", "target", "--delta-a", "0.6"];
    let document = json(folder.path(), &[&prune[..], &["--nodes-are", "new", "--recover", "trained"]].concat());
    assert_eq!(document["recipe"]["recovery"]["train_epochs"], 150);
    assert_eq!(document["metrics"]["scores"]["test"]["dense"]["accuracy"], unseen["trained_on"]["test_accuracy"]);
    let text = stdout(folder.path(), &[&prune[..], &["--nodes-are", "new", "--recover", "trained"]].concat());
    assert!(text.contains("new nodes") && text.contains("150 epochs"), "{text}");
    let refused = ["train", SMALL, "-o", "x", "--inductive", "--schedule", "during"];
    unifews(folder.path()).args(refused).assert().failure().stderr(contains("training.inductive"));
}

#[test]
fn a_sweep_and_a_budget_take_it_and_what_it_does_not_go_with_is_refused() {
    let folder = folder();
    let model = small_model("gcn");
    let sweep =
        ["sweep", SMALL, model, "-o", "s", "--no-timing", "--grid-a", "0.6", "--grid-w", "0.6", "--nodes-are", "new"];
    let text = stdout(folder.path(), &[&sweep[..], &["--edge-mode", "target", "--weight-mode", "target"]].concat());
    assert!(text.contains("new nodes: nothing of the test nodes was used") && !text.contains("static"), "{text}");
    let budget = [
        "prune",
        SMALL,
        model,
        "-o",
        "b",
        "--lose-at-most",
        "30",
        "--for",
        "entries",
        "--no-timing",
        "--nodes-are",
        "new",
    ];
    let document = json(folder.path(), &budget);
    assert_eq!(document["recipe"]["recovery"]["nodes_are"], "new");
    let not = document["certificate"]["does_not_cover"].as_array().expect("a list");
    assert!(not.iter().any(|not| not.as_str().is_some_and(|not| not.contains("not exchangeable"))), "{not:?}");
    let call = |more: &[&str]| {
        unifews(folder.path()).args(["prune", SMALL, model, "-o", "r", "--quiet"]).args(more).assert().failure()
    };
    call(&["--recover", "none", "--nodes-are", "new"]).stderr(contains(
        "--nodes-are: expected a recipe that recovers accuracy (--recover one-shot), found --recover none",
    ));
    call(&["--nodes-are", "old"]).code(2).stderr(contains("static"));
    call(&["--recover", "one-shot+distill", "--nodes-are", "new"])
        .stderr(contains("expected distill_epochs 0 with nodes_are new"));
    std::fs::write(folder.path().join("r.toml"), "format = \"unifews-recipe/1\"\n[recovery]\nnodes_were = \"new\"\n")
        .expect("written");
    call(&["--recipe", "r.toml"]).code(1).stderr(contains("nodes_were"));
}
