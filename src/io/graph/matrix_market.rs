//! `MatrixMarket` (`.mtx`): the adjacency matrix as text.
//!
//! ```text
//! file   = banner comment* size value*
//! banner = `%%MatrixMarket matrix` FORM FIELD SYMMETRY            in any case
//! FORM   = coordinate | array          FIELD = real | double | integer | pattern (complex is refused)
//! SYMMETRY = general | symmetric | skew-symmetric | hermitian
//! comment = '%' anything | empty
//! size   = ROWS COLUMNS ENTRIES        array: ROWS COLUMNS
//! value  = ROW COLUMN [NUMBER]         from 1; array: NUMBER, column after column, stored zeros are no edges
//! ```
//! Entry (i, j) is an edge from i to j and its number the weight; what is stored several times is added up. All but `general`
//! store the lower triangle alone (array: with the diagonal, `skew-symmetric` without) and are mirrored. Features, labels and
//! splits may lie beside the file, as `beside.rs` says.

use std::path::Path;

use super::build::{Stated, build};
use super::draft::Draft;
use super::estimate::{self, MemoryEstimate};
use super::format::{Certainty, Format, Group, Listed, Look, Meets};
use super::node_index::NodeOrder;
use super::request::Request;
use crate::engine::graph::EdgeList;
use crate::io::report::{LoadError, LoadReport};
use crate::io::source::{Lines, parse_f32, parse_whole, stem_unpacked};
use crate::io::text::shortened;

/// This format.
pub(super) static FORMAT: Format = Format {
    name: "MatrixMarket",
    listed: Listed { group: Group::Texts, place: 4, name: "MatrixMarket" },
    title: "MatrixMarket",
    files: "`.mtx`",
    also: "values as weights; real, integer, pattern; all symmetries; coordinate and array",
    sniff,
    read,
    needed,
    meets: &[Meets::Encoding],
    order: NodeOrder::FromOne,
    may_lack_parts: true,
    is_finished: false,
};

fn sniff(look: &Look<'_>) -> Option<Certainty> {
    matches!(look, Look::Bytes { head, .. } if is_matrix_market(head)).then_some(Certainty::Likely)
}

fn needed(path: &Path) -> Option<MemoryEstimate> {
    estimate::of_header(path, |numbers| match numbers {
        [rows, _, entries] => Some((*rows, *entries)),
        [rows, columns] => Some((*rows, rows.saturating_mul(*columns))),
        _ => None,
    })
}

/// Longer lines are refused, bytes.
const MAX_LINE_BYTES: usize = 1 << 16;
/// What every such file starts with, in any case.
const BANNER: &[u8] = b"%%matrixmarket";

/// Whether a file's first bytes are the banner's.
pub(crate) fn is_matrix_market(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    head.get(..BANNER.len()).is_some_and(|start| start.eq_ignore_ascii_case(BANNER))
}

/// What the banner says.
#[derive(Debug, Clone, Copy)]
struct Banner {
    is_array: bool,
    has_values: bool,
    is_mirrored: bool,
    is_skew: bool,
}

/// Reads the matrix.
fn read(request: Request<'_>) -> Result<Draft, LoadError> {
    let path = request.path;
    let mut report = LoadReport::default();
    let mut lines = Lines::open(path, request.ctl, "reading entries", MAX_LINE_BYTES)?;
    let banner = read_banner(&mut lines)?;
    let sizes = read_sizes(&mut lines, banner)?;
    let n = sizes.n;
    request.check_claim(n, &lines)?;
    let mut list = if banner.has_values { EdgeList::weighted() } else { EdgeList::new() };
    if banner.is_array {
        read_array(&mut lines, n, banner, &mut list)?;
    } else {
        read_entries(&mut lines, &sizes, banner, &mut list)?;
    }
    if banner.is_skew {
        report.warnings.push("the matrix is skew-symmetric: weights are used without their signs".to_owned());
    }
    let stated = if banner.is_mirrored { Stated::Undirected } else { Stated::Nothing };
    let built = build(list, n, stated, request, &mut report)?;
    let mut draft = Draft::of(stem_unpacked(path), built);
    draft.report = report;
    Ok(draft)
}

fn found(line: &[u8]) -> String {
    format!("`{}`", shortened(&String::from_utf8_lossy(line)))
}

fn read_banner(lines: &mut Lines<'_>) -> Result<Banner, LoadError> {
    let line = lines.next_line()?.unwrap_or(b"");
    let text = String::from_utf8_lossy(line).to_lowercase();
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let [_, object, form, field, symmetry] = words[..] else {
        let found = found(text.as_bytes());
        return Err(lines.fault("%%MatrixMarket matrix and three words (form, field, symmetry)", found));
    };
    let fault = |expected: &str, found: &str| Err(lines.fault(expected, found));
    if object != "matrix" {
        return fault("a matrix", object);
    }
    let is_array = match form {
        "coordinate" => false,
        "array" => true,
        _ => return fault("coordinate or array", form),
    };
    let has_values = match field {
        "real" | "double" | "integer" => true,
        "pattern" if !is_array => false,
        "complex" => return fault("real, integer or pattern values (a weight is one number)", "complex"),
        _ => return fault("real, double, integer or pattern", field),
    };
    let (is_mirrored, is_skew) = match symmetry {
        "general" => (false, false),
        "symmetric" | "hermitian" => (true, false),
        "skew-symmetric" => (true, true),
        _ => return fault("general, symmetric, skew-symmetric or hermitian", symmetry),
    };
    Ok(Banner { is_array, has_values, is_mirrored, is_skew })
}

