//! The graph side: removing entries while propagating (Unifews Eq. 9 and Algorithm 1).
//!
//! Entry `(u,v)`, `u ≠ v`, is removed when `|T[u,v]| · ‖P̂[v]‖₂ < δ`. The norms of the rows come from the hop that made them, or cost one
//! pass over `P̂`; the test is one comparison per entry, made before the kept entries are added up and stored for the next step.
//! A ranking of the entries that is given (`baselines/`) takes the place of the messages' norms.
//! Authors' code: `archs/layers.py:336-343` (relative δ). Differs in: removed messages are never computed (docs/DIFFERENCES.md#d11).

use std::ops::Range;
use std::sync::Arc;

use super::exempt::Exempt;
use super::mask::EdgeMask;
pub(crate) use super::pruned_operator::OperatorSource;
use super::pruned_operator::PrunedOperator;
use super::recipe::EdgeMode;
use super::removed_bits::RemovedBits;
use super::threshold::{self, EdgeThreshold, Removable};
use super::trace::EdgeTrace;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::kernels::{
    ExactSum, message_scores, no_counts, nth_by_counting, sum_and_count_below, sum_of_scores,
};

/// What an entry is judged by.
#[derive(Clone, Copy)]
enum Scores<'a> {
    /// `|T[u,v]| · norm[v]`.
    Messages(&'a [f32]),
    /// `norm[v]`: every message counts alike (docs/DIFFERENCES.md#d9).
    Sources(&'a [f32]),
    /// One number per entry of the full graph.
    Given(&'a [f32]),
}

impl Scores<'_> {
    #[inline(always)]
    fn of(self, operator: &PrunedOperator, k: usize) -> f32 {
        match self {
            Scores::Messages(norms) => operator.values()[k].abs() * norms[operator.structure().indices[k] as usize],
            Scores::Sources(norms) => norms[operator.structure().indices[k] as usize],
            Scores::Given(scores) => scores[operator.entry(k) as usize],
        }
    }

    /// Whether no entry can be below `delta`: norms are never negative.
    fn reach(self, delta: f32) -> bool {
        delta <= 0.0 && !matches!(self, Scores::Given(_))
    }
}

/// What deciding one step gives.
pub(crate) struct Removed {
    /// What the step propagates over.
    pub(crate) operator: PrunedOperator,
    pub(crate) trace: EdgeTrace,
}

/// How one step decides.
#[derive(Clone, Copy)]
pub(crate) struct EdgeStep<'a> {
    /// From 0.
    pub(crate) step: usize,
    /// δa as the recipe gives it.
    pub(crate) requested: f64,
    pub(crate) mode: EdgeMode,
    /// One number per entry of the full graph, compared instead of the messages' norms.
    pub(crate) ranking: Option<&'a Arc<Vec<f32>>>,
    /// What no threshold decides.
    pub(crate) exempt: &'a Exempt,
    /// Whether shares are of all entries, self-loops included.
    pub(crate) counts_self_loops: bool,
}

