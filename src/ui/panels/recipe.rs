//! The recipe: sliders that preview at once, and everything else that decides a run.

use eframe::egui;

use super::budget::budget_ui;
use super::fields::{Fold, combo, narrow_combo};
use super::presets::presets_ui;
use super::recovery::recovery_ui;
use super::thresholds::{
    Sliders, Touch, WEIGHT_MODES, edge_default, edge_mode_text, edge_modes, edge_scale, set_edge_mode, set_weight_mode,
    weight_default, weight_mode_text, weight_scale,
};
use super::{by_hand, rules, training};
use crate::engine::sparsify::baselines::WeightRanking;
use crate::engine::sparsify::{EdgeMode, HopRule, Identity, Lock, Pruned, Recipe};
use crate::session::{Command, Gesture, Store, format};
use crate::ui::context::{View, ViewCx};
use crate::ui::widgets::strong;

/// The panel; it holds only which gesture is under way, and what is being typed.
#[derive(Debug, Default)]
pub(crate) struct RecipePanel {
    n_gestures: u64,
    last: Option<(Touch, f64)>,
    typed: Option<String>,
}

impl View for RecipePanel {
    fn ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        let store = cx.session.store();
        let mut recipe = store.effective_recipe();
        // The network is edited as wished; runs take the open model's.
        recipe.model = store.recipe.model.clone();
        let before = recipe.clone();
        egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            ui.add_enabled_ui(store.graph.is_some(), |ui| {
                budget_ui(ui, cx);
                let touch = Self::rules_ui(cx, ui, &mut recipe);
                Self::choices_ui(ui, store, &mut recipe);
                training::settings_ui(ui, cx, &mut recipe, &mut self.typed);
                self.send(cx, ui, before, recipe, touch);
            });
        });
    }
}

