//! GML (`.gml`), read as a stream.
//!
//! ```text
//! file   = item*
//! item   = key value
//! key    = [A-Za-z_][0-9A-Za-z_]*
//! value  = integer | real (also ±INF, NAN, hexadecimal) | '"' text with &…; '"' | '[' item* ']'
//! comment = '#' anything, from the start of a line
//! graph  = graph [ directed 0|1  (node [ id NUMBER label TEXT … ] | edge [ source NUMBER target NUMBER weight NUMBER … ])* ]
//! ```
//! A node's name is its `label` where every node has one of its own, else its `id`; it is never its class by itself. Of edges,
//! `weight` (or `value`), or what the user names, is the weight. A
//! key that stands in a node several times is a vector. Lists in nodes and edges (`graphics [ … ]`) are passed over and reported.
//! What becomes of node attributes is said in `attributes.rs`.

use std::collections::BTreeSet;

use super::draft::Draft;
use super::estimate;
use super::format::{Certainty, Format, Group, Listed, Look, Meets};
use super::named::{ALSO, NamedGraph};
use super::node_index::NodeOrder;
use super::request::Request;
use super::unmet;
use super::values::Given;
use crate::io::report::LoadError;
use crate::io::source::Lines;
use crate::io::text::number::number_of;
use crate::io::text::shortened;

/// This format.
pub(super) static FORMAT: Format = Format {
    name: "GML",
    listed: Listed { group: Group::Texts, place: 3, name: "GML" },
    title: "GML",
    files: "`.gml`",
    also: ALSO,
    sniff,
    read,
    needed: estimate::of_names,
    meets: &[Meets::Encoding, Meets::NodeParts, Meets::Masks, Meets::EdgeAttribute],
    order: NodeOrder::FromZero,
    may_lack_parts: true,
    is_finished: false,
};

fn sniff(look: &Look<'_>) -> Option<Certainty> {
    matches!(look, Look::Text(look) if is_gml(look.text)).then_some(Certainty::Certain)
}

/// Longer lines are refused, bytes.
const MAX_LINE_BYTES: usize = 1 << 26;
/// Deeper nesting is refused: no graph needs it.
const MAX_DEPTH: usize = 256;

/// Whether text looks like this format: `graph [` stands at its start, perhaps behind other keys.
pub(crate) fn is_gml(text: &str) -> bool {
    let mut words = text
        .trim_start_matches('\u{feff}')
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .flat_map(str::split_whitespace);
    let mut last = "";
    words.by_ref().take(256).any(|word| {
        let is_start = (last == "graph" && word.starts_with('[')) || word.starts_with("graph[");
        last = word;
        is_start
    })
}

/// A piece of the text.
#[derive(Debug, Clone, PartialEq)]
enum Token {
    Key(String),
    Number(f64, String),
    Text(String),
    Open,
    Close,
    End,
}

impl Token {
    fn shown(&self) -> String {
        match self {
            Self::Key(text) | Self::Number(_, text) => format!("`{}`", shortened(text)),
            Self::Text(text) => format!("{:?}", shortened(text)),
            Self::Open => "`[`".to_owned(),
            Self::Close => "`]`".to_owned(),
            Self::End => "the end of the file".to_owned(),
        }
    }
}

/// The text, piece by piece.
struct Tokens<'a> {
    lines: Lines<'a>,
    line: String,
    at: usize,
    characters: Characters,
}

/// How characters beyond ASCII are stored: the format's standard is ISO 8859-1, most programs write UTF-8. The first line that has
/// any decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Characters {
    Ascii,
    /// UTF-8, and the line that showed it; 0 where the user says so.
    Utf8(usize),
    Latin1(usize),
}

