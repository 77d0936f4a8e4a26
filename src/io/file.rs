//! Opening and reading whole files: regular ones alone, with the memory asked for before it is taken, and as long as nobody says stop.
//!
//! What is never here: knowledge of a format.

use std::fs::{self, File, FileType, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::reading;
use super::report::LoadError;
use super::text::{escaped, escaped_path};
use crate::engine::control::Canceller;

/// Largest file that is read into memory as a whole, bytes.
pub(crate) const MAX_FILE_BYTES: u64 = 16 << 30;
/// So much is read at once: between two reads the stop button is looked at.
const STEP_BYTES: usize = 1 << 20;

/// An open file, whose reads end once its job is stopped.
#[derive(Debug)]
pub(crate) struct InputFile {
    file: File,
    canceller: Option<Canceller>,
}

impl InputFile {
    /// What the system says about the file.
    pub(crate) fn metadata(&self) -> io::Result<Metadata> {
        self.file.metadata()
    }

    /// Lets the system fetch `len` bytes from `at` on while something else is done. It may not; then reading takes its time.
    pub(crate) fn reads_next(&self, at: u64, len: u64) {
        #[cfg(target_os = "linux")]
        if let Some(len) = std::num::NonZeroU64::new(len) {
            let _is_taken = rustix::fs::fadvise(&self.file, at, Some(len), rustix::fs::Advice::WillNeed).is_ok();
        }
        #[cfg(not(target_os = "linux"))]
        let _ = (at, len);
    }

    /// Reads from a place, wherever others read.
    pub(crate) fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        if self.canceller.as_ref().is_some_and(Canceller::is_cancelled) {
            return Err(io::Error::other("stopped"));
        }
        let n = buffer.len().min(STEP_BYTES);
        #[cfg(unix)]
        {
            use std::os::unix::fs::FileExt as _;
            self.file.read_at(&mut buffer[..n], at)
        }
        #[cfg(windows)]
        {
            use std::os::windows::fs::FileExt as _;
            self.file.seek_read(&mut buffer[..n], at)
        }
    }

    fn read_step(&self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.canceller.as_ref().is_some_and(Canceller::is_cancelled) {
            return Err(io::Error::other("stopped"));
        }
        let n = buffer.len().min(STEP_BYTES);
        (&self.file).read(&mut buffer[..n])
    }
}

impl Read for InputFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_step(buffer)
    }
}

impl Read for &InputFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_step(buffer)
    }
}

impl Seek for InputFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

impl Seek for &InputFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        (&self.file).seek(to)
    }
}

/// Opens a regular file for reading. Anything else is refused by its kind: a pipe waits for a writer, a device may never end.
pub(crate) fn open(path: &Path) -> Result<InputFile, LoadError> {
    // Looked at first: opening alone wakes some devices up.
    let kind = fs::metadata(path).map_err(|source| LoadError::io("open", path, source))?;
    check_regular(path, kind.file_type())?;
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        // What has become a pipe in the meantime must not wait.
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    let file = options.open(path).map_err(|source| LoadError::io("open", path, source))?;
    let kind = file.metadata().map_err(|source| LoadError::io("read", path, source))?;
    check_regular(path, kind.file_type())?;
    Ok(InputFile { file, canceller: reading::canceller() })
}

/// Refuses a path that is neither a regular file nor a folder, by its kind and with the way out.
pub(crate) fn check_regular_or_folder(path: &Path, kind: FileType) -> Result<(), LoadError> {
    if kind.is_dir() { Ok(()) } else { check_regular(path, kind) }
}

fn check_regular(path: &Path, kind: FileType) -> Result<(), LoadError> {
    if kind.is_file() {
        return Ok(());
    }
    let found = if kind.is_dir() { "a folder" } else { special(kind) };
    Err(LoadError::content(path, "whole file", "a regular file", found))
}

/// The kind of a path that is neither a file nor a folder, and what to do about it.
fn special(kind: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        if kind.is_fifo() {
            return "a named pipe, which may wait for ever (write what comes out of it into a file, and name that)";
        }
        if kind.is_socket() {
            return "a socket (write what comes out of it into a file, and name that)";
        }
        if kind.is_block_device() || kind.is_char_device() {
            return "a device, which may never end (copy what is wanted of it into a file, and name that)";
        }
    }
    let _ = kind;
    "something that is no file (copy what is wanted of it into a file, and name that)"
}

