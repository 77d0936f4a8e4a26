//! The lists of the first hop, and which of its entries a hop removes.

use super::arrays::{StoredArray, append, read, read_into};
use super::chunks::{ActiveLists, Chunk, GROUP_ROWS};
use super::propagation::StoredPropagation;
use crate::engine::control::Control;
use crate::engine::diffusion::{Matrix, weighted_degree};
use crate::engine::error::EngineError;
use crate::engine::kernels::{ExactSum, message_scores, no_counts, nth_by_counting, sum_of_scores};
use crate::engine::sparsify::Identity;
use crate::engine::sparsify::threshold::{self, EdgeThreshold, Removable};

/// What the lists of the first hop hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct FirstLists {
    pub(super) lists: ActiveLists,
    /// Self-loops of the graph, in the lists or not.
    pub(super) n_self_loops: usize,
}

/// Writes the lists of the first hop: every entry of the graph with its value of `T`, but for the self-loops that the identity form
/// leaves out.
///
/// # Errors
/// [`EngineError::Topology`] for a structure that breaks an invariant, [`EngineError::Storage`], [`EngineError::Cancelled`].
pub(super) fn write_first_lists(job: &StoredPropagation<'_>, ctl: &Control) -> Result<FirstLists, EngineError> {
    let (storage, n) = (job.storage, job.size.n_nodes);
    let leaves_self_loops_out = job.recipe.edges.identity == Identity::Residual;
    let Factors { of_source, exponent_of_target } = factors(job, ctl)?;
    let mut lengths = storage.create(StoredArray::Lengths { since: 0 })?;
    let mut sources = storage.create(StoredArray::Sources { since: 0 })?;
    let mut values = storage.create(StoredArray::Values { since: 0 })?;
    let (mut n_active_entries, mut n_self_loops) = (0, 0);
    for_graph_rows(job, "reading the graph", ctl, |rows| {
        let mut kept = Chunk::default();
        let mut kept_lengths = Vec::with_capacity(rows.degrees.len());
        for (row, range) in rows.ranges().enumerate() {
            let u = rows.first + row;
            let columns = &rows.sources[range.clone()];
            check_columns(u, columns, n)?;
            let before = kept.sources.len();
            let of_target = of_source.as_ref().map(|_| rows.degree(row).powf(exponent_of_target));
            for (at, v) in range.clone().zip(columns) {
                let is_own = *v as usize == u;
                n_self_loops += usize::from(is_own);
                if is_own && leaves_self_loops_out {
                    continue;
                }
                let weight = rows.weights.get(at).copied();
                let value = match (&of_source, of_target) {
                    (Some(of_source), Some(of_target)) => {
                        let t = of_target * of_source[*v as usize];
                        weight.map_or(t, |w| t * f64::from(w)) as f32
                    }
                    _ => weight.unwrap_or(1.0),
                };
                kept.sources.push(*v);
                kept.values.push(value);
            }
            kept_lengths.push((kept.sources.len() - before) as u32);
        }
        n_active_entries += kept.sources.len();
        append(&mut *lengths, &kept_lengths)?;
        append(&mut *sources, &kept.sources)?;
        append(&mut *values, &kept.values)
    })?;
    lengths.finish()?;
    sources.finish()?;
    values.finish()?;
    Ok(FirstLists { lists: ActiveLists { since: 0, n_nodes: n, n_entries: n_active_entries }, n_self_loops })
}

/// `d(v)^(-r)` of every node, and the exponent of a row's own degree; nothing for a matrix without degrees.
struct Factors {
    of_source: Option<Vec<f64>>,
    exponent_of_target: f64,
}

fn factors(job: &StoredPropagation<'_>, ctl: &Control) -> Result<Factors, EngineError> {
    let Matrix::Normalised(norm_r) = job.recipe.matrix() else {
        return Ok(Factors { of_source: None, exponent_of_target: 0.0 });
    };
    let mut of_source = Vec::with_capacity(job.size.n_nodes);
    if job.size.is_weighted {
        for_graph_rows(job, "adding up weights", ctl, |rows| {
            of_source.extend((0..rows.degrees.len()).map(|row| rows.degree(row).powf(-norm_r)));
            Ok(())
        })?;
    } else {
        for first in (0..job.size.n_nodes).step_by(GROUP_ROWS) {
            ctl.check()?;
            let n_rows = GROUP_ROWS.min(job.size.n_nodes - first);
            let indptr = read_indptr(job, first, n_rows)?;
            of_source.extend(indptr.windows(2).map(|w| degree_of((w[1] - w[0]) as f64).powf(-norm_r)));
        }
    }
    Ok(Factors { of_source: Some(of_source), exponent_of_target: norm_r - 1.0 })
}

