//! The files of a bundle as they were written, one after the other.

use std::path::Path;

use super::read::{Files, MAX_MANIFEST_BYTES, read_manifest};
use super::{hash, names};
use crate::io::entrance;
use crate::io::report::LoadError;

/// Gives `take` every file of the bundle at `path`, folder or `.zip`, checked against its hash; the manifest last. Answers with the SHA-256 of the manifest.
///
/// # Errors
/// [`LoadError`] naming the file that is missing or changed, and whatever `take` says.
pub(crate) fn each_file<E: From<LoadError>>(
    path: &Path,
    mut take: impl FnMut(&str, &[u8]) -> Result<(), E>,
) -> Result<String, E> {
    let (mut files, manifest, bytes) = entrance::enter(|| {
        let mut files = Files::open(path)?;
        let manifest = read_manifest(&mut files)?;
        let bytes = files.bytes(names::MANIFEST, MAX_MANIFEST_BYTES)?;
        Ok((files, manifest, bytes))
    })?;
    for name in manifest.files.keys() {
        let bytes = entrance::enter(|| files.checked(&manifest, name))?;
        take(name, &bytes)?;
    }
    take(names::MANIFEST, &bytes)?;
    Ok(hash::of_bytes(&bytes))
}
