//! Model readers and the writer.
//!
//! A model is a set of named tensors in PyTorch's names and orientation; [`Model::from_state_dict`] checks shapes and chain.
//! What a container does not say (hops, normalisation) takes the family's default, and the report says so.

mod safetensors;

use std::path::Path;

use super::detect::{Detected, detect};
use super::file::{MAX_FILE_BYTES, read_whole};
use super::report::{LoadError, LoadReport};
use super::sample;
use crate::engine::model::Model;

pub use safetensors::{MODEL_FORMAT, TensorBytes, encode_model, encode_tensors, read_model_bytes, write_model};

/// Reads a model from a `.safetensors` file, or one that ships with the program by `sample:NAME`.
///
/// # Errors
/// [`LoadError`]; the message names the tensor, what was expected and what was found.
pub fn read_model(spec: &str) -> Result<(Model, LoadReport), LoadError> {
    let path = Path::new(spec);
    if let Some(name) = spec.strip_prefix(sample::PREFIX) {
        return read_model_bytes(sample::read_sample_model(name)?, path);
    }
    match detect(path)? {
        Detected::Model => read_model_bytes(&read_whole(path, MAX_FILE_BYTES)?, path),
        other => Err(LoadError::Unknown {
            path: path.to_owned(),
            expected: "a model (safetensors)".to_owned(),
            found: other.to_string(),
        }),
    }
}
