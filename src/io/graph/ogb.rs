//! A folder of the Open Graph Benchmark (node property), as `ogb` unpacks it: text or binary.
//!
//! ```text
//! raw/edge.csv.gz                       SOURCE,TARGET           from 0, no header in any of these
//! raw/num-node-list.csv.gz              one number: nodes       raw/num-edge-list.csv.gz   one number: edges; compared
//! raw/node-feat.csv.gz                  numbers; may be absent
//! raw/node-label.csv.gz                 one class, or one column of 0 and 1 per class; `nan` is unlabelled
//! split/TYPE/{train,valid,test}.csv.gz  node numbers: the split TYPE
//! or
//! raw/data.npz                          edge_index [2, e], num_nodes_list, num_edges_list, node_feat [n, f]
//! raw/node-label.npz                    node_label [n, 1]
//! ```
//! The folder or its `raw` may be named; files may be unpacked, too. Every edge counts in both directions,
//! as `ogb` itself has it for products and proteins (which it stores once) and as the method needs it for arxiv and papers100M.
//! Graphs of several sorts of nodes and edges (mag) are refused.

use std::path::{Path, PathBuf};

use ndarray::Array2;

use super::build::{Stated, build};
use super::draft::{Draft, MAX_CLASSES};
use super::estimate;
use super::format::{Certainty, Format, Group, Listed, Look};
use super::labels::labels_from;
use super::node_index::NodeOrder;
use super::numbers::{for_each_row, read_counts, read_table, shown};
use super::request::Request;
use super::targets::{EXPECTED_TAGS, labels_of_tags, no_tag, tag_of};
use crate::engine::graph::{EdgeList, Features, Split};
use crate::io::file::stem;
use crate::io::npz::Npz;
use crate::io::report::{LoadError, LoadReport};
use crate::io::source::whole_number;

/// This format.
pub(super) static FORMAT: Format = Format {
    name: "OGB folder",
    listed: Listed { group: Group::Folders, place: 1, name: "OGB" },
    title: "OGB (node property), text and binary",
    files: "a folder with `raw`, or that one",
    also: "features, labels, all splits",
    sniff,
    read,
    needed: estimate::of_arrays,
    meets: &[],
    order: NodeOrder::FromZero,
    may_lack_parts: false,
    is_finished: false,
};

fn sniff(look: &Look<'_>) -> Option<Certainty> {
    matches!(look, Look::Folder(path) if raw_folder(path).is_some()).then_some(Certainty::Certain)
}

/// The folder with the edges, if the path is such a data set.
pub(crate) fn raw_folder(path: &Path) -> Option<PathBuf> {
    const MARKS: [&str; 6] = [
        "edge.csv.gz",
        "edge.csv",
        "data.npz",
        "num-node-dict.csv.gz",
        "triplet-type-list.csv.gz",
        "edge_index_dict.npz",
    ];
    let has_edges = |folder: &Path| {
        let is_marked = MARKS.iter().any(|name| folder.join(name).is_file());
        // `data.npz` is a name that others use, too.
        let is_alone = folder.join("data.npz").is_file() && !folder.join("node-label.npz").is_file();
        is_marked && !is_alone
    };
    [path.join("raw"), path.to_owned()].into_iter().find(|folder| has_edges(folder))
}

/// Reads the folder.
fn read(request: Request<'_>) -> Result<Draft, LoadError> {
    let path = request.path;
    let raw = raw_folder(path).unwrap_or_else(|| path.to_owned());
    let root = if raw.file_name().is_some_and(|name| name == "raw") {
        raw.parent().map_or_else(|| raw.clone(), Path::to_owned)
    } else {
        raw.clone()
    };
    for name in ["num-node-dict.csv.gz", "triplet-type-list.csv.gz", "edge_index_dict.npz"] {
        if raw.join(name).is_file() {
            let found = format!(
                "several ({name}): choose one sort of nodes, and one of edges between them, with ogb's reader: graph, labels = dataset[0]; \
                 numpy.savetxt('edges.csv', graph['edge_index_dict']['paper', 'cites', 'paper'].T, '%d', ','); \
                 numpy.save('edges.feat.npy', graph['node_feat_dict']['paper']); numpy.save('edges.label.npy', labels['paper'].ravel())"
            );
            return Err(LoadError::content(path, "graph", "one sort of nodes and one of edges", found));
        }
    }
    let mut report = LoadReport::default();
    let name = stem(&root).replace('_', "-");
    // What `ogb` adds the inverse edges to is stored once.
    let stated = match name.as_str() {
        name if ["products", "proteins", "ddi", "ppa", "collab"].iter().any(|n| name.ends_with(n)) => {
            Stated::Undirected
        }
        name if ["arxiv", "papers100M", "citation2"].iter().any(|n| name.ends_with(n)) => Stated::Directed,
        _ => Stated::Nothing,
    };
    let Parts { n, list, features } = if raw.join("data.npz").is_file() {
        read_binary(&raw, request, &mut report)?
    } else {
        read_text(&raw, request, &mut report)?
    };
    request.check()?;
    let built = build(list, n, stated, request, &mut report)?;
    let mut draft = Draft::of(name, built);
    draft.features = features;
    draft.report = report;
    read_labels(&raw, n, &mut draft, request)?;
    read_splits(&root.join("split"), n, &mut draft, request)?;
    for (name, what) in [
        ("edge-feat.csv.gz", "edge features"),
        ("node_year.csv.gz", "years of the nodes"),
        ("node_species.csv.gz", "species of the nodes"),
        ("species.csv.gz", "species of the nodes"),
    ] {
        if raw.join(name).is_file() {
            draft.report.ignored.push(format!("{name} ({what})"));
        }
    }
    Ok(draft)
}

