//! Trade-off: accuracy, time and operations against sparsity.

use eframe::egui;

use super::{View, ViewCx};

/// The view.
#[derive(Debug, Default)]
pub(super) struct Tradeoff {}

impl View for Tradeoff {
    fn title(&self) -> &'static str {
        "Trade-off"
    }

    fn ui(&mut self, _cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        ui.label("Nothing to show yet");
    }
}
