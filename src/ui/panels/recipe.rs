//! Recipe.

use eframe::egui;

use crate::ui::views::{View, ViewCx};

/// The panel.
#[derive(Debug, Default)]
pub(crate) struct RecipePanel {}

impl View for RecipePanel {
    fn title(&self) -> &'static str {
        "Recipe"
    }

    fn ui(&mut self, _cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        ui.label("Nothing to show yet");
    }
}
