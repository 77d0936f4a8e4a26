//! Long curves as what a screen can show of them: of each column of pixels the lowest and the highest point.

use std::ops::Range;

/// The places of the points of an ascending curve that are drawn for `x` in `columns` columns.
///
/// Of each column those are the lowest and the highest, in their order; and beside them the points next to the view on either side, so
/// that lines run on to its borders. At most two per column and two more. Every column shows the same extent of y as all of its points would. Points with a
/// coordinate that is not finite are left out.
///
/// # Complexity
/// O(log points + points in view).
pub fn decimate(points: &[[f64; 2]], x: [f64; 2], columns: usize) -> Vec<usize> {
    let Range { start, end } = in_view(points, x);
    let is_finite = |at: &usize| points[*at][0].is_finite() && points[*at][1].is_finite();
    let before = (0..start).rev().find(is_finite);
    let after = (end..points.len()).find(is_finite);
    let columns = columns.max(1);
    let mut kept = Vec::with_capacity((2 * columns + 2).min(end - start + 2));
    kept.extend(before);
    if end - start <= 2 * columns {
        kept.extend((start..end).filter(is_finite));
        kept.extend(after);
        return kept;
    }
    let per_unit = columns as f64 / (x[1] - x[0]).max(f64::MIN_POSITIVE);
    let column_of = |at: usize| (((points[at][0] - x[0]) * per_unit).max(0.0) as usize).min(columns - 1);
    /// The lowest and the highest point of a column so far.
    struct Extent {
        column: usize,
        low: usize,
        high: usize,
    }
    let mut current: Option<Extent> = None;
    let flush = |extent: Option<Extent>, kept: &mut Vec<usize>| {
        let Some(Extent { low, high, .. }) = extent else { return };
        kept.push(low.min(high));
        if low != high {
            kept.push(low.max(high));
        }
    };
    for at in (start..end).filter(is_finite) {
        let (column, y) = (column_of(at), points[at][1]);
        match &mut current {
            Some(extent) if extent.column == column => {
                if y < points[extent.low][1] {
                    extent.low = at;
                }
                if y > points[extent.high][1] {
                    extent.high = at;
                }
            }
            _ => flush(current.replace(Extent { column, low: at, high: at }), &mut kept),
        }
    }
    flush(current, &mut kept);
    kept.extend(after);
    kept
}

/// The places of the points whose x lies in view, of an ascending curve.
fn in_view(points: &[[f64; 2]], x: [f64; 2]) -> Range<usize> {
    let start = points.partition_point(|p| p[0] < x[0]);
    let end = points.partition_point(|p| p[0] <= x[1]);
    start..end.max(start)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn curve() -> impl Strategy<Value = Vec<[f64; 2]>> {
        let y = prop_oneof![20 => -1e3..1e3f64, 1 => Just(f64::NAN), 1 => Just(f64::INFINITY), 3 => Just(0.5)];
        prop::collection::vec((0.0..2.0f64, y), 0..600).prop_map(|steps| {
            let mut x = 0.0;
            let mut advance = |(step, y): (f64, f64)| {
                x += step;
                [x, y]
            };
            steps.into_iter().map(&mut advance).collect()
        })
    }

    proptest! {
        #[test]
        fn every_column_keeps_its_extent_in_two_points(points in curve(), from in 0.0..1.0f64, span in 0.01..1.0f64,
                                                       columns in 1usize..60) {
            let last = points.last().map_or(1.0, |p| p[0]);
            let x = [from * last, (from + span) * last];
            let kept = decimate(&points, x, columns);
            prop_assert!(kept.len() <= 2 * columns + 2);
            prop_assert!(kept.windows(2).all(|w| w[0] < w[1]));
            prop_assert!(kept.iter().all(|at| points[*at][0].is_finite() && points[*at][1].is_finite()));
            let column = |p: &[f64; 2]| {
                let at = (p[0] - x[0]) * (columns as f64 / (x[1] - x[0]).max(f64::MIN_POSITIVE));
                (at.max(0.0) as usize).min(columns - 1)
            };
            let in_view = |p: &[f64; 2]| x[0] <= p[0] && p[0] <= x[1] && p[1].is_finite();
            for at in 0..columns {
                let extent = |all: &mut dyn Iterator<Item = [f64; 2]>| {
                    all.filter(|p| in_view(p) && column(p) == at)
                        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), p| (low.min(p[1]), high.max(p[1])))
                };
                let all = extent(&mut points.iter().copied());
                prop_assert_eq!(all, extent(&mut kept.iter().map(|at| points[*at])), "column {}", at);
            }
            let finite = |p: &&[f64; 2]| p[1].is_finite();
            if let Some(before) = points.iter().filter(finite).rfind(|p| p[0] < x[0]) {
                prop_assert_eq!(points[kept[0]].map(f64::to_bits), before.map(f64::to_bits), "the line comes in from the left");
            }
        }
    }

    #[test]
    fn a_million_points_become_two_per_column() {
        let points: Vec<[f64; 2]> = (0..1_000_000).map(|i| [f64::from(i), f64::from(i % 1009 * 7919 % 1009)]).collect();
        let kept = decimate(&points, [0.0, 999_999.0], 800);
        assert_eq!(kept.len(), 1600);
        let near = decimate(&points, [500.0, 600.0], 800);
        assert_eq!(near.len(), 103, "what has room is kept whole");
    }
}
