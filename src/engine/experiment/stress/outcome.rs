//! What one way of pruning gives on one graph.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::judge::Pair;
use crate::engine::experiment::run::Run;
use crate::engine::model::Model;
use crate::engine::sparsify::{Masks, Recipe};

/// With which recipe a graph was pruned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StressWay {
    /// As it was given.
    AsGiven,
    /// Without its recovery, removing the same shares of all entries and weights.
    WithoutRecovery,
}

impl StressWay {
    /// As it is spelt in files.
    pub fn key(self) -> &'static str {
        match self {
            Self::AsGiven => "as-given",
            Self::WithoutRecovery => "without-recovery",
        }
    }

    /// Human-readable; `has_recovery` says whether there is another way.
    pub fn title(self, has_recovery: bool) -> &'static str {
        match self {
            Self::AsGiven if has_recovery => "pruned, recovered",
            Self::AsGiven => "pruned",
            Self::WithoutRecovery => "pruned, no recovery",
        }
    }
}

/// What one way of pruning gave.
#[derive(Clone)]
pub(super) struct Outcome {
    pub(super) way: StressWay,
    pub(super) pair: Pair,
    pub(super) edge_sparsity: f64,
    pub(super) weight_sparsity: f64,
    pub(super) decided: Arc<Decided>,
}

impl Outcome {
    pub(super) fn of(way: StressWay, run: &Run) -> Self {
        let pair = Pair { baseline: Arc::clone(&run.baseline_logits), pruned: Arc::new(run.pruned.logits.clone()) };
        let (edge_sparsity, weight_sparsity) = (run.pruned.edge_sparsity(), run.pruned.weight_sparsity());
        let decided = Arc::new(Decided::of(run));
        Self { way, pair, edge_sparsity, weight_sparsity, decided }
    }
}

/// What a run decided.
#[derive(Debug)]
pub(super) struct Decided {
    pub(super) recipe: Recipe,
    pub(super) masks: Masks,
    pub(super) model: Arc<Model>,
}

impl Decided {
    fn of(run: &Run) -> Self {
        let (masks, model) = (run.pruned.masks.clone(), Arc::clone(&run.pruned.model));
        Self { recipe: run.recipe.clone(), masks, model }
    }
}
