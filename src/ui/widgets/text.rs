//! Text in the few ways it is set.

use std::borrow::Cow;

use eframe::egui::{self, Align, Layout, RichText};

use crate::io::escaped_text;
use crate::ui::theme::strong_family;
use crate::ui::tokens::{self, Tokens};

/// A text in which no name from a file does anything but be seen; line breaks are the text's own.
pub fn shown(text: impl Into<String>) -> String {
    let text = text.into();
    match escaped_text(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(shown) => shown,
    }
}

/// Captions, units, what is not available.
pub fn weak(tokens: &Tokens, text: impl Into<String>) -> RichText {
    RichText::new(shown(text)).color(tokens.text_weak)
}

/// What counts.
pub fn strong(text: impl Into<String>) -> RichText {
    RichText::new(shown(text)).family(strong_family())
}

/// Numbers that line up.
pub fn mono(text: impl Into<String>) -> RichText {
    RichText::new(shown(text)).monospace()
}

/// A name at the left and its value at the right, in one line.
pub fn value_row(ui: &mut egui::Ui, tokens: &Tokens, name: &str, value: &str) -> egui::Response {
    let row = ui.horizontal(|ui| {
        ui.label(weak(tokens, name).size(tokens::TEXT));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add(egui::Label::new(mono(value)).truncate());
        });
    });
    row.response
}
