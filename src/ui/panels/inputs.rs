//! Inputs.

use eframe::egui;

use crate::ui::views::{View, ViewCx};

/// The panel.
#[derive(Debug, Default)]
pub(crate) struct Inputs {}

impl View for Inputs {
    fn title(&self) -> &'static str {
        "Inputs"
    }

    fn ui(&mut self, _cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        ui.label("Nothing to show yet");
    }
}
