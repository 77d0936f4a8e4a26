//! Writing so that an interruption leaves what was there before: write beside, then rename.
//!
//! What is never here: knowledge of a format.

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::report::ExportError;

/// Writes a file whole or not at all.
///
/// The bytes go into a temporary file in the same folder, which then takes the place of `path`. See [`AtomicFile`].
///
/// # Errors
/// [`ExportError::Io`]; what was at `path` before is then still there.
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
pub struct AtomicFile {
    target: PathBuf,
    written: tempfile::NamedTempFile,
}

impl AtomicFile {
    /// Starts a file that will be `target`.
    ///
    /// # Errors
    /// [`ExportError::Io`], [`ExportError::Occupied`] where a folder stands.
    pub fn begin(target: impl AsRef<Path>) -> Result<Self, ExportError> {
        let target = target.as_ref().to_owned();
        if target.is_dir() {
            return Err(ExportError::Occupied { found: "a folder".to_owned(), path: target });
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(".unifews-").suffix(".part");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // A temporary file is private by default; what is exported is as readable as any other new file.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let written =
            builder.tempfile_in(parent_of(&target)).map_err(|source| ExportError::io("create", &target, source))?;
        Ok(Self { target, written })
    }

    /// Moves the file into place.
    ///
    /// # Errors
    /// [`ExportError::Io`]; what was at the target before is then still there.
    pub fn commit(self) -> Result<(), ExportError> {
        let Self { target, written } = self;
        written.as_file().sync_all().map_err(|source| ExportError::io("write", &target, source))?;
        written.persist(&target).map_err(|error| ExportError::io("replace", &target, error.error))?;
        Ok(())
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.written.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.written.flush()
    }
}

impl Seek for AtomicFile {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.written.seek(to)
    }
}

/// A folder that appears whole or not at all.
///
/// [`AtomicFolder::begin`] makes a temporary folder beside the target; its files are written there; [`AtomicFolder::commit`]
/// moves it into place. Dropped without a commit, it leaves nothing behind.
#[derive(Debug)]
pub struct AtomicFolder {
    target: PathBuf,
    is_ours: fn(&Path) -> bool,
    written: tempfile::TempDir,
}

impl AtomicFolder {
    /// Starts a folder that will be `target`; missing parents are made.
    ///
    /// An existing target is replaced when it is empty or when `is_ours` recognises it, and refused otherwise: at once, so
    /// that nothing long is computed for a place that cannot be written.
    ///
    /// # Errors
    /// [`ExportError::Occupied`] for a target that is somebody else's, [`ExportError::Io`].
    pub fn begin(target: impl AsRef<Path>, is_ours: fn(&Path) -> bool) -> Result<Self, ExportError> {
        let target = target.as_ref().to_owned();
        check_replaceable(&target, is_ours)?;
        let parent = parent_of(&target);
        fs::create_dir_all(&parent).map_err(|source| ExportError::io("create", &parent, source))?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".unifews-").suffix(".part");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            builder.permissions(fs::Permissions::from_mode(0o777));
        }
        let written = builder.tempdir_in(&parent).map_err(|source| ExportError::io("create", &target, source))?;
        Ok(Self { target, is_ours, written })
    }

    /// Where to write the files meanwhile.
    pub fn path(&self) -> &Path {
        self.written.path()
    }

    /// Where the folder will be.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Moves the folder into place.
    ///
    /// An existing target is first renamed aside, and removed only when the new folder stands in its place. A computer that
    /// loses power between the two renames leaves the old folder whole, under its name with `.unifews-old` behind it.
    ///
    /// # Errors
    /// [`ExportError`]; what was at the target before is then still there.
    pub fn commit(self) -> Result<(), ExportError> {
        check_replaceable(&self.target, self.is_ours)?;
        let written = self.written.keep();
        let result = move_into_place(&written, &self.target);
        if result.is_err() {
            // The failure itself is reported; an unfinished folder that cannot be removed either is only litter.
            drop(fs::remove_dir_all(&written));
        }
        result
    }
}

fn move_into_place(written: &Path, target: &Path) -> Result<(), ExportError> {
    if !target.exists() {
        return fs::rename(written, target).map_err(|source| ExportError::io("create", target, source));
    }
    let mut aside = target.as_os_str().to_owned();
    aside.push(".unifews-old");
    let aside = PathBuf::from(aside);
    if aside.exists() {
        fs::remove_dir_all(&aside).map_err(|source| ExportError::io("remove", &aside, source))?;
    }
    fs::rename(target, &aside).map_err(|source| ExportError::io("replace", target, source))?;
    if let Err(source) = fs::rename(written, target) {
        drop(fs::rename(&aside, target));
        return Err(ExportError::io("replace", target, source));
    }
    fs::remove_dir_all(&aside).map_err(|source| ExportError::io("remove", &aside, source))
}

fn check_replaceable(target: &Path, is_ours: fn(&Path) -> bool) -> Result<(), ExportError> {
    let Ok(kind) = fs::symlink_metadata(target) else { return Ok(()) };
    let found = if kind.is_dir() {
        let mut entries = fs::read_dir(target).map_err(|source| ExportError::io("read", target, source))?;
        if entries.next().is_none() || is_ours(target) {
            return Ok(());
        }
        "a folder with other files"
    } else {
        "a file"
    };
    Err(ExportError::Occupied { found: found.to_owned(), path: target.to_owned() })
}

fn parent_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}
