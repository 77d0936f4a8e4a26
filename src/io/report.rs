//! What reading a file gave besides its value: what was found, what was changed, what was left out, and what went wrong.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::text::{escaped, escaped_block, escaped_path};
use crate::engine::EngineError;

/// One line of a report: a count or fact with its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportLine {
    /// What is counted, for people, for example `self-loops added`.
    pub name: String,
    /// The count or fact.
    pub value: String,
}

/// A setting of a network that neither names nor shapes of its file tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenSetting {
    /// Its name, for example `activation`.
    pub name: &'static str,
    /// What it can be, as recipes spell it; what was taken first.
    pub choices: Vec<String>,
}

/// Name of the facts that are assumptions.
pub(crate) const ASSUMED: &str = "assumed";

/// What was read, changed and ignored. Shown in the window and printed by `inspect`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct LoadReport {
    /// The format, for people, for example `Unifews folder`.
    pub format: String,
    /// Where it was read from: a path or `sample:NAME`.
    pub source: String,
    /// Counts and facts in order.
    pub facts: Vec<ReportLine>,
    /// Files, arrays or tensors that were there and not used.
    pub ignored: Vec<String>,
    /// What a user should know before trusting the result.
    pub warnings: Vec<String>,
    /// Settings of a network that its file leaves open, with what was taken first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<OpenSetting>,
    /// Those of the warnings that are readings which the file leaves open, and that give other outputs where they do not hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<String>,
    /// Other files that parts were read from: beside the source, or named by the options.
    #[serde(skip)]
    pub parts: Vec<PathBuf>,
    /// The columns of a graph's features in their order, where its table names them; else empty.
    #[serde(skip)]
    pub columns: Vec<FeatureColumn>,
}

/// A column of features that has a name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FeatureColumn {
    /// Name of the table's column.
    pub name: String,
    /// Of a column of texts: the text for which this one is 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl LoadReport {
    /// An empty report.
    pub fn new(format: impl Into<String>, source: impl Into<String>) -> Self {
        Self { format: format.into(), source: source.into(), ..Self::default() }
    }

    /// Adds a count or fact.
    #[expect(clippy::needless_pass_by_value, reason = "counts and texts are passed alike")]
    pub fn fact(&mut self, name: impl Into<String>, value: impl ToString) -> &mut Self {
        self.facts.push(ReportLine { name: name.into(), value: value.to_string() });
        self
    }

    /// Notes that a part was read from another file than the source.
    pub(crate) fn used(&mut self, file: &Path) {
        if !self.parts.iter().any(|part| part == file) {
            self.parts.push(file.to_owned());
        }
    }

    /// Adds a warning that is a reading which the file leaves open.
    pub(crate) fn doubt(&mut self, reading: String) {
        self.warnings.push(reading.clone());
        self.doubts.push(reading);
    }

    /// What the file leaves open and was taken for granted, doubts first; a score on labelled nodes says whether it holds.
    pub fn assumptions(&self) -> impl Iterator<Item = &str> {
        let assumed = self.facts.iter().filter(|line| line.name == ASSUMED).map(|line| line.value.as_str());
        self.doubts.iter().map(String::as_str).chain(assumed)
    }
}

/// A file could not be read. The message says where, what was expected and what was found; the path comes last.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The operating system refused.
    #[error("cannot {action}: {source}: {}", escaped_path(path))]
    Io {
        /// What was tried, for example `open`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// A file's content is not what its format asks for.
    #[error("{}: expected {expected}, found {}: {}", escaped(place), escaped_block(found), escaped_path(path))]
    Content {
        /// The file.
        path: PathBuf,
        /// Where in it: a line, an array, a key, a byte offset.
        place: String,
        /// What the format asks for there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// No reader knows this file.
    #[error("not a known format: expected {expected}, found {}: {}", escaped_block(found), escaped_path(path))]
    Unknown {
        /// The file or folder.
        path: PathBuf,
        /// The formats that are known.
        expected: String,
        /// What its first bytes or names look like.
        found: String,
    },
    /// The content is well-formed and makes no valid graph, model or recipe.
    #[error("{}: {}", escaped_block(&source.to_string()), escaped_path(path))]
    Invalid {
        /// The file or folder.
        path: PathBuf,
        /// Which rule it breaks.
        source: EngineError,
    },
    /// The graph would not fit into memory; nothing of it was read.
    #[error(
        "memory: expected at most {limit}, found about {needed} for {basis}; close other programs, raise the limit with --max-memory, or read a part of the graph: {}",
        escaped_path(path)
    )]
    TooLarge {
        /// The file or folder.
        path: PathBuf,
        /// What reading would take.
        needed: String,
        /// From what that was guessed.
        basis: String,
        /// What it may take, and which limit says so.
        limit: String,
    },
    /// The user asked for the work to stop.
    #[error("cancelled")]
    Cancelled,
}

