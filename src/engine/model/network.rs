//! The forward pass, once for every use: unpruned, pruned over frozen masks, deciding masks, and training.
//!
//! A family writes its layers with the operations of [`Net`]. What differs between the uses is who multiplies and who
//! propagates: a [`Policy`]. In training every operation also writes down how to walk back over it (see `backward.rs`).

use std::sync::Arc;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::architecture::Architecture;
use super::backward::{Step, Tape};
use super::batch_norm;
use super::dropout::{self, DropoutSeed};
use super::families::{Definition, Stack};
use super::hops::hops;
use super::outline::{Line, Operation};
use super::params::{Model, Parameter};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Features, Permutation};
use crate::engine::kernels::{AttentionInput, Panels, Pointwise, Precision, Rows, change_rows, column_sums, copied};

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

/// A weight matrix of the model, and where it stands.
#[derive(Clone, Copy)]
pub(crate) struct WeightAt<'a> {
    /// Position among all matrices of the model.
    pub(crate) matrix: usize,
    /// Layer and position among the matrices that may be pruned, if it is one.
    pub(crate) prunable: Option<(usize, usize)>,
    /// Short name.
    pub(crate) name: &'a str,
    pub(crate) values: &'a Array2<f32>,
}

/// Who multiplies and who propagates.
pub(crate) trait Policy {
    /// `x Ŵ`, without the bias. `measured` is what the weight test looks at: `x` itself but for the authors' GCNII.
    /// `[n, d_in] → [n, d_out]`
    fn transform(
        &mut self,
        weight: WeightAt<'_>,
        x: Rows<'_>,
        measured: Rows<'_>,
        ctl: &Control,
    ) -> Result<Array2<f32>, EngineError>;

    /// Whether nobody looks at what comes out of single steps, so that [`Policy::walk_and_transform`] may do some of them in one go.
    fn fuses(&self) -> bool {
        false
    }

    /// `f(T̂ x) Ŵ` of graph step `walk`, or `f(x) Ŵ`: what is multiplied never lies in memory as a whole. `then` is `f`, done to every row.
    /// Only where the policy [`Policy::fuses`]. `[n, d_in] → [n, d_out]`
    fn walk_and_transform(
        &mut self,
        _walk: Option<usize>,
        _x: &Array2<f32>,
        _then: &[Pointwise],
        _weight: WeightAt<'_>,
        _ctl: &Control,
    ) -> Result<Array2<f32>, EngineError> {
        unreachable!("a policy that fuses says how")
    }

    /// `T̂ x` of graph step `step`. `[n, width] → [n, width]`
    fn propagate(&mut self, step: usize, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError>;

    /// `out = T̂ x` of hop `step`. `[n, width] → [n, width]`
    fn hop(&mut self, step: usize, x: &Panels, out: &mut Panels, ctl: &Control) -> Result<(), EngineError> {
        let next = self.propagate(step, &x.to_rows(None, ctl)?, ctl)?;
        out.write(Rows::Dense(next.view()), None, ctl)
    }

    /// How the rows of what hops lie, where that is not as nodes are stored.
    fn order(&self) -> Option<&Permutation> {
        None
    }

    /// How embeddings are stored between hops.
    fn precision(&self) -> Precision {
        Precision::F32
    }

    /// Attention of graph step `step` over the entries that are there. `→ [n, heads · channels]`
    fn attend(&mut self, step: usize, input: &AttentionInput<'_>, ctl: &Control) -> Result<Array2<f32>, EngineError>;

    /// Called with the output of every finished step.
    fn finished(&mut self, kind: StepKind, idx: usize, output: &Array2<f32>) {
        let _ = (kind, idx, output);
    }

    /// Called instead of [`Policy::finished`] for a step of which something is put off.
    fn finished_unseen(&mut self) {}

    /// Called with the output of every finished hop.
    fn finished_hop(&mut self, idx: usize, output: &Panels, ctl: &Control) -> Result<(), EngineError> {
        let _ = (idx, output, ctl);
        Ok(())
    }
}

/// A value inside the network: one row per node. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    /// Position on the tape; the network's own input is [`Value::INPUT`].
    pub(super) id: usize,
    /// `None` stands for the network's own input.
    data: Option<Arc<Array2<f32>>>,
    /// The graph step that is still to be walked, before anything pending.
    walk: Option<usize>,
    /// What is still to be done to every row, in order. Outside of training it is put off, so that one pass over memory does all of it.
    pending: Vec<Pointwise>,
}

impl Value {
    pub(super) const INPUT: usize = 0;

