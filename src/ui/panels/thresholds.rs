//! The sliders of one side of the recipe, and what a threshold means in each mode.

use eframe::egui;

use crate::engine::experiment::Run;
use crate::engine::model::{Architecture, Family};
use crate::engine::sparsify::{EdgeMode, Recipe, WeightMode};
use crate::session::format;
use crate::ui::tokens::Tokens;
use crate::ui::widgets::{DeltaScale, DeltaSlider, mono, weak};
use crate::ui::words::Say as _;

/// Room for the number behind a slider.
const NUMBER_WIDTH: f32 = 58.0;
/// Thresholds of one side beyond this many are shown as one slider each only on request.
const LABEL_WIDTH: f32 = 30.0;

/// The key of one edge mode's words.
pub(super) fn edge_mode_key(mode: EdgeMode) -> &'static str {
    match mode {
        EdgeMode::Absolute => "recipe-edges-absolute",
        EdgeMode::Relative => "recipe-edges-relative",
        EdgeMode::Mass => "recipe-edges-mass",
        EdgeMode::Target => "recipe-edges-target",
    }
}

/// The key of one weight mode's words.
pub(super) fn weight_mode_key(mode: WeightMode) -> &'static str {
    match mode {
        WeightMode::Absolute => "recipe-weights-absolute",
        WeightMode::Relative => "recipe-weights-relative",
        WeightMode::Target => "recipe-weights-target",
    }
}

/// The edge modes a family knows.
pub(super) fn edge_modes(family: Family) -> &'static [EdgeMode] {
    if Architecture::new(family).is_decoupled() {
        &[EdgeMode::Relative, EdgeMode::Absolute, EdgeMode::Mass, EdgeMode::Target]
    } else {
        &[EdgeMode::Relative, EdgeMode::Absolute, EdgeMode::Target]
    }
}

/// All weight modes.
pub(super) const WEIGHT_MODES: [WeightMode; 3] = [WeightMode::Relative, WeightMode::Absolute, WeightMode::Target];

pub(super) fn edge_scale(mode: EdgeMode) -> DeltaScale {
    match mode {
        EdgeMode::Relative => DeltaScale::Log { from: 1e-2, to: 10.0 },
        EdgeMode::Absolute => DeltaScale::Log { from: 1e-5, to: 10.0 },
        EdgeMode::Mass => DeltaScale::Log { from: 1e-8, to: 1e-2 },
        EdgeMode::Target => DeltaScale::Linear { to: 1.0 },
    }
}

pub(super) fn weight_scale(mode: WeightMode) -> DeltaScale {
    match mode {
        WeightMode::Relative => DeltaScale::Log { from: 1e-2, to: 10.0 },
        WeightMode::Absolute => DeltaScale::Log { from: 1e-5, to: 10.0 },
        WeightMode::Target => DeltaScale::Linear { to: 1.0 },
    }
}

/// Where a double-click on a slider goes: the authors' middle setting, or the like in other modes.
pub(super) fn edge_default(mode: EdgeMode) -> f64 {
    match mode {
        EdgeMode::Relative | EdgeMode::Target => 0.5,
        EdgeMode::Absolute => 0.01,
        EdgeMode::Mass => 1e-5,
    }
}

/// See [`edge_default`].
pub(super) fn weight_default(mode: WeightMode) -> f64 {
    match mode {
        WeightMode::Relative | WeightMode::Target => 0.5,
        WeightMode::Absolute => 0.1,
    }
}

/// Changes the edge mode so that about the same entries go, where the shown run tells how.
pub(super) fn set_edge_mode(recipe: &mut Recipe, mode: EdgeMode, run: Option<&Run>) {
    let traces: Vec<_> = run.iter().flat_map(|r| &r.pruned.steps).filter_map(|s| s.edges.as_ref()).collect();
    let value = |step: usize| {
        let trace = traces.get(step)?;
        match mode {
            EdgeMode::Absolute => Some(trace.delta),
            EdgeMode::Relative => (trace.mean_message > 0.0).then(|| trace.delta / trace.mean_message),
            EdgeMode::Target => Some(trace.sparsity()),
            EdgeMode::Mass => None,
        }
    };
    // A mass threshold is no threshold on message norms, nor is a place in another ranking: there is nothing to carry over.
    let is_known = recipe.edges.mode != EdgeMode::Mass && recipe.edges.ranking.is_none();
    let delta =
        |step: usize| value(step).filter(|v| is_known && v.is_finite()).map_or_else(|| edge_default(mode), rounded);
    recipe.edges.delta = (0..recipe.edges.delta.len()).map(delta).collect();
    recipe.edges.mode = mode;
    if mode != EdgeMode::Target {
        recipe.edges.ranking = None;
    }
}

