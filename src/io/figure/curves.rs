//! Curves and points over two axes, drawn.

use super::canvas::{Anchor, Canvas, GRID, LABEL, SMALL, TEXT, TEXT_WEAK, TITLE};
use super::colour::{Rgb, SERIES};
use super::error::FigureError;
use crate::engine::plot::{Axis, Curve, CurveStyle, Curves, ticks};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 460.0;
const LEFT: f64 = 76.0;
const TOP: f64 = 64.0;
const RIGHT: f64 = 24.0;
const BOTTOM: f64 = 58.0;
const PLOT_WIDTH: f64 = WIDTH - LEFT - RIGHT;

impl Curves {
    /// As an SVG.
    pub fn svg(&self) -> String {
        self.drawn().svg()
    }

    /// As a part of a page: as wide as there is room, in the page's letters. `id` begins every name inside; no two drawings of a page share one.
    pub fn svg_within(&self, id: &str) -> String {
        self.drawn().svg_within(id)
    }

    /// As a PNG, 2 pixels per point.
    ///
    /// # Errors
    /// [`FigureError::Render`].
    pub fn png(&self) -> Result<Vec<u8>, FigureError> {
        self.drawn().png()
    }

    /// One line per point: series, x, y; with lowest and highest y where any series has a spread.
    ///
    /// # Errors
    /// [`FigureError::Table`].
    pub fn csv(&self) -> Result<Vec<u8>, FigureError> {
        self.table(b',')
    }

    /// The same with tabs between the cells, as spreadsheets take it from the clipboard.
    ///
    /// # Errors
    /// [`FigureError::Table`].
    pub fn tabbed(&self) -> Result<String, FigureError> {
        let bytes = self.table(b'\t')?;
        String::from_utf8(bytes).map_err(|e| FigureError::Table { reason: e.to_string() })
    }

    fn table(&self, between: u8) -> Result<Vec<u8>, FigureError> {
        let fault = |e: csv::Error| FigureError::Table { reason: e.to_string() };
        let header = |axis: &Axis| if axis.is_log10 { format!("log10 {}", axis.name) } else { axis.name.clone() };
        let has_spread = self.series.iter().any(|c| !c.spread.is_empty());
        let width = if has_spread { 5 } else { 3 };
        let mut out = csv::WriterBuilder::new().delimiter(between).from_writer(Vec::new());
        let names = ["series".to_owned(), header(&self.x), header(&self.y), "lowest".to_owned(), "highest".to_owned()];
        out.write_record(&names[..width]).map_err(fault)?;
        for curve in &self.series {
            for (at, [x, y]) in curve.points.iter().enumerate() {
                let [low, high] = curve.spread.get(at).copied().unwrap_or([*y, *y]);
                let numbers = [x, y, &low, &high].map(f64::to_string);
                out.write_record(std::iter::once(&curve.name).chain(&numbers).take(width)).map_err(fault)?;
            }
        }
        out.into_inner().map_err(|e| FigureError::Table { reason: e.to_string() })
    }

    fn range(&self, axis: &Axis, coordinate: usize) -> [f64; 2] {
        if let Some(range) = axis.range {
            return range;
        }
        let [low, high] = self.data_range(coordinate);
        let margin = if high > low { 0.04 * (high - low) } else { 0.5 };
        [low - margin, high + margin]
    }

