//! A network as a program: operations over named parameters, in order of computation. No tensor is in it.
//!
//! A family's layers are traced into one (`tracer.rs`); executors run it (`exec/`), passes rewrite it (`passes/`), exporters print it.
//! Value 0 is the network's input, value `i + 1` what instruction `i` gives. One row per node.

use serde::{Deserialize, Serialize};

use super::normalisation::Normalisation;
use crate::engine::kernels::Nonlinearity;

/// What a step of the network does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// A propagation hop of a decoupled family: edges, no weights.
    Hop,
    /// A layer that propagates and transforms: edges and weights.
    Convolution,
    /// A layer of the MLP: weights, no edges.
    Linear,
}

/// A number of a program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coefficient {
    /// `1 + p`, `p` the one value of a parameter.
    OnePlus(String),
    /// Itself.
    #[serde(untagged)]
    Number(f32),
}

impl From<f32> for Coefficient {
    fn from(value: f32) -> Self {
        Self::Number(value)
    }
}

/// What is computed; parameters by their names in the model. `[n, width]` in, `[n, width]` out unless it says otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case")]
pub enum Op {
    /// `x W`. A second input is what the weight test looks at instead of `x`. `[n, d_in] → [n, d_out]`
    Matmul {
        /// The matrix.
        weight: String,
        /// Whether files hold it as `[d_out, d_in]`.
        transposed: bool,
    },
    /// `x + b`.
    Bias {
        /// The vector.
        bias: String,
    },
    /// `T̂ x`.
    Propagate {
        /// Which matrix, from 0.
        step: usize,
    },
    /// Attention over the entries of each row. With one vector per head (GATv2) the inputs are source and target; with one for the source and
    /// one for the target (GAT of 2018) the input is both. `[n, heads · channels]`
    Attention {
        /// Whose entries, from 0.
        step: usize,
        /// One or two parameters, `[heads, channels]` each.
        vectors: Vec<String>,
    },
    /// The mean over blocks of columns. `[n, heads · channels] → [n, channels]`
    MeanHeads {
        /// How many blocks.
        heads: usize,
    },
    /// `a x + b y`; two inputs.
    Combine {
        /// Factor of the first.
        a: Coefficient,
        /// Factor of the second.
        b: Coefficient,
    },
    /// `a x`.
    Scale {
        /// The factor.
        a: f32,
    },
    /// Batch normalisation: over running statistics at inference, over the batch's own in training.
    BatchNorm {
        /// What its four tensors' names begin with.
        name: String,
    },
    /// Normalisation by statistics of the values at hand, in training as at inference.
    Normalise {
        /// Which.
        kind: Normalisation,
        /// What the names of its tensors begin with, where it has some.
        name: String,
    },
    /// `max(x, 0)`.
    Relu,
    /// Another activation function.
    Nonlinearity {
        /// Which.
        function: Nonlinearity,
    },
    /// `x`, below 0 `x` times a slope per column.
    Prelu {
        /// The slopes.
        slope: String,
    },
    /// Per column the largest value over the entries of each row; 0 in a row without any.
    PropagateMax {
        /// Which matrix, from 0.
        step: usize,
    },
    /// Several values side by side. `[n, width] …  → [n, sum of the widths]`
    Concatenate,
    /// The largest of several values, place by place.
    Maximum,
    /// In training, sets a share of the values to 0 and scales the others up; at inference `x`.
    Dropout {
        /// The share.
        rate: f64,
    },
}

impl Op {
    /// Whether rows are gathered over a graph, so that as many are read as there are sources.
    pub(crate) fn propagates(&self) -> bool {
        matches!(self, Self::Propagate { .. } | Self::PropagateMax { .. } | Self::Attention { .. })
    }

    /// Whether every value of what comes out depends on the value at its place alone, so that rows can be changed where they lie.
    pub(crate) fn is_elementwise(&self) -> bool {
        matches!(
            self,
            Self::Bias { .. } | Self::BatchNorm { .. } | Self::Relu | Self::Nonlinearity { .. } | Self::Prelu { .. }
        )
    }
}

/// One operation of a program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Instruction {
    /// What is computed.
    #[serde(flatten)]
    pub op: Op,
    /// The values it is computed from.
    pub inputs: Vec<usize>,
}

/// Where a layer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerEnd {
    /// How many instructions come before.
    pub after: usize,
    /// What the layer gives.
    pub value: usize,
    /// What it does.
    pub kind: StepKind,
}

/// The operations of a network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// In order of computation.
    pub instructions: Vec<Instruction>,
    /// The layers, in order.
    pub layers: Vec<LayerEnd>,
    /// The value that is the network's output.
    pub output: usize,
}

impl Program {
    /// The network's own input.
    pub const INPUT: usize = 0;

    /// Number of values, the input among them.
    pub(crate) fn n_values(&self) -> usize {
        self.instructions.len() + 1
    }

