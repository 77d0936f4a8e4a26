//! Rows as the executors take them, and what is done to every row.

use ndarray::Array2;

use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::Features;
use crate::engine::kernels::{Pointwise, Rows, change_rows};

/// Rows per block of the cheap element-wise passes.
const ELEMENTWISE_ROWS: usize = 256;

/// Runs `f` over every row, in parallel; nothing for an empty matrix.
pub(crate) fn each_row(
    out: &mut Array2<f32>,
    ctl: &Control,
    f: impl Fn(usize, &mut [f32]) + Send + Sync,
) -> Result<(), EngineError> {
    let width = out.ncols();
    let Some(rows) = out.as_slice_mut().filter(|_| width > 0) else { return ctl.check() };
    ctl.for_row_blocks(rows, width, ELEMENTWISE_ROWS, |first, rows| {
        for (i, row) in rows.chunks_exact_mut(width).enumerate() {
            f(first + i, row);
        }
    })
}

/// Does all of `changes` to every row, in one pass over memory.
pub(crate) fn change_each_row(out: &mut Array2<f32>, changes: &[Pointwise], ctl: &Control) -> Result<(), EngineError> {
    if changes.is_empty() {
        return Ok(());
    }
    each_row(out, ctl, |_, row| change_rows(row, row.len(), changes))
}

/// The rows of a dataset's features.
pub(crate) fn feature_rows(features: &Features) -> Rows<'_> {
    match features {
        Features::Dense(x) => Rows::Dense(x.view()),
        Features::Sparse(x) => Rows::Sparse(x),
    }
}

/// The same rows with all values stored.
pub(crate) fn dense_rows(rows: &Rows<'_>) -> Array2<f32> {
    match rows {
        Rows::Dense(x) => x.to_owned(),
        Rows::Sparse(x) => Features::Sparse((*x).clone()).to_dense(),
    }
}
