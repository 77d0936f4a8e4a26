//! `export --as pilot`: the server's answers are those of the bundles, its routes are stable, its log is read as the program counts, and
//! a kill loses no more than a line.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use predicates::prelude::PredicateBooleanExt as _;
use predicates::str::contains;
use serde_json::Value;

use super::common::{SMALL, folder, json, kill, python, small_model, stdout, unifews};

/// A server at work, on a port that was free.
struct Served {
    child: Child,
    url: String,
    /// What it says; closed, it would have nobody to say it to.
    _out: BufReader<ChildStdout>,
}

impl Served {
    fn start(python: &Path, pilot: &Path, log: &Path) -> Self {
        let serve = pilot.join("serve.py");
        let mut command = Command::new(python);
        command.arg(serve).args(["--port", "0", "--log"]).arg(log).stdout(Stdio::piped());
        let mut child = command.spawn().expect("Python started");
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        out.read_line(&mut line).expect("it says where it listens");
        let url = line.split_whitespace().find(|word| word.starts_with("http://")).expect("an address");
        Self { url: url.trim_end_matches(',').to_owned(), child, _out: out }
    }

    /// What the client found, which compares every answer.
    fn ask(&self, python: &Path, pilot: &Path, arguments: &[&str]) -> Value {
        let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/pilot.py");
        let output = Command::new(python).arg(client).arg(&self.url).arg(pilot).args(arguments).output().expect("run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("one JSON document")
    }

    #[cfg(unix)]
    fn stop(mut self) {
        super::common::send(&self.child, rustix::process::Signal::TERM);
        assert_eq!(self.child.wait().expect("ended").code(), Some(0), "a stop is no failure");
    }

    #[cfg(not(unix))]
    fn stop(self) {
        kill(self.child);
    }
}

fn read_log(python: &Path, pilot: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } =
        Command::new(python).arg(pilot.join("read_log.py")).args(arguments).output().expect("Python started");
    (status.code(), String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr))
}

