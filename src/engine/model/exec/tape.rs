//! The autodiff tape: every operation of a training forward leaves its backward step here; run in reverse they give the gradient of
//! every parameter.

use std::sync::Arc;

use ndarray::{Array1, Array2};
use sprs::CsMatI;

use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::Features;
use crate::engine::kernels::{Attended, Csr, Packed, matmul, spmm, transposed};
use crate::engine::model::program::Program;

/// What the forward pass went over: who decided also knows the backward pass.
pub(crate) trait Retrace {
    /// The matrix that was multiplied with. `[d_in, d_out]`
    fn weight(&self, matrix: usize) -> &Array2<f32>;

    /// Which of its entries took part: no gradient flows through the others. `[d_in, d_out]`
    fn mask(&self, prunable: usize) -> &Array2<bool>;

    /// `T̂ᵀ g` of graph step `step`.
    fn propagate_back(&self, step: usize, g: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError>;

    /// Back over the maximum of graph step `step`, which made `out` of `x`: what a row passes on goes, in equal parts, to where its maximum
    /// stands.
    fn propagate_max_back(
        &self,
        step: usize,
        x: &Array2<f32>,
        out: &Array2<f32>,
        g: &Array2<f32>,
        ctl: &Control,
    ) -> Result<Array2<f32>, EngineError>;

    /// The attention of graph step `step`.
    fn attended(&self, step: usize) -> &Attended;
}

/// Training mode: the steps back, and what the forward pass saw of each batch.
pub(crate) struct Tape {
    steps: Vec<(usize, BackStep)>,
    pub(super) output: usize,
    pub(super) seed: u64,
    pub(super) epoch: u64,
    /// Position of every normalisation, with mean and unbiased variance of the batch.
    pub(crate) batch_statistics: Vec<(usize, Vec<f32>, Vec<f32>)>,
}

type BackStep = Box<dyn FnOnce(Array2<f32>, &mut Step<'_>) -> Result<(), EngineError> + Send>;

impl Tape {
    /// `seed` and `epoch` fix the dropouts.
    pub(crate) fn new(seed: u64, epoch: u64) -> Self {
        Self { steps: Vec::new(), output: Program::INPUT, seed, epoch, batch_statistics: Vec::new() }
    }

    pub(super) fn record(&mut self, out: usize, step: BackStep) {
        self.steps.push((out, step));
    }

    /// The gradient of every parameter of a model with `n_parameters`, in its order; `None` for those that took no part.
    pub(crate) fn backward(
        self,
        d_output: Array2<f32>,
        n_parameters: usize,
        retrace: &dyn Retrace,
        input: &InputTranspose,
        ctl: &Control,
    ) -> Result<Vec<Option<Array2<f32>>>, EngineError> {
        let n_values = self.steps.iter().map(|(out, _)| out + 1).max().unwrap_or(1);
        let mut backward =
            Step { values: vec![None; n_values], parameters: vec![None; n_parameters], retrace, input, ctl };
        backward.add(self.output, d_output);
        for (out, step) in self.steps.into_iter().rev() {
            if let Some(g) = backward.values[out].take() {
                step(g, &mut backward)?;
            }
        }
        Ok(backward.parameters)
    }
}

/// Gradients gathered in the backward pass.
pub(crate) struct Step<'a> {
    values: Vec<Option<Array2<f32>>>,
    parameters: Vec<Option<Array2<f32>>>,
    pub(super) retrace: &'a dyn Retrace,
    input: &'a InputTranspose,
    pub(super) ctl: &'a Control,
}

impl Step<'_> {
    /// Whether anybody asks for the gradient of value `id`: not for the network's own input.
    pub(super) fn wants(id: usize) -> bool {
        id != Program::INPUT
    }

    /// Adds to the gradient of value `id`.
    pub(super) fn add(&mut self, id: usize, g: Array2<f32>) {
        if !Self::wants(id) {
            return;
        }
        match &mut self.values[id] {
            Some(sum) => *sum += &g,
            slot => *slot = Some(g),
        }
    }

    /// Adds to the gradient of the vector at `at`.
    pub(super) fn parameter(&mut self, at: usize, g: Array1<f32>) {
        self.parameter_matrix(at, g.insert_axis(ndarray::Axis(0)));
    }

    /// Adds to the gradient of the parameter at `at`.
    pub(super) fn parameter_matrix(&mut self, at: usize, g: Array2<f32>) {
        match &mut self.parameters[at] {
            Some(sum) => *sum += &g,
            slot => *slot = Some(g),
        }
    }

    /// Back over `x Ŵ`: `xᵀ g` where weights were kept, and `g Ŵᵀ`.
    pub(super) fn through_product(
        &mut self,
        matrix: usize,
        prunable: Option<usize>,
        at: usize,
        x_id: usize,
        x: Option<Arc<Array2<f32>>>,
        g: Array2<f32>,
    ) -> Result<(), EngineError> {
        let mut weight = match x {
            Some(x) => {
                let xt = transposed(&x, self.ctl)?;
                if let Some(x) = Arc::into_inner(x) {
                    self.ctl.recycle(x);
                }
                let product = matmul(xt.view(), &Packed::new(g.view()), self.ctl)?;
                self.ctl.recycle(xt);
                product
            }
            None => self.input.product(&g, self.ctl)?,
        };
        if let Some(prunable) = prunable {
            ndarray::Zip::from(&mut weight).and(self.retrace.mask(prunable)).for_each(|w, keep| {
                if !keep {
                    *w = 0.0;
                }
            });
        }
        self.parameter_matrix(at, weight);
        if Self::wants(x_id) {
            let d_x = matmul(g.view(), &Packed::new(self.retrace.weight(matrix).t()), self.ctl)?;
            self.add(x_id, d_x);
        }
        self.ctl.recycle(g);
        Ok(())
    }
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
