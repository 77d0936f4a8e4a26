//! Sessions that did not end, offered on the welcome page.

use std::time::SystemTime;

use eframe::egui::{self, vec2};

use crate::session::jobs::Lane;
use crate::session::words::Words;
use crate::session::{Command, LostSession, format};
use crate::ui::context::ViewCx;
use crate::ui::tokens;
use crate::ui::widgets::{card, strong, weak};
use crate::ui::words::Say as _;

/// Sessions that are offered at once; the others follow.
const MAX_SHOWN: usize = 3;

/// Draws a card for each.
pub(super) fn lost_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui) {
    let words = ui.words();
    let lost = &cx.session.store().lost;
    for (at, session) in lost.iter().take(MAX_SHOWN).enumerate() {
        card(ui, cx.tokens, |ui| {
            ui.set_width(ui.available_width());
            card_ui(cx, ui, at, session);
        });
        ui.add_space(8.0);
    }
    if let Some(n_more) = lost.len().checked_sub(MAX_SHOWN).filter(|n| *n > 0) {
        ui.label(weak(cx.tokens, words.with("lost-older", &[("n", n_more.into())])));
    }
    if !lost.is_empty() {
        ui.add_space(12.0);
    }
}

fn card_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, at: usize, lost: &LostSession) {
    let words = ui.words();
    // The first one has the plain names.
    let named = |verb: &str| {
        let of = |n: usize| words.with("lost-numbered", &[("verb", verb.into()), ("n", n.into())]);
        if at == 0 { verb.to_owned() } else { of(at + 1) }
    };
    let button = |ui: &mut egui::Ui, verb: &str, is_enabled: bool| {
        let response = ui.add_enabled(is_enabled, egui::Button::new(verb).min_size(vec2(84.0, 26.0)));
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, is_enabled, named(verb)));
        response
    };
    ui.horizontal(|ui| {
        // As high as the two lines, so that the buttons stand in the middle.
        ui.set_min_height(42.0);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let says = words.text("lost-discard-says");
            if button(ui, &words.text("lost-discard"), true).on_hover_text(says).clicked() {
                cx.out.send(Command::DiscardLost(lost.id));
            }
            if lost.fault.is_none() {
                let is_idle = !cx.session.is_busy(&Lane::Load);
                let says = words.text("lost-restore-says");
                if button(ui, &words.text("lost-restore"), is_idle).on_hover_text(says).clicked() {
                    cx.out.send(Command::Restore(lost.id));
                }
            }
            ui.with_layout(egui::Layout::top_down(egui::Align::Min), |ui| {
                ui.spacing_mut().item_spacing.y = 3.0;
                let (title, text) = match &lost.fault {
                    None => (words.text("lost-title"), what(lost, words)),
                    Some(fault) => (words.text("lost-unreadable"), fault.clone()),
                };
                ui.label(strong(title).size(tokens::HEADING));
                ui.add(egui::Label::new(weak(cx.tokens, text)).wrap());
            });
        });
    });
}

/// What it holds, and when it was written.
fn what(lost: &LostSession, words: &Words) -> String {
    let ago = SystemTime::now().duration_since(lost.at).map_or(0.0, |ago| ago.as_secs_f64());
    let since = || words.with("lost-changed", &[("time", format::seconds(ago).into())]);
    let when = if ago < 60.0 { words.text("lost-changed-now") } else { since() };
    let n = |n: usize, key: &str| if n == 0 { String::new() } else { words.with(key, &[("n", n.into())]) };
    let parts =
        [lost.graph.clone(), lost.model.clone(), n(lost.n_runs, "lost-runs"), n(lost.n_points, "lost-points"), when];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}
