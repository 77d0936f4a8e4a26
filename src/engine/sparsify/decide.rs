//! Deciding the masks of a model in one forward pass: what it needs before it starts, and what comes of it.

use std::sync::Arc;

use ndarray::Array2;

use super::baselines::edge_importance;
use super::edge_pass::EdgePass;
use super::edges::OperatorSource;
use super::exempt::Exempt;
use super::mask::{Masks, WeightMask};
use super::propagated::Propagated;
use super::pruning_pass::PruningPass;
use super::push::push_features;
use super::recipe::{EdgeMode, Identity, Quirk, Recipe};
use super::trace::Pruned;
use super::weight_pass::{WeightPass, masked};
use super::weights::ranked_masks;
use crate::engine::control::Control;
use crate::engine::diffusion::Diffusion;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Split};
use crate::engine::kernels::Rows;
use crate::engine::model::elementwise::feature_rows;
use crate::engine::model::exec::hops::hops;
use crate::engine::model::exec::infer::infer;
use crate::engine::model::{Model, Scaler};

/// What entries are compared by, where the recipe ranks them.
pub(crate) fn edge_ranking(
    dataset: &Dataset,
    recipe: &Recipe,
    ctl: &Control,
) -> Result<Option<Arc<Vec<f32>>>, EngineError> {
    let Some(ranking) = recipe.edges.ranking else { return Ok(None) };
    let diffusion = Diffusion::of(dataset, recipe.matrix());
    Ok(Some(Arc::new(edge_importance(ranking, dataset, &diffusion, recipe.seed, ctl)?)))
}

/// Propagates the features over `recipe.model.hops` hops, removing as `recipe.edges` says: the first half of a decoupled model.
///
/// `reference` holds the baseline's embedding after every hop, where the error against it is wanted.
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
    if recipe.edges.mode == EdgeMode::Mass {
        if dataset.edge_weights().is_some() {
            return Err(EngineError::recipe(
                "edges.mode",
                "mass on a graph without edge weights",
                "a graph with weights",
            ));
        }
        return push_features(dataset, recipe, reference, ctl);
    }
    let exempt = Exempt::of(dataset, recipe, split)?;
    let everything = OperatorSource::new(dataset, recipe).all()?;
    let ranking = edge_ranking(dataset, recipe, ctl)?;
    let edges = EdgePass::new(recipe, everything, dataset.topology().n_entries(), exempt, ranking);
    let mut pass = PruningPass::new(edges, WeightPass::without_weights(recipe), reference);
    let embedding = hops(dataset.features(), &recipe.model, &mut pass, ctl)?;
    let (masks, steps) = pass.into_parts();
    Ok(Propagated { embedding, edges: masks.edges, steps })
}

/// Whether the embedding's scaler is fitted anew on the pruned embedding: where the recipe's propagation is not the model's own,
/// its old scaler would not fit (the authors' code always fits anew, docs/DIFFERENCES.md#d29).
fn refits_scaler(recipe: &Recipe) -> bool {
    recipe.compat.has(Quirk::RefitScaler)
        || recipe.edges.mode == EdgeMode::Mass
        || recipe.edges.identity != Identity::SelfLoop
}

/// Decides the masks of `model` under `recipe` in one forward pass.
///
/// `reference` holds the baseline's output of every step, where the error against it is wanted.
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
    let weights = WeightPass::new(recipe, model, ranked_masks(recipe, model));
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
        let reference = reference.map(|r| &r[propagated.steps.len().min(r.len())..]);
        let mut pass = PruningPass::new(EdgePass::without_graph(recipe), weights, reference);
        let logits = infer(&model.program(), model, Rows::Dense(embedding.view()), &mut pass, ctl)?;
        let (decided, steps) = pass.into_parts();
        let masks = Masks { edges: propagated.edges, weights: decided.weights };
        let steps = propagated.steps.into_iter().chain(steps).collect();
        let mut pruned_model = masked_model(model, &masks.weights);
        pruned_model.scaler = scaler;
        let pruned_model = Arc::new(pruned_model);
        Ok(Pruned {
            masks,
            model: pruned_model,
            logits,
            steps,
            embedding: raw,
            arrivals: None,
            training: None,
            channels: Vec::new(),
        })
    } else {
        let exempt = Exempt::of(dataset, recipe, split)?;
        let everything = OperatorSource::new(dataset, recipe).all()?;
        let ranking = edge_ranking(dataset, recipe, ctl)?;
        let edges = EdgePass::new(recipe, everything, dataset.topology().n_entries(), exempt, ranking);
        let mut pass = PruningPass::new(edges, weights, reference);
        let logits = infer(&model.program(), model, feature_rows(dataset.features()), &mut pass, ctl)?;
        let (masks, steps) = pass.into_parts();
        let pruned_model = Arc::new(masked_model(model, &masks.weights));
        Ok(Pruned {
            masks,
            model: pruned_model,
            logits,
            steps,
            embedding: None,
            arrivals: None,
            training: None,
            channels: Vec::new(),
        })
    }
}

/// The model with removed weights set to 0.
pub(crate) fn masked_model(model: &Model, masks: &[WeightMask]) -> Model {
    let mut out = model.clone();
    for (weight, mask) in out.weights_mut().zip(masks) {
        weight.values = masked(&weight.values, mask);
    }
    out
}
