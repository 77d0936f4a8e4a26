//! The values of one array as they come out of a file, a piece at a time: a large one is never held as it is stored.
//!
//! What is never allocated: more than a piece, and what is made of the values. What is never here: knowledge of the container that
//! the values come from.

use std::io::{self, Read};
use std::path::Path;

use super::array::Array;
use super::header::{EXPECTED_TYPES, Header, Kind, Layout, MAGIC, first_bytes, n_values, other_length};
use crate::io::file::{Claimed, read_claimed};
use crate::io::reading;
use crate::io::report::LoadError;

/// Values per piece: a few hundred kilobytes, and small in tests, so that they need several. An even number, so that no pair is torn.
const PIECE: usize = if cfg!(test) { 6 } else { 1 << 16 };

/// Where values come from, for errors and limits.
#[derive(Debug, Clone)]
pub(crate) struct Origin<'a> {
    /// The file.
    pub(crate) path: &'a Path,
    /// What the array is called.
    pub(crate) place: String,
    /// What is expected of a source that cannot be read on: `intact compressed data`.
    pub(crate) intact: &'static str,
    /// The file's size, or what an archive says of an entry that it has room for: so much is taken on a mere claim, once it was asked for.
    pub(crate) n_bytes: u64,
}

impl Origin<'_> {
    fn fault(&self, expected: impl ToString, found: impl ToString) -> LoadError {
        LoadError::content(self.path, &self.place, expected, found)
    }

    fn broken(&self, error: &io::Error) -> LoadError {
        self.fault(self.intact, error)
    }
}

/// An array whose values are still in the file.
pub(crate) struct Pieces<'a> {
    source: Box<dyn Read + 'a>,
    /// The same bytes once more, for who needs two places of them at a time.
    again: Option<Box<dyn Read + 'a>>,
    origin: Origin<'a>,
    descr: String,
    is_fortran: bool,
    shape: Vec<usize>,
    is_big_endian: bool,
}

impl<'a> Pieces<'a> {
    /// Reads what stands before the values of a NumPy array; `source` ends with them.
    pub(crate) fn open(mut source: Box<dyn Read + 'a>, origin: Origin<'a>) -> Result<Self, LoadError> {
        let mut take = |n: u64| -> Result<Vec<u8>, LoadError> {
            let mut bytes = Vec::new();
            (&mut source).take(n).read_to_end(&mut bytes).map_err(|error| origin.broken(&error))?;
            Ok(bytes)
        };
        let start = take(8)?;
        let Some(version) = start.strip_prefix(MAGIC) else {
            return Err(origin.fault("the start of a NumPy array", first_bytes(&start)));
        };
        let ended = || origin.fault("a version", "the end of the file");
        let length = match version {
            [1, 0] => u32::from(u16::from_le_bytes(*take(2)?.first_chunk().ok_or_else(ended)?)),
            [2 | 3, 0] => u32::from_le_bytes(*take(4)?.first_chunk().ok_or_else(ended)?),
            [major, minor] => {
                return Err(origin.fault("version 1.0, 2.0 or 3.0", format!("version {major}.{minor}")));
            }
            _ => return Err(ended()),
        };
        let header = take(length.into())?;
        if header.len() < length as usize {
            return Err(origin.fault(format!("a header of {length} bytes"), format!("{} bytes", header.len())));
        }
        let header = String::from_utf8(header).map_err(|e| origin.fault("a header in UTF-8", e.utf8_error()))?;
        let Header { descr, is_fortran, shape } = Header::parse(&header)
            .map_err(|(expected, found)| origin.fault(format!("{expected} in the header"), found))?;
        Ok(Self { source, again: None, origin, descr, is_fortran, shape, is_big_endian: false })
    }

    /// An array from a container of another sort; `source` may go on behind its values.
    pub(crate) fn from_values(
        source: Box<dyn Read + 'a>,
        layout: Layout<'_>,
        is_big_endian: bool,
        origin: Origin<'a>,
    ) -> Self {
        let Layout { descr, is_fortran, shape } = layout;
        Self { source, again: None, origin, descr: descr.to_owned(), is_fortran, shape, is_big_endian }
    }

    /// With a second source of the same values, at their start.
    pub(crate) fn with_second_source(self, again: Option<Box<dyn Read + 'a>>) -> Self {
        Self { again, ..self }
    }

