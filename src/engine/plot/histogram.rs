//! How scores are distributed, and exactly what a threshold would remove.
//!
//! The scores of a step are the norms that its masks were decided by: of edges the messages of non-loop entries that the
//! step before left (self-loops are never removed), of weights all entries of the matrix.

use std::ops::Range;

use super::judged::{Judged, has_no_weight_threshold};
use super::raster::Side;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::experiment::Run;
use crate::engine::graph::Topology;
use crate::engine::sparsify::threshold::mean_input_norm;
use crate::engine::sparsify::{EdgeMask, EdgeMode, EdgeTrace, RecoveryRule, StepTrace, WeightMode, WeightTrace};

/// Counts of positive values in bins of equal width on a log axis.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LogHistogram {
    /// `log10` of the lower border of the first bin.
    pub low: f64,
    /// `log10` of the upper border of the last bin.
    pub high: f64,
    /// Values per bin; smaller ones than the first border count in the first bin.
    pub bins: Vec<u32>,
    /// Values that are 0, and so have no place on the axis.
    pub n_zero: usize,
    /// Finite values, zeros included.
    pub n: usize,
}

/// Values smaller than this part of the largest one are of no interest, and would squeeze the others together.
const SPAN_DECADES: f64 = 5.0;

/// Of finite values: how many, how many are 0, and the ends of the others' magnitudes.
#[derive(Debug, Clone, Copy)]
struct Extent {
    n: usize,
    n_zero: usize,
    smallest: f32,
    largest: f32,
}

impl Extent {
    const NONE: Self = Self { n: 0, n_zero: 0, smallest: f32::INFINITY, largest: 0.0 };

    fn of(values: &[f32]) -> Self {
        let mut extent = Self::NONE;
        for size in values.iter().map(|v| v.abs()).filter(|v| v.is_finite()) {
            extent.n += 1;
            if size == 0.0 {
                extent.n_zero += 1;
            } else {
                extent.smallest = extent.smallest.min(size);
                extent.largest = extent.largest.max(size);
            }
        }
        extent
    }

    fn with(self, other: &Self) -> Self {
        Self {
            n: self.n + other.n,
            n_zero: self.n_zero + other.n_zero,
            smallest: self.smallest.min(other.smallest),
            largest: self.largest.max(other.largest),
        }
    }
}

impl LogHistogram {
    /// Counts finite values by their magnitude; others are left out.
    pub fn of(values: &[f32], n_bins: usize) -> Self {
        let mut histogram = Self::over(&Extent::of(values), n_bins);
        histogram.bins = histogram.counted(values);
        histogram
    }

    /// The same of values in several pieces, side by side.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    fn of_pieces(pieces: &[Vec<f32>], n_bins: usize, ctl: &Control) -> Result<Self, EngineError> {
        let extents = ctl.map(pieces.len(), |at| Extent::of(&pieces[at]))?;
        let mut histogram = Self::over(&extents.iter().fold(Extent::NONE, Extent::with), n_bins);
        for counts in ctl.map(pieces.len(), |at| histogram.counted(&pieces[at]))? {
            histogram.bins.iter_mut().zip(counts).for_each(|(bin, n)| *bin += n);
        }
        Ok(histogram)
    }

    /// An axis for such values, without any of them.
    fn over(extent: &Extent, n_bins: usize) -> Self {
        let Extent { n, n_zero, smallest, largest } = *extent;
        if largest == 0.0 {
            return Self { low: 0.0, high: 1.0, bins: vec![0; n_bins], n_zero, n };
        }
        // One rounding above, so that the largest value is inside.
        let high = f64::from(largest).log10() + 1e-6;
        let low = f64::from(smallest).log10().clamp(high - SPAN_DECADES, high - 0.1);
        Self { low, high, bins: vec![0; n_bins], n_zero, n }
    }

    /// How many of the values fall into each bin of this axis.
    fn counted(&self, values: &[f32]) -> Vec<u32> {
        let n_bins = self.bins.len();
        // Logarithms of single precision are as fine as any bin, and weights come in millions.
        let (bins_per_log2, low_log2) = (
            (n_bins as f64 / (self.high - self.low) * std::f64::consts::LOG10_2) as f32,
            (self.low * std::f64::consts::LOG2_10) as f32,
        );
        let mut bins = vec![0u32; n_bins];
        for value in values.iter().map(|v| v.abs()).filter(|v| v.is_finite() && *v > 0.0) {
            let at = ((value.log2() - low_log2) * bins_per_log2).max(0.0) as usize;
            bins[at.min(n_bins - 1)] += 1;
        }
        bins
    }

    /// Smallest and largest value on the axis; `None` where no value is positive.
    pub fn range(&self) -> Option<(f64, f64)> {
        (self.n > self.n_zero).then(|| (10f64.powf(self.low), 10f64.powf(self.high)))
    }

    /// `log10` of the lower border of a bin; of the upper border of the last one for `bin = bins.len()`.
    pub fn border(&self, bin: usize) -> f64 {
        self.low + (self.high - self.low) * bin as f64 / self.bins.len().max(1) as f64
    }

    /// About how many values are below `x`, from the bins.
    pub fn about_below(&self, x: f64) -> f64 {
        if x <= 0.0 {
            return 0.0;
        }
        let at = (x.log10() - self.low) / (self.high - self.low) * self.bins.len() as f64;
        let whole = (at.floor().max(0.0) as usize).min(self.bins.len());
        let part = self.bins.get(whole).map_or(0.0, |n| f64::from(*n) * (at - whole as f64).clamp(0.0, 1.0));
        self.n_zero as f64 + self.bins[..whole].iter().map(|n| f64::from(*n)).sum::<f64>() + part
    }
}

