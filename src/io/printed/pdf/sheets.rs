//! Sheets of A4 that are filled from top to bottom.

use super::faces::{Faces, Run, Style};
use super::lines::wrap;
use crate::io::figure::{Canvas, Rgb};
use crate::io::text::escaped;

/// A4, points.
pub(super) const SIZE: [f32; 2] = [595.28, 841.89];
/// 18 mm.
pub(super) const MARGIN: f32 = 51.0;
/// What is between the margins.
pub(super) const WIDTH: f32 = SIZE[0] - 2.0 * MARGIN;
const BOTTOM: f32 = SIZE[1] - MARGIN - 8.0;

/// What stands on a sheet; `y` grows downwards, that of text is its baseline.
pub(super) enum Item {
    Text {
        x: f32,
        y: f32,
        size: f32,
        ink: Rgb,
        runs: Vec<Run>,
    },
    Fill {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        ink: Rgb,
    },
    /// Shapes at a scale.
    Drawing {
        x: f32,
        y: f32,
        scale: f32,
        canvas: Canvas,
    },
    /// Pixels, row after row.
    Pixels {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        columns: usize,
        pixels: Vec<Rgb>,
    },
}

/// How a text is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Set {
    pub(super) style: Style,
    /// Points.
    pub(super) size: f32,
    /// From baseline to baseline, points.
    pub(super) leading: f32,
    pub(super) ink: Rgb,
}

impl Set {
    pub(super) const fn new(style: Style, size: f32, leading: f32, ink: Rgb) -> Self {
        Self { style, size, leading, ink }
    }

    /// How far the first baseline lies below the top of its line.
    fn ascent(self) -> f32 {
        self.leading * 0.5 + self.size * 0.36
    }
}

/// One sheet.
#[derive(Default)]
pub(super) struct Sheet {
    pub(super) items: Vec<Item>,
}

/// All sheets, the last of which is being filled.
pub(super) struct Sheets {
    pub(super) faces: Faces,
    pub(super) all: Vec<Sheet>,
    /// Titles with the sheet, from 0, and the place that they stand at.
    pub(super) outline: Vec<(String, usize, f32)>,
    /// Where the next thing stands.
    pub(super) y: f32,
}

impl Sheets {
    pub(super) fn new(faces: Faces) -> Self {
        Self { faces, all: vec![Sheet::default()], outline: Vec::new(), y: MARGIN }
    }

    /// Goes on at the top of a new sheet.
    pub(super) fn next_sheet(&mut self) {
        self.all.push(Sheet::default());
        self.y = MARGIN;
    }

    pub(super) fn is_at_top(&self) -> bool {
        self.y <= MARGIN
    }

    /// What is left of the sheet.
    pub(super) fn room(&self) -> f32 {
        BOTTOM - self.y
    }

    /// Goes on on a new sheet where so much does not fit on this one.
    pub(super) fn need(&mut self, height: f32) {
        if height > self.room() && !self.is_at_top() {
            self.next_sheet();
        }
    }

    /// Leaves room, but none at the top of a sheet.
    pub(super) fn skip(&mut self, height: f32) {
        if !self.is_at_top() {
            self.y += height;
        }
    }

    pub(super) fn push(&mut self, item: Item) {
        if let Some(sheet) = self.all.last_mut() {
            sheet.items.push(item);
        }
    }

    pub(super) fn fill(&mut self, [x, y]: [f32; 2], [width, height]: [f32; 2], ink: Rgb) {
        self.push(Item::Fill { x, y, width, height, ink });
    }

    /// The lines of a text at a width.
    pub(super) fn lines(&self, text: &str, set: Set, width: f32) -> Vec<String> {
        let shown: Vec<String> = text.lines().map(|line| escaped(line).into_owned()).collect();
        wrap(&shown.join("\n"), width / set.size, |c| self.faces.width(c, set.style))
    }

    /// A line of text whose top is at `y`.
    pub(super) fn line(&mut self, x: f32, y: f32, set: Set, line: &str) {
        let runs = self.faces.runs(line, set.style);
        self.push(Item::Text { x, y: y + set.ascent(), size: set.size, ink: set.ink, runs });
    }

    /// The same that ends at `right`.
    pub(super) fn line_to(&mut self, right: f32, y: f32, set: Set, line: &str) {
        let width = self.faces.width_of(line, set.style) * set.size;
        self.line(right - width, y, set, line);
    }

    /// A paragraph from `x` on, which may go on on the next sheet.
    pub(super) fn paragraph(&mut self, x: f32, width: f32, set: Set, text: &str) {
        for line in self.lines(text, set, width) {
            self.need(set.leading);
            let y = self.y;
            self.line(x, y, set, &line);
            self.y += set.leading;
        }
    }
}
