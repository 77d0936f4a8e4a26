//! The δa × δw map: every combination as a cell with its accuracy.

use eframe::egui::{self, Align2, FontId, Rect, Sense, Stroke, StrokeKind, pos2, vec2};

use super::points::{here, take_over};
use super::table;
use crate::engine::experiment::SweepGrid;
use crate::engine::graph::Metric;
use crate::engine::plot::Ramp;
use crate::session::trial_words::metric_title;
use crate::session::{Command, SweepState, format};
use crate::ui::colormap::Shades;
use crate::ui::tokens;
use crate::ui::views::ViewCx;
use crate::ui::widgets::plot::copy_menu_ui;
use crate::ui::widgets::{picker, strong};

const HEADING: f32 = 26.0;
const LEFT: f32 = 48.0;
const BELOW: f32 = 32.0;

pub(super) fn ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, sweep: &SweepState, height: f32) {
    let tokens = cx.tokens;
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let (columns, rows) = (sweep.grid.delta_a.len(), sweep.grid.delta_w.len());
    if columns == 0 || rows == 0 || rect.width() < 2.0 * LEFT || rect.height() < 2.0 * (HEADING + BELOW) {
        return;
    }
    let accuracies = sweep.points.iter().map(|p| p.test_accuracy).filter(|a| a.is_finite());
    let (low, high) = accuracies.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), a| (low.min(a), high.max(a)));
    let whole = rect;
    let plot = Rect::from_min_max(rect.min + vec2(LEFT, HEADING), pos2(rect.right() - 2.0, rect.bottom() - BELOW));
    let metric = sweep.points.first().map(|p| p.metric).unwrap_or_default();
    heading_ui(cx, ui, rect, (sweep, metric), [low, high]);
    let shades = Shades::new(Ramp::Sequential, tokens);
    let cell = vec2(plot.width() / columns as f32, plot.height() / rows as f32);
    let at = |i: usize, j: usize| {
        let min = pos2(plot.left() + i as f32 * cell.x, plot.bottom() - (j + 1) as f32 * cell.y);
        Rect::from_min_size(min, cell).shrink(1.0)
    };
    for i in 0..columns {
        for j in 0..rows {
            ui.painter().rect_filled(at(i, j), 2.0, tokens.sunken);
        }
    }
    let now = here(cx, sweep).map(|p| p.idx);
    for point in &sweep.points {
        let (i, j) = (point.idx % columns, point.idx / columns);
        let rect = at(i, j);
        let share = if high > low { (point.test_accuracy - low) / (high - low) } else { 1.0 };
        let fill = shades.at(share as f32);
        ui.painter().rect_filled(rect, 2.0, fill);
        if cell.x > 34.0 && cell.y > 14.0 {
            let text = format!("{:.1}", point.test_accuracy * 100.0);
            let ink = ink_on(fill, tokens);
            ui.painter().text(rect.center(), Align2::CENTER_CENTER, text, FontId::monospace(tokens::SMALL), ink);
        }
        let response = ui.interact(rect, ui.scope_id().with(("map", point.idx)), Sense::click());
        let [a, w] = [point.delta_a, point.delta_w].map(|delta| delta.to_string());
        let name = cx.session.words().with("tradeoff-map-cell", &[("a", a.into()), ("w", w.into())]);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
        let stroke = if now == Some(point.idx) {
            Some(Stroke::new(2.5, tokens.accent))
        } else if sweep.compared.contains(&point.idx) || response.has_focus() {
            Some(Stroke::new(2.0, tokens.text))
        } else {
            response.hovered().then(|| Stroke::new(1.0, tokens.text))
        };
        if let Some(stroke) = stroke {
            ui.painter().rect_stroke(rect, 2.0, stroke, StrokeKind::Inside);
        }
        take_over(cx, ui, &response, point);
        copy_menu_ui(cx, &response, whole, || tabbed(sweep));
        response.on_hover_ui_at_pointer(|ui| table::says(ui, tokens, point));
    }
    axes(cx, ui, sweep, plot, cell);
}

