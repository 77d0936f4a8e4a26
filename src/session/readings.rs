//! What a network's file leaves open, tried on a graph with labels: every reading with its score, and which one is used.
//!
//! One setting after another is changed, the others held, until none gets better; from the usual reading, and from each of the structure:
//! some dozens of forward passes. The usual reading stays
//! unless another one is right on more training and validation nodes than chance explains: a sign test on the nodes that only one of them
//! gets right, at 1 % over all readings together, for among so many some are a few nodes ahead by luck.

use std::collections::BTreeMap;

use ndarray::Array2;
use serde::Serialize;

use super::fit::fitted_to;
use super::format::percent;
use super::tasks::TaskError;
use crate::engine::EngineError;
use crate::engine::control::Control;
use crate::engine::experiment::masked_forward;
use crate::engine::graph::{Dataset, Labels, Metric, resolve_split};
use crate::engine::model::{Architecture, Model};
use crate::engine::score::{Score, predictions};
use crate::engine::sparsify::Recipe;
use crate::io::OpenSetting;

/// One way to read a network.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reading {
    /// The open settings, name and value as recipes spell them.
    pub settings: Vec<(&'static str, String)>,
    /// Share of the labelled training and validation nodes that it gets right (several classes: micro-F1), `0..=1`; absent where none
    /// were tried.
    pub score: Option<f64>,
    /// Whether it is the one that is used.
    pub is_used: bool,
}

impl Reading {
    /// As `--reading` takes it, for example `norm=layer,activation=elu`.
    pub fn spelled(&self) -> String {
        spelled(&self.settings)
    }

    /// In one line, with its score.
    pub fn says(&self, readings: &Readings) -> String {
        let score = match self.score {
            Some(score) => format!("{} {} on train and val", readings.metric.title(), percent(score)),
            None => "not tried".to_owned(),
        };
        format!("{}: {score}", self.spelled())
    }
}

/// The readings of a network.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Readings {
    /// The one that is used first, the others by their score. At least one, where anything is open.
    pub all: Vec<Reading>,
    /// What the scores are.
    pub metric: Metric,
    /// Why that one is used, for people.
    pub why: String,
    /// What is open, with every choice.
    pub open: Vec<OpenSetting>,
}

impl Readings {
    /// Readings that are worth a look: those that were tried, at most so many.
    pub const SHOWN: usize = 8;
}

/// More work than this is not done for a guess, multiply-adds over all passes.
const MOST_WORK: u64 = 1_000_000_000_000;
/// How often all settings are gone through from one start.
const MOST_ROUNDS: usize = 3;
/// Starts beside the usual reading.
const MOST_STARTS: usize = 8;
/// How often at most a wrong reading may come before the usual one by luck, over all that are tried.
const LUCK: f64 = 0.01;

/// Why a reading is used that the user chose.
const CHOSEN: &str = "chosen";

/// Reads `model` as `settings` say, name and value as recipes spell them.
///
/// # Errors
/// [`EngineError::Recipe`] naming the setting that there is not, or that the tensors do not allow.
pub fn read_as(model: &Model, settings: &[(String, String)]) -> Result<Model, EngineError> {
    let mut shape = model.architecture.clone();
    for (name, value) in settings {
        shape = shape.with_setting(name, value)?;
        // The MLP inside of a GIN layer is normalised as its layers are, unless the file or the reading says otherwise.
        let is_said = settings.iter().any(|(name, _)| name == "inner_norm");
        if name == "norm" && !is_said && shape.has("inner_norm") && follows(model) {
            shape.inner_norm = shape.norm;
        }
    }
    let has = |name: &str| model.position(name).is_some();
    let is_folded = shape.has("inner_norm") && has("norms.0.running_mean") && !has("convs.0.nn.norms.0.weight");
    if shape.act_first && !model.architecture.act_first && is_folded {
        // It may have been in front of the activation or behind it; what is read is in front of it.
        let expected = "false for a GIN with batch normalisation, whose inner one is folded in front of the activation";
        return Err(EngineError::recipe("model.act_first", expected, true));
    }
    model.read_as(&shape)
}

