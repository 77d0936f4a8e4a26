//! Writing: whole or not at all.

use std::fs;
use std::path::Path;

use unifews::io::atomic::{AtomicFolder, write_atomic};

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn has_marker(folder: &Path) -> bool {
    folder.join("marker").is_file()
}

fn fill(folder: &AtomicFolder, text: &str) {
    write_atomic(folder.path().join("marker"), text.as_bytes()).expect("written");
}

#[test]
fn a_file_is_replaced_and_nothing_else_is_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file");
    write_atomic(&path, b"one").expect("written");
    write_atomic(&path, b"two").expect("written");
    assert_eq!(fs::read(&path).expect("readable"), b"two");
    assert_eq!(names(folder.path()), ["file"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o600, 0o600);
    }
    let error = write_atomic(folder.path().join("no/such/file"), b"x").unwrap_err().to_string();
    assert!(error.starts_with("cannot create: No such file or directory"), "{error}");
}

#[test]
fn a_folder_appears_on_commit_only() {
    let around = tempfile::tempdir().expect("a folder");
    let target = around.path().join("deep/out");
    let folder = AtomicFolder::begin(&target, has_marker).expect("free");
    fill(&folder, "one");
    assert!(!target.exists());
    drop(folder);
    assert_eq!(names(&around.path().join("deep")), Vec::<String>::new());

    let folder = AtomicFolder::begin(&target, has_marker).expect("free");
    fill(&folder, "one");
    folder.commit().expect("moved");
    assert_eq!(fs::read(target.join("marker")).expect("readable"), b"one");

    let folder = AtomicFolder::begin(&target, has_marker).expect("ours");
    fill(&folder, "two");
    assert_eq!(fs::read(target.join("marker")).expect("the old one"), b"one");
    folder.commit().expect("moved");
    assert_eq!(fs::read(target.join("marker")).expect("readable"), b"two");
    assert_eq!(names(&around.path().join("deep")), ["out"]);
}

#[test]
fn what_is_somebody_elses_is_refused() {
    let around = tempfile::tempdir().expect("a folder");
    let refuse = |name: &str, found: &str| {
        let target = around.path().join(name);
        let error = AtomicFolder::begin(&target, has_marker).unwrap_err().to_string();
        let expected = "nothing, an empty folder or what was exported there before";
        assert_eq!(error, format!("export target: expected {expected}, found {found}: {}", target.display()));
    };
    write_atomic(around.path().join("file"), b"x").expect("written");
    refuse("file", "a file");
    fs::create_dir(around.path().join("theirs")).expect("made");
    write_atomic(around.path().join("theirs/thesis.txt"), b"x").expect("written");
    refuse("theirs", "a folder with other files");
    fs::create_dir(around.path().join("empty")).expect("made");
    AtomicFolder::begin(around.path().join("empty"), has_marker).expect("empty").commit().expect("moved");
}
