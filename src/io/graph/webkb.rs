//! The web pages and actors of Geom-GCN (Cornell, Texas, Wisconsin, Film), as text.
//!
//! ```text
//! out1_node_feature_label.txt    header, then NODE tab NUMBER,NUMBER,… tab CLASS
//! out1_graph_edges.txt           header, then SOURCE tab TARGET
//! *_split_*.npz                  train_mask, val_mask, test_mask: the splits file:0, file:1, …; here or one folder higher
//! ```
//! Numbers are all features, where every line has as many and all are 0 or 1; else they are the columns that are 1 (Film). The folder, the
//! folder around it (with `raw`), or one of the two files may be named.

use std::path::{Path, PathBuf};

use sprs::CsMatI;

use super::build::{Stated, build};
use super::draft::Draft;
use super::estimate;
use super::format::{Certainty, Format, Group, Listed, Look};
use super::labels::{labels_from, says_nothing};
use super::node_index::NodeOrder;
use super::numbers::{for_each_row, shown};
use super::request::Request;
use super::split::{SplitArrays, read_split_arrays};
use crate::engine::graph::{EdgeList, Features};
use crate::io::file::stem;
use crate::io::npz::Npz;
use crate::io::report::{LoadError, LoadReport};
use crate::io::source::parse_whole;

/// This format.
pub(super) static FORMAT: Format = Format {
    name: "Geom-GCN folder",
    listed: Listed { group: Group::Folders, place: 5, name: "Geom-GCN" },
    title: "Geom-GCN",
    files: "a folder with `out1_node_feature_label.txt` and `out1_graph_edges.txt`, or one of them",
    also: "features, labels, splits",
    sniff,
    read,
    needed: estimate::of_arrays,
    meets: &[],
    order: NodeOrder::FromZero,
    may_lack_parts: false,
    is_finished: false,
};

fn sniff(look: &Look<'_>) -> Option<Certainty> {
    matches!(look, Look::Folder(path) | Look::Place(path) if text_folder(path).is_some()).then_some(Certainty::Certain)
}

const NODES: &str = "out1_node_feature_label.txt";
const EDGES: &str = "out1_graph_edges.txt";
/// Wider features are refused: models allocate by width.
const MAX_WIDTH: u64 = 1 << 24;

/// The folder with the two files, if the path is such a data set.
pub(crate) fn text_folder(path: &Path) -> Option<PathBuf> {
    let around = path.parent().map_or_else(PathBuf::new, Path::to_owned);
    let is_named = path.file_name().is_some_and(|name| name == NODES || name == EDGES);
    let both = |folder: &PathBuf| folder.join(NODES).is_file() && folder.join(EDGES).is_file();
    if is_named { Some(around).filter(both) } else { [path.to_owned(), path.join("raw")].into_iter().find(both) }
}

/// Reads the folder.
fn read(request: Request<'_>) -> Result<Draft, LoadError> {
    let folder = text_folder(request.path).unwrap_or_else(|| request.path.to_owned());
    let root = if folder.file_name().is_some_and(|name| name == "raw") { folder.parent() } else { None };
    let mut report = LoadReport::default();
    let nodes = read_nodes(&folder.join(NODES), request)?;
    let n = nodes.labels.len();
    let mut list = EdgeList::new();
    let mut is_header = true;
    for_each_row(&folder.join(EDGES), "reading edges", request, |line| {
        if std::mem::replace(&mut is_header, false)
            && parse_whole(line.split(|b| *b == b'\t').next().unwrap_or(b"")).is_none()
        {
            return Ok(());
        }
        let mut ends = line.split(|b| *b == b'\t').map(|f| parse_whole(f.trim_ascii()));
        match (ends.next().flatten(), ends.next().flatten(), ends.next()) {
            (Some(a), Some(b), None) if (a.max(b) as usize) < n => {
                list.push(a as u32, b as u32, 1.0);
                Ok(())
            }
            _ => Err((format!("two node numbers below {n} and a tab between them"), shown(line))),
        }
    })?;
    let built = build(list, n, Stated::Nothing, request, &mut report)?;
    let mut draft = Draft::of(stem(root.unwrap_or(&folder)), built);
    draft.features = Some(nodes.features);
    let fault = |expected: String, found: i64| LoadError::content(&folder.join(NODES), "labels", expected, found);
    draft.labels = Some(labels_from(&nodes.labels, fault)?);
    draft.report = report;
    for folder in [Some(folder.as_path()), root].into_iter().flatten() {
        read_splits(folder, n, &mut draft)?;
    }
    Ok(draft)
}

