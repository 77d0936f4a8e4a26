//! The blocks of a page, set one below the other.

use super::faces::Style;
use super::sheets::{Item, MARGIN, Set, Sheets, WIDTH};
use crate::engine::plot::Curves;
use crate::io::figure::{KEPT, Rgb, mask_pixels};
use crate::io::printed::page::{Block, Column, Facts, Picture, Stage, Table};

const INK: Rgb = [0x1b, 0x1c, 0x1e];
const WEAK: Rgb = [0x5a, 0x5e, 0x64];
const LINE: Rgb = [0xd8, 0xd8, 0xd4];
const PALE: Rgb = [0xf3, 0xf4, 0xf2];
const ACCENT_PALE: Rgb = [0xe8, 0xf0, 0xf9];
const WARNING: Rgb = [0xa0, 0x5d, 0x00];
const WARNING_PALE: Rgb = [0xfc, 0xf3, 0xe3];

const TITLE: Set = Set::new(Style::Strong, 20.0, 26.0, INK);
const SUBTITLE: Set = Set::new(Style::Regular, 8.5, 12.0, WEAK);
const APPENDIX: Set = Set::new(Style::Strong, 15.0, 21.0, INK);
const HEADING: Set = Set::new(Style::Strong, 11.5, 16.0, INK);
const TEXT: Set = Set::new(Style::Regular, 9.5, 14.0, INK);
const STRONG: Set = Set::new(Style::Strong, 9.5, 14.0, INK);
const DECISION: Set = Set::new(Style::Strong, 13.0, 19.0, INK);
const FACT: Set = Set::new(Style::Strong, 14.0, 18.0, INK);
const SMALL: Set = Set::new(Style::Regular, 8.0, 11.0, WEAK);
const CELL: Set = Set::new(Style::Regular, 8.5, 12.0, INK);
const HEAD: Set = Set::new(Style::Strong, 8.5, 12.0, INK);
const CODE: Set = Set::new(Style::Mono, 7.5, 10.5, INK);
const CAPTION: Set = SMALL;

/// What follows a heading has at least so much room below it.
const WITH_HEADING: f32 = 60.0;
/// Between the columns of a table.
const GAP: f32 = 10.0;

pub(super) fn title(sheets: &mut Sheets, title: &str, subtitle: &str) {
    sheets.paragraph(MARGIN, WIDTH, TITLE, title);
    sheets.paragraph(MARGIN, WIDTH, SUBTITLE, subtitle);
    sheets.y += 8.0;
}

/// Sets the blocks.
pub(super) fn put_all(sheets: &mut Sheets, blocks: &[Block]) {
    let mut rest = blocks;
    while let Some(first) = rest.first() {
        let n_pictures = rest.iter().take_while(|block| matches!(block, Block::Picture(_))).count();
        if n_pictures > 0 {
            let (pictures, others) = rest.split_at(n_pictures);
            let pictures = pictures.iter().filter_map(|block| match block {
                Block::Picture(picture) => Some(picture),
                _ => None,
            });
            put_pictures(sheets, &pictures.collect::<Vec<_>>());
            rest = others;
        } else {
            put(sheets, first, rest.get(1));
            rest = &rest[1..];
        }
    }
}

/// About as much of a block as stands below its heading at the least.
fn beginning(block: Option<&Block>) -> f32 {
    match block {
        Some(Block::Chart(_) | Block::Picture(_)) => 310.0,
        Some(Block::Risks { .. } | Block::Table(_)) => 100.0,
        _ => WITH_HEADING,
    }
}

