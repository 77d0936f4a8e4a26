//! Tracing: a family's layers, written as calls, become a list of operations. No data is involved.

use super::architecture::Architecture;
use super::choices::{Activation, Norm};
use super::params::Parameter;
use super::program::{Coefficient, Instruction, LayerEnd, Op, Program, StepKind};

/// A value of the network that is traced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Value(usize);

/// Traces a network into its operations.
pub(crate) struct Tracer<'a> {
    shape: &'a Architecture,
    parameters: &'a [Parameter],
    instructions: Vec<Instruction>,
    layers: Vec<LayerEnd>,
}

impl<'a> Tracer<'a> {
    /// The network's own input.
    pub(crate) const INPUT: Value = Value(Program::INPUT);

    /// For a network of `shape` with the names of `parameters`.
    pub(crate) fn new(shape: &'a Architecture, parameters: &'a [Parameter]) -> Self {
        Self { shape, parameters, instructions: Vec::new(), layers: Vec::new() }
    }

    /// Family and shape.
    pub(crate) fn shape(&self) -> &'a Architecture {
        self.shape
    }

    /// The layer ends with `h`.
    pub(crate) fn end_layer(&mut self, kind: StepKind, h: Value) {
        self.layers.push(LayerEnd { after: self.instructions.len(), value: h.0, kind });
    }

    /// The program whose output is `h`.
    pub(crate) fn finish(self, h: Value) -> Program {
        Program { instructions: self.instructions, layers: self.layers, output: h.0 }
    }

    fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|p| p.name == name)
    }

    fn push(&mut self, op: Op, inputs: &[Value]) -> Value {
        self.instructions.push(Instruction { op, inputs: inputs.iter().map(|value| value.0).collect() });
        Value(self.instructions.len())
    }

    fn matmul_of(&mut self, weight: &str, inputs: &[Value]) -> Value {
        let transposed = self.parameter(weight).is_none_or(Parameter::is_transposed);
        self.push(Op::Matmul { weight: weight.to_owned(), transposed }, inputs)
    }

    /// `x Ŵ` with weight `weight`: a place where weights are pruned. `[n, d_in] → [n, d_out]`
    pub(crate) fn matmul(&mut self, weight: &str, x: Value) -> Value {
        self.matmul_of(weight, &[x])
    }

    /// As [`Tracer::matmul`], with another value for the authors' weight test to look at.
    pub(crate) fn matmul_measured(&mut self, weight: &str, x: Value, measured: Value) -> Value {
        self.matmul_of(weight, &[x, measured])
    }

    /// `x + b`, where the model has bias `bias`; else `x`.
    pub(crate) fn bias(&mut self, bias: &str, x: Value) -> Value {
        match self.parameter(bias) {
            Some(_) => self.push(Op::Bias { bias: bias.to_owned() }, &[x]),
            None => x,
        }
    }

    /// `x Ŵ + b` with `{name}.weight` and, where there is one, `{name}.bias`.
    pub(crate) fn linear(&mut self, name: &str, x: Value) -> Value {
        let out = self.matmul(&format!("{name}.weight"), x);
        self.bias(&format!("{name}.bias"), out)
    }

    /// `T̂ x` of graph step `step`: a place where entries are pruned.
    pub(crate) fn propagate(&mut self, step: usize, x: Value) -> Value {
        self.push(Op::Propagate { step }, &[x])
    }

    /// Attention of graph step `step`: softmax over each node's entries of the score that `vectors` give, times `source`. Without `target`
    /// (the form of 2018) they are the vectors of source and target, else one vector for the sum of both. `[n, heads · channels]` each
    pub(crate) fn attention(&mut self, step: usize, source: Value, target: Option<Value>, vectors: &[String]) -> Value {
        let inputs: Vec<Value> = [source].into_iter().chain(target).collect();
        self.push(Op::Attention { step, vectors: vectors.to_vec() }, &inputs)
    }

    /// Per column the largest value over each node's entries of graph step `step`: a place where entries are pruned.
    pub(crate) fn propagate_max(&mut self, step: usize, x: Value) -> Value {
        self.push(Op::PropagateMax { step }, &[x])
    }

    /// The mean over `heads` blocks of columns. `[n, heads · channels] → [n, channels]`
    pub(crate) fn mean_heads(&mut self, heads: usize, x: Value) -> Value {
        if heads == 1 { x } else { self.push(Op::MeanHeads { heads }, &[x]) }
    }

    /// `a x + b y`.
    pub(crate) fn combine(
        &mut self,
        a: impl Into<Coefficient>,
        x: Value,
        b: impl Into<Coefficient>,
        y: Value,
    ) -> Value {
        self.push(Op::Combine { a: a.into(), b: b.into() }, &[x, y])
    }

    /// `a x`.
    pub(crate) fn scale(&mut self, a: f32, x: Value) -> Value {
        self.push(Op::Scale { a }, &[x])
    }

    /// Normalisation `name` of this kind; `x` where it is none.
    pub(crate) fn norm(&mut self, norm: Norm, name: &str, x: Value) -> Value {
        match (norm, norm.own()) {
            (_, Some(kind)) => self.push(Op::Normalise { kind, name: name.to_owned() }, &[x]),
            (Norm::Batch, None) => self.push(Op::BatchNorm { name: name.to_owned() }, &[x]),
            (_, None) => x,
        }
    }

    /// The activation of the network; `slope` is what the name of its slopes begins with, where they are trained.
    pub(crate) fn activation(&mut self, slope: &str, x: Value) -> Value {
        match (self.shape.activation, self.shape.activation.function()) {
            (_, Some(function)) => self.push(Op::Nonlinearity { function }, &[x]),
            (Activation::Relu, None) => self.relu(x),
            (Activation::Prelu, None) => self.push(Op::Prelu { slope: format!("{slope}.weight") }, &[x]),
            (_, None) => x,
        }
    }

    /// Values side by side. `[n, width] … → [n, sum of the widths]`
    pub(crate) fn concatenate(&mut self, values: &[Value]) -> Value {
        match values {
            [one] => *one,
            several => self.push(Op::Concatenate, several),
        }
    }

    /// The largest of several values, place by place.
    pub(crate) fn maximum(&mut self, values: &[Value]) -> Value {
        match values {
            [one] => *one,
            several => self.push(Op::Maximum, several),
        }
    }

    /// `max(x, 0)`.
    pub(crate) fn relu(&mut self, x: Value) -> Value {
        self.push(Op::Relu, &[x])
    }

    /// In training, sets a share of the values to 0 and scales the others up.
    pub(crate) fn dropout(&mut self, x: Value) -> Value {
        let rate = self.shape.dropout;
        if rate > 0.0 { self.push(Op::Dropout { rate }, &[x]) } else { x }
    }
}
