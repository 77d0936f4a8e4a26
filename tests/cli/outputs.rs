//! Outputs: nothing of anybody else's is lost, and nothing is left behind.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::common::{SMALL, entries, folder, kill, small_model, start_until, stdout, unifews};

/// Every command that writes a folder, and the folder.
fn commands() -> [(&'static str, Vec<&'static str>); 6] {
    let model = small_model("gcn");
    [
        ("b", vec!["prune", SMALL, model, "-o", "b", "--delta-a", "0.5"]),
        ("s", vec!["sweep", SMALL, model, "-o", "s", "--grid-a", "0.5", "--grid-w", "0"]),
        ("p", vec!["propagate", SMALL, "-o", "p", "--hops", "2"]),
        ("g", vec!["store", SMALL, "-o", "g"]),
        ("e", vec!["export", "b", "-o", "e", "--as", "recipe"]),
        ("unifews-out", vec!["--headless", SMALL, model]),
    ]
}

/// What the program says when it refuses, in one line.
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = unifews(folder).args(arguments).arg("--quiet").assert().code(1).get_output().clone();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let errors = said.lines().filter(|line| !line.starts_with("warning: ")).count();
    assert_eq!(errors, 1, "{said}");
    assert!(!said.contains(".part"), "{said}");
    said
}

#[test]
fn a_file_of_the_users_in_an_output_is_kept_and_named_by_every_command() {
    let folder = folder();
    let path = folder.path();
    fs::create_dir(path.join("b.unifews-old")).expect("made");
    fs::write(path.join("b.unifews-old/thesis.txt"), "mine").expect("written");
    let there = entries(path);
    for (output, arguments) in commands() {
        unifews(path).args(&arguments).arg("--quiet").assert().success();
        // Over its own output; and what the user put there meanwhile stays.
        unifews(path).args(&arguments).arg("--quiet").assert().success();
        let notes = path.join(output).join("notes.txt");
        fs::write(&notes, "mine").expect("written");
        let said = refused(path, &arguments);
        assert!(said.contains("(not written by this program: notes.txt; choose another folder"), "{said}");
        assert_eq!(fs::read_to_string(&notes).expect("still there"), "mine");
        fs::remove_file(&notes).expect("removed");
        // So does what the user changed.
        let list = fs::read_to_string(path.join(output).join(".unifews-files.json")).expect("a list");
        let list: serde_json::Value = serde_json::from_str(&list).expect("JSON");
        let name = list["files"].as_object().expect("files").keys().next().expect("a file").clone();
        fs::write(path.join(output).join(&name), "mine").expect("written");
        let said = refused(path, &arguments);
        assert!(said.contains(&format!("(changed since this program wrote it: {name}; ")), "{said}");
        assert_eq!(fs::read_to_string(path.join(output).join(&name)).expect("still there"), "mine");
        fs::remove_dir_all(path.join(output)).expect("removed");
        unifews(path).args(&arguments).arg("--quiet").assert().success();
    }
    let made = commands().map(|(output, _)| output.to_owned());
    let mut expected = [there, made.into()].concat();
    expected.sort();
    assert_eq!(entries(path), expected);
    assert_eq!(fs::read_to_string(path.join("b.unifews-old/thesis.txt")).expect("still there"), "mine");
}

#[test]
fn an_archive_is_replaced_only_where_it_is_a_bundle_as_it_was_written() {
    let folder = folder();
    let path = folder.path();
    let prune = ["prune", SMALL, small_model("gcn"), "-o", "b.zip", "--delta-a", "0.5"];
    stdout(path, &prune);
    stdout(path, &prune);
    let bundle = fs::read(path.join("b.zip")).expect("a bundle");
    fs::write(path.join("b.zip"), &bundle[..bundle.len() - 30]).expect("written");
    let said = refused(path, &prune);
    assert!(said.contains("found another file: b.zip (it is no "), "{said}");
    fs::write(path.join("b.zip"), "mine").expect("written");
    refused(path, &prune);
    assert_eq!(fs::read(path.join("b.zip")).expect("still there"), b"mine");
}

