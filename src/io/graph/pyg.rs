//! Files of PyG's `processed` folder, of every generation.
//!
//! ```text
//! object   = (graph, slices)                       PyG up to 2.3
//!          | (attributes, slices, class)           PyG 2.4 and later
//!          | graph | attributes | [graph]
//! graph    = torch_geometric.data.Data with its attributes in __dict__ (up to 1.7) or in _store._mapping (2.0 and later)
//! slices   = None, or attribute → [graphs + 1], where each of several graphs starts
//! ```
//! Attributes that are read: `edge_index` `[2, e]` (source, target) or `adj_t` (sparse, row = target), `x` `[n, f]` dense or sparse, `y`
//! `[n]`, `[n, 1]` or, 0 or 1 for every class, `[n, classes]`, `train_mask`, `val_mask`, `test_mask` `[n]` or `[n, splits]`, `num_nodes`. Several graphs (PPI) become one with
//! as many parts. Edges are read as stored, self-loops are added. Container, tensors and limits: see `io/torch.rs`.

use std::path::{Path, PathBuf};

use ndarray::Array2;

use super::build::{Stated, build_as};
use super::split::nodes_of_mask;
use super::{Draft, Request, labels_from_array};
use crate::engine::graph::{Direction, EdgeList, Features, SelfLoops, Split};
use crate::io::file::stem;
use crate::io::npy::Array;
use crate::io::pickle::{Id, Node, Pickle};
use crate::io::recipe::shortened;
use crate::io::report::{LoadError, LoadReport};
use crate::io::sparse::CompressedRows;
use crate::io::torch::{SparseRef, Storages, TensorRef, TorchFile};

/// Where the graph lies in a folder.
const FILES: [&str; 4] =
    ["processed/data.pt", "data.pt", "processed/geometric_data_processed.pt", "geometric_data_processed.pt"];

/// Whether a file of `torch.save` holds a graph: by its object, not by its name.
pub(crate) fn is_pyg_data(path: &Path) -> bool {
    let Ok(mut file) = TorchFile::open(path) else { return false };
    file.parts().is_ok_and(|(pickle, _)| Record::find(&pickle).is_some())
}

/// Whether a folder has such a file.
pub(crate) fn is_pyg_folder(path: &Path) -> bool {
    file_in(path).is_some_and(|file| is_pyg_data(&file))
}

fn file_in(folder: &Path) -> Option<PathBuf> {
    FILES.iter().map(|file| folder.join(file)).find(|file| file.is_file())
}

/// The graph of a file's object.
struct Record<'a> {
    pickle: &'a Pickle<'a>,
    /// The graph itself, for its class.
    graph: Id,
    /// Its attributes by name.
    attributes: Vec<(&'a str, Id)>,
    slices: Option<Id>,
}

impl<'a> Record<'a> {
    fn find(pickle: &'a Pickle<'a>) -> Option<Self> {
        let root = pickle.root();
        let (graph, slices) = match (pickle.node(root), pickle.sequence(root)) {
            (Node::Tuple(_), Some([graph, slices] | [graph, slices, _])) => (*graph, Some(*slices)),
            (_, Some([graph])) => (*graph, None),
            _ => (root, None),
        };
        let is_data = pickle.class(graph).is_some_and(|(module, _)| module.starts_with("torch_geometric.data"));
        let attributes = if is_data {
            match pickle.attribute(graph, "_store") {
                Some(store) => pairs(pickle, pickle.attribute(store, "_mapping")?)?,
                None => pickle.attributes(graph),
            }
        } else {
            pairs(pickle, graph)?
        };
        let has_edges = attributes.iter().any(|(name, _)| matches!(*name, "edge_index" | "adj_t"));
        let slices = slices.filter(|slices| !matches!(pickle.node(*slices), Node::None));
        (is_data || has_edges).then_some(Self { pickle, graph, attributes, slices })
    }

    /// An attribute that is there and not `None`.
    fn get(&self, name: &str) -> Option<Id> {
        let found = self.attributes.iter().rev().find(|(key, _)| *key == name).map(|(_, value)| *value);
        found.filter(|id| !matches!(self.pickle.node(*id), Node::None))
    }
}

