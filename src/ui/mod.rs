//! The window: the only floor that names egui, eframe, `egui_plot` and rfd.
//!
//! What is never here: computation of more than a frame's worth, opening files. Views read the session and send commands.

pub mod actions;
mod app;
mod colormap;
mod context;
pub mod dialogs;
pub mod frames;
mod layout;
mod pane;
mod panels;
mod perform;
mod saved;
mod start;
mod theme;
pub mod tokens;
pub mod views;
pub mod widgets;
mod words;

pub use app::{App, Settings};
pub use context::{ArrivalField, CheckField};
pub use saved::Saved;
pub use start::{Args, TITLE, WindowError, run};
