//! Interrupted: exit code 130, the old file whole, and nothing half-written.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::common::{SMALL, entries, folder, send, small_model, start, stdout};

/// Starts the program, interrupts it as soon as a line of its progress begins with `said`, and gives its exit code and how long it took to answer.
///
/// Waiting for a word and not for a time: how far a machine comes in half a second is its own affair.
fn interrupt(folder: &Path, arguments: &[&str], said: &str) -> (Option<i32>, Duration) {
    let mut child = start(folder, arguments, Stdio::piped());
    let mut told = BufReader::new(child.stderr.take().expect("a pipe")).lines().map(|line| line.expect("a line"));
    let before: Vec<_> = told.by_ref().take_while(|line| !line.starts_with(said)).collect();
    let sent = Instant::now();
    assert!(child.try_wait().expect("a status").is_none(), "ended before it said {said:?}: {before:?}");
    send(&child, Signal::INT);
    // What else it tells is taken, so that it never waits for a reader.
    told.for_each(drop);
    let status = child.wait().expect("ended");
    (status.code(), sent.elapsed())
}

#[test]
fn an_interrupted_training_leaves_the_old_model_and_nothing_else() {
    let folder = folder();
    let arguments = ["train", SMALL, "-o", "m.safetensors", "--hidden", "16", "--epochs", "2"];
    stdout(folder.path(), &arguments);
    let (before, names) =
        (std::fs::read(folder.path().join("m.safetensors")).expect("a model"), entries(folder.path()));
    let long = ["train", SMALL, "-o", "m.safetensors", "--hidden", "64", "--epochs", "1000000"];
    let (code, answered) = interrupt(folder.path(), &long, "epoch");
    assert_eq!(code, Some(130));
    assert!(answered < Duration::from_secs(2), "answered after {answered:?}");
    assert_eq!(entries(folder.path()), names);
    assert_eq!(std::fs::read(folder.path().join("m.safetensors")).expect("still there"), before);
}

#[test]
fn an_interrupted_inspection_ends_while_a_graph_is_generated_or_read() {
    let folder = folder();
    // Large enough for every build to be at work on it for a while.
    let generated = "sample:powerlaw?nodes=400000&edges=8000000&features=64";
    for said in ["drawing edges", "turning edges", "drawing features"] {
        let (code, _) = interrupt(folder.path(), &["inspect", generated], said);
        assert_eq!(code, Some(130), "at {said}");
    }
    let lines: String = (0..400_000)
        .flat_map(|i| [(i % 9_973).to_string(), " ".into(), ((i * 7 + 1) % 9_973).to_string(), "\n".into()])
        .collect();
    let text = folder.path().join("edges.txt");
    std::fs::write(&text, lines.repeat(20)).expect("a large list");
    let (code, _) = interrupt(folder.path(), &["inspect", "edges.txt"], "reading edges");
    assert_eq!(code, Some(130), "reading");
    assert_eq!(entries(folder.path()), ["edges.txt"]);
}

#[test]
fn an_interrupted_sweep_leaves_nothing() {
    let folder = folder();
    let values = (0..400).map(|i| format!("{}", f64::from(i) / 100.0)).collect::<Vec<_>>().join(",");
    let arguments = ["sweep", SMALL, small_model("gcn"), "-o", "s", "--grid-a", &values, "--grid-w", &values];
    let (code, _) = interrupt(folder.path(), &arguments, "recipe");
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
    let (code, _) = interrupt(folder.path(), &arguments, "a run takes");
    assert_eq!(code, Some(130));
    assert_eq!(entries(folder.path()), ["b"]);
    stdout(folder.path(), &["replay", "b"]);
}
