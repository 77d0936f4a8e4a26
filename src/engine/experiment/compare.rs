//! Methods side by side: which share each removes, and what accuracy is left.
//!
//! Every method removes the same shares of the entries, or of the weights, of the same models; what is reported is what it
//! really removed. Either each is as published, or each gets the same recovery: the method says what goes, and what stays is fitted alike, so
//! that two results differ by the choice alone. The spread is that over seeds: of the random choices, and of the models where each seed has its own.

use std::sync::Arc;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::options::RunOptions;
use super::run::run;
use super::sweep::SweepPoint;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Metric, resolve_split};
use crate::engine::model::Model;
use crate::engine::sparsify::baselines::{EdgeRanking, WeightRanking};
use crate::engine::sparsify::{
    Allocation, EdgeMode, EntryChoice, MaskChoice, NodesAre, Recipe, RecoveryRule, Schedule, Training, WeightMode,
    WeightRecovery,
};
use crate::engine::train::train;

/// A way to choose what is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Unifews on the entries of the graph.
    UnifewsEdges,
    /// Another ranking of the entries.
    Edges(EdgeRanking),
    /// Unifews on the weights.
    UnifewsWeights,
    /// Another ranking of the weights.
    Weights(WeightRanking),
    /// Recovery's own choice of entries: what they add to the reconstruction of their row. Only where methods get recovery.
    Reconstruction,
    /// Recovery's own choice of weights: Optimal Brain Surgeon. Only where methods get recovery.
    Surgeon,
}

impl Method {
    /// Every method, those of the entries first.
    pub fn all() -> Vec<Self> {
        std::iter::once(Self::UnifewsEdges)
            .chain(EdgeRanking::ALL.into_iter().map(Self::Edges))
            .chain([Self::UnifewsWeights])
            .chain(WeightRanking::ALL.into_iter().map(Self::Weights))
            .collect()
    }

    /// Every method, and where methods get recovery, recovery's own choice behind those of its side.
    pub fn offered(has_recovery: bool) -> Vec<Self> {
        let (mut edges, weights): (Vec<Self>, Vec<Self>) = Self::all().into_iter().partition(|m| m.is_of_edges());
        edges.extend(has_recovery.then_some(Self::Reconstruction));
        edges.into_iter().chain(weights).chain(has_recovery.then_some(Self::Surgeon)).collect()
    }

    /// Whether it is a part of recovery, and nothing without.
    pub fn needs_recovery(self) -> bool {
        matches!(self, Self::Reconstruction | Self::Surgeon)
    }

    /// As the command line and the tables spell it, for example `edges:random`.
    pub fn key(self) -> String {
        match self {
            Self::UnifewsEdges => "edges:unifews".to_owned(),
            Self::Edges(ranking) => format!("edges:{}", ranking.key()),
            Self::UnifewsWeights => "weights:unifews".to_owned(),
            Self::Weights(ranking) => format!("weights:{}", ranking.key()),
            Self::Reconstruction => "edges:omp".to_owned(),
            Self::Surgeon => "weights:obs".to_owned(),
        }
    }

    /// The same with what it got, for example `edges:random + recovery`.
    pub fn full_key(self, has_recovery: bool) -> String {
        if has_recovery { format!("{} + recovery", self.key()) } else { self.key() }
    }

