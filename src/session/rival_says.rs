//! How Unifews stands beside the best of the others, in a sentence.

use super::format::percent;
use super::trial_words::{evaluated_on, method_title, points_say};
use super::words::Words;
use crate::engine::experiment::{EvaluatedOn, Rival};

/// The sentence, for window and terminal.
pub fn rival_says(rival: &Rival, on: EvaluatedOn, words: &Words) -> String {
    let [own, other] = rival.accuracy;
    let key = if rival.is_within_ranges {
        "trial-rival-alike"
    } else if rival.is_better() {
        "trial-rival-better"
    } else {
        "trial-rival-worse"
    };
    words.with(
        key,
        &[
            ("share", percent(rival.share).into()),
            ("name", method_title(rival.method, words).into()),
            ("points", points_say((own - other).abs(), words).into()),
            ("own", percent(own).into()),
            ("other", percent(other).into()),
            ("part", evaluated_on(on, words).into()),
        ],
    )
}
