//! Methods side by side: accuracy against what each really removed, with the spread over seeds.

use eframe::egui::{self, RichText, vec2};

use super::{GAP, LEAST_HEIGHT, Tradeoff, choices, here_ui, point_ui, serve_ui};
use crate::engine::experiment::{ComparePoint, CompareSummary, EvaluatedOn, best_rival, summarise};
use crate::engine::plot::MethodsFigure;
use crate::session::{Command, CompareState, Phase, format, rival_says};
use crate::ui::tokens::{self, Tokens};
use crate::ui::views::ViewCx;
use crate::ui::widgets::plot::unnamed_curves_ui;
use crate::ui::widgets::{empty_state, mono, strong, weak};

/// Width of the column of choices.
const COLUMN: f32 = 234.0;
/// With less room than this for the charts the choices stand above them.
const LEAST_CHART: f32 = 260.0;

impl Tradeoff {
    pub(super) fn methods_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        let state = &cx.session.store().comparison;
        let hint = if state.points.is_empty() { "" } else { "click a point to take over its recipe" };
        self.toolbar_ui(cx, ui, (state.phase, state.points.len(), state.plan.len()), hint, |view, ui| {
            view.accuracy_ui(cx, ui);
        });
        let on = self.on;
        if ui.available_width() < COLUMN + LEAST_CHART {
            egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
                choices::ui(cx, ui);
                ui.add_space(GAP);
                charts_ui(cx, ui, state, on, 2.0 * LEAST_HEIGHT);
            });
            return;
        }
        let height = ui.available_height();
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            ui.allocate_ui_with_layout(vec2(COLUMN, height), egui::Layout::top_down(egui::Align::Min), |ui| {
                ui.set_max_width(COLUMN - 18.0);
                egui::ScrollArea::vertical().id_salt("choices").auto_shrink([false, false]).show(ui, |ui| {
                    choices::ui(cx, ui);
                });
            });
            ui.add_space(10.0);
            let room = vec2(ui.available_width(), height);
            ui.allocate_ui_with_layout(room, egui::Layout::top_down(egui::Align::Min), |ui| {
                charts_ui(cx, ui, state, on, height);
            });
        });
    }
}

fn charts_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, state: &CompareState, on: EvaluatedOn, height: f32) {
    if state.points.is_empty() {
        let store = cx.session.store();
        let (title, next) = match (state.phase, store.graph.is_some() && store.model.is_some()) {
            (_, false) => ("Nothing to compare yet", "Open a graph and a model first"),
            (Phase::Running, true) => ("Comparing", "Points appear as they are computed"),
            (Phase::Failed, true) => ("The comparison failed", "The notices say why; change the choices and try again"),
            (Phase::Cancelled, true) => ("The comparison was cancelled", "Nothing had come yet"),
            _ => ("No comparison yet", "Choose methods, then compare what each leaves of the accuracy"),
        };
        return empty_state(ui, cx.tokens, title, next);
    }
    let summary = summarise(&state.points, on);
    // While points still come, every chart that will be there has its place already.
    let is_there = |side: &bool| match state.phase {
        Phase::Running => state.plan.methods.iter().any(|m| m.is_of_edges() == *side),
        _ => summary.iter().any(|s| s.method.is_of_edges() == *side),
    };
    let sides: Vec<bool> = [true, false].into_iter().filter(is_there).collect();
    let each = (height - GAP * (sides.len() - 1) as f32) / sides.len() as f32;
    for (at, is_of_edges) in sides.into_iter().enumerate() {
        if at > 0 {
            ui.add_space(GAP);
        }
        ui.push_id(is_of_edges, |ui| {
            let begin = ui.cursor().top();
            rival_ui(cx, ui, state, &summary, is_of_edges, on);
            let above = ui.cursor().top() - begin;
            chart_ui(cx, ui, state, &summary, is_of_edges, on, (each - above - 4.0).max(LEAST_HEIGHT));
        });
    }
}

/// How Unifews stands beside the best of the others, and the way to that one where it is better.
fn rival_ui(
    cx: &ViewCx<'_>,
    ui: &mut egui::Ui,
    state: &CompareState,
    summary: &[CompareSummary],
    is_of_edges: bool,
    on: EvaluatedOn,
) {
    let Some(rival) = best_rival(summary, is_of_edges) else { return };
    ui.horizontal(|ui| {
        ui.add(egui::Label::new(rival_says(&rival, on)).truncate()).on_hover_text(
            "At the largest share that both were run with; a difference counts where the ranges over the seeds do not touch",
        );
        let is_own = |p: &ComparePoint| p.method == rival.method && p.share.to_bits() == rival.share.to_bits();
        if rival.is_better()
            && let Some(at) = state.points.iter().position(is_own)
            && ui.small_button("Use it").on_hover_text("Take over its recipe").clicked()
        {
            cx.out.send(Command::LoadMethod(at));
        }
    });
}

