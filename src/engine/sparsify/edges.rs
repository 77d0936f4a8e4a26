//! The graph side: removing entries while propagating (Unifews Eq. 9 and Algorithm 1).
//!
//! Entry `(u,v)`, `u ≠ v`, is removed when `|T[u,v]| · ‖P̂[v]‖₂ < δ`. The norms of the rows cost one pass over `P̂`; the test is
//! one comparison per entry, made in the same loop that adds the survivors up, which also writes them down for the next step.
//! A ranking of the entries that is given (`baselines/`) takes the place of the messages' norms.
//! Authors' code: `archs/layers.py:336-343` (relative δ). Differs in: removed messages are never computed (D11).

use std::ops::Range;
use std::sync::Arc;

use ndarray::Array2;

use super::mask::EdgeMask;
use super::recipe::EdgeMode;
pub(crate) use super::survivors::Walk;
use super::survivors::{CompactedRows, Survivors};
use super::trace::EdgeTrace;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::kernels::{
    RowBlock, contiguous, from_row_blocks, gather_rows, kth_smallest, message_scores, row_norms, squares_of_rows,
    sum_and_count_below,
};

/// What an entry is judged by.
#[derive(Clone, Copy)]
enum Scores<'a> {
    /// `|T[u,v]| · norm[v]`.
    Messages(&'a [f32]),
    /// `norm[v]`: every message counts alike (D9).
    Sources(&'a [f32]),
    /// One number per entry of the full graph.
    Given(&'a [f32]),
}

impl Scores<'_> {
    #[inline(always)]
    fn of(self, survivors: &Survivors, k: usize) -> f32 {
        match self {
            Scores::Messages(norms) => survivors.values()[k].abs() * norms[survivors.structure().indices[k] as usize],
            Scores::Sources(norms) => norms[survivors.structure().indices[k] as usize],
            Scores::Given(scores) => scores[survivors.entry(k) as usize],
        }
    }

    /// Whether no entry can be below `delta`: norms are never negative.
    fn reach(self, delta: f32) -> bool {
        delta <= 0.0 && !matches!(self, Scores::Given(_))
    }
}

/// What one deciding propagation gives.
pub(crate) struct Decided {
    pub(crate) output: Array2<f32>,
    pub(crate) survivors: Survivors,
    pub(crate) trace: EdgeTrace,
    /// `‖output[u]‖₂²` of every row, where they came for free.
    pub(crate) squares: Option<Vec<f64>>,
}

/// How one step decides.
#[derive(Clone, Copy)]
pub(crate) struct EdgeStep<'a> {
    /// From 0.
    pub(crate) step: usize,
    /// δa as the recipe gives it.
    pub(crate) asked: f64,
    pub(crate) mode: EdgeMode,
    /// One number per entry of the full graph, compared instead of the messages' norms.
    pub(crate) ranking: Option<&'a Arc<Vec<f32>>>,
    /// Which targets keep all their entries. `[n]`
    pub(crate) locked: Option<&'a [bool]>,
}

