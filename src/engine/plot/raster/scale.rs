//! Where a texel's value stands between the two ends of a legend. What colour that is, the window and the figures decide.

use super::mixture::{FATES, N_FATES, mixture};
use super::{Raster, RasterMode, Side};
use crate::engine::experiment::Run;
use crate::engine::plot::judged::{Judged, has_no_weight_threshold};

/// Colours between the two ends of a scale.
pub const N_COLOURS: usize = 256;
/// Steps of opacity: blocks with few entries are paler than full ones.
pub const N_OPACITIES: usize = 8;
/// Opacity of a texel with the fewest entries.
const PALEST: f32 = 0.6;

/// Which kind of colours a scale needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ramp {
    /// From little to much.
    Sequential,
    /// From removed to kept.
    KeptShare,
    /// From far below to far above a neutral middle.
    Diverging,
    /// Ratios, from far below to far above 1; what has no ratio has no colour.
    Ratio,
    /// This many removing steps; entries that stay are mixed in ([`Shade::kept`]).
    Steps(usize),
    /// Mixtures of what becomes of entries in two runs, see [`shares_of`](super::shares_of).
    Fates,
}

/// What to paint a texel with: a colour of the ramp, mixed with that of what is kept, over the ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shade {
    /// Position among the [`N_COLOURS`] of the ramp.
    pub colour: u8,
    /// How much of what is kept is mixed in, `0..=255`: the share of entries that no step removes. 0 for ramps that need no mixing.
    pub kept: u8,
    /// How much covers the ground: below [`N_OPACITIES`].
    pub opacity: u8,
}

impl Shade {
    /// Of a texel without an entry.
    pub const NO_ENTRY: Self = Self { colour: 0, kept: 0, opacity: u8::MAX };

    /// Of a ramp's colour, alone and on nothing.
    pub fn pure(colour: u8) -> Self {
        Self { colour, kept: 0, opacity: (N_OPACITIES - 1) as u8 }
    }
}

/// A mark of a legend.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// Between the ends, `0..=1`.
    pub position: f32,
    /// Human-readable.
    pub label: String,
}

/// Turns values into positions between the ends of a legend.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    /// Which colours.
    pub ramp: Ramp,
    /// What is shown, with its unit.
    pub title: String,
    /// Value at the low end; its `log10` where `is_log`.
    pub low: f64,
    /// Value at the high end; its `log10` where `is_log`.
    pub high: f64,
    /// Whether equal steps are equal factors.
    pub is_log: bool,
    /// What a removing step is called, `layer` or `hop`.
    pub step_name: &'static str,
}

/// Margins beyond this many decades look alike.
pub(super) const MARGIN_DECADES: f64 = 2.0;
/// Ratios beyond this many octaves look alike; as many as decades of margins, since blocks of both are mixed alike.
const CHANGE_OCTAVES: f64 = MARGIN_DECADES;
/// Strengths this many decades below the largest look alike.
const STRENGTH_DECADES: f64 = 3.0;

impl Scale {
    /// The scale of a mode. `range` are the smallest positive and the largest score of the whole matrix, so that colours mean
    /// the same at every zoom; `None` where there is no positive score.
    pub fn new(mode: RasterMode, side: Side, range: Option<(f64, f64)>, n_steps: usize, is_decoupled: bool) -> Self {
        let step_name = if is_decoupled { "hop" } else { "layer" };
        let (ramp, title, low, high, is_log) = match mode {
            RasterMode::Attention(head) if side == Side::Edges => {
                // The same for every head and layer, so that they can be held against each other.
                let title =
                    head.map_or_else(|| "attention α, combined".to_owned(), |h| format!("attention α, head {}", h + 1));
                return Self {
                    ramp: Ramp::Sequential,
                    title,
                    low: -STRENGTH_DECADES,
                    high: 0.0,
                    is_log: true,
                    step_name,
                };
            }
            RasterMode::Strength | RasterMode::Attention(_) => {
                let title = match side {
                    Side::Edges => "message norm |T| · ‖P‖",
                    Side::Weights(_) => "weight score |W| · ‖P‖",
                };
                let (low, high) = range.map_or((-1.0, 0.0), |(low, high)| {
                    let high = high.max(f64::MIN_POSITIVE).log10();
                    (low.max(f64::MIN_POSITIVE).log10().clamp(high - STRENGTH_DECADES, high - 0.1), high)
                });
                (Ramp::Sequential, title, low, high, true)
            }
            RasterMode::Margin => (Ramp::Diverging, "score / δ", -MARGIN_DECADES, MARGIN_DECADES, false),
            RasterMode::Changed => {
                let title = if side == Side::Edges { "value / T" } else { "weight / given weight" };
                (Ramp::Ratio, title, -CHANGE_OCTAVES, CHANGE_OCTAVES, false)
            }
            RasterMode::WhenRemoved if side == Side::Edges => {
                (Ramp::Steps(n_steps), "removed in", -0.5, n_steps as f64 + 0.5, false)
            }
            RasterMode::Compared => (Ramp::Fates, "kept by", 0.0, 1.0, false),
            RasterMode::Kept | RasterMode::WhenRemoved => (Ramp::KeptShare, "share kept", 0.0, 1.0, false),
        };
        Self { ramp, title: title.to_owned(), low, high, is_log, step_name }
    }