impl Tokens<'_> {
    fn fault(&self, expected: impl ToString, found: impl ToString) -> LoadError {
        self.lines.fault(expected, found)
    }

    fn next_line(&mut self) -> Result<bool, LoadError> {
        self.at = 0;
        self.line.clear();
        let number = self.lines.number() + 1;
        match self.lines.next_line()? {
            Some(line) => {
                if line.starts_with(b"#") {
                    return Ok(true);
                }
                if line.is_ascii() {
                    self.line.extend(line.iter().copied().map(char::from));
                    return Ok(true);
                }
                let as_utf8 = std::str::from_utf8(line);
                if self.characters == Characters::Ascii {
                    self.characters =
                        if as_utf8.is_ok() { Characters::Utf8(number) } else { Characters::Latin1(number) };
                }
                match (self.characters, as_utf8) {
                    (Characters::Latin1(_), _) => {
                        self.line.push_str(&encoding_rs::WINDOWS_1252.decode_without_bom_handling(line).0);
                    }
                    (_, Ok(text)) => self.line.push_str(text),
                    (characters, Err(error)) => {
                        let rest = line[error.valid_up_to()..].iter().take(4);
                        let found = rest.map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
                        let why = match characters {
                            Characters::Utf8(first) if first > 0 => format!("as in line {first}"),
                            _ => "as chosen".to_owned(),
                        };
                        let expected = format!("UTF-8, {why} (say what all of it is in with --encoding)");
                        return Err(self.lines.fault(expected, format!("bytes {found}")));
                    }
                }
                Ok(true)
            }
            None => Ok(false),
        }
    }

    fn next(&mut self) -> Result<Token, LoadError> {
        loop {
            let rest = &self.line[self.at..];
            let skipped = rest.len() - rest.trim_start().len();
            self.at += skipped;
            if self.at < self.line.len() {
                break;
            }
            if !self.next_line()? {
                return Ok(Token::End);
            }
        }
        let rest = &self.line[self.at..];
        match rest.as_bytes()[0] {
            b'[' => {
                self.at += 1;
                return Ok(Token::Open);
            }
            b']' => {
                self.at += 1;
                return Ok(Token::Close);
            }
            b'"' => return self.text(),
            _ => {}
        }
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '[' | ']' | '"')).unwrap_or(rest.len());
        let word = rest[..end].to_owned();
        self.at += end;
        let is_key = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && word.chars().all(is_key) {
            return Ok(Token::Key(word));
        }
        match number_of(&word) {
            Some(number) if word.starts_with(['+', '-', '.']) || word.as_bytes()[0].is_ascii_digit() => {
                Ok(Token::Number(number, word))
            }
            _ => Err(self.fault("a key, a number, a text, `[` or `]`", format!("`{}`", shortened(&word)))),
        }
    }

    /// A text in quotation marks, which may go over several lines.
    fn text(&mut self) -> Result<Token, LoadError> {
        let first = self.lines.number();
        self.at += 1;
        let mut raw = String::new();
        loop {
            let rest = &self.line[self.at..];
            if let Some(end) = rest.find('"') {
                raw.push_str(&rest[..end]);
                self.at += end + 1;
                return Ok(Token::Text(unescaped(&raw)));
            }
            raw.push_str(rest);
            raw.push('\n');
            if raw.len() > MAX_LINE_BYTES || !self.next_line()? {
                return Err(self.fault("`\"` at the end of a text", format!("none since line {first}")));
            }
        }
    }

    /// Passes over a list whose `[` was read.
    fn skip_list(&mut self) -> Result<(), LoadError> {
        let mut depth = 1usize;
        while depth > 0 {
            match self.next()? {
                Token::Open => depth += 1,
                Token::Close => depth -= 1,
                Token::End => return Err(self.fault("`]`", "the end of the file")),
                _ => {}
            }
            if depth > MAX_DEPTH {
                return Err(self.fault(format!("at most {MAX_DEPTH} lists in each other"), "more"));
            }
        }
        Ok(())
    }

    /// A key and its value in a list; `None` at the list's end.
    fn item(&mut self) -> Result<Option<(String, Token)>, LoadError> {
        match self.next()? {
            Token::Key(key) => match self.next()? {
                // No keys, but values that programs write as they are.
                Token::Key(word) if number_of(&word).is_some() => {
                    Ok(Some((key, Token::Number(number_of(&word).unwrap_or(f64::NAN), word))))
                }
                Token::Key(word) if is_word_of_python(&word) => Ok(Some((key, Token::Text(word)))),
                Token::Key(found) => {
                    Err(self.fault(format!("a value of {}", shortened(&key)), format!("`{}`", shortened(&found))))
                }
                found @ (Token::Close | Token::End) => {
                    Err(self.fault(format!("a value of {}", shortened(&key)), found.shown()))
                }
                value => Ok(Some((key, value))),
            },
            Token::Close => Ok(None),
            found => Err(self.fault("a key or `]`", found.shown())),
        }
    }
}

