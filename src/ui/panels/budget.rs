//! A budget instead of thresholds: what may be lost, what is to be gained, and what was found.

use eframe::egui;

use super::fields::{combo, option, titled};
use crate::engine::experiment::Goal;
use crate::session::Command;
use crate::session::jobs::Lane;
use crate::session::tasks::budget::{answer, asked, says};
use crate::ui::context::ViewCx;
use crate::ui::tokens;
use crate::ui::widgets::{strong, value_row, weak};
use crate::ui::words::Say as _;

/// The block at the head of the recipe panel.
pub(super) fn budget_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>) {
    let (store, words) = (cx.session.store(), ui.words());
    let state = &store.budget;
    let mut budget = state.budget;
    ui.horizontal(|ui| {
        ui.label(strong(words.text("recipe-budget")));
        let label = titled(ui, "recipe-lose-at-most");
        let mut points = 100.0 * budget.lose_at_most;
        let number = egui::DragValue::new(&mut points)
            .range(0.0..=50.0)
            .clamp_existing_to_range(false)
            .speed(0.1)
            .fixed_decimals(1)
            .suffix(words.text("recipe-points-suffix"));
        if ui.add(number.update_while_editing(false)).labelled_by(label.id).changed() {
            budget.lose_at_most = points / 100.0;
        }
    });
    ui.horizontal(|ui| {
        ui.label(words.text("recipe-to-gain-label"));
        combo(ui, "recipe-to-gain", &words.text(goal_key(budget.goal)), |ui| {
            for goal in Goal::ALL {
                option(ui, &mut budget.goal, goal, goal_key(goal));
            }
        });
        let is_busy = cx.session.is_busy(&Lane::Budget);
        let has_both = store.graph.is_some() && store.model.is_some();
        let button = ui
            .add_enabled(
                has_both && !is_busy,
                egui::Button::new(if is_busy { words.text("recipe-looking") } else { words.text("recipe-find") }),
            )
            .on_hover_text(words.text("recipe-find-says"))
            .on_disabled_hover_text(if is_busy {
                words.text("recipe-shares-tried")
            } else {
                words.text("recipe-open-both-first")
            });
        if button.clicked() {
            cx.out.send(Command::FindWithin(budget));
        }
    });
    if budget != state.budget {
        cx.out.send(Command::SetBudget(budget));
    }
    for point in &state.points {
        // Without the sign of a 0.
        let change = 0.0 - (1e3 * point.loss).round() / 10.0;
        let key = if point.is_within { "recipe-point-within" } else { "recipe-point-too-much" };
        let value = words.with(key, &[("change", format!("{change:+.1}").into())]);
        value_row(ui, cx.tokens, &asked(point), &value);
    }
    if let Some(found) = &state.found {
        // Once its run is there, with times and sizes.
        let run = store.runs.iter().rev().find(|entry| store.is_found_within_budget(&entry.run));
        let text = run.map_or_else(|| says(state.asked, found), |entry| answer(state.asked, &entry.run));
        ui.add(egui::Label::new(weak(cx.tokens, text).size(tokens::SMALL)).wrap());
    }
}

fn goal_key(goal: Goal) -> &'static str {
    match goal {
        Goal::Time => "recipe-goal-time",
        Goal::Size => "recipe-goal-size",
        Goal::Entries => "recipe-goal-entries",
    }
}
