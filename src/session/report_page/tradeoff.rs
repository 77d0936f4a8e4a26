//! Accuracy against what is saved: what was tried, and where the chosen point stands.

use super::reported::Reported;
use super::say::Say;
use crate::engine::plot::{Axis, Curve, CurveStyle, Curves};
use crate::io::printed::Block;
use crate::io::results::PointRead;

/// The curve of the sweep, or that there was none.
pub(super) fn block(of: &Reported, say: Say) -> Block {
    match &of.sweep {
        Some(_) => curves(of, say).map_or_else(|| Block::Text(say.text("report-sweep-empty")), Block::Chart),
        None => Block::Text(say.text("report-no-sweep")),
    }
}

fn curves(of: &Reported, say: Say) -> Option<Curves> {
    let sweep = of.sweep.as_ref()?;
    let saved = |before: u64, after: u64| 100.0 * (1.0 - after as f64 / before.max(1) as f64);
    let place = |p: &PointRead| Some([saved(p.macs_baseline, p.macs_pruned), 100.0 * p.test_accuracy?]);
    let all: Vec<[f64; 2]> = sweep.points.iter().filter_map(place).collect();
    let mut front: Vec<[f64; 2]> = sweep.pareto.iter().filter_map(|at| place(sweep.points.get(*at)?)).collect();
    front.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let baseline = sweep.points.first()?.baseline_test_accuracy?;
    let right = all.iter().map(|p| p[0]).fold(0.0, f64::max);
    let totals = &of.bundle.metrics.totals;
    let chosen = of.bundle.metrics.scores.as_ref().and_then(|scores| scores.test.pruned).map(|score| {
        let x = saved(totals.macs_baseline, totals.macs_pruned);
        ([x, 100.0 * score.accuracy], [100.0 * score.low, 100.0 * score.high])
    });
    let curve = |key: &str, points: Vec<[f64; 2]>, style, colour| Curve {
        name: say.text(key),
        points,
        style,
        colour,
        ..Curve::default()
    };
    let mut series = vec![
        curve("report-unpruned", vec![[0.0, 100.0 * baseline], [right, 100.0 * baseline]], CurveStyle::Dashed, 0),
        curve("report-tried", all, CurveStyle::PalePoints, 0),
        curve("report-front", front, CurveStyle::Marked, 0),
    ];
    if let Some((point, spread)) = chosen {
        let star = curve("report-chosen", vec![point], CurveStyle::Star, 1);
        series.push(Curve { spread: vec![spread], ..star });
    }
    let n = sweep.points.len().to_string();
    let key = if sweep.has_recovery() { "report-tradeoff-recovered" } else { "report-tradeoff-published" };
    Some(Curves {
        title: say.text("report-tradeoff-title"),
        subtitle: say.with(key, &[("n", n.into())]),
        x: Axis::new(say.text("report-tradeoff-x")),
        y: Axis::new(say.with("report-score-axis", &[("metric", say.metric(of.metric()).into())])),
        series: series.into_iter().filter(|curve| !curve.points.is_empty()).collect(),
        marks: Vec::new(),
    })
}
