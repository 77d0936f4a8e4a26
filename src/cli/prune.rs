//! `unifews prune GRAPH MODEL -o BUNDLE`: decide masks, evaluate, write the bundle.

use std::sync::Arc;

use serde::Serialize;

use super::args::PruneArgs;
use super::failure::UsageError;
use super::inputs;
use super::output::{self, page, table};
use super::progress::Terminal;
use crate::engine::certify::Certificate;
use crate::engine::experiment::{
    Around, Budget, BudgetPoint, FoundBudget, Goal, NO_NEW_NODES_SAYS, RequestTiming, Run, RunOptions,
    check_certifiable, controls_say, recovered_says,
};
use crate::engine::graph::{Dataset, Metric};
use crate::engine::model::Model;
use crate::engine::score::Score;
use crate::engine::sparsify::{ChannelTrace, NodesAre, Recipe, ValueType};
use crate::io::LoadReport;
use crate::io::bundle::{
    BundleOptions, BundleReport, BundleWriter, Metrics, NewNodesMetrics, PartMetrics, Scores, SizeMetrics, Supplements,
};
use crate::session::format::{self, bytes, count, percent, seconds};
use crate::session::tasks::budget::{FindWithinBudget, asked, says};
use crate::session::tasks::certify::Certify;
use crate::session::tasks::controls::Controls;
use crate::session::tasks::draw::{Draw, DrawnSubject};
use crate::session::tasks::errors::ErrorsOfNodes;
use crate::session::tasks::export::ExportBundle;
use crate::session::tasks::look::{LookAtNodes, LookAtWeight};
use crate::session::tasks::no_points;
use crate::session::tasks::predict::AskedNodes;
use crate::session::tasks::prune::Prune;
use crate::session::words::{Language, Words};
use crate::session::{
    Assumption, Baseline, ErrorReport, ReadingScore, Verdict, certificate_page, low_says, lower_first, replay_command,
    request_page,
};

/// What `--json` prints.
#[derive(Serialize)]
struct Document<'a> {
    command: &'static str,
    graph: &'a str,
    model: String,
    recipe: &'a Recipe,
    metrics: &'a Metrics,
    bundle: &'a BundleReport,
    /// What the model's file leaves open.
    assumptions: &'a [Assumption],
    /// Whether it keeps within the limit, in one sentence.
    verdict: &'a Verdict,
    /// What was tried to find a recipe within a budget.
    #[serde(skip_serializing_if = "Option::is_none")]
    budget: Option<&'a [BudgetPoint]>,
    /// What is certified of the one that was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<&'a Certificate>,
    /// What was done around the nodes that were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    nodes: Vec<&'a Around>,
}

/// What was found within a budget.
struct WithinBudget {
    recipe: Recipe,
    points: Vec<BudgetPoint>,
    certificate: Option<Certificate>,
    /// For people.
    lines: Vec<String>,
}

/// Looks for the recipe that removes most while at most `points` of accuracy are lost.
fn within_budget(
    args: &PruneArgs,
    points: f64,
    dataset: &Arc<Dataset>,
    model: &Arc<Model>,
    recipe: &Recipe,
    terminal: &Terminal,
) -> anyhow::Result<WithinBudget> {
    if !(0.0..100.0).contains(&points) {
        return Err(UsageError::new("--lose-at-most", "points to lose from 0 to below 100", points).into());
    }
    let budget = Budget { lose_at_most: points / 100.0, goal: args.goal };
    let task = FindWithinBudget {
        dataset: Arc::clone(dataset),
        model: Arc::clone(model),
        baseline: Baseline::Own,
        base: recipe.clone(),
        budget,
    };
    let found = terminal.run(task, &mut |_| {})?;
    let Some((at, recipe)) = found.chosen.clone() else {
        let other = if args.goal == Goal::Time { Goal::Entries } else { Goal::Time };
        let says = says(budget, &found);
        anyhow::bail!("{}; a larger --lose-at-most, or --for {}", lower_first(&says), other.key());
    };
    Ok(WithinBudget {
        lines: about_budget(budget, &found, at),
        recipe,
        points: found.points,
        certificate: found.certificate,
    })
}

/// The path, and what was chosen of it.
fn about_budget(budget: Budget, found: &FoundBudget, chosen: usize) -> Vec<String> {
    let rows = found.points.iter().enumerate().map(|(at, point)| {
        let mark = if at == chosen {
            "chosen"
        } else if point.is_within {
            "within"
        } else {
            "too much"
        };
        vec![
            asked(point),
            percent(point.edge_sparsity),
            percent(point.weight_sparsity),
            format!("{:.1}", 100.0 * point.loss),
            percent(point.agreement),
            mark.to_owned(),
        ]
    });
    let mut lines = vec![table(&["share", "entries", "weights", "points lost", "same class", "budget"], 1, rows)];
    lines.push(format!("\n{}\n", says(budget, found)));
    lines
}

