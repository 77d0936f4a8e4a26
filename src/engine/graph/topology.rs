//! The structure of a graph: compressed sparse rows without values.
//!
//! Row = target `u`, column = source `v`: row `u` lists the in-neighbours of node `u`. Values (diffusion weights, masks, scores)
//! are separate arrays in the same entry order, so one structure serves many of them.

use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use super::permutation::KnownOrders;
use crate::engine::error::EngineError;

/// How to read a list of edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// An edge `a b` is a message from `a` to `b` only.
    AsStored,
    /// An edge `a b` is a message from `b` to `a` only.
    Reversed,
    /// Every edge counts in both directions.
    #[default]
    Symmetrised,
}

/// What to do about edges from a node to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SelfLoops {
    /// Keep those that are there.
    AsStored,
    /// Every node gets one: the `Ā = A + I` of the method.
    #[default]
    Added,
    /// None is kept.
    Removed,
}

/// What [`Topology::from_edges`] did to the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_field_names, reason = "counts are named n_… throughout")]
pub struct EdgeReport {
    /// Pairs in the list.
    pub n_read: usize,
    /// Pairs that stood there before and were merged.
    pub n_duplicates: usize,
    /// Pairs from a node to itself in the list.
    pub n_self_loops_read: usize,
    /// Self-loops that were added.
    pub n_self_loops_added: usize,
    /// Self-loops that were left out.
    pub n_self_loops_removed: usize,
    /// Reverse entries that were added.
    pub n_reversed_added: usize,
}

/// A graph's structure. Cheap to clone: clones share the lists.
///
/// # Invariants
/// Checked in [`Topology::try_new`]: `indptr` has `n_nodes + 1` values, starts at 0, never falls and ends at the number of
/// entries; the columns of a row ascend strictly and are below `n_nodes`; there are fewer than 2³² nodes.
#[derive(Debug, Clone)]
pub struct Topology {
    indptr: Arc<Vec<usize>>,
    indices: Arc<Vec<u32>>,
    /// Whether `(v, u)` is stored wherever `(u, v)` is, once somebody has asked.
    is_symmetric: OnceLock<bool>,
    pub(super) orders: Arc<KnownOrders>,
}

impl PartialEq for Topology {
    fn eq(&self, other: &Self) -> bool {
        self.indptr == other.indptr && self.indices == other.indices
    }
}

impl Eq for Topology {}

/// The transposed structure, and where each of its entries stands in the original.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transpose {
    /// Row = source, column = target.
    pub topology: Topology,
    /// For each transposed entry the index of the original entry.
    pub entry: Vec<usize>,
}

impl Topology {
    /// What keeps the invariants by the way it was made.
    pub(super) fn trusted(indptr: Vec<usize>, indices: Vec<u32>) -> Self {
        let (is_symmetric, orders) = (OnceLock::new(), Arc::default());
        Self { indptr: Arc::new(indptr), indices: Arc::new(indices), is_symmetric, orders }
    }

    /// The same, made so that `(v, u)` is stored wherever `(u, v)` is.
    pub(super) fn known_symmetric(self) -> Self {
        Self { is_symmetric: OnceLock::from(true), ..self }
    }

    /// Checks and takes over a compressed sparse row structure.
    ///
    /// # Errors
    /// [`EngineError::Topology`] names the first row that breaks an invariant.
    ///
    /// # Complexity
    /// O(nodes + entries).
    pub fn try_new(indptr: Vec<usize>, indices: Vec<u32>) -> Result<Self, EngineError> {
        Self::try_new_while(indptr, indices, || Ok(()))
    }

    /// As [`Topology::try_new`], as long as `check` finds nothing: it is asked every few hundred thousand entries.
    ///
    /// # Errors
    /// As [`Topology::try_new`], and what `check` says.
    pub fn try_new_while(
        indptr: Vec<usize>,
        indices: Vec<u32>,
        check: impl Fn() -> Result<(), EngineError>,
    ) -> Result<Self, EngineError> {
        Self::trusted(indptr, indices).checked_while(check)
    }