fn put(sheets: &mut Sheets, block: &Block, next: Option<&Block>) {
    match block {
        Block::Heading(words) => {
            sheets.skip(12.0);
            sheets.need(HEADING.leading + beginning(next));
            heading(sheets, words, HEADING);
            sheets.y += 3.0;
        }
        Block::Appendix(words) => {
            if !sheets.is_at_top() {
                sheets.next_sheet();
            }
            heading(sheets, words, APPENDIX);
            sheets.y += 6.0;
        }
        Block::Text(words) => {
            sheets.paragraph(MARGIN, WIDTH, TEXT, words);
            sheets.y += 5.0;
        }
        Block::Decision(words) => put_framed(sheets, None, std::slice::from_ref(words), DECISION, (KEPT, ACCENT_PALE)),
        Block::Facts(facts) => put_facts(sheets, facts),
        Block::Table(table) => put_table(sheets, table),
        Block::Chart(curves) => put_chart(sheets, curves),
        Block::Picture(picture) => put_pictures(sheets, &[picture]),
        Block::Risks { title, lines } => {
            sheets.skip(6.0);
            put_framed(sheets, Some(title), lines, TEXT, (WARNING, WARNING_PALE));
        }
        Block::Plan(stages) => put_plan(sheets, stages),
        Block::Code(code) => put_code(sheets, code),
    }
}

fn heading(sheets: &mut Sheets, words: &str, set: Set) {
    let (at, y) = (sheets.all.len() - 1, sheets.y);
    sheets.outline.push((words.to_owned(), at, y));
    sheets.paragraph(MARGIN, WIDTH, set, words);
}

/// Paragraphs on a ground with a bar beside them; several have points in front.
fn put_framed(sheets: &mut Sheets, title: Option<&str>, texts: &[String], set: Set, (bar, ground): (Rgb, Rgb)) {
    const PADDING: f32 = 9.0;
    let (left, is_list) = (MARGIN + PADDING + 3.0, title.is_some());
    let indent = if is_list { 10.0 } else { 0.0 };
    let width = WIDTH - 2.0 * PADDING - 3.0 - indent;
    let mut rows: Vec<(f32, Set, bool, String)> = Vec::new();
    for line in title.map(|words| sheets.lines(words, STRONG, width)).unwrap_or_default() {
        rows.push((0.0, STRONG, false, line));
    }
    for text in texts {
        for (nth, line) in sheets.lines(text, set, width).into_iter().enumerate() {
            rows.push((indent, set, is_list && nth == 0, line));
        }
    }
    let height: f32 = rows.iter().map(|(_, set, ..)| set.leading).sum();
    if height < 400.0 {
        sheets.need(height + 2.0 * PADDING);
    }
    let mut ends = true;
    for (at, (indent, set, is_first, line)) in rows.iter().enumerate() {
        let above = if ends { PADDING } else { 0.0 };
        let below = if at + 1 == rows.len() { PADDING } else { 0.0 };
        if above + set.leading + below > sheets.room() && !sheets.is_at_top() {
            sheets.next_sheet();
        }
        let y = sheets.y;
        sheets.fill([MARGIN, y], [WIDTH, above + set.leading + below], ground);
        sheets.fill([MARGIN, y], [3.0, above + set.leading + below], bar);
        if *is_first {
            sheets.line(left, y + above, *set, "•");
        }
        sheets.line(left + indent, y + above, *set, line);
        sheets.y += above + set.leading + below;
        ends = false;
    }
    sheets.y += 8.0;
}

/// Three beside each other: the name, the number, what qualifies it.
fn put_facts(sheets: &mut Sheets, facts: &Facts) {
    const COLUMNS: usize = 3;
    let width = (WIDTH - GAP * (COLUMNS - 1) as f32) / COLUMNS as f32;
    for row in facts.rows.chunks(COLUMNS) {
        let cells: Vec<[(Set, Vec<String>); 3]> = row
            .iter()
            .map(|(name, value, note)| {
                [(SMALL, name), (FACT, value), (SMALL, note)].map(|(set, text)| (set, boxed(sheets, text, set, width)))
            })
            .collect();
        let height =
            |cell: &[(Set, Vec<String>); 3]| -> f32 { cell.iter().map(|(s, l)| s.leading * l.len() as f32).sum() };
        let tallest = cells.iter().map(height).fold(0.0, f32::max);
        sheets.need(tallest + 8.0);
        let top = sheets.y;
        for (at, cell) in cells.into_iter().enumerate() {
            let x = MARGIN + at as f32 * (width + GAP);
            let mut y = top;
            for (set, lines) in cell {
                for line in lines {
                    sheets.line(x, y, set, &line);
                    y += set.leading;
                }
            }
        }
        sheets.y = top + tallest + 8.0;
    }
}

