//! Hop after hop, block after block.

use std::time::Instant;

use super::arrays::{Sink, Storage, StoredArray, append, read, read_into, reads_next};
use super::chunks::{ActiveLists, GROUP_ROWS};
use super::decide::{DecidedHop, Hop, decide, write_first_lists};
use super::propagation::StoredPropagation;
use super::state::{HopRecord, PropagationState};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::kernels::{RowBlock, add_squares_of_rows, gather_rows};
use crate::engine::sparsify::Identity;
use crate::engine::sparsify::edges::check_norms;

/// Propagates the features in a storage over `recipe.model.hops` hops, removing as `recipe.edges` says. A propagation that is in the
/// storage already goes on where it was interrupted.
///
/// Afterwards the storage holds [`StoredArray::Embedding`] and, where something was removed, [`StoredArray::RemovedAt`].
///
/// # Errors
/// [`EngineError::Recipe`] for what cannot be done out of memory, [`EngineError::Topology`], [`EngineError::NotFinite`],
/// [`EngineError::Storage`], [`EngineError::Cancelled`].
pub fn propagate_stored(job: &StoredPropagation<'_>, ctl: &Control) -> Result<PropagationState, EngineError> {
    job.check()?;
    // One block of columns, used again for every other: what is given back is not free at once.
    let mut block = Vec::new();
    let found = job.storage.load_state()?.filter(|state| state.block_width == job.plan.block_width);
    if found.is_some() {
        job.storage.verify(ctl)?;
    }
    let (mut state, mut squares) = match found {
        Some(state) if state.is_finished => return Ok(state),
        Some(state) => {
            let squares = squares_of(job, state.hop, job.plan.n_blocks, ctl)?;
            (state, squares)
        }
        None => begin(job, ctl)?,
    };
    while state.hop < job.recipe.model.hops {
        squares = one_hop(job, &mut state, &squares, &mut block, ctl)?;
    }
    drop(block);
    finish(job, &mut state, ctl)?;
    Ok(state)
}

/// Writes the first lists and cuts the features into blocks.
fn begin(job: &StoredPropagation<'_>, ctl: &Control) -> Result<(PropagationState, Vec<f64>), EngineError> {
    let first = write_first_lists(job, ctl)?;
    let (n, f) = (job.size.n_nodes, job.size.n_features);
    let mut squares = vec![0.0; n];
    let blocks = (0..job.plan.n_blocks).map(|block| job.storage.create(StoredArray::Columns { hop: 0, block }));
    let mut blocks: Vec<Box<dyn Sink + '_>> = blocks.collect::<Result<_, _>>()?;
    for row in (0..n).step_by(GROUP_ROWS) {
        ctl.check()?;
        ctl.progress("reading features", row, n);
        let n_rows = GROUP_ROWS.min(n - row);
        let rows: Vec<f32> = read(job.storage, StoredArray::Features, row * f, n_rows * f)?;
        for (block, sink) in blocks.iter_mut().enumerate() {
            let (first, width) = job.columns(block);
            let columns: Vec<f32> = rows.chunks_exact(f).flat_map(|row| &row[first..first + width]).copied().collect();
            add_squares_of_rows(&columns, width, &mut squares[row..row + n_rows]);
            append(&mut **sink, &columns)?;
        }
    }
    for sink in blocks {
        sink.finish()?;
    }
    let state = PropagationState {
        block_width: job.plan.block_width,
        n_first: first.lists.n_entries,
        n_self_loops: first.n_self_loops,
        hop: 0,
        is_decided: false,
        n_blocks_done: 0,
        lists_since: 0,
        n_active_entries: first.lists.n_entries,
        deciding: None,
        masks_until: None,
        records: Vec::new(),
        is_finished: false,
    };
    job.storage.save_state(&state)?;
    Ok((state, squares))
}

/// Squares of the row norms over the first `n_blocks` blocks of `P̂(hop)`.
fn squares_of(
    job: &StoredPropagation<'_>,
    hop: usize,
    n_blocks: usize,
    ctl: &Control,
) -> Result<Vec<f64>, EngineError> {
    let n = job.size.n_nodes;
    let mut squares = vec![0.0; n];
    for block in 0..n_blocks {
        let (_, width) = job.columns(block);
        for row in (0..n).step_by(GROUP_ROWS) {
            ctl.check()?;
            let n_rows = GROUP_ROWS.min(n - row);
            let rows: Vec<f32> = read(job.storage, StoredArray::Columns { hop, block }, row * width, n_rows * width)?;
            add_squares_of_rows(&rows, width, &mut squares[row..row + n_rows]);
        }
    }
    Ok(squares)
}

