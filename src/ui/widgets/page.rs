//! A page of results: lines and tables.

use eframe::egui;

use crate::session::{PagePart, PageTable};
use crate::ui::tokens::{self, Tokens};
use crate::ui::widgets::text::{mono, shown, strong, weak};

/// Draws a page, its tables as wide as they are.
pub(crate) fn page_ui(ui: &mut egui::Ui, tokens: &Tokens, page: &[PagePart]) {
    for (at, part) in page.iter().enumerate() {
        match part {
            PagePart::Line(line) if line.is_empty() => ui.add_space(6.0),
            PagePart::Line(line) => {
                ui.add(egui::Label::new(shown(line.as_str())).wrap());
            }
            PagePart::Table(table) => table_ui(ui, tokens, at, table),
        }
    }
}

fn table_ui(ui: &mut egui::Ui, tokens: &Tokens, at: usize, table: &PageTable) {
    egui::Grid::new(("page", at)).num_columns(table.header.len()).spacing([16.0, 4.0]).show(ui, |ui| {
        for name in &table.header {
            ui.label(strong(name.as_str()).size(tokens::SMALL));
        }
        ui.end_row();
        for row in &table.rows {
            for (column, text) in row.iter().enumerate() {
                if column < table.n_left {
                    ui.label(weak(tokens, text.as_str()));
                } else {
                    ui.label(mono(text.as_str()).size(tokens::SMALL));
                }
            }
            ui.end_row();
        }
    });
}
