//! The curves of a sweep, as values.

use crate::engine::experiment::SweepPoint;
use crate::engine::plot::{Axis, Curve, CurveStyle, Curves};
use crate::session::trial_words::{metric_heading, metric_title};
use crate::session::words::Words;
use crate::session::{BudgetState, SweepState};

/// What stands along the axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Cost {
    #[default]
    Edges,
    Weights,
    Macs,
    Time,
    Request,
}

impl Cost {
    pub(super) const ALL: [Self; 5] = [Self::Edges, Self::Weights, Self::Macs, Self::Time, Self::Request];

    /// By which its name is found, and what it counts.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Edges => "tradeoff-cost-edges",
            Self::Weights => "tradeoff-cost-weights",
            Self::Macs => "tradeoff-cost-macs",
            Self::Time => "tradeoff-cost-time",
            Self::Request => "tradeoff-cost-request",
        }
    }

    fn axis(self, words: &Words) -> Axis {
        Axis::new(words.text(match self {
            Self::Edges => "tradeoff-axis-edges",
            Self::Weights => "tradeoff-axis-weights",
            Self::Macs => "tradeoff-axis-macs",
            Self::Time => "tradeoff-axis-time",
            Self::Request => "tradeoff-axis-request",
        }))
    }

    fn of(self, point: &SweepPoint) -> f64 {
        match self {
            Self::Edges => point.edge_sparsity * 100.0,
            Self::Weights => point.weight_sparsity * 100.0,
            Self::Macs => point.macs_pruned as f64 / 1e6,
            Self::Time => point.pruned_secs * 1e3,
            Self::Request => point.request_secs.map_or(f64::NAN, |secs| secs * 1e3),
        }
    }

    /// 95 % interval of a measured cost, in the unit of the axis; NaN where there is none.
    fn interval(self, point: &SweepPoint) -> [f64; 2] {
        let secs = match self {
            Self::Time => point.pruned_secs_interval(),
            Self::Request => point.request_secs_interval(),
            Self::Edges | Self::Weights | Self::Macs => None,
        };
        secs.map_or([f64::NAN; 2], |ends| ends.map(|secs| secs * 1e3))
    }

    fn of_baseline(self, point: &SweepPoint) -> f64 {
        match self {
            Self::Edges | Self::Weights => 0.0,
            Self::Macs => point.macs_baseline as f64 / 1e6,
            Self::Time => point.baseline_secs * 1e3,
            Self::Request => point.baseline_request_secs.map_or(f64::NAN, |secs| secs * 1e3),
        }
    }
}

/// Indices of the points that no other beats in validation accuracy and in this cost at once, by rising cost. Costs that differ by less than
/// [`ALIKE`] of the largest count as one.
pub(super) fn front(points: &[SweepPoint], cost: Cost) -> Vec<usize> {
    /// Nobody sees or decides by less; without it points of one δ, a few entries apart, are joined by an upright line.
    const ALIKE: f64 = 2e-3;
    let largest = points.iter().map(|p| cost.of(p)).filter(|c| c.is_finite()).fold(f64::MIN_POSITIVE, f64::max);
    // More removed is less cost.
    let spent = |at: usize| match cost {
        Cost::Edges | Cost::Weights => -cost.of(&points[at]),
        Cost::Macs | Cost::Time | Cost::Request => cost.of(&points[at]),
    };
    let val = |at: usize| points[at].val_accuracy;
    let mut order: Vec<usize> = (0..points.len()).filter(|at| spent(*at).is_finite()).collect();
    order.sort_by(|a, b| {
        spent(*a).total_cmp(&spent(*b)).then(val(*b).total_cmp(&val(*a))).then(points[*a].idx.cmp(&points[*b].idx))
    });
    let mut front: Vec<usize> = Vec::new();
    for at in order {
        match front.last().copied() {
            Some(last) if val(at) <= val(last) => {}
            // As good as for nothing more.
            Some(last) if spent(at) - spent(last) < ALIKE * largest => {
                front.pop();
                front.push(at);
            }
            _ => front.push(at),
        }
    }
    front
}