fn read_log_json(python: &Path, pilot: &Path, arguments: &[&str]) -> (Option<i32>, Value) {
    let (code, said) = read_log(python, pilot, &[arguments, &["--json"]].concat());
    (code, serde_json::from_str(&said).expect("one JSON document"))
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// The classes that both bundles of a pilot say, by node, and the labels: `(node, label, baseline, pruned)`.
fn classes(pilot: &Path) -> Vec<(String, String, String, String)> {
    let rows = |arm: &str| {
        let table = std::fs::read_to_string(pilot.join(arm).join("predictions.csv")).expect("a table");
        let row = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
        table.lines().skip(1).map(row).collect::<Vec<_>>()
    };
    let pairs = rows("baseline").into_iter().zip(rows("pruned"));
    pairs.map(|(a, b)| (a[0].clone(), a[1].clone(), a[3].clone(), b[3].clone())).collect()
}

/// `pilot.json` with another value, as its README allows.
fn set(pilot: &Path, key: &str, value: Value) {
    let path = pilot.join("pilot.json");
    let mut note: Value = serde_json::from_slice(&std::fs::read(&path).expect("there")).expect("JSON");
    note[key] = value;
    std::fs::write(&path, note.to_string()).expect("written");
}

fn lines_of(log: &Path) -> Vec<Result<Value, serde_json::Error>> {
    std::fs::read_to_string(log).expect("a log").lines().map(serde_json::from_str).collect()
}

#[test]
fn ten_thousand_requests_get_the_answers_of_replay() {
    let folder = folder();
    let at = folder.path();
    let prune = ["prune", "sample:cora", "sample:cora-gcn", "-o", "b", "--delta-a", "0.5", "--delta-w", "0.5"];
    let pruned = json(at, &[&prune[..], &["--recover", "none", "--no-timing"]].concat());
    let agreement = pruned["metrics"]["agreement"].as_f64().expect("a share");
    let export = ["export", "b", "--as", "pilot", "--model", "sample:cora-gcn", "-o", "pilot", "--share", "30"];
    let written = json(at, &export);
    assert_eq!(written["is_verified"], true);
    assert_eq!(written["pilot"]["agreement"].as_f64(), Some(agreement));
    assert_eq!((&written["pilot"]["limit"], &written["pilot"]["limit_is"]), (&0.02.into(), &"asked".into()));
    // Both are bundles like any other, and the pruned one is the same to the last byte.
    let same = |name: &str| std::fs::read(at.join(name)).expect("there");
    for file in ["manifest.json", "edges/layer_01.npz", "README.md"] {
        assert_eq!(same(&format!("b/{file}")), same(&format!("pilot/pruned/{file}")), "{file}");
    }
    let pilot = at.join("pilot");
    let changed = classes(&pilot).iter().filter(|(_, _, baseline, pruned)| baseline != pruned).count();
    assert!(
        changed > 0 && (1.0 - changed as f64 / 2_485.0 - agreement).abs() < 1e-12,
        "{changed} of 2,485, {agreement}"
    );

    let Some(python) = python("ten_thousand_requests_get_the_answers_of_replay") else { return };
    let log = at.join("requests.jsonl");
    let served = Served::start(&python, &pilot, &log);
    let found = served.ask(&python, &pilot, &["10000"]);
    served.stop();
    assert_eq!((&found["n_answers"], &found["n_nodes"]), (&10_000.into(), &2_485.into()));
    // Four standard deviations of a binomial share.
    let n_pruned = found["n_pruned"].as_f64().expect("a count");
    assert!((n_pruned - 0.3 * 2_485.0).abs() < 4.0 * (2_485.0 * 0.3 * 0.7f64).sqrt(), "{n_pruned}");
    for (name, status) in [
        ("unknown", 404),
        ("unknown_of_many", 404),
        ("no_node", 400),
        ("path", 404),
        ("method", 405),
        ("post_health", 405),
        ("not_json", 400),
        ("no_list", 400),
        ("too_many", 400),
        ("too_large", 413),
    ] {
        assert_eq!(found["refusals"][name][0], status, "{name}: {}", found["refusals"]);
    }
    assert_eq!(found["health"]["status"], "ok");

    let lines = lines_of(&log);
    assert!(lines.len() == 10_000 && lines.iter().all(Result::is_ok), "what was refused is not in the log");
    let (code, said) = read_log_json(&python, &pilot, &[text(&log)]);
    let sampled: std::collections::BTreeSet<String> = lines
        .iter()
        .flatten()
        .filter(|line| !line["other"].is_null())
        .map(|line| line["id"].as_str().expect("an id").to_owned())
        .collect();
    let of_sample = classes(&pilot).into_iter().filter(|row| sampled.contains(&row.0)).collect::<Vec<_>>();
    let n_changed = of_sample.iter().filter(|row| row.2 != row.3).count();
    assert!((sampled.len() as f64 - 0.25 * 2_485.0).abs() < 4.0 * (2_485.0 * 0.25 * 0.75f64).sqrt());
    assert_eq!((&said["agreement"]["n"], &said["agreement"]["n_changed"]), (&sampled.len().into(), &n_changed.into()));
    let interval = said["agreement"]["interval"].as_array().expect("an interval");
    assert!(interval[0].as_f64() < Some(agreement) && Some(agreement) < interval[1].as_f64(), "{interval:?}");
    assert_eq!(said["routing"]["n_pruned"].as_f64(), Some(n_pruned));
    for arm in ["baseline", "pruned"] {
        let side = &said["milliseconds"][arm];
        assert!(side["median"]["interval"][0].as_f64() <= side["median"]["value"].as_f64(), "{side}");
        assert!(side["p95"]["value"].as_f64() > side["median"]["value"].as_f64(), "{side}");
    }
    let at_most = said["agreement"]["changed_at_most"].as_f64().expect("a bound");
    assert_eq!(code, Some(if at_most <= 0.02 { 0 } else { 3 }), "{said}");
    // The same log against a limit that the bound keeps.
    let kept = (100.0 * at_most + 0.1).to_string();
    let (code, page) = read_log(&python, &pilot, &[text(&log), "--limit", &kept]);
    assert!(code == Some(0) && page.starts_with("Within the limit: "), "{page}");
}

#[test]
fn labels_that_came_later_decide_by_the_certificates_test() {
    let folder = folder();
    let at = folder.path();
    let prune = ["prune", SMALL, small_model("gcn"), "-o", "b", "--delta-a", "0.4", "--delta-w", "0.4", "--no-timing"];
    let pruned = json(at, &[&prune[..], &["--recover", "none", "--certify", "30"]].concat());
    let export = ["export", "b", "--as", "pilot", "--model", small_model("gcn"), "-o", "pilot", "--sample", "100"];
    let written = json(at, &export);
    let holds = pruned["certificate"]["overall"]["certified"].as_u64() >= pruned["certificate"]["exported"].as_u64();
    assert_eq!(written["pilot"]["limit_is"], if holds { "certified" } else { "asked" }, "{}", pruned["certificate"]);
    let Some(python) = python("labels_that_came_later_decide_by_the_certificates_test") else { return };
    let (pilot, log) = (at.join("pilot"), at.join("requests.jsonl"));
    set(&pilot, "limit", 0.3.into());
    let served = Served::start(&python, &pilot, &log);
    served.ask(&python, &pilot, &["0", "64"]);
    served.stop();
    let (_, said) = read_log_json(&python, &pilot, &[text(&log)]);
    let rows = classes(&pilot);
    let n_changed = rows.iter().filter(|row| row.2 != row.3).count();
    assert_eq!((&said["agreement"]["n"], &said["agreement"]["n_changed"]), (&300.into(), &n_changed.into()));
    let agreement = pruned["metrics"]["agreement"].as_f64().expect("a share");
    assert!((said["agreement"]["agreement"].as_f64().expect("a share") - agreement).abs() < 1e-12);

    // Labels of the calibration nodes alone: the certificate's own counts and p-value.
    let certificate = &pruned["certificate"];
    let nodes = certificate["nodes"].as_array().expect("nodes").iter().map(|u| u.as_u64().expect("a row") as usize);
    let csv = nodes.map(|u| format!("{},{}\n", rows[u].0, rows[u].1)).collect::<Vec<_>>().concat();
    let labels = at.join("labels.csv");
    std::fs::write(&labels, format!("id,class\n{csv}")).expect("written");
    let point = &certificate["overall"]["points"][certificate["exported"].as_u64().expect("which") as usize];
    let (code, said) = read_log_json(&python, &pilot, &[text(&log), "--labels", text(&labels), "--known-labels"]);
    let test = &said["test"];
    assert_eq!((&test["harmed"], &test["helped"]), (&point["harmed"], &point["helped"]), "{said}");
    let near = |a: &Value, b: &Value| (a.as_f64().expect("p") - b.as_f64().expect("p")).abs() < 1e-8;
    assert!(
        near(&test["p_within"], &point["p_value"]) && near(&test["loss_at_most"], &point["smallest_limit"]),
        "{test} {point}"
    );
    assert_eq!(code, Some(if test["p_within"].as_f64() <= Some(0.05) { 0 } else { 3 }), "{said}");
    // Known before: they count for nothing unless that is asked for.
    let (_, said) = read_log_json(&python, &pilot, &[text(&log), "--labels", text(&labels)]);
    assert!(said["test"].is_null() && said["labels"]["n_known_before"].as_u64() > Some(0), "{said}");

    // Where the baseline is always right, every changed answer is harm; enough of it is more than a small limit.
    let csv = rows.iter().map(|row| format!("{},{}\n", row.0, row.2)).collect::<Vec<_>>().concat();
    std::fs::write(&labels, csv).expect("written");
    let arguments = [text(&log), "--labels", text(&labels), "--known-labels", "--limit", "0.1"];
    let (code, page) = read_log(&python, &pilot, &arguments);
    assert!(n_changed > 5 && code == Some(4) && page.starts_with("Worse than the limit: "), "{n_changed}: {page}");
}

#[test]
fn a_kill_loses_a_line_at_most_and_broken_lines_are_counted() {
    let folder = folder();
    let at = folder.path();
    stdout(
        at,
        &["prune", SMALL, small_model("gcn"), "-o", "b", "--delta-a", "0.4", "--recover", "none", "--no-timing"],
    );
    let export = ["export", "b", "--as", "pilot", "--model", small_model("gcn"), "-o", "pilot"];
    let said = stdout(at, &export);
    assert!(said.contains("50.0 % of the nodes go to the pruned model") && said.contains("serve.py"), "{said}");
    let Some(python) = python("a_kill_loses_a_line_at_most_and_broken_lines_are_counted") else { return };
    let (pilot, log) = (at.join("pilot"), at.join("requests.jsonl"));
    let served = Served::start(&python, &pilot, &log);
    served.ask(&python, &pilot, &["300"]);
    kill(served.child);
    assert!(lines_of(&log).iter().filter(|line| line.is_err()).count() <= 1 && lines_of(&log).len() >= 300);
    // A line that was cut, and one of another pilot.
    let mut file = std::fs::OpenOptions::new().append(true).open(&log).expect("there");
    file.write_all(b"{\"pilot\": \"another\", \"id\": \"5\"}\n{\"time\": \"2026-").expect("written");
    drop(file);
    let served = Served::start(&python, &pilot, &log);
    served.ask(&python, &pilot, &["300"]);
    served.stop();
    let (_, said) = read_log_json(&python, &pilot, &[text(&log)]);
    assert_eq!((&said["log"]["n_broken"], &said["log"]["n_of_others"]), (&1.into(), &1.into()), "{said}");
    assert_eq!(said["log"]["n_lines"], 602);
    let (_, page) = read_log(&python, &pilot, &[text(&log)]);
    assert!(page.contains("1 of 602 lines are broken and were left out"), "{page}");
    let (code, said) = read_log(&python, &pilot, &[text(&at.join("none.jsonl"))]);
    assert!(code == Some(1) && said.contains("none.jsonl"), "{said}");
    std::fs::write(&log, "").expect("written");
    let (code, said) = read_log(&python, &pilot, &[text(&log)]);
    assert!(code == Some(3) && said.contains("no node with both answers"), "{said}");
}

#[test]
fn what_makes_no_pilot_is_refused_with_the_way_out() {
    let folder = folder();
    let at = folder.path();
    let prune = ["prune", SMALL, small_model("gcn"), "-o", "b", "--delta-a", "0.5", "--recover", "none", "--no-timing"];
    stdout(at, &prune);
    let refused = |arguments: &[&str], code: i32, words: &str| {
        let done = unifews(at).args(["export", "b", "-o", "out"]).args(arguments).arg("--quiet").assert().code(code);
        done.stderr(contains(words));
        assert!(!at.join("out").exists(), "nothing is left behind");
    };
    refused(&["--as", "pilot"], 2, "--model: expected the model that was pruned");
    refused(&["--as", "pilot,recipe-toml", "--model", small_model("gcn")], 2, "pilot alone");
    refused(&["--as", "recipe-toml", "--share", "20"], 2, "--share: expected --as pilot with it");
    refused(&["--as", "pilot", "--model", small_model("gcn"), "--share", "101"], 2, "percent from 0 to 100");
    refused(&["--as", "pilot", "--model", small_model("gcn"), "--limit", "0"], 2, "points above 0 and below 100");
    refused(&["--as", "pilot", "--model", small_model("sgc")], 1, "the model that was pruned, with SHA-256");
    // Statistics of all nodes: a single one cannot be answered.
    let train =
        ["train", SMALL, "-o", "n.safetensors", "--hidden", "8", "--epochs", "3", "--network", "norm=layer-graph"];
    stdout(at, &train);
    stdout(at, &["prune", SMALL, "n.safetensors", "-o", "c", "--delta-a", "0.5", "--recover", "none", "--no-timing"]);
    let done = unifews(at).args(["export", "c", "-o", "out", "--as", "pilot", "--model", "n.safetensors"]).assert();
    done.code(1).stderr(contains("no pilot of this model").and(contains("statistics of all nodes")));
}

/// What a page calls a bundle must be one.
#[test]
fn a_pilot_without_features_asks_for_them_and_a_zip_is_unpacked() {
    let folder = folder();
    let at = folder.path();
    let prune = ["prune", SMALL, small_model("gcn"), "-o", "b.zip", "--delta-a", "0.5", "--recover", "none"];
    stdout(at, &[&prune[..], &["--no-timing", "--without-features"]].concat());
    let export = ["export", "b.zip", "--as", "pilot", "--model", small_model("gcn"), "-o", "pilot"];
    stdout(at, &export);
    for arm in ["baseline", "pruned"] {
        assert!(at.join("pilot").join(arm).join("load_bundle.py").is_file());
        assert!(!at.join("pilot").join(arm).join("features.npy").exists(), "they stay at home");
        stdout(at, &["replay", &format!("pilot/{arm}"), "--graph", SMALL]);
    }
    let Some(python) = python("a_pilot_without_features_asks_for_them_and_a_zip_is_unpacked") else { return };
    let serve: PathBuf = at.join("pilot/serve.py");
    let output = Command::new(&python).arg(serve).args(["--port", "0"]).current_dir(at).output().expect("run");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("--features"), "{said}");
    // With them it begins, and says what keeps it from listening.
    let features = at.join("f");
    stdout(at, &["prune", SMALL, small_model("gcn"), "-o", text(&features), "--delta-a", "0.5", "--no-timing"]);
    let features = features.join("features.npy");
    let mut command = Command::new(&python);
    command.arg(at.join("pilot/serve.py")).arg("--features").arg(features).args(["--log", "none/requests.jsonl"]);
    let output = command.current_dir(at).output().expect("run");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.starts_with("the log cannot be written: "), "{said}");
    // The same call writes over it; a folder that something was added to stays.
    stdout(at, &export);
    std::fs::write(at.join("pilot/requests.jsonl"), "{}\n").expect("written");
    unifews(at).args(export).arg("--quiet").assert().code(1).stderr(contains("requests.jsonl"));
}

