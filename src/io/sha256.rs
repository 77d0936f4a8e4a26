//! SHA-256 of bytes and files, in hexadecimal.
//!
//! What is never here: what the bytes mean.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
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

/// Files of a folder beyond this many are not hashed: their number alone counts.
const MAX_FILES: usize = 4096;

/// What an input held when it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputHash {
    /// The path, as it was opened.
    pub path: String,
    /// Bytes of the file, or of all files that lie in the folder.
    pub size_bytes: u64,
    /// SHA-256 of the file; of a folder, of the names and hashes of the files that lie in it.
    pub sha256: String,
}

impl InputHash {
    /// Of the file or folder at `path`; nothing where the user cancelled.
    ///
    /// # Errors
    /// The operating system's; [`ErrorKind::InvalidInput`] for what is neither a file nor a folder.
    pub fn of(path: &str, ctl: &Control) -> std::io::Result<Option<Self>> {
        let found = std::fs::metadata(path)?;
        let hashed = match (found.is_file(), found.is_dir()) {
            (true, _) => of_file(Path::new(path), ctl)?,
            (_, true) => of_folder(Path::new(path), ctl)?,
            // A pipe would never end.
            _ => return Err(ErrorKind::InvalidInput.into()),
        };
        Ok(hashed.map(|(size_bytes, sha256)| Self { path: path.to_owned(), size_bytes, sha256 }))
    }
}

/// Size and SHA-256 of the files that lie in a folder, by their names; nothing where the user cancelled.
fn of_folder(folder: &Path, ctl: &Control) -> std::io::Result<Option<(u64, String)>> {
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    let mut sum = Sum::default();
    sum.add(&(files.len() as u64).to_le_bytes());
    let mut size_bytes = 0;
    for path in files.iter().take(MAX_FILES) {
        let Some((n_bytes, hash)) = of_file(path, ctl)? else { return Ok(None) };
        size_bytes += n_bytes;
        sum.add(path.file_name().unwrap_or_default().as_encoded_bytes());
        sum.add(b"\n");
        sum.add(hash.as_bytes());
    }
    Ok(Some((size_bytes, sum.finish().1)))
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
    use crate::io::atomic::write_atomic;

    #[test]
    fn pieces_have_the_hash_of_the_whole() {
        let of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(of_bytes(b"abc"), of_abc);
        let mut sum = Sum::default();
        sum.add(b"a");
        sum.add(b"bc");
        assert_eq!(sum.finish(), (3, of_abc.to_owned()));
    }

    #[test]
    fn an_input_has_another_hash_when_a_file_of_it_has_changed() {
        let ctl = Control::new(1).expect("a worker");
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| write_atomic(folder.path().join(name), text.as_bytes()).expect("written");
        let hash =
            |path: &Path| InputHash::of(path.to_str().expect("text"), &ctl).expect("there").expect("not stopped");
        write("edges.csv", "abc");
        let file = hash(&folder.path().join("edges.csv"));
        assert_eq!((file.size_bytes, file.sha256.as_str()), (3, of_bytes(b"abc").as_str()));
        let before = hash(folder.path());
        assert_eq!(hash(folder.path()), before);
        write("edges.csv", "abd");
        let changed = hash(folder.path());
        assert_ne!(changed, before, "one byte");
        write("labels.csv", "");
        assert_ne!(hash(folder.path()), changed, "one more file");
        let gone = InputHash::of("there is no such file", &ctl).expect_err("gone");
        assert_eq!(gone.kind(), ErrorKind::NotFound);
    }
}
