//! The entries of a graph as one step of a run sees them: what removed them, how strong they are and how far from their threshold.

use ndarray::Array2;

use super::atlas::Atlas;
use super::{RasterMode, Side};
use crate::engine::error::EngineError;
use crate::engine::experiment::Run;
use crate::engine::plot::judged::Judged;
use crate::engine::sparsify::{EdgeMask, EdgeTrace, StepTrace};

pub(super) fn absent(side: Side, step: usize) -> EngineError {
    EngineError::mismatch("heatmap", format!("a step with {}", side.title()), format!("step {step}"))
}

/// `log10(score / threshold)` without the cases that have no meaning.
pub(super) fn margin(score: f32, threshold: f32) -> f32 {
    if threshold > 0.0 { (score / threshold).log10() } else { f32::INFINITY }
}

/// A margin on the side of the mask: what is kept is not below its threshold, what is removed is, although a rounding or another way of
/// choosing says otherwise.
pub(super) fn of_mask(is_kept: bool, margin: f32) -> f32 {
    match is_kept {
        true if margin < 0.0 => 0.0,
        false if margin >= 0.0 => -f32::EPSILON,
        _ => margin,
    }
}

/// `log2(after / before)`: 0 where a value is as it was; below everything where it has gone to 0 or changed its sign.
pub(super) fn change(before: f32, after: f32) -> f32 {
    let ratio = after / before;
    if ratio.is_nan() || ratio > 0.0 { ratio.log2() } else { f32::NEG_INFINITY }
}

/// How the value of every entry has changed in graph step `idx`, as [`change`]; NaN where it was removed or has no value of its own.
pub(super) fn changes(run: &Run, atlas: &Atlas, idx: usize) -> Vec<f32> {
    let mask = &run.pruned.masks.edges;
    let mut changes = vec![f32::NAN; mask.n_entries()];
    if let Some(values) = mask.values_of(idx) {
        let kept = (0..mask.n_entries()).filter(|k| mask.is_kept(*k, idx));
        for (k, row) in kept.zip(values.rows()) {
            changes[k] = change(atlas.value(k), row.sum() / row.len().max(1) as f32);
        }
    }
    changes
}

/// Of entry `k`, one head's coefficient or the mean over all. A head that is not there has the last one's.
fn coefficient(coefficients: &Array2<f32>, k: usize, head: Option<usize>) -> f32 {
    let row = coefficients.row(k);
    match head {
        Some(head) => row.get(head.min(row.len().saturating_sub(1))).copied().unwrap_or(f32::NAN),
        None => row.sum() / row.len().max(1) as f32,
    }
}

/// What was removed has no coefficient, and is not to pale what stays beside it.
fn used(coefficient: f32) -> f32 {
    if coefficient > 0.0 { coefficient } else { f32::NAN }
}

/// The entries of the graph as one step of a run sees them.
#[derive(Clone, Copy)]
pub(super) struct EdgeEntries<'a> {
    atlas: &'a Atlas,
    trace: &'a EdgeTrace,
    /// The step, counted among those that propagate over the graph.
    idx: usize,
    /// How many steps propagate over the graph.
    n_steps: usize,
    /// Every step of the run, for what was removed before this one.
    steps: &'a [StepTrace],
    mask: &'a EdgeMask,
    indices: &'a [u32],
    judged: Judged,
    /// As [`changes`]; empty in modes that do not show it.
    changes: &'a [f32],
}

impl<'a> EdgeEntries<'a> {
    /// # Errors
    /// [`EngineError::Mismatch`] when the run has no such step, or the atlas is of another graph.
    pub(super) fn of(run: &'a Run, atlas: &'a Atlas, step: usize) -> Result<Self, EngineError> {
        let found = run.pruned.steps.get(step).ok_or_else(|| absent(Side::Edges, step))?;
        let trace = found.edges.as_ref().ok_or_else(|| absent(Side::Edges, step))?;
        let mask = &run.pruned.masks.edges;
        let n = atlas.ordering().len();
        if mask.n_entries() != atlas.values().len() || trace.source_norms.len() != n {
            return Err(EngineError::mismatch("heatmap", format!("a graph of {n} nodes"), run.dataset.n_nodes()));
        }
        let (steps, n_steps) = (run.pruned.steps.as_slice(), run.pruned.masks.edges.n_steps());
        let indices = run.dataset.topology().indices();
        let judged = Judged::of(&run.recipe, trace);
        Ok(Self { atlas, trace, idx: found.idx, n_steps, steps, mask, indices, judged, changes: &[] })
    }

