//! Training: a program run one operation after another, with batch statistics and dropout; each leaves its backward step on the tape.

use std::sync::Arc;

use ndarray::{Array1, Array2, s};

use super::operations::{combined, concatenated, largest_of, mean_of_heads, scaled, weight_at};
use super::policy::Policy;
use super::tape::{Step, Tape};
use super::values::Values;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::kernels::{AttentionInput, Nonlinearity, Pointwise, Rows, column_sums, copied};
use crate::engine::model::batch_norm;
use crate::engine::model::dropout::{self, DropoutSeed};
use crate::engine::model::elementwise::{change_each_row, each_row};
use crate::engine::model::lookup::{batch_norm_at, number, parameter};
use crate::engine::model::network::Model;
use crate::engine::model::normalisation::Normalisation;
use crate::engine::model::normalise::Normaliser;
use crate::engine::model::program::{Instruction, Op, Program};

/// `program` on `input` in training mode. `[n, d_in] → [n, n_classes]`
pub(crate) fn train_forward(
    program: &Program,
    model: &Model,
    input: Rows<'_>,
    policy: &mut dyn Policy,
    tape: &mut Tape,
    ctl: &Control,
) -> Result<Array2<f32>, EngineError> {
    tape.output = program.output;
    let values = Values::new(input.reborrow(), program.n_reads());
    let mut training = Training { model, values, policy, tape, n_dropouts: 0, ctl: ctl.recycling() };
    let mut layers = program.layers.iter().enumerate().peekable();
    let n_layers = program.layers.len();
    training.ctl.progress("layer", 0, n_layers);
    for at in 0..=program.instructions.len() {
        while let Some((layer, end)) = layers.next_if(|(_, end)| end.after <= at) {
            let output = training.values.peek(end.value);
            training.policy.finished(end.kind, layer, &output);
            if layer + 1 < n_layers {
                training.ctl.progress("layer", layer + 1, n_layers);
            }
        }
        if let Some(instruction) = program.instructions.get(at) {
            training.run(instruction, at + 1)?;
        }
    }
    training.values.take(program.output, &training.ctl)
}

struct Training<'a> {
    model: &'a Model,
    values: Values<'a>,
    policy: &'a mut dyn Policy,
    tape: &'a mut Tape,
    n_dropouts: u64,
    ctl: Control,
}

