//! The histogram of a matrix's scores on a log axis, with its threshold as a line that can be dragged: the histogram is the slider.

use eframe::egui::{self, Align2, CursorIcon, FontId, Mesh, Pos2, Rect, Response, Sense, Shape, Stroke, pos2, vec2};

use super::adjust::{DraggedLine, announce, asked_steps, asked_value};
use crate::engine::plot::{LogHistogram, ScoreHistogram, power_of_ten};
use crate::session::format;
use crate::ui::tokens::{self, Tokens};

/// Below the bars: the numbers of the axis.
pub(crate) const AXIS_HEIGHT: f32 = 13.0;
/// The part of the axis an arrow key moves the threshold by.
const KEY_STEP: f64 = 0.01;
/// A line this near to the left end means 0.
const ZERO_POINTS: f32 = 2.0;

/// What to draw.
#[derive(Debug)]
pub(crate) struct HistogramSpec<'a> {
    /// Read out, for example `Threshold of edges, layer 1`.
    pub(crate) name: &'a str,
    /// What is counted, for the tooltip, for example `messages`.
    pub(crate) counted: &'a str,
    /// What its threshold is called, `δ` or `cut`.
    pub(crate) symbol: &'a str,
    /// The distribution and its threshold.
    pub(crate) scores: &'a ScoreHistogram,
    /// Whether the threshold can be dragged.
    pub(crate) is_draggable: bool,
}

/// What came of drawing it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Asked {
    /// The threshold that was asked for, on the axis of the scores.
    pub(crate) threshold: f64,
    /// Names the gesture, where it is a drag.
    pub(crate) gesture: Option<u64>,
}

/// What one histogram remembers between frames.
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    line: DraggedLine,
}

impl Histogram {
    /// Draws it into a rectangle; answers with the threshold that was asked for.
    pub(crate) fn ui(
        &mut self,
        ui: &mut egui::Ui,
        tokens: &Tokens,
        rect: Rect,
        spec: &HistogramSpec<'_>,
    ) -> Option<Asked> {
        let bars = Rect::from_min_max(rect.min, pos2(rect.right(), rect.bottom() - AXIS_HEIGHT));
        if bars.width() < 8.0 || bars.height() < 8.0 {
            return None;
        }
        let sense = if spec.is_draggable { Sense::click_and_drag() } else { Sense::hover() };
        let response = ui.allocate_rect(bars, sense);
        let axis = ScoreAxis::new(bars, &spec.scores.scores);
        let asked = if spec.is_draggable { self.asked(ui, &response, &axis, spec) } else { None };
        let threshold = asked.map(|a| a.threshold).or_else(|| self.line.place()).unwrap_or(spec.scores.threshold);
        let shown = if threshold.is_finite() { threshold } else { 0.0 };
        announce(ui, &response, spec.is_draggable, shown, spec.name);
        if ui.is_rect_visible(rect) {
            paint(ui, tokens, &axis, &response, spec, threshold);
        }
        let response =
            if spec.is_draggable { response.on_hover_cursor(CursorIcon::ResizeHorizontal) } else { response };
        if let Some(pos) = response.hover_pos() {
            let at = axis.score(pos.x);
            response.on_hover_ui_at_pointer(|ui| says(ui, tokens, spec, threshold, at));
        }
        asked
    }

    fn asked(
        &mut self,
        ui: &egui::Ui,
        response: &Response,
        axis: &ScoreAxis<'_>,
        spec: &HistogramSpec<'_>,
    ) -> Option<Asked> {
        if let Some(threshold) = self.line.asked(response, |x| axis.score(x)) {
            return Some(Asked { threshold, gesture: self.line.gesture(response) });
        }
        let steps = asked_steps(ui, response);
        if steps != 0.0 {
            let at = axis.position(spec.scores.threshold) + steps * KEY_STEP;
            return Some(Asked { threshold: axis.score_at(at), gesture: None });
        }
        asked_value(ui, response).map(|threshold| Asked { threshold: threshold.max(0.0), gesture: None })
    }
}

