//! The forward pass, once for every use: unpruned, pruned over frozen masks, deciding masks, and training.
//!
//! What differs between the uses is who multiplies and who propagates: a [`Policy`]. What a family does with them is one
//! function per family here, built from the layers in `batch_norm.rs`.

use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

use super::architecture::Order;
use super::batch_norm::{self, NormTape};
use super::dropout::{self, DropoutSeed};
use super::params::{BatchNorm, Linear, Model, Scaler};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::Features;
use crate::engine::kernels::{Rows, column_sums};

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

/// Who multiplies and who propagates.
pub(crate) trait Policy {
    /// `x Ŵ` of weight layer `layer`, without the bias. `[n, d_in] → [n, d_out]`
    fn transform(
        &mut self,
        layer: usize,
        linear: &Linear,
        x: Rows<'_>,
        ctl: &Control,
    ) -> Result<Array2<f32>, EngineError>;

    /// `T̂ x` of graph step `step`. `[n, width] → [n, width]`
    fn propagate(&mut self, step: usize, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError>;

    /// Called with the output of every finished step.
    fn finished(&mut self, kind: StepKind, idx: usize, output: &Array2<f32>) {
        let _ = (kind, idx, output);
    }
}

/// What the backward pass needs of one layer.
#[derive(Debug, Default)]
pub(crate) struct LayerTape {
    /// What the weight was multiplied with; `None` where that is the network's own input.
    pub(crate) input: Option<Array2<f32>>,
    pub(crate) norm: Option<NormTape>,
    /// The values ReLU let through (GCN: after normalisation; MLP: before).
    pub(crate) rectified: Option<Array2<f32>>,
    pub(crate) dropout: Option<DropoutSeed>,
}

/// Training mode: batch statistics, dropout, and a record for the backward pass.
pub(crate) struct Tape {
    pub(crate) layers: Vec<LayerTape>,
    pub(crate) seed: u64,
    pub(crate) epoch: u64,
}

impl Tape {
    pub(crate) fn new(seed: u64, epoch: u64) -> Self {
        Self { layers: Vec::new(), seed, epoch }
    }
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
        let mut embedding = hops(features, model.architecture.hops, policy, ctl)?;
        if let Some(scaler) = &model.scaler {
            scaler.apply(&mut embedding, ctl)?;
        }
        mlp(model, Rows::Dense(embedding.view()), policy, None, ctl)
    } else {
        convolutions(model, feature_rows(features), policy, None, ctl)
    }
}

/// `hops` propagations of the features.
pub(crate) fn hops(
    features: &Features,
    hops: usize,
    policy: &mut dyn Policy,
    ctl: &Control,
) -> Result<Array2<f32>, EngineError> {
    let mut embedding = features.to_dense();
    for hop in 0..hops {
        ctl.progress("propagating", hop, hops);
        embedding = policy.propagate(hop, &embedding, ctl)?;
        policy.finished(StepKind::Hop, hop, &embedding);
    }
    Ok(embedding)
}

/// `H' = σ(BN(T H W + b))`, no normalisation and no σ after the last layer (authors' code, `archs/models.py:122-133`).
pub(crate) fn convolutions(
    model: &Model,
    input: Rows<'_>,
    policy: &mut dyn Policy,
    mut tape: Option<&mut Tape>,
    ctl: &Control,
) -> Result<Array2<f32>, EngineError> {
    let shape = &model.architecture;
    let n_layers = model.layers.len();
    let mut h: Option<Array2<f32>> = None;
    for (l, layer) in model.layers.iter().enumerate() {
        ctl.progress("layer", l, n_layers);
        let mut record = LayerTape::default();
        let mut out = match shape.order {
            Order::TransformFirst => {
                let x = match &h {
                    Some(h) => Rows::Dense(h.view()),
                    None => input.reborrow(),
                };
                let transformed = policy.transform(l, &layer.linear, x, ctl)?;
                record.input = h.take();
                policy.propagate(l, &transformed, ctl)?
            }
            Order::PropagateFirst => {
                let x = h.take().unwrap_or_else(|| dense_rows(input));
                let gathered = policy.propagate(l, &x, ctl)?;
                let out = policy.transform(l, &layer.linear, Rows::Dense(gathered.view()), ctl)?;
                record.input = Some(gathered);
                out
            }
        };
        add_bias(&mut out, layer.linear.bias.as_ref(), ctl)?;
        if l + 1 < n_layers {
            if let Some(norm) = &layer.norm {
                out = normalise(out, norm, tape.is_some(), &mut record, ctl)?;
            }
            rectify(&mut out, ctl)?;
            if let Some(tape) = tape.as_deref_mut() {
                record.rectified = Some(out.clone());
                drop_out(&mut out, shape.dropout, tape, l, &mut record, ctl)?;
            }
        } else if shape.final_activation {
            rectify(&mut out, ctl)?;
        }
        policy.finished(StepKind::Convolution, l, &out);
        if let Some(tape) = tape.as_deref_mut() {
            tape.layers.push(record);
        }
        h = Some(out);
    }
    Ok(h.unwrap_or_else(|| dense_rows(input)))
}

