//! The raw files of Planetoid (Yang et al. 2016): Cora, `CiteSeer` and `PubMed` as most papers use them.
//!
//! ```text
//! ind.NAME.allx, .tx        pickled SciPy matrix of any form, or an array: features of all nodes but the tested ones, and of those
//! ind.NAME.ally, .ty        pickled arrays [n, classes]: one 1 per row
//! ind.NAME.y                its length is the number of training nodes; ind.NAME.x repeats the start of allx
//! ind.NAME.graph            pickled dictionary: node → list of neighbours
//! ind.NAME.test.index       text, one node per line, in the order of tx and ty
//! ```
//! The split `file` is the first `len(y)` nodes, the 500 after them, and the tested ones. A number that is missing from the tested
//! ones is an isolated node (`CiteSeer` has 15): its features are 0 and it has no label. Pickles are of any protocol (2, by Python 2).
//! Both directions are stored and self-loops are added.

use std::fs;
use std::path::{Path, PathBuf};

use sprs::CsMatI;

use super::build::{Stated, build};
use super::draft::{Draft, MAX_CLASSES};
use super::estimate;
use super::format::{Certainty, Format, Group, Listed, Look};
use super::labels::labels_from;
use super::node_index::NodeOrder;
use super::request::Request;
use crate::engine::graph::{EdgeList, Features, Split};
use crate::io::file::{MAX_FILE_BYTES, open, read_text, read_whole};
use crate::io::npy::Array;
use crate::io::pickle::Pickle;
use crate::io::report::{LoadError, LoadReport};
use crate::io::sparse::CompressedRows;
use crate::io::text::shortened;

/// This format.
pub(super) static FORMAT: Format = Format {
    name: "Planetoid files",
    listed: Listed { group: Group::Files, place: 3, name: "Planetoid files" },
    title: "Planetoid",
    files: "`ind.NAME.*`, one of the eight or their folder",
    also: "features, labels, splits; pickles of any protocol, matrices in any form of SciPy or as arrays",
    sniff,
    read,
    needed: estimate::of_arrays,
    meets: &[],
    order: NodeOrder::FromZero,
    may_lack_parts: false,
    is_finished: false,
};

fn sniff(look: &Look<'_>) -> Option<Certainty> {
    let is_ours = match look {
        Look::Folder(path) => is_planetoid_folder(path),
        Look::Bytes { path, .. } => is_planetoid_file(path),
        _ => false,
    };
    is_ours.then_some(Certainty::Certain)
}

/// Validation nodes of the public split.
const N_VAL: usize = 500;
/// What the files' names end with.
const PARTS: [&str; 8] = ["x", "tx", "allx", "y", "ty", "ally", "graph", "test.index"];

/// Whether a file is one of the eight, with the graph, a pickle, beside it.
pub(crate) fn is_planetoid_file(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).and_then(set_name);
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    name.is_some_and(|name| is_pickle(&folder.join(format!("ind.{name}.graph"))))
}

/// Whether a folder, or the folder `raw` in it, has the eight files.
pub(crate) fn is_planetoid_folder(path: &Path) -> bool {
    [path.to_owned(), path.join("raw")].iter().any(|folder| !names(folder).is_empty())
}

/// `cora` for `ind.cora.allx`.
fn set_name(file: &str) -> Option<&str> {
    let rest = file.strip_prefix("ind.")?;
    PARTS.iter().find_map(|part| rest.strip_suffix(part)?.strip_suffix('.')).filter(|name| !name.is_empty())
}

fn is_pickle(path: &Path) -> bool {
    use std::io::Read as _;
    let mut head = [0u8; 1];
    open(path).and_then(|mut file| file.read_exact(&mut head).map_err(|e| LoadError::io("read", path, e))).is_ok()
        // Protocol 2 and later, or 0 and 1, which begin with the class or the mark of a dictionary.
        && matches!(head, [0x80 | b'c' | b'(' | b'}'])
}

/// Names of the sets in a folder, in alphabetical order.
fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let files = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = files
        .filter(|file| file.strip_suffix(".graph").is_some() && is_pickle(&folder.join(file)))
        .filter_map(|file| set_name(&file).map(str::to_owned))
        .collect();
    names.sort_unstable();
    names
}