/// The open settings as `network` has them, where it is of the same family and has any of them otherwise than usual: what a recipe or
/// a project says of a model's file.
pub fn reading_of(network: &Architecture, model: &Model, open: &[OpenSetting]) -> Vec<(String, String)> {
    let usual = Architecture::new(network.architecture);
    let says = |setting: &OpenSetting| network.setting(setting.name) != usual.setting(setting.name);
    if network.architecture != model.architecture.architecture || !open.iter().any(says) {
        return Vec::new();
    }
    let values = open.iter().map(|setting| (setting, network.setting(setting.name)));
    values.filter(|(open, value)| open.choices.contains(value)).map(|(o, value)| (o.name.to_owned(), value)).collect()
}

/// The model with the settings of `network` that no tensor tells; as it is where that is of another family.
pub(super) fn with_untold(mut model: Model, network: &Architecture) -> Model {
    let own = &mut model.architecture;
    if own.architecture == network.architecture {
        (own.hops, own.norm_r, own.alpha, own.theta) = (network.hops, network.norm_r, network.alpha, network.theta);
        own.final_activation = network.final_activation;
    }
    model
}

/// Whether the inner normalisation of a GIN layer has the tensors of the outer one.
fn follows(model: &Model) -> bool {
    let has = |name: &str| model.position(name).is_some();
    let is_folded = has("norms.0.running_mean");
    !is_folded && has("norms.0.weight") == has("convs.0.nn.norms.0.weight")
}

/// Tries the readings of `model` that `open` leaves, and returns the model read in the best way, or as `given` says. Settings that are given
/// are not tried, but where all readings are to be listed.
///
/// # Errors
/// [`EngineError::Recipe`] for a setting that is not there, a cancel.
pub fn settled(
    model: &Model,
    open: &[OpenSetting],
    given: &[(String, String)],
    lists: bool,
    (dataset, recipe): (Option<&Dataset>, &Recipe),
    ctl: &Control,
) -> Result<(Model, Readings), TaskError> {
    let wanted = if given.is_empty() { None } else { Some(read_as(model, given)?) };
    let is_given = |setting: &&OpenSetting| given.iter().any(|(name, _)| name == setting.name);
    let open: Vec<&OpenSetting> = open.iter().filter(|setting| lists || !is_given(setting)).collect();
    // What is given stays as it is, and the rest is tried around it.
    let model = match &wanted {
        Some(wanted) if !lists => wanted.clone(),
        _ => model.clone(),
    };
    if open.is_empty() {
        return Ok((model, Readings::default()));
    }
    let fits = |dataset: &&Dataset| model.check_fits(dataset.features().width(), dataset.n_classes()).is_ok();
    let trial = match dataset.filter(fits).and_then(|dataset| Some((dataset, dataset.labels()?))) {
        Some((dataset, labels)) => Trial::new(&model, dataset, labels, &open, recipe, ctl),
        None => Err("no graph with labels says which reading holds"),
    };
    let mut trial = match trial {
        Ok(trial) => trial,
        Err(why) => {
            let model = wanted.unwrap_or(model);
            let used = Reading { settings: settings_of(&model.architecture, &open), score: None, is_used: true };
            let why = if given.is_empty() {
                format!("a guess: the usual reading is used, for {why}")
            } else {
                CHOSEN.to_owned()
            };
            let open = open.into_iter().cloned().collect();
            return Ok((model, Readings { all: vec![used], metric: Metric::default(), why, open }));
        }
    };
    let used = trial.best()?;
    if let Some(wanted) = wanted.filter(|_| lists) {
        trial.run(&wanted.architecture)?;
        let readings = Readings { why: CHOSEN.to_owned(), ..trial.readings(&wanted.architecture) };
        return Ok((wanted, readings));
    }
    let readings = trial.readings(&used);
    let model = model.read_as(&used)?;
    Ok((model, readings))
}

