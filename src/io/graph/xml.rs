//! XML as a stream of opened and closed elements, for the formats made of it.
//!
//! What is never held: more than the element that is being read. Entities other than XML's own are left as they stand, so that
//! nothing expands; namespaces are not looked at, only the names behind them.
//!
//! The text is in the encoding of its byte order mark, else the one that the user chose, else the one that the declaration names, else
//! UTF-8. Bytes that are none of its characters are refused with their place: no character is ever replaced.

use std::cell::Cell;
use std::io::{BufReader, Cursor, Read as _};
use std::rc::Rc;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::request::Request;
use crate::io::encoding::{Misfit, Transcoded, of, of_mark};
use crate::io::report::LoadError;
use crate::io::source::ByteSource;
use crate::io::text::shortened;

/// An element's start: its name without a namespace, and its attributes.
#[derive(Debug, Clone, Default)]
pub(super) struct Element {
    pub(super) name: String,
    attributes: Vec<(String, String)>,
}

impl Element {
    /// An attribute's value.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Markup {
    /// An element starts.
    Open(Element),
    /// An element of that name ends; the text that stood in it behind its last child.
    Close(String, String),
}

/// An XML file that is being read.
pub(super) struct Xml<'a> {
    request: Request<'a>,
    reader: Reader<BufReader<Box<dyn std::io::Read>>>,
    /// What the text is in, for errors.
    encoding: &'static str,
    n_taken: Rc<Cell<u64>>,
    file_bytes: u64,
    stage: &'static str,
    buffer: Vec<u8>,
    text: String,
    open: Vec<String>,
    n_events: usize,
}

/// Deeper nesting is refused: no graph needs it.
const MAX_DEPTH: usize = 256;
/// How many elements are read between two looks at the stop button.
const EVENTS_PER_CHECK: usize = 1 << 12;

impl<'a> Xml<'a> {
    pub(super) fn open(request: Request<'a>, stage: &'static str) -> Result<Self, LoadError> {
        /// Where a declaration ends at the latest.
        const HEAD_BYTES: usize = 1 << 10;
        let mut source = ByteSource::open(request.path)?;
        let (n_taken, file_bytes) = source.progress();
        let mut head = Vec::new();
        source.read_into(&mut head, HEAD_BYTES)?;
        let encoding = encoding_of(&head, request)?;
        let whole = Cursor::new(head).chain(source);
        let source: Box<dyn std::io::Read> =
            if encoding == encoding_rs::UTF_8 { Box::new(whole) } else { Box::new(Transcoded::new(whole, encoding)) };
        let mut reader = Reader::from_reader(BufReader::with_capacity(1 << 18, source));
        reader.config_mut().expand_empty_elements = true;
        reader.config_mut().allow_dangling_amp = true;
        Ok(Self {
            request,
            reader,
            encoding: encoding.name(),
            n_taken,
            file_bytes,
            stage,
            buffer: Vec::new(),
            text: String::new(),
            open: Vec::new(),
            n_events: 0,
        })
    }

    /// An error about what came last.
    pub(super) fn fault(&self, expected: impl ToString, found: impl ToString) -> LoadError {
        LoadError::content(self.request.path, format!("byte {}", self.position()), expected, found)
    }

    /// How many bytes were read, unpacked.
    pub(super) fn position(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    /// The next start or end of an element; nothing at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Markup>, LoadError> {
        loop {
            self.n_events += 1;
            if self.n_events % EVENTS_PER_CHECK == 1 {
                self.request.check()?;
                self.request.ctl.progress(self.stage, self.n_taken.get() as usize, self.file_bytes as usize);
            }
            self.buffer.clear();
            let event = self.reader.read_event_into(&mut self.buffer);
            match event {
                Ok(Event::Start(start)) => {
                    let element = element(&start).map_err(|bytes| self.no_text(&bytes))?;
                    self.text.clear();
                    self.open.push(element.name.clone());
                    if self.open.len() > MAX_DEPTH {
                        return Err(self.fault(format!("at most {MAX_DEPTH} elements in each other"), "more"));
                    }
                    return Ok(Some(Markup::Open(element)));
                }
                Ok(Event::End(_)) => {
                    let name = self.open.pop().unwrap_or_default();
                    return Ok(Some(Markup::Close(name, std::mem::take(&mut self.text))));
                }
                Ok(Event::Text(text)) => {
                    let wrong = match std::str::from_utf8(&text) {
                        Ok(text) => {
                            self.text.push_str(text);
                            continue;
                        }
                        Err(_) => text.to_vec(),
                    };
                    return Err(self.no_text(&wrong));
                }
                Ok(Event::CData(text)) => {
                    let wrong = match std::str::from_utf8(&text) {
                        Ok(text) => {
                            self.text.push_str(text);
                            continue;
                        }
                        Err(_) => text.to_vec(),
                    };
                    return Err(self.no_text(&wrong));
                }
                Ok(Event::GeneralRef(reference)) => {
                    let name = String::from_utf8_lossy(&reference).into_owned();
                    match reference.resolve_char_ref() {
                        Ok(Some(character)) => self.text.push(character),
                        _ => match quick_xml::escape::resolve_xml_entity(&name) {
                            Some(text) => self.text.push_str(text),
                            None => self.text.extend(["&", &name, ";"]),
                        },
                    }
                }
                Ok(Event::Eof) => {
                    return match self.open.last() {
                        Some(name) => Err(self.fault(format!("</{name}>"), "the end of the file")),
                        None => Ok(None),
                    };
                }
                Ok(_) => {}
                Err(quick_xml::Error::Io(error)) if misfit(&error).is_some() => {
                    let expected =
                        format!("text in {}, as it is declared or chosen (say another with --encoding)", self.encoding);
                    let found = misfit(&error).map_or_else(String::new, ToString::to_string);
                    return Err(LoadError::content(self.request.path, "text", expected, found));
                }
                Err(error) => return Err(self.fault("XML", shortened(&error.to_string()))),
            }
        }
    }