/// How wide the columns of a table are: as their contents want, those of text narrower where there is too little room.
fn widths(sheets: &Sheets, table: &Table) -> Vec<f32> {
    let wanted = |at: usize| {
        let head = table.columns.get(at).map_or(0.0, |(name, _)| sheets.faces.width_of(name, HEAD.style) * HEAD.size);
        let cells = table.rows.iter().filter_map(|row| row.get(at));
        let widest = cells.map(|cell| sheets.faces.width_of(cell, HEAD.style) * HEAD.size).fold(0.0, f32::max);
        // Names of number columns may take two lines.
        if matches!(table.columns.get(at), Some((_, Column::Number))) {
            widest.max(head.min(70.0))
        } else {
            widest.max(head)
        }
    };
    let wanted: Vec<f32> = (0..table.columns.len()).map(wanted).collect();
    let room = WIDTH - GAP * table.columns.len().saturating_sub(1) as f32;
    let all: f32 = wanted.iter().sum();
    if all <= room {
        return wanted;
    }
    // Names are short, and stay whole.
    const SHORT: f32 = 70.0;
    let is_text = |at: usize| {
        matches!(table.columns.get(at), Some((_, Column::Text))) && wanted.get(at).is_some_and(|w| *w > SHORT)
    };
    let numbers: f32 = wanted.iter().enumerate().filter(|(at, _)| !is_text(*at)).map(|(_, w)| w).sum();
    let texts = all - numbers;
    if numbers < 0.75 * room && texts > 0.0 {
        let share = (room - numbers) / texts;
        return wanted.iter().enumerate().map(|(at, w)| if is_text(at) { w * share } else { *w }).collect();
    }
    wanted.iter().map(|w| w * room / all).collect()
}

fn put_table(sheets: &mut Sheets, table: &Table) {
    let widths = widths(sheets, table);
    if !table.caption.is_empty() {
        sheets.need(WITH_HEADING + STRONG.leading);
        sheets.paragraph(MARGIN, WIDTH, STRONG, &table.caption);
        sheets.y += 2.0;
    }
    let names: Vec<String> = table.columns.iter().map(|(name, _)| name.clone()).collect();
    let head = |sheets: &mut Sheets| {
        put_row(sheets, table, &widths, &names, HEAD, None);
        let y = sheets.y;
        sheets.fill([MARGIN, y - 1.5], [WIDTH, 0.8], WEAK);
    };
    sheets.need(3.0 * CELL.leading + 12.0);
    head(sheets);
    for (at, row) in table.rows.iter().enumerate() {
        let is_chosen = table.chosen == Some(at);
        let set = if is_chosen { HEAD } else { CELL };
        if row_height(sheets, &widths, row, set) > sheets.room() && !sheets.is_at_top() {
            sheets.next_sheet();
            head(sheets);
        }
        put_row(sheets, table, &widths, row, set, is_chosen.then_some(ACCENT_PALE));
        let y = sheets.y;
        sheets.fill([MARGIN, y - 1.0], [WIDTH, 0.4], LINE);
    }
    sheets.y += 8.0;
}

/// The lines of a text in a box that stays on one sheet; what is more is cut, and says so.
fn boxed(sheets: &Sheets, text: &str, set: Set, width: f32) -> Vec<String> {
    const MOST: usize = 40;
    let mut lines = sheets.lines(text, set, width);
    if lines.len() > MOST {
        lines.truncate(MOST - 1);
        lines.push("…".to_owned());
    }
    lines
}

fn row_height(sheets: &Sheets, widths: &[f32], row: &[String], set: Set) -> f32 {
    let lines = widths.iter().zip(row).map(|(width, cell)| boxed(sheets, cell, set, *width).len());
    set.leading * lines.max().unwrap_or(1).max(1) as f32 + 4.0
}

