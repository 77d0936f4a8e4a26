//! What is quoted from a file in a message.

/// What is quoted from a file stays on one short line.
pub(crate) fn shortened(text: &str) -> String {
    const MOST: usize = 120;
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MOST).collect();
    if text.chars().nth(MOST).is_some() { format!("{line}…") } else { line }
}
