//! `unifews worker JOB ACTION`: the kernel of a cluster's job. Record batches come on stdin and go to stdout.

use std::io::{BufReader, BufWriter, Write as _};
use std::path::Path;

use anyhow::anyhow;
use serde::Serialize;

use super::beyond_args::{ShapeArgs, Thresholds, WorkerAction, WorkerArgs};
use super::output;
use super::progress::Terminal;
use crate::engine::cluster::{BlockRows, Decisions, Summary};
use crate::io::cluster::{Blocks, JobFolder, StageNote, assemble, entries, metrics_of, pack, predictions, stage};

#[derive(Serialize)]
struct Plan {
    rows_per_block: usize,
    n_blocks: usize,
    stages: Vec<StageNote>,
}

pub(super) fn run(args: &WorkerArgs, terminal: &Terminal) -> anyhow::Result<()> {
    let whose = match &args.action {
        WorkerAction::Check => Thresholds::Recipe,
        WorkerAction::Plan { thresholds, .. } => *thresholds,
        WorkerAction::Assemble { shape, .. }
        | WorkerAction::Pack { shape }
        | WorkerAction::Stage { shape, .. }
        | WorkerAction::Decide { shape, .. }
        | WorkerAction::Predictions { shape }
        | WorkerAction::Entries { shape }
        | WorkerAction::Metrics { shape, .. } => shape.thresholds,
    };
    let folder = JobFolder::read(&args.job, whose == Thresholds::Bundle)?;
    let ctl = terminal.ctl();
    let blocks = |shape: &ShapeArgs| -> anyhow::Result<Blocks<'_>> {
        Ok(Blocks { job: &folder.job, rows: BlockRows::try_new(shape.nodes, shape.rows_per_block)? })
    };
    let input = BufReader::with_capacity(1 << 16, std::io::stdin().lock());
    let mut out = BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
    match &args.action {
        WorkerAction::Check => return output::lines(std::slice::from_ref(&folder.note.program.version)),
        WorkerAction::Plan { nodes, blocks, direction, weighted, .. } => {
            folder.job.check_graph(*direction, *weighted)?;
            let rows = BlockRows::about(*nodes, *blocks);
            let rows = BlockRows::try_new(*nodes, rows.rows_per_block)?;
            let (rows_per_block, n_blocks) = (rows.rows_per_block, rows.n_blocks());
            drop(out);
            return output::json(&Plan { rows_per_block, n_blocks, stages: folder.stages() });
        }
        WorkerAction::Assemble { shape, self_loops, weighted } => {
            assemble(blocks(shape)?, *self_loops, *weighted, input, &mut out, ctl)?;
        }
        WorkerAction::Pack { shape } => pack(blocks(shape)?, input, &mut out)?,
        WorkerAction::Stage { shape, stage: at, decisions } => {
            stage(blocks(shape)?, *at, &read_decisions(decisions)?, input, &mut out, ctl)?;
        }
        WorkerAction::Decide { stage: at, decisions, .. } => {
            let decided = decide(&folder, *at, read_decisions(decisions)?, input)?;
            serde_json::to_writer(&mut out, &decided)?;
        }
        WorkerAction::Predictions { shape } => predictions(blocks(shape)?, input, &mut out)?,
        WorkerAction::Entries { shape } => entries(blocks(shape)?, input, &mut out)?,
        WorkerAction::Metrics { decisions, .. } => {
            serde_json::to_writer(&mut out, &metrics_of(&folder, &read_decisions(decisions)?))?;
        }
    }
    Ok(out.flush()?)
}

fn read_decisions(path: &Path) -> anyhow::Result<Decisions> {
    let text = std::fs::read_to_string(path).map_err(|error| anyhow!("cannot open: {error}: {}", path.display()))?;
    serde_json::from_str(&text)
        .map_err(|error| anyhow!("decisions: expected what a job decided, found {error}: {}", path.display()))
}

/// What is decided of the summaries of all blocks.
fn decide(
    folder: &JobFolder,
    at: usize,
    mut so_far: Decisions,
    mut input: impl std::io::Read,
) -> anyhow::Result<Decisions> {
    let mut text = String::new();
    input.read_to_string(&mut text)?;
    let mut found = Summary::default();
    for line in text.lines() {
        found.merge(
            &serde_json::from_str(line).map_err(|error| anyhow!("summaries: expected one to a line, found {error}"))?,
        );
    }
    let stages = folder.job.stages();
    let stage = stages.get(at).ok_or_else(|| anyhow!("stage: expected a number below {}, found {at}", stages.len()))?;
    so_far.absorb(&folder.job, stage, &found)?;
    Ok(so_far)
}
