//! A plain list of edges.
//!
//! ```text
//! file    = line*
//! line    = comment | empty | header | edge
//! comment = ('#' | '%') anything
//! header  = the first other line, when neither of its first two words is a whole number, such as `source,target`
//! edge    = id separator id (separator anything)*       ids are whole numbers from 0, in no order, with any gaps
//! separator = spaces | tab | ',' | ';'
//! ```
//! What stands behind the two ids, often a weight, is not used. Every edge counts in both directions and every node gets a
//! self-loop. Ids with gaps are numbered in ascending order, and the table is kept.
//!
//! Beside `NAME.txt` may lie `NAME.feat.npy` (or `features.npy`), one row per node, and `NAME.label.npy` (or `labels.npy`),
//! one class per node. With as many rows as there are distinct ids, rows belong to the ids in ascending order; with more rows
//! than the largest id, row `i` belongs to id `i`, and nodes without an edge exist too.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use super::{Draft, labels_from_array, report_completion};
use crate::engine::control::Control;
use crate::engine::graph::{Direction, Features, SelfLoops, Topology};
use crate::io::file::{open, stem};
use crate::io::npy::Array;
use crate::io::recipe::shortened;
use crate::io::report::{LoadError, LoadReport};

/// Longer lines are refused, bytes: no edge needs them, and a file without line ends would be read as one.
const MAX_LINE_BYTES: u64 = 1 << 16;
/// How many lines are read between two looks at the stop button.
const LINES_PER_CHECK: usize = 1 << 14;

/// Reads the list and what lies beside it.
pub(super) fn read(path: &Path, ctl: &Control) -> Result<Draft, LoadError> {
    let mut report = LoadReport::default();
    let edges = read_edges(path, ctl, &mut report)?;
    if edges.is_empty() {
        return Err(LoadError::content(path, "whole file", "at least one edge", "none"));
    }
    let mut ids: Vec<u64> = edges.iter().flat_map(|(a, b)| [*a, *b]).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.shrink_to_fit();

    let features = beside(path, ".feat.npy", "features.npy").map(|p| Array::read(&p).map(|a| (a, p))).transpose()?;
    let labels = beside(path, ".label.npy", "labels.npy").map(|p| Array::read(&p).map(|a| (a, p))).transpose()?;
    let n_rows = features.as_ref().or(labels.as_ref()).map(|(array, _)| array.shape().first().copied().unwrap_or(0));
    let numbering = Numbering::choose(&ids, n_rows, path)?;
    let pairs = edges
        .iter()
        .map(|(a, b)| Some((numbering.number(*a)?, numbering.number(*b)?)))
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| LoadError::content(path, "whole file", "fewer than 2^32 nodes", numbering.n_nodes()))?;
    drop(edges);
    ctl.check().map_err(|error| LoadError::invalid(path, error))?;
    let n = numbering.n_nodes();
    let (topology, completed) = Topology::from_edges(n, &pairs, Direction::Symmetrised, SelfLoops::Added)
        .map_err(|error| LoadError::invalid(path, error))?;
    drop(pairs);
    report_completion(&completed, &mut report);

    let mut draft = Draft::new(stem(path), topology);
    if let Some((array, file)) = features {
        report.fact("features from", file.display());
        draft.features = Some(Features::from_dense(array.to_f32_matrix()?));
    }
    if let Some((array, file)) = labels {
        report.fact("labels from", file.display());
        array.check_vector(n, "one class per node")?;
        draft.labels = Some(labels_from_array(&array, n)?);
    }
    if let Numbering::Table(ids) = numbering {
        report.fact("ids renumbered", format!("{n} ids up to {}", ids.last().copied().unwrap_or(0)));
        draft.node_ids = Some(ids.iter().map(u64::to_string).collect());
    }
    draft.report = report;
    Ok(draft)
}

/// How ids become node numbers.
enum Numbering<'a> {
    /// The id is the number.
    Same(usize),
    /// The number is the place among these ids, ascending.
    Table(&'a [u64]),
}

impl<'a> Numbering<'a> {
    fn choose(ids: &'a [u64], n_rows: Option<usize>, path: &Path) -> Result<Self, LoadError> {
        let n_ids = ids.len();
        let largest = ids.last().copied().unwrap_or(0);
        let has_no_gap = usize::try_from(largest).is_ok_and(|largest| largest + 1 == n_ids);
        match n_rows {
            None if has_no_gap => Ok(Self::Same(n_ids)),
            None => Ok(Self::Table(ids)),
            Some(n) if usize::try_from(largest).is_ok_and(|largest| largest < n) => Ok(Self::Same(n)),
            Some(n) if n == n_ids => Ok(Self::Table(ids)),
            Some(n) => {
                let expected = format!("{n_ids} rows (one per distinct id) or more than {largest} (the largest id)");
                Err(LoadError::content(path, "features or labels beside the list", expected, format!("{n} rows")))
            }
        }
    }

