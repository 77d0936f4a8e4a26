//! Finds how much can go within a budget of accuracy.

use std::sync::Arc;

use super::{Need, Task, TaskError};
use crate::engine::control::Control;
use crate::engine::experiment::{Budget, BudgetPoint, FasterFrom, FoundBudget, Goal, Run, RunOptions, find_budget};
use crate::engine::graph::Dataset;
use crate::engine::model::Model;
use crate::engine::sparsify::Recipe;
use crate::session::format::percent;
use crate::session::inputs::Baseline;
use crate::session::verdict::{Verdict, in_points, lower_first};

/// Walks a path of recipes with recovery, as long as the accuracy stays within the budget.
#[derive(Debug, Clone)]
pub(crate) struct FindWithinBudget {
    pub(crate) dataset: Arc<Dataset>,
    pub(crate) model: Arc<Model>,
    /// What the pruned models are held against.
    pub(crate) baseline: Baseline,
    /// The recipe whose thresholds are replaced.
    pub(crate) base: Recipe,
    pub(crate) budget: Budget,
}

impl Task for FindWithinBudget {
    type Point = BudgetPoint;
    type Output = FoundBudget;

    fn label(&self) -> String {
        format!("Find within a budget, {}, {}", self.dataset.name(), self.model.title())
    }

    fn memory(&self) -> Option<Need> {
        let recovered = Recipe { recovery: Some(self.base.recovery.clone().unwrap_or_default()), ..self.base.clone() };
        Some(Need::of_run(&self.dataset, &self.model, &recovered, RunOptions::PREVIEW))
    }

    fn run(self, ctl: &Control, on_point: &mut dyn FnMut(BudgetPoint)) -> Result<FoundBudget, TaskError> {
        let Self { dataset, model, baseline, base, budget } = self;
        let on_point = |point: &BudgetPoint| on_point(point.clone());
        Ok(find_budget(&dataset, &model, &base, budget, baseline.logits(), ctl, on_point)?)
    }
}

/// The shares that a point asked for, for people: of entries and weights where they differ, for every step where those do.
pub(crate) fn asked(point: &BudgetPoint) -> String {
    const MOST: usize = 3;
    let list = |shares: &[f64]| match shares {
        [first, .., last] if shares.len() > MOST => format!("{:.0}…{:.0}", 100.0 * first, 100.0 * last),
        _ => shares.iter().map(|share| format!("{:.0}", 100.0 * share)).collect::<Vec<_>>().join("/"),
    };
    let is_zero = |shares: &[f64]| shares.iter().all(|share| *share <= 0.0);
    let shares = match (&point.edges[..], &point.weights[..]) {
        ([edges], [weights]) if edges.to_bits() == weights.to_bits() => percent(*edges),
        ([edges], weights) if is_zero(weights) => percent(*edges),
        (edges, [weights]) if is_zero(edges) => percent(*weights),
        (edges, weights) if is_zero(weights) => format!("{} %", list(edges)),
        (edges, weights) if is_zero(edges) => format!("{} %", list(weights)),
        (edges, weights) => format!("{} · {} %", list(edges), list(weights)),
    };
    if point.channels > 0.0 { format!("{shares}, channels {}", percent(point.channels)) } else { shares }
}

/// From where on removing is faster here.
fn faster_from(from: FasterFrom) -> String {
    let one = |what: &str, share: f64| {
        if share < 1.0 {
            format!("{what} are faster from {:.0} %", 100.0 * share.max(0.0))
        } else {
            format!("{what} are never faster here")
        }
    };
    let weights = one("weights", from.weights);
    from.entries.map_or_else(|| weights.clone(), |entries| format!("{weights}; {}", one("entries", entries)))
}

/// What a run of the recipe that was found gives, in one sentence.
pub(crate) fn answer(budget: Budget, run: &Run) -> String {
    let says = Verdict::of(run, budget.lose_at_most).sentence;
    let says = says.strip_prefix("Static: ").unwrap_or(&says);
    format!("Within {}: {}", in_points(budget.lose_at_most), lower_first(says))
}

