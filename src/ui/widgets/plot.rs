//! Curves and points on the screen, from the same value that a figure file is drawn from.
//!
//! Wheel zooms at the pointer, drag pans, a double-click fits, the menu saves. What is near the pointer the owner hears back.

use std::sync::Arc;

use eframe::egui::{self, Color32, FontId, Pos2, Rect, Response, Stroke, Vec2, pos2, vec2};
use egui_plot::{Plot, PlotPoint, PlotTransform};

use super::heatmap::FigureFormat;
use crate::engine::EngineError;
use crate::engine::control::Control;
use crate::engine::plot::{Axis, Curve, CurveStyle, Curves, Marker, Outline, decimate, ticks};
use crate::session::{FileWriter, Request};
use crate::ui::context::{SaveRequest, ViewCx};
use crate::ui::tokens::{self, N_SERIES, Tokens};

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
    /// From the menu.
    pub(crate) save: Option<FigureFormat>,
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

/// The same for curves of any length: what is drawn of long ones, at most two points for each column of pixels, is chosen in the
/// background. `near` tells the places in the curves as they are given.
pub(crate) fn long_curves_ui(
    cx: &ViewCx<'_>,
    ui: &mut egui::Ui,
    name: &str,
    curves: &Arc<Curves>,
    height: f32,
) -> PlotOutput {
    let is_long = |c: &Curve| c.style == CurveStyle::Line && c.points.len() > LONG;
    if !curves.series.iter().any(is_long) {
        return curves_ui(ui, cx.tokens, name, curves, height);
    }
    let desk = &cx.session.store().desk;
    let slot = ShortenRequest::slot_of(name);
    let found = desk.answer::<ShortenRequest>(&slot);
    // Curves that have grown stay as they were until the new ones are there; those of another plot do not.
    let found = found.filter(|(r, _)| r.curves.title == curves.title);
    let scale = ui.ctx().pixels_per_point();
    let columns = |width: f32| (width * scale).clamp(16.0, MOST_COLUMNS) as usize;
    let Some((answered, short)) = found else {
        let first = ShortenRequest {
            name: name.to_owned(),
            curves: Arc::clone(curves),
            x: None,
            columns: columns(ui.available_width()),
        };
        if !desk.is_settled(&first) {
            cx.out.compute(first);
        }
        return curves_ui(ui, cx.tokens, name, &curves.clone_frame(), height);
    };
    let mut output = drawn_ui(ui, cx.tokens, name, &short.curves, short.bounds, height, true);
    output.near = output.near.and_then(|(series, at)| Some((series, *short.places.get(series)?.get(at)?)));
    // Asked for with room to pan, and again once what is there does not reach or is too coarse.
    let (low, high) = (output.transform.bounds().min()[0], output.transform.bounds().max()[0]);
    let (span, n) = (high - low, columns(output.transform.frame().width()));
    let reaches = answered.x.is_none_or(|[from, to]| from <= low && high <= to);
    let [from, to] = answered.x.unwrap_or(short.bounds.0);
    let per_column = (to - from) / answered.columns as f64;
    let is_fine = per_column <= 1.01 * span / n as f64;
    if !(reaches && is_fine && Arc::ptr_eq(&answered.curves, curves)) {
        let next = ShortenRequest {
            name: name.to_owned(),
            curves: Arc::clone(curves),
            x: Some([low - ROOM * span, high + ROOM * span]),
            columns: (n as f64 * (1.0 + 2.0 * ROOM)).ceil() as usize,
        };
        if !desk.is_settled(&next) {
            cx.out.compute(next);
        }
    }
    output
}

/// Curves with more points are drawn in part.
const LONG: usize = 4096;
/// Finer than this no screen is.
const MOST_COLUMNS: f32 = 4096.0;
/// Beside the view, as a part of it, more is prepared: a little panning then needs nothing new.
const ROOM: f64 = 0.5;

