//! From edges in any order to sorted rows, with little memory beside the result.
//!
//! Edges wait in small blocks. They move block by block into buckets of neighbouring rows, and every bucket becomes rows by a
//! counting sort; what has moved is freed. At no time is more held than the edges once (8 bytes each, 12 with weights, twice that
//! where both directions are wanted) or the entries twice, whichever is more: about twice the finished structure.
//!
//! Edges that stand there several times are one entry. With weights, theirs are added up; where both directions of an edge
//! are wanted and both are there, the larger of the two weights counts for both.

use super::topology::{Direction, EdgeReport, SelfLoops, Topology};
use crate::engine::control::Control;
use crate::engine::error::EngineError;

/// Edges per block.
const BLOCK: usize = 1 << 13;
/// How many edges a bucket should hold: few enough that its rows stay in a core's cache while they are sorted.
const BUCKET: usize = 1 << 18;
/// More buckets than this are not made: each has a block of its own.
const MOST_BUCKETS: usize = 1 << 10;

/// What an edge carries: nothing, or a weight.
trait Weight: Copy + Send + Sync + 'static {
    /// What an added self-loop carries.
    const ONE: Self;
    fn sum(self, other: Self) -> Self;
    fn larger(self, other: Self) -> Self;
    /// Sorts by column; equal columns stay in their order where that matters.
    fn sort(row: &mut [(u32, Self)]);
}

impl Weight for () {
    const ONE: Self = ();
    fn sum(self, (): Self) -> Self {}
    fn larger(self, (): Self) -> Self {}
    fn sort(row: &mut [(u32, Self)]) {
        row.sort_unstable_by_key(|(column, ())| *column);
    }
}

impl Weight for f32 {
    const ONE: Self = 1.0;
    fn sum(self, other: Self) -> Self {
        self + other
    }
    fn larger(self, other: Self) -> Self {
        self.max(other)
    }
    fn sort(row: &mut [(u32, Self)]) {
        row.sort_by_key(|(column, _)| *column);
    }
}

/// One edge on its way.
#[derive(Debug, Clone, Copy)]
struct Pair<W> {
    row: u32,
    column: u32,
    weight: W,
}

/// Edges in blocks.
#[derive(Debug, Clone)]
struct Blocks<W>(Vec<Vec<Pair<W>>>);

impl<W: Weight> Blocks<W> {
    fn push(&mut self, pair: Pair<W>, spare: &mut Vec<Vec<Pair<W>>>) {
        match self.0.last_mut() {
            Some(block) if block.len() < BLOCK => block.push(pair),
            _ => {
                let mut block = spare.pop().unwrap_or_else(|| Vec::with_capacity(BLOCK));
                block.push(pair);
                self.0.push(block);
            }
        }
    }

    fn len(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }
}

#[derive(Debug, Clone)]
enum Pairs {
    Plain(Blocks<()>),
    Weighted(Blocks<f32>),
}

/// A list of edges that grows, and becomes a [`Topology`] in the end.
#[derive(Debug, Clone)]
pub struct EdgeList(Pairs);

/// What a list of edges became.
#[derive(Debug, Clone, PartialEq)]
pub struct Assembled {
    /// The structure.
    pub topology: Topology,
    /// One weight per entry, where the list had weights.
    pub weights: Option<Vec<f32>>,
    /// What was merged and added.
    pub report: EdgeReport,
}

impl EdgeList {
    /// An empty list without weights.
    pub fn new() -> Self {
        Self(Pairs::Plain(Blocks(Vec::new())))
    }

    /// An empty list whose edges have weights.
    pub fn weighted() -> Self {
        Self(Pairs::Weighted(Blocks(Vec::new())))
    }

    /// Adds the edge from `source` to `target`; a list without weights forgets `weight`.
    pub fn push(&mut self, source: u32, target: u32, weight: f32) {
        match &mut self.0 {
            Pairs::Plain(blocks) => blocks.push(Pair { row: target, column: source, weight: () }, &mut Vec::new()),
            Pairs::Weighted(blocks) => blocks.push(Pair { row: target, column: source, weight }, &mut Vec::new()),
        }
    }

    /// Number of edges.
    pub fn len(&self) -> usize {
        match &self.0 {
            Pairs::Plain(blocks) => blocks.len(),
            Pairs::Weighted(blocks) => blocks.len(),
        }
    }

    /// Whether there is no edge.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the edges have weights.
    pub fn is_weighted(&self) -> bool {
        matches!(self.0, Pairs::Weighted(_))
    }

