//! The training loop's state: one model, its optimiser, and one epoch at a time.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use ndarray::Array2;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;

use super::loss::{loss, loss_gradient};
use super::optimizer::Adam;
use super::record::EpochRecord;
use super::schedule::Plateau;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Features, Labels, Split, Transpose};
use crate::engine::model::batch_norm::update_running;
use crate::engine::model::elementwise::feature_rows;
use crate::engine::model::exec::infer::infer;
use crate::engine::model::exec::tape::{InputTranspose, Tape};
use crate::engine::model::{Model, Scaler};
use crate::engine::score::Score;
use crate::engine::sparsify::decide::{edge_ranking, masked_model};
use crate::engine::sparsify::edge_pass::EdgePass;
use crate::engine::sparsify::exempt::{Exempt, flags};
use crate::engine::sparsify::masked_inference::MaskedInference;
use crate::engine::sparsify::pruned_operator::{OperatorSource, PrunedOperator};
use crate::engine::sparsify::pruning_pass::training_forward;
use crate::engine::sparsify::weight_pass::WeightPass;
use crate::engine::sparsify::weights;
use crate::engine::sparsify::{EdgeMask, Quirk, Recipe, Schedule, Training, WeightMask, propagate};

pub(super) struct Fit<'a> {
    dataset: &'a Dataset,
    labels: &'a Labels,
    split: &'a Split,
    /// The recipe as training follows it: thresholds 0 under the dense schedule.
    recipe: Recipe,
    /// The recipe with the thresholds of this epoch.
    now: Recipe,
    /// What entries are compared by, where the recipe ranks them.
    ranking: Option<Arc<Vec<f32>>>,
    /// Entries that were kept or removed by hand.
    exempt: Exempt,
    /// Weight masks of an earlier round, which this training follows.
    ticket: Option<Vec<WeightMask>>,
    training: &'a Training,
    model: Model,
    adam: Adam,
    plateau: Plateau,
    /// Decoupled: the propagated, standardised embedding. Iterative: the features themselves.
    input: Cow<'a, Features>,
    input_transpose: Option<InputTranspose>,
    everything: PrunedOperator,
    transpose: Option<Transpose>,
    weight_masks: Vec<WeightMask>,
    edges: EdgeMask,
    shuffle: StdRng,
}

