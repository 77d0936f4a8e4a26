//! The short guide: the three questions that the window answers, and the words that it uses.

use eframe::egui;

use crate::ui::tokens::Tokens;
use crate::ui::widgets::{section, strong, weak};
use crate::ui::words::Say as _;

/// What the window answers at every moment, and where: keys of questions, whose hints are the answers.
const QUESTIONS: [&str; 3] = ["guide-remove", "guide-cost", "guide-gain"];

/// Words that the window uses: their keys, whose hints are what they mean.
pub(super) const WORDS: [&str; 8] = [
    "word-entry",
    "word-message",
    "word-threshold",
    "word-removed",
    "word-unpruned",
    "word-recovery",
    "word-certificate",
    "word-margin",
];

/// Draws both.
pub(super) fn guide_ui(ui: &mut egui::Ui, tokens: &Tokens) {
    let words = ui.words();
    for key in QUESTIONS {
        section(ui, tokens, &words.text(key));
        ui.add(egui::Label::new(weak(tokens, words.hint(key)).color(tokens.text)).wrap());
    }
    section(ui, tokens, &words.text("guide-words"));
    egui::Grid::new("words").num_columns(2).spacing([12.0, 6.0]).show(ui, |ui| {
        for key in WORDS {
            ui.vertical(|ui| ui.add(egui::Label::new(strong(words.text(key))).extend()));
            ui.add(egui::Label::new(weak(tokens, words.hint(key)).color(tokens.text)).wrap());
            ui.end_row();
        }
    });
}
