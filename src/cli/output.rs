//! What is printed: data on stdout, messages on stderr. A reader that goes away early is no failure.

use std::io::{ErrorKind, Write as _};

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use serde::Serialize;

use crate::io::{escaped, escaped_block, escaped_json, escaped_text};
use crate::session::{PagePart, PageTable};

/// Prints one JSON document.
pub(super) fn json(document: &impl Serialize) -> anyhow::Result<()> {
    let mut text = escaped_json(&serde_json::to_string_pretty(document)?).into_owned();
    text.push('\n');
    print(&text)
}

/// Prints lines for people.
pub(super) fn lines(lines: &[String]) -> anyhow::Result<()> {
    print(&escaped_text(&(lines.join("\n") + "\n")))
}

/// Prints text as it is.
fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => Ok(result?),
    }
}

/// Prints a message on stderr; lines after the first are indented, so that no name can begin one. There is nowhere to say it when
/// that fails.
pub(super) fn note(text: &str) {
    drop(writeln!(std::io::stderr(), "{}", escaped_block(text)));
}

/// The lines of a page.
pub(super) fn page(parts: &[PagePart]) -> Vec<String> {
    let line = |part: &PagePart| match part {
        PagePart::Line(line) => line.clone(),
        PagePart::Table(PageTable { header, n_left, rows }) => {
            let header: Vec<&str> = header.iter().map(String::as_str).collect();
            table(&header, *n_left, rows.iter().cloned())
        }
    };
    parts.iter().map(line).collect()
}

/// A table without lines: the first `n_left` columns to the left, numbers to the right.
pub(super) fn table(header: &[&str], n_left: usize, rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    let cell = |at: usize, text: &str| {
        let alignment = if at < n_left { CellAlignment::Left } else { CellAlignment::Right };
        Cell::new(escaped(text)).set_alignment(alignment)
    };
    table.set_header(header.iter().enumerate().map(|(at, text)| cell(at, text)));
    for row in rows {
        table.add_row(row.iter().enumerate().map(|(at, text)| cell(at, text)));
    }
    table.trim_fmt()
}
