//! Parts of a graph in files of their own, wherever they lie: features, labels, a split.
//!
//! ```text
//! features = .npy [n, f] of numbers | .npz, SciPy CSR with another number of columns than rows | a table
//! labels   = .npy [n] of whole numbers | .npy [n, c] of truth values or bytes 0 and 1: several classes per node | a table
//! split    = .npz, see split.rs | a table
//! table    = CSV, TSV, Parquet, see node_table.rs: it may hold several of these
//! ```
//! Which is which is decided by type and shape, see [`part_of_array`]; a recipe's `[graph]` names them (`feature_file`, `label_file`, `split_file`).

use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::Request;
use super::labels::read_labels;
use super::node_table::{self, NodeIndex, NodeOrder, NodeTable, Wanted, sketch_nodes};
use super::split::with_split_file;
use crate::engine::graph::{Dataset, DatasetParts, Features, Labels, ReadOptions};
use crate::io::file::{open, stem};
use crate::io::npy::Array;
use crate::io::npz::{Npz, names_inside};
use crate::io::report::{LoadError, LoadReport};
use crate::io::sheet::ColumnRole;
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

/// Tables that lie beside a graph and fit it.
#[derive(Debug, Clone, Default)]
pub(super) struct Beside {
    pub(super) features: Option<PathBuf>,
    pub(super) labels: Option<PathBuf>,
    pub(super) split: Option<PathBuf>,
    /// What the order of the nodes means.
    pub(super) order: NodeOrder,
}

impl Beside {
    /// The options, with these files where the user names none.
    pub(super) fn added_to(&self, options: &ReadOptions) -> ReadOptions {
        let text = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        ReadOptions {
            feature_file: options.feature_file.clone().or_else(|| text(&self.features)),
            label_file: options.label_file.clone().or_else(|| text(&self.labels)),
            split_file: options.split_file.clone().or_else(|| text(&self.split)),
            ..options.clone()
        }
    }
}

/// Whether a file is an array or an archive of arrays; else it may be a table.
pub(super) fn is_array(path: &Path) -> bool {
    let mut head = [0u8; 6];
    let is_read = open(path).is_ok_and(|mut file| file.read_exact(&mut head).is_ok());
    is_read && (head.starts_with(b"\x93NUMPY") || head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06"))
}

/// Puts the parts that the options name into a graph. `order`: what the order of its nodes means.
///
/// # Errors
/// [`LoadError`] naming the file whose rows are not one per node.
pub(super) fn with_parts(
    dataset: Dataset,
    report: &mut LoadReport,
    request: Request<'_>,
    order: NodeOrder,
) -> Result<Dataset, LoadError> {
    let options = request.options;
    let (feature_file, label_file) = (options.feature_file.as_deref(), options.label_file.as_deref());
    let split_file = options.split_file.as_deref();
    if feature_file.is_none() && label_file.is_none() && split_file.is_none() {
        return Ok(dataset);
    }
    let n = dataset.n_nodes();
    let mut parts = dataset.to_parts();
    let table = |file: &str, wanted: Wanted, report: &mut LoadReport| -> Result<Option<NodeTable>, LoadError> {
        let path = Path::new(file);
        if open(path).map(drop).is_err() || is_array(path) || sketch_nodes(path, wanted, options)?.is_none() {
            return Ok(None);
        }
        let index = NodeIndex::new(n, dataset.node_ids(), order);
        node_table::read(path, &index, wanted, request, report).map(Some)
    };
    let mut splits = Vec::new();
    // What a table of features says besides counts where no other file says it.
    let (mut other_labels, mut other_split) = (None, None);
    if let Some(file) = feature_file {
        let is_whole = request.options.features.is_none();
        let wanted =
            if is_whole && is_without_features(file.as_ref(), options) { Wanted::Anything } else { Wanted::Features };
        if let Some(found) = table(file, wanted, report)? {
            match found.features {
                Some(features) => take_features(&mut parts, features, file, report),
                None => report.warnings.push(format!(
                    "{file} has no columns of numbers, so no features (--features names columns of texts to use)"
                )),
            }
            (other_labels, other_split) = (found.labels, found.split);
        } else {
            let features = read_features(file.as_ref(), n)?;
            take_features(&mut parts, features, file, report);
        }
    }
    if let Some(file) = label_file {
        let labels = match table(file, Wanted::Labels, report)? {
            Some(found) => {
                other_split = found.split.or(other_split);
                found.labels
            }
            None => Some(read_labels(&Array::read(file.as_ref())?, n, report)?),
        };
        take_labels(&mut parts, labels, file, report);
    } else if let (Some(file), None, Some(_)) = (feature_file, &parts.labels, &other_labels) {
        take_labels(&mut parts, other_labels, file, report);
    }
    if let Some(file) = split_file {
        if let Some(NodeTable { split: Some(split), .. }) = table(file, Wanted::Split, report)? {
            splits.push((split, file));
        } else {
            let dataset = Dataset::try_new(parts).map_err(|error| LoadError::invalid(file.as_ref(), error))?;
            let (dataset, name) = with_split_file(&dataset, file.as_ref())?;
            set(report, "split from", format!("{file} ({name})"));
            return Ok(dataset);
        }
    } else if let (Some(split), Some(file)) = (other_split, label_file.or(feature_file))
        && parts.splits.is_empty()
    {
        splits.push((split, file));
    }
    for (split, file) in splits {
        set(report, "split from", format!("{file} ({})", split.name));
        parts.splits.retain(|s| s.name != split.name);
        parts.splits.insert(0, split);
        let names: Vec<&str> = parts.splits.iter().map(|s| s.name.as_str()).collect();
        set(report, "splits", names.join(", "));
    }
    Dataset::try_new(parts).map_err(|error| LoadError::invalid(feature_file.unwrap_or("").as_ref(), error))
}

/// Whether a table has ids, classes or a split, and no feature.
fn is_without_features(path: &Path, options: &ReadOptions) -> bool {
    let table = if is_array(path) { None } else { sketch_nodes(path, Wanted::Anything, options).ok().flatten() };
    table.is_some_and(|table| {
        table.place(ColumnRole::Feature).is_none()
            && [ColumnRole::Class, ColumnRole::Split, ColumnRole::Id].iter().any(|role| table.place(*role).is_some())
    })
}

fn take_features(parts: &mut DatasetParts, features: Features, file: &str, report: &mut LoadReport) {
    parts.features = features;
    report.warnings.retain(|warning| !super::is_about_stand_ins(warning));
    set(report, "features", parts.features.width().to_string());
    set(report, "features from", file.to_owned());
}

fn take_labels(parts: &mut DatasetParts, labels: Option<Labels>, file: &str, report: &mut LoadReport) {
    let Some(labels) = labels else { return };
    set(report, "classes", labels.n_classes().to_string());
    set(report, "labels from", file.to_owned());
    parts.labels = Some(labels);
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
