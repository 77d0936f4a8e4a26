//! The archive of the gnn-benchmark collection (`cora.npz`, `amazon_electronics_photo.npz`, …).
//!
//! ```text
//! adj_indptr, adj_indices, adj_shape, adj_data        CSR [n, n], one direction of each edge; values are weights
//! attr_indptr, attr_indices, attr_shape, attr_data    CSR [n, f], or attr_matrix [n, f]: features; may be absent
//! labels                                              [n]; may be absent
//! node_names, class_names                             text; may be absent
//! ```
//! Self-loops in the file are kept, missing ones added; both directions are stored. Values count where the user asks for weights.

use super::build::{Stated, build};
use super::draft::Draft;
use super::estimate;
use super::format::{Certainty, Format, Group, Listed, Look};
use super::labels::read_labels;
use super::node_index::NodeOrder;
use super::request::Request;
use crate::engine::graph::Features;
use crate::io::file::stem;
use crate::io::npy::Array;
use crate::io::npz::Npz;
use crate::io::report::{LoadError, LoadReport};
use crate::io::sparse::{CompressedRows, MatrixEdges, Values};

/// This format.
pub(super) static FORMAT: Format = Format {
    name: "gnn-benchmark archive",
    listed: Listed { group: Group::Archives, place: 1, name: "gnn-benchmark" },
    title: "gnn-benchmark",
    files: "`.npz`",
    also: "features, labels, all splits",
    sniff,
    read,
    needed: estimate::of_arrays,
    meets: &[],
    order: NodeOrder::FromZero,
    may_lack_parts: true,
    is_finished: false,
};

fn sniff(look: &Look<'_>) -> Option<Certainty> {
    (look.has("adj_indptr.npy") && look.has("adj_shape.npy")).then_some(Certainty::Certain)
}

/// Reads the archive.
fn read(request: Request<'_>) -> Result<Draft, LoadError> {
    let path = request.path;
    let mut npz = Npz::open(path)?;
    let mut report = LoadReport::default();
    let wanted = Values::of(request.options.weights, Values::Unused);
    let edges = MatrixEdges::read(&mut npz, "adj_", wanted)?;
    let is_passed_over = !edges.is_unweighted && wanted == Values::Unused;
    let built = build(edges.list, edges.n, Stated::Nothing, request, &mut report)?;
    if is_passed_over && request.options.weights.is_none() {
        report.warnings.push("edge weights in adj_data are not used: every edge counts 1".to_owned());
    }
    let n = built.topology.n_nodes();
    let mut draft = Draft::of(stem(path), built);
    if npz.has("attr_indptr") {
        draft.features = Some(CompressedRows::read(&mut npz, "attr_")?.to_features()?);
    } else if let Some(matrix) = npz.optional("attr_matrix")? {
        draft.features = Some(Features::from_dense(matrix.to_f32_matrix()?));
    }
    if let Some(array) = npz.optional("labels")? {
        let mut labels = read_labels(&array, n, &mut report)?;
        if let Some(names) = names(&mut npz, "class_names", &mut report)? {
            let names = names.to_texts()?;
            if names.len() == labels.n_classes() {
                labels.names = names;
            } else {
                let (found, expected) = (names.len(), labels.n_classes());
                report.warnings.push(format!("{found} class names for {expected} classes are not used"));
            }
        }
        draft.labels = Some(labels);
    }
    if let Some(names) = names(&mut npz, "node_names", &mut report)? {
        names.check_vector(n, "one name per node")?;
        draft.node_ids = Some(names.to_texts()?);
    }
    report.ignored.extend(npz.unread().map(str::to_owned));
    draft.report = report;
    Ok(draft)
}

/// An array of names, which no reading depends on: one of Python objects is left out.
fn names(npz: &mut Npz, name: &str, report: &mut LoadReport) -> Result<Option<Array>, LoadError> {
    match npz.optional(name) {
        Err(LoadError::Content { found, .. }) if found.starts_with("Python objects") => {
            report.ignored.push(format!("{name} ({found})"));
            Ok(None)
        }
        other => other,
    }
}
