//! A canvas as pixels: paths by tiny-skia, letters from the outlines of the fonts that the window uses.

use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, MetadataProvider as _};
use tiny_skia::{Color, FillRule, Mask, Paint, Path, PathBuilder, Pixmap, Rect, StrokeDash, Transform};

use super::canvas::{Anchor, Canvas, DASHES, Shape, Stroke, TITLE};
use super::colour::Rgb;
use super::error::FigureError;
use crate::io::fonts::{JAPANESE_BOLD_FONT, JAPANESE_FONT, MONO_FONT, STRONG_FONT, TEXT_FONT};

/// Pixels per point.
const SCALE: f32 = 2.0;

/// In order: what the first has no letter for is looked for in the next.
const REGULAR: [&[u8]; 3] = [TEXT_FONT, MONO_FONT, JAPANESE_FONT];
const BOLD: [&[u8]; 4] = [STRONG_FONT, MONO_FONT, JAPANESE_BOLD_FONT, JAPANESE_FONT];

impl Canvas {
    pub(super) fn png(&self) -> Result<Vec<u8>, FigureError> {
        draw(self)?.png()
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
        let mut picture = draw(self)?;
        picture.lay(pixels, columns, [x, y], [width, height]);
        picture.png()
    }
}

/// A canvas that was drawn.
struct Picture(Pixmap);

/// Draws every shape.
///
/// # Errors
/// [`FigureError::Render`] for a canvas without an area or a broken font.
fn draw(canvas: &Canvas) -> Result<Picture, FigureError> {
    let side = |points: f64| (points as f32 * SCALE).round() as u32;
    let mut pixmap = Pixmap::new(side(canvas.width), side(canvas.height)).ok_or_else(|| {
        let reason = format!("expected a width and a height, found {} × {}", canvas.width, canvas.height);
        FigureError::Render { reason }
    })?;
    pixmap.fill(Color::WHITE);
    let (regular, bold) = (Letters::new(&REGULAR)?, Letters::new(&BOLD)?);
    let scale = Transform::from_scale(SCALE, SCALE);
    let mut mask: Option<Mask> = None;
    for shape in &canvas.shapes {
        let mask_now = mask.as_ref();
        match shape {
            Shape::Text { x, y, text, size, anchor, ink, is_upwards } => {
                let letters = if *size == TITLE { &bold } else { &regular };
                let Some((path, width)) = letters.outline(text, *size as f32) else { continue };
                let back = match anchor {
                    Anchor::Left => 0.0,
                    Anchor::Centre => 0.5 * width,
                    Anchor::Right => width,
                };
                let turned = if *is_upwards { Transform::from_rotate(-90.0) } else { Transform::identity() };
                let place =
                    turned.pre_translate(-back, 0.0).post_translate(*x as f32, *y as f32).post_scale(SCALE, SCALE);
                pixmap.fill_path(&path, &paint(*ink, 1.0), FillRule::Winding, place, mask_now);
            }
            Shape::Lines { points, fill, stroke } => {
                let Some(path) = lines(points, fill.is_some()) else { continue };
                if let Some(fill) = fill {
                    pixmap.fill_path(&path, &paint(*fill, 1.0), FillRule::Winding, scale, mask_now);
                }
                if let Some(stroke) = stroke {
                    pixmap.stroke_path(&path, &paint(stroke.ink, 1.0), &stroke_of(*stroke), scale, mask_now);
                }
            }
            Shape::Circle { x, y, r, fill, opacity, stroke } => {
                let Some(path) = PathBuilder::from_circle(*x as f32, *y as f32, *r as f32) else { continue };
                pixmap.fill_path(&path, &paint(*fill, *opacity as f32), FillRule::Winding, scale, mask_now);
                if let Some(stroke) = stroke {
                    pixmap.stroke_path(&path, &paint(stroke.ink, 1.0), &stroke_of(*stroke), scale, mask_now);
                }
            }
            Shape::Box { x, y, width, height, fill } => {
                let Some(rect) = Rect::from_xywh(*x as f32, *y as f32, *width as f32, *height as f32) else { continue };
                let path = PathBuilder::from_rect(rect);
                pixmap.fill_path(&path, &paint(*fill, 1.0), FillRule::Winding, scale, mask_now);
            }
            Shape::Clip { x, y, width, height } => {
                let rect = Rect::from_xywh(*x as f32, *y as f32, *width as f32, *height as f32);
                mask = rect.zip(Mask::new(pixmap.width(), pixmap.height())).map(|(rect, mut mask)| {
                    mask.fill_path(&PathBuilder::from_rect(rect), FillRule::Winding, true, scale);
                    mask
                });
            }
            Shape::EndClip => mask = None,
        }
    }
    Ok(Picture(pixmap))
}

impl Picture {
    /// Lays a picture of `columns` columns over a box, each of its pixels as large as it must be.
    fn lay(&mut self, pixels: &[Rgb], columns: usize, [x, y]: [f64; 2], [width, height]: [f64; 2]) {
        let (canvas_width, canvas_height) = (self.0.width() as usize, self.0.height() as usize);
        let rows = pixels.len() / columns.max(1);
        let scaled = |v: f64| (v * f64::from(SCALE)).round() as usize;
        let (left, top) = (scaled(x), scaled(y));
        let (right, bottom) = (scaled(x + width).min(canvas_width), scaled(y + height).min(canvas_height));
        if rows == 0 {
            return;
        }
        let canvas = self.0.data_mut();
        for py in top..bottom {
            for px in left..right {
                let (column, row) = ((px - left) * columns / (right - left), (py - top) * rows / (bottom - top));
                let at = (py * canvas_width + px) * 4;
                canvas[at..at + 3].copy_from_slice(&pixels[row * columns + column]);
            }
        }
    }

