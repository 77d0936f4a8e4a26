//! What a block reports of a stage. Reports of all blocks, merged in any order, are one.

use serde::{Deserialize, Serialize};

use crate::engine::kernels::{ExactSum, no_counts};

/// What the blocks found so far in one stage.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// Rows of the blocks.
    pub(super) n_rows: u64,
    /// Entries that were ever there, self-loops included.
    pub(super) n_entries: u64,
    /// Self-loops among them.
    pub(super) n_self_loops: u64,
    /// Entries of the longest row.
    pub(super) max_degree: u64,
    /// The sum of the scores, where they were added up.
    pub(super) scores: ExactSum,
    /// Entries whose scores were added up.
    pub(super) n_scores: u64,
    /// Bucket and count, ascending, where scores were counted.
    pub(super) counts: Vec<(u32, u64)>,
    /// Entries there before a step, self-loops included.
    pub(super) n_before: u64,
    /// Entries that the step propagates over, likewise.
    pub(super) n_after: u64,
    /// Columns of what was propagated.
    pub(super) width: u64,
    /// With mass thresholds, numbers other than 0 that were pushed.
    pub(super) n_pushed: u64,
    /// What was added up of every column: squares, values, or masses.
    pub(super) columns: Vec<ExactSum>,
    /// How many values of every column are not 0.
    pub(super) n_nonzero: Vec<u64>,
}

impl Summary {
    /// Adds what other blocks found.
    pub fn merge(&mut self, other: &Self) {
        self.n_rows += other.n_rows;
        self.n_entries += other.n_entries;
        self.n_self_loops += other.n_self_loops;
        self.max_degree = self.max_degree.max(other.max_degree);
        self.scores.merge(&other.scores);
        self.n_scores += other.n_scores;
        self.counts = merged_counts(&self.counts, &other.counts);
        self.n_before += other.n_before;
        self.n_after += other.n_after;
        self.width = self.width.max(other.width);
        self.n_pushed += other.n_pushed;
        if self.columns.is_empty() {
            self.columns.clone_from(&other.columns);
            self.n_nonzero.clone_from(&other.n_nonzero);
        } else {
            self.columns.iter_mut().zip(&other.columns).for_each(|(sum, other)| sum.merge(other));
            self.n_nonzero.iter_mut().zip(&other.n_nonzero).for_each(|(n, other)| *n += other);
        }
    }

    /// The counts of all buckets.
    pub(super) fn all_counts(&self) -> Vec<u64> {
        let mut all = no_counts();
        for (bucket, count) in &self.counts {
            if let Some(slot) = all.get_mut(*bucket as usize) {
                *slot += count;
            }
        }
        all
    }
}

/// Two ascending lists of buckets as one.
fn merged_counts(a: &[(u32, u64)], b: &[(u32, u64)]) -> Vec<(u32, u64)> {
    let mut merged: Vec<(u32, u64)> = Vec::with_capacity(a.len().max(b.len()));
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    while let Some(next) = match (a.peek(), b.peek()) {
        (Some(x), Some(y)) if y.0 < x.0 => b.next(),
        (Some(_), _) => a.next(),
        (None, _) => b.next(),
    } {
        match merged.last_mut() {
            Some(last) if last.0 == next.0 => last.1 += next.1,
            _ => merged.push(*next),
        }
    }
    merged
}