pub(super) fn run(args: &PruneArgs, terminal: &Terminal) -> anyhow::Result<()> {
    if !(0.0..=100.0).contains(&args.limit) {
        return Err(UsageError::new("--limit", "points from 0 to 100", args.limit).into());
    }
    let limit = args.limit / 100.0;
    // The place is opened first: nothing is computed for a folder that cannot be written.
    let writer = BundleWriter::begin(&args.output, terminal.ctl())?;
    let mut options = args.recipe.clone();
    if options.recipe.is_none() && options.arch.is_none() {
        // The model says what network it is, and so which of its settings there are.
        options.arch = inputs::family_of(&args.model);
    }
    let mut input = inputs::read(&args.graph, &options, &args.shared, terminal)?;
    let (model, report) =
        inputs::read_reported_model(&args.model, &args.recipe, &input.dataset, &mut input.recipe, terminal)?;
    if let Some(points) = args.certify.filter(|points| !(*points > 0.0 && *points < 100.0)) {
        return Err(UsageError::new("--certify", "points to lose above 0 and below 100", points).into());
    }
    if args.controls && input.recipe.recovery.is_none() && args.lose_at_most.is_none() {
        let expected = "a recipe that recovers accuracy (--recover one-shot)";
        return Err(UsageError::new("--controls", expected, "one without recovery").into());
    }
    // What cannot be had is said before anything is computed for it.
    if args.certify.is_some() {
        check_certifiable(&input.dataset, &input.recipe)?;
    }
    if args.errors {
        ErrorsOfNodes::check(&input.recipe)?;
    }
    let looked_at = args.look.as_deref().map(AskedNodes::said);
    if let Some(nodes) = &looked_at {
        nodes.find(&input.dataset)?;
    }
    check_drawings(args, &input.dataset)?;
    if let Some(weight) = &args.look_weight {
        weight.find(&model)?;
    }
    let options = args.timing.of(RunOptions::FULL);
    args.timing.settle(&mut input.recipe);
    let inputs::GraphAndRecipe { dataset, recipe } = input;
    let found = match args.lose_at_most {
        Some(points) => Some(within_budget(args, points, &dataset, &model, &recipe, terminal)?),
        None => None,
    };
    let recipe = found.as_ref().map_or(recipe, |found| found.recipe.clone());
    let mut run = terminal.run(Prune { dataset, model, baseline: Baseline::Own, recipe, options }, &mut no_points)?;
    run.certificate = found.as_ref().and_then(|found| found.certificate.clone()).map(Arc::new);
    let options = bundle_options(args, &run.recipe)?;
    let run = Arc::new(run);
    let (supplements, errors) = supplements(args, &run, terminal)?;
    let nodes = match looked_at {
        Some(nodes) => terminal.run(LookAtNodes { run: Arc::clone(&run), nodes }, &mut no_points)?,
        None => Vec::new(),
    };
    let weight = args.look_weight.clone().map(|weight| LookAtWeight { run: Arc::clone(&run), weight });
    let weight = weight.map(|task| terminal.run(task, &mut no_points)).transpose()?;
    let drawn = drawings(args, &run, terminal)?;
    let verdict = Verdict::of(&run, limit);
    let export = ExportBundle { run, options, supplements, limit };
    let (bundle, run) = (export.run_into(writer, terminal.ctl())?, &export.run);
    terminal.clear();
    let metrics = &bundle.metrics;
    let assumptions = assumptions(&report, metrics);
    if let Some(warning) = about_assumptions(&assumptions) {
        terminal.note(&format!("warning: {warning}: {}", args.model));
    }
    if args.shared.json {
        return output::json(&Document {
            command: "prune",
            graph: run.dataset.source(),
            model: run.model.title(),
            recipe: &run.recipe,
            metrics,
            bundle: &bundle,
            assumptions: &assumptions,
            verdict: &verdict,
            budget: found.as_ref().map(|found| found.points.as_slice()),
            certificate: export.supplements.certificate.as_deref().or(run.certificate.as_deref()),
            nodes: nodes.iter().map(|node| &node.around).collect(),
        });
    }
    let mut lines = found.as_ref().map_or_else(Vec::new, |found| found.lines.clone());
    lines.extend(summary(run, metrics, &verdict));
    if let Some(report) = &errors {
        lines.push(String::new());
        lines.extend(page(&report.page));
    }
    for node in &nodes {
        lines.push(String::new());
        lines.extend(page(&node.page()));
    }
    if let Some(part) = weight {
        lines.push(String::new());
        lines.extend(page(&part));
    }
    if let Some(certificate) = export.supplements.certificate.as_deref().or(run.certificate.as_deref()) {
        lines.push(String::new());
        lines.extend(page(&certificate_page(certificate)));
    }
    let BundleReport { path, files, size_bytes, .. } = &bundle;
    let path = path.display();
    lines.push(format!("\nwrote {path} ({} files, {})", files.len(), bytes(*size_bytes)));
    let replay = replay_command(&bundle.path, &run.recipe, (&args.graph, &args.graph), args.without_features);
    lines.push(format!("replay with: {replay}"));
    lines.extend(drawn);
    lines.extend(export.about_features(&bundle));
    output::lines(&lines)
}

