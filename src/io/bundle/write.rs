//! Writes a run as a bundle: a folder, or one `.zip`; whole or not at all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use zip::CompressionMethod;

use super::archive::Archive;
use super::entry_values::{self, StepValues};
use super::manifest::{FileNote, Manifest};
use super::matrix::StepMatrix;
use super::metrics::Metrics;
use super::new_nodes::ArrivalsNote;
use super::options::BundleOptions;
use super::predictions::predictions_of;
use super::stored::Stored;
use super::supplements::Supplements;
use super::{arrays, client, hash, names, new_nodes};
use crate::engine::EngineError;
use crate::engine::control::Control;
use crate::engine::experiment::{Run, ValueType};
use crate::engine::model::Model;
use crate::engine::sparsify::edges::OperatorSource;
use crate::engine::sparsify::{EdgeTrace, WeightMask};
use crate::io::atomic::{AtomicFolder, FolderPart};
use crate::io::model::{TensorBytes, encode_model, encode_sparse_model, encode_tensors};
use crate::io::npy::matrix_npy;
use crate::io::npz::entry_options;
use crate::io::recipe::recipe_to_toml;
use crate::io::report::ExportError;
use crate::io::table::TableForm;

/// What was written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BundleReport {
    /// The folder or `.zip`.
    pub path: PathBuf,
    /// Every file with its hash and size, the manifest too.
    pub files: BTreeMap<String, FileNote>,
    /// Sum of the files' sizes.
    pub size_bytes: u64,
    /// The numbers that were written.
    #[serde(skip)]
    pub metrics: Metrics,
}

/// A bundle whose place is open and whose files are still to be written.
///
/// Opening the place first means that nothing long is computed for a place that cannot be written. Dropped before
/// [`BundleWriter::write`], it leaves everything as it was.
#[derive(Debug)]
pub struct BundleWriter {
    target: PathBuf,
    place: Place,
    files: BTreeMap<String, FileNote>,
    supplements: Supplements,
    /// What the README begins with.
    verdict: Vec<String>,
}

#[derive(Debug)]
enum Place {
    Folder(AtomicFolder),
    /// A folder in one that somebody else puts into place.
    Part(FolderPart),
    Zip(Box<Archive>),
}

/// Writes `run` as a bundle at `target`: one file where the name ends in `.zip`, else a folder.
///
/// # Errors
/// [`ExportError`]; what was at `target` before is then still there.
pub fn write_bundle(run: &Run, target: impl AsRef<Path>, ctl: &Control) -> Result<BundleReport, ExportError> {
    write_bundle_as(run, BundleOptions::default(), target, ctl)
}

/// The same with what a user chose.
///
/// # Errors
/// [`ExportError`]; what was at `target` before is then still there.
pub fn write_bundle_as(
    run: &Run,
    options: BundleOptions,
    target: impl AsRef<Path>,
    ctl: &Control,
) -> Result<BundleReport, ExportError> {
    BundleWriter::begin(target, ctl)?.write(run, options, ctl)
}

impl BundleWriter {
    /// Opens the place. A folder or, where the name ends in `.zip`, a file is taken when it is empty or holds a bundle and nothing else.
    ///
    /// # Errors
    /// [`ExportError::Occupied`] for a folder or an archive with other files in it, [`ExportError::NoPlace`], [`ExportError::Cancelled`].
    pub fn begin(target: impl AsRef<Path>, ctl: &Control) -> Result<Self, ExportError> {
        let target = target.as_ref().to_owned();
        let is_zip = target.extension().is_some_and(|e| e.eq_ignore_ascii_case("zip"));
        let place = if is_zip {
            Place::Zip(Box::new(Archive::begin(&target, ctl)?))
        } else {
            Place::Folder(AtomicFolder::begin(&target, "bundle", ctl)?)
        };
        let (files, supplements) = (BTreeMap::new(), Supplements::default());
        Ok(Self { target, place, files, supplements, verdict: Vec::new() })
    }

