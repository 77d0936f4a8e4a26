//! Sections, chips, empty states and small bar charts.

use eframe::egui::{self, Color32, Rect, RichText, Sense, pos2, vec2};

use super::text::{strong, weak};
use crate::ui::tokens::{self, Tokens};

/// A small heading over a group of controls, with a line above unless it is the first.
pub fn section(ui: &mut egui::Ui, tokens: &Tokens, title: &str) {
    ui.add_space(6.0);
    ui.label(strong(title).size(tokens::TEXT).color(tokens.text));
    ui.add_space(1.0);
}

/// A raised surface.
pub fn card<R>(ui: &mut egui::Ui, tokens: &Tokens, add: impl FnOnce(&mut egui::Ui) -> R) -> egui::InnerResponse<R> {
    egui::Frame::new()
        .fill(tokens.raised)
        .stroke(egui::Stroke::new(1.0, tokens.separator))
        .corner_radius(tokens::RADIUS)
        .inner_margin(10.0)
        .show(ui, add)
}

/// A word on a coloured ground, for example `measured`.
pub fn chip(ui: &mut egui::Ui, text: &str, ink: Color32, ground: Color32) -> egui::Response {
    egui::Frame::new()
        .fill(ground)
        .corner_radius(tokens::RADIUS)
        .inner_margin(egui::Margin::symmetric(5, 1))
        .show(ui, |ui| ui.add(egui::Label::new(RichText::new(text).size(tokens::SMALL).color(ink)).extend()))
        .inner
}

/// What stands in a view that has nothing to show: what it will show, and how to get there.
pub fn empty_state(ui: &mut egui::Ui, tokens: &Tokens, title: &str, next: &str) {
    ui.vertical_centered(|ui| {
        ui.add_space((ui.available_height() * 0.38 - 24.0).max(8.0));
        ui.label(RichText::new(title).size(tokens::HEADING).color(tokens.text));
        ui.add_space(4.0);
        ui.label(weak(tokens, next));
    });
}

/// A bar chart without axes; `name` is read out and shown on hover with `values`.
pub fn bars(ui: &mut egui::Ui, values: &[usize], colour: Color32, height: f32, name: &str) -> egui::Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let largest = values.iter().max().copied().unwrap_or(0).max(1) as f32;
    let step = rect.width() / values.len().max(1) as f32;
    for (i, value) in values.iter().enumerate().filter(|(_, v)| **v > 0) {
        // A bar of a single node is still seen.
        let tall = (*value as f32 / largest * rect.height()).max(1.0);
        let left = rect.left() + i as f32 * step;
        let bar = Rect::from_min_max(pos2(left + 0.5, rect.bottom() - tall), pos2(left + step - 0.5, rect.bottom()));
        ui.painter().rect_filled(bar, 0.0, colour);
    }
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, name));
    response
}
