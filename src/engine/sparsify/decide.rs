//! Deciding the masks of a model in one forward pass, each step seeing what the pruned steps before it produced
//! (Unifews Algorithms 1 and 2).

use std::sync::Arc;

use ndarray::Array2;

use super::attention::{DecidedAttention, attend_and_remove};
use super::baselines::edge_importance;
use super::edges::{EdgeStep, Removed, remove};
use super::mask::{EdgeMask, Masks, WeightMask};
use super::propagated::Propagated;
use super::push::push_features;
use super::recipe::{EdgeMode, Identity, Lock, Quirk, Recipe};
use super::survivors::{Survivors, Walk};
use super::trace::{EdgeTrace, Macs, Pruned, StepTrace, WeightTrace};
use super::transform::{PreparedWeight, likely_product};
use super::weights;
use crate::engine::control::Control;
use crate::engine::diffusion::Diffusion;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Split, Transpose};
use crate::engine::kernels::{Attended, AttentionInput, Panels, Rows, frobenius, row_norms};
use crate::engine::model::elementwise::feature_rows;
use crate::engine::model::exec::hops::hops;
use crate::engine::model::exec::infer::infer;
use crate::engine::model::exec::policy::{Policy, WeightAt};
use crate::engine::model::exec::tape::{Retrace, Tape};
use crate::engine::model::exec::train::train_forward;
use crate::engine::model::{Family, Model, Scaler, StepKind};

/// What the backward pass of a training step needs of the decisions.
pub(crate) struct Kept<'a> {
    transpose: Option<&'a Transpose>,
    survivors: Vec<Survivors>,
    attended: Vec<Attended>,
    /// One per matrix of the model.
    weights: Vec<Array2<f32>>,
    /// One per matrix that may be pruned.
    masks: Vec<WeightMask>,
}

impl Retrace for Kept<'_> {
    fn weight(&self, matrix: usize) -> &Array2<f32> {
        &self.weights[matrix]
    }

    fn mask(&self, prunable: usize) -> &Array2<bool> {
        &self.masks[prunable]
    }

    fn propagate_back(&self, step: usize, g: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        match self.transpose {
            Some(transpose) => self.survivors[step].propagate_back(g, transpose, ctl),
            None => unreachable!("a network that walks the graph is trained with its transpose"),
        }
    }

    fn propagate_max_back(
        &self,
        step: usize,
        x: &Array2<f32>,
        out: &Array2<f32>,
        g: &Array2<f32>,
        ctl: &Control,
    ) -> Result<Array2<f32>, EngineError> {
        match self.transpose {
            Some(transpose) => self.survivors[step].largest_back(x, out, g, transpose, ctl),
            None => unreachable!("a network that walks the graph is trained with its transpose"),
        }
    }

    fn attended(&self, step: usize) -> &Attended {
        &self.attended[step]
    }
}

/// The policy that decides: measures, removes, and writes down what happened.
pub(crate) struct Decider<'a> {
    recipe: &'a Recipe,
    locked: Option<&'a [bool]>,
    current: Survivors,
    pub(crate) masks: Masks,
    pending_edges: Option<EdgeTrace>,
    pending_weights: Vec<WeightTrace>,
    /// Operations on weights that are never pruned.
    pending_macs: u64,
    pub(crate) steps: Vec<StepTrace>,
    /// Squares of the row norms of the last hop's output.
    squares: Option<Vec<f64>>,
    reference: Option<&'a [Array2<f32>]>,
    kept: Option<Kept<'a>>,
    /// Weight masks that are decided already: by a ranking, in an earlier round, or in the first batch of an epoch, as the authors'
    /// MLP does.
    pub(crate) given_weight_masks: Option<Vec<WeightMask>>,
    /// What entries are compared by, where a ranking decides.
    pub(crate) ranking: Option<Arc<Vec<f32>>>,
}

impl<'a> Decider<'a> {
    pub(crate) fn new(
        recipe: &'a Recipe,
        model: &Model,
        everything: Survivors,
        n_entries: usize,
        locked: Option<&'a [bool]>,
    ) -> Self {
        let mut decider = Self::without_weights(recipe, everything, n_entries, locked);
        decider.masks.weights = model.weights().map(|p| WeightMask::from_elem(p.values.dim(), true)).collect();
        decider
    }

    /// For a propagation alone, as [`hops`] does it.
    fn without_weights(
        recipe: &'a Recipe,
        everything: Survivors,
        n_entries: usize,
        locked: Option<&'a [bool]>,
    ) -> Self {
        let edges = EdgeMask::keep_all(n_entries, recipe.model.n_graph_steps());
        Self {
            recipe,
            locked,
            current: everything,
            masks: Masks { edges, weights: Vec::new() },
            pending_edges: None,
            pending_weights: Vec::new(),
            pending_macs: 0,
            steps: Vec::new(),
            squares: None,
            reference: None,
            kept: None,
            given_weight_masks: None,
            ranking: None,
        }
    }