struct Sizes {
    n: usize,
    n_entries: u64,
}

fn read_sizes(lines: &mut Lines<'_>, banner: Banner) -> Result<Sizes, LoadError> {
    let what = if banner.is_array { "rows and columns" } else { "rows, columns and entries" };
    loop {
        let Some(line) = lines.next_line()? else { return Err(lines.fault(what, "the end of the file")) };
        if line.is_empty() || line.starts_with(b"%") {
            continue;
        }
        let numbers: Option<Vec<u64>> =
            line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).map(parse_whole).collect();
        let (rows, columns, n_entries) = match (numbers.as_deref(), banner.is_array) {
            (Some(&[rows, columns, n_entries]), false) => (rows, columns, n_entries),
            (Some(&[rows, columns]), true) => (rows, columns, 0),
            _ => {
                let found = found(line);
                return Err(lines.fault(what, found));
            }
        };
        if rows != columns {
            return Err(lines.fault("as many rows as columns", format!("{rows} x {columns}")));
        }
        let Some(n) = usize::try_from(rows).ok().filter(|n| u32::try_from(*n).is_ok()) else {
            return Err(lines.fault(format!("fewer than {} rows", u32::MAX), rows));
        };
        return Ok(Sizes { n, n_entries });
    }
}

fn read_entries(lines: &mut Lines<'_>, sizes: &Sizes, banner: Banner, list: &mut EdgeList) -> Result<(), LoadError> {
    let n = sizes.n;
    let mut n_read = 0u64;
    let what = if banner.has_values { "a row, a column and a number" } else { "a row and a column" };
    while let Some(line) = lines.next_line()? {
        if line.is_empty() || line.starts_with(b"%") {
            continue;
        }
        if n_read == sizes.n_entries {
            return Err(lines.fault(format!("the end of the file after {} entries", sizes.n_entries), "another entry"));
        }
        let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let place = |word: Option<&[u8]>| word.and_then(parse_whole);
        let (row, column) = (place(words.next()), place(words.next()));
        let value =
            if banner.has_values { words.next().and_then(parse_f32).filter(|v| v.is_finite()) } else { Some(1.0) };
        let (Some(row), Some(column), Some(value), None) = (row, column, value, words.next()) else {
            let found = found(line);
            // More entries were to come.
            let is_cut = lines.may_be_cut_off() && n_read + 1 < sizes.n_entries;
            let end = if is_cut { " and the end of the file" } else { "" };
            return Err(lines.fault(what, format!("{found}{end}")));
        };
        let index = |place: u64| u32::try_from(place).ok().filter(|p| *p >= 1 && *p as usize <= n).map(|p| p - 1);
        let (Some(i), Some(j)) = (index(row), index(column)) else {
            return Err(lines.fault(format!("rows and columns from 1 to {n}"), format!("{row} {column}")));
        };
        n_read += 1;
        list.push(i, j, if banner.is_skew { value.abs() } else { value });
        while !banner.has_values
            && n_read < sizes.n_entries
            && let Some((row, column)) = lines.next_pair(b" \t")
        {
            let (Some(i), Some(j)) = (index(row), index(column)) else {
                return Err(lines.fault(format!("rows and columns from 1 to {n}"), format!("{row} {column}")));
            };
            n_read += 1;
            list.push(i, j, 1.0);
        }
    }
    if n_read < sizes.n_entries {
        return Err(lines.fault(format!("{} entries", sizes.n_entries), format!("{n_read} and the end of the file")));
    }
    Ok(())
}

/// A whole matrix, or its lower triangle, column after column.
fn read_array(lines: &mut Lines<'_>, n: usize, banner: Banner, list: &mut EdgeList) -> Result<(), LoadError> {
    let first_row = |column: usize| match (banner.is_mirrored, banner.is_skew) {
        (false, _) => 0,
        (true, false) => column,
        (true, true) => column + 1,
    };
    let (mut row, mut column) = (first_row(0), 0);
    let skip = |row: &mut usize, column: &mut usize| {
        while *row >= n && *column < n {
            *column += 1;
            *row = first_row(*column);
        }
    };
    skip(&mut row, &mut column);
    while let Some(line) = lines.next_line()? {
        if line.is_empty() || line.starts_with(b"%") {
            continue;
        }
        for word in line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
            let Some(value) = parse_f32(word).filter(|v| v.is_finite()) else {
                let found = found(word);
                return Err(lines.fault("a number", found));
            };
            if column >= n {
                return Err(lines.fault(format!("the end of the file after {n} columns"), "another number"));
            }
            if value != 0.0 {
                list.push(row as u32, column as u32, if banner.is_skew { value.abs() } else { value });
            }
            row += 1;
            skip(&mut row, &mut column);
        }
    }
    if column < n {
        return Err(lines.fault(format!("{n} columns"), format!("the end of the file in column {}", column + 1)));
    }
    Ok(())
}
