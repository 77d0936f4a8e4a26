//! The exact paired test: from the counts of harmed and helped nodes to a p-value, and to the smallest limit that can be certified.

use serde::{Deserialize, Serialize};

use super::binomial::{boundary, cdf, clopper_pearson, pmf};
use crate::engine::graph::Labels;

/// What the interval of the discordance rate may miss it with; every p-value pays for it (Berger and Boos, 1994).
pub const BETA: f64 = 0.005;
/// At so many rates of that interval, evenly from end to end, the tail is computed; the largest counts.
pub const N_RATES: usize = 12;
/// The discordance rate is above the loss by this at least, so that helped nodes stay possible.
const ABOVE_LIMIT: f64 = 1e-9;

/// Two models on the same nodes: on how many the pruned one does worse, and on how many better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Paired {
    /// Nodes that were looked at.
    pub n: usize,
    /// The baseline is right and the pruned model wrong.
    pub harmed: usize,
    /// The pruned model is right and the baseline wrong.
    pub helped: usize,
}

impl Paired {
    /// Counts over the labelled ones of `nodes`.
    ///
    /// # Shapes
    /// `baseline, pruned: [n_nodes]`, a class each.
    pub fn of(baseline: &[u32], pruned: &[u32], labels: &Labels, nodes: &[u32]) -> Self {
        let mut counts = Self::default();
        for u in nodes.iter().map(|u| *u as usize) {
            let Some(class) = labels.of(u) else { continue };
            let (before, after) = (baseline[u] as usize == class, pruned[u] as usize == class);
            counts.n += 1;
            counts.harmed += usize::from(before && !after);
            counts.helped += usize::from(!before && after);
        }
        counts
    }

    /// `(harmed - helped) / n`: the loss of accuracy on these very nodes, a share; negative where pruning helps. 0 without nodes.
    pub fn loss(self) -> f64 {
        (self.harmed as f64 - self.helped as f64) / self.n.max(1) as f64
    }

    /// p-value of "the loss of the population is above `limit`", `0..=1`: small where that can be ruled out.
    ///
    /// With `π` the rate of nodes on which exactly one model is right, the number `m` of such nodes is binomial, and of them the harmed
    /// ones are binomial with `q = (π + limit) / 2π` where the loss is the limit. So the probability of a loss as small as the one seen is
    /// `Σ_m Bin(m; n, π) BinCDF(⌊(harmed - helped + m) / 2⌋; m, q)`; the largest over the interval of `π` (Clopper and Pearson, which
    /// misses `π` with probability [`BETA`]), plus [`BETA`], is a p-value (Berger and Boos, 1994). It is the largest at [`N_RATES`] rates.
    ///
    /// # Panics
    /// When more nodes are harmed and helped than there are.
    pub fn p_value(self, limit: f64) -> f64 {
        PairedTest::new(self).p_value(limit)
    }

    /// The smallest limit whose p-value is at most `1 - level`, `0..=1`: what can be certified of this one model at that level.
    ///
    /// Of several models it holds for the one that was chosen before the counts were looked at.
    ///
    /// # Panics
    /// When more nodes are harmed and helped than there are.
    pub fn smallest_limit(self, level: f64) -> f64 {
        let test = PairedTest::new(self);
        boundary(|limit| test.p_value(limit) <= 1.0 - level).1
    }
}

/// Counts and the interval of their discordance rate, which is the same for every limit.
struct PairedTest {
    n: usize,
    /// `harmed - helped`.
    net: isize,
    rates: (f64, f64),
}

impl PairedTest {
    fn new(Paired { n, harmed, helped }: Paired) -> Self {
        assert!(harmed + helped <= n, "{harmed} harmed and {helped} helped of {n} nodes");
        Self { n, net: harmed.cast_signed() - helped.cast_signed(), rates: clopper_pearson(harmed + helped, n, BETA) }
    }

    fn p_value(&self, limit: f64) -> f64 {
        let high = self.rates.1;
        if high <= limit {
            // A loss above the limit needs a rate above it.
            return BETA;
        }
        let low = self.rates.0.max(limit + ABOVE_LIMIT).min(high);
        let step = (high - low) / (N_RATES - 1) as f64;
        let tail = |i: usize| self.tail(limit, if i == N_RATES - 1 { high } else { low + step * i as f64 });
        ((0..N_RATES).map(tail).fold(0.0, f64::max) + BETA).min(1.0)
    }

    /// Probability that harmed less helped nodes are as few as seen, where the loss is `limit` and one model alone is right at `rate`.
    ///
    /// Both factors go from each `m` to the next by a product, so a sum over many nodes costs a few operations each.
    fn tail(&self, limit: f64, rate: f64) -> f64 {
        let (is_harmed, is_helped) = ((rate + limit) / (2.0 * rate), (rate - limit) / (2.0 * rate));
        let half = |m: usize| (self.net + m.cast_signed()).div_euclid(2);
        if rate >= 1.0 {
            return cdf(half(self.n), self.n, is_harmed);
        }
        // Outside, the probabilities add up to less than 1e-20.
        let mean = self.n as f64 * rate;
        let spread = 10.0 * (mean * (1.0 - rate)).sqrt() + 60.0;
        let first = (mean - spread).max(0.0) as usize;
        let last = self.n.min((mean + spread) as usize + 1);
        let (odds, turn) = (rate / (1.0 - rate), self.net.unsigned_abs());
        let mut weight = pmf(first, self.n, rate);
        let mut below = Below::at(first.max(turn), self.net, is_harmed, is_helped);
        let mut sum = 0.0;
        for m in first..=last {
            // With fewer discordant nodes than the net number, it is out of reach, or certain.
            let probability = if m < turn { f64::from(self.net > 0) } else { below.value };
            sum += weight * probability;
            weight *= odds * (self.n - m) as f64 / (m + 1) as f64;
            if m >= turn {
                below.next();
            }
        }
        sum
    }
}

/// `P(Bin(m, is_harmed) ≤ ⌊(net + m) / 2⌋)` for one `m ≥ |net|` after the other.
struct Below {
    m: usize,
    /// `⌈(net + m) / 2⌉`.
    upper: usize,
    /// Whether `net + m` is even: `upper` is then part of the sum.
    is_even: bool,
    is_harmed: f64,
    is_helped: f64,
    value: f64,
    /// Probability of exactly `upper` of `m`.
    at_upper: f64,
}

impl Below {
    fn at(m: usize, net: isize, is_harmed: f64, is_helped: f64) -> Self {
        let twice = net + m.cast_signed();
        let upper = (twice + 1).div_euclid(2).unsigned_abs();
        let value = cdf(twice.div_euclid(2), m, is_harmed);
        let is_even = twice.rem_euclid(2) == 0;
        Self { m, upper, is_even, is_harmed, is_helped, value, at_upper: pmf(upper, m, is_harmed) }
    }

    fn next(&mut self) {
        let m = self.m as f64;
        if self.is_even {
            self.value -= self.is_harmed * self.at_upper;
            self.at_upper *= self.is_harmed * (m + 1.0) / (self.upper + 1) as f64;
            self.upper += 1;
        } else {
            self.value += self.is_helped * self.at_upper;
            self.at_upper *= self.is_helped * (m + 1.0) / (self.m + 1 - self.upper) as f64;
        }
        self.value = self.value.clamp(0.0, 1.0);
        self.is_even = !self.is_even;
        self.m += 1;
    }
}