/// Propagates `x` over the survivors of the step before, removing what carries too little, and notes in `mask` what went.
///
/// `norms` are those of the rows of `x`, where they are known already.
///
/// # Shapes
/// `x: [n, width]`, output `[n, width]`
///
/// # Errors
/// [`EngineError::NotFinite`] when a row's norm is not finite, [`EngineError::Cancelled`].
pub(crate) fn propagate_and_remove(
    before: &Survivors,
    x: &Array2<f32>,
    norms: Option<Vec<f32>>,
    how: EdgeStep<'_>,
    mask: &mut EdgeMask,
    ctl: &Control,
) -> Result<Decided, EngineError> {
    let EdgeStep { step, asked, mode, ranking, locked } = how;
    let norms = norms.map_or_else(|| row_norms(x.view(), ctl), Ok)?;
    check_norms(&norms, step)?;
    let n_entries = mask.removed_at().len();
    let scores = match ranking {
        Some(given) => Scores::Given(given),
        None if before.averages() => Scores::Sources(&norms),
        None => Scores::Messages(&norms),
    };
    // A relative threshold needs the mean before the entries are walked; else it is added up on the way.
    let mean_before = if mode == EdgeMode::Relative { Some(mean_score(before, scores, asked, ctl)?) } else { None };
    let delta = match mode {
        EdgeMode::Absolute | EdgeMode::Mass => asked as f32,
        EdgeMode::Relative => (asked * mean_before.unwrap_or_default()) as f32,
        EdgeMode::Target if n_to_go(before.n_entries(), asked, n_entries) == 0 => 0.0,
        EdgeMode::Target => {
            let all = others(before, ctl, |k| scores.of(before, k))?;
            target_delta(all, before.n_entries(), asked, n_entries)
        }
    };
    let walked = fused(before, x, scores, delta, locked, ctl)?;
    let n_walked = before.n_walked().max(1) as f64;
    let mean_message = match (mean_before, walked.sum_of_scores) {
        (Some(mean), _) => mean,
        (None, Some(sum)) => sum / n_walked,
        (None, None) => mean_score(before, scores, 0.0, ctl)?,
    };
    for k in walked.removed.into_iter().flatten() {
        mask.remove(k as usize, step);
    }
    let survivors = walked.survivors.unwrap_or_else(|| before.clone());
    let trace = EdgeTrace {
        asked,
        delta: f64::from(delta),
        n_entries,
        n_self_loops: before.n_self_loops(),
        n_before: before.n_entries(),
        n_after: survivors.n_entries(),
        mean_message,
        source_norms: Arc::new(norms),
        width: x.ncols(),
        macs_per_entry: x.ncols(),
        scores: ranking.map(Arc::clone),
        coefficients: None,
        pushed_share: None,
    };
    Ok(Decided { output: walked.output, survivors, trace, squares: Some(walked.squares) })
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

/// Mean score over the entries walked, self-loops included; block sums are added in block order. Where nothing is `asked` of messages
/// the sum goes over sources instead of entries.
fn mean_score(survivors: &Survivors, scores: Scores<'_>, asked: f64, ctl: &Control) -> Result<f64, EngineError> {
    let n_walked = survivors.n_walked().max(1) as f64;
    if let (Scores::Messages(norms), true) = (scores, asked == 0.0) {
        let of_sources = survivors.source_sums().iter().zip(norms);
        return Ok(of_sources.map(|(sum, norm)| sum * f64::from(*norm)).sum::<f64>() / n_walked);
    }
    let n = survivors.n_rows();
    let indptr = survivors.structure().indptr;
    let sums = ctl.map(n.div_ceil(SCORE_ROWS), |block| {
        let rows = block * SCORE_ROWS..n.min((block + 1) * SCORE_ROWS);
        let entries = indptr[rows.start]..indptr[rows.end];
        entries.map(|k| f64::from(scores.of(survivors, k))).sum::<f64>()
    })?;
    Ok(sums.iter().sum::<f64>() / n_walked)
}

/// Scores of the entries walked but self-loops, in order.
fn others(
    survivors: &Survivors,
    ctl: &Control,
    score: impl Fn(usize) -> f32 + Send + Sync,
) -> Result<Vec<f32>, EngineError> {
    let n = survivors.n_rows();
    let lists = survivors.structure();
    let blocks = ctl.map(n.div_ceil(SCORE_ROWS), |block| {
        let rows = block * SCORE_ROWS..n.min((block + 1) * SCORE_ROWS);
        let mut scores = Vec::with_capacity(lists.indptr[rows.end] - lists.indptr[rows.start]);
        for u in rows {
            let row = lists.indptr[u]..lists.indptr[u + 1];
            scores.extend(row.filter(|k| lists.indices[*k] as usize != u).map(&score));
        }
        scores
    })?;
    Ok(blocks.concat())
}

/// How many more entries have to go until a share of all is gone.
pub(crate) fn n_to_go(n_before: usize, share: f64, n_entries: usize) -> usize {
    let wanted = (share * n_entries as f64).ceil() as usize;
    wanted.saturating_sub(n_entries - n_before)
}

/// The smallest δ at which at least the wanted share of all entries is gone, by selection among the `scores` of those that may
/// go; equal scores go together.
pub(crate) fn target_delta(mut scores: Vec<f32>, n_before: usize, share: f64, n_entries: usize) -> f32 {
    let more = n_to_go(n_before, share, n_entries).min(scores.len());
    kth_smallest(&mut scores, more).map_or(0.0, f32::next_up)
}

/// Output rows of one block, and what became of their entries.
#[derive(Default)]
struct Block {
    squares: Vec<f64>,
    /// What is left, where something went.
    compacted: Option<CompactedRows>,
    removed: Vec<u32>,
    sum_of_scores: f64,
}

/// What walking the entries gave.
#[derive(Default)]
struct Walked {
    output: Array2<f32>,
    /// `‖output[u]‖₂²`
    squares: Vec<f64>,
    /// What is left, where something went.
    survivors: Option<Survivors>,
    /// Block after block.
    removed: Vec<Vec<u32>>,
    /// Over the entries before, where they were tested.
    sum_of_scores: Option<f64>,
}

/// Rows per block of the fused walk: their entries and output rows stay in the second cache.
const FUSED_ROWS: usize = 128;

fn fused(
    before: &Survivors,
    x: &Array2<f32>,
    scores: Scores<'_>,
    delta: f32,
    locked: Option<&[bool]>,
    ctl: &Control,
) -> Result<Walked, EngineError> {
    let (n, width) = x.dim();
    let values = contiguous(x.view());
    if width == 0 {
        let output = Array2::zeros((n, width));
        return Ok(Walked { output, squares: vec![0.0; n], ..Walked::default() });
    }
    let residual = before.is_residual();
    let is_tested = before.averages() || !scores.reach(delta);
    let lists = before.structure();
    let (output, mut blocks) = from_row_blocks(n, width, FUSED_ROWS, ctl, |first, rows| {
        let n_rows = rows.len() / width;
        if residual {
            rows.copy_from_slice(&values[first * width..first * width + rows.len()]);
        }
        let mut block = Block { squares: vec![0.0; n_rows], ..Block::default() };
        if is_tested {
            test_rows(before, first..first + n_rows, Test { scores, delta, locked }, &mut block);
        }
        let indptr = &lists.indptr[first..=first + n_rows];
        let walked = match &block.compacted {
            Some(left) => RowBlock { indptr: &left.indptr, indices: &left.indices, values: &left.values },
            None => RowBlock { indptr, indices: lists.indices, values: before.values() },
        };
        gather_rows(rows, width, walked, values, residual);
        squares_of_rows(rows, width, &mut block.squares);
        block
    })?;
    let mut walked = Walked { output, squares: Vec::with_capacity(n), ..Walked::default() };
    for block in &mut blocks {
        walked.squares.extend_from_slice(&block.squares);
        walked.removed.push(std::mem::take(&mut block.removed));
    }
    if is_tested {
        walked.sum_of_scores = Some(blocks.iter().map(|b| b.sum_of_scores).sum());
    }
    if blocks.iter().any(|b| b.compacted.is_some()) {
        let compacted = blocks.into_iter().map(|b| b.compacted).collect();
        walked.survivors = Some(before.replaced(compacted, FUSED_ROWS, ctl)?);
    }
    Ok(walked)
}

#[derive(Clone, Copy)]
struct Test<'a> {
    scores: Scores<'a>,
    delta: f32,
    locked: Option<&'a [bool]>,
}

