//! A pruned model for other programs: weights, graphs, network, tables and recipe, each in the forms that are asked for.
//!
//! | item | files |
//! | --- | --- |
//! | `weights-pyg-safetensors`, `weights-pyg-pt` | `model-pyg.safetensors`, `.pt`: PyG's names and orientation |
//! | `weights-dgl-safetensors`, `weights-dgl-pt` | `model-dgl.safetensors`, `.pt`: DGL's |
//! | `graphs-npz`, `graphs-mtx`, `graphs-csv`, `graphs-pyg` | `graphs-*/layer_00.*` …, and `nodes.csv` |
//! | `onnx` | `model.onnx`, and `embedding.npy` for what a decoupled model starts from |
//! | `predictions-csv`, `-json`, `-parquet` | `predictions.*`: one row per node |
//! | `metrics-csv`, `-json`, `-parquet` | `metrics.*`: one row per layer; the JSON is the bundle's, complete |
//! | `recipe-toml`, `-json`, `-yaml` | `recipe.*` |
//!
//! Everything goes into one folder, which appears whole or not at all, with `exports.json` ([`ExportReport`]). Every file is read back
//! before: weights and network are run again and their logits compared, everything else is compared value by value.
//! What has no form in another program is listed with the reason.

mod graphs;
mod names;
mod onnx;
mod pilot;
mod source;
mod tables;
mod torch;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ndarray::{Array2, ArrayD};
use serde::{Deserialize, Serialize};

use self::graphs::GraphForm;
use self::names::Library;
use super::atomic::AtomicFolder;
use super::bundle::{StepMatrix, mask_of};
use super::file::{MAX_FILE_BYTES, read_whole};
use super::load::read_model;
use super::model::{TensorBytes, encode_tensors};
use super::npy::matrix_npy;
use super::recipe::{RecipeForm, recipe_from_text, recipe_to_text};
use super::report::{ExportError, LoadError};
use super::spreadsheet::spreadsheet_note;
use super::table::{Column, Table, TableForm};
use crate::engine::control::Control;
use crate::engine::experiment::masked_forward;
use crate::engine::model::Model;
use crate::engine::sparsify::Masks;

pub use pilot::{BASELINE, LimitIs, PILOT_FORMAT, PRUNED, PilotLimit, PilotNote, PilotOptions, PilotWriter, no_pilot};
pub use source::ExportSource;

/// Name and version of `exports.json`.
pub const EXPORTS_FORMAT: &str = "unifews-exports/1";
/// The file that tells what a folder holds.
const REPORT: &str = "exports.json";
/// Ids of the numbered nodes.
const NODES: &str = "nodes.csv";
/// Largest difference between two logits, as a share of the largest logit, that is still rounding.
const ROUNDING: f64 = 1e-5;

/// Something that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExportItem {
    /// Weights as safetensors, PyG's names.
    WeightsPygSafetensors,
    /// Weights as a state dict of PyTorch, PyG's names.
    WeightsPygPt,
    /// Weights as safetensors, DGL's names.
    WeightsDglSafetensors,
    /// Weights as a state dict of PyTorch, DGL's names.
    WeightsDglPt,
    /// The graph of every layer for SciPy.
    GraphsNpz,
    /// The graph of every layer as `MatrixMarket`.
    GraphsMtx,
    /// The graph of every layer as a list of edges.
    GraphsCsv,
    /// The graph of every layer as PyG's `Data`.
    GraphsPyg,
    /// The network as ONNX.
    Onnx,
    /// One row per node, as CSV.
    PredictionsCsv,
    /// One record per node, as JSON.
    PredictionsJson,
    /// One row per node, as Parquet.
    PredictionsParquet,
    /// One row per layer, as CSV.
    MetricsCsv,
    /// All numbers, as JSON.
    MetricsJson,
    /// One row per layer, as Parquet.
    MetricsParquet,
    /// The recipe, as TOML.
    RecipeToml,
    /// The recipe, as JSON.
    RecipeJson,
    /// The recipe, as YAML.
    RecipeYaml,
}

/// What an item holds.
#[derive(Debug, Clone, Copy)]
enum Content {
    Weights(Library, Container),
    Graphs(GraphForm),
    Onnx,
    Predictions(TableForm),
    Metrics(TableForm),
    Recipe(RecipeForm),
}

