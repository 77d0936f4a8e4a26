//! Where a session keeps what would be lost with it, and what was left by sessions that did not end.
//!
//! `sessions` in the user's folder for state holds a folder for every session at work, named by 16 hexadecimal digits: `lock`, which is
//! locked as long as its program lives; `session.unifews`, the state; and what the state names beside it. A folder without a living program
//! was left behind. It is locked by whoever finds it, so that two windows never take over the same one.
//!
//! What is never here: what the state means.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::atomic::{lock_soon, make_folder, write_atomic};
use super::places::{Place, own_folder};
use super::report::ExportError;

/// Name of the state in the folder of a session.
pub const STATE_NAME: &str = "session.unifews";
const LOCK: &str = "lock";
/// Sessions that were left behind, beyond this many, are not looked at.
const MAX_LEFT: usize = 20;

/// Where the folders of sessions belong on this system, if there is a place.
pub fn sessions_folder() -> Option<PathBuf> {
    own_folder(Place::State).map(|state| state.join("sessions"))
}

/// The folder of one session. Dropped, it stays: only [`SessionFolder::remove`] takes it away.
#[derive(Debug)]
pub struct SessionFolder {
    folder: PathBuf,
    /// Held as long as this is in use.
    lock: File,
}

impl SessionFolder {
    /// Makes a folder of its own below `root`, which is made where it is missing.
    ///
    /// # Errors
    /// [`ExportError::Io`].
    pub fn begin(root: &Path) -> Result<Self, ExportError> {
        let fault = |source| ExportError::io("make a folder for the session", root, source);
        fs::create_dir_all(root).map_err(fault)?;
        let _guard = lock_root(root).map_err(fault)?;
        let folder = make_folder(root, str::to_owned).map_err(fault)?;
        let lock = File::create(folder.join(LOCK)).map_err(fault)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { folder, lock }),
            Err(TryLockError::Error(source)) => Err(fault(source)),
            Err(TryLockError::WouldBlock) => Err(fault(ErrorKind::WouldBlock.into())),
        }
    }

    /// Where something of this name lies.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a file of this name, whole or not at all.
    ///
    /// # Errors
    /// [`ExportError::Io`].
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), ExportError> {
        write_atomic(self.path(name), bytes)
    }

    /// When the state was written last; the beginning of time where there is none.
    pub fn written_at(&self) -> SystemTime {
        let found = fs::metadata(self.path(STATE_NAME)).and_then(|found| found.modified());
        found.unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// Removes one file; one that is not there is fine.
    pub fn forget(&self, name: &str) {
        drop(fs::remove_file(self.path(name)));
    }

    /// Removes the folder with everything in it.
    pub fn remove(self) {
        // Interrupted from here on, nothing is offered that is only half there.
        self.forget(STATE_NAME);
        let Self { folder, lock } = self;
        // Some systems remove no file that is open.
        drop(lock);
        drop(fs::remove_dir_all(folder));
    }
}

/// What sessions below `root` left that did not end, newest first, each locked; what holds no state is swept.
pub fn left_behind(root: &Path) -> Vec<SessionFolder> {
    let Ok(_guard) = lock_root(root) else { return Vec::new() };
    let Ok(entries) = fs::read_dir(root) else { return Vec::new() };
    let mut left = Vec::new();
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_ours = name.to_str().is_some_and(|n| n.len() == 16 && n.bytes().all(|b| b.is_ascii_hexdigit()));
        // A link is never followed.
        if !is_ours || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let folder = entry.path();
        let Ok(lock) = File::options().create(true).truncate(false).write(true).open(folder.join(LOCK)) else {
            continue;
        };
        if lock.try_lock().is_err() {
            continue;
        }
        let found = SessionFolder { folder, lock };
        if found.path(STATE_NAME).is_file() {
            left.push(found);
        } else {
            found.remove();
        }
    }
    left.sort_by_key(|folder| std::cmp::Reverse(folder.written_at()));
    left.truncate(MAX_LEFT);
    left
}

/// A guard over all folders of `root`, so that nobody finds one that is being made.
fn lock_root(root: &Path) -> std::io::Result<File> {
    lock_soon(File::options().create(true).truncate(false).write(true).open(root.join(LOCK))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_living_session_uses_is_nobody_elses_and_what_a_dead_one_left_is_found_once() {
        let root = tempfile::tempdir().expect("a folder");
        let root = root.path().join("sessions");
        assert!(left_behind(&root).is_empty(), "no folder yet");
        let (first, second) = (SessionFolder::begin(&root).expect("made"), SessionFolder::begin(&root).expect("made"));
        first.write(STATE_NAME, b"first").expect("written");
        second.write(STATE_NAME, b"second").expect("written");
        let empty = SessionFolder::begin(&root).expect("made");
        assert!(left_behind(&root).is_empty(), "all are alive");
        // A program that dies lets its lock go.
        let empty_path = empty.path("");
        drop((first, empty));
        let left = left_behind(&root);
        assert_eq!(left.len(), 1);
        assert_eq!(fs::read(left[0].path(STATE_NAME)).expect("there"), b"first");
        assert!(!empty_path.exists(), "what holds no state is swept");
        assert!(left_behind(&root).is_empty(), "whoever found it has it");
        drop(left);
        let mut left = left_behind(&root);
        let path = left[0].path("");
        left.remove(0).remove();
        assert!(!path.exists() && left_behind(&root).is_empty());
        second.write("model-1.safetensors", b"model").expect("still at work");
    }
}
