//! The names of the panes.

use serde::{Deserialize, Serialize};

use crate::session::words::Words;

/// Names a pane in the saved layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pane {
    /// Graph, model, samples.
    Inputs,
    /// Heatmaps.
    Layers,
    /// Accuracy against cost.
    Tradeoff,
    /// Nodes and lines.
    Graph,
    /// Distributions of scores.
    Entries,
    /// Curves of training.
    Training,
    /// The table of runs.
    Runs,
    /// Writing a bundle.
    Export,
    /// Checks of a bundle against later graphs.
    Monitor,
    /// Sliders.
    Recipe,
    /// What it costs, what it gains.
    Verdict,
    /// What is selected: a node, an entry, a weight; hidden without.
    Node,
}

impl Pane {
    /// All panes, in the order of their shortcuts where they have one.
    pub const ALL: [Self; 12] = [
        Self::Layers,
        Self::Tradeoff,
        Self::Graph,
        Self::Entries,
        Self::Training,
        Self::Runs,
        Self::Export,
        Self::Monitor,
        Self::Inputs,
        Self::Recipe,
        Self::Verdict,
        Self::Node,
    ];

    /// The panes in the centre, on `Ctrl+1` to `Ctrl+8`.
    pub const CENTRE: [Self; 8] = [
        Self::Layers,
        Self::Tradeoff,
        Self::Graph,
        Self::Entries,
        Self::Training,
        Self::Runs,
        Self::Export,
        Self::Monitor,
    ];

    /// On its tab; in sentence case.
    pub fn title(self, words: &Words) -> String {
        words.text(match self {
            Self::Inputs => "pane-inputs",
            Self::Layers => "pane-layers",
            Self::Tradeoff => "pane-tradeoff",
            Self::Graph => "pane-graph",
            Self::Entries => "pane-entries",
            Self::Training => "pane-training",
            Self::Runs => "pane-runs",
            Self::Export => "pane-export",
            Self::Monitor => "pane-monitor",
            Self::Recipe => "pane-recipe",
            Self::Verdict => "pane-verdict",
            Self::Node => "pane-node",
        })
    }
}
