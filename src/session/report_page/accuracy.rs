//! Accuracy, time and cost in full.

use super::cost::cost_blocks;
use super::price::Price;
use super::reported::{Part, Reported};
use super::say::{Say, points};
use super::time::time_blocks;
use crate::io::bundle::PartMetrics;
use crate::io::printed::{Block, Column, Table};
use crate::session::format::{NONE, count, percent};

pub(super) fn appendix(of: &Reported, price: Option<&Price>, say: Say) -> Vec<Block> {
    let mut blocks = vec![Block::Appendix(say.text("report-numbers")), Block::Heading(say.text("report-scores"))];
    match &of.bundle.metrics.scores {
        Some(scores) => {
            let parts = [(Part::Train, &scores.train), (Part::Validation, &scores.val), (Part::Test, &scores.test)];
            let rows = parts.into_iter().filter_map(|(part, metrics)| row(part, metrics, say)).collect();
            blocks.push(Block::Table(table(rows, say.metric(of.metric()), say)));
            blocks.push(Block::Text(say.text("report-scores-say")));
        }
        None => blocks.push(Block::Text(say.text("report-no-labels"))),
    }
    blocks.extend(time_blocks(of, say));
    blocks.extend(cost_blocks(of, price, say));
    blocks
}

fn row(part: Part, metrics: &PartMetrics, say: Say) -> Option<Vec<String>> {
    let (before, after) = (metrics.baseline?, metrics.pruned?);
    let lost = before.accuracy - after.accuracy;
    Some(vec![
        part.nodes(say),
        count(after.n_nodes as u64),
        percent(before.accuracy),
        say.interval([before.low, before.high]),
        percent(after.accuracy),
        say.interval([after.low, after.high]),
        signed(-lost),
    ])
}

/// A change in points with its sign.
pub(super) fn signed(change: f64) -> String {
    if !change.is_finite() {
        return NONE.to_owned();
    }
    let sign = match (1e3 * change).round() {
        shown if shown < 0.0 => "−",
        shown if shown > 0.0 => "+",
        _ => "±",
    };
    format!("{sign}{}", points(change))
}

fn table(rows: Vec<Vec<String>>, metric: String, say: Say) -> Table {
    let number = |key: &str| (say.text(key), Column::Number);
    Table {
        caption: say.with("report-scores-caption", &[("metric", metric.into())]),
        columns: vec![
            (say.text("report-part"), Column::Text),
            number("report-nodes"),
            number("report-before"),
            number("report-interval-before"),
            number("report-after"),
            number("report-interval-after"),
            number("report-change"),
        ],
        rows,
        chosen: None,
    }
}
