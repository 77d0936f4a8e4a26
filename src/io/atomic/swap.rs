//! Putting a folder in the place of another in one step.
//!
//! What is never here: deciding whether it may.

use std::fs;
use std::path::Path;

/// Where the old folder is after a swap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Old {
    /// Under the name that the new one had.
    Exchanged,
    /// Put aside: this system cannot exchange.
    Aside,
}

/// Puts `new` in the place of `target`, which exists. Interrupted on a system that cannot exchange, `target` may be missing and what stood
/// there lie at `aside`.
///
/// # Errors
/// The operating system's; `target` is then as it was.
pub(super) fn swap(new: &Path, target: &Path, aside: &Path) -> std::io::Result<Old> {
    if exchange(new, target)? {
        return Ok(Old::Exchanged);
    }
    fs::rename(target, aside)?;
    match fs::rename(new, target) {
        Ok(()) => Ok(Old::Aside),
        Err(error) => {
            fs::rename(aside, target)?;
            Err(error)
        }
    }
}

/// Takes a swap back.
///
/// # Errors
/// The operating system's.
pub(super) fn swap_back(new: &Path, target: &Path, aside: &Path, old: Old) -> std::io::Result<()> {
    match old {
        Old::Exchanged => exchange(new, target).map(drop),
        Old::Aside => fs::rename(target, new).and_then(|()| fs::rename(aside, target)),
    }
}

/// Whether two names were exchanged; `false` where system or file system have no such thing.
fn exchange(a: &Path, b: &Path) -> std::io::Result<bool> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE) {
            Ok(()) => Ok(true),
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (a, b);
        Ok(false)
    }
}

/// Makes names in a folder last through a loss of power. A system that cannot do so writes them when it likes.
pub(super) fn sync_folder(folder: &Path) {
    if let Ok(folder) = fs::File::open(folder) {
        drop(folder.sync_all());
    }
}
