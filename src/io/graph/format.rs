//! What a format of graphs says about itself, in one place: how it is told from others, read, and described.
//!
//! A format is one file in this folder with a `FORMAT`, its `mod` line and its line in `registry.rs`. What is never here: any format.

use std::path::Path;

use super::draft::Draft;
use super::estimate::MemoryEstimate;
use super::node_index::NodeOrder;
use super::request::Request;
use crate::io::report::LoadError;

/// One format.
pub(crate) struct Format {
    /// As reports and errors say it: `METIS graph`.
    pub(super) name: &'static str,
    /// Its place in the list of all formats.
    pub(super) listed: Listed,
    /// The first columns of its row in `docs/FORMATS.md`: what it is, and what its files are called as a rule.
    pub(super) title: &'static str,
    pub(super) files: &'static str,
    /// The last column there: what is read besides the structure.
    pub(super) also: &'static str,
    /// How sure it is that what is looked at is of this format.
    pub(super) sniff: fn(&Look<'_>) -> Option<Certainty>,
    /// Reads the file or folder.
    pub(super) read: fn(Request<'_>) -> Result<Draft, LoadError>,
    /// What reading will take, guessed from headers and sizes; nothing where there is nothing to guess from.
    pub(super) needed: fn(&Path) -> Option<MemoryEstimate>,
    /// Which of the reading options that not every format has a use for it can meet.
    pub(super) meets: &'static [Meets],
    /// What the order of its nodes means to a table beside it.
    pub(super) order: NodeOrder,
    /// Whether it is one file with one structure, which may lack all else: then parts that lie beside it are looked for.
    pub(super) may_lack_parts: bool,
    /// Whether its entries are a finished matrix that is taken as it stands; directions and self-loops that are asked for come afterwards.
    pub(super) is_finished: bool,
}

/// A format's place in the list of all formats, for people.
pub(super) struct Listed {
    pub(super) group: Group,
    /// From 1, the best known of the group first.
    pub(super) place: u8,
    pub(super) name: &'static str,
}

/// Formats that are listed together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    /// Folders of this program and of the method's own.
    OwnFolders,
    /// Folders of other programs and collections.
    Folders,
    /// Archives of NumPy.
    Archives,
    /// Files of other programs.
    Files,
    /// Text.
    Texts,
}

/// What is looked at to tell formats apart, one after another: each time all formats are asked.
#[derive(Debug)]
pub(crate) enum Look<'a> {
    /// A folder.
    Folder(&'a Path),
    /// A zip archive without a pickle, by the names in it.
    Archive { path: &'a Path, names: &'a [String] },
    /// A file of `torch.save`.
    Torch(&'a Path),
    /// A file by its own name and what lies beside it.
    Place(&'a Path),
    /// How a file begins; `path` is without `.gz`.
    Bytes { path: &'a Path, head: &'a [u8] },
    /// The same as text.
    Text(TextLook<'a>),
}

/// How a text begins.
#[derive(Debug)]
pub(crate) struct TextLook<'a> {
    /// The file.
    pub(crate) path: &'a Path,
    /// Its name without `.gz`.
    pub(crate) named: &'a Path,
    pub(crate) head: &'a [u8],
    pub(crate) text: &'a str,
    /// Whether that is all of it.
    pub(crate) is_whole: bool,
}

impl Look<'_> {
    /// Whether this is an archive with an entry of this name.
    pub(super) fn has(&self, entry: &str) -> bool {
        matches!(self, Self::Archive { names, .. } if names.iter().any(|name| name == entry))
    }

    /// Whether this is an archive that is called so.
    pub(super) fn is_archive_called(&self, file: &str) -> bool {
        matches!(self, Self::Archive { path, .. } if path.file_name().is_some_and(|name| name == file))
    }

    /// Whether this is an archive with a file of this name beside it.
    pub(super) fn is_archive_beside(&self, file: &str) -> bool {
        matches!(self, Self::Archive { path, .. } if path.with_file_name(file).is_file())
    }

    /// Whether this is a folder with a file of this name.
    pub(super) fn is_folder_with(&self, file: &str) -> bool {
        matches!(self, Self::Folder(path) if path.join(file).is_file())
    }
}

impl TextLook<'_> {
    /// Whether the file's name ends so.
    pub(super) fn has_extension(&self, wanted: &str) -> bool {
        self.named.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
    }
}

/// How sure a format is. Of formats that are as sure, the first one in the registry is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Certainty {
    /// Nothing else looks so.
    Certain,
    /// So do parts of graphs, models, and forms of other programs, which are known by more.
    Likely,
    /// So do tables with one row per node.
    Possible,
}

/// Reading options that only some formats can meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meets {
    /// `columns`, `separator`, `header`, `comments`, `id_column`: its lines are taken apart.
    Lines,
    /// `encoding`.
    Encoding,
    /// `features` and `labels`: the parts of nodes have names.
    NodeParts,
    /// `split_masks`.
    Masks,
    /// `weight_attribute`: what edges have, has names.
    EdgeAttribute,
}
