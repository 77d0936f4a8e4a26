//! What every figure is drawn with: lines, text and boxes on white, in points, that become SVG or PNG.

use kuva::backend::svg::SvgBackend;
use kuva::render::color::Color;
use kuva::render::render::{PathData, Primitive, Scene, TextAnchor};

use super::FigureError;
use super::colour::Rgb;
use super::marker::{Marker, Outline};
use crate::io::escape::escaped;

pub(super) const TEXT: Rgb = [0x1b, 0x1c, 0x1e];
pub(super) const TEXT_WEAK: Rgb = [0x66, 0x6a, 0x70];
pub(super) const GRID: Rgb = [0xe6, 0xe6, 0xe2];
pub(super) const FRAME: Rgb = [0x9a, 0x9d, 0xa2];

/// Sizes of text.
pub(super) const TITLE: u32 = 16;
pub(super) const LABEL: u32 = 13;
pub(super) const SMALL: u32 = 11;

/// Pixels per point of a PNG.
const PIXELS_PER_POINT: f32 = 2.0;

/// Where text stands relative to its point.
#[derive(Debug, Clone, Copy)]
pub(super) enum Anchor {
    Left,
    Centre,
    Right,
}

pub(super) struct Canvas {
    scene: Scene,
}

fn colour(rgb: Rgb) -> Color {
    Color::Rgb(rgb[0], rgb[1], rgb[2])
}

impl Canvas {
    pub(super) fn new(width: f64, height: f64) -> Self {
        let mut scene = Scene::new(width, height);
        scene.font_family = Some("Inter, DejaVu Sans, sans-serif".to_owned());
        Self { scene }
    }

    pub(super) fn text(&mut self, x: f64, y: f64, text: &str, size: u32, anchor: Anchor, ink: Rgb) {
        self.place_text(x, y, text, size, anchor, ink, None);
    }

    /// Reads from bottom to top.
    pub(super) fn text_upwards(&mut self, x: f64, y: f64, text: &str, size: u32, ink: Rgb) {
        self.place_text(x, y, text, size, Anchor::Centre, ink, Some(-90.0));
    }

    fn place_text(&mut self, x: f64, y: f64, text: &str, size: u32, anchor: Anchor, ink: Rgb, rotate: Option<f64>) {
        let anchor = match anchor {
            Anchor::Left => TextAnchor::Start,
            Anchor::Centre => TextAnchor::Middle,
            Anchor::Right => TextAnchor::End,
        };
        // A dollar sign would begin a formula in the drawing library.
        let content = escaped(text).replace('$', "\\$");
        let bold = size == TITLE;
        self.scene.add(Primitive::Text { x, y, content, size, anchor, rotate, bold, color: Some(colour(ink)) });
    }

    pub(super) fn line(&mut self, from: [f64; 2], to: [f64; 2], ink: Rgb, width: f64, dashed: bool) {
        self.scene.add(Primitive::Line {
            x1: from[0],
            y1: from[1],
            x2: to[0],
            y2: to[1],
            stroke: colour(ink),
            stroke_width: width,
            stroke_dasharray: dashed.then(|| "5 4".to_owned()),
        });
    }

    pub(super) fn polyline(&mut self, points: Vec<(f64, f64)>, ink: Rgb, width: f64, dashed: bool) {
        self.scene.add(Primitive::PolyLine {
            points,
            stroke: colour(ink),
            stroke_width: width,
            stroke_dasharray: dashed.then(|| "5 4".to_owned()),
        });
    }

    pub(super) fn dot(&mut self, x: f64, y: f64, r: f64, ink: Rgb, opacity: f64) {
        self.scene.add(Primitive::Circle {
            cx: x,
            cy: y,
            r,
            fill: colour(ink),
            fill_opacity: Some(opacity),
            stroke: None,
            stroke_width: None,
        });
    }

    /// A shape around a point.
    pub(super) fn mark(&mut self, x: f64, y: f64, r: f64, marker: Marker, ink: Rgb) {
        let at = |p: &[f64; 2]| [x + r * p[0], y + r * p[1]];
        match marker.outline() {
            Outline::Disc => self.dot(x, y, r, ink, 1.0),
            Outline::Ring => self.scene.add(Primitive::Circle {
                cx: x,
                cy: y,
                r: r * 0.9,
                fill: Color::Rgb(255, 255, 255),
                fill_opacity: Some(1.0),
                stroke: Some(colour(ink)),
                stroke_width: Some(1.6),
            }),
            Outline::Filled(corners) => {
                let corners: Vec<String> = corners.iter().map(at).map(|[x, y]| format!("{x:.2} {y:.2}")).collect();
                self.scene.add(Primitive::Path(Box::new(PathData {
                    d: format!("M {} Z", corners.join(" L ")),
                    fill: Some(colour(ink)),
                    stroke: colour(ink),
                    stroke_width: 0.5,
                    opacity: None,
                    stroke_dasharray: None,
                })));
            }
            Outline::Lines(lines) => {
                for [from, to] in lines {
                    self.line(at(from), at(to), ink, 1.8, false);
                }
            }
        }
    }

