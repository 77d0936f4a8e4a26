//! Several classes per node, whatever the format they come from.

use ndarray::Array2;

use super::draft::MAX_CLASSES;
use crate::engine::graph::Labels;
use crate::io::npy::Array;
use crate::io::report::LoadError;

/// Which classes every node has, from a matrix of zeros and ones. `[n_nodes, n_classes]`
pub(super) fn tags_of(array: &Array) -> Result<Array2<bool>, LoadError> {
    let (_, n_classes) = array.matrix_shape("nodes and classes")?;
    if n_classes > MAX_CLASSES as usize {
        return Err(array.fault(format!("at most {MAX_CLASSES} classes"), n_classes));
    }
    let values = array.to_f32_matrix()?;
    match values.iter().find(|v| tag_of(**v).is_none()) {
        Some(found) => Err(array.fault(EXPECTED_TAGS, no_tag(*found))),
        None => Ok(values.mapv(|v| v != 0.0)),
    }
}

/// What a matrix of classes must hold, in errors.
pub(super) const EXPECTED_TAGS: &str = "0 or 1 for every node and class";

/// Whether a node has a class; nothing where the number is neither yes nor no.
pub(super) fn tag_of(value: f32) -> Option<bool> {
    match value {
        0.0 => Some(false),
        1.0 => Some(true),
        _ => None,
    }
}

/// A number that is no tag, for people: a fraction is most likely something to be predicted.
pub(super) fn no_tag(value: f32) -> String {
    if value.fract() == 0.0 { value.to_string() } else { format!("{value} (a number to be predicted is no class)") }
}

/// Labels of nodes with these classes. Where every node has exactly one, that is its class.
pub(super) fn labels_of_tags(tags: Array2<bool>) -> Labels {
    let is_one_hot = tags.rows().into_iter().all(|row| row.iter().filter(|t| **t).count() == 1);
    let labels = Labels::multi(tags);
    if is_one_hot { Labels::new(labels.classes().to_vec()) } else { labels }
}
