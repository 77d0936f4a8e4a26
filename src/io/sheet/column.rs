//! What is said of the columns of a table, and how its rows lie in the file.

use serde::Serialize;

use crate::engine::graph::Encoding;

/// More columns than this are no table.
pub(super) const MAX_COLUMNS: usize = 1 << 17;

/// What the values of a column are, as far as they were looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColumnKind {
    /// No value at all.
    Empty,
    /// Whole numbers.
    Whole,
    /// Numbers.
    Number,
    /// Texts.
    Text,
}

/// What a column is recognised as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColumnRole {
    /// The node that an edge comes from.
    Source,
    /// The node that an edge goes to.
    Target,
    /// The edge's weight.
    Weight,
    /// The node that a row is about.
    Id,
    /// The class of the row's node.
    Class,
    /// Which part of a split the row's node belongs to.
    Split,
    /// Whether the row's node trains.
    Train,
    /// Whether the row's node validates.
    Val,
    /// Whether the row's node tests.
    Test,
    /// A number of the row's node.
    Feature,
    /// Nothing that is used.
    LeftOut,
}

impl std::fmt::Display for ColumnRole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Source => "source",
            Self::Target => "target",
            Self::Weight => "weight",
            Self::Id => "id",
            Self::Class => "class",
            Self::Split => "split",
            Self::Train => "train",
            Self::Val => "val",
            Self::Test => "test",
            Self::Feature => "feature",
            Self::LeftOut => "left out",
        })
    }
}

/// One column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnSketch {
    /// Its name in the header, else `column 1` and so on.
    pub name: String,
    /// What its values are.
    pub kind: ColumnKind,
    /// What it is recognised as.
    pub role: ColumnRole,
}

/// How rows are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Parquet; else text.
    pub(crate) is_parquet: bool,
    /// The byte between fields; a space is any run of spaces and tabs.
    pub(crate) separator: u8,
    pub(crate) encoding: Option<Encoding>,
    /// Lines in front of the table: comments, empty ones and Excel's `sep=`.
    pub(crate) n_skipped: usize,
    pub(crate) has_header: bool,
    /// What comments begin with.
    pub(crate) comment: Option<u8>,
    pub(crate) has_quotes: bool,
    pub(crate) n_columns: usize,
    /// Columns whose numbers have a comma where others have a point.
    pub(crate) decimal_commas: Vec<usize>,
}
