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
}
