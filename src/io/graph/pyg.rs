//! Files of PyG's `processed` folder, of every generation.
//!
//! ```text
//! object   = (graph, slices, …)                    PyG up to 2.3; some data sets write more behind them
//!          | (attributes, slices, …, class)        PyG 2.4 and later
//!          | graph | attributes | [graph, …]       of several graphs alone in a list the first
//! graph    = torch_geometric.data.Data with its attributes in __dict__ (up to 1.7) or in _store._mapping (2.0 and later)
//! slices   = None, or attribute → [graphs + 1], where each of several graphs starts
//! ```
//! Attributes that are read: `edge_index` `[2, e]` (source, target) or `adj_t` (sparse, row = target), `x` `[n, f]` dense or sparse, `y`
//! `[n]`, `[n, 1]` or, 0 or 1 for every class, `[n, classes]`, `train_mask`, `val_mask`, `test_mask` `[n]` or `[n, splits]`, `num_nodes`;
//! as weights `edge_weight` `[e]`, else `edge_attr` of one column, else the values of `adj_t`, or the attribute that the user names.
//! The user may name others for `x`, `y` and the masks, too. Several graphs (PPI) become one with as many parts. Edges are read as
//! stored, self-loops are added. Whatever else there is, or is no tensor that can be read, is left out and reported; edges are not.
//! Container, tensors and limits: see `io/torch/mod.rs`.

use std::path::{Path, PathBuf};

use ndarray::Array2;

use super::build::{Stated, build_as};
use super::draft::Draft;
use super::estimate;
use super::format::{Certainty, Format, Group, Listed, Look, Meets};
use super::joined::Graphs;
use super::labels::read_unless_numbers;
use super::node_index::NodeOrder;
use super::pyg_object::{Record, refuse_other_graphs};
use super::pyg_rows::{ascending, check_two_rows, two_rows};
use super::request::Request;
use super::split::nodes_of_mask;
use super::unmet;
use super::weights::{Asked, LEAVE_OUT};
use crate::engine::graph::{Direction, EdgeList, Features, SelfLoops, Split};
use crate::io::file::stem;
use crate::io::npy::Array;
use crate::io::pickle::{Id, Node, Pickle};
use crate::io::report::{LoadError, LoadReport};
use crate::io::sparse::CompressedRows;
use crate::io::text::shortened;
use crate::io::torch::{SparseRef, Storages, TensorRef, TorchFile};

/// This format.
pub(super) static FORMAT: Format = Format {
    name: "PyG data",
    listed: Listed { group: Group::Files, place: 4, name: "PyG .pt" },
    title: "PyG",
    files: "`processed/*.pt`, or the folder around it",
    also: "features, labels, splits; weights in `edge_weight`, `edge_attr` of one column, `adj_t` (SparseTensor, COO, CSR, CSC, BSR), or \
           the attributes that are named",
    sniff,
    read,
    needed: estimate::of_tensors,
    meets: &[Meets::NodeParts, Meets::Masks, Meets::EdgeAttribute],
    order: NodeOrder::FromZero,
    may_lack_parts: true,
    is_finished: false,
};

fn sniff(look: &Look<'_>) -> Option<Certainty> {
    let is_ours = match look {
        Look::Folder(path) => is_pyg_folder(path),
        Look::Torch(path) => is_pyg_data(path),
        _ => false,
    };
    is_ours.then_some(Certainty::Certain)
}

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

