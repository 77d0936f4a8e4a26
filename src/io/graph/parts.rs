//! Parts of a graph in files of their own, wherever they lie: features, labels, a split.
//!
//! ```text
//! features = .npy [n, f] of numbers | .npz, SciPy CSR with another number of columns than rows
//! labels   = .npy [n] of whole numbers | .npy [n, c] of truth values or bytes 0 and 1: several classes per node
//! split    = .npz, see split.rs
//! ```
//! Which is which is decided by type and shape, see [`part_of_array`]; a recipe's `[graph]` names them (`feature_file`, `label_file`, `split_file`).

use std::path::Path;

use super::labels_from_array;
use super::split::with_split_file;
use crate::engine::graph::{Dataset, Features, ReadOptions};
use crate::io::file::stem;
use crate::io::npy::Array;
use crate::io::npz::{Npz, names_inside};
use crate::io::report::{LoadError, LoadReport};
use crate::io::sparse::CompressedRows;

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

/// Puts the parts that `options` name into a graph.
///
/// # Errors
/// [`LoadError`] naming the file whose rows are not one per node.
pub(super) fn with_parts(
    dataset: Dataset,
    report: &mut LoadReport,
    options: &ReadOptions,
) -> Result<Dataset, LoadError> {
    let n = dataset.n_nodes();
    let mut dataset = dataset;
    if options.feature_file.is_some() || options.label_file.is_some() {
        let mut parts = dataset.to_parts();
        if let Some(file) = &options.feature_file {
            parts.features = read_features(file.as_ref(), n)?;
            report.warnings.retain(|warning| !super::is_about_stand_ins(warning));
            set(report, "features", parts.features.width().to_string());
            report.fact("features from", file);
        }
        if let Some(file) = &options.label_file {
            let labels = labels_from_array(&Array::read(file.as_ref())?, n)?;
            set(report, "classes", labels.n_classes().to_string());
            report.fact("labels from", file);
            parts.labels = Some(labels);
        }
        dataset = Dataset::try_new(parts)
            .map_err(|error| LoadError::invalid(options.feature_file.as_deref().unwrap_or("").as_ref(), error))?;
    }
    if let Some(file) = &options.split_file {
        let name;
        (dataset, name) = with_split_file(&dataset, file.as_ref())?;
        report.fact("split from", format!("{file} ({name})"));
    }
    Ok(dataset)
}

/// Says a fact anew.
fn set(report: &mut LoadReport, name: &str, value: String) {
    match report.facts.iter_mut().find(|fact| fact.name == name) {
        Some(fact) => fact.value = value,
        None => drop(report.fact(name, value)),
    }
}

fn read_features(path: &Path, n: usize) -> Result<Features, LoadError> {
    let is_archive = names_inside(path).is_ok();
    let features = if is_archive {
        CompressedRows::read(&mut Npz::open(path)?, "")?.to_features()?
    } else {
        Features::from_dense(Array::read(path)?.to_f32_matrix()?)
    };
    if features.n_rows() != n {
        return Err(LoadError::content(path, "features", format!("{n} rows (one per node)"), features.n_rows()));
    }
    Ok(features)
}
