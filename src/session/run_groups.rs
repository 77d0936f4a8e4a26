//! The runs of the table in groups: by method, by tag, by network.

use super::store::RunEntry;
use super::trial_words::{edge_ranking, recovered, weight_ranking};
use super::words::{Language, Words};
use crate::engine::sparsify::Recipe;

/// What runs are put together by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GroupBy {
    /// All in one list.
    #[default]
    Nothing,
    /// How the recipe ranks what it removes, and whether it recovers.
    Method,
    /// The first of a run's tags, so that every run stands once.
    Tag,
    /// The network and its sizes.
    Network,
}

/// Runs that belong together.
#[derive(Debug, Clone)]
pub struct RunGroup<'a> {
    /// What they have in common; empty where nothing is grouped.
    pub name: String,
    /// In the order given.
    pub runs: Vec<&'a RunEntry>,
}

/// A number over the runs of a group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupNumber {
    /// The best of them.
    pub best: f64,
    /// Their mean.
    pub mean: f64,
    /// Half of what lies between the smallest and the largest; 0 for a single run.
    pub half_range: f64,
}

impl GroupBy {
    /// Every choice.
    pub const ALL: [Self; 4] = [Self::Nothing, Self::Method, Self::Tag, Self::Network];

    /// By which its name is found, and what it does.
    pub fn key(self) -> &'static str {
        match self {
            Self::Nothing => "runs-by-nothing",
            Self::Method => "runs-by-method",
            Self::Tag => "runs-by-tag",
            Self::Network => "runs-by-network",
        }
    }

    /// Name of the group that a run is in.
    pub fn name_of(self, entry: &RunEntry, words: &Words) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Method => method_in_words(&entry.run.recipe, words),
            Self::Tag => entry.tags.first().cloned().unwrap_or_else(|| words.text("runs-no-tag")),
            Self::Network => entry.run.model.title(),
        }
    }

    /// The runs in groups; both stay in the order in which runs come first, so that the group of the first run is the first.
    pub fn groups<'a>(self, runs: &[&'a RunEntry], words: &Words) -> Vec<RunGroup<'a>> {
        let mut groups: Vec<RunGroup<'a>> = Vec::new();
        for entry in runs {
            let name = self.name_of(entry, words);
            match groups.iter_mut().find(|group| group.name == name) {
                Some(group) => group.runs.push(entry),
                None => groups.push(RunGroup { name, runs: vec![entry] }),
            }
        }
        groups
    }
}

impl GroupNumber {
    /// Of the numbers that there are; `None` without any.
    pub fn of(values: impl Iterator<Item = f64>, is_more_better: bool) -> Option<Self> {
        let values: Vec<f64> = values.filter(|value| !value.is_nan()).collect();
        if values.is_empty() {
            return None;
        }
        let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Some(Self {
            best: if is_more_better { highest } else { lowest },
            mean: values.iter().sum::<f64>() / values.len() as f64,
            half_range: (highest - lowest) / 2.0,
        })
    }
}

/// How a recipe ranks what it removes, for example `Unifews + recovery` or `Random (edges)`, as files have it. A side without a threshold
/// has no part in it.
pub fn method_of(recipe: &Recipe) -> String {
    method_in_words(recipe, Words::of(Language::English))
}

/// The same for people.
fn method_in_words(recipe: &Recipe, words: &Words) -> String {
    // A proper name.
    let unifews = || "Unifews".to_owned();
    let removes = |deltas: &[f64]| deltas.iter().any(|delta| *delta > 0.0);
    let edges = removes(&recipe.edges.delta)
        .then(|| recipe.edges.ranking.map_or_else(unifews, |ranking| edge_ranking(ranking, words)));
    let weights = removes(&recipe.weights.delta)
        .then(|| recipe.weights.ranking.map_or_else(unifews, |ranking| weight_ranking(ranking, words)));
    let name = match (edges, weights) {
        (None, None) => words.text("runs-nothing-removed"),
        (Some(edges), None) => words.with("runs-method-of-edges", &[("edges", edges.into())]),
        (None, Some(weights)) => words.with("runs-method-of-weights", &[("weights", weights.into())]),
        (Some(edges), Some(weights)) if edges == weights => edges,
        (Some(edges), Some(weights)) => {
            words.with("runs-method-of-both", &[("edges", edges.into()), ("weights", weights.into())])
        }
    };
    recovered(name, recipe.recovery.is_some(), words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::sparsify::RecoveryRule;
    use crate::engine::sparsify::baselines::{EdgeRanking, WeightRanking};

    #[test]
    fn a_method_is_what_ranks_the_sides_that_remove() {
        let mut recipe = Recipe::default();
        (recipe.edges.delta, recipe.weights.delta) = (vec![0.5], vec![0.0, 0.0]);
        assert_eq!(method_of(&recipe), "Unifews (edges)");
        recipe.weights.delta = vec![0.0, 0.1];
        assert_eq!(method_of(&recipe), "Unifews");
        recipe.edges.ranking = Some(EdgeRanking::Random);
        assert_eq!(method_of(&recipe), "Random (edges), Unifews (weights)");
        recipe.weights.ranking = Some(WeightRanking::Random);
        recipe.recovery = Some(RecoveryRule::default());
        assert_eq!(method_of(&recipe), "Random + recovery");
        (recipe.edges.delta, recipe.weights.delta, recipe.recovery) = (vec![0.0], vec![0.0], None);
        assert_eq!(method_of(&recipe), "Nothing removed");
    }

    #[test]
    fn a_groups_number_has_its_best_and_its_spread() {
        let of = |values: &[f64], is_more_better| GroupNumber::of(values.iter().copied(), is_more_better);
        let found = of(&[0.25, f64::NAN, 0.75, 0.5], true).expect("three numbers");
        assert_eq!(found, GroupNumber { best: 0.75, mean: 0.5, half_range: 0.25 });
        assert_eq!(of(&[3.0, 1.0], false).map(|number| number.best), Some(1.0));
        assert_eq!(of(&[2.0], true).map(|number| number.half_range), Some(0.0));
        assert_eq!(of(&[f64::NAN], true), None);
    }
}