    fn input() -> Self {
        Self { id: Self::INPUT, data: None, walk: None, pending: Vec::new() }
    }
}

/// A network being run.
pub(crate) struct Net<'a> {
    model: &'a Model,
    policy: &'a mut dyn Policy,
    input: Rows<'a>,
    dense_input: Option<Arc<Array2<f32>>>,
    /// In training: batch statistics, dropout, and the way back.
    tape: Option<&'a mut Tape>,
    /// Where the operations are written down, if they are wanted as a list.
    lines: Option<&'a mut Vec<Line>>,
    n_values: usize,
    n_dropouts: u64,
    ctl: Control,
}

impl<'a> Net<'a> {
    pub(crate) fn new(
        model: &'a Model,
        input: Rows<'a>,
        policy: &'a mut dyn Policy,
        tape: Option<&'a mut Tape>,
        ctl: &Control,
    ) -> Self {
        let ctl = ctl.recycling();
        let n_values = Value::INPUT + 1;
        Self { model, policy, input, dense_input: None, tape, lines: None, n_values, n_dropouts: 0, ctl }
    }

    /// Has every operation written into `lines`.
    pub(crate) fn written_down(mut self, lines: &'a mut Vec<Line>) -> Self {
        self.lines = Some(lines);
        self
    }

    /// Family and shape.
    pub(crate) fn shape(&self) -> &'a Architecture {
        &self.model.architecture
    }

    fn parameter(&self, name: &str) -> Result<(usize, &'a Parameter), EngineError> {
        let found = self.model.position(name).map(|at| (at, &self.model.parameters[at]));
        found.ok_or_else(|| EngineError::mismatch("model tensors", name, "none of that name"))
    }

    fn new_value(&mut self, data: Array2<f32>) -> Value {
        self.n_values += 1;
        Value { id: self.n_values - 1, data: Some(Arc::new(data)), walk: None, pending: Vec::new() }
    }

    /// Writes the operation that gave `out` into the list, where one is kept.
    fn note(&mut self, out: &Value, inputs: &[usize], operation: impl FnOnce() -> Operation) {
        if let Some(lines) = &mut self.lines {
            let width = out.data.as_ref().map_or(0, |data| data.ncols());
            lines.push(Line { output: out.id, inputs: inputs.to_vec(), operation: operation(), width });
        }
    }

    /// In training, writes down how the gradient of `out` becomes those of what it was made of.
    fn record(
        &mut self,
        out: &Value,
        step: impl FnOnce(Array2<f32>, &mut Step<'_>) -> Result<(), EngineError> + Send + 'static,
    ) {
        if let Some(tape) = &mut self.tape {
            tape.record(out.id, Box::new(step));
        }
    }

    /// Puts something off that is done to every row.
    fn put_off(&mut self, mut x: Value, what: Pointwise) -> Value {
        self.n_values += 1;
        x.id = self.n_values - 1;
        x.pending.push(what);
        x
    }

    /// The value with everything done to it.
    fn settled(&mut self, mut x: Value) -> Result<Value, EngineError> {
        if let Some(step) = x.walk.take() {
            let data = self.dense(&x);
            let out = self.policy.propagate(step, &data, &self.ctl)?;
            drop(x.data.replace(Arc::new(out)));
            self.recycle(Some(data));
        }
        if x.pending.is_empty() {
            return Ok(x);
        }
        let pending = std::mem::take(&mut x.pending);
        let id = x.id;
        let mut out = self.owned(x)?;
        each_row(&mut out, &self.ctl, |_, row| change_rows(row, row.len(), &pending))?;
        Ok(Value { id, data: Some(Arc::new(out)), walk: None, pending: Vec::new() })
    }

    /// The rows of a settled value, all values stored.
    fn dense(&mut self, x: &Value) -> Arc<Array2<f32>> {
        if let Some(data) = &x.data {
            return Arc::clone(data);
        }
        let input = self.input;
        Arc::clone(self.dense_input.get_or_insert_with(|| Arc::new(dense_rows(input))))
    }

    /// Gives the memory of a value back where nobody else needs it.
    fn recycle(&self, x: Option<Arc<Array2<f32>>>) {
        if let Some(data) = x.and_then(Arc::into_inner) {
            self.ctl.recycle(data);
        }
    }

    /// The value to write into; copied only where somebody else still needs it.
    fn owned(&mut self, x: Value) -> Result<Array2<f32>, EngineError> {
        match x.data.map(Arc::try_unwrap) {
            Some(Ok(data)) => Ok(data),
            Some(Err(shared)) => copied(&shared, &self.ctl),
            None => {
                let input = self.dense(&Value::input());
                copied(&input, &self.ctl)
            }
        }
    }

    fn rows<'b>(input: &'b Rows<'_>, x: &'b Value) -> Rows<'b> {
        x.data.as_ref().map_or_else(|| input.reborrow(), |data| Rows::Dense(data.view()))
    }

    /// `x Ŵ` with weight `name`. `[n, d_in] → [n, d_out]`
    pub(crate) fn transform(&mut self, name: &str, x: Value) -> Result<Value, EngineError> {
        self.multiply(name, x, None)
    }

    /// As [`Net::transform`], with another value for the authors' weight test to look at.
    pub(crate) fn transform_measured(&mut self, name: &str, x: Value, measured: Value) -> Result<Value, EngineError> {
        let measured = self.settled(measured)?;
        self.multiply(name, x, Some(&measured))
    }

    fn multiply(&mut self, name: &str, x: Value, measured: Option<&Value>) -> Result<Value, EngineError> {
        let is_open = x.walk.is_some() || !x.pending.is_empty();
        let fuses = is_open && x.data.is_some() && measured.is_none() && self.tape.is_none() && self.policy.fuses();
        let x = if fuses { x } else { self.settled(x)? };
        let (at, parameter) = self.parameter(name)?;
        let before = &self.model.parameters[..at];
        let matrix = before.iter().filter(|p| p.is_matrix()).count();
        let nth_prunable = before.iter().filter(|p| p.prunable_layer().is_some()).count();
        let prunable = parameter.prunable_layer().map(|layer| (layer, nth_prunable));
        let weight = WeightAt { matrix, prunable, name: parameter.short_name(), values: &parameter.values };
        if fuses {
            let data = self.dense(&x);
            let out = self.policy.walk_and_transform(x.walk, &data, &x.pending, weight, &self.ctl)?;
            drop(x);
            self.recycle(Some(data));
            return Ok(self.new_value(out));
        }
        let (rows, measured) = (Self::rows(&self.input, &x), Self::rows(&self.input, measured.unwrap_or(&x)));
        let out = self.policy.transform(weight, rows, measured, &self.ctl)?;
        let out = self.new_value(out);
        self.note(&out, &[x.id], || Operation::Transform { weight: name.to_owned() });
        if self.tape.is_none() {
            self.recycle(x.data);
            return Ok(out);
        }
        self.record(&out, move |g, step| step.through_product(matrix, prunable.map(|p| p.1), at, x.id, x.data, g));
        Ok(out)
    }

    /// `x + b`, where the model has bias `name`; else `x`.
    pub(crate) fn bias(&mut self, name: &str, x: Value) -> Result<Value, EngineError> {
        let Some(at) = self.model.position(name) else { return Ok(x) };
        let bias = &self.model.parameters[at].values;
        if self.tape.is_none() {
            let from = x.id;
            let out = self.put_off(x, Pointwise::Bias(bias.row(0).to_vec()));
            self.note(&out, &[from], || Operation::Bias { bias: name.to_owned() });
            return Ok(out);
        }
        let from = x.id;
        let mut out = self.owned(x)?;
        let added = [Pointwise::Bias(bias.row(0).to_vec())];
        each_row(&mut out, &self.ctl, |_, row| change_rows(row, row.len(), &added))?;
        let out = self.new_value(out);
        self.note(&out, &[from], || Operation::Bias { bias: name.to_owned() });
        self.record(&out, move |g, step| {
            step.parameter(at, column_sums(g.view(), step.ctl)?.into_iter().map(|s| s as f32).collect());
            step.add(from, g);
            Ok(())
        });
        Ok(out)
    }

    /// `x Ŵ + b` with `{name}.weight` and, where there is one, `{name}.bias`.
    pub(crate) fn linear(&mut self, name: &str, x: Value) -> Result<Value, EngineError> {
        let out = self.transform(&format!("{name}.weight"), x)?;
        self.bias(&format!("{name}.bias"), out)
    }

    /// One number of the model that training leaves alone.
    pub(crate) fn factor(&self, name: &str) -> Result<f32, EngineError> {
        Ok(self.parameter(name)?.1.values[[0, 0]])
    }

    /// `T̂ x` of graph step `step`.
    pub(crate) fn propagate(&mut self, step: usize, x: Value) -> Result<Value, EngineError> {
        let mut x = self.settled(x)?;
        if self.tape.is_none() && x.data.is_some() && self.policy.fuses() {
            self.n_values += 1;
            x.id = self.n_values - 1;
            x.walk = Some(step);
            return Ok(x);
        }
        let data = self.dense(&x);
        let out = self.policy.propagate(step, &data, &self.ctl)?;
        let out = self.new_value(out);
        self.note(&out, &[x.id], || Operation::Propagate { step });
        if self.tape.is_none() {
            drop(x.data);
            self.recycle(Some(data));
            return Ok(out);
        }
        self.record(&out, move |g, back| {
            if Step::wants(x.id) {
                let d_x = back.retrace.propagate_back(step, &g, back.ctl)?;
                back.ctl.recycle(g);
                back.add(x.id, d_x);
            }
            Ok(())
        });
        Ok(out)
    }

    /// Attention of graph step `step`: softmax over each node's entries of the score that `att` gives, times `source`.
    /// Without `target` (the form of 2018) `names` are those of the vectors of source and target, else one vector for their sum.
    /// `[n, heads · channels]` each
    pub(crate) fn attend(
        &mut self,
        step: usize,
        source: Value,
        target: Option<Value>,
        names: &[String],
    ) -> Result<Value, EngineError> {
        let att = names.iter().map(|name| self.parameter(name)).collect::<Result<Vec<_>, _>>()?;
        let positions: Vec<usize> = att.iter().map(|(at, _)| *at).collect();
        let vectors: Vec<Array2<f32>> = att.iter().map(|(_, p)| p.values.clone()).collect();
        let source = self.settled(source)?;
        let target = target.map(|target| self.settled(target)).transpose()?;
        let data = self.dense(&source);
        let other = target.as_ref().map(|t| self.dense(t));
        let input = AttentionInput { source: &data, target: other.as_deref(), vectors: &vectors };
        let out = self.policy.attend(step, &input, &self.ctl)?;
        let out = self.new_value(out);
        let target_id = target.map_or(source.id, |t| t.id);
        let source_id = source.id;
        self.note(&out, &[source_id, target_id], || Operation::Attend { step, vectors: names.to_vec() });
        self.record(&out, move |g, back| {
            let input = AttentionInput { source: &data, target: other.as_deref(), vectors: &vectors };
            let gradient = back.retrace.attended(step).backward(&input, &g, back.ctl)?;
            for (at, g) in positions.into_iter().zip(gradient.vectors) {
                back.parameter_matrix(at, g);
            }
            back.add(source_id, gradient.source);
            if let Some(g) = gradient.target {
                back.add(target_id, g);
            }
            Ok(())
        });
        Ok(out)
    }

    /// The mean over `heads` blocks of columns. `[n, heads · channels] → [n, channels]`
    pub(crate) fn mean_heads(&mut self, heads: usize, x: Value) -> Result<Value, EngineError> {
        if heads == 1 {
            return Ok(x);
        }
        let x = self.settled(x)?;
        let data = self.dense(&x);
        let channels = data.ncols() / heads;
        let share = 1.0 / heads as f32;
        let mut out = Array2::zeros((data.nrows(), channels));
        each_row(&mut out, &self.ctl, |u, row| {
            for (j, value) in data.row(u).iter().enumerate() {
                row[j % channels] = share.mul_add(*value, row[j % channels]);
            }
        })?;
        let out = self.new_value(out);
        self.note(&out, &[x.id], || Operation::MeanHeads { heads });
        self.record(&out, move |g, back| {
            let mut wide = Array2::zeros((g.nrows(), heads * channels));
            each_row(&mut wide, back.ctl, |u, row| {
                row.iter_mut().enumerate().for_each(|(j, w)| *w = share * g[[u, j % channels]]);
            })?;
            back.add(x.id, wide);
            Ok(())
        });
        Ok(out)
    }

    /// `a x + b y`.
    pub(crate) fn combine(&mut self, a: f32, x: Value, b: f32, y: Value) -> Result<Value, EngineError> {
        let (x, y) = (self.settled(x)?, self.settled(y)?);
        let (x_id, y_id) = (x.id, y.id);
        let y = self.dense(&y);
        let mut out = self.owned(x)?;
        let other = y.as_slice().unwrap_or(&[]);
        let width = out.ncols();
        each_row(&mut out, &self.ctl, |u, row| {
            row.iter_mut().zip(&other[u * width..]).for_each(|(o, y)| *o = b.mul_add(*y, a * *o));
        })?;
        let out = self.new_value(out);
        self.note(&out, &[x_id, y_id], || Operation::Combine { a, b });
        self.record(&out, move |g, back| {
            if Step::wants(y_id) {
                back.add(y_id, scaled(g.clone(), b, back.ctl)?);
            }
            if Step::wants(x_id) {
                let g = scaled(g, a, back.ctl)?;
                back.add(x_id, g);
            }
            Ok(())
        });
        Ok(out)
    }

    /// `a x`.
    pub(crate) fn scale(&mut self, a: f32, x: Value) -> Result<Value, EngineError> {
        let x = self.settled(x)?;
        let from = x.id;
        let out = scaled(self.owned(x)?, a, &self.ctl)?;
        let out = self.new_value(out);
        self.note(&out, &[from], || Operation::Scale { a });
        self.record(&out, move |g, back| {
            let g = scaled(g, a, back.ctl)?;
            back.add(from, g);
            Ok(())
        });
        Ok(out)
    }

    /// Batch normalisation `name`, where the model has it; else `x`.
    pub(crate) fn norm(&mut self, name: &str, x: Value) -> Result<Value, EngineError> {
        let Some(at) = self.model.position(&format!("{name}.weight")) else { return Ok(x) };
        let Some([weight, bias, mean, var]) = self.model.parameters[at..].first_chunk::<4>() else { return Ok(x) };
        let norm = batch_norm::BatchNorm::new(weight, bias, mean, var);
        if self.tape.is_none() {
            let from = x.id;
            let out = self.put_off(x, norm.at_rest());
            self.note(&out, &[from], || Operation::Norm { name: name.to_owned() });
            return Ok(out);
        }
        let from = x.id;
        let x = self.owned(x)?;
        let (out, kept) = batch_norm::forward_train(x, &norm, &self.ctl)?;
        let out = self.new_value(out);
        let gamma = weight.values.row(0).to_vec();
        if let Some(tape) = &mut self.tape {
            tape.batch_statistics.push((at, kept.mean.clone(), kept.unbiased_var.clone()));
        }
        self.record(&out, move |g, back| {
            let (g, [d_weight, d_bias]) = batch_norm::backward(g, &gamma, &kept, back.ctl)?;
            back.parameter(at, d_weight);
            back.parameter(at + 1, d_bias);
            back.add(from, g);
            Ok(())
        });
        Ok(out)
    }

    /// `max(x, 0)`.
    pub(crate) fn relu(&mut self, x: Value) -> Result<Value, EngineError> {
        if self.tape.is_none() {
            let from = x.id;
            let out = self.put_off(x, Pointwise::Relu);
            self.note(&out, &[from], || Operation::Relu);
            return Ok(out);
        }
        let from = x.id;
        let mut out = self.owned(x)?;
        each_row(&mut out, &self.ctl, |_, row| change_rows(row, row.len(), &[Pointwise::Relu]))?;
        let out = self.new_value(out);
        let let_through = self.dense(&out);
        self.record(&out, move |mut g, back| {
            each_row(&mut g, back.ctl, |u, row| {
                for (g, out) in row.iter_mut().zip(let_through.row(u)) {
                    if *out <= 0.0 {
                        *g = 0.0;
                    }
                }
            })?;
            back.add(from, g);
            Ok(())
        });
        Ok(out)
    }

    /// In training, sets a share of the values to 0 and scales the rest up; else `x`.
    pub(crate) fn dropout(&mut self, x: Value) -> Result<Value, EngineError> {
        let rate = self.shape().dropout;
        let Some(tape) = self.tape.as_ref().filter(|_| rate > 0.0) else { return Ok(x) };
        let seed = DropoutSeed { seed: tape.seed, epoch: tape.epoch, layer: self.n_dropouts };
        self.n_dropouts += 1;
        let from = x.id;
        let mut out = self.owned(x)?;
        dropout::apply(&mut out, rate, seed, &self.ctl)?;
        let out = self.new_value(out);
        self.record(&out, move |mut g, back| {
            dropout::apply(&mut g, rate, seed, back.ctl)?;
            back.add(from, g);
            Ok(())
        });
        Ok(out)
    }

    /// All layers, on the network's own input.
    pub(crate) fn run(mut self) -> Result<Array2<f32>, EngineError> {
        let shape = self.shape();
        let definition = shape.architecture.definition();
        let input = Value::input();
        let entered = definition.enter(&mut self, input)?;
        let mut h = self.settled(entered)?;
        let first = h.clone();
        for l in 0..shape.layers {
            self.ctl.progress("layer", l, shape.layers);
            h = definition.layer(&mut self, l, h, &first)?;
            if l + 1 < shape.layers {
                h = self.between(definition, l, h)?;
            } else {
                h = definition.leave(&mut self, h)?;
                if shape.final_activation {
                    h = self.relu(h)?;
                }
            }
            let is_last = l + 1 == shape.layers;
            if !is_last && definition.uses_input_once() && self.tape.is_none() && self.policy.fuses() {
                self.policy.finished_unseen();
                continue;
            }
            h = self.settled(h)?;
            let kind = if definition.walks_graph() { StepKind::Convolution } else { StepKind::Linear };
            let output = self.dense(&h);
            self.policy.finished(kind, l, &output);
        }
        if let Some(tape) = &mut self.tape {
            tape.output = h.id;
        }
        self.owned(h)
    }

    /// What stands between layer `l` and the next.
    fn between(&mut self, definition: &dyn Definition, l: usize, h: Value) -> Result<Value, EngineError> {
        let h = match definition.stack() {
            Stack::NormThenRelu => {
                let h = self.norm(&format!("norms.{l}"), h)?;
                self.relu(h)?
            }
            Stack::ReluThenNorm => {
                let h = self.relu(h)?;
                self.norm(&format!("bns.{l}"), h)?
            }
        };
        self.dropout(h)
    }
}

fn scaled(mut x: Array2<f32>, a: f32, ctl: &Control) -> Result<Array2<f32>, EngineError> {
    if a.to_bits() != 1.0f32.to_bits() {
        each_row(&mut x, ctl, |_, row| row.iter_mut().for_each(|v| *v *= a))?;
    }
    Ok(x)
}

/// The rows of a dataset's features.
pub(crate) fn feature_rows(features: &Features) -> Rows<'_> {
    match features {
        Features::Dense(x) => Rows::Dense(x.view()),
        Features::Sparse(x) => Rows::Sparse(x),
    }
}

/// The whole network on the whole graph.
pub(crate) fn forward(
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
        Net::new(model, Rows::Dense(embedding.view()), policy, None, ctl).run()
    } else {
        Net::new(model, feature_rows(features), policy, None, ctl).run()
    }
}

fn dense_rows(rows: Rows<'_>) -> Array2<f32> {
    match rows {
        Rows::Dense(x) => x.to_owned(),
        Rows::Sparse(x) => Features::Sparse(x.clone()).to_dense(),
    }
}

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
