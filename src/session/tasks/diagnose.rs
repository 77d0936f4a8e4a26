//! What a report of a fault needs to know of this machine, and the reports of internal errors that lie here.

use std::path::PathBuf;

use super::{Task, TaskError};
use crate::engine::control::Control;
use crate::io::bundle::MachineNote;
use crate::io::crash_reports::{CrashReport, crash_reports, note_told, remove_crash_reports};
use crate::io::{free_memory, process_memory, system_version, total_memory};
use crate::session::format::bytes;

/// Looks at this machine.
#[derive(Debug)]
pub(crate) struct Diagnose {
    /// Where reports of internal errors lie, if anywhere.
    pub(crate) reports: Option<PathBuf>,
    /// What becomes of them.
    pub(crate) then: ThenReports,
}

/// What becomes of reports of internal errors once they were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ThenReports {
    /// They stay as they are.
    Stay,
    /// The user is told of them now: they are new no more.
    AreTold,
    /// They were removed before.
    AreGone,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnosis {
    /// What is looked at and what it is, for people. Nothing in it tells who the user is or what is open.
    pub rows: Vec<(&'static str, String)>,
    /// Reports of internal errors, newest first.
    pub reports: Vec<CrashReport>,
}

impl Task for Diagnose {
    type Point = ();
    type Output = Diagnosis;

    fn label(&self) -> String {
        "Look at this machine".to_owned()
    }

    fn run(self, ctl: &Control, _: &mut dyn FnMut(())) -> Result<Diagnosis, TaskError> {
        let mut reports = Vec::new();
        if let Some(folder) = &self.reports {
            if self.then == ThenReports::AreGone {
                remove_crash_reports(folder);
            }
            reports = crash_reports(folder);
            if self.then == ThenReports::AreTold {
                note_told(folder, &reports);
            }
        }
        Ok(Diagnosis { rows: rows(ctl.n_threads()), reports })
    }
}

fn rows(n_threads: usize) -> Vec<(&'static str, String)> {
    let machine = MachineNote::this(n_threads);
    let unknown = || "unknown".to_owned();
    let n_cores = std::thread::available_parallelism().map_or_else(|_| unknown(), |n| n.to_string());
    let memory = |n_bytes: Option<u64>| n_bytes.map_or_else(unknown, bytes);
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    vec![
        ("Version", format!("{} {}, {build} build", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))),
        ("System", system_version()),
        ("Processor", machine.processor.unwrap_or_else(unknown)),
        ("Cores", n_cores),
        ("Threads that compute", n_threads.to_string()),
        ("Memory", format!("{} of {} free", memory(free_memory()), memory(total_memory()))),
        ("Memory of the program", memory(process_memory())),
        ("Display", display()),
        ("Language", variable(&["LC_ALL", "LC_MESSAGES", "LANG"]).unwrap_or_else(unknown)),
    ]
}

/// What draws windows here.
fn display() -> String {
    let kind = if cfg!(not(target_os = "linux")) {
        "the system's"
    } else if variable(&["WAYLAND_DISPLAY"]).is_some() {
        "Wayland"
    } else if variable(&["DISPLAY"]).is_some() {
        "X11"
    } else {
        "none"
    };
    match variable(&["XDG_CURRENT_DESKTOP"]) {
        Some(desktop) => format!("{kind}, {desktop}"),
        None => kind.to_owned(),
    }
}

/// The first of these variables that is set.
fn variable(names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
}
