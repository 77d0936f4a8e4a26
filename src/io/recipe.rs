//! Recipes as files (`unifews-recipe/1`): TOML, or the same keys as JSON or YAML.
//!
//! ```toml
//! format = "unifews-recipe/1"        # required; any other version is refused by name
//! seed = 42                          # every other key may be left out and takes its default
//! split = "auto"
//! [graph]                            # direction, self_loops, weights, separator, columns, header, comments, features, labels,
//!                                    # split_masks; absent: as the file says
//! [model]                            # architecture, layers, hidden, hops, norm_r, …
//! [edges]                            # mode, delta, identity, lock
//! [weights]                          # mode, delta
//! [training]                         # absent: post-training pruning alone
//! ```
//!
//! An unknown key is an error that names it: a misspelt threshold must not silently be 0. The keys and their meaning are
//! those of [`Recipe`].

use std::path::Path;

use serde::Deserialize;

use super::atomic::write_atomic;
use super::file::read_text;
use super::report::{ExportError, LoadError};
use crate::engine::sparsify::{RECIPE_FORMAT, Recipe};

/// Larger recipe files are not read, bytes.
const MAX_RECIPE_BYTES: u64 = 1 << 20;

/// The one key that is looked at before the others: it decides whether they are understood.
#[derive(Deserialize)]
struct Header {
    format: Option<toml::Value>,
}

/// How a recipe is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecipeForm {
    /// The form of this program.
    Toml,
    /// One JSON object.
    Json,
    /// One YAML mapping.
    Yaml,
}

impl RecipeForm {
    /// What a text is written in, by its first line with content.
    fn of(text: &str) -> Self {
        let content = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
        let Some(line) = content else { return Self::Toml };
        let place = |mark: char| line.find(mark).unwrap_or(usize::MAX);
        if line.starts_with('{') {
            Self::Json
        } else if line.starts_with("---") || place(':') < place('=').min(place('[')) {
            Self::Yaml
        } else {
            Self::Toml
        }
    }
}

/// Reads a recipe file and checks every value.
///
/// # Errors
/// [`LoadError::Content`] with the line for text that is no recipe, [`LoadError::Invalid`] for values out of range.
pub fn read_recipe(path: impl AsRef<Path>) -> Result<Recipe, LoadError> {
    let path = path.as_ref();
    recipe_from_text(&read_text(path, MAX_RECIPE_BYTES)?, path)
}

/// Reads a recipe from text in any of its forms; `path` is named in errors.
///
/// # Errors
/// As [`read_recipe`].
pub fn recipe_from_text(text: &str, path: &Path) -> Result<Recipe, LoadError> {
    let form = RecipeForm::of(text);
    let name = match form {
        RecipeForm::Toml => return recipe_from_toml(text, path),
        RecipeForm::Json => "a recipe in JSON",
        RecipeForm::Yaml => "a recipe in YAML",
    };
    let fault = |error: String| {
        let line = error.lines().next().unwrap_or("an error");
        LoadError::content(path, "whole file", name, shortened(line))
    };
    // The one key that decides whether the others are understood comes first.
    let value: serde_json::Value = if form == RecipeForm::Json {
        serde_json::from_str(text).map_err(|error| fault(error.to_string()))?
    } else {
        serde_saphyr::from_str(text).map_err(|error| fault(error.to_string()))?
    };
    match value.get("format") {
        Some(serde_json::Value::String(format)) if format == RECIPE_FORMAT => {}
        Some(other) => return Err(LoadError::content(path, "key format", quoted(RECIPE_FORMAT), other)),
        None => return Err(LoadError::content(path, "key format", quoted(RECIPE_FORMAT), "no such key")),
    }
    let recipe: Recipe = serde_json::from_value(value).map_err(|error| fault(error.to_string()))?;
    recipe.check().map_err(|error| LoadError::invalid(path, error))?;
    Ok(recipe)
}