/// From scores to the screen and back.
struct ScoreAxis<'a> {
    bars: Rect,
    scores: &'a LogHistogram,
}

/// Left of the axis, for the bar of the scores that are 0 and have no place on it.
const ZEROS: f32 = 9.0;

impl<'a> ScoreAxis<'a> {
    fn new(whole: Rect, scores: &'a LogHistogram) -> Self {
        let room = if scores.n_zero > 0 { ZEROS } else { 0.0 };
        Self { bars: Rect::from_min_max(pos2(whole.left() + room, whole.top()), whole.max), scores }
    }
}

impl ScoreAxis<'_> {
    /// `0..=1` along the axis; a score of 0 stands at the left end.
    fn position(&self, score: f64) -> f64 {
        if score <= 0.0 {
            return 0.0;
        }
        ((score.log10() - self.scores.low) / (self.scores.high - self.scores.low)).clamp(0.0, 1.0)
    }

    fn x(&self, score: f64) -> f32 {
        self.bars.left() + self.position(score) as f32 * self.bars.width()
    }

    fn score_at(&self, position: f64) -> f64 {
        if position * f64::from(self.bars.width()) < f64::from(ZERO_POINTS) {
            return 0.0;
        }
        10f64.powf(self.scores.low + position.min(1.0) * (self.scores.high - self.scores.low))
    }

    fn score(&self, x: f32) -> f64 {
        self.score_at(f64::from(((x - self.bars.left()) / self.bars.width()).clamp(0.0, 1.0)))
    }
}

fn paint(
    ui: &egui::Ui,
    tokens: &Tokens,
    axis: &ScoreAxis<'_>,
    response: &Response,
    spec: &HistogramSpec<'_>,
    threshold: f64,
) {
    let (painter, bars) = (ui.painter(), axis.bars);
    let line_x = axis.x(threshold);
    let largest = axis.scores.bins.iter().max().copied().unwrap_or(0).max(axis.scores.n_zero as u32).max(1) as f32;
    let height = |n: u32| ((n as f32 / largest).sqrt() * (bars.height() - 2.0)).max(1.0);
    let width = bars.width() / axis.scores.bins.len().max(1) as f32;
    let mut mesh = Mesh::default();
    for (i, n) in axis.scores.bins.iter().enumerate().filter(|(_, n)| **n > 0) {
        // The root lets small bins be seen beside large ones.
        let tall = height(*n);
        let (left, right) = (bars.left() + i as f32 * width, bars.left() + (i + 1) as f32 * width - 0.5);
        let mut bar = |from: f32, to: f32, colour: egui::Color32| {
            if to > from {
                mesh.add_colored_rect(
                    Rect::from_min_max(pos2(from, bars.bottom() - tall), pos2(to, bars.bottom())),
                    colour,
                );
            }
        };
        if threshold.is_nan() {
            // No score says what is kept.
            bar(left, right, tokens.text_weak);
            continue;
        }
        bar(left, right.min(line_x), tokens.removed);
        bar(left.max(line_x), right, tokens.kept);
    }
    if axis.scores.n_zero > 0 {
        // Any threshold above 0 removes them: weights that a bundle holds as zeros, and those of inputs that are silent.
        let top = bars.bottom() - height(axis.scores.n_zero as u32);
        let bar = Rect::from_min_max(pos2(bars.left() - ZEROS, top), pos2(bars.left() - 3.0, bars.bottom()));
        let colour = match threshold {
            t if t.is_nan() => tokens.text_weak,
            t if t > 0.0 => tokens.removed,
            _ => tokens.kept,
        };
        mesh.add_colored_rect(bar, colour);
    }
    painter.add(Shape::mesh(mesh));
    painter.line_segment([bars.left_bottom(), bars.right_bottom()], Stroke::new(1.0, tokens.separator));
    ticks(ui, tokens, axis);
    if !threshold.is_finite() {
        return;
    }
    let is_active = response.hovered() || response.dragged() || response.has_focus();
    let stroke = Stroke::new(if is_active { 2.0 } else { 1.5 }, tokens.text);
    painter.line_segment([pos2(line_x, bars.top() + 1.0), pos2(line_x, bars.bottom() + 1.0)], stroke);
    if spec.is_draggable {
        let grip = Rect::from_center_size(pos2(line_x, bars.top() + 5.0), vec2(6.0, 9.0));
        let fill = if is_active { tokens.accent } else { tokens.raised };
        painter.rect(grip, 2.0, fill, Stroke::new(1.0, tokens.text), egui::StrokeKind::Middle);
    }
    let label = format!("{} {}", spec.symbol, format::delta(threshold));
    let is_left = line_x > bars.center().x;
    let (anchor, x) = if is_left { (Align2::RIGHT_TOP, line_x - 6.0) } else { (Align2::LEFT_TOP, line_x + 6.0) };
    let galley = painter.layout_no_wrap(label, FontId::proportional(tokens::SMALL), tokens.text);
    let at = anchor.anchor_size(pos2(x, bars.top()), galley.size());
    painter.rect_filled(at.expand2(vec2(2.0, 0.0)), 2.0, tokens.surface.gamma_multiply(0.92));
    painter.galley(at.min, galley, tokens.text);
}