    /// Lengths along each axis.
    pub(crate) fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// An error about this array.
    pub(crate) fn fault(&self, expected: impl ToString, found: impl ToString) -> LoadError {
        self.origin.fault(expected, found)
    }

    /// Checks that the array has one axis (or a second one of length 1) and `n` values.
    pub(crate) fn check_vector(&self, n: usize, what: &str) -> Result<(), LoadError> {
        match self.shape[..] {
            [len] | [len, 1] if len == n => Ok(()),
            _ => Err(self.fault(format!("shape [{n}] ({what})"), format!("shape {:?}", self.shape))),
        }
    }

    /// All values at once.
    pub(crate) fn whole(mut self) -> Result<Array, LoadError> {
        let n_claimed = n_values(&self.shape).and_then(|n| n.checked_mul(Kind::parse(&self.descr).ok()?.size()?));
        let n_claimed = n_claimed.unwrap_or(0) as u64;
        let claimed = Claimed { n_bytes: n_claimed, believed: self.origin.n_bytes, most: u64::MAX };
        let Self { source, origin, .. } = &mut self;
        let mut bytes = read_claimed(source, claimed, origin.path, &origin.place, |error| origin.broken(&error))?;
        if self.is_big_endian {
            let item = Kind::parse(&self.descr).ok().and_then(Kind::size).unwrap_or(1);
            bytes.chunks_exact_mut(item).for_each(<[u8]>::reverse);
        }
        let layout = Layout { descr: &self.descr, is_fortran: self.is_fortran, shape: self.shape };
        Array::from_values(self.origin.path, self.origin.place, layout, bytes)
    }

    /// Gives all values to `each`, in stored order and a piece at a time.
    ///
    /// # Errors
    /// What `each` refuses; [`LoadError::Content`] for a source with fewer values than the shape says, or more.
    pub(crate) fn for_each(mut self, mut each: impl FnMut(&Array) -> Result<(), LoadError>) -> Result<(), LoadError> {
        let kind = Kind::parse(&self.descr).map_err(|found| self.fault(EXPECTED_TYPES, found))?;
        let n_bytes = n_values(&self.shape).zip(kind.size()).and_then(|(n, size)| n.checked_mul(size));
        let item = kind.size().unwrap_or(1);
        let mut n_read = 0u64;
        let mut n_left = n_bytes.unwrap_or(0) / item;
        while n_left > 0 {
            let wanted = n_left.min(PIECE);
            let bytes = self.next_bytes(wanted, item)?;
            n_read += bytes.len() as u64;
            if bytes.len() < wanted * item {
                break;
            }
            n_left -= wanted;
            reading::check()?;
            each(&self.array(wanted, bytes)?)?;
        }
        // To its end, where an archive compares check sums.
        n_read += io::copy(&mut self.source, &mut io::sink()).map_err(|error| self.origin.broken(&error))?;
        if n_bytes.map(|n| n as u64) == Some(n_read) {
            return Ok(());
        }
        let (expected, found) = other_length(n_bytes, &self.shape, n_read);
        Err(self.fault(expected, found))
    }

    /// The bytes of the next `n` values of `item` bytes, or of as many as there are.
    fn next_bytes(&mut self, n: usize, item: usize) -> Result<Vec<u8>, LoadError> {
        let wanted = n.saturating_mul(item);
        let mut bytes = Vec::with_capacity(self.believed(wanted));
        (&mut self.source).take(wanted as u64).read_to_end(&mut bytes).map_err(|error| self.origin.broken(&error))?;
        Ok(bytes)
    }

    /// `n` values out of their bytes.
    fn array(&self, n: usize, mut bytes: Vec<u8>) -> Result<Array, LoadError> {
        if self.is_big_endian {
            let item = (bytes.len() / n).max(1);
            bytes.chunks_exact_mut(item).for_each(<[u8]>::reverse);
        }
        let layout = Layout { descr: &self.descr, is_fortran: false, shape: vec![n] };
        Array::from_values(self.origin.path, self.origin.place.clone(), layout, bytes)
    }

    /// All values as indices below `limit`, in stored order.
    pub(crate) fn indices(self, limit: usize, what: &str) -> Result<Vec<u32>, LoadError> {
        let n = n_values(&self.shape).unwrap_or(0);
        reading::ask_values(self.origin.path, &self.origin.place, n, size_of::<u32>())?;
        let mut indices = Vec::with_capacity(self.believed(n));
        self.for_each(|piece| {
            indices.append(&mut piece.to_indices(limit, what)?);
            Ok(())
        })?;
        Ok(indices)
    }

