//! How series are drawn.

use eframe::egui::{self, Color32, FontId, Pos2, Rect, Stroke, pos2, vec2};
use egui_plot::{PlotPoint, PlotTransform};

use crate::engine::plot::{Curve, CurveStyle, Curves, Marker, Outline};
use crate::ui::tokens::{self, N_SERIES, Tokens};

/// The colour of a series on the screen.
pub(crate) fn colour(tokens: &Tokens, curve: &Curve) -> Color32 {
    match curve.style {
        CurveStyle::Dashed => tokens.dense,
        CurveStyle::PalePoints => tokens.series[curve.colour % N_SERIES].gamma_multiply(0.4),
        CurveStyle::Line | CurveStyle::Marked | CurveStyle::Points | CurveStyle::Star => {
            tokens.series[curve.colour % N_SERIES]
        }
    }
}

/// The series, the pale ones first. Joined points are drawn segment by segment: joined as one path, sharp corners of noisy
/// curves would be filled in.
pub(super) fn paint(ui: &egui::Ui, tokens: &Tokens, curves: &Curves, transform: &PlotTransform) {
    let frame = *transform.frame();
    let painter = ui.painter().with_clip_rect(frame.intersect(ui.clip_rect()));
    let is_pale = |c: &&Curve| c.style == CurveStyle::PalePoints;
    let (pale, full): (Vec<&Curve>, Vec<&Curve>) = curves.series.iter().partition(is_pale);
    for curve in pale.into_iter().chain(full) {
        let ink = colour(tokens, curve);
        let finite = |p: &&[f64; 2]| p[0].is_finite() && p[1].is_finite();
        let on_screen = |p: &[f64; 2]| transform.position_from_point(&PlotPoint::new(p[0], p[1]));
        match curve.style {
            CurveStyle::Line => {
                let points: Vec<Pos2> = curve.points.iter().filter(finite).map(on_screen).collect();
                for pair in points.windows(2) {
                    painter.line_segment([pair[0], pair[1]], Stroke::new(1.6, ink));
                }
                if let [only] = points[..] {
                    painter.circle_filled(only, 2.0, ink);
                }
            }
            CurveStyle::Marked => {
                whiskers(&painter, curve, transform, ink);
                let points: Vec<Pos2> = curve.points.iter().filter(finite).map(on_screen).collect();
                for pair in points.windows(2) {
                    painter.line_segment([pair[0], pair[1]], Stroke::new(1.4, ink.gamma_multiply(0.8)));
                }
                for at in points {
                    mark(&painter, tokens, curve.marker(), at, 3.5, ink);
                }
            }
            CurveStyle::Dashed => {
                let mut points: Vec<Pos2> = curve.points.iter().filter(finite).map(on_screen).collect();
                // A level goes from side to side, whatever part is in view.
                if let [first, last] = &mut points[..]
                    && (first.y - last.y).abs() < 0.5
                {
                    (first.x, last.x) = (frame.left(), frame.right());
                }
                painter.extend(egui::Shape::dashed_line(&points, Stroke::new(1.4, ink), 5.0, 4.0));
                if let Some(last) = points.last() {
                    let font = FontId::proportional(tokens::SMALL - 1.0);
                    let is_under = is_under_another(curves, curve, transform);
                    let (anchor, dy) =
                        if is_under { (egui::Align2::RIGHT_TOP, 2.0) } else { (egui::Align2::RIGHT_BOTTOM, -2.0) };
                    painter.text(*last + vec2(-4.0, dy), anchor, &curve.name, font, tokens.text_weak);
                }
            }
            CurveStyle::Points | CurveStyle::PalePoints | CurveStyle::Star => {
                whiskers(&painter, curve, transform, ink);
                let radius = match curve.style {
                    CurveStyle::Star => 8.0,
                    CurveStyle::Points => 3.5,
                    _ => 3.0,
                };
                for (at, point) in curve.points.iter().enumerate().filter(|(_, p)| finite(p)) {
                    mark(&painter, tokens, curve.marker(), on_screen(point), radius * curve.size(at), ink);
                }
            }
        }
    }
    for mark in &curves.marks {
        let x = transform.position_from_point_x(mark.x);
        let ends = [pos2(x, frame.top()), pos2(x, frame.bottom())];
        painter.extend(egui::Shape::dashed_line(&ends, Stroke::new(1.4, tokens.text), 4.0, 3.0));
    }
}

