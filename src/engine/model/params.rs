//! The parameters of a model, and their names and orientation in PyTorch's terms.

use std::collections::BTreeMap;

use ndarray::{Array1, Array2, ArrayD, Ix1, Ix2};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand_distr::{Distribution as _, Uniform};
use serde::{Deserialize, Serialize};

use super::architecture::{Architecture, Family};
use crate::engine::error::EngineError;

/// A weight matrix with an optional bias.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    /// `W`, in this text's orientation. `[d_in, d_out]` (PyTorch stores the transpose).
    pub weight: Array2<f32>,
    /// `b`. `[d_out]`.
    pub bias: Option<Array1<f32>>,
}

/// Batch normalisation over nodes. All `[width]`.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchNorm {
    /// Scale γ.
    pub weight: Array1<f32>,
    /// Shift β.
    pub bias: Array1<f32>,
    /// Mean over the batches seen in training.
    pub running_mean: Array1<f32>,
    /// Unbiased variance over the batches seen in training.
    pub running_var: Array1<f32>,
}

impl BatchNorm {
    /// Added to the variance under the root, as PyTorch does.
    pub const EPS: f32 = 1e-5;

    /// The identity: what training starts from.
    pub fn new(width: usize) -> Self {
        Self {
            weight: Array1::ones(width),
            bias: Array1::zeros(width),
            running_mean: Array1::zeros(width),
            running_var: Array1::ones(width),
        }
    }
}

/// One layer: a transformation, and the normalisation that follows it (none after the last).
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// The transformation.
    pub linear: Linear,
    /// The normalisation behind it.
    pub norm: Option<BatchNorm>,
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
    pub layers: Vec<Layer>,
    /// Decoupled families only: how the propagated embedding is standardised.
    pub scaler: Option<Scaler>,
    /// Where it came from, if it says so.
    pub trained_on: Option<TrainedOn>,
}

impl Model {
    /// A model with fresh weights: Glorot uniform for convolutions, Kaiming uniform for an MLP, as `PyG` and PyTorch do.
    pub fn init(architecture: &Architecture, d_in: usize, n_classes: usize, seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let layers = (0..architecture.layers)
            .map(|l| {
                let (from, to) = architecture.layer_widths(l, d_in, n_classes);
                let (bound, bias_bound) = match architecture.architecture {
                    Family::Gcn => ((6.0 / (from + to) as f32).sqrt(), 0.0),
                    Family::Sgc => ((1.0 / from as f32).sqrt(), (1.0 / from as f32).sqrt()),
                };
                let mut draw =
                    |bound: f32| Uniform::new_inclusive(-bound, bound).map_or(0.0, |uniform| uniform.sample(&mut rng));
                let weight = Array2::from_shape_simple_fn((from, to), || draw(bound));
                let bias = architecture.bias.then(|| Array1::from_shape_simple_fn(to, || draw(bias_bound)));
                let norm = (architecture.batch_norm && l + 1 < architecture.layers).then(|| BatchNorm::new(to));
                Layer { linear: Linear { weight, bias }, norm }
            })
            .collect();
        Self { architecture: architecture.clone(), layers, scaler: None, trained_on: None }
    }

    /// Input width.
    pub fn d_in(&self) -> usize {
        self.layers.first().map_or(0, |l| l.linear.weight.nrows())
    }

    /// Output width.
    pub fn n_classes(&self) -> usize {
        self.layers.last().map_or(0, |l| l.linear.weight.ncols())
    }

    /// Number of weights, biases and normalisation parameters (running statistics left out).
    pub fn n_parameters(&self) -> usize {
        self.layers
            .iter()
            .map(|l| {
                l.linear.weight.len()
                    + l.linear.bias.as_ref().map_or(0, Array1::len)
                    + l.norm.as_ref().map_or(0, |n| 2 * n.weight.len())
            })
            .sum()
    }

    /// For titles, for example `GCN 1433-512-7`.
    pub fn title(&self) -> String {
        self.architecture.title(self.d_in(), self.n_classes())
    }

    /// Name of weight matrix `layer` in PyTorch's terms, for example `convs.0.lin.weight`.
    pub fn weight_name(&self, layer: usize) -> String {
        match self.architecture.architecture {
            Family::Gcn => format!("convs.{layer}.lin.weight"),
            Family::Sgc => format!("fcs.{layer}.weight"),
        }
    }

    fn bias_name(&self, layer: usize) -> String {
        match self.architecture.architecture {
            Family::Gcn => format!("convs.{layer}.bias"),
            Family::Sgc => format!("fcs.{layer}.bias"),
        }
    }

    fn norm_name(&self, layer: usize) -> String {
        match self.architecture.architecture {
            Family::Gcn => format!("norms.{layer}"),
            Family::Sgc => format!("bns.{layer}"),
        }
    }

