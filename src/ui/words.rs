//! The words of the window, wherever something is drawn.

use std::cell::Cell;

use eframe::egui;

use crate::session::words::{Language, Words};

thread_local! {
    /// The language of the window that this thread draws. It is not kept in egui's context: names of widgets are made while that is locked.
    static SPOKEN: Cell<Language> = const { Cell::new(Language::English) };
}

/// Who can say something.
pub(super) trait Say {
    /// The words of the window's language.
    fn words(&self) -> &'static Words;
}

impl Say for egui::Ui {
    fn words(&self) -> &'static Words {
        words_of(self.ctx())
    }
}

/// The words of the window's language.
pub(super) fn words_of(_: &egui::Context) -> &'static Words {
    Words::of(SPOKEN.get())
}

/// Says everything that this thread draws in this language, until it says another.
pub(super) fn speak(language: Language) {
    SPOKEN.set(language);
}
