//! From edges in any order to sorted rows, with little memory beside the result.
//!
//! Edges wait in packed runs (`runs.rs`). Range by range of rows the runs are put together by a counting sort, straight into the
//! result, and what has been used is given back. Where both directions are wanted, the structure and its transpose are merged within
//! the result's own memory. At no time is more held than the runs and the entries of one direction, or the entries of one direction
//! and those of both: about twice the finished structure.
//!
//! Edges that stand there several times are one entry. With weights, theirs are added up in their order; where both directions of an
//! edge are wanted and both are there, the larger of the two weights counts for both.

use std::ops::Range;

use super::runs::{Pair, Run, Runs, Weight};
use super::topology::{Direction, EdgeReport, SelfLoops, Topology};
use crate::engine::control::Control;
use crate::engine::error::EngineError;

/// How many edges a range of rows should hold: few enough that they stay in a core's cache while they are sorted.
const EDGES_PER_RANGE: usize = if cfg!(test) { 1 << 9 } else { 1 << 18 };
/// More rows than two to this power are no range, unless a run's parts are larger.
const MAX_RANGE_BITS: u32 = 16;

#[derive(Debug)]
enum Pairs {
    Plain(Runs<()>),
    Weighted(Runs<f32>),
}

/// A list of edges that grows, and becomes a [`Topology`] in the end.
#[derive(Debug)]
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
    /// Edges whose two directions had different weights, of which the larger counts for both.
    pub n_unequal: usize,
}

impl EdgeList {
    /// An empty list without weights.
    pub fn new() -> Self {
        Self(Pairs::Plain(Runs::new()))
    }

    /// An empty list whose edges have weights.
    pub fn weighted() -> Self {
        Self(Pairs::Weighted(Runs::new()))
    }

    /// Adds the edge from `source` to `target`; a list without weights forgets `weight`.
    #[inline]
    pub fn push(&mut self, source: u32, target: u32, weight: f32) {
        match &mut self.0 {
            Pairs::Plain(runs) => runs.push(Pair { row: target, column: source, weight: () }),
            Pairs::Weighted(runs) => runs.push(Pair { row: target, column: source, weight }),
        }
    }

    /// Number of edges.
    pub fn len(&self) -> usize {
        match &self.0 {
            Pairs::Plain(runs) => runs.len(),
            Pairs::Weighted(runs) => runs.len(),
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

    /// The largest node id of any edge, without a pass over them.
    pub fn largest_end(&self) -> Option<u32> {
        match &self.0 {
            Pairs::Plain(runs) => runs.largest_end(),
            Pairs::Weighted(runs) => runs.largest_end(),
        }
    }

    /// All edges as `(source, target)`, in any order, but always the same.
    pub fn pairs(&self) -> Box<dyn Iterator<Item = (u32, u32)> + '_> {
        match &self.0 {
            Pairs::Plain(runs) => Box::new(runs.pairs().map(|p| (p.column, p.row))),
            Pairs::Weighted(runs) => Box::new(runs.pairs().map(|p| (p.column, p.row))),
        }
    }

    /// Gives every edge to `each(source, target)`, in the order of [`EdgeList::pairs`].
    pub fn for_each(&self, mut each: impl FnMut(u32, u32)) {
        match &self.0 {
            Pairs::Plain(runs) => runs.for_each(|p| each(p.column, p.row)),
            Pairs::Weighted(runs) => runs.for_each(|p| each(p.column, p.row)),
        }
    }

    /// All weights in the order of [`EdgeList::pairs`]; none for a list without.
    pub fn weights(&self) -> Box<dyn Iterator<Item = f32> + '_> {
        match &self.0 {
            Pairs::Plain(_) => Box::new(std::iter::empty()),
            Pairs::Weighted(runs) => Box::new(runs.pairs().map(|p| p.weight)),
        }
    }

    /// The same edges without weights.
    #[must_use]
    pub fn without_weights(self) -> Self {
        match self.0 {
            Pairs::Plain(_) => self,
            Pairs::Weighted(runs) => Self(Pairs::Plain(runs.without_weights())),
        }
    }

    /// Gives every edge other ends: `change(source, target)`, which must give different edges different ends.
    pub fn renumber(&mut self, change: impl FnMut(u32, u32) -> (u32, u32)) {
        match &mut self.0 {
            Pairs::Plain(runs) => runs.renumber(change),
            Pairs::Weighted(runs) => runs.renumber(change),
        }
    }

