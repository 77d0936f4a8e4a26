//! Entries: how values and scores are distributed, and exactly what a threshold would remove.

use std::sync::Arc;

use eframe::egui::{self, vec2};

use super::{View, ViewCx};
use crate::engine::experiment::Run;
use crate::engine::plot::{Atlas, Axis, Curve, Curves, Judged, LogHistogram, Mark, NodeOrder, Side, no_threshold_says};
use crate::engine::sparsify::{EdgeMode, WeightMode};
use crate::session::{AtlasRequest, Command, Distribution, DistributionRequest, format};
use crate::ui::widgets::plot::{curves_ui, serve};
use crate::ui::widgets::{empty_state, mono, picker, strong, weak};

/// The view; it holds only what is looked at.
#[derive(Debug, Default)]
pub(super) struct Entries {
    side: Side,
    /// Among the steps that have this side.
    step: usize,
    /// The threshold being tried; the run's own where `None`.
    tried: Option<f64>,
    /// What `tried` belongs to.
    tried_for: (Side, usize),
}

impl View for Entries {
    fn ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        let store = cx.session.store();
        let Some(run) = store.shown().map(Arc::clone) else {
            return empty_state(
                ui,
                cx.tokens,
                "No result yet",
                "Open a graph and a model to see what carries how much",
            );
        };
        let Some(step) = self.toolbar_ui(cx, ui, &run) else {
            return empty_state(ui, cx.tokens, "Nothing of this kind", "This network has no such matrix");
        };
        let Some(found) = self.asked(cx, &run, step) else {
            let slot = DistributionRequest::slot_of(self.side);
            let why = store.desk.failure(&slot).unwrap_or("Sorting the scores");
            return empty_state(ui, cx.tokens, "Computing the distribution", why);
        };
        let title =
            run.pruned.steps.get(step).map_or_else(String::new, |s| format!("{} {}", s.title(), self.side.title()));
        self.threshold_ui(cx, ui, &run, step, &found);
        let tried = self.tried.unwrap_or(found.scores.threshold);
        let symbol = if run.recipe.recovery.is_some() { "cut" } else { "δ" };
        let height = (ui.available_height() - 12.0).max(2.0);
        let (upper, lower) = (height * 0.46, height * 0.54);
        ui.horizontal_top(|ui| {
            let size = vec2(((ui.available_width() - 14.0) / 2.0).max(1.0), upper);
            ui.spacing_mut().item_spacing.x = 14.0;
            ui.allocate_ui_with_layout(size, egui::Layout::top_down(egui::Align::Min), |ui| {
                let attends = run.pruned.steps.get(step).is_some_and(|s| self.side.n_heads(s) > 0);
                let name = match self.side {
                    Side::Edges if attends => "attention α",
                    Side::Edges => "|T[u,v]|",
                    Side::Weights(_) => "|W[j,i]|",
                };
                plot_ui(cx, ui, "Values", &bars(&title, name, &found.values, &[]), upper);
            });
            ui.allocate_ui_with_layout(size, egui::Layout::top_down(egui::Align::Min), |ui| {
                let edges = run.pruned.steps.get(step).and_then(|s| s.edges.as_ref());
                let name = match (self.side, edges.map(|edges| Judged::of(&run.recipe, edges))) {
                    (Side::Edges, Some(Judged::Pushed) | None) => "message norm",
                    (Side::Edges, Some(judged)) => judged.title(),
                    (Side::Weights(_), _) if run.recipe.recovery.is_some() => "size |W| of the given weight",
                    (Side::Weights(_), _) => "score |W| · ‖P‖",
                };
                plot_ui(
                    cx,
                    ui,
                    "Scores",
                    &bars(&title, name, &found.scores.scores, &marks(&found, symbol, tried)),
                    upper,
                );
            });
        });
        ui.add_space(6.0);
        plot_ui(cx, ui, "Removed against δ", &cumulative(&title, &found, symbol, tried), lower);
    }
}

