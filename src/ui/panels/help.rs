//! The list of shortcuts, and what the program is made of and how fast it draws.

use eframe::egui;

use crate::ui::actions::{Action, Menu};
use crate::ui::frames::FrameTimes;
use crate::ui::tokens::Tokens;
use crate::ui::widgets::{mono, section, strong, value_row, weak};

/// Which page is open.
#[derive(Debug, Default)]
pub(in crate::ui) struct Help {
    page: Option<Page>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum Page {
    Shortcuts,
    About,
}

impl Help {
    /// Opens a page, or closes it when it is the open one.
    pub(in crate::ui) fn toggle(&mut self, page: Page) {
        self.page = if self.page == Some(page) { None } else { Some(page) };
    }

    /// Closes the page; answers whether one was open.
    pub(in crate::ui) fn close(&mut self) -> bool {
        self.page.take().is_some()
    }

    /// Draws the open page.
    pub(in crate::ui) fn ui(&mut self, ctx: &egui::Context, tokens: &Tokens, frames: &FrameTimes) {
        let Some(page) = self.page else { return };
        let title = if page == Page::Shortcuts { "Shortcuts" } else { "About Unifews Workbench" };
        let mut is_open = true;
        let room = ctx.content_rect().size() - egui::vec2(48.0, 96.0);
        egui::Window::new(title)
            .open(&mut is_open)
            .collapsible(false)
            .resizable(false)
            .default_width(420.0_f32.min(room.x))
            .max_height(room.y)
            .vscroll(page == Page::Shortcuts)
            .anchor(egui::Align2::CENTER_CENTER, egui::Vec2::ZERO)
            .show(ctx, |ui| match page {
                Page::Shortcuts => shortcuts_ui(ui, tokens),
                Page::About => about_ui(ui, tokens, frames),
            });
        if !is_open {
            self.page = None;
        }
    }
}

fn shortcuts_ui(ui: &mut egui::Ui, tokens: &Tokens) {
    for menu in Menu::ALL {
        section(ui, tokens, menu.title());
        for action in Action::ALL.into_iter().filter(|a| a.menu() == menu && a.shortcut().is_some()) {
            value_row(ui, tokens, action.name(), &action.keys()).on_hover_text(action.says());
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

fn about_ui(ui: &mut egui::Ui, tokens: &Tokens, frames: &FrameTimes) {
    ui.label(strong(format!("Version {}", env!("CARGO_PKG_VERSION"))));
    ui.label("Unifews: one threshold rule removes entries of the graph and weights of the network, layer by layer (ICML 2025)");
    ui.label(weak(tokens, "MIT or Apache-2.0. Fonts Inter and JetBrains Mono, SIL Open Font License 1.1"));
    section(ui, tokens, "Diagnostics");
    let ms = |secs: f32| format!("{:.2} ms", secs * 1e3);
    value_row(ui, tokens, "Own code per frame, median", &ms(frames.median()));
    value_row(ui, tokens, "Own code per frame, 95 %", &ms(frames.quantile(0.95)));
    value_row(ui, tokens, "Own code per frame, longest", &ms(frames.quantile(1.0)));
    value_row(ui, tokens, "Frames in this statistic", &frames.len().to_string());
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    value_row(ui, tokens, "Cores", &threads.to_string());
    ui.label(mono(format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)));
}
