//! What is drawn over single entries once they are large: a stroke through what is removed, and the number of each.

use eframe::egui::{Align2, Color32, FontId, Painter, Rect, Stroke, pos2};

use super::pointer::on_screen;
use crate::engine::plot::Viewport;
use crate::session::Picture;
use crate::ui::colormap::Shades;
use crate::ui::tokens::{self, Tokens};

/// A stroke says that an entry is removed from this side of its cell on, points.
const MIN_STRUCK: f32 = 7.0;
/// A number has room in a cell of this width and height, points.
const MIN_NUMBERED: [f32; 2] = [38.0, 20.0];

/// Draws over the cells in view.
pub(super) fn cells(painter: &Painter, tokens: &Tokens, plot: Rect, viewport: Viewport, picture: &Picture) {
    let raster = &picture.raster;
    let width = plot.width() / viewport.width() as f32;
    let height = plot.height() / viewport.height() as f32;
    if !raster.is_single_entries() || width < MIN_STRUCK || height < MIN_STRUCK {
        return;
    }
    let has_room = width >= MIN_NUMBERED[0] && height >= MIN_NUMBERED[1];
    let shades = Shades::new(picture.scale.ramp, tokens);
    let stroke = Stroke::new(1.0, tokens.text.gamma_multiply(0.7));
    let range = |from: f64, to: f64| from.max(0.0).floor() as usize..to.max(0.0).ceil() as usize;
    for row in range(viewport.y0, viewport.y1) {
        for column in range(viewport.x0, viewport.x1) {
            let Some(texel) = raster.texel_at(column, row) else { continue };
            let (kept, removed) = (raster.kept[texel.index], raster.removed[texel.index]);
            if kept + removed == 0 {
                continue;
            }
            let (x, y) = (column as f64, row as f64);
            let cell = on_screen(plot, viewport, Viewport { x0: x, y0: y, x1: x + 1.0, y1: y + 1.0 });
            let value = raster.values[texel.index];
            if has_room && value.is_finite() {
                let colour = ink(shades.of(picture.shades[texel.index]));
                let font = FontId::monospace(tokens::SMALL);
                painter.text(cell.center(), Align2::CENTER_CENTER, short(value), font, colour);
            }
            if removed > 0 {
                let cell = cell.shrink(1.5);
                // Where a number stands, it is struck in its corner alone.
                let from = if has_room { pos2(cell.right() - 8.0, cell.bottom()) } else { cell.left_bottom() };
                let to = if has_room { pos2(cell.right(), cell.bottom() - 8.0) } else { cell.right_top() };
                painter.line_segment([from, to], stroke);
            }
        }
    }
}

/// Black or white, whichever is read better on a ground.
fn ink(ground: Color32) -> Color32 {
    let [r, g, b, _] = ground.to_array().map(f32::from);
    if 0.299 * r + 0.587 * g + 0.114 * b > 140.0 { Color32::BLACK } else { Color32::WHITE }
}

/// A number in five letters.
fn short(value: f32) -> String {
    let size = value.abs();
    if value == 0.0 {
        "0".to_owned()
    } else if (0.001..100.0).contains(&size) {
        format!("{value:.3}").chars().take(if value < 0.0 { 6 } else { 5 }).collect()
    } else if (100.0..1e5).contains(&size) {
        format!("{value:.0}")
    } else {
        format!("{value:.0e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let cases = [0.0, 0.060_56, -0.060_56, 12.345, -0.000_012, 12_345.6, 99.999];
        let found = cases.map(short);
        assert_eq!(found, ["0", "0.061", "-0.061", "12.34", "-1e-5", "12346", "99.99"]);
    }
}
