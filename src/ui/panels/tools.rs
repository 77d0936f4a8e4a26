//! Work that is not about what is open, each in a small window of its own: options, progress, the result, copying.

use eframe::egui;

use crate::session::jobs::Lane;
use crate::session::{Command, PagePart, PageTable, Phase, markdown};
use crate::ui::context::{ViewCx, WindowRequest};
use crate::ui::panels::status_bar::job_ui;
use crate::ui::tokens;
use crate::ui::widgets::{mono, shown, strong, weak};

/// Which tool is open, and what is chosen in them.
#[derive(Debug, Default)]
pub(in crate::ui) struct Tools {
    open: Option<Tool>,
    is_quick: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum Tool {
    Bench,
}

impl Tool {
    fn title(self) -> &'static str {
        match self {
            Self::Bench => "This machine",
        }
    }
}

impl Tools {
    /// Opens a tool, or closes it when it is the open one.
    pub(in crate::ui) fn toggle(&mut self, tool: Tool) {
        self.open = if self.open == Some(tool) { None } else { Some(tool) };
    }

    /// Closes the tool; answers whether one was open. What it began goes on.
    pub(in crate::ui) fn close(&mut self) -> bool {
        self.open.take().is_some()
    }

    /// Draws the open tool.
    pub(in crate::ui) fn ui(&mut self, ctx: &egui::Context, cx: &ViewCx<'_>) {
        let Some(tool) = self.open else { return };
        let mut is_open = true;
        let room = ctx.content_rect().size() - egui::vec2(48.0, 96.0);
        egui::Window::new(tool.title())
            .open(&mut is_open)
            .collapsible(false)
            .resizable(false)
            .default_width(760.0_f32.min(room.x))
            .max_height(room.y)
            .scroll([true, true])
            .anchor(egui::Align2::CENTER_CENTER, egui::Vec2::ZERO)
            .show(ctx, |ui| match tool {
                Tool::Bench => self.bench_ui(cx, ui),
            });
        if !is_open {
            self.open = None;
        }
    }

    fn bench_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        let state = &cx.session.store().bench;
        ui.label(weak(
            cx.tokens,
            "Takes minutes, on a generated graph of the size of ogbn-arxiv. The cost of products is kept for choosing them",
        ));
        ui.horizontal(|ui| {
            let is_idle = !cx.session.is_busy(&Lane::Bench);
            if ui.add_enabled(is_idle, egui::Button::new("Measure")).clicked() {
                cx.out.send(Command::Bench(self.is_quick));
            }
            ui.checkbox(&mut self.is_quick, "Quick").on_hover_text("Only see that it runs: everything small, nothing kept");
            if !state.page.is_empty() && ui.button("Copy table").clicked() {
                cx.out.request(WindowRequest::Copy(markdown(&state.page)));
            }
        });
        running_ui(cx, ui, &Lane::Bench, state.phase);
        page_ui(cx, ui, &state.page);
    }
}

/// What runs in a lane with its progress and the way to stop it, or how the last work ended.
fn running_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, lane: &Lane, phase: Phase) {
    if let Some(job) = cx.session.jobs().iter().find(|job| job.lane == *lane) {
        ui.horizontal(|ui| job_ui(ui, job, cx.tokens, cx.out));
        return;
    }
    match phase {
        Phase::Cancelled => ui.label(weak(cx.tokens, "Cancelled")),
        Phase::Failed => ui.label(egui::RichText::new("✕ It failed; the notices say why").color(cx.tokens.failure)),
        Phase::Idle | Phase::Running | Phase::Done => return,
    };
}

fn page_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, page: &[PagePart]) {
    for (at, part) in page.iter().enumerate() {
        match part {
            PagePart::Line(line) if line.is_empty() => ui.add_space(6.0),
            PagePart::Line(line) => {
                ui.add(egui::Label::new(shown(line.as_str())).wrap());
            }
            PagePart::Table(table) => table_ui(cx, ui, at, table),
        }
    }
}

fn table_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, at: usize, table: &PageTable) {
    egui::Grid::new(("page", at)).num_columns(table.header.len()).spacing([16.0, 4.0]).show(ui, |ui| {
        for name in &table.header {
            ui.label(strong(name.as_str()).size(tokens::SMALL));
        }
        ui.end_row();
        for row in &table.rows {
            for (column, text) in row.iter().enumerate() {
                if column < table.n_left {
                    ui.label(weak(cx.tokens, text.as_str()));
                } else {
                    ui.label(mono(text.as_str()).size(tokens::SMALL));
                }
            }
            ui.end_row();
        }
    });
}
