//! Reads whatever the user opens: a graph, a model, a recipe or a project.

use std::path::Path;
use std::sync::Arc;

use super::{Job, JobError};
use crate::engine::control::Control;
use crate::engine::graph::{Dataset, GraphStats, ReadOptions, degree_histogram};
use crate::engine::sparsify::Recipe;
use crate::io::bundle::{graph_of, read_bundle, replay};
use crate::io::{Detected, LoadError, LoadReport, detect_as, read_graph_as, read_model, read_recipe};
use crate::session::project::{self, Project};
use crate::session::store::{LoadedGraph, LoadedModel};

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
    /// A project, with its path.
    Project(Box<Project>, String),
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
}

/// Opens one path or `sample:NAME`.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) spec: String,
    /// How it is read, if it is a graph.
    pub(crate) options: ReadOptions,
}

impl Job for Open {
    type Output = Opened;

    fn label(&self) -> String {
        format!("Open {}", self.spec)
    }

    fn run(self, ctl: &Control) -> Result<Opened, JobError> {
        let (spec, path) = (self.spec.as_str(), Path::new(&self.spec));
        ctl.progress("reading", 0, 0);
        if project::is_project(path) {
            return Ok(Opened::Project(Box::new(project::read(path)?), self.spec));
        }
        match detect_as(spec, &self.options)? {
            Detected::Graph(_) => {
                let (dataset, report) = read_graph_as(spec, &self.options, ctl)?;
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
                })))
            }
            Detected::Recipe => Ok(Opened::Recipe(Box::new(read_recipe(path)?), self.spec)),
            Detected::Bundle => Ok(Opened::Bundle(Box::new(open_bundle(spec, ctl)?))),
            other @ (Detected::Unknown { .. } | Detected::Part(_)) => Err(LoadError::Unknown {
                path: path.to_owned(),
                expected: "a graph, a model, a recipe, a bundle or a project".to_owned(),
                found: other.to_string(),
            }
            .into()),
        }
    }
}

/// Reads a bundle with the graph it names, and runs it again.
fn open_bundle(spec: &str, ctl: &Control) -> Result<OpenedBundle, JobError> {
    ctl.progress("checking the bundle", 0, 0);
    let bundle = read_bundle(spec)?;
    ctl.check()?;
    let source = bundle.manifest.graph.source.clone();
    let options = bundle.recipe.graph.clone();
    let (dataset, report) = graph_of(&bundle, None, ctl)?;
    ctl.progress("running it again", 0, 0);
    let is_identical = replay(&bundle, &dataset, ctl)?.is_identical();
    let mut model_report = LoadReport::new("pruned model of a bundle", spec);
    model_report
        .warnings
        .push("removed weights are zero, so unpruned means these weights on the whole graph".to_owned());
    let model = LoadedModel {
        spec: String::new(),
        name: format!("{} of the bundle", bundle.model.title()),
        model: Arc::new(bundle.model),
        report: Arc::new(model_report),
    };
    let graph = loaded_graph(&source, options, dataset, report);
    Ok(OpenedBundle { spec: spec.to_owned(), graph, model, recipe: bundle.recipe, is_identical })
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
