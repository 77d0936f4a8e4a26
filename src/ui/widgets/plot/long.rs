//! Curves of any length: what is drawn of long ones is chosen in the background.

use std::sync::Arc;

use eframe::egui;

use super::{PlotOutput, curves_ui, drawn_ui};
use crate::engine::EngineError;
use crate::engine::control::Control;
use crate::engine::plot::{Curve, CurveStyle, Curves, decimate};
use crate::session::Request;
use crate::ui::context::ViewCx;

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
    pub(super) curves: Curves,
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
            Curve {
                name: curve.name.clone(),
                points: part(&curve.points),
                spread: part(&curve.spread),
                spread_x: part(&curve.spread_x),
                sizes: places.iter().filter_map(|at| curve.sizes.get(*at).copied()).collect(),
                style: curve.style,
                colour: curve.colour,
            }
        });
        let curves = Curves { series: series.collect(), ..self.curves.clone_frame() };
        Ok(Short { curves, places, bounds })
    }
}