impl RecipePanel {
    /// Both sides; answers how a slider was changed.
    fn rules_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, recipe: &mut Recipe) -> Option<Touch> {
        let store = cx.session.store();
        let shown = store.plain().or_else(|| store.shown()).map(AsRef::as_ref);
        let network = store.effective_recipe().model;
        let about = store.estimated().map(|e| [e.edges(), e.weights()].map(|removed| removed.sparsity()));
        let effect = |side: usize, exact: fn(&Pruned) -> f64| match about {
            Some(shares) => Some(format!("removed {} (about)", format::percent(shares[side]))),
            None => shown.map(|r| format!("removed {}", format::percent(exact(&r.pruned)))),
        };
        let propagates = network.n_graph_steps() > 0;
        ui.add_space(4.0);
        let before = recipe.edges.mode;
        let mut mode = before;
        ui.horizontal(|ui| {
            title_ui(ui, "Edges");
            narrow_combo(ui, "Edge mode", edge_mode_text(mode).0, |ui| {
                for &m in edge_modes(network.architecture) {
                    let (name, says) = edge_mode_text(m);
                    ui.selectable_value(&mut mode, m, name).on_hover_text(says);
                }
            });
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| presets_ui(ui, cx, recipe));
        });
        // A preset that was just chosen has its own.
        let mode = if recipe.edges.mode == before { mode } else { recipe.edges.mode };
        if mode != recipe.edges.mode {
            set_edge_mode(recipe, mode, shown);
        }
        rules::edge_ranking_ui(ui, cx.tokens, recipe);
        let sliders = Sliders {
            symbol: "δa",
            says: edge_mode_text(mode).1,
            steps_are: if network.is_decoupled() { "hops" } else { "layers" },
            n_steps: network.n_graph_steps(),
            scale: edge_scale(mode),
            default: edge_default(mode),
            deltas: &mut recipe.edges.delta,
            effect: effect(0, Pruned::edge_sparsity).filter(|_| propagates),
        };
        let edges = ui.add_enabled_ui(propagates, |ui| ui.push_id("edges", |ui| sliders.ui(ui, cx.tokens)).inner);
        edges.response.on_disabled_hover_text("This network propagates over no graph: there are no entries to remove");
        let touch = edges.inner;
        ui.add_space(4.0);
        ui.separator();
        ui.add_space(4.0);
        let mut mode = recipe.weights.mode;
        ui.horizontal(|ui| {
            title_ui(ui, "Weights");
            narrow_combo(ui, "Weight mode", weight_mode_text(mode).0, |ui| {
                for m in WEIGHT_MODES {
                    let (name, says) = weight_mode_text(m);
                    ui.selectable_value(&mut mode, m, name).on_hover_text(says);
                }
            });
        });
        if mode != recipe.weights.mode {
            set_weight_mode(recipe, mode, shown);
        }
        rules::weight_ranking_ui(ui, cx.tokens, recipe);
        let is_over_all = recipe.weights.ranking == Some(WeightRanking::MagnitudeGlobal);
        let sliders = Sliders {
            symbol: "δw",
            says: weight_mode_text(mode).1,
            steps_are: "layers",
            n_steps: if is_over_all { 1 } else { network.layers },
            scale: weight_scale(mode),
            default: weight_default(mode),
            deltas: &mut recipe.weights.delta,
            effect: effect(1, Pruned::weight_sparsity),
        };
        let weights = ui.push_id("weights", |ui| sliders.ui(ui, cx.tokens)).inner;
        ui.add_space(4.0);
        ui.separator();
        recovery_ui(ui, cx, recipe);
        ui.add_space(4.0);
        ui.separator();
        touch.or(weights)
    }

    /// What is rarely changed.
    fn choices_ui(ui: &mut egui::Ui, store: &Store, recipe: &mut Recipe) {
        let usual = Recipe::default();
        let changed = [
            recipe.edges.identity != usual.edges.identity,
            recipe.edges.lock != usual.edges.lock,
            recipe.split != usual.split,
            recipe.seed != usual.seed,
            recipe.compat != usual.compat,
            recipe.propagation != usual.propagation,
            recipe.precision != usual.precision,
        ];
        if recipe.edges.mode == EdgeMode::Mass {
            // Pushes walk no embedding.
            recipe.propagation = HopRule::default();
        }
        if !recipe.edges.pins.is_empty() {
            ui.horizontal(|ui| {
                ui.label("By hand").on_hover_text("Entries that are kept or removed whatever the thresholds say");
                by_hand::pins_ui(ui, &mut recipe.edges.pins);
            });
        }
        let n_changed = changed.into_iter().filter(|is| *is).count();
        Fold::More.ui(ui, n_changed, |ui| Self::more_ui(ui, store, recipe));
    }

    fn more_ui(ui: &mut egui::Ui, store: &Store, recipe: &mut Recipe) {
        egui::Grid::new("choices").num_columns(2).spacing([8.0, 4.0]).show(ui, |ui| {
            ui.label("Identity").on_hover_text("What a node keeps of itself; its self-loop is never removed");
            let has_attention = store.effective_recipe().model.has("attention");
            let identity = ui.add_enabled_ui(!has_attention, |ui| {
                combo(ui, "Identity", identity_text(recipe.edges.identity).0, |ui| {
                    for form in [Identity::SelfLoop, Identity::Residual, Identity::ResidualLoop] {
                        let (name, says) = identity_text(form);
                        ui.selectable_value(&mut recipe.edges.identity, form, name).on_hover_text(says);
                    }
                });
            });
            identity.response.on_disabled_hover_text("Attention weighs a node's self-loop like any other entry");
            ui.end_row();
            ui.label("Lock").on_hover_text("Which nodes keep all their incoming entries");
            lock_ui(ui, recipe);
            ui.end_row();
            ui.label("Split").on_hover_text("Which nodes train, validate and test");
            split_ui(ui, store, recipe);
            ui.end_row();
            let label =
                ui.label("Seed").on_hover_text("Seed of initial weights, dropout, batches and generated splits");
            ui.add(egui::DragValue::new(&mut recipe.seed).update_while_editing(false)).labelled_by(label.id);
            ui.end_row();
            ui.label("Rules").on_hover_text("Clean mathematics, or the authors' code with its quirks");
            rules::compat_ui(ui, recipe);
            ui.end_row();
            rules::precision_ui(ui, recipe, &store.effective_recipe());
        });
        ui.add_space(2.0);
        rules::quirks_ui(ui, recipe);
    }

    fn send(&mut self, cx: &ViewCx<'_>, ui: &egui::Ui, before: Recipe, recipe: Recipe, touch: Option<Touch>) {
        let now = ui.input(|i| i.time);
        if !ui.input(|i| i.pointer.primary_down()) {
            self.last = self.last.filter(|(touch, _)| *touch != Touch::Drag);
        }
        if recipe == before {
            return;
        }
        let touch = touch.unwrap_or(Touch::Set);
        let goes_on = match (self.last, touch) {
            (Some((Touch::Drag, _)), Touch::Drag) => true,
            (Some((Touch::Step, at)), Touch::Step) => now - at < BURST_SECS,
            _ => false,
        };
        if !goes_on {
            self.n_gestures += 1;
        }
        self.last = Some((touch, now));
        let gesture = (touch != Touch::Set).then_some(Gesture { by: "recipe", n: self.n_gestures });
        cx.out.send(Command::SetRecipe(Box::new(recipe), gesture));
    }
}