    /// The scale that a raster suggests by itself, for figures without the rest of the matrix.
    pub fn of_raster(raster: &Raster, mode: RasterMode, side: Side, n_steps: usize, is_decoupled: bool) -> Self {
        let smallest =
            raster.values.iter().filter(|v| v.is_finite() && **v > 0.0).fold(f32::INFINITY, |m, v| m.min(*v));
        let range = raster.range.filter(|r| r.1 > 0.0).map(|(_, high)| (f64::from(smallest), f64::from(high)));
        Self::new(mode, side, range, n_steps, is_decoupled)
    }

    /// With its title as what the scores of this run's step are.
    #[must_use]
    pub fn named(mut self, run: &Run, mode: RasterMode, side: Side, step: usize) -> Self {
        let recipe = &run.recipe;
        let edges = run.pruned.steps.get(step).and_then(|s| s.edges.as_ref());
        if mode == RasterMode::Attention(None)
            && edges.and_then(|e| e.coefficients.as_ref()).is_some_and(|c| c.ncols() == 1)
        {
            "attention α".clone_into(&mut self.title);
        }
        let judged = edges.map(|edges| Judged::of(recipe, edges));
        if mode == RasterMode::Margin && recipe.recovery.is_some() {
            let has_threshold = match side {
                Side::Edges => edges.zip(judged).is_some_and(|(edges, judged)| judged.threshold(edges).is_finite()),
                Side::Weights(_) => !has_no_weight_threshold(run),
            };
            let title = if has_threshold { "score / cut" } else { "no one threshold: removed or kept" };
            title.clone_into(&mut self.title);
        }
        if mode != RasterMode::Strength {
            return self;
        }
        let title = match side {
            Side::Edges => match recipe.edges.ranking {
                Some(ranking) => format!("importance, {}", ranking.title().to_lowercase()),
                None => match judged {
                    Some(
                        judged @ (Judged::Pushed | Judged::Gain | Judged::Rank | Judged::Uncertainty | Judged::Drawn),
                    ) => judged.title().to_owned(),
                    Some(Judged::Message | Judged::Importance | Judged::Nothing)
                        if edges.is_some_and(|e| e.coefficients.is_some()) =>
                    {
                        "message norm |α| · ‖P‖".to_owned()
                    }
                    Some(Judged::Message | Judged::Importance | Judged::Nothing) | None => return self,
                },
            },
            Side::Weights(_) if recipe.weights.ranking.is_some() || has_no_weight_threshold(run) => {
                "size of the weight |W|".to_owned()
            }
            Side::Weights(_) => return self,
        };
        self.title = title;
        self
    }

    /// What a table of the values calls them: as the title, or the logarithm of it that they are.
    pub fn column(&self) -> String {
        match self.ramp {
            Ramp::Ratio => format!("log2({})", self.title),
            Ramp::Diverging => format!("log10({})", self.title),
            _ => self.title.clone(),
        }
    }

