//! Training: curves by epoch, live.

use eframe::egui;

use super::{View, ViewCx};

/// The view.
#[derive(Debug, Default)]
pub(super) struct TrainingView {}

impl View for TrainingView {
    fn title(&self) -> &'static str {
        "Training"
    }

    fn ui(&mut self, _cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        ui.label("Nothing to show yet");
    }
}
