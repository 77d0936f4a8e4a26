//! Files that are not what their name says: web pages and error messages in place of a download, pointers, archives, documents of
//! other programs. Each is named, with the way to the file that was meant.
//!
//! What is never here: reading any of them.

use std::path::Path;

use super::file::read_start;
use super::npz::names_inside;
use super::report::LoadError;
use super::source::ByteSource;
use super::text::shortened;

/// How much of a file's start is looked at, bytes.
const HEAD_BYTES: usize = 1 << 14;
/// What is said where a file ends too early.
const CUT_OFF: &str = "if the file is cut off, get it again";

/// What a file is, where it is none that anybody meant; nothing where it may be what its reader takes it for.
pub(crate) fn of(path: &Path) -> Option<String> {
    let head = read_start(path, HEAD_BYTES as u64);
    if head.is_empty() {
        let is_empty = path.metadata().is_ok_and(|kind| kind.is_file() && kind.len() == 0);
        return is_empty.then(|| EMPTY.to_owned());
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        let names = names_inside(path).ok()?;
        let is_known = names.iter().any(|name| {
            let path = Path::new(name);
            let is_array = path.extension().is_some_and(|extension| extension == "npy");
            is_array || path.file_name().is_some_and(|name| name == "manifest.json" || name == "data.pkl")
        });
        return if is_known { None } else { archive(&names) };
    }
    if head.len() < HEAD_BYTES && head.iter().all(u8::is_ascii_whitespace) {
        return Some(BLANK.to_owned());
    }
    if !head.starts_with(b"\x1f\x8b") {
        return of_start(&head);
    }
    let mut unpacked = Vec::new();
    ByteSource::open(path).ok()?.read_into(&mut unpacked, HEAD_BYTES).ok()?;
    if unpacked.is_empty() { Some("an empty file that is packed with gzip".to_owned()) } else { of_start(&unpacked) }
}

fn of_start(head: &[u8]) -> Option<String> {
    bytes(head).map(str::to_owned).or_else(|| text(&String::from_utf8_lossy(head)))
}

/// An error of reading a file that is none that anybody meant says what it is; one about an early end says what to do.
pub(crate) fn named(error: LoadError) -> LoadError {
    match error {
        LoadError::Content { path, place, expected, found } => match of(&path) {
            Some(what) if found.contains(&what) => LoadError::Content { path, place, expected, found },
            Some(what) => LoadError::Content { path, place: "whole file".to_owned(), expected, found: what },
            None => {
                let found =
                    if is_early_end(&place, &expected, &found) { format!("{found} ({CUT_OFF})") } else { found };
                LoadError::Content { path, place, expected, found }
            }
        },
        LoadError::Invalid { path, source } => match of(&path) {
            Some(what) => LoadError::content(&path, "whole file", "what its name says", what),
            None => LoadError::Invalid { path, source },
        },
        other => other,
    }
}

/// Whether a file ends too early, where that is said by other libraries or by numbers of bytes alone.
fn is_early_end(place: &str, expected: &str, found: &str) -> bool {
    const WORDS: [&str; 5] = [
        "the end of the data",
        "before end of input",
        "buffer underflow",
        "invalid header length",
        "incomplete metadata",
    ];
    let n_bytes = |text: &str| {
        let text = text.strip_prefix("an element of ").unwrap_or(text);
        text.split_once(" bytes").and_then(|(n, _)| n.parse::<u64>().ok())
    };
    // What is too short within an archive is no matter of the file's end.
    let is_file = matches!(place, "array" | "header") || place.starts_with("element ");
    let is_short =
        is_file && matches!((n_bytes(expected), n_bytes(found)), (Some(wanted), Some(found)) if found < wanted);
    !found.contains("cut off") && (is_short || WORDS.iter().any(|words| found.contains(words)))
}

/// A file without a byte.
pub(crate) const EMPTY: &str = "an empty file (0 bytes: the download or the copy may have broken off; get it again)";
/// A file without a word.
pub(crate) const BLANK: &str = "an empty file (nothing but white space: get it again)";
/// A file whose bytes never came.
const ZEROS: &str = "nothing but zeros (the download or the copy may have broken off; get it again)";

