//! Pages of results: lines and tables, made once and shown by window and terminal each in its way.

use crate::io::escaped;

/// A part of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PagePart {
    /// One line of text; empty between parts that belong apart.
    Line(String),
    /// A table.
    Table(PageTable),
}

/// A table of texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageTable {
    /// What stands in the columns.
    pub header: Vec<String>,
    /// So many columns are words, to the left; the others are numbers, to the right.
    pub n_left: usize,
    /// As long as the header each.
    pub rows: Vec<Vec<String>>,
}

impl PagePart {
    pub(crate) fn blank() -> Self {
        Self::Line(String::new())
    }
}

/// The page as Markdown, for the clipboard.
pub fn markdown(page: &[PagePart]) -> String {
    let mut text = String::new();
    let row = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| escaped(cell).replace('|', "\\|")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    for part in page {
        match part {
            PagePart::Line(line) => {
                text.push_str(&escaped(line));
                text.push('\n');
            }
            PagePart::Table(table) => {
                let rule = |at: usize| if at < table.n_left { "---" } else { "---:" }.to_owned();
                text.push('\n');
                text.push_str(&row(&table.header));
                text.push_str(&row(&(0..table.header.len()).map(rule).collect::<Vec<_>>()));
                table.rows.iter().for_each(|cells| text.push_str(&row(cells)));
                text.push('\n');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_markdown_on_the_clipboard() {
        let texts = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let table = PageTable { header: texts(["what", "time"]), n_left: 1, rows: vec![texts(["a|b", "1 ms"])] };
        let page = [PagePart::Line("A machine".to_owned()), PagePart::Table(table)];
        assert_eq!(markdown(&page), "A machine\n\n| what | time |\n| --- | ---: |\n| a\\|b | 1 ms |\n\n");
    }
}
