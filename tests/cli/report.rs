//! `report`: what is written, that it is the same again, and what is refused.

use std::fs;
use std::path::Path;

use predicates::prelude::PredicateBooleanExt as _;
use predicates::str::contains;

use super::common::{SMALL, folder, json, small_model, stdout, unifews};

fn bundle(folder: &Path, name: &str, delta: &str) {
    let arguments = ["prune", SMALL, small_model("gcn"), "-o", name, "--no-timing", "--edge-mode", "target"];
    stdout(folder, &[&arguments[..], &["--delta-a", delta]].concat());
}

#[test]
fn a_bundle_is_reported_on_in_both_languages_and_alike_again() {
    let folder = folder();
    let here = folder.path();
    bundle(here, "b", "0.5");
    let sweep = ["sweep", SMALL, small_model("gcn"), "-o", "s", "--no-timing", "--grid-a", "0,0.5", "--grid-w", "0"];
    stdout(here, &sweep);
    let report = |language: &str, file: &str| {
        let arguments = ["report", "b", "-o", file, "--language", language, "--sweep", "s"];
        json(here, &arguments)
    };
    let told = report("en", "en.html");
    assert_eq!((told["command"].as_str(), told["language"].as_str()), (Some("report"), Some("en")));
    let english = fs::read(here.join("en.html")).expect("written");
    assert_eq!(told["size_bytes"].as_u64(), Some(english.len() as u64));
    report("en", "again.html");
    assert_eq!(english, fs::read(here.join("again.html")).expect("written"), "the same bytes");
    report("ja", "ja.html");
    let (english, japanese) =
        (String::from_utf8(english).expect("UTF-8"), fs::read_to_string(here.join("ja.html")).expect("written"));
    let metrics = fs::read(here.join("b/metrics.json")).expect("written");
    let metrics: serde_json::Value = serde_json::from_slice(&metrics).expect("JSON");
    let removed = metrics["totals"]["edge_sparsity"].as_f64().expect("a share");
    let removed = format!("{:.1} %", 100.0 * removed);
    for page in [&english, &japanese] {
        assert!(page.contains(&removed) && page.contains("<svg") && !page.contains("<script"), "{removed}");
    }
    assert!(english.contains("time not measured") && !english.contains("times as fast"), "--no-timing measured none");
    assert!(japanese.contains("時間は未測定") && japanese.contains("<html lang=\"ja\">"));
    // The system's language where none is named.
    let mut command = unifews(here);
    command.env("LC_ALL", "ja_JP.UTF-8").args(["report", "b", "-o", "system.html", "--quiet"]).assert().success();
    assert!(fs::read_to_string(here.join("system.html")).expect("written").contains("<html lang=\"ja\">"));
}

#[test]
fn several_bundles_are_compared() {
    let folder = folder();
    let here = folder.path();
    bundle(here, "half", "0.5");
    bundle(here, "most", "0.9");
    stdout(here, &["report", "half", "most", "-o", "r.html", "--language", "en"]);
    let page = fs::read_to_string(here.join("r.html")).expect("written");
    assert!(page.contains("2 pruned models side by side") && page.matches("class=\"decision\"").count() == 2);
}

#[test]
fn what_cannot_be_reported_is_said_with_the_way_out() {
    let folder = folder();
    let here = folder.path();
    bundle(here, "b", "0.5");
    let refused = |arguments: &[&str], code: i32, says: &[&str]| {
        let mut command = unifews(here);
        let assert = command.arg("report").args(arguments).arg("--quiet").assert().code(code);
        let error = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
        for word in says {
            assert!(error.contains(word), "{word}: {error}");
        }
    };
    refused(&["b", "-o", "r.docx"], 2, &["--output", ".html", "r.docx"]);
    refused(&["b", "-o", "r.html", "--price", "0"], 2, &["--price", "above 0"]);
    refused(&["b", "-o", "r.html", "--currency", "EUR"], 2, &["--price"]);
    refused(&["b", "-o", "r.html", "--language", "fr"], 2, &["en or ja"]);
    refused(&["nothing", "-o", "r.html"], 1, &["nothing"]);
    refused(&["b", "-o", "r.html", "--sweep", "b"], 1, &["results.json", "unifews sweep -o"]);
    refused(&["b", "-o", "r.html", "--stress", "."], 1, &["stress.json", "unifews stress -o"]);
    refused(&["b", "-o", "no/folder/r.html"], 1, &["no/folder"]);
    assert!(!here.join("r.html").exists(), "nothing half-written is left");
    // A sweep of another model is not this bundle's.
    let sweep = ["sweep", SMALL, small_model("sgc"), "-o", "s", "--no-timing", "--grid-a", "0", "--grid-w", "0"];
    stdout(here, &sweep);
    refused(&["b", "-o", "r.html", "--sweep", "s"], 1, &["expected results of GCN", "found SGC"]);
    // What lies at the place stays where the report fails.
    fs::write(here.join("old.html"), "old").expect("written");
    refused(&["b", "-o", "old.html", "--sweep", "s"], 1, &[]);
    assert_eq!(fs::read_to_string(here.join("old.html")).expect("there"), "old");
    unifews(here).args(["report", "--help"]).assert().success().stdout(contains("--sweep").and(contains("--price")));
}
