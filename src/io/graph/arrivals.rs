//! Nodes that arrive at a graph that is there: their features, and the edges that they bring.
//!
//! ```text
//! features = .npy [k, f] | .npz, SciPy's sparse matrix | a table of f columns, or of an id and f columns
//! edges    = a table of two columns, source and target; with a third, the weight, where the graph has weights
//! table    = any of sheet/: CSV and its kin, Parquet; a first row of names is left out
//! ```
//! Ids are spelt as in the graph's file. Without a column of ids the new nodes are numbered on from the number of nodes.

use std::collections::HashMap;
use std::path::Path;

use csv::StringRecord;
use ndarray::Array2;

use crate::engine::control::Control;
use crate::engine::experiment::{NewEdge, NewNodes};
use crate::engine::graph::{Dataset, Features, NodesById, ReadOptions};
use crate::io::entrance;
use crate::io::file::read_start;
use crate::io::npy::Array;
use crate::io::npz::{Npz, names_inside};
use crate::io::report::LoadError;
use crate::io::sheet::{for_each_row, sketch};
use crate::io::sparse::CompressedRows;
use crate::io::text::number::table_number;
use crate::io::text::shortened;

/// Nodes that arrive together, and what they are called.
#[derive(Debug, Clone, PartialEq)]
pub struct ArrivingNodes {
    /// Features and edges.
    pub nodes: NewNodes,
    /// One id per node.
    pub ids: Vec<String>,
}

/// Names of a column of ids.
const ID_NAMES: [&str; 4] = ["id", "node", "node_id", "nodeid"];
/// Names of the columns of edges.
const END_NAMES: [&str; 12] =
    ["source", "target", "src", "dst", "from", "to", "u", "v", "source_id", "target_id", "node1", "node2"];

/// Reads nodes that arrive at `dataset`.
///
/// # Errors
/// [`LoadError::Content`] with the line of an id that clashes with a known one, of an edge to nobody, between known nodes or said twice, of a
/// field that is no number; [`LoadError::Invalid`] for features of another width, or that are not finite.
pub fn read_arrivals(
    features: impl AsRef<Path>,
    edges: impl AsRef<Path>,
    dataset: &Dataset,
    ctl: &Control,
) -> Result<ArrivingNodes, LoadError> {
    let (features, edges) = (features.as_ref(), edges.as_ref());
    entrance::enter(|| {
        let known = dataset.nodes_by_id();
        let (values, ids) = read_features(features, (dataset, &known), ctl)?;
        let edges = read_edges(edges, (dataset, &known), &ids, ctl)?;
        let nodes = NewNodes::try_new(dataset, values, edges).map_err(|error| LoadError::invalid(features, error))?;
        Ok(ArrivingNodes { nodes, ids })
    })
}