/// Reads the set of a file, or the only one of a folder.
fn read(request: Request<'_>) -> Result<Draft, LoadError> {
    let path = request.path;
    let set = Set::find(path)?;
    let mut report = LoadReport::default();
    if set.name.starts_with("nell") {
        let (expected, found) =
            ("Cora, CiteSeer, PubMed or a set like them", "NELL, which makes features of its relations");
        return Err(LoadError::content(path, "set", expected, found));
    }
    let order = set.test_nodes()?;
    let (all, tested) = (set.rows("allx", &mut report)?, set.rows("tx", &mut report)?);
    let (all_labels, test_labels) = (set.classes("ally", all.shape.0)?, set.classes("ty", tested.shape.0)?);
    request.check()?;
    let n_all = all.shape.0;
    let fault =
        |part: &str, expected: String, found: String| LoadError::content(&set.file(part), part, expected, found);
    if order.len() != tested.shape.0 {
        let expected = format!("{} nodes (one per row of tx)", tested.shape.0);
        return Err(fault("test.index", expected, order.len().to_string()));
    }
    if tested.shape.1 != all.shape.1 {
        let expected = format!("{} columns (as allx has)", all.shape.1);
        return Err(fault("tx", expected, tested.shape.1.to_string()));
    }
    let neighbours = set.neighbours(&mut report)?;
    let n = order.iter().max().map_or(n_all, |last| *last as usize + 1).max(n_all);
    if neighbours.n_nodes != n {
        let expected = format!("{n} nodes (as allx and test.index have)");
        return Err(fault("graph", expected, neighbours.n_nodes.to_string()));
    }
    // Where the row of every node is: in allx, in tx, or nowhere.
    let mut row_in_test: Vec<Option<usize>> = vec![None; n];
    for (row, node) in order.iter().enumerate() {
        let slot = row_in_test.get_mut(*node as usize).filter(|_| *node as usize >= n_all);
        match slot {
            Some(slot @ None) => *slot = Some(row),
            Some(Some(_)) => return Err(fault("test.index", "each node once".into(), format!("node {node} again"))),
            None => {
                return Err(fault(
                    "test.index",
                    format!("nodes from {n_all} (behind those of allx)"),
                    node.to_string(),
                ));
            }
        }
    }
    let n_missing = n - n_all - order.len();
    if n_missing > 0 {
        report.fact("isolated nodes without features and label", n_missing);
    }
    if let Some((u, v)) = neighbours.pairs.iter().find(|(u, v)| *u as usize >= n || *v as usize >= n) {
        return Err(fault("graph", format!("nodes from 0 to below {n}"), (*u).max(*v).to_string()));
    }
    let mut list = EdgeList::new();
    for (u, v) in &neighbours.pairs {
        list.push(*u, *v, 1.0);
    }
    let built = build(list, n, Stated::Nothing, request, &mut report)?;

    let mut draft = Draft::of(set.name.clone(), built);
    draft.features = Some(stacked(&all, &tested, &row_in_test)?);
    let classes: Vec<i64> = (0..n)
        .map(|u| match row_in_test[u] {
            Some(row) => test_labels[row],
            None => all_labels.get(u).copied().unwrap_or(-1),
        })
        .collect();
    draft.labels = Some(labels_from(&classes, |expected, found| fault("ally", expected, found.to_string()))?);
    let n_train = set.array("y", &mut report)?.shape().first().copied().unwrap_or(0);
    if n_train > n_all {
        return Err(fault("y", format!("at most {n_all} rows (as ally has)"), n_train.to_string()));
    }
    let mut test = order;
    test.sort_unstable();
    let nodes = |range: std::ops::Range<usize>| -> Vec<u32> { (0u32..).take(range.end).skip(range.start).collect() };
    let val = nodes(n_train..(n_train + N_VAL).min(n_all));
    draft.splits.push(Split { name: "file".into(), train: nodes(0..n_train), val, test });
    draft.report = report;
    Ok(draft)
}

/// Features of all nodes, in order.
fn stacked(
    all: &CompressedRows,
    tested: &CompressedRows,
    row_in_test: &[Option<usize>],
) -> Result<Features, LoadError> {
    let (all_values, test_values) = (all.values_or_ones()?, tested.values_or_ones()?);
    let (mut indptr, mut columns, mut values) = (vec![0usize], Vec::new(), Vec::new());
    let mut row_values: Vec<(u32, f32)> = Vec::new();
    for (u, in_test) in row_in_test.iter().enumerate() {
        row_values.clear();
        match in_test {
            Some(row) => row_values.extend(tested.row_pairs(*row, &test_values)),
            None if u < all.shape.0 => row_values.extend(all.row_pairs(u, &all_values)),
            None => {}
        }
        row_values.sort_by_key(|(column, _)| *column);
        for group in row_values.chunk_by(|a, b| a.0 == b.0) {
            let sum: f32 = group.iter().map(|(_, value)| value).sum();
            if sum != 0.0 {
                columns.push(group[0].0);
                values.push(sum);
            }
        }
        indptr.push(columns.len());
    }
    Ok(Features::from_sparse(CsMatI::new((row_in_test.len(), all.shape.1), indptr, columns, values)))
}

/// Edges as stored.
struct Neighbours {
    n_nodes: usize,
    pairs: Vec<(u32, u32)>,
}

