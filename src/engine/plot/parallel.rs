//! Parallel coordinates: many trials as lines over axes that stand side by side, and which of them lie within limits.

use std::cmp::Ordering;

/// One axis.
#[derive(Debug, Clone, PartialEq)]
pub struct ParallelAxis {
    /// What stands along it, with its unit, for example `edges removed, %`.
    pub name: String,
    /// The value of every line; NaN where it has none.
    pub values: Vec<f64>,
    /// The smallest and the largest value, made wider where they are the same.
    pub range: [f64; 2],
}

impl ParallelAxis {
    /// An axis as long as its values reach; `None` where no line has one.
    pub fn new(name: impl Into<String>, values: Vec<f64>) -> Option<Self> {
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        let (low, high) = (finite().reduce(f64::min)?, finite().reduce(f64::max)?);
        let range = if low < high {
            [low, high]
        } else {
            // One value stands in the middle.
            let reach = (low.abs() * 0.05).max(1e-9);
            [low - reach, high + reach]
        };
        Some(Self { name: name.into(), values, range })
    }

    /// Where a value stands between the ends, from the bottom, `0..=1`; what is beyond an end stands at it. `None` for NaN.
    pub fn position(&self, value: f64) -> Option<f32> {
        let [low, high] = self.range;
        (!value.is_nan()).then(|| ((value - low) / (high - low)).clamp(0.0, 1.0) as f32)
    }

    /// The value at a position, the other way round.
    pub fn value_at(&self, position: f32) -> f64 {
        let [low, high] = self.range;
        low + f64::from(position.clamp(0.0, 1.0)) * (high - low)
    }
}

/// Limits on one axis, both ends within.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Brush {
    /// Position among the axes.
    pub axis: usize,
    /// The smallest value that is let through.
    pub low: f64,
    /// The largest.
    pub high: f64,
}

/// Whether every line is within all limits; a line without a value is not within limits on it.
///
/// # Complexity
/// O(lines · brushes).
pub fn within(axes: &[ParallelAxis], n_lines: usize, brushes: &[Brush]) -> Vec<bool> {
    let lets = |brush: &Brush, line: usize| {
        let value = axes.get(brush.axis).and_then(|axis| axis.values.get(line)).copied().unwrap_or(f64::NAN);
        value >= brush.low && value <= brush.high
    };
    (0..n_lines).map(|line| brushes.iter().all(|brush| lets(brush, line))).collect()
}

/// The line that passes nearest to a point between two neighbouring axes, and how far from it, in heights of the axes.
///
/// Of those for which `may_be` holds. `along` is how far the point is from the first axis to the second, `0..=1`, `height` from the bottom:
/// heights are those that [`ParallelAxis::position`] gives, turned around where an axis is inverted.
///
/// # Complexity
/// O(lines).
pub fn nearest_line(
    [left, right]: [(&ParallelAxis, bool); 2],
    [along, height]: [f32; 2],
    may_be: impl Fn(usize) -> bool,
) -> Option<(usize, f32)> {
    let lines = left.0.values.len().min(right.0.values.len());
    let distance = |line: &usize| {
        let [from, to] = [left, right].map(|(axis, is_inverted)| height_of(axis, axis.values[*line], is_inverted));
        let at = from? + along * (to? - from?);
        Some((*line, (at - height).abs()))
    };
    let candidates = (0..lines).filter(|line| may_be(*line));
    candidates.filter_map(|line| distance(&line)).min_by(|a, b| a.1.partial_cmp(&b.1).unwrap_or(Ordering::Equal))
}

/// How high a value stands on an axis, from the bottom, `0..=1`.
pub fn height_of(axis: &ParallelAxis, value: f64, is_inverted: bool) -> Option<f32> {
    axis.position(value).map(|at| if is_inverted { 1.0 - at } else { at })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn axis(values: &[f64]) -> ParallelAxis {
        ParallelAxis::new("axis", values.to_vec()).expect("values")
    }

    #[test]
    fn an_axis_reaches_from_end_to_end() {
        let own = axis(&[2.0, f64::NAN, 6.0, 4.0]);
        assert_eq!(own.position(2.0), Some(0.0));
        assert_eq!(own.position(5.0), Some(0.75));
        assert_eq!((own.position(99.0), own.position(f64::NAN)), (Some(1.0), None));
        assert!((own.value_at(0.25) - 3.0).abs() < 1e-12);
        assert_eq!(height_of(&own, 5.0, true), Some(0.25));
        let one = axis(&[3.0, 3.0]);
        assert!((one.position(3.0).expect("a number") - 0.5).abs() < 1e-6);
        assert_eq!(ParallelAxis::new("none", vec![f64::NAN, f64::INFINITY]), None);
    }

    #[test]
    fn a_line_without_a_value_is_not_within_limits() {
        let axes = [axis(&[1.0, 2.0, 3.0, f64::NAN]), axis(&[9.0, 8.0, 7.0, 8.0])];
        let of = |brushes: &[Brush]| within(&axes, 4, brushes);
        assert_eq!(of(&[]), [true; 4]);
        let first = Brush { axis: 0, low: 1.0, high: 2.0 };
        assert_eq!(of(&[first]), [true, true, false, false], "both ends are within");
        let second = Brush { axis: 1, low: 7.0, high: 8.5 };
        assert_eq!(of(&[first, second]), [false, true, false, false]);
        assert_eq!(of(&[Brush { axis: 7, low: 0.0, high: 1.0 }]), [false; 4]);
    }

    proptest! {
        #[test]
        fn the_nearest_line_is_that_of_a_slow_search(
            lines in proptest::collection::vec((0.0f64..1.0, 0.0f64..1.0), 2..30),
            along in 0.0f32..1.0,
            height in 0.0f32..1.0,
            is_inverted: bool,
        ) {
            let left = axis(&lines.iter().map(|line| line.0).collect::<Vec<_>>());
            let right = axis(&lines.iter().map(|line| line.1).collect::<Vec<_>>());
            let (found, distance) =
                nearest_line([(&left, false), (&right, is_inverted)], [along, height], |line| line != 0).expect("a line");
            prop_assert!(found != 0);
            let at = |line: usize| {
                let from = left.position(left.values[line]).expect("a number");
                let to = right.position(right.values[line]).expect("a number");
                let to = if is_inverted { 1.0 - to } else { to };
                (from + along * (to - from) - height).abs()
            };
            prop_assert!((at(found) - distance).abs() < 1e-6);
            for line in 1..lines.len() {
                prop_assert!(at(line) >= distance - 1e-6);
            }
        }
    }
}