/// Removes what carries too little from the kept entries of the step before, and notes in `mask` what was removed. `norms` are those of the rows
/// that are propagated, `width` columns each.
///
/// # Errors
/// [`EngineError::NotFinite`] when a row's norm is not finite, [`EngineError::Cancelled`].
pub(crate) fn remove(
    before: &PrunedOperator,
    norms: Vec<f32>,
    width: usize,
    how: EdgeStep<'_>,
    mask: &mut EdgeMask,
    ctl: &Control,
) -> Result<Removed, EngineError> {
    let EdgeStep { step, requested, mode, ranking, exempt, counts_self_loops } = how;
    check_norms(&norms, step)?;
    let n_entries = mask.n_entries();
    let scores = match ranking {
        Some(given) => Scores::Given(given),
        None if before.averages() => Scores::Sources(&norms),
        None => Scores::Messages(&norms),
    };
    let beside = if counts_self_loops { 0 } else { before.n_self_loops() };
    let removable = Removable { n_removed: n_entries - before.n_entries(), n_removable: n_entries - beside };
    // A relative threshold needs the mean before the entries are tested; else it is added up meanwhile.
    let mean_before = || mean_score(before, scores, requested, ctl);
    let nth_smallest = |n| nth_by_counting(n, |bucket| count_others(before, scores, bucket, ctl));
    let EdgeThreshold { delta, mean: mean_before } =
        threshold::of_edges(mode, requested, removable, mean_before, nth_smallest)?;
    let tested = if before.averages() || exempt.has_pins() || !scores.reach(delta) {
        test(before, Test { scores, delta, exempt }, ctl)?
    } else {
        Tested::default()
    };
    let n_active_entries = before.n_active_entries().max(1) as f64;
    let mean_message = match (mean_before, tested.sum_of_scores) {
        (Some(mean), _) => mean,
        (None, Some(sum)) => sum / n_active_entries,
        (None, None) => mean_score(before, scores, 0.0, ctl)?,
    };
    for (block, removed) in tested.removed.iter().enumerate() {
        let first = before.structure().indptr[block * TESTED_ROWS];
        for k in removed.iter().flat_map(RemovedBits::positions) {
            mask.remove(before.entry(first + k) as usize, step);
        }
    }
    let operator = if before.averages() || tested.removed.iter().any(Option::is_some) {
        before.without(&tested.removed, TESTED_ROWS, ctl)?
    } else {
        before.clone()
    };
    let trace = EdgeTrace {
        requested,
        delta: f64::from(delta),
        n_entries,
        n_self_loops: before.n_self_loops(),
        n_before: before.n_entries(),
        n_after: operator.n_entries(),
        mean_message,
        source_norms: Arc::new(norms),
        width,
        macs_per_entry: width,
        unpruned_macs_per_entry: width,
        scores: ranking.map(Arc::clone),
        coefficients: None,
        counts_self_loops,
        pushed_share: None,
    };
    Ok(Removed { operator, trace })
}

/// Refuses norms that are not finite.
pub(crate) fn check_norms(norms: &[f32], step: usize) -> Result<(), EngineError> {
    match norms.iter().find(|v| !v.is_finite()) {
        Some(found) => Err(EngineError::NotFinite {
            what: format!("row norm at graph step {}", step + 1),
            found: found.to_string(),
        }),
        None => Ok(()),
    }
}

/// Rows per block where every entry costs a comparison.
const SCORE_ROWS: usize = 4096;

/// Mean score over the active entries, self-loops included. Where nothing is `requested` of messages the sum goes over sources instead of
/// entries.
fn mean_score(
    operator: &PrunedOperator,
    scores: Scores<'_>,
    requested: f64,
    ctl: &Control,
) -> Result<f64, EngineError> {
    let n_active_entries = operator.n_active_entries().max(1) as f64;
    if let (Scores::Messages(norms), true) = (scores, requested == 0.0) {
        let of_sources = operator.source_sums().iter().zip(norms);
        return Ok(of_sources.map(|(sum, norm)| sum * f64::from(*norm)).sum::<f64>() / n_active_entries);
    }
    let n = operator.n_rows();
    let indptr = operator.structure().indptr;
    let sums = ctl.map(n.div_ceil(SCORE_ROWS), |block| {
        let rows = block * SCORE_ROWS..n.min((block + 1) * SCORE_ROWS);
        let of_rows: Vec<f32> = (indptr[rows.start]..indptr[rows.end]).map(|k| scores.of(operator, k)).collect();
        sum_of_scores(indptr, rows, &of_rows)
    })?;
    let mut sum = ExactSum::default();
    for of_block in &sums {
        sum.merge(of_block);
    }
    Ok(sum.value() / n_active_entries)
}

