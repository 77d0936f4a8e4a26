//! Exit codes, what goes to stdout and what to stderr.

use std::process::{Command, Stdio};

use predicates::prelude::PredicateBooleanExt as _;
use predicates::str::{contains, is_empty};

use super::common::{SMALL, folder, json, small_model, stdout, unifews};

/// Runs the program, which must fail with `code` and say `message` on stderr and nothing on stdout.
fn check(arguments: &[&str], code: i32, message: &str) {
    let folder = folder();
    unifews(folder.path())
        .args(arguments)
        .assert()
        .code(code)
        .stdout(is_empty())
        .stderr(contains(message).and(contains("panicked").not()));
    let left = std::fs::read_dir(folder.path()).expect("the folder").count();
    assert_eq!(left, 0, "a failed command leaves nothing behind: {arguments:?}");
}

#[test]
fn a_wrong_call_is_exit_code_2() {
    check(&["prun", SMALL], 2, "unifews: expected a command or a file (see unifews --help), found prun");
    check(&["prune", SMALL], 2, "required arguments were not provided");
    check(&["prune", SMALL, "m", "-o", "b", "--delta-a", "x"], 2, "invalid value 'x' for '--delta-a");
    check(&["prune", SMALL, "m", "-o", "b", "--edge-mode", "half"], 2, "expected one of `absolute`, `relative`");
    let model = small_model("gcn");
    let prune = |more: &[&'static str]| [&["prune", SMALL, model, "-o", "b"], more].concat();
    check(&prune(&["--hidden", "17"]), 2, "--hidden: expected 16 (the model's), found 17");
    check(&prune(&["--arch", "sgc"]), 2, "--arch: expected gcn (the model's), found sgc");
    check(&prune(&["--delta-a=-1"]), 2, "recipe, edges.delta: expected numbers of at least 0, found -1");
    check(&prune(&["--delta-w", "1,2,3"]), 2, "recipe, weights.delta: expected 1 or 2 values, found 3 values");
    check(
        &["propagate", SMALL, "-o", "d", "--arch", "gcn"],
        2,
        "expected a decoupled family (sgc, appnp, gbp) to propagate",
    );
    check(&["sweep", SMALL, model, "-o", "d", "--grid-a=0,-1"], 2, "--grid-a: expected numbers of at least 0");
}

#[test]
fn what_cannot_be_done_is_exit_code_1_with_the_reason() {
    check(&["inspect", "nowhere"], 1, "error: cannot open: No such file or directory");
    check(&["prune", "sample:nowhere", "m", "-o", "b"], 1, "nowhere");
    check(&["prune", SMALL, "nowhere.safetensors", "-o", "b"], 1, "nowhere.safetensors");
    check(&["train", SMALL, "-o", "no/such/folder/m.safetensors"], 1, "cannot create");
    check(&["replay", "nowhere"], 1, "cannot open");
    let model = small_model("gcn");
    check(&["prune", "sample:karate", model, "-o", "b"], 1, "model input width: expected");
}

#[test]
fn a_folder_with_other_files_is_refused_before_anything_is_computed() {
    let folder = folder();
    let other = folder.path().join("other");
    std::fs::create_dir(&other).expect("a folder");
    std::fs::write(other.join("thesis.txt"), "years of work").expect("a file");
    for arguments in [
        vec!["prune", SMALL, small_model("gcn"), "-o", "other"],
        vec!["sweep", SMALL, small_model("gcn"), "-o", "other"],
        vec!["propagate", SMALL, "-o", "other"],
        vec!["train", SMALL, "-o", "other"],
    ] {
        unifews(folder.path()).args(&arguments).assert().code(1).stderr(contains("export target: expected nothing"));
    }
    assert_eq!(std::fs::read_to_string(other.join("thesis.txt")).expect("still there"), "years of work");
}

#[test]
fn help_and_version_are_data() {
    let folder = folder();
    unifews(folder.path())
        .arg("--help")
        .assert()
        .success()
        .stdout(contains("prune").and(contains("sample:cora")))
        .stderr("");
    unifews(folder.path()).arg("--version").assert().success().stdout(contains("unifews 0.")).stderr("");
    for command in ["inspect", "train", "prune", "propagate", "sweep", "replay"] {
        unifews(folder.path()).args([command, "--help"]).assert().success().stdout(contains("--json")).stderr("");
    }
}

#[test]
fn progress_goes_to_stderr_unless_quiet() {
    let folder = folder();
    let arguments = ["train", SMALL, "-o", "m.safetensors", "--hidden", "8", "--epochs", "3"];
    unifews(folder.path())
        .args(arguments)
        .assert()
        .success()
        .stdout(contains("3 epochs in").and(contains("epoch 0/3").not()))
        .stderr(contains("epoch 0/3"));
    unifews(folder.path()).args(arguments).arg("--quiet").assert().success().stderr("");
}

#[test]
fn nothing_removed_is_said_so() {
    let folder = folder();
    let out = stdout(folder.path(), &["prune", SMALL, small_model("gcn"), "-o", "b"]);
    assert!(out.contains("Nothing was removed"), "{out}");
    let out = stdout(folder.path(), &["prune", SMALL, small_model("gcn"), "-o", "b", "--delta-a", "0.5"]);
    assert!(!out.contains("Nothing was removed"), "{out}");
}

#[test]
fn inspect_says_what_things_are() {
    let folder = folder();
    let model = small_model("gcn");
    stdout(folder.path(), &["prune", SMALL, model, "-o", "b", "--delta-a", "0.5"]);
    let out = stdout(folder.path(), &["inspect", SMALL, model, "b", "b/recipe.toml"]);
    for part in ["2,100", "GCN 16-16-4", "bundle: b", "recipe: b/recipe.toml"] {
        assert!(out.contains(part), "{part} in {out}");
    }
    let items = json(folder.path(), &["inspect", SMALL, model, "b", "b/recipe.toml"]);
    let kinds: Vec<_> = items.as_array().expect("a list").iter().map(|i| i["kind"].as_str().unwrap_or("")).collect();
    assert_eq!(kinds, ["graph", "model", "bundle", "recipe"]);
    assert_eq!(items[0]["n_entries"], 2_100);
    assert_eq!(items[1]["layers"][1]["d_out"], 4);
    assert_eq!(items[3]["recipe"]["edges"]["delta"][0], 0.5);
}

#[test]
#[cfg(unix)]
fn a_reader_that_goes_away_is_no_panic() {
    let folder = folder();
    let program = assert_cmd::cargo::cargo_bin("unifews");
    let mut child = Command::new(program)
        .args(["inspect", "sample:karate", "--quiet"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("ended");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn without_a_display_the_main_job_is_done_all_the_same() {
    let folder = folder();
    let out = unifews(folder.path())
        .args([SMALL, small_model("gcn"), "--quiet"])
        .assert()
        .success()
        .stderr(contains("no display"))
        .get_output()
        .stdout
        .clone();
    assert!(String::from_utf8_lossy(&out).contains("unifews replay unifews-out/bundle"));
    for file in [
        "summary.md",
        "bundle/manifest.json",
        "heatmaps/layer_1_edges_kept.png",
        "heatmaps/layer_2_weights_strength.png",
        "sweep/results.csv",
        "sweep/accuracy.svg",
    ] {
        assert!(folder.path().join("unifews-out").join(file).is_file(), "{file}");
    }
    stdout(folder.path(), &["replay", "unifews-out/bundle"]);
    // A second time it replaces its own folder.
    unifews(folder.path()).args([SMALL, small_model("gcn"), "--headless", "--quiet"]).assert().success();
}

#[cfg(target_os = "linux")]
#[test]
fn a_display_that_cannot_be_reached_is_said_in_words_without_places_in_source_files() {
    let folder = folder();
    let assert = unifews(folder.path())
        .env("DISPLAY", ":4242")
        .args([SMALL, small_model("gcn"), "--quiet"])
        .assert()
        .success()
        .stderr(contains("no display: "));
    let said = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(!said.contains(".rs") && !said.contains("panicked") && !said.contains("registry"), "{said}");
    assert!(folder.path().join("unifews-out/summary.md").is_file());
}

#[test]
fn a_setting_of_the_models_own_family_needs_no_arch_beside_it() {
    let folder = folder();
    let model = small_model("sgc");
    let document = json(folder.path(), &["prune", SMALL, model, "--hops", "2", "--delta-a", "0.5", "-o", "b"]);
    assert_eq!(document["recipe"]["model"]["hops"], 2);
    check(
        &["prune", SMALL, small_model("gcn"), "--hops", "2", "-o", "b"],
        2,
        "--hops: expected a family with this setting (sgc, appnp, gbp), found gcn",
    );
}
