//! Recovery of accuracy: which entries and weights go, and what the others become, so that every layer of the pruned network gives what it
//! gave unpruned. Closed-form fits, without a label and without an epoch.
//!
//! Layer by layer, each on what the pruned layers before it produced: entries by greedy reconstruction of every row (`entries.rs`), their
//! values by ridge regression (`refit.rs`), weights by Optimal Brain Surgeon and least squares (`reconstruct.rs`), bias and batch
//! normalisation by moments (`lockstep.rs`). Source: ours; the parts are named where they stand.
//!
//! A short training towards the unpruned model's soft answers may follow (`distill.rs`), or the model is trained while masks grow instead
//! of the fits (`under_masks.rs`); both run the loop of `follow.rs`.
//!
//! All that is for nodes that are in the graph now. For nodes that arrive later (`online`) nothing is fitted to what the unpruned model
//! says of them, since nobody could have asked it; a training that follows sees the known nodes alone.
//!
//! Masks that the recipe's own rules decided can be fitted, too: the way in for methods that this is compared with (`MaskChoice`).
//!
//! What is never here: thresholds (the recipe's rules say how much goes), labels.

mod channels;
mod distill;
mod entries;
mod follow;
mod gram;
mod hops;
mod linalg;
mod lockstep;
mod online;
mod plan;
mod produced;
mod reconstruct;
mod refit;
mod side;
mod soft;
mod step;
mod under_masks;
mod units;

use std::sync::Arc;

use ndarray::Array2;

use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Split};
use crate::engine::kernels::Rows;
use crate::engine::model::elementwise::feature_rows;
use crate::engine::model::{Model, Op};
use crate::engine::score::predictions;
use crate::engine::sparsify::{
    Allocation, EdgeMask, EntryChoice, EntryValues, Masks, NodesAre, Pruned, Recipe, RecoveryRule,
};
use lockstep::{Done, Inputs, Lockstep};
pub use online::ArrivalRule;
use plan::Plan;
use produced::logits;

/// Decides the masks of `model` under `recipe` and `rule`, with values and weights that make up for what goes. `unpruned` is what the model
/// says of every node, `[n, n_classes]`; where nodes arrive later it is not looked at. `reference` is its output of every step, where the
/// error against it is wanted; recovery of nodes that are there measures that by itself.
///
/// # Errors
/// [`EngineError::Recipe`] for a network that recovery cannot fit, [`EngineError::NotFinite`], [`EngineError::Cancelled`].
pub(crate) fn recover(
    dataset: &Dataset,
    model: &Arc<Model>,
    recipe: &Recipe,
    rule: &RecoveryRule,
    (split, unpruned, reference): (&Split, &Array2<f32>, Option<&[Array2<f32>]>),
    ctl: &Control,
) -> Result<Pruned, EngineError> {
    check(model)?;
    if rule.nodes_are == NodesAre::New {
        let online::Decided { masks, model, steps, arrivals, training } =
            online::recover(dataset, model, recipe, rule, (split, reference), ctl)?;
        let logits = logits(dataset, &model, recipe, &masks, ctl)?;
        return Ok(Pruned {
            masks,
            model,
            logits,
            steps,
            embedding: None,
            arrivals: Some(arrivals),
            training,
            channels: Vec::new(),
        });
    }
    let mut plan = Plan::of(dataset, model, recipe, rule, split, ctl)?;
    if rule.train_epochs > 0 {
        return under_masks::train(dataset, model, recipe, rule, &plan, unpruned, ctl);
    }
    let topology = dataset.topology();
    let mut allocations = plan.allocations(topology.n_entries() - topology.n_self_loops(), rule.is_progressive());
    let is_open = rule.chooses_entries() && rule.entries != EntryChoice::None;
    if rule.allocation == Allocation::AsGiven || !is_open {
        allocations.truncate(1);
    }
    let baseline = predictions(unpruned);
    let n_same = |pruned: &Pruned| predictions(&pruned.logits).iter().zip(&baseline).filter(|(a, b)| a == b).count();
    let mut best: Option<(usize, Pruned)> = None;
    for (at, n_keep) in allocations.iter().enumerate() {
        ctl.progress("recovering", at, allocations.len());
        plan.n_keep.clone_from(n_keep);
        let pruned = recover_as_planned(dataset, model, recipe, rule, &plan, &ctl.quiet())?;
        let n_same = n_same(&pruned);
        if best.as_ref().is_none_or(|(most, _)| n_same > *most) {
            best = Some((n_same, pruned));
        }
    }
    let Some((most, mut pruned)) = best else { unreachable!("there is one allocation at least") };
    pruned.channels = plan.channels.map(|channels| channels.traces).unwrap_or_default();
    if rule.distill_epochs == 0 {
        return Ok(pruned);
    }
    let masks = &pruned.masks;
    let (distilled, training) =
        distill::distill(dataset, &pruned.model, recipe, masks, unpruned, rule.distill_epochs, ctl)?;
    let logits = logits(dataset, &distilled, recipe, masks, &ctl.quiet())?;
    let distilled = Pruned { model: Arc::new(distilled), logits, training: Some(training), ..pruned.clone() };
    // Steps tell of the fits; what is stored is what agrees more.
    Ok(if n_same(&distilled) > most { distilled } else { pruned })
}

