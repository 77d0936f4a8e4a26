//! `check`: a bundle of customers against later months, its exit codes, its history, and what it refuses.

use std::fmt::Write as _;
use std::path::Path;

use predicates::prelude::PredicateBooleanExt as _;
use predicates::str::contains;

use super::common::{SMALL, folder, json, small_model, stdout, unifews};

/// A month of customers: `n` of them with a habit each, who know the others of their kind; from number 240 on with other habits if `drifts`.
/// Classes have names, in the order in which they come.
fn write_month(folder: &Path, name: &str, n: usize, drifts: bool, first_class: usize) {
    let kinds = ["loyal", "leaving", "new"];
    let folder = folder.join(name);
    std::fs::create_dir(&folder).expect("a folder");
    // A stream of numbers of its own for every customer, so that nobody changes from month to month.
    let draw = |u: usize, at: usize| ((u * 2_654_435_761 + at * 40_503 + 7) >> 5) % 1000;
    let mut features = String::from("id,visits,basket,returns\n");
    let mut edges = String::from("source,target\n");
    let mut labels = String::from("id,class\n");
    let order = (0..n).map(|at| (at + first_class) % n);
    for u in order {
        let kind = u % 3;
        let other = if drifts && u >= 240 { 9.0 } else { 0.0 };
        let noise = |at: usize| draw(u, at) as f64 / 1000.0;
        let row: Vec<String> =
            (0..3).map(|at| format!("{:.3}", f64::from(u8::from(at == kind)) * 2.0 + noise(at) + other)).collect();
        writeln!(features, "c{u},{}", row.join(",")).expect("text");
        writeln!(labels, "c{u},{}", kinds[kind]).expect("text");
        for at in 0..4 {
            let friend = draw(u, 10 + at) % n / 3 * 3 + kind;
            if friend < n && friend != u {
                writeln!(edges, "c{u},c{friend}").expect("text");
            }
        }
    }
    for (file, text) in [("features.csv", features), ("edges.csv", edges), ("labels.csv", labels)] {
        std::fs::write(folder.join(file), text).expect("written");
    }
}

