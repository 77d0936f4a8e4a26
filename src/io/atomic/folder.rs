//! Folders that appear whole or not at all.
//!
//! What is never here: formats.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::list::{self, Compared, FileList, Written};
use super::swap::{Old, swap, swap_back, sync_folder};
use super::target::{Target, Wanted, not_made};
use super::temporary::{Temporary, rename_to_free};
use crate::engine::control::Control;
use crate::io::report::ExportError;
use crate::io::sha256::Sum;

/// A folder that appears whole or not at all.
///
/// [`AtomicFolder::begin`] makes a temporary folder beside the target; its files are written through [`AtomicFolder::part`];
/// [`AtomicFolder::commit`] puts it in place in one step. Dropped without a commit, it leaves nothing behind.
#[derive(Debug)]
pub struct AtomicFolder {
    kind: &'static str,
    part: FolderPart,
    /// What stood at the target at the beginning, file by file.
    compared: Compared,
    temporary: Temporary,
    target: Target,
}

impl AtomicFolder {
    /// Starts a folder that will be `target`, a `kind` of output (`bundle`, `sweep` …). A link is written through.
    ///
    /// An existing folder is replaced when it holds nothing but what this program wrote there, unchanged and of the same kind, and refused
    /// otherwise: at once, so that nothing long is computed for a place that cannot be written, and again at the end.
    ///
    /// # Errors
    /// [`ExportError::OtherFiles`] with the names of what is in the way, [`ExportError::Occupied`], [`ExportError::NoPlace`],
    /// [`ExportError::Io`] where nothing can be made in the folder it is to lie in, [`ExportError::Cancelled`].
    pub fn begin(target: impl AsRef<Path>, kind: &'static str, ctl: &Control) -> Result<Self, ExportError> {
        let target = Target::find(target.as_ref(), Wanted::Folder)?;
        let not_made = |error: std::io::Error| not_made(&target.shown, &error, "choose another folder");
        let temporary = Temporary::begin(&target.parent, &[target.name()]).map_err(not_made)?;
        // After the sweep, which may have put something back.
        let compared = match target.kind()? {
            Some(_) => list::check(&target.path, &target.shown, kind, &Compared::new(), ctl)?,
            None => Compared::new(),
        };
        fs::create_dir(temporary.output()).map_err(not_made)?;
        put_list(&FileList::unfinished(kind), &temporary).map_err(not_made)?;
        let part = FolderPart {
            folder: Arc::new(Unfinished {
                path: temporary.output(),
                shown: target.shown.clone(),
                written: Mutex::new(BTreeMap::new()),
            }),
            below: String::new(),
        };
        Ok(Self { kind, part, compared, temporary, target })
    }

    /// What files are written through.
    pub fn part(&self) -> &FolderPart {
        &self.part
    }

    /// Where the folder will be.
    pub fn target(&self) -> &Path {
        &self.target.shown
    }

    /// Puts the folder into place, and removes the one it replaces.
    ///
    /// The two are exchanged in one step. Where the system cannot, the old one is put aside first; interrupted between the two, the next
    /// output that is begun beside it puts it back.
    ///
    /// # Errors
    /// [`ExportError`]; what was at the target before is then still there.
    pub fn commit(self, ctl: &Control) -> Result<(), ExportError> {
        let Self { kind, part, compared, temporary, target } = self;
        let new = temporary.output();
        let fault = |source| ExportError::io("write", &target.shown, source);
        let written = part.folder.written().clone();
        for below in written.keys().filter_map(|name| name.rsplit_once('/')) {
            sync_folder(&new.join(below.0));
        }
        put_list(&FileList::whole(kind, written), &temporary).map_err(fault)?;
        sync_folder(&new);
        let Some(there) = target.kind()? else {
            rename_to_free(&new, &target.path).map_err(|source| ExportError::io("create", &target.shown, source))?;
            sync_folder(&target.parent);
            return Ok(());
        };
        let compared = list::check(&target.path, &target.shown, kind, &compared, ctl)?;
        fs::set_permissions(&new, there.permissions()).map_err(fault)?;
        let replace = |source| ExportError::io("replace", &target.shown, source);
        let old = swap(&new, &target.path, &temporary.aside()).map_err(replace)?;
        sync_folder(&target.parent);
        let old_path = if old == Old::Exchanged { new.clone() } else { temporary.aside() };
        // Whoever wrote there in the last moment finds it where it was.
        if let Err(occupied) = list::check(&old_path, &target.shown, kind, &compared, ctl) {
            swap_back(&new, &target.path, &temporary.aside(), old).map_err(replace)?;
            return Err(occupied);
        }
        list::remove_compared(&old_path, &compared);
        Ok(())
    }
}

