//! The words of the window, wherever something is drawn.

use eframe::egui;

use crate::session::words::{Language, Words};

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

/// Where the language is kept.
fn id() -> egui::Id {
    egui::Id::unique("language")
}

/// The words of the window's language.
pub(super) fn words_of(ctx: &egui::Context) -> &'static Words {
    Words::of(ctx.data(|data| data.get_temp::<Language>(id())).unwrap_or_default())
}

/// Says everything from now on in this language.
pub(super) fn speak(ctx: &egui::Context, language: Language) {
    ctx.data_mut(|data| data.insert_temp(id(), language));
}
