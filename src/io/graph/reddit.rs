//! The posts of Reddit as DGL and PyTorch Geometric download them.
//!
//! ```text
//! reddit_graph.npz    SciPy sparse matrix [n, n]
//! reddit_data.npz     feature [n, f], label [n], node_types [n]: 1, 2, 3 are train, validation, test: the split `file`
//! ```

use std::path::{Path, PathBuf};

use super::build::{Stated, build};
use super::draft::Draft;
use super::estimate;
use super::format::{Certainty, Format, Group, Listed, Look};
use super::labels::read_labels;
use super::node_index::NodeOrder;
use super::request::Request;
use super::scipy::{is_sparse_matrix, square_matrix};
use crate::engine::graph::{Features, Split};
use crate::io::file::stem;
use crate::io::npz::Npz;
use crate::io::report::{LoadError, LoadReport};

/// This format.
pub(super) static FORMAT: Format = Format {
    name: "Reddit folder",
    listed: Listed { group: Group::Folders, place: 4, name: "Reddit" },
    title: "Reddit",
    files: "a folder with `reddit_graph.npz` and `reddit_data.npz`, or one of them",
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
    let is_data = look.has("feature.npy") && look.has("node_types.npy") && look.is_archive_beside("reddit_graph.npz");
    let is_matrix = is_sparse_matrix(|name| look.has(name)) && look.is_archive_beside("reddit_data.npz");
    (is_data || is_matrix || look.is_folder_with("reddit_graph.npz")).then_some(Certainty::Certain)
}

/// Reads the folder, or the folder around one of the two files.
fn read(request: Request<'_>) -> Result<Draft, LoadError> {
    let path = request.path;
    let folder = if path.is_dir() { path.to_owned() } else { path.parent().map_or_else(PathBuf::new, Path::to_owned) };
    let graph = folder.join("reddit_graph.npz");
    let mut report = LoadReport::default();
    let (n, list) = square_matrix(&mut Npz::open(&graph)?, Request { path: &graph, ..request })?;
    request.check()?;
    let built = build(list, n, Stated::Nothing, request, &mut report)?;
    let mut draft = Draft::of(stem(&folder), built);
    let mut npz = Npz::open(&folder.join("reddit_data.npz"))?;
    draft.features = Some(Features::from_dense(npz.array("feature")?.to_f32_matrix()?));
    let labels = npz.array("label")?;
    labels.check_vector(n, "one class per node")?;
    draft.labels = Some(read_labels(&labels, n, &mut report)?);
    let kinds = npz.array("node_types")?;
    kinds.check_vector(n, "one per node")?;
    let kinds = kinds.to_i64s()?;
    let part = |wanted: i64| (0u32..).zip(&kinds).filter(|(_, kind)| **kind == wanted).map(|(u, _)| u).collect();
    draft.splits.push(Split { name: "file".to_owned(), train: part(1), val: part(2), test: part(3) });
    report.ignored.extend(npz.unread().map(str::to_owned));
    draft.report = report;
    Ok(draft)
}