    /// Builds the structure: row = target, column = source.
    ///
    /// # Errors
    /// [`EngineError::Topology`] when a node id is not below `n_nodes` (of those, the edge with the largest is named; `row` is then its
    /// position in the order of [`EdgeList::pairs`]), [`EngineError::Cancelled`].
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
            Pairs::Plain(runs) => {
                let (topology, _, report, n_unequal) = assemble(runs, n_nodes, direction, self_loops, ctl)?;
                Ok(Assembled { topology, weights: None, report, n_unequal })
            }
            Pairs::Weighted(runs) => {
                let (topology, weights, report, n_unequal) = assemble(runs, n_nodes, direction, self_loops, ctl)?;
                Ok(Assembled { topology, weights: Some(weights), report, n_unequal })
            }
        }
    }
}

impl Default for EdgeList {
    fn default() -> Self {
        Self::new()
    }
}

/// The edges of a range of rows by row: those of row `first + i` are `items[start[i]..start[i + 1]]`.
struct Rows<W> {
    start: Vec<usize>,
    items: Vec<(u32, W)>,
}

impl<W: Weight> Rows<W> {
    /// Takes the edges of the rows from `first` to below `first + n_rows`, at most `2^range_bits`, out of all runs in their order.
    fn fill(&mut self, runs: &[Run<W>], first: usize, n_rows: usize, range_bits: u32) {
        // One place further on, so that what counts up while edges are placed ends as the starts.
        self.start.clear();
        self.start.resize(n_rows + 2, 0);
        for run in runs {
            run.pairs(run.parts_of(first, range_bits)).for_each(|p| self.start[p.row as usize - first + 2] += 1);
        }
        for row in 2..n_rows + 2 {
            self.start[row] += self.start[row - 1];
        }
        self.items.clear();
        self.items.resize(self.start[n_rows + 1], (0, W::ONE));
        for run in runs {
            run.pairs(run.parts_of(first, range_bits)).for_each(|p| {
                let slot = &mut self.start[p.row as usize - first + 1];
                self.items[*slot] = (p.column, p.weight);
                *slot += 1;
            });
        }
    }

    /// The row in ascending order, with its duplicates.
    fn sorted(&mut self, row: usize) -> &[(u32, W)] {
        let items = &mut self.items[self.start[row]..self.start[row + 1]];
        if !items.is_sorted_by_key(|(column, _)| *column) {
            W::sort(items);
        }
        items
    }
}

fn assemble<W: Weight>(
    mut runs: Runs<W>,
    n: usize,
    direction: Direction,
    self_loops: SelfLoops,
    ctl: &Control,
) -> Result<(Topology, Vec<W>, EdgeReport, usize), EngineError> {
    let fault = |row, expected, found| Err(EngineError::Topology { row, expected, found });
    if u32::try_from(n).is_err() {
        return fault(0, format!("fewer than {} nodes", u32::MAX), n.to_string());
    }
    if runs.largest_end().is_some_and(|end| end as usize >= n)
        && let Some((at, pair)) = runs.largest()
    {
        return fault(at, format!("node ids below {n}"), format!("{} {}", pair.column, pair.row));
    }
    if direction == Direction::Reversed {
        runs.renumber(|source, target| (target, source));
    }
    runs.close();
    runs.open = Vec::new();
    let mut report = EdgeReport { n_read: runs.len(), ..EdgeReport::default() };
    let (topology, weights) = one_way(runs.closed, n, self_loops, &mut report, ctl)?;
    if direction != Direction::Symmetrised || (size_of::<W>() == 0 && topology.is_symmetric_while(|| ctl.check())?) {
        return Ok((topology.checked_while(|| ctl.check())?, weights, report, 0));
    }
    let (topology, weights, n_unequal) = both_ways(topology, weights, &mut report, ctl)?;
    Ok((topology, weights, report, n_unequal))
}

