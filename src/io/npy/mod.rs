//! One NumPy array (`.npy`), read as if the file were hostile.
//!
//! ```text
//! file    = magic version length header values
//! magic   = 93 'N' 'U' 'M' 'P' 'Y'
//! version = 1 0 | 2 0 | 3 0
//! length  = u16 (version 1) or u32 (2, 3), little-endian: bytes of the header
//! header  = "{'descr': '<f4', 'fortran_order': False, 'shape': (2485, 1433), }" and padding
//! values  = exactly as many as the shape says, C order or, where the header says so, Fortran order
//! ```
//! Element types: little-endian floats of 2, 4 and 8 bytes, integers of 1 to 8, booleans, and fixed-width text (`S`, `U`).
//! An array of Python objects is a pickle, which could run anything; it is refused and never looked into.
//!
//! What is never allocated: more than 16 bytes for each byte of values that the file really holds.

mod pieces;

use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};

use ndarray::{Array2, ArrayD, IxDyn, ShapeBuilder as _};

use super::file::{MAX_FILE_BYTES, open};
use super::reading;
use super::recipe::shortened;
use super::report::LoadError;

pub(crate) use pieces::{Origin, Pieces};

const MAGIC: &[u8] = b"\x93NUMPY";

/// The type of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
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
    fn parse(descr: &str) -> Result<Self, String> {
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

    fn size(self) -> Option<usize> {
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

/// An array with its place, for errors.
#[derive(Debug, Clone)]
pub(crate) struct Array {
    path: PathBuf,
    place: String,
    kind: Kind,
    is_fortran: bool,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Array {
    /// Reads a `.npy` file.
    pub(crate) fn read(path: &Path) -> Result<Self, LoadError> {
        let file = open(path)?;
        let n_bytes = file.metadata().map_err(|source| LoadError::io("read", path, source))?.len();
        if n_bytes > MAX_FILE_BYTES {
            return Err(LoadError::content(path, "whole file", format!("at most {MAX_FILE_BYTES} bytes"), "more"));
        }
        let origin = Origin { path, place: "array".to_owned(), intact: "a file that can be read", n_bytes };
        Pieces::open(Box::new(BufReader::new(file).take(n_bytes)), origin)?.whole()
    }

    /// Reads a `.npy` file that is in memory; `place` names the array in errors.
    pub(crate) fn parse(bytes: &[u8], path: &Path, place: String) -> Result<Self, LoadError> {
        let origin = Origin { path, place, intact: "bytes in memory", n_bytes: bytes.len() as u64 };
        Pieces::open(Box::new(bytes), origin)?.whole()
    }

    /// An array whose values are `bytes`, from a container of another sort.
    pub(crate) fn from_values(
        path: &Path,
        place: String,
        layout: Layout<'_>,
        bytes: Vec<u8>,
    ) -> Result<Self, LoadError> {
        let Layout { descr, is_fortran, shape } = layout;
        let fault = |expected: &str, found: String| LoadError::content(path, &place, expected, found);
        let kind = Kind::parse(descr).map_err(|found| fault(EXPECTED_TYPES, found))?;
        let n_bytes = n_values(&shape).zip(kind.size()).and_then(|(n, size)| n.checked_mul(size));
        if n_bytes != Some(bytes.len()) {
            let (expected, found) = other_length(n_bytes, &shape, bytes.len() as u64);
            return Err(fault(&expected, found));
        }
        if shape.first().is_some_and(|rows| *rows > 2) && shape.iter().skip(1).any(|d| *d == 0) {
            // Such an array could claim any number of rows without a byte to show for it. Two are the ends of no edges.
            return Err(fault("at least one value in every row", format!("shape {shape:?}")));
        }
        Ok(Self { path: path.to_owned(), place, kind, is_fortran, shape, bytes })
    }

    /// Type and lengths that a file's first bytes tell.
    pub(crate) fn described(head: &[u8]) -> Option<(String, Vec<usize>)> {
        let (length, rest) = match head.strip_prefix(MAGIC)? {
            [1, 0, a, b, rest @ ..] => (usize::from(u16::from_le_bytes([*a, *b])), rest),
            [2 | 3, 0, a, b, c, d, rest @ ..] => (usize::try_from(u32::from_le_bytes([*a, *b, *c, *d])).ok()?, rest),
            _ => return None,
        };
        let header = Header::parse(std::str::from_utf8(rest.get(..length)?).ok()?).ok()?;
        Some((header.descr, header.shape))
    }

    /// Lengths along each axis.
    pub(crate) fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Number of values.
    pub(crate) fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Other values, 32-bit floats in a row, in this array's place.
    pub(crate) fn with_values(&self, values: impl Iterator<Item = f32>) -> Self {
        let bytes: Vec<u8> = values.flat_map(f32::to_le_bytes).collect();
        let shape = vec![bytes.len() / size_of::<f32>()];
        let (path, place) = (self.path.clone(), self.place.clone());
        Self { path, place, kind: Kind::F4, is_fortran: false, shape, bytes }
    }

    /// Whether the values are text.
    pub(crate) fn is_text(&self) -> bool {
        matches!(self.kind, Kind::Bytes(_) | Kind::Unicode(_))
    }

    /// An error about this array.
    pub(crate) fn fault(&self, expected: impl ToString, found: impl ToString) -> LoadError {
        LoadError::content(&self.path, &self.place, expected, found)
    }

    /// Checks that the array has one axis (or a second one of length 1) and `n` values.
    pub(crate) fn check_vector(&self, n: usize, what: &str) -> Result<(), LoadError> {
        match self.shape[..] {
            [len] | [len, 1] if len == n => Ok(()),
            _ => Err(self.fault(format!("shape [{n}] ({what})"), format!("shape {:?}", self.shape))),
        }
    }

    /// Checks that the array has two axes and gives their lengths.
    pub(crate) fn matrix_shape(&self, what: &str) -> Result<(usize, usize), LoadError> {
        match self.shape[..] {
            [rows, columns] => Ok((rows, columns)),
            _ => Err(self.fault(format!("two axes ({what})"), format!("shape {:?}", self.shape))),
        }
    }

    /// All values as 32-bit floats, in stored order.
    pub(crate) fn to_f32s(&self) -> Result<Vec<f32>, LoadError> {
        match self.kind {
            Kind::F2 => self.map_words(|b| f32_from_half(u16::from_le_bytes(b))),
            Kind::F4 => self.map_words(f32::from_le_bytes),
            Kind::F8 => self.map_words(|b| narrowed(f64::from_le_bytes(b))),
            Kind::Bytes(_) | Kind::Unicode(_) => Err(self.fault("numbers", "text")),
            _ => self.map_whole(|v| Ok(v as f32)),
        }
    }

    /// What becomes of all words of `N` bytes.
    fn map_words<const N: usize, T>(&self, change: impl Fn([u8; N]) -> T) -> Result<Vec<T>, LoadError> {
        self.try_words(|word| Ok(change(word)))
    }

    /// As [`Array::map_words`], where some words may be refused.
    fn try_words<const N: usize, T>(
        &self,
        change: impl Fn([u8; N]) -> Result<T, LoadError>,
    ) -> Result<Vec<T>, LoadError> {
        let mut out = self.room::<T>()?;
        for step in self.bytes.as_chunks::<N>().0.chunks(STEP_VALUES) {
            reading::check()?;
            for word in step {
                out.push(change(*word)?);
            }
        }
        Ok(out)
    }

    /// Asks for so many bytes, which are made of this array.
    pub(crate) fn ask(&self, n_bytes: u64, basis: impl FnOnce() -> String) -> Result<(), LoadError> {
        reading::ask(&self.path, n_bytes, || format!("{} ({})", basis(), self.place))
    }

    /// Room for as many values as there are, once there is memory for them.
    fn room<T>(&self) -> Result<Vec<T>, LoadError> {
        reading::ask_values(&self.path, &self.place, self.len(), size_of::<T>())?;
        Ok(Vec::with_capacity(self.len()))
    }

    /// All values as 64-bit integers, in stored order; floats must be whole.
    pub(crate) fn to_i64s(&self) -> Result<Vec<i64>, LoadError> {
        self.map_whole(Ok)
    }

    /// All values as classes, in stored order: integers, where -1 stands for NaN. The largest number of an unsigned type is -1 that was
    /// cast to it, unless the number below it is a class as well; it becomes -1, and is given back.
    pub(crate) fn to_classes(&self) -> Result<(Vec<i64>, Option<u64>), LoadError> {
        let class = |value: f64| if value.is_nan() { Ok(-1) } else { self.whole(value) };
        let classes: Result<Vec<i64>, LoadError> = match self.kind {
            Kind::F2 => self.try_words(|b| class(f32_from_half(u16::from_le_bytes(b)).into())),
            Kind::F4 => self.try_words(|b| class(f32::from_le_bytes(b).into())),
            Kind::F8 => self.try_words(|b| class(f64::from_le_bytes(b))),
            Kind::U8 => {
                let most = |v: u64| if v == u64::MAX { i64::MAX } else { i64::try_from(v).unwrap_or(i64::MAX - 1) };
                self.try_words(|b| Ok(most(u64::from_le_bytes(b))))
            }
            _ => self.to_i64s(),
        };
        let mut classes = classes?;
        let most: i64 = match self.kind {
            Kind::U1 => u8::MAX.into(),
            Kind::U2 => u16::MAX.into(),
            Kind::U4 => u32::MAX.into(),
            Kind::U8 => i64::MAX,
            _ => return Ok((classes, None)),
        };
        if classes.contains(&(most - 1)) || !classes.contains(&most) {
            return Ok((classes, None));
        }
        classes.iter_mut().filter(|class| **class == most).for_each(|class| *class = -1);
        Ok((classes, Some(if most == i64::MAX { u64::MAX } else { most.unsigned_abs() })))
    }

    /// What becomes of all values as 64-bit integers, in stored order; floats must be whole.
    fn map_whole<T>(&self, mut change: impl FnMut(i64) -> Result<T, LoadError>) -> Result<Vec<T>, LoadError> {
        let values = self.bytes.as_slice();
        let mut out = self.room()?;
        macro_rules! each {
            ($whole:expr) => {
                for step in values.as_chunks().0.chunks(STEP_VALUES) {
                    reading::check()?;
                    for bytes in step {
                        let whole: Result<i64, LoadError> = $whole(*bytes);
                        out.push(change(whole?)?);
                    }
                }
            };
        }
        match self.kind {
            Kind::I1 => each!(|b| Ok(i8::from_le_bytes(b).into())),
            Kind::I2 => each!(|b| Ok(i16::from_le_bytes(b).into())),
            Kind::I4 => each!(|b| Ok(i32::from_le_bytes(b).into())),
            Kind::I8 => each!(|b| Ok(i64::from_le_bytes(b))),
            Kind::U1 => each!(|b| Ok(u8::from_le_bytes(b).into())),
            Kind::U2 => each!(|b| Ok(u16::from_le_bytes(b).into())),
            Kind::U4 => each!(|b| Ok(u32::from_le_bytes(b).into())),
            Kind::U8 => each!(|b| {
                let value = u64::from_le_bytes(b);
                i64::try_from(value).map_err(|_error| self.fault("whole numbers below 2^63", value))
            }),
            Kind::Bool => each!(|[b]: [u8; 1]| Ok(i64::from(b != 0))),
            Kind::F4 => each!(|b| self.whole(f32::from_le_bytes(b).into())),
            Kind::F8 => each!(|b| self.whole(f64::from_le_bytes(b))),
            Kind::F2 => each!(|b| self.whole(f32_from_half(u16::from_le_bytes(b)).into())),
            Kind::Bytes(_) | Kind::Unicode(_) => return Err(self.fault("whole numbers", "text")),
        }
        Ok(out)
    }

    /// Whether all values are 0 or 1, looked at without a copy where they are single bytes.
    pub(crate) fn is_binary(&self) -> Result<bool, LoadError> {
        match self.kind {
            Kind::I1 | Kind::U1 => Ok(self.bytes.iter().all(|b| *b <= 1)),
            Kind::Bool => Ok(true),
            _ => Ok(self.to_f32s()?.iter().all(|v| *v == 0.0 || (*v - 1.0).abs() < f32::EPSILON)),
        }
    }

    fn whole(&self, value: f64) -> Result<i64, LoadError> {
        /// Above this, a 64-bit float does not tell neighbouring whole numbers apart.
        const MOST: f64 = 9_007_199_254_740_992.0;
        if value.fract() == 0.0 && value.abs() < MOST {
            #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53, as just checked")]
            Ok(value as i64)
        } else {
            Err(self.fault("whole numbers", value))
        }
    }

    /// All values as indices below `limit`, in stored order.
    pub(crate) fn to_indices(&self, limit: usize, what: &str) -> Result<Vec<u32>, LoadError> {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        self.map_whole(|value| {
            u32::try_from(value)
                .ok()
                .filter(|index| *index < limit)
                .ok_or_else(|| self.fault(format!("{what} from 0 to below {limit}"), value))
        })
    }

    /// All values as counts or positions, in stored order.
    pub(crate) fn to_sizes(&self) -> Result<Vec<usize>, LoadError> {
        self.map_whole(|value| {
            usize::try_from(value).map_err(|_error| self.fault("whole numbers of at least 0", value))
        })
    }

    /// The array as a matrix of floats; a single axis becomes one column.
    pub(crate) fn to_f32_matrix(&self) -> Result<Array2<f32>, LoadError> {
        self.arranged(self.to_f32s()?)
    }

    /// The array as a matrix of integers; a single axis becomes one column.
    pub(crate) fn to_i64_matrix(&self) -> Result<Array2<i64>, LoadError> {
        self.arranged(self.to_i64s()?)
    }

    /// The array with all its axes, as floats.
    pub(crate) fn to_f32_tensor(&self) -> Result<ArrayD<f32>, LoadError> {
        let shape = IxDyn(&self.shape);
        let values = self.to_f32s()?;
        let tensor = if self.is_fortran {
            ArrayD::from_shape_vec(shape.f(), values).map(|t| t.as_standard_layout().into_owned())
        } else {
            ArrayD::from_shape_vec(shape, values)
        };
        tensor.map_err(|error| self.fault("a tensor", error))
    }

    fn arranged<T: Clone>(&self, values: Vec<T>) -> Result<Array2<T>, LoadError> {
        let shape = match self.shape[..] {
            [rows] => (rows, 1),
            [rows, columns] => (rows, columns),
            _ => return Err(self.fault("one or two axes", format!("shape {:?}", self.shape))),
        };
        let matrix = if self.is_fortran && self.shape.len() == 2 {
            Array2::from_shape_vec(shape.f(), values).map(|m| m.as_standard_layout().into_owned())
        } else {
            Array2::from_shape_vec(shape, values)
        };
        matrix.map_err(|error| self.fault("a matrix", error))
    }

    /// All values as text, in stored order.
    pub(crate) fn to_texts(&self) -> Result<Vec<String>, LoadError> {
        let values = self.bytes.as_slice();
        match self.kind {
            // No character is replaced: two names would become one.
            Kind::Bytes(width) => values
                .chunks_exact(width)
                .map(|text| match std::str::from_utf8(text) {
                    Ok(text) => Ok(text.trim_end_matches('\0').to_owned()),
                    Err(_) => Err(self.fault("text in UTF-8 (array.astype(str) makes it)", first_bytes(text))),
                })
                .collect(),
            Kind::Unicode(width) => values
                .chunks_exact(width.saturating_mul(4))
                .map(|text| {
                    let text: Option<String> = words(text).map(|b| char::from_u32(u32::from_le_bytes(b))).collect();
                    let text = text.ok_or_else(|| self.fault("text", "numbers that are no characters"))?;
                    Ok(text.trim_end_matches('\0').to_owned())
                })
                .collect(),
            _ => Err(self.fault("text", "numbers")),
        }
    }

    /// The only value, as text.
    pub(crate) fn to_text(&self) -> Result<String, LoadError> {
        match &self.to_texts()?[..] {
            [text] => Ok(text.clone()),
            texts => Err(self.fault("one text", format!("{} texts", texts.len()))),
        }
    }
}

/// So many values are changed between two looks at the stop button.
const STEP_VALUES: usize = 1 << 18;
/// What a type has to be, in errors.
const EXPECTED_TYPES: &str = "little-endian numbers or fixed-width text";

/// Number of values of a shape.
fn n_values(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d))
}

/// What is expected and found where a shape does not fit its values.
fn other_length(n_bytes: Option<usize>, shape: &[usize], n_found: u64) -> Refusal {
    let expected = n_bytes.map_or_else(|| "more bytes of values than fit".into(), |n| format!("{n} bytes of values"));
    (format!("{expected} for shape {shape:?}"), format!("{n_found} bytes"))
}

/// The values as words of `N` bytes; the length was checked to be a multiple.
fn words<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> + '_ {
    bytes.as_chunks::<N>().0.iter().copied()
}

