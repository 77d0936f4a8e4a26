//! What the entries and weights of a step were judged by, and how that is shown: a message norm has an axis and a threshold, a rank has
//! neither.

use super::raster::Side;
use crate::engine::experiment::Run;
use crate::engine::sparsify::{EdgeTrace, EntryChoice, Recipe};

/// What the entries of a step were judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// The norm of the message: Unifews.
    Message,
    /// Another ranking's importance.
    Importance,
    /// Each feature column by itself: mass mode.
    Pushed,
    /// What an entry adds to the reconstruction of its row, squared norm.
    Gain,
    /// The rank of its message within the row, and among equal ranks the message.
    Rank,
    /// A number drawn by lot.
    Drawn,
    /// Nothing: recovery kept every entry, or none but self-loops.
    Nothing,
}

impl Judged {
    /// Of a step of a run by `recipe`.
    pub fn of(recipe: &Recipe, edges: &EdgeTrace) -> Self {
        let Some(rule) = recipe.recovery.as_ref().filter(|rule| rule.chooses_entries()) else {
            return match recipe.edges.ranking {
                _ if edges.pushed_share.is_some() => Self::Pushed,
                Some(_) => Self::Importance,
                None => Self::Message,
            };
        };
        match rule.entries {
            _ if edges.n_after == edges.n_before || edges.n_after <= edges.n_self_loops => Self::Nothing,
            EntryChoice::MessageNorm => Self::Message,
            EntryChoice::PerNode => Self::Rank,
            EntryChoice::Omp => Self::Gain,
            EntryChoice::Random => Self::Drawn,
            EntryChoice::None => Self::Nothing,
        }
    }

    /// What one entry is called by, for example `message`.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Message | Self::Rank | Self::Nothing => "message",
            Self::Importance => "importance",
            Self::Pushed => "share pushed",
            Self::Gain => "gain",
            Self::Drawn => "number drawn",
        }
    }

    /// What stands along an axis of it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Message | Self::Nothing => "message norm",
            Self::Rank => "message norm, ranked within its row",
            Self::Importance => "importance",
            Self::Pushed => "share of features pushed",
            Self::Gain => "gain for its row, squared norm",
            Self::Drawn => "number drawn",
        }
    }

    /// What it is called when many are counted, for example `messages`.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Gain => "gains",
            Self::Drawn => "numbers drawn",
            _ => "messages",
        }
    }

    /// The score of entry `k` from source `v` as it is shown; `t` is its value in the recipe's matrix. Never negative: what adds nothing
    /// has a gain of 0.
    pub fn score(self, edges: &EdgeTrace, k: usize, v: usize, t: f32) -> f32 {
        let message = || t.abs() * edges.source_norms[v];
        match (self, &edges.pushed_share) {
            (Self::Pushed, Some(share)) => share[k],
            (Self::Gain, _) => edges.score(k, v, t).max(0.0),
            (Self::Rank, _) => rank_and_message(edges.score(k, v, t)).map_or_else(message, |(_, message)| message),
            (Self::Nothing, _) => message(),
            _ => {
                let score = edges.score(k, v, t);
                // Recovery judges no self-loop.
                if score == f32::NEG_INFINITY { message() } else { score }
            }
        }
    }

    /// The score that the judgement cut at; NaN where there is no one such number.
    pub fn threshold(self, edges: &EdgeTrace) -> f64 {
        match self {
            Self::Message | Self::Importance | Self::Drawn => edges.delta,
            Self::Gain if edges.delta > 0.0 => edges.delta,
            Self::Gain | Self::Rank | Self::Pushed | Self::Nothing => f64::NAN,
        }
    }
}

/// Of a score by ranks: the rank within the row, from 0, and the norm of the message. `None` where the entry was not ranked.
pub(super) fn rank_and_message(score: f32) -> Option<(usize, f32)> {
    if !score.is_finite() {
        return None;
    }
    let part = score - score.floor();
    Some(((-score.floor()).max(0.0) as usize, part / (1.0 - part)))
}

/// Why a side of a run has no one threshold, where it has none.
pub fn no_threshold_says(run: &Run, side: Side, edges: Option<&EdgeTrace>) -> &'static str {
    match (side, edges.map(|edges| Judged::of(&run.recipe, edges))) {
        (Side::Weights(_), _) => match &run.recipe.recovery {
            Some(rule) if rule.chooses_weights() => {
                "Weights go where the others make up for them best (Optimal Brain Surgeon): there is no single threshold"
            }
            _ => "Every input has a threshold of its own",
        },
        (Side::Edges, Some(Judged::Gain)) => {
            "More entries are kept than add anything to their rows: there is no single threshold"
        }
        (Side::Edges, Some(Judged::Rank)) => {
            "Entries are kept by their rank within the row: there is no single threshold"
        }
        (Side::Edges, Some(Judged::Nothing)) => {
            "This step keeps all entries, or none but self-loops: there is no threshold"
        }
        (Side::Edges, _) => "Mass mode compares every feature column by itself: there is no single threshold",
    }
}

/// Whether the weights of a run were chosen without a threshold for each.
pub(super) fn has_no_weight_threshold(run: &Run) -> bool {
    run.recipe.recovery.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rank_and_its_message_are_read_off_the_score() {
        for (rank, message) in [(0usize, 0.5f32), (3, 0.0125), (40, 7.0)] {
            let score = message / (1.0 + message) - rank as f32;
            let (found, norm) = rank_and_message(score).expect("ranked");
            assert_eq!(found, rank);
            assert!((norm - message).abs() < 1e-3 * message.max(0.1), "{norm} of {message}");
        }
        assert_eq!(rank_and_message(f32::NEG_INFINITY), None);
    }
}