fn pairs<'a>(pickle: &'a Pickle<'a>, id: Id) -> Option<Vec<(&'a str, Id)>> {
    Some(pickle.pairs(id)?.iter().filter_map(|(key, value)| Some((pickle.text(*key)?, *value))).collect())
}

/// Reads the file, or the one of a folder.
pub(super) fn read(request: Request<'_>) -> Result<Draft, LoadError> {
    let path = request.path;
    let file_path = if path.is_dir() { file_in(path).unwrap_or_else(|| path.to_owned()) } else { path.to_owned() };
    let mut file = TorchFile::open(&file_path)?;
    let (pickle, storages) = file.parts()?;
    let Some(record) = Record::find(&pickle) else {
        let found = pickle.describe(pickle.root());
        return Err(LoadError::content(&file_path, "object", "a PyG graph", found));
    };
    let mut reader = Reader { pickle: &pickle, storages, path: &file_path };
    let mut report = LoadReport::default();
    if let Some((_, class)) = pickle.class(record.graph).filter(|(_, class)| *class != "Data") {
        let found = shortened(class);
        if found.contains("Hetero") || found.contains("Temporal") {
            return Err(reader.fault("object", "a graph with one sort of nodes and edges (Data)", found));
        }
        report.fact("class", found);
    }
    let x = record.get("x").map(|x| reader.matrix("x", x)).transpose()?;
    let y = record.get("y").map(|y| reader.array("y", y)).transpose()?;
    request.check()?;
    let mut edges = reader.edges(&record)?;
    let n = reader.n_nodes(&record, x.as_ref(), y.as_ref(), &edges)?;
    let n_graphs = reader.join(&record, n, &mut edges)?;
    if n_graphs > 1 {
        report.fact("graphs joined", n_graphs);
    }
    let mut list = EdgeList::new();
    for (source, target) in edges {
        list.push(source, target, 1.0);
    }
    let meant = (Direction::AsStored, SelfLoops::Added);
    let built = build_as(list, n, Stated::Nothing, meant, request, &mut report)?;
    if !built.topology.is_symmetric() {
        report.warnings.push("edges go one way, as stored: messages do not go back".to_owned());
    }
    let name = if path.is_dir() { stem(path) } else { title(&file_path) };
    let mut draft = Draft::of(name, built);
    draft.features = x.map(Matrix::into_features).transpose()?;
    if let Some(y) = y {
        draft.labels = Some(labels_from_array(&y, n)?);
    }
    draft.splits = reader.splits(&record, n)?;
    const READ: [&str; 10] =
        ["x", "y", "edge_index", "adj_t", "train_mask", "val_mask", "test_mask", "num_nodes", "__num_nodes__", "name"];
    let unread = record.attributes.iter().filter(|(name, id)| !READ.contains(name) && record.get(name) == Some(*id));
    report.ignored.extend(unread.map(|(name, _)| shortened(name)));
    if record.get("edge_weight").is_some() {
        report.warnings.push("edge weights are not used: every edge counts 1".to_owned());
    }
    let closed = pickle.closed(|_, _| false);
    report.ignored.extend(closed.into_iter().map(|name| format!("Python object {name} (never run)")));
    draft.report = report;
    Ok(draft)
}

/// The matrix in a file that this program wrote (see `io/export/torch.rs`): number of nodes, edges (source, target), their weights, and
/// with attention the coefficients of every head.
///
/// # Errors
/// [`LoadError`] naming what is missing or wrong.
pub(crate) fn read_pyg_matrix(path: &Path) -> Result<WeightedEdges, LoadError> {
    let mut file = TorchFile::open(path)?;
    let (pickle, storages) = file.parts()?;
    let Some(record) = Record::find(&pickle) else {
        return Err(LoadError::content(path, "object", "a PyG graph", pickle.describe(pickle.root())));
    };
    let mut reader = Reader { pickle: &pickle, storages, path };
    let edges = reader.edges(&record)?;
    let n = reader.n_nodes(&record, None, None, &edges)?;
    let Some(weights) = record.get("edge_weight") else {
        return Err(LoadError::content(path, "object", "edge_weight", "none"));
    };
    let weights = reader.array("edge_weight", weights)?.to_f32s()?;
    let heads = record.get("edge_attr").map(|id| reader.array("edge_attr", id)?.to_f32_matrix()).transpose()?;
    Ok((n, edges, weights, heads))
}

