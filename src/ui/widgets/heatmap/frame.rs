//! Painting: the texture where it belongs, the legend, the cross, and what stands around them.

use eframe::egui::{
    self, Align2, Color32, FontId, Mesh, Painter, Rect, Response, Shape, Stroke, StrokeKind, pos2, vec2,
};

use super::cells::cells;
use super::layout::Layout;
use super::pointer::on_screen;
use super::{Heatmap, HeatmapSpec, Shown, axes, map};
use crate::engine::plot::{Scale, Viewport};
use crate::ui::colormap::Shades;
use crate::ui::tokens::{self, Tokens};

const BAR_WIDTH: f32 = 8.0;

impl Heatmap {
    pub(super) fn paint(
        &self,
        ui: &egui::Ui,
        tokens: &Tokens,
        layout: &Layout,
        viewport: Viewport,
        spec: &HeatmapSpec<'_>,
        response: &Response,
        hovered: Option<(usize, usize)>,
    ) {
        let painter = ui.painter();
        let plot = layout.plot;
        let inside = painter.with_clip_rect(plot.intersect(ui.clip_rect()));
        painter.rect_filled(plot, 0.0, tokens.sunken);
        if let Some(shown) = &self.shown {
            picture(&inside, shown, plot, viewport);
            if spec.has_numbers {
                cells(&inside, tokens, plot, viewport, &shown.picture);
            }
            // Below the map, where there is one.
            let top = layout.map.map_or_else(|| plot.top(), |map| map.bottom() + 8.0);
            legend(
                painter,
                tokens,
                Rect::from_min_max(pos2(plot.left(), top), pos2(layout.aside, plot.bottom())),
                &shown.picture.scale,
            );
        }
        selected(&inside, tokens, plot, viewport, spec.selected);
        if let Some(place) = hovered.or(spec.marked) {
            cross(&inside, tokens, plot, viewport, place, hovered.is_some());
        }
        if let Some(rect) = layout.map {
            map::paint(painter, tokens, rect, self.map.as_ref().map(|map| map.texture.id()), spec.whole, viewport);
        }
        if let Some(message) = spec.message {
            let colour = if self.shown.is_some() { tokens.text } else { tokens.text_weak };
            said(&inside, tokens, plot, message, colour, self.shown.is_some());
        }
        let frame =
            if response.has_focus() { Stroke::new(1.5, tokens.accent) } else { Stroke::new(1.0, tokens.separator) };
        painter.rect_stroke(plot, 0.0, frame, StrokeKind::Outside);
        axes::across(painter, tokens, layout, viewport, &spec.x);
        axes::down(painter, tokens, layout, viewport, &spec.y);
    }
}

fn picture(painter: &Painter, shown: &Shown, plot: Rect, viewport: Viewport) {
    map::image(painter, shown.texture.id(), on_screen(plot, viewport, shown.picture.raster.cover));
}

/// A short stroke for each at the right and at the top, where nothing else stands.
fn selected(painter: &Painter, tokens: &Tokens, plot: Rect, viewport: Viewport, places: &[usize]) {
    const LENGTH: f32 = 6.0;
    let stroke = Stroke::new(1.5, tokens.accent);
    for place in places {
        let at = *place as f64;
        let cell = on_screen(plot, viewport, Viewport { x0: at, y0: at, x1: at + 1.0, y1: at + 1.0 }).center();
        painter.line_segment([pos2(plot.right() - LENGTH, cell.y), pos2(plot.right(), cell.y)], stroke);
        painter.line_segment([pos2(cell.x, plot.top()), pos2(cell.x, plot.top() + LENGTH)], stroke);
    }
}

fn cross(painter: &Painter, tokens: &Tokens, plot: Rect, viewport: Viewport, place: (usize, usize), is_own: bool) {
    let (x, y) = (place.0 as f64, place.1 as f64);
    let cell = on_screen(plot, viewport, Viewport { x0: x, y0: y, x1: x + 1.0, y1: y + 1.0 });
    let colour = if is_own { tokens.text.gamma_multiply(0.35) } else { tokens.accent.gamma_multiply(0.8) };
    let stroke = Stroke::new(1.0, colour);
    let centre = cell.center();
    let gap = 5.0f32.max(cell.width() / 2.0);
    let gap_y = 5.0f32.max(cell.height() / 2.0);
    painter.line_segment([pos2(plot.left(), centre.y), pos2(centre.x - gap, centre.y)], stroke);
    painter.line_segment([pos2(centre.x + gap, centre.y), pos2(plot.right(), centre.y)], stroke);
    painter.line_segment([pos2(centre.x, plot.top()), pos2(centre.x, centre.y - gap_y)], stroke);
    painter.line_segment([pos2(centre.x, centre.y + gap_y), pos2(centre.x, plot.bottom())], stroke);
    if cell.width() > 4.0 && cell.height() > 4.0 {
        painter.rect_stroke(cell, 0.0, Stroke::new(1.5, tokens.text), StrokeKind::Outside);
    }
}

fn said(painter: &Painter, tokens: &Tokens, plot: Rect, message: &str, colour: Color32, is_over: bool) {
    let font = FontId::proportional(tokens::SMALL);
    let galley = painter.layout(message.to_owned(), font, colour, plot.width() - 24.0);
    let at = if is_over { plot.left_top() + vec2(8.0, 6.0) } else { plot.center() - galley.size() / 2.0 };
    if is_over {
        let ground = Rect::from_min_size(at, galley.size()).expand2(vec2(5.0, 2.0));
        painter.rect_filled(ground, f32::from(tokens::RADIUS), tokens.warning_weak);
    }
    painter.galley(at, galley, colour);
}

fn legend(painter: &Painter, tokens: &Tokens, plot: Rect, scale: &Scale) {
    const STRIPES: usize = 48;
    let shades = Shades::new(scale.ramp, tokens);
    let bar = Rect::from_min_max(
        pos2(plot.right() + 6.0, plot.top() + 2.0),
        pos2(plot.right() + 6.0 + BAR_WIDTH, plot.bottom() - 2.0),
    );
    let mut mesh = Mesh::default();
    for stripe in 0..STRIPES {
        let share = |i: usize| i as f32 / STRIPES as f32;
        let part = Rect::from_min_max(
            pos2(bar.left(), bar.bottom() - share(stripe + 1) * bar.height()),
            pos2(bar.right(), bar.bottom() - share(stripe) * bar.height()),
        );
        mesh.add_colored_rect(part, shades.of(scale.legend((stripe as f32 + 0.5) / STRIPES as f32)));
    }
    painter.add(Shape::mesh(mesh));
    let mut lowest_free = f32::INFINITY;
    for tick in scale.ticks() {
        let y = bar.bottom() - tick.position * bar.height();
        let text_y = y.clamp(bar.top() + 5.0, bar.bottom() - 5.0);
        if text_y > lowest_free {
            continue;
        }
        painter.line_segment([pos2(bar.right(), y), pos2(bar.right() + 3.0, y)], Stroke::new(1.0, tokens.text_weak));
        let at = pos2(bar.right() + 5.0, text_y);
        let font = FontId::proportional(tokens::SMALL - 1.0);
        painter.text(at, Align2::LEFT_CENTER, tick.label, font, tokens.text_weak);
        lowest_free = text_y - 11.0;
    }
}
