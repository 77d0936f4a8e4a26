//! The sparse operator of a step after pruning: the kept entries of the diffusion matrix, compacted, and the products over them.
//!
//! What is never here: deciding which entries are removed (`edges.rs`, `attention.rs`).

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use ndarray::{Array2, s};

use super::mask::EdgeMask;
use super::recipe::{Identity, Recipe};
use super::removed_bits::RemovedBits;
use crate::engine::control::Control;
use crate::engine::diffusion::Diffusion;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Permutation, Topology};
use crate::engine::kernels::{Attended, StoredValues, Structure, ValueType, contiguous};

/// The entries that are kept, each with its index in the full graph. Cheap to clone: a step that removes nothing shares the
/// lists of the step before.
#[derive(Debug, Clone)]
pub(crate) struct PrunedOperator {
    pub(super) lists: Arc<Lists>,
    identity: Identity,
    /// Self-loops, in the lists or not. They are never removed.
    n_self_loops: usize,
    /// Self-loops of the graph that `Identity::Residual` leaves out of the lists; they still count as entries.
    n_self_loops_left_out: usize,
    /// Every message counts alike in a mean over the entries that were there before a step removed some (docs/DIFFERENCES.md#d9).
    averages: bool,
    /// The entries with a value of their own for every head, where there are several.
    pub(super) by_head: Option<Arc<Attended>>,
    /// Values in fewer bits, which take the place of those in the lists.
    pub(super) stored: Option<Arc<StoredEntries>>,
}

/// Values of entries in fewer bits, one for every head.
#[derive(Debug)]
pub(super) struct StoredEntries {
    pub(super) values: StoredValues,
    pub(super) heads: usize,
}

/// Compressed sparse rows, each value with its entry's index in the full graph. What holds every entry shares the lists of the graph
/// and of its diffusion matrix.
#[derive(Debug, Default)]
pub(super) struct Lists {
    pub(super) indptr: Arc<Vec<usize>>,
    pub(super) indices: Arc<Vec<u32>>,
    pub(super) values: Arc<Vec<f32>>,
    entry: Entries,
    /// `Σ_u |T[u,v]|` of every source `v`, once somebody asked.
    source_sums: OnceLock<Vec<f64>>,
    /// The transpose, once a backward pass went over it: pointers, columns, values.
    pub(super) transposed: OnceLock<(Vec<usize>, Vec<u32>, Vec<f32>)>,
}

/// Which entries of the full graph lists hold.
#[derive(Debug, Default)]
enum Entries {
    /// All of them, in order.
    #[default]
    All,
    Listed(Vec<u32>),
    /// Lists that are only propagated over.
    Unnumbered,
}

impl Entries {
    #[inline(always)]
    fn of(&self, at: usize) -> u32 {
        match self {
            Self::All => at as u32,
            Self::Listed(entry) => entry[at],
            Self::Unnumbered => unreachable!("lists without numbers are only propagated over"),
        }
    }
}

/// The full diffusion matrix of a recipe, from which the operators of its steps are made.
#[derive(Debug, Clone)]
pub(crate) struct OperatorSource {
    pub(crate) topology: Topology,
    pub(crate) diffusion: Diffusion,
    pub(crate) identity: Identity,
    averages: bool,
}

impl OperatorSource {
    pub(crate) fn new(dataset: &Dataset, recipe: &Recipe) -> Self {
        Self {
            topology: dataset.topology().clone(),
            diffusion: Diffusion::of(dataset, recipe.matrix()),
            identity: recipe.edges.identity,
            averages: recipe.averages_messages(),
        }
    }

    /// One over the number of entries of row `u` that are active and `present`.
    fn share_of(&self, u: usize, present: impl Fn(usize) -> bool) -> f32 {
        let leaves_self_loops_out = self.identity == Identity::Residual;
        let is_active =
            |k: &usize| !(leaves_self_loops_out && self.topology.indices()[*k] as usize == u) && present(*k);
        1.0 / self.topology.row_range(u).filter(is_active).count().max(1) as f32
    }