fn recover_as_planned(
    dataset: &Dataset,
    model: &Arc<Model>,
    recipe: &Recipe,
    rule: &RecoveryRule,
    plan: &Plan,
    ctl: &Control,
) -> Result<Pruned, EngineError> {
    let done = if model.architecture.is_decoupled() {
        let hops = hops::recover(dataset, model, recipe, rule, plan, ctl)?;
        let (unpruned, pruned) = (Rows::Dense(hops.unpruned.view()), Rows::Dense(hops.pruned.view()));
        let inputs = Inputs { unpruned, pruned, is_same: false };
        let mlp = Lockstep::new(dataset, model, recipe, rule, plan, inputs)?.run(ctl)?;
        let steps = hops.steps.into_iter().chain(mlp.steps).collect();
        Done { steps, kept: hops.kept, values: hops.values, ..mlp }
    } else {
        let rows = || feature_rows(dataset.features());
        let inputs = Inputs { unpruned: rows(), pruned: rows(), is_same: true };
        Lockstep::new(dataset, model, recipe, rule, plan, inputs)?.run(ctl)?
    };
    let edges = EdgeMask::of_steps(done.kept, Some(EntryValues { steps: done.values }), dataset.topology())?;
    let masks = Masks { edges, weights: done.masks };
    let model = Arc::new(done.model);
    let logits = logits(dataset, &model, recipe, &masks, ctl)?;
    Ok(Pruned {
        masks,
        model,
        logits,
        steps: done.steps,
        embedding: None,
        arrivals: None,
        training: None,
        channels: Vec::new(),
    })
}

/// What recovery can fit.
fn check(model: &Model) -> Result<(), EngineError> {
    let known = |op: &Op| {
        matches!(
            op,
            Op::Matmul { .. }
                | Op::Bias { .. }
                | Op::Propagate { .. }
                | Op::Attention { .. }
                | Op::MeanHeads { .. }
                | Op::Combine { .. }
                | Op::Scale { .. }
                | Op::BatchNorm { .. }
                | Op::Relu
                | Op::Nonlinearity { .. }
                | Op::Prelu { .. }
                | Op::Normalise { .. }
                | Op::Concatenate
                | Op::Maximum
        )
    };
    match model.program().inference().instructions.iter().find(|i| !known(&i.op)) {
        Some(found) => {
            let name = format!("{:?}", found.op);
            let name = name.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
            Err(EngineError::recipe("recovery", "a network of operations that it can fit (or no recovery)", name))
        }
        None => Ok(()),
    }
}
