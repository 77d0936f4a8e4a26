//! The part in view as a picture for the clipboard.

use eframe::egui::{ColorImage, Vec2};

use crate::engine::plot::Viewport;
use crate::session::Picture;
use crate::ui::colormap::Shades;
use crate::ui::tokens::Tokens;

/// The longer side of a copied picture, pixels.
const SIDE: f32 = 1200.0;

/// Texel by texel, without axes, in the proportions that it has in the window.
pub(super) fn image(picture: &Picture, tokens: &Tokens, viewport: Viewport, plot: Vec2) -> ColorImage {
    let shades = Shades::new(picture.scale.ramp, tokens);
    let size = (plot * (SIDE / plot.max_elem().max(1.0))).round().max(Vec2::splat(1.0));
    let (w, h) = (size.x as usize, size.y as usize);
    let along = |at: usize, n: usize, from: f64, span: f64| (from + (at as f64 + 0.5) / n as f64 * span) as usize;
    let columns: Vec<usize> = (0..w).map(|x| along(x, w, viewport.x0, viewport.width())).collect();
    let mut pixels = Vec::with_capacity(w * h);
    for y in 0..h {
        let row = along(y, h, viewport.y0, viewport.height());
        pixels.extend(columns.iter().map(|column| {
            let texel = picture.raster.texel_at(*column, row);
            texel.map_or(tokens.sunken, |texel| shades.of(picture.shades[texel.index]))
        }));
    }
    ColorImage::new([w, h], pixels)
}
