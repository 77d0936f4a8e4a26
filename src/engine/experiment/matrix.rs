//! What a weight matrix holds, unpruned and pruned.

use serde::Serialize;

use super::run::Run;
use super::size::Encoding;
use crate::engine::error::EngineError;
use crate::engine::kernels::ValueType;

/// A weight matrix of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MatrixFacts {
    /// Its PyTorch name.
    pub name: String,
    /// Inputs and outputs.
    pub shape: [usize; 2],
    /// Its values unpruned, and pruned with zeros where weights are removed.
    pub values: [ValueFacts; 2],
    /// Weights that are removed.
    pub n_removed: usize,
    /// The smallest, the median and the largest removed share among the inputs.
    pub removed_by_input: [f64; 3],
    /// The same among the outputs.
    pub removed_by_output: [f64; 3],
    /// Inputs that no kept weight reads.
    pub n_unread_inputs: usize,
    /// Outputs that no kept weight adds to.
    pub n_empty_outputs: usize,
    /// Bytes as 32-bit floats: every value, and in the smallest encoding.
    pub bytes: [u64; 2],
}

/// Values of a matrix. All NaN for one without values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ValueFacts {
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// Their mean.
    pub mean: f64,
    /// `‖W‖_F`.
    pub norm: f64,
}

impl ValueFacts {
    fn of(values: impl Iterator<Item = f32> + Clone) -> Self {
        let n = values.clone().count();
        if n == 0 {
            return Self { min: f64::NAN, max: f64::NAN, mean: f64::NAN, norm: f64::NAN };
        }
        let of = |start: f32, pick: fn(f32, f32) -> f32| f64::from(values.clone().fold(start, pick));
        let (sum, squares) =
            values.clone().map(f64::from).fold((0.0, 0.0), |(sum, squares), v| (sum + v, squares + v * v));
        Self {
            min: of(f32::INFINITY, f32::min),
            max: of(f32::NEG_INFINITY, f32::max),
            mean: sum / n as f64,
            norm: squares.sqrt(),
        }
    }
}

/// What matrix `idx` of a run holds, counted among those that may be pruned.
///
/// # Errors
/// [`EngineError::Mismatch`] for a matrix that the model does not have.
pub fn matrix_facts(run: &Run, idx: usize) -> Result<MatrixFacts, EngineError> {
    let (pruned, mask) = (run.pruned.model.weight(idx), run.pruned.masks.weights.get(idx));
    let (Some(unpruned), Some(pruned), Some(mask)) = (run.model.weight(idx), pruned, mask) else {
        let n = run.pruned.masks.weights.len();
        return Err(EngineError::mismatch("weight matrix", format!("a number below {n}"), idx));
    };
    let (d_in, d_out) = mask.dim();
    let n_removed_of = |lane: ndarray::ArrayView1<'_, bool>| lane.iter().filter(|kept| !**kept).count();
    let by_input: Vec<usize> = mask.rows().into_iter().map(n_removed_of).collect();
    let by_output: Vec<usize> = mask.columns().into_iter().map(n_removed_of).collect();
    let n_stored = pruned.values.iter().filter(|w| w.to_bits() != 0).count() as u64;
    // Files hold matrices as PyTorch does, outputs first.
    let (_, smallest) = Encoding::smallest(&[d_out, d_in], n_stored, ValueType::F32);
    Ok(MatrixFacts {
        name: unpruned.name.clone(),
        shape: [d_in, d_out],
        values: [&unpruned.values, &pruned.values].map(|values| ValueFacts::of(values.iter().copied())),
        n_removed: by_input.iter().sum(),
        removed_by_input: spread(&by_input, d_out),
        removed_by_output: spread(&by_output, d_in),
        n_unread_inputs: by_input.iter().filter(|n| **n == d_out).count(),
        n_empty_outputs: by_output.iter().filter(|n| **n == d_in).count(),
        bytes: [(d_in * d_out) as u64 * ValueType::F32.n_bytes(), smallest],
    })
}

/// The smallest, the median and the largest of counts, as shares of `of`.
fn spread(counts: &[usize], of: usize) -> [f64; 3] {
    let mut counts = counts.to_vec();
    counts.sort_unstable();
    let share = |at: usize| counts.get(at).map_or(f64::NAN, |n| *n as f64 / of.max(1) as f64);
    [share(0), share(counts.len() / 2), share(counts.len().saturating_sub(1))]
}
