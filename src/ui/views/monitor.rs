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

/// What is typed or chosen: the key of its name and of what it is, by which messages know it, and whether a check takes it.
const FIELDS: [(CheckField, &str, &str, bool); 5] = [
    (CheckField::Bundle, "monitor-bundle", "bundle", true),
    (CheckField::Graph, "monitor-graph", "graph", true),
    (CheckField::Model, "monitor-model", "model", false),
    (CheckField::Labels, "monitor-labels", "labels", false),
    (CheckField::Reference, "monitor-reference", "reference", false),
];

/// Height of the curves.
const CURVES_HEIGHT: f32 = 220.0;
/// Width of the names before the fields.
const NAME_WIDTH: f32 = 112.0;
/// Width of a field.
const FIELD_WIDTH: f32 = 420.0;

impl View for Monitor {
    fn ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        let (state, words) = (&cx.session.store().monitor, cx.session.words());
        egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            form_ui(cx, ui);
            let Some(newest) = state.history.last() else {
                return empty_state(ui, cx.tokens, &words.text("monitor-none"), &words.text("monitor-none-next"));
            };
            ui.add_space(6.0);
            ui.separator();
            answer_ui(cx, ui, newest);
            if state.history.len() > 1 {
                let curves = &state.pages.curves;
                let output = curves_ui(ui, cx.tokens, &words.text("monitor-curves"), curves, CURVES_HEIGHT);
                serve(cx, output.asked, || Arc::clone(curves), "checks");
                ui.push_id("history", |ui| page_ui(ui, cx.tokens, &state.pages.history));
                ui.add_space(8.0);
            }
            page_ui(ui, cx.tokens, &state.pages.numbers);
        });
    }
}

fn form_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui) {
    let words = cx.session.words();
    let mut asked = cx.session.store().monitor.asked.clone();
    let before = asked.clone();
    // Beside the names and the buttons.
    let width = FIELD_WIDTH.min(ui.available_width() - 220.0).max(80.0);
    for (field, key, kind, _) in FIELDS {
        let says = words.hint(key);
        // No grid: its columns are as narrow as what they held in the frame before.
        ui.horizontal(|ui| {
            let begin = ui.cursor().left();
            let label = ui.label(words.text(key)).on_hover_text(&says);
            ui.add_space((begin + NAME_WIDTH - ui.cursor().left()).max(0.0));
            let edit = egui::TextEdit::singleline(field.of(&mut asked)).desired_width(width).hint_text(says.as_str());
            ui.add(edit).labelled_by(label.id);
            let choose = ui.button(words.text("monitor-choose"));
            let name = words.with("monitor-choose-what", &[("field", kind.into())]);
            choose.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
            if choose.clicked() {
                cx.out.request(WindowRequest::CheckDialog(field));
            }
        });
    }
    let is_busy = cx.session.is_busy(&Lane::Answer);
    let has_all = FIELDS.iter().all(|(field, _, _, is_needed)| !is_needed || !field.of(&mut asked).trim().is_empty());
    ui.horizontal(|ui| {
        let check = words.text(if is_busy { "monitor-checking" } else { "monitor-check" });
        let button = ui.add_enabled(has_all && !is_busy, egui::Button::new(check));
        let button = button.on_disabled_hover_text(words.text("monitor-name-both"));
        if button.on_hover_text(words.hint("monitor-check")).clicked() {
            cx.out.send(Command::CheckBundle);
        }
        let history = &cx.session.store().monitor.history;
        if let Some(newest) = history.last()
            && ui.button(words.text("monitor-copy")).clicked()
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
