//! Runs: the table of finished runs, sorted, filtered, pinned, renamed, deleted, and a page on two of them.

mod columns;
mod compare;
mod groups;
mod heatmap;
mod nodes;

use eframe::egui::{self, Align, Layout};
use egui_extras::{Column, TableBuilder, TableRow};

use self::columns::{COLUMNS, cell, number};
use self::compare::ComparePage;
use self::groups::{Line, in_order, lines};
use super::{SaveRequest, View, ViewCx, WindowRequest};
use crate::session::words::Words;
use crate::session::{Command, GroupBy, RunEntry, RunId, runs_as_text, runs_writer};
use crate::ui::panels::recipe_summary;
use crate::ui::widgets::{chip, empty_state, mono, picker, shown, strong, weak};
use crate::ui::words::Say as _;

/// The view; it holds only how the table is sorted and filtered, and what is being typed.
#[derive(Debug, Default)]
pub(super) struct Runs {
    filter: String,
    sort: Sort,
    group: GroupBy,
    typing: Option<(RunId, Typed, String)>,
    page: ComparePage,
    /// The two whose page was left for the table.
    left: Option<[RunId; 2]>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sort {
    column: usize,
    is_rising: bool,
}

/// What is typed in a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Typed {
    Name,
    Note,
    Tags,
}

impl Typed {
    /// The field's name.
    fn title(self, words: &Words) -> String {
        words.text(match self {
            Self::Name => "runs-type-name",
            Self::Note => "runs-type-note",
            Self::Tags => "runs-type-tags",
        })
    }

    /// What there is of it.
    fn text(self, entry: &RunEntry) -> String {
        match self {
            Self::Name => entry.name.clone(),
            Self::Note => entry.note.clone(),
            Self::Tags => entry.tags.join(", "),
        }
    }

    /// What makes the text of it; none where nothing would change.
    fn command(self, entry: &RunEntry, text: &str) -> Option<Command> {
        let text = text.trim();
        if text == self.text(entry) {
            return None;
        }
        match self {
            Self::Name => (!text.is_empty()).then(|| Command::RenameRun(entry.id, text.to_owned())),
            Self::Note => Some(Command::NoteRun(entry.id, text.to_owned())),
            Self::Tags => Some(Command::TagRun(entry.id, text.split(',').map(str::to_owned).collect())),
        }
    }
}

impl View for Runs {
    fn ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        let (store, words) = (cx.session.store(), cx.session.words());
        if store.runs.is_empty() {
            return empty_state(ui, cx.tokens, &words.text("runs-none"), &words.text("runs-none-next"));
        }
        let pair: Option<[RunId; 2]> = store.compared[..].try_into().ok();
        self.left = self.left.filter(|left| Some(*left) == pair);
        if let Some(pair) = pair.filter(|_| self.left.is_none())
            && let [Some(a), Some(b)] = pair.map(|id| store.run(id))
        {
            if self.page.ui(cx, ui, a, b) {
                self.left = Some(pair);
            }
            return;
        }
        ui.horizontal(|ui| {
            let hint = words.text("runs-filter");
            let field = egui::TextEdit::singleline(&mut self.filter).hint_text(hint).desired_width(180.0);
            let field = ui.add(field);
            let filter = words.text("runs-filter-name");
            field.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, &filter));
            let label = ui.label(weak(cx.tokens, words.text("runs-group-by")));
            let name = |by: GroupBy| (words.text(by.key()), words.hint(by.key()));
            picker(ui, &words.text("runs-group-by-name"), 96.0, &GroupBy::ALL, &mut self.group, name)
                .labelled_by(label.id);
            ui.label(weak(cx.tokens, caption(store.runs.len(), words)));
            if self.left.is_some() && ui.button(words.text("runs-show-comparison")).clicked() {
                self.left = None;
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| self.files_ui(cx, ui));
        });
        ui.add_space(4.0);
        let rows = self.rows(cx.session.words(), &store.runs);
        let height = ui.available_height().max(120.0);
        ui.push_id("table", |ui| self.table_ui(cx, ui, &rows, height));
    }
}

