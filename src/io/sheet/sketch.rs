//! What the start of a table shows: its encoding, what separates its columns, whether the first row names them, what they hold.

use std::path::Path;

use serde::Serialize;

use super::column::{ColumnKind, ColumnRole, ColumnSketch, Layout, MAX_COLUMNS};
use super::counts::{Counts, begins_with_counts, counts_in_two_lines, counts_of, perhaps_counts};
use super::kinds::{decimal_commas_of, kind_of};
use super::rows::{parquet_names, parquet_start};
use super::words::{self, Word, is_missing, is_row_name, part_of_split, truth, word_of};
use crate::engine::graph::{Column, Encoding, ReadOptions, Separator};
use crate::io::encoding::{decode_start, japanese, no_utf8, of_mark};
use crate::io::report::LoadError;
use crate::io::source::ByteSource;
use crate::io::text::number::with_decimal_comma;
use crate::io::text::shortened;

/// How much of a text is looked at, bytes.
const HEAD_BYTES: usize = 1 << 16;
/// So many rows are looked at.
const MOST_ROWS: usize = 200;
/// Lines that are shown of a table.
const SHOWN_LINES: usize = 3;
/// Columns that are named in a refusal.
const SHOWN_COLUMNS: usize = 8;

/// What the start of a table shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableSketch {
    /// What separates its columns; absent for Parquet and for a single column.
    pub separator: Option<Separator>,
    /// How its characters are stored, for people: `utf-8`, `shift-jis, by its characters`, `Parquet`.
    pub encoding: String,
    /// Whether the first row names the columns.
    pub has_header: bool,
    /// The columns, in order.
    pub columns: Vec<ColumnSketch>,
    /// Rows that were looked at, without the header.
    pub n_rows: usize,
    /// The first lines, shortened.
    pub first_lines: Vec<String>,
    #[serde(skip)]
    pub(crate) layout: Layout,
    /// Whether no value of the first column came twice.
    #[serde(skip)]
    pub(crate) first_differs: bool,
    /// The start of the first row behind the header.
    #[serde(skip)]
    pub(crate) first_row: Vec<String>,
    /// Why the first row was taken for names, or not, where nothing in it settles that.
    #[serde(skip)]
    pub(crate) doubt: Option<String>,
    /// A first line of counts, which is no row.
    #[serde(skip)]
    pub(crate) counts: Option<Counts>,
    /// The first row, where it may state counts because it has nothing but numbers in front of texts: whether it does is known once all
    /// rows are.
    #[serde(skip)]
    pub(crate) perhaps_counts: Option<Counts>,
}

impl TableSketch {
    /// The first column of a role.
    pub fn place(&self, role: ColumnRole) -> Option<usize> {
        self.columns.iter().position(|column| column.role == role)
    }

    /// How many columns have a role.
    pub fn count(&self, role: ColumnRole) -> usize {
        self.columns.iter().filter(|column| column.role == role).count()
    }

    /// The column that a user names: by its header, in any case, or by its number from 1.
    pub(crate) fn named(&self, name: &str) -> Option<usize> {
        let exact = self.columns.iter().position(|column| column.name == name);
        let plain = words::plain(name);
        exact.or_else(|| self.columns.iter().position(|column| words::plain(&column.name) == plain)).or_else(|| {
            name.trim().parse::<usize>().ok().filter(|at| (1..=self.columns.len()).contains(at)).map(|at| at - 1)
        })
    }

