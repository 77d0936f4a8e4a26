//! Graphs beyond memory: stored as a folder of arrays and propagated from the disk, with the bytes of the propagation in memory.

use std::path::Path;
use std::process::Command;

use super::common::{SMALL, folder, json, kill, start_until, stdout, unifews};

/// 239 MiB on the disk, in arrays of 229 MiB features and 3 MiB entries.
const LARGE: &str = "sample:powerlaw?nodes=60000&edges=600000&features=1024&classes=8&seed=3";
const HOW: [&str; 6] = ["--hops", "4", "--edge-mode", "relative", "--delta-a", "0.7"];
/// GiB that the plan may use: a sixth of what the propagation takes in memory, less than half of the features.
const LITTLE: [&str; 4] = ["--max-memory", "0.105", "--threads", "2"];

fn same_bytes(folder: &Path, a: &str, b: &str) {
    for name in ["embedding.npy", "removed_at.npy"] {
        let read = |output: &str| std::fs::read(folder.join(output).join(name)).expect("an output");
        assert!(read(a) == read(b), "{name} of {a} and {b}");
    }
}

#[test]
fn a_propagation_with_less_memory_than_the_data_gives_the_same_bytes_and_goes_on_after_a_crash() {
    let folder = folder();
    let path = folder.path();
    stdout(path, &["store", LARGE, "-o", "graph"]);
    stdout(path, &[&["propagate", "graph", "-o", "in-memory"][..], &HOW].concat());

    // Killed in the middle, without a chance to clean up.
    let disk = [&["propagate", "graph", "-o", "disk"][..], &HOW, &LITTLE].concat();
    let state = path.join("disk.unifews-work/state.json");
    let has_hopped = || std::fs::read_to_string(&state).is_ok_and(|text| text.contains("\"hop\": 1,"));
    kill(start_until(path, &disk, has_hopped));
    assert!(!path.join("disk").exists());

    // Another recipe must not take the blocks for its own.
    let other = [&disk[..], &["--norm-r", "0.3"]].concat();
    let refused = unifews(path).args(&other).assert().code(1).get_output().clone();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("found a propagation of another graph or recipe: disk.unifews-work"), "{said}");

    // The rest under a limit of 127 MiB for everything the process maps beside its code, its threads' stacks included: with the code less
    // than the graph's files, and less than a third of what the propagation takes in memory.
    let program = assert_cmd::cargo::cargo_bin("unifews");
    let code = std::fs::metadata(&program).expect("the program").len() / 1024;
    let mut command = Command::new("sh");
    if cfg!(target_os = "linux") {
        let limit = code + 129_800;
        command.args(["-c", &format!("ulimit -v {limit}; exec \"$@\""), "sh"]).arg(program);
    } else {
        command = Command::new(program);
    }
    let output = command.args(&disk).current_dir(path).output().expect("run");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("going on at hop "), "{said}");
    assert!(said.contains("working from the disk"), "{said}");
    same_bytes(path, "in-memory", "disk");
    assert!(!path.join("disk.unifews-work").exists(), "what was on the way is gone");

    let document = |output: &str| -> serde_json::Value {
        let text = std::fs::read_to_string(path.join(output).join("metrics.json")).expect("metrics");
        serde_json::from_str(&text).expect("JSON")
    };
    let (a, b) = (document("in-memory"), document("disk"));
    assert_eq!(a["edge_sparsity"], b["edge_sparsity"]);
    assert_eq!(a["macs_pruned"], b["macs_pruned"]);
    assert!(a["edge_sparsity"].as_f64().expect("a share") > 0.5);
}

#[cfg(unix)]
#[test]
fn a_work_folder_is_one_propagations_and_one_graphs() {
    let folder = folder();
    let path = folder.path();
    stdout(path, &["store", "sample:powerlaw?nodes=20000&edges=200000&features=512&seed=3", "-o", "graph"]);
    let disk = [&["propagate", "graph", "-o", "disk", "--max-memory", "0.1", "--threads", "2"][..], &HOW].concat();
    let refused = |words: &str| {
        let output = unifews(path).args(&disk).assert().code(1).get_output().clone();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(words), "{said}");
    };
    let state = path.join("disk.unifews-work/state.json");
    let mut first = start_until(path, &disk, || state.exists());
    // Held up, so that it is still there however slow this test is.
    super::common::send(&first, rustix::process::Signal::STOP);
    assert!(first.try_wait().expect("a status").is_none(), "the first one was still at work");
    refused("found a propagation at work: disk.unifews-work");
    kill(first);

    // The graph changes: what was made of the old one must not go on.
    let features = path.join("graph/features.npy");
    let bytes = std::fs::read(&features).expect("features");
    std::fs::write(&features, bytes).expect("written anew");
    refused("found a propagation of another graph or recipe: disk.unifews-work");
}