/// How large a point is drawn: larger for more of the threshold that is not along the axis.
fn size(sweep: &SweepState, point: &SweepPoint, cost: Cost) -> f32 {
    const SIZES: [f32; 2] = [0.7, 1.7];
    let (deltas, own) = match cost {
        Cost::Weights => (&sweep.grid.delta_a, point.delta_a),
        _ => (&sweep.grid.delta_w, point.delta_w),
    };
    let rank = deltas.iter().filter(|delta| **delta < own).count() as f32;
    let most = deltas.len().saturating_sub(1).max(1) as f32;
    SIZES[0] + (SIZES[1] - SIZES[0]) * (rank / most).min(1.0)
}

/// What the size of a point says, for the legend.
fn size_says(cost: Cost, words: &Words) -> String {
    words.text(if cost == Cost::Weights { "tradeoff-curve-larger-edges" } else { "tradeoff-curve-larger-weights" })
}

/// Where a point stands in the chart: by its accuracy on the test nodes.
pub(super) fn place(point: &SweepPoint, cost: Cost) -> [f64; 2] {
    [cost.of(point), point.test_accuracy * 100.0]
}

/// Accuracy against a cost: the baseline as lines, Pareto points joined, the dominated pale; what was tried within a budget as a path, and
/// a star where it ended.
pub(super) fn chart(sweep: &SweepState, budget: &BudgetState, front: &[usize], cost: Cost, words: &Words) -> Curves {
    let points = &sweep.points;
    let val = |p: &SweepPoint| [cost.of(p), p.val_accuracy * 100.0];
    let test = |p: &SweepPoint| place(p, cost);
    let is_front = |at: usize| front.contains(&at);
    let some = |is_of_front: bool, of: &dyn Fn(&SweepPoint) -> [f64; 2]| -> Vec<[f64; 2]> {
        points.iter().enumerate().filter(|(at, _)| is_front(*at) == is_of_front).map(|(_, p)| of(p)).collect()
    };
    let mut joined: Vec<[f64; 2]> = front.iter().map(|at| test(&points[*at])).collect();
    joined.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let curve = |name: String, points: Vec<[f64; 2]>, style: CurveStyle, colour: usize| Curve {
        name,
        points,
        style,
        colour,
        ..Curve::default()
    };
    let sized = |key: &str, of: &dyn Fn(&SweepPoint) -> [f64; 2], is_of_front: bool, colour: usize| {
        let style = if is_of_front { CurveStyle::Points } else { CurveStyle::PalePoints };
        let those = points.iter().enumerate().filter(|(at, _)| is_front(*at) == is_of_front);
        Curve {
            sizes: those.map(|(_, p)| size(sweep, p, cost)).collect(),
            ..curve(words.text(key), some(is_of_front, of), style, colour)
        }
    };
    // Of the points that matter also how sure their numbers are.
    let of_front = || points.iter().enumerate().filter(|(at, _)| is_front(*at)).map(|(_, p)| p);
    let sure = |p: &SweepPoint| p.test_interval().map_or([f64::NAN; 2], |ends| ends.map(|end| end * 100.0));
    let (spread, spread_x) = (of_front().map(sure).collect(), of_front().map(|p| cost.interval(p)).collect());
    let mut series = vec![
        curve(words.text("tradeoff-curve-pareto"), joined, CurveStyle::Line, 0),
        Curve { spread, spread_x, ..sized("tradeoff-curve-test", &test, true, 0) },
        sized("tradeoff-curve-test", &test, false, 0),
        sized("tradeoff-curve-validation", &val, true, 1),
        sized("tradeoff-curve-validation", &val, false, 1),
        // Nothing but its name in the legend.
        Curve { sizes: vec![1.4], ..curve(size_says(cost, words), Vec::new(), CurveStyle::Points, 0) },
    ];
    let tried = path(budget, cost);
    let all = || points.iter().chain(budget.points.iter().map(|point| &point.result));
    if !tried.is_empty() {
        series.push(curve(words.text("tradeoff-curve-tried"), tried, CurveStyle::Marked, PATH_COLOUR));
    }
    if let Some(chosen) = chosen(budget) {
        let name = words.text("tradeoff-curve-chosen");
        series.push(curve(name, vec![place(chosen, cost)], CurveStyle::Star, PATH_COLOUR));
    }
    let metric = all().next().map(|p| p.metric).unwrap_or_default();
    if let Some(first) = all().next() {
        let ends = all().map(|p| cost.of(p)).chain([cost.of_baseline(first)]).filter(|x| x.is_finite());
        let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
        let level = |key: &str, y: f64| {
            curve(words.text(key), vec![[low, y * 100.0], [high, y * 100.0]], CurveStyle::Dashed, 0)
        };
        series.push(level("tradeoff-curve-unpruned-test", first.baseline_test_accuracy));
        series.push(level("tradeoff-curve-unpruned-validation", first.baseline_val_accuracy));
    }
    Curves {
        title: metric_heading(metric, words),
        subtitle: subtitle(sweep, words),
        x: cost.axis(words),
        y: Axis::new(words.with("tradeoff-axis-score", &[("metric", metric_title(metric, words).into())])),
        series,
        marks: Vec::new(),
    }
}

