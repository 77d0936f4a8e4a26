//! The slider of a threshold: logarithmic with a place for 0, or linear for a share.

use std::ops::RangeInclusive;

use eframe::egui::{self, Rect, Response, Sense, Stroke, pos2, vec2};

use super::adjust::{announce, asked_steps, asked_value};
use crate::ui::tokens::Tokens;

/// How positions map to values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DeltaScale {
    /// 0 at the very left, then `from..=to` with even decades.
    Log {
        /// Smallest value above 0.
        from: f64,
        /// Largest value.
        to: f64,
    },
    /// `0..=to`, even steps.
    Linear {
        /// Largest value.
        to: f64,
    },
}

/// Left part of a logarithmic rail that stands for 0.
const ZERO_SHARE: f64 = 0.04;
/// How far one notch of the wheel or one arrow key moves.
const STEP: f64 = 0.01;
/// The stops of every decade when snapping.
const STOPS: [f64; 3] = [1.0, 2.0, 5.0];
/// Steps of a share when snapping.
const SHARE_STOP: f64 = 0.05;

impl DeltaScale {
    /// Position of a value on the rail, `0..=1`; values outside stand at the ends.
    pub fn position(self, value: f64) -> f64 {
        match self {
            Self::Linear { to } => (value / to).clamp(0.0, 1.0),
            Self::Log { from, to } => {
                if value < from {
                    return if value > 0.0 { ZERO_SHARE } else { 0.0 };
                }
                let share = (value / from).ln() / (to / from).ln();
                (ZERO_SHARE + (1.0 - ZERO_SHARE) * share).clamp(0.0, 1.0)
            }
        }
    }

    /// Value at a position of the rail, rounded to three digits so that what is written is what is used.
    pub fn value(self, position: f64) -> f64 {
        let position = position.clamp(0.0, 1.0);
        match self {
            Self::Linear { to } => (position * to * 1e3).round() / 1e3,
            Self::Log { from, to } => {
                if position < ZERO_SHARE * 0.5 {
                    return 0.0;
                }
                let share = ((position - ZERO_SHARE) / (1.0 - ZERO_SHARE)).max(0.0);
                three_digits(from * (to / from).powf(share))
            }
        }
    }

    /// The nearest stop.
    pub fn snapped(self, value: f64) -> f64 {
        match self {
            Self::Linear { .. } => three_digits((value / SHARE_STOP).round() * SHARE_STOP),
            Self::Log { from, .. } if value < from * 0.7 => 0.0,
            Self::Log { from, .. } => {
                let decade = 10f64.powf(value.max(from).log10().floor());
                let stops = STOPS.iter().map(|s| s * decade).chain([10.0 * decade]);
                let near = |stop: &f64| (stop / value.max(from)).ln().abs();
                three_digits(stops.min_by(|a, b| near(a).total_cmp(&near(b))).unwrap_or(value))
            }
        }
    }

    /// The values it reaches.
    pub fn range(self) -> RangeInclusive<f64> {
        match self {
            Self::Log { to, .. } | Self::Linear { to } => 0.0..=to,
        }
    }
}

fn three_digits(value: f64) -> f64 {
    if value == 0.0 {
        return 0.0;
    }
    let unit = 10f64.powf(value.abs().log10().floor() - 2.0);
    // Through text, so that 0.3 is the double that a file's `0.3` is.
    let rounded = (value / unit).round() * unit;
    format!("{rounded:.3e}").parse().unwrap_or(rounded)
}

/// A slider for one threshold.
#[derive(Debug)]
pub struct DeltaSlider<'a> {
    value: &'a mut f64,
    scale: DeltaScale,
    name: String,
    default: f64,
}

impl<'a> DeltaSlider<'a> {
    /// A slider; `name` is read out.
    pub fn new(value: &'a mut f64, scale: DeltaScale, name: impl Into<String>) -> Self {
        Self { value, scale, name: name.into(), default: 0.0 }
    }

    /// Where a double-click goes.
    #[must_use]
    pub fn default_value(mut self, default: f64) -> Self {
        self.default = default;
        self
    }