    /// Every tensor under its PyTorch name and in PyTorch's orientation (`weight` is `[d_out, d_in]`).
    pub fn state_dict(&self) -> BTreeMap<String, ArrayD<f32>> {
        let mut tensors = BTreeMap::new();
        for (l, layer) in self.layers.iter().enumerate() {
            tensors.insert(self.weight_name(l), layer.linear.weight.t().as_standard_layout().into_owned().into_dyn());
            if let Some(bias) = &layer.linear.bias {
                tensors.insert(self.bias_name(l), bias.clone().into_dyn());
            }
            if let Some(norm) = &layer.norm {
                let name = self.norm_name(l);
                for (key, values) in [
                    ("weight", &norm.weight),
                    ("bias", &norm.bias),
                    ("running_mean", &norm.running_mean),
                    ("running_var", &norm.running_var),
                ] {
                    tensors.insert(format!("{name}.{key}"), values.clone().into_dyn());
                }
            }
        }
        if let Some(scaler) = &self.scaler {
            tensors.insert("scaler.mean".into(), scaler.mean.clone().into_dyn());
            tensors.insert("scaler.scale".into(), scaler.scale.clone().into_dyn());
        }
        tensors
    }

    /// Builds the model of `architecture` from tensors in PyTorch's terms; the layers' number and widths are those of the
    /// tensors. Returns the names that were not used, too.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] naming the tensor that is missing, has the wrong shape or breaks the chain of widths.
    pub fn from_state_dict(
        architecture: &Architecture,
        mut tensors: BTreeMap<String, ArrayD<f32>>,
    ) -> Result<(Self, Vec<String>), EngineError> {
        let mut model = Self { architecture: architecture.clone(), layers: Vec::new(), scaler: None, trained_on: None };
        let n_layers = (0..MAX_LAYERS).take_while(|l| tensors.contains_key(&model.weight_name(*l))).count();
        if n_layers == 0 {
            let names = tensors.keys().take(6).cloned().collect::<Vec<_>>().join(", ");
            return Err(EngineError::mismatch("model tensors", format!("{} first", model.weight_name(0)), names));
        }
        let mut width_before = None;
        for l in 0..n_layers {
            let name = model.weight_name(l);
            let weight = take::<Ix2>(&mut tensors, &name, None)?.reversed_axes().as_standard_layout().into_owned();
            let (from, to) = weight.dim();
            if let Some(expected) = width_before.filter(|w| *w != from) {
                return Err(EngineError::mismatch(name, format!("input width {expected}"), from));
            }
            width_before = Some(to);
            let bias_name = model.bias_name(l);
            let bias = if tensors.contains_key(&bias_name) {
                Some(take::<Ix1>(&mut tensors, &bias_name, Some(to))?)
            } else {
                None
            };
            let norm_name = model.norm_name(l);
            let norm = if l + 1 < n_layers && tensors.contains_key(&format!("{norm_name}.weight")) {
                let mut part = |key: &str| take::<Ix1>(&mut tensors, &format!("{norm_name}.{key}"), Some(to));
                Some(BatchNorm {
                    weight: part("weight")?,
                    bias: part("bias")?,
                    running_mean: part("running_mean")?,
                    running_var: part("running_var")?,
                })
            } else {
                None
            };
            tensors.remove(&format!("{norm_name}.num_batches_tracked"));
            model.layers.push(Layer { linear: Linear { weight, bias }, norm });
        }
        if tensors.contains_key("scaler.mean") {
            let width = Some(model.d_in());
            model.scaler = Some(Scaler {
                mean: take::<Ix1>(&mut tensors, "scaler.mean", width)?,
                scale: take::<Ix1>(&mut tensors, "scaler.scale", width)?,
            });
        }
        let shape = &mut model.architecture;
        shape.layers = n_layers;
        shape.batch_norm = model.layers.iter().any(|l| l.norm.is_some());
        shape.bias = model.layers.iter().any(|l| l.linear.bias.is_some());
        if n_layers > 1 {
            shape.hidden = model.layers[0].linear.weight.ncols();
        }
        Ok((model, tensors.into_keys().collect()))
    }

    /// Checks that the model fits a graph with `d_in` features.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`].
    pub fn check_fits(&self, d_in: usize, n_classes: usize) -> Result<(), EngineError> {
        if self.d_in() != d_in {
            return Err(EngineError::mismatch(
                "model input width",
                format!("{d_in} (features of the graph)"),
                self.d_in(),
            ));
        }
        if n_classes > self.n_classes() {
            return Err(EngineError::mismatch(
                "model output width",
                format!("at least {n_classes} (classes)"),
                self.n_classes(),
            ));
        }
        Ok(())
    }
}

/// More layers than this are not looked for.
const MAX_LAYERS: usize = 64;

fn take<D: ndarray::Dimension>(
    tensors: &mut BTreeMap<String, ArrayD<f32>>,
    name: &str,
    len: Option<usize>,
) -> Result<ndarray::Array<f32, D>, EngineError> {
    let tensor =
        tensors.remove(name).ok_or_else(|| EngineError::mismatch("model tensors", name, "none of that name"))?;
    let shape = format!("{:?}", tensor.shape());
    if let Some(found) = tensor.iter().find(|v| !v.is_finite()) {
        return Err(EngineError::NotFinite { what: name.to_owned(), found: found.to_string() });
    }
    let n_dims = D::NDIM.unwrap_or_default();
    let wrong = |expected: String| EngineError::mismatch(format!("shape of {name}"), expected, &shape);
    let tensor = tensor.into_dimensionality::<D>().map_err(|_error| wrong(format!("{n_dims} dimensions")))?;
    match len {
        Some(len) if tensor.len() != len => Err(wrong(format!("[{len}]"))),
        _ => Ok(tensor),
    }
}
