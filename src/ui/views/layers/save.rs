//! Saving a heatmap: drawn anew in the background, finer than on the screen, with everything a reader needs around it.

use std::sync::Arc;

use super::place::Place;
use super::words;
use crate::engine::plot::{Blocks, RasterMode, RasterRequest, Viewport, raster};
use crate::io::figure::HeatmapFigure;
use crate::session::words::{Language, Words};
use crate::session::{FileWriter, Picture};
use crate::ui::panels::recipe_summary;
use crate::ui::views::SaveRequest;
use crate::ui::widgets::heatmap::FigureFormat;

/// Texels of a saved heatmap, at most, across and down.
const TEXELS: usize = 1120;

pub(super) fn heatmap(place: &Place<'_>, viewport: Viewport, picture: &Picture, format: FigureFormat) -> SaveRequest {
    let run = Arc::clone(place.run);
    let atlas = Arc::clone(place.atlas);
    let scale = picture.scale.clone();
    let request = RasterRequest { blocks: Blocks::Smallest, ..place.request(viewport, (TEXELS, TEXELS)) };
    let name = place.trace().map_or_else(String::new, |s| words::name(Words::of(Language::English), s, place.side));
    let title = format!("{name}, {}, {}", run.dataset.name(), run.model.title());
    let shown = match place.mode {
        RasterMode::Attention(_) => picture.scale.title.clone(),
        mode => mode.title().to_owned(),
    };
    let subtitle = format!("{shown}, {}", recipe_summary(Words::of(Language::English), &run.recipe));
    let (x_name, y_name) = place.axis_names();
    let has_nodes = place.side == crate::engine::plot::Side::Edges;
    let file =
        format!("{} {}.{}", run.dataset.name(), name.to_lowercase(), format.extension()).replace([' ', '/', '\\'], "-");
    let make = move |path: &std::path::Path, ctl: &crate::engine::control::Control| {
        let (format, path) = format.settled(path)?;
        let raster = raster(&run, &atlas, &request, ctl)?;
        let figure = HeatmapFigure {
            raster: &raster,
            scale: &scale,
            title: &title,
            subtitle: &subtitle,
            x_name: &x_name,
            y_name: &y_name,
            groups: if has_nodes { atlas.ordering().groups() } else { &[] },
        };
        Ok((path, format.bytes(&figure)?))
    };
    SaveRequest { name: file.clone(), writer: FileWriter::new(format!("Save {file}"), make) }
}