    /// Gives the two values of every pair, indices below `limit`, to `each`: of `[n, 2]`, or of `[2, n]` where `is_by_row`.
    ///
    /// Where the first values of all pairs come before the second ones, they are read from the second source, or held as 32-bit
    /// numbers where there is none.
    pub(crate) fn pairs(
        mut self,
        is_by_row: bool,
        (limit, what): (usize, &str),
        mut each: impl FnMut(u32, u32),
    ) -> Result<(), LoadError> {
        if is_by_row == self.is_fortran {
            return self.for_each(|piece| {
                let indices = piece.to_indices(limit, what)?;
                indices.as_chunks::<2>().0.iter().for_each(|[a, b]| each(*a, *b));
                Ok(())
            });
        }
        let n = n_values(&self.shape).unwrap_or(0) / 2;
        let mut firsts = if let Some(source) = self.again.take() {
            let (origin, descr) = (self.origin.clone(), self.descr.clone());
            let (shape, is_big_endian) = (vec![n], self.is_big_endian);
            Firsts::Read(Self { source, again: None, origin, descr, is_fortran: false, shape, is_big_endian })
        } else {
            reading::ask_values(self.origin.path, &self.origin.place, n, size_of::<u32>())?;
            Firsts::Held { values: Vec::with_capacity(self.believed(n)), n_paired: 0 }
        };
        let mut n_firsts = 0;
        self.for_each(|piece| {
            let mut indices = piece.to_indices(limit, what)?;
            let seconds = indices.split_off(indices.len().min(n - n_firsts));
            n_firsts += indices.len();
            firsts.pair((indices, &seconds), (limit, what), &mut each)
        })
    }

    /// So many values or bytes, if the file bears them out; memory beyond that grows with what really comes.
    fn believed(&self, n: usize) -> usize {
        n.min(usize::try_from(self.origin.n_bytes).unwrap_or(usize::MAX))
    }
}

/// The first values of pairs, where they come before all second ones.
enum Firsts<'a> {
    Held { values: Vec<u32>, n_paired: usize },
    Read(Pieces<'a>),
}