/// One set of eight files.
struct Set {
    folder: PathBuf,
    name: String,
}

impl Set {
    fn find(path: &Path) -> Result<Self, LoadError> {
        if let Some(name) =
            path.file_name().and_then(|name| name.to_str()).and_then(set_name).filter(|_| path.is_file())
        {
            let folder = path.parent().map_or_else(PathBuf::new, Path::to_owned);
            return Ok(Self { folder, name: name.to_owned() });
        }
        let folders = [path.to_owned(), path.join("raw")];
        let folder = folders.iter().find(|folder| !names(folder).is_empty()).unwrap_or(&folders[0]);
        match &names(folder)[..] {
            [name] => Ok(Self { folder: folder.clone(), name: name.clone() }),
            several => {
                let expected = "the files of one set (name one of its files to choose)";
                let found = if several.is_empty() { "none".to_owned() } else { several.join(", ") };
                Err(LoadError::content(path, "folder", expected, found))
            }
        }
    }

    fn file(&self, part: &str) -> PathBuf {
        self.folder.join(format!("ind.{}.{part}", self.name))
    }

    /// Reads the pickle of a part and hands it to `take`.
    fn pickled<T>(
        &self,
        part: &str,
        report: &mut LoadReport,
        take: impl FnOnce(&Pickle<'_>, &Path) -> Result<T, LoadError>,
    ) -> Result<T, LoadError> {
        let path = self.file(part);
        let bytes = read_whole(&path, MAX_FILE_BYTES)?;
        let pickle = Pickle::parse(&bytes).map_err(|error| error.in_file(&path, part, 0))?;
        let closed = pickle.closed(|_, _| false);
        report.ignored.extend(closed.into_iter().map(|name| format!("{part}: Python object {name} (never run)")));
        take(&pickle, &path)
    }

    fn rows(&self, part: &str, report: &mut LoadReport) -> Result<CompressedRows, LoadError> {
        self.pickled(part, report, |pickle, path| pickle.compressed_rows(pickle.root(), path, part))
    }

    fn array(&self, part: &str, report: &mut LoadReport) -> Result<Array, LoadError> {
        self.pickled(part, report, |pickle, path| pickle.array(pickle.root(), path, part))
    }

    /// The class of every row of a one-hot matrix; -1 for a row of zeros, of NaN or of numbers below 0.
    fn classes(&self, part: &str, n_rows: usize) -> Result<Vec<i64>, LoadError> {
        let array = self.array(part, &mut LoadReport::default())?;
        match array.matrix_shape("nodes and classes")? {
            (rows, columns) if rows == n_rows && columns < MAX_CLASSES as usize => {}
            (rows, columns) => {
                return Err(array.fault(format!("{n_rows} rows (one per node)"), format!("{rows} x {columns}")));
            }
        }
        let rows = array.to_f32_matrix()?;
        let class = |row: ndarray::ArrayView1<'_, f32>| {
            row.iter().position(|v| *v > 0.0).map_or(-1, |at| i64::try_from(at).unwrap_or(MAX_CLASSES))
        };
        Ok(rows.rows().into_iter().map(class).collect())
    }

    /// Tested nodes in the order of their rows.
    fn test_nodes(&self) -> Result<Vec<u32>, LoadError> {
        let path = self.file("test.index");
        let text = read_text(&path, MAX_FILE_BYTES)?;
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let node = |(at, line): (usize, &str)| {
            let node = line.trim().parse().ok().filter(|node| *node < u32::MAX);
            node.ok_or_else(|| {
                LoadError::content(&path, format!("line {}", at + 1), "a node's number", shortened(line))
            })
        };
        lines.map(node).collect()
    }

    fn neighbours(&self, report: &mut LoadReport) -> Result<Neighbours, LoadError> {
        self.pickled("graph", report, |pickle, path| {
            let fault = |expected: &str, found: String| LoadError::content(path, "graph", expected, found);
            let lists = pickle.pairs(pickle.root());
            let lists = lists.ok_or_else(|| fault("a dictionary of lists", pickle.describe(pickle.root())))?;
            let node = |id| {
                let value = pickle.int(id).and_then(|value| u32::try_from(value).ok());
                value.ok_or_else(|| fault("a node's number", pickle.describe(id)))
            };
            let mut pairs = Vec::new();
            for (from, list) in lists.iter() {
                let list =
                    pickle.sequence(*list).ok_or_else(|| fault("a list of neighbours", pickle.describe(*list)))?;
                let from = node(*from)?;
                for to in list {
                    pairs.push((from, node(*to)?));
                }
                // One list can stand at many nodes of a hostile file.
                if pairs.len() > pickle.n_bytes() {
                    return Err(fault("at most one neighbour per byte of the file", "more".into()));
                }
            }
            Ok(Neighbours { n_nodes: lists.len(), pairs })
        })
    }
}
