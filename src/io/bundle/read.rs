//! Reads a bundle and checks everything in it: version, hashes, shapes, and that what was removed is zero.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufReader;
use std::path::{Component, Path, PathBuf};

use ndarray::{Array2, ArrayD};
use safetensors::SafeTensors;
use safetensors::tensor::Dtype;
use zip::ZipArchive;
use zip::result::ZipError;

use super::manifest::{BUNDLE_FORMAT, BUNDLE_FORMAT_1, COMPUTED, Manifest};
use super::matrix::{StepMatrix, mask_of};
use super::metrics::Metrics;
use super::{entry_values, hash, names, new_nodes, predictions};
use crate::engine::certify::Certificate;
use crate::engine::experiment::{NewNodesRule, ValueType};
use crate::engine::graph::{Metric, Topology};
use crate::engine::model::Model;
use crate::engine::sparsify::{EdgeMode, Masks, Recipe, StoredWeights, WeightMask};
use crate::io::entrance;
use crate::io::file::{self, Claimed, read_claimed};
use crate::io::model::{check_floats, read_model_bytes, scales_of_sparse_model};
use crate::io::npy::Array;
use crate::io::npz::{Npz, unpacked_limit};
use crate::io::reading;
use crate::io::recipe::recipe_from_toml;
use crate::io::report::LoadError;
use crate::io::sparse::CompressedRows;
use crate::io::table::{Table, TableForm};

/// Larger manifests are not read, bytes.
pub(super) const MAX_MANIFEST_BYTES: u64 = 64 << 20;

/// A bundle that was read and checked.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// The folder or `.zip`.
    pub path: PathBuf,
    /// What it says about itself.
    pub manifest: Manifest,
    /// The recipe that made it.
    pub recipe: Recipe,
    /// The pruned model: removed weights are zero.
    pub model: Model,
    /// The weights of the pruned model as they are stored sparse; absent in bundles of earlier versions.
    pub stored: Option<StoredWeights>,
    /// Which weights were kept, one mask per weight layer.
    pub weight_masks: Vec<WeightMask>,
    /// The matrix of every layer or hop.
    pub matrices: Vec<StepMatrix>,
    /// Mass mode only: the propagated features.
    pub embedding: Option<Array2<f32>>,
    /// The output it was exported with. `[n_nodes, n_classes]`.
    pub logits: Array2<f32>,
    /// What decides of nodes that arrive; absent where the recipe has no rule for them, or it was left out.
    pub new_nodes: Option<NewNodesRule>,
    /// The output in low precision, where there is one. `[n_nodes, n_classes]`.
    pub logits_low: Option<Array2<f32>>,
    /// The numbers of the run.
    pub metrics: Metrics,
    /// What held-out nodes prove about the loss; absent where nobody asked.
    pub certificate: Option<Certificate>,
    /// What both models say about every node.
    pub predictions: Table,
}

/// Reads a bundle, folder or `.zip`. Every file of its manifest is checked against its hash.
///
/// # Errors
/// [`LoadError::Content`] naming the file that is missing, changed or not what its name says.
pub fn read_bundle(path: impl AsRef<Path>) -> Result<Bundle, LoadError> {
    entrance::enter(|| read_checked(path.as_ref()))
}