/// What named tensors are kept in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Container {
    Safetensors,
    Torch,
}

impl ExportItem {
    /// Every item, in the order of the table above.
    pub const ALL: [Self; 18] = [
        Self::WeightsPygSafetensors,
        Self::WeightsPygPt,
        Self::WeightsDglSafetensors,
        Self::WeightsDglPt,
        Self::GraphsNpz,
        Self::GraphsMtx,
        Self::GraphsCsv,
        Self::GraphsPyg,
        Self::Onnx,
        Self::PredictionsCsv,
        Self::PredictionsJson,
        Self::PredictionsParquet,
        Self::MetricsCsv,
        Self::MetricsJson,
        Self::MetricsParquet,
        Self::RecipeToml,
        Self::RecipeJson,
        Self::RecipeYaml,
    ];

    /// As the command line and `exports.json` spell it.
    pub fn key(self) -> &'static str {
        match self {
            Self::WeightsPygSafetensors => "weights-pyg-safetensors",
            Self::WeightsPygPt => "weights-pyg-pt",
            Self::WeightsDglSafetensors => "weights-dgl-safetensors",
            Self::WeightsDglPt => "weights-dgl-pt",
            Self::GraphsNpz => "graphs-npz",
            Self::GraphsMtx => "graphs-mtx",
            Self::GraphsCsv => "graphs-csv",
            Self::GraphsPyg => "graphs-pyg",
            Self::Onnx => "onnx",
            Self::PredictionsCsv => "predictions-csv",
            Self::PredictionsJson => "predictions-json",
            Self::PredictionsParquet => "predictions-parquet",
            Self::MetricsCsv => "metrics-csv",
            Self::MetricsJson => "metrics-json",
            Self::MetricsParquet => "metrics-parquet",
            Self::RecipeToml => "recipe-toml",
            Self::RecipeJson => "recipe-json",
            Self::RecipeYaml => "recipe-yaml",
        }
    }

    /// What kind of thing it is, for people: items of one kind stand together.
    pub fn group(self) -> &'static str {
        match self.content() {
            Content::Weights(..) => "Weights",
            Content::Graphs(_) => "Graph of every layer",
            Content::Onnx => "Network",
            Content::Predictions(_) => "Predictions",
            Content::Metrics(_) => "Numbers of the run",
            Content::Recipe(_) => "Recipe",
        }
    }

    /// In which form, for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::WeightsPygSafetensors => "PyG, safetensors",
            Self::WeightsPygPt => "PyG, .pt",
            Self::WeightsDglSafetensors => "DGL, safetensors",
            Self::WeightsDglPt => "DGL, .pt",
            Self::GraphsNpz => "SciPy .npz",
            Self::GraphsMtx => "MatrixMarket",
            Self::GraphsCsv => "edge list",
            Self::GraphsPyg => "PyG Data .pt",
            Self::Onnx => "ONNX",
            Self::PredictionsCsv | Self::MetricsCsv => "CSV",
            Self::PredictionsJson | Self::MetricsJson | Self::RecipeJson => "JSON",
            Self::PredictionsParquet | Self::MetricsParquet => "Parquet",
            Self::RecipeToml => "TOML",
            Self::RecipeYaml => "YAML",
        }
    }

    /// The items that `word` names: one by its key, all of a kind (`weights`, `graphs`, `recipe`), or `all`; none for another word.
    pub fn named(word: &str) -> Vec<Self> {
        let is_meant = |item: &Self| {
            let rest = item.key().strip_prefix(word);
            word == "all" || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        Self::ALL.into_iter().filter(is_meant).collect()
    }

    fn content(self) -> Content {
        match self {
            Self::WeightsPygSafetensors => Content::Weights(Library::Pyg, Container::Safetensors),
            Self::WeightsPygPt => Content::Weights(Library::Pyg, Container::Torch),
            Self::WeightsDglSafetensors => Content::Weights(Library::Dgl, Container::Safetensors),
            Self::WeightsDglPt => Content::Weights(Library::Dgl, Container::Torch),
            Self::GraphsNpz => Content::Graphs(GraphForm::Npz),
            Self::GraphsMtx => Content::Graphs(GraphForm::MatrixMarket),
            Self::GraphsCsv => Content::Graphs(GraphForm::Csv),
            Self::GraphsPyg => Content::Graphs(GraphForm::Pyg),
            Self::Onnx => Content::Onnx,
            Self::PredictionsCsv => Content::Predictions(TableForm::Csv),
            Self::PredictionsJson => Content::Predictions(TableForm::Json),
            Self::PredictionsParquet => Content::Predictions(TableForm::Parquet),
            Self::MetricsCsv => Content::Metrics(TableForm::Csv),
            Self::MetricsJson => Content::Metrics(TableForm::Json),
            Self::MetricsParquet => Content::Metrics(TableForm::Parquet),
            Self::RecipeToml => Content::Recipe(RecipeForm::Toml),
            Self::RecipeJson => Content::Recipe(RecipeForm::Json),
            Self::RecipeYaml => Content::Recipe(RecipeForm::Yaml),
        }
    }
}

