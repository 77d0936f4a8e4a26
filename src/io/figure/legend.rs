//! The legend at the right of a drawing of nodes and lines, and the measures that such drawings share.

use super::canvas::{Anchor, Canvas, SMALL, TEXT, TEXT_WEAK};
use super::colour::Rgb;

/// Sides of a drawing, points.
pub(super) const LONGEST: f64 = 760.0;
pub(super) const SHORTEST: f64 = 320.0;
/// Around it.
pub(super) const LEFT: f64 = 24.0;
pub(super) const TOP: f64 = 64.0;
pub(super) const BOTTOM: f64 = 44.0;
/// Room for the legend.
pub(super) const LEGEND: f64 = 210.0;
/// Longer legends end with a count of what is left out.
const MAX_NAMES: usize = 24;
/// From line to line.
const ROW: f64 = 18.0;

/// Writes line below line.
pub(super) struct Legend<'a> {
    canvas: &'a mut Canvas,
    x: f64,
    y: f64,
}

impl<'a> Legend<'a> {
    /// Beside a drawing that is `width` wide, under this heading.
    pub(super) fn new(canvas: &'a mut Canvas, width: f64, heading: &str) -> Self {
        let legend = Self { canvas, x: LEFT + width + 20.0, y: TOP + 12.0 };
        legend.canvas.text(legend.x, legend.y, heading, SMALL, Anchor::Left, TEXT);
        legend
    }

    /// What colours mean: a dot and a name each.
    pub(super) fn names(&mut self, names: impl ExactSizeIterator<Item = (Rgb, String)>) {
        let more = names.len().saturating_sub(MAX_NAMES);
        for (ink, name) in names.take(MAX_NAMES) {
            self.row(&name);
            self.canvas.dot(self.x + 5.0, self.y - 4.0, 4.5, ink, 1.0);
        }
        if more > 0 {
            self.row(&format!("and {more} more"));
        }
    }

    /// What a ring means.
    pub(super) fn ring(&mut self, ink: Rgb, name: &str) {
        self.row(name);
        self.canvas.dot(self.x + 5.0, self.y - 4.0, 6.0, ink, 1.0);
        self.canvas.dot(self.x + 5.0, self.y - 4.0, 4.0, [0xff; 3], 1.0);
    }

    /// What lines mean, under a heading of their own; whether they are dashed.
    pub(super) fn lines(&mut self, heading: &str, lines: &[(&str, Rgb, bool)]) {
        self.y += 1.5 * ROW;
        self.canvas.text(self.x, self.y, heading, SMALL, Anchor::Left, TEXT);
        for (name, ink, is_dashed) in lines {
            self.row(name);
            let y = self.y - 4.0;
            self.canvas.line([self.x, y], [self.x + 14.0, y], *ink, 1.6, *is_dashed);
        }
    }

    fn row(&mut self, name: &str) {
        self.y += ROW;
        self.canvas.text(self.x + 18.0, self.y, name, SMALL, Anchor::Left, TEXT_WEAK);
    }
}