    /// The same, checked as [`Topology::try_new_while`] does; what is known of its symmetry stays known.
    pub(super) fn checked_while(self, check: impl Fn() -> Result<(), EngineError>) -> Result<Self, EngineError> {
        /// Rows and entries between two looks.
        const STEP: usize = 1 << 18;
        let (indptr, indices) = (&*self.indptr, &*self.indices);
        let fault = |row: usize, expected: String, found: String| Err(EngineError::Topology { row, expected, found });
        if indptr.is_empty() {
            return fault(0, "at least one row pointer".into(), "none".into());
        }
        let n = indptr.len() - 1;
        if u32::try_from(n).is_err() {
            return fault(0, format!("fewer than {} nodes", u32::MAX), n.to_string());
        }
        if indptr[0] != 0 {
            return fault(0, "row pointers that start at 0".into(), indptr[0].to_string());
        }
        for first in (0..n).step_by(STEP) {
            check()?;
            let pointers = &indptr[first..=(first + STEP).min(n)];
            if let Some(row) = pointers.windows(2).position(|w| w[0] > w[1]).map(|at| first + at) {
                return fault(
                    row,
                    "row pointers that never fall".into(),
                    format!("{} then {}", indptr[row], indptr[row + 1]),
                );
            }
        }
        if indptr[n] != indices.len() {
            return fault(n, format!("a last row pointer of {}", indices.len()), indptr[n].to_string());
        }
        let mut looked_at = 0;
        for row in 0..n {
            if indptr[row] + row >= looked_at + STEP {
                looked_at = indptr[row] + row;
                check()?;
            }
            let columns = &indices[indptr[row]..indptr[row + 1]];
            if let Some((a, b)) = columns.iter().zip(&columns[columns.len().min(1)..]).find(|(a, b)| a >= b) {
                return fault(row, "columns that ascend strictly".into(), format!("{a} then {b}"));
            }
            if let Some(&last) = columns.last().filter(|&&c| c as usize >= n) {
                return fault(row, format!("columns below {n}"), last.to_string());
            }
        }
        Ok(self)
    }

    /// Builds the structure from pairs `(source, target)`; duplicates are merged.
    ///
    /// # Errors
    /// [`EngineError::Topology`] when a node id is not below `n_nodes` (`row` is then the pair's position in the list).
    ///
    /// # Complexity
    /// O(nodes + pairs) and the sorting of each row.
    ///
    /// # Examples
    /// ```
    /// use unifews::engine::graph::{Direction, SelfLoops, Topology};
    ///
    /// let pairs = [(0, 1), (1, 2)];
    /// let (path, report) = Topology::from_edges(3, &pairs, Direction::Symmetrised, SelfLoops::Added)?;
    /// assert_eq!(path.row(1), [0, 1, 2]);
    /// assert_eq!((report.n_reversed_added, report.n_self_loops_added), (2, 3));
    /// # Ok::<(), unifews::engine::EngineError>(())
    /// ```
    pub fn from_edges(
        n_nodes: usize,
        pairs: &[(u32, u32)],
        direction: Direction,
        self_loops: SelfLoops,
    ) -> Result<(Self, EdgeReport), EngineError> {
        if let Some(at) = pairs.iter().position(|&(a, b)| a.max(b) as usize >= n_nodes) {
            let found = format!("{} {}", pairs[at].0, pairs[at].1);
            return Err(EngineError::Topology { row: at, expected: format!("node ids below {n_nodes}"), found });
        }
        let mut report = EdgeReport { n_read: pairs.len(), ..EdgeReport::default() };
        let ahead =
            |(source, target)| if direction == Direction::Reversed { (source, target) } else { (target, source) };
        let stored = compress(n_nodes, pairs.iter().map(|&pair| ahead(pair)), pairs.len());
        report.n_duplicates = pairs.len() - stored.n_entries();
        report.n_self_loops_read = stored.n_self_loops();
        let mut topology = stored;
        if direction == Direction::Symmetrised {
            let before = topology.n_entries();
            let both = topology.entries().flat_map(|(u, v)| [(u, v), (v, u)]).collect::<Vec<_>>();
            topology = compress(n_nodes, both.iter().copied(), both.len());
            report.n_reversed_added = topology.n_entries() - before;
        }
        let before = topology.n_entries();
        match self_loops {
            SelfLoops::AsStored => {}
            SelfLoops::Added => topology = topology.with_self_loops(),
            SelfLoops::Removed => topology = topology.without_self_loops(),
        }
        report.n_self_loops_added = topology.n_entries().saturating_sub(before);
        report.n_self_loops_removed = before.saturating_sub(topology.n_entries());
        Ok((topology, report))
    }

