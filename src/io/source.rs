//! Bytes of a file, unpacked where it is gzip (`.gz`), and its lines one after the other.
//!
//! ```text
//! gzip = 1f 8b 08 …          known by these bytes, whatever the file's name; several members follow each other as one
//! line = byte* (LF | CR LF)  the last line may end with the file
//! ```
//! What is never allocated: more than the longest line that a format allows, and a buffer. What is never unpacked: more than
//! [`MAX_EXPANSION`] bytes for each byte of the file, and 64 MiB.

use std::cell::Cell;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use flate2::read::MultiGzDecoder;

use super::encoding::{Misfit, transcoded};
use super::file::{InputFile, open, stem};
use super::npz::MAX_EXPANSION;
use super::report::LoadError;
use super::text::number::table_number;
use crate::engine::control::Control;
use crate::engine::graph::Encoding;

const GZIP: &[u8] = b"\x1f\x8b\x08";
/// Files that unpack to this size are read whatever their own size.
const SMALL_BYTES: u64 = 64 << 20;
/// How much is read at once: between two reads the stop button is looked at.
const CHUNK_BYTES: usize = 1 << 20;

/// Counts what is taken from a file.
struct Counted {
    file: InputFile,
    n_taken: Rc<Cell<u64>>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.file.read(buffer)?;
        self.n_taken.set(self.n_taken.get() + n as u64);
        Ok(n)
    }
}

/// An open file that may be packed.
pub(crate) struct ByteSource {
    path: PathBuf,
    inner: Box<dyn Read>,
    is_packed: bool,
    file_bytes: u64,
    n_taken: Rc<Cell<u64>>,
    n_given: u64,
}

impl ByteSource {
    /// Opens a file and looks at its first bytes.
    pub(crate) fn open(path: &Path) -> Result<Self, LoadError> {
        let fault = |source| LoadError::io("read", path, source);
        let mut file = open(path)?;
        let file_bytes = file.metadata().map_err(fault)?.len();
        let mut head = Vec::new();
        (&mut file).take(GZIP.len() as u64).read_to_end(&mut head).map_err(fault)?;
        let is_packed = head == GZIP;
        let n_taken = Rc::new(Cell::new(0));
        let rest = std::io::Cursor::new(head).chain(Counted { file, n_taken: Rc::clone(&n_taken) });
        let inner: Box<dyn Read> = if is_packed {
            Box::new(MultiGzDecoder::new(BufReader::with_capacity(1 << 17, rest)))
        } else {
            Box::new(rest)
        };
        Ok(Self { path: path.to_owned(), inner, is_packed, file_bytes, n_taken, n_given: 0 })
    }

    /// As [`ByteSource::open`], for text: UTF-8 by the byte order mark, else as `chosen`, else as it stands there.
    pub(crate) fn open_text(path: &Path, chosen: Option<Encoding>) -> Result<Self, LoadError> {
        /// Bytes of the longest byte order mark.
        const MARK_BYTES: usize = 3;
        let mut source = Self::open(path)?;
        let mut head = Vec::new();
        source.read_into(&mut head, MARK_BYTES)?;
        let inner = std::mem::replace(&mut source.inner, Box::new(std::io::empty()));
        let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head).to_vec();
        let whole = Box::new(std::io::Cursor::new(start).chain(inner));
        source.inner = transcoded(whole, &head, chosen);
        source.n_given = 0;
        Ok(source)
    }

    /// How much of the file was read so far, as it goes on, and the file's size; bytes.
    pub(crate) fn progress(&self) -> (Rc<Cell<u64>>, u64) {
        (Rc::clone(&self.n_taken), self.file_bytes)
    }

    /// Appends up to `most` bytes to `out`; fewer only at the end.
    pub(crate) fn read_into(&mut self, out: &mut Vec<u8>, most: usize) -> Result<usize, LoadError> {
        (&mut *self).take(most as u64).read_to_end(out).map_err(|error| self.fault(error))
    }

    /// What an error of reading means.
    pub(crate) fn fault(&self, error: std::io::Error) -> LoadError {
        if let Some(misfit) = error.get_ref().and_then(|inner| inner.downcast_ref::<Misfit>()) {
            let expected = "text in the encoding that was chosen (say another with --encoding)";
            return LoadError::content(&self.path, "text", expected, misfit);
        }
        if self.n_given > self.limit() {
            let expected = format!("at most {} bytes unpacked", self.limit());
            LoadError::content(&self.path, "whole file", expected, "more")
        } else if self.is_packed {
            LoadError::content(&self.path, "whole file", "intact gzip data", error)
        } else {
            LoadError::io("read", &self.path, error)
        }
    }

    fn limit(&self) -> u64 {
        if self.is_packed { SMALL_BYTES.max(self.file_bytes.saturating_mul(MAX_EXPANSION)) } else { u64::MAX }
    }
}

