//! The points of a sweep: which is the present recipe, and what a click does.

use eframe::egui;

use crate::engine::experiment::SweepPoint;
use crate::session::{Command, SweepState};
use crate::ui::context::ViewCx;

/// A click takes over, shift-click compares.
pub(super) fn take_over(cx: &ViewCx<'_>, ui: &egui::Ui, response: &egui::Response, point: &SweepPoint) {
    if response.clicked() {
        let is_compare = ui.input(|i| i.modifiers.shift);
        cx.out.send(if is_compare { Command::ComparePoint(point.idx) } else { Command::LoadPoint(point.idx) });
    }
}

/// The point whose recipe is the present one.
pub(super) fn here<'a>(cx: &ViewCx<'_>, sweep: &'a SweepState) -> Option<&'a SweepPoint> {
    sweep.point_of(&cx.session.store().effective_recipe())
}
