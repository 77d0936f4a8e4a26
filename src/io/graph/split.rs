//! Splits in files of their own, and lists of node ids.
//!
//! A split is an archive (`.npz`) with `idx_train`, `idx_val` and `idx_test` (node numbers) or `train_mask`, `val_mask` and
//! `test_mask` (one boolean per node). A list of node ids is text, one id per line, spelt as in the graph's file; empty
//! lines and lines that start with `#` are left out.

use std::path::Path;

use crate::engine::graph::{Dataset, Split, resolve_split};
use crate::io::encoding::decode;
use crate::io::entrance;
use crate::io::file::{MAX_FILE_BYTES, read_whole, stem};
use crate::io::npz::Npz;
use crate::io::reading;
use crate::io::report::LoadError;

/// How an archive spells a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SplitArrays {
    /// `idx_train`, `idx_val`, `idx_test`.
    Indices,
    /// `train_mask`, `val_mask`, `test_mask`.
    Masks,
}

/// Reads the three arrays of a split.
pub(super) fn read_split_arrays(
    npz: &mut Npz,
    name: &str,
    n_nodes: usize,
    arrays: SplitArrays,
) -> Result<Split, LoadError> {
    let mut part = |part: &str| match arrays {
        SplitArrays::Indices => {
            let array = npz.array(&format!("idx_{part}"))?;
            array.check_vector(array.len(), "node numbers")?;
            array.to_indices(n_nodes, "node numbers")
        }
        SplitArrays::Masks => {
            let array = npz.array(&format!("{part}_mask"))?;
            array.check_vector(n_nodes, "one per node")?;
            Ok(nodes_of_mask(array.to_i64s()?.into_iter()))
        }
    };
    let split = Split { name: name.to_owned(), train: part("train")?, val: part("val")?, test: part("test")? };
    split.check(n_nodes).map_err(|error| LoadError::invalid(npz.path(), error))?;
    Ok(split)
}

/// Numbers of the nodes whose value is not 0.
pub(super) fn nodes_of_mask(mask: impl Iterator<Item = i64>) -> Vec<u32> {
    (0u32..).zip(mask).filter(|(_, v)| *v != 0).map(|(u, _)| u).collect()
}

/// Finds the split that `spec` names: what [`resolve_split`] knows, or an archive file, whose split is named by its stem.
///
/// # Errors
/// [`LoadError`] for a file that holds no split of this graph; [`LoadError::Invalid`] for a name the graph does not have.
pub fn read_split(spec: &str, dataset: &Dataset, seed: u64) -> Result<Split, LoadError> {
    entrance::enter(|| read_split_of(spec, dataset, seed))
}

fn read_split_of(spec: &str, dataset: &Dataset, seed: u64) -> Result<Split, LoadError> {
    let path = Path::new(spec);
    let is_archive = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("npz"));
    if !is_archive || dataset.splits().iter().any(|s| s.name == spec) {
        return resolve_split(dataset, spec, seed)
            .map_err(|error| LoadError::invalid(Path::new(dataset.source()), error));
    }
    read_split_file(path, dataset)
}

/// Reads the split of an archive file, named by its stem.
fn read_split_file(path: &Path, dataset: &Dataset) -> Result<Split, LoadError> {
    let mut npz = Npz::open(path)?;
    let arrays = if npz.has("train_mask") { SplitArrays::Masks } else { SplitArrays::Indices };
    read_split_arrays(&mut npz, &stem(path), dataset.n_nodes(), arrays)
}

/// Puts the split of an archive file, whatever its name, in front of the graph's own. Returns its name, too.
///
/// # Errors
/// [`LoadError`] for a file that holds no split of this graph.
pub(super) fn with_split_file(dataset: &Dataset, path: &Path) -> Result<(Dataset, String), LoadError> {
    let split = read_split_file(path, dataset)?;
    let name = split.name.clone();
    let mut parts = dataset.to_parts();
    parts.splits.retain(|s| s.name != name);
    parts.splits.insert(0, split);
    let dataset = Dataset::try_new(parts).map_err(|error| LoadError::invalid(path, error))?;
    Ok((dataset, name))
}

/// So many lines are read between two looks at the stop button.
const LINES_PER_CHECK: usize = 1 << 12;

/// What a line holds that is no node: a number as it is, of anything else only its length. A recipe from elsewhere can name any file of
/// this machine as its list, and a message must not tell what is in it.
fn unquoted(id: &str) -> String {
    let is_number = id.len() <= 10 && id.chars().all(|c| c.is_ascii_digit());
    if is_number { id.to_owned() } else { format!("a text of {} characters that no node has", id.chars().count()) }
}

/// Reads a list of node ids, one to a line, as a recipe's lock or a request names one; node numbers in the order of the list.
///
/// # Errors
/// [`LoadError::Content`] with the line of an id that the graph does not have.
pub fn read_node_ids(path: impl AsRef<Path>, dataset: &Dataset) -> Result<Vec<u32>, LoadError> {
    entrance::enter(|| read_ids(path.as_ref(), dataset))
}

fn read_ids(path: &Path, dataset: &Dataset) -> Result<Vec<u32>, LoadError> {
    let text = decode(&read_whole(path, MAX_FILE_BYTES)?, None, None, path)?;
    let by_id = dataset.nodes_by_id();
    let mut nodes = Vec::new();
    for (line, id) in text.lines().enumerate() {
        if line % LINES_PER_CHECK == 0 {
            reading::check()?;
        }
        let id = id.trim();
        if id.is_empty() || id.starts_with('#') {
            continue;
        }
        let fault = || LoadError::content(path, format!("line {}", line + 1), "a node id of the graph", unquoted(id));
        nodes.push(by_id.find(id).ok_or_else(fault)?);
    }
    Ok(nodes)
}
