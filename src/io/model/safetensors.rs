//! Models as safetensors.
//!
//! ```text
//! file     = length header values
//! length   = u64, little-endian: bytes of the header
//! header   = JSON object: "__metadata__": text → text, and for every tensor
//!            "name": {"dtype": "F32", "shape": […], "data_offsets": [begin, end]}
//! values   = without gaps, row-major, little-endian
//! ```
//! Ours carry the metadata `format` = `unifews-model/1`, `architecture` (JSON, the recipe's `[model]`) and, if known,
//! `trained_on` (JSON); `sparse` has those that are stored sparse. A file without `format` is another program's: its tensors are of any real type and are known by their
//! names, see `dialect`. `num_batches_tracked` plays no part.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use ndarray::ArrayD;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

use super::sparse::{self, SPARSE_MODEL_FORMAT, SPARSE_MODEL_FORMAT_2};
use super::state::{State, describe};
use crate::engine::experiment::ValueType;
use crate::engine::model::{Architecture, Model, TrainedOn};
use crate::io::atomic::write_atomic;
use crate::io::narrow;
use crate::io::npy::{Array, Layout};
use crate::io::report::{ExportError, LoadError, LoadReport};
use crate::io::text::shortened;

/// Name and version of our metadata.
pub const MODEL_FORMAT: &str = "unifews-model/1";

/// Refuses a file with a tensor of another type than the 32-bit floats that this program writes.
///
/// # Errors
/// [`LoadError::Content`] naming the tensor.
pub(crate) fn check_floats(bytes: &[u8], path: &Path) -> Result<(), LoadError> {
    let fault = |place: &str, expected: &str, found: String| LoadError::content(path, place, expected, found);
    let file = SafeTensors::deserialize(bytes)
        .map_err(|error| fault("whole file", "safetensors", shortened(&error.to_string())))?;
    let other = file.iter().find(|(_, view)| view.dtype() != Dtype::F32);
    other.map_or(Ok(()), |(name, view)| Err(fault(name, "32-bit floats (F32)", format!("{:?}", view.dtype()))))
}

/// Reads a model from a file's bytes; `path` is named in errors and in the report.
///
/// # Errors
/// [`LoadError::Content`] for a broken container, another version or another type of values; [`LoadError::Invalid`] for
/// tensors that make no model.
pub fn read_model_bytes(bytes: &[u8], path: &Path) -> Result<(Model, LoadReport), LoadError> {
    let fault = |place: &str, expected: &str, found: String| LoadError::content(path, place, expected, found);
    let (bytes, stand_ins) = known_types(bytes);
    let bytes = bytes.as_ref();
    let file = SafeTensors::deserialize(bytes)
        .map_err(|error| fault("whole file", "safetensors", shortened(&error.to_string())))?;
    let (_, header) = SafeTensors::read_metadata(bytes)
        .map_err(|error| fault("header", "safetensors", shortened(&error.to_string())))?;
    let metadata = header.metadata().clone().unwrap_or_default();
    let report = LoadReport::new("safetensors", path.display().to_string());

    if metadata.get("format").is_some_and(|f| f == SPARSE_MODEL_FORMAT || f == SPARSE_MODEL_FORMAT_2) {
        let tensors = sparse::decode(&file, &metadata, path)?;
        let mut report = LoadReport::new("safetensors, stored sparse", path.display().to_string());
        if let Some(values) = metadata.get("values").filter(|values| *values != ValueType::F32.key()) {
            report.fact("weights stored as", shortened(values));
        }
        return declared_model(&architecture_of(&metadata, path)?, tensors, &metadata, report, path);
    }
    let mut names = file.names();
    names.sort_unstable();
    let mut state = State::new(report);
    for name in names {
        let view = file.tensor(name).map_err(|error| fault(name, "a tensor", shortened(&error.to_string())))?;
        if name.ends_with(".num_batches_tracked") {
            continue;
        }
        let stand_in = stand_ins.get(name).map(String::as_str);
        state.take(name, read_tensor(name, &view, stand_in, path))?;
    }
    let Some(architecture) = declared_architecture(&metadata, path)? else { return state.into_model(path) };
    state.complete_weights(path)?;
    let State { tensors, report, unread, .. } = state;
    if let Some(unread) = unread.into_iter().next() {
        return Err(unread.reason.in_file(path));
    }
    declared_model(&architecture, tensors, &metadata, report, path)
}