/// Nodes, edges, weights, and coefficients of heads.
pub(crate) type WeightedEdges = (usize, Vec<(u32, u32)>, Vec<f32>, Option<Array2<f32>>);

/// `Cora` for `Cora/processed/data.pt`, else the file's own name.
fn title(path: &Path) -> String {
    let folder = path.parent().filter(|folder| folder.file_name().is_some_and(|name| name == "processed"));
    folder.and_then(Path::parent).filter(|root| root.file_name().is_some()).map_or_else(|| stem(path), stem)
}

/// Features, dense or sparse.
enum Matrix {
    Dense(Array),
    Sparse(CompressedRows),
}

impl Matrix {
    fn n_rows(&self) -> usize {
        match self {
            Self::Dense(array) => array.shape().first().copied().unwrap_or(0),
            Self::Sparse(rows) => rows.shape.0,
        }
    }

    fn into_features(self) -> Result<Features, LoadError> {
        match self {
            Self::Dense(array) => Ok(Features::from_dense(array.to_f32_matrix()?)),
            Self::Sparse(rows) => rows.to_features(),
        }
    }
}

struct Reader<'a> {
    pickle: &'a Pickle<'a>,
    storages: &'a mut Storages,
    path: &'a Path,
}

impl Reader<'_> {
    fn fault(&self, place: &str, expected: &str, found: impl ToString) -> LoadError {
        LoadError::content(self.path, place, expected, found)
    }

    /// A tensor, or an array of NumPy.
    fn array(&mut self, place: &str, id: Id) -> Result<Array, LoadError> {
        if self.pickle.is_array(id) {
            return self.pickle.array(id, self.path, place);
        }
        match TensorRef::parse(self.pickle, id, self.path, place)? {
            Some(tensor) => self.storages.array(&tensor, place),
            None => Err(self.fault(place, "a tensor", self.pickle.describe(id))),
        }
    }

    fn matrix(&mut self, place: &str, id: Id) -> Result<Matrix, LoadError> {
        Ok(match self.sparse(place, id)? {
            Some(rows) => Matrix::Sparse(rows),
            None => Matrix::Dense(self.array(place, id)?),
        })
    }

    /// A sparse matrix of PyTorch, `torch_sparse` or SciPy; `None` for a value of another sort.
    fn sparse(&mut self, place: &str, id: Id) -> Result<Option<CompressedRows>, LoadError> {
        let pickle = self.pickle;
        let part = |name: &str| format!("{place}, {name}");
        if let Some(sparse) = SparseRef::parse(pickle, id, self.path, place)? {
            return match sparse {
                SparseRef::Rows { pointers, columns, values, size } => {
                    let shape = self.shape(place, &size)?;
                    let pointers = self.storages.array(&pointers, &part("crow_indices"))?;
                    let columns = self.storages.array(&columns, &part("col_indices"))?;
                    let values = self.storages.array(&values, &part("values"))?;
                    CompressedRows::from_arrays(shape, &pointers, &columns, Some(values)).map(Some)
                }
                SparseRef::Coordinates { indices, values, size } => {
                    let shape = self.shape(place, &size)?;
                    let indices = self.storages.array(&indices, &part("indices"))?;
                    let values = self.storages.array(&values, &part("values"))?;
                    let (rows, columns) = two_rows(&indices, shape)?;
                    CompressedRows::from_coordinates(shape, &rows, &columns, Some(&values)).map(Some)
                }
            };
        }
        match pickle.class(id) {
            Some(("torch_sparse.tensor", "SparseTensor")) => self.sparse_tensor(place, id).map(Some),
            Some((module, _)) if module.starts_with("scipy.sparse") => {
                pickle.compressed_rows(id, self.path, place).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// A `torch_sparse.SparseTensor`: columns, and rows or row pointers.
    fn sparse_tensor(&mut self, place: &str, id: Id) -> Result<CompressedRows, LoadError> {
        let pickle = self.pickle;
        let storage = pickle.attribute(id, "storage");
        let found = |name: &str| {
            let value = pickle.attribute(storage?, name)?;
            if matches!(pickle.node(value), Node::None) { None } else { Some(value) }
        };
        let size = found("_sparse_sizes").and_then(|sizes| pickle.sizes(sizes)).unwrap_or_default();
        let shape = self.shape(place, &size)?;
        let Some(columns) = found("_col") else {
            return Err(self.fault(place, "a SparseTensor with columns", "none"));
        };
        let columns = self.array(&format!("{place}, col"), columns)?;
        let values = found("_value").map(|value| self.array(&format!("{place}, value"), value)).transpose()?;
        if let Some(pointers) = found("_rowptr") {
            let pointers = self.array(&format!("{place}, rowptr"), pointers)?;
            return CompressedRows::from_arrays(shape, &pointers, &columns, values);
        }
        let Some(rows) = found("_row") else {
            return Err(self.fault(place, "a SparseTensor with rows", "none"));
        };
        let rows = self.array(&format!("{place}, row"), rows)?;
        rows.check_vector(columns.len(), "one per column")?;
        let rows = rows.to_indices(shape.0, "rows")?;
        CompressedRows::from_coordinates(shape, &rows, &columns.to_indices(shape.1, "columns")?, values.as_ref())
    }

    /// Two lengths, of which the first is no larger than the file can back.
    fn shape(&self, place: &str, size: &[usize]) -> Result<(usize, usize), LoadError> {
        match size {
            [rows, columns] => {
                self.check_nodes(place, *rows)?;
                Ok((*rows, *columns))
            }
            _ => Err(self.fault(place, "two lengths", format!("{size:?}"))),
        }
    }

    fn check_nodes(&self, place: &str, n: usize) -> Result<(), LoadError> {
        let most = self.storages.file_bytes().min(u64::from(u32::MAX) - 1);
        if n as u64 > most {
            return Err(self.fault(place, &format!("at most {most} nodes (one per byte of the file)"), n));
        }
        Ok(())
    }

    /// Pairs of source and target.
    fn edges(&mut self, record: &Record<'_>) -> Result<Vec<(u32, u32)>, LoadError> {
        if let Some(id) = record.get("edge_index") {
            let edges = self.array("edge_index", id)?;
            let most = u32::MAX as usize;
            let (sources, targets) = two_rows(&edges, (most, most))?;
            return Ok(sources.into_iter().zip(targets).collect());
        }
        let Some(id) = record.get("adj_t") else {
            return Err(self.fault("object", "edge_index or adj_t", "neither"));
        };
        let Some(rows) = self.sparse("adj_t", id)? else {
            return Err(self.fault("adj_t", "a sparse matrix", self.pickle.describe(id)));
        };
        // Rows are targets.
        Ok(rows.pairs().into_iter().map(|(target, source)| (source, target)).collect())
    }

    fn n_nodes(
        &self,
        record: &Record<'_>,
        x: Option<&Matrix>,
        y: Option<&Array>,
        edges: &[(u32, u32)],
    ) -> Result<usize, LoadError> {
        if let Some(x) = x {
            return Ok(x.n_rows());
        }
        let stated = ["num_nodes", "__num_nodes__"].iter().find_map(|name| self.pickle.size(record.get(name)?));
        let n = match (stated, y.and_then(|y| y.shape().first().copied())) {
            (Some(n), _) | (None, Some(n)) => n,
            (None, None) => edges.iter().map(|(u, v)| (*u).max(*v) as usize + 1).max().unwrap_or(0),
        };
        self.check_nodes("num_nodes", n)?;
        Ok(n)
    }

    /// Gives the nodes of several graphs numbers of their own; returns how many graphs there are.
    fn join(&mut self, record: &Record<'_>, n: usize, edges: &mut [(u32, u32)]) -> Result<usize, LoadError> {
        let Some(slices) = record.slices else { return Ok(1) };
        let Some(edge_starts) = self.pickle.get(slices, "edge_index") else { return Ok(1) };
        let edge_starts = self.array("slices, edge_index", edge_starts)?;
        let edge_starts = ascending(&edge_starts, edges.len())?;
        let n_graphs = edge_starts.len().saturating_sub(1);
        if n_graphs <= 1 {
            return Ok(n_graphs.max(1));
        }
        let Some(node_starts) = self.pickle.get(slices, "x").or_else(|| self.pickle.get(slices, "y")) else {
            return Err(self.fault("slices", "where the nodes of every graph start (x or y)", "neither"));
        };
        let array = self.array("slices, x", node_starts)?;
        let node_starts = ascending(&array, n)?;
        if node_starts.len() != edge_starts.len() {
            return Err(array.fault(format!("{} values (as edge_index has)", edge_starts.len()), node_starts.len()));
        }
        for (graph, range) in edge_starts.windows(2).enumerate() {
            let (first, end) = (node_starts[graph], node_starts[graph + 1]);
            for (u, v) in edges.get_mut(range[0]..range[1]).unwrap_or(&mut []) {
                if (*u).max(*v) as usize >= end - first {
                    let expected = format!("nodes from 0 to below {} in graph {graph}", end - first);
                    return Err(LoadError::content(self.path, "edge_index", expected, (*u).max(*v)));
                }
                *u += first as u32;
                *v += first as u32;
            }
        }
        Ok(n_graphs)
    }

    /// One split for every column of the masks.
    fn splits(&mut self, record: &Record<'_>, n: usize) -> Result<Vec<Split>, LoadError> {
        let mut masks = Vec::new();
        for part in ["train_mask", "val_mask", "test_mask"] {
            masks.push(match record.get(part) {
                Some(id) => {
                    let array = self.array(part, id)?;
                    let mask = array.to_i64_matrix()?;
                    if mask.nrows() != n {
                        return Err(
                            array.fault(format!("{n} rows (one per node)"), format!("shape {:?}", array.shape()))
                        );
                    }
                    Some(mask)
                }
                None => None,
            });
        }
        let [Some(_), ..] = masks[..] else { return Ok(Vec::new()) };
        let n_splits = masks.iter().flatten().map(ndarray::Array2::ncols).max().unwrap_or(0);
        if let Some(odd) = masks.iter().flatten().find(|mask| mask.ncols() != 1 && mask.ncols() != n_splits) {
            return Err(self.fault("masks", &format!("1 or {n_splits} columns"), odd.ncols()));
        }
        let part = |at: usize, s: usize| {
            let mask = masks[at].as_ref();
            mask.map_or_else(Vec::new, |mask| {
                nodes_of_mask(mask.column(if mask.ncols() == 1 { 0 } else { s }).iter().copied())
            })
        };
        Ok((0..n_splits)
            .map(|s| {
                let name = if n_splits == 1 { "file".to_owned() } else { format!("file:{s}") };
                Split { name, train: part(0, s), val: part(1, s), test: part(2, s) }
            })
            .collect())
    }
}

/// The two rows of `[2, entries]`, below the two limits.
fn two_rows(array: &Array, limits: (usize, usize)) -> Result<(Vec<u32>, Vec<u32>), LoadError> {
    match array.shape() {
        [2, _] | [0] => {}
        other => return Err(array.fault("shape [2, e] (sources and targets)", format!("shape {other:?}"))),
    }
    let mut first = array.to_indices(limits.0.max(limits.1), "node numbers")?;
    let second = first.split_off(first.len() / 2);
    for (values, limit) in [(&first, limits.0), (&second, limits.1)] {
        if let Some(wrong) = values.iter().find(|value| **value as usize >= limit) {
            return Err(array.fault(format!("numbers from 0 to below {limit}"), wrong));
        }
    }
    Ok((first, second))
}

/// Where each of several graphs starts, from 0 to `end`.
fn ascending(array: &Array, end: usize) -> Result<Vec<usize>, LoadError> {
    let starts = array.to_sizes()?;
    let is_whole = starts.first() == Some(&0) && starts.last() == Some(&end) && starts.windows(2).all(|w| w[0] <= w[1]);
    if is_whole { Ok(starts) } else { Err(array.fault(format!("values from 0 to {end} that never fall"), "others")) }
}
