//! Normalisation over all nodes: what blocks add up of their columns, and what is made of it.

use std::sync::Arc;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::job::ClusterJob;
use super::summary::Summary;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::kernels::{ExactSum, Rows, column_squares, exact_column_sums};
use crate::engine::model::normalise::Normaliser;
use crate::engine::model::{Model, Op};

/// What is known of all nodes, for the normalisation at hand.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Statistics {
    /// `[width]`
    means: Vec<f32>,
    /// `[width]`, or one number.
    scales: Vec<f32>,
}

/// The normalisation of instruction `at`.
fn normaliser(job: &ClusterJob, model: &Model, at: usize) -> Result<Normaliser, EngineError> {
    match job.program.instructions.get(at).map(|instruction| &instruction.op) {
        Some(Op::Normalise { kind, name }) => Normaliser::of(model, *kind, name),
        other => Err(EngineError::mismatch("stage of a cluster's job", "a normalisation", format!("{other:?}"))),
    }
}

/// A block's part of what means are taken of.
pub(super) fn sums(x: &Array2<f32>, ctl: &Control) -> Result<Vec<ExactSum>, EngineError> {
    exact_column_sums(x.view(), ctl)
}

/// What is left of `x` without what its columns have in common, and a block's part of its squares.
pub(super) fn centred(
    job: &ClusterJob,
    model: &Model,
    at: usize,
    x: Arc<Array2<f32>>,
    known: &Statistics,
    ctl: &Control,
) -> Result<(Array2<f32>, Vec<ExactSum>), EngineError> {
    let mut x = Arc::unwrap_or_clone(x);
    normaliser(job, model, at)?.centre(&mut x, &known.means, ctl)?;
    let squares = column_squares(Rows::Dense(x.view()), ctl)?;
    Ok((x, squares))
}

/// Scales and shifts what [`centred`] left.
pub(super) fn rescaled(
    job: &ClusterJob,
    model: &Model,
    at: usize,
    x: Arc<Array2<f32>>,
    known: &Statistics,
    ctl: &Control,
) -> Result<Array2<f32>, EngineError> {
    let mut x = Arc::unwrap_or_clone(x);
    normaliser(job, model, at)?.end(&mut x, &known.scales, ctl)?;
    Ok(x)
}

impl Statistics {
    /// Takes up the sums of all blocks.
    pub(super) fn take_sums(&mut self, job: &ClusterJob, at: usize, found: &Summary) -> Result<(), EngineError> {
        let means = normaliser(job, &job.model, at)?.means(&found.columns, found.n_rows as usize);
        self.means = finite(means)?;
        Ok(())
    }

    /// Takes up the squares of all blocks.
    pub(super) fn take_squares(&mut self, job: &ClusterJob, at: usize, found: &Summary) -> Result<(), EngineError> {
        let scales = normaliser(job, &job.model, at)?.scales(&found.columns, found.n_rows as usize);
        self.scales = finite(scales)?;
        Ok(())
    }
}

fn finite(values: Vec<f32>) -> Result<Vec<f32>, EngineError> {
    match values.iter().find(|value| !value.is_finite()) {
        None => Ok(values),
        Some(value) => {
            Err(EngineError::NotFinite { what: "what a normalisation is given".to_owned(), found: value.to_string() })
        }
    }
}
