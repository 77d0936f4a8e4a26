//! What to report where something went wrong: this machine and the window as text to copy, and what internal errors left.

use std::time::SystemTime;

use eframe::egui;

use crate::session::format::seconds;
use crate::session::{Command, Session};
use crate::ui::context::CommandQueue;
use crate::ui::frames::FrameTimes;
use crate::ui::tokens::Tokens;
use crate::ui::widgets::{section, shown, value_row, weak};

/// Reports of internal errors that are listed; older ones are in their folder.
const MOST_REPORTS: usize = 5;

/// Draws the page.
pub(super) fn report_ui(
    ui: &mut egui::Ui,
    tokens: &Tokens,
    session: &Session,
    renderer: &str,
    frames: &FrameTimes,
    out: &CommandQueue,
) {
    let window = window_rows(ui.ctx(), renderer, frames);
    ui.label(
        "Say what you did, what you expected and what happened, and add what Copy diagnostics puts on the clipboard",
    );
    ui.label(weak(
        tokens,
        "It holds what stands below, the recipe, the newest notices and steps. Names of files are left out",
    ));
    ui.add_space(4.0);
    let diagnosis = session.diagnosis();
    if ui.button("Copy diagnostics").clicked() {
        ui.ctx().copy_text(session.report_of_fault(&window));
    }
    section(ui, tokens, "This machine");
    for (name, value) in diagnosis.rows.iter().chain(&window) {
        value_row(ui, tokens, name, value);
    }
    section(ui, tokens, "Internal errors");
    if diagnosis.reports.is_empty() {
        ui.label(weak(tokens, "None was written down"));
        return;
    }
    let now = SystemTime::now();
    for (at, report) in diagnosis.reports.iter().take(MOST_REPORTS).enumerate() {
        let ago = now.duration_since(report.at).map_or(0.0, |ago| ago.as_secs_f64());
        let error = report.text.lines().find_map(|line| line.strip_prefix("error: ")).unwrap_or_default();
        ui.horizontal(|ui| {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let button =
                    ui.button("Copy").on_hover_text("The whole report: the error, its place, the calls that led there");
                let name = format!("Copy report {}", at + 1);
                button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
                if button.clicked() {
                    ui.ctx().copy_text(report.text.clone());
                }
                ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                    ui.label(weak(tokens, format!("{} ago", seconds(ago))));
                    ui.add(egui::Label::new(shown(error)).truncate());
                });
            });
        });
    }
    if let Some(n_more) = diagnosis.reports.len().checked_sub(MOST_REPORTS).filter(|n| *n > 0) {
        ui.label(weak(tokens, format!("and {n_more} older")));
    }
    if ui.button("Remove reports").on_hover_text("They lie in the folder crashes of the program's state").clicked() {
        out.send(Command::Diagnose(true));
    }
}

/// What the window knows of itself.
fn window_rows(ctx: &egui::Context, renderer: &str, frames: &FrameTimes) -> [(&'static str, String); 4] {
    let (size, scale) = (ctx.content_rect().size(), ctx.pixels_per_point());
    let theme = if ctx.theme() == egui::Theme::Dark { "dark" } else { "light" };
    [
        ("Drawn by", if renderer.is_empty() { "unknown".to_owned() } else { renderer.to_owned() }),
        ("Window", format!("{:.0} × {:.0} points, {scale:.2} pixels each", size.x, size.y)),
        ("Looks", format!("{theme}, zoom {:.0} %", 100.0 * ctx.zoom_factor())),
        ("Own code per frame", format!("{} in 95 % of frames", seconds(f64::from(frames.quantile(0.95))))),
    ]
}
