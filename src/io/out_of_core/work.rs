//! The work folder of a propagation: whose it is, its files, and their checksums.
//!
//! A folder is a work folder of this program where its file `lock` says so. Its names are `lock`, `state.json` and those of arrays; a
//! folder with anything else in it is refused, and only files of these names are ever removed.
//!
//! What is never here: what the arrays mean.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::engine::control::Control;
use crate::io::report::{ExportError, LoadError};
use crate::io::sha256::{self, Sum};
use crate::io::text::escaped;

/// What `lock` holds.
const OWNER: &[u8] = b"unifews-work/1\n";
const LOCK: &str = "lock";
pub(super) const STATE: &str = "state.json";
/// Behind the names of files that are still being written.
const UNFINISHED: &str = ".part";

/// A file as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileSum {
    pub(super) size_bytes: u64,
    pub(super) sha256: String,
}

/// A work folder that nobody else is at work in.
#[derive(Debug)]
pub(super) struct WorkFolder {
    path: PathBuf,
    /// Of every array that is whole.
    sums: Mutex<BTreeMap<String, FileSum>>,
    /// Held as long as this is at work.
    _lock: File,
}

impl WorkFolder {
    /// Opens the folder, which is made where there is none.
    ///
    /// # Errors
    /// [`ExportError::OtherFiles`] for a folder that is not ours, [`ExportError::Occupied`] for one that another propagation is at work in;
    /// [`ExportError::Io`].
    pub(super) fn open(path: &Path) -> Result<Self, ExportError> {
        let occupied = |found: String| Err(ExportError::Occupied { found, path: path.to_owned() });
        match fs::create_dir(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            result => result.map_err(|source| ExportError::io("create", path, source))?,
        }
        if !fs::symlink_metadata(path).is_ok_and(|found| found.is_dir()) {
            return occupied("a file; move it, or choose another output".into());
        }
        if let Some(name) = foreign_name(path).map_err(|source| ExportError::io("read", path, source))? {
            let name = escaped(&name);
            let detail = format!("not written by this program: {name}; move it, or choose another output");
            let found = "a folder with other files".to_owned();
            return Err(ExportError::OtherFiles { found, detail, path: path.to_owned() });
        }
        let lock_path = path.join(LOCK);
        let fault = |source| ExportError::io("lock", &lock_path, source);
        let mut options = fs::OpenOptions::new();
        let mut lock = options.read(true).write(true).create(true).truncate(false).open(&lock_path).map_err(fault)?;
        match lock.try_lock() {
            Err(fs::TryLockError::WouldBlock) => return occupied("a propagation at work".into()),
            Err(fs::TryLockError::Error(source)) => return Err(fault(source)),
            Ok(()) => {}
        }
        lock.rewind().and_then(|()| lock.write_all(OWNER)).map_err(fault)?;
        Ok(Self { path: path.to_owned(), sums: Mutex::default(), _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn sums(&self) -> MutexGuard<'_, BTreeMap<String, FileSum>> {
        self.sums.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sizes and hashes of the arrays that are whole.
    pub(super) fn all_sums(&self) -> BTreeMap<String, FileSum> {
        self.sums().clone()
    }

    /// Of the array `name`.
    pub(super) fn sum_of(&self, name: &str) -> Option<FileSum> {
        self.sums().get(name).cloned()
    }

    /// Goes on with the arrays that a state knows; whatever else is there was made behind it and goes.
    pub(super) fn go_on_with(&self, sums: BTreeMap<String, FileSum>) -> Result<(), ExportError> {
        let entries = fs::read_dir(&self.path).map_err(|source| ExportError::io("read", &self.path, source))?;
        for name in entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()) {
            if ![LOCK, STATE].contains(&name.as_str()) && !sums.contains_key(&name) {
                self.remove(&name).map_err(|source| ExportError::io("remove", &self.path.join(&name), source))?;
            }
        }
        *self.sums() = sums;
        Ok(())
    }

    /// Reads every array that was there when the state was written, and compares it with its checksum. Those that were removed since are
    /// not asked for.
    ///
    /// # Errors
    /// [`LoadError::Content`] for the first that has changed; [`LoadError::Cancelled`].
    pub(super) fn verify(&self, ctl: &Control) -> Result<(), LoadError> {
        let sums = self.all_sums();
        for (done, (name, expected)) in sums.iter().enumerate() {
            ctl.progress("checking what is there", done, sums.len());
            let path = self.path.join(name);
            let found = match sha256::of_file(&path, ctl) {
                Ok(Some((size_bytes, sha256))) => FileSum { size_bytes, sha256 },
                Ok(None) => return Err(LoadError::Cancelled),
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(source) => return Err(LoadError::io("read", &path, source)),
            };
            if found != *expected {
                let says = |sum: &FileSum| format!("{} bytes with SHA-256 {}", sum.size_bytes, sum.sha256);
                return Err(LoadError::content(&path, "work file", says(expected), says(&found)));
            }
        }
        Ok(())
    }

    /// Starts a file.
    pub(super) fn create(&self, name: &str) -> std::io::Result<WorkFile> {
        let unfinished = self.path.join(format!("{name}{UNFINISHED}"));
        Ok(WorkFile { file: File::create(&unfinished)?, unfinished, whole: self.path.join(name), sum: Sum::default() })
    }

    /// Puts a file that was written whole in its place.
    pub(super) fn finish(&self, file: WorkFile, name: &str) -> std::io::Result<()> {
        file.file.sync_all()?;
        fs::rename(&file.unfinished, &file.whole)?;
        let (size_bytes, sha256) = file.sum.finish();
        self.sums().insert(name.to_owned(), FileSum { size_bytes, sha256 });
        Ok(())
    }

    /// Writes the state whole or not at all.
    pub(super) fn write_state(&self, bytes: &[u8]) -> std::io::Result<()> {
        let unfinished = self.path.join(format!("{STATE}{UNFINISHED}"));
        let mut file = File::create(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(unfinished, self.path.join(STATE))
    }

    /// Removes a file; nothing where there is none.
    pub(super) fn remove(&self, name: &str) -> std::io::Result<()> {
        self.sums().remove(name);
        match fs::remove_file(self.path.join(name)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    /// Removes the folder with everything of ours. The state goes first: what is left when this is interrupted is begun anew.
    pub(super) fn remove_all(self) -> Result<(), ExportError> {
        let fault = |source| ExportError::io("remove", &self.path, source);
        self.remove(STATE).map_err(fault)?;
        let entries = fs::read_dir(&self.path).map_err(fault)?;
        for name in entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()) {
            if name != LOCK && is_own_name(&name) {
                self.remove(&name).map_err(fault)?;
            }
        }
        self.remove(LOCK).map_err(fault)?;
        match fs::remove_dir(&self.path) {
            // Somebody has put something there meanwhile: that stays, and the folder with it.
            Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => Ok(()),
            result => result.map_err(fault),
        }
    }
}

/// A file in a work folder that is being written.
#[derive(Debug)]
pub(super) struct WorkFile {
    file: File,
    unfinished: PathBuf,
    whole: PathBuf,
    sum: Sum,
}

impl WorkFile {
    /// Where it will be.
    pub(super) fn path(&self) -> &Path {
        &self.whole
    }

    pub(super) fn append(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.sum.add(bytes);
        self.file.write_all(bytes)
    }
}

/// The first name in a folder that is not one of ours. Without a `lock` of ours nothing there is ours.
fn foreign_name(folder: &Path) -> std::io::Result<Option<String>> {
    let marked = marked_by(&folder.join(LOCK));
    let mut foreign = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_own = match marked {
            Marked::Ours => is_own_name(&name),
            Marked::NotYet => name == LOCK,
            Marked::Foreign => false,
        };
        if !is_own || !entry.file_type()?.is_file() {
            foreign.push(name);
        }
    }
    Ok(foreign.into_iter().min())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Marked {
    /// The lock says so.
    Ours,
    /// No lock, or one that somebody died in the middle of writing.
    NotYet,
    /// A `lock` of somebody else's.
    Foreign,
}

fn marked_by(lock: &Path) -> Marked {
    let mut text = Vec::new();
    match fs::symlink_metadata(lock) {
        Ok(found) if !found.is_file() => return Marked::Foreign,
        Ok(_) => {}
        Err(_) => return Marked::NotYet,
    }
    let is_read = File::open(lock).is_ok_and(|lock| lock.take(OWNER.len() as u64 + 1).read_to_end(&mut text).is_ok());
    match &text[..] {
        OWNER if is_read => Marked::Ours,
        start if is_read && OWNER.starts_with(start) => Marked::NotYet,
        _ => Marked::Foreign,
    }
}

/// Whether a file may be called that in a work folder.
fn is_own_name(name: &str) -> bool {
    let name = name.strip_suffix(UNFINISHED).unwrap_or(name);
    let Some((stem, extension)) = name.rsplit_once('.') else { return name == LOCK };
    // `hop_3_columns_0` is `hop__columns_`.
    let pattern: String = stem.chars().filter(|c| !c.is_ascii_digit()).collect();
    match extension {
        "json" => name == STATE,
        "npy" => ["lengths_", "removed_at_", "hop__columns_", "sum__columns_", "embedding"].contains(&pattern.as_str()),
        "bin" => ["sources_", "values_"].contains(&pattern.as_str()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_ours_are_ours() {
        for name in
            ["lock", "state.json", "state.json.part", "hop_3_columns_12.npy", "values_0.bin.part", "embedding.npy"]
        {
            assert!(is_own_name(name), "{name}");
        }
        for name in ["notes.txt", "lock.txt", "part", ".part", "my.npy", "hop.npy", "state.npy", "embedding.bin", ""] {
            assert!(!is_own_name(name), "{name}");
        }
    }
}
