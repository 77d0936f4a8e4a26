//! `store --as parquet`, `cluster`, `worker` and `compare-run`: the same recipe on a cluster. Spark itself runs in `tests/clients/cluster.py`.

use std::path::{Path, PathBuf};
use std::process;

use predicates::prelude::PredicateBooleanExt as _;
use predicates::str::contains;

use super::common::{SMALL, folder, json, python, small_model, stdout, unifews};

/// A pruned bundle `b` of [`SMALL`] in a folder of its own.
fn pruned(more: &[&str]) -> tempfile::TempDir {
    let folder = folder();
    let arguments =
        ["prune", SMALL, small_model("gcn"), "-o", "b", "--delta-a", "0.5", "--delta-w", "0.5", "--no-timing"];
    stdout(folder.path(), &[&arguments[..], more].concat());
    folder
}

fn manifest(folder: &Path, bundle: &str) -> serde_json::Value {
    let text = std::fs::read_to_string(folder.join(bundle).join("manifest.json")).expect("a manifest");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn tables_open_as_the_graph_that_they_were_written_from() {
    let folder = pruned(&["--recover", "none"]);
    let said = stdout(folder.path(), &["store", SMALL, "--as", "parquet", "-o", "tables"]);
    assert!(said.contains("300 nodes") && said.contains("wrote tables") && !said.contains("as-stored"), "{said}");
    let arguments =
        ["prune", "tables", small_model("gcn"), "-o", "c", "--delta-a", "0.5", "--delta-w", "0.5", "--no-timing"];
    stdout(folder.path(), &[&arguments[..], &["--recover", "none"]].concat());
    let [first, second] = ["b", "c"].map(|bundle| manifest(folder.path(), bundle)["graph"].clone());
    assert_eq!((&first["sha256"], &first["labels_sha256"]), (&second["sha256"], &second["labels_sha256"]));
    let compared = json(folder.path(), &["compare-run", "b", "c"]);
    assert!(compared["is_same"] == true && compared["n_logits"] == 1200, "{compared}");
    // Again in its place; not in that of something else.
    stdout(folder.path(), &["store", SMALL, "--as", "parquet", "-o", "tables"]);
    unifews(folder.path()).args(["store", SMALL, "--as", "parquet", "-o", "b", "--quiet"]).assert().failure();
    // One way, without self-loops, with text ids and weights: said how it is read again, and it is.
    std::fs::write(folder.path().join("w.csv"), "source,target,weight\na,b,0.5\nb,c,2\nc,a,1.25\na,a,3\n")
        .expect("written");
    std::fs::write(folder.path().join("w.features.csv"), "id,width,height\na,1,2\nb,3,4\nc,5,6.5\n").expect("written");
    let ways = ["--direction", "as-stored", "--self-loops", "as-stored"];
    let said = stdout(folder.path(), &[&["store", "w.csv", "--as", "parquet", "-o", "w"], &ways[..]].concat());
    assert!(said.contains("--direction as-stored --self-loops as-stored"), "{said}");
    let inspect = |path: &str| json(folder.path(), &[&["inspect", path], &ways[..]].concat());
    let (before, after) = (inspect("w.csv"), inspect("w"));
    let of = |document: &serde_json::Value| {
        let text = document.to_string();
        ["\"n_nodes\":3", "\"n_entries\":4", "\"n_features\":2"].map(|part| text.contains(part))
    };
    assert_eq!(of(&before), of(&after), "{before}\n{after}");
}

#[test]
fn runs_that_differ_are_told_apart_and_end_with_1() {
    let folder = pruned(&["--recover", "none"]);
    let arguments =
        ["prune", SMALL, small_model("gcn"), "-o", "c", "--delta-a", "0.6", "--delta-w", "0.5", "--no-timing"];
    stdout(folder.path(), &[&arguments[..], &["--recover", "none"]].concat());
    let differ = contains("logits have other bits").and(contains("by the second alone")).and(contains("Jaccard"));
    let mut command = unifews(folder.path());
    command
        .args(["compare-run", "b", "c", "--quiet"])
        .assert()
        .code(1)
        .stdout(differ)
        .stderr(contains("the runs differ"));
    let told = unifews(folder.path()).args(["compare-run", "b", "c", "--json", "--quiet"]).output().expect("it runs");
    assert_eq!(told.status.code(), Some(1));
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).expect("JSON");
    let number = |value: &serde_json::Value, key: &str| value[key].as_f64().expect("a number");
    for step in told["steps"].as_array().expect("steps") {
        let (both, first, second) = (number(step, "both"), number(step, "first_alone"), number(step, "second_alone"));
        assert!((number(step, "jaccard") - both / (both + first + second)).abs() < 1e-12, "{step}");
        assert!((number(step, "overlap") - both / (both + first.min(second))).abs() < 1e-12, "{step}");
    }
    let count = |value: &serde_json::Value, key: &str| value[key].as_u64().expect("a count");
    let classes = told["changed_by_class"].as_array().expect("classes");
    let sum = |key: &str| classes.iter().map(|class| count(class, key)).sum::<u64>();
    let nodes = count(&told, "n_nodes");
    assert_eq!([sum("first"), sum("second"), sum("changed")], [nodes, nodes, count(&told, "n_other_classes")]);
    let mut command = unifews(folder.path());
    command.args(["compare-run", "b", "nowhere", "--quiet"]).assert().code(1).stderr(contains("nowhere"));
    std::fs::create_dir_all(folder.path().join("out/predictions")).expect("a folder");
    let mut command = unifews(folder.path());
    let empty = contains("expected files of Parquet, as a job writes them, found none");
    command.args(["compare-run", "out", "b", "--quiet"]).assert().code(1).stderr(empty);
    // Files that are no Parquet, and a job that did not finish.
    std::fs::create_dir_all(folder.path().join("out/entries")).expect("a folder");
    for part in ["predictions", "entries"] {
        std::fs::write(folder.path().join("out").join(part).join("part-0.parquet"), [7u8; 300]).expect("written");
    }
    let refused = |says: &'static str| {
        let mut command = unifews(folder.path());
        command.args(["compare-run", "out", "b", "--quiet"]).assert().code(1).stderr(contains(says));
    };
    refused("none: the job did not finish");
    std::fs::write(folder.path().join("out/metrics.json"), "{}").expect("written");
    refused("expected a table in Parquet, found something else");
    std::fs::write(folder.path().join("out/predictions/part-0.parquet"), "").expect("written");
    refused("expected a table in Parquet, found something else");
}

