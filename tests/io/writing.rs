//! Writing: whole or not at all, and nothing of anybody else's is lost.

use std::fs;
use std::path::{Path, PathBuf};

use unifews::io::ExportError;
use unifews::io::atomic::{AtomicFile, AtomicFiles, AtomicFolder, write_atomic};

use crate::support::control;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn begin(target: &Path) -> Result<AtomicFolder, ExportError> {
    AtomicFolder::begin(target, "bundle", &control())
}

fn write(target: &Path, files: &[(&str, &str)]) -> Result<(), ExportError> {
    let folder = begin(target)?;
    for (name, text) in files {
        folder.part().write(name, text.as_bytes())?;
    }
    folder.commit(&control())
}

fn text(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).expect("readable")
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
        // What was private stays private.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("changed");
        write_atomic(&path, b"three").expect("written");
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_missing_parent_is_said_for_files_and_folders_alike_and_not_made() {
    let around = tempfile::tempdir().expect("a folder");
    let (folder, place) = (around.path().join("no/such"), around.path().join("no/such/place"));
    for error in [AtomicFile::begin(&place).map(drop), begin(&place).map(drop)] {
        let error = error.unwrap_err().to_string();
        assert!(error.starts_with("cannot create: No such file or directory"), "{error}");
        let way_out = format!("; make the folder {} first, or choose another: {}", folder.display(), place.display());
        assert!(error.ends_with(&way_out), "{error}");
    }
    assert_eq!(names(around.path()), Vec::<String>::new());
}

#[test]
fn a_folder_appears_on_commit_only() {
    let around = tempfile::tempdir().expect("a folder");
    let target = around.path().join("out");
    let folder = begin(&target).expect("free");
    folder.part().write("marker", b"one").expect("written");
    assert!(!target.exists());
    drop(folder);
    assert_eq!(names(around.path()), Vec::<String>::new());

    write(&target, &[("marker", "one"), ("edges/layer", "1"), ("old", "x")]).expect("moved");
    assert_eq!(text(target.join("marker")), "one");

    let folder = begin(&target).expect("ours");
    folder.part().write("marker", b"two").expect("written");
    assert_eq!(text(target.join("marker")), "one", "the old one");
    folder.commit(&control()).expect("moved");
    assert_eq!(names(&target), [".unifews-files.json", "marker"]);
    assert_eq!(text(target.join("marker")), "two");
    assert_eq!(names(around.path()), ["out"]);
}

/// The refusal of a folder for what it holds.
fn assert_refused(target: &Path, found: &str, detail: &str) {
    let error = begin(target).unwrap_err().to_string();
    let expected = "nothing, an empty folder or what was exported there before";
    let start = format!("export target: expected {expected}, found {found}: {}", target.display());
    let way_out = "; choose another folder, or move what is yours";
    assert_eq!(error, if detail.is_empty() { start } else { format!("{start} ({detail}{way_out})") });
}