fn read_checked(path: &Path) -> Result<Bundle, LoadError> {
    let mut files = Files::open(path)?;
    let manifest = read_manifest(&mut files)?;
    let text = String::from_utf8(files.checked(&manifest, names::RECIPE)?)
        .map_err(|error| LoadError::content(path, names::RECIPE, "UTF-8 text", error.utf8_error()))?;
    let recipe = recipe_from_toml(&text, &path.join(names::RECIPE))?;
    let model = read_weights(&mut files, &manifest, &recipe)?;
    check_program(&manifest, &model, path)?;
    let stored = read_sparse(&mut files, &manifest, &model)?;
    let weight_masks = read_masks(&mut files, &manifest, &model)?;
    let n_steps = recipe.model.n_graph_steps();
    if manifest.edges.files.len() != n_steps {
        let found = format!("{} edge files", manifest.edges.files.len());
        return Err(LoadError::content(path, "manifest.json, edges.files", format!("{n_steps} edge files"), found));
    }
    let matrices = manifest
        .edges
        .files
        .iter()
        .map(|name| matrix_from_npz(files.checked(&manifest, name)?, &path.join(name), manifest.graph.n_nodes))
        .collect::<Result<Vec<_>, _>>()?;
    if let Some(note) = &manifest.model.sparse
        && let Some(name) = &note.entry_values
    {
        let step_values = (&matrices[..], recipe.edges.identity);
        entry_values::check(&files.checked(&manifest, name)?, &path.join(name), step_values, note.entries())?;
    }
    let embedding = if recipe.edges.mode == EdgeMode::Mass {
        Some(read_rows(&mut files, &manifest, names::EMBEDDING, model.d_in())?)
    } else {
        None
    };
    let logits = read_rows(&mut files, &manifest, names::LOGITS, model.n_classes())?;
    let logits_low = match &manifest.model.low {
        Some(low) => Some(read_rows(&mut files, &manifest, &low.logits, model.n_classes())?),
        None => None,
    };
    let metrics: Metrics = serde_json::from_slice(&files.checked(&manifest, names::METRICS)?)
        .map_err(|error| LoadError::content(path, names::METRICS, "metrics of a run", error))?;
    let is_multi = metrics.scores.as_ref().is_some_and(|scores| scores.metric == Metric::MicroF1);
    let bytes = files.checked(&manifest, names::PREDICTIONS)?;
    let columns = predictions::columns(is_multi, &bytes);
    let predictions = columns.read_like(TableForm::Csv, bytes, &path.join(names::PREDICTIONS))?;
    if predictions.n_rows() != manifest.graph.n_nodes {
        let expected = format!("{} rows (one per node)", manifest.graph.n_nodes);
        return Err(LoadError::content(path, names::PREDICTIONS, expected, predictions.n_rows()));
    }
    let new_nodes = match &manifest.new_nodes {
        Some(note) => {
            let bytes = files.checked(&manifest, &note.file)?;
            let of = (&recipe, &model);
            Some(new_nodes::decode(&bytes, &path.join(&note.file), note, of, manifest.graph.n_nodes)?)
        }
        None => None,
    };
    let certificate = if manifest.files.contains_key(names::CERTIFICATE) {
        let read = serde_json::from_slice(&files.checked(&manifest, names::CERTIFICATE)?);
        Some(read.map_err(|error| LoadError::content(path, names::CERTIFICATE, "a certificate", error))?)
    } else {
        None
    };
    let unread: Vec<&String> = manifest.files.keys().filter(|name| !files.checked.contains(*name)).collect();
    for name in unread {
        files.checked(&manifest, name)?;
    }
    let path = path.to_owned();
    Ok(Bundle {
        path,
        manifest,
        recipe,
        model,
        stored,
        weight_masks,
        matrices,
        embedding,
        logits,
        new_nodes,
        logits_low,
        metrics,
        certificate,
        predictions,
    })
}

impl Bundle {
    /// What the model said before it was pruned, as logits that hold no more than its choices: a bundle has the pruned weights alone,
    /// and their output without masks is another model's. `[n_nodes, n_classes]`
    pub fn baseline_choices(&self) -> Option<Array2<f32>> {
        predictions::chosen_by_baseline(&self.predictions, self.model.n_classes())
    }

    /// The masks of this bundle on the graph it was made from.
    ///
    /// # Errors
    /// [`LoadError::Content`] naming the first entry that `topology` lacks.
    pub fn masks(&self, topology: &Topology) -> Result<Masks, LoadError> {
        // Coefficients of attention that a forward computes belong to no mask.
        let is_computed = self.manifest.forward.coefficients.as_deref() == Some(COMPUTED);
        let has_own_values = self.recipe.recovery.is_some() && !is_computed;
        let edges = mask_of(&self.matrices, &self.manifest.edges.files, topology, has_own_values, &self.path)?;
        Ok(Masks { edges, weights: self.weight_masks.clone() })
    }
}

