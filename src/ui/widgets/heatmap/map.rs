//! The small map of the whole matrix beside a part of it, with a frame that is dragged.

use eframe::egui::{self, Color32, Mesh, Painter, Rect, Sense, Shape, Stroke, StrokeKind, TextureId, pos2};

use super::pointer::on_screen;
use crate::engine::plot::Viewport;
use crate::ui::tokens::Tokens;

/// The viewport after this frame's drag: its middle goes where the pointer is. `told` says in words what is in view.
pub(super) fn moved(
    ui: &egui::Ui,
    rect: Rect,
    name: &str,
    viewport: Viewport,
    whole: &Viewport,
    told: impl Fn(Viewport) -> String,
) -> Viewport {
    // The arrow keys of the heatmap do the same, so the map takes no focus.
    let response = ui.interact(rect, ui.scope_id().with(("map", name)), Sense::DRAG);
    let mut after = viewport;
    if let Some(pos) = response.interact_pointer_pos().filter(|_| response.dragged()) {
        let share = (pos - rect.min) / rect.size();
        let x = whole.x0 + f64::from(share.x) * whole.width();
        let y = whole.y0 + f64::from(share.y) * whole.height();
        let (dx, dy) = (x - f64::midpoint(viewport.x0, viewport.x1), y - f64::midpoint(viewport.y0, viewport.y1));
        after = viewport.panned(dx, dy, whole);
    }
    response.widget_info(|| {
        let mut info = egui::WidgetInfo::labeled(egui::Role::Image, true, format!("Map of {}", lower(name)));
        info.current_text_value = Some(told(after));
        info
    });
    response.on_hover_cursor(egui::CursorIcon::Grab).on_hover_text("Drag to move what is in view");
    after
}

/// As within a sentence.
fn lower(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// Draws it with its frame.
pub(super) fn paint(
    painter: &Painter,
    tokens: &Tokens,
    rect: Rect,
    map: Option<TextureId>,
    whole: Viewport,
    viewport: Viewport,
) {
    painter.rect_filled(rect, 0.0, tokens.sunken);
    if let Some(map) = map {
        image(painter, map, rect);
    }
    painter.rect_stroke(rect, 0.0, Stroke::new(1.0, tokens.separator), StrokeKind::Outside);
    let part = on_screen(rect, whole, viewport);
    // A tiny part would be no more than a dot.
    let part = Rect::from_center_size(part.center(), part.size().max(egui::vec2(5.0, 5.0)));
    painter.rect_stroke(part, 0.0, Stroke::new(1.5, tokens.warning), StrokeKind::Middle);
}

/// A texture, all of it.
pub(super) fn image(painter: &Painter, texture: TextureId, rect: Rect) {
    let mut mesh = Mesh::with_texture(texture);
    mesh.add_rect_with_uv(rect, Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0)), Color32::WHITE);
    painter.add(Shape::mesh(mesh));
}
