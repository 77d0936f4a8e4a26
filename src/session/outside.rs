//! Files that another file names outside of its own folder: they are read only when the user allows it.

use std::path::Path;

use crate::engine::sparsify::Recipe;
use crate::io::{folder_of, lies_outside, named_files};

/// Files that a file names outside of the folder that it lies in, as it names them; samples and what is not named lie inside.
pub(crate) fn outside(file: &Path, named: &[String]) -> Vec<String> {
    let is_inside = |name: &str| name.starts_with("sample:") || !lies_outside(name, &[folder_of(file)]);
    named.iter().filter(|name| !name.is_empty() && !is_inside(name)).cloned().collect()
}

/// The files that a recipe names.
pub(crate) fn files_of(recipe: &Recipe) -> Vec<String> {
    named_files(recipe).into_iter().map(|(_, path)| path.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_outside_the_folder_of_the_file_that_names_them_are_found() {
        let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        let folder = std::path::Path::new("there is no such folder");
        let recipe = folder.join("recipe.toml");
        let inside = folder.join("parts/features.npy").display().to_string();
        let around = folder.join("../secret.npy").display().to_string();
        let beside = format!("{}-not/labels.npy", folder.display());
        let named = names(&[&inside, &around, &beside, "sample:cora", "/etc/passwd", ""]);
        assert_eq!(outside(&recipe, &named), names(&[&around, &beside, "/etc/passwd"]));
    }
}