    /// Where a value stands, `0..=1`; what is beyond an end stands at it. `None` for NaN.
    pub fn position(&self, value: f32) -> Option<f32> {
        if value.is_nan() {
            return None;
        }
        let value = if self.is_log { f64::from(value.max(0.0)).log10() } else { f64::from(value) };
        Some(((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0) as f32)
    }

    /// What to paint every texel with.
    pub fn shades(&self, raster: &Raster) -> Vec<Shade> {
        let densest = (raster.densest().max(2) as f32).ln();
        let top = (N_OPACITIES - 1) as f32;
        let shade = |at: usize| {
            let n = raster.kept[at] + raster.removed[at];
            if n == 0 {
                return Shade::NO_ENTRY;
            }
            let opacity = if raster.is_single_entries() { top } else { ((n as f32).ln() / densest * top).round() };
            let own = raster.own.get(at).copied().unwrap_or(0);
            let (value, never) = (raster.values[at], raster.never.get(at).copied().unwrap_or(0));
            if self.ramp == Ramp::Ratio && value.is_nan() {
                return Shade::NO_ENTRY;
            }
            if self.ramp == Ramp::Fates {
                let colour = raster.compared.get(at).map_or(0, |counts| mixture(without_own(*counts, own)));
                return Shade { colour, kept: 0, opacity: opacity as u8 };
            }
            let (colour, kept) = match self.ramp {
                Ramp::Steps(_) if n == own => (0.0, 1.0),
                Ramp::Steps(n_steps) => (
                    step_colour(value, n - own, never.saturating_sub(own), n_steps),
                    ratio(never.saturating_sub(own), n - own),
                ),
                _ => (self.position(value).unwrap_or(0.0), 0.0),
            };
            Shade { colour: colour_at(colour), kept: (kept * 255.0).round() as u8, opacity: opacity as u8 }
        };
        (0..raster.values.len()).map(shade).collect()
    }

    /// What the legend is painted with at a position, `0..=1`.
    pub fn legend(&self, position: f32) -> Shade {
        let position = position.clamp(0.0, 1.0);
        if self.ramp == Ramp::Fates {
            return Shade::pure(mixture(alone(((position * N_FATES as f32) as usize).min(N_FATES - 1))));
        }
        let Ramp::Steps(n_steps) = self.ramp else { return Shade::pure(colour_at(position)) };
        // One band for every step, and one for what stays.
        let band = ((position * (n_steps + 1) as f32) as usize).min(n_steps);
        let is_kept = band == n_steps;
        let step = if is_kept { 0.0 } else { band as f32 / (n_steps - 1).max(1) as f32 };
        Shade { kept: if is_kept { u8::MAX } else { 0 }, ..Shade::pure(colour_at(step)) }
    }

    /// The opacity of a step, `0..=1`.
    pub fn opacity(step: usize) -> f32 {
        PALEST + (1.0 - PALEST) * step as f32 / (N_OPACITIES - 1) as f32
    }

    /// Marks for the legend, in ascending order.
    pub fn ticks(&self) -> Vec<Tick> {
        let at = |value: f64, label: String| Tick { position: self.place(value), label };
        match self.ramp {
            Ramp::Sequential => self.decades().into_iter().map(|d| at(d, power_of_ten(d))).collect(),
            Ramp::Fates => {
                let middle = |fate: usize| (fate as f64 + 0.5) / N_FATES as f64;
                FATES.iter().enumerate().map(|(fate, name)| at(middle(fate), (*name).to_owned())).collect()
            }
            Ramp::KeptShare => vec![at(0.0, "removed".into()), at(1.0, "kept".into())],
            Ramp::Diverging => [(-2.0, "≤ 0.01"), (-1.0, "0.1"), (0.0, "1"), (1.0, "10"), (2.0, "≥ 100")]
                .into_iter()
                .map(|(value, label)| at(value, label.to_owned()))
                .collect(),
            Ramp::Ratio => [(-2.0, "≤ 0.25"), (-1.0, "0.5"), (0.0, "1"), (1.0, "2"), (2.0, "≥ 4")]
                .into_iter()
                .map(|(value, label)| at(value, label.to_owned()))
                .collect(),
            Ramp::Steps(n) => {
                let every = (n + 1).div_ceil(6).max(1);
                (0..n)
                    .step_by(every)
                    .map(|s| at(s as f64, if s == 0 { format!("{} 1", self.step_name) } else { (s + 1).to_string() }))
                    .chain([at(n as f64, "kept".into())])
                    .collect()
            }
        }
    }

    fn place(&self, value: f64) -> f32 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0) as f32
    }

    /// Whole decades in range; where fewer than two are, also 2 and 5 between them.
    fn decades(&self) -> Vec<f64> {
        let (first, last) = (self.low.floor() as i64, self.high.ceil() as i64);
        let steps: &[f64] = if self.high - self.low >= 2.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let all = (first..=last).flat_map(|d| steps.iter().map(move |s| d as f64 + s.log10()));
        let inside: Vec<f64> = all.filter(|x| (self.low..=self.high).contains(x)).collect();
        if inside.len() > 1 { inside } else { vec![self.low, self.high] }
    }
}

