//! Our own folder of arrays, read whole; `io/stored.rs` has the format.

use std::path::Path;

use super::draft::Draft;
use super::estimate::MemoryEstimate;
use super::format::{Certainty, Format, Group, Listed, Look};
use super::labels::single;
use super::node_index::NodeOrder;
use super::request::Request;
use super::targets;
use crate::io::npy::Array;
use crate::io::report::LoadError;
use crate::io::stored::{StoredGraph, is_stored_folder};

/// This format.
pub(super) static FORMAT: Format = Format {
    name: "folder of arrays",
    listed: Listed { group: Group::OwnFolders, place: 2, name: "unifews-stored-graph" },
    title: "our own folder of arrays, `unifews-stored-graph/1` (`src/io/stored.rs`)",
    files: "a folder with `graph.json`",
    also: "features, labels, splits, weights, ids",
    sniff,
    read,
    needed,
    meets: &[],
    order: NodeOrder::FromZero,
    may_lack_parts: false,
    is_finished: true,
};

fn sniff(look: &Look<'_>) -> Option<Certainty> {
    matches!(look, Look::Folder(path) if is_stored_folder(path)).then_some(Certainty::Certain)
}

/// Our own arrays say exactly what they hold.
fn needed(path: &Path) -> Option<MemoryEstimate> {
    let stored = StoredGraph::open(path).ok()?;
    let graph = stored.size();
    Some(MemoryEstimate {
        size_bytes: graph.reading_bytes(),
        basis: format!("{} nodes, {} entries and {} features", graph.n_nodes, graph.n_entries, graph.n_features),
    })
}

/// Reads the folder.
fn read(request: Request<'_>) -> Result<Draft, LoadError> {
    let stored = StoredGraph::open(request.path)?;
    let n = stored.size().n_nodes;
    let mut draft = Draft::new(stored.name().to_owned(), stored.topology()?);
    request.check()?;
    draft.edge_weights = stored.weights()?;
    draft.features = Some(stored.features()?);
    request.check()?;
    if let Some((path, names)) = stored.labels() {
        let array = Array::read(&path)?;
        let mut labels = if array.shape().len() == 1 {
            array.check_vector(n, "one class per node")?;
            single(&array, &mut draft.report)?
        } else {
            targets::labels_of_tags(targets::tags_of(&array)?)
        };
        labels.names = names.to_vec();
        draft.labels = Some(labels);
    }
    draft.splits = stored.all_splits()?;
    draft.node_ids = stored.node_ids()?;
    Ok(draft)
}
