//! `unifews inspect PATH…`: what a file is, and what was read of it.

use std::path::Path;

use serde::Serialize;

use super::args::InspectArgs;
use super::input_args::GraphArgs;
use super::output::{self, table};
use super::progress::Terminal;
use crate::engine::experiment::RunOptions;
use crate::engine::graph::{Dataset, GraphStats, ReadOptions};
use crate::engine::model::{Architecture, Model, TrainedOn};
use crate::engine::sparsify::{NodesAre, Recipe};
use crate::io::bundle::{Bundle, Manifest, Totals, read_bundle};
use crate::io::{
    Detected, LoadError, LoadReport, Role, detect_as, escaped_block, read_graph_within, read_model, read_recipe,
    recipe_to_toml,
};
use crate::session::format::{count, percent};
use crate::session::tasks::Need;
use crate::session::{
    FitCheck, FitScores, ImportFile, NextStep, Readings, belong_together, fitted_to, model_on_graph, read_together,
    settled,
};

/// What `--json` prints for every path.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Item {
    Graph(GraphItem),
    Model(ModelItem),
    Recipe { path: String, recipe: Box<Recipe> },
    Files(Box<TogetherItem>),
    Bundle { path: String, manifest: Box<Manifest>, recipe: Box<Recipe>, totals: Totals },
}

/// Files that belong together, and what they make.
#[derive(Serialize)]
struct TogetherItem {
    files: Vec<FileItem>,
    graph: Option<GraphItem>,
    /// Names of the classes with their nodes.
    classes: Vec<(String, usize)>,
    model: Option<ModelItem>,
    misfit: Option<String>,
    fit: Option<FitCheck>,
    faults: Vec<String>,
    next: Vec<&'static str>,
}

#[derive(Serialize)]
struct FileItem {
    path: String,
    what: String,
    role: Role,
    possible: Vec<Role>,
    why: String,
    first_lines: Vec<String>,
}

impl FileItem {
    fn of(file: &ImportFile) -> Self {
        Self {
            path: file.spec.clone(),
            what: file.what.clone(),
            role: file.role,
            possible: file.possible.clone(),
            why: file.why.clone(),
            first_lines: file.table.as_ref().map(|table| table.first_lines.clone()).unwrap_or_default(),
        }
    }
}

#[derive(Serialize)]
struct GraphItem {
    path: String,
    name: String,
    n_nodes: usize,
    n_entries: usize,
    n_self_loops: usize,
    n_isolated: usize,
    is_symmetric: bool,
    n_features: usize,
    feature_density: f64,
    n_classes: usize,
    n_labelled: usize,
    homophily: Option<f64>,
    degree_min: usize,
    degree_mean: f64,
    degree_max: usize,
    splits: Vec<SplitItem>,
    report: LoadReport,
}

#[derive(Serialize)]
struct SplitItem {
    name: String,
    n_train: usize,
    n_val: usize,
    n_test: usize,
}

#[derive(Serialize)]
struct ModelItem {
    path: String,
    title: String,
    architecture: Architecture,
    n_parameters: usize,
    layers: Vec<LayerItem>,
    trained_on: Option<TrainedOn>,
    report: LoadReport,
    /// What it gets on the graph that was named with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    fit: Option<Box<FitCheck>>,
}

#[derive(Serialize)]
struct LayerItem {
    weight: String,
    d_in: usize,
    d_out: usize,
    n_zero: usize,
    has_bias: bool,
    has_norm: bool,
}

pub(super) fn run(args: &InspectArgs, terminal: &Terminal) -> anyhow::Result<()> {
    let options = args.graph.options();
    if !args.roles.is_empty() || belong_together(&args.paths, &options) {
        return together(args, options, terminal);
    }
    let mut items = Vec::with_capacity(args.paths.len());
    let mut read = Read::default();
    for path in &args.paths {
        items.push(inspect(path, &args.graph, &mut read, terminal)?);
    }
    let found = fit(&read, &args.reading, terminal)?;
    if let Some(Item::Model(model)) = items.iter_mut().find(|item| matches!(item, Item::Model(_))) {
        model.fit = found.map(Box::new);
    }
    terminal.clear();
    if args.shared.json {
        output::json(&items)
    } else {
        output::lines(&items.iter().map(|item| describe(item).join("\n")).collect::<Vec<_>>())
    }
}