/// Reads a whole file of at most `max_bytes`.
pub(crate) fn read_whole(path: &Path, max_bytes: u64) -> Result<Vec<u8>, LoadError> {
    let file = open(path)?;
    let n_bytes = file.metadata().map_err(|source| LoadError::io("read", path, source))?.len();
    if n_bytes > max_bytes {
        return Err(LoadError::content(path, "whole file", format!("at most {max_bytes} bytes"), "more"));
    }
    let claimed = Claimed { n_bytes, believed: n_bytes, most: max_bytes };
    let bytes = read_claimed(file, claimed, path, "whole file", |error| LoadError::io("read", path, error))?;
    if bytes.len() as u64 > max_bytes {
        return Err(LoadError::content(path, "whole file", format!("at most {max_bytes} bytes"), "more"));
    }
    Ok(bytes)
}

/// How many bytes are said to come, and how many may.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claimed {
    /// As a header says.
    pub(crate) n_bytes: u64,
    /// So many of them are taken on a mere claim, once they were asked for; more only as they really come.
    pub(crate) believed: u64,
    /// One more than this is read at most.
    pub(crate) most: u64,
}

/// Reads to the end, or one byte beyond the most that may come, and asks for the memory before it grows. `place` names what is read where
/// there is not enough, `fault` makes the error of a source that breaks off.
pub(crate) fn read_claimed(
    source: impl Read,
    Claimed { n_bytes, believed, most }: Claimed,
    path: &Path,
    place: &str,
    fault: impl FnOnce(io::Error) -> LoadError,
) -> Result<Vec<u8>, LoadError> {
    let mut source = source.take(most.saturating_add(1));
    let claimed = n_bytes.min(most);
    reading::ask(path, claimed, || format!("{claimed} bytes ({place})"))?;
    let mut bytes = Vec::new();
    reserve(&mut bytes, claimed.min(believed), path)?;
    loop {
        reading::check()?;
        let room = (bytes.capacity() - bytes.len()).min(STEP_BYTES) as u64;
        let read = if room > 0 {
            (&mut source).take(room).read_to_end(&mut bytes)
        } else {
            // Whether more comes is known before more is taken.
            let mut next = [0u8; 1];
            match source.read(&mut next) {
                Ok(1..) => {
                    let more = (bytes.len() as u64).max(STEP_BYTES as u64);
                    let in_all = more + bytes.len() as u64;
                    if in_all > claimed {
                        reading::ask(path, more, || format!("more than {} bytes ({place})", bytes.len()))?;
                    }
                    reserve(&mut bytes, more, path)?;
                    bytes.push(next[0]);
                    Ok(1)
                }
                ended => ended,
            }
        };
        match read {
            Ok(0) => return Ok(bytes),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(fault(error)),
        }
    }
}

fn reserve(bytes: &mut Vec<u8>, more: u64, path: &Path) -> Result<(), LoadError> {
    bytes.try_reserve_exact(usize::try_from(more).unwrap_or(usize::MAX)).map_err(|error| fault_of_memory(path, &error))
}

/// Memory that was there a moment ago and now is not.
fn fault_of_memory(path: &Path, error: &std::collections::TryReserveError) -> LoadError {
    LoadError::io("read", path, io::Error::new(io::ErrorKind::OutOfMemory, error.to_string()))
}

/// The first bytes of a regular file; nothing of what is none, or cannot be read.
pub(crate) fn read_start(path: &Path, n_bytes: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A pipe is not even opened: that would wait for its other end.
    if path.metadata().is_ok_and(|kind| kind.is_file())
        && let Ok(file) = File::open(path)
    {
        // What was read until a fault is as good a start as any.
        drop(file.take(n_bytes).read_to_end(&mut bytes));
    }
    bytes
}

/// Reads a whole text file of at most `max_bytes`; a byte order mark is taken off.
pub(crate) fn read_text(path: &Path, max_bytes: u64) -> Result<String, LoadError> {
    let bytes = read_whole(path, max_bytes)?;
    match String::from_utf8(bytes) {
        Ok(mut text) => {
            if text.starts_with('\u{feff}') {
                text.remove(0);
            }
            Ok(text)
        }
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            Err(LoadError::content(path, format!("byte {at}"), "UTF-8 text", "bytes that are none"))
        }
    }
}

/// The file's or folder's name without its last extension, for titles: what acts in it is spelt out.
pub(crate) fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(|| escaped_path(path), |stem| escaped(&stem.to_string_lossy()).into_owned())
}