    /// The same structure without entries `(u, u)`.
    #[must_use]
    pub fn without_self_loops(&self) -> Self {
        let mut indptr = Vec::with_capacity(self.indptr.len());
        let mut indices = Vec::with_capacity(self.n_entries());
        indptr.push(0);
        for u in 0..self.n_nodes() {
            indices.extend(self.row(u).iter().filter(|v| **v as usize != u));
            indptr.push(indices.len());
        }
        Self::trusted(indptr, indices)
    }

    /// The same structure with an entry `(u, u)` for every node.
    #[must_use]
    pub fn with_self_loops(&self) -> Self {
        let n = self.n_nodes();
        let mut indptr = Vec::with_capacity(n + 1);
        let mut indices = Vec::with_capacity(self.n_entries() + n);
        indptr.push(0);
        for u in 0..n {
            let own = u as u32;
            let row = self.row(u);
            let at = row.partition_point(|&v| v < own);
            indices.extend_from_slice(&row[..at]);
            indices.push(own);
            indices.extend_from_slice(&row[at + usize::from(row.get(at) == Some(&own))..]);
            indptr.push(indices.len());
        }
        Self::trusted(indptr, indices)
    }

    /// Number of nodes.
    pub fn n_nodes(&self) -> usize {
        self.indptr.len() - 1
    }

    /// Number of stored directed entries, self-loops included (the paper's `m`).
    pub fn n_entries(&self) -> usize {
        self.indices.len()
    }

    /// Row pointers, `n_nodes + 1` values.
    pub fn indptr(&self) -> &[usize] {
        &self.indptr
    }

    /// Source of every entry, row after row.
    pub fn indices(&self) -> &[u32] {
        &self.indices
    }

    /// Row pointers and sources, shared.
    pub(crate) fn shared(&self) -> (Arc<Vec<usize>>, Arc<Vec<u32>>) {
        (Arc::clone(&self.indptr), Arc::clone(&self.indices))
    }

    /// The entries of target `u`, as a range of entry indices.
    pub fn row_range(&self, u: usize) -> std::ops::Range<usize> {
        self.indptr[u]..self.indptr[u + 1]
    }

    /// The sources of target `u`, ascending.
    pub fn row(&self, u: usize) -> &[u32] {
        &self.indices[self.row_range(u)]
    }

    /// Number of entries in row `u`: the degree `d(u)` in `Ā`.
    pub fn degree(&self, u: usize) -> usize {
        self.indptr[u + 1] - self.indptr[u]
    }

    /// All entries in order, as `(target, source)`.
    pub fn entries(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        (0..self.n_nodes()).flat_map(move |u| self.row(u).iter().map(move |&v| (u as u32, v)))
    }

    /// Number of entries `(u, u)`.
    pub fn n_self_loops(&self) -> usize {
        /// Up to this length a scan of the row is faster than a search in it.
        const SHORT: usize = 64;
        let has_own = |u: &usize| {
            let row = self.row(*u);
            if row.len() <= SHORT { row.contains(&(*u as u32)) } else { self.find(*u, *u).is_some() }
        };
        (0..self.n_nodes()).filter(has_own).count()
    }

