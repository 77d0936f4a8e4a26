//! Which part of the drawing is seen, and how large: wheel, drag and keys.

use eframe::egui::{self, EventFilter, Key, PointerButton, Pos2, Rect, Response, Vec2, pos2, vec2};

use crate::engine::plot::GraphLayout;

/// One press of a plus or minus key.
const KEY_ZOOM: f32 = 1.5;
/// The part of the view that an arrow key moves by.
const KEY_PAN: f32 = 0.1;
/// Zoom per point of scrolling.
const WHEEL_ZOOM: f32 = 0.006;
/// Times the size at which everything fits.
const MAX_ZOOM: f32 = 100.0;
/// Around a drawing that fits, points.
const MARGIN: f32 = 14.0;

/// The part of a drawing that is seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Camera {
    /// 1 where everything fits.
    pub(super) zoom: f32,
    /// What is in the middle, in units of the layout.
    middle: Vec2,
}

/// From units of a layout to points on the screen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Transform {
    /// Points per unit.
    pub(super) scale: f32,
    /// Where the origin is.
    pub(super) shift: Vec2,
}

impl Transform {
    /// Where a place is on the screen.
    pub(super) fn at(&self, place: [f32; 2]) -> Pos2 {
        pos2(place[0] * self.scale + self.shift.x, place[1] * self.scale + self.shift.y)
    }

    /// The place under a point of the screen.
    pub(super) fn back(&self, point: Pos2) -> Vec2 {
        (point.to_vec2() - self.shift) / self.scale
    }

    /// The part of the drawing in a box on the screen: left, top, right and bottom.
    pub(super) fn part(&self, rect: Rect) -> [f32; 4] {
        let (from, to) = (self.back(rect.min), self.back(rect.max));
        [from.x, from.y, to.x, to.y]
    }
}

impl Camera {
    /// All of it.
    pub(super) fn whole(layout: &GraphLayout) -> Self {
        let [x, y] = layout.middle();
        Self { zoom: 1.0, middle: vec2(x, y) }
    }

    /// How the drawing comes into a box.
    pub(super) fn transform(&self, layout: &GraphLayout, rect: Rect) -> Transform {
        let scale = layout.fit(rect.width(), rect.height(), MARGIN) * self.zoom;
        Transform { scale, shift: rect.center().to_vec2() - self.middle * scale }
    }

    /// After this frame's input; a drag with the first button moves only where nothing is drawn with it.
    pub(super) fn moved(
        mut self,
        ui: &egui::Ui,
        response: &Response,
        layout: &GraphLayout,
        rect: Rect,
        drag_moves: bool,
    ) -> Self {
        if response.clicked() || response.drag_started() {
            response.request_focus();
        }
        if response.double_clicked() {
            return Self::whole(layout);
        }
        if let Some(pos) = response.hover_pos() {
            let (wheel, pinch) = ui.input(|i| (i.smooth_scroll_delta.y, i.zoom_delta()));
            if wheel != 0.0 {
                // The panel behind must not scroll as well.
                ui.input_mut(|i| i.smooth_scroll_delta = Vec2::ZERO);
            }
            self = self.zoomed((wheel * WHEEL_ZOOM).exp() * pinch, pos, layout, rect);
        }
        let is_moved = response.dragged_by(PointerButton::Primary) && drag_moves;
        if is_moved || response.dragged_by(PointerButton::Middle) {
            self = self.panned(-response.drag_delta() / self.transform(layout, rect).scale, layout);
        }
        if response.has_focus() {
            ui.memory_mut(|m| {
                let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
                m.set_focus_lock_filter(response.id, filter);
            });
            self = self.by_keys(ui, layout, rect);
        }
        self
    }

    fn by_keys(self, ui: &egui::Ui, layout: &GraphLayout, rect: Rect) -> Self {
        let presses =
            |key: Key| ui.input(|i| if i.modifiers.command || i.modifiers.alt { 0 } else { i.num_presses(key) }) as f32;
        if presses(Key::Num0) > 0.0 {
            return Self::whole(layout);
        }
        let nearer = presses(Key::Plus) + presses(Key::Equals) - presses(Key::Minus);
        let right = presses(Key::ArrowRight) - presses(Key::ArrowLeft);
        let down = presses(Key::ArrowDown) - presses(Key::ArrowUp);
        let zoomed = self.zoomed(KEY_ZOOM.powf(nearer), rect.center(), layout, rect);
        let scale = zoomed.transform(layout, rect).scale;
        zoomed.panned(KEY_PAN * vec2(right * rect.width(), down * rect.height()) / scale, layout)
    }

    /// Nearer, or farther, with the place under a point where it is.
    fn zoomed(self, factor: f32, around: Pos2, layout: &GraphLayout, rect: Rect) -> Self {
        let zoom = (self.zoom * factor).clamp(1.0, MAX_ZOOM);
        if (zoom - self.zoom).abs() < 1e-6 {
            return self;
        }
        if zoom <= 1.0 {
            return Self::whole(layout);
        }
        let place = self.transform(layout, rect).back(around);
        let moved = Self { zoom, ..self };
        let off = moved.transform(layout, rect).back(around) - place;
        moved.panned(-off, layout)
    }

    /// Moved by so many units; something of the drawing stays in the middle.
    fn panned(self, by: Vec2, layout: &GraphLayout) -> Self {
        let [width, height] = layout.size();
        let middle = (self.middle + by).clamp(Vec2::ZERO, vec2(width, height));
        Self { middle, ..self }
    }
}
