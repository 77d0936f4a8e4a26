//! From edges in any order to the entries of a block's rows: what `graph/assemble.rs` makes of all edges at once.

use super::part::BlockEntries;
use crate::engine::error::EngineError;
use crate::engine::graph::SelfLoops;

/// Edges that end in a block, in the order of their files.
#[derive(Debug, Clone, Default)]
pub struct EdgeRows {
    /// Row (numbered over the whole graph), column and weight of every edge as it is meant.
    pub along: Vec<(u32, u32, f32)>,
    /// The same of edges that count in the other direction too; empty unless they do.
    pub against: Vec<(u32, u32, f32)>,
}

/// The entries of the rows of `nodes`, with their weights; none of `n_steps` steps has removed one.
///
/// Edges that stand there several times are one entry, whose weight is the sum; where both directions count, it is the larger of the two.
///
/// # Errors
/// [`EngineError::Topology`] for an edge that does not end in the block, [`EngineError::Mismatch`] for a weight that is none.
pub fn assemble_block(
    edges: EdgeRows,
    nodes: std::ops::Range<usize>,
    self_loops: SelfLoops,
    is_weighted: bool,
    n_steps: usize,
) -> Result<BlockEntries, EngineError> {
    let EdgeRows { mut along, mut against } = edges;
    for edges in [&mut along, &mut against] {
        for (row, _, weight) in &*edges {
            if !nodes.contains(&(*row as usize)) {
                let expected = format!("a target from {} to below {}", nodes.start, nodes.end);
                return Err(EngineError::Topology { row: *row as usize, expected, found: row.to_string() });
            }
            if !(weight.is_finite() && *weight >= 0.0) {
                return Err(EngineError::mismatch("edge weights", "finite numbers of at least 0", weight));
            }
        }
        // Stable, so that weights of one edge are added in the order of the file.
        edges.sort_by_key(|(row, column, _)| (*row, *column));
        edges.dedup_by(|next, kept| {
            let is_same = (next.0, next.1) == (kept.0, kept.1);
            if is_same {
                kept.2 += next.2;
            }
            is_same
        });
    }
    let mut out = BlockEntries { indptr: vec![0], ..BlockEntries::default() };
    let (mut along, mut against) = (along.into_iter().peekable(), against.into_iter().peekable());
    for row in nodes.map(|u| u as u32) {
        let mut is_own_due = self_loops == SelfLoops::Added;
        loop {
            let next_of = |edges: &mut std::iter::Peekable<std::vec::IntoIter<(u32, u32, f32)>>| {
                edges.peek().filter(|edge| edge.0 == row).map(|edge| edge.1)
            };
            let column = match (next_of(&mut along), next_of(&mut against)) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            if is_own_due && column.is_none_or(|column| column >= row) {
                is_own_due = false;
                if column != Some(row) {
                    out.sources.push(row);
                    out.values.push(1.0);
                    continue;
                }
            }
            let Some(column) = column else { break };
            let weights = [&mut along, &mut against]
                .map(|edges| edges.next_if(|edge| (edge.0, edge.1) == (row, column)).map(|edge| edge.2));
            let weight = weights.into_iter().flatten().fold(f32::NEG_INFINITY, f32::max);
            if column != row || self_loops != SelfLoops::Removed {
                out.sources.push(column);
                out.values.push(if is_weighted { weight } else { 1.0 });
            }
        }
        out.indptr.push(out.sources.len());
    }
    out.removed_at = vec![n_steps as u8; out.sources.len()];
    Ok(out)
}