/// One hop, or what is left of it; gives the squares of the row norms of what it made.
fn one_hop(
    job: &StoredPropagation<'_>,
    state: &mut PropagationState,
    squares: &[f64],
    x: &mut Vec<f32>,
    ctl: &Control,
) -> Result<Vec<f64>, EngineError> {
    let began = Instant::now();
    let (storage, hop, n) = (job.storage, state.hop, job.size.n_nodes);
    let n_left_out = job.size.n_entries - state.n_first;
    let mut active = ActiveLists { since: state.lists_since, n_nodes: n, n_entries: state.n_active_entries };
    if !state.is_decided {
        let norms: Vec<f32> = squares.iter().map(|s| s.sqrt() as f32).collect();
        check_norms(&norms, hop)?;
        let n_self_loops = state.n_self_loops;
        let asks =
            Hop { at: hop, before: active, n_left_out, n_self_loops, norms: &norms, masks_until: state.masks_until };
        let DecidedHop { delta, mean_message, after } = decide(job, &asks, ctl)?;
        state.deciding = Some((f64::from(delta), mean_message.is_finite().then_some(mean_message), active.n_entries));
        state.is_decided = true;
        let old = (state.lists_since, state.masks_until);
        if let Some(after) = after {
            (active, state.lists_since, state.n_active_entries) = (after, after.since, after.n_entries);
            state.masks_until = Some(hop);
        }
        storage.save_state(state)?;
        if state.lists_since != old.0 {
            for array in lists(old.0) {
                storage.remove(array)?;
            }
        }
        if let Some(until) = old.1.filter(|_| state.masks_until != old.1) {
            storage.remove(StoredArray::RemovedAt { until })?;
        }
    }
    let mut next = squares_of(job, hop + 1, state.n_blocks_done, ctl)?;
    for block in state.n_blocks_done..job.plan.n_blocks {
        one_block(job, (active, hop), block, x, &mut next, ctl)?;
        state.n_blocks_done = block + 1;
        storage.save_state(state)?;
        if hop > 0 && job.has_sum() {
            storage.remove(StoredArray::Sum { hop: hop - 1, block })?;
        }
    }
    let (delta, mean_message, n_active_before) = state.deciding.take().unwrap_or((0.0, None, active.n_entries));
    state.records.push(HopRecord {
        hop,
        requested: job.recipe.delta_a(hop),
        delta,
        mean_message,
        n_entries: job.size.n_entries,
        n_self_loops: state.n_self_loops,
        n_before: n_active_before + n_left_out,
        n_after: active.n_entries + n_left_out,
        output_norm: next.iter().sum::<f64>().sqrt(),
        secs: began.elapsed().as_secs_f64(),
    });
    (state.hop, state.is_decided, state.n_blocks_done) = (hop + 1, false, 0);
    storage.save_state(state)?;
    for block in 0..job.plan.n_blocks {
        storage.remove(StoredArray::Columns { hop, block })?;
    }
    Ok(next)
}

fn lists(since: usize) -> [StoredArray; 3] {
    [StoredArray::Lengths { since }, StoredArray::Sources { since }, StoredArray::Values { since }]
}

/// Rows that one worker adds up at a time.
const WORKER_ROWS: usize = 128;
/// Values of the next block that wait to be written at most, unless one group of rows has more.
const WAITING: usize = 1 << 21;