/// Tests the entries of `rows`: adds their scores up, and where some go, writes down which stay.
fn test_rows(before: &Survivors, rows: Range<usize>, test: Test<'_>, block: &mut Block) {
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
    block.sum_of_scores = sum;
    if n_below == 0 && !before.averages() {
        return;
    }
    let mut left = CompactedRows {
        indptr: Vec::with_capacity(rows.len() + 1),
        indices: vec![0; scores.len()],
        values: vec![0.0; scores.len()],
        entry: vec![0; scores.len()],
    };
    // One more slot than can be needed, since both lists are written to before it is known which of them grows.
    block.removed.resize(n_below + 1, 0);
    let (mut n_left, mut n_removed) = (0, 0);
    left.indptr.push(0);
    for u in rows {
        let delta = if test.locked.is_some_and(|l| l[u]) { f32::NEG_INFINITY } else { test.delta };
        let row = lists.indptr[u] - entries.start..lists.indptr[u + 1] - entries.start;
        let mean = 1.0 / row.len().max(1) as f32;
        // Without branches: half of the entries going is the worst case of guessing.
        for k in row {
            let v = sources[k];
            let goes = scores[k] < delta && v as usize != u;
            let of_graph = before.entry(entries.start + k);
            left.indices[n_left] = v;
            left.values[n_left] = if before.averages() { mean } else { values[k] };
            left.entry[n_left] = of_graph;
            block.removed[n_removed] = of_graph;
            n_left += usize::from(!goes);
            n_removed += usize::from(goes);
        }
        left.indptr.push(n_left);
    }
    left.cut_to(n_left);
    block.removed.truncate(n_removed);
    if before.averages() || n_removed > 0 {
        block.compacted = Some(left);
    }
}
