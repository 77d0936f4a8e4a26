//! The window: polls in `logic`, draws in `ui`, applies the commands of a frame after it.

use std::sync::Arc;

use eframe::egui;
use egui_tiles::Tree;

use super::layout::{self, Behaviour};
use super::tokens::Themes;
use super::views::{CommandQueue, Pane, ViewCx, Views};
use crate::engine::EngineError;
use crate::session::{Command, Session};

/// The whole window.
#[derive(Debug)]
pub struct App {
    session: Session,
    out: CommandQueue,
    views: Views,
    tree: Tree<Pane>,
    themes: Themes,
}

impl App {
    /// A window on an empty session.
    ///
    /// # Errors
    /// [`EngineError::Threads`].
    pub fn new(ctx: &egui::Context, n_threads: usize) -> Result<Self, EngineError> {
        let waker = {
            let ctx = ctx.clone();
            Arc::new(move || ctx.request_repaint())
        };
        Ok(Self {
            session: Session::new(n_threads, waker)?,
            out: CommandQueue::default(),
            views: Views::default(),
            tree: layout::first(),
            themes: Themes::load(),
        })
    }

    /// The session, to read.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Sends a command, as a view would.
    pub fn send(&self, command: Command) {
        self.out.send(command);
    }

    /// Draws everything.
    pub fn main_ui(&mut self, ui: &mut egui::Ui) {
        self.session.poll();
        let tokens = self.themes.of(ui.ctx().theme()).clone();
        egui::CentralPanel::no_frame().show(ui, |ui| {
            let cx = ViewCx { session: &self.session, tokens: &tokens, out: &self.out };
            self.tree.ui(&mut Behaviour { views: &mut self.views, cx }, ui);
        });
        for command in self.out.take_commands() {
            self.session.apply(command);
        }
        drop(self.out.take_requests());
    }
}

impl eframe::App for App {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.main_ui(ui);
    }
}
