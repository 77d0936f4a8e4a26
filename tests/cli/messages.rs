//! Exit codes, what goes to stdout and what to stderr.

use std::process::{Command, Stdio};

use predicates::prelude::PredicateBooleanExt as _;
use predicates::str::{contains, is_empty};
use unifews::session::project::{self, PROJECT_FORMAT, Project};

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
fn a_number_below_0_is_the_options_and_what_is_wrong_is_said_of_it() {
    let prune = |more: &[&'static str]| [&["prune", SMALL, small_model("gcn"), "-o", "b"], more].concat();
    check(&prune(&["--delta-a", "-0.5"]), 2, "recipe, edges.delta: expected numbers of at least 0, found -0.5");
    check(&prune(&["--delta-a", "-0.5,0.3"]), 2, "recipe, edges.delta: expected numbers of at least 0, found -0.5");
    check(
        &prune(&["--channels", "-1"]),
        2,
        "recipe, channels.share: expected a share of at least 0 and below 1, found -1",
    );
    check(&prune(&["--seed", "-1"]), 2, "invalid value '-1' for '--seed <N>'");
    check(&["--threads", "-2"], 2, "invalid value '-2' for '--threads <N>'");
    check(&["sweep", SMALL, small_model("gcn"), "-o", "s", "--grid-a", "-1,0.5"], 2, "found -1");
    for (option, value) in [("--limit", "-1"), ("--certify", "-2"), ("--lose-at-most", "-1"), ("--hop-weights", "-x,1")]
    {
        let folder = folder();
        let asked = [&["prune", SMALL, small_model("gcn"), "-o", "b", "--quiet"][..], &[option, value]].concat();
        let output = unifews(folder.path()).args(asked).assert().code(2).get_output().clone();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!said.contains("unexpected argument") && said.contains(value), "{option}: {said}");
    }
    // What is no number of the user's is still an option.
    check(&prune(&["--channels", "--quiet"]), 2, "a value is required for '--channels <X>'");
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

#[test]
fn a_limit_of_memory_is_a_number_above_0() {
    for given in ["0", "-1", "nan", "inf", "-inf", "much", ""] {
        let option = format!("--max-memory={given}");
        for command in
            [&["inspect", SMALL][..], &["train", SMALL, "-o", "m"], &["replay", "b"], &["propagate", SMALL, "-o", "d"]]
        {
            check(&[command, &[option.as_str()]].concat(), 2, "expected a number of GiB above 0");
        }
    }
    check(&["inspect", SMALL, "--max-memory", "-1"], 2, "expected a number of GiB above 0");
}

#[test]
fn more_threads_than_help_are_not_started_and_that_is_said() {
    let folder = folder();
    let said = |arguments: &[&str]| {
        let output = unifews(folder.path()).args(arguments).assert().success().get_output().clone();
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let asked = said(&["inspect", "sample:karate", "--threads", "4096"]);
    assert!(asked.contains("threads instead of 4096"), "{asked}");
    assert!(!said(&["inspect", "sample:karate", "--threads", "2"]).contains("threads"));
    let recipe = "format = \"unifews-recipe/1\"\nthreads = 1000000000\n[model]\narchitecture = \"gcn\"\nhidden = 16\n";
    std::fs::write(folder.path().join("r.toml"), recipe).expect("a recipe");
    let asked = said(&["train", SMALL, "-o", "m.safetensors", "--recipe", "r.toml", "--epochs", "1"]);
    assert!(asked.contains("threads instead of 1000000000"), "{asked}");
}

#[test]
fn training_says_what_it_takes_and_is_refused_where_there_is_less() {
    let folder = folder();
    let train = ["train", SMALL, "-o", "m.safetensors", "--hidden", "16", "--epochs", "1"];
    unifews(folder.path()).args(train).assert().success().stderr(contains("training takes at most about "));
    let small = [&train[..], &["--max-memory", "0.03"]].concat();
    check(&small, 1, "--max-memory");
    // 92 bytes that ask for more than any machine has.
    let recipe =
        "format = \"unifews-recipe/1\"\nseed = 1\n[model]\narchitecture = \"gcn\"\nlayers = 64\nhidden = 60000\n";
    std::fs::write(folder.path().join("r.toml"), recipe).expect("a recipe");
    for command in ["train", "sweep"] {
        unifews(folder.path()).args([command, SMALL, "-o", "n", "--recipe", "r.toml"]).assert().code(1).stderr(
            contains("training takes at most about ").and(contains("a smaller --hidden or --layers takes less")),
        );
    }
    // Any number of epochs is asked for, none is made room for.
    let many = [
        "train",
        SMALL,
        "-o",
        "n",
        "--hidden",
        "16",
        "--epochs",
        "18446744073709551615",
        "--schedule",
        "lottery",
        "--weight-mode",
        "absolute",
    ];
    unifews(folder.path()).args(many).assert().code(2).stderr(contains("weights.mode").and(contains("panicked").not()));
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 3);
}

#[test]
#[cfg(target_os = "linux")]
fn under_a_limit_of_the_process_itself_it_is_refused_and_not_aborted() {
    let folder = folder();
    let program = assert_cmd::cargo::cargo_bin("unifews");
    let limited = |arguments: &[&str]| {
        let mut command = Command::new("sh");
        command
            .args(["-c", "ulimit -v 600000; exec \"$@\"", "sh"])
            .arg(&program)
            .args(arguments)
            .current_dir(folder.path());
        let output = command.output().expect("run");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let large = "sample:powerlaw?nodes=200000&edges=2000000&features=512";
    let (code, said) = limited(&["inspect", large]);
    assert!(code == Some(1) && said.contains("ulimit -v") && said.contains("200000 nodes"), "{code:?}: {said}");
    let (code, said) = limited(&["train", SMALL, "-o", "m", "--hidden", "8000", "--layers", "3", "--epochs", "1"]);
    assert!(code == Some(1) && said.contains("ulimit -v") && said.contains("training takes"), "{code:?}: {said}");
    let values = vec![b'0'; 700 << 20];
    std::fs::write(folder.path().join("r.safetensors"), [&8u64.to_le_bytes()[..], b"{}      ", &values].concat())
        .expect("written");
    let (code, said) = limited(&["inspect", "r.safetensors"]);
    assert!(code == Some(1) && said.contains("ulimit -v") && said.contains("r.safetensors"), "{code:?}: {said}");
    let (code, said) = limited(&["inspect", SMALL]);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
#[cfg(unix)]
fn a_pipe_as_input_is_refused_at_once() {
    let folder = folder();
    let pipe = folder.path().join("pipe");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).expect("a pipe");
    for arguments in [
        &["inspect", "pipe"][..],
        &["prune", SMALL, "pipe", "-o", "b"],
        &["prune", "pipe", small_model("gcn"), "-o", "b"],
        &["train", SMALL, "-o", "m", "--recipe", "pipe"],
        &["replay", "pipe"],
        &["propagate", SMALL, "-o", "p", "--lock", "pipe"],
    ] {
        unifews(folder.path()).args(arguments).assert().code(1).stderr(contains("found a named pipe"));
    }
}

#[test]
fn a_recipe_from_elsewhere_reads_no_files_of_its_choice() {
    let (home, other) = (folder(), folder());
    let secret = other.path().join("secret.txt");
    std::fs::write(&secret, "password\n").expect("a file");
    let secret = secret.to_str().expect("UTF-8");
    let recipe = format!(
        "format = \"unifews-recipe/1\"\n[model]\narchitecture = \"gcn\"\nhidden = 16\n[edges]\nlock = {secret:?}\n"
    );
    std::fs::write(home.path().join("r.toml"), recipe).expect("a recipe");
    let train = ["train", SMALL, "-o", "m.safetensors", "--epochs", "1", "--recipe", "r.toml"];
    unifews(home.path()).args(train).assert().code(1).stderr(
        contains("recipe, edges.lock: expected a file in the folder of the recipe")
            .and(contains("--trust-recipe"))
            .and(contains("password").not()),
    );
    std::fs::write(secret, "0\n1\n").expect("ids");
    unifews(home.path()).args(train).arg("--trust-recipe").assert().success();
    // What the user names is the user's.
    unifews(home.path())
        .args(["train", SMALL, "-o", "m.safetensors", "--epochs", "1", "--hidden", "16", "--lock", secret])
        .assert()
        .success();
}

#[test]
fn a_recipe_that_would_grow_without_end_is_refused() {
    let folder = folder();
    let mut text = "a: &a [lol,lol,lol,lol,lol,lol,lol,lol,lol]\n".to_owned();
    for (before, name) in ('a'..='l').zip('b'..='m') {
        let all = vec![format!("*{before}"); 9].join(",");
        text.extend([&name.to_string(), ": &", &name.to_string(), " [", &all, "]\n"]);
    }
    std::fs::write(folder.path().join("bomb.yaml"), text + "format: unifews-recipe/1\n").expect("a recipe");
    unifews(folder.path()).args(["inspect", "bomb.yaml"]).assert().code(1).stderr(contains("bomb.yaml"));
}

#[test]
fn a_sweep_of_several_kinds_says_once_what_memory_it_takes() {
    let folder = folder();
    let sweep = [
        &["sweep", SMALL, small_model("gcn"), "-o", "s", "--grid-a", "0.5", "--grid-w", "0", "--no-timing"][..],
        &["--methods", "unifews,random", "--shares", "0.5", "--sensitivity"],
    ]
    .concat();
    let assert = unifews(folder.path()).args(&sweep).assert().success();
    let said = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert_eq!(said.matches("a run takes at most").count(), 1, "{said}");
}

#[test]
fn the_main_job_runs_a_project() {
    let folder = folder();
    let project = Project {
        format: PROJECT_FORMAT.to_owned(),
        graph: Some(SMALL.to_owned()),
        model: Some(small_model("gcn").to_owned()),
        ..Project::default()
    };
    let mut given = project.clone();
    given.recipe.edges.delta = vec![0.7];
    project::write(&folder.path().join("mine.unifews"), &given).expect("a project");
    // Its model lies elsewhere: what a project names outside its folder is read only where the user names it, too.
    let refused = unifews(folder.path()).args(["mine.unifews", "--headless", "--quiet"]).assert().code(2);
    let said = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
    assert!(said.contains("a model in the folder of the project") && said.contains("name it beside it"), "{said}");
    let arguments = ["mine.unifews", small_model("gcn"), "--headless", "--quiet"];
    unifews(folder.path()).args(arguments).assert().success();
    let recipe = std::fs::read_to_string(folder.path().join("unifews-out/bundle/recipe.toml")).expect("a recipe");
    assert!(recipe.contains("0.7"), "{recipe}");
    let two = ["mine.unifews", "mine.unifews", "--headless", "--quiet"];
    unifews(folder.path()).args(two).assert().code(2).stderr(contains("one project"));
}
