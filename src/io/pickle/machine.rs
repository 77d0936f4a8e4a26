//! The stack machine: one instruction after another, each a byte and what belongs to it.
//!
//! Instructions are those of `CPython`'s `pickletools`; positions in errors count from the start of the pickle.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use super::value::{Id, Node, Object, Pickle, PickleFault};
use crate::io::reading;

impl<'a> Pickle<'a> {
    /// Reads the pickle that `bytes` start with.
    ///
    /// # Errors
    /// [`PickleFault`] with the byte's position.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, PickleFault> {
        run(bytes)
    }
}

/// Memory is asked for where there are more values.
const ASKED_FROM: usize = 1 << 16;

/// Reads up to the end mark.
fn run(bytes: &[u8]) -> Result<Pickle<'_>, PickleFault> {
    let mut machine = Machine {
        bytes,
        at: 0,
        op_at: 0,
        nodes: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: BTreeMap::new(),
    };
    for n_done in 0usize.. {
        if n_done % STEPS_PER_CHECK == 0 && reading::is_stopped() {
            break;
        }
        machine.op_at = machine.at;
        let [op] = machine.chunk::<1>("the next instruction")?;
        if op == b'.' {
            let root = machine.pop()?;
            return Ok(Pickle { nodes: machine.nodes, root, n_bytes: machine.at });
        }
        machine.step(op)?;
    }
    Err(machine.fault("the next instruction", "a stop"))
}

/// So many instructions are carried out between two looks at the stop button.
const STEPS_PER_CHECK: usize = 1 << 12;

struct Machine<'a> {
    bytes: &'a [u8],
    /// Next byte to be read.
    at: usize,
    /// The instruction that is being carried out.
    op_at: usize,
    nodes: Vec<Node<'a>>,
    stack: Vec<Id>,
    /// Heights of the stack where a mark was set.
    marks: Vec<usize>,
    memo: BTreeMap<u64, Id>,
}

impl<'a> Machine<'a> {
    fn step(&mut self, op: u8) -> Result<(), PickleFault> {
        match op {
            // Protocol and frames: nothing is decided by them.
            0x80 => {
                let [protocol] = self.chunk("a protocol's number")?;
                if protocol > 5 { Err(self.fault("protocol 0 to 5", protocol)) } else { Ok(()) }
            }
            0x95 => self.chunk::<8>("a frame's length").map(|_| ()),
            // The stack.
            b'(' => {
                self.marks.push(self.stack.len());
                Ok(())
            }
            b'0' => {
                if self.marks.last() == Some(&self.stack.len()) {
                    self.marks.pop();
                    Ok(())
                } else {
                    self.pop().map(|_| ())
                }
            }
            b'1' => self.since_mark().map(|_| ()),
            b'2' => {
                let top = self.top()?;
                self.stack.push(top);
                Ok(())
            }
            b'g' | b'h' | b'j' | b'p' | b'q' | b'r' | 0x94 => self.memory(op),
            b'N' => self.push(Node::None),
            0x88 => self.push(Node::Bool(true)),
            0x89 => self.push(Node::Bool(false)),
            b'I' | b'J' | b'K' | b'M' | b'L' | 0x8a | 0x8b | b'F' | b'G' => self.number(op),
            b'S' | b'T' | b'U' | b'B' | b'C' | 0x8e | 0x96 | b'V' | b'X' | 0x8c | 0x8d => self.string(op),
            b')' | 0x85..=0x87 | b't' | b']' | b'l' | b'}' | b'd' | 0x8f | 0x91 | b'a' | b'e' | b's' | b'u' | 0x90 => {
                self.collection(op)
            }
            b'c' | 0x93 | b'i' | b'o' | b'R' | 0x81 | 0x92 | b'b' | 0x82..=0x84 | b'P' | b'Q' => self.object(op),
            0x97 | 0x98 => Err(self.fault("values inside the file", "a buffer outside of it (protocol 5)")),
            _ => Err(self.fault("an instruction of a pickle", format!("byte {op:02x}"))),
        }
    }

