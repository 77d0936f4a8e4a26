//! Accuracy under rising disturbance as curves: the same in the window and where there is none.

use super::curves::{Axis, Curve, CurveStyle, Curves};
use crate::engine::experiment::{StressKind, StressSpread, StressSummary, StressWay};
use crate::engine::graph::Metric;

/// Both models under one kind of disturbance: means over seeds, whiskers from the lowest to the highest.
pub fn stress_curves(summary: &[StressSummary], kind: StressKind, metric: Metric, subtitle: String) -> Curves {
    let own = |way: StressWay| summary.iter().filter(move |s| s.kind == kind && s.way == way);
    let has_recovery = own(StressWay::WithoutRecovery).next().is_some();
    let curve = |name: &str, way: StressWay, of: &dyn Fn(&StressSummary) -> StressSpread, colour, style| Curve {
        name: name.to_owned(),
        points: own(way).map(|s| [100.0 * s.level, 100.0 * of(s).mean]).collect(),
        spread: own(way).map(|s| [100.0 * of(s).low, 100.0 * of(s).high]).collect(),
        style,
        colour,
        ..Curve::default()
    };
    let pruned =
        |way: StressWay, colour| curve(way.title(has_recovery), way, &|s| s.pruned, colour, CurveStyle::Marked);
    let series = [
        curve("baseline", StressWay::AsGiven, &|s| s.baseline, 0, CurveStyle::Dashed),
        pruned(StressWay::WithoutRecovery, 1),
        pruned(StressWay::AsGiven, 0),
    ];
    Curves {
        title: kind.title().to_owned(),
        subtitle,
        x: Axis::new(kind.axis()),
        y: Axis::new(format!("test {}, %", metric.title())),
        series: series.into_iter().filter(|curve| !curve.points.is_empty()).collect(),
        marks: Vec::new(),
    }
}