/// Keys and notches of the wheel that follow each other within this time are one step to undo, seconds.
const BURST_SECS: f64 = 0.8;

/// The name of a side, as wide as the other's, so that what follows stands in line.
fn title_ui(ui: &mut egui::Ui, title: &str) {
    const WIDTH: f32 = 62.0;
    let begin = ui.cursor().left();
    ui.label(strong(title));
    ui.add_space((begin + WIDTH - ui.cursor().left()).max(0.0));
}

fn lock_ui(ui: &mut egui::Ui, recipe: &mut Recipe) {
    let is_mass = recipe.edges.mode == EdgeMode::Mass;
    let lock = &mut recipe.edges.lock;
    ui.add_enabled_ui(!is_mass, |ui| {
        combo(ui, "Lock", lock_text(lock), |ui| {
            for choice in [Lock::None, Lock::Val, Lock::Test] {
                let (says, name) = (lock_says(&choice), lock_text(&choice));
                ui.selectable_value(lock, choice, name).on_hover_text(says);
            }
        });
    })
    .response
    .on_disabled_hover_text("Mass mode knows no locked nodes");
}

fn split_ui(ui: &mut egui::Ui, store: &Store, recipe: &mut Recipe) {
    let stratified = format!("stratified:50/25/25@{}", recipe.seed);
    let mut names = vec!["auto".to_owned()];
    if let Some(graph) = &store.graph {
        names.extend(graph.dataset.splits().iter().map(|s| s.name.clone()));
    }
    if !names.contains(&stratified) {
        names.push(stratified);
    }
    let current = recipe.split.clone();
    combo(ui, "Split", &current, |ui| {
        for name in names {
            let says = match name.as_str() {
                "auto" => "The graph's own split, else a stratified one",
                n if n.starts_with("stratified") => "Every class in proportion, shuffled with the seed",
                _ => "A split that came with the graph",
            };
            let text = weak_if(ui, &name, name == "auto");
            ui.selectable_value(&mut recipe.split, name, text).on_hover_text(says);
        }
    });
}

fn weak_if(ui: &egui::Ui, text: &str, is_weak: bool) -> egui::RichText {
    let text = egui::RichText::new(text);
    if is_weak { text.color(ui.visuals().weak_text_color()) } else { text }
}

fn identity_text(form: Identity) -> (&'static str, &'static str) {
    match form {
        Identity::SelfLoop => ("self-loop", "Its self-loop T[u,u], never removed; at δ = 0 exactly the baseline"),
        Identity::Residual => ("residual", "Itself with weight 1 instead of its self-loop (paper, Algorithm 1)"),
        Identity::ResidualLoop => {
            ("residual-loop", "Itself with weight 1 and its self-loop too (the authors' propagation)")
        }
    }
}

fn lock_text(lock: &Lock) -> &'static str {
    match lock {
        Lock::None => "none",
        Lock::Val => "validation nodes",
        Lock::Test => "test nodes",
        Lock::File(_) => "file",
    }
}

fn lock_says(lock: &Lock) -> &'static str {
    match lock {
        Lock::None => "What is reported is what production gets",
        Lock::Val | Lock::Test => {
            "Unmasked evaluation, the authors' protocol: entries into these nodes are kept; accuracy is then not that of production"
        }
        Lock::File(_) => "Nodes of a file, one id per line",
    }
}

/// One line for places without room, for example `δa 0.50 · δw 0.20 relative`.
pub(crate) fn summary(recipe: &Recipe) -> String {
    let list = |deltas: &[f64]| match deltas {
        [one] => format::delta(*one),
        [first, .., last] => format!("{}…{}", format::delta(*first), format::delta(*last)),
        [] => format::NONE.to_owned(),
    };
    let (edges, weights) = (edge_mode_text(recipe.edges.mode).0, weight_mode_text(recipe.weights.mode).0);
    let (delta_a, delta_w) = (list(&recipe.edges.delta), list(&recipe.weights.delta));
    let recovered = if recipe.recovery.is_some() { ", recovered" } else { "" };
    let by_hand = recipe.edges.pins.len();
    let by_hand = if by_hand > 0 { format!(", {by_hand} by hand") } else { String::new() };
    if edges == weights {
        format!("δa {delta_a} · δw {delta_w} {edges}{recovered}{by_hand}")
    } else {
        format!("δa {delta_a} {edges} · δw {delta_w} {weights}{recovered}{by_hand}")
    }
}
