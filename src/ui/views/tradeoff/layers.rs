//! Layers one at a time: what each alone can bear while all others stay whole.

use eframe::egui::{self, RichText};

use super::{GAP, LEAST_HEIGHT, Tradeoff, here_ui, point_ui, serve_ui};
use crate::engine::experiment::{EvaluatedOn, SensitivityPoint};
use crate::engine::model::StepKind;
use crate::engine::plot::{CurveStyle, Curves, sensitivity_curves};
use crate::session::trial_words::{evaluated_on, metric_title, points_say, side_key, step_key, step_title};
use crate::session::words::{Language, Words};
use crate::session::{Command, Phase, SensitivityState, format};
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
        let words = cx.session.words();
        let hint = if is_empty { String::new() } else { words.text("tradeoff-click") };
        self.toolbar_ui(cx, ui, (state.phase, state.points.len(), state.n_points), &hint, |view, ui| {
            view.accuracy_ui(cx, ui);
            if !is_empty {
                try_ui(cx, ui, "tradeoff-layers-try-again");
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
fn step_kind(state: &SensitivityState, is_of_edges: bool) -> StepKind {
    if is_of_edges && state.base.model.is_decoupled() { StepKind::Hop } else { StepKind::Convolution }
}

/// Below the title.
fn subtitle(model: Option<&str>, words: &Words) -> String {
    model.map_or_else(
        || words.text("tradeoff-layers-subtitle"),
        |model| words.with("tradeoff-layers-subtitle-of", &[("model", model.to_owned().into())]),
    )
}

/// The curves with the names that a person reads.
fn in_words(mut curves: Curves, state: &SensitivityState, is_of_edges: bool, on: EvaluatedOn, words: &Words) -> Curves {
    let kind = step_kind(state, is_of_edges);
    let metric =
        state.points.iter().find(|p| p.is_of_edges == is_of_edges).map(|p| p.result.metric).unwrap_or_default();
    let names = [("side", side_key(is_of_edges).into()), ("step", step_key(kind).into())];
    curves.title = words.with("tradeoff-layers-title", &names);
    curves.x.name = words.with("tradeoff-layers-axis", &names);
    let measured = [("part", evaluated_on(on, words).into()), ("metric", metric_title(metric, words).into())];
    curves.y.name = words.with("tradeoff-axis-score-on", &measured);
    // One for every step, in their order, then the baseline.
    for (at, curve) in curves.series.iter_mut().enumerate() {
        let is_baseline = curve.style == CurveStyle::Dashed;
        curve.name = if is_baseline { words.text("tradeoff-curve-unpruned") } else { step_title(kind, at, words) };
    }
    curves
}

fn chart_ui(
    cx: &ViewCx<'_>,
    ui: &mut egui::Ui,
    state: &SensitivityState,
    is_of_edges: bool,
    on: EvaluatedOn,
    height: f32,
) {
    let (words, kind, side) = (cx.session.words(), step_kind(state, is_of_edges), side_key(is_of_edges));
    let model = cx.session.store().model.as_ref().map(|m| m.model.title());
    let curves_of = |words: &Words| {
        let step = if kind == StepKind::Hop { "Hop" } else { "Layer" };
        sensitivity_curves(&state.points, is_of_edges, on, step, subtitle(model.as_deref(), words))
    };
    let curves = in_words(curves_of(words), state, is_of_edges, on, words);
    let name = words.with("tradeoff-layers-chart", &[("side", side.into())]);
    let output = curves_ui(ui, cx.tokens, &name, &curves, height);
    serve_ui(cx, &output, || curves_of(Words::of(Language::English)), &format!("layers by {side}"));
    let now = cx.session.store().effective_recipe();
    for (idx, point) in state.points.iter().enumerate().filter(|(_, p)| p.is_of_edges == is_of_edges) {
        let at = [100.0 * point.removed, 100.0 * on.accuracy(&point.result)];
        let step = step_title(kind, point.step, words);
        let names = [("side", side.into()), ("step", step.clone().into()), ("delta", point.delta.to_string().into())];
        let name = words.with("tradeoff-layers-point", &names);
        let Some(response) = point_ui(ui, cx.tokens, &output, at, ("layer", idx), &name, false) else { continue };
        if response.clicked() {
            cx.out.send(Command::LoadLayer(idx));
        }
        response.on_hover_ui_at_pointer(|ui| says(ui, cx.tokens, point, step, on));
        let deltas = if is_of_edges { &now.edges.delta } else { &now.weights.delta };
        let is_near = deltas.get(point.step).is_some_and(|d| d.to_bits() == point.delta.to_bits());
        if is_near && point.recipe(&state.base) == now {
            here_ui(ui, cx.tokens, &output, at);
        }
    }
}

/// The tooltip of a point.
fn says(ui: &mut egui::Ui, tokens: &Tokens, point: &SensitivityPoint, step: String, on: EvaluatedOn) {
    let words = ui.words();
    let symbol = if point.is_of_edges { "δa" } else { "δw" };
    let names = [("side", side_key(point.is_of_edges).into()), ("step", step.into())];
    ui.label(strong(words.with("tradeoff-layers-heading", &names)));
    let (now, baseline) = (on.accuracy(&point.result), on.baseline_accuracy(&point.result));
    let rows = [
        (symbol.to_owned(), format::delta(point.delta)),
        (words.text("tradeoff-row-removed"), format::percent(point.removed)),
        (evaluated_on(on, words), format!("{} ({})", format::percent(now), format::points(now - baseline))),
        (words.text("tradeoff-row-agreement"), format::percent(point.result.agreement)),
    ];
    egui::Grid::new("layer").num_columns(2).spacing([14.0, 2.0]).show(ui, |ui| {
        for (name, value) in rows {
            ui.label(weak(tokens, name));
            ui.label(mono(value));
            ui.end_row();
        }
    });
    ui.label(RichText::new(words.text("tradeoff-click-recipe")).size(tokens::SMALL).color(tokens.text_weak));
}

fn nothing_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, phase: Phase) {
    let is_possible = Action::Sensitivity.is_enabled(cx.session);
    let (title, next) = match (phase, is_possible) {
        (_, false) => ("tradeoff-layers-nothing", "tradeoff-open-first"),
        (Phase::Running, true) => ("tradeoff-layers-running", "tradeoff-points-appear"),
        (Phase::Failed, true) => ("tradeoff-layers-failed", "tradeoff-change-recipe"),
        (Phase::Cancelled, true) => ("tradeoff-layers-cancelled", "tradeoff-nothing-came"),
        _ => ("tradeoff-layers-none", "tradeoff-layers-next"),
    };
    let words = cx.session.words();
    empty_state(ui, cx.tokens, &words.text(title), &words.text(next));
    if is_possible && phase != Phase::Running {
        ui.vertical_centered(|ui| {
            ui.add_space(8.0);
            try_ui(cx, ui, "tradeoff-layers-try");
        });
    }
}

/// For every layer what it bears alone.
fn take_over_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui) {
    let (store, words) = (cx.session.store(), cx.session.words());
    let is_done = store.sensitivity.phase == Phase::Done;
    let says = words.with("tradeoff-layers-take-says", &[("points", points_say(store.limit, words).into())]);
    let button = egui::Button::new(words.text("tradeoff-layers-take"));
    let button = ui.add_enabled(is_done, button).on_hover_text(says);
    let name = words.text("tradeoff-layers-take-name");
    button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, is_done, &name));
    if button.clicked() {
        cx.out.send(Command::LoadLayers(store.limit));
    }
}

fn try_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, key: &str) {
    let words = cx.session.words();
    let tip = Action::Sensitivity.tip(words);
    if ui.button(words.text(key)).on_hover_text(tip).clicked() {
        cx.out.request(WindowRequest::Do(Action::Sensitivity));
    }
}