/// Refuses what cannot be drawn before anything is computed for it.
fn check_drawings(args: &PruneArgs, dataset: &Dataset) -> anyhow::Result<()> {
    for path in args.draw.iter().chain(args.draw_around.iter().map(|(_, path)| path)) {
        Draw::check_file(path)?;
    }
    for (node, _) in &args.draw_around {
        Draw::check_node(dataset, node)?;
    }
    if args.draw_hops == Some(0) {
        return Err(UsageError::new("--draw-hops", "at least 1", 0).into());
    }
    Ok(())
}

/// Draws what was asked for; says what was written.
fn drawings(args: &PruneArgs, run: &Arc<Run>, terminal: &Terminal) -> anyhow::Result<Vec<String>> {
    let graph = args.draw.iter().map(|path| (DrawnSubject::Graph, path));
    let around = args.draw_around.iter().map(|(node, path)| {
        let subject = DrawnSubject::Around { node: node.clone(), n_hops: args.draw_hops };
        (subject, path)
    });
    let draw = |(subject, path): (DrawnSubject, &std::path::PathBuf)| {
        let task = Draw { run: Arc::clone(run), subject, path: path.clone() };
        terminal.run(task, &mut no_points)
    };
    graph.chain(around).map(draw).collect()
}

/// What was asked for beside the run; the errors as a page, too.
fn supplements(
    args: &PruneArgs,
    run: &Arc<Run>,
    terminal: &Terminal,
) -> anyhow::Result<(Supplements, Option<Arc<ErrorReport>>)> {
    let mut supplements = Supplements::default();
    if args.controls {
        supplements.controls = terminal.run(Controls { run: Arc::clone(run) }, &mut no_points)?;
    }
    if let Some(points) = args.certify {
        let task = Certify { run: Arc::clone(run), limit: points / 100.0 };
        supplements.certificate = Some(terminal.run(task, &mut no_points)?);
    }
    if !args.errors {
        return Ok((supplements, None));
    }
    let report = terminal.run(ErrorsOfNodes { run: Arc::clone(run) }, &mut no_points)?;
    supplements.errors.clone_from(&report.steps);
    Ok((supplements, Some(report)))
}

/// What the file leaves open, with what the unpruned model scores when it is read so.
fn assumptions(report: &LoadReport, metrics: &Metrics) -> Vec<Assumption> {
    let score = metrics.scores.as_ref().and_then(|scores| {
        let parts = [&scores.test, &scores.val, &scores.train].map(|part| part.baseline);
        ReadingScore::of(&scores.split, scores.metric, parts)
    });
    Assumption::all(report, score.as_ref())
}

/// What that score says of all of them.
fn about_assumptions(assumptions: &[Assumption]) -> Option<String> {
    Some(match &assumptions.first()?.score {
        Some(score) => format!(
            "with what was assumed the unpruned model scores {}; much less than it is known for means that an assumption does not hold",
            score.says(),
        ),
        None => "no labelled nodes say whether what was assumed of the model holds".to_owned(),
    })
}

/// Which of the channels of a hidden representation went, and what other shares of them would cost.
fn channels(trace: &ChannelTrace) -> String {
    let at =
        |share: f64| format!("{} without {}", percent(trace.error_without(trace.n_without(share))), percent(share));
    format!(
        "channels behind {}: {} of {} removed; once the others make up for them what reads them is off by {} ({})",
        trace.weight,
        count(trace.n_removed as u64),
        count(trace.n_channels as u64),
        percent(trace.error_without(trace.n_removed)),
        [0.25, 0.5, 0.75, 0.875].map(at).join(", "),
    )
}

