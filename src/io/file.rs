//! Opening and reading whole files, with a size limit before anything is allocated.
//!
//! What is never here: knowledge of a format.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::escape::{escaped, escaped_path};
use super::report::LoadError;

/// Largest file that is read into memory as a whole, bytes.
pub(crate) const MAX_FILE_BYTES: u64 = 16 << 30;

/// Opens a file for reading.
pub(crate) fn open(path: &Path) -> Result<File, LoadError> {
    let file = File::open(path).map_err(|source| LoadError::io("open", path, source))?;
    let kind = file.metadata().map_err(|source| LoadError::io("read", path, source))?;
    if kind.is_file() {
        Ok(file)
    } else {
        // A pipe or a device could deliver bytes without end.
        Err(LoadError::content(path, "whole file", "a regular file", "a folder or device"))
    }
}

/// Reads a whole file of at most `max_bytes`.
pub(crate) fn read_whole(path: &Path, max_bytes: u64) -> Result<Vec<u8>, LoadError> {
    let file = open(path)?;
    let mut bytes = Vec::new();
    file.take(max_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|source| LoadError::io("read", path, source))?;
    if bytes.len() as u64 > max_bytes {
        return Err(LoadError::content(path, "whole file", format!("at most {max_bytes} bytes"), "more"));
    }
    Ok(bytes)
}

/// The first bytes of a regular file; nothing of what is none, or cannot be read.
pub(crate) fn read_start(path: &Path, n_bytes: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A pipe is not even opened: that would wait for its other end.
    if path.metadata().is_ok_and(|kind| kind.is_file())
        && let Ok(file) = File::open(path)
    {
        // What was read until a fault is as good a start as any.
        drop(file.take(n_bytes).read_to_end(&mut bytes));
    }
    bytes
}

/// Reads a whole text file of at most `max_bytes`; a byte order mark is taken off.
pub(crate) fn read_text(path: &Path, max_bytes: u64) -> Result<String, LoadError> {
    let bytes = read_whole(path, max_bytes)?;
    match String::from_utf8(bytes) {
        Ok(mut text) => {
            if text.starts_with('\u{feff}') {
                text.remove(0);
            }
            Ok(text)
        }
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            Err(LoadError::content(path, format!("byte {at}"), "UTF-8 text", "bytes that are none"))
        }
    }
}

/// The file's or folder's name without its last extension, for titles: what acts in it is spelt out.
pub(crate) fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(|| escaped_path(path), |stem| escaped(&stem.to_string_lossy()).into_owned())
}