/// As `--reading` takes them.
fn spelled(settings: &[(&'static str, String)]) -> String {
    settings.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(",")
}

/// The values of the open settings in `shape`.
fn settings_of(shape: &Architecture, open: &[&OpenSetting]) -> Vec<(&'static str, String)> {
    open.iter().map(|setting| (setting.name, shape.setting(setting.name))).collect()
}

/// What a reading got right, node by node (several classes: pair by pair), and its score.
struct Tried {
    settings: Vec<(&'static str, String)>,
    is_right: Vec<bool>,
    score: f64,
    /// The number of the trial, for ties.
    nth: usize,
}

/// The readings that were tried on a graph.
struct Trial<'a> {
    model: &'a Model,
    dataset: &'a Dataset,
    labels: &'a Labels,
    open: &'a [&'a OpenSetting],
    recipe: &'a Recipe,
    ctl: &'a Control,
    nodes: Vec<u32>,
    /// By their settings, spelled.
    tried: BTreeMap<String, Tried>,
}

impl<'a> Trial<'a> {
    fn new(
        model: &'a Model,
        dataset: &'a Dataset,
        labels: &'a Labels,
        open: &'a [&'a OpenSetting],
        recipe: &'a Recipe,
        ctl: &'a Control,
    ) -> Result<Self, &'static str> {
        let n_passes =
            1 + (2 + MOST_STARTS) as u64 * open.iter().map(|setting| setting.choices.len()).sum::<usize>() as u64;
        let shape = &model.architecture;
        let widest = shape.hidden.max(model.n_classes()) as u64;
        let (n, m) = (dataset.n_nodes() as u64, dataset.topology().n_entries() as u64);
        let of_layers = shape.layers as u64 * widest.saturating_mul(m.saturating_add(n.saturating_mul(2 * widest)));
        let first = dataset.features().n_stored() as u64 * widest;
        if n_passes.saturating_mul(of_layers.saturating_add(first)) > MOST_WORK {
            return Err("the graph is too large to try them (--reading says which one holds)");
        }
        let Ok(split) = resolve_split(dataset, "auto", recipe.seed) else { return Err("the graph has no split") };
        let mut nodes = split.train.clone();
        nodes.extend(&split.val);
        nodes.retain(|u| labels.is_labelled(*u as usize));
        if nodes.is_empty() {
            return Err("no labelled training or validation nodes say which reading holds");
        }
        Ok(Self { model, dataset, labels, open, recipe, ctl, nodes, tried: BTreeMap::new() })
    }

    /// Runs a reading, once.
    fn run(&mut self, shape: &Architecture) -> Result<Option<&Tried>, TaskError> {
        let settings = settings_of(shape, self.open);
        let key = spelled(&settings);
        if !self.tried.contains_key(&key) {
            self.ctl.check()?;
            self.ctl.progress("trying readings of the model", self.tried.len(), 0);
            let Ok(model) = self.model.read_as(shape) else { return Ok(None) };
            let recipe = fitted_to(self.recipe, &model.architecture);
            let logits = match masked_forward(self.dataset, &model, &recipe, None, None, &self.ctl.quiet()) {
                Ok(logits) => logits,
                Err(cancelled @ EngineError::Cancelled) => return Err(cancelled.into()),
                Err(_) => return Ok(None),
            };
            let score = Score::of(&logits, self.labels, &self.nodes).accuracy;
            let is_right = right(&logits, self.labels, &self.nodes);
            let nth = self.tried.len();
            self.tried.insert(key.clone(), Tried { settings, is_right, score, nth });
        }
        Ok(self.tried.get(&key))
    }

    /// The reading to use: the best one, or the usual one where that may be luck.
    fn best(&mut self) -> Result<Architecture, TaskError> {
        let usual = self.model.architecture.clone();
        let Some(own) = self.run(&usual)?.map(|tried| tried.is_right.clone()) else { return Ok(usual) };
        // Some settings are right together alone, so every one of the structure is started from.
        let mut best = self.climb(usual.clone())?;
        let starts = self.open.iter().flat_map(|open| open.choices.iter().skip(1).map(|choice| (open.name, choice)));
        let structural = starts.filter(|(name, _)| *name != "activation").take(MOST_STARTS);
        for (name, choice) in structural {
            if let Some(start) = self.changed(&usual, name, choice) {
                let found = self.climb(start)?;
                if self.score(&found) > self.score(&best) {
                    best = found;
                }
            }
        }
        let n_others = self.tried.len().saturating_sub(1).max(1);
        let is_right = self.run(&best)?.map(|tried| tried.is_right.clone()).unwrap_or_default();
        Ok(if is_better(&is_right, &own, n_others) { best } else { usual })
    }

    fn score(&self, shape: &Architecture) -> f64 {
        self.tried.get(&spelled(&settings_of(shape, self.open))).map_or(0.0, |tried| tried.score)
    }

    /// Changes one setting after another for the better, from `shape` on.
    fn climb(&mut self, mut shape: Architecture) -> Result<Architecture, TaskError> {
        if self.run(&shape)?.is_none() {
            return Ok(shape);
        }
        for _ in 0..MOST_ROUNDS {
            let before = shape.clone();
            for setting in self.open {
                for choice in &setting.choices {
                    let Some(other) = self.changed(&shape, setting.name, choice) else { continue };
                    if self.run(&other)?.is_some() && self.score(&other) > self.score(&shape) {
                        shape = other;
                    }
                }
            }
            if shape == before {
                break;
            }
        }
        Ok(shape)
    }

    fn changed(&self, shape: &Architecture, name: &str, choice: &str) -> Option<Architecture> {
        let mut shape = shape.with_setting(name, choice).ok()?;
        if name == "norm" && shape.has("inner_norm") && follows(self.model) {
            shape.inner_norm = shape.norm;
        }
        Some(shape)
    }

    /// All of them, `used` first.
    fn readings(&self, used: &Architecture) -> Readings {
        let used = settings_of(used, self.open);
        let mut tried: Vec<&Tried> = self.tried.values().collect();
        tried.sort_by(|a, b| {
            (b.settings == used).cmp(&(a.settings == used)).then(b.score.total_cmp(&a.score)).then(a.nth.cmp(&b.nth))
        });
        let all: Vec<Reading> = tried
            .iter()
            .map(|t| Reading { settings: t.settings.clone(), score: Some(t.score), is_used: t.settings == used })
            .collect();
        let usual = settings_of(&self.model.architecture, self.open);
        let why = if used == usual {
            "a guess: the usual reading is used, for no other one is right on more nodes than chance explains"
        } else {
            "a guess: it is right on more training and validation nodes than the usual reading, by more than chance explains"
        };
        let open = self.open.iter().map(|setting| (*setting).clone()).collect();
        Readings { all, metric: self.labels.metric(), why: why.to_owned(), open }
    }
}

