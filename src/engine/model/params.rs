//! The parameters of a model, and their names and orientation in PyTorch's terms.

use std::collections::BTreeMap;

use ndarray::{Array1, Array2, ArrayD, Axis, Ix1};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand_distr::{Distribution as _, Uniform};
use serde::{Deserialize, Serialize};

use super::architecture::Architecture;
use super::families::Shapes;
use crate::engine::error::EngineError;
use crate::engine::graph::Metric;

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
    fn drawn(seed: u64, check: &'a dyn Fn() -> Result<(), EngineError>) -> Self {
        Self { list: Vec::new(), rng: StdRng::seed_from_u64(seed), counted: None, check, stopped: Ok(()) }
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

    /// The four tensors of batch normalisation `name`.
    pub(crate) fn norm(&mut self, name: &str, width: usize) {
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

/// Standardises the columns of a propagated embedding, as fitted on the training rows. Both `[width]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Scaler {
    /// Subtracted.
    pub mean: Array1<f32>,
    /// Divided by.
    pub scale: Array1<f32>,
}

/// How a model came about: shown on its card, kept in its file.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainedOn {
    /// Name of the graph.
    pub graph: String,
    /// Name of the split.
    pub split: String,
    /// Seed of the initial weights and of dropout.
    pub seed: u64,
    /// Epochs trained; the weights are those of `best_epoch`.
    pub epochs: usize,
    /// Epoch with the best validation accuracy, from 1.
    pub best_epoch: usize,
    /// What the two scores are.
    pub metric: Metric,
    /// Validation accuracy at that epoch, `0..=1`.
    pub val_accuracy: f64,
    /// Test accuracy at that epoch, `0..=1`.
    pub test_accuracy: f64,
}

/// A network with its parameters. Immutable and shared once built.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Family and shape.
    pub architecture: Architecture,
    /// In order of computation.
    pub parameters: Vec<Parameter>,
    /// Input width.
    d_in: usize,
    /// Output width.
    n_classes: usize,
    /// Decoupled families only: how the propagated embedding is standardised.
    pub scaler: Option<Scaler>,
    /// Where it came from, if it says so.
    pub trained_on: Option<TrainedOn>,
}

impl Model {
    /// A model with fresh weights: Glorot uniform for convolutions, fan-in uniform for an MLP, as `PyG` and PyTorch do.
    pub fn init(architecture: &Architecture, d_in: usize, n_classes: usize, seed: u64) -> Self {
        match Self::init_while(architecture, d_in, n_classes, seed, &|| Ok(())) {
            Ok(model) => model,
            Err(error) => unreachable!("nothing stops it: {error}"),
        }
    }

    /// As [`Model::init`], as long as `check` finds nothing: it is asked every few hundred thousand weights.
    ///
    /// # Errors
    /// What `check` says.
    pub fn init_while(
        architecture: &Architecture,
        d_in: usize,
        n_classes: usize,
        seed: u64,
        check: &dyn Fn() -> Result<(), EngineError>,
    ) -> Result<Self, EngineError> {
        let mut tensors = Tensors::drawn(seed, check);
        architecture.architecture.definition().tensors(architecture, d_in, n_classes, &mut tensors);
        tensors.stopped?;
        let architecture = architecture.clone();
        Ok(Self { architecture, parameters: tensors.list, d_in, n_classes, scaler: None, trained_on: None })
    }

    /// How many values the tensors of such a model have; none is made.
    pub fn n_values(architecture: &Architecture, d_in: usize, n_classes: usize) -> u64 {
        let mut tensors = Tensors { counted: Some(0), ..Tensors::drawn(0, &|| Ok(())) };
        architecture.architecture.definition().tensors(architecture, d_in, n_classes, &mut tensors);
        tensors.counted.unwrap_or(0)
    }

    /// Input width.
    pub fn d_in(&self) -> usize {
        self.d_in
    }

    /// Output width.
    pub fn n_classes(&self) -> usize {
        self.n_classes
    }

    /// The weight matrices that may be pruned, in order of computation: one mask each.
    pub fn weights(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(|p| p.prunable_layer().is_some())
    }

    /// The weight matrices that may be pruned, to change them.
    pub fn weights_mut(&mut self) -> impl Iterator<Item = &mut Parameter> {
        self.parameters.iter_mut().filter(|p| p.prunable_layer().is_some())
    }

    /// Weight matrix `idx` among those that may be pruned.
    pub fn weight(&self, idx: usize) -> Option<&Parameter> {
        self.weights().nth(idx)
    }

