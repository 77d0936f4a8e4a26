//! What storing a pruned model's weights, and fitted values of entries, in fewer bits costs: the same masks, rounded values, other logits.

use super::evaluate::Evaluation;
use super::logits::difference;
use super::low_precision::{LowRun, stored_weights};
use super::run::{Run, masked_forward};
use super::size::rounded_entries;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::kernels::ValueType;
use crate::engine::sparsify::{Masks, StoredWeights};

/// What rounding the weights of a pruned model costs.
#[derive(Debug, Clone, PartialEq)]
pub struct Rounding {
    /// Largest difference of any logit.
    pub largest_difference: f64,
    /// `‖Z_rounded - Z‖_F / ‖Z‖_F` of the logits.
    pub relative_error: f64,
    /// Scores of the pruned model (as `baseline`) and of the rounded one (as `pruned`), and how far they agree.
    pub evaluation: Evaluation,
}

/// The weights of `run` stored as `values`, int8 with scales that are chosen on its training nodes.
///
/// # Errors
/// [`EngineError::Cancelled`].
pub fn weights_of_run(run: &Run, values: ValueType, ctl: &Control) -> Result<StoredWeights, EngineError> {
    stored_weights((&run.dataset, &run.recipe, &run.split), &run.pruned, values, ctl)
}

/// The model of `run` in low precision, where its recipe asks for it; where it was timed, with what was in memory then.
///
/// # Errors
/// [`EngineError::Cancelled`].
pub fn low_run(run: &Run, ctl: &Control) -> Result<Option<LowRun>, EngineError> {
    let found = LowRun::of_pruned((&run.dataset, &run.recipe, &run.split), &run.pruned, ctl)?;
    let timed = run.timing.as_ref().and_then(|timing| timing.low.as_ref());
    Ok(found.map(|mut low| {
        low.precision.memory = timed.and_then(|timed| timed.memory);
        low
    }))
}

/// Runs the pruned model of `run` with what its stored weights stand for, and values of entries as `entries` where they are fitted, over the
/// run's masks; `None` where nothing is rounded.
///
/// # Errors
/// [`EngineError::Cancelled`].
pub fn rounding(
    run: &Run,
    weights: &StoredWeights,
    entries: ValueType,
    ctl: &Control,
) -> Result<Option<Rounding>, EngineError> {
    let (pruned, embedding) = (&run.pruned, run.pruned.embedding.as_deref());
    let edges = rounded_entries(&pruned.masks.edges, run.dataset.topology(), entries);
    if weights.values == ValueType::F32 && edges.is_none() {
        return Ok(None);
    }
    let masks = edges.map(|edges| Masks { edges, weights: pruned.masks.weights.clone() });
    let masks = masks.as_ref().unwrap_or(&pruned.masks);
    let logits = masked_forward(&run.dataset, &weights.model, &run.recipe, Some(masks), embedding, ctl)?;
    let (largest_difference, relative_error) = difference(&logits, &pruned.logits);
    let labels = run.dataset.labels().cloned().unwrap_or_default();
    let evaluation = Evaluation::of(&labels, &run.split, &pruned.logits, &logits, None);
    Ok(Some(Rounding { largest_difference, relative_error, evaluation }))
}
