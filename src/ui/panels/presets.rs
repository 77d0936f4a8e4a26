//! Recipes to begin with: budgets that are looked for on this graph, and thresholds by name.

use eframe::egui;

use crate::engine::experiment::Budget;
use crate::engine::sparsify::{Compat, EdgeMode, Identity, Recipe, RecoveryRule, WeightMode};
use crate::session::defaults::START_DELTA;
use crate::session::jobs::Lane;
use crate::session::{Command, in_points};
use crate::ui::context::ViewCx;

/// Thresholds of both sides by name.
#[derive(Debug, PartialEq)]
pub(super) struct Preset {
    pub(super) name: &'static str,
    says: &'static str,
    modes: (EdgeMode, WeightMode),
    /// Of both sides.
    delta: f64,
    recovers: bool,
}

const RELATIVE: (EdgeMode, WeightMode) = (EdgeMode::Relative, WeightMode::Relative);
const TARGET: (EdgeMode, WeightMode) = (EdgeMode::Target, WeightMode::Target);

pub(super) static PRESETS: [Preset; 6] = [
    Preset {
        name: "Keep everything",
        says: "δ = 0: exactly the unpruned model",
        modes: RELATIVE,
        delta: 0.0,
        recovers: false,
    },
    Preset {
        name: "As published, gentle",
        says: "Relative 0.2 on both sides",
        modes: RELATIVE,
        delta: 0.2,
        recovers: false,
    },
    Preset {
        name: "As published, middle",
        says: "Relative 0.5 on both sides, the authors' middle",
        modes: RELATIVE,
        delta: START_DELTA,
        recovers: false,
    },
    Preset {
        name: "As published, strong",
        says: "Relative 1.0 on both sides",
        modes: RELATIVE,
        delta: 1.0,
        recovers: false,
    },
    Preset {
        name: "Half of everything",
        says: "Target 50 % of entries and weights",
        modes: TARGET,
        delta: 0.5,
        recovers: false,
    },
    Preset {
        name: "Recovered 90 / 90",
        says: "Target 90 % of entries and weights; what is kept is fitted to the unpruned model, on this graph alone",
        modes: TARGET,
        delta: 0.9,
        recovers: true,
    },
];

impl Preset {
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
    ui.menu_button("Presets ▼", |ui| {
        budgets_ui(ui, cx);
        ui.separator();
        for preset in &PRESETS {
            if ui.button(preset.name).on_hover_text(preset.says).clicked() {
                preset.apply(recipe);
                ui.close();
            }
        }
    });
}

/// Budgets by name: points that may be lost for what is to be gained.
const BUDGETS: [(&str, f64); 3] = [("Careful", 0.005), ("Balanced", 0.01), ("Bold", 0.02)];

/// Presets that are looked for on this graph: what removes most for so many points.
fn budgets_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>) {
    let store = cx.session.store();
    let goal = store.budget.budget.goal;
    let can_look = store.graph.is_some() && store.model.is_some() && !cx.session.is_busy(&Lane::Budget);
    for (name, lose_at_most) in BUDGETS {
        let says = format!(
            "Finds what removes most while at most {} are lost on validation nodes, for {}, and prunes by it",
            in_points(lose_at_most),
            goal.title().to_lowercase()
        );
        let button = egui::Button::new(format!("{name}: lose at most {}", in_points(lose_at_most)));
        if ui.add_enabled(can_look, button).on_hover_text(says).clicked() {
            cx.out.send(Command::FindWithin(Budget { lose_at_most, goal }));
            ui.close();
        }
    }
}
