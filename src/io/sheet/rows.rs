//! All of a table, row by row, as text.

use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use csv::StringRecord;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use parquet::file::reader::{ChunkReader, FileReader as _, Length, SerializedFileReader};
use parquet::record::Field;

use super::column::{Layout, MAX_COLUMNS};
use super::thrift;
use crate::engine::control::Control;
use crate::io::encoding::no_utf8;
use crate::io::file::{Claimed, InputFile, open, read_claimed};
use crate::io::guard;
use crate::io::reading;
use crate::io::report::LoadError;
use crate::io::source::ByteSource;

/// Rows between two looks at the stop button.
const ROWS: u64 = 1 << 10;
/// Lists in Parquet longer than this are refused.
const MAX_LIST: usize = 1 << 16;

/// A reader of records with this separator.
pub(super) fn csv_reader(separator: u8, comment: Option<u8>) -> csv::ReaderBuilder {
    let mut builder = csv::ReaderBuilder::new();
    builder.has_headers(false).flexible(true).delimiter(separator).comment(comment).trim(csv::Trim::All);
    builder
}

/// Calls `each(line, fields)` for every row behind the header; of Parquet the line is the row's number. Returns how many there were.
///
/// # Errors
/// [`LoadError`] of the file, or what `each` says.
pub(crate) fn for_each_row(
    path: &Path,
    layout: &Layout,
    stage: &'static str,
    ctl: &Control,
    each: &mut dyn FnMut(u64, &StringRecord) -> Result<(), LoadError>,
) -> Result<usize, LoadError> {
    let mut n_rows = 0usize;
    let mut counted = |line: u64, record: &StringRecord| {
        n_rows += 1;
        if layout.decimal_commas.is_empty() {
            return each(line, record);
        }
        let point = |(at, field): (usize, &str)| {
            if layout.decimal_commas.contains(&at) { field.replacen(',', ".", 1) } else { field.to_owned() }
        };
        each(line, &record.iter().enumerate().map(point).collect())
    };
    if layout.is_parquet {
        parquet_rows(path, usize::MAX, &mut |line, record| {
            if line.is_multiple_of(ROWS) {
                ctl.check().map_err(|error| LoadError::invalid(path, error))?;
            }
            counted(line, record)
        })?;
    } else {
        text_rows(path, layout, stage, ctl, &mut counted)?;
    }
    Ok(n_rows)
}

fn text_rows(
    path: &Path,
    layout: &Layout,
    stage: &'static str,
    ctl: &Control,
    each: &mut dyn FnMut(u64, &StringRecord) -> Result<(), LoadError>,
) -> Result<(), LoadError> {
    let source = ByteSource::open_text(path, layout.encoding)?;
    let (n_taken, n_bytes) = source.progress();
    let mut text = BufReader::with_capacity(1 << 16, source);
    let read_fault = |error: std::io::Error, text: &BufReader<ByteSource>| text.get_ref().fault(error);
    let mut skipped = Vec::new();
    for _ in 0..layout.n_skipped {
        skipped.clear();
        // A comment of any length is gone through without keeping it.
        let n = (&mut text).take(1 << 20).read_until(b'\n', &mut skipped);
        n.map_err(|error| read_fault(error, &text))?;
    }
    let first_line = layout.n_skipped as u64;
    if layout.separator == b' ' {
        return spaced_rows(path, layout, text, (first_line, ctl, stage), each);
    }
    let mut reader = csv_reader(layout.separator, layout.comment).from_reader(text);
    let (mut bytes, mut is_header_due) = (csv::ByteRecord::new(), layout.has_header);
    loop {
        let is_there = match reader.read_byte_record(&mut bytes) {
            Ok(is_there) => is_there,
            Err(error) => {
                let csv::ErrorKind::Io(error) = error.into_kind() else {
                    return Err(LoadError::content(path, "whole file", "rows of a table", "something else"));
                };
                return Err(reader.get_ref().get_ref().fault(error));
            }
        };
        if !is_there {
            return Ok(());
        }
        let line = bytes.position().map_or(0, csv::Position::line) + first_line;
        if line.is_multiple_of(ROWS) {
            ctl.check().map_err(|error| LoadError::invalid(path, error))?;
            ctl.progress(stage, n_taken.get() as usize, n_bytes as usize);
        }
        if bytes.len() > MAX_COLUMNS {
            return Err(LoadError::content(
                path,
                format!("line {line}"),
                format!("at most {MAX_COLUMNS} columns"),
                "more",
            ));
        }
        let is_blank = bytes.len() == 1 && bytes.get(0).is_some_and(<[u8]>::is_empty);
        if is_blank || std::mem::take(&mut is_header_due) {
            continue;
        }
        let record = match StringRecord::from_byte_record(bytes) {
            Ok(record) => record,
            Err(error) => {
                let bytes = error.into_byte_record();
                let bad = bytes.iter().find(|field| std::str::from_utf8(field).is_err()).unwrap_or_default();
                return Err(no_utf8(bad, line, path));
            }
        };
        each(line, &record)?;
        bytes = record.into_byte_record();
    }
}

