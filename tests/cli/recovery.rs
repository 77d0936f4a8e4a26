//! Recovery on the terminal: switched on and off, its numbers marked as static, its controls, and where it is refused.

use predicates::str::contains;

use super::common::{SMALL, folder, json, small_model, stdout, unifews};

/// Half of everything, recovered.
const RECOVERED: [&str; 10] = [
    "--edge-mode",
    "target",
    "--delta-a",
    "0.6",
    "--weight-mode",
    "target",
    "--delta-w",
    "0.6",
    "--recover",
    "one-shot",
];

const STATIC: &str = "static: recovered on this graph; for other graphs or new nodes these numbers do not hold";

#[test]
fn a_recovered_run_says_that_it_is_static_and_what_its_controls_score() {
    let folder = folder();
    let prune = ["prune", SMALL, small_model("gcn"), "-o", "b", "--no-timing", "--controls"];
    let text = stdout(folder.path(), &[&prune[..], &RECOVERED].concat());
    assert!(text.contains(STATIC), "{text}");
    for control in ["no entries", "random entries", "fitted without test nodes"] {
        assert!(text.contains(&format!("\n {control}")) || text.contains(&format!("\n{control}")), "{control}: {text}");
    }
    let read = |name: &str| std::fs::read_to_string(folder.path().join("b").join(name)).expect("written");
    let metrics: serde_json::Value = serde_json::from_str(&read("metrics.json")).expect("JSON");
    assert_eq!(metrics["static"], true);
    let kinds: Vec<&str> =
        metrics["controls"].as_array().expect("controls").iter().map(|c| c["kind"].as_str().expect("a kind")).collect();
    assert_eq!(kinds, ["no-entries", "random-entries", "fit-without-test"]);
    assert_eq!(metrics["controls"][0]["edge_sparsity"], 1.0, "no entry is left");
    assert!(metrics["controls"][1]["test"]["accuracy"].is_number());
    for step in metrics["steps"].as_array().expect("steps") {
        let (edges, weights) = (&step["edges"], &step["weights"]);
        assert!(edges["delta_used"].is_null() && weights["threshold_min"].is_null(), "no threshold decided: {step}");
    }
    let readme = read("README.md");
    assert!(readme.contains("**This bundle is static.**") && readme.contains("| random entries |"), "{readme}");
    assert!(read("recipe.toml").contains("[recovery]"));
    stdout(folder.path(), &["replay", "b"]);
    let text = stdout(folder.path(), &["inspect", "b", "b/recipe.toml"]);
    assert!(text.contains("static: this graph alone") && text.contains("entries = \"omp\""), "{text}");

    // The recipe file says the rest, and the option beats it.
    let again = ["prune", SMALL, small_model("gcn"), "-o", "c", "--no-timing", "--recipe", "b/recipe.toml"];
    let document = json(folder.path(), &again);
    assert_eq!(document["metrics"]["static"], true);
    assert!(document["metrics"].get("controls").is_none(), "only where they were asked for");
    let document = json(folder.path(), &[&again[..], &["--recover", "none"]].concat());
    assert!(document["metrics"].get("static").is_none() && document["recipe"].get("recovery").is_none());
    let text = stdout(folder.path(), &[&again[..], &["--recover", "none"]].concat());
    assert!(!text.contains("static"), "{text}");
}

#[test]
fn a_model_is_trained_under_masks_and_what_comes_out_is_replayed_whatever_the_threads() {
    let folder = folder();
    let prune = ["prune", SMALL, small_model("gcn"), "-o", "b", "--no-timing"];
    let trained = [&RECOVERED[..8], &["--recover", "trained"]].concat();
    let document = json(folder.path(), &[&prune[..], &trained].concat());
    assert_eq!(document["recipe"]["recovery"]["train_epochs"], 250);
    assert_eq!(document["recipe"]["recovery"]["distill_epochs"], 0);
    assert_eq!(document["metrics"]["static"], true);
    assert_eq!(json(folder.path(), &["replay", "b", "--threads", "1"])["is_identical"], true);

    // The recipe file says how many epochs, and every family of attention and of neighbours' means goes the same way.
    let recipe = "format = \"unifews-recipe/1\"\n[edges]\nmode = \"target\"\ndelta = 0.6\n[weights]\nmode = \"target\"\ndelta = 0.6\n\
                  [recovery]\ntrain_epochs = 12\n";
    std::fs::write(folder.path().join("r.toml"), recipe).expect("written");
    for family in ["gat", "sage", "sgc"] {
        let prune = ["prune", SMALL, small_model(family), "--no-timing", "--recipe", "r.toml"];
        let with = |more: &[&str]| json(folder.path(), &[&prune[..], more].concat());
        let document = with(&["-o", "one", "--threads", "1"]);
        assert_eq!(document["recipe"]["recovery"]["train_epochs"], 12, "{family}");
        with(&["-o", "two", "--threads", "2"]);
        let read = |bundle: &str| std::fs::read(folder.path().join(bundle).join("logits.npy")).expect("written");
        assert_eq!(read("one"), read("two"), "{family}");
        assert_eq!(json(folder.path(), &["replay", "two"])["is_identical"], true, "{family}");
        let distilled = with(&["-o", "three", "--recover", "one-shot+distill"]);
        assert!(distilled["recipe"]["recovery"].get("train_epochs").is_none(), "{family}: one of both");
        assert_eq!(distilled["recipe"]["recovery"]["distill_epochs"], 50, "{family}");
        assert_eq!(json(folder.path(), &["replay", "three"])["is_identical"], true, "{family}");
    }
}

