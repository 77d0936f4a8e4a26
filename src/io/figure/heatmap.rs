//! One heatmap with axes, class strips and legend.

use super::canvas::{Anchor, Canvas, LABEL, SMALL, TEXT, TEXT_WEAK, TITLE};
use super::colour::{KEPT, REMOVED, Rgb, SERIES, lut, mix, mixed};
use super::error::FigureError;
use super::raster::encode;
use crate::engine::plot::{FATES, NodeGroup, Raster, RasterMode, Scale, Shade, Side, grouped, ticks};

/// Everything a heatmap's picture says.
#[derive(Debug, Clone)]
pub struct HeatmapFigure<'a> {
    /// The texels.
    pub raster: &'a Raster,
    /// What their values mean.
    pub scale: &'a Scale,
    /// Above it, for example `Edges of layer 1, cora, GCN 1433-512-7`.
    pub title: &'a str,
    /// Below the title: the recipe in a line; may be empty.
    pub subtitle: &'a str,
    /// Along the bottom, for example `source node, by class`.
    pub x_name: &'a str,
    /// Along the left, for example `target node, by class`.
    pub y_name: &'a str,
    /// Strips along both axes; empty for matrices without nodes.
    pub groups: &'a [NodeGroup],
}

/// Longer side of the matrix, points; a narrow one is stretched to [`SHORTEST`].
const LONGEST: f64 = 560.0;
const SHORTEST: f64 = 240.0;
const LEFT: f64 = 84.0;
const TOP: f64 = 64.0;
const BOTTOM: f64 = 62.0;
const RIGHT: f64 = 172.0;
/// Behind entries that do not exist.
const GROUND: Rgb = [0xf4, 0xf4, 0xf2];

/// A colour for every texel, row after row; one that is empty for a raster without texels.
fn pixels(raster: &Raster, scale: &Scale) -> Vec<Rgb> {
    let colours = lut(scale.ramp, KEPT, REMOVED, false);
    let paint = |shade: Shade| {
        if shade == Shade::NO_ENTRY {
            return GROUND;
        }
        let ink = mixed(colours[usize::from(shade.colour)], KEPT, shade);
        mix(GROUND, ink, f64::from(Scale::opacity(shade.opacity.into())))
    };
    let pixels: Vec<Rgb> = scale.shades(raster).into_iter().map(paint).collect();
    if pixels.is_empty() { vec![GROUND] } else { pixels }
}

/// What a raster keeps and removes, without axes and legend: a PNG with a pixel for every texel.
///
/// What is kept is in [`KEPT`], what is removed in [`REMOVED`], blocks with few entries are paler. The raster's values are shares kept.
///
/// # Errors
/// [`FigureError::Render`].
pub fn mask_png(raster: &Raster) -> Result<Vec<u8>, FigureError> {
    let bytes: Vec<u8> = mask_pixels(raster).into_iter().flatten().collect();
    encode(&bytes, raster.w.max(1), raster.h.max(1), png::ColorType::Rgb)
}

/// The pixels of [`mask_png`], row after row; one of a raster without texels.
pub(in crate::io) fn mask_pixels(raster: &Raster) -> Vec<Rgb> {
    pixels(raster, &Scale::new(RasterMode::Kept, Side::Edges, None, 1, false))
}