/// Every line of the section is run as it stands there, but for what waits for a person: requests are sent by the client of these tests.
#[test]
fn the_section_from_pilot_to_re_certification_works_as_written() {
    let name = "the_section_from_pilot_to_re_certification_works_as_written";
    let Some(python) = python(name) else { return };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/OPERATIONS.md")).expect("the page");
    let (_, section) = page.split_once("## From pilot to re-certification, once").expect("the section");
    let (section, _) = section.split_once("\n## ").expect("another section behind it");
    let mut is_code = false;
    let mut lines = Vec::new();
    for line in section.lines() {
        if line.starts_with("```") {
            is_code = line == "```sh";
        } else if is_code {
            lines.push(line.replace("SAMPLES", text(&root.join("sample_graphs"))));
        }
    }
    let folder = folder();
    let at = folder.path();
    // What the page says of this line; all others end with 0.
    let is_drift = |line: &str| line.contains("check customers-bundle --graph customers-june");
    let code_of = |line: &str| if is_drift(line) { 3 } else { 0 };
    let mut served = None;
    for line in &lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[0] {
            "unifews" => drop(unifews(at).args(&words[1..]).arg("--quiet").assert().code(code_of(line))),
            "curl" => assert!(served.is_some(), "{line}"),
            _ if line.ends_with('&') => {
                let pilot = at.join("customers-pilot");
                let server = Served::start(&python, &pilot, &at.join("requests.jsonl"));
                server.ask(&python, &pilot, &["900"]);
                served = Some(server);
            }
            _ => {
                let program = if words[0] == "python" { python.as_path() } else { Path::new(words[0]) };
                let done = Command::new(program).args(&words[1..]).current_dir(at).output().expect("run");
                let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
                assert_eq!(done.status.code(), Some(code_of(line)), "{line}: {said}");
            }
        }
    }
    served.expect("a pilot").stop();
    let n_of = |word: &str| lines.iter().filter(|line| line.contains(word)).count();
    assert_eq!((n_of("unifews "), n_of("read_log.py"), n_of("check ")), (8, 2, 3), "{lines:?}");
    assert_eq!(lines.iter().filter(|line| is_drift(line)).count(), 1, "the page says that June drifts: {lines:?}");
}
