//! Files that a propagation out of memory reads and writes.
//!
//! What it makes lies in a folder beside the output, `OUTPUT.unifews-work`, until the output is whole. The same command finds it there
//! and goes on; a folder that another propagation left, or that one is at work in, is refused.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};

use super::{ArrayFile, Manifest, StoredGraph, write_json};
use crate::engine::EngineError;
use crate::engine::out_of_core::{MemoryPlan, PropagationState, Sink, Storage, StoredArray};
use crate::engine::sparsify::Recipe;
use crate::io::atomic::AtomicFile;
use crate::io::bundle::npy_header;
use crate::io::file::read_text;
use crate::io::recipe::recipe_to_toml;
use crate::io::report::{ExportError, LoadError};
use crate::io::results::{PropagationMetrics, PropagationWriter};

const STATE_FORMAT: &str = "unifews-propagation-state/1";
const STATE: &str = "state.json";

/// What `state.json` says: whose propagation it is, and how far it has come.
#[derive(Serialize, Deserialize)]
struct StateFile {
    format: String,
    graph: Manifest,
    /// Bytes and time of the last change of the graph's arrays, nanoseconds since 1970: blocks of an older graph must not go on.
    stamps: Vec<(u64, u128)>,
    recipe: String,
    state: PropagationState,
}

/// A stored graph and the folder for what is made of it.
#[derive(Debug)]
pub struct DiskStorage<'a> {
    graph: &'a StoredGraph,
    stamps: Vec<(u64, u128)>,
    /// The recipe as it is written down; thread counts change nothing.
    recipe: String,
    hops: usize,
    work: PathBuf,
    plan: MemoryPlan,
    /// The work file that was read last and those before it: a hop reads three or four in turn.
    files: Mutex<Vec<(StoredArray, Arc<ArrayFile>)>>,
    /// Held as long as this is at work.
    _lock: fs::File,
}

impl<'a> DiskStorage<'a> {
    /// Opens the work folder, which is made where there is none.
    ///
    /// # Errors
    /// [`ExportError`] where it cannot be made or belongs to another propagation.
    pub fn open(graph: &'a StoredGraph, recipe: &Recipe, plan: MemoryPlan, work: &Path) -> Result<Self, ExportError> {
        fs::create_dir_all(work).map_err(|source| ExportError::io("create", work, source))?;
        let lock_path = work.join("lock");
        let lock = fs::File::create(&lock_path).map_err(|source| ExportError::io("create", &lock_path, source))?;
        match lock.try_lock() {
            Err(fs::TryLockError::WouldBlock) => {
                return Err(ExportError::Occupied { found: "a propagation at work".into(), path: work.to_owned() });
            }
            Err(fs::TryLockError::Error(source)) => return Err(ExportError::io("lock", &lock_path, source)),
            Ok(()) => {}
        }
        let recipe_text = recipe_to_toml(&Recipe { threads: 0, ..recipe.clone() });
        let storage = Self {
            graph,
            stamps: graph.stamps()?,
            recipe: recipe_text,
            hops: recipe.model.hops,
            work: work.to_owned(),
            plan,
            files: Mutex::new(Vec::new()),
            _lock: lock,
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
            Ok(_) => Ok(storage),
            Err(error) => Err(ExportError::Occupied { found: error.to_string(), path: work.to_owned() }),
        }
    }

    /// Columns of the blocks that an interrupted propagation in `work` has; the same have to be used to go on.
    pub fn width_of(work: &Path) -> Option<usize> {
        let text = read_text(&work.join(STATE), super::MAX_MANIFEST).ok()?;
        serde_json::from_str::<StateFile>(&text).ok().map(|found| found.state.block_width)
    }