struct Parts {
    n: usize,
    list: EdgeList,
    features: Option<Features>,
}

/// `NAME.csv.gz` or `NAME.csv`.
fn table(folder: &Path, name: &str) -> Option<PathBuf> {
    let both = [folder.join(format!("{name}.csv.gz")), folder.join(format!("{name}.csv"))];
    both.into_iter().find(|path| path.is_file())
}

/// The one count that a file holds.
fn one_count(path: &Path, request: Request<'_>) -> Result<u64, LoadError> {
    match read_counts(path, "reading counts", request)?[..] {
        [count] => Ok(count),
        ref counts => {
            Err(LoadError::content(path, "whole file", "one number (one graph)", format!("{} numbers", counts.len())))
        }
    }
}

fn read_text(raw: &Path, request: Request<'_>, report: &mut LoadReport) -> Result<Parts, LoadError> {
    let edges_path = table(raw, "edge").unwrap_or_else(|| raw.join("edge.csv.gz"));
    let nodes_path = table(raw, "num-node-list").unwrap_or_else(|| raw.join("num-node-list.csv.gz"));
    let n = one_count(&nodes_path, request)?;
    let n = usize::try_from(n)
        .ok()
        .filter(|n| u32::try_from(*n).is_ok())
        .ok_or_else(|| LoadError::content(&nodes_path, "line 1", format!("fewer than {} nodes", u32::MAX), n))?;
    let n_bytes = std::fs::metadata(&edges_path).map_or(0, |kind| kind.len());
    if n as u64 > (1 << 22) && n as u64 / 32 > n_bytes {
        let expected = format!("no more than 32 nodes for each of the {n_bytes} bytes of edges");
        return Err(LoadError::content(&nodes_path, "line 1", expected, n));
    }
    let mut list = EdgeList::new();
    for_each_row(&edges_path, "reading edges", request, |line| {
        let parsed = whole_number(line).and_then(|(a, rest)| {
            let (b, rest) = whole_number(rest.strip_prefix(b",")?.trim_ascii_start())?;
            rest.is_empty().then_some((a, b))
        });
        let (a, b) = parsed.ok_or_else(|| ("two node numbers and a comma between them".to_owned(), shown(line)))?;
        let node = |id: u64| u32::try_from(id).ok().filter(|u| (*u as usize) < n);
        let (Some(a), Some(b)) = (node(a), node(b)) else {
            return Err((format!("node numbers below {n}"), format!("{a} and {b}")));
        };
        list.push(a, b, 1.0);
        Ok(())
    })?;
    if let Some(path) = table(raw, "num-edge-list") {
        let stated = one_count(&path, request)?;
        if stated != list.len() as u64 {
            report.warnings.push(format!("num-edge-list states {stated} edges, edge has {}", list.len()));
        }
    }
    let features = match table(raw, "node-feat") {
        None => None,
        Some(path) => {
            let table = read_table(&path, "reading features", request)?;
            let fault = |expected: String, found: String| LoadError::content(&path, "whole file", expected, found);
            if table.n_rows != n {
                return Err(fault(format!("{n} rows (one per node)"), table.n_rows.to_string()));
            }
            let found = |error: ndarray::ShapeError| fault("a matrix".to_owned(), error.to_string());
            let x = Array2::from_shape_vec((table.n_rows, table.width), table.values).map_err(found)?;
            Some(Features::from_dense(x))
        }
    };
    Ok(Parts { n, list, features })
}

