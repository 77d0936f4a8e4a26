//! Reading an archive, one array at a time.
//!
//! What is never allocated: more than [`MAX_EXPANSION`] bytes for each byte of the archive, and 64 MiB, for all its arrays together.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::io::file::open;
use crate::io::npy::{Array, Origin, Pieces};
use crate::io::report::LoadError;

/// How many times larger than the archive its arrays may be together, beyond [`SMALL_ARRAY_BYTES`].
///
/// Deflate can expand a thousandfold, real features about a hundredfold; what lies between is a trap.
pub(crate) const MAX_EXPANSION: u64 = 256;
/// Arrays that have no more than this together are read whatever the archive's size.
const SMALL_ARRAY_BYTES: u64 = 64 << 20;

trait Source: Read + Seek {}
impl<T: Read + Seek> Source for T {}

/// An open archive.
pub(crate) struct Npz {
    path: PathBuf,
    archive: ZipArchive<Box<dyn Source>>,
    archive_bytes: u64,
    /// Bytes of the arrays that were opened so far.
    unpacked: BTreeMap<String, u64>,
    unread: BTreeSet<String>,
}

impl Npz {
    /// Opens an archive file.
    pub(crate) fn open(path: &Path) -> Result<Self, LoadError> {
        let file = open(path)?;
        let size = file.metadata().map_err(|source| LoadError::io("read", path, source))?.len();
        Self::new(Box::new(BufReader::new(file)), size, path)
    }

    /// Opens an archive in memory; `path` is named in errors.
    pub(crate) fn from_bytes(bytes: impl AsRef<[u8]> + 'static, path: &Path) -> Result<Self, LoadError> {
        let size = bytes.as_ref().len() as u64;
        Self::new(Box::new(Cursor::new(bytes)), size, path)
    }

    fn new(source: Box<dyn Source>, archive_bytes: u64, path: &Path) -> Result<Self, LoadError> {
        let archive = ZipArchive::new(source).map_err(|error| zip_fault(path, "whole file", &error))?;
        let unread = archive.file_names().map(|name| name.strip_suffix(".npy").unwrap_or(name).to_owned()).collect();
        Ok(Self { path: path.to_owned(), archive, archive_bytes, unpacked: BTreeMap::new(), unread })
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is an array of that name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.archive.index_for_name(&format!("{name}.npy")).is_some()
    }

    /// The first of `names` that there is.
    pub(crate) fn first_of(&self, names: &[&'static str]) -> Option<&'static str> {
        names.iter().copied().find(|name| self.has(name))
    }

    /// Reads an array.
    pub(crate) fn array(&mut self, name: &str) -> Result<Array, LoadError> {
        self.pieces(name)?.whole()
    }

    /// Opens an array whose values are to come a piece at a time.
    pub(crate) fn pieces(&mut self, name: &str) -> Result<Pieces<'_>, LoadError> {
        let place = format!("array {name}");
        let path = &self.path;
        let file_name = format!("{name}.npy");
        if self.archive.index_for_name(&file_name).is_none() {
            let names: Vec<&str> = self.archive.file_names().take(12).collect();
            let found = if names.is_empty() { "an empty archive".to_owned() } else { names.join(", ") };
            return Err(LoadError::content(path, place, "this array in the archive", found));
        }
        self.unread.remove(name);
        let entry = self.archive.by_name(&file_name).map_err(|error| zip_fault(path, &place, &error))?;
        let limit = unpacked_limit(self.archive_bytes);
        // One that is read again is not there twice.
        self.unpacked.insert(file_name, entry.size());
        let unpacked = self.unpacked.values().fold(0u64, |sum, n| sum.saturating_add(*n));
        if unpacked > limit {
            let expected = format!("at most {limit} bytes");
            let found = if entry.size() > limit {
                format!("{} bytes", entry.size())
            } else {
                format!("{unpacked} bytes in {} arrays", self.unpacked.len())
            };
            return Err(LoadError::content(path, place, expected, found));
        }
        // What an entry claims was counted; more than that does not come.
        let n_claimed = entry.size();
        let origin = Origin { path, place, intact: "intact compressed data", n_bytes: n_claimed };
        Pieces::open(Box::new(entry.take(n_claimed.saturating_add(1))), origin)
    }

    /// Reads a vector of `n` indices below `limit`, without holding it as it is stored.
    ///
    /// `why` says why there must be `n`, `what` what they are, in errors.
    pub(crate) fn indices(
        &mut self,
        name: &str,
        (n, why): (usize, &str),
        (limit, what): (usize, &str),
    ) -> Result<Vec<u32>, LoadError> {
        let pieces = self.pieces(name)?;
        pieces.check_vector(n, why)?;
        pieces.indices(limit, what)
    }

    /// Reads an array if there is one of that name.
    pub(crate) fn optional(&mut self, name: &str) -> Result<Option<Array>, LoadError> {
        if self.has(name) { self.array(name).map(Some) } else { Ok(None) }
    }

    /// Bytes that all arrays together may have where every one of them is read.
    pub(crate) fn byte_limit(&self) -> u64 {
        unpacked_limit(self.archive_bytes)
    }

    /// Names of what was not read, in alphabetical order.
    pub(crate) fn unread(&self) -> impl Iterator<Item = &str> {
        self.unread.iter().map(String::as_str)
    }
}

/// Bytes that everything in an archive of so many bytes may have together once it is unpacked.
pub(crate) fn unpacked_limit(archive_bytes: u64) -> u64 {
    SMALL_ARRAY_BYTES.max(archive_bytes.saturating_mul(MAX_EXPANSION))
}

/// Names inside a zip archive; empty where it is none.
pub(crate) fn names_inside(path: &Path) -> Result<Vec<String>, LoadError> {
    let file = open(path)?;
    let archive = ZipArchive::new(BufReader::new(file)).map_err(|error| zip_fault(path, "whole file", &error))?;
    let mut names: Vec<String> = archive.file_names().map(str::to_owned).collect();
    names.sort_unstable();
    Ok(names)
}

/// A zip archive's fault as an error of `place`.
pub(crate) fn zip_fault(path: &Path, place: &str, error: &ZipError) -> LoadError {
    let found = match error {
        ZipError::Io(error) => error.to_string(),
        ZipError::InvalidArchive(reason) => reason.to_string(),
        ZipError::UnsupportedArchive(reason) => (*reason).to_owned(),
        other => other.to_string(),
    };
    LoadError::content(path, place, "a zip archive", found)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::write::SimpleFileOptions;

    use super::*;

    #[test]
    fn all_arrays_together_are_no_larger_than_their_archive_allows() {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let n_bytes = 30 << 20;
        let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({n_bytes},), }}");
        for name in ["a", "b", "c"] {
            archive.start_file(format!("{name}.npy"), SimpleFileOptions::default()).expect("an entry");
            archive.write_all(b"\x93NUMPY\x01\x00").expect("written");
            archive.write_all(&(header.len() as u16).to_le_bytes()).expect("written");
            archive.write_all(header.as_bytes()).expect("written");
            archive.write_all(&vec![0; n_bytes]).expect("written");
        }
        let bytes = archive.finish().expect("closed").into_inner();
        let mut npz = Npz::from_bytes(bytes, Path::new("x.npz")).expect("an archive");
        for name in ["a", "b", "a"] {
            assert_eq!(npz.array(name).expect("small enough").len(), n_bytes);
        }
        let said = npz.array("c").unwrap_err().to_string();
        let expected = "array c: expected at most 67108864 bytes, found ";
        assert!(said.starts_with(expected) && said.ends_with(" bytes in 3 arrays: x.npz"), "{said}");
    }
}