    /// What every entry of the graph is multiplied with in step `step` of `mask`, were it kept.
    pub(crate) fn values(&self, mask: &EdgeMask, step: usize) -> Cow<'_, [f32]> {
        if let Some(of_kept) = mask.values_of(step) {
            // Attention has a value per head; their mean stands for them.
            let heads = of_kept.ncols().max(1) as f32;
            let mut means = of_kept.rows().into_iter().map(|of_entry| of_entry.sum() / heads);
            let mut value_of = |k: usize| if mask.is_kept(k, step) { means.next().unwrap_or(0.0) } else { 0.0 };
            return Cow::Owned((0..mask.n_entries()).map(&mut value_of).collect());
        }
        if !self.averages {
            return Cow::Borrowed(self.diffusion.values());
        }
        let mut values = vec![0.0; self.topology.n_entries()];
        for u in 0..self.topology.n_nodes() {
            values[self.topology.row_range(u)].fill(self.share_of(u, |k| mask.is_present(k, step)));
        }
        Cow::Owned(values)
    }

    /// Every entry of the graph.
    pub(crate) fn all(&self) -> Result<PrunedOperator, EngineError> {
        if self.identity == Identity::Residual || self.averages {
            return self.select(true, |_| true, |_, _| true);
        }
        check_size(&self.topology)?;
        let (indptr, indices) = self.topology.shared();
        let lists = Lists { indptr, indices, values: self.diffusion.shared(), entry: Entries::All, ..Lists::default() };
        Ok(PrunedOperator::new(lists, self.identity, 0, false))
    }

    /// The entries that `keep(target, entry)` accepts; a step's means count those that were `present(entry)` before it. Unnumbered,
    /// they cannot be asked which they are, and take a third less memory.
    pub(crate) fn select(
        &self,
        is_numbered: bool,
        present: impl Fn(usize) -> bool,
        keep: impl Fn(usize, usize) -> bool,
    ) -> Result<PrunedOperator, EngineError> {
        check_size(&self.topology)?;
        let (topology, leaves_self_loops_out) = (&self.topology, self.identity == Identity::Residual);
        let n = topology.n_nodes();
        let mut n_self_loops_left_out = 0;
        let mut indptr = Vec::with_capacity(n + 1);
        indptr.push(0);
        let mut total = 0;
        for u in 0..n {
            for k in topology.row_range(u) {
                if leaves_self_loops_out && topology.indices()[k] as usize == u {
                    n_self_loops_left_out += 1;
                } else {
                    total += usize::from(keep(u, k));
                }
            }
            indptr.push(total);
        }
        let (mut indices, mut values) = (Vec::with_capacity(total), Vec::with_capacity(total));
        let mut entry = Vec::with_capacity(if is_numbered { total } else { 0 });
        for u in 0..n {
            let share = if self.averages { self.share_of(u, &present) } else { f32::NAN };
            for k in topology.row_range(u) {
                let v = topology.indices()[k];
                if !(leaves_self_loops_out && v as usize == u) && keep(u, k) {
                    indices.push(v);
                    values.push(if self.averages { share } else { self.diffusion.values()[k] });
                    if is_numbered {
                        entry.push(k as u32);
                    }
                }
            }
        }
        let lists = Lists {
            indptr: Arc::new(indptr),
            indices: Arc::new(indices),
            values: Arc::new(values),
            entry: if is_numbered { Entries::Listed(entry) } else { Entries::Unnumbered },
            ..Lists::default()
        };
        Ok(PrunedOperator::new(lists, self.identity, n_self_loops_left_out, self.averages))
    }

    /// For every step of `mask` the first step that propagates over the same entries.
    pub(crate) fn first_alike(&self, mask: &EdgeMask, locked: Option<&[bool]>) -> Vec<usize> {
        let Some(removed_at) = mask.removed_at().filter(|_| mask.values().is_none()) else {
            let alike = |step: usize| (0..step).find(|before| mask.is_alike(*before, step)).unwrap_or(step);
            return (0..mask.n_steps()).map(alike).collect();
        };
        let mut n_removed = vec![0usize; mask.n_steps() + 1];
        for at in removed_at {
            n_removed[*at as usize] += 1;
        }
        let counts_removals = locked.is_some() || self.averages;
        let mut first: Vec<usize> = Vec::with_capacity(mask.n_steps());
        for step in 0..mask.n_steps() {
            let is_same = step > 0 && n_removed[step] == 0 && !(counts_removals && n_removed[step - 1] > 0);
            first.push(if is_same { first[step - 1] } else { step });
        }
        first
    }
}

/// Entries are numbered with 32 bits.
fn check_size(topology: &Topology) -> Result<(), EngineError> {
    if u32::try_from(topology.n_entries()).is_err() {
        return Err(EngineError::mismatch("graph entries", format!("at most {}", u32::MAX), topology.n_entries()));
    }
    Ok(())
}