    /// The index of entry `(u, v)`, if it is stored.
    pub fn find(&self, u: usize, v: usize) -> Option<usize> {
        self.row(u).binary_search(&(v as u32)).ok().map(|at| self.indptr[u] + at)
    }

    /// Whether `(v, u)` is stored wherever `(u, v)` is.
    pub fn is_symmetric(&self) -> bool {
        self.is_symmetric_while(|| Ok(())).unwrap_or_default()
    }

    /// As [`Topology::is_symmetric`], as long as `check` finds nothing: it is asked every few ten thousand rows.
    ///
    /// # Errors
    /// What `check` says.
    pub fn is_symmetric_while(&self, check: impl Fn() -> Result<(), EngineError>) -> Result<bool, EngineError> {
        if let Some(known) = self.is_symmetric.get() {
            return Ok(*known);
        }
        let found = self.has_every_reverse(check)?;
        Ok(*self.is_symmetric.get_or_init(|| found))
    }

    fn has_every_reverse(&self, check: impl Fn() -> Result<(), EngineError>) -> Result<bool, EngineError> {
        /// Rows between two looks.
        const STEP: usize = 1 << 14;
        // Rows are visited in ascending order, so the reverses of the entries above the diagonal must come up in the order of their
        // rows, too, and no others may stand below it.
        let mut next = self.indptr[..self.n_nodes()].to_vec();
        for u in 0..self.n_nodes() {
            if u % STEP == 0 {
                check()?;
            }
            let row = self.row(u);
            let is_reversed = row[row.partition_point(|v| *v as usize <= u)..].iter().all(|v| {
                let slot = &mut next[*v as usize];
                *slot += 1;
                self.indices.get(*slot - 1) == Some(&(u as u32))
            });
            if !is_reversed {
                return Ok(false);
            }
        }
        Ok((0..self.n_nodes()).all(|u| next[u] == self.indptr[u] + self.row(u).partition_point(|v| (*v as usize) < u)))
    }

    /// The transposed structure with the entry map.
    ///
    /// # Complexity
    /// O(nodes + entries).
    pub fn transposed(&self) -> Transpose {
        let n = self.n_nodes();
        let mut indptr = vec![0usize; n + 1];
        for &v in self.indices.iter() {
            indptr[v as usize + 1] += 1;
        }
        for v in 0..n {
            indptr[v + 1] += indptr[v];
        }
        let mut next = indptr.clone();
        let mut indices = vec![0u32; self.n_entries()];
        let mut entry = vec![0usize; self.n_entries()];
        for u in 0..n {
            for k in self.row_range(u) {
                let slot = &mut next[self.indices[k] as usize];
                indices[*slot] = u as u32;
                entry[*slot] = k;
                *slot += 1;
            }
        }
        Transpose { topology: Self::trusted(indptr, indices), entry }
    }

    /// Bytes this structure occupies.
    pub fn size_bytes(&self) -> usize {
        self.indptr.len() * size_of::<usize>() + self.indices.len() * size_of::<u32>()
    }
}

