//! `unifews propagate GRAPH -o DIR`: the first half of a decoupled model.

use std::time::Instant;

use serde::Serialize;

use super::args::PropagateArgs;
use super::failure::UsageError;
use super::inputs;
use super::output::{self, count, percent, seconds, table};
use super::progress::Terminal;
use crate::engine::graph::resolve_split;
use crate::engine::model::Family;
use crate::engine::sparsify::{Recipe, propagate};
use crate::io::results::{PropagationMetrics, PropagationWriter};

#[derive(Serialize)]
struct Document<'a> {
    command: &'static str,
    output: &'a std::path::Path,
    recipe: &'a Recipe,
    metrics: &'a PropagationMetrics,
}

pub(super) fn run(args: &PropagateArgs, terminal: &Terminal) -> anyhow::Result<()> {
    let writer = PropagationWriter::begin(&args.output)?;
    let mut options = args.recipe.clone();
    if options.recipe.is_none() {
        options.arch.get_or_insert(Family::Sgc);
    }
    let input = inputs::read(&args.graph, &options, &args.shared, terminal)?;
    let recipe = &input.recipe;
    if !recipe.model.is_decoupled() {
        let found = recipe.model.architecture.key();
        return Err(UsageError::new("--arch", "a decoupled family (sgc, appnp, gbp) to propagate", found).into());
    }
    recipe.check()?;
    let split = resolve_split(&input.dataset, &recipe.split, recipe.seed)?;
    let began = Instant::now();
    let propagated = propagate(&input.dataset, recipe, &split, None, terminal.ctl())?;
    let elapsed_secs = began.elapsed().as_secs_f64();
    let metrics = PropagationMetrics::of(&input.dataset, &propagated, elapsed_secs, terminal.ctl().n_threads());
    writer.write(recipe, &propagated, &metrics, terminal.ctl())?;
    terminal.clear();
    if args.shared.json {
        return output::json(&Document { command: "propagate", output: &args.output, recipe, metrics: &metrics });
    }
    let rows = metrics.steps.iter().filter_map(|step| {
        let edges = step.edges.as_ref()?;
        let delta = edges.delta_used.map_or_else(|| "-".to_owned(), |d| format!("{d:.4}"));
        Some(vec![
            step.title.clone(),
            edges.delta_asked.to_string(),
            delta,
            count(edges.n_after as u64),
            percent(edges.sparsity),
            count(step.macs.edges_pruned),
            step.output_norm.map_or_else(|| "-".to_owned(), |norm| format!("{norm:.4}")),
        ])
    });
    let header = ["hop", "δa", "δ used", "entries kept", "removed", "MACs", "norm"];
    let title = recipe.model.architecture.title();
    output::lines(&[
        format!("{title} of {}, {} hops\n", input.dataset.name(), recipe.model.hops),
        table(&header, 1, rows),
        format!(
            "\nremoved: {} of the entries; MACs {} of {} (rule {})",
            percent(metrics.edge_sparsity),
            count(metrics.macs_pruned),
            count(metrics.macs_dense),
            metrics.macs_rule,
        ),
        format!("one pass, deciding as it goes: {}, {} threads", seconds(metrics.elapsed_secs), metrics.n_threads),
        format!("wrote {}", args.output.display()),
    ])
}
