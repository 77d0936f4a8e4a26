//! How many times as fast, with what may be said of it.

use std::fmt;

use serde::Serialize;

use super::spread::{median, median_interval};

/// What the measurements carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Faster: the whole interval lies above 1 by more than [`Speedup::BETWEEN_STARTS`].
    Faster,
    /// Slower: the whole interval lies below 1 by as much.
    Slower,
    /// The interval holds 1, or comes nearer to it than that.
    NoDifference,
    /// Too few pairs for an interval.
    TooFew,
}

/// How many times as fast the second way is as the first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Speedup {
    /// Median of the ratios, pair by pair; above 1 the second way is faster.
    pub ratio: f64,
    /// 95 % interval of that median; none of fewer than six pairs.
    pub interval: Option<[f64; 2]>,
    /// Pairs that were measured.
    pub n_pairs: usize,
}

impl Speedup {
    /// By so much the ratio of one and the same run moves from one start of the program to the next, with where its matrices come to lie
    /// in memory: pairs within one start cannot know it, so no difference below it is claimed.
    pub const BETWEEN_STARTS: f64 = 0.03;

    /// Of seconds that were measured in turn.
    pub fn of(first: &[f64], second: &[f64]) -> Self {
        let ratios: Vec<f64> = first.iter().zip(second).map(|(a, b)| a / b.max(f64::MIN_POSITIVE)).collect();
        Self { ratio: median(&ratios), interval: median_interval(&ratios), n_pairs: ratios.len() }
    }

    /// What may be said.
    pub fn claim(&self) -> Claim {
        match self.interval {
            None => Claim::TooFew,
            Some([low, _]) if low > 1.0 + Self::BETWEEN_STARTS => Claim::Faster,
            Some([_, high]) if high < 1.0 / (1.0 + Self::BETWEEN_STARTS) => Claim::Slower,
            Some(_) => Claim::NoDifference,
        }
    }
}

impl fmt::Display for Speedup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some([low, high]) = self.interval else {
            let (ratio, n) = (self.ratio, self.n_pairs);
            let pairs = if n == 1 { "pair" } else { "pairs" };
            return write!(f, "{ratio:.2} times as fast in {n} {pairs}, too few to claim it");
        };
        match self.claim() {
            Claim::NoDifference => write!(f, "no measurable difference ({low:.2} to {high:.2} times as fast)"),
            _ => write!(f, "{:.2} times as fast (95 %: {low:.2} to {high:.2})", self.ratio),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_claimed_that_the_interval_does_not_carry() {
        let steady = Speedup::of(&[2.0; 8], &[1.0; 8]);
        assert_eq!(
            (steady.claim(), steady.to_string().as_str()),
            (Claim::Faster, "2.00 times as fast (95 %: 2.00 to 2.00)")
        );
        let slower = Speedup::of(&[1.0; 8], &[2.0; 8]);
        assert_eq!(slower.claim(), Claim::Slower);
        let noisy = Speedup::of(&[1.0, 4.0, 0.9, 5.0, 0.8, 4.0, 0.9, 3.0], &[1.0; 8]);
        assert_eq!(noisy.claim(), Claim::NoDifference, "{noisy}");
        assert!(noisy.to_string().starts_with("no measurable difference (0.80 to 5.00"), "{noisy}");
        let next_to_nothing = Speedup::of(&[1.02; 8], &[1.0; 8]);
        assert_eq!(next_to_nothing.claim(), Claim::NoDifference, "another start of the program may say otherwise");
        assert_eq!(Speedup::of(&[1.0; 8], &[1.02; 8]).claim(), Claim::NoDifference);
        assert_eq!(Speedup::of(&[1.04; 8], &[1.0; 8]).claim(), Claim::Faster);
        let few = Speedup::of(&[4.0; 2], &[1.0; 2]);
        assert_eq!(
            (few.claim(), few.to_string().as_str()),
            (Claim::TooFew, "4.00 times as fast in 2 pairs, too few to claim it")
        );
    }
}