/// Known first bytes of files that are no input, and what they are.
const SIGNATURES: [(&[u8], &str); 16] = [
    (b"BZh", "a bzip2 file (unpack it first: bunzip2)"),
    (b"\xfd7zXZ\x00", "an xz file (unpack it first: unxz)"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file (unpack it first: unzstd)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive (unpack it first)"),
    (b"Rar!\x1a\x07", "a RAR archive (unpack it first)"),
    (b"\x1f\x8b", "a gzip file within a gzip file (unpack it once: gunzip)"),
    (b"PK\x03\x04", "a zip archive within a gzip file (unpack it first: gunzip)"),
    (b"%PDF", "a PDF document (the page about the data in place of the data?)"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file (save the sheet as CSV)"),
    (b"SQLite format 3", "an SQLite database (export its table as CSV)"),
    (b"\x89HDF", "an HDF5 file (save its arrays as .npy or its table as CSV or Parquet)"),
    (b"ARROW1", "an Arrow or Feather file (save it as Parquet or CSV)"),
    (b"MATLAB 7.3", "a MATLAB file of version 7.3 (save it with -v7)"),
    (b"\x7fELF", "a program"),
];

/// What the first bytes of a file say, where it is no input.
pub(crate) fn bytes(head: &[u8]) -> Option<&'static str> {
    let known = SIGNATURES.iter().find(|(start, _)| head.starts_with(start)).map(|(_, what)| *what);
    let are_zeros = head.len() >= 8 && head.iter().all(|byte| *byte == 0);
    known.or_else(|| are_zeros.then_some(ZEROS)).or_else(|| {
        let is_tar = head.get(257..262) == Some(b"ustar");
        is_tar.then_some("a tar archive (unpack it first: tar xf, then open what is in it)")
    })
}

/// What the start of a text says, where it is no input.
pub(crate) fn text(text: &str) -> Option<String> {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    let lower: String = start.chars().take(2048).collect::<String>().to_ascii_lowercase();
    let element = behind_comments(&lower);
    if ["<!doctype html", "<html", "<head", "<body"].iter().any(|tag| element.starts_with(tag)) {
        let title = lower.find("<title>").and_then(|at| {
            let rest: String = start.chars().skip(lower[..at].chars().count() + 7).take(200).collect();
            rest.split('<').next().map(|title| shortened(title.trim()))
        });
        let title =
            title.filter(|t| !t.is_empty()).map_or_else(String::new, |title| format!(" with the title `{title}`"));
        return Some(format!(
            "an HTML page{title} (a web page in place of the file: get it by its raw or direct link)"
        ));
    }
    if lower.starts_with("version https://git-lfs.github.com/spec/") {
        let size = start
            .lines()
            .find_map(|line| line.strip_prefix("size "))
            .map_or_else(String::new, |size| format!(" to a file of {} bytes", shortened(size.trim())));
        return Some(format!("a git-lfs pointer{size} (the file itself was not fetched: git lfs pull)"));
    }
    if lower.starts_with("<?xml") || lower.starts_with("<error") {
        // What storage services answer.
        let is_error = lower.find("<error").is_some_and(|at| at < 200);
        if is_error {
            let code = lower.find("<code>").map(|at| start.chars().skip(lower[..at].chars().count() + 6).take(60));
            let code: String = code.map(|c| c.take_while(|c| *c != '<').collect()).unwrap_or_default();
            return Some(format!("an error message of a server ({}): get the file again", shortened(code.trim())));
        }
    }
    const KEYS: [&str; 8] = [
        "message",
        "error",
        "errors",
        "detail",
        "documentation_url",
        "error_code",
        "error_message",
        "error_description",
    ];
    let keys = outer_keys(&lower);
    // Files of ours and of others say what they are.
    if keys.iter().any(|key| KEYS.contains(key)) && !keys.contains(&"format") && !keys.contains(&"nodes") {
        let shown: String = start.chars().take(120).map(|c| if c.is_control() { ' ' } else { c }).collect();
        return Some(format!("an error message as JSON in place of the file: {} (get the file again)", shown.trim()));
    }
    // What servers answer in plain words, and nothing behind it.
    const ANSWERS: [&str; 8] = [
        "404",
        "403",
        "401",
        "not found",
        "entry not found",
        "repository not found",
        "access denied",
        "invalid username or password",
    ];
    let words = lower.trim_end();
    let is_answer = |answer: &&str| {
        let rest = words.strip_prefix(*answer);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '.', '!']) || rest.contains("not found"))
    };
    let is_code_alone = words.bytes().all(|byte| byte.is_ascii_digit());
    if words.len() < 80 && words.lines().count() == 1 && !is_code_alone && ANSWERS.iter().any(is_answer) {
        let shown = shortened(start.trim_end());
        return Some(format!("an error message of a server (`{shown}`) in place of the file: get the file again"));
    }
    None
}