    /// The columns with decimal commas, by name; nothing where there are none.
    pub(crate) fn decimal_commas(&self) -> Option<String> {
        let names = self.layout.decimal_commas.iter().filter_map(|at| self.columns.get(*at));
        let names: Vec<String> = names.take(SHOWN_COLUMNS).map(|column| shortened(&column.name)).collect();
        let more = self.layout.decimal_commas.len().saturating_sub(names.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        (!names.is_empty()).then(|| format!("{}{more}", names.join(", ")))
    }

    /// What was recognised, in a phrase.
    pub fn describe(&self) -> String {
        let separator = match self.separator {
            _ if self.layout.is_parquet => "a Parquet table".to_owned(),
            Some(separator) => format!("columns between {}", words_of(separator)),
            None => "one column".to_owned(),
        };
        let header = if self.layout.is_parquet {
            ""
        } else if self.has_header {
            ", a header"
        } else {
            ", no header"
        };
        let mut columns: Vec<String> = self
            .columns
            .iter()
            .take(SHOWN_COLUMNS)
            .map(|column| format!("{} ({})", shortened(&column.name), column.role))
            .collect();
        if self.columns.len() > SHOWN_COLUMNS {
            columns.push(format!("{} more", self.columns.len() - SHOWN_COLUMNS));
        }
        let encoding = if self.layout.is_parquet { String::new() } else { format!(", {}", self.encoding) };
        format!("{separator}{header}{encoding}; {}", columns.join(", "))
    }

    /// An error about the table, with what was recognised, its first lines and the options that help.
    pub(crate) fn fault(
        &self,
        path: &Path,
        place: impl Into<String>,
        expected: impl std::fmt::Display,
        found: impl std::fmt::Display,
    ) -> LoadError {
        LoadError::content(path, place, expected, format!("{found} (read as {})", self.hints()))
    }

    /// What was recognised, the first lines, and the options that say otherwise.
    pub(crate) fn hints(&self) -> String {
        let lines: Vec<String> = self.first_lines.iter().map(|line| format!("`{line}`")).collect();
        let lines = if lines.is_empty() { String::new() } else { format!("; first lines {}", lines.join(", ")) };
        let ways = if self.layout.is_parquet {
            "--id-column, --features and --labels say which columns are what"
        } else {
            "say otherwise with --columns, --header, --separator, --encoding, --id-column, --features or --labels"
        };
        format!("{}{lines}; {ways}", self.describe())
    }
}

fn words_of(separator: Separator) -> &'static str {
    match separator {
        Separator::Space => "spaces",
        Separator::Tab => "tabs",
        Separator::Comma => "commas",
        Separator::Semicolon => "semicolons",
        Separator::Bar => "bars",
    }
}

pub(super) fn byte_of(separator: Separator) -> u8 {
    match separator {
        Separator::Space => b' ',
        Separator::Tab => b'\t',
        Separator::Comma => b',',
        Separator::Semicolon => b';',
        Separator::Bar => b'|',
    }
}

/// Whether a file's first bytes are those of Parquet.
pub(crate) fn is_parquet(head: &[u8]) -> bool {
    head.starts_with(b"PAR1")
}

/// Looks at the start of a file; nothing where it is no table at all.
///
/// # Errors
/// [`LoadError`] for a file that cannot be opened, for bytes that fit no character, and for a broken Parquet file.
pub(crate) fn sketch(path: &Path, options: &ReadOptions) -> Result<Option<TableSketch>, LoadError> {
    let mut head = Vec::new();
    let n_read = ByteSource::open(path)?.read_into(&mut head, HEAD_BYTES)?;
    if is_parquet(&head) {
        return sketch_parquet(path, options).map(Some);
    }
    let Some((encoding, encoding_words, text)) = decoded(&head, options.encoding, path)? else { return Ok(None) };
    Ok(sketch_text(&text, n_read < HEAD_BYTES, encoding, encoding_words, options))
}

/// The text, how it was decoded, and that in words; nothing for what is no text.
fn decoded(
    head: &[u8],
    chosen: Option<Encoding>,
    path: &Path,
) -> Result<Option<(Option<Encoding>, String, String)>, LoadError> {
    let fitting = |encoding: Encoding| decode_start(head, encoding);
    if let Some(marked) = of_mark(head) {
        let words = format!("{}, by its byte order mark", marked.name().to_lowercase());
        let Some(text) = fitting(Encoding::Utf8) else { return Ok(None) };
        return Ok((!text.contains('\0')).then_some((None, words, text)));
    }
    if let Some(chosen) = chosen {
        let Some(text) = fitting(chosen) else {
            return Err(LoadError::content(
                path,
                "text",
                format!("text in {chosen} (say another with --encoding)"),
                "bytes that fit no character",
            ));
        };
        return Ok(Some((Some(chosen), chosen.to_string(), text)));
    }
    if head.contains(&0) {
        return Ok(None);
    }
    if let Some(text) = fitting(Encoding::Utf8) {
        return Ok(Some((None, Encoding::Utf8.to_string(), text)));
    }
    // Kana, or a header's known words, settle it; nothing else does.
    let is_certain = |text: &str| {
        let has_kana = text.chars().any(|c| matches!(c, '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}'));
        let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let mut cells = first.split([',', ';', '\t', '|']).map(|cell| cell.trim().trim_matches('"'));
        has_kana || cells.any(|cell| !cell.is_ascii() && word_of(cell).is_some())
    };
    let mut certain: Vec<(Encoding, String)> =
        japanese(head).into_iter().filter(|(_, text)| is_certain(text)).collect();
    if certain.len() == 1
        && let Some((encoding, text)) = certain.pop()
    {
        return Ok(Some((Some(encoding), format!("{encoding}, by its characters"), text)));
    }
    let bad = head.split(|byte| *byte == b'\n').enumerate().find(|(_, line)| std::str::from_utf8(line).is_err());
    match bad {
        Some((at, line))
            if head.is_ascii()
                || head.iter().filter(|b| b.is_ascii_graphic() || b.is_ascii_whitespace()).count() * 2 > head.len() =>
        {
            Err(no_utf8(line, at as u64 + 1, path))
        }
        _ => Ok(None),
    }
}