    /// One training forward that decides as it goes; what was kept afterwards walks back.
    pub(crate) fn train(
        mut self,
        model: &Model,
        input: Rows<'_>,
        tape: &mut Tape,
        transpose: Option<&'a Transpose>,
        ctl: &Control,
    ) -> Result<(Array2<f32>, Masks, Kept<'a>), EngineError> {
        let mut kept =
            Kept { transpose, survivors: Vec::new(), attended: Vec::new(), weights: Vec::new(), masks: Vec::new() };
        kept.weights.resize_with(model.parameters.iter().filter(|p| p.is_matrix()).count(), Default::default);
        self.kept = Some(kept);
        let output = train_forward(&model.program(), model, input, &mut self, tape, ctl)?;
        let Some(mut kept) = self.kept else { unreachable!("set above") };
        kept.masks.clone_from(&self.masks.weights);
        Ok((output, self.masks, kept))
    }
}

impl Policy for Decider<'_> {
    fn transform(
        &mut self,
        weight: WeightAt<'_>,
        x: Rows<'_>,
        measured: Rows<'_>,
        ctl: &Control,
    ) -> Result<Array2<f32>, EngineError> {
        let masked = if let Some((layer, idx)) = weight.prunable {
            let mask = if let Some(masks) = &self.given_weight_masks {
                if self.kept.is_none() {
                    let trace = weights::trace_of(weight.values, &masks[idx], x, self.recipe.delta_w(layer));
                    self.pending_weights.push(WeightTrace { idx, name: weight.name.to_owned(), ..trace });
                }
                masks[idx].clone()
            } else {
                let by_output =
                    self.recipe.compat.has(Quirk::Gcn2ThresholdAxis) && self.recipe.model.architecture == Family::Gcn2;
                let measured = if by_output { measured.reborrow() } else { x.reborrow() };
                let (mode, asked) = (self.recipe.weights.mode, self.recipe.delta_w(layer));
                let (mask, trace) = weights::decide(weight.values, x, measured, by_output, mode, asked, ctl)?;
                self.pending_weights.push(WeightTrace { idx, name: weight.name.to_owned(), ..trace });
                mask
            };
            let masked = masked(weight.values, &mask);
            self.masks.weights[idx] = mask;
            masked
        } else {
            self.pending_macs += (x.n_stored() * weight.values.ncols()) as u64;
            weight.values.clone()
        };
        let sparse_input = matches!(x, Rows::Sparse(_));
        let product = likely_product(&masked, sparse_input, ctl.cost());
        let out = PreparedWeight::new(&masked, sparse_input, product).apply(x, ctl)?;
        if let Some(kept) = &mut self.kept {
            kept.weights[weight.matrix] = masked;
        }
        Ok(out)
    }

    fn propagate(&mut self, step: usize, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        let norms = row_norms(x.view(), ctl)?;
        self.remove(step, norms, x.ncols(), ctl)?;
        self.current.propagate(x, ctl)
    }

    fn propagate_max(&mut self, step: usize, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        let norms = row_norms(x.view(), ctl)?;
        self.remove(step, norms, x.ncols(), ctl)?;
        self.current.largest(x, ctl)
    }

    fn hop(&mut self, step: usize, x: &Panels, out: &mut Panels, ctl: &Control) -> Result<(), EngineError> {
        let squares = self.squares.take().map_or_else(|| x.squares(ctl), Ok)?;
        let norms = squares.iter().map(|s| s.sqrt() as f32).collect();
        self.remove(step, norms, x.width(), ctl)?;
        let mut squares = squares;
        self.current.hop(x, out, &mut squares, ctl)?;
        self.squares = Some(squares);
        Ok(())
    }

    fn attend(&mut self, step: usize, input: &AttentionInput<'_>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        let (asked, ranking) = (self.recipe.delta_a(step), self.ranking.as_ref());
        let edges = &mut self.masks.edges;
        let DecidedAttention { output, removed, attended } =
            attend_and_remove(&self.current, input, step, asked, self.recipe, ranking, self.locked, edges, ctl)?;
        self.current = removed.survivors;
        if let Some(kept) = &mut self.kept {
            kept.attended.push(attended);
        }
        self.pending_edges = Some(removed.trace);
        Ok(output)
    }

    fn finished(&mut self, kind: StepKind, idx: usize, output: &Array2<f32>) {
        let relative_error = self.reference_of_step().map(|r| relative_distance(output, r));
        let output_norm = if self.kept.is_some() { f64::NAN } else { frobenius(output) };
        self.write_down(kind, idx, output.ncols(), relative_error, output_norm);
    }

    fn finished_hop(&mut self, idx: usize, output: &Panels, ctl: &Control) -> Result<(), EngineError> {
        let relative_error = match self.reference_of_step() {
            Some(reference) => Some(relative_distance(&output.to_rows(None, ctl)?, reference)),
            None => None,
        };
        let squares = self.squares.as_ref().map_or(f64::NAN, |squares| squares.iter().sum());
        self.write_down(StepKind::Hop, idx, output.width(), relative_error, squares.sqrt());
        Ok(())
    }
}

