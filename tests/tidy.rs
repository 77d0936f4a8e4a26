//! The repository's rules as tests: the floors, the module headers, and the invariants of `docs/ARCHITECTURE.md` that can be read off
//! the source.

#![expect(clippy::expect_used, clippy::panic, reason = "tests fail loudly")]

#[path = "tidy/layers.rs"]
mod layers;
#[path = "tidy/packaging.rs"]
mod packaging;
#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/supply.rs"]
mod supply;
#[path = "tidy/words.rs"]
mod words;

use std::fs;
use std::path::{Path, PathBuf};

fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, out: &mut Vec<PathBuf>) {
        let mut entries: Vec<_> = fs::read_dir(folder).expect("folder").map(|e| e.expect("entry").path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_some_and(|e| e == "rs") {
                out.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    files
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&root).expect("below src").to_string_lossy().replace('\\', "/");
            (name, fs::read_to_string(&path).expect("text"))
        })
        .collect()
}

/// Code without comments, one line after another with its number.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(at, line)| (at + 1, line)).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Every line of a floor that names one of the words.
fn named(floor: &str, words: &[&str], except: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (file, text) in sources().iter().filter(|(f, _)| f.starts_with(floor) && !except.contains(&f.as_str())) {
        for (at, line) in code_lines(text) {
            if let Some(word) = words.iter().find(|w| line.contains(**w)) {
                found.push(format!("src/{file}:{at}: {word}"));
            }
        }
    }
    found
}

fn assert_none(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}:\n{}", found.join("\n"));
}

#[test]
fn the_engine_opens_no_file_starts_no_thread_and_draws_no_unseeded_number() {
    let banned = [
        "std::fs",
        "File::open",
        "std::net",
        "std::env",
        "std::thread",
        "println!",
        "eprintln!",
        "rand::rng()",
        "from_os_rng",
        "static mut",
        "thread_local!",
        "HashMap",
        "HashSet",
        "SystemTime",
    ];
    assert_none(&named("engine/", &banned, &[]), "engine");
}

#[test]
fn unsafe_code_is_in_the_kernels_alone_and_says_why_it_is_safe() {
    let elsewhere: Vec<String> = named("", &["unsafe {", "unsafe fn", "unsafe impl", "unsafe_code"], &[])
        .into_iter()
        .filter(|place| !place.starts_with("src/engine/kernels/"))
        .collect();
    assert_none(&elsewhere, "unsafe belongs to kernels");
    for (file, text) in sources().into_iter().filter(|(file, _)| file.starts_with("engine/kernels/")) {
        let (n_blocks, n_reasons) = (text.matches("unsafe {").count(), text.matches("// SAFETY: ").count());
        assert_eq!(n_blocks, n_reasons, "src/{file}: a reason for every unsafe block");
    }
}

#[test]
fn every_module_says_what_it_is_for() {
    let silent: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//!"))
        .map(|(file, _)| format!("src/{file}"))
        .collect();
    assert_none(&silent, "a module starts with its purpose");
}

#[test]
fn nothing_is_left_for_later_without_an_issue() {
    assert_none(&named("", &["todo!(", "unimplemented!(", "dbg!("], &[]), "left over");
    let noted: Vec<String> = sources()
        .iter()
        .flat_map(|(file, text)| text.lines().enumerate().map(move |(at, line)| (file, at + 1, line)))
        .filter(|(_, _, line)| line.contains("TODO") || line.contains("FIXME"))
        .map(|(file, at, _)| format!("src/{file}:{at}"))
        .collect();
    assert_none(&noted, "left over");
}

#[test]
fn a_file_is_read_in_one_sitting() {
    let long: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| text.lines().count() > 700)
        .map(|(file, text)| format!("src/{file}: {} lines", text.lines().count()))
        .collect();
    assert_none(&long, "longer than 700 lines");
}

#[test]
fn functions_and_tests_that_the_equations_name_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut code: String = sources().into_iter().map(|(_, text)| text).collect();
    for folder in ["tests/engine", "tests/io", "tests/cli"] {
        for entry in fs::read_dir(root.join(folder)).expect("folder") {
            code += &fs::read_to_string(entry.expect("entry").path()).unwrap_or_default();
        }
    }
    let text = fs::read_to_string(root.join("docs/EQUATIONS.md")).expect("text");
    let is_name = |word: &&str| word.contains('_') && word.chars().all(|c| c.is_ascii_lowercase() || "_:*".contains(c));
    let words: Vec<&str> = text.split('`').skip(1).step_by(2).filter(is_name).collect();
    let last = |word: &str| word.rsplit("::").next().unwrap_or(word).to_owned();
    // `*` stands for anything: its parts come one after another in one line.
    let is_in = |line: &str, name: &str| {
        let after = |rest: &str, part: &str| rest.find(part).map(|at| at + part.len());
        name.split('*').try_fold(line, |rest, part| after(rest, part).map(|end| &rest[end..])).is_some()
    };
    let missing: Vec<&&str> = words.iter().filter(|w| !code.lines().any(|line| is_in(line, &last(w)))).collect();
    assert!(words.len() > 10 && missing.is_empty(), "docs/EQUATIONS.md names what is not there: {missing:?}");
}

#[test]
fn the_fuzz_targets_are_built_with_what_their_floors_need() {
    // They compile these floors from their source, and nothing else builds them every day.
    let read = |path: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("text");
    let (package, fuzz) = (read("Cargo.toml"), read("tests/fuzz/Cargo.toml"));
    let floors = package.lines().skip_while(|l| *l != "# engine").take_while(|l| *l != "# the binary");
    let missing: Vec<&str> = floors.filter(|l| !l.starts_with('#') && fuzz.lines().all(|f| f != *l)).collect();
    assert!(missing.is_empty(), "tests/fuzz/Cargo.toml lacks: {missing:#?}");
}

#[test]
fn main_only_picks_a_floor() {
    let (_, main) = sources().into_iter().find(|(file, _)| file == "main.rs").expect("main.rs");
    assert!(main.lines().count() < 80, "main.rs parses, dispatches and exits, nothing else");
}

#[test]
fn what_the_readme_and_the_architecture_name_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in ["README.md", "docs/ARCHITECTURE.md", "docs/EQUATIONS.md", "docs/CHANGELOG.md", ".ci/run"] {
        assert!(root.join(file).exists(), "{file} is missing");
    }
    let text = fs::read_to_string(root.join("docs/ARCHITECTURE.md")).expect("text");
    let missing: Vec<&str> = text
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| word.starts_with("src/") || word.starts_with("tests/") || word.starts_with("docs/"))
        .filter(|path| !root.join(path).exists())
        .collect();
    assert!(missing.is_empty(), "docs/ARCHITECTURE.md names what is not there: {missing:?}");
}