fn read_features(
    path: &Path,
    (dataset, known): (&Dataset, &NodesById<'_>),
    ctl: &Control,
) -> Result<(Features, Vec<String>), LoadError> {
    let features = if names_inside(path).is_ok() {
        CompressedRows::read(&mut Npz::open(path)?, "")?.to_features()?
    } else if read_start(path, NUMPY.len() as u64).starts_with(NUMPY) {
        Features::from_dense(Array::read(path)?.to_f32_matrix()?)
    } else {
        let table = read_table(path, (dataset.features().width(), known), ctl)?;
        let n = table.n;
        if let Some(ids) = table.ids {
            return Ok((table.features, ids));
        }
        return Ok((table.features, numbered(path, n, dataset, known)?));
    };
    let ids = numbered(path, features.n_rows(), dataset, known)?;
    Ok((features, ids))
}

/// What a `.npy` file begins with.
const NUMPY: &[u8] = b"\x93NUMPY";

/// The ids of nodes that have none in their file.
fn numbered(path: &Path, n: usize, dataset: &Dataset, known: &NodesById<'_>) -> Result<Vec<String>, LoadError> {
    let ids: Vec<String> = (dataset.n_nodes()..).take(n).map(|u| u.to_string()).collect();
    match ids.iter().find(|id| known.find(id).is_some()) {
        Some(id) => {
            let expected = "a table with a column of ids, as the numbers from the number of nodes on are known nodes";
            Err(LoadError::content(path, "ids", expected, id))
        }
        None => Ok(ids),
    }
}

/// What a table of features holds.
struct FeatureTable {
    features: Features,
    ids: Option<Vec<String>>,
    n: usize,
}

fn read_table(path: &Path, (width, known): (usize, &NodesById<'_>), ctl: &Control) -> Result<FeatureTable, LoadError> {
    let (mut values, mut ids) = (Vec::new(), Vec::new());
    let mut line_of: HashMap<String, u64> = HashMap::new();
    let (mut n, mut has_ids, mut is_first) = (0usize, None, true);
    rows(path, "reading features", ctl, &mut |line, row| {
        let fault = |expected: String, found: String| LoadError::content(path, format!("line {line}"), expected, found);
        let with_id = *has_ids.get_or_insert(row.len() == width + 1);
        if row.len() != width + usize::from(with_id) {
            let id = if with_id { "an id and " } else { "" };
            let either = if n == 0 && is_first {
                format!("{width} numbers, or an id and {width} numbers")
            } else {
                format!("{id}{width} numbers")
            };
            return Err(fault(either, format!("{} fields", row.len())));
        }
        let fields = || row.iter().skip(usize::from(with_id));
        let id = row.get(0).unwrap_or_default();
        if std::mem::take(&mut is_first) {
            let is_named = with_id && ID_NAMES.contains(&id.to_lowercase().as_str());
            if is_named || fields().all(|field| table_number(field).is_none()) {
                return Ok(());
            }
        }
        for (at, field) in fields().enumerate() {
            match table_number(field) {
                Some(value) if value.is_finite() => values.push(value as f32),
                _ => {
                    let column = at + 1 + usize::from(with_id);
                    return Err(fault(
                        format!("a finite number in column {column}"),
                        format!("`{}`", shortened(field)),
                    ));
                }
            }
        }
        n += 1;
        if !with_id {
            return Ok(());
        }
        if id.is_empty() {
            return Err(fault("an id in column 1".to_owned(), "nothing".to_owned()));
        }
        if known.find(id).is_some() {
            let expected = "an id that no node of the graph has".to_owned();
            return Err(fault(expected, format!("{}, a known node", shortened(id))));
        }
        if let Some(before) = line_of.insert(id.to_owned(), line) {
            return Err(fault("every id once".to_owned(), format!("{} of line {before} again", shortened(id))));
        }
        ids.push(id.to_owned());
        Ok(())
    })?;
    if n == 0 {
        return Err(LoadError::content(path, "whole file", "at least one node that arrives", "none"));
    }
    let features = Array2::from_shape_vec((n, width), values)
        .map_err(|error| LoadError::content(path, "whole file", "rows of one width", error))?;
    Ok(FeatureTable { features: Features::from_dense(features), ids: (has_ids == Some(true)).then_some(ids), n })
}

fn read_edges(
    path: &Path,
    (dataset, known): (&Dataset, &NodesById<'_>),
    ids: &[String],
    ctl: &Control,
) -> Result<Vec<NewEdge>, LoadError> {
    let first = dataset.n_nodes();
    let is_weighted = dataset.edge_weights().is_some();
    let new: HashMap<&str, u32> = ids.iter().map(String::as_str).zip(first as u32..).collect();
    let node = |id: &str| known.find(id).or_else(|| new.get(id).copied());
    let mut edges: Vec<NewEdge> = Vec::new();
    let mut line_of: HashMap<(u32, u32), u64> = HashMap::new();
    let mut is_first = true;
    rows(path, "reading edges", ctl, &mut |line, row| {
        let fault =
            |expected: &str, found: String| Err(LoadError::content(path, format!("line {line}"), expected, found));
        if row.len() != 2 && !(is_weighted && row.len() == 3) {
            let expected = if is_weighted {
                "source, target and perhaps a weight"
            } else {
                "source and target (the graph has no weights)"
            };
            return fault(expected, format!("{} fields", row.len()));
        }
        let ends = [0, 1].map(|at| row.get(at).unwrap_or_default());
        let is_name = |end: &str| END_NAMES.contains(&end.to_lowercase().as_str()) && node(end).is_none();
        if std::mem::take(&mut is_first) && ends.iter().all(|end| is_name(end)) {
            return Ok(());
        }
        if let Some(unknown) = ends.iter().find(|end| node(end).is_none()) {
            let expected = "ids of nodes of the graph (column node of predictions.csv) or of nodes that arrive";
            let found = if unknown.is_empty() { "nothing".to_owned() } else { shortened(unknown) };
            return fault(expected, found);
        }
        let [Some(source), Some(target)] = ends.map(node) else { return Ok(()) };
        if (source as usize) < first && (target as usize) < first {
            let found = format!("{} and {}, both known", shortened(ends[0]), shortened(ends[1]));
            return fault("a node that arrives at one end", found);
        }
        if let Some(before) = line_of.insert((source, target), line) {
            let found = format!("{} to {} of line {before} again", shortened(ends[0]), shortened(ends[1]));
            return fault("every edge once", found);
        }
        let weight = match row.get(2).map(|text| (text, table_number(text))) {
            None | Some(("", _)) => 1.0,
            Some((_, Some(weight))) if weight.is_finite() && weight >= 0.0 => weight as f32,
            Some((text, _)) => return fault("a finite weight of at least 0", format!("`{}`", shortened(text))),
        };
        edges.push(NewEdge { source, target, weight });
        Ok(())
    })?;
    if edges.is_empty() {
        return Err(LoadError::content(path, "whole file", "at least one edge of a node that arrives", "none"));
    }
    Ok(edges)
}

/// Every row of a table, a first row of names among them.
fn rows(
    path: &Path,
    stage: &'static str,
    ctl: &Control,
    each: &mut dyn FnMut(u64, &StringRecord) -> Result<(), LoadError>,
) -> Result<(), LoadError> {
    let Some(mut table) = sketch(path, &ReadOptions::default())? else {
        return Err(LoadError::content(
            path,
            "whole file",
            "a table (.csv, .tsv, .parquet) with at least one row",
            "none",
        ));
    };
    table.layout.has_header &= table.layout.is_parquet;
    for_each_row(path, &table.layout, stage, ctl, each).map(drop)
}
