//! `unifews sweep GRAPH [MODEL] -o DIR`: many recipes, and which of them no other beats.

use std::sync::Arc;

use serde::Serialize;

use super::args::SweepArgs;
use super::failure::UsageError;
use super::output::{self, table};
use super::progress::Terminal;
use super::{inputs, pictures};
use crate::engine::experiment::{
    ComparePlan, EvaluatedOn, Method, RunOptions, SweepGrid, SweepPoint, best_rival, recovered_says,
    thresholds_by_layer,
};
use crate::engine::model::Model;
use crate::engine::sparsify::{NodesAre, Recipe, Schedule};
use crate::io::results::{Comparison, SweepResults, SweepWriter};
use crate::session::defaults::LIMIT;
use crate::session::format::{bytes, count, percent, seconds};
use crate::session::tasks::compare::Compare;
use crate::session::tasks::sensitivity::Sensitivity;
use crate::session::tasks::sweep::Sweep;
use crate::session::tasks::train::Train;
use crate::session::words::{Language, Words};
use crate::session::{Baseline, in_points, rival_says};

#[derive(Serialize)]
struct Document<'a> {
    command: &'static str,
    output: &'a std::path::Path,
    #[serde(flatten)]
    results: &'a SweepResults,
}

pub(super) fn run(args: &SweepArgs, terminal: &Terminal) -> anyhow::Result<()> {
    // What was given wrongly is said before anything is read.
    grid(args, SweepGrid::default())?;
    let writer = SweepWriter::begin(&args.output, terminal.ctl())?;
    let mut input = inputs::read(&args.graph, &args.recipe, &args.shared, terminal)?;
    let model = match &args.model {
        Some(spec) => inputs::read_fitting_model(spec, &args.recipe, &input.dataset, &mut input.recipe, terminal)?,
        None => trained(args, &mut input, terminal)?,
    };
    args.timing.settle(&mut input.recipe);
    let layer = layer(args, &model)?;
    let options = args.timing.of(RunOptions::SWEEP);
    let grid = grid(args, SweepGrid::suited_to(&input.recipe))?;
    let mut points = Vec::with_capacity(grid.len());
    let task = Sweep {
        dataset: Arc::clone(&input.dataset),
        model: Arc::clone(&model),
        baseline: Baseline::Own,
        base: input.recipe.clone(),
        grid: grid.clone(),
        layer,
        options,
    };
    terminal.run(task, &mut |point| points.push(*point))?;
    let threads = (!args.timing.no_timing).then(|| terminal.ctl().n_threads());
    let mut results = SweepResults::new(&input.dataset, &model, &input.recipe, grid, points, threads);
    results.layer = layer.map(|layer| layer + 1);
    if let Some(plan) = plan(args, input.recipe.recovery.is_some())? {
        results.comparison = Some(compared(args, &input, &model, plan, terminal)?);
    }
    if args.sensitivity {
        let task = Sensitivity {
            dataset: Arc::clone(&input.dataset),
            model: Arc::clone(&model),
            baseline: Baseline::Own,
            base: input.recipe.clone(),
            grid: results.grid.clone(),
        };
        terminal.run(task, &mut |point| results.sensitivity.push(*point))?;
    }
    writer.write(&results, &pictures::trade_off(&results)?, terminal.ctl())?;
    terminal.clear();
    if args.shared.json {
        return output::json(&Document { command: "sweep", output: &args.output, results: &results });
    }
    let mut lines = summary(&results);
    lines.extend(results.comparison.iter().flat_map(comparison_lines));
    lines.extend(layers_line(&results));
    lines.push(format!("\nwrote {}", args.output.display()));
    output::lines(&lines)
}

/// The layer that is swept, from 0; none: all of them.
fn layer(args: &SweepArgs, model: &Model) -> Result<Option<usize>, UsageError> {
    let Some(layer) = args.layer else { return Ok(None) };
    let n_layers = SweepGrid::n_layers(&Recipe { model: model.architecture.clone(), ..Recipe::default() });
    if (1..=n_layers).contains(&layer) {
        return Ok(Some(layer - 1));
    }
    Err(UsageError::new("--layer", format!("a layer from 1 to {n_layers} of this network"), layer))
}

/// The thresholds that every layer bears alone, within the limit of verdicts.
fn layers_line(results: &SweepResults) -> Option<String> {
    let recipe = thresholds_by_layer(&results.sensitivity, &results.recipe, LIMIT)?;
    let list = |deltas: &[f64]| deltas.iter().map(f64::to_string).collect::<Vec<_>>().join(",");
    let (edges, weights) = (list(&recipe.edges.delta), list(&recipe.weights.delta));
    let limit = in_points(LIMIT);
    Some(format!("\nby layer, each alone losing at most {limit} of val: --delta-a {edges} --delta-w {weights}"))
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
            p.pruned_bytes.map_or_else(|| "-".to_owned(), bytes),
        ]
    });
    let header = ["δa", "δw", "entries removed", "weights removed", "MACs", "time", "val", "test", "agreement", "size"];
    let of = results.layer.map_or_else(String::new, |layer| format!(", thresholds of layer {layer} alone"));
    let mut lines = vec![
        format!("{} on {}: {} recipes tried{of}", results.model, results.graph, results.points.len()),
        format!(
            "unpruned: {} MACs, val {}, test {}{}",
            count(first.macs_baseline),
            percent(first.baseline_val_accuracy),
            percent(first.baseline_test_accuracy),
            first.baseline_bytes.map_or_else(String::new, |n| format!(", {}", bytes(n))),
        ),
        "\nthose that no other beats in accuracy (val) and MACs at once\n".to_owned(),
        table(&header, 0, rows),
    ];
    if let Some(rule) = &results.recipe.recovery {
        lines.push(format!("\n{}", recovered_says(rule.nodes_are)));
    }
    lines
}