    /// As shapes on a canvas.
    pub(in crate::io) fn drawn(&self) -> Canvas {
        let rows = self.legend_rows();
        let below = 20.0 * rows.len() as f64;
        let plot_height = HEIGHT - TOP - BOTTOM;
        let mut canvas = Canvas::new(WIDTH, HEIGHT + below);
        let (x_range, y_range) = (self.range(&self.x, 0), self.range(&self.y, 1));
        let px = |x: f64| LEFT + (x - x_range[0]) / (x_range[1] - x_range[0]) * PLOT_WIDTH;
        let py = |y: f64| TOP + (1.0 - (y - y_range[0]) / (y_range[1] - y_range[0])) * plot_height;
        canvas.text(LEFT, 28.0, &self.title, TITLE, Anchor::Left, TEXT);
        canvas.text(LEFT, 48.0, &self.subtitle, SMALL, Anchor::Left, TEXT_WEAK);
        for x in axis_ticks(&self.x, x_range) {
            canvas.line([px(x), TOP], [px(x), TOP + plot_height], GRID, 1.0, false);
            canvas.text(
                px(x),
                TOP + plot_height + 18.0,
                &self.x.label(x, x_range[1] - x_range[0]),
                SMALL,
                Anchor::Centre,
                TEXT_WEAK,
            );
        }
        for y in axis_ticks(&self.y, y_range) {
            canvas.line([LEFT, py(y)], [LEFT + PLOT_WIDTH, py(y)], GRID, 1.0, false);
            canvas.text(
                LEFT - 8.0,
                py(y) + 4.0,
                &self.y.label(y, y_range[1] - y_range[0]),
                SMALL,
                Anchor::Right,
                TEXT_WEAK,
            );
        }
        canvas.clip(LEFT, TOP, PLOT_WIDTH, plot_height);
        for curve in &self.series {
            let ink = ink(curve);
            let finite = curve.points.iter().enumerate().filter(|(_, p)| p[0].is_finite() && p[1].is_finite());
            let (sizes, points): (Vec<f64>, Vec<(f64, f64)>) =
                finite.map(|(at, p)| (f64::from(curve.size(at)), (px(p[0]), py(p[1])))).unzip();
            for ([x, _], [low, high]) in curve.points.iter().zip(&curve.spread) {
                if low < high && x.is_finite() {
                    canvas.whisker(px(*x), py(*low), py(*high), ink);
                }
            }
            for ([_, y], [low, high]) in curve.points.iter().zip(&curve.spread_x) {
                if low < high && y.is_finite() {
                    canvas.whisker_along(py(*y), px(*low), px(*high), ink);
                }
            }
            match curve.style {
                CurveStyle::Line | CurveStyle::Dashed => {
                    canvas.polyline(points, ink, 1.8, curve.style == CurveStyle::Dashed);
                }
                CurveStyle::Marked => {
                    for (x, y) in &points {
                        canvas.mark(*x, *y, 3.5, curve.marker(), ink);
                    }
                    canvas.polyline(points, ink, 1.6, false);
                }
                CurveStyle::Points => {
                    for ((x, y), size) in points.iter().zip(&sizes) {
                        canvas.mark(*x, *y, 3.5 * size, curve.marker(), ink);
                    }
                }
                CurveStyle::Star => {
                    for (x, y) in &points {
                        canvas.mark(*x, *y, 9.0, curve.marker(), ink);
                    }
                }
                CurveStyle::PalePoints => {
                    for ((x, y), size) in points.iter().zip(&sizes) {
                        canvas.dot(*x, *y, 3.0 * size, ink, 0.35);
                    }
                }
            }
        }
        canvas.end_clip();
        for mark in self.marks.iter().filter(|m| (x_range[0]..=x_range[1]).contains(&m.x)) {
            canvas.line([px(mark.x), TOP], [px(mark.x), TOP + plot_height], TEXT, 1.2, true);
            let (at, anchor) = if mark.x > f64::midpoint(x_range[0], x_range[1]) {
                (px(mark.x) - 6.0, Anchor::Right)
            } else {
                (px(mark.x) + 6.0, Anchor::Left)
            };
            canvas.text(at, TOP + 14.0, &mark.label, SMALL, anchor, TEXT);
        }
        canvas.frame(LEFT, TOP, PLOT_WIDTH, plot_height);
        canvas.text(LEFT + PLOT_WIDTH / 2.0, HEIGHT - 18.0, &self.x.name, LABEL, Anchor::Centre, TEXT);
        canvas.text_upwards(20.0, TOP + plot_height / 2.0, &self.y.name, LABEL, TEXT);
        for (row, entries) in rows.iter().enumerate() {
            let y = HEIGHT + 6.0 + 20.0 * row as f64;
            for (x, curve) in entries {
                let ink = ink(curve);
                match curve.style {
                    CurveStyle::Line | CurveStyle::Dashed => {
                        canvas.line([*x, y - 4.0], [x + 22.0, y - 4.0], ink, 2.0, curve.style == CurveStyle::Dashed);
                    }
                    CurveStyle::Marked => {
                        canvas.line([*x, y - 4.0], [x + 22.0, y - 4.0], ink, 1.6, false);
                        canvas.mark(x + 11.0, y - 4.0, 3.5, curve.marker(), ink);
                    }
                    CurveStyle::Points => canvas.mark(x + 11.0, y - 4.0, 3.5, curve.marker(), ink),
                    CurveStyle::Star => canvas.mark(x + 11.0, y - 4.0, 7.0, curve.marker(), ink),
                    CurveStyle::PalePoints => canvas.dot(x + 11.0, y - 4.0, 3.0, ink, 0.35),
                }
                canvas.text(x + 28.0, y, &curve.name, SMALL, Anchor::Left, TEXT);
            }
        }
        canvas
    }