/// A file that was written, read back and compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExportedFile {
    /// Below the folder.
    pub path: String,
    /// Which item it belongs to.
    pub item: ExportItem,
    /// Its size.
    pub size_bytes: u64,
    /// What was compared after reading it back.
    pub compared: &'static str,
    /// How many numbers.
    pub n_compared: usize,
    /// The largest difference between two of them.
    pub max_difference: f64,
}

/// Something that has no form in another program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Which item.
    pub item: ExportItem,
    /// Why.
    pub reason: String,
}

/// What was written, as it stands in `exports.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExportReport {
    /// [`EXPORTS_FORMAT`].
    pub format: &'static str,
    /// The folder.
    pub folder: PathBuf,
    /// For people, for example `GCN 1433-512-7 on cora`.
    pub title: String,
    /// What a row and a column of every graph stand for.
    pub order: &'static str,
    /// Every file but this one.
    pub files: Vec<ExportedFile>,
    /// What was asked for and has no form.
    pub left_out: Vec<LeftOut>,
    /// What those who open the files should know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// Writes `items` into the folder `target`, verified.
///
/// # Errors
/// [`ExportError`]: a folder with other files in it, items of which none has a form, a file that gives other numbers when it is read
/// back. What was at `target` before is then still there.
pub fn export(
    source: &ExportSource<'_>,
    items: &[ExportItem],
    target: impl AsRef<Path>,
    ctl: &Control,
) -> Result<ExportReport, ExportError> {
    let folder = AtomicFolder::begin(target, "exports", ctl)?;
    let mut writer = Writer { source, folder: &folder, files: Vec::new(), left_out: Vec::new(), ctl };
    for (done, item) in items.iter().enumerate() {
        ctl.progress(item.key(), done, items.len());
        ctl.check().map_err(|_cancelled| ExportError::Cancelled)?;
        writer.item(*item)?;
    }
    let Writer { files, left_out, .. } = writer;
    if let (true, Some(first)) = (files.is_empty(), left_out.first()) {
        return Err(ExportError::Unwritable {
            what: first.item.key().to_owned(),
            expected: "a model that this form has a place for".to_owned(),
            found: first.reason.clone(),
            path: folder.target().to_owned(),
        });
    }
    let with_ids = files.iter().filter(|file| has_node_ids(file)).map(|file| file.path.as_str()).collect::<Vec<_>>();
    let note = spreadsheet_note(source.dataset()).filter(|_| !with_ids.is_empty());
    let notes = note.into_iter().map(|note| format!("{}: {note}", with_ids.join(", "))).collect();
    let report = ExportReport {
        format: EXPORTS_FORMAT,
        folder: folder.target().to_owned(),
        title: format!("{} on {}", source.model().title(), source.dataset().name()),
        order: "row = target, column = source; row by row, columns ascending; edge lists and edge_index: source, target",
        files,
        left_out,
        notes,
    };
    let json = serde_json::to_vec_pretty(&report).map_err(|e| ExportError::io("write", folder.target(), e.into()))?;
    folder.part().write(REPORT, &json)?;
    folder.commit(ctl)?;
    Ok(report)
}