/// One row of the start, and whether a field of it stood in quotation marks.
struct Start {
    rows: Vec<Vec<String>>,
}

/// Takes the start apart.
fn rows_of(text: &str, separator: u8, comment: Option<u8>, is_whole: bool) -> Start {
    let mut rows: Vec<Vec<String>> = Vec::new();
    if separator == b' ' {
        for line in text.lines().filter(|line| !line.trim().is_empty()).take(MOST_ROWS + 1) {
            if comment.is_some_and(|byte| line.as_bytes().first() == Some(&byte)) {
                continue;
            }
            rows.push(line.split_whitespace().map(unquoted).collect());
        }
        if !is_whole && rows.len() <= MOST_ROWS {
            rows.pop();
        }
        return Start { rows };
    }
    let mut reader = super::rows::csv_reader(separator, comment).from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    while rows.len() <= MOST_ROWS {
        match reader.read_record(&mut record) {
            Ok(true) if record.len() <= MAX_COLUMNS => {
                if !(record.len() == 1 && record[0].trim().is_empty()) {
                    rows.push(record.iter().map(|field| field.trim().to_owned()).collect());
                }
            }
            _ => break,
        }
    }
    // What is cut off at the end of the start says nothing.
    if !is_whole && rows.len() > 1 && reader.is_done() {
        rows.pop();
    }
    Start { rows }
}

fn unquoted(field: &str) -> String {
    field.strip_prefix('"').and_then(|f| f.strip_suffix('"')).unwrap_or(field).to_owned()
}

fn sketch_text(
    text: &str,
    is_whole: bool,
    encoding: Option<Encoding>,
    encoding_words: String,
    options: &ReadOptions,
) -> Option<TableSketch> {
    let comments = options.comments.as_deref().unwrap_or("#%");
    let (mut rest, mut n_skipped, mut told) = (text, 0usize, options.separator);
    loop {
        let line = rest.lines().next()?;
        let trimmed = line.trim();
        if let Some(separator) = trimmed.strip_prefix("sep=").filter(|_| n_skipped == 0 && trimmed.len() == 5) {
            told = told.or(match separator {
                ";" => Some(Separator::Semicolon),
                "," => Some(Separator::Comma),
                "|" => Some(Separator::Bar),
                _ => Some(Separator::Tab),
            });
        } else if !trimmed.is_empty() && !trimmed.starts_with(|c| comments.contains(c)) {
            break;
        }
        n_skipped += 1;
        rest = rest.split_once('\n')?.1;
    }
    let comment = comments.bytes().next().filter(u8::is_ascii);
    let first_lines: Vec<String> = rest.lines().take(SHOWN_LINES).map(shortened).collect();
    let is_told = options.header.is_some() || options.columns.is_some();
    let two_lines = if is_told { None } else { counts_in_two_lines(rest, n_skipped + 1) };
    let two_lines = two_lines.map(|(counts, behind)| {
        (rest, n_skipped) = (behind, n_skipped + counts.n_lines);
        counts
    });
    let candidates: Vec<Separator> = match told {
        Some(separator) => vec![separator],
        None => vec![Separator::Tab, Separator::Semicolon, Separator::Comma, Separator::Bar, Separator::Space],
    };
    let mut chosen: Option<(Separator, Vec<Vec<String>>)> = None;
    let mut counts = None;
    for separator in candidates {
        let Start { rows } = rows_of(rest, byte_of(separator), comment, is_whole);
        let Some(width) = rows.first().map(Vec::len) else { continue };
        // R leaves out the name of the row names; a first line of counts has a width of its own.
        let body = rows.get(1).map_or(width, Vec::len);
        let is_even = body > 1 && rows.iter().skip(1).all(|row| row.len() == body);
        let has_names = is_even && (width == body || width + 1 == body) && width > 1;
        let has_counts = !is_told && two_lines.is_none() && is_even && begins_with_counts(&rows);
        if told.is_some() || has_names || has_counts {
            chosen = Some((separator, rows));
            counts = has_counts.then(|| n_skipped + 1);
            break;
        }
    }
    let (separator, mut rows) = if let Some((separator, rows)) = chosen {
        (Some(separator), rows)
    } else {
        // One column: a list.
        let rows = rows_of(rest, b'\t', comment, is_whole).rows;
        if rows.is_empty() || rows.iter().any(|row| row.len() != 1 || row[0].split_whitespace().count() != 1) {
            return None;
        }
        (None, rows)
    };
    let counts = counts.map(|line| {
        n_skipped = line;
        counts_of(&rows.remove(0), line)
    });
    let has_quotes = rest.contains('"');
    let layout = Layout {
        is_parquet: false,
        separator: separator.map_or(b'\t', byte_of),
        encoding,
        n_skipped,
        has_header: false,
        comment,
        has_quotes,
        n_columns: 0,
        decimal_commas: Vec::new(),
    };
    let mut table = finished(rows, separator, encoding_words, first_lines, layout, options);
    table.counts = two_lines.or(counts);
    Some(table)
}

