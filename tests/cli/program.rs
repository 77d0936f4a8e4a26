//! Commands about the program itself: what a report of a problem holds, manual pages and completions.

use std::fs;

use unifews::io::crash_reports::write_crash_report;

use crate::common::{folder, json, stdout, unifews};

#[test]
fn diagnose_says_what_a_report_needs_and_tells_of_internal_errors() {
    let folder = folder();
    let state = folder.path().join("state");
    let said = |arguments: &[&str]| {
        let mut command = unifews(folder.path());
        command.env("XDG_STATE_HOME", &state).env("LOCALAPPDATA", &state).args(arguments);
        String::from_utf8(command.assert().success().get_output().stdout.clone()).expect("UTF-8")
    };
    let page = said(&["diagnose", "--threads", "2"]);
    for part in
        [concat!("unifews ", env!("CARGO_PKG_VERSION")), "Threads that compute: 2", "Memory: ", "internal errors: none"]
    {
        assert!(page.contains(part), "{part} in\n{page}");
    }
    let document = json(folder.path(), &["diagnose"]);
    assert_eq!(document["format"], "unifews-diagnosis/1");
    assert!(document["facts"]["System"].as_str().is_some_and(|system| system.contains(std::env::consts::ARCH)));
    if cfg!(not(target_os = "macos")) {
        write_crash_report(&state.join("unifews/crashes"), "error: index out of bounds", 0).expect("written");
        assert!(said(&["diagnose"]).contains("Internal error "));
        assert!(said(&["diagnose", "--reports"]).contains("error: index out of bounds"));
    }
}

#[test]
fn manual_pages_and_completions_know_every_command() {
    let folder = folder();
    assert_eq!(stdout(folder.path(), &["generate", "made"]), "");
    let made = folder.path().join("made");
    let read = |name: &str| fs::read_to_string(made.join(name)).expect(name);
    let commands = ["inspect", "prune", "sweep", "replay", "check", "export", "diagnose"];
    for command in commands {
        let page = read(&format!("man/unifews-{command}.1"));
        assert!(page.contains(&format!("unifews\\-{command}")) && page.contains("threads"), "{page}");
        for shell in ["unifews.bash", "_unifews", "unifews.fish"] {
            assert!(read(&format!("completions/{shell}")).contains(command), "{command} for {shell}");
        }
    }
    assert!(read("man/unifews.1").contains("headless"));
    assert!(!made.join("man/unifews-generate.1").exists(), "it is for packages alone");
}
