//! Layers one at a time: what each alone can bear while all others stay whole.

use eframe::egui::{self, RichText};

use super::{GAP, LEAST_HEIGHT, Tradeoff, here_ui, point_ui, serve_ui};
use crate::engine::experiment::{EvaluatedOn, SensitivityPoint};
use crate::engine::plot::sensitivity_curves;
use crate::session::{Command, Phase, SensitivityState, format, in_points};
use crate::ui::actions::Action;
use crate::ui::tokens::{self, Tokens};
use crate::ui::views::{ViewCx, WindowRequest};
use crate::ui::widgets::plot::curves_ui;
use crate::ui::widgets::{empty_state, mono, strong, weak};
use crate::ui::words::Say as _;

impl Tradeoff {
    pub(super) fn layers_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        let state = &cx.session.store().sensitivity;
        let is_empty = state.points.is_empty();
        let hint = if is_empty { "" } else { "click a point to take over its recipe" };
        self.toolbar_ui(cx, ui, (state.phase, state.points.len(), state.n_points), hint, |view, ui| {
            view.accuracy_ui(cx, ui);
            if !is_empty {
                try_ui(cx, ui, "Try again");
                take_over_ui(cx, ui);
            }
        });
        if is_empty {
            return nothing_ui(cx, ui, state.phase);
        }
        let on = self.on;
        // While points still come, every chart that will be there has its place already.
        let is_there = |side: &bool| match state.phase {
            Phase::Running => !side || state.base.model.n_graph_steps() > 0,
            _ => state.points.iter().any(|p| p.is_of_edges == *side),
        };
        let sides: Vec<bool> = [true, false].into_iter().filter(is_there).collect();
        let each = (ui.available_height() - GAP * (sides.len() - 1) as f32) / sides.len() as f32;
        for (at, is_of_edges) in sides.into_iter().enumerate() {
            if at > 0 {
                ui.add_space(GAP);
            }
            ui.push_id(is_of_edges, |ui| chart_ui(cx, ui, state, is_of_edges, on, (each - 4.0).max(LEAST_HEIGHT)));
        }
    }
}

/// What a graph step of this network is called; weights are always of layers.
fn step_name(state: &SensitivityState, is_of_edges: bool) -> &'static str {
    if is_of_edges && state.base.model.is_decoupled() { "Hop" } else { "Layer" }
}

fn chart_ui(
    cx: &ViewCx<'_>,
    ui: &mut egui::Ui,
    state: &SensitivityState,
    is_of_edges: bool,
    on: EvaluatedOn,
    height: f32,
) {
    let step_name = step_name(state, is_of_edges);
    let model = cx.session.store().model.as_ref().map_or_else(String::new, |m| format!("{}, ", m.model.title()));
    let subtitle = format!("{model}all others whole");
    let curves = sensitivity_curves(&state.points, is_of_edges, on, step_name, subtitle);
    let side = if is_of_edges { "edges" } else { "weights" };
    let output = curves_ui(ui, cx.tokens, &format!("Layers by {side}"), &curves, height);
    serve_ui(cx, &output, &curves, &format!("layers by {side}"));
    let now = cx.session.store().effective_recipe();
    for (idx, point) in state.points.iter().enumerate().filter(|(_, p)| p.is_of_edges == is_of_edges) {
        let at = [100.0 * point.removed, 100.0 * on.accuracy(&point.result)];
        let name = format!("{step_name} {} {side}, δ {}", point.step + 1, point.delta);
        let Some(response) = point_ui(ui, cx.tokens, &output, at, ("layer", idx), &name, false) else { continue };
        if response.clicked() {
            cx.out.send(Command::LoadLayer(idx));
        }
        response.on_hover_ui_at_pointer(|ui| says(ui, cx.tokens, point, step_name, on));
        let deltas = if is_of_edges { &now.edges.delta } else { &now.weights.delta };
        let is_near = deltas.get(point.step).is_some_and(|d| d.to_bits() == point.delta.to_bits());
        if is_near && point.recipe(&state.base) == now {
            here_ui(ui, cx.tokens, &output, at);
        }
    }
}

/// The tooltip of a point.
fn says(ui: &mut egui::Ui, tokens: &Tokens, point: &SensitivityPoint, step_name: &str, on: EvaluatedOn) {
    let (side, symbol) = if point.is_of_edges { ("edges", "δa") } else { ("weights", "δw") };
    ui.label(strong(format!("{step_name} {} · {side}", point.step + 1)));
    let (now, baseline) = (on.accuracy(&point.result), on.baseline_accuracy(&point.result));
    let rows = [
        (symbol, format::delta(point.delta)),
        ("removed", format::percent(point.removed)),
        (on.title(), format!("{} ({})", format::percent(now), format::points(now - baseline))),
        ("agreement", format::percent(point.result.agreement)),
    ];
    egui::Grid::new("layer").num_columns(2).spacing([14.0, 2.0]).show(ui, |ui| {
        for (name, value) in rows {
            ui.label(weak(tokens, name));
            ui.label(mono(value));
            ui.end_row();
        }
    });
    ui.label(RichText::new("click takes over the recipe").size(tokens::SMALL).color(tokens.text_weak));
}

fn nothing_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, phase: Phase) {
    let is_possible = Action::Sensitivity.is_enabled(cx.session);
    let (title, next) = match (phase, is_possible) {
        (_, false) => ("No layers to try yet", "Open a graph and a model first"),
        (Phase::Running, true) => ("Trying layers", "Points appear as they are computed"),
        (Phase::Failed, true) => ("Trying the layers failed", "The notices say why; change the recipe and try again"),
        (Phase::Cancelled, true) => ("Trying the layers was cancelled", "Nothing had come yet"),
        _ => ("No layer was tried alone yet", "Each layer is pruned at rising thresholds while all others stay whole"),
    };
    empty_state(ui, cx.tokens, title, next);
    if is_possible && phase != Phase::Running {
        ui.vertical_centered(|ui| {
            ui.add_space(8.0);
            try_ui(cx, ui, "Try every layer");
        });
    }
}

/// For every layer what it bears alone.
fn take_over_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui) {
    let store = cx.session.store();
    let is_done = store.sensitivity.phase == Phase::Done;
    let says = format!(
        "For every layer the largest threshold that alone loses at most {} on validation nodes, the limit of the verdict; what all together lose, the verdict says then",
        in_points(store.limit)
    );
    let button = ui.add_enabled(is_done, egui::Button::new("Take over")).on_hover_text(says);
    button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, is_done, "Take over thresholds by layer"));
    if button.clicked() {
        cx.out.send(Command::LoadLayers(store.limit));
    }
}

fn try_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, text: &str) {
    let tip = Action::Sensitivity.tip(ui.words());
    if ui.button(text).on_hover_text(tip).clicked() {
        cx.out.request(WindowRequest::Do(Action::Sensitivity));
    }
}
