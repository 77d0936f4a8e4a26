//! Matrices of a MATLAB file, version 5 (`.mat`), as `save -v6`, `save -v7` and `scipy.io.savemat` write it.
//!
//! ```text
//! file     = 116 bytes of text, 8 bytes, u16 0100, 'I' 'M', element*            little-endian
//! element  = u32 type, u32 bytes, data, zeros up to a multiple of 8             or u16 type, u16 bytes, 4 bytes of data
//! type     = 1 i8 | 2 u8 | 3 i16 | 4 u16 | 5 i32 | 6 u32 | 7 f32 | 9 f64 | 12 i64 | 13 u64 | 14 matrix | 15 zlib of one element
//! matrix   = flags (u32: class and bits, u32), dimensions (i32 each), name (i8), parts
//! class    = 5 sparse | 6 f64 | 7 f32 | 8 i8 | 9 u8 | 10 i16 | 11 u16 | 12 i32 | 13 u32 | 14 i64 | 15 u64 | others: passed over
//! parts    = values, column after column; sparse: rows (i32), column pointers (i32), values
//! ```
//! Values may be stored in a smaller type than the class has. Version 7.3 is another format (HDF5) and is refused, as are big-endian files.
//! The crates that read this format do not read sparse matrices, which is what graphs are.
//!
//! What is never allocated: more than [`MAX_EXPANSION`] bytes for each byte of the file and 64 MiB for what is packed, and eight times what
//! the values take.

use std::path::{Path, PathBuf};

use super::file::{Claimed, MAX_FILE_BYTES, read_claimed, read_whole};
use super::npz::MAX_EXPANSION;
use super::reading;
use super::report::LoadError;
use super::text::shortened;

const HEADER_BYTES: usize = 128;
/// Elements that unpack to this size are read whatever the file's own size.
const SMALL_BYTES: u64 = 64 << 20;
/// More axes than two are no matrix.
const MATRIX: u32 = 14;
const PACKED: u32 = 15;

/// Whether a file's first bytes are those of a MATLAB file of any version.
pub(crate) fn is_mat(head: &[u8]) -> bool {
    // One that ends in its header is said to by its reader.
    head.starts_with(b"MATLAB ")
        && head
            .get(126..HEADER_BYTES)
            .map_or_else(|| head.starts_with(b"MATLAB 5"), |mark| matches!(mark, b"IM" | b"MI"))
}

/// A matrix by its name.
#[derive(Debug)]
pub(crate) struct Matrix {
    pub(crate) name: String,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) values: Values,
}

/// What a matrix holds.
#[derive(Debug)]
pub(crate) enum Values {
    /// Column after column.
    Dense(Vec<f64>),
    /// The rows of column `j` are `rows[start[j]..start[j + 1]]`.
    Sparse {
        /// Checked: rises from 0 to the number of values.
        start: Vec<usize>,
        /// Checked: below the number of rows.
        rows: Vec<u32>,
        /// One per row number.
        values: Vec<f64>,
    },
    /// Text, cells, structures, complex numbers: passed over.
    Other,
}

/// Bytes with their place, for errors.
struct Piece<'a> {
    path: &'a Path,
    place: String,
    bytes: &'a [u8],
}

type Element<'a> = (u32, &'a [u8]);

impl<'a> Piece<'a> {
    fn fault(&self, expected: impl ToString, found: impl ToString) -> LoadError {
        LoadError::content(self.path, &self.place, expected, found)
    }

