//! A network as a list of operations, for programs that run it elsewhere (ONNX).
//!
//! Nothing is written twice: the family's own layers run once on a graph without nodes, and every operation writes itself down.

use ndarray::Array2;

use super::network::{Net, Policy, WeightAt};
use super::params::Model;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::kernels::{AttentionInput, Rows};

/// What is computed; tensors by their names in the model.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// `x W`; one input.
    Transform {
        /// The matrix.
        weight: String,
    },
    /// `x + b`; one input.
    Bias {
        /// The vector.
        bias: String,
    },
    /// `T̂ x`; one input.
    Propagate {
        /// Which matrix, from 0.
        step: usize,
    },
    /// Attention; the inputs are source and, where it is another value, target.
    Attend {
        /// Whose entries, from 0.
        step: usize,
        /// One vector per head for the sum of both (GATv2), or one for the source and one for the target (GAT of 2018).
        vectors: Vec<String>,
    },
    /// The mean over blocks of columns; one input.
    MeanHeads {
        /// How many blocks.
        heads: usize,
    },
    /// `a x + b y`; two inputs.
    Combine {
        /// Factor of the first.
        a: f32,
        /// Factor of the second.
        b: f32,
    },
    /// `a x`; one input.
    Scale {
        /// The factor.
        a: f32,
    },
    /// Batch normalisation with running statistics; one input.
    Norm {
        /// What its four tensors' names begin with.
        name: String,
    },
    /// `max(x, 0)`; one input.
    Relu,
}

/// One line of a network's formula. Value 0 is the network's own input.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The value that is computed.
    pub output: usize,
    /// The values it is computed from.
    pub inputs: Vec<usize>,
    /// How.
    pub operation: Operation,
    /// Width of what is computed.
    pub width: usize,
}

/// The lines of `model`, in order of computation; the last one is its output. For a decoupled family they begin behind
/// propagation and scaler.
///
/// # Errors
/// [`EngineError::Mismatch`] for a model that lacks a tensor of its family.
pub fn outline(model: &Model) -> Result<Vec<Line>, EngineError> {
    let ctl = Control::new(1)?;
    let nodes = Array2::zeros((0, model.d_in()));
    let mut lines = Vec::new();
    Net::new(model, Rows::Dense(nodes.view()), &mut Nobody, None, &ctl).written_down(&mut lines).run()?;
    Ok(lines)
}

/// The shapes of what every operation gives, for no node.
struct Nobody;

impl Policy for Nobody {
    fn transform(
        &mut self,
        weight: WeightAt<'_>,
        _: Rows<'_>,
        _: Rows<'_>,
        _: &Control,
    ) -> Result<Array2<f32>, EngineError> {
        Ok(Array2::zeros((0, weight.values.ncols())))
    }

    fn propagate(&mut self, _: usize, x: &Array2<f32>, _: &Control) -> Result<Array2<f32>, EngineError> {
        Ok(Array2::zeros((0, x.ncols())))
    }

    fn attend(&mut self, _: usize, input: &AttentionInput<'_>, _: &Control) -> Result<Array2<f32>, EngineError> {
        Ok(Array2::zeros((0, input.source.ncols())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::model::{Architecture, Family};

    #[test]
    fn every_family_writes_down_its_weights_and_steps() {
        for family in Family::ALL {
            let mut shape = Architecture::new(family);
            (shape.layers, shape.hidden) = (3, 8);
            let model = Model::init(&shape, 5, 4, 0);
            let lines = outline(&model).expect("a complete model");
            let weights: Vec<&str> = lines
                .iter()
                .filter_map(|line| match &line.operation {
                    Operation::Transform { weight } => Some(weight.as_str()),
                    _ => None,
                })
                .collect();
            let matrices: Vec<&str> =
                model.parameters.iter().filter(|p| p.is_matrix()).map(|p| p.name.as_str()).collect();
            let sorted = |mut names: Vec<String>| {
                names.sort_unstable();
                names
            };
            let owned = |names: Vec<&str>| sorted(names.into_iter().map(str::to_owned).collect());
            assert_eq!(owned(weights), owned(matrices), "{family:?}");
            let walks = lines
                .iter()
                .filter(|line| matches!(line.operation, Operation::Propagate { .. } | Operation::Attend { .. }));
            let expected = if family.definition().walks_graph() { 3 } else { 0 };
            assert_eq!(walks.count(), expected, "{family:?}");
            let mut known = vec![0];
            for line in &lines {
                assert!(line.inputs.iter().all(|input| known.contains(input)), "{family:?}: {line:?}");
                known.push(line.output);
            }
        }
    }
}
