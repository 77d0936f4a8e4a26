//! The roles of files: what a file that is opened together with others is taken for, what else it could be, and why.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use super::detect::{Detected, detect_as};
use super::graph::{GraphFormat, GraphPart};
use super::report::LoadError;
use super::sheet::{Purpose, TableSketch, purpose_of, sketch};
use super::source::stem_unpacked;
use super::wrong;
use crate::engine::graph::ReadOptions;

/// What a file is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The graph: a list of edges, or a file or folder with all of it.
    Edges,
    /// Features of the nodes.
    Features,
    /// Classes of the nodes.
    Labels,
    /// Which nodes train, validate and test.
    Split,
    /// A trained network.
    Model,
    /// What is to be done, and how files are read.
    Recipe,
    /// An exported bundle.
    Bundle,
    /// Nothing: the file is not used.
    LeftOut,
}

impl Role {
    /// All of them, in the order of a menu.
    pub const ALL: [Self; 8] = [
        Self::Edges,
        Self::Features,
        Self::Labels,
        Self::Split,
        Self::Model,
        Self::Recipe,
        Self::Bundle,
        Self::LeftOut,
    ];
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Edges => "edges",
            Self::Features => "features",
            Self::Labels => "labels",
            Self::Split => "split",
            Self::Model => "model",
            Self::Recipe => "recipe",
            Self::Bundle => "bundle",
            Self::LeftOut => "left out",
        })
    }
}

impl From<Purpose> for Role {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Edges => Self::Edges,
            Purpose::Features => Self::Features,
            Purpose::Labels => Self::Labels,
            Purpose::Split => Self::Split,
        }
    }
}

impl From<GraphPart> for Role {
    fn from(part: GraphPart) -> Self {
        match part {
            GraphPart::Features => Self::Features,
            GraphPart::Labels => Self::Labels,
            GraphPart::Split => Self::Split,
        }
    }
}

/// What a file is taken for, and what a report shows about that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoleReport {
    /// What it is taken for.
    pub chosen: Role,
    /// What it may be taken for, the chosen role first; [`Role::LeftOut`] is always possible and not among them.
    pub possible: Vec<Role>,
    /// Why: `its columns "from", "to" are the two ends of edges`.
    pub why: String,
    /// For tables: what was recognised, and the first lines.
    pub table: Option<TableSketch>,
}

/// Says what a file is taken for. A file that `options` name as features, labels or split is that.
///
/// # Errors
/// [`LoadError`] when it cannot be opened, or is text whose bytes fit no character; a file that nobody knows is [`Role::LeftOut`].
pub fn roles(path: impl AsRef<Path>, options: &ReadOptions) -> Result<RoleReport, LoadError> {
    let path = path.as_ref();
    let found = detect_as(path, options)?;
    let may_be_table =
        matches!(found, Detected::Graph(GraphFormat::EdgeList) | Detected::PartTable(_) | Detected::Unknown { .. });
    // What came in place of a file is no table, however its lines look.
    let is_wrong = matches!(found, Detected::Unknown { .. }) && path.is_file() && wrong::of(path).is_some();
    let may_be_table = may_be_table && path.is_file() && !is_wrong;
    let table = if may_be_table { sketch(path, options).unwrap_or(None) } else { None };
    let by_name = [
        (&options.feature_file, Role::Features),
        (&options.label_file, Role::Labels),
        (&options.split_file, Role::Split),
    ];
    let told = by_name.into_iter().find(|(file, _)| file.as_deref().is_some_and(|file| Path::new(file) == path));
    let guess = table.as_ref().and_then(|table| purpose_of(table, &stem_unpacked(path)));
    let (mut chosen, mut why) = match &found {
        Detected::Graph(_) => (Role::Edges, format!("it is {found}")),
        Detected::Part(part) | Detected::PartTable(part) => ((*part).into(), format!("it holds {found}")),
        Detected::Model(_) => (Role::Model, format!("it is {found}")),
        Detected::Recipe => (Role::Recipe, "it is a recipe".to_owned()),
        Detected::Bundle => (Role::Bundle, "it is an exported bundle".to_owned()),
        Detected::Unknown { found } => (Role::LeftOut, format!("not a known format: {found}")),
    };
    let mut possible = match &found {
        Detected::Unknown { .. } if table.is_none() => Vec::new(),
        Detected::Unknown { .. } => vec![Role::Edges, Role::Features, Role::Labels, Role::Split],
        Detected::Graph(GraphFormat::ScipySparse) => vec![Role::Edges, Role::Features],
        // Arrays of zeros and ones may be either.
        Detected::Part(GraphPart::Features | GraphPart::Labels) => vec![Role::Features, Role::Labels],
        _ => vec![chosen],
    };
    if let Some(guess) = guess {
        if Role::from(guess.chosen) == chosen {
            why = guess.why;
        }
        possible.extend(guess.possible.into_iter().map(Role::from));
    }
    if let Some((_, role)) = told {
        (chosen, why) = (role, "the options name it".to_owned());
    }
    possible.retain(|role| *role != chosen);
    if chosen != Role::LeftOut {
        possible.insert(0, chosen);
    }
    let mut unique = Vec::new();
    for role in possible {
        if !unique.contains(&role) {
            unique.push(role);
        }
    }
    Ok(RoleReport { chosen, possible: unique, why, table })
}

/// More files than this are no folder of one graph's tables.
const MAX_FILES: usize = 64;

/// The files of a folder by name, hidden ones and folders left out; none where there are too many.
pub fn files_in(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files = Vec::new();
    for path in entries.take(MAX_FILES * 2).flatten().map(|entry| entry.path()) {
        let is_hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        if !is_hidden && path.is_file() {
            files.push(path.display().to_string());
        }
    }
    files.sort();
    if files.len() > MAX_FILES { Vec::new() } else { files }
}
