//! Pairs of thresholds: what accuracy costs and gains along a sweep, and which are worth having.
//!
//! A click takes over a point's recipe, shift-click marks it for comparison.

use eframe::egui::{self, vec2};

use super::chart::{self, Cost, chart, costs};
use super::points::{here, take_over};
use super::{GAP, LEAST_HEIGHT, Tradeoff, here_ui, map, point_ui, serve_ui, table};
use crate::engine::experiment::SweepGrid;
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
        let hint = if has_sweep { "click a point to take over its recipe, shift-click to compare" } else { "" };
        self.toolbar_ui(cx, ui, (phase, sweep.points.len(), sweep.grid.len()), hint, |view, ui| {
            if is_empty {
                return;
            }
            let label = ui.label(weak(cx.tokens, "Against"));
            let name = |cost: Cost| (cost.title().to_owned(), cost.says());
            picker(ui, "Cost on the axis", 150.0, &Cost::ALL, &mut view.cost, name).labelled_by(label.id);
        });
        if is_empty || (sweep.points.is_empty() && budget.points.is_empty()) {
            return nothing_ui(cx, ui, sweep.phase);
        }
        let front = chart::front(&sweep.points, self.cost);
        let available = ui.available_height();
        // A budget alone has neither times nor a map.
        let upper = (available * if has_sweep { 0.56 } else { 1.0 }).max(180.0);
        let lower = (available - upper - GAP - 4.0).max(LEAST_HEIGHT);
        let curves = chart(sweep, budget, &front, self.cost);
        let output = curves_ui(ui, cx.tokens, "Accuracy against cost", &curves, upper);
        serve_ui(cx, &output, &curves, "accuracy");
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
        let curves = costs(sweep, self.cost);
        let output = curves_ui(ui, cx.tokens, "Time and operations", &curves, height);
        serve_ui(cx, &output, &curves, "cost");
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
            let name = format!("Point δa {} δw {}", point.delta_a, point.delta_w);
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
        let name = "Chosen within the budget";
        let Some(response) = point_ui(ui, cx.tokens, output, at, ("budget", 0), name, false) else { return };
        if response.clicked() {
            cx.out.send(Command::SetRecipe(Box::new(recipe.clone()), None));
        }
        response.on_hover_ui_at_pointer(|ui| {
            ui.label(strong(name));
            ui.label(format!(
                "removed {} of the entries and {} of the weights, test {} {}",
                format::percent(point.edge_sparsity),
                format::percent(point.weight_sparsity),
                point.metric.title(),
                format::percent(point.test_accuracy)
            ));
        });
    }
}

fn nothing_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, phase: Phase) {
    let store = cx.session.store();
    let grid = SweepGrid::suited_to(&store.effective_recipe());
    let (title, next) = match (phase, store.graph.is_some() && store.model.is_some()) {
        (_, false) => ("Nothing to sweep yet", "Open a graph and a model first".to_owned()),
        (Phase::Failed, true) => {
            ("The sweep failed", "The notices say why; change the recipe and try again".to_owned())
        }
        (Phase::Cancelled, true) => ("The sweep was cancelled", "Nothing had come yet".to_owned()),
        (Phase::Running, true) => ("Sweeping", "Points appear as they are computed".to_owned()),
        _ => ("No sweep yet", format!("{} combinations of δa and δw show what accuracy costs and gains", grid.len())),
    };
    empty_state(ui, cx.tokens, title, &next);
    if store.graph.is_some() && store.model.is_some() && phase != Phase::Running {
        ui.vertical_centered(|ui| {
            ui.add_space(8.0);
            if ui.button("Sweep now").on_hover_text("Ctrl+Shift+Enter").clicked() {
                cx.out.send(Command::Sweep(grid));
            }
        });
    }
}
