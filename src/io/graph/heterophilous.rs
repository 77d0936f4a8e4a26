//! The archive of the heterophilous-graphs collection (`minesweeper.npz`, `tolokers.npz`, …).
//!
//! ```text
//! node_features                          [n, f]
//! node_labels                            [n]
//! edges                                  [e, 2], each edge once
//! train_masks, val_masks, test_masks     [splits, n], booleans: the splits file:0, file:1, …; may be absent
//! ```
//! Both directions are stored and self-loops are added, unless the user asks for something else.

use ndarray::Array2;

use super::build::{Stated, build, edge_pairs};
use super::draft::Draft;
use super::estimate;
use super::format::{Certainty, Format, Group, Listed, Look};
use super::labels::read_labels;
use super::node_index::NodeOrder;
use super::request::Request;
use super::split::nodes_of_mask;
use crate::engine::graph::{Features, Split};
use crate::io::file::stem;
use crate::io::npz::Npz;
use crate::io::report::{LoadError, LoadReport};

/// This format.
pub(super) static FORMAT: Format = Format {
    name: "heterophilous-graphs archive",
    listed: Listed { group: Group::Archives, place: 2, name: "heterophilous" },
    title: "heterophilous graphs",
    files: "`.npz`",
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
    (look.has("node_features.npy") && look.has("edges.npy")).then_some(Certainty::Certain)
}

/// Reads the archive.
fn read(request: Request<'_>) -> Result<Draft, LoadError> {
    let path = request.path;
    let mut npz = Npz::open(path)?;
    let mut report = LoadReport::default();
    let features = npz.array("node_features")?;
    let (n, _) = features.matrix_shape("nodes and features")?;
    if n == 0 {
        return Err(features.fault("at least one row", "none"));
    }
    let features = Features::from_dense(features.to_f32_matrix()?);

    let list = edge_pairs(npz.pieces("edges")?, n)?;
    let built = build(list, n, Stated::Nothing, request, &mut report)?;
    let mut draft = Draft::of(stem(path), built);
    draft.features = Some(features);

    let labels = npz.array("node_labels")?;
    labels.check_vector(n, "one class per node")?;
    draft.labels = Some(read_labels(&labels, n, &mut report)?);
    if npz.has("train_masks") {
        let mut masks = |part: &str| -> Result<Array2<i64>, LoadError> {
            let array = npz.array(&format!("{part}_masks"))?;
            match array.matrix_shape("splits and nodes")? {
                (_, columns) if columns == n => array.to_i64_matrix(),
                (_, columns) => Err(array.fault(format!("{n} columns (one per node)"), columns)),
            }
        };
        let (train, val, test) = (masks("train")?, masks("val")?, masks("test")?);
        let n_splits = train.nrows();
        if val.nrows() != n_splits || test.nrows() != n_splits {
            let found = format!("{} and {}", val.nrows(), test.nrows());
            return Err(LoadError::content(path, "arrays val_masks, test_masks", format!("{n_splits} rows"), found));
        }
        draft.splits = (0..n_splits)
            .map(|i| {
                let part = |masks: &Array2<i64>| nodes_of_mask(masks.row(i).iter().copied());
                Split { name: format!("file:{i}"), train: part(&train), val: part(&val), test: part(&test) }
            })
            .collect();
    }
    report.ignored.extend(npz.unread().map(str::to_owned));
    draft.report = report;
    Ok(draft)
}
