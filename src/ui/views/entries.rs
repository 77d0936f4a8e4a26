//! Entries: distributions of diffusion weights, messages and weights.

use eframe::egui;

use super::{View, ViewCx};

/// The view.
#[derive(Debug, Default)]
pub(super) struct Entries {}

impl View for Entries {
    fn title(&self) -> &'static str {
        "Entries"
    }

    fn ui(&mut self, _cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        ui.label("Nothing to show yet");
    }
}