    /// All edges in order, as `(source, target)`.
    pub fn pairs(&self) -> Box<dyn Iterator<Item = (u32, u32)> + '_> {
        match &self.0 {
            Pairs::Plain(blocks) => Box::new(blocks.0.iter().flatten().map(|p| (p.column, p.row))),
            Pairs::Weighted(blocks) => Box::new(blocks.0.iter().flatten().map(|p| (p.column, p.row))),
        }
    }

    /// All weights in order; none for a list without.
    pub fn weights(&self) -> Box<dyn Iterator<Item = f32> + '_> {
        match &self.0 {
            Pairs::Plain(_) => Box::new(std::iter::empty()),
            Pairs::Weighted(blocks) => Box::new(blocks.0.iter().flatten().map(|p| p.weight)),
        }
    }

    /// The same edges without weights.
    #[must_use]
    pub fn without_weights(self) -> Self {
        let Pairs::Weighted(blocks) = self.0 else { return self };
        let plain = |block: Vec<Pair<f32>>| {
            block.into_iter().map(|p| Pair { row: p.row, column: p.column, weight: () }).collect()
        };
        Self(Pairs::Plain(Blocks(blocks.0.into_iter().map(plain).collect())))
    }

    /// Gives every edge other ends: `change(source, target)`.
    pub fn renumber(&mut self, mut change: impl FnMut(u32, u32) -> (u32, u32)) {
        match &mut self.0 {
            Pairs::Plain(blocks) => {
                blocks.0.iter_mut().flatten().for_each(|p| (p.column, p.row) = change(p.column, p.row));
            }
            Pairs::Weighted(blocks) => {
                blocks.0.iter_mut().flatten().for_each(|p| (p.column, p.row) = change(p.column, p.row));
            }
        }
    }

    /// Builds the structure: row = target, column = source.
    ///
    /// # Errors
    /// [`EngineError::Topology`] when a node id is not below `n_nodes` (`row` is then the edge's position in the list),
    /// [`EngineError::Cancelled`].
    ///
    /// # Complexity
    /// O(nodes + edges) and the sorting of each row.
    pub fn assemble(
        self,
        n_nodes: usize,
        direction: Direction,
        self_loops: SelfLoops,
        ctl: &Control,
    ) -> Result<Assembled, EngineError> {
        match self.0 {
            Pairs::Plain(blocks) => {
                let (topology, _, report) = assemble(blocks, n_nodes, direction, self_loops, ctl)?;
                Ok(Assembled { topology, weights: None, report })
            }
            Pairs::Weighted(blocks) => {
                let (topology, weights, report) = assemble(blocks, n_nodes, direction, self_loops, ctl)?;
                Ok(Assembled { topology, weights: Some(weights), report })
            }
        }
    }
}

impl Default for EdgeList {
    fn default() -> Self {
        Self::new()
    }
}

/// The buckets of one direction.
struct Buckets<W> {
    blocks: Vec<Blocks<W>>,
    shift: u32,
}

impl<W: Weight> Buckets<W> {
    fn new(n_nodes: usize, n_pairs: usize) -> Self {
        let wanted = (n_pairs / BUCKET).clamp(1, MOST_BUCKETS);
        let shift = n_nodes.div_ceil(wanted).max(1).next_power_of_two().trailing_zeros();
        let n_buckets = (n_nodes >> shift) + 1;
        Self { blocks: (0..n_buckets).map(|_| Blocks(Vec::new())).collect(), shift }
    }

    fn push(&mut self, pair: Pair<W>, spare: &mut Vec<Vec<Pair<W>>>) {
        self.blocks[pair.row as usize >> self.shift].push(pair, spare);
    }
}

/// A bucket's pairs by row: the pairs of row `first + i` are `items[start[i]..start[i + 1]]`.
struct Rows<W> {
    start: Vec<usize>,
    items: Vec<(u32, W)>,
}

impl<W: Weight> Rows<W> {
    fn new(blocks: Blocks<W>, first: usize, n_rows: usize) -> Self {
        let mut start = vec![0usize; n_rows + 1];
        for pair in blocks.0.iter().flatten() {
            start[pair.row as usize - first + 1] += 1;
        }
        for row in 0..n_rows {
            start[row + 1] += start[row];
        }
        let mut next = start.clone();
        let mut items = vec![(0u32, W::ONE); start[n_rows]];
        for block in blocks.0 {
            for pair in block {
                let slot = &mut next[pair.row as usize - first];
                items[*slot] = (pair.column, pair.weight);
                *slot += 1;
            }
        }
        Self { start, items }
    }

