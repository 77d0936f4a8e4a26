//! How far apart two samples are: the population stability index, and the test of Kolmogorov and Smirnov.

use serde::{Deserialize, Serialize};

use super::histogram::Histogram;

/// Two samples of one number, before and now.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Drift {
    /// Finite values before.
    pub n_before: usize,
    /// Finite values now.
    pub n_now: usize,
    /// Mean before; 0 without values.
    pub mean_before: f64,
    /// Mean now; 0 without values.
    pub mean_now: f64,
    /// Population stability index over tenths of what was there before: `Σ (now - before) ln(now / before)` of their shares, where an empty
    /// tenth counts as half a value. 0 where nothing changed; 0.1 and 0.25 are commonly read as a little and much.
    pub psi: f64,
    /// The largest difference of the two distribution functions, `0..=1`.
    pub ks: f64,
    /// The probability of one as large between samples of the same distribution whose values do not depend on each other (Kolmogorov's
    /// distribution with Stephens's correction, 1970).
    pub p_value: f64,
}

/// Bins of the index.
const N_BINS: usize = 10;

impl Drift {
    /// Compares two samples; what is not finite is left out. Without values on either side nothing has changed.
    pub fn of(mut before: Vec<f32>, mut now: Vec<f32>) -> Self {
        for sample in [&mut before, &mut now] {
            sample.retain(|value| value.is_finite());
            sample.sort_unstable_by(f32::total_cmp);
        }
        // Without values a sum is -0.
        let mean = |of: &[f32]| of.iter().fold(0.0, |sum, v| sum + f64::from(*v)) / of.len().max(1) as f64;
        let found = Self {
            n_before: before.len(),
            n_now: now.len(),
            mean_before: mean(&before),
            mean_now: mean(&now),
            p_value: 1.0,
            ..Self::default()
        };
        if before.is_empty() || now.is_empty() {
            return found;
        }
        let ks = largest_gap(&before, &now);
        Self { psi: stability(&before, &now), ks, p_value: p_of_gap(ks, before.len(), now.len()), ..found }
    }

    /// Compares two sets of which the counts in the grid are known: what [`Drift::of`] gives for the smallest number of every cell, with the
    /// means of the numbers themselves.
    pub fn of_histograms(before: &Histogram, now: &Histogram) -> Self {
        let mean = |of: &Histogram| of.sum() / of.n().max(1) as f64;
        let (n_before, n_now) = (before.n() as usize, now.n() as usize);
        let (mean_before, mean_now) = (mean(before), mean(now));
        let found = Self { n_before, n_now, mean_before, mean_now, p_value: 1.0, ..Self::default() };
        if n_before == 0 || n_now == 0 {
            return found;
        }
        let (mut below, mut ks) = ([0u64; 2], 0.0f64);
        for (b, n) in before.counts().iter().zip(now.counts()).filter(|(b, n)| **b + **n > 0) {
            below = [below[0] + b, below[1] + n];
            ks = ks.max((below[0] as f64 / n_before as f64 - below[1] as f64 / n_now as f64).abs());
        }
        let mut ends: Vec<usize> = (1..N_BINS).map(|bin| before.cell_at((bin * n_before / N_BINS) as u64)).collect();
        ends.dedup();
        let counts = |of: &Histogram| -> Vec<usize> {
            let mut bins = vec![0; ends.len() + 1];
            for (cell, n) in of.counts().iter().enumerate().filter(|(_, n)| **n > 0) {
                bins[ends.partition_point(|end| *end <= cell)] += *n as usize;
            }
            bins
        };
        let psi = stability_of((&counts(before), n_before), (&counts(now), n_now));
        Self { psi, ks, p_value: p_of_gap(ks, n_before, n_now), ..found }
    }
}

/// Both ascending.
fn largest_gap(a: &[f32], b: &[f32]) -> f64 {
    let (mut i, mut j, mut most) = (0, 0, 0.0f64);
    while i < a.len() && j < b.len() {
        // Equal values are one step of both functions.
        let at = if a[i].total_cmp(&b[j]).is_le() { a[i] } else { b[j] };
        i += a[i..].partition_point(|v| v.total_cmp(&at).is_le());
        j += b[j..].partition_point(|v| v.total_cmp(&at).is_le());
        most = most.max((i as f64 / a.len() as f64 - j as f64 / b.len() as f64).abs());
    }
    most
}

/// `2 Σ (-1)^(k-1) exp(-2 k² λ²)`.
fn p_of_gap(gap: f64, n_a: usize, n_b: usize) -> f64 {
    /// Below it the series does not settle, and the probability is 1 to ten digits.
    const LEAST: f64 = 0.2;
    let n = (n_a as f64 * n_b as f64 / (n_a + n_b) as f64).sqrt();
    let lambda = (n + 0.12 + 0.11 / n) * gap;
    if lambda < LEAST {
        return 1.0;
    }
    let term = |k: i32| f64::from(1 - 2 * (1 - k % 2)) * (-2.0 * f64::from(k * k) * lambda * lambda).exp();
    (2.0 * (1..=100).map(term).sum::<f64>()).clamp(0.0, 1.0)
}

/// Both ascending. Values that many share fall into one bin.
fn stability(before: &[f32], now: &[f32]) -> f64 {
    let mut ends: Vec<f32> = (1..N_BINS).map(|bin| before[bin * before.len() / N_BINS]).collect();
    ends.dedup();
    let counts = |of: &[f32]| -> Vec<usize> {
        let below = |end: &f32| of.partition_point(|v| v.total_cmp(end).is_lt());
        let places: Vec<usize> = std::iter::once(0).chain(ends.iter().map(below)).chain([of.len()]).collect();
        places.windows(2).map(|pair| pair[1] - pair[0]).collect()
    };
    stability_of((&counts(before), before.len()), (&counts(now), now.len()))
}