impl Entries {
    fn toolbar_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui, run: &Run) -> Option<usize> {
        let steps: Vec<usize> = run
            .pruned
            .steps
            .iter()
            .enumerate()
            .filter(|(_, s)| match self.side {
                Side::Edges => s.edges.is_some(),
                Side::Weights(nth) => s.weights.len() > nth,
            })
            .map(|(at, _)| at)
            .collect();
        self.step = self.step.min(steps.len().saturating_sub(1));
        ui.horizontal(|ui| {
            let label = ui.label(weak(cx.tokens, "Of"));
            let fullest = run.pruned.steps.iter().max_by_key(|s| s.weights.len());
            let n_matrices = fullest.map_or(0, |s| s.weights.len());
            if matches!(self.side, Side::Weights(nth) if nth >= n_matrices.max(1)) {
                self.side = Side::WEIGHTS;
            }
            let side = |side: Side| match (side, fullest) {
                (Side::Weights(nth), Some(step)) if n_matrices > 1 => {
                    (format!("weights {}", step.matrix_name(nth)), "Which of the layer's weight matrices")
                }
                _ => (side.title().to_owned(), ""),
            };
            let sides: Vec<Side> = std::iter::once(Side::Edges).chain((0..n_matrices).map(Side::Weights)).collect();
            picker(ui, "Side", 112.0, &sides, &mut self.side, side).labelled_by(label.id);
            let label = ui.label(weak(cx.tokens, "in"));
            let all: Vec<usize> = (0..steps.len()).collect();
            let name = |at: usize| {
                let step = steps.get(at).and_then(|s| run.pruned.steps.get(*s));
                (step.map_or_else(String::new, crate::engine::sparsify::StepTrace::title), "")
            };
            picker(ui, "Step", 100.0, &all, &mut self.step, name).labelled_by(label.id);
        });
        steps.get(self.step).copied()
    }

    fn asked(&mut self, cx: &ViewCx<'_>, run: &Arc<Run>, step: usize) -> Option<Arc<Distribution>> {
        if self.tried_for != (self.side, step) {
            self.tried_for = (self.side, step);
            self.tried = None;
        }
        let desk = &cx.session.store().desk;
        let atlas = AtlasRequest {
            dataset: Arc::clone(&run.dataset),
            matrix: run.recipe.matrix(),
            by: NodeOrder::Original,
            seed: 0,
        };
        let Some(atlas): Option<Arc<Atlas>> = desk.answer_to(&atlas) else {
            if !desk.is_settled(&atlas) {
                cx.out.compute(atlas);
            }
            return None;
        };
        let request = DistributionRequest { run: Arc::clone(run), atlas, step, side: self.side };
        if !desk.is_settled(&request) {
            cx.out.compute(request);
        }
        let slot = DistributionRequest::slot_of(self.side);
        let (answered, found) = desk.answer::<DistributionRequest>(&slot)?;
        // An older recipe's distribution stays until the new one is there; another matrix's does not.
        ((answered.step, answered.side) == (step, self.side) && Arc::ptr_eq(&answered.run.dataset, &run.dataset))
            .then_some(found)
    }

    fn threshold_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui, run: &Run, step: usize, found: &Distribution) {
        if !found.scores.threshold.is_finite() {
            let edges = run.pruned.steps.get(step).and_then(|s| s.edges.as_ref());
            ui.label(weak(cx.tokens, no_threshold_says(run, self.side, edges)));
            return;
        }
        ui.horizontal(|ui| {
            let mut tried = self.tried.unwrap_or(found.scores.threshold);
            let label = ui.label("δ");
            let speed = (tried.abs() * 0.01).max(1e-6);
            let field = egui::DragValue::new(&mut tried).range(0.0..=f64::MAX).speed(speed);
            let field = field.custom_formatter(|v, _| format::delta(v)).custom_parser(|s| s.trim().parse().ok());
            let field = ui.add_sized([80.0, 22.0], field).labelled_by(label.id);
            if field.on_hover_text("A threshold to try, on the axis of the scores").changed() {
                self.tried = Some(tried);
            }
            let n = found.sorted.removed_by(tried);
            // Of the same entries as everywhere: what went before counts, self-loops do not.
            let (before, all) = (found.scores.n_removed_before, found.scores.n_entries.max(1));
            ui.label("would remove exactly");
            ui.label(strong(format::count(n as u64)));
            let share = format::percent((before + n) as f64 / all as f64);
            let rest = match before {
                0 => format!("of {} ({share})", format::count(all as u64)),
                _ => format!(
                    "beside {} removed before, of {} ({share})",
                    format::count(before as u64),
                    format::count(all as u64)
                ),
            };
            ui.label(mono(rest));
            let is_target = match self.side {
                Side::Edges => run.recipe.edges.mode == EdgeMode::Target,
                Side::Weights(_) => run.recipe.weights.mode == WeightMode::Target,
            };
            if self.tried.is_some()
                && let Some(delta) = found.scores.delta_at(tried, is_target)
                && ui.button("Use it").on_hover_text(format!("Sets δ to {}", format::delta(delta))).clicked()
            {
                self.take_over(cx, run, step, delta);
            }
            if self.tried.is_some() && ui.button("Back").on_hover_text("To the threshold of the recipe").clicked() {
                self.tried = None;
            }
        });
    }

    fn take_over(&mut self, cx: &ViewCx<'_>, run: &Run, step: usize, delta: f64) {
        let mut recipe = cx.session.store().recipe.clone();
        let Some(step) = run.pruned.steps.get(step) else { return };
        let deltas = if self.side == Side::Edges { &mut recipe.edges.delta } else { &mut recipe.weights.delta };
        let at = if deltas.len() == 1 { 0 } else { step.idx };
        if let Some(slot) = deltas.get_mut(at) {
            *slot = format!("{delta:.3e}").parse().unwrap_or(delta);
            cx.out.send(Command::SetRecipe(Box::new(recipe), None));
            self.tried = None;
        }
    }
}

