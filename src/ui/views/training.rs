//! Training: loss and accuracy, sparsity and step size per epoch, while they come.

use std::sync::Arc;

use eframe::egui::{self, vec2};

use super::{View, ViewCx, WindowRequest};
use crate::engine::EngineError;
use crate::engine::control::Control;
use crate::engine::plot::{Axis, Curve, Curves, Mark};
use crate::engine::train::EpochRecord;
use crate::session::{Command, History, Phase, Request, TrainingState, format};
use crate::ui::actions::Action;
use crate::ui::widgets::plot::{long_curves_ui, serve};
use crate::ui::widgets::{chip, empty_state, strong, weak};

/// The view; the curves are the session's.
#[derive(Debug, Default)]
pub(super) struct TrainingView {}

/// A curve: its name and where it is read from.
type Column = (&'static str, fn(&EpochRecord) -> f64);

impl View for TrainingView {
    fn ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        let training = &cx.session.store().training;
        if training.phase == Phase::Idle || (training.history.is_empty() && training.phase != Phase::Running) {
            return nothing_ui(cx, ui, training.phase);
        }
        heading_ui(cx, ui, training);
        let Some(plots) = plots(cx, training) else {
            return empty_state(ui, cx.tokens, "Drawing the curves", "This many epochs are read in the background");
        };
        let half = |room: f32, gap: f32| ((room - gap) / 2.0).max(1.0);
        let size = vec2(half(ui.available_width(), 14.0), half(ui.available_height(), 10.0));
        for pair in plots.chunks(2) {
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = 14.0;
                for Plotted { name, curves } in pair {
                    ui.allocate_ui_with_layout(size, egui::Layout::top_down(egui::Align::Min), |ui| {
                        plot_ui(cx, ui, name, curves, training, size.y);
                    });
                }
            });
            ui.add_space(4.0);
        }
    }
}

/// Longer histories are made to curves in the background.
const LONG: usize = 4096;

/// One of the four plots.
#[derive(Debug, Clone)]
struct Plotted {
    name: &'static str,
    curves: Arc<Curves>,
}

/// The plots of a training as it was asked for.
#[derive(Debug, Clone)]
struct PlotsRequest {
    label: String,
    n_epochs: usize,
    history: History,
}

impl PartialEq for PlotsRequest {
    fn eq(&self, other: &Self) -> bool {
        // A history only grows.
        (&self.label, self.n_epochs, self.history.len()) == (&other.label, other.n_epochs, other.history.len())
    }
}

impl Request for PlotsRequest {
    type Answer = Vec<Plotted>;

    fn slot(&self) -> String {
        SLOT.to_owned()
    }

    fn compute(&self, ctl: &Control) -> Result<Self::Answer, EngineError> {
        ctl.check()?;
        Ok(all_plots(self))
    }
}

const SLOT: &str = "training curves";

/// The plots of the epochs so far; of a long training as of a moment ago. `None` until they are there for the first time.
fn plots(cx: &ViewCx<'_>, training: &TrainingState) -> Option<Vec<Plotted>> {
    let request =
        PlotsRequest { label: training.label.clone(), n_epochs: training.n_epochs, history: training.history.clone() };
    if training.history.len() <= LONG {
        return Some(all_plots(&request));
    }
    let desk = &cx.session.store().desk;
    if !desk.is_settled(&request) && !desk.is_pending(SLOT) {
        cx.out.compute(request);
    }
    let (answered, plots) = desk.answer::<PlotsRequest>(SLOT)?;
    (answered.label == training.label && answered.history.len() <= training.history.len()).then(|| (*plots).clone())
}

fn all_plots(of: &PlotsRequest) -> Vec<Plotted> {
    let all = [
        ("Loss", loss(of)),
        ("Accuracy by epoch", accuracy(of)),
        ("Sparsity by epoch", sparsity(of)),
        ("Step size", step_size(of)),
    ];
    all.map(|(name, curves)| Plotted { name, curves: Arc::new(curves) }).into()
}

fn plot_ui(
    cx: &ViewCx<'_>,
    ui: &mut egui::Ui,
    name: &str,
    curves: &Arc<Curves>,
    training: &TrainingState,
    height: f32,
) {
    let output = long_curves_ui(cx, ui, name, curves, height);
    serve(cx, output.asked, || Arc::clone(curves), &format!("training {}", curves.title));
    let Some(epoch) = output.near.and_then(|(_, at)| training.history.get(at)) else { return };
    output.response.on_hover_ui_at_pointer(|ui| {
        ui.label(strong(format!("epoch {}", epoch.epoch)));
        for curve in &curves.series {
            if let Some([_, y]) = curve.points.get(epoch.epoch.saturating_sub(1)) {
                let y = if curves.y.is_log10 { 10f64.powf(*y) } else { *y };
                ui.label(format!("{} {}", curve.name, short(y)));
            }
        }
    });
}

