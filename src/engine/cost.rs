//! What the product over kept weights costs against the product with all of them, and from which removed share on it is faster.
//!
//! Both give the same bits, so the choice is one of time alone. The time of the product over kept weights is a line in the kept share:
//! a part for going over input and output, and a part for every kept weight.

use std::fmt;

use serde::{Deserialize, Serialize};

/// `time over kept weights / time with all weights = fixed + per_kept · kept share`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// What is left when nothing is kept.
    pub fixed: f64,
    /// What all weights add.
    pub per_kept: f64,
}

impl Line {
    /// The line that is nearest, in squares, to points (kept share, ratio of times).
    pub(crate) fn through(points: impl Iterator<Item = (f64, f64)> + Clone) -> Self {
        let n = points.clone().count().max(1) as f64;
        let mean = |f: fn((f64, f64)) -> f64| points.clone().map(f).sum::<f64>() / n;
        let (x, y) = (mean(|p| p.0), mean(|p| p.1));
        let spread: f64 = points.clone().map(|p| (p.0 - x) * (p.0 - x)).sum();
        let per_kept = points.map(|p| (p.0 - x) * (p.1 - y)).sum::<f64>() / spread.max(f64::MIN_POSITIVE);
        Self { fixed: y - per_kept * x, per_kept }
    }

    /// The ratio of times when a share of the weights is removed.
    pub fn ratio(&self, removed: f64) -> f64 {
        self.fixed + self.per_kept * (1.0 - removed)
    }

    /// The removed share from which skipping is faster; above 1 it never is.
    pub fn faster_from(&self) -> f64 {
        1.0 - (1.0 - self.fixed) / self.per_kept.max(f64::MIN_POSITIVE)
    }
}

/// What products with weights cost on a machine.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CostModel {
    /// Input with all values stored, at least [`CostModel::NARROW`] outputs.
    pub wide: Line,
    /// Input with all values stored, fewer outputs.
    pub narrow: Line,
    /// Input of which the non-zero values are stored.
    pub sparse_input: Line,
    /// Propagation over kept entries, by their kept share.
    #[serde(default = "CostModel::built_in_entries")]
    pub entries: Line,
}

impl CostModel {
    /// Outputs from which on a matrix counts as wide.
    pub const NARROW: usize = 64;
    /// Measured on an AMD EPYC (Zen 4) with 2 threads by `unifews bench`; what is used where nothing was measured.
    pub const BUILT_IN: Self = Self {
        wide: Line { fixed: 0.13, per_kept: 1.7 },
        narrow: Line { fixed: 0.5, per_kept: 0.95 },
        sparse_input: Line { fixed: 0.5, per_kept: 6.5 },
        entries: Line { fixed: 0.1, per_kept: 0.9 },
    };
    /// A ratio of times nearer to 1 than this is no difference: another start of the program moves it by as much.
    const NO_DIFFERENCE: f64 = 0.03;

    /// Of files that have no such line.
    fn built_in_entries() -> Line {
        Self::BUILT_IN.entries
    }

    /// The removed share from which propagation is measurably faster; above 1 it never is.
    pub fn entries_faster_from(&self) -> f64 {
        let Line { fixed, per_kept } = self.entries;
        (1.0 - (1.0 / (1.0 + Self::NO_DIFFERENCE) - fixed) / per_kept.max(f64::MIN_POSITIVE)).max(0.0)
    }

    fn line(&self, d_out: usize, sparse_input: bool) -> Line {
        match (sparse_input, d_out >= Self::NARROW) {
            (true, _) => self.sparse_input,
            (false, true) => self.wide,
            (false, false) => self.narrow,
        }
    }

    /// What skipping the removed weights of a matrix with `d_out` outputs brings.
    pub fn advice(&self, d_out: usize, sparse_input: bool, removed: f64) -> Advice {
        let line = self.line(d_out, sparse_input);
        let smallest = 0.02;
        Advice { faster_from: line.faster_from(), removed, speedup: 1.0 / line.ratio(removed).max(smallest) }
    }
}

impl Default for CostModel {
    fn default() -> Self {
        Self::BUILT_IN
    }
}

/// Whether removing weights saves time, for one matrix. Shown as a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Advice {
    /// Removed share from which skipping is faster; above 1 it never is.
    pub faster_from: f64,
    /// Removed share of this matrix.
    pub removed: f64,
    /// Expected times faster than with all weights; below 1 skipping would be slower, and the product with all weights is used.
    pub speedup: f64,
}

impl Advice {
    /// Whether the product over kept weights is the faster one.
    pub fn pays(&self) -> bool {
        self.speedup > 1.0
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { faster_from, removed, speedup } = self;
        if *faster_from >= 1.0 {
            return write!(f, "skipping weights does not pay here; this layer: {:.0} %", 100.0 * removed);
        }
        write!(f, "faster from {:.0} %; this layer: {:.0} %, ", 100.0 * faster_from.max(0.0), 100.0 * removed)?;
        if self.pays() { write!(f, "{speedup:.1} times faster") } else { f.write_str("no faster") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_through_measured_points_says_where_it_pays() {
        let line = Line::through([(0.5, 1.7), (0.3, 1.1), (0.1, 0.5)].into_iter());
        assert!((line.fixed - 0.2).abs() < 1e-9 && (line.per_kept - 3.0).abs() < 1e-9, "{line:?}");
        assert!((line.faster_from() - 11.0 / 15.0).abs() < 1e-9);
        let cost = CostModel { wide: line, ..CostModel::BUILT_IN };
        assert_eq!(cost.advice(256, false, 0.9).to_string(), "faster from 73 %; this layer: 90 %, 2.0 times faster");
        assert_eq!(cost.advice(256, false, 0.5).to_string(), "faster from 73 %; this layer: 50 %, no faster");
        let never = CostModel { wide: Line { fixed: 1.5, per_kept: 1.0 }, ..cost };
        let words = never.advice(256, false, 0.9).to_string();
        assert_eq!(words, "skipping weights does not pay here; this layer: 90 %");
    }

    #[test]
    fn fewer_entries_are_faster_once_a_start_of_the_program_cannot_explain_it() {
        let from = |fixed: f64, per_kept: f64| {
            CostModel { entries: Line { fixed, per_kept }, ..CostModel::BUILT_IN }.entries_faster_from()
        };
        assert!((from(0.0, 1.0) - (1.0 - 1.0 / 1.03)).abs() < 1e-12);
        assert!(from(0.4, 0.95) > 0.3 && from(1.2, 0.5) > 1.0 && from(0.0, 0.5) < 1e-12);
        let old = r#"{"wide": {"fixed": 0.1, "per_kept": 1.0}, "narrow": {"fixed": 0.1, "per_kept": 1.0}, "sparse_input": {"fixed": 0.1, "per_kept": 1.0}}"#;
        let old: CostModel = serde_json::from_str(old).expect("a file of an earlier version");
        assert_eq!(old.entries, CostModel::BUILT_IN.entries);
    }
}
