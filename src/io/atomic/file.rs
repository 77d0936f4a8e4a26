//! Files that appear whole or not at all, alone or several as one.
//!
//! What is never here: folders, formats.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::stamp::Stamp;
use super::swap::sync_folder;
use super::target::{Target, Wanted, not_made};
use super::temporary::{Pending, Temporary};
use crate::io::report::ExportError;

/// Writes a file whole or not at all.
///
/// The bytes go into a temporary folder beside the file, and from there in one step to `path`. See [`AtomicFile`].
///
/// # Errors
/// [`ExportError`]; what was at `path` before is then still there.
pub fn write_atomic(path: impl AsRef<Path>, bytes: &[u8]) -> Result<(), ExportError> {
    let path = path.as_ref();
    let mut file = AtomicFile::begin(path)?;
    file.write_all(bytes).map_err(|source| ExportError::io("write", path, source))?;
    file.commit()
}

/// A file that appears whole or not at all.
///
/// [`AtomicFile::begin`] opens a temporary file beside the target, so that a place that cannot be written is known at once;
/// [`AtomicFile::commit`] moves it into place. Dropped without a commit, it leaves nothing behind.
#[derive(Debug)]
pub struct AtomicFile(AtomicFiles);

impl AtomicFile {
    /// Starts a file that will be `target`. A link is written through.
    ///
    /// # Errors
    /// [`ExportError::Io`] where nothing can be made in the folder, or there is none; [`ExportError::NoPlace`] where a device, pipe or socket
    /// stands; [`ExportError::Occupied`] where a folder stands.
    pub fn begin(target: impl AsRef<Path>) -> Result<Self, ExportError> {
        AtomicFiles::begin(target.as_ref(), &[]).map(Self)
    }

    /// Moves the file into place.
    ///
    /// # Errors
    /// [`ExportError`]; what was at the target before is then still there.
    pub fn commit(self) -> Result<(), ExportError> {
        self.0.commit()
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.files[0].write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.files[0].flush()
    }
}

impl Seek for AtomicFile {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.0.files[0].seek(to)
    }
}

/// Files of one folder that appear together, whole, or not at all.
///
/// No system replaces two names in one step. When all files are whole, that is written down; interrupted behind it, the next output
/// that is begun in the folder puts the rest into place.
#[derive(Debug)]
pub struct AtomicFiles {
    temporary: Temporary,
    files: Vec<File>,
    targets: Vec<Target>,
}

impl AtomicFiles {
    /// Starts files that will be `first` and `others`, as [`AtomicFile::begin`] does.
    ///
    /// # Errors
    /// As of [`AtomicFile::begin`]; [`ExportError::NoPlace`] where links lead the files into different folders.
    pub fn begin(first: &Path, others: &[&Path]) -> Result<Self, ExportError> {
        let mut targets = vec![Target::find(first, Wanted::File)?];
        let parent = targets[0].parent.clone();
        let real = |folder: &Path| fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        for other in others {
            let target = Target::find(other, Wanted::File)?;
            if real(&target.parent) != real(&parent) {
                return Err(ExportError::NoPlace {
                    expected: "files in one folder".to_owned(),
                    found: "a link into another folder; remove the link or choose another name".to_owned(),
                    path: target.shown,
                });
            }
            targets.push(target);
        }
        let not_made = |error: std::io::Error| not_made(first, &error, "choose another folder");
        let names: Vec<_> = targets.iter().map(Target::name).collect();
        let temporary = Temporary::begin(&parent, &names).map_err(not_made)?;
        // What the sweep put back stands there now.
        for target in &targets {
            target.kind()?;
        }
        let files = (0..targets.len()).map(|at| File::create_new(temporary.file(at))).collect::<Result<_, _>>();
        Ok(Self { files: files.map_err(not_made)?, temporary, targets })
    }

    /// Writes what comes next in file `at`.
    ///
    /// # Errors
    /// [`ExportError::Io`].
    ///
    /// # Panics
    /// Where there is no file `at`.
    pub fn write(&mut self, at: usize, bytes: &[u8]) -> Result<(), ExportError> {
        self.files[at].write_all(bytes).map_err(|source| ExportError::io("write", &self.targets[at].shown, source))
    }

    /// Moves the files into place, the first one last.
    ///
    /// # Errors
    /// [`ExportError`]; what was at the targets before is then still there.
    pub fn commit(self) -> Result<(), ExportError> {
        let Self { temporary, files, targets } = self;
        let mut pending = Vec::with_capacity(targets.len());
        for (file, target) in files.into_iter().zip(&targets) {
            let fault = |source| ExportError::io("write", &target.shown, source);
            let there = target.kind()?;
            if let Some(there) = &there {
                file.set_permissions(there.permissions()).map_err(fault)?;
            }
            file.sync_all().map_err(fault)?;
            let name = target.name().to_string_lossy().into_owned();
            pending.push(Pending { target: name, replaces: there.as_ref().map(Stamp::of) });
        }
        if targets.len() > 1 {
            for (at, target) in targets.iter().enumerate().filter(|(at, _)| pending[*at].replaces.is_some()) {
                // A second name for what is replaced, to go back to. A file system that has no second names cannot go back.
                drop(fs::hard_link(&target.path, temporary.replaced(at)));
            }
            let promised = temporary.promise(&pending);
            promised.map_err(|source| ExportError::io("write", &targets[0].shown, source))?;
        }
        for at in (0..targets.len()).rev() {
            if let Err(source) = fs::rename(temporary.file(at), &targets[at].path) {
                temporary.break_promise();
                take_back(&temporary, &targets, at + 1);
                return Err(ExportError::io("replace", &targets[at].shown, source));
            }
        }
        sync_folder(&targets[0].parent);
        Ok(())
    }
}

/// Puts back what files from number `from` on replaced.
fn take_back(temporary: &Temporary, targets: &[Target], from: usize) {
    for (at, target) in targets.iter().enumerate().skip(from) {
        let old: PathBuf = temporary.replaced(at);
        drop(if old.exists() { fs::rename(old, &target.path) } else { fs::remove_file(&target.path) });
    }
}
