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
    let stated = reader.stated_nodes(&record, x.as_ref(), y.as_ref())?;
    let graphs = reader.joined(&record, stated)?;
    if let Some(graphs) = &graphs {
        report.fact("graphs joined", graphs.n_edges.len());
    }
    let mut list = EdgeList::new();
    reader.edges(&record, graphs, |source, target| list.push(source, target, 1.0))?;
    request.check()?;
    let n = match stated {
        Some(n) => n,
        None => reader.counted(&list)?,
    };
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
    let mut edges = Vec::new();
    reader.edges(&record, None, |source, target| edges.push((source, target)))?;
    let Some(n) = reader.stated_nodes(&record, None, None)? else {
        return Err(LoadError::content(path, "object", "num_nodes", "none"));
    };
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
                other @ (SparseRef::Columns { .. } | SparseRef::Blocks { .. }) => {
                    Err(self.fault(place, "a matrix in COO or CSR (to_sparse_csr())", other.layout().to_owned()))
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

    /// Gives every edge, as `(source, target)` and in the order of the file, to `each`.
    fn edges(
        &mut self,
        record: &Record<'_>,
        mut graphs: Option<Graphs>,
        mut each: impl FnMut(u32, u32),
    ) -> Result<(), LoadError> {
        let pickle = self.pickle;
        let mut misplaced = None;
        let mut place = |source: u32, target: u32| match &mut graphs {
            None => each(source, target),
            Some(graphs) => match graphs.place(source, target) {
                Ok((source, target)) => each(source, target),
                Err(wrong) => misplaced = misplaced.take().or(Some(wrong)),
            },
        };
        if let Some(id) = record.get("edge_index") {
            self.edge_index(id, place)?;
        } else {
            let Some(id) = record.get("adj_t") else {
                return Err(self.fault("object", "edge_index or adj_t", "neither"));
            };
            let Some(rows) = self.sparse("adj_t", id)? else {
                return Err(self.fault("adj_t", "a sparse matrix", pickle.describe(id)));
            };
            // Rows are targets.
            rows.for_each(|target, source| place(source, target));
        }
        match misplaced {
            Some((expected, found)) => Err(self.fault("edge_index", &expected, found)),
            None => Ok(()),
        }
    }

    /// Gives the two ends of every edge to `each`, a piece at a time where the tensor lies in order.
    fn edge_index(&mut self, id: Id, mut each: impl FnMut(u32, u32)) -> Result<(), LoadError> {
        /// Node numbers are checked against the number of nodes when the structure is built.
        const MOST: usize = u32::MAX as usize;
        if let Some(tensor) = TensorRef::parse(self.pickle, id, self.path, "edge_index")?
            && let Some(pieces) = self.storages.pieces(&tensor, "edge_index")?
        {
            check_two_rows(pieces.shape(), |expected, found| pieces.fault(expected, found))?;
            return pieces.pairs(true, (MOST, "node numbers"), each);
        }
        let (sources, targets) = two_rows(&self.array("edge_index", id)?, (MOST, MOST))?;
        sources.into_iter().zip(targets).for_each(|(source, target)| each(source, target));
        Ok(())
    }

    /// How many nodes there are, if anything but the edges says so.
    fn stated_nodes(
        &self,
        record: &Record<'_>,
        x: Option<&Matrix>,
        y: Option<&Array>,
    ) -> Result<Option<usize>, LoadError> {
        if let Some(x) = x {
            return Ok(Some(x.n_rows()));
        }
        let stated = ["num_nodes", "__num_nodes__"].iter().find_map(|name| self.pickle.size(record.get(name)?));
        let n = stated.or_else(|| y.and_then(|y| y.shape().first().copied()));
        n.map_or(Ok(()), |n| self.check_nodes("num_nodes", n)).map(|()| n)
    }

    /// How many nodes the edges make.
    fn counted(&self, list: &EdgeList) -> Result<usize, LoadError> {
        let n = list.largest_end().map_or(0, |end| end as usize + 1);
        self.check_nodes("num_nodes", n).map(|()| n)
    }

    /// Where the parts of several graphs begin; `None` for one graph.
    fn joined(&mut self, record: &Record<'_>, n: Option<usize>) -> Result<Option<Graphs>, LoadError> {
        let Some(slices) = record.slices else { return Ok(None) };
        let Some(edge_starts) = self.pickle.get(slices, "edge_index") else { return Ok(None) };
        let edge_starts = self.array("slices, edge_index", edge_starts)?;
        let n_edges = self.n_edges(record)?;
        let edge_starts = ascending(&edge_starts, n_edges)?;
        if edge_starts.len() <= 2 {
            return Ok(None);
        }
        let node_starts = self.pickle.get(slices, "x").or_else(|| self.pickle.get(slices, "y"));
        let (Some(node_starts), Some(n)) = (node_starts, n) else {
            return Err(self.fault("slices", "where the nodes of every graph start (x or y)", "neither"));
        };
        let array = self.array("slices, x", node_starts)?;
        let node_starts = ascending(&array, n)?;
        if node_starts.len() != edge_starts.len() {
            return Err(array.fault(format!("{} values (as edge_index has)", edge_starts.len()), node_starts.len()));
        }
        // All edges belong to a graph: their starts rise from 0 to their number.
        let n_edges = edge_starts.windows(2).map(|range| range[1] - range[0]).collect();
        Ok(Some(Graphs { n_edges, node_starts, graph: 0, n_placed: 0 }))
    }

    /// How many edges `edge_index` says there are.
    fn n_edges(&self, record: &Record<'_>) -> Result<usize, LoadError> {
        let Some(id) = record.get("edge_index") else { return Ok(0) };
        let shape = if self.pickle.is_array(id) {
            self.pickle.array(id, self.path, "edge_index")?.shape().to_vec()
        } else {
            TensorRef::parse(self.pickle, id, self.path, "edge_index")?.map_or_else(Vec::new, |tensor| tensor.size)
        };
        Ok(shape.get(1).copied().unwrap_or(0))
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

/// Several graphs, whose nodes get numbers of their own.
struct Graphs {
    /// Edges of each.
    n_edges: Vec<usize>,
    /// The first node of each, and behind the last one how many there are.
    node_starts: Vec<usize>,
    /// The graph of the edge that came last, and how many of its edges have come.
    graph: usize,
    n_placed: usize,
}

impl Graphs {
    /// The numbers of the next edge's ends among all nodes; else what was expected of them, and what was found.
    fn place(&mut self, source: u32, target: u32) -> Result<(u32, u32), (String, u32)> {
        while self.n_edges.get(self.graph).is_some_and(|n| *n == self.n_placed) {
            self.graph += 1;
            self.n_placed = 0;
        }
        self.n_placed += 1;
        let (first, end) = match self.node_starts.get(self.graph..) {
            Some([first, end, ..]) => (*first, *end),
            _ => (0, 0),
        };
        let most = source.max(target);
        if most as usize >= end - first {
            return Err((format!("nodes from 0 to below {} in graph {}", end - first, self.graph), most));
        }
        Ok((source + first as u32, target + first as u32))
    }
}

/// Refuses what is not `[2, e]`.
fn check_two_rows(shape: &[usize], fault: impl Fn(&str, String) -> LoadError) -> Result<(), LoadError> {
    match shape {
        [2, _] | [0] => Ok(()),
        other => Err(fault("shape [2, e] (sources and targets)", format!("shape {other:?}"))),
    }
}

/// The two rows of `[2, entries]`, below the two limits.
fn two_rows(array: &Array, limits: (usize, usize)) -> Result<(Vec<u32>, Vec<u32>), LoadError> {
    check_two_rows(array.shape(), |expected, found| array.fault(expected, found))?;
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
