//! Runs: the table of finished runs, sorted, filtered, pinned, renamed, deleted, and compared two by two.

use std::sync::Arc;

use eframe::egui::{self, Align, Layout};
use egui_extras::{Column, TableBuilder, TableRow};

use super::{View, ViewCx, WindowRequest};
use crate::engine::experiment::PartScores;
use crate::session::{Agreement, Command, CompareRequest, RunEntry, RunId, format};
use crate::ui::panels::recipe_summary;
use crate::ui::widgets::{chip, empty_state, mono, strong, weak};

/// The view; it holds only how the table is sorted and filtered, and which name is being typed.
#[derive(Debug, Default)]
pub(super) struct Runs {
    filter: String,
    sort: Sort,
    renaming: Option<(RunId, String)>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sort {
    column: usize,
    is_rising: bool,
}

/// Heading, explanation, and width of the columns behind the name.
const COLUMNS: [(&str, &str, f32); 7] = [
    ("Test", "Accuracy of the pruned model on the test nodes", 66.0),
    ("Validation", "Accuracy of the pruned model on the validation nodes", 78.0),
    ("Edges", "Removed share of graph entries over all layers", 66.0),
    ("Weights", "Removed share of weights over all layers", 70.0),
    ("MACs", "Operations of the pruned forward pass", 76.0),
    ("Time", "Measured time of the pruned forward pass", 76.0),
    ("Speed-up", "Measured, against the unpruned forward pass", 72.0),
];

impl View for Runs {
    fn title(&self) -> &'static str {
        "Runs"
    }

    fn ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        let store = cx.session.store();
        if store.runs.is_empty() {
            return empty_state(
                ui,
                cx.tokens,
                "No runs yet",
                "Prune (Ctrl+Enter) applies the recipe completely and keeps the run here",
            );
        }
        ui.horizontal(|ui| {
            let field = egui::TextEdit::singleline(&mut self.filter).hint_text("Filter").desired_width(180.0);
            let field = ui.add(field);
            field.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Filter runs"));
            ui.label(weak(cx.tokens, caption(store.runs.len())));
        });
        ui.add_space(4.0);
        let rows = self.rows(&store.runs);
        let below = if store.compared.len() == 2 { 236.0 } else { 0.0 };
        let height = (ui.available_height() - below).max(120.0);
        ui.push_id("table", |ui| self.table_ui(cx, ui, &rows, height));
        if let [a, b] = store.compared[..]
            && let (Some(a), Some(b)) = (store.run(a), store.run(b))
        {
            ui.separator();
            compare_ui(ui, cx, a, b);
        }
    }
}

