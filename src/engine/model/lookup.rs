//! The parameters that an operation names, and what they make of it.

use super::batch_norm::BatchNorm;
use super::network::Model;
use super::params::Parameter;
use super::program::{Coefficient, Op};
use crate::engine::error::EngineError;
use crate::engine::kernels::Pointwise;

/// Parameter `name` and where it stands.
pub(crate) fn parameter<'a>(model: &'a Model, name: &str) -> Result<(usize, &'a Parameter), EngineError> {
    let found = model.position(name).map(|at| (at, &model.parameters[at]));
    found.ok_or_else(|| EngineError::mismatch("model tensors", name, "none of that name"))
}

/// Batch normalisation `name`, and the position of the first of its four parameters.
pub(crate) fn batch_norm_at<'a>(model: &'a Model, name: &str) -> Result<(usize, BatchNorm<'a>), EngineError> {
    let (at, weight) = parameter(model, &format!("{name}.weight"))?;
    let part = |part: &str| Ok(parameter(model, &format!("{name}.{part}"))?.1);
    Ok((at, BatchNorm::new(weight, part("bias")?, part("running_mean")?, part("running_var")?)))
}

/// What an element-wise operation does to every row at inference; `None` for an operation of another kind.
pub(crate) fn pointwise(model: &Model, op: &Op) -> Result<Option<Pointwise>, EngineError> {
    Ok(match op {
        Op::Bias { bias } => Some(Pointwise::Bias(parameter(model, bias)?.1.values.row(0).to_vec())),
        Op::BatchNorm { name } => Some(batch_norm_at(model, name)?.1.at_rest()),
        Op::Relu => Some(Pointwise::Relu),
        Op::Nonlinearity { function } => Some(Pointwise::Nonlinearity(*function)),
        Op::Prelu { slope } => Some(Pointwise::Prelu(parameter(model, slope)?.1.values.row(0).to_vec())),
        _ => None,
    })
}

/// A number of the program.
pub(crate) fn number(model: &Model, coefficient: &Coefficient) -> Result<f32, EngineError> {
    match coefficient {
        Coefficient::Number(value) => Ok(*value),
        Coefficient::OnePlus(name) => Ok(1.0 + parameter(model, name)?.1.values[[0, 0]]),
    }
}
