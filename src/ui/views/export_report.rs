//! Export › Report: in which language, as what, at which price, and where it goes.

use eframe::egui;

use super::{ViewCx, WindowRequest};
use crate::io::escaped_path;
use crate::io::printed::PrintedForm;
use crate::session::jobs::Lane;
use crate::session::words::Language;
use crate::session::{Command, Currency, ReportChoice, RunEntry, format};
use crate::ui::widgets::{section, weak};

/// Width of the names before the fields.
const NAME_WIDTH: f32 = 240.0;

/// The form; what is chosen is the session's.
pub(super) fn report_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, entry: &RunEntry) {
    let (words, store) = (cx.session.words(), cx.session.store());
    section(ui, cx.tokens, &words.text("report-window-title"));
    ui.add(egui::Label::new(weak(cx.tokens, words.text("report-window-about"))).wrap());
    ui.add_space(4.0);
    let before = store.export.report;
    let mut choice = before;
    let name = words.text("report-window-language");
    row(ui, &name, |ui, _| {
        let shown = choice.language.unwrap_or_else(|| cx.session.language());
        let mut language = shown;
        for one in Language::ALL {
            let response = ui.selectable_value(&mut language, one, one.name());
            // The window's own language is chosen elsewhere, by the same names.
            let label = format!("{name}: {}", one.name());
            let is_chosen = language == one;
            response
                .widget_info(|| egui::WidgetInfo::selected(egui::Role::RadioButton, true, is_chosen, label.clone()));
        }
        if language != shown {
            choice.language = Some(language);
        }
    });
    row(ui, &words.text("report-window-form"), |ui, _| {
        for form in PrintedForm::ALL {
            ui.selectable_value(&mut choice.form, form, form.title());
        }
    });
    let says = words.text("report-window-price-says");
    row(ui, &words.text("report-window-price"), |ui, label| {
        let none = words.text("report-window-no-price");
        let price = egui::DragValue::new(&mut choice.per_core_hour)
            .range(0.0..=1e6)
            .speed(0.005)
            .max_decimals(4)
            .custom_formatter(move |n, _| if n > 0.0 { n.to_string() } else { none.clone() })
            .custom_parser(|text| text.trim().parse().ok().or(Some(0.0)));
        ui.add(price).labelled_by(label).on_hover_text(&says);
        for currency in Currency::ALL {
            ui.selectable_value(&mut choice.currency, currency, currency.key());
        }
    });
    if choice != before {
        cx.out.send(Command::SetReport(choice));
    }
    ui.add_space(4.0);
    let is_busy = cx.session.is_busy(&Lane::Export);
    let button = ui.add_enabled(!is_busy, egui::Button::new(words.text("report-window-write")));
    if button.on_hover_text(words.text("report-window-write-says")).clicked() {
        cx.out.request(WindowRequest::ReportDialog(entry.id));
    }
    if let Some((_, written)) = store.export.last_report.as_ref().filter(|(of, _)| *of == entry.id) {
        ui.horizontal_wrapped(|ui| {
            let size = format::bytes(written.size_bytes);
            let arguments = [("path", escaped_path(&written.path).into()), ("size", size.into())];
            ui.label(weak(cx.tokens, words.with("report-window-last", &arguments)));
            let folder = written.path.parent().map(std::path::Path::to_owned);
            if let Some(folder) = folder
                && ui.button(words.text("report-window-show")).clicked()
            {
                cx.out.request(WindowRequest::Reveal(folder));
            }
        });
    }
}

/// A name, and its field where all fields begin.
fn row(ui: &mut egui::Ui, name: &str, field: impl FnOnce(&mut egui::Ui, egui::Id)) {
    ui.horizontal(|ui| {
        let begin = ui.cursor().left();
        let label = ui.label(name);
        ui.add_space((begin + NAME_WIDTH - ui.cursor().left()).max(0.0));
        field(ui, label.id);
    });
}

/// What the form begins with.
pub(in crate::ui) fn report_name(choice: ReportChoice, name: &str) -> String {
    format!("{name}-report.{}", choice.form.ending())
}
