//! Gradual pruning: how the share to remove grows while a model is trained.

use serde::{Deserialize, Serialize};

/// How the share to remove grows from the start of training to its full value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ramp {
    /// The full share from the start.
    #[default]
    Constant,
    /// In proportion to the progress.
    Linear,
    /// `1 - (1 - t)³`: fast while there is much to choose from, slow at the end.
    Cubic,
}

impl Ramp {
    /// Every ramp, in the order they are offered.
    pub const ALL: [Self; 3] = [Self::Constant, Self::Linear, Self::Cubic];

    /// The name in recipes.
    pub fn key(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Linear => "linear",
            Self::Cubic => "cubic",
        }
    }

    /// The human-readable name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Constant => "Constant",
            Self::Linear => "Linear",
            Self::Cubic => "Cubic",
        }
    }

    /// Where it is from.
    pub fn source(self) -> &'static str {
        match self {
            Self::Constant => "Pruning in one step, no schedule",
            Self::Linear => "Zhu and Gupta, To prune, or not to prune, 2017, Eq. 1 with exponent 1",
            Self::Cubic => "Zhu and Gupta, To prune, or not to prune, 2017, Eq. 1",
        }
    }

    /// The factor on the final share after `progress` of the training, both in `0..=1`; progress outside is cut to it.
    ///
    /// # Examples
    /// ```
    /// use unifews::engine::sparsify::baselines::Ramp;
    ///
    /// assert_eq!(Ramp::Cubic.share(0.5), 1.0 - 0.5 * 0.5 * 0.5);
    /// ```
    pub fn share(self, progress: f64) -> f64 {
        let t = progress.clamp(0.0, 1.0);
        match self {
            Self::Constant => 1.0,
            Self::Linear => t,
            Self::Cubic => 1.0 - (1.0 - t).powi(3),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ramps_never_fall_and_end_at_the_full_share() {
        for ramp in Ramp::ALL {
            let shares: Vec<f64> = (0..=100).map(|i| ramp.share(f64::from(i) / 100.0)).collect();
            assert!(shares.windows(2).all(|w| w[0] <= w[1]), "{ramp:?}");
            let first = if ramp == Ramp::Constant { 1.0 } else { 0.0 };
            let ends = [-1.0, 0.0, 1.0, 1.5].map(|progress| ramp.share(progress));
            let close = ends.iter().zip([first, first, 1.0, 1.0]).all(|(end, expected)| (end - expected).abs() < 1e-12);
            assert!(close, "{ramp:?} {ends:?}");
        }
    }

    /// Equation 1 with `s_i = 0`: `s_t = s_f + (s_i - s_f) (1 - t)³`.
    #[test]
    fn the_cubic_ramp_is_the_papers() {
        for i in 0..=10 {
            let (t, last) = (f64::from(i) / 10.0, 0.8);
            let paper = last + (0.0 - last) * (1.0 - t) * (1.0 - t) * (1.0 - t);
            assert!((last * Ramp::Cubic.share(t) - paper).abs() < 1e-12);
            assert!((Ramp::Linear.share(t) - t).abs() < 1e-12);
        }
    }

    #[test]
    fn keys_are_those_of_the_recipe_file() {
        for ramp in Ramp::ALL {
            assert_eq!(serde_json::to_value(ramp).expect("plain value"), ramp.key());
            assert!(!ramp.title().is_empty() && !ramp.source().is_empty());
        }
    }
}
