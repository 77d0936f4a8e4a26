//! Recipes to begin with: budgets that are looked for on this graph, and thresholds by name.

use eframe::egui;

use crate::engine::experiment::{Budget, Goal};
use crate::engine::sparsify::{Compat, EdgeMode, Identity, Recipe, RecoveryRule, WeightMode};
use crate::session::Command;
use crate::session::defaults::START_DELTA;
use crate::session::jobs::Lane;
use crate::session::words::Words;
use crate::ui::context::ViewCx;
use crate::ui::words::Say as _;

/// Thresholds of both sides by name.
#[derive(Debug, PartialEq)]
pub(super) struct Preset {
    /// Of its name, and of what it sets.
    key: &'static str,
    modes: (EdgeMode, WeightMode),
    /// Of both sides.
    delta: f64,
    recovers: bool,
}

const RELATIVE: (EdgeMode, WeightMode) = (EdgeMode::Relative, WeightMode::Relative);
const TARGET: (EdgeMode, WeightMode) = (EdgeMode::Target, WeightMode::Target);

pub(super) static PRESETS: [Preset; 6] = [
    Preset { key: "recipe-preset-everything", modes: RELATIVE, delta: 0.0, recovers: false },
    Preset { key: "recipe-preset-gentle", modes: RELATIVE, delta: 0.2, recovers: false },
    Preset { key: "recipe-preset-middle", modes: RELATIVE, delta: START_DELTA, recovers: false },
    Preset { key: "recipe-preset-strong", modes: RELATIVE, delta: 1.0, recovers: false },
    Preset { key: "recipe-preset-half", modes: TARGET, delta: 0.5, recovers: false },
    Preset { key: "recipe-preset-recovered", modes: TARGET, delta: 0.9, recovers: true },
];

impl Preset {
    /// What it is called.
    pub(super) fn name(&self, words: &Words) -> String {
        words.text(self.key)
    }

    /// Puts it into a recipe; what it does not speak of stays.
    pub(super) fn apply(&self, recipe: &mut Recipe) {
        (recipe.edges.mode, recipe.weights.mode) = self.modes;
        (recipe.edges.delta, recipe.weights.delta) = (vec![self.delta], vec![self.delta]);
        (recipe.edges.ranking, recipe.weights.ranking) = (None, None);
        if self.recovers {
            (recipe.edges.identity, recipe.compat) = (Identity::SelfLoop, Compat::CLEAN);
            recipe.recovery = Some(RecoveryRule::default());
        } else {
            (recipe.recovery, recipe.channels) = (None, None);
        }
    }
}

/// The menu of both.
pub(super) fn presets_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, recipe: &mut Recipe) {
    let words = ui.words();
    ui.menu_button(words.text("recipe-presets"), |ui| {
        budgets_ui(ui, cx);
        ui.separator();
        for preset in &PRESETS {
            if ui.button(preset.name(words)).on_hover_text(words.hint(preset.key)).clicked() {
                preset.apply(recipe);
                ui.close();
            }
        }
    });
}

/// Budgets by name: points that may be lost for what is to be gained.
const BUDGETS: [(&str, f64); 3] =
    [("recipe-budget-careful", 0.005), ("recipe-budget-balanced", 0.01), ("recipe-budget-bold", 0.02)];

/// Presets that are looked for on this graph: what removes most for so many points.
fn budgets_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>) {
    let (store, words) = (cx.session.store(), ui.words());
    let goal = store.budget.budget.goal;
    let can_look = store.graph.is_some() && store.model.is_some() && !cx.session.is_busy(&Lane::Budget);
    for (key, lose_at_most) in BUDGETS {
        let says = match goal {
            Goal::Time => "recipe-budget-for-time",
            Goal::Size => "recipe-budget-for-size",
            Goal::Entries => "recipe-budget-for-entries",
        };
        // English has one point, and 0.5 points.
        let number = if (lose_at_most - 0.01).abs() < 1e-9 { "one" } else { "other" };
        let points = format!("{}", 100.0 * lose_at_most);
        let says = words.with(says, &[("number", number.into()), ("points", points.into())]);
        if ui.add_enabled(can_look, egui::Button::new(words.text(key))).on_hover_text(says).clicked() {
            cx.out.send(Command::FindWithin(Budget { lose_at_most, goal }));
            ui.close();
        }
    }
}