    /// The same with what [`RasterMode::Changed`] shows.
    pub(super) fn with_changes(self, changes: &'a [f32]) -> Self {
        Self { changes, ..self }
    }

    /// The step, counted among those that propagate over the graph.
    pub(super) fn idx(&self) -> usize {
        self.idx
    }

    /// How many steps propagate over the graph.
    pub(super) fn n_steps(&self) -> usize {
        self.n_steps
    }

    /// Whether self-loops count among the shares.
    pub(super) fn counts_self_loops(&self) -> bool {
        self.trace.counts_self_loops
    }

    /// The first step that does without entry `k`; the number of steps where there is none.
    pub(super) fn removed_at(&self, k: usize) -> u8 {
        self.mask.first_without(k) as u8
    }

    /// Whether this step keeps entry `k`.
    pub(super) fn is_kept(&self, k: usize) -> bool {
        self.mask.is_kept(k, self.idx)
    }

    /// Whether no step removes entry `k`.
    pub(super) fn is_never_removed(&self, k: usize) -> bool {
        self.mask.first_without(k) >= self.n_steps
    }

    /// The score of entry `k`; in mass mode the share of feature columns that are pushed over it.
    pub(super) fn strength(&self, k: usize) -> f32 {
        self.judged.score(self.trace, k, self.indices[k] as usize, self.atlas.value(k))
    }

    fn score_in(&self, trace: &EdgeTrace, k: usize) -> f32 {
        trace.score(k, self.indices[k] as usize, self.atlas.value(k))
    }

    /// How far entry `k` is above the threshold that judged it; `is_own` for a node's entry to itself, which is never removed.
    pub(super) fn margin(&self, k: usize, is_own: bool) -> f32 {
        if self.trace.pushed_share.is_some() {
            return f32::NAN;
        }
        if is_own {
            return f32::INFINITY;
        }
        let threshold = self.judged.threshold(self.trace) as f32;
        if threshold.is_nan() {
            // Nothing but the side that it is on.
            return if self.is_kept(k) { f32::INFINITY } else { f32::NEG_INFINITY };
        }
        if let Some(removed_at) = self.mask.removing_step(k, self.idx).filter(|at| *at < self.idx) {
            let removing = self.steps.iter().filter(|s| s.idx == removed_at).find_map(|s| s.edges.as_ref());
            return removing
                .map_or(f32::NAN, |trace| of_mask(false, margin(self.score_in(trace, k), trace.delta as f32)));
        }
        let margin = margin(self.strength(k), threshold);
        match self.is_kept(k) {
            // Kept below its threshold: its target is locked, and nothing can remove it.
            true if margin < 0.0 => f32::INFINITY,
            is_kept => of_mask(is_kept, margin),
        }
    }

    /// What a mode shows of entry `k`.
    pub(super) fn value(&self, mode: RasterMode, k: usize, is_own: bool) -> f32 {
        match mode {
            RasterMode::Kept | RasterMode::Compared => f32::NAN,
            RasterMode::WhenRemoved => f32::from(self.removed_at(k)),
            RasterMode::Attention(head) => {
                self.trace.coefficients.as_deref().map_or(f32::NAN, |c| used(coefficient(c, k, head)))
            }
            RasterMode::Strength => self.strength(k),
            RasterMode::Margin => self.margin(k, is_own),
            RasterMode::Changed => self.changes.get(k).copied().unwrap_or(f32::NAN),
        }
    }
}
