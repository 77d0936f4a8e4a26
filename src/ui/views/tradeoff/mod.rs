//! Trade-off: what accuracy costs and gains, over pairs of thresholds, by method, one layer at a time, or all trials together; and what is
//! left of it under stress.
//!
//! Points appear as they are computed. A click takes over a point's recipe.

mod chart;
mod choices;
mod layers;
mod map;
mod methods;
mod parallel;
mod points;
mod stress;
mod sweep;
mod table;
mod together;

use std::sync::Arc;

use eframe::egui::{self, Rect, Sense, Stroke, vec2};
use egui_plot::PlotPoint;

use self::chart::Cost;
use self::together::Together;
use super::{View, ViewCx};
use crate::engine::experiment::{EvaluatedOn, StressKind, StressMasks};
use crate::engine::plot::Curves;
use crate::engine::sparsify::{NodesAre, Recipe};
use crate::session::trial_words::{evaluated_on, recovered_note};
use crate::session::words::Words;
use crate::session::{Phase, Trial};
use crate::ui::tokens::Tokens;
use crate::ui::widgets::plot::{PlotOutput, serve};
use crate::ui::widgets::{chip, picker, weak};

/// The view; it holds only what is looked at.
#[derive(Debug, Default)]
pub(super) struct Tradeoff {
    trial: Trial,
    /// Up to which start of a trial `trial` has followed the session.
    followed: u64,
    cost: Cost,
    on: EvaluatedOn,
    together: Together,
    /// Whose curve is shown.
    disturbed: StressKind,
    /// Whose masks the next disturbed graphs have.
    masks: StressMasks,
}

/// Side of the part of a point that answers to the pointer.
const TARGET: f32 = 14.0;
/// Between two plots.
const GAP: f32 = 6.0;
/// A plot is not squeezed below this height; then the view scrolls.
const LEAST_HEIGHT: f32 = 150.0;

impl View for Tradeoff {
    fn ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        let (newest, n_started) = cx.session.store().trial;
        if n_started != self.followed {
            (self.trial, self.followed) = (newest, n_started);
        }
        match self.trial {
            Trial::Thresholds => self.thresholds_ui(cx, ui),
            Trial::Methods => self.methods_ui(cx, ui),
            Trial::Layers => self.layers_ui(cx, ui),
            Trial::Together => self.together_ui(cx, ui),
            Trial::Stress => self.stress_ui(cx, ui),
        }
    }
}

impl Tradeoff {
    /// The first row: which trial, then what `add` says, and at the right the state of the trial before a hint.
    fn toolbar_ui(
        &mut self,
        cx: &ViewCx<'_>,
        ui: &mut egui::Ui,
        state: (Phase, usize, usize),
        hint: &str,
        add: impl FnOnce(&mut Self, &mut egui::Ui),
    ) {
        let words = cx.session.words();
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            for (trial, key) in TRIALS {
                ui.selectable_value(&mut self.trial, trial, words.text(key)).on_hover_text(words.hint(key));
            }
            ui.spacing_mut().item_spacing.x = 8.0;
            ui.add_space(6.0);
            add(self, ui);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                state_ui(ui, cx.tokens, words, state);
                let font = egui::FontId::proportional(crate::ui::tokens::TEXT);
                let needed = ui.painter().layout_no_wrap(hint.to_owned(), font, cx.tokens.text_weak).size().x;
                if needed < ui.available_width() {
                    ui.label(weak(cx.tokens, hint));
                }
            });
        });
        // Every number is beside this baseline.
        if let Some(note) = cx.session.store().model.as_ref().and_then(|model| model.baseline.note()) {
            ui.add(egui::Label::new(weak(cx.tokens, format!("⚠ {note}"))).wrap());
        }
        let store = cx.session.store();
        let nodes_of = |base: &Recipe| base.recovery.as_ref().map(|rule| rule.nodes_are);
        let recovered_for = match self.trial {
            Trial::Thresholds if !store.sweep.points.is_empty() => nodes_of(&store.sweep.base),
            Trial::Layers if !store.sensitivity.points.is_empty() => nodes_of(&store.sensitivity.base),
            Trial::Methods if !store.comparison.points.is_empty() && store.comparison.plan.has_recovery => {
                Some(NodesAre::Static)
            }
            _ => None,
        };
        if let Some(nodes) = recovered_for {
            let text = format!("⚠ {}", recovered_note(nodes, words));
            ui.add(egui::Label::new(weak(cx.tokens, text)).wrap());
        }
        ui.add_space(2.0);
    }

    /// Whose accuracy stands along the axis.
    fn accuracy_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        let words = cx.session.words();
        let label = ui.label(weak(cx.tokens, words.text("tradeoff-accuracy")));
        let name = |on: EvaluatedOn| {
            let says = match on {
                EvaluatedOn::Test => "tradeoff-on-test-says",
                EvaluatedOn::Val => "tradeoff-on-validation-says",
            };
            (evaluated_on(on, words), words.text(says))
        };
        picker(ui, &words.text("tradeoff-accuracy-of"), 92.0, &EvaluatedOn::ALL, &mut self.on, name)
            .labelled_by(label.id);
    }
}

