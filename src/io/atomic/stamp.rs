//! What tells that a file is still the one that it was.

use std::fs;

use serde::{Deserialize, Serialize};

/// What tells that a file is still the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    size_bytes: u64,
    /// Nanoseconds since 1970.
    changed: u128,
    /// Its number on the file system, where there is such a thing.
    number: u64,
}

impl Stamp {
    /// Of what `found` describes.
    pub(super) fn of(found: &fs::Metadata) -> Self {
        #[cfg(unix)]
        let number = std::os::unix::fs::MetadataExt::ino(found);
        #[cfg(not(unix))]
        let number = 0;
        let changed = found.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        Self { size_bytes: found.len(), changed: changed.map_or(0, |since| since.as_nanos()), number }
    }
}
