//! What is written where the program meets an internal error (a panic): a report for whoever mends it, without the user's data.
//!
//! A report (`unifews-crash/1`) holds version, system, the words of the error without what they quote, its place in the source, the calls
//! that led there, and what was asked for last, without names. The error goes on as it would have: a job's ends the job, the window's the
//! program. What ends the program without a panic (a signal, memory that ran out) leaves no report; the session is restored all the same.

use std::backtrace::Backtrace;
use std::collections::VecDeque;
use std::panic::{self, PanicHookInfo};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::discreet::{last_of_path, without_names};
use crate::io::crash_reports::write_crash_report;
use crate::io::system_version;

/// Name and version of a report's format.
const FORMAT: &str = "unifews-crash/1";
/// What was asked for beyond this many lines is forgotten.
const MOST_LINES: usize = 40;
/// One start writes no more reports than this: an error may come with every move of a slider.
const MOST_REPORTS: usize = 5;

/// What was asked for last. A panic finds no session, so this is the one thing that is shared.
static LAST: Mutex<VecDeque<String>> = Mutex::new(VecDeque::new());

/// Writes a report into `folder` whenever anything panics from now on, and then does what was done before.
pub fn watch(folder: PathBuf) {
    static N_WRITTEN: AtomicUsize = AtomicUsize::new(0);
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |about| {
        let n = N_WRITTEN.fetch_add(1, Ordering::Relaxed);
        if n < MOST_REPORTS {
            write(&folder, about, n);
        }
        before(about);
    }));
}

fn write(folder: &Path, about: &PanicHookInfo<'_>, n: usize) {
    let payload = about.payload();
    let words = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let words = words.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default();
    let place = about.location().map(|at| format!("{}:{}", last_of_path(at.file()), at.line())).unwrap_or_default();
    let thread = std::thread::current().name().unwrap_or("unnamed").to_owned();
    let calls = Backtrace::force_capture().to_string();
    // Whoever panicked may hold it.
    let last = LAST.try_lock().map(|last| Vec::from(last.clone())).unwrap_or_default();
    // There is nobody left to tell where it cannot be written.
    drop(write_crash_report(folder, &report(&words, &place, &thread, &calls, &last), n));
}

/// The text of a report.
fn report(words: &str, place: &str, thread: &str, calls: &str, last: &[String]) -> String {
    let calls: Vec<String> = calls.lines().map(call).collect();
    format!(
        "Unifews Workbench {}, report of an internal error ({FORMAT})\n\nsystem: {}\nerror: {}\nplace: {place}\nthread: {}\n\n\
         Asked for last, oldest first\n{}\n\nCalls, innermost first\n{}\n",
        env!("CARGO_PKG_VERSION"),
        system_version(),
        without_names(words, &[]),
        // The name of a job's thread may be that of what it works on.
        thread.split([' ', ':', '/']).next().unwrap_or_default(),
        if last.is_empty() { "nothing".to_owned() } else { last.join("\n") },
        calls.join("\n"),
    )
}

/// A line of a backtrace without the folders of the machine that built the program.
fn call(line: &str) -> String {
    match line.split_once("at ").filter(|(before, _)| before.trim().is_empty()) {
        Some((before, place)) => format!("{before}at {}", last_of_path(place)),
        None => line.to_owned(),
    }
}

/// Remembers what was asked for, without names: `by` is a pane or the program.
pub(super) fn remember_command(by: &str, what: &str) {
    remember(format!("{by}: {}", kind_of(what)));
}

/// Remembers how a job ended, without names.
pub(super) fn remember_job(label: &str, how: &str) {
    let verb = label.split(' ').next().unwrap_or_default();
    let how = if how.starts_with("done") || how.starts_with("cancelled") { how } else { "failed" };
    remember(format!("{verb}: {how}"));
}

fn remember(line: String) {
    let Ok(mut last) = LAST.try_lock() else { return };
    // A drag of a slider is one line.
    if last.back() == Some(&line) {
        return;
    }
    if last.len() == MOST_LINES {
        last.pop_front();
    }
    last.push_back(line);
}

/// What was asked for, without whatever it was asked of: the beginning of what the log says.
pub(super) fn kind_of(what: &str) -> &str {
    const WHOLE: [&str; 7] = ["open ", "read ", "role of ", "score nodes ", "keep ", "remove ", "leave "];
    const JOINTS: [&str; 6] = [" to ", " as ", " into ", " with ", " of run", ": "];
    if let Some(verb) = WHOLE.iter().find(|verb| what.starts_with(**verb)) {
        return verb.trim_end();
    }
    let end = JOINTS.iter().filter_map(|joint| what.find(joint)).min().unwrap_or(what.len());
    &what[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_what_happened_and_nothing_of_the_user() {
        for (what, expected) in [
            ("open /home/jane/payments.csv", "open"),
            ("read a.csv, b.csv", "read"),
            ("save the project as /home/jane/secret.unifews", "save the project"),
            ("rename run 3 to Jane's", "rename run 3"),
            ("tag run 3 as jane", "tag run 3"),
            ("keep Jane → Ada by hand", "keep"),
            ("score nodes jane,ada", "score nodes"),
            ("export run 1 in 3 forms to /x", "export run 1 in 3 forms"),
            ("change the recipe", "change the recipe"),
        ] {
            assert_eq!(kind_of(what), expected);
        }
        let calls = "   3: unifews::engine::run\n             at /home/builder/src/run.rs:12:5";
        let last = ["Inputs: open".to_owned()];
        let text = report("no `Jane` in /home/jane/payments.csv", "run.rs:12", "job-3 Prune payments", calls, &last);
        for part in
            [env!("CARGO_PKG_VERSION"), FORMAT, "place: run.rs:12", "thread: job-3\n", "Inputs: open", "at run.rs:12:5"]
        {
            assert!(text.contains(part), "{part} in\n{text}");
        }
        for part in ["jane", "Jane", "payments", "builder"] {
            assert!(!text.contains(part), "{part} in\n{text}");
        }
    }
}
