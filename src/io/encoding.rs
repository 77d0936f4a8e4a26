//! Text in the encodings that files really have, as UTF-8.
//!
//! ```text
//! byte order mark   EF BB BF: UTF-8; FF FE: UTF-16, little end first; FE FF: UTF-16, big end first
//! declaration       what an XML declaration says, or a format's standard (GML: ISO-8859-1)
//! choice            what the user says (`encoding` of a recipe's `[graph]`, `--encoding`)
//! ```
//! A byte order mark beats the user's choice, the choice beats the declaration, and without any of them text is UTF-8. Bytes that fit
//! none are refused with their place: no character is ever replaced, so two names never become one.

use std::fmt;
use std::io::Read;
use std::path::Path;

use encoding_rs::{DecoderResult, EUC_JP, SHIFT_JIS, UTF_8, UTF_16LE, WINDOWS_1252};

use crate::engine::graph::Encoding;
use crate::io::report::LoadError;

/// How much is decoded at once, bytes.
const CHUNK_BYTES: usize = 1 << 16;
/// Encodings that are tried on bytes that are no UTF-8, so that the error can say which of them fit.
const CANDIDATES: [Encoding; 3] = [Encoding::ShiftJis, Encoding::EucJp, Encoding::Latin1];

/// The encoding as the crate knows it.
pub(crate) fn of(encoding: Encoding) -> &'static encoding_rs::Encoding {
    match encoding {
        Encoding::Utf8 => UTF_8,
        Encoding::Utf16 => UTF_16LE,
        Encoding::Latin1 => WINDOWS_1252,
        Encoding::ShiftJis => SHIFT_JIS,
        Encoding::EucJp => EUC_JP,
    }
}

/// Bytes that fit no character of the encoding they should be in.
#[derive(Debug)]
pub(crate) struct Misfit {
    encoding: &'static str,
    at: u64,
    found: String,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}, which are no {}", self.found, self.at, self.encoding)
    }
}

impl std::error::Error for Misfit {}

/// The encoding that a byte order mark names.
pub(crate) fn of_mark(head: &[u8]) -> Option<&'static encoding_rs::Encoding> {
    encoding_rs::Encoding::for_bom(head).map(|(encoding, _)| encoding)
}

/// The start of a text in this encoding; nothing where bytes fit no character. The last character may be cut off.
pub(crate) fn decode_start(head: &[u8], encoding: Encoding) -> Option<String> {
    let marked = of_mark(head).unwrap_or_else(|| of(encoding));
    let mut decoder = marked.new_decoder_with_bom_removal();
    let mut text = String::with_capacity(decoder.max_utf8_buffer_length_without_replacement(head.len())?);
    let (result, _) = decoder.decode_to_string_without_replacement(head, &mut text, false);
    (result == DecoderResult::InputEmpty).then_some(text)
}

/// The encodings of Japanese that the start of a text fits, with the text: without control characters and characters that mean
/// nothing.
pub(crate) fn japanese(head: &[u8]) -> Vec<(Encoding, String)> {
    let is_odd = |c: char| (c.is_control() && !c.is_whitespace()) || ('\u{e000}'..='\u{f8ff}').contains(&c);
    let read = |encoding| decode_start(head, encoding).map(|text| (encoding, text));
    let both = [Encoding::ShiftJis, Encoding::EucJp].into_iter().filter_map(read);
    both.filter(|(_, text)| !text.chars().any(is_odd)).collect()
}

/// Decodes as it is read.
pub(crate) struct Transcoded<R> {
    inner: R,
    decoder: encoding_rs::Decoder,
    name: &'static str,
    waiting: Vec<u8>,
    n_decoded: u64,
    ready: Vec<u8>,
    start: usize,
    is_ended: bool,
}

impl<R: Read> Transcoded<R> {
    /// Decodes what `inner` gives.
    pub(crate) fn new(inner: R, encoding: &'static encoding_rs::Encoding) -> Self {
        Self {
            inner,
            decoder: encoding.new_decoder_with_bom_removal(),
            name: encoding.name(),
            waiting: Vec::new(),
            n_decoded: 0,
            ready: Vec::new(),
            start: 0,
            is_ended: false,
        }
    }