#[test]
fn what_is_beside_the_main_work_is_left_out_where_memory_is_short() {
    let folder = folder();
    let path = folder.path();
    let sample = "sample:powerlaw?nodes=20000&edges=200000&features=16&classes=3";
    stdout(path, &["train", sample, "-o", "m.safetensors", "--epochs", "1", "--hidden", "128"]);
    let pruned = |bundle: &str, more: &[&str]| {
        let prune = ["prune", sample, "m.safetensors", "-o", bundle, "--threads", "2"];
        let output = unifews(path).args([&prune[..], more].concat()).assert().success().get_output().clone();
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let said = pruned("all", &[]);
    let (_, words) = said.split_once("a run takes at most about ").expect("it is said");
    let megabytes: f64 = words.split_once(" MB").expect("megabytes").0.parse().expect("a number");
    assert!(!said.contains("left out"), "{said}");
    // What every step of the unpruned model gave takes 10 MB.
    let limit = ((megabytes - 5.0) * 1e6 / f64::from(1 << 30)).to_string();
    let said = pruned("less", &["--max-memory", &limit]);
    assert!(said.contains("left out for want of memory: the error after every step"), "{said}");
}

#[test]
fn what_does_not_fit_is_refused_with_the_way_out() {
    let folder = folder();
    let path = folder.path();
    let refused = |arguments: &[&str]| {
        let output = unifews(path).args(arguments).assert().code(1).get_output().clone();
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let sample = "sample:powerlaw?nodes=20000&edges=200000&features=128";
    // The graph fits, what is propagated does not: the features are 26 MB, and there are three of that beside the program.
    let wide = "sample:powerlaw?nodes=20000&edges=200000&features=320";
    let said = refused(&["propagate", wide, "-o", "p", "--max-memory", "0.1"]);
    assert!(said.contains("propagating takes about "), "{said}");
    assert!(said.contains("unifews store") && said.contains("is propagated from the disk"), "{said}");
    stdout(path, &["store", sample, "-o", "g"]);
    let said = refused(&["propagate", "g", "-o", "p", "--max-memory", "0.01", "--threads", "2"]);
    assert!(said.contains("memory: expected at least 99 MiB for 20000 nodes, found 10 MiB"), "{said}");
    assert!(!path.join("p").exists());
    let sample = "sample:powerlaw?nodes=2000&edges=20000&features=16&classes=3";
    stdout(path, &["train", sample, "-o", "m.safetensors", "--arch", "sgc", "--epochs", "1", "--hidden", "8"]);
    // A limit that the program with the graph keeps, and with a run does not.
    let sample = "sample:powerlaw?nodes=20000&edges=1000000&features=16&classes=3";
    for command in ["prune", "sweep"] {
        let said = refused(&[command, sample, "m.safetensors", "-o", "p", "--max-memory", "0.06"]);
        assert!(said.contains("--max-memory raises the limit, unifews store"), "{said}");
        assert!(!path.join("p").exists());
    }
    // And one that not even the graph keeps.
    let said = refused(&["prune", sample, "m.safetensors", "-o", "p", "--max-memory", "0.0005"]);
    assert!(said.contains("what --max-memory leaves") && said.contains("20000 nodes"), "{said}");
}

#[test]
fn a_stored_graph_is_the_graph() {
    let folder = folder();
    let document = json(folder.path(), &["store", SMALL, "-o", "g"]);
    assert_eq!(document["n_nodes"], 300);
    let of = |graph: &str| {
        let mut document = json(folder.path(), &["inspect", graph]);
        let graph = document[0].as_object_mut().expect("a graph");
        graph.retain(|key, _| key != "path" && key != "report");
        document.take()
    };
    assert_eq!(of("g"), of(SMALL));
    // A second time over what is there; never over something else.
    stdout(folder.path(), &["store", SMALL, "-o", "g"]);
    std::fs::create_dir(folder.path().join("other")).expect("a folder");
    std::fs::write(folder.path().join("other/notes.txt"), "mine").expect("a file");
    unifews(folder.path()).args(["store", SMALL, "-o", "other"]).assert().code(1);
}
