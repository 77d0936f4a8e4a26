//! Controls of a recovered run: the same recovery with what it is said to live on taken away.
//!
//! Recovery fits values, weights and moments to what the unpruned model gives on every node, so a part of what it scores may be those
//! answers, stored. Three runs tell how much: without an entry, with entries drawn by lot, and with weights fitted on training and
//! validation nodes alone.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::options::RunOptions;
use super::run::{Run, run};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::score::Score;
use crate::engine::sparsify::baselines::EdgeRanking;
use crate::engine::sparsify::{EdgeMode, EdgeTrace, EntryChoice, FitNodes, NodesAre, Recipe, RecoveryRule};

/// What is said wherever the numbers of a recovered run stand.
pub const STATIC_SAYS: &str =
    "static: recovered on this graph; for other graphs or new nodes these numbers do not hold";

/// The same of a run for nodes that arrive later.
pub const NEW_NODES_SAYS: &str = "new nodes: nothing of the test nodes was used but their features and entries, so these numbers are an estimate for nodes \
                                  that arrive later by the same rule";

/// The same where nobody played those nodes.
pub const NO_NEW_NODES_SAYS: &str = "new nodes: the split has no test nodes, so every node counted as known, and no number here is of nodes that arrive later";

/// What is said wherever the numbers of a run stand that recovered accuracy for such nodes.
pub fn recovered_says(nodes: NodesAre) -> &'static str {
    match nodes {
        NodesAre::Static => STATIC_SAYS,
        NodesAre::New => NEW_NODES_SAYS,
    }
}

/// What is said beside controls of a run that recovered accuracy for such nodes.
pub fn controls_say(nodes: NodesAre) -> &'static str {
    match nodes {
        NodesAre::Static => CONTROLS_SAY,
        NodesAre::New => NEW_NODES_CONTROLS_SAY,
    }
}

/// What is said beside the controls of a run for nodes that arrive later.
const NEW_NODES_CONTROLS_SAY: &str = "What the run scores above \"no entries\" its kept entries carry, and what it scores above \"random entries\" their \
                                      choice does";

/// What is said beside controls.
pub const CONTROLS_SAY: &str = "What the run scores above \"no entries\" its kept entries carry, and what it scores above \"random entries\" \
                                their choice does; where \"fitted without test nodes\" scores as much as the run, its weights did not \
                                merely store what the unpruned model says of the test nodes";

/// What a control takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ControlKind {
    /// No entry but self-loops is kept.
    NoEntries,
    /// As many entries, drawn by lot.
    RandomEntries,
    /// Weights, bias and normalisation are fitted on training and validation nodes alone.
    FitWithoutTest,
}

impl ControlKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::NoEntries, Self::RandomEntries, Self::FitWithoutTest];

    /// Human-readable.
    pub fn title(self) -> &'static str {
        match self {
            Self::NoEntries => "no entries",
            Self::RandomEntries => "random entries",
            Self::FitWithoutTest => "fitted without test nodes",
        }
    }

    /// What it shows.
    pub fn says(self) -> &'static str {
        match self {
            Self::NoEntries => {
                "The same recovery with every entry removed but self-loops: what values, weights and moments hold alone"
            }
            Self::RandomEntries => "The same recovery with as many entries, drawn by lot",
            Self::FitWithoutTest => {
                "The same recovery with weights, bias and normalisation fitted on training and validation nodes alone; the values of \
                 entries are still fitted in every row"
            }
        }
    }

    /// Those that say something of a run for such nodes: for new ones no fit looks at test nodes.
    pub fn of(nodes: NodesAre) -> &'static [Self] {
        match nodes {
            NodesAre::Static => &Self::ALL,
            NodesAre::New => &[Self::NoEntries, Self::RandomEntries],
        }
    }

    /// The recipe of the control beside `of`, which recovers by `rule`.
    fn recipe(self, of: &Run, rule: &RecoveryRule) -> Recipe {
        let (mut rule, mut recipe) = (rule.clone(), of.recipe.clone());
        match self {
            Self::FitWithoutTest => rule.fit_on = FitNodes::TrainVal,
            Self::NoEntries if rule.chooses_entries() => rule.entries = EntryChoice::None,
            Self::RandomEntries if rule.chooses_entries() => rule.entries = EntryChoice::Random,
            // Weights go as they do by the recipe's rules, so entries are changed in those, too.
            Self::NoEntries | Self::RandomEntries => {
                let edges = of.pruned.steps.iter().filter_map(|step| step.edges.as_ref());
                let share = |edges: &EdgeTrace| if self == Self::NoEntries { 1.0 } else { edges.sparsity() };
                recipe.edges.delta = edges.map(share).collect();
                (recipe.edges.mode, recipe.edges.ranking) = (EdgeMode::Target, Some(EdgeRanking::Random));
            }
        }
        Recipe { recovery: Some(rule), ..recipe }
    }
}

/// What one control came to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ControlScore {
    /// What was taken away.
    pub kind: ControlKind,
    /// Removed share of the removable entries, `0..=1`.
    pub edge_sparsity: f64,
    /// Removed share of the weights, `0..=1`.
    pub weight_sparsity: f64,
    /// Scores on the test part; absent without labelled test nodes.
    pub test: Option<Score>,
    /// Share of all nodes that keep the unpruned model's class, `0..=1`.
    pub agreement: f64,
}

/// Computes the controls of a run that recovered accuracy. Without training and validation nodes there is no fit on them, and no such
/// control.
///
/// # Errors
/// [`EngineError::Recipe`] for a run without recovery, else as [`run`].
pub fn controls(of: &Run, ctl: &Control) -> Result<Vec<ControlScore>, EngineError> {
    let Some(rule) = &of.recipe.recovery else {
        return Err(EngineError::recipe(
            "recovery",
            "a run that recovered accuracy (controls are about nothing else)",
            "none",
        ));
    };
    let has_fit_nodes = !(of.split.train.is_empty() && of.split.val.is_empty());
    let kinds: Vec<ControlKind> = ControlKind::of(rule.nodes_are)
        .iter()
        .copied()
        .filter(|kind| has_fit_nodes || *kind != ControlKind::FitWithoutTest)
        .collect();
    let mut found = Vec::with_capacity(kinds.len());
    for (at, kind) in kinds.iter().enumerate() {
        ctl.progress("computing controls", at, kinds.len());
        let recipe = kind.recipe(of, rule);
        let baseline = Some(Arc::clone(&of.baseline_logits));
        let control = run(&of.dataset, &of.model, &recipe, RunOptions::PREVIEW, baseline, &ctl.quiet())?;
        let test = control.evaluation.test.pruned;
        found.push(ControlScore {
            kind: *kind,
            edge_sparsity: control.pruned.edge_sparsity(),
            weight_sparsity: control.pruned.weight_sparsity(),
            test: (test.n_nodes > 0).then_some(test),
            agreement: control.evaluation.agreement,
        });
    }
    ctl.progress("computing controls", kinds.len(), kinds.len());
    Ok(found)
}