#[test]
fn a_job_is_written_whole_and_says_what_it_cannot_do() {
    let folder = pruned(&["--recover", "none"]);
    let document = json(folder.path(), &["cluster", "b", "-o", "job"]);
    assert_eq!((&document["format"], &document["n_features"]), (&"unifews-cluster-job/1".into(), &16.into()));
    for file in
        ["job.py", "job.json", "recipe.toml", "model.safetensors", "masks.safetensors", "README.md", "requirements.txt"]
    {
        assert!(folder.path().join("job").join(file).is_file(), "{file}");
    }
    let readme = std::fs::read_to_string(folder.path().join("job/README.md")).expect("a page");
    assert!(
        ["--master spark://", "--master yarn", "k8s://", "local[4]"].iter().all(|way| readme.contains(way)),
        "{readme}"
    );
    // The workers' own words.
    let says = |arguments: &[&str]| {
        let mut command = unifews(folder.path());
        let output = command.args(["worker", "job"]).args(arguments).assert().success().get_output().clone();
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let plan = |more: &[&str]| -> serde_json::Value {
        let shape = ["plan", "--nodes", "300", "--blocks", "3", "--direction", "symmetrised"];
        let text = says(&[&shape[..], more].concat());
        serde_json::from_str(&text).expect("JSON")
    };
    assert_eq!(says(&["check"]).trim(), env!("CARGO_PKG_VERSION"));
    let (plan, fixed) = (plan(&[]), plan(&["--thresholds", "bundle"]));
    assert_eq!((&plan["rows_per_block"], &plan["n_blocks"]), (&128.into(), &3.into()));
    assert_eq!(plan["stages"].as_array().map(Vec::len), Some(8), "{plan}");
    assert_eq!(fixed["stages"].as_array().map(Vec::len), Some(4), "nothing is measured: {fixed}");
    let worker = |arguments: &[&str], input: &'static str, says: &'static str| {
        let mut command = unifews(folder.path());
        command.args(["worker", "job"]).args(arguments).write_stdin(input).assert().code(1).stderr(contains(says));
    };
    let shape = ["--nodes", "300", "--rows-per-block", "128"];
    worker(&[&["pack"], &shape[..]].concat(), "no stream", "record batches: ");
    worker(&["pack", "--nodes", "300", "--rows-per-block", "100"], "", "expected a multiple of 64, found 100");
    std::fs::write(folder.path().join("d.json"), "{}").expect("written");
    let stage = ["stage", "--stage", "99", "--decisions", "d.json"];
    worker(&[&stage[..], &shape[..]].concat(), "", "expected a number below 8, found 99");
    worker(&[&["decide", "--stage", "0", "--decisions", "none.json"], &shape[..]].concat(), "", "cannot open");
    worker(&[&["decide", "--stage", "0", "--decisions", "d.json"], &shape[..]].concat(), "{", "expected one to a line");
    // A job of another version.
    let note = folder.path().join("job/job.json");
    let text = std::fs::read_to_string(&note).expect("a note");
    std::fs::write(&note, text.replace(env!("CARGO_PKG_VERSION"), "9.9.9")).expect("written");
    worker(&["check"], "", "which this worker has (write the job again: unifews cluster), found 9.9.9");
    std::fs::write(&note, text.replace("unifews-cluster-job/1", "unifews-cluster-job/7")).expect("written");
    worker(&["check"], "", "unifews-cluster-job/7");
    // What somebody changed is not replaced.
    let mut command = unifews(folder.path());
    command.args(["cluster", "b", "-o", "job", "--quiet"]).assert().failure().stderr(contains("job.json"));
}

#[test]
fn a_job_with_mass_thresholds_says_which_graph_it_goes_with() {
    let folder = folder();
    let mass = ["--edge-mode", "mass", "--delta-a", "1e-4", "--recover", "none", "--no-timing"];
    stdout(folder.path(), &[&["prune", SMALL, small_model("sgc"), "-o", "b"], &mass[..]].concat());
    stdout(folder.path(), &["cluster", "b", "-o", "job"]);
    let plan = ["plan", "--nodes", "300", "--blocks", "3", "--direction"];
    let worker = |more: &[&str]| {
        let mut command = unifews(folder.path());
        command.args(["worker", "job"]).args(plan).args(more).assert()
    };
    worker(&["symmetrised"]).success().stdout(contains("how far numbers go"));
    worker(&["as-stored"]).code(2).stderr(contains("--direction symmetrised").and(contains("edges as stored")));
    worker(&["symmetrised", "--weighted"]).code(2).stderr(contains("leave the column weight out"));
    worker(&["symmetrised", "--thresholds", "bundle"]).failure().stderr(contains("--thresholds recipe"));
}

#[test]
fn what_recovery_fitted_is_no_job_for_a_cluster() {
    let folder = pruned(&["--recover", "one-shot"]);
    let mut command = unifews(folder.path());
    let words = contains("prune with --recover none").and(contains("replay and predict"));
    command.args(["cluster", "b", "-o", "job", "--quiet"]).assert().failure().stderr(words);
    assert!(!folder.path().join("job").exists(), "nothing is written");
}

/// An interpreter with `PySpark`, where there is Java too.
fn spark(test: &str) -> Option<PathBuf> {
    let is_required = std::env::var_os("UNIFEWS_SPARK").is_some_and(|value| !value.is_empty());
    let python = python(test)?;
    let packages = process::Command::new(&python).args(["-c", "import pyspark, pyarrow, pandas"]).output();
    let java =
        std::env::var_os("JAVA_HOME").map_or_else(|| PathBuf::from("java"), |home| Path::new(&home).join("bin/java"));
    let java = process::Command::new(java).arg("-version").output();
    let has = |found: &std::io::Result<process::Output>| found.as_ref().is_ok_and(|output| output.status.success());
    if has(&packages) && has(&java) {
        return Some(python);
    }
    assert!(!is_required, "{test}: no pyspark, pyarrow and pandas, or no Java, and UNIFEWS_SPARK asks for them");
    eprintln!("skipped: {test}: no pyspark, pyarrow and pandas, or no Java");
    None
}

#[test]
fn spark_gives_the_masks_and_the_bits_of_one_machine() {
    let Some(python) = spark("spark_gives_the_masks_and_the_bits_of_one_machine") else { return };
    let folder = folder();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/cluster.py");
    let output = process::Command::new(python)
        .arg(script)
        .arg(assert_cmd::cargo::cargo_bin("unifews"))
        .arg(folder.path())
        .args(["--families", "gat", "--blocks", "5", "--hidden", "16", "--refusals"])
        .output()
        .expect("Python runs");
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{errors}");
    assert!(said.contains("1 of 1 jobs gave the same masks and bits"), "{said}");
    assert!(said.contains("all wrong input was refused"), "{said}");
}
