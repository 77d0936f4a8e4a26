//! A budget instead of thresholds: what may be lost, what is to be gained, and what was found.

use eframe::egui;

use super::fields::combo;
use crate::engine::experiment::Goal;
use crate::session::Command;
use crate::session::jobs::Lane;
use crate::session::tasks::budget::{answer, asked, says};
use crate::ui::context::ViewCx;
use crate::ui::tokens;
use crate::ui::widgets::{strong, value_row, weak};

/// The block at the head of the recipe panel.
pub(super) fn budget_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>) {
    let store = cx.session.store();
    let state = &store.budget;
    let mut budget = state.budget;
    ui.horizontal(|ui| {
        ui.label(strong("Budget"));
        let label =
            ui.label("Lose at most").on_hover_text("Points of accuracy that may be lost on the validation nodes");
        let mut points = 100.0 * budget.lose_at_most;
        let number = egui::DragValue::new(&mut points)
            .range(0.0..=50.0)
            .clamp_existing_to_range(false)
            .speed(0.1)
            .fixed_decimals(1)
            .suffix(" points");
        if ui.add(number.update_while_editing(false)).labelled_by(label.id).changed() {
            budget.lose_at_most = points / 100.0;
        }
    });
    ui.horizontal(|ui| {
        ui.label("to gain");
        combo(ui, "To gain", budget.goal.title(), |ui| {
            for goal in Goal::ALL {
                ui.selectable_value(&mut budget.goal, goal, goal.title()).on_hover_text(goal_says(goal));
            }
        });
        let is_busy = cx.session.is_busy(&Lane::Budget);
        let has_both = store.graph.is_some() && store.model.is_some();
        let button = ui
            .add_enabled(has_both && !is_busy, egui::Button::new(if is_busy { "Looking" } else { "Find" }))
            .on_hover_text(
                "Tries more and more with recovery, takes the last over that stays within the budget, and prunes by it",
            )
            .on_disabled_hover_text(if is_busy { "Shares are tried" } else { "Open a graph and a model first" });
        if button.clicked() {
            cx.out.send(Command::FindWithin(budget));
        }
    });
    if budget != state.budget {
        cx.out.send(Command::SetBudget(budget));
    }
    for point in &state.points {
        let mark = if point.is_within { "within" } else { "too much" };
        // Without the sign of a 0.
        let change = 0.0 - (1e3 * point.loss).round() / 10.0;
        let value = format!("{change:+.1} points  {mark}");
        value_row(ui, cx.tokens, &asked(point), &value);
    }
    if let Some(found) = &state.found {
        // Once its run is there, with times and sizes.
        let run = store.runs.iter().rev().find(|entry| store.is_found_within_budget(&entry.run));
        let text = run.map_or_else(|| says(state.asked, found), |entry| answer(state.asked, &entry.run));
        ui.add(egui::Label::new(weak(cx.tokens, text).size(tokens::SMALL)).wrap());
    }
}

fn goal_says(goal: Goal) -> &'static str {
    match goal {
        Goal::Time => "Entries and weights go together",
        Goal::Size => "Weights go, entries stay",
        Goal::Entries => "Entries go, weights stay",
    }
}
