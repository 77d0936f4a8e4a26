//! Files that are not what their name says: web pages and error messages in place of a download, pointers, archives, documents of
//! other programs. Each is named, with the way to the file that was meant.
//!
//! What is never here: reading any of them.

use super::recipe::shortened;

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
    known.or_else(|| {
        let is_tar = head.get(257..262) == Some(b"ustar");
        is_tar.then_some("a tar archive (unpack it first: tar xf, then open what is in it)")
    })
}

/// What the start of a text says, where it is no input.
pub(crate) fn text(text: &str) -> Option<String> {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    let lower: String = start.chars().take(2048).collect::<String>().to_ascii_lowercase();
    if lower.starts_with("<!doctype html") || lower.starts_with("<html") || lower.starts_with("<head") {
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
    if lower.starts_with('{') {
        const KEYS: [&str; 6] =
            ["\"message\"", "\"error\"", "\"errors\"", "\"detail\"", "\"documentation_url\"", "\"error_code\""];
        let first_key = lower[1..].trim_start();
        if KEYS.iter().any(|key| first_key.starts_with(key)) {
            let shown: String = start.chars().take(120).map(|c| if c.is_control() { ' ' } else { c }).collect();
            return Some(format!(
                "an error message as JSON in place of the file: {} (get the file again)",
                shown.trim()
            ));
        }
    }
    None
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
    const READ: [&str; 12] =
        ["csv", "tsv", "txt", "parquet", "mtx", "graphml", "gexf", "gml", "pt", "safetensors", "edges", "onnx"];
    if files.iter().any(|name| READ.contains(&extension(name).as_str())) {
        return Some(format!("a zip archive with {} (unpack it first: unzip)", some.join(", ")));
    }
    None
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
        assert!(bytes(b"BZh9").is_some());
        assert!(archive(&["a/b.tar.gz".to_owned()]).is_some_and(|what| what.contains("archive in it")));
        assert!(archive(&["edges.csv".to_owned()]).is_some_and(|what| what.contains("unzip")));
    }
}
