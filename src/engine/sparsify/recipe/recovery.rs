//! How accuracy is recovered while masks are decided: the recipe's section `[recovery]`.

use serde::{Deserialize, Serialize};

/// What entries are chosen by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryChoice {
    /// The norm of the message, over all rows: Unifews as published.
    MessageNorm,
    /// Its rank within the row first: every node keeps its strongest messages.
    PerNode,
    /// What an entry adds to the reconstruction of its row (orthogonal matching pursuit).
    #[default]
    Omp,
    /// Drawn: a control.
    Random,
    /// None but self-loops: the control that shows what values, weights and moments hold alone.
    None,
}

impl EntryChoice {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::MessageNorm, Self::PerNode, Self::Omp, Self::Random, Self::None];

    /// Human-readable.
    pub fn title(self) -> &'static str {
        match self {
            Self::MessageNorm => "Message norm",
            Self::PerNode => "Per node",
            Self::Omp => "Reconstruction",
            Self::Random => "Random (control)",
            Self::None => "None (control)",
        }
    }
}

/// The values of kept entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValueRule {
    /// As they are.
    AsIs,
    /// Scaled so that every row keeps its sum.
    RowSum,
    /// Fitted, row by row, to what the baseline's row gives.
    #[default]
    Ridge,
}

impl ValueRule {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::AsIs, Self::RowSum, Self::Ridge];

    /// Human-readable.
    pub fn title(self) -> &'static str {
        match self {
            Self::AsIs => "As they are",
            Self::RowSum => "Row sum kept",
            Self::Ridge => "Fitted",
        }
    }
}

/// Which weights go, and what the others become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WeightRecovery {
    /// By the recipe's own rule, values as they are.
    AsIs,
    /// By Optimal Brain Surgeon; the others are fitted to the baseline's output.
    #[default]
    Obs,
}

impl WeightRecovery {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::AsIs, Self::Obs];

    /// Human-readable.
    pub fn title(self) -> &'static str {
        match self {
            Self::AsIs => "As they are",
            Self::Obs => "By reconstruction",
        }
    }
}

/// Which nodes the fit of weights, bias and normalisation may look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FitNodes {
    /// Every node of the graph; no label is looked at.
    #[default]
    All,
    /// Those of the training and validation parts: a control.
    TrainVal,
}

impl FitNodes {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::All, Self::TrainVal];

    /// Human-readable.
    pub fn title(self) -> &'static str {
        match self {
            Self::All => "All nodes",
            Self::TrainVal => "Training and validation (control)",
        }
    }
}

/// Which nodes are to be scored, and so what recovery may look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodesAre {
    /// In the graph now: the unpruned model may be run over all of it while masks are made.
    #[default]
    Static,
    /// Some arrive after the masks are made; the test nodes of the split play them. The unpruned model is run over the other nodes alone,
    /// and entries are chosen by a rule that can be applied to a node when it comes.
    New,
}

impl NodesAre {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Static, Self::New];

    /// Human-readable: the answer to what the nodes to be scored are.
    pub fn title(self) -> &'static str {
        match self {
            Self::Static => "are in this graph now",
            Self::New => "arrive later",
        }
    }

    /// Human-readable, as a mark beside numbers.
    pub fn mark(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::New => "new nodes",
        }
    }
}

/// How the removed share is spread over layers or hops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Allocation {
    /// As the recipe's thresholds say.
    AsGiven,
    /// Tried in several ways of the same total; the one with which most nodes keep the unpruned model's class stays. No label is looked at.
    /// For new nodes nothing is tried: from 80 % on, what is kept goes to the first layers or hops.
    #[default]
    Agreement,
}

impl Allocation {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::AsGiven, Self::Agreement];

    /// Human-readable.
    pub fn title(self) -> &'static str {
        match self {
            Self::AsGiven => "As given",
            Self::Agreement => "By agreement",
        }
    }
}

/// Who says which entries and weights go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MaskChoice {
    /// Recovery: by what they add.
    #[default]
    Recovery,
    /// The rules of the recipe, thresholds or rankings, as without recovery; what they keep is fitted. So a method that Unifews is compared
    /// with gets the same recovery.
    Rules,
}

impl MaskChoice {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Recovery, Self::Rules];

    /// Human-readable.
    pub fn title(self) -> &'static str {
        match self {
            Self::Recovery => "Recovery",
            Self::Rules => "The rules above",
        }
    }
}