impl PrunedOperator {
    fn new(lists: Lists, identity: Identity, n_self_loops_left_out: usize, averages: bool) -> Self {
        let has_self_loop =
            |u: &usize| lists.indices[lists.indptr[*u]..lists.indptr[u + 1]].binary_search(&(*u as u32)).is_ok();
        let n_self_loops = n_self_loops_left_out + (0..lists.indptr.len() - 1).filter(has_self_loop).count();
        Self {
            lists: Arc::new(lists),
            identity,
            n_self_loops,
            n_self_loops_left_out,
            averages,
            by_head: None,
            stored: None,
        }
    }

    /// No nodes at all, for networks that do not propagate.
    pub(crate) fn empty() -> Self {
        Self::new(Lists { indptr: Arc::new(vec![0]), ..Lists::default() }, Identity::SelfLoop, 0, false)
    }

    /// Lists of rows, only to be propagated over.
    pub(crate) fn of_rows(indptr: Vec<usize>, indices: Vec<u32>, values: Vec<f32>) -> Self {
        Self::empty().unnumbered((indptr, indices, values), None)
    }

    /// Without those of the first entries that `kept` does not mark; only to be propagated over, with one value for each entry.
    pub(crate) fn without_in_front(&self, kept: &[bool]) -> Self {
        let all = &*self.lists;
        let is_kept = |k: &usize| kept.get(*k).is_none_or(|kept| *kept);
        let left: Vec<usize> = (0..all.indices.len()).filter(is_kept).collect();
        let indptr = all.indptr.iter().map(|end| left.partition_point(|k| k < end)).collect();
        let indices = left.iter().map(|k| all.indices[*k]).collect();
        let values = left.iter().map(|k| all.values[*k]).collect();
        self.unnumbered((indptr, indices, values), None)
    }

    /// These rows behind those of `first`; only to be propagated over, with one value for each entry.
    pub(crate) fn behind(&self, first: &Self) -> Self {
        let (above, below) = (&first.lists, &self.lists);
        let n_above = above.indices.len();
        let mut indptr = above.indptr.to_vec();
        indptr.extend(below.indptr.iter().skip(1).map(|end| n_above + end));
        let indices = [above.indices.as_slice(), &below.indices].concat();
        let values = [above.values.as_slice(), &below.values].concat();
        self.unnumbered((indptr, indices, values), None)
    }

    /// The same operator with other lists, from which no self-loop is missing.
    fn with_lists(&self, indptr: Vec<usize>, indices: Vec<u32>, values: Vec<f32>, entry: Vec<u32>) -> Self {
        let lists = Lists {
            indptr: Arc::new(indptr),
            indices: Arc::new(indices),
            values: Arc::new(values),
            entry: Entries::Listed(entry),
            ..Lists::default()
        };
        Self { lists: Arc::new(lists), ..self.clone() }
    }

    /// The same entries with other values: one row for each, and a column for every head.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] when there are more or fewer values than active entries.
    pub(crate) fn with_values(&self, values: &Array2<f32>) -> Result<Self, EngineError> {
        if values.nrows() != self.n_active_entries() {
            return Err(EngineError::mismatch(
                "values of entries",
                format!("{} entries", self.n_active_entries()),
                values.nrows(),
            ));
        }
        let old = &*self.lists;
        let heads = values.ncols();
        let means: Vec<f32> = values
            .rows()
            .into_iter()
            .map(|of_entry| if heads == 1 { of_entry[0] } else { of_entry.sum() / heads as f32 })
            .collect();
        let entry = match &old.entry {
            Entries::All => Entries::All,
            Entries::Listed(entry) => Entries::Listed(entry.clone()),
            Entries::Unnumbered => Entries::Unnumbered,
        };
        let (indptr, indices) = (Arc::clone(&old.indptr), Arc::clone(&old.indices));
        let lists = Lists { indptr, indices, values: Arc::new(means), entry, ..Lists::default() };
        let by_head = (heads > 1).then(|| {
            let (indptr, indices) = (old.indptr.to_vec(), old.indices.to_vec());
            Arc::new(Attended { indptr, indices, coefficients: values.clone(), kept: None })
        });
        Ok(Self { lists: Arc::new(lists), by_head, averages: false, ..self.clone() })
    }

