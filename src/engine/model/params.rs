//! The parameters of a model, and their names and orientation in PyTorch's terms.

use ndarray::{Array2, ArrayD, Axis};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand_distr::{Distribution as _, Uniform};

use super::choices::Norm;
use crate::engine::error::EngineError;

/// What a parameter is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A weight matrix that may be pruned, of layer `layer`. `[d_in, d_out]`
    Weight {
        /// Position among the layers, from 0.
        layer: usize,
    },
    /// A weight matrix that never is: before the first layer or after the last. `[d_in, d_out]`
    EndWeight,
    /// Trained and not a matrix: a bias, the scale and shift of a normalisation. `[1, width]`
    Vector,
    /// Attention. `[heads, channels]`
    Attention,
    /// Not trained: running statistics, a fixed factor. `[1, width]`
    Statistic,
}

/// How a parameter lies in a PyTorch file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// `[d_out, d_in]`: the transpose of ours.
    Transposed,
    /// `[d_in, d_out]`, as here (GCNII multiplies from the left).
    AsIs,
    /// `[width]`.
    Flat,
    /// `[1, heads, channels]`.
    Heads,
}

/// One tensor of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name in PyTorch's terms, for example `convs.0.lin.weight`.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// The values, in this text's orientation: see [`Role`].
    pub values: Array2<f32>,
    layout: Layout,
}

impl Parameter {
    /// A vector that no file holds. `[1, width]`
    pub(super) fn vector(name: String, values: Array2<f32>) -> Self {
        Self { name, role: Role::Vector, values, layout: Layout::Flat }
    }

    /// Whether an optimiser changes it.
    pub fn is_trained(&self) -> bool {
        self.role != Role::Statistic
    }

    /// Whether rows are multiplied with it.
    pub fn is_matrix(&self) -> bool {
        matches!(self.role, Role::Weight { .. } | Role::EndWeight)
    }

    /// The layer of a weight that may be pruned.
    pub fn prunable_layer(&self) -> Option<usize> {
        match self.role {
            Role::Weight { layer } => Some(layer),
            _ => None,
        }
    }

    /// Whether PyTorch stores a matrix `[d_out, d_in]`, the transpose of how it stands here.
    pub fn is_transposed(&self) -> bool {
        self.layout == Layout::Transposed
    }

    /// The last part of its name before `weight`, for example `lin_l`; for titles.
    pub fn short_name(&self) -> &str {
        let path = self.name.strip_suffix(".weight").unwrap_or(&self.name);
        path.rsplit('.').find(|part| part.parse::<usize>().is_err()).unwrap_or(path)
    }

    /// `values`, or anything of the same shape, as PyTorch stores it.
    pub fn to_torch<T: Clone>(&self, values: &Array2<T>) -> ArrayD<T> {
        match self.layout {
            Layout::Transposed => values.t().as_standard_layout().into_owned().into_dyn(),
            Layout::AsIs => values.clone().into_dyn(),
            Layout::Flat => values.row(0).to_owned().into_dyn(),
            Layout::Heads => values.clone().insert_axis(Axis(0)).into_dyn(),
        }
    }

    /// The reverse of [`Parameter::to_torch`].
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] naming the tensor and both shapes.
    pub fn read_torch<T: Clone>(&self, tensor: ArrayD<T>) -> Result<Array2<T>, EngineError> {
        let expected = self.torch_shape();
        if tensor.shape() != expected {
            let found = format!("{:?}", tensor.shape());
            return Err(EngineError::mismatch(format!("shape of {}", self.name), format!("{expected:?}"), found));
        }
        let values: Vec<T> = tensor.iter().cloned().collect();
        let (rows, columns) = self.values.dim();
        let stored = if self.layout == Layout::Transposed { (columns, rows) } else { (rows, columns) };
        let values = Array2::from_shape_vec(stored, values)
            .map_err(|e| EngineError::mismatch(format!("shape of {}", self.name), format!("{expected:?}"), e))?;
        Ok(if self.layout == Layout::Transposed {
            values.reversed_axes().as_standard_layout().into_owned()
        } else {
            values
        })
    }

    /// Its shape as PyTorch stores it.
    pub fn torch_shape(&self) -> Vec<usize> {
        let (rows, columns) = self.values.dim();
        match self.layout {
            Layout::Transposed => vec![columns, rows],
            Layout::AsIs => vec![rows, columns],
            Layout::Flat => vec![columns],
            Layout::Heads => vec![1, rows, columns],
        }
    }
}

/// How fresh values are drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Init {
    /// Uniform within `±√(6 / (from + to))` (Glorot and Bengio 2010), as `PyG` does.
    Glorot(usize, usize),
    /// Uniform within `±1/√from`, as PyTorch's `Linear` does.
    FanIn(usize),
    /// All the same.
    Fill(f32),
}

/// Lists the tensors of a model, in order of computation.
pub(crate) struct Tensors<'a> {
    list: Vec<Parameter>,
    rng: StdRng,
    /// Where tensors are only counted: their values so far.
    counted: Option<u64>,
    /// Asked while values are drawn.
    check: &'a dyn Fn() -> Result<(), EngineError>,
    /// What it said; nothing is made after that.
    stopped: Result<(), EngineError>,
}