fn put_row(sheets: &mut Sheets, table: &Table, widths: &[f32], row: &[String], set: Set, ground: Option<Rgb>) {
    let (top, height) = (sheets.y, row_height(sheets, widths, row, set));
    if let Some(ground) = ground {
        sheets.fill([MARGIN - 3.0, top - 1.0], [WIDTH + 6.0, height], ground);
    }
    let mut x = MARGIN;
    for (at, (width, cell)) in widths.iter().zip(row).enumerate() {
        for (nth, line) in boxed(sheets, cell, set, *width).into_iter().enumerate() {
            let y = top + 1.0 + nth as f32 * set.leading;
            match table.columns.get(at) {
                Some((_, Column::Number)) => sheets.line_to(x + width, y, set, &line),
                _ => sheets.line(x, y, set, &line),
            }
        }
        x += width + GAP;
    }
    sheets.y = top + height;
}

fn put_chart(sheets: &mut Sheets, curves: &Curves) {
    let canvas = curves.drawn();
    let scale = (WIDTH / canvas.width as f32).min(0.62);
    let height = canvas.height as f32 * scale;
    sheets.need(height + 6.0);
    let (x, y) = (MARGIN, sheets.y);
    sheets.push(Item::Drawing { x, y, scale, canvas });
    sheets.y += height + 8.0;
}

/// Two beside each other.
fn put_pictures(sheets: &mut Sheets, pictures: &[&Picture]) {
    let width = (WIDTH - 2.0 * GAP) / 2.0;
    for pair in pictures.chunks(2) {
        let sizes: Vec<[f32; 2]> = pair.iter().map(|picture| size_of(picture, width)).collect();
        let captions: Vec<Vec<String>> = pair.iter().map(|p| boxed(sheets, &p.caption, CAPTION, width)).collect();
        let tallest = sizes.iter().map(|size| size[1]).fold(0.0, f32::max);
        let n_lines = captions.iter().map(Vec::len).max().unwrap_or(0);
        let height = tallest + CAPTION.leading * n_lines as f32 + 12.0;
        sheets.need(height);
        let top = sheets.y;
        for (at, ((picture, [w, h]), caption)) in pair.iter().zip(sizes).zip(captions).enumerate() {
            let x = MARGIN + at as f32 * (width + 2.0 * GAP);
            for (nth, line) in caption.iter().enumerate() {
                sheets.line(x, top + nth as f32 * CAPTION.leading, CAPTION, line);
            }
            let y = top + CAPTION.leading * n_lines as f32 + 2.0;
            let (columns, pixels) = (picture.raster.w.max(1), mask_pixels(&picture.raster));
            sheets.push(Item::Pixels { x, y, width: w, height: h, columns, pixels });
        }
        sheets.y = top + height;
    }
}

/// Narrow matrices are stretched, so that they can be seen at all.
fn size_of(picture: &Picture, width: f32) -> [f32; 2] {
    let ratio = (picture.raster.w.max(1) as f32 / picture.raster.h.max(1) as f32).clamp(0.8, 5.0);
    [width, width / ratio]
}

fn put_plan(sheets: &mut Sheets, stages: &[Stage]) {
    const INDENT: f32 = 8.0;
    for stage in stages {
        sheets.need(STRONG.leading + 2.0 * TEXT.leading);
        sheets.paragraph(MARGIN, WIDTH, STRONG, &stage.name);
        for text in &stage.lines {
            sheets.need(TEXT.leading);
            let y = sheets.y;
            sheets.line(MARGIN + INDENT, y, TEXT, "•");
            sheets.paragraph(MARGIN + INDENT + 10.0, WIDTH - INDENT - 10.0, TEXT, text);
        }
        sheets.y += 4.0;
    }
}

fn put_code(sheets: &mut Sheets, code: &str) {
    const PADDING: f32 = 6.0;
    for line in sheets.lines(code, CODE, WIDTH - 2.0 * PADDING) {
        sheets.need(CODE.leading);
        let y = sheets.y;
        sheets.fill([MARGIN, y], [WIDTH, CODE.leading], PALE);
        sheets.line(MARGIN + PADDING, y, CODE, &line);
        sheets.y += CODE.leading;
    }
    sheets.y += 8.0;
}
