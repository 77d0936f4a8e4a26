//! Batch normalisation over nodes: `y = γ (x - μ) / √(σ² + ε) + β`, forward and backward (Ioffe and Szegedy 2015, as PyTorch's
//! `BatchNorm1d`: biased variance to normalise, unbiased for the running statistics).

use ndarray::{Array1, Array2, ArrayView1};

use super::elementwise::each_row;
use super::params::Parameter;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::kernels::{Pointwise, Rows, column_norms, column_sums, copied};

/// Added to the variance under the root, as PyTorch does.
pub(crate) const EPS: f32 = 1e-5;

/// The four tensors of a normalisation. `[width]` each
pub(crate) struct BatchNorm<'a> {
    weight: ArrayView1<'a, f32>,
    bias: ArrayView1<'a, f32>,
    running_mean: ArrayView1<'a, f32>,
    running_var: ArrayView1<'a, f32>,
}

impl<'a> BatchNorm<'a> {
    pub(super) fn new(weight: &'a Parameter, bias: &'a Parameter, mean: &'a Parameter, var: &'a Parameter) -> Self {
        let row = |p: &'a Parameter| p.values.row(0);
        Self { weight: row(weight), bias: row(bias), running_mean: row(mean), running_var: row(var) }
    }
}

/// What the backward pass needs.
#[derive(Debug)]
pub(crate) struct NormTape {
    /// `(x - μ) / √(σ² + ε)`. `[n, width]`
    pub(crate) normalised: Array2<f32>,
    /// `1 / √(σ² + ε)`. `[width]`
    pub(crate) inverse_std: Vec<f32>,
    /// Batch mean and unbiased variance, for the running statistics. `[width]`
    pub(crate) mean: Vec<f32>,
    pub(crate) unbiased_var: Vec<f32>,
}

impl BatchNorm<'_> {
    /// With the running statistics: a multiplication and an addition per column.
    pub(crate) fn at_rest(&self) -> Pointwise {
        let scale: Vec<f32> = self.running_var.iter().zip(self.weight).map(|(v, w)| w / (v + EPS).sqrt()).collect();
        let shift = self.bias.iter().zip(self.running_mean).zip(&scale).map(|((b, m), s)| b - m * s).collect();
        Pointwise::Norm { scale, shift }
    }
}

/// With the batch's own statistics. `[n, width]`
pub(crate) fn forward_train(
    mut x: Array2<f32>,
    norm: &BatchNorm<'_>,
    ctl: &Control,
) -> Result<(Array2<f32>, NormTape), EngineError> {
    let n = x.nrows() as f64;
    let mean: Vec<f32> = column_sums(x.view(), ctl)?.into_iter().map(|s| (s / n) as f32).collect();
    each_row(&mut x, ctl, |_, row| row.iter_mut().zip(&mean).for_each(|(v, m)| *v -= m))?;
    let squares: Vec<f64> =
        column_norms(Rows::Dense(x.view()), ctl)?.iter().map(|c| f64::from(*c) * f64::from(*c)).collect();
    let inverse_std: Vec<f32> = squares.iter().map(|s| (1.0 / (s / n + f64::from(EPS)).sqrt()) as f32).collect();
    let unbiased_var = squares.iter().map(|s| (s / (n - 1.0).max(1.0)) as f32).collect();
    each_row(&mut x, ctl, |_, row| row.iter_mut().zip(&inverse_std).for_each(|(v, s)| *v *= s))?;
    let mut out = copied(&x, ctl)?;
    each_row(&mut out, ctl, |_, row| {
        for ((v, w), b) in row.iter_mut().zip(norm.weight).zip(norm.bias) {
            *v = *v * w + b;
        }
    })?;
    Ok((out, NormTape { normalised: x, inverse_std, mean, unbiased_var }))
}

/// Moves running statistics `running` towards the batch's; `momentum` is the weight of the newest batch.
pub(crate) fn update_running(running: &mut Array2<f32>, batch: &[f32], momentum: f32) {
    running.iter_mut().zip(batch).for_each(|(r, b)| *r += momentum * (b - *r));
}

/// Gradients of the input, γ and β from that of the output.
///
/// `dx = γ/√(σ²+ε) · (g - mean(g) - x̂ · mean(g x̂))`
pub(crate) fn backward(
    mut g: Array2<f32>,
    weight: &[f32],
    tape: &NormTape,
    ctl: &Control,
) -> Result<(Array2<f32>, [Array1<f32>; 2]), EngineError> {
    let n = g.nrows() as f64;
    let sum_g = column_sums(g.view(), ctl)?;
    let mut products = copied(&g, ctl)?;
    each_row(&mut products, ctl, |u, row| {
        row.iter_mut().zip(tape.normalised.row(u)).for_each(|(p, x)| *p *= x);
    })?;
    let sum_gx = column_sums(products.view(), ctl)?;
    ctl.recycle(products);
    each_row(&mut g, ctl, |u, row| {
        for (j, (v, x)) in row.iter_mut().zip(tape.normalised.row(u)).enumerate() {
            let centred = *v - (sum_g[j] / n) as f32 - x * (sum_gx[j] / n) as f32;
            *v = weight[j] * tape.inverse_std[j] * centred;
        }
    })?;
    let d_weight = sum_gx.into_iter().map(|s| s as f32).collect();
    let d_bias = sum_g.into_iter().map(|s| s as f32).collect();
    Ok((g, [d_weight, d_bias]))
}