/// Whether a spreadsheet opens a file and finds the ids of nodes in it.
fn has_node_ids(file: &ExportedFile) -> bool {
    file.path == NODES || matches!(file.item, ExportItem::GraphsCsv | ExportItem::PredictionsCsv)
}

/// What was compared with what.
struct Difference {
    compared: &'static str,
    n: usize,
    largest: f64,
}

struct Writer<'a> {
    source: &'a ExportSource<'a>,
    folder: &'a AtomicFolder,
    files: Vec<ExportedFile>,
    left_out: Vec<LeftOut>,
    ctl: &'a Control,
}

impl Writer<'_> {
    fn item(&mut self, item: ExportItem) -> Result<(), ExportError> {
        match item.content() {
            Content::Weights(library, container) => self.weights(item, library, container),
            Content::Graphs(form) => self.graphs(item, form),
            Content::Onnx => self.onnx(item),
            Content::Predictions(form) => {
                let table = self.source.predictions().into_owned();
                self.table(item, "predictions", &table, form)
            }
            Content::Metrics(TableForm::Json) => self.metrics(item),
            Content::Metrics(form) => {
                let table = tables::steps(&self.source.metrics());
                self.table(item, "metrics", &table, form)
            }
            Content::Recipe(form) => self.recipe(item, form),
        }
    }

    /// Writes a file, reads it back and notes what `check` found.
    fn put(
        &mut self,
        item: ExportItem,
        name: &str,
        bytes: Vec<u8>,
        check: impl FnOnce(Vec<u8>, &Path) -> Result<Difference, LoadError>,
    ) -> Result<(), ExportError> {
        let path = self.folder.part().meanwhile(name);
        self.folder.part().write(name, &bytes)?;
        let size_bytes = bytes.len() as u64;
        drop(bytes);
        let Difference { compared, n, largest } = read_whole(&path, MAX_FILE_BYTES)
            .and_then(|bytes| check(bytes, &path))
            .map_err(|error| self.not_verified(name, error))?;
        let max_difference = largest;
        let file = ExportedFile { path: name.to_owned(), item, size_bytes, compared, n_compared: n, max_difference };
        self.files.push(file);
        Ok(())
    }

    fn not_verified(&self, name: &str, error: LoadError) -> ExportError {
        if matches!(error, LoadError::Cancelled) {
            return ExportError::Cancelled;
        }
        ExportError::Unwritable {
            what: name.to_owned(),
            expected: "the same numbers when it is read back".to_owned(),
            // Where the file lies until the folder is whole is nobody's business.
            found: error.to_string().replace(
                &*self.folder.part().meanwhile("").to_string_lossy(),
                &self.folder.part().shown().join("").to_string_lossy(),
            ),
            path: self.folder.target().to_owned(),
        }
    }

    fn fault(&self, error: impl Into<std::io::Error>) -> ExportError {
        ExportError::io("write", self.folder.target(), error.into())
    }

    fn leave_out(&mut self, item: ExportItem, reason: String) {
        self.left_out.push(LeftOut { item, reason });
    }

    fn weights(&mut self, item: ExportItem, library: Library, container: Container) -> Result<(), ExportError> {
        let source = self.source;
        let tensors = match names::state_dict(source.model(), library, source.has_fixed_attention()) {
            Ok(tensors) => tensors,
            Err(reason) => {
                self.leave_out(item, reason);
                return Ok(());
            }
        };
        let stem = if library == Library::Pyg { "model-pyg" } else { "model-dgl" };
        let (extension, bytes) = match container {
            Container::Safetensors => ("safetensors", safetensors_of(&tensors)),
            Container::Torch => ("pt", torch::state_dict(&tensors).map_err(|error| self.fault(error))?),
        };
        let ctl = self.ctl;
        self.put(item, &format!("{stem}.{extension}"), bytes, |_, path| rerun(source, path, ctl))
    }

    fn onnx(&mut self, item: ExportItem) -> Result<(), ExportError> {
        let source = self.source;
        let bytes = match onnx::encode(source) {
            Ok(bytes) => bytes,
            Err(reason) => {
                self.leave_out(item, reason);
                return Ok(());
            }
        };
        let ctl = self.ctl;
        self.put(item, "model.onnx", bytes, |_, path| rerun(source, path, ctl))?;
        if source.model().architecture.is_decoupled() {
            let embedding = source.embedding(ctl).map_err(|error| self.not_verified("embedding.npy", error))?;
            let expected = embedding.as_ref();
            self.put(item, "embedding.npy", matrix_npy(expected), |bytes, path| {
                let found = super::npy::Array::parse(&bytes, path, "array".to_owned())?.to_f32_matrix()?;
                same_shape(path, expected, &found)?;
                Ok(compare("values", expected.iter().zip(&found)))
            })?;
        }
        Ok(())
    }

    fn graphs(&mut self, item: ExportItem, form: GraphForm) -> Result<(), ExportError> {
        let source = self.source;
        if source.n_steps() == 0 {
            self.leave_out(item, "the model propagates over no graph".to_owned());
            return Ok(());
        }
        let folder = item.key();
        let mut names = Vec::new();
        let mut found = Vec::new();
        for step in 0..source.n_steps() {
            self.ctl.check().map_err(|_cancelled| ExportError::Cancelled)?;
            let matrix = source.matrix(step);
            let bytes = form.encode(&matrix, source.dataset()).map_err(|error| self.fault(error))?;
            let name = format!("{folder}/layer_{step:02}.{}", form.extension());
            let found = &mut found;
            self.put(item, &name, bytes, |bytes, path| {
                let read = form.read(bytes, path, source.dataset())?;
                let comparison = compare_matrices(&matrix, &read, form, path)?;
                found.push(read);
                Ok(comparison)
            })?;
            names.push(name);
        }
        // The masks come back from the files alone; with them the model is what it was.
        let target = self.folder.target().to_owned();
        let edges =
            mask_of(&found, &names, source.dataset().topology(), source.masks().edges.values().is_some(), &target);
        match edges {
            // Values were compared file by file; a form without heads holds their mean.
            Ok(edges) if edges.keeps_what(&source.masks().edges) => {}
            Ok(_) => {
                let error = LoadError::content(&target, "graphs", "the masks of the run", "others");
                return Err(self.not_verified(folder, error));
            }
            Err(error) => return Err(self.not_verified(folder, error)),
        }
        self.nodes(item)
    }

    /// Number and id of every node, once.
    fn nodes(&mut self, item: ExportItem) -> Result<(), ExportError> {
        if self.files.iter().any(|file| file.path == NODES) {
            return Ok(());
        }
        let dataset = self.source.dataset();
        let n = dataset.n_nodes();
        let mut table = Table::default();
        table.push("row", Column::Whole((0..n).map(|u| i64::try_from(u).ok()).collect()));
        table.push("node", Column::Text((0..n).map(|u| Some(dataset.node_id(u))).collect()));
        self.table_file(item, NODES, &table, TableForm::Csv)
    }

    fn table(&mut self, item: ExportItem, stem: &str, table: &Table, form: TableForm) -> Result<(), ExportError> {
        let extension = match form {
            TableForm::Csv => "csv",
            TableForm::Json => "json",
            TableForm::Parquet => "parquet",
        };
        self.table_file(item, &format!("{stem}.{extension}"), table, form)
    }

    fn table_file(&mut self, item: ExportItem, name: &str, table: &Table, form: TableForm) -> Result<(), ExportError> {
        let bytes = table.encode(form).map_err(|error| self.fault(error))?;
        self.put(item, name, bytes, |bytes, path| {
            let found = table.read_like(form, bytes, path)?;
            same(&found, table, table.n_rows(), "rows", path)
        })
    }

    fn metrics(&mut self, item: ExportItem) -> Result<(), ExportError> {
        let metrics = self.source.metrics();
        let mut bytes = serde_json::to_vec_pretty(metrics.as_ref()).map_err(|error| self.fault(error))?;
        bytes.push(b'\n');
        self.put(item, "metrics.json", bytes, |bytes, path| {
            let found = serde_json::from_slice(&bytes)
                .map_err(|error| LoadError::content(path, "whole file", "metrics of a run", error))?;
            same(&found, metrics.as_ref(), metrics.steps.len(), "layers", path)
        })
    }

    fn recipe(&mut self, item: ExportItem, form: RecipeForm) -> Result<(), ExportError> {
        let recipe = self.source.recipe();
        let extension = match form {
            RecipeForm::Toml => "toml",
            RecipeForm::Json => "json",
            RecipeForm::Yaml => "yaml",
        };
        let text = recipe_to_text(recipe, form).map_err(|error| self.fault(error))?;
        self.put(item, &format!("recipe.{extension}"), text.into_bytes(), |bytes, path| {
            let found = recipe_from_text(&String::from_utf8_lossy(&bytes), path)?;
            same(&found, recipe, 1, "recipe", path)
        })
    }
}

