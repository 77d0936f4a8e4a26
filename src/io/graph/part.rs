//! Parts of a graph in files of their own, and how they are told from others: by type and shape.
//!
//! What is never here: reading them, see `parts.rs`.

use std::io::Read as _;
use std::path::Path;

use crate::io::file::{open, stem};
use crate::io::npy::Array;
use crate::io::npz::Npz;

/// A part of a graph that a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GraphPart {
    /// One row of numbers per node.
    Features,
    /// What every node is.
    Labels,
    /// Which nodes train, validate and test.
    Split,
}

impl std::fmt::Display for GraphPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Features => "features of nodes (a NumPy array)",
            Self::Labels => "labels of nodes (a NumPy array)",
            Self::Split => "a split (a NumPy archive)",
        })
    }
}

/// Which part the array in the file `path` is, by its first bytes, if any. Bytes 0 and 1 in two dimensions may be either: there
/// the file's name decides.
pub(crate) fn part_of_array(path: &Path, head: &[u8]) -> Option<GraphPart> {
    let (descr, shape) = Array::described(head)?;
    let mut letters = descr.trim_start_matches(['<', '>', '|', '=']).chars();
    let is_byte = descr.ends_with('1');
    match (shape.len(), letters.next()?) {
        (1, 'i' | 'u') => Some(GraphPart::Labels),
        (2, 'b' | 'i' | 'u') if is_byte => {
            let name = stem(path).to_lowercase();
            let is_feature = name == "x" || name.contains("feat");
            Some(if is_feature { GraphPart::Features } else { GraphPart::Labels })
        }
        (2, 'f' | 'i' | 'u') => Some(GraphPart::Features),
        _ => None,
    }
}

/// Whether an archive with these arrays is a split.
pub(crate) fn is_split(names: &[String]) -> bool {
    let has = |name: &str| names.iter().any(|n| n == name);
    (has("idx_train.npy") && has("idx_val.npy")) || (has("train_mask.npy") && has("val_mask.npy"))
}

/// Whether an archive is a sparse matrix that can only be features: it is not square.
pub(crate) fn is_feature_matrix(path: &Path) -> bool {
    let Ok(mut npz) = Npz::open(path) else { return false };
    let shape = npz.array("shape").and_then(|shape| shape.to_sizes());
    shape.is_ok_and(|shape| matches!(shape[..], [rows, columns] if rows != columns))
}

/// Whether a file is an array or an archive of arrays; else it may be a table.
pub(super) fn is_array(path: &Path) -> bool {
    let mut head = [0u8; 6];
    let is_read = open(path).is_ok_and(|mut file| file.read_exact(&mut head).is_ok());
    is_read && (head.starts_with(b"\x93NUMPY") || head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06"))
}
