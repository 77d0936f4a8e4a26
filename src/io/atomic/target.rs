//! Where something is to be written: what stands there, and links followed.
//!
//! What is never here: writing.

use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::io::report::ExportError;

/// What is to stand at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    File,
    Folder,
}

/// A place for an output.
#[derive(Debug)]
pub(super) struct Target {
    /// As the user named it: errors show this.
    pub(super) shown: PathBuf,
    /// The same behind all links.
    pub(super) path: PathBuf,
    /// The folder that it lies in.
    pub(super) parent: PathBuf,
    wanted: Wanted,
}

impl Target {
    /// Finds the place. A link is written through: what it leads to is replaced, the link stays.
    ///
    /// # Errors
    /// [`ExportError::Io`] where the folder it is to lie in does not exist; [`ExportError::NoPlace`], [`ExportError::Occupied`].
    pub(super) fn find(shown: &Path, wanted: Wanted) -> Result<Self, ExportError> {
        let no_place = |expected: &str, found: String| ExportError::NoPlace {
            expected: expected.to_owned(),
            found,
            path: shown.to_owned(),
        };
        let Some(text) = shown.to_str() else {
            return Err(no_place("a name in UTF-8", "bytes that are none; choose another name".into()));
        };
        if wanted == Wanted::File && text.ends_with(std::path::is_separator) {
            return Err(no_place("the name of a file", "a folder's (it ends with a slash)".into()));
        }
        let target = match fs::symlink_metadata(shown) {
            Ok(_) => {
                let path = fs::canonicalize(shown).map_err(|error| {
                    let found = match error.kind() {
                        ErrorKind::NotFound => "a link that leads nowhere; remove it or choose another name".into(),
                        _ => error.to_string(),
                    };
                    no_place("a place that can be written to", found)
                })?;
                // The root has none, and is its own.
                let parent = path.parent().unwrap_or(&path).to_owned();
                Self { shown: shown.to_owned(), path, parent, wanted }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if shown.file_name().is_none() {
                    return Err(no_place("a name", "none".into()));
                }
                let parent = parent_of(shown);
                fs::metadata(&parent).map_err(|error| {
                    let advice = format!("make the folder {} first, or choose another", parent.display());
                    not_made(shown, &error, &advice)
                })?;
                Self { shown: shown.to_owned(), path: shown.to_owned(), parent, wanted }
            }
            Err(error) => return Err(no_place("a place that can be written to", error.to_string())),
        };
        target.kind()?;
        Ok(target)
    }

    /// The name within its parent.
    pub(super) fn name(&self) -> &OsStr {
        self.path.file_name().unwrap_or_default()
    }

    /// What is known of what stands there now; nothing where the place is free.
    ///
    /// # Errors
    /// [`ExportError`] where something of another kind stands there, or what cannot be replaced.
    pub(super) fn kind(&self) -> Result<Option<Metadata>, ExportError> {
        let occupied = |found: &str| ExportError::Occupied { found: found.to_owned(), path: self.shown.clone() };
        let found = match fs::symlink_metadata(&self.path) {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(ExportError::io("look at", &self.shown, source)),
        };
        let kind = found.file_type();
        if found.permissions().readonly() && (kind.is_file() || kind.is_dir()) {
            let found = "one that is read-only; make it writable or choose another name";
            return Err(self.no_place("a file or folder that may be replaced", found));
        }
        match self.wanted {
            Wanted::File if kind.is_file() => Ok(Some(found)),
            Wanted::Folder if kind.is_dir() => self.check_replaceable(&found).map(|()| Some(found)),
            Wanted::File if kind.is_dir() => Err(occupied("a folder")),
            Wanted::Folder if kind.is_file() => Err(occupied("a file")),
            _ => Err(self.no_place("a file or folder, or a free name", special(kind))),
        }
    }

    /// A folder that another one takes the place of must not be a mount point, nor hold the folder that the program, and the user's shell,
    /// work in.
    fn check_replaceable(&self, found: &Metadata) -> Result<(), ExportError> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let parent = fs::metadata(&self.parent);
            if parent.is_ok_and(|parent| parent.dev() != found.dev() || parent.ino() == found.ino()) {
                let found = "a mount point; choose a folder in it";
                return Err(self.no_place("a folder that can be replaced", found));
            }
        }
        #[cfg(not(unix))]
        let _ = found;
        let here = std::env::current_dir().and_then(fs::canonicalize);
        if let (Ok(here), Ok(path)) = (here, fs::canonicalize(&self.path))
            && here.starts_with(path)
        {
            let found = "the folder this program was started in, or one around it; choose a folder in it";
            return Err(self.no_place("a folder that can be replaced", found));
        }
        Ok(())
    }

    fn no_place(&self, expected: &str, found: &str) -> ExportError {
        ExportError::NoPlace { expected: expected.to_owned(), found: found.to_owned(), path: self.shown.clone() }
    }
}

/// A temporary folder or file that could not be made, as an error of the output that it was for.
pub(super) fn not_made(shown: &Path, error: &std::io::Error, advice: &str) -> ExportError {
    ExportError::io("create", shown, std::io::Error::new(error.kind(), format!("{error}; {advice}")))
}

/// The folder that something lies in.
fn parent_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// What something is called that is neither file nor folder.
fn special(kind: fs::FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        if kind.is_fifo() {
            return "a pipe; choose another name";
        }
        if kind.is_socket() {
            return "a socket; choose another name";
        }
    }
    if kind.is_symlink() { "a link; choose another name" } else { "a device; choose another name" }
}