/// Reads a model back, runs it over the source's masks and compares the logits.
fn rerun(source: &ExportSource<'_>, path: &Path, ctl: &Control) -> Result<Difference, LoadError> {
    let (model, _) = read_model(&path.display().to_string())?;
    // What names cannot say (hops, normalisation, heads) is the recipe's.
    let (model, _) = Model::from_state_dict(&source.recipe().model, model.state_dict())
        .map_err(|error| LoadError::invalid(path, error))?;
    let masks: &Masks = source.masks();
    let embedding = source.kept_embedding();
    let logits = masked_forward(source.dataset(), &model, source.recipe(), Some(masks), embedding, &ctl.quiet())
        .map_err(|error| LoadError::invalid(path, error))?;
    same_shape(path, source.logits(), &logits)?;
    let comparison = compare("logits", source.logits().iter().zip(&logits));
    let largest = source.logits().iter().fold(0.0f64, |m, v| m.max(f64::from(v.abs())));
    if comparison.largest > ROUNDING * largest.max(1.0) {
        let expected = format!("logits that differ by at most {ROUNDING:e} of {largest}");
        return Err(LoadError::content(path, "logits", expected, comparison.largest));
    }
    Ok(comparison)
}

fn compare<'a>(compared: &'static str, pairs: impl Iterator<Item = (&'a f32, &'a f32)>) -> Difference {
    let (n, largest) = pairs.fold((0, 0.0f64), |(n, largest), (a, b)| {
        let difference = if a.to_bits() == b.to_bits() { 0.0 } else { (f64::from(*a) - f64::from(*b)).abs() };
        (n + 1, if difference.is_nan() { f64::INFINITY } else { largest.max(difference) })
    });
    Difference { compared, n, largest }
}

