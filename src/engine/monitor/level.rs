//! What was found beside what is allowed.

use serde::{Deserialize, Serialize};

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Nothing.
    #[default]
    Fine,
    /// Prune and certify again, with today's graph.
    ReEvaluate,
    /// Answer with the unpruned model until that is done.
    Stop,
}

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// How sure the pruned model is of nodes that arrived.
    Confidence,
    /// The norms of what nodes that arrived send into a step, from 0.
    Sent {
        /// Layer or hop.
        step: usize,
    },
    /// Message norms of a step, from 0.
    Messages {
        /// Layer or hop.
        step: usize,
    },
    /// What a decision made anew would keep in a step, from 0.
    Decision {
        /// Layer or hop.
        step: usize,
    },
    /// How often pruned and unpruned model say the same of nodes that arrived.
    Agreement,
    /// Accuracy estimated by confidence, of nodes that arrived.
    EstimatedAccuracy,
    /// Accuracy of labelled nodes that arrived.
    Accuracy,
    /// Accuracy lost against the unpruned model, of labelled nodes that arrived.
    Loss,
}

/// One measure that is beyond its limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What.
    pub measure: Measure,
    /// How bad it is; never [`Level::Fine`].
    pub level: Level,
    /// What it was held against.
    pub before: f64,
    /// What it is.
    pub now: f64,
    /// The limit that it is beyond.
    pub limit: f64,
}

/// The probability that of `m` cases drawn from all `n + m` as few or fewer are right as are, where `before` of the `n` and `now` of the `m` are:
/// Fisher's exact test, one-sided. 1 where nothing fell.
pub(super) fn p_of_fall((before, n): (f64, usize), (now, m): (f64, usize)) -> f64 {
    if n == 0 || m == 0 || now >= before {
        return 1.0;
    }
    let (right_before, right_now) = ((before * n as f64).round() as usize, (now * m as f64).round() as usize);
    let (all, right) = (n + m, right_before + right_now);
    let choose = |n: usize, k: usize| ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k);
    // From what is seen downwards, until nothing is added.
    let least = (right + m).saturating_sub(all);
    let mut term = (choose(right, right_now) + choose(all - right, m - right_now) - choose(all, m)).exp();
    let mut sum = 0.0;
    for x in (least..=right_now).rev() {
        sum += term;
        if term < 1e-18 * sum {
            break;
        }
        // P(x - 1) / P(x)
        let [x, right, m, all] = [x, right, m, all].map(|n| n as f64);
        term *= x * (all - right - m + x) / ((right - x + 1.0) * (m - x + 1.0));
    }
    sum.min(1.0)
}

/// `ln n!`, by Stirling's series from 20 on: right to twelve digits.
fn ln_factorial(n: usize) -> f64 {
    if n < 20 {
        return (2..=n).map(|k| (k as f64).ln()).sum();
    }
    let x = n as f64;
    let series = 1.0 / (12.0 * x) - 1.0 / (360.0 * x.powi(3)) + 1.0 / (1260.0 * x.powi(5));
    x * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI * x).ln() + series
}

/// `P(Z > z)` of the standard normal distribution, by its continued fraction (Lentz) above 2 and its series below.
pub(super) fn upper_tail(z: f64) -> f64 {
    let density = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
    if z < 2.0 {
        // Φ(z) = ½ + φ(z) Σ z^(2k+1) / (2k+1)!!
        let (mut term, mut sum) = (z, z);
        for k in 1..200 {
            term *= z * z / f64::from(2 * k + 1);
            sum += term;
        }
        return (0.5 - density * sum).clamp(0.0, 1.0);
    }
    let fraction = (1..=200).rev().fold(z, |below, k| z + f64::from(k) / below);
    density / fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_that_of_a_table() {
        for (z, p) in [(0.0, 0.5), (1.0, 0.158_655_254), (1.959_964, 0.025), (3.0, 0.001_349_898), (6.0, 9.865_9e-10)] {
            assert!((upper_tail(z) / p - 1.0).abs() < 1e-5, "{z}: {}", upper_tail(z));
        }
        assert!((upper_tail(-1.0) - 0.841_344_746).abs() < 1e-8);
    }

    #[test]
    fn a_fall_counts_where_it_is_more_than_chance() {
        assert!(p_of_fall((0.9, 500), (0.6, 100)) < 1e-6);
        assert!(p_of_fall((0.9, 500), (0.88, 100)) > 0.1);
        assert!((p_of_fall((1.0, 500), (0.0, 1)) - 1.0 / 501.0).abs() < 1e-9, "one node decides little");
        // By hand: of 8 cases 4 are right; of the 4 drawn at most 1 is in (1 + 16) of 70 ways.
        assert!((p_of_fall((0.75, 4), (0.25, 4)) - 17.0 / 70.0).abs() < 1e-12);
        assert!((p_of_fall((0.5, 10), (0.6, 10)) - 1.0).abs() < 1e-12);
    }
}