/// How often every bucket of scores is met among the active entries but self-loops. Some rows after the other, so that the scores of all
/// are never in memory.
fn count_others(
    operator: &PrunedOperator,
    scores: Scores<'_>,
    bucket: &(dyn Fn(f32) -> Option<u32> + Sync),
    ctl: &Control,
) -> Result<Vec<u64>, EngineError> {
    const AT_ONCE: usize = 64;
    let n_blocks = operator.n_rows().div_ceil(SCORE_ROWS);
    let lists = operator.structure();
    let mut counts = no_counts();
    for first in (0..n_blocks).step_by(AT_ONCE) {
        let buckets = ctl.map(AT_ONCE.min(n_blocks - first), |block| {
            let start = (first + block) * SCORE_ROWS;
            let rows = start..operator.n_rows().min(start + SCORE_ROWS);
            let others = rows.flat_map(|u| {
                let row = lists.indptr[u]..lists.indptr[u + 1];
                row.filter(move |k| lists.indices[*k] as usize != u)
            });
            others.filter_map(|k| bucket(scores.of(operator, k))).collect::<Vec<u32>>()
        })?;
        buckets.iter().flatten().for_each(|bucket| counts[*bucket as usize] += 1);
    }
    Ok(counts)
}

/// What testing the entries of a block of rows gave.
#[derive(Default)]
struct Block {
    /// Which entries are removed, where some are.
    removed: Option<RemovedBits>,
    sum_of_scores: f64,
}

/// What testing the entries gave.
#[derive(Default)]
struct Tested {
    /// Block after block: which entries are removed, where some are.
    removed: Vec<Option<RemovedBits>>,
    /// Over the entries before, where they were tested.
    sum_of_scores: Option<f64>,
}

/// Rows per block of the test: their entries and scores stay in the second cache.
const TESTED_ROWS: usize = 512;

/// Tests every entry.
fn test(before: &PrunedOperator, test: Test<'_>, ctl: &Control) -> Result<Tested, EngineError> {
    let n = before.n_rows();
    let blocks = ctl.map(n.div_ceil(TESTED_ROWS), |block| {
        test_rows(before, block * TESTED_ROWS..n.min((block + 1) * TESTED_ROWS), test)
    })?;
    let sum_of_scores = Some(blocks.iter().map(|b| b.sum_of_scores).sum());
    Ok(Tested { removed: blocks.into_iter().map(|b| b.removed).collect(), sum_of_scores })
}

#[derive(Clone, Copy)]
struct Test<'a> {
    scores: Scores<'a>,
    delta: f32,
    exempt: &'a Exempt,
}

/// Tests the entries of `rows`: adds their scores up, and where some are removed, says which.
fn test_rows(before: &PrunedOperator, rows: Range<usize>, test: Test<'_>) -> Block {
    let lists = before.structure();
    let entries = lists.indptr[rows.start]..lists.indptr[rows.end];
    let (sources, values) = (&lists.indices[entries.clone()], &before.values()[entries.clone()]);
    let mut scores = vec![0.0; sources.len()];
    match test.scores {
        Scores::Messages(norms) => message_scores(values, sources, norms, &mut scores),
        Scores::Sources(norms) => scores.iter_mut().zip(sources).for_each(|(s, v)| *s = norms[*v as usize]),
        Scores::Given(given) => {
            scores.iter_mut().zip(entries.clone()).for_each(|(s, k)| *s = given[before.entry(k) as usize]);
        }
    }
    let (sum, n_below) = sum_and_count_below(&scores, test.delta);
    let mut block = Block { sum_of_scores: sum, removed: None };
    let pins = test.exempt.pins_of(rows.clone());
    if n_below == 0 && pins.is_empty() {
        return block;
    }
    let mut removed = RemovedBits::none(scores.len());
    for u in rows {
        let delta = if test.exempt.is_locked(u) { f32::NEG_INFINITY } else { test.delta };
        // Without branches: half of the entries removed is the worst case of branch prediction.
        for k in lists.indptr[u] - entries.start..lists.indptr[u + 1] - entries.start {
            removed.mark(k, scores[k] < delta && sources[k] as usize != u);
        }
    }
    for pin in pins {
        let u = pin.target as usize;
        let row = lists.indptr[u] - entries.start..lists.indptr[u + 1] - entries.start;
        // What was removed in a step before is not there any more.
        if let Ok(at) = sources[row.clone()].binary_search(&pin.source) {
            removed.set(row.start + at, !pin.is_kept);
        }
    }
    if removed.count() > 0 {
        block.removed = Some(removed);
    }
    block
}
