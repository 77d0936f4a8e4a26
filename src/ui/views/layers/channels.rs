//! The channels of a hidden representation: which of them go as a whole, and what every share would cost. The curve is the slider.

use eframe::egui::{
    self, Align, Align2, CursorIcon, FontId, Layout, Mesh, Rect, Response, RichText, Sense, Shape, Stroke, UiBuilder,
    pos2, vec2,
};

use crate::engine::experiment::Run;
use crate::engine::sparsify::{ChannelRule, ChannelTrace};
use crate::session::{Command, Gesture, format};
use crate::ui::tokens::{self, Tokens};
use crate::ui::views::ViewCx;
use crate::ui::widgets::adjust::{DraggedLine, announce, asked_steps, asked_value};
use crate::ui::widgets::heatmap::{GUTTER_LEFT, LEGEND_WIDTH};
use crate::ui::widgets::strong;
use crate::ui::words::Say as _;

/// Height of the whole.
pub(super) const HEIGHT: f32 = 104.0;
const HEADING: f32 = 22.0;
/// One mark for every channel, as they are stored.
const MARKS: f32 = 12.0;
const AXIS: f32 = 15.0;
/// So much of the channels an arrow key moves the line by.
const KEY_STEP: f64 = 0.01;
/// Shares that the line can stand for: at 0 there would be no channels to show.
const SHARES: std::ops::RangeInclusive<f64> = 0.01..=0.99;

/// What is remembered between frames.
#[derive(Debug, Default)]
pub(super) struct ChannelStrip {
    line: DraggedLine,
}

impl ChannelStrip {
    pub(super) fn ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui, rect: Rect, run: &Run, trace: &ChannelTrace) {
        let left = rect.left() + GUTTER_LEFT;
        let right = rect.right() - LEGEND_WIDTH;
        let band = |from: f32, to: f32| Rect::from_min_max(pos2(left, from), pos2(right.max(left), to));
        let heading = Rect::from_min_size(rect.min, vec2(rect.width(), HEADING));
        let marks = band(heading.bottom(), heading.bottom() + MARKS);
        let curve = band(marks.bottom() + 4.0, rect.bottom() - AXIS);
        if curve.width() < 40.0 || curve.height() < 8.0 {
            return;
        }
        let recipe = &cx.session.store().recipe;
        // The line stands where the recipe has it: what a share costs is known before it is computed.
        let wanted = recipe.channels.filter(|_| recipe.recovery.is_some()).map(|rule| rule.share);
        let is_draggable = wanted.is_some();
        let sense = if is_draggable { Sense::click_and_drag() } else { Sense::hover() };
        let response = ui.allocate_rect(curve, sense);
        let stands = wanted.unwrap_or_else(|| trace.share_of(trace.n_removed));
        let asked = if is_draggable { self.asked(ui, &response, curve, stands) } else { None };
        let share = asked.or_else(|| self.line.place()).unwrap_or(stands);
        let name = ui.words().with("channels-name", &[("n", (trace.layer + 1).into())]);
        announce(ui, &response, is_draggable, share, &name);
        if let Some(share) = asked {
            let mut recipe = recipe.clone();
            recipe.channels = Some(ChannelRule { share });
            let gesture = self.line.gesture(&response).map(|n| Gesture { by: "channels", n });
            cx.out.send(Command::SetRecipe(Box::new(recipe), gesture));
        }
        let n_gone = trace.n_without(share);
        heading_ui(cx.tokens, ui, heading, trace, n_gone);
        let is_visible = ui.is_rect_visible(rect);
        if is_visible {
            paint_marks(ui, cx.tokens, marks, trace, n_gone);
            paint_curve(ui, cx.tokens, curve, &response, trace, share, is_draggable);
        }
        marks_say(ui, marks, trace, n_gone);
        let response = if is_draggable { response.on_hover_cursor(CursorIcon::ResizeHorizontal) } else { response };
        if let Some(pos) = response.hover_pos().filter(|_| !response.dragged()) {
            let n = trace.n_without(share_at(curve, pos.x));
            response.on_hover_ui_at_pointer(|ui| {
                ui.label(strong(
                    ui.words().with("channels-without", &[("n", n.into()), ("all", trace.n_channels.into())]),
                ));
                ui.label(ui.words().with("channels-off", &[("error", format::percent(trace.error_without(n)).into())]));
                let says = if run.pruned.training.is_some() { "channels-made-up-before" } else { "channels-made-up" };
                ui.label(RichText::new(ui.words().text(says)).color(cx.tokens.text_weak));
                if is_draggable {
                    ui.label(RichText::new(ui.words().text("channels-drag")).color(cx.tokens.text_weak));
                }
            });
        }
    }

    /// The share that was asked for.
    fn asked(&mut self, ui: &egui::Ui, response: &Response, curve: Rect, stands: f64) -> Option<f64> {
        let dragged = self.line.asked(response, |x| whole_percent(share_at(curve, x)));
        let steps = asked_steps(ui, response);
        let stepped = (steps != 0.0).then(|| whole_percent(stands + steps * KEY_STEP));
        dragged.or(stepped).or_else(|| asked_value(ui, response).map(whole_percent))
    }
}

