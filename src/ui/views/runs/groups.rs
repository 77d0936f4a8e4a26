//! Rows that head the groups of the table of runs: how many, the best and the spread of every column, and what is done to all of them.

use eframe::egui::{self, Align, Layout};
use egui_extras::TableRow;

use super::columns::{COLUMNS, number};
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
pub(super) fn lines<'a>(by: GroupBy, runs: &[&'a RunEntry]) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    for group in by.groups(runs) {
        let own = group.runs.clone();
        if by != GroupBy::Nothing {
            lines.push(Line::Heading(group));
        }
        lines.extend(own.into_iter().map(Line::Run));
    }
    lines
}

/// The runs in the order in which the table has them.
pub(super) fn in_order<'a>(by: GroupBy, runs: &[&'a RunEntry]) -> Vec<&'a RunEntry> {
    by.groups(runs).into_iter().flat_map(|group| group.runs).collect()
}

/// One row that heads a group; `all` are the runs of the whole table.
pub(super) fn heading_ui(cx: &ViewCx<'_>, row: &mut TableRow<'_, '_>, group: &RunGroup<'_>, all: &[RunEntry]) {
    let name = shown(group.name.as_str());
    row.col(|ui| {
        ui.menu_button("⋮", |ui| menu_ui(cx, ui, group, all)).response.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::Button, true, format!("Actions for the group {name}"))
        });
    });
    row.col(|ui| {
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.spacing_mut().interact_size.y = 0.0;
            ui.add_space(((ui.available_height() - 36.0) / 2.0).max(0.0));
            ui.add(egui::Label::new(strong(name.as_str()).color(cx.tokens.text)).truncate());
            ui.label(weak(cx.tokens, count_says(group.runs.len())));
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
            .on_hover_text("Best of the group, and below it the mean ± half of what lies between lowest and highest");
        });
    }
    let response = row.response();
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Row, true, says(group)));
    response.context_menu(|ui| menu_ui(cx, ui, group, all));
}

/// What the row says to those who do not see it.
pub(super) fn says(group: &RunGroup<'_>) -> String {
    let test = GroupNumber::of(group.runs.iter().map(|run| number(run, 1)), true);
    let test =
        test.map_or_else(String::new, |test| format!(", test best {}, mean {}", word(1, test.best), spread(1, test)));
    format!("Group {}, {}{test}", shown(group.name.as_str()), count_says(group.runs.len()))
}

fn count_says(n: usize) -> String {
    if n == 1 { "1 run".to_owned() } else { format!("{} runs", format::count(n as u64)) }
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
    let pin = if is_pinned { "Unpin the group" } else { "Pin the group to the top" };
    if ui.button(pin).clicked() {
        cx.out.send(Command::PinRuns(own.clone(), !is_pinned));
        ui.close();
    }
    let keep = ui.add_enabled(!others.is_empty(), egui::Button::new("Keep this group alone"));
    let n = count_says(others.len());
    if keep
        .on_hover_text(format!("Deletes {n} outside of it, also those that the filter hides; undo brings them back"))
        .clicked()
    {
        cx.out.send(Command::DeleteRuns(others));
        ui.close();
    }
    if ui.button("Delete the group").on_hover_text("One step; undo brings it back").clicked() {
        cx.out.send(Command::DeleteRuns(own));
        ui.close();
    }
}