impl Read for ByteSource {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.n_given += n as u64;
        if self.n_given > self.limit() { Err(std::io::Error::other("too much")) } else { Ok(n) }
    }
}

/// The file's name without `.gz` and its last extension, for titles.
pub(crate) fn stem_unpacked(path: &Path) -> String {
    let is_gz = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz"));
    if is_gz { stem(Path::new(&stem(path))) } else { stem(path) }
}

/// A file line by line, without copying any.
pub(crate) struct Lines<'a> {
    source: ByteSource,
    ctl: &'a Control,
    stage: &'static str,
    longest: usize,
    buffer: Vec<u8>,
    start: usize,
    number: usize,
    is_ended: bool,
}

impl<'a> Lines<'a> {
    /// The lines of `path`; `stage` says what is being read, a line of more than `longest` bytes is refused.
    pub(crate) fn open(path: &Path, ctl: &'a Control, stage: &'static str, longest: usize) -> Result<Self, LoadError> {
        Self::open_text(path, None, ctl, stage, longest)
    }

    /// As [`Lines::open`], for a text in an encoding that the user chose.
    pub(crate) fn open_text(
        path: &Path,
        chosen: Option<Encoding>,
        ctl: &'a Control,
        stage: &'static str,
        longest: usize,
    ) -> Result<Self, LoadError> {
        let source = ByteSource::open_text(path, chosen)?;
        Ok(Self { source, ctl, stage, longest, buffer: Vec::new(), start: 0, number: 0, is_ended: false })
    }

    /// The number of the line that came last, from 1.
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// The next line without white space around it and, in the first, without a byte order mark.
    pub(crate) fn next_line(&mut self) -> Result<Option<&[u8]>, LoadError> {
        let mut looked_at = self.start;
        let range = loop {
            if let Some(at) = memchr::memchr(b'\n', &self.buffer[looked_at..]) {
                let end = looked_at + at;
                let range = self.start..end;
                self.start = end + 1;
                break range;
            }
            if self.is_ended {
                if self.start == self.buffer.len() {
                    return Ok(None);
                }
                let range = self.start..self.buffer.len();
                self.start = self.buffer.len();
                break range;
            }
            self.buffer.drain(..self.start);
            self.start = 0;
            looked_at = self.buffer.len();
            if looked_at >= self.longest {
                let expected = format!("a line of at most {} bytes", self.longest);
                return Err(self.fault_at(self.number + 1, expected, "a longer one"));
            }
            self.ctl.check().map_err(|error| LoadError::invalid(&self.source.path, error))?;
            self.ctl.progress(self.stage, self.source.n_taken.get() as usize, self.source.file_bytes as usize);
            self.is_ended = self.source.read_into(&mut self.buffer, CHUNK_BYTES)? < CHUNK_BYTES;
        };
        self.number += 1;
        if range.len() > self.longest {
            let expected = format!("a line of at most {} bytes", self.longest);
            return Err(self.fault_at(self.number, expected, "a longer one"));
        }
        let line = &self.buffer[range];
        let line = line.strip_prefix(b"\xef\xbb\xbf").filter(|_| self.number == 1).unwrap_or(line);
        Ok(Some(line.trim_ascii()))
    }

