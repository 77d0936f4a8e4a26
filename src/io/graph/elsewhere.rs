//! What a table of nodes says that a file of its own says too: that file wins, and the column is left out and named.

use crate::io::sheet::words::{Word, word_of};
use crate::io::sheet::{ColumnRole, TableSketch};

/// The files that say it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Elsewhere<'a> {
    pub(super) labels: Option<&'a str>,
    pub(super) split: Option<&'a str>,
}

impl Elsewhere<'_> {
    /// The columns that are left out, with the reason.
    pub(super) fn passed(self, table: &TableSketch) -> Vec<(usize, String)> {
        let is_class = |at: &usize| {
            let column = &table.columns[*at];
            let is_called = || table.has_header && matches!(word_of(&column.name), Some(Word::Class | Word::Target));
            column.role == ColumnRole::Class || (column.role == ColumnRole::LeftOut && is_called())
        };
        let is_split = |at: &usize| {
            let role = table.columns[*at].role;
            matches!(role, ColumnRole::Split | ColumnRole::Train | ColumnRole::Val | ColumnRole::Test)
        };
        let all = 0..table.columns.len();
        let labels = self.labels.map(|from| {
            let why = format!(
                "labels are read from {from}, and a class among the features would be a leak; --features names the columns to use, this one \
                 too where it is no class"
            );
            all.clone().filter(is_class).map(move |at| (at, why.clone()))
        });
        let split = self.split.map(|from| {
            let why = format!("splits are read from {from}");
            all.clone().filter(is_split).map(move |at| (at, why.clone()))
        });
        labels.into_iter().flatten().chain(split.into_iter().flatten()).collect()
    }
}
