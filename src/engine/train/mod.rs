//! Training: Adam, the plateau schedule and cross-entropy, dense or pruning as it goes.
//!
//! Authors' code: `run_fb.py` (iterative models, all nodes at once) and `run_mb.py` (decoupled models, batches). While pruning,
//! edge masks are decided in every training step. In the first half of the epochs weight masks start from the unpruned weights each
//! time, so a removed weight may come back; in the second half zeros stay (`pruneall`, then `pruneinc`; docs/DIFFERENCES.md#d30). Evaluation keeps the
//! masks of the last training step, and puts no entry back. Differs in: weights and masks of the best epoch are kept together,
//! and validation puts nothing back, unless the recipe asks for the authors' way ([`Quirk::LastMasks`] and
//! [`Quirk::LockedValidation`]). Inductive training (Hamilton et al. 2017) is on the graph without the test nodes, which are scored in the
//! whole one.

mod fit;
pub(crate) mod loss;
pub(crate) mod optimizer;
mod record;
mod schedule;

pub use record::EpochRecord;

use std::sync::Arc;

use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Known, Labels, Split, resolve_split};
use crate::engine::model::{Model, TrainedOn};
use crate::engine::sparsify::baselines::{Ramp, WeightRanking};
use crate::engine::sparsify::weights::ranked_masks;
use crate::engine::sparsify::{EdgeMask, Quirk, Recipe, Schedule, Training, WeightMask};

/// A trained model with its history.
#[derive(Debug, Clone)]
pub struct Trained {
    /// The weights of the epoch with the best validation accuracy; removed weights are zero.
    pub model: Arc<Model>,
    /// The entries that epoch kept; with [`Quirk::LastMasks`] those of the last training step.
    pub edges: EdgeMask,
    /// Every epoch.
    pub history: Vec<EpochRecord>,
}

/// Trains a fresh model of `recipe.model` on `dataset` as `recipe.training` says.
///
/// `on_epoch` is called after every epoch, from the calling thread.
///
/// # Errors
/// [`EngineError::Recipe`] (also when `recipe.training` is absent), [`EngineError::Mismatch`] when there are no labels or no
/// training nodes, [`EngineError::NotFinite`] when the loss is lost, [`EngineError::Cancelled`].
pub fn train(
    dataset: &Dataset,
    recipe: &Recipe,
    ctl: &Control,
    on_epoch: impl FnMut(&EpochRecord),
) -> Result<Trained, EngineError> {
    train_or_leave(dataset, recipe, ctl, on_epoch, &mut None)
}

/// As [`train`], and what there is by then where it is cancelled.
///
/// `left` is then what [`crate::engine::control::Canceller::keep`] would have given at that moment, if anything. With [`Quirk::LastMasks`] there is
/// nothing: its masks come with the end.
///
/// # Errors
/// As [`train`].
pub fn train_or_leave(
    dataset: &Dataset,
    recipe: &Recipe,
    ctl: &Control,
    mut on_epoch: impl FnMut(&EpochRecord),
    left: &mut Option<Trained>,
) -> Result<Trained, EngineError> {
    recipe.check()?;
    let Some(training) = &recipe.training else {
        return Err(EngineError::recipe("training", "a [training] section", "none"));
    };
    if training.schedule != Schedule::Dense {
        let expected = "none while training prunes (train with schedule dense, or without recovery, and prune with it)";
        recipe.check_without_recovery(expected)?;
    }
    let Some(labels) = dataset.labels() else {
        return Err(EngineError::mismatch("training", "a graph with labels", "a graph without"));
    };
    let split = resolve_split(dataset, &recipe.split, recipe.seed)?;
    if split.train.is_empty() {
        return Err(EngineError::mismatch("training nodes", "at least 1", 0));
    }
    let known = if training.inductive { Some(Known::of(dataset, &split)?) } else { None };
    let whole = (dataset, labels, &split);
    let seen = match &known {
        Some(known) => (&known.dataset, known.dataset.labels().unwrap_or(labels), &known.split),
        None => whole,
    };
    let inputs = Inputs { whole, seen, is_inductive: known.is_some(), recipe, training };
    let mut so_far = SoFar::default();
    match inputs.epochs(ctl, &mut on_epoch, &mut so_far) {
        Ok(()) => inputs.finish(so_far),
        Err(EngineError::Cancelled) => {
            if so_far.is_last_round && !recipe.compat.has(Quirk::LastMasks) {
                *left = inputs.finish(so_far).ok();
            }
            Err(EngineError::Cancelled)
        }
        Err(error) => Err(error),
    }
}

/// What a training has by now.
#[derive(Default)]
struct SoFar {
    /// Grows with the epochs that really come.
    history: Vec<EpochRecord>,
    best: Option<Best>,
    last_masks: Option<(EdgeMask, f64)>,
    /// What earlier rounds of a lottery give is not what was asked for.
    is_last_round: bool,
}

/// A graph with its labels and split.
type Labelled<'a> = (&'a Dataset, &'a Labels, &'a Split);