impl Runs {
    fn rows<'a>(&self, words: &Words, runs: &'a [RunEntry]) -> Vec<&'a RunEntry> {
        let wanted = self.filter.to_lowercase();
        let text = |e: &RunEntry| {
            let recipe = recipe_summary(words, &e.run.recipe);
            format!("{} {} {recipe} {} {}", e.name, e.run.dataset.name(), e.note, e.tags.join(" "))
        };
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

    /// What the table becomes elsewhere: the runs that are seen, in the order in which they are.
    fn files_ui(&self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        let words = cx.session.words();
        let rows = || in_order(self.group, &self.rows(words, &cx.session.store().runs), words);
        let save = ui.button(words.text("runs-save-table"));
        if save.on_hover_text(words.hint("runs-save-table")).clicked() {
            let graph = cx.session.store().graph.as_ref().map_or("all", |graph| graph.dataset.name());
            let name = format!("{graph} runs.csv").replace([' ', '/', '\\'], "-");
            cx.out.request(WindowRequest::Save(SaveRequest { name, writer: runs_writer(&rows(), words) }));
        }
        let copy = ui.button(words.text("runs-copy-table"));
        if copy.on_hover_text(words.hint("runs-copy-table")).clicked() {
            cx.out.request(WindowRequest::Copy(runs_as_text(&rows())));
        }
    }

    fn table_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui, rows: &[&RunEntry], height: f32) {
        let shown = cx.session.store().finished_run().map(|e| e.id);
        let mut table = TableBuilder::new(ui)
            .sense(egui::Sense::click())
            .cell_layout(Layout::left_to_right(Align::Center))
            .min_scrolled_height(80.0)
            .max_scroll_height(height)
            .column(Column::exact(46.0))
            .column(Column::remainder().at_least(130.0).clip(true));
        for (_, width) in COLUMNS {
            table = table.column(Column::exact(width));
        }
        table
            .header(36.0, |mut header| {
                header.col(|_| {});
                header.col(|ui| self.heading_ui(ui, 0, "runs-column-run"));
                for (i, (key, _)) in COLUMNS.into_iter().enumerate() {
                    header.col(|ui| {
                        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                            self.heading_ui(ui, i + 1, key);
                        });
                    });
                }
            })
            .body(|body| {
                let has_more = |entry: &&RunEntry| !entry.note.is_empty() || !entry.tags.is_empty();
                let height = if rows.iter().any(has_more) { 44.0 } else { 26.0 };
                let lines = lines(self.group, rows, cx.session.words());
                let heights =
                    lines.iter().map(|line| if matches!(line, Line::Run(_)) { height } else { groups::HEIGHT });
                body.heterogeneous_rows(heights, |mut row| match &lines[row.index()] {
                    Line::Heading(group) => groups::heading_ui(cx, &mut row, group, &cx.session.store().runs),
                    Line::Run(entry) => {
                        row.set_selected(shown == Some(entry.id));
                        self.row_ui(cx, &mut row, entry);
                    }
                });
            });
    }

    fn heading_ui(&mut self, ui: &mut egui::Ui, column: usize, key: &str) {
        let words = ui.words();
        let (name, says) = (words.text(key), words.hint(key));
        let is_sorted = self.sort.column == column;
        let arrow = if self.sort.is_rising { " ▲" } else { " ▼" };
        // What a column counts stands in two lines, so that the columns are no wider than their numbers.
        let text = name.replace(' ', "\n");
        let text = if is_sorted { format!("{text}{arrow}") } else { text };
        let button = egui::Button::new(strong(text)).frame(false).small().wrap_mode(egui::TextWrapMode::Extend);
        let button = ui.add(button);
        button.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, is_sorted, &name));
        let says = words.with("runs-click-to-sort", &[("says", says.into())]);
        if button.on_hover_text(says).clicked() {
            self.sort = Sort { column, is_rising: is_sorted && !self.sort.is_rising };
        }
    }

    fn row_ui(&mut self, cx: &ViewCx<'_>, row: &mut TableRow<'_, '_>, entry: &RunEntry) {
        let words = cx.session.words();
        row.col(|ui| {
            let mut is_ticked = cx.session.store().compared.contains(&entry.id);
            let tick = ui.checkbox(&mut is_ticked, "");
            tick.widget_info(|| {
                let name = words.with("runs-tick", &[("name", entry.name.as_str().into())]);
                egui::WidgetInfo::selected(egui::Role::CheckBox, true, is_ticked, name)
            });
            if tick.on_hover_text(words.hint("runs-tick")).changed() {
                cx.out.send(Command::CompareRun(entry.id));
            }
            if entry.is_pinned {
                ui.label("▲").on_hover_text(words.text("runs-pinned"));
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
        if let Some((id, what, typed)) = &mut self.typing
            && *id == entry.id
        {
            let field = egui::TextEdit::singleline(typed).desired_width(ui.available_width().min(320.0));
            let title = what.title(cx.session.words());
            let field = ui.add(field.hint_text(title.as_str()));
            field.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, &title));
            if field.lost_focus() {
                // Escape gives up. The window takes that key before this is drawn, so what counts is what else can end the typing.
                let is_meant = ui.input(|i| {
                    let is_by_pointer = i.pointer.any_pressed() || i.pointer.any_released();
                    is_by_pointer || i.key_pressed(egui::Key::Enter) || i.key_pressed(egui::Key::Tab)
                });
                if let Some(command) = what.command(entry, typed).filter(|_| is_meant) {
                    cx.out.send(command);
                }
                self.typing = None;
            } else {
                field.request_focus();
            }
            return;
        }
        ui.menu_button("⋮", |ui| self.menu_ui(cx, ui, entry)).response.widget_info(|| {
            let name = cx.session.words().with("runs-actions", &[("name", entry.name.as_str().into())]);
            egui::WidgetInfo::labeled(egui::Role::Button, true, name)
        });
        let summary = format!(
            "{} · {}",
            entry.run.model.architecture.architecture.title(),
            recipe_summary(cx.session.words(), &entry.run.recipe)
        );
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.spacing_mut().interact_size.y = 0.0;
            let has_more = !entry.note.is_empty() || !entry.tags.is_empty();
            let room = ui.available_height() - if has_more { 36.0 } else { 17.0 };
            ui.add_space((room / 2.0).max(0.0));
            ui.horizontal(|ui| {
                ui.label(strong(entry.name.as_str()).color(cx.tokens.text));
                ui.add(egui::Label::new(weak(cx.tokens, summary)).truncate());
            });
            if has_more {
                ui.horizontal(|ui| {
                    for tag in &entry.tags {
                        chip(ui, &shown(tag.as_str()), cx.tokens.text_weak, cx.tokens.sunken);
                    }
                    ui.add(egui::Label::new(shown(entry.note.as_str())).truncate());
                });
            }
        });
    }

    fn type_ui(&mut self, ui: &mut egui::Ui, entry: &RunEntry, what: Typed, key: &str) {
        if ui.button(ui.words().text(key)).clicked() {
            self.typing = Some((entry.id, what, what.text(entry)));
            ui.close();
        }
    }

    fn menu_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui, entry: &RunEntry) {
        let words = cx.session.words();
        if ui.button(words.text("runs-take-over")).clicked() {
            cx.out.send(Command::ShowRun(entry.id));
            ui.close();
        }
        self.type_ui(ui, entry, Typed::Name, "runs-rename");
        self.type_ui(ui, entry, Typed::Note, "runs-note");
        self.type_ui(ui, entry, Typed::Tags, "runs-tags");
        let pin = if entry.is_pinned { "runs-unpin" } else { "runs-pin" };
        if ui.button(words.text(pin)).clicked() {
            cx.out.send(Command::PinRun(entry.id, !entry.is_pinned));
            ui.close();
        }
        if ui.button(words.text("runs-export")).clicked() {
            cx.out.request(WindowRequest::ExportDialog(entry.id));
            ui.close();
        }
        if ui.button(words.text("runs-delete")).on_hover_text(words.hint("runs-delete")).clicked() {
            cx.out.send(Command::DeleteRun(entry.id));
            ui.close();
        }
    }
}

fn caption(n: usize, words: &Words) -> String {
    match n {
        1 => words.text("runs-caption-one"),
        n => words.with("runs-caption", &[("n", n.to_string().into())]),
    }
}
