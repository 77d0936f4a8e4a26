//! Stress: how a pruned model and its baseline fall when the data are not those that were pruned on.
//!
//! Masks are carried over to the disturbed graphs, as a bundle in production is, or decided anew on each, as a run on it would
//! ([`StressMasks`]). Disturbances are seeded and in one file each; accuracy is always against the labels of the undisturbed graph.

mod disturb;
mod draw;
mod edges;
mod features;
mod judge;
mod kinds;
mod masks;
mod nodes;
mod outcome;
mod summary;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::loss::PairedLoss;
use super::options::RunOptions;
use super::run::run;
use crate::engine::carry::Snapshot;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Labels, Metric, Split, resolve_split};
use crate::engine::model::Model;
use crate::engine::sparsify::{EdgeMode, NodesAre, Recipe, Schedule, Training, WeightMode};
use crate::engine::train::train;
use judge::Judge;
use outcome::Outcome;

pub use disturb::{Disturbed, disturbed};
pub use judge::{StressGroup, StressGroupBy};
pub use kinds::StressKind;
pub use masks::StressMasks;
pub use outcome::StressWay;
pub use summary::{Alike, StressSpread, StressSummary, alike, summarise_stress};

/// What is tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StressPlan {
    /// What is disturbed.
    pub kinds: Vec<StressKind>,
    /// How far, the same for all kinds; each kind's usual levels where it is absent. Level 0 is always tried.
    pub levels: Option<Vec<f64>>,
    /// Seeds of the disturbances.
    pub seeds: Vec<u64>,
    /// Whose masks a disturbed graph has.
    #[serde(default)]
    pub masks: StressMasks,
}

impl Default for StressPlan {
    fn default() -> Self {
        let masks = StressMasks::default();
        Self { kinds: StressKind::ALL.to_vec(), levels: None, seeds: vec![1, 2, 3], masks }
    }
}

impl StressPlan {
    /// The levels of a kind above 0, ascending.
    pub fn levels_of(&self, kind: StressKind) -> Vec<f64> {
        let mut levels = self.levels.clone().unwrap_or_else(|| kind.usual_levels().to_vec());
        levels.retain(|level| *level != 0.0);
        levels.sort_by(f64::total_cmp);
        levels.dedup();
        levels
    }

    /// Disturbed graphs of all kinds, the undisturbed one of each among them.
    pub fn n_graphs(&self) -> usize {
        self.kinds.iter().map(|kind| 1 + self.levels_of(*kind).len() * self.seeds.len()).sum()
    }

    fn check(&self) -> Result<(), EngineError> {
        if self.kinds.is_empty() || self.seeds.is_empty() {
            return Err(EngineError::mismatch("stress", "a kind and a seed at least", "none"));
        }
        self.kinds.iter().try_for_each(|kind| self.levels_of(*kind).iter().try_for_each(|level| kind.check(*level)))
    }

    /// Takes out the kinds that say nothing of this graph and recipe, and gives them with the reason, for people.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    pub fn leave_out(
        &mut self,
        dataset: &Dataset,
        recipe: &Recipe,
        ctl: &Control,
    ) -> Result<Vec<(StressKind, String)>, EngineError> {
        let mut left_out = Vec::new();
        for kind in self.kinds.clone() {
            let highest = self.levels_of(kind).last().copied().unwrap_or(0.0);
            if let Some(why) = why_not(dataset, recipe, kind, highest, ctl)? {
                left_out.push((kind, why.to_owned()));
            }
        }
        self.kinds.retain(|kind| left_out.iter().all(|(left, _)| left != kind));
        Ok(left_out)
    }
}

/// Why a kind says nothing of this graph and recipe.
fn why_not(
    dataset: &Dataset,
    recipe: &Recipe,
    kind: StressKind,
    highest: f64,
    ctl: &Control,
) -> Result<Option<&'static str>, EngineError> {
    let has_tags = dataset.labels().is_some_and(|labels| labels.tags().is_some());
    Ok(if kind.needs_classes() && has_tags {
        Some("nodes have any number of classes")
    } else if kind.needs_classes() && dataset.n_classes() < 2 {
        Some("there is one class")
    } else if kind.is_of_labels() && !uses_labels(recipe) {
        Some("the recipe trains nothing on labels, so wrong ones would change the score alone")
    } else if kind.drops_edges() && !recipe.edges.pins.is_empty() {
        Some("the recipe decides entries of this graph by hand")
    } else if kind.adds_edges() && !edges::has_room(dataset, kind, highest, ctl)? {
        Some("the graph has too few pairs of nodes without an edge")
    } else {
        None
    })
}