/// Whole or not at all: without a list that can be read nobody knows whose the folder is.
fn put_list(list: &FileList, temporary: &Temporary) -> std::io::Result<()> {
    list.write(&temporary.list())?;
    fs::rename(temporary.list(), temporary.output().join(list::NAME))
}

/// A folder that is being written, or one below it.
#[derive(Debug, Clone)]
pub struct FolderPart {
    folder: Arc<Unfinished>,
    /// Empty, or a name with a slash behind it.
    below: String,
}

#[derive(Debug)]
struct Unfinished {
    path: PathBuf,
    shown: PathBuf,
    written: Mutex<BTreeMap<String, Written>>,
}

impl Unfinished {
    fn written(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Written>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FolderPart {
    /// The folder `name` in this one.
    #[must_use]
    pub fn below(&self, name: &str) -> Self {
        Self { folder: Arc::clone(&self.folder), below: format!("{}{name}/", self.below) }
    }

    /// Where this will be: errors show it.
    pub fn shown(&self) -> PathBuf {
        self.folder.shown.join(&self.below)
    }

    /// Where a file lies meanwhile, to read it back.
    pub fn meanwhile(&self, name: &str) -> PathBuf {
        self.folder.path.join(&self.below).join(name)
    }

    /// Writes a file; missing folders are made.
    ///
    /// # Errors
    /// [`ExportError::Io`].
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), ExportError> {
        let mut file = self.create(name)?;
        file.write(bytes)?;
        file.finish()
    }

    /// Starts a file that is written piece by piece; missing folders are made.
    ///
    /// # Errors
    /// [`ExportError::Io`].
    pub fn create(&self, name: &str) -> Result<FolderFile, ExportError> {
        let (path, shown) = (self.meanwhile(name), self.shown().join(name));
        let made = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| File::create(&path));
        let file = made.map_err(|source| ExportError::io("create", &shown, source))?;
        let name = format!("{}{name}", self.below);
        Ok(FolderFile { folder: Arc::clone(&self.folder), name, shown, file, sum: Sum::default() })
    }

    /// Takes a file that is there already, whose size and hash are known: under a second name where the file system has such a thing.
    ///
    /// # Errors
    /// [`ExportError::Io`].
    pub(in crate::io) fn adopt(
        &self,
        from: &Path,
        name: &str,
        size_bytes: u64,
        sha256: &str,
    ) -> Result<(), ExportError> {
        let to = self.meanwhile(name);
        fs::hard_link(from, &to)
            .or_else(|_refused| fs::copy(from, &to).map(drop))
            .map_err(|source| ExportError::io("copy", from, source))?;
        let written = Written { size_bytes, sha256: sha256.to_owned() };
        self.folder.written().insert(format!("{}{name}", self.below), written);
        Ok(())
    }
}

/// A file of a folder that is being written.
#[derive(Debug)]
pub struct FolderFile {
    folder: Arc<Unfinished>,
    name: String,
    shown: PathBuf,
    file: File,
    sum: Sum,
}

impl FolderFile {
    /// Writes what comes next.
    ///
    /// # Errors
    /// [`ExportError::Io`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), ExportError> {
        self.sum.add(bytes);
        self.file.write_all(bytes).map_err(|source| ExportError::io("write", &self.shown, source))
    }

    /// Makes the file last and puts it on the folder's list.
    ///
    /// # Errors
    /// [`ExportError::Io`].
    pub fn finish(self) -> Result<(), ExportError> {
        self.file.sync_all().map_err(|source| ExportError::io("write", &self.shown, source))?;
        let (size_bytes, sha256) = self.sum.finish();
        self.folder.written().insert(self.name, Written { size_bytes, sha256 });
        Ok(())
    }
}