/// What the bundle is to hold.
fn bundle_options(args: &PruneArgs, recipe: &Recipe) -> Result<BundleOptions, UsageError> {
    let asked = recipe.precision.weights;
    if args.values != ValueType::F32 && asked != ValueType::F32 && args.values != asked {
        let expected = format!("{}, as the recipe stores weights", asked.key());
        return Err(UsageError::new("--values", &expected, args.values.key()));
    }
    Ok(BundleOptions {
        values: args.values,
        without_features: args.without_features,
        without_new_nodes: args.without_new_nodes,
    })
}

/// What model and graphs take.
fn sizes(size: &SizeMetrics) -> Vec<String> {
    let mut lines = vec![format!(
        "model {} → {} (stored sparse, weights as {})",
        bytes(size.model_dense_bytes),
        bytes(size.model_sparse_bytes),
        size.values.key(),
    )];
    if !size.graphs.is_empty() {
        let graphs = size.graphs.iter().map(|g| format!("{} → {}", bytes(g.bytes_before), bytes(g.bytes_after)));
        lines.push(format!("graph of every layer {}", graphs.collect::<Vec<_>>().join(", ")));
    }
    if let Some(rounding) = &size.rounding {
        lines.push(format!(
            "weights rounded to {}: logits {:.1e} off, at most {:.1e}; {} of the predictions stay",
            size.values.key(),
            rounding.relative_error.unwrap_or(f64::INFINITY),
            rounding.largest_difference.unwrap_or(f64::INFINITY),
            percent(rounding.agreement),
        ));
    }
    lines
}

/// A run for people: what was removed, what it saves, what it costs.
pub(super) fn summary(run: &Run, metrics: &Metrics, verdict: &Verdict) -> Vec<String> {
    let mut lines = vec![format!("{} on {}\n", run.model.title(), run.dataset.name())];
    lines.extend(verdict.lines());
    lines.push(String::new());
    let dash = || "-".to_owned();
    let rows = metrics.steps.iter().map(|step| {
        let (edges, weights) = (step.edges.as_ref(), step.weights.as_ref());
        vec![
            step.title.clone(),
            edges.map_or_else(dash, |e| e.delta_asked.to_string()),
            edges.and_then(|e| e.delta_used).map_or_else(dash, |d| format!("{d:.4}")),
            edges.map_or_else(dash, |e| count(e.n_after.saturating_sub(e.n_self_loops) as u64)),
            edges.map_or_else(dash, |e| percent(e.sparsity)),
            weights.map_or_else(dash, |w| w.delta_asked.to_string()),
            weights.map_or_else(dash, |w| count(w.n_after as u64)),
            weights.map_or_else(dash, |w| percent(w.sparsity)),
            format!("{} of {}", count(step.macs.pruned()), count(step.macs.baseline())),
            step.relative_error.map_or_else(dash, |e| format!("{e:.4}")),
        ]
    });
    let header = ["step", "δa", "δ used", "entries kept", "removed", "δw", "weights kept", "removed", "MACs", "error"];
    lines.push(table(&header, 1, rows));
    let totals = &metrics.totals;
    if totals.edge_sparsity == 0.0 && totals.weight_sparsity == 0.0 {
        lines.push("\nNothing was removed: give thresholds with --delta-a and --delta-w, or a recipe.".to_owned());
    }
    lines.push(format!(
        "\nremoved: {} of the entries, {} of the weights; MACs {} of {} (rule {})",
        percent(totals.edge_sparsity),
        percent(totals.weight_sparsity),
        count(totals.macs_pruned),
        count(totals.macs_baseline),
        metrics.macs_rule,
    ));
    if metrics.is_static {
        lines.push(recovered_says(NodesAre::Static).to_owned());
    }
    lines.extend(metrics.new_nodes.iter().flat_map(new_nodes));
    lines.extend(metrics.training.map(|training| training.to_string()));
    lines.extend(metrics.hidden.iter().filter(|h| h.n_after < h.n_before).map(|h| {
        format!(
            "hidden columns behind {}: {} of {} are computed",
            h.weight,
            count(h.n_after as u64),
            count(h.n_before as u64)
        )
    }));
    lines.extend(run.pruned.channels.iter().map(channels));
    lines.extend(metrics.size.iter().flat_map(sizes));
    match &metrics.timing {
        Some(timing) => lines.push(format!(
            "measured, {} threads, medians of {} in turn: {} unpruned, {} pruned: {}{}",
            timing.n_threads,
            timing.n_repeats,
            seconds(timing.baseline_secs),
            seconds(timing.pruned_secs),
            timing.speedup(),
            if timing.is_disturbed { "; something else kept the machine busy" } else { "" },
        )),
        None => lines.push("times were not measured".to_owned()),
    }
    let requests: Vec<_> = run.timing.iter().flat_map(|timing| &timing.requests).map(RequestTiming::summary).collect();
    if !requests.is_empty() {
        lines.extend(page(&request_page(Words::of(Language::English), &requests)));
        lines.push(String::new());
    }
    lines.extend(metrics.low.as_ref().map(|low| low_says(Words::of(Language::English), low, run.timing.as_ref())));
    if let Some(why) = run.recipe.entries_stay().filter(|_| run.recipe.precision.entries != ValueType::F32) {
        lines.push(format!("values of entries stay f32: {why}"));
    }
    for (at, step) in run.pruned.steps.iter().enumerate() {
        for nth in 0..step.weights.len() {
            if let Some(advice) = run.advice(at, nth) {
                lines.push(format!("  {} {}: {advice}", step.title(), step.matrix_name(nth)));
            }
        }
    }
    let what = match metrics.scores.as_ref().map(|s| s.metric) {
        Some(Metric::MicroF1) => "of the decisions are the unpruned model's",
        _ => "of the nodes keep the unpruned model's class",
    };
    lines.push(format!("{} {what}", percent(metrics.agreement)));
    if let Some(scores) = &metrics.scores {
        let accuracy = |score: Option<Score>| score.map_or_else(dash, |s| percent(s.accuracy));
        let rows = [("train", &scores.train), ("val", &scores.val), ("test", &scores.test)].map(|(name, part)| {
            let n_nodes = part.pruned.map_or_else(dash, |s| count(s.n_nodes as u64));
            vec![name.to_owned(), n_nodes, accuracy(part.baseline), accuracy(part.pruned), accuracy(part.official_lock)]
        });
        lines.push(format!("\n{}, split {}", scores.metric.title(), scores.split));
        lines.push(table(&["part", "nodes", "unpruned", "pruned", "as the authors report it"], 1, rows));
        lines.extend(areas(scores));
        if scores.test.official_lock.is_some() {
            let note =
                "pruned is what production gets; the last column puts removed entries into the evaluated nodes back";
            lines.push(note.to_owned());
        }
    }
    lines.extend(controls(metrics));
    lines
}

