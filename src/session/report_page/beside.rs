//! Checks on later graphs, which lie beside a bundle.

use super::reported::Reported;
use super::say::Say;
use crate::engine::monitor::Level;
use crate::io::checks::CheckRecord;
use crate::io::printed::{Block, Column, Table};
use crate::session::check_page::day;
use crate::session::format::{NONE, count, percent};

/// What a check said, in a word.
pub(super) fn answer(level: Level, say: Say) -> String {
    match level {
        Level::Fine => say.text("report-fine"),
        Level::ReEvaluate => say.text("report-re-evaluate"),
        Level::Stop => say.text("report-stop"),
    }
}

/// Every check; nothing where there was none, which the risks say.
pub(super) fn appendix(of: &Reported, say: Say) -> Vec<Block> {
    if of.history.is_empty() {
        return Vec::new();
    }
    let share = |share: Option<f64>| share.map_or_else(|| NONE.to_owned(), percent);
    let row = |record: &CheckRecord| {
        let check = &record.check;
        vec![
            day(record.at),
            record.graph.clone(),
            answer(check.level, say),
            count(check.n_arrived as u64),
            share(check.agreement.map(|agreement| agreement.now)),
            share(check.labelled.map(|labelled| labelled.pruned.accuracy)),
        ]
    };
    let number = |key: &str| (say.text(key), Column::Number);
    vec![
        Block::Appendix(say.text("report-history")),
        Block::Table(Table {
            caption: say.text("report-history-caption"),
            columns: vec![
                (say.text("report-day"), Column::Text),
                (say.text("report-graph"), Column::Text),
                (say.text("report-answer"), Column::Text),
                number("report-arrived"),
                number("report-agreement"),
                number("report-measured-accuracy"),
            ],
            rows: of.history.iter().map(row).collect(),
            chosen: None,
        }),
    ]
}
