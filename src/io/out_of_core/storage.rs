//! Files that a propagation out of memory reads and writes.
//!
//! What it makes lies in a folder beside the output, `OUTPUT.unifews-work`, until the output is whole. The same command finds it there
//! and goes on; a folder that another propagation left, that one is at work in, or whose files have changed, is refused.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};

use super::work::{FileSum, STATE, WorkFile, WorkFolder};
use crate::engine::EngineError;
use crate::engine::control::Control;
use crate::engine::out_of_core::{MemoryPlan, PropagationState, Sink, Storage, StoredArray};
use crate::engine::sparsify::Recipe;
use crate::io::file::{open, read_text};
use crate::io::npy::npy_header;
use crate::io::recipe::recipe_to_toml;
use crate::io::report::{ExportError, LoadError};
use crate::io::results::{Finished, PropagationMetrics, PropagationWriter};
use crate::io::sha256;
use crate::io::stored::{ArrayFile, MAX_MANIFEST, StoredGraph, StoredManifest};

const STATE_FORMAT: &str = "unifews-propagation-state/2";
/// Longest name of a file, bytes, where the file system does not say so.
const MAX_NAME: usize = 255;

/// What `state.json` says: whose propagation it is, and how far it has come.
#[derive(Serialize, Deserialize)]
struct StateFile {
    format: String,
    /// Of this file with nothing here.
    sha256: String,
    graph: StoredManifest,
    /// Bytes and time of the last change of the graph's arrays, nanoseconds since 1970: blocks of an older graph must not go on.
    stamps: Vec<(u64, u128)>,
    recipe: String,
    /// The arrays that are whole.
    files: BTreeMap<String, FileSum>,
    state: PropagationState,
}

impl StateFile {
    /// The hash that belongs into it.
    fn sum(&mut self) -> serde_json::Result<String> {
        let said = std::mem::take(&mut self.sha256);
        let sum = serde_json::to_vec(self).map(|bytes| sha256::of_bytes(&bytes));
        self.sha256 = said;
        sum
    }
}

/// A stored graph and the folder for what is made of it.
#[derive(Debug)]
pub struct DiskStorage<'a> {
    graph: &'a StoredGraph,
    stamps: Vec<(u64, u128)>,
    /// The recipe as it is written down; thread counts change nothing.
    recipe: String,
    hops: usize,
    work: WorkFolder,
    plan: MemoryPlan,
    /// The work file that was read last and those before it: a hop reads three or four in turn.
    files: Mutex<Vec<(StoredArray, Arc<ArrayFile>)>>,
}

impl<'a> DiskStorage<'a> {
    /// Opens the work folder, which is made where there is none.
    ///
    /// # Errors
    /// [`ExportError`] where it cannot be made or belongs to another propagation.
    pub fn open(graph: &'a StoredGraph, recipe: &Recipe, plan: MemoryPlan, work: &Path) -> Result<Self, ExportError> {
        let folder = WorkFolder::open(work)?;
        let recipe_text = recipe_to_toml(&Recipe { threads: 0, ..recipe.clone() });
        let storage = Self {
            graph,
            stamps: graph.stamps()?,
            recipe: recipe_text,
            hops: recipe.model.hops,
            work: folder,
            plan,
            files: Mutex::new(Vec::new()),
        };
        match storage.state_file() {
            Ok(Some(found))
                if (&found.graph, &found.stamps, &found.recipe)
                    != (&graph.manifest, &storage.stamps, &storage.recipe) =>
            {
                Err(ExportError::Occupied {
                    found: "a propagation of another graph or recipe".into(),
                    path: work.to_owned(),
                })
            }
            Ok(Some(found)) if found.state.block_width != plan.block_width => Err(ExportError::Occupied {
                found: format!(
                    "a propagation in blocks of {} columns, not {}",
                    found.state.block_width, plan.block_width
                ),
                path: work.to_owned(),
            }),
            Ok(found) => {
                storage.work.go_on_with(found.map(|found| found.files).unwrap_or_default())?;
                Ok(storage)
            }
            Err(error) => {
                let found = format!("{error}; to begin again remove {}", work.display());
                Err(ExportError::Occupied { found, path: work.to_owned() })
            }
        }
    }

    /// Columns of the blocks that an interrupted propagation in `work` has; the same have to be used to go on.
    pub fn width_of(work: &Path) -> Option<usize> {
        let text = read_text(&work.join(STATE), MAX_MANIFEST).ok()?;
        serde_json::from_str::<StateFile>(&text).ok().map(|found| found.state.block_width)
    }

    fn state_file(&self) -> Result<Option<StateFile>, LoadError> {
        let path = self.work.path().join(STATE);
        if !path.exists() {
            return Ok(None);
        }
        let text = read_text(&path, MAX_MANIFEST)?;
        let found: serde_json::Value =
            serde_json::from_str(&text).map_err(|error| LoadError::content(&path, "state", "JSON", error))?;
        if found["format"] != STATE_FORMAT {
            return Err(LoadError::content(&path, "format", format!("{STATE_FORMAT:?}"), &found["format"]));
        }
        let fault = |error| LoadError::content(&path, "state", "how far a propagation has come", error);
        let mut found: StateFile = serde_json::from_value(found).map_err(fault)?;
        let sum = found.sum().map_err(fault)?;
        if sum != found.sha256 {
            return Err(LoadError::content(&path, "state", format!("SHA-256 {}", found.sha256), sum));
        }
        Ok(Some(found))
    }

