//! Tables of numbers as text, without a header (`.csv`, `.csv.gz`).
//!
//! ```text
//! file = row*         row = NUMBER (',' NUMBER)*        `nan` or nothing is a number that is missing; every row has as many
//! ```

use std::path::Path;

use super::request::Request;
use crate::io::report::LoadError;
use crate::io::source::{Lines, parse_f32};
use crate::io::text::shortened;

/// Longer lines are refused, bytes.
const MAX_LINE_BYTES: usize = 1 << 22;

/// A table.
pub(super) struct Table {
    pub(super) n_rows: usize,
    pub(super) width: usize,
    /// Row after row; NaN where a number is missing.
    pub(super) values: Vec<f32>,
}

/// Calls `row(line, fields)` for every line that is not empty.
pub(super) fn for_each_row(
    path: &Path,
    stage: &'static str,
    request: Request<'_>,
    mut row: impl FnMut(&[u8]) -> Result<(), (String, String)>,
) -> Result<usize, LoadError> {
    let mut lines = Lines::open(path, request.ctl, stage, MAX_LINE_BYTES)?;
    let mut n_rows = 0;
    while let Some(line) = lines.next_line()? {
        if line.is_empty() {
            continue;
        }
        if let Err((expected, found)) = row(line) {
            return Err(lines.fault(expected, found));
        }
        n_rows += 1;
    }
    Ok(n_rows)
}

/// What is quoted of a field.
pub(super) fn shown(field: &[u8]) -> String {
    format!("`{}`", shortened(&String::from_utf8_lossy(field)))
}

/// Reads a table of numbers.
pub(super) fn read_table(path: &Path, stage: &'static str, request: Request<'_>) -> Result<Table, LoadError> {
    let mut values = Vec::new();
    let mut width = 0usize;
    let n_rows = for_each_row(path, stage, request, |line| {
        let before = values.len();
        for field in line.split(|b| *b == b',').map(<[u8]>::trim_ascii) {
            values.push(match field {
                b"" => f32::NAN,
                _ => parse_f32(field).ok_or_else(|| ("numbers between commas".to_owned(), shown(field)))?,
            });
        }
        let n = values.len() - before;
        if before == 0 {
            width = n;
        }
        if n == width { Ok(()) } else { Err((format!("{width} numbers, as in the first line"), n.to_string())) }
    })?;
    Ok(Table { n_rows, width, values })
}

/// Reads the one integer of every line.
pub(super) fn read_counts(path: &Path, stage: &'static str, request: Request<'_>) -> Result<Vec<u64>, LoadError> {
    let mut counts = Vec::new();
    for_each_row(path, stage, request, |line| {
        let count = crate::io::source::parse_whole(line);
        counts.push(count.ok_or_else(|| ("an integer of at least 0".to_owned(), shown(line)))?);
        Ok(())
    })?;
    Ok(counts)
}