    /// How often every value is read; being the output counts as once.
    pub(crate) fn n_reads(&self) -> Vec<usize> {
        let mut reads = vec![0; self.n_values()];
        let inputs = self.instructions.iter().flat_map(|instruction| &instruction.inputs);
        for value in inputs.chain([&self.output]) {
            reads[*value] += 1;
        }
        reads
    }

    /// The same network at inference: without what only training does.
    pub fn inference(&self) -> Self {
        self.rewritten(|_, instruction| match instruction.op {
            Op::Dropout { .. } => Rewrite::Alias,
            _ => Rewrite::Keep,
        })
    }

    /// The same program, with instruction `i` rewritten as `how(i, …)` says and values renumbered.
    pub(super) fn rewritten(&self, how: impl Fn(usize, &Instruction) -> Rewrite) -> Self {
        let mut instructions = Vec::with_capacity(self.instructions.len());
        let mut now = vec![Self::INPUT; self.n_values()];
        // How many instructions there are before each of the old ones, and behind the last.
        let mut after = vec![0];
        for (at, instruction) in self.instructions.iter().enumerate() {
            let known = |value: &usize| now.get(*value).copied().unwrap_or(Self::INPUT);
            let inputs: Vec<usize> = instruction.inputs.iter().map(known).collect();
            now[at + 1] = match how(at, instruction) {
                Rewrite::Alias => inputs.first().copied().unwrap_or(Self::INPUT),
                Rewrite::Keep => {
                    instructions.push(Instruction { op: instruction.op.clone(), inputs });
                    instructions.len()
                }
                Rewrite::Then(next) => {
                    instructions.push(Instruction { op: instruction.op.clone(), inputs });
                    instructions.push(Instruction { op: next, inputs: vec![instructions.len()] });
                    instructions.len()
                }
            };
            after.push(instructions.len());
        }
        let value = |value: usize| now.get(value).copied().unwrap_or(Self::INPUT);
        let moved = |end: &LayerEnd| {
            let before = after.get(end.after).copied().unwrap_or(instructions.len());
            LayerEnd { after: before, value: value(end.value), ..*end }
        };
        let layers = self.layers.iter().map(moved).collect();
        let output = value(self.output);
        Self { instructions, layers, output }
    }
}

/// What becomes of an instruction.
pub(super) enum Rewrite {
    Keep,
    /// Its first input stands for what it gives.
    Alias,
    /// Another operation follows it.
    Then(Op),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::model::{Architecture, Family, Model};

    fn deep(family: Family) -> Model {
        let shape = Architecture { layers: 3, hidden: 8, ..Architecture::new(family) };
        Model::init(&shape, 5, 4, 0)
    }

    #[test]
    fn every_family_is_traced_with_all_its_weights_and_steps() {
        for family in Family::ALL {
            let model = deep(family);
            let program = model.program();
            let mut weights: Vec<&str> = Vec::new();
            let mut n_steps = 0;
            for (at, instruction) in program.instructions.iter().enumerate() {
                assert!(instruction.inputs.iter().all(|value| *value <= at), "{family:?}: {instruction:?}");
                match &instruction.op {
                    Op::Matmul { weight, .. } => weights.push(weight),
                    Op::Propagate { step } | Op::PropagateMax { step } | Op::Attention { step, .. } => {
                        assert_eq!(*step, n_steps, "{family:?}");
                        n_steps += 1;
                    }
                    _ => {}
                }
            }
            let mut matrices: Vec<&str> =
                model.parameters.iter().filter(|p| p.is_matrix()).map(|p| p.name.as_str()).collect();
            weights.sort_unstable();
            matrices.sort_unstable();
            assert_eq!(weights, matrices, "{family:?}");
            assert_eq!(n_steps, if family.definition().layers_propagate() { 3 } else { 0 }, "{family:?}");
            assert_eq!(program.layers.len(), 3, "{family:?}");
            assert_eq!(program.layers[2], LayerEnd { value: program.output, ..program.layers[2] }, "{family:?}");
        }
    }

    #[test]
    fn inference_leaves_dropout_out_and_a_program_read_back_is_the_same() {
        for family in Family::ALL {
            let program = deep(family).program();
            let n_dropouts = program.instructions.iter().filter(|i| matches!(i.op, Op::Dropout { .. })).count();
            let lean = program.inference();
            assert!(n_dropouts >= 2, "{family:?}");
            assert_eq!(lean.instructions.len() + n_dropouts, program.instructions.len(), "{family:?}");
            assert_eq!(lean, lean.inference(), "{family:?}");
            assert_eq!(lean.output, lean.instructions.len(), "{family:?}");
            for program in [program, lean] {
                let text = serde_json::to_string(&program).expect("a list");
                assert_eq!(serde_json::from_str::<Program>(&text).expect("read back"), program, "{family:?}");
            }
        }
    }
}