/// A 64-bit float as a 32-bit one; too large becomes infinite, which a dataset refuses.
#[expect(clippy::cast_possible_truncation, reason = "features are 32-bit floats; rounding is what is wanted")]
fn narrowed(value: f64) -> f32 {
    value as f32
}

/// An IEEE 754 binary16 as a 32-bit float, exactly.
fn f32_from_half(half: u16) -> f32 {
    let sign = if half & 0x8000 == 0 { 1.0 } else { -1.0 };
    let fraction = f32::from(half & 0x03ff);
    match (half >> 10) & 0x1f {
        0 => sign * fraction * 2f32.powi(-24),
        0x1f if fraction == 0.0 => sign * f32::INFINITY,
        0x1f => f32::NAN,
        exponent => sign * (1.0 + fraction / 1024.0) * 2f32.powi(i32::from(exponent) - 15),
    }
}

/// A file's first bytes, for saying what was found instead.
pub(crate) fn first_bytes(bytes: &[u8]) -> String {
    let start: Vec<String> = bytes.iter().take(8).map(|b| format!("{b:02x}")).collect();
    if start.is_empty() { "nothing".to_owned() } else { format!("bytes {}", start.join(" ")) }
}

/// The Python dictionary before the values.
struct Header {
    descr: String,
    is_fortran: bool,
    shape: Vec<usize>,
}

/// What was expected and what was found.
type Refusal = (String, String);

impl Header {
    fn parse(text: &str) -> Result<Self, Refusal> {
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
    fn half_floats_are_exact() {
        let cases =
            [(0x3c00, 1.0), (0xc000, -2.0), (0x0001, 2f32.powi(-24)), (0x7bff, 65504.0), (0x3555, 0.333_251_95)];
        for (half, expected) in cases {
            assert_eq!(f32_from_half(half).to_bits(), f32::to_bits(expected));
        }
        assert!(f32_from_half(0xfc00).is_infinite() && f32_from_half(0x7e00).is_nan());
    }

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
