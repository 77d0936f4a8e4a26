//! The project file `*.unifews`: what was open, the recipe, the recipes of the runs under their names, and points of trials.
//!
//! JSON, `unifews-project/1`; an autosave is one with the key `autosave`. What runs found lies in the file beside it that `results` names
//! ([`crate::io::kept_runs`]); a run that is not in it, or not of these inputs, is computed anew. Points of trials are shown only where the inputs have their hashes and this version of the program computed them, so that no
//! number is shown that this version of the program did not compute.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::kept::{Autosaved, KeptTrials};
use super::selection::KeptSelection;
use crate::engine::experiment::{Budget, ComparePlan};
use crate::engine::sparsify::Recipe;
use crate::io::atomic::write_atomic;
use crate::io::bundle::BundleOptions;
use crate::io::{ExportError, InputHash, LoadError, read_start, read_text, settle_recipe};

/// Name and version of the format.
pub const PROJECT_FORMAT: &str = "unifews-project/1";
/// Ending of a project file.
pub const EXTENSION: &str = "unifews";
/// Larger files are not projects, bytes.
const MAX_BYTES: u64 = 64 << 20;

/// What a project file holds.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Project {
    /// Always [`PROJECT_FORMAT`]; a reader refuses any other.
    pub format: String,
    /// What to open for the graph.
    #[serde(default)]
    pub graph: Option<String>,
    /// What to open for the model; absent where none is open, and in an autosave of one that has no file.
    #[serde(default)]
    pub model: Option<String>,
    /// The recipe.
    pub recipe: Recipe,
    /// The runs, oldest first.
    #[serde(default)]
    pub runs: Vec<ProjectRun>,
    /// Which methods are compared; absent in projects of before there were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<ComparePlan>,
    /// What the inputs held when they were opened, as far as it was known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<InputHash>,
    /// Loss of accuracy, a share, that verdicts are held against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// What may be lost, and for what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// What the next bundles hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<BundleOptions>,
    /// The node that is looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selected: Option<u32>,
    /// What else is selected: an entry, several nodes or a weight; absent in projects of before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection: Option<KeptSelection>,
    /// Points of trials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trials: Option<KeptTrials>,
    /// Name of the file beside the project with what the runs found; absent without runs, in an autosave, and in projects of before results
    /// were kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub results: Option<String>,
    /// What only an autosave has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autosave: Option<Autosaved>,
}

/// A run of a project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProjectRun {
    /// The user's name for it.
    pub name: String,
    /// Whether it stays at the top.
    #[serde(default)]
    pub is_pinned: bool,
    /// What the user wrote about it; absent in projects of before there were notes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// What the user sorts it under; absent in projects of before there were tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// What to compute again.
    pub recipe: Recipe,
}

/// The file with the results of the project at `path`, as far as the name is one of a file beside it.
pub(super) fn results_beside(path: &Path, project: &Project) -> Option<PathBuf> {
    let name = project.results.as_ref()?;
    let is_plain = Path::new(name).file_name() == Some(std::ffi::OsStr::new(name));
    is_plain.then(|| path.with_file_name(name))
}

/// Whether a file is a project: by its name, or under any other name by how it begins.
pub fn is_project(path: &Path) -> bool {
    /// The format stands first in what this program writes; by hand it may stand behind a recipe.
    const START: u64 = 64 << 10;
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case(EXTENSION)) {
        return true;
    }
    let start = read_start(path, START);
    let text = String::from_utf8_lossy(&start);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let Some((_, after)) = text.split_once("\"format\"") else { return false };
    let value = after.trim_start().strip_prefix(':').map(str::trim_start);
    text.starts_with('{') && value.is_some_and(|v| v.starts_with("\"unifews-project/"))
}

/// Reads a project file.
///
/// # Errors
/// [`LoadError::Content`] for text that is no project, or one of another version.
pub fn read(path: &Path) -> Result<Project, LoadError> {
    let text = read_text(path, MAX_BYTES)?;
    let fault = |place: String, found: String| LoadError::content(path, place, PROJECT_FORMAT, found);
    let value: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| fault(format!("line {}", error.line()), error.to_string()))?;
    let format = value.get("format").and_then(serde_json::Value::as_str).unwrap_or("no key format");
    if format != PROJECT_FORMAT {
        return Err(fault("format".to_owned(), format.to_owned()));
    }
    let mut project: Project =
        serde_json::from_value(value).map_err(|error| fault("project".to_owned(), error.to_string()))?;
    for recipe in project.runs.iter_mut().map(|r| &mut r.recipe).chain([&mut project.recipe]) {
        settle_recipe(recipe).map_err(|error| LoadError::invalid(path, error))?;
    }
    // Nothing chosen is a choice, too; it is refused when it is to be compared.
    if let Some(plan) = project.plan.as_ref().filter(|p| !p.is_empty()) {
        plan.check().map_err(|error| LoadError::invalid(path, error))?;
    }
    Ok(project)
}

/// A project as text.
pub(crate) fn to_text(project: &Project) -> String {
    // A struct of strings and numbers always has a JSON form.
    serde_json::to_string_pretty(project).unwrap_or_default()
}

/// Writes a project file.
///
/// # Errors
/// [`ExportError`].
pub fn write(path: &Path, project: &Project) -> Result<(), ExportError> {
    write_atomic(path, to_text(project).as_bytes())
}
