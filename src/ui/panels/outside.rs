//! Asks before files are read that a recipe, a project or a bundle names outside of the folder it lies in.

use eframe::egui::{self, vec2};

use crate::session::{Command, OutsideFiles};
use crate::ui::context::CommandQueue;
use crate::ui::tokens::{self, Tokens};
use crate::ui::widgets::{mono, shown, strong, weak};
use crate::ui::words::words_of;

/// Files that are listed; the others are counted.
const MAX_SHOWN: usize = 8;

/// Draws the question.
pub(in crate::ui) fn outside_ui(ctx: &egui::Context, outside: &OutsideFiles, tokens: &Tokens, out: &CommandQueue) {
    let words = words_of(ctx);
    egui::Modal::new(egui::Id::unique("outside")).show(ctx, |ui| {
        ui.set_width(460.0_f32.min(ctx.content_rect().width() - 48.0));
        ui.spacing_mut().item_spacing.y = 8.0;
        ui.label(strong(words.with("outside-title", &[("kind", outside.kind.into())])));
        ui.add(egui::Label::new(weak(tokens, &outside.spec).size(tokens::SMALL)).truncate())
            .on_hover_text(shown(&outside.spec));
        for file in outside.files.iter().take(MAX_SHOWN) {
            ui.add(egui::Label::new(mono(file.as_str()).size(tokens::SMALL)).wrap());
        }
        if let Some(n_more) = outside.files.len().checked_sub(MAX_SHOWN).filter(|n| *n > 0) {
            ui.label(weak(tokens, words.with("outside-more", &[("n", n_more.into())])));
        }
        ui.label(weak(tokens, words.with("outside-advice", &[("kind", outside.kind.into())])));
        ui.horizontal(|ui| {
            let open = ui.add(egui::Button::new(words.text("outside-read")).min_size(vec2(84.0, 0.0)));
            let cancel = ui.add(egui::Button::new(words.text("outside-not")).min_size(vec2(84.0, 0.0)));
            // The harmless answer is the one that Enter gives.
            if ui.memory(|m| m.focused().is_none()) {
                cancel.request_focus();
            }
            if open.clicked() {
                out.send(Command::AnswerOutside(true));
            } else if cancel.clicked() {
                out.send(Command::AnswerOutside(false));
            }
        });
    });
}
