//! Recipes as files (`unifews-recipe/1`): TOML, or the same keys as JSON or YAML.
//!
//! ```toml
//! format = "unifews-recipe/1"        # required; any other version is refused by name
//! seed = 42                          # every other key may be left out and takes its default
//! split = "auto"                     # a split's name; a file (.csv, .tsv, .parquet, .npz) is read as graph.split_file is
//! [graph]                            # direction, self_loops, weights, separator, columns, header, comments, features, labels,
//!                                    # split_masks; absent: as the file says
//! [model]                            # architecture, layers, hidden, hops, norm_r, …
//! [edges]                            # mode, delta, identity, lock
//! [edges.pins]                       # entries kept or removed by hand
//! [weights]                          # mode, delta
//! [recovery]                         # entries, progressive, values, weights, …; absent: accuracy is not recovered
//! [monitor]                          # limits of `unifews check`; absent: the usual ones
//! [training]                         # absent: post-training pruning alone
//! ```
//!
//! An unknown key is an error that names it: a misspelt threshold must not silently be 0. The keys and their meaning are
//! those of [`Recipe`].

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::atomic::write_atomic;
use super::entrance;
use super::file::read_text;
use super::report::{ExportError, LoadError};
use super::text::shortened;
use crate::engine::EngineError;
use crate::engine::sparsify::{Lock, RECIPE_FORMAT, Recipe};

/// Larger recipe files are not read, bytes.
const MAX_RECIPE_BYTES: u64 = 16 << 20;

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
    entrance::enter(|| recipe_from_text(&read_text(path, MAX_RECIPE_BYTES)?, path))
}

/// Every file that a recipe names: the key and the path.
pub fn named_files(recipe: &Recipe) -> Vec<(&'static str, &str)> {
    let graph = &recipe.graph;
    let split = Some(&recipe.split).filter(|split| names_split_file(split));
    let lock = if let Lock::File(path) = &recipe.edges.lock { Some(path) } else { None };
    [
        ("graph.feature_file", graph.feature_file.as_ref()),
        ("graph.label_file", graph.label_file.as_ref()),
        ("graph.split_file", graph.split_file.as_ref()),
        ("split", split),
        ("edges.lock", lock),
    ]
    .into_iter()
    .filter_map(|(key, path)| Some((key, path?.as_str())))
    .collect()
}

/// Files that a recipe names and that lie neither in its own folder nor in one of `trusted`: the key and the path.
///
/// A recipe from elsewhere could make a graph out of anything that the user may read; whoever opens one asks first. Links count as what
/// they lead to. `file` is where the recipe lies, or the bundle that it is in.
pub fn files_outside(recipe: &Recipe, file: &Path, trusted: &[&Path]) -> Vec<(&'static str, String)> {
    let folders: Vec<&Path> = std::iter::once(folder_of(file)).chain(trusted.iter().copied()).collect();
    let named = named_files(recipe).into_iter().filter(|(_, path)| lies_outside(path, &folders));
    named.map(|(key, path)| (key, path.to_owned())).collect()
}

/// The folder that a file lies in.
pub fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// Whether a path lies in none of these folders, links followed; one that is not there yet lies where it would be.
pub fn lies_outside(path: &str, folders: &[&Path]) -> bool {
    let Some(path) = real(Path::new(path)) else { return true };
    folders.iter().filter_map(|folder| real(folder)).all(|folder| !path.starts_with(folder))
}

/// A path behind all links. What is not there is named below the last folder that is; a way back out of what is not there leads nowhere.
fn real(path: &Path) -> Option<PathBuf> {
    let path = std::path::absolute(path).ok()?;
    let (there, found) = path.ancestors().find_map(|there| Some((there, there.canonicalize().ok()?)))?;
    let rest = path.strip_prefix(there).ok()?;
    let is_plain = rest.components().all(|part| matches!(part, std::path::Component::Normal(_)));
    is_plain.then(|| found.join(rest))
}

/// Whether what a recipe or `--split` says is a file with a split, and not the name of one.
pub fn names_split_file(split: &str) -> bool {
    const TABLES: [&str; 7] = ["npz", "csv", "tsv", "parquet", "gz", "npy", "pq"];
    let path = Path::new(split);
    let Some(extension) = path.extension() else { return false };
    TABLES.iter().any(|table| extension.eq_ignore_ascii_case(table)) || path.is_file()
}

/// Checks every value, and makes a split that is a file a part of the graph, as `graph.split_file` is: it is read with the graph, joined
/// by the ids of nodes, and stands first among the graph's splits.
///
/// # Errors
/// [`EngineError::Recipe`], also where `graph.split_file` names another file.
pub fn settle_recipe(recipe: &mut Recipe) -> Result<(), EngineError> {
    if names_split_file(&recipe.split) {
        let file = std::mem::replace(&mut recipe.split, "auto".to_owned());
        if let Some(other) = recipe.graph.split_file.replace(file.clone()).filter(|other| *other != file) {
            let expected = format!("the name of a split beside graph.split_file ({other})");
            return Err(EngineError::recipe("split", expected, format!("another file ({file})")));
        }
    }
    recipe.check()
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
        serde_saphyr::from_str(text).map_err(|error| {
            let error = error.to_string();
            if error.contains("budget breached") { too_many_values(&error, path) } else { fault(error) }
        })?
    };
    match value.get("format") {
        Some(serde_json::Value::String(format)) if format == RECIPE_FORMAT => {}
        Some(other) => return Err(LoadError::content(path, "key format", quoted(RECIPE_FORMAT), other)),
        None => return Err(LoadError::content(path, "key format", quoted(RECIPE_FORMAT), "no such key")),
    }
    let mut recipe: Recipe = serde_json::from_value(value).map_err(|error| fault(error.to_string()))?;
    settle_recipe(&mut recipe).map_err(|error| LoadError::invalid(path, error))?;
    Ok(recipe)
}

