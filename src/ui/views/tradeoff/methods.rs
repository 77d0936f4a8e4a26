//! Methods side by side: accuracy against what each really removed, with the spread over seeds.

use eframe::egui::{self, RichText, vec2};

use super::{GAP, LEAST_HEIGHT, Tradeoff, choices, here_ui, point_ui, serve_ui};
use crate::engine::experiment::{ComparePoint, CompareSummary, EvaluatedOn, Method, best_rival, summarise};
use crate::engine::plot::{Curves, MethodsFigure};
use crate::session::trial_words::{evaluated_on, method_full_title, metric_title, side_key};
use crate::session::words::{Language, Words};
use crate::session::{Command, CompareState, Phase, format, rival_says};
use crate::ui::tokens::{self, Tokens};
use crate::ui::views::ViewCx;
use crate::ui::widgets::plot::unnamed_curves_ui;
use crate::ui::widgets::{empty_state, mono, strong, weak};
use crate::ui::words::Say as _;

/// Width of the column of choices.
const COLUMN: f32 = 234.0;
/// With less room than this for the charts the choices stand above them.
const LEAST_CHART: f32 = 260.0;

impl Tradeoff {
    pub(super) fn methods_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        let state = &cx.session.store().comparison;
        let words = cx.session.words();
        let hint = if state.points.is_empty() { String::new() } else { words.text("tradeoff-click") };
        self.toolbar_ui(cx, ui, (state.phase, state.points.len(), state.plan.len()), &hint, |view, ui| {
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
            (_, false) => ("tradeoff-methods-nothing", "tradeoff-open-first"),
            (Phase::Running, true) => ("tradeoff-methods-running", "tradeoff-points-appear"),
            (Phase::Failed, true) => ("tradeoff-methods-failed", "tradeoff-change-choices"),
            (Phase::Cancelled, true) => ("tradeoff-methods-cancelled", "tradeoff-nothing-came"),
            _ => ("tradeoff-methods-none", "tradeoff-methods-next"),
        };
        let words = cx.session.words();
        return empty_state(ui, cx.tokens, &words.text(title), &words.text(next));
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
    let words = cx.session.words();
    // The button first, at the right: the sentence gets what is left, and is cut there.
    ui.horizontal(|ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let is_own = |p: &ComparePoint| p.method == rival.method && p.share.to_bits() == rival.share.to_bits();
            if rival.is_better()
                && let Some(at) = state.points.iter().position(is_own)
                && ui.small_button(words.text("tradeoff-use-it")).on_hover_text(words.hint("tradeoff-use-it")).clicked()
            {
                cx.out.send(Command::LoadMethod(at));
            }
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                let says = egui::Label::new(rival_says(&rival, on, words)).truncate();
                ui.add(says).on_hover_text(words.text("tradeoff-rival-says"));
            });
        });
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
    let words = cx.session.words();
    let title = cx.session.store().model.as_ref().map(|m| m.model.title());
    let figure = MethodsFigure {
        summary,
        is_of_edges,
        on,
        baseline: Some(baseline).filter(|d| d.is_finite()),
        has_recovery: state.plan.has_recovery,
        subtitle: subtitle(state, title.as_deref(), Words::of(Language::English)),
    };
    let of_file = figure.curves();
    let shown = MethodsFigure { subtitle: subtitle(state, title.as_deref(), words), ..figure };
    let curves = in_words(of_file.clone(), &shown, words);
    let side = side_key(is_of_edges);
    let name = words.with("tradeoff-methods-chart", &[("side", side.into())]);
    let output = unnamed_curves_ui(ui, cx.tokens, &name, &curves, height);
    serve_ui(cx, &output, || of_file, &format!("methods of {side}"));
    let now = cx.session.store().effective_recipe();
    for s in summary.iter().filter(|s| s.method.is_of_edges() == is_of_edges) {
        let is_own = |p: &&ComparePoint| p.method == s.method && p.share.to_bits() == s.share.to_bits();
        let Some(first) = state.points.iter().position(|p| is_own(&p)) else { continue };
        let at = [100.0 * s.removed, 100.0 * s.mean];
        let method = method_full_title(s.method, state.plan.has_recovery, words);
        let share = format::percent(s.share);
        let names = [("side", side.into()), ("method", method.into()), ("share", share.into())];
        let name = words.with("tradeoff-method-point", &names);
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

/// What the numbers are of.
fn subtitle(state: &CompareState, title: Option<&str>, words: &Words) -> String {
    let models = if state.plan.has_model_per_seed { "several" } else { "one" };
    let model = if title.is_some() { "some" } else { "none" };
    let n = state.plan.seeds.len().to_string();
    words.with(
        "tradeoff-methods-subtitle",
        &[
            ("model", model.into()),
            ("title", title.unwrap_or_default().to_owned().into()),
            ("n", n.into()),
            ("models", models.into()),
        ],
    )
}

/// The curves of a figure with the names that a person reads.
fn in_words(mut curves: Curves, figure: &MethodsFigure<'_>, words: &Words) -> Curves {
    let side = side_key(figure.is_of_edges);
    let metric = figure.summary.first().map(|s| s.metric).unwrap_or_default();
    let title = if figure.has_recovery { "tradeoff-methods-title-recovered" } else { "tradeoff-methods-title" };
    curves.title = words.with(title, &[("side", side.into())]);
    curves.subtitle.clone_from(&figure.subtitle);
    curves.x.name = words.text(if figure.is_of_edges { "tradeoff-axis-edges" } else { "tradeoff-axis-weights" });
    let measured = [("part", evaluated_on(figure.on, words).into()), ("metric", metric_title(metric, words).into())];
    curves.y.name = words.with("tradeoff-axis-score-on", &measured);
    let offered = Method::offered(figure.has_recovery);
    for curve in &mut curves.series {
        let is_own = |method: &&Method| method.full_title(figure.has_recovery) == curve.name;
        curve.name = offered.iter().find(is_own).map_or_else(
            || words.text("tradeoff-curve-unpruned"),
            |method| method_full_title(*method, figure.has_recovery, words),
        );
    }
    curves
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
    let words = ui.words();
    let side = side_key(summary.method.is_of_edges());
    let method = method_full_title(summary.method, state.plan.has_recovery, words);
    ui.label(strong(words.with("tradeoff-method-heading", &[("side", side.into()), ("method", method.into())])));
    let accuracy = format!("{} ({})", format::percent(summary.mean), format::points(summary.mean - baseline));
    let [removed, share] = [summary.removed, summary.share].map(format::percent);
    let asked = words.with("tradeoff-asked", &[("removed", removed.into()), ("share", share.into())]);
    let mut rows = vec![(words.text("tradeoff-row-removed"), asked), (evaluated_on(on, words), accuracy)];
    if summary.n_seeds > 1 {
        let [low, high] = summary.range.map(format::percent);
        let range = words.with("tradeoff-range", &[("low", low.into()), ("high", high.into())]);
        rows.push((words.text("tradeoff-row-range"), range));
        rows.push((words.text("tradeoff-row-deviation"), format!("{:.1} pp", 100.0 * summary.deviation)));
    }
    let is_alone = summary.n_seeds == 1 && state.plan.seeds.len() > 1;
    let n = if is_alone { words.text("tradeoff-no-lot") } else { summary.n_seeds.to_string() };
    rows.push((words.text("tradeoff-row-seeds"), n));
    egui::Grid::new("method").num_columns(2).spacing([14.0, 2.0]).show(ui, |ui| {
        for (name, value) in rows {
            ui.label(weak(tokens, name));
            ui.label(mono(value));
            ui.end_row();
        }
    });
    let small = |text: &str| RichText::new(text).size(tokens::SMALL).color(tokens.text_weak);
    ui.label(small(summary.method.source()));
    let click =
        if state.plan.has_model_per_seed { "tradeoff-click-recipe-open-model" } else { "tradeoff-click-recipe" };
    ui.label(small(&words.text(click)));
}