    /// Which folder to remove to start again.
    fn anew(&self, error: &LoadError) -> EngineError {
        match error {
            LoadError::Cancelled => EngineError::Cancelled,
            error => EngineError::Storage {
                what: "propagation that was interrupted".to_owned(),
                reason: format!("{error}; to begin again remove {}", self.work.path().display()),
            },
        }
    }

    /// The name, type and shape of a file in the work folder.
    fn described(&self, array: StoredArray) -> (String, &'static str, Option<Vec<usize>>) {
        let size = self.graph.size();
        let (n, f) = (size.n_nodes, size.n_features);
        let width = |block: usize| self.plan.block_width.min(f - block * self.plan.block_width);
        match array {
            StoredArray::Indptr => ("indptr".into(), "<u8", Some(vec![n + 1])),
            StoredArray::Indices => ("indices".into(), "<u4", Some(vec![size.n_entries])),
            StoredArray::Weights => ("weights".into(), "<f4", Some(vec![size.n_entries])),
            StoredArray::Features => ("features".into(), "<f4", Some(vec![n, f])),
            StoredArray::Lengths { since } => (format!("lengths_{since}"), "<u4", Some(vec![n])),
            // How many entries are left is known when they are written.
            StoredArray::Sources { since } => (format!("sources_{since}"), "<u4", None),
            StoredArray::Values { since } => (format!("values_{since}"), "<f4", None),
            StoredArray::RemovedAt { until } => (format!("removed_at_{until}"), "|u1", Some(vec![size.n_entries])),
            StoredArray::Columns { hop, block } => {
                (format!("hop_{hop}_columns_{block}"), "<f4", Some(vec![n, width(block)]))
            }
            StoredArray::Sum { hop, block } => {
                (format!("sum_{hop}_columns_{block}"), "<f4", Some(vec![n, width(block)]))
            }
            StoredArray::Embedding => ("embedding".into(), "<f4", Some(vec![n, f])),
        }
    }

    /// Lists have no header: their length is not known before they are whole.
    fn name(&self, array: StoredArray) -> String {
        let (name, _, shape) = self.described(array);
        format!("{name}.{}", if shape.is_some() { "npy" } else { "bin" })
    }

    fn path(&self, array: StoredArray) -> PathBuf {
        self.work.path().join(self.name(array))
    }

    /// An array that is whole.
    fn finished(&self, array: StoredArray) -> Option<Finished> {
        let FileSum { size_bytes, sha256 } = self.work.sum_of(&self.name(array))?;
        Some(Finished { path: self.path(array), size_bytes, sha256 })
    }

    /// The graph's own file of an array, if it is one of the graph's.
    fn graph_file(&self, array: StoredArray) -> Option<&ArrayFile> {
        match array {
            StoredArray::Indptr => Some(&self.graph.indptr),
            StoredArray::Indices => Some(&self.graph.indices),
            StoredArray::Weights => self.graph.weights.as_ref(),
            StoredArray::Features => Some(&self.graph.features),
            _ => None,
        }
    }

    fn work_file(&self, array: StoredArray) -> Result<Arc<ArrayFile>, LoadError> {
        const MOST: usize = 8;
        let path = self.path(array);
        let mut files = self
            .files
            .lock()
            .map_err(|_poisoned| LoadError::io("read", &path, std::io::Error::other("another reader failed")))?;
        if let Some((_, file)) = files.iter().find(|(open, _)| *open == array) {
            return Ok(Arc::clone(file));
        }
        let (_, descr, shape) = self.described(array);
        let file = match shape {
            Some(shape) => ArrayFile::open(&path, descr, &shape)?,
            None => ArrayFile { file: Mutex::new(open(&path)?), path, values_at: 0 },
        };
        let file = Arc::new(file);
        if files.len() == MOST {
            files.remove(0);
        }
        files.push((array, Arc::clone(&file)));
        Ok(file)
    }

    /// Files of this array that are open are not those that are there from now on.
    fn forget(&self, array: StoredArray) {
        if let Ok(mut files) = self.files.lock() {
            files.retain(|(open, _)| *open != array);
        }
    }
}

fn fault(path: &Path, reason: &impl ToString) -> EngineError {
    EngineError::Storage { what: path.display().to_string(), reason: reason.to_string() }
}

struct FileSink<'a> {
    storage: &'a DiskStorage<'a>,
    array: StoredArray,
    file: WorkFile,
}