impl Training<'_> {
    /// Records how the gradient of `out` becomes those of what it was made of.
    fn record(
        &mut self,
        out: usize,
        step: impl FnOnce(Array2<f32>, &mut Step<'_>) -> Result<(), EngineError> + Send + 'static,
    ) {
        self.tape.record(out, Box::new(step));
    }

    fn run(&mut self, instruction: &Instruction, out: usize) -> Result<(), EngineError> {
        let inputs = &instruction.inputs;
        let x = inputs.first().copied().unwrap_or(Program::INPUT);
        match &instruction.op {
            Op::Matmul { weight, .. } => self.matmul(weight, x, inputs.get(1).copied(), out),
            Op::Bias { bias } => self.bias(bias, x, out),
            Op::Propagate { step } => self.propagate(*step, x, out),
            Op::Attention { step, vectors } => self.attention(*step, x, inputs.get(1).copied(), vectors, out),
            Op::MeanHeads { heads } => self.mean_heads(*heads, x, out),
            Op::Combine { a, b } => {
                let (a, b) = (number(self.model, a)?, number(self.model, b)?);
                self.combine(a, x, b, inputs.get(1).copied().unwrap_or(Program::INPUT), out)
            }
            Op::Scale { a } => self.scale(*a, x, out),
            Op::BatchNorm { name } => self.batch_norm(name, x, out),
            Op::Normalise { kind, name } => self.normalise(*kind, name, x, out),
            Op::Relu => self.relu(x, out),
            Op::Nonlinearity { function } => self.nonlinearity(*function, x, out),
            Op::Prelu { slope } => self.prelu(slope, x, out),
            Op::PropagateMax { step } => self.propagate_max(*step, x, out),
            Op::Concatenate => self.concatenate(inputs, out),
            Op::Maximum => self.maximum(inputs, out),
            Op::Dropout { rate } => self.dropout(*rate, x, out),
        }
    }

    fn matmul(&mut self, name: &str, x: usize, measured: Option<usize>, out: usize) -> Result<(), EngineError> {
        let (at, weight) = weight_at(self.model, name)?;
        let (matrix, prunable) = (weight.matrix, weight.prunable.map(|p| p.1));
        let data = self.values.read_rows(x);
        let measured = measured.map(|measured| self.values.read_rows(measured));
        let rows = self.values.rows(data.as_ref());
        let looked_at = measured.as_ref().map_or_else(|| rows.reborrow(), |m| self.values.rows(m.as_ref()));
        let product = self.policy.transform(weight, rows.reborrow(), looked_at, &self.ctl)?;
        self.values.set(out, product);
        self.record(out, move |g, step| step.through_product(matrix, prunable, at, x, data, g));
        Ok(())
    }

    fn bias(&mut self, name: &str, x: usize, out: usize) -> Result<(), EngineError> {
        let (at, bias) = parameter(self.model, name)?;
        let mut sum = self.values.take(x, &self.ctl)?;
        change_each_row(&mut sum, &[Pointwise::Bias(bias.values.row(0).to_vec())], &self.ctl)?;
        self.values.set(out, sum);
        self.record(out, move |g, step| {
            step.parameter(at, column_sums(g.view(), step.ctl)?.into_iter().map(|s| s as f32).collect());
            step.add(x, g);
            Ok(())
        });
        Ok(())
    }

    fn propagate(&mut self, step: usize, x: usize, out: usize) -> Result<(), EngineError> {
        let data = self.values.read(x);
        let propagated = self.policy.propagate(step, &data, &self.ctl)?;
        self.values.set(out, propagated);
        self.record(out, move |g, back| {
            if Step::wants(x) {
                let d_x = back.retrace.propagate_back(step, &g, back.ctl)?;
                back.ctl.recycle(g);
                back.add(x, d_x);
            }
            Ok(())
        });
        Ok(())
    }

    fn attention(
        &mut self,
        step: usize,
        source_id: usize,
        target_id: Option<usize>,
        names: &[String],
        out: usize,
    ) -> Result<(), EngineError> {
        let found = names.iter().map(|name| parameter(self.model, name)).collect::<Result<Vec<_>, _>>()?;
        let positions: Vec<usize> = found.iter().map(|(at, _)| *at).collect();
        let vectors: Vec<Array2<f32>> = found.iter().map(|(_, p)| p.values.clone()).collect();
        let source = self.values.read(source_id);
        let target: Option<Arc<_>> = target_id.map(|target| self.values.read(target));
        let input = AttentionInput { source: &source, target: target.as_deref(), vectors: &vectors };
        let attended = self.policy.attend(step, &input, &self.ctl)?;
        self.values.set(out, attended);
        self.record(out, move |g, back| {
            let input = AttentionInput { source: &source, target: target.as_deref(), vectors: &vectors };
            let gradient = back.retrace.attended(step).backward(&input, &g, back.ctl)?;
            for (at, g) in positions.into_iter().zip(gradient.vectors) {
                back.parameter_matrix(at, g);
            }
            back.add(source_id, gradient.source);
            if let Some(g) = gradient.target {
                back.add(target_id.unwrap_or(source_id), g);
            }
            Ok(())
        });
        Ok(())
    }

    fn mean_heads(&mut self, heads: usize, x: usize, out: usize) -> Result<(), EngineError> {
        let data = self.values.read(x);
        let channels = data.ncols() / heads;
        let share = 1.0 / heads as f32;
        let mean = mean_of_heads(heads, &data, &self.ctl)?;
        self.values.set(out, mean);
        self.record(out, move |g, back| {
            let mut wide = Array2::zeros((g.nrows(), heads * channels));
            each_row(&mut wide, back.ctl, |u, row| {
                row.iter_mut().enumerate().for_each(|(j, w)| *w = share * g[[u, j % channels]]);
            })?;
            back.add(x, wide);
            Ok(())
        });
        Ok(())
    }

    fn combine(&mut self, a: f32, x: usize, b: f32, y: usize, out: usize) -> Result<(), EngineError> {
        let first = self.values.take(x, &self.ctl)?;
        let second = self.values.read(y);
        let sum = combined(a, first, b, &second, &self.ctl)?;
        self.values.set(out, sum);
        self.record(out, move |g, back| {
            if Step::wants(y) {
                back.add(y, scaled(b, g.clone(), back.ctl)?);
            }
            if Step::wants(x) {
                let g = scaled(a, g, back.ctl)?;
                back.add(x, g);
            }
            Ok(())
        });
        Ok(())
    }

    fn scale(&mut self, a: f32, x: usize, out: usize) -> Result<(), EngineError> {
        let data = self.values.take(x, &self.ctl)?;
        let scaled_rows = scaled(a, data, &self.ctl)?;
        self.values.set(out, scaled_rows);
        self.record(out, move |g, back| {
            let g = scaled(a, g, back.ctl)?;
            back.add(x, g);
            Ok(())
        });
        Ok(())
    }

    fn batch_norm(&mut self, name: &str, x: usize, out: usize) -> Result<(), EngineError> {
        let (at, norm) = batch_norm_at(self.model, name)?;
        let data = self.values.take(x, &self.ctl)?;
        let (normalised, kept) = batch_norm::forward_train(data, &norm, &self.ctl)?;
        self.values.set(out, normalised);
        let gamma = self.model.parameters[at].values.row(0).to_vec();
        self.tape.batch_statistics.push((at, kept.mean.clone(), kept.unbiased_var.clone()));
        self.record(out, move |g, back| {
            let (g, [d_weight, d_bias]) = batch_norm::backward(g, &gamma, &kept, back.ctl)?;
            back.parameter(at, d_weight);
            back.parameter(at + 1, d_bias);
            back.add(x, g);
            Ok(())
        });
        Ok(())
    }

    fn relu(&mut self, x: usize, out: usize) -> Result<(), EngineError> {
        let mut data = self.values.take(x, &self.ctl)?;
        change_each_row(&mut data, &[Pointwise::Relu], &self.ctl)?;
        let let_through = self.values.set(out, data);
        self.record(out, move |mut g, back| {
            each_row(&mut g, back.ctl, |u, row| {
                for (g, out) in row.iter_mut().zip(let_through.row(u)) {
                    if *out <= 0.0 {
                        *g = 0.0;
                    }
                }
            })?;
            back.add(x, g);
            Ok(())
        });
        Ok(())
    }

    fn normalise(&mut self, kind: Normalisation, name: &str, x: usize, out: usize) -> Result<(), EngineError> {
        let norm = Normaliser::of(self.model, kind, name)?;
        let (normalised, kept) = norm.forward(self.values.take(x, &self.ctl)?, &self.ctl)?;
        self.values.set(out, normalised);
        self.record(out, move |g, back| {
            let (g, parameters) = norm.backward(g, &kept, back.ctl)?;
            for (at, g) in parameters {
                back.parameter(at, g);
            }
            back.add(x, g);
            Ok(())
        });
        Ok(())
    }

    fn nonlinearity(&mut self, function: Nonlinearity, x: usize, out: usize) -> Result<(), EngineError> {
        let data = self.values.read(x);
        let mut rows = copied(&data, &self.ctl)?;
        change_each_row(&mut rows, &[Pointwise::Nonlinearity(function)], &self.ctl)?;
        self.values.set(out, rows);
        self.record(out, move |mut g, back| {
            each_row(&mut g, back.ctl, |u, row| {
                row.iter_mut().zip(data.row(u)).for_each(|(g, x)| *g *= function.slope(*x));
            })?;
            back.add(x, g);
            Ok(())
        });
        Ok(())
    }

    fn prelu(&mut self, name: &str, x: usize, out: usize) -> Result<(), EngineError> {
        let (at, slope) = parameter(self.model, name)?;
        let slope = slope.values.row(0).to_vec();
        let data = self.values.read(x);
        let mut rows = copied(&data, &self.ctl)?;
        change_each_row(&mut rows, &[Pointwise::Prelu(slope.clone())], &self.ctl)?;
        self.values.set(out, rows);
        self.record(out, move |mut g, back| {
            let mut below = copied(&g, back.ctl)?;
            each_row(&mut below, back.ctl, |u, row| {
                row.iter_mut().zip(data.row(u)).for_each(|(g, x)| *g *= x.min(0.0));
            })?;
            let d_slope: Array1<f32> = column_sums(below.view(), back.ctl)?.into_iter().map(|s| s as f32).collect();
            back.ctl.recycle(below);
            back.parameter(at, d_slope);
            each_row(&mut g, back.ctl, |u, row| {
                for ((g, x), slope) in row.iter_mut().zip(data.row(u)).zip(&slope) {
                    *g *= if *x > 0.0 { 1.0 } else { *slope };
                }
            })?;
            back.add(x, g);
            Ok(())
        });
        Ok(())
    }

    fn propagate_max(&mut self, step: usize, x: usize, out: usize) -> Result<(), EngineError> {
        let data = self.values.read(x);
        let largest = self.policy.propagate_max(step, &data, &self.ctl)?;
        let largest = self.values.set(out, largest);
        self.record(out, move |g, back| {
            if Step::wants(x) {
                let d_x = back.retrace.propagate_max_back(step, &data, &largest, &g, back.ctl)?;
                back.ctl.recycle(g);
                back.add(x, d_x);
            }
            Ok(())
        });
        Ok(())
    }

    fn concatenate(&mut self, inputs: &[usize], out: usize) -> Result<(), EngineError> {
        let parts: Vec<_> = inputs.iter().map(|part| self.values.read(*part)).collect();
        let joined = concatenated(&parts, &self.ctl)?;
        self.values.set(out, joined);
        let parts: Vec<(usize, usize)> = inputs.iter().copied().zip(parts.iter().map(|part| part.ncols())).collect();
        self.record(out, move |g, back| {
            let mut from = 0;
            for (part, width) in parts {
                if Step::wants(part) {
                    back.add(part, g.slice(s![.., from..from + width]).as_standard_layout().into_owned());
                }
                from += width;
            }
            Ok(())
        });
        Ok(())
    }

    fn maximum(&mut self, inputs: &[usize], out: usize) -> Result<(), EngineError> {
        let parts: Vec<_> = inputs.iter().map(|part| self.values.read(*part)).collect();
        let Some((first, others)) = parts.split_first() else { return Ok(()) };
        let largest = largest_of(copied(first, &self.ctl)?, others, &self.ctl)?;
        let largest = self.values.set(out, largest);
        let ids = inputs.to_vec();
        self.record(out, move |g, back| {
            for (nth, (id, part)) in ids.iter().zip(&parts).enumerate().filter(|(_, (id, _))| Step::wants(**id)) {
                let mut own = copied(&g, back.ctl)?;
                each_row(&mut own, back.ctl, |u, row| {
                    for (j, g) in row.iter_mut().enumerate() {
                        // Of equal values the first passes it on.
                        let is_first = |other: &Arc<Array2<f32>>| other[[u, j]] < largest[[u, j]];
                        if part[[u, j]] < largest[[u, j]] || !parts[..nth].iter().all(is_first) {
                            *g = 0.0;
                        }
                    }
                })?;
                back.add(*id, own);
            }
            Ok(())
        });
        Ok(())
    }

    fn dropout(&mut self, rate: f64, x: usize, out: usize) -> Result<(), EngineError> {
        let seed = DropoutSeed { seed: self.tape.seed, epoch: self.tape.epoch, layer: self.n_dropouts };
        self.n_dropouts += 1;
        let mut data = self.values.take(x, &self.ctl)?;
        dropout::apply(&mut data, rate, seed, &self.ctl)?;
        self.values.set(out, data);
        self.record(out, move |mut g, back| {
            dropout::apply(&mut g, rate, seed, back.ctl)?;
            back.add(x, g);
            Ok(())
        });
        Ok(())
    }
}
