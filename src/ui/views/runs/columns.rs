//! The columns of numbers of the table of runs.

use crate::engine::experiment::PartScores;
use crate::session::{RunEntry, format};

/// Key of heading and explanation, and width of the columns behind the name.
pub(super) const COLUMNS: [(&str, f32); 7] = [
    ("runs-column-test", 76.0),
    ("runs-column-validation", 76.0),
    ("runs-column-edges", 74.0),
    ("runs-column-weights", 74.0),
    ("runs-column-operations", 84.0),
    ("runs-column-time", 84.0),
    ("runs-column-speedup", 72.0),
];

/// Of the pruned model; NaN where the split has no labelled nodes in this part.
fn accuracy(part: &PartScores) -> f64 {
    if part.pruned.n_nodes == 0 { f64::NAN } else { part.pruned.accuracy }
}

/// What a column sorts by.
pub(super) fn number(entry: &RunEntry, column: usize) -> f64 {
    let run = &entry.run;
    match column {
        1 => accuracy(&run.evaluation.test),
        2 => accuracy(&run.evaluation.val),
        3 => run.pruned.edge_sparsity(),
        4 => run.pruned.weight_sparsity(),
        5 => run.pruned.macs().pruned() as f64,
        6 => run.timing.as_ref().map_or(f64::NAN, crate::engine::experiment::Timing::pruned_secs),
        _ => run.timing.as_ref().map_or(f64::NAN, |t| t.speedup().ratio),
    }
}

/// What stands in a cell.
pub(super) fn cell(entry: &RunEntry, column: usize) -> String {
    let value = number(entry, column);
    match column {
        7 => entry.run.timing.as_ref().map_or_else(|| format::NONE.to_owned(), |t| format::speedup(&t.speedup())),
        1 | 2 if value.is_nan() => format::NONE.to_owned(),
        1..=4 => format::percent(value),
        5 => format::short_count(value as u64),
        6 => format::seconds(value),
        _ => format::factor(value),
    }
}