/// A block of one entry with this fate.
fn alone(fate: usize) -> [u32; N_FATES] {
    std::array::from_fn(|at| u32::from(at == fate))
}

/// The entries of a block that can be removed; all of a block of self-loops alone, which both keep.
fn without_own([first, second, both, neither]: [u32; N_FATES], own: u32) -> [u32; N_FATES] {
    let others = first + second + neither + both.saturating_sub(own);
    [first, second, if others == 0 { both } else { both.saturating_sub(own) }, neither]
}

fn colour_at(position: f32) -> u8 {
    (position * (N_COLOURS - 1) as f32).round() as u8
}

fn ratio(part: u32, all: u32) -> f32 {
    part as f32 / all.max(1) as f32
}

/// The mean removing step of those entries of a block that some step removes, `0..=1` from the first step to the last; `value` is the
/// mean over all, for which what stays counts as one step more.
fn step_colour(value: f32, n: u32, never: u32, n_steps: usize) -> f32 {
    let steps = value * n as f32 - (never as usize * n_steps) as f32;
    let mean = steps / (n - never).max(1) as f32;
    (mean / n_steps.saturating_sub(1).max(1) as f32).clamp(0.0, 1.0)
}

/// `10^x`, human-readable: 0.01, 1, 300, 1e-7.
pub fn power_of_ten(x: f64) -> String {
    let value = 10f64.powf(x);
    let decade = x.floor();
    let leading = value / 10f64.powf(decade);
    let digits = i64::from((leading - leading.round()).abs() > 1e-6);
    if (-4.0..=4.0).contains(&x) {
        let decimals = (digits - decade as i64).max(0) as usize;
        format!("{value:.decimals$}")
    } else {
        format!("{value:.*e}", digits as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(mode: RasterMode) -> Scale {
        Scale::new(mode, Side::Edges, Some((0.001, 10.0)), 2, false)
    }

    #[test]
    fn ends_and_infinities_stay_on_the_scale() {
        for mode in RasterMode::ALL.into_iter().chain([RasterMode::Changed]) {
            let scale = scale(mode);
            for value in [f32::NEG_INFINITY, -1.0, 0.0, 0.5, 1e30, f32::INFINITY] {
                let position = scale.position(value).expect("not NaN");
                assert!((0.0..=1.0).contains(&position), "{mode:?} {value} {position}");
            }
            assert_eq!(scale.position(f32::NAN), None);
            let ticks = scale.ticks();
            assert!(ticks.windows(2).all(|w| w[0].position < w[1].position), "{ticks:?}");
        }
        assert_eq!(scale(RasterMode::Margin).position(0.0), Some(0.5));
        let strength = scale(RasterMode::Strength);
        assert!((strength.position(10.0).expect("finite") - 1.0).abs() < 1e-6);
        let labels: Vec<String> = strength.ticks().into_iter().map(|t| t.label).collect();
        assert_eq!(labels, ["0.01", "0.1", "1", "10"]);
        let labels: Vec<String> = scale(RasterMode::WhenRemoved).ticks().into_iter().map(|t| t.label).collect();
        assert_eq!(labels, ["layer 1", "2", "kept"]);
    }

    #[test]
    fn powers_of_ten_are_short() {
        let check = |x: f64, expected: &str| assert_eq!(power_of_ten(x), expected);
        check(-2.0, "0.01");
        check(0.0, "1");
        check(2.5, "316");
        check(-0.5, "0.32");
        check(0.05f64.log10(), "0.05");
        check(-7.0, "1e-7");
    }
}