#[test]
fn a_bundle_is_checked_month_by_month_and_the_history_grows() {
    let folder = folder();
    let at = folder.path();
    write_month(at, "march", 240, false, 0);
    write_month(at, "april", 330, false, 1);
    write_month(at, "may", 420, true, 0);
    stdout(at, &["train", "march", "-o", "m.safetensors", "--hidden", "8", "--epochs", "60"]);
    let prune = ["prune", "march", "m.safetensors", "-o", "b", "--delta-a", "0.6", "--delta-w", "0.3", "--no-timing"];
    stdout(at, &[&prune[..], &["--recover", "none"]].concat());
    let bundle = std::fs::read(at.join("b/manifest.json")).expect("written");

    let april = json(at, &["check", "b", "--graph", "april", "--model", "m.safetensors"]);
    assert_eq!((&april["level"], &april["command"]), (&"fine".into(), &"check".into()), "{april}");
    assert_eq!(
        (&april["nodes"]["new"], &april["n_arrived"], &april["nodes"]["gone"]),
        (&90.into(), &90.into(), &0.into())
    );
    assert!(april["agreement"]["now"].as_f64().expect("measured") > 0.5);
    // Classes are compared by name, whatever the order in which they come.
    assert!(april["labelled"]["pruned"]["accuracy"].as_f64().expect("labels") > 0.6, "{april}");

    let may = unifews(at).args(["check", "b", "--graph", "may", "--quiet"]).assert().code(3);
    let said = String::from_utf8(may.get_output().stdout.clone()).expect("text");
    for words in ["Re-evaluate: ", "nodes that arrived", "(--model)", "history: ", "Fine"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let history = std::fs::read_to_string(at.join("b.checks.jsonl")).expect("a history");
    let lines: Vec<serde_json::Value> =
        history.lines().map(|line| serde_json::from_str(line).expect("a check")).collect();
    assert_eq!(
        lines.iter().map(|line| line["level"].as_str().expect("a level")).collect::<Vec<_>>(),
        ["fine", "re-evaluate"]
    );
    assert_eq!(lines[1]["n_arrived"], 90, "since April, not since March");
    assert_eq!(lines[1]["nodes"]["new"], 180);

    // Without a history the bundle's folder stays as it is, and all new nodes are looked at.
    let document = json_of(at, &["check", "b", "--graph", "may", "--no-history"], 3);
    assert_eq!(document["n_arrived"], 180);
    assert_eq!(std::fs::read_to_string(at.join("b.checks.jsonl")).expect("a history"), history);
    assert_eq!(std::fs::read(at.join("b/manifest.json")).expect("there"), bundle, "the bundle is nobody's history");
    stdout(at, &["replay", "b"]);
}

/// The document of a command that ends with this code.
fn json_of(folder: &Path, arguments: &[&str], code: i32) -> serde_json::Value {
    let done = unifews(folder).args(arguments).args(["--json", "--quiet"]).assert().code(code);
    serde_json::from_slice(&done.get_output().stdout).expect("one JSON document")
}

#[test]
fn what_does_not_go_together_is_refused_with_the_way_out() {
    let folder = folder();
    let at = folder.path();
    let prune = ["prune", SMALL, small_model("gcn"), "-o", "b", "--delta-a", "0.6", "--recover", "none", "--no-timing"];
    stdout(at, &prune);
    let same = json(at, &["check", "b", "--graph", SMALL]);
    assert_eq!(
        (&same["level"], &same["n_arrived"], &same["n_changed_features"]),
        (&"fine".into(), &0.into(), &0.into())
    );
    let refused = |arguments: &[&str], words: &str| {
        let done = unifews(at).args(["check", "b"]).args(arguments).arg("--quiet").assert().code(1);
        done.stderr(contains(words));
    };
    refused(&["--graph", "sample:karate"], "as before, found 34");
    refused(&["--graph", SMALL, "--model", small_model("sgc")], "the model that was pruned, with SHA-256");
    refused(&["--graph", SMALL, "--reference", "sample:karate"], "SHA-256");
    std::fs::write(at.join("b.seen"), "something else").expect("written");
    refused(&["--graph", SMALL], "a list of nodes (unifews-seen/1), or move the file away");
    std::fs::remove_file(at.join("b.seen")).expect("gone");
    std::fs::write(at.join("b.checks.jsonl"), "{\"format\": \"unifews-check/9\"}\n").expect("written");
    refused(&["--graph", SMALL], "line 1");
    let text = std::fs::read_to_string(at.join("b.checks.jsonl")).expect("there");
    assert_eq!(text, "{\"format\": \"unifews-check/9\"}\n", "what is not understood is not overwritten");
    // Limits are the recipe's.
    std::fs::remove_file(at.join("b.checks.jsonl")).expect("gone");
    std::fs::write(at.join("r.toml"), "format = \"unifews-recipe/1\"\n[monitor]\nsignificance = 2\n").expect("written");
    let wrong = ["prune", SMALL, small_model("gcn"), "-o", "c", "--recipe", "r.toml", "--quiet"];
    unifews(at)
        .args(wrong)
        .assert()
        .failure()
        .stderr(contains("monitor.significance: expected a number above 0 and below 1"));
    std::fs::write(at.join("r.toml"), "format = \"unifews-recipe/1\"\n[monitor]\nno_such = 2\n").expect("written");
    unifews(at).args(wrong).assert().failure().stderr(contains("no_such"));
}

/// A full disk, as a limit on the size of files.
#[cfg(unix)]
#[test]
fn an_answer_is_given_where_its_history_cannot_be_written() {
    let folder = folder();
    let at = folder.path();
    let prune = ["prune", SMALL, small_model("gcn"), "-o", "b", "--delta-a", "0.6", "--recover", "none", "--no-timing"];
    stdout(at, &prune);
    let program = assert_cmd::cargo::cargo_bin("unifews");
    let done = std::process::Command::new("sh")
        .args(["-c", "ulimit -f 0; exec \"$@\"", "sh"])
        .arg(program)
        .args(["check", "b", "--graph", SMALL, "--quiet"])
        .current_dir(at)
        .output()
        .expect("run");
    let [said, warned] = [done.stdout, done.stderr].map(|bytes| String::from_utf8(bytes).expect("text"));
    assert!(done.status.code() == Some(0) && said.starts_with("Fine: "), "{:?} {said} {warned}", done.status);
    assert!(warned.contains("this check is not in the history"), "{warned}");
    assert!(!at.join("b.checks.jsonl").exists() && !at.join("b.seen").exists(), "nothing by halves");
}

/// A month, a model and a bundle.
fn bundle_of_march(at: &Path) {
    write_month(at, "march", 240, false, 0);
    stdout(at, &["train", "march", "-o", "m.safetensors", "--hidden", "8", "--epochs", "60"]);
    let prune = ["prune", "march", "m.safetensors", "-o", "b", "--delta-a", "0.6", "--delta-w", "0.3", "--no-timing"];
    stdout(at, &[&prune[..], &["--recover", "none"]].concat());
}

#[test]
fn the_first_graph_is_read_once_and_what_is_kept_of_it_says_the_same() {
    let folder = folder();
    let at = folder.path();
    bundle_of_march(at);
    write_month(at, "april", 330, false, 1);
    let unkept = ["check", "b", "--graph", "april", "--model", "m.safetensors", "--no-history"];
    let without = |mut document: serde_json::Value| {
        document["at"] = 0.into();
        document
    };
    let fresh = without(json(at, &unkept));
    assert!(!at.join("b.reference").exists(), "--no-history writes nothing");
    assert_eq!(fresh["heard_of"], "unpruned-model");
    // Without the unpruned model its passes are not kept either; the next check that names it reads the graph once more.
    let plain = without(json(at, &["check", "b", "--graph", "april", "--no-history"]));
    json(at, &["check", "b", "--graph", "april"]);
    let small = std::fs::metadata(at.join("b.reference")).expect("kept").len();
    assert_eq!(without(json(at, &["check", "b", "--graph", "april", "--no-history"])), plain);
    json(at, &unkept[..6]);
    assert!(std::fs::metadata(at.join("b.reference")).expect("kept").len() > small);

    std::fs::rename(at.join("march"), at.join("elsewhere")).expect("moved");
    assert_eq!(without(json(at, &unkept)), fresh, "the first graph is not there, and every number is");
    assert_eq!(without(json(at, &["check", "b", "--graph", "april", "--no-history"])), plain);
    // One changed byte, and it is not used: the graph is looked for, and read where it is again.
    let mut bytes = std::fs::read(at.join("b.reference")).expect("kept");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(at.join("b.reference"), &bytes).expect("written");
    unifews(at).args(unkept).arg("--quiet").assert().code(1).stderr(contains("graph of the bundle"));
    let again = ["check", "b", "--graph", "april", "--model", "m.safetensors", "--reference", "elsewhere", "--quiet"];
    unifews(at).args(again).assert().code(0).stderr(contains("made anew").and(contains("SHA-256")));
    unifews(at).args(again).assert().code(0).stderr(contains("made anew").not());
    // A bundle that was written again is another one.
    std::fs::rename(at.join("elsewhere"), at.join("march")).expect("moved");
    let prune = ["prune", "march", "m.safetensors", "-o", "b", "--delta-a", "0.5", "--recover", "none", "--no-timing"];
    stdout(at, &prune);
    unifews(at).args(unkept).arg("--quiet").assert().code(0).stderr(contains("a reference of this bundle"));
}

#[test]
fn columns_are_found_by_their_names_and_a_missing_one_is_named() {
    let folder = folder();
    let at = folder.path();
    bundle_of_march(at);
    write_month(at, "april", 330, false, 0);
    let straight = json(at, &["check", "b", "--graph", "april", "--no-history"]);
    let text = std::fs::read_to_string(at.join("april/features.csv")).expect("written");
    let with = |order: &[usize], names: &[&str]| {
        let mut all = String::new();
        for (row, line) in text.lines().enumerate() {
            let fields: Vec<&str> = line.split(',').collect();
            let chosen: Vec<&str> = order.iter().map(|at| if *at < fields.len() { fields[*at] } else { "7" }).collect();
            let line = if row == 0 { names.join(",") } else { chosen.join(",") };
            writeln!(all, "{line}").expect("text");
        }
        std::fs::write(at.join("april/features.csv"), all).expect("written");
    };
    with(&[0, 3, 9, 1, 2], &["id", "returns", "age", "visits", "basket"]);
    let done = unifews(at).args(["check", "b", "--graph", "april", "--no-history", "--json", "--quiet"]).assert();
    let done = done.code(0).stderr(contains("matched by their names; left out: age"));
    let turned: serde_json::Value = serde_json::from_slice(&done.get_output().stdout).expect("one JSON document");
    for key in ["confidence", "steps", "labelled", "n_changed_features"] {
        assert_eq!(straight[key], turned[key], "{key}");
    }
    with(&[0, 1, 2], &["id", "visits", "basket"]);
    let refused = unifews(at).args(["check", "b", "--graph", "april", "--quiet"]).assert().code(1);
    refused.stderr(contains("the 3 of the first graph, found no returns"));
}

#[test]
fn customers_of_several_groups_are_checked_and_their_groups_go_by_name() {
    let folder = folder();
    let at = folder.path();
    // One column per group; in April in another order.
    let with_groups = |month: &str, order: [usize; 3]| {
        let names = ["loyal", "leaving", "new"];
        let text = std::fs::read_to_string(at.join(month).join("labels.csv")).expect("written");
        let mut all = format!("id,{}\n", order.map(|group| names[group]).join(","));
        for (row, line) in text.lines().skip(1).enumerate() {
            let (id, class) = line.split_once(',').expect("two fields");
            let is_in = |group: usize| usize::from(names[group] == class || (row + group).is_multiple_of(7));
            writeln!(all, "{id},{}", order.map(|group| is_in(group).to_string()).join(",")).expect("text");
        }
        std::fs::write(at.join(month).join("labels.csv"), all).expect("written");
    };
    write_month(at, "march", 240, false, 0);
    write_month(at, "april", 330, false, 0);
    with_groups("march", [0, 1, 2]);
    with_groups("april", [2, 0, 1]);
    stdout(at, &["train", "march", "-o", "m.safetensors", "--hidden", "8", "--epochs", "120"]);
    let prune = ["prune", "march", "m.safetensors", "-o", "b", "--delta-a", "0.6", "--delta-w", "0.3", "--no-timing"];
    stdout(at, &[&prune[..], &["--recover", "none"]].concat());
    let april = json(at, &["check", "b", "--graph", "april", "--model", "m.safetensors"]);
    assert_eq!((&april["n_arrived"], &april["estimated"]), (&90.into(), &serde_json::Value::Null));
    let [before, now] =
        ["before", "pruned"].map(|side| april["labelled"][side]["accuracy"].as_f64().expect("measured"));
    assert!(now > before - 0.1, "groups in another order are the same groups: {before} {now}");
    assert!(april["agreement"]["now"].as_f64().expect("measured") > 0.3, "{april}");
}