    /// The method of that key; for a bare name the one of the entries.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::offered(true).into_iter().find(|m| m.key() == key || m.key() == format!("edges:{key}"))
    }

    /// Human-readable, for example `Random`.
    pub fn title(self) -> &'static str {
        match self {
            Self::UnifewsEdges | Self::UnifewsWeights => "Unifews",
            Self::Edges(ranking) => ranking.title(),
            Self::Weights(ranking) => ranking.title(),
            Self::Reconstruction => "Reconstruction",
            Self::Surgeon => "Optimal Brain Surgeon",
        }
    }

    /// The same with what it got, so that nobody mixes the two up, for example `Random + recovery`.
    pub fn full_title(self, has_recovery: bool) -> String {
        if has_recovery { format!("{} + recovery", self.title()) } else { self.title().to_owned() }
    }

    /// Where it is from, one line.
    pub fn source(self) -> &'static str {
        match self {
            Self::UnifewsEdges => "Liao et al., Unifews, ICML 2025, Eq. 9",
            Self::UnifewsWeights => "Liao et al., Unifews, ICML 2025, Eq. 14",
            Self::Edges(ranking) => ranking.source(),
            Self::Weights(ranking) => ranking.source(),
            Self::Reconstruction => "Orthogonal matching pursuit per row (Pati et al. 1993), as recovery chooses",
            Self::Surgeon => "Hassibi and Stork 1993, in blocks as in SparseGPT (2023), as recovery chooses",
        }
    }

    /// Whether it removes entries of the graph; else weights.
    pub fn is_of_edges(self) -> bool {
        matches!(self, Self::UnifewsEdges | Self::Edges(_) | Self::Reconstruction)
    }

    /// Whether seeds change what it chooses.
    pub fn is_random(self) -> bool {
        match self {
            Self::Edges(ranking) => ranking.is_random(),
            Self::Weights(ranking) => ranking == WeightRanking::Random,
            Self::UnifewsEdges | Self::UnifewsWeights | Self::Reconstruction | Self::Surgeon => false,
        }
    }

    /// `base` with `share` removed by this method, and nothing on the other side; as published, or with recovery of what it keeps, by the
    /// base's rule where it has one.
    pub fn recipe(self, base: &Recipe, share: f64, seed: u64, has_recovery: bool) -> Recipe {
        let mut recipe = base.clone();
        recipe.seed = seed;
        recipe.channels = None;
        recipe.recovery = has_recovery.then(|| {
            let rule = base.recovery.clone().unwrap_or_default();
            // Every method at the shares it is given, so that all remove the same, and all are fitted.
            let (nodes_are, train_epochs) = (NodesAre::Static, 0);
            let rule = RecoveryRule { nodes_are, train_epochs, allocation: Allocation::AsGiven, ..rule };
            match self {
                Self::Reconstruction => RecoveryRule { masks: MaskChoice::Recovery, entries: EntryChoice::Omp, ..rule },
                Self::Surgeon => RecoveryRule { masks: MaskChoice::Recovery, weights: WeightRecovery::Obs, ..rule },
                _ => RecoveryRule { masks: MaskChoice::Rules, ..rule },
            }
        });
        (recipe.edges.mode, recipe.edges.delta, recipe.edges.ranking) = (EdgeMode::Target, vec![0.0], None);
        (recipe.weights.mode, recipe.weights.delta, recipe.weights.ranking) = (WeightMode::Target, vec![0.0], None);
        match self {
            Self::UnifewsEdges | Self::Reconstruction => recipe.edges.delta = vec![share],
            Self::Edges(ranking) => (recipe.edges.delta, recipe.edges.ranking) = (vec![share], Some(ranking)),
            Self::UnifewsWeights | Self::Surgeon => recipe.weights.delta = vec![share],
            Self::Weights(ranking) => (recipe.weights.delta, recipe.weights.ranking) = (vec![share], Some(ranking)),
        }
        recipe
    }
}

/// What to compare.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparePlan {
    /// The methods.
    pub methods: Vec<Method>,
    /// Shares to remove, `0..=1`.
    pub shares: Vec<f64>,
    /// Seeds of the random choices; where there is a model per seed, of its training too.
    pub seeds: Vec<u64>,
    /// Whether every seed has a model of its own, trained with it; else all share one.
    #[serde(default)]
    pub has_model_per_seed: bool,
    /// Whether every method gets the same recovery of what it keeps; else all are as published.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_recovery: bool,
}

impl Default for ComparePlan {
    fn default() -> Self {
        Self {
            methods: Method::all(),
            shares: vec![0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9],
            seeds: vec![1, 2, 3],
            has_model_per_seed: false,
            has_recovery: false,
        }
    }
}

impl ComparePlan {
    /// Most methods × shares × seeds.
    const MAX_RUNS: usize = 100_000;

    /// The methods that can be run: parts of recovery only with recovery, and those of entries only where a network `propagates`.
    #[must_use]
    pub fn runnable(mut self, propagates: bool) -> Self {
        self.methods.retain(|m| (self.has_recovery || !m.needs_recovery()) && (propagates || !m.is_of_edges()));
        self
    }

