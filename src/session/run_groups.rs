//! The runs of the table in groups: by method, by tag, by network.

use super::store::RunEntry;
use crate::engine::sparsify::Recipe;
use crate::engine::sparsify::baselines::{EdgeRanking, WeightRanking};

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

    /// Its name, and what it does.
    pub fn title(self) -> (&'static str, &'static str) {
        match self {
            Self::Nothing => ("no groups", "All runs in one list"),
            Self::Method => ("method", "How the recipe ranks what it removes, and whether it recovers"),
            Self::Tag => ("tag", "The first tag of every run"),
            Self::Network => ("network", "The network and its sizes"),
        }
    }

    /// Name of the group that a run is in.
    pub fn name_of(self, entry: &RunEntry) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Method => method_of(&entry.run.recipe),
            Self::Tag => entry.tags.first().cloned().unwrap_or_else(|| "no tag".to_owned()),
            Self::Network => entry.run.model.title(),
        }
    }

    /// The runs in groups; both stay in the order in which runs come first, so that the group of the first run is the first.
    pub fn groups<'a>(self, runs: &[&'a RunEntry]) -> Vec<RunGroup<'a>> {
        let mut groups: Vec<RunGroup<'a>> = Vec::new();
        for entry in runs {
            let name = self.name_of(entry);
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

/// How a recipe ranks what it removes, for example `Unifews + recovery` or `Random (edges)`. A side without a threshold has no part in it.
pub fn method_of(recipe: &Recipe) -> String {
    let removes = |deltas: &[f64]| deltas.iter().any(|delta| *delta > 0.0);
    let edges = removes(&recipe.edges.delta).then(|| recipe.edges.ranking.map_or("Unifews", EdgeRanking::title));
    let weights =
        removes(&recipe.weights.delta).then(|| recipe.weights.ranking.map_or("Unifews", WeightRanking::title));
    let name = match (edges, weights) {
        (None, None) => "Nothing removed".to_owned(),
        (Some(edges), None) => format!("{edges} (edges)"),
        (None, Some(weights)) => format!("{weights} (weights)"),
        (Some(edges), Some(weights)) if edges == weights => edges.to_owned(),
        (Some(edges), Some(weights)) => format!("{edges} (edges), {weights} (weights)"),
    };
    if recipe.recovery.is_some() { format!("{name} + recovery") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::sparsify::RecoveryRule;

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
