//! A training over masks that stay: after the fits, towards the unpruned model's soft answers; and for nodes that arrive later.
//!
//! After the fits no label is looked at and nothing is dropped: labels lose what the fits won (see `docs/EQUATIONS.md`, *Recovery of
//! accuracy*). Coefficients of attention are values of the entries there, constants; weights are trained. For nodes that arrive later there
//! are no fits: labels and dropout help, and attention is trained as it is.

use ndarray::Array2;

use super::follow::{Masking, Options, Set, follow};
use super::soft::{Labelled, Wanted};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Features, Known};
use crate::engine::model::exec::hops::hops;
use crate::engine::model::{Model, Op};
use crate::engine::sparsify::edges::OperatorSource;
use crate::engine::sparsify::masked_inference::MaskedInference;
use crate::engine::sparsify::{Masks, Recipe, RecoveryTraining};

/// Masks that stay.
struct Fixed {
    set: Option<Set>,
    /// Whether attention's coefficients are values of the entries.
    has_given_coefficients: bool,
}

impl Masking for Fixed {
    fn has_given_coefficients(&self) -> bool {
        self.has_given_coefficients
    }

    fn before(&mut self, _: usize, _: &Model, _: &Control) -> Result<Option<Set>, EngineError> {
        Ok(self.set.take())
    }

    fn is_final(&self) -> bool {
        true
    }
}

/// How weights are trained for nodes that arrive later.
pub(super) fn for_new_nodes(n_epochs: usize) -> Options {
    Options { stage: "training for new nodes", n_epochs, dropout: 0.5, feature_dropout: 0.5 }
}

/// Trains `model` for nodes that arrive later over `masks` of the known graph: what the training nodes are counts as much as what the
/// unpruned model says of all known nodes among themselves; without labels, that alone counts. `among: [n_known, n_classes]`
///
/// # Errors
/// As [`train_over`].
pub(super) fn train_for_new_nodes(
    known: &Known,
    model: &Model,
    recipe: &Recipe,
    masks: &Masks,
    among: &Array2<f32>,
    n_epochs: usize,
    ctl: &Control,
) -> Result<(Model, RecoveryTraining), EngineError> {
    let labels =
        known.dataset.labels().filter(|labels| known.split.train.iter().any(|u| labels.is_labelled(*u as usize)));
    let labelled = labels.map(|labels| Labelled { labels, nodes: &known.split.train, share: 0.5 });
    let is_multi = labels.is_some_and(|labels| labels.tags().is_some());
    let wanted = Wanted { soft: among, nodes: None, is_multi, labelled };
    train_over(&known.dataset, model, recipe, masks, &wanted, &for_new_nodes(n_epochs), ctl)
}

/// Trains `model`, whose removed weights are 0, towards the soft answers `unpruned` of all nodes; the epoch closest to them stays.
/// `unpruned: [n, n_classes]`
///
/// # Errors
/// As [`train_over`].
pub(super) fn distill(
    dataset: &Dataset,
    model: &Model,
    recipe: &Recipe,
    masks: &Masks,
    unpruned: &Array2<f32>,
    n_epochs: usize,
    ctl: &Control,
) -> Result<(Model, RecoveryTraining), EngineError> {
    let is_multi = dataset.labels().is_some_and(|labels| labels.tags().is_some());
    let wanted = Wanted { soft: unpruned, nodes: None, is_multi, labelled: None };
    let options = Options { stage: "distilling", n_epochs, dropout: 0.0, feature_dropout: 0.0 };
    train_over(dataset, model, recipe, masks, &wanted, &options, ctl)
}

/// Trains `model`, whose removed weights are 0, over `masks` with their values; the epoch closest to the soft answers stays. Attention over
/// entries without values of their own is trained with the rest.
///
/// # Errors
/// [`EngineError::NotFinite`], [`EngineError::Cancelled`].
pub(super) fn train_over(
    dataset: &Dataset,
    model: &Model,
    recipe: &Recipe,
    masks: &Masks,
    wanted: &Wanted<'_>,
    options: &Options,
    ctl: &Control,
) -> Result<(Model, RecoveryTraining), EngineError> {
    let program = model.program();
    let attends = program.instructions.iter().any(|i| matches!(i.op, Op::Attention { .. }));
    let propagates = attends || program.instructions.iter().any(|i| matches!(i.op, Op::Propagate { .. }));
    let operators = OperatorSource::new(dataset, recipe);
    let mut entries = Vec::new();
    for step in 0..if propagates { masks.edges.n_steps() } else { 0 } {
        let of_step = operators.select(true, |_| true, |_, k| masks.edges.is_kept(k, step))?;
        entries.push(match masks.edges.values_of(step) {
            Some(values) => of_step.with_values(values)?,
            None => of_step,
        });
    }
    let quiet = ctl.quiet();
    let input = if model.architecture.is_decoupled() {
        let mut inference = MaskedInference::pruned(dataset, recipe, &masks.edges, None, None, &quiet)?;
        let mut embedding = hops(dataset.features(), &model.architecture, &mut inference, &quiet)?;
        if let Some(scaler) = &model.scaler {
            scaler.apply(&mut embedding, &quiet)?;
        }
        Some(Features::Dense(embedding))
    } else {
        None
    };
    let set = Set { entries, masks: masks.weights.clone(), input };
    let mut fixed = Fixed { set: Some(set), has_given_coefficients: !attends || masks.edges.values().is_some() };
    follow(dataset, model, recipe, wanted, options, &mut fixed, ctl)
}