impl HeatmapFigure<'_> {
    /// As a PNG, 2 pixels per point.
    ///
    /// # Errors
    /// [`FigureError::Render`].
    pub fn png(&self) -> Result<Vec<u8>, FigureError> {
        let (canvas, width, height) = self.drawn();
        canvas.png_with_image(&pixels(self.raster, self.scale), self.raster.w, LEFT, TOP, width, height)
    }

    /// As an SVG: axes, text and legend as shapes, the matrix as an embedded picture.
    ///
    /// # Errors
    /// [`FigureError::Render`].
    pub fn svg(&self) -> Result<String, FigureError> {
        let (canvas, width, height) = self.drawn();
        let bytes: Vec<u8> = pixels(self.raster, self.scale).into_iter().flatten().collect();
        let texels = encode(&bytes, self.raster.w.max(1), self.raster.h.max(1), png::ColorType::Rgb)?;
        Ok(canvas.svg_with_image(&texels, LEFT, TOP, width, height))
    }

    /// One line per texel that holds an entry: first column and row, block size, value, entries kept and removed; of two runs also the
    /// entries that the first alone keeps, the second alone, both, and neither.
    ///
    /// # Errors
    /// [`FigureError::Table`].
    pub fn csv(&self) -> Result<Vec<u8>, FigureError> {
        let fault = |e: csv::Error| FigureError::Table { reason: e.to_string() };
        let mut out = csv::Writer::from_writer(Vec::new());
        let raster = self.raster;
        let value = self.scale.column();
        let names = [self.x_name, self.y_name, "block_across", "block_down", &value, "kept", "removed"];
        let fates: &[&str] = if raster.compared.is_empty() { &[] } else { &FATES };
        out.write_record(names.iter().chain(fates)).map_err(fault)?;
        for (at, value) in raster.values.iter().enumerate() {
            if raster.kept[at] + raster.removed[at] == 0 {
                continue;
            }
            let column = raster.cover.x0 as usize + at % raster.w * raster.block.0;
            let row = raster.cover.y0 as usize + at / raster.w * raster.block.1;
            let own = [
                column.to_string(),
                row.to_string(),
                raster.block.0.to_string(),
                raster.block.1.to_string(),
                value.to_string(),
                raster.kept[at].to_string(),
                raster.removed[at].to_string(),
            ];
            let counts = raster.compared.get(at).into_iter().flatten().map(ToString::to_string);
            out.write_record(own.into_iter().chain(counts)).map_err(fault)?;
        }
        out.into_inner().map_err(|e| FigureError::Table { reason: e.to_string() })
    }

    fn drawn(&self) -> (Canvas, f64, f64) {
        let cover = self.raster.cover;
        let longest = cover.width().max(cover.height()).max(1.0);
        let side = |entries: f64| (entries / longest * LONGEST).max(SHORTEST);
        let (width, height) = (side(cover.width()), side(cover.height()));
        let mut canvas = Canvas::new(LEFT + width + RIGHT, TOP + height + BOTTOM);
        canvas.text(LEFT, 28.0, self.title, TITLE, Anchor::Left, TEXT);
        canvas.text(LEFT, 48.0, self.subtitle, SMALL, Anchor::Left, TEXT_WEAK);
        canvas.frame(LEFT - 1.0, TOP - 1.0, width + 2.0, height + 2.0);
        for (along_x, from, entries, pixels) in
            [(true, cover.x0, cover.width(), width), (false, cover.y0, cover.height(), height)]
        {
            for tick in ticks(from, from + entries, 5) {
                let at = (tick - from) / entries.max(1.0) * pixels;
                let label = grouped(tick as u64);
                if along_x {
                    canvas.text(LEFT + at, TOP + height + 24.0, &label, SMALL, Anchor::Centre, TEXT_WEAK);
                } else {
                    canvas.text(LEFT - 14.0, TOP + at + 4.0, &label, SMALL, Anchor::Right, TEXT_WEAK);
                }
            }
            for group in self.groups {
                let low = (group.start as f64).max(from);
                let high = (group.end as f64).min(from + entries);
                if high <= low {
                    continue;
                }
                let ink = group.idx.map_or(REMOVED, |i| SERIES[i % SERIES.len()]);
                let (at, length) = ((low - from) / entries * pixels, (high - low) / entries * pixels);
                if along_x {
                    canvas.filled(LEFT + at, TOP + height + 4.0, length, 6.0, ink);
                } else {
                    canvas.filled(LEFT - 10.0, TOP + at, 6.0, length, ink);
                }
            }
        }
        canvas.text(LEFT + width / 2.0, TOP + height + 46.0, self.x_name, LABEL, Anchor::Centre, TEXT);
        canvas.text_upwards(20.0, TOP + height / 2.0, self.y_name, LABEL, TEXT);
        self.legend(&mut canvas, LEFT + width + 24.0, height.min(260.0));
        (canvas, width, height)
    }

    fn legend(&self, canvas: &mut Canvas, x: f64, height: f64) {
        let colours = lut(self.scale.ramp, KEPT, REMOVED, false);
        let top = TOP + 24.0;
        let bar = height - 24.0;
        canvas.text(x, TOP + 8.0, &self.scale.title, SMALL, Anchor::Left, TEXT);
        const STRIPES: usize = 128;
        for stripe in 0..STRIPES {
            let from = stripe as f64 / STRIPES as f64;
            let shade = self.scale.legend(1.0 - stripe as f32 / (STRIPES - 1) as f32);
            let ink = mixed(colours[usize::from(shade.colour)], KEPT, shade);
            // Half a point of overlap hides seams.
            canvas.filled(x, top + from * bar, 14.0, bar / STRIPES as f64 + 0.5, ink);
        }
        for tick in self.scale.ticks() {
            let y = top + (1.0 - f64::from(tick.position)) * bar;
            canvas.line([x + 14.0, y], [x + 18.0, y], TEXT_WEAK, 1.0, false);
            canvas.text(x + 22.0, y + 4.0, &tick.label, SMALL, Anchor::Left, TEXT_WEAK);
        }
        let (kept, removed) = self.raster.totals();
        let lines = [
            format!("kept {}", grouped(kept)),
            format!("removed {}", grouped(removed)),
            match self.raster.block {
                (1, 1) => String::new(),
                (a, b) => format!("block {a} × {b}"),
            },
        ];
        for (i, line) in lines.iter().enumerate() {
            canvas.text(x, top + bar + 22.0 + 16.0 * i as f64, line, SMALL, Anchor::Left, TEXT_WEAK);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::plot::{RasterMode, Side, Viewport};

    fn raster() -> Raster {
        Raster {
            w: 2,
            h: 2,
            cover: Viewport { x0: 4.0, y0: 6.0, x1: 6.0, y1: 8.0 },
            block: (1, 1),
            values: vec![0.5, f32::NAN, f32::INFINITY, 2.0],
            kept: vec![1, 0, 1, 0],
            removed: vec![0, 0, 0, 1],
            never: vec![1, 0, 0, 0],
            own: vec![0; 4],
            compared: Vec::new(),
            range: Some((0.5, 2.0)),
        }
    }

    fn check(test: impl Fn(&HeatmapFigure<'_>)) {
        let raster = raster();
        for mode in RasterMode::ALL {
            let scale = Scale::of_raster(&raster, mode, Side::Edges, 2, false);
            let groups = [NodeGroup { idx: Some(1), name: "class 1".into(), start: 0, end: 7 }];
            test(&HeatmapFigure {
                raster: &raster,
                scale: &scale,
                title: "Edges of layer 1",
                subtitle: "cora",
                x_name: "source",
                y_name: "target",
                groups: &groups,
            });
        }
    }

    #[test]
    fn the_same_texels_give_the_same_picture_with_all_words() {
        check(|figure| {
            let png = figure.png().expect("a picture");
            assert!(png.starts_with(b"\x89PNG"));
            assert_eq!(png, figure.png().expect("a picture"));
            let svg = figure.svg().expect("a picture");
            for word in ["Edges of layer 1", "source", "target", "removed 1", "base64,iVBOR"] {
                assert!(svg.contains(word), "{word}");
            }
        });
    }

    #[test]
    fn the_table_names_every_texel_that_holds_an_entry() {
        check(|figure| {
            let csv = String::from_utf8(figure.csv().expect("a table")).expect("text");
            let lines: Vec<&str> = csv.lines().skip(1).collect();
            assert_eq!(lines, ["4,6,1,1,0.5,1,0", "4,7,1,1,inf,1,0", "5,7,1,1,2,0,1"]);
        });
    }

    #[test]
    fn thousands_are_apart() {
        assert_eq!([grouped(7), grouped(1234), grouped(1_234_567)], ["7", "1,234", "1,234,567"]);
    }
}
