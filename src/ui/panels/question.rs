//! The one question: whether unsaved work is to be saved before it goes, and what happens until the window may close.

use eframe::egui::{self, RichText, vec2};

use crate::session::jobs::Lane;
use crate::session::{Level, Session};
use crate::ui::tokens::Tokens;
use crate::ui::widgets::{strong, weak};
use crate::ui::words::Say as _;

/// What is to be left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum Leaving {
    /// The open graph and model.
    Inputs,
    /// The program.
    Program,
}

/// What the window is to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum Next {
    /// Save the project.
    Save,
    /// Leave.
    Leave(Leaving),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    /// Nobody wants to leave.
    #[default]
    Nothing,
    /// Somebody wants to; whether there is something to ask is not known yet.
    Wanted(Leaving),
    /// The question stands on the screen.
    Open(Leaving),
    /// Answered with yes.
    Save(Leaving),
    /// The project is being saved; notices up to this one were there before.
    Saving(Leaving, u64),
    /// Nothing is left to be saved.
    Ready(Leaving),
    /// Other files are still being written.
    Writing,
}

/// The question, with where it stands.
#[derive(Debug, Default)]
pub(in crate::ui) struct Question {
    state: State,
}

impl Question {
    /// Somebody wants to leave.
    pub(in crate::ui) fn ask(&mut self, what: Leaving) {
        self.state = State::Wanted(what);
    }

    /// Whether it waits for an answer.
    pub(in crate::ui) fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    /// Whether the window only waits for files.
    pub(in crate::ui) fn is_waiting(&self) -> bool {
        self.state == State::Writing
    }

    /// Stays, whatever was asked; answers whether something was.
    pub(in crate::ui) fn close(&mut self) -> bool {
        std::mem::take(&mut self.state) != State::Nothing
    }

    /// What follows, as the session stands.
    pub(in crate::ui) fn next(&mut self, session: &Session) -> Option<Next> {
        let last_notice = || session.store().notices.all().last().map_or(0, |n| n.id);
        let is_writing = session.is_busy(&Lane::Export);
        if let State::Wanted(what) = self.state {
            self.state = if session.has_unsaved_work() { State::Open(what) } else { State::Ready(what) };
        }
        match self.state {
            State::Save(what) => {
                self.state = State::Saving(what, last_notice());
                return Some(Next::Save);
            }
            State::Saving(what, _) if !session.has_unsaved_work() => self.state = State::Ready(what),
            State::Saving(_, seen) if !is_writing => {
                let new = session.store().notices.all().iter().rev().take_while(|n| n.id > seen);
                // It could not be saved, and the notice says why: nothing is left then.
                if new.into_iter().any(|n| n.level == Level::Error) {
                    self.state = State::Nothing;
                }
            }
            _ => {}
        }
        match self.state {
            State::Ready(Leaving::Program) if is_writing => self.state = State::Writing,
            State::Ready(what) => {
                self.state = State::Nothing;
                return Some(Next::Leave(what));
            }
            State::Writing if !is_writing => {
                self.state = State::Nothing;
                return Some(Next::Leave(Leaving::Program));
            }
            _ => {}
        }
        None
    }

    /// Draws it while it is open.
    pub(in crate::ui) fn ui(&mut self, ctx: &egui::Context, session: &Session, tokens: &Tokens) {
        if !matches!(self.state, State::Open(_) | State::Writing) {
            return;
        }
        let modal = egui::Modal::new(egui::Id::unique("question"));
        modal.show(ctx, |ui| {
            ui.set_width(380.0_f32.min(ctx.content_rect().width() - 48.0));
            ui.spacing_mut().item_spacing.y = 8.0;
            match self.state {
                State::Open(what) => self.unsaved_ui(ui, session, tokens, what),
                _ => self.writing_ui(ui, tokens),
            }
        });
    }

    fn unsaved_ui(&mut self, ui: &mut egui::Ui, session: &Session, tokens: &Tokens, what: Leaving) {
        let project = session.store().project.as_ref().and_then(|p| p.file_name());
        let words = ui.words();
        let asks = match project {
            Some(name) => words.with("question-save-changes", &[("name", name.to_string_lossy().into())]),
            None => words.text("question-save-untitled"),
        };
        ui.label(strong(asks));
        ui.label(weak(tokens, words.text("question-project-keeps")));
        ui.horizontal(|ui| {
            let save = ui.add(
                egui::Button::new(RichText::new(words.text("question-save")).color(tokens.text))
                    .min_size(vec2(84.0, 0.0)),
            );
            if ui.memory(|m| m.focused().is_none()) {
                save.request_focus();
            }
            if save.clicked() {
                self.state = State::Save(what);
            }
            let discard = ui.add(egui::Button::new(words.text("question-discard")).min_size(vec2(84.0, 0.0)));
            let says =
                if what == Leaving::Program { words.text("question-leave") } else { words.text("question-close") };
            if discard.on_hover_text(says).clicked() {
                self.state = State::Ready(what);
            }
            if ui.add(egui::Button::new(words.text("question-keep-working")).min_size(vec2(84.0, 0.0))).clicked() {
                self.state = State::Nothing;
            }
        });
    }

    fn writing_ui(&mut self, ui: &mut egui::Ui, tokens: &Tokens) {
        let words = ui.words();
        ui.label(strong(words.text("question-writing")));
        ui.label(weak(tokens, words.text("question-writing-says")));
        if ui.button(words.text("question-keep-working")).clicked() {
            self.state = State::Nothing;
        }
    }
}
