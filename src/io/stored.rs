//! Graphs for work beyond memory, `unifews-stored-graph/1`: a folder of plain NumPy arrays that are read from any place, a piece at a
//! time. `numpy.load(…, mmap_mode="r")` opens each of them.
//!
//! ```text
//! graph.json     format, name, source; n_nodes, n_entries, n_features, is_weighted; which of the optional files are there
//! indptr.npy     u8 [n + 1], row pointers
//! indices.npy    u4 [m], columns; row = target u, column = source v, ascending within a row
//! weights.npy    f4 [m], edge weights; may be absent
//! features.npy   f4 [n, f], row after row
//! labels.npy     i8 [n], classes from 0, -1 where there is none, or b1 [n, classes]; may be absent
//! split_{i}_train.npy, _val.npy, _test.npy    u4, nodes of split i
//! node_ids.json  the nodes' own ids; may be absent
//! ```
//! The structure is that of the graph as it was read: both directions of an undirected edge, self-loops where wanted.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::UNIX_EPOCH;

use bytemuck::Pod;
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::atomic::{AtomicFolder, FolderPart};
use super::file::{InputFile, open, read_text};
use super::npy::{Array, npy_header};
use super::reading;
use super::report::{ExportError, LoadError};
use crate::engine::control::Control;
use crate::engine::graph::{Dataset, Features, Labels, Split, Topology};
use crate::engine::out_of_core::GraphSize;

/// Name and version of the format.
pub(crate) const STORED_FORMAT: &str = "unifews-stored-graph/1";
const MANIFEST: &str = "graph.json";
/// Bytes that a manifest may have.
pub(super) const MAX_MANIFEST: u64 = 1 << 24;

/// What `graph.json` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredManifest {
    format: String,
    name: String,
    source: String,
    #[serde(flatten)]
    size: GraphSize,
    /// `classes`, `tags` or nothing.
    labels: Option<LabelSort>,
    #[serde(default)]
    class_names: Vec<String>,
    #[serde(default)]
    splits: Vec<String>,
    #[serde(default)]
    has_node_ids: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum LabelSort {
    /// One class per node.
    Classes,
    /// Any number of them.
    Tags,
}

/// Whether a folder names the format, in any version.
pub(crate) fn is_stored_folder(path: &Path) -> bool {
    read_text(&path.join(MANIFEST), MAX_MANIFEST).is_ok_and(|text| text.contains("unifews-stored-graph/"))
}

/// A stored graph whose arrays are open; nothing of them is in memory.
#[derive(Debug)]
pub struct StoredGraph {
    folder: PathBuf,
    pub(super) manifest: StoredManifest,
    pub(super) indptr: ArrayFile,
    pub(super) indices: ArrayFile,
    pub(super) weights: Option<ArrayFile>,
    pub(super) features: ArrayFile,
}

impl StoredGraph {
    /// Opens the folder and checks the arrays' types and lengths.
    ///
    /// # Errors
    /// [`LoadError`]; the message names the file, what was expected and what was found.
    pub fn open(folder: &Path) -> Result<Self, LoadError> {
        let path = folder.join(MANIFEST);
        let text = read_text(&path, MAX_MANIFEST)?;
        let found: serde_json::Value =
            serde_json::from_str(&text).map_err(|error| LoadError::content(&path, "manifest", "JSON", error))?;
        if found["format"] != STORED_FORMAT {
            return Err(LoadError::content(&path, "format", format!("{STORED_FORMAT:?}"), &found["format"]));
        }
        let manifest: StoredManifest = serde_json::from_value(found)
            .map_err(|error| LoadError::content(&path, "manifest", "the counts of a stored graph", error))?;
        let GraphSize { n_nodes, n_entries, n_features, is_weighted } = manifest.size;
        if n_nodes == 0 || n_features == 0 || u32::try_from(n_nodes).is_err() {
            let found = format!("{n_nodes} nodes and {n_features} features");
            return Err(LoadError::content(&path, "counts", "1 to 2^32 - 1 nodes and at least 1 feature", found));
        }
        let array = |name: &str, descr: &str, shape: &[usize]| ArrayFile::open(&folder.join(name), descr, shape);
        Ok(Self {
            indptr: array("indptr.npy", "<u8", &[n_nodes.saturating_add(1)])?,
            indices: array("indices.npy", "<u4", &[n_entries])?,
            weights: if is_weighted { Some(array("weights.npy", "<f4", &[n_entries])?) } else { None },
            features: array("features.npy", "<f4", &[n_nodes, n_features])?,
            folder: folder.to_owned(),
            manifest,
        })
    }