/// The model of a file that says what it is.
fn declared_model(
    architecture: &Architecture,
    tensors: BTreeMap<String, ArrayD<f32>>,
    metadata: &HashMap<String, String>,
    mut report: LoadReport,
    path: &Path,
) -> Result<(Model, LoadReport), LoadError> {
    let fault = |place: &str, expected: &str, found: String| LoadError::content(path, place, expected, found);
    let (mut model, unused) =
        Model::from_state_dict(architecture, tensors).map_err(|error| LoadError::invalid(path, error))?;
    if *architecture != model.architecture {
        report.warnings.push(format!(
            "the file's architecture says {} layers, hidden {}, its tensors make it {} layers, hidden {}",
            architecture.layers, architecture.hidden, model.architecture.layers, model.architecture.hidden
        ));
    }
    model.architecture.check().map_err(|error| LoadError::invalid(path, error))?;
    if let Some(text) = metadata.get("trained_on") {
        let trained_on: TrainedOn = serde_json::from_str(text)
            .map_err(|error| fault("metadata trained_on", "the training's facts in JSON", error.to_string()))?;
        model.trained_on = Some(trained_on);
    }
    report.ignored.extend(unused.iter().map(|name| shortened(name)));
    describe(&model, &mut report);
    Ok((model, report))
}

/// Types of newer versions of the format, with one of the same size that stands in for each while the container is read.
const NEW_TYPES: [(&str, &str); 3] = [("F8_E4M3FNUZ", "U8"), ("F8_E5M2FNUZ", "U8"), ("C64", "I64")];

/// The file with only the types that the container's library knows, and the tensors that are of another one.
fn known_types(bytes: &[u8]) -> (Cow<'_, [u8]>, BTreeMap<String, String>) {
    let unchanged = || (Cow::Borrowed(bytes), BTreeMap::new());
    let Some((length, rest)) = bytes.split_first_chunk::<8>() else { return unchanged() };
    let Some(header) = usize::try_from(u64::from_le_bytes(*length)).ok().and_then(|n| rest.get(..n)) else {
        return unchanged();
    };
    let is_new = |(name, _): &(&str, &str)| memchr::memmem::find(header, format!("\"{name}\"").as_bytes()).is_some();
    if !NEW_TYPES.iter().any(is_new) {
        return unchanged();
    }
    let Ok(serde_json::Value::Object(mut tensors)) = serde_json::from_slice(header) else { return unchanged() };
    let mut stand_ins = BTreeMap::new();
    for (name, tensor) in &mut tensors {
        let Some(dtype) = tensor.get_mut("dtype").filter(|_| name != "__metadata__") else { continue };
        if let Some((new, known)) = NEW_TYPES.iter().find(|(new, _)| dtype.as_str() == Some(new)) {
            stand_ins.insert(name.clone(), (*new).to_owned());
            *dtype = serde_json::Value::from(*known);
        }
    }
    let mut changed = serde_json::Value::Object(tensors).to_string().into_bytes();
    if changed.len() > header.len() {
        return unchanged();
    }
    // Stand-ins have shorter names: the rest is space, and the values stay where they are.
    changed.resize(header.len(), b' ');
    let whole = [&length[..], &changed, &rest[header.len()..]].concat();
    (Cow::Owned(whole), stand_ins)
}

/// A tensor's values; `stand_in` is its type where the container's library has another one for it.
fn read_tensor(
    name: &str,
    view: &TensorView<'_>,
    stand_in: Option<&str>,
    path: &Path,
) -> Result<ArrayD<f32>, LoadError> {
    let name = shortened(name);
    let fault = |expected: &str, found: String| LoadError::content(path, format!("tensor {name}"), expected, found);
    if view.shape().contains(&0) {
        return Err(fault("at least one value", format!("shape {:?}", view.shape())));
    }
    let descr = match (stand_in, view.dtype()) {
        (Some("F8_E4M3FNUZ"), _) => narrow::E4M3FNUZ,
        (Some("F8_E5M2FNUZ"), _) => narrow::E5M2FNUZ,
        (Some(other), _) => return Err(fault("real numbers of 8 to 64 bits", other.to_owned())),
        (None, Dtype::F32) => "<f4",
        (None, Dtype::F64) => "<f8",
        (None, Dtype::F16) => "<f2",
        (None, Dtype::BF16) => narrow::BF16,
        (None, Dtype::F8_E4M3) => narrow::E4M3FN,
        (None, Dtype::F8_E5M2) => narrow::E5M2,
        (None, Dtype::F8_E8M0) => narrow::E8M0FNU,
        (None, Dtype::I64) => "<i8",
        (None, Dtype::I32) => "<i4",
        (None, Dtype::I16) => "<i2",
        (None, Dtype::I8) => "|i1",
        (None, Dtype::U64) => "<u8",
        (None, Dtype::U32) => "<u4",
        (None, Dtype::U16) => "<u2",
        (None, Dtype::U8) => "|u1",
        (None, Dtype::BOOL) => "|b1",
        (None, other) => return Err(fault("real numbers of 8 to 64 bits", format!("{other:?}"))),
    };
    let (descr, values) = narrow::widened(descr, view.data().to_vec());
    let layout = Layout { descr, is_fortran: false, shape: view.shape().to_vec() };
    Array::from_values(path, format!("tensor {name}"), layout, values)?.to_f32_tensor()
}

