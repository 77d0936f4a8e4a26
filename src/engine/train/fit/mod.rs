//! The training loop's state: one model, its optimiser, and one epoch at a time.

use std::borrow::Cow;
use std::time::Instant;

use ndarray::{Array2, Axis};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;

use super::EpochRecord;
use super::loss::{cross_entropy, cross_entropy_gradient};
use super::optimizer::Adam;
use super::schedule::Plateau;
use crate::engine::analysis::{Score, predictions};
use crate::engine::control::Control;
use crate::engine::diffusion::Diffusion;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Features, Labels, Split, Transpose};
use crate::engine::kernels::Rows;
use crate::engine::model::backward::{InputTranspose, LayerGradient, PropagateBack, Walked, backward};
use crate::engine::model::batch_norm::update_running;
use crate::engine::model::network::{self, Tape, feature_rows};
use crate::engine::model::{Model, Scaler};
use crate::engine::sparsify::decide::{self, Decider, Kept, masked_model};
use crate::engine::sparsify::edges::Survivors;
use crate::engine::sparsify::frozen::Frozen;
use crate::engine::sparsify::{EdgeMask, Recipe, Schedule, Training, WeightMask, propagate};

pub(super) struct Fit<'a> {
    dataset: &'a Dataset,
    labels: &'a Labels,
    split: &'a Split,
    /// The recipe as training follows it: thresholds 0 under the dense schedule.
    recipe: Recipe,
    training: &'a Training,
    model: Model,
    adam: Adam,
    plateau: Plateau,
    /// Decoupled: the propagated, standardised embedding. Iterative: the features themselves.
    input: Cow<'a, Features>,
    input_transpose: Option<InputTranspose>,
    everything: Survivors,
    transpose: Option<Transpose>,
    weight_masks: Vec<WeightMask>,
    edges: EdgeMask,
    shuffle: StdRng,
}

