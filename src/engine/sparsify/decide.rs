//! Deciding the masks of a model in one forward pass, each step seeing what the pruned steps before it produced
//! (Unifews Algorithms 1 and 2).

use std::sync::Arc;

use ndarray::Array2;

use super::edges::{Survivors, propagate_and_remove};
use super::mask::{EdgeMask, Masks, WeightMask};
use super::push::push_features;
use super::recipe::{Compat, EdgeMode, Identity, Lock, Recipe};
use super::trace::{EdgeTrace, Macs, Pruned, StepTrace, WeightTrace};
use super::transform::{PreparedWeight, likely_product};
use super::weights;
use crate::engine::control::Control;
use crate::engine::diffusion::Diffusion;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Split};
use crate::engine::kernels::{Rows, frobenius};
use crate::engine::model::network::{self, Policy, Tape, feature_rows};
use crate::engine::model::{Linear, Model, Scaler, StepKind};

/// What the backward pass of a training step needs of the decisions.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) survivors: Vec<Survivors>,
    pub(crate) weights: Vec<Array2<f32>>,
}

/// The policy that decides: measures, removes, and writes down what happened.
pub(crate) struct Decider<'a> {
    recipe: &'a Recipe,
    locked: Option<&'a [bool]>,
    current: Survivors,
    pub(crate) masks: Masks,
    pending_edges: Option<EdgeTrace>,
    pending_weights: Option<WeightTrace>,
    pub(crate) steps: Vec<StepTrace>,
    reference: Option<&'a [Array2<f32>]>,
    pub(crate) kept: Option<Kept>,
    /// Training only: decide weight masks once and reuse them (the authors' MLP tests on the first batch of an epoch).
    pub(crate) reuse_weight_masks: Option<Vec<WeightMask>>,
}

impl<'a> Decider<'a> {
    pub(crate) fn new(recipe: &'a Recipe, everything: Survivors, n_entries: usize, locked: Option<&'a [bool]>) -> Self {
        let edges = EdgeMask::keep_all(n_entries, recipe.model.n_graph_steps());
        Self {
            recipe,
            locked,
            current: everything,
            masks: Masks { edges, weights: Vec::new() },
            pending_edges: None,
            pending_weights: None,
            steps: Vec::new(),
            reference: None,
            kept: None,
            reuse_weight_masks: None,
        }
    }
}

impl Policy for Decider<'_> {
    fn transform(
        &mut self,
        layer: usize,
        linear: &Linear,
        x: Rows<'_>,
        ctl: &Control,
    ) -> Result<Array2<f32>, EngineError> {
        let mask = if let Some(masks) = &self.reuse_weight_masks {
            masks[layer].clone()
        } else {
            let asked = self.recipe.delta_w(layer);
            let (mask, trace) = weights::decide(&linear.weight, x, self.recipe.weights.mode, asked, ctl)?;
            self.pending_weights = Some(trace);
            mask
        };
        let masked = masked(&linear.weight, &mask);
        self.masks.weights.push(mask);
        let sparse_input = matches!(x, Rows::Sparse(_));
        let product = likely_product(&masked, sparse_input);
        let out = PreparedWeight::new(&masked, sparse_input, product).apply(x, ctl)?;
        if let Some(kept) = &mut self.kept {
            kept.weights.push(masked);
        }
        Ok(out)
    }

    fn propagate(&mut self, step: usize, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        let asked = self.recipe.delta_a(step);
        let rule = &self.recipe.edges;
        let decided =
            propagate_and_remove(&self.current, x, step, asked, rule, self.locked, &mut self.masks.edges, ctl)?;
        self.current = decided.survivors;
        if let Some(kept) = &mut self.kept {
            kept.survivors.push(self.current.clone());
        }
        self.pending_edges = Some(decided.trace);
        Ok(decided.output)
    }

    fn finished(&mut self, kind: StepKind, idx: usize, output: &Array2<f32>) {
        let (edges, weights) = (self.pending_edges.take(), self.pending_weights.take());
        let d_out = output.ncols();
        let d_in = weights.as_ref().map_or(d_out, |w| w.column_norms.len());
        let relative_error = self.reference.and_then(|r| r.get(self.steps.len())).map(|r| relative_distance(output, r));
        let macs = count_macs(edges.as_ref(), weights.as_ref());
        let output_norm = if self.kept.is_some() { f64::NAN } else { frobenius(output) };
        self.steps.push(StepTrace { kind, idx, d_in, d_out, edges, weights, relative_error, output_norm, macs });
    }
}

