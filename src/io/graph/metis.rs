//! METIS (`.graph`, `.metis`): for every node its neighbours.
//!
//! ```text
//! file   = comment* header (comment | node)*
//! header = N M [FMT [NCON]]        nodes, undirected edges; three digits: vertex sizes, vertex weights, edge weights; how many
//!                                  weights a vertex has
//! node   = [SIZE] WEIGHT* (NEIGHBOUR [WEIGHT])*           neighbours from 1; an empty line is a node without any
//! comment = '%' anything
//! ```
//! Every edge stands there twice, once at each end, and counts once in M. Sizes and weights of vertices are not used. Features,
//! labels and splits may lie beside the file, as `beside.rs` says.

use std::path::Path;

use super::build::{Stated, build};
use super::draft::Draft;
use super::estimate::{self, MemoryEstimate};
use super::format::{Certainty, Format, Group, Listed, Look, Meets};
use super::node_index::NodeOrder;
use super::request::Request;
use crate::engine::graph::EdgeList;
use crate::io::report::{LoadError, LoadReport};
use crate::io::source::{Lines, parse_f32, parse_whole, stem_unpacked};
use crate::io::text::shortened;

/// This format.
pub(super) static FORMAT: Format = Format {
    name: "METIS graph",
    listed: Listed { group: Group::Texts, place: 5, name: "METIS" },
    title: "METIS",
    files: "`.graph`, `.metis`",
    also: "edge weights",
    sniff,
    read,
    needed,
    meets: &[Meets::Encoding],
    order: NodeOrder::FromOne,
    may_lack_parts: true,
    is_finished: false,
};

fn sniff(look: &Look<'_>) -> Option<Certainty> {
    let Look::Text(look) = look else { return None };
    let is_named = look.has_extension("graph") || look.has_extension("metis");
    is_metis(look.head, look.is_whole, is_named).then_some(Certainty::Likely)
}

fn needed(path: &Path) -> Option<MemoryEstimate> {
    estimate::of_header(path, |numbers| match numbers {
        [nodes, edges, ..] => Some((*nodes, *edges)),
        _ => None,
    })
}

/// Longer lines are refused, bytes: the neighbours of one node stand on one line, and a hub has many.
const MAX_LINE_BYTES: usize = 1 << 28;

/// What the first line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Header {
    n_nodes: usize,
    n_edges: u64,
    has_sizes: bool,
    n_weights: usize,
    has_edge_weights: bool,
}

fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

impl Header {
    fn parse(line: &[u8]) -> Option<Self> {
        let words: Vec<&[u8]> = words(line).collect();
        let numbers: Vec<u64> = words.iter().map(|word| parse_whole(word)).collect::<Option<_>>()?;
        let (&n_nodes, &n_edges) = (numbers.first()?, numbers.get(1)?);
        let n_nodes = usize::try_from(n_nodes).ok().filter(|n| u32::try_from(*n).is_ok())?;
        let digits = words.get(2).copied().unwrap_or(b"0");
        if digits.len() > 3 || !digits.iter().all(|d| matches!(d, b'0' | b'1')) || words.len() > 4 {
            return None;
        }
        let has = |from_right: usize| digits.len() > from_right && digits[digits.len() - 1 - from_right] == b'1';
        let most_weights = 1 << 10;
        let n_weights = match (has(1), numbers.get(3)) {
            (false, _) => 0,
            (true, None) => 1,
            (true, Some(n)) => usize::try_from(*n).ok().filter(|n| (1..=most_weights).contains(n))?,
        };
        Some(Self { n_nodes, n_edges, has_sizes: has(2), n_weights, has_edge_weights: has(0) })
    }
}

/// Whether text is this format: not certain, as nothing marks it, but a list of edges all but never looks like it.
///
/// `head` is the start of the file, `is_whole` whether it is all of it; `is_named` whether the file's name says so.
#[expect(
    clippy::fn_params_excessive_bools,
    reason = "two facts about the file beside its bytes, each named by its caller"
)]
pub(crate) fn is_metis(head: &[u8], is_whole: bool, is_named: bool) -> bool {
    let end = if is_whole { head.len() } else { head.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1) };
    let mut lines = head[..end].split(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.starts_with(b"%"));
    let Some(first) = lines.next() else { return false };
    let is_header_like =
        (2..=4).contains(&words(first).count()) && words(first).all(|word| parse_whole(word).is_some());
    if !is_header_like {
        return false;
    }
    let header = Header::parse(first);
    let n_words = words(first).count();
    let mut rest: Vec<&[u8]> = lines.collect();
    if rest.last().is_some_and(|line| line.is_empty()) {
        // What stands behind the last line end is no line.
        rest.pop();
    }
    let are_numbers = rest.iter().all(|line| words(line).all(|word| parse_f32(word).is_some()));
    if let Some(header) = header.filter(|header| is_whole && are_numbers && rest.len() == header.n_nodes) {
        let (per_edge, own) =
            (1 + u64::from(header.has_edge_weights), header.n_weights + usize::from(header.has_sizes));
        let n_neighbours: u64 = rest.iter().map(|line| words(line).count().saturating_sub(own) as u64 / per_edge).sum();
        if header.n_nodes > 0 && n_neighbours == header.n_edges.saturating_mul(2) {
            return true;
        }
    }
    // A list of edges has as many words in every line; a list of neighbours has not.
    let is_even = !rest.is_empty() && rest.iter().filter(|l| !l.is_empty()).all(|line| words(line).count() == n_words);
    if is_even {
        return false;
    }
    is_named || (are_numbers && !is_whole && header.is_some_and(|header| (1..=header.n_nodes).contains(&rest.len())))
}