/// Reads files that belong together and prints the import report that the window shows.
fn together(args: &InspectArgs, options: ReadOptions, terminal: &Terminal) -> anyhow::Result<()> {
    let roles = args.roles.iter().cloned().collect();
    let report = read_together(&args.paths, roles, options, args.reading.clone(), terminal.memory(), terminal.ctl())?;
    terminal.clear();
    let faults: Vec<String> = report.faults.iter().map(|(_, why)| why.clone()).collect();
    let (has_labels, has_model) =
        (report.graph.as_ref().map(|graph| graph.dataset.labels().is_some()), report.model.is_some());
    let item = TogetherItem {
        next: NextStep::of(has_labels, has_model).iter().map(|step| step.says()).collect(),
        files: report.files.iter().map(FileItem::of).collect(),
        classes: report.classes.iter().map(|class| (class.name.clone(), class.n_nodes)).collect(),
        graph: report
            .graph
            .map(|graph| graph_item(graph.spec.clone(), &graph.dataset, (*graph.report).clone(), terminal))
            .transpose()?,
        model: report.model.map(|model| model_item(model.spec.clone(), &model.model, (*model.report).clone())),
        misfit: report.fit.as_ref().and_then(|fit| fit.misfit.clone()),
        fit: report.fit,
        faults: faults.clone(),
    };
    if args.shared.json {
        output::json(&[Item::Files(Box::new(item))])?;
    } else {
        output::lines(&describe_together(&item))?;
    }
    match &faults[..] {
        [] => Ok(()),
        [first, ..] => anyhow::bail!("{first}"),
    }
}

fn describe_together(item: &TogetherItem) -> Vec<String> {
    let files = item.files.iter().map(|f| vec![f.path.clone(), f.role.to_string(), f.what.clone(), f.why.clone()]);
    let mut lines = vec![table(&["file", "role", "what it is", "why"], 4, files), String::new()];
    for file in item.files.iter().filter(|f| item.graph.is_none() && !f.first_lines.is_empty()) {
        lines.push(format!("{} begins:", file.path));
        lines.extend(file.first_lines.iter().map(|line| format!("  {line}")));
        lines.push(String::new());
    }
    if let Some(graph) = &item.graph {
        lines.extend(describe_graph(graph));
    }
    if !item.classes.is_empty() {
        let rows = item.classes.iter().map(|(name, n)| vec![name.clone(), count(*n as u64)]);
        lines.extend([table(&["class", "nodes"], 1, rows), String::new()]);
    }
    if let Some(model) = &item.model {
        lines.extend(describe_model(model));
    }
    lines.extend(item.fit.iter().flat_map(describe_fit));
    if item.faults.is_empty() {
        lines.extend(item.next.iter().map(|says| format!("next: {says}")));
    } else {
        lines.push("--role FILE=ROLE says what a file is for".to_owned());
    }
    lines
}

/// Graphs and models that were read.
#[derive(Default)]
struct Read {
    graphs: Vec<Dataset>,
    models: Vec<(Model, LoadReport)>,
}

/// What the model gets on the graph, where one of each was named.
fn fit(read: &Read, reading: &[(String, String)], terminal: &Terminal) -> anyhow::Result<Option<FitCheck>> {
    let ([graph], [(model, report)]) = (&read.graphs[..], &read.models[..]) else { return Ok(None) };
    let recipe = fitted_to(&Recipe::default(), &model.architecture);
    if let Err(why) = terminal.check_memory(Need::of_run(graph, model, &recipe, RunOptions::PREVIEW)) {
        terminal.note(&format!("warning: the model was not run on the graph: {why}"));
        return Ok(None);
    }
    let title = model.title();
    let (model, readings) = settled(model, &report.open, reading, true, (Some(graph), &recipe), terminal.ctl())?;
    let mut check = model_on_graph(graph, (&title, &model, report), &recipe, terminal.ctl())?;
    check.readings = Some(readings).filter(|readings| !readings.all.is_empty());
    Ok(Some(check))
}

fn inspect(spec: &str, args: &GraphArgs, read: &mut Read, terminal: &Terminal) -> Result<Item, LoadError> {
    terminal.ctl().progress("reading", 0, 0);
    let path = spec.to_owned();
    let options = args.options();
    Ok(match detect_as(spec, &options)? {
        Detected::Graph(_) => {
            let (dataset, report) = read_graph_within(spec, &options, terminal.memory(), terminal.ctl())?;
            let item = graph_item(path, &dataset, report, terminal)?;
            read.graphs.push(dataset);
            Item::Graph(item)
        }
        Detected::Model(_) => {
            let (model, report) = read_model(spec)?;
            let item = model_item(path, &model, report.clone());
            read.models.push((model, report));
            Item::Model(item)
        }
        Detected::Recipe => Item::Recipe { path, recipe: Box::new(read_recipe(spec)?) },
        Detected::Bundle => {
            let Bundle { manifest, recipe, metrics, .. } = read_bundle(spec)?;
            Item::Bundle { path, manifest: Box::new(manifest), recipe: Box::new(recipe), totals: metrics.totals }
        }
        other @ (Detected::Unknown { .. } | Detected::Part(_) | Detected::PartTable(_)) => {
            let mut expected = "a graph, a model, a recipe or a bundle".to_owned();
            if !matches!(other, Detected::Unknown { .. }) {
                expected.push_str(" (name the edges with it, or say with --columns that it is a list of edges)");
            }
            return Err(LoadError::Unknown { path: Path::new(spec).to_owned(), expected, found: other.to_string() });
        }
    })
}

