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
    let recipe = cx.session.store().effective_recipe();
    let is_one = |deltas: &[f64], delta: f64| match sweep.layer {
        None => deltas.len() == 1 && deltas[0].to_bits() == delta.to_bits(),
        Some(layer) => deltas.get(layer).is_some_and(|own| own.to_bits() == delta.to_bits()),
    };
    let mut points = sweep.points.iter();
    let same = points.find(|p| is_one(&recipe.edges.delta, p.delta_a) && is_one(&recipe.weights.delta, p.delta_w))?;
    (sweep.recipe_of(same) == recipe).then_some(same)
}
