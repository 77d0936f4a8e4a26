//! What the executors have in common: weights as policies take them, and the operations that need nobody's policy.

use std::sync::Arc;

use ndarray::Array2;

use super::policy::WeightAt;
use super::values::recycle;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::kernels::copied;
use crate::engine::model::elementwise::{change_each_row, each_row};
use crate::engine::model::lookup::{number, parameter, pointwise};
use crate::engine::model::network::Model;
use crate::engine::model::normalise::Normaliser;
use crate::engine::model::program::Op;

/// Matrix `name`, and the position of its parameter.
pub(crate) fn weight_at<'a>(model: &'a Model, name: &str) -> Result<(usize, WeightAt<'a>), EngineError> {
    let (at, parameter) = parameter(model, name)?;
    let before = &model.parameters[..at];
    let matrix = before.iter().filter(|p| p.is_matrix()).count();
    let nth_prunable = before.iter().filter(|p| p.prunable_layer().is_some()).count();
    let prunable = parameter.prunable_layer().map(|layer| (layer, nth_prunable));
    Ok((at, WeightAt { matrix, prunable, name: parameter.short_name(), values: &parameter.values }))
}

/// What an operation at inference makes of its inputs that needs nobody's policy: neither a product nor a propagation. The memory of inputs
/// that nobody else has is used again.
///
/// # Errors
/// [`EngineError::Mismatch`] for another operation, [`EngineError::Cancelled`].
pub(crate) fn of_rows(
    model: &Model,
    op: &Op,
    inputs: Vec<Arc<Array2<f32>>>,
    ctl: &Control,
) -> Result<Array2<f32>, EngineError> {
    let fault = || EngineError::mismatch("program", "an operation on rows with its inputs", format!("{op:?}"));
    let mut inputs = inputs.into_iter();
    if matches!(op, Op::Concatenate | Op::MeanHeads { .. }) {
        let parts: Vec<_> = inputs.collect();
        let out = match (op, parts.first()) {
            (Op::MeanHeads { heads }, Some(x)) => mean_of_heads(*heads, x, ctl)?,
            _ => concatenated(&parts, ctl)?,
        };
        for part in parts {
            recycle(Some(part), ctl);
        }
        return Ok(out);
    }
    let first = inputs.next().ok_or_else(fault)?;
    let others: Vec<_> = inputs.collect();
    let first = match Arc::try_unwrap(first) {
        Ok(value) => value,
        Err(shared) => copied(&shared, ctl)?,
    };
    let out = match op {
        Op::Maximum => largest_of(first, &others, ctl)?,
        Op::Normalise { kind, name } => Normaliser::of(model, *kind, name)?.apply(first, ctl)?,
        Op::Combine { a, b } => {
            combined(number(model, a)?, first, number(model, b)?, others.first().ok_or_else(fault)?, ctl)?
        }
        Op::Scale { a } => scaled(*a, first, ctl)?,
        Op::Dropout { .. } => first,
        op => {
            let mut out = first;
            change_each_row(&mut out, &[pointwise(model, op)?.ok_or_else(fault)?], ctl)?;
            out
        }
    };
    for other in others {
        recycle(Some(other), ctl);
    }
    Ok(out)
}

/// `a x + b y`, into `x`.
pub(crate) fn combined(
    a: f32,
    mut x: Array2<f32>,
    b: f32,
    y: &Array2<f32>,
    ctl: &Control,
) -> Result<Array2<f32>, EngineError> {
    let other = y.as_slice().unwrap_or(&[]);
    let width = x.ncols();
    each_row(&mut x, ctl, |u, row| {
        row.iter_mut().zip(&other[u * width..]).for_each(|(o, y)| *o = b.mul_add(*y, a * *o));
    })?;
    Ok(x)
}

/// `a x`, into `x`.
pub(crate) fn scaled(a: f32, mut x: Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
    if a.to_bits() != 1.0f32.to_bits() {
        each_row(&mut x, ctl, |_, row| row.iter_mut().for_each(|v| *v *= a))?;
    }
    Ok(x)
}

/// Values side by side. `[n, width] … → [n, sum of the widths]`
pub(crate) fn concatenated(parts: &[Arc<Array2<f32>>], ctl: &Control) -> Result<Array2<f32>, EngineError> {
    let n = parts.first().map_or(0, |x| x.nrows());
    let mut out = Array2::zeros((n, parts.iter().map(|x| x.ncols()).sum()));
    each_row(&mut out, ctl, |u, row| {
        let mut left = row;
        for part in parts {
            let (here, later) = left.split_at_mut(part.ncols());
            here.iter_mut().zip(part.row(u)).for_each(|(o, x)| *o = *x);
            left = later;
        }
    })?;
    Ok(out)
}

/// The largest of several values at every place, into the first.
pub(crate) fn largest_of(
    mut first: Array2<f32>,
    others: &[Arc<Array2<f32>>],
    ctl: &Control,
) -> Result<Array2<f32>, EngineError> {
    each_row(&mut first, ctl, |u, row| {
        for other in others {
            row.iter_mut().zip(other.row(u)).for_each(|(o, x)| *o = if *x > *o { *x } else { *o });
        }
    })?;
    Ok(first)
}

/// The mean over `heads` blocks of columns.
pub(crate) fn mean_of_heads(heads: usize, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
    let channels = x.ncols() / heads;
    let share = 1.0 / heads as f32;
    let mut out = Array2::zeros((x.nrows(), channels));
    each_row(&mut out, ctl, |u, row| {
        for (j, value) in x.row(u).iter().enumerate() {
            row[j % channels] = share.mul_add(*value, row[j % channels]);
        }
    })?;
    Ok(out)
}
