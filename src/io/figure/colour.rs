//! Colours of scales and series, shared by the figures and the window's heatmaps.

use crate::engine::plot::{N_COLOURS, N_FATES, Ramp, Shade, shares_of};

/// Red, green, blue.
pub type Rgb = [u8; 3];

/// Colours of curves, in order: Okabe and Ito's palette, told apart by colour-blind readers, on white; its yellow is darker, its
/// black a grey.
pub const SERIES: [Rgb; 8] = [
    [0x00, 0x72, 0xb2],
    [0xd5, 0x5e, 0x00],
    [0x00, 0x9e, 0x73],
    [0xcc, 0x79, 0xa7],
    [0xe6, 0x9f, 0x00],
    [0x56, 0xb4, 0xe9],
    [0x7a, 0x6f, 0x00],
    [0x3c, 0x40, 0x45],
];

/// What is kept, on white.
pub const KEPT: Rgb = [0x0b, 0x6b, 0xcb];
/// What is removed, on white.
pub const REMOVED: Rgb = [0x86, 0x8a, 0x8f];

/// The colours of a scale from its low to its high end.
///
/// `kept` and `removed` are the theme's. On light ground strong is dark, on dark ground strong is bright, so that what
/// matters always stands out.
pub fn lut(ramp: Ramp, kept: Rgb, removed: Rgb, is_dark: bool) -> [Rgb; N_COLOURS] {
    std::array::from_fn(|i| {
        let t = i as f64 / (N_COLOURS - 1) as f64;
        match ramp {
            Ramp::Sequential => {
                // The palest end of the map is too near to white to be seen on it.
                let t = if is_dark { 0.08 + 0.92 * t } else { 0.94 * (1.0 - t) };
                gradient(colorous::VIRIDIS, t)
            }
            Ramp::KeptShare => mix(removed, kept, t),
            Ramp::Diverging | Ramp::Ratio => {
                let middle = if is_dark { [0x8a, 0x8f, 0x96] } else { [0xc9, 0xca, 0xcc] };
                let low = if is_dark { [0xff, 0x8a, 0x3d] } else { [0xc0, 0x4e, 0x00] };
                if t < 0.5 { mix(low, middle, 2.0 * t) } else { mix(middle, kept, 2.0 * t - 1.0) }
            }
            Ramp::Steps(_) => removing_step(t, is_dark),
            Ramp::Fates => weighed(fates(kept, removed, is_dark), shares_of(i as u8)),
        }
    })
}

/// What the first of two runs keeps alone, what the second keeps alone, what both keep and what neither keeps: Okabe and Ito's orange and
/// bluish green beside the theme's colours.
fn fates(kept: Rgb, removed: Rgb, is_dark: bool) -> [Rgb; N_FATES] {
    let second = if is_dark { [0x2b, 0xc4, 0x96] } else { [0x00, 0x9e, 0x73] };
    [[0xe6, 0x9f, 0x00], second, kept, removed]
}

/// Colours mixed by shares that add up to 1, in sRGB.
fn weighed(colours: [Rgb; N_FATES], shares: [f64; N_FATES]) -> Rgb {
    std::array::from_fn(|c| {
        colours.iter().zip(shares).map(|(rgb, share)| f64::from(rgb[c]) * share).sum::<f64>().round() as u8
    })
}

/// Early removals stand out most: they are what the thresholds decide first. `t` from the first step to the last, `0..=1`.
fn removing_step(t: f64, is_dark: bool) -> Rgb {
    let along = if is_dark { 0.30 + 0.35 * t } else { 0.72 - 0.37 * t };
    gradient(colorous::YELLOW_ORANGE_BROWN, along)
}

/// A colour of a scale with what is kept mixed in, as much as a shade says.
pub fn mixed(colour: Rgb, kept: Rgb, shade: Shade) -> Rgb {
    mix(colour, kept, f64::from(shade.kept) / 255.0)
}

fn gradient(gradient: colorous::Gradient, t: f64) -> Rgb {
    let colour = gradient.eval_continuous(t);
    [colour.r, colour.g, colour.b]
}

/// Between two colours, in sRGB.
pub(super) fn mix(from: Rgb, to: Rgb, t: f64) -> Rgb {
    std::array::from_fn(|c| (f64::from(from[c]) + (f64::from(to[c]) - f64::from(from[c])) * t).round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_begin_and_end_where_they_should() {
        for is_dark in [false, true] {
            let share = lut(Ramp::KeptShare, KEPT, REMOVED, is_dark);
            assert_eq!((share[0], share[255]), (REMOVED, KEPT));
            let steps = lut(Ramp::Steps(2), KEPT, REMOVED, is_dark);
            let stays = Shade { kept: 255, ..Shade::pure(0) };
            assert_eq!(mixed(steps[0], KEPT, stays), KEPT);
            assert_eq!(mixed(steps[0], KEPT, Shade::pure(0)), steps[0]);
            assert_ne!(steps[0], steps[127]);
            let diverging = lut(Ramp::Diverging, KEPT, REMOVED, is_dark);
            assert_eq!(diverging[255], KEPT);
            let fates = lut(Ramp::Fates, KEPT, REMOVED, is_dark);
            // Of one fate alone the theme's colours; the last mixtures in the order are those of the first run alone.
            assert_eq!((fates[0], fates[8], fates[164]), (REMOVED, KEPT, [0xe6, 0x9f, 0x00]));
            assert_eq!(fates[4], mix(REMOVED, KEPT, 0.5));
        }
    }
}
