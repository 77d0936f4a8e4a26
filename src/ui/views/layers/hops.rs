//! All hops of a decoupled network at a glance: how many entries each still has. A click shows a hop's edges above.

use eframe::egui::{self, EventFilter, FontId, Key, Rect, RichText, Sense, Stroke, UiBuilder, pos2, vec2};

use crate::engine::experiment::Run;
use crate::engine::sparsify::EdgeTrace;
use crate::session::format;
use crate::ui::tokens;
use crate::ui::views::ViewCx;
use crate::ui::widgets::heatmap::GUTTER_LEFT;
use crate::ui::widgets::strong;
use crate::ui::words::Say as _;

const HEADING: f32 = 22.0;
const AXIS: f32 = 18.0;

pub(super) fn ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, rect: Rect, run: &Run, hop: &mut usize) {
    let tokens = cx.tokens;
    let hops: Vec<&EdgeTrace> = run.pruned.steps.iter().filter_map(|s| s.edges.as_ref()).collect();
    if hops.is_empty() {
        return;
    }
    let heading = Rect::from_min_size(rect.min, vec2(rect.width(), HEADING));
    let mut child =
        ui.new_child(UiBuilder::new().max_rect(heading).layout(egui::Layout::left_to_right(egui::Align::Center)));
    child.label(strong(child.words().text("hops-title")).size(tokens::TEXT));
    child.label(RichText::new(child.words().text("hops-click")).size(tokens::SMALL).color(tokens.text_weak));

    let bars = Rect::from_min_max(
        pos2(rect.left() + GUTTER_LEFT, heading.bottom() + 4.0),
        pos2(rect.right() - 8.0, rect.bottom() - AXIS - 8.0),
    );
    if bars.width() < 8.0 || bars.height() < 8.0 {
        return;
    }
    let response = ui.allocate_rect(bars, Sense::click_and_drag());
    let said = ui.words().with("hops-name", &[("n", (*hop + 1).into()), ("all", hops.len().into())]);
    response.widget_info(|| egui::WidgetInfo::slider(true, (*hop + 1) as f64, &said));
    let step = bars.width() / hops.len() as f32;
    let at = |x: f32| (((x - bars.left()) / step).max(0.0) as usize).min(hops.len() - 1);
    if let Some(pos) = response.interact_pointer_pos().filter(|_| response.clicked() || response.dragged()) {
        *hop = at(pos.x);
        response.request_focus();
    }
    if response.has_focus() {
        let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|m| m.set_focus_lock_filter(response.id, filter));
        let (left, right) = ui.input(|i| (i.num_presses(Key::ArrowLeft), i.num_presses(Key::ArrowRight)));
        *hop = (*hop + right).saturating_sub(left).min(hops.len() - 1);
    }
    let painter = ui.painter();
    let hovered = response.hover_pos().map(|p| at(p.x));
    let font = FontId::proportional(tokens::SMALL);
    let every = (22.0 / step).ceil().max(1.0) as usize;
    for (i, edges) in hops.iter().enumerate() {
        let left = bars.left() + i as f32 * step;
        let share = 1.0 - edges.sparsity() as f32;
        let column = Rect::from_min_max(pos2(left + 1.0, bars.top()), pos2(left + step - 1.0, bars.bottom()));
        let kept = column.with_min_y(bars.bottom() - share * bars.height());
        painter.rect_filled(column, 1.0, if hovered == Some(i) { tokens.hover } else { tokens.sunken });
        painter.rect_filled(column.with_max_y(kept.top()), 1.0, tokens.removed.gamma_multiply(0.35));
        painter.rect_filled(kept, 1.0, tokens.kept);
        if i == *hop {
            let stroke = Stroke::new(2.0, tokens.text);
            painter.rect_stroke(column, 1.0, stroke, egui::StrokeKind::Outside);
        }
        if i % every == 0 || i + 1 == hops.len() {
            let colour = if i == *hop { tokens.text } else { tokens.text_weak };
            let centre = pos2(left + step / 2.0, bars.bottom() + 4.0);
            painter.text(centre, egui::Align2::CENTER_TOP, (i + 1).to_string(), font.clone(), colour);
        }
    }
    for share in [0.0, 0.5, 1.0] {
        let y = bars.bottom() - share * bars.height();
        let text = format!("{:.0}", share * 100.0);
        painter.text(pos2(bars.left() - 4.0, y), egui::Align2::RIGHT_CENTER, text, font.clone(), tokens.text_weak);
    }
    if let Some(i) = hovered {
        response.on_hover_ui_at_pointer(|ui| {
            let edges = hops[i];
            let words = ui.words();
            ui.label(strong(words.with("layers-hop", &[("n", (i + 1).into())])));
            ui.label(words.with(
                "hops-says",
                &[
                    ("share", format::percent(edges.sparsity()).into()),
                    ("kept", edges.n_kept().into()),
                    ("all", edges.n_removable().into()),
                ],
            ));
            ui.label(format!("δa {} → {}", format::delta(edges.requested), format::delta(edges.delta)));
        });
    }
}
