//! Pictures for papers and reports: heatmaps, curves and graphs as PNG and SVG, and their data as CSV.
//!
//! What is drawn is passed in as plain values (`engine::plot`); nothing here knows the window. The same values give the same bytes.
//! Figures are drawn on white, whatever the window's theme.

mod canvas;
mod colour;
mod curves;
mod ego;
mod error;
mod graph;
mod heatmap;
mod legend;
mod raster;
mod svg;

pub(in crate::io) use canvas::{Anchor, Canvas, DASHES, Shape, Stroke};
pub use colour::{KEPT, REMOVED, Rgb, SERIES, lut, mixed};
pub use ego::EgoFigure;
pub use error::FigureError;
pub use graph::GraphFigure;
pub(in crate::io) use heatmap::mask_pixels;
pub use heatmap::{HeatmapFigure, mask_png};
pub(in crate::io) use svg::base64_into;