    /// The same entries with their values in fewer bits, int8 with a scale of every row and head. Only to be propagated over.
    pub(crate) fn stored_as(&self, kind: ValueType) -> Self {
        if kind == ValueType::F32 {
            return self.clone();
        }
        let old = &*self.lists;
        let (values, heads) = match &self.by_head {
            Some(all) => (contiguous(all.coefficients.view()), all.coefficients.ncols()),
            None => (&old.values[..], 1),
        };
        let stored = StoredEntries { values: StoredValues::new(values, &old.indptr, heads, kind), heads };
        let (indptr, indices) = (Arc::clone(&old.indptr), Arc::clone(&old.indices));
        let lists = Lists { indptr, indices, entry: Entries::Unnumbered, ..Lists::default() };
        Self { lists: Arc::new(lists), by_head: None, stored: Some(Arc::new(stored)), ..self.clone() }
    }

    /// Whether every message of a row counts alike.
    pub(crate) fn averages(&self) -> bool {
        self.averages
    }

    /// Whether a row starts from itself.
    pub(crate) fn is_residual(&self) -> bool {
        self.identity != Identity::SelfLoop
    }

    pub(crate) fn n_rows(&self) -> usize {
        self.lists.indptr.len() - 1
    }

    /// Entries in the lists: those that a step propagates over.
    pub(crate) fn n_active_entries(&self) -> usize {
        self.lists.indices.len()
    }

    /// Active entries, self-loops counted whether or not the identity form propagates over them.
    pub(crate) fn n_entries(&self) -> usize {
        self.n_active_entries() + self.n_self_loops_left_out
    }

    /// Number of self-loops, active or not.
    pub(crate) fn n_self_loops(&self) -> usize {
        self.n_self_loops
    }

