//! What storing a pruned model's weights, and fitted values of entries, in 16 bits costs: the same masks, rounded values, other logits.

use super::evaluate::Evaluation;
use super::run::{Run, difference, masked_forward};
use super::size::{ValueType, rounded, rounded_entries};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::sparsify::Masks;

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

/// Runs the pruned model of `run` with rounded weights, and rounded values of entries where they are fitted, over the run's masks; `None` for f32, which rounds nothing.
///
/// # Errors
/// [`EngineError::Cancelled`].
pub fn rounding(run: &Run, values: ValueType, ctl: &Control) -> Result<Option<Rounding>, EngineError> {
    if values == ValueType::F32 {
        return Ok(None);
    }
    let (pruned, embedding) = (&run.pruned, run.pruned.embedding.as_deref());
    let model = rounded(&pruned.model, values);
    let edges = rounded_entries(&pruned.masks.edges, values);
    let masks = edges.map(|edges| Masks { edges, weights: pruned.masks.weights.clone() });
    let masks = masks.as_ref().unwrap_or(&pruned.masks);
    let logits = masked_forward(&run.dataset, &model, &run.recipe, Some(masks), embedding, ctl)?;
    let (largest_difference, relative_error) = difference(&logits, &pruned.logits);
    let labels = run.dataset.labels().cloned().unwrap_or_default();
    let evaluation = Evaluation::of(&labels, &run.split, &pruned.logits, &logits, None);
    Ok(Some(Rounding { largest_difference, relative_error, evaluation }))
}
