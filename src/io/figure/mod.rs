//! Pictures for papers and reports: heatmaps and curves as PNG and SVG, and their data as CSV.
//!
//! What is drawn is passed in as plain values; nothing here knows the window. The same values give the same bytes. Figures
//! are drawn on white, whatever the window's theme.

mod canvas;
mod colour;
mod curves;
mod heatmap;
mod marker;
mod raster;
mod svg;
mod trials;

pub use colour::{KEPT, REMOVED, Rgb, SERIES, lut, mixed};
pub use curves::{Axis, Curve, CurveStyle, Curves, Mark};
pub use heatmap::{HeatmapFigure, ticks};
pub use marker::{Marker, Outline};
pub use trials::{MethodsFigure, colour_of, sensitivity_curves};

/// A figure could not be drawn.
#[derive(Debug, thiserror::Error)]
pub enum FigureError {
    /// The drawing could not be turned into pixels.
    #[error("picture: {reason}")]
    Render {
        /// Why, as the drawing library says.
        reason: String,
    },
    /// The table could not be written.
    #[error("table: {reason}")]
    Table {
        /// Why.
        reason: String,
    },
}
