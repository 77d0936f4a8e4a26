//! The recipe: sliders that preview at once, and everything else that decides a run.

use eframe::egui;

use super::budget::budget_ui;
use super::fields::{Fold, combo, narrow_combo, option, titled};
use super::presets::presets_ui;
use super::recovery::recovery_ui;
use super::thresholds::{
    Sliders, Touch, WEIGHT_MODES, edge_default, edge_mode_key, edge_modes, edge_scale, set_edge_mode, set_weight_mode,
    weight_default, weight_mode_key, weight_scale,
};
use super::{by_hand, rules, training};
use crate::engine::sparsify::baselines::WeightRanking;
use crate::engine::sparsify::{EdgeMode, HopRule, Identity, Lock, Pruned, Recipe};
use crate::session::words::Words;
use crate::session::{Command, Gesture, Store, format};
use crate::ui::context::{View, ViewCx};
use crate::ui::widgets::strong;
use crate::ui::words::Say as _;

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
        let (store, words) = (cx.session.store(), ui.words());
        let shown = store.plain().or_else(|| store.shown()).map(AsRef::as_ref);
        let network = store.effective_recipe().model;
        let about = store.estimated().map(|e| [e.edges(), e.weights()].map(|removed| removed.sparsity()));
        let effect = |side: usize, exact: fn(&Pruned) -> f64| match about {
            Some(shares) => {
                Some(words.with("recipe-removed-about", &[("share", format::percent(shares[side]).into())]))
            }
            None => {
                shown.map(|run| words.with("recipe-removed", &[("share", format::percent(exact(&run.pruned)).into())]))
            }
        };
        let propagates = network.n_graph_steps() > 0;
        ui.add_space(4.0);
        let before = recipe.edges.mode;
        let mut mode = before;
        ui.horizontal(|ui| {
            title_ui(ui, &words.text("recipe-edges"));
            narrow_combo(ui, "recipe-edge-mode", &words.text(edge_mode_key(mode)), |ui| {
                for &m in edge_modes(network.architecture) {
                    option(ui, &mut mode, m, edge_mode_key(m));
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
            says: words.hint(edge_mode_key(mode)),
            are_hops: network.is_decoupled(),
            n_steps: network.n_graph_steps(),
            scale: edge_scale(mode),
            default: edge_default(mode),
            deltas: &mut recipe.edges.delta,
            effect: effect(0, Pruned::edge_sparsity).filter(|_| propagates),
        };
        let edges = ui.add_enabled_ui(propagates, |ui| ui.push_id("edges", |ui| sliders.ui(ui, cx.tokens)).inner);
        edges.response.on_disabled_hover_text(words.text("recipe-no-propagation"));
        let touch = edges.inner;
        ui.add_space(4.0);
        ui.separator();
        ui.add_space(4.0);
        let mut mode = recipe.weights.mode;
        ui.horizontal(|ui| {
            title_ui(ui, &words.text("recipe-weights"));
            narrow_combo(ui, "recipe-weight-mode", &words.text(weight_mode_key(mode)), |ui| {
                for m in WEIGHT_MODES {
                    option(ui, &mut mode, m, weight_mode_key(m));
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
            says: words.hint(weight_mode_key(mode)),
            are_hops: false,
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
                titled(ui, "recipe-by-hand");
                by_hand::pins_ui(ui, &mut recipe.edges.pins);
            });
        }
        let n_changed = changed.into_iter().filter(|is| *is).count();
        Fold::More.ui(ui, n_changed, |ui| Self::more_ui(ui, store, recipe));
    }

    fn more_ui(ui: &mut egui::Ui, store: &Store, recipe: &mut Recipe) {
        let words = ui.words();
        egui::Grid::new("choices").num_columns(2).spacing([8.0, 4.0]).show(ui, |ui| {
            titled(ui, "recipe-identity");
            let has_attention = store.effective_recipe().model.has("attention");
            let identity = ui.add_enabled_ui(!has_attention, |ui| {
                combo(ui, "recipe-identity", &words.text(identity_key(recipe.edges.identity)), |ui| {
                    for form in [Identity::SelfLoop, Identity::Residual, Identity::ResidualLoop] {
                        option(ui, &mut recipe.edges.identity, form, identity_key(form));
                    }
                });
            });
            identity.response.on_disabled_hover_text(words.text("recipe-identity-attention"));
            ui.end_row();
            titled(ui, "recipe-lock");
            lock_ui(ui, recipe);
            ui.end_row();
            titled(ui, "recipe-split");
            split_ui(ui, store, recipe);
            ui.end_row();
            let label = titled(ui, "recipe-seed");
            ui.add(egui::DragValue::new(&mut recipe.seed).update_while_editing(false)).labelled_by(label.id);
            ui.end_row();
            titled(ui, "recipe-rules");
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
    let words = ui.words();
    let is_mass = recipe.edges.mode == EdgeMode::Mass;
    let lock = &mut recipe.edges.lock;
    ui.add_enabled_ui(!is_mass, |ui| {
        combo(ui, "recipe-lock", &words.text(lock_key(lock)), |ui| {
            for choice in [Lock::None, Lock::Val, Lock::Test] {
                let key = lock_key(&choice);
                option(ui, lock, choice, key);
            }
        });
    })
    .response
    .on_disabled_hover_text(words.text("recipe-lock-mass"));
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
    let words = ui.words();
    combo(ui, "recipe-split", &current, |ui| {
        for name in names {
            let says = match name.as_str() {
                "auto" => "recipe-split-auto",
                n if n.starts_with("stratified") => "recipe-split-stratified",
                _ => "recipe-split-given",
            };
            let text = weak_if(ui, &name, name == "auto");
            ui.selectable_value(&mut recipe.split, name, text).on_hover_text(words.text(says));
        }
    });
}

fn weak_if(ui: &egui::Ui, text: &str, is_weak: bool) -> egui::RichText {
    let text = egui::RichText::new(text);
    if is_weak { text.color(ui.visuals().weak_text_color()) } else { text }
}

fn identity_key(form: Identity) -> &'static str {
    match form {
        Identity::SelfLoop => "recipe-identity-self-loop",
        Identity::Residual => "recipe-identity-residual",
        Identity::ResidualLoop => "recipe-identity-residual-loop",
    }
}

fn lock_key(lock: &Lock) -> &'static str {
    match lock {
        Lock::None => "recipe-lock-none",
        Lock::Val => "recipe-lock-validation",
        Lock::Test => "recipe-lock-test",
        Lock::File(_) => "recipe-lock-file",
    }
}

/// One line for places without room, for example `δa 0.50 · δw 0.20 relative`.
pub(crate) fn summary(words: &Words, recipe: &Recipe) -> String {
    let list = |deltas: &[f64]| match deltas {
        [one] => format::delta(*one),
        [first, .., last] => format!("{}…{}", format::delta(*first), format::delta(*last)),
        [] => format::NONE.to_owned(),
    };
    let (edges, weights) = (edge_mode_key(recipe.edges.mode), weight_mode_key(recipe.weights.mode));
    let [edges, weights] = [edges, weights].map(|key| words.text(key));
    let (delta_a, delta_w) = (list(&recipe.edges.delta), list(&recipe.weights.delta));
    let rules = if edges == weights {
        format!("δa {delta_a} · δw {delta_w} {edges}")
    } else {
        format!("δa {delta_a} {edges} · δw {delta_w} {weights}")
    };
    let (key, n) = match (recipe.recovery.is_some(), recipe.edges.pins.len()) {
        (false, 0) => return rules,
        (true, 0) => return words.with("recipe-summary-recovered", &[("rules", rules.into())]),
        (false, n) => ("recipe-summary-by-hand", n),
        (true, n) => ("recipe-summary-recovered-by-hand", n),
    };
    words.with(key, &[("rules", rules.into()), ("n", n.into())])
}