/// The trials with their names.
const TRIALS: [(Trial, &str); 5] = [
    (Trial::Thresholds, "tradeoff-by-thresholds"),
    (Trial::Methods, "tradeoff-by-method"),
    (Trial::Layers, "tradeoff-by-layer"),
    (Trial::Together, "tradeoff-all-trials"),
    (Trial::Stress, "tradeoff-under-stress"),
];

/// How many points are there, of how many, and whether more will come.
fn state_ui(ui: &mut egui::Ui, tokens: &Tokens, words: &Words, (phase, n, all): (Phase, usize, usize)) {
    let (key, is_noted) = match phase {
        Phase::Idle => return,
        Phase::Running => ("tradeoff-points", false),
        Phase::Done => ("tradeoff-points-complete", false),
        Phase::Cancelled => ("tradeoff-points-cancelled", true),
        Phase::Failed => ("tradeoff-points-failed", true),
    };
    let (ink, ground) =
        if is_noted { (tokens.warning, tokens.warning_weak) } else { (tokens.text_weak, tokens.sunken) };
    let text = words.with(key, &[("n", n.to_string().into()), ("all", all.to_string().into())]);
    chip(ui, &text, ink, ground);
}

/// A point of a chart as a control of its own, so that keys and readers reach it too; `None` where it is out of view.
fn point_ui(
    ui: &egui::Ui,
    tokens: &Tokens,
    output: &PlotOutput,
    [x, y]: [f64; 2],
    id: (&str, usize),
    name: &str,
    is_marked: bool,
) -> Option<egui::Response> {
    let at = place_of(output, [x, y])?;
    let target = Rect::from_center_size(at, vec2(TARGET, TARGET));
    let response = ui.interact(target, ui.scope_id().with(id), Sense::click());
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, is_marked, name));
    if is_marked || response.has_focus() {
        ui.painter().circle_stroke(at, 7.0, Stroke::new(1.5, tokens.text));
    }
    if response.hovered() {
        ui.painter().circle_stroke(at, 6.0, Stroke::new(1.5, tokens.accent));
    }
    Some(response)
}

/// Where a point stands on the screen, if it is in view.
fn place_of(output: &PlotOutput, [x, y]: [f64; 2]) -> Option<egui::Pos2> {
    let at = (x.is_finite() && y.is_finite()).then(|| output.transform.position_from_point(&PlotPoint::new(x, y)))?;
    output.transform.frame().contains(at).then_some(at)
}

/// A ring around the point whose recipe is the present one.
fn here_ui(ui: &egui::Ui, tokens: &Tokens, output: &PlotOutput, at: [f64; 2]) {
    if let Some(at) = place_of(output, at) {
        ui.painter().circle_stroke(at, 8.0, Stroke::new(2.0, tokens.accent));
    }
}

/// Serves the menu of a chart; files are in English, as those of the command line.
fn serve_ui(cx: &ViewCx<'_>, output: &PlotOutput, curves: impl FnOnce() -> Curves, name: &str) {
    let graph = cx.session.store().graph.as_ref().map_or("sweep", |g| g.dataset.name());
    serve(cx, output.asked, || Arc::new(curves()), &format!("{graph} {name}"));
}
