//! The binomial distribution, exact to the last digits in its tails too.
//!
//! Probabilities by the saddle point expansion (Loader, *Fast and Accurate Computation of Binomial Probabilities*, 2000), cumulative
//! ones by the continued fraction of the incomplete beta function (Lentz's method).

use std::f64::consts::TAU;

/// `ln k! - ln(√(2πk) (k/e)^k)`: what Stirling's formula lacks.
fn stirling_error(k: f64) -> f64 {
    /// For k of 0 to 15, where the series is short of digits.
    const SMALL: [f64; 16] = [
        0.0,
        0.081_061_466_795_327_26,
        0.041_340_695_955_409_29,
        0.027_677_925_684_998_34,
        0.020_790_672_103_765_093,
        0.016_644_691_189_821_193,
        0.013_876_128_823_070_748,
        0.011_896_709_945_891_77,
        0.010_411_265_261_972_096,
        0.009_255_462_182_712_733,
        0.008_330_563_433_362_87,
        0.007_573_675_487_951_841,
        0.006_942_840_107_209_53,
        0.006_408_994_188_004_207,
        0.005_951_370_112_758_848,
        0.005_554_733_551_962_801,
    ];
    if let Some(known) = SMALL.get(k as usize) {
        return *known;
    }
    let square = k * k;
    let inner = 1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / 1188.0 / square) / square;
    (1.0 / 12.0 - (1.0 / 360.0 - inner / square) / square) / k
}

/// `x ln(x/m) + m - x`, without cancellation where the two are close.
fn deviance(x: f64, mean: f64) -> f64 {
    let difference = x - mean;
    if difference.abs() >= 0.1 * (x + mean) {
        return x * (x / mean).ln() - difference;
    }
    let ratio = difference / (x + mean);
    let mut sum = difference * ratio;
    let mut power = 2.0 * x * ratio;
    for odd in (3..).step_by(2) {
        power *= ratio * ratio;
        let next = sum + power / f64::from(odd);
        if next.to_bits() == sum.to_bits() {
            break;
        }
        sum = next;
    }
    sum
}

/// Probability of exactly `k` successes of `n`, each with probability `p`.
///
/// # Panics
/// When `k > n` or `p` is no probability.
pub(super) fn pmf(k: usize, n: usize, p: f64) -> f64 {
    assert!(k <= n && (0.0..=1.0).contains(&p), "at most n successes and a probability");
    let (all, hits, misses, q) = (n as f64, k as f64, (n - k) as f64, 1.0 - p);
    if k == 0 {
        return if n == 0 { 1.0 } else { (all * (-p).ln_1p()).exp() };
    }
    if k == n {
        return (all * p.ln()).exp();
    }
    if p <= 0.0 || q <= 0.0 {
        return 0.0;
    }
    let exponent = stirling_error(all)
        - stirling_error(hits)
        - stirling_error(misses)
        - deviance(hits, all * p)
        - deviance(misses, all * q);
    exponent.exp() * (all / (TAU * hits * misses)).sqrt()
}

/// Probability of at most `k` successes of `n`, each with probability `p`; 0 for a negative `k`.
///
/// # Panics
/// When `p` is no probability.
pub(super) fn cdf(k: isize, n: usize, p: f64) -> f64 {
    let Ok(k) = usize::try_from(k) else { return 0.0 };
    if k >= n || p <= 0.0 {
        return 1.0;
    }
    if p >= 1.0 {
        return 0.0;
    }
    // I_q(n - k, k + 1), whose leading factor is the probability of k itself.
    let (a, b, q) = ((n - k) as f64, (k + 1) as f64, 1.0 - p);
    let factor = pmf(k, n, p) * p;
    if q < (a + 1.0) / (a + b + 2.0) {
        (factor * fraction(a, b, q)).min(1.0)
    } else {
        (1.0 - factor * (a / b) * fraction(b, a, p)).max(0.0)
    }
}

/// The continued fraction of the incomplete beta function at `x < (a + 1) / (a + b + 2)`, where it converges in O(√max(a, b)) terms.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    const CLOSE: f64 = 1e-16;
    let away = |value: f64| if value.abs() < TINY { TINY } else { value };
    let n_terms = 1_000 + (10.0 * a.max(b).sqrt()) as usize;
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let (mut c, mut value) = (1.0, d);
    for m in 1..=n_terms {
        let m = m as f64;
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away(1.0 + even * d);
        c = away(1.0 + even / c);
        value *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away(1.0 + odd * d);
        c = away(1.0 + odd / c);
        value *= d * c;
        if (d * c - 1.0).abs() <= 2.0 * CLOSE {
            break;
        }
    }
    value
}