fn sketch_parquet(path: &Path, options: &ReadOptions) -> Result<TableSketch, LoadError> {
    let names = parquet_names(path)?;
    let mut rows = vec![names];
    let layout = Layout {
        is_parquet: true,
        separator: 0,
        encoding: None,
        n_skipped: 0,
        has_header: true,
        comment: None,
        has_quotes: false,
        n_columns: 0,
        decimal_commas: Vec::new(),
    };
    let (names, start) = parquet_start(path, MOST_ROWS)?;
    rows[0] = names;
    rows.extend(start);
    let options = ReadOptions { header: Some(true), ..options.clone() };
    Ok(finished(rows, None, "Parquet".to_owned(), Vec::new(), layout, &options))
}

fn finished(
    mut rows: Vec<Vec<String>>,
    separator: Option<Separator>,
    encoding: String,
    first_lines: Vec<String>,
    mut layout: Layout,
    options: &ReadOptions,
) -> TableSketch {
    let n_columns = rows.iter().skip(1).map(Vec::len).max().unwrap_or(0).max(rows[0].len());
    // R writes row names without a name for them.
    if rows.len() > 1 && rows[0].len() + 1 == n_columns && rows[0].iter().all(|name| name.parse::<f64>().is_err()) {
        rows[0].insert(0, String::new());
    }
    let kind = |rows: &[Vec<String>], at: usize| kind_of(rows.iter().map(|row| row.get(at).map_or("", String::as_str)));
    let (has_header, doubt) = match options.header {
        Some(told) => (told, None),
        None => header_of(&rows, n_columns),
    };
    let body = if has_header { &rows[1..] } else { &rows[..] };
    let mut kinds: Vec<ColumnKind> = (0..n_columns).map(|at| kind(body, at)).collect();
    let mut decimal_commas =
        if layout.is_parquet || layout.separator == b',' { Vec::new() } else { decimal_commas_of(body, &kinds) };
    for at in &decimal_commas {
        kinds[*at] = ColumnKind::Number;
    }
    let names: Vec<String> = (0..n_columns)
        .map(|at| {
            let name = rows[0]
                .get(at)
                .filter(|_| has_header)
                .map(|name| name.trim().trim_start_matches('\u{feff}').to_owned());
            name.filter(|name| !name.is_empty()).unwrap_or_else(|| format!("column {}", at + 1))
        })
        .collect();
    let given: Vec<Option<&str>> =
        (0..n_columns).map(|at| rows[0].get(at).map(String::as_str).filter(|_| has_header)).collect();
    let roles = roles_of(&given, &names, &kinds, body, options);
    let columns = names.into_iter().zip(kinds).zip(roles.iter().copied());
    let columns = columns.map(|((name, kind), role)| ColumnSketch { name, kind, role }).collect();
    decimal_commas.retain(|at| !matches!(roles[*at], ColumnRole::Id | ColumnRole::Source | ColumnRole::Target));
    layout.has_header = has_header;
    layout.n_columns = n_columns;
    layout.decimal_commas = decimal_commas;
    let mut seen = std::collections::BTreeSet::new();
    let first_differs = body.iter().filter_map(|row| row.first()).all(|value| seen.insert(value));
    let perhaps_counts = if has_header { None } else { perhaps_counts(&rows, layout.n_skipped + 1) };
    let first_row = body.first().map(|row| row.iter().take(SHOWN_COLUMNS).cloned().collect()).unwrap_or_default();
    TableSketch {
        first_differs,
        first_row,
        separator,
        encoding,
        has_header,
        columns,
        n_rows: body.len(),
        first_lines,
        layout,
        doubt,
        counts: None,
        perhaps_counts,
    }
}

