//! Temporary folders beside an output, and what becomes of those whose program died.
//!
//! A temporary folder is named `.unifews-`, 16 hexadecimal digits, `.part`. Its file `lock` names the format and the outputs, and is locked
//! as long as its program lives. What carries the name, the file and no lock is swept when the next output is written in the same folder:
//! first whatever an interruption left half done is finished or taken back, then all of it goes. Nothing else is ever touched.
//!
//! What is never here: replacing what stands at a target.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::list;
use super::stamp::Stamp;

const FORMAT: &str = "unifews-temporary/1";
const MARKER: &str = "lock";
/// Bytes that a marker may have: names of a few files.
const MAX_MARKER: u64 = 1 << 16;
/// The output while it is written, and behind the swap what stood in its place before.
const OUTPUT: &str = "output";
/// What stood at the target, on a system that cannot swap.
const ASIDE: &str = "aside";
/// Written when all files of a group are whole: from here on they belong at their targets.
const COMMIT: &str = "commit";

/// What the marker says.
#[derive(Debug, Serialize, Deserialize)]
struct Marker {
    format: String,
    /// Names beside this folder that are being written.
    targets: Vec<String>,
}

/// A file of a group that is to take its place, and what stood there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Pending {
    /// Name of the target.
    pub(super) target: String,
    /// Size and last change of what is to be replaced.
    pub(super) replaces: Option<Stamp>,
}

/// A temporary folder of this program. Dropped, it goes with everything in it.
#[derive(Debug)]
pub(super) struct Temporary {
    folder: PathBuf,
    /// Held as long as this is in use.
    _lock: File,
}

impl Temporary {
    /// Makes a temporary folder in `parent` for outputs of these names, after sweeping what dead programs left there.
    ///
    /// # Errors
    /// The operating system's.
    pub(super) fn begin(parent: &Path, targets: &[&OsStr]) -> std::io::Result<Self> {
        let marker = Marker {
            format: FORMAT.to_owned(),
            targets: targets.iter().map(|name| name.to_string_lossy().into_owned()).collect(),
        };
        let text = serde_json::to_vec(&marker)?;
        let guard = lock_folder(parent);
        let dead = find_dead(parent, guard.is_some());
        let made = make_folder(parent, |digits| format!(".unifews-{digits}.part"));
        let temporary = made.and_then(|folder| {
            let lock = make_marker(&folder, &text);
            lock.map(|lock| Self { folder: folder.clone(), _lock: lock }).inspect_err(|_| {
                drop(fs::remove_file(folder.join(MARKER)));
                drop(fs::remove_dir(&folder));
            })
        });
        // Others may go on: what is dead is locked by now.
        drop(guard);
        for dead in dead {
            dead.bury(parent);
        }
        temporary
    }

    /// Where the output is written, file `at` of a group.
    pub(super) fn file(&self, at: usize) -> PathBuf {
        self.folder.join(format!("{OUTPUT}-{at}"))
    }

    /// Where the output is written, a folder.
    pub(super) fn output(&self) -> PathBuf {
        self.folder.join(OUTPUT)
    }

    /// Where what stood at a target is put on a system that cannot swap.
    pub(super) fn aside(&self) -> PathBuf {
        self.folder.join(ASIDE)
    }

    /// A second name for what file `at` of a group replaces.
    pub(super) fn replaced(&self, at: usize) -> PathBuf {
        self.folder.join(format!("{ASIDE}-{at}"))
    }

    /// Where the list of a folder's files is made.
    pub(super) fn list(&self) -> PathBuf {
        self.folder.join(list::NAME)
    }

    /// Writes down that all files of a group are whole. Interrupted afterwards, the next program puts them in their places.
    ///
    /// # Errors
    /// The operating system's.
    pub(super) fn promise(&self, pending: &[Pending]) -> std::io::Result<()> {
        let mut file = File::create(self.folder.join(COMMIT))?;
        file.write_all(&serde_json::to_vec(pending)?)?;
        file.sync_all()
    }

    /// Takes the promise back.
    pub(super) fn break_promise(&self) {
        drop(fs::remove_file(self.folder.join(COMMIT)));
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        clear(&self.folder);
    }
}

/// A temporary folder whose program is gone.
struct Dead {
    folder: PathBuf,
    marker: Marker,
    /// Held, so that nobody else buries it too.
    _lock: File,
}

impl Dead {
    fn bury(self, parent: &Path) {
        self.put_back(parent);
        self.keep_promise(parent);
        clear(&self.folder);
    }

    /// Where an interruption left nothing under the name, what stood there stands there again.
    fn put_back(&self, parent: &Path) {
        let aside = self.folder.join(ASIDE);
        if let [target] = &self.marker.targets[..]
            && let Some(target) = plain_name(target)
            && fs::symlink_metadata(&aside).is_ok()
        {
            drop(rename_to_free(&aside, &parent.join(target)));
        }
    }