    /// The next element and its data; nothing at the end.
    fn element(&mut self) -> Result<Option<Element<'a>>, LoadError> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let word = |bytes: &[u8]| bytes.first_chunk().map(|word| u32::from_le_bytes(*word));
        let Some(first) = word(self.bytes) else { return Err(self.fault("the start of an element", "the end")) };
        let (kind, n_bytes, start, is_small) = if first >> 16 == 0 {
            let Some(n) = self.bytes.get(4..).and_then(word) else {
                return Err(self.fault("the length of an element", "the end"));
            };
            (first, n as usize, 8, false)
        } else {
            (first & 0xffff, (first >> 16) as usize, 4, true)
        };
        if is_small && n_bytes > 4 {
            return Err(self.fault("at most 4 bytes in a small element", n_bytes));
        }
        let Some(data) = self.bytes.get(start..).and_then(|rest| rest.get(..n_bytes)) else {
            return Err(self.fault(
                format!("an element of {n_bytes} bytes"),
                format!("{} bytes", self.bytes.len() - start.min(self.bytes.len())),
            ));
        };
        // Packed elements stand without a gap; the last one may end with the file.
        let padded = if kind == PACKED { start + n_bytes } else { (start + n_bytes).next_multiple_of(8) };
        self.bytes = self.bytes.get(padded..).unwrap_or(&[]);
        Ok(Some((kind, data)))
    }

    fn part(&mut self, what: &str) -> Result<Element<'a>, LoadError> {
        self.element()?.ok_or_else(|| self.fault(what, "the end of the matrix"))
    }
}

/// Reads all matrices of a file.
pub(crate) fn read_matrices(path: &Path) -> Result<Vec<Matrix>, LoadError> {
    let all = read_whole(path, MAX_FILE_BYTES)?;
    let fault = |place: &str, expected: &str, found: String| LoadError::content(path, place, expected, found);
    let Some((header, body)) = all.split_first_chunk::<HEADER_BYTES>() else {
        return Err(fault("header", "128 bytes", format!("{} bytes", all.len())));
    };
    if header[126..128] != *b"IM" {
        return Err(fault("header", "a little-endian file", shortened(&String::from_utf8_lossy(&header[126..128]))));
    }
    if header[124..126] != [0, 1] {
        let found = if header[124..126] == [0, 2] {
            "version 7.3 (HDF5): save it with -v7".to_owned()
        } else {
            format!("{:02x}{:02x}", header[125], header[124])
        };
        return Err(fault("header", "version 5", found));
    }
    let mut file = Piece { path, place: "whole file".to_owned(), bytes: body };
    let mut matrices = Vec::new();
    let limit = SMALL_BYTES.max((all.len() as u64).saturating_mul(MAX_EXPANSION));
    let mut n_unpacked = 0u64;
    loop {
        file.place = format!("element {}", matrices.len() + 1);
        match file.element()? {
            None => return Ok(matrices),
            Some((PACKED, data)) => {
                let inner = flate2::read::ZlibDecoder::new(data);
                let claimed = Claimed { n_bytes: 0, believed: 0, most: limit.saturating_sub(n_unpacked) };
                let broken = |error| file.fault("intact packed data", error);
                let unpacked = read_claimed(inner, claimed, path, &file.place, broken)?;
                n_unpacked += unpacked.len() as u64;
                if n_unpacked > limit {
                    return Err(file.fault(format!("at most {limit} bytes unpacked"), "more"));
                }
                let mut piece = Piece { path, place: file.place.clone(), bytes: &unpacked };
                match piece.part("a matrix")? {
                    (MATRIX, data) => matrices.push(matrix(path, &file.place, data)?),
                    (kind, _) => return Err(file.fault("a matrix", format!("type {kind}"))),
                }
            }
            Some((MATRIX, data)) => matrices.push(matrix(path, &file.place, data)?),
            Some((kind, _)) => return Err(file.fault("a matrix", format!("type {kind}"))),
        }
    }
}

fn matrix(path: &Path, place: &str, data: &[u8]) -> Result<Matrix, LoadError> {
    const COMPLEX: u8 = 0x08;
    let mut piece = Piece { path, place: place.to_owned(), bytes: data };
    let (_, flags) = piece.part("flags")?;
    let [class, bits, ..] = flags else { return Err(piece.fault("flags of 8 bytes", flags.len())) };
    let (kind, dimensions) = piece.part("dimensions")?;
    let dimensions = numbers(kind, dimensions, &piece)?;
    let name = String::from_utf8_lossy(piece.part("a name")?.1).into_owned();
    piece.place = format!("matrix {}", shortened(&name));
    let length = |d: &f64| (*d >= 0.0 && *d < 4_294_967_296.0).then_some(*d as usize);
    let (rows, columns) = match dimensions.iter().map(length).collect::<Option<Vec<_>>>().as_deref() {
        Some([rows, columns]) => (*rows, *columns),
        _ => return Ok(Matrix { name, rows: 0, columns: 0, values: Values::Other }),
    };
    let values = match class {
        // No weight and no feature: whether it is needed is decided by who asks for it.
        _ if bits & COMPLEX != 0 => Values::Other,
        5 => sparse(&mut piece, rows, columns)?,
        6..=15 => {
            let (kind, data) = piece.part("values")?;
            let values = numbers(kind, data, &piece)?;
            if rows.checked_mul(columns) != Some(values.len()) {
                return Err(piece.fault(format!("{rows} x {columns} values"), values.len()));
            }
            Values::Dense(values)
        }
        _ => Values::Other,
    };
    Ok(Matrix { name, rows, columns, values })
}