/// `W ⊙ mask`.
pub(crate) fn masked(weight: &Array2<f32>, mask: &WeightMask) -> Array2<f32> {
    let mut out = weight.clone();
    ndarray::Zip::from(&mut out).and(mask).for_each(|w, keep| {
        if !keep {
            *w = 0.0;
        }
    });
    out
}

/// `‖a - b‖_F / ‖b‖_F`.
fn relative_distance(a: &Array2<f32>, b: &Array2<f32>) -> f64 {
    let mut squares = 0.0f64;
    ndarray::Zip::from(a).and(b).for_each(|a, b| squares += (f64::from(*a) - f64::from(*b)).powi(2));
    let norm = frobenius(b);
    if norm == 0.0 { 0.0 } else { squares.sqrt() / norm }
}

/// The rule `kept-entries`: see [`Macs`].
fn count_macs(edges: Option<&EdgeTrace>, weights: Option<&WeightTrace>) -> Macs {
    let mut macs = Macs::default();
    if let Some(e) = edges {
        let others = |n: usize| (n.saturating_sub(e.n_self_loops) * e.width) as u64;
        macs.edges_dense = others(e.n_entries);
        macs.edges_pruned = others(e.n_after);
    }
    if let Some(w) = weights {
        macs.weights_dense = w.macs_dense;
        macs.weights_pruned = w.macs_pruned;
    }
    macs
}

/// Which nodes keep all their incoming entries, if any do.
pub(crate) fn locked_nodes(
    dataset: &Dataset,
    recipe: &Recipe,
    split: &Split,
) -> Result<Option<Vec<bool>>, EngineError> {
    let nodes = match &recipe.edges.lock {
        Lock::None => return Ok(None),
        Lock::Val => &split.val,
        Lock::Test => &split.test,
        Lock::File(name) => {
            let listed = dataset.splits().iter().find(|s| s.name == *name);
            let found =
                || EngineError::recipe("edges.lock", "none, val, test or a list of nodes read with the graph", name);
            &listed.ok_or_else(found)?.test
        }
    };
    Ok(Some(flags(dataset.n_nodes(), nodes)))
}

pub(crate) fn flags(n: usize, nodes: &[u32]) -> Vec<bool> {
    let mut flags = vec![false; n];
    for u in nodes {
        flags[*u as usize] = true;
    }
    flags
}

/// `r` of the diffusion matrix: the authors' SGC uses `D⁻¹Ā` whatever is configured (D20).
pub(crate) fn norm_r(recipe: &Recipe) -> f64 {
    if recipe.compat == Compat::Official && recipe.model.is_decoupled() { 0.0 } else { recipe.model.norm_r }
}

/// A propagated embedding with what happened on the way.
#[derive(Debug, Clone)]
pub struct Propagated {
    /// `P̂(L)`, before any scaling. `[n_nodes, n_features]`
    pub embedding: Array2<f32>,
    /// Which entries each hop walks; in mass mode those that any feature was pushed over.
    pub edges: EdgeMask,
    /// Every hop.
    pub steps: Vec<StepTrace>,
}

/// Propagates the features over `recipe.model.hops` hops, removing as `recipe.edges` says: the first half of a decoupled model.
///
/// `reference` holds the unpruned embedding after every hop, where the error against it is wanted.
///
/// # Errors
/// [`EngineError::Recipe`], [`EngineError::NotFinite`], [`EngineError::Cancelled`].
pub fn propagate(
    dataset: &Dataset,
    recipe: &Recipe,
    split: &Split,
    reference: Option<&[Array2<f32>]>,
    ctl: &Control,
) -> Result<Propagated, EngineError> {
    recipe.check()?;
    let topology = dataset.topology();
    if recipe.edges.mode == EdgeMode::Mass {
        return push_features(dataset, recipe, reference, ctl);
    }
    let locked = locked_nodes(dataset, recipe, split)?;
    let diffusion = Diffusion::new(topology, norm_r(recipe));
    let everything = Survivors::all(topology, &diffusion, recipe.edges.identity)?;
    let mut decider = Decider::new(recipe, everything, topology.n_entries(), locked.as_deref());
    decider.reference = reference;
    let embedding = network::hops(dataset.features(), recipe.model.hops, &mut decider, ctl)?;
    Ok(Propagated { embedding, edges: decider.masks.edges, steps: decider.steps })
}

