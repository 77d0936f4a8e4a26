//! Rows that head the groups of the table of runs: how many, the best and the spread of every column, and what is done to all of them.

use eframe::egui::{self, Align, Layout};
use egui_extras::TableRow;

use super::columns::{COLUMNS, number};
use crate::session::words::Words;
use crate::session::{Command, GroupBy, GroupNumber, RunEntry, RunGroup, RunId, format};
use crate::ui::tokens;
use crate::ui::views::ViewCx;
use crate::ui::widgets::{mono, shown, strong, weak};

/// Height of a row that heads a group.
pub(super) const HEIGHT: f32 = 40.0;

/// A row of the table.
#[derive(Debug, Clone)]
pub(super) enum Line<'a> {
    /// Heads a group.
    Heading(RunGroup<'a>),
    /// A run.
    Run(&'a RunEntry),
}

/// The rows of the table: every group behind its heading, or the runs alone.
pub(super) fn lines<'a>(by: GroupBy, runs: &[&'a RunEntry], words: &Words) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    for group in by.groups(runs, words) {
        let own = group.runs.clone();
        if by != GroupBy::Nothing {
            lines.push(Line::Heading(group));
        }
        lines.extend(own.into_iter().map(Line::Run));
    }
    lines
}

/// The runs in the order in which the table has them.
pub(super) fn in_order<'a>(by: GroupBy, runs: &[&'a RunEntry], words: &Words) -> Vec<&'a RunEntry> {
    by.groups(runs, words).into_iter().flat_map(|group| group.runs).collect()
}

/// One row that heads a group; `all` are the runs of the whole table.
pub(super) fn heading_ui(cx: &ViewCx<'_>, row: &mut TableRow<'_, '_>, group: &RunGroup<'_>, all: &[RunEntry]) {
    let (name, words) = (shown(group.name.as_str()), cx.session.words());
    row.col(|ui| {
        ui.menu_button("⋮", |ui| menu_ui(cx, ui, group, all)).response.widget_info(|| {
            let label = words.with("runs-group-actions", &[("name", name.clone().into())]);
            egui::WidgetInfo::labeled(egui::Role::Button, true, label)
        });
    });
    row.col(|ui| {
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.spacing_mut().interact_size.y = 0.0;
            ui.add_space(((ui.available_height() - 36.0) / 2.0).max(0.0));
            ui.add(egui::Label::new(strong(name.as_str()).color(cx.tokens.text)).truncate());
            ui.label(weak(cx.tokens, words.with("runs-group-count", &[("n", group.runs.len().into())])));
        });
    });
    for column in 1..=COLUMNS.len() {
        let found = GroupNumber::of(group.runs.iter().map(|run| number(run, column)), is_more_better(column));
        row.col(|ui| {
            ui.with_layout(Layout::top_down(Align::Max), |ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                ui.add_space(((ui.available_height() - 34.0) / 2.0).max(0.0));
                let best = found.map_or_else(|| format::NONE.to_owned(), |found| word(column, found.best));
                ui.label(mono(best).color(cx.tokens.text));
                let spread = found.filter(|_| group.runs.len() > 1).map(|found| spread(column, found));
                ui.label(weak(cx.tokens, spread.unwrap_or_default()).size(tokens::SMALL));
            })
            .response
            .on_hover_text(words.text("runs-group-numbers"));
        });
    }
    let response = row.response();
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Row, true, says(group, words)));
    response.context_menu(|ui| menu_ui(cx, ui, group, all));
}

/// What the row says to those who do not see it.
pub(super) fn says(group: &RunGroup<'_>, words: &Words) -> String {
    let test = GroupNumber::of(group.runs.iter().map(|run| number(run, 1)), true);
    let mut arguments = vec![("name", shown(group.name.as_str()).into()), ("n", group.runs.len().into())];
    let Some(test) = test else { return words.with("runs-group-says", &arguments) };
    arguments.extend([("best", word(1, test.best).into()), ("mean", spread(1, test).into())]);
    words.with("runs-group-says-test", &arguments)
}

/// Operations and time are better when there is less of them.
fn is_more_better(column: usize) -> bool {
    !matches!(column, 5 | 6)
}

fn word(column: usize, value: f64) -> String {
    match column {
        1..=4 => format::percent(value),
        5 => format::short_count(value as u64),
        6 => format::seconds(value),
        _ => format::factor(value),
    }
}

/// The mean with half the range; the unit of the best above it holds for shares and factors.
fn spread(column: usize, found: GroupNumber) -> String {
    let GroupNumber { mean, half_range, .. } = found;
    match column {
        1..=4 => format!("{:.1} ±{:.1} %", 100.0 * mean, 100.0 * half_range),
        7 => format!("{mean:.1} ±{half_range:.1}×"),
        _ => format!("{} ±{}", word(column, mean), word(column, half_range)),
    }
}

fn menu_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, group: &RunGroup<'_>, all: &[RunEntry]) {
    let own: Vec<RunId> = group.runs.iter().map(|run| run.id).collect();
    let others: Vec<RunId> = all.iter().map(|run| run.id).filter(|id| !own.contains(id)).collect();
    let is_pinned = group.runs.iter().all(|run| run.is_pinned);
    let words = cx.session.words();
    let pin = if is_pinned { "runs-group-unpin" } else { "runs-group-pin" };
    if ui.button(words.text(pin)).clicked() {
        cx.out.send(Command::PinRuns(own.clone(), !is_pinned));
        ui.close();
    }
    let keep = ui.add_enabled(!others.is_empty(), egui::Button::new(words.text("runs-group-keep")));
    let says = words.with("runs-group-keep-says", &[("n", others.len().into())]);
    if keep.on_hover_text(says).clicked() {
        cx.out.send(Command::DeleteRuns(others));
        ui.close();
    }
    let delete = ui.button(words.text("runs-group-delete"));
    if delete.on_hover_text(words.hint("runs-group-delete")).clicked() {
        cx.out.send(Command::DeleteRuns(own));
        ui.close();
    }
}
