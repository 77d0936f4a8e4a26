//! Normalisation over all nodes: what blocks add up of their columns, and what is made of it.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::job::ClusterJob;
use super::summary::Summary;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::kernels::{ExactSum, Rows, column_squares};
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

impl Statistics {
    /// Subtracts what columns have in common; gives a block's part of the squares of what is left.
    pub(super) fn centre(
        &self,
        (job, model, at): (&ClusterJob, &Model, usize),
        x: &mut Array2<f32>,
        ctl: &Control,
    ) -> Result<Vec<ExactSum>, EngineError> {
        if self.means.len() != x.ncols() {
            return Err(EngineError::mismatch("means of a normalisation", x.ncols(), self.means.len()));
        }
        normaliser(job, model, at)?.centre(x, &self.means, ctl)?;
        column_squares(Rows::Dense(x.view()), ctl)
    }

    /// Scales and shifts what [`Statistics::centre`] left.
    pub(super) fn end(
        &self,
        (job, model, at): (&ClusterJob, &Model, usize),
        x: &mut Array2<f32>,
        ctl: &Control,
    ) -> Result<(), EngineError> {
        if ![1, x.ncols()].contains(&self.scales.len()) {
            return Err(EngineError::mismatch("scales of a normalisation", x.ncols(), self.scales.len()));
        }
        normaliser(job, model, at)?.end(x, &self.scales, ctl)
    }

    /// Takes up the sums of all blocks.
    pub(super) fn take_sums(&mut self, job: &ClusterJob, at: usize, found: &Summary) -> Result<(), EngineError> {
        let means = normaliser(job, &job.model, at)?.means(&found.columns, found.n_rows as usize);
        self.means = finite("means of a normalisation", means)?;
        Ok(())
    }

    /// Takes up the squares of all blocks.
    pub(super) fn take_squares(&mut self, job: &ClusterJob, at: usize, found: &Summary) -> Result<(), EngineError> {
        let scales = normaliser(job, &job.model, at)?.scales(&found.columns, found.n_rows as usize);
        self.scales = finite("scales of a normalisation", scales)?;
        Ok(())
    }
}

/// Refuses sums of columns that are no numbers: what is decided goes through JSON, which has no others.
pub(super) fn finite(what: &str, values: Vec<f32>) -> Result<Vec<f32>, EngineError> {
    match values.iter().find(|value| !value.is_finite()) {
        None => Ok(values),
        Some(value) => Err(EngineError::NotFinite { what: what.to_owned(), found: value.to_string() }),
    }
}