/// Whether the first row names the columns, and a doubt about that in words.
fn header_of(rows: &[Vec<String>], n_columns: usize) -> (bool, Option<String>) {
    let first = &rows[0];
    let is_number = |value: &str| value.trim().parse::<f64>().is_ok();
    let has_known = |value: &String| word_of(value).is_some();
    let below = |at: usize| kind_of(rows.iter().skip(1).map(|row| row.get(at).map_or("", String::as_str)));
    // pandas numbers columns that have no names.
    let is_counted =
        |from: usize| first.len() > from + 1 && first[from..].iter().enumerate().all(|(at, v)| *v == at.to_string());
    let has_fractions = || rows.iter().skip(1).flatten().any(|v| is_number(v) && v.contains('.'));
    if first.first().is_some_and(|name| is_row_name(name) || has_known(name)) && is_counted(1) {
        return (true, None);
    }
    if first.len() > 3 && is_counted(0) && has_fractions() {
        return (true, None);
    }
    if first.iter().any(|value| is_number(value)) {
        return (false, None);
    }
    let is_new = |at: usize, value: &str| rows.iter().skip(1).all(|row| row.get(at).is_none_or(|below| below != value));
    if first.iter().enumerate().any(|(at, value)| has_known(value) && is_new(at, value)) {
        return (true, None);
    }
    let is_comma =
        |at: usize| rows.iter().skip(1).all(|row| row.get(at).is_some_and(|v| with_decimal_comma(v).is_some()));
    let is_numbers = |at: usize| matches!(below(at), ColumnKind::Whole | ColumnKind::Number) || is_comma(at);
    if rows.len() > 1 && (0..n_columns).any(is_numbers) {
        return (true, None);
    }
    if rows.len() < 2 {
        return (false, None);
    }
    let shown = shortened(&first.join(" "));
    (
        false,
        Some(format!(
            "the first line `{shown}` is read as a row like the others; --header true says that it names the columns"
        )),
    )
}