/// What is drawn of long curves.
#[derive(Debug, Clone)]
pub(crate) struct ShortenRequest {
    /// Of the plot.
    name: String,
    /// All points.
    curves: Arc<Curves>,
    /// What is in view; everything where `None`.
    x: Option<[f64; 2]>,
    /// Columns of pixels.
    columns: usize,
}

/// Curves as short as the screen.
#[derive(Debug)]
pub(crate) struct Short {
    curves: Curves,
    /// Where the points of every series stand in the long one.
    places: Vec<Vec<usize>>,
    /// Of all points.
    bounds: ([f64; 2], [f64; 2]),
}

impl ShortenRequest {
    /// The slot of one plot.
    pub(crate) fn slot_of(name: &str) -> String {
        format!("curves {name}")
    }
}

impl PartialEq for ShortenRequest {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.curves, &other.curves)
            && (&self.name, self.x, self.columns) == (&other.name, other.x, other.columns)
    }
}

impl Request for ShortenRequest {
    type Answer = Short;

    fn slot(&self) -> String {
        Self::slot_of(&self.name)
    }

    fn compute(&self, ctl: &Control) -> Result<Short, EngineError> {
        let bounds = self.curves.bounds();
        let x = self.x.unwrap_or(bounds.0);
        let mut places = Vec::with_capacity(self.curves.series.len());
        for curve in &self.curves.series {
            ctl.check()?;
            places.push(match curve.style {
                CurveStyle::Line => decimate(&curve.points, x, self.columns),
                _ => (0..curve.points.len()).collect(),
            });
        }
        let series = self.curves.series.iter().zip(&places).map(|(curve, places)| {
            let part = |of: &[[f64; 2]]| places.iter().filter_map(|at| of.get(*at).copied()).collect();
            Curve { name: curve.name.clone(), points: part(&curve.points), spread: part(&curve.spread), ..*curve }
        });
        let curves = Curves { series: series.collect(), ..self.curves.clone_frame() };
        Ok(Short { curves, places, bounds })
    }
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
    let mut save = None;
    response.context_menu(|ui| {
        for format in FigureFormat::ALL {
            if ui.button(format.label()).clicked() {
                save = Some(format);
                ui.close();
            }
        }
    });
    PlotOutput { response, near, transform: shown.transform, save }
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
fn paint(ui: &egui::Ui, tokens: &Tokens, curves: &Curves, transform: &PlotTransform) {
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
                for point in curve.points.iter().filter(finite) {
                    mark(&painter, tokens, curve.marker(), on_screen(point), radius, ink);
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

/// From the lowest to the highest value behind every point.
fn whiskers(painter: &egui::Painter, curve: &Curve, transform: &PlotTransform, ink: Color32) {
    const HALF: f32 = 3.0;
    let stroke = Stroke::new(1.0, ink.gamma_multiply(0.7));
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
        CurveStyle::Points | CurveStyle::PalePoints => mark(painter, tokens, marker, rect.center(), 3.5, colour),
        CurveStyle::Star => mark(painter, tokens, marker, rect.center(), 6.0, colour),
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

/// A request to save the curves as they are now.
pub(crate) fn save_request(curves: impl Into<Arc<Curves>>, name: &str, format: FigureFormat) -> SaveRequest {
    let file = format!("{name}.{}", format.extension()).to_lowercase().replace([' ', '/'], "-");
    let curves = curves.into();
    let writer = FileWriter::new(format!("Save {file}"), move |path, _| {
        let (format, path) = format.settled(path)?;
        let bytes = match format {
            FigureFormat::Png => curves.png()?,
            FigureFormat::Svg => curves.svg().into_bytes(),
            FigureFormat::Csv => curves.csv()?,
        };
        Ok((path, bytes))
    });
    SaveRequest { name: file, writer }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, sync_channel};
    use std::time::{Duration, Instant};

    use egui_kittest::Harness;

    use super::*;
    use crate::session::Session;
    use crate::ui::context::CommandQueue;
    use crate::ui::frames::FrameTimes;
    use crate::ui::tokens::Themes;

    /// What the harness draws.
    struct Long {
        answered: Receiver<()>,
        session: Session,
        themes: Themes,
        out: CommandQueue,
        curves: Arc<Curves>,
        frames: FrameTimes,
        near: Option<(usize, usize)>,
    }

    impl Long {
        fn ui(&mut self, ui: &mut egui::Ui) {
            let began = Instant::now();
            self.session.poll();
            let tokens = self.themes.of(egui::Theme::Dark).clone();
            let cx = ViewCx { session: &self.session, tokens: &tokens, out: &self.out };
            self.near = long_curves_ui(&cx, ui, "Long", &self.curves, 500.0).near;
            for (by, command) in self.out.take_commands() {
                self.session.apply_from(by, command);
            }
            self.frames.add(began.elapsed());
        }

        /// Until a job has answered, at most so long.
        fn rest(&self, at_most: Duration) {
            self.answered.recv_timeout(at_most).unwrap_or_default();
        }

        fn short(&self) -> Option<Arc<Short>> {
            self.session.store().desk.answer::<ShortenRequest>("curves Long").map(|(_, short)| short)
        }
    }

    fn wait(h: &mut Harness<'_, Long>) {
        let began = Instant::now();
        loop {
            h.step();
            if h.state().session.is_idle() && h.state().short().is_some() {
                return;
            }
            assert!(began.elapsed() < Duration::from_mins(2), "waited too long");
            h.state().rest(Duration::from_millis(50));
        }
    }

    /// Also what `docs/benchmarks/window.md` says about curves: run it alone with `--nocapture`.
    #[test]
    fn a_million_points_are_drawn_with_two_per_column() {
        const N: usize = 1_000_000;
        let points =
            (0..N).map(|i| [i as f64, (i as f64 * 1e-5).sin() + f64::from(i as u32 % 1009 * 7919 % 1009) * 1e-3]);
        let curve = Curve { name: "noisy".into(), points: points.collect(), ..Curve::default() };
        let curves = Arc::new(Curves { title: "Long".into(), series: vec![curve], ..Curves::default() });
        let (sender, answered) = sync_channel(1);
        let session = Session::new(2, Arc::new(move || sender.try_send(()).unwrap_or_default())).expect("workers");
        let (out, frames) = (CommandQueue::default(), FrameTimes::default());
        let long = Long { answered, session, themes: Themes::load(), out, curves, frames, near: None };
        let mut h = Harness::builder()
            .with_size([1200.0, 600.0])
            .with_context_setup(|ctx| crate::ui::theme::install(ctx, &Themes::load()))
            .build_ui_state(|ui: &mut egui::Ui, long: &mut Long| long.ui(ui), long);
        wait(&mut h);
        let n_drawn = |h: &Harness<'_, Long>| h.state().short().expect("drawn").curves.series[0].points.len();
        let n_columns = 1200;
        assert!((1000..=2 * n_columns + 2).contains(&n_drawn(&h)), "{} points", n_drawn(&h));
        let at = pos2(600.0, 300.0);
        let mut smallest = usize::MAX;
        for round in 0..2 {
            for _ in 0..150 {
                h.hover_at(at);
                h.event(egui::Event::MouseWheel {
                    unit: egui::MouseWheelUnit::Point,
                    delta: vec2(0.0, if round == 0 { 60.0 } else { -60.0 }),
                    phase: egui::TouchPhase::Move,
                    source: egui::MouseWheelSource::Wheel,
                    modifiers: egui::Modifiers::NONE,
                });
                h.step();
                h.state().rest(Duration::from_millis(4));
            }
            wait(&mut h);
            smallest = smallest.min(n_drawn(&h));
            assert!(n_drawn(&h) <= 4 * n_columns + 4, "{} points with room at the sides", n_drawn(&h));
        }
        assert!(smallest < 1000, "near enough few points are left, {smallest}");
        let frames = &h.state().frames;
        println!(
            "{} frames over {N} points: own code median {:.2} ms, 95 % {:.2} ms, longest {:.2} ms",
            frames.len(),
            1000.0 * frames.median(),
            1000.0 * frames.quantile(0.95),
            1000.0 * frames.quantile(1.0)
        );
    }
}