impl<'a> Decider<'a> {
    /// Decides what graph step `step` walks.
    fn remove(&mut self, step: usize, norms: Vec<f32>, width: usize, ctl: &Control) -> Result<(), EngineError> {
        let (asked, mode) = (self.recipe.delta_a(step), self.recipe.edges.mode);
        let counts_self_loops = self.recipe.counts_self_loops();
        let how =
            EdgeStep { step, asked, mode, ranking: self.ranking.as_ref(), locked: self.locked, counts_self_loops };
        let Removed { survivors, trace } = remove(&self.current, norms, width, how, &mut self.masks.edges, ctl)?;
        self.current = survivors;
        if let Some(kept) = &mut self.kept {
            kept.survivors.push(self.current.clone());
        }
        self.pending_edges = Some(trace);
        Ok(())
    }

    /// The unpruned output of the step that is finished next.
    fn reference_of_step(&self) -> Option<&'a Array2<f32>> {
        self.reference.and_then(|r| r.get(self.steps.len()))
    }

    fn write_down(&mut self, kind: StepKind, idx: usize, d_out: usize, relative_error: Option<f64>, output_norm: f64) {
        let (edges, weights) = (self.pending_edges.take(), std::mem::take(&mut self.pending_weights));
        let d_in = weights.first().map_or(d_out, |w| w.d_in);
        let mut macs = count_macs(edges.as_ref(), &weights);
        macs.weights_dense += self.pending_macs;
        macs.weights_pruned += std::mem::take(&mut self.pending_macs);
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
pub(crate) fn count_macs(edges: Option<&EdgeTrace>, weights: &[WeightTrace]) -> Macs {
    let mut macs = Macs::default();
    if let Some(e) = edges {
        let others = |n: usize| (n.saturating_sub(e.n_self_loops) * e.macs_per_entry) as u64;
        macs.edges_dense = others(e.n_entries);
        macs.edges_pruned = others(e.n_after);
    }
    for w in weights {
        macs.weights_dense += w.macs_dense;
        macs.weights_pruned += w.macs_pruned;
    }
    macs
}

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
        if dataset.edge_weights().is_some() {
            return Err(EngineError::recipe(
                "edges.mode",
                "mass on a graph without edge weights",
                "a graph with weights",
            ));
        }
        return push_features(dataset, recipe, reference, ctl);
    }
    let locked = locked_nodes(dataset, recipe, split)?;
    let everything = Walk::new(dataset, recipe).all()?;
    let mut decider = Decider::without_weights(recipe, everything, topology.n_entries(), locked.as_deref());
    decider.reference = reference;
    decider.ranking = edge_ranking(dataset, recipe, ctl)?;
    let embedding = hops(dataset.features(), &recipe.model, &mut decider, ctl)?;
    Ok(Propagated { embedding, edges: decider.masks.edges, steps: decider.steps })
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
        let mut decider = Decider::new(recipe, model, nothing, 0, None);
        decider.given_weight_masks = weights::ranked_masks(recipe, model);
        decider.reference = reference.map(|r| &r[propagated.steps.len().min(r.len())..]);
        let logits = infer(&model.program(), model, Rows::Dense(embedding.view()), &mut decider, ctl)?;
        let masks = Masks { edges: propagated.edges, weights: decider.masks.weights };
        let steps = propagated.steps.into_iter().chain(decider.steps).collect();
        let mut pruned_model = masked_model(model, &masks.weights);
        pruned_model.scaler = scaler;
        let pruned_model = Arc::new(pruned_model);
        Ok(Pruned { masks, model: pruned_model, logits, steps, embedding: raw })
    } else {
        let locked = locked_nodes(dataset, recipe, split)?;
        let everything = Walk::new(dataset, recipe).all()?;
        let mut decider = Decider::new(recipe, model, everything, topology.n_entries(), locked.as_deref());
        decider.given_weight_masks = weights::ranked_masks(recipe, model);
        decider.ranking = edge_ranking(dataset, recipe, ctl)?;
        decider.reference = reference;
        let logits = infer(&model.program(), model, feature_rows(dataset.features()), &mut decider, ctl)?;
        let pruned_model = Arc::new(masked_model(model, &decider.masks.weights));
        Ok(Pruned { masks: decider.masks, model: pruned_model, logits, steps: decider.steps, embedding: None })
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