/// Counts of every tenth and of all, before and now.
fn stability_of((before, n_before): (&[usize], usize), (now, n_now): (&[usize], usize)) -> f64 {
    // An empty tenth counts as half a value.
    let share = |n: usize, all: usize| (n as f64).max(0.5) / all as f64;
    let pairs = before.iter().zip(now).filter(|(b, n)| **b + **n > 0);
    pairs
        .map(|(b, n)| {
            let (b, n) = (share(*b, n_before), share(*n, n_now));
            (n - b) * (n / b).ln()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::super::histogram;
    use super::*;

    #[test]
    fn the_gap_and_its_probability_are_those_of_a_table() {
        // By hand: the functions are farthest apart after 2, where 2 of 4 stand against none of 3.
        let drift = Drift::of(vec![1.0, 2.0, 3.0, 4.0], vec![3.5, 4.0, 5.0]);
        assert!((drift.ks - 0.75).abs() < 1e-12, "{drift:?}");
        // Kolmogorov's distribution: P(λ > 1.3581) = 0.05, P(λ > 1.6276) = 0.01.
        for (lambda, p) in [(1.358_1, 0.05), (1.627_6, 0.01)] {
            let n = 1e6f64;
            let root = (n / 2.0).sqrt();
            let gap = lambda / (root + 0.12 + 0.11 / root);
            assert!((p_of_gap(gap, n as usize, n as usize) - p).abs() < 2e-5, "{lambda}");
        }
    }

    #[test]
    fn the_gap_is_that_of_the_slow_way() {
        let draw = |seed: u32, n: u32| -> Vec<f32> { (0..n).map(|i| ((i * seed * 7919 + seed) % 23) as f32).collect() };
        for (a, b) in [(draw(3, 40), draw(5, 17)), (draw(2, 9), draw(7, 60))] {
            let below = |of: &[f32], at: f32| of.iter().filter(|v| **v <= at).count() as f64 / of.len() as f64;
            let slow = a.iter().chain(&b).map(|at| (below(&a, *at) - below(&b, *at)).abs()).fold(0.0, f64::max);
            assert!((Drift::of(a, b).ks - slow).abs() < 1e-12);
        }
    }

    #[test]
    fn counts_in_the_grid_say_what_the_numbers_do_once_they_are_rounded_to_it() {
        let draw = |seed: u32, n: u32| -> Vec<f32> {
            (0..n).map(|i| ((i.wrapping_mul(seed * 2_654_435 + 12_345) >> 7) % 4096) as f32 / 97.0).collect()
        };
        for (a, b) in [(draw(3, 400), draw(5, 170)), (draw(2, 9), draw(7, 60)), (vec![0.0; 30], draw(1, 40))] {
            let found = Drift::of_histograms(&histogram::of(&a), &histogram::of(&b));
            let [in_a, in_b] = [&a, &b].map(|of| of.iter().map(|v| histogram::in_grid(*v)).collect::<Vec<f32>>());
            let slow = Drift::of(in_a, in_b);
            assert!((found.psi - slow.psi).abs() < 1e-12 && (found.ks - slow.ks).abs() < 1e-12, "{found:?} {slow:?}");
            assert!((found.p_value - slow.p_value).abs() < 1e-12);
            // The numbers themselves are no farther apart than the cells that they share.
            let exact = Drift::of(a, b);
            assert!((found.ks - exact.ks).abs() < 0.15 && (found.mean_now - exact.mean_now).abs() < 1e-9);
        }
        let none = Drift::of_histograms(&histogram::of(&[]), &histogram::of(&[2.0]));
        assert_eq!((none.n_before, none.n_now, none.p_value), (0, 1, 1.0));
        assert!(none.mean_before.is_sign_positive());
    }

    #[test]
    fn what_is_the_same_has_no_drift_and_nothing_is_without_end() {
        let values: Vec<f32> = (0..500).map(|i| (i % 50) as f32).collect();
        let same = Drift::of(values.clone(), values.clone());
        assert!(same.psi.abs() < 1e-12 && same.ks.abs() < 1e-12 && same.p_value > 0.999, "{same:?}");
        let far = Drift::of(values.clone(), values.iter().map(|v| v + 1000.0).collect());
        assert!(far.psi > 5.0 && far.psi.is_finite() && (far.ks - 1.0).abs() < 1e-12 && far.p_value < 1e-9, "{far:?}");
        let one = Drift::of(vec![1.0; 30], vec![1.0; 8]);
        assert!(one.psi.abs() < 1e-12 && one.p_value > 0.999, "all values alike: {one:?}");
        let none = Drift::of(vec![f32::NAN], vec![2.0]);
        assert_eq!((none.n_before, none.n_now, none.p_value), (0, 1, 1.0));
    }

    #[test]
    fn about_one_of_twenty_samples_of_the_same_falls_below_five_percent() {
        let mut state = 7u64;
        let mut draw = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32
        };
        let runs = 400;
        let low = (0..runs)
            .filter(|_| {
                let (a, b) = ((0..90).map(|_| draw()).collect(), (0..140).map(|_| draw()).collect());
                Drift::of(a, b).p_value < 0.05
            })
            .count();
        assert!((5..=35).contains(&low), "{low} of {runs}");
    }
}