/// Its place in the palette, after those of test and validation.
const PATH_COLOUR: usize = 2;

/// Where the tried points of a budget stand, by rising cost.
fn path(budget: &BudgetState, cost: Cost) -> Vec<[f64; 2]> {
    let places = budget.points.iter().map(|point| place(&point.result, cost));
    let mut path: Vec<[f64; 2]> = places.filter(|[x, y]| x.is_finite() && y.is_finite()).collect();
    path.sort_by(|a, b| a[0].total_cmp(&b[0]));
    path
}

/// The point that a budget chose.
pub(super) fn chosen(budget: &BudgetState) -> Option<&SweepPoint> {
    budget.found.as_ref()?.point().map(|point| &point.result)
}

fn subtitle(sweep: &SweepState, words: &Words) -> String {
    let [n, all] = [sweep.points.len(), sweep.grid.len()].map(|n| n.to_string());
    words.with("tradeoff-combinations", &[("n", n.into()), ("all", all.into())])
}

/// Sparsity along the lower plot: of edges, unless weights are asked for.
fn sparsity(cost: Cost) -> Cost {
    if cost == Cost::Weights { Cost::Weights } else { Cost::Edges }
}

/// Indices of the points by rising sparsity: the order of [`costs`].
pub(super) fn order_by(sweep: &SweepState, cost: Cost) -> Vec<usize> {
    let cost = sparsity(cost);
    let mut order: Vec<usize> = (0..sweep.points.len()).collect();
    order.sort_by(|a, b| cost.of(&sweep.points[*a]).total_cmp(&cost.of(&sweep.points[*b])).then(a.cmp(b)));
    order
}

/// The upper end of the axis: a single pass that something disturbed must not squeeze all others together.
fn highest_of_interest(macs: &[[f64; 2]], time: &[[f64; 2]]) -> f64 {
    const CALM_SHARE: f64 = 0.9;
    let mut times: Vec<f64> = time.iter().map(|p| p[1]).filter(|y| y.is_finite()).collect();
    times.sort_by(f64::total_cmp);
    let calm = times.get(((times.len() as f64 * CALM_SHARE) as usize).min(times.len().saturating_sub(1)));
    macs.iter().map(|p| p[1]).chain(calm.copied()).fold(100.0, f64::max) * 1.08
}

