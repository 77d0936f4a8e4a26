//! Certificates beside a bundle: `load_bundle.py --certificate` computes them again, and finds every number that was changed.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use predicates::str::contains;
use serde_json::{Value, json};
use unifews::engine::certify::{Calibration, Candidate, Certificate, CertifyOptions, Paired, certify};
use unifews::engine::control::Control;
use unifews::engine::experiment::{Run, RunOptions, run};
use unifews::engine::score::predictions;
use unifews::engine::sparsify::Recipe;
use unifews::io::bundle::write_bundle;
use unifews::io::read_model;

use super::common::{SMALL, folder, json as stdout_json, python, small_graph, small_model, stdout, unifews};

/// Runs of the small graph with rising thresholds.
fn path(ctl: &Control) -> Vec<(String, Run)> {
    let dataset = small_graph().shared();
    let model = Arc::new(read_model(small_model("gcn")).expect("a model").0);
    let pruned = |delta: f64| {
        let mut recipe = Recipe::default();
        recipe.edges.delta = vec![delta];
        recipe.weights.delta = vec![delta];
        (format!("δ {delta}"), run(&dataset, &model, &recipe, RunOptions::PREVIEW, None, ctl).expect("a run"))
    };
    [0.0, 0.2, 1.5].into_iter().map(pruned).collect()
}

fn certified(path: &[(String, Run)], calibration: Calibration, ctl: &Control) -> Certificate {
    let said: Vec<(&str, Vec<u32>)> =
        path.iter().map(|(title, run)| (title.as_str(), predictions(&run.pruned.logits))).collect();
    let candidates: Vec<Candidate<'_>> =
        said.iter().map(|(title, predictions)| Candidate { title, predictions }).collect();
    let run = &path[0].1;
    // Groups are large enough where the test nodes are held out, too.
    let mut split = run.split.clone();
    split.val.append(&mut split.test);
    let labels = run.dataset.labels().expect("labels");
    let options = CertifyOptions { limit: 0.2, level: 0.9, calibration };
    let baseline = predictions(&run.baseline_logits);
    certify(run.dataset.topology(), labels, &split, &baseline, &candidates, options, ctl).expect("enough nodes")
}

/// Exit code of the bundle's script, and what it says.
fn checked(python: &Path, bundle: &Path) -> (Option<i32>, String) {
    let script = bundle.join("load_bundle.py");
    let output = Command::new(python).arg(script).arg("--certificate").output().expect("Python started");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), said)
}

#[test]
fn python_computes_a_certificate_again_and_finds_what_was_changed() {
    let Some(python) = python("python_computes_a_certificate_again_and_finds_what_was_changed") else { return };
    let ctl = Control::new(2).expect("workers");
    let (folder, path) = (folder(), path(&ctl));
    let bundle = folder.path().join("b");
    write_bundle(&path[1].1, &bundle, &ctl).expect("written");
    let (code, said) = checked(&python, &bundle);
    assert!(code == Some(1) && said.contains("expected certificate.json, found no such file"), "{said}");

    let write = |value: &Value| std::fs::write(bundle.join("certificate.json"), value.to_string()).expect("written");
    for calibration in [Calibration::Validation, Calibration::Half { seed: 5 }] {
        let certificate = certified(&path, calibration, &ctl).beside(1);
        assert!(certificate.groups.iter().any(|g| g.sequence.is_some()), "{:?}", certificate.groups);
        assert_eq!(certificate.overall.certified.map(|last| last >= 1), Some(true), "{:?}", certificate.overall);
        write(&serde_json::to_value(&certificate).expect("plain values"));
        let (code, said) = checked(&python, &bundle);
        assert!(code == Some(0) && said.ends_with("the certificate holds\n"), "{said}");
    }

    let certificate = certified(&path, Calibration::Validation, &ctl).beside(1);
    let right = serde_json::to_value(&certificate).expect("plain values");
    let group = certificate.groups.iter().position(|g| g.sequence.is_some()).expect("a group that is large enough");
    let places = [
        ("/overall/points/1/harmed".to_owned(), "nodes harmed, counted"),
        ("/overall/points/2/helped".to_owned(), "p-value"),
        ("/overall/points/2/p_value".to_owned(), "p-value"),
        ("/overall/points/0/smallest_limit".to_owned(), "is not the smallest limit"),
        (format!("/groups/{group}/sequence/points/1/harmed"), "nodes harmed, counted"),
        (format!("/groups/{group}/n"), "nodes, counted"),
        ("/path/1/changed/0/n_changed".to_owned(), "changed, counted"),
        ("/path/1/changed/2/n_changed".to_owned(), "val nodes"),
    ];
    for (place, expected) in places {
        let mut wrong = right.clone();
        let value = wrong.pointer_mut(&place).expect("a number");
        *value = if value.is_u64() { json!(value.as_u64().expect("a count") + 1) } else { json!(0.987) };
        write(&wrong);
        let (code, said) = checked(&python, &bundle);
        assert_eq!(code, Some(1), "{place}: {said}");
        assert!(said.contains(expected) && said.contains("the certificate does not hold"), "{place}: {said}");
    }
    let mut wrong = right.clone();
    wrong["overall"]["certified"] = Value::Null;
    write(&wrong);
    assert!(checked(&python, &bundle).1.contains("last certified model None, computed"));

    // Another prediction than that which was counted.
    write(&right);
    let file = bundle.join("predictions.csv");
    let table = std::fs::read_to_string(&file).expect("a table");
    let mut lines: Vec<String> = table.lines().map(str::to_owned).collect();
    let at = 1 + certificate.nodes[0] as usize;
    let mut cells: Vec<&str> = lines[at].split(',').collect();
    cells[3] = "9";
    lines[at] = cells.join(",");
    std::fs::write(&file, lines.join("\n")).expect("written");
    let (code, said) = checked(&python, &bundle);
    assert!(code == Some(1) && said.contains("all nodes: "), "{said}");
}