/// A block of columns of `P̂(hop + 1)`, and of the sum with `P̂(hop)`.
fn one_block(
    job: &StoredPropagation<'_>,
    (active, hop): (ActiveLists, usize),
    block: usize,
    x: &mut Vec<f32>,
    squares: &mut [f64],
    ctl: &Control,
) -> Result<(), EngineError> {
    let (storage, n) = (job.storage, job.size.n_nodes);
    let (_, width) = job.columns(block);
    x.resize(n * width, 0.0);
    read_into(storage, StoredArray::Columns { hop, block }, 0, x)?;
    let x = x.as_slice();
    let mut sink = storage.create(StoredArray::Columns { hop: hop + 1, block })?;
    let mut sum = if job.has_sum() { Some(storage.create(StoredArray::Sum { hop, block })?) } else { None };
    let weight = job.recipe.model.hop_weights()[hop] as f32;
    let is_residual = job.recipe.edges.identity != Identity::SelfLoop;
    let stage = format!("hop {} of {}, columns {} of {}", hop + 1, job.recipe.model.hops, block + 1, job.plan.n_blocks);
    let mut out: Vec<f32> = Vec::new();
    active.for_chunks(storage, &stage, ctl, |chunk| {
        // The block that comes next is fetched beside this one, row by row as it goes on.
        if block + 1 < job.plan.n_blocks {
            let (_, width) = job.columns(block + 1);
            let next = StoredArray::Columns { hop, block: block + 1 };
            reads_next::<f32>(storage, next, chunk.rows.start * width, chunk.rows.len() * width);
        }
        let n_rows = (WAITING / width).max(GROUP_ROWS);
        for from in (0..chunk.rows.len()).step_by(n_rows) {
            let start = chunk.rows.start + from;
            let end = chunk.rows.end.min(start + n_rows);
            let own = &x[start * width..end * width];
            out.clear();
            out.extend_from_slice(own);
            ctl.for_row_blocks(&mut out, width, WORKER_ROWS, |first, rows| {
                let first = from + first;
                let indptr = &chunk.indptr[first..=first + rows.len() / width];
                let entries = RowBlock { indptr, indices: &chunk.sources, values: &chunk.values };
                gather_rows(rows, width, entries, x, is_residual);
            })?;
            add_squares_of_rows(&out, width, &mut squares[start..end]);
            append(&mut *sink, &out)?;
            if let Some(sink) = &mut sum {
                let before = (hop > 0).then_some(StoredArray::Sum { hop: hop.wrapping_sub(1), block });
                append(&mut **sink, &added(storage, before, start * width, weight, own)?)?;
            }
        }
        Ok(())
    })?;
    sink.finish()?;
    match sum {
        Some(sum) => sum.finish(),
        None => Ok(()),
    }
}

/// `before + weight · x`, from value `from` of `before` on.
fn added(
    storage: &dyn Storage,
    before: Option<StoredArray>,
    from: usize,
    weight: f32,
    x: &[f32],
) -> Result<Vec<f32>, EngineError> {
    let mut sum = vec![0.0f32; x.len()];
    if let Some(before) = before {
        read_into(storage, before, from, &mut sum)?;
    }
    sum.iter_mut().zip(x).for_each(|(s, p)| *s = weight.mul_add(*p, *s));
    Ok(sum)
}

/// Puts the blocks of the result side by side, and removes what was only on the way.
fn finish(job: &StoredPropagation<'_>, state: &mut PropagationState, ctl: &Control) -> Result<(), EngineError> {
    let (storage, n, f) = (job.storage, job.size.n_nodes, job.size.n_features);
    let last = job.recipe.model.hops;
    let weight = job.recipe.model.hop_weights()[last] as f32;
    let mut sink = storage.create(StoredArray::Embedding)?;
    for row in (0..n).step_by(GROUP_ROWS) {
        ctl.check()?;
        ctl.progress("writing the embedding", row, n);
        let n_rows = GROUP_ROWS.min(n - row);
        let mut rows = vec![0.0f32; n_rows * f];
        for block in 0..job.plan.n_blocks {
            let (first, width) = job.columns(block);
            let from = row * width;
            let columns = StoredArray::Columns { hop: last, block };
            let mut part: Vec<f32> = read(storage, columns, from, n_rows * width)?;
            if job.has_sum() {
                let before = last.checked_sub(1).map(|hop| StoredArray::Sum { hop, block });
                part = added(storage, before, from, weight, &part)?;
            }
            for (row, part) in rows.chunks_exact_mut(f).zip(part.chunks_exact(width)) {
                row[first..first + width].copy_from_slice(part);
            }
        }
        append(&mut *sink, &rows)?;
    }
    sink.finish()?;
    state.is_finished = true;
    storage.save_state(state)?;
    for block in 0..job.plan.n_blocks {
        storage.remove(StoredArray::Columns { hop: last, block })?;
        if job.has_sum() && last > 0 {
            storage.remove(StoredArray::Sum { hop: last - 1, block })?;
        }
    }
    for array in lists(state.lists_since) {
        storage.remove(array)?;
    }
    Ok(())
}
