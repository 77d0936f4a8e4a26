//! The window's main job without a window: run the recipe, sweep, and leave everything in `./unifews-out`.

use std::path::Path;
use std::sync::Arc;

use super::failure::UsageError;
use super::inputs::with_named_nodes;
use super::output;
use super::progress::Terminal;
use super::{pictures, prune, sweep as sweeping};
use crate::engine::experiment::{Run, RunOptions};
use crate::engine::graph::{Dataset, ReadOptions};
use crate::engine::model::Model;
use crate::engine::sparsify::Recipe;
use crate::io::atomic::AtomicFolder;
use crate::io::bundle::{BundleOptions, BundleWriter, Metrics, Supplements};
use crate::io::results::{SweepResults, write_files, write_sweep_files};
use crate::io::{Detected, GraphPart, detect, folder_of, lies_outside, read_graph_as, read_model, read_recipe};
use crate::session::defaults::{LIMIT, SMALL_EPOCHS, SMALL_HIDDEN, small_grid, small_training, start_recipe};
use crate::session::project::{self, Project};
use crate::session::tasks::export::ExportBundle;
use crate::session::tasks::no_points;
use crate::session::tasks::prune::Prune;
use crate::session::tasks::safe_start::FindStart;
use crate::session::tasks::source::check_named_files;
use crate::session::tasks::sweep::Sweep;
use crate::session::tasks::train::Train;
use crate::session::{Baseline, Verdict, replay_command};

/// Where everything goes.
const FOLDER: &str = "unifews-out";
/// What is opened where nothing is named.
const DEFAULT_GRAPH: &str = "sample:cora";
/// The model of [`DEFAULT_GRAPH`].
const DEFAULT_MODEL: &str = "sample:cora-gcn";

/// What was named on the command line, by what it is.
#[derive(Debug, Default)]
struct Named {
    graph: Option<String>,
    model: Option<String>,
    recipe: Option<String>,
    /// A project, with its path: what is not named beside it.
    project: Option<(String, Project)>,
    features: Option<String>,
    labels: Option<String>,
    split: Option<String>,
}

pub(super) fn run(open: &[String], terminal: &Terminal) -> anyhow::Result<()> {
    let named = sort(open)?;
    let folder = AtomicFolder::begin(FOLDER, "main-job", terminal.ctl())?;
    let (dataset, model, recipe) = read(&named, terminal)?;
    let task = Prune { dataset, model, baseline: Baseline::Own, recipe, options: RunOptions::FULL };
    let run = Arc::new(terminal.run(task, &mut no_points)?);
    let supplements = Supplements::default();
    let export = ExportBundle { run, options: BundleOptions::default(), supplements, limit: LIMIT };
    let run = &export.run;
    export.run_into(BundleWriter::within(folder.part().below("bundle")), terminal.ctl())?;
    let results = small_sweep(run, terminal)?;
    write_sweep_files(&folder.part().below("sweep"), &results, &pictures::trade_off(&results)?)?;
    write_files(&folder.part().below("heatmaps"), &pictures::heatmaps(run, terminal)?)?;
    let text = summary(run, &results);
    folder.part().write("summary.md", text.as_bytes())?;
    terminal.ctl().check()?;
    folder.commit(terminal.ctl())?;
    terminal.clear();
    let path = Path::new(FOLDER).join("bundle");
    let replay = replay_command(&path, &run.recipe, (run.dataset.source(), run.dataset.source()), false);
    output::lines(&[text, format!("wrote ./{FOLDER}\nreplay with: {replay}")])
}

/// Says of every name what it is; at most one of each sort.
fn sort(names: &[String]) -> anyhow::Result<Named> {
    let mut named = Named::default();
    for name in names {
        if project::is_project(Path::new(name)) {
            let project = project::read(Path::new(name))?;
            if named.project.replace((name.clone(), project)).is_some() {
                return Err(UsageError::new(name, "one project", "another one").into());
            }
            continue;
        }
        let (slot, what) = match detect(Path::new(name))? {
            Detected::Graph(_) => (&mut named.graph, "graph"),
            Detected::Model(_) => (&mut named.model, "model"),
            Detected::Recipe => (&mut named.recipe, "recipe"),
            Detected::Part(part) | Detected::PartTable(part) => match part {
                GraphPart::Features => (&mut named.features, "file of features"),
                GraphPart::Labels => (&mut named.labels, "file of labels"),
                GraphPart::Split => (&mut named.split, "split"),
            },
            other => return Err(UsageError::new(name, "a graph, a model, a recipe or a project", other).into()),
        };
        if slot.replace(name.clone()).is_some() {
            return Err(UsageError::new(name, format!("one {what}"), "another one").into());
        }
    }
    open_project(&mut named)?;
    let has_part = named.features.is_some() || named.labels.is_some() || named.split.is_some();
    if (named.model.is_some() || has_part) && named.graph.is_none() {
        let expected =
            if has_part { "the edges that the other files belong to" } else { "the graph that the model belongs to" };
        return Err(UsageError::new("GRAPH", expected, "none").into());
    }
    Ok(named)
}