    /// A bundle as a part of a folder that is being written.
    pub fn within(folder: FolderPart) -> Self {
        let (target, place) = (folder.shown(), Place::Part(folder));
        Self { target, place, files: BTreeMap::new(), supplements: Supplements::default(), verdict: Vec::new() }
    }

    /// What the run's numbers are to stand beside.
    #[must_use]
    pub fn with(self, supplements: Supplements) -> Self {
        Self { supplements, ..self }
    }

    /// A verdict on the run, for people, which the README begins with: a line that counts, and what decided it.
    #[must_use]
    pub fn with_verdict(self, verdict: Vec<String>) -> Self {
        Self { verdict, ..self }
    }

    /// Writes every file and moves the bundle into place.
    ///
    /// # Errors
    /// [`ExportError`]; what was at the target before is then still there.
    pub fn write(mut self, run: &Run, options: BundleOptions, ctl: &Control) -> Result<BundleReport, ExportError> {
        let edge_traces: Vec<&EdgeTrace> = run.pruned.steps.iter().filter_map(|s| s.edges.as_ref()).collect();
        let n_files = edge_traces.len() + 11;
        let progress = |writer: &Self| {
            ctl.progress("writing the bundle", writer.files.len(), n_files);
            ctl.check().map_err(|_cancelled| ExportError::Cancelled)
        };
        let stored = Stored::of(run, options, &ctl.quiet()).map_err(|_cancelled| ExportError::Cancelled)?;
        let mut metrics =
            Metrics::stored_as(run, &stored, &ctl.quiet()).map_err(|_cancelled| ExportError::Cancelled)?;
        metrics.controls.clone_from(&self.supplements.controls);
        metrics.errors.clone_from(&self.supplements.errors);
        self.put(names::RECIPE, recipe_to_toml(&run.recipe).as_bytes())?;
        self.put(names::MODEL, &encode_model(&run.pruned.model, &self.target)?)?;
        self.put(names::MODEL_SPARSE, &encode_sparse_model(&stored.weights, &self.target)?)?;
        self.put(names::MASKS, &encode_masks(&run.pruned.model, &run.pruned.masks.weights))?;
        progress(&self)?;

        let edge_files = (0..edge_traces.len()).map(names::edges).collect::<Vec<_>>();
        let operators = OperatorSource::new(&run.dataset, &run.recipe);
        let (topology, mut entries) = (run.dataset.topology(), Vec::new());
        for (step, (name, trace)) in edge_files.iter().zip(edge_traces).enumerate() {
            let matrix = StepMatrix::of_run(run, &operators, step, trace);
            let bytes = arrays::step_npz(&matrix).map_err(|error| self.fault(error))?;
            self.put(name, &bytes)?;
            if stored.entries != ValueType::F32 {
                let of_entries = operators.values(&run.pruned.masks.edges, step);
                let identity = run.recipe.edges.identity;
                entries.push(StepValues::of(&matrix, identity, (topology, &of_entries), stored.entries));
            }
            progress(&self)?;
        }
        if !entries.is_empty() {
            self.put(names::ENTRY_VALUES, &entry_values::encode(&entries, stored.entries))?;
        }

        let arrivals = self.put_rule_for_new_nodes(run, options, ctl)?;
        if !options.without_features {
            let (name, bytes) = arrays::features_file(run.dataset.features()).map_err(|error| self.fault(error))?;
            self.put(name, &bytes)?;
        }
        if let Some(embedding) = &run.pruned.embedding {
            self.put(names::EMBEDDING, &matrix_npy(embedding))?;
        }
        progress(&self)?;
        self.put(names::LOGITS, &matrix_npy(&run.pruned.logits))?;
        if let Some(low) = &stored.low {
            self.put(names::LOGITS_LOW, &matrix_npy(&low.logits))?;
        }
        let table = predictions_of(run).encode(TableForm::Csv).map_err(|error| self.fault(error))?;
        self.put(names::PREDICTIONS, &table)?;
        let bytes = self.json(&metrics)?;
        self.put(names::METRICS, &bytes)?;
        if let Some(certificate) = self.supplements.certificate.clone().or_else(|| run.certificate.clone()) {
            let bytes = self.json(&*certificate)?;
            self.put(names::CERTIFICATE, &bytes)?;
        }
        self.put(names::CLIENT, client::LOAD_BUNDLE_PY.as_bytes())?;
        let arrivals_bytes = self.files.get(names::NEW_NODES).map(|file| file.size_bytes);
        let readme = client::readme(run, &metrics, (options, arrivals_bytes), &self.verdict);
        self.put(names::README, readme.as_bytes())?;

        let manifest = Manifest::new(run, &metrics, (options, &stored, arrivals), edge_files, self.files.clone());
        let bytes = self.json(&manifest)?;
        self.put(names::MANIFEST, &bytes)?;
        progress(&self)?;
        self.commit(metrics, ctl)
    }