fn plot_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, name: &str, curves: &Curves, height: f32) {
    let output = curves_ui(ui, cx.tokens, name, curves, height);
    serve(cx, output.asked, || Arc::new(curves.clone()), &format!("{} {name}", curves.subtitle));
    if let Some((series, at)) = output.near
        && let Some([x, y]) = curves.series.get(series).and_then(|s| s.points.get(at))
    {
        let x = if curves.x.is_log10 { 10f64.powf(*x) } else { *x };
        let text = format!("{} {}\n{} {y:.1}", curves.x.name, format::delta(x), curves.y.name);
        output.response.on_hover_text_at_pointer(text);
    }
}

/// The outline of a histogram.
fn bars(subtitle: &str, name: &str, histogram: &LogHistogram, marks: &[Mark]) -> Curves {
    let mut points = vec![[histogram.border(0), 0.0]];
    for (bin, n) in histogram.bins.iter().enumerate() {
        points.push([histogram.border(bin), f64::from(*n)]);
        points.push([histogram.border(bin + 1), f64::from(*n)]);
    }
    points.push([histogram.border(histogram.bins.len()), 0.0]);
    let zeros = if histogram.n_zero > 0 {
        format!("{} zeros left out", format::count(histogram.n_zero as u64))
    } else {
        String::new()
    };
    Curves {
        title: format!("Distribution of {name}"),
        subtitle: subtitle.to_owned(),
        x: Axis::log10(name),
        y: Axis::new("entries per bin"),
        series: vec![Curve { name: zeros, points, ..Curve::default() }],
        marks: marks.to_vec(),
    }
}

fn marks(found: &Distribution, symbol: &str, tried: f64) -> Vec<Mark> {
    let mark = |value: f64, label: String| (value > 0.0).then(|| Mark { x: value.log10(), label });
    let own = mark(found.scores.threshold, format!("{symbol} {}", format::delta(found.scores.threshold)));
    let is_other = (tried - found.scores.threshold).abs() > 1e-12;
    let other = if is_other { mark(tried, format!("tried {}", format::delta(tried))) } else { None };
    own.into_iter().chain(other).collect()
}

fn cumulative(subtitle: &str, found: &Distribution, symbol: &str, tried: f64) -> Curves {
    let points = found.cumulative.iter().map(|[x, share]| [*x, 100.0 * share]).collect();
    Curves {
        title: "Removed by a threshold".to_owned(),
        subtitle: subtitle.to_owned(),
        x: Axis::log10("δ"),
        y: Axis { range: Some([0.0, 100.0]), ..Axis::new("of the entries that reach this step removed, %") },
        series: vec![Curve { name: "below δ".to_owned(), points, colour: 1, ..Curve::default() }],
        marks: marks(found, symbol, tried),
    }
}