pub(super) fn read_manifest(files: &mut Files) -> Result<Manifest, LoadError> {
    let bytes = files.bytes(names::MANIFEST, MAX_MANIFEST_BYTES)?;
    let path = files.path.clone();
    let fault = |expected: &str, found: String| LoadError::content(&path, names::MANIFEST, expected, found);
    let value: serde_json::Value =
        serde_json::from_slice(&bytes).map_err(|error| fault("a JSON document", error.to_string()))?;
    match value.get("format").and_then(|f| f.as_str()) {
        Some(BUNDLE_FORMAT | BUNDLE_FORMAT_1) => {}
        Some(other) => return Err(fault(BUNDLE_FORMAT, other.to_owned())),
        None => return Err(fault(BUNDLE_FORMAT, "no key format".to_owned())),
    }
    serde_json::from_value(value).map_err(|error| fault("a bundle's manifest", error.to_string()))
}

/// The program must be the one that the recipe's model computes: the script runs the one, a replay the other.
fn check_program(manifest: &Manifest, model: &Model, path: &Path) -> Result<(), LoadError> {
    if manifest.format == BUNDLE_FORMAT_1 {
        return Ok(());
    }
    let expected = "the operations of the recipe's model";
    let fault = |found: String| LoadError::content(path, "manifest.json, forward.program", expected, found);
    let Some(found) = &manifest.forward.program else { return Err(fault("none".to_owned())) };
    let program = model.program().inference();
    if *found == program {
        return Ok(());
    }
    let pairs = program.instructions.iter().zip(&found.instructions);
    let at = pairs.take_while(|(a, b)| a == b).count();
    Err(fault(match found.instructions.get(at) {
        Some(_) if at < program.instructions.len() => format!("another at position {at}"),
        _ if found.instructions.len() == program.instructions.len() => {
            "another output or other ends of layers".to_owned()
        }
        _ => format!("{} in place of {}", found.instructions.len(), program.instructions.len()),
    }))
}

fn read_weights(files: &mut Files, manifest: &Manifest, recipe: &Recipe) -> Result<Model, LoadError> {
    let path = files.path.join(names::MODEL);
    let bytes = files.checked(manifest, names::MODEL)?;
    check_floats(&bytes, &path)?;
    let (mut model, report) = read_model_bytes(&bytes, &path)?;
    if let Some(name) = report.ignored.first() {
        return Err(LoadError::content(&path, "tensors", "only those of the recipe's model", name));
    }
    if model.architecture != recipe.model {
        return Err(LoadError::content(
            &path,
            "tensors",
            recipe.model.title(manifest.graph.n_features, model.n_classes()),
            model.title(),
        ));
    }
    if model.d_in() != manifest.graph.n_features {
        let expected = format!("{} inputs (features of the graph)", manifest.graph.n_features);
        return Err(LoadError::content(&path, "tensors", expected, model.d_in()));
    }
    model.trained_on.clone_from(&manifest.model.trained_on);
    Ok(model)
}

/// The sparse model, which must hold the bits of the dense one, or what they are rounded to, with its own scales where it has integers.
fn read_sparse(files: &mut Files, manifest: &Manifest, model: &Model) -> Result<Option<StoredWeights>, LoadError> {
    let Some(note) = &manifest.model.sparse else { return Ok(None) };
    let path = files.path.join(&note.file);
    let bytes = files.checked(manifest, &note.file)?;
    let (found, _) = read_model_bytes(&bytes, &path)?;
    let mut scales =
        if note.values == ValueType::Int8 { scales_of_sparse_model(&bytes, &path)? } else { BTreeMap::new() };
    let weights = StoredWeights::with_scales(model, note.values, |weight| {
        let of_weight = scales.remove(&weight.name).filter(|scales| scales.len() == weight.values.ncols());
        // Nothing fits a scale of 0, which the comparison then says.
        of_weight.unwrap_or_else(|| vec![0.0; weight.values.ncols()])
    });
    let expected = &weights.model;
    let bits = |tensor: &ArrayD<f32>| tensor.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    let (a, b) = (expected.state_dict(), found.state_dict());
    let other = a.iter().find(|(name, tensor)| b.get(*name).is_none_or(|t| bits(t) != bits(tensor)));
    if let Some((name, _)) = other {
        let expected = format!("the values of {} as {}", names::MODEL, note.values.key());
        return Err(LoadError::content(&path, format!("tensor {name}"), expected, "others"));
    }
    Ok(Some(weights))
}

