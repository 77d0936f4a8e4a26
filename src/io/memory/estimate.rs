//! How much memory reading a graph will take, guessed from headers and sizes before anything is read.
//!
//! What is never here: reading more than the start of a file. A guess that is too low is no harm beyond what there was without it; the
//! guess is meant to be right within a factor of two and is refused only where it is above the limit.

use std::fs;
use std::path::Path;

use crate::io::detect::GraphFormat;
use crate::io::file::open;
use crate::io::reading;
use crate::io::report::LoadError;
use crate::io::source::{ByteSource, parse_whole};
use crate::io::stored::StoredGraph;

/// What is needed, and from what that was guessed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MemoryEstimate {
    /// Bytes at the most demanding moment of reading.
    pub(crate) size_bytes: u64,
    /// From what it was guessed, for people: `20000 nodes and 500000 edges`, `a file of 3000 bytes`.
    pub(crate) basis: String,
}

/// Bytes per edge while text becomes rows: the edge as it waits, then its entry as it stands there beside both of them.
const PER_EDGE: u64 = 16;
/// Bytes per node: row pointers, self-loop, stand-in features, labels.
const PER_NODE: u64 = 56;
/// How many times larger than gzip the text within is, as a rule.
const GZIP_EXPANSION: u64 = 4;

/// Guesses what reading the graph at `path` will take; nothing where there is nothing to guess from.
pub(crate) fn estimate(path: &Path, format: GraphFormat) -> Option<MemoryEstimate> {
    let size = size_of_path(path)?;
    let of_counts = |nodes: u64, edges: u64| MemoryEstimate {
        size_bytes: edges.saturating_mul(PER_EDGE).saturating_add(nodes.saturating_mul(PER_NODE)),
        basis: format!("{nodes} nodes and {edges} edges"),
    };
    let of_size = |factor: u64| MemoryEstimate {
        size_bytes: size.saturating_mul(factor),
        basis: format!("a file of {size} bytes"),
    };
    Some(match format {
        GraphFormat::MatrixMarket | GraphFormat::Metis => match counts_of_header(path, format) {
            // More nodes than there can be are no question of memory: the reader says so.
            Some((nodes, _)) if nodes >= u64::from(u32::MAX) => return None,
            Some((nodes, edges)) => of_counts(nodes, edges),
            None => of_size(2),
        },
        GraphFormat::EdgeList => {
            let (lines_per_byte, is_packed) = lines_of(path)?;
            let text_bytes = if is_packed { size.saturating_mul(GZIP_EXPANSION) } else { size };
            let edges = (text_bytes as f64 * lines_per_byte).ceil() as u64;
            MemoryEstimate {
                size_bytes: edges.saturating_mul(PER_EDGE + PER_NODE / 8),
                basis: format!("about {edges} edges"),
            }
        }
        // Names and attributes take about as much in memory as in the file.
        GraphFormat::GraphMl | GraphFormat::Gexf | GraphFormat::Gml => of_size(if is_packed(path) { 6 } else { 2 }),
        // Our own arrays say exactly what they hold.
        GraphFormat::Stored => {
            let stored = StoredGraph::open(path).ok()?;
            let graph = stored.size();
            MemoryEstimate {
                size_bytes: graph.reading_bytes(),
                basis: format!(
                    "{} nodes, {} entries and {} features",
                    graph.n_nodes, graph.n_entries, graph.n_features
                ),
            }
        }
        // Tensors as bytes and as numbers; edges are never held as they are stored.
        GraphFormat::PygProcessed => of_size(2),
        // Compressed arrays, then the numbers in them, then the graph.
        _ => of_size(4),
    })
}

/// Refuses a graph whose reading would take more than there is for this job.
pub(crate) fn check(path: &Path, format: GraphFormat) -> Result<(), LoadError> {
    match estimate(path, format) {
        Some(estimate) => reading::ask_always(path, estimate.size_bytes, || estimate.basis),
        None => Ok(()),
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

/// Nodes and edges as the first line that is no comment states them.
fn counts_of_header(path: &Path, format: GraphFormat) -> Option<(u64, u64)> {
    let head = head_of(path)?;
    let mut lines = head.split(|b| *b == b'\n').map(<[u8]>::trim_ascii);
    let line = lines.find(|line| !line.is_empty() && !line.starts_with(b"%"))?;
    let numbers: Vec<u64> =
        line.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty()).map(parse_whole).collect::<Option<_>>()?;
    match (format, numbers.as_slice()) {
        (GraphFormat::MatrixMarket, [rows, _, entries]) => Some((*rows, *entries)),
        (GraphFormat::MatrixMarket, [rows, columns]) => Some((*rows, rows.saturating_mul(*columns))),
        (GraphFormat::Metis, [nodes, edges, ..]) => Some((*nodes, *edges)),
        _ => None,
    }
}

/// Lines per byte of text at the file's start, and whether the file is packed.
fn lines_of(path: &Path) -> Option<(f64, bool)> {
    let head = head_of(path)?;
    let n_lines = memchr::memchr_iter(b'\n', &head).count().max(1);
    Some((n_lines as f64 / head.len().max(1) as f64, is_packed(path)))
}
