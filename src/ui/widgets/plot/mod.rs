//! Curves and points on the screen, from the same value that a figure file is drawn from.
//!
//! Wheel zooms at the pointer, drag pans, a double-click fits, the menu copies and saves. What is near the pointer the owner hears back.

mod asked;
mod long;
mod paint;
#[cfg(test)]
mod tests;

use eframe::egui::{self, FontId, Rect, Response, Vec2, pos2, vec2};
use egui_plot::{Plot, PlotPoint, PlotTransform};

pub(crate) use self::asked::{Asked, copy_menu_ui, serve};
pub(crate) use self::long::long_curves_ui;
use self::paint::paint;
pub(crate) use self::paint::swatch;
use crate::engine::plot::{Axis, CurveStyle, Curves, ticks};
use crate::ui::tokens::{self, Tokens};

/// Points nearer to the pointer than this are meant.
const NEAR: f32 = 14.0;
/// Zoom per point of scrolling.
const WHEEL_ZOOM: f32 = 0.006;
/// The row of names above a plot.
const LEGEND_HEIGHT: f32 = 18.0;

/// What came of drawing it.
pub(crate) struct PlotOutput {
    /// For tooltips.
    pub(crate) response: Response,
    /// The point nearest to the pointer, as `(series, point)`.
    pub(crate) near: Option<(usize, usize)>,
    /// From data to the screen.
    pub(crate) transform: PlotTransform,
    /// From the menu: for [`serve`].
    pub(crate) asked: Option<Asked>,
}

/// Draws curves over the rectangle that is left, with the names of the series above.
pub(crate) fn curves_ui(ui: &mut egui::Ui, tokens: &Tokens, name: &str, curves: &Curves, height: f32) -> PlotOutput {
    named_ui(ui, tokens, name, curves, height, true)
}

/// The same where the names of the series stand elsewhere.
pub(crate) fn unnamed_curves_ui(
    ui: &mut egui::Ui,
    tokens: &Tokens,
    name: &str,
    curves: &Curves,
    height: f32,
) -> PlotOutput {
    named_ui(ui, tokens, name, curves, height, false)
}

fn named_ui(
    ui: &mut egui::Ui,
    tokens: &Tokens,
    name: &str,
    curves: &Curves,
    height: f32,
    has_names: bool,
) -> PlotOutput {
    drawn_ui(ui, tokens, name, curves, curves.bounds(), height, has_names)
}

fn drawn_ui(
    ui: &mut egui::Ui,
    tokens: &Tokens,
    name: &str,
    curves: &Curves,
    bounds: ([f64; 2], [f64; 2]),
    height: f32,
    has_names: bool,
) -> PlotOutput {
    let width = ui.available_width();
    let whole = Rect::from_min_size(ui.cursor().min, vec2(width, height));
    heading_ui(ui, tokens, curves, width, has_names);
    let plot_height = (height - LEGEND_HEIGHT - 2.0).max(60.0);
    let id = ui.scope_id().with(name).with(&curves.x.name).with(&curves.y.name);
    let mut x_hints = egui_plot::AxisHints::new_x();
    if !curves.x.is_log10 {
        // The marks keep their distance themselves; where all have room, none is to be faint.
        x_hints = x_hints.label_spacing(egui::Rangef::new(30.0, 40.0));
    }
    let mut plot = Plot::new(id)
        .height(plot_height)
        .width(width)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .show_crosshair(false)
        .label_formatter(|_| None)
        .show_grid(true)
        .grid_color(tokens.grid)
        .set_margin_fraction(Vec2::splat(0.05))
        .custom_x_axes(vec![hints(x_hints, &curves.x, tokens)])
        .custom_y_axes(vec![hints(egui_plot::AxisHints::new_y(), &curves.y, tokens).min_thickness(34.0)]);
    // Marks of the axes stand about this many smallest grid steps (of 8 points) apart.
    const X_APART: f64 = 6.0;
    const Y_APART: f64 = 3.5;
    plot = if curves.x.is_log10 { plot.x_grid_spacer(log_marks) } else { plot.x_grid_spacer(|i| marks(i, X_APART)) };
    plot = if curves.y.is_log10 { plot.y_grid_spacer(log_marks) } else { plot.y_grid_spacer(|i| marks(i, Y_APART)) };
    // The plot itself holds no items: it draws axes and grid, zooms and pans. See `paint` for the rest.
    let ([x0, x1], [y0, y1]) = bounds;
    plot = plot.include_x(x0).include_x(x1).include_y(y0).include_y(y1);
    let shown = plot.show(ui, |plot| {
        let response = plot.response();
        if response.contains_pointer() {
            let factor = plot.ctx().input(|i| (i.smooth_scroll_delta.y * WHEEL_ZOOM).exp() * i.zoom_delta());
            if (factor - 1.0).abs() > 1e-6 {
                plot.ctx().input_mut(|i| i.smooth_scroll_delta = Vec2::ZERO);
                plot.zoom_bounds_around_hovered(Vec2::splat(factor));
            }
        }
    });
    let response = shown.response;
    let label = name.to_owned();
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &label));
    paint(ui, tokens, curves, &shown.transform);
    mark_labels(ui, tokens, curves, &shown.transform);
    let near = response.hover_pos().and_then(|p| nearest(curves, &shown.transform, p));
    let asked = asked::menu_ui(&response, curves, whole);
    PlotOutput { response, near, transform: shown.transform, asked }
}