fn read_binary(raw: &Path, request: Request<'_>, report: &mut LoadReport) -> Result<Parts, LoadError> {
    let mut npz = Npz::open(&raw.join("data.npz"))?;
    let counts = npz.array("num_nodes_list")?;
    let n = match counts.to_sizes()?[..] {
        [n] => n,
        ref all => return Err(counts.fault("one number (one graph)", format!("{} numbers", all.len()))),
    };
    let edges = npz.pieces("edge_index")?;
    let n_edges = match edges.shape() {
        [2, n_edges] => *n_edges,
        [rows, _] => return Err(edges.fault("two rows", rows)),
        other => return Err(edges.fault("two axes (the two ends of edges)", format!("shape {other:?}"))),
    };
    if n > (1 << 22) && n / 32 > n_edges {
        return Err(counts.fault("at most 4194304 nodes, or 32 for every edge", n));
    }
    let mut list = EdgeList::new();
    edges.pairs(true, (n, "node numbers"), |source, target| list.push(source, target, 1.0))?;
    request.check()?;
    let features = match npz.optional("node_feat")? {
        None => None,
        Some(array) => Some(Features::from_dense(array.to_f32_matrix()?)),
    };
    let unread = npz.unread().filter(|name| *name != "num_edges_list");
    report.ignored.extend(unread.map(|name| format!("data.npz: {name}")));
    Ok(Parts { n, list, features })
}

/// Classes, where `nan` is a node without one.
fn read_labels(raw: &Path, n: usize, draft: &mut Draft, request: Request<'_>) -> Result<(), LoadError> {
    let (path, width, values) = if let Some(path) = table(raw, "node-label") {
        let table = read_table(&path, "reading labels", request)?;
        if table.n_rows != n {
            let found = table.n_rows;
            return Err(LoadError::content(&path, "whole file", format!("{n} rows (one per node)"), found));
        }
        (path, table.width, table.values)
    } else {
        let path = raw.join("node-label.npz");
        if !path.is_file() {
            return Ok(());
        }
        let array = Npz::open(&path)?.array("node_label")?;
        match array.shape() {
            [rows] | [rows, _] if *rows == n => {}
            other => return Err(array.fault(format!("{n} rows (one per node)"), format!("shape {other:?}"))),
        }
        let matrix = array.to_f32_matrix()?;
        (path, matrix.ncols(), matrix.into_iter().collect())
    };
    let fault = |expected: &str, found: String| LoadError::content(&path, "labels", expected, found);
    if width == 1 {
        let classes: Vec<i64> = values
            .iter()
            .map(|v| match v {
                v if v.is_nan() => Ok(-1),
                v if v.fract() == 0.0 && v.abs() < 2f32.powi(24) => Ok(*v as i64),
                v => Err(fault("integers or nan", v.to_string())),
            })
            .collect::<Result<_, _>>()?;
        draft.labels = Some(labels_from(&classes, |expected, found| fault(&expected, found.to_string()))?);
        return Ok(());
    }
    if width > MAX_CLASSES as usize {
        return Err(fault(&format!("at most {MAX_CLASSES} classes"), width.to_string()));
    }
    let n_unknown = values.iter().filter(|v| v.is_nan()).count();
    let tags = values.iter().map(|v| match tag_of(*v) {
        Some(tag) => Ok(tag),
        None if v.is_nan() => Ok(false),
        None => Err(fault(EXPECTED_TAGS, no_tag(*v))),
    });
    let tags = tags.collect::<Result<Vec<bool>, _>>()?;
    let tags = Array2::from_shape_vec((n, width), tags).map_err(|error| fault("a matrix", error.to_string()))?;
    draft.labels = Some(labels_of_tags(tags));
    if n_unknown > 0 {
        draft.report.warnings.push(format!("{n_unknown} pairs of node and class are nan: they count as 0"));
    }
    Ok(())
}

/// One split for every folder below `split`, in alphabetical order.
fn read_splits(folder: &Path, n: usize, draft: &mut Draft, request: Request<'_>) -> Result<(), LoadError> {
    if !folder.is_dir() {
        return Ok(());
    }
    let fault = |source| LoadError::io("read", folder, source);
    let mut kinds = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        if path.is_dir() {
            kinds.push(path);
        }
    }
    kinds.sort();
    for kind in kinds {
        let Some(train) = table(&kind, "train") else {
            draft.report.ignored.push(format!("split {} (no train.csv.gz)", stem(&kind)));
            continue;
        };
        let part = |path: Option<PathBuf>| -> Result<Vec<u32>, LoadError> {
            let Some(path) = path else { return Ok(Vec::new()) };
            let mut nodes = Vec::new();
            for id in read_counts(&path, "reading splits", request)? {
                let node = u32::try_from(id).ok().filter(|u| (*u as usize) < n);
                nodes.push(
                    node.ok_or_else(|| LoadError::content(&path, "whole file", format!("node numbers below {n}"), id))?,
                );
            }
            Ok(nodes)
        };
        let (train, val, test) = (part(Some(train))?, part(table(&kind, "valid"))?, part(table(&kind, "test"))?);
        let split = Split { name: stem(&kind), train, val, test };
        split.check(n).map_err(|error| LoadError::invalid(&kind, error))?;
        draft.splits.push(split);
    }
    Ok(())
}
