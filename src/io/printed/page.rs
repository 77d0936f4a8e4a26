//! What a page consists of, whatever it is written as.

use crate::engine::plot::{Curves, Raster};

/// A page with its appendices. All texts are as a reader sees them, in the page's language; text from files is in them as it is, so writers escape
/// everything.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The tag of the language (BCP 47), for example `ja`.
    pub language: &'static str,
    /// On top.
    pub title: String,
    /// Below it, in small letters: when it was made, from which files.
    pub subtitle: String,
    /// From top to bottom.
    pub blocks: Vec<Block>,
}

/// One part of a page.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// The heading of what follows.
    Heading(String),
    /// The heading of an appendix, on a new sheet.
    Appendix(String),
    /// A paragraph.
    Text(String),
    /// The sentence that the page is read for, set apart from everything.
    Decision(String),
    /// Names and values side by side, a few large numbers.
    Facts(Facts),
    /// A table.
    Table(Table),
    /// Curves and points, in the shapes and colours of every other figure.
    Chart(Curves),
    /// A picture of cells.
    Picture(Picture),
    /// What a reader must know before trusting the rest: a frame with a title and lines.
    Risks {
        /// On top.
        title: String,
        /// Each its own line.
        lines: Vec<String>,
    },
    /// A plan, in the order of its stages.
    Plan(Vec<Stage>),
    /// Text that is copied as it is: a recipe, a command.
    Code(String),
}

/// Numbers that are read first.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// Name, value, and what qualifies the value (an interval); may be empty.
    pub rows: Vec<(String, String, String)>,
}

/// How a column is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// From the left.
    Text,
    /// To the right, in digits of one width.
    Number,
}

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// What it shows; may be empty.
    pub caption: String,
    /// Name and kind of every column.
    pub columns: Vec<(String, Column)>,
    /// As many texts in each as there are columns.
    pub rows: Vec<Vec<String>>,
    /// The row that is meant, set in bold, if one is.
    pub chosen: Option<usize>,
}

/// A picture of a mask.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// What it shows.
    pub caption: String,
    /// Its cells.
    pub raster: Raster,
}

/// One stage of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// What is done, what is watched, when to stop: each its own line.
    pub lines: Vec<String>,
}