/// Whether `a` is right where `b` is not so much more often than the other way round that luck does not explain it, where `n_others`
/// readings could have been so lucky.
fn is_better(a: &[bool], b: &[bool], n_others: usize) -> bool {
    let count = |a: &[bool], b: &[bool]| a.iter().zip(b).filter(|(a, b)| **a && !**b).count();
    let (ahead, behind) = (count(a, b), count(b, a));
    ahead > behind && luck(ahead, ahead + behind) * n_others as f64 <= LUCK
}

/// How likely at least `ahead` of `n` coins show heads.
fn luck(ahead: usize, n: usize) -> f64 {
    // ln C(n, k) - n ln 2, from one k to the next.
    let mut term = -(n as f64) * std::f64::consts::LN_2;
    let mut sum = 0.0;
    for k in 0..=n {
        if k >= ahead {
            sum += term.exp();
        }
        term += ((n - k) as f64).ln() - ((k + 1) as f64).ln();
    }
    sum
}

/// Node by node (several classes: pair by pair) whether the prediction is right.
fn right(logits: &Array2<f32>, labels: &Labels, nodes: &[u32]) -> Vec<bool> {
    if let Some(tags) = labels.tags() {
        let pairs = nodes.iter().flat_map(|u| {
            let u = *u as usize;
            (0..logits.ncols()).map(move |class| (u, class))
        });
        return pairs.map(|at| (logits[at] > 0.0) == tags.get(at).is_some_and(|tag| *tag)).collect();
    }
    let predicted = predictions(logits);
    nodes.iter().map(|u| labels.of(*u as usize) == Some(predicted[*u as usize] as usize)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lead_of_a_few_nodes_is_luck() {
        let right = |n: usize| (0..200).map(|i| i < n).collect::<Vec<bool>>();
        assert!(!is_better(&right(104), &right(100), 1));
        assert!(is_better(&right(107), &right(100), 1));
        assert!(!is_better(&right(109), &right(100), 20));
        assert!(is_better(&right(111), &right(100), 20));
        assert!(!is_better(&right(100), &right(150), 1));
        // Eleven ahead, six behind.
        let (mut a, b) = (right(111), right(100));
        a[..6].fill(false);
        assert!(!is_better(&a, &b, 1));
    }

    #[test]
    fn luck_is_that_of_coins() {
        for (ahead, n, expected) in [(0, 5, 1.0), (5, 5, 1.0 / 32.0), (4, 5, 6.0 / 32.0), (0, 0, 1.0)] {
            assert!((luck(ahead, n) - expected).abs() < 1e-12, "{ahead} of {n}: {}", luck(ahead, n));
        }
        assert!((luck(5_000, 10_000) - 0.504).abs() < 1e-3, "{}", luck(5_000, 10_000));
    }
}
