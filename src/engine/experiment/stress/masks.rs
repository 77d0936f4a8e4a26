//! Whose masks a disturbed graph has: those of the undisturbed one, or its own.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::judge::Pair;
use super::outcome::{Decided, Outcome};
use crate::engine::carry::{Snapshot, carry};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::experiment::run::masked_forward;
use crate::engine::graph::Dataset;
use crate::engine::model::Model;
use crate::engine::sparsify::{EdgeMask, EdgeMode, Masks, Recipe};

/// Whose masks a disturbed graph has. Where labels are wrong the model is another one, and is pruned anew either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum StressMasks {
    /// Those of the undisturbed graph, as a bundle in production: entries that were there keep what was decided of them, new ones are kept.
    #[default]
    #[serde(rename = "carried-over")]
    Carried,
    /// Its own, as a run on it would decide.
    #[serde(rename = "decided-anew")]
    Decided,
}

impl StressMasks {
    /// Both, the usual one first.
    pub const ALL: [Self; 2] = [Self::Carried, Self::Decided];

    /// What suits a recipe: masks are carried over wherever they can be.
    pub fn suited_to(recipe: &Recipe) -> Self {
        if recipe.edges.mode == EdgeMode::Mass { Self::Decided } else { Self::Carried }
    }

    /// Human-readable, within a sentence.
    pub fn says(self) -> &'static str {
        match self {
            Self::Carried => "masks carried over",
            Self::Decided => "masks decided anew",
        }
    }

    /// Refuses a recipe whose masks cannot be carried over.
    ///
    /// # Errors
    /// [`EngineError::Recipe`] with mass thresholds: what was pushed belongs to its graph.
    pub(super) fn check(self, recipe: &Recipe) -> Result<(), EngineError> {
        if self == Self::Carried && recipe.edges.mode == EdgeMode::Mass {
            let expected =
                "relative, absolute or target for masks that are carried over: what was pushed belongs to its graph";
            return Err(EngineError::recipe("edges.mode", expected, "mass"));
        }
        Ok(())
    }
}

/// The pruned models of the undisturbed graph on a disturbed one, with what was decided before.
pub(super) fn carried(
    (undisturbed, before): (&[Outcome], &Snapshot),
    changed: &Dataset,
    model: &Model,
    ctl: &Control,
) -> Result<Vec<Outcome>, EngineError> {
    let quiet = ctl.quiet();
    let carried = carry(before, changed, &quiet)?;
    let mut baseline = None;
    let mut outcomes = Vec::with_capacity(undisturbed.len());
    for outcome in undisturbed {
        let Decided { recipe, masks, model: pruned } = &*outcome.decided;
        let baseline = if let Some(known) = &baseline {
            Arc::clone(known)
        } else {
            let logits = Arc::new(masked_forward(changed, model, recipe, None, None, &quiet)?);
            Arc::clone(baseline.insert(logits))
        };
        let edges = carried.mask(&masks.edges, changed, recipe, &quiet)?;
        let edge_sparsity = removed_share(&edges, changed);
        let masks = Masks { edges, weights: masks.weights.clone() };
        let logits = masked_forward(changed, pruned, recipe, Some(&masks), None, &quiet)?;
        let pair = Pair { baseline, pruned: Arc::new(logits) };
        let decided = Arc::clone(&outcome.decided);
        outcomes.push(Outcome { pair, edge_sparsity, decided, ..outcome.clone() });
    }
    Ok(outcomes)
}

/// The removed share of the entries that can be removed, over all steps.
fn removed_share(mask: &EdgeMask, dataset: &Dataset) -> f64 {
    let n_removed: usize = (0..mask.n_steps()).map(|step| mask.n_entries() - mask.n_kept(step)).sum();
    let n_removable = dataset.topology().n_entries() - dataset.topology().n_self_loops();
    n_removed as f64 / (n_removable * mask.n_steps()).max(1) as f64
}
