//! What stands beside a finished run, folded away until it is wanted: its certificate, and the errors of its nodes with their bounds.

use std::sync::Arc;

use eframe::egui;

use crate::engine::experiment::Run;
use crate::io::results::node_errors_csv;
use crate::session::jobs::Lane;
use crate::session::{Command, ErrorReport, FileWriter, RunEntry, certificate_page};
use crate::ui::context::{SaveRequest, ViewCx, WindowRequest};
use crate::ui::tokens;
use crate::ui::widgets::plot::{curves_ui, serve};
use crate::ui::widgets::{page_ui, weak};
use crate::ui::words::Say as _;

/// Points that a certificate is asked for, where nobody says otherwise.
const POINTS: f64 = 2.0;
/// Height of the curves.
const HEIGHT: f32 = 200.0;

/// Both folds; nothing for a preview.
pub(super) fn beside_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, run: &Run) {
    let words = ui.words();
    let finished = cx.session.store().finished_run().filter(|entry| std::ptr::eq(&raw const *entry.run, run));
    let Some(entry) = finished else { return };
    ui.add_space(4.0);
    let fold = |key: &str| egui::CollapsingHeader::new(words.text(key)).id_salt(("beside", key));
    fold("certificate-title").show(ui, |ui| certificate_ui(ui, cx, entry));
    fold("errors-title").show(ui, |ui| errors_ui(ui, cx, entry));
}

fn certificate_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, entry: &RunEntry) {
    let words = ui.words();
    let certificate = cx.session.store().certificate_of(entry.id);
    ui.horizontal(|ui| {
        let id = egui::Id::unique("certified points");
        let mut points: f64 = ui.data(|data| data.get_temp(id)).unwrap_or(POINTS);
        let label = ui.label(words.text("certificate-at-most")).on_hover_text(words.text("certificate-at-most-says"));
        let field = egui::DragValue::new(&mut points)
            .range(0.1..=50.0)
            .clamp_existing_to_range(false)
            .speed(0.1)
            .fixed_decimals(1)
            .suffix(words.text("certificate-points"));
        if ui.add(field.update_while_editing(false)).labelled_by(label.id).changed() {
            ui.data_mut(|data| data.insert_temp(id, points));
        }
        let is_busy = cx.session.is_busy(&Lane::Certify);
        let button = egui::Button::new(words.text(if is_busy { "certificate-busy" } else { "certificate-certify" }));
        let button = ui.add_enabled(!is_busy, button).on_hover_text(words.text("certificate-certify-says"));
        if button.clicked() {
            cx.out.send(Command::Certify(entry.id, points / 100.0));
        }
    });
    match certificate {
        Some(certificate) => wide(ui, "certificate", |ui| page_ui(ui, cx.tokens, &certificate_page(certificate))),
        None => small(ui, cx, &words.text("certificate-what")),
    }
}

fn errors_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, entry: &RunEntry) {
    let words = ui.words();
    let Some(report) = cx.session.store().errors.get(&entry.id) else {
        let is_busy = cx.session.is_busy(&Lane::Errors);
        let button = egui::Button::new(words.text(if is_busy { "errors-busy" } else { "errors-compute" }));
        let button = ui.add_enabled(!is_busy, button).on_hover_text(words.text("errors-compute-says"));
        if button.clicked() {
            cx.out.send(Command::NodeErrors(entry.id));
        }
        return small(ui, cx, &words.text("errors-what"));
    };
    wide(ui, "errors", |ui| page_ui(ui, cx.tokens, &report.page));
    let output = curves_ui(ui, cx.tokens, &words.text("errors-of-nodes"), &report.curves, HEIGHT);
    let name = format!("{} errors", entry.run.dataset.name());
    serve(cx, output.asked, || Arc::clone(&report.curves), &name);
    if ui.button(words.text("errors-save")).clicked() {
        cx.out.request(WindowRequest::Save(nodes_request(entry, report, &name)));
    }
}

/// One line per node and step.
fn nodes_request(entry: &RunEntry, report: &ErrorReport, name: &str) -> SaveRequest {
    let file = format!("{name} by node.csv").to_lowercase().replace([' ', '/'], "-");
    let (run, nodes) = (Arc::clone(&entry.run), Arc::clone(&report.nodes));
    let writer = FileWriter::new(format!("Save {file}"), move |path, _| {
        let path = crate::io::with_known_ending(path, &["csv"])?;
        let bytes = node_errors_csv(&run.dataset, &nodes, &path)?;
        Ok((path, bytes))
    });
    SaveRequest { name: file, writer }
}

/// Room to the side for tables that are wider than the panel.
fn wide(ui: &mut egui::Ui, id: &str, add: impl FnOnce(&mut egui::Ui)) {
    let width = ui.available_width();
    egui::ScrollArea::horizontal().id_salt(id).auto_shrink([false, true]).show(ui, |ui| {
        ui.set_max_width(width);
        add(ui);
    });
}

fn small(ui: &mut egui::Ui, cx: &ViewCx<'_>, text: &str) {
    ui.add(egui::Label::new(weak(cx.tokens, text).size(tokens::SMALL)).wrap());
}