/// How accuracy is recovered: closed-form fits against the unpruned model's values, layer by layer, or a training under masks towards what it
/// says; without a label.
///
/// The thresholds of the recipe say how many entries and weights go; this says which, and what the others become. What comes out belongs to
/// the graph it was made on (*static*): the fits have seen the unpruned model's answers for its nodes. Nodes that arrive later have no such
/// answers, so for them ([`NodesAre::New`]) nothing is fitted to the unpruned model's values: entries are chosen by the uncertainty of the
/// target and the certainty of the source, rows keep their sum, and `moments` says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecoveryRule {
    /// Which nodes are to be scored.
    pub nodes_are: NodesAre,
    /// Who says which entries and weights go; with [`MaskChoice::Rules`], `entries`, `progressive`, `least_per_node`, `last_matrix_whole` and
    /// `allocation` have nothing to say.
    pub masks: MaskChoice,
    /// What entries are chosen by; for new nodes by uncertainty, but for the two controls.
    pub entries: EntryChoice,
    /// Whether a step chooses among what the step before kept, as published; else among all entries.
    pub progressive: bool,
    /// Entries of every node that stay whatever they are worth, while there are so many.
    pub least_per_node: usize,
    /// Values of kept entries; for new nodes a fit is a row's sum.
    pub values: ValueRule,
    /// Weights.
    pub weights: WeightRecovery,
    /// Whether the last layer's matrices stay whole, as long as they are no more than a third of all weights that stay; the others then lose so
    /// much more that the share over all is as requested.
    pub last_matrix_whole: bool,
    /// Whether bias and batch normalisation are moved so that means and variances are the unpruned model's.
    pub moments: bool,
    /// Nodes that weights, bias and normalisation are fitted on.
    pub fit_on: FitNodes,
    /// How the removed entries are spread over layers or hops.
    pub allocation: Allocation,
    /// Epochs of a short training towards the unpruned model's soft answers after the fits; 0: none. What agrees more with the unpruned
    /// model, before or after, stays.
    pub distill_epochs: usize,
    /// Epochs of a training under masks instead of the fits, towards the unpruned model's soft answers, without a label; 0: none. Masks are
    /// chosen on the way, by the model as it stands, so there is no output to reconstruct: entries by reconstruction go by their rank within
    /// the row, fitted values keep the sum of their row, weights go by their product with their input, removed shares are as given. For new
    /// nodes: epochs over the masks that stay, on the graph of known nodes, with the labels of the training nodes.
    #[serde(skip_serializing_if = "is_0")]
    pub train_epochs: usize,
}

/// Whether a number says what its absence does.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde asks with")]
fn is_0(n: &usize) -> bool {
    *n == 0
}

impl RecoveryRule {
    /// Epochs of distillation where nobody says how many; more gain nothing.
    pub const DISTILL_EPOCHS: usize = 50;

    /// Epochs of training where nobody says how many.
    pub fn usual_train_epochs(nodes_are: NodesAre) -> usize {
        match nodes_are {
            NodesAre::Static => 250,
            NodesAre::New => 150,
        }
    }

    /// The rule for other nodes. For those that arrive later, what looks at the unpruned model's answers goes, how much every layer removes
    /// is spread as suits them, and a training is theirs.
    #[must_use]
    pub fn for_nodes(&self, nodes_are: NodesAre) -> Self {
        if nodes_are == self.nodes_are || nodes_are == NodesAre::Static {
            return Self { nodes_are, ..self.clone() };
        }
        Self {
            nodes_are,
            progressive: self.progressive,
            least_per_node: self.least_per_node,
            weights: self.weights,
            last_matrix_whole: self.last_matrix_whole,
            train_epochs: if self.train_epochs > 0 { Self::usual_train_epochs(nodes_are) } else { 0 },
            ..Self::default()
        }
    }

    /// Whether recovery says which entries go.
    pub fn chooses_entries(&self) -> bool {
        self.masks == MaskChoice::Recovery
    }

    /// Whether recovery says which weights go.
    pub fn chooses_weights(&self) -> bool {
        self.masks == MaskChoice::Recovery && self.weights == WeightRecovery::Obs
    }

    /// Whether what a step removes stays removed in all later ones.
    pub fn is_progressive(&self) -> bool {
        self.progressive || !self.chooses_entries()
    }
}

impl Default for RecoveryRule {
    fn default() -> Self {
        Self {
            nodes_are: NodesAre::default(),
            masks: MaskChoice::default(),
            entries: EntryChoice::default(),
            progressive: false,
            least_per_node: 0,
            values: ValueRule::default(),
            weights: WeightRecovery::default(),
            last_matrix_whole: true,
            moments: true,
            fit_on: FitNodes::default(),
            allocation: Allocation::default(),
            distill_epochs: 0,
            train_epochs: 0,
        }
    }
}
