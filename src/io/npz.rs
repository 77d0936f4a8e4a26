//! NumPy archives (`.npz`): a zip file of `.npy` arrays, stored or deflated, read one array at a time.
//!
//! What is never allocated: more than [`MAX_EXPANSION`] bytes for each byte of the archive, and 64 MiB, for all its arrays together.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};

use zip::ZipArchive;
use zip::result::ZipError;

use super::file::open;
use super::npy::{Array, Origin, Pieces};
use super::report::LoadError;

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
        let limit = limit(self.archive_bytes);
        // One that is read again is not there twice.
        self.unpacked.insert(file_name, entry.size());
        let unpacked = self.unpacked.values().fold(0u64, |sum, n| sum.saturating_add(*n));
        if unpacked > limit {
            let expected = format!("at most {limit} bytes");
            let found = match self.unpacked.len() {
                1 => format!("{unpacked} bytes"),
                n => format!("{unpacked} bytes in {n} arrays"),
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
        limit(self.archive_bytes)
    }

    /// Names of what was not read, in alphabetical order.
    pub(crate) fn unread(&self) -> impl Iterator<Item = &str> {
        self.unread.iter().map(String::as_str)
    }
}

fn limit(archive_bytes: u64) -> u64 {
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