/// What each column is, by its name and values.
fn roles_of(
    given: &[Option<&str>],
    names: &[String],
    kinds: &[ColumnKind],
    body: &[Vec<String>],
    options: &ReadOptions,
) -> Vec<ColumnRole> {
    let n = names.len();
    let mut roles = vec![ColumnRole::LeftOut; n];
    let known: Vec<Option<Word>> = given.iter().map(|name| name.and_then(word_of)).collect();
    let find = |word: Word| known.iter().position(|other| *other == Some(word));
    let by_name = |name: &String| {
        let plain = words::plain(name);
        names.iter().position(|own| own == name).or_else(|| names.iter().position(|own| words::plain(own) == plain))
    };
    let told_id = options.id_column.as_ref().and_then(|name| {
        by_name(name).or_else(|| name.parse::<usize>().ok().filter(|at| (1..=n).contains(at)).map(|at| at - 1))
    });
    if let (Some(source), Some(target)) = (find(Word::Source), find(Word::Target))
        && told_id.is_none()
    {
        (roles[source], roles[target]) = (ColumnRole::Source, ColumnRole::Target);
        if let Some(weight) = find(Word::Weight) {
            roles[weight] = ColumnRole::Weight;
        }
        return roles;
    }
    let told_class = options.labels.as_ref().and_then(by_name);
    let told_features: Vec<usize> = options.features.iter().flatten().filter_map(by_name).collect();
    let told_masks: Vec<usize> = options.split_masks.iter().flatten().filter_map(by_name).collect();
    let is_free = |at: usize| told_class != Some(at) && !told_features.contains(&at) && !told_masks.contains(&at);
    let id = told_id.or_else(|| {
        let is_id = |at: &usize| known[*at] == Some(Word::Id) && is_free(*at);
        let is_name = |at: &usize| known[*at] == Some(Word::Name) && is_free(*at);
        let is_row = |at: &usize| given[*at].is_some_and(is_row_name) && is_free(*at);
        (0..n).find(is_id).or_else(|| (0..n).find(is_name)).or_else(|| (0..n).find(is_row))
    });
    if let Some(at) = id {
        roles[at] = ColumnRole::Id;
    }
    let is_split_column = |at: &usize| {
        let mut values = body.iter().filter_map(|row| row.get(*at)).filter(|v| !is_missing(v)).peekable();
        values.peek().is_some() && values.all(|v| part_of_split(v).is_some())
    };
    for at in (0..n).filter(|at| Some(*at) != id && !told_features.contains(at) && told_class != Some(*at)) {
        let masks = body.iter().filter_map(|row| row.get(at)).all(|v| truth(v).is_some() || is_missing(v));
        roles[at] = match known[at] {
            Some(Word::Split) if is_split_column(&at) => ColumnRole::Split,
            Some(Word::Train) if masks => ColumnRole::Train,
            Some(Word::Val) if masks => ColumnRole::Val,
            Some(Word::Test) if masks => ColumnRole::Test,
            _ => ColumnRole::LeftOut,
        };
    }
    match told_masks[..] {
        [at] => roles[at] = ColumnRole::Split,
        [train, val, test] => {
            (roles[train], roles[val], roles[test]) = (ColumnRole::Train, ColumnRole::Val, ColumnRole::Test);
        }
        _ => {}
    }
    // Without a header: a first column of texts in front of others is the id, a last one of `train`, `val`, `test` the split.
    if given.iter().all(Option::is_none) && n > 1 {
        if id.is_none() && kinds[0] == ColumnKind::Text && told_class != Some(0) {
            roles[0] = ColumnRole::Id;
        }
        if let Some(at) = (1..n).find(is_split_column) {
            roles[at] = ColumnRole::Split;
        }
    }
    // A target without a source is a class.
    let class = told_class.or_else(|| {
        let is_class = |at: &usize| {
            matches!(known[*at], Some(Word::Class | Word::Target)) && roles[*at] == ColumnRole::LeftOut && is_free(*at)
        };
        // Names are not classes: a text that every row has for itself is one.
        (0..n).filter(is_class).find(|at| kinds[*at] != ColumnKind::Text || !all_differ(body, *at))
    });
    if let Some(at) = class {
        roles[at] = ColumnRole::Class;
    }
    for at in 0..n {
        let is_told = told_features.contains(&at);
        let is_number = matches!(kinds[at], ColumnKind::Whole | ColumnKind::Number);
        let is_wanted = if options.features.is_some() && !told_features.is_empty() { is_told } else { is_number };
        let is_row = given[at].is_some_and(is_row_name);
        if roles[at] == ColumnRole::LeftOut
            && is_wanted
            && !is_row
            && (is_told || !matches!(known[at], Some(Word::Class | Word::Target)))
        {
            roles[at] = ColumnRole::Feature;
        }
    }
    // What the user says of lists of edges.
    if let Some(told) = options.columns.as_ref().filter(|_| told_id.is_none()) {
        for (at, column) in told.iter().enumerate().take(n) {
            roles[at] = match column {
                Column::Source => ColumnRole::Source,
                Column::Target => ColumnRole::Target,
                Column::Weight => ColumnRole::Weight,
                Column::Ignored => ColumnRole::LeftOut,
            };
        }
    }
    roles
}

/// Whether no two rows have the same value there.
fn all_differ(rows: &[Vec<String>], at: usize) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    let values: Vec<&String> = rows.iter().filter_map(|row| row.get(at)).filter(|v| !is_missing(v)).collect();
    values.len() > 2 && values.into_iter().all(|value| seen.insert(value))
}