/// Whether labels of training nodes decide anything: a `[training]` section, by which the model is trained anew, or recovery for new nodes
/// that trains.
fn uses_labels(recipe: &Recipe) -> bool {
    let trains = |nodes_are, epochs| nodes_are == NodesAre::New && epochs > 0;
    recipe.training.is_some() || recipe.recovery.as_ref().is_some_and(|rule| trains(rule.nodes_are, rule.train_epochs))
}

/// One disturbed graph, pruned in one way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StressPoint {
    /// What is disturbed.
    pub kind: StressKind,
    /// How far; 0: not at all.
    pub level: f64,
    /// Seed of the disturbance; absent at level 0, where it plays no part.
    pub seed: Option<u64>,
    /// With which recipe.
    pub way: StressWay,
    /// What the accuracies are.
    pub metric: Metric,
    /// Removed share of the entries, `0..=1`.
    pub edge_sparsity: f64,
    /// Removed share of the weights, `0..=1`.
    pub weight_sparsity: f64,
    /// Accuracy of the baseline on the scored nodes, `0..=1`.
    pub baseline: f64,
    /// Accuracy of the pruned model, `0..=1`.
    pub pruned: f64,
    /// The one less the other, node beside node.
    pub loss: PairedLoss,
    /// That loss less the loss on the undisturbed graph, node beside node: above 0 where the pruned model falls further.
    pub extra: PairedLoss,
    /// The same per class and per quartile of the degree.
    pub groups: Vec<StressGroup>,
}

/// Disturbs the graph in every way of the plan, prunes each as the plan says, and hands every point out as soon as it is there.
///
/// Where the recipe has recovery, every graph is pruned a second time without it, at the same removed shares. Where labels are wrong and the
/// recipe has a `[training]` section, the model is trained anew, as it says, on the graph's own labels, too; else it is the one that is given.
/// [`StressPlan::leave_out`] says what the plan should not have.
///
/// # Errors
/// [`EngineError::Mismatch`] without labelled test nodes or for levels out of range, else as [`run`].
pub fn stress(
    dataset: &Arc<Dataset>,
    model: &Arc<Model>,
    recipe: &Recipe,
    plan: &StressPlan,
    ctl: &Control,
    mut on_point: impl FnMut(StressPoint),
) -> Result<(), EngineError> {
    plan.check()?;
    plan.masks.check(recipe)?;
    let (dataset, recipe, split) = with_named_split(dataset, model, recipe)?;
    let labels = labels_of(&dataset, &split)?;
    let judge = Judge::new(&dataset, labels);
    let subject = Subject { model, recipe: &recipe };
    let snapshot = match plan.masks {
        StressMasks::Carried => Some(Snapshot::of(&dataset, ctl)?),
        StressMasks::Decided => None,
    };
    let total = plan.n_graphs();
    let mut own: [Option<Vec<Outcome>>; 2] = [None, None];
    let mut n_done = 0;
    for &kind in &plan.kinds {
        // Of a model that is trained anew the undisturbed one is trained anew, too.
        let of = usize::from(kind.is_of_labels());
        ctl.progress("disturbing", n_done, total);
        let undisturbed = match &own[of] {
            Some(outcomes) => outcomes.clone(),
            None => own[of].insert(subject.outcomes(&dataset, kind, ctl)?).clone(),
        };
        n_done += 1;
        let before = |way: StressWay| undisturbed.iter().find(|outcome| outcome.way == way);
        let mut give = |level: f64, seed: Option<u64>, outcomes: &[Outcome], nodes: &[u32]| {
            for outcome in outcomes {
                let Some(before) = before(outcome.way) else { continue };
                let judged = judge.score(&outcome.pair, nodes);
                on_point(StressPoint {
                    kind,
                    level,
                    seed,
                    way: outcome.way,
                    metric: labels.metric(),
                    edge_sparsity: outcome.edge_sparsity,
                    weight_sparsity: outcome.weight_sparsity,
                    baseline: judged.baseline,
                    pruned: judged.pruned,
                    loss: judged.loss,
                    extra: judge.extra((&outcome.pair, nodes), (&before.pair, &split.test)),
                    groups: judged.groups,
                });
            }
        };
        give(0.0, None, &undisturbed, &split.test);
        for level in plan.levels_of(kind) {
            for &seed in &plan.seeds {
                ctl.check()?;
                ctl.progress("disturbing", n_done, total);
                let Disturbed { dataset: changed, nodes } = disturbed(&dataset, &split, kind, level, seed, ctl)?;
                if kind.is_of_scoring() {
                    give(level, Some(seed), &undisturbed, &nodes);
                } else {
                    // A model that is trained on wrong labels is pruned when it is trained.
                    let outcomes = match snapshot.as_ref().filter(|_| !kind.is_of_labels()) {
                        Some(snapshot) => masks::carried((&undisturbed, snapshot), &changed, model, ctl)?,
                        None => subject.outcomes(&changed, kind, ctl)?,
                    };
                    give(level, Some(seed), &outcomes, &nodes);
                }
                n_done += 1;
            }
        }
    }
    ctl.progress("disturbing", total, total);
    Ok(())
}

