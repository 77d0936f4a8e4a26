//! What lies beside a file that holds the structure alone.
//!
//! ```text
//! NAME.feat.npy  | features.npy | feats.npy | x.npy     [n, f]: features; or .npz, SciPy CSR
//! NAME.label.npy | labels.npy   | y.npy                 [n]: one class per node, or [n, classes] of zeros and ones
//! NAME.split.npz | NAME.split_*.npz                     idx_train … or train_mask …: splits
//! NAME.features.csv | features.csv | nodes.csv …        tables: features, labels, a split, see `members.rs`
//! ```
//! The first of a kind that fits counts: each is judged by what it holds, and those that are not used are reported. Files whose names
//! do not begin with the graph's own name are used only where they have one row per node, because several graphs may lie in one folder.

use std::fs;
use std::path::{Path, PathBuf};

use super::build::Ids;
use super::draft::Draft;
use super::format::Format;
use super::labels::read_labels;
use super::members::{Growth, Known, Members};
use super::node_index::NodeOrder;
use super::request::Request;
use super::split::{SplitArrays, read_split_arrays};
use super::tables::tables;
use crate::engine::graph::{Features, Labels, ReadOptions};
use crate::io::npy::Array;
use crate::io::npz::Npz;
use crate::io::report::{LoadError, LoadReport};
use crate::io::source::stem_unpacked;
use crate::io::sparse::CompressedRows;
use crate::io::wrong;

/// Adds features, labels and splits that lie beside the graph's file, where the draft has none and the options name none. Lists of edges
/// do so themselves, because what lies beside them says which nodes there are.
pub(super) fn attach(draft: &mut Draft, format: &Format, request: Request<'_>) -> Result<(), LoadError> {
    let path = request.path;
    if request.options.beside == Some(false) || !format.may_lack_parts || path.is_dir() {
        return Ok(());
    }
    let options = request.options;
    let n = draft.topology.n_nodes();
    let own = stem_unpacked(path);
    let report = &mut draft.report;
    if draft.features.is_none() && options.feature_file.is_none() {
        let names = [&format!("{own}.feat"), "features", "feats", "x"].map(str::to_owned);
        let found = names.iter().enumerate().flat_map(|(at, name)| files(path, name, at));
        draft.features = first_that_fits(found, report, "features from", |file, _| read_features(file, n))?;
    }
    if draft.labels.is_none() && options.label_file.is_none() {
        let names = [&format!("{own}.label"), "labels", "y"].map(str::to_owned);
        let found = names.iter().enumerate().map(|(at, name)| (at, path.with_file_name(format!("{name}.npy"))));
        let found = found.filter(|(_, file)| file.is_file() && file != path);
        draft.labels = first_that_fits(found, report, "labels from", |file, report| array_labels(file, n, report))?;
    }
    if draft.splits.is_empty() && options.split_file.is_none() {
        for (name, file) in split_files(path, &own)? {
            let mut npz = Npz::open(&file)?;
            let kind = if npz.has("train_mask") { SplitArrays::Masks } else { SplitArrays::Indices };
            draft.report.used(&file);
            draft.splits.push(read_split_arrays(&mut npz, &name, n, kind)?);
        }
    }
    let known = match draft.node_ids.take() {
        Some(ids) => Known::Texts(ids),
        None => Known::Numbers(Ids::UpTo(n)),
    };
    let has = [draft.features.is_some(), draft.labels.is_some(), !draft.splits.is_empty()];
    let growth = Growth::Fixed { is_from_one: format.order == NodeOrder::FromOne };
    let members = Members::gather(&known, has, growth, request, &mut draft.report);
    if let Known::Texts(ids) = known {
        draft.node_ids = Some(ids);
    }
    draft.beside = members?.beside;
    Ok(())
}

/// Whether a graph of this format may have a table beside it that the options speak of.
pub(super) fn has_tables(path: &Path, format: &Format, options: &ReadOptions) -> bool {
    let is_looked_for = format.may_lack_parts && options.beside != Some(false) && !path.is_dir();
    is_looked_for && !tables(path).is_empty()
}

/// The first file that can be read and has one row per node. A file of the graph's own name (place 0) must be; others are reported.
fn first_that_fits<T>(
    files: impl Iterator<Item = (usize, PathBuf)>,
    report: &mut LoadReport,
    fact: &str,
    read: impl Fn(&Path, &mut LoadReport) -> Result<T, LoadError>,
) -> Result<Option<T>, LoadError> {
    for (at, file) in files {
        match read(&file, report) {
            Ok(part) => {
                report.fact(fact, file.display());
                report.used(&file);
                return Ok(Some(part));
            }
            Err(error @ (LoadError::Cancelled | LoadError::TooLarge { .. })) => return Err(error),
            Err(error) if at == 0 => return Err(error),
            // The error names the file.
            Err(error) => report.ignored.push(wrong::named(error).to_string()),
        }
    }
    Ok(None)
}

fn read_features(file: &Path, n: usize) -> Result<Features, LoadError> {
    let features = if file.extension().is_some_and(|e| e == "npz") {
        CompressedRows::read(&mut Npz::open(file)?, "")?.to_features()?
    } else {
        Features::from_dense(Array::read(file)?.to_f32_matrix()?)
    };
    if features.n_rows() != n {
        return Err(LoadError::content(file, "features", format!("{n} rows (one per node)"), features.n_rows()));
    }
    Ok(features)
}

fn array_labels(file: &Path, n: usize, report: &mut LoadReport) -> Result<Labels, LoadError> {
    read_labels(&Array::read(file)?, n, report)
}

/// `NAME.npy` and `NAME.npz` in the graph's folder that are there and are not the graph itself.
fn files(path: &Path, name: &str, at: usize) -> Vec<(usize, PathBuf)> {
    let both = ["npy", "npz"].map(|extension| path.with_file_name(format!("{name}.{extension}")));
    both.into_iter().filter(|file| file.is_file() && file != path).map(|file| (at, file)).collect()
}

/// Splits beside the graph, by name, in alphabetical order.
fn split_files(path: &Path, own: &str) -> Result<Vec<(String, PathBuf)>, LoadError> {
    let mut found = Vec::new();
    let file = path.with_file_name(format!("{own}.split.npz"));
    if file.is_file() {
        found.push(("file".to_owned(), file));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let fault = |source| LoadError::io("read", folder, source);
    let mut others = Vec::new();
    for entry in fs::read_dir(folder).map_err(fault)? {
        let name = entry.map_err(fault)?.file_name().to_string_lossy().into_owned();
        if let Some(split) = name.strip_prefix(&format!("{own}.split_")).and_then(|rest| rest.strip_suffix(".npz")) {
            others.push((split.to_owned(), path.with_file_name(&name)));
        }
    }
    others.sort();
    found.extend(others);
    Ok(found)
}
