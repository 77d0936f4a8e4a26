//! Texts in the page's language, and numbers as a page spells them.

use crate::engine::graph::Metric;
use crate::session::format::percent;
use crate::session::words::{Argument, Words};

/// Asks for texts in one language.
#[derive(Debug, Clone, Copy)]
pub(super) struct Say(pub(super) &'static Words);

impl Say {
    pub(super) fn text(self, key: &str) -> String {
        self.0.text(key)
    }

    pub(super) fn with(self, key: &str, arguments: &[(&str, Argument<'_>)]) -> String {
        self.0.with(key, arguments)
    }

    /// What scores are called within a sentence.
    pub(super) fn metric(self, metric: Metric) -> String {
        match metric {
            Metric::Accuracy => self.text("report-accuracy"),
            Metric::MicroF1 => self.text("report-micro-f1"),
        }
    }

    /// The 95 % interval of a share.
    pub(super) fn interval(self, [low, high]: [f64; 2]) -> String {
        let (low, high) = (format!("{:.1}", 100.0 * low), percent(high));
        self.with("report-interval", &[("low", low.into()), ("high", high.into())])
    }

    /// The 95 % interval of a ratio.
    pub(super) fn ratio_interval(self, interval: Option<[f64; 2]>) -> String {
        match interval {
            Some([low, high]) => {
                let (low, high) = (format!("{low:.2}"), format!("{high:.2}"));
                self.with("report-interval", &[("low", low.into()), ("high", high.into())])
            }
            None => self.text("report-no-interval"),
        }
    }
}

/// Something before and after.
pub(super) fn change(before: &str, after: &str) -> String {
    format!("{before} → {after}")
}

/// A share in points with one decimal and without a sign.
pub(super) fn points(share: f64) -> String {
    format!("{:.1}", 100.0 * share.abs())
}

/// A limit in points, as somebody chose it: without zeros at its end.
pub(super) fn limit(share: f64) -> String {
    ((1e4 * share).round() / 100.0).to_string()
}

/// A ratio: two decimals below 2, where the second one counts.
pub(super) fn times(ratio: f64) -> String {
    if ratio < 1.95 { format!("{ratio:.2}") } else { format!("{ratio:.1}") }
}

/// Whether a loss is more than what one decimal of a point can show, and in which direction.
pub(super) fn direction(lost: f64) -> &'static str {
    match (1e3 * lost).round() {
        shown if shown > 0.0 => "lost",
        shown if shown < 0.0 => "gained",
        _ => "same",
    }
}