/// Whether another reference runs just above this one, so that its name has no room there.
fn is_under_another(curves: &Curves, curve: &Curve, transform: &PlotTransform) -> bool {
    const ROOM: f32 = 16.0;
    let height = |c: &Curve| c.points.last().map(|p| transform.position_from_point_y(p[1]));
    let Some(own) = height(curve) else { return false };
    let others = curves.series.iter().filter(|c| c.style == CurveStyle::Dashed && c.name != curve.name);
    others.filter_map(height).any(|other| other <= own && own - other < ROOM)
}

/// From the lowest to the highest value behind every point, upright and along.
fn whiskers(painter: &egui::Painter, curve: &Curve, transform: &PlotTransform, ink: Color32) {
    const HALF: f32 = 3.0;
    let stroke = Stroke::new(1.0, ink.gamma_multiply(0.7));
    for ([_, y], [low, high]) in curve.points.iter().zip(&curve.spread_x) {
        if !(y.is_finite() && low < high) {
            continue;
        }
        let ends = [low, high].map(|x| transform.position_from_point(&PlotPoint::new(*x, *y)));
        painter.line_segment(ends, stroke);
        for end in ends {
            painter.line_segment([end - vec2(0.0, HALF), end + vec2(0.0, HALF)], stroke);
        }
    }
    for ([x, _], [low, high]) in curve.points.iter().zip(&curve.spread) {
        if !(x.is_finite() && low < high) {
            continue;
        }
        let ends = [low, high].map(|y| transform.position_from_point(&PlotPoint::new(*x, *y)));
        painter.line_segment(ends, stroke);
        for end in ends {
            painter.line_segment([end - vec2(HALF, 0.0), end + vec2(HALF, 0.0)], stroke);
        }
    }
}

/// A shape around a point: series differ in shape as well as in colour.
pub(crate) fn mark(painter: &egui::Painter, tokens: &Tokens, marker: Marker, at: Pos2, radius: f32, ink: Color32) {
    let place = |p: &[f64; 2]| at + vec2(p[0] as f32, p[1] as f32) * radius;
    match marker.outline() {
        Outline::Disc => {
            painter.circle_filled(at, radius, ink);
        }
        Outline::Ring => {
            painter.circle(at, radius * 0.9, tokens.surface, Stroke::new(1.6, ink));
        }
        Outline::Filled(corners) => {
            painter.add(egui::Shape::convex_polygon(corners.iter().map(place).collect(), ink, Stroke::NONE));
        }
        Outline::Lines(lines) => {
            for [from, to] in lines {
                painter.line_segment([place(from), place(to)], Stroke::new(1.8, ink));
            }
        }
    }
}

/// How a series is drawn, in small.
pub(crate) fn swatch(painter: &egui::Painter, tokens: &Tokens, curve: &Curve, rect: Rect) {
    let colour = colour(tokens, curve);
    let marker = curve.marker();
    match curve.style {
        CurveStyle::Line | CurveStyle::Dashed => {
            painter.line_segment([rect.left_center(), rect.right_center()], Stroke::new(2.0, colour));
        }
        CurveStyle::Marked => {
            painter.line_segment([rect.left_center(), rect.right_center()], Stroke::new(1.4, colour));
            mark(painter, tokens, marker, rect.center(), 3.5, colour);
        }
        CurveStyle::Points | CurveStyle::PalePoints => {
            mark(painter, tokens, marker, rect.center(), 3.5 * curve.size(0).max(1.0), colour);
        }
        CurveStyle::Star => mark(painter, tokens, marker, rect.center(), 6.0, colour),
    }
}
