//! What the colours of nodes and edges mean.

use eframe::egui::{self, Align, Layout, Rect, Sense, Stroke, pos2, vec2};

use super::drawn::Scene;
use super::sketch;
use crate::engine::plot::{NodeShade, Standing};
use crate::session::format;
use crate::ui::colormap;
use crate::ui::tokens::Tokens;
use crate::ui::widgets::{strong, weak};

/// Points that the legend takes at the right.
pub(super) const WIDTH: f32 = 164.0;
/// Height of a swatch, and half of its width.
const SWATCH: f32 = 10.0;

/// Draws it.
pub(super) fn ui(ui: &mut egui::Ui, tokens: &Tokens, scene: &Scene) {
    ui.spacing_mut().item_spacing.y = 3.0;
    ui.label(strong(format!("Nodes by {}", scene.shades.by.title())));
    let colour = colormap::of_nodes(tokens);
    for entry in &scene.shades.legend {
        ui.horizontal(|ui| {
            let (rect, _) = ui.allocate_exact_size(vec2(SWATCH, SWATCH), Sense::hover());
            let radius = if entry.shade == NodeShade::Noticed { 5.0 } else { 4.0 };
            ui.painter().circle_filled(rect.center(), radius, colour(entry.shade));
            // The count first, so that a long name leaves room for it.
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if let Some(n) = entry.n_nodes {
                    ui.label(weak(tokens, format::count(n as u64)));
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    ui.add(egui::Label::new(weak(tokens, entry.name.as_str()).color(tokens.text)).truncate());
                });
            });
        });
    }
    let Some((_, Some(_))) = &scene.marks else { return };
    ui.add_space(6.0);
    ui.label(strong("Edges"));
    for (standing, name) in
        [(Standing::Kept, "kept"), (Standing::KeptOneWay, "kept one way"), (Standing::Removed, "removed")]
    {
        ui.horizontal(|ui| {
            let (rect, _) = ui.allocate_exact_size(vec2(2.0 * SWATCH, SWATCH), Sense::hover());
            line(ui, tokens, rect, standing);
            ui.label(name).on_hover_text(says(standing));
        });
    }
}

fn line(ui: &egui::Ui, tokens: &Tokens, rect: Rect, standing: Standing) {
    let ends = [pos2(rect.left(), rect.center().y), pos2(rect.right(), rect.center().y)];
    let (colour, width) = sketch::pen(tokens, Some(standing));
    let stroke = Stroke::new(1.6 * width, colour);
    if standing == Standing::Removed {
        ui.painter().extend(egui::Shape::dashed_line(&ends, stroke, 5.0, 3.0));
    } else {
        ui.painter().line_segment(ends, stroke);
    }
}

fn says(standing: Standing) -> &'static str {
    match standing {
        Standing::Kept => "Whoever hears the other still does in this layer",
        Standing::KeptOneWay => "One of the two still hears the other in this layer",
        Standing::Removed => "Neither hears the other in this layer; dashed where there is room for dashes",
    }
}
