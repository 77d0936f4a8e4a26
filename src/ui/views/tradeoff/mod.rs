//! Trade-off: what accuracy costs and gains along a sweep, and which thresholds are worth having.
//!
//! Points appear as they are computed. A click takes over a point's recipe, shift-click marks it for comparison.

mod chart;
mod map;
mod table;

use eframe::egui::{self, Rect, Sense, Stroke, vec2};
use egui_plot::PlotPoint;

use self::chart::{Cost, chart, costs};
use super::{View, ViewCx, WindowRequest};
use crate::engine::analysis::{SweepGrid, SweepPoint};
use crate::io::figure::Curves;
use crate::session::{Command, Phase, SweepState};
use crate::ui::widgets::heatmap::FigureFormat;
use crate::ui::widgets::plot::{PlotOutput, curves_ui, save_request};
use crate::ui::widgets::{chip, empty_state, picker, weak};

/// The view; it holds only what stands along the axis.
#[derive(Debug, Default)]
pub(super) struct Tradeoff {
    cost: Cost,
}

/// Side of the part of a point that answers to the pointer.
const TARGET: f32 = 14.0;

impl View for Tradeoff {
    fn title(&self) -> &'static str {
        "Trade-off"
    }

    fn ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        let store = cx.session.store();
        let sweep = &store.sweep;
        if sweep.points.is_empty() && sweep.phase != Phase::Running {
            return nothing_ui(cx, ui, sweep.phase);
        }
        self.toolbar_ui(cx, ui, sweep);
        let front = chart::front(&sweep.points, self.cost);
        let compared = table::height(sweep);
        let available = ui.available_height() - compared;
        let upper = (available * 0.56).max(180.0);
        let lower = (available - upper - 10.0).max(150.0);
        let curves = chart(sweep, &front, self.cost);
        let output = curves_ui(ui, cx.tokens, "Accuracy against cost", &curves, upper);
        save(cx, &output, &curves, "accuracy");
        self.points_ui(cx, ui, sweep, &output);
        ui.add_space(6.0);
        ui.horizontal_top(|ui| {
            let half = (ui.available_width() - 14.0) / 2.0;
            ui.allocate_ui_with_layout(vec2(half, lower), egui::Layout::top_down(egui::Align::Min), |ui| {
                let curves = costs(sweep, self.cost);
                let output = curves_ui(ui, cx.tokens, "Time and operations", &curves, lower);
                save(cx, &output, &curves, "cost");
                if let Some((_, point)) = output.near.filter(|(s, _)| *s < 2) {
                    let point = chart::order_by(sweep, self.cost).get(point).map(|i| &sweep.points[*i]);
                    if let Some(point) = point {
                        output.response.on_hover_ui_at_pointer(|ui| table::says(ui, cx.tokens, point));
                    }
                }
            });
            ui.add_space(6.0);
            ui.allocate_ui_with_layout(vec2(half, lower), egui::Layout::top_down(egui::Align::Min), |ui| {
                map::ui(cx, ui, sweep, lower);
            });
        });
        table::ui(cx, ui, sweep);
    }
}

