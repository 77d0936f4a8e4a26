//! The short guide and the list of shortcuts, what was done lately, what to report where something went wrong, and what the program is
//! made of and how fast it draws.

use std::time::SystemTime;

use eframe::egui;

use super::guide::guide_ui;
use super::report::report_ui;
use crate::session::format::{clock, seconds};
use crate::session::{Command, Session, UndoStep};
use crate::ui::actions::{Action, Menu};
use crate::ui::context::CommandQueue;
use crate::ui::frames::FrameTimes;
use crate::ui::tokens::{self, Tokens};
use crate::ui::widgets::{section, shown, strong, value_row, weak};
use crate::ui::words::Say as _;

/// Which page is open.
#[derive(Debug, Default)]
pub(in crate::ui) struct Help {
    page: Option<Page>,
    /// The steps, and of which revision they are.
    steps: Option<(u64, Vec<UndoStep>)>,
    /// What draws the window.
    renderer: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum Page {
    Guide,
    Shortcuts,
    Activity,
    History,
    Report,
    About,
}

impl Help {
    /// Of a window that this renderer draws.
    pub(in crate::ui) fn drawn_by(renderer: String) -> Self {
        Self { renderer, ..Self::default() }
    }

    /// Opens a page, or closes it when it is the open one.
    pub(in crate::ui) fn toggle(&mut self, page: Page) {
        self.page = if self.page == Some(page) { None } else { Some(page) };
    }

    /// Closes the page; answers whether one was open.
    pub(in crate::ui) fn close(&mut self) -> bool {
        self.page.take().is_some()
    }

    /// Draws the open page.
    pub(in crate::ui) fn ui(
        &mut self,
        ctx: &egui::Context,
        tokens: &Tokens,
        session: &Session,
        frames: &FrameTimes,
        out: &CommandQueue,
    ) {
        let Some(page) = self.page else {
            self.steps = None;
            return;
        };
        let (title, width) = match page {
            Page::Guide | Page::Shortcuts => ("Guide", 560.0_f32),
            Page::Activity => ("Activity", 640.0),
            Page::History => ("History", 480.0),
            Page::Report => ("Report a problem", 560.0),
            Page::About => ("About Unifews Workbench", 420.0),
        };
        let (mut is_open, mut turned) = (true, page);
        let room = ctx.content_rect().size() - egui::vec2(48.0, 96.0);
        egui::Window::new(title)
            .open(&mut is_open)
            .collapsible(false)
            .resizable(false)
            .default_width(width.min(room.x))
            .default_height(680.0_f32.min(room.y))
            .max_height(room.y)
            .vscroll(page != Page::About)
            .anchor(egui::Align2::CENTER_CENTER, egui::Vec2::ZERO)
            .show(ctx, |ui| match page {
                Page::Guide | Page::Shortcuts => {
                    tabs_ui(ui, &mut turned);
                    if page == Page::Guide {
                        guide_ui(ui, tokens);
                    } else {
                        shortcuts_ui(ui, tokens);
                    }
                }
                Page::Activity => activity_ui(ui, tokens, session),
                Page::History => {
                    let revision = session.steps_revision();
                    let steps = self.steps.take().filter(|(of, _)| *of == revision);
                    let (_, steps) = self.steps.insert(steps.unwrap_or_else(|| (revision, session.steps())));
                    history_ui(ui, tokens, steps, out);
                }
                Page::Report => report_ui(ui, tokens, session, &self.renderer, frames, out),
                Page::About => about_ui(ui, tokens, frames),
            });
        self.page = is_open.then_some(turned);
    }
}

/// The guide, or the keys.
fn tabs_ui(ui: &mut egui::Ui, page: &mut Page) {
    ui.horizontal(|ui| {
        for (tab, name) in [(Page::Guide, "Guide"), (Page::Shortcuts, "Keys")] {
            let is_shown = *page == tab;
            let response = ui.selectable_label(is_shown, name);
            response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Tab, true, is_shown, name));
            if response.clicked() {
                *page = tab;
            }
        }
    });
    ui.separator();
}

