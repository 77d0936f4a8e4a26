//! Selection without sorting.

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
    let upper = count(&|value| Some(ordered(value) >> HALF))?;
    let nth = (nth as u64).min(upper.iter().sum());
    let Some((high, below)) = bucket_with(&upper, nth) else { return Ok(None) };
    let lower = count(&|value| {
        let bits = ordered(value);
        (bits >> HALF == high).then_some(bits & ((1 << HALF) - 1))
    })?;
    Ok(bucket_with(&lower, nth - below).map(|(low, _)| unordered(high << HALF | low)))
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