fn read_masks(files: &mut Files, manifest: &Manifest, model: &Model) -> Result<Vec<WeightMask>, LoadError> {
    let bytes = files.checked(manifest, names::MASKS)?;
    masks_from_bytes(&bytes, model, &files.path.join(names::MASKS))
}

/// The masks of a model's weights from a file that `encode_masks` wrote; what they leave out is zero in the model.
///
/// # Errors
/// [`LoadError::Content`] naming the tensor and what is wrong with it.
pub(crate) fn masks_from_bytes(bytes: &[u8], model: &Model, path: &Path) -> Result<Vec<WeightMask>, LoadError> {
    let tensors = SafeTensors::deserialize(bytes)
        .map_err(|error| LoadError::content(path, "whole file", "safetensors", error))?;
    let mut masks = Vec::new();
    for weight in model.weights() {
        let name = &weight.name;
        let fault = |expected: String, found: String| Err(LoadError::content(path, name, expected, found));
        let Ok(mask) = tensors.tensor(name) else {
            return fault("a mask of this name".to_owned(), "none".to_owned());
        };
        let shape = weight.torch_shape();
        if mask.dtype() != Dtype::U8 || mask.shape() != shape {
            let found = format!("{:?} of shape {:?}", mask.dtype(), mask.shape());
            return fault(format!("U8 of shape {shape:?}"), found);
        }
        let flags: Vec<bool> = mask.data().iter().map(|kept| *kept != 0).collect();
        let stored =
            ArrayD::from_shape_vec(shape, flags).map_err(|error| LoadError::content(path, name, "a mask", error))?;
        let wrong = weight.to_torch(&weight.values);
        let wrong = wrong.indexed_iter().find(|(at, value)| !stored[at] && **value != 0.0);
        if let Some((at, value)) = wrong {
            let found = format!("{value} in row {}, column {}", at[0], at[1]);
            return fault("zero for every removed weight".to_owned(), found);
        }
        let kept: WeightMask = weight.read_torch(stored).map_err(|error| LoadError::invalid(path, error))?;
        masks.push(kept);
    }
    Ok(masks)
}

/// A step's matrix from the bytes of its `.npz`.
///
/// # Errors
/// [`LoadError`] naming the array and what is wrong with it.
pub(crate) fn matrix_from_npz(bytes: Vec<u8>, path: &Path, n_nodes: usize) -> Result<StepMatrix, LoadError> {
    let mut npz = Npz::from_bytes(bytes, path)?;
    let rows = CompressedRows::read(&mut npz, "")?;
    if rows.shape != (n_nodes, n_nodes) {
        return Err(LoadError::content(
            path,
            "array shape",
            format!("{n_nodes} rows and columns"),
            format!("{:?}", rows.shape),
        ));
    }
    let values = npz.array("data")?.to_f32s()?;
    let structure = Topology::try_new_while(rows.indptr, rows.indices, reading::check_engine)
        .map_err(|error| LoadError::invalid(path, error))?;
    let pushed_share = match npz.optional("pushed_share")? {
        Some(share) => {
            share.check_vector(structure.n_entries(), "one per entry")?;
            Some(share.to_f32s()?)
        }
        None => None,
    };
    let coefficients = match npz.optional("coefficients")? {
        Some(array) => {
            let matrix = array.to_f32_matrix()?;
            if matrix.nrows() != structure.n_entries() {
                let expected = format!("{} rows (one per entry)", structure.n_entries());
                return Err(LoadError::content(path, "array coefficients", expected, matrix.nrows()));
            }
            Some(matrix)
        }
        None => None,
    };
    Ok(StepMatrix { structure, values, pushed_share, coefficients })
}

fn read_rows(files: &mut Files, manifest: &Manifest, name: &str, width: usize) -> Result<Array2<f32>, LoadError> {
    let bytes = files.checked(manifest, name)?;
    let array = Array::parse(&bytes, &files.path.join(name), "array".to_owned())?;
    let matrix = array.to_f32_matrix()?;
    if matrix.dim() == (manifest.graph.n_nodes, width) {
        Ok(matrix)
    } else {
        Err(array.fault(format!("shape {:?}", [manifest.graph.n_nodes, width]), format!("{:?}", matrix.shape())))
    }
}

