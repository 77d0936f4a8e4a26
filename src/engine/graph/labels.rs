//! What is to be told of the nodes, and what a score on it is.

use ndarray::{Array2, ArrayView1, Axis};
use serde::{Deserialize, Serialize};

/// What the score of a graph is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Share of nodes that get their class.
    #[default]
    Accuracy,
    /// `2 TP / (2 TP + FP + FN)` over all decisions on all nodes and classes: what accuracy is with one class per node.
    MicroF1,
}

impl Metric {
    /// Human-readable, for example `accuracy`.
    pub fn title(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::MicroF1 => "micro-F1",
        }
    }

    /// The same at the start of a line, for example `Accuracy`.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Accuracy => "Accuracy",
            Self::MicroF1 => "Micro-F1",
        }
    }
}

/// What is to be told of every node: one class, or any number of them (multi-label).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Labels {
    /// One class per node; of several the first.
    classes: Vec<u32>,
    n_classes: usize,
    /// Multi-label: which classes every node has. `[n_nodes, n_classes]`
    tags: Option<Array2<bool>>,
    /// Names of the classes, empty where the file has none.
    pub names: Vec<String>,
}

impl Labels {
    /// The class of a node nobody labelled.
    pub const UNLABELLED: u32 = u32::MAX;

    /// Takes over one class per node; [`Labels::UNLABELLED`] where there is none.
    pub fn new(classes: Vec<u32>) -> Self {
        let n_classes = classes.iter().filter(|c| **c != Self::UNLABELLED).max().map_or(0, |c| *c as usize + 1);
        Self { classes, n_classes, tags: None, names: Vec::new() }
    }

    /// Takes over any number of classes per node. A node without any is labelled, too: it has none of them.
    ///
    /// # Shapes
    /// `tags: [n_nodes, n_classes]`
    pub fn multi(tags: Array2<bool>) -> Self {
        let first = |row: ArrayView1<'_, bool>| row.iter().position(|t| *t).map_or(Self::UNLABELLED, |c| c as u32);
        let classes = tags.rows().into_iter().map(first).collect();
        Self { classes, n_classes: tags.ncols(), tags: Some(tags), names: Vec::new() }
    }

    /// Those of these nodes, in their order; the classes stay what they are.
    #[must_use]
    pub fn select(&self, nodes: &[u32]) -> Self {
        let rows: Vec<usize> = nodes.iter().map(|u| *u as usize).collect();
        Self {
            classes: rows.iter().map(|u| self.classes[*u]).collect(),
            tags: self.tags.as_ref().map(|tags| tags.select(Axis(0), &rows)),
            ..self.clone()
        }
    }

    /// The same classes, one for each node anew.
    #[must_use]
    pub(in crate::engine) fn with_classes(&self, classes: Vec<u32>) -> Self {
        Self { classes, tags: None, n_classes: self.n_classes, names: self.names.clone() }
    }

    /// The class of every node; of several the first.
    pub fn classes(&self) -> &[u32] {
        &self.classes
    }

    /// Multi-label: which classes every node has; `None` where each has one. `[n_nodes, n_classes]`
    pub fn tags(&self) -> Option<&Array2<bool>> {
        self.tags.as_ref()
    }

    /// Number of classes.
    pub fn n_classes(&self) -> usize {
        self.n_classes
    }

    /// The class of node `u`, if it has one; of several the first.
    pub fn of(&self, u: usize) -> Option<usize> {
        self.classes.get(u).filter(|c| **c != Self::UNLABELLED).map(|c| *c as usize)
    }

    /// All classes of node `u`, in ascending order.
    pub fn all_of(&self, u: usize) -> Vec<usize> {
        match &self.tags {
            Some(tags) if u < tags.nrows() => tags.row(u).iter().enumerate().filter(|t| *t.1).map(|t| t.0).collect(),
            Some(_) => Vec::new(),
            None => self.of(u).into_iter().collect(),
        }
    }

    /// What a score on these labels is.
    pub fn metric(&self) -> Metric {
        if self.tags.is_some() { Metric::MicroF1 } else { Metric::Accuracy }
    }

    /// Whether node `u` can be trained on and scored.
    pub fn is_labelled(&self, u: usize) -> bool {
        self.tags.is_some() || self.of(u).is_some()
    }
}
