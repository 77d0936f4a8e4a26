//! What lies beside a file that holds the structure alone.
//!
//! ```text
//! NAME.feat.npy  | features.npy | feats.npy | x.npy     [n, f]: features; or .npz, SciPy CSR
//! NAME.label.npy | labels.npy   | y.npy                 [n]: one class per node
//! NAME.split.npz | NAME.split_*.npz                          idx_train … or train_mask …: splits
//! ```
//! The first of a kind that is there counts; files whose names do not begin with the graph's own name are used only where they
//! have one row per node, because several graphs may lie in one folder.

use std::fs;
use std::path::{Path, PathBuf};

use super::split::{SplitArrays, read_split_arrays};
use super::{Draft, Request, labels_from};
use crate::engine::graph::Features;
use crate::io::npy::Array;
use crate::io::npz::Npz;
use crate::io::report::LoadError;
use crate::io::source::stem_unpacked;
use crate::io::sparse::CompressedRows;

/// Adds features, labels and splits that lie beside the graph's file, where the draft has none.
pub(super) fn attach(draft: &mut Draft, request: Request<'_>) -> Result<(), LoadError> {
    if request.options.beside == Some(false) {
        return Ok(());
    }
    let path = request.path;
    let n = draft.topology.n_nodes();
    let own = stem_unpacked(path);
    if draft.features.is_none() {
        let names = [&format!("{own}.feat"), "features", "feats", "x"].map(str::to_owned);
        for (at, file) in names.iter().enumerate().flat_map(|(at, name)| files(path, name, at)) {
            let features = if file.extension().is_some_and(|e| e == "npz") {
                CompressedRows::read(&mut Npz::open(&file)?, "")?.to_features()?
            } else {
                Features::from_dense(Array::read(&file)?.to_f32_matrix()?)
            };
            if at > 0 && features.n_rows() != n {
                draft.report.ignored.push(format!("{} ({} rows)", file.display(), features.n_rows()));
                continue;
            }
            draft.report.fact("features from", file.display());
            draft.features = Some(features);
            break;
        }
    }
    if draft.labels.is_none() {
        let names = [&format!("{own}.label"), "labels", "y"].map(str::to_owned);
        for (at, name) in names.iter().enumerate() {
            let file = path.with_file_name(format!("{name}.npy"));
            if !file.is_file() {
                continue;
            }
            let array = Array::read(&file)?;
            if at > 0 && array.shape().first() != Some(&n) {
                draft.report.ignored.push(format!("{} (shape {:?})", file.display(), array.shape()));
                continue;
            }
            array.check_vector(n, "one class per node")?;
            draft.report.fact("labels from", file.display());
            draft.labels = Some(labels_from(&array.to_i64s()?, |expected, found| array.fault(expected, found))?);
            break;
        }
    }
    if draft.splits.is_empty() {
        for (name, file) in split_files(path, &own)? {
            let mut npz = Npz::open(&file)?;
            let kind = if npz.has("train_mask") { SplitArrays::Masks } else { SplitArrays::Indices };
            draft.splits.push(read_split_arrays(&mut npz, &name, n, kind)?);
        }
    }
    Ok(())
}

/// `NAME.npy` and `NAME.npz` in the graph's folder that are there and are not the graph itself.
fn files(path: &Path, name: &str, at: usize) -> Vec<(usize, PathBuf)> {
    let both = ["npy", "npz"].map(|extension| path.with_file_name(format!("{name}.{extension}")));
    both.into_iter().filter(|file| file.is_file() && file != path).map(|file| (at, file)).collect()
}

/// Tables that lie beside a list of edges.
#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    pub(super) features: Option<Found>,
    pub(super) labels: Option<Found>,
    pub(super) split: Option<Found>,
}

/// A table beside the list.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// Whether its name begins with the list's: else it is used only where it fits.
    pub(super) is_own: bool,
}

/// What tables are called.
const TABLES: [&str; 7] = ["csv", "tsv", "parquet", "txt", "csv.gz", "tsv.gz", "txt.gz"];

/// Finds tables beside a list of edges, by their names.
pub(super) fn tables(path: &Path) -> Tables {
    let own = stem_unpacked(path);
    let bare = ["edges", "edge", "edgelist", "edge_list", "links", "辺"].into_iter().find_map(|what| {
        own.strip_suffix(what).map(|rest| rest.trim_end_matches(['_', '-', '.'])).filter(|rest| !rest.is_empty())
    });
    let find = |own_names: &[&str], names: &[&str]| {
        let of_own = [Some(own.as_str()), bare].into_iter().flatten().flat_map(|stem| {
            own_names.iter().flat_map(move |name| ['.', '_', '-'].map(|joint| format!("{stem}{joint}{name}")))
        });
        let all = of_own.map(|name| (name, true)).chain(names.iter().map(|name| ((*name).to_owned(), false)));
        for (name, is_own) in all {
            for extension in TABLES {
                let file = path.with_file_name(format!("{name}.{extension}"));
                if file.is_file() && file != path {
                    return Some(Found { path: file, is_own });
                }
            }
        }
        None
    };
    let features = ["feat", "features", "nodes", "node_features"];
    let labels = ["label", "labels", "classes", "node_labels"];
    Tables {
        features: find(&features, &["features", "feats", "node_features", "x", "nodes", "特徴量", "ノード"]),
        labels: find(&labels, &["labels", "label", "node_labels", "classes", "y", "ラベル"]),
        split: find(&["split", "splits", "masks"], &["split", "splits", "masks", "分割"]),
    }
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
