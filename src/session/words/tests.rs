//! Whether both languages say everything, and the program asks for nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::*;

/// Every message of a language with the arguments that it names, from its files.
fn messages(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/i18n").join(language.key());
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(&folder).expect("a folder") {
        let path = entry.expect("a file").path();
        let text = fs::read_to_string(&path).expect("text");
        FluentResource::try_new(text.clone()).unwrap_or_else(|(_, faults)| panic!("{}: {faults:?}", path.display()));
        let mut key = String::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            if let Some((name, _)) =
                line.split_once(" =").filter(|_| line.starts_with(|c: char| c.is_ascii_lowercase()))
            {
                key = name.to_owned();
                assert!(all.insert(key.clone(), BTreeSet::new()).is_none(), "{key} is there twice");
            }
            if let Some((name, _)) = line.trim_start().strip_prefix('.').and_then(|line| line.split_once(" =")) {
                assert_eq!(name, HINT, "{key}: what else would be asked for?");
                all.get_mut(&key).expect("a message before its attribute").insert(format!(".{name}"));
            }
            for part in line.split('$').skip(1) {
                let name: String = part.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                all.get_mut(&key).expect("a message before its lines").insert(name);
            }
        }
    }
    all
}

/// The texts in quotation marks of all sources but tests.
fn literals() -> BTreeSet<String> {
    fn visit(folder: &Path, all: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                visit(&path, all);
            } else if path.extension().is_some_and(|e| e == "rs") && path.file_name().is_some_and(|n| n != "tests.rs") {
                let text = fs::read_to_string(&path).expect("text");
                all.extend(text.split('"').map(str::to_owned));
            }
        }
    }
    let mut all = BTreeSet::new();
    visit(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    all
}

#[test]
fn both_languages_have_the_same_messages_with_the_same_arguments() {
    let [english, japanese] = Language::ALL.map(messages);
    assert!(english.len() > 40, "{}", english.len());
    assert_eq!(english, japanese);
}

#[test]
fn every_message_is_in_the_program_and_asked_for() {
    let literals = literals();
    for key in messages(Language::English).keys() {
        assert!(literals.contains(key), "{key} is never asked for");
        for language in Language::ALL {
            assert!(Words::of(language).bundle.has_message(key), "{key} is in no file that is built in");
        }
    }
}

#[test]
fn no_message_is_empty_or_broken_off_and_japanese_is_japanese() {
    let is_japanese = |c: char| ('\u{3040}'..'\u{a000}').contains(&c);
    for language in Language::ALL {
        let words = Words::of(language);
        for (key, arguments) in messages(language) {
            let given: Vec<(&str, Argument<'_>)> = arguments.iter().map(|name| (name.as_str(), 7.into())).collect();
            let hint = arguments.contains(".hint").then(|| words.hint(&key));
            for text in [words.with(&key, &given)].into_iter().chain(hint) {
                assert!(!text.trim().is_empty() && text != key && !text.contains('{'), "{key}: {text}");
                let is_translated =
                    text.chars().any(is_japanese) || text.chars().filter(char::is_ascii_lowercase).count() < 4;
                assert!(language == Language::English || is_translated, "{key}: {text}");
            }
        }
    }
}

#[test]
fn locales_are_told_apart_and_numbers_are_grouped() {
    for (locale, expected) in [
        ("ja_JP.UTF-8", Language::Japanese),
        ("ja", Language::Japanese),
        ("en_GB", Language::English),
        ("C.UTF-8", Language::English),
        ("jam_JM", Language::English),
        ("", Language::English),
    ] {
        assert_eq!(Language::of_locale(locale), expected, "{locale}");
    }
    let words = Words::of(Language::English);
    assert_eq!(words.language().name(), "English");
    assert_eq!(words.text("no-such-key"), "no-such-key");
}
