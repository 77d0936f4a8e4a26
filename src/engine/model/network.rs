//! A network: its architecture with its parameters, and the program they are traced into.

use std::collections::BTreeMap;

use ndarray::{ArrayD, Ix1};
use serde::{Deserialize, Serialize};

use super::architecture::Architecture;
use super::families::definition::Shapes;
use super::families::trace;
use super::normalisation::Normalisation;
use super::params::{Parameter, Tensors};
use super::program::{Op, Program};
use super::scaler::Scaler;
use crate::engine::error::EngineError;
use crate::engine::graph::Metric;

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
    /// Whether the test nodes were not in the graph while it was trained.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub inductive: bool,
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
        let parameters = tensors.finish()?;
        let architecture = architecture.clone();
        Ok(Self { architecture, parameters, d_in, n_classes, scaler: None, trained_on: None })
    }

    /// How many values the tensors of such a model have; none is made.
    pub fn n_values(architecture: &Architecture, d_in: usize, n_classes: usize) -> u64 {
        let mut tensors = Tensors::counting();
        architecture.architecture.definition().tensors(architecture, d_in, n_classes, &mut tensors);
        tensors.n_counted()
    }

    /// What it computes, as a list of operations over its parameters. For a decoupled family it begins behind propagation and scaler.
    pub fn program(&self) -> Program {
        trace(&self.architecture, &self.parameters, self.d_in)
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
        let without_affine = norms_without_affine(&model, &tensors);
        for parameter in &mut model.parameters {
            let name = &parameter.name;
            let tensor = match tensors.remove(name) {
                Some(tensor) => tensor,
                // A normalisation without scale and shift: 1 and 0, as in a fresh model.
                None if without_affine.iter().any(|norm| name.starts_with(norm.as_str())) => continue,
                None => return Err(EngineError::mismatch("model tensors", name, "none of that name")),
            };
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

    /// The same tensors read as another architecture: what names and shapes leave open.
    ///
    /// # Errors
    /// [`EngineError::Recipe`] naming the first setting that the tensors do not allow, or as [`Model::from_state_dict`].
    pub fn read_as(&self, architecture: &Architecture) -> Result<Self, EngineError> {
        let (mut model, unused) = Self::from_state_dict(architecture, self.state_dict())?;
        if let Some((name, asked, found)) = architecture.first_difference(&model.architecture) {
            return Err(EngineError::recipe(format!("model.{name}"), format!("{found} (the tensors say so)"), asked));
        }
        if let Some(name) = unused.first() {
            return Err(EngineError::mismatch("model tensors", "a place for every one", format!("none for {name}")));
        }
        model.trained_on.clone_from(&self.trained_on);
        Ok(model)
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

/// What the names of the normalisations begin with that have no tensor in `tensors`, and need none.
fn norms_without_affine(model: &Model, tensors: &BTreeMap<String, ArrayD<f32>>) -> Vec<String> {
    let program = model.program();
    let norms = program.instructions.iter().filter_map(|instruction| match &instruction.op {
        Op::Normalise { kind, name } if *kind != Normalisation::Graph => Some(format!("{name}.")),
        _ => None,
    });
    norms.filter(|name| tensors.range(name.clone()..).next().is_none_or(|(key, _)| !key.starts_with(name))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::family::Family;
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