fn ticks(ui: &egui::Ui, tokens: &Tokens, axis: &ScoreAxis<'_>) {
    let (low, high) = (axis.scores.low, axis.scores.high);
    let mut free_from = f32::NEG_INFINITY;
    for decade in low.ceil() as i32..=high.floor() as i32 {
        let x = axis.x(10f64.powi(decade));
        ui.painter().line_segment(
            [pos2(x, axis.bars.bottom()), pos2(x, axis.bars.bottom() + 3.0)],
            Stroke::new(1.0, tokens.text_weak),
        );
        let label = power_of_ten(f64::from(decade));
        let galley = ui.painter().layout_no_wrap(label, FontId::proportional(tokens::SMALL - 1.0), tokens.text_weak);
        let half = galley.size().x / 2.0;
        let centre = x.clamp(axis.bars.left() + half, axis.bars.right() - half);
        if centre - half > free_from {
            free_from = centre + half + 6.0;
            let at: Pos2 = pos2(centre - half, axis.bars.bottom() + 2.0);
            ui.painter().galley(at, galley, tokens.text_weak);
        }
    }
}

fn says(ui: &mut egui::Ui, tokens: &Tokens, spec: &HistogramSpec<'_>, threshold: f64, at: f64) {
    let scores = &spec.scores.scores;
    let below = scores.about_below(at).round() as u64;
    ui.label(format!(
        "{} below {}: about {} of {}",
        spec.counted,
        format::delta(at),
        format::count(below),
        format::count(scores.n as u64)
    ));
    if threshold.is_finite() {
        ui.label(format!(
            "threshold {}: {} removed here",
            format::delta(threshold),
            format::count(spec.scores.n_removed as u64)
        ));
    }
    if scores.n_zero > 0 {
        ui.label(format!("{} of score 0, the bar left of the axis", format::count(scores.n_zero as u64)));
    }
    if spec.is_draggable {
        ui.label(egui::RichText::new("Drag the line to change δ").color(tokens.text_weak));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_is_its_own_inverse_and_ends_in_zero() {
        let scores = LogHistogram { low: -3.0, high: 1.0, bins: vec![1; 8], n_zero: 0, n: 8 };
        let axis = ScoreAxis { bars: Rect::from_min_max(pos2(10.0, 0.0), pos2(410.0, 50.0)), scores: &scores };
        for score in [0.01, 0.5, 9.0] {
            assert!((axis.score(axis.x(score)) / score - 1.0).abs() < 1e-4);
        }
        assert!(axis.score(10.0).abs() < 1e-12 && axis.score(0.0).abs() < 1e-12);
        assert!((axis.score(999.0) - 10.0).abs() < 1e-9);
    }
}