#[test]
fn a_recipe_that_was_written_by_hand_is_not_replaced_beside_a_model() {
    let folder = folder();
    let path = folder.path();
    let train = ["train", SMALL, "-o", "m.safetensors", "--epochs", "1", "--hidden", "4"];
    stdout(path, &train);
    stdout(path, &train);
    let recipe = path.join("m.recipe.toml");
    let by_hand = format!("# mine\n{}", fs::read_to_string(&recipe).expect("a recipe"));
    fs::write(&recipe, &by_hand).expect("written");
    let model = fs::read(path.join("m.safetensors")).expect("a model");
    let said = refused(path, &["train", SMALL, "-o", "m.safetensors", "--epochs", "1", "--hidden", "8"]);
    assert!(said.contains("changed by hand; give the model another name or move the recipe: m.recipe.toml"), "{said}");
    assert_eq!(fs::read_to_string(&recipe).expect("still there"), by_hand);
    assert_eq!(fs::read(path.join("m.safetensors")).expect("still there"), model);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_and_links_are_written_through() {
    use std::os::unix::fs::symlink;
    let folder = folder();
    let path = folder.path();
    // Through a link, so that a program that replaces devices replaces the link only.
    symlink("/dev/null", path.join("null")).expect("linked");
    let _socket = std::os::unix::net::UnixListener::bind(path.join("socket")).expect("a socket");
    symlink("nowhere", path.join("dangling")).expect("linked");
    let train = |output: &'static str| ["train", SMALL, "-o", output, "--epochs", "1", "--hidden", "4"];
    for (output, found) in [("null", "a device"), ("socket", "a socket"), ("dangling", "a link that leads nowhere")] {
        let said = refused(path, &train(output));
        assert!(said.contains(&format!("found {found};")) && said.ends_with(&format!(": {output}\n")), "{said}");
        let said = refused(path, &["prune", SMALL, small_model("gcn"), "-o", output]);
        assert!(said.contains(&format!("found {found};")), "{said}");
    }
    fs::create_dir(path.join("far")).expect("made");
    symlink("far", path.join("near")).expect("linked");
    stdout(path, &["prune", SMALL, small_model("gcn"), "-o", "near"]);
    assert!(fs::symlink_metadata(path.join("near")).expect("there").is_symlink());
    stdout(path, &["replay", "far"]);
    assert_eq!(entries(path), ["dangling", "far", "near", "null", "socket"]);
}

#[cfg(unix)]
#[test]
fn a_limit_on_the_size_of_files_is_one_message_and_leaves_nothing() {
    let folder = folder();
    let path = folder.path();
    let model = small_model("gcn");
    stdout(path, &["prune", SMALL, model, "-o", "b", "--delta-a", "0.5"]);
    let there = entries(path);
    let limited = [
        vec!["prune", SMALL, model, "-o", "new"],
        vec!["prune", SMALL, model, "-o", "new.zip"],
        vec!["train", SMALL, "-o", "new.safetensors", "--epochs", "1"],
        vec!["propagate", SMALL, "-o", "new", "--hops", "2"],
        vec!["store", SMALL, "-o", "new"],
        vec!["export", "b", "-o", "new", "--as", "predictions,weights"],
    ];
    for arguments in limited {
        // Blocks of 512 or 1024 bytes.
        let output = Command::new("sh")
            .args(["-c", "ulimit -f 4; exec \"$@\"", "sh"])
            .arg(assert_cmd::cargo::cargo_bin("unifews"))
            .args(&arguments)
            .arg("--quiet")
            .current_dir(path)
            .output()
            .expect("run");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.contains("File too large") && said.contains("ulimit -f"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(!said.contains(".part"), "{said}");
        assert_eq!(entries(path), there, "{arguments:?}");
    }
}

#[cfg(unix)]
#[test]
fn names_that_cannot_be_are_said_before_anything_is_computed() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = folder();
    let path = folder.path();
    let long = "x".repeat(250);
    for arguments in [["prune", SMALL, small_model("gcn")].as_slice(), &["train", SMALL], &["store", SMALL]] {
        let said = unifews(path)
            .args(arguments)
            .arg("-o")
            .arg(std::ffi::OsStr::from_bytes(b"caf\xe9"))
            .assert()
            .code(1)
            .get_output()
            .clone();
        let said = String::from_utf8_lossy(&said.stderr).into_owned();
        assert!(said.starts_with("error: output: expected a name in UTF-8") && said.lines().count() == 1, "{said}");
    }
    assert_eq!(entries(path), Vec::<String>::new());
    // A name of 250 bytes is a name; the recipe's beside it would be too long.
    stdout(path, &["store", SMALL, "-o", &long]);
    stdout(path, &["store", SMALL, "-o", &long]);
    assert_eq!(entries(path), std::slice::from_ref(&long));
    let said = refused(path, &["train", SMALL, "-o", &long, "--epochs", "1"]);
    assert!(said.contains("found a folder") || said.contains("File name too long"), "{said}");
    let said = refused(path, &["train", SMALL, "-o", &"y".repeat(250), "--epochs", "1"]);
    assert!(said.contains("File name too long"), "{said}");
    assert_eq!(entries(path), [long]);
}

#[test]
fn what_a_killed_program_left_goes_with_the_next_output() {
    let folder = folder();
    let path = folder.path();
    let train = ["train", SMALL, "-o", "m.safetensors", "--hidden", "64", "--epochs", "1000000"];
    let has_begun = || entries(path).iter().any(|name| path.join(name).join("output-1").exists());
    let child = start_until(path, &train, has_begun);
    // What is at work is nobody else's business.
    stdout(path, &["train", SMALL, "-o", "n.safetensors", "--hidden", "4", "--epochs", "1"]);
    assert_eq!(entries(path).len(), 3, "{:?}", entries(path));
    kill(child);
    assert_eq!(entries(path).len(), 3, "{:?}", entries(path));
    stdout(path, &["train", SMALL, "-o", "n.safetensors", "--hidden", "4", "--epochs", "1"]);
    assert_eq!(entries(path), ["n.recipe.toml", "n.safetensors"]);
}

/// Whether strace can trace here: it is not everywhere, and not everywhere allowed.
fn has_strace(test: &str) -> bool {
    let found = Command::new("strace").args(["-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    let has = cfg!(target_os = "linux") && found.is_ok_and(|status| status.success());
    if !has {
        eprintln!("skipped: {test}: no strace that can trace");
    }
    has
}

/// A run that is killed as it enters the `nth` call of a name.
fn kill_at(path: &Path, calls: &[&str], arguments: &[&str]) {
    let injections = calls.iter().flat_map(|call| ["-e", call]);
    let status = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null"])
        .args(injections)
        .arg(assert_cmd::cargo::cargo_bin("unifews"))
        .args(arguments)
        .current_dir(path)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("run");
    assert!(!status.success(), "{calls:?} was not reached");
}

#[test]
fn a_bundle_is_the_old_one_or_the_new_one_wherever_its_writer_is_killed() {
    if !has_strace("a_bundle_is_the_old_one_or_the_new_one_wherever_its_writer_is_killed") {
        return;
    }
    let folder = folder();
    let path = folder.path();
    let model = small_model("gcn");
    let prune = |delta: &'static str| ["prune", SMALL, model, "-o", "b", "--delta-a", delta];
    let places = [
        "renameat2:signal=KILL:when=1",
        "rename:signal=KILL:when=1",
        "unlink:signal=KILL:when=5",
        "rmdir:signal=KILL:when=1",
    ];
    for place in places {
        stdout(path, &prune("0.5"));
        kill_at(path, &[&format!("inject={place}")], &prune("0.2"));
        stdout(path, &["replay", "b"]);
    }
    stdout(path, &prune("0.5"));
    assert_eq!(entries(path), ["b"]);

    // A system that cannot exchange two names: killed between its two renames there is nothing under the name until the next output.
    let old = fs::read(path.join("b/logits.npy")).expect("a bundle");
    for (nth, is_there) in [(3, true), (4, false)] {
        let kill = format!("inject=rename:signal=KILL:when={nth}");
        kill_at(path, &["inject=renameat2:error=EINVAL", &kill], &prune("0.2"));
        assert_eq!(path.join("b").exists(), is_there, "rename {nth}");
        stdout(path, &["store", SMALL, "-o", "g"]);
        assert_eq!(fs::read(path.join("b/logits.npy")).expect("put back"), old);
        stdout(path, &["replay", "b"]);
        assert_eq!(entries(path), ["b", "g"]);
    }
}

#[test]
fn model_and_recipe_are_both_old_or_both_new_when_the_next_output_is_begun() {
    if !has_strace("model_and_recipe_are_both_old_or_both_new_when_the_next_output_is_begun") {
        return;
    }
    let folder = folder();
    let path = folder.path();
    let train = |hidden: &'static str| ["train", SMALL, "-o", "m.safetensors", "--epochs", "1", "--hidden", hidden];
    let both = || ["m.safetensors", "m.recipe.toml"].map(|name| fs::read(path.join(name)).ok());
    stdout(path, &train("8"));
    let new = both();
    for call in [
        "rename:signal=KILL:when=1",
        "rename:signal=KILL:when=2",
        "fsync:signal=KILL:when=3",
        "unlink:signal=KILL:when=1",
    ] {
        for has_old in [true, false] {
            fs::remove_file(path.join("m.safetensors")).expect("removed");
            fs::remove_file(path.join("m.recipe.toml")).expect("removed");
            if has_old {
                stdout(path, &train("4"));
            }
            let old = both();
            kill_at(path, &[&format!("inject={call}")], &train("8"));
            stdout(path, &["train", SMALL, "-o", "other.safetensors", "--epochs", "1", "--hidden", "4"]);
            let now = both();
            assert!(now == old || now == new, "{call}, {has_old}");
            stdout(path, &train("8"));
            assert_eq!(entries(path), ["m.recipe.toml", "m.safetensors", "other.recipe.toml", "other.safetensors"]);
        }
    }
}

#[test]
fn a_flipped_byte_in_a_work_file_is_refused_with_the_way_out() {
    let folder = folder();
    let path = folder.path();
    stdout(path, &["store", "sample:powerlaw?nodes=20000&edges=100000&features=512&seed=3", "-o", "graph"]);
    let disk = [
        "propagate",
        "graph",
        "-o",
        "disk",
        "--hops",
        "3",
        "--delta-a",
        "0.5",
        "--edge-mode",
        "target",
        "--max-memory",
        "0.1",
    ];
    let work = path.join("disk.unifews-work");
    let has_hopped = || fs::read_to_string(work.join("state.json")).is_ok_and(|text| text.contains("\"hop\": 1,"));
    let child = start_until(path, &disk, has_hopped);
    kill(child);
    let state: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(work.join("state.json")).expect("a state")).expect("JSON");
    let names: Vec<&String> = state["files"].as_object().expect("files").keys().collect();
    let names: Vec<&str> = names.into_iter().map(String::as_str).filter(|name| work.join(name).exists()).collect();
    assert!(names.len() > 3, "{names:?}");
    // One of every sort, and what is known of them all.
    for name in [names[0], names[names.len() / 2], names[names.len() - 1], "state.json"] {
        let file = work.join(name);
        let whole = fs::read(&file).expect("a work file");
        let mut flipped = whole.clone();
        let at = if name == "state.json" { find(&whole, b"\"n_walked\": ") + 12 } else { whole.len() / 2 };
        flipped[at] ^= 1;
        fs::write(&file, flipped).expect("written");
        let said = refused(path, &disk);
        assert!(said.contains(name) && said.contains("SHA-256"), "{said}");
        assert!(said.contains("remove disk.unifews-work"), "{said}");
        fs::write(&file, whole).expect("written");
    }
    // What is not ours in a work folder is named, and stays.
    fs::write(work.join("notes.txt"), "mine").expect("written");
    let said = refused(path, &disk);
    assert!(said.contains("not written by this program: notes.txt"), "{said}");
    fs::remove_file(work.join("notes.txt")).expect("removed");
    stdout(path, &disk);
    let whole = [&disk[..3], &["whole"], &disk[4..10]].concat();
    stdout(path, &whole);
    assert!(
        fs::read(path.join("disk/embedding.npy")).expect("one")
            == fs::read(path.join("whole/embedding.npy")).expect("another")
    );
    assert_eq!(entries(path), ["disk", "graph", "whole"]);

    // Somebody's own folder of that name.
    fs::create_dir(&work).expect("made");
    fs::write(work.join("lock"), "mine").expect("written");
    let said = refused(path, &disk);
    assert!(said.contains("not written by this program: lock"), "{said}");
    assert_eq!(fs::read_to_string(work.join("lock")).expect("still there"), "mine");
}

fn find(text: &[u8], word: &[u8]) -> usize {
    text.windows(word.len()).position(|window| window == word).expect("the word")
}