impl<'a> Tensors<'a> {
    /// Tensors with values drawn from `seed`, as long as `check` finds nothing.
    pub(super) fn drawn(seed: u64, check: &'a dyn Fn() -> Result<(), EngineError>) -> Self {
        Self { list: Vec::new(), rng: StdRng::seed_from_u64(seed), counted: None, check, stopped: Ok(()) }
    }

    /// Tensors of which none is made: their values are counted.
    pub(super) fn counting() -> Self {
        Self { counted: Some(0), ..Self::drawn(0, &|| Ok(())) }
    }

    /// What was listed.
    ///
    /// # Errors
    /// What the check said.
    pub(super) fn finish(self) -> Result<Vec<Parameter>, EngineError> {
        self.stopped.map(|()| self.list)
    }

    /// How many values were counted.
    pub(super) fn n_counted(&self) -> u64 {
        self.counted.unwrap_or(0)
    }

    /// A matrix of these values, drawn row by row.
    fn matrix(
        &mut self,
        shape: (usize, usize),
        mut value: impl FnMut(&mut StdRng) -> f32,
    ) -> Result<Array2<f32>, EngineError> {
        /// Values between two looks.
        const STEP: usize = 1 << 18;
        let mut values = Array2::zeros(shape);
        for step in values.as_slice_mut().unwrap_or_default().chunks_mut(STEP) {
            (self.check)()?;
            for slot in step {
                *slot = value(&mut self.rng);
            }
        }
        Ok(values)
    }

    fn add(&mut self, name: String, role: Role, layout: Layout, shape: (usize, usize), init: Init) {
        if let Some(counted) = &mut self.counted {
            *counted = counted.saturating_add((shape.0 as u64).saturating_mul(shape.1 as u64));
            return;
        }
        if self.stopped.is_err() {
            return;
        }
        let bound = match init {
            Init::Glorot(from, to) => (6.0 / (from + to) as f32).sqrt(),
            Init::FanIn(from) => (1.0 / from as f32).sqrt(),
            Init::Fill(_) => 0.0,
        };
        let between = Uniform::new_inclusive(-bound, bound);
        let values = match init {
            Init::Fill(value) => self.matrix(shape, |_| value),
            Init::Glorot(..) | Init::FanIn(_) => self.matrix(shape, |rng| between.map_or(0.0, |u| u.sample(rng))),
        };
        match values {
            Ok(values) => self.list.push(Parameter { name, role, values, layout }),
            Err(error) => self.stopped = Err(error),
        }
    }

    /// `{name}.weight` that may be pruned.
    pub(crate) fn weight(&mut self, name: &str, layer: usize, shape: (usize, usize), init: Init) {
        self.add(format!("{name}.weight"), Role::Weight { layer }, Layout::Transposed, shape, init);
    }

    /// `{name}.weight` that may be pruned and is stored as it is multiplied.
    pub(crate) fn weight_as_is(&mut self, name: &str, layer: usize, shape: (usize, usize), init: Init) {
        self.add(format!("{name}.weight"), Role::Weight { layer }, Layout::AsIs, shape, init);
    }

    /// `{name}.weight` that is never pruned.
    pub(crate) fn end_weight(&mut self, name: &str, shape: (usize, usize), init: Init) {
        self.add(format!("{name}.weight"), Role::EndWeight, Layout::Transposed, shape, init);
    }

    /// `{name}.bias`.
    pub(crate) fn bias(&mut self, name: &str, width: usize, init: Init) {
        self.add(format!("{name}.bias"), Role::Vector, Layout::Flat, (1, width), init);
    }

    /// `name`, one row per head.
    pub(crate) fn attention(&mut self, name: &str, heads: usize, channels: usize) {
        self.add(name.to_owned(), Role::Attention, Layout::Heads, (heads, channels), Init::Glorot(heads, channels));
    }

    /// `name`, one number that training leaves alone.
    pub(crate) fn factor(&mut self, name: &str, value: f32) {
        self.add(name.to_owned(), Role::Statistic, Layout::Flat, (1, 1), Init::Fill(value));
    }

    /// `{name}.weight`, one slope of a PReLU per column.
    pub(crate) fn slopes(&mut self, name: &str, width: usize) {
        self.add(format!("{name}.weight"), Role::Vector, Layout::Flat, (1, width), Init::Fill(0.25));
    }

    /// The tensors of normalisation `name`.
    pub(crate) fn norm(&mut self, norm: Norm, name: &str, width: usize) {
        if let Some(own) = norm.own() {
            for part in own.parts() {
                let value = if *part == "bias" { 0.0 } else { 1.0 };
                self.add(format!("{name}.{part}"), Role::Vector, Layout::Flat, (1, width), Init::Fill(value));
            }
        }
        if norm != Norm::Batch {
            return;
        }
        for (part, role, value) in [
            ("weight", Role::Vector, 1.0),
            ("bias", Role::Vector, 0.0),
            ("running_mean", Role::Statistic, 0.0),
            ("running_var", Role::Statistic, 1.0),
        ] {
            self.add(format!("{name}.{part}"), role, Layout::Flat, (1, width), Init::Fill(value));
        }
    }
}