fn compare_matrices(
    matrix: &StepMatrix,
    found: &StepMatrix,
    form: GraphForm,
    path: &Path,
) -> Result<Difference, LoadError> {
    if matrix.structure != found.structure || matrix.values.len() != found.values.len() {
        return Err(LoadError::content(path, "entries", "those of the layer", "others"));
    }
    let nothing = Array2::zeros((0, 0));
    let heads = |m: &StepMatrix| if form.has_coefficients() { m.coefficients.clone() } else { None };
    let (a, b) = (heads(matrix).unwrap_or_else(|| nothing.clone()), heads(found).unwrap_or(nothing));
    same_shape(path, &a, &b)?;
    Ok(compare("values", matrix.values.iter().zip(&found.values).chain(a.iter().zip(&b))))
}

fn same_shape(path: &Path, expected: &Array2<f32>, found: &Array2<f32>) -> Result<(), LoadError> {
    if expected.dim() == found.dim() {
        return Ok(());
    }
    Err(LoadError::content(path, "shape", format!("{:?}", expected.dim()), format!("{:?}", found.dim())))
}

/// Whether a value came back as it was: then nothing differs.
fn same<T: PartialEq>(
    found: &T,
    expected: &T,
    n: usize,
    compared: &'static str,
    path: &Path,
) -> Result<Difference, LoadError> {
    if found == expected {
        return Ok(Difference { compared, n, largest: 0.0 });
    }
    Err(LoadError::content(path, "whole file", "what was written", "something else"))
}

fn safetensors_of(tensors: &BTreeMap<String, ArrayD<f32>>) -> Vec<u8> {
    let tensors = tensors.iter().map(|(name, tensor)| TensorBytes {
        name: name.clone(),
        dtype: "F32",
        shape: tensor.shape().to_vec(),
        bytes: tensor.iter().flat_map(|v| v.to_le_bytes()).collect(),
    });
    encode_tensors(&tensors.collect::<Vec<_>>(), &BTreeMap::new())
}
