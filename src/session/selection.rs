//! What is selected: a node of the open graph or several, an entry, or a weight of the open model. It stays while recipe and runs change, and
//! undo leaves it alone.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::engine::graph::Dataset;
use crate::engine::model::Model;

/// What is selected, of which graph or model.
#[derive(Debug, Clone)]
pub(super) enum Selected {
    /// A node.
    Node {
        dataset: Arc<Dataset>,
        node: u32,
        /// Of an entry the node that is heard.
        source: Option<u32>,
    },
    /// Several nodes, at least two, ascending.
    Nodes { dataset: Arc<Dataset>, nodes: Arc<[u32]> },
    /// A weight.
    Weight { model: Arc<Model>, place: WeightPlace },
}

/// What is selected beyond one node, as projects keep it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeptSelection {
    /// An entry: who hears, who is heard.
    Entry(u32, u32),
    /// Several nodes.
    Nodes(Vec<u32>),
    /// A weight.
    Weight(WeightPlace),
}

/// A weight of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightPlace {
    /// Which of the matrices that may be pruned, in order of computation.
    pub matrix: usize,
    /// Input feature.
    pub input: usize,
    /// Output feature.
    pub output: usize,
}
