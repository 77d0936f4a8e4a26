//! Painting: the texture where it belongs, the axes with their strips, the legend, the small map, the cross.

use std::f32::consts::FRAC_PI_2;

use eframe::egui::{
    self, Align2, Color32, FontId, Mesh, Painter, Rect, Response, Shape, Stroke, StrokeKind, TextureId, epaint, pos2,
    vec2,
};

use super::cells::cells;
use super::pointer::on_screen;
use super::{AxisSpec, Heatmap, HeatmapSpec, Shown};
use crate::engine::plot::{Scale, Viewport};
use crate::session::format;
use crate::ui::colormap::{self, Shades};
use crate::ui::tokens::{self, Tokens};

const STRIP: f32 = 4.0;
const MAP_SIDE: f32 = 64.0;
const BAR_WIDTH: f32 = 8.0;

impl Heatmap {
    pub(super) fn paint(
        &self,
        ui: &egui::Ui,
        tokens: &Tokens,
        plot: Rect,
        viewport: Viewport,
        spec: &HeatmapSpec<'_>,
        response: &Response,
        hovered: Option<(usize, usize)>,
    ) {
        let painter = ui.painter();
        let inside = painter.with_clip_rect(plot.intersect(ui.clip_rect()));
        painter.rect_filled(plot, 0.0, tokens.sunken);
        if let Some(shown) = &self.shown {
            picture(&inside, shown, plot, viewport);
            if spec.has_numbers {
                cells(&inside, tokens, plot, viewport, &shown.picture);
            }
            legend(painter, tokens, plot, &shown.picture.scale);
        }
        if let Some(place) = hovered.or(spec.marked) {
            cross(&inside, tokens, plot, viewport, place, hovered.is_some());
        }
        if self.viewport.is_some()
            && let Some(map) = &self.map
        {
            small_map(&inside, tokens, plot, map, &spec.whole, viewport);
        }
        if let Some(message) = spec.message {
            let colour = if self.shown.is_some() { tokens.text } else { tokens.text_weak };
            said(&inside, tokens, plot, message, colour, self.shown.is_some());
        }
        let frame =
            if response.has_focus() { Stroke::new(1.5, tokens.accent) } else { Stroke::new(1.0, tokens.separator) };
        painter.rect_stroke(plot, 0.0, frame, StrokeKind::Outside);
        x_axis(painter, tokens, plot, viewport, &spec.x);
        y_axis(painter, tokens, plot, viewport, &spec.y);
    }
}

fn image(painter: &Painter, texture: TextureId, rect: Rect) {
    let mut mesh = Mesh::with_texture(texture);
    mesh.add_rect_with_uv(rect, Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0)), Color32::WHITE);
    painter.add(Shape::mesh(mesh));
}

fn picture(painter: &Painter, shown: &Shown, plot: Rect, viewport: Viewport) {
    image(painter, shown.texture.id(), on_screen(plot, viewport, shown.picture.raster.cover));
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

fn small_map(painter: &Painter, tokens: &Tokens, plot: Rect, map: &Shown, whole: &Viewport, viewport: Viewport) {
    let longest = whole.width().max(whole.height()) as f32;
    let size = vec2(whole.width() as f32, whole.height() as f32) / longest * MAP_SIDE;
    let size = size.max(vec2(14.0, 14.0)).min(plot.size() * 0.4);
    let rect = Rect::from_min_size(plot.right_top() + vec2(-size.x - 6.0, 6.0), size);
    painter.rect_filled(rect.expand(2.0), 2.0, tokens.raised);
    image(painter, map.texture.id(), rect);
    painter.rect_stroke(rect.expand(1.0), 0.0, Stroke::new(1.0, tokens.separator), StrokeKind::Outside);
    let part = on_screen(rect, *whole, viewport);
    // A tiny part would be no more than a dot.
    let part = Rect::from_center_size(part.center(), part.size().max(vec2(4.0, 4.0)));
    painter.rect_stroke(part, 0.0, Stroke::new(1.5, tokens.warning), StrokeKind::Middle);
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

/// Text of the ends of an axis: the first and last entry in view, counted from 0 as files do.
fn ends(from: f64, to: f64) -> (String, String) {
    let last = (to.ceil() as u64).saturating_sub(1);
    (format::count(from.floor() as u64), format::count(last))
}

fn x_axis(painter: &Painter, tokens: &Tokens, plot: Rect, viewport: Viewport, axis: &AxisSpec<'_>) {
    for group in axis.groups {
        let (from, to) = ((group.start as f64).max(viewport.x0), (group.end as f64).min(viewport.x1));
        if to > from {
            let part = on_screen(plot, viewport, Viewport { x0: from, x1: to, ..viewport });
            let strip = Rect::from_min_max(
                pos2(part.left(), plot.bottom() + 2.0),
                pos2(part.right(), plot.bottom() + 2.0 + STRIP),
            );
            painter.rect_filled(strip, 0.0, colormap::group(tokens, group.idx));
        }
    }
    let font = FontId::proportional(tokens::SMALL);
    let y = plot.bottom() + 2.0 + STRIP + 1.0;
    let (first, last) = ends(viewport.x0, viewport.x1);
    painter.text(pos2(plot.left(), y), Align2::LEFT_TOP, first, font.clone(), tokens.text_weak);
    painter.text(pos2(plot.right(), y), Align2::RIGHT_TOP, last, font.clone(), tokens.text_weak);
    painter.text(pos2(plot.center().x, y), Align2::CENTER_TOP, axis.name, font, tokens.text);
}

fn y_axis(painter: &Painter, tokens: &Tokens, plot: Rect, viewport: Viewport, axis: &AxisSpec<'_>) {
    for group in axis.groups {
        let (from, to) = ((group.start as f64).max(viewport.y0), (group.end as f64).min(viewport.y1));
        if to > from {
            let part = on_screen(plot, viewport, Viewport { y0: from, y1: to, ..viewport });
            let strip =
                Rect::from_min_max(pos2(plot.left() - 2.0 - STRIP, part.top()), pos2(plot.left() - 2.0, part.bottom()));
            painter.rect_filled(strip, 0.0, colormap::group(tokens, group.idx));
        }
    }
    // Read from bottom to top, so the last entry stands where reading begins.
    let (first, last) = ends(viewport.y0, viewport.y1);
    let x = plot.left() - 2.0 - STRIP - 8.5;
    let mut room = plot.height();
    let mut upwards = |text: String, y: f32, anchor: Align2, colour: Color32| {
        let galley = painter.layout_no_wrap(text, FontId::proportional(tokens::SMALL), colour);
        if galley.size().x + 8.0 > room {
            return;
        }
        room -= galley.size().x + 8.0;
        let shape = epaint::TextShape::new(pos2(x, y) - anchor_offset(&galley, anchor), galley, colour)
            .with_angle_and_anchor(-FRAC_PI_2, anchor);
        painter.add(shape);
    };
    upwards(axis.name.to_owned(), plot.center().y, Align2::CENTER_CENTER, tokens.text);
    upwards(last, plot.bottom(), Align2::LEFT_CENTER, tokens.text_weak);
    upwards(first, plot.top(), Align2::RIGHT_CENTER, tokens.text_weak);
}

fn anchor_offset(galley: &egui::Galley, anchor: Align2) -> egui::Vec2 {
    anchor.pos_in_rect(&galley.rect).to_vec2()
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