    /// A line up and down with a bar at both ends.
    pub(super) fn whisker(&mut self, x: f64, low: f64, high: f64, ink: Rgb) {
        const HALF: f64 = 3.0;
        self.line([x, low], [x, high], ink, 1.0, false);
        for y in [low, high] {
            self.line([x - HALF, y], [x + HALF, y], ink, 1.0, false);
        }
    }

    pub(super) fn filled(&mut self, x: f64, y: f64, width: f64, height: f64, ink: Rgb) {
        self.scene.add(Primitive::Rect {
            x,
            y,
            width,
            height,
            fill: colour(ink),
            stroke: None,
            stroke_width: None,
            opacity: None,
        });
    }

    pub(super) fn frame(&mut self, x: f64, y: f64, width: f64, height: f64) {
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
    pub(super) fn clip(&mut self, x: f64, y: f64, width: f64, height: f64) {
        self.scene.add(Primitive::ClipStart { x, y, width, height, id: "plot".to_owned() });
    }

    pub(super) fn end_clip(&mut self) {
        self.scene.add(Primitive::ClipEnd);
    }

    pub(super) fn svg(&self) -> String {
        SvgBackend::default().render_scene(&self.scene)
    }

    /// With a picture laid over a box, as pixels rather than shapes.
    pub(super) fn svg_with_image(&self, png: &[u8], x: f64, y: f64, width: f64, height: f64) -> String {
        let mut svg = self.svg();
        let end = svg.rfind("</svg>").unwrap_or(svg.len());
        let mut image = format!(
            "<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" preserveAspectRatio=\"none\" \
             style=\"image-rendering:pixelated\" href=\"data:image/png;base64,"
        );
        base64_into(&mut image, png);
        image.push_str("\"/>\n");
        svg.insert_str(end, &image);
        svg
    }

    pub(super) fn png(&self) -> Result<Vec<u8>, FigureError> {
        kuva::RasterBackend::new()
            .with_scale(PIXELS_PER_POINT)
            .render_scene(&self.scene)
            .map_err(|reason| FigureError::Render { reason })
    }

    /// With a picture laid over a box.
    pub(super) fn png_with_image(
        &self,
        pixels: &[Rgb],
        columns: usize,
        x: f64,
        y: f64,
        width: f64,
        height: f64,
    ) -> Result<Vec<u8>, FigureError> {
        let fault = |e: &dyn std::fmt::Display| FigureError::Render { reason: e.to_string() };
        let drawn = self.png()?;
        let mut decoder = png::Decoder::new(std::io::Cursor::new(drawn));
        decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::ALPHA);
        let mut reader = decoder.read_info().map_err(|e| fault(&e))?;
        let size = reader.output_buffer_size().ok_or_else(|| fault(&"too large"))?;
        let mut canvas = vec![0u8; size];
        let frame = reader.next_frame(&mut canvas).map_err(|e| fault(&e))?;
        let (canvas_width, canvas_height) = (frame.width as usize, frame.height as usize);
        let rows = pixels.len() / columns.max(1);
        let scaled = |v: f64| (v * f64::from(PIXELS_PER_POINT)).round() as usize;
        let (left, top) = (scaled(x), scaled(y));
        let (right, bottom) = (scaled(x + width).min(canvas_width), scaled(y + height).min(canvas_height));
        if rows > 0 {
            for py in top..bottom {
                for px in left..right {
                    let (column, row) = ((px - left) * columns / (right - left), (py - top) * rows / (bottom - top));
                    let at = (py * canvas_width + px) * 4;
                    canvas[at..at + 3].copy_from_slice(&pixels[row * columns + column]);
                }
            }
        }
        encode(&canvas, canvas_width, canvas_height, png::ColorType::Rgba)
    }
}

/// A PNG of plain pixels.
pub(super) fn encode(
    bytes: &[u8],
    width: usize,
    height: usize,
    colour: png::ColorType,
) -> Result<Vec<u8>, FigureError> {
    let fault = |e: png::EncodingError| FigureError::Render { reason: e.to_string() };
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width as u32, height as u32);
    encoder.set_color(colour);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(fault)?;
    writer.write_image_data(bytes).map_err(fault)?;
    writer.finish().map_err(fault)?;
    Ok(out)
}

fn base64_into(out: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0u32, |w, b| w << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            if digit <= chunk.len() {
                out.push(char::from(DIGITS[(word >> (18 - 6 * digit)) as usize & 63]));
            } else {
                out.push('=');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_pads_as_the_standard_says() {
        for (bytes, expected) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            let mut out = String::new();
            base64_into(&mut out, bytes.as_bytes());
            assert_eq!(out, expected);
        }
    }
}