    fn state_file(&self) -> Result<Option<StateFile>, LoadError> {
        let path = self.work.join(STATE);
        if !path.exists() {
            return Ok(None);
        }
        let text = read_text(&path, super::MAX_MANIFEST)?;
        let found: serde_json::Value =
            serde_json::from_str(&text).map_err(|error| LoadError::content(&path, "state", "JSON", error))?;
        if found["format"] != STATE_FORMAT {
            return Err(LoadError::content(&path, "format", format!("{STATE_FORMAT:?}"), &found["format"]));
        }
        serde_json::from_value(found)
            .map(Some)
            .map_err(|error| LoadError::content(&path, "state", "how far a propagation has come", error))
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
    fn path(&self, array: StoredArray) -> PathBuf {
        let (name, _, shape) = self.described(array);
        self.work.join(format!("{name}.{}", if shape.is_some() { "npy" } else { "bin" }))
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
            None => ArrayFile { file: Mutex::new(super::open(&path)?), path, values_at: 0 },
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
    path: PathBuf,
    file: AtomicFile,
}

impl Sink for FileSink<'_> {
    fn append(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        self.file.write_all(bytes).map_err(|error| fault(&self.path, &error))
    }

    fn finish(self: Box<Self>) -> Result<(), EngineError> {
        let Self { storage, array, path, file } = *self;
        storage.forget(array);
        file.commit().map_err(|error| fault(&path, &error))
    }
}

impl Storage for DiskStorage<'_> {
    fn read(&self, array: StoredArray, from: u64, out: &mut [u8]) -> Result<(), EngineError> {
        let of_graph = match array {
            StoredArray::Indptr => Some(&self.graph.indptr),
            StoredArray::Indices => Some(&self.graph.indices),
            StoredArray::Weights => self.graph.weights.as_ref(),
            StoredArray::Features => Some(&self.graph.features),
            _ => None,
        };
        if let Some(file) = of_graph {
            return file.read_bytes(from, out).map_err(|error| fault(&file.path, &error));
        }
        let file = self.work_file(array).map_err(|error| fault(&self.path(array), &error))?;
        file.read_bytes(from, out).map_err(|error| fault(&file.path, &error))
    }

    fn create(&self, array: StoredArray) -> Result<Box<dyn Sink + '_>, EngineError> {
        let path = self.path(array);
        let mut file = AtomicFile::begin(&path).map_err(|error| fault(&path, &error))?;
        if let (_, descr, Some(shape)) = self.described(array) {
            file.write_all(&npy_header(descr, &shape)).map_err(|error| fault(&path, &error))?;
        }
        Ok(Box::new(FileSink { storage: self, array, path, file }))
    }

    fn remove(&self, array: StoredArray) -> Result<(), EngineError> {
        self.forget(array);
        let path = self.path(array);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(fault(&path, &error)),
            _ => Ok(()),
        }
    }

    fn load_state(&self) -> Result<Option<PropagationState>, EngineError> {
        let found = self.state_file().map_err(|error| fault(&self.work.join(STATE), &error))?;
        Ok(found.map(|found| found.state))
    }

    fn save_state(&self, state: &PropagationState) -> Result<(), EngineError> {
        let path = self.work.join(STATE);
        let file = StateFile {
            format: STATE_FORMAT.to_owned(),
            graph: self.graph.manifest.clone(),
            stamps: self.stamps.clone(),
            recipe: self.recipe.clone(),
            state: state.clone(),
        };
        write_json(&path, &file).map_err(|error| fault(&path, &error))
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
        let mut name = output.target().file_name().unwrap_or_default().to_owned();
        name.push(".unifews-work");
        let work = output.target().with_file_name(name);
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
    ) -> Result<(), ExportError> {
        let masks = (0..storage.hops).rev().map(|until| storage.path(StoredArray::RemovedAt { until }));
        let masks = masks.into_iter().find(|path| path.exists());
        let embedding = storage.path(StoredArray::Embedding);
        drop(storage);
        self.output.write_stored(&embedding, masks.as_deref(), recipe, metrics)?;
        fs::remove_dir_all(&self.work).map_err(|source| ExportError::io("remove", &self.work, source))
    }
}