/// The files of a bundle, wherever they lie.
pub(super) struct Files {
    path: PathBuf,
    archive: Option<ZipArchive<BufReader<file::InputFile>>>,
    /// Bytes that may still be unpacked of the archive: what is in it may be larger by no more than a NumPy archive's arrays.
    n_left: u64,
    /// Names of the files whose hash was compared.
    checked: BTreeSet<String>,
}

impl Files {
    pub(super) fn open(path: &Path) -> Result<Self, LoadError> {
        let (mut archive, mut n_left) = (None, u64::MAX);
        if !path.is_dir() {
            let file = file::open(path)?;
            n_left = unpacked_limit(file.metadata().map_err(|source| LoadError::io("read", path, source))?.len());
            let opened = ZipArchive::new(BufReader::new(file));
            archive =
                Some(opened.map_err(|error| {
                    LoadError::content(path, "whole file", "a bundle's folder or zip archive", error)
                })?);
        }
        Ok(Self { path: path.to_owned(), archive, n_left, checked: BTreeSet::new() })
    }

    /// The bytes of a file of at most `max_bytes`.
    pub(super) fn bytes(&mut self, name: &str, max_bytes: u64) -> Result<Vec<u8>, LoadError> {
        let is_inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
        if !is_inside || name.is_empty() {
            return Err(LoadError::content(&self.path, "manifest.json, files", "names inside the bundle", name));
        }
        let Some(archive) = &mut self.archive else {
            let path = self.path.join(name);
            if !path.exists() {
                return Err(LoadError::content(&self.path, name, "this file in the bundle", "none"));
            }
            return file::read_whole(&path, max_bytes);
        };
        let entry = match archive.by_name(name) {
            Ok(entry) => entry,
            Err(ZipError::FileNotFound) => {
                return Err(LoadError::content(&self.path, name, "this file in the bundle", "none"));
            }
            Err(error) => return Err(LoadError::content(&self.path, name, "an intact archive entry", error)),
        };
        let most = max_bytes.min(self.n_left);
        let claimed = Claimed { n_bytes: entry.size(), believed: entry.size().min(self.n_left), most };
        let path = &self.path;
        let broken = |error| LoadError::content(path, name, "intact compressed data", error);
        let bytes = read_claimed(entry, claimed, path, name, broken)?;
        let n_bytes = bytes.len() as u64;
        if n_bytes > self.n_left {
            let expected = format!("at most {} bytes unpacked (what the archive's size allows)", self.n_left);
            return Err(LoadError::content(&self.path, name, expected, format!("at least {n_bytes} bytes")));
        }
        if n_bytes > max_bytes {
            return Err(LoadError::content(&self.path, name, format!("at most {max_bytes} bytes"), "more"));
        }
        self.n_left -= n_bytes;
        Ok(bytes)
    }

    /// The bytes of a file of the manifest, as they were exported.
    pub(super) fn checked(&mut self, manifest: &Manifest, name: &str) -> Result<Vec<u8>, LoadError> {
        let Some(note) = manifest.files.get(name) else {
            return Err(LoadError::content(&self.path, "manifest.json, files", name, "no such file"));
        };
        // A file that grew is read one byte too far, and then has another hash.
        let bytes = match self.bytes(name, note.size_bytes) {
            Ok(bytes) => bytes,
            Err(LoadError::Content { found, .. }) if found == "more" => {
                let expected = format!("{} bytes, as exported", note.size_bytes);
                return Err(LoadError::content(&self.path, name, expected, "more"));
            }
            Err(error) => return Err(error),
        };
        let found = hash::of_bytes(&bytes);
        if found == note.sha256 {
            self.checked.insert(name.to_owned());
            Ok(bytes)
        } else {
            let expected = format!("SHA-256 {}, as exported", note.sha256);
            Err(LoadError::content(&self.path, name, expected, found))
        }
    }
}
