//! What can be done without a model, as buttons.

use eframe::egui::{self, Vec2};

use super::{ViewCx, WindowRequest};
use crate::session::NextStep;
use crate::ui::actions::Action;
use crate::ui::words::Say as _;

/// A button for what can be done without a model, with what it does; nothing for steps that need one.
pub(super) fn next_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, step: NextStep, least: Vec2) {
    let words = ui.words();
    let (name, request) = match step {
        NextStep::Train => (words.text("next-train"), WindowRequest::Do(Action::Train)),
        NextStep::Propagate => (words.text("next-propagate"), WindowRequest::PropagateDialog),
        NextStep::Prune | NextStep::OpenGraph => return,
    };
    if ui.add(egui::Button::new(name).min_size(least)).on_hover_text(step.says()).clicked() {
        cx.out.request(request);
    }
}
