//! Small parts that several views share.

pub(crate) mod adjust;
mod card;
mod delta_slider;
pub(crate) mod heatmap;
pub(crate) mod histogram;
mod page;
pub(crate) mod parallel;
mod picker;
pub(crate) mod plot;
mod text;

pub use crate::session::format;
pub use card::{bars, card, chip, empty_state, section};
pub use delta_slider::{DeltaScale, DeltaSlider};
pub(crate) use page::page_ui;
pub(crate) use picker::{LIST_HEIGHT, picker};
pub use text::{mono, shown, strong, value_row, weak};
