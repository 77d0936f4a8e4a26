//! A folder of tables: `edges.csv`, and whatever belongs to its nodes beside it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::engine::graph::ReadOptions;
use crate::io::sheet::words::{NameHint, hint_of};
use crate::io::sheet::{ColumnRole, Purpose, purpose_of, sketch};
use crate::io::source::stem_unpacked;

/// What tables are called.
const TABLES: [&str; 6] = ["csv", "tsv", "txt", "parquet", "edges", "edgelist"];
/// What may lie beside them.
const OTHERS: [&str; 8] = ["npy", "npz", "safetensors", "pt", "onnx", "toml", "md", "json"];
/// Folders with more files are none of tables.
const MOST_FILES: usize = 64;

/// The one list of edges in a folder that has nothing but tables, and models beside them.
pub(crate) fn edges_in(folder: &Path) -> Option<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).ok()?.take(MOST_FILES + 1) {
        files.push(entry.ok()?.path());
    }
    if files.len() > MOST_FILES {
        return None;
    }
    files.sort();
    let mut edges = Vec::new();
    for file in files {
        let is_hidden = file.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if is_hidden {
            continue;
        }
        let unpacked = match file.extension() {
            Some(e) if e.eq_ignore_ascii_case("gz") => PathBuf::from(file.file_stem()?),
            _ => file.clone(),
        };
        let extension = unpacked.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        if !file.is_file() || !(TABLES.contains(&extension.as_str()) || OTHERS.contains(&extension.as_str())) {
            return None;
        }
        if !TABLES.contains(&extension.as_str()) {
            continue;
        }
        let stem = stem_unpacked(&file);
        let Ok(Some(table)) = sketch(&file, &ReadOptions::default()) else { continue };
        let is_list = purpose_of(&table, &stem).is_some_and(|purposes| purposes.chosen == Purpose::Edges);
        let is_certain = table.place(ColumnRole::Source).is_some() || hint_of(&stem) == Some(NameHint::Edges);
        if is_list {
            edges.push((is_certain, file));
        }
    }
    let certain: Vec<&PathBuf> = edges.iter().filter(|(is_certain, _)| *is_certain).map(|(_, file)| file).collect();
    match (&certain[..], &edges[..]) {
        ([one], _) => Some((*one).clone()),
        ([], [(_, one)]) => Some(one.clone()),
        _ => None,
    }
}
