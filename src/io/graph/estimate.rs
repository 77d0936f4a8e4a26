//! How much memory reading a graph will take, guessed from headers and sizes before anything is read: what the guesses of formats have
//! in common.
//!
//! What is never here: reading more than the start of a file. A guess that is too low is no harm beyond what there was without it; the
//! guess is meant to be right within a factor of two and is refused only where it is above the limit.

use std::fs;
use std::path::Path;

use crate::io::file::open;
use crate::io::source::{ByteSource, parse_whole};

/// What is needed, and from what that was guessed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MemoryEstimate {
    /// Bytes at the most demanding moment of reading.
    pub(super) size_bytes: u64,
    /// From what it was guessed, for people: `20000 nodes and 500000 edges`, `a file of 3000 bytes`.
    pub(super) basis: String,
}

/// Bytes per edge while text becomes rows: the edge as it waits, then its entry as it stands there beside both of them.
const PER_EDGE: u64 = 16;
/// Bytes per node: row pointers, self-loop, stand-in features, labels.
const PER_NODE: u64 = 56;
/// How many times larger than gzip the text within is, as a rule.
const GZIP_EXPANSION: u64 = 4;

/// So many bytes for each one of a file, or of the files in a folder.
fn of_size(path: &Path, factor: u64) -> Option<MemoryEstimate> {
    let size = size_of_path(path)?;
    Some(MemoryEstimate { size_bytes: size.saturating_mul(factor), basis: format!("a file of {size} bytes") })
}

/// Compressed arrays, then the numbers in them, then the graph.
pub(super) fn of_arrays(path: &Path) -> Option<MemoryEstimate> {
    of_size(path, 4)
}

/// Tensors as bytes and as numbers; edges are never held as they are stored.
pub(super) fn of_tensors(path: &Path) -> Option<MemoryEstimate> {
    of_size(path, 2)
}

/// Names and attributes take about as much in memory as in the file.
pub(super) fn of_names(path: &Path) -> Option<MemoryEstimate> {
    of_size(path, if is_packed(path) { 6 } else { 2 })
}

/// A list of edges, as many as its start has for each byte.
pub(super) fn of_lines(path: &Path) -> Option<MemoryEstimate> {
    let size = size_of_path(path)?;
    let (lines_per_byte, is_packed) = lines_of(path)?;
    let text_bytes = if is_packed { size.saturating_mul(GZIP_EXPANSION) } else { size };
    let edges = (text_bytes as f64 * lines_per_byte).ceil() as u64;
    Some(MemoryEstimate {
        size_bytes: edges.saturating_mul(PER_EDGE + PER_NODE / 8),
        basis: format!("about {edges} edges"),
    })
}

/// The nodes and edges that `counts` finds among the numbers of the first line that is no comment.
pub(super) fn of_header(path: &Path, counts: impl Fn(&[u64]) -> Option<(u64, u64)>) -> Option<MemoryEstimate> {
    size_of_path(path)?;
    match numbers_of_header(path).and_then(|numbers| counts(&numbers)) {
        // More nodes than there can be are no question of memory: the reader says so.
        Some((nodes, _)) if nodes >= u64::from(u32::MAX) => None,
        Some((nodes, edges)) => Some(MemoryEstimate {
            size_bytes: edges.saturating_mul(PER_EDGE).saturating_add(nodes.saturating_mul(PER_NODE)),
            basis: format!("{nodes} nodes and {edges} edges"),
        }),
        None => of_size(path, 2),
    }
}

/// Bytes of a file, or of all files below a folder.
fn size_of_path(path: &Path) -> Option<u64> {
    /// Deeper folders are not the graph's.
    fn walk(path: &Path, depth: usize) -> Option<u64> {
        let kind = fs::metadata(path).ok()?;
        if !kind.is_dir() {
            return Some(kind.len());
        }
        if depth == 0 {
            return Some(0);
        }
        let entries = fs::read_dir(path).ok()?;
        Some(entries.filter_map(Result::ok).filter_map(|entry| walk(&entry.path(), depth - 1)).sum())
    }
    walk(path, 1)
}

fn head_of(path: &Path) -> Option<Vec<u8>> {
    const HEAD_BYTES: usize = 1 << 14;
    let mut head = Vec::new();
    ByteSource::open(path).ok()?.read_into(&mut head, HEAD_BYTES).ok()?;
    Some(head)
}

fn is_packed(path: &Path) -> bool {
    let mut magic = [0u8; 2];
    open(path).is_ok_and(|mut file| std::io::Read::read_exact(&mut file, &mut magic).is_ok()) && magic == [0x1f, 0x8b]
}

/// The numbers in the first line that is no comment, where it has nothing else.
fn numbers_of_header(path: &Path) -> Option<Vec<u64>> {
    let head = head_of(path)?;
    let mut lines = head.split(|b| *b == b'\n').map(<[u8]>::trim_ascii);
    let line = lines.find(|line| !line.is_empty() && !line.starts_with(b"%"))?;
    line.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty()).map(parse_whole).collect()
}

/// Lines per byte of text at the file's start, and whether the file is packed.
fn lines_of(path: &Path) -> Option<(f64, bool)> {
    let head = head_of(path)?;
    let n_lines = memchr::memchr_iter(b'\n', &head).count().max(1);
    Some((n_lines as f64 / head.len().max(1) as f64, is_packed(path)))
}