    fn fault(&self, expected: impl ToString, found: impl ToString) -> PickleFault {
        PickleFault { at: self.op_at, expected: expected.to_string(), found: found.to_string() }
    }

    // Bytes.

    fn take(&mut self, n: usize, what: &str) -> Result<&'a [u8], PickleFault> {
        let rest = self.bytes.get(self.at..).unwrap_or(&[]);
        let Some(chunk) = rest.get(..n) else {
            return Err(self.fault(what, format!("the end of the data after {} of {n} bytes", rest.len())));
        };
        self.at += n;
        Ok(chunk)
    }

    fn chunk<const N: usize>(&mut self, what: &str) -> Result<[u8; N], PickleFault> {
        let bytes = self.take(N, what)?;
        bytes.try_into().map_err(|_error| self.fault(what, "the end of the data"))
    }

    fn counted(&mut self, n_length_bytes: usize, what: &str) -> Result<&'a [u8], PickleFault> {
        let length = self.take(n_length_bytes, "a length")?;
        let length = length.iter().rev().fold(0u64, |n, byte| (n << 8) | u64::from(*byte));
        self.take(usize::try_from(length).unwrap_or(usize::MAX), &format!("{what} of {length} bytes"))
    }

    fn line(&mut self, what: &str) -> Result<&'a [u8], PickleFault> {
        let rest = self.bytes.get(self.at..).unwrap_or(&[]);
        let Some(length) = rest.iter().position(|byte| *byte == b'\n') else {
            return Err(self.fault(format!("{what} that ends with its line"), "the end of the data"));
        };
        self.at += length + 1;
        Ok(&rest[..length])
    }

    fn utf8(&self, bytes: &'a [u8]) -> Result<&'a str, PickleFault> {
        std::str::from_utf8(bytes).map_err(|error| self.fault("text in UTF-8", error))
    }

    // Stack and memory.

    fn new_node(&mut self, node: Node<'a>) -> Result<Id, PickleFault> {
        let id = u32::try_from(self.nodes.len()).map_err(|_error| self.fault("fewer than 2^32 values", "more"))?;
        if self.nodes.len() == self.nodes.capacity() && self.nodes.len() >= ASKED_FROM {
            // A value takes far more here than the byte that stands for it.
            let (path, n) = (Path::new("a pickle"), 2 * self.nodes.len());
            reading::ask_values(path, "a pickle's", n, size_of::<Node<'_>>())
                .map_err(|_error| self.fault(format!("memory for {n} values"), "less"))?;
        }
        self.nodes.push(node);
        Ok(Id(id))
    }

    fn push(&mut self, node: Node<'a>) -> Result<(), PickleFault> {
        let id = self.new_node(node)?;
        self.stack.push(id);
        Ok(())
    }

    /// The value on top, which lies above the last mark.
    fn top(&self) -> Result<Id, PickleFault> {
        let floor = self.marks.last().copied().unwrap_or(0);
        let top = self.stack.last().filter(|_| self.stack.len() > floor);
        top.copied().ok_or_else(|| self.fault("a value on the stack", if floor > 0 { "a mark" } else { "none" }))
    }

    fn pop(&mut self) -> Result<Id, PickleFault> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    fn since_mark(&mut self) -> Result<Vec<Id>, PickleFault> {
        let mark = self.marks.pop().ok_or_else(|| self.fault("a mark on the stack", "none"))?;
        Ok(self.stack.split_off(mark))
    }

    fn pairs_since_mark(&mut self) -> Result<Vec<(Id, Id)>, PickleFault> {
        let values = self.since_mark()?;
        let (pairs, rest) = values.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(self.fault("a value for every key", format!("{} keys and values", values.len())));
        }
        Ok(pairs.iter().map(|[key, value]| (*key, *value)).collect())
    }

    fn memory(&mut self, op: u8) -> Result<(), PickleFault> {
        let key = match op {
            b'g' | b'p' => {
                let line = self.line("a place in memory")?;
                let text = std::str::from_utf8(line).ok().and_then(|text| text.trim().parse().ok());
                text.ok_or_else(|| self.fault("a place in memory", format!("{:?}", String::from_utf8_lossy(line))))?
            }
            b'h' | b'q' => u64::from(self.chunk::<1>("a place in memory")?[0]),
            b'j' | b'r' => u64::from(u32::from_le_bytes(self.chunk("a place in memory")?)),
            _ => self.memo.len() as u64,
        };
        if matches!(op, b'g' | b'h' | b'j') {
            let id = self.memo.get(&key).copied();
            let id = id.ok_or_else(|| self.fault("a value in memory", format!("none at place {key}")))?;
            self.stack.push(id);
        } else {
            let top = self.top()?;
            self.memo.insert(key, top);
        }
        Ok(())
    }

    // Values.

    fn number(&mut self, op: u8) -> Result<(), PickleFault> {
        const WHAT: &str = "a number";
        let node = match op {
            b'I' => match self.line(WHAT)? {
                b"00" => Node::Bool(false),
                b"01" => Node::Bool(true),
                line => self.parsed(line)?,
            },
            b'L' => {
                let line = self.line(WHAT)?;
                self.parsed(line.strip_suffix(b"L").unwrap_or(line))?
            }
            b'J' => Node::Int(i32::from_le_bytes(self.chunk(WHAT)?).into()),
            b'K' => Node::Int(self.chunk::<1>(WHAT)?[0].into()),
            b'M' => Node::Int(u16::from_le_bytes(self.chunk(WHAT)?).into()),
            0x8a => integer(self.counted(1, WHAT)?),
            0x8b => integer(self.counted(4, WHAT)?),
            b'G' => Node::Float(f64::from_be_bytes(self.chunk(WHAT)?)),
            _ => {
                let line = self.line(WHAT)?;
                let value = std::str::from_utf8(line).ok().and_then(|text| text.trim().parse().ok());
                Node::Float(value.ok_or_else(|| self.fault(WHAT, format!("{:?}", String::from_utf8_lossy(line))))?)
            }
        };
        self.push(node)
    }

    /// An integer in decimal digits.
    fn parsed(&self, line: &[u8]) -> Result<Node<'a>, PickleFault> {
        let text = std::str::from_utf8(line).unwrap_or("").trim();
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            let found = crate::io::text::shortened(&String::from_utf8_lossy(line));
            return Err(self.fault("an integer", format!("{found:?}")));
        }
        Ok(text.parse().map_or(Node::Big, Node::Int))
    }

    fn string(&mut self, op: u8) -> Result<(), PickleFault> {
        let node = match op {
            b'S' => {
                let line = self.line("text")?;
                let quoted = line.len() >= 2 && line.first() == line.last() && matches!(line[0], b'\'' | b'"');
                if !quoted {
                    return Err(self.fault("text in quotes", format!("{} bytes without", line.len())));
                }
                Node::Bytes(unescaped(&line[1..line.len() - 1]))
            }
            b'U' | b'C' => Node::Bytes(Cow::Borrowed(self.counted(1, "bytes")?)),
            b'T' | b'B' => Node::Bytes(Cow::Borrowed(self.counted(4, "bytes")?)),
            0x8e | 0x96 => Node::Bytes(Cow::Borrowed(self.counted(8, "bytes")?)),
            b'V' => {
                let line = self.line("text")?;
                Node::Text(unescaped_unicode(line))
            }
            _ => {
                let bytes = self.counted(
                    if op == b'X' {
                        4
                    } else if op == 0x8c {
                        1
                    } else {
                        8
                    },
                    "text",
                )?;
                Node::Text(Cow::Borrowed(self.utf8(bytes)?))
            }
        };
        self.push(node)
    }

    fn collection(&mut self, op: u8) -> Result<(), PickleFault> {
        match op {
            b')' => self.push(Node::Tuple(Vec::new())),
            0x85..=0x87 => {
                let mut values = Vec::new();
                for _ in 0x84..op {
                    values.push(self.pop()?);
                }
                values.reverse();
                self.push(Node::Tuple(values))
            }
            b't' => {
                let values = self.since_mark()?;
                self.push(Node::Tuple(values))
            }
            b']' => self.push(Node::List(Vec::new())),
            b'l' => {
                let values = self.since_mark()?;
                self.push(Node::List(values))
            }
            b'}' => self.push(Node::Dict(Vec::new())),
            b'd' => {
                let pairs = self.pairs_since_mark()?;
                self.push(Node::Dict(pairs))
            }
            0x8f => self.push(Node::Set(Vec::new())),
            0x91 => {
                let values = self.since_mark()?;
                self.push(Node::Set(values))
            }
            b'a' => {
                let value = self.pop()?;
                self.append(vec![value])
            }
            b'e' | 0x90 => {
                let values = self.since_mark()?;
                self.append(values)
            }
            b's' => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.set_items(vec![(key, value)])
            }
            _ => {
                let pairs = self.pairs_since_mark()?;
                self.set_items(pairs)
            }
        }
    }

    fn append(&mut self, values: Vec<Id>) -> Result<(), PickleFault> {
        let target = self.top()?;
        match self.nodes.get_mut(target.0 as usize) {
            Some(Node::List(list) | Node::Set(list)) => list.extend(values),
            Some(Node::Object(object)) => object.appended.extend(values),
            _ => return Err(self.misused(target, "a list")),
        }
        Ok(())
    }

    fn set_items(&mut self, pairs: Vec<(Id, Id)>) -> Result<(), PickleFault> {
        let target = self.top()?;
        match self.nodes.get_mut(target.0 as usize) {
            Some(Node::Dict(items)) => items.extend(pairs),
            Some(Node::Object(object)) => object.items.extend(pairs),
            _ => return Err(self.misused(target, "a dictionary")),
        }
        Ok(())
    }

    fn misused(&self, target: Id, expected: &str) -> PickleFault {
        let found = match self.nodes.get(target.0 as usize) {
            Some(Node::List(_) | Node::Tuple(_) | Node::Set(_)) => "a list, tuple or set",
            Some(Node::Dict(_)) => "a dictionary",
            Some(Node::Global(..)) => "a function or class",
            Some(Node::Object(_)) => "an object",
            _ => "a plain value",
        };
        self.fault(format!("{expected} to change"), found)
    }

    /// Functions, classes and calls: written down, none made.
    fn object(&mut self, op: u8) -> Result<(), PickleFault> {
        match op {
            b'c' => {
                let global = self.global_of_lines()?;
                self.push(global)
            }
            0x93 => {
                let name = self.pop()?;
                let module = self.pop()?;
                if !matches!(
                    (self.nodes.get(module.0 as usize), self.nodes.get(name.0 as usize)),
                    (Some(Node::Text(_)), Some(Node::Text(_)))
                ) {
                    return Err(self.fault("module and name as text", "other values"));
                }
                self.push(Node::Global(module, name))
            }
            0x82..=0x84 => {
                let n_bytes = [1, 2, 4][usize::from(op - 0x82)];
                let code = self.take(n_bytes, "a registered class's number")?;
                let code = code.iter().rev().fold(0u32, |n, byte| (n << 8) | u32::from(*byte));
                let module = self.new_node(Node::Text(Cow::Borrowed("copyreg extension")))?;
                let name = self.new_node(Node::Text(Cow::Owned(code.to_string())))?;
                self.push(Node::Global(module, name))
            }
            b'i' => {
                let global = self.global_of_lines()?;
                let callable = self.new_node(global)?;
                let args = self.since_mark()?;
                let args = self.new_node(Node::Tuple(args))?;
                self.call(callable, args)
            }
            b'o' => {
                let mut values = self.since_mark()?;
                if values.is_empty() {
                    return Err(self.fault("a class", "none since the mark"));
                }
                let callable = values.remove(0);
                let args = self.new_node(Node::Tuple(values))?;
                self.call(callable, args)
            }
            b'R' | 0x81 => {
                let args = self.pop()?;
                let callable = self.pop()?;
                self.call(callable, args)
            }
            0x92 => {
                // Keyword arguments: none of the classes that are looked into has any.
                let _keywords = self.pop()?;
                let args = self.pop()?;
                let callable = self.pop()?;
                self.call(callable, args)
            }
            b'b' => {
                let state = self.pop()?;
                let target = self.top()?;
                match self.nodes.get_mut(target.0 as usize) {
                    Some(Node::Object(object)) => {
                        object.state = Some(state);
                        Ok(())
                    }
                    _ => Err(self.misused(target, "an object")),
                }
            }
            b'P' => {
                let line = self.line("a persistent id")?;
                let id = self.new_node(Node::Bytes(Cow::Borrowed(line)))?;
                self.push(Node::Persistent(id))
            }
            _ => {
                let id = self.pop()?;
                self.push(Node::Persistent(id))
            }
        }
    }

    fn call(&mut self, callable: Id, args: Id) -> Result<(), PickleFault> {
        if !matches!(self.nodes.get(args.0 as usize), Some(Node::Tuple(_))) {
            return Err(self.fault("arguments in a tuple", "another value"));
        }
        self.push(Node::Object(Box::new(Object {
            callable,
            args,
            state: None,
            items: Vec::new(),
            appended: Vec::new(),
        })))
    }

    fn global_of_lines(&mut self) -> Result<Node<'a>, PickleFault> {
        let module = self.line("a module's name")?;
        let name = self.line("a function's or class's name")?;
        let module = self.utf8(module)?;
        let module = self.new_node(Node::Text(Cow::Borrowed(module)))?;
        let name = self.utf8(name)?;
        let name = self.new_node(Node::Text(Cow::Borrowed(name)))?;
        Ok(Node::Global(module, name))
    }
}