/// Time and operations against sparsity, as parts of the unpruned.
pub(super) fn costs(sweep: &SweepState, cost: Cost, words: &Words) -> Curves {
    let along = sparsity(cost);
    let order = order_by(sweep, cost);
    let of = |part: &dyn Fn(&SweepPoint) -> f64| -> Vec<[f64; 2]> {
        order.iter().map(|at| &sweep.points[*at]).map(|p| [along.of(p), 100.0 * part(p)]).collect()
    };
    let (macs, time) = (
        of(&|p| p.macs_pruned as f64 / p.macs_baseline.max(1) as f64),
        of(&|p| p.pruned_secs / p.baseline_secs.max(f64::MIN_POSITIVE)),
    );
    let highest = highest_of_interest(&macs, &time);
    let points = |key: &str, points: Vec<[f64; 2]>, colour: usize| Curve {
        name: words.text(key),
        points,
        style: CurveStyle::Points,
        colour,
        ..Curve::default()
    };
    // As a part of the unpruned, the interval of the ratio stands on its head.
    let bars = |of: &dyn Fn(&SweepPoint) -> Option<[f64; 2]>| -> Vec<[f64; 2]> {
        let bar = |p: &SweepPoint| of(p).map_or([f64::NAN; 2], |[low, high]| [100.0 / high, 100.0 / low]);
        order.iter().map(|at| bar(&sweep.points[*at])).collect()
    };
    let requests = of(&|p| p.request_secs.zip(p.baseline_request_secs).map_or(f64::NAN, |(now, before)| now / before));
    let ends = [macs.first().map_or(0.0, |p| p[0]), macs.last().map_or(1.0, |p| p[0])];
    Curves {
        title: words.text("tradeoff-costs-title"),
        subtitle: subtitle(sweep, words),
        x: along.axis(words),
        y: Axis { range: Some([0.0, highest]), ..Axis::new(words.text("tradeoff-axis-part")) },
        series: vec![
            Curve { spread: bars(&SweepPoint::speedup_interval), ..points("tradeoff-curve-time", time, 4) },
            Curve {
                spread: bars(&SweepPoint::request_speedup_interval),
                ..points("tradeoff-curve-request", requests, 2)
            },
            points("tradeoff-curve-macs", macs, 5),
            Curve {
                name: words.text("tradeoff-curve-unpruned"),
                points: vec![[ends[0], 100.0], [ends[1], 100.0]],
                style: CurveStyle::Dashed,
                ..Curve::default()
            },
        ],
        marks: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::experiment::SweepGrid;

    fn point(idx: usize, edge_sparsity: f64, val_accuracy: f64) -> SweepPoint {
        SweepPoint { idx, edge_sparsity, val_accuracy, delta_w: idx as f64, ..SweepPoint::default() }
    }

    #[test]
    fn points_that_cost_the_same_are_not_joined() {
        // A few entries apart, as points of one share are.
        let points = [point(0, 0.500_00, 0.86), point(1, 0.500_04, 0.85), point(2, 0.499_97, 0.87), point(3, 0.8, 0.8)];
        assert_eq!(front(&points, Cost::Edges), [3, 2]);
        let apart = [point(0, 0.5, 0.86), point(1, 0.51, 0.85), point(2, 0.49, 0.87)];
        assert_eq!(front(&apart, Cost::Edges), [1, 0, 2]);
    }

    #[test]
    fn a_point_is_larger_the_more_weights_go() {
        let grid = SweepGrid { delta_a: vec![0.0], delta_w: vec![0.0, 1.0, 2.0] };
        let sweep = SweepState { grid, ..SweepState::default() };
        let sizes: Vec<f32> = (0..3).map(|idx| size(&sweep, &point(idx, 0.5, 0.8), Cost::Edges)).collect();
        assert!(sizes.windows(2).all(|pair| pair[0] < pair[1]), "{sizes:?}");
        assert!((size(&sweep, &point(2, 0.5, 0.8), Cost::Weights) - sizes[0]).abs() < 1e-6, "δw is on the axis");
    }
}
