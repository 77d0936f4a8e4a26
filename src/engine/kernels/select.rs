//! Selection without sorting.

use serde::{Deserialize, Serialize};

/// The `k`-th smallest value, counted from 1; `None` when there are fewer values or `k` is 0. NaN sorts last.
///
/// # Complexity
/// O(values), on average. Reorders `values`.
pub fn kth_smallest(values: &mut [f32], k: usize) -> Option<f32> {
    if k == 0 || k > values.len() {
        return None;
    }
    Some(*values.select_nth_unstable_by(k - 1, f32::total_cmp).1)
}

/// Bits that one pass of [`nth_by_counting`] looks at.
const HALF: u32 = 16;

/// The `nth` smallest of values that come in several passes, counted from 1, in the order of [`f32::total_cmp`]; of fewer the largest, of none
/// `None`. `count` goes over all values and counts, for each that `bucket` gives a number below 2¹⁶, that number.
///
/// Two passes, and memory for 2¹⁶ counts, instead of a copy of all values.
pub(crate) fn nth_by_counting<E>(
    nth: usize,
    mut count: impl FnMut(&(dyn Fn(f32) -> Option<u32> + Sync)) -> Result<Vec<u64>, E>,
) -> Result<Option<f32>, E> {
    if nth == 0 {
        return Ok(None);
    }
    let Some(half) = HalfFound::among(&count(&|value| Some(upper_half(value)))?, nth as u64) else { return Ok(None) };
    let lower = count(&|value| half.lower_half(value))?;
    Ok(half.value_among(&lower))
}

/// The first pass's bucket of a value.
pub(crate) fn upper_half(value: f32) -> u32 {
    ordered(value) >> HALF
}

/// What the first of two passes found: the upper half of the bits of the value that is sought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HalfFound {
    high: u32,
    /// The how manieth it is of those with this half, counted from 1.
    nth: u64,
}

impl HalfFound {
    /// The half of the `nth` smallest value, counted from 1, or of the largest; `None` where there is no value. `counts` are those of
    /// [`upper_half`].
    pub(crate) fn among(counts: &[u64], nth: u64) -> Option<Self> {
        let nth = nth.min(counts.iter().sum());
        bucket_with(counts, nth).map(|(high, below)| Self { high, nth: nth - below })
    }

    /// The second pass's bucket of a value, where it has this upper half.
    pub(crate) fn lower_half(self, value: f32) -> Option<u32> {
        let bits = ordered(value);
        (bits >> HALF == self.high).then_some(bits & ((1 << HALF) - 1))
    }

    /// The value that is sought. `counts` are those of [`HalfFound::lower_half`].
    pub(crate) fn value_among(self, counts: &[u64]) -> Option<f32> {
        bucket_with(counts, self.nth).map(|(low, _)| unordered(self.high << HALF | low))
    }
}

/// Counts of nothing yet.
pub(crate) fn no_counts() -> Vec<u64> {
    vec![0; 1 << HALF]
}

/// An integer that is in the order of the values.
fn ordered(value: f32) -> u32 {
    let bits = value.to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

fn unordered(bits: u32) -> f32 {
    f32::from_bits(if bits >> 31 == 1 { bits & !(1 << 31) } else { !bits })
}

/// The bucket with the `nth` value, counted from 1, and how many values are in those before it.
fn bucket_with(counts: &[u64], nth: u64) -> Option<(u32, u64)> {
    let mut below = 0;
    for (bucket, count) in counts.iter().enumerate().filter(|_| nth > 0) {
        if below + count >= nth {
            return Some((bucket as u32, below));
        }
        below += count;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_sorting() {
        let values: Vec<f32> = (0..100).map(|i| ((i * 37 % 101) as f32).sin()).collect();
        let mut sorted = values.clone();
        sorted.sort_by(f32::total_cmp);
        for k in 1..=100 {
            assert_eq!(kth_smallest(&mut values.clone(), k), Some(sorted[k - 1]));
        }
        assert_eq!(kth_smallest(&mut values.clone(), 0), None);
        assert_eq!(kth_smallest(&mut values.clone(), 101), None);
    }

    #[test]
    fn counting_agrees_with_selecting() {
        let mut values: Vec<f32> = (0..200).map(|i| ((i * 37 % 101) as f32).sin() * 10f32.powi(i % 7 - 3)).collect();
        values.extend([0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY, 1.5, 1.5, 1.5]);
        let counted = |values: &[f32], nth| {
            let found = nth_by_counting(nth, |bucket| {
                let mut counts = no_counts();
                values.iter().filter_map(|v| bucket(*v)).for_each(|b| counts[b as usize] += 1);
                Ok::<_, ()>(counts)
            });
            found.expect("counted")
        };
        for k in 0..=values.len() {
            let expected = kth_smallest(&mut values.clone(), k);
            assert_eq!(counted(&values, k).map(f32::to_bits), expected.map(f32::to_bits), "{k}");
        }
        assert_eq!(counted(&values, 1000), Some(f32::INFINITY), "of fewer the largest");
        assert_eq!(counted(&[], 3), None);
    }
}