struct Nodes {
    features: Features,
    labels: Vec<i64>,
}

fn read_nodes(path: &Path, request: Request<'_>) -> Result<Nodes, LoadError> {
    let mut rows: Vec<(u64, Vec<u64>, i64)> = Vec::new();
    let mut is_header = true;
    for_each_row(path, "reading nodes", request, |line| {
        let mut parts = line.split(|b| *b == b'\t').map(<[u8]>::trim_ascii);
        let (node, numbers, class) = (parts.next().unwrap_or(b""), parts.next(), parts.next());
        if std::mem::replace(&mut is_header, false) && parse_whole(node).is_none() {
            return Ok(());
        }
        let parsed = parse_whole(node).zip(numbers).zip(class.and_then(class_of));
        let ((node, numbers), class) =
            parsed.ok_or_else(|| ("a node, its features and its class between tabs".to_owned(), shown(line)))?;
        let fields = numbers.split(|b| *b == b',').map(<[u8]>::trim_ascii).filter(|field| !field.is_empty());
        let mut values = Vec::new();
        for field in fields {
            let value = parse_whole(field).filter(|v| *v < MAX_WIDTH);
            values.push(value.ok_or_else(|| (format!("integers below {MAX_WIDTH}"), shown(field)))?);
        }
        rows.push((node, values, class));
        Ok(())
    })?;
    rows.sort_by_key(|(node, ..)| *node);
    let n = rows.len();
    if let Some((at, found)) =
        rows.iter().enumerate().map(|(at, row)| (at as u64, row.0)).find(|(at, found)| at != found)
    {
        return Err(LoadError::content(
            path,
            "whole file",
            format!("every node from 0 to {} once", n - 1),
            format!("{found} instead of {at}"),
        ));
    }
    let width = rows.first().map_or(0, |(_, values, _)| values.len());
    let is_dense = rows.iter().all(|(_, values, _)| values.len() == width && values.iter().all(|v| *v <= 1));
    let (mut indptr, mut columns) = (vec![0usize], Vec::new());
    for (_, values, _) in &rows {
        let from = columns.len();
        if is_dense {
            columns.extend(values.iter().zip(0u32..).filter(|(v, _)| **v == 1).map(|(_, column)| column));
        } else {
            columns.extend(values.iter().map(|v| *v as u32));
            columns[from..].sort_unstable();
            let mut row: Vec<u32> = columns.split_off(from);
            row.dedup();
            columns.extend(row);
        }
        indptr.push(columns.len());
    }
    let width = if is_dense { width } else { columns.iter().max().map_or(1, |most| *most as usize + 1) };
    let ones = vec![1.0; columns.len()];
    let features = Features::from_sparse(CsMatI::new((n, width), indptr, columns, ones));
    Ok(Nodes { features, labels: rows.into_iter().map(|(_, _, class)| class).collect() })
}

/// A class; -1 where there is none.
fn class_of(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    if says_nothing(text) {
        return Some(-1);
    }
    let class: f64 = text.parse().ok()?;
    (class.fract() == 0.0 && class.abs() < 2f64.powi(53)).then_some(class as i64)
}

/// Splits of Geom-GCN in a folder, by their numbers.
fn read_splits(folder: &Path, n: usize, draft: &mut Draft) -> Result<(), LoadError> {
    let fault = |source| LoadError::io("read", folder, source);
    let mut found: Vec<(usize, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if let Some((_, number)) =
            name.strip_suffix(".npz").filter(|name| name.contains("_split_")).and_then(|name| name.rsplit_once('_'))
            && let Ok(number) = number.parse()
        {
            found.push((number, path));
        }
    }
    found.sort();
    for (number, path) in found {
        let mut npz = Npz::open(&path)?;
        draft.splits.push(read_split_arrays(&mut npz, &format!("file:{number}"), n, SplitArrays::Masks)?);
    }
    Ok(())
}