    /// The next line's two integers, if the line is nothing but them with one of these separators in between and is at hand;
    /// else nothing, and the line is still to come.
    #[inline]
    pub(crate) fn next_pair(&mut self, separators: &[u8]) -> Option<(u64, u64)> {
        let text = &self.buffer[self.start..];
        let (a, rest) = id_number(text)?;
        let (separator, rest) = rest.split_first()?;
        let (b, rest) = id_number(rest).filter(|_| separators.contains(separator))?;
        let ([b'\n', rest @ ..] | [b'\r', b'\n', rest @ ..]) = rest else { return None };
        self.start = self.buffer.len() - rest.len();
        self.number += 1;
        Some((a, b))
    }

    /// Whether the line that came last is the file's last, and has no end of its own: it may be a part of one.
    pub(crate) fn may_be_cut_off(&self) -> bool {
        self.is_ended && self.start == self.buffer.len() && !self.buffer.ends_with(b"\n")
    }

    /// An error about the line that came last.
    pub(crate) fn fault(&self, expected: impl ToString, found: impl ToString) -> LoadError {
        self.fault_at(self.number, expected, found)
    }

    fn fault_at(&self, number: usize, expected: impl ToString, found: impl ToString) -> LoadError {
        LoadError::content(&self.source.path, format!("line {number}"), expected, found)
    }
}

/// An integer from the start of `text`, and what follows it.
pub(crate) fn whole_number(text: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0u64;
    let mut n = 0;
    for &byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        // Eighteen digits fit whatever they are.
        value = if n < 18 {
            value * 10 + u64::from(digit)
        } else {
            value.checked_mul(10)?.checked_add(u64::from(digit))?
        };
        n += 1;
    }
    (n > 0).then(|| (value, &text[n..]))
}

/// As [`whole_number`], for ids: `007` is a text, for it is another id than `7`.
#[inline]
pub(crate) fn id_number(text: &[u8]) -> Option<(u64, &[u8])> {
    if let [b'0', digit, ..] = text
        && digit.is_ascii_digit()
    {
        return None;
    }
    whole_number(text)
}

/// A text that is one id and an integer from 0, without zeros in front.
pub(crate) fn parse_id(text: &[u8]) -> Option<u64> {
    id_number(text).filter(|(_, rest)| rest.is_empty()).map(|(value, _)| value)
}

/// A text that is one integer from 0.
pub(crate) fn parse_whole(text: &[u8]) -> Option<u64> {
    whole_number(text).filter(|(_, rest)| rest.is_empty()).map(|(value, _)| value)
}

/// A text that is one number.
pub(crate) fn parse_f32(text: &[u8]) -> Option<f32> {
    // Small integers are the most frequent by far.
    match whole_number(text) {
        Some((value, [])) if value < 1 << 24 => Some(value as f32),
        _ => {
            let text = std::str::from_utf8(text).ok()?;
            text.parse().ok().or_else(|| table_number(text).map(|number| number as f32))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_to_their_last_digit() {
        let whole = |text: &str| parse_whole(text.as_bytes());
        assert_eq!(whole("0"), Some(0));
        assert_eq!(whole("18446744073709551615"), Some(u64::MAX));
        assert_eq!(whole("00000000000000000000000018446744073709551615"), Some(u64::MAX));
        for text in ["", "-1", "1.0", "18446744073709551616", "99999999999999999999999", "1 "] {
            assert_eq!(whole(text), None, "{text}");
        }
        let number = |text: &str| parse_f32(text.as_bytes()).map(f32::to_bits);
        for text in ["7", "16777217", "-0.1", "1e-3", "3.4e38", "NaN", "inf"] {
            assert_eq!(number(text), Some(text.parse::<f32>().expect("a number").to_bits()), "{text}");
        }
        assert_eq!(number("x"), None);
        assert_eq!(number("0x1.8p+1"), Some(3f32.to_bits()));
        let id = |text: &str| parse_id(text.as_bytes());
        assert_eq!(["0", "7", "007", "00", "70"].map(id), [Some(0), Some(7), None, None, Some(70)]);
    }
}
