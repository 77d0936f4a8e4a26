//! Model readers and the writer.
//!
//! A reader takes named tensors out of its container, as 32-bit floats; `dialect` turns other programs' names and orientation into
//! PyTorch's of today; [`Model::from_state_dict`] checks shapes and chain. What neither says (hops, normalisation) takes the
//! family's default, and the report says so.
//!
//! What is never here: which container a file is (`io/detect.rs`).

mod dialect;
mod npz;
mod onnx;
mod safetensors;
mod sparse;
mod sparse_write;
mod state;
mod torch_pickle;

use std::fmt;
use std::path::Path;

use super::file::{MAX_FILE_BYTES, read_whole};
use super::report::{LoadError, LoadReport};
use crate::engine::model::Model;

pub(crate) use npz::is_model_archive;
pub(crate) use onnx::is_onnx;
pub(crate) use safetensors::check_floats;
pub use safetensors::{MODEL_FORMAT, TensorBytes, encode_model, encode_tensors, read_model_bytes, write_model};
pub use sparse::SPARSE_MODEL_FORMAT;
pub(crate) use sparse::{dtype_of, scales_of_sparse_model};
pub use sparse_write::encode_sparse_model;
pub(crate) use sparse_write::value_bytes;

/// A container of models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelFormat {
    /// Our own, and what other programs write with the same library.
    Safetensors,
    /// A file of `torch.save`, of any age.
    Torch,
    /// NumPy arrays, one per tensor.
    Npz,
    /// The initialisers of an ONNX graph.
    Onnx,
}

impl fmt::Display for ModelFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Safetensors => "safetensors",
            Self::Torch => "PyTorch",
            Self::Npz => "NumPy archive",
            Self::Onnx => "ONNX",
        })
    }
}

/// Reads a model from a file of this container.
///
/// # Errors
/// [`LoadError`]; the message names the tensor, what was expected and what was found.
pub(crate) fn read(format: ModelFormat, path: &Path) -> Result<(Model, LoadReport), LoadError> {
    let state = match format {
        ModelFormat::Safetensors => return read_model_bytes(&read_whole(path, MAX_FILE_BYTES)?, path),
        ModelFormat::Torch => torch_pickle::read(path)?,
        ModelFormat::Npz => npz::read(path)?,
        ModelFormat::Onnx => onnx::read(path)?,
    };
    state.into_model(path)
}