impl<'a> Fit<'a> {
    /// A fresh model; an embedding is standardised as `scaler` says, or so that it suits the training nodes.
    pub(super) fn new(
        (dataset, labels, split): (&'a Dataset, &'a Labels, &'a Split),
        recipe: &Recipe,
        training: &'a Training,
        scaler: Option<&Scaler>,
        ctl: &Control,
    ) -> Result<Self, EngineError> {
        let mut recipe = recipe.clone();
        if training.schedule == Schedule::Dense {
            recipe.edges = Default::default();
        }
        if training.schedule != Schedule::During {
            recipe.weights = Default::default();
        }
        let d_in = dataset.features().width();
        let mut model = Model::init_while(&recipe.model, d_in, labels.n_classes(), recipe.seed, &|| ctl.check())?;
        let topology = dataset.topology();
        let mut edges = EdgeMask::keep_all(topology.n_entries(), recipe.model.n_graph_steps());
        let (input, everything, transpose);
        if recipe.model.is_decoupled() {
            let propagated = propagate(dataset, &recipe, split, None, ctl)?;
            edges = propagated.edges;
            let mut embedding = propagated.embedding;
            let scaler = match scaler {
                Some(given) => given.clone(),
                None => Scaler::fit(&embedding, &split.train, ctl)?,
            };
            scaler.apply(&mut embedding, ctl)?;
            model.scaler = Some(scaler);
            input = Cow::Owned(Features::Dense(embedding));
            (everything, transpose) = (PrunedOperator::empty(), None);
        } else {
            input = Cow::Borrowed(dataset.features());
            everything = OperatorSource::new(dataset, &recipe).all()?;
            transpose = Some(topology.transposed());
        }
        let ranking = if recipe.model.is_decoupled() { None } else { edge_ranking(dataset, &recipe, ctl)? };
        let exempt = Exempt::by_hand(dataset, &recipe)?;
        let in_batches = recipe.model.architecture.is_trained_in_batches();
        let input_transpose = if in_batches { None } else { Some(InputTranspose::of(dataset.features(), ctl)?) };
        let weight_masks = model.weights().map(|p| WeightMask::from_elem(p.values.dim(), true)).collect();
        Ok(Self {
            dataset,
            labels,
            split,
            adam: Adam::default(),
            plateau: Plateau::new(training.learning_rate, training.patience),
            training,
            shuffle: StdRng::seed_from_u64(recipe.seed ^ 0x7368_7566_666c_6521),
            model,
            input,
            input_transpose,
            everything,
            transpose,
            weight_masks,
            edges,
            now: recipe.clone(),
            ranking,
            exempt,
            ticket: None,
            recipe,
        })
    }

    /// Trains under these weight masks, whatever the recipe says of weights.
    pub(super) fn follow(&mut self, ticket: Vec<WeightMask>) {
        self.weight_masks.clone_from(&ticket);
        self.ticket = Some(ticket);
    }

    /// How the embedding is standardised, where there is one.
    pub(super) fn scaler(&self) -> Option<&Scaler> {
        self.model.scaler.as_ref()
    }

    /// The model with its removed weights at 0.
    pub(super) fn snapshot(&self) -> Model {
        masked_model(&self.model, &self.weight_masks)
    }

    pub(super) fn epoch(&mut self, epoch: usize, ctl: &Control) -> Result<EpochRecord, EngineError> {
        let start = Instant::now();
        let learning_rate = self.plateau.learning_rate;
        let half = (self.training.epochs / 2).max(1);
        self.now = self.recipe.ramped(self.training.ramp, epoch as f64 / half as f64);
        // Second half: what the last masks removed stays removed (`pruneinc`).
        if 2 * epoch > self.training.epochs && self.training.schedule == Schedule::During {
            self.model = self.snapshot();
        }
        let train_loss = if self.recipe.model.architecture.is_trained_in_batches() {
            self.batches(epoch, ctl)?
        } else {
            let rows = self.split.train.iter().map(|u| (*u as usize, *u)).collect::<Vec<_>>();
            self.step(epoch, 0, None, &rows, None, ctl)?
        };
        if !train_loss.is_finite() {
            return Err(EngineError::NotFinite {
                what: format!("training loss in epoch {epoch}"),
                found: train_loss.to_string(),
            });
        }
        let model = self.snapshot();
        let logits = self.evaluate(&model, None, ctl)?;
        let accuracy = |nodes: &[u32]| Score::of(&logits, self.labels, nodes).accuracy;
        let val_accuracy = if self.locks_validation() {
            let locked = flags(self.dataset.n_nodes(), &self.split.val);
            Score::of(&self.evaluate(&model, Some(&locked), ctl)?, self.labels, &self.split.val).accuracy
        } else {
            accuracy(&self.split.val)
        };
        let masks = crate::engine::sparsify::Masks { edges: self.edges.clone(), weights: self.weight_masks.clone() };
        let topology = self.dataset.topology();
        let beside = if self.recipe.counts_self_loops() { 0 } else { topology.n_self_loops() };
        let n_removable = topology.n_entries() - beside;
        let record = EpochRecord {
            epoch,
            train_loss,
            val_loss: loss(&logits, self.labels, &self.split.val),
            metric: self.labels.metric(),
            train_accuracy: accuracy(&self.split.train),
            val_accuracy,
            test_accuracy: accuracy(&self.split.test),
            learning_rate,
            edge_sparsity: masks.edges.sparsity_of(n_removable),
            weight_sparsity: masks.weight_sparsity(),
            elapsed_secs: start.elapsed().as_secs_f64(),
        };
        self.plateau.observe(val_accuracy);
        Ok(record)
    }

    /// One pass over the training nodes in shuffled batches; weight masks are decided on the first batch.
    fn batches(&mut self, epoch: usize, ctl: &Control) -> Result<f64, EngineError> {
        let mut nodes = self.split.train.clone();
        nodes.shuffle(&mut self.shuffle);
        let size = if self.training.batch_size == 0 { nodes.len() } else { self.training.batch_size };
        let (mut sum, mut n) = (0.0, 0);
        for (at, batch) in nodes.chunks(size).enumerate() {
            // Batch normalisation needs two rows to have a variance.
            if batch.len() < 2 && at > 0 {
                continue;
            }
            let rows = self.input.select(batch);
            let targets = batch.iter().enumerate().map(|(row, u)| (row, *u)).collect::<Vec<_>>();
            let reuse = (at > 0).then(|| self.weight_masks.clone());
            sum += self.step(epoch, at, Some(&rows), &targets, reuse, ctl)? * batch.len() as f64;
            n += batch.len();
        }
        Ok(sum / n.max(1) as f64)
    }

    /// One step of the optimiser. Returns the loss.
    fn step(
        &mut self,
        epoch: usize,
        batch: usize,
        rows: Option<&Features>,
        targets: &[(usize, u32)],
        reuse: Option<Vec<WeightMask>>,
        ctl: &Control,
    ) -> Result<f64, EngineError> {
        let mut tape = Tape::new(self.recipe.seed, ((epoch as u64) << 24) | batch as u64);
        let n_entries = if self.recipe.model.is_decoupled() { 0 } else { self.dataset.topology().n_entries() };
        let given = reuse.or_else(|| self.ticket.clone()).or_else(|| weights::ranked_masks(&self.now, &self.model));
        let edges =
            EdgePass::new(&self.now, self.everything.clone(), n_entries, self.exempt.clone(), self.ranking.clone());
        let weights = WeightPass::new(&self.now, &self.model, given);
        let batch_transpose = rows.map(|r| InputTranspose::of(r, ctl)).transpose()?;
        let input = feature_rows(rows.unwrap_or(&self.input));
        let transpose = self.transpose.as_ref();
        let (logits, masks, saved) = training_forward(edges, weights, &self.model, input, &mut tape, transpose, ctl)?;
        let (loss, d_logits) = loss_gradient(&logits, self.labels, targets.iter().copied());
        let Some(transposed_input) = batch_transpose.as_ref().or(self.input_transpose.as_ref()) else {
            return Ok(loss);
        };
        let statistics = std::mem::take(&mut tape.batch_statistics);
        let gradients = tape.backward(d_logits, self.model.parameters.len(), &saved, transposed_input, ctl)?;
        if !self.recipe.model.is_decoupled() {
            self.edges = masks.edges;
        }
        self.weight_masks = masks.weights;
        self.adam.begin_step();
        let (learning_rate, weight_decay) = (self.plateau.learning_rate, self.training.weight_decay);
        for (at, (parameter, gradient)) in self.model.parameters.iter_mut().zip(&gradients).enumerate() {
            if let (Some(gradient), Some(values)) = (gradient, parameter.values.as_slice_mut()) {
                let gradient = gradient.as_slice().unwrap_or(&[]);
                self.adam.update(at, values, gradient, learning_rate, weight_decay, ctl)?;
            }
        }
        let momentum = self.recipe.model.architecture.definition().norm_momentum();
        for (at, mean, var) in statistics {
            update_running(&mut self.model.parameters[at + 2].values, &mean, momentum);
            update_running(&mut self.model.parameters[at + 3].values, &var, momentum);
        }
        Ok(loss)
    }

    /// Whether validation puts entries back, as the authors' does. Where nothing is removed there is nothing to put back.
    fn locks_validation(&self) -> bool {
        self.recipe.compat.has(Quirk::LockedValidation)
            && !self.recipe.model.is_decoupled()
            && self.edges.n_kept(self.edges.n_steps().saturating_sub(1)) < self.edges.n_entries()
    }

    /// The entries of the last training step.
    pub(super) fn edges(&self) -> &EdgeMask {
        &self.edges
    }

    /// Accuracy of `model` on the test nodes over the entries of the last training step, nothing put back.
    pub(super) fn test_accuracy(&self, model: &Model, ctl: &Control) -> Result<f64, EngineError> {
        Ok(Score::of(&self.evaluate(model, None, ctl)?, self.labels, &self.split.test).accuracy)
    }

    /// Logits of every node in evaluation mode, over the last step's masks; `locked` nodes have their entries put back.
    fn evaluate(&self, model: &Model, locked: Option<&[bool]>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        let mut inference = if self.recipe.model.n_graph_steps() == 0 || self.recipe.model.is_decoupled() {
            MaskedInference::weights_only()
        } else {
            MaskedInference::pruned(self.dataset, &self.recipe, &self.edges, locked, None, ctl)?
        };
        infer(&model.program(), model, feature_rows(&self.input), &mut inference, ctl)
    }
}

#[cfg(test)]
mod tests;
