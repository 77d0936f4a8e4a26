//! Names of files that are to be written: a file is what its ending says.
//!
//! What is never here: writing.

use std::path::{Path, PathBuf};

use super::report::ExportError;

/// The ending of a path in lower case; empty without.
pub fn ending(path: &Path) -> String {
    path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// The path as it may be written: as it is where its ending is one of `known`, else with the first of them added.
///
/// # Errors
/// [`ExportError::Unwritable`] where something stands under the name with the ending added: nobody was asked whether to replace it.
pub fn with_known_ending(path: &Path, known: &[&str]) -> Result<PathBuf, ExportError> {
    let own = ending(path);
    if known.iter().any(|e| *e == own) {
        return Ok(path.to_owned());
    }
    let mut added = path.as_os_str().to_owned();
    added.push(".");
    added.push(known.first().copied().unwrap_or_default());
    let added = PathBuf::from(added);
    if added.exists() {
        let endings = known.iter().map(|e| format!(".{e}")).collect::<Vec<_>>().join(" or ");
        return Err(ExportError::Unwritable {
            what: "name of the file".to_owned(),
            expected: format!("one that ends in {endings}, or that is free with it"),
            found: format!("a file of the name {}", added.file_name().unwrap_or_default().to_string_lossy()),
            path: added,
        });
    }
    Ok(added)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_ending_says() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let check = |name: &str, written: &str| {
            assert_eq!(with_known_ending(&at(name), &["png", "svg"]).expect("free"), at(written), "{name}");
        };
        check("a.png", "a.png");
        check("a.SVG", "a.SVG");
        check("a", "a.png");
        check("a.pdf", "a.pdf.png");
        check("v1.2", "v1.2.png");
        crate::io::atomic::write_atomic(at("a.png"), b"x").expect("writable");
        let refused =
            with_known_ending(&at("a"), &["png", "svg"]).expect_err("it would be replaced unasked").to_string();
        assert!(refused.contains("ends in .png or .svg") && refused.contains("a file of the name a.png"), "{refused}");
    }
}
