//! How Unifews stands beside the best of the others, in a sentence.

use super::format::percent;
use super::verdict::in_points;
use crate::engine::experiment::{EvaluatedOn, Rival};

/// The sentence, for window and terminal.
pub fn rival_says(rival: &Rival, on: EvaluatedOn) -> String {
    let [own, other] = rival.accuracy;
    let (name, share) = (rival.method.title(), percent(rival.share));
    let accuracies = format!("{} and {} {}", percent(own), percent(other), on.title());
    if rival.is_within_ranges {
        format!("{share} removed: no clear difference between Unifews and {name} ({accuracies})")
    } else if rival.is_better() {
        format!("{share} removed: {name} keeps {} more than Unifews ({accuracies})", in_points(other - own))
    } else {
        let more = in_points(own - other);
        format!("{share} removed: Unifews keeps {more} more than {name}, the best other ({accuracies})")
    }
}