    /// Number of runs: a method that chooses the same for every seed of one model is run once.
    pub fn len(&self) -> usize {
        self.shares.len() * self.methods.iter().map(|m| self.n_seeds_of(*m)).sum::<usize>()
    }

    /// Whether there is nothing to compare.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Seeds that a method is run with.
    pub fn n_seeds_of(&self, method: Method) -> usize {
        if self.has_model_per_seed || method.is_random() { self.seeds.len() } else { self.seeds.len().min(1) }
    }

    /// Checks ranges.
    ///
    /// # Errors
    /// [`EngineError::Recipe`] naming what is wrong.
    pub fn check(&self) -> Result<(), EngineError> {
        if let Some(wrong) = self.shares.iter().find(|s| !(0.0..=1.0).contains(*s)) {
            return Err(EngineError::recipe("compare.shares", "shares between 0 and 1", wrong));
        }
        if let Some(part) = self.methods.iter().find(|m| m.needs_recovery() && !self.has_recovery) {
            let found = format!("{} without it", part.key());
            return Err(EngineError::recipe("compare.methods", "recovery for a method that is a part of it", found));
        }
        let all = self.methods.len().checked_mul(self.shares.len()).and_then(|n| n.checked_mul(self.seeds.len()));
        match all {
            Some(1..=Self::MAX_RUNS) => Ok(()),
            Some(0) => Err(EngineError::recipe("compare", "methods, shares and seeds", "none of one of them")),
            _ => Err(EngineError::recipe("compare", format!("at most {} runs", Self::MAX_RUNS), "more")),
        }
    }
}

/// One method at one share and seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparePoint {
    /// Which method.
    pub method: Method,
    /// The share that was asked for, `0..=1`.
    pub share: f64,
    /// The seed.
    pub seed: u64,
    /// What it really removed, and what is left.
    pub result: SweepPoint,
}

impl ComparePoint {
    /// The share it removed of its side, `0..=1`: of the entries that can go, or of the weights.
    pub fn removed(&self) -> f64 {
        if self.method.is_of_edges() { self.result.edge_sparsity } else { self.result.weight_sparsity }
    }
}

/// Whose accuracy is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EvaluatedOn {
    /// Of the test nodes.
    #[default]
    Test,
    /// Of the validation nodes.
    Val,
}

impl EvaluatedOn {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Test, Self::Val];

    /// Human-readable.
    pub fn title(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Val => "validation",
        }
    }

    /// Accuracy of the pruned model, `0..=1`.
    pub fn accuracy(self, point: &SweepPoint) -> f64 {
        match self {
            Self::Test => point.test_accuracy,
            Self::Val => point.val_accuracy,
        }
    }

    /// Accuracy of the unpruned model, `0..=1`.
    pub fn baseline_accuracy(self, point: &SweepPoint) -> f64 {
        match self {
            Self::Test => point.baseline_test_accuracy,
            Self::Val => point.baseline_val_accuracy,
        }
    }
}

/// One method at one share, over all seeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CompareSummary {
    /// Which method.
    pub method: Method,
    /// The share that was asked for.
    pub share: f64,
    /// Seeds behind it.
    pub n_seeds: usize,
    /// Mean share removed.
    pub removed: f64,
    /// What the accuracies are.
    pub metric: Metric,
    /// Mean accuracy.
    pub mean: f64,
    /// Lowest and highest accuracy.
    pub range: [f64; 2],
    /// Standard deviation of the accuracy, of the sample; 0 for one seed.
    pub deviation: f64,
}

/// Means and spreads over the seeds, in the order of the points.
pub fn summarise(points: &[ComparePoint], on: EvaluatedOn) -> Vec<CompareSummary> {
    let mut groups: Vec<(Method, f64, Vec<&ComparePoint>)> = Vec::new();
    for point in points {
        let same =
            |g: &&mut (Method, f64, Vec<&ComparePoint>)| g.0 == point.method && g.1.to_bits() == point.share.to_bits();
        match groups.iter_mut().find(same) {
            Some(group) => group.2.push(point),
            None => groups.push((point.method, point.share, vec![point])),
        }
    }
    let summary = |(method, share, points): (Method, f64, Vec<&ComparePoint>)| {
        let n = points.len() as f64;
        let accuracy = || points.iter().map(|p| on.accuracy(&p.result));
        let mean = accuracy().sum::<f64>() / n;
        let squares: f64 = accuracy().map(|a| (a - mean) * (a - mean)).sum();
        CompareSummary {
            method,
            share,
            n_seeds: points.len(),
            removed: points.iter().map(|p| p.removed()).sum::<f64>() / n,
            metric: points.first().map(|p| p.result.metric).unwrap_or_default(),
            mean,
            range: [accuracy().fold(f64::INFINITY, f64::min), accuracy().fold(f64::NEG_INFINITY, f64::max)],
            deviation: if points.len() > 1 { (squares / (n - 1.0)).sqrt() } else { 0.0 },
        }
    };
    groups.into_iter().map(summary).collect()
}

