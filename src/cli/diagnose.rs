//! `unifews diagnose`: what a report of a problem should hold, as *Help › Report a problem* has it.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::Serialize;

use super::output;
use super::program_args::DiagnoseArgs;
use super::progress::Terminal;
use crate::io::crash_reports::{CrashReport, crash_folder};
use crate::session::Diagnosis;
use crate::session::format::seconds;
use crate::session::tasks::diagnose::{Diagnose, ThenReports};
use crate::session::tasks::no_points;

/// What `--json` prints.
#[derive(Serialize)]
struct Document<'a> {
    command: &'static str,
    format: &'static str,
    facts: BTreeMap<&'a str, &'a str>,
    crash_reports: Vec<ReportNote<'a>>,
}

/// Name and version of the document.
const FORMAT: &str = "unifews-diagnosis/1";

/// One report of an internal error.
#[derive(Serialize)]
struct ReportNote<'a> {
    name: &'a str,
    /// Seconds since 1970.
    at: u64,
    text: &'a str,
}

impl<'a> ReportNote<'a> {
    fn of(report: &'a CrashReport) -> Self {
        let at = report.at.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self { name: &report.name, at, text: &report.text }
    }
}

pub(super) fn run(args: &DiagnoseArgs, terminal: &Terminal) -> anyhow::Result<()> {
    // The window tells of them still.
    let task = Diagnose { reports: crash_folder(), then: ThenReports::Stay };
    let Diagnosis { rows, reports } = terminal.run(task, &mut no_points)?;
    terminal.clear();
    if args.shared.json {
        let facts = rows.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let crash_reports = reports.iter().map(ReportNote::of).collect();
        return output::json(&Document { command: "diagnose", format: FORMAT, facts, crash_reports });
    }
    let mut lines: Vec<String> = rows.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    if reports.is_empty() {
        lines.push("Reports of internal errors: none".to_owned());
    }
    let now = SystemTime::now();
    for report in &reports {
        let ago = now.duration_since(report.at).map_or(0.0, |ago| ago.as_secs_f64());
        lines.push(format!("Internal error {} ago: {}", seconds(ago), report.name));
        if args.reports {
            lines.push(format!("\n{}", report.text));
        }
    }
    output::lines(&lines)
}
