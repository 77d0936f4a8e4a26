//! Runs: the table of finished runs.

use eframe::egui;

use super::{View, ViewCx};

/// The view.
#[derive(Debug, Default)]
pub(super) struct Runs {}

impl View for Runs {
    fn title(&self) -> &'static str {
        "Runs"
    }

    fn ui(&mut self, _cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        ui.label("Nothing to show yet");
    }
}