    /// The row in ascending order without duplicates, into `out`.
    fn row_into(&mut self, row: usize, out: &mut Vec<(u32, W)>) {
        out.clear();
        let items = &mut self.items[self.start[row]..self.start[row + 1]];
        if !items.is_sorted_by_key(|(column, _)| *column) {
            W::sort(items);
        }
        for &(column, weight) in &*items {
            match out.last_mut() {
                Some(last) if last.0 == column => last.1 = last.1.sum(weight),
                _ => out.push((column, weight)),
            }
        }
    }
}

fn assemble<W: Weight>(
    blocks: Blocks<W>,
    n: usize,
    direction: Direction,
    self_loops: SelfLoops,
    ctl: &Control,
) -> Result<(Topology, Vec<W>, EdgeReport), EngineError> {
    if u32::try_from(n).is_err() {
        let found = n.to_string();
        return Err(EngineError::Topology { row: 0, expected: format!("fewer than {} nodes", u32::MAX), found });
    }
    let n_pairs = blocks.len();
    let mut report = EdgeReport { n_read: n_pairs, ..EdgeReport::default() };
    let mut forward = Buckets::new(n, n_pairs);
    let mut backward = Buckets::new(n, if direction == Direction::Symmetrised { n_pairs } else { 0 });
    backward.blocks.resize_with(forward.blocks.len(), || Blocks(Vec::new()));
    backward.shift = forward.shift;
    let mut spare = Vec::new();
    let mut at = 0;
    for mut block in blocks.0 {
        ctl.check()?;
        ctl.progress("sorting edges", at, n_pairs);
        for pair in block.drain(..) {
            if pair.row.max(pair.column) as usize >= n {
                let found = format!("{} {}", pair.column, pair.row);
                return Err(EngineError::Topology { row: at, expected: format!("node ids below {n}"), found });
            }
            let turned = Pair { row: pair.column, column: pair.row, weight: pair.weight };
            match direction {
                Direction::AsStored => forward.push(pair, &mut spare),
                Direction::Reversed => forward.push(turned, &mut spare),
                Direction::Symmetrised => {
                    forward.push(pair, &mut spare);
                    backward.push(turned, &mut spare);
                }
            }
            at += 1;
        }
        spare.push(block);
    }
    drop(spare);

    let mut indptr = Vec::with_capacity(n + 1);
    indptr.push(0usize);
    let mut pieces: Vec<(Vec<u32>, Vec<W>)> = Vec::with_capacity(forward.blocks.len());
    let (mut front, mut back) = (Vec::new(), Vec::new());
    let (shift, n_buckets) = (forward.shift, forward.blocks.len());
    let mut n_entries = 0usize;
    for (bucket, (ahead, behind)) in forward.blocks.into_iter().zip(backward.blocks).enumerate() {
        ctl.check()?;
        ctl.progress("building rows", bucket, n_buckets);
        let first = bucket << shift;
        let n_rows = n.saturating_sub(first).min(1 << shift);
        let (mut ahead, mut behind) = (Rows::new(ahead, first, n_rows), Rows::new(behind, first, n_rows));
        let mut columns = Vec::with_capacity(ahead.items.len() + behind.items.len());
        let mut weights = Vec::with_capacity(if size_of::<W>() == 0 { 0 } else { ahead.items.len() });
        for row in 0..n_rows {
            ahead.row_into(row, &mut front);
            behind.row_into(row, &mut back);
            let own = (first + row) as u32;
            let n_before = columns.len();
            let counts = merge_row(&front, &back, own, self_loops, |column, weight| {
                columns.push(column);
                weights.push(weight);
            });
            report.n_duplicates += ahead.start[row + 1] - ahead.start[row] - front.len();
            report.n_self_loops_read += usize::from(counts.has_own);
            report.n_self_loops_added += usize::from(!counts.has_own && self_loops == SelfLoops::Added);
            report.n_self_loops_removed += usize::from(counts.has_own && self_loops == SelfLoops::Removed);
            report.n_reversed_added += counts.n_only_back;
            n_entries += columns.len() - n_before;
            indptr.push(n_entries);
        }
        columns.shrink_to_fit();
        weights.shrink_to_fit();
        pieces.push((columns, weights));
    }
    let mut indices = Vec::with_capacity(n_entries);
    let mut values = Vec::with_capacity(if size_of::<W>() == 0 { 0 } else { n_entries });
    for (columns, weights) in pieces {
        indices.extend_from_slice(&columns);
        values.extend_from_slice(&weights);
    }
    Ok((Topology::try_new(indptr, indices)?, values, report))
}

/// What merging one row came upon.
struct RowCounts {
    has_own: bool,
    n_only_back: usize,
}

