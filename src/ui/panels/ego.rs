//! The neighbours of a node as a picture: who is heard in a layer, who was cut, and how large the messages are.

use std::f32::consts::TAU;

use eframe::egui::{self, Color32, FontId, Rect, Sense, Shape, Stroke, WidgetInfo, pos2, vec2};

use crate::engine::graph::Dataset;
use crate::session::{Command, NodeReport};
use crate::ui::colormap;
use crate::ui::context::ViewCx;
use crate::ui::tokens::{self, Tokens};
use crate::ui::widgets::{picker, shown, weak};

/// More neighbours are not drawn: their lines could not be told apart.
const MOST: usize = 36;
/// Of the picture, with many neighbours and with few.
const HEIGHTS: [f32; 2] = [172.0, 124.0];
/// So many are few.
const FEW: usize = 6;
/// Of the line of the largest message, points.
const WIDEST: f32 = 4.0;

/// Which layer is drawn.
#[derive(Debug, Default)]
pub(super) struct Ego {
    step: usize,
}

impl Ego {
    /// Draws the neighbours with the largest messages; a click on one looks at it.
    pub(super) fn ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui, report: &NodeReport, dataset: &Dataset) {
        let tokens = cx.tokens;
        let around = &report.around;
        if around.neighbours.is_empty() || around.steps.is_empty() {
            return;
        }
        self.step = self.step.min(around.steps.len() - 1);
        ui.horizontal(|ui| {
            let steps: Vec<usize> = (0..around.steps.len()).collect();
            let name = |at: usize| (report.step_title(at), "Which layer's entries are drawn");
            if steps.len() > 1 {
                picker(ui, "Layer of the picture", 84.0, &steps, &mut self.step, name);
            }
            let n = around.neighbours.len();
            let drawn = if n > MOST { format!("{MOST} of {n} neighbours, ") } else { String::new() };
            ui.label(weak(tokens, format!("{drawn}removed dashed")));
        });
        let height = HEIGHTS[usize::from(around.neighbours.len() <= FEW)];
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width().min(420.0), height), Sense::hover());
        let neighbours = &around.neighbours[..around.neighbours.len().min(MOST)];
        let largest =
            neighbours.iter().map(|n| n.steps[self.step].message).filter(|m| m.is_finite()).fold(0.0, f32::max);
        let radius = vec2(rect.width() / 2.0 - 10.0, rect.height() / 2.0 - 10.0);
        let place = |at: usize| {
            let angle = TAU * (at as f32 / neighbours.len() as f32 - 0.25);
            rect.center() + vec2(radius.x * angle.cos(), radius.y * angle.sin())
        };
        let painter = ui.painter().clone();
        for (at, neighbour) in neighbours.iter().enumerate() {
            let entry = neighbour.steps[self.step];
            let share = if largest > 0.0 && entry.message.is_finite() { entry.message / largest } else { 0.0 };
            let width = 1.0 + (WIDEST - 1.0) * share;
            let ends = [place(at), rect.center()];
            if entry.is_kept {
                painter.line_segment(ends, Stroke::new(width, tokens.kept));
            } else {
                painter.extend(Shape::dashed_line(&ends, Stroke::new(width, tokens.removed), 4.0, 4.0));
            }
        }
        for (at, neighbour) in neighbours.iter().enumerate() {
            let entry = neighbour.steps[self.step];
            let id = dataset.node_id(neighbour.source as usize);
            let spot = Rect::from_center_size(place(at), vec2(14.0, 14.0));
            let response = ui.interact(spot, ui.scope_id().with(("neighbour", neighbour.source)), Sense::click());
            let what = if entry.is_kept { "kept" } else { "removed" };
            response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, format!("Neighbour {id}, {what}")));
            let is_pointed = response.hovered() || response.has_focus();
            let size = if is_pointed { 6.5 } else { 5.0 };
            painter.circle_filled(spot.center(), size, colour(tokens, dataset, neighbour.source));
            let brings_back = around.is_changed() && neighbour.effect.is_some_and(|e| around.margin.pruned + e > 0.0);
            if brings_back || is_pointed {
                let ink = if brings_back { tokens.warning } else { tokens.text };
                painter.circle_stroke(spot.center(), size + 1.5, Stroke::new(1.5, ink));
            }
            if response.clicked() {
                cx.out.send(Command::SelectNode(Some(neighbour.source)));
            }
            response.on_hover_ui(|ui| {
                ui.label(shown(format!("{id}: {what} in {}", report.step_title(self.step))));
                for line in report.neighbour_says(at, self.step) {
                    ui.label(weak(tokens, line));
                }
            });
        }
        painter.circle_filled(rect.center(), 8.0, colour(tokens, dataset, around.node));
        painter.circle_stroke(rect.center(), 9.5, Stroke::new(1.5, tokens.text));
        let below = pos2(rect.center().x, rect.center().y + 12.0);
        let font = FontId::proportional(tokens::SMALL);
        let text = painter.layout_no_wrap(shown(report.id.as_str()), font, tokens.text);
        let ground = Rect::from_center_size(below + vec2(0.0, text.size().y / 2.0), text.size() + vec2(6.0, 2.0));
        painter.rect_filled(ground, tokens::RADIUS, tokens.surface);
        painter.galley(ground.min + vec2(3.0, 1.0), text, tokens.text);
    }
}

/// The colour of a node's class, as beside the heatmaps.
fn colour(tokens: &Tokens, dataset: &Dataset, node: u32) -> Color32 {
    colormap::group(tokens, dataset.labels().and_then(|labels| labels.of(node as usize)))
}