/// The scores of one side of one step, with the threshold that was used.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreHistogram {
    /// The distribution.
    pub scores: LogHistogram,
    /// The absolute δ on the axis of the scores; NaN where there is none (mass mode).
    pub threshold: f64,
    /// What a recipe's δ is multiplied with to give the threshold: the mean message or the mean input norm in relative mode, 1
    /// in absolute mode. `None` in target and mass mode.
    pub scale: Option<f64>,
    /// Entries this step removed.
    pub n_removed: usize,
    /// Entries that were removed before.
    pub n_removed_before: usize,
    /// Entries of the matrix that can be removed: self-loops cannot.
    pub n_entries: usize,
}

impl ScoreHistogram {
    /// Counts the scores of a side of a step. `diffusion` is the run's.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] when the step has no such side, [`EngineError::Cancelled`].
    ///
    /// # Complexity
    /// O(entries).
    pub fn of(
        run: &Run,
        diffusion: &[f32],
        step: usize,
        side: Side,
        n_bins: usize,
        ctl: &Control,
    ) -> Result<Self, EngineError> {
        let (found, trace) = part_of(run, step, side)?;
        let pieces = match trace {
            Part::Edges(edges) => {
                let read = EdgeScores::of(run, diffusion, found.idx, edges)?;
                let n = run.dataset.n_nodes();
                ctl.map(n.div_ceil(ROWS), |block| read.rows(block * ROWS..n.min((block + 1) * ROWS)))?
            }
            Part::Weights(_) => vec![scores(run, diffusion, step, side)?],
        };
        let scores = LogHistogram::of_pieces(&pieces, n_bins, ctl)?;
        let (threshold, scale) = threshold_and_scale(run, trace);
        let (n_entries, n_removed_before, n_removed) = match trace {
            Part::Edges(e) => {
                (e.n_removable(), e.n_entries.saturating_sub(e.n_before), e.n_before.saturating_sub(e.n_after))
            }
            Part::Weights(w) => (w.n_weights, 0, w.n_weights - w.n_after),
        };
        Ok(Self { scores, threshold, scale, n_removed, n_removed_before, n_entries })
    }

    /// The δ of a recipe in the run's mode that gives `threshold` here; `None` in mass mode.
    ///
    /// In target mode it is the share of the removable entries below the threshold, as exact as the bins are fine.
    pub fn delta_at(&self, threshold: f64, is_target: bool) -> Option<f64> {
        if is_target {
            let n_below = self.n_removed_before as f64 + self.scores.about_below(threshold);
            return Some((n_below / self.n_entries.max(1) as f64).clamp(0.0, 1.0));
        }
        self.scale.filter(|s| *s > 0.0).map(|s| (threshold / s).max(0.0))
    }
}