#[test]
fn a_static_bundle_is_refused_on_another_graph_with_the_way_out() {
    let folder = folder();
    let prune = ["prune", SMALL, small_model("gcn"), "-o", "b", "--no-timing"];
    stdout(folder.path(), &[&prune[..], &RECOVERED].concat());
    let other = SMALL.replace("seed=7", "seed=8");
    let call = |more: &[&str]| unifews(folder.path()).args(more).arg("--quiet").assert().failure().code(1);
    call(&["replay", "b", "--graph", &other])
        .stderr(contains("on which its values were fitted (this bundle is static: "))
        .stderr(contains("prune again on that graph"));
    call(&["export", "b", "--graph", &other, "-o", "e", "--as", "weights"]).stderr(contains("this bundle is static"));
}

#[test]
fn recovery_is_refused_where_there_is_nothing_to_recover() {
    let folder = folder();
    let call = |arguments: &[&str]| unifews(folder.path()).args(arguments).arg("--quiet").assert().failure();
    let train = ["train", SMALL, "-o", "m.safetensors", "--hidden", "8", "--epochs", "2", "--recover", "one-shot"];
    call(&[&train[..], &["--schedule", "during"]].concat()).code(2).stderr(contains(
        "recipe, recovery: expected none while training prunes (train with schedule dense, or without recovery, and prune with it)",
    ));
    let call_dense = [&train[..], &["--schedule", "dense", "--quiet"]].concat();
    unifews(folder.path())
        .args(&call_dense)
        .assert()
        .success()
        .stderr(contains("recovery plays no part in a dense training; prune with it"));
    let propagate = ["propagate", SMALL, "-o", "p", "--arch", "sgc", "--recover", "one-shot"];
    call(&propagate).code(2).stderr(contains("none where features are propagated without a model (--recover none"));
    call(&["prune", SMALL, small_model("gcn"), "-o", "b", "--controls"])
        .code(2)
        .stderr(contains("--controls: expected a recipe that recovers accuracy (--recover one-shot)"));
    call(&["prune", SMALL, small_model("sgc"), "-o", "b", "--edge-mode", "mass", "--recover", "one-shot"])
        .code(2)
        .stderr(contains(
            "recipe, recovery: expected edges.mode absolute, relative or target (or no recovery), found mass",
        ));
    call(&["prune", SMALL, small_model("gcn"), "-o", "b", "--recover", "two-shot"]).code(2);
}

#[test]
fn a_sweep_recovers_every_point() {
    let folder = folder();
    let sweep = ["sweep", SMALL, small_model("gcn"), "-o", "s", "--no-timing", "--grid-a", "0,0.6", "--grid-w", "0.6"];
    let modes = ["--edge-mode", "target", "--weight-mode", "target"];
    let plain = json(folder.path(), &[&sweep[..], &modes].concat());
    let recovered = json(folder.path(), &[&sweep[..], &modes, &["--recover", "one-shot"]].concat());
    let agreement = |document: &serde_json::Value| {
        document["points"]
            .as_array()
            .expect("points")
            .iter()
            .map(|p| p["agreement"].as_f64().expect("a share"))
            .sum::<f64>()
    };
    assert_eq!(recovered["points"].as_array().map(Vec::len), Some(2));
    assert!(agreement(&recovered) > agreement(&plain), "{} {}", agreement(&recovered), agreement(&plain));
    let text = stdout(folder.path(), &[&sweep[..], &modes, &["--recover", "one-shot"]].concat());
    assert!(text.contains(STATIC), "{text}");
    assert!(std::fs::read_to_string(folder.path().join("s/recipe.toml")).expect("written").contains("[recovery]"));
}
