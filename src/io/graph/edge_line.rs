//! One line of a list of edges as text: its fields, its two ids, and what is no edge.

use crate::io::source::{id_number, parse_f32, parse_id, parse_whole};

/// Whether a byte stands between fields.
#[inline]
pub(super) fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b',' | b';')
}

/// The fields of a line, without white space and quotation marks around them.
#[inline]
pub(super) fn fields(line: &[u8], separator: Option<u8>) -> impl Iterator<Item = &[u8]> {
    let is_run = matches!(separator, None | Some(b' '));
    let splits = move |byte: &u8| match separator {
        None => is_separator(*byte),
        Some(b' ') => matches!(*byte, b' ' | b'\t'),
        Some(separator) => *byte == separator,
    };
    line.split(splits).filter(move |field| !is_run || !field.trim_ascii().is_empty()).map(|field| {
        let field = field.trim_ascii();
        field.strip_prefix(b"\"").and_then(|f| f.strip_suffix(b"\"")).unwrap_or(field)
    })
}

/// The two ids at the start of a line, and whether more stands behind them.
#[inline]
pub(super) fn parse_plain(line: &[u8]) -> Option<(u64, u64, bool)> {
    fn skip(text: &[u8]) -> &[u8] {
        let n = text.iter().take_while(|b| is_separator(**b)).count();
        &text[n..]
    }
    let (a, rest) = id_number(skip(line))?;
    let after = skip(rest);
    let (b, rest) = id_number(after).filter(|_| after.len() < rest.len())?;
    let more = skip(rest);
    (rest.is_empty() || more.len() < rest.len()).then_some((a, b, !more.is_empty()))
}

/// Ends and weight of a line such as `1 2 {'weight': 3.5}`.
pub(super) fn of_dictionary(line: &[u8]) -> Option<(u64, u64, f32)> {
    let at = line.iter().position(|b| *b == b'{')?;
    let (ends, values) = line.split_at(at);
    let (a, b, _) = parse_plain(ends)?;
    let values = std::str::from_utf8(values).ok()?;
    let (_, rest) = values.split_once("'weight':").or_else(|| values.split_once("\"weight\":"))?;
    let number = rest.split([',', '}']).next()?;
    Some((a, b, parse_f32(number.trim().as_bytes())?))
}

/// Whether one of a line's ids is a number with zeros in front, which is a text: `007` is another id than `7`.
pub(super) fn has_padded(line: &[u8], separator: Option<u8>) -> bool {
    fields(line, separator).take(2).any(|id| parse_whole(id).is_some() && parse_id(id).is_none())
}

/// Whether a line is an edge.
pub(super) fn is_edge(line: &str) -> bool {
    parse_plain(line.as_bytes()).is_some() || {
        let mut ids = fields(line.as_bytes(), None).map(parse_whole);
        matches!((ids.next(), ids.next()), (Some(Some(_)), Some(Some(_))))
    }
}

/// Whether a first line that is no edge may be a header: two words, neither of them a number.
pub(super) fn is_header(line: &str) -> bool {
    has_names(line, None)
}

/// As [`is_header`], where fields stand between `separator`.
pub(super) fn has_names(line: &str, separator: Option<u8>) -> bool {
    let mut words = fields(line.as_bytes(), separator).map(|word| parse_f32(word).is_none());
    matches!((words.next(), words.next()), (Some(true), Some(true)))
}

/// Whether a line says nothing: a comment or empty.
pub(crate) fn is_blank(line: &str) -> bool {
    line.is_empty() || line.starts_with(['#', '%'])
}
