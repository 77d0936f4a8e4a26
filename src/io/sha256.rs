//! SHA-256 of bytes and files, in hexadecimal.
//!
//! What is never here: what the bytes mean.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::reading;
use crate::engine::control::Control;

/// Bytes that are read and hashed at a time: some milliseconds between two looks at whether the user has cancelled.
const PIECE_BYTES: usize = 1 << 20;

/// SHA-256 of `bytes`.
pub(super) fn of_bytes(bytes: &[u8]) -> String {
    let mut hash = Sha256::new();
    for piece in bytes.chunks(PIECE_BYTES) {
        // Nobody compares what a stopped job has made.
        if reading::is_stopped() {
            break;
        }
        hash.update(piece);
    }
    hexadecimal(&hash.finalize())
}

/// The digits of a digest.
pub(super) fn hexadecimal(digest: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    digest.iter().flat_map(|b| [b >> 4, b & 15]).map(|d| char::from(DIGITS[usize::from(d)])).collect()
}

/// Size and SHA-256 of a file; nothing where the user cancelled.
///
/// # Errors
/// The operating system's.
pub(super) fn of_file(path: &Path, ctl: &Control) -> std::io::Result<Option<(u64, String)>> {
    let mut file = File::open(path)?;
    let mut sum = Sum::default();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        if ctl.check().is_err() {
            return Ok(None);
        }
        match file.read(&mut piece)? {
            0 => return Ok(Some(sum.finish())),
            n => sum.add(&piece[..n]),
        }
    }
}

/// What has been written so far: how much, and its hash.
#[derive(Debug, Clone, Default)]
pub(super) struct Sum {
    hash: Sha256,
    size_bytes: u64,
}

impl Sum {
    /// Takes what comes next.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.size_bytes += bytes.len() as u64;
    }

    /// Size and SHA-256 of everything.
    pub(super) fn finish(self) -> (u64, String) {
        (self.size_bytes, hexadecimal(&self.hash.finalize()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_have_the_hash_of_the_whole() {
        let of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(of_bytes(b"abc"), of_abc);
        let mut sum = Sum::default();
        sum.add(b"a");
        sum.add(b"bc");
        assert_eq!(sum.finish(), (3, of_abc.to_owned()));
    }
}
