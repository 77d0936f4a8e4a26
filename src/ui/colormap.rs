//! The colours of scales: lookup tables from positions to colours, made of the theme's tokens and of perceptually uniform maps.
#![expect(clippy::disallowed_methods, reason = "lookup tables are computed here from tokens and published colour maps")]

use eframe::egui::Color32;

use super::tokens::{N_SERIES, Tokens};
use crate::engine::analysis::{N_COLOURS, N_OPACITIES, NO_ENTRY, Ramp, Scale};
use crate::io::figure::{Rgb, lut};

/// Every shade of a scale, see [`Scale::shades`].
#[derive(Debug, Clone)]
pub(super) struct Shades {
    colours: Vec<Color32>,
    ground: Color32,
}

impl Shades {
    /// The shades of a ramp in a theme; pale ones are mixed with the ground of heatmaps.
    pub(super) fn new(ramp: Ramp, tokens: &Tokens) -> Self {
        let ground = tokens.sunken;
        let base = lut(ramp, rgb(tokens.kept), rgb(tokens.removed), tokens.is_dark);
        let mut colours = Vec::with_capacity(N_COLOURS * N_OPACITIES);
        for step in 0..N_OPACITIES {
            let opacity = Scale::opacity(step);
            colours.extend(base.iter().map(|[r, g, b]| ground.lerp_to_gamma(Color32::from_rgb(*r, *g, *b), opacity)));
        }
        Self { colours, ground }
    }

    /// The colour of a texel.
    pub(super) fn of(&self, shade: u16) -> Color32 {
        if shade == NO_ENTRY { self.ground } else { self.colours[shade as usize % self.colours.len()] }
    }

    /// The colour at a position of the legend, `0..=1`, fully opaque.
    pub(super) fn at(&self, position: f32) -> Color32 {
        let colour = (position.clamp(0.0, 1.0) * (N_COLOURS - 1) as f32).round() as usize;
        self.colours[(N_OPACITIES - 1) * N_COLOURS + colour]
    }
}

fn rgb(colour: Color32) -> Rgb {
    [colour.r(), colour.g(), colour.b()]
}

/// The colour of a class or community.
pub(super) fn group(tokens: &Tokens, idx: Option<usize>) -> Color32 {
    idx.map_or(tokens.removed, |i| tokens.series[i % N_SERIES])
}