/// Reads the file, or the one of a folder.
fn read(request: Request<'_>) -> Result<Draft, LoadError> {
    let (path, options) = (request.path, request.options);
    let file_path = if path.is_dir() { file_in(path).unwrap_or_else(|| path.to_owned()) } else { path.to_owned() };
    let mut file = TorchFile::open(&file_path)?;
    let (pickle, storages) = file.parts()?;
    let Some(record) = Record::find(&pickle) else {
        let found = pickle.describe(pickle.root());
        return Err(LoadError::content(&file_path, "object", "a PyG graph", found));
    };
    let mut reader = Reader { pickle: &pickle, storages, path: &file_path };
    let mut report = LoadReport::default();
    if let Some(class) = record.class.filter(|class| *class != "Data") {
        refuse_other_graphs(&record, class, &file_path)?;
        report.fact("class", shortened(class));
    }
    if record.n_further > 0 {
        let n = record.n_further;
        report.ignored.push(format!("{n} further graphs (torch.save(graphs[1], 'one.pt') makes a file of the second)"));
    }
    let feature = match options.features.as_deref() {
        None | Some([]) => None,
        Some([name]) => Some(name.as_str()),
        Some(names) => return Err(reader.fault("graph.features", "one attribute", names.join(", "))),
    };
    let feature = record.asked("features", feature, "x", &file_path)?;
    let label = record.asked("labels", options.labels.as_deref(), "y", &file_path)?;
    let (is_feature_asked, is_label_asked) = (options.features.is_some(), options.labels.is_some());
    let mut used = vec!["num_nodes", "__num_nodes__", "name"];
    let mut x = None;
    if let Some((name, id)) = feature {
        used.push(name);
        if reader.is_readable(name, id, is_feature_asked, &mut report)? {
            x = Some(reader.matrix(name, id)?);
        }
    }
    let mut y = None;
    if let Some((name, id)) = label {
        used.push(name);
        if reader.is_readable(name, id, is_label_asked, &mut report)? {
            y = Some(reader.array(name, id)?);
        }
    }
    request.check()?;
    let edges = reader.find_edges(&record)?;
    let stated = reader.stated_nodes(&record, x.as_ref(), y.as_ref(), &edges)?;
    let graphs = reader.joined(&record, stated)?;
    if let Some(graphs) = &graphs {
        report.fact("graphs joined", graphs.len());
    }
    let weights = reader.weights(&record, &edges, request, &mut used, &mut report)?;
    let mut list = if weights.is_some() { EdgeList::weighted() } else { EdgeList::new() };
    let mut beyond = None;
    let mut at = 0usize;
    reader.each_edge(&edges, graphs, |source, target| {
        if stated.is_some_and(|n| source.max(target) as usize >= n) {
            beyond.get_or_insert((at, source, target));
        }
        list.push(source, target, weights.as_ref().map_or(1.0, |weights| weights[at]));
        at += 1;
    })?;
    if let (Some((edge, source, target)), Some(n)) = (beyond, stated) {
        let place = format!("{}, edge {edge}", edges.name());
        let stated_by = if x.is_some() { "the rows of x" } else { "as the file states" };
        let expected = expected_ends(n, stated_by, &edges);
        return Err(reader.fault(&place, &expected, format!("{source} {target}")));
    }
    used.push(edges.name());
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
        // One class for all of the graph, as where graphs are classified, is no class of a node.
        if y.shape().first() == Some(&1) && n != 1 && !is_label_asked {
            report.ignored.push(format!("y (shape {:?}: not one row for each of {n} nodes)", y.shape()));
        } else {
            let name = label.map_or("y", |(name, _)| name);
            draft.labels = read_unless_numbers(&shortened(name), &y, n, is_label_asked, &mut report)?;
        }
    }
    draft.splits = reader.splits(&record, n, options.split_masks.as_deref(), &mut used, &mut report)?;
    let unread = record.attributes.iter().filter(|(name, id)| !used.contains(name) && record.get(name) == Some(*id));
    report.ignored.extend(unread.map(|(name, _)| shortened(name)));
    let closed = pickle.closed(|_, _| false);
    report.ignored.extend(closed.into_iter().map(|name| format!("Python object {name} (never run)")));
    draft.report = report;
    Ok(draft)
}