    /// The bytes of a PNG. Everything is drawn on white, so that no pixel is transparent.
    ///
    /// # Errors
    /// [`FigureError::Render`].
    fn png(&self) -> Result<Vec<u8>, FigureError> {
        let rgb: Vec<u8> = self.0.data().as_chunks::<4>().0.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect();
        encode(&rgb, self.0.width() as usize, self.0.height() as usize, png::ColorType::Rgb)
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

fn paint(ink: Rgb, opacity: f32) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(ink[0], ink[1], ink[2], (opacity * 255.0).round() as u8);
    paint.anti_alias = true;
    paint
}

fn stroke_of(stroke: Stroke) -> tiny_skia::Stroke {
    let dash = stroke.is_dashed.then(|| StrokeDash::new(DASHES.map(|d| d as f32).to_vec(), 0.0)).flatten();
    let line_join = tiny_skia::LineJoin::Round;
    tiny_skia::Stroke { width: stroke.width as f32, dash, line_join, ..tiny_skia::Stroke::default() }
}

fn lines(points: &[[f64; 2]], is_closed: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    for (at, [x, y]) in points.iter().enumerate() {
        if at == 0 {
            path.move_to(*x as f32, *y as f32);
        } else {
            path.line_to(*x as f32, *y as f32);
        }
    }
    if is_closed {
        path.close();
    }
    path.finish()
}

/// Outlines of letters, from the first font that has each.
struct Letters(Vec<FontRef<'static>>);

impl Letters {
    fn new(fonts: &[&'static [u8]]) -> Result<Self, FigureError> {
        let fonts: Result<Vec<_>, _> = fonts.iter().map(|bytes| FontRef::new(bytes)).collect();
        fonts.map(Self).map_err(|error| FigureError::Render { reason: format!("font: {error}") })
    }

    /// A line of text that begins at the origin, and its width; none where there is nothing to see.
    fn outline(&self, text: &str, size: f32) -> Option<(Path, f32)> {
        let mut pen = Pen { path: PathBuilder::new(), x: 0.0 };
        for letter in text.chars() {
            // What no font has is drawn as the first one's box.
            let found = self.0.iter().find_map(|font| Some((font, font.charmap().map(letter)?)));
            let Some((font, glyph)) = found.or_else(|| Some((self.0.first()?, 0u32.into()))) else { continue };
            let place = DrawSettings::unhinted(Size::new(size), LocationRef::default());
            if let Some(outline) = font.outline_glyphs().get(glyph) {
                // A letter without an outline, as the space, only moves on.
                drop(outline.draw(place, &mut pen));
            }
            let widths = font.glyph_metrics(Size::new(size), LocationRef::default());
            pen.x += widths.advance_width(glyph).unwrap_or(0.5 * size);
        }
        let width = pen.x;
        pen.path.finish().map(|path| (path, width))
    }
}

/// Puts a letter behind those before; fonts count upwards, pictures downwards.
struct Pen {
    path: PathBuilder,
    x: f32,
}

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.move_to(self.x + x, -y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.path.line_to(self.x + x, -y);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.path.quad_to(self.x + cx, -cy, self.x + x, -y);
    }

    fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        self.path.cubic_to(self.x + ax, -ay, self.x + bx, -by, self.x + x, -y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

#[cfg(test)]
mod tests {
    use tiny_skia::PremultipliedColorU8;

    use super::super::canvas::TEXT;
    use super::*;

    fn darkest(picture: &Picture, columns: std::ops::Range<u32>, rows: std::ops::Range<u32>) -> u8 {
        let pixels = rows.flat_map(|y| columns.clone().map(move |x| (x, y)));
        pixels.filter_map(|(x, y)| picture.0.pixel(x, y)).map(PremultipliedColorU8::red).min().unwrap_or(255)
    }

    #[test]
    fn every_letter_of_a_figure_has_an_outline() {
        for fonts in [&REGULAR[..], &BOLD[..]] {
            let letters = Letters::new(fonts).expect("fonts");
            for letter in "aZ09.,%·–→≤≥×δθ‖∞₂é(){}[]/±−|".chars() {
                assert!(letters.0.iter().any(|font| font.charmap().map(letter).is_some()), "{letter}");
                assert!(letters.outline(&letter.to_string(), 13.0).is_some(), "{letter} can be seen");
            }
            assert!(letters.outline("日", 13.0).is_some(), "a box for what no font has");
            let (one, two) = (letters.outline("m", 13.0).expect("m").1, letters.outline("mm", 13.0).expect("mm").1);
            assert!((two - 2.0 * one).abs() < 1e-3, "letters stand side by side");
        }
    }

    #[test]
    fn text_stands_where_its_anchor_says_and_clips_cut() {
        let mut canvas = Canvas::new(100.0, 40.0);
        canvas.text(50.0, 20.0, "HHH", 16, Anchor::Right, TEXT);
        let left = draw(&canvas).expect("a picture");
        assert!(darkest(&left, 40..98, 20..38) < 80, "left of the point");
        assert_eq!(darkest(&left, 104..200, 0..80), 255, "nothing right of it");
        let mut canvas = Canvas::new(100.0, 40.0);
        canvas.clip(0.0, 0.0, 50.0, 40.0);
        canvas.filled(10.0, 10.0, 80.0, 10.0, TEXT);
        canvas.end_clip();
        canvas.filled(60.0, 30.0, 5.0, 5.0, TEXT);
        let cut = draw(&canvas).expect("a picture");
        assert!(darkest(&cut, 20..100, 22..38) < 80);
        assert_eq!(darkest(&cut, 101..200, 20..40), 255, "outside the clip");
        assert!(darkest(&cut, 120..130, 60..70) < 80, "after the clip");
    }
}