fn sparse(piece: &mut Piece<'_>, n_rows: usize, n_columns: usize) -> Result<Values, LoadError> {
    let (kind, data) = piece.part("row numbers")?;
    let rows = numbers(kind, data, piece)?;
    let (kind, data) = piece.part("column pointers")?;
    let start = numbers(kind, data, piece)?;
    if start.len() != n_columns.saturating_add(1) {
        return Err(piece.fault(format!("{} column pointers", n_columns.saturating_add(1)), start.len()));
    }
    let n_stored = start.last().map_or(0, |last| *last as usize);
    let is_rising = start.first() == Some(&0.0) && start.windows(2).all(|w| w[0] <= w[1]);
    // What stands behind the last pointer is room that was not used.
    if !is_rising || n_stored > rows.len() {
        return Err(piece.fault(format!("column pointers that rise from 0 to at most {}", rows.len()), "others"));
    }
    let row = |v: &f64| u32::try_from(*v as i64).ok().filter(|row| (*row as usize) < n_rows);
    let mut is_within = true;
    let rows: Vec<u32> = reading::map(&rows[..n_stored], |v| {
        let row = row(v);
        is_within &= row.is_some();
        row.unwrap_or_default()
    })?;
    if !is_within {
        return Err(piece.fault(format!("row numbers below {n_rows}"), "others"));
    }
    let (kind, data) = piece.part("values")?;
    let mut values = numbers(kind, data, piece)?;
    if values.len() < n_stored {
        return Err(piece.fault(format!("{n_stored} values"), values.len()));
    }
    values.truncate(n_stored);
    Ok(Values::Sparse { start: reading::map(&start, |v| *v as usize)?, rows, values })
}

/// Numbers of any type.
fn numbers(kind: u32, data: &[u8], piece: &Piece<'_>) -> Result<Vec<f64>, LoadError> {
    fn each<const N: usize>(data: &[u8], change: impl Fn([u8; N]) -> f64) -> Result<Vec<f64>, LoadError> {
        reading::map(data.as_chunks::<N>().0, |word| change(*word))
    }
    let size = match kind {
        1 | 2 => 1,
        3 | 4 => 2,
        5..=7 => 4,
        _ => 8,
    };
    reading::ask_values(piece.path, &piece.place, data.len() / size, size_of::<f64>())?;
    match kind {
        1 => each(data, |b| i8::from_le_bytes(b).into()),
        2 => each(data, |[b]: [u8; 1]| b.into()),
        3 => each(data, |b| i16::from_le_bytes(b).into()),
        4 => each(data, |b| u16::from_le_bytes(b).into()),
        5 => each(data, |b| i32::from_le_bytes(b).into()),
        6 => each(data, |b| u32::from_le_bytes(b).into()),
        7 => each(data, |b| f32::from_le_bytes(b).into()),
        9 => each(data, f64::from_le_bytes),
        12 => each(data, |b| i64::from_le_bytes(b) as f64),
        13 => each(data, |b| u64::from_le_bytes(b) as f64),
        other => Err(piece.fault("numbers", format!("type {other}"))),
    }
}

impl Matrix {
    /// An error about this matrix.
    pub(crate) fn fault(&self, path: &Path, expected: impl ToString, found: impl ToString) -> LoadError {
        LoadError::content(&PathBuf::from(path), format!("matrix {}", shortened(&self.name)), expected, found)
    }
}