/// What the ends of edges must be, and how to leave out those that are none.
fn expected_ends(n: usize, stated_by: &str, edges: &Edges) -> String {
    let way = match edges {
        Edges::Matrix(_) => format!("data.adj_t = data.adj_t[:{n}, :{n}]"),
        Edges::Ends(_) => {
            format!("is_node = (data.edge_index < {n}).all(0); data.edge_index = data.edge_index[:, is_node]")
        }
    };
    format!("node numbers from 0 to below {n} ({stated_by}; without such edges: {way}; torch.save(data, 'graph.pt'))")
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
    let found = reader.find_edges(&record)?;
    let mut edges = Vec::new();
    reader.each_edge(&found, None, |source, target| edges.push((source, target)))?;
    let Some(n) = reader.stated_nodes(&record, None, None, &found)? else {
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

/// Where the edges are.
enum Edges {
    /// `edge_index`
    Ends(Id),
    /// `adj_t`; rows are targets.
    Matrix(CompressedRows),
}

impl Edges {
    fn name(&self) -> &'static str {
        match self {
            Self::Ends(_) => "edge_index",
            Self::Matrix(_) => "adj_t",
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

    /// Whether a value is a tensor of some kind that can be read as a matrix; one that is not is left out by name, unless it was asked
    /// for.
    fn is_readable(&self, name: &str, id: Id, is_asked: bool, report: &mut LoadReport) -> Result<bool, LoadError> {
        let (pickle, path) = (self.pickle, self.path);
        let is_sparse = pickle
            .class(id)
            .is_some_and(|(module, _)| module == "torch_sparse.tensor" || module.starts_with("scipy.sparse"));
        let reason = if is_sparse || pickle.is_array(id) || SparseRef::parse(pickle, id, path, name)?.is_some() {
            None
        } else {
            match TensorRef::parse(pickle, id, path, name) {
                Ok(Some(tensor)) if tensor.size.len() > 2 => Some(format!("shape {:?}", tensor.size)),
                Ok(Some(tensor)) if tensor.size.contains(&0) => Some(format!("shape {:?}", tensor.size)),
                Ok(Some(_)) => None,
                Ok(None) => Some(pickle.describe(id)),
                // A type that has no counterpart here; a tensor that is broken is an error when it is read.
                Err(LoadError::Content { expected, found, .. }) if expected.ends_with(NO_TYPE) => Some(found),
                Err(error) => return Err(error),
            }
        };
        match reason {
            Some(found) if is_asked => Err(self.fault(name, "a tensor of numbers with one or two axes", found)),
            Some(found) => {
                report.ignored.push(format!("{} ({found})", shortened(name)));
                Ok(false)
            }
            None => Ok(true),
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
                SparseRef::Coordinates { indices, values, size } => {
                    let shape = self.shape(place, &size)?;
                    let indices = self.storages.array(&indices, &part("indices"))?;
                    let values = self.storages.array(&values, &part("values"))?;
                    let (rows, columns) = two_rows(&indices, shape)?;
                    CompressedRows::from_coordinates(shape, &rows, &columns, Some(&values)).map(Some)
                }
                SparseRef::Rows { pointers, columns, values, size } => {
                    self.compressed("csr", place, [&pointers, &columns, &values], &size).map(Some)
                }
                SparseRef::Columns { pointers, rows, values, size } => {
                    self.compressed("csc", place, [&pointers, &rows, &values], &size).map(Some)
                }
                SparseRef::Blocks { pointers, indices, values, size, is_by_column: false } => {
                    self.compressed("bsr", place, [&pointers, &indices, &values], &size).map(Some)
                }
                other @ SparseRef::Blocks { .. } => Err(self.fault(
                    place,
                    "a matrix by rows, columns or places (to_sparse_csr() makes one)",
                    other.layout(),
                )),
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

    /// A matrix of PyTorch in one of the compressed forms, which SciPy has as well.
    fn compressed(
        &mut self,
        form: &str,
        place: &str,
        [pointers, indices, values]: [&TensorRef; 3],
        size: &[usize],
    ) -> Result<CompressedRows, LoadError> {
        let shape = self.shape(place, size)?;
        let path = self.path;
        let part = |name: &str| {
            let tensor = match name {
                "indptr" => pointers,
                "indices" => indices,
                _ => values,
            };
            self.storages.array(tensor, &format!("{place}, {name}")).map(Some)
        };
        CompressedRows::of_form(form, shape, part).map_err(|fault| fault.named(path, place))
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

    /// Where the edges are; a matrix is read at once.
    fn find_edges(&mut self, record: &Record<'_>) -> Result<Edges, LoadError> {
        if let Some(id) = record.get("edge_index") {
            return Ok(Edges::Ends(id));
        }
        let Some(id) = record.get("adj_t") else {
            return Err(self.fault("object", "edge_index or adj_t", "neither"));
        };
        match self.sparse("adj_t", id)? {
            Some(rows) => Ok(Edges::Matrix(rows)),
            None => Err(self.fault("adj_t", "a sparse matrix", self.pickle.describe(id))),
        }
    }

    /// One weight per edge, in the order of the edges.
    fn weights<'r>(
        &mut self,
        record: &Record<'r>,
        edges: &Edges,
        request: Request<'r>,
        used: &mut Vec<&'r str>,
        report: &mut LoadReport,
    ) -> Result<Option<Vec<f32>>, LoadError> {
        let asked = Asked::of(request, |name| record.get(name).is_some());
        let n_edges = match edges {
            Edges::Ends(_) => self.n_edges(record)?,
            Edges::Matrix(rows) => rows.indices.len(),
        };
        let names: &[&'r str] = &match (asked.name, edges) {
            (Some(name), _) => vec![name],
            (None, Edges::Ends(_)) => vec!["edge_weight", "edge_attr"],
            (None, Edges::Matrix(_)) => Vec::new(),
        };
        for name in names.iter().copied() {
            let Some(id) = record.get(name) else { continue };
            used.push(name);
            if matches!(edges, Edges::Matrix(_)) {
                let expected = "edges in edge_index, whose order it follows";
                return Err(self.fault(&format!("graph.weight_attribute, {name}"), expected, "adj_t"));
            }
            if !self.is_readable(name, id, asked.name.is_some(), report)? {
                continue;
            }
            let array = self.array(name, id)?;
            if let Some(weights) = asked.read(name, &array, n_edges, report)? {
                return Ok(Some(weights));
            }
        }
        if let Some(name) = asked.name {
            let of_edges = record.attributes.iter().map(|(name, _)| *name).filter(|name| name.starts_with("edge_"));
            let of_edges: Vec<&str> = of_edges.filter(|name| *name != "edge_index").collect();
            return Err(unmet::no_edge_attribute(name, &of_edges, self.path));
        }
        match edges {
            Edges::Matrix(rows) if rows.has_values() && (asked.is_required || rows.is_weighted()?) => {
                let weights = rows.values_or_ones()?;
                report.fact("weights from", format!("adj_t{LEAVE_OUT}"));
                Ok(Some(weights))
            }
            _ => Ok(None),
        }
    }

    /// Gives every edge, as `(source, target)` and in the order of the file, to `each`.
    fn each_edge(
        &mut self,
        edges: &Edges,
        mut graphs: Option<Graphs>,
        mut each: impl FnMut(u32, u32),
    ) -> Result<(), LoadError> {
        let mut misplaced = None;
        let mut place = |source: u32, target: u32| match &mut graphs {
            None => each(source, target),
            Some(graphs) => match graphs.place(source, target) {
                Ok((source, target)) => each(source, target),
                Err(wrong) => misplaced = misplaced.take().or(Some(wrong)),
            },
        };
        match edges {
            Edges::Ends(id) => self.edge_index(*id, place)?,
            Edges::Matrix(rows) => rows.for_each(|target, source| place(source, target))?,
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
        let tensor = TensorRef::parse(self.pickle, id, self.path, "edge_index")?;
        // No edge at all: such a tensor has no values that could lie in any order.
        if tensor.as_ref().is_some_and(|tensor| matches!(tensor.size[..], [2, 0] | [0] | [0, 2])) {
            return Ok(());
        }
        if let Some(tensor) = tensor
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
        &mut self,
        record: &Record<'_>,
        x: Option<&Matrix>,
        y: Option<&Array>,
        edges: &Edges,
    ) -> Result<Option<usize>, LoadError> {
        if let Some(x) = x {
            return Ok(Some(x.n_rows()));
        }
        let mut stated = None;
        for name in ["num_nodes", "__num_nodes__"] {
            if stated.is_none()
                && let Some(id) = record.get(name)
            {
                stated = Some(self.number_of_nodes(name, id)?);
            }
        }
        let of_matrix = match edges {
            Edges::Ends(_) => None,
            Edges::Matrix(rows) => Some(rows.shape.0.max(rows.shape.1)),
        };
        let n = stated.or(of_matrix).or_else(|| y.and_then(|y| y.shape().first().copied()));
        n.map_or(Ok(()), |n| self.check_nodes("num_nodes", n)).map(|()| n)
    }

    /// A number of nodes: a number, or a tensor of one.
    fn number_of_nodes(&mut self, name: &str, id: Id) -> Result<usize, LoadError> {
        if let Some(n) = self.pickle.size(id) {
            return Ok(n);
        }
        let array = self.array(name, id)?;
        match array.to_i64s()?[..] {
            [n] if n >= 0 => Ok(usize::try_from(n).unwrap_or(usize::MAX)),
            [n] => Err(array.fault("a number of nodes", n)),
            _ => Err(array.fault("one number of nodes", format!("shape {:?}", array.shape()))),
        }
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
        Ok(Some(Graphs::new(n_edges, node_starts)))
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
    fn splits<'r>(
        &mut self,
        record: &Record<'r>,
        n: usize,
        asked: Option<&'r [String]>,
        used: &mut Vec<&'r str>,
        report: &mut LoadReport,
    ) -> Result<Vec<Split>, LoadError> {
        let names: [&'r str; 3] = match asked {
            None => ["train_mask", "val_mask", "test_mask"],
            Some([train, val, test]) => [train, val, test],
            Some(names) => {
                return Err(self.fault("graph.split_masks", "three attributes", format!("{} names", names.len())));
            }
        };
        let mut masks = Vec::new();
        for name in names {
            let found = record.asked("split_masks", asked.map(|_| name), name, self.path)?;
            let Some((_, id)) = found else {
                masks.push(None);
                continue;
            };
            used.push(name);
            if !self.is_readable(name, id, asked.is_some(), report)? {
                masks.push(None);
                continue;
            }
            let array = self.array(name, id)?;
            let mask = array.to_i64_matrix()?;
            if mask.nrows() != n {
                return Err(array.fault(format!("{n} rows (one per node)"), format!("shape {:?}", array.shape())));
            }
            masks.push(Some(mask));
        }
        if masks[0].is_none() {
            let unused = names.iter().zip(&masks).filter(|(_, mask)| mask.is_some());
            report.ignored.extend(unused.map(|(name, _)| format!("{name} (there is no {})", names[0])));
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

/// What `io/torch/mod.rs` expects in its errors of types that have no counterpart here.
const NO_TYPE: &str = "of real numbers";
