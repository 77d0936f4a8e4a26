//! The `size` section of `metrics.json`: what the pruned model and its graphs take stored sparse, and what rounding costs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::engine::experiment::{Encoding, ModelSize, Rounding, Run, ValueType, csr_bytes};
use crate::engine::score::Score;

/// Bytes of model and graphs before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SizeMetrics {
    /// What weight matrices are stored as in `model_sparse.safetensors`.
    pub values: ValueType,
    /// Bytes of all tensors as 32-bit floats.
    pub model_dense_bytes: u64,
    /// Bytes of all tensors, each in its smallest encoding.
    pub model_sparse_bytes: u64,
    /// Every tensor, by its PyTorch name.
    pub tensors: BTreeMap<String, TensorMetrics>,
    /// Every graph that a layer or hop propagates over, as compressed sparse rows with 32-bit columns and values.
    pub graphs: Vec<GraphSizeMetrics>,
    /// What values of 16 bits change; absent where nothing is rounded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rounding: Option<RoundingMetrics>,
}

/// One tensor as `model_sparse.safetensors` stores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TensorMetrics {
    /// The smallest encoding.
    pub encoding: Encoding,
    /// What its values are stored as.
    pub values: ValueType,
    /// In PyTorch's orientation.
    pub shape: Vec<usize>,
    /// Values that are not 0.
    pub n_stored: u64,
    /// Bytes of all values as 32-bit floats.
    pub dense_bytes: u64,
    /// Bytes as stored.
    pub sparse_bytes: u64,
}

/// The graph of one layer or hop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphSizeMetrics {
    /// For people, for example `Layer 1`.
    pub title: String,
    /// Bytes with every entry.
    pub bytes_before: u64,
    /// Bytes with the kept ones.
    pub bytes_after: u64,
}

/// The pruned model with rounded weights against the pruned model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoundingMetrics {
    /// Largest difference of any logit; absent where one is not finite.
    pub largest_difference: Option<f64>,
    /// `‖Z_rounded - Z‖_F / ‖Z‖_F` of the logits; absent where one is not finite.
    pub relative_error: Option<f64>,
    /// Share of the predictions that stay the same, `0..=1`.
    pub agreement: f64,
    /// Scores on the test part; absent without labelled test nodes.
    pub test: Option<Score>,
}

impl SizeMetrics {
    /// The sizes of `run`, whose pruned model takes `model`.
    pub(super) fn of(run: &Run, model: &ModelSize, rounding: Option<&Rounding>) -> Self {
        let tensors = model.tensors.iter().map(|t| {
            let metrics = TensorMetrics {
                encoding: t.encoding,
                values: t.values,
                shape: t.shape.clone(),
                n_stored: t.n_stored,
                dense_bytes: t.dense_bytes,
                sparse_bytes: t.sparse_bytes,
            };
            (t.name.clone(), metrics)
        });
        Self {
            values: model.values,
            model_dense_bytes: model.dense_bytes(),
            model_sparse_bytes: model.sparse_bytes(),
            tensors: tensors.collect(),
            graphs: GraphSizeMetrics::of(run),
            rounding: rounding.map(RoundingMetrics::of),
        }
    }
}

impl GraphSizeMetrics {
    /// The graph of every layer or hop of `run`.
    pub fn of(run: &Run) -> Vec<Self> {
        let n = run.dataset.n_nodes();
        let steps = run.pruned.steps.iter().filter_map(|step| {
            let edges = step.edges.as_ref()?;
            let (bytes_before, bytes_after) = (csr_bytes(n, edges.n_entries), csr_bytes(n, edges.n_after));
            Some(Self { title: step.title(), bytes_before, bytes_after })
        });
        steps.collect()
    }
}

impl RoundingMetrics {
    fn of(rounding: &Rounding) -> Self {
        let finite = |value: f64| value.is_finite().then_some(value);
        let test = rounding.evaluation.test.pruned;
        Self {
            largest_difference: finite(rounding.largest_difference),
            relative_error: finite(rounding.relative_error),
            agreement: rounding.evaluation.agreement,
            test: (test.n_nodes > 0).then_some(test),
        }
    }
}
