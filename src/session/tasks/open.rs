//! Reads whatever the user opens: a graph, a model, a recipe or a project.

use std::path::Path;
use std::sync::Arc;

use super::autosave::{ChangedInput, changed_inputs};
use super::{Task, TaskError};
use crate::engine::control::Control;
use crate::engine::graph::{Dataset, GraphStats, ReadOptions, degree_histogram};
use crate::engine::sparsify::Recipe;
use crate::io::bundle::{Bundle, graph_of, read_bundle, replay};
use crate::io::{Detected, LoadError, LoadReport, MemoryBudget, detect_as, read_graph_as, read_model, read_recipe};
use crate::session::inputs::{Baseline, LoadedGraph, LoadedModel};
use crate::session::outside::{files_of, outside};
use crate::session::project::{self, Project};

/// What opening gave.
#[derive(Debug)]
pub(crate) enum Opened {
    /// A graph.
    Graph(Box<LoadedGraph>),
    /// A model.
    Model(Box<LoadedModel>),
    /// A recipe, with its path.
    Recipe(Box<Recipe>, String),
    /// A bundle: its graph, its pruned model and its recipe.
    Bundle(Box<OpenedBundle>),
    /// A project, with its path and those of its inputs that are not what they were.
    Project(Box<Project>, String, Vec<ChangedInput>),
    /// Nothing yet: a recipe, project or bundle names files outside the folder that it lies in.
    Asks(OutsideFiles),
}

/// Files that a recipe, project or bundle names outside the folder that it lies in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideFiles {
    /// What is being opened.
    pub spec: String,
    /// What that is, for people.
    pub kind: &'static str,
    /// What it names.
    pub files: Vec<String>,
}

/// What a bundle gave.
#[derive(Debug)]
pub(crate) struct OpenedBundle {
    pub(crate) spec: String,
    pub(crate) graph: LoadedGraph,
    pub(crate) model: LoadedModel,
    pub(crate) recipe: Recipe,
    /// Whether running it again gave the same bits.
    pub(crate) is_identical: bool,
    /// The relative error of every step against the model before it was pruned, as it was measured then.
    pub(crate) errors: Vec<Option<f64>>,
}

/// Opens one path or `sample:NAME`.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) spec: String,
    /// How it is read, if it is a graph.
    pub(crate) options: ReadOptions,
    /// What may be read although another file names it: what the user opened before, and what is open.
    pub(crate) known: Vec<String>,
    /// Whether the user has said that whatever it names may be read.
    pub(crate) is_allowed: bool,
}

impl Open {
    /// The question to ask before files are read that `kind` names.
    fn question(&self, kind: &'static str, named: &[String]) -> Option<Opened> {
        if self.is_allowed || self.known.contains(&self.spec) {
            return None;
        }
        let mut files = outside(Path::new(&self.spec), named);
        files.retain(|file| !self.known.contains(file));
        files.dedup();
        (!files.is_empty()).then(|| Opened::Asks(OutsideFiles { spec: self.spec.clone(), kind, files }))
    }
}

impl Task for Open {
    type Point = ();
    type Output = Opened;

    fn label(&self) -> String {
        format!("Open {}", self.spec)
    }

    fn run(self, ctl: &Control, _: &mut dyn FnMut(())) -> Result<Opened, TaskError> {
        let (spec, path) = (self.spec.as_str(), Path::new(&self.spec));
        ctl.progress("reading", 0, 0);
        if project::is_project(path) {
            let project = project::read(path)?;
            let mut named: Vec<String> = [&project.graph, &project.model].into_iter().flatten().cloned().collect();
            named.extend(files_of(&project.recipe));
            if let Some(asks) = self.question("project", &named) {
                return Ok(asks);
            }
            // Without results runs are computed anew; points of trials and results belong to what the inputs were.
            let has_found = project.trials.is_some() || project.results.is_some();
            let changed = if has_found { changed_inputs(&project, ctl) } else { Vec::new() };
            return Ok(Opened::Project(Box::new(project), self.spec, changed));
        }
        match detect_as(spec, &self.options)? {
            Detected::Graph(_) => {
                let (dataset, report) = read_graph_as(spec, &self.options, ctl)
                    .map_err(|error| error.without_contents(&self.options.files_beyond(&ReadOptions::default())))?;
                ctl.check()?;
                ctl.progress("counting", 0, 0);
                Ok(Opened::Graph(Box::new(loaded_graph(spec, self.options, dataset, report))))
            }
            Detected::Model(_) => {
                let (model, report) = read_model(spec)?;
                Ok(Opened::Model(Box::new(LoadedModel {
                    spec: spec.to_owned(),
                    name: model.title(),
                    model: Arc::new(model),
                    report: Arc::new(report),
                    baseline: Baseline::Own,
                })))
            }
            Detected::Recipe => {
                let recipe = read_recipe(path)?;
                Ok(match self.question("recipe", &files_of(&recipe)) {
                    Some(asks) => asks,
                    None => Opened::Recipe(Box::new(recipe), self.spec),
                })
            }
            Detected::Bundle => {
                ctl.progress("checking the bundle", 0, 0);
                let bundle = read_bundle(spec)?;
                let mut named = files_of(&bundle.recipe);
                named.push(bundle.manifest.graph.source.clone());
                match self.question("bundle", &named) {
                    Some(asks) => Ok(asks),
                    None => Ok(Opened::Bundle(Box::new(open_bundle(spec, bundle, ctl)?))),
                }
            }
            other @ (Detected::Unknown { .. } | Detected::Part(_) | Detected::PartTable(_)) => {
                Err(LoadError::Unknown {
                    path: path.to_owned(),
                    expected: "a graph, a model, a recipe, a bundle or a project".to_owned(),
                    found: other.to_string(),
                }
                .into())
            }
        }
    }
}

/// Reads a bundle with the graph it names, and runs it again.
fn open_bundle(spec: &str, bundle: Bundle, ctl: &Control) -> Result<OpenedBundle, TaskError> {
    ctl.check()?;
    let source = bundle.manifest.graph.source.clone();
    let options = bundle.recipe.graph.clone();
    let (dataset, report) = graph_of(&bundle, None, MemoryBudget::SYSTEM, ctl)?;
    ctl.progress("running it again", 0, 0);
    let is_identical = replay(&bundle, &dataset, ctl)?.is_identical();
    let mut model_report = LoadReport::new("pruned model of a bundle", spec);
    let baseline = bundle.baseline_choices().map_or(Baseline::Unknown, |choices| Baseline::Known(Arc::new(choices)));
    model_report.warnings.extend(baseline.note().map(str::to_owned));
    let errors = bundle.metrics.steps.iter().map(|s| s.relative_error).collect();
    let model = LoadedModel {
        spec: String::new(),
        name: format!("{} of the bundle", bundle.model.title()),
        model: Arc::new(bundle.model),
        report: Arc::new(model_report),
        baseline,
    };
    let graph = loaded_graph(&source, options, dataset, report);
    Ok(OpenedBundle { spec: spec.to_owned(), graph, model, recipe: bundle.recipe, is_identical, errors })
}

/// Counts what the graph's card shows.
pub(crate) fn loaded_graph(spec: &str, options: ReadOptions, dataset: Dataset, report: LoadReport) -> LoadedGraph {
    let stats = GraphStats::of(&dataset);
    let degree_histogram = degree_histogram(dataset.topology());
    LoadedGraph {
        spec: spec.to_owned(),
        options,
        dataset: Arc::new(dataset),
        report: Arc::new(report),
        stats: Arc::new(stats),
        degree_histogram: Arc::new(degree_histogram),
    }
}