/// What our own metadata say; `None` for a file of another program.
fn declared_architecture(metadata: &HashMap<String, String>, path: &Path) -> Result<Option<Architecture>, LoadError> {
    match metadata.get("format").map(String::as_str) {
        Some(MODEL_FORMAT) => {}
        Some(other) if other.starts_with("unifews-") => {
            return Err(LoadError::content(path, "metadata format", MODEL_FORMAT, shortened(other)));
        }
        // Other programs write `pt` here.
        _ => return Ok(None),
    }
    architecture_of(metadata, path).map(Some)
}

fn architecture_of(metadata: &HashMap<String, String>, path: &Path) -> Result<Architecture, LoadError> {
    let text = metadata
        .get("architecture")
        .ok_or_else(|| LoadError::content(path, "metadata architecture", "the model's shape in JSON", "no such key"))?;
    serde_json::from_str(text).map_err(|error| {
        LoadError::content(path, "metadata architecture", "the model's shape in JSON", shortened(&error.to_string()))
    })
}

/// Writes a model, whole or not at all. The same model gives the same bytes.
///
/// # Errors
/// [`ExportError::Io`].
pub fn write_model(path: impl AsRef<Path>, model: &Model) -> Result<(), ExportError> {
    let path = path.as_ref();
    write_atomic(path, &encode_model(model, path)?)
}

/// A model as the bytes of its file; `path` is named in errors.
///
/// # Errors
/// [`ExportError::Unwritable`].
pub fn encode_model(model: &Model, path: &Path) -> Result<Vec<u8>, ExportError> {
    let metadata = metadata_of(model, MODEL_FORMAT, path)?;
    let tensors: Vec<TensorBytes> = model
        .state_dict()
        .into_iter()
        .map(|(name, tensor)| TensorBytes {
            name,
            dtype: "F32",
            shape: tensor.shape().to_vec(),
            bytes: tensor.iter().flat_map(|value| value.to_le_bytes()).collect(),
        })
        .collect();
    Ok(encode_tensors(&tensors, &metadata))
}

/// What our files say of themselves under `__metadata__`.
///
/// # Errors
/// [`ExportError::Unwritable`].
pub(super) fn metadata_of(model: &Model, format: &str, path: &Path) -> Result<BTreeMap<String, String>, ExportError> {
    let unwritable = |error: serde_json::Error| ExportError::Unwritable {
        what: "model metadata".to_owned(),
        expected: "values that JSON has".to_owned(),
        found: error.to_string(),
        path: path.to_owned(),
    };
    let mut metadata = BTreeMap::from([("format".to_owned(), format.to_owned())]);
    metadata.insert("architecture".to_owned(), serde_json::to_string(&model.architecture).map_err(unwritable)?);
    if let Some(trained_on) = &model.trained_on {
        metadata.insert("trained_on".to_owned(), serde_json::to_string(trained_on).map_err(unwritable)?);
    }
    Ok(metadata)
}

/// One tensor to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorBytes {
    /// Its name.
    pub name: String,
    /// Its type as safetensors spells it: `F32`, `U8`, …
    pub dtype: &'static str,
    /// Lengths along each axis.
    pub shape: Vec<usize>,
    /// Its values, row-major, little-endian.
    pub bytes: Vec<u8>,
}

/// A safetensors file of these tensors, in this order. The same input gives the same bytes.
pub fn encode_tensors(tensors: &[TensorBytes], metadata: &BTreeMap<String, String>) -> Vec<u8> {
    use serde_json::{Map, Value, json};
    let mut header = Map::new();
    if !metadata.is_empty() {
        header.insert("__metadata__".to_owned(), json!(metadata));
    }
    let mut end = 0;
    for tensor in tensors {
        let begin = end;
        end += tensor.bytes.len();
        let entry = json!({"dtype": tensor.dtype, "shape": tensor.shape, "data_offsets": [begin, end]});
        header.insert(tensor.name.clone(), entry);
    }
    let mut header = Value::Object(header).to_string().into_bytes();
    // Readers that map the file want the values on a multiple of eight.
    header.resize(header.len().next_multiple_of(8), b' ');
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(&header);
    for tensor in tensors {
        file.extend_from_slice(&tensor.bytes);
    }
    file
}
