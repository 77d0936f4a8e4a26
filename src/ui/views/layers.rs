//! Layers: one row per layer, edges left, weights right.

use eframe::egui;

use super::{View, ViewCx};

/// The view.
#[derive(Debug, Default)]
pub(super) struct Layers {}

impl View for Layers {
    fn title(&self) -> &'static str {
        "Layers"
    }

    fn ui(&mut self, _cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        ui.label("Nothing to show yet");
    }
}
