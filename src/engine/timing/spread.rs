//! Order statistics of a few measurements.

use serde::{Deserialize, Serialize};

/// Where measurements lie.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Smallest.
    pub min: f64,
    /// A quarter lies below.
    pub lower_quartile: f64,
    /// Half lies below.
    pub median: f64,
    /// A quarter lies above.
    pub upper_quartile: f64,
}

impl Spread {
    /// Of at least one value; none otherwise.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        Some(Self {
            min: *sorted.first()?,
            lower_quartile: quantile(&sorted, 0.25),
            median: quantile(&sorted, 0.5),
            upper_quartile: quantile(&sorted, 0.75),
        })
    }

    /// Distance of the quartiles as a share of the median.
    pub fn relative(&self) -> f64 {
        (self.upper_quartile - self.lower_quartile) / self.median.max(f64::MIN_POSITIVE)
    }
}

/// By linear interpolation between neighbours.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    let (below, part) = (at as usize, at.fract());
    let next = sorted[(below + 1).min(sorted.len() - 1)];
    if part == 0.0 { sorted[below] } else { sorted[below] + part * (next - sorted[below]) }
}

/// The value that `share` of all lie below, by linear interpolation between neighbours; NaN of nothing.
pub fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    if sorted.is_empty() { f64::NAN } else { quantile(&sorted, share) }
}

/// The median; NaN of nothing.
pub fn median(values: &[f64]) -> f64 {
    Spread::of(values).map_or(f64::NAN, |spread| spread.median)
}

/// The 95 % confidence interval of the median by the sign test: two of the values in order. None of fewer than six, which cannot give it.
///
/// It supposes nothing about how the values are distributed, and draws nothing at random.
pub fn median_interval(values: &[f64]) -> Option<[f64; 2]> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let outside = outside(sorted.len())?;
    Some([sorted[outside], sorted[sorted.len() - 1 - outside]])
}

/// How many of `n` values in order lie outside of the interval at each end: the most for which the median lies beyond with a
/// probability of at most 2.5 %.
fn outside(n: usize) -> Option<usize> {
    const AT_EACH_END: f64 = 0.025;
    let mut share = 0.5f64.powi(i32::try_from(n).ok()?);
    let mut below = 0.0;
    let mut found = None;
    for at in 0..n / 2 {
        below += share;
        if below > AT_EACH_END {
            break;
        }
        found = Some(at);
        share *= (n - at) as f64 / (at + 1) as f64;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sign_test_takes_the_values_that_tables_give() {
        // Ranks from Conover, Practical Nonparametric Statistics, for p = 1/2 and 95 %.
        let known = [(5, None), (6, Some(0)), (8, Some(0)), (9, Some(1)), (12, Some(2)), (15, Some(3)), (20, Some(5))];
        for (n, expected) in known {
            assert_eq!(outside(n), expected, "of {n}");
        }
        // Normal approximation: 100 - 1.96 √50, rounded to the safe side.
        assert_eq!(outside(200), Some(85));
    }

    #[test]
    fn order_statistics_are_those_of_a_sorted_list() {
        let spread = Spread::of(&[4.0, 1.0, 3.0, 2.0, 5.0]).expect("values");
        assert_eq!((spread.min, spread.lower_quartile, spread.median, spread.upper_quartile), (1.0, 2.0, 3.0, 4.0));
        assert!((spread.relative() - 2.0 / 3.0).abs() < 1e-12);
        assert!((median(&[1.0, 2.0]) - 1.5).abs() < 1e-12);
        let hundred: Vec<f64> = (0..=100).rev().map(f64::from).collect();
        assert!((percentile(&hundred, 0.99) - 99.0).abs() < 1e-12 && percentile(&[], 0.5).is_nan());
        assert!(median(&[]).is_nan() && Spread::of(&[]).is_none());
        assert_eq!(median_interval(&[6.0, 5.0, 4.0, 3.0, 2.0, 1.0]), Some([1.0, 6.0]));
    }
}
