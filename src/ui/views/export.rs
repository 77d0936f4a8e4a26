//! Export: what will be written, where, and what was.

use eframe::egui;

use super::{View, ViewCx};

/// The view.
#[derive(Debug, Default)]
pub(super) struct Export {}

impl View for Export {
    fn title(&self) -> &'static str {
        "Export"
    }

    fn ui(&mut self, _cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        ui.label("Nothing to show yet");
    }
}