/// Two's complement, little-endian, of any length.
fn integer(bytes: &[u8]) -> Node<'_> {
    if bytes.len() > 8 {
        return Node::Big;
    }
    let fill = if bytes.last().is_some_and(|last| last & 0x80 != 0) { 0xff } else { 0 };
    let mut word = [fill; 8];
    word.iter_mut().zip(bytes).for_each(|(w, b)| *w = *b);
    Node::Int(i64::from_le_bytes(word))
}

/// Text of Python 2 without its escapes.
fn unescaped(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'\\') {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.iter().copied();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match rest.next() {
            Some(b'n') => out.push(b'\n'),
            Some(b't') => out.push(b'\t'),
            Some(b'r') => out.push(b'\r'),
            Some(b'x') => {
                let digits = [rest.next().unwrap_or(b'0'), rest.next().unwrap_or(b'0')];
                let value = std::str::from_utf8(&digits).ok().and_then(|d| u8::from_str_radix(d, 16).ok());
                out.push(value.unwrap_or(b'?'));
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    Cow::Owned(out)
}

/// Text of protocol 0: Latin-1, other characters as `\uXXXX` and `\UXXXXXXXX`.
fn unescaped_unicode(text: &[u8]) -> Cow<'_, str> {
    if let Ok(plain) = std::str::from_utf8(text)
        && plain.is_ascii()
        && !plain.contains('\\')
    {
        return Cow::Borrowed(plain);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        let n_digits = match after.first() {
            Some(b'u') if *first == b'\\' => 4,
            Some(b'U') if *first == b'\\' => 8,
            _ => 0,
        };
        let digits = after.get(1..=n_digits).filter(|_| n_digits > 0).and_then(|d| std::str::from_utf8(d).ok());
        if let Some(character) = digits.and_then(|d| u32::from_str_radix(d, 16).ok()).and_then(char::from_u32) {
            out.push(character);
            rest = &after[1 + n_digits..];
        } else {
            out.push(char::from(*first));
            rest = after;
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(bytes: &[u8]) -> (usize, String, String) {
        let fault = run(bytes).map(|_| ()).expect_err("a broken pickle");
        (fault.at, fault.expected, fault.found)
    }

    fn check(bytes: &[u8], at: usize, expected: &str, found: &str) {
        assert_eq!(fault(bytes), (at, expected.to_owned(), found.to_owned()), "{bytes:02x?}");
    }

    #[test]
    fn broken_pickles_say_where_and_what() {
        check(b"", 0, "the next instruction", "the end of the data after 0 of 1 bytes");
        check(b"\x80\x06", 0, "protocol 0 to 5", "6");
        check(b"]q", 1, "a place in memory", "the end of the data after 0 of 1 bytes");
        check(b"h\x07.", 0, "a value in memory", "none at place 7");
        check(b"\x7f", 0, "an instruction of a pickle", "byte 7f");
        check(b"0.", 0, "a value on the stack", "none");
        check(b"N(a", 2, "a value on the stack", "a mark");
        check(b"NNt.", 2, "a mark on the stack", "none");
        check(b"}(NNNu.", 5, "a value for every key", "3 keys and values");
        check(b"NNa.", 2, "a list to change", "a plain value");
        check(b"cos\nsystem\n}b.", 12, "an object to change", "a function or class");
        check(b"cos\nsystem\nNR.", 12, "arguments in a tuple", "another value");
        check(b"X\xff\xff\xff\xffa", 0, "text of 4294967295 bytes", "the end of the data after 1 of 4294967295 bytes");
        let most = format!("bytes of {} bytes", u64::MAX);
        check(
            &[&[0x8e], &[0xff; 8][..]].concat(),
            0,
            &most,
            &format!("the end of the data after 0 of {} bytes", usize::MAX),
        );
        check(b"X\x01\0\0\0\xff", 0, "text in UTF-8", "invalid utf-8 sequence of 1 bytes from index 0");
        check(b"I1x\n.", 0, "an integer", "\"1x\"");
        check(b"\x97.", 0, "values inside the file", "a buffer outside of it (protocol 5)");
        check(b"cos\n", 0, "a function's or class's name that ends with its line", "the end of the data");
    }

    #[test]
    fn nothing_is_called_and_what_is_unknown_stays_closed() {
        let pickle = run(b"cos\nsystem\n(X\x04\0\0\0echotR.").expect("a whole pickle");
        let object = pickle.object(pickle.root()).expect("a call, written down");
        assert_eq!(pickle.global(object.callable), Some(("os", "system")));
        assert_eq!(pickle.closed(|_, _| false), ["os.system"]);
        assert_eq!(pickle.describe(pickle.root()), "an object of os.system");
    }

    #[test]
    fn a_list_that_contains_itself_is_one_value() {
        let pickle = run(b"]q\0h\0a.").expect("a whole pickle");
        assert_eq!(pickle.sequence(pickle.root()), Some(&[pickle.root()][..]));
        assert_eq!(pickle.n_nodes(), 1);
    }

    #[test]
    fn numbers_and_texts_of_every_protocol() {
        let bytes = b"(I01\nI-5\nL12L\nJ\xff\xff\xff\xffK\x07M\x00\x01\x8a\x01\xff\x8a\x00F1.5\nG\x3f\xe0\0\0\0\0\0\0S'a\\x41\\n'\nU\x01bVg\\u00e9\nX\x02\0\0\0\xc3\xa9t.";
        let pickle = run(bytes).expect("a whole pickle");
        let values: Vec<String> =
            pickle.sequence(pickle.root()).expect("a tuple").iter().map(|v| pickle.describe(*v)).collect();
        let expected = [
            "True",
            "-5",
            "12",
            "-1",
            "7",
            "256",
            "-1",
            "0",
            "1.5",
            "0.5",
            "3 bytes",
            "1 bytes",
            "\"g\u{e9}\"",
            "\"\u{e9}\"",
        ];
        assert_eq!(values, expected);
    }
}