fn degree_of(sum: f64) -> f64 {
    if sum == 0.0 { 1.0 } else { sum }
}

/// Rows of the graph as it is stored.
struct GraphRows {
    first: usize,
    degrees: Vec<usize>,
    sources: Vec<u32>,
    /// Empty without weights.
    weights: Vec<f32>,
}

impl GraphRows {
    /// Where the entries of every row lie.
    fn ranges(&self) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
        let mut end = 0;
        self.degrees.iter().map(move |degree| {
            let start = end;
            end += degree;
            start..end
        })
    }

    /// `d(u)`: the length of a row or the sum of its weights, 0 counted as 1.
    fn degree(&self, row: usize) -> f64 {
        if self.weights.is_empty() {
            return degree_of(self.degrees[row] as f64);
        }
        let start: usize = self.degrees[..row].iter().sum();
        weighted_degree(&self.weights[start..start + self.degrees[row]])
    }
}

fn read_indptr(job: &StoredPropagation<'_>, first: usize, n_rows: usize) -> Result<Vec<u64>, EngineError> {
    let indptr = read::<u64>(job.storage, StoredArray::Indptr, first, n_rows + 1)?;
    let fault =
        |row: usize, expected: String, found: u64| EngineError::Topology { row, expected, found: found.to_string() };
    if let Some(at) = indptr.windows(2).position(|w| w[0] > w[1]) {
        return Err(fault(first + at, format!("row pointers of at least {}", indptr[at]), indptr[at + 1]));
    }
    let (start, end, m) = (indptr[0], indptr[n_rows], job.size.n_entries as u64);
    if first == 0 && start != 0 {
        return Err(fault(0, "row pointers that start at 0".into(), start));
    }
    if end > m || (first + n_rows == job.size.n_nodes && end != m) {
        return Err(fault(first + n_rows, format!("a last row pointer of {m}"), end));
    }
    Ok(indptr)
}

fn check_columns(row: usize, columns: &[u32], n: usize) -> Result<(), EngineError> {
    let fault = |expected: String, found: String| Err(EngineError::Topology { row, expected, found });
    if let Some((a, b)) = columns.iter().zip(columns.iter().skip(1)).find(|(a, b)| a >= b) {
        return fault("columns that ascend strictly".into(), format!("{a} then {b}"));
    }
    match columns.last().filter(|v| **v as usize >= n) {
        Some(v) => fault(format!("columns below {n}"), v.to_string()),
        None => Ok(()),
    }
}

fn for_graph_rows(
    job: &StoredPropagation<'_>,
    stage: &str,
    ctl: &Control,
    mut f: impl FnMut(&GraphRows) -> Result<(), EngineError>,
) -> Result<(), EngineError> {
    let n = job.size.n_nodes;
    for first in (0..n).step_by(GROUP_ROWS) {
        ctl.check()?;
        ctl.progress(stage, first, n);
        let n_rows = GROUP_ROWS.min(n - first);
        let indptr = read_indptr(job, first, n_rows)?;
        let (start, len) = (indptr[0] as usize, (indptr[n_rows] - indptr[0]) as usize);
        let weights: Vec<f32> =
            if job.size.is_weighted { read(job.storage, StoredArray::Weights, start, len)? } else { Vec::new() };
        if let Some(found) = weights.iter().find(|w| !(w.is_finite() && **w >= 0.0)) {
            return Err(EngineError::mismatch("edge weights", "finite numbers of at least 0", found));
        }
        f(&GraphRows {
            first,
            degrees: indptr.windows(2).map(|w| (w[1] - w[0]) as usize).collect(),
            sources: read(job.storage, StoredArray::Indices, start, len)?,
            weights,
        })?;
    }
    Ok(())
}

/// What a hop is decided on.
pub(super) struct Hop<'a> {
    pub(super) at: usize,
    pub(super) before: ActiveLists,
    /// Entries the identity form leaves out; they count as kept.
    pub(super) n_left_out: usize,
    /// Self-loops of the graph, which shares are not of.
    pub(super) n_self_loops: usize,
    /// Of the rows of `P̂(hop)`.
    pub(super) norms: &'a [f32],
    /// The last hop that removed something; its masks are stored.
    pub(super) masks_until: Option<usize>,
}