    /// Decodes some more; nothing is ready afterwards at the end alone.
    fn advance(&mut self) -> std::io::Result<()> {
        self.ready.clear();
        self.start = 0;
        while self.ready.is_empty() && !self.is_ended {
            let n_read = (&mut self.inner).take(CHUNK_BYTES as u64).read_to_end(&mut self.waiting)?;
            let is_last = n_read == 0;
            let wanted = self.decoder.max_utf8_buffer_length_without_replacement(self.waiting.len());
            self.ready.resize(wanted.unwrap_or(4 * self.waiting.len()) + 16, 0);
            let (result, n_taken, n_written) =
                self.decoder.decode_to_utf8_without_replacement(&self.waiting, &mut self.ready, is_last);
            if let DecoderResult::Malformed(n_bad, n_after) = result {
                let end = n_taken.saturating_sub(n_after.into());
                let first = end.saturating_sub(n_bad.into());
                let at = self.n_decoded + first as u64;
                let bad = self.waiting.get(first..end).unwrap_or_default();
                let found = if bad.is_empty() { "the end of the file".to_owned() } else { shown_bytes(bad) };
                return Err(std::io::Error::new(
                    std::io::ErrorKind::InvalidData,
                    Misfit { encoding: self.name, at, found },
                ));
            }
            self.ready.truncate(n_written);
            self.waiting.drain(..n_taken);
            self.n_decoded += n_taken as u64;
            self.is_ended = is_last;
        }
        Ok(())
    }
}

impl<R: Read> Read for Transcoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.start == self.ready.len() {
            self.advance()?;
        }
        let n = buffer.len().min(self.ready.len() - self.start);
        buffer[..n].copy_from_slice(&self.ready[self.start..self.start + n]);
        self.start += n;
        Ok(n)
    }
}

/// A reader of UTF-8, whatever the bytes of `inner` are; `head` is how they begin, `inner` still gives all of them. UTF-8 goes
/// through as it is, and is checked where it is used.
pub(crate) fn transcoded(inner: Box<dyn Read>, head: &[u8], chosen: Option<Encoding>) -> Box<dyn Read> {
    match of_mark(head).or_else(|| chosen.map(of)) {
        Some(encoding) if encoding != UTF_8 => Box::new(Transcoded::new(inner, encoding)),
        _ => inner,
    }
}

/// Decodes a whole text: by its byte order mark, else as the user chose, else as it declares, else as UTF-8.
///
/// # Errors
/// [`LoadError::Content`] with the place of bytes that fit no character, and the encodings that would fit; the same for a declared
/// encoding that nobody knows.
pub(crate) fn decode(
    bytes: &[u8],
    declared: Option<&str>,
    chosen: Option<Encoding>,
    path: &Path,
) -> Result<String, LoadError> {
    let encoding = match (of_mark(bytes), chosen, declared) {
        (Some(encoding), ..) => encoding,
        (None, Some(chosen), _) => of(chosen),
        (None, None, Some(declared)) => {
            encoding_rs::Encoding::for_label(declared.trim().as_bytes()).ok_or_else(|| {
                let expected = "an encoding such as UTF-8, ISO-8859-1 or Shift_JIS (or say which with --encoding)";
                LoadError::content(path, "declared encoding", expected, format!("{declared:?}"))
            })?
        }
        (None, None, None) => UTF_8,
    };
    if let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(strip(bytes)) {
        return Ok(text.into_owned());
    }
    let mut decoder = Transcoded::new(bytes, encoding);
    match std::io::copy(&mut decoder, &mut std::io::sink()) {
        Err(error) => Err(misfit(bytes, 0, &error.to_string(), encoding.name(), path)),
        Ok(_) => Err(misfit(bytes, 0, "bytes that fit nothing", encoding.name(), path)),
    }
}

/// Without a byte order mark.
fn strip(bytes: &[u8]) -> &[u8] {
    encoding_rs::Encoding::for_bom(bytes).map_or(bytes, |(_, n)| &bytes[n..])
}

