//! The folder of public data, cases and golden numbers that lies beside the project where it is developed.
//!
//! It does not travel with the project: where it is missing, a test that needs it says so and is left out. In CI, and where the folder
//! is named, it is required: there nothing is left out.

use std::path::{Path, PathBuf};

/// Variables that ask for the folder: CI's own, and the one that says where it lies.
const REQUIRED_BY: [&str; 2] = ["CI", "UNIFEWS_SHARED"];

/// A file or folder below `../shared`, or below what `UNIFEWS_SHARED` names; without it, says that `test` is left out.
///
/// # Panics
/// Where it is missing and required.
pub(crate) fn shared_path(test: &str, path: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("UNIFEWS_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let wanted = folder.join(path);
    if wanted.exists() {
        return Some(wanted);
    }
    let is_set = |name: &&'static str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let required_by = REQUIRED_BY.into_iter().find(is_set);
    assert!(required_by.is_none(), "{test}: no {path} in {}, and {required_by:?} asks for it", folder.display());
    eprintln!("skipped: {test}: no {path} in {}", folder.display());
    None
}
