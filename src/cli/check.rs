//! `unifews check BUNDLE --graph NEW`: is the bundle still true? Exit code 0 fine, 3 re-evaluate, 4 stop.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use super::beyond_args::CheckArgs;
use super::failure::Answered;
use super::output::{self, page};
use super::progress::Terminal;
use crate::engine::monitor::Level;
use crate::io::checks::{CheckRecord, history_path};
use crate::session::check_page;
use crate::session::tasks::check::CheckBundle;
use crate::session::tasks::no_points;

#[derive(Serialize)]
struct Document<'a> {
    command: &'static str,
    bundle: &'a std::path::Path,
    #[serde(flatten)]
    record: &'a CheckRecord,
}

pub(super) fn run(args: &CheckArgs, terminal: &Terminal) -> anyhow::Result<()> {
    let task = CheckBundle {
        bundle: args.bundle.clone(),
        reference: args.reference.clone(),
        trusts_recipe: args.trust_recipe,
        graph: args.graph.clone(),
        labels: args.labels.clone(),
        model: args.model.clone(),
        is_kept: !args.no_history,
        at: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        memory: terminal.memory(),
    };
    let checked = terminal.run(task, &mut no_points)?;
    terminal.clear();
    for warning in &checked.warnings {
        output::note(&format!("warning: {warning}"));
    }
    let record = &checked.record;
    if args.shared.json {
        output::json(&Document { command: "check", bundle: &args.bundle, record })?;
    } else {
        output::lines(&page(&check_page(&checked)))?;
        if !args.no_history {
            output::lines(&[String::new(), format!("history: {}", history_path(&args.bundle).display())])?;
        }
    }
    match record.check.level {
        Level::Fine => Ok(()),
        Level::ReEvaluate => Err(Answered(3).into()),
        Level::Stop => Err(Answered(4).into()),
    }
}