/// The trace of one side.
#[derive(Clone, Copy)]
enum Part<'a> {
    Edges(&'a EdgeTrace),
    Weights(&'a WeightTrace),
}

fn part_of(run: &Run, step: usize, side: Side) -> Result<(&StepTrace, Part<'_>), EngineError> {
    let found = run.pruned.steps.get(step).and_then(|trace| {
        let part = match side {
            Side::Edges => Part::Edges(trace.edges.as_ref()?),
            Side::Weights(nth) => Part::Weights(trace.weights.get(nth)?),
        };
        Some((trace, part))
    });
    found
        .ok_or_else(|| EngineError::mismatch("scores", format!("a step with {}", side.title()), format!("step {step}")))
}

fn threshold_and_scale(run: &Run, part: Part<'_>) -> (f64, Option<f64>) {
    match part {
        Part::Edges(edges) if run.recipe.recovery.is_some() => (Judged::of(&run.recipe, edges).threshold(edges), None),
        Part::Weights(_) if has_no_weight_threshold(run) => (f64::NAN, None),
        Part::Edges(edges) => match run.recipe.edges.mode {
            EdgeMode::Absolute => (edges.delta, Some(1.0)),
            EdgeMode::Relative => (edges.delta, Some(edges.mean_message)),
            EdgeMode::Target => (edges.delta, None),
            EdgeMode::Mass => (f64::NAN, None),
        },
        Part::Weights(weights) => {
            // A relative threshold can be clamped for inputs of small norm; the others all share one.
            let threshold = weights
                .thresholds
                .iter()
                .zip(weights.column_norms.iter())
                .map(|(t, c)| f64::from(*t) * f64::from(*c))
                .filter(|t| t.is_finite())
                .fold(0.0, f64::max);
            let scale = match run.recipe.weights.mode {
                WeightMode::Absolute => Some(1.0),
                WeightMode::Relative => Some(mean_input_norm(&weights.column_norms)),
                WeightMode::Target => None,
            };
            (threshold, scale)
        }
    }
}

/// Rows whose scores are read in one piece of parallel work.
const ROWS: usize = 8192;

/// Where the scores of a step's messages are read from.
struct EdgeScores<'a> {
    topology: &'a Topology,
    diffusion: &'a [f32],
    mask: &'a EdgeMask,
    idx: usize,
    edges: &'a EdgeTrace,
    judged: Judged,
    /// Whether what the step before did without stays removed, although every step has a list of its own.
    is_progressive: bool,
}

impl<'a> EdgeScores<'a> {
    fn of(run: &'a Run, diffusion: &'a [f32], idx: usize, edges: &'a EdgeTrace) -> Result<Self, EngineError> {
        let mask = &run.pruned.masks.edges;
        let topology = run.dataset.topology();
        if diffusion.len() != mask.n_entries() || mask.n_entries() != topology.n_entries() {
            return Err(EngineError::mismatch("scores", format!("{} entries", mask.n_entries()), diffusion.len()));
        }
        let judged = Judged::of(&run.recipe, edges);
        let is_progressive = run.recipe.recovery.as_ref().is_some_and(RecoveryRule::is_progressive);
        Ok(Self { topology, diffusion, mask, idx, edges, judged, is_progressive })
    }

    /// Whether entry `k` was there for the step to judge.
    fn is_present(&self, k: usize) -> bool {
        let was_kept = !self.is_progressive || self.idx == 0 || self.mask.is_kept(k, self.idx - 1);
        was_kept && self.mask.is_present(k, self.idx)
    }

    /// Of some targets, in entry order.
    fn rows(&self, rows: Range<usize>) -> Vec<f32> {
        let (Self { topology, diffusion, edges, judged, .. }, all) = (self, self.topology.indptr());
        let mut scores = Vec::with_capacity(all[rows.end] - all[rows.start]);
        for u in rows {
            for k in topology.row_range(u) {
                let v = topology.indices()[k] as usize;
                if v != u && self.is_present(k) {
                    scores.push(judged.score(edges, k, v, diffusion[k]));
                }
            }
        }
        scores
    }
}

