//! `unifews compare-run A B`: masks, classes and logits of two runs; exit code 1 where they differ.

use anyhow::bail;
use serde::Serialize;

use super::beyond_args::CompareRunArgs;
use super::output;
use super::progress::Terminal;
use crate::session::format::count;
use crate::session::run_page;
use crate::session::tasks::compare_runs::{CompareRuns, RunSource, RunsCompared};
use crate::session::tasks::no_points;
use crate::session::words::{Language, Words};

#[derive(Serialize)]
struct Document<'a> {
    command: &'static str,
    is_same: bool,
    #[serde(flatten)]
    found: &'a RunsCompared,
}

pub(super) fn run(args: &CompareRunArgs, terminal: &Terminal) -> anyhow::Result<()> {
    let runs = [&args.first, &args.second].map(|path| RunSource::Stored(path.clone()));
    let found = terminal.run(CompareRuns { runs }, &mut no_points)?;
    terminal.clear();
    let is_same = found.is_same();
    if args.shared.json {
        output::json(&Document { command: "compare-run", is_same, found: &found })?;
    } else {
        output::lines(&output::page(&run_page(&found, Words::of(Language::English))))?;
    }
    if !is_same {
        bail!(
            "the runs differ: {} nodes of one alone, {} of {} logits with other bits",
            count(found.n_other_nodes as u64),
            count(found.n_different_logits as u64),
            count(found.n_logits as u64)
        );
    }
    Ok(())
}