#[test]
fn a_model_beyond_the_last_certified_one_is_said_to_be_so() {
    let Some(python) = python("a_model_beyond_the_last_certified_one_is_said_to_be_so") else { return };
    let ctl = Control::new(2).expect("workers");
    let (folder, path) = (folder(), path(&ctl));
    let bundle = folder.path().join("b");
    write_bundle(&path[2].1, &bundle, &ctl).expect("written");
    let certificate = certified(&path, Calibration::Validation, &ctl).beside(2);
    assert!(!certificate.holds(), "{:?}", certificate.overall);
    let text = serde_json::to_string_pretty(&certificate).expect("plain values");
    std::fs::write(bundle.join("certificate.json"), text).expect("written");
    let (code, said) = checked(&python, &bundle);
    assert!(
        code == Some(1) && said.contains("every number is right, but this model is not certified: δ 1.5"),
        "{said}"
    );
}

#[test]
fn python_has_the_p_values_of_the_engine() {
    let Some(python) = python("python_has_the_p_values_of_the_engine") else { return };
    let mut cases = Vec::new();
    for (n, step) in [(1, 1), (30, 7), (97, 5), (621, 13), (5_000, 171), (125_000, 30_001)] {
        let most = n.min(4 * step);
        for harmed in (0..=most).step_by(step) {
            for helped in (0..=most - harmed).step_by(step) {
                for limit in [0.002, 0.02, 0.3] {
                    let p = Paired { n, harmed, helped }.p_value(limit);
                    cases.push(json!([n, harmed, helped, limit, p]));
                }
            }
        }
    }
    assert!(cases.len() > 150, "{} cases", cases.len());
    let script = "
import json, sys
from load_bundle import discordance_interval, paired_p_value
for n, harmed, helped, limit, expected in json.load(open(sys.argv[1])):
    found = paired_p_value(n, harmed - helped, discordance_interval(n, harmed + helped, 0.005), limit, 0.005, 12)
    if abs(found - expected) > 1e-9:
        sys.exit(f'{harmed} harmed, {helped} helped of {n} at {limit}: {found}, not {expected}')
";
    let folder = folder();
    let file = folder.path().join("cases.json");
    std::fs::write(&file, Value::from(cases).to_string()).expect("written");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/io/bundle");
    let output = Command::new(python)
        .env("PYTHONPATH", source)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .args(["-c", script])
        .arg(file)
        .output()
        .expect("Python started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_run_is_certified_without_a_budget_and_says_its_errors_beside_their_bounds() {
    let folder = folder();
    let prune = ["prune", SMALL, small_model("gcn"), "-o", "b", "--no-timing", "--edge-mode", "target"];
    let asked = [&prune[..], &["--delta-a", "0.3", "--errors"]].concat();
    let out = stdout_json(folder.path(), &[&asked[..], &["--certify", "25"]].concat());
    let certificate = &out["certificate"];
    assert_eq!((certificate["limit"].as_f64(), &certificate["calibration"]["of"]), (Some(0.25), &json!("half")));
    let file = std::fs::read(folder.path().join("b/certificate.json")).expect("in the bundle");
    assert_eq!(serde_json::from_slice::<Value>(&file).expect("JSON"), *certificate);
    let errors = out["metrics"]["errors"].as_array().expect("one per layer");
    assert_eq!(errors.len(), 2);
    for step in errors {
        let number = |key: &str| step[key].as_f64().expect("a number");
        assert!(0.0 < number("attained") && number("attained") <= number("bound") * 1.000_001, "{step}");
        assert!(number("bound") <= number("threshold_bound") * 1.000_001, "{step}");
        assert!(number("median") <= number("largest") && step["n_changed"].as_u64() > Some(0), "{step}");
    }
    if let Some(python) = python("a_run_is_certified_without_a_budget_and_says_its_errors_beside_their_bounds") {
        let (_, said) = checked(&python, &folder.path().join("b"));
        assert!(said.contains("certificate"), "{said}");
    }
    // For people: the sentence, groups, what holds for certain, what is covered and what not.
    let text = stdout(folder.path(), &[&asked[..], &["--certify"]].concat());
    for part in
        ["ertified: ", " 2.0 points", "degree ", "too few", "class changed", "Covers:", "Does not cover:", "ε bound"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let call = |more: &[&str]| unifews(folder.path()).args([&prune[..], more].concat()).arg("--quiet").assert().code(2);
    call(&["--certify", "0"]).stderr(contains("--certify: expected points to lose above 0 and below 100, found 0"));
    call(&["--certify", "2", "--lose-at-most", "2"]).stderr(contains("cannot be used with"));
    // Too few nodes are found before anything is computed.
    let tiny = "sample:powerlaw?nodes=60&edges=300&features=16&classes=4&seed=7";
    let few = ["prune", tiny, small_model("gcn"), "-o", "few", "--certify", "2", "--quiet"];
    unifews(folder.path()).args(few).assert().code(1).stderr(contains(
        "certificate: expected at least 30 labelled validation nodes in the half that is tested; a split with more of them has enough, found ",
    ));
    assert!(!folder.path().join("few").exists());
    // Attention has no fixed matrix.
    stdout(folder.path(), &["train", SMALL, "-o", "g.safetensors", "--arch", "gat", "--hidden", "8", "--epochs", "2"]);
    let gat = ["prune", SMALL, "g.safetensors", "-o", "c", "--errors", "--quiet"];
    unifews(folder.path()).args(gat).assert().code(1).stderr(contains("nothing is bounded here: attention"));
}
