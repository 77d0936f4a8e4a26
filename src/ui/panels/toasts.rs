//! New notices, for a few seconds over the bottom left corner, where they cover no number; the history is in the status bar.

use std::time::Duration;

use eframe::egui::{self, Align2, RichText, vec2};

use super::status_bar::ink_of;
use crate::session::{Level, Notice, Notices};
use crate::ui::tokens::{self, Tokens};
use crate::ui::widgets::weak;
use crate::ui::words::Say as _;

/// How long a notice stays; errors stay twice as long.
const SHOWN: Duration = Duration::from_secs(6);
/// More at a time would cover what they are about.
const MOST: usize = 3;

/// The toasts; it holds which notices were closed by hand.
#[derive(Debug, Default)]
pub(in crate::ui) struct Toasts {
    closed_up_to: u64,
}

impl Toasts {
    /// Draws the newest notices that are young enough.
    pub(in crate::ui) fn ui(&mut self, ctx: &egui::Context, notices: &Notices, tokens: &Tokens) {
        let left = |n: &Notice| {
            let shown = if n.level == Level::Error { SHOWN * 2 } else { SHOWN };
            shown.checked_sub(n.at.elapsed().unwrap_or_default())
        };
        let new: Vec<_> = notices
            .all()
            .iter()
            .rev()
            .take_while(|n| n.id > self.closed_up_to)
            .take(MOST)
            .filter_map(|n| Some((n, left(n)?)))
            .collect();
        let Some(next) = new.iter().map(|(_, left)| *left).min() else { return };
        ctx.request_repaint_after(next);
        egui::Area::new(egui::Id::unique("toasts"))
            .anchor(Align2::LEFT_BOTTOM, vec2(12.0, -40.0))
            .order(egui::Order::Foreground)
            .show(ctx, |ui| {
                for (notice, _) in new.iter().rev() {
                    if toast_ui(ui, notice, tokens) {
                        self.closed_up_to = notice.id;
                    }
                }
            });
    }
}

/// Draws one; answers whether it was closed.
fn toast_ui(ui: &mut egui::Ui, notice: &Notice, tokens: &Tokens) -> bool {
    let (sign, ground) = match notice.level {
        Level::Info => ("✓", tokens.raised),
        Level::Warning => ("⚠", tokens.warning_weak),
        Level::Error => ("✕", tokens.failure_weak),
    };
    let frame = egui::Frame::new()
        .fill(ground)
        .stroke(egui::Stroke::new(1.0, tokens.separator))
        .corner_radius(tokens::RADIUS)
        .inner_margin(10.0)
        .shadow(ui.visuals().popup_shadow);
    frame
        .show(ui, |ui| {
            ui.set_width(340.0_f32.min(ui.ctx().content_rect().width() - 48.0));
            let mut is_closed = false;
            ui.horizontal(|ui| {
                ui.label(RichText::new(sign).color(ink_of(tokens, notice.level)));
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Min), |ui| {
                    let close = ui.add(egui::Button::new("✕").frame(false).small());
                    close.widget_info(|| {
                        egui::WidgetInfo::labeled(egui::Role::Button, true, ui.words().text("toast-close"))
                    });
                    is_closed = close.clicked();
                    ui.with_layout(egui::Layout::left_to_right(egui::Align::Min), |ui| {
                        ui.add(egui::Label::new(notice.title.as_str()).wrap());
                    });
                });
            });
            for line in [&notice.detail, &notice.next].into_iter().filter(|l| !l.is_empty()) {
                ui.add(egui::Label::new(weak(tokens, line).size(tokens::SMALL)).wrap());
            }
            is_closed
        })
        .inner
}
