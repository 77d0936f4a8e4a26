//! The folder that the method's own programs read.
//!
//! ```text
//! adj.npz          SciPy CSR [n, n]: row = source, column = target. Every stored entry is an edge, whatever its value;
//!                  self-loops are stored zeros. The stored order is the order of the entries.
//! feats.npy        [n, f], or feats_csr.npz, SciPy CSR [n, f]; may be absent
//! labels.npz       labels [n], or [n, classes] of zeros and ones (or label), and perhaps idx_train, idx_val, idx_test: the split `file`; may be absent
//! split_*.npz      idx_train, idx_val, idx_test: the split named by what stands behind `split_`
//! attribute.txt    n=NODES and m=ENTRIES, one per line; compared
//! adj_pl.bin       u4 [n + 1], row pointers; compared by size
//! adj_el.bin       u4 [m], columns in another order within each row; compared by size
//! degree.npz       not used
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use super::build::build_as_stored;
use super::draft::Draft;
use super::estimate;
use super::format::{Certainty, Format, Group, Listed, Look};
use super::labels::read_labels;
use super::node_index::NodeOrder;
use super::request::Request;
use super::split::{SplitArrays, read_split_arrays};
use crate::engine::graph::Features;
use crate::io::file::{read_text, stem};
use crate::io::npy::Array;
use crate::io::npz::Npz;
use crate::io::report::{LoadError, LoadReport};
use crate::io::sparse::{CompressedRows, MatrixEdges, Values};

/// This format.
pub(super) static FORMAT: Format = Format {
    name: "Unifews folder",
    listed: Listed { group: Group::OwnFolders, place: 1, name: "Unifews" },
    title: "Unifews folder",
    files: "a folder with `adj.npz`, or that file",
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
    let is_matrix = look.is_archive_called("adj.npz") && look.has("indptr.npy");
    (is_matrix || look.is_folder_with("adj.npz")).then_some(Certainty::Certain)
}

/// Reads the folder, or the folder around its `adj.npz`.
fn read(request: Request<'_>) -> Result<Draft, LoadError> {
    let path = request.path;
    let folder = if path.is_dir() { path.to_owned() } else { path.parent().map_or_else(PathBuf::new, Path::to_owned) };
    let adjacency = folder.join("adj.npz");
    let mut report = LoadReport::default();
    let edges = MatrixEdges::read(&mut Npz::open(&adjacency)?, "", Values::Unused)?;
    let n_stored = edges.list.len();
    request.check()?;
    let built = build_as_stored(edges, &mut report, Request { path: &adjacency, ..request })?;
    let topology = &built.topology;
    let n = topology.n_nodes();
    let n_self_loops = topology.n_self_loops();
    if n_self_loops < n && request.options.self_loops.is_none() {
        report.warnings.push(format!("{} of {n} nodes have no self-loop, and none is added", n - n_self_loops));
    }
    compare_counts(&folder, (n, n_stored), &mut report)?;

    let mut draft = Draft::of(stem(&folder), built);
    draft.features = read_features(&folder, &mut report)?;
    request.check()?;
    let labels_path = folder.join("labels.npz");
    if labels_path.is_file() {
        let mut npz = Npz::open(&labels_path)?;
        let array = npz.array(npz.first_of(&["labels", "label"]).unwrap_or("labels"))?;
        draft.labels = Some(read_labels(&array, n, &mut report)?);
        if npz.has("idx_train") {
            draft.splits.push(read_split_arrays(&mut npz, "file", n, SplitArrays::Indices)?);
        }
        report.ignored.extend(npz.unread().map(|name| format!("labels.npz: {name}")));
    }
    for name in file_names(&folder)? {
        match name.strip_prefix("split_").and_then(|rest| rest.strip_suffix(".npz")) {
            Some(split) => {
                let mut npz = Npz::open(&folder.join(&name))?;
                draft.splits.push(read_split_arrays(&mut npz, split, n, SplitArrays::Indices)?);
            }
            None if !USED.contains(&name.as_str()) => report.ignored.push(name),
            None => {}
        }
    }
    draft.report = report;
    Ok(draft)
}

/// Files that are read or compared; others are reported as ignored.
const USED: [&str; 7] =
    ["adj.npz", "feats.npy", "feats_csr.npz", "labels.npz", "attribute.txt", "adj_pl.bin", "adj_el.bin"];

/// Names in the folder, in alphabetical order.
fn file_names(folder: &Path) -> Result<Vec<String>, LoadError> {
    let fault = |source| LoadError::io("read", folder, source);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(fault)? {
        names.push(entry.map_err(fault)?.file_name().to_string_lossy().into_owned());
    }
    names.sort_unstable();
    Ok(names)
}

fn read_features(folder: &Path, report: &mut LoadReport) -> Result<Option<Features>, LoadError> {
    let (dense, sparse) = (folder.join("feats.npy"), folder.join("feats_csr.npz"));
    if dense.is_file() {
        if sparse.is_file() {
            report.ignored.push("feats_csr.npz (feats.npy is there)".to_owned());
        }
        return Ok(Some(Features::from_dense(Array::read(&dense)?.to_f32_matrix()?)));
    }
    if sparse.is_file() {
        return Ok(Some(CompressedRows::read(&mut Npz::open(&sparse)?, "")?.to_features()?));
    }
    Ok(None)
}

/// Compares the counts that other files of the folder state; a difference is a warning, because they are not used.
fn compare_counts(folder: &Path, (n, m): (usize, usize), report: &mut LoadReport) -> Result<(), LoadError> {
    let attributes = folder.join("attribute.txt");
    if attributes.is_file() {
        const MAX_BYTES: u64 = 1 << 16;
        for line in read_text(&attributes, MAX_BYTES)?.lines() {
            let counted = match line.split_once('=') {
                Some(("n", stated)) => Some(("nodes", n, stated)),
                Some(("m", stated)) => Some(("entries", m, stated)),
                _ => None,
            };
            if let Some((what, counted, stated)) = counted
                && stated.trim() != counted.to_string()
            {
                report.warnings.push(format!("attribute.txt states {} {what}, adj.npz has {counted}", stated.trim()));
            }
        }
    }
    for (name, n_values) in [("adj_pl.bin", n + 1), ("adj_el.bin", m)] {
        if let Ok(kind) = fs::metadata(folder.join(name))
            && kind.len() != 4 * n_values as u64
        {
            let found = kind.len();
            report.warnings.push(format!("{name} has {found} bytes, adj.npz makes it {}", 4 * n_values));
        }
    }
    Ok(())
}
