//! What the tests share: where the real data lie, and a control.

use unifews::engine::control::Control;

/// A file or folder of the shared folder as text; without it, says that the test is left out.
pub(crate) fn shared_path(test: &str, path: &str) -> Option<String> {
    crate::shared_folder::shared_path(test, path).map(|found| found.to_str().expect("a path in UTF-8").to_owned())
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