/// Reads the graph.
fn read(request: Request<'_>) -> Result<Draft, LoadError> {
    let path = request.path;
    let mut report = LoadReport::default();
    let mut lines = Lines::open(path, request.ctl, "reading nodes", MAX_LINE_BYTES)?;
    let header = loop {
        let Some(line) = lines.next_line()? else {
            return Err(lines.fault("a header (nodes, edges)", "the end of the file"));
        };
        if line.starts_with(b"%") {
            continue;
        }
        if let Some(header) = Header::parse(line) {
            break header;
        }
        let found = format!("`{}`", shortened(&String::from_utf8_lossy(line)));
        return Err(lines.fault("nodes, edges and perhaps three digits of 0 and 1 and a count of weights", found));
    };
    let n = header.n_nodes;
    let mut list = if header.has_edge_weights { EdgeList::weighted() } else { EdgeList::new() };
    let mut node = 0usize;
    while let Some(line) = lines.next_line()? {
        if line.starts_with(b"%") || (node == n && line.is_empty()) {
            continue;
        }
        if node == n {
            return Err(lines.fault(format!("the end of the file after {n} nodes"), "another line"));
        }
        if let Err((expected, found)) = read_node(line, node, header, &mut list) {
            return Err(lines.fault(expected, found));
        }
        node += 1;
    }
    // An empty last line without a line end behind it is not there.
    if node + 1 < n {
        return Err(lines.fault(format!("{n} nodes"), format!("{node} and the end of the file")));
    }
    if list.len() as u64 != header.n_edges.saturating_mul(2) {
        let expected =
            format!("{} neighbours (each of {} edges twice)", header.n_edges.saturating_mul(2), header.n_edges);
        return Err(LoadError::content(path, "whole file", expected, list.len()));
    }
    if header.has_sizes || header.n_weights > 0 {
        report.ignored.push("sizes or weights of vertices".to_owned());
    }
    let built = build(list, n, Stated::Undirected, request, &mut report)?;
    if built.edges.n_reversed_added > 0 {
        report.warnings.push(format!("{} edges stand at one of their two ends only", built.edges.n_reversed_added));
    }
    let mut draft = Draft::of(stem_unpacked(path), built);
    draft.report = report;
    Ok(draft)
}

/// One node's line; what was expected and found where it is none.
fn read_node(line: &[u8], node: usize, header: Header, list: &mut EdgeList) -> Result<(), (String, String)> {
    let shown = |word: &[u8]| format!("`{}`", shortened(&String::from_utf8_lossy(word)));
    let n = header.n_nodes;
    let mut words = words(line);
    for _ in 0..usize::from(header.has_sizes) + header.n_weights {
        match words.next() {
            Some(word) if parse_f32(word).is_some() => {}
            Some(word) => return Err(("a size or weight of the vertex".to_owned(), shown(word))),
            None => return Err(("a size or weight of the vertex".to_owned(), "the end of the line".to_owned())),
        }
    }
    while let Some(word) = words.next() {
        let neighbour = parse_whole(word).and_then(|v| u32::try_from(v).ok()).filter(|v| *v >= 1 && *v as usize <= n);
        let Some(neighbour) = neighbour else { return Err((format!("neighbours from 1 to {n}"), shown(word))) };
        let weight = if header.has_edge_weights {
            let word =
                words.next().ok_or_else(|| ("a weight of the edge".to_owned(), "the end of the line".to_owned()))?;
            let weight = parse_f32(word).filter(|w| w.is_finite());
            weight.ok_or_else(|| ("a weight of the edge".to_owned(), shown(word)))?
        } else {
            1.0
        };
        list.push(neighbour - 1, node as u32, weight);
    }
    Ok(())
}