    /// What the arrays hold.
    pub fn size(&self) -> &GraphSize {
        &self.manifest.size
    }

    /// For titles.
    pub fn name(&self) -> &str {
        &self.manifest.name
    }

    /// Names of its splits, the default first.
    pub fn splits(&self) -> &[String] {
        &self.manifest.splits
    }

    /// Bytes and time of the last change of every array that a propagation reads.
    pub(super) fn stamps(&self) -> Result<Vec<(u64, u128)>, ExportError> {
        let arrays = [&self.indptr, &self.indices, &self.features].into_iter().chain(&self.weights);
        arrays.map(ArrayFile::stamp).collect()
    }

    /// The structure, in memory.
    pub(super) fn topology(&self) -> Result<Topology, LoadError> {
        let indptr: Vec<u64> = self.indptr.read(0, self.manifest.size.n_nodes + 1)?;
        let indptr = indptr.into_iter().map(|p| usize::try_from(p).unwrap_or(usize::MAX)).collect();
        let indices = self.indices.read(0, self.manifest.size.n_entries)?;
        Topology::try_new_while(indptr, indices, reading::check_engine)
            .map_err(|error| LoadError::invalid(&self.folder, error))
    }

    /// Edge weights, in memory.
    pub(super) fn weights(&self) -> Result<Option<Vec<f32>>, LoadError> {
        self.weights.as_ref().map(|weights| weights.read(0, self.manifest.size.n_entries)).transpose()
    }

    /// Features, in memory.
    pub(super) fn features(&self) -> Result<Features, LoadError> {
        let GraphSize { n_nodes, n_features, .. } = self.manifest.size;
        let values = self.features.read(0, n_nodes * n_features)?;
        let matrix = Array2::from_shape_vec((n_nodes, n_features), values);
        matrix.map(Features::from_dense).map_err(|error| {
            LoadError::content(&self.folder, "features", format!("{n_nodes} x {n_features} values"), error)
        })
    }

    /// The file of labels and the names of their classes, where there are labels.
    pub(super) fn labels(&self) -> Option<(PathBuf, &[String])> {
        self.manifest.labels.map(|_| (self.folder.join("labels.npy"), self.manifest.class_names.as_slice()))
    }

    /// All splits, in memory.
    pub(super) fn all_splits(&self) -> Result<Vec<Split>, LoadError> {
        (0..self.manifest.splits.len()).map(|at| self.split(at)).collect()
    }

    /// Split `at` of [`StoredGraph::splits`].
    ///
    /// # Errors
    /// [`LoadError`] for a file that is not as its manifest says.
    pub fn split(&self, at: usize) -> Result<Split, LoadError> {
        let part = |part: &str| {
            let array = Array::read(&self.folder.join(split_file(at, part)))?;
            array.to_indices(self.manifest.size.n_nodes, "node numbers")
        };
        let name = self.manifest.splits.get(at).cloned().unwrap_or_default();
        Ok(Split { name, train: part("train")?, val: part("val")?, test: part("test")? })
    }

    /// The nodes' own ids.
    pub(super) fn node_ids(&self) -> Result<Option<Vec<String>>, LoadError> {
        if !self.manifest.has_node_ids {
            return Ok(None);
        }
        let path = self.folder.join("node_ids.json");
        let text = read_text(&path, super::file::MAX_FILE_BYTES)?;
        serde_json::from_str(&text)
            .map(Some)
            .map_err(|error| LoadError::content(&path, "node ids", "a list of texts", error))
    }
}

fn split_file(at: usize, part: &str) -> String {
    format!("split_{at}_{part}.npy")
}

/// Writes a graph as a folder of arrays.
///
/// # Errors
/// [`ExportError`]; what was at `target` before is then still there.
pub fn write_stored_graph(dataset: &Dataset, target: &Path, ctl: &Control) -> Result<(), ExportError> {
    StoredGraphWriter::begin(target, ctl)?.write(dataset, ctl)
}