    /// Puts the files of a whole group into their places, unless somebody has written there since.
    fn keep_promise(&self, parent: &Path) {
        let Ok(text) = fs::read(self.folder.join(COMMIT)) else { return };
        // Cut off while it was written: then nothing has been replaced yet.
        let Ok(pending) = serde_json::from_slice::<Vec<Pending>>(&text) else { return };
        let left: Vec<(PathBuf, PathBuf, Option<Stamp>)> = pending
            .iter()
            .enumerate()
            .filter_map(|(at, pending)| {
                let target = parent.join(plain_name(&pending.target)?);
                Some((self.folder.join(format!("{OUTPUT}-{at}")), target, pending.replaces))
            })
            .filter(|(file, ..)| file.is_file())
            .collect();
        let is_untouched = left
            .iter()
            .all(|(_, target, replaces)| fs::symlink_metadata(target).ok().map(|found| Stamp::of(&found)) == *replaces);
        if is_untouched {
            for (file, target, _) in left {
                drop(fs::rename(file, target));
            }
        }
    }
}

/// A name without any way to another folder.
fn plain_name(name: &str) -> Option<&str> {
    (Path::new(name).file_name() == Some(OsStr::new(name))).then_some(name)
}

/// Renames a file or folder to a name that is free.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`] where it is not, and the operating system's.
pub(super) fn rename_to_free(from: &Path, to: &Path) -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
            result => return result.map_err(Into::into),
        }
    }
    match fs::symlink_metadata(to) {
        Ok(_) => Err(ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(from, to),
    }
}

/// Holds other programs off while temporary folders are made and looked for in `parent`. Nothing where the system cannot lock folders.
fn lock_folder(parent: &Path) -> Option<File> {
    File::open(parent).and_then(lock_soon).ok()
}

/// A file, locked: others hold it for a moment only.
///
/// # Errors
/// [`ErrorKind::WouldBlock`] where somebody does not let it go, and the operating system's.
pub(in crate::io) fn lock_soon(file: File) -> std::io::Result<File> {
    const TRIES: usize = 200;
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(fs::TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(10)),
            Err(fs::TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(ErrorKind::WouldBlock.into())
}

/// A new folder in `parent`, for this user alone, which `name` calls by 16 hexadecimal digits.
///
/// # Errors
/// The operating system's.
pub(in crate::io) fn make_folder(parent: &Path, name: impl Fn(&str) -> String) -> std::io::Result<PathBuf> {
    loop {
        let folder = parent.join(name(&format!("{:016x}", RandomState::new().hash_one(0))));
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(&folder) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            result => return result.map(|()| folder),
        }
    }
}

/// Locked before it says what it is: nobody takes it for a dead one in between.
fn make_marker(folder: &Path, text: &[u8]) -> std::io::Result<File> {
    let mut marker = File::create_new(folder.join(MARKER))?;
    // Where files cannot be locked nobody can lock this one to sweep it, either.
    drop(marker.try_lock());
    marker.write_all(text)?;
    Ok(marker)
}

fn is_temporary_name(name: &OsStr) -> bool {
    let digits = name.to_str().and_then(|name| name.strip_prefix(".unifews-")?.strip_suffix(".part"));
    digits.is_some_and(|d| d.len() == 16 && d.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
}

fn find_dead(parent: &Path, is_guarded: bool) -> Vec<Dead> {
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    let named = entries.filter_map(Result::ok).filter(|entry| is_temporary_name(&entry.file_name()));
    let folders = named.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    folders.filter_map(|entry| look_at(entry.path(), is_guarded)).collect()
}

/// A dead program's folder, locked. One that died before it had written its marker has nothing in it and goes at once.
fn look_at(folder: PathBuf, is_guarded: bool) -> Option<Dead> {
    let path = folder.join(MARKER);
    let Ok(kind) = fs::symlink_metadata(&path) else {
        if is_guarded {
            // Refused where there is anything in it.
            drop(fs::remove_dir(&folder));
        }
        return None;
    };
    if !kind.is_file() {
        return None;
    }
    let lock = File::open(&path).ok()?;
    lock.try_lock().ok()?;
    let mut text = Vec::new();
    (&lock).take(MAX_MARKER).read_to_end(&mut text).ok()?;
    let is_first = is_guarded && fs::read_dir(&folder).is_ok_and(|entries| entries.count() == 1);
    match serde_json::from_slice::<Marker>(&text) {
        Ok(marker) if marker.format == FORMAT => Some(Dead { folder, marker, _lock: lock }),
        // Died in the middle of the marker's first words.
        _ if is_first && text.is_empty() => {
            drop(fs::remove_file(&path));
            drop(fs::remove_dir(&folder));
            None
        }
        _ => None,
    }
}

/// Removes what this program puts into a temporary folder, and the folder where nothing else is in it. Interrupted, it can be called again.
fn clear(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut is_empty = true;
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let is_gone = match name.to_str() {
            Some(MARKER) => continue,
            Some(OUTPUT | ASIDE) if is_folder => list::remove_ours(&entry.path()),
            Some(name) if !is_folder && is_own_file(name) => fs::remove_file(entry.path()).is_ok(),
            _ => false,
        };
        is_empty &= is_gone;
    }
    if is_empty {
        drop(fs::remove_file(folder.join(MARKER)));
        drop(fs::remove_dir(folder));
    }
}

fn is_own_file(name: &str) -> bool {
    let numbered = |prefix: &str| name.strip_prefix(prefix).is_some_and(|at| at.parse::<usize>().is_ok());
    matches!(name, COMMIT | list::NAME) || numbered("output-") || numbered("aside-")
}