/// Changes the weight mode; a target keeps the share that goes now.
pub(super) fn set_weight_mode(recipe: &mut Recipe, mode: WeightMode, run: Option<&Run>) {
    let traces: Vec<_> = run.iter().flat_map(|r| &r.pruned.steps).filter_map(|s| s.weights.first()).collect();
    let value = |layer: usize| match mode {
        WeightMode::Target => traces.get(layer).map(|t| rounded(t.sparsity())),
        WeightMode::Absolute | WeightMode::Relative => None,
    };
    let delta = |layer: usize| value(layer).unwrap_or_else(|| weight_default(mode));
    recipe.weights.delta = (0..recipe.weights.delta.len()).map(delta).collect();
    recipe.weights.mode = mode;
    if mode != WeightMode::Target {
        recipe.weights.ranking = None;
    }
}

fn rounded(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}

/// How a recipe was changed; it decides what is one step to undo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Touch {
    /// A drag: one step until the button is released.
    Drag,
    /// A key or a notch of the wheel: one step as long as they follow each other.
    Step,
    /// A choice or a typed number: a step of its own.
    Set,
}

/// One side's sliders: one for all steps, or one each.
pub(super) struct Sliders<'a> {
    /// `δa` or `δw`.
    pub(super) symbol: &'static str,
    /// What a value means now, in a sentence.
    pub(super) says: String,
    /// Whether its steps are hops, not layers.
    pub(super) are_hops: bool,
    /// How many values there may be.
    pub(super) n_steps: usize,
    pub(super) scale: DeltaScale,
    pub(super) default: f64,
    pub(super) deltas: &'a mut Vec<f64>,
    /// Under the first slider: what it removes now.
    pub(super) effect: Option<String>,
}

impl Sliders<'_> {
    /// Draws them; answers how they were changed, if they were.
    pub(super) fn ui(self, ui: &mut egui::Ui, tokens: &Tokens) -> Option<Touch> {
        let Self { symbol, says, are_hops, n_steps, scale, default, deltas, effect } = self;
        let words = ui.words();
        let mut changed = None;
        let is_single = deltas.len() == 1;
        for (i, delta) in deltas.iter_mut().enumerate() {
            let name = if is_single { symbol.to_owned() } else { format!("{symbol} {}", i + 1) };
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 4.0;
                ui.allocate_ui_with_layout(
                    egui::vec2(LABEL_WIDTH, ui.spacing().interact_size.y),
                    egui::Layout::left_to_right(egui::Align::Center),
                    |ui| {
                        ui.set_min_width(LABEL_WIDTH);
                        ui.label(mono(name.as_str())).on_hover_text(says.as_str());
                    },
                );
                let slider = DeltaSlider::new(delta, scale, &name).default_value(default);
                let response = slider.ui(ui, tokens, NUMBER_WIDTH + 6.0);
                if response.changed() {
                    changed = Some(if response.dragged() { Touch::Drag } else { Touch::Step });
                }
                // Once it is in use, the explanation would cover what changes.
                if !response.has_focus() {
                    response.on_hover_text(words.with("recipe-slider-hint", &[("says", says.as_str().into())]));
                }
                let number = egui::DragValue::new(delta)
                    .range(scale.range())
                    .clamp_existing_to_range(false)
                    .speed(0.0)
                    .update_while_editing(false)
                    .custom_formatter(|v, _| format::delta(v));
                let number = ui.add_sized([NUMBER_WIDTH, ui.spacing().interact_size.y], number);
                number.widget_info(|| {
                    let name = words.with("recipe-slider-number", &[("name", name.as_str().into())]);
                    egui::WidgetInfo::labeled(egui::Role::SpinButton, true, name)
                });
                if number.changed() {
                    changed = Some(Touch::Set);
                }
                number.on_hover_text(says.as_str());
            });
        }
        ui.horizontal(|ui| {
            let mut is_each = !is_single;
            let is_possible = n_steps > 1;
            let text = match (is_possible, are_hops) {
                (false, _) => words.text("recipe-one-for-all"),
                (true, false) => words.with("recipe-each-layer", &[("n", n_steps.into())]),
                (true, true) => words.with("recipe-each-hop", &[("n", n_steps.into())]),
            };
            let tip = if are_hops { "recipe-one-or-each-hop" } else { "recipe-one-or-each-layer" };
            let tip = words.with(tip, &[("symbol", symbol.into())]);
            let name = format!("{symbol}: {text}");
            let each = ui.add_enabled(is_possible, egui::Checkbox::new(&mut is_each, text));
            each.widget_info(|| egui::WidgetInfo::selected(egui::Role::CheckBox, is_possible, !is_single, &name));
            if each.on_hover_text(tip).changed() {
                let first = deltas.first().copied().unwrap_or(0.0);
                *deltas = if is_each { vec![first; n_steps] } else { vec![first] };
                changed = Some(Touch::Set);
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if let Some(effect) = effect {
                    ui.label(weak(tokens, effect));
                }
            });
        });
        changed
    }
}
