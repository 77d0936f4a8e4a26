//! What documents name is there, and what a user reads needs no document.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::source::source;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every document with its text: those of `docs` and the README.
fn documents() -> Vec<(String, String)> {
    fn walk(folder: &Path, out: &mut Vec<PathBuf>) {
        let mut entries: Vec<_> = fs::read_dir(folder).expect("folder").map(|e| e.expect("entry").path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_some_and(|e| e == "md") {
                out.push(path);
            }
        }
    }
    let mut files = vec![root().join("README.md")];
    walk(&root().join("docs"), &mut files);
    files
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("text"))
        })
        .collect()
}

/// The numbers `D1`, `D2` … that stand in a text by themselves.
fn differences(text: &str) -> BTreeSet<u32> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let words =
        text.split(|c: char| !is_word(c)).filter_map(|word| word.strip_prefix('D').or_else(|| word.strip_prefix('d')));
    words.filter(|rest| (1..=2).contains(&rest.len())).filter_map(|rest| rest.parse().ok()).collect()
}

#[test]
fn differences_that_are_cited_are_described_and_no_user_reads_their_numbers() {
    let described: BTreeSet<u32> = (1..=43).collect();
    let page = read("docs/DIFFERENCES.md");
    for n in &described {
        assert!(page.contains(&format!("<a id=\"d{n}\"></a>D{n} ")), "docs/DIFFERENCES.md: D{n} has no anchor");
    }
    // In documents as a link, in comments as the address of one.
    let links = |text: &str| {
        let behind = text.split("DIFFERENCES.md#").skip(1);
        behind
            .filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric()).next().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    let code = source().modules().map(|(_, module)| {
        let path = format!("src/{}", module.file);
        let text = read(&path);
        (path, text)
    });
    let mut n_links = 0;
    for (file, text) in code.chain(documents()) {
        for link in links(&text) {
            assert_eq!(differences(&link).iter().filter(|n| described.contains(n)).count(), 1, "{file}: #{link}");
            n_links += 1;
        }
    }
    assert!(n_links > 30, "{n_links} links to docs/DIFFERENCES.md");
    let numbered: Vec<String> = source()
        .modules()
        .flat_map(|(_, module)| module.texts.iter().map(|text| (module.file.as_str(), text)))
        .filter(|(_, text)| {
            text.split(|c: char| !c.is_alphanumeric()).any(|word| word.starts_with('D'))
                && !differences(text).is_empty()
        })
        .map(|(file, text)| format!("src/{file}: {text:?}"))
        .collect();
    assert!(numbered.is_empty(), "what a user reads says it in words:\n{}", numbered.join("\n"));
}

/// Names of other programs, and of columns, that documents use.
const FOREIGN_NAMES: [&str; 7] = ["GraphConv", "SAGEConv", "GATConv", "GATv2Conv", "GCN2Conv", "GINConv", "Label"];

#[test]
fn types_that_documents_name_exist() {
    let declared: BTreeSet<&str> =
        source().modules().flat_map(|(_, module)| module.declared.iter().map(String::as_str)).collect();
    let is_type = |word: &str| {
        let has_small = word.chars().any(|c| c.is_ascii_lowercase());
        word.len() > 3
            && word.starts_with(|c: char| c.is_ascii_uppercase())
            && has_small
            && word.chars().all(|c| c.is_ascii_alphanumeric() || c == ':' || c == '_')
    };
    let mut missing = Vec::new();
    let mut n_found = 0;
    for (file, text) in documents().into_iter().filter(|(file, _)| *file != "docs/CHANGELOG.md") {
        // Blocks of code are of other languages.
        let prose: String = text.split("```").step_by(2).collect();
        for word in prose.split('`').skip(1).step_by(2).filter(|word| is_type(word)) {
            for part in word.split("::").filter(|part| !part.is_empty() && !FOREIGN_NAMES.contains(part)) {
                if declared.contains(part)
                    || source().modules().any(|(module, _)| module.rsplit("::").next() == Some(part))
                {
                    n_found += 1;
                } else {
                    missing.push(format!("{file}: {word}"));
                }
            }
        }
    }
    assert!(n_found > 20 && missing.is_empty(), "{n_found} found; named and not there:\n{}", missing.join("\n"));
}