#[test]
fn what_is_somebody_elses_is_refused() {
    let around = tempfile::tempdir().expect("a folder");
    let path = |name: &str| around.path().join(name);
    write_atomic(path("file"), b"x").expect("written");
    assert_refused(&path("file"), "a file", "");
    fs::create_dir(path("theirs")).expect("made");
    write_atomic(path("theirs/thesis.txt"), b"x").expect("written");
    let refused = |names: &str| {
        let detail = format!("not written by this program: {names}");
        assert_refused(&path("theirs"), "a folder with other files", &detail);
    };
    refused("thesis.txt");
    // One word in a manifest makes no folder ours, and nor does an empty list.
    write_atomic(path("theirs/manifest.json"), br#"{"format": "unifews-bundle/1"}"#).expect("written");
    refused("manifest.json, thesis.txt");
    let list = r#"{"format": "unifews-files/1", "kind": "bundle", "is_whole": true, "files": {}}"#;
    write_atomic(path("theirs/.unifews-files.json"), list.as_bytes()).expect("written");
    refused("manifest.json, thesis.txt");
    assert_eq!(names(&path("theirs")), [".unifews-files.json", "manifest.json", "thesis.txt"]);
    fs::create_dir(path("empty")).expect("made");
    begin(&path("empty")).expect("empty").commit(&control()).expect("moved");
    begin(&path("empty")).expect("ours").commit(&control()).expect("moved");
}

#[test]
fn a_folder_of_ours_with_something_of_the_users_is_refused_by_name() {
    let around = tempfile::tempdir().expect("a folder");
    let target = around.path().join("out");
    let fill = || write(&target, &[("a", "1"), ("edges/layer_00", "2"), ("edges/layer_01", "3")]);
    fill().expect("written");
    type Change = fn(&Path) -> std::io::Result<()>;
    let changes: [(Change, &str, &str); 5] = [
        (|t| fs::write(t.join("notes.txt"), "mine"), "other", "not written by this program: notes.txt"),
        (|t| fs::write(t.join("edges/notes.txt"), "mine"), "other", "not written by this program: edges/notes.txt"),
        (|t| fs::create_dir(t.join("mine")), "other", "not written by this program: mine"),
        (|t| fs::write(t.join("a"), "2"), "changed", "changed since this program wrote it: a"),
        (
            |t| fs::write(t.join("edges/layer_00"), "x").and_then(|()| fs::write(t.join("a"), "xx")),
            "changed",
            "changed since this program wrote it: a, edges/layer_00",
        ),
    ];
    for (change, found, detail) in changes {
        change(&target).expect("changed");
        assert_refused(&target, &format!("a folder with {found} files"), detail);
        fs::remove_dir_all(&target).expect("removed");
        fill().expect("written");
    }
    // Nothing is lost where something of ours has gone.
    fs::remove_file(target.join("a")).expect("removed");
    fill().expect("written");
    // Nor is a folder of another kind.
    let error = AtomicFolder::begin(&target, "sweep", &control()).unwrap_err().to_string();
    assert!(error.contains("(it holds a bundle, not a sweep; choose another folder"), "{error}");
}

#[test]
fn what_comes_while_we_work_is_refused_at_the_end_and_stays() {
    let around = tempfile::tempdir().expect("a folder");
    let target = around.path().join("out");
    write(&target, &[("a", "old")]).expect("written");
    let folder = begin(&target).expect("ours");
    folder.part().write("a", b"new").expect("written");
    fs::write(target.join("notes.txt"), "mine").expect("written");
    let error = folder.commit(&control()).unwrap_err().to_string();
    assert!(error.contains("not written by this program: notes.txt;"), "{error}");
    assert_eq!((text(target.join("a")), text(target.join("notes.txt"))), ("old".into(), "mine".into()));
    assert_eq!(names(around.path()), ["out"]);

    let folder = begin(&around.path().join("free")).expect("free");
    fs::create_dir(around.path().join("free")).expect("made");
    fs::write(around.path().join("free/notes.txt"), "mine").expect("written");
    folder.commit(&control()).unwrap_err();
    assert_eq!(text(around.path().join("free/notes.txt")), "mine");
}

#[test]
fn names_that_look_like_ours_are_left_alone() {
    let around = tempfile::tempdir().expect("a folder");
    let path = |name: &str| around.path().join(name);
    let theirs = [
        "b.unifews-old/thesis.txt",
        ".unifews-0123456789abcdef.part/thesis.txt",
        ".unifews-0123456789abcde0.part/lock",
        ".unifews-abc.part/lock",
        ".unifews-0123456789abcdef.part.bak/lock",
    ];
    for name in theirs {
        fs::create_dir_all(path(name).parent().expect("a folder")).expect("made");
        fs::write(path(name), "mine").expect("written");
    }
    fs::write(path(".unifews-0123456789abcdff.part"), "mine").expect("written");
    write(&path("b"), &[("a", "1")]).expect("written");
    write(&path("b"), &[("a", "2")]).expect("written");
    write_atomic(path("c"), b"x").expect("written");
    for name in theirs {
        assert_eq!(text(path(name)), "mine", "{name}");
    }
    assert_eq!(text(path(".unifews-0123456789abcdff.part")), "mine");
}

/// A temporary folder as a program leaves it that is killed: with its marker, and nobody's lock on it.
fn dead(around: &Path, digits: &str, targets: &str) -> PathBuf {
    let folder = around.join(format!(".unifews-{digits}.part"));
    fs::create_dir(&folder).expect("made");
    fs::write(folder.join("lock"), format!(r#"{{"format": "unifews-temporary/1", "targets": {targets}}}"#))
        .expect("written");
    folder
}

#[test]
fn what_dead_programs_left_is_swept_and_what_living_ones_use_is_not() {
    let around = tempfile::tempdir().expect("a folder");
    let living = begin(&around.path().join("living")).expect("free");
    living.part().write("a", b"1").expect("written");
    let a = dead(around.path(), "000000000000000a", r#"["out"]"#);
    fs::create_dir_all(a.join("output/edges")).expect("made");
    fs::write(a.join("output/edges/layer_00"), "half").expect("written");
    let list = r#"{"format": "unifews-files/1", "kind": "bundle", "is_whole": false, "files": {}}"#;
    fs::write(a.join("output/.unifews-files.json"), list).expect("written");
    let b = dead(around.path(), "000000000000000b", r#"["file"]"#);
    fs::write(b.join("output-0"), "half").expect("written");
    fs::create_dir(around.path().join(".unifews-000000000000000c.part")).expect("made");
    // Something of somebody's in one keeps it.
    let d = dead(around.path(), "000000000000000d", r#"["file"]"#);
    fs::write(d.join("thesis.txt"), "mine").expect("written");
    write_atomic(around.path().join("file"), b"x").expect("written");
    let left = names(around.path());
    assert_eq!(left.len(), 3, "the file, what is at work, and what is somebody's: {left:?}");
    assert_eq!(text(d.join("thesis.txt")), "mine");
    living.commit(&control()).expect("undisturbed");
    assert_eq!(text(around.path().join("living/a")), "1");
}

#[test]
fn a_folder_that_an_interruption_left_aside_is_put_back() {
    let around = tempfile::tempdir().expect("a folder");
    let target = around.path().join("out");
    write(&target, &[("a", "old")]).expect("written");
    // As on a system without an exchange: killed between the two renames.
    let left = dead(around.path(), "000000000000000a", r#"["out"]"#);
    fs::rename(&target, left.join("aside")).expect("aside");
    drop(begin(&target).expect("ours"));
    assert_eq!(text(target.join("a")), "old");
    assert_eq!(names(around.path()), ["out"]);
}

#[test]
fn files_of_a_group_come_together() {
    let around = tempfile::tempdir().expect("a folder");
    let path = |name: &str| around.path().join(name);
    let both = |texts: [&str; 2]| -> Result<(), ExportError> {
        let mut files = AtomicFiles::begin(&path("model"), &[&path("recipe")])?;
        files.write(0, texts[0].as_bytes())?;
        files.write(1, texts[1].as_bytes())?;
        files.commit()
    };
    both(["m1", "r1"]).expect("written");
    // Killed behind the first of two renames: the next output finishes what was promised.
    let left = dead(around.path(), "000000000000000a", r#"["model", "recipe"]"#);
    fs::write(left.join("output-0"), "m2").expect("written");
    fs::write(path("recipe"), "r2").expect("written");
    let promise = |stamp: &str| {
        format!(r#"[{{"target": "model", "replaces": {stamp}}}, {{"target": "recipe", "replaces": null}}]"#)
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let found = fs::metadata(path("model")).expect("there");
        let changed = i128::from(found.mtime()) * 1_000_000_000 + i128::from(found.mtime_nsec());
        let stamp = format!(r#"{{"size_bytes": 2, "changed": {changed}, "number": {}}}"#, found.ino());
        fs::write(left.join("commit"), promise(&stamp)).expect("written");
        write_atomic(path("other"), b"x").expect("written");
        assert_eq!((text(path("model")), text(path("recipe"))), ("m2".into(), "r2".into()));
        assert_eq!(names(around.path()), ["model", "other", "recipe"]);
    }
    // What somebody has written since is not replaced.
    let left = dead(around.path(), "000000000000000a", r#"["model", "recipe"]"#);
    fs::write(left.join("output-0"), "m3").expect("written");
    fs::write(left.join("commit"), promise(r#"{"size_bytes": 2, "changed": 1, "number": 1}"#)).expect("written");
    fs::write(path("model"), "mine").expect("written");
    write_atomic(path("other"), b"x").expect("written");
    assert_eq!(text(path("model")), "mine");
    both(["m4", "r4"]).expect("written");
    assert_eq!((text(path("model")), text(path("recipe"))), ("m4".into(), "r4".into()));
    // Where one of them has no place, the other one stays as it is.
    fs::remove_file(path("recipe")).expect("removed");
    fs::create_dir(path("recipe")).expect("made");
    both(["m5", "r5"]).unwrap_err();
    assert_eq!(text(path("model")), "m4");
}

#[cfg(unix)]
#[test]
fn links_are_written_through_and_what_is_no_file_is_refused() {
    use std::os::unix::fs::symlink;
    let around = tempfile::tempdir().expect("a folder");
    let path = |name: &str| around.path().join(name);
    fs::create_dir(path("far")).expect("made");
    fs::write(path("far/file"), "old").expect("written");
    symlink(path("far/file"), path("link")).expect("linked");
    write_atomic(path("link"), b"new").expect("written");
    assert_eq!(text(path("far/file")), "new");
    assert!(fs::symlink_metadata(path("link")).expect("there").is_symlink());
    symlink(path("far/out"), path("folder")).expect("linked");
    let error = begin(&path("folder")).unwrap_err().to_string();
    assert!(error.contains("found a link that leads nowhere; remove it or choose another name: "), "{error}");
    fs::create_dir(path("far/out")).expect("made");
    write(&path("folder"), &[("a", "1")]).expect("written");
    write(&path("folder"), &[("a", "2")]).expect("written");
    assert_eq!(text(path("far/out/a")), "2");
    assert!(fs::symlink_metadata(path("folder")).expect("there").is_symlink());
    // A link in the place of a listed file is nobody's but the user's.
    fs::write(path("precious"), "2").expect("written");
    fs::remove_file(path("far/out/a")).expect("removed");
    symlink(path("precious"), path("far/out/a")).expect("linked");
    assert!(begin(&path("folder")).unwrap_err().to_string().contains("not written by this program: a;"));

    let socket = path("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    for (target, found) in [(Path::new("/dev/null"), "a device"), (&socket, "a socket")] {
        for error in [AtomicFile::begin(target).map(drop), begin(target).map(drop)] {
            let error = error.unwrap_err().to_string();
            let expected = "output: expected a file or folder, or a free name";
            assert_eq!(error, format!("{expected}, found {found}; choose another name: {}", target.display()));
        }
    }
}

#[cfg(unix)]
#[test]
fn places_that_nothing_can_be_written_to_are_said_without_names_of_ours() {
    use std::os::unix::ffi::OsStrExt as _;
    let around = tempfile::tempdir().expect("a folder");
    let path = |name: &str| around.path().join(name);
    fs::write(path("file"), "x").expect("written");
    let mut places = vec![
        (path("file/below"), "output: expected a place that can be written to, found Not a directory"),
        (path(&"x".repeat(256)), "output: expected a place that can be written to, found File name too long"),
        (around.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9")), "output: expected a name in UTF-8"),
    ];
    if Path::new("/proc/self").exists() {
        places.push((
            PathBuf::from("/proc/x"),
            "cannot create: No such file or directory (os error 2); choose another folder: /proc/x",
        ));
    }
    for (place, expected) in places {
        for error in [AtomicFile::begin(&place).map(drop), begin(&place).map(drop)] {
            let error = error.unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
            assert!(!error.contains(".part"), "{error}");
        }
    }
    assert!(AtomicFile::begin(path("new/")).unwrap_err().to_string().contains("(it ends with a slash)"));
    // Names as long as a name can be.
    let long = "x".repeat(255);
    write_atomic(path(&long), b"x").expect("written");
    fs::remove_file(path(&long)).expect("removed");
    write(&path(&long), &[("a", "1")]).expect("written");
    write(&path(&long), &[("a", "2")]).expect("written");
    assert_eq!(names(around.path()), ["file", long.as_str()]);
    // What was made read-only was meant to stay.
    let mut protected = fs::metadata(path("file")).expect("there").permissions();
    protected.set_readonly(true);
    fs::set_permissions(path("file"), protected).expect("changed");
    let error = write_atomic(path("file"), b"y").unwrap_err().to_string();
    assert!(error.contains("found one that is read-only; make it writable or choose another name: "), "{error}");
    // The folder that everything is started in does not go away under its users.
    let error = begin(&std::env::current_dir().expect("a folder")).unwrap_err().to_string();
    assert!(error.contains("the folder this program was started in"), "{error}");
}