/// `base` with its split by a name that no seed changes: what `auto` and `stratified` come to with the base's seed.
///
/// # Errors
/// [`EngineError::Recipe`] for a split that the graph does not have.
pub fn with_fixed_split(dataset: &Dataset, base: &Recipe) -> Result<Recipe, EngineError> {
    let split = resolve_split(dataset, &base.split, base.seed)?.name;
    Ok(Recipe { split, ..base.clone() })
}

/// A model for every seed, trained dense: as `base` says, else with the family's own settings.
///
/// # Errors
/// As [`train`].
pub fn models_of_seeds(
    dataset: &Dataset,
    base: &Recipe,
    seeds: &[u64],
    ctl: &Control,
) -> Result<Vec<Arc<Model>>, EngineError> {
    let family = base.model.architecture;
    let training = base.training.clone().unwrap_or_else(|| Training::official(family));
    let training = Some(Training { schedule: Schedule::Dense, ..training });
    let model = |seed: &u64| {
        let recipe = Recipe { seed: *seed, training: training.clone(), ..base.clone() };
        Ok(train(dataset, &recipe, ctl, |_| {})?.model)
    };
    seeds.iter().map(model).collect()
}

/// Runs every method at every share and seed and hands each point out as soon as it is there.
///
/// `models` is one model for all seeds, or, as the plan says, one for each. `baseline` is what results are held against where that is not
/// the models' own output. `[n_nodes, n_classes]` Times are not measured.
///
/// # Errors
/// [`EngineError::Recipe`] when there are not as many models as the plan says; else as [`super::run`].
pub fn compare(
    dataset: &Arc<Dataset>,
    (models, baseline): (&[Arc<Model>], Option<Arc<Array2<f32>>>),
    base: &Recipe,
    plan: &ComparePlan,
    ctl: &Control,
    mut on_point: impl FnMut(ComparePoint),
) -> Result<(), EngineError> {
    plan.check()?;
    let n_models = if plan.has_model_per_seed { plan.seeds.len() } else { 1 };
    if models.len() != n_models {
        let expected = if plan.has_model_per_seed { "one model per seed" } else { "one model" };
        return Err(EngineError::recipe("compare", expected, models.len()));
    }
    // The split must not move with the seed of one and the same model.
    let fixed = with_fixed_split(dataset, base)?;
    let mut baseline_logits = vec![baseline; models.len()];
    let mut idx = 0;
    for &method in &plan.methods {
        for &share in &plan.shares {
            for (at, &seed) in plan.seeds.iter().enumerate().take(plan.n_seeds_of(method)) {
                ctl.check()?;
                ctl.progress("comparing", idx, plan.len());
                let of_seed = at.min(models.len() - 1);
                let model = &models[of_seed];
                let mut recipe = method.recipe(&fixed, share, seed, plan.has_recovery);
                if plan.has_model_per_seed
                    && let Some(own) = model.trained_on.as_ref().map(|t| &t.split).filter(|s| !s.is_empty())
                {
                    recipe.split.clone_from(own);
                }
                let known = baseline_logits[of_seed].clone();
                let found = run(dataset, model, &recipe, RunOptions::PREVIEW, known, &ctl.quiet())?;
                baseline_logits[of_seed] = Some(Arc::clone(&found.baseline_logits));
                on_point(ComparePoint { method, share, seed, result: SweepPoint::of(idx, &found) });
                idx += 1;
            }
        }
    }
    ctl.progress("comparing", idx, plan.len());
    Ok(())
}