/// YAML that a few lines of aliases unfold to more than any recipe has.
fn too_many_values(error: &str, path: &Path) -> LoadError {
    let line = error.split("line ").nth(1).and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
    let place = line.filter(|line| !line.is_empty()).map_or_else(|| "whole file".to_owned(), |n| format!("line {n}"));
    let found = "YAML whose aliases unfold to more values than any recipe has (write the values out, without `*`)";
    LoadError::content(path, place, "a recipe in YAML", found)
}

/// Reads a recipe from text; `path` is named in errors.
///
/// # Errors
/// As [`read_recipe`].
///
/// # Examples
/// ```
/// use std::path::Path;
///
/// use unifews::io::recipe_from_toml;
///
/// let recipe = recipe_from_toml("format = \"unifews-recipe/1\"\n[edges]\ndelta = 0.5\n", Path::new("mine.toml"))?;
/// assert_eq!((recipe.edges.delta, recipe.seed), (vec![0.5], 42));
/// let error = recipe_from_toml("format = \"unifews-recipe/1\"\ndelta = 0.5\n", Path::new("mine.toml")).unwrap_err();
/// assert!(error.to_string().contains("delta"), "{error}");
/// # Ok::<(), unifews::io::LoadError>(())
/// ```
pub fn recipe_from_toml(text: &str, path: &Path) -> Result<Recipe, LoadError> {
    let header: Header = toml::from_str(text).map_err(|error| syntax_error(text, &error, path))?;
    match &header.format {
        Some(toml::Value::String(format)) if format == RECIPE_FORMAT => {}
        Some(other) => return Err(LoadError::content(path, "key format", quoted(RECIPE_FORMAT), other)),
        None => return Err(LoadError::content(path, "key format", quoted(RECIPE_FORMAT), "no such key")),
    }
    let mut recipe: Recipe = toml::from_str(text).map_err(|error| syntax_error(text, &error, path))?;
    settle_recipe(&mut recipe).map_err(|error| LoadError::invalid(path, error))?;
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

/// Looks whether a recipe that is written beside a model may take the place of what stands there.
///
/// That is nothing, or a recipe as this program writes it. What somebody wrote or changed by hand is not replaced by the way.
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
    LoadError::content(path, place, in_words(expected), shortened(&found))
}

/// What a reader of types expected, as a person would call it.
fn in_words(expected: &str) -> &str {
    match expected {
        "usize" | "u64" | "u32" | "u16" | "u8" => "a whole number, not below 0",
        "i64" | "i32" => "a whole number",
        "f64" | "f32" => "a number",
        "a boolean" => "true or false",
        "a string" => "text in quotes",
        "a sequence" => "a list in brackets",
        _ if expected == "a map" || expected.starts_with("struct ") => "a section with keys",
        _ => expected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_another_kind_is_refused_in_words_not_in_types() {
        let path = Path::new("r.toml");
        let refused = [
            ("seed = -1", "a whole number, not below 0"),
            ("seed = \"one\"", "a whole number, not below 0"),
            ("[model]\nfamily = \"gcn\"\nalpha = \"much\"", "a number"),
            ("[recovery]\nprogressive = 3", "true or false"),
            ("split = 3", "text in quotes"),
            ("recovery = 3", "a section with keys"),
            ("[recovery]\ndistill_epochs = 1.5", "a whole number, not below 0"),
        ];
        for (text, expected) in refused {
            let text = format!("format = \"{RECIPE_FORMAT}\"\n{text}\n");
            let error = recipe_from_toml(&text, path).expect_err(&text).to_string();
            assert!(error.contains(&format!("expected {expected}, found")), "{text}: {error}");
        }
    }

    #[test]
    fn files_outside_of_a_recipes_folder_are_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let other = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
        let away = other.path().join("x.npy");
        write_atomic(&away, b"x").expect("written");
        let away = away.to_str().expect("UTF-8").to_owned();
        let file = folder.path().join("r.toml");
        let mut recipe = Recipe::default();
        assert_eq!(files_outside(&recipe, &file, &[]), []);
        recipe.graph.feature_file = Some(at("x.npy"));
        recipe.split = at("s.npz");
        recipe.edges.lock = Lock::File(at("sub/../ids.txt"));
        // A folder that is not there is nobody's.
        assert_eq!(files_outside(&recipe, &file, &[]), [("edges.lock", at("sub/../ids.txt"))]);
        recipe.edges.lock = Lock::File(away.clone());
        recipe.graph.label_file = Some(format!("{}/../{}", at(""), "etc"));
        recipe.split = "stratified:50/25/25@1".into();
        let found = files_outside(&recipe, &file, &[]);
        assert_eq!(found.iter().map(|(key, _)| *key).collect::<Vec<_>>(), ["graph.label_file", "edges.lock"]);
        let found = files_outside(&recipe, &file, &[other.path()]);
        assert_eq!(found.iter().map(|(key, _)| *key).collect::<Vec<_>>(), ["graph.label_file"]);
        #[cfg(unix)]
        {
            // A link leads where it leads.
            std::os::unix::fs::symlink(&away, folder.path().join("link.npy")).expect("a link");
            recipe = Recipe::default();
            recipe.graph.feature_file = Some(at("link.npy"));
            assert_eq!(files_outside(&recipe, &file, &[]), [("graph.feature_file", at("link.npy"))]);
        }
    }
}