/// What a hop decided.
pub(super) struct DecidedHop {
    pub(super) delta: f32,
    /// Over the entries before; NaN where they were not tested.
    pub(super) mean_message: f64,
    /// New lists and masks, where something was removed.
    pub(super) after: Option<ActiveLists>,
}

/// Decides which entries a hop removes, and stores what is kept and what was removed.
///
/// # Errors
/// [`EngineError::Storage`], [`EngineError::Cancelled`].
pub(super) fn decide(job: &StoredPropagation<'_>, hop: &Hop<'_>, ctl: &Control) -> Result<DecidedHop, EngineError> {
    let requested = job.recipe.delta_a(hop.at);
    let nothing = |delta| DecidedHop { delta, mean_message: f64::NAN, after: None };
    if requested == 0.0 {
        return Ok(nothing(0.0));
    }
    let n_active_entries = hop.before.n_entries.max(1) as f64;
    let beside = if job.recipe.counts_self_loops() { 0 } else { hop.n_self_loops };
    let removable = Removable {
        n_removed: job.size.n_entries - hop.before.n_entries - hop.n_left_out,
        n_removable: job.size.n_entries - beside,
    };
    let mean = || Ok(sum_of_all(job, hop, ctl)? / n_active_entries);
    let EdgeThreshold { delta, mean } =
        threshold::of_edges(job.recipe.edges.mode, requested, removable, mean, |n| nth_smallest(job, hop, n, ctl))?;
    if delta <= 0.0 {
        return Ok(DecidedHop { mean_message: mean.unwrap_or(f64::NAN), ..nothing(delta) });
    }
    let (after, sum) = remove(job, hop, delta, ctl)?;
    let is_changed = after.n_entries < hop.before.n_entries;
    let mean_message = mean.unwrap_or(sum / n_active_entries);
    Ok(DecidedHop { delta, mean_message, after: is_changed.then_some(after) })
}

/// Scores of the entries of a group of rows, in order.
fn scores_of(chunk: &Chunk, group: &std::ops::Range<usize>, norms: &[f32]) -> Vec<f32> {
    let entries = chunk.indptr[group.start]..chunk.indptr[group.end];
    let mut scores = vec![0.0; entries.len()];
    message_scores(&chunk.values[entries.clone()], &chunk.sources[entries], norms, &mut scores);
    scores
}

fn sum_of_all(job: &StoredPropagation<'_>, hop: &Hop<'_>, ctl: &Control) -> Result<f64, EngineError> {
    let mut sum = ExactSum::default();
    hop.before.for_chunks(job.storage, "measuring messages", ctl, |chunk| {
        let groups: Vec<_> = chunk.groups().collect();
        let sums = ctl.map(groups.len(), |at| {
            sum_of_scores(&chunk.indptr, groups[at].clone(), &scores_of(chunk, &groups[at], hop.norms))
        })?;
        for of_group in &sums {
            sum.merge(of_group);
        }
        Ok(())
    })?;
    Ok(sum.value())
}

/// The `n`-th smallest score of the entries that may be removed, counted from 1; of fewer the largest.
fn nth_smallest(
    job: &StoredPropagation<'_>,
    hop: &Hop<'_>,
    n: usize,
    ctl: &Control,
) -> Result<Option<f32>, EngineError> {
    nth_by_counting(n, |bucket| {
        let mut counts = no_counts();
        hop.before.for_chunks(job.storage, "selecting", ctl, |chunk| {
            let groups: Vec<_> = chunk.groups().collect();
            let buckets = ctl.map(groups.len(), |at| {
                let group = &groups[at];
                let scores = scores_of(chunk, group, hop.norms);
                let start = chunk.indptr[group.start];
                let others = group.clone().flat_map(|row| {
                    let own = chunk.target(row);
                    let entries = chunk.indptr[row]..chunk.indptr[row + 1];
                    entries.filter(move |k| chunk.sources[*k] as usize != own)
                });
                others.filter_map(|k| bucket(scores[k - start])).collect::<Vec<_>>()
            })?;
            buckets.iter().flatten().for_each(|bucket| counts[*bucket as usize] += 1);
            Ok(())
        })?;
        Ok(counts)
    })
}