/// Reads a recipe from text; `path` is named in errors.
///
/// # Errors
/// As [`read_recipe`].
pub fn recipe_from_toml(text: &str, path: &Path) -> Result<Recipe, LoadError> {
    let header: Header = toml::from_str(text).map_err(|error| syntax_error(text, &error, path))?;
    match &header.format {
        Some(toml::Value::String(format)) if format == RECIPE_FORMAT => {}
        Some(other) => return Err(LoadError::content(path, "key format", quoted(RECIPE_FORMAT), other)),
        None => return Err(LoadError::content(path, "key format", quoted(RECIPE_FORMAT), "no such key")),
    }
    let recipe: Recipe = toml::from_str(text).map_err(|error| syntax_error(text, &error, path))?;
    recipe.check().map_err(|error| LoadError::invalid(path, error))?;
    Ok(recipe)
}

/// A recipe as the text of its file; every key is written out.
pub fn recipe_to_toml(recipe: &Recipe) -> String {
    // Serialising can only fail for map keys that are no text and values that TOML lacks; a recipe has neither, which the
    // round-trip test keeps. The comment would make a reader refuse the file rather than run other values.
    toml::to_string(recipe).unwrap_or_else(|error| format!("# {error}\n"))
}

/// A recipe as text in one of its forms; every key is written out.
///
/// # Errors
/// What the writer of the form says.
pub fn recipe_to_text(recipe: &Recipe, form: RecipeForm) -> Result<String, std::io::Error> {
    match form {
        RecipeForm::Toml => Ok(recipe_to_toml(recipe)),
        RecipeForm::Json => Ok(serde_json::to_string_pretty(recipe)? + "\n"),
        RecipeForm::Yaml => serde_saphyr::to_string(recipe).map_err(|error| std::io::Error::other(error.to_string())),
    }
}

/// Writes a recipe file, whole or not at all.
///
/// # Errors
/// [`ExportError::Io`].
pub fn write_recipe(path: impl AsRef<Path>, recipe: &Recipe) -> Result<(), ExportError> {
    write_atomic(path, recipe_to_toml(recipe).as_bytes())
}

/// Looks whether a recipe that is written beside a model may take the place of what stands there: nothing, or a recipe as this program
/// writes it. What somebody wrote or changed by hand is not replaced by the way.
///
/// # Errors
/// [`ExportError::Occupied`].
pub fn check_companion_recipe(path: &Path) -> Result<(), ExportError> {
    // What is no regular file is told apart when the place is opened.
    if !path.is_file() {
        return Ok(());
    }
    let text = read_text(path, MAX_RECIPE_BYTES).unwrap_or_default();
    if recipe_from_toml(&text, path).is_ok_and(|recipe| recipe_to_toml(&recipe) == text) {
        return Ok(());
    }
    let found =
        "a recipe that was written or changed by hand; give the model another name or move the recipe".to_owned();
    Err(ExportError::Occupied { found, path: path.to_owned() })
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// Puts what the TOML reader says into this program's form: where, expected, found.
fn syntax_error(text: &str, error: &toml::de::Error, path: &Path) -> LoadError {
    let span = error.span();
    let place = span.as_ref().map_or_else(
        || "whole file".to_owned(),
        |span| format!("line {}", 1 + text.bytes().take(span.start).filter(|b| *b == b'\n').count()),
    );
    let message = error.message();
    if message.contains("OneOrMany") {
        let found = span.and_then(|span| text.get(span)).unwrap_or("something else");
        return LoadError::content(path, place, "one number or a list of numbers", shortened(found));
    }
    let (found, expected) = match message.split_once(", expected ") {
        Some((found, expected)) => (found, expected),
        None => (message.lines().next().unwrap_or("an error"), "a recipe in TOML"),
    };
    let found = found.replace("unknown field", "unknown key").replace("unknown variant", "unknown value");
    LoadError::content(path, place, expected, shortened(&found))
}

/// What is quoted from a file stays on one short line.
pub(crate) fn shortened(text: &str) -> String {
    const MOST: usize = 120;
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MOST).collect();
    if text.chars().nth(MOST).is_some() { format!("{line}…") } else { line }
}