/// Whether the embedding's scaler is fitted anew on the pruned embedding: where the recipe's propagation is not the model's own,
/// its old scaler would not fit (the authors' code always fits anew, D29).
fn refits_scaler(recipe: &Recipe) -> bool {
    recipe.compat == Compat::Official
        || recipe.edges.mode == EdgeMode::Mass
        || recipe.edges.identity != Identity::SelfLoop
}

/// Decides the masks of `model` under `recipe` in one forward pass.
///
/// `reference` holds the unpruned output of every step, where the error against it is wanted.
///
/// # Errors
/// [`EngineError::Recipe`], [`EngineError::NotFinite`], [`EngineError::Cancelled`].
pub(crate) fn decide(
    dataset: &Dataset,
    model: &Arc<Model>,
    recipe: &Recipe,
    split: &Split,
    reference: Option<&[Array2<f32>]>,
    ctl: &Control,
) -> Result<Pruned, EngineError> {
    let topology = dataset.topology();
    if model.architecture.is_decoupled() {
        let propagated = propagate(dataset, recipe, split, reference, ctl)?;
        let mut embedding = propagated.embedding;
        let raw = (recipe.edges.mode == EdgeMode::Mass).then(|| Arc::new(embedding.clone()));
        let scaler = match &model.scaler {
            Some(_) if refits_scaler(recipe) && !split.train.is_empty() => {
                Some(Scaler::fit(&embedding, &split.train, ctl)?)
            }
            other => other.clone(),
        };
        if let Some(scaler) = &scaler {
            scaler.apply(&mut embedding, ctl)?;
        }
        let nothing = Survivors::empty();
        let mut decider = Decider::new(recipe, nothing, 0, None);
        decider.reference = reference.map(|r| &r[propagated.steps.len().min(r.len())..]);
        let logits = network::mlp(model, Rows::Dense(embedding.view()), &mut decider, None, ctl)?;
        let masks = Masks { edges: propagated.edges, weights: decider.masks.weights };
        let steps = propagated.steps.into_iter().chain(decider.steps).collect();
        let pruned_model = Arc::new(Model { scaler, ..masked_model(model, &masks.weights) });
        Ok(Pruned { masks, model: pruned_model, logits, steps, embedding: raw })
    } else {
        let locked = locked_nodes(dataset, recipe, split)?;
        let diffusion = Diffusion::new(topology, norm_r(recipe));
        let everything = Survivors::all(topology, &diffusion, recipe.edges.identity)?;
        let mut decider = Decider::new(recipe, everything, topology.n_entries(), locked.as_deref());
        decider.reference = reference;
        let logits = network::convolutions(model, feature_rows(dataset.features()), &mut decider, None, ctl)?;
        let pruned_model = Arc::new(masked_model(model, &decider.masks.weights));
        Ok(Pruned { masks: decider.masks, model: pruned_model, logits, steps: decider.steps, embedding: None })
    }
}

/// The model with removed weights set to 0.
pub(crate) fn masked_model(model: &Model, masks: &[WeightMask]) -> Model {
    let mut out = model.clone();
    for (layer, mask) in out.layers.iter_mut().zip(masks) {
        layer.linear.weight = masked(&layer.linear.weight, mask);
    }
    out
}

/// One training forward of an iterative model that decides as it goes.
pub(crate) fn decide_training(
    decider: &mut Decider<'_>,
    model: &Model,
    features: Rows<'_>,
    tape: &mut Tape,
    ctl: &Control,
) -> Result<Array2<f32>, EngineError> {
    decider.kept = Some(Kept::default());
    if model.architecture.is_decoupled() {
        network::mlp(model, features, decider, Some(tape), ctl)
    } else {
        network::convolutions(model, features, decider, Some(tape), ctl)
    }
}
