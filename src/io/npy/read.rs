//! A `.npy` file as an array in memory.

use std::io::{BufReader, Read as _};
use std::path::Path;

use super::array::Array;
use super::pieces::{Origin, Pieces};
use crate::io::file::{MAX_FILE_BYTES, open};
use crate::io::report::LoadError;

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
}