/// The scores of one side of one step, in entry order.
///
/// In mass mode, which tests each feature column by itself, the share of feature columns pushed over each entry.
///
/// # Errors
/// [`EngineError::Mismatch`] when the step has no such side, or `diffusion` is of another graph.
pub fn scores(run: &Run, diffusion: &[f32], step: usize, side: Side) -> Result<Vec<f32>, EngineError> {
    let (trace, part) = part_of(run, step, side)?;
    match part {
        Part::Edges(edges) => Ok(EdgeScores::of(run, diffusion, trace.idx, edges)?.rows(0..run.dataset.n_nodes())),
        Part::Weights(weights) => {
            let missing = || EngineError::mismatch("scores", "a weight matrix", format!("layer {}", trace.idx));
            let weight = &run.model.weight(weights.idx).ok_or_else(missing)?.values;
            let score = |((j, i), w): ((usize, usize), &f32)| w.abs() * weights.column_norms[weights.feature(j, i)];
            Ok(weight.indexed_iter().map(score).collect())
        }
    }
}

/// Scores in ascending order: what any threshold would remove, exactly.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SortedScores {
    sorted: Vec<f32>,
}

impl SortedScores {
    /// Sorts; values that are not finite are left out.
    pub fn new(mut scores: Vec<f32>) -> Self {
        scores.retain(|v| v.is_finite());
        scores.sort_unstable_by(f32::total_cmp);
        Self { sorted: scores }
    }

    /// How many scores there are.
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// How many scores are below δ: exactly what it would remove.
    pub fn removed_by(&self, delta: f64) -> usize {
        let delta = delta as f32;
        self.sorted.partition_point(|s| *s < delta)
    }

    /// The score that a share of all scores is below, `0..=1`.
    pub fn quantile(&self, share: f64) -> Option<f32> {
        let last = self.sorted.len().checked_sub(1)?;
        self.sorted.get((share.clamp(0.0, 1.0) * last as f64).round() as usize).copied()
    }

    /// The share removed against `log10(δ)` in at most `n_points` steps, for drawing.
    pub fn cumulative(&self, n_points: usize) -> Vec<[f64; 2]> {
        let first = self.sorted.partition_point(|s| *s <= 0.0);
        let positive = &self.sorted[first..];
        let (Some(&low), Some(&high)) = (positive.first(), positive.last()) else { return Vec::new() };
        let high = f64::from(high).log10() + 1e-6;
        let low = f64::from(low).log10().clamp(high - SPAN_DECADES, high - 0.1);
        (0..=n_points.max(1))
            .map(|i| {
                let x = low + (high - low) * i as f64 / n_points.max(1) as f64;
                [x, self.removed_by(10f64.powf(x)) as f64 / self.sorted.len() as f64]
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_count_every_finite_value_once() {
        let values = [1.0, -10.0, 100.0, 0.0, f32::NAN, f32::INFINITY, 1e-30];
        let histogram = LogHistogram::of(&values, 8);
        assert_eq!((histogram.n, histogram.n_zero), (5, 1));
        assert_eq!(histogram.bins.iter().sum::<u32>(), 4);
        assert_eq!(histogram.bins[0], 1, "what is far too small counts in the first bin");
        assert!((histogram.high - 2.0).abs() < 1e-3 && (histogram.border(8) - histogram.high).abs() < 1e-12);
        assert!((histogram.about_below(1e9) - 5.0).abs() < 1e-9);
        assert!(histogram.about_below(0.0).abs() < 1e-12);
    }

    #[test]
    fn nothing_and_zeros_make_an_empty_axis() {
        assert_eq!(LogHistogram::of(&[], 4).bins, [0; 4]);
        assert_eq!(LogHistogram::of(&[0.0, 0.0], 4).n_zero, 2);
        assert!(SortedScores::new(vec![]).cumulative(10).is_empty());
    }

    #[test]
    fn sorted_scores_say_exactly_what_is_removed() {
        let sorted = SortedScores::new(vec![3.0, 1.0, f32::NAN, 2.0, 2.0, 0.0]);
        assert_eq!(sorted.len(), 5);
        for (delta, expected) in [(0.0, 0), (0.5, 1), (2.0, 2), (2.5, 4), (9.0, 5)] {
            assert_eq!(sorted.removed_by(delta), expected, "{delta}");
        }
        let curve = sorted.cumulative(50);
        assert!(curve.windows(2).all(|w| w[0][1] <= w[1][1]), "{curve:?}");
        assert!((curve[50][1] - 1.0).abs() < 1e-12);
        assert_eq!(sorted.quantile(1.0), Some(3.0));
    }
}
