//! Models from files in any known container, and those that ship with the program.

use std::path::Path;

use crate::engine::model::Model;
use crate::io::detect::{Detected, detect, detect_sample};
use crate::io::report::{LoadError, LoadReport};
use crate::io::{entrance, model, sample};

/// Reads a model from a file in any known container, or one that ships with the program by `sample:NAME`.
///
/// # Errors
/// [`LoadError`]; the message names the tensor, what was expected and what was found.
pub fn read_model(spec: &str) -> Result<(Model, LoadReport), LoadError> {
    entrance::enter(|| read_spec(spec))
}

fn read_spec(spec: &str) -> Result<(Model, LoadReport), LoadError> {
    let path = Path::new(spec);
    if let Some(name) = spec.strip_prefix(sample::PREFIX) {
        let Some(bytes) = sample::model(name) else {
            return Err(LoadError::Unknown {
                path: path.to_owned(),
                expected: format!("a sample model ({})", sample::model_names()),
                found: detect_sample(name).to_string(),
            });
        };
        return model::read_model_bytes(bytes, path);
    }
    match detect(path)? {
        Detected::Model(format) => model::read(format, path),
        other => Err(LoadError::Unknown {
            path: path.to_owned(),
            expected: "a model (safetensors, PyTorch, .npz or ONNX)".to_owned(),
            found: other.to_string(),
        }),
    }
}
