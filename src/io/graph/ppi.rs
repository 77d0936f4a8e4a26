//! The protein graphs of GraphSAGE (PPI): several graphs in a folder, read as one that falls apart into them.
//!
//! ```text
//! PART_graph.json    networkx node-link: {"nodes": [{"id": NUMBER}, …], "links": [{"source": NUMBER, "target": NUMBER}, …]}
//! PART_feats.npy     [n, f]
//! PART_labels.npy    [n, classes] of 0 and 1
//! PART_graph_id.npy  not used
//! ```
//! PART is `train`, `valid` and `test`; their nodes follow each other, and are the split `file`.

use ndarray::{Axis, concatenate};
use serde::Deserialize;

use super::build::{Stated, build};
use super::draft::Draft;
use super::estimate;
use super::format::{Certainty, Format, Group, Listed, Look};
use super::graphsaint::json;
use super::labels::known_tags;
use super::node_index::NodeOrder;
use super::request::Request;
use super::targets::labels_of_tags;
use crate::engine::graph::{EdgeList, Features, Split};
use crate::io::file::stem;
use crate::io::npy::Array;
use crate::io::report::{LoadError, LoadReport};

/// This format.
pub(super) static FORMAT: Format = Format {
    name: "PPI folder",
    listed: Listed { group: Group::Folders, place: 3, name: "PPI" },
    title: "PPI",
    files: "a folder with `train_graph.json`",
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
    look.is_folder_with("train_graph.json").then_some(Certainty::Certain)
}

#[derive(Deserialize)]
struct NodeLink {
    nodes: Vec<Node>,
    #[serde(alias = "edges")]
    links: Vec<Link>,
}

#[derive(Deserialize)]
struct Node {
    id: u32,
}

#[derive(Deserialize)]
struct Link {
    source: u32,
    target: u32,
    weight: Option<f64>,
}

/// Reads the folder.
fn read(request: Request<'_>) -> Result<Draft, LoadError> {
    let folder = request.path;
    let mut report = LoadReport::default();
    let mut list = EdgeList::new();
    let (mut features, mut targets) = (Vec::new(), Vec::new());
    let mut parts: [Vec<u32>; 3] = Default::default();
    let (mut first, mut n_weighted) = (0u32, 0usize);
    for (part, nodes) in ["train", "valid", "test"].into_iter().zip(&mut parts) {
        request.check()?;
        let path = folder.join(format!("{part}_graph.json"));
        if !path.is_file() {
            report.warnings.push(format!("there is no {part}_graph.json"));
            continue;
        }
        let graph: NodeLink = json(&path)?;
        let n = u32::try_from(graph.nodes.len()).unwrap_or(u32::MAX);
        let fault = |expected: String, found: u32| LoadError::content(&path, "whole file", expected, found);
        if let Some(found) = graph.nodes.iter().zip(0..).find(|(node, at)| node.id != *at).map(|(node, _)| node.id) {
            return Err(fault("node ids from 0 without a gap".to_owned(), found));
        }
        let next = first.checked_add(n).ok_or_else(|| fault("fewer than 2^32 nodes".to_owned(), n))?;
        for link in graph.links {
            if link.source.max(link.target) >= n {
                return Err(fault(format!("ends of links below {n}"), link.source.max(link.target)));
            }
            n_weighted += usize::from(link.weight.is_some_and(|weight| (weight - 1.0).abs() > f64::EPSILON));
            list.push(first + link.source, first + link.target, 1.0);
        }
        nodes.extend(first..next);
        let rows = |name: &str| -> Result<Array, LoadError> {
            let array = Array::read(&folder.join(format!("{part}_{name}.npy")))?;
            match array.matrix_shape("nodes and columns")? {
                (rows, _) if rows == n as usize => Ok(array),
                (rows, _) => Err(array.fault(format!("{n} rows (one per node)"), rows)),
            }
        };
        features.push(rows("feats")?.to_f32_matrix()?);
        targets.push(known_tags(&rows("labels")?, &mut report)?);
        first = next;
    }
    if n_weighted > 0 {
        report.ignored.push(format!("weights of {n_weighted} links"));
    }
    let joined = |what: &str, error: ndarray::ShapeError| {
        LoadError::content(folder, what, "as many columns in every part", error)
    };
    let views: Vec<_> = features.iter().map(|part| part.view()).collect();
    let features = concatenate(Axis(0), &views).map_err(|error| joined("features", error))?;
    let views: Vec<_> = targets.iter().map(|part| part.view()).collect();
    let targets = concatenate(Axis(0), &views).map_err(|error| joined("labels", error))?;
    let built = build(list, first as usize, Stated::Nothing, request, &mut report)?;
    let mut draft = Draft::of(stem(folder), built);
    draft.features = Some(Features::from_dense(features));
    draft.report = report;
    let [train, val, test] = parts;
    draft.splits.push(Split { name: "file".to_owned(), train, val, test });
    draft.labels = Some(labels_of_tags(targets));
    Ok(draft)
}
