//! `unifews sweep GRAPH [MODEL] -o DIR`: many recipes, and which of them no other beats.

use std::sync::Arc;

use serde::Serialize;

use super::args::SweepArgs;
use super::failure::UsageError;
use super::output::{self, count, percent, seconds, table};
use super::progress::Terminal;
use super::{inputs, pictures};
use crate::engine::analysis::{SweepGrid, SweepPoint, sweep};
use crate::engine::model::Model;
use crate::engine::sparsify::Schedule;
use crate::engine::train::train;
use crate::io::results::{SweepResults, SweepWriter};

#[derive(Serialize)]
struct Document<'a> {
    command: &'static str,
    output: &'a std::path::Path,
    #[serde(flatten)]
    results: &'a SweepResults,
}

pub(super) fn run(args: &SweepArgs, terminal: &Terminal) -> anyhow::Result<()> {
    let grid = grid(args)?;
    let writer = SweepWriter::begin(&args.output)?;
    let mut input = inputs::read(&args.graph, &args.recipe, &args.shared, terminal)?;
    let model = match &args.model {
        Some(spec) => inputs::read_fitting_model(spec, &args.recipe, &mut input.recipe, terminal)?,
        None => trained(args, &mut input, terminal)?,
    };
    let mut points = Vec::with_capacity(grid.len());
    sweep(&input.dataset, &model, &input.recipe, &grid, terminal.ctl(), |point, _| points.push(point))?;
    let results = SweepResults::new(&input.dataset, &model, &input.recipe, grid, points, terminal.ctl().n_threads());
    writer.write(&results, &pictures::trade_off(&results)?, terminal.ctl())?;
    terminal.clear();
    if args.shared.json {
        return output::json(&Document { command: "sweep", output: &args.output, results: &results });
    }
    let mut lines = summary(&results);
    lines.push(format!("\nwrote {}", args.output.display()));
    output::lines(&lines)
}

/// The points that no other beats, for people.
pub(super) fn summary(results: &SweepResults) -> Vec<String> {
    let Some(first) = results.points.first() else { return Vec::new() };
    let rows = results.pareto.iter().filter_map(|idx| results.points.get(*idx)).map(|p: &SweepPoint| {
        vec![
            p.delta_a.to_string(),
            p.delta_w.to_string(),
            percent(p.edge_sparsity),
            percent(p.weight_sparsity),
            count(p.macs_pruned),
            if p.pruned_secs.is_finite() { seconds(p.pruned_secs) } else { "-".to_owned() },
            percent(p.val_accuracy),
            percent(p.test_accuracy),
            percent(p.agreement),
        ]
    });
    let header = ["δa", "δw", "entries removed", "weights removed", "MACs", "time", "val", "test", "agreement"];
    vec![
        format!("{} on {}: {} recipes tried", results.model, results.graph, results.points.len()),
        format!(
            "unpruned: {} MACs, val {}, test {}",
            count(first.macs_dense),
            percent(first.dense_val_accuracy),
            percent(first.dense_test_accuracy),
        ),
        "\nthose that no other beats in accuracy (val) and MACs at once\n".to_owned(),
        table(&header, 0, rows),
    ]
}

fn grid(args: &SweepArgs) -> Result<SweepGrid, UsageError> {
    let defaults = SweepGrid::default();
    let values = |option: &str, given: &Option<Vec<f64>>, default: Vec<f64>| {
        let values = given.clone().unwrap_or(default);
        match values.iter().find(|v| !(v.is_finite() && **v >= 0.0)) {
            Some(wrong) => Err(UsageError::new(option, "numbers of at least 0", wrong)),
            None => Ok(values),
        }
    };
    Ok(SweepGrid {
        delta_a: values("--grid-a", &args.grid_a, defaults.delta_a)?,
        delta_w: values("--grid-w", &args.grid_w, defaults.delta_w)?,
    })
}

/// A model of the recipe, trained dense: what is swept is pruning after training.
fn trained(args: &SweepArgs, input: &mut inputs::Inputs, terminal: &Terminal) -> anyhow::Result<Arc<Model>> {
    inputs::set_training(&mut input.recipe, &args.recipe);
    let mut recipe = input.recipe.clone();
    if let Some(training) = &mut recipe.training
        && training.schedule != Schedule::Dense
    {
        terminal.note("warning: the swept model is trained dense, the recipe's schedule plays no part");
        training.schedule = Schedule::Dense;
    }
    let trained = train(&input.dataset, &recipe, terminal.ctl(), |_| {})?;
    input.recipe = recipe;
    Ok(trained.model)
}
