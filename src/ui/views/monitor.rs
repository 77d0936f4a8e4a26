//! Monitor: is a bundle still true on a later graph? What is asked for, the answer, and the checks so far as curves.

use std::sync::Arc;

use eframe::egui;

use super::{View, ViewCx, WindowRequest};
use crate::engine::monitor::Level;
use crate::io::checks::CheckRecord;
use crate::session::jobs::Lane;
use crate::session::{Command, finding_says, level_says, level_title, markdown, record_page};
use crate::ui::context::CheckField;
use crate::ui::widgets::plot::{curves_ui, serve};
use crate::ui::widgets::{chip, empty_state, page_ui, strong, weak};

/// The view; everything it shows is the session's.
#[derive(Debug)]
pub(super) struct Monitor;

/// What is typed or chosen: its name, what it is, and whether a check takes it.
const FIELDS: [(CheckField, &str, &str, bool); 5] = [
    (CheckField::Bundle, "Bundle", "What Export wrote: a folder or .zip", true),
    (CheckField::Graph, "Today's graph", "With the same ids and features: a folder, a file or sample:NAME", true),
    (
        CheckField::Model,
        "Unpruned model",
        "Says how often the pruned model still agrees with it; may be left out",
        false,
    ),
    (CheckField::Labels, "Labels", "Of today's graph, where they lie elsewhere; may be left out", false),
    (
        CheckField::Reference,
        "First graph",
        "The one the bundle was made from, where it is not where the bundle says",
        false,
    ),
];

/// Height of the curves.
const CURVES_HEIGHT: f32 = 220.0;
/// Width of the names before the fields.
const NAME_WIDTH: f32 = 112.0;
/// Width of a field.
const FIELD_WIDTH: f32 = 420.0;

impl View for Monitor {
    fn ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        let state = &cx.session.store().monitor;
        egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            form_ui(cx, ui);
            let Some(newest) = state.history.last() else {
                let next = "Name a bundle and a later graph: what came, what drifted, whether the answers still hold";
                return empty_state(ui, cx.tokens, "No check yet", next);
            };
            ui.add_space(6.0);
            ui.separator();
            answer_ui(cx, ui, newest);
            if state.history.len() > 1 {
                let curves = &state.pages.curves;
                let output = curves_ui(ui, cx.tokens, "Checks over time", curves, CURVES_HEIGHT);
                serve(cx, output.asked, || Arc::clone(curves), "checks");
                ui.push_id("history", |ui| page_ui(ui, cx.tokens, &state.pages.history));
                ui.add_space(8.0);
            }
            page_ui(ui, cx.tokens, &state.pages.numbers);
        });
    }
}

fn form_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui) {
    let mut asked = cx.session.store().monitor.asked.clone();
    let before = asked.clone();
    // Beside the names and the buttons.
    let width = FIELD_WIDTH.min(ui.available_width() - 220.0).max(80.0);
    for (field, name, says, _) in FIELDS {
        // No grid: its columns are as narrow as what they held in the frame before.
        ui.horizontal(|ui| {
            let begin = ui.cursor().left();
            let label = ui.label(name).on_hover_text(says);
            ui.add_space((begin + NAME_WIDTH - ui.cursor().left()).max(0.0));
            let edit = egui::TextEdit::singleline(field.of(&mut asked)).desired_width(width).hint_text(says);
            ui.add(edit).labelled_by(label.id);
            let choose = ui.button("Choose…");
            choose.widget_info(|| {
                egui::WidgetInfo::labeled(egui::Role::Button, true, format!("Choose {}", name.to_lowercase()))
            });
            if choose.clicked() {
                cx.out.request(WindowRequest::CheckDialog(field));
            }
        });
    }
    let is_busy = cx.session.is_busy(&Lane::Answer);
    let has_all = FIELDS.iter().all(|(field, _, _, is_needed)| !is_needed || !field.of(&mut asked).trim().is_empty());
    ui.horizontal(|ui| {
        let button = ui.add_enabled(has_all && !is_busy, egui::Button::new(if is_busy { "Checking" } else { "Check" }));
        let button = button.on_disabled_hover_text("Name a bundle and a later graph");
        if button.on_hover_text("Adds a line to the history beside the bundle; the bundle stays as it is").clicked() {
            cx.out.send(Command::CheckBundle);
        }
        let history = &cx.session.store().monitor.history;
        if let Some(newest) = history.last()
            && ui.button("Copy page").clicked()
        {
            let mut page = record_page(newest);
            page.extend(cx.session.store().monitor.pages.history.iter().cloned());
            cx.out.request(WindowRequest::Copy(markdown(&page)));
        }
    });
    if asked != before {
        cx.out.send(Command::SetCheck(Box::new(asked)));
    }
    for warning in &cx.session.store().monitor.warnings {
        ui.add(egui::Label::new(weak(cx.tokens, format!("⚠ {warning}"))).wrap());
    }
}

/// The newest answer: a word, a sentence, and what led to it.
fn answer_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, newest: &CheckRecord) {
    let tokens = cx.tokens;
    let (mark, ink, ground) = match newest.check.level {
        Level::Fine => ("✓", tokens.success, tokens.sunken),
        Level::ReEvaluate => ("⚠", tokens.warning, tokens.warning_weak),
        Level::Stop => ("✕", tokens.failure, tokens.failure_weak),
    };
    ui.horizontal(|ui| {
        chip(ui, &format!("{mark} {}", level_title(newest.check.level)), ink, ground);
        ui.add(egui::Label::new(strong(level_says(newest.check.level))).wrap());
    });
    for finding in &newest.check.findings {
        ui.add(egui::Label::new(finding_says(finding)).wrap());
    }
    ui.add_space(4.0);
}
