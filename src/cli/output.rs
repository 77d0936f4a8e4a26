//! What is printed: data on stdout, messages on stderr. A reader that goes away early is no failure.

use std::io::{ErrorKind, Write as _};

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use serde::Serialize;

use crate::io::{escaped, escaped_block, escaped_json, escaped_text};

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

/// A share in percent.
pub(super) fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

/// A count with its thousands apart, for example `12,623`.
pub(super) fn count(n: impl Into<u128>) -> String {
    let digits = n.into().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A time in the unit that suits it.
pub(super) fn seconds(secs: f64) -> String {
    if secs >= 60.0 {
        format!("{} min {:.0} s", (secs / 60.0).floor(), secs % 60.0)
    } else if secs >= 1.0 {
        format!("{secs:.2} s")
    } else if secs >= 1e-3 {
        format!("{:.2} ms", 1e3 * secs)
    } else {
        format!("{:.1} µs", 1e6 * secs)
    }
}

/// A size in bytes in the unit that suits it.
pub(super) fn size(bytes: u64) -> String {
    let bytes = bytes as f64;
    if bytes >= 1e6 {
        format!("{:.1} MB", bytes / 1e6)
    } else if bytes >= 1e3 {
        format!("{:.1} kB", bytes / 1e3)
    } else {
        format!("{bytes} B")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        let counts: Vec<String> = [0u32, 999, 1_000, 12_623, 1_234_567].into_iter().map(count).collect();
        assert_eq!(counts, ["0", "999", "1,000", "12,623", "1,234,567"]);
        let times: Vec<String> = [2e-7, 0.0123, 1.5, 125.0].into_iter().map(seconds).collect();
        assert_eq!(times, ["0.2 µs", "12.30 ms", "1.50 s", "2 min 5 s"]);
        assert_eq!([size(12), size(1_500), size(2_000_000)], ["12 B", "1.5 kB", "2.0 MB"]);
        assert_eq!(percent(0.123_45), "12.35 %");
    }
}