    /// Rows and columns of the active entries.
    pub(crate) fn structure(&self) -> Structure<'_> {
        Structure { indptr: &self.lists.indptr, indices: &self.lists.indices }
    }

    /// What every active entry is multiplied with.
    pub(crate) fn values(&self) -> &[f32] {
        &self.lists.values
    }

    /// The active entries, by their index in the full graph.
    pub(crate) fn entries(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.n_active_entries()).map(|at| self.entry(at))
    }

    /// The index in the full graph of the entry at `at` in the lists.
    #[inline(always)]
    pub(crate) fn entry(&self, at: usize) -> u32 {
        self.lists.entry.of(at)
    }

    /// Bytes that the lists of a step with `n_entries` active entries take.
    pub(crate) fn size_bytes(n_entries: usize) -> usize {
        n_entries * (size_of::<u32>() + size_of::<f32>())
    }

    /// `Σ_u |T[u,v]|` over the active entries, for every source `v`.
    pub(crate) fn source_sums(&self) -> &[f64] {
        self.lists.source_sums.get_or_init(|| {
            let mut sums = vec![0.0; self.n_rows()];
            for (v, value) in self.lists.indices.iter().zip(&*self.lists.values) {
                sums[*v as usize] += f64::from(value.abs());
            }
            sums
        })
    }

    /// The same entries for an embedding whose rows lie in the order of `nodes`. Every row keeps the sequence of its entries, so that its
    /// sums are the same chains; only to be propagated over.
    pub(crate) fn reordered(&self, nodes: &Permutation) -> Self {
        let position = nodes.position();
        self.part(nodes.order(), |v| position[v as usize])
    }

    /// Some rows alone, with sources renumbered; every row keeps the sequence of its entries, so that its sums are the same chains. Only to be
    /// propagated over.
    pub(crate) fn part(&self, rows: &[u32], mut renumbered: impl FnMut(u32) -> u32) -> Self {
        let all = &*self.lists;
        let row = |u: u32| all.indptr[u as usize]..all.indptr[u as usize + 1];
        let n_entries = rows.iter().map(|u| row(*u).len()).sum();
        let (mut indptr, mut indices) = (Vec::with_capacity(rows.len() + 1), Vec::with_capacity(n_entries));
        let mut values = Vec::with_capacity(n_entries);
        indptr.push(0);
        for u in rows {
            indices.extend(all.indices[row(*u)].iter().map(|v| renumbered(*v)));
            values.extend_from_slice(&all.values[row(*u)]);
            indptr.push(indices.len());
        }
        let by_head = self.by_head.as_ref().map(|all| {
            let coefficients = rows.iter().flat_map(|u| all.coefficients.slice(s![row(*u), ..]).to_owned());
            let coefficients = Array2::from_shape_vec((n_entries, all.coefficients.ncols()), coefficients.collect());
            let coefficients = coefficients.unwrap_or_default();
            Arc::new(Attended { indptr: indptr.clone(), indices: indices.clone(), coefficients, kept: None })
        });
        self.unnumbered((indptr, indices, values), by_head)
    }

    /// The same with other lists, only to be propagated over.
    fn unnumbered(
        &self,
        (indptr, indices, values): (Vec<usize>, Vec<u32>, Vec<f32>),
        by_head: Option<Arc<Attended>>,
    ) -> Self {
        let (indptr, indices, values) = (Arc::new(indptr), Arc::new(indices), Arc::new(values));
        let lists = Lists { indptr, indices, values, entry: Entries::Unnumbered, ..Lists::default() };
        Self { lists: Arc::new(lists), by_head, ..self.clone() }
    }

    /// The same with one entry more in row `row`: it comes in front of the first whose column `is_later`. Its value counts for every head.
    /// Only to be propagated over.
    pub(crate) fn with_entry(&self, row: usize, column: u32, value: f32, is_later: impl Fn(u32) -> bool) -> Self {
        let all = &*self.lists;
        let of_row = all.indptr[row]..all.indptr[row + 1];
        let at = of_row.clone().find(|k| is_later(all.indices[*k])).unwrap_or(of_row.end);
        let mut indptr = all.indptr.to_vec();
        indptr[row + 1..].iter_mut().for_each(|end| *end += 1);
        let (mut indices, mut values) = (all.indices.to_vec(), all.values.to_vec());
        indices.insert(at, column);
        values.insert(at, value);
        let by_head = self.by_head.as_ref().map(|all| {
            let heads = all.coefficients.ncols();
            let mut coefficients: Vec<f32> = all.coefficients.iter().copied().collect();
            coefficients.splice(at * heads..at * heads, std::iter::repeat_n(value, heads));
            let coefficients = Array2::from_shape_vec((indices.len(), heads), coefficients).unwrap_or_default();
            Arc::new(Attended { indptr: indptr.clone(), indices: indices.clone(), coefficients, kept: None })
        });
        self.unnumbered((indptr, indices, values), by_head)
    }

    /// Those of the active entries that `keep` marks, in order.
    pub(crate) fn filtered(&self, keep: &[bool]) -> Self {
        let all = &*self.lists;
        let (mut indptr, mut indices, mut values, mut entry) = (vec![0], Vec::new(), Vec::new(), Vec::new());
        for ends in all.indptr.windows(2) {
            for k in (ends[0]..ends[1]).filter(|k| keep[*k]) {
                indices.push(all.indices[k]);
                values.push(all.values[k]);
                entry.push(all.entry.of(k));
            }
            indptr.push(indices.len());
        }
        self.with_lists(indptr, indices, values, entry)
    }

    /// What is kept when of every block of `n_rows` rows those that are `removed` are taken out, in parallel. Means are then over what was
    /// there before.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    pub(crate) fn without(
        &self,
        removed: &[Option<RemovedBits>],
        n_rows: usize,
        ctl: &Control,
    ) -> Result<Self, EngineError> {
        /// Where the kept entries of a block are written.
        struct Place<'a> {
            block: usize,
            start: usize,
            indptr: &'a mut [usize],
            indices: &'a mut [u32],
            values: &'a mut [f32],
            entry: &'a mut [u32],
        }
        let old = &*self.lists;
        let rows_of = |block: usize| block * n_rows..((block + 1) * n_rows).min(self.n_rows());
        let n_removed = |removed: &Option<RemovedBits>| removed.as_ref().map_or(0, RemovedBits::count);
        let total = self.n_active_entries() - removed.iter().map(n_removed).sum::<usize>();
        let (mut indptr, mut indices) = (vec![0; old.indptr.len()], vec![0; total]);
        let (mut values, mut entry) = (vec![0.0; total], vec![0; total]);
        let mut left = (&mut indptr[1..], &mut *indices, &mut *values, &mut *entry);
        let mut start = 0;
        let mut places = Vec::with_capacity(removed.len());
        for (block, removed) in removed.iter().enumerate() {
            let rows = rows_of(block);
            let len = old.indptr[rows.end] - old.indptr[rows.start] - n_removed(removed);
            let (indptr, later) = left.0.split_at_mut(rows.len());
            let (indices, later_indices) = left.1.split_at_mut(len);
            let (values, later_values) = left.2.split_at_mut(len);
            let (entry, later_entry) = left.3.split_at_mut(len);
            left = (later, later_indices, later_values, later_entry);
            places.push(Place { block, start, indptr, indices, values, entry });
            start += len;
        }
        ctl.for_row_blocks(&mut places, 1, 1, |_, places| {
            for Place { block, start, indptr, indices, values, entry } in places {
                let rows = rows_of(*block);
                let entries = old.indptr[rows.start]..old.indptr[rows.end];
                let ends = &old.indptr[rows.start + 1..=rows.end];
                if let Some(removed) = &removed[*block] {
                    let mut rows = indptr.iter_mut().zip(ends).peekable();
                    let slots = indices.iter_mut().zip(values.iter_mut()).zip(entry.iter_mut());
                    for (n, (k, ((index, value), entry))) in removed.kept().zip(slots).enumerate() {
                        let k = entries.start + k;
                        while let Some((slot, _)) = rows.next_if(|(_, end)| **end <= k) {
                            *slot = *start + n;
                        }
                        (*index, *value, *entry) = (old.indices[k], old.values[k], old.entry.of(k));
                    }
                    rows.for_each(|(slot, _)| *slot = *start + indices.len());
                } else {
                    for (slot, end) in indptr.iter_mut().zip(ends) {
                        *slot = *start + end - entries.start;
                    }
                    indices.copy_from_slice(&old.indices[entries.clone()]);
                    values.copy_from_slice(&old.values[entries.clone()]);
                    entry.iter_mut().zip(entries).for_each(|(slot, k)| *slot = old.entry.of(k));
                }
                if self.averages {
                    let mut from = old.indptr[rows.start];
                    let mut first = *start;
                    for (end, old_end) in indptr.iter().zip(&old.indptr[rows.start + 1..=rows.end]) {
                        let mean = 1.0 / (old_end - from).max(1) as f32;
                        values[first - *start..end - *start].fill(mean);
                        (from, first) = (*old_end, *end);
                    }
                }
            }
        })?;
        drop(places);
        Ok(self.with_lists(indptr, indices, values, entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::{PowerLaw, power_law_communities};

    #[test]
    fn without_removed_entries_the_kept_ones_stay_in_their_order() {
        let ctl = Control::new(2).expect("workers");
        let shape = PowerLaw { n_nodes: 90, n_entries: 900, ..PowerLaw::default() };
        let dataset = power_law_communities(&shape, &ctl).expect("a graph");
        let mut now = OperatorSource::new(&dataset, &Recipe::default()).all().expect("small");
        // Twice, so that the second time entries are numbered in a list; in the last blocks nothing is removed, in one everything is.
        for every in [3, 2] {
            const ROWS: usize = 7;
            let is_removed = |k: usize| k % every == 1 || (300..500).contains(&k);
            let indptr = now.structure().indptr.to_vec();
            let removed: Vec<Option<RemovedBits>> = (0..now.n_rows().div_ceil(ROWS))
                .map(|block| {
                    let first = indptr[block * ROWS];
                    let end = indptr[((block + 1) * ROWS).min(now.n_rows())];
                    let mut removed = RemovedBits::none(end - first);
                    (first..end).for_each(|k| removed.mark(k - first, is_removed(k)));
                    let expected: Vec<usize> = (first..end).filter(|k| is_removed(*k)).map(|k| k - first).collect();
                    assert_eq!(
                        (removed.positions().collect::<Vec<_>>(), removed.count()),
                        (expected.clone(), expected.len())
                    );
                    (block < 9).then_some(removed)
                })
                .collect();
            let left = now.without(&removed, ROWS, &ctl).expect("not cancelled");
            let last = indptr[9 * ROWS];
            for u in 0..now.n_rows() {
                let stay: Vec<usize> = (indptr[u]..indptr[u + 1]).filter(|k| *k >= last || !is_removed(*k)).collect();
                let row = left.structure().indptr[u]..left.structure().indptr[u + 1];
                assert_eq!(row.len(), stay.len(), "row {u}");
                for (at, k) in row.zip(stay) {
                    assert_eq!(left.structure().indices[at], now.structure().indices[k]);
                    assert_eq!(left.values()[at].to_bits(), now.values()[k].to_bits());
                    assert_eq!(left.entry(at), now.entry(k));
                }
            }
            now = left;
        }
    }
}