impl Sink for FileSink<'_> {
    fn append(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        self.file.append(bytes).map_err(|error| fault(self.file.path(), &error))
    }

    fn finish(self: Box<Self>) -> Result<(), EngineError> {
        let Self { storage, array, file } = *self;
        storage.forget(array);
        let path = file.path().to_owned();
        storage.work.finish(file, &storage.name(array)).map_err(|error| fault(&path, &error))
    }
}

impl Storage for DiskStorage<'_> {
    fn read(&self, array: StoredArray, from: u64, out: &mut [u8]) -> Result<(), EngineError> {
        if let Some(file) = self.graph_file(array) {
            return file.read_bytes(from, out).map_err(|error| fault(&file.path, &error));
        }
        let file = self.work_file(array).map_err(|error| fault(&self.path(array), &error))?;
        file.read_bytes(from, out).map_err(|error| fault(&file.path, &error))
    }

    fn reads_next(&self, array: StoredArray, from: u64, len: u64) {
        if let Some(file) = self.graph_file(array) {
            file.reads_next(from, len);
        } else if let Ok(file) = self.work_file(array) {
            file.reads_next(from, len);
        }
    }

    fn create(&self, array: StoredArray) -> Result<Box<dyn Sink + '_>, EngineError> {
        let path = self.path(array);
        let mut file = self.work.create(&self.name(array)).map_err(|error| fault(&path, &error))?;
        if let (_, descr, Some(shape)) = self.described(array) {
            file.append(&npy_header(descr, &shape)).map_err(|error| fault(&path, &error))?;
        }
        Ok(Box::new(FileSink { storage: self, array, file }))
    }

    fn remove(&self, array: StoredArray) -> Result<(), EngineError> {
        self.forget(array);
        self.work.remove(&self.name(array)).map_err(|error| fault(&self.path(array), &error))
    }

    fn verify(&self, ctl: &Control) -> Result<(), EngineError> {
        self.work.verify(ctl).map_err(|error| self.anew(&error))
    }

    fn load_state(&self) -> Result<Option<PropagationState>, EngineError> {
        let found = self.state_file().map_err(|error| self.anew(&error))?;
        Ok(found.map(|found| found.state))
    }

    fn save_state(&self, state: &PropagationState) -> Result<(), EngineError> {
        let path = self.work.path().join(STATE);
        let mut file = StateFile {
            format: STATE_FORMAT.to_owned(),
            sha256: String::new(),
            graph: self.graph.manifest.clone(),
            stamps: self.stamps.clone(),
            recipe: self.recipe.clone(),
            files: self.work.all_sums(),
            state: state.clone(),
        };
        let written = file.sum().and_then(|sum| {
            file.sha256 = sum;
            serde_json::to_vec_pretty(&file)
        });
        let written = written.map_err(std::io::Error::from).and_then(|bytes| self.work.write_state(&bytes));
        written.map_err(|error| fault(&path, &error))
    }
}

/// The output of a propagation out of memory.
#[derive(Debug)]
pub struct OutOfCoreWriter {
    output: PropagationWriter,
    work: PathBuf,
}

impl OutOfCoreWriter {
    /// Puts the work folder beside the output.
    pub fn beside(output: PropagationWriter) -> Self {
        let name = output.target().file_name().unwrap_or_default().to_string_lossy();
        let work = output.target().with_file_name(work_name(&name));
        Self { output, work }
    }

    /// The folder for what is made on the way.
    pub fn work(&self) -> &Path {
        &self.work
    }

    /// Puts embedding and masks into the output, and removes the work folder when the output stands.
    ///
    /// # Errors
    /// [`ExportError`]; the work folder is then still there.
    pub fn finish(
        self,
        storage: DiskStorage<'_>,
        recipe: &Recipe,
        metrics: &PropagationMetrics,
        ctl: &Control,
    ) -> Result<(), ExportError> {
        let masks = (0..storage.hops).rev().find_map(|until| storage.finished(StoredArray::RemovedAt { until }));
        let embedding = storage.finished(StoredArray::Embedding).ok_or_else(|| {
            let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
            ExportError::io("copy", &storage.path(StoredArray::Embedding), missing)
        })?;
        self.output.write_stored(&embedding, masks.as_ref(), recipe, metrics, ctl)?;
        storage.work.remove_all()
    }
}

/// Name of the work folder of an output, short enough for any file system.
fn work_name(output: &str) -> String {
    const ENDING: &str = ".unifews-work";
    if output.len() + ENDING.len() <= MAX_NAME {
        return format!("{output}{ENDING}");
    }
    let sum = sha256::of_bytes(output.as_bytes());
    let end = output.floor_char_boundary(MAX_NAME - ENDING.len() - 17);
    format!("{}-{}{ENDING}", &output[..end], &sum[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_have_work_folders_too() {
        assert_eq!(work_name("disk"), "disk.unifews-work");
        let names: Vec<String> =
            ["x".repeat(250), "x".repeat(249), "é".repeat(125)].iter().map(|n| work_name(n)).collect();
        for name in &names {
            assert!(name.len() <= MAX_NAME && name.ends_with(".unifews-work"), "{name}");
        }
        assert_ne!(names[0], names[1]);
    }
}