/// The error about bytes of a line that are no UTF-8, with the encodings that fit and how the text reads in each.
pub(crate) fn no_utf8(line: &[u8], number: u64, path: &Path) -> LoadError {
    let at = std::str::from_utf8(line).err().map_or(0, |error| error.valid_up_to());
    let found = format!("{} at byte {} of the line", shown_bytes(&line[at..line.len().min(at + 2)]), at + 1);
    misfit(line, number, &found, "UTF-8", path)
}

fn misfit(bytes: &[u8], line: u64, found: &str, expected: &str, path: &Path) -> LoadError {
    let bytes = &bytes[..bytes.len().min(CHUNK_BYTES)];
    let mut fitting = Vec::new();
    for candidate in CANDIDATES {
        let decoded = of(candidate).decode_without_bom_handling_and_without_replacement(strip(bytes));
        if let Some(text) = decoded.filter(|text| !text.chars().any(|c| c.is_control() && !c.is_whitespace())) {
            let from = text.find(|c: char| !c.is_ascii()).unwrap_or(0);
            let from = text[..from].rfind(|c: char| !c.is_alphanumeric()).map_or(0, |at| at + 1);
            let word: String = text[from..].chars().take_while(|c| !c.is_whitespace()).take(12).collect();
            fitting.push(format!("{candidate} (`{word}`)"));
        }
    }
    let way = if fitting.is_empty() {
        "say the encoding with --encoding, or save the file as UTF-8".to_owned()
    } else {
        format!("say which with --encoding: {}", fitting.join(", "))
    };
    let place = if line > 0 { format!("line {line}") } else { "text".to_owned() };
    LoadError::content(path, place, format!("{expected} ({way})"), found)
}

fn shown_bytes(bytes: &[u8]) -> String {
    let all: Vec<String> = bytes.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{} {}", if all.len() == 1 { "byte" } else { "bytes" }, all.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(bytes: &'static [u8], chosen: Option<Encoding>) -> Result<String, std::io::Error> {
        let mut text = String::new();
        transcoded(Box::new(bytes), bytes, chosen).read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn every_encoding_becomes_utf8() {
        let japanese = "始点,終点\nあ,い\n";
        for encoding in [Encoding::ShiftJis, Encoding::EucJp] {
            let bytes: &'static [u8] = of(encoding).encode(japanese).0.into_owned().leak();
            assert_eq!(read_all(bytes, Some(encoding)).expect("text"), japanese, "{encoding}");
            assert_eq!(decode(bytes, None, Some(encoding), Path::new("t")).expect("text"), japanese);
        }
        let utf16: &'static [u8] = b"\xff\xfea\x00,\x00b\x00";
        assert_eq!(read_all(utf16, None).expect("text"), "a,b");
        assert_eq!(decode(b"\xfe\xff\x00a", None, Some(Encoding::ShiftJis), Path::new("t")).expect("text"), "a");
        assert_eq!(decode(b"K\xf6ln", Some("ISO-8859-1"), None, Path::new("t")).expect("text"), "Köln");
        assert_eq!(decode(b"\xef\xbb\xbfx\xef\xbf\xbd", None, None, Path::new("t")).expect("text"), "x\u{fffd}");
    }

    #[test]
    fn bytes_that_fit_nothing_are_refused_with_their_place() {
        let error = decode(b"ab K\xf6ln", None, None, Path::new("t.csv")).unwrap_err().to_string();
        assert!(error.contains("byte f6 at byte 4") && error.contains("latin1 (`Köln`)"), "{error}");
        let error = decode(b"abc", Some("klingon"), None, Path::new("t.csv")).unwrap_err().to_string();
        assert!(error.contains("declared encoding") && error.contains("klingon"), "{error}");
        let error = read_all(b"ab\x81", Some(Encoding::ShiftJis)).unwrap_err().to_string();
        assert!(error.contains("Shift_JIS"), "{error}");
        let error = no_utf8(b"1,\x8en", 7, Path::new("t.csv")).to_string();
        assert!(error.starts_with("line 7: expected UTF-8") && error.contains("bytes 8e 6e at byte 3"), "{error}");
    }
}
