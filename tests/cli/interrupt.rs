//! Interrupted: exit code 130, the old file whole, and nothing half-written.
#![cfg(unix)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::common::{SMALL, folder, send, small_model, stdout};

/// Starts the program, interrupts it after `delay`, and gives its exit code and how long it took to answer.
fn interrupt(folder: &Path, arguments: &[&str], delay: Duration) -> (Option<i32>, Duration) {
    let mut child = Command::new(assert_cmd::cargo::cargo_bin("unifews"))
        .args(arguments)
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("started");
    std::thread::sleep(delay);
    let sent = Instant::now();
    assert!(child.try_wait().expect("a status").is_none(), "the program was still running");
    send(&child, Signal::INT);
    let status = child.wait().expect("ended");
    (status.code(), sent.elapsed())
}

fn entries(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn an_interrupted_training_leaves_the_old_model_and_nothing_else() {
    let folder = folder();
    let arguments = ["train", SMALL, "-o", "m.safetensors", "--hidden", "16", "--epochs", "2"];
    stdout(folder.path(), &arguments);
    let (before, names) =
        (std::fs::read(folder.path().join("m.safetensors")).expect("a model"), entries(folder.path()));
    let long = ["train", SMALL, "-o", "m.safetensors", "--hidden", "64", "--epochs", "1000000"];
    let (code, answered) = interrupt(folder.path(), &long, Duration::from_millis(700));
    assert_eq!(code, Some(130));
    assert!(answered < Duration::from_secs(2), "answered after {answered:?}");
    assert_eq!(entries(folder.path()), names);
    assert_eq!(std::fs::read(folder.path().join("m.safetensors")).expect("still there"), before);
}

#[test]
fn an_interrupted_inspection_ends_while_a_graph_is_generated_or_read() {
    let folder = folder();
    // Large enough for every build to be at work on it for a while.
    let generated = "sample:powerlaw?nodes=1000000&edges=40000000&features=64";
    for delay in [300, 1_500] {
        let (code, _) = interrupt(folder.path(), &["inspect", generated], Duration::from_millis(delay));
        assert_eq!(code, Some(130), "generating, after {delay} ms");
    }
    let lines: String = (0..400_000)
        .flat_map(|i| [(i % 9_973).to_string(), " ".into(), ((i * 7 + 1) % 9_973).to_string(), "\n".into()])
        .collect();
    let text = folder.path().join("edges.txt");
    std::fs::write(&text, lines.repeat(20)).expect("a large list");
    let (code, _) = interrupt(folder.path(), &["inspect", "edges.txt"], Duration::from_millis(300));
    assert_eq!(code, Some(130), "reading");
    assert_eq!(entries(folder.path()), ["edges.txt"]);
}

#[test]
fn an_interrupted_sweep_leaves_nothing() {
    let folder = folder();
    let values = (0..400).map(|i| format!("{}", f64::from(i) / 100.0)).collect::<Vec<_>>().join(",");
    let arguments = ["sweep", SMALL, small_model("gcn"), "-o", "s", "--grid-a", &values, "--grid-w", &values];
    let (code, _) = interrupt(folder.path(), &arguments, Duration::from_millis(700));
    assert_eq!(code, Some(130));
    assert_eq!(entries(folder.path()), Vec::<String>::new());
}

#[test]
fn an_interrupted_prune_leaves_the_old_bundle_whole() {
    let folder = folder();
    let model = small_model("gcn");
    stdout(folder.path(), &["prune", SMALL, model, "-o", "b", "--delta-a", "0.5"]);
    // A graph large enough that the program is still at work when it is interrupted.
    let graph = "sample:powerlaw?nodes=200000&edges=4000000&features=16&classes=4&seed=7";
    let arguments = ["prune", graph, model, "-o", "b", "--delta-a", "0.2"];
    let (code, _) = interrupt(folder.path(), &arguments, Duration::from_millis(500));
    assert_eq!(code, Some(130));
    assert_eq!(entries(folder.path()), ["b"]);
    stdout(folder.path(), &["replay", "b"]);
}
