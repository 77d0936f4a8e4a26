//! First lines that state how many rows follow, and of what.

use super::words::{Word, word_of};
use crate::io::source::parse_whole;
use crate::io::text::shortened;

/// A first line that states how many rows follow, and of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counts {
    /// The first line, from 1.
    pub(crate) line: usize,
    /// One, or two with a number each.
    pub(crate) n_lines: usize,
    pub(crate) text: String,
    pub(crate) numbers: Vec<u64>,
}

impl Counts {
    /// What was decided, for the report; `what` is what the line is not.
    pub(crate) fn decided(&self, what: &str) -> String {
        if self.n_lines > 1 {
            let last = self.line + self.n_lines - 1;
            let text = format!("lines {} and {last}, `{}`, state counts and are no {what}s", self.line, self.text);
            return format!("{text} (--comments or --columns says otherwise)");
        }
        format!("line {}, `{}`, states counts and is no {what} (--header false reads it as one)", self.line, self.text)
    }

    /// Whether this line is one of them.
    pub(crate) fn holds(&self, line: usize) -> bool {
        (self.line..self.line + self.n_lines).contains(&line)
    }

    /// The numbers of nodes and edges that it states: `n m` or `n n m`.
    pub(crate) fn nodes_and_edges(&self) -> Option<(u64, u64)> {
        match self.numbers[..] {
            [nodes, edges] => Some((nodes, edges)),
            [nodes, others, edges] if nodes == others => Some((nodes, edges)),
            _ => None,
        }
    }
}

/// Numbers in front of everything else: how many nodes and edges there are, or rows and columns.
pub(super) fn counts_of(row: &[String], line: usize) -> Counts {
    let numbers = row.iter().flat_map(|field| field.split_whitespace());
    let numbers = numbers.filter_map(|field| parse_whole(field.as_bytes())).collect();
    Counts { line, n_lines: 1, text: shortened(&row.join(" ")), numbers }
}

/// Two lines with one number each in front of lines with more: how many nodes there are, and how many edges. With what follows them.
pub(super) fn counts_in_two_lines(text: &str, line: usize) -> Option<(Counts, &str)> {
    let (first, rest) = text.split_once('\n')?;
    let (second, rest) = rest.split_once('\n')?;
    let whole = |line: &str| parse_whole(line.trim().as_bytes());
    let numbers = vec![whole(first)?, whole(second)?];
    let next = rest.lines().find(|line| !line.trim().is_empty())?;
    let n_fields = next.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|')).filter(|f| !f.is_empty());
    let text = shortened(&format!("{} {}", first.trim(), second.trim()));
    (n_fields.count() > 1).then_some((Counts { line, n_lines: 2, text, numbers }, rest))
}

/// Whether the first row is one to three integers that the others are no match for: they have another number of columns, or begin
/// with a header.
pub(super) fn begins_with_counts(rows: &[Vec<String>]) -> bool {
    let [first, second, _, ..] = rows else { return false };
    let mut numbers = first.iter().flat_map(|field| field.split_whitespace()).peekable();
    let are_whole = numbers.peek().is_some() && numbers.all(|field| parse_whole(field.as_bytes()).is_some());
    let words: Vec<Option<Word>> = second.iter().map(|name| word_of(name)).collect();
    let is_header = words.contains(&Some(Word::Source)) && words.contains(&Some(Word::Target));
    are_whole && first.len() <= 3 && (first.len() != second.len() || is_header)
}

/// The first row, where it is two or three integers and no row below has one for an end of its edge.
pub(super) fn perhaps_counts(rows: &[Vec<String>], line: usize) -> Option<Counts> {
    let (first, others) = rows.split_first()?;
    let is_whole = |field: &String| parse_whole(field.as_bytes()).is_some();
    let has_numbers = matches!(first.len(), 2 | 3) && first.iter().all(is_whole);
    let are_texts = others.len() > 1 && others.iter().all(|row| !row.iter().take(2).any(is_whole));
    (has_numbers && are_texts).then(|| counts_of(first, line))
}
