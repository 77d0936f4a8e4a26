//! How pruned model and baseline fall where data are disturbed.

use super::accuracy::signed;
use super::reported::Reported;
use super::say::Say;
use crate::engine::experiment::{StressKind, StressMasks, StressSpread, StressSummary, StressWay, alike};
use crate::engine::plot::{Axis, Curve, CurveStyle, Curves};
use crate::io::printed::{Block, Column, Table};
use crate::io::results::StressRead;
use crate::session::format::percent;

pub(super) fn appendix(of: &Reported, say: Say) -> Vec<Block> {
    let mut blocks = vec![Block::Appendix(say.text("report-stress"))];
    let Some(stress) = of.stress.as_ref().filter(|stress| !stress.summary.is_empty()) else {
        blocks.push(Block::Text(say.text("report-no-stress")));
        return blocks;
    };
    blocks.push(Block::Text(match stress.masks {
        StressMasks::Carried => say.text("report-stress-carried"),
        StressMasks::Decided => say.text("report-stress-decided"),
    }));
    let kinds: Vec<StressKind> =
        StressKind::ALL.into_iter().filter(|kind| stress.summary.iter().any(|s| s.kind == *kind)).collect();
    blocks.push(Block::Table(table(stress, &kinds, say)));
    blocks.extend(kinds.iter().map(|kind| Block::Chart(curves(stress, *kind, say))));
    blocks
}

fn title(kind: StressKind, say: Say) -> String {
    match kind {
        StressKind::AddedEdges => say.text("report-added-edges"),
        StressKind::AddedBetweenClasses => say.text("report-added-between-classes"),
        StressKind::DroppedEdges => say.text("report-dropped-edges"),
        StressKind::DroppedBetweenClasses => say.text("report-dropped-between-classes"),
        StressKind::FeatureNoise => say.text("report-feature-noise"),
        StressKind::MissingFeatures => say.text("report-missing-features"),
        StressKind::UniformLabels => say.text("report-uniform-labels"),
        StressKind::PairwiseLabels => say.text("report-pairwise-labels"),
        StressKind::ClassImbalance => say.text("report-class-imbalance"),
        StressKind::DegreeBias => say.text("report-degree-bias"),
    }
}

fn level(level: f64) -> String {
    format!("{} %", (1e4 * level).round() / 100.0)
}

/// One line for every kind: how far both fall alike, and what the strongest disturbance does.
fn table(stress: &StressRead, kinds: &[StressKind], say: Say) -> Table {
    let row = |kind: &StressKind| {
        let found = alike(&stress.summary, *kind, StressWay::AsGiven)?;
        let last = found.last;
        let up_to = match (found.departs, found.up_to) {
            (None, _) => say.with("report-alike-to-the-end", &[("level", level(last.level).into())]),
            (Some(departs), _) => say.with("report-departs", &[("level", level(departs.level).into())]),
        };
        let [low, high] = last.extra.interval();
        let extra = say.with(
            "report-extra",
            &[("extra", signed(last.extra.loss).into()), ("low", signed(low).into()), ("high", signed(high).into())],
        );
        let scores = [last.baseline.mean, last.pruned.mean].map(percent);
        let [before, after] = scores;
        Some(vec![title(*kind, say), up_to, level(last.level), before, after, extra])
    };
    let number = |key: &str| (say.text(key), Column::Number);
    Table {
        caption: say.text("report-stress-caption"),
        columns: vec![
            (say.text("report-disturbance"), Column::Text),
            (say.text("report-alike"), Column::Text),
            number("report-highest-level"),
            number("report-baseline-there"),
            number("report-pruned-there"),
            number("report-extra-loss"),
        ],
        rows: kinds.iter().filter_map(row).collect(),
        chosen: None,
    }
}

fn curves(stress: &StressRead, kind: StressKind, say: Say) -> Curves {
    let own = |way: StressWay| stress.summary.iter().filter(move |s| s.kind == kind && s.way == way);
    let curve = |key: &str, way: StressWay, of: fn(&StressSummary) -> StressSpread, colour, style| Curve {
        name: say.text(key),
        points: own(way).map(|s| [100.0 * s.level, 100.0 * of(s).mean]).collect(),
        spread: own(way).map(|s| [100.0 * of(s).low, 100.0 * of(s).high]).collect(),
        style,
        colour,
        ..Curve::default()
    };
    let pruned: fn(&StressSummary) -> StressSpread = |s| s.pruned;
    let given = if stress.has_recovery() { "report-pruned-recovered" } else { "report-pruned" };
    let series = [
        curve("report-baseline", StressWay::AsGiven, |s| s.baseline, 0, CurveStyle::Dashed),
        curve("report-pruned-plain", StressWay::WithoutRecovery, pruned, 1, CurveStyle::Marked),
        curve(given, StressWay::AsGiven, pruned, 0, CurveStyle::Marked),
    ];
    Curves {
        title: title(kind, say),
        subtitle: String::new(),
        x: Axis::new(say.text("report-level-axis")),
        y: Axis::new(say.with("report-score-axis", &[("metric", say.metric(stress.metric).into())])),
        series: series.into_iter().filter(|curve| !curve.points.is_empty()).collect(),
        marks: Vec::new(),
    }
}
