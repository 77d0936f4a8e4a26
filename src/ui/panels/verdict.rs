//! Verdict.

use eframe::egui;

use crate::ui::views::{View, ViewCx};

/// The panel.
#[derive(Debug, Default)]
pub(crate) struct Verdict {}

impl View for Verdict {
    fn title(&self) -> &'static str {
        "Verdict"
    }

    fn ui(&mut self, _cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        ui.label("Nothing to show yet");
    }
}