    /// The error about bytes that are no UTF-8, in what came last.
    fn no_text(&self, bytes: &[u8]) -> LoadError {
        let at = std::str::from_utf8(bytes).err().map_or(0, |error| error.valid_up_to());
        let rest = bytes.get(at..).unwrap_or_default();
        let found: Vec<String> = rest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let (latin, _, _) = encoding_rs::WINDOWS_1252.decode(bytes);
        let expected = "UTF-8, because the file declares no other encoding (say which with --encoding, or in its first line: <?xml \
                        version=\"1.0\" encoding=\"ISO-8859-1\"?>)";
        self.fault(expected, format!("bytes {} (`{}` in latin1)", found.join(" "), shortened(latin.trim())))
    }

    /// Passes over everything up to the end of the element that was opened last.
    pub(super) fn skip(&mut self) -> Result<(), LoadError> {
        let depth = self.open.len();
        while self.open.len() >= depth {
            self.next()?;
        }
        Ok(())
    }
}

/// The start of an element; else the bytes in it that are no UTF-8.
fn element(start: &BytesStart<'_>) -> Result<Element, Vec<u8>> {
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).map(str::to_owned).map_err(|_error| bytes.to_vec());
    let name = text(start.local_name().as_ref())?;
    let mut all = start.attributes();
    let attributes = all.with_checks(false).filter_map(Result::ok).map(|attribute| {
        let key = text(attribute.key.local_name().as_ref())?;
        let raw = text(&attribute.value)?;
        let value = quick_xml::escape::unescape(&raw).map(std::borrow::Cow::into_owned);
        Ok((key, value.unwrap_or(raw)))
    });
    let attributes = attributes.collect::<Result<_, Vec<u8>>>()?;
    Ok(Element { name, attributes })
}

fn misfit(error: &std::io::Error) -> Option<&Misfit> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}

/// What a text that begins with `head` is in.
fn encoding_of(head: &[u8], request: Request<'_>) -> Result<&'static encoding_rs::Encoding, LoadError> {
    if let Some(encoding) = of_mark(head) {
        return Ok(encoding);
    }
    // Without a mark, the first character gives away units of two bytes.
    match head {
        [b'<', 0, ..] => return Ok(encoding_rs::UTF_16LE),
        [0, b'<', ..] => return Ok(encoding_rs::UTF_16BE),
        _ => {}
    }
    if let Some(chosen) = request.options.encoding {
        return Ok(of(chosen));
    }
    let Some(label) = declared(head) else { return Ok(encoding_rs::UTF_8) };
    match encoding_rs::Encoding::for_label(label) {
        // The declaration itself can be read, so it cannot be true.
        Some(encoding) if encoding == encoding_rs::UTF_16LE || encoding == encoding_rs::UTF_16BE => {
            Ok(encoding_rs::UTF_8)
        }
        Some(encoding) => Ok(encoding),
        None => {
            let expected = "an encoding such as UTF-8, ISO-8859-1 or Shift_JIS (or say which with --encoding)";
            let found = shortened(&String::from_utf8_lossy(label));
            Err(LoadError::content(request.path, "XML declaration", expected, found))
        }
    }
}

/// The encoding that the declaration names.
fn declared(head: &[u8]) -> Option<&[u8]> {
    let rest = head.trim_ascii_start().strip_prefix(b"<?xml")?;
    let declaration = rest.get(..memchr::memmem::find(rest, b"?>")?)?;
    let at = memchr::memmem::find(declaration, b"encoding")? + b"encoding".len();
    let value = declaration.get(at..)?.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (quote, value) = value.split_first()?;
    value.get(..memchr::memchr(*quote, value)?)
}

/// The name of an XML text's first element, without a namespace.
pub(super) fn root_element(text: &str) -> Option<&str> {
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    // Over the declaration, comments and the document type.
    while let Some(inner) = rest.strip_prefix("<?").or_else(|| rest.strip_prefix("<!")) {
        let end = if inner.starts_with("--") { "-->" } else { ">" };
        rest = rest.get(rest.find(end)? + end.len()..)?.trim_start();
    }
    let name = rest.strip_prefix('<')?.split(|c: char| c.is_whitespace() || c == '>' || c == '/').next()?;
    name.rsplit(':').next()
}
