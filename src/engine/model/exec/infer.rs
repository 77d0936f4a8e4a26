//! Inference: a program run over masks that are being decided, that are given, or over none.
//!
//! Operations run in the groups that `passes/fuse.rs` makes; a value goes with its last read.

use std::sync::Arc;

use ndarray::Array2;

use super::hops::hops;
use super::operations::{of_rows, weight_at};
use super::policy::Policy;
use super::values::{Values, recycle};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::Features;
use crate::engine::kernels::{AttentionInput, Pointwise, Rows};
use crate::engine::model::elementwise::{change_each_row, feature_rows};
use crate::engine::model::lookup::{parameter, pointwise};
use crate::engine::model::network::Model;
use crate::engine::model::passes::fuse::{Action, Chain, Group, fuse};
use crate::engine::model::passes::rows::first_needed;
use crate::engine::model::program::{Instruction, Op, Program};

/// The whole network on the whole graph: the propagation of a decoupled family and its scaler, then `program`.
pub(crate) fn forward(
    program: &Program,
    model: &Model,
    features: &Features,
    policy: &mut dyn Policy,
    ctl: &Control,
) -> Result<Array2<f32>, EngineError> {
    if model.architecture.is_decoupled() {
        let mut embedding = hops(features, &model.architecture, policy, ctl)?;
        if let Some(scaler) = &model.scaler {
            scaler.apply(&mut embedding, ctl)?;
        }
        infer(program, model, Rows::Dense(embedding.view()), policy, ctl)
    } else {
        infer(program, model, feature_rows(features), policy, ctl)
    }
}

/// `program` on `input`, with the parameters of `model`. `[n, d_in] → [n, n_classes]`
pub(crate) fn infer(
    program: &Program,
    model: &Model,
    input: Rows<'_>,
    policy: &mut dyn Policy,
    ctl: &Control,
) -> Result<Array2<f32>, EngineError> {
    let program = program.inference();
    let (actions, n_reads) = fuse(&program, policy.fuses());
    let n_rows = policy.rows().map(|rows| {
        let first = first_needed(&program, rows.len().saturating_sub(1));
        first.into_iter().map(|step| rows.get(step).copied().unwrap_or_default()).collect()
    });
    let mut inference = Inference {
        program: &program,
        model,
        values: Values::new(input.reborrow(), n_reads),
        n_rows,
        policy,
        ctl: ctl.recycling(),
    };
    let n_layers = program.layers.len();
    inference.ctl.progress("layer", 0, n_layers);
    for action in actions {
        match action {
            Action::Run(group) => inference.run(&group)?,
            Action::EndLayer { layer, value } => {
                match value {
                    Some(value) => {
                        let output = inference.values.peek(value);
                        inference.policy.finished(program.layers[layer].kind, layer, &output);
                    }
                    None => inference.policy.finished_unseen(),
                }
                if layer + 1 < n_layers {
                    inference.ctl.progress("layer", layer + 1, n_layers);
                }
            }
        }
    }
    inference.values.read_first(inference.n_rows.as_ref().map(|n_rows| n_rows[program.output]));
    inference.values.take(program.output, &inference.ctl)
}

struct Inference<'a> {
    program: &'a Program,
    model: &'a Model,
    values: Values<'a>,
    /// How many rows every value needs, where only some of the output's are wanted.
    n_rows: Option<Vec<usize>>,
    policy: &'a mut dyn Policy,
    ctl: Control,
}

impl Inference<'_> {
    fn run(&mut self, group: &Group) -> Result<(), EngineError> {
        let (last, propagates) = match group {
            Group::One(at) => (*at, self.program.instructions[*at].op.propagates()),
            Group::Chain(chain) => (chain.last, chain.propagate.is_some()),
        };
        // Who propagates reads as many rows as there are columns; everybody else as many as come out.
        let n_rows = self.n_rows.as_ref().filter(|_| !propagates).map(|n_rows| n_rows[last + 1]);
        self.values.read_first(n_rows);
        let (at, out) = match group {
            Group::One(at) => (*at, self.one(&self.program.instructions[*at])?),
            Group::Chain(chain) => (chain.last, self.chain(chain)?),
        };
        self.values.set(at + 1, out);
        Ok(())
    }

    /// `f(T̂ x) Ŵ`, or a part of it, in one go.
    fn chain(&mut self, chain: &Chain) -> Result<Array2<f32>, EngineError> {
        let changes = chain.changes.iter().map(|at| {
            let change = pointwise(self.model, &self.program.instructions[*at].op)?;
            change.ok_or_else(|| EngineError::mismatch("program", "an element-wise operation", "another"))
        });
        let changes = changes.collect::<Result<Vec<Pointwise>, EngineError>>()?;
        if let Some(weight) = &chain.matmul {
            let (_, weight) = weight_at(self.model, weight)?;
            let x = self.values.read(chain.input);
            let out = self.policy.propagate_and_transform(chain.propagate, &x, &changes, weight, &self.ctl)?;
            recycle(Some(x), &self.ctl);
            return Ok(out);
        }
        let mut out = match chain.propagate {
            Some(step) => self.propagated(step, chain.input)?,
            None => self.values.take(chain.input, &self.ctl)?,
        };
        change_each_row(&mut out, &changes, &self.ctl)?;
        Ok(out)
    }

    fn propagated(&mut self, step: usize, x: usize) -> Result<Array2<f32>, EngineError> {
        let x = self.values.read(x);
        let out = self.policy.propagate(step, &x, &self.ctl)?;
        recycle(Some(x), &self.ctl);
        Ok(out)
    }

    fn one(&mut self, instruction: &Instruction) -> Result<Array2<f32>, EngineError> {
        let inputs = &instruction.inputs;
        let input = |at: usize| inputs.get(at).copied().unwrap_or(Program::INPUT);
        match &instruction.op {
            Op::Matmul { weight, .. } => {
                let (_, weight) = weight_at(self.model, weight)?;
                let x = self.values.read_rows(input(0));
                let measured = inputs.get(1).map(|measured| self.values.read_rows(*measured));
                let rows = self.values.rows(x.as_ref());
                let looked_at = measured.as_ref().map_or_else(|| rows.reborrow(), |m| self.values.rows(m.as_ref()));
                let out = self.policy.transform(weight, rows.reborrow(), looked_at, &self.ctl)?;
                recycle(measured.flatten(), &self.ctl);
                recycle(x, &self.ctl);
                Ok(out)
            }
            Op::Propagate { step } => self.propagated(*step, input(0)),
            Op::PropagateMax { step } => {
                let x = self.values.read(input(0));
                let out = self.policy.propagate_max(*step, &x, &self.ctl)?;
                recycle(Some(x), &self.ctl);
                Ok(out)
            }
            Op::Attention { step, vectors } => {
                let parameters = vectors.iter().map(|name| Ok(parameter(self.model, name)?.1.values.clone()));
                let vectors = parameters.collect::<Result<Vec<_>, EngineError>>()?;
                let source = self.values.read(input(0));
                let target: Option<Arc<_>> = inputs.get(1).map(|target| self.values.read(*target));
                let attention = AttentionInput { source: &source, target: target.as_deref(), vectors: &vectors };
                let out = self.policy.attend(*step, &attention, &self.ctl)?;
                recycle(target, &self.ctl);
                recycle(Some(source), &self.ctl);
                Ok(out)
            }
            op => {
                let inputs = inputs.iter().map(|input| self.values.read(*input)).collect();
                of_rows(self.model, op, inputs, &self.ctl)
            }
        }
    }
}
