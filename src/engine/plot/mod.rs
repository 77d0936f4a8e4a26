//! Values that pictures are drawn from: orderings, rasters, density pyramids and histograms for the heatmaps, node-link drawings, curves, the shapes of their points, long ones shortened.
//!
//! The window and the figures in files draw the same values. What is never here: colours, fonts, pixels of a screen.

mod curves;
mod decimate;
mod errors;
mod histogram;
mod judged;
mod marker;
mod node_link;
mod ordering;
mod parallel;
mod raster;
mod stress;
mod trials;

pub use curves::{Axis, Curve, CurveStyle, Curves, Mark, grouped, ticks};
pub use decimate::decimate;
pub use errors::error_curves;
pub use histogram::{LogHistogram, ScoreHistogram, SortedScores, scores};
pub use judged::{Judged, no_threshold_says};
pub use marker::{Marker, Outline};
pub use node_link::{
    DrawnEdge, EgoLayout, EgoLine, EgoView, GraphLayout, GraphMarks, LegendEntry, NodeColouring, NodeShade, NodeShades,
    Standing, StepMarks, class_name,
};
pub use ordering::{NodeGroup, NodeOrder, Ordering};
pub use parallel::{Brush, ParallelAxis, height_of, nearest_line, within};
pub use raster::{
    Atlas, Blocks, ComparedPyramid, EntryFacts, EntryPlace, FATES, N_COLOURS, N_FATES, N_OPACITIES, Pyramid, Ramp,
    Raster, RasterMode, RasterRequest, Scale, Shade, Side, TexelPlace, Tick, Viewport, describe, describe_weight,
    entry_under, first_entry, power_of_ten, raster, raster_from, raster_of_two, shares_of,
};
pub use stress::stress_curves;
pub use trials::{MethodsFigure, colour_of, sensitivity_curves};
