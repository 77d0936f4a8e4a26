//! Recovery for nodes that arrive after the masks are made: nothing of theirs is used but their features and their entries.
//!
//! The test nodes of the split play them. What the unpruned model says is asked of the graph of the other nodes alone; entries
//! are chosen by a rule that can be applied to a node when it comes (`score.rs`, `choose.rs`), rows keep their sum, and weights go by
//! Optimal Brain Surgeon on what the pruned network gives them on that graph, its own output as the target (`weights.rs`). Source: ours;
//! a fit to unpruned activations would fit the known nodes and lose on the others.
//!
//! What decides of a node that really arrives is recorded in [`ArrivalRule`] (`rule.rs`).
//!
//! A training on that graph may follow, over what was decided, with the labels of the training nodes.

mod choose;
mod rule;
mod score;
mod traced;
mod values;
mod weights;

use std::sync::Arc;

use ndarray::Array2;

use super::distill::train_for_new_nodes;
use super::plan::Plan;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Known, Split};
use crate::engine::model::Model;
use crate::engine::model::exec::infer::forward;
use crate::engine::sparsify::exempt::Exempt;
use crate::engine::sparsify::masked_inference::MaskedInference;
use crate::engine::sparsify::{Arrivals, EdgeMode, Masks, Recipe, RecoveryRule, RecoveryTraining, RowCount, StepTrace};
use choose::Choice;
pub use rule::ArrivalRule;

/// What is decided.
pub(super) struct Decided {
    pub(super) masks: Masks,
    /// With the weights that stay.
    pub(super) model: Arc<Model>,
    pub(super) steps: Vec<StepTrace>,
    pub(super) arrivals: Arrivals,
    pub(super) training: Option<RecoveryTraining>,
}

/// Decides masks, entry values and weights. `reference` is the unpruned model's output of every step, for the trace alone.
///
/// # Errors
/// [`EngineError::NotFinite`], [`EngineError::Cancelled`], [`EngineError::Mismatch`] where no node is known.
pub(super) fn recover(
    dataset: &Dataset,
    model: &Arc<Model>,
    recipe: &Recipe,
    rule: &RecoveryRule,
    (split, reference): (&Split, Option<&[Array2<f32>]>),
    ctl: &Control,
) -> Result<Decided, EngineError> {
    const STAGES: usize = 4;
    let quiet = ctl.quiet();
    ctl.progress("asking the known nodes", 0, STAGES);
    let known = Known::of(dataset, split)?;
    // Where thresholds say how much goes, they say it of the known nodes.
    let plan = Plan::of(&known.dataset, model, recipe, rule, &known.split, &quiet)?;
    let among = among_themselves(&known, model, recipe, &quiet)?;
    let keys = score::keys(dataset, (&known, &among), model, recipe, rule.entries, &quiet)?;
    ctl.progress("choosing entries", 1, STAGES);
    let exempt = Exempt::of(dataset, recipe, split)?;
    let choice = Choice {
        topology: dataset.topology(),
        is_known: &known.contains,
        removed: &removed_shares(&known, recipe, &plan),
        rule,
        is_nested: rule.progressive || recipe.model.has("attention"),
        exempt: &exempt,
    };
    let kept = choice.kept(&keys, &quiet)?;
    let edges = values::mask(dataset, recipe, rule, &kept, &quiet)?;
    ctl.progress("choosing weights", 2, STAGES);
    let on_known = values::mask(&known.dataset, recipe, rule, &known.part(&kept), &quiet)?;
    let (mut model, weights) = weights::fit(&known, model, recipe, rule, &plan, &on_known, &quiet)?;
    let mut training = None;
    if rule.train_epochs > 0 {
        let masks = Masks { edges: on_known, weights: weights.clone() };
        let (trained, how) = train_for_new_nodes(&known, &model, recipe, &masks, &among, rule.train_epochs, ctl)?;
        (model, training) = (trained, Some(how));
    }
    ctl.progress("measuring", 3, STAGES);
    let masks = Masks { edges, weights };
    let steps = traced::trace(dataset, &model, recipe, rule, (&masks, keys), reference, &quiet)?;
    Ok(Decided { arrivals: arrivals(dataset, &known, &kept), masks, model: Arc::new(model), steps, training })
}

/// What the unpruned model says of the known nodes while nobody else is there. `[n_known, n_classes]`
fn among_themselves(known: &Known, model: &Model, recipe: &Recipe, ctl: &Control) -> Result<Array2<f32>, EngineError> {
    let mut inference = MaskedInference::unpruned(&known.dataset, recipe, ctl)?;
    forward(&model.program(), model, known.dataset.features(), &mut inference, ctl)
}

/// The share of removable entries that every step is to do without.
fn removed_shares(known: &Known, recipe: &Recipe, plan: &Plan) -> Vec<f64> {
    let topology = known.dataset.topology();
    let n_removable = topology.n_entries() - topology.n_self_loops();
    let of_step = |(step, n_keep): (usize, &usize)| match recipe.edges.mode {
        EdgeMode::Target => recipe.delta_a(step),
        _ => (n_removable - n_keep) as f64 / n_removable.max(1) as f64,
    };
    plan.n_keep.iter().enumerate().map(of_step).collect()
}

/// What was removed from the rows of both kinds of nodes.
fn arrivals(dataset: &Dataset, known: &Known, kept: &[Vec<bool>]) -> Arrivals {
    let mut counts = [RowCount::default(); 2];
    for is_known in &known.contains {
        counts[usize::from(*is_known)].n_nodes += 1;
    }
    for (k, (u, _)) in dataset.topology().entries().enumerate().filter(|(_, (u, v))| u != v) {
        let count = &mut counts[usize::from(known.contains[u as usize])];
        count.n_removable += kept.len();
        count.n_removed += kept.iter().filter(|of_step| !of_step[k]).count();
    }
    let [unseen, known] = counts;
    Arrivals { known, unseen }
}