impl<'a> Fit<'a> {
    pub(super) fn new(
        dataset: &'a Dataset,
        labels: &'a Labels,
        split: &'a Split,
        recipe: &Recipe,
        training: &'a Training,
        ctl: &Control,
    ) -> Result<Self, EngineError> {
        let mut recipe = recipe.clone();
        if training.schedule == Schedule::Dense {
            recipe.edges = Default::default();
            recipe.weights = Default::default();
        }
        let mut model = Model::init(&recipe.model, dataset.features().width(), labels.n_classes(), recipe.seed);
        let topology = dataset.topology();
        let mut edges = EdgeMask::keep_all(topology.n_entries(), recipe.model.n_graph_steps());
        let (input, input_transpose, everything, transpose);
        if recipe.model.is_decoupled() {
            let propagated = propagate(dataset, &recipe, split, None, ctl)?;
            edges = propagated.edges;
            let mut embedding = propagated.embedding;
            let scaler = Scaler::fit(&embedding, &split.train, ctl)?;
            scaler.apply(&mut embedding, ctl)?;
            model.scaler = Some(scaler);
            input = Cow::Owned(Features::Dense(embedding));
            (input_transpose, everything, transpose) = (None, Survivors::empty(), None);
        } else {
            let diffusion = Diffusion::new(topology, decide::norm_r(&recipe));
            input = Cow::Borrowed(dataset.features());
            input_transpose = Some(InputTranspose::of(dataset.features(), ctl)?);
            everything = Survivors::all(topology, &diffusion, recipe.edges.identity)?;
            transpose = Some(topology.transposed());
        }
        let weight_masks = model.layers.iter().map(|l| WeightMask::from_elem(l.linear.weight.dim(), true)).collect();
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
            recipe,
        })
    }

    /// The model with its removed weights at 0.
    pub(super) fn snapshot(&self) -> Model {
        masked_model(&self.model, &self.weight_masks)
    }

    pub(super) fn epoch(&mut self, epoch: usize, ctl: &Control) -> Result<EpochRecord, EngineError> {
        let start = Instant::now();
        let learning_rate = self.plateau.learning_rate;
        // Second half: what the last masks removed is gone for good (`pruneinc`).
        if 2 * epoch > self.training.epochs && self.training.schedule == Schedule::During {
            self.model = self.snapshot();
        }
        let train_loss = if self.recipe.model.is_decoupled() {
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
        let logits = self.evaluate(&model, ctl)?;
        let predicted = predictions(&logits);
        let accuracy = |nodes: &[u32]| Score::of(&predicted, self.labels, nodes).accuracy;
        let val_accuracy = accuracy(&self.split.val);
        let masks = crate::engine::sparsify::Masks { edges: self.edges.clone(), weights: self.weight_masks.clone() };
        let record = EpochRecord {
            epoch,
            train_loss,
            val_loss: cross_entropy(&logits, self.labels, &self.split.val),
            train_accuracy: accuracy(&self.split.train),
            val_accuracy,
            test_accuracy: accuracy(&self.split.test),
            learning_rate,
            edge_sparsity: masks.edge_sparsity(),
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
            let Features::Dense(embedding) = &*self.input else { continue };
            let rows = embedding.select(Axis(0), &batch.iter().map(|u| *u as usize).collect::<Vec<_>>());
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
        rows: Option<&Array2<f32>>,
        targets: &[(usize, u32)],
        reuse: Option<Vec<WeightMask>>,
        ctl: &Control,
    ) -> Result<f64, EngineError> {
        let mut tape = Tape::new(self.recipe.seed, ((epoch as u64) << 24) | batch as u64);
        let n_entries = if self.transpose.is_some() { self.dataset.topology().n_entries() } else { 0 };
        let mut decider = Decider::new(&self.recipe, self.everything.clone(), n_entries, None);
        decider.reuse_weight_masks = reuse;
        let batch_transpose = rows.map(|r| InputTranspose::of_dense(r, ctl)).transpose()?;
        let input = rows.map_or_else(|| feature_rows(&self.input), |r| Rows::Dense(r.view()));
        let logits = decide::decide_training(&mut decider, &self.model, input, &mut tape, ctl)?;
        let (loss, d_logits) = cross_entropy_gradient(&logits, self.labels, targets.iter().copied());
        let Kept { survivors: kept_survivors, weights } = decider.kept.take().unwrap_or_default();
        let kept_survivors = &kept_survivors;
        let masks = decider.masks;
        let Some(transposed_input) = batch_transpose.as_ref().or(self.input_transpose.as_ref()) else {
            return Ok(loss);
        };
        let propagate_back = self.transpose.as_ref().map(|transpose| {
            move |step: usize, g: &Array2<f32>| kept_survivors[step].propagate_back(g, transpose, ctl)
        });
        let walked = Walked {
            weights: &weights,
            masks: &masks.weights,
            propagate_back: propagate_back.as_ref().map(|f| f as &PropagateBack<'_>),
            input: transposed_input,
        };
        let gradients = backward(&self.model, d_logits, &tape, &walked, ctl)?;
        self.apply(&gradients, &tape);
        self.weight_masks = masks.weights;
        if self.transpose.is_some() {
            self.edges = masks.edges;
        }
        Ok(loss)
    }

    fn apply(&mut self, gradients: &[LayerGradient], tape: &Tape) {
        let (rate, decay) = (self.plateau.learning_rate, self.training.weight_decay);
        self.adam.begin_step();
        let mut at = 0;
        let adam = &mut self.adam;
        let mut update = |values: Option<&mut [f32]>, gradient: Option<&[f32]>| {
            if let (Some(values), Some(gradient)) = (values, gradient) {
                adam.update(at, values, gradient, rate, decay);
                at += 1;
            }
        };
        for ((layer, gradient), record) in self.model.layers.iter_mut().zip(gradients).zip(&tape.layers) {
            update(layer.linear.weight.as_slice_mut(), gradient.weight.as_slice());
            if let (Some(bias), Some(gradient)) = (&mut layer.linear.bias, &gradient.bias) {
                update(bias.as_slice_mut(), gradient.as_slice());
            }
            if let (Some(norm), Some(gradient)) = (&mut layer.norm, &gradient.norm) {
                update(norm.weight.as_slice_mut(), gradient.weight.as_slice());
                update(norm.bias.as_slice_mut(), gradient.bias.as_slice());
                if let Some(tape) = &record.norm {
                    update_running(norm, tape);
                }
            }
        }
    }

    /// Logits of every node in evaluation mode, over the last step's masks.
    fn evaluate(&self, model: &Model, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        if self.recipe.model.is_decoupled() {
            let mut frozen = Frozen::weights_only(model);
            network::mlp(model, feature_rows(&self.input), &mut frozen, None, ctl)
        } else {
            let mut frozen = Frozen::pruned(self.dataset, model, &self.recipe, &self.edges, None, None)?;
            network::convolutions(model, feature_rows(&self.input), &mut frozen, None, ctl)
        }
    }
}

#[cfg(test)]
mod tests;
