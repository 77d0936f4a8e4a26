//! What this program wrote into a folder, file by file: `.unifews-files.json` in every folder of outputs.
//!
//! ```text
//! format      "unifews-files/1"
//! kind        what the folder holds: bundle, exports, sweep …
//! is_whole    false while the folder is still being written
//! files       name, relative with slashes → size_bytes, sha256
//! ```
//! A folder is replaced, and a file removed, only where this list and the disk agree: nothing that is not listed, nothing listed that has
//! changed since.
//!
//! What is never here: knowing what the files hold.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::stamp::Stamp;
use crate::engine::control::Control;
use crate::io::report::ExportError;
use crate::io::sha256;
use crate::io::text::escaped;

/// Name of the list in its folder.
pub(super) const NAME: &str = ".unifews-files.json";
const FORMAT: &str = "unifews-files/1";
/// Bytes that a list may have: hundreds of thousands of files.
const MAX_BYTES: u64 = 1 << 26;
/// Names that a refusal shows.
const SHOWN_NAMES: usize = 3;

/// A file as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Written {
    pub(super) size_bytes: u64,
    pub(super) sha256: String,
}

/// The list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileList {
    format: String,
    kind: String,
    is_whole: bool,
    files: BTreeMap<String, Written>,
}

/// Files of a folder that have been compared with its list, as they were then. An empty folder has none.
pub(super) type Compared = BTreeMap<String, Stamp>;

impl FileList {
    /// Of a folder that is still being written.
    pub(super) fn unfinished(kind: &str) -> Self {
        Self { format: FORMAT.to_owned(), kind: kind.to_owned(), is_whole: false, files: BTreeMap::new() }
    }

    /// Of a folder whose files are all there.
    pub(super) fn whole(kind: &str, files: BTreeMap<String, Written>) -> Self {
        Self { is_whole: true, files, ..Self::unfinished(kind) }
    }

    /// Writes the list as the file `path`.
    ///
    /// # Errors
    /// The operating system's.
    pub(super) fn write(&self, path: &Path) -> std::io::Result<()> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        let mut file = fs::File::create(path)?;
        file.write_all(&bytes)?;
        file.sync_all()
    }

    /// The list in `folder`, where there is one that can be read.
    fn read(folder: &Path) -> Option<Self> {
        let path = folder.join(NAME);
        // A pipe of this name would be waited for. Not through the readers' own entrance: what a stopped job leaves is swept, too.
        if !fs::symlink_metadata(&path).is_ok_and(|kind| kind.is_file() && kind.len() <= MAX_BYTES) {
            return None;
        }
        let list: Self = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        (list.format == FORMAT).then_some(list)
    }
}

/// Looks whether a folder holds nothing but what this program wrote there, unchanged, of the same kind; `known` are files that were
/// compared before, and are not read again where they are still the same.
///
/// # Errors
/// [`ExportError::OtherFiles`] with the names of what is in the way, [`ExportError::Cancelled`].
pub(super) fn check(
    folder: &Path,
    shown: &Path,
    kind: &str,
    known: &Compared,
    ctl: &Control,
) -> Result<Compared, ExportError> {
    let refused = |found: &str, detail: String| {
        let (found, detail) = (found.to_owned(), format!("{detail}; choose another folder, or move what is yours"));
        Err(ExportError::OtherFiles { found, detail, path: shown.to_owned() })
    };
    let fault = |source| ExportError::io("read", shown, source);
    let list = FileList::read(folder).filter(|list| list.is_whole);
    let found = walk(folder, list.as_ref()).map_err(fault)?;
    if !found.foreign.is_empty() {
        return refused(
            "a folder with other files",
            format!("not written by this program: {}", shortened(&found.foreign)),
        );
    }
    let Some(list) = list else { return Ok(Compared::new()) };
    if list.kind != kind {
        let detail = format!("it holds {}, not {}", words(&list.kind), words(kind));
        return refused("a folder with other files", detail);
    }
    let mut compared = Compared::new();
    let mut changed = Vec::new();
    for (name, stamp) in found.files {
        let is_same = known.get(&name) == Some(&stamp) || {
            ctl.progress("looking at what is to be replaced", compared.len(), list.files.len());
            match sha256::of_file(&folder.join(&name), ctl).map_err(fault)? {
                None => return Err(ExportError::Cancelled),
                Some((size_bytes, sha256)) => list.files.get(&name) == Some(&Written { size_bytes, sha256 }),
            }
        };
        if is_same {
            compared.insert(name, stamp);
        } else {
            changed.push(name);
        }
    }
    if changed.is_empty() {
        return Ok(compared);
    }
    refused("a folder with changed files", format!("changed since this program wrote it: {}", shortened(&changed)))
}