/// Counting sort of `(row, column)` pairs into sorted, duplicate-free rows.
fn compress(n: usize, pairs: impl Iterator<Item = (u32, u32)> + Clone, n_pairs: usize) -> Topology {
    let mut start = vec![0usize; n + 1];
    for (row, _) in pairs.clone() {
        start[row as usize + 1] += 1;
    }
    for row in 0..n {
        start[row + 1] += start[row];
    }
    let mut next = start.clone();
    let mut columns = vec![0u32; n_pairs];
    for (row, column) in pairs {
        columns[next[row as usize]] = column;
        next[row as usize] += 1;
    }
    let mut indptr = Vec::with_capacity(n + 1);
    indptr.push(0);
    let mut written = 0;
    for row in 0..n {
        let (from, to) = (start[row], start[row + 1]);
        columns[from..to].sort_unstable();
        let mut last = None;
        for at in from..to {
            if last != Some(columns[at]) {
                last = Some(columns[at]);
                columns[written] = columns[at];
                written += 1;
            }
        }
        indptr.push(written);
    }
    columns.truncate(written);
    Topology::trusted(indptr, columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_each_broken_invariant_by_row() {
        let cases: [(&[usize], &[u32], &str); 6] = [
            (&[], &[], "graph structure, row 0: expected at least one row pointer, found none"),
            (&[1, 2], &[0, 0], "graph structure, row 0: expected row pointers that start at 0, found 1"),
            (&[0, 2, 1], &[0], "graph structure, row 1: expected row pointers that never fall, found 2 then 1"),
            (&[0, 1], &[0, 0], "graph structure, row 1: expected a last row pointer of 2, found 1"),
            (&[0, 2, 2], &[1, 1], "graph structure, row 0: expected columns that ascend strictly, found 1 then 1"),
            (&[0, 0, 1], &[2], "graph structure, row 1: expected columns below 2, found 2"),
        ];
        for (indptr, indices, message) in cases {
            let error = Topology::try_new(indptr.to_vec(), indices.to_vec()).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn checking_stops_in_the_middle_of_many_rows_and_of_long_ones() {
        let n = 1 << 20;
        let path = ((0..=n).collect::<Vec<usize>>(), (0u32..n as u32).collect::<Vec<u32>>());
        // Every entry in one row.
        let star = ([vec![0], vec![n; n]].concat(), path.1.clone());
        for (indptr, indices) in [path, star] {
            let most = std::cell::Cell::new(usize::MAX);
            let n_looks = std::cell::Cell::new(0);
            let check = || {
                n_looks.set(n_looks.get() + 1);
                if n_looks.get() > most.get() { Err(EngineError::Cancelled) } else { Ok(()) }
            };
            assert!(Topology::try_new_while(indptr.clone(), indices.clone(), check).is_ok());
            let needed = n_looks.get();
            assert!(needed > 4, "{needed} looks");
            for after in 0..needed {
                n_looks.set(0);
                most.set(after);
                let stopped = Topology::try_new_while(indptr.clone(), indices.clone(), check);
                assert!(matches!(stopped, Err(EngineError::Cancelled)), "{after}: {stopped:?}");
                assert_eq!(n_looks.get(), after + 1);
            }
        }
    }

    #[test]
    fn edges_are_merged_mirrored_and_looped_as_asked() {
        let pairs = [(0, 1), (0, 1), (2, 2), (1, 2)];
        let (stored, report) =
            Topology::from_edges(3, &pairs, Direction::AsStored, SelfLoops::AsStored).expect("valid pairs");
        assert_eq!(stored.entries().collect::<Vec<_>>(), [(1, 0), (2, 1), (2, 2)]);
        assert_eq!((report.n_duplicates, report.n_self_loops_read), (1, 1));
        let (both, report) =
            Topology::from_edges(3, &pairs, Direction::Symmetrised, SelfLoops::Added).expect("valid pairs");
        assert_eq!(both.entries().collect::<Vec<_>>(), [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 1), (2, 2)]);
        assert_eq!((report.n_reversed_added, report.n_self_loops_added), (2, 2));
        assert!(both.is_symmetric() && !stored.is_symmetric());
        let error = Topology::from_edges(2, &pairs, Direction::AsStored, SelfLoops::AsStored).unwrap_err();
        assert_eq!(error.to_string(), "graph structure, row 2: expected node ids below 2, found 2 2");
    }

    #[test]
    fn transposing_twice_is_the_identity() {
        let (t, _) =
            Topology::from_edges(5, &[(0, 1), (3, 1), (4, 0), (2, 2)], Direction::AsStored, SelfLoops::AsStored)
                .expect("valid pairs");
        let once = t.transposed();
        assert_eq!(once.topology.transposed().topology, t);
        for (at, (v, u)) in once.topology.entries().enumerate() {
            assert_eq!(t.find(u as usize, v as usize), Some(once.entry[at]));
        }
    }
}