/// Takes graph and model from the project, where nothing was named in their place.
fn open_project(named: &mut Named) -> anyhow::Result<()> {
    let Some((path, project)) = &named.project else { return Ok(()) };
    if let Some(recipe) = &named.recipe {
        return Err(UsageError::new(recipe, "a project, which has a recipe, or a recipe", "both").into());
    }
    for (slot, part, what) in [(&mut named.graph, &project.graph, "graph"), (&mut named.model, &project.model, "model")]
    {
        if let (true, Some(part)) = (slot.is_none(), part) {
            let folders = [folder_of(Path::new(path)), Path::new(".")];
            if !part.starts_with("sample:") && lies_outside(part, &folders) {
                let expected =
                    format!("a {what} in the folder of the project or the working one (else name it beside it)");
                return Err(UsageError::new(path, expected, part).into());
            }
            *slot = Some(part.clone());
        }
    }
    Ok(())
}

fn read(named: &Named, terminal: &Terminal) -> anyhow::Result<(Arc<Dataset>, Arc<Model>, Recipe)> {
    let mut recipe = match (&named.recipe, &named.project) {
        (None, Some((path, project))) => {
            check_named_files(&project.recipe, Path::new(path), named.graph.as_deref(), "name it with the graph")?;
            project.recipe.clone()
        }
        (Some(path), _) => {
            let recipe = read_recipe(path)?;
            check_named_files(&recipe, Path::new(path), named.graph.as_deref(), "name it with the graph")?;
            recipe
        }
        (None, None) => start_recipe(),
    };
    for (slot, named) in [
        (&mut recipe.graph.feature_file, &named.features),
        (&mut recipe.graph.label_file, &named.labels),
        (&mut recipe.graph.split_file, &named.split),
    ] {
        if named.is_some() {
            slot.clone_from(named);
        }
    }
    if named.split.is_some() {
        // The file's is the graph's first.
        "auto".clone_into(&mut recipe.split);
    }
    terminal.ctl().progress("reading the graph", 0, 0);
    let told = ReadOptions {
        feature_file: named.features.clone(),
        label_file: named.labels.clone(),
        split_file: named.split.clone(),
        ..ReadOptions::default()
    };
    let (dataset, _) = read_graph_as(named.graph.as_deref().unwrap_or(DEFAULT_GRAPH), &recipe.graph, terminal.ctl())
        .map_err(|error| error.without_contents(&recipe.graph.files_beyond(&told)))?;
    let (dataset, with_names) = with_named_nodes(dataset, recipe)?;
    let dataset = dataset.shared();
    recipe = with_names;
    let shipped = named.graph.is_none() && detect(DEFAULT_MODEL).is_ok_and(|d| matches!(d, Detected::Model(_)));
    let spec = named.model.as_deref().or_else(|| shipped.then_some(DEFAULT_MODEL));
    let model = match spec.map(read_model) {
        Some(read) => Arc::new(read?.0),
        None => quick_model(&dataset, &mut recipe, terminal)?,
    };
    recipe.model = model.architecture.clone();
    recipe.check()?;
    if named.recipe.is_none() && named.project.is_none() {
        let (dataset, model) = (Arc::clone(&dataset), Arc::clone(&model));
        let free_bytes = terminal.memory().left().n_bytes;
        recipe = terminal.run(FindStart { dataset, model, recipe, free_bytes }, &mut no_points)?.0.recipe;
    }
    Ok((dataset, model, recipe))
}

/// Trains a model where none is named: as the recipe says where it says so, else a small one.
fn quick_model(dataset: &Arc<Dataset>, recipe: &mut Recipe, terminal: &Terminal) -> anyhow::Result<Arc<Model>> {
    if recipe.training.is_none() {
        terminal.note(&format!("no model was named: training one of width {SMALL_HIDDEN}, {SMALL_EPOCHS} epochs"));
        recipe.model.hidden = SMALL_HIDDEN;
        recipe.training = Some(small_training(recipe));
    }
    Ok(terminal.run(Train::new(Arc::clone(dataset), recipe.clone()), &mut |_| {})?.model)
}

fn small_sweep(run: &Run, terminal: &Terminal) -> anyhow::Result<SweepResults> {
    let grid = small_grid(&run.recipe);
    let mut points = Vec::with_capacity(grid.len());
    let task = Sweep {
        dataset: Arc::clone(&run.dataset),
        model: Arc::clone(&run.model),
        baseline: Baseline::Own,
        base: run.recipe.clone(),
        grid: grid.clone(),
        layer: None,
        options: RunOptions::SWEEP,
    };
    terminal.run(task, &mut |point| points.push(*point))?;
    Ok(SweepResults::new(&run.dataset, &run.model, &run.recipe, grid, points, Some(terminal.ctl().n_threads())))
}

fn summary(run: &Run, results: &SweepResults) -> String {
    format!(
        "# Unifews on {}\n\n```\n{}\n```\n\n## Trade-off\n\n```\n{}\n```\n\n## Files\n\n\
         - `bundle/`: the pruned model for production; `bundle/README.md` says how to run it\n\
         - `heatmaps/`: both matrices of every layer, what is kept and how strong it is\n\
         - `sweep/`: every recipe tried, `results.csv` and `results.json`, and the curves\n",
        run.dataset.name(),
        prune::summary(run, &Metrics::of(run), &Verdict::of(run, LIMIT)).join("\n"),
        sweeping::summary(results).join("\n"),
    )
}
