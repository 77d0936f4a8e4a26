//! Parts of a graph in files of their own, wherever they lie: features, labels, a split.
//!
//! ```text
//! features = .npy [n, f] of numbers | .npz, SciPy CSR with another number of columns than rows | a table
//! labels   = .npy [n] of integers | .npy [n, c] of booleans or bytes 0 and 1: several classes per node | a table
//! split    = .npz, see split.rs | a table
//! table    = CSV, TSV, Parquet, see node_table.rs: it may hold several of these
//! ```
//! Which is which is decided by type and shape (`part.rs`); a recipe's `[graph]` names them (`feature_file`, `label_file`, `split_file`).

use std::path::Path;

use super::draft::is_about_stand_ins;
use super::elsewhere::Elsewhere;
use super::labels::read_labels;
use super::node_index::{NodeIndex, NodeOrder};
use super::node_table::{self, NodeTable, Wanted, sketch_nodes};
use super::part::is_array;
use super::request::Request;
use super::split::with_split_file;
use crate::engine::graph::{Dataset, DatasetParts, Features, Labels, ReadOptions};
use crate::io::file::open;
use crate::io::npy::Array;
use crate::io::npz::{Npz, names_inside};
use crate::io::report::{LoadError, LoadReport};
use crate::io::sheet::ColumnRole;
use crate::io::sparse::CompressedRows;

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
        if open(path).map(drop).is_err() || is_array(path) {
            return Ok(None);
        }
        let Some(sketched) = sketch_nodes(path, wanted, options)? else { return Ok(None) };
        let index = NodeIndex::new(n, dataset.node_ids(), order);
        // A file that is named for something wins; one that is named for both is its own.
        let other = |other: Option<&'_ str>| other.filter(|other| *other != file).map(str::to_owned);
        let (labels, split) = match wanted {
            Wanted::Features | Wanted::Anything => (other(label_file), other(split_file)),
            Wanted::Labels => (None, other(split_file)),
            Wanted::Split => (other(label_file), None),
        };
        let elsewhere = Elsewhere { labels: labels.as_deref(), split: split.as_deref() };
        node_table::read(path, &sketched, &index, (wanted, elsewhere), request, report).map(Some)
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
    report.warnings.retain(|warning| !is_about_stand_ins(warning));
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