/// What is kept of a group of rows.
struct Left {
    lengths: Vec<u32>,
    sources: Vec<u32>,
    values: Vec<f32>,
    /// Of every entry before, whether it is removed.
    removed: Vec<bool>,
    sum: f64,
}

fn remove(
    job: &StoredPropagation<'_>,
    hop: &Hop<'_>,
    delta: f32,
    ctl: &Control,
) -> Result<(ActiveLists, f64), EngineError> {
    // Not the number of the lists that are in use until the state is written: nothing that it knows is replaced.
    let (storage, since) = (job.storage, hop.at + 1);
    let mut lengths = storage.create(StoredArray::Lengths { since })?;
    let mut sources = storage.create(StoredArray::Sources { since })?;
    let mut values = storage.create(StoredArray::Values { since })?;
    let mut masks = storage.create(StoredArray::RemovedAt { until: hop.at })?;
    let (mut n_entries, mut sum) = (0, 0.0);
    hop.before.for_chunks(storage, "removing entries", ctl, |chunk| {
        let groups: Vec<_> = chunk.groups().collect();
        let left = ctl.map(groups.len(), |at| test(chunk, &groups[at], hop.norms, delta, job.locked))?;
        for left in &left {
            append(&mut *lengths, &left.lengths)?;
            append(&mut *sources, &left.sources)?;
            append(&mut *values, &left.values)?;
            n_entries += left.sources.len();
            sum += left.sum;
        }
        for (group, left) in groups.iter().zip(&left) {
            append(&mut *masks, &masks_of(job, hop, chunk.target(group.start), group.len(), &left.removed)?)?;
        }
        Ok(())
    })?;
    lengths.finish()?;
    sources.finish()?;
    values.finish()?;
    masks.finish()?;
    Ok((ActiveLists { since, n_entries, ..hop.before }, sum))
}

fn test(chunk: &Chunk, group: &std::ops::Range<usize>, norms: &[f32], delta: f32, locked: Option<&[bool]>) -> Left {
    let scores = scores_of(chunk, group, norms);
    let start = chunk.indptr[group.start];
    let mut left = Left {
        lengths: Vec::with_capacity(group.len()),
        sources: Vec::with_capacity(scores.len()),
        values: Vec::with_capacity(scores.len()),
        removed: Vec::with_capacity(scores.len()),
        sum: scores.iter().map(|s| f64::from(*s)).sum(),
    };
    for row in group.clone() {
        let own = chunk.target(row);
        let before = left.sources.len();
        let is_locked = locked.is_some_and(|locked| locked[own]);
        for k in chunk.indptr[row]..chunk.indptr[row + 1] {
            let is_removed = !is_locked && scores[k - start] < delta && chunk.sources[k] as usize != own;
            left.removed.push(is_removed);
            if !is_removed {
                left.sources.push(chunk.sources[k]);
                left.values.push(chunk.values[k]);
            }
        }
        left.lengths.push((left.sources.len() - before) as u32);
    }
    left
}

/// The masks of some rows after the hop: of the entries that were there, those that are removed.
fn masks_of(
    job: &StoredPropagation<'_>,
    hop: &Hop<'_>,
    first: usize,
    n_rows: usize,
    removed: &[bool],
) -> Result<Vec<u8>, EngineError> {
    let never = job.recipe.model.hops as u8;
    let indptr = read_indptr(job, first, n_rows)?;
    let (start, len) = (indptr[0] as usize, (indptr[n_rows] - indptr[0]) as usize);
    let mut masks = vec![never; len];
    if let Some(until) = hop.masks_until {
        read_into(job.storage, StoredArray::RemovedAt { until }, start, &mut masks)?;
    }
    let sources: Vec<u32> =
        if hop.n_left_out > 0 { read(job.storage, StoredArray::Indices, start, len)? } else { Vec::new() };
    let mut removed = removed.iter();
    for (row, ends) in indptr.windows(2).enumerate() {
        let (from, to) = (ends[0] as usize - start, ends[1] as usize - start);
        for (at, mask) in (from..).zip(&mut masks[from..to]) {
            let is_left_out = sources.get(at).is_some_and(|v| *v as usize == first + row);
            if *mask == never && !is_left_out && removed.next() == Some(&true) {
                *mask = hop.at as u8;
            }
        }
    }
    Ok(masks)
}