/// What is trained, on what.
struct Inputs<'a> {
    whole: Labelled<'a>,
    /// What is there while it is trained: all of it, or what is without the test nodes.
    seen: Labelled<'a>,
    is_inductive: bool,
    recipe: &'a Recipe,
    training: &'a Training,
}

impl Inputs<'_> {
    fn n_rounds(&self) -> usize {
        if self.training.schedule == Schedule::Lottery { self.training.rounds } else { 0 }
    }

    /// All epochs of all rounds.
    fn epochs(
        &self,
        ctl: &Control,
        on_epoch: &mut impl FnMut(&EpochRecord),
        so_far: &mut SoFar,
    ) -> Result<(), EngineError> {
        let (recipe, training, n_rounds) = (self.recipe, self.training, self.n_rounds());
        let n_epochs = training.epochs.saturating_mul(n_rounds + 1);
        let mut ticket: Option<Vec<WeightMask>> = None;
        let quiet = ctl.quiet().recycling();
        for round in 0..=n_rounds {
            // The same seed draws the same initial weights: every round starts where the first one did.
            let mut fit = fit::Fit::new(self.seen, recipe, training, None, ctl)?;
            let whole = if self.is_inductive {
                Some(fit::Fit::new(self.whole, recipe, training, fit.scaler(), ctl)?)
            } else {
                None
            };
            if let Some(masks) = &ticket {
                fit.follow(masks.clone());
            }
            (so_far.best, so_far.is_last_round) = (None, round == n_rounds);
            // While thresholds still grow, an epoch says nothing of the model that is wanted.
            let first_full = if training.ramp == Ramp::Constant { 1 } else { training.epochs.div_ceil(2) };
            for epoch in 1..=training.epochs {
                ctl.check()?;
                ctl.progress_to_keep("epoch", so_far.history.len(), n_epochs);
                if ctl.is_to_keep() && so_far.is_last_round && so_far.best.is_some() {
                    break;
                }
                let mut record = fit.epoch(epoch, &quiet)?;
                record.epoch = so_far.history.len() + 1;
                if let Some(whole) = &whole {
                    record.test_accuracy = whole.test_accuracy(&fit.snapshot(), &quiet)?;
                }
                let is_better = so_far.best.as_ref().is_none_or(|b| record.val_accuracy > b.record.val_accuracy);
                if is_better && epoch >= first_full {
                    let edges = whole.as_ref().unwrap_or(&fit).edges().clone();
                    so_far.best = Some(Best { record, model: fit.snapshot(), edges });
                }
                on_epoch(&record);
                so_far.history.push(record);
            }
            if let Some(best) = so_far.best.as_ref().filter(|_| round < n_rounds) {
                ticket = Some(smaller_ticket(&best.model, recipe, (round + 1) as f64 / n_rounds as f64));
            }
            if let Some(best) = so_far.best.as_ref().filter(|_| recipe.compat.has(Quirk::LastMasks)) {
                so_far.last_masks = Some((fit.edges().clone(), fit.test_accuracy(&best.model, &ctl.quiet())?));
            }
        }
        ctl.progress("epoch", n_epochs, n_epochs);
        Ok(())
    }

    /// The model of the best epoch, with what is to be known of it.
    fn finish(&self, so_far: SoFar) -> Result<Trained, EngineError> {
        let SoFar { history, best, last_masks, .. } = so_far;
        let Some(Best { record, mut model, edges }) = best else {
            return Err(EngineError::recipe("training.epochs", "at least 1", 0));
        };
        let (edges, test_accuracy) = last_masks.unwrap_or((edges, record.test_accuracy));
        let (dataset, _, split) = self.whole;
        model.trained_on = Some(TrainedOn {
            graph: dataset.name().to_owned(),
            split: split.name.clone(),
            seed: self.recipe.seed,
            epochs: history.len().saturating_sub(self.n_rounds() * self.training.epochs),
            best_epoch: record.epoch,
            metric: record.metric,
            val_accuracy: record.val_accuracy,
            test_accuracy,
            inductive: self.training.inductive,
        });
        Ok(Trained { model: Arc::new(model), edges, history })
    }
}

/// The epoch with the best validation accuracy so far.
struct Best {
    record: EpochRecord,
    model: Model,
    edges: EdgeMask,
}

/// The weights that stay after the part `progress` of all rounds: every round removes the same share of what is left, by the
/// size of the trained weights, or as the recipe ranks them. What was removed is 0 and is removed first again.
fn smaller_ticket(trained: &Model, recipe: &Recipe, progress: f64) -> Vec<WeightMask> {
    let mut recipe = recipe.clone();
    recipe.weights.delta.iter_mut().for_each(|share| *share = 1.0 - (1.0 - *share).powf(progress));
    recipe.weights.ranking = recipe.weights.ranking.or(Some(WeightRanking::Magnitude));
    ranked_masks(&recipe, trained).unwrap_or_default()
}
