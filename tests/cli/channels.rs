//! `--channels`: hidden channels that go as a whole, and the smaller matrices that leave.

use predicates::str::contains;
use unifews::io::read_model;

use super::bundle::run_client;
use super::common::{SMALL, folder, json, python, small_model, stdout, unifews};

const NARROW: [&str; 6] = ["--channels", "0.5", "--recover", "one-shot+distill", "--edge-mode", "target"];

#[test]
fn what_is_left_is_a_narrower_network_everywhere() {
    let folder = folder();
    let prune = ["prune", SMALL, small_model("gcn"), "-o", "b", "--delta-a", "0.5", "--no-timing"];
    let out = json(folder.path(), &[&prune[..], &NARROW].concat());
    let hidden = &out["metrics"]["hidden"][0];
    assert_eq!((hidden["n_before"].as_u64(), hidden["n_unread"].as_u64()), (Some(16), Some(8)), "{hidden}");
    let channels = &out["metrics"]["channels"][0];
    assert_eq!((channels["n_channels"].as_u64(), channels["n_removed"].as_u64()), (Some(16), Some(8)), "{channels}");
    assert_eq!(channels["order"].as_array().map(Vec::len), Some(12), "as many stay as there are classes: {channels}");
    assert!(channels["error"].as_f64().is_some_and(|error| error > 0.0 && error < 1.0), "{channels}");
    let errors: Vec<f64> =
        channels["errors"].as_array().expect("errors").iter().map(|e| e.as_f64().expect("a number")).collect();
    assert!(errors.len() == 12 && errors.windows(2).all(|pair| pair[0] <= pair[1]), "{channels}");
    assert!((errors[7] - channels["error"].as_f64().expect("a number")).abs() < 1e-6, "{channels}");
    let bundle = folder.path().join("b");
    let recipe = std::fs::read_to_string(bundle.join("recipe.toml")).expect("a recipe");
    assert!(recipe.contains("[channels]\nshare = 0.5"), "{recipe}");
    let said = json(folder.path(), &["replay", "b"]);
    assert_eq!(said["is_identical"], true, "{said}");
    let said = json(folder.path(), &["predict", "b", "--nodes", "3,7"]);
    assert_eq!(said.as_array().map(Vec::len), Some(2), "{said}");
    if let Some(python) = python("what_is_left_is_a_narrower_network_everywhere") {
        run_client(&python, &bundle, "channels");
    }
    // People are told what other shares would cost.
    let told = stdout(
        folder.path(),
        &[&["prune", SMALL, small_model("gcn"), "-o", "told", "--delta-a", "0.5", "--no-timing"], &NARROW[..]].concat(),
    );
    assert!(
        told.contains("channels behind convs.0.lin.weight: 8 of 16 removed") && told.contains(" without 75.0 %"),
        "{told}"
    );
    // The recipe by itself gives the same bytes.
    let again = ["prune", SMALL, small_model("gcn"), "-o", "again", "--recipe", "b/recipe.toml", "--no-timing"];
    json(folder.path(), &again);
    let logits = |name: &str| std::fs::read(folder.path().join(name).join("logits.npy")).expect("logits");
    assert_eq!(logits("b"), logits("again"));
    // Other programs get the smaller matrices; what was written is read back and run on the way.
    stdout(folder.path(), &["export", "b", "-o", "e", "--as", "onnx,weights-pyg-pt,weights-pyg-safetensors"]);
    for file in ["e/model.onnx", "e/model-pyg.pt", "e/model-pyg.safetensors"] {
        let (model, _) = read_model(folder.path().join(file).to_str().expect("UTF-8")).expect(file);
        let shapes: Vec<_> = model.weights().map(|weight| weight.values.dim()).collect();
        assert_eq!(shapes, [(16, 8), (8, 4)], "{file}");
    }
}

#[test]
fn channels_need_recovery_and_a_network_that_has_them() {
    let folder = folder();
    let prune = |more: &[&str], says: &'static str| {
        let arguments = ["prune", SMALL, small_model("gcn"), "-o", "b", "--no-timing", "--quiet"];
        unifews(folder.path()).args(arguments).args(more).assert().failure().stderr(contains(says));
    };
    prune(&["--channels", "0.5", "--recover", "none"], "channels: expected a [recovery] section");
    prune(&["--channels", "1"], "channels.share: expected a share of at least 0 and below 1, found 1");
    prune(&["--channels", "0.5", "--nodes-are", "new"], "nodes_are static");
    prune(&["--channels", "0.5", "--recover", "trained"], "train_epochs 0");
    assert!(!folder.path().join("b").exists(), "nothing was written");
}