    /// Draws it over the width that is left, less what `reserve` keeps for the number behind it.
    pub fn ui(self, ui: &mut egui::Ui, tokens: &Tokens, reserve: f32) -> Response {
        let size = vec2((ui.available_width() - reserve).max(40.0), ui.spacing().interact_size.y);
        let (rect, mut response) = ui.allocate_exact_size(size, Sense::click_and_drag());
        let rail = Rect::from_min_max(
            pos2(rect.left() + 7.0, rect.center().y - 2.0),
            pos2(rect.right() - 7.0, rect.center().y + 2.0),
        );
        let before = *self.value;
        let mut value = before;
        let is_snapping = ui.input(|i| i.modifiers.shift);
        if response.double_clicked() {
            value = self.default;
        } else if let Some(at) = response.interact_pointer_pos().filter(|_| response.dragged() || response.clicked()) {
            value = self.scale.value(f64::from((at.x - rail.left()) / rail.width()));
            if is_snapping {
                value = self.scale.snapped(value);
            }
        }
        if response.clicked() || response.drag_started() {
            response.request_focus();
        }
        let steps = asked_steps(ui, &response) + wheel_steps(ui, &response);
        if steps != 0.0 {
            value = self.stepped(value, steps * if is_snapping { 5.0 } else { 1.0 });
        }
        if let Some(asked) = asked_value(ui, &response) {
            value = asked.clamp(*self.scale.range().start(), *self.scale.range().end());
        }
        if value.to_bits() != before.to_bits() {
            *self.value = value;
            response.mark_changed();
        }
        self.announce(ui, &response, value);
        if ui.is_rect_visible(rect) {
            paint(ui, tokens, &response, rail, self.scale, value);
        }
        response
    }

    /// Moves by steps of the rail, at least by one rounded digit.
    fn stepped(&self, value: f64, steps: f64) -> f64 {
        let position = self.scale.position(value);
        let mut n = steps;
        for _ in 0..8 {
            let next = self.scale.value(position + n * STEP);
            if next.to_bits() != value.to_bits() {
                return next;
            }
            n += steps.signum();
        }
        value
    }

    fn announce(&self, ui: &egui::Ui, response: &Response, value: f64) {
        announce(ui, response, ui.is_enabled(), value, &self.name);
        let range = self.scale.range();
        ui.ctx().accesskit_node_builder(response.id, |node| {
            node.set_min_numeric_value(*range.start());
            node.set_max_numeric_value(*range.end());
        });
    }
}

/// The wheel moves a slider that has the focus or the pointer has rested on; it is then taken from the panel behind.
fn wheel_steps(ui: &egui::Ui, response: &Response) -> f64 {
    if !(response.hovered() && response.has_focus()) {
        return 0.0;
    }
    let notch = ui.input_mut(|i| std::mem::take(&mut i.smooth_scroll_delta.y));
    f64::from(notch / 12.0)
}

fn paint(ui: &egui::Ui, tokens: &Tokens, response: &Response, rail: Rect, scale: DeltaScale, value: f64) {
    let painter = ui.painter();
    let at = |position: f64| rail.left() + rail.width() * position as f32;
    painter.rect_filled(rail, 2.0, tokens.active);
    let x = at(scale.position(value));
    let (fill, knob) = if ui.is_enabled() { (tokens.accent, tokens.raised) } else { (tokens.removed, tokens.surface) };
    painter.rect_filled(Rect::from_min_max(rail.min, pos2(x, rail.bottom())), 2.0, fill);
    if let DeltaScale::Log { from, to } = scale {
        let mut decade = 10f64.powf(from.log10().ceil());
        while decade < to {
            let tick = at(scale.position(decade));
            let ends = [pos2(tick, rail.bottom() + 2.0), pos2(tick, rail.bottom() + 5.0)];
            painter.line_segment(ends, Stroke::new(1.0, tokens.separator));
            decade *= 10.0;
        }
    }
    let radius = if response.hovered() || response.dragged() { 7.0 } else { 6.0 };
    let width = if response.has_focus() { 2.5 } else { 1.5 };
    painter.circle(pos2(x, rail.center().y), radius, knob, Stroke::new(width, fill));
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: DeltaScale = DeltaScale::Log { from: 1e-3, to: 10.0 };

    #[test]
    fn positions_and_values_are_inverse_and_zero_has_its_place() {
        for value in [0.0, 0.001, 0.02, 0.5, 3.17, 10.0] {
            let back = LOG.value(LOG.position(value));
            assert!((back - value).abs() <= value * 6e-3, "{value} came back as {back}");
        }
        let share = DeltaScale::Linear { to: 1.0 };
        assert_eq!(share.value(share.position(0.37)).to_string(), "0.37");
        assert_eq!(LOG.position(99.0).to_string(), "1");
    }

    #[test]
    fn snapping_finds_the_stops_of_a_decade() {
        let snap = |v: f64| LOG.snapped(v).to_string();
        assert_eq!([snap(0.13), snap(0.16), snap(0.4), snap(0.8), snap(0.0)], ["0.1", "0.2", "0.5", "1", "0"]);
        assert_eq!(DeltaScale::Linear { to: 1.0 }.snapped(0.33).to_string(), "0.35");
    }
}
