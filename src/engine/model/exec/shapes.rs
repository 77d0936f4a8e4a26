//! Shape inference: how wide every value of a program is, or which tensor does not fit.

use crate::engine::error::EngineError;
use crate::engine::model::params::Parameter;
use crate::engine::model::program::{Coefficient, Op, Program};

/// The width of every value of `program` on rows of `d_in` columns, with the shapes of `parameters`.
///
/// # Errors
/// [`EngineError::Mismatch`] naming the first tensor that is missing or does not fit what comes in.
pub fn widths(program: &Program, parameters: &[Parameter], d_in: usize) -> Result<Vec<usize>, EngineError> {
    let shape = |name: &str| {
        let found = parameters.iter().find(|p| p.name == name).map(|p| p.values.dim());
        found.ok_or_else(|| EngineError::mismatch("model tensors", name, "none of that name"))
    };
    let fits = |name: &str, expected: String, found: usize, does: bool| {
        if does { Ok(()) } else { Err(EngineError::mismatch(format!("shape of {name}"), expected, found)) }
    };
    let mut widths = vec![d_in];
    for instruction in &program.instructions {
        let inputs: Vec<usize> = instruction.inputs.iter().filter_map(|value| widths.get(*value).copied()).collect();
        let [width, ..] = inputs[..] else {
            return Err(EngineError::mismatch("program", "operations on values that come before", "others"));
        };
        let other = inputs.get(1).copied().unwrap_or(width);
        widths.push(match &instruction.op {
            Op::Matmul { weight, .. } => {
                let (from, to) = shape(weight)?;
                fits(weight, format!("{width} inputs (columns of what is multiplied)"), from, from == width)?;
                fits(weight, format!("{width} columns in what the weight test looks at"), other, other == width)?;
                to
            }
            Op::Bias { bias } => {
                let found = shape(bias)?.1;
                fits(bias, format!("{width} values"), found, found == width)?;
                width
            }
            Op::BatchNorm { name } => {
                for part in ["weight", "bias", "running_mean", "running_var"] {
                    let name = format!("{name}.{part}");
                    let found = shape(&name)?.1;
                    fits(&name, format!("{width} values"), found, found == width)?;
                }
                width
            }
            Op::Normalise { kind, name } => {
                for part in kind.parts() {
                    let name = format!("{name}.{part}");
                    let found = shape(&name)?.1;
                    fits(&name, format!("{width} values"), found, found == width)?;
                }
                width
            }
            Op::Prelu { slope } => {
                let found = shape(slope)?.1;
                fits(slope, format!("{width} values"), found, found == width)?;
                width
            }
            Op::Concatenate => inputs.iter().sum(),
            Op::Maximum => {
                for other in &inputs {
                    fits("a maximum", format!("{width} columns in every value"), *other, *other == width)?;
                }
                width
            }
            Op::Attention { vectors, .. } => {
                for name in vectors {
                    let (heads, channels) = shape(name)?;
                    let found = heads * channels;
                    fits(name, format!("{width} values over all heads"), found, found == width && width == other)?;
                }
                width
            }
            Op::MeanHeads { heads } => {
                let expected = format!("a multiple of {heads} heads");
                fits("heads", expected, width, *heads > 0 && width.is_multiple_of(*heads))?;
                width / heads
            }
            Op::Combine { a, b } => {
                for coefficient in [a, b] {
                    if let Coefficient::OnePlus(name) = coefficient {
                        shape(name)?;
                    }
                }
                fits("a sum", format!("{width} columns on both sides"), other, other == width)?;
                width
            }
            Op::Propagate { .. }
            | Op::PropagateMax { .. }
            | Op::Scale { .. }
            | Op::Relu
            | Op::Nonlinearity { .. }
            | Op::Dropout { .. } => width,
        });
    }
    Ok(widths)
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::engine::model::{Architecture, Family, Model};

    #[test]
    fn widths_lead_from_features_to_classes_and_a_wrong_tensor_is_named() {
        for family in Family::ALL {
            let shape = Architecture { layers: 3, hidden: 8, ..Architecture::new(family) };
            let mut model = Model::init(&shape, 5, 4, 0);
            let program = model.program();
            let found = widths(&program, &model.parameters, 5).expect("a chain");
            assert_eq!((found[0], found[program.output]), (5, 4), "{family:?}");
            let at = model.parameters.iter().position(Parameter::is_matrix).expect("a matrix");
            model.parameters[at].values = Array2::zeros((6, 8));
            let name = model.parameters[at].name.clone();
            let error = widths(&program, &model.parameters, 5).expect_err("no chain").to_string();
            assert!(error.contains(&format!("shape of {name}: expected 5 inputs")), "{family:?}: {error}");
            model.parameters.remove(at);
            let error = widths(&program, &model.parameters, 5).expect_err("no tensor").to_string();
            assert_eq!(error, format!("model tensors: expected {name}, found none of that name"), "{family:?}");
        }
    }
}
