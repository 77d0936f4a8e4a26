//! An array in memory, and what its values become: numbers, indices, classes, texts.

use std::path::{Path, PathBuf};

use ndarray::{Array2, ArrayD, IxDyn, ShapeBuilder as _};

use super::header::{EXPECTED_TYPES, Header, Kind, Layout, MAGIC, first_bytes, n_values, other_length};
use crate::io::reading;
use crate::io::report::LoadError;

/// So many values are changed between two looks at the stop button.
const STEP_VALUES: usize = 1 << 18;

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
                i64::try_from(value).map_err(|_error| self.fault("integers below 2^63", value))
            }),
            Kind::Bool => each!(|[b]: [u8; 1]| Ok(i64::from(b != 0))),
            Kind::F4 => each!(|b| self.whole(f32::from_le_bytes(b).into())),
            Kind::F8 => each!(|b| self.whole(f64::from_le_bytes(b))),
            Kind::F2 => each!(|b| self.whole(f32_from_half(u16::from_le_bytes(b)).into())),
            Kind::Bytes(_) | Kind::Unicode(_) => return Err(self.fault("integers", "text")),
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
        /// Above this, a 64-bit float does not tell neighbouring integers apart.
        const MOST: f64 = 9_007_199_254_740_992.0;
        if value.fract() == 0.0 && value.abs() < MOST {
            #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53, as just checked")]
            Ok(value as i64)
        } else {
            Err(self.fault("integers", value))
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
        self.map_whole(|value| usize::try_from(value).map_err(|_error| self.fault("integers of at least 0", value)))
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
}
