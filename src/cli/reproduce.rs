//! `unifews reproduce TABLE [GRAPH…] -o FILE`: published tables again, side by side with their figures.

use std::path::Path;

use serde::Serialize;

use super::args::ReproduceArgs;
use super::output;
use super::progress::Terminal;
use crate::io::bundle::MachineNote;
use crate::session::ReproducePlan;
use crate::session::tasks::reproduce::{Reproduce, ReproducedRows};

#[derive(Serialize)]
struct Document<'a> {
    command: &'static str,
    table: &'static str,
    output: &'a Path,
    machine: &'a MachineNote,
    rows: &'a ReproducedRows,
}

pub(super) fn run(args: &ReproduceArgs, terminal: &Terminal) -> anyhow::Result<()> {
    let plan = ReproducePlan {
        table: args.table,
        graphs: args.graphs.clone(),
        reading: args.graph.options(),
        seeds: args.seeds.clone(),
        is_full: args.full,
        epochs: args.epochs,
        hidden: args.hidden,
        truth: args.truth.plan(args.table)?,
    };
    let task = Reproduce { plan, output: args.output.clone(), memory: terminal.memory() };
    let done = terminal.run(task, &mut |_| {})?;
    terminal.clear();
    if args.shared.json {
        let (machine, rows) = (&done.machine, &done.rows);
        let table = args.table.key();
        return output::json(&Document { command: "reproduce", table, output: &args.output, machine, rows });
    }
    output::lines(&[done.text, format!("wrote {}", args.output.display())])
}