fn graph_item(
    path: String,
    dataset: &Dataset,
    report: LoadReport,
    terminal: &Terminal,
) -> Result<GraphItem, LoadError> {
    let stats = GraphStats::of_while(dataset, || terminal.ctl().check())
        .map_err(|error| LoadError::invalid(Path::new(&path), error))?;
    let splits = dataset.splits().iter().map(|split| SplitItem {
        name: split.name.clone(),
        n_train: split.train.len(),
        n_val: split.val.len(),
        n_test: split.test.len(),
    });
    Ok(GraphItem {
        path,
        name: dataset.name().to_owned(),
        n_nodes: stats.n_nodes,
        n_entries: stats.n_entries,
        n_self_loops: stats.n_self_loops,
        n_isolated: stats.n_isolated,
        is_symmetric: stats.is_symmetric,
        n_features: stats.n_features,
        feature_density: stats.feature_density,
        n_classes: stats.n_classes,
        n_labelled: stats.n_labelled,
        homophily: stats.homophily,
        degree_min: stats.degree_min,
        degree_mean: stats.degree_mean,
        degree_max: stats.degree_max,
        splits: splits.collect(),
        report,
    })
}

fn model_item(path: String, model: &Model, report: LoadReport) -> ModelItem {
    let norms = if model.architecture.architecture.is_trained_in_batches() { "bns" } else { "norms" };
    let layers = model.parameters.iter().filter(|p| p.is_matrix()).map(|weight| {
        let stem = weight.name.strip_suffix(".weight").unwrap_or(&weight.name);
        let has = |name: String| model.position(&name).is_some();
        // A convolution's bias may stand beside its transformation: `convs.0.bias` for `convs.0.lin.weight`.
        let outer = stem.rsplit_once('.').map_or(stem, |(outer, _)| outer);
        let layer = weight.prunable_layer();
        LayerItem {
            weight: weight.name.clone(),
            d_in: weight.values.nrows(),
            d_out: weight.values.ncols(),
            n_zero: weight.values.iter().filter(|w| **w == 0.0).count(),
            has_bias: has(format!("{stem}.bias")) || has(format!("{outer}.bias")),
            has_norm: layer.is_some_and(|l| has(format!("{norms}.{l}.weight"))),
        }
    });
    ModelItem {
        path,
        title: model.title(),
        architecture: model.architecture.clone(),
        n_parameters: model.n_parameters(),
        layers: layers.collect(),
        trained_on: model.trained_on.clone(),
        report,
        fit: None,
    }
}

fn describe(item: &Item) -> Vec<String> {
    match item {
        Item::Graph(graph) => describe_graph(graph),
        Item::Model(model) => describe_model(model),
        Item::Files(files) => describe_together(files),
        Item::Recipe { path, recipe } => vec![format!("recipe: {path}\n"), recipe_to_toml(recipe)],
        Item::Bundle { path, manifest, recipe, totals } => {
            let holds_for = match recipe.recovery.as_ref().map(|rule| rule.nodes_are) {
                Some(NodesAre::Static) => "static: this graph alone, not other graphs or new nodes",
                Some(NodesAre::New) => "new nodes: the rule may be applied to nodes that arrive",
                None => "the rule may be applied to other graphs",
            };
            let facts = [
                ("graph", format!("{} ({})", manifest.graph.name, manifest.graph.source)),
                ("model", manifest.model.title.clone()),
                ("nodes", count(manifest.graph.n_nodes as u64)),
                ("entries", count(manifest.graph.n_entries as u64)),
                ("entries removed", percent(totals.edge_sparsity)),
                ("weights removed", percent(totals.weight_sparsity)),
                ("MACs", format!("{} of {}", count(totals.macs_pruned), count(totals.macs_baseline))),
                ("holds for", holds_for.to_owned()),
                ("files, all with their hash", manifest.files.len().to_string()),
                ("written by", format!("{} {}", manifest.program.name, manifest.program.version)),
            ];
            vec![format!("bundle: {path}\n"), facts_table(facts), String::new()]
        }
    }
}

