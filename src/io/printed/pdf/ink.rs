//! What stands on sheets, written as PDF.

use krilla::color::rgb;
use krilla::geom::{Path, PathBuilder, Point, Rect, Size, Transform};
use krilla::image::Image;
use krilla::num::NormalizedF32;
use krilla::paint::{Fill, FillRule, Stroke, StrokeDash};
use krilla::surface::Surface;

use super::faces::{Faces, Style};
use super::sheets::Item;
use crate::io::figure::{Anchor, Canvas, DASHES, Rgb, Shape, Stroke as Line};

/// The size of text from which on it is set strong, as in every figure.
const TITLE: u32 = 16;

pub(super) fn put(surface: &mut Surface<'_>, faces: &Faces, item: &Item) {
    match item {
        Item::Text { x, y, size, ink, runs } => {
            fill_with(surface, *ink, 1.0);
            let mut x = *x;
            for run in runs {
                surface.draw_glyphs(Point::from_xy(x, *y), &run.glyphs, run.font.clone(), &run.text, *size, false);
                x += run.width * size;
            }
        }
        Item::Fill { x, y, width, height, ink } => {
            fill_with(surface, *ink, 1.0);
            draw(surface, rectangle(*x, *y, *width, *height));
        }
        Item::Drawing { x, y, scale, canvas } => {
            surface.push_transform(&Transform::from_row(*scale, 0.0, 0.0, *scale, *x, *y));
            put_canvas(surface, faces, canvas);
            surface.pop();
        }
        Item::Pixels { x, y, width, height, columns, pixels } => {
            let rows = pixels.len() / (*columns).max(1);
            let rgba = pixels.iter().flat_map(|[r, g, b]| [*r, *g, *b, 0xff]).collect();
            let (Ok(w), Ok(h)) = (u32::try_from(*columns), u32::try_from(rows)) else { return };
            if let Some(size) = Size::from_wh(*width, *height).filter(|_| rows * columns == pixels.len() && rows > 0) {
                surface.push_transform(&Transform::from_translate(*x, *y));
                surface.draw_image(Image::from_rgba8(rgba, w, h), size);
                surface.pop();
            }
        }
    }
}

fn colour([r, g, b]: Rgb) -> rgb::Color {
    rgb::Color::new(r, g, b)
}

fn fill_with(surface: &mut Surface<'_>, ink: Rgb, opacity: f64) {
    let opacity = NormalizedF32::new(opacity as f32).unwrap_or(NormalizedF32::ONE);
    surface.set_fill(Some(Fill { paint: colour(ink).into(), opacity, rule: FillRule::default() }));
    surface.set_stroke(None);
}

fn draw(surface: &mut Surface<'_>, path: Option<Path>) {
    if let Some(path) = path {
        surface.draw_path(&path);
    }
}

fn rectangle(x: f32, y: f32, width: f32, height: f32) -> Option<Path> {
    let mut path = PathBuilder::new();
    path.push_rect(Rect::from_xywh(x, y, width, height)?);
    path.finish()
}

fn put_canvas(surface: &mut Surface<'_>, faces: &Faces, canvas: &Canvas) {
    let mut n_clips = 0usize;
    for shape in &canvas.shapes {
        match shape {
            Shape::Text { x, y, text, size, anchor, ink, is_upwards } => {
                let at = [*x as f32, *y as f32];
                put_label(surface, faces, at, text, (*size, *anchor, *is_upwards), *ink);
            }
            Shape::Lines { points, fill, stroke } => {
                paint(surface, fill.map(|ink| (ink, 1.0)), *stroke);
                draw(surface, lines(points, fill.is_some()));
            }
            Shape::Circle { x, y, r, fill, opacity, stroke } => {
                paint(surface, Some((*fill, *opacity)), *stroke);
                draw(surface, circle(*x as f32, *y as f32, *r as f32));
            }
            Shape::Box { x, y, width, height, fill } => {
                fill_with(surface, *fill, 1.0);
                draw(surface, rectangle(*x as f32, *y as f32, *width as f32, *height as f32));
            }
            Shape::Clip { x, y, width, height } => {
                if let Some(path) = rectangle(*x as f32, *y as f32, *width as f32, *height as f32) {
                    surface.push_clip_path(&path, &FillRule::default());
                    n_clips += 1;
                }
            }
            Shape::EndClip => {
                if n_clips > 0 {
                    surface.pop();
                    n_clips -= 1;
                }
            }
        }
    }
    for _ in 0..n_clips {
        surface.pop();
    }
}

fn paint(surface: &mut Surface<'_>, fill: Option<(Rgb, f64)>, stroke: Option<Line>) {
    let opacity = |share: f64| NormalizedF32::new(share as f32).unwrap_or(NormalizedF32::ONE);
    surface.set_fill(fill.map(|(ink, share)| Fill {
        paint: colour(ink).into(),
        opacity: opacity(share),
        rule: FillRule::default(),
    }));
    surface.set_stroke(stroke.map(|line| Stroke {
        paint: colour(line.ink).into(),
        width: line.width as f32,
        dash: line.is_dashed.then(|| StrokeDash { array: DASHES.map(|n| n as f32).to_vec(), offset: 0.0 }),
        ..Stroke::default()
    }));
}

fn lines(points: &[[f64; 2]], is_closed: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    for (at, [x, y]) in points.iter().enumerate() {
        let (x, y) = (*x as f32, *y as f32);
        if at == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
    }
    if is_closed {
        path.close();
    }
    path.finish()
}

/// A circle as four curves.
fn circle(x: f32, y: f32, r: f32) -> Option<Path> {
    /// How far the handles of a quarter lie, in radii.
    const HANDLE: f32 = 0.552_284_8;
    let h = r * HANDLE;
    let mut path = PathBuilder::new();
    path.move_to(x + r, y);
    path.cubic_to(x + r, y + h, x + h, y + r, x, y + r);
    path.cubic_to(x - h, y + r, x - r, y + h, x - r, y);
    path.cubic_to(x - r, y - h, x - h, y - r, x, y - r);
    path.cubic_to(x + h, y - r, x + r, y - h, x + r, y);
    path.close();
    path.finish()
}

fn put_label(
    surface: &mut Surface<'_>,
    faces: &Faces,
    [x, y]: [f32; 2],
    text: &str,
    (size, anchor, is_upwards): (u32, Anchor, bool),
    ink: Rgb,
) {
    let style = if size >= TITLE { Style::Strong } else { Style::Regular };
    let size = size as f32;
    let width = faces.width_of(text, style) * size;
    let mut left = match anchor {
        Anchor::Left => 0.0,
        Anchor::Centre => -width / 2.0,
        Anchor::Right => -width,
    };
    fill_with(surface, ink, 1.0);
    let place = Transform::from_translate(x, y);
    surface.push_transform(&place);
    if is_upwards {
        surface.push_transform(&Transform::from_rotate(-90.0));
    }
    for run in faces.runs(text, style) {
        surface.draw_glyphs(Point::from_xy(left, 0.0), &run.glyphs, run.font.clone(), &run.text, size, false);
        left += run.width * size;
    }
    if is_upwards {
        surface.pop();
    }
    surface.pop();
}
