//! Pairs of thresholds: what accuracy costs and gains along a sweep, and which are worth having.
//!
//! A click takes over a point's recipe, shift-click marks it for comparison.

use eframe::egui::{self, vec2};

use super::chart::{self, Cost, chart, costs};
use super::points::{here, take_over};
use super::{GAP, LEAST_HEIGHT, Tradeoff, here_ui, map, point_ui, serve_ui, table};
use crate::engine::experiment::SweepGrid;
use crate::session::trial_words::metric_title;
use crate::session::words::{Language, Words};
use crate::session::{BudgetState, Command, Phase, SweepState, format};
use crate::ui::views::ViewCx;
use crate::ui::widgets::plot::{PlotOutput, curves_ui};
use crate::ui::widgets::{empty_state, picker, strong, weak};

impl Tradeoff {
    pub(super) fn thresholds_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        let store = cx.session.store();
        let sweep = &store.sweep;
        let budget = &store.budget;
        let has_sweep = !sweep.points.is_empty() || sweep.phase == Phase::Running;
        let is_empty = !has_sweep && budget.points.is_empty();
        let phase = if has_sweep { sweep.phase } else { Phase::Idle };
        let words = cx.session.words();
        let hint = if has_sweep { words.text("tradeoff-click-or-shift") } else { String::new() };
        self.toolbar_ui(cx, ui, (phase, sweep.points.len(), sweep.grid.len()), &hint, |view, ui| {
            if is_empty {
                return;
            }
            let label = ui.label(weak(cx.tokens, words.text("tradeoff-against")));
            let name = |cost: Cost| (words.text(cost.key()), words.hint(cost.key()));
            let choice = words.text("tradeoff-cost-choice");
            picker(ui, &choice, 150.0, &Cost::ALL, &mut view.cost, name).labelled_by(label.id);
        });
        if is_empty || (sweep.points.is_empty() && budget.points.is_empty()) {
            return nothing_ui(cx, ui, sweep.phase);
        }
        let front = chart::front(&sweep.points, self.cost);
        let available = ui.available_height();
        // A budget alone has neither times nor a map.
        let upper = (available * if has_sweep { 0.56 } else { 1.0 }).max(180.0);
        let lower = (available - upper - GAP - 4.0).max(LEAST_HEIGHT);
        let curves = chart(sweep, budget, &front, self.cost, words);
        let output = curves_ui(ui, cx.tokens, &words.text("tradeoff-chart-accuracy"), &curves, upper);
        let of_file = || chart(sweep, budget, &front, self.cost, Words::of(Language::English));
        serve_ui(cx, &output, of_file, "accuracy");
        self.points_ui(cx, ui, sweep, &output);
        self.chosen_ui(cx, ui, budget, &output);
        if !has_sweep {
            return;
        }
        ui.add_space(GAP);
        ui.horizontal_top(|ui| {
            let half = (ui.available_width() - 14.0) / 2.0;
            ui.allocate_ui_with_layout(vec2(half, lower), egui::Layout::top_down(egui::Align::Min), |ui| {
                // What is compared takes the place of one chart: nothing else moves.
                if sweep.compared.is_empty() {
                    self.costs_ui(cx, ui, sweep, lower);
                } else {
                    table::ui(cx, ui, sweep);
                }
            });
            ui.add_space(GAP);
            ui.allocate_ui_with_layout(vec2(half, lower), egui::Layout::top_down(egui::Align::Min), |ui| {
                map::ui(cx, ui, sweep, lower);
            });
        });
    }

    fn costs_ui(&self, cx: &ViewCx<'_>, ui: &mut egui::Ui, sweep: &SweepState, height: f32) {
        let words = cx.session.words();
        let curves = costs(sweep, self.cost, words);
        let output = curves_ui(ui, cx.tokens, &words.text("tradeoff-chart-costs"), &curves, height);
        serve_ui(cx, &output, || costs(sweep, self.cost, Words::of(Language::English)), "cost");
        if let Some((_, point)) = output.near.filter(|(s, _)| *s < 2) {
            let point = chart::order_by(sweep, self.cost).get(point).map(|i| &sweep.points[*i]);
            if let Some(point) = point {
                output.response.on_hover_ui_at_pointer(|ui| table::says(ui, cx.tokens, point));
            }
        }
    }

    fn points_ui(&self, cx: &ViewCx<'_>, ui: &egui::Ui, sweep: &SweepState, output: &PlotOutput) {
        for point in &sweep.points {
            let at = chart::place(point, self.cost);
            let [a, w] = [point.delta_a, point.delta_w].map(|delta| delta.to_string());
            let name = cx.session.words().with("tradeoff-point", &[("a", a.into()), ("w", w.into())]);
            let is_compared = sweep.compared.contains(&point.idx);
            let Some(response) = point_ui(ui, cx.tokens, output, at, ("point", point.idx), &name, is_compared) else {
                continue;
            };
            take_over(cx, ui, &response, point);
            response.on_hover_ui_at_pointer(|ui| table::says(ui, cx.tokens, point));
        }
        if let Some(now) = here(cx, sweep) {
            here_ui(ui, cx.tokens, output, chart::place(now, self.cost));
        }
    }
}

impl Tradeoff {
    /// The star of a budget: a click takes its recipe over.
    fn chosen_ui(&self, cx: &ViewCx<'_>, ui: &egui::Ui, budget: &BudgetState, output: &PlotOutput) {
        let Some(point) = chart::chosen(budget) else { return };
        let Some((_, recipe)) = budget.found.as_ref().and_then(|found| found.chosen.as_ref()) else { return };
        let at = chart::place(point, self.cost);
        let words = cx.session.words();
        let name = words.text("tradeoff-chosen");
        let Some(response) = point_ui(ui, cx.tokens, output, at, ("budget", 0), &name, false) else { return };
        if response.clicked() {
            cx.out.send(Command::SetRecipe(Box::new(recipe.clone()), None));
        }
        response.on_hover_ui_at_pointer(|ui| {
            ui.label(strong(name));
            ui.label(words.with(
                "tradeoff-chosen-says",
                &[
                    ("edges", format::percent(point.edge_sparsity).into()),
                    ("weights", format::percent(point.weight_sparsity).into()),
                    ("metric", metric_title(point.metric, words).into()),
                    ("score", format::percent(point.test_accuracy).into()),
                ],
            ));
        });
    }
}

fn nothing_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, phase: Phase) {
    let (store, words) = (cx.session.store(), cx.session.words());
    let grid = SweepGrid::suited_to(&store.effective_recipe());
    let (title, next) = match (phase, store.graph.is_some() && store.model.is_some()) {
        (_, false) => ("tradeoff-sweep-nothing", words.text("tradeoff-open-first")),
        (Phase::Failed, true) => ("tradeoff-sweep-failed", words.text("tradeoff-change-recipe")),
        (Phase::Cancelled, true) => ("tradeoff-sweep-cancelled", words.text("tradeoff-nothing-came")),
        (Phase::Running, true) => ("tradeoff-sweep-running", words.text("tradeoff-points-appear")),
        _ => ("tradeoff-sweep-none", words.with("tradeoff-sweep-next", &[("n", grid.len().to_string().into())])),
    };
    empty_state(ui, cx.tokens, &words.text(title), &next);
    if store.graph.is_some() && store.model.is_some() && phase != Phase::Running {
        ui.vertical_centered(|ui| {
            ui.add_space(8.0);
            if ui.button(words.text("tradeoff-sweep-now")).on_hover_text("Ctrl+Shift+Enter").clicked() {
                cx.out.send(Command::Sweep(grid));
            }
        });
    }
}