/// `H' = BN(σ(H W + b))`, plain linear last layer (authors' code, `archs/models.py:313-326`).
pub(crate) fn mlp(
    model: &Model,
    input: Rows<'_>,
    policy: &mut dyn Policy,
    mut tape: Option<&mut Tape>,
    ctl: &Control,
) -> Result<Array2<f32>, EngineError> {
    let n_layers = model.layers.len();
    let mut h: Option<Array2<f32>> = None;
    for (l, layer) in model.layers.iter().enumerate() {
        let mut record = LayerTape::default();
        let x = match &h {
            Some(h) => Rows::Dense(h.view()),
            None => input.reborrow(),
        };
        let mut out = policy.transform(l, &layer.linear, x, ctl)?;
        record.input = h.take();
        add_bias(&mut out, layer.linear.bias.as_ref(), ctl)?;
        if l + 1 < n_layers {
            rectify(&mut out, ctl)?;
            if tape.is_some() {
                record.rectified = Some(out.clone());
            }
            if let Some(norm) = &layer.norm {
                out = normalise(out, norm, tape.is_some(), &mut record, ctl)?;
            }
            if let Some(tape) = tape.as_deref_mut() {
                drop_out(&mut out, model.architecture.dropout, tape, l, &mut record, ctl)?;
            }
        }
        policy.finished(StepKind::Linear, l, &out);
        if let Some(tape) = tape.as_deref_mut() {
            tape.layers.push(record);
        }
        h = Some(out);
    }
    Ok(h.unwrap_or_else(|| dense_rows(input)))
}

fn dense_rows(rows: Rows<'_>) -> Array2<f32> {
    match rows {
        Rows::Dense(x) => x.to_owned(),
        Rows::Sparse(x) => Features::Sparse(x.clone()).to_dense(),
    }
}

fn normalise(
    out: Array2<f32>,
    norm: &BatchNorm,
    training: bool,
    record: &mut LayerTape,
    ctl: &Control,
) -> Result<Array2<f32>, EngineError> {
    if training {
        let (out, tape) = batch_norm::forward_train(out, norm, ctl)?;
        record.norm = Some(tape);
        Ok(out)
    } else {
        batch_norm::forward_eval(out, norm, ctl)
    }
}

fn drop_out(
    out: &mut Array2<f32>,
    rate: f64,
    tape: &Tape,
    layer: usize,
    record: &mut LayerTape,
    ctl: &Control,
) -> Result<(), EngineError> {
    if rate > 0.0 {
        let seed = DropoutSeed { seed: tape.seed, epoch: tape.epoch, layer: layer as u64 };
        dropout::apply(out, rate, seed, ctl)?;
        record.dropout = Some(seed);
    }
    Ok(())
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

fn add_bias(out: &mut Array2<f32>, bias: Option<&Array1<f32>>, ctl: &Control) -> Result<(), EngineError> {
    let Some(bias) = bias.and_then(|b| b.as_slice()) else { return Ok(()) };
    each_row(out, ctl, |_, row| row.iter_mut().zip(bias).for_each(|(o, b)| *o += b))
}

fn rectify(out: &mut Array2<f32>, ctl: &Control) -> Result<(), EngineError> {
    each_row(out, ctl, |_, row| row.iter_mut().for_each(|o| *o = o.max(0.0)))
}

impl Scaler {
    /// Smallest scale: a column that never varies stays 0 instead of becoming noise.
    const SMALLEST: f64 = 1e-12;

    /// Mean and standard deviation of every column over `rows` (authors' code, `utils/loader.py:372`: scikit-learn's
    /// `StandardScaler`, which leaves columns without variance unscaled).
    pub(crate) fn fit(embedding: &Array2<f32>, rows: &[u32], ctl: &Control) -> Result<Self, EngineError> {
        let picked = embedding.select(ndarray::Axis(0), &rows.iter().map(|u| *u as usize).collect::<Vec<_>>());
        let n = picked.nrows().max(1) as f64;
        let mean: Vec<f64> = column_sums(picked.view(), ctl)?.into_iter().map(|s| s / n).collect();
        let mut squares = picked;
        each_row(&mut squares, ctl, |_, row| {
            row.iter_mut().zip(&mean).for_each(|(v, m)| *v = ((f64::from(*v) - m) * (f64::from(*v) - m)) as f32);
        })?;
        let scale = column_sums(squares.view(), ctl)?.into_iter().map(|s| (s / n).sqrt());
        let scale = scale.map(|s| if s > Self::SMALLEST { s as f32 } else { 1.0 }).collect();
        Ok(Self { mean: mean.into_iter().map(|m| m as f32).collect(), scale })
    }

    /// `(x - mean) / scale`, in place.
    pub(crate) fn apply(&self, embedding: &mut Array2<f32>, ctl: &Control) -> Result<(), EngineError> {
        if embedding.ncols() != self.mean.len() {
            return Err(EngineError::mismatch("scaler width", embedding.ncols(), self.mean.len()));
        }
        each_row(embedding, ctl, |_, row| {
            for ((value, mean), scale) in row.iter_mut().zip(&self.mean).zip(&self.scale) {
                *value = (*value - mean) / scale;
            }
        })
    }
}