/// The structure as the edges stand there, not checked yet.
fn one_way<W: Weight>(
    mut runs: Vec<Run<W>>,
    n: usize,
    self_loops: SelfLoops,
    report: &mut EdgeReport,
    ctl: &Control,
) -> Result<(Topology, Vec<W>), EngineError> {
    let wanted = n.saturating_mul(EDGES_PER_RANGE) / report.n_read.max(1);
    let largest_part = runs.iter().map(|run| run.shift).max().unwrap_or(0);
    let range_bits = wanted.max(1).ilog2().min(MAX_RANGE_BITS).max(largest_part);
    let n_ranges = n.div_ceil(1 << range_bits);
    let mut indptr = Vec::with_capacity(n + 1);
    indptr.push(0usize);
    // Memory that is never written to is not taken.
    let most = report.n_read + if self_loops == SelfLoops::Added { n } else { 0 };
    let (mut indices, mut weights) = (Vec::with_capacity(most), Vec::with_capacity(most));
    let mut rows = Rows { start: Vec::new(), items: Vec::new() };
    for range in 0..n_ranges {
        ctl.check()?;
        ctl.progress("building rows", range, n_ranges);
        let first = range << range_bits;
        let n_rows = (n - first).min(1 << range_bits);
        rows.fill(&runs, first, n_rows, range_bits);
        for run in &mut runs {
            run.release(run.parts_of(first, range_bits).end);
        }
        for row in 0..n_rows {
            let own = (first + row) as u32;
            let counts = write_row(rows.sorted(row), own, self_loops, &mut indices, &mut weights);
            report.n_duplicates += counts.n_duplicates;
            report.n_self_loops_read += usize::from(counts.has_own);
            report.n_self_loops_added += usize::from(!counts.has_own && self_loops == SelfLoops::Added);
            report.n_self_loops_removed += usize::from(counts.has_own && self_loops == SelfLoops::Removed);
            indptr.push(indices.len());
        }
    }
    drop((rows, runs));
    indices.shrink_to_fit();
    weights.shrink_to_fit();
    Ok((Topology::trusted(indptr, indices), weights))
}

/// What writing one row came upon.
struct RowCounts {
    has_own: bool,
    n_duplicates: usize,
}

/// Writes an ascending row once per column, with or without the entry of the row's own node.
fn write_row<W: Weight>(
    items: &[(u32, W)],
    own: u32,
    self_loops: SelfLoops,
    indices: &mut Vec<u32>,
    weights: &mut Vec<W>,
) -> RowCounts {
    let mut counts = RowCounts { has_own: false, n_duplicates: 0 };
    let mut is_own_due = self_loops == SelfLoops::Added;
    let (mut last, mut is_kept) = (None, false);
    for &(column, weight) in items {
        if last == Some(column) {
            counts.n_duplicates += 1;
            if let Some(sum) = weights.last_mut().filter(|_| is_kept) {
                *sum = sum.sum(weight);
            }
            continue;
        }
        last = Some(column);
        if is_own_due && column >= own {
            is_own_due = false;
            if column != own {
                indices.push(own);
                weights.push(W::ONE);
            }
        }
        counts.has_own |= column == own;
        is_kept = column != own || self_loops != SelfLoops::Removed;
        if is_kept {
            indices.push(column);
            weights.push(weight);
        }
    }
    if is_own_due {
        indices.push(own);
        weights.push(W::ONE);
    }
    counts
}

/// The union of a structure and its transpose; of two weights the larger. With it, how many pairs of nodes had two different ones.
fn both_ways<W: Weight>(
    topology: Topology,
    weights: Vec<W>,
    report: &mut EdgeReport,
    ctl: &Control,
) -> Result<(Topology, Vec<W>, usize), EngineError> {
    /// Rows between two looks at the stop button.
    const ROWS: usize = 1 << 12;
    let n = topology.n_nodes();
    // Where the entries of every row begin: first its own, then those of the transpose. Merged in the end, they never reach
    // further than they did.
    let mut start = vec![0usize; n + 1];
    topology.indices().iter().for_each(|v| start[*v as usize + 1] += 1);
    for u in 0..n {
        start[u + 1] += start[u] + topology.degree(u);
    }
    let mut next: Vec<usize> = (0..n).map(|u| start[u] + topology.degree(u)).collect();
    let (mut indices, mut values) = (vec![0u32; start[n]], vec![W::ONE; start[n]]);
    for u in 0..n {
        if u % ROWS == 0 {
            ctl.check()?;
            ctl.progress("turning edges", u, n);
        }
        let range = topology.row_range(u);
        for (v, weight) in topology.row(u).iter().zip(&weights[range]) {
            let slot = &mut next[*v as usize];
            indices[*slot] = u as u32;
            values[*slot] = *weight;
            *slot += 1;
        }
    }
    drop(next);
    let (mut n_written, mut n_unequal) = (0, 0);
    for u in 0..n {
        if u % ROWS == 0 {
            ctl.check()?;
            ctl.progress("joining directions", u, n);
        }
        let (back, end) = (start[u] + topology.degree(u), start[u + 1]);
        start[u] = n_written;
        let front = (topology.row(u), &weights[topology.row_range(u)]);
        let merged = merge_row(front, (&mut indices, &mut values), back..end, &mut n_written);
        report.n_reversed_added += merged.n_only_back;
        n_unequal += merged.n_unequal;
    }
    start[n] = n_written;
    indices.truncate(n_written);
    indices.shrink_to_fit();
    values.truncate(n_written);
    values.shrink_to_fit();
    // Each pair was met from both of its ends.
    Ok((Topology::try_new_while(start, indices, || ctl.check())?.known_symmetric(), values, n_unequal / 2))
}

