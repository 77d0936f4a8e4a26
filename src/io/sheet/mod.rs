//! Tables as analysts have them: CSV, TSV and their kin, and Parquet.
//!
//! ```text
//! text    = [ 'sep=' SEPARATOR line ] comment* [ header ] row*     RFC 4180: fields may stand in quotation marks, with separators, doubled
//!                                                                   marks and line breaks inside; CR LF or LF; any encoding of `encoding.rs`
//! parquet = any columns of numbers, texts and booleans; a list of numbers counts as that many columns
//! ```
//! What is never here: what becomes of the columns. `sketch.rs` says what the start of a table shows, `rows.rs` gives all of it row by
//! row, `words.rs` has the words that headers use.

mod column;
mod counts;
mod kinds;
mod purpose;
mod rows;
mod sketch;
mod thrift;
pub(crate) mod words;

pub use column::{ColumnKind, ColumnRole, ColumnSketch};
pub(crate) use counts::Counts;
pub(crate) use purpose::{Purpose, purpose_of};
pub(crate) use rows::for_each_row;
pub use sketch::TableSketch;
pub(crate) use sketch::{is_parquet, sketch};
