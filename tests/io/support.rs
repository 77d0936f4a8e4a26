//! What the tests share: where the real data lie, and a control.

use std::path::PathBuf;

use unifews::engine::control::Control;

/// The folder with the public data sets: `../shared` beside the crate, or what `UNIFEWS_SHARED` says.
fn shared() -> PathBuf {
    std::env::var_os("UNIFEWS_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from)
}

/// A file or folder below the shared folder; without one, says that the test is skipped.
pub(crate) fn shared_path(test: &str, path: &str) -> Option<String> {
    let folder = shared();
    if folder.is_dir() {
        return Some(folder.join(path).to_str().expect("a path in UTF-8").to_owned());
    }
    println!("skipped: {test}: ../shared not found");
    None
}

/// One thread, no progress.
pub(crate) fn control() -> Control {
    Control::new(1).expect("one worker thread")
}

/// The value of a report's fact.
pub(crate) fn fact(report: &unifews::io::LoadReport, name: &str) -> String {
    let line = report.facts.iter().find(|line| line.name == name);
    line.unwrap_or_else(|| panic!("no fact {name:?} in {report:?}")).value.clone()
}
