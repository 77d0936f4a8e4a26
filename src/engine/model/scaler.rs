//! Standardising an embedding: the scaler of a decoupled family, fitted and applied.

use ndarray::{Array1, Array2};

use super::elementwise::each_row;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::kernels::column_sums;

/// Standardises the columns of a propagated embedding, as fitted on the training rows. Both `[width]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Scaler {
    /// Subtracted.
    pub mean: Array1<f32>,
    /// Divided by.
    pub scale: Array1<f32>,
}

impl Scaler {
    /// Smallest scale: a column that never varies stays 0 instead of becoming noise.
    const SMALLEST: f64 = 1e-12;

    /// Mean and standard deviation of every column over `rows` (authors' code, `utils/loader.py:372`: scikit-learn's
    /// `StandardScaler`, which leaves columns without variance unscaled).
    pub(crate) fn fit(embedding: &Array2<f32>, rows: &[u32], ctl: &Control) -> Result<Self, EngineError> {
        let picked = embedding.select(ndarray::Axis(0), &rows.iter().map(|u| *u as usize).collect::<Vec<_>>());
        let n = picked.nrows().max(1) as f64;
        let mean: Vec<f64> = column_sums(picked.view(), ctl)?.into_iter().map(|s| s / n).collect();
        let mut squares = picked;
        each_row(&mut squares, ctl, |_, row| {
            row.iter_mut().zip(&mean).for_each(|(v, m)| *v = ((f64::from(*v) - m) * (f64::from(*v) - m)) as f32);
        })?;
        let scale = column_sums(squares.view(), ctl)?.into_iter().map(|s| (s / n).sqrt());
        let scale = scale.map(|s| if s > Self::SMALLEST { s as f32 } else { 1.0 }).collect();
        Ok(Self { mean: mean.into_iter().map(|m| m as f32).collect(), scale })
    }

    /// `(x - mean) / scale`, in place.
    pub(crate) fn apply(&self, embedding: &mut Array2<f32>, ctl: &Control) -> Result<(), EngineError> {
        if embedding.ncols() != self.mean.len() {
            return Err(EngineError::mismatch("scaler width", embedding.ncols(), self.mean.len()));
        }
        each_row(embedding, ctl, |_, row| {
            for ((value, mean), scale) in row.iter_mut().zip(&self.mean).zip(&self.scale) {
                *value = (*value - mean) / scale;
            }
        })
    }
}