/// The map as it stands, for a spreadsheet: δa across, δw down, test accuracy from 0 to 1; empty where no point has come.
fn tabbed(sweep: &SweepState) -> String {
    let (deltas_a, deltas_w) = (&sweep.grid.delta_a, &sweep.grid.delta_w);
    let head = deltas_a.iter().map(f64::to_string);
    let mut lines = vec![std::iter::once("δw \\ δa".to_owned()).chain(head).collect::<Vec<_>>().join("\t")];
    for (row, delta) in deltas_w.iter().enumerate().rev() {
        let cell = |column: usize| sweep.points.iter().find(|p| p.idx == row * deltas_a.len() + column);
        let cells = (0..deltas_a.len()).map(|at| cell(at).map_or_else(String::new, |p| p.test_accuracy.to_string()));
        lines.push(std::iter::once(delta.to_string()).chain(cells).collect::<Vec<_>>().join("\t"));
    }
    lines.join("\n") + "\n"
}

fn heading_ui(
    cx: &ViewCx<'_>,
    ui: &mut egui::Ui,
    rect: Rect,
    (sweep, metric): (&SweepState, Metric),
    [low, high]: [f64; 2],
) {
    let line = Rect::from_min_size(rect.min, vec2(rect.width(), HEADING));
    let mut child =
        ui.new_child(egui::UiBuilder::new().max_rect(line).layout(egui::Layout::left_to_right(egui::Align::Center)));
    let words = cx.session.words();
    child.label(strong(words.text("tradeoff-map")));
    let n_layers = SweepGrid::n_layers(&sweep.base);
    if n_layers > 1 {
        let choices: Vec<Option<usize>> = std::iter::once(None).chain((0..n_layers).map(Some)).collect();
        let mut layer = sweep.layer;
        let name = |of: Option<usize>| match of {
            None => (words.text("tradeoff-map-all-layers"), words.hint("tradeoff-map-all-layers")),
            Some(at) => (
                words.with("tradeoff-map-layer", &[("layer", (at + 1).to_string().into())]),
                words.hint("tradeoff-map-layer"),
            ),
        };
        picker(&mut child, &words.text("tradeoff-map-layers"), 92.0, &choices, &mut layer, name);
        if layer != sweep.layer {
            cx.out.send(Command::SweepLayer(layer));
        }
    }
    if high >= low {
        let metric = metric_title(metric, words);
        let [low, high] = [low, high].map(format::percent);
        let range = [("metric", metric.into()), ("low", low.into()), ("high", high.into())];
        let text = words.with("tradeoff-map-range", &range);
        child.label(egui::RichText::new(text).size(tokens::SMALL).color(cx.tokens.text_weak));
    }
}

fn axes(cx: &ViewCx<'_>, ui: &egui::Ui, sweep: &SweepState, plot: Rect, cell: egui::Vec2) {
    let (painter, weak, words) = (ui.painter(), cx.tokens.text_weak, cx.session.words());
    let font = FontId::proportional(tokens::SMALL);
    for (i, delta) in sweep.grid.delta_a.iter().enumerate() {
        let at = pos2(plot.left() + (i as f32 + 0.5) * cell.x, plot.bottom() + 2.0);
        painter.text(at, Align2::CENTER_TOP, format::delta(*delta), font.clone(), weak);
    }
    for (j, delta) in sweep.grid.delta_w.iter().enumerate() {
        let at = pos2(plot.left() - 5.0, plot.bottom() - (j as f32 + 0.5) * cell.y);
        painter.text(at, Align2::RIGHT_CENTER, format::delta(*delta), font.clone(), weak);
    }
    let below = pos2(plot.center().x, plot.bottom() + 16.0);
    painter.text(below, Align2::CENTER_TOP, words.text("tradeoff-map-edges"), font.clone(), cx.tokens.text);
    let galley = painter.layout_no_wrap(words.text("tradeoff-map-weights"), font, cx.tokens.text);
    let at = pos2(plot.left() - LEFT + 8.0, plot.center().y);
    let offset = Align2::CENTER_CENTER.pos_in_rect(&galley.rect).to_vec2();
    painter.add(
        egui::epaint::TextShape::new(at - offset, galley, cx.tokens.text)
            .with_angle_and_anchor(-std::f32::consts::FRAC_PI_2, Align2::CENTER_CENTER),
    );
}

/// Text that is read on a cell: whichever of the theme's inks stands out more.
fn ink_on(fill: egui::Color32, tokens: &tokens::Tokens) -> egui::Color32 {
    let light = |c: egui::Color32| 0.299 * f32::from(c.r()) + 0.587 * f32::from(c.g()) + 0.114 * f32::from(c.b());
    let far = |ink: egui::Color32| (light(ink) - light(fill)).abs();
    if far(tokens.text) > far(tokens.surface) { tokens.text } else { tokens.surface }
}
