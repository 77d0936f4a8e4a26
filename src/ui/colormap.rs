//! The colours of scales: lookup tables from positions to colours, made of the theme's tokens and of perceptually uniform maps.
#![expect(clippy::disallowed_methods, reason = "lookup tables are computed here from tokens and published colour maps")]

use eframe::egui::Color32;

use super::tokens::{N_SERIES, Tokens};
use crate::engine::plot::{N_COLOURS, NodeShade, Ramp, Scale, Shade};
use crate::io::figure::{Rgb, lut, mixed};

/// Every shade of a scale, see [`Scale::shades`].
#[derive(Debug, Clone)]
pub(super) struct Shades {
    colours: [Rgb; N_COLOURS],
    kept: Rgb,
    ground: Color32,
}

impl Shades {
    /// The shades of a ramp in a theme; pale ones are mixed with the ground of heatmaps.
    pub(super) fn new(ramp: Ramp, tokens: &Tokens) -> Self {
        let kept = rgb(tokens.kept);
        Self { colours: lut(ramp, kept, rgb(tokens.removed), tokens.is_dark), kept, ground: tokens.sunken }
    }

    /// The colour of a texel, or of a part of the legend.
    pub(super) fn of(&self, shade: Shade) -> Color32 {
        if shade == Shade::NO_ENTRY {
            return self.ground;
        }
        let [r, g, b] = mixed(self.colours[usize::from(shade.colour)], self.kept, shade);
        self.ground.lerp_to_gamma(Color32::from_rgb(r, g, b), Scale::opacity(shade.opacity.into()))
    }

    /// The colour at a position of a ramp without steps, `0..=1`, fully opaque.
    pub(super) fn at(&self, position: f32) -> Color32 {
        self.of(Shade::pure((position.clamp(0.0, 1.0) * (N_COLOURS - 1) as f32).round() as u8))
    }
}

fn rgb(colour: Color32) -> Rgb {
    [colour.r(), colour.g(), colour.b()]
}

/// The colour of a class or community.
pub(super) fn group(tokens: &Tokens, idx: Option<usize>) -> Color32 {
    idx.map_or(tokens.removed, |i| tokens.series[i % N_SERIES])
}

/// The colours of the nodes of a drawing, by what they mean.
pub(super) fn of_nodes(tokens: &Tokens) -> impl Fn(NodeShade) -> Color32 {
    let shares = Shades::new(Ramp::Sequential, tokens);
    let tokens = tokens.clone();
    move |shade| match shade {
        NodeShade::Unknown | NodeShade::Plain => tokens.removed,
        NodeShade::Group(idx) => group(&tokens, Some(idx as usize)),
        NodeShade::Noticed => tokens.warning,
        NodeShade::Share(share) => shares.at(f32::from(share) / 255.0),
    }
}
