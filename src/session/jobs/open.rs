//! Reads whatever the user opens: a graph, a model, a recipe or a bundle.

use std::sync::Arc;

use super::{Job, JobError};
use crate::engine::control::Control;
use crate::engine::graph::{Dataset, GraphStats, degree_histogram};
use crate::engine::sparsify::Recipe;
use crate::io::LoadReport;
use crate::session::store::{LoadedGraph, LoadedModel};

/// What opening gave.
#[derive(Debug)]
pub(crate) enum Opened {
    /// A graph.
    Graph(Box<LoadedGraph>),
    /// A model.
    Model(Box<LoadedModel>),
    /// A recipe.
    Recipe(Box<Recipe>),
}

/// Opens one path or `sample:NAME`.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) spec: String,
}

impl Job for Open {
    type Output = Opened;

    fn label(&self) -> String {
        format!("Open {}", self.spec)
    }

    fn run(self, _ctl: &Control) -> Result<Opened, JobError> {
        Err(JobError::Failed(format!("no reader yet: {}", self.spec)))
    }
}

/// Counts what the graph's card shows.
pub(crate) fn loaded_graph(spec: &str, dataset: Dataset, report: LoadReport) -> LoadedGraph {
    let stats = GraphStats::of(&dataset);
    let degree_histogram = degree_histogram(dataset.topology());
    LoadedGraph {
        spec: spec.to_owned(),
        dataset: Arc::new(dataset),
        report: Arc::new(report),
        stats: Arc::new(stats),
        degree_histogram: Arc::new(degree_histogram),
    }
}