fn shortcuts_ui(ui: &mut egui::Ui, tokens: &Tokens) {
    let words = ui.words();
    for menu in Menu::ALL {
        section(ui, tokens, &menu.title(words));
        for action in Action::ALL.into_iter().filter(|a| a.menu() == menu && a.shortcut().is_some()) {
            value_row(ui, tokens, &action.name(words), &action.keys()).on_hover_text(action.says(words));
        }
    }
    section(ui, tokens, "Sliders, plots and heatmaps");
    for (how, what) in [
        ("Shift while dragging", "snaps"),
        ("Double-click", "resets or fits"),
        ("Wheel", "steps or zooms"),
        ("Right-click", "copies and saves"),
    ] {
        value_row(ui, tokens, how, what);
    }
}

/// The newest entries first: when, who, what, and what it changed.
fn activity_ui(ui: &mut egui::Ui, tokens: &Tokens, session: &Session) {
    let log = session.activity();
    if log.is_empty() {
        ui.label(weak(tokens, "Nothing was done yet"));
        return;
    }
    let now = SystemTime::now();
    egui::Grid::new("activity").num_columns(3).spacing([16.0, 6.0]).show(ui, |ui| {
        for entry in log.newest_first() {
            let ago = now.duration_since(entry.at).map_or(0.0, |ago| ago.as_secs_f64());
            ui.label(weak(tokens, format!("{} ago", clock(ago))));
            ui.label(weak(tokens, entry.by.as_str()));
            ui.vertical(|ui| {
                let times = if entry.n > 1 { format!(" ({} steps)", entry.n) } else { String::new() };
                ui.label(shown(format!("{}{times}", entry.what)));
                for line in &entry.changed {
                    ui.label(weak(tokens, line.as_str()).monospace());
                }
            });
            ui.end_row();
        }
    });
}

/// The steps, newest first; the one that was done last is marked, and a click goes there.
fn history_ui(ui: &mut egui::Ui, tokens: &Tokens, steps: &[UndoStep], out: &CommandQueue) {
    /// More lines of one step are counted.
    const MOST_LINES: usize = 4;
    let n_done = steps.iter().filter(|step| step.is_done).count();
    for (at, step) in steps.iter().enumerate().rev() {
        let is_last = at + 1 == n_done;
        let text = if step.is_done { strong(step.label.as_str()) } else { weak(tokens, step.label.as_str()) };
        let button = egui::Button::new(text).selected(is_last).frame(is_last);
        let says = if step.is_done { "Take back what came after it" } else { "Make it again, and what came before it" };
        let response = ui.add(button).on_hover_text(says);
        let name = format!("Step {}, {}", at + 1, step.label);
        response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, is_last, &name));
        if response.clicked() && !is_last {
            out.send(Command::StepTo(at + 1));
        }
        ui.indent(at, |ui| {
            for line in step.changed.iter().take(MOST_LINES) {
                ui.label(weak(tokens, line.as_str()).monospace().size(tokens::SMALL));
            }
            if let Some(more) = step.changed.len().checked_sub(MOST_LINES).filter(|more| *more > 0) {
                ui.label(weak(tokens, format!("and {more} more")).size(tokens::SMALL));
            }
        });
    }
    let begin = egui::Button::new("Start of the session").selected(n_done == 0).frame(n_done == 0);
    if ui.add(begin).on_hover_text("Take everything back").clicked() && n_done > 0 {
        out.send(Command::StepTo(0));
    }
}

fn about_ui(ui: &mut egui::Ui, tokens: &Tokens, frames: &FrameTimes) {
    ui.label(strong(format!("Version {}", env!("CARGO_PKG_VERSION"))));
    ui.label("Unifews: one threshold rule removes entries of the graph and weights of the network, layer by layer (ICML 2025)");
    ui.label(weak(
        tokens,
        "MIT or Apache-2.0. Fonts Inter, JetBrains Mono and Noto Sans CJK JP, SIL Open Font License 1.1",
    ));
    section(ui, tokens, "Own code per frame");
    let time = |secs: f32| seconds(f64::from(secs));
    for (name, value) in [
        ("Median", time(frames.median())),
        ("95 %", time(frames.quantile(0.95))),
        ("Longest", time(frames.quantile(1.0))),
        ("Frames in this statistic", frames.len().to_string()),
    ] {
        value_row(ui, tokens, name, &value);
    }
}
