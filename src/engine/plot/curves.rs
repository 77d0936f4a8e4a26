//! Curves and points over two axes, as values: what the window shows and what a figure in a file draws.
//!
//! What is never here: colours (a curve has its place in a palette), sizes, files.

use super::marker::Marker;
use super::raster::power_of_ten;

/// One axis.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Axis {
    /// What it shows, with its unit, for example `edges removed, %`.
    pub name: String,
    /// Whether the values are logarithms to base 10.
    pub is_log10: bool,
    /// The ends; those of the finite data where `None`.
    pub range: Option<[f64; 2]>,
}

impl Axis {
    /// A linear axis over the data.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// An axis of logarithms to base 10.
    pub fn log10(name: impl Into<String>) -> Self {
        Self { name: name.into(), is_log10: true, range: None }
    }

    /// How a value is written on it; `span` is the length of the axis.
    pub fn label(&self, value: f64, span: f64) -> String {
        if self.is_log10 {
            return power_of_ten(value);
        }
        if span >= 5.0 && value >= 1000.0 {
            return grouped(value.round() as u64);
        }
        let decimals = (-(span / 6.0).log10().floor()).clamp(0.0, 6.0) as usize;
        let text = format!("{value:.decimals$}");
        if text.trim_start_matches(['-', '0', '.']).is_empty() { "0".to_owned() } else { text }
    }
}

/// How a curve is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CurveStyle {
    /// Points joined in order.
    #[default]
    Line,
    /// Joined, with a mark at every point.
    Marked,
    /// Joined and dashed: a reference.
    Dashed,
    /// Not joined.
    Points,
    /// Not joined, pale: of less interest.
    PalePoints,
    /// A star each: what was chosen.
    Star,
}

/// One series.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curve {
    /// In the legend and in the table.
    pub name: String,
    /// `[x, y]`; values that are not finite are left out of the picture.
    pub points: Vec<[f64; 2]>,
    /// Lowest and highest y behind every point, drawn as whiskers; empty where there is no spread.
    pub spread: Vec<[f64; 2]>,
    /// The same along x.
    pub spread_x: Vec<[f64; 2]>,
    /// How large every point is, in usual sizes: a third number; empty where all are alike.
    pub sizes: Vec<f32>,
    /// How it is drawn.
    pub style: CurveStyle,
    /// Its place in the palette; several curves may share one.
    pub colour: usize,
}

impl Curve {
    /// The shape of its points.
    pub fn marker(&self) -> Marker {
        if self.style == CurveStyle::Star { Marker::Star } else { Marker::of(self.colour) }
    }

    /// The size of point `at`, in usual sizes.
    pub fn size(&self, at: usize) -> f32 {
        self.sizes.get(at).copied().unwrap_or(1.0)
    }
}

/// A line across the plot with a word beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// Where on the x axis.
    pub x: f64,
    /// Beside it, for example `δ 0.0210`.
    pub label: String,
}

/// Everything a plot's picture says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curves {
    /// Above it.
    pub title: String,
    /// Below the title; may be empty.
    pub subtitle: String,
    /// Across.
    pub x: Axis,
    /// Up.
    pub y: Axis,
    /// The series, those drawn first below the others.
    pub series: Vec<Curve>,
    /// Lines across.
    pub marks: Vec<Mark>,
}

impl Curves {
    /// The ends of both axes: as given, else of the finite data; never empty.
    pub fn bounds(&self) -> ([f64; 2], [f64; 2]) {
        let of = |axis: &Axis, coordinate: usize| {
            let [low, high] = axis.range.unwrap_or_else(|| self.data_range(coordinate));
            if high > low { [low, high] } else { [low - 0.5, low + 0.5] }
        };
        (of(&self.x, 0), of(&self.y, 1))
    }

    /// The same without its series.
    #[must_use]
    pub fn clone_frame(&self) -> Self {
        Self {
            title: self.title.clone(),
            subtitle: self.subtitle.clone(),
            x: self.x.clone(),
            y: self.y.clone(),
            series: Vec::new(),
            marks: self.marks.clone(),
        }
    }

    /// Least and greatest finite coordinate of all points and of their whiskers.
    pub(crate) fn data_range(&self, coordinate: usize) -> [f64; 2] {
        let points = self.series.iter().flat_map(|c| &c.points).filter(|p| p[0].is_finite() && p[1].is_finite());
        let whiskers = self.series.iter().flat_map(|c| if coordinate == 1 { &c.spread } else { &c.spread_x });
        let whiskers = whiskers.flatten().filter(|v| v.is_finite()).copied();
        let (low, high) = (points.map(|p| p[coordinate]).chain(whiskers))
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        if low > high { [0.0, 1.0] } else { [low, high] }
    }
}

/// Round numbers inside a range, about `n` of them.
pub fn ticks(low: f64, high: f64, n: usize) -> Vec<f64> {
    let span = high - low;
    if !(span > 0.0 && span.is_finite()) {
        return Vec::new();
    }
    let rough = span / n as f64;
    let decade = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * decade).find(|s| *s >= rough).unwrap_or(rough);
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last).map(|i| i as f64 * step).collect()
}

/// A count with its thousands apart.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        assert_eq!(ticks(0.0, 10.0, 5), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(ticks(5.0, 5.0, 5), Vec::<f64>::new());
        assert_eq!(Axis::default().label(0.25, 1.0), "0.2");
        assert_eq!([Axis::default().label(40.0, 100.0), Axis::default().label(-0.0, 1.0)], ["40", "0"]);
        assert_eq!(Axis::log10("δ").label(-2.0, 4.0), "0.01");
    }
}