/// Rows whose fields stand between spaces and tabs, any number of them.
fn spaced_rows(
    path: &Path,
    layout: &Layout,
    mut text: BufReader<ByteSource>,
    (first_line, ctl, stage): (u64, &Control, &'static str),
    each: &mut dyn FnMut(u64, &StringRecord) -> Result<(), LoadError>,
) -> Result<(), LoadError> {
    /// Longer lines are refused, bytes.
    const MAX_LINE_BYTES: u64 = 1 << 24;
    let (n_taken, n_bytes) = text.get_ref().progress();
    let (mut line, mut bytes, mut is_header_due) = (first_line, Vec::new(), layout.has_header);
    let mut record = StringRecord::new();
    loop {
        bytes.clear();
        let n = (&mut text).take(MAX_LINE_BYTES).read_until(b'\n', &mut bytes);
        if n.map_err(|error| text.get_ref().fault(error))? == 0 {
            return Ok(());
        }
        line += 1;
        if bytes.len() as u64 == MAX_LINE_BYTES {
            let expected = format!("a line of at most {MAX_LINE_BYTES} bytes");
            return Err(LoadError::content(path, format!("line {line}"), expected, "a longer one"));
        }
        if line.is_multiple_of(ROWS) {
            ctl.check().map_err(|error| LoadError::invalid(path, error))?;
            ctl.progress(stage, n_taken.get() as usize, n_bytes as usize);
        }
        let is_comment = layout.comment.is_some_and(|byte| bytes.first() == Some(&byte));
        if is_comment || bytes.trim_ascii().is_empty() || std::mem::take(&mut is_header_due) {
            continue;
        }
        let text = std::str::from_utf8(&bytes).map_err(|_e| no_utf8(bytes.trim_ascii_end(), line, path))?;
        record.clear();
        for field in text.split_whitespace() {
            record.push_field(field.strip_prefix('"').and_then(|f| f.strip_suffix('"')).unwrap_or(field));
        }
        each(line, &record)?;
    }
}

fn parquet_fault(path: &Path, error: impl ToString) -> LoadError {
    let error = error.to_string();
    if let Some((_, codec)) = error.split_once("Disabled feature at compile time: ") {
        let expected = "columns without compression, or compressed with snappy, gzip or zstd (pandas: df.to_parquet(path, compression='zstd'))";
        return LoadError::content(path, "whole file", expected, format!("columns compressed with {codec}"));
    }
    LoadError::content(path, "whole file", "a table in Parquet (if it is cut off, get it again)", error)
}

/// Runs what reads a broken file in a library that may stop over it.
fn guarded<T>(path: &Path, work: impl FnOnce() -> Result<T, LoadError>) -> Result<T, LoadError> {
    guard::guarded(work).unwrap_or_else(|| Err(parquet_fault(path, "a broken one")))
}

/// A file of Parquet, which is read at any place of it.
struct Pages {
    path: PathBuf,
    file: Arc<InputFile>,
    n_bytes: u64,
}

/// A file from some place on.
struct Onwards {
    file: Arc<InputFile>,
    at: u64,
}

impl Read for Onwards {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.file.read_at(buffer, self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}

impl Length for Pages {
    fn len(&self) -> u64 {
        self.n_bytes
    }
}

impl ChunkReader for Pages {
    type T = BufReader<Onwards>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        Ok(BufReader::new(Onwards { file: Arc::clone(&self.file), at: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        let n_left = self.n_bytes.saturating_sub(start);
        if length as u64 > n_left {
            let why = format!("{length} bytes from byte {start} on, of {}", self.n_bytes);
            return Err(ParquetError::EOF(why));
        }
        let claimed = Claimed { n_bytes: length as u64, believed: length as u64, most: length as u64 };
        let onwards = Onwards { file: Arc::clone(&self.file), at: start };
        let read = read_claimed(onwards.take(length as u64), claimed, &self.path, "columns", |error| {
            LoadError::io("read", &self.path, error)
        });
        let bytes = read.map_err(|error| ParquetError::General(error.to_string()))?;
        if bytes.len() < length {
            return Err(ParquetError::EOF(format!("{length} bytes, found {}", bytes.len())));
        }
        Ok(bytes.into())
    }
}

impl Pages {
    /// Up to `n` bytes from `at` on.
    fn bytes_at(&self, at: u64, n: u64) -> Result<Vec<u8>, LoadError> {
        let n = n.min(self.n_bytes.saturating_sub(at));
        reading::ask(&self.path, n, || format!("a header of {n} bytes"))?;
        let mut bytes = Vec::new();
        let onwards = Onwards { file: Arc::clone(&self.file), at };
        onwards.take(n).read_to_end(&mut bytes).map_err(|error| LoadError::io("read", &self.path, error))?;
        Ok(bytes)
    }
}

/// Whether everything is there that the structure at the end of the file counts.
fn check_footer(pages: &Pages) -> Result<(), LoadError> {
    let end = pages.bytes_at(pages.n_bytes.saturating_sub(8), 8)?;
    let Ok([a, b, c, d, b'P', b'A', b'R', b'1']) = <[u8; 8]>::try_from(end) else {
        // The library says what it is instead.
        return Ok(());
    };
    let n_footer = u64::from(u32::from_le_bytes([a, b, c, d]));
    let Some(at) = pages.n_bytes.checked_sub(8 + n_footer) else { return Ok(()) };
    match thrift::walk(&pages.bytes_at(at, n_footer)?) {
        Ok(_) => Ok(()),
        Err(_) => Err(parquet_fault(&pages.path, "a footer that counts what is not there")),
    }
}

/// Whether everything is there that the headers of a column's pages count.
fn check_pages(pages: &Pages, start: u64, n_bytes: u64) -> Result<(), LoadError> {
    /// Bytes that a header is looked for in: more where it goes on.
    const WINDOWS: [u64; 4] = [1 << 8, 1 << 12, 1 << 16, 1 << 24];
    /// Id of the field that says how many bytes follow the header.
    const COMPRESSED_SIZE: i64 = 3;
    let (mut at, end) = (start, start.saturating_add(n_bytes).min(pages.n_bytes));
    while at < end {
        reading::check()?;
        let mut walked = Err(thrift::Fault::Cut);
        for window in WINDOWS {
            walked = thrift::walk(&pages.bytes_at(at, window)?);
            if walked != Err(thrift::Fault::Cut) || window >= pages.n_bytes.saturating_sub(at) {
                break;
            }
        }
        let size = walked.as_ref().ok().and_then(|header| header.numbers.get(&COMPRESSED_SIZE).copied());
        let (Ok(header), Some(size)) = (walked, size.and_then(|size| u64::try_from(size).ok())) else {
            return Err(parquet_fault(&pages.path, format!("no header of a page at byte {at}")));
        };
        at += header.n_bytes as u64 + size;
    }
    Ok(())
}

fn parquet_reader(path: &Path) -> Result<SerializedFileReader<Pages>, LoadError> {
    let file = open(path)?;
    let n_bytes = file.metadata().map_err(|source| LoadError::io("read", path, source))?.len();
    let pages = Pages { path: path.to_owned(), file: Arc::new(file), n_bytes };
    check_footer(&pages)?;
    let whole = Pages { path: path.to_owned(), file: Arc::clone(&pages.file), n_bytes };
    let reader = SerializedFileReader::new(pages).map_err(|error| parquet_fault(path, error))?;
    let columns = || reader.metadata().row_groups().iter().flat_map(RowGroupMetaData::columns);
    let start = |c: &ColumnChunkMetaData| c.dictionary_page_offset().unwrap_or_else(|| c.data_page_offset());
    if columns().any(|column| column.compressed_size() < 0 || start(column) < 0) {
        return Err(parquet_fault(path, "a column at a place or of a length below 0"));
    }
    for column in columns() {
        check_pages(&whole, start(column) as u64, column.compressed_size() as u64)?;
    }
    // A group of rows is unpacked as a whole, as it comes.
    let sizes = reader.metadata().row_groups().iter().map(|group| u64::try_from(group.total_byte_size()).unwrap_or(0));
    let largest = sizes.max().unwrap_or(0);
    reading::ask(path, largest, || format!("a group of rows of {largest} bytes"))?;
    Ok(reader)
}

/// The names of a table's columns.
pub(super) fn parquet_names(path: &Path) -> Result<Vec<String>, LoadError> {
    guarded(path, || {
        let reader = parquet_reader(path)?;
        let schema = reader.metadata().file_metadata().schema();
        Ok(schema.get_fields().iter().map(|field| field.name().to_owned()).collect())
    })
}

/// The names of the columns, lists taken apart, and the first rows.
pub(super) fn parquet_start(path: &Path, n: usize) -> Result<(Vec<String>, Vec<Vec<String>>), LoadError> {
    let mut rows = Vec::new();
    let widths = parquet_rows(path, n, &mut |_, record| {
        rows.push(record.iter().map(str::to_owned).collect());
        Ok(())
    })?;
    let mut names = Vec::new();
    for (at, name) in parquet_names(path)?.into_iter().enumerate() {
        match widths.get(at).copied().flatten() {
            Some(width) => names.extend((0..width).map(|i| format!("{name}[{i}]"))),
            None => names.push(name),
        }
    }
    Ok((names, rows))
}

/// Calls `each` with up to `n` rows; returns how long the lists of each column are.
fn parquet_rows(
    path: &Path,
    n: usize,
    each: &mut dyn FnMut(u64, &StringRecord) -> Result<(), LoadError>,
) -> Result<Vec<Option<usize>>, LoadError> {
    guarded(path, || {
        let reader = parquet_reader(path)?;
        let n_rows = usize::try_from(reader.metadata().file_metadata().num_rows()).unwrap_or(0);
        let mut widths: Vec<Option<usize>> = Vec::new();
        let mut record = StringRecord::new();
        let rows = reader.get_row_iter(None).map_err(|error| parquet_fault(path, error))?;
        for (row_number, row) in (1u64..).zip(rows.take(n.min(n_rows))) {
            let row = row.map_err(|error| parquet_fault(path, error))?;
            let is_first = row_number == 1;
            record.clear();
            for (at, (name, field)) in row.get_column_iter().enumerate() {
                let width = match field {
                    Field::ListInternal(list) => Some(list.elements()),
                    _ => None,
                };
                if is_first {
                    widths.push(width.map(<[Field]>::len));
                }
                let expected = widths.get(at).copied().flatten();
                if width.map(<[Field]>::len) != expected || expected.is_some_and(|n| n > MAX_LIST) {
                    let place = format!("row {row_number}, column {name}");
                    let expected = expected.map_or_else(
                        || "one value, as in row 1".to_owned(),
                        |n| format!("a list of {n} values, as in row 1 (at most {MAX_LIST})"),
                    );
                    let found =
                        width.map_or_else(|| "another value".to_owned(), |list| format!("a list of {}", list.len()));
                    return Err(LoadError::content(path, place, expected, found));
                }
                match width {
                    Some(list) => list.iter().for_each(|field| record.push_field(&text_of(field))),
                    None => record.push_field(&text_of(field)),
                }
            }
            each(row_number, &record)?;
        }
        Ok(widths)
    })
}

/// A value as text; numbers as short as they come back.
fn text_of(field: &Field) -> String {
    match field {
        Field::Null => String::new(),
        Field::Str(text) => text.clone(),
        Field::Float(value) => value.to_string(),
        Field::Double(value) => value.to_string(),
        Field::Float16(value) => value.to_f32().to_string(),
        Field::Bytes(bytes) => bytes.as_utf8().map_or_else(|_e| String::new(), str::to_owned),
        other => other.to_string(),
    }
}
