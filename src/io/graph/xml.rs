//! XML as a stream of opened and closed elements, for the formats made of it.
//!
//! What is never held: more than the element that is being read. Entities other than XML's own are left as they stand, so that
//! nothing expands; namespaces are not looked at, only the names behind them.

use std::cell::Cell;
use std::io::BufReader;
use std::rc::Rc;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::Request;
use crate::io::recipe::shortened;
use crate::io::report::LoadError;
use crate::io::source::ByteSource;

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
    reader: Reader<BufReader<ByteSource>>,
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
        let source = ByteSource::open(request.path)?;
        let (n_taken, file_bytes) = source.progress();
        let mut reader = Reader::from_reader(BufReader::with_capacity(1 << 18, source));
        reader.config_mut().expand_empty_elements = true;
        reader.config_mut().allow_dangling_amp = true;
        Ok(Self {
            request,
            reader,
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
                    let element = element(&start);
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
                Ok(Event::Text(text)) => self.text.push_str(&String::from_utf8_lossy(&text)),
                Ok(Event::CData(text)) => self.text.push_str(&String::from_utf8_lossy(&text)),
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
                Err(error) => return Err(self.fault("XML", shortened(&error.to_string()))),
            }
        }
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

fn element(start: &BytesStart<'_>) -> Element {
    let name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
    let mut all = start.attributes();
    let attributes = all.with_checks(false).filter_map(Result::ok).map(|attribute| {
        let key = String::from_utf8_lossy(attribute.key.local_name().as_ref()).into_owned();
        let raw = String::from_utf8_lossy(&attribute.value).into_owned();
        let value = quick_xml::escape::unescape(&raw).map(std::borrow::Cow::into_owned);
        (key, value.unwrap_or(raw))
    });
    let attributes = attributes.collect();
    Element { name, attributes }
}