impl Runs {
    fn rows<'a>(&self, runs: &'a [RunEntry]) -> Vec<&'a RunEntry> {
        let wanted = self.filter.to_lowercase();
        let text = |e: &RunEntry| format!("{} {} {}", e.name, e.run.dataset.name(), recipe_summary(&e.run.recipe));
        let mut rows: Vec<_> = runs.iter().filter(|e| text(e).to_lowercase().contains(&wanted)).collect();
        rows.sort_by(|a, b| {
            let order = match self.sort.column {
                0 => a.id.cmp(&b.id),
                c => number(a, c).total_cmp(&number(b, c)),
            };
            let order = if self.sort.is_rising { order } else { order.reverse() };
            b.is_pinned.cmp(&a.is_pinned).then(order)
        });
        rows
    }

    fn table_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui, rows: &[&RunEntry], height: f32) {
        let shown = cx.session.store().finished_run().map(|e| e.id);
        let mut table = TableBuilder::new(ui)
            .sense(egui::Sense::click())
            .cell_layout(Layout::left_to_right(Align::Center))
            .min_scrolled_height(80.0)
            .max_scroll_height(height)
            .column(Column::exact(46.0))
            .column(Column::remainder().at_least(170.0).clip(true));
        for (_, _, width) in COLUMNS {
            table = table.column(Column::exact(width));
        }
        table
            .header(24.0, |mut header| {
                header.col(|_| {});
                header.col(|ui| self.heading_ui(ui, 0, "Run", "In order of their time"));
                for (i, (name, says, _)) in COLUMNS.into_iter().enumerate() {
                    header.col(|ui| {
                        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                            self.heading_ui(ui, i + 1, name, says);
                        });
                    });
                }
            })
            .body(|body| {
                body.rows(26.0, rows.len(), |mut row| {
                    let entry = rows[row.index()];
                    row.set_selected(shown == Some(entry.id));
                    self.row_ui(cx, &mut row, entry);
                });
            });
    }

    fn heading_ui(&mut self, ui: &mut egui::Ui, column: usize, name: &str, says: &str) {
        let is_sorted = self.sort.column == column;
        let arrow = if self.sort.is_rising { " ▲" } else { " ▼" };
        let text = if is_sorted { format!("{name}{arrow}") } else { name.to_owned() };
        let button = egui::Button::new(strong(text)).frame(false).small();
        if ui.add(button).on_hover_text(format!("{says}\n\nClick to sort")).clicked() {
            self.sort = Sort { column, is_rising: is_sorted && !self.sort.is_rising };
        }
    }

    fn row_ui(&mut self, cx: &ViewCx<'_>, row: &mut TableRow<'_, '_>, entry: &RunEntry) {
        row.col(|ui| {
            let mut is_ticked = cx.session.store().compared.contains(&entry.id);
            let tick = ui.checkbox(&mut is_ticked, "");
            tick.widget_info(|| {
                egui::WidgetInfo::selected(egui::Role::CheckBox, true, is_ticked, format!("Compare {}", entry.name))
            });
            if tick.on_hover_text("Compare with another").changed() {
                cx.out.send(Command::CompareRun(entry.id));
            }
            if entry.is_pinned {
                ui.label("▲").on_hover_text("Pinned to the top");
            }
        });
        row.col(|ui| self.name_ui(cx, ui, entry));
        for column in 1..=COLUMNS.len() {
            row.col(|ui| {
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    ui.label(mono(cell(entry, column)).color(cx.tokens.text))
                });
            });
        }
        let response = row.response();
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Row, true, &entry.name));
        if response.clicked() {
            cx.out.send(Command::ShowRun(entry.id));
        }
        response.context_menu(|ui| self.menu_ui(cx, ui, entry));
    }

    fn name_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui, entry: &RunEntry) {
        if let Some((id, typed)) = &mut self.renaming
            && *id == entry.id
        {
            let field = ui.add(egui::TextEdit::singleline(typed).desired_width(150.0));
            field.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "New name"));
            if field.lost_focus() {
                let name = typed.trim().to_owned();
                if !name.is_empty() && name != entry.name && !ui.input(|i| i.key_pressed(egui::Key::Escape)) {
                    cx.out.send(Command::RenameRun(entry.id, name));
                }
                self.renaming = None;
            } else {
                field.request_focus();
            }
            return;
        }
        ui.menu_button("⋮", |ui| self.menu_ui(cx, ui, entry))
            .response
            .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, format!("Actions for {}", entry.name)));
        ui.label(strong(entry.name.as_str()).color(cx.tokens.text));
        let summary =
            format!("{} · {}", entry.run.model.architecture.architecture.title(), recipe_summary(&entry.run.recipe));
        ui.add(egui::Label::new(weak(cx.tokens, summary)).truncate());
    }

    fn menu_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui, entry: &RunEntry) {
        if ui.button("Take over its recipe").clicked() {
            cx.out.send(Command::ShowRun(entry.id));
            ui.close();
        }
        if ui.button("Rename…").clicked() {
            self.renaming = Some((entry.id, entry.name.clone()));
            ui.close();
        }
        let pin = if entry.is_pinned { "Unpin" } else { "Pin to the top" };
        if ui.button(pin).clicked() {
            cx.out.send(Command::PinRun(entry.id, !entry.is_pinned));
            ui.close();
        }
        if ui.button("Export bundle…").clicked() {
            cx.out.request(WindowRequest::ExportDialog(entry.id));
            ui.close();
        }
        if ui.button("Delete").on_hover_text("Undo brings it back").clicked() {
            cx.out.send(Command::DeleteRun(entry.id));
            ui.close();
        }
    }
}

fn caption(n: usize) -> String {
    match n {
        1 => "1 run".to_owned(),
        n => format!("{n} runs · tick two to compare"),
    }
}

/// Of the pruned model; NaN where the split has no labelled nodes in this part.
fn accuracy(part: &PartScores) -> f64 {
    if part.pruned.n_nodes == 0 { f64::NAN } else { part.pruned.accuracy }
}