/// Writes the union of two ascending rows, with or without the entry of the row's own node.
fn merge_row<W: Weight>(
    front: &[(u32, W)],
    back: &[(u32, W)],
    own: u32,
    self_loops: SelfLoops,
    mut write: impl FnMut(u32, W),
) -> RowCounts {
    let mut counts = RowCounts { has_own: false, n_only_back: 0 };
    let mut is_own_due = self_loops == SelfLoops::Added;
    let (mut i, mut j) = (0, 0);
    loop {
        let (column, weight) = match (front.get(i), back.get(j)) {
            (Some(a), Some(b)) if a.0 == b.0 => {
                (i, j) = (i + 1, j + 1);
                (a.0, a.1.larger(b.1))
            }
            (Some(a), other) if other.is_none_or(|b| a.0 < b.0) => {
                i += 1;
                *a
            }
            (_, Some(b)) => {
                j += 1;
                counts.n_only_back += 1;
                *b
            }
            (_, None) => break,
        };
        if is_own_due && column >= own {
            is_own_due = false;
            if column != own {
                write(own, W::ONE);
            }
        }
        counts.has_own |= column == own;
        if column != own || self_loops != SelfLoops::Removed {
            write(column, weight);
        }
    }
    if is_own_due {
        write(own, W::ONE);
    }
    counts
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rand::rngs::StdRng;
    use rand::{Rng as _, SeedableRng as _};

    use super::*;

    /// The same by a map of entries.
    fn slowly(edges: &[(u32, u32, f32)], n: u32, direction: Direction, self_loops: SelfLoops) -> Vec<(u32, u32, f32)> {
        let mut stored: BTreeMap<(u32, u32), f32> = BTreeMap::new();
        for &(source, target, weight) in edges {
            let key = if direction == Direction::Reversed { (source, target) } else { (target, source) };
            *stored.entry(key).or_default() += weight;
        }
        let mut all = stored.clone();
        if direction == Direction::Symmetrised {
            for (&(u, v), &weight) in &stored {
                let slot = all.entry((v, u)).or_insert(weight);
                *slot = slot.max(weight);
            }
        }
        for u in 0..n {
            match self_loops {
                SelfLoops::AsStored => {}
                SelfLoops::Added => {
                    all.entry((u, u)).or_insert(1.0);
                }
                SelfLoops::Removed => {
                    all.remove(&(u, u));
                }
            }
        }
        all.into_iter().map(|((u, v), weight)| (u, v, weight)).collect()
    }

    #[test]
    fn rows_are_those_of_a_map_of_entries() {
        let ctl = Control::new(1).expect("a worker");
        let mut rng = StdRng::seed_from_u64(7);
        // The last case needs several blocks and buckets.
        for (n, n_edges) in [(1u32, 3usize), (5, 12), (40, 300), (3000, 2 * BUCKET + BLOCK + 1)] {
            let edges: Vec<(u32, u32, f32)> = (0..n_edges)
                .map(|_| (rng.random_range(0..n), rng.random_range(0..n), rng.random_range(1..9u8).into()))
                .collect();
            for direction in [Direction::AsStored, Direction::Reversed, Direction::Symmetrised] {
                for self_loops in [SelfLoops::AsStored, SelfLoops::Added, SelfLoops::Removed] {
                    let (mut list, mut plain) = (EdgeList::weighted(), EdgeList::new());
                    for &(source, target, weight) in &edges {
                        list.push(source, target, weight);
                        plain.push(source, target, weight);
                    }
                    let expected = slowly(&edges, n, direction, self_loops);
                    let built = list.assemble(n as usize, direction, self_loops, &ctl).expect("valid edges");
                    let weights = built.weights.expect("weights");
                    let found: Vec<_> =
                        built.topology.entries().zip(weights).map(|((u, v), weight)| (u, v, weight)).collect();
                    assert_eq!(found, expected, "{n} nodes, {direction:?}, {self_loops:?}");
                    let plain = plain.assemble(n as usize, direction, self_loops, &ctl).expect("valid edges");
                    assert_eq!((plain.topology, plain.weights), (built.topology, None));
                    assert_eq!(plain.report, built.report);
                }
            }
        }
    }

    #[test]
    fn an_edge_to_nowhere_is_named() {
        let ctl = Control::new(1).expect("a worker");
        let mut list = EdgeList::new();
        list.push(0, 1, 1.0);
        list.push(2, 1, 1.0);
        let error = list.assemble(2, Direction::AsStored, SelfLoops::AsStored, &ctl).unwrap_err();
        assert_eq!(error.to_string(), "graph structure, row 1: expected node ids below 2, found 2 1");
    }
}
