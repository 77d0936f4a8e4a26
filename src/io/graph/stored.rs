//! Our own folder of arrays, read whole; `io/stored` has the format.

use super::labels::single;
use super::{Draft, Request, targets};
use crate::io::npy::Array;
use crate::io::report::LoadError;
use crate::io::stored::StoredGraph;

/// Reads the folder.
pub(super) fn read(request: Request<'_>) -> Result<Draft, LoadError> {
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
