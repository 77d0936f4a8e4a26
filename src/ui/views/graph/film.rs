//! The layers one after the other, from the whole graph to what the last one keeps.

use std::time::Duration;

use eframe::egui;

/// How long each picture stands, seconds.
const STANDS: f64 = 1.2;

/// A film that runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Film {
    /// When it began, by the window's clock, seconds.
    began: f64,
}

impl Film {
    /// From now on.
    pub(super) fn start(ctx: &egui::Context) -> Self {
        Self { began: ctx.input(|i| i.time) }
    }

    /// What is to be seen now of a film of `n_steps` layers, and whether that is the last picture; asks for the next frame in time.
    pub(super) fn now(self, ctx: &egui::Context, n_steps: usize) -> (Option<usize>, bool) {
        let elapsed = (ctx.input(|i| i.time) - self.began).max(0.0);
        let picture = (elapsed / STANDS).floor();
        let is_last = picture >= n_steps as f64;
        if !is_last {
            ctx.request_repaint_after(Duration::from_secs_f64((picture + 1.0) * STANDS - elapsed));
        }
        let picture = if is_last { n_steps } else { picture as usize };
        (picture.checked_sub(1), is_last)
    }
}