    /// Writes what decides of nodes that arrive, where the recipe has a rule for them.
    fn put_rule_for_new_nodes(
        &mut self,
        run: &Run,
        options: BundleOptions,
        ctl: &Control,
    ) -> Result<Option<ArrivalsNote>, ExportError> {
        if options.without_new_nodes || !new_nodes::has_rule(run) {
            return Ok(None);
        }
        let encoded = new_nodes::encode(run, &ctl.quiet());
        let (note, bytes) = encoded.map_err(|error| match error {
            EngineError::Cancelled => ExportError::Cancelled,
            other => self.fault(std::io::Error::other(other.to_string())),
        })?;
        self.put(names::NEW_NODES, &bytes)?;
        Ok(Some(note))
    }

    fn commit(self, metrics: Metrics, ctl: &Control) -> Result<BundleReport, ExportError> {
        match self.place {
            Place::Folder(folder) => folder.commit(ctl)?,
            Place::Part(_) => {}
            Place::Zip(archive) => archive.commit(ctl)?,
        }
        let size_bytes = self.files.values().map(|f| f.size_bytes).sum();
        Ok(BundleReport { path: self.target, files: self.files, size_bytes, metrics })
    }

    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), ExportError> {
        let note = FileNote { sha256: hash::of_bytes(bytes), size_bytes: bytes.len() as u64 };
        self.files.insert(name.to_owned(), note);
        match &mut self.place {
            Place::Folder(folder) => folder.part().write(name, bytes),
            Place::Part(folder) => folder.write(name, bytes),
            Place::Zip(archive) => {
                // The edge files are zip archives themselves: deflating them again gains nothing.
                let is_npz = Path::new(name).extension().is_some_and(|e| e == "npz");
                let method = if is_npz { CompressionMethod::Stored } else { CompressionMethod::Deflated };
                archive.put(name, entry_options(method, bytes.len()), bytes)
            }
        }
    }

    fn json(&self, value: &impl Serialize) -> Result<Vec<u8>, ExportError> {
        let mut bytes = serde_json::to_vec_pretty(value).map_err(|error| self.fault(error))?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    fn fault(&self, error: impl Into<std::io::Error>) -> ExportError {
        ExportError::io("write", &self.target, error.into())
    }
}

/// The weight masks under their parameters' names and in PyTorch's orientation.
/// The masks of a model's weights as a file: `<parameter name>`, U8, 1 = kept, shape of the parameter.
pub(crate) fn encode_masks(model: &Model, masks: &[WeightMask]) -> Vec<u8> {
    let tensors = model.weights().zip(masks).map(|(weight, mask)| {
        let torch = weight.to_torch(mask);
        TensorBytes {
            name: weight.name.clone(),
            dtype: "U8",
            shape: torch.shape().to_vec(),
            bytes: torch.iter().map(|kept| u8::from(*kept)).collect(),
        }
    });
    encode_tensors(&tensors.collect::<Vec<_>>(), &BTreeMap::new())
}