impl Firsts<'_> {
    /// Takes what comes of the first values, then gives each of the second ones with its first.
    fn pair(
        &mut self,
        (mut firsts, seconds): (Vec<u32>, &[u32]),
        (limit, what): (usize, &str),
        each: &mut impl FnMut(u32, u32),
    ) -> Result<(), LoadError> {
        let mut give = |firsts: &[u32]| firsts.iter().zip(seconds).for_each(|(a, b)| each(*a, *b));
        match self {
            Self::Held { values, n_paired } => {
                values.append(&mut firsts);
                give(&values[*n_paired..]);
                *n_paired += seconds.len();
            }
            Self::Read(_) if seconds.is_empty() => {}
            Self::Read(pieces) => {
                let item = Kind::parse(&pieces.descr).ok().and_then(Kind::size).unwrap_or(1);
                let bytes = pieces.next_bytes(seconds.len(), item)?;
                give(&pieces.array(seconds.len(), bytes)?.to_indices(limit, what)?);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn npy(descr: &str, is_fortran: bool, shape: &str, values: &[u8]) -> Vec<u8> {
        let order = if is_fortran { "True" } else { "False" };
        let header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}");
        let length = u16::try_from(header.len()).expect("a short header").to_le_bytes();
        [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), values].concat()
    }

    fn open(file: &[u8]) -> Result<Pieces<'_>, LoadError> {
        let origin = Origin { path: Path::new("x.npy"), place: "array".into(), intact: "", n_bytes: file.len() as u64 };
        Pieces::open(Box::new(file), origin)
    }

    fn numbers(n: u32) -> Vec<u8> {
        (0..n).flat_map(|value| (i64::from(value) * 7 % 23).to_le_bytes()).collect()
    }

    #[test]
    fn pieces_are_the_whole() {
        // None, less than a piece, one, one and a bit, several.
        for n in [0, 1, 6, 7, 24] {
            let file = npy("<i8", false, &format!("({n},)"), &numbers(n));
            let whole = open(&file).and_then(Pieces::whole).expect("an array").to_i64s().expect("integers");
            let mut pieced = Vec::new();
            let each = |piece: &Array| {
                pieced.extend(piece.to_i64s()?);
                Ok(())
            };
            open(&file).and_then(|pieces| pieces.for_each(each)).expect("an array");
            assert_eq!(pieced, whole, "{n} values");
            let indices = open(&file).and_then(|pieces| pieces.indices(23, "numbers")).expect("indices");
            assert_eq!(indices.iter().map(|i| i64::from(*i)).collect::<Vec<_>>(), whole, "{n} values");
        }
    }

    #[test]
    fn pairs_are_those_of_the_matrix() {
        for n in [0, 1, 3, 4, 10] {
            for is_by_row in [true, false] {
                for is_fortran in [true, false] {
                    let shape = if is_by_row { format!("(2, {n})") } else { format!("({n}, 2)") };
                    if n == 0 && is_by_row {
                        continue;
                    }
                    let file = npy("<i8", is_fortran, &shape, &numbers(2 * n));
                    let matrix =
                        open(&file).and_then(Pieces::whole).expect("an array").to_i64_matrix().expect("numbers");
                    let matrix = if is_by_row { matrix.reversed_axes() } else { matrix };
                    let expected: Vec<_> =
                        matrix.rows().into_iter().map(|row| (row[0] as u32, row[1] as u32)).collect();
                    for has_second in [false, true] {
                        let second = &file[file.len() - 16 * n as usize..];
                        let second = has_second.then(|| Box::new(second) as Box<dyn Read>);
                        let mut found = Vec::new();
                        let pieces = open(&file).expect("an array").with_second_source(second);
                        pieces.pairs(is_by_row, (23, "x"), |a, b| found.push((a, b))).expect("pairs");
                        assert_eq!(found, expected, "shape {shape}, Fortran {is_fortran}, twice {has_second}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_second_source_that_ends_early_is_refused() {
        let file = npy("<i8", false, "(2, 8)", &numbers(16));
        let second = &file[file.len() - 16 * 8..][..5 * 8];
        let pieces = open(&file).expect("an array").with_second_source(Some(Box::new(second)));
        let error = pieces.pairs(true, (23, "numbers"), |_, _| {}).unwrap_err().to_string();
        assert_eq!(error, "array: expected 32 bytes of values for shape [4], found 8 bytes: x.npy");
    }

    #[test]
    fn what_is_wrong_is_said_as_for_the_whole() {
        let check = |file: &[u8], limit: usize, expected: &str| {
            let pieced = open(file).and_then(|pieces| pieces.indices(limit, "numbers")).unwrap_err().to_string();
            let whole = open(file).and_then(Pieces::whole).and_then(|array| array.to_indices(limit, "numbers"));
            assert_eq!((pieced.as_str(), whole.unwrap_err().to_string().as_str()), (expected, expected));
        };
        let at = |what: &str| format!("array: {what}: x.npy");
        let of = |n: u32, shape: &str| npy("<i8", false, shape, &numbers(n));
        let length = |expected: &str, found: u32| at(&format!("expected {expected}, found {found} bytes"));
        check(&of(7, "(8,)"), 23, &length("64 bytes of values for shape [8]", 56));
        check(&of(12, "(18,)")[..], 23, &length("144 bytes of values for shape [18]", 96));
        check(&of(8, "(7,)"), 23, &length("56 bytes of values for shape [7]", 64));
        check(
            &of(2, "(9999999999, 9999999999)"),
            23,
            &length("more bytes of values than fit for shape [9999999999, 9999999999]", 16),
        );
        check(&of(14, "(14,)"), 20, &at("expected numbers from 0 to below 20, found 21"));
        check(&npy("<f8", false, "(1,)", &0.5f64.to_le_bytes()), 9, &at("expected integers, found 0.5"));
        check(
            &npy("|O", false, "(1,)", &[0; 8]),
            9,
            &at(
                "expected little-endian numbers or fixed-width text, found Python objects (a pickle, which is never run)",
            ),
        );
        check(b"\x93NUMPY\x01", 9, &at("expected a version, found the end of the file"));
        check(b"\x93NUMPY\x04\x00", 9, &at("expected version 1.0, 2.0 or 3.0, found version 4.0"));
        check(b"\x93NUMPY\x01\x00\x09\x00{", 9, &at("expected a header of 9 bytes, found 1 bytes"));
        check(b"\x93NUMPX", 9, &at("expected the start of a NumPy array, found bytes 93 4e 55 4d 50 58"));
    }
}