/// Values of Python that some programs write without quotation marks.
fn is_word_of_python(word: &str) -> bool {
    ["true", "false", "none", "null"].iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// The entities of ISO 8859-1's upper half, U+00A0 to U+00FF in order, which the format allows beside those of XML.
const LATIN_ENTITIES: &str = "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 \
    sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil \
    Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml \
    Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde \
    ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml";

/// The character that a name of the format stands for.
fn entity(name: &str) -> Option<String> {
    if let Some(text) = quick_xml::escape::resolve_xml_entity(name) {
        return Some(text.to_owned());
    }
    let at = LATIN_ENTITIES.split_ascii_whitespace().position(|known| known == name)?;
    char::from_u32(0xa0 + u32::try_from(at).ok()?).map(String::from)
}

/// Text with its `&…;` resolved.
fn unescaped(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let resolved = after.find(';').filter(|end| *end <= 16).and_then(|end| {
            let name = &after[..end];
            let character = match name.strip_prefix('#') {
                Some(number) => {
                    let code = match number.strip_prefix(['x', 'X']) {
                        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
                        None => number.parse().ok()?,
                    };
                    char::from_u32(code)?.to_string()
                }
                None => entity(name)?,
            };
            Some((character, end))
        });
        if let Some((character, end)) = resolved {
            out.push_str(&character);
            rest = &after[end + 1..];
        } else {
            out.push('&');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// Reads the file.
fn read(request: Request<'_>) -> Result<Draft, LoadError> {
    let lines = Lines::open_text(
        request.path,
        request.options.encoding,
        request.ctl,
        "reading nodes and edges",
        MAX_LINE_BYTES,
    )?;
    let characters = if request.options.encoding.is_some() { Characters::Utf8(0) } else { Characters::Ascii };
    let mut tokens = Tokens { lines, line: String::new(), at: 0, characters };
    let mut reading = Reading::default();
    let mut has_graph = false;
    loop {
        match tokens.next()? {
            Token::End => break,
            Token::Key(key) => match (key.as_str(), tokens.next()?) {
                ("graph", Token::Open) if !has_graph => {
                    has_graph = true;
                    reading.graph(&mut tokens, request)?;
                }
                (name, Token::Open) => {
                    if name == "graph" {
                        reading.graph.pass_over("further graphs");
                    }
                    tokens.skip_list()?;
                }
                (_, found @ (Token::End | Token::Close | Token::Key(_))) => {
                    return Err(tokens.fault(format!("a value of {}", shortened(&key)), found.shown()));
                }
                _ => {}
            },
            found => return Err(tokens.fault("a key", found.shown())),
        }
    }
    if !has_graph {
        return Err(tokens.fault("graph [ … ]", "the end of the file"));
    }
    if let Some((name, line)) = reading.graph.names.undeclared().next() {
        let expected = "an edge between nodes of the graph";
        return Err(LoadError::content(
            request.path,
            format!("line {line}"),
            expected,
            format!("an edge to node {name}"),
        ));
    }
    if let Some(asked) = request.options.weight_attribute.as_deref().filter(|_| !reading.has_asked) {
        let names: Vec<&str> = reading.of_edges.iter().map(String::as_str).collect();
        return Err(unmet::no_edge_attribute(asked, &names, request.path));
    }
    let labels = reading.labels;
    let mut draft = reading.graph.finish(request)?;
    if let Characters::Latin1(line) = tokens.characters {
        draft.report.fact(
            "encoding",
            format!("latin1, the format's standard (line {line} is no UTF-8; --encoding takes another)"),
        );
    }
    let n = draft.topology.n_nodes();
    let mut sorted: Vec<&String> = labels.iter().flatten().collect();
    sorted.sort_unstable();
    let n_labelled = sorted.len();
    sorted.dedup();
    if n_labelled == n && sorted.len() == n {
        draft.node_ids = Some(labels.into_iter().flatten().collect());
        draft.report.ignored.retain(|line| !line.starts_with("node attribute label"));
    } else if n_labelled > sorted.len() {
        let n_twice = n_labelled - sorted.len();
        draft.report.warnings.push(format!("{n_twice} labels stand there several times: nodes are named by their ids"));
    }
    Ok(draft)
}

#[derive(Default)]
struct Reading {
    graph: NamedGraph,
    /// Labels of the nodes in order of their numbers.
    labels: Vec<Option<String>>,
    /// Names of edge attributes, for an error; whether an edge has the one that was asked for.
    of_edges: BTreeSet<String>,
    has_asked: bool,
}

impl Reading {
    fn graph(&mut self, tokens: &mut Tokens<'_>, request: Request<'_>) -> Result<(), LoadError> {
        let mut is_directed = false;
        let mut n_edges = 0usize;
        while let Some((key, value)) = tokens.item()? {
            match (key.as_str(), value) {
                ("directed", Token::Number(..) | Token::Text(_)) if n_edges > 0 => {
                    return Err(tokens.fault("directed in front of the edges", "it behind them"));
                }
                ("directed", Token::Number(number, _)) => is_directed = number != 0.0,
                // The standard has 0 and 1 alone.
                ("directed", Token::Text(text)) => match text.to_ascii_lowercase().as_str() {
                    "1" | "true" | "yes" => is_directed = true,
                    "0" | "false" | "no" => is_directed = false,
                    _ => return Err(tokens.fault("directed 0 or 1", format!("{:?}", shortened(&text)))),
                },
                ("node", Token::Open) => self.node(tokens)?,
                ("edge", Token::Open) => {
                    n_edges += 1;
                    self.edge(tokens, is_directed, request)?;
                }
                (_, Token::Open) => {
                    self.graph.pass_over(&format!("graph attribute {}", shortened(&key)));
                    tokens.skip_list()?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn node(&mut self, tokens: &mut Tokens<'_>) -> Result<(), LoadError> {
        let line = tokens.lines.number();
        let mut id = None;
        let mut label = None;
        let mut values: Vec<(String, Token)> = Vec::new();
        while let Some((key, value)) = tokens.item()? {
            match (key.as_str(), value) {
                ("id", Token::Number(_, text) | Token::Text(text)) => id = Some(text),
                ("label", Token::Number(_, text) | Token::Text(text)) => {
                    values.push((key, Token::Text(text.clone())));
                    label = Some(text);
                }
                (_, Token::Open) => {
                    self.graph.pass_over(&format!("list {} of nodes", shortened(&key)));
                    tokens.skip_list()?;
                }
                (_, value) => values.push((key, value)),
            }
        }
        let Some(id) = id else { return Err(tokens.fault("id of a node", format!("none in the node of line {line}"))) };
        let (node, is_new) = self.graph.names.declare(&id, line);
        if !is_new {
            return Err(tokens.fault("every id once", format!("node {} again", shortened(&id))));
        }
        if self.labels.len() <= node as usize {
            self.labels.resize(node as usize + 1, None);
        }
        self.labels[node as usize] = label;
        for (key, value) in &values {
            let given = match value {
                Token::Number(number, _) => Given::Number(*number),
                Token::Text(text) => Given::Text(text),
                _ => continue,
            };
            if self.graph.attributes.append(key, node, given).is_err() {
                self.graph.pass_over(&format!("further values of node attribute {}", shortened(key)));
            }
        }
        Ok(())
    }

    fn edge(&mut self, tokens: &mut Tokens<'_>, is_directed: bool, request: Request<'_>) -> Result<(), LoadError> {
        let line = tokens.lines.number();
        let asked = request.options.weight_attribute.as_deref();
        let counts = request.options.weights != Some(false);
        let weight_name = asked.unwrap_or("weight");
        let (mut source, mut target, mut weight, mut value_weight) = (None, None, None, None);
        while let Some((key, value)) = tokens.item()? {
            match (key.as_str(), value) {
                ("source", Token::Number(_, text) | Token::Text(text)) => source = Some(text),
                ("target", Token::Number(_, text) | Token::Text(text)) => target = Some(text),
                (name, Token::Number(number, _)) if name == weight_name => weight = Some(number),
                ("value", Token::Number(number, _)) if asked.is_none() => value_weight = Some(number),
                (name, Token::Text(text)) if name == weight_name => match number_of(&text) {
                    Some(number) => weight = Some(number),
                    None if !counts => weight = Some(1.0),
                    None => {
                        let expected = format!("a number ({weight_name})");
                        return Err(tokens.fault(expected, format!("{:?}", shortened(&text))));
                    }
                },
                (_, Token::Open) => {
                    self.graph.pass_over(&format!("list {} of edges", shortened(&key)));
                    tokens.skip_list()?;
                }
                _ => {
                    let name = shortened(&key);
                    self.graph.pass_over(&format!("edge attribute {name}"));
                    if asked.is_some() && self.of_edges.len() < 64 {
                        self.of_edges.insert(name);
                    }
                }
            }
        }
        let missing =
            |what: &str| tokens.fault(format!("{what} of an edge"), format!("none in the edge of line {line}"));
        let source = source.ok_or_else(|| missing("source"))?;
        let target = target.ok_or_else(|| missing("target"))?;
        let mut edge = self.graph.edge(&source, &target, is_directed, line);
        self.has_asked |= asked.is_some() && weight.is_some();
        let weight = weight.or(value_weight);
        let weight = weight.map(|w| if w.is_finite() || counts { w } else { 1.0 });
        if weight.is_some_and(|w| !(w as f32).is_finite()) {
            return Err(tokens.fault("a finite number (weight)", format!("another one in the edge of line {line}")));
        }
        edge.weight = weight.map(|w| w as f32);
        self.graph.finish_edge(edge);
        Ok(())
    }
}
