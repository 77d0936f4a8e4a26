//! Reports of internal errors, a text file each, in the folder `crashes` of the program's state.
//!
//! `crash-SECONDS-PROCESS-N.txt` by the time since 1970; `.new` stands behind the name until somebody was told. The newest 20 are kept.
//!
//! What is never here: what a report says; the session writes that.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::atomic::write_atomic;
use super::places::{Place, own_folder};
use super::report::ExportError;

/// Reports beyond this many are removed, the oldest first.
const MOST: usize = 20;
/// More of a report is not read, bytes.
const MOST_BYTES: u64 = 1 << 18;
/// Behind the name of a report that nobody was told of.
const NEW: &str = ".new";

/// One report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrashReport {
    /// Name of its file.
    pub name: String,
    /// When it was written.
    pub at: SystemTime,
    /// What it says.
    pub text: String,
    /// Whether nobody was told of it yet.
    pub is_new: bool,
}

/// Where reports belong on this system, if there is a place.
pub fn crash_folder() -> Option<PathBuf> {
    own_folder(Place::State).map(|state| state.join("crashes"))
}

/// Writes a report into `folder`, which is made where it is missing; `n` tells those of one process apart.
///
/// # Errors
/// [`ExportError::Io`].
pub fn write_crash_report(folder: &Path, text: &str, n: usize) -> Result<PathBuf, ExportError> {
    fs::create_dir_all(folder).map_err(|source| ExportError::io("make a folder for reports", folder, source))?;
    let secs = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let path = folder.join(format!("crash-{secs}-{}-{n}.txt{NEW}", std::process::id()));
    write_atomic(&path, text.as_bytes())?;
    Ok(path)
}

/// The reports in `folder`, newest first; what cannot be read is left out.
pub fn crash_reports(folder: &Path) -> Vec<CrashReport> {
    let read = |name: String| {
        let mut bytes = Vec::new();
        File::open(folder.join(&name)).ok()?.take(MOST_BYTES).read_to_end(&mut bytes).ok()?;
        let secs = name.strip_prefix("crash-")?.split('-').next()?.parse().ok()?;
        let at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(secs))?;
        let is_new = name.ends_with(NEW);
        Some(CrashReport { name, at, text: String::from_utf8_lossy(&bytes).into_owned(), is_new })
    };
    let mut reports: Vec<CrashReport> = names(folder).into_iter().filter_map(read).collect();
    reports.sort_by(|a, b| (b.at, &b.name).cmp(&(a.at, &a.name)));
    reports
}

/// Notes that the user was told of these reports, and removes the oldest where there are too many.
pub fn note_told(folder: &Path, reports: &[CrashReport]) {
    for (at, report) in reports.iter().enumerate() {
        let path = folder.join(&report.name);
        // A report that stays new is told of again, which does no harm.
        match report.name.strip_suffix(NEW) {
            _ if at >= MOST => drop(fs::remove_file(path)),
            Some(name) => drop(fs::rename(path, folder.join(name))),
            None => {}
        }
    }
}

/// Removes all reports.
pub fn remove_crash_reports(folder: &Path) {
    for name in names(folder) {
        drop(fs::remove_file(folder.join(name)));
    }
}

/// Names of reports: regular files alone.
fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let is_report = |name: &str| {
        let is_text = Path::new(name.trim_end_matches(NEW)).extension().is_some_and(|ending| ending == "txt");
        name.starts_with("crash-") && is_text
    };
    let files = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    files.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| is_report(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_new_until_it_was_told_of_and_the_oldest_go() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("crashes");
        assert!(crash_reports(&root).is_empty(), "no folder yet");
        write_crash_report(&root, "first", 0).expect("written");
        write_crash_report(&root, "second", 1).expect("written");
        write_atomic(root.join("notes.txt"), b"of somebody else").expect("written");
        let found = crash_reports(&root);
        let texts: Vec<&str> = found.iter().map(|report| report.text.as_str()).collect();
        assert!(texts.len() == 2 && texts.contains(&"first") && texts.contains(&"second"), "{texts:?}");
        assert!(found.iter().all(|report| report.is_new));
        note_told(&root, &found);
        assert!(crash_reports(&root).iter().all(|report| !report.is_new));
        for n in 0..2 * MOST {
            let name = format!("crash-{}-1-0.txt", 1_000 + n);
            write_atomic(root.join(name), b"old").expect("written");
        }
        note_told(&root, &crash_reports(&root));
        let kept = crash_reports(&root);
        assert_eq!(kept.len(), MOST);
        assert!(texts.iter().all(|text| kept.iter().any(|report| report.text == **text)), "the newest stay");
        remove_crash_reports(&root);
        assert!(crash_reports(&root).is_empty() && root.join("notes.txt").exists());
    }
}