impl LoadError {
    /// A [`LoadError::Io`].
    pub fn io(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), source }
    }

    /// A [`LoadError::Content`].
    #[expect(clippy::needless_pass_by_value, reason = "counts and texts are passed alike")]
    pub fn content(path: &Path, place: impl Into<String>, expected: impl ToString, found: impl ToString) -> Self {
        Self::Content {
            path: path.to_owned(),
            place: place.into(),
            expected: expected.to_string(),
            found: found.to_string(),
        }
    }

    /// The error without what one of these files holds: a recipe from elsewhere can name any file, and a message must not tell what is in it.
    #[must_use]
    pub fn without_contents(self, files: &[&str]) -> Self {
        let found = "something else, which is not shown because a recipe names the file (name it with an option, or open it, to see it)";
        // What is named may be a folder.
        let is_of = |path: &Path| files.iter().any(|file| !file.is_empty() && path.starts_with(file));
        match self {
            Self::Content { path, place, .. } if is_of(&path) => {
                // Names of columns, keys and nodes are contents, too, wherever a message puts them.
                let place = place.split(',').next().filter(|place| is_number_of_line(place)).unwrap_or("whole file");
                Self::content(&path, place, "what its format asks for", found)
            }
            Self::Unknown { path, expected, .. } if is_of(&path) => {
                Self::Unknown { path, expected, found: found.to_owned() }
            }
            other => other,
        }
    }

    /// Wraps an engine error with the path it came from; a cancel stays a cancel.
    pub fn invalid(path: &Path, source: EngineError) -> Self {
        match source {
            EngineError::Cancelled => Self::Cancelled,
            source => Self::Invalid { path: path.to_owned(), source },
        }
    }
}

/// Whether a place in a file is `line 17` or the like, and so says nothing of what is there.
fn is_number_of_line(place: &str) -> bool {
    place.split_once(' ').is_some_and(|(what, number)| {
        matches!(what, "line" | "row" | "byte") && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
    })
}

/// A file could not be written. What was there before is still whole. The path comes last.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The operating system refused.
    #[error("cannot {action}: {source}{}: {}", way_out(source), escaped_path(path))]
    Io {
        /// What was tried, for example `create`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// Something that this program did not write stands where something is to be written.
    #[error(
        "export target: expected nothing, an empty folder or what was exported there before, found {}: {}",
        escaped(found),
        escaped_path(path)
    )]
    Occupied {
        /// What stands there.
        found: String,
        /// The folder.
        path: PathBuf,
    },
    /// A folder holds what this program did not write there, or what was changed since.
    #[error(
        "export target: expected nothing, an empty folder or what was exported there before, found {found}: {} ({})",
        escaped_path(path),
        escaped_block(detail)
    )]
    OtherFiles {
        /// What stands there.
        found: String,
        /// Which files, and the way out.
        detail: String,
        /// The folder.
        path: PathBuf,
    },
    /// Nothing can be written at a place.
    #[error("output: expected {expected}, found {}: {}", escaped_block(found), escaped_path(path))]
    NoPlace {
        /// What a place for an output is.
        expected: String,
        /// What is there, or the operating system's reason.
        found: String,
        /// The place, as it was named.
        path: PathBuf,
    },
    /// A value has no form in the format.
    #[error("{}: expected {expected}, found {}: {}", escaped(what), escaped_block(found), escaped_path(path))]
    Unwritable {
        /// Which value.
        what: String,
        /// What the format can hold.
        expected: String,
        /// What the value is.
        found: String,
        /// The file.
        path: PathBuf,
    },
    /// The user asked for the work to stop.
    #[error("cancelled")]
    Cancelled,
}

impl ExportError {
    /// An [`ExportError::Io`].
    pub fn io(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), source }
    }
}

/// What helps against an error of the operating system while writing, where something does.
fn way_out(error: &std::io::Error) -> &'static str {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "; make room, or choose a place with more of it",
        ErrorKind::FileTooLarge => "; raise the limit on the size of files (ulimit -f), or choose another file system",
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => "; choose a place that can be written to",
        _ => "",
    }
}
