//! `prune --lose-at-most`: a budget instead of thresholds, and a bundle that says what is certified.

use std::process::Command;

use predicates::str::contains;

use super::common::{SMALL, folder, json, python, small_model, stdout, unifews};

#[test]
fn a_budget_finds_a_recipe_and_the_bundle_certifies_it() {
    let folder = folder();
    let model = small_model("gcn");
    let document = json(
        folder.path(),
        &["prune", SMALL, model, "-o", "b", "--lose-at-most", "20", "--for", "entries", "--no-timing"],
    );
    let tried = document["budget"].as_array().expect("what was tried");
    assert!(tried.len() >= 6, "{tried:?}");
    let is_within = |point: &serde_json::Value| point["loss"].as_f64().expect("a number") <= 0.2;
    assert!(tried.iter().all(|point| point["is_within"].as_bool() == Some(is_within(point))), "{tried:?}");
    let most = tried.iter().filter(|p| is_within(p)).filter_map(|p| p["share"].as_f64()).fold(0.0, f64::max);
    assert_eq!(document["recipe"]["edges"]["delta"][0].as_f64(), Some(most));
    assert_eq!(document["recipe"]["weights"]["delta"][0].as_f64(), Some(0.0), "only entries are to go");
    assert!(document["recipe"]["recovery"].is_object());
    let bundle = folder.path().join("b");
    let certificate = std::fs::read(bundle.join("certificate.json")).expect("beside the model");
    let certificate: serde_json::Value = serde_json::from_slice(&certificate).expect("JSON");
    assert_eq!(certificate, document["certificate"]);
    assert!(stdout(folder.path(), &["replay", "b"]).contains("identical"));
    if let Some(python) = python("a_budget_finds_a_recipe_and_the_bundle_certifies_it") {
        let output = Command::new(python).arg(bundle.join("load_bundle.py")).arg("--certificate").output();
        let output = output.expect("Python started");
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains("the certificate holds"), "{said}");
    }
    let told = stdout(
        folder.path(),
        &["prune", SMALL, model, "-o", "t", "--lose-at-most", "20", "--for", "size", "--no-timing"],
    );
    assert!(told.contains("Within 20 points: removes 0.0 % of the entries and"), "{told}");
    assert!(told.contains("chosen") && told.contains("certified at most"), "{told}");
}

#[test]
fn a_budget_that_nothing_meets_and_one_beside_thresholds_are_refused_in_words() {
    let folder = folder();
    let model = small_model("gcn");
    let run = |more: &[&str]| {
        let arguments = [&["prune", SMALL, model, "-o", "b", "--quiet"][..], more].concat();
        unifews(folder.path()).args(arguments).assert()
    };
    run(&["--lose-at-most", "150"]).failure().stderr(contains("points to lose from 0 to below 100"));
    for wrong in ["--lose-at-most=nan", "--lose-at-most=-1", "--lose-at-most=100"] {
        run(&[wrong]).code(2).stderr(contains("points to lose from 0 to below 100"));
    }
    run(&["--lose-at-most", "1", "--delta-a", "0.5"]).code(2).stderr(contains("cannot be used with"));
    run(&["--lose-at-most", "1", "--for", "fame"]).code(2).stderr(contains("time"));
    assert!(!folder.path().join("b").exists());
}