    fn n_nodes(&self) -> usize {
        match self {
            Self::Same(n) => *n,
            Self::Table(ids) => ids.len(),
        }
    }

    fn number(&self, id: u64) -> Option<u32> {
        match self {
            Self::Same(_) => u32::try_from(id).ok(),
            Self::Table(ids) => ids.binary_search(&id).ok().and_then(|at| u32::try_from(at).ok()),
        }
    }
}

/// `NAME` and `suffix`, or `other`, in the list's folder, if it is there.
fn beside(path: &Path, suffix: &str, other: &str) -> Option<PathBuf> {
    [format!("{}{suffix}", stem(path)), other.to_owned()]
        .into_iter()
        .map(|name| path.with_file_name(name))
        .find(|path| path.is_file())
}

/// The two ids of an edge, and whether more stands behind them.
fn parse_edge(line: &str) -> Option<(u64, u64, bool)> {
    let mut words = words_of(line);
    let ids = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some((ids.0, ids.1, words.next().is_some()))
}

/// Whether a line is an edge.
pub(crate) fn is_edge(line: &str) -> bool {
    parse_edge(line).is_some()
}

/// Whether a first line that is no edge may be a header: two words, neither of them a number.
pub(crate) fn is_header(line: &str) -> bool {
    let mut words = words_of(line).map(|word| word.parse::<f64>().is_err());
    matches!((words.next(), words.next()), (Some(true), Some(true)))
}

/// Whether a line says nothing: a comment or empty.
pub(crate) fn is_blank(line: &str) -> bool {
    line.is_empty() || line.starts_with(['#', '%'])
}

fn words_of(line: &str) -> impl Iterator<Item = &str> {
    line.split([' ', '\t', ',', ';']).map(str::trim).filter(|word| !word.is_empty())
}

fn read_edges(path: &Path, ctl: &Control, report: &mut LoadReport) -> Result<Vec<(u64, u64)>, LoadError> {
    let file = open(path)?;
    let n_bytes = file.metadata().map_or(0, |kind| usize::try_from(kind.len()).unwrap_or(usize::MAX));
    let mut reader = BufReader::new(file);
    let mut edges = Vec::new();
    let mut bytes = Vec::new();
    let (mut n_lines, mut n_read, mut n_weighted) = (0, 0, 0usize);
    loop {
        bytes.clear();
        let n = (&mut reader)
            .take(MAX_LINE_BYTES)
            .read_until(b'\n', &mut bytes)
            .map_err(|source| LoadError::io("read", path, source))?;
        if n == 0 {
            break;
        }
        n_lines += 1;
        n_read += n;
        if n_lines % LINES_PER_CHECK == 0 {
            ctl.check().map_err(|error| LoadError::invalid(path, error))?;
            ctl.progress("reading edges", n_read, n_bytes);
        }
        let fault =
            |expected: &str, found: String| LoadError::content(path, format!("line {n_lines}"), expected, found);
        if n as u64 == MAX_LINE_BYTES && bytes.last() != Some(&b'\n') {
            return Err(fault("a line of at most 65536 bytes", "a longer one".into()));
        }
        // Comments are in any encoding; ids are plain digits in all of them.
        let line = String::from_utf8_lossy(&bytes);
        let line = line.strip_prefix('\u{feff}').filter(|_| n_lines == 1).unwrap_or(&line).trim();
        if is_blank(line) {
            continue;
        }
        match parse_edge(line) {
            Some((a, b, has_more)) => {
                edges.push((a, b));
                n_weighted += usize::from(has_more);
            }
            None if edges.is_empty() && report.ignored.is_empty() && is_header(line) => {
                report.ignored.push(format!("header line {n_lines}: {}", shortened(line)));
            }
            None => {
                return Err(fault("two whole numbers from 0 (the ends of an edge)", format!("`{}`", shortened(line))));
            }
        }
    }
    if n_weighted > 0 {
        report.ignored.push(format!("what stands behind the two ids (weights?) in {n_weighted} lines"));
    }
    Ok(edges)
}
