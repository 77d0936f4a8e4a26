//! Zoom and pan by wheel, drag and keys; which entries stand where.

use eframe::egui::{self, EventFilter, Key, PointerButton, Rect, Response, Vec2, pos2};

use crate::engine::plot::Viewport;

/// One press of a plus or minus key.
const KEY_ZOOM: f64 = 1.5;
/// The part of the view that an arrow key moves by.
const KEY_PAN: f64 = 0.1;
/// Zoom per point of scrolling.
const WHEEL_ZOOM: f64 = 0.006;

/// The viewport after this frame's input.
pub(super) fn moved(ui: &egui::Ui, response: &Response, plot: Rect, viewport: Viewport, whole: &Viewport) -> Viewport {
    let mut viewport = viewport;
    let at = |pos: egui::Pos2, v: &Viewport| {
        let x = v.x0 + f64::from((pos.x - plot.left()) / plot.width()) * v.width();
        let y = v.y0 + f64::from((pos.y - plot.top()) / plot.height()) * v.height();
        (x, y)
    };
    if response.clicked() || response.drag_started() {
        response.request_focus();
    }
    if response.double_clicked() {
        return *whole;
    }
    if let Some(pos) = response.hover_pos() {
        let (wheel, pinch) = ui.input(|i| (i.smooth_scroll_delta.y, i.zoom_delta()));
        let factor = (f64::from(wheel) * WHEEL_ZOOM).exp() * f64::from(pinch);
        if wheel != 0.0 {
            // The panel behind must not scroll as well.
            ui.input_mut(|i| i.smooth_scroll_delta = Vec2::ZERO);
        }
        if (factor - 1.0).abs() > 1e-9 {
            let (x, y) = at(pos, &viewport);
            viewport = viewport.zoomed(x, y, factor, whole);
        }
    }
    if response.dragged_by(PointerButton::Primary) || response.dragged_by(PointerButton::Middle) {
        let delta = response.drag_delta();
        let (dx, dy) = (f64::from(delta.x / plot.width()), f64::from(delta.y / plot.height()));
        viewport = viewport.panned(-dx * viewport.width(), -dy * viewport.height(), whole);
    }
    if response.has_focus() {
        ui.memory_mut(|m| {
            let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
            m.set_focus_lock_filter(response.id, filter);
        });
        viewport = by_keys(ui, viewport, whole);
    }
    viewport
}

fn by_keys(ui: &egui::Ui, viewport: Viewport, whole: &Viewport) -> Viewport {
    ui.input(|i| {
        if i.modifiers.command || i.modifiers.alt {
            return viewport;
        }
        let presses = |key: Key| i.num_presses(key) as f64;
        if presses(Key::Num0) > 0.0 {
            return *whole;
        }
        let nearer = presses(Key::Plus) + presses(Key::Equals) - presses(Key::Minus);
        let right = presses(Key::ArrowRight) - presses(Key::ArrowLeft);
        let down = presses(Key::ArrowDown) - presses(Key::ArrowUp);
        let centre = (f64::midpoint(viewport.x0, viewport.x1), f64::midpoint(viewport.y0, viewport.y1));
        let zoomed =
            if nearer == 0.0 { viewport } else { viewport.zoomed(centre.0, centre.1, KEY_ZOOM.powf(nearer), whole) };
        let step = |n: f64, length: f64| n * KEY_PAN * length;
        if right == 0.0 && down == 0.0 {
            zoomed
        } else {
            zoomed.panned(step(right, zoomed.width()), step(down, zoomed.height()), whole)
        }
    })
}

/// The entry under the pointer, as `(column, row)`.
pub(super) fn place(response: &Response, plot: Rect, viewport: Viewport, whole: &Viewport) -> Option<(usize, usize)> {
    let pos = response.hover_pos()?;
    let x = viewport.x0 + f64::from((pos.x - plot.left()) / plot.width()) * viewport.width();
    let y = viewport.y0 + f64::from((pos.y - plot.top()) / plot.height()) * viewport.height();
    whole.contains(x, y).then_some((x as usize, y as usize))
}

/// A rectangle of entries on the screen.
pub(super) fn on_screen(plot: Rect, viewport: Viewport, part: Viewport) -> Rect {
    let x = |v: f64| plot.left() + ((v - viewport.x0) / viewport.width()) as f32 * plot.width();
    let y = |v: f64| plot.top() + ((v - viewport.y0) / viewport.height()) as f32 * plot.height();
    Rect::from_min_max(pos2(x(part.x0), y(part.y0)), pos2(x(part.x1), y(part.y1)))
}