fn hints<'a>(hints: egui_plot::AxisHints<'a>, axis: &Axis, tokens: &Tokens) -> egui_plot::AxisHints<'a> {
    let axis = axis.clone();
    let name = egui::RichText::new(&axis.name).size(tokens::SMALL).color(tokens.text);
    hints
        .label(name)
        .tick_label_font(FontId::proportional(tokens::SMALL))
        .tick_label_color(tokens.text_weak)
        .formatter(move |mark, range| axis.label(mark.value, range.end() - range.start()))
}

/// Decades, and 2 and 5 between them.
fn log_marks(input: egui_plot::GridInput) -> Vec<egui_plot::GridMark> {
    let (from, to) = input.bounds;
    let decades = from.floor() as i32..=to.ceil() as i32;
    // From afar only every few decades have room.
    let every = ((to - from) / 12.0).ceil().max(1.0) as i32;
    decades
        .flat_map(|d| {
            let is_far = every > 1 && d % every != 0;
            [(1.0f64, if is_far { 0.05 } else { 1.0 }), (2.0, 0.3), (5.0, 0.3)]
                .map(|(m, step_size)| egui_plot::GridMark { value: f64::from(d) + m.log10(), step_size })
        })
        .filter(|mark| (from..=to).contains(&mark.value))
        .collect()
}

/// Round numbers, at least `apart` smallest steps from each other.
fn marks(input: egui_plot::GridInput, apart: f64) -> Vec<egui_plot::GridMark> {
    let (from, to) = input.bounds;
    let least = input.base_step_size * apart;
    let n = ((to - from) / least).floor().max(1.0);
    let values = ticks(from, to, n as usize);
    let step_size = values.windows(2).map(|w| w[1] - w[0]).next().unwrap_or(to - from);
    values.into_iter().map(|value| egui_plot::GridMark { value, step_size }).collect()
}

/// Title at the left, then the names of the series; what does not fit is left to the tooltip.
fn heading_ui(ui: &mut egui::Ui, tokens: &Tokens, curves: &Curves, width: f32, has_names: bool) {
    let (rect, response) = ui.allocate_exact_size(vec2(width, LEGEND_HEIGHT), egui::Sense::hover());
    let painter = ui.painter().with_clip_rect(rect);
    let font = FontId::new(tokens::TEXT, crate::ui::theme::strong_family());
    let title = painter.layout_no_wrap(curves.title.clone(), font, tokens.text);
    let mut x = rect.left() + title.size().x + 14.0;
    painter.galley(pos2(rect.left(), rect.center().y - title.size().y / 2.0), title, tokens.text);
    if !has_names {
        return;
    }
    let mut all = Vec::new();
    for (at, curve) in curves.series.iter().enumerate() {
        // References are named on their lines.
        if curve.style == CurveStyle::Dashed
            || curve.name.is_empty()
            || curves.series[..at].iter().any(|c| c.name == curve.name)
        {
            continue;
        }
        all.push(curve.name.as_str());
        let text = painter.layout_no_wrap(curve.name.clone(), FontId::proportional(tokens::SMALL), tokens.text_weak);
        let needed = 20.0 + text.size().x + 12.0;
        if x + needed > rect.right() + 12.0 {
            break;
        }
        swatch(&painter, tokens, curve, Rect::from_min_size(pos2(x, rect.center().y - 4.0), vec2(16.0, 8.0)));
        painter.galley(pos2(x + 20.0, rect.center().y - text.size().y / 2.0), text, tokens.text_weak);
        x += needed;
    }
    if !all.is_empty() {
        response.on_hover_text(all.join(" · "));
    }
}

fn mark_labels(ui: &egui::Ui, tokens: &Tokens, curves: &Curves, transform: &PlotTransform) {
    let frame = *transform.frame();
    for mark in &curves.marks {
        let x = transform.position_from_point_x(mark.x);
        if !frame.x_range().contains(x) {
            continue;
        }
        let (anchor, x) =
            if x > frame.center().x { (egui::Align2::RIGHT_TOP, x - 5.0) } else { (egui::Align2::LEFT_TOP, x + 5.0) };
        let painter = ui.painter();
        let galley = painter.layout_no_wrap(mark.label.clone(), FontId::proportional(tokens::SMALL), tokens.text);
        let at = anchor.anchor_size(pos2(x, frame.top() + 4.0), galley.size());
        painter.rect_filled(at.expand2(vec2(3.0, 1.0)), 2.0, tokens.surface.gamma_multiply(0.85));
        painter.galley(at.min, galley, tokens.text);
    }
}

fn nearest(curves: &Curves, transform: &PlotTransform, pointer: egui::Pos2) -> Option<(usize, usize)> {
    let all = curves.series.iter().enumerate().filter(|(_, c)| c.style != CurveStyle::Dashed);
    let all = all.flat_map(|(s, c)| c.points.iter().enumerate().map(move |(p, xy)| (s, p, xy)));
    let near = all
        .filter(|(_, _, p)| p[0].is_finite() && p[1].is_finite())
        .map(|(s, p, xy)| (s, p, transform.position_from_point(&PlotPoint::new(xy[0], xy[1])).distance(pointer)));
    near.filter(|n| n.2 <= NEAR).min_by(|a, b| a.2.total_cmp(&b.2)).map(|(s, p, _)| (s, p))
}
