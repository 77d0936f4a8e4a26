//! What stands before the values of an array: their type, their order and the lengths along each axis.

use crate::io::text::shortened;

pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

/// The type of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    F2,
    F4,
    F8,
    I1,
    I2,
    I4,
    I8,
    U1,
    U2,
    U4,
    U8,
    Bool,
    /// Text of so many bytes, padded with zeros.
    Bytes(usize),
    /// Text of so many UTF-32 characters, padded with zeros.
    Unicode(usize),
}

impl Kind {
    /// The type that a `descr` names, or what is wrong with it.
    pub(super) fn parse(descr: &str) -> Result<Self, String> {
        let (order, rest) = descr.split_at_checked(1).ok_or_else(|| "nothing".to_owned())?;
        let (letter, width) = rest.split_at_checked(1).ok_or_else(|| descr.to_owned())?;
        let found = || format!("{descr:?}");
        if letter == "O" {
            return Err("Python objects (a pickle, which is never run)".into());
        }
        let width: usize = width.parse().map_err(|_error| found())?;
        if order == ">" && width > 1 {
            return Err(format!("{descr:?} (big-endian)"));
        }
        match (letter, width) {
            ("f", 2) => Ok(Self::F2),
            ("f", 4) => Ok(Self::F4),
            ("f", 8) => Ok(Self::F8),
            ("i", 1) => Ok(Self::I1),
            ("i", 2) => Ok(Self::I2),
            ("i", 4) => Ok(Self::I4),
            ("i", 8) => Ok(Self::I8),
            ("u", 1) => Ok(Self::U1),
            ("u", 2) => Ok(Self::U2),
            ("u", 4) => Ok(Self::U4),
            ("u", 8) => Ok(Self::U8),
            ("b", 1) => Ok(Self::Bool),
            ("S", 1..) => Ok(Self::Bytes(width)),
            ("U", 1..) => Ok(Self::Unicode(width)),
            _ => Err(found()),
        }
    }

    pub(super) fn size(self) -> Option<usize> {
        match self {
            Self::I1 | Self::U1 | Self::Bool => Some(1),
            Self::F2 | Self::I2 | Self::U2 => Some(2),
            Self::F4 | Self::I4 | Self::U4 => Some(4),
            Self::F8 | Self::I8 | Self::U8 => Some(8),
            Self::Bytes(width) => Some(width),
            Self::Unicode(width) => width.checked_mul(4),
        }
    }
}

/// How the values of an array lie.
#[derive(Debug)]
pub(crate) struct Layout<'a> {
    /// Their type, as NumPy spells it.
    pub(crate) descr: &'a str,
    /// Whether the first axis varies fastest.
    pub(crate) is_fortran: bool,
    /// Lengths along each axis.
    pub(crate) shape: Vec<usize>,
}

/// What a type has to be, in errors.
pub(super) const EXPECTED_TYPES: &str = "little-endian numbers or fixed-width text";

/// Number of values of a shape.
pub(super) fn n_values(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d))
}

/// What is expected and found where a shape does not fit its values.
pub(super) fn other_length(n_bytes: Option<usize>, shape: &[usize], n_found: u64) -> Refusal {
    let expected = n_bytes.map_or_else(|| "more bytes of values than fit".into(), |n| format!("{n} bytes of values"));
    (format!("{expected} for shape {shape:?}"), format!("{n_found} bytes"))
}

/// A file's first bytes, for saying what was found instead.
pub(crate) fn first_bytes(bytes: &[u8]) -> String {
    let start: Vec<String> = bytes.iter().take(8).map(|b| format!("{b:02x}")).collect();
    if start.is_empty() { "nothing".to_owned() } else { format!("bytes {}", start.join(" ")) }
}

/// The Python dictionary before the values.
pub(super) struct Header {
    pub(super) descr: String,
    pub(super) is_fortran: bool,
    pub(super) shape: Vec<usize>,
}

/// What was expected and what was found.
pub(super) type Refusal = (String, String);

