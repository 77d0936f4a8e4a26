//! The graph's structure in an order for the eye: built once for every order, shared by all heatmaps.

use std::sync::Arc;

use crate::engine::control::Control;
use crate::engine::diffusion::{Diffusion, Matrix};
use crate::engine::error::EngineError;
use crate::engine::graph::Dataset;
use crate::engine::plot::ordering::{NodeOrder, Ordering};

/// The diffusion matrix with rows and columns permuted.
///
/// # Invariants
/// Row `p` lists the entries of target `ordering.order()[p]`, its columns ascending in position; every entry of the graph
/// occurs exactly once.
#[derive(Debug, Clone)]
pub struct Atlas {
    dataset: Arc<Dataset>,
    by: NodeOrder,
    ordering: Ordering,
    values: Diffusion,
    indptr: Vec<usize>,
    columns: Vec<u32>,
    entry: Vec<u32>,
    /// How many of the first positions have a self-loop. `[n + 1]`
    n_own: Vec<u32>,
}

impl Atlas {
    /// Orders the nodes and permutes the structure.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    ///
    /// # Complexity
    /// As [`Ordering::new`], and O(entries log degree).
    pub fn new(
        dataset: &Arc<Dataset>,
        matrix: Matrix,
        by: NodeOrder,
        seed: u64,
        ctl: &Control,
    ) -> Result<Self, EngineError> {
        let topology = dataset.topology();
        let ordering = Ordering::new(dataset, by, seed, ctl)?;
        ctl.check()?;
        let rows = ctl.map(topology.n_nodes(), |p| {
            let u = ordering.order()[p] as usize;
            let mut row: Vec<(u32, u32)> = topology
                .row_range(u)
                .map(|k| (ordering.position()[topology.indices()[k] as usize], k as u32))
                .collect();
            row.sort_unstable();
            row
        })?;
        let mut indptr = Vec::with_capacity(rows.len() + 1);
        let mut columns = Vec::with_capacity(topology.n_entries());
        let mut entry = Vec::with_capacity(topology.n_entries());
        let mut n_own = Vec::with_capacity(rows.len() + 1);
        indptr.push(0);
        n_own.push(0);
        for (p, row) in rows.into_iter().enumerate() {
            let has_own = row.binary_search_by_key(&(p as u32), |(column, _)| *column).is_ok();
            n_own.push(n_own[p] + u32::from(has_own));
            columns.extend(row.iter().map(|(column, _)| *column));
            entry.extend(row.iter().map(|(_, k)| *k));
            indptr.push(columns.len());
        }
        let values = Diffusion::of(dataset, matrix);
        Ok(Self { dataset: Arc::clone(dataset), by, ordering, values, indptr, columns, entry, n_own })
    }

    /// The graph.
    pub fn dataset(&self) -> &Arc<Dataset> {
        &self.dataset
    }

    /// How the nodes are ordered.
    pub fn by(&self) -> NodeOrder {
        self.by
    }

    /// The permutation.
    pub fn ordering(&self) -> &Ordering {
        &self.ordering
    }

    /// `T[u,v]` of entry `k` of the graph.
    pub fn value(&self, k: usize) -> f32 {
        self.values.values()[k]
    }

    /// Values of `T` in the graph's entry order.
    pub fn values(&self) -> &[f32] {
        self.values.values()
    }

    /// Entries of row `p` whose columns are in `columns`, as `(column position, entry of the graph)`.
    pub(super) fn row(&self, p: usize, columns: &std::ops::Range<usize>) -> impl Iterator<Item = (usize, usize)> + '_ {
        let all = self.indptr[p]..self.indptr[p + 1];
        let row = &self.columns[all.clone()];
        let from = row.partition_point(|c| (*c as usize) < columns.start);
        let to = row.partition_point(|c| (*c as usize) < columns.end);
        row[from..to].iter().zip(&self.entry[all][from..to]).map(|(c, k)| (*c as usize, *k as usize))
    }

    /// Self-loops in a block: where its rows and columns meet.
    pub(super) fn n_own(&self, columns: &std::ops::Range<usize>, rows: &std::ops::Range<usize>) -> u32 {
        let (from, to) = (columns.start.max(rows.start), columns.end.min(rows.end));
        if from < to { self.n_own[to] - self.n_own[from] } else { 0 }
    }

    /// The columns of row `p`, ascending.
    pub(super) fn columns(&self, p: usize) -> &[u32] {
        &self.columns[self.indptr[p]..self.indptr[p + 1]]
    }

    /// The entry of the graph at a place, if one is stored there.
    pub fn find(&self, row: usize, column: usize) -> Option<usize> {
        if row >= self.ordering.len() {
            return None;
        }
        self.row(row, &(column..column + 1)).next().map(|(_, k)| k)
    }
}
