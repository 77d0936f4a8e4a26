//! A bundle as one `.zip`: appears whole or not at all, and replaces only a bundle.
//!
//! What is never here: what the files hold.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read as _, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::manifest::{BUNDLE_FORMAT, FileNote};
use super::names;
use crate::engine::control::Control;
use crate::io::atomic::AtomicFile;
use crate::io::report::ExportError;
use crate::io::sha256::Sum;
use crate::io::text::escaped;

/// Bytes that a manifest may have.
const MAX_MANIFEST: u64 = 64 << 20;

/// An archive that is being written.
#[derive(Debug)]
pub(super) struct Archive {
    target: PathBuf,
    writer: ZipWriter<ArchiveFile>,
}

impl Archive {
    /// Opens the place: free, empty, or a bundle with nothing else in it.
    pub(super) fn begin(target: &Path, ctl: &Control) -> Result<Self, ExportError> {
        check_replaceable(target, ctl)?;
        let file = ArchiveFile { file: AtomicFile::begin(target)?, has_failed: false };
        Ok(Self { target: target.to_owned(), writer: ZipWriter::new(file) })
    }

    /// Writes a file.
    pub(super) fn put(&mut self, name: &str, options: SimpleFileOptions, bytes: &[u8]) -> Result<(), ExportError> {
        let started = self.writer.start_file(name, options).map_err(reason);
        let result = started.and_then(|()| self.writer.write_all(bytes));
        result.map_err(|error| ExportError::io("write", &self.target, error))
    }

    /// Moves the archive into place.
    pub(super) fn commit(self, ctl: &Control) -> Result<(), ExportError> {
        let fault = |error| ExportError::io("write", &self.target, reason(error));
        let file = self.writer.finish().map_err(fault)?;
        check_replaceable(&self.target, ctl)?;
        file.file.commit()
    }
}

/// The operating system's reason, where there is one: the archive's own words for it are `i/o error`.
fn reason(error: ZipError) -> std::io::Error {
    match error {
        ZipError::Io(error) => error,
        error => error.into(),
    }
}

/// The file of an archive. Once a write has failed the rest goes nowhere: an archive that is given up writes its directory all the same,
/// and would report a second time that it cannot.
#[derive(Debug)]
struct ArchiveFile {
    file: AtomicFile,
    has_failed: bool,
}

impl Write for ArchiveFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.has_failed {
            return Ok(bytes.len());
        }
        self.file.write(bytes).inspect_err(|error| self.has_failed = error.kind() != ErrorKind::Interrupted)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl Seek for ArchiveFile {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.file.seek(to)
    }
}

/// What tells whose an archive is.
#[derive(Deserialize)]
struct ContentClaim {
    format: String,
    files: BTreeMap<String, FileNote>,
}

/// An archive is replaced where every file in it is one that its manifest lists, unchanged.
fn check_replaceable(target: &Path, ctl: &Control) -> Result<(), ExportError> {
    let refused = |detail: String| {
        let detail = format!("{detail}; choose another name, or move the file");
        Err(ExportError::OtherFiles { found: "another file".to_owned(), detail, path: target.to_owned() })
    };
    // What is no regular file is told apart when the place is opened.
    if !std::fs::metadata(target).is_ok_and(|found| found.is_file() && found.len() > 0) {
        return Ok(());
    }
    let file = File::open(target).map_err(|source| ExportError::io("read", target, source))?;
    let Ok(mut archive) = ZipArchive::new(file) else { return refused("it is no archive".into()) };
    let Some(claim) = claim_of(&mut archive) else { return refused("it is no bundle".into()) };
    for at in 0..archive.len() {
        let Ok(mut entry) = archive.by_index(at) else { return refused("it is damaged".into()) };
        let name = entry.name().to_owned();
        if name == names::MANIFEST {
            continue;
        }
        let Some(note) = claim.files.get(&name) else {
            return refused(format!("not written by this program: {}", escaped(&name)));
        };
        let mut sum = Sum::default();
        let mut piece = vec![0; 1 << 20];
        let is_same = loop {
            ctl.check().map_err(|_cancelled| ExportError::Cancelled)?;
            match entry.read(&mut piece) {
                Ok(0) => break sum.finish() == (note.size_bytes, note.sha256.clone()),
                Ok(n) => sum.add(&piece[..n]),
                Err(_) => break false,
            }
        };
        if !is_same {
            return refused(format!("changed since this program wrote it: {}", escaped(&name)));
        }
    }
    Ok(())
}

fn claim_of(archive: &mut ZipArchive<File>) -> Option<ContentClaim> {
    let mut bytes = Vec::new();
    archive.by_name(names::MANIFEST).ok()?.take(MAX_MANIFEST).read_to_end(&mut bytes).ok()?;
    let claim: ContentClaim = serde_json::from_slice(&bytes).ok()?;
    let name = |format: &str| format.split('/').next().map(str::to_owned);
    (name(&claim.format) == name(BUNDLE_FORMAT)).then_some(claim)
}