impl Tradeoff {
    fn toolbar_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui, sweep: &SweepState) {
        ui.horizontal(|ui| {
            let label = ui.label(weak(cx.tokens, "Against"));
            let name = |cost: Cost| (cost.title().to_owned(), cost.says());
            picker(ui, "Cost on the axis", 150.0, &Cost::ALL, &mut self.cost, name).labelled_by(label.id);
            ui.label(weak(cx.tokens, "click a point to take over its recipe, shift-click to compare"));
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let done = format!("{} of {}", sweep.points.len(), sweep.grid.len());
                let (text, is_noted) = match sweep.phase {
                    Phase::Running => (format!("{done} points"), false),
                    Phase::Done | Phase::Idle => (format!("{done} points, complete"), false),
                    Phase::Cancelled => (format!("{done} points, cancelled"), true),
                    Phase::Failed => (format!("{done} points, failed"), true),
                };
                let (ink, ground) = if is_noted {
                    (cx.tokens.warning, cx.tokens.warning_weak)
                } else {
                    (cx.tokens.text_weak, cx.tokens.sunken)
                };
                chip(ui, &text, ink, ground);
            });
        });
        ui.add_space(2.0);
    }

    /// Every point of the chart is a control of its own, so that keys and readers reach it too.
    fn points_ui(&self, cx: &ViewCx<'_>, ui: &egui::Ui, sweep: &SweepState, output: &PlotOutput) {
        let frame = *output.transform.frame();
        for point in &sweep.points {
            let [x, y] = chart::place(point, self.cost);
            if !(x.is_finite() && y.is_finite()) {
                continue;
            }
            let at = output.transform.position_from_point(&PlotPoint::new(x, y));
            if !frame.contains(at) {
                continue;
            }
            let target = Rect::from_center_size(at, vec2(TARGET, TARGET));
            let response = ui.interact(target, ui.scope_id().with(("point", point.idx)), Sense::click());
            let name = format!("Point δa {} δw {}", point.delta_a, point.delta_w);
            let is_compared = sweep.compared.contains(&point.idx);
            response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, is_compared, &name));
            if is_compared || response.has_focus() {
                ui.painter().circle_stroke(at, 7.0, Stroke::new(1.5, cx.tokens.text));
            }
            if response.hovered() {
                ui.painter().circle_stroke(at, 6.0, Stroke::new(1.5, cx.tokens.accent));
            }
            take_over(cx, ui, &response, point);
            response.on_hover_ui_at_pointer(|ui| table::says(ui, cx.tokens, point));
        }
        if let Some(now) = here(cx, sweep) {
            let [x, y] = chart::place(now, self.cost);
            let at = output.transform.position_from_point(&PlotPoint::new(x, y));
            if frame.contains(at) {
                ui.painter().circle_stroke(at, 8.0, Stroke::new(2.0, cx.tokens.accent));
            }
        }
    }
}

/// A click takes over, shift-click compares.
fn take_over(cx: &ViewCx<'_>, ui: &egui::Ui, response: &egui::Response, point: &SweepPoint) {
    if response.clicked() {
        let is_compare = ui.input(|i| i.modifiers.shift);
        cx.out.send(if is_compare { Command::ComparePoint(point.idx) } else { Command::LoadPoint(point.idx) });
    }
}

/// The point whose recipe is the present one.
fn here<'a>(cx: &ViewCx<'_>, sweep: &'a SweepState) -> Option<&'a SweepPoint> {
    let recipe = cx.session.store().effective_recipe();
    let is_one = |deltas: &[f64], delta: f64| deltas.len() == 1 && deltas[0].to_bits() == delta.to_bits();
    let mut points = sweep.points.iter();
    let same = points.find(|p| is_one(&recipe.edges.delta, p.delta_a) && is_one(&recipe.weights.delta, p.delta_w))?;
    (sweep.recipe_of(same) == recipe).then_some(same)
}

fn save(cx: &ViewCx<'_>, output: &PlotOutput, curves: &Curves, name: &str) {
    let Some(format): Option<FigureFormat> = output.save else { return };
    let graph = cx.session.store().graph.as_ref().map_or("sweep", |g| g.dataset.name()).to_owned();
    cx.out.request(WindowRequest::Save(save_request(curves.clone(), &format!("{graph} {name}"), format)));
}

fn nothing_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, phase: Phase) {
    let store = cx.session.store();
    let grid = SweepGrid::default();
    let (title, next) = match (phase, store.graph.is_some() && store.model.is_some()) {
        (_, false) => ("Nothing to sweep yet", "Open a graph and a model first".to_owned()),
        (Phase::Failed, true) => {
            ("The sweep failed", "The notices say why; change the recipe and try again".to_owned())
        }
        (Phase::Cancelled, true) => ("The sweep was cancelled", "Nothing had come yet".to_owned()),
        _ => ("No sweep yet", format!("{} combinations of δa and δw show what accuracy costs and gains", grid.len())),
    };
    empty_state(ui, cx.tokens, title, &next);
    if store.graph.is_some() && store.model.is_some() {
        ui.vertical_centered(|ui| {
            ui.add_space(8.0);
            if ui.button("Sweep now").on_hover_text("Ctrl+Shift+Enter").clicked() {
                cx.out.send(Command::Sweep(grid));
            }
        });
    }
}
