//! What of a run a bundle stores in fewer bits.

use super::options::BundleOptions;
use crate::engine::EngineError;
use crate::engine::control::Control;
use crate::engine::experiment::{LowRun, Run, ValueType, low_run, weights_of_run};
use crate::engine::sparsify::StoredWeights;

/// What of a run a bundle stores in fewer bits.
#[derive(Debug)]
pub(super) struct Stored {
    /// The weights of `model_sparse.safetensors`.
    pub(super) weights: StoredWeights,
    /// Values of entries; f32 where they stand in the edge files alone.
    pub(super) entries: ValueType,
    /// The model in low precision, where the recipe asks for it.
    pub(super) low: Option<LowRun>,
}

impl Stored {
    /// What fitted values of entries are stored as beside the sparse model's weights: f32 where the file of entries is that of low precision.
    pub(super) fn fitted_entries(&self) -> ValueType {
        let is_low = self.low.as_ref().is_some_and(|low| low.precision.stored_as.entries != ValueType::F32);
        if is_low { ValueType::F32 } else { self.entries }
    }

    /// What `options` and the recipe of `run` say.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    pub(super) fn of(run: &Run, options: BundleOptions, ctl: &Control) -> Result<Self, EngineError> {
        let low = low_run(run, ctl)?;
        let values = options.weights_of(&run.recipe);
        let weights = match &low {
            Some(low) if low.weights.values == values => low.weights.clone(),
            _ => weights_of_run(run, values, ctl)?,
        };
        Ok(Self { weights, entries: options.entries_of(run), low })
    }
}