/// The interval of Clopper and Pearson (1934) for a rate of which `k` of `n` were seen; it misses the rate with probability `miss` at
/// most, and ends at most 2⁻⁶⁰ beyond where that is exact.
pub(super) fn clopper_pearson(k: usize, n: usize, miss: f64) -> (f64, f64) {
    let tail = miss / 2.0;
    let successes = k.cast_signed();
    // Both ends are widened to the side where the tail is still the smaller.
    let low = if k == 0 { 0.0 } else { boundary(|p| 1.0 - cdf(successes - 1, n, p) >= tail).0 };
    let high = if k == n { 1.0 } else { boundary(|p| cdf(successes, n, p) <= tail).1 };
    (low, high)
}

/// Where in `0..=1` a statement that is false below and true above turns: the last point below and the first above, 2⁻⁶⁰ apart.
pub(super) fn boundary(is_above: impl Fn(f64) -> bool) -> (f64, f64) {
    const HALVINGS: usize = 60;
    let (mut below, mut above) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(below, above);
        if is_above(middle) {
            above = middle;
        } else {
            below = middle;
        }
    }
    (below, above)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All probabilities of `n` draws by the recurrence of Pascal's triangle: nothing in common with what is tested.
    fn by_recurrence(n: usize, p: f64) -> Vec<f64> {
        let mut row = vec![1.0];
        for _ in 0..n {
            let mut next = vec![0.0; row.len() + 1];
            for (k, value) in row.iter().enumerate() {
                next[k] += value * (1.0 - p);
                next[k + 1] += value * p;
            }
            row = next;
        }
        row
    }

    fn is_close(found: f64, expected: f64, relative: f64) -> bool {
        (found - expected).abs() <= relative * expected.abs() + 1e-290
    }

    #[test]
    fn probabilities_are_those_of_the_recurrence() {
        for n in [0, 1, 2, 7, 30, 200] {
            for p in [0.0, 1e-9, 0.003, 0.2, 0.5, 0.77, 0.999, 1.0] {
                let expected = by_recurrence(n, p);
                let mut sum = 0.0;
                for (k, exact) in expected.iter().enumerate() {
                    let found = pmf(k, n, p);
                    assert!(is_close(found, *exact, 1e-12), "pmf({k}; {n}, {p}) = {found:e}, not {exact:e}");
                    sum += exact;
                    let found = cdf(k.cast_signed(), n, p);
                    // The largest sums are 1 less what the recurrence has lost.
                    assert!(is_close(found, sum, 3e-12), "cdf({k}; {n}, {p}) = {found:e}, not {sum:e}");
                }
                assert!(cdf(-1, n, p).abs() < f64::MIN_POSITIVE);
            }
        }
    }

    /// Sums of exact terms in decimal arithmetic of 50 digits; intervals by SciPy 1.17 (`scipy.stats.beta.ppf`).
    #[test]
    fn large_counts_match_another_implementation() {
        for (k, n, p, expected) in PMF {
            let found = pmf(k, n, p);
            assert!(is_close(found, expected, 1e-9), "pmf({k}; {n}, {p}) = {found:e}, not {expected:e}");
        }
        for (k, n, p, expected) in CDF {
            let found = cdf(k, n, p);
            assert!(is_close(found, expected, 1e-9), "cdf({k}; {n}, {p}) = {found:e}, not {expected:e}");
        }
        for (k, n, low, high) in INTERVALS {
            let found = clopper_pearson(k, n, 0.005);
            assert!(is_close(found.0, low, 1e-9) && is_close(found.1, high, 1e-9), "{k} of {n}: {found:?}");
        }
    }

    const PMF: [(usize, usize, f64, f64); 5] = [
        (20, 4_929, 0.004, 0.088_834_336_515_912_7),
        (300, 4_929, 0.004, 7.379_340_170_431_815e-239),
        (20_000, 100_000, 0.21, 1.791_321_147_640_920_4e-16),
        (60_000, 125_000, 0.5, 8.180_787_344_501_176e-47),
        (3, 1_000_000, 1e-06, 0.061_313_209_538_546_194),
    ];
    const CDF: [(isize, usize, f64, f64); 6] = [
        (20, 4_929, 0.01, 1.740_823_467_759_81e-06),
        (2_000, 100_000, 0.021, 0.013_615_746_523_825_816),
        (19_000, 100_000, 0.2, 9.212_202_587_226_573e-16),
        (62_000, 125_000, 0.5, 0.002_359_520_435_517_282),
        (63_000, 125_000, 0.5, 0.997_681_813_011_620_7),
        (5, 621, 0.06, 1.879_372_720_110_941_4e-11),
    ];
    const INTERVALS: [(usize, usize, f64, f64); 6] = [
        (0, 621, 0.0, 0.009_601_697_550_423_87),
        (20, 621, 0.015_752_260_684_733_378, 0.057_471_335_288_174_99),
        (621, 621, 0.990_398_302_449_576_2, 1.0),
        (1, 30, 8.343_419_311_137_964e-05, 0.243_097_819_481_353_84),
        (20, 4_929, 0.001_971_538_870_109_716_6, 0.007_324_098_816_764_411),
        (5_000, 125_000, 0.038_460_767_755_182_5, 0.041_580_494_777_354_03),
    ];
}
