//! What the program is made of, checked without a network against `deny.toml`: licences, sources, what is built twice, what must not come
//! back. `cargo deny check` reads the same file, and advisories beside it; `.ci/run` runs it where it can.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("text")
}

fn deny() -> toml::Table {
    read("deny.toml").parse().expect("TOML")
}

fn texts(table: &toml::Table, section: &str, key: &str) -> Vec<String> {
    let values = table[section][key].as_array().expect("a list");
    values.iter().map(|v| v.as_str().or_else(|| v["name"].as_str()).expect("a text").to_owned()).collect()
}

/// Every package that is built for any system. Where the packages of other systems were never fetched: for this one, and `false`.
fn packages() -> (Vec<Value>, bool) {
    let metadata = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO"));
        command.args(["metadata", "--offline", "--locked", "--format-version", "1"]).args(more);
        let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo");
        if output.status.success() {
            Ok(output.stdout)
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    };
    let (bytes, is_all) = match metadata(&[]) {
        Ok(bytes) => (bytes, true),
        Err(_not_fetched) => {
            let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
            (metadata(&["--filter-platform", &platform]).expect("what was built can be listed"), false)
        }
    };
    let document: Value = serde_json::from_slice(&bytes).expect("JSON");
    let nodes = document["resolve"]["nodes"].as_array().expect("nodes");
    let built: BTreeSet<&str> = nodes.iter().filter_map(|node| node["id"].as_str()).collect();
    let all = document["packages"].as_array().expect("packages").iter();
    (all.filter(|p| p["id"].as_str().is_some_and(|id| built.contains(id))).cloned().collect(), is_all)
}

/// Whether an SPDX expression can be met with the licences of a list. `/` is the older way to write OR.
fn is_met(expression: &str, allowed: &[String]) -> bool {
    fn any(words: &mut std::iter::Peekable<std::vec::IntoIter<String>>, allowed: &[String]) -> bool {
        let mut met = all(words, allowed);
        while words.next_if(|word| word == "OR").is_some() {
            met |= all(words, allowed);
        }
        met
    }
    fn all(words: &mut std::iter::Peekable<std::vec::IntoIter<String>>, allowed: &[String]) -> bool {
        let mut met = one(words, allowed);
        while words.next_if(|word| word == "AND").is_some() {
            met &= one(words, allowed);
        }
        met
    }
    fn one(words: &mut std::iter::Peekable<std::vec::IntoIter<String>>, allowed: &[String]) -> bool {
        let Some(mut word) = words.next() else { return false };
        if word == "(" {
            let met = any(words, allowed);
            return words.next().is_some_and(|word| word == ")") && met;
        }
        if words.next_if(|word| word == "WITH").is_some() {
            word = format!("{word} WITH {}", words.next().unwrap_or_default());
        }
        allowed.contains(&word)
    }
    let apart = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<String> = apart.split_whitespace().map(str::to_owned).collect();
    let mut words = words.into_iter().peekable();
    any(&mut words, allowed) && words.next().is_none()
}

#[test]
fn licences_are_read_as_they_are_meant() {
    let allowed = ["MIT".to_owned(), "Zlib".to_owned(), "Apache-2.0 WITH LLVM-exception".to_owned()];
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("MIT/Apache-2.0", true),
        ("MIT AND GPL-3.0", false),
        ("(MIT OR GPL-3.0) AND Zlib", true),
        ("(GPL-3.0 OR LGPL-2.1) AND Zlib", false),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("Apache-2.0", false),
        ("MIT AND Zlib OR GPL-3.0", true),
        ("", false),
        ("MIT Zlib", false),
    ] {
        assert_eq!(is_met(expression, &allowed), expected, "{expression}");
    }
}

#[test]
fn every_package_has_a_licence_of_the_list_and_comes_from_the_registry() {
    let deny = deny();
    let allowed = texts(&deny, "licenses", "allow");
    let registries = texts(&deny, "sources", "allow-registry");
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    for package in packages().0 {
        let (name, licence) = (text(&package["name"]), text(&package["license"]));
        assert!(is_met(&licence, &allowed), "{name}: the licence {licence:?} is not on the list of deny.toml");
        let source = text(&package["source"]);
        let is_known = registries.iter().any(|registry| source == format!("registry+{registry}"));
        assert!(is_known || name == env!("CARGO_PKG_NAME"), "{name} comes from {source:?}");
    }
    // The same of all that is locked, whatever is built.
    let lock: toml::Table = read("Cargo.lock").parse().expect("TOML");
    for package in lock["package"].as_array().expect("packages") {
        let (name, source) =
            (package["name"].as_str().expect("a name"), package.get("source").and_then(|s| s.as_str()));
        let is_known = source.is_some_and(|s| registries.iter().any(|registry| s == format!("registry+{registry}")));
        assert!(is_known && package.get("checksum").is_some() || name == env!("CARGO_PKG_NAME"), "{name}: {source:?}");
    }
}

#[test]
fn what_is_built_twice_is_known_and_what_was_replaced_does_not_come_back() {
    let deny = deny();
    let (packages, is_all) = packages();
    let mut versions = BTreeMap::<String, BTreeSet<String>>::new();
    for package in &packages {
        let text = |key: &str| package[key].as_str().expect("a text").to_owned();
        versions.entry(text("name")).or_default().insert(text("version"));
    }
    let doubled: BTreeSet<String> =
        versions.iter().filter(|(_, versions)| versions.len() > 1).map(|(name, _)| name.clone()).collect();
    let known: BTreeSet<String> = texts(&deny, "bans", "skip").into_iter().collect();
    let unknown: Vec<&String> = doubled.difference(&known).collect();
    assert!(unknown.is_empty(), "built twice, and not on the list of deny.toml: {unknown:?}");
    let single: Vec<&String> = known.difference(&doubled).collect();
    assert!(!is_all || single.is_empty(), "on the list of deny.toml, and not built twice any more: {single:?}");
    let lock = read("Cargo.lock");
    for name in texts(&deny, "bans", "deny") {
        assert!(!lock.contains(&format!("name = \"{name}\"\n")), "{name} is back");
    }
}

#[test]
fn tests_start_only_programs_that_every_system_has() {
    fn walk(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).expect("text");
                let named = text.split("Command::new(\"").skip(1).filter_map(|rest| rest.split('"').next());
                // A shell is part of every system; others, as Python, are looked for, and tests without them name themselves as skipped.
                // strace only where the file itself looks whether it is there.
                let is_looked_for = |program: &str| program == "strace" && text.contains("fn has_strace(");
                let others = named.filter(|program| !["sh", ""].contains(program) && !is_looked_for(program));
                found.extend(others.map(|program| format!("{}: {program}", path.display())));
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests"), &mut found);
    assert!(found.is_empty(), "programs that a bare Debian may lack: {found:?}");
}