fn labels_of<'a>(dataset: &'a Dataset, split: &Split) -> Result<&'a Labels, EngineError> {
    let is_scored = |labels: &&Labels| split.test.iter().any(|u| labels.is_labelled(*u as usize));
    let expected = "a graph with labelled test nodes";
    dataset.labels().filter(is_scored).ok_or_else(|| EngineError::mismatch("stress", expected, "none"))
}

/// The graph with the recipe's split among its own, so that wrong labels make no other, and the recipe that names it.
fn with_named_split(
    dataset: &Arc<Dataset>,
    model: &Arc<Model>,
    recipe: &Recipe,
) -> Result<(Arc<Dataset>, Recipe, Split), EngineError> {
    let split = resolve_split(dataset, &recipe.split, recipe.seed)?;
    let recipe = Recipe { split: split.name.clone(), model: model.architecture.clone(), ..recipe.clone() };
    if dataset.splits().iter().any(|own| own.name == split.name) {
        return Ok((Arc::clone(dataset), recipe, split));
    }
    let mut parts = dataset.to_parts();
    parts.splits.push(split.clone());
    Ok((Dataset::try_new(parts)?.shared(), recipe, split))
}

/// What is pruned, and how.
struct Subject<'a> {
    model: &'a Arc<Model>,
    recipe: &'a Recipe,
}

impl Subject<'_> {
    /// Prunes one graph in every way.
    fn outcomes(&self, dataset: &Arc<Dataset>, kind: StressKind, ctl: &Control) -> Result<Vec<Outcome>, EngineError> {
        let quiet = ctl.quiet();
        let model = match &self.recipe.training {
            Some(training) if kind.is_of_labels() => self.trained(dataset, training, &quiet)?,
            _ => Arc::clone(self.model),
        };
        let once = |recipe: &Recipe, baseline| run(dataset, &model, recipe, RunOptions::PREVIEW, baseline, &quiet);
        let given = Outcome::of(StressWay::AsGiven, &once(self.recipe, None)?);
        let mut outcomes = vec![given];
        if self.recipe.recovery.is_some() {
            let plain = without_recovery(self.recipe, &outcomes[0]);
            let baseline = Some(Arc::clone(&outcomes[0].pair.baseline));
            outcomes.push(Outcome::of(StressWay::WithoutRecovery, &once(&plain, baseline)?));
        }
        Ok(outcomes)
    }

    /// A model trained dense on the labels of a graph.
    fn trained(&self, dataset: &Dataset, training: &Training, ctl: &Control) -> Result<Arc<Model>, EngineError> {
        let training = Some(Training { schedule: Schedule::Dense, ..training.clone() });
        let recipe = Recipe { training, recovery: None, channels: None, ..self.recipe.clone() };
        Ok(train(dataset, &recipe, ctl, |_| {})?.model)
    }
}

/// The recipe without its recovery, removing in every step what `outcome` removed of all.
fn without_recovery(recipe: &Recipe, outcome: &Outcome) -> Recipe {
    let mut plain = Recipe { recovery: None, channels: None, ..recipe.clone() };
    (plain.edges.mode, plain.edges.delta) = (EdgeMode::Target, vec![outcome.edge_sparsity]);
    (plain.weights.mode, plain.weights.delta) = (WeightMode::Target, vec![outcome.weight_sparsity]);
    plain
}
