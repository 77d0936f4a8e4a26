//! Sums without rounding, so that it does not matter in which order, or on how many machines, their terms are added.

use serde::{Deserialize, Serialize};

/// Rows whose terms are added up in one chain before they go into an [`ExactSum`]. Blocks of rows that are multiples of as many give the
/// bits of all rows at once.
pub(crate) const SUM_ROWS: usize = 64;

/// Bits between the bins of a sum.
const BITS: u32 = 32;
/// Bins that 64-bit floats need: the smallest is 2^-1074, and the largest ends below 2^1024.
const BINS: usize = 64;

/// A sum of 64-bit floats that is not rounded before it is asked for: integers in bins of 32 powers of two. It holds 2^42 terms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Sparse", into = "Sparse")]
pub struct ExactSum {
    /// Bin `b` counts multiples of `2^(32 b - 1074)`.
    bins: [i128; BINS],
    /// The sum of terms that are not finite; 0 without any.
    beyond: f64,
}

impl Default for ExactSum {
    fn default() -> Self {
        Self { bins: [0; BINS], beyond: 0.0 }
    }
}

impl ExactSum {
    /// Adds a term.
    pub fn add(&mut self, term: f64) {
        const FRACTION: u32 = f64::MANTISSA_DIGITS - 1;
        let bits = term.to_bits();
        let exponent = (bits >> FRACTION) as u32 & 0x7ff;
        let fraction = bits & ((1 << FRACTION) - 1);
        if exponent == 0x7ff {
            self.beyond += term;
            return;
        }
        // Numbers below the smallest normal one have no leading bit.
        let (whole, shift) = if exponent == 0 { (fraction, 0) } else { (fraction | 1 << FRACTION, exponent - 1) };
        let multiple = i128::from(whole) << (shift % BITS);
        self.bins[(shift / BITS) as usize] += if bits >> 63 == 1 { -multiple } else { multiple };
    }

    /// Adds all terms of another sum.
    pub fn merge(&mut self, other: &Self) {
        self.bins.iter_mut().zip(&other.bins).for_each(|(bin, other)| *bin += other);
        self.beyond += other.beyond;
    }

    /// The sum, rounded once, to the nearest 64-bit float.
    pub fn value(&self) -> f64 {
        if self.beyond != 0.0 {
            return self.beyond;
        }
        // Digits of 32 bits, from small to large, with the sign in what is carried out of the last.
        let mut digits = [0u32; BINS + 4];
        let mut carry = 0i128;
        for (digit, bin) in digits.iter_mut().zip(self.bins.iter().chain(&[0; 4])) {
            let sum = bin + carry;
            *digit = sum as u32;
            carry = sum >> BITS;
        }
        let is_negative = carry < 0;
        if is_negative {
            let mut carries = true;
            for digit in &mut digits {
                let (negated, overflows) = (!*digit).overflowing_add(u32::from(carries));
                *digit = negated;
                carries = overflows;
            }
        }
        let Some(top) = digits.iter().rposition(|digit| *digit != 0) else { return 0.0 };
        // The four leading digits have more bits than are kept; what is below them decides ties alone.
        let low = top.saturating_sub(3);
        let leading = digits[low..=top].iter().rev().fold(0u128, |sum, digit| sum << BITS | u128::from(*digit));
        let rest = digits[..low].iter().any(|digit| *digit != 0);
        let rounded = (leading | u128::from(rest)) as f64;
        let exponent = (BITS as usize * low) as f64 - 1074.0;
        // In two steps: neither power is beyond what a float holds.
        let half = (exponent / 2.0).floor();
        let scaled = rounded * half.exp2() * (exponent - half).exp2();
        if is_negative { -scaled } else { scaled }
    }
}

/// As it is written down: the bins that are not 0, their upper and their lower half.
#[derive(Serialize, Deserialize)]
struct Sparse {
    bins: Vec<(u8, i64, u64)>,
    /// Bits of the sum of what is not finite.
    #[serde(default)]
    beyond: u64,
}

impl From<ExactSum> for Sparse {
    fn from(sum: ExactSum) -> Self {
        let bins = sum.bins.iter().enumerate().filter(|(_, bin)| **bin != 0);
        let bins = bins.map(|(at, bin)| (at as u8, (bin >> 64) as i64, *bin as u64)).collect();
        Self { bins, beyond: sum.beyond.to_bits() }
    }
}

impl From<Sparse> for ExactSum {
    fn from(sparse: Sparse) -> Self {
        let mut sum = Self { beyond: f64::from_bits(sparse.beyond), ..Self::default() };
        for (at, upper, lower) in sparse.bins {
            if let Some(bin) = sum.bins.get_mut(usize::from(at)) {
                *bin = i128::from(upper) << 64 | i128::from(lower);
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng as _, SeedableRng as _};

    fn sum_of(terms: &[f64]) -> ExactSum {
        let mut sum = ExactSum::default();
        for term in terms {
            sum.add(*term);
        }
        sum
    }

    #[test]
    fn a_sum_is_rounded_once() {
        for (terms, expected) in [
            (&[][..], 0.0),
            (&[0.1, 0.2, 0.3], 0.6),
            (&[1e300, 1.0, -1e300], 1.0),
            (&[1.0, f64::EPSILON / 2.0], 1.0),
            (&[1.0, f64::EPSILON / 2.0, 1e-40], 1.0 + f64::EPSILON),
            (&[-3.5, 1.25], -2.25),
            (&[f64::MIN_POSITIVE / 4.0, f64::MIN_POSITIVE / 4.0], f64::MIN_POSITIVE / 2.0),
            (&[f64::MAX, -f64::MAX, 5e-324], 5e-324),
            (&[1.0, f64::INFINITY], f64::INFINITY),
        ] {
            assert_eq!(sum_of(terms).value().to_bits(), expected.to_bits(), "{terms:?}");
        }
        assert!(sum_of(&[f64::INFINITY, f64::NEG_INFINITY]).value().is_nan());
    }

    #[test]
    fn neither_order_nor_place_matters() {
        let mut random = rand::rngs::StdRng::seed_from_u64(3);
        for _ in 0..50 {
            let term = |_| random.random_range(-1.0..1.0f64) * 2f64.powi(random.random_range(-60..60));
            let terms: Vec<f64> = (0..200).map(term).collect();
            let expected = sum_of(&terms);
            let backwards: Vec<f64> = terms.iter().rev().copied().collect();
            assert_eq!(sum_of(&backwards).value().to_bits(), expected.value().to_bits());
            let mut merged = sum_of(&terms[77..]);
            merged.merge(&sum_of(&terms[..77]));
            let text = serde_json::to_string(&merged).expect("written");
            let read: ExactSum = serde_json::from_str(&text).expect("read");
            assert_eq!((&read, read.value().to_bits()), (&expected, expected.value().to_bits()), "{text}");
            // The slow way: the same terms as multiples of one small power of two, where all of them fit.
            let small: Vec<i64> = terms.iter().map(|t| (t * 1e9) as i64 >> 20).collect();
            let exact: i128 = small.iter().map(|t| i128::from(*t)).sum();
            let found = sum_of(&small.iter().map(|t| *t as f64).collect::<Vec<_>>());
            assert!((found.value() - exact as f64).abs() <= f64::EPSILON * (exact as f64).abs());
        }
    }
}
