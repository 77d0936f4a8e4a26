//! `unifews bench`: what this machine does per second, and from which removed share on pruned weights save time.

use serde::Serialize;

use super::output;
use super::program_args::BenchArgs;
use super::progress::Terminal;
use crate::engine::bench::SpeedReport;
use crate::engine::graph::ReadOptions;
use crate::io::bundle::MachineNote;
use crate::session::speed_page;
use crate::session::tasks::bench::Bench;
use crate::session::tasks::no_points;
use crate::session::tasks::source::GraphSource;
use crate::session::words::{Language, Words};

/// What `--json` prints.
#[derive(Serialize)]
struct Document<'a> {
    command: &'static str,
    format: &'static str,
    machine: &'a MachineNote,
    #[serde(flatten)]
    report: &'a SpeedReport,
}

/// Name and version of the document.
const FORMAT: &str = "unifews-bench/1";

pub(super) fn run(args: &BenchArgs, terminal: &Terminal) -> anyhow::Result<()> {
    let (options, memory) = (Box::<ReadOptions>::default(), terminal.memory());
    let graph = args.graph.clone().map(|spec| GraphSource::Read { spec, options, memory });
    let mut task = Bench::new(graph, args.quick);
    task.plan.hidden = args.hidden.unwrap_or(task.plan.hidden);
    task.plan.n_repeats = args.repeats.unwrap_or(task.plan.n_repeats);
    let measured = terminal.run(task, &mut no_points)?;
    terminal.clear();
    let (report, machine) = (&measured.report, &measured.machine);
    if let Some(Err(why)) = &measured.kept {
        terminal.note(&format!("warning: not kept for choosing products: {why}"));
    }
    if args.shared.json {
        return output::json(&Document { command: "bench", format: FORMAT, machine, report });
    }
    let mut lines = output::page(&speed_page(report, machine, Words::of(Language::English)));
    if let Some(Ok(path)) = &measured.kept {
        lines.push(format!("\nkept for choosing products: {}", path.display()));
    }
    output::lines(&lines)
}