impl Header {
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let mut rest = Rest(text);
        let (mut descr, mut is_fortran, mut shape) = (None, None, None);
        rest.expect('{')?;
        while !rest.take('}') {
            let key = rest.text()?;
            rest.expect(':')?;
            let is_repeated = match key {
                "descr" => descr.replace(rest.text()?.to_owned()).is_some(),
                "fortran_order" => is_fortran.replace(rest.boolean()?).is_some(),
                "shape" => shape.replace(rest.tuple()?).is_some(),
                _ => return Err(("only descr, fortran_order and shape".into(), shortened(key))),
            };
            if is_repeated {
                return Err((format!("{key} once"), "it twice".into()));
            }
            if !rest.take(',') {
                rest.expect('}')?;
                break;
            }
        }
        if !rest.0.trim().is_empty() {
            return Err(rest.instead("nothing behind the dictionary"));
        }
        let missing = |key: &str| (key.to_owned(), "no such key".to_owned());
        Ok(Self {
            descr: descr.ok_or_else(|| missing("descr"))?,
            is_fortran: is_fortran.ok_or_else(|| missing("fortran_order"))?,
            shape: shape.ok_or_else(|| missing("shape"))?,
        })
    }
}

/// The part of the header that is not read yet.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn take(&mut self, wanted: char) -> bool {
        self.0 = self.0.trim_start();
        let found = self.0.strip_prefix(wanted);
        self.0 = found.unwrap_or(self.0);
        found.is_some()
    }

    fn expect(&mut self, wanted: char) -> Result<(), Refusal> {
        if self.take(wanted) { Ok(()) } else { Err(self.instead(&format!("`{wanted}`"))) }
    }

    fn text(&mut self) -> Result<&'a str, Refusal> {
        self.0 = self.0.trim_start();
        for quote in ['\'', '"'] {
            if let Some((text, rest)) = self.0.strip_prefix(quote).and_then(|rest| rest.split_once(quote)) {
                self.0 = rest;
                return Ok(text);
            }
        }
        Err(self.instead("a text (one type for all values)"))
    }

    fn boolean(&mut self) -> Result<bool, Refusal> {
        self.0 = self.0.trim_start();
        for (word, value) in [("True", true), ("False", false)] {
            if let Some(rest) = self.0.strip_prefix(word) {
                self.0 = rest;
                return Ok(value);
            }
        }
        Err(self.instead("True or False"))
    }

    fn tuple(&mut self) -> Result<Vec<usize>, Refusal> {
        /// NumPy's own limit.
        const MOST_AXES: usize = 64;
        self.expect('(')?;
        let mut lengths = Vec::new();
        while !self.take(')') {
            self.0 = self.0.trim_start();
            let n_digits = self.0.bytes().take_while(u8::is_ascii_digit).count();
            let (digits, rest) = self.0.split_at(n_digits);
            let Ok(length) = digits.parse() else { return Err(self.instead("a length")) };
            lengths.push(length);
            if lengths.len() > MOST_AXES {
                return Err((format!("at most {MOST_AXES} axes"), "more".into()));
            }
            // Python 2 wrote long integers with an L behind them.
            self.0 = rest.strip_prefix('L').unwrap_or(rest);
            if !self.take(',') {
                self.expect(')')?;
                break;
            }
        }
        Ok(lengths)
    }

    fn instead(&self, expected: &str) -> Refusal {
        let found = self.0.trim();
        let found = if found.is_empty() { "its end".to_owned() } else { format!("`{}`", shortened(found)) };
        (expected.to_owned(), found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_strictly() {
        let check = |text: &str, expected: &str| {
            let found = match Header::parse(text) {
                Ok(header) => format!("{} {} {:?}", header.descr, header.is_fortran, header.shape),
                Err((expected, found)) => format!("expected {expected}, found {found}"),
            };
            assert_eq!(found, expected, "{text}");
        };
        check("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n", "<f4 false [2, 3]");
        check("{\"shape\":(7L,),\"fortran_order\":True,\"descr\":\"|b1\"}", "|b1 true [7]");
        check("{'descr': '<i8', 'fortran_order': False, 'shape': ()}", "<i8 false []");
        check(
            "{'descr': [('a', '<f4')], 'shape': (1,)}",
            "expected a text (one type for all values), found `[('a', '<f4')], 'shape': (1,)}`",
        );
        check("{'descr': '<f4', 'shape': (1,)}", "expected fortran_order, found no such key");
        check("{'shape': (-1,)}", "expected a length, found `-1,)}`");
        check("{'shape': (99999999999999999999999,)}", "expected a length, found `99999999999999999999999,)}`");
        check("{'shape': (1 2)}", "expected `)`, found `2)}`");
        check("{'shape': (1,), 'shape': (1,)}", "expected shape once, found it twice");
        check("{'x': 1}", "expected only descr, fortran_order and shape, found x");
        check("{} 1", "expected nothing behind the dictionary, found `1`");
        check("", "expected `{`, found its end");
    }
}