fn describe_graph(graph: &GraphItem) -> Vec<String> {
    let facts = [
        ("nodes", count(graph.n_nodes as u64)),
        ("entries, self-loops included", count(graph.n_entries as u64)),
        ("self-loops", count(graph.n_self_loops as u64)),
        ("isolated nodes", count(graph.n_isolated as u64)),
        ("every entry has its reverse", yes_no(graph.is_symmetric)),
        ("features", format!("{}, {} stored", count(graph.n_features as u64), percent(graph.feature_density))),
        ("classes", format!("{}, {} nodes labelled", graph.n_classes, count(graph.n_labelled as u64))),
        ("homophily", graph.homophily.map_or_else(|| "not defined".to_owned(), percent)),
        (
            "degree without self-loops",
            format!("{} to {}, mean {:.2}", graph.degree_min, graph.degree_max, graph.degree_mean),
        ),
    ];
    let mut lines = vec![format!("graph: {}\n", graph.path), facts_table(facts)];
    if !graph.splits.is_empty() {
        let rows = graph.splits.iter().map(|s| {
            let counts = [s.n_train, s.n_val, s.n_test].map(|n| count(n as u64));
            std::iter::once(s.name.clone()).chain(counts).collect()
        });
        lines.push(String::new());
        lines.push(table(&["split", "train", "val", "test"], 1, rows));
    }
    lines.extend(describe_report(&graph.report));
    lines
}

fn describe_model(model: &ModelItem) -> Vec<String> {
    let rows = model.layers.iter().map(|layer| {
        let shape = format!("{} x {}", layer.d_in, layer.d_out);
        vec![layer.weight.clone(), shape, count(layer.n_zero as u64), yes_no(layer.has_bias), yes_no(layer.has_norm)]
    });
    let mut lines = vec![
        format!("model: {}\n", model.path),
        format!("{}, {} parameters\n", model.title, count(model.n_parameters as u64)),
        table(&["weight", "in x out", "zeros", "bias", "normalised"], 1, rows),
    ];
    if let Some(trained) = &model.trained_on {
        lines.push(format!(
            "\ntrained on {}{}, split {}, seed {}: {} {} on val, {} on test, at epoch {} of {}",
            trained.graph,
            if trained.inductive { " without its test nodes" } else { "" },
            trained.split,
            trained.seed,
            trained.metric.title(),
            percent(trained.val_accuracy),
            percent(trained.test_accuracy),
            trained.best_epoch,
            trained.epochs,
        ));
    }
    lines.extend(describe_report(&model.report));
    if let Some(fit) = &model.fit {
        lines.extend(describe_fit(fit));
        lines.push(String::new());
    }
    lines
}

/// What a model gets on a graph, and what was assumed of it.
fn describe_fit(fit: &FitCheck) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(why) = &fit.misfit {
        lines.push(format!("warning: the model does not fit the graph: {why}"));
    } else if let Some(FitScores { split, metric, val, test, expected, .. }) = &fit.scores {
        let own = expected.as_ref().map_or_else(String::new, |(split, val, test)| {
            format!("; its file says {} on val, {} on test of split {split}", percent(*val), percent(*test))
        });
        lines.push(format!(
            "{} on {}, unpruned, split {split}: {} {} on val, {} on test{own}",
            fit.model,
            fit.graph,
            metric.title(),
            percent(*val),
            percent(*test),
        ));
    } else {
        lines.push(format!("{} fits {}; without labels there is no score", fit.model, fit.graph));
    }
    lines.extend(fit.assumptions.iter().map(|assumption| format!("assumed: {}", assumption.says())));
    if let Some(readings) = &fit.readings {
        lines.push(format!(
            "readings that its tensors leave open (used: the first; {}; --reading takes another):",
            readings.why
        ));
        let shown = readings.all.iter().take(Readings::SHOWN);
        lines.extend(shown.map(|reading| format!("  {}", reading.says(readings))));
    }
    lines
}

/// What the reader says: its counts, what it left out, and what to know before trusting the result.
fn describe_report(report: &LoadReport) -> Vec<String> {
    let facts = facts_table(report.facts.iter().map(|line| (line.name.as_str(), line.value.clone())));
    let mut lines = vec![format!("\nread as {}", report.format), facts];
    lines.extend(report.ignored.iter().map(|name| escaped_block(&format!("ignored: {name}"))));
    lines.extend(report.warnings.iter().map(|warning| escaped_block(&format!("warning: {warning}"))));
    lines.push(String::new());
    lines
}

fn yes_no(b: bool) -> String {
    if b { "yes" } else { "no" }.to_owned()
}

fn facts_table<'a>(facts: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let facts: Vec<_> = facts.into_iter().collect();
    let width = facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    facts.iter().map(|(name, value)| format!("  {name:width$}  {value}")).collect::<Vec<_>>().join("\n")
}
