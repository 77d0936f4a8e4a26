//! What the values of a column are: integers, numbers, texts.
//!
//! What is never here: what a column is for.

use super::column::ColumnKind;
use super::words::is_missing;
use crate::io::source::parse_whole;
use crate::io::text::number::{is_clear_comma, table_number, with_decimal_comma};

/// The narrowest kind that all values are of.
pub(super) fn kind_of<'a>(values: impl Iterator<Item = &'a str>) -> ColumnKind {
    let mut kind = ColumnKind::Empty;
    for value in values.filter(|value| !is_missing(value)) {
        let value = value.trim();
        let own = if parse_whole(value.strip_prefix('-').unwrap_or(value).as_bytes()).is_some() {
            ColumnKind::Whole
        } else if table_number(value).is_some() || matches!(value.to_lowercase().as_str(), "true" | "false") {
            ColumnKind::Number
        } else {
            return ColumnKind::Text;
        };
        kind = if kind == ColumnKind::Number { kind } else { own };
    }
    kind
}

/// The columns of numbers with a comma where others write a point, where it is clear that the comma does not separate thousands.
pub(super) fn decimal_commas_of(body: &[Vec<String>], kinds: &[ColumnKind]) -> Vec<usize> {
    let values = |at: usize| body.iter().filter_map(move |row| row.get(at)).filter(|value| !is_missing(value));
    let has_them = |at: &usize| {
        let is_number =
            |v: &String| with_decimal_comma(v).is_some() || (!v.contains('.') && v.trim().parse::<f64>().is_ok());
        kinds[*at] == ColumnKind::Text && values(*at).any(|v| v.contains(',')) && values(*at).all(is_number)
    };
    let found: Vec<usize> = (0..kinds.len()).filter(has_them).collect();
    let is_clear = found.iter().any(|at| values(*at).any(|v| is_clear_comma(v)));
    if is_clear { found } else { Vec::new() }
}