    /// The legend below the plot: as many names in a row as fit.
    fn legend_rows(&self) -> Vec<Vec<(f64, &Curve)>> {
        let mut rows = Vec::<Vec<(f64, &Curve)>>::new();
        let mut x = f64::INFINITY;
        for (at, curve) in self.series.iter().enumerate() {
            // One name for two looks of the same thing stands there once.
            if self.series[..at].iter().any(|c| c.name == curve.name) {
                continue;
            }
            let width = 28.0 + text_width(&curve.name) + 18.0;
            if x + width > LEFT + PLOT_WIDTH {
                rows.push(Vec::new());
                x = LEFT;
            }
            if let Some(row) = rows.last_mut() {
                row.push((x, curve));
            }
            x += width;
        }
        rows
    }
}

/// About how wide a small text is, points: letters of East Asia are as wide as they are tall.
fn text_width(text: &str) -> f64 {
    const NARROW: f64 = 6.4;
    const WIDE: f64 = 11.5;
    text.chars().map(|c| if c >= '\u{2e80}' { WIDE } else { NARROW }).sum()
}

fn ink(curve: &Curve) -> Rgb {
    if curve.style == CurveStyle::Dashed { [0x3c, 0x40, 0x45] } else { SERIES[curve.colour % SERIES.len()] }
}

fn axis_ticks(axis: &Axis, range: [f64; 2]) -> Vec<f64> {
    let all = ticks(range[0], range[1], 6);
    if !axis.is_log10 {
        return all;
    }
    let decades: Vec<f64> = all.iter().copied().filter(|t| t.fract() == 0.0).collect();
    if decades.len() >= 2 { decades } else { all }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::plot::Mark;

    fn plot() -> Curves {
        Curves {
            title: "Accuracy & cost, 50 $".into(),
            x: Axis::new("edges removed, %"),
            y: Axis::new("test accuracy, %"),
            series: vec![
                Curve {
                    name: "pruned".into(),
                    points: vec![[0.0, 89.0], [20.0, 88.0], [f64::NAN, 1.0]],
                    ..Curve::default()
                },
                Curve {
                    name: "dense".into(),
                    points: vec![[0.0, 89.4], [20.0, 89.4]],
                    style: CurveStyle::Dashed,
                    ..Curve::default()
                },
            ],
            marks: vec![Mark { x: 10.0, label: "now".into() }],
            ..Curves::default()
        }
    }

    #[test]
    fn the_same_values_give_the_same_bytes_and_all_words() {
        let svg = plot().svg();
        assert_eq!(svg, plot().svg());
        for word in ["Accuracy &amp; cost, 50 $", "edges removed, %", "test accuracy, %", "pruned", "dense", "now"] {
            assert!(svg.contains(word), "{word} in {svg}");
        }
        let png = plot().png().expect("a picture");
        assert!(png.starts_with(b"\x89PNG"));
        assert_eq!(png, plot().png().expect("a picture"));
    }

    #[test]
    fn nothing_to_draw_is_no_fault() {
        let empty = Curves::default();
        assert!(empty.svg().contains("</svg>"));
        assert!(!empty.png().expect("a picture").is_empty());
        assert_eq!(String::from_utf8(empty.csv().expect("a table")).expect("text"), "series,,\n");
    }

    #[test]
    fn tables_hold_every_point() {
        let csv = String::from_utf8(plot().csv().expect("a table")).expect("text");
        assert_eq!(csv.lines().count(), 6);
        assert!(csv.starts_with("series,\"edges removed, %\",\"test accuracy, %\"\npruned,0,89\n"), "{csv}");
    }

    #[test]
    fn a_spread_is_drawn_and_written() {
        let mut plot = plot();
        let without = plot.svg();
        plot.series[0].style = CurveStyle::Marked;
        plot.series[0].spread = vec![[87.0, 95.0], [88.0, 88.0], [f64::NAN, f64::NAN]];
        assert_ne!(plot.svg(), without);
        assert!(plot.png().expect("a picture").starts_with(b"\x89PNG"));
        let (_, y) = plot.bounds();
        assert!((y[0] - 87.0).abs() < 1e-9 && (y[1] - 95.0).abs() < 1e-9, "the whiskers are in view: {y:?}");
        let csv = String::from_utf8(plot.csv().expect("a table")).expect("text");
        assert!(csv.contains("lowest,highest\npruned,0,89,87,95\n") && csv.contains("dense,0,89.4,89.4,89.4"), "{csv}");
    }
}