fn chart_ui(
    cx: &ViewCx<'_>,
    ui: &mut egui::Ui,
    state: &CompareState,
    summary: &[CompareSummary],
    is_of_edges: bool,
    on: EvaluatedOn,
    height: f32,
) {
    let n = state.points.len();
    let baseline = state.points.iter().map(|p| on.baseline_accuracy(&p.result)).sum::<f64>() / n.max(1) as f64;
    let model = if state.plan.has_model_per_seed { "a model per seed" } else { "one model" };
    let seeds = state.plan.seeds.len();
    let title = cx.session.store().model.as_ref().map_or_else(String::new, |m| format!("{}, ", m.model.title()));
    let figure = MethodsFigure {
        summary,
        is_of_edges,
        on,
        baseline: Some(baseline).filter(|d| d.is_finite()),
        has_recovery: state.plan.has_recovery,
        subtitle: format!("{title}mean and range of {seeds} seeds, {model}"),
    };
    let curves = figure.curves();
    let side = if is_of_edges { "edges" } else { "weights" };
    let output = unnamed_curves_ui(ui, cx.tokens, &format!("Methods of {side}"), &curves, height);
    serve_ui(cx, &output, &curves, &format!("methods of {side}"));
    let now = cx.session.store().effective_recipe();
    for s in summary.iter().filter(|s| s.method.is_of_edges() == is_of_edges) {
        let is_own = |p: &&ComparePoint| p.method == s.method && p.share.to_bits() == s.share.to_bits();
        let Some(first) = state.points.iter().position(|p| is_own(&p)) else { continue };
        let at = [100.0 * s.removed, 100.0 * s.mean];
        let title = s.method.full_title(state.plan.has_recovery);
        let name = format!("{title} of {side}, {}", format::percent(s.share));
        let Some(response) = point_ui(ui, cx.tokens, &output, at, ("method", first), &name, false) else { continue };
        if response.clicked() {
            cx.out.send(Command::LoadMethod(first));
        }
        response.on_hover_ui_at_pointer(|ui| says(ui, cx.tokens, state, s, baseline, on));
        let point = &state.points[first];
        if now.seed == point.seed && state.recipe_of(point) == now {
            here_ui(ui, cx.tokens, &output, at);
        }
    }
}

/// The tooltip of a point.
fn says(
    ui: &mut egui::Ui,
    tokens: &Tokens,
    state: &CompareState,
    summary: &CompareSummary,
    baseline: f64,
    on: EvaluatedOn,
) {
    let side = if summary.method.is_of_edges() { "edges" } else { "weights" };
    ui.label(strong(format!("{} · {side}", summary.method.full_title(state.plan.has_recovery))));
    let accuracy = format!("{} ({})", format::percent(summary.mean), format::points(summary.mean - baseline));
    let mut rows = vec![
        ("removed", format!("{} (asked {})", format::percent(summary.removed), format::percent(summary.share))),
        (on.title(), accuracy),
    ];
    if summary.n_seeds > 1 {
        let [low, high] = summary.range;
        rows.push(("range", format!("{} to {}", format::percent(low), format::percent(high))));
        rows.push(("deviation", format!("{:.1} pp", 100.0 * summary.deviation)));
    }
    let n = if summary.n_seeds == 1 && state.plan.seeds.len() > 1 { "1, nothing is drawn by lot" } else { "" };
    rows.push(("seeds", if n.is_empty() { summary.n_seeds.to_string() } else { n.to_owned() }));
    egui::Grid::new("method").num_columns(2).spacing([14.0, 2.0]).show(ui, |ui| {
        for (name, value) in rows {
            ui.label(weak(tokens, name));
            ui.label(mono(value));
            ui.end_row();
        }
    });
    let small = |text: &str| RichText::new(text).size(tokens::SMALL).color(tokens.text_weak);
    ui.label(small(summary.method.source()));
    let click = if state.plan.has_model_per_seed {
        "click takes over the recipe; the model stays the open one"
    } else {
        "click takes over the recipe"
    };
    ui.label(small(click));
}
