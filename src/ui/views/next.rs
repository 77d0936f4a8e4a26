//! What can be done without a model, as buttons.

use eframe::egui::{self, Vec2};

use super::{ViewCx, WindowRequest};
use crate::session::NextStep;
use crate::ui::actions::Action;

/// A button for what can be done without a model, with what it does; nothing for steps that need one.
pub(super) fn next_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, step: NextStep, least: Vec2) {
    let (name, request) = match step {
        NextStep::Train => ("Train a model", WindowRequest::Do(Action::Train)),
        NextStep::Propagate => ("Propagate the graph alone…", WindowRequest::PropagateDialog),
        NextStep::Prune | NextStep::OpenGraph => return,
    };
    if ui.add(egui::Button::new(name).min_size(least)).on_hover_text(step.says()).clicked() {
        cx.out.request(request);
    }
}