/// The share of the channels at `x`.
fn share_at(curve: Rect, x: f32) -> f64 {
    f64::from(((x - curve.left()) / curve.width()).clamp(0.0, 1.0))
}

/// What the recipe's panel can say, too.
fn whole_percent(share: f64) -> f64 {
    ((100.0 * share).round() / 100.0).clamp(*SHARES.start(), *SHARES.end())
}

fn heading_ui(tokens: &Tokens, ui: &mut egui::Ui, rect: Rect, trace: &ChannelTrace, n_gone: usize) {
    let mut child = ui.new_child(UiBuilder::new().max_rect(rect).layout(Layout::left_to_right(Align::Center)));
    child.spacing_mut().item_spacing.x = 8.0;
    child
        .label(strong(child.words().with("channels-title", &[("n", (trace.layer + 1).into())])).size(tokens::TEXT))
        .on_hover_text(child.words().text("channels-title-says"));
    let left = trace.n_channels - n_gone;
    let size = format!("{} → {}", format::count(trace.n_channels as u64), format::count(left as u64));
    child.label(RichText::new(size).size(tokens::SMALL).color(tokens.text_weak));
    child.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let legend = RichText::new(ui.words().text("channels-legend")).size(tokens::SMALL).color(tokens.text);
        ui.add(egui::Label::new(legend).truncate()).on_hover_text(ui.words().text("channels-legend-says"));
    });
}

/// One mark for every channel in the order of the matrix, or for several where there are more than points.
fn paint_marks(ui: &egui::Ui, tokens: &Tokens, marks: Rect, trace: &ChannelTrace, n_gone: usize) {
    let mut is_gone = vec![false; trace.n_channels];
    for channel in &trace.order[..n_gone.min(trace.order.len())] {
        is_gone[*channel as usize] = true;
    }
    let width = marks.width() / trace.n_channels.max(1) as f32;
    let gap = if width >= 3.0 { 1.0 } else { 0.0 };
    let mut mesh = Mesh::default();
    for (channel, is_gone) in is_gone.into_iter().enumerate() {
        let from = marks.left() + channel as f32 * width;
        let mark = Rect::from_min_max(pos2(from, marks.top()), pos2(from + width - gap, marks.bottom()));
        mesh.add_colored_rect(mark, if is_gone { tokens.removed } else { tokens.kept });
    }
    ui.painter().add(Shape::mesh(mesh));
}