/// What to compare, if anything is.
fn plan(args: &SweepArgs, has_recovery: bool) -> Result<Option<ComparePlan>, UsageError> {
    let Some(names) = &args.methods else { return Ok(None) };
    let methods = Method::offered(has_recovery);
    let mut plan = ComparePlan { methods, has_model_per_seed: args.retrain, has_recovery, ..ComparePlan::default() };
    if names.iter().map(String::as_str).ne(["all"]) {
        let known = || plan.methods.iter().map(|m| m.key()).collect::<Vec<_>>().join(", ");
        let method = |name: &String| {
            Method::from_key(name)
                .filter(|method| has_recovery || !method.needs_recovery())
                .ok_or_else(|| UsageError::new("--methods", format!("all, or some of {}", known()), name))
        };
        plan.methods = names.iter().map(method).collect::<Result<_, _>>()?;
    }
    if let Some(shares) = &args.shares {
        if let Some(wrong) = shares.iter().find(|s| !(0.0..=1.0).contains(*s)) {
            return Err(UsageError::new("--shares", "shares between 0 and 1", wrong));
        }
        plan.shares.clone_from(shares);
    }
    if let Some(seeds) = &args.seeds {
        plan.seeds.clone_from(seeds);
    }
    Ok(Some(plan))
}

fn compared(
    args: &SweepArgs,
    input: &inputs::GraphAndRecipe,
    model: &Arc<Model>,
    plan: ComparePlan,
    terminal: &Terminal,
) -> anyhow::Result<Comparison> {
    let mut recipe = input.recipe.clone();
    if plan.has_model_per_seed {
        inputs::set_training(&mut recipe, &args.recipe);
    }
    let (dataset, model) = (Arc::clone(&input.dataset), Arc::clone(model));
    let task = Compare::new(dataset, model, Baseline::Own, &recipe, plan.clone());
    let used = task.plan().clone();
    for method in plan.methods.iter().filter(|method| !used.methods.contains(method)) {
        let why = "it removes entries, and this network propagates over no graph";
        terminal.note(&format!("warning: method {} is left out: {why}", method.key()));
    }
    let mut points = Vec::with_capacity(used.len());
    terminal.run(task, &mut |point| points.push(*point))?;
    Ok(Comparison::new(used, points))
}

/// Accuracy of every method at every share, for people.
fn comparison_lines(comparison: &Comparison) -> Vec<String> {
    let shares = comparison.plan.shares.iter().map(|s| format!("{} %", (100.0 * s).round()));
    let header: Vec<String> = std::iter::once("method".to_owned()).chain(shares).collect();
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let rows = comparison.plan.methods.iter().map(|method| {
        let cells = comparison.summary.iter().filter(|s| s.method == *method).map(|s| {
            if s.n_seeds > 1 { format!("{} ±{:.1}", percent(s.mean), 100.0 * s.deviation) } else { percent(s.mean) }
        });
        std::iter::once(method.full_key(comparison.plan.has_recovery)).chain(cells).collect()
    });
    let models = if comparison.plan.has_model_per_seed { "a model per seed" } else { "one model" };
    let mut lines = vec![
        format!("\ntest score of every method at the share it was asked to remove ({models})\n"),
        table(&header, 1, rows),
    ];
    let rivals = [true, false].into_iter().filter_map(|is_of_edges| best_rival(&comparison.summary, is_of_edges));
    lines.extend(rivals.map(|rival| rival_says(&rival, EvaluatedOn::Test, Words::of(Language::English))));
    if comparison.plan.has_recovery {
        let says = recovered_says(NodesAre::Static);
        lines.push(format!("\nevery method got the same recovery of what it kept; {says}"));
    }
    lines
}

/// The grid that was given; thresholds that were not are those of `defaults`.
fn grid(args: &SweepArgs, defaults: SweepGrid) -> Result<SweepGrid, UsageError> {
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
fn trained(args: &SweepArgs, input: &mut inputs::GraphAndRecipe, terminal: &Terminal) -> anyhow::Result<Arc<Model>> {
    inputs::set_training(&mut input.recipe, &args.recipe);
    let mut recipe = input.recipe.clone();
    if let Some(training) = &mut recipe.training
        && training.schedule != Schedule::Dense
    {
        terminal.note("warning: the swept model is trained dense, the recipe's schedule plays no part");
        training.schedule = Schedule::Dense;
    }
    let trained = terminal.run(Train::new(Arc::clone(&input.dataset), recipe.clone()), &mut |_| {})?;
    input.recipe = recipe;
    Ok(trained.model)
}
