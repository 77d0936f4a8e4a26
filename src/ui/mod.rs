//! The window: the only floor that names egui, eframe, `egui_plot` and rfd.
//!
//! What is never here: computation of more than a frame's worth, opening files. Views read the session and send commands.

pub mod actions;
mod app;
mod layout;
mod panels;
mod theme;
pub mod tokens;
pub mod views;
pub mod widgets;

pub use app::App;

/// What to open at start, and how.
#[derive(Debug, Clone, Default)]
pub struct Args {
    /// Paths or `sample:NAME`: graph, model, recipe or bundle, in any order.
    pub open: Vec<String>,
    /// Worker threads; 0 = all cores.
    pub n_threads: usize,
    /// `glow` or `wgpu`; the better one for the system where it is not given.
    pub renderer: Option<String>,
}
