//! Where a desktop shows no file dialog, a path is typed. Never here: what becomes of the path.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use eframe::egui::{self, vec2};

use crate::ui::dialogs::Ask;
use crate::ui::tokens::{self, Tokens};
use crate::ui::widgets::{mono, shown, strong, weak};
use crate::ui::words::Say as _;

/// The line in which a path is typed, for one purpose after the other.
#[derive(Debug)]
pub(in crate::ui) struct TypedPath<P> {
    waiting: VecDeque<(P, Ask)>,
    text: String,
    /// Whether the line has been filled with what is suggested, and looked at.
    is_begun: bool,
}

impl<P> Default for TypedPath<P> {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), text: String::new(), is_begun: false }
    }
}

impl<P> TypedPath<P> {
    /// Asks for a path.
    pub(in crate::ui) fn ask(&mut self, purpose: P, ask: Ask) {
        self.waiting.push_back((purpose, ask));
    }

    /// Whether a path is being typed.
    pub(in crate::ui) fn is_open(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Asks no longer; gives what the path was for.
    pub(in crate::ui) fn close(&mut self) -> Option<P> {
        self.is_begun = false;
        Some(self.waiting.pop_front()?.0)
    }

    /// Draws the line; gives what it was for with the path, none where the user thought better of it.
    pub(in crate::ui) fn ui(&mut self, ctx: &egui::Context, tokens: &Tokens) -> Option<(P, Option<PathBuf>)> {
        let (_, ask) = self.waiting.front()?;
        let ask = ask.clone();
        if !self.is_begun {
            self.text = ask.suggested();
        }
        let mut answer = None;
        egui::Modal::new(egui::Id::unique("typed path")).show(ctx, |ui| {
            ui.set_width(460.0_f32.min(ctx.content_rect().width() - 48.0));
            ui.spacing_mut().item_spacing.y = 8.0;
            let words = ui.words();
            ui.label(strong(words.text(ask.title_key())));
            ui.label(weak(tokens, words.text("typed-path-why")));
            let line = egui::TextEdit::singleline(&mut self.text)
                .desired_width(f32::INFINITY)
                .hint_text(words.text("typed-path-path"));
            let typed = ui.add(line);
            typed.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, words.text("typed-path-name")));
            if !self.is_begun {
                typed.request_focus();
                self.is_begun = true;
            }
            let path = ask.resolve(self.text.trim());
            if let Some(path) = &path {
                ui.add(egui::Label::new(mono(shown(path.display().to_string())).size(tokens::SMALL)).wrap());
                if let Some(note) = ask.note(path) {
                    ui.label(weak(tokens, words.text(note)).color(tokens.warning));
                }
            }
            ui.horizontal(|ui| {
                let accept = egui::Button::new(words.text(ask.verb_key())).min_size(vec2(84.0, 0.0));
                let is_accepted = ui.add_enabled(path.is_some(), accept).clicked();
                let is_entered = typed.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter));
                if is_accepted || (is_entered && path.is_some()) {
                    answer = Some(path.clone());
                } else if ui.add(egui::Button::new(words.text("typed-path-cancel")).min_size(vec2(84.0, 0.0))).clicked()
                {
                    answer = Some(None);
                }
            });
        });
        let answer = answer?;
        Some((self.close()?, answer))
    }
}

impl Ask {
    fn title_key(&self) -> &'static str {
        match self {
            Self::Files => "typed-path-files",
            Self::Folder => "typed-path-folder",
            Self::Save { .. } => "typed-path-save-as",
            Self::NewFolder { .. } => "typed-path-new-folder",
        }
    }

    fn verb_key(&self) -> &'static str {
        match self {
            Self::Files | Self::Folder => "typed-path-open",
            Self::Save { .. } => "typed-path-save",
            Self::NewFolder { .. } => "typed-path-write",
        }
    }

    fn suggested(&self) -> String {
        match self {
            Self::Files | Self::Folder => String::new(),
            Self::Save { name } | Self::NewFolder { name } => name.clone(),
        }
    }

    /// The whole path of what was typed, from the folder in which the program was started.
    fn resolve(&self, typed: &str) -> Option<PathBuf> {
        if typed.is_empty() || typed.ends_with(std::path::MAIN_SEPARATOR) && matches!(self, Self::Save { .. }) {
            return None;
        }
        // Samples are opened by their names.
        if matches!(self, Self::Files) && typed.starts_with("sample:") {
            return Some(PathBuf::from(typed));
        }
        std::path::absolute(typed).ok()
    }

    /// What a dialog would ask about: a key.
    fn note(&self, path: &Path) -> Option<&'static str> {
        let is_there = path.symlink_metadata().is_ok();
        match self {
            Self::Files | Self::Folder if path.starts_with("sample:") || is_there => None,
            Self::Files | Self::Folder => Some("typed-path-nothing"),
            Self::Save { .. } if is_there => Some("typed-path-replaces-file"),
            Self::NewFolder { .. } if is_there => Some("typed-path-replaces-folder"),
            Self::Save { .. } | Self::NewFolder { .. } => None,
        }
    }
}