/// What was found, in one sentence.
pub(crate) fn says(budget: Budget, found: &FoundBudget) -> String {
    let points = in_points(budget.lose_at_most);
    let Some(point) = found.point() else {
        let least = found.points.iter().min_by(|a, b| a.share.total_cmp(&b.share));
        let (share, lost) = least.map_or((0.0, 0.0), |point| (point.share, 100.0 * point.loss));
        return format!(
            "Nothing can go within {points}: {} for {} already lose {lost:.1}; {}",
            percent(share),
            budget.goal.title().to_lowercase(),
            faster_from(found.faster_from)
        );
    };
    let certified = match &found.certificate {
        Some(certificate) => format!(
            "{:.1} points lost on validation, certified at most {:.1} ({:.0} %, {} validation nodes that nobody looked at)",
            100.0 * point.loss,
            100.0 * certificate.limit,
            100.0 * certificate.level,
            certificate.nodes.len()
        ),
        None => format!("{:.1} points lost at most, which is how many nodes changed their class", 100.0 * point.loss),
    };
    let slow = match budget.goal {
        Goal::Time if !found.can_be_faster() => {
            format!("; no time is gained by that: {}", faster_from(found.faster_from))
        }
        _ => String::new(),
    };
    let channels = if point.channels > 0.0 {
        format!(", and {} of the hidden channels as a whole", percent(point.channels))
    } else {
        String::new()
    };
    format!(
        "Within {points}: removes {} of the entries and {} of the weights{channels}: {certified}{slow}",
        percent(point.edge_sparsity),
        percent(point.weight_sparsity),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::experiment::SweepPoint;

    fn point(edges: &[f64], weights: &[f64], loss: f64) -> BudgetPoint {
        BudgetPoint {
            share: edges.iter().chain(weights).copied().fold(0.0, f64::max),
            edges: edges.to_vec(),
            weights: weights.to_vec(),
            channels: 0.0,
            edge_sparsity: edges.iter().sum::<f64>() / edges.len() as f64,
            weight_sparsity: weights.iter().sum::<f64>() / weights.len() as f64,
            loss,
            agreement: 0.97,
            is_within: loss <= 0.01,
            result: SweepPoint::default(),
        }
    }

    #[test]
    fn shares_are_said_as_they_differ() {
        let says = |edges: &[f64], weights: &[f64]| asked(&point(edges, weights, 0.0));
        assert_eq!(says(&[0.9], &[0.9]), "90.0 %");
        assert_eq!((says(&[0.9], &[0.0]), says(&[0.0], &[0.8])), ("90.0 %".to_owned(), "80.0 %".to_owned()));
        assert_eq!(says(&[0.9], &[0.95]), "90 · 95 %");
        assert_eq!(says(&[0.95, 0.88], &[0.9]), "95/88 · 90 %");
        assert_eq!(says(&[0.95, 0.95, 0.8, 0.8], &[0.0]), "95…80 %");
        let narrow = BudgetPoint { channels: 0.75, ..point(&[0.9], &[0.9], 0.0) };
        assert_eq!(asked(&narrow), "90.0 %, channels 75.0 %");
    }

    #[test]
    fn where_nothing_can_be_gained_it_says_why() {
        let budget = Budget { lose_at_most: 0.01, goal: Goal::Time };
        let faster_from = FasterFrom { entries: Some(0.4), weights: 0.92 };
        let none =
            FoundBudget { points: vec![point(&[0.125], &[0.125], 0.03)], chosen: None, certificate: None, faster_from };
        assert_eq!(
            says(budget, &none),
            "Nothing can go within 1 point: 12.5 % for time already lose 3.0; weights are faster from 92 %; entries are faster from 40 %"
        );
        let of = |share: f64| FoundBudget {
            points: vec![point(&[share], &[share], 0.002)],
            chosen: Some((0, Recipe::default())),
            ..none.clone()
        };
        assert!(
            says(budget, &of(0.25))
                .ends_with("; no time is gained by that: weights are faster from 92 %; entries are faster from 40 %")
        );
        assert!(!says(budget, &of(0.5)).contains("faster"), "entries alone are faster then");
        assert!(!says(Budget { goal: Goal::Size, ..budget }, &of(0.25)).contains("faster"), "time was not asked for");
        let never = FoundBudget { faster_from: FasterFrom { entries: None, weights: 1.2 }, ..of(0.5) };
        assert!(says(budget, &never).ends_with("weights are never faster here"), "{}", says(budget, &never));
    }
}