/// A stored graph's folder whose place is open.
#[derive(Debug)]
pub struct StoredGraphWriter(AtomicFolder);

impl StoredGraphWriter {
    /// Opens the place: a new folder, an empty one, or a stored graph as it was written.
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn begin(target: impl AsRef<Path>, ctl: &Control) -> Result<Self, ExportError> {
        AtomicFolder::begin(target, "stored-graph", ctl).map(Self)
    }

    /// Writes the arrays and moves the folder into place.
    ///
    /// # Errors
    /// [`ExportError`]; what was there before is then still there.
    pub fn write(self, dataset: &Dataset, ctl: &Control) -> Result<(), ExportError> {
        write_arrays(self.0.part(), dataset, ctl)?;
        self.0.commit(ctl)
    }
}

fn write_arrays(folder: &FolderPart, dataset: &Dataset, ctl: &Control) -> Result<(), ExportError> {
    let (topology, n) = (dataset.topology(), dataset.n_nodes());
    let manifest = StoredManifest {
        format: STORED_FORMAT.to_owned(),
        name: dataset.name().to_owned(),
        source: dataset.source().to_owned(),
        size: GraphSize::of(dataset),
        labels: dataset.labels().map(|l| if l.tags().is_some() { LabelSort::Tags } else { LabelSort::Classes }),
        class_names: dataset.labels().map_or_else(Vec::new, |labels| labels.names.clone()),
        splits: dataset.splits().iter().map(|split| split.name.clone()).collect(),
        has_node_ids: dataset.node_ids().is_some(),
    };
    let check = || ctl.check().map_err(|_cancelled| ExportError::Cancelled);
    ctl.progress("writing the graph", 0, 3);
    let indptr = topology.indptr().iter().map(|p| *p as u64);
    write_array(folder, "indptr.npy", "<u8", &[n + 1], indptr)?;
    write_array(folder, "indices.npy", "<u4", &[topology.n_entries()], topology.indices().iter().copied())?;
    check()?;
    ctl.progress("writing the graph", 1, 3);
    if let Some(weights) = dataset.edge_weights() {
        write_array(folder, "weights.npy", "<f4", &[weights.len()], weights.iter().copied())?;
    }
    let shape = [n, dataset.features().width()];
    match dataset.features() {
        Features::Dense(x) => write_array(folder, "features.npy", "<f4", &shape, x.iter().copied())?,
        Features::Sparse(x) => {
            let mut row_of = vec![0.0f32; shape[1]];
            let rows = x.outer_iterator().flat_map(|row| {
                row_of.fill(0.0);
                row.iter().for_each(|(column, value)| row_of[column] = *value);
                row_of.clone()
            });
            write_array(folder, "features.npy", "<f4", &shape, rows)?;
        }
    }
    check()?;
    ctl.progress("writing the graph", 2, 3);
    if let Some(labels) = dataset.labels() {
        if let Some(tags) = labels.tags() {
            let shape = [n, tags.ncols()];
            write_array(folder, "labels.npy", "|b1", &shape, tags.iter().map(|tag| u8::from(*tag)))?;
        } else {
            let classes = labels.classes().iter().map(|class| match *class {
                Labels::UNLABELLED => -1i64,
                class => i64::from(class),
            });
            write_array(folder, "labels.npy", "<i8", &[n], classes)?;
        }
    }
    for (at, split) in dataset.splits().iter().enumerate() {
        for (part, nodes) in [("train", &split.train), ("val", &split.val), ("test", &split.test)] {
            write_array(folder, &split_file(at, part), "<u4", &[nodes.len()], nodes.iter().copied())?;
        }
    }
    if let Some(ids) = dataset.node_ids() {
        write_json(folder, "node_ids.json", ids)?;
    }
    write_json(folder, MANIFEST, &manifest)?;
    check()
}

fn write_json(folder: &FolderPart, name: &str, value: &(impl Serialize + ?Sized)) -> Result<(), ExportError> {
    let fault = |error: serde_json::Error| ExportError::io("write", &folder.shown().join(name), error.into());
    let mut bytes = serde_json::to_vec_pretty(value).map_err(fault)?;
    bytes.push(b'\n');
    folder.write(name, &bytes)
}

