//! `unifews propagate GRAPH -o DIR`: the first half of a decoupled model.

use std::path::Path;

use serde::Serialize;

use super::args::PropagateArgs;
use super::failure::UsageError;
use super::inputs::{self, GraphAndRecipe};
use super::output::{self, table};
use super::progress::Terminal;
use crate::engine::experiment::FollowedTimes;
use crate::engine::model::Family;
use crate::engine::out_of_core::sums_hops;
use crate::engine::sparsify::{Lock, Recipe};
use crate::io::results::{Elapsed, PropagationMetrics, PropagationWriter};
use crate::io::stored::StoredGraph;
use crate::io::{Detected, GraphFormat, detect};
use crate::session::format::{bytes, count, percent, seconds};
use crate::session::tasks::propagate::{Propagate, PropagateStored};

#[derive(Serialize)]
struct Document<'a> {
    command: &'static str,
    output: &'a std::path::Path,
    recipe: &'a Recipe,
    metrics: &'a PropagationMetrics,
}

pub(super) fn run(args: &PropagateArgs, terminal: &Terminal) -> anyhow::Result<()> {
    let writer = PropagationWriter::begin(&args.output, terminal.ctl())?;
    let mut options = args.recipe.clone();
    if options.recipe.is_none() {
        options.arch.get_or_insert(Family::Sgc);
    }
    let recipe = inputs::recipe(&args.graph, &options, &args.shared)?;
    if !recipe.model.is_decoupled() {
        let found = recipe.model.architecture.key();
        return Err(UsageError::new("--arch", "a decoupled family (sgc, appnp, gbp) to propagate", found).into());
    }
    recipe.check()?;
    if let Ok(Detected::Graph(GraphFormat::Stored)) = detect(&args.graph) {
        let graph = StoredGraph::open(Path::new(&args.graph))?;
        let size = graph.size();
        let (room, _) = terminal.room(0);
        let needed = terminal.in_all(0, size.in_memory_bytes(sums_hops(&recipe)).max(size.reading_bytes()));
        if needed > room {
            let (needed, room_words) = (bytes(needed), bytes(room));
            terminal.say(&format!("in memory this takes about {needed}, of {room_words}: working from the disk"));
            let mut recipe = recipe;
            args.timing.settle(&mut recipe);
            return out_of_core(args, &recipe, &graph, room, writer, terminal);
        }
    }
    let mut input = inputs::read(&args.graph, &options, &args.shared, terminal)?;
    args.timing.settle(&mut input.recipe);
    let GraphAndRecipe { dataset, recipe } = input;
    let task = Propagate { dataset, recipe, is_timed: !args.timing.no_timing };
    terminal.check_memory(task.memory())?;
    let metrics = task.run_into(writer, terminal.ctl())?;
    terminal.clear();
    say(args, &task.recipe, &metrics, task.dataset.name())
}

/// Propagates a stored graph from the disk.
fn out_of_core(
    args: &PropagateArgs,
    recipe: &Recipe,
    graph: &StoredGraph,
    memory: u64,
    writer: PropagationWriter,
    terminal: &Terminal,
) -> anyhow::Result<()> {
    if !recipe.propagation.is_default() {
        let expected = "none where a graph is propagated from the disk";
        return Err(UsageError::new("--embeddings and --node-order", expected, "some").into());
    }
    if !recipe.graph.is_default() {
        return Err(UsageError::new("options of the graph", "none for a stored graph", "some").into());
    }
    let locked = locked_nodes_of(graph, recipe)?;
    let memory = memory.saturating_sub(terminal.bytes_of_threads());
    let task = PropagateStored::begin((&args.graph, graph), recipe, locked, memory, writer)?;
    let plan = task.plan();
    terminal.say(&format!(
        "{} of columns ({} wide), {} in memory, up to {} in {}",
        if plan.n_blocks == 1 { "1 block".to_owned() } else { format!("{} blocks", plan.n_blocks) },
        plan.block_width,
        bytes(plan.memory_bytes),
        bytes(plan.storage_bytes),
        task.work().display(),
    ));
    if let Some((hop, block)) = task.resumes_at()? {
        terminal.say(&format!(
            "going on at hop {} of {}, columns {} of {}",
            hop + 1,
            recipe.model.hops,
            block + 1,
            plan.n_blocks
        ));
    }
    let metrics = task.run(!args.timing.no_timing, terminal.ctl())?;
    terminal.clear();
    say(args, recipe, &metrics, graph.name())
}

