//! What is open: a graph and a model, each with what reading it gave.

use std::sync::Arc;

use ndarray::Array2;

use crate::engine::graph::{Dataset, GraphStats, ReadOptions};
use crate::engine::model::Model;
use crate::io::LoadReport;

/// A graph that was read, with what its card shows.
#[derive(Debug, Clone)]
pub struct LoadedGraph {
    /// What to open to get it again: a path or `sample:NAME`.
    pub spec: String,
    /// How it was read.
    pub options: ReadOptions,
    /// The graph.
    pub dataset: Arc<Dataset>,
    /// What reading it gave.
    pub report: Arc<LoadReport>,
    /// Its counts.
    pub stats: Arc<GraphStats>,
    /// Nodes per doubling of the degree, see [`crate::engine::graph::degree_histogram`].
    pub degree_histogram: Arc<Vec<usize>>,
}

/// A model that was read or trained.
#[derive(Debug, Clone)]
pub struct LoadedModel {
    /// What to open to get it again; empty for a model that was trained here and not saved yet.
    pub spec: String,
    /// For people: the file's name, or how it was trained.
    pub name: String,
    /// The model.
    pub model: Arc<Model>,
    /// What reading it gave; empty for a model trained here.
    pub report: Arc<LoadReport>,
    /// What pruned results are held against.
    pub baseline: Baseline,
}

/// What the results of pruning a model are held against.
#[derive(Debug, Clone, Default)]
pub enum Baseline {
    /// Its own output.
    #[default]
    Own,
    /// The pruned model of a bundle: what the model said before, as far as the bundle says it. `[n_nodes, n_classes]`
    Known(Arc<Array2<f32>>),
    /// The pruned model of a bundle that does not say it: its own output, which is not that of the model before.
    Unknown,
}

impl Baseline {
    /// What to hold results against, where that is not the model's own output.
    pub fn logits(&self) -> Option<Arc<Array2<f32>>> {
        if let Self::Known(logits) = self { Some(Arc::clone(logits)) } else { None }
    }

    /// Whether the model is one that nothing was removed from before.
    pub fn is_own(&self) -> bool {
        matches!(self, Self::Own)
    }

    /// What is to be known of numbers beside this baseline.
    pub fn note(&self) -> Option<&'static str> {
        match self {
            Self::Own => None,
            Self::Known(_) => Some(
                "removed weights are zero; the baseline's accuracy is that of the model before it was pruned, as the bundle says; \
                 open that model to prune it anew",
            ),
            Self::Unknown => Some(
                "removed weights are zero, and the bundle does not say what the model gave before it was pruned: all numbers are \
                 against the pruned model; open the model it was made of to hold results against that",
            ),
        }
    }
}

/// A model that was closed because it does not fit the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedModel {
    /// For people.
    pub name: String,
    /// What to open to get it again; empty for one that was trained here.
    pub spec: String,
    /// The graph that it does not fit.
    pub graph: String,
    /// Why.
    pub why: String,
}
