//! Text that leaves the machine in a report: without names of files, graphs, models and runs, and without what stands in quotation marks.

/// Stands for a name that was left out.
const NAME: &str = "‹name›";
/// Stands for a path that was left out.
const PATH: &str = "‹path›";

/// `text` without the names of `known`, without paths and names of files, and without quoted words, line by line.
pub(super) fn without_names(text: &str, known: &[String]) -> String {
    let mut names: Vec<&str> = known.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).collect();
    // A path goes before the name of the file in it.
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    let lines = text.lines().map(|line| {
        let line = names.iter().fold(line.to_owned(), |line, name| without_word(&line, name));
        without_files(&without_quoted(&without_paths(&line)))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A path as the name at its end, for places in source files.
pub(super) fn last_of_path(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// Every occurrence of a name that is no part of a longer word.
fn without_word(line: &str, name: &str) -> String {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let (mut out, mut rest) = (String::new(), line);
    while let Some(at) = rest.find(name) {
        let (before, after) = (&rest[..at], &rest[at + name.len()..]);
        out.push_str(before);
        let is_within = is_part(before.chars().next_back().or_else(|| out.chars().next_back()));
        out.push_str(if is_within || is_part(after.chars().next()) { name } else { NAME });
        rest = after;
    }
    out + rest
}

/// From the first word with a separator to the last one: folders may have spaces in them.
fn without_paths(line: &str) -> String {
    let is_separator = |c: char| c == '/' || c == '\\';
    let is_path = |word: &str| word.contains(is_separator) && word.chars().any(char::is_alphabetic);
    let words: Vec<&str> = line.split(' ').collect();
    let first = words.iter().position(|word| is_path(word));
    let last = words.iter().rposition(|word| is_path(word));
    match first.zip(last) {
        Some((first, last)) => [&words[..first], &[PATH], &words[last + 1..]].concat().join(" "),
        None => line.to_owned(),
    }
}

/// What stands between two of the same quotation marks.
fn without_quoted(line: &str) -> String {
    let mut out = String::new();
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        out.push(c);
        if matches!(c, '"' | '`') && chars.clone().any(|other| other == c) {
            chars.by_ref().find(|other| *other == c);
            out.push('…');
            out.push(c);
        }
    }
    out
}

/// Words that end as names of files do.
fn without_files(line: &str) -> String {
    let is_file = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        word.rsplit_once('.').is_some_and(|(stem, ending)| {
            let is_ending = ending.len() <= 11 && ending.chars().all(|c| c.is_ascii_alphanumeric());
            !stem.is_empty() && is_ending && ending.starts_with(|c: char| c.is_ascii_alphabetic())
        })
    };
    line.split(' ').map(|word| if is_file(word) { NAME } else { word }).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_paths_and_quotations_stay_at_home_and_numbers_do_not() {
        let known = ["/home/jane doe/Payments.csv".to_owned(), "Payments".to_owned(), "Ada".to_owned()];
        for (text, expected) in [
            ("Opened /home/jane doe/Payments.csv", "Opened ‹name›"),
            ("Closed GCN: it does not fit Payments", "Closed GCN: it does not fit ‹name›"),
            ("Saved /srv/other folder/x y.csv, and more", "Saved ‹path› ‹name› and more"),
            (r"open C:\Users\jane\a.csv", "open ‹path›"),
            ("features: expected 1433, found 500: secret.npy", "features: expected 1433, found 500: ‹name›"),
            ("byte index 3 is out of bounds of `Jane Doe`", "byte index 3 is out of bounds of `…`"),
            ("Error(\"Jane\", line: 1)", "Error(\"…\", line: 1)"),
            ("1.6× as fast, 3/4 of 0.5", "1.6× as fast, 3/4 of 0.5"),
            ("Adaptive, not Ada", "Adaptive, not ‹name›"),
        ] {
            assert_eq!(without_names(text, &known), expected);
        }
        assert_eq!(last_of_path("/root/x/src/lib.rs"), "lib.rs");
        assert_eq!(last_of_path(r"src\lib.rs"), "lib.rs");
    }
}
