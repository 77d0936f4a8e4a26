//! The backward pass: gradients of every parameter from that of the logits, over the tape of one training forward.

use ndarray::{Array1, Array2};
use sprs::CsMatI;

use super::architecture::Order;
use super::batch_norm::NormGradient;
use super::network::{LayerTape, Tape, each_row};
use super::params::Model;
use super::{batch_norm, dropout};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::Features;
use crate::engine::kernels::{Csr, Packed, column_sums, matmul, spmm, transposed};

/// Gradients of one layer, in the order of its parameters.
#[derive(Debug, Clone)]
pub(crate) struct LayerGradient {
    pub(crate) weight: Array2<f32>,
    pub(crate) bias: Option<Array1<f32>>,
    pub(crate) norm: Option<NormGradient>,
}

/// What the network's first product was fed with, transposed once for all steps.
pub(crate) enum InputTranspose {
    Dense(Array2<f32>),
    Sparse(CsMatI<f32, u32, usize>),
}

impl InputTranspose {
    pub(crate) fn of(features: &Features, ctl: &Control) -> Result<Self, EngineError> {
        match features {
            Features::Dense(x) => Self::of_dense(x, ctl),
            Features::Sparse(x) => Ok(Self::Sparse(x.to_other_storage().transpose_into())),
        }
    }

    pub(crate) fn of_dense(x: &Array2<f32>, ctl: &Control) -> Result<Self, EngineError> {
        Ok(Self::Dense(transposed(x, ctl)?))
    }

    /// `xᵀ g`. `[n, d_in]ᵀ [n, d_out] → [d_in, d_out]`
    fn product(&self, g: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        match self {
            Self::Dense(xt) => matmul(xt.view(), &Packed::new(g.view()), ctl),
            Self::Sparse(xt) => {
                let indptr: Vec<usize> = xt.indptr().raw_storage().to_vec();
                spmm(Csr { indptr: &indptr, indices: xt.indices(), values: xt.data() }, g.view(), false, ctl)
            }
        }
    }
}

/// What the forward pass walked, for walking back.
pub(crate) struct Walked<'a> {
    /// The weights it multiplied with. `[d_in, d_out]` each
    pub(crate) weights: &'a [Array2<f32>],
    /// Which of them took part: no gradient flows through the others. `[d_in, d_out]` each
    pub(crate) masks: &'a [Array2<bool>],
    /// `T̂ᵀ g` of a graph step; absent for a network that does not propagate between its layers.
    pub(crate) propagate_back: Option<&'a PropagateBack<'a>>,
    /// What the first product was fed with, transposed.
    pub(crate) input: &'a InputTranspose,
}

/// `T̂ᵀ g` of graph step `step`.
pub(crate) type PropagateBack<'a> = dyn Fn(usize, &Array2<f32>) -> Result<Array2<f32>, EngineError> + 'a;

/// Gradients of every layer.
pub(crate) fn backward(
    model: &Model,
    d_logits: Array2<f32>,
    tape: &Tape,
    walked: &Walked<'_>,
    ctl: &Control,
) -> Result<Vec<LayerGradient>, EngineError> {
    let n_layers = model.layers.len();
    let mut gradients = Vec::with_capacity(n_layers);
    let mut g = d_logits;
    for l in (0..n_layers).rev() {
        let layer = &model.layers[l];
        let record = &tape.layers[l];
        let mut norm = None;
        if l + 1 < n_layers {
            if let Some(seed) = record.dropout {
                dropout::apply(&mut g, model.architecture.dropout, seed, ctl)?;
            }
            if model.architecture.is_decoupled() {
                (g, norm) = through_norm(g, layer.norm.as_ref(), record, ctl)?;
                through_relu(&mut g, record, ctl)?;
            } else {
                through_relu(&mut g, record, ctl)?;
                (g, norm) = through_norm(g, layer.norm.as_ref(), record, ctl)?;
            }
        }
        let bias = match &layer.linear.bias {
            Some(_) => Some(column_sums(g.view(), ctl)?.into_iter().map(|s| s as f32).collect()),
            None => None,
        };
        let transform_first = model.architecture.order == Order::TransformFirst;
        if let Some(propagate_back) = walked.propagate_back.filter(|_| transform_first) {
            g = propagate_back(l, &g)?;
        }
        let mut weight = match &record.input {
            Some(x) => InputTranspose::of_dense(x, ctl)?.product(&g, ctl)?,
            None => walked.input.product(&g, ctl)?,
        };
        ndarray::Zip::from(&mut weight).and(&walked.masks[l]).for_each(|w, keep| {
            if !keep {
                *w = 0.0;
            }
        });
        if l > 0 {
            g = matmul(g.view(), &Packed::new(walked.weights[l].t()), ctl)?;
            if let Some(propagate_back) = walked.propagate_back.filter(|_| !transform_first) {
                g = propagate_back(l, &g)?;
            }
        }
        gradients.push(LayerGradient { weight, bias, norm });
    }
    gradients.reverse();
    Ok(gradients)
}

fn through_norm(
    g: Array2<f32>,
    norm: Option<&super::BatchNorm>,
    record: &LayerTape,
    ctl: &Control,
) -> Result<(Array2<f32>, Option<NormGradient>), EngineError> {
    match (norm, &record.norm) {
        (Some(norm), Some(tape)) => {
            let (g, gradient) = batch_norm::backward(g, norm, tape, ctl)?;
            Ok((g, Some(gradient)))
        }
        _ => Ok((g, None)),
    }
}

fn through_relu(g: &mut Array2<f32>, record: &LayerTape, ctl: &Control) -> Result<(), EngineError> {
    let Some(rectified) = &record.rectified else { return Ok(()) };
    each_row(g, ctl, |u, row| {
        for (g, out) in row.iter_mut().zip(rectified.row(u)) {
            if *out <= 0.0 {
                *g = 0.0;
            }
        }
    })
}
