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
//! `trained_on` (JSON). A file without `format` is read by its names: `convs.0.lin.weight` makes a GCN, `convs.0.att` a GAT,
//! `convs.0.lin_l.weight` a GraphSAGE, `lin_in.weight` a GCNII, `convs.0.nn.lins.0.weight` a GIN, `fcs.0.weight` an SGC.
//! `X_orig` with `X_mask` (PyTorch's own pruning) is `X` with the masked values 0. `num_batches_tracked` plays no part.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use ndarray::{ArrayD, IxDyn};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

use crate::engine::model::{Architecture, Family, Model, TrainedOn};
use crate::io::atomic::write_atomic;
use crate::io::recipe::shortened;
use crate::io::report::{ExportError, LoadError, LoadReport};

/// Name and version of our metadata.
pub const MODEL_FORMAT: &str = "unifews-model/1";

/// Reads a model from a file's bytes; `path` is named in errors and in the report.
///
/// # Errors
/// [`LoadError::Content`] for a broken container, another version or another type of values; [`LoadError::Invalid`] for
/// tensors that make no model.
pub fn read_model_bytes(bytes: &[u8], path: &Path) -> Result<(Model, LoadReport), LoadError> {
    let fault = |place: &str, expected: &str, found: String| LoadError::content(path, place, expected, found);
    let file = SafeTensors::deserialize(bytes)
        .map_err(|error| fault("whole file", "safetensors", shortened(&error.to_string())))?;
    let (_, header) = SafeTensors::read_metadata(bytes)
        .map_err(|error| fault("header", "safetensors", shortened(&error.to_string())))?;
    let metadata = header.metadata().clone().unwrap_or_default();
    let mut report = LoadReport::new("safetensors", path.display().to_string());

    let mut names = file.names();
    names.sort_unstable();
    let mut tensors = BTreeMap::new();
    for name in names {
        let view = file.tensor(name).map_err(|error| fault(name, "a tensor", shortened(&error.to_string())))?;
        if name.ends_with(".num_batches_tracked") {
            continue;
        }
        tensors.insert(name.to_owned(), read_tensor(name, &view, path)?);
    }
    apply_masks(&mut tensors, &mut report, path)?;
    let declared = declared_architecture(&metadata, path)?;
    let architecture = match &declared {
        Some(architecture) => architecture.clone(),
        None => guess_architecture(&tensors, &mut report, path)?,
    };
    let (mut model, unused) =
        Model::from_state_dict(&architecture, tensors).map_err(|error| LoadError::invalid(path, error))?;
    if let Some(declared) = declared.filter(|declared| *declared != model.architecture) {
        report.warnings.push(format!(
            "the file's architecture says {} layers, hidden {}, its tensors make it {} layers, hidden {}",
            declared.layers, declared.hidden, model.architecture.layers, model.architecture.hidden
        ));
    }
    model.architecture.check().map_err(|error| LoadError::invalid(path, error))?;
    if let Some(text) = metadata.get("trained_on") {
        let trained_on: TrainedOn = serde_json::from_str(text)
            .map_err(|error| fault("metadata trained_on", "the training's facts in JSON", error.to_string()))?;
        model.trained_on = Some(trained_on);
    }
    report.ignored.extend(unused);
    report.fact("model", model.title()).fact("parameters", model.n_parameters());
    if let Some(trained_on) = &model.trained_on {
        report.fact("trained on", format!("{}, split {}", trained_on.graph, trained_on.split));
    }
    Ok((model, report))
}

fn read_tensor(name: &str, view: &TensorView<'_>, path: &Path) -> Result<ArrayD<f32>, LoadError> {
    let fault = |expected: &str, found: String| LoadError::content(path, format!("tensor {name}"), expected, found);
    if view.dtype() != Dtype::F32 {
        return Err(fault("32-bit floats (F32)", format!("{:?}", view.dtype())));
    }
    if view.shape().contains(&0) {
        return Err(fault("at least one value", format!("shape {:?}", view.shape())));
    }
    let values = view.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
    ArrayD::from_shape_vec(IxDyn(view.shape()), values).map_err(|error| fault("a tensor", error.to_string()))
}

/// Multiplies `X_orig` by `X_mask` into `X`.
fn apply_masks(
    tensors: &mut BTreeMap<String, ArrayD<f32>>,
    report: &mut LoadReport,
    path: &Path,
) -> Result<(), LoadError> {
    let stems: Vec<String> = tensors.keys().filter_map(|name| name.strip_suffix("_orig")).map(str::to_owned).collect();
    for stem in stems {
        let (Some(values), Some(mask)) =
            (tensors.remove(&format!("{stem}_orig")), tensors.remove(&format!("{stem}_mask")))
        else {
            return Err(LoadError::content(path, format!("tensor {stem}_mask"), "a mask for the values", "none"));
        };
        if values.shape() != mask.shape() {
            let (expected, found) = (format!("shape {:?}", values.shape()), format!("shape {:?}", mask.shape()));
            return Err(LoadError::content(path, format!("tensor {stem}_mask"), expected, found));
        }
        tensors.insert(stem.clone(), values * mask);
        report.fact("mask applied to", stem);
    }
    Ok(())
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
    let text = metadata
        .get("architecture")
        .ok_or_else(|| LoadError::content(path, "metadata architecture", "the model's shape in JSON", "no such key"))?;
    let architecture: Architecture = serde_json::from_str(text).map_err(|error| {
        LoadError::content(path, "metadata architecture", "the model's shape in JSON", shortened(&error.to_string()))
    })?;
    Ok(Some(architecture))
}

/// The family whose names the tensors have, with its defaults.
fn guess_architecture(
    tensors: &BTreeMap<String, ArrayD<f32>>,
    report: &mut LoadReport,
    path: &Path,
) -> Result<Architecture, LoadError> {
    let Some(family) = Family::recognise(tensors) else {
        let names: Vec<String> = tensors.keys().take(6).map(|name| shortened(name)).collect();
        let found = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let expected = "the names of a known network, for example convs.0.lin.weight (GCN) or fcs.0.weight (SGC)";
        return Err(LoadError::content(path, "tensor names", expected, found));
    };
    let architecture = Architecture::new(family);
    let mut assumed: Vec<String> = Vec::new();
    for (name, value) in [
        ("hops", architecture.hops.to_string()),
        ("norm_r", architecture.norm_r.to_string()),
        ("alpha", architecture.alpha.to_string()),
        ("theta", architecture.theta.to_string()),
    ] {
        if architecture.has(name) {
            assumed.push(format!("{name} {value}"));
        }
    }
    if assumed.is_empty() {
        return Ok(architecture);
    }
    let assumed = assumed.join(", ");
    report.warnings.push(format!("the file does not say how the graph is used: {assumed} assumed"));
    Ok(architecture)
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
    let unwritable = |error: serde_json::Error| ExportError::Unwritable {
        what: "model metadata".to_owned(),
        expected: "values that JSON has".to_owned(),
        found: error.to_string(),
        path: path.to_owned(),
    };
    let mut metadata = BTreeMap::from([("format".to_owned(), MODEL_FORMAT.to_owned())]);
    metadata.insert("architecture".to_owned(), serde_json::to_string(&model.architecture).map_err(unwritable)?);
    if let Some(trained_on) = &model.trained_on {
        metadata.insert("trained_on".to_owned(), serde_json::to_string(trained_on).map_err(unwritable)?);
    }
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
