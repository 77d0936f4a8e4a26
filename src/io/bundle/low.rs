//! The `low` section of `metrics.json`: what a model in low precision saves, and what it changes.

use serde::{Deserialize, Serialize};

use crate::engine::experiment::{Bytes, LowPrecision, Run, Timing};
use crate::engine::score::Score;
use crate::engine::sparsify::StoredAs;

/// What low precision saves, and what it changes. `logits.npy` and the predictions are those of 32-bit floats.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LowMetrics {
    /// What is stored as what.
    #[serde(default = "halved_embeddings")]
    pub stored_as: StoredAs,
    /// Pruned forward in low precision over fixed masks, seconds; absent where nothing was timed, as what follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secs: Option<f64>,
    /// Unpruned with 32-bit floats over this, median of the pairs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speedup: Option<f64>,
    /// 95 % interval of that median.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speedup_interval: Option<[f64; 2]>,
    /// Pruned with 32-bit floats over this, median of the pairs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_pruned: Option<f64>,
    /// 95 % interval of that median.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_pruned_interval: Option<[f64; 2]>,
    /// Largest difference of any logit from the pruned model's with 32-bit floats; absent where one is not finite.
    pub largest_difference: Option<f64>,
    /// `‖Z_low - Z‖_F / ‖Z‖_F` of the logits; absent where one is not finite.
    pub relative_error: Option<f64>,
    /// Share of the predictions that stay the same, `0..=1`.
    pub agreement: f64,
    /// Scores on the test part; absent without labelled test nodes.
    pub test: Option<Score>,
    /// Bytes of model and graphs in files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk: Option<Bytes>,
    /// Bytes of weights and lists of entries in memory, where they were timed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Bytes>,
}

/// What earlier versions could store.
fn halved_embeddings() -> StoredAs {
    StoredAs::halved_embeddings()
}

impl LowMetrics {
    /// What was found beside a timed run; none where its recipe asks for nothing, or it was not timed.
    pub fn of_run(run: &Run) -> Option<Self> {
        run.timing.as_ref()?.low.as_ref().map(|low| Self::of(low, run.timing.as_ref()))
    }

    /// What was found, with times where there are some.
    pub(super) fn of(low: &LowPrecision, timing: Option<&Timing>) -> Self {
        let finite = |value: f64| value.is_finite().then_some(value);
        let test = low.evaluation.test.pruned;
        let timing = timing.filter(|timing| timing.low.is_some());
        let (speedup, over_pruned) = (timing.and_then(Timing::low_speedup), timing.and_then(Timing::low_over_pruned));
        Self {
            stored_as: low.stored_as,
            secs: timing.map(Timing::low_secs),
            speedup: speedup.as_ref().map(|speedup| speedup.ratio),
            speedup_interval: speedup.and_then(|speedup| speedup.interval),
            over_pruned: over_pruned.as_ref().map(|speedup| speedup.ratio),
            over_pruned_interval: over_pruned.and_then(|speedup| speedup.interval),
            largest_difference: finite(low.largest_difference),
            relative_error: finite(low.relative_error),
            agreement: low.evaluation.agreement,
            test: (test.n_nodes > 0).then_some(test),
            disk: low.disk,
            memory: low.memory,
        }
    }
}
