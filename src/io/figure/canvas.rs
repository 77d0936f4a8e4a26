//! What every figure is drawn with: lines, text and boxes on white, in points, that become SVG or PNG.
//!
//! Here shapes are collected; how they are written is not: `svg` makes text of them, `raster` pixels.

use super::colour::Rgb;
use crate::engine::plot::{Marker, Outline};
use crate::io::text::escaped;

pub(in crate::io) const TEXT: Rgb = [0x1b, 0x1c, 0x1e];
pub(in crate::io) const TEXT_WEAK: Rgb = [0x66, 0x6a, 0x70];
pub(in crate::io) const GRID: Rgb = [0xe6, 0xe6, 0xe2];
pub(in crate::io) const FRAME: Rgb = [0x9a, 0x9d, 0xa2];
const WHITE: Rgb = [0xff; 3];

/// Sizes of text.
pub(in crate::io) const TITLE: u32 = 16;
pub(in crate::io) const LABEL: u32 = 13;
pub(in crate::io) const SMALL: u32 = 11;

/// Drawn and undrawn points of a dashed line, in turn.
pub(in crate::io) const DASHES: [f64; 2] = [5.0, 4.0];

/// Where text stands relative to its point.
#[derive(Debug, Clone, Copy)]
pub(in crate::io) enum Anchor {
    Left,
    Centre,
    Right,
}

/// A stroke along lines.
#[derive(Debug, Clone, Copy)]
pub(in crate::io) struct Stroke {
    pub(in crate::io) ink: Rgb,
    pub(in crate::io) width: f64,
    pub(in crate::io) is_dashed: bool,
}

/// What stands on a canvas, in the order of drawing.
#[derive(Debug, Clone)]
pub(in crate::io) enum Shape {
    /// `y` is the baseline.
    Text { x: f64, y: f64, text: String, size: u32, anchor: Anchor, ink: Rgb, is_upwards: bool },
    /// Lines from point to point; one that is closed has its inside filled.
    Lines { points: Vec<[f64; 2]>, fill: Option<Rgb>, stroke: Option<Stroke> },
    /// A circle.
    Circle { x: f64, y: f64, r: f64, fill: Rgb, opacity: f64, stroke: Option<Stroke> },
    /// An upright rectangle.
    Box { x: f64, y: f64, width: f64, height: f64, fill: Rgb },
    /// Nothing outside this box is drawn until [`Shape::EndClip`].
    Clip { x: f64, y: f64, width: f64, height: f64 },
    /// Everything is drawn again.
    EndClip,
}

#[derive(Debug)]
pub(in crate::io) struct Canvas {
    pub(in crate::io) width: f64,
    pub(in crate::io) height: f64,
    pub(in crate::io) shapes: Vec<Shape>,
}

impl Canvas {
    pub(in crate::io) fn new(width: f64, height: f64) -> Self {
        Self { width, height, shapes: Vec::new() }
    }

    pub(in crate::io) fn text(&mut self, x: f64, y: f64, text: &str, size: u32, anchor: Anchor, ink: Rgb) {
        self.shapes.push(Shape::Text { x, y, text: escaped(text).to_string(), size, anchor, ink, is_upwards: false });
    }

    /// Reads from bottom to top.
    pub(in crate::io) fn text_upwards(&mut self, x: f64, y: f64, text: &str, size: u32, ink: Rgb) {
        let (text, anchor) = (escaped(text).to_string(), Anchor::Centre);
        self.shapes.push(Shape::Text { x, y, text, size, anchor, ink, is_upwards: true });
    }

    pub(in crate::io) fn line(&mut self, from: [f64; 2], to: [f64; 2], ink: Rgb, width: f64, dashed: bool) {
        let stroke = Some(Stroke { ink, width, is_dashed: dashed });
        self.shapes.push(Shape::Lines { points: vec![from, to], fill: None, stroke });
    }

    pub(in crate::io) fn polyline(&mut self, points: Vec<(f64, f64)>, ink: Rgb, width: f64, dashed: bool) {
        let points = points.into_iter().map(|(x, y)| [x, y]).collect();
        let stroke = Some(Stroke { ink, width, is_dashed: dashed });
        self.shapes.push(Shape::Lines { points, fill: None, stroke });
    }

    pub(in crate::io) fn dot(&mut self, x: f64, y: f64, r: f64, ink: Rgb, opacity: f64) {
        self.shapes.push(Shape::Circle { x, y, r, fill: ink, opacity, stroke: None });
    }

    /// A shape around a point.
    pub(in crate::io) fn mark(&mut self, x: f64, y: f64, r: f64, marker: Marker, ink: Rgb) {
        let at = |p: &[f64; 2]| [x + r * p[0], y + r * p[1]];
        match marker.outline() {
            Outline::Disc => self.dot(x, y, r, ink, 1.0),
            Outline::Ring => {
                let stroke = Some(Stroke { ink, width: 1.6, is_dashed: false });
                self.shapes.push(Shape::Circle { x, y, r: r * 0.9, fill: WHITE, opacity: 1.0, stroke });
            }
            Outline::Filled(corners) => {
                let points = corners.iter().map(at).collect();
                let stroke = Some(Stroke { ink, width: 0.5, is_dashed: false });
                self.shapes.push(Shape::Lines { points, fill: Some(ink), stroke });
            }
            Outline::Lines(lines) => {
                for [from, to] in lines {
                    self.line(at(from), at(to), ink, 1.8, false);
                }
            }
        }
    }

    /// A line up and down with a bar at both ends.
    pub(in crate::io) fn whisker(&mut self, x: f64, low: f64, high: f64, ink: Rgb) {
        const HALF: f64 = 3.0;
        self.line([x, low], [x, high], ink, 1.0, false);
        for y in [low, high] {
            self.line([x - HALF, y], [x + HALF, y], ink, 1.0, false);
        }
    }

    /// The same lying down.
    pub(in crate::io) fn whisker_along(&mut self, y: f64, low: f64, high: f64, ink: Rgb) {
        const HALF: f64 = 3.0;
        self.line([low, y], [high, y], ink, 1.0, false);
        for x in [low, high] {
            self.line([x, y - HALF], [x, y + HALF], ink, 1.0, false);
        }
    }

    pub(in crate::io) fn filled(&mut self, x: f64, y: f64, width: f64, height: f64, ink: Rgb) {
        self.shapes.push(Shape::Box { x, y, width, height, fill: ink });
    }

    pub(in crate::io) fn frame(&mut self, x: f64, y: f64, width: f64, height: f64) {
        for (from, to) in [
            ([x, y], [x + width, y]),
            ([x + width, y], [x + width, y + height]),
            ([x + width, y + height], [x, y + height]),
            ([x, y + height], [x, y]),
        ] {
            self.line(from, to, FRAME, 1.0, false);
        }
    }

    /// Draws nothing outside the box until [`Canvas::end_clip`].
    pub(in crate::io) fn clip(&mut self, x: f64, y: f64, width: f64, height: f64) {
        self.shapes.push(Shape::Clip { x, y, width, height });
    }

    pub(in crate::io) fn end_clip(&mut self) {
        self.shapes.push(Shape::EndClip);
    }
}
