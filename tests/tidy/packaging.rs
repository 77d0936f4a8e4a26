//! Packages: what they name is there, what they are called agrees, and nobody forgets a version.

use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn cargo() -> Table {
    read("Cargo.toml").parse().expect("TOML")
}

/// Keys and values of a group of a desktop entry.
fn desktop_entry() -> Vec<(String, String)> {
    let text = read("packaging/linux/unifews.desktop");
    let mut lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    assert_eq!(lines.next(), Some("[Desktop Entry]"), "the first group");
    let pair = |line: &str| {
        let (key, value) = line.split_once('=').unwrap_or_else(|| panic!("expected KEY=VALUE, found {line}"));
        assert!(!key.ends_with(' ') && !value.starts_with(' '), "{line}");
        (key.to_owned(), value.to_owned())
    };
    lines.map(pair).collect()
}

#[test]
fn the_desktop_entry_starts_the_program_with_files_and_is_found_by_their_type() {
    let entry = desktop_entry();
    let value = |key: &str| {
        let found: Vec<&str> = entry.iter().filter(|(k, _)| k == key).map(|(_, value)| value.as_str()).collect();
        assert_eq!(found.len(), 1, "{key} stands there once");
        found[0].to_owned()
    };
    assert_eq!((value("Type"), value("Terminal")), ("Application".to_owned(), "false".to_owned()));
    assert_eq!(value("Exec"), "unifews %F", "several files open together");
    assert_eq!(value("Name"), unifews::ui::TITLE);
    let mime = read("packaging/linux/unifews.xml");
    for kind in value("MimeType").split_terminator(';') {
        assert!(mime.contains(&format!("<mime-type type=\"{kind}\">")), "{kind} is declared");
        assert!(read(METAINFO).contains(&format!("<mediatype>{kind}</mediatype>")), "{kind} is announced");
    }
    assert!(mime.contains(&format!("<glob pattern=\"*.{}\"/>", unifews::session::project::EXTENSION)));
    for list in ["Categories", "Keywords", "MimeType"] {
        assert!(value(list).ends_with(';'), "{list} ends with a semicolon");
    }
}

const METAINFO: &str = "packaging/linux/org.unifews.Workbench.metainfo.xml";

#[test]
fn versions_are_those_of_the_package() {
    let version = env!("CARGO_PKG_VERSION");
    let newest =
        read(METAINFO).split("<release version=\"").nth(1).and_then(|rest| rest.split('"').next().map(str::to_owned));
    assert_eq!(newest.as_deref(), Some(version), "{METAINFO}: the newest release");
    let python: Table = read("packaging/python/pyproject.toml").parse().expect("TOML");
    assert_eq!(python["project"]["dynamic"].as_array().map(Vec::len), Some(1), "maturin takes it from Cargo.toml");
    assert!(read("docs/CHANGELOG.md").contains(&format!("## {version}")), "docs/CHANGELOG.md has it");
    assert!(read("packaging/macos/Info.plist").contains(&format!("<string>{version}</string>")), "Info.plist");
    assert!(read("packaging/windows/unifews.wxs").contains(&format!("Version=\"{version}\"")), "unifews.wxs");
    assert!(read("packaging/flatpak/org.unifews.Workbench.yml").contains("org.unifews.Workbench"));
}

#[test]
fn what_packages_hold_is_there_or_made_by_the_script() {
    let build = read("packaging/build.sh");
    // What the script puts into the tree: its second argument.
    let puts: Vec<&str> = build
        .lines()
        .filter_map(|line| line.trim().strip_prefix("put "))
        .chain(build.lines().filter_map(|line| line.split_once("do put ").map(|(_, rest)| rest)))
        .collect();
    for line in &puts {
        let from = line.split_whitespace().next().expect("a file").trim_matches('"');
        assert!(from.starts_with('$') || root().join(from).is_file(), "packaging/build.sh: {from} is not there");
    }
    let folders: Vec<String> = puts
        .iter()
        .filter_map(|line| {
            // The name may be that of a variable.
            let to = line.split_whitespace().nth(1)?.trim_matches('"').split('$').next()?;
            Some(to.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned())
        })
        .collect();
    let metadata = &cargo()["package"]["metadata"];
    let deb = metadata["deb"]["assets"].as_array().expect("a list").iter().map(|asset| asset[0].as_str());
    let rpm =
        metadata["generate-rpm"]["assets"].as_array().expect("a list").iter().map(|asset| asset["source"].as_str());
    for source in deb.chain(rpm).map(|source| source.expect("a path")) {
        let below =
            source.strip_prefix("target/packaging/root/").unwrap_or_else(|| panic!("{source}: not of the tree"));
        let folder = below.rsplit_once('/').map_or("", |(folder, _)| folder);
        assert!(folders.iter().any(|put| put == folder), "packaging/build.sh puts nothing into {folder}");
    }
    let licence = metadata["deb"]["license-file"][0].as_str().expect("a path");
    assert!(root().join(licence).is_file(), "{licence}");
}

/// Made of `Cargo.lock` by Flatpak's own tool.
const MADE: &str = "packaging/flatpak/cargo-sources.json";

#[test]
fn files_that_recipes_for_other_systems_name_are_there() {
    for (file, prefix) in [
        ("packaging/flatpak/org.unifews.Workbench.yml", ""),
        ("packaging/windows/unifews.wxs", ""),
        ("packaging/windows/build.ps1", ""),
        ("packaging/macos/build.sh", ""),
        ("packaging/python/pyproject.toml", "packaging/python/"),
        (".github/workflows/release.yml", ""),
        ("packaging/README.md", ""),
    ] {
        let text = read(file);
        let is_of_word = |c: char| c.is_alphanumeric() || "/._-".contains(c);
        let words = text.split(|c: char| !is_of_word(c)).map(|word| word.trim_end_matches('.'));
        let is_ours =
            |word: &&str| ["packaging/", "assets/", "docs/", "../../"].iter().any(|start| word.starts_with(start));
        for word in words.filter(is_ours).filter(|word| *word != MADE) {
            let path = root().join(if word.starts_with("../") { prefix } else { "" }).join(word);
            assert!(path.exists(), "{file} names {word}, which is not there");
        }
    }
}

#[test]
fn the_module_of_python_has_one_client_with_the_bundles() {
    let (own, bundled) = (read("packaging/python/unifews/load_bundle.py"), read("src/io/bundle/load_bundle.py"));
    assert_eq!(own, bundled, "a link to the same file");
    let python: Table = read("packaging/python/pyproject.toml").parse().expect("TOML");
    assert_eq!(python["tool"]["maturin"]["bindings"], Value::from("bin"));
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/python/unifews/py.typed").is_file());
}