    /// Position of parameter `name`.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.parameters.iter().position(|p| p.name == name)
    }

    /// Number of weights, biases, attention and normalisation parameters (running statistics left out).
    pub fn n_parameters(&self) -> usize {
        self.parameters.iter().filter(|p| p.is_trained()).map(|p| p.values.len()).sum()
    }

    /// For titles, for example `GCN 1433-512-7`.
    pub fn title(&self) -> String {
        self.architecture.title(self.d_in, self.n_classes)
    }

    /// Every tensor under its PyTorch name and in PyTorch's orientation (`weight` is `[d_out, d_in]`).
    pub fn state_dict(&self) -> BTreeMap<String, ArrayD<f32>> {
        let mut tensors: BTreeMap<_, _> =
            self.parameters.iter().map(|p| (p.name.clone(), p.to_torch(&p.values))).collect();
        if let Some(scaler) = &self.scaler {
            tensors.insert("scaler.mean".into(), scaler.mean.clone().into_dyn());
            tensors.insert("scaler.scale".into(), scaler.scale.clone().into_dyn());
        }
        tensors
    }

    /// Builds the model of `architecture` from tensors in PyTorch's terms; what their names and shapes tell about the
    /// architecture goes before what it says. Returns the names that were not used, too.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] naming the tensor that is missing, has the wrong shape or breaks the chain of widths;
    /// [`EngineError::NotFinite`].
    pub fn from_state_dict(
        architecture: &Architecture,
        mut tensors: BTreeMap<String, ArrayD<f32>>,
    ) -> Result<(Self, Vec<String>), EngineError> {
        let mut shape = architecture.clone();
        let (d_in, n_classes) = shape.architecture.definition().infer(Shapes(&tensors), &mut shape)?;
        shape.check()?;
        let mut model = Self::init(&shape, d_in, n_classes, 0);
        for parameter in &mut model.parameters {
            let name = &parameter.name;
            let tensor = tensors
                .remove(name)
                .ok_or_else(|| EngineError::mismatch("model tensors", name, "none of that name"))?;
            if let Some(found) = tensor.iter().find(|v| !v.is_finite()) {
                return Err(EngineError::NotFinite { what: name.clone(), found: found.to_string() });
            }
            parameter.values = parameter.read_torch(tensor)?;
        }
        if tensors.contains_key("scaler.mean") {
            let mut part = |name: &str| {
                let tensor = tensors
                    .remove(name)
                    .ok_or_else(|| EngineError::mismatch("model tensors", name, "none of that name"))?;
                let shape = format!("{:?}", tensor.shape());
                let flat = tensor.into_dimensionality::<Ix1>().ok().filter(|t| t.len() == d_in);
                flat.ok_or_else(|| EngineError::mismatch(format!("shape of {name}"), format!("[{d_in}]"), shape))
            };
            model.scaler = Some(Scaler { mean: part("scaler.mean")?, scale: part("scaler.scale")? });
        }
        // PyTorch counts batches beside the running statistics; nothing depends on it.
        let unused = tensors.into_keys().filter(|name| !name.ends_with(".num_batches_tracked")).collect();
        Ok((model, unused))
    }

    /// Checks that the model fits a graph with `d_in` features.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`].
    pub fn check_fits(&self, d_in: usize, n_classes: usize) -> Result<(), EngineError> {
        if self.d_in != d_in {
            return Err(EngineError::mismatch(
                "model input width",
                format!("{d_in} (features of the graph)"),
                self.d_in,
            ));
        }
        if n_classes > self.n_classes {
            return Err(EngineError::mismatch(
                "model output width",
                format!("at least {n_classes} (classes)"),
                self.n_classes,
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::families::Family;
    use super::*;

    #[test]
    fn drawing_weights_stops_and_draws_the_same_when_it_does_not() {
        for family in Family::ALL {
            let shape = Architecture { hidden: 64, ..Architecture::new(family) };
            let d_in = 1 << 15;
            let n_looks = std::cell::Cell::new(0);
            let check = || {
                n_looks.set(n_looks.get() + 1);
                Ok(())
            };
            let whole = Model::init_while(&shape, d_in, 3, 7, &check).expect("nobody stops it");
            assert_eq!(whole, Model::init(&shape, d_in, 3, 7), "{family:?}");
            let needed: u64 = Model::n_values(&shape, d_in, 3) >> 18;
            assert!(n_looks.get() >= needed, "{family:?}: {} looks for {needed}", n_looks.get());
            let n_drawn = std::cell::Cell::new(0);
            let stopped = Model::init_while(&shape, d_in, 3, 7, &|| {
                n_drawn.set(n_drawn.get() + 1);
                if n_drawn.get() > 1 { Err(EngineError::Cancelled) } else { Ok(()) }
            });
            assert!(matches!(stopped, Err(EngineError::Cancelled)), "{family:?}");
            assert_eq!(n_drawn.get(), 2, "{family:?}: nothing is drawn after that");
        }
    }
}
