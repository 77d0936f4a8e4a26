//! Other methods at the same shares, where a sweep compared them.

use super::reported::Reported;
use super::say::Say;
use crate::engine::experiment::{CompareSummary, Method};
use crate::engine::plot::{Axis, Curve, CurveStyle, Curves, colour_of};
use crate::io::printed::{Block, Column, Table};
use crate::io::results::{ComparisonRead, SweepRead};
use crate::session::format::{NONE, percent};

pub(super) fn appendix(of: &Reported, say: Say) -> Vec<Block> {
    let mut blocks = vec![Block::Appendix(say.text("report-methods"))];
    let sweep = of.methods.as_ref().or(of.sweep.as_ref());
    let found =
        sweep.and_then(|sweep| Some((sweep, sweep.comparison.as_ref().filter(|found| !found.summary.is_empty())?)));
    let Some((sweep, found)) = found else {
        blocks.push(Block::Text(say.text("report-no-methods")));
        return blocks;
    };
    let (n, key) = (
        found.plan.seeds.len().to_string(),
        if found.plan.has_recovery { "report-methods-recovered" } else { "report-methods-published" },
    );
    blocks.push(Block::Text(say.with(key, &[("n", n.into())])));
    for is_of_edges in [true, false] {
        blocks.extend(curves(sweep, found, is_of_edges, say).map(Block::Chart));
    }
    blocks.push(Block::Table(table(found, say)));
    blocks
}

fn name(method: Method, say: Say) -> String {
    match method.title() {
        "Random" => say.text("report-method-random"),
        "Magnitude" => say.text("report-method-magnitude"),
        other => other.to_owned(),
    }
}

fn curves(sweep: &SweepRead, found: &ComparisonRead, is_of_edges: bool, say: Say) -> Option<Curves> {
    let methods = found.plan.methods.iter().filter(|method| method.is_of_edges() == is_of_edges);
    let curve = |method: &Method| {
        let own: Vec<&CompareSummary> = found.summary.iter().filter(|s| s.method == *method).collect();
        Curve {
            name: name(*method, say),
            points: own.iter().map(|s| [100.0 * s.removed, 100.0 * s.mean]).collect(),
            spread: own.iter().map(|s| s.range.map(|a| 100.0 * a)).collect(),
            style: CurveStyle::Marked,
            colour: colour_of(*method),
            ..Curve::default()
        }
    };
    let mut series: Vec<Curve> = methods.map(curve).filter(|curve| !curve.points.is_empty()).collect();
    let right = series.iter().flat_map(|c| &c.points).map(|p| p[0]).fold(0.0, f64::max);
    let metric = found.summary.first()?.metric;
    if series.is_empty() {
        return None;
    }
    if let Some(baseline) = sweep.points.first().and_then(|point| point.baseline_test_accuracy)
        && !found.plan.has_model_per_seed
    {
        series.push(Curve {
            name: say.text("report-unpruned"),
            points: vec![[0.0, 100.0 * baseline], [right, 100.0 * baseline]],
            style: CurveStyle::Dashed,
            ..Curve::default()
        });
    }
    let (title, x) = if is_of_edges {
        ("report-methods-entries", "report-entries-axis")
    } else {
        ("report-methods-weights", "report-weights-axis")
    };
    Some(Curves {
        title: say.text(title),
        subtitle: String::new(),
        x: Axis::new(say.text(x)),
        y: Axis::new(say.with("report-score-axis", &[("metric", say.metric(metric).into())])),
        series,
        marks: Vec::new(),
    })
}

/// One line for every method, a column for every share that was asked for.
fn table(found: &ComparisonRead, say: Say) -> Table {
    let cell = |method: Method, share: f64| {
        let own = found.summary.iter().find(|s| s.method == method && s.share.to_bits() == share.to_bits());
        own.map_or_else(|| NONE.to_owned(), |s: &CompareSummary| percent(s.mean))
    };
    let row = |method: &Method| {
        let side = if method.is_of_edges() { say.text("report-entries") } else { say.text("report-weights") };
        let means = found.plan.shares.iter().map(|share| cell(*method, *share));
        [name(*method, say), side].into_iter().chain(means).collect()
    };
    let shares = found.plan.shares.iter().map(|share| {
        let share = format!("{} %", (1e4 * share).round() / 100.0);
        (say.with("report-removed-share", &[("share", share.into())]), Column::Number)
    });
    let names = [(say.text("report-method"), Column::Text), (say.text("report-removes"), Column::Text)];
    Table {
        caption: say.text("report-methods-caption"),
        columns: names.into_iter().chain(shares).collect(),
        rows: found.plan.methods.iter().map(row).collect(),
        chosen: None,
    }
}
