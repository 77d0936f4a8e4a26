//! Normalisation by statistics of the values at hand: layer norm, graph norm and their kin, forward and backward, as PyG defines them for
//! one graph. Nothing is remembered from training, so inference needs all nodes, too.
//!
//! ```text
//! c = x - μ (what is subtracted)     x̂ = c · r (what it is scaled by)     y = γ x̂ + β
//!
//! layer             μ, 1/√(σ² + ε) of every row                    Ba et al. 2016; torch.nn.LayerNorm, PyG's LayerNorm(mode="node")
//! layer-graph       μ, 1/(σ + ε) of all values                     PyG's LayerNorm(mode="graph"), its default
//! graph             α μ, 1/√(mean(c²) + ε) of every column         Cai et al. 2021; PyG's GraphNorm
//! instance          μ, 1/√(σ² + ε) of every column                 Ulyanov et al. 2017; PyG's InstanceNorm
//! mean-subtraction  μ of every column, 1                           Yang et al. 2020; PyG's MeanSubtractionNorm
//! pair              μ of every column, 1/√(mean(‖c[u]‖²) + ε)      Zhao and Akoglu 2020; PyG's PairNorm
//! pair-width        the same, times the number of columns
//! graph-size        0, 1/√n                                        Dwivedi et al. 2020; PyG's GraphSizeNorm
//! ```

use ndarray::{Array1, Array2};

use super::batch_norm::EPS;
use super::elementwise::each_row;
use super::network::Model;
use super::normalisation::Normalisation;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::kernels::{ExactSum, Rows, column_squares, column_sums, copied, exact_column_sums, norm_of_column};

/// A normalisation with its parameters.
#[derive(Debug, Clone)]
pub(crate) struct Normaliser {
    kind: Normalisation,
    /// Positions of its parameters, in the order of [`Normalisation::parts`].
    at: Vec<usize>,
    /// Their values. `[width]` each
    values: Vec<Vec<f32>>,
}

/// What the backward pass needs.
#[derive(Debug)]
pub(crate) struct NormalisedTape {
    /// `x̂`. `[n, width]`
    normalised: Array2<f32>,
    /// `r`: of every row, of every column, or one number.
    scale: Vec<f32>,
    /// `μ` of every column, where its share is trained.
    mean: Vec<f32>,
}

/// `x̂`, `r` and `μ`.
type Normalised = (Array2<f32>, Vec<f32>, Vec<f32>);

/// The gradient of the input, and those of the parameters, each with its position.
type Gradients = (Array2<f32>, Vec<(usize, Array1<f32>)>);

/// The sum of all values.
fn total(x: &Array2<f32>, ctl: &Control) -> Result<f64, EngineError> {
    Ok(column_sums(x.view(), ctl)?.iter().sum())
}

/// Subtracts a number per column.
fn subtract(x: &mut Array2<f32>, from_columns: &[f32], ctl: &Control) -> Result<(), EngineError> {
    each_row(x, ctl, |_, row| row.iter_mut().zip(from_columns).for_each(|(v, m)| *v -= m))
}

/// Multiplies with a number per column.
fn multiply(x: &mut Array2<f32>, columns: &[f32], ctl: &Control) -> Result<(), EngineError> {
    each_row(x, ctl, |_, row| row.iter_mut().zip(columns).for_each(|(v, s)| *v *= s))
}

/// `Σ_u a[u,j] b[u,j]` of every column.
fn column_products(a: &Array2<f32>, b: &Array2<f32>, ctl: &Control) -> Result<Vec<f64>, EngineError> {
    let mut products = copied(a, ctl)?;
    each_row(&mut products, ctl, |u, row| row.iter_mut().zip(b.row(u)).for_each(|(p, b)| *p *= b))?;
    let sums = column_sums(products.view(), ctl)?;
    ctl.recycle(products);
    Ok(sums)
}

impl Normaliser {
    /// Normalisation `kind` of `model` whose tensors' names begin with `name`.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] naming the tensor that is missing.
    pub(crate) fn of(model: &Model, kind: Normalisation, name: &str) -> Result<Self, EngineError> {
        let positions = kind.parts().iter().map(|part| {
            let name = format!("{name}.{part}");
            model.position(&name).ok_or_else(|| EngineError::mismatch("model tensors", name, "none of that name"))
        });
        let at = positions.collect::<Result<Vec<_>, _>>()?;
        let values = at.iter().map(|at| model.parameters[*at].values.row(0).to_vec()).collect();
        Ok(Self { kind, at, values })
    }

    fn gamma(&self) -> Option<&[f32]> {
        self.values.first().map(Vec::as_slice)
    }