/// Which nodes of a stored graph keep all their incoming entries, if any do.
fn locked_nodes_of(graph: &StoredGraph, recipe: &Recipe) -> anyhow::Result<Option<Vec<bool>>> {
    if recipe.edges.lock == Lock::None {
        return Ok(None);
    }
    let names = graph.splits();
    let at = if recipe.split == "auto" { Some(0) } else { names.iter().position(|name| *name == recipe.split) };
    let Some(at) = at.filter(|at| *at < names.len()) else {
        let expected = format!("a stored split ({}) to lock nodes of", names.join(", "));
        return Err(UsageError::new("--split", expected, &recipe.split).into());
    };
    let split = graph.split(at)?;
    let nodes = match &recipe.edges.lock {
        Lock::Val => split.val,
        Lock::Test => split.test,
        _ => return Err(UsageError::new("--lock", "none, val or test for a stored graph", "a file").into()),
    };
    let mut locked = vec![false; graph.size().n_nodes];
    for u in nodes {
        locked[u as usize] = true;
    }
    Ok(Some(locked))
}

/// What came back, for people or as a document.
fn say(args: &PropagateArgs, recipe: &Recipe, metrics: &PropagationMetrics, graph: &str) -> anyhow::Result<()> {
    if args.shared.json {
        return output::json(&Document { command: "propagate", output: &args.output, recipe, metrics });
    }
    let rows = metrics.steps.iter().filter_map(|step| {
        let edges = step.edges.as_ref()?;
        let delta = edges.delta_used.map_or_else(|| "-".to_owned(), |d| format!("{d:.4}"));
        Some(vec![
            step.title.clone(),
            edges.delta_asked.to_string(),
            delta,
            count(edges.n_after.saturating_sub(edges.n_self_loops) as u64),
            percent(edges.sparsity),
            count(step.macs.edges_pruned),
            step.output_norm.map_or_else(|| "-".to_owned(), |norm| format!("{norm:.4}")),
        ])
    });
    let header = ["hop", "δa", "δ used", "entries kept", "removed", "MACs", "norm"];
    let title = recipe.model.architecture.title();
    let mut lines = vec![
        format!("{title} of {graph}, {} hops\n", recipe.model.hops),
        table(&header, 1, rows),
        format!(
            "\nremoved: {} of the entries; MACs {} of {} (rule {})",
            percent(metrics.edge_sparsity),
            count(metrics.macs_pruned),
            count(metrics.macs_baseline),
            metrics.macs_rule,
        ),
        match metrics.elapsed {
            Some(Elapsed { elapsed_secs, n_threads }) => {
                format!("one pass, deciding as it goes: {}, {n_threads} threads", seconds(elapsed_secs))
            }
            None => "times were not measured".to_owned(),
        },
    ];
    if let Some(followed) = metrics.followed {
        let secs =
            |of: fn(FollowedTimes) -> f64| followed.times.map_or_else(|| "not measured".to_owned(), |t| seconds(of(t)));
        lines.push(format!(
            "one pass each over the masks: {}; stored as {}, nodes ordered as {}: {}, embedding {:.1e} off, at most {:.1e}",
            secs(|times| times.plain_secs),
            followed.rule.embeddings.key(),
            followed.rule.order.key(),
            secs(|times| times.secs),
            followed.relative_error,
            followed.largest_difference,
        ));
    }
    lines.push(format!("wrote {}", args.output.display()));
    output::lines(&lines)
}