/// Writes values a piece at a time: they need not all be in memory as bytes.
fn write_array<T: Pod>(
    folder: &FolderPart,
    name: &str,
    descr: &str,
    shape: &[usize],
    values: impl Iterator<Item = T>,
) -> Result<(), ExportError> {
    const PIECE: usize = 1 << 16;
    let mut file = folder.create(name)?;
    file.write(&npy_header(descr, shape))?;
    let mut values = values.peekable();
    let mut piece = Vec::with_capacity(PIECE);
    while values.peek().is_some() {
        piece.clear();
        piece.extend(values.by_ref().take(PIECE));
        file.write(bytemuck::cast_slice(&piece))?;
    }
    file.finish()
}

/// A `.npy` file that is read from any place.
#[derive(Debug)]
pub(super) struct ArrayFile {
    pub(super) path: PathBuf,
    pub(super) file: Mutex<InputFile>,
    pub(super) values_at: u64,
}

impl ArrayFile {
    /// Opens a file and checks that it holds values of a type and shape, row after row.
    pub(super) fn open(path: &Path, descr: &str, shape: &[usize]) -> Result<Self, LoadError> {
        const HEAD_BYTES: u64 = 1 << 12;
        let mut file = open(path)?;
        let mut head = Vec::new();
        let start = (&mut file).take(HEAD_BYTES).read_to_end(&mut head);
        start.map_err(|source| LoadError::io("read", path, source))?;
        let expected = format!("an array of {descr} with shape {shape:?}");
        let fault = |found: String| LoadError::content(path, "array", &expected, found);
        let (found_descr, found_shape) = Array::described(&head).ok_or_else(|| fault("another file".into()))?;
        if found_descr != descr || found_shape != shape {
            return Err(fault(format!("{found_descr} with shape {found_shape:?}")));
        }
        // Our own files are of version 1; NumPy's are, too, where types and names are plain.
        let length = match head[..] {
            [_, _, _, _, _, _, 1, 0, a, b, ..] => u64::from(u16::from_le_bytes([a, b])),
            _ => return Err(fault("a header of another version than 1.0".into())),
        };
        let values_at = 10 + length;
        let header = &head[10..head.len().min(values_at as usize)];
        if header.windows(4).any(|word| word == b"True") {
            return Err(fault("columns one after another (Fortran order)".into()));
        }
        let size = descr[2..].parse::<u64>().unwrap_or(1);
        let n_bytes =
            shape.iter().try_fold(size, |n, d| n.checked_mul(*d as u64)).and_then(|n| n.checked_add(values_at));
        let found = file.metadata().map_err(|source| LoadError::io("read", path, source))?.len();
        if n_bytes != Some(found) {
            let expected = n_bytes.map_or_else(|| "more bytes than there can be".into(), |n| format!("{n} bytes"));
            return Err(LoadError::content(path, "array", expected, format!("{found} bytes")));
        }
        Ok(Self { path: path.to_owned(), file: Mutex::new(file), values_at })
    }

    /// Bytes, and the time of the last change in nanoseconds since 1970.
    pub(super) fn stamp(&self) -> Result<(u64, u128), ExportError> {
        let kind = std::fs::metadata(&self.path).map_err(|source| ExportError::io("read", &self.path, source))?;
        let changed = kind.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        Ok((kind.len(), changed.map_or(0, |since| since.as_nanos())))
    }

    /// `len` values from value `from` on.
    fn read<T: Pod>(&self, from: usize, len: usize) -> Result<Vec<T>, LoadError> {
        let mut values = vec![T::zeroed(); len];
        self.read_bytes((from * size_of::<T>()) as u64, bytemuck::cast_slice_mut(&mut values))
            .map_err(|source| LoadError::io("read", &self.path, source))?;
        Ok(values)
    }

    /// Lets the system fetch bytes of the values ahead, where it can.
    pub(super) fn reads_next(&self, from: u64, len: u64) {
        if let Ok(file) = self.file.lock() {
            file.reads_next(self.values_at + from, len);
        }
    }

    /// Fills `out` with the bytes of the values from byte `from` on.
    pub(super) fn read_bytes(&self, from: u64, out: &mut [u8]) -> std::io::Result<()> {
        let mut file = self.file.lock().map_err(|_poisoned| std::io::Error::other("another reader failed"))?;
        file.seek(SeekFrom::Start(self.values_at + from))?;
        file.read_exact(out)
    }
}