/// What a column sorts by.
fn number(entry: &RunEntry, column: usize) -> f64 {
    let run = &entry.run;
    match column {
        1 => accuracy(&run.evaluation.test),
        2 => accuracy(&run.evaluation.val),
        3 => run.pruned.edge_sparsity(),
        4 => run.pruned.weight_sparsity(),
        5 => run.pruned.macs().pruned() as f64,
        6 => run.timing.as_ref().map_or(f64::NAN, crate::engine::experiment::Timing::pruned_secs),
        _ => run.timing.as_ref().map_or(f64::NAN, |t| t.speedup().ratio),
    }
}

fn cell(entry: &RunEntry, column: usize) -> String {
    let value = number(entry, column);
    match column {
        7 => entry.run.timing.as_ref().map_or_else(|| format::NONE.to_owned(), |t| format::speedup(&t.speedup())),
        1 | 2 if value.is_nan() => format::NONE.to_owned(),
        1..=4 => format::percent(value),
        5 => format::short_count(value as u64),
        6 => format::seconds(value),
        _ => format::factor(value),
    }
}

fn compare_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, a: &RunEntry, b: &RunEntry) {
    let tokens = cx.tokens;
    ui.horizontal(|ui| {
        ui.label(strong(format!("{} against {}", a.name, b.name)));
        let (left, right) = (&a.run.recipe, &b.run.recipe);
        if left == right {
            chip(ui, "same recipe", tokens.text_weak, tokens.sunken);
        }
    });
    egui::Grid::new("compare").num_columns(4).spacing([24.0, 3.0]).show(ui, |ui| {
        for heading in ["", a.name.as_str(), b.name.as_str()] {
            ui.label(weak(tokens, heading));
        }
        ui.label(weak(tokens, "difference"))
            .on_hover_text(format!("How {} differs from {}: + is more, and a factor above 1× is more", a.name, b.name));
        ui.end_row();
        for column in 1..=COLUMNS.len() {
            ui.label(COLUMNS[column - 1].0).on_hover_text(COLUMNS[column - 1].1);
            ui.label(mono(cell(a, column)));
            ui.label(mono(cell(b, column)));
            let (value, is_better) = difference(a, b, column);
            let ink = match is_better {
                Some(false) => tokens.warning,
                Some(true) => tokens.success,
                None => tokens.text,
            };
            let word = is_better.map_or("", |is| if is { " better" } else { " worse" });
            ui.label(mono(format!("{value}{word}")).color(ink));
            ui.end_row();
        }
        differences_ui(ui, cx, a, b);
    });
}

/// What the first run has more than the second in a column, and whether that is better; `None` where both are the same to a reader, or
/// where more is neither.
fn difference(a: &RunEntry, b: &RunEntry, column: usize) -> (String, Option<bool>) {
    let (x, y) = (number(a, column), number(b, column));
    let text = if column <= 4 { format::points(x - y) } else { format::factor(x / y) };
    let is_seen = cell(a, column) != cell(b, column) && x.is_finite() && y.is_finite();
    // Removing more is not better by itself; accuracy and speed-up are, operations and time the less.
    let is_better = match column {
        1 | 2 | 7 => Some(x > y),
        5 | 6 => Some(x < y),
        _ => None,
    };
    (text, is_better.filter(|_| is_seen))
}

/// What grows with the graph is counted in the background.
fn differences_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, a: &RunEntry, b: &RunEntry) {
    let request = CompareRequest { a: Arc::clone(&a.run), b: Arc::clone(&b.run) };
    let desk = &cx.session.store().desk;
    let known = desk.answer::<CompareRequest>(CompareRequest::SLOT).filter(|(answered, _)| **answered == request);
    let known = known.map(|(_, differences)| *differences);
    if !desk.is_settled(&request) {
        cx.out.compute(request);
    }
    let rows: [(&str, &str, Option<Agreement>); 3] = [
        ("Same class", "Nodes that both give the same class", known.and_then(|d| d.classes)),
        ("Same edges", "Entries that stay, or go in the same step, in both", known.and_then(|d| d.edges)),
        ("Same weights", "Weights that both keep or both remove", known.and_then(|d| d.weights)),
    ];
    for (name, says, agreement) in rows {
        ui.label(name).on_hover_text(says);
        ui.label("");
        ui.label("");
        let text = match agreement {
            Some(Agreement { same, all }) => format!("{} of {}", format::count(same), format::count(all)),
            None => format::NONE.to_owned(),
        };
        ui.label(mono(text));
        ui.end_row();
    }
}
