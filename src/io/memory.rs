//! How much memory reading a graph will take, guessed from headers and sizes before anything is read, and how much there is.
//!
//! What is never here: reading more than the start of a file. A guess that is too low is no harm beyond what there was without it; the
//! guess is meant to be right within a factor of two and is refused only where it is above the limit.

use std::fs;
use std::path::Path;

use super::detect::GraphFormat;
use super::file::open;
use super::report::LoadError;
use super::source::{ByteSource, parse_whole};

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

/// How much memory the system would give away without slowing down, bytes.
pub fn free_memory() -> Option<u64> {
    let mut system = sysinfo::System::new().ok()?;
    system.refresh_memory();
    let free = system.available_memory();
    // A container may be allowed less than the machine has; what it has read of files is given back when it is needed.
    let limited =
        system.cgroup_limits().map_or(free, |limits| free.min(limits.total_memory.saturating_sub(limits.rss)));
    (limited > 0).then_some(limited)
}

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
        // Tensors as bytes and as numbers; edges are never held as they are stored.
        GraphFormat::PygProcessed => of_size(2),
        // Compressed arrays, then the numbers in them, then the graph.
        _ => of_size(4),
    })
}

/// Refuses a graph whose reading would take more than `limit` bytes.
pub(crate) fn check(path: &Path, format: GraphFormat, limit: u64) -> Result<(), LoadError> {
    match estimate(path, format) {
        Some(estimate) if estimate.size_bytes > limit => Err(LoadError::TooLarge {
            path: path.to_owned(),
            needed: gibibytes(estimate.size_bytes),
            basis: estimate.basis,
            limit: gibibytes(limit),
        }),
        _ => Ok(()),
    }
}

/// An amount of memory as an error shows it.
pub(crate) fn gibibytes(n_bytes: u64) -> String {
    let mebibytes = n_bytes as f64 / f64::from(1u32 << 20);
    if mebibytes < 1024.0 { format!("{mebibytes:.1} MiB") } else { format!("{:.1} GiB", mebibytes / 1024.0) }
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