/// A text from its first element on, behind XML's declaration and comments; a document type counts as an element.
fn behind_comments(text: &str) -> &str {
    let mut rest = text;
    loop {
        let end = if rest.starts_with("<!--") {
            "-->"
        } else if rest.starts_with("<?xml") {
            "?>"
        } else {
            return rest;
        };
        let Some(at) = rest.find(end) else { return rest };
        rest = rest[at + end.len()..].trim_start();
    }
}

/// The keys of the outermost object of a JSON text, or of the first in a list, as far as the text goes.
fn outer_keys(text: &str) -> Vec<&str> {
    let start = text.trim_start_matches(|c: char| c == '[' || c.is_whitespace());
    let mut keys = Vec::new();
    if !start.starts_with('{') {
        return keys;
    }
    let (mut depth, mut opened, mut is_escaped) = (0usize, None, false);
    for (at, byte) in start.bytes().enumerate() {
        if let Some(from) = opened {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => {
                    opened = None;
                    if depth == 1 && start[at + 1..].trim_start().starts_with(':') {
                        keys.push(&start[from..at]);
                    }
                }
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => opened = Some(at + 1),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    keys
}

/// What a zip archive is, by the names in it, where it is no input.
pub(crate) fn archive(names: &[String]) -> Option<String> {
    let has = |name: &str| names.iter().any(|n| n == name);
    if has("xl/workbook.xml") {
        return Some("an Excel workbook (save the sheet as CSV UTF-8)".to_owned());
    }
    if has("word/document.xml") {
        return Some("a Word document".to_owned());
    }
    if has("content.xml") && has("mimetype") {
        return Some("an OpenDocument file (save the sheet as CSV)".to_owned());
    }
    const PACKED: [&str; 10] = ["zip", "tar", "gz", "tgz", "bz2", "xz", "7z", "rar", "zst", "npz"];
    let extension = |name: &str| name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let files: Vec<&String> = names.iter().filter(|name| !name.ends_with('/') && !name.contains("__MACOSX")).collect();
    let some: Vec<String> = files.iter().take(4).map(|name| shortened(name)).collect();
    if files.iter().any(|name| PACKED.contains(&extension(name).as_str())) {
        return Some(format!("a zip archive with an archive in it ({}; unpack both first)", some.join(", ")));
    }
    if files.iter().any(|name| extension(name) == "npy") {
        // An archive of NumPy is opened as it is.
        return None;
    }
    // Whatever is in it: what can be opened is known once it is unpacked.
    (!some.is_empty()).then(|| format!("a zip archive with {} (unpack it first: unzip)", some.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_in_place_of_a_file_is_named() {
        let found = text("<!DOCTYPE html>\n<html><head><title>Sign in</title>").expect("named");
        assert!(found.contains("HTML page with the title `Sign in`"), "{found}");
        let found = text("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 77\n").expect("named");
        assert!(found.contains("git-lfs pointer to a file of 77 bytes"), "{found}");
        let found = text("{\"message\": \"Not Found\"}").expect("named");
        assert!(found.contains("Not Found"), "{found}");
        let found = text("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code>").expect("named");
        assert!(found.contains("AccessDenied"), "{found}");
        assert_eq!(text("{\"format\": 1}"), None);
        for found in ["404: Not Found", "Entry not found", "Not Found\n", "Access denied."] {
            assert!(text(found).is_some_and(|what| what.contains("error message of a server")), "{found}");
        }
        for other in [
            "404",
            "404 405\n1 2\n",
            "{\"nodes\": [{\"error\": 1}]}",
            "{\"a\": {\"error\": 1}}",
            "{\"format\": 1, \"message\": 2}",
        ] {
            assert_eq!(text(other), None, "{other}");
        }
        assert!(text("<?xml version=\"1.0\"?>\n<!-- x --><html>").is_some());
        assert!(text("<?xml version=\"1.0\"?>\n<!-- <html> --><graphml>").is_none());
        assert!(bytes(b"BZh9").is_some());
        assert!(archive(&["a/b.tar.gz".to_owned()]).is_some_and(|what| what.contains("archive in it")));
        for name in ["edges.csv", "graph.net", "data/nodes.feather", "weights"] {
            assert!(archive(&[name.to_owned()]).is_some_and(|what| what.contains("unzip")), "{name}");
        }
        assert_eq!(archive(&[]), None);
        assert_eq!(archive(&["a.npy".to_owned()]), None);
    }
}