/// What merging two rows came upon.
struct Merged {
    /// Entries that stand in the second row only.
    n_only_back: usize,
    /// Entries that stand in both, with different weights.
    n_unequal: usize,
}

/// The union of two ascending rows, written to where `n_written` says and counted there.
///
/// The second row stands at `back` of what is written to, with room for the whole first one before it: so an entry is read before
/// its place is taken.
fn merge_row<W: Weight>(
    (front, front_weights): (&[u32], &[W]),
    (indices, weights): (&mut [u32], &mut [W]),
    back: Range<usize>,
    n_written: &mut usize,
) -> Merged {
    let (mut i, mut k, mut n_only_back, mut n_unequal) = (0, back.start, 0, 0);
    let mut at = *n_written;
    // Without a branch that depends on the columns: nobody could tell beforehand which way it goes.
    while i < front.len() && k < back.end {
        let (a, b) = (front[i], indices[k]);
        let (of_front, of_back) = (front_weights[i], weights[k]);
        let (is_front, is_back) = (a <= b, b <= a);
        indices[at] = a.min(b);
        weights[at] = match (is_front, is_back) {
            (true, true) => of_front.larger(of_back),
            (true, false) => of_front,
            _ => of_back,
        };
        at += 1;
        i += usize::from(is_front);
        k += usize::from(is_back);
        n_only_back += usize::from(!is_front);
        n_unequal += usize::from(is_front & is_back & of_front.differs(of_back));
    }
    let n_front = front.len() - i;
    indices[at..at + n_front].copy_from_slice(&front[i..]);
    weights[at..at + n_front].copy_from_slice(&front_weights[i..]);
    at += n_front;
    let n_back = back.end - k;
    indices.copy_within(k..back.end, at);
    weights.copy_within(k..back.end, at);
    *n_written = at + n_back;
    Merged { n_only_back: n_only_back + n_back, n_unequal }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rand::rngs::StdRng;
    use rand::{Rng as _, SeedableRng as _};

    use super::*;
    use crate::engine::graph::runs::RUN;

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
        // The last cases need several runs, parts and ranges.
        for (n, n_edges) in
            [(1u32, 3usize), (5, 12), (40, 300), (300, 4 * RUN), (9000, 2 * RUN + 1), (200_000, 3 * RUN)]
        {
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
    fn edges_with_two_weights_are_counted_once() {
        let ctl = Control::new(1).expect("a worker");
        let mut list = EdgeList::weighted();
        for (a, b, weight) in [(0, 1, 2.0), (1, 0, 3.0), (1, 2, 1.0), (2, 1, 1.0), (2, 3, 5.0), (3, 3, 1.0)] {
            list.push(a, b, weight);
        }
        let built = list.assemble(4, Direction::Symmetrised, SelfLoops::AsStored, &ctl).expect("edges");
        assert_eq!(built.n_unequal, 1);
    }

    #[test]
    fn packed_edges_are_what_they_were() {
        let mut rng = StdRng::seed_from_u64(3);
        for n_bits in [1, 8, 9, 12, 13, 20, 21, 28, 29, 32] {
            let mut id = || (rng.random::<u64>() & ((1 << n_bits) - 1)) as u32;
            let mut edges: Vec<(u32, u32, u32)> = (0..2 * RUN + 5).map(|at| (id(), id(), at as u32)).collect();
            let mut list = EdgeList::weighted();
            for e in &edges {
                list.push(e.0, e.1, e.2 as f32);
            }
            let found = |list: &EdgeList| {
                let weights = list.weights().map(|w| w as u32);
                let mut found: Vec<_> = list.pairs().zip(weights).map(|((a, b), w)| (a, b, w)).collect();
                found.sort_by_key(|e| e.2);
                found
            };
            assert_eq!(found(&list), edges, "{n_bits} bits");
            list.renumber(|a, b| (b ^ 1, a));
            for e in &mut edges {
                (e.0, e.1) = (e.1 ^ 1, e.0);
            }
            assert_eq!(found(&list), edges, "{n_bits} bits, renumbered");
            let bare: Vec<_> = list.pairs().collect();
            let mut each = Vec::new();
            let list = list.without_weights();
            list.for_each(|a, b| each.push((a, b)));
            assert_eq!((list.pairs().collect::<Vec<_>>(), each), (bare.clone(), bare));
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
