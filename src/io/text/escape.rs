//! Names from files as they may be shown: what would act on a terminal, turn the text around or break a document is spelt out.
//!
//! A name is data: what is written for programs keeps it as it is. This is for what people read: tables, messages, labels, pictures.

use std::borrow::Cow;
use std::path::Path;

/// Whether a character does something to the text around it instead of being seen: control characters of ASCII and Latin-1, marks that
/// change the direction of text, separators of lines, and what has no width. Also what XML may not hold.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}')
}

fn spelt(text: &str, is_left: impl Fn(char) -> bool) -> Cow<'_, str> {
    let is_seen = |c: char| is_left(c) || !acts(c);
    if text.chars().all(is_seen) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_seen(c) { out.push(c) } else { out.extend(c.escape_unicode()) }
    }
    Cow::Owned(out)
}

/// A name in one line: what acts is shown as `\u{202e}`, a line break too.
pub fn escaped(name: &str) -> Cow<'_, str> {
    spelt(name, |_| false)
}

/// A text of several lines, whose line breaks and tabs are its own.
pub fn escaped_text(text: &str) -> Cow<'_, str> {
    spelt(text, |c| c == '\n' || c == '\t')
}

/// A part of a message that may have lines: they stay, indented, so that none can pass for a message of its own.
pub(crate) fn escaped_block(text: &str) -> String {
    escaped_text(text).trim_end_matches('\n').replace("\n  ", "\n").replace('\n', "\n  ")
}

/// A path in one line.
pub fn escaped_path(path: &Path) -> String {
    escaped(&path.to_string_lossy()).into_owned()
}

/// JSON with what acts written as `\u202e`: the same document to a program, and harmless on a terminal.
pub fn escaped_json(document: &str) -> Cow<'_, str> {
    let is_seen = |c: char| c == '\n' || !acts(c);
    if document.chars().all(is_seen) {
        return Cow::Borrowed(document);
    }
    let mut out = String::with_capacity(document.len() + 16);
    for c in document.chars() {
        if is_seen(c) {
            out.push(c);
        } else {
            // Beyond the basic plane JSON knows pairs only.
            out.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    Cow::Owned(out)
}

/// A name in Markdown, where it stands for itself: neither markup nor HTML, in one line.
pub fn escaped_markdown(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 8);
    for c in escaped(name).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_spelt_out_and_the_rest_stays() {
        let check = |name: &str, shown: &str| assert_eq!(escaped(name), shown);
        check("cora", "cora");
        check("日本語 é ∂", "日本語 é ∂");
        check("\u{1b}[31mred\u{7}", r"\u{1b}[31mred\u{7}");
        check("a\nerror: fake\tb", r"a\u{a}error: fake\u{9}b");
        check("\u{9b}2J", r"\u{9b}2J");
        for c in [
            '\u{202a}', '\u{202e}', '\u{2066}', '\u{2069}', '\u{200e}', '\u{200f}', '\u{61c}', '\u{200b}', '\u{feff}',
            '\u{2028}',
        ] {
            check(&format!("x{c}y"), &format!("x\\u{{{:x}}}y", c as u32));
        }
        assert!(matches!(escaped("plain"), Cow::Borrowed(_)), "nothing is copied without need");
        assert_eq!(escaped_text("a\n\tb\u{1b}"), "a\n\tb\\u{1b}");
        assert_eq!(escaped_block("a\nerror: b"), "a\n  error: b");
    }

    #[test]
    fn json_stays_the_same_document() {
        let name = "\u{1b}[31m\u{202e}\u{9b}\u{e0041}é";
        let document = serde_json::to_string_pretty(&[name]).expect("a text");
        let shown = escaped_json(&document);
        assert!(shown.chars().all(|c| c == '\n' || !acts(c)), "{shown:?}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&shown).expect("the same"), [name]);
    }

    #[test]
    fn a_name_is_no_markup() {
        assert_eq!(escaped_markdown("a | b"), r"a \| b");
        assert_eq!(escaped_markdown("<script>`x`"), r"&lt;script&gt;\`x\`");
        assert_eq!(escaped_markdown("\u{202e}abc_1"), r"\\u{202e}abc\_1");
    }
}
