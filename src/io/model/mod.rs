//! Model readers and the writer.
//!
//! A reader takes named tensors out of its container, as 32-bit floats; `dialect` turns other programs' names and orientation into
//! PyTorch's of today; [`Model::from_state_dict`] checks shapes and chain. What neither says (hops, normalisation) takes the
//! family's default, and the report says so.

mod dialect;
mod npz;
mod onnx;
mod safetensors;
mod sparse;
mod sparse_write;
mod torch_pickle;

use std::path::Path;

use super::detect::{Detected, ModelFormat, detect};
use super::file::{MAX_FILE_BYTES, read_whole};
use super::report::{LoadError, LoadReport};
use super::sample;
use crate::engine::model::{Architecture, Model};
use dialect::{ModuleFacts, Tensors};

pub(crate) use npz::is_model_archive;
pub(crate) use onnx::is_onnx;
pub(crate) use safetensors::check_floats;
pub use safetensors::{MODEL_FORMAT, TensorBytes, encode_model, encode_tensors, read_model_bytes, write_model};
pub use sparse::SPARSE_MODEL_FORMAT;
pub use sparse_write::encode_sparse_model;

/// Reads a model from a file in any known container, or one that ships with the program by `sample:NAME`.
///
/// # Errors
/// [`LoadError`]; the message names the tensor, what was expected and what was found.
pub fn read_model(spec: &str) -> Result<(Model, LoadReport), LoadError> {
    let path = Path::new(spec);
    if let Some(name) = spec.strip_prefix(sample::PREFIX) {
        return read_model_bytes(sample::read_sample_model(name)?, path);
    }
    let state = match detect(path)? {
        Detected::Model(ModelFormat::Safetensors) => return read_model_bytes(&read_whole(path, MAX_FILE_BYTES)?, path),
        Detected::Model(ModelFormat::Torch) => torch_pickle::read(path)?,
        Detected::Model(ModelFormat::Npz) => npz::read(path)?,
        Detected::Model(ModelFormat::Onnx) => onnx::read(path)?,
        other => {
            return Err(LoadError::Unknown {
                path: path.to_owned(),
                expected: "a model (safetensors, PyTorch, .npz or ONNX)".to_owned(),
                found: other.to_string(),
            });
        }
    };
    state.into_model(path)
}

/// What a container holds.
#[derive(Debug)]
struct State {
    tensors: Tensors,
    /// What whole modules say about themselves; empty where a file has tensors alone.
    modules: Vec<ModuleFacts>,
    report: LoadReport,
}

impl State {
    /// Multiplies masks in and says so.
    fn apply_masks(&mut self, path: &Path) -> Result<(), LoadError> {
        for name in dialect::apply_masks(&mut self.tensors).map_err(|refusal| refusal.in_file(path))? {
            self.report.fact("mask applied to", name);
        }
        Ok(())
    }

    /// Recognises the network by its names.
    fn into_model(mut self, path: &Path) -> Result<(Model, LoadReport), LoadError> {
        self.apply_masks(path)?;
        let Self { tensors, modules, mut report } = self;
        let found = dialect::translate(tensors, &modules).map_err(|refusal| refusal.in_file(path))?;
        let (model, unused) = Model::from_state_dict(&found.architecture, found.tensors)
            .map_err(|error| LoadError::invalid(path, error))?;
        report.fact("layers", found.dialect);
        for (action, names) in found.done {
            report.fact(action, names.join(", "));
        }
        if !found.stated.is_empty() {
            report.fact("the file says", found.stated.join(", "));
        }
        for assumed in found.assumed {
            report.fact("assumed", assumed);
        }
        report.warnings.extend(found.doubtful);
        warn_about_settings(&model.architecture, &found.stated, &mut report);
        if let [first, ..] = &unused[..] {
            // The names were known one by one, and yet the network has no place for this.
            let expected = format!("the tensors of {}", model.title());
            return Err(LoadError::content(path, format!("tensor {first}"), expected, "one that it has no place for"));
        }
        if !found.unused.is_empty() {
            let names = found.unused.join(", ");
            report.warnings.push(format!("tensors that are part of no known layer are left out: {names}"));
            report.ignored.extend(found.unused);
        }
        describe(&model, &mut report);
        Ok((model, report))
    }
}

/// The counts that every model's report ends with.
fn describe(model: &Model, report: &mut LoadReport) {
    report.fact("model", model.title()).fact("parameters", model.n_parameters());
    let (n_zero, n_weights) = model.weights().fold((0usize, 0usize), |(zero, all), weight| {
        (zero + weight.values.iter().filter(|w| **w == 0.0).count(), all + weight.values.len())
    });
    if n_zero > 0 {
        report.fact("weights that are 0", format!("{n_zero} of {n_weights}"));
    }
    if let Some(trained_on) = &model.trained_on {
        report.fact("trained on", format!("{}, split {}", trained_on.graph, trained_on.split));
    }
}

/// Says which settings of the architecture no tensor tells.
fn warn_about_settings(architecture: &Architecture, stated: &[String], report: &mut LoadReport) {
    let mut assumed: Vec<String> = Vec::new();
    for (name, value) in [
        ("hops", architecture.hops.to_string()),
        ("norm_r", architecture.norm_r.to_string()),
        ("alpha", architecture.alpha.to_string()),
        ("theta", architecture.theta.to_string()),
    ] {
        let is_stated = stated.iter().any(|text| text.split(' ').next() == Some(name));
        if architecture.has(name) && !is_stated {
            assumed.push(format!("{name} {value}"));
        }
    }
    if !assumed.is_empty() {
        let assumed = assumed.join(", ");
        report.warnings.push(format!("the file does not say how the graph is used: {assumed} assumed"));
    }
}