fn short(value: f64) -> String {
    if value != 0.0 && value.abs() < 0.01 { format!("{value:.2e}") } else { format!("{value:.3}") }
}

fn heading_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, training: &TrainingState) {
    ui.horizontal(|ui| {
        ui.label(strong(&training.label));
        let n = training.history.len();
        ui.label(weak(cx.tokens, format!("epoch {n} of {}", training.n_epochs)));
        if let Some(best) = training.history.best() {
            let text = format!(
                "best epoch {}, validation {}, test {}",
                best.epoch,
                format::percent(best.val_accuracy),
                format::percent(best.test_accuracy)
            );
            ui.label(weak(cx.tokens, text))
                .on_hover_text("The weights of the epoch with the best validation score are kept");
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let (text, is_noted) = match training.phase {
                Phase::Idle | Phase::Running => ("running", false),
                Phase::Done => ("complete", false),
                Phase::Cancelled => ("cancelled", true),
                Phase::Failed => ("failed", true),
            };
            let (ink, ground) = if is_noted {
                (cx.tokens.warning, cx.tokens.warning_weak)
            } else {
                (cx.tokens.text_weak, cx.tokens.sunken)
            };
            chip(ui, text, ink, ground);
            if training.left.is_some() {
                keep_ui(cx, ui, training);
            }
            if let Some(last) = training.history.last() {
                ui.label(weak(cx.tokens, format!("{} per epoch", format::seconds(last.elapsed_secs))));
            }
        });
    });
    ui.add_space(2.0);
}

/// Opens what a cancelled training had by then.
fn keep_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, training: &TrainingState) {
    let best = training.history.best().map_or(0, |epoch| epoch.epoch);
    let says = "Open the model of the best epoch so far; it is there until the next training starts";
    if ui.button(format!("Keep epoch {best}")).on_hover_text(says).clicked() {
        cx.out.send(Command::KeepLeft);
    }
}

fn over_epochs(training: &PlotsRequest, title: &str, y: Axis, columns: &[Column]) -> Curves {
    let log = y.is_log10;
    let series = columns.iter().enumerate().map(|(colour, (name, of))| Curve {
        name: (*name).to_owned(),
        points: training.history.iter().map(|e| [e.epoch as f64, if log { of(e).log10() } else { of(e) }]).collect(),
        colour,
        ..Curve::default()
    });
    let mark = training.history.best().map(|e| Mark { x: e.epoch as f64, label: "best".to_owned() });
    Curves {
        title: title.to_owned(),
        subtitle: training.label.clone(),
        // From the first frame the axis is as long as the training, so that nothing moves while it runs.
        x: Axis { range: Some([0.0, training.n_epochs.max(1) as f64]), ..Axis::new("epoch") },
        y,
        series: series.collect(),
        marks: mark.into_iter().collect(),
    }
}

fn loss(training: &PlotsRequest) -> Curves {
    over_epochs(
        training,
        "Loss",
        Axis::new("cross-entropy"),
        &[("train", |e| e.train_loss), ("validation", |e| e.val_loss)],
    )
}

fn accuracy(training: &PlotsRequest) -> Curves {
    let metric = training.history.first().map(|e| e.metric).unwrap_or_default();
    over_epochs(
        training,
        metric.heading(),
        Axis::new(format!("{}, %", metric.title())),
        &[
            ("train", |e| 100.0 * e.train_accuracy),
            ("validation", |e| 100.0 * e.val_accuracy),
            ("test", |e| 100.0 * e.test_accuracy),
        ],
    )
}

fn sparsity(training: &PlotsRequest) -> Curves {
    over_epochs(
        training,
        "Removed while training",
        Axis { range: Some([0.0, 100.0]), ..Axis::new("removed, %") },
        &[("edges", |e| 100.0 * e.edge_sparsity), ("weights", |e| 100.0 * e.weight_sparsity)],
    )
}

fn step_size(training: &PlotsRequest) -> Curves {
    over_epochs(training, "Step size", Axis::log10("learning rate"), &[("learning rate", |e| e.learning_rate)])
}

fn nothing_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, phase: Phase) {
    let has_graph = cx.session.store().graph.is_some();
    let (title, next) = match (phase, has_graph) {
        (_, false) => ("Nothing to train on yet", "Open a graph with labels"),
        (Phase::Failed, true) => ("The training failed", "The notices say why; change the settings and try again"),
        (Phase::Cancelled, true) => ("The training was cancelled", "No epoch was finished"),
        _ => ("No training yet", "Train a model of the recipe's network on the open graph"),
    };
    empty_state(ui, cx.tokens, title, next);
    if has_graph {
        ui.vertical_centered(|ui| {
            ui.add_space(8.0);
            if ui.button("Train now").on_hover_text("Ctrl+T").clicked() {
                cx.out.request(WindowRequest::Do(Action::Train));
            }
        });
    }
}