    /// `y` of `x`, in its place.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    pub(crate) fn apply(&self, x: Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        let (mut x, _, _) = self.normalised(x, ctl)?;
        self.scale_and_shift(&mut x, ctl)?;
        Ok(x)
    }

    /// `y` of `x`, and what the backward pass needs.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    pub(crate) fn forward(&self, x: Array2<f32>, ctl: &Control) -> Result<(Array2<f32>, NormalisedTape), EngineError> {
        let (normalised, scale, mean) = self.normalised(x, ctl)?;
        let mut out = copied(&normalised, ctl)?;
        self.scale_and_shift(&mut out, ctl)?;
        Ok((out, NormalisedTape { normalised, scale, mean }))
    }

    fn scale_and_shift(&self, x: &mut Array2<f32>, ctl: &Control) -> Result<(), EngineError> {
        if self.kind == Normalisation::PairWidth {
            let width = x.ncols() as f32;
            return each_row(x, ctl, |_, row| row.iter_mut().for_each(|v| *v *= width));
        }
        let [gamma, beta, ..] = &self.values[..] else { return Ok(()) };
        each_row(x, ctl, |_, row| {
            for ((v, w), b) in row.iter_mut().zip(gamma).zip(beta) {
                *v = *v * w + b;
            }
        })
    }

    /// `x̂`, `r` and `μ`.
    fn normalised(&self, mut x: Array2<f32>, ctl: &Control) -> Result<Normalised, EngineError> {
        let n = x.nrows();
        if self.kind.is_per_row() {
            let scale = normalise_rows(&mut x, ctl)?;
            return Ok((x, scale, Vec::new()));
        }
        let mean = self.means(&exact_column_sums(x.view(), ctl)?, n);
        self.centre(&mut x, &mean, ctl)?;
        let scale = self.scales(&column_squares(Rows::Dense(x.view()), ctl)?, n);
        self.scale(&mut x, &scale, ctl)?;
        Ok((x, scale, mean))
    }

    /// `μ` of every column, from the sums over all rows.
    pub(crate) fn means(&self, sums: &[ExactSum], n_rows: usize) -> Vec<f32> {
        let (rows, width) = (n_rows.max(1) as f64, sums.len());
        match self.kind {
            Normalisation::GraphSize => vec![0.0; width],
            Normalisation::LayerGraph => {
                let total: f64 = sums.iter().map(ExactSum::value).sum();
                vec![(total / (rows * width.max(1) as f64)) as f32; width]
            }
            _ => sums.iter().map(|sum| (sum.value() / rows) as f32).collect(),
        }
    }

    /// `c` of `x`, in its place.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    pub(crate) fn centre(&self, x: &mut Array2<f32>, means: &[f32], ctl: &Control) -> Result<(), EngineError> {
        match self.values.get(2) {
            _ if self.kind == Normalisation::GraphSize => Ok(()),
            Some(share) => {
                let part: Vec<f32> = means.iter().zip(share).map(|(m, a)| m * a).collect();
                subtract(x, &part, ctl)
            }
            None => subtract(x, means, ctl),
        }
    }

    /// `r`, of every column or one number, from the squares of `c` added up over all rows.
    pub(crate) fn scales(&self, squares: &[ExactSum], n_rows: usize) -> Vec<f32> {
        let (rows, eps) = (n_rows.max(1) as f64, f64::from(EPS));
        let squares = squares.iter().map(|sum| f64::from(norm_of_column(sum)).powi(2));
        match self.kind {
            Normalisation::GraphSize => vec![(1.0 / rows.sqrt()) as f32],
            Normalisation::MeanSubtraction => vec![1.0],
            Normalisation::LayerGraph => {
                let values = rows * squares.len().max(1) as f64;
                let variance = squares.sum::<f64>() / values;
                vec![(1.0 / (variance.sqrt() + eps)) as f32]
            }
            Normalisation::Pair | Normalisation::PairWidth => {
                vec![(1.0 / (squares.sum::<f64>() / rows + eps).sqrt()) as f32]
            }
            _ => squares.map(|square| (1.0 / (square / rows + eps).sqrt()) as f32).collect(),
        }
    }

    /// `x̂` of `c`, in its place.
    fn scale(&self, x: &mut Array2<f32>, scales: &[f32], ctl: &Control) -> Result<(), EngineError> {
        match scales {
            _ if self.kind == Normalisation::MeanSubtraction => Ok(()),
            [r] => each_row(x, ctl, |_, row| row.iter_mut().for_each(|v| *v *= r)),
            scales => multiply(x, scales, ctl),
        }
    }

    /// `y` of `c`, in its place.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    pub(crate) fn end(&self, x: &mut Array2<f32>, scales: &[f32], ctl: &Control) -> Result<(), EngineError> {
        self.scale(x, scales, ctl)?;
        self.scale_and_shift(x, ctl)
    }

    /// Gradients of the input and of the parameters, each with its position, from that of the output.
    ///
    /// ```text
    /// dc = r (ĝ - x̂ · mean(ĝ x̂))     ĝ = γ g; the mean over what the statistics were taken of
    /// dx = dc - mean(dc)
    /// ```
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    pub(crate) fn backward(
        &self,
        mut g: Array2<f32>,
        tape: &NormalisedTape,
        ctl: &Control,
    ) -> Result<Gradients, EngineError> {
        let NormalisedTape { normalised, scale, mean } = tape;
        let mut parameters = Vec::new();
        let to_row = |sums: Vec<f64>| sums.into_iter().map(|s| s as f32).collect::<Array1<f32>>();
        if let Some(gamma) = self.gamma() {
            parameters.push((self.at[0], to_row(column_products(&g, normalised, ctl)?)));
            parameters.push((self.at[1], to_row(column_sums(g.view(), ctl)?)));
            multiply(&mut g, gamma, ctl)?;
        }
        if self.kind == Normalisation::PairWidth {
            let width = g.ncols() as f32;
            each_row(&mut g, ctl, |_, row| row.iter_mut().for_each(|v| *v *= width))?;
        }
        let (n, width) = g.dim();
        let (rows, values) = (n.max(1) as f64, g.len().max(1) as f64);
        let first = scale.first().copied().unwrap_or(1.0);
        match self.kind {
            Normalisation::Layer => {
                each_row(&mut g, ctl, |u, row| {
                    let hat = normalised.row(u);
                    let mean_g = row.iter().map(|v| f64::from(*v)).sum::<f64>() / width as f64;
                    let mean_gx =
                        row.iter().zip(hat).map(|(v, x)| f64::from(*v) * f64::from(*x)).sum::<f64>() / width as f64;
                    for (v, x) in row.iter_mut().zip(hat) {
                        *v = scale[u] * (*v - mean_g as f32 - x * mean_gx as f32);
                    }
                })?;
            }
            Normalisation::LayerGraph => {
                // 1/r = σ + ε, and dσ/dc = c / (σ N).
                let deviation = 1.0 / f64::from(first) - f64::from(EPS);
                let sum_gx = column_products(&g, normalised, ctl)?.iter().sum::<f64>();
                let share = if deviation > 0.0 { sum_gx / (deviation * values * f64::from(first)) } else { 0.0 } as f32;
                each_row(&mut g, ctl, |u, row| {
                    row.iter_mut().zip(normalised.row(u)).for_each(|(v, x)| *v = first * (*v - x * share));
                })?;
                let middle = (total(&g, ctl)? / values) as f32;
                each_row(&mut g, ctl, |_, row| row.iter_mut().for_each(|v| *v -= middle))?;
            }
            Normalisation::GraphSize => {
                each_row(&mut g, ctl, |_, row| row.iter_mut().for_each(|v| *v *= first))?;
            }
            Normalisation::Graph
            | Normalisation::Instance
            | Normalisation::MeanSubtraction
            | Normalisation::Pair
            | Normalisation::PairWidth => {
                if matches!(self.kind, Normalisation::Pair | Normalisation::PairWidth) {
                    let share = (column_products(&g, normalised, ctl)?.iter().sum::<f64>() / rows) as f32;
                    each_row(&mut g, ctl, |u, row| {
                        row.iter_mut().zip(normalised.row(u)).for_each(|(v, x)| *v = first * (*v - x * share));
                    })?;
                } else if self.kind != Normalisation::MeanSubtraction {
                    let shares: Vec<f32> =
                        column_products(&g, normalised, ctl)?.iter().map(|s| (s / rows) as f32).collect();
                    each_row(&mut g, ctl, |u, row| {
                        for (j, (v, x)) in row.iter_mut().zip(normalised.row(u)).enumerate() {
                            *v = scale[j] * (*v - x * shares[j]);
                        }
                    })?;
                }
                let sums = column_sums(g.view(), ctl)?;
                let mut back: Vec<f32> = sums.iter().map(|s| (s / rows) as f32).collect();
                if let (Some(share), Some(at)) = (self.values.get(2), self.at.get(2)) {
                    parameters.push((*at, sums.iter().zip(mean).map(|(s, m)| -(*s as f32) * m).collect()));
                    back.iter_mut().zip(share).for_each(|(b, a)| *b *= a);
                }
                subtract(&mut g, &back, ctl)?;
            }
        }
        Ok((g, parameters))
    }
}

/// `x̂` of every row by itself, in its place; gives `r`.
fn normalise_rows(x: &mut Array2<f32>, ctl: &Control) -> Result<Vec<f32>, EngineError> {
    let (n, width) = x.dim();
    let mut stats = vec![(0.0f32, 0.0f32); n];
    let rows = &*x;
    ctl.for_row_blocks(&mut stats, 1, 256, |first, stats| {
        for (i, slot) in stats.iter_mut().enumerate() {
            *slot = of_row(rows.row(first + i).iter().copied(), width, f64::from(EPS));
        }
    })?;
    each_row(x, ctl, |u, row| {
        let (mean, r) = stats[u];
        for v in row {
            *v = (*v - mean) * r;
        }
    })?;
    Ok(stats.into_iter().map(|(_, r)| r).collect())
}

/// Mean, and one over the deviation, of a row.
fn of_row(row: impl Iterator<Item = f32> + Clone, width: usize, eps: f64) -> (f32, f32) {
    let n = width.max(1) as f64;
    let mean = row.clone().map(f64::from).sum::<f64>() / n;
    let variance = row.map(|v| (f64::from(v) - mean).powi(2)).sum::<f64>() / n;
    (mean as f32, (1.0 / (variance + eps).sqrt()) as f32)
}
