//! Area under the ROC curve: how well two classes are told apart, whatever the threshold.
//!
//! The area is the share of pairs of a node of class 1 and one of class 0 in which the first has the higher score, a tie counting half
//! (Mann and Whitney 1947). Its variance is that of `DeLong`, `DeLong` and Clarke-Pearson (1988), by ranks as in Sun and Xu (2014): what every
//! node's pairs scatter by, without an assumption about how scores are distributed.

use serde::{Deserialize, Serialize};

/// Area under the ROC curve with its uncertainty.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Auc {
    /// The area, `0..=1`; half where nothing is told apart.
    pub value: f64,
    /// 95 % interval by the variance of `DeLong` et al. on the logit scale, which keeps it within 0 and 1. Absent where that variance says
    /// nothing: all pairs are in order, or a class has one node alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
}

/// The quantile of the normal distribution that an interval of 95 % reaches to.
const Z: f64 = 1.959_963_984_540_054;

impl Auc {
    /// Of scores with whether their node is of class 1; nothing where a class is missing or a score is NaN.
    pub(super) fn of(scores: &[(f64, bool)]) -> Option<Self> {
        let (ones, zeros) = (of_class(scores, true), of_class(scores, false));
        if ones.is_empty() || zeros.is_empty() || scores.iter().any(|(score, _)| score.is_nan()) {
            return None;
        }
        // The share of the other class's nodes that every node is on the right side of.
        let above = shares_below(&ones, &zeros);
        let below: Vec<f64> = shares_below(&zeros, &ones).into_iter().map(|share| 1.0 - share).collect();
        let value = mean(&above);
        let variance = variance(&above) / ones.len() as f64 + variance(&below) / zeros.len() as f64;
        let is_known = variance.is_finite() && variance > 0.0 && value > 0.0 && value < 1.0;
        let interval = is_known.then(|| {
            let (logit, spread) = ((value / (1.0 - value)).ln(), Z * variance.sqrt() / (value * (1.0 - value)));
            [logit - spread, logit + spread].map(|x| 1.0 / (1.0 + (-x).exp()))
        });
        Some(Self { value, interval })
    }
}

/// Scores of one class, ascending.
fn of_class(scores: &[(f64, bool)], is_one: bool) -> Vec<f64> {
    let mut own: Vec<f64> = scores.iter().filter(|(_, of)| *of == is_one).map(|(score, _)| *score).collect();
    own.sort_by(f64::total_cmp);
    own
}

/// For each of `values` the share of `others` below it, equal ones counting half. Both ascending.
fn shares_below(values: &[f64], others: &[f64]) -> Vec<f64> {
    let share = |value: &f64| {
        let (below, not_above) = (others.partition_point(|o| o < value), others.partition_point(|o| o <= value));
        (below + not_above) as f64 / (2 * others.len()) as f64
    };
    values.iter().map(share).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Of the sample; NaN for a single value.
fn variance(values: &[f64]) -> f64 {
    let mean = mean(values);
    values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (values.len() as f64 - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every pair by itself, and `DeLong`'s variance by its definition, placement by placement.
    fn slow(scores: &[(f64, bool)]) -> (f64, f64) {
        let kernel = |x: f64, y: f64| if x > y { 1.0 } else { 0.5 * f64::from(u8::from(x >= y)) };
        let of = |is_one: bool| scores.iter().filter(move |s| s.1 == is_one).map(|s| s.0).collect::<Vec<f64>>();
        let (ones, zeros) = (of(true), of(false));
        let v10: Vec<f64> =
            ones.iter().map(|x| zeros.iter().map(|y| kernel(*x, *y)).sum::<f64>() / zeros.len() as f64).collect();
        let v01: Vec<f64> =
            zeros.iter().map(|y| ones.iter().map(|x| kernel(*x, *y)).sum::<f64>() / ones.len() as f64).collect();
        let area = v10.iter().sum::<f64>() / v10.len() as f64;
        let spread =
            |v: &[f64]| v.iter().map(|x| (x - area).powi(2)).sum::<f64>() / (v.len() - 1) as f64 / v.len() as f64;
        (area, spread(&v10) + spread(&v01))
    }

    fn sample(n: usize, n_levels: u32, shift: u32) -> Vec<(f64, bool)> {
        let mut state = 0x2545_f491u32;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state
        };
        (0..n)
            .map(|_| {
                let is_one = next() % 4 == 0;
                (f64::from(next() % n_levels + if is_one { shift } else { 0 }), is_one)
            })
            .collect()
    }

    #[test]
    fn ranks_give_what_all_pairs_give_with_ties_and_without() {
        for (n, n_levels, shift) in [(7, 3, 1), (60, 4, 1), (200, 1_000_000, 200_000), (200, 9, 0), (41, 2, 0)] {
            let scores = sample(n, n_levels, shift);
            let (area, variance) = slow(&scores);
            let found = Auc::of(&scores).expect("both classes are there");
            assert!((found.value - area).abs() < 1e-12, "{n} {n_levels}: {} {area}", found.value);
            let [low, high] = found.interval.expect("a variance");
            let logit = |p: f64| (p / (1.0 - p)).ln();
            let spread = (logit(high) - logit(low)) / (2.0 * Z);
            assert!((spread * area * (1.0 - area) - variance.sqrt()).abs() < 1e-9, "{n} {n_levels}");
            assert!(0.0 < low && low < area && area < high && high < 1.0);
        }
    }

    /// As scikit-learn's `roc_auc_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])`.
    #[test]
    fn a_case_done_by_hand_and_those_that_say_nothing() {
        let auc = Auc::of(&[(0.1, false), (0.4, false), (0.35, true), (0.8, true)]).expect("both classes are there");
        assert!((auc.value - 0.75).abs() < 1e-12);
        let all_right = Auc::of(&[(0.1, false), (0.2, false), (0.3, true), (0.4, true)]).expect("both");
        assert_eq!(all_right, Auc { value: 1.0, interval: None });
        assert_eq!(Auc::of(&[(0.1, true), (0.2, true)]), None);
        assert_eq!(Auc::of(&[(f64::NAN, true), (0.2, false)]), None);
        assert_eq!(Auc::of(&[]), None);
    }

    #[test]
    fn about_19_of_20_intervals_hold_the_area_of_the_population() {
        // Scores uniform on [0, 1), those of class 1 the larger of two: the area is 2/3.
        let (mut held, n_draws) = (0, 400);
        let mut state = 9u64;
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        for _ in 0..n_draws {
            let scores: Vec<(f64, bool)> = (0..120)
                .map(|at| if at % 3 == 0 { (uniform().max(uniform()), true) } else { (uniform(), false) })
                .collect();
            let [low, high] = Auc::of(&scores).and_then(|auc| auc.interval).expect("an interval");
            held += usize::from(low <= 2.0 / 3.0 && 2.0 / 3.0 <= high);
        }
        assert!((360..=397).contains(&held), "{held} of {n_draws}");
    }
}
