//! Small parts that several views share.

mod card;
mod delta_slider;
mod text;

pub use crate::session::format;
pub use card::{bars, card, chip, empty_state, section};
pub use delta_slider::{DeltaScale, DeltaSlider};
pub use text::{mono, strong, value_row, weak};
