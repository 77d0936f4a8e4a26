//! What a spreadsheet would do to a table of ours: take texts for formulas.
//!
//! Nothing is changed in a table: ids must stay those of the graph, so that tables can be joined. Who receives one is told.

use crate::engine::graph::Dataset;

/// First characters that make a formula of a cell.
const FORMULA_STARTS: [char; 4] = ['=', '+', '-', '@'];

/// What is to be said about tables with the ids of `dataset`, where a spreadsheet would take some for formulas.
pub(crate) fn spreadsheet_note(dataset: &Dataset) -> Option<String> {
    const MOST_LETTERS: usize = 40;
    let ids = dataset.node_ids()?;
    let mut risky = ids.iter().filter(|id| id.starts_with(FORMULA_STARTS));
    let first: String = risky.next()?.chars().take(MOST_LETTERS).collect();
    let n = 1 + risky.count();
    Some(format!(
        "{n} of {} node ids begin with =, +, - or @ (the first is {first:?}), which a spreadsheet takes for formulas; they are written as \
         they are, so that they stay the graph's ids: import the column as text",
        ids.len()
    ))
}