/// Removes a folder of this program's: all of one that was never finished; of a whole one the listed files that are unchanged, and the
/// folder where nothing else is in it. Whether it is gone. Interrupted, it can be called again.
pub(super) fn remove_ours(folder: &Path) -> bool {
    match FileList::read(folder) {
        Some(list) if list.is_whole => {
            let Ok(ctl) = Control::new(1) else { return false };
            remove_listed(folder, |name, path| {
                let same = |(size_bytes, sha256)| list.files.get(name) == Some(&Written { size_bytes, sha256 });
                sha256::of_file(path, &ctl).is_ok_and(|found| found.is_some_and(same))
            })
        }
        // The list goes last: without it nobody would know whose the rest is.
        Some(_) => remove_all_but_list(folder) && remove_list(folder),
        None => fs::remove_dir(folder).is_ok(),
    }
}

/// Removes files that were compared and are still the same, and the folder where nothing else is in it. Whether it is gone.
pub(super) fn remove_compared(folder: &Path, compared: &Compared) -> bool {
    remove_listed(folder, |name, path| {
        compared.get(name).is_some_and(|stamp| fs::symlink_metadata(path).is_ok_and(|now| Stamp::of(&now) == *stamp))
    })
}

fn remove_listed(folder: &Path, is_ours: impl Fn(&str, &Path) -> bool) -> bool {
    let Some(list) = FileList::read(folder) else { return fs::remove_dir(folder).is_ok() };
    for name in list.files.keys() {
        let path = folder.join(name);
        if is_plain(name) && is_ours(name, &path) {
            drop(fs::remove_file(&path));
        }
    }
    // The deepest first; refused where something is left in one.
    for below in folders_of(&list.files).iter().rev() {
        drop(fs::remove_dir(folder.join(below)));
    }
    let is_empty = fs::read_dir(folder).is_ok_and(|entries| entries.count() == 1);
    is_empty && remove_list(folder)
}

fn remove_list(folder: &Path) -> bool {
    fs::remove_file(folder.join(NAME)).is_ok() && fs::remove_dir(folder).is_ok()
}

fn remove_all_but_list(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return false };
    entries.filter_map(Result::ok).filter(|entry| entry.file_name() != NAME).all(|entry| {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder { fs::remove_dir_all(entry.path()).is_ok() } else { fs::remove_file(entry.path()).is_ok() }
    })
}

/// Whether a listed name stays in its folder.
fn is_plain(name: &str) -> bool {
    Path::new(name).components().all(|part| matches!(part, std::path::Component::Normal(_)))
}

/// Folders that files lie in, outer ones before inner ones.
fn folders_of(files: &BTreeMap<String, Written>) -> BTreeSet<String> {
    let mut folders = BTreeSet::new();
    for name in files.keys().filter(|name| is_plain(name)) {
        for (at, _) in name.match_indices('/') {
            folders.insert(name[..at].to_owned());
        }
    }
    folders
}

#[derive(Default)]
struct Found {
    files: BTreeMap<String, Stamp>,
    foreign: Vec<String>,
}

/// What is in a folder. Folders are looked into only where something in them is listed.
fn walk(folder: &Path, list: Option<&FileList>) -> std::io::Result<Found> {
    let folders = list.map(|list| folders_of(&list.files)).unwrap_or_default();
    let is_listed = |name: &str| list.is_some_and(|list| list.files.contains_key(name) || name == NAME);
    let mut found = Found::default();
    let mut left = vec![String::new()];
    while let Some(below) = left.pop() {
        for entry in fs::read_dir(folder.join(&below))? {
            let entry = entry?;
            let name = match entry.file_name().into_string() {
                Ok(name) if below.is_empty() => name,
                Ok(name) => format!("{below}/{name}"),
                Err(name) => {
                    found.foreign.push(name.to_string_lossy().into_owned());
                    continue;
                }
            };
            let kind = entry.metadata()?;
            if kind.is_file() && is_listed(&name) {
                found.files.insert(name, Stamp::of(&kind));
            } else if kind.is_dir() && folders.contains(&name) {
                left.push(name);
            } else {
                found.foreign.push(name);
            }
        }
    }
    found.files.remove(NAME);
    found.foreign.sort();
    Ok(found)
}

fn shortened(names: &[String]) -> String {
    let mut text = names.iter().take(SHOWN_NAMES).map(|name| escaped(name)).collect::<Vec<_>>().join(", ");
    if let Some(more @ 1..) = names.len().checked_sub(SHOWN_NAMES) {
        text = format!("{text} and {more} more");
    }
    text
}

/// A kind of folder for people.
fn words(kind: &str) -> String {
    let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    let is_plural = kind.ends_with('s');
    if is_plural { escaped(kind).into_owned() } else { format!("{article} {}", escaped(kind)) }
}
