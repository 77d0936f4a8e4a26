//! Which normalisations there are that take their statistics of the values at hand. What each computes is in `normalise.rs`.

use serde::{Deserialize, Serialize};

/// Which statistics a normalisation takes of the values at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Normalisation {
    /// Mean and variance of every row (`torch.nn.LayerNorm`).
    Layer,
    /// Mean and variance of all values (PyG's `LayerNorm` as it is by default).
    LayerGraph,
    /// Variance of every column around a trained share of its mean (`GraphNorm`).
    Graph,
    /// Mean and variance of every column.
    Instance,
    /// Mean of every column.
    MeanSubtraction,
    /// Mean of every column, then the mean square of the rows.
    Pair,
    /// As [`Normalisation::Pair`], times the number of columns: what PyG's models make of `norm="pair_norm"`.
    PairWidth,
    /// The number of nodes.
    GraphSize,
}

impl Normalisation {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Layer,
        Self::LayerGraph,
        Self::Graph,
        Self::Instance,
        Self::MeanSubtraction,
        Self::Pair,
        Self::PairWidth,
        Self::GraphSize,
    ];

    /// Whether it has scale and shift.
    pub fn has_affine(self) -> bool {
        matches!(self, Self::Layer | Self::LayerGraph | Self::Graph | Self::Instance)
    }

    /// Whether every column of what comes out depends on the same column of what goes in alone.
    pub(crate) fn is_per_column(self) -> bool {
        matches!(self, Self::Graph | Self::Instance | Self::MeanSubtraction | Self::GraphSize)
    }

    /// Whether every row by itself says what comes out of it.
    pub(crate) fn is_per_row(self) -> bool {
        self == Self::Layer
    }

    /// What the names of its parameters end with, in order.
    pub(crate) fn parts(self) -> &'static [&'static str] {
        match self {
            Self::Graph => &["weight", "bias", "mean_scale"],
            _ if self.has_affine() => &["weight", "bias"],
            _ => &[],
        }
    }
}
