//! What may be wrong with the data of next month, and how far.

use serde::{Deserialize, Serialize};

use crate::engine::error::EngineError;

/// One way in which data differ from those that were pruned on. Its *level* says how far; level 0 changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StressKind {
    /// False edges between nodes drawn at random. Level: their number, a share of the edges.
    #[default]
    AddedEdges,
    /// False edges between nodes of different classes. Level: their number, a share of the edges.
    AddedBetweenClasses,
    /// Edges drawn at random are missing. Level: the share of the edges.
    DroppedEdges,
    /// Edges between nodes of different classes are missing. Level: the share of those edges.
    DroppedBetweenClasses,
    /// Normal noise on every feature value. Level: its standard deviation, in standard deviations of the feature's column.
    FeatureNoise,
    /// Feature values are 0. Level: the share of the values that were not.
    MissingFeatures,
    /// Training and validation nodes have another class, each as likely as any other. Level: the share of these nodes.
    UniformLabels,
    /// Training and validation nodes of a class have the next class. Level: the share of these nodes.
    PairwiseLabels,
    /// Classes are rare among the nodes that are scored: of `n` classes in an order drawn by the seed the one at place `r`, from 0, keeps the
    /// share `(1 - level)^(r / (n - 1))` of its test nodes.
    ClassImbalance,
    /// Nodes with many neighbours are rare among those that are scored: as [`StressKind::ClassImbalance`], of the quartiles of the
    /// degree in ascending order.
    DegreeBias,
}

impl StressKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::AddedEdges,
        Self::AddedBetweenClasses,
        Self::DroppedEdges,
        Self::DroppedBetweenClasses,
        Self::FeatureNoise,
        Self::MissingFeatures,
        Self::UniformLabels,
        Self::PairwiseLabels,
        Self::ClassImbalance,
        Self::DegreeBias,
    ];

    /// As it is spelt on the command line and in files.
    pub fn key(self) -> &'static str {
        match self {
            Self::AddedEdges => "added-edges",
            Self::AddedBetweenClasses => "added-between-classes",
            Self::DroppedEdges => "dropped-edges",
            Self::DroppedBetweenClasses => "dropped-between-classes",
            Self::FeatureNoise => "feature-noise",
            Self::MissingFeatures => "missing-features",
            Self::UniformLabels => "uniform-labels",
            Self::PairwiseLabels => "pairwise-labels",
            Self::ClassImbalance => "class-imbalance",
            Self::DegreeBias => "degree-bias",
        }
    }

    /// The kind of this key.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.key() == key)
    }

    /// Human-readable.
    pub fn title(self) -> &'static str {
        match self {
            Self::AddedEdges => "False edges",
            Self::AddedBetweenClasses => "False edges between classes",
            Self::DroppedEdges => "Missing edges",
            Self::DroppedBetweenClasses => "Missing edges between classes",
            Self::FeatureNoise => "Feature noise",
            Self::MissingFeatures => "Missing features",
            Self::UniformLabels => "Uniform label noise",
            Self::PairwiseLabels => "Pairwise label noise",
            Self::ClassImbalance => "Class imbalance",
            Self::DegreeBias => "Bias by degree",
        }
    }

    /// What the level counts, with its unit: the name of an axis.
    pub fn axis(self) -> &'static str {
        match self {
            Self::AddedEdges => "false edges added, % of the edges",
            Self::AddedBetweenClasses => "false edges between classes added, % of the edges",
            Self::DroppedEdges => "edges missing, %",
            Self::DroppedBetweenClasses => "edges between classes missing, %",
            Self::FeatureNoise => "noise, % of the features' standard deviation",
            Self::MissingFeatures => "feature values missing, %",
            Self::UniformLabels | Self::PairwiseLabels => "wrong labels in training, %",
            Self::ClassImbalance => "test nodes of the rarest class left out, %",
            Self::DegreeBias => "test nodes of the highest degrees left out, %",
        }
    }

    /// The level in words, for example `20 % of false edges`.
    pub fn level_says(self, level: f64) -> String {
        let percent = (1e4 * level).round() / 100.0;
        let what = match self {
            Self::AddedEdges => "of false edges",
            Self::AddedBetweenClasses => "of false edges between classes",
            Self::DroppedEdges => "of the edges missing",
            Self::DroppedBetweenClasses => "of the edges between classes missing",
            Self::FeatureNoise => "of a standard deviation of noise",
            Self::MissingFeatures => "of the feature values missing",
            Self::UniformLabels => "of wrong labels",
            Self::PairwiseLabels => "of labels taken for the next class",
            Self::ClassImbalance => "of the rarest class left out",
            Self::DegreeBias => "of the nodes with most neighbours left out",
        };
        format!("{percent} % {what}")
    }

    /// The five levels that are tried where nobody says others.
    pub fn usual_levels(self) -> [f64; 5] {
        match self {
            Self::AddedEdges | Self::AddedBetweenClasses | Self::DroppedEdges => [0.05, 0.1, 0.2, 0.3, 0.5],
            Self::DroppedBetweenClasses => [0.2, 0.4, 0.6, 0.8, 1.0],
            Self::FeatureNoise => [0.25, 0.5, 1.0, 1.5, 2.0],
            Self::MissingFeatures => [0.1, 0.2, 0.4, 0.6, 0.8],
            Self::UniformLabels | Self::PairwiseLabels => [0.1, 0.2, 0.3, 0.4, 0.5],
            Self::ClassImbalance | Self::DegreeBias => [0.5, 0.75, 0.9, 0.95, 0.98],
        }
    }

    /// Whether the recipe is applied to the same graph with the same labels, and other nodes are scored.
    pub fn is_of_scoring(self) -> bool {
        matches!(self, Self::ClassImbalance | Self::DegreeBias)
    }

    /// Whether labels of training change.
    pub fn is_of_labels(self) -> bool {
        matches!(self, Self::UniformLabels | Self::PairwiseLabels)
    }

    /// Whether edges are added.
    pub fn adds_edges(self) -> bool {
        matches!(self, Self::AddedEdges | Self::AddedBetweenClasses)
    }

    /// Whether edges are dropped.
    pub fn drops_edges(self) -> bool {
        matches!(self, Self::DroppedEdges | Self::DroppedBetweenClasses)
    }

    /// Whether it takes one class per node.
    pub fn needs_classes(self) -> bool {
        !matches!(
            self,
            Self::AddedEdges | Self::DroppedEdges | Self::FeatureNoise | Self::MissingFeatures | Self::DegreeBias
        )
    }

    fn highest(self) -> f64 {
        /// More than that drowns everything.
        const MAX_LEVEL: f64 = 10.0;
        if self.adds_edges() || self == Self::FeatureNoise { MAX_LEVEL } else { 1.0 }
    }

    /// Whether a level can be meant.
    pub fn allows(self, level: f64) -> bool {
        (0.0..=self.highest()).contains(&level) && !(self.is_of_scoring() && level >= 1.0)
    }

    /// Which levels can be meant, for people, for example `0 to 10 for feature-noise`.
    pub fn allowed_says(self) -> String {
        let below = if self.is_of_scoring() { "below " } else { "" };
        format!("0 to {below}{} for {}", self.highest(), self.key())
    }

    /// Checks a level.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] with what is allowed.
    pub fn check(self, level: f64) -> Result<(), EngineError> {
        if self.allows(level) {
            Ok(())
        } else {
            Err(EngineError::mismatch("levels of stress", self.allowed_says(), level))
        }
    }
}