/// Which channel is under the pointer, and when it goes.
fn marks_say(ui: &egui::Ui, marks: Rect, trace: &ChannelTrace, n_gone: usize) {
    let id = ui.scope_id().with("marks");
    let response = ui.interact(marks, id, Sense::hover());
    let Some(pos) = response.hover_pos() else { return };
    let channel = (share_at(marks, pos.x) * trace.n_channels as f64) as usize;
    let channel = channel.min(trace.n_channels.saturating_sub(1)) as u32;
    response.on_hover_ui_at_pointer(|ui| {
        let rank = trace.rank_of(channel);
        let is_gone = rank.is_some_and(|rank| rank < n_gone);
        ui.label(strong(ui.words().with(
            if is_gone { "channels-one-removed" } else { "channels-one-kept" },
            &[("channel", channel.to_string().into())],
        )));
        ui.label(match rank {
            Some(rank) => ui.words().with(
                "channels-rank",
                &[
                    ("rank", (rank + 1).into()),
                    ("all", trace.order.len().into()),
                    ("error", format::percent(trace.error_without(rank + 1)).into()),
                ],
            ),
            None => ui.words().text("channels-stays"),
        });
    });
}

/// The error without every share of the channels, and the line.
fn paint_curve(
    ui: &egui::Ui,
    tokens: &Tokens,
    curve: Rect,
    response: &Response,
    trace: &ChannelTrace,
    share: f64,
    is_draggable: bool,
) {
    let painter = ui.painter();
    let largest = trace.error_without(trace.order.len()).max(1e-9);
    // The root lets small errors be seen.
    let height = |n: usize| (trace.error_without(n) / largest).sqrt() as f32 * (curve.height() - 2.0);
    let x = |share: f64| curve.left() + share as f32 * curve.width();
    let line_x = x(share);
    let mut mesh = Mesh::default();
    for n in 1..=trace.order.len() {
        let (from, to) = (x(trace.share_of(n - 1)), x(trace.share_of(n)));
        let top = curve.bottom() - height(n).max(1.0);
        let mut bar = |from: f32, to: f32, colour| {
            if to > from {
                mesh.add_colored_rect(Rect::from_min_max(pos2(from, top), pos2(to, curve.bottom())), colour);
            }
        };
        bar(from, to.min(line_x), tokens.removed);
        bar(from.max(line_x), to, tokens.kept);
    }
    painter.add(Shape::mesh(mesh));
    painter.line_segment([curve.left_bottom(), curve.right_bottom()], Stroke::new(1.0, tokens.separator));
    let font = FontId::proportional(tokens::SMALL - 1.0);
    for percent in [0, 25, 50, 75, 100] {
        let at = pos2(x(f64::from(percent) / 100.0), curve.bottom() + 2.0);
        let anchor = match percent {
            0 => Align2::LEFT_TOP,
            100 => Align2::RIGHT_TOP,
            _ => Align2::CENTER_TOP,
        };
        painter.text(at, anchor, format!("{percent} %"), font.clone(), tokens.text_weak);
    }
    let is_active = response.hovered() || response.dragged() || response.has_focus();
    let stroke = Stroke::new(if is_active { 2.0 } else { 1.5 }, tokens.text);
    painter.line_segment([pos2(line_x, curve.top()), pos2(line_x, curve.bottom() + 1.0)], stroke);
    if is_draggable {
        let grip = Rect::from_center_size(pos2(line_x, curve.top() + 5.0), vec2(6.0, 9.0));
        let fill = if is_active { tokens.accent } else { tokens.raised };
        painter.rect(grip, 2.0, fill, Stroke::new(1.0, tokens.text), egui::StrokeKind::Middle);
    }
    let error = format::percent(trace.error_without(trace.n_without(share)));
    let label = format!("{} · error {error}", format::percent(share));
    let is_left = line_x > curve.center().x;
    let (anchor, x) = if is_left { (Align2::RIGHT_TOP, line_x - 6.0) } else { (Align2::LEFT_TOP, line_x + 6.0) };
    let galley = painter.layout_no_wrap(label, FontId::proportional(tokens::SMALL), tokens.text);
    let at = anchor.anchor_size(pos2(x, curve.top()), galley.size());
    painter.rect_filled(at.expand2(vec2(2.0, 0.0)), 2.0, tokens.surface.gamma_multiply(0.92));
    painter.galley(at.min, galley, tokens.text);
}