/// What holds of a run for nodes that arrive later, and what went from the rows of both kinds of nodes.
fn new_nodes(rows: &NewNodesMetrics) -> Vec<String> {
    let NewNodesMetrics { known, unseen } = rows;
    if unseen.n_nodes == 0 {
        return vec![NO_NEW_NODES_SAYS.to_owned()];
    }
    vec![
        recovered_says(NodesAre::New).to_owned(),
        format!(
            "removed from rows of known nodes: {} of {} entries; of nodes that arrive later: {} of {}",
            percent(known.edge_sparsity),
            count(known.n_removable as u64),
            percent(unseen.edge_sparsity),
            count(unseen.n_removable as u64),
        ),
    ]
}

/// What two classes are judged by beside accuracy.
fn areas(scores: &Scores) -> Vec<String> {
    let parts = [("train", &scores.train), ("val", &scores.val), ("test", &scores.test)];
    let line = |(name, part): (&str, &PartMetrics)| {
        let (baseline, pruned) = (part.baseline?.auc?, part.pruned?.auc?);
        Some(format!("{name}: unpruned {}; pruned {}", format::auc(&baseline), format::auc(&pruned)))
    };
    parts.into_iter().filter_map(line).collect()
}

/// The same recovery with what it is said to live on taken away.
fn controls(metrics: &Metrics) -> Vec<String> {
    if metrics.controls.is_empty() {
        return Vec::new();
    }
    let rows = metrics.controls.iter().map(|control| {
        let test = control.test.map_or_else(|| "-".to_owned(), |score| percent(score.accuracy));
        let removed = [control.edge_sparsity, control.weight_sparsity].map(percent);
        let [entries, weights] = removed;
        vec![control.kind.title().to_owned(), entries, weights, test, percent(control.agreement)]
    });
    let nodes = if metrics.new_nodes.is_some() { NodesAre::New } else { NodesAre::Static };
    let header = ["control", "entries removed", "weights removed", "test", "agreement"];
    vec![String::new(), table(&header, 1, rows), format!("{}.", controls_say(nodes))]
}
